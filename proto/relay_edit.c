#include "proto/relay_edit.h"

#include <assert.h>

#include "base/sbuf.h"

void
relay_edit_start(struct relay_edit *ed, struct slice text, struct sbuf *b,
    struct slice before)
{
	*ed = (struct relay_edit){ .text = text,
		.b = b,
		.before = before,
		.from = text.p,
		.only_cuts = true };
}

static void
relay_edit_copy(struct relay_edit *ed, const char *to)
{
	assert(to >= ed->from);
	if (!ed->begun)
		sbuf_add_slice(ed->b, ed->before);
	ed->begun = true;
	sbuf_add(ed->b, ed->from, (size_t)(to - ed->from));
	ed->from = to;
}

static void
relay_edit_note(struct relay_edit *ed, struct slice span, size_t put)
{
	if (put > 0 || ed->ncuts == RELAY_CUTS_MAX) {
		ed->only_cuts = false;
		return;
	}
	ed->cuts[ed->ncuts++] =
	    (struct relay_cut){ (unsigned)(span.p - ed->text.p),
		    (unsigned)span.n };
}

void
relay_edit_replace(struct relay_edit *ed, struct slice span, struct slice by)
{
	relay_edit_copy(ed, span.p);
	sbuf_add_slice(ed->b, by);
	ed->from = span.p + span.n;
	relay_edit_note(ed, span, by.n);
}

void
relay_edit_insert(struct relay_edit *ed, const char *at, struct slice text)
{
	relay_edit_replace(ed, (struct slice){ at, 0 }, text);
}

void
relay_edit_remove(struct relay_edit *ed, const char *kept_end,
    const char *start, const char *end)
{
	const char *p = end;

	if (kept_end != NULL) {
		/* The neighbour may have gone with the comma before it. */
		start = kept_end > ed->from ? kept_end : ed->from;
	} else {
		while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
			p++;
		if (*p == ',')
			end = p + 1;
	}
	relay_edit_replace(ed, (struct slice){ start, (size_t)(end - start) },
	    SLICE(""));
}

bool
relay_edit_end(struct relay_edit *ed)
{
	if (ed->begun)
		relay_edit_copy(ed, ed->text.p + ed->text.n);
	return ed->begun;
}
