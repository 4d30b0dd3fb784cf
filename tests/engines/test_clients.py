#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Anthropic's own clients through nim and a real engine: the SDK for Python in every dialect, and Claude Code."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import dialects
import engines
import harness
from engines import TOKEN, TOOLS, say

try:
    import anthropic
except ImportError:
    anthropic = None

CLIENTS = os.path.abspath(os.environ.get("CLIENTS") or os.path.join(harness.BUILD, "clients"))
CLAUDE = os.path.join(CLIENTS, "node_modules", ".bin", "claude")
CALLS = [("list_files", {"path": "/tmp", "count": 2}), ("read_file", {"path": "/tmp/世界"})]


@unittest.skipUnless(anthropic, "the SDK is not installed")
class Sdk(engines.Case):
    names = (*(d.model for d in dialects.ALL if d.has_calls), "tiny/small")

    def setUp(self):
        super().setUp()
        self.client = anthropic.Anthropic(base_url=self.base(), api_key=TOKEN, max_retries=0)

    def ask(self, messages, name="tiny", is_stream=True, **more):
        self.needs(name)
        more = {"model": name, "max_tokens": 2000, "messages": messages, **more}
        if not is_stream:
            return self.client.messages.create(**more)
        with self.client.messages.stream(**more) as stream:
            text = "".join(stream.text_stream)
            message = stream.get_final_message()
        self.assertEqual(text, "".join(b.text for b in message.content if b.type == "text"))
        return message

    def converse(self, d, is_stream):
        """Thinking, text and two calls; then their results; then a third turn."""
        script = say(d.says("I look.", "Which?", CALLS), d.says("Found it."), d.says("You are welcome."))
        messages = [{"role": "user", "content": script}]
        first = self.ask(messages, d.model, is_stream, tools=TOOLS)
        self.assertEqual([b.type for b in first.content], ["thinking", "text", "tool_use", "tool_use"])
        self.assertEqual([(b.name, b.input) for b in first.content[2:]], CALLS)
        self.assertEqual(first.stop_reason, "tool_use")
        messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": b.id, "content": b.name} for b in first.content[2:]]}]
        second = self.ask(messages, d.model, is_stream, tools=TOOLS)
        self.assertEqual([b.text for b in second.content if b.type == "text"], ["Found it."])
        messages += [{"role": "assistant", "content": second.content}, {"role": "user", "content": "Thanks."}]
        third = self.ask(messages, d.model, is_stream, tools=TOOLS)
        self.assertEqual((third.content[-1].text, third.stop_reason), ("You are welcome.", "end_turn"))
        for message in (first, second, third):
            self.assertGreater(message.usage.input_tokens, len(script) // 2)
            self.assertGreater(message.usage.output_tokens, 2)

    def test_conversations(self):
        """Three turns with thinking and two calls through the SDK, in every dialect, streamed and whole [E64]"""
        for d in (each() for each in dialects.ALL if each.has_calls):
            for is_stream in (True, False):
                with self.subTest(d.model, is_stream=is_stream):
                    self.converse(d, is_stream)

    @engines.only_dynamo("vLLM's engine is not crashed")
    def test_errors(self):
        """The SDK raises the exception that fits the engine's failure [E65]"""
        self.expected_errors = "upstream"
        self.may_refuse = True
        for is_stream in (True, False):
            for kind, name, text in ((anthropic.BadRequestError, "tiny/small", "x" * 5 * engines.SMALL),
                                     (anthropic.NotFoundError, "tiny/none", "x"),
                                     (anthropic.APIStatusError, "tiny", say("Hello <|crash|>"))):
                with self.subTest(kind.__name__, is_stream=is_stream), self.assertRaises(kind):
                    self.ask([{"role": "user", "content": text}], name, is_stream)


@unittest.skipUnless(os.path.exists(CLAUDE), "Claude Code is not installed")
class ClaudeCode(engines.Case):
    names = tuple(d.model for d in dialects.ALL if d.has_calls)

    def setUp(self):
        super().setUp()
        self.home = tempfile.mkdtemp(prefix="nim-test-claude-")
        self.work = os.path.join(self.home, "work")
        os.mkdir(self.work)

    def tearDown(self):
        shutil.rmtree(self.home, ignore_errors=True)
        super().tearDown()

    def ask(self, prompt, name):
        """Headless, with an empty home; returns what it told in the end."""
        self.needs(name)
        run = subprocess.run(
            [CLAUDE, "-p", prompt, "--model", name, "--output-format", "stream-json", "--verbose",
             "--dangerously-skip-permissions"], cwd=self.work, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120 * harness.SLOW, check=False, env={
                "PATH": os.path.dirname(CLAUDE) + ":" + os.environ["PATH"], "HOME": self.home, "LC_ALL": "C.UTF-8",
                "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN, "IS_SANDBOX": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"})
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        self.assertFalse([x for x in lines if x.get("subtype") == "api_retry"], "it had to try again")
        result = next((x for x in lines if x.get("type") == "result"), {})
        self.assertEqual((result.get("subtype"), result.get("is_error")), ("success", False), run.stdout[-3000:])
        return result

    def test_a_text_turn(self):
        """Claude Code shows the engine's text, and counts its tokens [E66]"""
        text = "Grüße: 1 < 2 && \"x\" \\ 世界 🙂."
        result = self.ask("Say it. " + say(text), "tiny")
        self.assertEqual((result["result"], result["num_turns"]), (text, 1))
        self.assertGreaterEqual(result["usage"]["output_tokens"], len(text.encode()))
        self.assertGreater(result["usage"]["input_tokens"], 10000)

    def test_a_bash_turn(self):
        """Claude Code runs the command that the engine's model asks for, in every dialect [E67]"""
        for d in (each() for each in dialects.ALL if each.has_calls):
            with self.subTest(d.model):
                out = os.path.join(self.work, d.model.replace("/", "-"))
                call = ("Bash", {"command": f"printf '%s' \"a'b\" 世界 > {out}", "description": "Write a file"})
                result = self.ask("Do it. " + say(d.says("I write.", "How?", [call]), d.says("It is done.")), d.model)
                with open(out, encoding="utf-8") as f:
                    self.assertEqual(f.read(), "a'b世界")
                self.assertEqual((result["result"], result["num_turns"]), ("It is done.", 2))


if __name__ == "__main__":
    harness.main()
