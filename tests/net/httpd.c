/*
 * httpd - the real server of net with a handler that answers 200, for tests
 * that speak to a socket.  Prints its port on a line, serves until stdin
 * ends.  Paths: / and /echo give the body back, /cookie the Cookie headers,
 * others are 404.
 */

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sbuf.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/server.h"

enum { MAX_BODY = 0x7fffffff };

static const struct slice text_headers = { "Content-Type: text/plain\r\n", 26 };

static void
reply(struct exchange *x, unsigned status, struct slice body)
{
	struct iovec v = { (void *)(uintptr_t)body.p, body.n };

	exchange_reply(x, status, text_headers, &v, 1);
}

static void
reply_cookies(struct exchange *x, const struct http1_head *h)
{
	struct sbuf out = { 0 };
	struct slice value;
	unsigned at = 0;

	while (http1_next(h, SLICE("cookie"), &at, &value)) {
		sbuf_add_slice(&out, value);
		sbuf_addc(&out, '\n');
	}
	reply(x, 200, sbuf_slice(&out));
	sbuf_free(&out);
}

static void
on_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	(void)ctx;
	if (h->method_id == HTTP1_METHOD_OTHER || h->method_id == HTTP1_TRACE)
		exchange_reply(x, 405,
		    SLICE("Allow: GET, HEAD, POST, OPTIONS\r\n"), NULL, 0);
	else if (h->method_id == HTTP1_OPTIONS)
		exchange_reply(x, 204, text_headers, NULL, 0);
	else if (http1_find(h, SLICE("cookie")).p != NULL)
		reply_cookies(x, h);
	else if (slice_eq(h->path, SLICE("/")) ||
		 slice_eq(h->path, SLICE("/echo")))
		exchange_accept(x, MAX_BODY);
	else
		reply(x, 404, SLICE("not found\n"));
}

static void
on_body(struct exchange *x, struct slice body, void *ctx)
{
	(void)ctx;
	reply(x, 200, body);
}

static void
on_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	exchange_drop(x);
}

static void
on_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	(void)ctx;
	sbuf_add_slice(headers, text_headers);
	sbuf_adds(body, e->text);
	sbuf_addc(body, '\n');
}

static const struct server_ops ops = {
	.head = on_head,
	.body = on_body,
	.gone = on_gone,
	.refuse = on_refuse,
};

static void
on_stdin(int fd, short what, void *ctx)
{
	char c;

	(void)what;
	loop_enter(ctx);
	if (read(fd, &c, 1) <= 0)
		loop_stop(ctx);
}

int
main(void)
{
	struct loop *l = loop_new();
	struct server_settings set;
	struct server *s;
	struct event *quit;
	struct err e;
	int fd = listen_tcp("127.0.0.1", 0, &e);

	if (fd < 0) {
		fprintf(stderr, "%s\n", e.text);
		return EXIT_FAILURE;
	}
	server_settings_init(&set);
	set.ops = &ops;
	s = server_new(l, &set);
	server_listen(s, fd, NULL);
	quit = event_new(loop_base(l), STDIN_FILENO, EV_READ | EV_PERSIST,
	    on_stdin, l);
	event_add(quit, NULL);
	printf("%u\n", listen_port(fd));
	fflush(stdout);
	loop_run(l);
	event_free(quit);
	server_free(&s);
	loop_free(&l);
	close(fd);
	return EXIT_SUCCESS;
}
