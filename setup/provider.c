/* Providers: the table of those known by name, and what the settings say. */

#include "setup/compile_priv.h"

#include "base/lacks.h"
#include "base/pool.h"
#include "setup/address.h"

struct builtin {
	const char *id, *aliases;
	enum provider_kind kind;
	const char *prefix, *base_url;
	enum provider_max max_name;
	bool ask_usage;
	enum provider_end end;
	enum provider_reasoning reasoning;
	enum provider_schema schema;
	uint32_t quirks;
};

static const struct builtin builtins[] = {
#define PROVIDER(id, aliases, kind, prefix, base_url, max, so, end, r_in, js,  \
    quirks)                                                                    \
	{ id, aliases, KIND_##kind, prefix, base_url, max, so, end, r_in, js,  \
		quirks },
#include "etc/providers.def"
#undef PROVIDER
};

#define BUILTINS (sizeof builtins / sizeof builtins[0])

static const struct word words_environments[] = { { "prod", ENV_PROD },
	{ "test", ENV_TEST }, { "both", ENV_BOTH }, { NULL, 0 } };
#define KIND(id, name, auth) { name, KIND_##id },
static const struct word words_kind[] = {
#include "base/kinds.def"
	{ NULL, 0 }
};
#undef KIND
static const struct word words_max[] = { { "max_tokens", MAX_TOKENS },
	{ "max_completion_tokens", MAX_COMPLETION_TOKENS },
	{ "by_model", MAX_BY_MODEL }, { NULL, 0 } };
static const struct word words_reasoning[] = { { "as_is", REASONING_AS_IS },
	{ "effort", REASONING_EFFORT },
	{ "effort_parsed", REASONING_EFFORT_PARSED },
	{ "thinking", REASONING_THINKING },
	{ "thinking_effort", REASONING_THINKING_EFFORT },
	{ "object", REASONING_OBJECT }, { "enable_thinking", REASONING_ENABLE },
	{ "enable_thinking_budget", REASONING_ENABLE_BUDGET },
	{ "chat_template_kwargs", REASONING_KWARGS },
	{ "none", REASONING_NONE }, { NULL, 0 } };
static const struct word words_schema[] = { { "as_is", SCHEMA_AS_IS },
	{ "json_object", SCHEMA_AS_OBJECT }, { "bare", SCHEMA_BARE },
	{ NULL, 0 } };
static const struct word words_end[] = { { "done", END_DONE },
	{ "optional", END_OPTIONAL }, { NULL, 0 } };
#define QUIRK(name, bit, text) { text, 1u << bit },
#define QUIRK_KNOWN(text) { text, 0 },
static const struct word words_quirks[] = {
#include "base/quirks.def"
	{ NULL, 0 }
};
#undef QUIRK
#undef QUIRK_KNOWN

