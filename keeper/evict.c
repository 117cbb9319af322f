#include "keeper/evict.h"

#include "base/clock.h"
#include "base/err.h"
#include "keeper/book.h"

#define EVICT_IDLE_S 60
#define EVICT_AT_ONCE 512

struct evict {
	uint32_t entries[EVICT_AT_ONCE];
	unsigned n;
	int64_t before_s; /* monotonic, as account.used_s */
};

static void
evict_pick(struct book *b, struct evict *v)
{
	uint32_t at = 0, entry;

	while (v->n < EVICT_AT_ONCE && account_each(b->seg, &at, &entry)) {
		struct account *a = account_at(b->seg, entry);

		if (atomic_load(&a->state) == ACCOUNT_READY &&
		    atomic_load(&a->reserved) == 0 &&
		    atomic_load(&a->used_s) < v->before_s)
			v->entries[v->n++] = entry;
	}
}

static int
evict_write(struct book *b, const struct evict *v, struct err *e)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct account_view view;
		struct batch_row *r;

		if (!account_view(b->seg, v->entries[i], &view))
			continue;
		r = book_row(b, &view.key, e);
		if (r == NULL)
			return -1;
		if (apply_unlease(b->seg, v->entries[i], &r->row))
			r->dirty = true;
	}
	return 0;
}

int
evict_idle(struct book *b, struct err *e)
{
	struct evict v = { .n = 0,
		.before_s = (int64_t)(now_mono_ms() / 1000) - EVICT_IDLE_S };

	if (account_count(b->seg) * 2 < segment_max_accounts(b->seg))
		return 0;
	evict_pick(b, &v);
	if (v.n == 0)
		return 0;
	if (book_begin(b, e) != 0 || evict_write(b, &v, e) != 0 ||
	    book_commit(b, e) != 0)
		return -1;
	for (unsigned i = 0; i < v.n; i++)
		account_evict(b->seg, v.entries[i], v.before_s);
	return 0;
}
