#include "shm/segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/random.h"
#include "base/xmem.h"
#include "shm/segment_map.h"
#include "shm/segment_priv.h"
#include "shm/stats_priv.h"
#include "shm/stripe.h"

/* Everything but the seats, their counters with it. */
static uint64_t
segment_fixed_bytes(const struct segment_map *m)
{
	return m->areas + STATS_AREA_BYTES * ROLES;
}

uint64_t
segment_need_bytes(const struct segment_shape *shape)
{
	struct segment_map m;

	segment_map(shape, &m);
	return segment_fixed_bytes(&m) +
	       2 * shape->workers * (m.seat_bytes + STATS_AREA_BYTES);
}

static struct segment *
segment_view(int fd, char *base, const struct segment_map *m)
{
	struct segment *seg = xcalloc(1, sizeof(*seg));

	seg->base = base;
	seg->fd = fd;
	seg->head = (struct segment_header *)(void *)base;
	seg->map = *m;
	for (unsigned i = 0; i < SEGMENT_SEATS_MAX; i++)
		seg->seat_fd[i] = -1;
	for (unsigned i = 0; i < ROLES; i++)
		seg->role_fd[i] = -1;
	return seg;
}

/* tmpfs without a size says 0 blocks: nothing to compare with. */
static int
segment_fits(int fd, uint64_t need, struct err *e)
{
	struct statvfs fs;
	uint64_t free_bytes;

	if (fstatvfs(fd, &fs) != 0 || fs.f_blocks == 0)
		return 1;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes >= need)
		return 1;
	return err_set(e, ERR_SYSTEM,
	    "segment: the file system has %llu KiB free, %llu KiB are needed",
	    (unsigned long long)(free_bytes / 1024),
	    (unsigned long long)(need / 1024));
}

/* Size the file, allocate what is used from the start, map it. */
static int
segment_make(int fd, const struct segment_shape *shape, struct segment **seg_r,
    struct err *e)
{
	struct segment_map m;
	uint64_t need = segment_need_bytes(shape);
	char *base;
	int rc;

	segment_map(shape, &m);
	if (segment_fits(fd, need, e) < 0)
		return -1;
	if (ftruncate(fd, (off_t)m.end) != 0)
		return err_set(e, ERR_SYSTEM, "segment: ftruncate: %s",
		    strerror(errno));
	rc = posix_fallocate(fd, 0, (off_t)segment_fixed_bytes(&m));
	if (rc != 0)
		return err_set(e, ERR_SYSTEM,
		    "segment: %s; %llu KiB are needed", strerror(rc),
		    (unsigned long long)(need / 1024));
	base = mmap(NULL, m.end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return err_set(e, ERR_SYSTEM, "segment: mmap: %s",
		    strerror(errno));
	*seg_r = segment_view(fd, base, &m);
	return 1;
}

/* The page of each seat must be there before anybody reads its state. */
static int
segment_fill(struct segment *seg, const struct segment_shape *shape,
    struct err *e)
{
	struct segment_header *h = seg->head;

	for (uint32_t i = 0; i < seg->map.n_seats; i++) {
		uint64_t off = seg->map.seats + i * seg->map.seat_bytes;
		int rc = segment_allocate(seg, off, SEGMENT_PAGE);

		if (rc != 0)
			return err_set(e, ERR_SYSTEM, "segment: %s",
			    strerror(rc));
	}
	h->layout = SEGMENT_LAYOUT;
	h->shape = *shape;
	h->size = seg->map.end;
	random_bytes(h->id, sizeof(h->id));
	random_bytes(&h->inflight_seed, sizeof(h->inflight_seed));
	atomic_store(&h->stats_next_cell, STATS_BUCKETS_MAX + 2);
	segment_lock_init(&h->table_lock);
	segment_lock_init(&h->stats_lock);
	for (unsigned i = 0; i < SEGMENT_INFLIGHT_LOCKS; i++)
		segment_lock_init(&h->inflight_lock[i]);
	stripe_init(seg);
	h->magic = SEGMENT_MAGIC;
	return 1;
}

static int
segment_new(int fd, const struct segment_shape *shape, struct segment **seg_r,
    struct err *e)
{
	if (segment_make(fd, shape, seg_r, e) < 0) {
		close(fd);
		return -1;
	}
	if (segment_fill(*seg_r, shape, e) < 0) {
		segment_close(seg_r);
		return -1;
	}
	return 1;
}

int
segment_create(const char *path, const struct segment_shape *shape,
    struct segment **seg_r, struct err *e)
{
	char temp[PATH_MAX];
	int fd;

	assert(shape->workers > 0 && shape->max_accounts > 0);
	assert((shape->log_lane_bytes & (shape->log_lane_bytes - 1)) == 0);
	if (path == NULL) {
		fd = memfd_create("segment", MFD_CLOEXEC);
		assert(fd >= 0);
		return segment_new(fd, shape, seg_r, e);
	}
	if ((size_t)snprintf(temp, sizeof(temp), "%s.new", path) >=
	    sizeof(temp))
		return err_set(e, ERR_SYSTEM, "segment: path too long");
	fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "segment: %s: %s", temp,
		    strerror(errno));
	if (segment_new(fd, shape, seg_r, e) < 0) {
		unlink(temp);
		return -1;
	}
	if (rename(temp, path) == 0)
		return 1;
	segment_close(seg_r);
	unlink(temp);
	return err_set(e, ERR_SYSTEM, "segment: %s: %s", path, strerror(errno));
}

/* Only what this build and these settings would have made is taken over. */
static int
segment_same(int fd, const struct segment_shape *shape)
{
	struct segment_header h;
	struct segment_map m;
	struct stat st;

	segment_map(shape, &m);
	if (fstat(fd, &st) != 0 || (uint64_t)st.st_size != m.end)
		return 0;
	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return 0;
	return h.magic == SEGMENT_MAGIC && h.layout == SEGMENT_LAYOUT &&
	       h.size == m.end && h.shape.workers == shape->workers &&
	       h.shape.max_accounts == shape->max_accounts &&
	       h.shape.log_lane_bytes == shape->log_lane_bytes;
}

int
segment_open(const char *path, const struct segment_shape *shape,
    struct segment **seg_r, struct err *e)
{
	struct segment_map m;
	char *base;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "segment: %s: %s", path,
		    strerror(errno));
	if (!segment_same(fd, shape)) {
		close(fd);
		return 0;
	}
	segment_map(shape, &m);
	base = mmap(NULL, m.end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		close(fd);
		return err_set(e, ERR_SYSTEM, "segment: mmap: %s",
		    strerror(errno));
	}
	*seg_r = segment_view(fd, base, &m);
	return 1;
}

void
segment_close(struct segment **sp)
{
	struct segment *seg = *sp;

	if (seg == NULL)
		return;
	munmap(seg->base, seg->map.end);
	close(seg->fd);
	free(seg);
	*sp = NULL;
}

int
segment_allocate(const struct segment *seg, uint64_t off, uint64_t len)
{
	return posix_fallocate(seg->fd, (off_t)off, (off_t)len);
}

void
segment_punch(const struct segment *seg, uint64_t off, uint64_t len)
{
	int rc = fallocate(seg->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)off, (off_t)len);

	assert(rc == 0);
}
