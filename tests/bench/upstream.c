/*
 * upstream - the provider of the benchmarks: as little work as possible.
 *
 * usage: upstream PORT
 *
 * One thread, one epoll set, answers ready in memory.  What it answers is
 * chosen by the first segment of the request's path:
 *   /instant  a chat completion of about 1 KB
 *   /big      the same with 100 KB of content
 *   /sse      a stream of 20 events in one write
 *   /drip     a stream of 20 events, one every 20 ms
 *   /delay    /instant after 200 ms
 *   /stall    the head and the first event of a stream, then nothing
 *
 * What waits stands in two queues, one for each interval, so that the next is
 * always at the front and ten thousand idle streams cost nothing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 65536
#define EVENTS 20
#define DRIP_MS 20
#define DELAY_MS 200

enum kind { INSTANT, BIG, SSE, DRIP, DELAY, STALL, KINDS };

static const char *const names[KINDS] = { "/instant", "/big", "/sse", "/drip",
	"/delay", "/stall" };

struct answer {
	char *bytes;
	size_t n;
};

struct peer {
	char head[16384];
	size_t len;       /* of head */
	size_t body_left; /* of the request's body, once the head is read */
	bool reading_body;
	enum kind kind;
	int fd, step;     /* of a drip */
	long long due_ms; /* in a queue */
	struct queue *queue;
	struct peer *next, *before;
};

/* Everyone in it waits equally long, so it is sorted by itself. */
struct queue {
	struct peer *first, *last;
	int wait_ms;
};

static struct answer answers[KINDS];
static struct answer drip_head, drip_event,
    drip_end; /* head: and the first event */
static struct peer *peers[MAX_FD];
static struct queue drips = { .wait_ms = DRIP_MS };
static struct queue delays = { .wait_ms = DELAY_MS };

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void
queue_add(struct queue *q, struct peer *p)
{
	p->due_ms = now_ms() + q->wait_ms;
	p->queue = q;
	p->next = NULL;
	p->before = q->last;
	*(q->last != NULL ? &q->last->next : &q->first) = p;
	q->last = p;
}

static void
queue_remove(struct peer *p)
{
	struct queue *q = p->queue;

	if (q == NULL)
		return;
	*(p->before != NULL ? &p->before->next : &q->first) = p->next;
	*(p->next != NULL ? &p->next->before : &q->last) = p->before;
	p->queue = NULL;
}

static struct answer
answer_json(size_t content)
{
	struct answer a = { malloc(content + 1024), 0 };
	char *body = malloc(content + 1024), *text = malloc(content + 1);
	int n;

	for (size_t i = 0; i < content; i++)
		text[i] = i % 7 == 6 ? ' ' : (char)('a' + i % 26);
	text[content] = '\0';
	n = sprintf(body,
	    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\","
	    "\"created\":1761546960,\"model\":\"bench-1\",\"choices\":[{"
	    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
	    "\"%s\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":"
	    "\"stop\"}],\"usage\":{\"prompt_tokens\":229,"
	    "\"completion_tokens\":69,\"total_tokens\":298}}",
	    text);
	a.n = (size_t)sprintf(a.bytes,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    n, body);
	free(body);
	free(text);
	return a;
}

static struct answer
chunk(const char *text)
{
	struct answer a = { malloc(strlen(text) + 32), 0 };

	a.n = (size_t)sprintf(a.bytes, "%zx\r\n%s\r\n", strlen(text), text);
	return a;
}

static void
append(struct answer *a, struct answer more)
{
	a->bytes = realloc(a->bytes, a->n + more.n);
	memcpy(a->bytes + a->n, more.bytes, more.n);
	a->n += more.n;
}

static void
make_streams(void)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n";
	static const char event[] =
	    "data: {\"id\":\"chatcmpl-bench\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1761546960,\"model\":"
	    "\"bench-1\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":"
	    "[{\"index\":0,\"delta\":{\"content\":\" seven words of text in "
	    "here\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
	static const char end[] =
	    "data: {\"id\":\"chatcmpl-bench\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1761546960,\"model\":"
	    "\"bench-1\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":"
	    "null,\"finish_reason\":\"stop\"}]}\n\n"
	    "data: {\"id\":\"chatcmpl-bench\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1761546960,\"model\":"
	    "\"bench-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,"
	    "\"completion_tokens\":120,\"total_tokens\":140}}\n\n"
	    "data: [DONE]\n\n";

	drip_head = (struct answer){ strdup(head), sizeof head - 1 };
	drip_event = chunk(event);
	drip_end = chunk(end);
	append(&drip_end, (struct answer){ strdup("0\r\n\r\n"), 5 });
	append(&drip_head, drip_event);
	append(&answers[SSE], drip_head);
	for (int i = 1; i < EVENTS; i++)
		append(&answers[SSE], drip_event);
	append(&answers[SSE], drip_end);
	append(&answers[STALL], drip_head);
}

