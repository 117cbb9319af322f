#ifndef SETUP_ADDRESS_H
#define SETUP_ADDRESS_H

/* address - the URLs of the settings, taken apart. */

#include <stdbool.h>

#include "base/settings.h"

struct compile;

struct address {
	struct sref host; /* brackets of IPv6 removed */
	struct sref path; /* all behind the authority, as written */
	int32_t port;
	bool tls;
};

/* False when it is not http:// or https://, a host and perhaps a port. */
bool address_split(struct compile *c, struct slice url,
    struct address *address_r);

/* Plain HTTP stays on this machine or its network: no name, no public one. */
bool address_is_near(struct slice host);

#endif
