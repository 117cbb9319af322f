#include "base/slice.h"

/* strncasecmp() would look each byte up in the tables of a locale. */
bool
slice_same_nocase(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] == b[i])
			continue;
		if ((a[i] ^ b[i]) != 0x20 || (a[i] | 0x20) < 'a' ||
		    (a[i] | 0x20) > 'z')
			return false;
	}
	return true;
}
