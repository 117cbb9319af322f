/* credentials - secrets come from standard input, never from a word. */

#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/ctl.h"
#include "proto/jscan.h"

#define INPUT_MAX 32768

void
ctl_wipe(struct sbuf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	sbuf_free(b);
}

/* One line without its end, typed unseen at a terminal. */
static void
input_ask(FILE *in, struct slice name, struct sbuf *text)
{
	struct termios seen, unseen;
	int c;

	fprintf(stderr, "%.*s: ", SLICE_ARGS(name));
	tcgetattr(fileno(in), &seen);
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(in), TCSAFLUSH, &unseen);
	while ((c = getc(in)) != EOF && c != '\n' && text->len < INPUT_MAX)
		sbuf_addc(text, (char)c);
	tcsetattr(fileno(in), TCSAFLUSH, &seen);
	fputc('\n', stderr);
	sbuf_addc(text, '\n');
}

/* All of it, or a line for each field of a person. */
static int
input_read(FILE *in, struct slice names, struct sbuf *text, struct sbuf *why)
{
	sbuf_reserve_exact(text, INPUT_MAX + 1);
	if (isatty(fileno(in))) {
		while (names.n > 0) {
			size_t n = strcspn(names.p, " ");

			input_ask(in, (struct slice){ names.p, n }, text);
			names = slice_skip(names, n < names.n ? n + 1 : n);
		}
		return 1;
	}
	text->len = fread(text->data, 1, INPUT_MAX + 1, in);
	text->data[text->len] = '\0';
	if (text->len <= INPUT_MAX &&
	    memchr(text->data, '\0', text->len) == NULL)
		return 1;
	sbuf_addf(why, "standard input must be text of at most %d bytes",
	    INPUT_MAX);
	return 0;
}

static struct slice
input_trimmed(struct slice text)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL)
		text = slice_skip(text, 1);
	return text;
}

static int
input_object(struct slice text, struct sbuf *json, struct sbuf *why)
{
	struct jscan_item whole;
	struct err e;

	if (jscan_value(text, &whole, &e) != 0) {
		sbuf_adds(why, "standard input is no valid JSON object");
		return 0;
	}
	/* The request is one line; a string of JSON holds no line end. */
	for (size_t i = 0; i < text.n; i++)
		sbuf_addc(json,
		    text.p[i] == '\n' || text.p[i] == '\r' ? ' ' : text.p[i]);
	return 1;
}

/* A line for each name, and for the last one all that follows. */
static int
input_fields(struct slice names, struct slice text, struct sbuf *json,
    struct sbuf *why)
{
	const char *comma = "{";

	while (names.n > 0) {
		size_t n = strcspn(names.p, " "), end = text.n;
		const char *newline = memchr(text.p, '\n', text.n);

		if (n < names.n && newline != NULL)
			end = (size_t)(newline - text.p);
		if (end == 0) {
			sbuf_addf(why, "standard input has no value for %.*s",
			    (int)n, names.p);
			return 0;
		}
		sbuf_adds(json, comma);
		sbuf_add_json(json, (struct slice){ names.p, n });
		sbuf_addc(json, ':');
		sbuf_add_json(json,
		    input_trimmed((struct slice){ text.p, end }));
		text = slice_skip(text, newline != NULL ? end : text.n);
		text = slice_skip(text, text.n > 0);
		names = slice_skip(names, n < names.n ? n + 1 : n);
		comma = ",";
	}
	sbuf_addc(json, '}');
	return 1;
}

int
ctl_credentials(FILE *in, const char *names, struct sbuf *json,
    struct sbuf *why)
{
	struct slice fields = slice_str(*names != '\0' ? names : "api_key");
	struct sbuf input = { 0 };
	struct slice text;
	int good = input_read(in, fields, &input, why);

	text = input_trimmed(sbuf_slice(&input));
	/* It grows no further: each byte may become an escape of six. */
	sbuf_reserve_exact(json, 6 * text.n + fields.n + 1024);
	if (good && *names == '\0' && slice_starts(text, SLICE("{")))
		good = input_object(text, json, why);
	else if (good)
		good = input_fields(fields, text, json, why);
	ctl_wipe(&input);
	return good;
}
