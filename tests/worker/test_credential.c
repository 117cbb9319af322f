/*
 * Whose credential a request is sent with: every row of routing.md 4.1, every
 * shape of 4.2, what is missing, where it may go, and who may bring one.
 */
#include "worker/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/settings.h"
#include "shm/segment.h"
#include "store/objects.h"
#include "tests/snapshot.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/stored.h"
#include "worker/targets.h"
#include "worker/worker.h"
#include "worker/worker_priv.h"

enum { OPENAI, AZURE, ANTHROPIC, BEDROCK, VERTEX, OLLAMA, PROVIDERS };

/* A snapshot by hand. */
static struct world_settings {
	struct settings s;
	struct settings_provider providers[PROVIDERS];
	struct settings_credential openai[3], azure[1];
	struct sref hosts[1], models[1];
	struct snapshot_room room;
} file;

static const char secrets[] = "-sk-mainsk-moresk-testaz-key";

static struct worker worker;
static struct key key;
static struct err e;

static struct sref
text(const char *t)
{
	return snapshot_text(&file, &file.room, t);
}

static struct slist
list(const void *first, uint32_t n)
{
	return (struct slist){
		(uint32_t)((const char *)first - (const char *)&file), n
	};
}

static struct settings_base
base(const char *host, const char *path)
{
	return (struct settings_base){ text(host), text(path), 443, true };
}

static void
write_providers(void)
{
	struct settings_provider *p = file.providers;

	p[OPENAI] = (struct settings_provider){ .name = text("openai"),
		.aliases = text("openai"),
		.kind = KIND_OPENAI,
		.base = base("api.openai.com", "/v1"),
		.credentials = list(file.openai, 3) };
	p[AZURE] = (struct settings_provider){ .name = text("azure_openai"),
		.aliases = text("azure azure azure_ai"),
		.kind = KIND_AZURE,
		.credentials = list(file.azure, 1) };
	p[ANTHROPIC] = (struct settings_provider){ .name = text("anthropic"),
		.kind = KIND_ANTHROPIC,
		.base = base("api.anthropic.com", "/v1") };
	p[BEDROCK] = (struct settings_provider){ .name = text("bedrock"),
		.kind = KIND_BEDROCK,
		.base_url =
		    text("https://bedrock-runtime.{region}.amazonaws.com") };
	p[VERTEX] = (struct settings_provider){ .name =
						    text("google_vertex_ai"),
		.kind = KIND_VERTEX_GEMINI,
		.base_url = text("https://{location}-ai.googleapis.com/v1") };
	p[OLLAMA] = (struct settings_provider){ .name = text("ollama"),
		.kind = KIND_OPENAI,
		.quirks = QUIRK_LOCAL,
		.base = base("localhost", "/v1") };
}

static void
write_credentials(void)
{
	file.models[0] = text("gpt-4");
	file.openai[0] = (struct settings_credential){ .name = text("main"),
		.api_key = { 1, 7 },
		.base = file.providers[OPENAI].base,
		.weight_nano = 1000000000,
		.environment = ENV_PROD };
	file.openai[1] = (struct settings_credential){ .name = text("more"),
		.api_key = { 8, 7 },
		.base = file.providers[OPENAI].base,
		.weight_nano = 3000000000,
		.environment = ENV_PROD,
		.exclude_models = list(file.models, 1) };
	file.openai[2] = (struct settings_credential){ .name = text("test"),
		.api_key = { 15, 7 },
		.base = file.providers[OPENAI].base,
		.weight_nano = 1000000000,
		.environment = ENV_TEST };
	file.azure[0] = (struct settings_credential){ .name = text("az"),
		.api_key = { 22, 6 },
		.base = base("own.openai.azure.com", ""),
		.weight_nano = 1000000000,
		.environment = ENV_BOTH };
}

static void
setup(void)
{
	struct segment_shape shape = { 1, 64, 65536 };

	now_update();
	memset(&file, 0, sizeof file);
	memset(&worker, 0, sizeof worker);
	write_providers();
	write_credentials();
	file.hosts[0] = text(".openai.azure.com");
	file.s.outbound_override_hosts = list(file.hosts, 1);
	file.s.providers = list(file.providers, PROVIDERS);
	worker.settings = &file.s;
	worker.secrets = secrets;
	worker.digest = digest_new();
	ck_assert_int_eq(segment_create(NULL, &shape, &worker.segment, &e), 1);
	scratch_make();
	worker.objects = objects_open_writer(scratch_dir, 16u << 20, &e);
	ck_assert_msg(worker.objects != NULL, "%s", e.text);
	worker.stored = stored_new(&worker);
	worker.tls = worker_tls_new(&file.s, secrets, &e);
	ck_assert_ptr_nonnull(worker.tls);
}

