#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the form of the C sources: clang-format 14 has nothing to change, no line is
# longer than 90 columns, no file than 500 lines, no function than 60.
# Exit code 77 (skipped) when clang-format 14 is not there and the rest holds.
# Run by make check; by hand: tests/format.sh
set -u
LC_ALL=C
export LC_ALL

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
failed=0

fail()
{
	echo "format: $*" >&2
	failed=1
}

# No name in the tree has a space.
files=$(find master shm tests translate worker -name '*.[ch]' | sort)

# shellcheck disable=SC2086
bad=$(awk '
	FNR == 1 { inside = "" }
	{
		line = $0; column = 0
		gsub(/[\200-\277]/, "", line) # bytes inside a character of UTF-8
		for (i = 1; i <= length(line); i++)
			column = substr(line, i, 1) == "\t" ? column + 8 - column % 8 : column + 1
		if (column > 90)
			print FILENAME ":" FNR ": " column " columns"
	}
	FNR == 501 { print FILENAME ": more than 500 lines" }
	/^{/ { start = FNR - 1; inside = name }
	/^}/ && inside != "" {
		if (FNR - start > 60)
			print FILENAME ":" start ": " inside " has " FNR - start " lines"
		inside = ""
	}
	/^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
' $files)
[ -z "$bad" ] || fail "too long:
$bad"

bad=$(for file in $files; do
	[ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: MIT */' ] || echo "$file"
done)
[ -z "$bad" ] || fail "the first line is not the licence:
$bad"

formatter=
for name in clang-format-14 clang-format; do
	case $("$name" --version 2>/dev/null) in
	*' 14.'*) formatter=$name && break ;;
	esac
done
if [ -n "$formatter" ]; then
	# shellcheck disable=SC2086
	bad=$("$formatter" --dry-run -Werror $files 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error:.*/\1/p' | uniq -c)
	[ -z "$bad" ] || fail "run $formatter -i on these (and the places in each):
$bad"
elif [ "$failed" -eq 0 ]; then
	echo "format: clang-format 14 is not here; lengths hold"
	exit 77
fi

[ "$failed" -eq 0 ] && echo "format: all is in form"
exit "$failed"
