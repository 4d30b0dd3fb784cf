#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Claude Code at a terminal (a pty), through nim: text flows, tools run, Esc frees the upstream, /compact works."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import tempfile
import termios
import time

import clients
import harness
from clients import CLAUDE, TOKEN, call, say

SECONDS = 60 * harness.SLOW
CONTROLS = re.compile(rb"\x1b\[[0-9;?>=<]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>78MDEc]")


class Terminal:
    """A program in a pty; what it wrote is kept, without colours and cursor movements."""

    def __init__(self, argv, env, cwd):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self.raw = b""

    def text(self, since=0):
        plain = CONTROLS.sub(b" ", self.raw[since:]).decode("utf-8", "replace")
        return re.sub(r"\s+", " ", plain)

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return
        try:
            self.raw += os.read(self.fd, 65536)
        except OSError:
            pass

    def wait(self, words, since=0, seconds=SECONDS):
        """Until the words stand on the screen; blanks do not count, because the cursor jumps over them. (What is typed
        stands there, too: a pause in the script makes the answer differ from it.)"""
        end = time.monotonic() + seconds
        wanted = re.sub(r"\s+", "", words)
        while wanted not in re.sub(r"\s+", "", self.text(since)):
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} did not come: {self.text(since)[-3000:]}")
            self.read(0.1)

    def rest(self, seconds):
        """Reads for that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)

    def type(self, text, enter=True):
        """Types as a person would: the program must not take Enter for a part of a paste."""
        since = len(self.raw)
        os.write(self.fd, text.encode())
        self.rest(0.5)
        if enter:
            os.write(self.fd, b"\r")
        return since

    def end(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Interactive(clients.Case):
    def setUp(self):
        super().setUp()
        self.home = tempfile.mkdtemp(prefix="nim-test-pty-")
        self.work = os.path.join(self.home, "work")
        os.mkdir(self.work)
        with open(os.path.join(self.home, ".claude.json"), "w", encoding="utf-8") as f:
            json.dump({"hasCompletedOnboarding": True, "theme": "dark", "bypassPermissionsModeAccepted": True,
                       "customApiKeyResponses": {"approved": [TOKEN[-20:]], "rejected": []},
                       "projects": {self.work: {"hasTrustDialogAccepted": True,
                                                "hasCompletedProjectOnboarding": True}}}, f)
        env = {"PATH": os.path.dirname(CLAUDE) + ":" + os.environ["PATH"], "HOME": self.home, "TERM": "xterm-256color",
               "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "IS_SANDBOX": "1", "DISABLE_AUTOUPDATER": "1",
               "LC_ALL": "C.UTF-8", "ANTHROPIC_BASE_URL": self.base(), "ANTHROPIC_AUTH_TOKEN": TOKEN}
        self.terminal = Terminal([CLAUDE, "--permission-mode", "acceptEdits", "--allowedTools", "Bash"], env, self.work)
        self.terminal.wait("accept edits on")
        self.terminal.rest(1)

    def tearDown(self):
        self.terminal.end()
        shutil.rmtree(self.home, ignore_errors=True)
        super().tearDown()

    def test_a_session(self):
        """A session. [A72]"""
        t = self.terminal
        since = t.type("Talk. " + say("The quick <|wait 300|>brown <|wait 300|>fox jumps."))
        t.wait("brown fox jumps", since)

        since = t.type("Work. " + say("I work. " + call("Bash", command="echo pty > made", description="Make it"),
                                      "The work <|wait 1|>is finished."))
        t.wait("The work is finished.", since)
        with open(os.path.join(self.work, "made"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "pty\n")

        for pause in ("<|wait 60000|>", "I begin <|wait 60000|>"):
            t.rest(0.5)
            t.type("Wait. " + say(pause + " and end."))
            harness.wait_for(lambda: t.read(0.05) or self.upstream.stats()["in_flight"] == 1, SECONDS)
            t.rest(1)
            os.write(t.fd, b"\x1b")
            harness.wait_for(lambda: t.read(0.01) or self.upstream.stats()["in_flight"] == 0, 1 * harness.SLOW,
                             "the upstream request to end")
            t.rest(1)
            os.write(t.fd, b"\x15")  # a prompt that has had no answer comes back into the line: clear it

        t.rest(1)
        since = t.type("Again. " + say("Still <|wait 1|>here."))
        t.wait("Still here.", since)

        since = t.type("/compact")
        t.wait("ompacted", since)
        since = t.type("On. " + say("After the <|wait 1|>summary."))
        t.wait("After the summary.", since)


if __name__ == "__main__":
    harness.main()
