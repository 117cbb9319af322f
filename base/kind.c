#include "base/kind.h"

const char *const kind_names[KINDS] = {
#define KIND(id, name, auth) [KIND_##id] = name,
#include "base/kinds.def"
#undef KIND
};

const enum kind_auth kind_auths[KINDS] = {
#define KIND(id, name, auth) [KIND_##id] = auth,
#include "base/kinds.def"
#undef KIND
};
