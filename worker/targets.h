#ifndef WORKER_TARGETS_H
#define WORKER_TARGETS_H

/*
 * targets - the providers of the settings as places to call.
 *
 * One target per provider, made at its first use: connections, one pool for
 * each address, and what the heads of a credential's requests share.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "worker/credential.h"

struct client_target;
struct google;
struct sbuf;
struct settings_provider;
struct sigv4_key;
struct worker;

struct target {
	const struct settings_provider *provider;
	bool demo;
	uint32_t inflight_cell; /* of the metrics: its attempts in flight */
	struct credential_base base; /* its own; host n 0: each has his */
	/* Those of the settings, in their order. */
	const struct credential *credentials;
};

struct targets;

struct targets *targets_new(struct worker *w);
void targets_free(struct targets **tp);

/* Of the i-th provider of the settings; lives as long as the worker. */
struct target *targets_get(struct targets *t, int32_t provider);

/* Close the kept connections of all. */
void targets_close_idle(struct targets *t);

/* Below, c is a credential of that target's provider, or NULL for none. */

/* The address of its requests, and the connections to it. */
const struct credential_base *target_base(const struct target *t,
    const struct credential *c);
struct client_target *target_pool(struct worker *w, struct target *t,
    const struct credential *c);

/* Where the tokens of a credential of Google are kept, until the next call. */
struct google **target_google(struct worker *w, struct target *t,
    const struct credential *c);

/*
 * The key that a credential of AWS signs with today; NULL for one of a
 * request, which lives too short to keep one.
 */
struct sigv4_key *target_aws_key(struct target *t, const struct credential *c);

/*
 * Append "Host: ...\r\n...Authorization: ...\r\n": a head without its first
 * line.
 */
void target_add_lines(struct worker *w, struct target *t,
    const struct credential *c, bool stream, struct sbuf *b);

/* The same with the line of OpenAI's chat before it, which is always one. */
void target_add_chat(struct worker *w, struct target *t,
    const struct credential *c, bool stream, struct sbuf *b);

#endif
