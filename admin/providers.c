/* providers - the verbs providers, drain and resume. */

#include "admin/args.h"
#include "admin/show.h"
#include "admin/standing.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/suggest.h"
#include "proto/utf8.h"
#include "shm/health.h"

static const char *const states[] = {
	[STANDING_UP] = "up",
	[STANDING_EJECTED] = "ejected",
	[STANDING_DRAINED] = "drained",
};

static struct slice
providers_name(const struct settings *s, int32_t i)
{
	return settings_str(s, settings_provider_at(s, i)->name);
}

static void
providers_credential(struct sbuf *out, const struct standings *s,
    const struct standing *c)
{
	enum standing_state state = standing_state(c);

	show_element(out);
	sbuf_addc(out, '{');
	show_text(out, "name", c->name);
	show_text(out, "state", slice_str(states[state]));
	if (state == STANDING_EJECTED)
		show_int(out, "seconds_until_back",
		    (int64_t)standing_back_s(s, c));
	else {
		show_name(out, "seconds_until_back");
		sbuf_adds(out, "null");
	}
	sbuf_addc(out, '}');
}

static void
providers_one(struct office *o, struct sbuf *out, const struct standings *s,
    int32_t i)
{
	struct slice name = providers_name(o->settings, i);
	enum standing_state state = standings_provider(o, s, i);

	sbuf_addc(out, '{');
	show_text(out, "name", name);
	show_text(out, "state", slice_str(states[state]));
	show_int(out, "in_flight", standing_inflight(o, name));
	show_name(out, "credentials");
	sbuf_addc(out, '[');
	for (size_t n = 0; n < s->n; n++)
		if (s->all[n].provider == i)
			providers_credential(out, s, &s->all[n]);
	sbuf_adds(out, "]}");
}

int
verb_providers(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct standings s;

	(void)args;
	(void)e;
	standings_read(o, &s);
	sbuf_adds(out, "{\"results\":[");
	for (uint32_t i = 0; i < o->settings->providers.n; i++) {
		show_element(out);
		providers_one(o, out, &s, (int32_t)i);
	}
	sbuf_adds(out, "]}");
	standings_free(&s);
	return 1;
}

static int
providers_unknown(const struct settings *s, struct slice name, struct err *e)
{
	struct suggest near;
	struct slice shown = name;

	shown.n = shown.n < 100 ? shown.n : 100;
	shown = utf8_prefix(shown);
	suggest_init(&near, name);
	for (uint32_t i = 0; i < s->providers.n; i++)
		suggest_try(&near, providers_name(s, (int32_t)i));
	if (near.best.n == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "There is no provider \"%.*s\".", SLICE_ARGS(shown));
	return err_set(e, ERR_NOT_FOUND,
	    "There is no provider \"%.*s\"; did you mean \"%.*s\"?",
	    SLICE_ARGS(shown), SLICE_ARGS(near.best));
}

/* Its index, or -1 with *e. */
static int
providers_find(const struct settings *s, struct slice name, struct err *e)
{
	for (uint32_t i = 0; i < s->providers.n; i++)
		if (slice_eq(name, providers_name(s, (int32_t)i)))
			return (int)i;
	return providers_unknown(s, name, e);
}

static int
providers_named(struct office *o, struct slice args, struct err *e)
{
	struct sbuf name = { 0 };
	int i = args_text(args, "provider", &name, e);

	if (i == 0)
		i = err_param(e, ERR_MISSING_PARAMETER, "provider",
		    "provider: This field is required.");
	else if (i > 0)
		i = providers_find(o->settings, sbuf_slice(&name), e);
	sbuf_free(&name);
	return i;
}

static int
providers_drain(struct office *o, struct slice args, bool drained,
    struct sbuf *out, struct err *e)
{
	int i = providers_named(o, args, e);
	struct standings s;
	struct slice name;

	if (i < 0)
		return -1;
	name = providers_name(o->settings, i);
	if (!health_drain(o->seg, name, drained, now_mono_ns()))
		return err_set(e, ERR_OVERLOADED,
		    "The table of targets has no room for it.");
	log_info("provider %.*s: %s", SLICE_ARGS(name),
	    drained ? "drained" : "resumed");
	standings_read(o, &s);
	providers_one(o, out, &s, i);
	standings_free(&s);
	return 1;
}

int
verb_drain(struct office *o, struct slice args, struct sbuf *out, struct err *e)
{
	return providers_drain(o, args, true, out, e);
}

int
verb_resume(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	return providers_drain(o, args, false, out, e);
}
