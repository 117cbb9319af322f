#!/bin/sh
# Fetch the published clients from npm by their lock files, once.  The agents
# are 1.2 GB.
# usage: tests/clients/fetch.sh
set -u
here=$(dirname "$0")
for folder in "$here" "$here/agents"; do
	stamp=$folder/node_modules/.package-lock.json
	command -v npm >/dev/null || break
	[ "$stamp" -nt "$folder/package-lock.json" ] && continue
	npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund \
		--loglevel=error >/dev/null ||
		echo "check-clients: npm could not fetch $folder" >&2
done
