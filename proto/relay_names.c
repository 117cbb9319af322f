#include "proto/relay_walk.h"

const struct slice relay_object = { "\"chat.completion.chunk\"", 23 };

struct slice
relay_name(const struct relay *r, enum relay_name which)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < (unsigned)which; i++)
		at += r->name_len[i];
	return (struct slice){ r->names.len > 0 ? r->names.data + at : "",
		r->name_len[which] };
}

static bool
relay_name_is_last(const struct relay *r, enum relay_name which)
{
	unsigned i = (unsigned)which + 1;

	while (i < RELAY_NAMES && r->name_len[i] == 0)
		i++;
	return i == RELAY_NAMES;
}

/* The names are kept in a row; a new one goes to its place, mostly the end. */
void
relay_set_name(struct relay *r, enum relay_name which, struct slice raw)
{
	struct sbuf names = { 0 };
	unsigned i;

	if (relay_name_is_last(r, which)) {
		r->names.len -= r->name_len[which];
		sbuf_add_slice(&r->names, raw);
		r->name_len[which] = (unsigned)raw.n;
		return;
	}
	for (i = 0; i < RELAY_NAMES; i++)
		sbuf_add_slice(&names,
		    i == (unsigned)which ? raw : relay_name(r, i));
	sbuf_free(&r->names);
	r->names = names;
	r->name_len[which] = (unsigned)raw.n;
}

/* What stands in for a name that the provider does not give. */
void
relay_make_name(struct relay *r, enum relay_name which)
{
	struct sbuf b = { 0 };

	if (which == RELAY_NAME_ID)
		sbuf_add_json(&b, r->opts.id);
	else if (which == RELAY_NAME_MODEL)
		sbuf_add_json(&b, r->opts.model);
	else
		sbuf_add_u64(&b, (uint64_t)r->opts.created);
	relay_set_name(r, which, sbuf_slice(&b));
	sbuf_free(&b);
}

bool
relay_name_is_good(enum relay_name which, const struct jscan_item *item)
{
	if (which == RELAY_NAME_CREATED)
		return item->type == JSCAN_NUMBER;
	return item->type == JSCAN_STRING && item->value.n > 2;
}

void
relay_add_names(const struct relay *r, struct sbuf *b)
{
	sbuf_adds(b, "{\"id\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_ID));
	sbuf_adds(b, ",\"object\":");
	sbuf_add_slice(b, relay_object);
	sbuf_adds(b, ",\"created\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_CREATED));
	sbuf_adds(b, ",\"model\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_MODEL));
}
