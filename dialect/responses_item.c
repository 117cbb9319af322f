/* responses_item - an item of the output of OpenAI's Responses. */
#include "base/err.h"
#include "dialect/chat_priv.h"
#include "dialect/responses_priv.h"

static const struct {
	struct slice type, member;
	void (*tell)(struct chatout *o, struct slice raw);
} part_types[] = {
	{ SLICE("output_text"), SLICE("text"), chatout_text },
	{ SLICE("refusal"), SLICE("refusal"), chatout_refusal },
	{ SLICE("summary_text"), SLICE("text"), chatout_reasoning },
	{ SLICE("reasoning_text"), SLICE("text"), chatout_reasoning },
};

typedef void part_fn(struct tell *t, struct slice part);

static void
responses_each(struct tell *t, struct slice list, part_fn *fn)
{
	struct jscan_iter it;
	struct jscan_item part;

	if (list.n == 0 || *list.p != '[')
		return;
	jscan_enter(&it, list);
	while (jscan_element_next(&it, &part))
		if (part.type == JSCAN_OBJECT)
			fn(t, part.value);
}

static void
responses_text(struct tell *t, struct slice part)
{
	struct jscan_item type;

	if (jscan_find(part, SLICE("type"), &type) != 1)
		return;
	for (size_t i = 0; i < sizeof part_types / sizeof *part_types; i++)
		if (jstr_says(&type, part_types[i].type))
			part_types[i].tell(&t->out,
			    chat_raw(part, part_types[i].member));
}

