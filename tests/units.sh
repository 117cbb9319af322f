#!/bin/sh
# Run the unit test programs, as many at once as there are processors; one line
# each, the failures in full and last.
# usage: O=build tests/units.sh [ROOM/NAME]
set -u

# One program; what is said of it goes into the folder $2.
one() {
	name=$(basename "$(dirname "$1")")/${1##*/test_}
	out=$("$1" 2>&1)
	status=$?
	sum=$(printf '%s\n' "$out" | grep -E '^[0-9]+%: Checks' | tail -1)
	checks=$(printf '%s' "$sum" | sed -n 's/.*Checks: \([0-9]*\),.*/\1/p')
	bad=$(printf '%s' "$sum" |
		sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 + \2/p')
	bad=$((${bad:-1}))
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	{
		printf '%-28s %5s checks %s\n' "$name" "${checks:-0}" \
			"$([ "$bad" -eq 0 ] && echo ok || echo "$bad FAILED")"
		[ "$bad" -eq 0 ] || printf '%s\n' "$out"
	} >"$2/$(printf '%s' "$name" | tr / +)"
	echo "$((${checks:-0} - bad)) $bad" >>"$2/sum"
}

if [ "${1:-}" = --one ]; then
	one "$2" "$3"
	exit 0
fi
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
# Those that take long are not begun last.
long="keeper/test_sim dialect/test_anthropic_recordings master/test_master"
for t in $long $(cd "$O/tests" && echo */test_*); do
	case $t in *.o | *.d) continue ;; esac
	[ -x "$O/tests/$t" ] || continue
	[ -z "${1:-}" ] || [ "$1" = "${t%/*}/${t##*/test_}" ] || continue
	echo "$O/tests/$t"
done | awk '!seen[$0]++' | xargs -P "$(nproc)" -I '{}' sh "$0" --one '{}' "$said" ||
	echo "0 1" >>"$said/sum" # one was lost on the way
[ -f "$said/sum" ] || { echo "0 passed, 1 failed"; exit 1; }
# The failures at the end, where who cuts the output leaves them.
grep -L FAILED "$said"/*+* | xargs -r cat
grep -l FAILED "$said"/*+* | xargs -r cat
awk '{ p += $1; f += $2 } END {
	printf "%d passed, %d failed\n", p, f
	exit f > 0
}' "$said/sum"
