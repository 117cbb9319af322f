#!/bin/sh
# Everything that stands between a commit and main.  Each stage writes its
# output to build/ci/STAGE.log and ends with "N passed, N failed[, N skipped]";
# the last line of all is their sum.  A stage with & behind its name goes on
# beside those after it.
# usage: tests/ci.sh [STAGE[&] ...]
set -u
mkdir -p build/ci
rm -f build/ci/*.sum
stages=${*:-"lint clang check torture counts& clients asan"}
jobs=$(nproc)
built=build # gcc's programs

# A command whose success is one check.
one() {
	if "$@"; then echo "1 passed, 0 failed"; else
		echo "0 passed, 1 failed"
	fi
}

stage_lint() {
	one make -s lint
	one make -s format-check
}
# Its warnings need no optimiser.
stage_clang() {
	one make -s -j"$jobs" O=build/clang CC=clang CFLAGS=-O0 \
		WERROR=-Werror all units
}
# The unit and end-to-end tests, and gcc's view of them, where nothing is but
# what we say that we need; here where such a place cannot be made.  The stages
# behind it run the programs that were made there.
stage_check() {
	wait "$chroot"
	packaging/chroot.sh build/chroot
	if [ $? -ne 77 ]; then
		built=build/chroot/src/build
		return
	fi
	echo "0 passed, 0 failed, 1 skipped"
	make -s -j"$jobs" WERROR=-Werror check
}
stage_torture() { make -s -j"$jobs" O=$built check-torture; }
stage_clients() {
	wait "$fetch"
	make -s -j"$jobs" O=$built check-clients
}
stage_asan() { make -s -j"$jobs" asan; }
stage_counts() { make -s -j"$jobs" O=$built check-counts; }

# Run a stage, say what came of it, and keep the sum.
run() {
	log=build/ci/$1.log
	began=$(date +%s)
	"stage_$1" >"$log" 2>&1
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | awk '
		{ p += $1; f += $3; s += ($5 == "" ? 0 : $5) }
		# A stage that said nothing did not run.
		END { print p + 0, f + (NR == 0), s + 0 }')
	echo "$sum" >"build/ci/$1.sum"
	# shellcheck disable=SC2086
	printf '%-8s %5d passed, %d failed, %d skipped in %d s\n' "$1" $sum \
		$(($(date +%s) - began))
	case $sum in *' 0 '*) ;; *) tail -60 "$log" ;; esac
}

# What mostly waits for the mirrors goes on beside the first stages.
chroot='' fetch=''
case $stages in *check*)
	packaging/chroot.sh build/chroot true >build/ci/chroot.log 2>&1 &
	chroot=$!
	;;
esac
case $stages in *clients*)
	sh tests/clients/fetch.sh >build/ci/fetch.log 2>&1 &
	fetch=$!
	;;
esac
beside=
for stage in $stages; do
	case $stage in
	*'&')
		run "${stage%&}" &
		beside="$beside $!"
		;;
	*) run "$stage" ;;
	esac
done
# shellcheck disable=SC2086
wait $beside
cat build/ci/*.sum | awk '{ p += $1; f += $2; s += $3 } END {
	printf "%d passed, %d failed", p, f
	print (s > 0 ? ", " s " skipped" : "")
	exit f > 0
}'
