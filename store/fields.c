#include "store/fields_priv.h"

#include <stdint.h>
#include <string.h>

#include "base/sbuf.h"

static const size_t field_sizes[] = {
	[FIELD_I64] = 8,
	[FIELD_I32] = 4,
	[FIELD_DIGEST] = 32,
};

void
fields_pack(struct sbuf *b, const struct field *f, size_t n, const void *record)
{
	for (; n > 0; f++, n--) {
		const char *member = (const char *)record + f->offset;
		struct slice text;
		uint32_t len;

		if (f->type != FIELD_TEXT) {
			sbuf_add(b, member, field_sizes[f->type]);
			continue;
		}
		memcpy(&text, member, sizeof text);
		len = (uint32_t)text.n;
		sbuf_add(b, &len, sizeof len);
		sbuf_add_slice(b, text);
	}
}

bool
bytes_take(struct slice *in, size_t n, struct slice *out_r)
{
	if (in->n < n)
		return false;
	*out_r = (struct slice){ in->p, n };
	*in = slice_skip(*in, n);
	return true;
}

static bool
text_take(struct slice *in, void *member)
{
	struct slice head, text;
	uint32_t len;

	if (!bytes_take(in, sizeof len, &head))
		return false;
	memcpy(&len, head.p, sizeof len);
	if (!bytes_take(in, len, &text))
		return false;
	memcpy(member, &text, sizeof text);
	return true;
}

static bool
field_take(struct slice *in, const struct field *f, void *record)
{
	char *member = (char *)record + f->offset;
	struct slice bytes;

	if (f->type == FIELD_TEXT)
		return text_take(in, member);
	if (!bytes_take(in, field_sizes[f->type], &bytes))
		return false;
	memcpy(member, bytes.p, bytes.n);
	return true;
}

bool
fields_take(struct slice *in, const struct field *f, size_t n, void *record)
{
	for (; n > 0; f++, n--)
		if (!field_take(in, f, record))
			return false;
	return true;
}

int
fields_unpack(struct slice in, const struct field *f, size_t n, void *record)
{
	return fields_take(&in, f, n, record) && in.n == 0;
}
