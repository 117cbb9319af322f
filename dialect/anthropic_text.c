/* anthropic_text - text, and where its citations lie in it: 5.2, 7.3. */
#include "dialect/anthropic.h"
#include "dialect/chat_priv.h"
#include "dialect/dialect.h"
#include "proto/jstr.h"

void
anthropic_text(struct tell *t, struct slice raw)
{
	struct anthropic_state *st = t->state;

	st->chars += jstr_chars(raw);
	chatout_text(&t->out, raw);
}

/* A citation is an annotation where it has a place and a name. */
void
anthropic_citation(struct tell *t, struct slice citation)
{
	struct slice url = chat_raw(citation, SLICE("url"));
	struct slice title = chat_raw(citation, SLICE("title"));

	if (url.n == 0 || title.n == 0)
		return;
	sbuf_adds(&t->kept, ",\"title\":\"");
	sbuf_add_slice(&t->kept, title);
	sbuf_adds(&t->kept, "\",\"url\":\"");
	sbuf_add_slice(&t->kept, url);
	sbuf_adds(&t->kept, "\"}}\n");
}

void
anthropic_open_text(struct tell *t, struct slice block)
{
	struct anthropic_state *st = t->state;
	struct jscan_iter it;
	struct jscan_item list, item;

	st->block = BLOCK_TEXT;
	st->block_chars = st->chars;
	anthropic_text(t, chat_raw(block, SLICE("text")));
	if (jscan_find(block, SLICE("citations"), &list) != 1 ||
	    list.type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, list.value);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			anthropic_citation(t, item.value);
}

/* Only now it is known which text the citations belong to. */
void
anthropic_close_text(struct tell *t)
{
	struct anthropic_state *st = t->state;

	chatout_citations(&t->out, sbuf_slice(&t->kept), st->block_chars,
	    st->chars);
}
