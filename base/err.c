#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	int status;
	const char *code;
} kinds[] = {
	{ 200, "" },
#define ERROR(name, status, code) { status, code },
#include "base/errors.def"
#undef ERROR
};

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->param[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_param(struct err *e, enum err_kind kind, const char *param, const char *fmt,
    ...)
{
	va_list ap;

	e->kind = kind;
	snprintf(e->param, sizeof e->param, "%s", param != NULL ? param : "");
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_status(enum err_kind kind)
{
	return kinds[kind].status;
}

const char *
err_code(enum err_kind kind)
{
	return kinds[kind].code;
}
