/* Files that are good: one, several, of the tree; and what becomes of them. */

#include "tests/suite.h"

#include <grp.h>

#include "base/money.h"
#include "tests/setup/files.h"

static const char *
text_of(struct sref r)
{
	return settings_str(got, r).p;
}

/* ---- good files --------------------------------------------------------- */

static const char good[] =
    "version = 1;\n"
    "server = { listen = ( { address = \"127.0.0.1\"; port = 8081; },\n"
    "  { address = \"unix:/run/x.sock\"; } ); workers = 3;\n"
    "  base_paths = [ \"/api\", \"\" ]; max_body = \"16M\"; };\n"
    "providers = (\n"
    "  { name = \"together\"; credentials = (\n"
    "    { name = \"a\"; api_key = \"env:HOLDFAST_TEST_KEY\"; weight = 3;\n"
    "      environment = \"prod\"; },\n"
    "    { name = \"b\"; api_key = \"env:HOLDFAST_TEST_KEY\";\n"
    "      weight = \"0.5\"; available_models = [ \"m\" ]; } ); },\n"
    "  { name = \"local\"; base_url = \"http://[::1]:8000/v1/\";\n"
    "    open_models = true; quirks = [ \"crlf\", \"role-every\", \"local\" "
    "];\n"
    "    reasoning = \"chat_template_kwargs\"; json_schema = \"bare\";\n"
    "    timeout = \"9s\"; credentials = (); } );\n"
    "models = (\n"
    "  { name = \"together_ai/m\"; provider = \"togetherai\";\n"
    "    aliases = [ \"fast\" ]; context = 1000; max_output = 50;\n"
    "    features = [ \"tools\", \"vision\" ];\n"
    "    limits = { rpm = 30; tpm = 5000000; };\n"
    "    price = { input = \"2.50\"; output = \"10\"; per_request = \"0.01\";\n"
    "      input_above_200k = \"5\"; output_above_200k = \"20\"; }; },\n"
    "  { name = \"bare\"; provider = \"local\"; upstream = \"q\";\n"
    "    price = { input = \"0\"; output = \"0\"; }; } );\n"
    "keys = ( { prefix = \"zzzzzzzz\"; sha256 = \"60303ae22b998861bce3b28f33ee"
    "c1be758a213c86c93c076dbe9f558c11c752\"; },\n"
    "  { prefix = \"h5vo0ju3\"; name = \"team\"; environment = \"test\";\n"
    "    sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0"
    "f00a08\";\n"
    "    max_usage = 12;\n"
    "    limits = { rpm = 600; concurrency = 64; }; period_budget = \"25\";\n"
    "    expiry_date = \"2099-06-30\"; scopes = [ \"gateway\" ]; } );\n"
    "customers = { required = true; list = (\n"
    "  { customer_identifier = \"b\"; },\n"
    "  { customer_identifier = \"a\"; total_budget = \"1000.00\";\n"
    "    markup_percentage = \"12.5\"; budget_duration = \"daily\"; } ); };\n"
    "organization = { limits = { rpm = 900; concurrency = 80; }; };\n"
    "budgets = { unknown_price = \"assume:1/2.5\"; alert_at = [ 7, 90 ]; "
    "};\n"
    "exporters = ( { name = \"hook\"; kind = \"webhook\";\n"
    "    endpoint = \"http://[::1]:99/a/?b=c\"; enabled = false;\n"
    "    secret = \"env:HOLDFAST_TEST_KEY\"; events = [ \"overrun\" ]; },\n"
    "  { name = \"all\"; kind = \"webhook\"; endpoint = \"https://h\";\n"
    "    secret = \"env:HOLDFAST_TEST_KEY\"; } );\n"
    "logs = { files = ( { kind = \"jsonl\"; path = \"-\"; bodies = true; } );"
    " };\n";

static void
load_good(void)
{
	setenv("HOLDFAST_TEST_KEY", "sk-123", 1);
	ck_assert_msg(load_text(good) == 1, "%s", said.data);
	ck_assert_str_eq(said.data, "");
}

