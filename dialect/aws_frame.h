#ifndef DIALECT_AWS_FRAME_H
#define DIALECT_AWS_FRAME_H

/*
 * aws_frame - one message of AWS's event stream: spec/providers.md 7.1,
 * application/vnd.amazon.eventstream of the AWS SDKs.
 *
 *   0  total length      u32, big-endian like all numbers
 *   4  header length     u32
 *   8  CRC-32 of 0..8
 *  12  headers           name length u8, name, type u8, value
 *      payload
 *      CRC-32 of all before it
 */

#include <stddef.h>

#include "base/slice.h"

#define AWS_FRAME_PRELUDE 12
#define AWS_FRAME_MIN 16
#define AWS_FRAME_MAX (1024 * 1024)

struct err;

struct aws_frame {
	/* Headers that are strings; n 0: absent. */
	struct slice message_type;
	struct slice event_type, exception_type;
	struct slice error_code, error_message;
	struct slice payload;
};

/*
 * The length of the frame that begins with these bytes.  1 with *total_r; 0
 * when AWS_FRAME_PRELUDE bytes are not there yet; -1 with ERR_UPSTREAM_STREAM
 * when lengths or checksum are wrong.
 */
int aws_frame_size(struct slice in, size_t *total_r, struct err *e);

/* A frame of that length, whose slices lie in it.  0, or -1 as above. */
int aws_frame_read(struct slice frame, struct aws_frame *f_r, struct err *e);

#endif
