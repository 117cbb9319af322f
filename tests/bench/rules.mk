# The benchmarks and the guard by counts.
bench_PROGRAMS = $O/tests/bench/load $O/tests/bench/upstream \
	$O/tests/bench/hashtime $O/tests/bench/money \
	$O/tests/bench/translate $O/tests/bench/choose

$O/tests/bench/load $O/tests/bench/upstream: $O/tests/bench/%: \
		$O/tests/bench/%.o
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^

$O/tests/bench/hashtime: $O/tests/bench/hashtime.o $O/libproto.a $O/libbase.a
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(libs_proto) $(libs_base)

$O/tests/bench/money: $O/tests/bench/money.o $O/tests/run.o $(call room_archives,keeper)
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call room_libs,keeper) \
		$(check_LIBS)

$O/tests/bench/translate: $O/tests/bench/translate.o $O/libdialect.a \
		$O/libproto.a $O/libbase.a
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(libs_proto) $(libs_base)

$O/tests/bench/choose: $O/tests/bench/choose.o $(call room_archives,worker)
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call room_libs,worker)

bench: all $(bench_PROGRAMS)  ## gateway and nginx side by side (B=1k,stream: sections)
	O=$O CC="$(CC)" CFLAGS="$(CFLAGS)" python3 tests/bench/bench.py $(B)

counts: all $(bench_PROGRAMS)  ## record what check-counts compares with
	O=$O CC="$(CC)" CFLAGS="$(CFLAGS)" python3 tests/bench/counts.py record

check-counts: all $(bench_PROGRAMS)  ## instructions and system calls of a request
	O=$O CC="$(CC)" CFLAGS="$(CFLAGS)" python3 tests/bench/counts.py

order: all $(bench_PROGRAMS)  ## write order.ld anew, the places of functions
	O=$O python3 tests/bench/order.py

.PHONY: bench counts check-counts order
