#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Claude Code itself, headless, through nim: what it shows, and what its tools did to the disk."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile

import clients
import harness
from clients import CLAUDE, TOKEN, call, say

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SECONDS = 120 * harness.SLOW


class Session:
    """The lines of one run in stream-json form."""

    def __init__(self, run):
        self.run = run
        self.lines = []
        for line in run.stdout.splitlines():
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                pass
        self.result = next((x for x in self.lines if x.get("type") == "result"), {})

    def blocks(self, role, kind):
        return [b for x in self.lines if x.get("type") == role and isinstance(x["message"]["content"], list)
                for b in x["message"]["content"] if b["type"] == kind]

    def retries(self):
        return [x for x in self.lines if x.get("subtype") == "api_retry"]


class Claude(clients.Case):
    workers = 32

    def setUp(self):
        super().setUp()
        self.home = tempfile.mkdtemp(prefix="nim-test-claude-")
        self.work = os.path.join(self.home, "work")
        os.mkdir(self.work)

    def tearDown(self):
        shutil.rmtree(self.home, ignore_errors=True)
        super().tearDown()

    def own_env(self):
        """All that Claude Code gets: nothing of the caller's but PATH."""
        return {"PATH": os.path.dirname(CLAUDE) + ":" + os.environ["PATH"], "HOME": self.home,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "IS_SANDBOX": "1", "DISABLE_AUTOUPDATER": "1",
                "LC_ALL": "C.UTF-8"}

    FLAGS = ("--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions")

    def ask(self, prompt, *more, **env):
        run = subprocess.run([CLAUDE, "-p", prompt, *self.FLAGS, *more], cwd=self.work, stdin=subprocess.DEVNULL,
                             env={**self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN, **env},
                             capture_output=True, text=True, timeout=SECONDS, check=False)
        return self.good(Session(run))

    def good(self, session):
        self.assertEqual(session.result.get("subtype"), "success",
                         session.run.stdout[-3000:] + session.run.stderr[-1000:])
        self.assertFalse(session.result["is_error"], session.result)
        return session

    def path(self, name):
        return os.path.join(self.work, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def test_text(self):
        """Text. [A72]"""
        text = "Grüße: 1 < 2 && \"x\" \\ 世界 🙂."
        session = self.ask("Say it. " + say(text))
        self.assertEqual(session.result["result"], text)
        self.assertEqual(session.result["num_turns"], 1)
        self.assertEqual(session.retries(), [])
        self.assertGreater(session.result["usage"]["input_tokens"], 1000)
        self.assertGreater(session.result["usage"]["output_tokens"], 2)

    def test_text_output_form(self):
        """Text output form. [A72]"""
        run = subprocess.run([CLAUDE, "-p", say("Just this.")], cwd=self.work, stdin=subprocess.DEVNULL,
                             env={**self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_API_KEY": TOKEN},
                             capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual((run.stdout.strip(), run.returncode), ("Just this.", 0), run.stderr)

    def test_write_read_edit_bash(self):
        """Write read edit bash. [A72]"""
        file = self.path("a.txt")
        session = self.ask("Work. " + say(
            "I write. " + call("Write", file_path=file, content="one\ntwo \"quoted\" \\n\nthree\n"),
            "I read. " + call("Read", file_path=file),
            "I edit. " + call("Edit", file_path=file, old_string="two \"quoted\" \\n", new_string="zwei 🙂"),
            "I count. " + call("Bash", command="wc -l < a.txt | tr -d ' ' > count", description="Count the lines"),
            "All done."))
        self.assertEqual(self.read("a.txt"), "one\nzwei 🙂\nthree\n")
        self.assertEqual(self.read("count"), "3\n")
        self.assertEqual(session.result["result"], "All done.")
        self.assertEqual([b["name"] for b in session.blocks("assistant", "tool_use")],
                         ["Write", "Read", "Edit", "Bash"])
        self.assertFalse([b for b in session.blocks("user", "tool_result") if b.get("is_error")])
        self.assertEqual(session.retries(), [])
        self.assertEqual(self.upstream.stats()["posts"], 5)

    def test_three_tools_at_once(self):
        """Three tools at once. [A72]"""
        session = self.ask("Work. " + say(
            "Three. " + "".join(call("Write", file_path=self.path(n), content=n + "\n") for n in "abc"),
            "Three more. " + "".join(call("Bash", command=f"cat {n} > {n}2", description="Copy") for n in "abc"),
            "Ready."))
        for name in "abc":
            self.assertEqual(self.read(name), name + "\n")
            self.assertEqual(self.read(name + "2"), name + "\n")
        ids = [b["id"] for b in session.blocks("assistant", "tool_use")]
        self.assertEqual(len(set(ids)), 6)
        self.assertEqual(self.upstream.stats()["posts"], 3)

    def test_thinking(self):
        """Thinking. [A72]"""
        session = self.ask("Think. " + say("<think>First I ponder.</think>Then I write. "
                                           + call("Bash", command="echo x > t", description="Write"), "The end."))
        self.assertEqual([b["thinking"] for b in session.blocks("assistant", "thinking")], ["First I ponder."])
        self.assertEqual(self.read("t"), "x\n")
        self.assertEqual(session.result["result"], "The end.")

    def test_an_image_that_is_read_reaches_the_model(self):
        """An image that is read reaches the model. [A72]"""
        with open(self.path("p.png"), "wb") as f:
            f.write(base64.b64decode(PNG))
        self.ask("Look. " + say(call("Read", file_path=self.path("p.png")), "Seen."))
        self.assertIn("data:image/png;base64,", json.dumps(self.upstream.stats()["last"]["body"]))

    def test_a_tool_that_fails_is_told_to_the_model(self):
        """A tool that fails is told to the model. [A72]"""
        session = self.ask("Work. " + say(call("Read", file_path=self.path("none")), "No such file."))
        self.assertTrue(session.blocks("user", "tool_result")[0]["is_error"])
        self.assertIn("tool", [m["role"] for m in self.upstream.stats()["last"]["body"]["messages"]])

    def test_subagents_side_by_side(self):
        """Subagents side by side. [A72]"""
        def task(n):
            return call("Agent", description=f"Task {n}", subagent_type="general-purpose", run_in_background=False,
                        prompt=f"Do part {n}. <|sub|>Part {n} is done.<|/sub|>")

        for count in (3, 5, 20):
            with self.subTest(count):
                parts = range(1, count + 1)
                session = self.ask("Delegate. " + say("Helpers. " + "".join(task(n) for n in parts), "All reported."))
                self.assertEqual(session.result["result"], "All reported.")
                results = json.dumps(session.blocks("user", "tool_result"))
                for n in parts:
                    self.assertIn(f"Part {n} is done.", results)
                self.assertEqual(session.retries(), [])

    def test_a_tool_that_is_searched_for(self):
        """A tool that is searched for. [A72]"""
        session = self.ask("Search. " + say(call("ToolSearch", query="select:WebFetch", max_results=1), "Found."))
        self.assertEqual(session.result["result"], "Found.")
        last = self.upstream.stats()["last"]["body"]
        self.assertIn("WebFetch", [t["function"]["name"] for t in last["tools"]])
        self.assertNotIn("DeferredToolPlaceholder", json.dumps(last["tools"]))
        self.assertIn("WebFetch", [m for m in last["messages"] if m["role"] == "tool"][-1]["content"])

    def test_compact(self):
        """Compact. [A72]"""
        self.ask(say("A first answer."))
        session = self.ask("/compact", "--continue")
        self.assertTrue([x for x in session.lines if x.get("subtype") == "compact_boundary"], session.run.stdout[-2000:])
        self.assertEqual(self.ask(say("And on."), "--continue").result["result"], "And on.")

    def test_a_session_goes_on(self):
        """A session goes on. [A72]"""
        self.ask(say("One."))
        self.assertEqual(self.ask(say("Two."), "--continue").result["result"], "Two.")
        texts = json.dumps(self.upstream.stats()["last"]["body"]["messages"])
        self.assertIn("One.", texts)

    def test_an_interrupt_ends_the_upstreams_work(self):
        """An interrupt ends the upstreams work. [A72]"""
        run = subprocess.Popen([CLAUDE, "-p", say("Wait <|wait 60000|> for it."), *self.FLAGS], cwd=self.work,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN})
        try:
            harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 1, SECONDS)
            run.send_signal(signal.SIGINT)
            run.wait(SECONDS)
            self.assertLess(self.upstream.wait_idle(5), 1 * harness.SLOW)
        finally:
            run.kill()
            run.wait()

    def test_other_models_and_an_upstream_that_stumbles(self):
        """Other models and an upstream that stumbles. [A72]"""
        for model in ("mock/500-once@a", "mock/429-after-1@a", "mock/close-once@a", "mock/stall-1", "mock/crlf"):
            with self.subTest(model):
                session = self.ask("Hello", "--model", model)
                self.assertTrue(session.result["result"].startswith(("Hello", "One two")), session.result)

    def test_a_cut_stream_recovers(self):
        """The upstream breaks off in mid-sentence: the client asks again and gets the whole answer. [A72 A52]"""
        for name in ("cut-once@c", "cut-half-once@c", "err-data-once@c"):
            with self.subTest(name):
                self.assertIn("Hello", self.ask("Hello", "--model", "mock/" + name).result["result"])

    def test_a_context_overflow_heals(self):
        """Prompt and max_tokens are too long together: the answer comes all the same. [A72 A57]"""
        session = self.ask("Hello", "--model", "mock/ctx-vllm-old-40000")
        self.assertEqual(session.result["result"], "Hello there.")
        self.assertIn("event=learnt", self.nim.log())

    def test_too_long_a_prompt_is_known_as_such(self):
        """The client knows the sentence. [A72 A57]"""
        run = subprocess.run([CLAUDE, "-p", "Hello", *self.FLAGS, "--model", "mock/ctx-dynamo-2000"], cwd=self.work,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
                             env={**self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN})
        result = Session(run).result
        self.assertTrue(result["is_error"])
        self.assertIn("too long", json.dumps(result))
        self.assertLessEqual(self.upstream.stats()["posts"], 3)

    def test_two_megabytes(self):
        """A file of 2 MB on standard input goes through. [A72 A29]"""
        text = "".join(f"{n:07d} a line of a large file\n" for n in range(58000))
        run = subprocess.run([CLAUDE, "-p", "Read it. " + say("Read."), *self.FLAGS], cwd=self.work, input=text,
                             env={**self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN},
                             capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(self.good(Session(run)).result["result"], "Read.")

    def test_opus_sonnet_haiku_and_fable(self):
        """Opus sonnet haiku and fable. [A72]"""
        for name in ("opus", "sonnet", "haiku", "fable"):
            with self.subTest(name):
                self.assertEqual(self.ask(say("Hi."), "--model", name).result["result"], "Hi.")

    def test_a_wrong_key_is_told_at_once(self):
        """A wrong key is told at once. [A72]"""
        run = subprocess.run([CLAUDE, "-p", "x", *self.FLAGS], cwd=self.work, stdin=subprocess.DEVNULL, env={
            **self.own_env(), "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": "wrong"}, capture_output=True,
            text=True, timeout=SECONDS, check=False)
        session = Session(run)
        self.assertTrue(session.result["is_error"])
        self.assertEqual(session.retries(), [])
        self.assertEqual(self.upstream.stats()["requests"], 0)

    # ---- nim code

    def code(self, conf, *arguments, **env):
        run = subprocess.run([harness.NIM, "code", "--config", conf, *arguments], cwd=self.work,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
                             env={**self.own_env(), "NVIDIA_API_KEY": harness.KEY, "PROXY_API_KEY": TOKEN, **env})
        return Session(run)

    def test_nim_code_uses_the_proxy_that_runs(self):
        """Nim code uses the proxy that runs. [A72]"""
        session = self.good(self.code(self.nim.conf, "--", "-p", "Work. " + say(
            call("Bash", command="echo y > f", description="Write"), "Through nim code."), *self.FLAGS))
        self.assertEqual(session.result["result"], "Through nim code.")
        self.assertEqual(self.read("f"), "y\n")
        self.assertEqual(session.run.returncode, 0)
        self.assertFalse(self.nim.died())
        self.assertEqual(self.upstream.stats()["posts"], 2)

    def test_nim_code_starts_one_and_stops_it(self):
        """Nim code starts one and stops it. [A72]"""
        port = harness.free_port()
        folder = os.path.join(self.home, "conf")
        shutil.copytree(self.nim.conf_folder, folder)
        conf = os.path.join(folder, "nim.conf")
        with open(conf, encoding="utf-8") as f:
            text = f.read()
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text.replace(f"port = {self.nim.port};", f"port = {port};"))
        os.chmod(self.home, 0o755)
        session = self.good(self.code(conf, "--", "-p", say("On my own."), *self.FLAGS))
        self.assertEqual(session.result["result"], "On my own.")
        with self.assertRaises(OSError):
            harness.wait_for(lambda: harness.request(port, "GET", "/healthz").status and None, 5)
        self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_nim_code_takes_a_model(self):
        """Nim code takes a model. [A72]"""
        session = self.good(self.code(self.nim.conf, "--model", "mock/crlf", "--", "-p", "Hi", *self.FLAGS))
        self.assertEqual(session.result["result"], "Hello, this is the simulated NIM.")

    def test_nim_code_changes_no_file_of_the_user(self):
        """Nim code changes no file of the user. [A72]"""
        settings = os.path.join(self.home, ".claude", "settings.json")
        os.makedirs(os.path.dirname(settings))
        with open(settings, "w", encoding="utf-8") as f:
            f.write('{"theme": "dark"}')
        self.code(self.nim.conf, "--", "-p", say("x"), *self.FLAGS)
        with open(settings, encoding="utf-8") as f:
            self.assertEqual(f.read(), '{"theme": "dark"}')


if __name__ == "__main__":
    harness.main()
