#include "dialect/plain.h"

#include "dialect/ask.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

/* What stands at a place of the body, and below it. */
struct plain_place {
	struct slice name; /* of a member that is an array; n 0 ends */
	const struct plain_place *below; /* of its elements */
};

static const struct plain_place plain_leaf[] = {
	{ { "", 0 }, NULL },
};

/* Elements of content and of calls are looked into, no deeper. */
static const struct plain_place plain_message[] = {
	{ { "content", 7 }, plain_leaf },
	{ { "tool_calls", 10 }, plain_leaf },
	{ { "", 0 }, NULL },
};

static const struct plain_place plain_top[] = {
	{ { "messages", 8 }, plain_message },
	{ { "tools", 5 }, plain_leaf },
	{ { "", 0 }, NULL },
};

static const struct plain_place *
plain_below(const struct plain_place *places, const struct jscan_item *item)
{
	for (; places->name.n > 0; places++)
		if (item->type == JSCAN_ARRAY && jstr_is(item, places->name))
			return places->below;
	return NULL;
}

static bool
plain_has_calls(struct slice object)
{
	struct jscan_item calls;

	return jscan_find(object, SLICE("tool_calls"), &calls) == 1 &&
	       calls.type == JSCAN_ARRAY;
}

static bool
plain_is_dropped(const struct jscan_item *item, struct slice object,
    const struct plain_keep *keep)
{
	if (jstr_is(item, SLICE("cache_control")))
		return !keep->cache_control;
	if (jstr_is(item, SLICE("reasoning_details")))
		return !keep->reasoning_details;
	if (jstr_is(item, SLICE("extra_content")))
		return !keep->extra_content;
	if (jstr_is(item, SLICE("reasoning_content")))
		return !keep->reasoning_content || !plain_has_calls(object);
	return false;
}

static void plain_array(struct slice array, const struct plain_place *places,
    const struct plain_keep *keep, struct sbuf *out);

/* top: the body itself, whose members are parameters. */
static void
plain_object(struct slice object, const struct plain_place *places,
    const struct plain_keep *keep, struct sbuf *out)
{
	const struct plain_place *below;
	struct jscan_iter it;
	struct jscan_item item;

	sbuf_addc(out, '{');
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (places != plain_top &&
		    plain_is_dropped(&item, object, keep))
			continue;
		ask_comma(out);
		sbuf_addc(out, '"');
		sbuf_add_slice(out, item.name);
		sbuf_adds(out, "\":");
		below = plain_below(places, &item);
		if (below != NULL)
			plain_array(item.value, below, keep, out);
		else
			sbuf_add_slice(out, item.value);
	}
	sbuf_addc(out, '}');
}

static void
plain_array(struct slice array, const struct plain_place *places,
    const struct plain_keep *keep, struct sbuf *out)
{
	struct jscan_iter it;
	struct jscan_item item;

	sbuf_addc(out, '[');
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item)) {
		ask_comma(out);
		if (item.type == JSCAN_OBJECT)
			plain_object(item.value, places, keep, out);
		else
			sbuf_add_slice(out, item.value);
	}
	sbuf_addc(out, ']');
}

void
plain_body(struct slice chat, const struct plain_keep *keep, struct sbuf *out)
{
	plain_object(chat, plain_top, keep, out);
}
