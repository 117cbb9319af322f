/* gemini_contents - the turns of a conversation: providers.md 4.1, 4.5, 9. */
#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/gemini_priv.h"
#include "proto/jstr.h"

#define MINTED_SIZE 29 /* "call_" and 24 digits: chatout */

struct gemini_writer {
	struct ask *a;
	struct sbuf *b;
	struct err *e;
	bool urls;
	bool own_ids; /* of the calls of the last model's turn */
	const struct chat_part *sentinel;
};

static bool
contents_is_minted(struct slice id)
{
	if (id.n != MINTED_SIZE || !slice_starts(id, SLICE("call_")))
		return false;
	for (size_t i = 5; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') ||
			((id.p[i] | 32) >= 'a' && (id.p[i] | 32) <= 'z')))
			return false;
	return true;
}

static bool
contents_is_signed(const struct chat_message *m, enum chat_part_type type)
{
	for (unsigned i = 0; i < m->n; i++)
		if ((type == CHAT_UNKNOWN || m->parts[i].type == type) &&
		    m->parts[i].signature.n > 0)
			return true;
	return false;
}

/* An id that is not Gemini's own would say nothing to it. */
static void
contents_id(struct gemini_writer *w, const struct chat_part *p)
{
	if (w->own_ids && p->id.n > 0 && !contents_is_minted(p->id))
		ask_text(w->b, "id", p->id);
}

static void
contents_signature(struct gemini_writer *w, const struct chat_part *p)
{
	if (p->signature.n > 0)
		ask_text(w->b, "thoughtSignature", p->signature);
	else if (p == w->sentinel)
		ask_text(w->b, "thoughtSignature", SLICE(GEMINI_NO_SIGNATURE));
}

static int
contents_text(struct gemini_writer *w, const struct chat_part *p)
{
	ask_text(w->b, "text", p->text);
	contents_signature(w, p);
	return 0;
}

static int
contents_call(struct gemini_writer *w, const struct chat_part *p)
{
	sbuf_adds(w->b, "\"functionCall\":{");
	contents_id(w, p);
	ask_text(w->b, "name", p->name);
	ask_json(w->b, "args", p->arguments);
	sbuf_addc(w->b, '}');
	contents_signature(w, p);
	return 0;
}

/* Text that is a JSON object is the response itself. */
static void
contents_response(struct gemini_writer *w, struct slice raw)
{
	struct slice text = jstr_decode(raw, w->a->pool);
	struct jscan_item whole;
	struct err e;

	if (text.n > 0 && jscan_value(text, &whole, &e) == 0 &&
	    whole.type == JSCAN_OBJECT) {
		sbuf_add_slice(w->b, whole.value);
		return;
	}
	sbuf_adds(w->b, "{\"result\":\"");
	sbuf_add_slice(w->b, raw);
	sbuf_adds(w->b, "\"}");
}

static int
contents_joined(struct gemini_writer *w, const struct chat_part *p,
    struct slice *raw_r)
{
	struct sbuf b = { 0 };

	*raw_r = p->n == 1 ? p->parts->text : SLICE("");
	for (unsigned i = 0; i < p->n; i++)
		if (p->parts[i].type != CHAT_TEXT)
			return ask_refuse(w->a, w->e,
			    "messages[%u].content[%u]", p->message, i);
	if (p->n <= 1)
		return 0;
	for (unsigned i = 0; i < p->n; i++)
		sbuf_add_slice(&b, p->parts[i].text);
	*raw_r = pool_copy(w->a->pool, sbuf_slice(&b));
	sbuf_free(&b);
	return 0;
}

static int
contents_result(struct gemini_writer *w, const struct chat_part *p)
{
	struct slice raw;

	if (contents_joined(w, p, &raw) != 0)
		return -1;
	sbuf_adds(w->b, "\"functionResponse\":{");
	contents_id(w, p);
	ask_text(w->b, "name", p->name);
	ask_name(w->b, "response");
	if (p->failed && p->n == 0)
		sbuf_adds(w->b, "{\"error\":\"no result\"}");
	else
		contents_response(w, raw);
	sbuf_addc(w->b, '}');
	return 0;
}

static void
contents_inline(struct gemini_writer *w, struct slice type,
    const struct chat_media *m)
{
	sbuf_adds(w->b, "\"inlineData\":{\"mimeType\":");
	sbuf_add_json(w->b, type);
	sbuf_adds(w->b, ",\"data\":\"");
	ask_data(w->b, m);
	sbuf_adds(w->b, "\"}");
}

