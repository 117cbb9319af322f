#include "worker/fetch_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rare.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "worker/client_dialect.h"
#include "worker/prepare.h"
#include "worker/worker_priv.h"

/* Always -1; which image it is stands in param. */
static int
fetch_refuse(struct req *r, const struct chat_part *part, const char *text)
{
	char where[64];

	snprintf(where, sizeof where, "messages[%u].content[%u].image_url",
	    part->message, part->at);
	return err_param(req_err(r), ERR_INVALID_VALUE, where, "%s", text);
}

static bool
fetch_is_web(struct slice url)
{
	return slice_starts_nocase(url, SLICE("https:")) ||
	       slice_starts_nocase(url, SLICE("http:"));
}

static int
fetch_add(struct fetch *f, struct chat_part *part, unsigned number)
{
	int64_t most = f->req->w->settings->images_fetch_count;
	struct picture *p;
	char text[64];

	if (f->n == (uint64_t)most) {
		snprintf(text, sizeof text,
		    "A request may name at most %lld images by URL.",
		    (long long)most);
		return fetch_refuse(f->req, part, text);
	}
	f->pictures = xrealloc(f->pictures, (f->n + 1) * sizeof *f->pictures);
	p = &f->pictures[f->n++];
	*p = (struct picture){ .fetch = f, .part = part, .number = number };
	sbuf_add_slice(&p->text, part->media.url);
	return 0;
}

/* The images of parts, and of results in them; *images counts all. */
static int
fetch_list(struct fetch *f, struct chat_part *parts, unsigned n,
    unsigned *images)
{
	for (unsigned i = 0; i < n; i++) {
		struct chat_part *p = &parts[i];

		if (p->type == CHAT_RESULT &&
		    fetch_list(f, p->parts, p->n, images) != 0)
			return -1;
		if (p->type != CHAT_IMAGE)
			continue;
		++*images;
		if (fetch_is_web(p->media.url) && fetch_add(f, p, *images) != 0)
			return -1;
	}
	return 0;
}

/* All are asked for at once; where each is kept does not move any more. */
static int
fetch_begin(struct req *r)
{
	struct fetch *f = xcalloc(1, sizeof *f);
	struct chat *chat;
	unsigned images = 0;

	r->fetch = f;
	f->req = r;
	f->until_ms =
	    now_mono_ms() + (uint64_t)r->w->settings->images_fetch_timeout_ms;
	if (prepare_chat(r) != 0)
		return -1;
	chat = &r->ask->chat;
	for (unsigned i = 0; i < chat->n; i++)
		if (fetch_list(f, chat->messages[i].parts, chat->messages[i].n,
			&images) != 0)
			return -1;
	for (unsigned i = 0; i < f->n; i++)
		picture_ask(&f->pictures[i]);
	return 0;
}

/* To the client all reasons are the same (security.md F12). */
static int
fetch_fail(const struct picture *p, const char *reason)
{
	char text[64];

	log_debug("fetch: image %u: %s", p->number, reason);
	snprintf(text, sizeof text, "Could not fetch image %u", p->number);
	return fetch_refuse(p->fetch->req, p->part, text);
}

/* They count as if the client had sent them. */
static int
fetch_check_size(const struct fetch *f)
{
	size_t most = (size_t)f->req->w->settings->server_max_body_bytes;

	if (f->req->body.n + f->bytes <= most)
		return 0;
	return err_set(req_err(f->req), ERR_TOO_LARGE,
	    "The request body exceeds %zu bytes.", most);
}

static void
fetch_put(struct fetch *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		struct picture *p = &f->pictures[i];
		struct chat_media *m = &p->part->media;

		m->data = sbuf_slice(&p->base64);
		m->type = picture_type(p);
		m->url = SLICE("");
	}
}

/* 1 when all are whole. */
static int
fetch_look(struct fetch *f)
{
	bool late = now_mono_ms() >= f->until_ms, whole = true;

	if (fetch_check_size(f) != 0)
		return -1;
	for (unsigned i = 0; i < f->n; i++) {
		struct picture *p = &f->pictures[i];

		if (p->state == PICTURE_MOVED)
			picture_follow(p);
		if (p->state == PICTURE_FAILED)
			return fetch_fail(p, p->reason);
		if (p->state == PICTURE_ASKED && late)
			return fetch_fail(p, "it takes too long");
		whole &= p->state == PICTURE_WHOLE;
	}
	return whole;
}

static bool
fetch_is_wanted(const struct req *r)
{
	return r->w->settings->images_fetch && r->dialect != NULL &&
	       r->dialect->wants_bytes && !r->native && !client_counts(r) &&
	       r->params.messages.images > 0;
}

static RARE int
fetch_go_on(struct req *r)
{
	int got = 0;

	if (r->fetch == NULL)
		got = fetch_begin(r);
	if (got == 0)
		got = fetch_look(r->fetch);
	if (got == 0) {
		req_wait_until(r, r->fetch->until_ms);
		return 0;
	}
	fetch_stop(r);
	req_wait_until(r, 0);
	if (got == 1)
		fetch_put(r->fetch);
	return got;
}

int
fetch_images(struct req *r)
{
	/* Of an earlier attempt, perhaps: this one takes the addresses. */
	return fetch_is_wanted(r) ? fetch_go_on(r) : 1;
}

void
fetch_stop(struct req *r)
{
	struct fetch *f = r->fetch;

	for (unsigned i = 0; f != NULL && i < f->n; i++)
		picture_stop(&f->pictures[i]);
}

void
fetch_free(struct fetch **fp)
{
	struct fetch *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->n; i++)
		picture_fini(&f->pictures[i]);
	free(f->pictures);
	free(f);
}
