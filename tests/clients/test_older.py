#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Older clients: Claude Code 2.0 and 1.0, which are JavaScript, and the SDK inside today's Claude Code."""

import json
import os
import shutil
import signal
import subprocess
import tempfile

import clients
import harness
from clients import TOKEN, call, say

OLDER = os.path.join(clients.CLIENTS, "older")
SECONDS = 120 * harness.SLOW
FLAGS = ("--output-format", "json", "--dangerously-skip-permissions")


class Claude:
    """What both versions have to do; not a test of its own."""

    package = ""
    workers = 16

    def setUp(self):
        super().setUp()
        self.home = tempfile.mkdtemp(prefix="nim-test-older-")

    def tearDown(self):
        shutil.rmtree(self.home, ignore_errors=True)
        super().tearDown()

    def start(self, prompt):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "ANTHROPIC_BASE_URL": self.base(), "IS_SANDBOX": "1",
               "ANTHROPIC_AUTH_TOKEN": TOKEN, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
               "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(["node", os.path.join(OLDER, "node_modules", self.package, "cli.js"), "-p", prompt,
                                 *FLAGS], cwd=self.home, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def ask(self, prompt):
        run = self.start(prompt)
        try:
            out, err = run.communicate(timeout=SECONDS)
        finally:
            run.kill()
        result = json.loads(out)
        self.assertFalse(result["is_error"], out + err)
        return result

    def path(self, name):
        return os.path.join(self.home, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def test_text(self):
        """A text of many scripts. [A72]"""
        text = "Grüße: 1 < 2 && \"x\" \\ 世界 🙂."
        self.assertEqual(self.ask("Say it. " + say(text))["result"], text)

    def test_write_read_edit_bash(self):
        """One tool after the other. [A72]"""
        file = self.path("a.txt")
        result = self.ask("Work. " + say(
            "I write. " + call("Write", file_path=file, content="one\ntwo\n"),
            "I read. " + call("Read", file_path=file),
            "I edit. " + call("Edit", file_path=file, old_string="two", new_string="zwei 🙂"),
            "I count. " + call("Bash", command="wc -l < a.txt | tr -d ' ' > count", description="Count the lines"),
            "All done."))
        self.assertEqual(result["result"], "All done.")
        self.assertEqual(self.read("a.txt"), "one\nzwei 🙂\n")
        self.assertEqual(self.read("count"), "2\n")

    def test_three_tools_at_once(self):
        """Parallel calls. [A72]"""
        self.ask("Work. " + say("Three. " + "".join(
            call("Write", file_path=self.path(n), content=n + "\n") for n in "abc"), "Ready."))
        self.assertEqual([self.read(n) for n in "abc"], ["a\n", "b\n", "c\n"])

    def test_an_interrupt_ends_the_upstreams_work(self):
        """SIGINT in the middle of an answer. [A72 A67]"""
        run = self.start(say("Wait <|wait 60000|> for it."))
        try:
            harness.wait_for(lambda: self.upstream.stats()["in_flight"] >= 1, SECONDS)
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=SECONDS)
            self.assertLess(self.upstream.wait_idle(10), 5 * harness.SLOW)
        finally:
            run.kill()
            run.wait()


class Claude20(Claude, clients.Case):
    package = "claude-code-2.0"


class Claude10(Claude, clients.Case):
    package = "claude-code-1.0"


class Sdk(clients.Case):
    def test_sdk_0_128(self):
        """Every check of the newest SDK, with the one inside Claude Code 2.1. [A72 B6]"""
        for line in clients.run_node(self, "sdk.mjs", 10, CLIENTS=OLDER, SDK="sdk-0.128"):
            with self.subTest(line["name"]):
                self.assertIsNone(line["problem"])
        self.upstream.wait_idle(2)


if __name__ == "__main__":
    harness.main()
