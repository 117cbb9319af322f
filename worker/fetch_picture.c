#include "worker/fetch_priv.h"

#include "base/err.h"
#include "base/pool.h"
#include "base/settings.h"
#include "base/version.h"
#include "dialect/ask.h"
#include "net/client.h"
#include "net/http1.h"
#include "proto/base64.h"
#include "worker/tls.h"
#include "worker/worker_priv.h"

#define PICTURE_REDIRECTS 3

static const struct settings *
picture_settings(const struct picture *p)
{
	return p->fetch->req->w->settings;
}

/* The step looks at it at the end of this turn, when calls have settled. */
static void
picture_is(struct picture *p, enum picture_state state, const char *reason)
{
	p->state = state;
	p->reason = reason;
	call_cancel(&p->call);
	req_wake(p->fetch->req);
}

static void
picture_ready(void *ctx)
{
	(void)ctx;
}

static bool
picture_is_moved(unsigned status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static void
picture_head(void *ctx, const struct http1_head *h)
{
	struct picture *p = ctx;
	struct slice location = http1_header(h, HTTP1_LOCATION);
	uint64_t most = (uint64_t)picture_settings(p)->images_fetch_max_bytes;

	if (picture_is_moved(h->status) && location.n > 0) {
		sbuf_clear(&p->location);
		sbuf_add_slice(&p->location, location);
		picture_is(p, PICTURE_MOVED, NULL);
	} else if (h->status != 200) {
		picture_is(p, PICTURE_FAILED, "its status is not 200");
	} else if (h->body == HTTP1_BODY_LENGTH && h->content_length > most) {
		picture_is(p, PICTURE_FAILED, "it is too large");
	}
}

/* Whole groups of three bytes are written, the rest is kept. */
static void
picture_encode(struct picture *p, struct slice bytes)
{
	struct slice whole;

	while (p->n_odd > 0 && p->n_odd < sizeof p->odd && bytes.n > 0)
		p->odd[p->n_odd++] = (unsigned char)slice_take(&bytes);
	if (p->n_odd == sizeof p->odd) {
		whole = (struct slice){ (char *)p->odd, sizeof p->odd };
		base64_write(&p->base64, whole);
		p->n_odd = 0;
	}
	whole = (struct slice){ bytes.p, bytes.n - bytes.n % 3 };
	base64_write(&p->base64, whole);
	bytes = slice_skip(bytes, whole.n);
	while (bytes.n > 0)
		p->odd[p->n_odd++] = (unsigned char)slice_take(&bytes);
}

static void
picture_data(void *ctx, struct slice bytes)
{
	struct picture *p = ctx;
	size_t most = (size_t)picture_settings(p)->images_fetch_max_bytes;

	if (bytes.n > most - p->bytes) {
		picture_is(p, PICTURE_FAILED, "it is too large");
		return;
	}
	for (size_t i = 0; i < bytes.n && p->bytes + i < sizeof p->start; i++)
		p->start[p->bytes + i] = (unsigned char)bytes.p[i];
	p->bytes += bytes.n;
	p->fetch->bytes += bytes.n;
	picture_encode(p, bytes);
	/* Together they may be too many: the step knows. */
	if (p->fetch->bytes >
	    (size_t)picture_settings(p)->server_max_body_bytes)
		req_wake(p->fetch->req);
}

/* What RIFF begins may be sound or a film as well. */
struct slice
picture_type(const struct picture *p)
{
	struct slice type = ask_image_type(sbuf_slice(&p->base64));

	if (slice_eq(type, SLICE("image/webp")) &&
	    (p->bytes < sizeof p->start ||
		memcmp(p->start + 8, "WEBP", 4) != 0))
		return SLICE("");
	return type;
}

static void
picture_end(void *ctx)
{
	struct picture *p = ctx;

	p->call = NULL;
	base64_write(&p->base64, (struct slice){ (char *)p->odd, p->n_odd });
	p->n_odd = 0;
	if (picture_type(p).n > 0)
		picture_is(p, PICTURE_WHOLE, NULL);
	else
		picture_is(p, PICTURE_FAILED, "it is no image");
}

static void
picture_fail(void *ctx, enum call_failure failure, const struct err *e)
{
	struct picture *p = ctx;

	p->call = NULL;
	picture_is(p, PICTURE_FAILED,
	    e->kind == ERR_API_BASE_NOT_ALLOWED ? "it may not be asked"
						: call_failure_name(failure));
}

static const struct call_ops picture_ops = { picture_ready, picture_head,
	picture_data, picture_end, picture_fail };

static void
picture_write_head(struct picture *p)
{
	struct sbuf *b = &p->head;

	sbuf_clear(b);
	sbuf_adds(b, p->url.path.n > 0 ? "GET " : "GET /");
	sbuf_add_slice(b, p->url.path);
	sbuf_add_slice(b, p->url.query);
	sbuf_adds(b, " HTTP/1.1\r\n");
	client_write_host(b, p->url.host, p->url.port, p->url.tls);
	sbuf_adds(b, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"
		     "Accept: image/png, image/jpeg, image/gif, image/webp\r\n"
		     "Accept-Encoding: identity\r\nConnection: close\r\n\r\n");
}

static void
picture_connect(struct picture *p)
{
	struct req *r = p->fetch->req;
	struct client_target_options o = {
		.host = pool_copy(r->pool, p->url.host).p,
		.port = p->url.port,
		.tls = p->url.tls ? worker_tls_system(r->w->tls) : NULL,
		.connect_ms =
		    (uint32_t)picture_settings(p)->images_fetch_timeout_ms,
		.public_only = true,
	};

	p->target = client_target_new(r->w->client, &o);
}

void
picture_ask(struct picture *p)
{
	struct call_request q = { .fresh = true };

	if (!guard_url(sbuf_slice(&p->text), &p->url) ||
	    !(p->url.tls || picture_settings(p)->images_fetch_http)) {
		p->state = PICTURE_FAILED;
		p->reason = "its URL is not allowed";
		return;
	}
	p->state = PICTURE_ASKED;
	picture_connect(p);
	picture_write_head(p);
	q.head = sbuf_slice(&p->head);
	p->call = call_start(p->target, &q, &picture_ops, p);
}

void
picture_follow(struct picture *p)
{
	struct sbuf to = { 0 };

	picture_stop(p);
	if (p->redirects++ == PICTURE_REDIRECTS) {
		p->state = PICTURE_FAILED;
		p->reason = "it is moved too often";
		return;
	}
	guard_join(&p->url, sbuf_slice(&p->location), &to);
	sbuf_free(&p->text);
	p->text = to;
	picture_ask(p);
}

void
picture_stop(struct picture *p)
{
	call_cancel(&p->call);
	client_target_free(&p->target);
}

void
picture_fini(struct picture *p)
{
	picture_stop(p);
	sbuf_free(&p->text);
	sbuf_free(&p->location);
	sbuf_free(&p->head);
	sbuf_free(&p->base64);
}
