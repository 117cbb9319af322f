#include "base/crash.h"

#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/version.h"

#define CRASH_FRAMES 48
#define CRASH_ID_SIZE 20 /* ld's --build-id=sha1 */

static const char *crash_role = "holdfast";
static const char *volatile crash_step_name;
static const unsigned char *volatile crash_id;
static uintptr_t crash_base, crash_end;         /* of the executable */
static char crash_build[2 * CRASH_ID_SIZE + 1]; /* its build id, in hex */

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
	crash_add(t, "crash: holdfast " HOLDFAST_VERSION " build ");
	crash_add(t, crash_build[0] != '\0' ? crash_build : "unknown");
	crash_add(t, " ");
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

/* The notes of a segment: size of name, size of text, type, name, text. */
static void
crash_find_build(const char *notes, size_t size)
{
	while (size >= 12) {
		uint32_t head[3];
		size_t name, text;

		memcpy(head, notes, sizeof head);
		name = (head[0] + 3u) & ~(size_t)3;
		text = (head[1] + 3u) & ~(size_t)3;
		if (12 + name + text > size)
			return;
		if (head[2] == NT_GNU_BUILD_ID && head[1] <= CRASH_ID_SIZE)
			hex_write(notes + 12 + name, head[1], crash_build);
		notes += 12 + name + text;
		size -= 12 + name + text;
	}
}

/* The first object is the executable. */
static int
crash_find_base(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	crash_base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_LOAD &&
		    start + part->p_memsz > crash_end)
			crash_end = start + part->p_memsz;
		else if (part->p_type == PT_NOTE)
			crash_find_build((const char *)start, part->p_memsz);
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

const char *
crash_build_id(void)
{
	return crash_build;
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
