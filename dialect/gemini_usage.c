/* gemini_usage - what an answer cost: money.md 4, providers.md 6. */
#include <stddef.h>

#include "dialect/gemini_priv.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define FIGURE(name, field)                                                    \
	{                                                                      \
		SLICE(name), offsetof(struct gemini_figures, field)            \
	}

static const struct usage_figure {
	struct slice name;
	size_t at;
} usage_counts[] = {
	FIGURE("promptTokenCount", prompt),
	FIGURE("cachedContentTokenCount", cached),
	FIGURE("toolUsePromptTokenCount", tool),
	FIGURE("candidatesTokenCount", candidates),
	FIGURE("thoughtsTokenCount", thoughts),
};

/* Lists of {"modality":"AUDIO","tokenCount":9}; image 0: it has no price. */
static const struct {
	struct slice name;
	size_t audio, image;
} usage_lists[] = {
#define LIST(name, audio, image)                                               \
	{                                                                      \
		SLICE(name), offsetof(struct gemini_figures, audio),           \
		    offsetof(struct gemini_figures, image)                     \
	}
	LIST("promptTokensDetails", audio, image),
	LIST("cacheTokensDetails", audio_cached, image_cached),
	LIST("toolUsePromptTokensDetails", audio_tool, image_tool),
	LIST("candidatesTokensDetails", audio_out, image_out),
};

static int64_t *
usage_field(struct gemini_figures *f, size_t at)
{
	return (int64_t *)(void *)((char *)f + at);
}

void
gemini_figures_init(struct gemini_figures *f)
{
	*f = (struct gemini_figures){ .prompt = -1, .candidates = -1 };
}

/* 1 with a count, 0 when there is none, -1 when it is none. */
static int
usage_figure(const struct jscan_item *item, int64_t *n_r)
{
	int64_t n = usage_count(item);

	if (n >= 0)
		*n_r = n;
	return n == USAGE_MALFORMED ? -1 : n >= 0;
}

/* Modalities are words, and numbers to Vertex's old clients. */
static bool
usage_is(const struct jscan_item *modality, struct slice word, char digit)
{
	return jstr_says(modality, word) ||
	       (modality->type == JSCAN_NUMBER && modality->value.n == 1 &&
		   *modality->value.p == digit);
}

static int
usage_modality(struct slice json, int64_t *audio, int64_t *image)
{
	struct jscan_item modality, tokens;
	int64_t n = 0;

	if (jscan_find(json, SLICE("modality"), &modality) != 1 ||
	    jscan_find(json, SLICE("tokenCount"), &tokens) != 1)
		return 0;
	if (usage_figure(&tokens, &n) == -1)
		return -1;
	if (usage_is(&modality, SLICE("AUDIO"), '4'))
		*audio += n;
	if (usage_is(&modality, SLICE("IMAGE"), '2'))
		*image += n;
	return 0;
}

static int
usage_list(struct gemini_figures *f, size_t which, struct slice array)
{
	int64_t *audio = usage_field(f, usage_lists[which].audio);
	int64_t *image = usage_field(f, usage_lists[which].image);
	struct jscan_iter it;
	struct jscan_item item;

	*audio = *image = 0;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    usage_modality(item.value, audio, image) != 0)
			return -1;
	return 0;
}

static int
usage_member(struct gemini_figures *f, const struct jscan_item *item)
{
	int64_t n;
	int is;

	for (size_t i = 0; i < sizeof usage_counts / sizeof *usage_counts;
	     i++) {
		if (!jstr_is(item, usage_counts[i].name))
			continue;
		is = usage_figure(item, &n);
		if (is == 1)
			*usage_field(f, usage_counts[i].at) = n;
		return is == -1 ? -1 : 0;
	}
	for (size_t i = 0; i < sizeof usage_lists / sizeof *usage_lists; i++)
		if (jstr_is(item, usage_lists[i].name) &&
		    item->type == JSCAN_ARRAY)
			return usage_list(f, i, item->value);
	return 0;
}

bool
gemini_figures_read(struct gemini_figures *f, struct slice json)
{
	struct gemini_figures read = *f;
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item))
		if (usage_member(&read, &item) != 0)
			return false;
	*f = read;
	return read.prompt >= 0 || read.candidates >= 0;
}

void
gemini_usage(const struct gemini_figures *f, struct usage *u_r, int64_t *in_r)
{
	int64_t rest = (f->prompt > 0 ? f->prompt : 0) + f->tool, cached;
	int64_t out = f->candidates > 0 ? f->candidates : 0;
	bool overlap = false; /* lists may tell more than the whole */

	usage_init(u_r);
	*in_r = f->prompt >= 0 ? rest : -1;
	cached = usage_part(f->cached, &rest, &overlap);
	u_r->anomaly = cached < f->cached;
	u_r->in_audio_cached = usage_part(f->audio_cached, &cached, &overlap);
	u_r->in_cached = cached;
	/* The lists of the prompt have what was cached of it, too. */
	u_r->in_audio =
	    usage_part(f->audio + f->audio_tool > f->audio_cached
			   ? f->audio + f->audio_tool - f->audio_cached
			   : 0,
		&rest, &overlap);
	u_r->in_image =
	    usage_part(f->image + f->image_tool > f->image_cached
			   ? f->image + f->image_tool - f->image_cached
			   : 0,
		&rest, &overlap);
	u_r->in_text = rest;
	u_r->out_audio = usage_part(f->audio_out, &out, &overlap);
	u_r->out_text = out;
	u_r->out_reasoning = f->thoughts;
}
