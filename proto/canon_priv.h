#ifndef PROTO_CANON_PRIV_H
#define PROTO_CANON_PRIV_H

/* canon_priv - the writers of tokens; for proto/canon only. */

#include <stddef.h>
#include <string.h>

struct sbuf;

/*
 * A buffer with its end in a register.  Each writer asks for room before it
 * writes a step, and no step is longer than CANON_ROOM.
 */
struct canon_out {
	char *p, *limit;
	struct sbuf *b;
};

#define CANON_ROOM 256

/* Make room for n bytes behind p, which may move. */
char *canon_grow(struct canon_out *out, char *p, size_t n);

static inline char *
canon_room(struct canon_out *out, char *p)
{
	if (__builtin_expect(out->limit - p < CANON_ROOM, 0))
		return canon_grow(out, p, CANON_ROOM);
	return p;
}

/* What is written for an escape, always with one store of eight bytes. */
struct canon_escape {
	char text[7];
	unsigned char n;
};

/* Short ones, by the byte behind the backslash. */
extern const struct canon_escape canon_shorts[128];

/* c has passed the scan: it makes an escape. */
static inline char *
canon_short(char *out, char c)
{
	const struct canon_escape *e = &canon_shorts[(unsigned char)c];

	memcpy(out, e, sizeof *e);
	return out + e->n;
}

/* n bytes as they lie. */
void canon_copy(struct canon_out *out, const char *p, size_t n);

/*
 * From the opening quote to behind the closing one.  Nothing is read from end
 * on.
 */
const char *canon_string(struct canon_out *out, const char *p, const char *end);

/* From the first byte of a number to behind its last. */
const char *canon_number(struct canon_out *out, const char *p, const char *end);

#endif
