#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/ctl.h"
#include "proto/jscan.h"
#include "tests/suite.h"

#define WORDS_MAX 14

static const struct {
	const char *title;
	const char *words[WORDS_MAX];
	const char *line; /* NULL: refused */
	const char *why;
} requests[] = {
	{ "one word", { "status" }, "{\"verb\":\"status\",\"args\":{}}", NULL },
	{ "two words", { "key", "list" }, "{\"verb\":\"key list\",\"args\":{}}",
	    NULL },
	{ "a plain word", { "key", "revoke", "abcdefgh" },
	    "{\"verb\":\"key revoke\",\"args\":{\"prefix\":\"abcdefgh\"}}",
	    NULL },
	{ "options in any order",
	    { "key", "new", "--rpm", "60", "--name", "a\"b", "--gateway-only" },
	    "{\"verb\":\"key new\",\"args\":{\"rpm\":60,\"name\":\"a\\\"b\","
	    "\"gateway_only\":true}}",
	    NULL },
	{ "a budget by the month",
	    { "customer", "set", "ada", "--budget", "12.50/month" },
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"ada\","
	    "\"period_budget\":\"12.50\",\"budget_duration\":\"monthly\"}}",
	    NULL },
	{ "no budget", { "customer", "set", "ada", "--no-budget" },
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"ada\","
	    "\"period_budget\":null}}",
	    NULL },
	{ "a list", { "key", "new", "--name", "n", "--models", "a,b" },
	    "{\"verb\":\"key new\",\"args\":{\"name\":\"n\","
	    "\"models\":[\"a\",\"b\"]}}",
	    NULL },
	{ "a negative amount",
	    { "budget", "adjust", "-5.00", "--customer", "ada", "--reason",
		"paid" },
	    "{\"verb\":\"budget adjust\",\"args\":{\"amount\":\"-5.00\","
	    "\"customer\":\"ada\",\"reason\":\"paid\"}}",
	    NULL },
	{ "all accounts", { "budget", "show" },
	    "{\"verb\":\"budget show\",\"args\":{}}", NULL },
	{ "three words",
	    { "budget", "suspense", "release", "customer:ada", "all",
		"--reason", "their usage page" },
	    "{\"verb\":\"budget suspense release\",\"args\":{\"account\":"
	    "\"customer:ada\",\"amount\":\"all\",\"reason\":"
	    "\"their usage page\"}}",
	    NULL },
	{ "the first two of them", { "budget", "suspense", "--key", "k" },
	    "{\"verb\":\"budget suspense\",\"args\":{\"key\":\"k\"}}", NULL },
	{ "a deep audit", { "audit", "--deep" },
	    "{\"verb\":\"audit\",\"args\":{\"deep\":true}}", NULL },
	{ "options that repeat",
	    { "group", "add", "chat", "--model", "gpt-4o=2", "--fallback", "x",
		"--model", "a=b/c=0.5", "--model", "m", "--fallback", "y" },
	    "{\"verb\":\"group add\",\"args\":{\"name\":\"chat\","
	    "\"models\":[{\"model\":\"gpt-4o\",\"weight\":\"2\"},"
	    "{\"model\":\"a=b/c\",\"weight\":\"0.5\"},{\"model\":\"m\"}],"
	    "\"fallback_models\":[\"x\",\"y\"]}}",
	    NULL },
	{ "none of one that is needed", { "group", "add", "chat" }, NULL,
	    "--model is missing" },
	{ "a secret as a word",
	    { "integration", "add", "openai", "--field", "api_key=sk-1" }, NULL,
	    "--field takes NAME=-, and standard input the value" },
	{ "a field without a name",
	    { "integration", "add", "openai", "--field", "=-" }, NULL,
	    "--field takes NAME=-, and standard input the value" },
	{ "an option twice",
	    { "integration", "add", "openai", "--name", "a", "--name", "b" },
	    NULL, "--name is not understood here" },
	{ "a decision without a reason",
	    { "budget", "suspense", "confirm", "key:k", "1.5" }, NULL,
	    "--reason is missing" },
	{ "a bad period", { "customer", "set", "a", "--budget", "1/hour" },
	    NULL, "1/hour: the period is day, week, month or year" },
	{ "no number", { "key", "new", "--name", "n", "--rpm", "-1" }, NULL,
	    "-1 is no number" },
	{ "a missing word", { "key", "revoke" }, NULL, "PREFIX is missing" },
	{ "a missing option", { "key", "new" }, NULL, "--name is missing" },
	{ "a missing value", { "key", "new", "--name" }, NULL,
	    "--name needs a value" },
	{ "a word too many", { "key", "revoke", "a", "b" }, NULL,
	    "b is not understood here" },
	{ "an unknown option", { "status", "--verbose" }, NULL,
	    "--verbose is not understood here" },
};

