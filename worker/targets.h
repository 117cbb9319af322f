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

struct client_target;
struct google;
struct settings_base;
struct sigv4_key;
struct settings_credential;
struct settings_provider;
struct worker;

struct target {
	const struct settings_provider *provider;
	bool demo;
	uint32_t inflight_cell; /* of the metrics: its attempts in flight */
};

struct targets;

struct targets *targets_new(struct worker *w);
void targets_free(struct targets **tp);

/* Of the i-th provider of the settings; lives as long as the worker. */
struct target *targets_get(struct targets *t, int32_t provider);

/* Close the kept connections of all. */
void targets_close_idle(struct targets *t);

/*
 * Draw a credential by weight among those that serve this environment and
 * model.  Its index, or -1 when there is none; a provider that needs none
 * (no credentials in its block, quirk "local" or demo) gives -2.
 */
#define TARGET_NO_CREDENTIAL (-1)
#define TARGET_NEEDS_NONE (-2)
int target_draw(struct worker *w, const struct target *t, int32_t environment,
    struct slice slug);

const struct settings_credential *target_credential(struct worker *w,
    const struct target *t, int credential);

/* The address of its requests, and the connections to it. */
const struct settings_base *target_base(struct worker *w,
    const struct target *t, int credential);
struct client_target *target_pool(struct worker *w, struct target *t,
    int credential);

/* Where the tokens of a credential of Google are kept. */
struct google **target_google(struct target *t, int credential);

/* The key that a credential of AWS signs with today. */
struct sigv4_key *target_aws_key(struct target *t, int credential);

/* "Host: ...\r\n...Authorization: ...\r\n": a head without its first line. */
struct slice target_lines(struct worker *w, struct target *t, int credential,
    bool stream);

/* The same with the line of OpenAI's chat before it, which is always one. */
struct slice target_chat(struct worker *w, struct target *t, int credential,
    bool stream);

#endif
