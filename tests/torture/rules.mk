S    ?= 600
MODE ?= all-modes
torture: all              ## torture the whole gateway (S=600: seconds a mode, SEED=n, MODE=name)
	@O=$O /usr/bin/python3 tests/torture/torture.py --seconds $(S) \
		--mode $(MODE) $(SEED:%=--seed %)

check-torture: all        ## some seconds of it, as a test
	@O=$O SUITE=tests/torture sh tests/e2e.sh

check-long: torture

.PHONY: torture check-torture check-long
