#include "proto/relay_error.h"

#include <string.h>

#include "base/sbuf.h"
#include "base/err.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/relay_wish.h"
#include "proto/utf8.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Words that providers use for a status: Gemini, Anthropic, OpenAI. */
static const struct {
	struct slice word;
	int status;
} relay_error_words[] = {
	{ SLICE("INVALID_ARGUMENT"), 400 },
	{ SLICE("FAILED_PRECONDITION"), 400 },
	{ SLICE("UNAUTHENTICATED"), 401 },
	{ SLICE("PERMISSION_DENIED"), 403 },
	{ SLICE("NOT_FOUND"), 404 },
	{ SLICE("RESOURCE_EXHAUSTED"), 429 },
	{ SLICE("INTERNAL"), 500 },
	{ SLICE("UNAVAILABLE"), 503 },
	{ SLICE("DEADLINE_EXCEEDED"), 504 },
	{ SLICE("invalid_request_error"), 400 },
	{ SLICE("authentication_error"), 401 },
	{ SLICE("billing_error"), 402 },
	{ SLICE("permission_error"), 403 },
	{ SLICE("not_found_error"), 404 },
	{ SLICE("request_too_large"), 413 },
	{ SLICE("rate_limit_error"), 429 },
	{ SLICE("rate_limit_exceeded"), 429 },
	{ SLICE("server_error"), 500 },
	{ SLICE("timeout_error"), 504 },
	{ SLICE("overloaded_error"), 529 },
	{ SLICE("api_error"), 500 },
};

static const struct {
	int status;
	const char *type;
} relay_error_types[] = {
	{ 400, "invalid_request_error" },
	{ 401, "authentication_error" },
	{ 403, "permission_error" },
	{ 404, "not_found_error" },
	{ 413, "request_too_large" },
	{ 429, "rate_limit_error" },
	{ 529, "overloaded_error" },
};

const char *
relay_error_type(int status)
{
	size_t i;

	for (i = 0; i < COUNT(relay_error_types); i++)
		if (relay_error_types[i].status == status)
			return relay_error_types[i].type;
	return status >= 500 ? "api_error" : "invalid_request_error";
}

/* Append text to a field of fixed size, cut at a character border. */
static void
relay_error_add(char *field, size_t size, struct slice text)
{
	size_t used = strlen(field), room = size - 1 - used, step;
	const char *p = text.p, *end = text.p + text.n;

	while (p < end) {
		step = utf8_step(p, end);
		if (step == 0 || (size_t)(p - text.p) + step > room)
			break;
		p += step;
	}
	memcpy(field + used, text.p, (size_t)(p - text.p));
	field[used + (size_t)(p - text.p)] = '\0';
}

/* The text of a string or a number; other values say nothing. */
static void
relay_error_take(char *field, size_t size, const struct jscan_item *item)
{
	struct sbuf text = { 0 };

	if (item->type == JSCAN_NUMBER)
		relay_error_add(field, size, item->value);
	if (item->type != JSCAN_STRING)
		return;
	jstr_add(&text, jscan_text(item));
	relay_error_add(field, size, sbuf_slice(&text));
	sbuf_free(&text);
}

static int
relay_error_number(const struct jscan_item *item)
{
	int64_t n;

	if (item->type != JSCAN_NUMBER || jnum_int(item->value, &n) != 1)
		return 0;
	return n >= 400 && n <= 599 ? (int)n : 0;
}

static int
relay_error_word(const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(relay_error_words); i++)
		if (slice_eq(relay_error_words[i].word, slice_str(word)))
			return relay_error_words[i].status;
	return 0;
}

/* Mistral: "message":{"detail":[{"msg":…}]}; the words are joined. */
static void
relay_error_take_details(struct relay_error *r, struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item, text;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item) == 1) {
		text = item;
		if (item.type == JSCAN_OBJECT &&
		    jscan_find(item.value, SLICE("msg"), &text) == 0 &&
		    jscan_find(item.value, SLICE("message"), &text) == 0)
			continue;
		if (r->message[0] != '\0')
			relay_error_add(r->message, sizeof r->message,
			    SLICE("; "));
		relay_error_take(r->message, sizeof r->message, &text);
	}
}

static void
relay_error_take_message(struct relay_error *r, const struct jscan_item *item)
{
	struct jscan_item detail;

	if (r->message[0] != '\0')
		return;
	if (item->type == JSCAN_ARRAY)
		relay_error_take_details(r, item->value);
	else if (item->type != JSCAN_OBJECT)
		relay_error_take(r->message, sizeof r->message, item);
	else if (jscan_find(item->value, SLICE("detail"), &detail) == 1 &&
		 detail.type == JSCAN_ARRAY)
		relay_error_take_details(r, detail.value);
}

