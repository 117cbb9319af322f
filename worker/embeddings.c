#include "worker/embeddings.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/embed.h"
#include "proto/embeddings.h"
#include "worker/money.h"
#include "worker/worker_priv.h"

int
embeddings_choose(struct req *r)
{
	const struct choice *c = &r->choice;

	/* Which grammar of chat the model has is of no account. */
	r->dialect = NULL;
	if (embed_is_plain(c->kind))
		return 0;
	r->embed = embed_find(c->kind, c->upstream_model);
	if (r->embed != NULL)
		return 0;
	return err_param(req_err(r), ERR_UNSUPPORTED_PARAMETER, "model",
	    "The provider of model %.*s has no embeddings.",
	    SLICE_ARGS(c->slug));
}

/* What was used, and what it costs; usage NULL: the provider did not say. */
static void
embeddings_price(struct req *r, const struct usage *usage, struct slice model)
{
	r->has_usage = usage != NULL;
	if (usage != NULL)
		r->usage = *usage;
	r->outcome = usage != NULL ? OUTCOME_USAGE : OUTCOME_NO_USAGE;
	r->response_model = pool_copy(r->pool, model);
	money_price(r);
	r->answer.kind = ANSWER_BODY;
	r->answer.status = 200;
}

/* The provider's bytes; only a usage that is lacking is put in. */
static int
embeddings_plain(struct req *r, struct slice body, struct relay_error *said_r,
    struct err *e)
{
	struct answer *a = &r->answer;
	struct sbuf *b = &r->w->body;
	struct embeddings got;
	int read = embeddings_read(body, &got, e);

	if (read == 0)
		*said_r = got.error;
	if (read != 1)
		return read;
	embeddings_price(r, got.has_usage ? &got.usage : NULL, got.model);
	sbuf_clear(b);
	a->pieces[0] = got.body;
	a->n_pieces = 1;
	if (!got.has_usage)
		a->n_pieces =
		    (unsigned)embeddings_slices(&got, &r->usage, b, a->pieces);
	return 1;
}

/* OpenAI's list around the vectors that were read: "data". */
static void
embeddings_write(struct req *r, struct slice data)
{
	struct answer *a = &r->answer;
	struct sbuf *b = &r->w->body;

	sbuf_clear(b);
	sbuf_adds(b, ",\"model\":\"");
	sbuf_add_slice(b, r->response_model);
	sbuf_adds(b, "\",\"usage\":");
	usage_write(b, &r->usage);
	sbuf_addc(b, '}');
	a->pieces[0] = SLICE("{\"object\":\"list\",\"data\":");
	a->pieces[1] = data;
	a->pieces[2] = sbuf_slice(b);
	a->n_pieces = 3;
}

static int
embeddings_translated(struct req *r, struct slice body,
    struct relay_error *said_r, struct err *e)
{
	/* Large as few answers are: no buffer of the worker's is to grow so. */
	struct sbuf data = { 0 }, *b = &r->w->body;
	struct embed_list list = { .b = &data };
	struct usage usage;
	int got;

	list.base64 = slice_eq(params_text(&r->params, PARAM_encoding_format),
	    SLICE("base64"));
	got = embed_tell(r->embed, r->ask, body, &list, said_r, e);
	if (list.in_tokens < 0 && r->head_usage != NULL)
		list.in_tokens = r->head_usage->in_text;
	if (got == 1) {
		usage_of_totals(&usage, list.in_tokens, 0);
		sbuf_clear(b);
		sbuf_add_json_part(b, r->ask->model);
		embeddings_price(r, list.in_tokens >= 0 ? &usage : NULL,
		    list.model.n > 0 ? list.model : sbuf_slice(b));
		embeddings_write(r, pool_copy(r->pool, sbuf_slice(&data)));
	}
	sbuf_free(&data);
	return got;
}

int
embeddings_answer(struct req *r, struct slice body, struct relay_error *said_r,
    struct err *e)
{
	return r->embed != NULL ? embeddings_translated(r, body, said_r, e)
	                        : embeddings_plain(r, body, said_r, e);
}
