#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * err - why something failed, for the log and for the client.
 *
 * A function that can fail takes "struct err *e" as its last argument.  It
 * returns -1 after filling *e and leaves *e alone otherwise.  The caller owns
 * *e: on its stack, or inside the request.
 */

enum err_kind {
	ERR_NONE,
#define ERROR(name, status, code) ERR_##name,
#include "base/errors.def"
#undef ERROR
};

struct err {
	enum err_kind kind;
	char param[96]; /* the parameter at fault, dotted; "" when none */
	char text[352];
};

/* Fill *e and return -1, so that callers write "return err_set(...)". */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, naming the parameter at fault (NULL: none). */
int err_param(struct err *e, enum err_kind kind, const char *param,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The HTTP status and the code on the wire of a kind. */
int err_status(enum err_kind kind);
const char *err_code(enum err_kind kind);

#endif
