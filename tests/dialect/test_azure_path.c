/* Where Azure's deployments are asked: providers.md 3.2. */

#include "tests/suite.h"

#include "base/sbuf.h"
#include "dialect/azure_path.h"

#define OWN "example.openai.azure.com"
#define SERVICES "x.services.ai.azure.com"
#define USUAL "?api-version=2024-10-21"
#define LEAST "?api-version=2025-03-01-preview"
#define MODELS "?api-version=2024-05-01-preview"

static const struct row {
	const char *title, *host, *path, *version, *deployment;
	enum azure_operation operation;
	const char *want;
} rows[] = {
	{ "a resource", OWN, "", "", "gpt-4o", AZURE_CHAT,
	    "/openai/deployments/gpt-4o/chat/completions" USUAL },
	{ "its own version", OWN, "", "2024-02-01", "gpt-4o", AZURE_CHAT,
	    "/openai/deployments/gpt-4o/chat/completions"
	    "?api-version=2024-02-01" },
	{ "embeddings", OWN, "", "", "emb", AZURE_EMBEDDINGS,
	    "/openai/deployments/emb/embeddings" USUAL },
	{ "a name that must be escaped", OWN, "", "", "a b/c", AZURE_CHAT,
	    "/openai/deployments/a%20b%2Fc/chat/completions" USUAL },
	{ "a version that must be escaped", OWN, "", "1&x=2", "d", AZURE_CHAT,
	    "/openai/deployments/d/chat/completions?api-version=1%26x%3D2" },
	{ "responses are younger than the usual version", OWN, "", "", "d",
	    AZURE_RESPONSES, "/openai/responses" LEAST },
	{ "and than an older one", OWN, "", "2024-12-01-preview", "d",
	    AZURE_RESPONSES, "/openai/responses" LEAST },
	{ "a younger one stays", OWN, "", "2025-04-01-preview", "d",
	    AZURE_RESPONSES,
	    "/openai/responses?api-version=2025-04-01-preview" },
	{ "v1: no version", OWN, "/openai/v1", "2024-02-01", "d", AZURE_CHAT,
	    "/openai/v1/chat/completions" },
	{ "v1 with a doubled slash", OWN, "//openai/v1", "", "d",
	    AZURE_RESPONSES, "/openai/v1/responses" },
	{ "services", SERVICES, "", "", "d", AZURE_CHAT,
	    "/models/chat/completions" MODELS },
	{ "services, models named", SERVICES, "/models", "2025-01-01", "d",
	    AZURE_CHAT, "/models/chat/completions?api-version=2025-01-01" },
	{ "models of another host", "h.example", "/models", "", "d",
	    AZURE_EMBEDDINGS, "/models/embeddings" MODELS },
};

START_TEST(test_path)
{
	const struct row *row = &rows[_i];
	struct azure_place at = { slice_str(row->host), slice_str(row->path),
		slice_str(row->version), slice_str(row->deployment) };
	struct sbuf b = { 0 };

	azure_path(&at, row->operation, &b);
	ck_assert_msg(slice_eq(sbuf_slice(&b), slice_str(row->want)),
	    "%s: %.*s", row->title, SLICE_ARGS(sbuf_slice(&b)));
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("azure_path");
	TCase *t = tcase_create("paths");

	tcase_add_loop_test(t, test_path, 0, (int)COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
