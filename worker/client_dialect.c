#include "worker/client_dialect.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/encode.h"
#include "dialect/in_merge.h"
#include "dialect/inbound.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/relay_error.h"
#include "proto/relay_frame.h"
#include "worker/embeddings.h"
#include "worker/relay_stream.h"
#include "worker/targets.h"
#include "worker/translate.h"
#include "worker/worker_priv.h"

/* What a route speaks, and which kinds of provider speak the same. */
static const struct client {
	struct slice endpoint;
	enum params_dialect dialect;
	enum errbody_shape shape;
	enum encode_family family;
	inbound_fn *inbound;
	unsigned native_kinds; /* bits of enum provider_kind */
	enum record_family stored;
} clients[ROUTE_ASKS] = {
	[ROUTE_CHAT] = { .endpoint = SLICE("chat") },
	[ROUTE_GENERATE] = { .endpoint = SLICE("generate"),
	    .dialect = DIALECT_GENERATE },
	[ROUTE_EMBEDDINGS] = { .endpoint = SLICE("embeddings"),
	    .dialect = DIALECT_EMBEDDINGS,
	    .stored = FAMILY_EMBEDDINGS },
	[ROUTE_MESSAGES] = { SLICE("anthropic"), DIALECT_ANTHROPIC,
	    ERRBODY_ANTHROPIC, ENCODE_ANTHROPIC, inbound_anthropic,
	    1u << KIND_ANTHROPIC | 1u << KIND_VERTEX_CLAUDE |
		1u << KIND_BEDROCK_INVOKE,
	    FAMILY_ANTHROPIC },
	[ROUTE_COUNT_TOKENS] = { SLICE("anthropic"), DIALECT_ANTHROPIC,
	    ERRBODY_ANTHROPIC, ENCODE_ANTHROPIC, inbound_anthropic,
	    1u << KIND_ANTHROPIC | 1u << KIND_VERTEX_CLAUDE, FAMILY_ANTHROPIC },
	[ROUTE_GEMINI] = { SLICE("gemini"), DIALECT_GEMINI, ERRBODY_GEMINI,
	    ENCODE_GEMINI, inbound_gemini,
	    1u << KIND_GEMINI | 1u << KIND_VERTEX_GEMINI, FAMILY_GEMINI },
	[ROUTE_RESPONSES] = { SLICE("responses"), DIALECT_RESPONSES,
	    ERRBODY_OPENAI, ENCODE_RESPONSES, inbound_responses,
	    1u << KIND_OPENAI | 1u << KIND_AZURE, FAMILY_RESPONSES },
};

static const struct client *
client_of(const struct req *r)
{
	/* Pages fail in the words of chat. */
	return &clients[routes_is_ask(r->route.route) ? r->route.route
						      : ROUTE_CHAT];
}

struct slice
client_endpoint(enum route route)
{
	return clients[route].endpoint;
}

struct slice
client_log_type(enum route route)
{
	switch (route) {
	case ROUTE_RESPONSES:
		return SLICE("response");
	case ROUTE_EMBEDDINGS:
		return SLICE("embedding");
	default:
		return SLICE("chat");
	}
}

enum params_dialect
client_dialect(const struct req *r)
{
	return client_of(r)->dialect;
}

/* Lists of models have a shape of their own, but errors as all. */
enum errbody_shape
client_error_shape(const struct req *r)
{
	return client_of(r)->shape;
}

int
client_scan(struct req *r)
{
	struct jscan_body *native;
	struct inbound *in;

	if (client_of(r)->inbound == NULL)
		return 0;
	native = pool_zalloc(r->pool, sizeof *native);
	if (jscan_body(r->body, r->pool, native, req_err(r)) != 0)
		return -1;
	in = pool_zalloc(r->pool, sizeof *in);
	in->body = native;
	in->pool = r->pool;
	in->model = r->route.rest;
	in->stream = r->route.verb == VERB_STREAM;
	memcpy(in->id, r->id, sizeof in->id);
	r->inbound = in;
	return 0;
}

int
client_read(struct req *r, const struct jscan_body *headers, unsigned n,
    struct slice *chat_r)
{
	struct in_merge_headers *merged = pool_zalloc(r->pool, sizeof *merged);
	struct sbuf chat = { 0 };
	int done;

	merged->bodies = headers;
	merged->n = n;
	r->inbound->headers = merged;
	done = client_of(r)->inbound(r->inbound, &chat, req_err(r));
	*chat_r = pool_copy(r->pool, sbuf_slice(&chat));
	sbuf_free(&chat);
	return done;
}

