#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

/*
 * settings - the checked settings as one read-only, position-independent
 * block of memory: the snapshot.
 *
 * The room setup compiles it in a throw-away child and hands it back in a
 * sealed memfd; every process maps it read-only and reads it through this
 * header.  References are offsets from its start, never pointers.  Secrets
 * are not in it: they lie in a second memfd and are named by their place
 * (struct secret_ref).  A process keeps the snapshot it was started with.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "base/slice.h"

#define SETTINGS_MAGIC 0x31736664 /* "dfs1" */

/* Whose members may use the control socket, when there is such a group. */
#define SETTINGS_ADMIN_GROUP "holdfast-admin"

/* Bytes at an offset; off 0 with len 0 is the empty string. */
struct sref {
	uint32_t off, len;
};

/* n elements of a fixed struct at an offset. */
struct slist {
	uint32_t off, n;
};

/* A secret's bytes in the second memfd; len 0 when there is none. */
struct secret_ref {
	uint32_t off, len;
};

enum settings_environment { ENV_PROD, ENV_TEST, ENV_BOTH };

enum budget_duration {
	DURATION_NONE,
	DURATION_DAILY,
	DURATION_WEEKLY,
	DURATION_MONTHLY,
	DURATION_YEARLY,
};

/* A price in pico-USD per token, a fee in nano-USD; MONEY_NONE = absent. */
struct settings_price {
	int64_t input, output, cached_input, cache_write, cache_write_1h;
	int64_t reasoning_output, audio_input, audio_output;
	int64_t cached_audio_input, image_input;
	int64_t per_request_nano, per_search_nano, per_image_nano;
	int64_t tier_above; /* prompt tokens; 0 = no tier */
	int64_t tier_input, tier_output, tier_cached_input;
	bool known; /* input and output are there (0 is a price) */
};

enum model_feature {
	FEATURE_TOOLS = 1,
	FEATURE_VISION = 2,
	FEATURE_JSON_SCHEMA = 4,
	FEATURE_REASONING = 8,
	FEATURE_MAX_COMPLETION_TOKENS_ONLY = 16,
	FEATURE_REASONING_OUTSIDE_MAX = 32,
	FEATURE_EMBEDDINGS = 64,
	/* They act where a request is translated: providers.md 12. */
	FEATURE_ADAPTIVE = 128,   /* thinking without a budget */
	FEATURE_STRUCTURED = 256, /* output_config.format */
	FEATURE_OLD_SCHEMA = 512, /* OpenAPI's subset of JSON schema */
	FEATURE_NO_TEMPERATURE = 1024,
	FEATURE_ONE_SAMPLER = 2048,  /* temperature or top_p */
	FEATURE_NO_DEVELOPER = 4096, /* role developer is refused */
	FEATURE_RESPONSES_ONLY = 8192,
	FEATURE_INVOKE = 16384, /* Bedrock: invoke, not Converse */
};

struct settings_listen {
	struct sref address; /* IP literal, or "unix:/path" */
	int32_t port;
	int32_t tls; /* index into tls, -1 = plain */
};

struct settings_tls {
	struct sref name, certificate; /* path of the PEM chain */
	struct secret_ref key;         /* PEM */
	int32_t min_version;           /* 12 or 13 */
};

/* Where requests go: a base URL in its parts. */
struct settings_base {
	struct sref host; /* brackets of IPv6 removed */
	struct sref path; /* no trailing slash */
	int32_t port;
	bool tls;
};

/* Which of the secrets a provider needs depends on its kind. */
struct settings_credential {
	struct sref name;
	struct secret_ref api_key, azure_ad_token;
	struct secret_ref aws_access_key_id, aws_secret_access_key;
	struct secret_ref aws_session_token, aws_bearer_token;
	struct secret_ref vertex_ai_credentials; /* JSON */
	struct sref organization, project;       /* OpenAI's headers */
	struct sref api_base, api_version;       /* "" = the provider's */
	struct sref aws_region_name;
	struct sref vertex_ai_project, vertex_ai_location;
	struct settings_base base; /* of this credential, resolved */
	int64_t weight_nano;       /* weight 1 = 1000000000 */
	int32_t environment;       /* enum settings_environment */
	struct slist available_models, exclude_models; /* of struct sref */
};

/* The cell "end" of providers.md 2.2. */
enum provider_end { END_DONE, END_OPTIONAL };
/* The cell "max": the name of the output cap that is sent. */
enum provider_max {
	MAX_TOKENS,
	MAX_COMPLETION_TOKENS,
	MAX_BY_MODEL, /* the client's own, or the new one where it is needed */
};
/* The cell "r-in": how thoughts are asked for, spec/providers.md 4.7. */
enum provider_reasoning {
	REASONING_AS_IS,
	REASONING_EFFORT,
	REASONING_EFFORT_PARSED, /* and reasoning_format */
	REASONING_THINKING,
	REASONING_THINKING_EFFORT,
	REASONING_OBJECT,
	REASONING_ENABLE,
	REASONING_ENABLE_BUDGET,
	REASONING_KWARGS,
	REASONING_NONE,
};
/* The cell "js": what becomes of a json_schema. */
enum provider_schema {
	SCHEMA_AS_IS,
	SCHEMA_AS_OBJECT, /* json_object, and the schema in words */
	SCHEMA_BARE,      /* without name and strict */
};

