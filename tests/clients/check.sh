#!/bin/sh
# Published clients against the gateway; the SDK comes from npm by its lock
# file.  Without npm or a way to fetch it these tests are skipped and counted.
# usage: O=build tests/clients/check.sh [pytest arguments]
set -u
here=$(dirname "$0")
stamp=$here/node_modules/.package-lock.json
if command -v npm >/dev/null && [ ! "$stamp" -nt "$here/package-lock.json" ]; then
	npm ci --prefix "$here" --ignore-scripts --no-audit --no-fund >/dev/null ||
		echo "check-clients: npm could not fetch the SDK" >&2
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
/usr/bin/python3 -m pytest -q -p no:cacheprovider -n $(($(nproc) * 2)) \
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
