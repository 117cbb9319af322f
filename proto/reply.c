#include "proto/reply.h"

#include <assert.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/jscan_read.h"
#include "proto/mend.h"
#include "proto/relay.h"
#include "proto/relay_delta.h"

static int
reply_invalid(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_INVALID, "reply: %s", what);
}

/* Members at the top that we read; of those read twice the last one counts. */
enum reply_member {
	REPLY_ID,
	REPLY_MODEL,
	REPLY_USAGE,
	REPLY_CHOICES,
	REPLY_ERROR,
	REPLY_OBJECT,
	REPLY_OTHER
};

static const struct {
	struct slice name;
	enum reply_member which;
} reply_members[] = {
	{ SLICE("id"), REPLY_ID },
	{ SLICE("model"), REPLY_MODEL },
	{ SLICE("usage"), REPLY_USAGE },
	{ SLICE("choices"), REPLY_CHOICES },
	{ SLICE("error"), REPLY_ERROR },
	{ SLICE("object"), REPLY_OBJECT },
};

/* A reply while it is being read. */
struct reply_reader {
	struct jscan_reader scan;
	struct reply *r;
	uint32_t quirks;
	bool has_choices; /* an array; its count is in the reply */
	bool is_error;
};

static enum reply_member
reply_member(const struct jscan_reader *s)
{
	size_t i;

	for (i = 0; i < sizeof reply_members / sizeof *reply_members; i++)
		if (jscan_read_is(s, reply_members[i].name))
			return reply_members[i].which;
	return REPLY_OTHER;
}

static int
reply_read_message(struct jscan_reader *s, struct relay_delta *d,
    struct slice *message_r)
{
	const char *at = s->p;
	struct jscan_item item;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (jscan_read_item(s, &item) != 0)
			return -1;
		relay_delta_take(d, &item);
	}
	*message_r = (struct slice){ at, (size_t)(s->p - at) };
	return more;
}

/* Whether OpenAI's clients would understand it as it stands. */
static bool
reply_mends(const struct relay_delta *d, uint32_t quirks)
{
	return d->has_parts || d->odd_arguments ||
	       (d->calls & ~d->argued) != 0 ||
	       (quirks & QUIRK_THINK_TAG && mend_may_think(d->content));
}

/* What counts of a choice, which is an object. */
static void
reply_take_choice(struct reply_reader *t, const struct relay_delta *d,
    const struct jscan_item *finish, struct slice message)
{
	struct reply *r = t->r;
	struct slice word;
	unsigned bit = relay_delta_finish(finish, &word);

	r->mends = r->mends || bit == 0 || !slice_eq(word, finish->value) ||
	           reply_mends(d, t->quirks);

	/* A plain reply is finished, whether it says so or not. */
	r->finish |= bit != 0 ? bit : RELAY_STOP;
	if (r->choices == 0)
		r->message = message;
	r->text_bytes += d->text_bytes;
	r->tool_calls = r->tool_calls || d->tool_calls;
	r->refusal = r->refusal || d->refusal;
}

/* Of members of one name the first counts. */
static int
reply_read_choice(struct reply_reader *t)
{
	struct jscan_reader *s = &t->scan;
	struct jscan_item item, finish = { .type = JSCAN_NULL };
	struct relay_delta d = { .index = 0 };
	struct slice message = { NULL, 0 };
	bool finished = false, spoke = false;
	int more;

	if (!jscan_read_sees(s, '{'))
		return jscan_read_item(s, &item);
	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (!spoke && jscan_read_is(s, SLICE("message"))) {
			spoke = true;
			if (jscan_read_sees(s, '{')) {
				if (reply_read_message(s, &d, &message) != 0)
					return -1;
				continue;
			}
		}
		if (jscan_read_item(s, &item) != 0)
			return -1;
		if (!finished && jstr_is(&item, SLICE("finish_reason"))) {
			finished = true;
			finish = item;
		}
	}
	reply_take_choice(t, &d, &finish, message);
	return more;
}

static int
reply_read_choices(struct reply_reader *t)
{
	struct jscan_reader *s = &t->scan;
	struct reply *r = t->r;
	int more;

	t->has_choices = true;
	r->choices = r->finish = 0;
	r->text_bytes = 0;
	r->tool_calls = r->refusal = r->mends = false;
	r->message = (struct slice){ NULL, 0 };
	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (reply_read_choice(t) != 0)
			return -1;
		r->choices++;
	}
	return more;
}

static int
reply_read_usage(struct reply_reader *t)
{
	struct jscan_reader *s = &t->scan;
	const char *at = s->p;
	struct usage usage;
	bool found;

	if (usage_scan(s, t->quirks, &usage, &found) != 0)
		return -1;
	t->r->usage_json = (struct slice){ at, (size_t)(s->p - at) };
	if (found) {
		t->r->usage = usage;
		t->r->has_usage = true;
	}
	return 0;
}