static const struct field credential_fields[] = {
	{ "name", FIELD_STR, AT(settings_credential, name), NULL, 0, 0, true,
	    NULL, NULL },
	{ "api_key", FIELD_SECRET, AT(settings_credential, api_key), NULL, 0, 0,
	    false, NULL, NULL },
	{ "api_base", FIELD_STR, AT(settings_credential, api_base), "", 0, 0,
	    false, NULL, NULL },
	{ "api_version", FIELD_STR, AT(settings_credential, api_version), "", 0,
	    0, false, NULL, NULL },
	{ "azure_ad_token", FIELD_SECRET,
	    AT(settings_credential, azure_ad_token), NULL, 0, 0, false, NULL,
	    NULL },
	{ "aws_access_key_id", FIELD_SECRET,
	    AT(settings_credential, aws_access_key_id), NULL, 0, 0, false, NULL,
	    NULL },
	{ "aws_secret_access_key", FIELD_SECRET,
	    AT(settings_credential, aws_secret_access_key), NULL, 0, 0, false,
	    NULL, NULL },
	{ "aws_session_token", FIELD_SECRET,
	    AT(settings_credential, aws_session_token), NULL, 0, 0, false, NULL,
	    NULL },
	{ "aws_bearer_token", FIELD_SECRET,
	    AT(settings_credential, aws_bearer_token), NULL, 0, 0, false, NULL,
	    NULL },
	{ "aws_region_name", FIELD_STR,
	    AT(settings_credential, aws_region_name), "", 0, 0, false, NULL,
	    NULL },
	{ "vertex_ai_project", FIELD_STR,
	    AT(settings_credential, vertex_ai_project), "", 0, 0, false, NULL,
	    NULL },
	{ "vertex_ai_location", FIELD_STR,
	    AT(settings_credential, vertex_ai_location), "", 0, 0, false, NULL,
	    NULL },
	{ "vertex_ai_credentials", FIELD_SECRET,
	    AT(settings_credential, vertex_ai_credentials), NULL, 0, 0, false,
	    NULL, NULL },
	{ "organization", FIELD_STR, AT(settings_credential, organization), "",
	    0, 0, false, NULL, NULL },
	{ "project", FIELD_STR, AT(settings_credential, project), "", 0, 0,
	    false, NULL, NULL },
	{ "weight", FIELD_WEIGHT, AT(settings_credential, weight_nano), "1", 1,
	    1000000, false, NULL, NULL },
	{ "environment", FIELD_WORD, AT(settings_credential, environment),
	    "both", 0, 0, false, words_environments, NULL },
	{ "available_models", FIELD_STRS,
	    AT(settings_credential, available_models), "", 0, 0, false, NULL,
	    NULL },
	{ "exclude_models", FIELD_STRS, AT(settings_credential, exclude_models),
	    "", 0, 0, false, NULL, NULL },
};
static const struct schema credential_schema = { "credentials", "name",
	FIELDS(credential_fields), sizeof(struct settings_credential), NULL,
	NULL, NULL };

static const struct field provider_fields[] = {
	{ "name", FIELD_STR, AT(settings_provider, name), NULL, 0, 0, true,
	    NULL, NULL },
	{ "kind", FIELD_WORD, AT(settings_provider, kind), NULL, 0, 0, false,
	    words_kind, NULL },
	{ "base_url", FIELD_STR, AT(settings_provider, base_url), NULL, 0, 0,
	    false, NULL, NULL },
	{ "api_version", FIELD_STR, AT(settings_provider, api_version), "", 0,
	    0, false, NULL, NULL },
	{ "ca_file", FIELD_STR, AT(settings_provider, ca_file), "", 0, 0, false,
	    NULL, NULL },
	{ "open_models", FIELD_BOOL, AT(settings_provider, open_models),
	    "false", 0, 0, false, NULL, NULL },
	{ "ask_usage", FIELD_BOOL, AT(settings_provider, ask_usage), NULL, 0, 0,
	    false, NULL, NULL },
	{ "max_name", FIELD_WORD, AT(settings_provider, max_name), NULL, 0, 0,
	    false, words_max, NULL },
	{ "end", FIELD_WORD, AT(settings_provider, end), NULL, 0, 0, false,
	    words_end, NULL },
	{ "reasoning", FIELD_WORD, AT(settings_provider, reasoning), NULL, 0, 0,
	    false, words_reasoning, NULL },
	{ "json_schema", FIELD_WORD, AT(settings_provider, json_schema), NULL,
	    0, 0, false, words_schema, NULL },
	{ "quirks", FIELD_WORDS, AT(settings_provider, quirks), NULL, 0, 0,
	    false, words_quirks, NULL },
	{ "max_connections", FIELD_INT, AT(settings_provider, max_connections),
	    "512", 1, 100000, false, NULL, NULL },
	{ "connect_timeout", FIELD_MSEC,
	    AT(settings_provider, connect_timeout_ms), "3s", 10, 600000, false,
	    NULL, NULL },
	{ "first_byte_timeout", FIELD_MSEC,
	    AT(settings_provider, first_byte_timeout_ms), "60s", 10, 86400000,
	    false, NULL, NULL },
	{ "idle_timeout", FIELD_MSEC, AT(settings_provider, idle_timeout_ms),
	    "60s", 10, 86400000, false, NULL, NULL },
	{ "timeout", FIELD_MSEC, AT(settings_provider, timeout_ms), "none", -1,
	    86400000, false, NULL, NULL },
	{ "stream_timeout", FIELD_MSEC,
	    AT(settings_provider, stream_timeout_ms), "none", -1, 86400000,
	    false, NULL, NULL },
	{ "credentials", FIELD_LIST, AT(settings_provider, credentials), NULL,
	    0, 0, false, NULL, &credential_schema },
};

