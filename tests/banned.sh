#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves that what must not stand in the tree does not: functions that write past an end
# or hide an error, notes to do something later, paths of somebody's machine, hosts of
# package registries.
# Run by make check; by hand: BUILD=build tests/banned.sh
set -u
LC_ALL=C
export LC_ALL

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$(CDPATH='' cd -- "${BUILD:-$root/build}" && pwd) || exit 1
cd "$root" || exit 1
failed=0

fail()
{
	echo "banned: $*" >&2
	failed=1
}

functions='strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|atoi|atol|atof|gets|alloca|signal|system|popen'

# In the source: a call that is no comment, no string and no longer name.
bad=$(find master shm tests translate worker -name '*.[ch]' -exec \
	grep -nE "(^|[^A-Za-z0-9_.>\"])($functions)[[:space:]]*\(" {} + |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|//|/\*([^*]|\*[^/])*(\*/)?[[:space:]]*$)')
[ -z "$bad" ] || fail "functions:
$bad"

# In what was built: nothing in the program and its libraries calls one either.
for file in "$build"/*/lib*.a "$build"/nim; do
	[ -e "$file" ] || continue
	bad=$(nm -A -u "$file" 2>/dev/null | awk '{ print $NF, $1 }' |
		sed -E 's/^__([a-z0-9]+)_chk /\1 /; s/@[^ ]*//' | grep -E "^($functions) ")
	[ -z "$bad" ] || fail "functions:
$bad"
done

# sources PATTERN: where it stands in the tree, this file and what was generated aside.
sources()
{
	find . \( -name .git -o -name 'build*' -o -name autom4te.cache -o -name node_modules \
		-o -name __pycache__ -o -name _build -o -name _inst \) -prune -o -type f \
		! -path ./tests/banned.sh ! -name configure ! -name 'configure~' \
		! -name aclocal.m4 ! -name 'Makefile.in' ! -name 'config.h.in*' \
		! -path './tests/fuzz/corpus/*' -exec grep -nIE "$1" {} +
}

bad=$(sources '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)')
[ -z "$bad" ] || fail "say it in an issue, or do it:
$bad"

bad=$(sources '(^|[^A-Za-z0-9_.$)}"])/(work|root|home/[a-z])/|/tmp/(plan|build)|(^|[^A-Za-z/])shared/')
[ -z "$bad" ] || fail "paths of one machine:
$bad"

bad=$(sources 'registry[.][a-z]|pypi[.]|pythonhosted|(deb|security|archive|snapshot|ports)[.](debian|ubuntu)|crates[.]io|nodesource|alpinelinux[.]|fedoraproject[.]')
[ -z "$bad" ] || fail "hosts of package registries:
$bad"

[ "$failed" -eq 0 ] && echo "banned: nothing of it is there"
exit "$failed"
