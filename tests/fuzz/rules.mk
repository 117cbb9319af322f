FUZZ_SECONDS ?= 60
FUZZ_RUNS    ?= 20000
fuzz_CFLAGS = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
fuzz_BINS   = $(patsubst %.c,$O/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_ROOMS  = setup net shm store dialect proto base
fuzz_MAKE   = $(MAKE) -s O=$O/fuzz CC=clang CFLAGS="$(fuzz_CFLAGS)" \
	LDFLAGS= fuzz-targets

fuzz:                     ## fuzz each target for FUZZ_SECONDS (T=relay: one)
	@$(fuzz_MAKE)
	@sh tests/fuzz/run.sh $O/fuzz -max_total_time=$(FUZZ_SECONDS) $(T)

check-fuzz:               ## fuzz each target for FUZZ_RUNS runs
	@$(fuzz_MAKE)
	@sh tests/fuzz/run.sh $O/fuzz -runs=$(FUZZ_RUNS) $(T)

fuzz-targets: $(fuzz_BINS)

$O/tests/fuzz/fuzz_%: $O/tests/fuzz/fuzz_%.o \
		$(foreach r,$(fuzz_ROOMS),$O/lib$r.a)
	$(CC) $(hf_LDFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ \
		$(libs_setup) $(libs_store) $(libs_net) $(libs_proto) $(libs_base)

.PHONY: fuzz check-fuzz fuzz-targets
