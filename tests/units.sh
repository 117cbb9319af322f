#!/bin/sh
# Run the unit test programs, one line each, failures in full.
# usage: O=build tests/units.sh [ROOM/NAME]
set -u
passed=0 failed=0
for t in "$O"/tests/*/test_*; do
	case $t in *.o | *.d) continue ;; esac
	name=$(basename "$(dirname "$t")")/${t##*/test_}
	[ -z "${1:-}" ] || [ "$1" = "$name" ] || continue
	out=$("$t" 2>&1)
	status=$?
	sum=$(printf '%s\n' "$out" | grep -E '^[0-9]+%: Checks' | tail -1)
	checks=$(printf '%s' "$sum" | sed -n 's/.*Checks: \([0-9]*\),.*/\1/p')
	bad=$(printf '%s' "$sum" |
		sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 + \2/p')
	bad=$((${bad:-1}))
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	passed=$((passed + ${checks:-0} - bad))
	failed=$((failed + bad))
	printf '%-28s %5s checks %s\n' "$name" "${checks:-0}" \
		"$([ "$bad" -eq 0 ] && echo ok || echo "$bad FAILED")"
	[ "$bad" -eq 0 ] || printf '%s\n' "$out"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
