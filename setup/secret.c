/* The bytes behind env:NAME, cred:NAME and file:/path. */

#include "setup/compile_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/hex.h"

#define SECRET_MOST 65536

enum secret_form { SECRET_PLAIN, SECRET_ENV, SECRET_FILE, SECRET_CRED };

static enum secret_form
secret_split(struct slice text, struct slice *rest_r)
{
	static const struct {
		const char *head;
		enum secret_form form;
	} heads[] = {
		{ "env:", SECRET_ENV },
		{ "file:", SECRET_FILE },
		{ "cred:", SECRET_CRED },
	};

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		struct slice head = slice_str(heads[i].head);

		if (!slice_starts(text, head))
			continue;
		*rest_r = slice_skip(text, head.n);
		return heads[i].form;
	}
	return SECRET_PLAIN;
}

/* A secret on file is for its owner and root; a group may read. */
static int
secret_permitted(int fd, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		snprintf(why, size, "is no regular file");
	else if (st.st_mode & S_IROTH)
		snprintf(why, size, "may be read by everybody (mode %04o)",
		    (unsigned)(st.st_mode & 07777));
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		snprintf(why, size, "belongs to neither root nor this user");
	else if (st.st_size > SECRET_MOST)
		snprintf(why, size, "is larger than 64 KiB");
	else
		return 1;
	return 0;
}

/* 1 with the bytes in b, without one newline at the end; 0 and why not. */
static int
secret_file(const char *path, bool checked, struct sbuf *b, char *why,
    size_t size)
{
	FILE *in = fopen(path, "re");
	size_t n;

	if (in == NULL) {
		snprintf(why, size, "cannot be read: %s", strerror(errno));
		return 0;
	}
	if (checked && !secret_permitted(fileno(in), why, size)) {
		fclose(in);
		return 0;
	}
	sbuf_reserve(b, SECRET_MOST);
	n = fread(b->data + b->len, 1, SECRET_MOST, in);
	fclose(in);
	b->len += n;
	if (b->len > 0 && b->data[b->len - 1] == '\n')
		b->len--;
	b->data[b->len] = '\0';
	return 1;
}

static int
secret_credential(struct slice name, struct sbuf *b, char *why, size_t size)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[4096];

	if (dir == NULL) {
		snprintf(why, size,
		    "is not there: the service has no "
		    "LoadCredential=");
		return 0;
	}
	snprintf(path, sizeof path, "%s/%.*s", dir, SLICE_ARGS(name));
	return secret_file(path, false, b, why, size);
}

static struct secret_ref
secret_keep(struct compile *c, struct sbuf *b)
{
	struct secret_ref r = { (uint32_t)c->secrets.len, (uint32_t)b->len };

	sbuf_add_slice(&c->secrets, sbuf_slice(b));
	sbuf_addc(&c->secrets, '\0');
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	sbuf_free(b);
	return r;
}

static void
secret_environment(struct compile *c, const struct node *n, struct slice name,
    struct sbuf *b)
{
	char *value = getenv(name.p);

	if (value != NULL && value[0] != '\0')
		sbuf_adds(b, value);
	else
		report_warn(c->report, n->value, "env:%.*s is not set%s",
		    SLICE_ARGS(name),
		    slice_eq(n->name, SLICE("api_key"))
			? "; the provider will answer 401"
			: "");
}

struct secret_ref
secret_read(struct compile *c, const struct node *n)
{
	struct sbuf b = { 0 };
	struct slice rest = SLICE("");
	char why[160] = "";
	int known = 1;

	switch (secret_split(n->text, &rest)) {
	case SECRET_ENV:
		secret_environment(c, n, rest, &b);
		break;
	case SECRET_FILE:
		known = secret_file(rest.p, true, &b, why, sizeof why);
		break;
	case SECRET_CRED:
		known = secret_credential(rest, &b, why, sizeof why);
		break;
	default:
		if (n->text.n == 0)
			break;
		report_help(value_error(c, n, "holds a secret as plain text"),
		    "write env:NAME, file:/path or cred:NAME");
		return (struct secret_ref){ 0, 0 };
	}
	if (!known)
		report_error(c->report, n->value, "%.*s %s",
		    SLICE_ARGS(n->text), why);
	return secret_keep(c, &b);
}

void
secret_describe(struct slice reference, char out[64])
{
	unsigned char sum[DIGEST_SIZE];
	struct sbuf b = { 0 };
	struct slice rest = SLICE("");
	char why[160], hex[9];
	enum secret_form form = secret_split(reference, &rest);

	out[0] = '\0';
	if (form == SECRET_ENV && getenv(rest.p) != NULL)
		sbuf_adds(&b, getenv(rest.p));
	else if (form == SECRET_FILE)
		secret_file(rest.p, true, &b, why, sizeof why);
	else if (form == SECRET_CRED)
		secret_credential(rest, &b, why, sizeof why);
	if (b.len == 0)
		return;
	digest_sha256(b.data, b.len, sum);
	hex_write(sum, 4, hex);
	snprintf(out, 64, "sha256 %s, %zu bytes", hex, b.len);
	explicit_bzero(b.data, b.cap);
	sbuf_free(&b);
}
