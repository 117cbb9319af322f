/* relay_delta_edit - what has to change in a choice of a chunk. */
#include "base/sbuf.h"
#include "proto/relay_delta.h"
#include "proto/relay_edit.h"

#define NULL_WORD SLICE("null")

static bool
relay_is_empty_object(struct slice object)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, object);
	return jscan_member_next(&it, &item) == 0;
}

/* Whether a member of the delta goes out. */
static bool
relay_delta_keeps(struct slice delta, unsigned want)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, delta);
	while (jscan_member_next(&it, &item) == 1)
		if (!(want & RELAY_DROP_ROLE) ||
		    !slice_eq(item.name, SLICE("role")))
			return true;
	return false;
}

/* What stands in front of a delta's members. */
static void
relay_delta_front(const struct relay_delta *d, unsigned want, struct sbuf *b)
{
	if (want & RELAY_NEED_ROLE && !d->has_role)
		sbuf_adds(b, "\"role\":\"assistant\"");
	relay_mend_extra(d, b);
}

static void
relay_delta_edit_delta(const struct relay_delta *d, struct relay_edit *ed,
    struct slice delta, unsigned want)
{
	struct jscan_iter it;
	struct jscan_item item;
	const char *kept_end = NULL;
	struct sbuf front = { 0 };

	relay_delta_front(d, want, &front);
	if (front.len > 0) {
		if (relay_delta_keeps(delta, want))
			sbuf_addc(&front, ',');
		relay_edit_insert(ed, delta.p + 1, sbuf_slice(&front));
	}
	sbuf_free(&front);
	jscan_enter(&it, delta);
	while (jscan_member_next(&it, &item) == 1) {
		if (want & RELAY_DROP_ROLE &&
		    slice_eq(item.name, SLICE("role"))) {
			relay_edit_remove(ed, kept_end, item.name.p - 1,
			    item.value.p + item.value.n);
			continue;
		}
		if (slice_eq(item.name, SLICE("role")) &&
		    !slice_eq(item.value, SLICE("\"assistant\"")))
			relay_edit_replace(ed, item.value,
			    SLICE("\"assistant\""));
		relay_mend_member(d, ed, &item, false);
		kept_end = item.value.p + item.value.n;
	}
}

static void
relay_delta_edit_finish(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *item, unsigned want)
{
	struct slice word =
	    want & RELAY_HOLD_FINISH ? NULL_WORD : d->finish_word;

	if (!slice_eq(item->value, word))
		relay_edit_replace(ed, item->value, word);
}

/* Add the delta that a choice must have, behind its other members. */
static void
relay_delta_add(const struct relay_delta *d, struct relay_edit *ed,
    unsigned want)
{
	const char *end = d->choice.p + d->choice.n - 1;
	struct sbuf b = { 0 };

	if (!relay_is_empty_object(d->choice))
		sbuf_addc(&b, ',');
	sbuf_adds(&b, "\"delta\":{");
	relay_delta_front(d, want, &b);
	sbuf_addc(&b, '}');
	relay_edit_insert(ed, end, sbuf_slice(&b));
	sbuf_free(&b);
}

/* Nothing is wrong with it: the usual piece of a stream. */
static bool
relay_delta_is_fine(const struct relay_delta *d, unsigned want)
{
	if (!d->has_delta || d->has_role || d->lacks_index || d->odd ||
	    d->has_parts || d->odd_arguments || d->words != NULL ||
	    d->missing != 0 || want & (RELAY_NEED_ROLE | RELAY_HOLD_FINISH) ||
	    (d->has_message && want & RELAY_DROP_MESSAGE))
		return false;
	return d->finish_json.p == NULL ||
	       slice_eq(d->finish_json, d->finish_word);
}

void
relay_delta_edit(const struct relay_delta *d, struct relay_edit *ed,
    unsigned want)
{
	struct jscan_iter it;
	struct jscan_item item;
	const char *kept_end = NULL, *end;

	if (relay_delta_is_fine(d, want))
		return;
	jscan_enter(&it, d->choice);
	while (jscan_member_next(&it, &item) == 1) {
		end = item.value.p + item.value.n;
		if ((want & RELAY_DROP_MESSAGE &&
			slice_eq(item.name, SLICE("message"))) ||
		    (item.type != JSCAN_OBJECT &&
			slice_eq(item.name, SLICE("delta")))) {
			relay_edit_remove(ed, kept_end, item.name.p - 1, end);
			continue;
		}
		if (slice_eq(item.name, SLICE("delta")))
			relay_delta_edit_delta(d, ed, item.value, want);
		else if (slice_eq(item.name, SLICE("finish_reason")))
			relay_delta_edit_finish(d, ed, &item, want);
		kept_end = end;
	}
	if (!d->has_delta)
		relay_delta_add(d, ed, want);
}
