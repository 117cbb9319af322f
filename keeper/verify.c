#include "keeper/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "store/ledger.h"
#include "store/objects.h"

/* 1 when there is nothing to fear, 0 when the stores must be read, -1. */
static int
verify_known(struct ledger *l, const unsigned char *segment_id, struct err *e)
{
	struct ledger_meta meta;
	int got = ledger_meta_get(l, &meta, e);

	if (got < 0)
		return -1;
	return got == 0 || meta.clean ||
	       memcmp(meta.segment_id, segment_id, sizeof meta.segment_id) == 0;
}

static int
verify_objects(const char *path, struct err *e)
{
	struct objects *o = objects_open_reader(path, e);
	int done = o == NULL ? -1 : objects_walk(o, e);

	objects_close(&o);
	return done;
}

/* In the child. */
static int
verify_read(const char *path, const unsigned char *segment_id, struct err *e)
{
	struct ledger *l = ledger_open_reader(path, e);
	int known = l == NULL ? -1 : verify_known(l, segment_id, e);
	int done = known < 0 ? -1 : 0;

	if (known == 0)
		done = ledger_walk(l, e) != 0 ? -1 : verify_objects(path, e);
	ledger_close(&l);
	return done;
}

static int
verify_child(const char *path, const unsigned char *segment_id)
{
	struct err e;

	if (verify_read(path, segment_id, &e) == 0)
		return 0;
	log_error("%s", e.text);
	return 1;
}

/*
 * Nothing was ever committed: at most the two meta pages are there.  A power
 * cut may have torn those, and LMDB would not have them: it makes them anew.
 */
static bool
verify_is_new(const char *path, const char *name)
{
	char data[4096];
	struct stat st;

	snprintf(data, sizeof data, "%s/%s/data.mdb", path, name);
	if (stat(data, &st) != 0)
		return errno == ENOENT;
	if (st.st_size > 2 * sysconf(_SC_PAGESIZE))
		return false;
	unlink(data);
	return true;
}

int
verify_stores(const struct settings *s, const unsigned char *segment_id,
    struct err *e)
{
	const char *path = settings_str(s, s->store_path).p;
	int status;
	pid_t pid;

	/* Without a ledger no keeper was ever ready: nobody has them open. */
	if (verify_is_new(path, "ledger")) {
		verify_is_new(path, "objects");
		return 0;
	}
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, "keeper: fork: %s",
		    strerror(errno));
	if (pid == 0)
		_exit(verify_child(path, segment_id));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		return err_set(e, ERR_DAMAGED,
		    "keeper: the stores in %s are damaged", path);
	return 0;
}
