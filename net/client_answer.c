#include "net/client_answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xmem.h"

void
answer_start(struct answer *a, struct http1_head *spare, bool to_head)
{
	http1_response_start(&a->parser, &http1_response_limits, to_head);
	a->head = a->spare = spare;
	a->own = NULL;
	a->left = a->body_len = 0;
	a->body = HTTP1_BODY_NONE;
	a->interim = 0;
	a->to_head = to_head;
	a->keep_alive = false;
	a->state = ANSWER_IN_HEAD;
	sbuf_clear(&a->pieces);
}

void
answer_fini(struct answer *a)
{
	free(a->own);
	a->own = NULL;
	a->head = a->spare;
	sbuf_free(&a->pieces);
}

/* The parser's notes in the shared head must outlive this read. */
static void
answer_own_head(struct answer *a)
{
	if (a->own != NULL)
		return;
	a->own = xmalloc(sizeof *a->own);
	memcpy(a->own, a->spare, sizeof *a->own);
	a->head = a->own;
}

/* 1 with a head of whatever status; 0 more is needed; -1. */
static int
answer_parse(struct answer *a, struct slice *in, struct err *e)
{
	size_t before = a->pieces.len, used;
	struct slice all = *in;
	int r;

	if (before > 0) {
		sbuf_add_slice(&a->pieces, *in);
		all = sbuf_slice(&a->pieces);
	}
	r = http1_parse(&a->parser, all.p, all.n, a->head, &used, e);
	if (r == 0) {
		if (before == 0)
			sbuf_add_slice(&a->pieces, *in);
		answer_own_head(a);
		*in = slice_skip(*in, in->n);
	} else if (r == 1) {
		assert(used > before);
		*in = slice_skip(*in, used - before);
	}
	return r;
}

static int
answer_skip_interim(struct answer *a, struct err *e)
{
	if (a->head->status == 101)
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "switched protocols without being asked");
	if (++a->interim > ANSWER_INTERIM_MAX)
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "more than %d interim answers", ANSWER_INTERIM_MAX);
	sbuf_clear(&a->pieces);
	http1_response_start(&a->parser, &http1_response_limits, a->to_head);
	return ANSWER_MORE;
}

static void
answer_start_body(struct answer *a)
{
	a->body = a->head->body;
	a->keep_alive = a->head->keep_alive;
	if (a->body == HTTP1_BODY_LENGTH)
		a->left = a->head->content_length;
	else if (a->body == HTTP1_BODY_CHUNKED)
		http1_chunks_start(&a->chunks);
	a->state = a->body == HTTP1_BODY_NONE ? ANSWER_AT_END : ANSWER_IN_BODY;
}

static int
answer_next_head(struct answer *a, struct slice *in, struct err *e)
{
	while (in->n > 0) {
		int r = answer_parse(a, in, e);

		if (r != 1)
			return r;
		if (a->head->status >= 200) {
			answer_start_body(a);
			return ANSWER_HEAD;
		}
		if (answer_skip_interim(a, e) == -1)
			return -1;
	}
	return ANSWER_MORE;
}

static int
answer_next_length(struct answer *a, struct slice *in, struct slice *data_r)
{
	if (in->n == 0)
		return ANSWER_MORE;
	data_r->p = in->p;
	data_r->n = in->n < a->left ? in->n : (size_t)a->left;
	*in = slice_skip(*in, data_r->n);
	a->left -= data_r->n;
	if (a->left == 0)
		a->state = ANSWER_AT_END;
	return ANSWER_DATA;
}

static int
answer_next_chunk(struct answer *a, struct slice *in, struct slice *data_r,
    struct err *e)
{
	switch (http1_chunks_next(&a->chunks, in, data_r, e)) {
	case HTTP1_CHUNK_MORE:
		return ANSWER_MORE;
	case HTTP1_CHUNK_DATA:
		return ANSWER_DATA;
	case HTTP1_CHUNK_END:
		a->state = ANSWER_AT_END;
		return ANSWER_END;
	default:
		return -1;
	}
}

static int
answer_next_body(struct answer *a, struct slice *in, struct slice *data_r,
    struct err *e)
{
	int r;

	if (a->body == HTTP1_BODY_CHUNKED) {
		r = answer_next_chunk(a, in, data_r, e);
	} else if (a->body == HTTP1_BODY_LENGTH) {
		r = answer_next_length(a, in, data_r);
	} else {
		r = in->n > 0 ? ANSWER_DATA : ANSWER_MORE;
		*data_r = *in;
		*in = slice_skip(*in, in->n);
	}
	if (r == ANSWER_DATA)
		a->body_len += data_r->n;
	return r;
}

int
answer_next(struct answer *a, struct slice *in, struct slice *data_r,
    struct err *e)
{
	switch (a->state) {
	case ANSWER_IN_HEAD:
		return answer_next_head(a, in, e);
	case ANSWER_IN_BODY:
		/* A stream may rest for minutes: not with its head. */
		if (a->own != NULL)
			answer_fini(a);
		return answer_next_body(a, in, data_r, e);
	default:
		return ANSWER_END;
	}
}

bool
answer_ends_by_close(const struct answer *a)
{
	return a->state == ANSWER_IN_BODY && a->body == HTTP1_BODY_CLOSE;
}
