/* converse_text - text, and where its citations lie in it: 5.2, 7.3. */
#include "dialect/converse_priv.h"
#include "proto/jstr.h"

void
converse_text(struct tell *t, struct slice raw, int64_t index)
{
	struct converse_state *st = t->state;

	converse_open(t, CONVERSE_TEXT, index);
	st->chars += jstr_chars(raw);
	chatout_text(&t->out, raw);
}

/* A citation is an annotation where it has an address and a name. */
void
converse_citation(struct tell *t, struct slice citation, int64_t index)
{
	struct slice title = chat_raw(citation, SLICE("title"));
	struct slice location, web, url;

	if (!converse_find(citation, SLICE("location"), JSCAN_OBJECT,
		&location) ||
	    !converse_find(location, SLICE("web"), JSCAN_OBJECT, &web))
		return;
	url = chat_raw(web, SLICE("url"));
	if (url.n == 0 || title.n == 0)
		return;
	converse_open(t, CONVERSE_TEXT, index);
	sbuf_adds(&t->kept, ",\"title\":\"");
	sbuf_add_slice(&t->kept, title);
	sbuf_adds(&t->kept, "\",\"url\":\"");
	sbuf_add_slice(&t->kept, url);
	sbuf_adds(&t->kept, "\"}}\n");
}

/* {"content":[{"text"}],"citations":[...]}: the text is the answer's. */
void
converse_cited(struct tell *t, struct slice block)
{
	struct slice list;
	struct jscan_iter it;
	struct jscan_item item;

	if (converse_find(block, SLICE("content"), JSCAN_ARRAY, &list)) {
		jscan_enter(&it, list);
		while (jscan_element_next(&it, &item))
			if (item.type == JSCAN_OBJECT)
				converse_text(t,
				    chat_raw(item.value, SLICE("text")), -1);
	}
	if (!converse_find(block, SLICE("citations"), JSCAN_ARRAY, &list))
		return;
	jscan_enter(&it, list);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			converse_citation(t, item.value, -1);
}

/* Only now it is known which text the citations belong to. */
void
converse_close_text(struct tell *t)
{
	struct converse_state *st = t->state;

	chatout_citations(&t->out, sbuf_slice(&t->kept), st->begun_at,
	    st->chars);
}
