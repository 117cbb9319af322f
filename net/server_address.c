#include <arpa/inet.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"
#include "net/server_priv.h"

/* How many connections an address has. */

struct address_count {
	struct list link;
	struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
	unsigned count;
};

static struct in6_addr
address_key(const union address *a)
{
	struct in6_addr key = { { { 0 } } };

	if (a->any.sa_family == AF_INET6)
		return a->in6.sin6_addr;
	key.s6_addr[10] = key.s6_addr[11] = 0xff;
	memcpy(key.s6_addr + 12, &a->in.sin_addr, 4);
	return key;
}

static bool
is_loopback(const struct in6_addr *key)
{
	if (IN6_IS_ADDR_V4MAPPED(key))
		return key->s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(key);
}

static struct list *
bucket_of(struct server *s, const struct in6_addr *key)
{
	uint64_t h = hash_bytes(key, sizeof(*key), hash_seed());

	return &s->addresses[h % ADDRESS_BUCKETS];
}

static struct address_count *
address_find(struct list *bucket, const struct in6_addr *key)
{
	for (struct list *i = bucket->next; i != bucket; i = i->next) {
		struct address_count *c =
		    LIST_OWNER(i, struct address_count, link);

		if (memcmp(&c->address, key, sizeof(*key)) == 0)
			return c;
	}
	return NULL;
}

static bool
is_exempt(const struct server *s, const struct session *n)
{
	struct in6_addr key = address_key(&n->peer);

	return s->set.per_address == 0 || n->peer.any.sa_family == AF_UNIX ||
	       is_loopback(&key) ||
	       (s->set.ops->exempt != NULL &&
		   s->set.ops->exempt(s->set.ctx, &n->peer.any));
}

/* False when the address has too many already. */
bool
address_enter(struct server *s, struct session *n)
{
	struct in6_addr key = address_key(&n->peer);
	struct address_count *c;
	struct list *bucket;

	if (is_exempt(s, n))
		return true;
	bucket = bucket_of(s, &key);
	c = address_find(bucket, &key);
	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		c->address = key;
		list_add_tail(bucket, &c->link);
	}
	if (c->count >= s->set.per_address)
		return false;
	c->count++;
	n->counted = true;
	return true;
}

void
address_leave(struct server *s, const struct session *n)
{
	struct in6_addr key = address_key(&n->peer);
	struct address_count *c;

	if (!n->counted)
		return;
	c = address_find(bucket_of(s, &key), &key);
	if (c == NULL || --c->count > 0)
		return;
	list_del(&c->link);
	free(c);
}
