#!/bin/sh
# Plant each fault of tests/mutants in a copy of the tree and run the tests
# that its first lines name; each of them must fail.
#
# The head of a patch: "# caught-by: ROOM/test_NAME" is a unit test program,
# "# caught-by: e2e/test_FILE.py::test_NAME" (or clients/...) a test of pytest.
# "# tries: 6" runs a test that draws its story at random so often.
# usage: O=build tests/mutants.sh [NAME ...]     (N=3: so many, drawn at random)
set -u
out=$O/mutants
root=$PWD
export HOLDFAST_SHARED="${HOLDFAST_SHARED:-$root/../shared}"
export HOLDFAST_TORTURE_S=2
mkdir -p "$out/tree"
out=$(cd "$out" && pwd)
tree=$out/tree
export O=build
unset MAKEFLAGS MFLAGS MAKELEVEL # what the outer make was told

# The copy keeps its objects: only what changed is compiled again.
git ls-files -co --exclude-standard >"$out/files"
(cd "$tree" && find . -name build -prune -o -type f -print) | sed 's|^\./||' |
	sort >"$out/there"
sort "$out/files" | comm -13 - "$out/there" | (cd "$tree" && xargs -r rm -f)
while read -r f; do
	[ -f "$f" ] || continue
	cmp -s "$f" "$tree/$f" && continue
	mkdir -p "$tree/$(dirname "$f")"
	cp "$f" "$tree/$f"
done <"$out/files"

# The SDK's tests need the SDK.
sdk=$root/tests/clients/node_modules
[ -d "$sdk" ] && ln -sfn "$sdk" "$tree/tests/clients/node_modules"

named() {
	sed -n 's/^# caught-by: *//p' "$root/tests/mutants/$1.patch"
}

# Build what a test needs, then run it.  70: it could not be built.
try() {
	case $1 in
	*.py*)
		make -s LTO= -j"$(nproc)" all || return 70
		timeout 180 /usr/bin/python3 -m pytest -q -x -p no:cacheprovider \
			-n 2 "tests/$1"
		;;
	*)
		make -s LTO= -j"$(nproc)" "build/tests/$1" || return 70
		timeout 180 "build/tests/$1"
		;;
	esac
}

if [ $# -eq 0 ]; then
	set -- $(ls tests/mutants/*.patch | sed 's|.*/||; s|\.patch$||')
	[ -z "${N:-}" ] || set -- $(printf '%s\n' "$@" | shuf -n "$N")
fi
cd "$tree" || exit 1
passed=0 failed=0 skipped=0
began=$(date +%s)
verdict() {
	now=$(date +%s)
	printf '%-32s %-9s %3d s  %s\n' "$1" "$2" $((now - began)) "$3"
	began=$now
	case $2 in
	caught) passed=$((passed + 1)) ;;
	skipped) skipped=$((skipped + 1)) ;;
	*)
		failed=$((failed + 1))
		tail -20 "$out/log"
		;;
	esac
}

# A patch that was applied with an offset may be taken back elsewhere: copy.
restore() {
	for f in $(sed -n 's|^+++ b/||p' "$root/tests/mutants/$1.patch"); do
		cp "$root/$f" "$f"
	done
}

# Without node or the SDK its tests are skipped: they catch nothing then.
runs() {
	case $1 in
	clients/*node*) [ -d "$sdk" ] && command -v node >/dev/null ;;
	esac
}

# A test that fails without a fault catches nothing.
for test in $(for name; do named "$name"; done | sort -u); do
	try "$test" >"$out/log" 2>&1 || verdict "$test" BROKEN "without a fault"
done
began=$(date +%s)
for name; do
	if ! patch -p1 -s -N --no-backup-if-mismatch -r - \
		<"$root/tests/mutants/$name.patch" >"$out/log" 2>&1; then
		verdict "$name" STALE "the patch does not apply"
		restore "$name"
		continue
	fi
	tries=$(sed -n 's/^# tries: *//p' "$root/tests/mutants/$name.patch")
	for test in $(named "$name"); do
		if ! runs "$test"; then
			verdict "$name" skipped "$test"
			continue
		fi
		status=0
		for i in $(seq "${tries:-1}"); do
			try "$test" >"$out/log" 2>&1
			status=$?
			[ $status -eq 0 ] || break
		done
		case $status in
		0) verdict "$name" SURVIVED "$test" ;;
		70) verdict "$name" UNBUILT "$test" ;;
		*) verdict "$name" caught "$test" ;;
		esac
	done
	restore "$name"
done
[ "$skipped" -eq 0 ] || more=", $skipped skipped"
echo "$passed passed, $failed failed${more:-}"
[ "$failed" -eq 0 ]
