#!/bin/sh
# Install the package that packaging/deb.sh built into a minimal Debian
# without a network, run it as its unit would, upgrade, remove and purge it.
# usage: packaging/package-test.sh
#
# systemd does not run there: what the unit does before a start is done by
# hand, the unit itself is checked by systemd-analyze.  Needs root and
# debootstrap; says "skipped" without them.
set -eu
cd "$(dirname "$0")/.."
root=build/package-root
test=build/package-test

skip() {
	echo "skipped: $1" >&2
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
packaging/deb.sh
deb=$(ls build/deb/holdfast_*.deb)
needs=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *\([^ ]*\).*/\1/')
# shellcheck disable=SC2086
packaging/root.sh "$root" systemd systemd-sysv curl logrotate man-db strace \
	util-linux $needs >"$root.log" 2>&1 || {
	[ $? -eq 77 ] && skip "no debootstrap, or no mirror"
	tail -5 "$root.log"
	exit 1
}
rm -rf "$test"
cp -a "$root" "$test"
cp "$deb" "$test/holdfast.deb"
cp packaging/package-life.sh "$test/"
# A network, a process tree and mounts of its own: nothing leaves, no port is
# taken from anybody, and all that was started ends with it.
# shellcheck disable=SC2016
unshare --net --mount --pid --fork sh -ec '
	ip link set lo up
	mount -t proc proc "$1/proc"
	mount -t tmpfs tmpfs "$1/run"
	mount --bind /dev "$1/dev"
	exec chroot "$1" sh /package-life.sh
' sh "$(realpath "$test")"
