#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Anthropic's SDK for JavaScript through nim; sdk.mjs does the asking."""

import json
import os
import subprocess

import clients
import harness


class Sdk(clients.Case):
    def test_sdk(self):
        env = {"PATH": os.environ["PATH"], "HOME": self.nim.folder, "CLIENTS": clients.CLIENTS, "BASE": self.base(),
               "TOKEN": clients.TOKEN, "TOOLS": json.dumps(harness.TOOLS)}
        run = subprocess.run(["node", os.path.join(clients.HERE, "sdk.mjs")], env=env, capture_output=True, text=True,
                             timeout=120 * harness.SLOW, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertGreaterEqual(len(lines), 10)
        for line in lines:
            with self.subTest(line["name"]):
                self.assertIsNone(line["problem"])
        self.upstream.wait_idle(2)


if __name__ == "__main__":
    harness.main()