START_TEST(scalars_arrive)
{
	const struct sref *paths;

	load_good();
	ck_assert_int_eq((int)got->generation, 7);
	ck_assert_int_eq(got->server_workers, 3);
	ck_assert_int_eq(got->server_max_body_bytes, 16777216);
	ck_assert_int_eq(got->server_idle_timeout_ms, 75000);
	ck_assert_int_eq(got->organization_period_budget_nano, MONEY_NONE);
	ck_assert_int_eq(got->organization_limits_rpm, 900);
	ck_assert_int_eq(got->organization_limits_concurrency, 80);
	ck_assert_int_eq(got->assume_input_pico, 1000000);
	ck_assert_int_eq(got->assume_output_pico, 2500000);
	ck_assert(got->customers_required);
	ck_assert_str_eq(text_of(got->demo_enabled), "auto");
	paths = settings_list(got, got->server_base_paths);
	ck_assert_uint_eq(got->server_base_paths.n, 2);
	ck_assert_str_eq(text_of(paths[1]), "-");
}
END_TEST

#define SECRET "env:HOLDFAST_TEST_KEY"

static const char kinds[] =
    "providers = (\n"
    "  { name = \"bedrock\"; credentials = ( { name = \"a\";\n"
    "    aws_access_key_id = \"" SECRET "\"; aws_region_name = \"eu-west-1\";"
    "\n    aws_secret_access_key = \"" SECRET "\"; } ); },\n"
    "  { name = \"vertex_ai\"; credentials = (\n"
    "    { name = \"a\"; vertex_ai_credentials = \"" SECRET "\";\n"
    "      vertex_ai_project = \"p\"; vertex_ai_location = \"us-east5\"; },\n"
    "    { name = \"b\"; vertex_ai_credentials = \"" SECRET "\";\n"
    "      vertex_ai_location = \"global\"; } ); },\n"
    "  { name = \"azure\"; credentials = ( { name = \"a\";\n"
    "    api_base = \"https://x.openai.azure.com/openai/v1/\";\n"
    "    api_key = \"" SECRET "\"; } ); },\n"
    "  { name = \"mine\"; kind = \"anthropic\"; base_url = "
    "\"http://127.0.0.1:81\";\n"
    "    credentials = ( { name = \"a\"; api_key = \"" SECRET "\"; } ); } "
    ");\n";

static const struct kind_row {
	const char *provider;
	unsigned credential;
	enum provider_kind kind;
	const char *host, *path;
	int port;
} kind_rows[] = {
	{ "bedrock", 0, KIND_BEDROCK, "bedrock-runtime.eu-west-1.amazonaws.com",
	    "", 443 },
	{ "google_vertex_ai", 0, KIND_VERTEX_GEMINI,
	    "us-east5-aiplatform.googleapis.com", "/v1", 443 },
	{ "google_vertex_ai", 1, KIND_VERTEX_GEMINI,
	    "aiplatform.googleapis.com", "/v1", 443 },
	{ "azure_openai", 0, KIND_AZURE, "x.openai.azure.com", "/openai/v1",
	    443 },
	{ "mine", 0, KIND_ANTHROPIC, "127.0.0.1", "", 81 },
};

/* Whose address depends on the credential. */
START_TEST(kinds_arrive)
{
	const struct kind_row *row = &kind_rows[_i];
	const struct settings_provider *p;
	const struct settings_credential *c;

	setenv("HOLDFAST_TEST_KEY", "sk-123", 1);
	ck_assert_msg(load_text(kinds) == 1, "%s", said.data);
	p = settings_provider_find(got, slice_str(row->provider));
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(p->kind, (int)row->kind);
	ck_assert_uint_gt(p->credentials.n, row->credential);
	c = settings_list(got, p->credentials);
	c += row->credential;
	ck_assert_str_eq(text_of(c->base.host), row->host);
	ck_assert_str_eq(text_of(c->base.path), row->path);
	ck_assert_int_eq(c->base.port, row->port);
}
END_TEST