/* Gemini's word for a status is the type in lower case. */
static void
relay_error_take_word(struct relay_error *r, const struct jscan_item *item)
{
	char *p;

	relay_error_take(r->type, sizeof r->type, item);
	for (p = r->type; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
}

/* What hides under names that providers share. */
static void
relay_error_read_object(struct relay_error *r, struct slice object, int *status)
{
	static const char *const messages[] = { "message", "Message", "detail",
		"error" };
	struct jscan_item item, word = { .type = JSCAN_NULL };
	size_t i;

	for (i = 0; i < COUNT(messages); i++)
		if (jscan_find(object, slice_str(messages[i]), &item) == 1)
			relay_error_take_message(r, &item);
	if (jscan_find(object, SLICE("type"), &item) == 1 && r->type[0] == '\0')
		relay_error_take(r->type, sizeof r->type, &item);
	if (jscan_find(object, SLICE("status"), &item) == 1) {
		/* Gemini's is a word, Azure's filter has a number. */
		*status = relay_error_number(&item);
		word = item;
		if (item.type == JSCAN_STRING && r->type[0] == '\0')
			relay_error_take_word(r, &item);
	}
	if (jscan_find(object, SLICE("code"), &item) == 1) {
		if (*status == 0)
			*status = relay_error_number(&item);
		if (item.type == JSCAN_NUMBER && word.type == JSCAN_STRING)
			item = word;
		if (r->code[0] == '\0')
			relay_error_take(r->code, sizeof r->code, &item);
	}
	/* Cohere. */
	if (jscan_find(object, SLICE("error_type"), &item) == 1 &&
	    r->code[0] == '\0')
		relay_error_take(r->code, sizeof r->code, &item);
	if (jscan_find(object, SLICE("status_code"), &item) == 1 &&
	    relay_error_number(&item) != 0)
		*status = relay_error_number(&item);
}

/* OpenRouter keeps the inner provider's words in error.metadata.raw. */
static void
relay_error_add_raw(struct relay_error *r, struct slice error)
{
	struct jscan_item raw;

	if (jscan_dig(error, &raw, "metadata", "raw", (char *)NULL) == 0 ||
	    raw.type != JSCAN_STRING)
		return;
	relay_error_add(r->message, sizeof r->message, SLICE(": "));
	relay_error_take(r->message, sizeof r->message, &raw);
}

/* OpenAI's Responses that failed: a code, and no status or type. */
static int
relay_error_of_response(const struct relay_error *r, struct slice object)
{
	struct jscan_item item;

	if (jscan_find(object, SLICE("status"), &item) == 0 ||
	    !jstr_says(&item, SLICE("failed")))
		return 0;
	return relay_error_word(r->code) != 0 ? relay_error_word(r->code) : 400;
}

static void
relay_error_read_top(struct relay_error *r, struct slice object, int *status)
{
	struct jscan_item item;

	if (jscan_find(object, SLICE("error"), &item) == 1 &&
	    item.type == JSCAN_OBJECT) {
		relay_error_read_object(r, item.value, status);
		relay_error_add_raw(r, item.value);
		r->wait_ms = relay_wish_ms(item.value);
		if (*status == 0)
			*status = relay_error_of_response(r, object);
		return;
	}
	relay_error_read_object(r, object, status);
	if (r->message[0] == '\0' &&
	    jscan_find(object, SLICE("errors"), &item) == 1 &&
	    item.type == JSCAN_ARRAY)
		relay_error_take_details(r, item.value);
}

int
relay_error_read(struct slice json, int status, struct relay_error *r)
{
	struct jscan_item item = { .type = JSCAN_NULL };
	struct jscan_iter it;
	struct err e;
	int inside = 0;

	*r = (struct relay_error){ .wait_ms = -1 };
	/* Gemini, when a stream was asked for. */
	if (slice_starts(json, SLICE("data:")))
		json = slice_skip(json, 5);
	if (jscan_value(json, &item, &e) == -1)
		relay_error_add(r->message, sizeof r->message, json);
	else if (item.type == JSCAN_ARRAY) {
		/* Gemini puts its error into an array when a stream failed. */
		jscan_enter(&it, item.value);
		if (jscan_element_next(&it, &item) == 0)
			item.type = JSCAN_NULL;
	}
	if (item.type == JSCAN_OBJECT)
		relay_error_read_top(r, item.value, &inside);
	if (inside == 0)
		inside = relay_error_word(r->type);
	if (inside == 0)
		inside = relay_error_word(r->code);
	r->status = status >= 400 ? status : inside != 0 ? inside : 502;
	if (r->type[0] == '\0')
		strcpy(r->type, relay_error_type(r->status));
	return r->message[0] != '\0';
}
