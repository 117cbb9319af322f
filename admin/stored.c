#include "admin/stored.h"

#include <stdio.h>

#include "admin/args.h"
#include "admin/show.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/random.h"

#define NAME_MAX_CHARS 254
#define WEIGHT_ONE 1000000000
#define WEIGHT_MOST (INT64_C(1000000) * WEIGHT_ONE)

int
stored_weight(struct slice object, const char *param, const char *why,
    int64_t *weight_nano_r, struct err *e)
{
	int64_t nano = WEIGHT_ONE;

	/* Decimals of nine places, as money has them. */
	if (args_money(object, "weight", &nano, e) < 0)
		return -1;
	if (nano <= 0)
		return err_param(e, ERR_INVALID_VALUE, param, "%s: %s", param,
		    why);
	if (nano > WEIGHT_MOST)
		return err_param(e, ERR_INVALID_VALUE, param,
		    "%s: Ensure this value is less than or equal to 1000000.",
		    param);
	*weight_nano_r = nano;
	return 0;
}

static size_t
stored_characters(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

int
stored_name(struct slice args, struct sbuf *name, struct err *e)
{
	if (args_text(args, "name", name, e) < 0)
		return -1;
	if (stored_characters(sbuf_slice(name)) > NAME_MAX_CHARS)
		return err_param(e, ERR_INVALID_VALUE, "name",
		    "name: Ensure this field has no more than %d characters.",
		    NAME_MAX_CHARS);
	return 0;
}

int
stored_id(struct slice args, const char *name, struct sbuf *id, struct err *e)
{
	int given = args_text(args, name, id, e);

	return given == 0 ? err_param(e, ERR_MISSING_PARAMETER, name,
				"%s: This field is required.", name)
	                  : given;
}

void
stored_mint(const char *prefix, char id[STORED_MINTED])
{
	unsigned char drawn[3];
	char digits[7];

	random_bytes(drawn, sizeof drawn);
	hex_write(drawn, sizeof drawn, digits);
	snprintf(id, STORED_MINTED, "%s%s", prefix, digits);
}

bool
stored_model_known(const struct settings *s, struct slice name)
{
	return settings_model_find(s, name) != NULL ||
	       settings_open_find(s, name) != NULL;
}

int
stored_put(struct office *o, enum ask_op op, const struct sbuf *packed,
    struct err *e)
{
	if (packed->len > STORED_MAX)
		return err_set(e, ERR_INVALID_VALUE,
		    "The object has more than %d bytes.", STORED_MAX);
	return office_ask(o, op, sbuf_slice(packed), e);
}

void
stored_show_removed(struct sbuf *out, const char *member, struct slice id)
{
	sbuf_addc(out, '{');
	show_text(out, member, id);
	show_bool(out, "removed", true);
	sbuf_addc(out, '}');
}
