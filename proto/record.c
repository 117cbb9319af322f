#include "proto/record.h"

#include <assert.h>
#include <string.h>

#include "base/money.h"

enum {
#define NUMBER(form, name, shown, column) NUMBER_##name,
#include "proto/record.def"
	NUMBERS
};

enum {
#define STRING(form, name, shown, column) STRING_##name,
#include "proto/record.def"
	STRINGS
};

/* The numbers and the slices of struct record are two arrays in a row. */
#define FIRST_NUMBER (offsetof(struct record, message) + sizeof(uint64_t))
#define FIRST_STRING (FIRST_NUMBER + NUMBERS * sizeof(int64_t))
static_assert(sizeof(struct record) ==
		  FIRST_STRING + STRINGS * sizeof(struct slice),
    "struct record has holes");

/* Told apart from the records of a build with other fields. */
#define RECORD_LAYOUT (0x48520000u | STRINGS << 8 | NUMBERS)

/* ACCESS: layout, size of the texts, then id, message, numbers as they lie. */
struct access_head {
	uint32_t layout;
	uint32_t texts_len;
	unsigned char fixed[FIRST_STRING];
	uint32_t lens[STRINGS];
};

/*
 * Both ACCESS and CACHE end in texts: their lengths lie in the head, the bytes
 * behind it.  Inline, with n known: this is done for every request.
 */
static inline size_t
record_texts_size(const struct slice *text, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += text[i].n;
	return size;
}

/* Where the texts end that are put at at. */
static inline char *
record_texts_put(const struct slice *text, size_t n, uint32_t *lens, char *at)
{
	for (size_t i = 0; i < n; i++) {
		lens[i] = (uint32_t)text[i].n;
		if (text[i].n > 0)
			memcpy(at, text[i].p, text[i].n);
		at += text[i].n;
	}
	return at;
}

static const struct slice *
record_strings(const struct record *r)
{
	return (
	    const struct slice *)(const void *)((const char *)r + FIRST_STRING);
}

static struct slice *
record_strings_mutable(struct record *r)
{
	return (struct slice *)(void *)((char *)r + FIRST_STRING);
}

void
record_init(struct record *r)
{
	memset(r, 0, sizeof *r);
	r->provider_cost = MONEY_NONE;
}

size_t
record_size(const struct record *r)
{
	return sizeof(struct access_head) +
	       record_texts_size(record_strings(r), STRINGS);
}

void
record_encode(const struct record *r, void *out)
{
	struct access_head head;
	char *texts = (char *)out + sizeof head, *end;

	head.layout = RECORD_LAYOUT;
	memcpy(head.fixed, r, sizeof head.fixed);
	end = record_texts_put(record_strings(r), STRINGS, head.lens, texts);
	head.texts_len = (uint32_t)(end - texts);
	memcpy(out, &head, sizeof head);
}

/*
 * Cut bytes into slices by n lengths.  The lengths come from memory that a
 * wild writer may have touched: all of the bytes must be used up, no more.
 */
static int
record_cut(struct slice bytes, const uint32_t *lens, struct slice *out,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lens[i] > bytes.n)
			return 0;
		out[i] = (struct slice){ bytes.p, lens[i] };
		bytes = slice_skip(bytes, lens[i]);
	}
	return bytes.n == 0;
}

/* Copy the n bytes of a head, which begins with its layout.  0, -1. */
static int
record_head(const char *what, struct slice bytes, uint32_t layout, void *head,
    size_t n, struct err *e)
{
	uint32_t found;

	if (bytes.n < n || bytes.n > RECORD_MAX)
		return err_set(e, ERR_DAMAGED, "%s: %zu bytes", what, bytes.n);
	memcpy(&found, bytes.p, sizeof found);
	if (found != layout)
		return err_set(e, ERR_DAMAGED, "%s: layout %08x", what, found);
	memcpy(head, bytes.p, n);
	return 0;
}

int
record_decode(struct slice bytes, struct record *r, struct err *e)
{
	struct access_head head;

	if (record_head("record", bytes, RECORD_LAYOUT, &head, sizeof head,
		e) == -1)
		return -1;
	memcpy(r, head.fixed, sizeof head.fixed);
	bytes = slice_skip(bytes, sizeof head);
	if (head.texts_len != bytes.n ||
	    !record_cut(bytes, head.lens, record_strings_mutable(r), STRINGS))
		return err_set(e, ERR_DAMAGED, "record: lengths of texts");
	return 0;
}

