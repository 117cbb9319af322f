/*
 * What is canonical stays as it is and reads as JSON.
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

	if (jscan_value(in, &item, &e) != 0)
		return 0;
	canon_write(&once, in);
	assert(jscan_value(sbuf_slice(&once), &item, &e) == 0);
	canon_write(&twice, sbuf_slice(&once));
	assert(slice_eq(sbuf_slice(&once), sbuf_slice(&twice)));
	sbuf_free(&once);
	sbuf_free(&twice);
	return 0;
}
