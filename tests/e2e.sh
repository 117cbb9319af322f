#!/bin/sh
# The end-to-end tests with Debian's pytest; its summary in our words.
# usage: O=build [SUITE=tests/e2e] tests/e2e.sh [pytest arguments]
set -u
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# What one process compiled the others read.
unset PYTHONDONTWRITEBYTECODE
PYTHONPYCACHEPREFIX=$(realpath "$O")/pycache
export PYTHONPYCACHEPREFIX
pytest="/usr/bin/python3 -m pytest -q -p no:cacheprovider"
$pytest --collect-only "${SUITE:-tests/e2e}" >/dev/null 2>&1
workers=$(($(nproc) * 5)) # they wait much
$pytest -n "$workers" "${SUITE:-tests/e2e}" "$@" 2>&1 |
	tee "$out"
python3 - "$out" <<'EOF'
import re
import sys

last = [x for x in open(sys.argv[1]) if re.search(r"\d+ (passed|failed|error|skipped)", x)]
n = {k: int(v) for v, k in re.findall(r"(\d+) (passed|failed|error|skipped)", last[-1])} if last else {}
bad = n.get("failed", 0) + n.get("error", 0) + (0 if last else 1)
print("%d passed, %d failed" % (n.get("passed", 0), bad) +
      (", %d skipped" % n["skipped"] if n.get("skipped") else ""))
sys.exit(bad > 0)
EOF
