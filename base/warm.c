#include "base/warm.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/prefetch.h"

#define WARM_MS 5

/* Where the parts begin; NULL without order.ld, and then all of them are. */
extern const char order_request[] __attribute__((weak));
extern const char order_answer[] __attribute__((weak));
extern const char order_rest[] __attribute__((weak));

struct warm_part {
	const char *from, *to;
};

static const struct warm_part request = { order_request, order_answer };
static const struct warm_part answer = { order_answer, order_rest };

static uint64_t warmed_ms;
static bool answer_due;

static void
warm(struct warm_part part)
{
	for (const char *p = part.from; p < part.to; p += PREFETCH_LINE)
		prefetch_code(p);
}

void
warm_request(void)
{
	uint64_t now = now_mono_ms();

	if (now < warmed_ms + WARM_MS)
		return;
	warmed_ms = now;
	answer_due = true;
	warm(request);
}

void
warm_answer(void)
{
	if (!answer_due)
		return;
	answer_due = false;
	warm(answer);
}
