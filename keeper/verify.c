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

/* In the child. */
static int
verify_read(const char *path, const unsigned char *segment_id, struct err *e)
{
	struct ledger *l = ledger_open_reader(path, e);
	struct objects *o;
	int known;

	if (l == NULL)
		return -1;
	known = verify_known(l, segment_id, e);
	if (known != 0)
		return known < 0 ? -1 : 0;
	if (ledger_walk(l, e) != 0)
		return -1;
	o = objects_open_reader(path, e);
	return o == NULL ? -1 : objects_walk(o, e);
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

/* Nothing was ever committed: at most the two meta pages are there. */
static bool
verify_is_new(const char *path)
{
	char data[4096];
	struct stat st;

	snprintf(data, sizeof data, "%s/ledger/data.mdb", path);
	return stat(data, &st) != 0 || st.st_size <= 2 * sysconf(_SC_PAGESIZE);
}

int
verify_stores(const struct settings *s, const unsigned char *segment_id,
    struct err *e)
{
	const char *path = settings_str(s, s->store_path).p;
	int status;
	pid_t pid;

	if (verify_is_new(path))
		return 0;
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
