/* verbs - the table of what holdfastctl can do, and its help. */

#include <string.h>

#include "ctl/ctl.h"

#define WORD(member, value)                                                    \
	{                                                                      \
		NULL, member, CTL_TEXT, value, true                            \
	}
#define OPTION(flag, member, type, value)                                      \
	{                                                                      \
		flag, member, CTL_##type, value, false                         \
	}
#define REASON                                                                 \
	{                                                                      \
		"--reason", "reason", CTL_TEXT, "TEXT", true                   \
	}
#define ENVIRONMENT OPTION("--environment", "environment", TEXT, "prod|test")

#define DECISION                                                               \
	WORD("account", "ACCOUNT"), WORD("amount", "USD|all"), REASON,         \
	    OPTION("--period-start", "period_start", TEXT, "YYYY-MM-DD"),      \
	    ENVIRONMENT

const struct ctl_verb ctl_verbs[] = {
	{ "status", "how the daemon is", NULL, NULL, { { 0 } } },
	{ "config", "which settings it runs", NULL, NULL, { { 0 } } },
	{ "config check", "check a settings file", NULL, ctl_check,
	    { { NULL, "file", CTL_TEXT, "FILE", false } } },
	{ "check", "the same", NULL, ctl_check,
	    { { NULL, "file", CTL_TEXT, "FILE", false } } },
	{ "key new", "make a key; it is shown this once", NULL, NULL,
	    { { "--name", "name", CTL_TEXT, "NAME", true }, ENVIRONMENT,
		OPTION("--models", "models", LIST, "A,B"),
		OPTION("--rpm", "rpm", NUMBER, "N"),
		OPTION("--tpm", "tpm", NUMBER, "N"),
		OPTION("--concurrency", "concurrency", NUMBER, "N"),
		OPTION("--budget", "period_budget", BUDGET, "USD[/PERIOD]"),
		OPTION("--spending-limit", "spending_limit", MONEY, "USD"),
		OPTION("--max-usage", "max_usage", NUMBER, "N"),
		OPTION("--expires", "expiry_date", TEXT, "YYYY-MM-DD"),
		OPTION("--gateway-only", "gateway_only", FLAG, NULL),
		OPTION("--clamp-max-tokens", "clamp_max_tokens", FLAG,
		    NULL) } },
	{ "key list", "all keys",
	    "prefix name environment revoked period_budget budget_duration "
	    "expiry_date source",
	    NULL, { { 0 } } },
	{ "key revoke", "end a key, at once", NULL, NULL,
	    { WORD("prefix", "PREFIX") } },
	{ "customer list", "all customers",
	    "customer_identifier name period_budget budget_duration "
	    "total_budget period_end source",
	    NULL, { ENVIRONMENT } },
	{ "customer show", "one customer", NULL, NULL,
	    { WORD("customer", "ID"), ENVIRONMENT } },
	{ "customer set", "make or change a customer", NULL, NULL,
	    { WORD("customer", "ID"), ENVIRONMENT,
		OPTION("--budget", "period_budget", BUDGET, "USD[/PERIOD]"),
		OPTION("--no-budget", "period_budget", NULL, NULL),
		OPTION("--total", "total_budget", MONEY, "USD"),
		OPTION("--no-total", "total_budget", NULL, NULL),
		OPTION("--markup", "markup_percentage", MONEY, "PERCENT"),
		OPTION("--rpm", "rate_limit", NUMBER, "N"),
		OPTION("--name", "name", TEXT, "NAME"),
		OPTION("--email", "email", TEXT, "EMAIL"),
		OPTION("--group", "group_identifier", TEXT, "GROUP"),
		OPTION("--period-start", "period_start", TEXT, "YYYY-MM-DD"),
		OPTION("--period-end", "period_end", TEXT, "YYYY-MM-DD") } },
	{ "customer reset", "what was spent in this period becomes 0", NULL,
	    NULL, { WORD("customer", "ID"), REASON, ENVIRONMENT } },
	{ "customer delete", "forget a customer; what it spent stays spent",
	    NULL, NULL, { WORD("customer", "ID"), ENVIRONMENT } },
	{ "budget show", "the accounts of a customer, a key, or of all",
	    "scope subject environment period period_start limit settled held "
	    "suspense requests",
	    NULL,
	    { { NULL, "customer", CTL_TEXT, "CUSTOMER", false },
		OPTION("--key", "key", TEXT, "PREFIX"), ENVIRONMENT } },
	{ "budget adjust", "correct what a customer or a key has spent",
	    "scope subject environment period period_start limit settled held "
	    "suspense requests",
	    NULL,
	    { { NULL, "amount", CTL_MONEY, "+USD|-USD", true }, REASON,
		OPTION("--customer", "customer", TEXT, "ID"),
		OPTION("--key", "key", TEXT, "PREFIX"),
		OPTION("--total", "total", FLAG, NULL),
		OPTION("--uses", "uses", FLAG, NULL), ENVIRONMENT } },
	{ "prices", "what models cost, in USD a million tokens",
	    "model provider_id known price_source input output cached_input "
	    "cache_write "
	    "per_request",
	    NULL, { { NULL, "model", CTL_TEXT, "MODEL", false } } },
	{ "budget suspense", "what was charged and is in doubt",
	    "account environment period_start limit settled suspense cause "
	    "requests",
	    NULL,
	    { OPTION("--customer", "customer", TEXT, "ID"),
		OPTION("--key", "key", TEXT, "PREFIX"), ENVIRONMENT } },
	{ "budget suspense release", "it was not spent: free it again", NULL,
	    NULL, { DECISION } },
	{ "budget suspense confirm", "it was spent", NULL, NULL, { DECISION } },
	{ "budget journal", "who corrected what, and what deaths left",
	    "entry time action account environment period_start settled "
	    "suspense by request reason",
	    NULL,
	    { OPTION("--customer", "customer", TEXT, "ID"),
		OPTION("--key", "key", TEXT, "PREFIX"), ENVIRONMENT,
		OPTION("--last", "last", NUMBER, "N") } },
	{ "budget audit", "is all the money there", NULL, NULL,
	    { OPTION("--deep", "deep", FLAG, NULL) } },
	{ "audit", "the same", NULL, NULL,
	    { OPTION("--deep", "deep", FLAG, NULL) } },
	{ "integration add",
	    "store a provider's key; it is read from standard input", NULL,
	    NULL,
	    { WORD("provider", "PROVIDER"),
		OPTION("--name", "name", TEXT, "NAME"),
		OPTION("--environment", "environment", TEXT, "prod|test|all"),
		OPTION("--weight", "weight", MONEY, "W"),
		OPTION("--models", "available_models", LIST, "A,B"),
		OPTION("--exclude-models", "exclude_models", LIST, "A,B"),
		OPTION("--field", "credentials", FIELDS, "NAME=-") } },
	{ "integration list", "all stored keys of providers",
	    "id provider_id name environment weight enabled fingerprint "
	    "updated_at",
	    NULL, { { 0 } } },
	{ "integration show", "one of them", NULL, NULL, { WORD("id", "ID") } },
	{ "integration enable", "use it again, at once", NULL, NULL,
	    { WORD("id", "ID") } },
	{ "integration disable", "keep it, and use it no more, at once", NULL,
	    NULL, { WORD("id", "ID") } },
	{ "integration remove", "forget it, at once", NULL, NULL,
	    { WORD("id", "ID") } },
	{ "group add", "make a load-balance group", NULL, NULL,
	    { WORD("name", "NAME"),
		{ "--model", "models", CTL_MODELS, "MODEL=WEIGHT", true },
		OPTION("--fallback", "fallback_models", WORDS, "MODEL"),
		OPTION("--id", "group_id", TEXT, "ID") } },
	{ "group list", "all load-balance groups",
	    "group_id name source updated_at", NULL, { { 0 } } },
	{ "group show", "one of them", NULL, NULL, { WORD("group_id", "ID") } },
	{ "group remove", "forget it, at once", NULL, NULL,
	    { WORD("group_id", "ID") } },
	{ "why", "what one request held, cost and met", NULL, NULL,
	    { WORD("request", "REQUEST") } },
	{ "providers", "which are asked, and which wait",
	    "name state in_flight credentials", NULL, { { 0 } } },
	{ "drain", "ask a provider no more", NULL, NULL,
	    { WORD("provider", "PROVIDER") } },
	{ "resume", "ask it again", NULL, NULL,
	    { WORD("provider", "PROVIDER") } },
	{ "try", "send one request through the gateway", NULL, ctl_try,
	    { WORD("model", "MODEL"), WORD("text", "TEXT"),
		OPTION("--url", "url", TEXT, "URL") } },
	{ "debug dump", "the shared segment as JSON, for a bug report", NULL,
	    NULL, { { 0 } } },
	{ "version", "which version this is", NULL, ctl_version, { { 0 } } },
	{ NULL, NULL, NULL, NULL, { { 0 } } },
};

