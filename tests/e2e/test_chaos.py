#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything at once: clients that stay and clients that leave, upstreams that are good and bad, in an order that a
seed decides. What must hold: every answer is well-formed and its own, nothing hangs, and the books are right."""

import json
import os
import random
import re
import threading
import uuid

import grammar
import harness
from harness import body_for, text_of

SEED = int(os.environ.get("TEST_SEED", "4711"))
CLIENTS, TURNS = 12, 40
ANY = (grammar.COMPLETE, grammar.ERROR, grammar.CUT)
NAMES = ("normal", "echo", "tool-two", "reasoning", "drip", "burst-200", "text-30", "paced-5-5", "usage-none", "cut",
         "cut-fin", "cut-tool", "cut-behind-tool", "err-data", "err-first", "garbage", "400", "429-bare", "500",
         "502-html", "close", "close-head", "reset", "200-empty", "stale", "tool-args-bad", "bigline", "silent-0.05",
         "404-plain", "redirect", "finish-null", "empty")


class Chaos(harness.Case):
    workers = 10
    settings = {"ride_out": 1000, "commit_after": 20}
    delta_chars = None

    def turn(self, chance):
        """One request; returns whether the whole answer was waited for."""
        name, stream = chance.choice(NAMES), chance.random() < 0.6
        mark = f"<{uuid.UUID(int=chance.getrandbits(128))}>"
        data = json.dumps({**body_for(name, mark, tools=harness.TOOLS), "stream": stream}).encode()
        with harness.Connection(self.nim.port) as c:
            c.send(harness.head("POST", "/v1/messages", harness.JSON, len(data)) + data)
            if chance.random() < 0.25:
                c.socket.settimeout(chance.random() * 0.03 + 0.001)
                try:
                    c.more()
                except TimeoutError:
                    pass
                if chance.random() < 0.5:
                    c.reset()
                return False
            answer = c.read_answer()
        self.check(name, mark, stream, answer)
        return True

    def check(self, name, mark, stream, answer):
        assert answer.status, f"{name}: no answer"
        if answer.status != 200:
            answer.error()
        elif stream:
            reader = grammar.read(answer.body, ANY)
            assert not reader.problems, (name, reader.problems, answer.body[-1000:])
            assert (reader.how == grammar.CUT) != answer.is_complete, (name, reader.how)
            if name == "echo" and reader.how == grammar.COMPLETE:
                assert text_of(reader.message) == mark
        else:
            message = answer.json()
            assert not grammar.check_message(message), (name, message)
            assert name != "echo" or text_of(message) == mark

    def test_holds_together(self):
        waited, problems = [], []

        def client(number):
            chance = random.Random(SEED * 1000 + number)
            try:
                for _ in range(TURNS):
                    waited.append(self.turn(chance))
            except BaseException as problem:  # told below
                problems.append(f"client {number}: {problem!r}")

        threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(len(waited), CLIENTS * TURNS)
        self.upstream.wait_idle(3 * harness.SLOW)
        self.assertEqual(text_of(self.whole("normal")), "Hello, this is the simulated NIM.")
        type(self).sent, type(self).stayed = len(waited) + 1, sum(waited) + 1

    @classmethod
    def tearDownClass(cls):
        nim = cls.nim
        log = nim.log
        status = nim.stop()
        cls.nim.stop = lambda: status
        text = log()
        super().tearDownClass()
        books = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", re.search(r"event=stopped (.*)", text).group(1))}
        ends = ("ok", "client_errors", "upstream_errors", "rate_limited", "aborted")
        assert sum(books[name] for name in ends) == books["requests"], books
        assert cls.stayed <= books["requests"] + books["overloaded"] <= cls.sent, (books, cls.stayed, cls.sent)
        assert "what=worker" not in "".join(x for x in text.split("\n") if "event=died" in x and "level=warn" in x)


if __name__ == "__main__":
    harness.main()
