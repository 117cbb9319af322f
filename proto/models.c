#include "proto/models.h"

#include "base/clock.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"

#define MODELS_CREATED INT64_C(1735689600) /* when the date is not known */

/* A list being written. */
struct models_out {
	const struct settings *s;
	struct sbuf *b;
	const struct settings_model *first, *last; /* written so far */
};

static void
models_str(struct models_out *o, struct sref r)
{
	sbuf_add_json(o->b, settings_str(o->s, r));
}

static int64_t
models_created(const struct settings_model *m)
{
	return m->created > 0 ? m->created : MODELS_CREATED;
}

static void
models_openai(struct models_out *o, const struct settings_model *m)
{
	sbuf_adds(o->b, "{\"id\":");
	models_str(o, m->name);
	sbuf_addf(o->b, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":",
	    (long long)models_created(m));
	models_str(o, settings_provider_at(o->s, m->provider)->name);
	sbuf_addc(o->b, '}');
}

static void
models_anthropic(struct models_out *o, const struct settings_model *m)
{
	char created[NOW_ISO_SIZE];

	now_iso(models_created(m) * 1000000, created);
	sbuf_adds(o->b, "{\"type\":\"model\",\"id\":");
	models_str(o, m->name);
	sbuf_adds(o->b, ",\"display_name\":");
	models_str(o, m->name);
	sbuf_addf(o->b, ",\"created_at\":\"%s\"}", created);
}

static void
models_gemini(struct models_out *o, const struct settings_model *m)
{
	sbuf_adds(o->b, "{\"name\":\"models/");
	sbuf_add_json_part(o->b, settings_str(o->s, m->name));
	sbuf_adds(o->b, "\",\"displayName\":");
	models_str(o, m->name);
	if (m->context > 0)
		sbuf_addf(o->b, ",\"inputTokenLimit\":%lld",
		    (long long)m->context);
	if (m->max_output > 0)
		sbuf_addf(o->b, ",\"outputTokenLimit\":%lld",
		    (long long)m->max_output);
	sbuf_adds(o->b, ",\"supportedGenerationMethods\":["
			"\"generateContent\",\"streamGenerateContent\"]}");
}

/* USD per million tokens; pico-USD per token are 10^-6 of it. */
static void
models_cost(struct models_out *o, bool known, int64_t pico)
{
	if (!known || pico < 0 || pico > INT64_MAX / 1000)
		sbuf_adds(o->b, "null");
	else
		money_write(o->b, pico * 1000);
}

static void
models_public(struct models_out *o, const struct settings_model *m)
{
	const struct settings_provider *p =
	    settings_provider_at(o->s, m->provider);

	sbuf_adds(o->b, "{\"model_name\":");
	models_str(o, m->name);
	sbuf_adds(o->b, ",\"max_context_window\":");
	if (m->context > 0)
		sbuf_add_u64(o->b, (uint64_t)m->context);
	else
		sbuf_adds(o->b, "null");
	sbuf_adds(o->b, ",\"input_cost\":");
	models_cost(o, m->price.known, m->price.input);
	sbuf_adds(o->b, ",\"output_cost\":");
	models_cost(o, m->price.known, m->price.output);
	sbuf_adds(o->b, ",\"rate_limit\":null,\"provider\":"
			"{\"provider_name\":");
	models_str(o, p->name);
	sbuf_adds(o->b, ",\"provider_id\":");
	models_str(o, p->name);
	sbuf_adds(o->b,
	    ",\"moderation\":null,\"credential_fields\":[\"api_key\"]}}");
}

typedef void models_write_fn(struct models_out *o,
    const struct settings_model *m);

static void
models_each(struct models_out *o, models_write_fn *write, models_show_fn *show,
    void *arg)
{
	const struct settings_model *m = settings_list(o->s, o->s->models);

	for (uint32_t i = 0; i < o->s->models.n; i++, m++) {
		if (!show(o->s, m, arg))
			continue;
		if (o->last != NULL)
			sbuf_addc(o->b, ',');
		else
			o->first = m;
		o->last = m;
		write(o, m);
	}
}

/* Anthropic's list names its ends, for paging. */
static void
models_ends(struct models_out *o)
{
	sbuf_adds(o->b, "],\"has_more\":false,\"first_id\":");
	if (o->first == NULL) {
		sbuf_adds(o->b, "null,\"last_id\":null}");
		return;
	}
	models_str(o, o->first->name);
	sbuf_adds(o->b, ",\"last_id\":");
	models_str(o, o->last->name);
	sbuf_addc(o->b, '}');
}

void
models_write_list(const struct settings *s, enum models_shape shape,
    models_show_fn *show, void *arg, struct sbuf *out)
{
	static const struct {
		const char *head;
		models_write_fn *write;
	} shapes[] = {
		[MODELS_OPENAI] = { "{\"object\":\"list\",\"data\":[",
		    models_openai },
		[MODELS_ANTHROPIC] = { "{\"data\":[", models_anthropic },
		[MODELS_GEMINI] = { "{\"models\":[", models_gemini },
	};
	struct models_out o = { .s = s, .b = out };

	sbuf_adds(out, shapes[shape].head);
	models_each(&o, shapes[shape].write, show, arg);
	if (shape == MODELS_ANTHROPIC)
		models_ends(&o);
	else
		sbuf_adds(out, "]}");
}

int
models_write_one(const struct settings *s, struct slice name,
    models_show_fn *show, void *arg, struct sbuf *out)
{
	const struct settings_model *m = settings_model_find(s, name);
	struct models_out o = { .s = s, .b = out };

	if (m == NULL || !show(s, m, arg))
		return 0;
	models_openai(&o, m);
	return 1;
}

void
models_write_public(const struct settings *s, models_show_fn *show, void *arg,
    struct sbuf *out)
{
	struct models_out o = { .s = s, .b = out };

	sbuf_adds(out, "{\"models\":[");
	models_each(&o, models_public, show, arg);
	sbuf_adds(out, "]}");
}
