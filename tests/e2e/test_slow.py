#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten thousand clients that send nothing, half a head or a byte now and then: everybody else is answered as if they
were not there, and they are sent away in their time."""

import resource
import select
import socket
import time

import harness
from harness import SLOW, body_for, request

CROWD = 10000
HEAD_TIMEOUT = 6 * SLOW
PROBE_SECONDS = 3.0
SPARE = 200  # descriptors of the test itself
HALF = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Long: "


def raise_limit():
    """As many descriptors as we may have; nim does the same for itself."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return CROWD if hard == resource.RLIM_INFINITY else min(CROWD, hard - SPARE)


class Guest:
    """kind: "silent", "half" or "dribble"."""

    def __init__(self, port, kind):
        self.kind = kind
        self.socket = socket.create_connection(("127.0.0.1", port), harness.PATIENCE)
        self.socket.setblocking(False)
        self.began = time.monotonic()
        self.ended = None
        self.said = b""
        if kind != "silent":
            self.socket.send(HALF)

    def read(self):
        """Whatever has come; notes the end."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except ConnectionResetError:  # a byte of ours crossed the end
            data = b""
        self.said += data
        if not data:
            self.ended = time.monotonic()

    def dribble(self):
        try:
            self.socket.send(b"a")
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass


class Crowd:
    """All guests; read() hears those who have something to say."""

    def __init__(self, port, count):
        self.poll = select.epoll()
        self.guests = {}
        for i in range(count):
            guest = Guest(port, "dribble" if i % 50 == 0 else "half" if i % 2 else "silent")
            self.guests[guest.socket.fileno()] = guest
            self.poll.register(guest.socket, select.EPOLLIN)
        self.left = count

    def all(self):
        return self.guests.values()

    def of(self, kind):
        return [g for g in self.all() if g.kind == kind]

    def dribble(self):
        for guest in self.of("dribble"):
            if guest.ended is None:
                guest.dribble()

    def read(self, seconds):
        for fd, _ in self.poll.poll(seconds, 4096):
            guest = self.guests[fd]
            guest.read()
            if guest.ended is not None:
                self.poll.unregister(fd)
                self.left -= 1

    def close(self):
        for guest in self.all():
            guest.socket.close()


class Slow(harness.Case):
    workers = 2
    settings = {"head_timeout": int(HEAD_TIMEOUT * 1000), "waiting_max": CROWD + 100}

    @classmethod
    def setUpClass(cls):
        cls.crowd_size = raise_limit()
        super().setUpClass()

    def probe(self):
        """How long a client of good will waits for its answer."""
        began = time.monotonic()
        answer = request(self.nim.port, "POST", "/v1/messages", body_for("normal"), timeout=HEAD_TIMEOUT / 2)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertTrue(answer.is_complete)
        return time.monotonic() - began

    def quiet_median(self):
        return sorted(self.probe() for _ in range(20))[10]

    def test_a_crowd_that_says_nothing_hinders_nobody(self):
        """A crowd that says nothing hinders nobody. [A73]"""
        alone = self.quiet_median()
        crowd = Crowd(self.nim.port, self.crowd_size)
        self.addCleanup(crowd.close)
        waits = []
        end = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < end:
            waits.append(self.probe())
            crowd.dribble()
            time.sleep(0.02)
        waits.sort()
        print(f"# {self.crowd_size} waiting: {len(waits)} probes, median {waits[len(waits) // 2] * 1000:.1f} ms "
              f"(alone {alone * 1000:.1f}), longest {waits[-1] * 1000:.1f} ms", flush=True)
        self.assertLess(waits[-1], 1.0 * SLOW, "the longest wait for an answer")
        self.leave(crowd)

    def leave(self, crowd):
        """All of them are sent away, each in its time and with the right words."""
        end = time.monotonic() + HEAD_TIMEOUT + 5 * SLOW
        while crowd.left and time.monotonic() < end:
            crowd.read(0.1)
        self.assertEqual(crowd.left, 0, "some are still there")
        for guest in crowd.all():
            stayed = guest.ended - guest.began
            self.assertGreater(stayed, HEAD_TIMEOUT - 0.1, f"{guest.kind} was sent away early")
            self.assertLess(stayed, HEAD_TIMEOUT + 5 * SLOW, f"{guest.kind} stayed too long")
            if guest.kind == "silent":
                self.assertEqual(guest.said, b"")
            elif guest.kind == "half":
                self.assertTrue(guest.said.startswith(b"HTTP/1.1 408 "), guest.said[:100])
                self.assertIn(b'"type":"error"', guest.said)
        self.assertEqual(self.probe() > 0, True)


class Crowded(harness.Case):
    """More than may wait: the oldest make room, and a whole request is never one of them."""

    workers = 2
    settings = {"head_timeout": 60000, "waiting_max": 50}

    def test_the_oldest_make_room(self):
        """The oldest make room. [A73]"""
        crowd = Crowd(self.nim.port, 200)
        self.addCleanup(crowd.close)
        for _ in range(20):
            answer = request(self.nim.port, "GET", "/healthz")
            self.assertEqual(answer.status, 200, answer.body)
        harness.wait_for(lambda: crowd.read(0.05) or crowd.left <= 50, what="the oldest to be dropped")
        guests = list(crowd.all())
        self.assertTrue(all(g.ended is not None for g in guests[:100]), "an old one has stayed")
        self.assertTrue(all(g.ended is None for g in guests[-25:]), "a new one had to go")
        harness.wait_for(lambda: "event=crowded" in self.new_log(), what="a word in the log")


if __name__ == "__main__":
    harness.main()
