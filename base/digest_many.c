#include "base/digest_many.h"

#include <assert.h>
#include <stdbool.h>

/* What is to be hashed, the longest first. */
struct digest_order {
	unsigned n;
	const struct slice *messages;
	unsigned char (*digests)[DIGEST_SIZE];
	unsigned char index[DIGEST_MANY_MAX];
};

static struct slice
order_message(const struct digest_order *o, unsigned at)
{
	return o->messages[o->index[at]];
}

static void
order_make(struct digest_order *o)
{
	unsigned i, j;

	for (i = 0; i < o->n; i++) {
		for (j = i;
		     j > 0 && order_message(o, j - 1).n < o->messages[i].n; j--)
			o->index[j] = o->index[j - 1];
		o->index[j] = (unsigned char)i;
	}
}

static void
digest_alone(const struct digest_order *o, unsigned at)
{
	struct slice m = order_message(o, at);

	digest_sha256(m.p, m.n, o->digests[o->index[at]]);
}

#ifdef __x86_64__

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What a processor can do, the best first: so many messages at once for what
 * the longest of them costs alone, times so many tenths.  Vectors of 64 bytes
 * are left: processors without instructions for SHA run slower behind them,
 * which costs small requests more than it gains.
 */
static const struct lanes {
	uint64_t features;
	void (*init)(IMB_MGR *m);
	unsigned n, tenths;
} lanes_kinds[] = {
	{ IMB_CPUFLAGS_SSE_T2, init_mb_mgr_sse, 2, 13 },
	{ IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2, 8, 25 },
};

static const struct lanes lanes_none = { 0, NULL, 1, 10 };
static IMB_MGR *lanes_manager;

/* The library looks at the processor alone, but AVX must be on as well. */
static bool
lanes_fit(const struct lanes *l)
{
	return (~lanes_manager->features & l->features) == 0 &&
	       ((l->features & IMB_FEATURE_AVX2) == 0 ||
		   __builtin_cpu_supports("avx2"));
}

static const struct lanes *
lanes_open(void)
{
	const struct lanes *l = lanes_kinds;

	lanes_manager = alloc_mb_mgr(0);
	if (lanes_manager == NULL)
		return &lanes_none;
	for (; l < lanes_kinds + COUNT(lanes_kinds); l++) {
		if (!lanes_fit(l))
			continue;
		l->init(lanes_manager);
		return imb_get_errno(lanes_manager) == 0 ? l : &lanes_none;
	}
	return &lanes_none;
}

/*
 * At the first use: the library tests itself then, which takes some
 * milliseconds and two MiB of its pages.
 */
static const struct lanes *
lanes_get(void)
{
	static const struct lanes *lanes;

	if (lanes == NULL)
		lanes = lanes_open();
	return lanes;
}

/* How many, from the one at first, cost less together; 1 = none. */
static unsigned
lanes_worth(const struct lanes *l, const struct digest_order *o, unsigned first)
{
	unsigned n = o->n - first < l->n ? o->n - first : l->n;
	size_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += order_message(o, first + i).n;
	return sum * 10 > order_message(o, first).n * l->tenths ? n : 1;
}

static void
lanes_submit(struct slice message, unsigned char *digest_r)
{
	IMB_JOB *j = IMB_GET_NEXT_JOB(lanes_manager);

	*j = (IMB_JOB){
		.cipher_mode = IMB_CIPHER_NULL,
		.cipher_direction = IMB_DIR_ENCRYPT,
		.chain_order = IMB_ORDER_HASH_CIPHER,
		.hash_alg = IMB_AUTH_SHA_256,
		.src = (const uint8_t *)message.p,
		.msg_len_to_hash_in_bytes = message.n,
		.auth_tag_output = digest_r,
		.auth_tag_output_len_in_bytes = DIGEST_SIZE,
	};
	IMB_SUBMIT_JOB_NOCHECK(lanes_manager);
}

static void
digest_ordered(const struct digest_order *o)
{
	const struct lanes *l = o->n > 1 ? lanes_get() : NULL;
	unsigned first, n;

	for (first = 0; first < o->n; first += n) {
		n = l != NULL ? lanes_worth(l, o, first) : 1;
		if (n == 1) {
			digest_alone(o, first);
			continue;
		}
		for (unsigned i = first; i < first + n; i++)
			lanes_submit(order_message(o, i),
			    o->digests[o->index[i]]);
		while (IMB_FLUSH_JOB(lanes_manager) != NULL)
			;
	}
}

#else

static void
digest_ordered(const struct digest_order *o)
{
	for (unsigned i = 0; i < o->n; i++)
		digest_alone(o, i);
}

#endif

void
digest_many(const struct slice *messages, unsigned n,
    unsigned char (*digests_r)[DIGEST_SIZE])
{
	struct digest_order o = { n, messages, digests_r, { 0 } };

	assert(n <= DIGEST_MANY_MAX);
	order_make(&o);
	digest_ordered(&o);
}
