#include "logger/sink_file.h"

#include <stdio.h>
#include <time.h>

#include "base/hex.h"
#include "base/money.h"

void
sink_jsonl(const struct sink_record *r, bool bodies, struct sbuf *out)
{
	sbuf_add_slice(out, r->line);
	if (bodies)
		record_json_bodies(r->request, r->response, RECORD_ALL, out);
	sbuf_add(out, "}\n", 2);
}

/* A field of a text log: no blank, quote, control or 8-bit byte of it. */
static void
line_add_text(struct sbuf *out, struct slice text, size_t max, bool blanks)
{
	static const char hex[] = "0123456789abcdef";

	if (text.n == 0)
		sbuf_addc(out, '-');
	for (size_t i = 0; i < text.n && i < max; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c > ' ' || (blanks && c == ' ')) && c < 0x7f && c != '"' &&
		    c != '\\') {
			sbuf_addc(out, (char)c);
			continue;
		}
		sbuf_add(out, "\\x", 2);
		sbuf_addc(out, hex[c >> 4]);
		sbuf_addc(out, hex[c & 15]);
	}
}

static const char *
line_cache_word(const struct record *r)
{
	if (r->cache_hit)
		return "hit";
	return r->cache_miss_bit ? "miss" : "off";
}

static void
line_add_date(struct sbuf *out, int64_t real_us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static char text[40];
	static time_t second = -1;
	time_t s = (time_t)(real_us / 1000000);
	struct tm tm;

	if (s != second && gmtime_r(&s, &tm) != NULL) {
		snprintf(text, sizeof text,
		    "[%02d/%.3s/%d:%02d:%02d:%02d +0000]", tm.tm_mday,
		    months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
		second = s;
	}
	sbuf_adds(out, text);
}

static struct slice
line_path(const struct record *r)
{
	struct slice path = r->http_path;

	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '?')
			path.n = i;
	}
	return path;
}

/* The combined format, then name=value pairs (logs.md 9). */
void
sink_access(const struct sink_record *sr, bool bodies, struct sbuf *out)
{
	const struct record *r = sr->record;
	char id[HEX_ID_SIZE];

	(void)bodies;
	line_add_text(out, r->client_address, 64, false);
	sbuf_adds(out, " - ");
	line_add_text(out, r->customer_identifier, 254, false);
	sbuf_addc(out, ' ');
	line_add_date(out, r->timestamp);
	sbuf_adds(out, " \"");
	line_add_text(out, r->http_method, 16, false);
	sbuf_addc(out, ' ');
	line_add_text(out, line_path(r), 1024, false);
	sbuf_addf(out, " HTTP/1.1\" %d %lld \"-\" \"", (int)r->status_code,
	    (long long)r->bytes_sent);
	line_add_text(out, r->user_agent, 512, true);
	sbuf_adds(out, "\" model=");
	line_add_text(out, r->model, 256, false);
	sbuf_addf(out, " tok=%lld>%lld cost=", (long long)r->prompt_tokens,
	    (long long)r->completion_tokens);
	money_write(out, r->cost);
	sbuf_addf(out,
	    " ttft=%.6f cache=%s id=", (double)r->time_to_first_token / 1e6,
	    line_cache_word(r));
	hex_write(sr->record->id, RECORD_ID_SIZE, id);
	sbuf_adds(out, id);
	sbuf_addc(out, '\n');
}

/* What make run shows for each request (operations.md 11). */
void
sink_console(const struct sink_record *sr, bool bodies, struct sbuf *out)
{
	const struct record *r = sr->record;
	time_t s = (time_t)(r->timestamp / 1000000);
	struct tm tm = { 0 };

	(void)bodies;
	localtime_r(&s, &tm);
	sbuf_addf(out, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	line_add_text(out, r->http_method, 16, false);
	sbuf_addc(out, ' ');
	line_add_text(out, line_path(r), 256, false);
	sbuf_addf(out, " %d ", (int)r->status_code);
	line_add_text(out, r->model, 128, false);
	sbuf_addc(out, ' ');
	line_add_text(out, r->customer_identifier, 64, false);
	sbuf_addf(out, " %lld>%lld tok ", (long long)r->prompt_tokens,
	    (long long)r->completion_tokens);
	money_write_dollars(out, r->cost);
	sbuf_addf(out, " ttft %.0f ms total %.0f ms overhead %.2f ms %s\n",
	    (double)r->time_to_first_token / 1e3, (double)r->latency / 1e3,
	    (double)r->overhead / 1e3,
	    r->error_code.n > 0 ? "error" : line_cache_word(r));
}
