#include "base/settings.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The element of a sorted list whose struct sref at "at" equals text. */
static const void *
settings_search(const struct settings *s, struct slist l, size_t size,
    size_t at, struct slice text)
{
	const char *list = settings_list(s, l);
	size_t low = 0, high = l.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *element = list + mid * size;
		struct sref name;
		int order;

		memcpy(&name, element + at, sizeof name);
		order = slice_order(text, settings_str(s, name));
		if (order == 0)
			return element;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

bool
settings_has(const struct settings *s, struct slist l, struct slice text)
{
	const struct sref *names = settings_list(s, l);

	for (uint32_t i = 0; i < l.n; i++)
		if (slice_eq(settings_str(s, names[i]), text))
			return true;
	return false;
}

const struct settings_model *
settings_model_find(const struct settings *s, struct slice name)
{
	const struct settings_model *models = settings_list(s, s->models);
	const struct settings_model_name *found =
	    settings_search(s, s->model_names, sizeof *found,
		offsetof(struct settings_model_name, name), name);

	return found != NULL ? models + found->model : NULL;
}

const struct settings_provider *
settings_provider_find(const struct settings *s, struct slice name)
{
	const struct settings_provider *p = settings_list(s, s->providers);

	for (uint32_t i = 0; i < s->providers.n; i++)
		if (slice_eq(settings_str(s, p[i].name), name))
			return &p[i];
	return NULL;
}

/* Whether name is one of several words. */
static bool
settings_is_word(struct slice words, struct slice name)
{
	while (words.n >= name.n && name.n > 0) {
		const char *blank = memchr(words.p, ' ', words.n);
		size_t n = blank != NULL ? (size_t)(blank - words.p) : words.n;

		if (slice_eq((struct slice){ words.p, n }, name))
			return true;
		words = slice_skip(words, n < words.n ? n + 1 : n);
	}
	return false;
}

bool
settings_provider_is(const struct settings *s,
    const struct settings_provider *p, struct slice name)
{
	return slice_eq(settings_str(s, p->name), name) ||
	       settings_is_word(settings_str(s, p->aliases), name);
}

const struct settings_provider *
settings_provider_called(const struct settings *s, struct slice name)
{
	const struct settings_provider *p = settings_list(s, s->providers);

	for (uint32_t i = 0; i < s->providers.n; i++)
		if (settings_provider_is(s, &p[i], name))
			return &p[i];
	return NULL;
}

bool
settings_credential_serves(const struct settings *s,
    const struct settings_credential *c, int32_t environment, struct slice slug)
{
	if (c->environment != ENV_BOTH && c->environment != environment)
		return false;
	if (settings_has(s, c->exclude_models, slug))
		return false;
	return c->available_models.n == 0 ||
	       settings_has(s, c->available_models, slug);
}

const struct settings_provider *
settings_open_find(const struct settings *s, struct slice name)
{
	const char *slash = memchr(name.p, '/', name.n);
	const struct settings_provider *p;
	struct slice prefix = { name.p, 0 };

	if (slash == NULL)
		return NULL;
	prefix.n = (size_t)(slash - name.p);
	p = settings_provider_find(s, prefix);
	return p != NULL && p->open_models && prefix.n + 1 < name.n ? p : NULL;
}

const struct settings_key *
settings_key_find(const struct settings *s, struct slice prefix)
{
	return settings_search(s, s->keys, sizeof(struct settings_key),
	    offsetof(struct settings_key, prefix), prefix);
}

const struct settings_customer *
settings_customer_find(const struct settings *s, struct slice identifier)
{
	return settings_search(s, s->customers,
	    sizeof(struct settings_customer),
	    offsetof(struct settings_customer, identifier), identifier);
}

const struct settings_group *
settings_group_find(const struct settings *s, struct slice group_id)
{
	return settings_search(s, s->groups, sizeof(struct settings_group),
	    offsetof(struct settings_group, group_id), group_id);
}

const struct settings_group *
settings_group_named(const struct settings *s, struct slice name)
{
	const struct settings_group *g = settings_list(s, s->groups);

	for (uint32_t i = 0; i < s->groups.n && name.n > 0; i++)
		if (slice_eq(settings_str(s, g[i].name), name))
			return &g[i];
	return NULL;
}

bool
settings_alert_wanted(const struct settings *s, enum alert_event event)
{
	const struct settings_exporter *x = settings_list(s, s->exporters);

	for (uint32_t i = 0; i < s->exporters.n; i++)
		if (x[i].enabled && (x[i].events & 1u << event))
			return true;
	return false;
}

static void *
settings_map_fd(int fd, size_t *size_r)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return NULL;
	*size_r = (size_t)st.st_size;
	/* Linux before 6.7 refuses MAP_SHARED of a memfd sealed for writing. */
	p = mmap(NULL, *size_r, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

const struct settings *
settings_map(int fd)
{
	size_t size = 0;
	const struct settings *s = settings_map_fd(fd, &size);

	if (s == NULL || size < sizeof *s || s->magic != SETTINGS_MAGIC ||
	    s->size != size)
		return NULL;
	return s;
}

const char *
settings_map_secrets(int fd)
{
	size_t size = 0;
	char *p = settings_map_fd(fd, &size);

	if (p != NULL)
		madvise(p, size, MADV_DONTDUMP);
	return p;
}