static void
teardown(void)
{
	worker_tls_free(&worker.tls);
	stored_free(&worker.stored);
	objects_close(&worker.objects);
	scratch_remove();
	segment_close(&worker.segment);
	digest_free(&worker.digest);
}

static void
setup_key(void)
{
	key.def.environment = ENV_PROD;
	key.def.scopes = SCOPE_GATEWAY | SCOPE_CREDENTIALS;
}

/* Targets connect to nobody, and here they have no client to connect with. */
static struct target *
make_target(int provider)
{
	static struct credential ours[3];
	static struct target t;
	const struct settings_provider *p = &file.providers[provider];
	const struct settings_credential *from =
	    settings_list(&file.s, p->credentials);

	t = (struct target){ .provider = p, .credentials = ours };
	t.base = (struct credential_base){ settings_str(&file.s, p->base.host),
		settings_str(&file.s, p->base.path), p->base.port,
		p->base.tls };
	for (uint32_t i = 0; i < p->credentials.n; i++)
		ours[i] = (struct credential){ .source = CREDENTIAL_SETTINGS,
			.index = (int32_t)i,
			.id = i + 1,
			.name = settings_str(&file.s, from[i].name),
			.api_key = settings_secret(secrets, from[i].api_key),
			.base = t.base };
	return &t;
}

static struct req *
make(const char *members)
{
	static char body[16384];
	struct pool *pool = pool_new();
	struct req *r = pool_zalloc(pool, sizeof *r);
	struct params_source source = { .dialect = DIALECT_CHAT,
		.body = &r->json };

	snprintf(body, sizeof body,
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	    "\"hi\"}]%s%s}",
	    *members != '\0' ? "," : "", members);
	r->w = &worker;
	r->pool = pool;
	r->key = &key;
	ck_assert_msg(params_body(slice_str(body), pool, &r->json, &e) == 0,
	    "%s: %s", members, e.text);
	ck_assert_msg(params_read(&source, pool, &r->params, &e) == 0, "%s: %s",
	    members, e.text);
	return r;
}

static struct req *
make_for(const char *members, int provider, const char *slug)
{
	struct req *r = make(members);

	r->choice.provider = provider;
	r->choice.target = make_target(provider);
	r->choice.kind = (enum provider_kind)r->choice.target->provider->kind;
	r->choice.slug = slice_str(slug);
	r->choice.upstream_model = slice_str(slug);
	return r;
}

static void
end(struct req *r)
{
	struct pool *pool = r->pool;

	pool_free(&pool);
}

#define AZ "\"api_base\":\"https://x.openai.azure.com\",\"api_key\":\"k\""
#define AWS                                                                    \
	"\"aws_access_key_id\":\"id\",\"aws_secret_access_key\":\"s\","        \
	"\"aws_region_name\":\"eu-west-1\""
#define ACCOUNT "{\"type\":\"service_account\",\"project_id\":\"p-1\"}"

