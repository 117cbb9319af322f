#include "worker/headers.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/money.h"
#include "worker/client_dialect.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define HEADERS_WARNINGS 5

void
headers_put(struct sbuf *b, struct slice name, struct slice value)
{
	char *to;

	if (value.n == 0)
		return;
	sbuf_reserve(b, name.n + value.n + 2);
	to = b->data + b->len;
	memcpy(to, name.p, name.n);
	memcpy(to + name.n, value.p, value.n);
	memcpy(to + name.n + value.n, "\r\n", sizeof "\r\n");
	b->len += name.n + value.n + 2;
}

static void
headers_put_number(struct sbuf *b, struct slice name, uint64_t value)
{
	char room[DECIMAL_DIGITS];

	headers_put(b, name, decimal_write(value, room));
}

#define header_number(b, name, value) headers_put_number(b, SLICE(name), value)

void
headers_ids(struct req *r, struct sbuf *b)
{
	char hex[HEX_ID_SIZE], uuid[HEX_UUID_SIZE];

	sbuf_clear(b);
	hex_write(r->id, sizeof r->id, hex);
	hex_uuid(r->id, uuid);
	if (r->key != NULL && r->logged && !r->log_omitted)
		headers_add(b, "x-respan-log-id: ",
		    (struct slice){ hex, HEX_ID_SIZE - 1 });
	headers_add(b, "x-respan-gateway-request-id: ",
	    (struct slice){ uuid, HEX_UUID_SIZE - 1 });
	headers_add(b,
	    "x-request-id: ", (struct slice){ uuid, HEX_UUID_SIZE - 1 });
}

void
headers_page(struct req *r, const char *type, struct sbuf *b)
{
	headers_ids(r, b);
	headers_add(b, "Content-Type: ", slice_str(type));
}

static void
headers_cache(struct req *r, struct sbuf *b)
{
	static const struct slice states[] = {
		[CACHE_OFF] = { "", 0 },
		[CACHE_MISS] = { "miss", 4 },
		[CACHE_HIT] = { "hit", 3 },
		[CACHE_COLLAPSED] = { "collapsed", 9 },
		[CACHE_BYPASS] = { "bypass", 6 },
	};

	headers_add(b, "x-respan-cache: ", states[r->cache.state]);
	if (r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED)
		header_number(b, "age: ", (uint64_t)r->cache.age_s);
}

/* asked: the answer is its target's, or will be. */
static void
headers_target(struct req *r, struct sbuf *b, bool asked)
{
	const struct settings *s = r->w->settings;

	if (r->cache.model.n > 0) {
		headers_add(b, "x-holdfast-model: ", r->cache.model);
		headers_add(b, "x-holdfast-provider: ", r->cache.provider);
	} else if (asked) {
		headers_add(b, "x-holdfast-model: ", r->choice.slug);
		headers_add(b, "x-holdfast-provider: ",
		    settings_str(s, r->choice.target->provider->name));
	}
}

static void
headers_money(struct sbuf *b, const char *name, int64_t nano)
{
	sbuf_adds(b, name);
	money_write(b, nano);
	sbuf_add(b, "\r\n", 2);
}

/* What both replies and streams tell about their making. */
static void
headers_info(struct req *r, struct sbuf *b, bool asked)
{
	int64_t left_nano;

	if (!r->w->settings->server_info_headers)
		return;
	headers_target(r, b, asked);
	if (r->slot_taken)
		header_number(b, "x-holdfast-attempts: ", r->attempts);
	if (money_sends_max_tokens(r))
		header_number(b,
		    "x-holdfast-max-tokens: ", (uint64_t)r->put_max_tokens);
	if (money_remaining(r, &left_nano))
		headers_money(b, "x-holdfast-budget-remaining: ", left_nano);
}

/* What is known when the answer has come. */
static void
headers_answered(struct req *r, struct sbuf *b)
{
	if (!r->w->settings->server_info_headers)
		return;
	headers_add(b,
	    "x-holdfast-upstream-request-id: ", r->upstream_request_id);
}

/* One of the six names of api.md 7.2 and a number. */
static void
header_rate(struct sbuf *b, const char *what, const char *unit, uint64_t n,
    const char *end)
{
	sbuf_adds(b, "x-ratelimit-");
	sbuf_adds(b, what);
	sbuf_adds(b, unit);
	sbuf_add_u64(b, n);
	sbuf_adds(b, end);
}

static void
headers_rate(struct req *r, struct sbuf *b)
{
	static const char *const units[RATE_WINDOWS] = {
		[RATE_REQUESTS] = "-requests: ",
		[RATE_TOKENS] = "-tokens: ",
	};

	for (int i = 0; i < RATE_WINDOWS; i++) {
		const struct rate_state *s = &r->rate[i];
		int64_t left = s->remaining > 0 ? s->remaining : 0;

		if (s->limit == 0)
			continue;
		header_rate(b, "limit", units[i], (uint64_t)s->limit, "\r\n");
		header_rate(b, "remaining", units[i], (uint64_t)left, "\r\n");
		header_rate(b, "reset", units[i],
		    (s->reset_ns + 999999999) / 1000000000, "s\r\n");
	}
}

