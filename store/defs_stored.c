#include "store/defs_stored.h"

#include "base/sbuf.h"
#include "store/fields_priv.h"

#define STORED_LAYOUT 1 /* the first byte of a record, then its fields */

#define INTEGRATION(type, member)                                              \
	{                                                                      \
		FIELD_##type, offsetof(struct integration_def, member)         \
	}

static const struct field integration_fields[] = {
	INTEGRATION(TEXT, id),
	INTEGRATION(TEXT, provider),
	INTEGRATION(TEXT, name),
	INTEGRATION(TEXT, available_models),
	INTEGRATION(TEXT, exclude_models),
	INTEGRATION(TEXT, sealed),
	INTEGRATION(I32, environment),
	INTEGRATION(I32, enabled),
	INTEGRATION(I64, weight_nano),
	INTEGRATION(I64, created_s),
	INTEGRATION(I64, updated_s),
	INTEGRATION(I64, version),
};

#define GROUP(type, member)                                                    \
	{                                                                      \
		FIELD_##type, offsetof(struct group_def, member)               \
	}

static const struct field group_fields[] = {
	GROUP(TEXT, id),
	GROUP(TEXT, name),
	GROUP(TEXT, entries),
	GROUP(TEXT, fallback_models),
	GROUP(I64, created_s),
	GROUP(I64, updated_s),
	GROUP(I64, version),
};

#define ENTRY(type, member)                                                    \
	{                                                                      \
		FIELD_##type, offsetof(struct group_entry, member)             \
	}

static const struct field entry_fields[] = {
	ENTRY(TEXT, model),
	ENTRY(TEXT, sealed),
	ENTRY(I64, weight_nano),
};

#define FIELDS(table) table, sizeof table / sizeof table[0]

bool
stored_id_valid(struct slice id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";

	for (size_t i = 0; i < id.n; i++)
		if (memchr(allowed, id.p[i], sizeof allowed - 1) == NULL)
			return false;
	return id.n >= 1 && id.n <= STORED_ID;
}

void
integration_pack(struct sbuf *b, const struct integration_def *d)
{
	sbuf_addc(b, STORED_LAYOUT);
	fields_pack(b, FIELDS(integration_fields), d);
}

void
group_pack(struct sbuf *b, const struct group_def *d)
{
	sbuf_addc(b, STORED_LAYOUT);
	fields_pack(b, FIELDS(group_fields), d);
}

void
group_entry_pack(struct sbuf *b, const struct group_entry *e)
{
	fields_pack(b, FIELDS(entry_fields), e);
}

bool
group_entry_next(struct slice *entries, struct group_entry *e_r)
{
	return entries->n > 0 &&
	       fields_take(entries, FIELDS(entry_fields), e_r);
}

static bool
layout_take(struct slice *bytes)
{
	return bytes->n > 0 && slice_take(bytes) == STORED_LAYOUT;
}

/* Each item of a list has its end. */
static bool
list_sane(struct slice list)
{
	return list.n == 0 || list.p[list.n - 1] == '\0';
}

int
integration_unpack(struct slice bytes, struct integration_def *d_r)
{
	return layout_take(&bytes) &&
	       fields_unpack(bytes, FIELDS(integration_fields), d_r) &&
	       stored_id_valid(d_r->id) && d_r->provider.n > 0 &&
	       d_r->sealed.n > 0 && d_r->weight_nano > 0 &&
	       d_r->environment >= ENV_PROD && d_r->environment <= ENV_BOTH &&
	       (d_r->enabled == 0 || d_r->enabled == 1) &&
	       list_sane(d_r->available_models) &&
	       list_sane(d_r->exclude_models);
}

static bool
entries_sane(struct slice entries)
{
	struct group_entry e;
	unsigned n = 0;

	while (group_entry_next(&entries, &e)) {
		if (e.model.n == 0 || e.weight_nano <= 0)
			return false;
		n++;
	}
	return entries.n == 0 && n >= 1 && n <= STORED_MODELS;
}

int
group_unpack(struct slice bytes, struct group_def *d_r)
{
	return layout_take(&bytes) &&
	       fields_unpack(bytes, FIELDS(group_fields), d_r) &&
	       stored_id_valid(d_r->id) && entries_sane(d_r->entries) &&
	       list_sane(d_r->fallback_models);
}

void
stored_place_integration(struct sbuf *b, const struct integration_def *d)
{
	sbuf_adds(b, "integration/");
	sbuf_add_slice(b, d->id);
	sbuf_addc(b, '/');
	sbuf_add_slice(b, d->provider);
}

void
stored_place_entry(struct sbuf *b, struct slice group, struct slice model)
{
	sbuf_adds(b, "group/");
	sbuf_add_slice(b, group);
	sbuf_addc(b, '/');
	sbuf_add_slice(b, model);
}
