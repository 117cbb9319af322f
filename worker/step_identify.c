#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "net/addr.h"
#include "net/http1.h"
#include "net/server.h"
#include "shm/gen.h"
#include "store/objects.h"
#include "worker/answer.h"
#include "worker/guess.h"
#include "worker/keys.h"
#include "worker/pages.h"
#include "worker/platform.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

static const char invalid_key[] =
    "Your API key is invalid or expired, please check your API key.";

/* What follows a known scheme and its blanks; p NULL when it is another. */
static struct slice
identify_scheme(struct slice value)
{
	static const struct slice schemes[] = { { "bearer", 6 },
		{ "api-key", 7 } };

	for (int i = 0; i < 2; i++) {
		struct slice s = schemes[i];

		if (value.n <= s.n || value.p[s.n] != ' ' ||
		    !slice_starts_nocase(value, s))
			continue;
		value = slice_skip(value, s.n);
		while (value.n > 0 && *value.p == ' ')
			value = slice_skip(value, 1);
		return value;
	}
	return (struct slice){ NULL, 0 };
}

/* The value of key= in a query, as it stands; keys need no escapes. */
static struct slice
identify_query(struct slice query)
{
	while (query.n > 0) {
		const char *end = memchr(query.p, '&', query.n);
		size_t n = end != NULL ? (size_t)(end - query.p) : query.n;

		if (n > 4 && memcmp(query.p, "key=", 4) == 0)
			return (struct slice){ query.p + 4, n - 4 };
		query = slice_skip(query, end != NULL ? n + 1 : n);
	}
	return (struct slice){ NULL, 0 };
}

static int
identify_credential(struct req *r, const struct http1_head *h,
    struct slice *credential_r)
{
	unsigned at = 0;
	struct slice value;

	if (http1_next(h, SLICE("authorization"), &at, &value)) {
		struct slice second;

		if (http1_next(h, SLICE("authorization"), &at, &second))
			return err_param(req_err(r), ERR_INVALID_HEADER, NULL,
			    "Header Authorization is malformed.");
		*credential_r = identify_scheme(value);
		if (credential_r->p == NULL)
			*credential_r = SLICE("");
		return 1;
	}
	*credential_r = http1_header(h, HTTP1_X_API_KEY);
	if (credential_r->p == NULL)
		*credential_r = http1_header(h, HTTP1_X_GOOG_API_KEY);
	if (credential_r->p == NULL && r->route.shape == ROUTE_SHAPE_GEMINI)
		*credential_r = identify_query(h->query);
	return credential_r->p != NULL;
}

/* The built-in key: loopback, no proxy, no real key yet (api.md 2.5). */
static bool
identify_demo_ok(struct req *r)
{
	struct worker *w = r->w;
	const struct settings *s = w->settings;
	struct addr peer;
	struct err e;

	if (settings_is(s, s->demo_enabled, "false") || r->forwarded)
		return false;
	if (addr_from_sockaddr(&peer, exchange_peer(r->x),
		sizeof(struct sockaddr_storage)) &&
	    !addr_is_loopback(&peer))
		return false;
	if (settings_is(s, s->demo_enabled, "true"))
		return true;
	if (w->keys_counted != gen_get(w->segment, GEN_KEYS) + 1) {
		w->keys_count = objects_keys_count(w->objects, &e);
		w->keys_counted = gen_get(w->segment, GEN_KEYS) + 1;
	}
	return s->keys.n == 0 && w->keys_count == 0;
}

/* The address ranges of the key; none = any. */
static bool
identify_address_ok(struct req *r)
{
	struct slice list = r->key->def.addresses, item;
	struct addr_net net;
	struct addr peer;

	if (list.n == 0)
		return true;
	if (addr_from_sockaddr(&peer, exchange_peer(r->x),
		sizeof(struct sockaddr_storage)) != 1)
		return false;
	while (defs_list_next(&list, &item))
		if (addr_read_net(&net, item) && addr_in_net(&peer, &net))
			return true;
	return false;
}

static enum step_result
identify_refuse(struct req *r, enum err_kind kind, const char *text)
{
	err_set(req_err(r), kind, "%s", text);
	return req_fail(r);
}

#define IDENTIFY_LOGGED 10 /* records of bad keys in a second */

/* A bad key leaves a short record, but a flood of them does not. */
static enum step_result
identify_unknown(struct req *r, enum err_kind kind, const char *text)
{
	struct worker *w = r->w;
	uint64_t second = now_mono_ms() / 1000;

	if (w->refused_second != second) {
		w->refused_second = second;
		w->refused_logged = 0;
	}
	r->logged = routes_is_ask(r->route.route) &&
	            w->refused_logged++ < IDENTIFY_LOGGED;
	if (!guess_counted(r))
		return identify_refuse(r, kind, text);
	identify_refuse(r, kind, text);
	r->refuse_ms = now_mono_ms() + GUESS_DELAY_MS;
	req_wait_until(r, r->refuse_ms);
	return STEP_WAIT;
}

/* Most requests come from where the last one came from. */
static void
identify_client_address(struct req *r)
{
	struct worker *w = r->w;
	const struct sockaddr *peer = exchange_peer(r->x);
	struct addr a;

	if (!w->settings->logs_client_address)
		return;
	if (addr_from_sockaddr(&a, peer, sizeof(struct sockaddr_storage)) != 1)
		return;
	if (!addr_same_host(&a, &w->last_peer)) {
		w->last_peer = a;
		addr_text(&a, w->last_peer_text);
	}
	r->client_address = pool_copy(r->pool, slice_str(w->last_peer_text));
}

enum step_result
step_identify_run(struct req *r)
{
	struct worker *w = r->w;
	struct slice credential = { NULL, 0 };
	enum key_verdict verdict;
	int found;

	if (r->platform != NULL)
		return platform_run(r);
	if (r->refuse_ms != 0)
		return now_mono_ms() < r->refuse_ms ? STEP_WAIT : STEP_DONE;
	r->counted = routes_is_ask(r->route.route);
	found = identify_credential(r, w->head, &credential);
	if (found < 0)
		return req_fail(r);
	if (found == 0)
		return identify_unknown(r, ERR_MISSING_KEY,
		    "Authentication credentials were not provided.");
	identify_client_address(r);
	verdict = keys_judge(w->keys, credential,
	    slice_eq(credential, SLICE("demo")) && identify_demo_ok(r),
	    &r->key);
	if (verdict != KEY_GOOD) {
		r->verdict = key_verdict_name(verdict);
		return identify_unknown(r, ERR_INVALID_KEY, invalid_key);
	}
	r->logged = routes_is_ask(r->route.route);
	if (r->route.route == ROUTE_PLATFORM)
		return platform_begin(r, identify_address_ok(r));
	if (!identify_address_ok(r))
		return identify_refuse(r, ERR_IP_NOT_ALLOWED,
		    "This key may not be used from this address.");
	if (!(r->key->def.scopes & SCOPE_GATEWAY))
		return identify_refuse(r, ERR_KEY_NOT_PERMITTED,
		    "This key lacks the scope 'gateway'.");
	if (!routes_is_ask(r->route.route))
		return pages_serve(r);
	if (receive_check_media(r, w->head, req_err(r)) != 0)
		return req_fail(r);
	exchange_accept(r->x, (size_t)w->settings->server_max_body_bytes);
	return STEP_NEXT;
}

void
step_identify_cancel(struct req *r)
{
	(void)r;
}
