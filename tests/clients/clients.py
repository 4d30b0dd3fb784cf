# SPDX-License-Identifier: MIT
"""What the tests with real clients share: the end-to-end harness, with a model that follows a script.

A script stands in the prompt itself (see tests/fakenim/said.h), so that it survives every program on the way.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness  # noqa: E402  (found by the line above)

CLIENTS = os.path.abspath(os.environ.get("CLIENTS") or os.path.join(harness.BUILD, "clients"))
CLAUDE = os.path.join(CLIENTS, "node_modules", ".bin", "claude")
TOKEN = "a-dummy-token"
MODELS = '''default_model = "mock/assistant";
aliases = ( { from = "claude-*"; to = "mock/assistant"; } );
models = ( { id = "mock/assistant"; context = 262144; max_output = 32768; vision = true; } );
'''


def say(*turns):
    return "\n".join(f"<|say|>{turn}<|/say|>" for turn in turns)


def call(name, **arguments):
    return "<tool_call>" + json.dumps({"name": name, "arguments": arguments}) + "</tool_call>"


class Case(harness.Case):
    models = MODELS
    key = TOKEN

    def base(self):
        return f"http://127.0.0.1:{self.nim.port}"


def run_node(case, script, least, **env):
    """The lines of a script's checks, at least so many: [{"name", "problem"}]."""
    env = {"PATH": os.environ["PATH"], "HOME": case.nim.folder, "CLIENTS": CLIENTS, "BASE": case.base(), "TOKEN": TOKEN,
           "TOOLS": json.dumps(harness.TOOLS), **env}
    run = subprocess.run(["node", os.path.join(HERE, script)], env=env, capture_output=True, text=True,
                         timeout=120 * harness.SLOW, check=False)
    case.assertEqual(run.returncode, 0, run.stderr)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    case.assertGreaterEqual(len(lines), least)
    return lines
