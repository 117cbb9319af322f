#!/bin/sh
# Published clients against the gateway; SDKs and agents come from npm (fetch.sh).
# Without npm or a way to fetch them these tests are skipped and counted.
# usage: O=build tests/clients/check.sh [pytest arguments]
set -u
here=$(dirname "$0")
sh "$here/fetch.sh"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
/usr/bin/python3 -m pytest -q -p no:cacheprovider -n $(($(nproc) * 3)) \
	"$here" "$@" 2>&1 | tee "$out"
awk '/(passed|failed|skipped|error).* in [0-9.]+s/ {
	for (i = 2; i <= NF; i++) {
		word = $i
		sub(/,$/, "", word)
		n[word] = $(i - 1)
	}
	seen = 1
}
END {
	bad = n["failed"] + n["error"] + n["errors"] + !seen
	printf "%d passed, %d failed", n["passed"], bad
	printf n["skipped"] ? ", " n["skipped"] " skipped\n" : "\n"
	exit bad > 0
}' "$out"
