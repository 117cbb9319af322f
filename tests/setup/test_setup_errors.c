/* Settings that are broken in one place, or hostile, and what is said. */

#include "tests/suite.h"

#include "tests/setup/files.h"

/* ---- every setting of the table ------------------------------------------ */

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

static void
ck_refused(const struct row *r, const char *tail, const char *value, int times)
{
	put_row(r, tail, value, times);
	ck_assert_msg(load() == 0, "%s", r->path);
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
	else if (strstr(r->path, "routing.") == r->path &&
		 strstr(r->path, "fallback") != NULL &&
		 strcmp(r->type, "STRS") == 0)
		snprintf(out, size, "[ \"demo/echo\" ]");
	else if (strcmp(r->type, "STRS") == 0)
		snprintf(out, size, "[ \"/x\" ]");
	else if (strcmp(r->type, "INTS") == 0)
		snprintf(out, size, "[ %lld, %lld ]", r->min, r->max);
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
		ck_refused(&rows[i], "_", "1", 1);
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
		ck_refused(&rows[i], "", "{ a = 1; }", 1);
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
		ck_refused(&rows[i], "", value, 2);
		ck_said(rows[i].path, "duplicate setting name");
	}
}
END_TEST

static void
ck_refused_number(const struct row *r, long long v)
{
	const char *unit = strcmp(r->type, "MSEC") == 0 ? "ms" : "";
	char value[64];

	if (strcmp(r->type, "INT") == 0)
		snprintf(value, sizeof value, "%lld", v);
	else
		snprintf(value, sizeof value, "\"%lld%s\"", v, unit);
	ck_refused(r, "", value, 1);
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

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!is_counted(&rows[i]))
			continue;
		if (rows[i].max > 0) {
			ck_refused_number(&rows[i], rows[i].max + 1);
			tried++;
		}
		if (rows[i].min > 0) {
			ck_refused_number(&rows[i], rows[i].min - 1);
			tried++;
		}
	}
	ck_assert_uint_gt(tried, 40);
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
	{ "a warning of another secret",
	    "admin = { http = { token = \"env:HOLDFAST_TEST_KEY\"; }; };\n",
	    "holdfast.conf:1:29: warning: env:HOLDFAST_TEST_KEY is not set\n"
	    "    1 | admin = { http = { token = \"env:HOLDFAST_TEST_KEY\"; "
	    "}; };\n"
	    "      |                             ^^^^^^^^^^^^^^^^^^^^^\n"
	    "1 warning\n" },
	{ "a model of a group that is misspelt",
	    "models = (\n"
	    "  { name = \"gpt-4o-mini\"; provider = \"demo\"; price = { "
	    "input = \"0\"; output = \"0\"; }; } );\n"
	    "load_balance_groups = (\n"
	    "  { group_id = \"chat-default\";\n"
	    "    models = ( { model = \"gpt-4o-mni\"; weight = 8; } ); } );\n",
	    "holdfast.conf:5:27: error: model \"gpt-4o-mni\" in "
	    "load_balance_groups \"chat-default\" is not defined\n"
	    "    5 |     models = ( { model = \"gpt-4o-mni\"; weight = 8; } ); "
	    "} );\n"
	    "      |                           ^^^^^^^^^^\n"
	    "      = help: did you mean \"gpt-4o-mini\"? (defined at line 2)\n"
	    "1 error; settings not loaded\n" },
	{ "a fallback of a group, near one that no line defines",
	    "load_balance_groups = ( { group_id = \"g\"; models = ( { model "
	    "= \"demo/echo\"; } );\n"
	    "  fallback_models = [ \"demo/lorm\" ]; } );\n",
	    "holdfast.conf:2:24: error: model \"demo/lorm\" in "
	    "load_balance_groups \"g\" is not defined\n"
	    "    2 |   fallback_models = [ \"demo/lorm\" ]; } );\n"
	    "      |                        ^^^^^^^^^\n"
	    "      = help: did you mean \"demo/lorem\"?\n"
	    "1 error; settings not loaded\n" },
	{ "a token as plain text is not shown",
	    "admin = { http = { token = \"correct-horse\"; }; };\n",
	    "holdfast.conf:1:29: error: \"token\" holds a secret as plain "
	    "text\n"
	    "    1 | admin = { http = { token = \"*************\"; }; };\n"
	    "      |                             ^^^^^^^^^^^^^\n"
	    "      = help: write env:NAME, file:/path or cred:NAME\n"
	    "1 error; settings not loaded\n" },
	{ "a fallback that is no model",
	    "routing = { fallback_models = [ \"demo/lorem\", \"demo/ehco\" "
	    "]; };\n",
	    "holdfast.conf:1:48: error: model \"demo/ehco\" is not defined\n"
	    "    1 | routing = { fallback_models = [ \"demo/lorem\", "
	    "\"demo/ehco\" ]; };\n"
	    "      |                                                "
	    "^^^^^^^^^\n"
	    "      = help: did you mean \"demo/echo\"?\n"
	    "1 error; settings not loaded\n" },
	{ "models for special cases that are none",
	    "routing = { context_window_fallbacks = [ \"demo/lrem\" ];\n"
	    "  content_policy_fallbacks = [ \"demo/ehco\" ]; };\n",
	    "holdfast.conf:1:43: error: model \"demo/lrem\" is not defined\n"
	    "    1 | routing = { context_window_fallbacks = [ \"demo/lrem\" "
	    "];\n"
	    "      |                                           ^^^^^^^^^\n"
	    "      = help: did you mean \"demo/lorem\"?\n"
	    "holdfast.conf:2:33: error: model \"demo/ehco\" is not defined\n"
	    "    2 |   content_policy_fallbacks = [ \"demo/ehco\" ]; };\n"
	    "      |                                 ^^^^^^^^^\n"
	    "      = help: did you mean \"demo/echo\"?\n"
	    "2 errors; settings not loaded\n" },
	{ "a default model and a safety net that are none",
	    "routing = { default_model = \"demo\";\n"
	    "  safety_net_model = \"demo/\"; };\n",
	    "holdfast.conf:1:30: error: model \"demo\" is not defined\n"
	    "    1 | routing = { default_model = \"demo\";\n"
	    "      |                              ^^^^\n"
	    "holdfast.conf:2:23: error: model \"demo/\" is not defined\n"
	    "    2 |   safety_net_model = \"demo/\"; };\n"
	    "      |                       ^^^^^\n"
	    "2 errors; settings not loaded\n" },
	{ "a strategy that is none",
	    "routing = { strategy = \"cheap\"; fallback_on = \"all\"; };\n",
	    "holdfast.conf:1:25: error: \"strategy\" cannot be \"cheap\"; it "
	    "is one of \"cheapest\", \"fastest\", \"priority\"\n"
	    "    1 | routing = { strategy = \"cheap\"; fallback_on = \"all\"; "
	    "};\n"
	    "      |                         ^^^^^\n"
	    "holdfast.conf:1:48: error: \"fallback_on\" cannot be \"all\"; "
	    "it is one of \"any\", \"transient\"\n"
	    "    1 | routing = { strategy = \"cheap\"; fallback_on = \"all\"; "
	    "};\n"
	    "      |                                                ^^^\n"
	    "      = help: did you mean \"any\"?\n"
	    "2 errors; settings not loaded\n" },
};