/* Claude on Bedrock takes its own bodies too, by another way. */
static void
client_choose_invoke(struct req *r)
{
	struct choice *c = &r->choice;
	struct slice claude = SLICE("anthropic.claude");

	if (r->route.route != ROUTE_MESSAGES || c->kind != KIND_BEDROCK ||
	    memmem(c->upstream_model.p, c->upstream_model.n, claude.p,
		claude.n) == NULL)
		return;
	c->kind = KIND_BEDROCK_INVOKE;
	r->dialect = dialect_find(c->kind, c->upstream_model, 0);
}

/* OpenAI's other API, where a provider has it too. */
static void
client_choose_responses(struct req *r)
{
	const struct settings_provider *p = r->choice.target->provider;

	if (r->route.route == ROUTE_RESPONSES &&
	    (r->choice.kind == KIND_OPENAI || r->choice.kind == KIND_AZURE) &&
	    (p->quirks & QUIRK_RESPONSES) != 0)
		r->dialect = &dialect_responses;
}

int
client_choose(struct req *r)
{
	const struct client *c = client_of(r);
	struct inbound *in = r->inbound;

	if (r->route.route == ROUTE_EMBEDDINGS)
		return embeddings_choose(r);
	if (in == NULL)
		return 0;
	client_choose_invoke(r);
	client_choose_responses(r);
	r->native =
	    r->dialect != NULL && (c->native_kinds >> r->choice.kind & 1) != 0;
	if (r->native)
		return 0;
	if (in->own_kind_only[0] != '\0')
		return err_param(req_err(r), ERR_UNSUPPORTED_PARAMETER,
		    in->own_kind_only,
		    "Parameter '%s' is not supported by %.*s.",
		    in->own_kind_only, SLICE_ARGS(r->choice.slug));
	for (unsigned i = 0; i < in->n_left && i < INBOUND_LEFT_MAX; i++)
		params_warn(&r->params, in->left[i]);
	return 0;
}

static enum encode_family
client_family(const struct req *r)
{
	enum encode_family family = client_of(r)->family;

	return family == ENCODE_GEMINI && r->stream && !r->alt_sse
	           ? ENCODE_GEMINI_ARRAY
	           : family;
}

/* What field_name and delimiter, or /generate, make of a stream of chat. */
static bool
client_framing(const struct req *r, struct encode_framing *f)
{
	const struct params *p = &r->params;
	bool asked =
	    params_has(p, PARAM_field_name) || params_has(p, PARAM_delimiter);

	*f = asked
	         ? (struct encode_framing){ RELAY_FIELD, RELAY_DELIMITER, true }
	         : (struct encode_framing){ SLICE(""), SLICE("---"), false };
	if (params_has(p, PARAM_field_name))
		f->field = params_text(p, PARAM_field_name);
	if (params_has(p, PARAM_delimiter))
		f->delimiter = params_text(p, PARAM_delimiter);
	return asked || r->route.route == ROUTE_GENERATE;
}

void
client_begin(struct req *r)
{
	struct encode_opts o = {
		.created_s = r->stored_created_s > 0 ? r->stored_created_s
		                                     : r->head_us / 1000000,
		.name = r->stored_name,
		.model = r->choice.upstream_model,
	};

	if (r->inbound != NULL) {
		o.family = client_family(r);
		o.request = r->inbound->body;
	} else {
		if (!client_framing(r, &o.framing))
			return;
		o.family = ENCODE_FRAMED;
	}
	memcpy(o.id, r->id, sizeof o.id);
	/* A native stream needs it too: for the event of a failure. */
	r->encode = encode_new(&o);
}

struct sbuf *
client_raw(struct req *r)
{
	if (!r->native)
		return NULL;
	if (r->raw == NULL)
		r->raw = pool_zalloc(r->pool, sizeof *r->raw);
	return r->raw;
}

bool
client_raw_is_array(const struct req *r)
{
	return r->native && client_family(r) == ENCODE_GEMINI_ARRAY;
}

/* Frames of chat into the worker's buffer for other dialects. */
static struct slice
client_encode(struct req *r, const struct slice *pieces, size_t n)
{
	struct sbuf *b = &r->w->encoded;
	struct err e;

	sbuf_clear(b);
	/* What the relay let out is strict. */
	for (size_t i = 0; i < n; i++)
		encode_feed(r->encode, pieces[i], b, &e);
	return sbuf_slice(b);
}

