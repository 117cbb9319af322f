#include "keeper/answer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "keeper/amounts.h"
#include "keeper/audit.h"
#include "keeper/book.h"
#include "keeper/customers.h"
#include "keeper/limits.h"
#include "keeper/stored.h"
#include "store/ask.h"

#define ANSWERS_AT_ONCE 16

/*
 * One kind of request, within a batch.  1 done, 0 there is no such thing, -1
 * with *e: ERR_INVALID_VALUE and ERR_CHANGED refuse the request, anything else
 * is the store.
 */
typedef int (*answer_fn)(struct book *b, struct slice body, struct err *e);

static int
answer_unreadable(struct err *e)
{
	return err_set(e, ERR_INVALID_VALUE, "unreadable request");
}

/* Everything of this key follows its definition. */
static int
answer_key_changed(struct book *b, const struct key_def *k, struct err *e)
{
	struct account_owner owner = { OWNER_KEY, k->environment, k->prefix };
	unsigned char hash[OWNER_HASH_SIZE];

	owner_hash(&owner, hash);
	if (ledger_owner_put(b->ledger, &owner, e) != 0 ||
	    book_objects(b, e) != 0 || objects_key_put(b->objects, k, e) != 0)
		return -1;
	b->keys_changed = true;
	return limits_refresh_all(b, hash, e) == 0 ? 1 : -1;
}

static int
answer_key_put(struct book *b, struct slice body, struct err *e)
{
	struct key_def k;

	if (!defs_key_unpack(body, &k) || k.prefix.n == 0)
		return answer_unreadable(e);
	if (settings_key_find(b->settings, k.prefix) != NULL)
		return err_set(e, ERR_INVALID_VALUE,
		    "this key is defined in the settings file");
	return answer_key_changed(b, &k, e);
}

static int
answer_key_revoke(struct book *b, struct slice body, struct err *e)
{
	struct sbuf stored = { 0 };
	struct key_def k;
	int got;

	if (settings_key_find(b->settings, body) != NULL)
		return err_set(e, ERR_INVALID_VALUE,
		    "this key is defined in the settings file");
	got = objects_key_get(b->objects, body, &stored, &k, e);
	if (got == 1 && k.revoked_s == 0)
		k.revoked_s = k.updated_s = book_now_s();
	if (got == 1)
		got = answer_key_changed(b, &k, e);
	sbuf_free(&stored);
	return got;
}

static int
answer_customer(struct book *b, struct slice body, struct err *e)
{
	struct customer_change change;

	return defs_change_unpack(body, &change)
	           ? customers_change(b, &change, e)
	           : answer_unreadable(e);
}

static int
answer_customer_delete(struct book *b, struct slice body, struct err *e)
{
	struct customer_change change;

	return defs_change_unpack(body, &change)
	           ? customers_delete(b, &change, e)
	           : answer_unreadable(e);
}

static const struct {
	char op;
	answer_fn run;
} answers[] = {
	{ ASK_KEY_PUT, answer_key_put },
	{ ASK_KEY_REVOKE, answer_key_revoke },
	{ ASK_CUSTOMER, answer_customer },
	{ ASK_CUSTOMER_DELETE, answer_customer_delete },
	{ ASK_ADJUST, amounts_adjust },
	{ ASK_RELEASE, amounts_release },
	{ ASK_CONFIRM, amounts_confirm },
	{ ASK_INTEGRATION_PUT, stored_integration_put },
	{ ASK_INTEGRATION_DELETE, stored_integration_delete },
	{ ASK_GROUP_PUT, stored_group_put },
	{ ASK_GROUP_DELETE, stored_group_delete },
};

/* What changes nothing and is answered with more than a code. */
static const struct {
	char op;
	int (*run)(struct book *b, struct slice body, struct sbuf *out,
	    struct err *e);
} questions[] = {
	{ ASK_AUDIT, audit_answer },
	{ ASK_LANES, audit_answer_lanes },
};

static answer_fn
answer_find(char op)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (answers[i].op == op)
			return answers[i].run;
	return NULL;
}

static int
answer_refused(const struct err *e)
{
	if (e->kind == ERR_CHANGED)
		return ASK_CHANGED;
	if (e->kind == ERR_STORE_FULL)
		return ASK_FULL;
	return e->kind == ERR_INVALID_VALUE ? ASK_FAILED : -1;
}

/* The same for one that is no change; what is none of ours is refused. */
static int
answer_question(struct book *b, const struct ask_message *m, struct sbuf *body,
    struct err *e)
{
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
		if (questions[i].op == m->code)
			return questions[i].run(b, m->body, body, e) == 0
			           ? ASK_DONE
			           : answer_refused(e);
	answer_unreadable(e);
	return ASK_FAILED;
}

/* Do it in a batch of its own.  The code of the reply, or -1. */
static int
answer_do(struct book *b, const struct ask_message *m, struct sbuf *body,
    struct err *e)
{
	answer_fn run = answer_find(m->code);
	int done;

	if (run == NULL)
		return answer_question(b, m, body, e);
	if (book_begin(b, e) != 0)
		return -1;
	done = run(b, m->body, e);
	if (done == 1)
		return book_commit(b, e) == 0 ? ASK_DONE : -1;
	book_abort(b);
	if (done == 0)
		return ASK_NONE;
	return answer_refused(e);
}

static int
answer_message(struct book *b, int fd, struct slice bytes, struct err *e)
{
	struct sbuf out = { 0 }, body = { 0 };
	struct ask_message m, reply;
	int code;

	if (!ask_unpack(bytes, &m))
		return 0;
	code = answer_do(b, &m, &body, e);
	reply = (struct ask_message){ .number = m.number,
		.code = (char)code,
		.body = code == ASK_FAILED ? slice_str(e->text)
		                           : sbuf_slice(&body) };
	ask_pack(&out, &reply);
	sbuf_free(&body);
	if (code < 0) {
		sbuf_free(&out);
		return -1;
	}
	/* Who asks and does not read has gone away. */
	if (send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_warn("keeper: an answer was not taken: %s",
		    strerror(errno));
	sbuf_free(&out);
	return 0;
}

int
answer_all(struct book *b, int fd, int *gone_r, struct err *e)
{
	char bytes[ASK_MAX];

	for (int n = 0; n < ANSWERS_AT_ONCE; n++) {
		ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno == ECONNRESET)) {
			*gone_r = 1;
			return 0;
		}
		if (got < 0)
			return 0;
		if (answer_message(b, fd, (struct slice){ bytes, (size_t)got },
			e) != 0)
			return -1;
	}
	return 0;
}
