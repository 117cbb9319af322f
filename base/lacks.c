#include "base/lacks.h"

#include <string.h>

#include "base/kind.h"

/* One of each line. */
static const struct {
	enum provider_kind kind;
	const char *names[2];
} needed[] = {
	{ KIND_OPENAI, { "api_key" } },
	{ KIND_ANTHROPIC, { "api_key" } },
	{ KIND_GEMINI, { "api_key" } },
	{ KIND_COHERE, { "api_key" } },
	{ KIND_OLLAMA, { "api_key" } },
	{ KIND_AZURE, { "api_key", "azure_ad_token" } },
	{ KIND_BEDROCK, { "aws_access_key_id", "aws_bearer_token" } },
	{ KIND_BEDROCK_INVOKE, { "aws_access_key_id", "aws_bearer_token" } },
	{ KIND_VERTEX_GEMINI, { "vertex_ai_credentials" } },
	{ KIND_VERTEX_CLAUDE, { "vertex_ai_credentials" } },
};

/* What stands in braces in a base URL is said by each credential. */
static const struct {
	const char *part, *name;
} parts[] = {
	{ "{region}", "aws_region_name" },
	{ "{location}", "vertex_ai_location" },
};

struct needs {
	lacks_has_fn *has;
	const void *credential;
	const char **missing;
	unsigned n;
};

static void
needs_one(struct needs *c, const char *name, const char *other)
{
	if (!c->has(c->credential, name) &&
	    (other == NULL || !c->has(c->credential, other)))
		c->missing[c->n++] = name;
}

unsigned
lacks_list(int32_t kind, struct slice base_url, lacks_has_fn *has,
    const void *credential, const char *missing_r[LACKS_MOST])
{
	struct needs c = { has, credential, missing_r, 0 };

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if ((int32_t)needed[i].kind == kind)
			needs_one(&c, needed[i].names[0], needed[i].names[1]);
	if (has(credential, "aws_access_key_id"))
		needs_one(&c, "aws_secret_access_key", NULL);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (memmem(base_url.p, base_url.n, parts[i].part,
			strlen(parts[i].part)) != NULL)
			needs_one(&c, parts[i].name, NULL);
	if (base_url.n == 0)
		needs_one(&c, "api_base", NULL);
	return c.n;
}
