/*
 * http1_dump - what net/http1 makes of some bytes, for comparing it with
 * other parsers.
 *
 * Reads jobs from stdin: a line
 * "request|response|to-head|target CUTS LEN", then LEN
 * bytes.  CUTS is how they are fed: "whole", "bytes", or where to cut once.
 * Writes one line for each thing found, then ".": bytes as hex.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "net/http1.h"

struct dump {
	struct http1_parser parser;
	struct http1_head head;
	struct http1_chunks chunks;
	struct sbuf head_bytes;
	struct sbuf body;
	uint64_t left;
	bool response;
	bool to_head;
	bool in_body;
	bool stopped; /* what follows is not interpreted */
	bool failed;
};

static void
put(const char *what, struct slice s)
{
	printf("%s ", what);
	for (size_t i = 0; i < s.n; i++)
		printf("%02x", (unsigned char)s.p[i]);
	putchar('\n');
}

static void
message_begin(struct dump *d)
{
	if (d->response)
		http1_response_start(&d->parser, &http1_response_limits,
		    d->to_head);
	else
		http1_request_start(&d->parser, &http1_request_limits);
	d->in_body = false;
	sbuf_clear(&d->head_bytes);
	sbuf_clear(&d->body);
}

static void
message_end(struct dump *d)
{
	bool last = !d->head.keep_alive || d->head.method_id == HTTP1_CONNECT ||
	            http1_header(&d->head, HTTP1_UPGRADE).p != NULL;

	put("body", sbuf_slice(&d->body));
	puts("end");
	if (last)
		d->stopped = true;
	message_begin(d);
}

static void
put_head(const struct http1_head *h, bool response)
{
	if (response) {
		printf("status %u\n", h->status);
		put("reason", h->reason);
	} else {
		put("method", h->method);
		put("target", h->target);
	}
	printf("version 1.%u\n", h->minor);
	for (unsigned i = 0; i < h->count; i++) {
		put("name", h->fields[i].name);
		put("value", h->fields[i].value);
	}
}

static int
take_head(struct dump *d, struct slice *in, struct err *e)
{
	size_t used, before = d->head_bytes.len;
	int r;

	sbuf_add_slice(&d->head_bytes, *in);
	r = http1_grammar(&d->parser, d->head_bytes.data, d->head_bytes.len,
	    &d->head, &used, e);
	if (r <= 0) {
		in->n = 0;
		return r;
	}
	*in = slice_skip(*in, used - before);
	put_head(&d->head, d->response);
	d->in_body = true;
	d->left = d->head.content_length;
	http1_chunks_start(&d->chunks);
	if (d->head.body == HTTP1_BODY_NONE)
		message_end(d);
	return 0;
}

static int
take_chunks(struct dump *d, struct slice *in, struct err *e)
{
	struct slice data;
	int r = http1_chunks_next(&d->chunks, in, &data, e);

	if (r == HTTP1_CHUNK_DATA)
		sbuf_add_slice(&d->body, data);
	if (r == HTTP1_CHUNK_END)
		message_end(d);
	return r < 0 ? -1 : 0;
}

static int
take_body(struct dump *d, struct slice *in, struct err *e)
{
	size_t n = in->n;

	if (d->head.body == HTTP1_BODY_CHUNKED)
		return take_chunks(d, in, e);
	if (d->head.body == HTTP1_BODY_LENGTH && n > d->left)
		n = (size_t)d->left;
	sbuf_add(&d->body, in->p, n);
	*in = slice_skip(*in, n);
	d->left -= n;
	if (d->head.body == HTTP1_BODY_LENGTH && d->left == 0)
		message_end(d);
	return 0;
}

static void
feed(struct dump *d, struct slice in)
{
	struct err e;

	while (in.n > 0 && !d->stopped && !d->failed) {
		int r =
		    d->in_body ? take_body(d, &in, &e) : take_head(d, &in, &e);

		if (r < 0) {
			d->failed = true;
			printf("error %d\n", err_status(e.kind));
		}
	}
}

static void
finish(struct dump *d)
{
	if (d->failed || d->stopped)
		return;
	if (d->in_body && d->head.body == HTTP1_BODY_CLOSE) {
		put("body", sbuf_slice(&d->body));
		puts("close");
	} else if (d->in_body) {
		put("body", sbuf_slice(&d->body));
		puts("cut");
	} else if (d->head_bytes.len > 0) {
		puts("cut");
	}
}

static void
dump(const char *kind, const char *cuts, struct slice in)
{
	struct dump d = { .response = strcmp(kind, "request") != 0,
		.to_head = strcmp(kind, "to-head") == 0 };
	size_t at = (size_t)atoi(cuts);

	message_begin(&d);
	if (strcmp(cuts, "whole") == 0)
		at = in.n;
	if (strcmp(cuts, "bytes") == 0) {
		for (size_t i = 0; i < in.n; i++)
			feed(&d, (struct slice){ in.p + i, 1 });
	} else {
		feed(&d, (struct slice){ in.p, at });
		feed(&d, slice_skip(in, at));
	}
	finish(&d);
	sbuf_free(&d.head_bytes);
	sbuf_free(&d.body);
}

static void
dump_target(struct slice target)
{
	struct http1_parser p;
	struct http1_head h;
	struct sbuf b = { 0 };
	struct err e;
	size_t used;

	sbuf_adds(&b, "GET ");
	sbuf_add_slice(&b, target);
	sbuf_adds(&b, " HTTP/1.1\r\n\r\n");
	http1_request_start(&p, &http1_request_limits);
	if (http1_grammar(&p, b.data, b.len, &h, &used, &e) == 1) {
		put("path", h.path);
		put("query", h.query);
	} else {
		printf("error %d\n", err_status(e.kind));
	}
	sbuf_free(&b);
}

int
main(void)
{
	char kind[16], cuts[16];
	size_t len;

	while (scanf("%15s %15s %zu", kind, cuts, &len) == 3) {
		char *in = malloc(len + 1);

		if (getchar() != '\n' || fread(in, 1, len, stdin) != len)
			return EXIT_FAILURE;
		if (strcmp(kind, "target") == 0)
			dump_target((struct slice){ in, len });
		else
			dump(kind, cuts, (struct slice){ in, len });
		puts(".");
		fflush(stdout);
		free(in);
	}
	return EXIT_SUCCESS;
}
