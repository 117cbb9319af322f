#include "dialect/tell_json.h"

#include "proto/usage.h"

struct slice
tell_raw(struct slice object, struct slice name)
{
	struct jscan_item item;

	if (object.n == 0 || jscan_find(object, name, &item) != 1)
		return SLICE("");
	if (item.type == JSCAN_STRING)
		return jscan_text(&item);
	return item.type == JSCAN_NUMBER ? item.value : SLICE("");
}

static struct slice
tell_container(struct slice object, struct slice name, enum jscan_type type)
{
	struct jscan_item item;

	if (object.n == 0 || jscan_find(object, name, &item) != 1 ||
	    item.type != type)
		return SLICE("");
	return item.value;
}

struct slice
tell_object(struct slice object, struct slice name)
{
	return tell_container(object, name, JSCAN_OBJECT);
}

struct slice
tell_array(struct slice object, struct slice name)
{
	return tell_container(object, name, JSCAN_ARRAY);
}

int64_t
tell_count(struct slice object, struct slice name)
{
	struct jscan_item item;

	if (object.n == 0 || jscan_find(object, name, &item) != 1)
		return USAGE_ABSENT;
	return usage_count(&item);
}