/* {"type":"url_citation",...} becomes {...,"url_citation":{...}}. */
static void
responses_annotation(struct tell *t, struct slice annotation)
{
	static const struct slice names[] = { SLICE("start_index"),
		SLICE("end_index"), SLICE("title") };
	struct jscan_item item;
	struct sbuf b = { 0 };

	if (jscan_find(annotation, SLICE("type"), &item) != 1 ||
	    !jstr_says(&item, SLICE("url_citation")) ||
	    jscan_find(annotation, SLICE("url"), &item) != 1)
		return;
	sbuf_adds(&b, "{\"type\":\"url_citation\",\"url_citation\":{\"url\":");
	sbuf_add_slice(&b, item.value);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (chat_json(annotation, names[i]).n == 0)
			continue;
		sbuf_adds(&b, ",\"");
		sbuf_add_slice(&b, names[i]);
		sbuf_adds(&b, "\":");
		sbuf_add_slice(&b, chat_json(annotation, names[i]));
	}
	sbuf_adds(&b, "}}");
	chatout_annotation(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
responses_annotations(struct tell *t, struct slice part)
{
	responses_each(t, chat_json(part, SLICE("annotations")),
	    responses_annotation);
}

void
responses_logprobs(struct tell *t, struct slice list)
{
	struct sbuf b = { 0 };

	if (jscan_count(list) == 0)
		return;
	sbuf_adds(&b, "{\"content\":");
	sbuf_add_slice(&b, list);
	sbuf_adds(&b, ",\"refusal\":null}");
	chatout_logprobs(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
responses_part_logprobs(struct tell *t, struct slice part)
{
	responses_logprobs(t, chat_json(part, SLICE("logprobs")));
}

void
responses_in_message(struct tell *t)
{
	struct responses_state *s = t->state;

	if (!s->in_message)
		s->carried++;
	s->in_message = true;
}

static int
responses_message(struct tell *t, struct slice item, bool said)
{
	struct slice content = chat_json(item, SLICE("content"));

	responses_in_message(t);
	if (!said) {
		responses_each(t, content, responses_text);
		responses_each(t, content, responses_part_logprobs);
	}
	responses_each(t, content, responses_annotations);
	return 0;
}

/* Behind the member that differs; which item it is of, and where that was. */
static void
responses_detail_end(struct tell *t, struct slice item, struct sbuf *b)
{
	const struct responses_state *s = t->state;
	struct slice id = chat_raw(item, SLICE("id"));
	struct slice format = chat_raw(item, SLICE("format"));

	if (id.n > 0) {
		sbuf_adds(b, "\",\"id\":\"");
		sbuf_add_slice(b, id);
	}
	sbuf_adds(b, "\",\"format\":\"");
	sbuf_add_slice(b, format.n > 0 ? format : SLICE(RESPONSES_FORMAT));
	sbuf_adds(b, "\",\"index\":");
	sbuf_add_u64(b, s->carried);
	sbuf_addc(b, '}');
	chatout_detail(&t->out, sbuf_slice(b));
	sbuf_clear(b);
}

/* Only what is encrypted can be given back (providers.md 9). */
static void
responses_details(struct tell *t, struct slice item)
{
	struct slice data = chat_raw(item, SLICE("encrypted_content"));
	struct slice summary = chat_json(item, SLICE("summary"));
	struct jscan_iter it;
	struct jscan_item part;
	struct sbuf b = { 0 };

	if (data.n == 0)
		return;
	if (jscan_count(summary) > 0) {
		jscan_enter(&it, summary);
		while (jscan_element_next(&it, &part)) {
			if (part.type != JSCAN_OBJECT)
				continue;
			sbuf_adds(&b, "{\"type\":\"reasoning.summary\","
				      "\"summary\":\"");
			sbuf_add_slice(&b, chat_raw(part.value, SLICE("text")));
			responses_detail_end(t, item, &b);
		}
	}
	sbuf_adds(&b, "{\"type\":\"reasoning.encrypted\",\"data\":\"");
	sbuf_add_slice(&b, data);
	responses_detail_end(t, item, &b);
	sbuf_free(&b);
}

static int
responses_reasoning(struct tell *t, struct slice item, bool said)
{
	if (!said) {
		responses_each(t, chat_json(item, SLICE("summary")),
		    responses_text);
		responses_each(t, chat_json(item, SLICE("content")),
		    responses_text);
	}
	responses_details(t, item);
	return 0;
}

int
responses_call(struct tell *t, struct slice item)
{
	struct responses_state *s = t->state;
	struct slice id = chat_raw(item, SLICE("call_id"));

	if (id.n == 0)
		id = chat_raw(item, SLICE("id"));
	s->carried++;
	return chatout_call(&t->out, id, chat_raw(item, SLICE("name")),
	    SLICE(""));
}

void
responses_arguments(struct tell *t, struct slice item)
{
	struct jscan_item arguments;

	if (jscan_find(item, SLICE("arguments"), &arguments) != 1)
		return;
	if (arguments.type == JSCAN_STRING)
		chatout_arguments(&t->out, jscan_text(&arguments));
	else if (arguments.type == JSCAN_OBJECT)
		chatout_arguments_json(&t->out, arguments.value);
}

static int
responses_function_call(struct tell *t, struct slice item, bool said)
{
	if (said)
		return 0;
	if (responses_call(t, item) != 0)
		return -1;
	responses_arguments(t, item);
	chatout_call_end(&t->out);
	return 0;
}

static const struct {
	struct slice type;
	int (*tell)(struct tell *t, struct slice item, bool said);
} item_types[] = {
	{ SLICE("message"), responses_message },
	{ SLICE("reasoning"), responses_reasoning },
	{ SLICE("function_call"), responses_function_call },
};

bool
responses_is_call(struct slice item)
{
	struct jscan_item type;

	return jscan_find(item, SLICE("type"), &type) == 1 &&
	       jstr_says(&type, SLICE("function_call"));
}

int
responses_item(struct tell *t, struct slice item, bool said)
{
	struct jscan_item type;

	if (jscan_find(item, SLICE("type"), &type) != 1)
		return 0;
	for (size_t i = 0; i < sizeof item_types / sizeof *item_types; i++)
		if (jstr_says(&type, item_types[i].type))
			return item_types[i].tell(t, item, said);
	return 0;
}
