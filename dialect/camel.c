#include "dialect/camel.h"

#include "proto/jscan.h"
#include "proto/jstr.h"

#define CAMEL_NAME_MAX 64

static bool
camel_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Nobody's parser takes a mixture for either spelling, but ours may. */
static bool
camel_equal(struct slice name, struct slice camel)
{
	for (size_t i = 0; i < camel.n; i++) {
		char want = camel.p[i];

		if (name.n > 1 && camel_is_upper(want) && *name.p == '_') {
			name = slice_skip(name, 1);
			want = (char)(want - 'A' + 'a');
		}
		if (name.n == 0 || slice_take(&name) != want)
			return false;
	}
	return name.n == 0;
}

bool
camel_is(const struct jscan_item *item, struct slice camel)
{
	char text[CAMEL_NAME_MAX];
	struct slice name = item->name;

	if (item->name_escaped) {
		if (name.n > sizeof text)
			return false;
		name = (struct slice){ text, jstr_unescape(name, text) };
	}
	return camel_equal(name, camel);
}

int
camel_find(struct slice object, struct slice camel, struct jscan_item *item_r)
{
	struct jscan_iter it;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, item_r))
		if (item_r->type != JSCAN_NULL && camel_is(item_r, camel))
			return 1;
	*item_r =
	    (struct jscan_item){ .type = JSCAN_NULL, .value = SLICE("null") };
	return 0;
}
