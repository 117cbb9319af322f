# The simulation: room.c compiles the money protocol once more, with hooks, so
# that nothing of libshm.a and libkeeper.a is linked.
sim_OBJS = $(patsubst %.c,$O/%.o,$(wildcard tests/sim/*.c))

$O/tests/keeper/test_sim: $O/tests/keeper/test_sim.o $(sim_OBJS) \
		$O/tests/run.o $(call room_archives,keeper)
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call room_libs,keeper) \
		$(check_LIBS)

check-sim: $O/tests/keeper/test_sim ## a million new stories of the money (HOLDFAST_SIM_SEEDS=n)
	HOLDFAST_SIM_SEEDS=$${HOLDFAST_SIM_SEEDS:-1000000} \
		HOLDFAST_SIM_FIRST=$${HOLDFAST_SIM_FIRST:-$$(date +%s)000} $<

check-long: check-sim

.PHONY: check-sim check-long
