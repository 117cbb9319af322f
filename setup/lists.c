/* The lists that are plain: listeners, certificates, keys, customers, logs. */

#include "setup/compile_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/pool.h"
#include "net/tls.h"

static const struct word words_environment[] = { { "prod", ENV_PROD },
	{ "test", ENV_TEST }, { NULL, 0 } };
static const struct word words_duration[] = { { "daily", DURATION_DAILY },
	{ "weekly", DURATION_WEEKLY }, { "monthly", DURATION_MONTHLY },
	{ "yearly", DURATION_YEARLY }, { NULL, 0 } };
static const struct word words_scopes[] = { { "gateway", SCOPE_GATEWAY },
	{ "platform", SCOPE_PLATFORM }, { "credentials", SCOPE_CREDENTIALS },
	{ "customer_write", SCOPE_CUSTOMER_WRITE },
	{ "any-api-base", SCOPE_ANY_API_BASE }, { NULL, 0 } };
static const struct word words_tls[] = { { "1.2", 12 }, { "1.3", 13 },
	{ NULL, 0 } };
static const struct word words_logs[] = { { "jsonl", 0 }, { "access", 0 },
	{ NULL, 0 } };

static const struct field limits_fields[] = {
	{ "rpm", FIELD_COUNT, AT(settings_limits, rpm), "0", 0, INT32_MAX,
	    false, NULL, NULL },
	{ "tpm", FIELD_COUNT, AT(settings_limits, tpm), "0", 0, INT32_MAX,
	    false, NULL, NULL },
	{ "concurrency", FIELD_COUNT, AT(settings_limits, concurrency), "0", 0,
	    INT32_MAX, false, NULL, NULL },
};
const struct schema limits_schema = { "limits", NULL, FIELDS(limits_fields),
	sizeof(struct settings_limits), NULL, NULL, NULL };

/* ---- listeners ---------------------------------------------------------- */

struct listen_draft {
	struct settings_listen listen;
	struct sref tls;
};

static const struct field listen_fields[] = {
	{ "address", FIELD_STR, AT(listen_draft, listen.address), NULL, 0, 0,
	    true, NULL, NULL },
	{ "port", FIELD_INT, AT(listen_draft, listen.port), "0", 0, 65535,
	    false, NULL, NULL },
	{ "tls", FIELD_STR, AT(listen_draft, tls), "", 0, 0, false, NULL,
	    NULL },
};

static void
listen_tls(struct compile *c, const struct node *n, struct listen_draft *d)
{
	struct slice name = blob_text(&c->blob, d->tls);

	d->listen.tls = -1;
	if (name.n == 0)
		return;
	for (size_t i = 0; i < c->tls_n; i++)
		if (slice_eq(name, blob_text(&c->blob, c->tls[i].name)))
			d->listen.tls = (int32_t)i;
	if (d->listen.tls < 0)
		value_error(c, tree_find(n, "tls"),
		    "names \"%.*s\", which is not defined in \"tls\"",
		    SLICE_ARGS(name));
}

static void
listen_check(struct compile *c, const struct node *n, void *out)
{
	struct listen_draft *d = out;
	struct slice text = blob_text(&c->blob, d->listen.address);
	const struct node *at = tree_find(n, "address");
	struct in6_addr address;

	listen_tls(c, n, d);
	if (at == NULL || text.n == 0)
		return;
	if (slice_starts(text, SLICE("unix:"))) {
		if (tree_find(n, "port") != NULL)
			value_error(c, tree_find(n, "port"),
			    "has no meaning for a unix socket");
		if (text.n < 7 || text.p[5] != '/' || text.n > 5 + 107)
			value_error(c, at,
			    "must be unix: and an absolute "
			    "path of at most 107 bytes");
	} else if (inet_pton(AF_INET, text.p, &address) != 1 &&
		   inet_pton(AF_INET6, text.p, &address) != 1)
		value_error(c, at,
		    "must be an IP address or unix:/path, not a name");
}

