/* try - one chat request through the gateway, by plain HTTP. */

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/ctl.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define TRY_URL "http://127.0.0.1:8080"
#define TRY_KEY "demo"

struct try_words {
	const char *model, *text, *url;
};

static struct try_words
try_read(const struct ctl_call *c)
{
	const char *fallback = getenv("HOLDFAST_URL");
	struct try_words w = { NULL, NULL,
		fallback != NULL ? fallback : TRY_URL };

	/* ctl_request() has seen that they fit. */
	for (int i = 0; i < c->words_n; i++)
		if (strcmp(c->words[i], "--url") == 0)
			w.url = c->words[++i];
		else if (w.model == NULL)
			w.model = c->words[i];
		else
			w.text = c->words[i];
	return w;
}

static int
try_connect(const char *host, const char *port)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *list, *a;
	int fd = -1;

	if (getaddrinfo(host, port, &want, &list) != 0)
		return -1;
	for (a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

/* "http://host:port"; 0 when it is something else. */
static int
try_split(const char *url, char host[256], char port[8])
{
	int used = 0;

	strcpy(port, "80");
	if (sscanf(url, "http://%255[^:/]%n", host, &used) != 1)
		return 0;
	url += used;
	return *url == '\0' || *url == '/' ||
	       sscanf(url, ":%7[0-9]", port) == 1;
}

static void
try_write(const struct try_words *w, const char *host, struct sbuf *out)
{
	const char *key = getenv("HOLDFAST_KEY");
	struct sbuf body = { 0 };

	sbuf_adds(&body, "{\"model\":");
	sbuf_add_json(&body, slice_str(w->model));
	sbuf_adds(&body, ",\"messages\":[{\"role\":\"user\",\"content\":");
	sbuf_add_json(&body, slice_str(w->text));
	sbuf_adds(&body, "}]}");
	sbuf_addf(out,
	    "POST /api/chat/completions HTTP/1.1\r\n"
	    "Host: %s\r\nConnection: close\r\n"
	    "Content-Type: application/json\r\n"
	    "Authorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n",
	    host, key != NULL ? key : TRY_KEY, body.len);
	sbuf_add_slice(out, sbuf_slice(&body));
	sbuf_free(&body);
}

static int
try_exchange(int fd, const struct sbuf *request, struct sbuf *reply)
{
	char bytes[16384];
	size_t sent = 0;
	ssize_t n;

	while (sent < request->len) {
		n = send(fd, request->data + sent, request->len - sent,
		    MSG_NOSIGNAL);
		if (n <= 0)
			return 0;
		sent += (size_t)n;
	}
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		sbuf_add(reply, bytes, (size_t)n);
	return reply->len > 0;
}

/* The answer's text, or the reason why there is none. */
static int
try_text(struct slice body, struct jscan_item *text_r)
{
	struct jscan_item choices, choice;
	struct jscan_iter it;

	if (jscan_dig(body, text_r, "error", "message", NULL))
		return 0;
	if (!jscan_find(body, SLICE("choices"), &choices) ||
	    choices.type != JSCAN_ARRAY)
		return -1;
	jscan_enter(&it, choices.value);
	if (!jscan_element_next(&it, &choice) ||
	    !jscan_dig(choice.value, text_r, "message", "content", NULL))
		return -1;
	return 1;
}

static int
try_show(const struct ctl_call *c, struct slice reply)
{
	const char *end = memmem(reply.p, reply.n, "\r\n\r\n", 4);
	struct jscan_item whole, item;
	struct sbuf text = { 0 };
	struct slice body;
	struct err e;
	int good = -1;

	if (end == NULL)
		return CTL_UNREACHABLE;
	body = slice_skip(reply, (size_t)(end + 4 - reply.p));
	if (jscan_value(body, &whole, &e) == 0 && whole.type == JSCAN_OBJECT)
		good = try_text(whole.value, &item);
	if (c->json)
		fprintf(c->out, "%.*s\n", SLICE_ARGS(body));
	else if (good >= 0 && item.type == JSCAN_STRING && !c->quiet) {
		jstr_add(&text, jscan_text(&item));
		ctl_print(good ? c->out : c->err, sbuf_slice(&text));
		fputc('\n', good ? c->out : c->err);
	}
	sbuf_free(&text);
	return good == 1 ? CTL_DONE : CTL_NO;
}

int
ctl_try(struct ctl_call *c)
{
	struct try_words w = try_read(c);
	struct sbuf request = { 0 }, reply = { 0 };
	char host[256], port[8];
	int fd, code = CTL_UNREACHABLE;

	if (!try_split(w.url, host, port)) {
		fprintf(c->err, "holdfastctl: %s is no http:// address\n",
		    w.url);
		return CTL_USAGE;
	}
	fd = try_connect(host, port);
	try_write(&w, host, &request);
	if (fd >= 0 && try_exchange(fd, &request, &reply))
		code = try_show(c, sbuf_slice(&reply));
	else
		fprintf(c->err, "holdfastctl: %s does not answer\n", w.url);
	if (fd >= 0)
		close(fd);
	sbuf_free(&request);
	sbuf_free(&reply);
	return code;
}
