#include "net/addr.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define NAME_MAX_BYTES 253 /* D9 */
#define LABEL_MAX_BYTES 63

static bool
addr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
addr_is_alnum(char c)
{
	return addr_is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* -1 when c is no digit of that base. */
static int
addr_digit(char c, unsigned base)
{
	int value = -1;

	if (addr_is_digit(c))
		value = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		value = (c | 0x20) - 'a' + 10;
	return value < (int)base ? value : -1;
}

/* Take a number of at most digits_max digits without leading zeros. */
static int
addr_take_number(struct slice *s, unsigned base, size_t digits_max,
    unsigned *value_r)
{
	unsigned value = 0;
	size_t n = 0;

	while (n < s->n && n <= digits_max && addr_digit(s->p[n], base) >= 0)
		value = value * base + (unsigned)addr_digit(s->p[n++], base);
	if (n == 0 || n > digits_max || (n > 1 && s->p[0] == '0'))
		return 0;
	*s = slice_skip(*s, n);
	*value_r = value;
	return 1;
}

static int
addr_take_byte(struct slice *s, char before)
{
	if (s->n == 0 || slice_take(s) != before)
		return 0;
	return 1;
}

static int
addr_read_ip4(struct in_addr *out, struct slice text)
{
	uint32_t all = 0;

	for (int i = 0; i < 4; i++) {
		unsigned part;

		if (i > 0 && !addr_take_byte(&text, '.'))
			return 0;
		if (!addr_take_number(&text, 10, 3, &part) || part > 255)
			return 0;
		all = all << 8 | part;
	}
	if (text.n > 0)
		return 0;
	out->s_addr = htonl(all);
	return 1;
}

/*
 * The groups up to the end of the text or a "::".  Returns how many, -1 when
 * the text is none; *text then begins after the "::", *gap_r tells of it.
 */
static int
addr_take_groups(struct slice *text, uint16_t groups[8], bool *gap_r)
{
	int n = 0;

	*gap_r = false;
	while (text->n > 0) {
		unsigned group;

		if (slice_starts(*text, SLICE("::"))) {
			*text = slice_skip(*text, 2);
			*gap_r = true;
			return n;
		}
		if (n == 8 || (n > 0 && !addr_take_byte(text, ':')))
			return -1;
		if (!addr_take_number(text, 16, 4, &group))
			return -1;
		groups[n++] = (uint16_t)group;
	}
	return n;
}

/*
 * Any form of groups and one gap is taken here; that it is the form of RFC
 * 5952 is seen by writing the address again.  Dots are never taken, so the
 * forms that hold an IPv4 address fail one way or the other.
 */
static int
addr_read_ip6(struct in6_addr *out, struct slice text)
{
	uint16_t head[8] = { 0 }, tail[8];
	char canonical[INET6_ADDRSTRLEN];
	struct slice left = text;
	bool gap, second_gap = false;
	int n = addr_take_groups(&left, head, &gap), m = 0;

	if (n >= 0 && gap)
		m = addr_take_groups(&left, tail, &second_gap);
	if (n < 0 || m < 0 || second_gap || (gap ? n + m > 7 : n != 8))
		return 0;
	for (int i = 0; i < m; i++)
		head[8 - m + i] = tail[i];
	for (int i = 0; i < 8; i++) {
		out->s6_addr[2 * i] = (uint8_t)(head[i] >> 8);
		out->s6_addr[2 * i + 1] = (uint8_t)head[i];
	}
	inet_ntop(AF_INET6, out, canonical, sizeof canonical);
	return slice_eq_nocase(text, slice_str(canonical));
}

static struct slice
addr_unbracket(struct slice text)
{
	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		return (struct slice){ text.p + 1, text.n - 2 };
	return text;
}

int
addr_read_ip(struct addr *a, struct slice text, uint16_t port)
{
	struct addr out = { .len = 0 };

	if (addr_read_ip4(&out.sa.in.sin_addr, text)) {
		out.sa.in.sin_family = AF_INET;
		out.len = sizeof out.sa.in;
	} else if (addr_read_ip6(&out.sa.in6.sin6_addr, addr_unbracket(text))) {
		out.sa.in6.sin6_family = AF_INET6;
		out.len = sizeof out.sa.in6;
	} else {
		return 0;
	}
	*a = out;
	addr_set_port(a, port);
	return 1;
}

int
addr_read_listen(struct addr *a, struct slice text, uint16_t port)
{
	struct slice path = text;

	if (!slice_starts(text, SLICE("unix:")))
		return addr_read_ip(a, text, port);
	path = slice_skip(text, 5);
	if (path.n == 0 || path.n >= sizeof a->sa.un.sun_path ||
	    path.p[0] != '/' || memchr(path.p, '\0', path.n) != NULL)
		return 0;
	memset(a, 0, sizeof *a);
	a->sa.un.sun_family = AF_UNIX;
	memcpy(a->sa.un.sun_path, path.p, path.n);
	a->len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1);
	return 1;
}

static struct slice
addr_without_dot(struct slice text)
{
	if (text.n > 0 && text.p[text.n - 1] == '.')
		text.n--;
	return text;
}

bool
addr_looks_numeric(struct slice text)
{
	struct slice last = addr_without_dot(text);
	unsigned base = 10;
	const char *dot = memrchr(last.p, '.', last.n);

	if (dot != NULL)
		last = slice_skip(last, (size_t)(dot + 1 - last.p));
	if (last.n == 0 || !addr_is_digit(last.p[0]))
		return false;
	if (last.n > 1 && last.p[0] == '0' && (last.p[1] | 0x20) == 'x') {
		base = 16;
		last = slice_skip(last, 2);
	}
	while (last.n > 0)
		if (addr_digit(slice_take(&last), base) < 0)
			return false;
	return true;
}

/* Letters, digits, underscores anywhere; hyphens inside. */
static bool
addr_is_label(struct slice label)
{
	if (label.n == 0 || label.n > LABEL_MAX_BYTES || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!addr_is_alnum(label.p[i]) && label.p[i] != '-' &&
		    label.p[i] != '_')
			return false;
	return true;
}

bool
addr_is_name(struct slice text)
{
	struct slice left = addr_without_dot(text);

	if (left.n == 0 || left.n > NAME_MAX_BYTES || addr_looks_numeric(text))
		return false;
	for (;;) {
		const char *dot = memchr(left.p, '.', left.n);
		size_t n = dot != NULL ? (size_t)(dot - left.p) : left.n;

		if (!addr_is_label((struct slice){ left.p, n }))
			return false;
		if (dot == NULL)
			return true;
		left = slice_skip(left, n + 1);
	}
}