/* Names of providers.md 2.3 that an OpenAI-dialect relay acts on. */
#define QUIRK(name, bit, text) QUIRK_##name = 1u << bit,
#define QUIRK_KNOWN(text)
enum provider_quirk {
#include "base/quirks.def"
};
#undef QUIRK
#undef QUIRK_KNOWN

struct settings_provider {
	struct sref name;
	struct sref aliases;  /* its other names, separated by blanks */
	struct sref base_url; /* as written; may hold {region}, {location} */
	struct sref api_version;
	struct settings_base base; /* host "": each credential has its own */
	struct sref ca_file;       /* "" = the system's */
	int32_t kind;              /* enum provider_kind */
	bool open_models;          /* any "name/rest" is taken as a model */
	bool ask_usage;            /* stream_options.include_usage is sent */
	int32_t max_name;          /* enum provider_max */
	int32_t end;               /* enum provider_end */
	int32_t reasoning;         /* enum provider_reasoning */
	int32_t json_schema;       /* enum provider_schema */
	uint32_t quirks;           /* of enum provider_quirk */
	int32_t max_connections;
	int64_t connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms;
	int64_t timeout_ms, stream_timeout_ms; /* -1 = none */
	struct slist credentials; /* of struct settings_credential */
};

/* Whose figure an attempt is charged (money.md 4). */
enum settings_price_source { PRICE_OF_TABLE, PRICE_OF_PROVIDER };

struct settings_limits {
	int64_t rpm, tpm, concurrency; /* 0 = no limit */
};

static inline bool
settings_limits_any(const struct settings_limits *l)
{
	return l->rpm > 0 || l->tpm > 0 || l->concurrency > 0;
}

struct settings_model {
	struct sref name;            /* the slug */
	struct sref upstream;        /* the provider's name for it */
	int32_t provider;            /* index into providers */
	uint32_t features;           /* of enum model_feature */
	int64_t context, max_output; /* tokens; 0 = not known */
	int64_t image_tokens_max;
	int64_t created; /* seconds since 1970 */
	/* 0 = its provider's */
	int64_t first_byte_timeout_ms, idle_timeout_ms;
	int64_t timeout_ms, stream_timeout_ms;
	struct settings_limits limits;
	uint32_t place;       /* as the settings list them, then the others */
	int32_t price_source; /* enum settings_price_source */
	struct settings_price price;
};

/* One name that finds a model: its slug, an alias, a prefixed form. */
struct settings_model_name {
	struct sref name;
	uint32_t model; /* index into models */
};

struct settings_group_entry {
	struct sref model;   /* as written; one of its names */
	int64_t weight_nano; /* weight 1 = 1000000000 */
};

/* A load-balance group. */
struct settings_group {
	struct sref group_id, name;   /* name "": none */
	struct slist models;          /* of struct settings_group_entry */
	struct slist fallback_models; /* of struct sref */
};

enum key_scope {
	SCOPE_GATEWAY = 1,
	SCOPE_PLATFORM = 2,
	SCOPE_CREDENTIALS = 4,
	SCOPE_CUSTOMER_WRITE = 8,
	SCOPE_ANY_API_BASE = 16,
};

struct settings_key {
	struct sref prefix, name;
	unsigned char sha256[32];                  /* of the secret part */
	int32_t environment;                       /* ENV_PROD or ENV_TEST */
	uint32_t scopes;                           /* of enum key_scope */
	struct slist models, customers, addresses; /* of struct sref */
	int64_t period_budget_nano, spending_limit_nano; /* MONEY_NONE */
	int32_t budget_duration; /* enum budget_duration */
	int64_t expires_s;       /* seconds since 1970; 0 = never */
	int64_t max_usage;       /* requests in its life; 0 = no limit */
	bool clamp_max_tokens;
	struct settings_limits limits;
};

struct settings_customer {
	struct sref identifier, name, email, group_identifier;
	int64_t period_budget_nano, total_budget_nano; /* MONEY_NONE */
	int32_t budget_duration;
	int32_t markup_bp;
	int64_t period_start_s; /* 0 = none given */
	struct settings_limits limits;
};

struct settings_log_file {
	struct sref kind; /* "jsonl" or "access" */
	struct sref path; /* "-" = standard output */
	bool bodies;
};

/* What an exporter may be told of; its bit is 1 << the number. */
#define ALERT(name, text) ALERT_##name,
enum alert_event {
#include "base/alerts.def"
	ALERTS,
};
#undef ALERT