static void
peer_close(int fd)
{
	queue_remove(peers[fd]);
	close(fd);
	free(peers[fd]);
	peers[fd] = NULL;
}

static void
put(int fd, struct answer a)
{
	size_t at = 0;

	while (at < a.n) {
		ssize_t n = write(fd, a.bytes + at, a.n - at);

		if (n < 0 && errno == EAGAIN) {
			usleep(50);
			continue;
		}
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void
respond(int fd, struct peer *p)
{
	if (p->kind == DELAY) {
		queue_add(&delays, p);
	} else if (p->kind == DRIP) {
		put(fd, drip_head);
		p->step = 1;
		queue_add(&drips, p);
	} else {
		put(fd, answers[p->kind]);
	}
}

/* What waited for its time. */
static void
tick(struct peer *p)
{
	queue_remove(p);
	if (p->kind == DELAY) {
		put(p->fd, answers[INSTANT]);
	} else if (p->step++ < EVENTS) {
		put(p->fd, drip_event);
		queue_add(&drips, p);
	} else {
		put(p->fd, drip_end);
	}
}

/* Serve those whose time has come; how long the others wait, -1 = no one. */
static int
queue_run(struct queue *q)
{
	long long now = now_ms();

	while (q->first != NULL && q->first->due_ms <= now)
		tick(q->first);
	return q->first != NULL ? (int)(q->first->due_ms - now) : -1;
}

static int
queues_run(void)
{
	int a = queue_run(&drips), b = queue_run(&delays);

	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void
start_request(struct peer *p, size_t head_len)
{
	const char *at = strstr(p->head, "ontent-");

	p->head[head_len - 1] = '\0';
	p->kind = INSTANT;
	for (int k = 0; k < KINDS; k++)
		if (strstr(p->head, names[k]) != NULL)
			p->kind = (enum kind)k;
	p->body_left = 0;
	for (; at != NULL; at = strstr(at + 1, "ontent-"))
		if (strncasecmp(at, "ontent-Length:", 14) == 0)
			p->body_left = (size_t)atol(at + 14);
	p->len -= head_len;
	memmove(p->head, p->head + head_len, p->len);
	p->reading_body = true;
}

static void
consume(int fd, struct peer *p)
{
	for (;;) {
		char *end;
		size_t take;

		if (!p->reading_body) {
			p->head[p->len] = '\0';
			end = strstr(p->head, "\r\n\r\n");
			if (end == NULL)
				return;
			start_request(p, (size_t)(end + 4 - p->head));
		}
		take = p->len < p->body_left ? p->len : p->body_left;
		p->body_left -= take;
		p->len -= take;
		memmove(p->head, p->head + take, p->len);
		if (p->body_left > 0)
			return;
		p->reading_body = false;
		respond(fd, p);
		if (p->len == 0)
			return;
	}
}

static void
readable(int fd, struct peer *p)
{
	static char bin[262144];
	ssize_t n;

	if (p->reading_body && p->len == 0) {
		size_t want =
		    p->body_left < sizeof bin ? p->body_left : sizeof bin;

		n = read(fd, bin, want);
		if (n > 0) {
			p->body_left -= (size_t)n;
			if (p->body_left == 0)
				consume(fd, p);
		}
	} else {
		n = read(fd, p->head + p->len, sizeof p->head - 1 - p->len);
		if (n > 0) {
			p->len += (size_t)n;
			consume(fd, p);
		}
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		peer_close(fd);
}

static void
accept_one(int epoll, int listener)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;

	if (fd < 0 || fd >= MAX_FD) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	peers[fd] = calloc(1, sizeof *peers[fd]);
	peers[fd]->fd = fd;
	ev.data.fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int
listen_on(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0 ||
	    listen(fd, 4096) != 0) {
		perror("upstream");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&sin, &len);
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 0);
	int epoll = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = listener };
	struct epoll_event got[256];

	signal(SIGPIPE, SIG_IGN);
	answers[INSTANT] = answer_json(600);
	answers[BIG] = answer_json(100000);
	make_streams();
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		int n = epoll_wait(epoll, got, 256, queues_run());

		for (int i = 0; i < n; i++) {
			if (got[i].data.fd == listener)
				accept_one(epoll, listener);
			else if (peers[got[i].data.fd] != NULL)
				readable(got[i].data.fd, peers[got[i].data.fd]);
		}
	}
}
