#include "worker/retry.h"

#include <assert.h>

#include "base/decimal.h"
#include "base/httpdate.h"
#include "base/settings.h"
#include "proto/params.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

/* After a 429 that nobody asked to retry: 1 s, then 2 s. */
#define RATE_LIMIT_AFTER_MS 1000

/* ---- how often ---------------------------------------------------------- */

void
retry_rules_read(const struct settings *s, const struct params *p,
    struct retry_rules *rules_r)
{
	struct params_retry said;

	if (params_retry(p, &said)) {
		*rules_r = (struct retry_rules){ said.enabled, said.retries,
			said.retry_after_ms };
		return;
	}
	rules_r->enabled = s->retry_enabled;
	rules_r->retries =
	    s->retry_enabled ? (unsigned)s->retry_num_retries : 0;
	rules_r->retry_after_ms = s->retry_retry_after_ms;
}

void
retry_rules_of(struct req *r, struct retry_rules *rules_r)
{
	retry_rules_read(r->w->settings, &r->params, rules_r);
}

void
retry_rules_rate_limit(const struct settings *s,
    const struct retry_rules *rules, struct retry_rules *rules_r)
{
	*rules_r = *rules;
	if (rules->enabled)
		return;
	rules_r->enabled = s->routing_rate_limit_retries > 0;
	rules_r->retries = (unsigned)s->routing_rate_limit_retries;
	rules_r->retry_after_ms = RATE_LIMIT_AFTER_MS;
}

/* ---- what follows ------------------------------------------------------- */

/* How a failure is treated, and whether the list of statuses has a say. */
enum failure_row {
	ROW_BROKEN,  /* of the connection, or of what came over it */
	ROW_LISTED,  /* on retry.on_status */
	ROW_REFUSED, /* any other status */
	ROW_RATE_LIMIT,
	ROW_CREDENTIAL,
	ROW_CALLERS_CREDENTIAL,
	ROWS,
};

static const struct failure_policy failure_rows[ROWS] = {
	[ROW_BROKEN] = { .retry = true, .fallback = true, .net = true },
	[ROW_LISTED] = { .retry = true, .fallback = true, .net = true },
	[ROW_REFUSED] = { .fallback = true, .net = true },
	[ROW_RATE_LIMIT] = { .retry = true,
	    .other_first = true,
	    .fallback_first = true,
	    .fallback = true,
	    .net = true },
	[ROW_CREDENTIAL] = { .other_first = true,
	    .fallback = true,
	    .net = true,
	    .locks = true },
	[ROW_CALLERS_CREDENTIAL] = { .fallback = true },
};

static const char *const failure_classes[FAILURE_KINDS] = {
	[FAILURE_DNS] = "dns",
	[FAILURE_CONNECT] = "connect",
	[FAILURE_TLS] = "tls",
	[FAILURE_RESET] = "reset",
	[FAILURE_FIRST_BYTE] = "timeout_first_byte",
	[FAILURE_IDLE] = "timeout_idle",
	[FAILURE_TOTAL] = "timeout_total",
	[FAILURE_MALFORMED] = "malformed",
	[FAILURE_CUT] = "cut",
};

static bool
failure_is_listed(const struct settings *s, int status)
{
	const int32_t *on = settings_list(s, s->retry_on_status);

	for (uint32_t i = 0; i < s->retry_on_status.n; i++)
		if (on[i] == status)
			return true;
	return false;
}

static enum failure_row
failure_row_of_status(const struct settings *s, const struct failure *f,
    int status)
{
	if (status >= 401 && status <= 403)
		return f->callers_credential ? ROW_CALLERS_CREDENTIAL
		                             : ROW_CREDENTIAL;
	if (status == 429)
		return ROW_RATE_LIMIT;
	return failure_is_listed(s, status) ? ROW_LISTED : ROW_REFUSED;
}

