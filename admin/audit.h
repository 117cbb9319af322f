#ifndef ADMIN_AUDIT_H
#define ADMIN_AUDIT_H

/*
 * audit - the conservation check of money.md 10, for people: (a) to (e) come
 * from the keeper (shm/audit.h), (f) and (g) compare ledger and log store
 * (admin/audit_deep.c).
 */

#include "admin/office.h"

/*
 * Member "deep" of the audit's object; *clean_r becomes false for a violation.
 * 0 or -1.
 */
int audit_deep(struct office *o, struct sbuf *out, bool *clean_r,
    struct err *e);

#endif
