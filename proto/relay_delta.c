#include "proto/relay_delta.h"

#include "proto/jnum.h"
#include "proto/mend.h"
#include "proto/relay.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NULL_WORD SLICE("null")

/* providers.md 5.3, column "others"; any other word means stop. */
static const struct {
	struct slice word, ours;
	unsigned bit;
} relay_finishes[] = {
	{ SLICE("\"stop\""), SLICE("\"stop\""), RELAY_STOP },
	{ SLICE("\"length\""), SLICE("\"length\""), RELAY_LENGTH },
	{ SLICE("\"tool_calls\""), SLICE("\"tool_calls\""), RELAY_TOOL_CALLS },
	{ SLICE("\"content_filter\""), SLICE("\"content_filter\""),
	    RELAY_CONTENT_FILTER },
	{ SLICE("\"function_call\""), SLICE("\"function_call\""),
	    RELAY_FUNCTION_CALL },
	{ SLICE("\"model_length\""), SLICE("\"length\""), RELAY_LENGTH },
	{ SLICE("\"max_tokens\""), SLICE("\"length\""), RELAY_LENGTH },
};

unsigned
relay_delta_finish(const struct jscan_item *finish, struct slice *word_r)
{
	size_t i;

	*word_r = NULL_WORD;
	if (finish->type != JSCAN_STRING || finish->value.n == 2)
		return 0;
	for (i = 0; i < COUNT(relay_finishes); i++)
		if (slice_eq(finish->value, relay_finishes[i].word)) {
			*word_r = relay_finishes[i].ours;
			return relay_finishes[i].bit;
		}
	*word_r = SLICE("\"stop\"");
	return RELAY_STOP;
}

void
relay_delta_native(const struct relay_delta *d, char *out, size_t size)
{
	struct slice word = d->finish_json;

	word = (struct slice){ word.p + 1, word.n - 2 };
	if (word.n > size - 1)
		word.n = size - 1;
	memcpy(out, word.p, word.n);
	out[word.n] = '\0';
}

/* Members of a delta by what they carry. */
enum relay_carries {
	CARRIES_CONTENT,
	CARRIES_TEXT,
	CARRIES_REFUSAL,
	CARRIES_CALLS,
	CARRIES_CALL,
	CARRIES_OTHER,
	CARRIES_ROLE
};

static const struct {
	struct slice name;
	enum relay_carries what;
} relay_carriers[] = {
	{ SLICE("role"), CARRIES_ROLE },
	{ SLICE("content"), CARRIES_CONTENT },
	{ SLICE("reasoning_content"), CARRIES_TEXT },
	{ SLICE("reasoning"), CARRIES_TEXT },
	{ SLICE("refusal"), CARRIES_REFUSAL },
	{ SLICE("tool_calls"), CARRIES_CALLS },
	{ SLICE("function_call"), CARRIES_CALL },
	{ SLICE("audio"), CARRIES_OTHER },
	{ SLICE("reasoning_details"), CARRIES_OTHER },
	{ SLICE("images"), CARRIES_OTHER },
};

static int
relay_carries(const struct jscan_item *item)
{
	size_t i;

	for (i = 0; i < COUNT(relay_carriers); i++)
		if (slice_eq(item->name, relay_carriers[i].name))
			return (int)relay_carriers[i].what;
	return -1;
}

static bool
relay_has_something(const struct jscan_item *item)
{
	switch (item->type) {
	case JSCAN_STRING:
	case JSCAN_ARRAY:
	case JSCAN_OBJECT:
		return item->value.n > 2;
	case JSCAN_NULL:
	case JSCAN_BOOL:
	case JSCAN_NUMBER:
		break;
	}
	return false;
}

static void
relay_delta_text_of(struct relay_delta *d, const struct jscan_item *item)
{
	bool other = d->text_bytes > 0;

	if (!relay_has_something(item))
		return;
	d->has_content = true;
	d->text_bytes += item->value.n - 2;
	d->hole = (struct slice){ NULL, 0 };
	if (item->type == JSCAN_STRING && !other)
		d->hole = item->value;
}

/* call: its bit in the sets of calls. */
static void
relay_delta_arguments(struct relay_delta *d, const struct jscan_item *item,
    uint64_t call)
{
	if (mend_is_odd(item)) {
		d->odd_arguments = true;
		if (item->type != JSCAN_NULL && item->type != JSCAN_STRING)
			d->argued |= call;
	} else if (item->value.n > 2) {
		d->argued |= call;
	}
}

