#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many clients at once: all are served, none sees anything of another, and who finds no worker is told so."""

import json
import threading
import time
import uuid

import harness
from harness import body_for, text_of


def at_once(count, work):
    """Runs work(i) in that many threads; raises what the first of them raised."""
    problems = []

    def run(i):
        try:
            work(i)
        except BaseException as problem:  # reported below
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


class Many(harness.Case):
    workers = 24

    def test_twenty_streams_run_side_by_side(self):
        """Twenty streams run side by side. [A65]"""
        began = time.monotonic()
        at_once(20, lambda i: self.stream("paced-20-50"))
        self.assertLess(time.monotonic() - began, 4 * harness.SLOW)
        self.assertEqual(self.upstream.stats()["completed"], 20)

    def test_nothing_of_one_client_reaches_another(self):
        def client(_):
            for turn in range(12):
                mark = f"<{uuid.uuid4()}>" * (1 + turn % 3 * 40)
                if turn % 2:
                    message = self.stream("echo", mark).message
                else:
                    message = self.whole("echo", mark)
                if text_of(message) != mark:
                    raise AssertionError(f"asked for {mark[:80]}, got {text_of(message)[:80]}")

        at_once(16, client)

    def test_clients_that_leave_do_not_mix_with_those_that_stay(self):
        def client(i):
            for _ in range(8):
                mark = f"<{uuid.uuid4()}>"
                if i % 2:
                    data = json.dumps({**body_for("paced-50-20", mark), "stream": True}).encode()
                    c = harness.Connection(self.nim.port)
                    c.send(harness.head("POST", "/v1/messages", harness.JSON, len(data)) + data)
                    c.read_until(b"text_delta")
                    c.reset()
                else:
                    self.assertEqual(text_of(self.stream("echo", mark).message), mark)

        at_once(12, client)
        self.upstream.wait_idle(2)

    def test_count_tokens_26_times_over_13_connections(self):
        """Count tokens 26 times over 13 connections. [A64]"""
        answers = []
        began = time.monotonic()
        body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "x" * 30000}], "tools": []}
        at_once(13, lambda i: answers.extend(self.post(body, "/v1/messages/count_tokens?beta=true")
                                             for _ in range(2)))
        self.assertLess(time.monotonic() - began, 1 * harness.SLOW)
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(self.upstream.stats()["requests"], 0)


class Sequential(harness.Case):
    def test_200_requests_one_after_another_use_few_upstream_connections(self):
        """200 requests one after another use few upstream connections. [A66]"""
        self.upstream.reset()
        for i in range(200):
            answer = self.post({**body_for("text-3"), "stream": i % 2 == 0})
            self.assertEqual(answer.status, 200)
        self.assertLessEqual(self.upstream.stats()["connections"], 3)

    def test_an_error_does_not_cost_the_connection(self):
        """An error does not cost the connection. [A66]"""
        self.upstream.reset()
        for _ in range(20):
            self.post(body_for("400"))
            self.post({**body_for("429-bare"), "stream": True})
        self.assertLessEqual(self.upstream.stats()["connections"], 3)


class Full(harness.Case):
    workers = 2

    def test_no_free_worker_is_529_at_once(self):
        """No free worker is 529 at once. [A65]"""
        held = []
        for _ in range(2):
            data = json.dumps({**body_for("hang"), "stream": True}).encode()
            c = harness.Connection(self.nim.port)
            c.send(harness.head("POST", "/v1/messages", harness.JSON, len(data)) + data)
            held.append(c)
        harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 2)
        began = time.monotonic()
        answer = self.post({**body_for("normal"), "stream": True})
        self.assertLess(time.monotonic() - began, 1 * harness.SLOW)
        self.refused(answer, 529, "overloaded_error")
        self.assertRegex(answer.headers["retry-after"], r"^([1-9]|[1-5][0-9]|60)$")
        self.assertRegex(answer.headers["request-id"], r"^req_")
        held[0].reset()
        harness.wait_for(lambda: self.post(body_for("normal")).status == 200, what="a free worker")
        held[1].reset()
        self.upstream.wait_idle(2)

    def test_a_silent_connection_takes_no_worker(self):
        """A silent connection takes no worker. [A66]"""
        silent = [harness.Connection(self.nim.port) for _ in range(50)]
        for i, c in enumerate(silent):
            if i % 2:
                c.send(b"POST /v1/messages HTTP/1.1\r\nHost: loc")
        self.assertEqual(text_of(self.whole("normal"))[:5], "Hello")
        self.assertEqual(self.stream("normal").message["stop_reason"], "end_turn")
        for c in silent:
            c.close()


