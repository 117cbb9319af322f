/* Features that go with a name: what no list of prices tells. */

#include "setup/compile_priv.h"

#include <fnmatch.h>

static const struct {
	const char *provider, *pattern;
	uint32_t feature;
} flags[] = {
#define FLAG(provider, pattern, flag) { provider, pattern, FEATURE_##flag },
#include "etc/model_flags.def"
#undef FLAG
};

uint32_t
flags_of(const struct compile *c, const struct settings_model *m)
{
	struct slice provider =
	    blob_text(&c->blob, c->providers[m->provider].name);
	const char *name = blob_text(&c->blob, m->upstream).p;
	uint32_t all = 0;

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if ((*flags[i].provider == '*' ||
			slice_eq(provider, slice_str(flags[i].provider))) &&
		    fnmatch(flags[i].pattern, name, 0) == 0)
			all |= flags[i].feature;
	return all;
}