/* Which source answers, with which key and where. */
static const struct row {
	const char *title, *members;
	int provider;
	const char *slug;
	enum credential_source source;
	const char *key, *host;
} rows[] = {
	{ "row 7: the settings", "", OPENAI, "gpt-4", CREDENTIAL_SETTINGS,
	    "sk-main", "api.openai.com" },
	{ "row 5", "\"customer_api_keys\":{\"gpt-4\":\"j\"}", OPENAI, "gpt-4",
	    CREDENTIAL_CUSTOMER_API_KEY, "j", "api.openai.com" },
	{ "row 5 is for its model", "\"customer_api_keys\":{\"gpt-4o\":\"j\"}",
	    OPENAI, "gpt-4", CREDENTIAL_SETTINGS, "sk-main", "api.openai.com" },
	{ "row 5 with a prefix",
	    "\"customer_api_keys\":{\"openai/gpt-4\":\"j\"}", OPENAI, "gpt-4",
	    CREDENTIAL_CUSTOMER_API_KEY, "j", "api.openai.com" },
	{ "row 4 before row 5",
	    "\"customer_credentials\":{\"openai\":{\"api_key\":\"k\"}},"
	    "\"customer_api_keys\":{\"gpt-4\":\"j\"}",
	    OPENAI, "gpt-4", CREDENTIAL_CUSTOMER, "k", "api.openai.com" },
	{ "row 4: a bare string", "\"customer_credentials\":{\"openai\":\"b\"}",
	    OPENAI, "gpt-4", CREDENTIAL_CUSTOMER, "b", "api.openai.com" },
	{ "row 4: escapes",
	    "\"customer_credentials\":{\"openai\":\"\\u0062\\/\"}", OPENAI,
	    "gpt-4", CREDENTIAL_CUSTOMER, "b/", "api.openai.com" },
	{ "row 4: a list below a provider",
	    "\"customer_credentials\":{\"openai\":[{\"credentials\":{\"api_"
	    "key\":\"l\"},\"weight\":2}]}",
	    OPENAI, "gpt-4", CREDENTIAL_CUSTOMER, "l", "api.openai.com" },
	{ "row 4: a list of providers",
	    "\"customer_credentials\":[{\"credentials\":{\"openai\":{\"api_"
	    "key\":\"o\"}}},{\"credentials\":{\"anthropic\":\"a\"}}]",
	    ANTHROPIC, "claude", CREDENTIAL_CUSTOMER, "a",
	    "api.anthropic.com" },
	{ "row 4 is for its provider",
	    "\"customer_credentials\":{\"anthropic\":\"a\"}", OPENAI, "gpt-4",
	    CREDENTIAL_SETTINGS, "sk-main", "api.openai.com" },
	{ "row 4: another name of it",
	    "\"customer_credentials\":{\"azure_ai\":{" AZ "}}", AZURE,
	    "azure/gpt-4o", CREDENTIAL_CUSTOMER, "k", "x.openai.azure.com" },
	{ "row 4: excluded",
	    "\"customer_credentials\":[{\"credentials\":{\"openai\":\"o\"},"
	    "\"available_models\":[\"gpt-4\"],\"exclude_models\":[\"gpt-4\"]}]",
	    OPENAI, "gpt-4", CREDENTIAL_SETTINGS, "sk-main", "api.openai.com" },
	{ "row 4: not available",
	    "\"customer_credentials\":[{\"credentials\":{\"openai\":\"o\"},"
	    "\"available_models\":[\"gpt-4o\"]}]",
	    OPENAI, "gpt-4", CREDENTIAL_SETTINGS, "sk-main", "api.openai.com" },
	{ "row 4: an empty list is none",
	    "\"customer_credentials\":[{\"credentials\":{\"openai\":\"o\"},"
	    "\"available_models\":[]}]",
	    OPENAI, "gpt-4", CREDENTIAL_CUSTOMER, "o", "api.openai.com" },
	{ "row 3 before row 4",
	    "\"customer_credentials\":{\"openai\":\"k\"},"
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k1\"}}",
	    OPENAI, "gpt-4", CREDENTIAL_OVERRIDE_PROVIDER, "k1",
	    "api.openai.com" },
	{ "row 2 before row 3",
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k1\"},\"gpt-"
	    "4o\":{\"api_key\":\"k2\"}}",
	    OPENAI, "gpt-4o", CREDENTIAL_OVERRIDE_MODEL, "k2",
	    "api.openai.com" },
	{ "row 3 where row 2 is of another model",
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k1\"},\"gpt-"
	    "4o\":{\"api_key\":\"k2\"}}",
	    OPENAI, "gpt-4o-mini", CREDENTIAL_OVERRIDE_PROVIDER, "k1",
	    "api.openai.com" },
	{ "row 2: the slug itself before the one without a prefix",
	    "\"credential_override\":{\"gpt-4o\":{" AZ
	    "},\"azure/gpt-4o\":{\"api_base\":\"https://"
	    "Y.openai.azure.com./p/\",\"api_key\":\"k2\"}}",
	    AZURE, "azure/gpt-4o", CREDENTIAL_OVERRIDE_MODEL, "k2",
	    "y.openai.azure.com" },
	{ "row 2 without a prefix",
	    "\"credential_override\":{\"gpt-4o\":{" AZ "}}", AZURE,
	    "azure/gpt-4o", CREDENTIAL_OVERRIDE_MODEL, "k",
	    "x.openai.azure.com" },
	{ "the prefix of another provider is none",
	    "\"credential_override\":{\"openai/gpt-4o\":{" AZ "}}", AZURE,
	    "azure/gpt-4o", CREDENTIAL_SETTINGS, "az-key", "" },
	{ "others' members are ignored, null is absent",
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k1\",\"x\":1,"
	    "\"api_base\":null,\"organization\":null}}",
	    OPENAI, "gpt-4", CREDENTIAL_OVERRIDE_PROVIDER, "k1",
	    "api.openai.com" },
	{ "the host of a provider",
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k1\",\"api_"
	    "base\":\"https://api.anthropic.com/v1\"}}",
	    OPENAI, "gpt-4", CREDENTIAL_OVERRIDE_PROVIDER, "k1",
	    "api.anthropic.com" },
	{ "a provider without any", "", OLLAMA, "ollama/x", CREDENTIAL_SOURCES,
	    "", "" },
	{ "which may have one", "\"customer_credentials\":{\"ollama\":{}}",
	    OLLAMA, "ollama/x", CREDENTIAL_CUSTOMER, "", "localhost" },
	{ "AWS: its region in the host",
	    "\"customer_credentials\":{\"bedrock\":{" AWS "}}", BEDROCK,
	    "bedrock/x", CREDENTIAL_CUSTOMER, "",
	    "bedrock-runtime.eu-west-1.amazonaws.com" },
	{ "Google: its place in the host",
	    "\"customer_credentials\":{\"google_vertex_ai\":{\"vertex_ai_"
	    "credentials\":" ACCOUNT ",\"vertex_ai_location\":\"us-east5\"}}",
	    VERTEX, "vertex_ai/x", CREDENTIAL_CUSTOMER, "",
	    "us-east5-ai.googleapis.com" },
	{ "Google: everywhere",
	    "\"customer_credentials\":{\"google_vertex_ai\":{\"vertex_ai_"
	    "credentials\":\"{}\",\"vertex_ai_location\":\"global\",\"vertex_"
	    "ai_project\":\"p\"}}",
	    VERTEX, "vertex_ai/x", CREDENTIAL_CUSTOMER, "",
	    "ai.googleapis.com" },
};

