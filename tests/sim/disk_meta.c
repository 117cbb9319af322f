#include "tests/sim/disk.h"

#include <string.h>

/* The ledger in memory: cursors, what it knows of the segment, owners. */

int
ledger_cursor_get(struct ledger *l, uint64_t epoch, uint32_t lane,
    uint64_t *seq_r, struct err *e)
{
	struct disk *d = disk_seen(l);

	(void)e;
	*seq_r = d->cursor[lane].epoch == epoch ? d->cursor[lane].seq : 0;
	return d->cursor[lane].epoch == epoch;
}

int
ledger_cursor_put(struct ledger *l, uint64_t epoch, uint32_t lane, uint64_t seq,
    struct err *e)
{
	(void)e;
	l->open.cursor[lane].epoch = epoch;
	l->open.cursor[lane].seq = seq;
	return 0;
}

int
ledger_meta_get(struct ledger *l, struct ledger_meta *meta_r, struct err *e)
{
	(void)e;
	*meta_r = disk_seen(l)->meta;
	return disk_seen(l)->met;
}

int
ledger_meta_put(struct ledger *l, const struct ledger_meta *meta, struct err *e)
{
	(void)e;
	l->open.meta = *meta;
	l->open.met = true;
	return 0;
}

int
ledger_journal_add(struct ledger *l, struct slice text, struct err *e)
{
	(void)e;
	/* What deaths leave is told too, but nobody asked for it. */
	if (memmem(text.p, text.n, "\"orphan\"", 8) == NULL &&
	    memmem(text.p, text.n, "\"lost\"", 6) == NULL)
		l->open.journal++;
	return 0;
}

/* Customer 0 ... or the organization, which comes behind them. */
static bool
disk_owner(unsigned i, const unsigned char hash[OWNER_HASH_SIZE],
    struct account_owner *owner_r)
{
	struct account_owner owner = { .kind = OWNER_ORGANIZATION };
	static char name[16];
	unsigned char mine[OWNER_HASH_SIZE];

	sim_customer_hash(i, mine);
	if (memcmp(mine, hash, sizeof(mine)) != 0)
		return false;
	if (i < SIM_CUSTOMERS) {
		sim_customer(i, name);
		owner.kind = OWNER_CUSTOMER;
		owner.id = slice_str(name);
	}
	*owner_r = owner;
	return true;
}

int
ledger_owner_get(struct ledger *l, const unsigned char hash[OWNER_HASH_SIZE],
    struct sbuf *buf, struct account_owner *owner_r, struct err *e)
{
	(void)buf, (void)e;
	for (unsigned i = 0; i <= SIM_CUSTOMERS; i++)
		if (disk_owner(i, hash, owner_r))
			return (disk_seen(l)->owners >> i) & 1;
	return 0;
}

int
ledger_owner_put(struct ledger *l, const struct account_owner *owner,
    struct err *e)
{
	unsigned char hash[OWNER_HASH_SIZE];
	struct account_owner known;

	(void)e;
	owner_hash(owner, hash);
	for (unsigned i = 0; i <= SIM_CUSTOMERS; i++)
		if (disk_owner(i, hash, &known))
			l->open.owners |= 1u << i;
	return 0;
}

void
ledger_check_readers(struct ledger *l)
{
	(void)l;
}
