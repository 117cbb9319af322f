/* cohere_parts - usage, citations, probabilities and errors of Cohere. */
#include "base/sbuf.h"
#include "dialect/cohere_priv.h"
#include "dialect/dialect.h"
#include "dialect/tell_json.h"

/* {"id":...,"message":"text"}, or something called an error. */
bool
cohere_is_error(struct slice json)
{
	struct jscan_item item;

	if (jscan_find(json, SLICE("error"), &item) == 1 &&
	    item.type != JSCAN_NULL)
		return true;
	return jscan_find(json, SLICE("message"), &item) == 1 &&
	       item.type == JSCAN_STRING;
}

/* What is billed beside what was used: money.md 4. */
static void
cohere_billed(struct usage *u, struct slice units)
{
	int64_t in = tell_count(units, SLICE("input_tokens"));
	int64_t out = tell_count(units, SLICE("output_tokens"));

	if (in == USAGE_MALFORMED || out == USAGE_MALFORMED ||
	    (in == USAGE_ABSENT && out == USAGE_ABSENT))
		return;
	u->has_billed = true;
	u->billed_in = in > 0 ? in : 0;
	u->billed_out = out > 0 ? out : 0;
}

/* What was counted; a part that is no count would be free: no usage then. */
struct cohere_figures {
	int64_t in, out, image, cached, reasoning;
};

static bool
cohere_figures(struct slice usage, struct slice tokens,
    struct cohere_figures *f)
{
	*f = (struct cohere_figures){
		.in = tell_count(tokens, SLICE("input_tokens")),
		.out = tell_count(tokens, SLICE("output_tokens")),
		.image = tell_count(tokens, SLICE("image_tokens")),
		.cached = tell_count(usage, SLICE("cached_tokens")),
		.reasoning = tell_count(tokens, SLICE("reasoning_tokens")),
	};
	return f->in != USAGE_MALFORMED && f->out != USAGE_MALFORMED &&
	       f->image != USAGE_MALFORMED && f->cached != USAGE_MALFORMED &&
	       f->reasoning != USAGE_MALFORMED &&
	       (f->in != USAGE_ABSENT || f->out != USAGE_ABSENT);
}

void
cohere_usage(struct tell *t, struct slice usage)
{
	struct slice units = tell_object(usage, SLICE("billed_units"));
	struct slice tokens = tell_object(usage, SLICE("tokens"));
	struct usage *u = &t->usage;
	struct cohere_figures f;
	bool overlap = false;
	int64_t prompt;

	if (!cohere_figures(usage, tokens.n > 0 ? tokens : units, &f))
		return;
	usage_init(u);
	prompt = (f.in > 0 ? f.in : 0) + (f.image > 0 ? f.image : 0);
	t->in_tokens = prompt;
	u->in_cached = usage_part(f.cached, &prompt, &u->anomaly);
	/* Cached images are counted twice: that is no anomaly. */
	u->in_image = usage_part(f.image, &prompt, &overlap);
	u->in_text = prompt;
	u->out_text = f.out > 0 ? f.out : 0;
	u->out_reasoning = usage_part(f.reasoning, &u->out_text, &u->anomaly);
	cohere_billed(u, units);
	t->has_usage = true;
}

static void
cohere_member(struct sbuf *b, const char *name, struct slice value)
{
	sbuf_adds(b, name);
	sbuf_add_slice(b, value);
}

/* One place of the text, one source; only one that can be visited. */
static void
cohere_source(struct tell *t, struct slice citation, struct slice source)
{
	struct slice from = tell_object(source, SLICE("tool_output"));
	int64_t start = tell_count(citation, SLICE("start"));
	int64_t end = tell_count(citation, SLICE("end"));
	struct slice url;
	struct sbuf b = { 0 };

	if (from.n == 0)
		from = tell_object(source, SLICE("document"));
	url = tell_raw(from, SLICE("url"));
	if (url.n == 0 || start < 0 || end < 0)
		return;
	sbuf_adds(&b, "{\"type\":\"url_citation\",\"url_citation\":{");
	sbuf_addf(&b, "\"start_index\":%lld,\"end_index\":%lld",
	    (long long)start, (long long)end);
	cohere_member(&b, ",\"title\":\"", tell_raw(from, SLICE("title")));
	cohere_member(&b, "\",\"url\":\"", url);
	sbuf_adds(&b, "\"}}");
	chatout_annotation(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

void
cohere_citation(struct tell *t, struct slice citation)
{
	struct slice sources = tell_array(citation, SLICE("sources"));
	struct jscan_iter it;
	struct jscan_item item;

	if (sources.n == 0)
		return;
	jscan_enter(&it, sources);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			cohere_source(t, citation, item.value);
}

/*
 * One text and the probability of each of its tokens: the first has the text,
 * so that texts joined are the content and probabilities are the provider's.
 */
static void
cohere_logprob(struct sbuf *b, struct slice item)
{
	struct slice numbers = tell_array(item, SLICE("logprobs"));
	struct slice text = tell_raw(item, SLICE("text"));
	struct jscan_iter it;
	struct jscan_item number;

	if (numbers.n == 0)
		return;
	jscan_enter(&it, numbers);
	while (jscan_element_next(&it, &number)) {
		if (number.type != JSCAN_NUMBER)
			continue;
		cohere_member(b,
		    b->len > 0 ? ",{\"token\":\"" : "{\"token\":\"", text);
		cohere_member(b, "\",\"logprob\":", number.value);
		sbuf_adds(b, ",\"bytes\":null,\"top_logprobs\":[]}");
		text = SLICE("");
	}
}

void
cohere_logprobs(struct tell *t, struct slice json)
{
	struct sbuf list = { 0 }, whole = { 0 };
	struct jscan_iter it;
	struct jscan_item item;

	if (jscan_find(json, SLICE("logprobs"), &item) != 1)
		return;
	if (item.type == JSCAN_OBJECT) {
		cohere_logprob(&list, item.value);
	} else if (item.type == JSCAN_ARRAY) {
		jscan_enter(&it, item.value);
		while (jscan_element_next(&it, &item))
			if (item.type == JSCAN_OBJECT)
				cohere_logprob(&list, item.value);
	}
	if (list.len > 0) {
		cohere_member(&whole, "{\"content\":[", sbuf_slice(&list));
		sbuf_adds(&whole, "],\"refusal\":null}");
		chatout_logprobs(&t->out, sbuf_slice(&whole));
	}
	sbuf_free(&list);
	sbuf_free(&whole);
}
