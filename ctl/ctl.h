#ifndef CTL_CTL_H
#define CTL_CTL_H

/*
 * ctl - holdfastctl: what an administrator types, asked of the daemon over
 * its control socket (admin/verbs.h says what the lines are).
 */

#include <stdbool.h>
#include <stdio.h>

#include "base/sbuf.h"

/* Exit codes (design/operations.md 4). */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_NO = 1,
	CTL_USAGE = 64,
	CTL_UNREACHABLE = 69,
	CTL_DENIED = 77,
};

/* How an option or a plain word becomes a member of args. */
enum ctl_type {
	CTL_TEXT,
	CTL_NUMBER,
	CTL_MONEY,  /* sent as a string, so that no digit is lost */
	CTL_LIST,   /* words with commas between */
	CTL_FLAG,   /* true, takes no value */
	CTL_BUDGET, /* AMOUNT or AMOUNT/day, /week, /month, /year */
	CTL_NULL,   /* takes no value: null */
	/* These may be given several times. */
	CTL_WORDS,  /* one string each */
	CTL_MODELS, /* MODEL=WEIGHT each */
	CTL_FIELDS, /* NAME=-: read from standard input, as is all of it */
};

struct ctl_option {
	const char *flag; /* "--name", or NULL: the next plain word */
	const char *member;
	enum ctl_type type;
	const char *value; /* how help names what it takes; NULL: nothing */
	bool required;
};

#define CTL_OPTIONS_MAX 14

struct ctl_call;

struct ctl_verb {
	const char *name; /* one to three words */
	const char *help;
	const char *columns; /* of a table of results, blanks between */
	/* NULL: ask the daemon.  Else what does it; an exit code. */
	int (*run)(struct ctl_call *c);
	struct ctl_option options[CTL_OPTIONS_MAX];
};

/* One command as it was typed. */
struct ctl_call {
	const struct ctl_verb *verb;
	const char *socket_path;
	bool json, quiet;
	char **words; /* behind the verb and the options of all verbs */
	int words_n;
	FILE *in, *out, *err;
};

/* All of it: an exit code. */
int ctl_run(int argc, char **argv, FILE *out, FILE *err);

/* The verb that the words begin with, and how many of them; or NULL. */
const struct ctl_verb *ctl_find(char **words, int n, int *used_r);

/* All verbs; the last has a NULL name. */
extern const struct ctl_verb ctl_verbs[];

void ctl_help(FILE *to);
void ctl_help_verb(const struct ctl_verb *v, FILE *to);

/*
 * The request line for the daemon, without a newline.  1; 0 when the words
 * do not fit the verb, and *why says how.
 */
int ctl_request(const struct ctl_call *c, struct sbuf *line, struct sbuf *why);

/* Overwrite what may hold a secret, and free it. */
void ctl_wipe(struct sbuf *b);

/*
 * The credentials of a provider from standard input, as a JSON object: of the
 * fields that are named (words, blanks between), a line each, or the rest of
 * the text for the last one; without any name an object, or the line of an
 * api_key.  A person at a terminal is asked.  1; 0 and *why.
 */
int ctl_credentials(FILE *in, const char *names, struct sbuf *json,
    struct sbuf *why);

/* Ask the daemon: the reply line.  1, or 0 when it cannot be reached. */
int ctl_ask(const char *socket_path, struct slice line, struct sbuf *reply);

/* Show a reply; an exit code. */
int ctl_show(const struct ctl_call *c, struct slice reply);

/* Text for a terminal: control bytes become \xNN. */
void ctl_print(FILE *to, struct slice text);

int ctl_version(struct ctl_call *c);
int ctl_check(struct ctl_call *c);
int ctl_try(struct ctl_call *c);

#endif
