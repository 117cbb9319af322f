#include "proto/params_priv.h"

#include "proto/jstr.h"

/* What only requests for embeddings have: api.md 5.2. */

/* Texts or tokens: what is in it is for its provider to judge. */
int
params_check_input(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_iter it;
	struct jscan_item first;

	if (v->item.type == JSCAN_STRING)
		return 0;
	if (v->item.type != JSCAN_ARRAY)
		return params_type(c, row->name, "string or array", &v->item);
	jscan_enter(&it, v->item.value);
	if (!jscan_element_next(&it, &first))
		return params_value(c, row->name, "must not be empty");
	return 0;
}

int
params_check_encoding_format(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct slice words[] = { SLICE("float"), SLICE("base64") };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!jstr_says(&v->item, words[i]))
			continue;
		v->text = words[i];
		return 0;
	}
	return params_value(c, row->name, "%s", row->range);
}
