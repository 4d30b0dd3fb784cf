#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs conversations through nim with a real engine behind it: NVIDIA's Dynamo frontend,
# which etc/setup installs into BUILD/engines. vllm.sh does the same with vLLM, by hand.
# Each file's results also go to BUILD/tests/engines/FILE.log.
#
#   tests/engines/run.sh [PART OF A TEST'S NAME ...]
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
BUILD=${BUILD:-$here/../../build}
ENGINES=${ENGINES:-$BUILD/engines}
CLIENTS=${CLIENTS:-$BUILD/clients}
export BUILD ENGINES CLIENTS
python=$ENGINES/${ENGINE_VENV:-dynamo}/bin/python
if [ ! -x "$python" ]; then
	echo "engines: $python is not there; etc/setup test installs it" >&2
	exit 1
fi
# The tests themselves want the SDK, if it is there.
if [ -x "$CLIENTS/venv/bin/python" ]; then
	python=$CLIENTS/venv/bin/python
fi

logs=${ENGINE_LOGS:-$BUILD/tests/engines}
mkdir -p "$logs" || exit 1
good=0
bad=0
for test in "$here"/test_*.py; do
	log=$logs/$(basename "$test" .py).log
	"$python" -B "$test" "$@" >"$log" 2>&1
	status=$?
	cat "$log"
	good=$((good + $(grep -c '^ok ' "$log")))
	found=$(grep -c '^not ok ' "$log")
	if [ "$found" -eq 0 ] && [ "$status" -ne 0 ] && [ $# -eq 0 ]; then
		found=1
	fi
	bad=$((bad + found))
done
echo "# PASS: $good"
echo "# FAIL: $bad"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
