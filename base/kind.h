#ifndef BASE_KIND_H
#define BASE_KIND_H

/*
 * kind - a dialect with its transport: spec/providers.md 1.
 */

enum provider_kind {
#define KIND(id, name, auth) KIND_##id,
#include "base/kinds.def"
#undef KIND
	KINDS
};

/* How a request proves whose it is. */
enum kind_auth {
	AUTH_BEARER,    /* Authorization: Bearer */
	AUTH_API_KEY,   /* api-key: (Azure) */
	AUTH_X_API_KEY, /* x-api-key: (Anthropic) */
	AUTH_GOOG_KEY,  /* x-goog-api-key: */
	AUTH_GOOGLE,    /* a token of a service account */
	AUTH_AWS,       /* Signature Version 4 */
	AUTH_NONE,
};

extern const char *const kind_names[KINDS];
extern const enum kind_auth kind_auths[KINDS];

#endif
