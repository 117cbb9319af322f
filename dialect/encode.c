#include "dialect/encode.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/xmem.h"
#include "proto/jscan.h"
#include "proto/sse.h"

#define ENCODE(family, table) extern const struct encode_ops table;
#include "dialect/encodes.def"
#undef ENCODE

static const struct encode_ops *const families[ENCODE_FAMILIES] = {
#define ENCODE(family, table) [ENCODE_##family] = &table,
#include "dialect/encodes.def"
#undef ENCODE
};

struct encode {
	const struct encode_ops *ops;
	struct encode_ctx ctx;
	struct sse sse;
};

struct encode *
encode_new(const struct encode_opts *opts)
{
	struct encode *x = xcalloc(1, sizeof *x);

	x->ops = families[opts->family];
	x->ctx.opts = *opts;
	sse_init(&x->sse);
	if (x->ops->state_size > 0)
		x->ctx.state = xcalloc(1, x->ops->state_size);
	return x;
}

void
encode_free(struct encode **xp)
{
	struct encode *x = *xp;

	*xp = NULL;
	if (x == NULL)
		return;
	sse_fini(&x->sse);
	for (size_t i = 0; i < sizeof x->ctx.kept / sizeof x->ctx.kept[0]; i++)
		sbuf_free(&x->ctx.kept[i]);
	free(x->ctx.state);
	free(x);
}

int
encode_feed(struct encode *x, struct slice frames, struct sbuf *out,
    struct err *e)
{
	struct sse_event ev;
	struct jscan_item item;
	int more;

	while ((more = sse_next(&x->sse, &frames, &ev, e)) == 1) {
		if (slice_eq(ev.data, SLICE("[DONE]"))) {
			x->ops->end(&x->ctx, out);
			continue;
		}
		if (jscan_value(ev.data, &item, e) != 0)
			return -1;
		if (item.type == JSCAN_OBJECT)
			x->ops->chunk(&x->ctx, item.value, out);
	}
	return more;
}

void
encode_passed(struct encode *x, unsigned n)
{
	x->ctx.passed = n;
}

void
encode_error(struct encode *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	x->ops->error(&x->ctx, status, message, type, code, out);
}

void
encode_idle(struct encode *x, struct sbuf *out)
{
	if (x->ops->idle != NULL)
		x->ops->idle(&x->ctx, out);
	else
		sbuf_adds(out, ": keep-alive\n\n");
}

int
encode_whole(struct encode *x, struct slice json, struct sbuf *out,
    struct err *e)
{
	struct jscan_item item;

	if (jscan_value(json, &item, e) != 0 || item.type != JSCAN_OBJECT)
		return err_set(e, ERR_UPSTREAM_INVALID, "reply is no object");
	x->ops->whole(&x->ctx, item.value, out);
	return 0;
}
