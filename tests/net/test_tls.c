#include "tests/suite.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/net/test_client_seen.h"
#include "tests/net/test_tls_certs.h"

static struct cert root, narrow, stranger;
static char root_path[CERT_PATH_SIZE];
static struct tls_client *tls;

static void
setup(void)
{
	static const struct cert_options ca = { .name = "test root",
		.to_s = DAY_S,
		.ca = true };
	static const struct cert_options narrow_ca = { .name = "narrow root",
		.constraints = "excluded;DNS:localhost",
		.to_s = DAY_S,
		.ca = true };
	struct slice both;
	struct err e;
	char *text;

	root = cert_make(&ca, NULL);
	narrow = cert_make(&narrow_ca, NULL);
	stranger = cert_make(&ca, NULL);
	text = malloc(root.chain_pem.n + narrow.chain_pem.n + 1);
	memcpy(text, root.chain_pem.p, root.chain_pem.n);
	memcpy(text + root.chain_pem.n, narrow.chain_pem.p, narrow.chain_pem.n);
	both = (struct slice){ text, root.chain_pem.n + narrow.chain_pem.n };
	cert_write(both, root_path);
	free(text);
	tls = tls_client_new(root_path, &e);
	ck_assert_ptr_nonnull(tls);
	client_start();
}

static void
teardown(void)
{
	client_stop();
	tls_client_free(&tls);
	unlink(root_path);
	cert_free(&root);
	cert_free(&narrow);
	cert_free(&stranger);
}

static struct client_target *
tls_target(const char *host, const struct peer *p)
{
	struct client_target_options o = { .host = host, .tls = tls };

	return target_of(p, &o);
}

enum signer { BY_ROOT, BY_NARROW, BY_STRANGER, BY_ITSELF };

static const struct {
	const char *title;
	struct cert_options leaf;
	enum signer by;
	const char *host, *want, *why;
} cases[] = {
	{ "the right name", { "a", "DNS:localhost", 0, 0, DAY_S, 0 }, BY_ROOT,
	    "localhost", "ready 200 'hello' end", "" },
	{ "another name", { "a", "DNS:other.example", 0, 0, DAY_S, 0 }, BY_ROOT,
	    "localhost", "tls", "hostname mismatch" },
	{ "the right name only as CN",
	    { "localhost", "DNS:other.example", 0, 0, DAY_S, 0 }, BY_ROOT,
	    "localhost", "tls", "hostname mismatch" },
	{ "expired", { "a", "DNS:localhost", 0, -2 * DAY_S, -DAY_S, 0 },
	    BY_ROOT, "localhost", "tls", "expired" },
	{ "not yet valid", { "a", "DNS:localhost", 0, DAY_S, 2 * DAY_S, 0 },
	    BY_ROOT, "localhost", "tls", "not yet valid" },
	{ "signed by itself", { "a", "DNS:localhost", 0, 0, DAY_S, 0 },
	    BY_ITSELF, "localhost", "tls", "self-signed" },
	{ "signed by nobody we know", { "a", "DNS:localhost", 0, 0, DAY_S, 0 },
	    BY_STRANGER, "localhost", "tls", "certificate" },
	{ "outside the constraints", { "a", "DNS:localhost", 0, 0, DAY_S, 0 },
	    BY_NARROW, "localhost", "tls", "excluded subtree" },
	{ "the right address", { "a", "IP:127.0.0.1", 0, 0, DAY_S, 0 }, BY_ROOT,
	    "127.0.0.1", "ready 200 'hello' end", "" },
	{ "another address", { "a", "IP:127.0.0.2", 0, 0, DAY_S, 0 }, BY_ROOT,
	    "127.0.0.1", "tls", "IP address mismatch" },
	{ "the address as a name", { "a", "DNS:127.0.0.1", 0, 0, DAY_S, 0 },
	    BY_ROOT, "127.0.0.1", "tls", "IP address mismatch" },
};

static struct tls_server *
server_of(const struct cert *c, int min_version)
{
	struct err e;
	struct tls_server *s =
	    tls_server_new(c->chain_pem, c->key_pem, min_version, &e);

	ck_assert_msg(s != NULL, "%s", e.text);
	return s;
}

