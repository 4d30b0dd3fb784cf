#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time: when the head leaves, pings, riding out a bad upstream, deadlines, and clients that leave."""

import json
import time

import grammar
import harness
from harness import Connection, JSON, body_for, head

SLOW = harness.SLOW


def begin(port, model, stream=True, **more):
    """Sends a request and returns the open connection."""
    data = json.dumps({**body_for(model, **more), "stream": stream}).encode()
    c = Connection(port)
    c.send(head("POST", "/v1/messages", JSON, len(data)) + data)
    return c


class Timed(harness.Case):
    def head_time(self, model):
        """Seconds until the head came, and the connection's answer (read to its end)."""
        began = time.monotonic()
        with begin(self.nim.port, model) as c:
            answer = c.read_answer()
        return answer.head_at - began, answer

    def times_of(self, answer, mark):
        """When pieces with that mark were read."""
        return [at for at, data in answer.pieces if mark in data]


class Leave(Timed):
    """A client that leaves ends the upstream's work within a second, in silence too."""
    SILENT = ("hang", "hang-text", "silenthead-60", "silent-60", "endless", "paced-1000-50")

    def test_at_once(self):
        """At once. [A67 N45]"""
        for name in self.SILENT:
            for how in ("close", "reset"):
                for stream in (True, False):
                    with self.subTest(f"{name} {how} {stream}"):
                        c = begin(self.nim.port, name, stream)
                        harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 1)
                        time.sleep(0.15)  # past the commit
                        getattr(c, how)()
                        self.assertLess(self.upstream.wait_idle(5), 1 * SLOW)
        self.assertEqual(self.upstream.stats()["completed"], 0)

    def test_the_worker_is_free_again(self):
        """The worker is free again. [A67]"""
        for _ in range(self.workers + 2):
            begin(self.nim.port, "hang").reset()
        harness.wait_for(lambda: self.post(body_for("normal")).status == 200, 1 * SLOW, "a free worker")

    def test_a_client_that_stops_reading_does_not_hold_the_upstream_for_ever(self):
        c = begin(self.nim.port, "flood")
        harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 1)
        time.sleep(0.3)
        self.assertEqual(self.whole("normal")["stop_reason"], "end_turn")
        c.reset()
        self.assertLess(self.upstream.wait_idle(5), 1 * SLOW)


class Pings(Timed):
    settings = {"ping_interval": 200, "commit_after": 0}

    def test_before_the_first_content(self):
        """Before the first content. [A48 N28]"""
        for name in ("silenthead-1.1", "silent-1.1"):
            with self.subTest(name):
                reader = self.stream(name)
                self.assertIn(reader.pings, (4, 5, 6))

    def test_inside_a_block(self):
        """Inside a block. [A48 N28]"""
        reader = self.stream("stall-1.1")
        self.assertIn(reader.pings, (4, 5, 6))
        self.assertEqual(harness.text_of(reader.message), "One two three four.")

    def test_none_while_text_flows(self):
        """None while text flows. [A48]"""
        self.assertEqual(self.stream("paced-30-30").pings, 0)

    def test_arrive_one_by_one(self):
        """Arrive one by one. [A47]"""
        _, answer = self.head_time("silenthead-1.1")
        at = self.times_of(answer, b"event: ping")
        self.assertGreaterEqual(len(at), 4)
        for one, two in zip(at, at[1:]):
            self.assertGreater(two - one, 0.1)


class CommitAtOnce(Timed):
    """commit_after = 0: the head and message_start leave before the upstream has said anything."""
    settings = {"commit_after": 0}

    def test_the_head_does_not_wait(self):
        """The head does not wait. [A49]"""
        seconds, answer = self.head_time("silenthead-0.7")
        self.assertLess(seconds, 0.25 * SLOW)
        start = self.times_of(answer, b"message_start")[0]
        text = self.times_of(answer, b"text_delta")[0]
        self.assertGreater(text - start, 0.4)
        self.assertEqual(grammar.check(answer.body, delta_chars=6), [])

    def test_what_can_be_ridden_out_is(self):
        """What can be ridden out is. [U3.5]"""
        for name, posts in (("500-once@r", 2), ("degraded-2@r", 3), ("429-after-1@r", 2), ("close-once@r", 2),
                            ("200-empty-once@r", 2), ("503-worker-once@r", 2), ("529-once@r", 2), ("reset-once@r", 2),
                            ("err-first-once@r", 2), ("502-html-once@r", 2), ("close-head-once@r", 2),
                            ("200-json-error-once@r", 2), ("cut-half-once@r", 2),
                            ("cut-held-once@r", 2)):
            with self.subTest(name):
                self.upstream.reset()
                reader = self.stream(name)
                self.assertEqual(harness.text_of(reader.message), "Hello, this is the simulated NIM.")
                self.assertEqual(self.upstream.stats()["posts"], posts)

    def test_retry_after_is_waited_for(self):
        """Retry after is waited for. [A60 N16]"""
        began = time.monotonic()
        self.stream("429-after-2@waits")
        self.assertGreater(time.monotonic() - began, 1.9)

    def test_a_request_that_is_wrong_is_not_tried_again(self):
        """A request that is wrong is not tried again. [U3.5]"""
        self.upstream.reset()
        self.assertEqual(self.stream("400", end=grammar.ERROR).error["error"]["type"], "invalid_request_error")
        self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_not_after_content(self):
        """Not after content. [U3.5]"""
        self.upstream.reset()
        self.stream("err-data", end=grammar.ERROR)
        self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_a_client_that_leaves_between_two_tries_is_noticed(self):
        """A client that leaves between two tries is noticed. [A67 A68]"""
        self.upstream.reset()
        c = begin(self.nim.port, "503-worker")
        harness.wait_for(lambda: self.upstream.stats()["posts"] >= 1)
        c.reset()
        time.sleep(0.2)
        posts = self.upstream.stats()["posts"]
        time.sleep(2.5)
        self.assertLessEqual(self.upstream.stats()["posts"], posts + 1)
        self.assertEqual(self.whole("normal")["stop_reason"], "end_turn")


