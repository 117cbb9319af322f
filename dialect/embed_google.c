/* embed_google - Gemini's embeddings, at Google AI Studio and at Vertex. */
#include "base/sbuf.h"
#include "dialect/embed_priv.h"
#include "proto/usage.h"

static void
gemini_embed_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/models/");
	ask_segment(b, a->model, "");
	sbuf_adds(b,
	    embed_count(a) > 1 ? ":batchEmbedContents" : ":embedContent");
}

/* The members of one request, behind its opening brace. */
static void
gemini_embed_text(const struct ask *a, struct sbuf *b, struct slice raw)
{
	ask_name(b, "content");
	sbuf_adds(b, "{\"parts\":[{");
	ask_text(b, "text", raw);
	sbuf_adds(b, "}]}");
	ask_json(b, "outputDimensionality", ask_value(a, PARAM_dimensions));
	sbuf_addc(b, '}');
}

static void
gemini_embed_batch(const struct ask *a, struct sbuf *b, struct embed_texts *t)
{
	struct slice raw;

	sbuf_adds(b, "{\"requests\":[");
	while (embed_next(t, &raw)) {
		ask_comma(b);
		sbuf_adds(b, "{\"model\":\"models/");
		sbuf_add_json_part(b, a->model);
		sbuf_addc(b, '"');
		gemini_embed_text(a, b, raw);
	}
	sbuf_adds(b, "]}");
}

static int
gemini_embed_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	struct embed_texts t;
	struct slice raw;

	(void)e;
	embed_enter(a, &t);
	if (embed_count(a) > 1) {
		gemini_embed_batch(a, b, &t);
		return 0;
	}
	embed_next(&t, &raw);
	sbuf_addc(b, '{');
	gemini_embed_text(a, b, raw);
	return 0;
}

/* No figure of the tokens comes with it. */
static int
gemini_embed_tell(struct embed_list *list, struct slice json)
{
	struct slice one = tell_object(json, SLICE("embedding"));

	if (one.n > 0)
		return embed_add(list, tell_array(one, SLICE("values")));
	return embed_add_each(list, tell_array(json, SLICE("embeddings")),
	    SLICE(""), SLICE("values"));
}

const struct embed embed_gemini = { NULL, gemini_embed_path, gemini_embed_ask,
	gemini_embed_tell };

static void
vertex_embed_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/projects/");
	ask_segment(b, a->project, "");
	sbuf_adds(b, "/locations/");
	ask_segment(b, a->location, "");
	sbuf_adds(b, "/publishers/google/models/");
	ask_segment(b, a->model, "");
	sbuf_adds(b, ":predict");
}

static int
vertex_embed_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice dimensions = ask_value(a, PARAM_dimensions), raw;
	struct embed_texts t;

	(void)e;
	sbuf_adds(b, "{\"instances\":[");
	embed_enter(a, &t);
	while (embed_next(&t, &raw)) {
		ask_comma(b);
		sbuf_addc(b, '{');
		ask_text(b, "content", raw);
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, ']');
	if (dimensions.n > 0) {
		ask_name(b, "parameters");
		sbuf_addc(b, '{');
		ask_json(b, "outputDimensionality", dimensions);
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, '}');
	return 0;
}

/* The tokens of all texts, or -1 when one of them has no figure. */
static int64_t
vertex_embed_tokens(struct slice predictions)
{
	struct jscan_iter it;
	struct jscan_item item;
	int64_t sum = 0, n;

	jscan_enter(&it, predictions);
	while (jscan_element_next(&it, &item)) {
		n = tell_count(tell_object(tell_object(item.value,
					       SLICE("embeddings")),
				   SLICE("statistics")),
		    SLICE("token_count"));
		if (n < 0)
			return -1;
		sum += n;
	}
	return sum <= USAGE_TOKENS_MAX ? sum : -1;
}

static int
vertex_embed_tell(struct embed_list *list, struct slice json)
{
	struct slice predictions = tell_array(json, SLICE("predictions"));

	if (!embed_add_each(list, predictions, SLICE("embeddings"),
		SLICE("values")))
		return 0;
	list->in_tokens = vertex_embed_tokens(predictions);
	return 1;
}

const struct embed embed_vertex = { NULL, vertex_embed_path, vertex_embed_ask,
	vertex_embed_tell };
