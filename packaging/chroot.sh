#!/bin/sh
# Build and check the tree in a minimal Debian that holds only the packages
# that packaging/need.sh declares, or run another command there.
# usage: packaging/chroot.sh DIR [COMMAND]
#
# Needs root, debootstrap and the mirror of the running system.  Exit 77 when
# one of them is missing: nothing was tried.
set -eu
dir=$1
# No debugger looks at it, and to write for one takes a fifth of the time.
command=${2:-"make -s -j\$(nproc) CFLAGS=-O2 WERROR=-Werror check"}
packaging/root.sh "$dir" >"$dir.log" 2>&1 || {
	[ $? -eq 77 ] || tail -5 "$dir.log"
	exit 77
}
rm -rf "$dir/src"
mkdir -p "$dir/src"
git archive HEAD | tar -x -C "$dir/src"
shared=${HOLDFAST_SHARED:-$(pwd)/../shared}
# Tests that need it look whether it is there.
if [ -d "$shared" ]; then mkdir -p "$dir/shared"; else rm -rf "$dir/shared"; fi

# In a mount namespace of its own, so that nothing stays mounted; the new root
# is a mount point, so that tests may make such namespaces too.
unshare --mount sh -ec '
	mount --bind "$1" "$1"
	mount -t proc proc "$1/proc"
	[ ! -d "$2" ] || mount --bind -o ro "$2" "$1/shared"
	exec chroot "$1" sh -ec "
		cd /src
		sh packaging/need.sh check
		HOLDFAST_SHARED=/shared $3"
' sh "$(realpath "$dir")" "$shared" "$command"
