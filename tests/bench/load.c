/*
 * load - one client process of the benchmarks.
 *
 * usage: load PORT CONNECTIONS SECONDS RATE NEW FILE [SERIAL]
 *
 * Sends the bytes of FILE (one whole HTTP request) again and again over so
 * many connections, and reads each answer to its end.  RATE 0 is a closed
 * loop: a connection asks again when its answer is whole.  Otherwise RATE
 * requests a second are due at fixed times over all connections, and the
 * latency of one counts from when it was due (open loop).  NEW 1 makes a
 * connection for every request.  A text #SERIAL##### in FILE is overwritten
 * with a number that counts up from SERIAL, so that no two requests are equal.
 * When the time is over the answers in flight are awaited.  Prints one line of
 * JSON.
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 4096 /* 64 to a doubling of the time */
#define HEAD 8192
#define REQUEST_MAX (1 << 24)
#define MARK "#SERIAL#####"
#define DRAIN_NS 5000000000LL
#define TURN_NS 1000000LL /* the longest wait */

struct histogram {
	unsigned long n[BUCKETS], total;
};

struct conn {
	int fd;
	bool busy;
	long long due_ns, first_ns;
	char head[HEAD];
	size_t head_len;
	bool head_done, chunked, last;
	long long left; /* of a body with a length */
	char tail[5];   /* the last bytes seen of a chunked body */
	int status;
};

static struct {
	int port, epoll;
	bool fresh;
	char *request;
	size_t request_len;
	char *mark; /* in request; NULL = all are equal */
	unsigned long serial;
	unsigned long sent, done, errors, refused, bytes;
	int bad_status; /* the last that was not 200 */
	struct histogram whole, first;
} run;

static long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int
bucket_of(long long us)
{
	int shift = 0;

	if (us < 0)
		us = 0;
	while (us >> shift >= 128)
		shift++;
	return (int)(us >> shift) + 64 * shift;
}

static long long
bucket_us(int b)
{
	if (b < 128)
		return b;
	return (long long)(64 + b % 64) << (b / 64 - 1);
}

static void
histogram_add(struct histogram *h, long long ns)
{
	int b = bucket_of(ns / 1000);

	h->n[b < BUCKETS ? b : BUCKETS - 1]++;
	h->total++;
}

static long long
histogram_at(const struct histogram *h, double share)
{
	unsigned long want = (unsigned long)((double)h->total * share), sum = 0;

	for (int b = 0; b < BUCKETS; b++) {
		sum += h->n[b];
		if (sum > want)
			return bucket_us(b);
	}
	return 0;
}

static void
conn_open(struct conn *c)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)run.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&sin, sizeof sin) != 0) {
		run.refused++;
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

static void
conn_close(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->busy = false;
}

static void
mark_serial(void)
{
	unsigned long n = run.serial++;

	for (size_t i = sizeof MARK - 1; i-- > 0; n /= 10)
		run.mark[i] = (char)('0' + n % 10);
}

static void
conn_ask(struct conn *c, long long due)
{
	if (c->fd < 0)
		conn_open(c);
	if (c->fd < 0)
		return;
	run.sent++;
	if (run.mark != NULL)
		mark_serial();
	c->busy = true;
	c->due_ns = due;
	c->first_ns = 0;
	c->head_len = 0;
	c->head_done = false;
	memset(c->tail, 0, sizeof c->tail);
	for (size_t at = 0; at < run.request_len;) {
		ssize_t n =
		    write(c->fd, run.request + at, run.request_len - at);

		if (n <= 0) {
			run.errors++;
			conn_close(c);
			return;
		}
		at += (size_t)n;
	}
}

static void
conn_finish(struct conn *c)
{
	long long now = now_ns();

	c->busy = false;
	run.done++;
	if (c->status != 200) {
		run.errors++;
		run.bad_status = c->status;
	}
	histogram_add(&run.whole, now - c->due_ns);
	histogram_add(&run.first, c->first_ns - c->due_ns);
	if (run.fresh || c->last)
		conn_close(c);
}

static bool
take_body(struct conn *c, const char *p, size_t n)
{
	if (!c->chunked) {
		c->left -= (long long)n;
		return c->left <= 0;
	}
	if (n >= 5) {
		memcpy(c->tail, p + n - 5, 5);
	} else {
		memmove(c->tail, c->tail + n, 5 - n);
		memcpy(c->tail + 5 - n, p, n);
	}
	return memcmp(c->tail, "0\r\n\r\n", 5) == 0;
}

/* What a line of the head says of the body and of the connection. */
static void
take_field(struct conn *c, const char *line)
{
	if (strncasecmp(line, "content-length:", 15) == 0)
		c->left = atoll(line + 15);
	else if (strncasecmp(line, "transfer-encoding: chunked", 26) == 0)
		c->chunked = true;
	else if (strncasecmp(line, "connection: close", 17) == 0)
		c->last = true;
}

/*
 * Line by line: to search the whole head for each name costs more the more
 * fields a server sends, and a slow load leaves its server idle.
 */
static void
take_head(struct conn *c)
{
	const char *line = c->head;

	c->head_done = true;
	c->status = atoi(c->head + 9);
	c->left = 0;
	c->last = c->chunked = false;
	while ((line = strchr(line, '\n')) != NULL)
		take_field(c, ++line);
}

/* True when the answer is whole. */
static bool
take_bytes(struct conn *c, const char *p, size_t n)
{
	size_t before = c->head_len, take;
	char *end;

	if (c->head_done)
		return take_body(c, p, n);
	take = n < HEAD - 1 - c->head_len ? n : HEAD - 1 - c->head_len;
	memcpy(c->head + c->head_len, p, take);
	c->head_len += take;
	c->head[c->head_len] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL)
		return false;
	*end = '\0';
	take_head(c);
	take = (size_t)(end + 4 - c->head) - before;
	return take_body(c, p + take, n - take);
}