#define LONG_LINE 32769

static const struct {
	const char *title, *names, *input;
	const char *json; /* NULL: refused */
	const char *why;
} inputs[] = {
	{ "a bare key", "", "sk-1\n", "{\"api_key\":\"sk-1\"}", NULL },
	{ "without a line end", "", "sk-1", "{\"api_key\":\"sk-1\"}", NULL },
	{ "blanks around it", "", "  sk-1 \r\n\n", "{\"api_key\":\"sk-1\"}",
	    NULL },
	{ "what JSON must escape", "", "a\"b\\c",
	    "{\"api_key\":\"a\\\"b\\\\c\"}", NULL },
	{ "an object over lines", "", " {\"api_key\":\n \"k\"}\n",
	    "{\"api_key\":  \"k\"}", NULL },
	{ "no object", "", "{\"api_key\":\"k\"", NULL,
	    "standard input is no valid JSON object" },
	{ "nothing", "", "", NULL, "standard input has no value for api_key" },
	{ "blanks alone", "", " \n\n", NULL,
	    "standard input has no value for api_key" },
	{ "two fields", "aws_access_key_id aws_secret_access_key", "AK\nSK\n",
	    "{\"aws_access_key_id\":\"AK\",\"aws_secret_access_key\":\"SK\"}",
	    NULL },
	{ "one line too few", "a b", "AK\n", NULL,
	    "standard input has no value for b" },
	{ "an empty line", "a b c", "1\n\n3\n", NULL,
	    "standard input has no value for b" },
	{ "the last has the rest", "a b", "1\n{\n\"x\":2}\n",
	    "{\"a\":\"1\",\"b\":\"{\\n\\\"x\\\":2}\"}", NULL },
	{ "an object for a field", "a", "{\"x\":2}",
	    "{\"a\":\"{\\\"x\\\":2}\"}", NULL },
	{ "too long", "", NULL, NULL,
	    "standard input must be text of at most 32768 bytes" },
};

START_TEST(test_input)
{
	static char filler[LONG_LINE];
	struct sbuf json = { 0 }, why = { 0 };
	FILE *in = tmpfile();

	if (inputs[_i].input != NULL)
		fputs(inputs[_i].input, in);
	else
		fwrite(memset(filler, 'x', sizeof filler), 1, sizeof filler,
		    in);
	rewind(in);
	ck_assert_msg(ctl_credentials(in, inputs[_i].names, &json, &why) ==
			  (inputs[_i].json != NULL),
	    "%s", inputs[_i].title);
	if (inputs[_i].json != NULL)
		ck_assert_str_eq(json.data, inputs[_i].json);
	else
		ck_assert_str_eq(why.data, inputs[_i].why);
	ctl_wipe(&json);
	sbuf_free(&why);
	fclose(in);
}
END_TEST

static int
count_words(const char *const words[WORDS_MAX], char *copy[WORDS_MAX])
{
	int n = 0;

	for (; n < WORDS_MAX && words[n] != NULL; n++)
		copy[n] = strdup(words[n]);
	return n;
}

