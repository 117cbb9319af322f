#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ZONE_FILES "/usr/share/zoneinfo/"
#define ZONE_NAME 64

static char zone_name[ZONE_NAME] = "UTC";

/* No path out of the database, nor the rules themselves (":", "<+03>-3"). */
static bool
zone_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";

	return name[0] != '\0' && name[0] != '/' && strlen(name) < ZONE_NAME &&
	       strspn(name, letters) == strlen(name);
}

static bool
zone_is_there(const char *name)
{
	char path[sizeof ZONE_FILES + ZONE_NAME];
	struct stat st;

	if (!zone_is_name(name))
		return false;
	snprintf(path, sizeof path, ZONE_FILES "%s", name);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool
zone_use(const char *name)
{
	bool known = strcmp(name, "UTC") == 0 || strcmp(name, zone_name) == 0 ||
	             zone_is_there(name);

	if (!known)
		name = "UTC";
	if (strcmp(name, zone_name) == 0)
		return known;
	strcpy(zone_name, name);
	setenv("TZ", name, 1);
	tzset();
	return known;
}

int32_t
zone_offset_s(int64_t t_s)
{
	time_t at = t_s;
	struct tm tm;

	/* Before the first zone_use() the process may have one of its own. */
	if (strcmp(zone_name, "UTC") == 0 || localtime_r(&at, &tm) == NULL)
		return 0;
	return (int32_t)tm.tm_gmtoff;
}
