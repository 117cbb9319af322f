#include "proto/edit_messages.h"

#include "base/digest.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/edit.h"
#include "proto/jstr.h"
#include "proto/params.h"

#define ID9_DIGITS 9
#define ID9_ALL 43 /* digits of 256 bits to the base of 62 */

/* Messages on their way. */
struct messages_edit {
	const struct params *params;
	const struct edit_options *options;
	struct pool *pool;
	struct edit_splices *to;
};

static void
messages_splice(struct messages_edit *m, struct slice old, struct slice by)
{
	struct edit_splices *s = m->to;
	struct splice_inside *list;

	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 8;
		list = pool_alloc(m->pool, s->cap * sizeof *list);
		if (s->n > 0)
			memcpy(list, s->list, s->n * sizeof *list);
		s->list = list;
	}
	s->list[s->n++] = (struct splice_inside){ old, by };
}

static bool
id9_is_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool
id9_fits(struct slice id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!id9_is_digit(id.p[i]))
			return false;
	return id.n == ID9_DIGITS;
}

/* What is left of a large number when it is divided by 62. */
static unsigned
id9_divide(unsigned char n[DIGEST_SIZE])
{
	unsigned rest = 0;

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		rest = rest << 8 | n[i];
		n[i] = (unsigned char)(rest / 62);
		rest %= 62;
	}
	return rest;
}

struct slice
edit_id9(struct slice raw, struct pool *pool)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct slice id = jstr_decode(raw, pool);
	unsigned char sum[DIGEST_SIZE];
	char all[ID9_ALL];

	if (id9_fits(id))
		return id;
	digest_sha256(id.p, id.n, sum);
	for (unsigned i = ID9_ALL; i-- > 0;)
		all[i] = digits[id9_divide(sum)];
	return pool_copy(pool, (struct slice){ all, ID9_DIGITS });
}

/* The value of a member that is an id. */
static void
messages_id(struct messages_edit *m, const struct jscan_item *item)
{
	struct slice id, raw;

	if (!(m->options->quirks & QUIRK_ID9) || item->type != JSCAN_STRING)
		return;
	raw = jscan_text(item);
	id = edit_id9(raw, m->pool);
	if (!slice_eq(id, raw))
		messages_splice(m, raw, id);
}

static void
messages_calls(struct messages_edit *m, const struct jscan_item *calls)
{
	struct jscan_iter it;
	struct jscan_item call, id;

	if (!(m->options->quirks & QUIRK_ID9) || calls->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, calls->value);
	while (jscan_element_next(&it, &call) == 1)
		if (call.type == JSCAN_OBJECT &&
		    jscan_find(call.value, SLICE("id"), &id) == 1)
			messages_id(m, &id);
}

/* Thoughts go back to who needs them, and beside calls only. */
static bool
messages_keeps_thoughts(const struct messages_edit *m, struct slice message)
{
	struct jscan_item calls;

	/* Who takes reasoning as an object takes it back in any form. */
	if (m->options->reasoning == REASONING_AS_IS ||
	    m->options->reasoning == REASONING_OBJECT)
		return true;
	return m->options->quirks & QUIRK_REASONING_BACK &&
	       jscan_find(message, SLICE("tool_calls"), &calls) == 1 &&
	       calls.type == JSCAN_ARRAY;
}

/* Leave a member out, with the comma before it, or else the one behind. */
static void
messages_remove(struct messages_edit *m, const char *kept_end,
    const struct jscan_item *item)
{
	const char *start = kept_end != NULL ? kept_end : item->name.p - 1;
	const char *end = item->value.p + item->value.n;

	if (kept_end == NULL) {
		while (*end != ',' && *end != '}')
			end++;
		end += *end == ',';
	}
	messages_splice(m, (struct slice){ start, (size_t)(end - start) },
	    SLICE(""));
}

/* The first models that reason refuse the role all the same. */
static bool
messages_has_developers(const struct edit_options *o)
{
	return (o->quirks & QUIRK_DEV_ROLE) != 0 &&
	       (o->features & FEATURE_NO_DEVELOPER) == 0;
}

static void
messages_member(struct messages_edit *m, const struct jscan_item *item)
{
	if (jstr_is(item, SLICE("tool_calls")))
		messages_calls(m, item);
	else if (jstr_is(item, SLICE("tool_call_id")))
		messages_id(m, item);
	else if (jstr_is(item, SLICE("role")) &&
		 !messages_has_developers(m->options) &&
		 jstr_says(item, SLICE("developer")))
		messages_splice(m, item->value, SLICE("\"system\""));
}

/* What is left of a content behind a part: the text, or the other parts. */
static void
messages_rest(struct sbuf *b, const struct jscan_item *content)
{
	struct jscan_iter it;
	struct jscan_item first;

	if (content->type == JSCAN_STRING && content->value.n > 2) {
		sbuf_adds(b, ",{\"type\":\"text\",\"text\":");
		sbuf_add_slice(b, content->value);
		sbuf_addc(b, '}');
	} else if (content->type == JSCAN_ARRAY) {
		jscan_enter(&it, content->value);
		if (jscan_element_next(&it, &first) != 1)
			return;
		sbuf_addc(b, ',');
		sbuf_add(b, first.value.p,
		    (size_t)(content->value.p + content->value.n - 1 -
			     first.value.p));
	}
}