class Models(harness.Case):
    models = '''default_model = "mock/normal";
aliases = ( { from = "*haiku*"; to = "mock/text-3"; }, { from = "claude-*"; to = "mock/ctx-echo"; } );
models = ( { id = "mock/ctx-echo"; context = 200000; max_output = 4096; },
           { id = "mock/text-3"; }, { id = "claude/like"; context = 1000; } );
'''

    def get(self, path):
        return harness.request(self.nim.port, "GET", path)

    def test_the_list(self):
        """The list. [A69 B5]"""
        data = self.get("/v1/models?limit=1000").json()
        ids = [m["id"] for m in data["data"]]
        bare = ["mock/normal", "mock/ctx-echo", "mock/text-3", "claude/like"]
        self.assertEqual(ids, bare + ["anthropic/" + id for id in bare])
        self.assertEqual((data["has_more"], data["first_id"], data["last_id"]), (False, ids[0], ids[-1]))
        first = data["data"][1]
        self.assertEqual((first["type"], first["max_input_tokens"], first["max_tokens"]), ("model", 200000, 4096))
        self.assertRegex(first["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertTrue(first["display_name"])
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_pages(self):
        """Pages. [A69]"""
        one = self.get("/v1/models?limit=1").json()
        self.assertEqual(([m["id"] for m in one["data"]], one["has_more"]), (["mock/normal"], True))
        two = self.get("/v1/models?after_id=mock%2Fctx-echo").json()
        self.assertEqual([m["id"] for m in two["data"]], ["mock/text-3", "claude/like"] + ["anthropic/" + id for id in (
            "mock/normal", "mock/ctx-echo", "mock/text-3", "claude/like")])
        three = self.get("/v1/models?before_id=mock/text-3").json()
        self.assertEqual([m["id"] for m in three["data"]], ["mock/normal", "mock/ctx-echo"])
        for bad in ("0", "1001", "x", "-1"):
            with self.subTest(bad):
                self.refused(self.get("/v1/models?limit=" + bad), 400, "invalid_request_error")

    def test_one(self):
        """One. [A69]"""
        for path in ("/v1/models/mock/ctx-echo", "/v1/models/mock%2Fctx-echo", "/v1/models/mock%2fctx-echo?beta=true"):
            with self.subTest(path):
                self.assertEqual(self.get(path).json()["id"], "mock/ctx-echo")
        for path in ("anthropic/mock/ctx-echo", "claude-sonnet-4-5", "mock/normal"):
            with self.subTest(path):
                model = self.get("/v1/models/" + path).json()
                self.assertEqual(model["id"], path)
                self.assertEqual(model["display_name"], "mock/normal" if "normal" in path else "mock/ctx-echo")
        self.refused(self.get("/v1/models/nobody"), 404, "not_found_error")

    def test_names_find_their_model(self):
        """Names find their model. [A28]"""
        for name, sent in (("claude-3-5-haiku-20241022", "mock/text-3"), ("anthropic/mock/text-3", "mock/text-3"),
                           ("claude-opus-5-5", "mock/ctx-echo"),
                           ("claude-opus-5-5[1m]", "mock/ctx-echo"), ("gpt-5", "mock/normal"),
                           ("mock/text-1", "mock/text-1")):
            with self.subTest(name):
                answer = self.post({**body_for("x"), "model": name})
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.json()["model"], name)
                self.assertEqual(self.upstream.stats()["last"]["model"], sent)

    def test_max_tokens_is_kept_within_the_models_limit(self):
        """Max tokens is kept within the models limit. [A27]"""
        for asked, sent in ((128000, 4096), (4096, 4096), (5, 5)):
            self.post({**body_for("x"), "model": "claude-x", "max_tokens": asked})
            self.assertEqual(self.upstream.stats()["last"]["body"]["max_tokens"], sent)

    def test_count_tokens(self):
        """Count tokens. [B5]"""
        body = {"model": "claude-x", "messages": [{"role": "user", "content": "Hello there, how are you?"}]}
        small = self.post(body, "/v1/messages/count_tokens").json()
        self.assertEqual(list(small), ["input_tokens"])
        self.assertIn(small["input_tokens"], range(3, 60))
        body["messages"][0]["content"] *= 100
        self.assertGreater(self.post(body, "/v1/messages/count_tokens").json()["input_tokens"], 300)
        self.refused(self.post({"model": "x"}, "/v1/messages/count_tokens"), 400, "invalid_request_error")


if __name__ == "__main__":
    harness.main()