START_TEST(source)
{
	const struct row *row = &rows[_i];
	struct req *r = make_for(row->members, row->provider, row->slug);
	const struct credential *c;
	int got = credential_choose(r, SLICE(""), NULL, 0);

	ck_assert_msg(got == 1, "%s: %d %s", row->title, got, worker.err.text);
	c = r->choice.credential;
	if (row->source == CREDENTIAL_SOURCES) {
		ck_assert_msg(c == NULL, "%s", row->title);
	} else {
		ck_assert_msg(c != NULL && c->source == row->source,
		    "%s: another source", row->title);
		ck_assert_msg(slice_eq(c->api_key, slice_str(row->key)),
		    "%s: %.*s", row->title, SLICE_ARGS(c->api_key));
		ck_assert_msg(slice_eq(c->base.host, slice_str(row->host)),
		    "%s: %.*s", row->title, SLICE_ARGS(c->base.host));
		ck_assert_msg(c->callers ==
				      (row->source < CREDENTIAL_INTEGRATION) &&
				  c->id != 0,
		    "%s", row->title);
	}
	end(r);
}
END_TEST

static const struct refusal {
	const char *title, *members;
	int provider;
	const char *slug;
	enum err_kind kind;
	const char *param, *said;
} refusals[] = {
	{ "no api_key beside an api_base",
	    "\"credential_override\":{\"gpt-4o\":{\"api_base\":\"https://"
	    "x.openai.azure.com\"}}",
	    OPENAI, "gpt-4o", ERR_MISSING_PARAMETER,
	    "credential_override.gpt-4o.api_key",
	    "Missing required parameter: "
	    "'credential_override.gpt-4o.api_key'." },
	{ "Azure without a host",
	    "\"credential_override\":{\"azure/gpt-4o\":{\"api_key\":\"k\"}}",
	    AZURE, "azure/gpt-4o", ERR_MISSING_PARAMETER,
	    "credential_override.azure/gpt-4o.api_base", NULL },
	{ "a bare string for Azure",
	    "\"customer_credentials\":{\"azure_openai\":\"k\"}", AZURE,
	    "azure/gpt-4o", ERR_MISSING_PARAMETER,
	    "customer_credentials.azure_openai.api_base", NULL },
	{ "a bare string for AWS",
	    "\"customer_credentials\":{\"bedrock\":\"k\"}", BEDROCK,
	    "bedrock/x", ERR_MISSING_PARAMETER,
	    "customer_credentials.bedrock.aws_access_key_id", NULL },
	{ "an empty key", "\"customer_credentials\":{\"openai\":\"\"}", OPENAI,
	    "gpt-4", ERR_MISSING_PARAMETER,
	    "customer_credentials.openai.api_key", NULL },
	{ "half a pair for AWS",
	    "\"customer_credentials\":[{\"credentials\":{\"bedrock\":{\"aws_"
	    "access_key_id\":\"k\"}}}]",
	    BEDROCK, "bedrock/x", ERR_MISSING_PARAMETER,
	    "customer_credentials[0].credentials.bedrock.aws_secret_access_key",
	    NULL },
	{ "no region",
	    "\"customer_credentials\":{\"bedrock\":[{\"credentials\":{\"aws_"
	    "access_key_id\":\"k\",\"aws_secret_access_key\":\"s\"}}]}",
	    BEDROCK, "bedrock/x", ERR_MISSING_PARAMETER,
	    "customer_credentials.bedrock[0].credentials.aws_region_name",
	    NULL },
	{ "no project",
	    "\"customer_credentials\":{\"google_vertex_ai\":{\"vertex_ai_"
	    "credentials\":{}}}",
	    VERTEX, "vertex_ai/x", ERR_MISSING_PARAMETER,
	    "customer_credentials.google_vertex_ai.vertex_ai_project", NULL },
	{ "an account that is none",
	    "\"customer_credentials\":{\"google_vertex_ai\":{\"vertex_ai_"
	    "credentials\":\"x\"}}",
	    VERTEX, "vertex_ai/x", ERR_INVALID_VALUE,
	    "customer_credentials.google_vertex_ai.vertex_ai_credentials",
	    NULL },
	{ "a host in the region",
	    "\"customer_credentials\":{\"bedrock\":{\"aws_access_key_id\":\"k\""
	    ",\"aws_secret_access_key\":\"s\",\"aws_region_name\":\"x.evil.com"
	    "/\"}}",
	    BEDROCK, "bedrock/x", ERR_INVALID_VALUE,
	    "customer_credentials.bedrock.aws_region_name", NULL },
	{ "a step in the project",
	    "\"customer_credentials\":{\"google_vertex_ai\":{\"vertex_ai_"
	    "credentials\":{},\"vertex_ai_project\":\"../x\"}}",
	    VERTEX, "vertex_ai/x", ERR_INVALID_VALUE,
	    "customer_credentials.google_vertex_ai.vertex_ai_project", NULL },
	{ "a line's end in a key",
	    "\"customer_api_keys\":{\"gpt-4\":\"k\\r\\nX: y\"}", OPENAI,
	    "gpt-4", ERR_INVALID_VALUE, "customer_api_keys.gpt-4.api_key",
	    NULL },
	{ "a line's end in an organization",
	    "\"customer_credentials\":{\"openai\":{\"api_key\":\"k\","
	    "\"organization\":\"o\\nX: y\"}}",
	    OPENAI, "gpt-4", ERR_INVALID_VALUE,
	    "customer_credentials.openai.organization", NULL },
	{ "a number as a key",
	    "\"customer_credentials\":{\"openai\":{\"api_key\":1}}", OPENAI,
	    "gpt-4", ERR_INVALID_TYPE, "customer_credentials.openai.api_key",
	    "Invalid type for 'customer_credentials.openai.api_key': expected "
	    "string, got integer." },
	{ "a list without credentials",
	    "\"customer_credentials\":{\"openai\":[{\"api_key\":\"k\"}]}",
	    OPENAI, "gpt-4", ERR_MISSING_PARAMETER,
	    "customer_credentials.openai[0].credentials", NULL },
	{ "two keys in one",
	    "\"customer_credentials\":{\"openai\":{\"api_key\":\"k\",\"api_"
	    "key\":\"l\"}}",
	    OPENAI, "gpt-4", ERR_DUPLICATE_PARAMETER,
	    "customer_credentials.openai.api_key", NULL },
	{ "a host of nobody's",
	    "\"credential_override\":{\"openai\":{\"api_key\":\"k\",\"api_"
	    "base\":\"https://u:p@evil.example.com/x\"}}",
	    OPENAI, "gpt-4", ERR_API_BASE_NOT_ALLOWED,
	    "credential_override.openai.api_base",
	    "api_base 'evil.example.com' is not allowed." },
	{ "metadata",
	    "\"credential_override\":{\"azure/gpt-4o\":{\"api_base\":\"https://"
	    "169.254.169.254/\",\"api_key\":\"k\",\"api_version\":\"v\"}}",
	    AZURE, "azure/gpt-4o", ERR_API_BASE_NOT_ALLOWED,
	    "credential_override.azure/gpt-4o.api_base",
	    "api_base '169.254.169.254' is not allowed." },
	{ "a deployment with a slash",
	    "\"model_name_map\":{\"gpt-4o\":\"a/b\"}", AZURE, "azure/gpt-4o",
	    ERR_INVALID_VALUE, "model_name_map.gpt-4o", NULL },
	{ "a deployment of dots", "\"model_name_map\":{\"gpt-4o\":\"..\"}",
	    AZURE, "azure/gpt-4o", ERR_INVALID_VALUE, "model_name_map.gpt-4o",
	    NULL },
};

