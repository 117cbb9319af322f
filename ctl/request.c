/* request - from words to the line that the daemon is asked with. */

#include <string.h>

#include "ctl/ctl.h"

struct request {
	const struct ctl_verb *verb;
	FILE *in;
	struct sbuf *args, *why;
	bool given[CTL_OPTIONS_MAX];
	struct sbuf several[CTL_OPTIONS_MAX]; /* of options that repeat */
};

static bool
request_repeats(const struct ctl_option *o)
{
	return o->type == CTL_WORDS || o->type == CTL_MODELS ||
	       o->type == CTL_FIELDS;
}

static void
request_member(struct request *r, const char *member)
{
	sbuf_adds(r->args, r->args->len > 0 ? "," : "");
	sbuf_add_json(r->args, slice_str(member));
	sbuf_addc(r->args, ':');
}

static void
request_list(struct request *r, const char *words)
{
	const char *comma = "";

	sbuf_addc(r->args, '[');
	while (*words != '\0') {
		size_t n = strcspn(words, ",");

		sbuf_adds(r->args, comma);
		sbuf_add_json(r->args, (struct slice){ words, n });
		comma = ",";
		words += n + (words[n] == ',');
	}
	sbuf_addc(r->args, ']');
}

/* "100/month" is two members. */
static int
request_budget(struct request *r, const char *value)
{
	static const struct {
		const char *unit, *duration;
	} units[] = {
		{ "day", "daily" },
		{ "week", "weekly" },
		{ "month", "monthly" },
		{ "year", "yearly" },
	};
	const char *slash = strchr(value, '/');

	if (slash == NULL) {
		sbuf_add_json(r->args, slice_str(value));
		return 1;
	}
	sbuf_add_json(r->args,
	    (struct slice){ value, (size_t)(slash - value) });
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(slash + 1, units[i].unit) == 0) {
			request_member(r, "budget_duration");
			sbuf_add_json(r->args, slice_str(units[i].duration));
			return 1;
		}
	sbuf_addf(r->why, "%s: the period is day, week, month or year", value);
	return 0;
}

static int
request_number(struct request *r, const char *value)
{
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0') {
		sbuf_addf(r->why, "%s is no number", value);
		return 0;
	}
	sbuf_adds(r->args, value);
	return 1;
}

/* "gpt-4o=2": the weight is behind the last "="; without one it is 1. */
static void
request_model(struct sbuf *b, const char *value)
{
	const char *equals = strrchr(value, '=');
	size_t n = equals != NULL ? (size_t)(equals - value) : strlen(value);

	sbuf_adds(b, "{\"model\":");
	sbuf_add_json(b, (struct slice){ value, n });
	if (equals != NULL) {
		sbuf_adds(b, ",\"weight\":");
		sbuf_add_json(b, slice_str(equals + 1));
	}
	sbuf_addc(b, '}');
}

/* "api_key=-": no secret is ever a word of a command. */
static int
request_field(struct request *r, struct sbuf *b, const char *value)
{
	size_t n = strcspn(value, "=");

	if (n == 0 || strcmp(value + n, "=-") != 0 ||
	    value[strcspn(value, " ")] != '\0') {
		sbuf_adds(r->why, "--field takes NAME=-, and standard input "
				  "the value");
		return 0;
	}
	sbuf_adds(b, b->len > 0 ? " " : "");
	sbuf_add(b, value, n);
	return 1;
}

static int
request_one_more(struct request *r, int i, const char *value)
{
	struct sbuf *b = &r->several[i];
	enum ctl_type type = r->verb->options[i].type;

	if (type == CTL_FIELDS)
		return request_field(r, b, value);
	sbuf_adds(b, b->len > 0 ? "," : "");
	if (type == CTL_MODELS)
		request_model(b, value);
	else
		sbuf_add_json(b, slice_str(value));
	return 1;
}

/* What was gathered becomes one member. */
static int
request_several(struct request *r)
{
	for (int i = 0; i < CTL_OPTIONS_MAX; i++) {
		const struct ctl_option *o = &r->verb->options[i];
		struct sbuf *b = &r->several[i];

		if (o->member == NULL)
			break;
		if (o->type == CTL_FIELDS) {
			request_member(r, o->member);
			if (!ctl_credentials(r->in, b->len > 0 ? b->data : "",
				r->args, r->why))
				return 0;
		} else if (b->len > 0) {
			request_member(r, o->member);
			sbuf_addf(r->args, "[%s]", b->data);
		}
	}
	return 1;
}

static int
request_value(struct request *r, const struct ctl_option *o, const char *value)
{
	request_member(r, o->member);
	switch (o->type) {
	case CTL_TEXT:
	case CTL_MONEY:
		sbuf_add_json(r->args, slice_str(value));
		return 1;
	case CTL_NUMBER:
		return request_number(r, value);
	case CTL_LIST:
		request_list(r, value);
		return 1;
	case CTL_BUDGET:
		return request_budget(r, value);
	case CTL_FLAG:
		sbuf_adds(r->args, "true");
		return 1;
	case CTL_NULL:
		sbuf_adds(r->args, "null");
		return 1;
	default:
		return 0;
	}
}

/* The option that a word names, or the next plain one; its index, or -1. */
static int
request_option(const struct request *r, const char *word)
{
	/* "-5.00" is an amount, "--name" a flag. */
	bool flag = strncmp(word, "--", 2) == 0;

	for (int i = 0; i < CTL_OPTIONS_MAX; i++) {
		const struct ctl_option *o = &r->verb->options[i];

		if (o->member == NULL)
			break;
		if (r->given[i] && !request_repeats(o))
			continue;
		if (flag ? o->flag != NULL && strcmp(o->flag, word) == 0
			 : o->flag == NULL)
			return i;
	}
	return -1;
}

static int
request_word(struct request *r, char **words, int n, int *at)
{
	const char *word = words[(*at)++];
	int i = request_option(r, word);
	const struct ctl_option *o;

	if (i < 0) {
		sbuf_addf(r->why, "%s is not understood here", word);
		return 0;
	}
	o = &r->verb->options[i];
	r->given[i] = true;
	if (o->flag != NULL && o->value != NULL) {
		if (*at >= n) {
			sbuf_addf(r->why, "%s needs a value", word);
			return 0;
		}
		word = words[(*at)++];
	}
	return request_repeats(o) ? request_one_more(r, i, word)
	                          : request_value(r, o, word);
}

static int
request_complete(struct request *r)
{
	for (int i = 0; i < CTL_OPTIONS_MAX; i++) {
		const struct ctl_option *o = &r->verb->options[i];

		if (o->member == NULL)
			break;
		if (!o->required || r->given[i])
			continue;
		sbuf_addf(r->why, "%s is missing",
		    o->flag != NULL ? o->flag : o->value);
		return 0;
	}
	return 1;
}

int
ctl_request(const struct ctl_call *c, struct sbuf *line, struct sbuf *why)
{
	struct sbuf args = { 0 };
	struct request r = { .verb = c->verb,
		.in = c->in,
		.args = &args,
		.why = why };
	int good = 1;

	for (int at = 0; good && at < c->words_n;)
		good = request_word(&r, c->words, c->words_n, &at);
	good = good && request_complete(&r) && request_several(&r);
	if (good)
		sbuf_addf(line, "{\"verb\":\"%s\",\"args\":{%.*s}}",
		    c->verb->name, SLICE_ARGS(sbuf_slice(&args)));
	ctl_wipe(&args);
	for (int i = 0; i < CTL_OPTIONS_MAX; i++)
		sbuf_free(&r.several[i]);
	return good;
}