struct settings_exporter {
	struct sref name;
	struct sref kind;       /* "webhook" so far */
	struct sref endpoint;   /* as written */
	struct sref host, path; /* of endpoint; path with its query */
	struct secret_ref secret;
	int32_t port;
	uint32_t events; /* of 1 << enum alert_event */
	bool tls, enabled;
};

#define SETTING_CTYPE_BOOL bool
#define SETTING_CTYPE_INT int32_t
#define SETTING_CTYPE_STR struct sref
#define SETTING_CTYPE_MSEC int64_t
#define SETTING_CTYPE_BYTES int64_t
#define SETTING_CTYPE_NANO int64_t
#define SETTING_CTYPE_STRS struct slist
#define SETTING_CTYPE_INTS struct slist
#define SETTING_CTYPE_SECRET struct secret_ref

struct settings {
	uint32_t magic;
	uint32_t size;       /* of the whole snapshot */
	uint64_t generation; /* 1 at start, raised by each reload */
#define SETTING(type, path, field, def, min, max, when, help)                  \
	SETTING_CTYPE_##type field;
#include "base/settings.def"
#undef SETTING
	struct slist listen;      /* of struct settings_listen */
	struct slist tls;         /* of struct settings_tls */
	struct slist providers;   /* of struct settings_provider */
	struct slist models;      /* of struct settings_model, by name */
	struct slist model_names; /* of struct settings_model_name, by name */
	struct slist keys;        /* of struct settings_key, by prefix */
	struct slist customers;   /* of struct settings_customer, by id */
	struct slist log_files;   /* of struct settings_log_file */
	struct slist exporters;   /* of struct settings_exporter */
	struct slist groups;      /* of struct settings_group, by id */
	int64_t assume_input_pico, assume_output_pico; /* unknown_price */
	uint64_t price_version; /* a digest of all prices */
	int64_t admin_group;    /* its number, -1 = there is none */
};

/* A string of the snapshot; NUL-terminated there. */
static inline struct slice
settings_str(const struct settings *s, struct sref r)
{
	return (
	    struct slice){ r.len > 0 ? (const char *)s + r.off : "", r.len };
}

/* The first element of a list; the caller knows its type. */
static inline const void *
settings_list(const struct settings *s, struct slist l)
{
	return (const char *)s + l.off;
}

static inline bool
settings_is(const struct settings *s, struct sref r, const char *text)
{
	return slice_eq(settings_str(s, r), slice_str(text));
}

/* True when text is on a list of struct sref. */
bool settings_has(const struct settings *s, struct slist l, struct slice text);

/*
 * The model that a client's name stands for (slug, alias, prefixed form), or
 * NULL.  Steps 1 to 3 of routing.md 1.1; step 4 and 5 are proto/models.
 */
const struct settings_model *settings_model_find(const struct settings *s,
    struct slice name);

const struct settings_provider *settings_provider_find(const struct settings *s,
    struct slice name);

/*
 * The same by any name that it goes by (routing.md 1.2): id, alias, prefix of
 * its slugs.
 */
const struct settings_provider *
settings_provider_called(const struct settings *s, struct slice name);
bool settings_provider_is(const struct settings *s,
    const struct settings_provider *p, struct slice name);

/* The provider that takes "its id/any name" as a model, or NULL. */
const struct settings_provider *settings_open_find(const struct settings *s,
    struct slice name);

static inline const struct settings_provider *
settings_provider_at(const struct settings *s, int32_t i)
{
	return (const struct settings_provider *)settings_list(s,
		   s->providers) +
	       i;
}

/* Whether a credential is for that environment and model: routing.md 3.3. */
bool settings_credential_serves(const struct settings *s,
    const struct settings_credential *c, int32_t environment,
    struct slice slug);

/* NULL when the file defines no such key or customer. */
const struct settings_key *settings_key_find(const struct settings *s,
    struct slice prefix);
const struct settings_customer *settings_customer_find(const struct settings *s,
    struct slice identifier);

/* A load-balance group by its id, or by its name; NULL: there is none. */
const struct settings_group *settings_group_find(const struct settings *s,
    struct slice group_id);
const struct settings_group *settings_group_named(const struct settings *s,
    struct slice name);

/* Whether an exporter that is enabled wants that event. */
bool settings_alert_wanted(const struct settings *s, enum alert_event event);

/*
 * Map a snapshot from its descriptor, read-only; the descriptor may be closed
 * after.  NULL when it is none (magic or size).
 */
const struct settings *settings_map(int fd);

/* The same for the secrets; they are not dumped into a core. */
const char *settings_map_secrets(int fd);

static inline struct slice
settings_secret(const char *secrets, struct secret_ref r)
{
	return (struct slice){ r.len > 0 ? secrets + r.off : "", r.len };
}

#endif