static const struct {
	const char *called, *id; /* NULL: nobody is */
} other_names[] = {
	{ "azure_openai", "azure_openai" },
	{ "azure", "azure_openai" },
	{ "azure_ai", "azure_openai" },
	{ "vertex_ai", "google_vertex_ai" },
	{ "vertexai", "google_vertex_ai" },
	{ "mine", "mine" },
	{ "azure ", NULL },
	{ "azure azure_ai", NULL },
	{ "azur", NULL },
	{ "ai", NULL },
	{ "Azure", NULL },
	{ "", NULL },
	{ "openai", NULL },
};

/* By each of its names; Azure needs no credentials of its own. */
START_TEST(providers_are_called)
{
	const struct settings_provider *p;

	ck_assert_msg(load_text(
			  "providers = ( { name = \"azure\"; },\n"
			  "  { name = \"vertex_ai\"; },\n"
			  "  { name = \"mine\"; kind = \"openai\";\n"
			  "    base_url = \"http://127.0.0.1\"; } );\n") == 1,
	    "%s", said.data);
	for (size_t i = 0; i < COUNT(other_names); i++) {
		p = settings_provider_called(got,
		    slice_str(other_names[i].called));
		ck_assert_msg((p == NULL) == (other_names[i].id == NULL), "%s",
		    other_names[i].called);
		if (p != NULL)
			ck_assert_str_eq(text_of(p->name), other_names[i].id);
	}
}
END_TEST

START_TEST(providers_arrive)
{
	const struct settings_provider *p;
	const struct settings_credential *c;

	load_good();
	ck_assert_uint_eq(got->providers.n, 3);
	p = settings_provider_find(got, SLICE("togetherai"));
	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(text_of(p->base.host), "api.together.xyz");
	ck_assert_str_eq(text_of(p->base.path), "/v1");
	ck_assert_int_eq(p->base.port, 443);
	ck_assert(p->base.tls && p->ask_usage);
	ck_assert_uint_eq(p->quirks, QUIRK_FIN_EOS | QUIRK_THINK_TAG);
	ck_assert_int_eq(p->reasoning, REASONING_EFFORT);
	ck_assert_int_eq(p->json_schema, SCHEMA_AS_IS);
	ck_assert_int_eq(p->timeout_ms, -1);
	c = settings_list(got, p->credentials);
	ck_assert_uint_eq(p->credentials.n, 2);
	ck_assert(
	    slice_eq(settings_secret(secrets, c[0].api_key), SLICE("sk-123")));
	ck_assert_int_eq(c[0].weight_nano, 3000000000);
	ck_assert_int_eq(c[0].environment, ENV_PROD);
	ck_assert_int_eq(c[1].weight_nano, 500000000);
	ck_assert_int_eq(c[1].environment, ENV_BOTH);
	ck_assert(settings_has(got, c[1].available_models, SLICE("m")));
	p = settings_provider_find(got, SLICE("local"));
	ck_assert_str_eq(text_of(p->base.host), "::1");
	ck_assert_int_eq(p->base.port, 8000);
	ck_assert_str_eq(text_of(p->base.path), "/v1");
	ck_assert(!p->base.tls && p->open_models);
	ck_assert_uint_eq(p->quirks, QUIRK_ROLE_EVERY | QUIRK_LOCAL);
	ck_assert_int_eq(p->reasoning, REASONING_KWARGS);
	ck_assert_int_eq(p->json_schema, SCHEMA_BARE);
	ck_assert_int_eq(p->timeout_ms, 9000);
	ck_assert_ptr_nonnull(settings_provider_find(got, SLICE("demo")));
}
END_TEST

