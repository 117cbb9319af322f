#!/bin/sh
# Make a minimal Debian of the running system's release in a directory, once,
# and install packages into it.
# usage: packaging/root.sh DIR [PACKAGE | ./FILE.deb] ...
#
# Needs root, debootstrap and the mirrors of the running system.  Exit 77 when
# one of them is missing: nothing was tried.
set -eu
dir=$1
shift
[ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null || exit 77
# shellcheck disable=SC1091
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# Both forms of a list of sources; "security" has a mirror of its own.
mirrors=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed -n -e 's/^deb  *\(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
		-e 's/^URIs: *\([^ ]*\).*/\1/p')
mirror=$(echo "$mirrors" | grep '/debian/*$' | head -1)
security=$(echo "$mirrors" | grep 'debian-security/*$' | head -1)
[ -n "$mirror" ] || exit 77

if [ ! -e "$dir/.made" ]; then
	rm -rf "$dir"
	mkdir -p "$dir"
	debootstrap --variant=minbase "$suite" "$dir" "$mirror" ||
		exit 77
	{
		echo "deb $mirror $suite main"
		echo "deb $mirror $suite-updates main"
		[ -z "$security" ] || echo "deb $security $suite-security main"
	} >"$dir/etc/apt/sources.list"
	# Nothing is started by an installation.
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod +x "$dir/usr/sbin/policy-rc.d"
	: >"$dir/.made"
fi
cp -r /etc/apt/apt.conf.d "$dir/etc/apt/"
cp /etc/resolv.conf "$dir/etc/"
# Every installed system has one.
[ -e "$dir/etc/hosts" ] || echo "127.0.0.1 localhost" >"$dir/etc/hosts"
[ $# -gt 0 ] || exit 0
DEBIAN_FRONTEND=noninteractive chroot "$dir" sh -ec '
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends "$@" >/dev/null
' sh "$@"