/* The first part of an assistant's content: what it thought. */
static struct slice
messages_thought(struct messages_edit *m, struct slice text,
    const struct jscan_item *content)
{
	struct sbuf b = { 0 };
	struct slice parts;

	sbuf_adds(&b, "[{\"type\":\"thinking\",\"thinking\":[{\"type\":"
		      "\"text\",\"text\":");
	sbuf_add_slice(&b, text);
	sbuf_adds(&b, "}]}");
	messages_rest(&b, content);
	sbuf_addc(&b, ']');
	parts = pool_copy(m->pool, sbuf_slice(&b));
	sbuf_free(&b);
	return parts;
}

/* What stands in reasoning_content goes back as a part of the content. */
static bool
messages_thinks(const struct messages_edit *m, struct slice message,
    struct jscan_item *thought_r)
{
	struct jscan_item role;

	return m->options->quirks & QUIRK_THINKING_PARTS &&
	       m->params->messages.reasonings > 0 &&
	       jscan_find(message, SLICE("reasoning_content"), thought_r) ==
	           1 &&
	       thought_r->type == JSCAN_STRING && thought_r->value.n > 2 &&
	       jscan_find(message, SLICE("role"), &role) == 1 &&
	       jstr_says(&role, SLICE("assistant"));
}

/* There may be no content beside calls: the thoughts stand in its place. */
static void
messages_think_alone(struct messages_edit *m, const struct jscan_item *thought)
{
	const struct jscan_item none = { .type = JSCAN_NULL };
	struct slice name = { thought->name.p, thought->name.n };

	messages_splice(m, name, SLICE("content"));
	messages_splice(m, thought->value,
	    messages_thought(m, thought->value, &none));
}

static RARE void
messages_message(struct messages_edit *m, struct slice message)
{
	struct jscan_item item, content, thought;
	bool thinks = messages_thinks(m, message, &thought);
	bool alone =
	    thinks && jscan_find(message, SLICE("content"), &content) != 1;
	bool keeps = m->params->messages.reasonings == 0 ||
	             messages_keeps_thoughts(m, message);
	const char *kept_end = NULL;
	struct jscan_iter it;

	jscan_enter(&it, message);
	while (jscan_member_next(&it, &item) == 1) {
		if (jstr_is(&item, SLICE("reasoning_content")) && alone) {
			messages_think_alone(m, &item);
		} else if (jstr_is(&item, SLICE("reasoning_content")) &&
			   !keeps) {
			messages_remove(m, kept_end, &item);
			continue;
		} else if (thinks && jstr_is(&item, SLICE("content"))) {
			messages_splice(m, item.value,
			    messages_thought(m, thought.value, &item));
		} else {
			messages_member(m, &item);
		}
		kept_end = item.value.p + item.value.n;
	}
}

/* Mistral goes on with an assistant's words only when told so. */
static void
messages_prefix(struct messages_edit *m, struct slice message)
{
	struct slice end = { message.p + message.n - 1, 0 };
	struct jscan_item item;

	if (!(m->options->quirks & QUIRK_PREFIX) ||
	    jscan_find(message, SLICE("role"), &item) != 1 ||
	    !jstr_says(&item, SLICE("assistant")) ||
	    jscan_find(message, SLICE("prefix"), &item) == 1)
		return;
	messages_splice(m, end, SLICE(",\"prefix\":true"));
}

/* A schema that the provider does not take, as a wish. */
static void
messages_schema(struct messages_edit *m)
{
	struct slice front = { m->to->json.p + 1, 0 };
	struct slice schema = edit_lost_schema(m->params, m->options);
	struct sbuf b = { 0 };

	if (schema.n == 0)
		return;
	sbuf_adds(&b,
	    "{\"role\":\"system\",\"content\":\"Answer with one JSON "
	    "object and nothing else. It must fit this JSON schema: ");
	sbuf_add_json_part(&b, schema);
	sbuf_adds(&b, "\"},");
	messages_splice(m, front, pool_copy(m->pool, sbuf_slice(&b)));
	sbuf_free(&b);
}

/* Is there anything to look for? */
static bool
messages_change(const struct params *p, const struct edit_options *o)
{
	return o->quirks & (QUIRK_ID9 | QUIRK_PREFIX) ||
	       (p->messages.developers > 0 && !messages_has_developers(o)) ||
	       p->messages.reasonings > 0 || edit_lost_schema(p, o).n > 0;
}

void
edit_messages(const struct params *p, const struct edit_options *options,
    struct pool *pool, struct edit_splices *s_r)
{
	struct messages_edit m = { p, options, pool, s_r };
	struct jscan_iter it;
	struct jscan_item message = { .type = JSCAN_NULL };

	*s_r = (struct edit_splices){ .json = params_json(p, PARAM_messages) };
	if (options == NULL || s_r->json.n == 0 || !messages_change(p, options))
		return;
	messages_schema(&m);
	jscan_enter(&it, s_r->json);
	while (jscan_element_next(&it, &message) == 1)
		messages_message(&m, message.value);
	messages_prefix(&m, message.value);
}
