#include "setup/blob.h"

#include <assert.h>

#define BLOB_ALIGN 8

static uint32_t
blob_pad(struct blob *b)
{
	static const char zeros[BLOB_ALIGN];
	size_t past = b->bytes.len % BLOB_ALIGN;

	if (past > 0)
		sbuf_add(&b->bytes, zeros, BLOB_ALIGN - past);
	assert(b->bytes.len <= UINT32_MAX);
	return (uint32_t)b->bytes.len;
}

void
blob_init(struct blob *b)
{
	static const struct settings none;

	*b = (struct blob){ .bytes = { 0 } };
	sbuf_add(&b->bytes, &none, sizeof none);
}

void
blob_fini(struct blob *b)
{
	sbuf_free(&b->bytes);
}

struct sref
blob_str(struct blob *b, struct slice text)
{
	struct sref r = { (uint32_t)b->bytes.len, (uint32_t)text.n };

	sbuf_add_slice(&b->bytes, text);
	sbuf_addc(&b->bytes, '\0');
	assert(b->bytes.len <= UINT32_MAX);
	return r;
}

struct slist
blob_list(struct blob *b, const void *elements, size_t size, size_t n)
{
	struct slist l = { blob_pad(b), (uint32_t)n };

	if (n > 0)
		sbuf_add(&b->bytes, elements, size * n);
	return l;
}

struct slice
blob_text(const struct blob *b, struct sref r)
{
	return (struct slice){ b->bytes.data + r.off, r.len };
}

const void *
blob_at(const struct blob *b, struct slist l)
{
	return b->bytes.data + l.off;
}