START_TEST(refused)
{
	const struct refusal *row = &refusals[_i];
	struct req *r = make_for(row->members, row->provider, row->slug);
	int got = credential_choose(r, SLICE(""), NULL, 0);

	ck_assert_msg(got == -1, "%s: %d", row->title, got);
	ck_assert_msg(worker.err.kind == row->kind, "%s: %s", row->title,
	    worker.err.text);
	ck_assert_str_eq(worker.err.param, row->param);
	if (row->said != NULL)
		ck_assert_str_eq(worker.err.text, row->said);
	end(r);
}
END_TEST

/* The entry that was drawn comes first, and is named where it stands. */
START_TEST(load_balance)
{
	struct req *r =
	    make_for("\"load_balance_group\":{\"models\":[{\"model\":\"b\"},"
		     "{\"model\":\"gpt-4\",\"credentials\":{\"api_key\":\"lb\"}"
		     "}]},"
		     "\"credential_override\":{\"gpt-4\":{\"api_key\":\"k2\"}}",
		OPENAI, "gpt-4");
	struct slice group = params_json(&r->params, PARAM_load_balance_group);
	const char *at = memmem(group.p, group.n, "{\"api_key\"", 10);
	struct slice entry = { at, sizeof "{\"api_key\":\"lb\"}" - 1 };

	ck_assert_int_eq(credential_choose(r, entry, NULL, 0), 1);
	ck_assert_int_eq(r->choice.credential->source, CREDENTIAL_LOAD_BALANCE);
	ck_assert(slice_eq(r->choice.credential->api_key, SLICE("lb")));
	end(r);

	r = make_for("\"load_balance_models\":[{\"model\":\"b\"},"
		     "{\"model\":\"gpt-4\",\"credentials\":{ }}]",
	    OPENAI, "gpt-4");
	group = params_json(&r->params, PARAM_load_balance_models);
	entry = (struct slice){ memmem(group.p, group.n, "{ }", 3), 3 };
	ck_assert_int_eq(credential_choose(r, entry, NULL, 0), -1);
	ck_assert_str_eq(worker.err.param,
	    "load_balance_models[1].credentials.api_key");
	end(r);
}
END_TEST