/* Cut a text of UTF-8 at max bytes, not inside a character. */
static void
record_cut_text(struct slice *text, size_t max)
{
	if (text->n <= max)
		return;
	text->n = max;
	while (text->n > 0 && ((unsigned char)text->p[text->n] & 0xc0) == 0x80)
		text->n--;
}

#define TEXT_MAX 1024
#define JSON_MAX 65536

enum record_form { TEXT, TEXTS, JSON, LIMITS, ATTEMPTS };

size_t
record_limit(struct record *r)
{
	static const unsigned char forms[STRINGS] = {
#define STRING(form, name, shown, column) form,
#include "proto/record.def"
	};
	struct slice *text = record_strings_mutable(r);
	size_t size = record_size(r);

	/* All of them together are shorter than the shortest limit. */
	if (size <= sizeof(struct access_head) + TEXT_MAX)
		return size;
	size = sizeof(struct access_head);
	for (size_t i = 0; i < STRINGS; i++) {
		if (forms[i] == TEXT)
			record_cut_text(&text[i], TEXT_MAX);
		else if (text[i].n > JSON_MAX)
			text[i].n = 0;
		if (size + text[i].n > RECORD_MAX)
			text[i].n = 0;
		size += text[i].n;
	}
	return size;
}

struct body_head {
	uint64_t message;
	uint32_t index;
	uint8_t source, flags;
	uint16_t zero;
};
static_assert(sizeof(struct body_head) == RECORD_BODY_HEAD, "body head");

void
record_body_encode_head(const struct record_body *b, void *out)
{
	const struct body_head head = {
		.message = b->message,
		.index = b->index,
		.source = b->source,
		.flags = b->flags,
	};

	memcpy(out, &head, sizeof head);
}

int
record_body_decode(struct slice bytes, struct record_body *b, struct err *e)
{
	struct body_head head;

	if (bytes.n < sizeof head ||
	    bytes.n > sizeof head + RECORD_FRAGMENT_MAX)
		return err_set(e, ERR_DAMAGED, "body: %zu bytes", bytes.n);
	memcpy(&head, bytes.p, sizeof head);
	if (head.source >= RECORD_SOURCES || head.zero != 0)
		return err_set(e, ERR_DAMAGED, "body: source %u", head.source);
	*b = (struct record_body){
		.message = head.message,
		.index = head.index,
		.source = head.source,
		.flags = head.flags,
		.bytes = slice_skip(bytes, sizeof head),
	};
	return 0;
}

#define CACHE_TEXTS 6

/* The slices of struct record_cache are its last members, in a row. */
static_assert(offsetof(struct record_cache, organization) +
		      CACHE_TEXTS * sizeof(struct slice) ==
		  sizeof(struct record_cache),
    "struct record_cache has holes");

struct cache_head {
	uint32_t layout;
	uint32_t lens[CACHE_TEXTS];
	unsigned char fixed[offsetof(struct record_cache, organization)];
};

#define CACHE_LAYOUT (0x48430000u | sizeof(struct cache_head))

static const struct slice *
record_cache_strings(const struct record_cache *c)
{
	return (
	    const struct slice *)(const void *)((const char *)c +
						offsetof(struct record_cache,
						    organization));
}

size_t
record_cache_size(const struct record_cache *c)
{
	return sizeof(struct cache_head) +
	       record_texts_size(record_cache_strings(c), CACHE_TEXTS);
}

void
record_cache_encode(const struct record_cache *c, void *out)
{
	struct cache_head head = { .layout = CACHE_LAYOUT };

	memcpy(head.fixed, c, sizeof head.fixed);
	record_texts_put(record_cache_strings(c), CACHE_TEXTS, head.lens,
	    (char *)out + sizeof head);
	memcpy(out, &head, sizeof head);
}

int
record_cache_decode(struct slice bytes, struct record_cache *c, struct err *e)
{
	struct cache_head head;

	if (record_head("answer", bytes, CACHE_LAYOUT, &head, sizeof head, e) ==
	    -1)
		return -1;
	memcpy(c, head.fixed, sizeof head.fixed);
	if (!record_cut(slice_skip(bytes, sizeof head), head.lens,
		(struct slice *)(void *)((char *)c +
					 offsetof(struct record_cache,
					     organization)),
		CACHE_TEXTS))
		return err_set(e, ERR_DAMAGED, "answer: lengths of texts");
	if (c->source < RECORD_RESPONSE || c->source > RECORD_NATIVE)
		return err_set(e, ERR_DAMAGED, "answer: source %u", c->source);
	return 0;
}
