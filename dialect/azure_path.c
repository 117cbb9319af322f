#include "dialect/azure_path.h"

#include "base/sbuf.h"

/* The least version whose Responses exist under the first form. */
#define AZURE_RESPONSES_VERSION "2025-03-01-preview"

static bool
azure_ends(struct slice s, struct slice end)
{
	return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

/* Without a doubled slash. */
static void
azure_base(struct slice path, struct sbuf *b)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] != '/' || i == 0 || path.p[i - 1] != '/')
			sbuf_addc(b, path.p[i]);
}

static void
azure_segment(struct slice text, struct sbuf *b)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-_.~", c) != NULL)
			sbuf_addc(b, (char)c);
		else
			sbuf_addf(b, "%%%02X", c);
	}
}

static void
azure_version(struct slice version, struct slice usual, struct sbuf *b)
{
	sbuf_adds(b, "?api-version=");
	azure_segment(version.n > 0 ? version : usual, b);
}

static const char *const operations[] = {
	[AZURE_CHAT] = "/chat/completions",
	[AZURE_RESPONSES] = "/responses",
	[AZURE_EMBEDDINGS] = "/embeddings",
};

/* A resource of its own: the deployment stands in the path. */
static void
azure_deployment(const struct azure_place *at, enum azure_operation operation,
    struct sbuf *b)
{
	static const struct slice least = SLICE(AZURE_RESPONSES_VERSION);
	struct slice version = at->version;

	azure_base(at->path, b);
	if (operation == AZURE_RESPONSES) {
		/* Dates compare as text. */
		if (version.n < 10 || memcmp(version.p, least.p, 10) < 0)
			version = least;
		sbuf_adds(b, "/openai/responses");
	} else {
		sbuf_adds(b, "/openai/deployments/");
		azure_segment(at->deployment, b);
		sbuf_adds(b, operations[operation]);
	}
	azure_version(version, SLICE("2024-10-21"), b);
}

void
azure_path(const struct azure_place *at, enum azure_operation operation,
    struct sbuf *b)
{
	bool models = azure_ends(at->path, SLICE("/models"));

	if (azure_ends(at->path, SLICE("/openai/v1"))) {
		azure_base(at->path, b);
		sbuf_adds(b, operations[operation]);
	} else if (models ||
		   azure_ends(at->host, SLICE(".services.ai.azure.com"))) {
		azure_base(at->path, b);
		sbuf_adds(b, models ? "" : "/models");
		sbuf_adds(b, operations[operation]);
		azure_version(at->version, SLICE("2024-05-01-preview"), b);
	} else {
		azure_deployment(at, operation, b);
	}
}
