/*
 * gemini_partial - arguments of a call that come as paths and values:
 * {"jsonPath":"$.place.city","stringValue":"Ro","willContinue":true}.
 *
 * They come in the order in which the JSON is written, so that it can leave
 * at once: what is open is closed down to where old and new path part.
 */
#include "base/sbuf.h"
#include "dialect/gemini_priv.h"
#include "proto/jstr.h"

#define STEPS_MAX 32

struct partial_step {
	struct slice name; /* of a member; n 0: an element of an array */
	bool element;
};

struct partial_path {
	struct partial_step steps[STEPS_MAX];
	unsigned n;
};

/* The step at the front: ".name", "['name']", "[3]".  Its length, 0: none. */
static size_t
partial_step(struct slice path, struct partial_step *step)
{
	const char *end;
	size_t n = 1;

	if (path.p[0] == '.') {
		while (n < path.n && path.p[n] != '.' && path.p[n] != '[')
			n++;
		*step = (struct partial_step){ { path.p + 1, n - 1 }, false };
		return n;
	}
	end = path.p[0] == '[' ? memchr(path.p, ']', path.n) : NULL;
	if (end == NULL || end < path.p + 2)
		return 0;
	n = (size_t)(end - path.p) + 1;
	step->name = (struct slice){ path.p + 1, n - 2 };
	step->element = path.p[1] >= '0' && path.p[1] <= '9';
	if (!step->element && n >= 4)
		step->name = (struct slice){ path.p + 2, n - 4 };
	return n;
}

/* "$.a[0].b" as steps.  0 or -1. */
static int
partial_parse(struct slice path, struct partial_path *to)
{
	size_t n;

	to->n = 0;
	if (path.n < 2 || *path.p != '$')
		return -1;
	for (path = slice_skip(path, 1); path.n > 0;
	     path = slice_skip(path, n)) {
		if (to->n == STEPS_MAX)
			return -1;
		n = partial_step(path, &to->steps[to->n++]);
		if (n == 0)
			return -1;
	}
	return 0;
}

static unsigned
partial_common(const struct partial_path *a, const struct partial_path *b)
{
	unsigned n = 0;

	while (n < a->n && n < b->n &&
	       a->steps[n].element == b->steps[n].element &&
	       slice_eq(a->steps[n].name, b->steps[n].name))
		n++;
	return n;
}

static void
partial_key(const struct partial_step *step, struct sbuf *b)
{
	if (step->element)
		return;
	sbuf_add_json(b, step->name);
	sbuf_addc(b, ':');
}

/* Close what is open deeper than the first steps that stay. */
static void
partial_close(const struct partial_path *path, unsigned stay, struct sbuf *b)
{
	for (unsigned i = path->n; i-- > stay;)
		sbuf_addc(b, path->steps[i].element ? ']' : '}');
}

/* From the old leaf to the new one.  0 or -1. */
static int
partial_move(struct gemini_partial *p, struct slice path, struct sbuf *b)
{
	struct partial_path from, to;
	unsigned same;

	if (path.n >= sizeof p->path || partial_parse(path, &to) != 0)
		return -1;
	from.n = 0;
	if (p->started && partial_parse(slice_str(p->path), &from) != 0)
		return -1;
	same = partial_common(&from, &to);
	if (p->started) {
		if (same == from.n || same == to.n ||
		    from.steps[same].element != to.steps[same].element)
			return -1;
		partial_close(&from, same + 1, b);
		sbuf_addc(b, ',');
		partial_key(&to.steps[same++], b);
	}
	for (; same < to.n; same++) {
		sbuf_addc(b, to.steps[same].element ? '[' : '{');
		partial_key(&to.steps[same], b);
	}
	memcpy(p->path, path.p, path.n);
	p->path[path.n] = '\0';
	p->started = true;
	return 0;
}

enum {
	PIECE_PATH,
	PIECE_TEXT,
	PIECE_NUMBER,
	PIECE_BOOL,
	PIECE_NULL,
	PIECE_GOES_ON,
	PIECES
};
static const struct slice piece_names[PIECES] = {
	[PIECE_PATH] = SLICE("jsonPath"),
	[PIECE_TEXT] = SLICE("stringValue"),
	[PIECE_NUMBER] = SLICE("numberValue"),
	[PIECE_BOOL] = SLICE("boolValue"),
	[PIECE_NULL] = SLICE("nullValue"),
	[PIECE_GOES_ON] = SLICE("willContinue"),
};

static void
partial_end_text(struct gemini_partial *p, struct sbuf *b)
{
	if (p->in_text)
		sbuf_addc(b, '"');
	p->in_text = false;
}

static void
partial_value(struct gemini_partial *p, const struct jscan_item at[PIECES],
    struct sbuf *b)
{
	if (at[PIECE_TEXT].type == JSCAN_STRING) {
		if (!p->in_text)
			sbuf_addc(b, '"');
		sbuf_add_slice(b, jscan_text(&at[PIECE_TEXT]));
		p->in_text = true;
		if (!jscan_true(&at[PIECE_GOES_ON]))
			partial_end_text(p, b);
		return;
	}
	partial_end_text(p, b);
	if (at[PIECE_NUMBER].type == JSCAN_NUMBER)
		sbuf_add_slice(b, at[PIECE_NUMBER].value);
	else if (at[PIECE_BOOL].type == JSCAN_BOOL)
		sbuf_add_slice(b, at[PIECE_BOOL].value);
	else
		sbuf_adds(b, "null");
}

static int
partial_piece(struct gemini_partial *p, struct slice json, struct sbuf *b)
{
	struct jscan_item at[PIECES];
	char path[sizeof p->path];
	struct slice raw;
	size_t n;

	gemini_members(json, piece_names, PIECES, at);
	if (at[PIECE_PATH].type != JSCAN_STRING)
		return -1;
	raw = jscan_text(&at[PIECE_PATH]);
	if (raw.n >= sizeof path)
		return -1;
	n = jstr_unescape(raw, path);
	if (p->in_text &&
	    slice_eq((struct slice){ path, n }, slice_str(p->path))) {
		partial_value(p, at, b);
		return 0;
	}
	partial_end_text(p, b);
	if (partial_move(p, (struct slice){ path, n }, b) != 0)
		return -1;
	partial_value(p, at, b);
	return 0;
}

int
gemini_partial_read(struct gemini_partial *p, struct chatout *o,
    struct slice pieces)
{
	struct sbuf b = { 0 };
	struct jscan_iter it;
	struct jscan_item item;
	int done = 0;

	jscan_enter(&it, pieces);
	while (done == 0 && jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			done = partial_piece(p, item.value, &b);
	if (done == 0)
		chatout_arguments_json(o, sbuf_slice(&b));
	sbuf_free(&b);
	return done;
}

void
gemini_partial_end(struct gemini_partial *p, struct chatout *o)
{
	struct partial_path path;
	struct sbuf b = { 0 };

	if (!p->open)
		return;
	if (p->started && partial_parse(slice_str(p->path), &path) == 0) {
		partial_end_text(p, &b);
		partial_close(&path, 0, &b);
		chatout_arguments_json(o, sbuf_slice(&b));
	}
	chatout_call_end(o);
	sbuf_free(&b);
	*p = (struct gemini_partial){ .open = false };
}
