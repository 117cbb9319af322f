#include "shm/gen.h"

#include "shm/segment_priv.h"

void
gen_raise(struct segment *seg, enum gen_kind kind)
{
	atomic_fetch_add_explicit(&seg->head->generation[kind], 1,
	    memory_order_release);
}

uint64_t
gen_get(const struct segment *seg, enum gen_kind kind)
{
	return atomic_load_explicit(&seg->head->generation[kind],
	    memory_order_acquire);
}
