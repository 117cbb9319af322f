/* gemini_parts - what a candidate says: providers.md 5.2, 7.3, 9. */
#include "base/sbuf.h"
#include "dialect/gemini_tell.h"
#include "proto/jstr.h"

enum {
	PART_TEXT,
	PART_THOUGHT,
	PART_SIGNATURE,
	PART_CALL,
	PART_INLINE,
	PART_CODE,
	PART_RAN,
	PARTS
};
static const struct slice part_names[PARTS] = {
	[PART_TEXT] = SLICE("text"),
	[PART_THOUGHT] = SLICE("thought"),
	[PART_SIGNATURE] = SLICE("thoughtSignature"),
	[PART_CALL] = SLICE("functionCall"),
	[PART_INLINE] = SLICE("inlineData"),
	[PART_CODE] = SLICE("executableCode"),
	[PART_RAN] = SLICE("codeExecutionResult"),
};

enum { CALL_ID, CALL_NAME, CALL_ARGS, CALL_PIECES, CALL_GOES_ON, CALLS };
static const struct slice call_names[CALLS] = {
	[CALL_ID] = SLICE("id"),
	[CALL_NAME] = SLICE("name"),
	[CALL_ARGS] = SLICE("args"),
	[CALL_PIECES] = SLICE("partialArgs"),
	[CALL_GOES_ON] = SLICE("willContinue"),
};

/* Raw text; a number where text belongs is its digits. */
static struct slice
parts_raw(const struct jscan_item *item)
{
	if (item->type == JSCAN_STRING)
		return jscan_text(item);
	return item->type == JSCAN_NUMBER ? item->value : SLICE("");
}

static struct slice
parts_member(struct slice object, struct slice name)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1)
		return SLICE("");
	return parts_raw(&item);
}

/* For clients that keep reasoning_details; id n 0: it is of text. */
static void
parts_signature(struct chatout *o, struct slice signature, struct slice id)
{
	struct sbuf b = { 0 };

	if (signature.n == 0)
		return;
	sbuf_adds(&b, "{\"type\":\"reasoning.encrypted\",\"data\":\"");
	sbuf_add_slice(&b, signature);
	sbuf_adds(&b, "\",\"format\":\"" GEMINI_FORMAT "\",\"id\":");
	if (id.n > 0)
		sbuf_addf(&b, "\"%.*s\"", SLICE_ARGS(id));
	else
		sbuf_adds(&b, "null");
	sbuf_addc(&b, '}');
	chatout_detail(o, sbuf_slice(&b));
	sbuf_free(&b);
}

/* Whether what is called comes in pieces, here or in further parts. */
static bool
parts_goes_on(const struct jscan_item call[CALLS])
{
	return call[CALL_ARGS].type == JSCAN_NULL &&
	       (jscan_true(&call[CALL_GOES_ON]) ||
		   call[CALL_PIECES].type == JSCAN_ARRAY);
}

static int
parts_begin_call(struct chatout *o, const struct jscan_item call[CALLS],
    struct slice signature)
{
	char minted[CHATOUT_ID_SIZE];
	struct slice id = parts_raw(&call[CALL_ID]);
	struct slice name = parts_raw(&call[CALL_NAME]), args = SLICE("{}");
	struct sbuf extra = { 0 };
	int done;

	if (id.n == 0) {
		chatout_mint_id(o, minted);
		id = slice_str(minted);
	}
	if (signature.n > 0) {
		sbuf_adds(&extra, "{\"google\":{\"thought_signature\":\"");
		sbuf_add_slice(&extra, signature);
		sbuf_adds(&extra, "\"}}");
	}
	if (call[CALL_ARGS].type != JSCAN_NULL)
		args = call[CALL_ARGS].value;
	done = parts_goes_on(call)
	           ? chatout_call(o, id, name, sbuf_slice(&extra))
	           : chatout_call_whole(o, id, name, sbuf_slice(&extra), args);
	if (done == 0)
		parts_signature(o, signature, id);
	sbuf_free(&extra);
	return done;
}

/* A call comes whole, or begins here and goes on in further parts. */
static int
parts_call(struct tell *t, struct gemini_partial *p, struct slice json,
    struct slice signature)
{
	struct jscan_item call[CALLS];

