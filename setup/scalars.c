/* The rows of base/settings.def, and the words that some of them take. */

#include "setup/compile_priv.h"

#include <arpa/inet.h>
#include <grp.h>
#include <stdio.h>

#include "base/money.h"
#include "base/suggest.h"
#include "base/zone.h"

static const struct field rows[] = {
#define SETTING(type, path, field, def, min, max, when, help)                  \
	{ path, FIELD_##type, offsetof(struct settings, field), def, min, max, \
		false, NULL, NULL },
#include "base/settings.def"
#undef SETTING
};

#define ROWS (sizeof rows / sizeof rows[0])

static const struct word words_demo[] = { { "auto", 0 }, { "true", 0 },
	{ "false", 0 }, { NULL, 0 } };
static const struct word words_unknown[] = { { "create", 0 }, { "refuse", 0 },
	{ NULL, 0 } };
static const struct word words_duration[] = { { "daily", 0 }, { "weekly", 0 },
	{ "monthly", 0 }, { "yearly", 0 }, { NULL, 0 } };
static const struct word words_usage[] = { { "charge", 0 }, { "estimate", 0 },
	{ NULL, 0 } };
static const struct word words_on_error[] = { { "refuse", 0 }, { "allow", 0 },
	{ NULL, 0 } };
static const struct word words_level[] = { { "error", 0 }, { "warn", 0 },
	{ "info", 0 }, { "debug", 0 }, { NULL, 0 } };
static const struct word words_week[] = { { "sunday", 0 }, { "monday", 0 },
	{ "tuesday", 0 }, { "wednesday", 0 }, { "thursday", 0 },
	{ "friday", 0 }, { "saturday", 0 }, { NULL, 0 } };
static const struct word words_bodies[] = { { "full", 0 }, { "none", 0 },
	{ NULL, 0 } };
static const struct word words_strategy[] = { { "cheapest", 0 },
	{ "fastest", 0 }, { "priority", 0 }, { NULL, 0 } };
static const struct word words_fallback[] = { { "any", 0 }, { "transient", 0 },
	{ NULL, 0 } };

static const struct {
	const char *path;
	const struct word *words;
} row_words[] = {
	{ "demo.enabled", words_demo },
	{ "customers.unknown", words_unknown },
	{ "customers.defaults.budget_duration", words_duration },
	{ "organization.budget_duration", words_duration },
	{ "budgets.missing_usage", words_usage },
	{ "budgets.week_starts", words_week },
	{ "budgets.on_error", words_on_error },
	{ "logs.level", words_level },
	{ "logs.bodies", words_bodies },
	{ "routing.strategy", words_strategy },
	{ "routing.fallback_on", words_fallback },
};

/* Places that hold lists instead of a value; lists.c reads them. */
static const char *const list_paths[] = { "server.listen", "tls", "providers",
	"models", "keys", "customers.list", "logs.files", "exporters",
	"load_balance_groups" };

#define LIST_PATHS (sizeof list_paths / sizeof list_paths[0])

const struct field *
scalars_rows(size_t *n_r)
{
	*n_r = ROWS;
	return rows;
}

/* The part of a path below the prefix; NULL when it is not below. */
static const char *
scalars_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 0)
		return path;
	return strncmp(path, prefix, n) == 0 && path[n] == '.' ? path + n + 1
	                                                       : NULL;
}

static bool
scalars_is_list(const char *path)
{
	for (size_t i = 0; i < LIST_PATHS; i++)
		if (strcmp(list_paths[i], path) == 0)
			return true;
	return false;
}

static bool
scalars_is_group(const char *path)
{
	for (size_t i = 0; i < ROWS; i++)
		if (scalars_below(rows[i].name, path) != NULL)
			return true;
	return false;
}

static void
scalars_try_below(struct suggest *near, const char *path, const char *prefix)
{
	const char *rest = scalars_below(path, prefix);

	if (rest != NULL)
		suggest_try(near, (struct slice){ rest, strcspn(rest, ".") });
}

static void
scalars_unknown(struct compile *c, const struct node *n, const char *prefix)
{
	struct suggest near;

	suggest_init(&near, n->name);
	for (size_t i = 0; i < ROWS; i++)
		scalars_try_below(&near, rows[i].name, prefix);
	for (size_t i = 0; i < LIST_PATHS; i++)
		scalars_try_below(&near, list_paths[i], prefix);
	schema_unknown(c, n, prefix, &near);
}