static const struct schema listen_schema = { "listen", NULL,
	FIELDS(listen_fields), sizeof(struct listen_draft), NULL, listen_check,
	NULL };

static bool
listen_equal(struct compile *c, const struct listen_draft *a,
    const struct listen_draft *b)
{
	return a->listen.port == b->listen.port &&
	       (a->listen.port != 0 ||
		   blob_text(&c->blob, a->listen.address).p[0] == 'u') &&
	       slice_eq(blob_text(&c->blob, a->listen.address),
		   blob_text(&c->blob, b->listen.address));
}

static void
listen_unique(struct compile *c, const struct node *list,
    const struct listen_draft *drafts, size_t n)
{
	const struct node *at = list->child;

	for (size_t i = 0; i < n; i++, at = at->next)
		for (size_t k = 0; k < i; k++)
			if (listen_equal(c, &drafts[i], &drafts[k]))
				report_error(c->report, at->at,
				    "the same address and port twice in "
				    "server.listen");
}

static void
listen_read(struct compile *c, const struct node *list)
{
	struct listen_draft one = { .listen = { .port = 8080, .tls = -1 } };
	struct listen_draft *drafts = &one;
	struct settings_listen *listens;
	size_t n = 1;

	if (list == NULL)
		one.listen.address = blob_str(&c->blob, SLICE("127.0.0.1"));
	else
		drafts = schema_list(c, &listen_schema, list, &n);
	if (list != NULL && n == list->children)
		listen_unique(c, list, drafts, n);
	listens = pool_zalloc(c->pool, (n + 1) * sizeof *listens);
	for (size_t i = 0; i < n; i++)
		listens[i] = drafts[i].listen;
	c->settings.listen = blob_list(&c->blob, listens, sizeof *listens, n);
}

/* ---- certificates ------------------------------------------------------- */

static const struct field tls_fields[] = {
	{ "name", FIELD_STR, AT(settings_tls, name), NULL, 0, 0, true, NULL,
	    NULL },
	{ "certificate", FIELD_STR, AT(settings_tls, certificate), NULL, 0, 0,
	    true, NULL, NULL },
	{ "key", FIELD_SECRET, AT(settings_tls, key), NULL, 0, 0, true, NULL,
	    NULL },
	{ "min_version", FIELD_WORD, AT(settings_tls, min_version), "1.2", 0, 0,
	    false, words_tls, NULL },
};

static void
tls_expiry(struct compile *c, const struct node *at, int64_t expires_s)
{
	int64_t days = (expires_s - (int64_t)time(NULL)) / 86400;

	if (expires_s < (int64_t)time(NULL))
		value_error(c, at, "has expired");
	else if (days < 14)
		report_warn(c->report, at->value,
		    "the certificate expires in %lld days", (long long)days);
}

/* A certificate is tried out: chain, key, their match, the date. */
static void
tls_check(struct compile *c, const struct node *n, void *out)
{
	const struct settings_tls *t = out;
	const struct node *at = tree_find(n, "certificate");
	const struct source *chain;
	struct tls_server *server;
	struct err e = { 0 };

	if (at == NULL || at->type != NODE_STRING || t->key.len == 0)
		return;
	chain = source_read(at->text.p);
	if (chain == NULL) {
		value_error(c, at, "cannot be read: %m");
		return;
	}
	server = tls_server_new(chain->text,
	    (struct slice){ c->secrets.data + t->key.off, t->key.len },
	    t->min_version, &e);
	if (server == NULL)
		value_error(c, at, "cannot be used: %s", e.text);
	else
		tls_expiry(c, at, tls_server_expires_s(server));
	tls_server_free(&server);
}

static const struct schema tls_schema = { "tls", "name", FIELDS(tls_fields),
	sizeof(struct settings_tls), NULL, tls_check, NULL };