void
client_frames(struct req *r, struct relay_out *out)
{
	struct sbuf *b = &r->w->encoded;
	struct decode_state said;
	struct slice bytes;

	if (r->encode == NULL)
		return;
	if (r->native) {
		decode_state(r->decode, &said);
		encode_passed(r->encode, said.raw_events);
		sbuf_clear(b);
		sbuf_add_slice(b, sbuf_slice(r->raw));
		sbuf_clear(r->raw);
		bytes = sbuf_slice(b);
	} else {
		bytes = client_encode(r, out->slices, out->n);
	}
	relay_out_clear(out);
	if (bytes.n > 0)
		relay_out_borrow(out, bytes);
	relay_out_seal(out);
}

void
client_last_frames(struct req *r, struct sbuf *b)
{
	struct slice last = sbuf_slice(b);

	if (r->encode == NULL)
		return;
	if (r->native)
		last = sbuf_slice(r->raw);
	else
		last = client_encode(r, &last, 1);
	sbuf_clear(b);
	sbuf_add_slice(b, last);
}

void
client_whole(struct req *r, struct slice body)
{
	struct answer *a = &r->answer;
	struct sbuf *b = &r->w->encoded, chat = { 0 };
	struct err e;

	sbuf_clear(b);
	if (r->native) {
		sbuf_add_slice(b, body);
	} else {
		client_begin(r);
		for (unsigned i = 0; i < a->n_pieces; i++)
			sbuf_add_slice(&chat, a->pieces[i]);
		encode_whole(r->encode, sbuf_slice(&chat), b, &e);
		sbuf_free(&chat);
	}
	a->pieces[0] = pool_copy(r->pool, sbuf_slice(b));
	a->n_pieces = 1;
}

bool
client_takes_breakdown(const struct req *r)
{
	return r->inbound == NULL ||
	       (r->route.route == ROUTE_RESPONSES && !r->native);
}

void
client_whole_add(struct req *r, struct slice breakdown)
{
	struct answer *a = &r->answer;
	struct slice body = a->pieces[0];

	if (breakdown.n == 0 || body.n < 2 || body.p[body.n - 1] != '}')
		return;
	body.n--;
	a->pieces[0] = body;
	a->pieces[1] = SLICE(",\"request_breakdown\":");
	a->pieces[2] = breakdown;
	a->pieces[3] = SLICE("}");
	a->n_pieces = 4;
}

enum record_family
client_stored_family(const struct req *r)
{
	return client_of(r)->stored;
}

struct slice
client_family_name(const struct req *r)
{
	static const struct slice names[] = {
		[FAMILY_CHAT] = SLICE("chat"),
		[FAMILY_ANTHROPIC] = SLICE("anthropic"),
		[FAMILY_GEMINI] = SLICE("gemini"),
		[FAMILY_RESPONSES] = SLICE("responses"),
		[FAMILY_EMBEDDINGS] = SLICE("embeddings"),
	};

	return names[client_of(r)->stored];
}

/* The client's own members with those of containers and headers. */
static void
client_merge(struct req *r, struct in_merge *m_r)
{
	const struct inbound *in = r->inbound;

	/* It was merged before, and had no fault. */
	if (in_merge(client_dialect(r), in->body, in->headers, r->pool, m_r,
		req_err(r)) != 0)
		*m_r = (struct in_merge){ .n = 0 };
}

/* But for those that are ours. */
size_t
client_key_members(struct req *r, struct jscan_item **members_r)
{
	struct in_merge m;
	struct jscan_item *to;

	if (r->inbound == NULL)
		return edit_plain_members(&r->params, r->pool, members_r);
	client_merge(r, &m);
	*members_r = to = m.items;
	for (unsigned i = 0; i < m.n; i++)
		if (m.items[i].type != JSCAN_NULL &&
		    !params_is_ours(
			params_find(jstr_name(&m.items[i], r->pool))))
			*to++ = m.items[i];
	return (size_t)(to - *members_r);
}