START_TEST(models_arrive)
{
	static const char *const names[] = { "together_ai/m", "togetherai/m",
		"m", "fast" };
	const struct settings_model *m;

	load_good();
	for (size_t i = 0; i < COUNT(names); i++) {
		m = settings_model_find(got, slice_str(names[i]));
		ck_assert_msg(m != NULL, "%s", names[i]);
		ck_assert_str_eq(text_of(m->name), "together_ai/m");
	}
	ck_assert_str_eq(text_of(m->upstream), "m");
	ck_assert_int_eq(m->price.input, 2500000);
	ck_assert_int_eq(m->price.output, 10000000);
	ck_assert_int_eq(m->price.cached_input, MONEY_NONE);
	ck_assert_int_eq(m->price.per_request_nano, 10000000);
	ck_assert_int_eq(m->price.tier_above, 200000);
	ck_assert_int_eq(m->price.tier_output, 20000000);
	ck_assert_int_eq(m->price.tier_cached_input, MONEY_NONE);
	ck_assert(m->price.known);
	ck_assert_uint_eq(m->features, FEATURE_TOOLS | FEATURE_VISION);
	ck_assert_int_eq(m->limits.rpm, 30);
	ck_assert_int_eq(m->limits.tpm, 5000000);
	ck_assert_int_eq(m->limits.concurrency, 0);
	m = settings_model_find(got, SLICE("local/bare"));
	ck_assert_str_eq(text_of(m->upstream), "q");
	ck_assert(m->price.known && m->price.input == 0);
	m = settings_model_find(got, SLICE("demo/echo"));
	ck_assert_str_eq(text_of(m->upstream), "echo");
	ck_assert_ptr_null(settings_model_find(got, SLICE("gpt-4o")));
}
END_TEST

START_TEST(lists_arrive)
{
	const struct settings_listen *l;
	const struct settings_key *k;
	const struct settings_customer *c;
	const struct settings_log_file *f;

	load_good();
	l = settings_list(got, got->listen);
	ck_assert_uint_eq(got->listen.n, 2);
	ck_assert_int_eq(l[0].port, 8081);
	ck_assert_int_eq(l[0].tls, -1);
	ck_assert_str_eq(text_of(l[1].address), "unix:/run/x.sock");
	k = settings_key_find(got, SLICE("h5vo0ju3"));
	ck_assert_ptr_nonnull(k);
	ck_assert_uint_eq(k->sha256[0], 0x9f);
	ck_assert_int_eq(k->environment, ENV_TEST);
	ck_assert_int_eq(k->limits.rpm, 600);
	ck_assert_int_eq(k->limits.tpm, 0);
	ck_assert_int_eq(k->max_usage, 12);
	ck_assert_int_eq(k->period_budget_nano, 25000000000);
	ck_assert_int_eq(k->spending_limit_nano, MONEY_NONE);
	ck_assert_int_eq(k->expires_s, 4086460800);
	ck_assert_uint_eq(k->scopes, SCOPE_GATEWAY);
	k = settings_key_find(got, SLICE("zzzzzzzz"));
	ck_assert_uint_eq(k->scopes, 15);
	ck_assert(settings_has(got, k->models, SLICE("*")));
	c = settings_customer_find(got, SLICE("a"));
	ck_assert_int_eq(c->markup_bp, 1250);
	ck_assert_int_eq(c->total_budget_nano, 1000000000000);
	ck_assert_int_eq(c->period_budget_nano, MONEY_NONE);
	ck_assert_int_eq(c->budget_duration, DURATION_DAILY);
	ck_assert_ptr_nonnull(settings_customer_find(got, SLICE("b")));
	f = settings_list(got, got->log_files);
	ck_assert_uint_eq(got->log_files.n, 1);
	ck_assert(f->bodies);
}
END_TEST

START_TEST(exporters_arrive)
{
	const struct settings_exporter *x;
	const int32_t *at;

	load_good();
	at = settings_list(got, got->budgets_alert_at);
	ck_assert_uint_eq(got->budgets_alert_at.n, 2);
	ck_assert_int_eq(at[0], 7);
	ck_assert_int_eq(at[1], 90);
	x = settings_list(got, got->exporters);
	ck_assert_uint_eq(got->exporters.n, 2);
	ck_assert_str_eq(text_of(x[0].host), "::1");
	ck_assert_str_eq(text_of(x[0].path), "/a/?b=c");
	ck_assert_int_eq(x[0].port, 99);
	ck_assert(!x[0].tls && !x[0].enabled);
	ck_assert_uint_eq(x[0].events, 1u << ALERT_OVERRUN);
	ck_assert(
	    slice_eq(settings_secret(secrets, x[0].secret), SLICE("sk-123")));
	ck_assert_str_eq(text_of(x[1].path), "");
	ck_assert_int_eq(x[1].port, 443);
	ck_assert(x[1].tls && x[1].enabled);
	ck_assert_uint_eq(x[1].events, (1u << ALERTS) - 1);
	ck_assert(settings_alert_wanted(got, ALERT_PROVIDER));
}
END_TEST