/* {"name":…,"arguments":…}: what the model wrote of a call. */
static void
relay_delta_call(struct relay_delta *d, struct slice function, uint64_t call)
{
	struct jscan_iter it;
	struct jscan_item item;

	d->calls |= call;
	jscan_enter(&it, function);
	while (jscan_member_next(&it, &item) == 1) {
		if (item.type >= JSCAN_STRING)
			d->text_bytes += item.value.n - 2;
		if (slice_eq(item.name, SLICE("arguments")))
			relay_delta_arguments(d, &item, call);
	}
}

/* The bit of a call; none when it is beyond what we count. */
static uint64_t
relay_delta_call_bit(struct relay_delta *d, struct slice call,
    unsigned position)
{
	struct jscan_item item;
	int64_t index = position;

	if (jscan_find(call, SLICE("index"), &item) == 0)
		d->lacks_index = true;
	else if (jnum_int(item.value, &index) != 1)
		return 0;
	return index >= 0 && index < 64 ? (uint64_t)1 << index : 0;
}

static void
relay_delta_calls(struct relay_delta *d, const struct jscan_item *calls)
{
	struct jscan_iter it;
	struct jscan_item call, item;
	unsigned position = 0;
	uint64_t bit;

	d->has_calls_member = true;
	if (calls->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, calls->value);
	for (; jscan_element_next(&it, &call) == 1; position++) {
		d->tool_calls = d->has_content = true;
		if (call.type != JSCAN_OBJECT)
			continue;
		bit = relay_delta_call_bit(d, call.value, position);
		if (jscan_find(call.value, SLICE("function"), &item) == 1 &&
		    item.type == JSCAN_OBJECT)
			relay_delta_call(d, item.value, bit);
	}
}

void
relay_delta_take(struct relay_delta *d, const struct jscan_item *item)
{
	switch (relay_carries(item)) {
	case CARRIES_ROLE:
		d->has_role = true;
		break;
	case CARRIES_CONTENT:
		d->has_content_member = true;
		if (item->type == JSCAN_ARRAY)
			d->has_parts = true;
		else if (item->type == JSCAN_STRING)
			d->content = jscan_text(item);
		relay_delta_text_of(d, item);
		break;
	case CARRIES_TEXT:
		relay_delta_text_of(d, item);
		break;
	case CARRIES_REFUSAL:
		d->refusal = d->refusal || relay_has_something(item);
		relay_delta_text_of(d, item);
		break;
	case CARRIES_CALLS:
		relay_delta_calls(d, item);
		break;
	case CARRIES_CALL:
		if (item->type == JSCAN_OBJECT) {
			d->tool_calls = d->has_content = true;
			relay_delta_call(d, item->value, 0);
		}
		break;
	case CARRIES_OTHER:
		if (relay_has_something(item))
			d->has_content = true;
		break;
	}
}

static void
relay_delta_members(struct relay_delta *d, struct slice object)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item) == 1)
		relay_delta_take(d, &item);
}

static int
relay_delta_choice(struct relay_delta *d, const struct jscan_item *item)
{
	int64_t index;

	if (slice_eq(item->name, SLICE("delta"))) {
		if (item->type != JSCAN_OBJECT) {
			d->odd = true;
			return item->type == JSCAN_NULL ? 0 : -1;
		}
		d->has_delta = true;
		relay_delta_members(d, item->value);
	} else if (slice_eq(item->name, SLICE("finish_reason"))) {
		d->odd = d->odd || d->finish_json.p != NULL;
		d->finish_json = item->value;
		d->finish = relay_delta_finish(item, &d->finish_word);
	} else if (slice_eq(item->name, SLICE("index"))) {
		if (item->type != JSCAN_NUMBER ||
		    jnum_int(item->value, &index) != 1 || index < 0 ||
		    index >= RELAY_CHOICES_MAX)
			return -1;
		d->index = (unsigned)index;
	} else if (slice_eq(item->name, SLICE("message"))) {
		d->has_message = true;
	}
	return 0;
}

int
relay_delta_read(const struct jscan_item *choice, unsigned position,
    struct relay_delta *d_r)
{
	struct jscan_iter it;
	struct jscan_item item;

	*d_r =
	    (struct relay_delta){ .choice = choice->value, .index = position };
	if (choice->type != JSCAN_OBJECT || position >= RELAY_CHOICES_MAX)
		return -1;
	jscan_enter(&it, choice->value);
	while (jscan_member_next(&it, &item) == 1)
		if (relay_delta_choice(d_r, &item) == -1)
			return -1;
	return 0;
}
