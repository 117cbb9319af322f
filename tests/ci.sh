#!/bin/sh
# Everything that stands between a commit and main.  Each stage writes its
# output to build/ci/STAGE.log and ends with "N passed, N failed[, N skipped]";
# the last line of all is their sum.
# usage: tests/ci.sh [STAGE ...]
set -u
mkdir -p build/ci
stages=${*:-"gcc clang lint check torture clients asan counts"}
passed=0 failed=0 skipped=0
jobs=$(nproc)

# A command whose success is one check.
one() {
	if "$@"; then echo "1 passed, 0 failed"; else
		echo "0 passed, 1 failed"
	fi
}

stage_gcc() { one make -s -j"$jobs" CC=gcc WERROR=-Werror all; }
stage_clang() {
	one make -s -j"$jobs" O=build/clang CC=clang WERROR=-Werror all units
}
stage_lint() {
	one make -s lint
	one make -s format-check
}
# The unit and end-to-end tests, and gcc's view of them, where nothing is but
# what we say that we need; here where such a place cannot be made.
stage_check() {
	packaging/chroot.sh build/chroot
	[ $? -eq 77 ] || return
	echo "0 passed, 0 failed, 1 skipped"
	make -s -j"$jobs" WERROR=-Werror check
}
stage_torture() { make -s check-torture; }
stage_clients() { make -s check-clients; }
stage_asan() { make -s -j"$jobs" asan; }
stage_counts() { make -s -j"$jobs" check-counts; }

for stage in $stages; do
	log=build/ci/$stage.log
	began=$(date +%s)
	"stage_$stage" >"$log" 2>&1
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | awk '
		{ p += $1; f += $3; s += ($5 == "" ? 0 : $5) }
		END { print p + 0, f + 0, s + 0, NR }')
	set -- $sum
	# A stage that said nothing did not run.
	[ "$4" -gt 0 ] || set -- 0 1 0 1
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	printf '%-8s %5d passed, %d failed, %d skipped in %d s\n' "$stage" \
		"$1" "$2" "$3" $(($(date +%s) - began))
	[ "$2" -eq 0 ] || tail -60 "$log"
done
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
