#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The processes: whoever is killed, the service goes on; whoever stops it, nothing is left."""

import os
import pty
import pwd
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import grammar
import harness
from harness import SLOW, Nim, body_for, children, has_state, request, wait_for

WORKERS = 4


class Stream(threading.Thread):
    """A streamed request that is running; answer is what came until it ended."""

    def __init__(self, port, model):
        super().__init__()
        self.connection = harness.Connection(port)
        body = harness.json.dumps({**body_for(model), "stream": True}).encode()
        self.connection.send(harness.head("POST", "/v1/messages", harness.JSON, len(body)) + body)
        self.answer = None
        self.has_begun = threading.Event()
        self.start()
        if not self.has_begun.wait(harness.PATIENCE):
            raise AssertionError("the stream does not begin")

    def run(self):
        c = self.connection
        answer = c.read_head()
        if answer.status == 200:
            c.read_chunks(answer, b"text_delta")
            self.has_begun.set()
            body = answer.body
            c.read_chunks(answer, None)
            assert answer.body.startswith(body)
        self.has_begun.set()
        self.answer = answer
        c.close()

    def is_whole(self):
        self.join(harness.PATIENCE)
        reader = grammar.read(self.answer.body, grammar.COMPLETE, 6)
        return self.answer.is_complete and reader.problems == []


