#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every command that README.md shows, in its order, as somebody would type it: a
# command that stays goes on until the next one of its kind.  Only the port is another,
# the simulated NIM answers for NVIDIA, and claude is a stand-in that asks one question.
# At the end no process is left.
# Run by make check (with the programs that are built); by hand: BUILD=build tests/readme.sh
# With README_SETUP=1 etc/setup really installs and builds.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$(CDPATH='' cd -- "${BUILD:-$root/build}" && pwd) || exit 1
work=$(mktemp -d) || exit 1
staying=
fakenim=
failed=0

fail()
{
	echo "readme: $*" >&2
	for file in "$work/stays.log" "$work/said"; do
		[ ! -s "$file" ] || sed 's/^/  | /' "$file" >&2
	done
	failed=1
}

# wait_until SECONDS COMMAND...
wait_until()
{
	tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

is_gone()
{
	! kill -0 "$1" 2>/dev/null
}

# The processes that still have this run's folder in their environment.
left_over()
{
	grep -lz "^README_TEST=$work\$" /proc/[0-9]*/environ 2>/dev/null |
		sed 's:/proc/\([0-9]*\)/.*:\1:' | while read -r pid; do
		echo "$pid $(tr '\000' ' ' <"/proc/$pid/cmdline")"
	done
}

nothing_left()
{
	[ -z "$(left_over)" ]
}

stop_staying()
{
	[ -n "$staying" ] || return 0
	kill -TERM "$staying" 2>/dev/null
	wait "$staying" 2>/dev/null
	staying=
	wait_until 15 nothing_left || fail "left behind:
$(left_over)"
}

clean()
{
	trap '' EXIT
	stop_staying
	[ -z "$fakenim" ] || kill "$fakenim" 2>/dev/null
	rm -rf "$work"
	exit "$failed"
}
trap 'failed=1; exit 1' HUP INT TERM
trap clean EXIT

free_port()
{
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

answers()
{
	curl -sf -o "$work/health" "http://127.0.0.1:$port/healthz"
}

# as_user COMMAND-LINE [PREFIX]: in a clean environment, in a folder that looks like the tree.
# NVIDIA's key in the text means NVIDIA: its place is taken by the simulated NIM.
as_user()
{
	upstream=
	case $1 in
	*NVIDIA_API_KEY=*) upstream=NVIDIA_BASE_URL=http://127.0.0.1:$upstream_port/v1 ;;
	esac
	built="NIM_BUILD=$build PROXY_CONFIG=etc/nim.conf"
	[ -z "${README_SETUP-}" ] || built=CI=true
	# shellcheck disable=SC2086
	exec env -i PATH="$work/bin:$PATH" HOME="$work/home" PROXY_PORT="$port" \
		README_TEST="$work" $built $upstream \
		sh -c "cd '$work/tree' && ${2-}$1"
}

check_said()
{
	case $1 in
	curl*)
		grep -q '"type": *"message".*"text": *"' "$work/said" || fail "no message came back"
		;;
	build/nim\ code*)
		grep -q '^claude: .*"type": *"message"' "$work/said" ||
			fail "Claude Code got no answer"
		;;
	build/nim*)
		[ -s "$work/said" ] || fail "it says nothing: $1"
		;;
	esac
}

run_command()
{
	line=$(printf '%s\n' "$1" | sed "s/8787/$port/g")
	case $1 in
	'etc/setup test') # what runs this test
		return 0
		;;
	*'etc/setup run'*)
		stop_staying
		as_user "$line" 'exec env ' >"$work/stays.log" 2>&1 </dev/null &
		staying=$!
		wait_until "${README_SETUP:+60}${README_SETUP:-5}" answers ||
			fail "nothing answers on port $port after: $line"
		;;
	*)
		(as_user "$line") >"$work/said" 2>&1 </dev/null ||
			fail "exit code $? of: $line"
		check_said "$1"
		;;
	esac
	[ "$failed" -ne 0 ] || echo "readme: ok: $(printf '%s' "$1" | head -n 1)"
}

# Claude Code's stand-in: says one thing, as the client would.
stand_in()
{
	cat <<'END'
#!/bin/sh
printf 'claude: '
exec curl -sS "$ANTHROPIC_BASE_URL/v1/messages" -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \
	-H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' \
	-d '{"model": "claude-opus-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}'
END
}

# The commands, one a line; a line feed inside one is written as \001.
commands()
{
	awk '
		/^```sh$/ { inside = 1; next }
		/^```$/ { inside = 0 }
		inside {
			text = text (text == "" ? "" : "\001") $0
			if (gsub(/\047/, "&", text) % 2 == 0 && $0 !~ /\\$/) {
				print text
				text = ""
			}
		}' "$root/README.md"
}

for tool in curl python3; do
	command -v "$tool" >/dev/null || {
		echo "readme: $tool is missing"
		exit 77
	}
done
mkdir "$work/bin" "$work/home" "$work/tree"
ln -s "$root/etc" "$work/tree/etc"
ln -s "$build" "$work/tree/build"
stand_in >"$work/bin/claude"
chmod 755 "$work" "$work/bin" "$work/bin/claude"
port=$(free_port)

"$build/tests/fakenim/fakenim" --port 0 --key nvapi-... --any-model >"$work/upstream" 2>&1 &
fakenim=$!
wait_until 5 grep -q 'listening on' "$work/upstream" || fail "no simulated NIM"
upstream_port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$work/upstream")

commands >"$work/commands"
grep -q 'etc/setup run' "$work/commands" || fail "README.md does not show etc/setup run"
while IFS= read -r command <&3; do
	run_command "$(printf '%s' "$command" | tr '\001' '\n')"
done 3<"$work/commands"
