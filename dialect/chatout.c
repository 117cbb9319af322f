#include "dialect/chatout.h"

#include "base/err.h"
#include "dialect/mint.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

void
chatout_fini(struct chatout *o)
{
	sbuf_free(&o->named);
	sbuf_free(&o->wrapped);
	sbuf_free(&o->last);
}

void
chatout_model(struct chatout *o, struct slice raw)
{
	if (o->named.len == 0)
		sbuf_add_slice(&o->named, raw);
}

int
chatout_choice(struct chatout *o, unsigned index)
{
	if (index >= CHATOUT_CHOICES)
		return -1;
	o->at = index;
	return 0;
}

static struct chatout_choice *
chatout_at(struct chatout *o)
{
	return &o->choices[o->at];
}

/* A provider's JSON on one line: its line ends would end the frame. */
static void
chatout_add_json(struct chatout *o, struct slice json)
{
	size_t from = o->b->len;

	sbuf_add_slice(o->b, json);
	for (char *p = o->b->data + from; from < o->b->len; p++, from++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
}

/* data: {"id":...,"model":..., up to what the chunk is about. */
static void
chatout_head(struct chatout *o)
{
	struct sbuf *b = o->b;

	sbuf_adds(b, "data: {\"id\":\"");
	sbuf_add_slice(b, o->id);
	sbuf_adds(b, "\",\"object\":\"chat.completion.chunk\",\"created\":");
	sbuf_add_u64(b, (uint64_t)o->created_s);
	sbuf_adds(b, ",\"model\":\"");
	if (o->named.len > 0)
		sbuf_add_slice(b, sbuf_slice(&o->named));
	else
		sbuf_add_json_part(b, o->model);
	sbuf_adds(b, "\",\"choices\":[");
}

static void
chatout_open(struct chatout *o)
{
	chatout_head(o);
	sbuf_adds(o->b, "{\"index\":");
	sbuf_add_u64(o->b, o->at);
	sbuf_adds(o->b, ",\"delta\":{");
}

/* Behind the members of the delta. */
static void
chatout_close(struct chatout *o)
{
	sbuf_adds(o->b, "},\"finish_reason\":null}]}\n\n");
}

void
chatout_begin(struct chatout *o)
{
	struct chatout_choice *c = chatout_at(o);

	if (c->begun)
		return;
	c->begun = true;
	chatout_open(o);
	sbuf_adds(o->b, "\"role\":\"assistant\",\"content\":\"\"");
	chatout_close(o);
}

/* Whether this choice still takes words; the first ones open it. */
static bool
chatout_may_speak(struct chatout *o)
{
	if (chatout_at(o)->finished)
		return false;
	chatout_begin(o);
	return true;
}

static bool
chatout_string(struct chatout *o, const char *name, struct slice raw)
{
	if (raw.n == 0 || !chatout_may_speak(o))
		return false;
	chatout_open(o);
	sbuf_addc(o->b, '"');
	sbuf_adds(o->b, name);
	sbuf_adds(o->b, "\":\"");
	sbuf_add_slice(o->b, raw);
	sbuf_addc(o->b, '"');
	chatout_close(o);
	o->text_bytes += raw.n;
	return true;
}

void
chatout_text(struct chatout *o, struct slice raw)
{
	if (chatout_string(o, "content", raw))
		chatout_at(o)->has_text = true;
}

void
chatout_reasoning(struct chatout *o, struct slice raw)
{
	chatout_string(o, "reasoning_content", raw);
}

void
chatout_refusal(struct chatout *o, struct slice raw)
{
	chatout_string(o, "refusal", raw);
}

void
chatout_refused(struct chatout *o)
{
	if (!chatout_may_speak(o))
		return;
	chatout_open(o);
	sbuf_adds(o->b, "\"refusal\":\"\"");
	chatout_close(o);
}

static void
chatout_element(struct chatout *o, const char *name, struct slice json)
{
	if (json.n == 0 || !chatout_may_speak(o))
		return;
	chatout_open(o);
	sbuf_addc(o->b, '"');
	sbuf_adds(o->b, name);
	sbuf_adds(o->b, "\":[");
	chatout_add_json(o, json);
	sbuf_addc(o->b, ']');
	chatout_close(o);
}

void
chatout_detail(struct chatout *o, struct slice json)
{
	chatout_element(o, "reasoning_details", json);
}

void
chatout_annotation(struct chatout *o, struct slice json)
{
	chatout_element(o, "annotations", json);
}

void
chatout_citations(struct chatout *o, struct slice lines, uint64_t from,
    uint64_t to)
{
	struct sbuf b = { 0 };
	const char *end;

	while (lines.n > 0 && (end = memchr(lines.p, '\n', lines.n)) != NULL) {
		sbuf_clear(&b);
		sbuf_addf(&b,
		    "{\"type\":\"url_citation\",\"url_citation\":{"
		    "\"start_index\":%llu,\"end_index\":%llu",
		    (unsigned long long)from, (unsigned long long)to);
		sbuf_add(&b, lines.p, (size_t)(end - lines.p));
		chatout_annotation(o, sbuf_slice(&b));
		lines = slice_skip(lines, (size_t)(end + 1 - lines.p));
	}
	sbuf_free(&b);
}

void
chatout_image(struct chatout *o, struct slice json)
{
	if (json.n > 0)
		chatout_at(o)->has_text = true;
	chatout_element(o, "images", json);
}

void
chatout_logprobs(struct chatout *o, struct slice json)
{
	if (json.n == 0 || !chatout_may_speak(o))
		return;
	chatout_open(o);
	sbuf_adds(o->b, "},\"logprobs\":");
	chatout_add_json(o, json);
	sbuf_adds(o->b, ",\"finish_reason\":null}]}\n\n");
}

/* The same answer gets the same ids each time it is read. */
void
chatout_mint_id(const struct chatout *o, char id[CHATOUT_ID_SIZE])
{
	unsigned char from[sizeof o->seed + 2];

	memcpy(from, o->seed, sizeof o->seed);
	from[sizeof o->seed] = (unsigned char)o->at;
	from[sizeof o->seed + 1] = (unsigned char)o->choices[o->at].calls;
	memcpy(id, "call_", 5);
	mint_id(from, sizeof from, id + 5);
	id[CHATOUT_ID_SIZE - 1] = '\0';
}

static void
chatout_call_open(struct chatout *o)
{
	chatout_open(o);
	sbuf_adds(o->b, "\"tool_calls\":[{\"index\":");
	sbuf_add_u64(o->b, chatout_at(o)->calls - 1);
}

/* arguments: raw, all of them or none so far. */
static int
chatout_call_begin(struct chatout *o, struct slice id, struct slice name,
    struct slice extra, struct slice arguments)
{
	struct chatout_choice *c = chatout_at(o);
	char minted[CHATOUT_ID_SIZE];

	chatout_call_end(o);
	if (!chatout_may_speak(o))
		return 0;
	c->unwrap = o->forced != FORCED_NONE &&
	            slice_eq(name, SLICE(CHATOUT_FORCED_NAME));
	c->in_call = true;
	c->has_arguments = false;
	if (c->unwrap)
		return 0;
	if (c->calls == CHATOUT_CALLS_MAX)
		return -1;
	chatout_mint_id(o, minted);
	c->calls++;
	chatout_call_open(o);
	sbuf_adds(o->b, ",\"id\":\"");
	sbuf_add_slice(o->b, id.n > 0 ? id : slice_str(minted));
	sbuf_adds(o->b, "\",\"type\":\"function\",\"function\":{\"name\":\"");
	sbuf_add_slice(o->b, name);
	sbuf_adds(o->b, "\",\"arguments\":\"");
	sbuf_add_slice(o->b, arguments);
	sbuf_adds(o->b, "\"}");
	if (extra.n > 0) {
		sbuf_adds(o->b, ",\"extra_content\":");
		chatout_add_json(o, extra);
	}
	sbuf_adds(o->b, "}]");
	chatout_close(o);
	o->text_bytes += name.n + arguments.n;
	c->has_arguments = arguments.n > 0;
	return 0;
}

int
chatout_call(struct chatout *o, struct slice id, struct slice name,
    struct slice extra)
{
	return chatout_call_begin(o, id, name, extra, SLICE(""));
}

int
chatout_call_whole(struct chatout *o, struct slice id, struct slice name,
    struct slice extra, struct slice json)
{
	struct sbuf raw = { 0 };
	int done;

	sbuf_add_json_part(&raw, json);
	done = chatout_call_begin(o, id, name, extra, sbuf_slice(&raw));
	if (done == 0 && chatout_at(o)->unwrap)
		chatout_arguments(o, sbuf_slice(&raw));
	if (done == 0)
		chatout_call_end(o);
	sbuf_free(&raw);
	return done;
}

static void
chatout_arguments_open(struct chatout *o)
{
	chatout_at(o)->has_arguments = true;
	chatout_call_open(o);
	sbuf_adds(o->b, ",\"function\":{\"arguments\":\"");
}

static void
chatout_arguments_close(struct chatout *o)
{
	sbuf_adds(o->b, "\"}}]");
	chatout_close(o);
}

/* The forced tool's arguments are what the client calls content. */
static void
chatout_forced(struct chatout *o, struct slice raw)
{
	chatout_at(o)->has_arguments = true;
	if (o->forced == FORCED_WRAPPED)
		sbuf_add_slice(&o->wrapped, raw);
	else
		chatout_text(o, raw);
}

void
chatout_arguments(struct chatout *o, struct slice raw)
{
	struct chatout_choice *c = chatout_at(o);

	if (raw.n == 0 || !c->in_call || c->finished)
		return;
	if (c->unwrap) {
		chatout_forced(o, raw);
		return;
	}
	chatout_arguments_open(o);
	sbuf_add_slice(o->b, raw);
	chatout_arguments_close(o);
	o->text_bytes += raw.n;
}

void
chatout_arguments_json(struct chatout *o, struct slice json)
{
	struct sbuf raw = { 0 };

	sbuf_add_json_part(&raw, json);
	chatout_arguments(o, sbuf_slice(&raw));
	sbuf_free(&raw);
}

/* {"value":X}, collected as raw text: X is the content. */
static void
chatout_unwrap(struct chatout *o)
{
	struct sbuf text = { 0 }, raw = { 0 };
	struct jscan_item whole, value;
	struct slice content;
	struct err e;

	jstr_add(&text, sbuf_slice(&o->wrapped));
	content = sbuf_slice(&text);
	/* Arguments that were cut by the limit are shown as they came. */
	if (jscan_value(content, &whole, &e) == 0 &&
	    whole.type == JSCAN_OBJECT &&
	    jscan_find(whole.value, SLICE("value"), &value) == 1)
		content = value.value;
	sbuf_add_json_part(&raw, content);
	chatout_text(o, sbuf_slice(&raw));
	sbuf_clear(&o->wrapped);
	sbuf_free(&text);
	sbuf_free(&raw);
}

void
chatout_call_end(struct chatout *o)
{
	struct chatout_choice *c = chatout_at(o);

	if (!c->in_call)
		return;
	if (c->unwrap && o->forced == FORCED_WRAPPED)
		chatout_unwrap(o);
	else if (!c->has_arguments)
		chatout_arguments(o, SLICE("{}"));
	c->in_call = false;
}

bool
chatout_has_content(const struct chatout *o)
{
	const struct chatout_choice *c = &o->choices[o->at];

	return c->has_text || c->calls > 0;
}

void
chatout_fields(struct chatout *o, struct slice json)
{
	if (json.n == 0)
		return;
	chatout_begin(o);
	chatout_head(o);
	sbuf_adds(o->b, "],\"provider_specific_fields\":");
	chatout_add_json(o, json);
	sbuf_adds(o->b, "}\n\n");
}

void
chatout_last_fields(struct chatout *o, struct slice json)
{
	sbuf_clear(&o->last);
	sbuf_add_slice(&o->last, json);
}

static void
chatout_keep_native(struct chatout *o, struct slice native)
{
	size_t n = native.n;

	if (n >= sizeof o->native_finish)
		n = sizeof o->native_finish - 1;
	memcpy(o->native_finish, native.p, n);
	o->native_finish[n] = '\0';
}

void
chatout_finish(struct chatout *o, enum chatout_finish how, struct slice native)
{
	static const char *const words[] = {
		[CHATOUT_STOP] = "stop",
		[CHATOUT_LENGTH] = "length",
		[CHATOUT_CONTENT_FILTER] = "content_filter",
	};
	struct chatout_choice *c = chatout_at(o);
	const char *word = words[how];

	if (c->finished)
		return;
	chatout_call_end(o);
	chatout_begin(o);
	if (how == CHATOUT_STOP && c->calls > 0)
		word = "tool_calls";
	chatout_keep_native(o, native);
	c->finished = true;
	chatout_open(o);
	sbuf_adds(o->b, "},\"finish_reason\":\"");
	sbuf_adds(o->b, word);
	sbuf_adds(o->b, "\"}]");
	if (o->last.len > 0) {
		sbuf_adds(o->b, ",\"provider_specific_fields\":");
		chatout_add_json(o, sbuf_slice(&o->last));
	}
	sbuf_adds(o->b, "}\n\n");
}

bool
chatout_is_finished(const struct chatout *o)
{
	bool any = false;

	for (unsigned i = 0; i < CHATOUT_CHOICES; i++) {
		if (o->choices[i].begun && !o->choices[i].finished)
			return false;
		any |= o->choices[i].begun;
	}
	return any;
}

void
chatout_error(struct chatout *o, struct slice json)
{
	sbuf_adds(o->b, "event: error\ndata: ");
	chatout_add_json(o, json);
	sbuf_adds(o->b, "\n\n");
}

void
chatout_end(struct chatout *o)
{
	sbuf_adds(o->b, "data: [DONE]\n\n");
}
