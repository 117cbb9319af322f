#ifndef BASE_SIGV4_H
#define BASE_SIGV4_H

/*
 * sigv4 - AWS Signature Version 4 of a request without a query:
 * spec/providers.md 3.4, "AWS Signature Version 4 for API requests".
 *
 * Pure but for the key it keeps: the time is the caller's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/slice.h"

struct sbuf;

#define SIGV4_DATE_SIZE 17 /* "20150830T123600Z" and a NUL */
#define SIGV4_HEADERS_MAX 16

struct sigv4_header {
	struct slice name, value; /* the name in any case */
};

struct sigv4_credential {
	struct slice key_id, secret;
	struct slice region, service;
};

struct sigv4_request {
	struct slice method;
	struct slice path; /* as on the wire, percent-encoded */
	/* All that are signed but x-amz-date: host, x-amz-security-token. */
	const struct sigv4_header *headers;
	unsigned n_headers;
	unsigned char body_sum[DIGEST_SIZE]; /* SHA-256 */
	int64_t now_s;
};

/*
 * The key that is derived from a secret holds for a day, a region and a
 * service.  Zeroed: empty.  It is as good as the secret: sigv4_key_wipe().
 */
struct sigv4_key {
	bool filled;
	unsigned char of[DIGEST_SIZE]; /* what it was derived from */
	unsigned char key[DIGEST_SIZE];
};

void sigv4_key_wipe(struct sigv4_key *k);

/* The value of the header x-amz-date. */
void sigv4_date(int64_t now_s, char date_r[SIGV4_DATE_SIZE]);

/* The canonical request, which a vector names by its SHA-256. */
void sigv4_canonical(const struct sigv4_request *r, struct sbuf *b);

/* Append the value of the header authorization. */
void sigv4_sign(const struct sigv4_request *r, const struct sigv4_credential *c,
    struct sigv4_key *k, struct sbuf *authorization);

#endif
