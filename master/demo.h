#ifndef MASTER_DEMO_H
#define MASTER_DEMO_H

/* demo - "holdfast --demo": settings and state that need no file. */

#include "base/sbuf.h"

struct err;

/*
 * Make a folder for the state and write the settings that use it: a free port
 * from 8080 on for the gateway, one from 9080 on for the admin listener.  0
 * with the text; -1.
 */
int demo_settings(struct sbuf *text, struct err *e);

/* Remove the folder, if one was made. */
void demo_clean(void);

#endif
