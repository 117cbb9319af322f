#include "admin/rest.h"

#include "admin/faults.h"
#include "admin/throttle.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pool.h"
#include "proto/jscan.h"
#include "proto/media.h"
#include "proto/url.h"
#include "proto/utf8.h"

#define IDENTIFIER_CHARACTERS 254 /* longer ones are cut (money.md 6.1) */

struct rest_method {
	enum http1_method method;
	const char *name;
	rest_fn *run;
};

/* "*" at the end is one segment, r->id.  The first row that fits wins. */
static const struct rest_row {
	const char *path;
	struct rest_method methods[4];
} rows[] = {
	{ "/users/list", { { HTTP1_GET, "GET", users_list },
			     { HTTP1_POST, "POST", users_list } } },
	{ "/users/create", { { HTTP1_POST, "POST", users_create } } },
	{ "/users", { { HTTP1_GET, "GET", users_list } } },
	{ "/users/*",
	    { { HTTP1_GET, "GET", users_get }, { HTTP1_PUT, "PUT", users_put },
		{ HTTP1_PATCH, "PATCH", users_patch },
		{ HTTP1_DELETE, "DELETE", users_delete } } },
	{ "/user/detail/*", { { HTTP1_GET, "GET", users_get } } },
	{ "/user/update/*", { { HTTP1_PATCH, "PATCH", users_patch } } },
};

#define METHODS (sizeof rows[0].methods / sizeof rows[0].methods[0])

int
rest_detail(struct rest *r, unsigned status, const char *text)
{
	r->status = status;
	sbuf_clear(&r->out);
	sbuf_adds(&r->out, "{\"detail\":");
	sbuf_add_json(&r->out, utf8_prefix(slice_str(text)));
	sbuf_addc(&r->out, '}');
	return 1;
}

int
rest_faults(struct rest *r, struct faults *f)
{
	r->status = 400;
	sbuf_clear(&r->out);
	faults_write(f, &r->out);
	return 1;
}

int
rest_object(struct rest *r, struct slice *object_r, struct err *e)
{
	struct jscan_item whole;
	struct err why;
	int json = media_check_json(r->content_type, r->content_coding, e);

	if (json < 0)
		return -1;
	if (json == 0 && (r->body.n == 0 || r->body.p[0] != '{'))
		return err_set(e, ERR_MEDIA_TYPE,
		    "Unsupported media type "
		    "'application/x-www-form-urlencoded'.");
	if (r->body.n == 0)
		return err_set(e, ERR_INVALID_JSON,
		    "The request body is not valid JSON: empty body at byte "
		    "0.");
	if (jscan_value(r->body, &whole, &why) != 0)
		return err_set(e, ERR_INVALID_JSON,
		    "The request body is not valid JSON: %s.", why.text);
	if (whole.type != JSCAN_OBJECT)
		return err_set(e, ERR_INVALID_REQUEST_BODY,
		    "The request body must be a JSON object.");
	*object_r = whole.value;
	return jscan_unique(whole.value, "", e);
}

/* Without "/api" and without a slash at its end; p NULL: it is none of ours. */
static struct slice
rest_plain(struct slice path)
{
	if (slice_starts(path, SLICE("/api/")))
		path = slice_skip(path, 4);
	if (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path;
}

/* Does the row take this path?  What stands for "*" is in *rest_r. */
static bool
rest_row_fits(const struct rest_row *row, struct slice path,
    struct slice *rest_r)
{
	struct slice head = slice_str(row->path);

	*rest_r = (struct slice){ NULL, 0 };
	if (head.p[head.n - 1] != '*')
		return slice_eq(path, head);
	head.n--;
	if (!slice_starts(path, head) || path.n == head.n)
		return false;
	*rest_r = slice_skip(path, head.n);
	return memchr(rest_r->p, '/', rest_r->n) == NULL;
}

static const struct rest_row *
rest_find(struct slice path, struct slice *rest_r)
{
	struct slice plain = rest_plain(path);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rest_row_fits(&rows[i], plain, rest_r))
			return &rows[i];
	return NULL;
}

bool
rest_serves(struct slice path)
{
	struct slice plain = rest_plain(path);

	return slice_eq(plain, SLICE("/users")) ||
	       slice_starts(plain, SLICE("/users/")) ||
	       slice_starts(plain, SLICE("/user/"));
}

static const struct rest_method *
rest_method(const struct rest_row *row, enum http1_method method)
{
	if (method == HTTP1_HEAD)
		method = HTTP1_GET;
	for (size_t i = 0; i < METHODS; i++)
		if (row->methods[i].run != NULL &&
		    row->methods[i].method == method)
			return &row->methods[i];
	return NULL;
}

