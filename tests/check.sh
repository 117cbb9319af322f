#!/bin/sh
# make check: lint, unit tests, end-to-end tests; one line a suite, failures
# last, then the sum.
# usage: O=build tests/check.sh [SUITE]
set -u
O=${O:-build}
export O
out=$(mktemp)
trap 'rm -f "$out"' EXIT
{
	if sh tests/lint/arrows.sh && sh tests/lint/docs.sh; then
		echo "1 passed, 0 failed"
	else
		echo "0 passed, 1 failed"
	fi
	sh tests/units.sh ${1:+"$1"}
	[ -n "${1:-}" ] || sh tests/e2e.sh
} 2>&1 | tee "$out" | grep -vE '^[0-9]+ passed, [0-9]+ failed'
awk '/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; s += $5 }
	END { printf "%d passed, %d failed", p, f
		if (s) printf ", %d skipped", s
		print ""; exit f > 0 || p == 0 }' "$out"
