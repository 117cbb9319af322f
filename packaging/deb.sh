#!/bin/sh
# Build the Debian package of the last commit below build/deb.
# usage: packaging/deb.sh
#
# Works on a copy, so the tree stays as it is.  The tests do not run again
# here: "make check" does that.
set -eu
cd "$(dirname "$0")/.."
out=build/deb
name=holdfast
version=$(sed -n '1s/.*(\(.*\)-.*/\1/p' packaging/debian/changelog)
revision=$(sed -n '1s/.*-\(.*\)).*/\1/p' packaging/debian/changelog)
# An upgrade of Debian shall move the package too.
# shellcheck disable=SC1091
release=$(. /etc/os-release && echo "${VERSION_ID:-0}")
tree=$out/$name-$version

rm -rf "$out"
mkdir -p "$tree"
git diff --quiet HEAD -- ||
	echo "deb: changes that are not committed are not in the package" >&2
git archive HEAD | tar -x -C "$tree"
git archive --prefix="$name-$version/" HEAD |
	xz -T1 >"$out/${name}_$version.orig.tar.xz"
cp -r "$tree/packaging/debian" "$tree/debian"
sed -i "1s/-$revision)/-$revision~deb${release}u1)/" "$tree/debian/changelog"

jobs=$(nproc)
export DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS="nocheck parallel=$jobs"
if ! (cd "$tree" && dpkg-buildpackage -us -uc) >"$out/build.log" 2>&1; then
	tail -40 "$out/build.log" >&2
	exit 1
fi
deb=$(ls "$out/${name}_$version"-*.deb)
lintian --allow-root --fail-on error,warning --suppress-tags \
	initial-upload-closes-no-bugs,bad-distribution-in-changes-file \
	"$out/${name}_$version"-*.changes
echo "Built $deb.  Install it with:"
echo "  sudo apt install ./$deb"