/* Whether the word is one of several separated by blanks. */
static bool
provider_is_one(const char *words, struct slice word)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (slice_eq((struct slice){ words, n }, word))
			return true;
		words += words[n] == ' ' ? n + 1 : n;
	}
	return false;
}

static const struct builtin *
provider_builtin(struct slice name)
{
	for (size_t i = 0; i < BUILTINS; i++)
		if (slice_eq(name, slice_str(builtins[i].id)) ||
		    provider_is_one(builtins[i].aliases, name))
			return &builtins[i];
	return NULL;
}

struct slice
provider_prefix(struct slice id)
{
	const struct builtin *b = provider_builtin(id);

	return b != NULL ? slice_str(b->prefix) : id;
}

int
provider_index(const struct compile *c, struct slice name)
{
	const struct builtin *b = provider_builtin(name);

	if (b != NULL)
		name = slice_str(b->id);
	for (size_t i = 0; i < c->providers_n; i++)
		if (slice_eq(name, blob_text(&c->blob, c->providers[i].name)))
			return (int)i;
	return -1;
}

/* The cells of a provider that is known by name. */
static void
provider_init(struct compile *c, const struct node *n, void *out)
{
	const struct builtin *b = provider_builtin(tree_text(n, "name"));
	struct settings_provider *p = out;

	p->ask_usage = true;
	p->kind = KIND_OPENAI;
	if (b == NULL)
		return;
	p->kind = (int32_t)b->kind;
	p->base_url = blob_str(&c->blob, slice_str(b->base_url));
	p->ask_usage = b->ask_usage;
	p->max_name = (int32_t)b->max_name;
	p->end = (int32_t)b->end;
	p->reasoning = (int32_t)b->reasoning;
	p->json_schema = (int32_t)b->schema;
	p->quirks = b->quirks;
}

/* A URL in its parts.  False when it is none. */
static bool
base_split(struct compile *c, struct slice url, struct settings_base *base)
{
	struct address a;
	struct slice path;

	if (!address_split(c, url, &a))
		return false;
	path = pool_copy(c->pool, blob_text(&c->blob, a.path));
	while (path.n > 0 && path.p[path.n - 1] == '/')
		path.n--;
	if (memchr(path.p, '?', path.n) != NULL ||
	    memchr(path.p, '#', path.n) != NULL)
		return false;
	*base = (struct settings_base){ .host = a.host,
		.path = blob_str(&c->blob, path),
		.port = a.port,
		.tls = a.tls };
	return true;
}

#define BASE_FAULT                                                             \
	"must be http:// or https://, a host, perhaps a port and a path"

/* The node that names a base URL is to blame when it is none. */
static void
base_read(struct compile *c, const struct node *at, struct slice url,
    struct settings_base *base)
{
	if (!base_split(c, url, base))
		value_error(c, at, BASE_FAULT);
	else if (!base->tls &&
		 !address_is_near(blob_text(&c->blob, base->host)))
		report_warn(c->report,
		    at->type == NODE_STRING ? at->value : at->at,
		    "requests and keys go to this address unencrypted");
}

static bool
credential_has(const void *node, const char *name)
{
	return tree_find(node, name) != NULL;
}

static void
credential_need(struct compile *c, const struct node *n,
    const struct settings_provider *p)
{
	const char *missing[LACKS_MOST];
	unsigned count = lacks_list(p->kind, blob_text(&c->blob, p->base_url),
	    credential_has, n, missing);

	for (unsigned i = 0; i < count; i++)
		report_error(c->report, n->at,
		    "\"%s\" is missing in credentials \"%.*s\"", missing[i],
		    SLICE_ARGS(tree_text(n, "name")));
}

/* Whose base URL it is, and whether all is there that its kind needs. */
static void
credential_check(struct compile *c, const struct node *n,
    const struct node *provider, const struct settings_provider *p,
    struct settings_credential *cred)
{
	const struct node *own = tree_find(n, "api_base");
	struct slice url = blob_text(&c->blob, p->base_url), location;

