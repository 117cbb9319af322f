#include <stdatomic.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/settings.h"
#include "net/server.h"
#include "worker/client_dialect.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

static int
parse_headers(struct req *r, struct params_source *source)
{
	struct jscan_body *decoded = NULL;

	for (int i = 0; i < PARAMHDR_COUNT; i++) {
		if (r->raw_headers[i].p == NULL)
			continue;
		if (decoded == NULL)
			decoded = pool_alloc(r->pool,
			    PARAMHDR_COUNT * sizeof *decoded);
		source->headers = decoded;
		if (paramhdr_read(i, r->raw_headers[i], r->pool,
			&decoded[source->n_headers], req_err(r)) != 0)
			return -1;
		source->n_headers++;
	}
	return 0;
}

static void
parse_headers_allow(struct req *r, struct params_source *source)
{
	const struct settings *s = r->w->settings;
	const struct sref *from =
	    settings_list(s, s->server_extra_headers_allow);
	uint32_t n = s->server_extra_headers_allow.n;
	struct slice *names;

	if (n == 0)
		return;
	names = pool_alloc(r->pool, n * sizeof *names);
	for (uint32_t i = 0; i < n; i++)
		names[i] = settings_str(s, from[i]);
	source->headers_allow = names;
	source->n_headers_allow = n;
}

/* What is said again as chat: the headers of Respan are merged there. */
static int
parse_other(struct req *r, struct params_source *source)
{
	struct slice chat;

	if (parse_headers(r, source) != 0 ||
	    client_read(r, source->headers, source->n_headers, &chat) != 0)
		return -1;
	source->headers = NULL;
	source->n_headers = 0;
	return params_body(chat, r->pool, &r->json, req_err(r));
}

static int
parse_chat(struct req *r, struct params_source *source)
{
	if (params_body(r->body, r->pool, &r->json, req_err(r)) != 0)
		return -1;
	source->dialect = client_dialect(r);
	return parse_headers(r, source);
}

static int
parse_params(struct req *r)
{
	struct params_source source = { .body = &r->json,
		.dialect = DIALECT_CHAT };

	if (client_scan(r) != 0 ||
	    (r->inbound != NULL ? parse_other(r, &source)
				: parse_chat(r, &source)) != 0)
		return -1;
	parse_headers_allow(r, &source);
	return params_read(&source, r->pool, &r->params, req_err(r));
}

/* A stream has no deadline of its own, but what "timeout" sets. */
static void
parse_deadline(struct req *r)
{
	uint64_t began_ms = r->arrived_ns / 1000000, own_ms;

	r->deadline_ms = TIMER_NEVER;
	if (!r->stream)
		r->deadline_ms =
		    began_ms +
		    (uint64_t)r->w->settings->server_request_timeout_ms;
	if (params_has(&r->params, PARAM_timeout)) {
		own_ms = (uint64_t)params_number(&r->params, PARAM_timeout, 0) /
		         1000000;
		if (own_ms < r->deadline_ms - began_ms)
			r->deadline_ms = began_ms + own_ms;
	}
	timer_set(&r->timer, r->deadline_ms);
}

enum step_result
step_parse_run(struct req *r)
{
	if (r->body.p == NULL)
		return STEP_WAIT;
	if (r->form_type && (r->body.n == 0 || *r->body.p != '{')) {
		err_set(req_err(r), ERR_MEDIA_TYPE,
		    "Unsupported media type "
		    "'application/x-www-form-urlencoded'.");
		return req_fail(r);
	}
	if (parse_params(r) != 0)
		return req_fail(r);
	r->parsed = true;
	r->log_omitted = params_bool(&r->params, PARAM_is_log_omitted);
	/* A count is one figure, whatever the request says. */
	r->stream = params_bool(&r->params, PARAM_stream) && !client_counts(r);
	parse_deadline(r);
	return STEP_NEXT;
}

void
step_parse_cancel(struct req *r)
{
	(void)r;
}
