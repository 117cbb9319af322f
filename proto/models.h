#ifndef PROTO_MODELS_H
#define PROTO_MODELS_H

/*
 * models - the model lists of api.md 10 as JSON.
 */

#include "base/slice.h"

struct sbuf;
struct settings;
struct settings_model;

enum models_shape { MODELS_OPENAI, MODELS_ANTHROPIC, MODELS_GEMINI };

/* Whether this model is shown. */
typedef bool models_show_fn(const struct settings *s,
    const struct settings_model *m, void *arg);

/* The models that show() lets pass, in the order of the settings (by slug). */
void models_write_list(const struct settings *s, enum models_shape shape,
    models_show_fn *show, void *arg, struct sbuf *out);

/*
 * One model (api.md 10.2), found by any of its names.  1, or 0 when there is
 * none or show() is against it; nothing is written then.
 */
int models_write_one(const struct settings *s, struct slice name,
    models_show_fn *show, void *arg, struct sbuf *out);

/*
 * Whether two providers' names stand for one model: claude-x-20250929 is
 * claude-x@20250929 at Google's and us.anthropic.claude-x-20250929-v1:0 at
 * AWS's (routing.md 7).
 */
bool models_same(struct slice a, struct slice b);

/* The public list (api.md 10.4). */
void models_write_public(const struct settings *s, models_show_fn *show,
    void *arg, struct sbuf *out);

#endif