	gemini_members(json, call_names, CALLS, call);
	if (parts_raw(&call[CALL_NAME]).n > 0) {
		gemini_partial_end(p, &t->out);
		if (parts_begin_call(&t->out, call, signature) != 0)
			return -1;
		p->open = parts_goes_on(call);
	}
	if (p->open && call[CALL_PIECES].type == JSCAN_ARRAY &&
	    gemini_partial_read(p, &t->out, call[CALL_PIECES].value) != 0)
		return -1;
	if (!jscan_true(&call[CALL_GOES_ON]))
		gemini_partial_end(p, &t->out);
	return 0;
}

static void
parts_image(struct chatout *o, struct slice json)
{
	struct slice type = parts_member(json, SLICE("mimeType"));
	struct sbuf b = { 0 };

	if (!slice_starts(type, SLICE("image/")))
		return;
	sbuf_adds(&b, "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:");
	sbuf_add_slice(&b, type);
	sbuf_adds(&b, ";base64,");
	sbuf_add_slice(&b, parts_member(json, SLICE("data")));
	sbuf_adds(&b, "\"}}");
	chatout_image(o, sbuf_slice(&b));
	sbuf_free(&b);
}

/* Whether raw text ends with a line end; in doubt it does not. */
static bool
parts_ends_line(struct slice raw)
{
	return raw.n >= 2 && memcmp(raw.p + raw.n - 2, "\\n", 2) == 0 &&
	       (raw.n == 2 || raw.p[raw.n - 3] != '\\');
}

/* Code that the provider ran, and what came of it: a fence in the text. */
static void
parts_fence(struct chatout *o, struct slice language, struct slice raw)
{
	struct sbuf b = { 0 };

	if (chatout_has_content(o))
		sbuf_adds(&b, "\\n");
	sbuf_adds(&b, "```");
	for (size_t i = 0; i < language.n; i++)
		if (language.p[i] >= 'A' && language.p[i] <= 'Z')
			sbuf_addc(&b, (char)(language.p[i] + 32));
	sbuf_adds(&b, "\\n");
	sbuf_add_slice(&b, raw);
	sbuf_adds(&b, parts_ends_line(raw) ? "```\\n" : "\\n```\\n");
	chatout_text(o, sbuf_slice(&b));
	sbuf_free(&b);
}

static int
parts_one(struct tell *t, struct gemini_partial *p, struct slice json)
{
	struct jscan_item at[PARTS];
	struct slice signature;

	gemini_members(json, part_names, PARTS, at);
	signature = parts_raw(&at[PART_SIGNATURE]);
	if (at[PART_CALL].type == JSCAN_OBJECT)
		return parts_call(t, p, at[PART_CALL].value, signature);
	if (jscan_true(&at[PART_THOUGHT])) {
		chatout_reasoning(&t->out, parts_raw(&at[PART_TEXT]));
		parts_signature(&t->out, signature, SLICE(""));
		return 0;
	}
	chatout_text(&t->out, parts_raw(&at[PART_TEXT]));
	gemini_place_add(t, parts_raw(&at[PART_TEXT]));
	if (at[PART_INLINE].type == JSCAN_OBJECT)
		parts_image(&t->out, at[PART_INLINE].value);
	if (at[PART_CODE].type == JSCAN_OBJECT)
		parts_fence(&t->out,
		    parts_member(at[PART_CODE].value, SLICE("language")),
		    parts_member(at[PART_CODE].value, SLICE("code")));
	if (at[PART_RAN].type == JSCAN_OBJECT)
		parts_fence(&t->out, SLICE(""),
		    parts_member(at[PART_RAN].value, SLICE("output")));
	parts_signature(&t->out, signature, SLICE(""));
	return 0;
}

int
gemini_parts(struct tell *t, struct slice content)
{
	struct gemini_state *s = t->state;
	struct jscan_item parts, item;
	struct jscan_iter it;

	if (jscan_find(content, SLICE("parts"), &parts) != 1 ||
	    parts.type != JSCAN_ARRAY)
		return 0;
	jscan_enter(&it, parts.value);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    parts_one(t, &s->partial[t->out.at], item.value) != 0)
			return -1;
	return 0;
}