/* Each is drawn by its weight, until it was tried. */
START_TEST(drawn)
{
	static const char two[] =
	    "\"customer_credentials\":{\"openai\":[{\"credentials\":{\"api_"
	    "key\":\"a\"},\"weight\":1},{\"credentials\":{\"api_key\":\"b\"},"
	    "\"weight\":\"3.0\"}]}";
	unsigned ours = 0, theirs = 0;
	uint64_t tried[3] = { 0 };
	struct req *r;

	for (int i = 0; i < 4000; i++) {
		r = make_for("", OPENAI, "gpt-4o");
		ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
		ours += r->choice.credential->index == 1;
		end(r);
		r = make_for(two, OPENAI, "gpt-4o");
		ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
		theirs += *r->choice.credential->api_key.p == 'b';
		end(r);
	}
	ck_assert_uint_gt(ours, 2850);
	ck_assert_uint_lt(ours, 3150);
	ck_assert_uint_gt(theirs, 2850);
	ck_assert_uint_lt(theirs, 3150);

	/* One that was tried is not drawn again, and then there is none. */
	for (int i = 0; i < 2; i++) {
		const char *members = i == 0 ? "" : two;

		for (unsigned n = 0; n < 3; n++) {
			r = make_for(members, OPENAI, "gpt-4o");
			ck_assert_int_eq(credential_choose(r, SLICE(""), tried,
					     n),
			    n < 2);
			tried[n] = credential_id(r->choice.credential);
			end(r);
		}
		ck_assert_uint_ne(tried[0], tried[1]);
	}
}
END_TEST

