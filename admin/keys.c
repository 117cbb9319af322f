/* keys - the verbs key new, key list and key revoke. */

#include <string.h>

#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/money.h"
#include "base/random.h"
#include "shm/period.h"

/* PREFIX.SECRET of base-62 characters (design/security.md S1). */
#define PREFIX_LEN 8
#define SECRET_LEN 32

#define SCOPES_NEW                                                             \
	(SCOPE_GATEWAY | SCOPE_PLATFORM | SCOPE_CREDENTIALS |                  \
	    SCOPE_CUSTOMER_WRITE)

struct new_key {
	char text[PREFIX_LEN + 1 + SECRET_LEN];
	struct key_def def;
	struct sbuf name, models, duration;
};

/* n characters that nobody can guess; bytes that would favour some go. */
static void
key_draw(char *out, size_t n)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz";

	while (n > 0) {
		unsigned char byte;

		random_bytes(&byte, 1);
		if (byte >= 4 * 62)
			continue;
		*out++ = alphabet[byte % 62];
		n--;
	}
}

static void
key_make(struct new_key *k)
{
	key_draw(k->text, PREFIX_LEN);
	k->text[PREFIX_LEN] = '.';
	key_draw(k->text + PREFIX_LEN + 1, SECRET_LEN);
	k->def.prefix = (struct slice){ k->text, PREFIX_LEN };
	digest_sha256(k->text + PREFIX_LEN + 1, SECRET_LEN, k->def.sha256);
}

static int
key_read_limits(struct slice args, struct settings_limits *l, struct err *e)
{
	if (args_int(args, "rpm", 1, &l->rpm, e) < 0 ||
	    args_int(args, "tpm", 1, &l->tpm, e) < 0 ||
	    args_int(args, "concurrency", 1, &l->concurrency, e) < 0)
		return -1;
	return 0;
}

static int
key_read_uses(struct slice args, int64_t *uses_r, struct err *e)
{
	if (args_int(args, "max_usage", 1, uses_r, e) < 0)
		return -1;
	if (*uses_r > INT32_MAX)
		return err_param(e, ERR_INVALID_VALUE, "max_usage",
		    "max_usage: Ensure this value is less than or equal to "
		    "%d.",
		    INT32_MAX);
	return 0;
}

/* A budget needs a duration: monthly when none is given. */
static int
key_read_budget(struct slice args, struct new_key *k, struct err *e)
{
	enum period_kind kind = PERIOD_MONTHLY;

	if (args_money(args, "period_budget", &k->def.period_budget_nano, e) <
		0 ||
	    args_money(args, "spending_limit", &k->def.spending_limit_nano, e) <
		0)
		return -1;
	switch (args_text(args, "budget_duration", &k->duration, e)) {
	case -1:
		return -1;
	case 1:
		if (!period_read(k->duration.data, &kind) || kind == PERIOD_ALL)
			return err_set(e, ERR_INVALID_VALUE,
			    "budget_duration: daily, weekly, monthly or "
			    "yearly is a valid choice.");
	}
	if (k->def.period_budget_nano != MONEY_NONE)
		k->def.budget_duration = (int32_t)kind;
	return 0;
}

static int
key_read(struct slice args, struct new_key *k, struct err *e)
{
	struct key_def *def = &k->def;
	bool gateway_only = false, clamp = false;

	*def = (struct key_def){ .period_budget_nano = MONEY_NONE,
		.spending_limit_nano = MONEY_NONE,
		.created_s = now_real_us() / 1000000 };
	def->updated_s = def->created_s;
	sbuf_add(&k->duration, "", 0);
	if (args_text(args, "name", &k->name, e) < 0 ||
	    args_list(args, "models", &k->models, e) < 0 ||
	    args_environment(args, &def->environment, e) < 0 ||
	    args_bool(args, "gateway_only", &gateway_only, e) < 0 ||
	    args_bool(args, "clamp_max_tokens", &clamp, e) < 0 ||
	    args_time(args, "expiry_date", &def->expires_s, e) < 0 ||
	    key_read_limits(args, &def->limits, e) < 0 ||
	    key_read_uses(args, &def->max_usage, e) < 0 ||
	    key_read_budget(args, k, e) < 0)
		return -1;
	if (k->name.len == 0)
		return err_param(e, ERR_MISSING_PARAMETER, "name",
		    "name: This field is required.");
	if (def->expires_s != 0 && def->expires_s <= def->created_s)
		return err_param(e, ERR_INVALID_VALUE, "expiry_date",
		    "expiry_date: The date must be in the future.");
	def->clamp_max_tokens = clamp;
	def->scopes = gateway_only ? SCOPE_GATEWAY : SCOPES_NEW;
	def->name = sbuf_slice(&k->name);
	def->models = sbuf_slice(&k->models);
	return 0;
}

static int
key_store(struct office *o, struct new_key *k, struct sbuf *out, struct err *e)
{
	struct sbuf packed = { 0 };
	int done;

	key_make(k);
	defs_key_pack(&packed, &k->def);
	done = office_ask(o, ASK_KEY_PUT, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	if (done != 1)
		return done;
	k->def.version = 1;
	sbuf_adds(out, "{\"api_key\":");
	sbuf_add_json(out, (struct slice){ k->text, sizeof k->text });
	sbuf_adds(out, ",\"key\":");
	show_key(out, &k->def, "store");
	sbuf_addc(out, '}');
	return 1;
}

int
verb_key_new(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct new_key k = { .text = "" };
	int done = key_read(args, &k, e) == 0 ? key_store(o, &k, out, e) : -1;

	sbuf_free(&k.name);
	sbuf_free(&k.models);
	sbuf_free(&k.duration);
	explicit_bzero(&k, sizeof k);
	return done;
}

static void
key_list_file(struct office *o, struct sbuf *out)
{
	const struct settings_key *keys =
	    settings_list(o->settings, o->settings->keys);
	struct key_def def;

	for (uint32_t i = 0; i < o->settings->keys.n; i++) {
		defs_from_key(o->settings, &keys[i], &o->def, &def);
		if (i > 0)
			sbuf_addc(out, ',');
		show_key(out, &def, "settings");
	}
}

int
verb_key_list(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct slice after = SLICE("");
	struct key_def def;
	int got;

	(void)args;
	if (objects == NULL)
		return -1;
	sbuf_adds(out, "{\"results\":[");
	key_list_file(o, out);
	while (
	    (got = objects_key_next(objects, after, &o->def, &def, e)) == 1) {
		if (out->data[out->len - 1] != '[')
			sbuf_addc(out, ',');
		show_key(out, &def, "store");
		after = def.prefix;
	}
	sbuf_adds(out, "]}");
	return got == 0 ? 1 : -1;
}

int
verb_key_revoke(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf prefix = { 0 };
	int done = args_text(args, "prefix", &prefix, e);

	if (done == 0)
		done = err_param(e, ERR_MISSING_PARAMETER, "prefix",
		    "prefix: This field is required.");
	if (done == 1)
		done = office_ask(o, ASK_KEY_REVOKE, sbuf_slice(&prefix), e);
	if (done == 1) {
		sbuf_addc(out, '{');
		show_text(out, "prefix", sbuf_slice(&prefix));
		show_bool(out, "revoked", true);
		sbuf_addc(out, '}');
	}
	sbuf_free(&prefix);
	return done;
}