START_TEST(test_request)
{
	struct sbuf line = { 0 }, why = { 0 };
	struct ctl_call c = { .json = false };
	char *words[WORDS_MAX];
	int n = count_words(requests[_i].words, words), used;

	c.verb = ctl_find(words, n, &used);
	ck_assert_ptr_nonnull(c.verb);
	c.words = words + used;
	c.words_n = n - used;
	ck_assert_msg(ctl_request(&c, &line, &why) ==
			  (requests[_i].line != NULL),
	    "%s: %s", requests[_i].title, why.len > 0 ? why.data : "");
	if (requests[_i].line != NULL)
		ck_assert_str_eq(line.data, requests[_i].line);
	else
		ck_assert_str_eq(why.data, requests[_i].why);
	sbuf_free(&line);
	sbuf_free(&why);
	for (int i = 0; i < n; i++)
		free(words[i]);
}
END_TEST

/* Every row can be found by its own name and says what it does. */
START_TEST(test_table)
{
	for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
		char name[64], *words[3], *save;
		int n = 0, used;

		snprintf(name, sizeof name, "%s", v->name);
		for (char *w = strtok_r(name, " ", &save); w != NULL && n < 3;
		     w = strtok_r(NULL, " ", &save))
			words[n++] = w;
		ck_assert_ptr_eq(ctl_find(words, n, &used), v);
		ck_assert_int_eq(used, n);
		ck_assert_uint_gt(strlen(v->help), 4);
	}
}
END_TEST

/* Run a command line; its exit code, and what it printed. */
static int
run(const char *const words[WORDS_MAX], char **out_r, char **err_r)
{
	size_t out_n, err_n;
	FILE *out = open_memstream(out_r, &out_n);
	FILE *err = open_memstream(err_r, &err_n);
	char *argv[WORDS_MAX + 1] = { strdup("holdfastctl") };
	int n = count_words(words, argv + 1), code;

	code = ctl_run(n + 1, argv, out, err);
	fclose(out);
	fclose(err);
	for (int i = 0; i <= n; i++)
		free(argv[i]);
	return code;
}

static const struct {
	const char *title;
	const char *words[WORDS_MAX];
	const char *reply; /* NULL: nobody listens */
	int code;
	const char *out, *err; /* begin with it */
} runs[] = {
	{ "nothing", { NULL }, NULL, CTL_USAGE, "", "usage: holdfastctl" },
	{ "help", { "--help" }, NULL, CTL_DONE, "usage: holdfastctl", "" },
	{ "help of a verb", { "key", "new", "--help" }, NULL, CTL_DONE,
	    "usage: holdfastctl key new --name NAME", "" },
	{ "no such verb", { "frobnicate" }, NULL, CTL_USAGE, "",
	    "holdfastctl: there is no such verb" },
	{ "half a verb", { "key" }, NULL, CTL_USAGE, "",
	    "holdfastctl: there is no such verb" },
	{ "version", { "version", "--json" }, NULL, CTL_DONE,
	    "{\"version\":", "" },
	{ "nobody there", { "status" }, NULL, CTL_UNREACHABLE, "",
	    "holdfastctl: " },
	{ "pairs", { "status" },
	    "{\"status\":200,\"body\":{\"ready\":true,\"x\":null}}\n", CTL_DONE,
	    "ready                  true\nx                      -\n", "" },
	{ "json", { "status", "--json" },
	    "{\"status\":200,\"body\":{\"ready\":true}}\n", CTL_DONE,
	    "{\"ready\":true}\n", "" },
	{ "quiet", { "status", "--quiet" },
	    "{\"status\":200,\"body\":{\"ready\":true}}\n", CTL_DONE, "", "" },
	{ "a table", { "budget", "show" },
	    "{\"status\":200,\"body\":{\"results\":[{\"scope\":\"customer\","
	    "\"period\":\"total\",\"limit\":null,\"settled\":1.5}]}}\n",
	    CTL_DONE,
	    "scope     subject  environment  period  period_start  limit  "
	    "settled  held  suspense  requests\n"
	    "customer                        total                 -      1.5",
	    "" },
	{ "a list of objects in a cell", { "providers" },
	    "{\"status\":200,\"body\":{\"results\":[{\"name\":\"p\","
	    "\"credentials\":[{\"name\":\"a\",\"state\":\"up\",\"s\":null},"
	    "{\"name\":\"\",\"state\":\"ejected\",\"s\":4}]},"
	    "{\"name\":\"q\",\"credentials\":[]}]}}\n",
	    CTL_DONE,
	    "name  state  in_flight  credentials\n"
	    "p                       a up, - ejected 4\n"
	    "q                       []\n",
	    "" },
	{ "a clean audit", { "audit" },
	    "{\"status\":200,\"body\":{\"clean\":true,\"violations\":[]}}\n",
	    CTL_DONE,
	    "clean                  true\nviolations             []\n", "" },
	{ "a violated audit", { "budget", "audit", "--quiet" },
	    "{\"status\":200,\"body\":{\"clean\":false,\"violations\":"
	    "[{\"account\":\"a\"},{\"account\":\"b\"}]}}\n",
	    CTL_NO,
	    "clean                  false\nviolations 1:\n"
	    "account                a\nviolations 2:\n"
	    "account                b\n",
	    "" },
	{ "an audit without a keeper", { "audit" },
	    "{\"status\":503,\"body\":{\"detail\":\"No.\"}}\n", CTL_UNREACHABLE,
	    "", "holdfastctl: No.\n" },
	{ "control bytes", { "customer", "show", "a" },
	    "{\"status\":200,\"body\":{\"name\":\"a\\u001b[2J\\u009bb\"}}\n",
	    CTL_DONE, "name                   a\\x1b[2J\\xc2\\x9bb\n", "" },
	{ "not found", { "customer", "show", "a" },
	    "{\"status\":404,\"body\":{\"detail\":\"Not found.\"}}\n", CTL_NO,
	    "", "holdfastctl: Not found.\n" },
	{ "refused", { "customer", "show", "a" },
	    "{\"status\":400,\"body\":{\"detail\":\"No.\"}}\n", CTL_USAGE, "",
	    "holdfastctl: No.\n" },
	{ "store away", { "customer", "show", "a" },
	    "{\"status\":503,\"body\":{\"detail\":\"No.\"}}\n", CTL_UNREACHABLE,
	    "", "holdfastctl: No.\n" },
	{ "no JSON", { "status" }, "hello\n", CTL_UNREACHABLE, "",
	    "holdfastctl: the daemon's answer" },
};

