/*
 * Settings that are good, broken in one place, merged, or hostile.  Each case
 * goes the whole way: files, the throw-away child, messages, snapshot.
 */

#include "setup/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "tests/suite.h"

static char dir[64], file[96];
static struct sbuf said;
static const struct settings *got;
static const char *secrets;

static void
setup(void)
{
	char conf_d[96];

	strcpy(dir, "/tmp/holdfast-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/holdfast.conf", dir);
	snprintf(conf_d, sizeof conf_d, "%s/conf.d", dir);
	ck_assert_int_eq(mkdir(conf_d, 0700), 0);
	unsetenv("HOLDFAST_TEST_KEY");
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
	sbuf_free(&said);
}

static void
put(const char *name, const char *text)
{
	char path[160];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

/* The messages, each mention of the test's folder cut out. */
static void
hear(int fd)
{
	char bytes[65536], *at = bytes, *next;
	ssize_t n = pread(fd, bytes, sizeof bytes - 1, 0);
	char prefix[80];

	ck_assert_int_ge(n, 0);
	bytes[n] = '\0';
	snprintf(prefix, sizeof prefix, "%s/", dir);
	sbuf_clear(&said);
	while ((next = strstr(at, prefix)) != NULL) {
		sbuf_add(&said, at, (size_t)(next - at));
		at = next + strlen(prefix);
	}
	sbuf_adds(&said, at);
	sbuf_addc(&said, '\0');
}

static int
load_with(struct setup_options o)
{
	FILE *messages = tmpfile();
	struct setup_result r;
	struct err e = { 0 };
	int loaded;

	o.messages_fd = fileno(messages);
	o.generation = 7;
	loaded = setup_load(&o, &r, &e);
	hear(o.messages_fd);
	fclose(messages);
	if (loaded < 0)
		sbuf_adds(&said, e.text);
	if (loaded != 1)
		return loaded;
	got = settings_map(r.snapshot_fd);
	secrets = settings_map_secrets(r.secrets_fd);
	ck_assert_ptr_nonnull(got);
	ck_assert_ptr_nonnull(secrets);
	ck_assert_int_eq(write(r.snapshot_fd, "x", 1), -1);
	close(r.snapshot_fd);
	close(r.secrets_fd);
	return 1;
}

static int
load(void)
{
	return load_with((struct setup_options){ .path = file });
}

static int
load_text(const char *text)
{
	put("holdfast.conf", text);
	return load();
}

static const char *
text_of(struct sref r)
{
	return settings_str(got, r).p;
}

static void
ck_said(const char *title, const char *part)
{
	ck_assert_msg(said.data != NULL && strstr(said.data, part) != NULL,
	    "%s: \"%s\" is not in:\n%s", title, part, said.data);
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
    "    open_models = true; quirks = [ \"crlf\", \"local\" ];\n"
    "    timeout = \"9s\"; credentials = (); } );\n"
    "models = (\n"
    "  { name = \"together_ai/m\"; provider = \"togetherai\";\n"
    "    aliases = [ \"fast\" ]; context = 1000; max_output = 50;\n"
    "    features = [ \"tools\", \"vision\" ];\n"
    "    price = { input = \"2.50\"; output = \"10\"; per_request = \"0.01\";\n"
    "      input_above_200k = \"5\"; output_above_200k = \"20\"; }; },\n"
    "  { name = \"bare\"; provider = \"local\"; upstream = \"q\";\n"
    "    price = { input = \"0\"; output = \"0\"; }; } );\n"
    "keys = ( { prefix = \"zzzzzzzz\"; sha256 = \"60303ae22b998861bce3b28f33ee"
    "c1be758a213c86c93c076dbe9f558c11c752\"; },\n"
    "  { prefix = \"h5vo0ju3\"; name = \"team\"; environment = \"test\";\n"
    "    sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0"
    "f00a08\";\n"
    "    limits = { rpm = 600; concurrency = 64; }; period_budget = \"25\";\n"
    "    expiry_date = \"2099-06-30\"; scopes = [ \"gateway\" ]; } );\n"
    "customers = { required = true; list = (\n"
    "  { customer_identifier = \"b\"; },\n"
    "  { customer_identifier = \"a\"; total_budget = \"1000.00\";\n"
    "    markup_percentage = \"12.5\"; budget_duration = \"daily\"; } ); };\n"
    "budgets = { unknown_price = \"assume:1/2.5\"; };\n"
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
	ck_assert_int_eq(got->assume_input_pico, 1000000);
	ck_assert_int_eq(got->assume_output_pico, 2500000);
	ck_assert(got->customers_required);
	ck_assert_str_eq(text_of(got->demo_enabled), "auto");
	paths = settings_list(got, got->server_base_paths);
	ck_assert_uint_eq(got->server_base_paths.n, 2);
	ck_assert_str_eq(text_of(paths[1]), "-");
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
	ck_assert_str_eq(text_of(p->host), "api.together.xyz");
	ck_assert_str_eq(text_of(p->path), "/v1");
	ck_assert_int_eq(p->port, 443);
	ck_assert(p->tls && p->ask_usage);
	ck_assert_uint_eq(p->quirks, QUIRK_FIN_EOS | QUIRK_THINK_TAG);
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
	ck_assert_str_eq(text_of(p->host), "::1");
	ck_assert_int_eq(p->port, 8000);
	ck_assert_str_eq(text_of(p->path), "/v1");
	ck_assert(!p->tls && p->open_models);
	ck_assert_uint_eq(p->quirks, QUIRK_CRLF | QUIRK_LOCAL);
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

START_TEST(an_empty_file_serves_the_demo)
{
	const struct settings_listen *l;

	ck_assert_int_eq(load_text("version = 1;\n"), 1);
	l = settings_list(got, got->listen);
	ck_assert_uint_eq(got->listen.n, 1);
	ck_assert_int_eq(l->port, 8080);
	ck_assert_str_eq(text_of(l->address), "127.0.0.1");
	ck_assert_ptr_nonnull(settings_model_find(got, SLICE("demo/lorem")));
	ck_assert_int_eq(load_text("demo = { enabled = false; };\n"), 1);
	ck_assert_ptr_null(settings_model_find(got, SLICE("demo/lorem")));
	ck_assert_str_eq(text_of(got->demo_enabled), "false");
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

/* ---- every setting, broken ---------------------------------------------- */

struct row {
	const char *type, *path, *def;
	long long min, max;
};

static const struct row rows[] = {
#define SETTING(type, path, field, def, min, max, when, help)                  \
	{ #type, path, def, min, max },
#include "base/settings.def"
#undef SETTING
};

/* A file that sets one path to a text, the name changed at its end. */
static void
put_row(const struct row *r, const char *tail, const char *value, int times)
{
	struct sbuf b = { 0 };
	const char *last = strrchr(r->path, '.'), *p = r->path;
	size_t depth = 0;

	for (; last != NULL && p < last; depth++) {
		size_t n = strcspn(p, ".");

		sbuf_addf(&b, "%.*s = { ", (int)n, p);
		p += n + 1;
	}
	for (int i = 0; i < times; i++)
		sbuf_addf(&b, "%s%s = %s; ", p, tail, value);
	while (depth-- > 0)
		sbuf_adds(&b, "}; ");
	put("holdfast.conf", b.data);
	sbuf_free(&b);
}

static const char *
last_name(const struct row *r)
{
	const char *dot = strrchr(r->path, '.');

	return dot != NULL ? dot + 1 : r->path;
}

/* A value that is written like the default. */
static void
write_value(const struct row *r, char *out, size_t size)
{
	if (strcmp(r->type, "INT") == 0 || strcmp(r->type, "BOOL") == 0)
		snprintf(out, size, "%s", r->def);
	else if (strcmp(r->type, "STRS") == 0)
		snprintf(out, size, "[ \"/x\" ]");
	else
		snprintf(out, size, "\"%s\"", r->def);
}

START_TEST(each_default_may_be_written)
{
	char value[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		write_value(&rows[i], value, sizeof value);
		put_row(&rows[i], "", value, 1);
		ck_assert_msg(load() == 1, "%s: %s", rows[i].path, said.data);
	}
}
END_TEST

START_TEST(each_setting_misspelt)
{
	char expect[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		put_row(&rows[i], "_", "1", 1);
		ck_assert_msg(load() == 0, "%s", rows[i].path);
		snprintf(expect, sizeof expect,
		    ": error: unknown setting \"%s_\"", last_name(&rows[i]));
		ck_said(rows[i].path, expect);
		snprintf(expect, sizeof expect,
		    "= help: did you mean \"%s\"?\n1 error; settings not "
		    "loaded\n",
		    last_name(&rows[i]));
		ck_said(rows[i].path, expect);
	}
}
END_TEST

START_TEST(each_setting_of_wrong_type)
{
	char expect[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		put_row(&rows[i], "", "{ a = 1; }", 1);
		ck_assert_msg(load() == 0, "%s", rows[i].path);
		snprintf(expect, sizeof expect, ": error: \"%s\" must be ",
		    last_name(&rows[i]));
		ck_said(rows[i].path, expect);
		ck_said(rows[i].path, ", not a group { }\n");
	}
}
END_TEST

START_TEST(each_setting_doubled)
{
	char value[128];

	for (size_t i = 0; i < COUNT(rows); i++) {
		write_value(&rows[i], value, sizeof value);
		put_row(&rows[i], "", value, 2);
		ck_assert_msg(load() == 0, "%s", rows[i].path);
		ck_said(rows[i].path, "duplicate setting name");
	}
}
END_TEST

static void
write_number(const struct row *r, long long v, char *out, size_t size)
{
	const char *unit = strcmp(r->type, "MSEC") == 0 ? "ms" : "";

	if (strcmp(r->type, "INT") == 0)
		snprintf(out, size, "%lld", v);
	else
		snprintf(out, size, "\"%lld%s\"", v, unit);
}

static bool
is_counted(const struct row *r)
{
	return strcmp(r->type, "INT") == 0 || strcmp(r->type, "MSEC") == 0 ||
	       strcmp(r->type, "BYTES") == 0;
}

START_TEST(each_setting_out_of_range)
{
	unsigned tried = 0;
	char value[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!is_counted(&rows[i]))
			continue;
		if (rows[i].max > 0) {
			write_number(&rows[i], rows[i].max + 1, value,
			    sizeof value);
			put_row(&rows[i], "", value, 1);
			ck_assert_msg(load() == 0, "%s", rows[i].path);
			tried++;
		}
		if (rows[i].min > 0) {
			write_number(&rows[i], rows[i].min - 1, value,
			    sizeof value);
			put_row(&rows[i], "", value, 1);
			ck_assert_msg(load() == 0, "%s", rows[i].path);
			tried++;
		}
	}
	ck_assert_uint_gt(tried, 40);
}
END_TEST

/* ---- messages ----------------------------------------------------------- */

static const struct {
	const char *title, *text, *said;
} messages[] = {
	{ "unknown name", "server = { wrokers = 2; };\n",
	    "holdfast.conf:1:12: error: unknown setting \"wrokers\" in server\n"
	    "    1 | server = { wrokers = 2; };\n"
	    "      |            ^^^^^^^\n"
	    "      = help: did you mean \"workers\"?\n"
	    "1 error; settings not loaded\n" },
	{ "unknown name at the top", "\n\nservr = { };\n",
	    "holdfast.conf:3:1: error: unknown setting \"servr\"\n"
	    "    3 | servr = { };\n"
	    "      | ^^^^^\n"
	    "      = help: did you mean \"server\"?\n"
	    "1 error; settings not loaded\n" },
	{ "unknown name in a list",
	    "providers = (\n { name = \"x\"; base_ulr = \"http://h\";\n"
	    "   base_url = \"http://h\"; } );\n",
	    "holdfast.conf:2:16: error: unknown setting \"base_ulr\" in "
	    "providers \"x\"\n"
	    "    2 |  { name = \"x\"; base_ulr = \"http://h\";\n"
	    "      |                ^^^^^^^^\n"
	    "      = help: did you mean \"base_url\"?\n"
	    "1 error; settings not loaded\n" },
	{ "two faults, a comment between",
	    "server = { /* workers = 1; */ workers = 65;\n"
	    "  max_body = \"1x\"; }; # here\n",
	    "holdfast.conf:1:41: error: \"workers\" is out of range: 0 to 64\n"
	    "    1 | server = { /* workers = 1; */ workers = 65;\n"
	    "      |                                         ^^\n"
	    "holdfast.conf:2:15: error: \"max_body\" must be a size such as "
	    "\"64K\" \"32M\" \"8G\"\n"
	    "    2 |   max_body = \"1x\"; }; # here\n"
	    "      |               ^^\n"
	    "2 errors; settings not loaded\n" },
	{ "a range of durations", "server = { idle_timeout = \"5ms\"; };",
	    "holdfast.conf:1:28: error: \"idle_timeout\" is out of range: "
	    "\"100ms\" to \"1h\"\n"
	    "    1 | server = { idle_timeout = \"5ms\"; };\n"
	    "      |                            ^^^\n"
	    "1 error; settings not loaded\n" },
	{ "a string that does not end", "demo = { enabled = \"auto; };\n",
	    "holdfast.conf:1:20: error: a string opened at line 1 was not "
	    "closed\n"
	    "    1 | demo = { enabled = \"auto; };\n"
	    "      |                    ^\n"
	    "1 error; settings not loaded\n" },
	{ "yes and no", "demo = {\n enabled = yes;\n};\n",
	    "holdfast.conf:2: error: syntax error\n"
	    "    2 |  enabled = yes;\n"
	    "      = help: write true or false\n"
	    "1 error; settings not loaded\n" },
	{ "a plain secret, covered",
	    "providers = ( { name = \"openai\"; credentials = (\n"
	    "  { name = \"m\"; api_key = \"sk-secret\"; } ); } );\n",
	    "holdfast.conf:2:28: error: \"api_key\" holds a secret as plain "
	    "text\n"
	    "    2 |   { name = \"m\"; api_key = \"*********\"; } ); } );\n"
	    "      |                            ^^^^^^^^^\n"
	    "      = help: write env:NAME, file:/path or cred:NAME\n"
	    "1 error; settings not loaded\n" },
	{ "a warning alone",
	    "providers = ( { name = \"openai\"; credentials = (\n"
	    "  { name = \"m\"; api_key = \"env:HOLDFAST_TEST_KEY\"; } ); } "
	    ");\n",
	    "holdfast.conf:2:28: warning: env:HOLDFAST_TEST_KEY is not set; "
	    "the provider will answer 401\n"
	    "    2 |   { name = \"m\"; api_key = \"env:HOLDFAST_TEST_KEY\"; } "
	    "); } );\n"
	    "      |                            ^^^^^^^^^^^^^^^^^^^^^\n"
	    "1 warning\n" },
};

START_TEST(messages_are_exact)
{
	int loaded = load_text(messages[_i].text);

	ck_assert_str_eq(said.data, messages[_i].said);
	ck_assert_int_eq(loaded,
	    strstr(messages[_i].said, "not loaded") == NULL ? 1 : 0);
}
END_TEST

/* Faults beyond type and range: the part of the message that tells. */
static const struct {
	const char *text, *part;
} faults[] = {
	{ "version = 2;", "\"version\" must be 1" },
	{ "server = { workers = 5000000000; };", "\"workers\" does not fit" },
	{ "server = { workers = 99999999999999999999L; };",
	    "\"workers\" does not fit" },
	{ "server = { base_paths = [ \"api\" ]; };", "a path begins with /" },
	{ "server = { listen = ( { port = 1; } ); };",
	    "\"address\" is missing in listen" },
	{ "server = { listen = ( { address = \"localhost\"; port = 1; } ); };",
	    "must be an IP address or unix:/path, not a name" },
	{ "server = { listen = ( { address = \"::1\"; port = 1; },"
	  " { address = \"::1\"; port = 1; } ); };",
	    "the same address and port twice" },
	{ "server = { listen = ( { address = \"::1\"; port = 1; tls = \"x\"; } "
	  "); };",
	    "\"tls\" names \"x\", which is not defined" },
	{ "budgets = { status = 404; };", "must be 429 or 402" },
	{ "budgets = { status = 430; };", "is out of range: 402 to 429" },
	{ "budgets = { status = 410; };", "must be 429 or 402" },
	{ "budgets = { unknown_price = \"maybe\"; };", "\"assume:IN/OUT\"" },
	{ "budgets = { unknown_price = \"assume:1\"; };", "\"assume:IN/OUT\"" },
	{ "budgets = { missing_usage = \"chrage\"; };",
	    "did you mean \"charge\"?" },
	{ "logs = { ring = \"3M\"; };", "must be a power of two" },
	{ "admin = { http = { address = \"0.0.0.0\"; }; };",
	    "must be a loopback address" },
	{ "organization = { period_budget = 5; };",
	    "must be a decimal in quotes" },
	{ "organization = { period_budget = \"-1\"; };", "must be a decimal" },
	{ "organization = { period_budget = \"1e3\"; };", "must be a decimal" },
	{ "run = { path = \"a\\x00b\"; };", "cannot hold a zero byte" },
	{ "providers = ( { name = \"mine\"; } );",
	    "\"base_url\" is missing in providers \"mine\"" },
	{ "providers = ( { name = \"m\"; base_url = \"ftp://x\"; } );",
	    "must be http:// or https://" },
	{ "providers = ( { name = \"m\"; base_url = \"http://h:0\"; } );",
	    "must be http:// or https://" },
	{ "providers = ( { name = \"m\"; base_url = \"http://u@h\"; } );",
	    "must be http:// or https://" },
	{ "providers = ( { name = \"groq\"; }, { name = \"groq\"; } );",
	    "providers \"groq\" is defined twice" },
	{ "providers = ( { name = \"groq\"; credentials = ( { name = \"a\"; "
	  "api_key = \"cred:none\"; } ); } );",
	    "cred:none is not there" },
	{ "providers = ( { name = \"groq\"; credentials = ( { name = \"a\"; "
	  "api_key = \"file:/none\"; } ); } );",
	    "file:/none cannot be read: No such file" },
	{ "providers = ( { name = \"groq\"; quirks = [ \"crfl\" ]; } );",
	    "did you mean \"crlf\"?" },
	{ "providers = ( 1 );", "providers holds groups { }, not a number" },
	{ "providers = { };", "must be a list of groups" },
	{ "models = ( { name = \"m\"; provider = \"dmo\"; } );",
	    "did you mean \"demo\"?" },
	{ "models = ( { name = \"m\"; provider = \"demo\"; aliases = "
	  "[ \"n\" ]; }, { name = \"n\"; provider = \"demo\"; } );",
	    "alias \"n\" is already the model \"n\"" },
	{ "models = ( { name = \"m\"; provider = \"demo\"; price = "
	  "{ input = \"1.1234567\"; output = \"1\"; }; } );",
	    "at most 6 digits" },
	{ "models = ( { name = \"m\"; provider = \"demo\"; price = "
	  "{ input_above_1k = \"1\"; output_above_2k = \"1\"; }; } );",
	    "names another tier" },
	{ "keys = ( { prefix = \"short\"; sha256 = \"00\"; } );",
	    "must be 64 hexadecimal digits" },
	{ "keys = ( { prefix = \"short\"; sha256 = \"00\"; } );",
	    "must be 8 characters" },
	{ "keys = ( { prefix = \"abcdefgh\"; } );",
	    "\"sha256\" is missing in keys \"abcdefgh\"" },
	{ "customers = { list = ( { customer_identifier = \"\"; } ); };",
	    "must not be empty" },
	{ "catalogue = { path = \"/none\"; };",
	    "\"path\" cannot be read: No such file" },
	{ "a = 1;\n@include \"none.conf\"\n", "cannot open include file" },
};

START_TEST(faults_are_told)
{
	ck_assert_int_eq(load_text(faults[_i].text), 0);
	ck_said(faults[_i].text, faults[_i].part);
	ck_said(faults[_i].text, "holdfast.conf:");
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
	ck_assert_uint_eq(got->models.n, 4);
	ck_assert_int_eq(settings_model_find(got, SLICE("a"))->context, 9);
}
END_TEST

START_TEST(a_double_in_conf_d_names_both_places)
{
	put("holdfast.conf",
	    "models = (\n { name = \"a\"; provider = \"demo\"; } );\n");
	put("conf.d/1.conf",
	    "models = ( { name = \"a\"; provider = \"demo\"; } );\n");
	ck_assert_int_eq(load(), 0);
	ck_said("double", "conf.d/1.conf:1:22: error: models \"a\" is defined "
			  "twice");
	ck_said("double", "the first is at holdfast.conf:2;");
}
END_TEST

START_TEST(each_file_tells_its_own_fault)
{
	put("holdfast.conf", "server = { workers = ; };\n");
	put("conf.d/1.conf", "a = = 2;\n");
	ck_assert_int_eq(load(), 0);
	ck_said("first", "holdfast.conf:1: error: syntax error");
	ck_said("second", "conf.d/1.conf:1: error: syntax error");
	ck_said("count", "2 errors; settings not loaded");
}
END_TEST

START_TEST(an_included_file_keeps_its_places)
{
	put("holdfast.conf",
	    "@include \"more.inc\"\nserver = { wrokers = 1; };\n");
	put("more.inc", "\n demo = { enabeld = true; };\n");
	ck_assert_int_eq(load(), 0);
	ck_said("inner", "more.inc:2:11: error: unknown setting \"enabeld\"");
	ck_said("outer", "holdfast.conf:2:12: error: unknown setting "
			 "\"wrokers\"");
}
END_TEST

START_TEST(a_missing_file_says_why)
{
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(said.data,
	    "holdfast.conf: error: cannot read the file: No such file or "
	    "directory\n1 error; settings not loaded\n");
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

START_TEST(strict_refuses_a_warning)
{
	struct setup_options o = { .path = file, .strict = true };

	put("holdfast.conf",
	    "models = ( { name = \"a\"; provider = \"demo\"; } );\n");
	ck_assert_int_eq(load_with(o), 0);
	ck_said("strict", "1 warning; settings not loaded");
	o.strict = false;
	o.quiet = true;
	ck_assert_int_eq(load_with(o), 1);
	ck_assert_str_eq(said.data, "");
}
END_TEST

START_TEST(a_hostile_file_ends_the_child_only)
{
	struct sbuf b = { 0 };

	for (int i = 0; i < 200000; i++)
		sbuf_adds(&b, "a={");
	ck_assert_int_ne(load_text(b.data), 1);
	sbuf_free(&b);
}
END_TEST

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

/* The files of the tree are good, and the long one names every setting. */
START_TEST(files_of_the_tree)
{
	static const char *const paths[] = { "etc/demo.conf",
		"etc/examples/holdfast.conf" };
	struct setup_options o = { .path = paths[_i] };

	if (_i == 0) {
		setenv("OPENAI_API_KEY", "x", 1);
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

START_TEST(the_example_names_every_setting)
{
	char *text = calloc(1, 65536);
	FILE *in = fopen("etc/examples/holdfast.conf", "r");

	ck_assert_ptr_nonnull(in);
	ck_assert_uint_gt(fread(text, 1, 65535, in), 1000);
	fclose(in);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[200];

		snprintf(line, sizeof line, "# %s:", rows[i].path);
		ck_assert_msg(strstr(text, line) != NULL,
		    "etc/examples/holdfast.conf has no line \"%s\"", line);
	}
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
	tcase_add_test(t, providers_arrive);
	tcase_add_test(t, models_arrive);
	tcase_add_test(t, lists_arrive);
	tcase_add_test(t, an_empty_file_serves_the_demo);
	tcase_add_test(t, prices_have_a_version);
	tcase_add_test(t, each_default_may_be_written);
	tcase_add_test(t, each_setting_misspelt);
	tcase_add_test(t, each_setting_of_wrong_type);
	tcase_add_test(t, each_setting_doubled);
	tcase_add_test(t, each_setting_out_of_range);
	tcase_add_loop_test(t, messages_are_exact, 0, COUNT(messages));
	tcase_add_loop_test(t, faults_are_told, 0, COUNT(faults));
	tcase_add_test(t, conf_d_is_merged);
	tcase_add_test(t, a_double_in_conf_d_names_both_places);
	tcase_add_test(t, each_file_tells_its_own_fault);
	tcase_add_test(t, an_included_file_keeps_its_places);
	tcase_add_test(t, a_missing_file_says_why);
	tcase_add_test(t, a_secret_file_loses_one_newline);
	tcase_add_test(t, a_credential_comes_from_its_folder);
	tcase_add_test(t, secrets_stay_out_of_the_snapshot);
	tcase_add_test(t, strict_refuses_a_warning);
	tcase_add_test(t, a_hostile_file_ends_the_child_only);
	tcase_add_test(t, print_is_valid_input);
	tcase_add_test(t, the_catalogue_gives_models);
	tcase_add_loop_test(t, files_of_the_tree, 0, 2);
	tcase_add_test(t, the_installed_file);
	tcase_add_test(t, the_example_names_every_setting);
	suite_add_tcase(s, t);
	return s;
}