START_TEST(groups_arrive)
{
	const struct settings_group *g;
	const struct settings_group_entry *m;
	const struct sref *f;

	ck_assert_msg(
	    load_text(
		"load_balance_groups = (\n"
		"  { group_id = \"z\"; models = ( { model = \"demo/echo\"; } "
		"); },\n"
		"  { group_id = \"a.b_c-9\"; name = \"Chat\"; models = (\n"
		"      { model = \"demo/echo\"; weight = 8; },\n"
		"      { model = \"open/any/name\"; weight = \"0.000000001\"; "
		"} );\n"
		"    fallback_models = [ \"demo/lorem\", \"m\" ]; } );\n"
		"models = ( { name = \"x\"; provider = \"demo\";\n"
		"  aliases = [ \"m\" ]; } );\n"
		"providers = ( { name = \"open\"; kind = \"openai\";\n"
		"  base_url = \"http://127.0.0.1:1\"; open_models = true; } "
		");\n") == 1,
	    "%s", said.data);
	ck_assert_uint_eq(got->groups.n, 2);
	g = settings_group_find(got, SLICE("z"));
	ck_assert_ptr_nonnull(g);
	m = settings_list(got, g->models);
	ck_assert_int_eq(m[0].weight_nano, 1000000000);
	g = settings_group_named(got, SLICE("Chat"));
	ck_assert_ptr_nonnull(g);
	ck_assert_str_eq(text_of(g->group_id), "a.b_c-9");
	ck_assert_uint_eq(g->models.n, 2);
	m = settings_list(got, g->models);
	ck_assert_str_eq(text_of(m[0].model), "demo/echo");
	ck_assert_int_eq(m[0].weight_nano, 8000000000);
	ck_assert_str_eq(text_of(m[1].model), "open/any/name");
	ck_assert_int_eq(m[1].weight_nano, 1);
	ck_assert_uint_eq(g->fallback_models.n, 2);
	f = settings_list(got, g->fallback_models);
	ck_assert_str_eq(text_of(f[1]), "m");
	ck_assert_ptr_null(settings_group_find(got, SLICE("Chat")));
	ck_assert_ptr_null(settings_group_named(got, SLICE("")));
	ck_assert_ptr_null(settings_group_named(got, SLICE("z")));
}
END_TEST

START_TEST(an_empty_file_serves_the_demo)
{
	const struct settings_listen *l;
	const int32_t *at;

	ck_assert_int_eq(load_text("version = 1;\n"), 1);
	l = settings_list(got, got->listen);
	ck_assert_uint_eq(got->listen.n, 1);
	ck_assert_int_eq(l->port, 8080);
	ck_assert_str_eq(text_of(l->address), "127.0.0.1");
	ck_assert_ptr_nonnull(settings_model_find(got, SLICE("demo/lorem")));
	ck_assert_int_eq(load_text("demo = { enabled = false; };\n"), 1);
	ck_assert_ptr_null(settings_model_find(got, SLICE("demo/lorem")));
	ck_assert_str_eq(text_of(got->demo_enabled), "false");
	at = settings_list(got, got->budgets_alert_at);
	ck_assert_uint_eq(got->budgets_alert_at.n, 3);
	ck_assert(at[0] == 50 && at[1] == 80 && at[2] == 100);
	ck_assert(!settings_alert_wanted(got, ALERT_OVERRUN));
}
END_TEST

START_TEST(prices_have_a_version)
{
	static const char form[] =
	    "models = ( { name = \"x\"; provider = \"demo\"; price = "
	    "{ input = \"%s\"; output = \"1\"; }; } );";
	char text[512];
	uint64_t versions[3];
	static const char *const inputs[3] = { "1", "1.0", "2" };

	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof text, form, inputs[i]);
		ck_assert_int_eq(load_text(text), 1);
		versions[i] = got->price_version;
	}
	ck_assert_uint_eq(versions[0], versions[1]);
	ck_assert_uint_ne(versions[0], versions[2]);
}
END_TEST

