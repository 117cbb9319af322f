/* in_write - pieces of a chat body. */
#include "dialect/in_priv.h"

/* spec/providers.md 10.1: below the first low, below the second medium. */
#define BUDGET_LOW 2048
#define BUDGET_MEDIUM 12000

static void
in_close_part(struct sbuf *b, struct slice cache_control)
{
	ask_json(b, "cache_control", cache_control);
	sbuf_addc(b, '}');
}

void
in_add_text(struct sbuf *b, struct slice raw, struct slice cache_control)
{
	sbuf_adds(b, "{\"type\":\"text\"");
	ask_text(b, "text", raw);
	in_close_part(b, cache_control);
}

static void
in_add_data_url(struct sbuf *b, struct slice type, struct slice data)
{
	sbuf_adds(b, "\"data:");
	sbuf_add_slice(b, type);
	sbuf_adds(b, ";base64,");
	sbuf_add_slice(b, data);
	sbuf_addc(b, '"');
}

void
in_add_image(struct sbuf *b, struct slice type, struct slice data,
    struct slice cache_control)
{
	sbuf_adds(b, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
	in_add_data_url(b, type, data);
	sbuf_addc(b, '}');
	in_close_part(b, cache_control);
}

void
in_add_image_url(struct sbuf *b, struct slice raw, struct slice cache_control)
{
	sbuf_adds(b, "{\"type\":\"image_url\",\"image_url\":{");
	ask_text(b, "url", raw);
	sbuf_addc(b, '}');
	in_close_part(b, cache_control);
}

void
in_add_file(struct sbuf *b, struct slice name, struct slice type,
    struct slice data, struct slice cache_control)
{
	sbuf_adds(b, "{\"type\":\"file\",\"file\":{");
	ask_text(b, "filename", name);
	ask_name(b, "file_data");
	in_add_data_url(b, type, data);
	sbuf_addc(b, '}');
	in_close_part(b, cache_control);
}

static void
in_add_detail(struct sbuf *b, const char *type)
{
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"");
	sbuf_adds(b, type);
	sbuf_addc(b, '"');
}

void
in_add_thinking(struct sbuf *b, struct slice text, struct slice signature,
    const char *format, unsigned index)
{
	in_add_detail(b, "reasoning.text");
	ask_text(b, "text", text);
	ask_text(b, "signature", signature);
	ask_text(b, "format", slice_str(format));
	ask_int(b, "index", index);
	sbuf_addc(b, '}');
}

void
in_add_encrypted(struct sbuf *b, struct slice data, const char *format,
    unsigned index)
{
	in_add_detail(b, "reasoning.encrypted");
	ask_text(b, "data", data);
	ask_text(b, "format", slice_str(format));
	ask_int(b, "index", index);
	sbuf_addc(b, '}');
}

struct sbuf *
in_content_part(struct in_content *c)
{
	if (c->n++ > 0)
		sbuf_addc(&c->parts, ',');
	c->lone = (struct slice){ NULL, 0 };
	return &c->parts;
}

void
in_content_text(struct in_content *c, struct slice raw,
    struct slice cache_control)
{
	in_add_text(in_content_part(c), raw, cache_control);
	if (c->n == 1 && cache_control.n == 0)
		c->lone = raw;
}

void
in_content_end(struct in_content *c, struct sbuf *chat, const char *empty)
{
	if (c->n == 0) {
		ask_json(chat, "content", slice_str(empty));
	} else if (c->lone.p != NULL) {
		ask_text(chat, "content", c->lone);
	} else {
		ask_name(chat, "content");
		sbuf_addc(chat, '[');
		sbuf_add_slice(chat, sbuf_slice(&c->parts));
		sbuf_addc(chat, ']');
	}
	sbuf_free(&c->parts);
	*c = (struct in_content){ .n = 0 };
}

void
in_add_array(struct sbuf *b, const char *name, const struct sbuf *elements)
{
	if (elements->len == 0)
		return;
	ask_name(b, name);
	sbuf_addc(b, '[');
	sbuf_add_slice(b, sbuf_slice(elements));
	sbuf_addc(b, ']');
}

void
in_add_effort(struct sbuf *b, int64_t budget)
{
	const char *word = budget == 0              ? "none"
	                   : budget < BUDGET_LOW    ? "low"
	                   : budget < BUDGET_MEDIUM ? "medium"
	                                            : "high";

	ask_text(b, "reasoning_effort", slice_str(word));
}
