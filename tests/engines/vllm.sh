#!/bin/sh
# SPDX-License-Identifier: MIT
# The same conversations with vLLM's build for CPUs in place of Dynamo. By hand only: it
# wants 2.5 GB of disk, 4 GB of memory and a minute and a half for each start.
#
#   tests/engines/vllm.sh install           into BUILD/engines/vllm
#   tests/engines/vllm.sh run [MODEL ...]   tiny tiny/plain tiny/coder
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
BUILD=${BUILD:-$here/../../build}
ENGINES=${ENGINES:-$BUILD/engines}
venv=$ENGINES/vllm

# model, parser of calls, parser of thinking
parsers='tiny hermes qwen3
tiny/plain - -
tiny/coder qwen3_coder -'

install()
{
	mkdir -p "$ENGINES" && python3 -m venv "$venv" &&
		"$venv/bin/pip" install -q --disable-pip-version-check --no-input --no-deps \
			--no-compile -r "$here/vllm.txt" &&
		"$venv/bin/python" "$here/no_cuda.py" "$("$venv/bin/python" -c \
			'import sysconfig; print(sysconfig.get_paths()["purelib"])')/torch"
}

# serve MODEL CALLS THINKING FOLDER: prints the port when it serves; its process is $server.
serve()
{
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$venv/bin/python" "$here/model.py" "$4/model" || return 1
	set -- "$1" "$2" "$3" "$4" --host 127.0.0.1 --port "$port" --model "$4/model" \
		--served-model-name "$1" --max-model-len 131072 --max-num-seqs 32 --dtype float32 \
		--load-format dummy --enforce-eager --logits-processors vllm_said:Said
	calls=$2 thinking=$3 folder=$4 closes=
	shift 4
	[ "$calls" = - ] || set -- "$@" --enable-auto-tool-choice --tool-call-parser "$calls"
	if [ "$thinking" != - ]; then
		set -- "$@" --reasoning-parser "$thinking"
		closes=1
	fi
	HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1 \
		VLLM_CPU_KVCACHE_SPACE=1 VLLM_HOST_IP=127.0.0.1 OMP_NUM_THREADS=1 \
		PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 SAID_CLOSES=$closes HOME=$folder \
		"$venv/bin/python" -W ignore -m vllm.entrypoints.openai.api_server "$@" \
		>"$folder/log" 2>&1 &
	server=$!
	waited=0
	until curl -sf -o "$folder/health" "http://127.0.0.1:$port/health"; do
		waited=$((waited + 1))
		if [ "$waited" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
			tail -n 30 "$folder/log" >&2
			return 1
		fi
		sleep 1
	done
}

run()
{
	[ $# -gt 0 ] || set -- tiny tiny/plain tiny/coder
	failed=0
	trap 'exit 143' INT TERM
	for model; do
		line=$(echo "$parsers" | grep "^$model ") || {
			echo "vllm: no parsers are known for $model" >&2
			exit 2
		}
		folder=$(mktemp -d) || exit 1
		server=
		trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
		# shellcheck disable=SC2086
		if serve $line "$folder"; then
			echo "# vLLM: $line"
			TEST_SLOW=5 ENGINE_PORT=$port ENGINE_VENV=vllm ENGINE_LOGS=$ENGINES/log/$model \
				sh "$here/run.sh" || failed=1
		else
			failed=1
		fi
		kill "$server" 2>/dev/null
		wait "$server"
		server=
		rm -rf "$folder"
	done
	return "$failed"
}

case ${1-} in
install) install ;;
run)
	shift
	run "$@"
	;;
*)
	sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