class CommitSoon(Timed):
    """The default: 80 ms."""

    def test_a_silent_upstream(self):
        """A silent upstream. [A49 N28]"""
        seconds, answer = self.head_time("silenthead-0.7")
        self.assertGreater(seconds, 0.07)
        self.assertLess(seconds, 0.35 * SLOW)
        self.assertEqual(grammar.check(answer.body, delta_chars=6), [])

    def test_a_quick_refusal_is_a_status(self):
        """A quick refusal is a status. [A51]"""
        self.assertEqual(self.post({**body_for("429-bare"), "stream": True}).status, 429)
        self.assertEqual(self.post({**body_for("400"), "stream": True}).status, 400)

    def test_first_content_leaves_at_once(self):
        """No buffering: ten words at 100 ms arrive as ten writes. [A47]"""
        _, answer = self.head_time("paced-10-100")
        at = self.times_of(answer, b"text_delta")
        self.assertGreaterEqual(len(at), 10)
        self.assertGreater(at[-1] - at[0], 0.8)


class CommitLate(Timed):
    """commit_after = -1: the head waits for the upstream."""
    settings = {"commit_after": -1}

    def test_the_head_waits(self):
        """The head waits. [A49]"""
        seconds, answer = self.head_time("silenthead-0.7")
        self.assertGreater(seconds, 0.65)
        self.assertEqual(answer.status, 200)

    def test_a_late_refusal_is_a_status(self):
        """A late refusal is a status. [A51]"""
        answer = self.post({**body_for("err-first"), "stream": True})
        self.assertNotEqual(answer.status, 200)


class RideOutEnds(Timed):
    settings = {"commit_after": 0, "ride_out": 1500}

    def test_with_an_error_event(self):
        """With an error event. [A50]"""
        for name in ("503-worker", "429-bare", "close"):
            with self.subTest(name):
                began = time.monotonic()
                reader = self.stream(name, end=grammar.ERROR)
                self.assertEqual(reader.error["error"]["type"], "overloaded_error")
                self.assertLess(time.monotonic() - began, 4 * SLOW)
                self.assertGreater(self.upstream.stats()["posts"], 1)
                self.upstream.reset()


class Deadlines(Timed):
    settings = {"first_byte_timeout": 700, "gap_timeout": 700, "total_timeout": 2500, "reply_timeout": 1500,
                "send_timeout": 700}

    def test_no_first_byte(self):
        """No first byte. [A50 A49 N28]"""
        for name in ("silenthead-30", "silent-30"):
            with self.subTest(name):
                with begin(self.nim.port, name) as c:
                    c.socket.settimeout(5 * SLOW)  # total_timeout is 2.5 s
                    reader = self.read_stream(c.read_answer(), grammar.ERROR)
                self.assertEqual(reader.error["error"]["type"], "overloaded_error")
                self.assertLess(self.upstream.wait_idle(2), 1 * SLOW)

    def test_a_gap(self):
        """A gap. [A50 N28]"""
        self.stream("hang-text", end=(grammar.CUT, grammar.ERROR))
        self.assertLess(self.upstream.wait_idle(2), 1 * SLOW)

    def test_an_endless_answer(self):
        """An endless answer. [A50]"""
        began = time.monotonic()
        self.stream("endless", end=(grammar.CUT, grammar.ERROR))
        self.assertLess(time.monotonic() - began, 5 * SLOW)
        self.assertLess(self.upstream.wait_idle(2), 1 * SLOW)

    def test_not_streamed(self):
        """Not streamed. [A56 A49]"""
        for name in ("silenthead-30", "hang-text", "endless"):
            with self.subTest(name):
                began = time.monotonic()
                answer = self.post(body_for(name))
                kind, _ = answer.error()
                self.assertIn((answer.status, kind), ((504, "timeout_error"), (529, "overloaded_error")))
                self.assertLess(time.monotonic() - began, 4 * SLOW)
                self.assertLess(self.upstream.wait_idle(2), 1 * SLOW)

    def test_a_client_that_takes_nothing(self):
        """A client that takes nothing. [A67]"""
        with begin(self.nim.port, "flood"):
            harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 1)
            self.upstream.wait_idle(8 * SLOW)


class Stop(harness.Case):
    """TERM while answers are running."""
    settings = {"drain_timeout": 1500}

    def test_a_running_answer_may_end_and_a_hanging_one_is_cut(self):
        good = begin(self.nim.port, "paced-10-50")
        hanging = begin(self.nim.port, "hang")
        harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 2)
        began = time.monotonic()
        self.nim.process.terminate()
        answer = good.read_answer()
        self.assertEqual(grammar.check(answer.body, delta_chars=6), [])
        self.nim.process.wait(harness.PATIENCE)
        self.assertLess(time.monotonic() - began, 6 * SLOW)
        self.upstream.wait_idle(2)
        hanging.close()
        good.close()

    def tearDown(self):
        self.nim.clean()
        self.nim = type(self).nim = harness.Nim(self.upstream.port, self.settings)


if __name__ == "__main__":
    harness.main()
