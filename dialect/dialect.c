#include "dialect/dialect.h"

#include "base/settings.h"

#define DIALECT(id, table) extern const struct dialect table;
#include "dialect/dialects.def"
#undef DIALECT

static const struct dialect *const dialects[KINDS] = {
#define DIALECT(id, table) [KIND_##id] = &table,
#include "dialect/dialects.def"
#undef DIALECT
};

enum provider_kind
dialect_kind(enum provider_kind kind, struct slice model, uint32_t features)
{
	if (kind == KIND_VERTEX_GEMINI && slice_starts(model, SLICE("claude-")))
		return KIND_VERTEX_CLAUDE;
	if (kind == KIND_BEDROCK && (features & FEATURE_INVOKE) != 0)
		return KIND_BEDROCK_INVOKE;
	return kind;
}

const struct dialect *
dialect_find(enum provider_kind kind, struct slice model, uint32_t features)
{
	if ((kind == KIND_OPENAI || kind == KIND_AZURE) &&
	    (features & FEATURE_RESPONSES_ONLY) != 0)
		return &dialect_responses;
	return dialects[dialect_kind(kind, model, features)];
}
