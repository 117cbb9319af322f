#!/bin/sh
# Build and check the tree in a minimal Debian that holds only the packages
# that packaging/need.sh declares.
# usage: packaging/chroot.sh DIR
#
# Needs root, debootstrap and the mirror of the running system.  Exit 77 when
# one of them is missing: nothing was tried.
set -eu
dir=$1
[ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null || exit 77
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed -n -e 's/^deb  *\(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
		-e 's/^URIs: *\([^ ]*\).*/\1/p' | grep -v security | head -1)
[ -n "$mirror" ] || exit 77

if [ ! -e "$dir/etc/debian_version" ]; then
	debootstrap --variant=minbase "$suite" "$dir" "$mirror" >"$dir.log" 2>&1 ||
		{ tail -5 "$dir.log"; exit 77; }
fi
cp /etc/apt/sources.list "$dir/etc/apt/" 2>/dev/null || true
cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$dir/etc/apt/" 2>/dev/null || true
cp /etc/resolv.conf "$dir/etc/" 2>/dev/null || true
rm -rf "$dir/src"
mkdir -p "$dir/src"
git archive HEAD | tar -x -C "$dir/src"
shared=${HOLDFAST_SHARED:-$(pwd)/../shared}
mkdir -p "$dir/shared"
mounted=
clean() {
	for m in $mounted; do umount "$dir/$m"; done
}
trap clean EXIT
mount -t proc proc "$dir/proc" && mounted="proc"
if [ -d "$shared" ]; then
	mount --bind -o ro "$shared" "$dir/shared" && mounted="$mounted shared"
fi
chroot "$dir" sh -ec '
	cd /src
	sh packaging/need.sh check
	HOLDFAST_SHARED=/shared make -s WERROR=-Werror check
'