/* Does the verb's name stand at the beginning of words?  Its words, or 0. */
static int
verb_matches(const char *name, char **words, int n)
{
	int used = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (used == n || strlen(words[used]) != len ||
		    strncmp(words[used], name, len) != 0)
			return 0;
		used++;
		name += len + (name[len] == ' ');
	}
	return used;
}

const struct ctl_verb *
ctl_find(char **words, int n, int *used_r)
{
	const struct ctl_verb *best = NULL;

	*used_r = 0;
	for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++) {
		int used = verb_matches(v->name, words, n);

		/* "config check" rather than "config". */
		if (used > *used_r) {
			*used_r = used;
			best = v;
		}
	}
	return best;
}

static void
help_option(const struct ctl_option *o, FILE *to)
{
	fputs(o->required ? " " : " [", to);
	if (o->flag != NULL)
		fputs(o->flag, to);
	if (o->value != NULL)
		fprintf(to, "%s%s", o->flag != NULL ? " " : "", o->value);
	if (!o->required)
		fputc(']', to);
}

void
ctl_help_verb(const struct ctl_verb *v, FILE *to)
{
	fprintf(to, "usage: holdfastctl %s", v->name);
	for (const struct ctl_option *o = v->options; o->member != NULL; o++)
		help_option(o, to);
	fprintf(to, "\n%s\n", v->help);
}

void
ctl_help(FILE *to)
{
	fputs("usage: holdfastctl [--json] [--quiet] [--socket PATH] VERB "
	      "...\n\n",
	    to);
	for (const struct ctl_verb *v = ctl_verbs; v->name != NULL; v++)
		fprintf(to, "  %-24s %s\n", v->name, v->help);
	fputs("\nholdfastctl VERB --help tells more.\n", to);
}