class Case(unittest.TestCase):
    """Each test has a nim of its own and does to it what it wants."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.upstream = harness.Fakenim()

    @classmethod
    def tearDownClass(cls):
        cls.upstream.stop()
        cls.upstream.clean()

    def setUp(self):
        self.nim = Nim(self.upstream.port, self.settings, workers=WORKERS)
        wait_for(lambda: len(children(self.nim.pid)) == WORKERS + 1, what="all processes")
        self.family = [self.nim.pid] + children(self.nim.pid)

    def tearDown(self):
        for pid in self.family:  # stopped ones cannot be asked to go
            if has_state(pid) == "T":
                os.kill(pid, signal.SIGKILL)
        self.nim.stop()
        for pid in self.family:
            if has_state(pid) not in (None, "Z", "X"):
                os.kill(pid, signal.SIGKILL)
        self.assertNotIn("Sanitizer", self.nim.log())
        self.nim.clean()

    def dead(self):
        """What the log says of deaths: a list of (what, pid, how)."""
        return re.findall(r"event=died .*what=(\w+) slot=\d+ pid=(\d+) how=(\"[^\"]*\"|\S+)", self.nim.log())

    def find(self, what):
        """The pids of the living workers, or of the gate, as the log has named them."""
        born = re.findall(rf"event=started .*what={what} slot=\d+ pid=(\d+)", self.nim.log())
        return [int(pid) for pid in born if has_state(pid) not in (None, "Z", "X")]

    def healthy(self):
        return request(self.nim.port, "GET", "/healthz").status == 200

    def wait_full(self):
        wait_for(lambda: len(children(self.nim.pid)) == WORKERS + 1, what="all processes to be back")

    def wait_gone(self, seconds=harness.PATIENCE):
        def gone():
            return all(has_state(pid) in (None, "Z", "X") for pid in self.family)
        wait_for(gone, seconds, "all processes to be gone")


def links(pid):
    found = []
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except OSError:
        pass
    return found


class Deaths(Case):
    def test_a_killed_worker_costs_its_own_request_only(self):
        streams = [Stream(self.nim.port, "paced-30-50") for _ in range(3)]
        wait_for(lambda: self.upstream.stats()["in_flight"] == 3, what="three streams upstream")
        os.kill(self.find("worker")[0], signal.SIGKILL)
        self.wait_full()
        self.assertTrue(self.healthy())
        whole = [s.is_whole() for s in streams]
        self.assertGreaterEqual(whole.count(True), 2, whole)
        self.assertEqual([d[0] for d in self.dead()], ["worker"])
        self.assertIn("signal 9", self.dead()[0][2])

    def test_every_worker_killed_while_it_streams_ends_its_answer_uncleanly(self):
        streams = [Stream(self.nim.port, "hang-text") for _ in range(WORKERS)]
        wait_for(lambda: self.upstream.stats()["in_flight"] == WORKERS, what="the streams upstream")
        for pid in self.find("worker"):
            os.kill(pid, signal.SIGKILL)
        for s in streams:
            s.join(harness.PATIENCE)
            self.assertFalse(s.answer.is_complete, "a clean end of a message that is none")
        self.wait_full()
        self.assertTrue(self.healthy())
        self.upstream.wait_idle(5 * SLOW)

    def test_idle_workers_may_die_without_a_failed_request(self):
        killed = set()
        for _ in range(20):
            living = wait_for(lambda: set(self.find("worker")) - killed, what="a worker")
            killed.add(min(living))
            os.kill(min(living), signal.SIGKILL)
            self.assertTrue(self.healthy())
        wait_for(lambda: len(self.dead()) >= 20, what="twenty deaths")
        self.wait_full()
        self.assertEqual(len(self.dead()), 20)
        self.assertNotIn("throttled", self.nim.log())

    def test_the_gate_may_die_without_a_failed_request(self):
        stream = Stream(self.nim.port, "paced-30-50")
        killed = set()
        for _ in range(5):
            gate, = wait_for(lambda: set(self.find("gate")) - killed, what="a gate")
            killed.add(gate)
            os.kill(gate, signal.SIGKILL)
            self.assertTrue(self.healthy())
        self.assertTrue(stream.is_whole())
        for _ in range(2 * WORKERS):
            self.assertTrue(self.healthy())
        self.assertEqual([d[0] for d in self.dead()], ["gate"] * 5)

    def test_only_what_is_under_way_outlives_a_killed_master(self):
        stream = Stream(self.nim.port, "paced-30-50")
        os.kill(self.nim.pid, signal.SIGKILL)
        wait_for(lambda: sum(has_state(p) not in (None, "Z", "X") for p in self.family[1:]) <= 1, what="all but one to go")
        self.assertTrue(stream.is_whole())
        self.wait_gone()
        with socket.socket() as s:  # nobody holds the address
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", self.nim.port))

    def test_young_deaths_are_throttled_and_lived_through(self):
        def kill_all():
            for pid in self.find("worker"):
                try:
                    os.kill(pid, signal.SIGABRT)
                except ProcessLookupError:
                    pass
            return "event=throttled" in self.nim.log()
        wait_for(kill_all, what="throttling")
        forks = len(self.dead())
        wait_for(lambda: not self.find("worker"), what="all workers to be dead")
        answer = request(self.nim.port, "GET", "/healthz")
        if answer.status != 200:  # nobody is there: the gate says so, with the time of a retry
            self.assertEqual(answer.status, 529)
            self.assertEqual(answer.error()[0], "overloaded_error")
            self.assertRegex(answer.headers["retry-after"], r"^[1-9]\d?$")
        wait_for(lambda: "event=recovered" in self.nim.log(), 30 * SLOW, "the recovery")
        self.wait_full()
        self.assertTrue(self.healthy())
        self.assertLess(len(self.dead()), forks + 2 * WORKERS)
        self.assertRegex(self.nim.log(), r'how=bug age_ms=\d+ last_words="an assertion failed"')
        self.assertLess(len(self.nim.log().splitlines()), 100)


class Stops(Case):
    settings = {"drain_timeout": 3000}

    def test_idle_processes_end_at_once(self):
        began = time.monotonic()
        self.assertEqual(self.nim.stop(), 0)
        self.assertLess(time.monotonic() - began, 1 * SLOW)
        self.wait_gone(1)
        self.assertIn("event=stopped", self.nim.log())

    def test_a_running_answer_may_end(self):
        stream = Stream(self.nim.port, "paced-30-20")
        os.kill(self.nim.pid, signal.SIGTERM)
        wait_for(lambda: "event=stopping" in self.nim.log(), what="the stop")
        wait_for(self.refuses, what="the listener to be closed")
        self.assertTrue(stream.is_alive(), "the listener was closed only at the end")
        self.assertTrue(stream.is_whole())
        self.assertEqual(self.nim.process.wait(harness.PATIENCE), 0)  # (a second TERM would kill)
        self.assertNotIn("event=killed", self.nim.log())

    def refuses(self):
        try:
            socket.create_connection(("127.0.0.1", self.nim.port), 1).close()
        except OSError:
            return True
        return False

    def test_what_does_not_end_is_ended_after_the_drain_time(self):
        stream = Stream(self.nim.port, "hang-text")
        began = time.monotonic()
        self.assertEqual(self.nim.stop(), 0)
        self.assertGreater(time.monotonic() - began, 2.9)
        self.assertLess(time.monotonic() - began, 3 + 2 * SLOW)
        self.wait_gone(1)
        stream.join(harness.PATIENCE)
        self.assertFalse(stream.answer.is_complete)
        self.assertIn("event=killed", self.nim.log())

    def test_a_second_signal_ends_all_at_once(self):
        Stream(self.nim.port, "hang-text")
        began = time.monotonic()
        os.kill(self.nim.pid, signal.SIGTERM)
        wait_for(lambda: "event=stopping" in self.nim.log(), what="the stop")
        self.assertEqual(self.nim.stop(), 0)
        self.assertLess(time.monotonic() - began, 2 * SLOW)
        self.wait_gone(1)

    def test_ctrl_c_reaches_all_and_a_running_answer_still_ends(self):
        stream = Stream(self.nim.port, "paced-30-20")
        for pid in reversed(self.family):
            os.kill(pid, signal.SIGINT)
        self.assertTrue(stream.is_whole())
        self.assertEqual(self.nim.process.wait(harness.PATIENCE), 0)
        self.wait_gone(1)

    def test_a_stopped_worker_does_not_hold_up_the_end(self):
        os.kill(self.find("worker")[0], signal.SIGSTOP)
        self.assertEqual(self.nim.stop(), 0)
        self.wait_gone(1)

    def test_hangup_renews_the_workers_and_keeps_the_gate(self):
        gate, workers = self.find("gate"), self.find("worker")
        os.kill(self.nim.pid, signal.SIGHUP)
        wait_for(lambda: "event=reloaded" in self.nim.log(), what="the word")
        wait_for(lambda: not set(workers) & set(children(self.nim.pid)), what="the old workers to leave")
        self.assertTrue(self.healthy())
        self.family = [self.nim.pid] + children(self.nim.pid)
        self.assertEqual(self.find("gate"), gate)
        self.assertEqual(len(self.find("worker")), len(workers))


class Terminal(Case):
    def test_a_closed_terminal_ends_it(self):
        """SIGHUP alone is a word (above); with a terminal that has gone it is the end."""
        port = harness.free_port()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(harness.NIM, ["nim", "proxy", "--config", self.nim.conf],
                      {"PROXY_PORT": str(port), "NVIDIA_API_KEY": harness.KEY})
        text = b""
        while b"event=ready" not in text:
            text += os.read(terminal, 4096)
        family = [pid] + children(pid)
        os.close(terminal)
        self.family += family
        wait_for(lambda: has_state(pid) == "Z", what="its end")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assertEqual([p for p in family if has_state(p) not in (None, "Z", "X")], [])


class Holdings(Case):
    @unittest.skipIf(os.geteuid() != 0, "only root sees what such a process holds")
    def test_children_hold_what_they_need_and_no_more(self):
        self.assertTrue(self.healthy())
        def counts():
            return [len(links(pid)) for pid in self.find("worker")]
        self.assertEqual(len(self.find("gate")), 1)
        self.assertEqual(len(self.find("worker")), WORKERS)
        wait_for(lambda: max(counts()) == min(counts()), 5 * SLOW, "none to hold what was made before it")
        self.assertLess(max(counts()), 16 + 17)  # 17: the bells of the queue, and the master's

    def test_no_key_stands_in_an_environment(self):
        for pid in self.family:
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    self.assertNotIn(harness.KEY.encode(), f.read())
            except PermissionError:  # not even its own user may look: as it should be
                self.assertNotEqual(os.geteuid(), 0)

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_root_becomes_nobody(self):
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        for pid in self.family:
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                text = f.read()
            self.assertEqual(set(re.search(r"^Uid:(.*)$", text, re.M).group(1).split()), {nobody})
            self.assertEqual(re.search(r"^Groups:(.*)$", text, re.M).group(1).split(), [])

    def test_a_port_in_use_is_told(self):
        second = subprocess.run([harness.NIM, "proxy", "--config", self.nim.conf], env={}, capture_output=True,
                                text=True, timeout=harness.PATIENCE)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another program", second.stderr)
        self.assertIn(str(self.nim.port), second.stderr)
        self.assertTrue(self.healthy())


if __name__ == "__main__":
    harness.main()
