/* Providers: the table of those known by name, and what the settings say. */

#include "setup/compile_priv.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/pool.h"

struct builtin {
	const char *id, *aliases, *prefix, *base_url;
	enum provider_max max_name;
	bool ask_usage;
	enum provider_end end;
	enum provider_reasoning reasoning;
	enum provider_schema schema;
	uint32_t quirks;
};

static const struct builtin builtins[] = {
#define PROVIDER(id, aliases, prefix, base_url, max, so, end, r_in, js,        \
    quirks)                                                                    \
	{ id, aliases, prefix, base_url, max, so, end, r_in, js, quirks },
#include "etc/providers.def"
#undef PROVIDER
};

#define BUILTINS (sizeof builtins / sizeof builtins[0])

static const struct word words_environments[] = { { "prod", ENV_PROD },
	{ "test", ENV_TEST }, { "both", ENV_BOTH }, { NULL, 0 } };
static const struct word words_kind[] = { { "openai", 0 }, { "demo", 0 },
	{ NULL, 0 } };
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
static const struct word words_quirks[] = {
#include "base/quirks.def"
	{ NULL, 0 }
};
#undef QUIRK

static const struct field credential_fields[] = {
	{ "name", FIELD_STR, AT(settings_credential, name), NULL, 0, 0, true,
	    NULL, NULL },
	{ "api_key", FIELD_SECRET, AT(settings_credential, api_key), NULL, 0, 0,
	    true, NULL, NULL },
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
	{ "kind", FIELD_STR, AT(settings_provider, kind), "openai", 0, 0, false,
	    words_kind, NULL },
	{ "base_url", FIELD_STR, AT(settings_provider, base_url), NULL, 0, 0,
	    false, NULL, NULL },
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
	if (b == NULL)
		return;
	p->base_url = blob_str(&c->blob, slice_str(b->base_url));
	p->ask_usage = b->ask_usage;
	p->max_name = (int32_t)b->max_name;
	p->end = (int32_t)b->end;
	p->reasoning = (int32_t)b->reasoning;
	p->json_schema = (int32_t)b->schema;
	p->quirks = b->quirks;
}

/* "host", "host:port", "[v6]:port".  False when it is none of them. */
static bool
provider_authority(struct compile *c, struct settings_provider *p,
    struct slice text)
{
	const char *colon = memrchr(text.p, ':', text.n);
	struct slice host = text;
	char *end = NULL;
	long port;

	if (text.n > 0 && text.p[text.n - 1] == ']')
		colon = NULL;
	if (colon != NULL) {
		host.n = (size_t)(colon - text.p);
		port = strtol(colon + 1, &end, 10);
		if (end != text.p + text.n || port < 1 || port > 65535)
			return false;
		p->port = (int32_t)port;
	}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct slice){ host.p + 1, host.n - 2 };
	for (size_t i = 0; i < host.n; i++)
		if (strchr(" @?#/[]\"", host.p[i]) != NULL)
			return false;
	host = pool_copy(c->pool, host);
	p->host = blob_str(&c->blob, host);
	return host.n > 0;
}

/* Split base_url into tls, host, port and path.  False when it is none. */
static bool
provider_split(struct compile *c, struct settings_provider *p)
{
	struct slice url = pool_copy(c->pool, blob_text(&c->blob, p->base_url));
	size_t n;

	p->tls = slice_starts(url, SLICE("https://"));
	if (!p->tls && !slice_starts(url, SLICE("http://")))
		return false;
	p->port = p->tls ? 443 : 80;
	url = slice_skip(url, p->tls ? 8 : 7);
	n = strcspn(url.p, "/");
	if (!provider_authority(c, p, (struct slice){ url.p, n }))
		return false;
	url = slice_skip(url, n);
	while (url.n > 0 && url.p[url.n - 1] == '/')
		url.n--;
	if (memchr(url.p, '?', url.n) != NULL || memchr(url.p, '#', url.n))
		return false;
	p->path = blob_str(&c->blob, url);
	return true;
}

/* Plain HTTP stays on this machine or its network: no name, no public one. */
static bool
provider_is_near(struct slice host)
{
	struct in6_addr v6;
	struct in_addr v4;
	uint32_t a;

	if (slice_eq(host, SLICE("localhost")) ||
	    memchr(host.p, '.', host.n) == NULL)
		return true;
	if (inet_pton(AF_INET6, host.p, &v6) == 1)
		return true;
	if (inet_pton(AF_INET, host.p, &v4) != 1)
		return false;
	a = ntohl(v4.s_addr);
	return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe;
}

static void
provider_url(struct compile *c, const struct node *n,
    struct settings_provider *p)
{
	const struct node *at = tree_find(n, "base_url");

	if (blob_text(&c->blob, p->base_url).n == 0 && at == NULL) {
		report_error(c->report, n->at,
		    "\"base_url\" is missing in providers \"%.*s\"",
		    SLICE_ARGS(tree_text(n, "name")));
		return;
	}
	if (at != NULL && at->type != NODE_STRING)
		return;
	if (!provider_split(c, p))
		value_error(c, at != NULL ? at : n,
		    "must be http:// or https://, a host, perhaps a port and "
		    "a path");
	else if (!p->tls && !provider_is_near(blob_text(&c->blob, p->host)))
		report_warn(c->report, at != NULL ? at->value : n->at,
		    "requests and keys go to this address unencrypted");
}

static void
provider_check(struct compile *c, const struct node *n, void *out)
{
	struct settings_provider *p = out;
	const struct builtin *b = provider_builtin(tree_text(n, "name"));
	const struct node *ca = tree_find(n, "ca_file");

	if (b != NULL)
		p->name = blob_str(&c->blob, slice_str(b->id));
	if (slice_eq(blob_text(&c->blob, p->kind), SLICE("openai")))
		provider_url(c, n, p);
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
	p->name = p->kind = blob_str(&c->blob, SLICE("demo"));
	p->ask_usage = true;
	p->timeout_ms = p->stream_timeout_ms = -1;
	c->providers = all;
}

const struct schema provider_schema = { "providers", "name",
	FIELDS(provider_fields), sizeof(struct settings_provider),
	provider_init, provider_check, NULL };
