#ifndef TESTS_STORE_SCRATCH_H
#define TESTS_STORE_SCRATCH_H

/* scratch - a directory for one test, removed with what is in it. */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

static char scratch_dir[64];

static inline void
scratch_make(void)
{
	snprintf(scratch_dir, sizeof scratch_dir, "/tmp/holdfast-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
}

static inline int
scratch_unlink(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
scratch_remove(void)
{
	nftw(scratch_dir, scratch_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