static struct field
scalars_field(const struct field *row)
{
	struct field f = *row;

	for (size_t i = 0; i < sizeof row_words / sizeof row_words[0]; i++)
		if (strcmp(row_words[i].path, f.name) == 0)
			f.words = row_words[i].words;
	return f;
}

static const struct field *
scalars_row(const char *path)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, path) == 0)
			return &rows[i];
	return NULL;
}

static void
scalars_group(struct compile *c, const struct node *group, const char *prefix)
{
	for (const struct node *n = group->child; n != NULL; n = n->next) {
		char path[256];
		const struct field *row;
		struct field f;

		snprintf(path, sizeof path, "%s%s%.*s", prefix,
		    prefix[0] != '\0' ? "." : "", SLICE_ARGS(n->name));
		row = scalars_row(path);
		if (row != NULL) {
			f = scalars_field(row);
			value_read(c, &f, n, &c->settings);
		} else if (scalars_is_list(path))
			continue;
		else if (!scalars_is_group(path))
			scalars_unknown(c, n, prefix);
		else if (n->type != NODE_GROUP)
			value_error(c, n, "must be a group { }, not %s",
			    tree_type_name(n));
		else
			scalars_group(c, n, path);
	}
}

const struct node *
scalars_node(const struct compile *c, const char *path)
{
	const struct node *n = c->root;

	while (n != NULL && n->type == NODE_GROUP) {
		char name[64];
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof name, "%.*s", (int)len, path);
		n = tree_find(n, name);
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	return n != NULL ? n : c->root;
}

static void
scalars_check_status(struct compile *c)
{
	int32_t status = c->settings.budgets_status;

	if (status != 402 && status != 429)
		value_error(c, scalars_node(c, "budgets.status"),
		    "must be 429 or 402");
}

static void
scalars_check_ring(struct compile *c)
{
	int64_t size = c->settings.logs_ring_bytes;

	if ((size & (size - 1)) != 0)
		value_error(c, scalars_node(c, "logs.ring"),
		    "must be a power of two, such as \"2M\"");
}

/* "assume:IN/OUT": both figures, in USD per million tokens. */
static bool
scalars_assume(struct slice text, int64_t *in_r, int64_t *out_r)
{
	struct slice rest = slice_skip(text, strlen("assume:"));
	const char *slash = memchr(rest.p, '/', rest.n);
	size_t n;

	if (slash == NULL)
		return false;
	n = (size_t)(slash - rest.p);
	return money_read((struct slice){ rest.p, n }, 6, in_r) == 1 &&
	       money_read(slice_skip(rest, n + 1), 6, out_r) == 1;
}

static void
scalars_check_price(struct compile *c)
{
	struct slice text =
	    blob_text(&c->blob, c->settings.budgets_unknown_price);

	if (slice_eq(text, SLICE("refuse")) || slice_eq(text, SLICE("free")))
		return;
	if (!slice_starts(text, SLICE("assume:")) ||
	    !scalars_assume(text, &c->settings.assume_input_pico,
		&c->settings.assume_output_pico))
		value_error(c, scalars_node(c, "budgets.unknown_price"),
		    "must be \"refuse\", \"free\" or \"assume:IN/OUT\" with "
		    "prices in USD per million tokens");
}

#define ALERT_AT_MOST 8

static void
scalars_check_alert_at(struct compile *c)
{
	struct slist l = c->settings.budgets_alert_at;
	const struct node *n = scalars_node(c, "budgets.alert_at");
	const char *bytes = c->blob.bytes.data + l.off;
	int32_t last = 0;

	if (l.n > ALERT_AT_MOST)
		value_error(c, n, "has %u percents; at most %d", l.n,
		    ALERT_AT_MOST);
	for (uint32_t i = 0; i < l.n; i++) {
		int32_t percent;

		memcpy(&percent, bytes + i * sizeof percent, sizeof percent);
		if (percent <= last) {
			value_error(c, n,
			    "must rise: %d does not stand above %d", percent,
			    last);
			return;
		}
		last = percent;
	}
}

