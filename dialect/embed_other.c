/* embed_other - the embeddings of Cohere, of Bedrock's models, of Ollama. */
#include "base/sbuf.h"
#include "dialect/embed_priv.h"

/* Whether a text is stored, or looked for: no other provider has it. */
static const char *const cohere_members[] = { "input_type", NULL };

static void
cohere_embed_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/v2/embed");
}

/* What Cohere wants to know of the texts, wherever it is asked. */
static void
cohere_embed_texts(const struct ask *a, struct sbuf *b)
{
	struct slice type = embed_member(a, slice_str(cohere_members[0]));

	embed_texts(a, b, "texts");
	ask_text(b, "input_type", type.n > 0 ? type : SLICE("search_document"));
}

static int
cohere_embed_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	(void)e;
	sbuf_addc(b, '{');
	ask_name(b, "model");
	sbuf_add_json(b, a->model);
	cohere_embed_texts(a, b);
	ask_json(b, "embedding_types", SLICE("[\"float\"]"));
	ask_json(b, "output_dimension", ask_value(a, PARAM_dimensions));
	sbuf_addc(b, '}');
	return 0;
}

/* By type, or the vectors themselves where no type was named. */
static int
cohere_embed_tell(struct embed_list *list, struct slice json)
{
	struct slice typed = tell_object(json, SLICE("embeddings"));
	struct slice vectors = typed.n > 0
	                           ? tell_array(typed, SLICE("float"))
	                           : tell_array(json, SLICE("embeddings"));

	list->in_tokens =
	    tell_count(tell_object(tell_object(json, SLICE("meta")),
			   SLICE("billed_units")),
		SLICE("input_tokens"));
	return embed_add_each(list, vectors, SLICE(""), SLICE(""));
}

const struct embed embed_cohere = { cohere_members, cohere_embed_path,
	cohere_embed_ask, cohere_embed_tell };

static void
bedrock_embed_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/model/");
	ask_segment(b, a->model, "");
	sbuf_adds(b, "/invoke");
}

/* The older models know no dimensions: they judge. */
static int
bedrock_cohere_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	(void)e;
	sbuf_addc(b, '{');
	cohere_embed_texts(a, b);
	ask_json(b, "output_dimension", ask_value(a, PARAM_dimensions));
	sbuf_addc(b, '}');
	return 0;
}

const struct embed embed_bedrock_cohere = { cohere_members, bedrock_embed_path,
	bedrock_cohere_ask, cohere_embed_tell };

/* One text at a time: several would be several calls, and several bills. */
static int
titan_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	struct embed_texts t;
	struct slice raw;

	if (embed_count(a) != 1)
		return ask_refuse(a, e, "input");
	embed_enter(a, &t);
	embed_next(&t, &raw);
	sbuf_addc(b, '{');
	ask_text(b, "inputText", raw);
	ask_json(b, "dimensions", ask_value(a, PARAM_dimensions));
	sbuf_addc(b, '}');
	return 0;
}

static int
titan_tell(struct embed_list *list, struct slice json)
{
	list->in_tokens = tell_count(json, SLICE("inputTextTokenCount"));
	return embed_add(list, tell_array(json, SLICE("embedding")));
}

const struct embed embed_titan = { NULL, bedrock_embed_path, titan_ask,
	titan_tell };

static void
ollama_embed_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/api/embed");
}

static int
ollama_embed_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	(void)e;
	sbuf_addc(b, '{');
	ask_name(b, "model");
	sbuf_add_json(b, a->model);
	embed_texts(a, b, "input");
	ask_json(b, "dimensions", ask_value(a, PARAM_dimensions));
	sbuf_addc(b, '}');
	return 0;
}

static int
ollama_embed_tell(struct embed_list *list, struct slice json)
{
	list->in_tokens = tell_count(json, SLICE("prompt_eval_count"));
	list->model = tell_raw(json, SLICE("model"));
	return embed_add_each(list, tell_array(json, SLICE("embeddings")),
	    SLICE(""), SLICE(""));
}

const struct embed embed_ollama = { NULL, ollama_embed_path, ollama_embed_ask,
	ollama_embed_tell };
