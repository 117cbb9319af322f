/* in_anthropic_blocks - the content of a message. */
#include <stdio.h>

#include "dialect/in_anthropic_priv.h"
#include "dialect/claude.h"

/* A block of a content. */
struct in_block {
	struct jscan_item type;
	struct slice json;
	unsigned at;
};

typedef void in_block_fn(struct in_turn *t, const struct in_block *block);

static void
in_own_block(struct in_turn *t, const struct in_block *block)
{
	char where[IN_WHERE];

	snprintf(where, sizeof where, "%s[%u].type", t->where, block->at);
	in_own_input(t->x->in, where);
}

static void
in_text_block(struct in_turn *t, const struct in_block *block)
{
	in_content_text(&t->content, chat_raw(block->json, SLICE("text")),
	    in_mark(block->json));
}

static void
in_image_block(struct in_turn *t, const struct in_block *block)
{
	if (in_anthropic_image(&t->content, block->json) != 1)
		in_own_block(t, block);
}

static void
in_document_block(struct in_turn *t, const struct in_block *block)
{
	if (in_anthropic_document(&t->content, block->json) != 1)
		in_own_block(t, block);
}

/* Chat knows no failure of a tool but in words. */
static struct slice
in_failed_text(struct in_turn *t, struct slice raw)
{
	struct sbuf b = { 0 };
	struct slice copy;

	sbuf_adds(&b, "Error: ");
	sbuf_add_slice(&b, raw);
	copy = pool_copy(t->x->in->pool, sbuf_slice(&b));
	sbuf_free(&b);
	return copy;
}

/* One block in a result: text goes with it, media into the user's message. */
static void
in_result_block(struct in_turn *t, const struct in_block *block,
    struct in_content *c, bool failed)
{
	struct slice text;

	if (jstr_says(&block->type, SLICE("image"))) {
		in_image_block(t, block);
	} else if (jstr_says(&block->type, SLICE("document"))) {
		in_document_block(t, block);
	} else if (jstr_says(&block->type, SLICE("text"))) {
		text = chat_raw(block->json, SLICE("text"));
		if (failed && c->n == 0)
			text = in_failed_text(t, text);
		in_content_text(c, text, SLICE(""));
	} else {
		in_own_block(t, block);
	}
}

static void
in_result_content(struct in_turn *t, const struct in_block *result,
    struct in_content *c, bool failed)
{
	struct in_block block = { .at = result->at };
	struct jscan_item content, item;
	struct jscan_iter it;

	in_find(result->json, SLICE("content"), &content);
	if (content.type == JSCAN_STRING)
		in_content_text(c,
		    failed ? in_failed_text(t, jscan_text(&content))
			   : jscan_text(&content),
		    SLICE(""));
	if (content.type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, content.value);
	while (jscan_element_next(&it, &item)) {
		block.json =
		    item.type == JSCAN_OBJECT ? item.value : SLICE("{}");
		in_find(block.json, SLICE("type"), &block.type);
		in_result_block(t, &block, c, failed);
	}
}

static void
in_result(struct in_turn *t, const struct in_block *block)
{
	struct in_content c = { .n = 0 };
	struct sbuf *chat = t->x->chat;
	bool failed = in_is_true(block->json, SLICE("is_error"));

	in_result_content(t, block, &c, failed);
	ask_comma(chat);
	sbuf_adds(chat, "{\"role\":\"tool\"");
	ask_text(chat, "tool_call_id",
	    chat_raw(block->json, SLICE("tool_use_id")));
	in_content_end(&c, chat, failed ? "\"Error: \"" : "\"\"");
	ask_json(chat, "cache_control", in_mark(block->json));
	sbuf_addc(chat, '}');
	t->n_results++;
}

static void
in_call(struct in_turn *t, const struct in_block *block)
{
	struct sbuf *b = &t->calls;
	struct jscan_item input;

	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "id", chat_raw(block->json, SLICE("id")));
	sbuf_adds(b, ",\"type\":\"function\",\"function\":{");
	ask_text(b, "name", chat_raw(block->json, SLICE("name")));
	ask_name(b, "arguments");
	in_find(block->json, SLICE("input"), &input);
	sbuf_add_json(b,
	    input.type == JSCAN_OBJECT ? input.value : SLICE("{}"));
	sbuf_addc(b, '}');
	ask_json(b, "cache_control", in_mark(block->json));
	sbuf_addc(b, '}');
}

/* Unsigned thoughts are those of another provider, told to this client. */
static void
in_thinking(struct in_turn *t, const struct in_block *block)
{
	struct slice text = chat_raw(block->json, SLICE("thinking"));
	struct slice signature = chat_raw(block->json, SLICE("signature"));

	if (signature.n > 0)
		in_add_thinking(&t->details, text, signature, CLAUDE_FORMAT,
		    t->n_details++);
	else
		sbuf_add_slice(&t->reasoning, text);
}

static void
in_redacted(struct in_turn *t, const struct in_block *block)
{
	in_add_encrypted(&t->details, chat_raw(block->json, SLICE("data")),
	    CLAUDE_FORMAT, t->n_details++);
}

/* Written before the other blocks of its message. */
static void
in_written(struct in_turn *t, const struct in_block *block)
{
	(void)t;
	(void)block;
}

static const struct {
	struct slice type;
	in_block_fn *of[3]; /* by role; NULL: its own kind only */
} in_block_types[] = {
	{ SLICE("text"), { in_text_block, in_text_block, in_text_block } },
	{ SLICE("image"), { in_image_block, NULL, NULL } },
	{ SLICE("document"), { in_document_block, NULL, NULL } },
	{ SLICE("tool_result"), { in_written, NULL, NULL } },
	{ SLICE("tool_use"), { NULL, in_call, NULL } },
	{ SLICE("thinking"), { NULL, in_thinking, NULL } },
	{ SLICE("redacted_thinking"), { NULL, in_redacted, NULL } },
};

static in_block_fn *
in_block_reader(const struct in_block *block, enum in_role role)
{
	size_t n = sizeof in_block_types / sizeof *in_block_types;

	for (size_t i = 0; i < n; i++)
		if (jstr_says(&block->type, in_block_types[i].type) &&
		    in_block_types[i].of[role] != NULL)
			return in_block_types[i].of[role];
	return in_own_block;
}

int
in_anthropic_blocks(struct in_turn *t, struct slice array, enum in_role role,
    bool results)
{
	struct jscan_iter it;
	struct jscan_item item;
	struct in_block block = { .at = 0 };
	char where[IN_WHERE];

	jscan_enter(&it, array);
	for (; jscan_element_next(&it, &item); block.at++) {
		snprintf(where, sizeof where, "%s[%u]", t->where, block.at);
		if (in_expect(t->x->e, where, &item, JSCAN_OBJECT) != 0 ||
		    (!results && jscan_unique(item.value, where, t->x->e) != 0))
			return -1;
		block.json = item.value;
		in_find(item.value, SLICE("type"), &block.type);
		if (!results)
			in_block_reader(&block, role)(t, &block);
		else if (jstr_says(&block.type, SLICE("tool_result")))
			in_result(t, &block);
	}
	return 0;
}
