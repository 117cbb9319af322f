#include "base/crash.h"

#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"

#define CRASH_FRAMES 48

static const char *crash_role = "holdfast";
static const char *volatile crash_step_name;
static const unsigned char *volatile crash_id;
static uintptr_t crash_base, crash_end; /* of the executable */

void
crash_step(const char *name)
{
	crash_step_name = name;
}

void
crash_request(const unsigned char *id)
{
	crash_id = id;
}

/*
 * The handler may run on a broken heap, so the text is put together in its
 * own array by functions that touch nothing else.
 */
struct crash_text {
	char bytes[2048];
	size_t n;
};

static void
crash_add(struct crash_text *t, const char *text)
{
	while (*text != '\0' && t->n < sizeof t->bytes)
		t->bytes[t->n++] = *text++;
}

static void
crash_add_number(struct crash_text *t, uintptr_t v, unsigned base)
{
	char digits[24];
	size_t i = sizeof digits;

	digits[--i] = '\0';
	do
		digits[--i] = "0123456789abcdef"[v % base];
	while ((v /= base) > 0);
	crash_add(t, digits + i);
}

static void
crash_add_id(struct crash_text *t, const unsigned char *id)
{
	for (size_t i = 0; i < 16; i++) {
		crash_add_number(t, id[i] >> 4, 16);
		crash_add_number(t, id[i] & 15, 16);
	}
}

static void
crash_head(struct crash_text *t, int signal_nr)
{
	crash_add(t, "crash: holdfast " HOLDFAST_VERSION " ");
	crash_add(t, crash_role);
	crash_add(t, " ");
	crash_add_number(t, (uintptr_t)getpid(), 10);
	crash_add(t, " signal ");
	crash_add_number(t, (uintptr_t)signal_nr, 10);
	if (crash_step_name != NULL) {
		crash_add(t, " step ");
		crash_add(t, crash_step_name);
	}
	if (crash_id != NULL) {
		crash_add(t, " request ");
		crash_add_id(t, crash_id);
	}
	crash_add(t, " at");
}

static void
crash_handle(int signal_nr)
{
	struct crash_text t;
	void *frames[CRASH_FRAMES];
	int n;

	t.n = 0;
	crash_head(&t, signal_nr);
	n = backtrace(frames, CRASH_FRAMES);
	for (int i = 0; i < n; i++) {
		uintptr_t pc = (uintptr_t)frames[i];

		if (pc < crash_base || pc >= crash_end)
			continue;
		crash_add(&t, " +0x");
		crash_add_number(&t, pc - crash_base, 16);
	}
	crash_add(&t, "\n");
	(void)!write(STDERR_FILENO, t.bytes, t.n);
	/* SA_RESETHAND has restored the default action: die by it. */
	raise(signal_nr);
}

/* The first object is the executable. */
static int
crash_find_base(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	crash_base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
		                info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > crash_end)
			crash_end = end;
	}
	return 1;
}

/* A stack of its own: the usual one may be what overflowed. */
static void
crash_stack(void)
{
	static char stack[65536];
	stack_t s = { .ss_sp = stack, .ss_size = sizeof stack };

	sigaltstack(&s, NULL);
}

void
crash_init(const char *role)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
		SIGSYS };
	struct sigaction action = { .sa_handler = crash_handle,
		.sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK };
	void *frame[1];

	crash_role = role;
	crash_stack();
	dl_iterate_phdr(crash_find_base, NULL);
	backtrace(frame, 1); /* loads libgcc now, not in the handler */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &action, NULL);
}
