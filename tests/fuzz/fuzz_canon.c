/*
 * What is canonical stays as it is, reads as JSON, and is given for exactly
 * the texts that jscan accepts.
 */

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/canon.h"
#include "proto/jscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct sbuf once = { 0 }, twice = { 0 };
	struct jscan_item item;
	struct err e;
	int done = canon_write(&once, in, NULL, 0, &e);

	assert(done == jscan_value(in, &item, &e));
	if (done == 0) {
		assert(
		    canon_write(&twice, sbuf_slice(&once), NULL, 0, &e) == 0);
		assert(slice_eq(sbuf_slice(&once), sbuf_slice(&twice)));
	}
	sbuf_free(&once);
	sbuf_free(&twice);
	return 0;
}
