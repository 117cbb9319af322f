#include "dialect/calltext.h"

#include "base/sbuf.h"
#include "proto/jstr.h"

/* Where the text of a piece begins; what stands before it. */
struct calltext_head {
	unsigned tag;
	size_t n;
};

static void
calltext_outside(struct calltext *c, char byte)
{
	if (!c->begun) {
		c->begun = true;
		c->is_object = byte == '{';
	}
	if (byte == '"') {
		c->in_string = true;
	} else if (byte == '{' || byte == '[') {
		c->depth++;
	} else if ((byte == '}' || byte == ']') && c->depth > 0) {
		c->depth--;
		c->complete = c->depth == 0;
	}
}

static void
calltext_byte(struct calltext *c, char byte)
{
	if (c->in_string) {
		if (c->escaped)
			c->escaped = false;
		else if (byte == '\\')
			c->escaped = true;
		else if (byte == '"')
			c->in_string = false;
	} else if (byte != ' ') {
		calltext_outside(c, byte);
	}
}

/* The byte that an escape stands for, as far as it matters here. */
static char
calltext_escape(const char *p, size_t *used_r)
{
	unsigned code;

	*used_r = 1;
	if (*p == '"' || *p == '\\')
		return *p;
	if (*p != 'u')
		return *p == '/' ? '/' : ' ';
	code = jstr_unicode(p + 1, used_r);
	++*used_r;
	return code > ' ' && code < 0x80 ? (char)code : code > ' ' ? 'x' : ' ';
}

void
calltext_feed(struct calltext *c, struct slice raw)
{
	size_t used;

	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] != '\\') {
			calltext_byte(c, raw.p[i]);
			continue;
		}
		calltext_byte(c, calltext_escape(raw.p + i + 1, &used));
		i += used;
	}
}

void
calltext_log(struct sbuf *log, unsigned tag, struct slice text)
{
	struct calltext_head head = { tag, text.n };

	sbuf_add(log, &head, sizeof head);
	sbuf_add_slice(log, text);
}

int
calltext_next(struct slice *rest, unsigned *tag_r, struct slice *text_r)
{
	struct calltext_head head;

	if (rest->n == 0)
		return 0;
	memcpy(&head, rest->p, sizeof head);
	*rest = slice_skip(*rest, sizeof head);
	*tag_r = head.tag;
	*text_r = (struct slice){ rest->p, head.n };
	*rest = slice_skip(*rest, head.n);
	return 1;
}
