#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How soon what the upstream says reaches the client, and how long a client may hesitate."""

import json
import re
import statistics
import time

import harness
from harness import Connection, JSON, head


class Soon(harness.Case):
    settings = {"text_delta_chars": 0}
    delta_chars = 0

    def read_timed(self, model):
        """[(seconds on the monotonic clock, bytes)] of each read."""
        body = json.dumps({**harness.body_for(model), "stream": True}).encode()
        reads = []
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", JSON, len(body)) + body)
            while True:
                data = c.socket.recv(65536)
                if not data:
                    return reads
                reads.append((time.monotonic(), data))

    def test_each_word_arrives_at_once(self):
        """Within 5 ms at the median, each in a read of its own. [A47]"""
        reads = self.read_timed("clock-20-50")
        delays = [moment - int(said) / 1e6 for moment, data in reads for said in re.findall(rb'"text":"(\d+) "', data)]
        self.assertEqual(len(delays), 20)
        self.assertGreaterEqual(min(delays), 0)
        self.assertLess(statistics.median(delays), 0.005 * harness.SLOW, delays)
        self.assertGreaterEqual(len(reads), 20)

    def test_one_write_for_one_read(self):
        """A burst leaves in few writes, not in one for each event. [A47]"""
        reads = self.read_timed("burst-1000")
        self.assertGreater(sum(len(data) for _, data in reads), 60000)
        self.assertLess(len(reads), 60)


class Hesitant(harness.Case):
    def test_a_pause_of_30_seconds_in_the_body(self):
        """A body may stop in the middle for half a minute. [A30]"""
        body = json.dumps(harness.body_for("normal")).encode()
        with Connection(self.nim.port, timeout=60) as c:
            c.send(head("POST", "/v1/messages", JSON, len(body)) + body[:20])
            time.sleep(30)  # the pause that is tested
            c.send(body[20:])
            self.assertEqual(c.read_answer().status, 200)


if __name__ == "__main__":
    harness.main()