START_TEST(messages_are_exact)
{
	int loaded = load_text(messages[_i].text);

	ck_assert_str_eq(said.data, messages[_i].said);
	ck_assert_int_eq(loaded,
	    strstr(messages[_i].said, "not loaded") == NULL ? 1 : 0);
}
END_TEST

/* An exporter whose secret is not set. */
#define EXPORTER(kind, endpoint, more)                                         \
	"exporters = ( { name = \"a\"; kind = \"" kind                         \
	"\"; endpoint = \"" endpoint                                           \
	"\"; secret = \"env:HOLDFAST_TEST_KEY\"; " more " } );"

#define GROUP(id, models, more)                                                \
	"load_balance_groups = ( { group_id = \"" id "\"; models = ( " models  \
	" ); " more " } );"

/* Faults beyond type and range: the part of the message that tells. */
static const struct {
	const char *text, *part;
} faults[] = {
	{ "version = 2;", "\"version\" must be 1" },
	{ "server = { workers = 5000000000; };", "\"workers\" does not fit" },
	{ "server = { workers = 99999999999999999999L; };",
	    "\"workers\" does not fit" },
	{ "server = { base_paths = [ \"api\" ]; };", "a path begins with /" },
	{ "models = ( { name = \"m\"; provider = \"demo\"; "
	  "price_source = \"provider\"; } );",
	    "\"price_source\" needs a \"price\"" },
	{ "models = ( { name = \"m\"; provider = \"demo\"; "
	  "price_source = \"theirs\"; } );",
	    "\"price_source\" cannot be \"theirs\"" },
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
	{ "budgets = { timezone = \"Europe/Atlantis\"; };", "(tzdata)" },
	{ "budgets = { timezone = \"../passwd\"; };", "(tzdata)" },
	{ "budgets = { week_starts = \"mondya\"; };", "monday" },
	{ "budgets = { searches_per_request = -1; };", "is out of range" },
	{ "retry = { on_status = [ 500, 399 ]; };", "is out of range" },
	{ "providers = ( { name = \"l\"; base_url = \"http://h/v1\"; } );\n"
	  "routing = { default_model = \"l/any\"; };",
	    "model \"l/any\" is not defined" },
	{ "providers = ( { name = \"l\"; base_url = \"http://h/v1\";\n"
	  "  open_models = true; } );\n"
	  "routing = { default_model = \"l/\"; };",
	    "model \"l/\" is not defined" },
	{ "budgets = { missing_usage = \"chrage\"; };",
	    "did you mean \"charge\"?" },
	{ "budgets = { alert_at = [ 50, 50 ]; };",
	    "must rise: 50 does not stand above 50" },
	{ "budgets = { alert_at = [ 80, 50 ]; };",
	    "must rise: 50 does not stand above 80" },
	{ "budgets = { alert_at = [ 0 ]; };", "is out of range: 1 to 100" },
	{ "budgets = { alert_at = [ 101 ]; };", "is out of range: 1 to 100" },
	{ "budgets = { alert_at = [ 1, 2, 3, 4, 5, 6, 7, 8, 9 ]; };",
	    "has 9 percents; at most 8" },
	{ "budgets = { alert_at = 50; };", "must be an array of numbers" },
	{ "budgets = { alert_at = [ \"50\" ]; };", "must be a number" },
	{ EXPORTER("otlp-http", "http://h", ""),
	    "\"kind\" cannot be \"otlp-http\"; it is one of \"webhook\"" },
	{ EXPORTER("webhok", "http://h", ""), "did you mean \"webhook\"?" },
	{ EXPORTER("webhook", "", ""), "\"endpoint\" must not be empty" },
	{ EXPORTER("webhook", "ftp://h", ""),
	    "\"endpoint\" must be http:// or https://" },
	{ EXPORTER("webhook", "http://u@h/", ""),
	    "\"endpoint\" must be http:// or https://" },
	{ EXPORTER("webhook", "http://h/a b", ""),
	    "\"endpoint\" must be http:// or https://" },
	{ EXPORTER("webhook", "http://h/a\\r\\nb", ""),
	    "\"endpoint\" must be http:// or https://" },
	{ EXPORTER("webhook", "http://h/#a", ""),
	    "\"endpoint\" must be http:// or https://" },
	{ EXPORTER("webhook", "http://h", "events = [ \"overun\" ];"),
	    "did you mean \"overrun\"?" },
	{ EXPORTER("webhook", "http://h", "evnts = [];"),
	    "did you mean \"events\"?" },
	{ EXPORTER("webhook", "http://h", ""),
	    "\"secret\" holds no secret, and alerts must be signed" },
	{ "exporters = ( { name = \"a\"; kind = \"webhook\"; } );",
	    "\"endpoint\" is missing in exporters \"a\"" },
	{ "exporters = ( { name = \"a\"; kind = \"webhook\"; } );",
	    "\"secret\" is missing in exporters \"a\"" },
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
	{ "providers = ( { name = \"groq\"; credentials = ( { name = \"a\"; "
	  "} ); } );",
	    "\"api_key\" is missing in credentials \"a\"" },
	{ "providers = ( { name = \"bedrock\"; credentials = ( { name = "
	  "\"a\"; aws_access_key_id = \"env:A\"; } ); } );",
	    "\"aws_secret_access_key\" is missing in credentials \"a\"" },
	{ "providers = ( { name = \"bedrock\"; credentials = ( { name = "
	  "\"a\"; aws_bearer_token = \"env:A\"; } ); } );",
	    "\"aws_region_name\" is missing in credentials \"a\"" },
	{ "providers = ( { name = \"vertex_ai\"; credentials = ( { name = "
	  "\"a\"; vertex_ai_location = \"x\"; } ); } );",
	    "\"vertex_ai_credentials\" is missing in credentials \"a\"" },
	{ "providers = ( { name = \"azure\"; credentials = ( { name = "
	  "\"a\"; api_key = \"env:A\"; } ); } );",
	    "\"api_base\" is missing in credentials \"a\"" },
	{ "providers = ( { name = \"azure\"; credentials = ( { name = "
	  "\"a\"; api_key = \"env:A\"; api_base = \"x\"; } ); } );",
	    "\"api_base\" must be http:// or https://" },
	{ "providers = ( { name = \"p\"; kind = \"gemnii\"; base_url = "
	  "\"http://h\"; } );",
	    "did you mean \"gemini\"?" },
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
	{ "store = { path = \"/dev/null\"; };",
	    "\"path\" /dev/null is not a directory" },
	{ "run = { path = \"/dev/null/run\"; };",
	    "\"path\" /dev/null/run: Not a directory" },
	{ "admin = { socket = \"/dev/null/x/admin.sock\"; };",
	    "\"socket\" /dev/null/x: Not a directory" },
	{ "logs = { files = ( { kind = \"jsonl\"; path = \"/dev/null/a\"; } "
	  "); };",
	    "/dev/null is not a directory" },
	{ "catalogue = { path = \"/none\"; };",
	    "\"path\" cannot be read: No such file" },
	{ GROUP("g", "{ model = \"demo/echo\"; weight = 0; }", ""),
	    "\"weight\" is out of range: 1 to" },
	{ GROUP("g", "{ model = \"demo/echo\"; weight = \"0\"; }", ""),
	    "\"weight\" must be above 0" },
	{ GROUP("g", "{ model = \"demo/echo\"; weight = \"-1\"; }", ""),
	    "\"weight\"" },
	{ GROUP("g", "{ weight = 1; }", ""), "\"model\" is missing in models" },
	{ GROUP("g", "", ""), "\"models\" must hold 1 to 64 models" },
	{ GROUP("g", "{ model = \"demo/echo\"; }, { model = \"demo/echo\"; }",
	      ""),
	    "models \"demo/echo\" is defined twice" },
	{ GROUP("g h", "{ model = \"demo/echo\"; }", ""),
	    "\"group_id\" must be 1 to 64 of" },
	{ GROUP("0123456789012345678901234567890123456789012345678901234567890"
		"1234",
	      "{ model = \"demo/echo\"; }", ""),
	    "\"group_id\" must be 1 to 64 of" },
	{ GROUP("g", "{ model = \"demo/echo\"; }", "fallback_model = [];"),
	    "did you mean \"fallback_models\"?" },
	{ "load_balance_groups = ( { group_id = \"g\"; } );",
	    "\"models\" is missing in load_balance_groups \"g\"" },
	{ "load_balance_groups = ( { group_id = \"g\"; name = \"n\"; models = "
	  "( { model = \"demo/echo\"; } ); }, { group_id = \"h\"; name = "
	  "\"n\"; models = ( { model = \"demo/echo\"; } ); } );",
	    "\"name\" is the name of load_balance_groups \"g\" too" },
	{ "load_balance_groups = ( { group_id = \"g\"; models = ( { model = "
	  "\"demo/echo\"; } ); }, { group_id = \"g\"; models = ( { model = "
	  "\"demo/echo\"; } ); } );",
	    "load_balance_groups \"g\" is defined twice" },
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

/* ---- the rest ----------------------------------------------------------- */

START_TEST(keys_of_the_store_are_long)
{
	static const char both[] = "store = { secret_key = \"env:HF_NEW\"; "
				   "secret_key_old = \"env:HF_OLD\"; };";
	static const char good[] = "0123456789abcdef0123456789abcdef";

	setenv("HF_NEW", good, 1);
	setenv("HF_OLD", good, 1);
	ck_assert_msg(load_text(both) == 1, "%s", said.data);
	setenv("HF_NEW", good + 1, 1);
	ck_assert_int_eq(load_text(both), 0);
	ck_said("new", "\"secret_key\" must have 32 bytes or more");
	setenv("HF_NEW", good, 1);
	setenv("HF_OLD", good + 1, 1);
	ck_assert_int_eq(load_text(both), 0);
	ck_said("old", "\"secret_key_old\" must have 32 bytes or more");
	unsetenv("HF_NEW");
	setenv("HF_OLD", good, 1);
	ck_assert_int_eq(load_text(both), 0);
	ck_said("alone", "\"secret_key_old\" needs \"store.secret_key\"");
	unsetenv("HF_OLD");
}
END_TEST

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

Suite *
test_suite(void)
{
	Suite *s = suite_create("setup/errors");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, each_default_may_be_written);
	tcase_add_test(t, each_setting_misspelt);
	tcase_add_test(t, each_setting_of_wrong_type);
	tcase_add_test(t, each_setting_doubled);
	tcase_add_test(t, each_setting_out_of_range);
	tcase_add_test(t, the_example_names_every_setting);
	tcase_add_loop_test(t, messages_are_exact, 0, COUNT(messages));
	tcase_add_loop_test(t, faults_are_told, 0, COUNT(faults));
	tcase_add_test(t, a_double_in_conf_d_names_both_places);
	tcase_add_test(t, each_file_tells_its_own_fault);
	tcase_add_test(t, an_included_file_keeps_its_places);
	tcase_add_test(t, a_missing_file_says_why);
	tcase_add_test(t, keys_of_the_store_are_long);
	tcase_add_test(t, strict_refuses_a_warning);
	tcase_add_test(t, a_hostile_file_ends_the_child_only);
	suite_add_tcase(s, t);
	return s;
}