static void
scalars_check_zone(struct compile *c)
{
	struct slice name = blob_text(&c->blob, c->settings.budgets_timezone);

	if (!zone_use(name.p))
		value_error(c, scalars_node(c, "budgets.timezone"),
		    "must be \"UTC\" or a name of the time zone database "
		    "(tzdata), such as \"Europe/Berlin\"");
}

static void
scalars_check_admin(struct compile *c)
{
	struct slice text = blob_text(&c->blob, c->settings.admin_http_address);
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text.p, &v4) == 1 &&
	    (ntohl(v4.s_addr) >> 24) == 127)
		return;
	if (inet_pton(AF_INET6, text.p, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6))
		return;
	value_error(c, scalars_node(c, "admin.http.address"),
	    "must be a loopback address such as 127.0.0.1 or ::1");
}

static void
scalars_check_paths(struct compile *c)
{
	static const struct {
		const char *name;
		size_t offset;
		bool is_dir;
	} paths[] = {
		{ "admin.socket", offsetof(struct settings, admin_socket),
		    false },
		{ "run.path", offsetof(struct settings, run_path), true },
		{ "store.path", offsetof(struct settings, store_path), true },
	};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const struct node *n = scalars_node(c, paths[i].name);
		struct sref r;

		memcpy(&r, (const char *)&c->settings + paths[i].offset,
		    sizeof r);
		if (r.len == 0)
			value_error(c, n, "must not be empty");
		else if (paths[i].is_dir)
			writable_dir(c, n, blob_text(&c->blob, r).p);
		else
			writable_file(c, n, blob_text(&c->blob, r));
	}
}

#define SECRET_KEY_LEAST 32

/* What they encrypt is worth as much as they are hard to guess. */
static void
scalars_check_secret_keys(struct compile *c)
{
	const struct settings *s = &c->settings;
	const struct node *old = scalars_node(c, "store.secret_key_old");

	if (s->store_secret_key.len > 0 &&
	    s->store_secret_key.len < SECRET_KEY_LEAST)
		value_error(c, scalars_node(c, "store.secret_key"),
		    "must have %d bytes or more", SECRET_KEY_LEAST);
	if (s->store_secret_key_old.len > 0 &&
	    s->store_secret_key_old.len < SECRET_KEY_LEAST)
		value_error(c, old, "must have %d bytes or more",
		    SECRET_KEY_LEAST);
	if (s->store_secret_key_old.len > 0 && s->store_secret_key.len == 0)
		value_error(c, old,
		    "needs \"store.secret_key\", which is the new one");
}

/* "" and "-" both mean no prefix; the snapshot has "-". */
static void
scalars_check_base_paths(struct compile *c)
{
	struct slist l = c->settings.server_base_paths;
	struct sref dash = blob_str(&c->blob, SLICE("-"));
	struct sref *refs = (struct sref *)(void *)(c->blob.bytes.data + l.off);

	for (uint32_t i = 0; i < l.n; i++) {
		struct slice text = blob_text(&c->blob, refs[i]);

		if (text.n == 0)
			refs[i] = dash;
		else if (text.p[0] != '/' && !slice_eq(text, SLICE("-")))
			value_error(c, scalars_node(c, "server.base_paths"),
			    "holds \"%.*s\"; a path begins with /",
			    SLICE_ARGS(text));
	}
}

/*
 * Here and not where the socket is made: the name service loads libraries,
 * which a process that stays would keep.
 */
static void
scalars_find_group(struct compile *c)
{
	const struct group *g = getgrnam(SETTINGS_ADMIN_GROUP);

	c->settings.admin_group = g != NULL ? (int64_t)g->gr_gid : -1;
}

void
scalars_read(struct compile *c, const struct node *root)
{
	for (size_t i = 0; i < ROWS; i++)
		value_default(c, &rows[i], &c->settings);
	scalars_group(c, root, "");
	scalars_check_status(c);
	scalars_check_ring(c);
	scalars_check_price(c);
	scalars_check_alert_at(c);
	scalars_check_zone(c);
	scalars_check_admin(c);
	scalars_check_paths(c);
	scalars_check_secret_keys(c);
	scalars_check_base_paths(c);
	scalars_find_group(c);
}
