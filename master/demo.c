#include "master/demo.h"

#include <ftw.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

#define DEMO_PORTS 100 /* tried, from the first on */

static char demo_dir[64];

static const char demo_text[] =
    "version = 1;\n"
    "server = { listen = ( { address = \"127.0.0.1\"; port = %u; } ); "
    "workers = 2; };\n"
    "demo = { enabled = true; };\n"
    "admin = { socket = \"%s/admin.sock\"; http = { port = %u; }; };\n"
    "run = { path = \"%s\"; };\n"
    "store = { path = \"%s/store\"; ledger_size = \"64M\"; "
    "objects_size = \"64M\"; };\n"
    "cache = { max_size = \"256M\"; };\n"
    "models = (\n"
    "  { name = \"demo/echo\"; provider = \"demo\"; "
    "price = { input = \"0.15\"; output = \"0.60\"; }; },\n"
    "  { name = \"demo/lorem\"; provider = \"demo\"; "
    "price = { input = \"0.15\"; output = \"0.60\"; }; },\n"
    "  { name = \"demo/embed\"; provider = \"demo\"; "
    "features = [ \"embeddings\" ]; "
    "price = { input = \"0.02\"; output = \"0\"; }; } );\n"
    "customers = { list = ( { customer_identifier = \"user_123\"; "
    "period_budget = \"0.01\"; budget_duration = \"daily\"; } ); };\n"
    "logs = { files = ( { kind = \"access\"; path = \"-\"; } ); };\n";

static bool
demo_port_is_free(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	bool is_free;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	          listen(fd, 1) == 0;
	close(fd);
	return is_free;
}

static unsigned
demo_port(unsigned first)
{
	for (unsigned port = first; port < first + DEMO_PORTS; port++)
		if (demo_port_is_free(port))
			return port;
	return first;
}

int
demo_settings(struct sbuf *text, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	unsigned port = demo_port(8080), admin = demo_port(9080);

	snprintf(demo_dir, sizeof demo_dir, "%s/holdfast-demo-XXXXXX",
	    tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	if (mkdtemp(demo_dir) == NULL) {
		err_set(e, ERR_SYSTEM, "%s: %m", demo_dir);
		demo_dir[0] = '\0';
		return -1;
	}
	sbuf_addf(text, demo_text, port, demo_dir, admin, demo_dir, demo_dir);
	return 0;
}

static int
demo_remove(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st;
	(void)kind;
	(void)f;
	return remove(path);
}

void
demo_clean(void)
{
	if (demo_dir[0] != '\0')
		nftw(demo_dir, demo_remove, 8, FTW_DEPTH | FTW_PHYS);
}
