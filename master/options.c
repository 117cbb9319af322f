#include "master/options.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_PATH "/etc/holdfast/holdfast.conf"

static const struct option long_options[] = {
	{ "strict", no_argument, NULL, 'S' },
	{ "demo", no_argument, NULL, 'D' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *word;
	int signal_nr;
} signals[] = {
	{ "reload", SIGHUP },
	{ "reopen", SIGUSR1 },
	{ "quit", SIGQUIT },
	{ "stop", SIGTERM },
};

void
options_help(void)
{
	puts("usage: holdfast [-F] [-c FILE]     serve\n"
	     "       holdfast --demo             serve without any file\n"
	     "       holdfast -t [-q] [--strict] check the settings\n"
	     "       holdfast -T                 print the merged settings\n"
	     "       holdfast -s reload|reopen|quit|stop\n"
	     "       holdfast -V                 versions\n"
	     "\n"
	     "  -c FILE   settings (" OPTIONS_PATH "), with conf.d beside it\n"
	     "  -F        say on standard output where it serves\n"
	     "  -q        errors only\n"
	     "  --strict  a warning refuses the settings too");
}

static int
options_signal(struct options *o, const char *word)
{
	o->verb = VERB_SIGNAL;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (strcmp(word, signals[i].word) == 0) {
			o->signal_nr = signals[i].signal_nr;
			return 1;
		}
	fprintf(stderr,
	    "holdfast: -s %s: it is one of reload, reopen, quit, "
	    "stop\n",
	    word);
	return 0;
}

static int
options_one(struct options *o, int letter)
{
	static const struct {
		char letter;
		enum options_verb verb;
	} verbs[] = { { 't', VERB_CHECK }, { 'T', VERB_PRINT },
		{ 'V', VERB_VERSION }, { 'h', VERB_HELP } };
	bool *flag = letter == 'q'   ? &o->quiet
	             : letter == 'S' ? &o->strict
	             : letter == 'D' ? &o->demo
	             : letter == 'F' ? &o->foreground
	                             : NULL;

	if (flag != NULL) {
		*flag = true;
		return 1;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (verbs[i].letter == letter) {
			o->verb = verbs[i].verb;
			return 1;
		}
	return 0;
}

int
options_read(int argc, char **argv, struct options *o)
{
	int letter, good = 1;

	optind = 1;
	*o = (struct options){ .path = OPTIONS_PATH,
		.foreground = isatty(STDERR_FILENO) != 0 };
	while (good && (letter = getopt_long(argc, argv, "c:tTqs:FVh",
			    long_options, NULL)) != -1) {
		if (letter == 'c')
			o->path = optarg;
		else if (letter == 's')
			good = options_signal(o, optarg);
		else
			good = options_one(o, letter);
	}
	if (good && optind < argc) {
		fprintf(stderr, "holdfast: %s: unexpected\n", argv[optind]);
		good = 0;
	}
	return good;
}