/* Weights without measure sum to nothing that cannot be drawn from. */
START_TEST(heavy)
{
	static const char *const weights[] = { "9223372036.854775807",
		"9223372036.854775807", "0.000000002", "1e300" };
	char members[1024] = "\"customer_credentials\":{\"openai\":[";
	struct req *r;

	for (size_t i = 0; i < COUNT(weights); i++)
		sprintf(members + strlen(members),
		    "%s{\"credentials\":\"k%zu\",\"weight\":%s}",
		    i > 0 ? "," : "", i, weights[i]);
	strcat(members, "]}");
	for (int i = 0; i < 100; i++) {
		r = make_for(members, OPENAI, "gpt-4o");
		ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
		end(r);
	}
}
END_TEST

/* Environments, models, and a key without the scope. */
START_TEST(narrow)
{
	struct req *r = make_for("", OPENAI, "gpt-4o");

	key.def.environment = ENV_TEST;
	ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
	ck_assert(slice_eq(r->choice.credential->name, SLICE("test")));
	key.def.environment = ENV_PROD;
	end(r);
	r = make_for("", ANTHROPIC, "claude");
	ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 0);
	ck_assert_ptr_null(r->choice.credential);
	end(r);
	ck_assert(credential_in_settings(&worker, make_target(OPENAI), ENV_TEST,
	    SLICE("x")));
	ck_assert(!credential_in_settings(&worker, make_target(ANTHROPIC),
	    ENV_TEST, SLICE("x")));
	ck_assert(credential_in_settings(&worker, make_target(OLLAMA), ENV_TEST,
	    SLICE("x")));
}
END_TEST

static const struct {
	const char *members, *param;
} scoped[] = {
	{ "\"customer_credentials\":{}", "customer_credentials" },
	{ "\"credential_override\":{}", "credential_override" },
	{ "\"customer_api_keys\":{}", "customer_api_keys" },
	{ "\"load_balance_models\":[\"a\",{\"model\":\"b\",\"credentials\":{}}"
	  "]",
	    "load_balance_models[1].credentials" },
	{ "\"loadbalance_models\":[{\"model\":\"b\",\"credentials\":{}}]",
	    "loadbalance_models[0].credentials" },
	{ "\"models\":[{\"model\":\"b\",\"credentials\":{}}]",
	    "models[0].credentials" },
	{ "\"load_balance_group\":{\"models\":[{\"model\":\"b\","
	  "\"credentials\":{}}]}",
	    "load_balance_group.models[0].credentials" },
	{ "\"models\":[{\"model\":\"b\"},{\"model\":\"b\",\"creden"
	  "t\\u0069als\":{}}]",
	    "models[1].credentials" },
	{ "\"load_balance_group\":\"g\",\"models\":[\"a\"]", NULL },
	{ "\"models\":[{\"model\":\"credentials\"}]", NULL },
	{ "\"load_balance_models\":[{\"model\":\"b\",\"credentials\":null}]",
	    NULL },
};

START_TEST(scope)
{
	struct req *r = make(scoped[_i].members);
	unsigned char sum[DIGEST_SIZE];

	/* Where there are any, they are a part of the key of the cache. */
	ck_assert_int_eq(credential_sum(r, sum), scoped[_i].param != NULL);
	ck_assert_int_eq(credential_check(r), 0);
	key.def.scopes = SCOPE_GATEWAY | SCOPE_ANY_API_BASE;
	ck_assert_int_eq(credential_check(r),
	    scoped[_i].param != NULL ? -1 : 0);
	if (scoped[_i].param != NULL) {
		ck_assert_int_eq(worker.err.kind, ERR_KEY_NOT_PERMITTED);
		ck_assert_str_eq(worker.err.param, scoped[_i].param);
	}
	end(r);
}
END_TEST