static struct slice
reply_text(const struct jscan_item *item)
{
	return item->type == JSCAN_STRING ? jscan_text(item) : SLICE("");
}

static void
reply_take(struct reply_reader *t, enum reply_member which,
    const struct jscan_item *item)
{
	struct reply *r = t->r;

	switch (which) {
	case REPLY_ID:
		r->id = reply_text(item);
		break;
	case REPLY_MODEL:
		r->model = reply_text(item);
		break;
	case REPLY_USAGE:
		r->usage_json = item->value;
		break;
	case REPLY_CHOICES:
		t->has_choices = false;
		break;
	case REPLY_ERROR:
		if (item->type != JSCAN_NULL)
			t->is_error = true;
		break;
	case REPLY_OBJECT:
		if (slice_eq(item->value, SLICE("\"error\"")))
			t->is_error = true;
		break;
	case REPLY_OTHER:
		break;
	}
}

static int
reply_read_member(struct reply_reader *t)
{
	enum reply_member which = reply_member(&t->scan);
	struct jscan_item item;

	if (which == REPLY_CHOICES && jscan_read_sees(&t->scan, '['))
		return reply_read_choices(t);
	if (which == REPLY_USAGE && jscan_read_sees(&t->scan, '{'))
		return reply_read_usage(t);
	if (jscan_read_item(&t->scan, &item) != 0)
		return -1;
	reply_take(t, which, &item);
	return 0;
}

static int
reply_read_members(struct reply_reader *t)
{
	struct jscan_reader *s = &t->scan;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s))
		if (reply_read_member(t) != 0)
			return -1;
	return more;
}

/* A text that is no object: is it at least JSON? */
static int
reply_refuse(struct slice body, struct err *e)
{
	struct jscan_item item;
	struct err why;

	if (jscan_value(body, &item, &why) == -1)
		return reply_invalid(e, why.text);
	return reply_invalid(e, "no object");
}

int
reply_read(struct slice body, uint32_t quirks, struct reply *r, struct err *e)
{
	struct reply_reader t = { .r = r, .quirks = quirks };
	struct err why;

	*r = (struct reply){ .id = SLICE(""), .model = SLICE("") };
	jscan_read_start(&t.scan, body);
	if (!jscan_read_sees(&t.scan, '{'))
		return reply_refuse(body, e);
	r->body.p = t.scan.p;
	if (reply_read_members(&t) == 0)
		r->body.n = (size_t)(t.scan.p - r->body.p);
	if (r->body.n == 0 || jscan_read_end(&t.scan) != 0) {
		jscan_read_fail(&t.scan, body, &why);
		return reply_invalid(e, why.text);
	}
	if (t.is_error) {
		relay_error_read(r->body, 200, &r->error);
		return 0;
	}
	if (!t.has_choices)
		return reply_invalid(e, "choices that are no array");
	return r->choices > 0 ? 1 : reply_invalid(e, "no choice");
}

/* The members that are put behind the last one of the provider. */
static void
reply_add_members(const struct reply *r, const struct reply_edit *edit,
    struct sbuf *b)
{
	if (edit->usage != NULL && r->usage_json.n == 0) {
		sbuf_adds(b, ",\"usage\":");
		usage_write(b, edit->usage);
	}
	if (edit->prompt_message.n > 0) {
		sbuf_adds(b, ",\"prompt_message\":");
		sbuf_add_slice(b, edit->prompt_message);
	}
	if (edit->breakdown.n > 0) {
		sbuf_adds(b, ",\"request_breakdown\":");
		sbuf_add_slice(b, edit->breakdown);
	}
	if (b->len > 0)
		sbuf_addc(b, '}');
}

size_t
reply_slices(const struct reply *r, const struct reply_edit *edit,
    struct sbuf *scratch, struct slice out[REPLY_SLICES])
{
	const char *from = r->body.p, *end = from + r->body.n;
	size_t n = 0, added;

	assert(r->choices > 0);
	sbuf_clear(scratch);
	reply_add_members(r, edit, scratch);
	added = scratch->len;
	if (edit->usage != NULL && r->usage_json.n > 0) {
		usage_write(scratch, edit->usage);
		out[n++] =
		    (struct slice){ from, (size_t)(r->usage_json.p - from) };
		out[n++] = slice_skip(sbuf_slice(scratch), added);
		from = r->usage_json.p + r->usage_json.n;
	}
	if (added > 0)
		end--;
	out[n++] = (struct slice){ from, (size_t)(end - from) };
	if (added > 0)
		out[n++] = (struct slice){ scratch->data, added };
	return n;
}
