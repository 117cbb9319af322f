/* in_anthropic_media - images and documents. */
#include "dialect/in_anthropic_priv.h"

#define DOCUMENT_NAME SLICE("document.pdf")

/* 1 with the object and its type, or 0. */
static int
in_source(struct slice block, struct slice *source_r, struct jscan_item *type_r)
{
	struct jscan_item source;

	if (in_find(block, SLICE("source"), &source) != 1 ||
	    source.type != JSCAN_OBJECT)
		return 0;
	*source_r = source.value;
	return in_find(source.value, SLICE("type"), type_r);
}

int
in_anthropic_image(struct in_content *c, struct slice block)
{
	struct slice source;
	struct jscan_item type;

	if (in_source(block, &source, &type) != 1)
		return 0;
	if (jstr_says(&type, SLICE("base64")))
		in_add_image(in_content_part(c),
		    chat_raw(source, SLICE("media_type")),
		    chat_raw(source, SLICE("data")), in_mark(block));
	else if (jstr_says(&type, SLICE("url")))
		in_add_image_url(in_content_part(c),
		    chat_raw(source, SLICE("url")), in_mark(block));
	else
		return 0;
	return 1;
}

int
in_anthropic_document(struct in_content *c, struct slice block)
{
	struct slice source, name = chat_raw(block, SLICE("title"));
	struct jscan_item type, content;

	if (in_source(block, &source, &type) != 1)
		return 0;
	if (jstr_says(&type, SLICE("base64"))) {
		in_add_file(in_content_part(c),
		    name.n > 0 ? name : DOCUMENT_NAME,
		    chat_raw(source, SLICE("media_type")),
		    chat_raw(source, SLICE("data")), in_mark(block));
		return 1;
	}
	/* A text is a text, whatever it is called. */
	if (jstr_says(&type, SLICE("text"))) {
		in_content_text(c, chat_raw(source, SLICE("data")),
		    in_mark(block));
		return 1;
	}
	if (jstr_says(&type, SLICE("content")) &&
	    in_find(source, SLICE("content"), &content) == 1 &&
	    content.type == JSCAN_STRING) {
		in_content_text(c, jscan_text(&content), in_mark(block));
		return 1;
	}
	return 0;
}
