/* Exporters: who is told of what happens. */

#include "setup/address.h"
#include "setup/compile_priv.h"

static const struct word words_kind[] = { { "webhook", 0 }, { NULL, 0 } };

#define ALERT(name, text) { text, 1u << ALERT_##name },
static const struct word words_events[] = {
#include "base/alerts.def"
	{ NULL, 0 }
};
#undef ALERT

#define ALERT(name, text) text " "
static const char every_event[] =
#include "base/alerts.def"
    ;
#undef ALERT

static const struct field exporter_fields[] = {
	{ "name", FIELD_STR, AT(settings_exporter, name), NULL, 0, 0, true,
	    NULL, NULL },
	{ "kind", FIELD_STR, AT(settings_exporter, kind), NULL, 0, 0, true,
	    words_kind, NULL },
	{ "enabled", FIELD_BOOL, AT(settings_exporter, enabled), "true", 0, 0,
	    false, NULL, NULL },
	{ "endpoint", FIELD_STR, AT(settings_exporter, endpoint), NULL, 0, 0,
	    true, NULL, NULL },
	{ "secret", FIELD_SECRET, AT(settings_exporter, secret), NULL, 0, 0,
	    true, NULL, NULL },
	{ "events", FIELD_WORDS, AT(settings_exporter, events), every_event, 0,
	    0, false, words_events, NULL },
};

/* It becomes the head of a request as it is. */
static bool
exporter_is_plain(struct slice url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~' || url.p[i] == '#')
			return false;
	return true;
}

static void
exporter_endpoint(struct compile *c, const struct node *at,
    struct settings_exporter *x)
{
	struct slice url = blob_text(&c->blob, x->endpoint);
	struct address a;

	if (!exporter_is_plain(url) || !address_split(c, url, &a)) {
		value_error(c, at,
		    "must be http:// or https://, a host, perhaps a port, a "
		    "path and a query");
		return;
	}
	x->tls = a.tls;
	x->port = a.port;
	x->host = a.host;
	x->path = a.path;
	if (!a.tls && !address_is_near(blob_text(&c->blob, a.host)))
		report_warn(c->report, at->value,
		    "alerts go to this address unencrypted");
}

static void
exporter_check(struct compile *c, const struct node *n, void *out)
{
	struct settings_exporter *x = out;
	const struct node *at = tree_find(n, "endpoint");
	const struct node *secret = tree_find(n, "secret");

	if (at != NULL && at->type == NODE_STRING && at->text.n > 0)
		exporter_endpoint(c, at, x);
	/* One that was refused has no place; an empty one has. */
	if (secret != NULL && x->enabled && x->secret.off > 0 &&
	    x->secret.len == 0)
		value_error(c, secret,
		    "holds no secret, and alerts must be signed");
}

const struct schema exporter_schema = { "exporters", "name",
	FIELDS(exporter_fields), sizeof(struct settings_exporter), NULL,
	exporter_check, NULL };
