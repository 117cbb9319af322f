#include "master/clockstep.h"

int64_t
clockstep_look(struct clockstep *c, int64_t real_us, int64_t boot_us)
{
	int64_t ahead_us = real_us - boot_us;
	int64_t step_s = (ahead_us - c->ahead_us) / 1000000;

	if (!c->known) {
		c->known = 1;
		c->ahead_us = ahead_us;
		return 0;
	}
	if (step_s > -CLOCKSTEP_LEAST_S && step_s < CLOCKSTEP_LEAST_S)
		return 0;
	c->ahead_us = ahead_us;
	return step_s;
}
