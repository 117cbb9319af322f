#include "proto/relay_wish.h"

#include "base/decimal.h"
#include "proto/jscan.h"

/* "48s", "48.939935699s"; 0 for what is neither, or negative. */
static int64_t
relay_wish_of(struct slice text)
{
	struct decimal d;
	uint64_t ms;
	bool rest;

	if (text.n < 2 || text.p[text.n - 1] != 's')
		return 0;
	text.n--;
	if (decimal_read(text, &d) != 1 || d.minus)
		return 0;
	ms = decimal_scaled(&d, 3, &rest);
	return ms < INT64_MAX ? (int64_t)ms + rest : INT64_MAX;
}

int64_t
relay_wish_ms(struct slice error)
{
	struct jscan_item details, item, delay;
	struct jscan_iter it;
	int64_t ms = -1;

	if (jscan_find(error, SLICE("details"), &details) != 1 ||
	    details.type != JSCAN_ARRAY)
		return -1;
	jscan_enter(&it, details.value);
	while (ms == -1 && jscan_element_next(&it, &item) == 1)
		if (item.type == JSCAN_OBJECT &&
		    jscan_find(item.value, SLICE("retryDelay"), &delay) == 1 &&
		    delay.type == JSCAN_STRING)
			ms = relay_wish_of(jscan_text(&delay));
	return ms;
}
