#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Workers are killed under load: each kill costs one request, and no count is lost or made twice."""

import os
import random
import re
import signal
import threading
import time
import unittest

import grammar
import harness
from harness import Nim, body_for, children, request, wait_for

WORKERS = 6
CLIENTS = 4
KILLS = 40


class Client(threading.Thread):
    """Asks one request after the other until told to stop, and keeps its own books."""

    def __init__(self, port, stop):
        super().__init__(daemon=True)
        self.port, self.stop = port, stop
        self.whole = self.cut = self.refused = 0
        self.start()

    def run(self):
        while not self.stop.is_set():
            try:
                body = harness.json.dumps({**body_for("paced-10-5"), "stream": True}).encode()
                answer = request(self.port, "POST", "/v1/messages", body, harness.JSON)
            except (OSError, AssertionError, EOFError, ValueError):
                self.cut += 1
                continue
            if answer.status == 529:
                self.refused += 1
            elif answer.is_complete and grammar.read(answer.body, grammar.COMPLETE, 6).problems == []:
                self.whole += 1
            else:
                self.cut += 1


def books(nim):
    """The counters that the master logs with its last word."""
    nim.stop()
    line = [x for x in nim.log().splitlines() if "event=stopped" in x][-1]
    return {name: int(value) for name, value in re.findall(r" ([a-z_]+)=(\d+)", line)}


class Books(unittest.TestCase):
    def setUp(self):
        self.upstream = harness.Fakenim()
        self.nim = Nim(self.upstream.port, workers=WORKERS)

    def tearDown(self):
        self.nim.stop()
        self.upstream.stop()
        self.nim.clean()
        self.upstream.clean()

    def kill_some(self):
        chance = random.Random(1)
        for _ in range(KILLS):
            workers = children(self.nim.process.pid)[1:]  # the first child is the gate
            os.kill(chance.choice(workers), signal.SIGKILL)
            time.sleep(0.05)  # the pace of the killing, not an order of events
            wait_for(lambda: len(children(self.nim.process.pid)) == WORKERS + 1, what="the new worker")

    def test_a_kill_costs_one_request_and_no_count(self):
        stop = threading.Event()
        self.addCleanup(stop.set)
        clients = [Client(self.nim.port, stop) for _ in range(CLIENTS)]
        self.kill_some()
        stop.set()
        for client in clients:
            client.join()
        whole, cut, refused = (sum(getattr(c, name) for c in clients) for name in ("whole", "cut", "refused"))
        counted = books(self.nim)
        said = f"whole {whole}, cut {cut}, refused {refused}, counted {counted}"
        self.assertGreater(whole, 50, said)
        self.assertLessEqual(cut, KILLS, said)
        self.assertGreater(cut, KILLS // 4, said)  # most kills hit a running answer
        self.assertEqual(refused, 0, said)
        outcomes = sum(counted[x] for x in ("ok", "client_errors", "upstream_errors", "rate_limited", "aborted"))
        self.assertEqual(counted["requests"], outcomes, said)
        # a worker may die between the last byte and the booking, or before the request has begun
        self.assertLessEqual(whole - KILLS, counted["ok"], said)
        self.assertLessEqual(counted["ok"], whole, said)
        self.assertGreaterEqual(counted["aborted"], cut - cut // 4, said)
        self.assertLessEqual(counted["requests"], whole + cut, said)

    def test_without_kills_the_books_are_exact(self):
        stop = threading.Event()
        self.addCleanup(stop.set)
        clients = [Client(self.nim.port, stop) for _ in range(CLIENTS)]
        wait_for(lambda: sum(c.whole for c in clients) >= 100, what="a hundred answers")
        stop.set()
        for client in clients:
            client.join()
        whole = sum(c.whole for c in clients)
        counted = books(self.nim)
        self.assertEqual(counted["requests"], whole)
        self.assertEqual(counted["ok"], whole)
        self.assertEqual(counted["aborted"], 0)
        self.assertEqual(counted["estimated"], 0)
        self.assertGreater(counted["input_tokens"], 0)
        self.assertEqual(counted["output_tokens"] % whole, 0)  # each answer is the same


if __name__ == "__main__":
    harness.main()