/* ---- keys --------------------------------------------------------------- */

static const struct field key_fields[] = {
	{ "prefix", FIELD_STR, AT(settings_key, prefix), NULL, 0, 0, true, NULL,
	    NULL },
	{ "name", FIELD_STR, AT(settings_key, name), "", 0, 0, false, NULL,
	    NULL },
	{ "sha256", FIELD_SHA256, AT(settings_key, sha256), NULL, 0, 0, true,
	    NULL, NULL },
	{ "environment", FIELD_WORD, AT(settings_key, environment), "prod", 0,
	    0, false, words_environment, NULL },
	{ "scopes", FIELD_WORDS, AT(settings_key, scopes),
	    "gateway platform credentials customer_write", 0, 0, false,
	    words_scopes, NULL },
	{ "models", FIELD_STRS, AT(settings_key, models), "*", 0, 0, false,
	    NULL, NULL },
	{ "customers", FIELD_STRS, AT(settings_key, customers), "*", 0, 0,
	    false, NULL, NULL },
	{ "addresses", FIELD_STRS, AT(settings_key, addresses), "", 0, 0, false,
	    NULL, NULL },
	{ "period_budget", FIELD_NANO, AT(settings_key, period_budget_nano), "",
	    0, 0, false, NULL, NULL },
	{ "spending_limit", FIELD_NANO, AT(settings_key, spending_limit_nano),
	    "", 0, 0, false, NULL, NULL },
	{ "budget_duration", FIELD_WORD, AT(settings_key, budget_duration),
	    "monthly", 0, 0, false, words_duration, NULL },
	{ "expiry_date", FIELD_DATE, AT(settings_key, expires_s), NULL, 0, 0,
	    false, NULL, NULL },
	{ "max_usage", FIELD_COUNT, AT(settings_key, max_usage), "0", 0,
	    INT32_MAX, false, NULL, NULL },
	{ "clamp_max_tokens", FIELD_BOOL, AT(settings_key, clamp_max_tokens),
	    "false", 0, 0, false, NULL, NULL },
	{ "limits", FIELD_GROUP, AT(settings_key, limits), NULL, 0, 0, false,
	    NULL, &limits_schema },
};

static void
key_check(struct compile *c, const struct node *n, void *out)
{
	const struct node *at = tree_find(n, "prefix");
	const struct settings_key *k = out;

	if (at != NULL && at->type == NODE_STRING && at->text.n != 8)
		value_error(c, at,
		    "must be 8 characters: what stands before "
		    "the point of the key");
	if (k->expires_s != 0 && k->expires_s < (int64_t)time(NULL))
		report_warn(c->report, tree_find(n, "expiry_date")->value,
		    "the key has expired");
}

static const struct schema key_schema = { "keys", "prefix", FIELDS(key_fields),
	sizeof(struct settings_key), NULL, key_check, NULL };

/* ---- customers ---------------------------------------------------------- */

static const struct field customer_fields[] = {
	{ "customer_identifier", FIELD_STR, AT(settings_customer, identifier),
	    NULL, 0, 0, true, NULL, NULL },
	{ "name", FIELD_STR, AT(settings_customer, name), "", 0, 0, false, NULL,
	    NULL },
	{ "email", FIELD_STR, AT(settings_customer, email), "", 0, 0, false,
	    NULL, NULL },
	{ "group_identifier", FIELD_STR,
	    AT(settings_customer, group_identifier), "", 0, 0, false, NULL,
	    NULL },
	{ "period_budget", FIELD_NANO,
	    AT(settings_customer, period_budget_nano), "", 0, 0, false, NULL,
	    NULL },
	{ "total_budget", FIELD_NANO, AT(settings_customer, total_budget_nano),
	    "", 0, 0, false, NULL, NULL },
	{ "budget_duration", FIELD_WORD, AT(settings_customer, budget_duration),
	    "monthly", 0, 0, false, words_duration, NULL },
	{ "period_start", FIELD_DATE, AT(settings_customer, period_start_s),
	    NULL, 0, 0, false, NULL, NULL },
	{ "markup_percentage", FIELD_PERCENT, AT(settings_customer, markup_bp),
	    "", 0, 1000000, false, NULL, NULL },
	{ "limits", FIELD_GROUP, AT(settings_customer, limits), NULL, 0, 0,
	    false, NULL, &limits_schema },
};
static const struct schema customer_schema = { "customers",
	"customer_identifier", FIELDS(customer_fields),
	sizeof(struct settings_customer), NULL, NULL, NULL };

