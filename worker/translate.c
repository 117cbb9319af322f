#include "worker/translate.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/decode.h"
#include "proto/relay_error.h"
#include "worker/client_dialect.h"
#include "worker/relay_stream.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

struct decode *
translate_begin(struct req *r, struct slice id)
{
	struct decode_opts o = {
		.dialect = r->dialect,
		.id = id,
		.model = r->choice.upstream_model,
		.created_s = r->head_us / 1000000,
		.quirks = r->choice.target->provider->quirks,
		.forced = r->ask != NULL ? r->ask->forced : FORCED_NONE,
		.raw = client_raw(r),
		.raw_array = client_raw_is_array(r),
	};

	memcpy(o.seed, r->id, sizeof o.seed);
	return decode_new(&o);
}

int
translate_whole(struct req *r, struct slice *body_io, struct err *e)
{
	struct sbuf *chat = &r->w->decoded;
	int got;

	r->decode = translate_begin(r, relay_stream_mint_id(r));
	sbuf_clear(chat);
	got = decode_whole(r->decode, *body_io, chat, e);
	if (got >= 0)
		*body_io = pool_copy(r->pool, sbuf_slice(chat));
	return got;
}

void
translate_usage(struct req *r, struct usage *usage, bool *has_usage)
{
	struct decode_state s;

	decode_state(r->decode, &s);
	*has_usage = s.has_usage || r->head_usage != NULL;
	if (*has_usage)
		*usage = s.has_usage ? s.usage : *r->head_usage;
}

void
translate_take_state(struct req *r)
{
	struct decode_state s;

	if (r->decode == NULL)
		return;
	decode_state(r->decode, &s);
	r->in_tokens = s.in_tokens > 0 ? s.in_tokens : 0;
	r->has_usage = s.has_usage;
	r->thought = s.usage.out_reasoning > 0;
	if (s.has_usage)
		r->usage = s.usage;
}

void
translate_error(struct req *r, const struct relay_error *said,
    struct slice *body_io)
{
	struct sbuf *b = &r->w->decoded;

	sbuf_clear(b);
	sbuf_adds(b, "{\"error\":{\"message\":");
	sbuf_add_json(b, slice_str(said->message));
	sbuf_adds(b, ",\"type\":");
	sbuf_add_json(b, slice_str(said->type));
	sbuf_adds(b, ",\"param\":null,\"code\":");
	if (said->code[0] != '\0')
		sbuf_add_json(b, slice_str(said->code));
	else
		sbuf_adds(b, "null");
	sbuf_adds(b, "}}");
	*body_io = pool_copy(r->pool, sbuf_slice(b));
}
