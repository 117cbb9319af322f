#include "admin/verbs.h"

#include "admin/args.h"
#include "admin/show.h"
#include "base/err.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

static const struct {
	const char *name;
	verb_fn *run;
} verbs[] = {
	{ "status", verb_status },
	{ "config", verb_config },
	{ "key new", verb_key_new },
	{ "key list", verb_key_list },
	{ "key revoke", verb_key_revoke },
	{ "customer show", verb_customer_show },
	{ "customer set", verb_customer_set },
	{ "customer list", verb_customer_list },
	{ "customer reset", verb_customer_reset },
	{ "customer delete", verb_customer_delete },
	{ "budget show", verb_budget_show },
	{ "budget adjust", verb_budget_adjust },
	{ "prices", verb_prices },
	{ "budget audit", verb_budget_audit },
	{ "audit", verb_budget_audit },
	{ "budget journal", verb_budget_journal },
	{ "budget suspense", verb_budget_suspense },
	{ "budget suspense release", verb_suspense_release },
	{ "budget suspense confirm", verb_suspense_confirm },
	{ "why", verb_why },
	{ "providers", verb_providers },
	{ "drain", verb_drain },
	{ "resume", verb_resume },
	{ "integration add", verb_integration_add },
	{ "integration list", verb_integration_list },
	{ "integration show", verb_integration_show },
	{ "integration enable", verb_integration_enable },
	{ "integration disable", verb_integration_disable },
	{ "integration remove", verb_integration_remove },
	{ "group add", verb_group_add },
	{ "group list", verb_group_list },
	{ "group show", verb_group_show },
	{ "group remove", verb_group_remove },
	{ "debug dump", verb_debug_dump },
};

#define VERBS (sizeof verbs / sizeof verbs[0])

static void
verbs_refuse(struct sbuf *out, unsigned status, const char *why)
{
	sbuf_addf(out, "{\"status\":%u,\"body\":{\"detail\":", status);
	sbuf_add_json(out, slice_str(why));
	sbuf_adds(out, "}}\n");
}

static size_t
verbs_find(const struct jscan_item *name)
{
	size_t i = 0;

	while (i < VERBS &&
	       !(name->type == JSCAN_STRING &&
		   jstr_equal(jscan_text(name), slice_str(verbs[i].name))))
		i++;
	return i;
}

static void
verbs_run(struct office *o, size_t i, struct slice args, struct sbuf *out)
{
	struct sbuf body = { 0 };
	struct err e;
	int done = verbs[i].run(o, args, &body, &e);

	if (done == 1) {
		sbuf_adds(out, "{\"status\":200,\"body\":");
		sbuf_add_slice(out, sbuf_slice(&body));
		sbuf_adds(out, "}\n");
	} else if (done == 0)
		verbs_refuse(out, 404, "Not found.");
	else
		verbs_refuse(out, (unsigned)err_status(e.kind), e.text);
	sbuf_free(&body);
}

void
verbs_answer(struct office *o, struct slice line, struct sbuf *out,
    const char **verb_r)
{
	struct jscan_item whole, name, args;
	struct slice given = SLICE("{}");
	struct err e;
	size_t i;

	*verb_r = "";
	if (jscan_value(line, &whole, &e) != 0 || whole.type != JSCAN_OBJECT ||
	    !jscan_find(whole.value, SLICE("verb"), &name)) {
		verbs_refuse(out, 400,
		    "The request is no JSON object with a "
		    "verb.");
		return;
	}
	i = verbs_find(&name);
	if (i == VERBS) {
		verbs_refuse(out, 404, "There is no such verb.");
		return;
	}
	*verb_r = verbs[i].name;
	if (jscan_find(whole.value, SLICE("args"), &args) &&
	    args.type == JSCAN_OBJECT)
		given = args.value;
	verbs_run(o, i, given, out);
}

int
verb_owner(struct slice args, struct sbuf *id, struct account_owner *owner_r,
    struct err *e)
{
	int customer = args_text(args, "customer", id, e);
	int key = customer == 0 ? args_text(args, "key", id, e) : 0;

	*owner_r = (struct account_owner){ .kind = OWNER_ORGANIZATION };
	if (customer < 0 || key < 0)
		return -1;
	if (customer == 1)
		owner_r->kind = OWNER_CUSTOMER;
	else if (key == 1)
		owner_r->kind = OWNER_KEY;
	owner_r->id = sbuf_slice(id);
	if (id->len > DEFS_IDENTIFIER_MAX)
		return err_set(e, ERR_INVALID_VALUE, "The name is too long.");
	if (owner_r->kind == OWNER_ORGANIZATION)
		return 0;
	return args_environment(args, &owner_r->environment, e);
}