/* Of two of one name nobody knows which is meant. */
START_TEST(twice)
{
	struct req *r =
	    make("\"credential_override\":{\"gpt-4\":{},\"gpt-\\u0034"
		 "\":{}}");

	ck_assert_int_eq(credential_check(r), -1);
	ck_assert_int_eq(worker.err.kind, ERR_DUPLICATE_PARAMETER);
	end(r);
	r = make("\"customer_api_keys\":{\"gpt-4\":\"a\",\"gpt-4\":\"b\"}");
	ck_assert_int_eq(credential_check(r), -1);
	ck_assert_str_eq(worker.err.param, "customer_api_keys.gpt-4");
	end(r);
}
END_TEST

/* What nobody here is called is told, and changes nothing. */
START_TEST(unknown)
{
	struct req *r = make(
	    "\"customer_credentials\":{\"openai\":\"k\",\"opnai\":\"k\"},"
	    "\"credential_override\":{\"azure/x\":{},\"gtp\":{},\"azure\":{}}");

	ck_assert_int_eq(credential_check(r), 0);
	ck_assert_uint_eq(r->params.n_warnings, 2);
	ck_assert(slice_eq(r->params.warnings[0],
	    SLICE("customer_credentials.opnai")));
	ck_assert(
	    slice_eq(r->params.warnings[1], SLICE("credential_override.gtp")));
	end(r);
}
END_TEST

static const struct {
	const char *map, *deployment;
} maps[] = {
	{ "{\"azure/gpt-4o\":\"azure/my-4o\"}", "my-4o" },
	{ "{\"gpt-4o\":\"my-4o\"}", "my-4o" },
	{ "{\"my-4o\":\"gpt-4o\"}", "azure/gpt-4o" },
	{ "{\"x\":\"a/b\"}", "azure/gpt-4o" },
};

START_TEST(mapped)
{
	char members[128];
	struct req *r;

	snprintf(members, sizeof members, "\"model_name_map\":%s",
	    maps[_i].map);
	r = make_for(members, AZURE, "azure/gpt-4o");
	ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
	ck_assert(
	    slice_eq(r->choice.upstream_model, slice_str(maps[_i].deployment)));
	ck_assert(slice_eq(r->choice.credential->name,
	    *maps[_i].deployment == 'm' ? SLICE("my-4o") : SLICE("az")));
	/* Whatever its name in the log: health knows it by its own. */
	ck_assert_uint_eq(r->choice.credential->id, 1);
	end(r);

	/* Another provider's names are its own. */
	r = make_for(members, OPENAI, "gpt-4o");
	ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
	ck_assert(slice_eq(r->choice.upstream_model, SLICE("gpt-4o")));
	end(r);
}
END_TEST

/* What the caller brings is in no other memory than that which is wiped. */
START_TEST(own_copy)
{
	struct req *r = make_for("\"customer_credentials\":{\"openai\":\"kk\"}",
	    OPENAI, "gpt-4");

	ck_assert_int_eq(credential_choose(r, SLICE(""), NULL, 0), 1);
	ck_assert(
	    r->choice.credential->api_key.p < r->json.text.p ||
	    r->choice.credential->api_key.p >= r->json.text.p + r->json.text.n);
	end(r);
}
END_TEST

/* The request that asks for nothing special pays for nothing. */
START_TEST(quick)
{
	struct req *r = make_for("", AZURE, "azure/gpt-4o");
	struct timespec from, to;
	double ns;
	int n = 1000000;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < n; i++)
		credential_choose(r, SLICE(""), NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 +
		 (double)(to.tv_nsec - from.tv_nsec)) /
	     n;
	if (getenv("HOLDFAST_FIGURES") != NULL)
		printf("credential_choose: %.1f ns\n", ns);
	ck_assert_double_lt(ns, 1000); /* a busy machine is slower */
	end(r);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("worker/credential");
	TCase *t = tcase_create("credential");

	tcase_add_unchecked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(t, setup_key, NULL);
	tcase_add_loop_test(t, source, 0, COUNT(rows));
	tcase_add_loop_test(t, refused, 0, COUNT(refusals));
	tcase_add_test(t, load_balance);
	tcase_add_test(t, drawn);
	tcase_add_test(t, heavy);
	tcase_add_test(t, narrow);
	tcase_add_loop_test(t, scope, 0, COUNT(scoped));
	tcase_add_test(t, twice);
	tcase_add_test(t, unknown);
	tcase_add_loop_test(t, mapped, 0, COUNT(maps));
	tcase_add_test(t, own_copy);
	tcase_add_test(t, quick);
	suite_add_tcase(s, t);
	return s;
}
