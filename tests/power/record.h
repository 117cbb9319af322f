#ifndef TESTS_POWER_RECORD_H
#define TESTS_POWER_RECORD_H

/*
 * record - a tape of all that LMDB writes to its data files, in order.
 *
 * The calls themselves are taken: this file defines write() and its like, so
 * that the linker puts them before libc's for LMDB too, without a library that
 * must be preloaded and that AddressSanitizer and valgrind stumble over.  What
 * is written lands in the page cache as always.  Nothing waits for a disk: a
 * sync is a line on the tape, and O_DSYNC is one behind each write.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tape_file { TAPE_LEDGER, TAPE_OBJECTS, TAPE_FILES };

/* The file below the store's directory. */
extern const char *const tape_names[TAPE_FILES];

enum tape_kind {
	TAPE_WRITE,
	TAPE_DURABLE, /* the last write to this file is on the disk */
	TAPE_SYNC,    /* all writes to this file are on the disk */
	TAPE_RESIZE,  /* the file has so many bytes */
	TAPE_MARK,    /* the driver says what it relies upon from here on */
};

struct tape_event {
	enum tape_kind kind;
	enum tape_file file;
	uint64_t at;
	size_t n;
	void *bytes;
};

struct tape {
	struct tape_event *events;
	size_t n, room;
	bool blind; /* a file was mapped to be written: calls tell nothing */
};

extern struct tape tape;

/* Begin a new tape of what is written; look() is called before each call has
 * its effect. */
void record_start(void (*look)(void));
void record_stop(void);

void record_mark(const void *bytes, size_t n);

/* How many writes and syncs, of all files. */
size_t record_count(enum tape_kind kind);

#endif