/* A daemon that answers one line, whatever it is asked. */
static pid_t
answer_once(const char *path, const char *reply)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char bytes[4096];
	pid_t pid;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);

		_exit(recv(peer, bytes, sizeof bytes, 0) <= 0 ||
		      send(peer, reply, strlen(reply), 0) < 0);
	}
	close(fd);
	return pid;
}

START_TEST(test_run)
{
	char dir[] = "/tmp/holdfast-ctl-XXXXXX", path[64];
	const char *words[WORDS_MAX] = { "--socket", path };
	char *out, *err;
	pid_t pid = 0;
	int code;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/socket", dir);
	memcpy(words + 2, runs[_i].words, sizeof words - 2 * sizeof words[0]);
	if (runs[_i].reply != NULL)
		pid = answer_once(path, runs[_i].reply);
	code = run(words, &out, &err);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	unlink(path);
	rmdir(dir);
	ck_assert_msg(code == runs[_i].code, "%s: %d, %s%s", runs[_i].title,
	    code, out, err);
	ck_assert_msg(strncmp(out, runs[_i].out, strlen(runs[_i].out)) == 0 &&
			  (*runs[_i].out != '\0' || *out == '\0'),
	    "%s: out %s", runs[_i].title, out);
	ck_assert_msg(strncmp(err, runs[_i].err, strlen(runs[_i].err)) == 0 &&
			  (*runs[_i].err != '\0' || *err == '\0'),
	    "%s: err %s", runs[_i].title, err);
	free(out);
	free(err);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("ctl");
	TCase *t = tcase_create("ctl");

	tcase_add_loop_test(t, test_request, 0, COUNT(requests));
	tcase_add_loop_test(t, test_input, 0, COUNT(inputs));
	tcase_add_test(t, test_table);
	tcase_add_loop_test(t, test_run, 0, COUNT(runs));
	suite_add_tcase(s, t);
	return s;
}
