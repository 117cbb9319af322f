#ifndef ADMIN_VERBS_H
#define ADMIN_VERBS_H

/*
 * verbs - what the control socket can be asked: one line of JSON each way.
 *
 *	{"verb":"key new","args":{"name":"team"}}
 *	{"status":200,"body":{...}}  or  {"status":404,"body":{"detail":"..."}}
 */

#include "admin/office.h"

/*
 * One verb: args is a checked JSON object, out gets the body.  1 done, 0
 * there is no such thing, -1 with *e, whose kind gives the status.
 */
typedef int verb_fn(struct office *o, struct slice args, struct sbuf *out,
    struct err *e);

verb_fn verb_status, verb_config, verb_prices, verb_debug_dump;
verb_fn verb_key_new, verb_key_list, verb_key_revoke;
verb_fn verb_customer_show, verb_customer_set, verb_customer_list;
verb_fn verb_customer_reset, verb_customer_delete;
verb_fn verb_budget_show, verb_budget_adjust, verb_budget_journal;
verb_fn verb_budget_suspense, verb_suspense_release, verb_suspense_confirm;
verb_fn verb_budget_audit, verb_why;
verb_fn verb_providers, verb_drain, verb_resume;
verb_fn verb_integration_add, verb_integration_list, verb_integration_show;
verb_fn verb_integration_enable, verb_integration_disable;
verb_fn verb_integration_remove;
verb_fn verb_group_add, verb_group_list, verb_group_show, verb_group_remove;

/*
 * Do what a line says and append the reply and its newline.  verb_r gets the
 * verb's name for the audit line, static text; "" when it was none.
 */
void verbs_answer(struct office *o, struct slice line, struct sbuf *out,
    const char **verb_r);

/* Who is meant by "customer", "key" or neither (the organization): 0, -1. */
int verb_owner(struct slice args, struct sbuf *id,
    struct account_owner *owner_r, struct err *e);

#endif
