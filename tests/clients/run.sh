#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the real clients (Claude Code of today and of yesterday, Anthropic's SDKs, programs that use the API in their own
# way) against nim with the simulated NIM behind it. etc/setup installs them; BUILD is where the programs and clients/
# are, build/ by default. What each file says is kept in BUILD/tests/clients.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
BUILD=${BUILD:-$here/../../build}
CLIENTS=${CLIENTS:-$BUILD/clients}
export BUILD CLIENTS
logs=$BUILD/tests/clients

for tool in "$CLIENTS/venv/bin/python" "$CLIENTS/node_modules/.bin/claude" \
	"$CLIENTS/older/node_modules/claude-code-2.0/cli.js"; do
	[ -e "$tool" ] || {
		echo "clients: $tool is not there; etc/setup test installs it" >&2
		exit 1
	}
done
mkdir -p "$logs" && rm -f "$logs"/*.log || exit 1

run()
{
	for test in "$@"; do
		"$CLIENTS/venv/bin/python" -B "$here/$test.py" >"$logs/$test.log" 2>&1
	done
}

# The long ones beside the others.
run test_claude &
run test_interactive test_older test_programs test_sdk_js test_sdk_python
wait

cat "$logs"/*.log
good=$(cat "$logs"/*.log | grep -c '^ok ')
bad=$(cat "$logs"/*.log | grep -c '^not ok ')
plans=$(cat "$logs"/*.log | grep -c '^1\.\.')
[ "$plans" -eq 6 ] || bad=$((bad + 1))
echo "# PASS: $good"
echo "# FAIL: $bad"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
