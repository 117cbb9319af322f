/*
 * edit_check - what a provider of the OpenAI dialect does not take: dropped or
 * refused, spec/providers.md 4.9.
 */
#include <stdio.h>

#include "base/err.h"
#include "base/settings.h"
#include "proto/edit.h"
#include "proto/edit_value.h"
#include "proto/jstr.h"

static int
check_refuse(struct slice name, struct err *e)
{
	char param[64];

	memcpy(param, name.p, name.n);
	param[name.n] = '\0';
	return err_param(e, ERR_UNSUPPORTED_PARAMETER, param,
	    "Parameter '%s' is not supported by this provider.", param);
}

/* The first part of a content that is no text. */
static bool
check_find_media(struct slice content, unsigned *at_r)
{
	struct jscan_iter it;
	struct jscan_item part, type;

	jscan_enter(&it, content);
	for (*at_r = 0; jscan_element_next(&it, &part) == 1; ++*at_r)
		if (part.type == JSCAN_OBJECT &&
		    jscan_find(part.value, SLICE("type"), &type) == 1 &&
		    !jstr_says(&type, SLICE("text")) &&
		    !jstr_says(&type, SLICE("refusal")))
			return true;
	return false;
}

static int
check_refuse_media(const struct params *p, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item message, content;
	unsigned n = 0, at;
	char name[64] = "messages";

	jscan_enter(&it, params_json(p, PARAM_messages));
	for (; jscan_element_next(&it, &message) == 1; n++) {
		if (jscan_find(message.value, SLICE("content"), &content) !=
			1 ||
		    content.type != JSCAN_ARRAY ||
		    !check_find_media(content.value, &at))
			continue;
		snprintf(name, sizeof name, "messages[%u].content[%u]", n, at);
		break;
	}
	return check_refuse(slice_str(name), e);
}

static int
check_drop(struct params *p, struct slice name, struct err *e)
{
	if (params_bool(p, PARAM_require_parameters))
		return check_refuse(name, e);
	params_warn(p, name);
	return 0;
}

static bool
check_has(const struct params *p, enum param_id id)
{
	const struct param *v = params_at(p, id);

	return v != NULL && v->item.type != JSCAN_NULL;
}

static bool
check_is_media(const struct params *p)
{
	const struct params_messages *m = &p->messages;

	return m->images + m->audios + m->documents > 0;
}

static bool
check_is_several(const struct params *p)
{
	return params_number(p, PARAM_n, 1) > 1;
}

static bool
check_is_tools(const struct params *p)
{
	return check_has(p, PARAM_tools) || check_has(p, PARAM_functions);
}

/* Without them the answer would mean something else. */
static const struct {
	uint32_t quirk;
	uint32_t features; /* of the model, which it is about; 0 = of any */
	bool (*asks)(const struct params *p);
	struct slice name;
} check_meant[] = {
	{ QUIRK_NO_TOOLS, 0, check_is_tools, SLICE("tools") },
	{ QUIRK_NO_N, 0, check_is_several, SLICE("n") },
	{ QUIRK_NO_N_REASONING, FEATURE_REASONING, check_is_several,
	    SLICE("n") },
};

static const struct {
	uint32_t quirk;
	enum param_id id;
} check_dropped[] = {
	{ QUIRK_NO_STOP, PARAM_stop },
	{ QUIRK_NO_USER, PARAM_user },
	{ QUIRK_NO_LOGIT_BIAS, PARAM_logit_bias },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* All that the tables above have. */
#define CHECK_QUIRKS                                                           \
	(QUIRK_NO_TOOLS | QUIRK_NO_N | QUIRK_NO_N_REASONING | QUIRK_NO_STOP |  \
	    QUIRK_NO_USER | QUIRK_NO_LOGIT_BIAS)

static int
check_quirks(struct params *p, const struct edit_options *options,
    struct err *e)
{
	for (size_t i = 0; i < COUNT(check_meant); i++)
		if (options->quirks & check_meant[i].quirk &&
		    (check_meant[i].features & ~options->features) == 0 &&
		    check_meant[i].asks(p))
			return check_refuse(check_meant[i].name, e);
	for (size_t i = 0; i < COUNT(check_dropped); i++)
		if (options->quirks & check_dropped[i].quirk &&
		    check_has(p, check_dropped[i].id) &&
		    check_drop(p, params_name(check_dropped[i].id), e) != 0)
			return -1;
	return 0;
}

/* What only OpenAI takes. */
static int
check_extras(struct params *p, const struct edit_options *options,
    struct err *e)
{
	static const enum param_id ids[] = { PARAM_verbosity, PARAM_prediction,
		PARAM_web_search_options, PARAM_store };

	for (size_t i = 0; i < COUNT(ids); i++)
		if (edit_is_extra(options, ids[i]) && check_has(p, ids[i]) &&
		    check_drop(p, params_name(ids[i]), e) != 0)
			return -1;
	return 0;
}

int
edit_check(struct params *p, const struct edit_options *options, struct err *e)
{
	struct slice lost = edit_reasoning_lost(p, options);

	if (options->quirks & QUIRK_NO_MEDIA && check_is_media(p))
		return check_refuse_media(p, e);
	if (options->quirks & CHECK_QUIRKS && check_quirks(p, options, e) != 0)
		return -1;
	if (options->reasoning != REASONING_AS_IS &&
	    check_extras(p, options, e) != 0)
		return -1;
	if (lost.n > 0 && check_drop(p, lost, e) != 0)
		return -1;
	if (edit_lost_schema(p, options).n > 0)
		return check_drop(p, SLICE("response_format"), e);
	return 0;
}
