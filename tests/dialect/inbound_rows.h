#ifndef TESTS_DIALECT_INBOUND_ROWS_H
#define TESTS_DIALECT_INBOUND_ROWS_H

/*
 * inbound_rows - requests of other dialects and what they are in chat, as rows
 * of a table; and the requests of the recordings.  In rows "'" stands for a
 * quotation mark.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/inbound.h"
#include "proto/jscan.h"
#include "proto/params.h"
#include "tests/proto/recordings.h"

struct inbound_row {
	const char *title, *in;
	const char *out;  /* NULL: refused, with code and param */
	const char *own;  /* own_kind_only; NULL: nothing */
	const char *left; /* names, a blank between; NULL: none */
	const char *code, *param;
};

/* One request that was read. */
struct inbound_run {
	struct pool *pool;
	struct sbuf text, chat;
	struct jscan_body body, chat_body;
	struct inbound in;
	struct params params;
	struct err err;
	int done;
};

/* Read r->text, and what it became as proto/params does. */
static inline void
inbound_run_text(struct inbound_run *r, inbound_fn *fn, bool stream)
{
	struct params_source source = { .body = &r->chat_body };

	r->pool = pool_new();
	r->err = (struct err){ .kind = ERR_NONE };
	r->in = (struct inbound){ .body = &r->body,
		.pool = r->pool,
		.model = fn == inbound_gemini ? SLICE("gem") : SLICE(""),
		.stream = stream };
	r->done = jscan_body(sbuf_slice(&r->text), r->pool, &r->body, &r->err);
	if (r->done == 0)
		r->done = fn(&r->in, &r->chat, &r->err);
	if (r->done != 0)
		return;
	r->done =
	    params_body(sbuf_slice(&r->chat), r->pool, &r->chat_body, &r->err);
	ck_assert_msg(r->done == 0, "%s: %s", r->err.text, r->chat.data);
	r->done = params_read(&source, r->pool, &r->params, &r->err);
}

static inline void
inbound_run_end(struct inbound_run *r)
{
	sbuf_free(&r->text);
	sbuf_free(&r->chat);
	pool_free(&r->pool);
}

static inline void
inbound_unquote(const char *row, struct sbuf *b)
{
	for (; *row != '\0'; row++)
		sbuf_addc(b, *row == '\'' ? '"' : *row);
}

static inline void
inbound_check_left(const struct inbound_row *row, const struct inbound *in)
{
	struct sbuf names = { 0 };

	for (unsigned i = 0; i < in->n_left; i++) {
		if (i > 0)
			sbuf_addc(&names, ' ');
		sbuf_add_slice(&names, in->left[i]);
	}
	ck_assert_msg(slice_eq(sbuf_slice(&names),
			  slice_str(row->left != NULL ? row->left : "")),
	    "%s: left are %s", row->title, names.data);
	sbuf_free(&names);
}

static inline void
inbound_check_row(const struct inbound_row *row, inbound_fn *fn)
{
	struct inbound_run r = { .done = 0 };
	struct sbuf want = { 0 };

	inbound_unquote(row->in, &r.text);
	inbound_run_text(&r, fn, strstr(row->title, "stream") != NULL);
	if (row->code != NULL) {
		ck_assert_msg(r.done == -1, "%s: %s", row->title, r.chat.data);
		ck_assert_str_eq(err_code(r.err.kind), row->code);
		ck_assert_str_eq(r.err.param, row->param);
	} else {
		inbound_unquote(row->out, &want);
		ck_assert_msg(r.done == 0, "%s: %s", row->title, r.err.text);
		ck_assert_msg(slice_eq(sbuf_slice(&r.chat), sbuf_slice(&want)),
		    "%s:\n%s\n%s", row->title, r.chat.data, want.data);
		inbound_check_left(row, &r.in);
	}
	ck_assert_msg(strcmp(r.in.own_kind_only,
			  row->own != NULL ? row->own : "") == 0,
	    "%s: own is %s", row->title, r.in.own_kind_only);
	sbuf_free(&want);
	inbound_run_end(&r);
}

/*
 * Each request.json of a group, with the text of its meta.json.  Returns how
 * many there were.
 */
typedef void inbound_case_fn(const char *name, const struct sbuf *request,
    const struct sbuf *meta, void *arg);

static inline unsigned
inbound_each(const char *group, inbound_case_fn *fn, void *arg)
{
	char path[4096], file[8192];
	struct sbuf request = { 0 }, meta = { 0 };
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/recordings/%s", recordings_shared(),
	    group);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		sbuf_clear(&request);
		sbuf_clear(&meta);
		snprintf(file, sizeof file, "%s/%s/request.json", path,
		    entry->d_name);
		if (!recordings_read(file, &request))
			continue;
		snprintf(file, sizeof file, "%s/%s/meta.json", path,
		    entry->d_name);
		ck_assert(recordings_read(file, &meta));
		snprintf(file, sizeof file, "%s/%s", group, entry->d_name);
		fn(file, &request, &meta, arg);
		n++;
	}
	if (dir != NULL)
		closedir(dir);
	sbuf_free(&request);
	sbuf_free(&meta);
	return n;
}

#endif
