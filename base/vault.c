#include "base/vault.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/xmem.h"

struct vault {
	char *bytes;
	size_t size, used;
};

struct vault *
vault_new(size_t size)
{
	struct vault *v = xcalloc(1, sizeof *v);

	v->size = size > 0 ? size : 1;
	v->bytes = xpages(v->size);
	madvise(v->bytes, v->size, MADV_DONTDUMP);
	mlock(v->bytes, v->size);
	return v;
}

char *
vault_take(struct vault *v, size_t n)
{
	char *p = v->bytes + v->used;

	assert(n <= v->size - v->used);
	v->used += n;
	return p;
}

void
vault_free(struct vault **vp)
{
	struct vault *v = *vp;

	*vp = NULL;
	if (v == NULL)
		return;
	explicit_bzero(v->bytes, v->size);
	munmap(v->bytes, v->size);
	free(v);
}
