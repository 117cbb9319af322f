#!/bin/sh
# Run the fuzz targets, as many at once as there are CPUs.  What breaks one is
# left in build/fuzz/found.  A kept corpus is tests/fuzz/corpus/NAME.
# usage: tests/fuzz/run.sh FOLDER -runs=20000 | -max_total_time=60 [NAME ...]
set -u
folder=$1 limit=$2
shift 2
found=$folder/found
mkdir -p "$found"
one() {
	name=$1
	kept=tests/fuzz/corpus/$name
	[ -d "$kept" ] || kept=
	mkdir -p "$folder/grown/$name"
	"$folder/tests/fuzz/fuzz_$name" "$limit" -timeout=10 -rss_limit_mb=2048 \
		-max_len=8192 -print_final_stats=1 -artifact_prefix="$found/$name-" \
		"$folder/grown/$name" $kept >"$folder/$name.log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
	printf '%-16s %10s runs %s\n' "$name" "${runs:-?}" \
		"$([ $status -eq 0 ] && echo ok || echo FAILED)"
	[ $status -eq 0 ] || tail -40 "$folder/$name.log"
}
if [ "${one:-}" ]; then
	one "$one"
	exit
fi
[ $# -gt 0 ] || set -- $(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')
out=$(mktemp)
trap 'rm -f "$out"' EXIT
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} \
	env one={} sh "$0" "$folder" "$limit" | tee "$out"
ok=$(grep -c ' runs ok$' "$out")
echo "$ok passed, $(($# - ok)) failed"
[ "$ok" -eq $# ]
