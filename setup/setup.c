#include "setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/pool.h"
#include "setup/compile_priv.h"

/* A parser that never ends is ended. */
#define SETUP_SECONDS 20

static int
setup_write(int fd, struct slice text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR)
			return -1;
		text = slice_skip(text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

/* Put the bytes into the memfd for ever. */
static int
setup_seal(int fd, struct slice bytes)
{
	if (setup_write(fd, bytes) != 0)
		return -1;
	return fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

/* "2 errors, 1 warning; settings not loaded" */
static void
setup_count(const struct setup_options *o, const struct report *r, bool good,
    struct sbuf *out)
{
	unsigned errors = report_errors(r), warnings = report_warnings(r);

	if (o->quiet || (errors == 0 && warnings == 0))
		return;
	if (errors > 0)
		sbuf_addf(out, "%u error%s", errors, errors == 1 ? "" : "s");
	if (warnings > 0)
		sbuf_addf(out, "%s%u warning%s", errors > 0 ? ", " : "",
		    warnings, warnings == 1 ? "" : "s");
	sbuf_adds(out, good ? "\n" : "; settings not loaded\n");
}

static struct node *
setup_read(const struct setup_options *o, struct compile *c)
{
	if (o->text != NULL)
		return tree_parse(source_text(o->path, o->text), ".", c->pool,
		    c->report);
	return tree_read(o->path, c->pool, c->report);
}

static int
setup_finish(const struct setup_options *o, const struct setup_result *r,
    const struct compile *c, const struct node *root)
{
	struct sbuf text = { 0 };

	if (setup_seal(r->snapshot_fd, sbuf_slice(&c->blob.bytes)) != 0 ||
	    setup_seal(r->secrets_fd, sbuf_slice(&c->secrets)) != 0)
		return EX_OSERR;
	if (!o->print)
		return EX_OK;
	print_settings(root, &text);
	return setup_write(STDOUT_FILENO, sbuf_slice(&text)) == 0 ? EX_OK
	                                                          : EX_IOERR;
}

/* The life of the child; its exit status. */
static int
setup_child(const struct setup_options *o, const struct setup_result *r)
{
	struct compile c = { .pool = pool_new(), .report = report_new() };
	struct node *root;
	struct sbuf messages = { 0 };
	sigset_t none;
	bool good;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* the master blocks SIGALRM */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(SETUP_SECONDS);
	sbuf_addc(&c.secrets, '\0');
	root = setup_read(o, &c);
	good = root != NULL && compile_all(&c, root, o->generation);
	if (report_errors(c.report) > 0 ||
	    (o->strict && report_warnings(c.report) > 0))
		good = false;
	report_write(c.report, o->quiet && !o->strict, o->colour, &messages);
	setup_count(o, c.report, good, &messages);
	setup_write(o->messages_fd, sbuf_slice(&messages));
	return good ? setup_finish(o, r, &c, root) : EX_CONFIG;
}

static int
setup_wait(pid_t pid, const char *path, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, ERR_SYSTEM, "setup: waitpid: %m");
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_SETTINGS,
		    "%s: reading it ended by signal %d: nested too deeply, "
		    "or damaged",
		    path, WTERMSIG(status));
	return err_set(e, ERR_SYSTEM, "setup: the system refused: status %d",
	    WEXITSTATUS(status));
}

static void
setup_close(struct setup_result *r)
{
	if (r->snapshot_fd >= 0)
		close(r->snapshot_fd);
	if (r->secrets_fd >= 0)
		close(r->secrets_fd);
	r->snapshot_fd = r->secrets_fd = -1;
}

static int
setup_fork(const struct setup_options *o, struct setup_result *r, struct err *e)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_SYSTEM, "setup: fork: %m");
	if (pid == 0)
		_exit(setup_child(o, r));
	return setup_wait(pid, o->path, e);
}

int
setup_load(const struct setup_options *o, struct setup_result *r, struct err *e)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int result;

	r->snapshot_fd = memfd_create("settings", flags);
	r->secrets_fd = memfd_create("secrets", flags);
	if (r->snapshot_fd < 0 || r->secrets_fd < 0)
		result = err_set(e, ERR_SYSTEM, "setup: memfd_create: %m");
	else
		result = setup_fork(o, r, e);
	if (result != 1)
		setup_close(r);
	return result;
}