START_TEST(test_tls_verifies)
{
	static const struct peer_step refused[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_CLOSE, 0 }, { PEER_END, 0 } };
	const struct cert *signers[] = { &root, &narrow, &stranger, NULL };
	struct cert leaf = cert_make(&cases[_i].leaf, signers[cases[_i].by]);
	struct tls_server *server = server_of(&leaf, 12);
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, cases[_i].why[0] != '\0' ? refused : one_answer, server);
	t = tls_target(cases[_i].host, &p);
	ask(&s, t);
	ck_assert_msg(strcmp(s.text, cases[_i].want) == 0, "%s: %s (%s)",
	    cases[_i].title, s.text, s.why);
	ck_assert_msg(strstr(s.why, cases[_i].why) != NULL, "%s: %s",
	    cases[_i].title, s.why);
	ck_assert(s.info.ready == (cases[_i].why[0] == '\0'));
	target_end(&t, &p);
	tls_server_free(&server);
	cert_free(&leaf);
}
END_TEST

/* No name of more than one label leads to this machine, so ask the SSL. */
START_TEST(test_tls_no_partial_wildcards)
{
	SSL *ssl = tls_client_connect(tls, "left.example", 443);
	unsigned flags = X509_VERIFY_PARAM_get_hostflags(SSL_get0_param(ssl));

	ck_assert_uint_ne(flags & X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, 0);
	ck_assert_str_eq(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
	    "left.example");
	SSL_free(ssl);
}
END_TEST

static const struct cert_options localhost = { .name = "a",
	.alt = "DNS:localhost",
	.to_s = DAY_S };

static const struct {
	const char *title;
	struct peer_step script[6];
	const char *want;
} ends[] = {
	{ "close_notify ends a body without length",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, OK "\r\nhello" }, { PEER_CLOSE, 0 } },
	    "ready 200 'hello' end" },
	{ "FIN does not",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, OK "\r\nhello" }, { PEER_CUT, 0 } },
	    "ready 200 'hello' cut" },
	{ "a length needs neither",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_CUT, 0 } },
	    "ready 200 'hello' end" },
	{ "nothing",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_CLOSE, 0 } },
	    "ready lost" },
};

START_TEST(test_tls_ends)
{
	struct cert leaf = cert_make(&localhost, &root);
	struct tls_server *server = server_of(&leaf, 12);
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, ends[_i].script, server);
	t = tls_target("localhost", &p);
	ask(&s, t);
	ck_assert_msg(strcmp(s.text, ends[_i].want) == 0, "%s: %s",
	    ends[_i].title, s.text);
	ck_assert(s.info.sent);
	ck_assert(s.info.acked);
	target_end(&t, &p);
	tls_server_free(&server);
	cert_free(&leaf);
}
END_TEST

/* Each connection after the first resumes, as often as one likes. */
START_TEST(test_tls_resumes)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_GONE, 0 },
		{ PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_GONE, 0 }, { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, HELLO }, { PEER_GONE, 0 }, { PEER_END, 0 } };
	struct cert leaf = cert_make(&localhost, &root);
	struct tls_server *server = server_of(&leaf, 12);
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_max_version = _i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	peer_start(&p, script, server);
	t = tls_target("localhost", &p);
	for (int i = 0; i < 3; i++) {
		ask(&s, t);
		ck_assert_str_eq(s.text, "ready 200 'hello' end");
		ck_assert_int_eq(s.info.resumed, i > 0);
		client_target_close_idle(t);
	}
	target_end(&t, &p);
	ck_assert(p.resumed);
	tls_server_free(&server);
	cert_free(&leaf);
}
END_TEST

/* A kept TLS connection lives on when its tickets arrive. */
START_TEST(test_tls_keeps)
{
	struct cert leaf = cert_make(&localhost, &root);
	struct tls_server *server = server_of(&leaf, 13);
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, two_answers, server);
	t = tls_target("localhost", &p);
	ask(&s, t);
	ask(&s, t);
	ck_assert_str_eq(s.text, "ready 200 'hello' end");
	ck_assert(s.info.reused);
	target_end(&t, &p);
	tls_server_free(&server);
	cert_free(&leaf);
}
END_TEST

/* Somebody accepts TCP and says nothing. */
START_TEST(test_tls_handshake_timeout)
{
	struct client_target_options o = { .host = "localhost",
		.tls = tls,
		.connect_ms = 100 };
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, NULL, NULL);
	t = target_of(&p, &o);
	ask(&s, t);
	ck_assert_str_eq(s.text, "connect_timeout");
	ck_assert(!s.info.ready);
	target_end(&t, &p);
}
END_TEST

