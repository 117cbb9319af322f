/* What a request without a model says of the model that it wants. */
#include "base/clock.h"
#include "base/pool.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/router.h"

/* The texts of a list of the request. */
static unsigned
router_list(struct req *r, enum param_id id, const struct slice **list_r)
{
	struct jscan_iter it, count;
	struct jscan_item item;
	struct slice *list;
	unsigned n = 0;

	if (!params_has(&r->params, id))
		return 0;
	jscan_enter(&count, params_json(&r->params, id));
	while (jscan_element_next(&count, &item))
		n++;
	list = pool_alloc(r->pool, (n + 1) * sizeof *list);
	jscan_enter(&it, params_json(&r->params, id));
	for (unsigned i = 0; jscan_element_next(&it, &item); i++)
		list[i] = jstr_item(&item, r->pool);
	*list_r = list;
	return n;
}

void
router_ask_of(struct req *r, struct router_ask *ask)
{
	ask->permitted = r->key->def.models;
	ask->environment = r->key->def.environment;
	ask->now_ms = now_mono_ms();
	ask->n_exclude_models =
	    router_list(r, PARAM_exclude_models, &ask->exclude_models);
	ask->n_exclude_providers =
	    router_list(r, PARAM_exclude_providers, &ask->exclude_providers);
}
