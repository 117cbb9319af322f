#ifndef TESTS_PROTO_RECORDINGS_H
#define TESTS_PROTO_RECORDINGS_H

/*
 * recordings - real answers of providers, read from HOLDFAST_SHARED (default
 * ../shared) by the tests of this room.  Without that folder the tests that
 * need it are not run.
 */

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <json-c/json.h>

#include "base/sbuf.h"
#include "base/settings.h"

/* The cells of spec/providers.md 2.2 that a relay acts on. */
struct recordings_group {
	const char *name;
	uint32_t quirks;
	int32_t end;
	bool usage_as_is;
};

static const struct recordings_group recordings_groups[] = {
	{ "openai-chat", QUIRK_DEV_ROLE, END_DONE, true },
	{ "azure-openai-chat", 0, END_DONE, true },
	{ "groq", QUIRK_LATE_ERROR | QUIRK_USAGE_TWICE, END_DONE, false },
	{ "deepseek", QUIRK_HIT_MISS | QUIRK_USAGE_IN_FINISH, END_DONE, false },
	{ "xai", QUIRK_USAGE_ADD_REASONING | QUIRK_NO_STOP, END_DONE, false },
	{ "mistral",
	    QUIRK_ID9 | QUIRK_FINISH_HAS_CONTENT | QUIRK_EXCESS_AUDIO_IN,
	    END_DONE, false },
	{ "together", QUIRK_FIN_EOS, END_DONE, false },
	{ "perplexity", QUIRK_MSG_REPEAT | QUIRK_OWN_COST, END_OPTIONAL,
	    false },
	{ "openrouter",
	    QUIRK_FIN_TWICE | QUIRK_ROLE_EVERY | QUIRK_ERR_IN_CHUNK |
		QUIRK_OWN_COST,
	    END_DONE, false },
	{ "huggingface", 0, END_OPTIONAL, false },
	{ "gemini-openai-compat", QUIRK_USAGE_EXCESS_OUT, END_DONE, false },
	{ "databricks", QUIRK_ROLE_EVERY, END_DONE, false },
	{ "ollama-openai-compat", QUIRK_LOCAL | QUIRK_ROLE_EVERY, END_DONE,
	    false },
	{ "avian", 0, END_DONE, false },
	{ "bedrock-mantle", 0, END_DONE, false },
	{ "cerebras", 0, END_DONE, false },
	{ "cloudflare", 0, END_DONE, false },
	{ "copilot", 0, END_DONE, false },
	{ "crusoe", 0, END_DONE, false },
	{ "doubleword", 0, END_DONE, false },
	{ "gpustack", 0, END_OPTIONAL, false },
	{ "heroku", 0, END_DONE, false },
	{ "llamacpp", QUIRK_LOCAL, END_DONE, false },
	{ "mistralrs", 0, END_DONE, false },
	{ "snowflake", 0, END_DONE, false },
	{ "venice", 0, END_DONE, false },
	{ "vercel-gateway", 0, END_DONE, false },
	{ "zai", 0, END_DONE, false },
};
#define RECORDINGS_GROUPS                                                      \
	(sizeof recordings_groups / sizeof recordings_groups[0])

struct recordings_case {
	const struct recordings_group *group;
	char name[512]; /* group/case */
	int status;
	bool stream;
	struct sbuf body;
};

typedef void recordings_fn(const struct recordings_case *c, void *arg);

static inline const char *
recordings_shared(void)
{
	const char *shared = getenv("HOLDFAST_SHARED");

	return shared != NULL ? shared : "../shared";
}

static inline bool
recordings_read(const char *path, struct sbuf *b)
{
	char piece[65536];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		sbuf_add(b, piece, n);
	fclose(f);
	return true;
}

/* Is the folder there at all? */
static inline bool
recordings_exist(void)
{
	char path[4096];
	struct sbuf b = { 0 };
	bool there;

	snprintf(path, sizeof path, "%s/recordings/INDEX.tsv",
	    recordings_shared());
	there = recordings_read(path, &b);
	sbuf_free(&b);
	return there;
}

static inline const char *
recordings_str(json_object *o, const char *name)
{
	json_object *v = json_object_object_get(o, name);

	return v != NULL ? json_object_get_string(v) : "";
}

/* True when the case could be read. */
static inline bool
recordings_load(struct recordings_case *c, const char *folder)
{
	char path[16384];
	struct sbuf meta = { 0 };
	json_object *o;
	bool good;

	snprintf(path, sizeof path, "%s/meta.json", folder);
	if (!recordings_read(path, &meta))
		return false;
	o = json_tokener_parse(meta.data);
	c->status = json_object_get_int(json_object_object_get(o, "status"));
	c->stream =
	    json_object_get_boolean(json_object_object_get(o, "stream"));
	snprintf(path, sizeof path, "%s/%s", folder,
	    recordings_str(o, "response_file"));
	sbuf_clear(&c->body);
	good = strcmp(recordings_str(o, "dialect"), "chat") == 0 &&
	       recordings_read(path, &c->body);
	json_object_put(o);
	sbuf_free(&meta);
	return good;
}

/* Every chat case of a group, in any order.  Returns how many. */
static inline unsigned
recordings_each_of(const struct recordings_group *group, recordings_fn *fn,
    void *arg)
{
	struct recordings_case c = { .group = group };
	char path[4096], folder[8192];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/recordings/%s", recordings_shared(),
	    group->name);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof folder, "%s/%s", path, entry->d_name);
		snprintf(c.name, sizeof c.name, "%s/%.200s", group->name,
		    entry->d_name);
		if (!recordings_load(&c, folder))
			continue;
		fn(&c, arg);
		n++;
	}
	if (dir != NULL)
		closedir(dir);
	sbuf_free(&c.body);
	return n;
}

static inline unsigned
recordings_each(recordings_fn *fn, void *arg)
{
	unsigned i, n = 0;

	for (i = 0; i < RECORDINGS_GROUPS; i++)
		n += recordings_each_of(&recordings_groups[i], fn, arg);
	return n;
}

/*
 * fn looks at every case, if there are any, and counts in its arg, an
 * unsigned, what it was made for: least or more.
 */
static inline void
recordings_check(recordings_fn *fn, unsigned least)
{
	unsigned seen = 0;

	if (!recordings_exist())
		return;
	recordings_each(fn, &seen);
	ck_assert_uint_ge(seen, least);
}

#endif
