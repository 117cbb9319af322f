#include "proto/breakdown.h"

#include <time.h>

#include "base/money.h"
#include "base/sbuf.h"

#define US_PER_S 1000000

static void
breakdown_json(struct sbuf *b, const char *before, struct slice json,
    struct slice absent)
{
	sbuf_adds(b, before);
	sbuf_add_slice(b, json.n > 0 ? json : absent);
}

/* "2024-02-20T01:23:39.329729Z" */
static void
breakdown_timestamp(struct sbuf *b, int64_t us)
{
	time_t s = (time_t)(us / US_PER_S);
	struct tm tm;

	gmtime_r(&s, &tm);
	sbuf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(us % US_PER_S));
}

static void
breakdown_seconds(struct sbuf *b, const char *before, int64_t us)
{
	if (us < 0)
		us = 0;
	sbuf_addf(b, "%s%lld.%06d", before, (long long)(us / US_PER_S),
	    (int)(us % US_PER_S));
}

static const char *
breakdown_bool(bool yes)
{
	return yes ? "true" : "false";
}

void
breakdown_write(struct sbuf *b, const struct breakdown *d)
{
	sbuf_addf(b,
	    "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"cost\":",
	    (long long)d->prompt_tokens, (long long)d->completion_tokens);
	money_write(b, d->cost_nano);
	breakdown_json(b, ",\"prompt_messages\":", d->prompt_messages,
	    SLICE("[]"));
	breakdown_json(b, ",\"completion_message\":", d->completion_message,
	    SLICE("{\"role\":\"assistant\",\"content\":null}"));
	sbuf_adds(b, ",\"model\":");
	sbuf_add_json(b, d->model);
	sbuf_addf(b, ",\"cached\":%s,\"timestamp\":\"",
	    breakdown_bool(d->cached));
	breakdown_timestamp(b, d->arrival_us);
	sbuf_addf(b, "\",\"status_code\":200,\"stream\":%s,",
	    breakdown_bool(d->stream));
	breakdown_seconds(b, "\"latency\":", d->latency_us);
	sbuf_adds(b, ",\"scores\":{},\"category\":\"\"");
	breakdown_json(b, ",\"metadata\":", d->metadata, SLICE("{}"));
	breakdown_seconds(b, ",\"routing_time\":", d->routing_us);
	breakdown_json(b, ",\"full_request\":", d->full_request, SLICE("{}"));
	sbuf_adds(b, ",\"sentiment_score\":0");
	if (d->tokens.n > 0)
		breakdown_json(b, ",\"token_breakdown\":", d->tokens,
		    SLICE(""));
	sbuf_addc(b, '}');
}

void
breakdown_write_chunk(struct sbuf *b, const struct breakdown *d,
    int64_t created)
{
	sbuf_adds(b, "{\"id\":\"request_breakdown\",\"choices\":[{\"delta\":{"
		     "\"content\":null,\"role\":\"assistant\"},"
		     "\"finish_reason\":\"stop\",\"request_breakdown\":");
	breakdown_write(b, d);
	sbuf_addf(b,
	    ",\"index\":0,\"message\":{\"content\":null,"
	    "\"role\":\"assistant\"}}],\"created\":%lld,"
	    "\"model\":\"extra_parameter\","
	    "\"object\":\"chat.completion.chunk\","
	    "\"system_fingerprint\":null,\"usage\":{}}",
	    (long long)created);
}