static void
rest_allow(struct rest *r, const struct rest_row *row)
{
	sbuf_adds(&r->headers, "Allow: ");
	for (size_t i = 0; i < METHODS && row->methods[i].run != NULL; i++)
		sbuf_addf(&r->headers, "%s%s, ", row->methods[i].name,
		    row->methods[i].method == HTTP1_GET ? ", HEAD" : "");
	sbuf_adds(&r->headers, "OPTIONS\r\n");
}

static int
rest_other_method(struct rest *r, const struct rest_row *row)
{
	struct sbuf text = { 0 };

	rest_allow(r, row);
	if (r->method == HTTP1_OPTIONS) {
		r->status = 204;
		return 1;
	}
	sbuf_addf(&text, "Method \"%.*s\" not allowed.",
	    (int)(r->method_name.n < 32 ? r->method_name.n : 32),
	    r->method_name.p);
	rest_detail(r, 405, text.data);
	sbuf_free(&text);
	return 1;
}

/* ?organization= and ?environment=, for every resource.  1, 0, -1. */
static int
rest_scope(struct rest *r, struct faults *f)
{
	struct slice query = r->query, name, value;
	int got;

	while (
	    (got = url_query_next(&query, r->pool, &name, &value, NULL)) == 1) {
		if (slice_eq(name, SLICE("organization")) &&
		    !slice_eq(value, SLICE(DEFS_ORGANIZATION)))
			return 0;
		if (!slice_eq(name, SLICE("environment")))
			continue;
		if (slice_eq(value, SLICE("test")))
			r->who.environment = ENV_TEST;
		else if (slice_eq(value, SLICE("prod")))
			r->who.environment = ENV_PROD;
		else
			faults_add(f, name, "\"%.*s\" is not a valid choice.",
			    (int)(value.n < 100 ? value.n : 100), value.p);
	}
	return got < 0 ? -1 : 1;
}

static int
rest_id(struct rest *r, struct slice raw)
{
	if (raw.p == NULL)
		return 1;
	if (!url_decode(raw, false, r->pool, &r->id))
		return 0;
	r->id = utf8_cut(r->id, IDENTIFIER_CHARACTERS);
	return 1;
}

static int
rest_call(struct rest *r, struct err *e)
{
	struct slice raw;
	const struct rest_row *row = rest_find(r->path, &raw);
	const struct rest_method *m;
	struct faults f = { .n = 0 };
	int done;

	if (row == NULL || rest_id(r, raw) == 0)
		return 0;
	m = rest_method(row, r->method);
	if (m == NULL)
		return rest_other_method(r, row);
	done = rest_scope(r, &f);
	if (done < 0)
		done = rest_detail(r, 400, "The query cannot be decoded.");
	else if (done == 1 && f.n > 0)
		done = rest_faults(r, &f);
	else if (done == 1)
		done = m->run(r, e);
	faults_free(&f);
	return done;
}

/* A status of our own making has no text for a client. */
static void
rest_fail(struct rest *r, const struct err *e)
{
	int status = err_status(e->kind);

	if (e->kind == ERR_STORE || e->kind == ERR_BUDGET_UNAVAILABLE) {
		log_warn("platform: %s", e->text);
		sbuf_adds(&r->headers, "Retry-After: 1\r\n");
		rest_detail(r, 503, "The store is not available.");
	} else if (e->kind == ERR_STORE_FULL) {
		log_warn("platform: %s", e->text);
		rest_detail(r, 503, "The store is full.");
	} else if (status >= 500) {
		log_error("platform: %s", e->text);
		r->status = 500;
		sbuf_clear(&r->out);
		sbuf_adds(&r->out, "{\"detail\":\"Internal server error\","
				   "\"error_code\":\"INTERNAL_ERROR\"}");
	} else
		rest_detail(r, (unsigned)status, e->text);
}

static int
rest_late(struct rest *r, uint64_t wait_s)
{
	r->status = 429;
	sbuf_addf(&r->headers, "Retry-After: %llu\r\n",
	    (unsigned long long)wait_s);
	sbuf_addf(&r->out,
	    "{\"detail\":\"Rate limit exceeded\",\"retry_after\":%llu}",
	    (unsigned long long)wait_s);
	return 1;
}

void
rest_run(struct rest *r)
{
	uint64_t wait_s = r->who.throttled ? throttle_wait_s(r->office) : 0;
	struct err e;
	int done = wait_s > 0 ? rest_late(r, wait_s) : rest_call(r, &e);

	if (done == 0)
		rest_detail(r, 404, "Not found.");
	else if (done < 0)
		rest_fail(r, &e);
	/* Neither the path, which may name a person, nor the body. */
	if (r->method != HTTP1_GET && r->method != HTTP1_HEAD)
		log_info("platform: %s %.*s: %.*s: %u",
		    r->who.admin ? "admin token" : "key",
		    SLICE_ARGS(r->who.key),
		    (int)(r->method_name.n < 16 ? r->method_name.n : 16),
		    r->method_name.p, r->status);
}