/* The context is made before fork and used after, here and there. */
START_TEST(test_tls_after_fork)
{
	struct cert leaf = cert_make(&localhost, &root);
	struct tls_server *server = server_of(&leaf, 13);
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct client_target *t;
		struct seen s;
		struct peer p;

		client_start();
		peer_start(&p, one_answer, server);
		t = tls_target("localhost", &p);
		ask(&s, t);
		_exit(strcmp(s.text, "ready 200 'hello' end") == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	tls_server_free(&server);
	cert_free(&leaf);
}
END_TEST

START_TEST(test_tls_ca_file)
{
	char path[CERT_PATH_SIZE];
	struct err e;

	ck_assert_ptr_null(tls_client_new("/nonexistent/ca.pem", &e));
	ck_assert_int_eq(e.kind, ERR_SETTINGS);
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent/ca.pem"));
	cert_write(SLICE("nothing of that kind\n"), path);
	ck_assert_ptr_null(tls_client_new(path, &e));
	unlink(path);
}
END_TEST

/* The system's store is a file that is read at once. */
START_TEST(test_tls_system_store)
{
	struct tls_client *c;
	struct err e;

	setenv("SSL_CERT_FILE", root_path, 1);
	c = tls_client_new(NULL, &e);
	ck_assert_ptr_nonnull(c);
	tls_client_free(&c);
	ck_assert_ptr_null(c);
	setenv("SSL_CERT_FILE", "/nonexistent/bundle.pem", 1);
	ck_assert_ptr_null(tls_client_new(NULL, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent/bundle.pem"));
	unsetenv("SSL_CERT_FILE");
	c = tls_client_new(NULL, &e);
	/* ca-certificates is one of the declared packages. */
	ck_assert_msg(c != NULL, "%s", e.text);
	tls_client_free(&c);
}
END_TEST

START_TEST(test_tls_server_refuses)
{
	struct cert leaf = cert_make(&localhost, &root);
	struct slice chain = leaf.chain_pem, cut = { chain.p, chain.n / 2 };
	BIO *bio = BIO_new(BIO_s_mem());
	struct slice locked;
	struct err e;

	PEM_write_bio_PrivateKey(bio, leaf.key, EVP_aes_256_cbc(), NULL, 0,
	    NULL, (char *)(uintptr_t) "secret");
	locked = cert_text(bio);
	ck_assert_ptr_null(tls_server_new(chain, root.key_pem, 12, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "private key"));
	ck_assert_int_eq(e.kind, ERR_SETTINGS);
	ck_assert_ptr_null(tls_server_new(SLICE(""), leaf.key_pem, 12, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "certificate"));
	ck_assert_ptr_null(tls_server_new(cut, leaf.key_pem, 12, &e));
	ck_assert_ptr_null(tls_server_new(chain, SLICE("x"), 12, &e));
	ck_assert_ptr_null(tls_server_new(chain, locked, 12, &e));
	free((char *)(uintptr_t)locked.p);
	cert_free(&leaf);
}
END_TEST

START_TEST(test_tls_server_chain)
{
	struct cert leaf = cert_make(&localhost, &root);
	size_t n = leaf.chain_pem.n + root.chain_pem.n;
	char *text = malloc(n);
	struct tls_server *s;
	struct err e;
	int64_t left_s;

	memcpy(text, leaf.chain_pem.p, leaf.chain_pem.n);
	memcpy(text + leaf.chain_pem.n, root.chain_pem.p, root.chain_pem.n);
	s = tls_server_new((struct slice){ text, n }, leaf.key_pem, 13, &e);
	ck_assert_ptr_nonnull(s);
	left_s = tls_server_expires_s(s) - (int64_t)time(NULL);
	ck_assert_int_gt(left_s, DAY_S - 60);
	ck_assert_int_le(left_s, DAY_S);
	tls_server_free(&s);
	ck_assert_ptr_null(s);
	/* A chain whose second certificate is damaged is refused. */
	memset(text + leaf.chain_pem.n + 40, '!', 20);
	ck_assert_ptr_null(
	    tls_server_new((struct slice){ text, n }, leaf.key_pem, 13, &e));
	free(text);
	cert_free(&leaf);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/tls");
	TCase *t = tcase_create("tls");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_tls_verifies, 0, (int)COUNT(cases));
	tcase_add_loop_test(t, test_tls_ends, 0, (int)COUNT(ends));
	tcase_add_loop_test(t, test_tls_resumes, 0, 2);
	tcase_add_test(t, test_tls_keeps);
	tcase_add_test(t, test_tls_no_partial_wildcards);
	tcase_add_test(t, test_tls_handshake_timeout);
	tcase_add_test(t, test_tls_after_fork);
	tcase_add_test(t, test_tls_ca_file);
	tcase_add_test(t, test_tls_system_store);
	tcase_add_test(t, test_tls_server_refuses);
	tcase_add_test(t, test_tls_server_chain);
	suite_add_tcase(s, t);
	return s;
}