bool
client_goes_on(struct req *r)
{
	static const struct slice names[] = {
		SLICE("previous_response_id"),
		SLICE("conversation"),
	};
	struct in_merge m;

	if (r->route.route != ROUTE_RESPONSES)
		return false;
	client_merge(r, &m);
	for (unsigned i = 0; i < m.n; i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (m.items[i].type != JSCAN_NULL &&
			    jstr_is(&m.items[i], names[k]))
				return true;
	return false;
}

int
client_stored_chat(struct req *r, struct slice body, int64_t created_s,
    struct slice *chat_r)
{
	static const enum provider_kind kinds[] = {
		[FAMILY_ANTHROPIC] = KIND_ANTHROPIC,
		[FAMILY_GEMINI] = KIND_GEMINI,
		[FAMILY_RESPONSES] = KIND_OPENAI,
	};
	static const struct slice ids[] = {
		[FAMILY_ANTHROPIC] = SLICE("id"),
		[FAMILY_GEMINI] = SLICE("responseId"),
		[FAMILY_RESPONSES] = SLICE("id"),
	};
	struct decode_opts o = {
		.dialect = dialect_find(kinds[client_of(r)->stored],
		    r->choice.upstream_model, FEATURE_RESPONSES_ONLY),
		.id = relay_stream_mint_id(r),
		.model = r->choice.upstream_model,
		.created_s = created_s,
	};
	struct decode *d = decode_new(&o);
	struct sbuf chat = { 0 };
	struct err e;
	int got = decode_whole(d, body, &chat, &e);
	struct jscan_item id, created;

	/* Whoever gets it again gets it by the same name. */
	if (got == 1 && jscan_find(body, ids[client_of(r)->stored], &id) == 1 &&
	    id.type == JSCAN_STRING)
		r->stored_name = pool_copy(r->pool, jscan_text(&id));
	if (got == 1 && jscan_find(body, SLICE("created_at"), &created) == 1)
		jnum_int(created.value, &r->stored_created_s);

	*chat_r = pool_copy(r->pool, sbuf_slice(&chat));
	sbuf_free(&chat);
	decode_free(&d);
	return got == 1;
}

bool
client_rebuilds_error(const struct req *r)
{
	enum provider_kind kind = r->choice.kind;

	if (r->inbound == NULL)
		return false;
	/* Claude on Vertex and Bedrock fails in the words of its host. */
	return !r->native || kind == KIND_VERTEX_CLAUDE ||
	       kind == KIND_BEDROCK_INVOKE;
}

void
client_error(struct req *r, int status, const struct relay_error *said,
    struct slice *body_r)
{
	struct errbody shape = { .shape = client_error_shape(r),
		.status = status };
	struct sbuf *b = &r->w->encoded;
	char id[HEX_ID_SIZE];

	if (shape.shape == ERRBODY_OPENAI) {
		translate_error(r, said, body_r);
		return;
	}
	hex_write(r->id, sizeof r->id, id);
	shape.request_id = slice_str(id);
	sbuf_clear(b);
	errbody_write_code(&shape, slice_str(said->message), SLICE(""),
	    said->code, b);
	*body_r = pool_copy(r->pool, sbuf_slice(b));
}

void
client_error_event(struct req *r, int status, struct slice message,
    struct slice type, struct slice code, struct relay_out *out)
{
	struct sbuf *b = &r->w->encoded;

	sbuf_clear(b);
	encode_error(r->encode, status, message, type, code, b);
	relay_out_clear(out);
	relay_out_borrow(out, sbuf_slice(b));
	relay_out_seal(out);
}

void
client_idle(struct req *r, struct relay_out *out)
{
	struct sbuf *b = &r->w->encoded;

	if (r->encode == NULL) {
		relay_out_borrow(out, SLICE(": keep-alive\n\n"));
		return;
	}
	sbuf_clear(b);
	encode_idle(r->encode, b);
	relay_out_borrow(out, sbuf_slice(b));
}

const char *
client_stream_type(const struct req *r)
{
	return r->inbound != NULL && client_family(r) == ENCODE_GEMINI_ARRAY
	           ? "application/json"
	           : "text/event-stream; charset=utf-8";
}

bool
client_counts(const struct req *r)
{
	return r->route.route == ROUTE_COUNT_TOKENS ||
	       r->route.verb == VERB_COUNT;
}

void
client_count_path(struct req *r, struct sbuf *b)
{
	const struct ask *a = r->ask;
	bool vertex = kind_auths[r->choice.kind] == AUTH_GOOGLE;
	bool claude = r->route.route == ROUTE_COUNT_TOKENS;

	if (vertex)
		sbuf_addf(b, "/projects/%.*s/locations/%.*s/publishers/%s",
		    SLICE_ARGS(a->project), SLICE_ARGS(a->location),
		    claude ? "anthropic" : "google");
	if (claude) {
		sbuf_adds(b, vertex ? "/models/count-tokens:rawPredict"
				    : "/messages/count_tokens");
		return;
	}
	sbuf_adds(b, "/models/");
	ask_segment(b, a->model, "");
	sbuf_adds(b, ":countTokens");
}

void
client_count_answer(struct req *r)
{
	struct answer *a = &r->answer;
	char text[64];
	int n = snprintf(text, sizeof text, "{\"%s\":%lld}",
	    r->route.route == ROUTE_COUNT_TOKENS ? "input_tokens"
						 : "totalTokens",
	    (long long)r->bound.in_tokens);

	a->kind = ANSWER_BODY;
	a->status = 200;
	a->pieces[0] = pool_copy(r->pool, (struct slice){ text, (size_t)n });
	a->n_pieces = 1;
}
