#ifndef TESTS_DIALECT_BRIEF_H
#define TESTS_DIALECT_BRIEF_H

/*
 * brief - frames as chatout writes them, without what is the same in all: a
 * delta is "{...}", a finish "=word", fields "+{...}", an error "!{...}", the
 * end ".".
 */

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "base/sbuf.h"

static inline void
brief_between(struct sbuf *b, const char *frame, const char *from,
    const char *to)
{
	const char *at = strstr(frame, from), *end;

	ck_assert_msg(at != NULL, "%s: no %s", frame, from);
	at += strlen(from);
	end = strstr(at, to);
	ck_assert_msg(end != NULL, "%s: no %s", frame, to);
	sbuf_add(b, at, (size_t)(end - at));
}

static inline void
brief_frame(struct sbuf *b, const char *frame)
{
	const char *fields = strstr(frame, "\"provider_specific_fields\":");

	if (strncmp(frame, "event: error\ndata: ", 19) == 0) {
		sbuf_addc(b, '!');
		sbuf_adds(b, frame + 19);
	} else if (strcmp(frame, "data: [DONE]") == 0) {
		sbuf_addc(b, '.');
	} else if (fields != NULL) {
		sbuf_addc(b, '+');
		sbuf_adds(b, strchr(fields, ':') + 1);
		b->len--;
	} else if (strstr(frame, "\"finish_reason\":null") == NULL) {
		sbuf_addc(b, '=');
		brief_between(b, frame, "\"finish_reason\":\"", "\"");
	} else {
		brief_between(b, frame, "\"delta\":", ",\"finish_reason\"");
	}
}

static inline void
brief_frames(struct sbuf *b, const char *frames)
{
	const char *end;

	while ((end = strstr(frames, "\n\n")) != NULL) {
		char *frame = strndup(frames, (size_t)(end - frames));

		brief_frame(b, frame);
		free(frame);
		frames = end + 2;
	}
	ck_assert_str_eq(frames, "");
	sbuf_addc(b, '\0');
	b->len--;
}

#endif
