#!/bin/sh
# Install the Debian packages that are missing for a purpose.
# usage: packaging/need.sh build|run|check|ci|bench|package ...
#
# Says what is missing before it does anything, and asks for sudo only then.
set -eu
build='gcc make libc6-dev pkg-config libevent-dev libssl-dev libjson-c-dev
	liblmdb-dev libconfig-dev libc-ares-dev libsqlite3-dev'
[ "$(dpkg --print-architecture)" != amd64 ] || build="$build libipsec-mb-dev"
check="$build check libsubunit-dev python3 python3-pytest python3-pytest-xdist
	python3-httpx python3-requests python3-jsonschema curl openssl procps
	ca-certificates iproute2 mandoc patch tzdata"
ci="$check clang clang-format clang-tidy cppcheck libclang-rt-14-dev valgrind
	debootstrap strace"
bench="$build python3 nginx-light openssl procps strace valgrind"
package="$build build-essential debhelper dpkg-dev fakeroot lintian xz-utils
	debootstrap iproute2"

wanted=
for purpose; do
	case $purpose in
	build) wanted="$wanted $build" ;;
	run) wanted="$wanted $build ca-certificates curl" ;;
	check) wanted="$wanted $check" ;;
	ci) wanted="$wanted $ci" ;;
	bench) wanted="$wanted $bench" ;;
	package) wanted="$wanted $package" ;;
	*) echo "need.sh: unknown purpose $purpose" >&2; exit 64 ;;
	esac
done
missing=
# shellcheck disable=SC2086
for p in $(printf '%s\n' $wanted | sort -u); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
		grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "Installing from Debian:$missing" >&2
as_root='env DEBIAN_FRONTEND=noninteractive'
[ "$(id -u)" -eq 0 ] || as_root="sudo $as_root"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
