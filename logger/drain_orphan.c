/*
 * A request whose worker died left no record.  What the keeper knows of it is
 * who paid and how much (spec/money.md 9); which model it asked died with it.
 */
#include "logger/drain_priv.h"

#include <string.h>

#include "base/settings.h"
#include "shm/segment.h"
#include "store/orphan.h"

static void
orphan_record(const struct orphan *o, struct record *r)
{
	record_init(r);
	memcpy(r->id, o->id, sizeof r->id);
	r->organization_id = r->organization = SLICE("default");
	r->organization_key_id = o->key;
	r->environment =
	    o->environment == ENV_TEST ? SLICE("test") : SLICE("prod");
	r->customer_identifier = o->customer;
	r->log_method = SLICE("inference");
	r->status = SLICE("error");
	r->status_code = err_status(ERR_INTERNAL);
	r->error_code = slice_str(err_code(ERR_INTERNAL));
	r->error_message = SLICE("The worker that served it died.");
	r->timestamp = o->started_us;
	r->end_time = o->reaped_us;
	r->latency =
	    o->reaped_us > o->started_us ? o->reaped_us - o->started_us : 0;
	r->prompt_tokens = o->tokens_in;
	r->completion_tokens = o->tokens_out;
	r->total_request_tokens = o->tokens_in + o->tokens_out;
	r->usage_source = SLICE("orphan");
	r->cost = o->cost_nano;
	r->cost_known = 1;
	r->charge = o->charge_nano;
	r->suspense = o->suspense_nano;
	r->hold = o->held_nano;
	r->price_version = (int64_t)o->price_version;
}

void
drain_orphan(struct drain *d, const struct orphan *o)
{
	struct record record;
	/* Told twice it is one row: its number is unique within its request. */
	struct sink_record out = {
		.record = &record,
		.origin = { o->seat, o->seq },
		.epoch = o->id,
	};

	orphan_record(o, &record);
	drain_put(d, &out);
	drain_commit(d, true);
}
