#ifndef PROTO_MEDIA_H
#define PROTO_MEDIA_H

/* media - what a request says of its body (api.md 3). */

#include "base/slice.h"

struct err;

/*
 * Content-Type and Content-Encoding (p NULL or empty: absent) of a body that
 * must be JSON.  1; 0 it is curl's default with -d, which is taken when the
 * body begins with a brace; -1 with ERR_MEDIA_TYPE.
 */
int media_check_json(struct slice type, struct slice coding, struct err *e);

#endif
