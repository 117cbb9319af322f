#include "proto/demo_priv.h"

#include <assert.h>

#include "base/err.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/vector.h"

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)
#define DEMO_SCALE 1000000 /* components have six decimals */

/* What all vectors of a request have in common. */
struct demo_space {
	int64_t dimensions;
	bool base64;
};

static uint64_t
demo_hash(struct slice text)
{
	uint64_t hash = FNV_BASIS;

	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * FNV_PRIME;
	return hash;
}

/* Neighbours shall have nothing in common: the finish of MurmurHash3. */
static uint64_t
demo_mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* Between -1 and 1; the same for the same text, whatever else is asked. */
static void
demo_put_component(struct sbuf *b, uint64_t hash, int64_t at)
{
	uint64_t drawn = demo_mix(hash + (uint64_t)at);

	sbuf_addf(b, "%s0.%06u", drawn & 1 ? "-" : "",
	    (unsigned)((drawn >> 1) % DEMO_SCALE));
}

static void
demo_put_vector(struct demo *d, const struct demo_space *space,
    struct slice text)
{
	uint64_t hash = demo_hash(text);
	struct sbuf array = { 0 };
	int good;

	for (int64_t i = 0; i < space->dimensions; i++) {
		sbuf_addc(&array, i > 0 ? ',' : '[');
		demo_put_component(&array, hash, i);
	}
	sbuf_addc(&array, ']');
	sbuf_addf(&d->vectors,
	    "%s{\"object\":\"embedding\",\"index\":%u,\"embedding\":",
	    d->n > 0 ? "," : "", d->n);
	d->n++;
	good = vector_write(sbuf_slice(&array), space->base64, &d->vectors);
	assert(good);
	sbuf_addc(&d->vectors, '}');
	sbuf_free(&array);
}

static int64_t
demo_count(struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item;
	int64_t n = 0;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item) == 1)
		n++;
	return n;
}

/* A text, or an array of tokens. */
static void
demo_embed_one(struct demo *d, const struct demo_space *space,
    const struct jscan_item *item, struct sbuf *last)
{
	sbuf_clear(last);
	if (item->type == JSCAN_STRING)
		jstr_add(last, jscan_text(item));
	else
		sbuf_add_slice(last, item->value);
	d->prompt_tokens += item->type == JSCAN_ARRAY ? demo_count(item->value)
	                                              : demo_tokens(last->len);
	demo_put_vector(d, space, sbuf_slice(last));
}

/* Texts and arrays of tokens, or the tokens of one. */
static void
demo_embed_each(struct demo *d, const struct demo_space *space,
    const struct jscan_item *input, struct sbuf *last)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, input->value);
	while (jscan_element_next(&it, &item) == 1) {
		if (item.type == JSCAN_NUMBER) {
			demo_embed_one(d, space, input, last);
			return;
		}
		demo_embed_one(d, space, &item, last);
	}
}

static int
demo_read_space(struct slice body, struct demo_space *space, struct err *e)
{
	struct jscan_item item;

	*space = (struct demo_space){ .dimensions = DEMO_DIMENSIONS };
	if (jscan_find(body, SLICE("encoding_format"), &item) == 1)
		space->base64 = jstr_says(&item, SLICE("base64"));
	if (jscan_find(body, SLICE("dimensions"), &item) == 1 &&
	    item.type == JSCAN_NUMBER)
		jnum_int(item.value, &space->dimensions);
	if (space->dimensions < 1 || space->dimensions > DEMO_DIMENSIONS_MAX)
		return err_param(e, ERR_INVALID_VALUE, "dimensions",
		    "Invalid value for 'dimensions': must be at most %d.",
		    DEMO_DIMENSIONS_MAX);
	return 0;
}

int
demo_read_embeddings(struct demo *d, struct slice body, struct sbuf *last,
    struct err *e)
{
	struct demo_space space;
	struct jscan_item input;

	if (demo_read_space(body, &space, e) != 0)
		return -1;
	if (jscan_find(body, SLICE("input"), &input) != 1)
		return err_param(e, ERR_MISSING_PARAMETER, "input",
		    "Missing required parameter: 'input'.");
	if (input.type == JSCAN_ARRAY &&
	    demo_count(input.value) > DEMO_TEXTS_MAX)
		return err_param(e, ERR_INVALID_VALUE, "input",
		    "Invalid value for 'input': must have at most %d elements.",
		    DEMO_TEXTS_MAX);
	if (input.type == JSCAN_ARRAY)
		demo_embed_each(d, &space, &input, last);
	else
		demo_embed_one(d, &space, &input, last);
	return 0;
}
