#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves that Makefile.am names every file there is: a forgotten source is not built, a
# forgotten test not run, a forgotten case not shipped.
# Run by make check; by hand: tests/lists.sh
set -u
LC_ALL=C
export LC_ALL

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1

bad=$(find etc master shm tests translate worker -name __pycache__ -prune -o -type f -print |
	while read -r file; do
		# A program or its one source: tests/unit/worker_http for worker_http.c.
		grep -qE "(^|[[:space:]])(${file}|${file%.c})([[:space:]]|\$)" Makefile.am ||
			echo "$file"
	done)
if [ -n "$bad" ]; then
	echo "lists: Makefile.am does not name
$bad" >&2
	exit 1
fi
echo "lists: every file is named"
