#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the arrows between the folders: who may include whom, which of the world's
# functions translate and shm may call, and that memory is taken in two files only.
# Run by make check; by hand: BUILD=build tests/layers.sh
set -u
LC_ALL=C
export LC_ALL

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$(CDPATH='' cd -- "${BUILD:-$root/build}" && pwd) || exit 1
cd "$root" || exit 1
failed=0

fail()
{
	echo "layers: $*" >&2
	failed=1
}

# includes FOLDER ALLOWED...: "folder/file.h" must be of an allowed folder.
includes()
{
	folder=$1
	shift
	allowed=$(echo "$*" | tr ' ' '|')
	bad=$(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder"/*.[ch] |
		grep -vE "include[[:space:]]*\"(config\.h\"|($allowed)/[a-z0-9_]+\.h\")")
	[ -z "$bad" ] || fail "$folder may include $* only:
$bad"
}

includes translate translate
includes shm shm
includes worker worker shm translate
includes status status worker shm translate
includes master master status worker shm translate

# translate is functions of bytes: not even the headers of the world.
bad=$(grep -nE '#[[:space:]]*include[[:space:]]*<(sys/|net|arpa/|unistd|fcntl|poll|time|signal|pthread|syslog|curl/|openssl/(ssl|rand|bio))' \
	translate/*.[ch])
[ -z "$bad" ] || fail "translate has no descriptor, clock or randomness:
$bad"

# Memory: one pair of files takes and gives back.
bad=$(grep -nE '(^|[^A-Za-z0-9_>.])(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign)[[:space:]]*\(' \
	translate/*.[ch] shm/*.[ch] worker/*.[ch] master/*.[ch] |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|//|/\*([^*]|\*[^/])*(\*/)?[[:space:]]*$)' |
	grep -vE '^translate/(pool|buf)\.c:')
[ -z "$bad" ] || fail "memory is taken and freed in translate/pool.c and translate/buf.c only:
$bad"

# What the objects call.  A checked variant (__read_chk) counts as the function itself.
world='socket|socketpair|connect|bind|listen|accept4?|send(to|msg|file)?|recv(from|msg)?|p?readv?|p?writev?|open(at)?(64)?|creat|fd?open(64)?|f?puts|f?putc|putchar|v?f?printf|v?dprintf|perror|v?syslog|openlog|time|clock|clock_gettime|gettimeofday|localtime(_r)?|nanosleep|clock_nanosleep|u?sleep|rand(om)?(_r)?|s?rand48|srandom|getrandom|getentropy|arc4random(_uniform|_buf)?|RAND_(priv_)?bytes|secure_getenv|getenv|getpid|fork|vfork|exec[lv]p?e?|waitpid|kill|raise|sigaction|signal|pthread_create|poll|p?select|epoll_.*|curl_.*|SSL_.*|stdout|stderr|stdin'

# calls FOLDER PATTERN: no undefined symbol may match.
calls()
{
	bad=$(nm -A -u "$build/$1/lib$1.a" 2>/dev/null | awk '{ print $NF, $1 }' |
		sed -E 's/^__([a-z0-9]+)_chk /\1 /; s/^__isoc99_//; s/@[^ ]*//' |
		grep -E "^($2) ")
	[ -z "$bad" ] || fail "$1 must not use:
$bad"
}

calls translate "$world|mmap|munmap|memfd_create|shm_open|fcntl|close|pipe2?"
# shm holds the segment's own descriptor (memfd_create, fstat, pread of its header).
calls shm "$(echo "$world" | sed 's/|p?readv?|/|/')|malloc|calloc|realloc|free"

# translate has no variable outside its functions.  (Sanitizers and gcov add theirs.)
lib=$build/translate/libtranslate.a
if ! nm -u "$lib" 2>/dev/null | grep -qE '__(asan|ubsan|tsan|gcov|llvm|sanitizer)_'; then
	bad=$(size -A "$lib" | awk '
		/:$/ || / +: *$/ || /\(ex / { file = $1 }
		($1 ~ /^\.(data|bss|tdata|tbss)$/ || $1 ~ /^\.(data|bss)\.[^r]/) && $2 > 0 {
			print file, $1, $2 " bytes" }')
	[ -z "$bad" ] || fail "translate has no globals:
$bad"
fi

[ "$failed" -eq 0 ] && echo "layers: the arrows hold"
exit "$failed"
