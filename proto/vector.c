#include "proto/vector.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "proto/base64.h"
#include "proto/jscan.h"

static_assert(sizeof(float) == sizeof(uint32_t), "floats are IEEE 754's");

/* In an array a number ends before a byte that no number has. */
static bool
vector_read(const struct jscan_item *item, float *value_r)
{
	if (item->type != JSCAN_NUMBER)
		return false;
	*value_r = strtof(item->value.p, NULL);
	return isfinite(*value_r);
}

static void
vector_add(struct sbuf *b, float value)
{
	uint32_t bits;
	char bytes[4];

	memcpy(&bits, &value, sizeof bits);
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(bits >> 8 * i & 0xff);
	sbuf_add(b, bytes, sizeof bytes);
}

int
vector_write(struct slice array, bool base64, struct sbuf *b)
{
	struct sbuf floats = { 0 };
	struct jscan_iter it;
	struct jscan_item item;
	float value;
	int good = 1;

	jscan_enter(&it, array);
	while (good && jscan_element_next(&it, &item)) {
		good = vector_read(&item, &value);
		if (good && base64)
			vector_add(&floats, value);
	}
	if (base64) {
		sbuf_addc(b, '"');
		base64_write(b, sbuf_slice(&floats));
		sbuf_addc(b, '"');
	} else {
		sbuf_add_slice(b, array);
	}
	sbuf_free(&floats);
	return good;
}