static void
headers_warnings(struct req *r, struct sbuf *b)
{
	unsigned n = r->params.n_warnings;

	if (!r->parsed || n == 0 || !r->w->settings->server_warning_header)
		return;
	sbuf_adds(b, "warning-holdfast: ");
	for (unsigned i = 0; i < n && i < HEADERS_WARNINGS; i++) {
		struct slice name = r->params.warnings[i];

		if (i > 0)
			sbuf_addc(b, ',');
		/* A caller's own name: only what cannot break a header. */
		for (size_t k = 0; k < name.n && k < 64; k++)
			sbuf_addc(b, name.p[k] > ' ' && name.p[k] < 0x7f &&
					     name.p[k] != ','
					 ? name.p[k]
					 : '?');
	}
	sbuf_add(b, "\r\n", 2);
}

/* 1 true, -1 false, 0 not said (api.md 7.2). */
static int
headers_should_retry(const struct req *r)
{
	int status = answer_status(r);

	if (r->answer.should_retry != 0 || status < 400)
		return r->answer.should_retry;
	/* Ours are spent; each of the client's would be as many again. */
	if (r->attempts >= 2)
		return -1;
	if (!r->answer.from_provider && r->provider_error == NULL)
		return 0;
	return status < 500 && status != 408 && status != 409 && status != 429
	           ? -1
	           : 0;
}

static void
headers_retry(struct req *r, struct sbuf *b)
{
	uint64_t ms = (uint64_t)r->answer.retry_after_ms;
	int retry = headers_should_retry(r);

	if (r->answer.retry_known) {
		header_number(b, "retry-after: ", (ms + 999) / 1000);
		header_number(b, "retry-after-ms: ", ms);
	}
	if (retry != 0)
		headers_add(b, "x-should-retry: ",
		    retry > 0 ? SLICE("true") : SLICE("false"));
}

uint64_t
headers_overhead_us(const struct req *r)
{
	uint64_t now_ns = r->replied_ns != 0 ? r->replied_ns : now_fresh_ns();

	return attempt_own_ns(r, now_ns) / 1000;
}

static void
headers_add_ms(struct sbuf *b, uint64_t us)
{
	char fraction[4] = { '.', (char)('0' + us / 100 % 10),
		(char)('0' + us / 10 % 10), (char)('0' + us % 10) };

	sbuf_add_u64(b, us / 1000);
	sbuf_add(b, fraction, sizeof fraction);
}

static void
headers_timing(struct req *r, struct sbuf *b, uint64_t own_us,
    uint64_t until_ns)
{
	sbuf_adds(b, "Server-Timing: gw;dur=");
	headers_add_ms(b, own_us);
	if (r->asked_ns != 0 && until_ns > r->asked_ns) {
		sbuf_adds(b, ", up;dur=");
		headers_add_ms(b,
		    (until_ns - r->asked_ns + r->before_ns) / 1000);
	}
	sbuf_add(b, "\r\n", 2);
}

void
headers_error(struct req *r, unsigned status, struct sbuf *b)
{
	bool provider = r->provider_error != NULL;

	headers_page(r, "application/json", b);
	if (status == 401)
		sbuf_adds(b, "WWW-Authenticate: Bearer realm=\"holdfast\"\r\n");
	if (status == 405 && r->route.allow != NULL)
		headers_add(b, "Allow: ", slice_str(r->route.allow));
	headers_cache(r, b);
	headers_info(r, b, r->upstream_status != 0);
	headers_answered(r, b);
	if (r->w->settings->server_info_headers)
		headers_add(b, "x-holdfast-error-source: ",
		    provider ? SLICE("provider") : SLICE("gateway"));
	headers_rate(r, b);
	headers_retry(r, b);
	headers_warnings(r, b);
	headers_timing(r, b, headers_overhead_us(r), r->ended_ns);
}

void
headers_reply(struct req *r, struct sbuf *b)
{
	uint64_t own_us = headers_overhead_us(r);

	headers_page(r, "application/json", b);
	headers_cache(r, b);
	headers_info(r, b, r->upstream_status != 0);
	headers_answered(r, b);
	if (r->w->settings->server_info_headers) {
		if (r->answer.from_provider) {
			sbuf_adds(b, "x-holdfast-error-source: provider\r\n");
		} else {
			headers_money(b,
			    "x-holdfast-cost: ", r->cost_nano + r->spent_nano);
			header_number(b, "x-holdfast-overhead-us: ", own_us);
		}
	}
	if (client_counts(r) && !r->native)
		sbuf_adds(b, "x-holdfast-estimate: true\r\n");
	headers_rate(r, b);
	headers_retry(r, b);
	headers_warnings(r, b);
	headers_timing(r, b, own_us, r->ended_ns);
}

void
headers_stream(struct req *r, bool asked, struct sbuf *b)
{
	headers_page(r, client_stream_type(r), b);
	sbuf_adds(b, "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");
	headers_cache(r, b);
	headers_info(r, b, asked);
	headers_rate(r, b);
	headers_warnings(r, b);
}

void
headers_stream_rest(struct req *r, struct sbuf *b)
{
	sbuf_clear(b);
	headers_answered(r, b);
	headers_timing(r, b, r->asked_ns != 0 ? headers_overhead_us(r) : 0,
	    r->first_ns);
}
