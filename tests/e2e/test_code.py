#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nim code, with a claude that tells what it has been given."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness
from harness import PATIENCE, SLOW, has_state, wait_for

# Says its arguments and environment, then does what $DO says.
CLAUDE = r'''#!/bin/sh
{ for a in "$@"; do printf 'arg %s\n' "$a"; done; printf 'pid %s\n' $$; env; } > "$OUT.new"
mv "$OUT.new" "$OUT"
case $DO in
wait) while [ ! -e "$OUT.go" ]; do sleep 0.05; done; exit 3 ;;
term) trap 'exit 9' TERM; while :; do sleep 0.05; done ;;
die) kill -KILL $$ ;;
*) exit 7 ;;
esac
'''
MODELS = '''default_model = "vendor/model";
models = ( { id = "vendor/model"; context = 131072; max_output = 4096; },
           { id = "vendor/other"; context = 9000; } );
'''


class Code(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="nim-test-code-")
        os.chmod(self.folder, 0o755)
        self.port = harness.free_port()
        self.write("models.conf", MODELS)
        self.write("nim.conf", f'listen = ( {{ address = "127.0.0.1"; port = {self.port}; }} ); status = ( );\n'
                               "workers = { max = 2; }; drain_timeout = 1000;\n")
        os.mkdir(self.path("bin"))
        self.write("bin/claude", CLAUDE)
        os.chmod(self.path("bin/claude"), 0o755)
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        log = self.log() if os.path.exists(self.path("state/nim/proxy.log")) else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        left = [int(pid) for pid in re.findall(r"event=ready .* pid=(\d+)", log)]
        try:
            wait_for(lambda: all(has_state(pid) in (None, "Z", "X") for pid in left), what="the proxies to be gone")
        except AssertionError:
            for pid in left:
                if has_state(pid) not in (None, "Z", "X"):
                    os.kill(pid, signal.SIGKILL)
            raise
        self.assertNotIn("Sanitizer", log)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def log(self):
        with open(self.path("state/nim/proxy.log"), encoding="utf-8") as f:
            return f.read()

    def start(self, *arguments, name="out", **env):
        full = {"PATH": self.path("bin") + ":/usr/bin:/bin", "HOME": self.folder, "OUT": self.path(name),
                "XDG_STATE_HOME": self.path("state"), "NVIDIA_API_KEY": "nvapi-test", **env}
        full = {k: v for k, v in full.items() if v is not None}
        for option in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if option in os.environ:
                full[option] = os.environ[option]
        process = subprocess.Popen([harness.NIM, "code", "--config", self.path("nim.conf"), *arguments], env=full,
                                   cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def end(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertNotIn("Sanitizer", err)
        return process.returncode, out, err

    def told(self, name="out"):
        """What claude was given: (arguments, environment)."""
        wait_for(lambda: os.path.exists(self.path(name)), what="claude")
        with open(self.path(name), encoding="utf-8") as f:
            lines = f.read().splitlines()
        arguments = [line[4:] for line in lines if line.startswith("arg ")]
        self.claude = int(next(line[4:] for line in lines if line.startswith("pid ")))
        return arguments, dict(line.split("=", 1) for line in lines if "=" in line)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def test_claude_gets_what_it_needs_and_nothing_is_left(self):
        status, _, err = self.end(self.start("--", "-p", "two words", "--model", "x"))
        self.assertEqual((status, err), (7, ""))
        arguments, env = self.told()
        self.assertEqual(arguments, ["-p", "two words", "--model", "x"])
        self.assertEqual(env["ANTHROPIC_BASE_URL"], f"http://127.0.0.1:{self.port}")
        self.assertEqual(env["ANTHROPIC_AUTH_TOKEN"], "nim")
        for family in ("OPUS", "SONNET", "HAIKU", "FABLE"):
            self.assertEqual(env[f"ANTHROPIC_DEFAULT_{family}_MODEL"], "vendor/model")
        self.assertEqual(env["ANTHROPIC_MODEL"], "vendor/model")
        self.assertEqual(env["CLAUDE_CODE_SUBAGENT_MODEL"], "vendor/model")
        self.assertEqual(env["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "131072")
        self.assertEqual(env["CLAUDE_CODE_MAX_OUTPUT_TOKENS"], "4096")
        self.assertEqual(env["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"], "1")
        self.assertIn("127.0.0.1", env["NO_PROXY"].split(","))
        self.assertFalse(self.listens())
        self.assertIn("event=stopped", self.log())

    def test_what_would_lead_elsewhere_is_taken_away(self):
        self.end(self.start(ANTHROPIC_API_KEY="sk", CLAUDE_CODE_USE_BEDROCK="1", CLAUDE_CODE_USE_VERTEX="1",
                            CLAUDE_CODE_USE_ANYTHING="1", PROXY_API_KEY="secret", NO_PROXY="example.com",
                            ANTHROPIC_BASE_URL="http://elsewhere"))
        _, env = self.told()
        self.assertEqual(env["ANTHROPIC_AUTH_TOKEN"], "secret")
        self.assertEqual(env["ANTHROPIC_BASE_URL"], f"http://127.0.0.1:{self.port}")
        self.assertEqual(env["NO_PROXY"], "127.0.0.1,localhost,::1,example.com")
        gone = [n for n in env if n.startswith("CLAUDE_CODE_USE_") or n in ("ANTHROPIC_API_KEY", "NVIDIA_API_KEY",
                                                                            "PROXY_API_KEY")]
        self.assertEqual(gone, [])

    def test_another_model_has_its_own_limits(self):
        self.end(self.start("--model", "vendor/other"))
        _, env = self.told()
        self.assertEqual(env["ANTHROPIC_DEFAULT_HAIKU_MODEL"], "vendor/other")
        self.assertEqual(env["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "9000")
        self.assertNotIn("CLAUDE_CODE_MAX_OUTPUT_TOKENS", env)

    def test_a_claude_that_was_killed_is_told_as_a_shell_does(self):
        self.assertEqual(self.end(self.start(DO="die"))[0], 128 + 9)

    def test_a_running_proxy_is_used_and_left_alone(self):
        upstream = harness.Fakenim()
        nim = harness.Nim(upstream.port)
        self.port = nim.port
        try:
            self.write("nim.conf", f'listen = ( {{ address = "0.0.0.0"; port = {nim.port}; }} );')
            status, _, _ = self.end(self.start(NVIDIA_API_KEY=None, PROXY_API_KEY="any"))
            self.assertEqual(status, 7)
            self.assertEqual(self.told()[1]["ANTHROPIC_BASE_URL"], f"http://127.0.0.1:{nim.port}")
            self.assertFalse(os.path.exists(self.path("state/nim/proxy.log")))
            self.assertTrue(self.listens())
        finally:
            nim.stop()
            upstream.stop()
            nim.clean()
            upstream.clean()

    def test_the_proxy_lives_until_its_last_user_has_gone(self):
        first = self.start(DO="wait", name="one")
        self.told("one")
        second = self.start(DO="wait", name="two")
        self.told("two")
        self.write("one.go", "")
        self.assertEqual(self.end(first)[0], 3)
        self.assertTrue(self.listens())
        self.assertEqual(self.log().count("event=ready"), 1)
        self.write("two.go", "")
        self.assertEqual(self.end(second)[0], 3)
        wait_for(lambda: not self.listens(), what="the proxy to end")

    def test_the_proxy_ends_when_nim_code_is_killed(self):
        process = self.start(DO="wait")
        self.told()
        process.kill()
        self.write("out.go", "")
        wait_for(lambda: not self.listens(), what="the proxy to end")
        wait_for(lambda: "event=stopped" in self.log(), what="all of it to end")

    def test_term_and_hangup_are_handed_on_and_end_all(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                process = self.start(DO="term" if number == signal.SIGTERM else "wait", name=str(number))
                self.told(str(number))
                process.send_signal(number)
                self.assertIn(self.end(process)[0], (9, 128 + number))
                self.assertFalse(self.listens())
                wait_for(lambda: has_state(self.claude) in (None, "Z", "X"), what="claude to end")

    def test_ctrl_c_is_for_claude(self):
        process = self.start(DO="wait")
        self.told()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGQUIT)
        self.write("out.go", "")
        self.assertEqual(self.end(process)[0], 3)

    def test_claude_finds_signals_as_they_were(self):
        os.unlink(self.path("bin/claude"))
        os.symlink(shutil.which("cat"), self.path("bin/claude"))
        status, out, _ = self.end(self.start("--", "/proc/self/status"))
        self.assertEqual(status, 0)
        for name in ("SigBlk", "SigIgn"):
            with open("/proc/self/status", encoding="ascii") as f:
                mine = int(re.search(rf"^{name}:\s*(\w+)$", f.read(), re.M).group(1), 16)
            claudes = int(re.search(rf"^{name}:\s*(\w+)$", out, re.M).group(1), 16)
            self.assertEqual(claudes & ~mine, 0, name)

    def test_without_a_key_it_says_what_to_do(self):
        status, _, err = self.end(self.start(NVIDIA_API_KEY=None))
        self.assertEqual(status, 1)
        self.assertIn("export NVIDIA_API_KEY=", err)
        self.assertIn("NVIDIA_BASE_URL", err)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_a_nim_of_ones_own_needs_no_key(self):
        status, _, _ = self.end(self.start(NVIDIA_API_KEY=None, NVIDIA_BASE_URL="http://127.0.0.1:9/v1"))
        self.assertEqual(status, 7)

    def test_a_stranger_at_the_address_is_told(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", self.port))
            s.listen(16)
            began = time.monotonic()
            status, _, err = self.end(self.start())
            self.assertLess(time.monotonic() - began, 5 * SLOW)
        self.assertEqual(status, 1)
        self.assertIn(f"http://127.0.0.1:{self.port}", err)
        self.assertIn("PROXY_PORT", err)

    def test_a_missing_claude_is_told_before_anything_starts(self):
        os.unlink(self.path("bin/claude"))
        status, _, err = self.end(self.start())
        self.assertEqual(status, 1)
        self.assertIn("npm install -g @anthropic-ai/claude-code", err)
        self.assertFalse(os.path.exists(self.path("state/nim/proxy.log")))

    def test_a_wrong_file_is_told_with_its_line(self):
        self.write("nim.conf", "\ncomit_after = 1;")
        status, _, err = self.end(self.start())
        self.assertEqual(status, 1)
        self.assertRegex(err, r"nim\.conf:2: .*commit_after")

    def test_a_proxy_that_cannot_start_shows_why(self):
        status, _, err = self.end(self.start(SSL_CERT_FILE="/nonexistent", DO="no", NVIDIA_BASE_URL="https://127.0.0.1",
                                             PROXY_HOST="192.0.2.1", PROXY_API_KEY="x"))
        self.assertEqual(status, 1)
        self.assertRegex(err, r"did not start:\n(.*\n)*.*cannot listen on 192\.0\.2\.1")

    def test_without_a_home_it_works_all_the_same(self):
        self.assertEqual(self.end(self.start(HOME=None, XDG_STATE_HOME=None))[0], 7)
        self.assertFalse(self.listens())
        self.assertFalse(os.path.exists("/.local"))

    def test_it_tells_its_options(self):
        helped = subprocess.run([harness.NIM, "code", "--help"], env={}, capture_output=True, text=True, check=True)
        self.assertIn("--model", helped.stdout)
        wrong = subprocess.run([harness.NIM, "code", "--modle"], env={}, capture_output=True, text=True, check=False)
        self.assertEqual(wrong.returncode, 2)
        for words in (["--help"], ["help"], ["help", "proxy"], ["--version"]):
            told = subprocess.run([harness.NIM, *words], env={}, capture_output=True, text=True, check=True)
            self.assertTrue(told.stdout and not told.stderr, words)
        self.assertRegex(told.stdout, r"^nim \d+\.\d+\.\d+")


class Check(unittest.TestCase):
    """nim check: what a person at a prompt reads."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="nim-test-check-")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def check(self, nim, models=MODELS, **env):
        path = os.path.join(self.folder, "nim.conf")
        for name, text in (("nim.conf", nim), ("models.conf", models)):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run([harness.NIM, "check", "--config", path], env=env, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_a_fine_one(self):
        status, out, err = self.check("gap_timeout = 1000; http2 = true;", NVIDIA_API_KEY="nvapi-secret",
                                      PROXY_API_KEY="other-secret")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(os.path.join(self.folder, "nim.conf"), out)
        self.assertIn(os.path.join(self.folder, "models.conf"), out)
        self.assertRegex(out, r"gap_timeout = 1000 ms\n")
        self.assertRegex(out, r"http2 = true\n")
        self.assertNotIn("ping_interval", out)
        self.assertNotIn("secret", out)
        self.assertTrue(out.endswith("the configuration is fine\n"))

    def test_all_errors_and_the_exit_code(self):
        status, out, err = self.check("gap_timout = 1000;\nhttp2 = 1;", "default_model = 1;")
        self.assertEqual(status, 1)
        self.assertEqual(len(re.findall(r"(?:nim|models)\.conf:\d+: ", err)), 3, err)
        self.assertNotIn("fine", out)

    def test_a_missing_key_is_a_warning(self):
        status, _, err = self.check("")
        self.assertEqual(status, 0)
        self.assertIn("warning: NVIDIA_API_KEY", err)

    def test_the_shipped_files_are_fine(self):
        path = os.path.join(harness.HERE, "..", "..", "etc", "nim.conf")
        done = subprocess.run([harness.NIM, "check", "--config", path], env={"NVIDIA_API_KEY": "x"},
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    harness.main()
