/*
 * hashtime - what the hash of a cache key costs, by itself.
 *
 * usage: hashtime FILE
 *
 * Prints one line of JSON: nanoseconds of SHA-256 over the canonical form of
 * the body in FILE, which is what a key hashes, alone and as one of eight side
 * by side, and of a whole key, which also brings the body into that form. Where
 * its members lie the gateway knows before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest_many.h"
#include "base/err.h"
#include "base/sbuf.h"
#include "proto/cachekey.h"
#include "proto/canon.h"
#include "proto/jscan.h"

#define RUN_NS 200000000LL
#define BODY_MAX (1 << 24)
#define EIGHT 8

struct input {
	struct slice body;
	struct jscan_item members[JSCAN_MEMBERS_MAX];
	unsigned n_members;
	struct sbuf canonical, scratch;
};

static long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void
hash_canonical(struct input *in)
{
	unsigned char out[DIGEST_SIZE];

	digest_sha256(in->canonical.data, in->canonical.len, out);
}

static void
hash_eight(struct input *in)
{
	unsigned char out[EIGHT][DIGEST_SIZE];
	struct slice all[EIGHT];

	for (unsigned i = 0; i < EIGHT; i++)
		all[i] = sbuf_slice(&in->canonical);
	digest_many(all, EIGHT, out);
}

static void
make_key(struct input *in)
{
	struct jscan_item members[JSCAN_MEMBERS_MAX];
	struct cachekey k = { .organization = SLICE("default"),
		.environment = SLICE("prod"),
		.family = SLICE("chat"),
		.members = members,
		.n_members = in->n_members };
	unsigned char out[DIGEST_SIZE];

	memcpy(members, in->members, in->n_members * sizeof *members);
	sbuf_clear(&in->scratch);
	cachekey_write(&k, &in->scratch);
	digest_sha256(in->scratch.data, in->scratch.len, out);
}

static long long
time_of(void (*work)(struct input *), struct input *in)
{
	long long start = now_ns(), end, runs = 0;

	do {
		for (int i = 0; i < 16; i++)
			work(in);
		runs += 16;
		end = now_ns();
	} while (end - start < RUN_NS);
	return (end - start) / runs;
}

int
main(int argc, char **argv)
{
	struct input in = { 0 };
	char *body = malloc(BODY_MAX);
	struct err e;
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (f == NULL) {
		fprintf(stderr, "usage: hashtime FILE\n");
		return 64;
	}
	in.body = (struct slice){ body, fread(body, 1, BODY_MAX, f) };
	fclose(f);
	if (jscan_object(in.body, in.members, JSCAN_MEMBERS_MAX, &in.n_members,
		&e) != 0) {
		fprintf(stderr, "hashtime: %s\n", e.text);
		return 1;
	}
	canon_write(&in.canonical, in.body);
	printf("{\"sha256_ns\":%lld,\"of_eight_ns\":%lld,\"key_ns\":%lld}\n",
	    time_of(hash_canonical, &in), time_of(hash_eight, &in) / EIGHT,
	    time_of(make_key, &in));
	sbuf_free(&in.scratch);
	sbuf_free(&in.canonical);
	free(body);
	return 0;
}