	credential_need(c, n, p);
	if (own != NULL && own->type == NODE_STRING)
		url = own->text;
	url = pool_copy(c->pool, url);
	url = pool_fill(c->pool, url, "{region}",
	    blob_text(&c->blob, cred->aws_region_name));
	location = blob_text(&c->blob, cred->vertex_ai_location);
	if (slice_eq(location, SLICE("global"))) /* Google's name without one */
		url = pool_fill(c->pool, url, "{location}-", SLICE(""));
	url = pool_fill(c->pool, url, "{location}", location);
	cred->base = p->base;
	if (url.n > 0 &&
	    (own != NULL || blob_text(&c->blob, p->base.host).n == 0))
		base_read(c, own != NULL ? own : provider, url, &cred->base);
}

static void
provider_credentials(struct compile *c, const struct node *n,
    struct settings_provider *p)
{
	const struct node *list = tree_find(n, "credentials"), *k;
	struct settings_credential *all;
	size_t size = p->credentials.n * sizeof *all;
	uint32_t i = 0;

	if (list == NULL || p->credentials.n == 0)
		return;
	all = pool_alloc(c->pool, size);
	memcpy(all, blob_at(&c->blob, p->credentials), size);
	for (k = list->child; k != NULL && i < p->credentials.n;
	     k = k->next, i++)
		credential_check(c, k, n, p, &all[i]);
	p->credentials =
	    blob_list(&c->blob, all, sizeof *all, p->credentials.n);
}

/* The base URL of all credentials, unless each has its own. */
static void
provider_url(struct compile *c, const struct node *n,
    struct settings_provider *p)
{
	const struct node *at = tree_find(n, "base_url");
	struct slice url = blob_text(&c->blob, p->base_url);

	if (at != NULL && at->type != NODE_STRING)
		return;
	if (url.n == 0 && p->kind == KIND_AZURE)
		return; /* Azure: each customer has his own host */
	if (url.n == 0) {
		report_error(c->report, n->at,
		    "\"base_url\" is missing in providers \"%.*s\"",
		    SLICE_ARGS(tree_text(n, "name")));
		return;
	}
	if (memchr(url.p, '{', url.n) == NULL)
		base_read(c, at != NULL ? at : n, url, &p->base);
}

/* The prefix of its slugs is one of them. */
static struct sref
provider_aliases(struct compile *c, const struct builtin *b)
{
	struct sbuf all = { 0 };
	struct sref at;

	sbuf_addf(&all, "%s%s%s", b->prefix, *b->aliases != '\0' ? " " : "",
	    b->aliases);
	at = blob_str(&c->blob, sbuf_slice(&all));
	sbuf_free(&all);
	return at;
}

static void
provider_check(struct compile *c, const struct node *n, void *out)
{
	struct settings_provider *p = out;
	const struct builtin *b = provider_builtin(tree_text(n, "name"));
	const struct node *ca = tree_find(n, "ca_file");

	if (b != NULL) {
		p->name = blob_str(&c->blob, slice_str(b->id));
		p->aliases = provider_aliases(c, b);
	}
	if (p->kind != KIND_DEMO) {
		provider_url(c, n, p);
		provider_credentials(c, n, p);
	}
	if (ca != NULL && ca->type == NODE_STRING && ca->text.n > 0 &&
	    source_read(ca->text.p) == NULL)
		value_error(c, ca, "cannot be read: %m");
}

/* The demo provider is always there, unless demo.enabled is false. */
void
provider_add_demo(struct compile *c)
{
	struct settings_provider *all, *p;

	if (slice_eq(blob_text(&c->blob, c->settings.demo_enabled),
		SLICE("false")) ||
	    provider_index(c, SLICE("demo")) >= 0)
		return;
	all = pool_zalloc(c->pool, (c->providers_n + 1) * sizeof *all);
	if (c->providers_n > 0)
		memcpy(all, c->providers, c->providers_n * sizeof *all);
	p = &all[c->providers_n++];
	p->name = blob_str(&c->blob, SLICE("demo"));
	p->kind = KIND_DEMO;
	p->ask_usage = true;
	p->timeout_ms = p->stream_timeout_ms = -1;
	c->providers = all;
}

const struct schema provider_schema = { "providers", "name",
	FIELDS(provider_fields), sizeof(struct settings_provider),
	provider_init, provider_check, NULL };