static const char *
failure_class_of_status(const struct failure *f, int status)
{
	if (f->in_stream)
		return "in_stream_error";
	if (status == 429)
		return "http_429";
	return status >= 500 ? "http_5xx" : "http_4xx";
}

/* A status below 400 is no answer: 3xx, or 1xx without end. */
static enum failure_kind
failure_kind_of(const struct failure *f)
{
	return f->kind == FAILURE_STATUS && f->status > 0 && f->status < 400
	           ? FAILURE_MALFORMED
	           : f->kind;
}

void
failure_policy(const struct settings *s, const struct failure *f,
    struct failure_policy *p_r)
{
	enum failure_kind kind = failure_kind_of(f);
	int status = f->status > 0 ? f->status : 500;
	enum failure_row row = ROW_BROKEN;

	if (kind == FAILURE_STATUS)
		row = failure_row_of_status(s, f, status);
	*p_r = failure_rows[row];
	if (row == ROW_RATE_LIMIT && !failure_is_listed(s, status))
		p_r->retry = false;
	if (row == ROW_REFUSED &&
	    settings_is(s, s->routing_fallback_on, "transient"))
		p_r->fallback = p_r->net = false;
	p_r->counts =
	    !f->callers_credential && (kind != FAILURE_STATUS || status >= 500);
	p_r->error_class = kind == FAILURE_STATUS
	                       ? failure_class_of_status(f, status)
	                       : failure_classes[kind];
}

/* ---- after which wait --------------------------------------------------- */

/* Before the wish: at most max_backoff, and a quarter of it. */
static int64_t
retry_backoff_ms(const struct settings *s, const struct retry_rules *r,
    unsigned k, uint32_t draw)
{
	int64_t w = r->retry_after_ms;

	for (; k > 1 && w < s->retry_max_backoff_ms; k--)
		w *= 2;
	if (w > s->retry_max_backoff_ms)
		w = s->retry_max_backoff_ms;
	return w + (int64_t)((__int128)w * draw / UINT32_MAX / 4);
}

int64_t
retry_wait_ms(const struct settings *s, const struct retry_rules *r, unsigned k,
    int64_t wish_ms, uint32_t draw, uint64_t now_ms, uint64_t deadline_ms)
{
	int64_t wait;

	assert(k > 0);
	if (wish_ms > s->retry_max_wait_ms)
		return -1;
	wait = retry_backoff_ms(s, r, k, draw);
	if (wait < wish_ms)
		wait = wish_ms;
	if (deadline_ms <= now_ms || (uint64_t)wait >= deadline_ms - now_ms)
		return -1;
	return wait;
}

/* ---- what the provider wishes ------------------------------------------- */

/* A decimal times 10^scale; 0 for what is none, or is negative. */
static int64_t
retry_decimal_ms(struct slice text, unsigned scale)
{
	struct decimal d;
	uint64_t ms;
	bool rest;

	if (decimal_read(text, &d) != 1 || d.minus)
		return 0;
	ms = decimal_scaled(&d, scale, &rest);
	return ms < (uint64_t)RETRY_WISH_MAX_MS ? (int64_t)ms + rest
	                                        : RETRY_WISH_MAX_MS;
}

static int64_t
retry_until_ms(int64_t then_s, int64_t now_s)
{
	if (then_s <= now_s)
		return 0;
	return then_s - now_s < RETRY_WISH_MAX_MS / 1000
	           ? (then_s - now_s) * 1000
	           : RETRY_WISH_MAX_MS;
}

int64_t
retry_wish_ms(struct slice retry_after_ms, struct slice retry_after,
    int64_t now_s)
{
	int64_t then_s;

	if (retry_after_ms.n > 0)
		return retry_decimal_ms(retry_after_ms, 0);
	if (retry_after.n == 0)
		return -1;
	if (httpdate_read(retry_after, now_s, &then_s))
		return retry_until_ms(then_s, now_s);
	return retry_decimal_ms(retry_after, 3);
}
