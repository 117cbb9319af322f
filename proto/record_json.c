#include "proto/record_json.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "proto/record.h"
#include "proto/record_detail.h"

/* What a derived field is made of. */
struct record_line {
	const struct record *r;
	const struct record_origin *origin;
};

/* What unpacking may add to limit_info and attempts, of a dozen each. */
#define DETAIL_ROOM 16384

/* The longest field name, number and punctuation; ESCAPED for each byte. */
#define ROW_MAX 80
#define ESCAPED 6

#define TIME_MAX_US 253402300799999999 /* the end of the year 9999 */

/* Room is made once for each record: these need no check of their own. */
static inline void
put(struct sbuf *b, const char *p, size_t n)
{
	memcpy(b->data + b->len, p, n);
	b->len += n;
}

static void
put_u64(struct sbuf *b, uint64_t n)
{
	char room[DECIMAL_DIGITS];
	struct slice digits = decimal_write(n, room);

	put(b, digits.p, digits.n);
}

/* A fixed number of fraction digits: 1053315 with 6 is 1.053315. */
static void
put_fixed(struct sbuf *b, uint64_t n, unsigned places)
{
	char digits[7];
	uint64_t scale = places == 6 ? 1000000 : 1000;

	put_u64(b, n / scale);
	n %= scale;
	digits[0] = '.';
	for (unsigned i = places; i > 0; i--, n /= 10)
		digits[i] = (char)('0' + n % 10);
	put(b, digits, places + 1);
}

void
record_json_time(int64_t real_us, struct sbuf *out)
{
	static char text[NOW_ISO_SIZE];
	static int64_t second = -1;
	uint64_t fraction = (uint64_t)real_us % 1000000;

	if (real_us / 1000000 != second) {
		now_iso(real_us, text);
		second = real_us / 1000000;
	}
	for (unsigned i = 25; i >= 20; i--, fraction /= 10)
		text[i] = (char)('0' + fraction % 10);
	sbuf_add(out, text, NOW_ISO_SIZE - 1);
}

static void
put_id(struct sbuf *b, const unsigned char *id, size_t n)
{
	char text[HEX_ID_SIZE];

	hex_write(id, n, text);
	put(b, "\"", 1);
	put(b, text, 2 * n);
	put(b, "\"", 1);
}

static void
derive_id(const struct record_line *line, struct sbuf *out)
{
	put_id(out, line->r->id, RECORD_ID_SIZE);
}

static void
derive_full_unique_id(const struct record_line *line, struct sbuf *out)
{
	put_id(out, line->r->id, RECORD_ID_SIZE);
}

static void
derive_unique_id(const struct record_line *line, struct sbuf *out)
{
	put_id(out, line->r->id, 4);
	out->data[out->len - 2] = '"'; /* 7 digits, not 8 */
	out->len--;
}

static void
derive_unique_organization_id(const struct record_line *line, struct sbuf *out)
{
	record_json_text(line->r->organization_id, out);
}

static void
derive_usage_estimated(const struct record_line *line, struct sbuf *out)
{
	struct slice source = line->r->usage_source;

	if (slice_eq(source, SLICE("bound")) ||
	    slice_eq(source, SLICE("orphan")))
		put(out, "true", 4);
	else
		put(out, "false", 5);
}

static void
derive_error_bit(const struct record_line *line, struct sbuf *out)
{
	put(out, slice_eq(line->r->status, SLICE("success")) ? "0" : "1", 1);
}

static void
put_time(struct sbuf *b, int64_t real_us)
{
	if (real_us <= 0 || real_us > TIME_MAX_US) {
		put(b, "null", 4);
		return;
	}
	put(b, "\"", 1);
	record_json_time(real_us, b);
	put(b, "\"", 1);
}

static void
derive_start_time(const struct record_line *line, struct sbuf *out)
{
	put_time(out, line->r->timestamp);
}

static void
derive_tokens_per_second(const struct record_line *line, struct sbuf *out)
{
	uint64_t latency_us = (uint64_t)line->r->latency;
	uint64_t tokens = (uint64_t)line->r->completion_tokens;

	if (line->r->latency <= 0 || tokens > INT32_MAX)
		put(out, "0", 1);
	else
		put_fixed(out,
		    (tokens * 1000000000 + latency_us / 2) / latency_us, 3);
}

static void
derive_worker(const struct record_line *line, struct sbuf *out)
{
	put_u64(out, line->origin->lane);
}

