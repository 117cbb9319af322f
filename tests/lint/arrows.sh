#!/bin/sh
# Who may include whom.  Fails when an #include points the wrong way, when a
# *_priv.h leaves its room and the tests of it, or when a library leaves the
# files that own it.
set -eu

find base net shm store proto dialect worker keeper logger admin setup master ctl tests \
	-name node_modules -prune -o -name '*.[ch]' -print \
	2>/dev/null | sort | xargs grep -Hn '^#include' | awk -F: '
BEGIN {
	may["base"]   = "base"
	may["net"]    = "base net"
	may["shm"]    = "base shm"
	may["store"]  = "base store"
	may["proto"]  = "base proto"
	may["dialect"] = "base proto dialect"
	may["worker"] = "base net shm store proto dialect worker"
	may["keeper"] = "base shm store keeper"
	may["logger"] = "base net shm store proto dialect logger"
	may["admin"]  = "base net shm store proto admin"
	may["setup"]  = "base net proto setup etc"
	may["master"] = "base shm master"
	may["ctl"]    = "base proto ctl"
	may["main"]   = may["admin"] " worker keeper logger setup master"
	may["tests"]  = may["main"] " ctl dialect tests"

	owner["lmdb.h"]      = "^store/"
	owner["sqlite3.h"]   = "^store/"
	owner["libconfig.h"] = "^setup/"
	owner["json-c/"]     = "^proto/"
	owner["ares.h"]      = "^net/"
	owner["event2/"]     = "^(net|worker|keeper|logger|admin|master)/"
	owner["openssl/"]    = "^(base|net)/"
	owner["intel-ipsec-mb.h"] = "^base/"
	owner["check.h"]     = "^tests/"
}
function complain(text) { print $1 ":" $2 ": " text; bad = 1 }
{
	split($1, dir, "/")
	room = $1 == "master/main.c" ? "main" : dir[1]
	split($3, part, /[<>"]/)
	inc = part[2]
}
$3 ~ /"/ {
	split(inc, to, "/")
	if (index(" " may[room] " ", " " to[1] " ") == 0)
		complain(room " must not include " inc)
	# The unit tests of a room may look inside.
	if (inc ~ /_priv\.h$/ && to[1] != dir[1] &&
	    $1 !~ "^tests/" to[1] "/")
		complain(inc " is private to " to[1])
}
$3 ~ /</ && $1 !~ /^tests\// {
	for (lib in owner)
		if (index(inc, lib) == 1 && $1 !~ owner[lib])
			complain("<" inc "> belongs in " owner[lib])
}
END { exit bad }'
