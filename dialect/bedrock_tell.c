/* bedrock_tell - figures and failures, the same for all of Bedrock. */
#include "base/err.h"
#include "dialect/bedrock_priv.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ABSENT (-1)
#define MALFORMED (-2)

struct bedrock_given {
	int64_t in, out, cached, written, written_1h;
};

/* Of rows for one figure the first present wins. */
static const struct {
	struct slice name;
	size_t at;
} bedrock_rows[] = {
	{ SLICE("inputTokens"), offsetof(struct bedrock_given, in) },
	{ SLICE("inputTokenCount"), offsetof(struct bedrock_given, in) },
	{ SLICE("inputTextTokenCount"), offsetof(struct bedrock_given, in) },
	{ SLICE("prompt_token_count"), offsetof(struct bedrock_given, in) },
	{ SLICE("outputTokens"), offsetof(struct bedrock_given, out) },
	{ SLICE("outputTokenCount"), offsetof(struct bedrock_given, out) },
	{ SLICE("generation_token_count"),
	    offsetof(struct bedrock_given, out) },
	{ SLICE("cacheReadInputTokens"),
	    offsetof(struct bedrock_given, cached) },
	{ SLICE("cacheReadInputTokenCount"),
	    offsetof(struct bedrock_given, cached) },
	{ SLICE("cacheWriteInputTokens"),
	    offsetof(struct bedrock_given, written) },
	{ SLICE("cacheWriteInputTokenCount"),
	    offsetof(struct bedrock_given, written) },
};

static int64_t
bedrock_count(const struct jscan_item *item)
{
	int64_t n;

	if (item->type == JSCAN_NULL)
		return ABSENT;
	if (item->type != JSCAN_NUMBER || jnum_int(item->value, &n) != 1)
		return MALFORMED;
	return n >= 0 && n <= USAGE_TOKENS_MAX ? n : MALFORMED;
}

/* [{"ttl":"1h","inputTokens":7}, ...] */
static int64_t
bedrock_written_1h(const struct jscan_item *details)
{
	struct jscan_iter it;
	struct jscan_item item, ttl, tokens;
	int64_t sum = 0, n;

	if (details->type != JSCAN_ARRAY)
		return 0;
	jscan_enter(&it, details->value);
	while (jscan_element_next(&it, &item)) {
		if (item.type != JSCAN_OBJECT ||
		    jscan_find(item.value, SLICE("ttl"), &ttl) != 1 ||
		    !jstr_says(&ttl, SLICE("1h")) ||
		    jscan_find(item.value, SLICE("inputTokens"), &tokens) != 1)
			continue;
		n = bedrock_count(&tokens);
		sum += n > 0 ? n : 0;
	}
	return sum;
}

static void
bedrock_collect(struct slice json, struct bedrock_given *g)
{
	struct jscan_iter it;
	struct jscan_item item;
	int64_t *figure;

	*g = (struct bedrock_given){ ABSENT, ABSENT, ABSENT, ABSENT, 0 };
	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item)) {
		if (jstr_is(&item, SLICE("cacheDetails")))
			g->written_1h = bedrock_written_1h(&item);
		for (size_t i = 0; i < COUNT(bedrock_rows); i++) {
			if (!jstr_is(&item, bedrock_rows[i].name))
				continue;
			figure =
			    (int64_t *)(void *)((char *)g + bedrock_rows[i].at);
			if (*figure == ABSENT)
				*figure = bedrock_count(&item);
		}
	}
}

static int64_t
bedrock_or_zero(int64_t n)
{
	return n > 0 ? n : 0;
}

void
bedrock_usage(struct tell *t, struct slice json)
{
	struct bedrock_given g;
	struct usage *u = &t->usage;

	if (json.n == 0 || *json.p != '{')
		return;
	bedrock_collect(json, &g);
	if (g.in == MALFORMED || g.out == MALFORMED || g.cached == MALFORMED ||
	    g.written == MALFORMED || (g.in == ABSENT && g.out == ABSENT))
		return;
	usage_init(u);
	u->in_text = bedrock_or_zero(g.in);
	u->in_cached = bedrock_or_zero(g.cached);
	u->in_cache_write_5m = bedrock_or_zero(g.written);
	u->anomaly = g.written_1h > u->in_cache_write_5m;
	u->in_cache_write_1h = u->anomaly ? u->in_cache_write_5m : g.written_1h;
	u->in_cache_write_5m -= u->in_cache_write_1h;
	u->out_text = bedrock_or_zero(g.out);
	if (g.in != ABSENT)
		t->in_tokens =
		    u->in_text + u->in_cached + bedrock_or_zero(g.written);
	/* Without one of the two it is not all that is billed. */
	t->has_usage = g.in != ABSENT && g.out != ABSENT;
}

static const struct {
	struct slice name;
	int status;
} bedrock_exceptions[] = {
	{ SLICE("throttlingException"), 429 },
	{ SLICE("serviceUnavailableException"), 503 },
	{ SLICE("internalServerException"), 500 },
	{ SLICE("modelStreamErrorException"), 424 },
	{ SLICE("validationException"), 400 },
	{ SLICE("modelTimeoutException"), 408 },
};

static int
bedrock_status(struct slice name, struct slice data)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(data, SLICE("originalStatusCode"), &item) == 1 &&
	    item.type == JSCAN_NUMBER && jnum_int(item.value, &n) == 1 &&
	    n >= 400 && n <= 599)
		return (int)n;
	for (size_t i = 0; i < COUNT(bedrock_exceptions); i++)
		if (slice_eq_nocase(name, bedrock_exceptions[i].name))
			return bedrock_exceptions[i].status;
	return err_status(ERR_UPSTREAM_STREAM);
}

void
bedrock_fail(struct tell *t, struct slice code, struct slice message,
    int status)
{
	struct sbuf b = { 0 };

	t->failed = true;
	sbuf_adds(&b, "{\"error\":{\"message\":\"");
	sbuf_add_slice(&b, message);
	sbuf_adds(&b, "\",\"code\":");
	sbuf_add_json(&b, code);
	sbuf_addf(&b, ",\"status_code\":%d}}", status);
	chatout_error(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

void
bedrock_exception(struct tell *t, const struct dialect_event *ev)
{
	static const struct slice names[] = { SLICE("message"),
		SLICE("Message"), SLICE("originalMessage") };
	struct slice message = ev->name;
	struct jscan_item item;

	for (size_t i = 0; i < COUNT(names); i++)
		if (jscan_find(ev->data, names[i], &item) == 1 &&
		    item.type == JSCAN_STRING && item.value.n > 2) {
			message = jscan_text(&item);
			break;
		}
	bedrock_fail(t, ev->name, message, bedrock_status(ev->name, ev->data));
}