/* ---- log files ---------------------------------------------------------- */

static const struct field log_fields[] = {
	{ "kind", FIELD_STR, AT(settings_log_file, kind), NULL, 0, 0, true,
	    words_logs, NULL },
	{ "path", FIELD_STR, AT(settings_log_file, path), NULL, 0, 0, true,
	    NULL, NULL },
	{ "bodies", FIELD_BOOL, AT(settings_log_file, bodies), "false", 0, 0,
	    false, NULL, NULL },
};
static void
log_check(struct compile *c, const struct node *n, void *out)
{
	const struct settings_log_file *f = out;

	writable_file(c, n, blob_text(&c->blob, f->path));
}

static const struct schema log_schema = { "logs.files", "path",
	FIELDS(log_fields), sizeof(struct settings_log_file), NULL, log_check,
	NULL };

/* ---- all ---------------------------------------------------------------- */

/* The list at a place of the tree, or NULL. */
static const struct node *
lists_node(const struct node *root, const char *group, const char *name)
{
	const struct node *n = root;

	if (group != NULL)
		n = tree_find(root, group);
	return n != NULL && n->type == NODE_GROUP ? tree_find(n, name) : NULL;
}

static void *
lists_one(struct compile *c, const struct schema *s, const struct node *list,
    size_t *n_r)
{
	*n_r = 0;
	return list != NULL ? schema_list(c, s, list, n_r)
	                    : pool_zalloc(c->pool, s->size);
}

/* qsort() hands over no context, and the setup child has one blob. */
static const struct blob *sorting;

static int
lists_compare(const void *a, const void *b)
{
	struct sref ra, rb;

	memcpy(&ra, a, sizeof ra);
	memcpy(&rb, b, sizeof rb);
	return strcmp(blob_text(sorting, ra).p, blob_text(sorting, rb).p);
}

struct slist
lists_sorted(struct compile *c, const struct schema *s, const struct node *list)
{
	size_t n;
	void *elements = lists_one(c, s, list, &n);

	sorting = &c->blob;
	qsort(elements, n, s->size, lists_compare);
	return blob_list(&c->blob, elements, s->size, n);
}

void
lists_read(struct compile *c, const struct node *root)
{
	struct settings *s = &c->settings;
	size_t n;
	void *elements;

	c->tls =
	    lists_one(c, &tls_schema, lists_node(root, NULL, "tls"), &c->tls_n);
	s->tls = blob_list(&c->blob, c->tls, sizeof *c->tls, c->tls_n);
	listen_read(c, lists_node(root, "server", "listen"));
	c->providers = lists_one(c, &provider_schema,
	    lists_node(root, NULL, "providers"), &c->providers_n);
	provider_add_demo(c);
	s->keys = lists_sorted(c, &key_schema, lists_node(root, NULL, "keys"));
	s->customers = lists_sorted(c, &customer_schema,
	    lists_node(root, "customers", "list"));
	elements =
	    lists_one(c, &log_schema, lists_node(root, "logs", "files"), &n);
	s->log_files = blob_list(&c->blob, elements, log_schema.size, n);
	elements = lists_one(c, &exporter_schema,
	    lists_node(root, NULL, "exporters"), &n);
	s->exporters = blob_list(&c->blob, elements, exporter_schema.size, n);
}
