#include "base/pool.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rare.h"
#include "base/xmem.h"

/*
 * The first block of a pool holds the request's own struct and what usually
 * comes with it; the next ones are small, since an open stream keeps them.
 * With what stands before them they leave little unused of what malloc gives.
 */
enum pool_class { POOL_FIRST, POOL_NEXT, POOL_CLASSES };

static const size_t pool_sizes[POOL_CLASSES] = { 4016, 992 };

#define POOL_KEEP 64 /* blocks of a class kept for the next request */

#define POOL_ALIGN alignof(max_align_t)

struct pool_block {
	struct pool_block *next;
	size_t size; /* of data, a multiple of POOL_ALIGN */
	alignas(max_align_t) char data[];
};

struct pool_secret {
	struct pool_secret *next;
	char *p;
	size_t n;
};

/* Lies at the start of its own first block. */
struct pool {
	char *at, *end;            /* what is free of the block being filled */
	struct pool_block *blocks; /* the first one is being filled */
	struct pool_secret *secrets;
	bool all_secret;
};

static struct pool_block *kept[POOL_CLASSES];
static unsigned n_kept[POOL_CLASSES];

/* What an allocation of so many bytes takes. */
static size_t
pool_whole(size_t size)
{
	return (size + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1);
}

static struct pool_block *
pool_block_new(enum pool_class class, size_t size)
{
	struct pool_block *b = kept[class];

	if (size <= pool_sizes[class] && b != NULL) {
		kept[class] = b->next;
		n_kept[class]--;
	} else {
		if (size < pool_sizes[class])
			size = pool_sizes[class];
		b = xmalloc(sizeof *b + size);
		b->size = size;
	}
	b->next = NULL;
	return b;
}

static void
pool_block_free(struct pool_block *b)
{
	for (int class = 0; class < POOL_CLASSES; class ++)
		if (b->size == pool_sizes[class] && n_kept[class] < POOL_KEEP) {
			b->next = kept[class];
			kept[class] = b;
			n_kept[class]++;
			return;
		}
	free(b);
}

struct pool *
pool_new(void)
{
	struct pool_block *b =
	    pool_block_new(POOL_FIRST, pool_sizes[POOL_FIRST]);
	struct pool *p = (struct pool *)b->data;

	p->at = b->data + pool_whole(sizeof *p);
	p->end = b->data + b->size;
	p->blocks = b;
	p->secrets = NULL;
	p->all_secret = false;
	return p;
}

void
pool_free(struct pool **pp)
{
	struct pool *p = *pp;
	struct pool_block *b, *next;

	if (p == NULL)
		return;
	bool all = p->all_secret;

	for (struct pool_secret *s = p->secrets; s != NULL; s = s->next)
		explicit_bzero(s->p, s->n);
	/* The pool itself lies in one of the blocks. */
	for (b = p->blocks; b != NULL; b = next) {
		next = b->next;
		if (all)
			explicit_bzero(b->data, b->size);
		pool_block_free(b);
	}
	*pp = NULL;
}

/* From one more block. */
static RARE void *
pool_more(struct pool *p, size_t size)
{
	struct pool_block *b = pool_block_new(POOL_NEXT, pool_whole(size));

	/* A large block goes second, so that the first one is filled up. */
	if (size > pool_sizes[POOL_NEXT] / 2) {
		b->next = p->blocks->next;
		p->blocks->next = b;
	} else {
		b->next = p->blocks;
		p->blocks = b;
		p->at = b->data + pool_whole(size);
		p->end = b->data + b->size;
	}
	return b->data;
}

void *
pool_alloc(struct pool *p, size_t size)
{
	char *got = p->at;

	if (size > (size_t)(p->end - got))
		return pool_more(p, size);
	p->at = got + pool_whole(size);
	return got;
}

void *
pool_zalloc(struct pool *p, size_t size)
{
	return memset(pool_alloc(p, size), 0, size);
}

void *
pool_memdup(struct pool *p, const void *from, size_t n)
{
	return memcpy(pool_alloc(p, n), from, n);
}

struct slice
pool_copy(struct pool *p, struct slice s)
{
	char *to = pool_alloc(p, s.n + 1);

	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return (struct slice){ to, s.n };
}

struct slice
pool_fill(struct pool *p, struct slice text, const char *word, struct slice by)
{
	size_t n = strlen(word), before;
	const char *at = memmem(text.p, text.n, word, n);
	char *to;

	if (at == NULL)
		return text;
	before = (size_t)(at - text.p);
	to = pool_alloc(p, text.n - n + by.n + 1);
	memcpy(to, text.p, before);
	memcpy(to + before, by.p, by.n);
	memcpy(to + before + by.n, at + n, text.n - before - n);
	to[text.n - n + by.n] = '\0';
	return (struct slice){ to, text.n - n + by.n };
}

struct slice
pool_secret(struct pool *p, struct slice s)
{
	struct pool_secret *secret = pool_alloc(p, sizeof *secret);

	secret->p = pool_alloc(p, s.n + 1);
	secret->n = s.n;
	if (s.n > 0)
		memcpy(secret->p, s.p, s.n);
	secret->p[s.n] = '\0';
	secret->next = p->secrets;
	p->secrets = secret;
	return (struct slice){ secret->p, s.n };
}

void
pool_all_secret(struct pool *p)
{
	p->all_secret = true;
}

void
pool_shrink(void)
{
	struct pool_block *b;

	for (int i = 0; i < POOL_CLASSES; i++) {
		while ((b = kept[i]) != NULL) {
			kept[i] = b->next;
			free(b);
		}
		n_kept[i] = 0;
	}
}