/* In place of the C library's: the group that this machine has. */
static struct group *this_group;

struct group *
getgrnam(const char *name)
{
	return this_group != NULL && strcmp(name, this_group->gr_name) == 0
	           ? this_group
	           : NULL;
}

START_TEST(the_admin_group_is_found)
{
	struct group other = { .gr_name = (char[]){ "other" }, .gr_gid = 7 };
	struct group ours = { .gr_name = (char[]){ "holdfast-admin" },
		.gr_gid = 4294967000 };

	this_group = &other;
	ck_assert_int_eq(load_text(""), 1);
	ck_assert_int_eq(got->admin_group, -1);
	this_group = &ours;
	ck_assert_int_eq(load_text(""), 1);
	ck_assert_int_eq(got->admin_group, 4294967000);
	this_group = NULL;
}
END_TEST

/* ---- several files ------------------------------------------------------ */

START_TEST(conf_d_is_merged)
{
	put("holdfast.conf",
	    "server = { workers = 1; max_body = \"1M\"; };\n"
	    "models = ( { name = \"a\"; provider = \"demo\"; } );\n");
	put("conf.d/20.conf",
	    "server = { workers = 2; };\n"
	    "models = ( { name = \"b\"; provider = \"demo\"; },\n"
	    "  { name = \"a\"; provider = \"demo\"; replace = true;\n"
	    "    context = 9; } );\n");
	put("conf.d/30.conf", "server = { workers = 3; };\n");
	put("conf.d/40.conf~", "this is no setting\n");
	put("conf.d/.50.conf", "this is no setting\n");
	put("conf.d/60.conf.bak", "this is no setting\n");
	ck_assert_msg(load() == 1, "%s", said.data);
	ck_assert_int_eq(got->server_workers, 3);
	ck_assert_int_eq(got->server_max_body_bytes, 1048576);
	ck_assert_uint_eq(got->models.n, 5);
	ck_assert_int_eq(settings_model_find(got, SLICE("a"))->context, 9);
}
END_TEST

/* ---- secrets ------------------------------------------------------------ */

static const char secret_form[] =
    "providers = ( { name = \"openai\"; credentials = ( { name = \"m\"; "
    "api_key = \"%s\"; } ); } );\n";

static int
load_secret(const char *reference)
{
	char text[512];

	snprintf(text, sizeof text, secret_form, reference);
	return load_text(text);
}

static struct slice
first_secret(void)
{
	const struct settings_provider *p =
	    settings_provider_find(got, SLICE("openai"));
	const struct settings_credential *c =
	    settings_list(got, p->credentials);

	return settings_secret(secrets, c->api_key);
}

START_TEST(a_secret_file_loses_one_newline)
{
	char path[160], reference[170];

	snprintf(path, sizeof path, "%s/key", dir);
	snprintf(reference, sizeof reference, "file:%s", path);
	put("key", "sk-1\n\n");
	chmod(path, 0640);
	ck_assert_msg(load_secret(reference) == 1, "%s", said.data);
	ck_assert(slice_eq(first_secret(), SLICE("sk-1\n")));
	chmod(path, 0644);
	ck_assert_int_eq(load_secret(reference), 0);
	ck_said("mode", "may be read by everybody (mode 0644)");
}
END_TEST