static void
derive_lane_seq(const struct record_line *line, struct sbuf *out)
{
	put_u64(out, line->origin->seq);
}

enum row_kind { ROW_NUMBER, ROW_STRING, ROW_DERIVED, ROW_CONSTANT };
enum row_form {
	INT,
	MONEY,
	MAYBE_MONEY,
	SECONDS,
	TIME,
	BOOL,
	TEXT,
	TEXTS,
	JSON,
	LIMITS,
	ATTEMPTS
};
enum row_shown { ALWAYS, LIST, DETAIL, HIDDEN };

static const struct record_row {
	const char *key; /* ,"name": */
	unsigned char key_len, kind, form, shown;
	unsigned short offset;
	void (*derive)(const struct record_line *line, struct sbuf *out);
	const char *constant;
} rows[] = {
#define ROW_KEY(name) ",\"" #name "\":", sizeof(",\"" #name "\":") - 1
#define NUMBER(form, name, shown, column)                                      \
	{ ROW_KEY(name), ROW_NUMBER, form, shown,                              \
		offsetof(struct record, name), NULL, NULL },
#define STRING(form, name, shown, column)                                      \
	{ ROW_KEY(name), ROW_STRING, form, shown,                              \
		offsetof(struct record, name), NULL, NULL },
#define DERIVED(name, shown, json)                                             \
	{ ROW_KEY(name), ROW_DERIVED, 0, shown, 0, derive_##name, NULL },
#define CONSTANT(name, shown, json)                                            \
	{ ROW_KEY(name), ROW_CONSTANT, 0, shown, 0, NULL, json },
#include "proto/record.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

static uint64_t
not_negative(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

static void
put_number(struct sbuf *b, enum row_form form, int64_t n)
{
	switch (form) {
	case MAYBE_MONEY:
	case MONEY:
		money_write(b, n);
		break;
	case SECONDS:
		put_fixed(b, not_negative(n), 6);
		break;
	case TIME:
		put_time(b, n);
		break;
	case BOOL:
		put(b, n ? "true" : "false", n ? 4 : 5);
		break;
	default:
		if (n < 0)
			put(b, "-", 1);
		put_u64(b, n < 0 ? -(uint64_t)n : (uint64_t)n);
	}
}

static void
put_string(struct sbuf *b, enum row_form form, struct slice text)
{
	if (form == TEXT)
		record_json_text(text, b);
	else if (form == TEXTS)
		record_json_texts(text, b);
	else if (form == LIMITS)
		record_limits_json(text, b);
	else if (form == ATTEMPTS)
		record_attempts_json(text, b);
	else
		record_json_compact(text, b);
}

/* Left out of a line: what is null, and constants without a content. */
static bool
row_is_empty(const struct record_row *row, int64_t n, struct slice text)
{
	switch ((enum row_kind)row->kind) {
	case ROW_NUMBER:
		return row->form == MAYBE_MONEY ? n == MONEY_NONE
		                                : row->form == TIME && n == 0;
	case ROW_STRING:
		return text.n == 0;
	case ROW_CONSTANT:
		return strlen(row->constant) == 2; /* "" or {} */
	default:
		return false;
	}
}

static void
put_row(struct sbuf *b, const struct record_row *row,
    const struct record_line *line)
{
	const char *field = (const char *)line->r + row->offset;
	struct slice text = { NULL, 0 };
	int64_t n = 0;

	if (row->kind == ROW_NUMBER)
		memcpy(&n, field, sizeof n);
	else if (row->kind == ROW_STRING)
		memcpy(&text, field, sizeof text);
	if (row->shown == HIDDEN ||
	    (row->shown != ALWAYS && row_is_empty(row, n, text)))
		return;
	put(b, row->key, row->key_len);
	if (row->kind == ROW_NUMBER)
		put_number(b, row->form, n);
	else if (row->kind == ROW_STRING)
		put_string(b, row->form, text);
	else if (row->kind == ROW_DERIVED)
		row->derive(line, b);
	else
		put(b, row->constant, strlen(row->constant));
}

void
record_json(const struct record *r, const struct record_origin *origin,
    struct sbuf *out)
{
	const struct record_line line = { r, origin };
	size_t start = out->len;

	sbuf_reserve(out,
	    ROWS * ROW_MAX + ESCAPED * record_size(r) + DETAIL_ROOM);
	for (size_t i = 0; i < ROWS; i++)
		put_row(out, &rows[i], &line);
	out->data[start] = '{'; /* in place of the first comma */
	out->data[out->len] = '\0';
}
