#include "ctl/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"

#define SOCKET_PATH "/run/holdfast/admin.sock"
#define WORDS_MAX 256 /* a group of 64 models */

int
ctl_version(struct ctl_call *c)
{
	if (c->json)
		fputs("{\"version\":\"" HOLDFAST_VERSION "\"}\n", c->out);
	else
		fputs("holdfastctl " HOLDFAST_VERSION "\n", c->out);
	return CTL_DONE;
}

/* The daemon checks its own settings; what it says is its own. */
int
ctl_check(struct ctl_call *c)
{
	const char *file = c->words_n > 0 ? c->words[0] : NULL;

	fflush(c->out);
	if (file != NULL)
		execlp("holdfast", "holdfast", "-t", "-c", file, (char *)NULL);
	else
		execlp("holdfast", "holdfast", "-t", (char *)NULL);
	fprintf(c->err, "holdfastctl: holdfast: %s\n", strerror(errno));
	return CTL_NO;
}

static int
ctl_usage(FILE *err, const char *why)
{
	fprintf(err, "holdfastctl: %s; see holdfastctl --help\n", why);
	return CTL_USAGE;
}

static int
ctl_daemon(struct ctl_call *c, const struct sbuf *line)
{
	struct sbuf reply = { 0 };
	int code;

	if (ctl_ask(c->socket_path, sbuf_slice(line), &reply))
		code = ctl_show(c, sbuf_slice(&reply));
	else {
		code = errno == EACCES ? CTL_DENIED : CTL_UNREACHABLE;
		fprintf(c->err, "holdfastctl: %s: %s\n", c->socket_path,
		    strerror(errno));
	}
	ctl_wipe(&reply); /* a new key is shown once and kept nowhere */
	return code;
}

static int
ctl_do(struct ctl_call *c)
{
	struct sbuf line = { 0 }, why = { 0 };
	int code;

	if (!ctl_request(c, &line, &why))
		code = ctl_usage(c->err, why.data);
	else if (c->verb->run != NULL)
		code = c->verb->run(c);
	else
		code = ctl_daemon(c, &line);
	ctl_wipe(&line);
	sbuf_free(&why);
	return code;
}

struct ctl_words {
	char *words[WORDS_MAX];
	int n;
	bool help;
};

/* Take the options that every verb has out of the words. */
static int
ctl_split(struct ctl_call *c, int argc, char **argv, struct ctl_words *w)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			c->json = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			c->quiet = true;
		else if (strcmp(argv[i], "--help") == 0)
			w->help = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			c->socket_path = argv[++i];
		else if (w->n < WORDS_MAX)
			w->words[w->n++] = argv[i];
		else
			return 0;
	}
	return 1;
}

int
ctl_run(int argc, char **argv, FILE *out, FILE *err)
{
	struct ctl_call c = { .socket_path = SOCKET_PATH,
		.in = stdin,
		.out = out,
		.err = err };
	struct ctl_words w = { .n = 0 };
	int used;

	if (!ctl_split(&c, argc, argv, &w))
		return ctl_usage(err, "too many words");
	if (w.n == 0) {
		ctl_help(w.help ? out : err);
		return w.help ? CTL_DONE : CTL_USAGE;
	}
	c.verb = ctl_find(w.words, w.n, &used);
	if (c.verb == NULL)
		return ctl_usage(err, "there is no such verb");
	if (w.help) {
		ctl_help_verb(c.verb, out);
		return CTL_DONE;
	}
	c.words = w.words + used;
	c.words_n = w.n - used;
	return ctl_do(&c);
}
