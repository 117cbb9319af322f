#include "proto/errbody.h"

#include <ctype.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/utf8.h"

/* What is said about one error, before it takes the shape of a dialect. */
struct errbody_facts {
	struct slice message, param;
	const char *code;
};

/* By status, in api.md 9.3: the type on A, the status on M. */
static const struct errbody_status {
	int status;
	const char *reason, *anthropic, *gemini;
} errbody_statuses[] = {
	{ 200, "OK", NULL, NULL },
	{ 204, "No Content", NULL, NULL },
	{ 400, "Bad Request", "invalid_request_error", "INVALID_ARGUMENT" },
	{ 401, "Unauthorized", "authentication_error", "UNAUTHENTICATED" },
	{ 402, "Payment Required", "billing_error", "RESOURCE_EXHAUSTED" },
	{ 403, "Forbidden", "permission_error", "PERMISSION_DENIED" },
	{ 404, "Not Found", "not_found_error", "NOT_FOUND" },
	{ 405, "Method Not Allowed", NULL, NULL },
	{ 408, "Request Timeout", NULL, NULL },
	{ 409, "Conflict", NULL, NULL },
	{ 412, "Precondition Failed", NULL, NULL },
	{ 413, "Content Too Large", "invalid_request_error", NULL },
	{ 414, "URI Too Long", NULL, NULL },
	{ 415, "Unsupported Media Type", NULL, NULL },
	{ 417, "Expectation Failed", NULL, NULL },
	{ 422, "Unprocessable Content", NULL, NULL },
	{ 424, "Failed Dependency", NULL, NULL },
	{ 425, "Too Early", NULL, NULL },
	{ 429, "Too Many Requests", "rate_limit_error", "RESOURCE_EXHAUSTED" },
	{ 431, "Request Header Fields Too Large", NULL, NULL },
	{ 500, "Internal Server Error", NULL, NULL },
	{ 501, "Not Implemented", NULL, NULL },
	{ 502, "Bad Gateway", NULL, "UNAVAILABLE" },
	{ 503, "Service Unavailable", "overloaded_error", "UNAVAILABLE" },
	{ 504, "Gateway Timeout", NULL, "DEADLINE_EXCEEDED" },
	{ 505, "HTTP Version Not Supported", NULL, NULL },
	{ 529, "Site Overloaded", "overloaded_error", "UNAVAILABLE" },
};

static const struct errbody_status *
errbody_status_find(int status)
{
	static const struct errbody_status unknown = { 0, "", NULL, NULL };
	size_t n = sizeof errbody_statuses / sizeof *errbody_statuses;

	for (size_t i = 0; i < n; i++)
		if (errbody_statuses[i].status == status)
			return &errbody_statuses[i];
	return &unknown;
}

const char *
errbody_reason(int status)
{
	return errbody_status_find(status)->reason;
}

const char *
errbody_gemini_status(int status)
{
	const char *word = errbody_status_find(status)->gemini;

	return word != NULL ? word : "INTERNAL";
}

/* struct err cuts long texts, perhaps inside a character. */
static void
errbody_add_text(struct sbuf *out, struct slice text)
{
	sbuf_add_json(out, utf8_prefix(text));
}

/* A provider that names no code has none: null, as for a parameter. */
static void
errbody_add_code(struct sbuf *out, const char *code)
{
	if (*code != '\0')
		sbuf_add_json(out, slice_str(code));
	else
		sbuf_adds(out, "null");
}

static void
errbody_add_object(const struct errbody_facts *f, struct sbuf *out)
{
	sbuf_adds(out, "{\"message\":");
	errbody_add_text(out, f->message);
	sbuf_adds(out, ",\"type\":\"respan_error\",\"param\":");
	if (f->param.n > 0)
		errbody_add_text(out, f->param);
	else
		sbuf_adds(out, "null");
	sbuf_adds(out, ",\"code\":");
	errbody_add_code(out, f->code);
	sbuf_addc(out, '}');
}

static void
errbody_openai(const struct errbody *b, const struct errbody_facts *f,
    struct sbuf *out)
{
	sbuf_addc(out, '{');
	if (b->status == 401 || b->status == 429) {
		sbuf_adds(out, "\"detail\":");
		errbody_add_text(out, b->detail.n > 0 ? b->detail : f->message);
		sbuf_addc(out, ',');
	}
	if (b->status == 429 && b->retry_after_s > 0)
		sbuf_addf(out, "\"retry_after\":%lld,",
		    (long long)b->retry_after_s);
	sbuf_adds(out, "\"error\":");
	errbody_add_object(f, out);
	sbuf_addc(out, '}');
}

static void
errbody_anthropic(const struct errbody *b, const struct errbody_facts *f,
    struct sbuf *out)
{
	const char *type = errbody_status_find(b->status)->anthropic;

	sbuf_addf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\"",
	    type != NULL ? type : "api_error");
	sbuf_adds(out, ",\"message\":");
	errbody_add_text(out, f->message);
	sbuf_adds(out, ",\"code\":");
	errbody_add_code(out, f->code);
	sbuf_adds(out, "},\"request_id\":");
	sbuf_add_json(out, b->request_id);
	sbuf_addc(out, '}');
}

/* In the letters of an ErrorInfo, whatever a provider's code is made of. */
static void
errbody_add_reason(const char *code, struct sbuf *out)
{
	for (; *code != '\0'; code++) {
		unsigned char c = (unsigned char)*code;

		sbuf_addc(out, isalnum(c) ? (char)toupper(c) : '_');
	}
}

static void
errbody_gemini(const struct errbody *b, const struct errbody_facts *f,
    struct sbuf *out)
{
	sbuf_addf(out, "{\"error\":{\"code\":%d,\"message\":", b->status);
	errbody_add_text(out, f->message);
	sbuf_addf(out,
	    ",\"status\":\"%s\",\"details\":[{\"@type\":"
	    "\"type.googleapis.com/google.rpc.ErrorInfo\","
	    "\"reason\":\"",
	    errbody_gemini_status(b->status));
	errbody_add_reason(f->code, out);
	sbuf_adds(out, "\",\"domain\":\"holdfast\"}");
	if (b->retry_after_s > 0)
		sbuf_addf(out,
		    ",{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
		    "\"retryDelay\":\"%llds\"}",
		    (long long)b->retry_after_s);
	sbuf_adds(out, "]}}");
}

void
errbody_write_code(const struct errbody *b, struct slice message,
    struct slice param, const char *code, struct sbuf *out)
{
	static void (*const shapes[])(const struct errbody *,
	    const struct errbody_facts *, struct sbuf *) = {
		[ERRBODY_OPENAI] = errbody_openai,
		[ERRBODY_ANTHROPIC] = errbody_anthropic,
		[ERRBODY_GEMINI] = errbody_gemini,
	};
	struct errbody_facts facts = { message, param, code };

	shapes[b->shape](b, &facts, out);
}

void
errbody_write(const struct errbody *b, const struct err *e, struct sbuf *out)
{
	errbody_write_code(b, slice_str(e->text), slice_str(e->param),
	    err_code(e->kind), out);
}

void
errbody_write_event(const struct err *e, struct sbuf *out)
{
	struct errbody_facts facts = { slice_str(e->text), slice_str(e->param),
		err_code(e->kind) };

	sbuf_adds(out, "{\"error\":");
	errbody_add_object(&facts, out);
	sbuf_addc(out, '}');
}