static void
conn_read(struct conn *c)
{
	static char buf[262144];
	ssize_t n = recv(c->fd, buf, sizeof buf, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (c->busy)
			run.errors++;
		conn_close(c);
		return;
	}
	run.bytes += (unsigned long)n;
	if (c->first_ns == 0)
		c->first_ns = now_ns();
	if (c->busy && take_bytes(c, buf, (size_t)n))
		conn_finish(c);
}

static void
read_request(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	run.request = malloc(REQUEST_MAX);
	run.request_len = fread(run.request, 1, REQUEST_MAX, f);
	fclose(f);
	run.mark = memmem(run.request, run.request_len, MARK, sizeof MARK - 1);
}

static struct conn *
idle_conn(struct conn *conns, int n)
{
	static int next;

	for (int i = 0; i < n; i++) {
		struct conn *c = &conns[(next + i) % n];

		if (!c->busy) {
			next = (next + i + 1) % n;
			return c;
		}
	}
	return NULL;
}

static void
print(double seconds)
{
	printf("{\"sent\":%lu,\"requests\":%lu,\"errors\":%lu,"
	       "\"bad_status\":%d,\"refused\":%lu,\"bytes\":%lu,\"seconds\":%."
	       "3f,"
	       "\"per_second\":%.1f,"
	       "\"p50_us\":%lld,\"p90_us\":%lld,\"p99_us\":%lld,"
	       "\"first_p50_us\":%lld,\"first_p99_us\":%lld}\n",
	    run.sent, run.done, run.errors, run.bad_status, run.refused,
	    run.bytes, seconds, (double)run.done / seconds,
	    histogram_at(&run.whole, 0.5), histogram_at(&run.whole, 0.9),
	    histogram_at(&run.whole, 0.99), histogram_at(&run.first, 0.5),
	    histogram_at(&run.first, 0.99));
}

static void
wait_for_answers(long long ns)
{
	struct timespec ts = { .tv_nsec = ns > 0 ? ns : 0 };
	struct epoll_event got[256];
	int n = epoll_pwait2(run.epoll, got, 256, &ts, NULL);

	for (int i = 0; i < n; i++)
		conn_read(got[i].data.ptr);
}

static bool
any_busy(const struct conn *conns, int n)
{
	for (int i = 0; i < n; i++)
		if (conns[i].busy)
			return true;
	return false;
}

/* Ask again wherever an answer is whole. */
static void
run_closed(struct conn *conns, int n, long long end)
{
	while (now_ns() < end) {
		for (int i = 0; i < n; i++)
			if (!conns[i].busy)
				conn_ask(&conns[i], now_ns());
		wait_for_answers(TURN_NS);
	}
}

/* Ask when it is time, whether or not the answers keep up. */
static void
run_open(struct conn *conns, int n, long long end, int rate)
{
	long long due = now_ns(), left;

	while (now_ns() < end) {
		struct conn *c;

		while (due <= now_ns() && due < end &&
		       (c = idle_conn(conns, n)) != NULL) {
			conn_ask(c, due);
			due += 1000000000LL / rate;
		}
		left = due - now_ns();
		wait_for_answers(left > 0 && left < TURN_NS ? left : TURN_NS);
	}
}

int
main(int argc, char **argv)
{
	struct conn *conns;
	long long start, end;
	int n, rate;

	if (argc != 7 && argc != 8) {
		fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS RATE NEW "
				"FILE [SERIAL]\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1);
	run.port = atoi(argv[1]);
	n = atoi(argv[2]);
	rate = atoi(argv[4]);
	run.fresh = atoi(argv[5]) == 1;
	run.serial = argc == 8 ? strtoul(argv[7], NULL, 10) : 0;
	read_request(argv[6]);
	run.epoll = epoll_create1(0);
	conns = calloc((size_t)n, sizeof *conns);
	for (int i = 0; i < n; i++)
		conns[i].fd = -1;
	start = now_ns();
	end = start + (long long)(atof(argv[3]) * 1e9);
	if (rate == 0)
		run_closed(conns, n, end);
	else
		run_open(conns, n, end, rate);
	while (any_busy(conns, n) && now_ns() < end + DRAIN_NS)
		wait_for_answers(TURN_NS);
	print((double)(now_ns() - start) / 1e9);
	return 0;
}
