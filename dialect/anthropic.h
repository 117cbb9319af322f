#ifndef DIALECT_ANTHROPIC_H
#define DIALECT_ANTHROPIC_H

/*
 * anthropic - Anthropic's Messages, also behind Vertex and as the inner events
 * of Bedrock's invoke: spec/providers.md 4 to 7, columns Anthropic.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/chatout.h"
#include "proto/usage.h"

struct ask;
struct dialect_event;
struct err;
struct sbuf;
struct tell;

/* What of the body is not the same everywhere. */
struct anthropic_form {
	const char *version; /* anthropic_version in the body; NULL: a header */
	bool names_model;    /* model and stream are in the body */
	bool takes_urls;     /* the provider fetches images and documents */
};

/* The body; struct dialect's ask.  Vertex Claude, invoke: no model in it. */
int anthropic_body(struct ask *a, const struct anthropic_form *form,
    struct sbuf *b, struct err *e);
int anthropic_invoke_ask(struct ask *a, struct sbuf *b, struct err *e);

/* /model/{id}/invoke or /invoke-with-response-stream. */
void anthropic_invoke_path(const struct ask *a, struct sbuf *b);

/* A block of content that is open. */
enum anthropic_block {
	BLOCK_NONE,
	BLOCK_TEXT,
	BLOCK_THINKING,
	BLOCK_CALL,
	BLOCK_KEPT, /* a server's tool, or unknown: not part of the content */
};

/* Figures as given, the last of each; -1 = absent. */
struct anthropic_usage {
	int64_t input, created, created_5m, created_1h, read;
	int64_t output, thinking, searches, cost_nano;
	bool is_final; /* output is that of the whole answer */
};

/* What a tell of this dialect has as its state: zeroed is ready. */
struct anthropic_state {
	bool started, stopped;
	enum anthropic_block block;
	bool has_signature; /* THINKING: kept has begun with it */
	size_t input_at;    /* KEPT: where its input begins in kept; 0: none */
	bool has_pieces;    /* CALL: arguments came */
	unsigned details;   /* told so far */
	uint64_t chars;     /* of content told so far */
	uint64_t block_chars; /* the same when the block began */
	bool refused;
	enum chatout_finish finish;
	char native[40];  /* stop_reason */
	bool has_figures; /* usage is not zeroed but absent */
	struct anthropic_usage usage;
};

/* struct dialect's reply and event. */
int anthropic_reply(struct tell *t, struct slice json, struct err *e);
int anthropic_event(struct tell *t, const struct dialect_event *ev,
    struct err *e);

/* Blocks of content (anthropic_block.c): whole ones, or with deltas. */
int anthropic_open(struct tell *t, struct slice block, struct err *e);
int anthropic_delta(struct tell *t, struct slice delta, struct err *e);
void anthropic_close(struct tell *t);

/* Text and its citations (anthropic_text.c). */
void anthropic_open_text(struct tell *t, struct slice block);
void anthropic_text(struct tell *t, struct slice raw);
void anthropic_citation(struct tell *t, struct slice citation);
void anthropic_close_text(struct tell *t);

/*
 * Take the figures of a usage object, and tell the tell what is known
 * (anthropic_usage.c).  is_final: of the whole answer.
 */
void anthropic_take_usage(struct tell *t, struct slice message, bool is_final);

/* The same from Bedrock's metrics, where the family told nothing itself. */
void anthropic_take_metrics(struct tell *t, struct slice event);

#endif