/* Vertex wants a type; the address is all that is known of it. */
static struct slice
contents_type_of(struct slice url)
{
	static const struct {
		struct slice end, type;
	} types[] = {
		{ SLICE(".png"), SLICE("image/png") },
		{ SLICE(".gif"), SLICE("image/gif") },
		{ SLICE(".webp"), SLICE("image/webp") },
		{ SLICE(".pdf"), SLICE("application/pdf") },
		{ SLICE(".mp4"), SLICE("video/mp4") },
	};
	const char *cut = memchr(url.p, '?', url.n);

	if (cut != NULL)
		url.n = (size_t)(cut - url.p);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t n = types[i].end.n;

		if (url.n > n &&
		    slice_eq_nocase(slice_skip(url, url.n - n), types[i].end))
			return types[i].type;
	}
	return SLICE("image/jpeg");
}

static int
contents_url(struct gemini_writer *w, const struct chat_part *p)
{
	struct slice url = p->media.url;

	if (!slice_starts(url, SLICE("gs:")) &&
	    !(w->urls && (slice_starts(url, SLICE("https:")) ||
			     slice_starts(url, SLICE("http:")))))
		return ask_refuse(w->a, w->e,
		    "messages[%u].content[%u].image_url", p->message, p->at);
	sbuf_adds(w->b, "\"fileData\":{\"fileUri\":");
	sbuf_add_json(w->b, url);
	sbuf_adds(w->b, ",\"mimeType\":");
	sbuf_add_json(w->b, contents_type_of(url));
	sbuf_addc(w->b, '}');
	return 0;
}

static int
contents_image(struct gemini_writer *w, const struct chat_part *p)
{
	if (p->media.data.n == 0)
		return contents_url(w, p);
	contents_inline(w, ask_media_type(&p->media), &p->media);
	return 0;
}

static int
contents_audio(struct gemini_writer *w, const struct chat_part *p)
{
	if (p->media.data.n == 0)
		return ask_refuse(w->a, w->e,
		    "messages[%u].content[%u].input_audio", p->message, p->at);
	contents_inline(w, p->media.type, &p->media);
	return 0;
}

static int
contents_file(struct gemini_writer *w, const struct chat_part *p)
{
	if (p->media.data.n == 0)
		return ask_refuse(w->a, w->e, "messages[%u].content[%u].%s",
		    p->message, p->at,
		    p->media.id.n > 0 ? "file.file_id" : "file");
	contents_inline(w, p->media.type, &p->media);
	return 0;
}

static int
contents_part(struct gemini_writer *w, const struct chat_part *p)
{
	static int (*const write[])(struct gemini_writer *,
	    const struct chat_part *) = {
		[CHAT_TEXT] = contents_text,
		[CHAT_IMAGE] = contents_image,
		[CHAT_AUDIO] = contents_audio,
		[CHAT_FILE] = contents_file,
		[CHAT_CALL] = contents_call,
		[CHAT_RESULT] = contents_result,
	};
	int done;

	ask_comma(w->b);
	sbuf_addc(w->b, '{');
	done = write[p->type](w, p);
	sbuf_addc(w->b, '}');
	return done;
}

/* The first call of a turn that has no signature at all. */
static const struct chat_part *
contents_sentinel(struct gemini_writer *w, const struct chat_message *m)
{
	if (!gemini_model(w->a).signs || contents_is_signed(m, CHAT_CALL))
		return NULL;
	for (unsigned i = 0; i < m->n; i++)
		if (m->parts[i].type == CHAT_CALL)
			return &m->parts[i];
	return NULL;
}

static int
contents_turn(struct gemini_writer *w, const struct chat_message *m)
{
	bool model = m->role == CHAT_ASSISTANT;

	if (model) {
		w->own_ids = contents_is_signed(m, CHAT_UNKNOWN);
		w->sentinel = contents_sentinel(w, m);
	}
	ask_comma(w->b);
	sbuf_adds(w->b, model ? "{\"role\":\"model\",\"parts\":["
			      : "{\"role\":\"user\",\"parts\":[");
	for (unsigned i = 0; i < m->n; i++)
		if (contents_part(w, &m->parts[i]) != 0)
			return -1;
	sbuf_adds(w->b, "]}");
	return 0;
}

static void
contents_system(const struct turns *t, struct sbuf *b)
{
	if (t->n_system == 0)
		return;
	ask_name(b, "systemInstruction");
	sbuf_adds(b, "{\"parts\":[{\"text\":\"");
	for (unsigned i = 0; i < t->n_system; i++) {
		if (i > 0)
			sbuf_adds(b, "\\n\\n");
		sbuf_add_slice(b, t->system[i]->text);
	}
	sbuf_adds(b, "\"}]}");
}

int
gemini_contents(struct ask *a, bool urls, struct sbuf *b, struct err *e)
{
	static const struct turns_rules rules = { .results_alone = true };
	struct gemini_writer w = { .a = a, .b = b, .e = e, .urls = urls };
	struct chat chat = gemini_signatures(a);
	struct turns t;

	turns_make(&chat, &rules, a->pool, a->params, &t);
	contents_system(&t, b);
	ask_name(b, "contents");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < t.n; i++)
		if (contents_turn(&w, &t.turns[i]) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}
