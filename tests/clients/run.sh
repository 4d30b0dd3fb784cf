#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the real clients (Claude Code, Anthropic's SDK for JavaScript and for Python)
# against nim with the simulated NIM behind it. etc/setup installs them; BUILD is where
# the programs and clients/ are, build/ by default.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
BUILD=${BUILD:-$here/../../build}
CLIENTS=${CLIENTS:-$BUILD/clients}
export BUILD CLIENTS
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

for tool in "$CLIENTS/venv/bin/python" "$CLIENTS/node_modules/.bin/claude"; do
	[ -x "$tool" ] || {
		echo "clients: $tool is not there; etc/setup test installs it" >&2
		exit 1
	}
done

for test in test_claude.py test_interactive.py test_sdk_python.py test_sdk_js.py; do
	"$CLIENTS/venv/bin/python" -B "$here/$test" "$@"
done | tee "$out"

good=$(grep -c '^ok ' "$out")
bad=$(grep -c '^not ok ' "$out")
plans=$(grep -c '^1\.\.' "$out")
[ "$plans" -eq 4 ] || bad=$((bad + 1))
echo "# PASS: $good"
echo "# FAIL: $bad"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