START_TEST(a_credential_comes_from_its_folder)
{
	put("openai", "sk-2\n");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	ck_assert_msg(load_secret("cred:openai") == 1, "%s", said.data);
	ck_assert(slice_eq(first_secret(), SLICE("sk-2")));
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

/* The value of a secret is nowhere but in the second memfd. */
START_TEST(secrets_stay_out_of_the_snapshot)
{
	load_good();
	ck_assert_ptr_null(memmem(got, got->size, "sk-123", 6));
}
END_TEST

/* ---- the rest ----------------------------------------------------------- */

/* What -T prints is read again and gives the same snapshot. */
START_TEST(print_is_valid_input)
{
	struct setup_options o = { .path = file, .print = true };
	char path[160], *text;
	uint32_t size;
	uint64_t version;
	FILE *in;
	int out = dup(STDOUT_FILENO);
	size_t n;

	load_good();
	size = got->size;
	version = got->price_version;
	snprintf(path, sizeof path, "%s/printed", dir);
	ck_assert_ptr_nonnull(freopen(path, "w", stdout));
	ck_assert_int_eq(load_with(o), 1);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	text = calloc(1, 65536);
	in = fopen(path, "r");
	n = fread(text, 1, 65535, in);
	fclose(in);
	ck_assert_uint_gt(n, 1000);
	ck_assert_ptr_nonnull(
	    strstr(text, "# server.write_timeout = \"30s\";"));
	ck_assert_ptr_nonnull(strstr(text, "workers = 3;  # "));
	ck_assert_ptr_nonnull(strstr(text, "(sha256 "));
	ck_assert_ptr_null(strstr(text, "sk-123"));
	ck_assert_msg(load_text(text) == 1, "%s", said.data);
	ck_assert_uint_eq(got->size, size);
	ck_assert_uint_eq(got->price_version, version);
	free(text);
}
END_TEST

START_TEST(the_catalogue_gives_models)
{
	const struct settings_model *m;
	char text[300];

	put("models.csv",
	    "# comment\n"
	    "name,provider,upstream,context,max_output,input,output,"
	    "cached_input,cache_write,cache_write_1h,reasoning_output,"
	    "tier_above,tier_input,tier_output,features,as_of\n"
	    "gpt-9,openai,gpt-9,100,10,0.15,0.6,0.075,,,,200000,1,2,tvc,"
	    "2026-01-01\n"
	    "groq/x,groq,x,100,10,1,1,,,,,,,,,2026-01-01\n"
	    "gpt-8,openai,gpt-8,100,10,,,,,,,,,,,2026-01-01\n");
	snprintf(text, sizeof text,
	    "catalogue = { path = \"%s/models.csv\"; };\n"
	    "providers = ( { name = \"openai\"; } );\n"
	    "models = ( { name = \"gpt-8\"; provider = \"openai\"; price = "
	    "{ input = \"7\"; output = \"7\"; }; } );\n",
	    dir);
	ck_assert_msg(load_text(text) == 1, "%s", said.data);
	m = settings_model_find(got, SLICE("openai/gpt-9"));
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->price.cached_input, 75000);
	ck_assert_int_eq(m->price.tier_above, 200000);
	ck_assert_uint_eq(m->features, FEATURE_TOOLS | FEATURE_VISION |
					   FEATURE_MAX_COMPLETION_TOKENS_ONLY);
	ck_assert_ptr_null(settings_model_find(got, SLICE("groq/x")));
	m = settings_model_find(got, SLICE("gpt-8"));
	ck_assert_int_eq(m->price.input, 7000000);
}
END_TEST

/* Every kind of name finds a model, and their places are those of the file. */
START_TEST(models_of_routing)
{
	static const char text[] =
	    "providers = ( { name = \"z\"; base_url = \"http://h/v1\";\n"
	    "  open_models = true; } );\n"
	    "models = ( { name = \"b\"; provider = \"z\"; },\n"
	    "  { name = \"a\"; provider = \"z\"; aliases = [ \"c\" ]; } );\n"
	    "routing = { default_model = \"c\"; safety_net_model = \"z/b\";\n"
	    "  fallback_models = [ \"z/anything\", \"b\" ]; };\n";
	const struct sref *l;

	ck_assert_msg(load_text(text) == 1, "%s", said.data);
	ck_assert(settings_is(got, got->routing_default_model, "c"));
	ck_assert(settings_is(got, got->routing_safety_net_model, "z/b"));
	l = settings_list(got, got->routing_fallback_models);
	ck_assert_uint_eq(got->routing_fallback_models.n, 2);
	ck_assert(settings_is(got, l[0], "z/anything"));
	ck_assert_uint_eq(settings_model_find(got, SLICE("b"))->place, 0);
	ck_assert_uint_eq(settings_model_find(got, SLICE("a"))->place, 1);
	ck_assert_uint_gt(settings_model_find(got, SLICE("demo/echo"))->place,
	    1);
}
END_TEST

