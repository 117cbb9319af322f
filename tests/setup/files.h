#ifndef TESTS_SETUP_FILES_H
#define TESTS_SETUP_FILES_H

/*
 * files - a folder with settings, loaded the whole way: files, the throw-away
 * child, messages, snapshot.  For one test file.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "setup/setup.h"

static char dir[64], file[96];
static struct sbuf said;
static const struct settings *got;
static const char *secrets;

static void
setup(void)
{
	char conf_d[96];

	strcpy(dir, "/tmp/holdfast-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/holdfast.conf", dir);
	snprintf(conf_d, sizeof conf_d, "%s/conf.d", dir);
	ck_assert_int_eq(mkdir(conf_d, 0700), 0);
	unsetenv("HOLDFAST_TEST_KEY");
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
	sbuf_free(&said);
}

static void
put(const char *name, const char *text)
{
	char path[160];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

/* The messages, each mention of the test's folder cut out. */
static void
hear(int fd)
{
	char bytes[65536], *at = bytes, *next;
	ssize_t n = pread(fd, bytes, sizeof bytes - 1, 0);
	char prefix[80];

	ck_assert_int_ge(n, 0);
	bytes[n] = '\0';
	snprintf(prefix, sizeof prefix, "%s/", dir);
	sbuf_clear(&said);
	while ((next = strstr(at, prefix)) != NULL) {
		sbuf_add(&said, at, (size_t)(next - at));
		at = next + strlen(prefix);
	}
	sbuf_adds(&said, at);
	sbuf_addc(&said, '\0');
}

static int
load_with(struct setup_options o)
{
	FILE *messages = tmpfile();
	struct setup_result r;
	struct err e = { 0 };
	int loaded;

	o.messages_fd = fileno(messages);
	o.generation = 7;
	loaded = setup_load(&o, &r, &e);
	hear(o.messages_fd);
	fclose(messages);
	if (loaded < 0)
		sbuf_adds(&said, e.text);
	if (loaded != 1)
		return loaded;
	got = settings_map(r.snapshot_fd);
	secrets = settings_map_secrets(r.secrets_fd);
	ck_assert_ptr_nonnull(got);
	ck_assert_ptr_nonnull(secrets);
	ck_assert_int_eq(write(r.snapshot_fd, "x", 1), -1);
	close(r.snapshot_fd);
	close(r.secrets_fd);
	return 1;
}

static int
load(void)
{
	return load_with((struct setup_options){ .path = file });
}

static int
load_text(const char *text)
{
	put("holdfast.conf", text);
	return load();
}

static void
ck_said(const char *title, const char *part)
{
	ck_assert_msg(said.data != NULL && strstr(said.data, part) != NULL,
	    "%s: \"%s\" is not in:\n%s", title, part, said.data);
}

#endif
