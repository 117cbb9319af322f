# Power cuts: the product's own code above calls that are recorded.
power_OBJS = $(patsubst %.c,$O/%.o,$(filter-out tests/power/test_%, \
	$(wildcard tests/power/*.c)))
power_TEST = $O/tests/power/test_power

$(power_TEST): $O/tests/power/test_power.o $(power_OBJS) $O/tests/run.o \
	$(call room_archives,keeper)
	$(CC) $(hf_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call room_libs,keeper) \
		$(check_LIBS)

UNITS += $(power_TEST)
units: $(power_TEST)