START_TEST(defaults_of_retry)
{
	static const int32_t on[] = { 408, 409, 425, 429, 500, 502, 503, 504,
		520, 521, 522, 523, 524, 529 };

	ck_assert_msg(load_text("version = 1;") == 1, "%s", said.data);
	ck_assert(!got->retry_enabled);
	ck_assert_int_eq(got->retry_num_retries, 3);
	ck_assert_int_eq(got->retry_retry_after_ms, 200);
	ck_assert_int_eq(got->retry_max_backoff_ms, 8000);
	ck_assert_int_eq(got->retry_max_wait_ms, 5000);
	ck_assert_int_eq(got->routing_max_attempts, 10);
	ck_assert_int_eq(got->routing_rate_limit_retries, 2);
	ck_assert_int_eq(got->routing_random_seed, 0);
	ck_assert_int_eq(got->stream_prerelease_bytes, 0);
	ck_assert_uint_eq(got->retry_on_status.n, COUNT(on));
	ck_assert_mem_eq(settings_list(got, got->retry_on_status), on,
	    sizeof on);
}
END_TEST

/* The files of the tree are good, and the long one names every setting. */
START_TEST(files_of_the_tree)
{
	static const char *const paths[] = { "etc/demo.conf",
		"etc/examples/holdfast.conf" };
	struct setup_options o = { .path = paths[_i] };

	if (_i == 0) {
		setenv("OPENAI_API_KEY", "x", 1);
		setenv("WEBHOOK_SECRET", "x", 1);
		setenv("GROQ_API_KEY", "x", 1);
	}
	ck_assert_msg(load_with(o) == 1, "%s", said.data);
}
END_TEST

/* The installed file, with the catalogue of the tree and one provider. */
START_TEST(the_installed_file)
{
	static const char installed[] = "/usr/share/holdfast/models.csv";
	char *text = calloc(1, 65536), *at;
	FILE *in = fopen("etc/holdfast.conf", "r");
	const struct settings_model *m;
	struct sbuf b = { 0 };

	ck_assert_ptr_nonnull(in);
	ck_assert_uint_gt(fread(text, 1, 65535, in), 100);
	fclose(in);
	at = strstr(text, installed);
	ck_assert_ptr_nonnull(at);
	sbuf_add(&b, text, (size_t)(at - text));
	sbuf_addf(&b, "etc/models.csv%s", at + strlen(installed));
	put("conf.d/10.conf",
	    "providers = ( { name = \"openai\"; }, { name = \"groq\"; } );\n");
	ck_assert_msg(load_text(b.data) == 1, "%s", said.data);
	ck_assert_str_eq(said.data, "");
	m = settings_model_find(got, SLICE("openai/gpt-4o-mini"));
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->price.input, 150000);
	ck_assert_int_eq(m->price.output, 600000);
	ck_assert_int_eq(m->context, 128000);
	ck_assert_uint_gt(got->models.n, 80);
	sbuf_free(&b);
	free(text);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("setup");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, scalars_arrive);
	tcase_add_loop_test(t, kinds_arrive, 0, (int)COUNT(kind_rows));
	tcase_add_test(t, providers_are_called);
	tcase_add_test(t, providers_arrive);
	tcase_add_test(t, models_arrive);
	tcase_add_test(t, lists_arrive);
	tcase_add_test(t, exporters_arrive);
	tcase_add_test(t, groups_arrive);
	tcase_add_test(t, an_empty_file_serves_the_demo);
	tcase_add_test(t, prices_have_a_version);
	tcase_add_test(t, the_admin_group_is_found);
	tcase_add_test(t, conf_d_is_merged);
	tcase_add_test(t, a_secret_file_loses_one_newline);
	tcase_add_test(t, a_credential_comes_from_its_folder);
	tcase_add_test(t, secrets_stay_out_of_the_snapshot);
	tcase_add_test(t, print_is_valid_input);
	tcase_add_test(t, the_catalogue_gives_models);
	tcase_add_test(t, models_of_routing);
	tcase_add_test(t, defaults_of_retry);
	tcase_add_loop_test(t, files_of_the_tree, 0, 2);
	tcase_add_test(t, the_installed_file);
	suite_add_tcase(s, t);
	return s;
}
