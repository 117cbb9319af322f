#ifndef ADMIN_CREDENTIALS_H
#define ADMIN_CREDENTIALS_H

/*
 * credentials - those of a provider, as an administrator gives them to the
 * store and is shown them again (spec/platform.md 5, routing.md 1.2).
 *
 * In the clear they are a JSON object of strings, in a buffer of the caller
 * who wipes it; they leave this process sealed, or cut to their last four
 * characters.
 */

#include "admin/office.h"

/* A buffer that had a secret is overwritten, then freed. */
void credentials_wipe(struct sbuf *b);

/*
 * Check a given object and append it as it is stored: 0, or -1 with *e, whose
 * param is "credentials" or a member of it.  p NULL: its provider is not
 * known, and neither is what it needs.
 */
int credentials_read(const struct settings *s,
    const struct settings_provider *p, struct slice object, struct sbuf *json,
    struct err *e);

/* Append what is sealed for a place: 0, or -1 when no key is set for it. */
int credentials_seal(const struct office *o, struct slice place,
    struct slice json, struct sbuf *sealed, struct err *e);

/*
 * The members "credentials" and "fingerprint" of an object being shown;
 * both null when they cannot be opened.
 */
void credentials_show(const struct office *o, struct slice place,
    struct slice sealed, struct sbuf *out);

#endif
