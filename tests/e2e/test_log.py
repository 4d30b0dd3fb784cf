#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The log: one line a request that tells how it went, and nothing of what was said."""

import json
import re

import grammar
import harness
from harness import body_for

PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"=]*)(?: |\Z)')
MARK = "Zebra-4711-secret"
KEY = "team-key-4711"


def parse(line):
    """logfmt behind a time stamp: the pairs of a line; raises when something of the line is no pair."""
    rest, pairs = re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", "", line), {}
    while rest:
        match = PAIR.match(rest)
        if not match:
            raise AssertionError(f"no logfmt at {rest[:60]!r} in {line!r}")
        value = match.group(2)
        pairs[match.group(1)] = value.strip('"')
        rest = rest[match.end():]
    return pairs


class Log(harness.Case):
    key = KEY

    def post(self, body, path="/v1/messages", headers=None, **more):
        return super().post(body, path, {"x-api-key": KEY, **(headers or {})}, **more)

    def line(self, answer):
        """The line of that answer's request."""
        mark = answer.headers["request-id"]

        def find():
            return [x for x in self.new_log().rstrip().split("\n") if f"id={mark}" in x and "event=request" in x]

        return parse(harness.wait_for(find, what="the log line")[0])

    def test_a_line_tells_how_it_went(self):
        answer = self.post({**body_for("normal"), "stream": True, "model": "mock/normal"})
        usage = grammar.read(answer.body).message["usage"]
        line = self.line(answer)
        self.assertEqual((line["level"], line["status"], line["outcome"]), ("info", "200", "ok"))
        self.assertEqual((line["asked"], line["model"], line["stream"]), ("mock/normal", "mock/normal", "yes"))
        self.assertEqual((int(line["in"]), int(line["out"])), (usage["input_tokens"], usage["output_tokens"]))
        self.assertLess(int(line["ms"]), 5000 * harness.SLOW)

    def test_refusals_have_a_line_too(self):
        for model, status, outcome in (("400", "400", "client_errors"), ("429-bare", "429", "rate_limited"),
                                       ("500", "529", "upstream_errors")):
            with self.subTest(model):
                line = self.line(self.post(body_for(model)))
                self.assertEqual((line["status"], line["outcome"]), (status, outcome))

    def test_a_client_that_left_is_aborted(self):
        data = json.dumps({**body_for("hang"), "stream": True}).encode()
        c = harness.Connection(self.nim.port)
        c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": KEY}, len(data)) + data)
        harness.wait_for(lambda: self.upstream.stats()["in_flight"] == 1)
        c.reset()
        harness.wait_for(lambda: "outcome=aborted" in self.new_log(), what="the log line")

    def test_every_line_is_logfmt(self):
        self.post(body_for("normal"))
        self.post(b"{")
        for line in self.nim.log().rstrip().split("\n"):
            pairs = parse(line)
            self.assertIn("event", pairs, line)
            self.assertIn(pairs["level"], ("error", "warn", "info", "debug"))

    def test_nothing_of_what_was_said(self):
        tools = [{"name": "ls", "description": MARK, "input_schema": {"type": "object"}}]
        talk = [{"role": "user", "content": MARK}, {"role": "assistant", "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {"x": MARK}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": MARK}]}]
        for model in ("echo", "tool-args-bad", "400", "500", "cut", "err-data", "garbage"):
            for stream in (True, False):
                self.post({**body_for(model), "messages": talk, "tools": tools, "system": MARK, "stream": stream})
        for data in (b"{" + MARK.encode(), json.dumps({**body_for("x"), "messages": [{"role": MARK}]}).encode(),
                     json.dumps({**body_for("x"), MARK: 5, "messages": MARK}).encode()):
            self.post(data)
        self.post({**body_for("normal")}, headers={"x-api-key": "wrong-" + MARK, "X-Other": MARK})
        self.assertNotIn(MARK, self.new_log())

    def test_an_upstream_that_quotes_the_prompt_does_not_bring_it_into_the_log(self):
        for stream in (True, False):
            answer = self.post({**body_for("400-echo", MARK), "stream": stream})
            self.refused(answer, 400, "invalid_request_error")
            self.line(answer)
        self.assertNotIn(MARK, self.new_log())

    def test_no_key(self):
        self.post(body_for("normal"))
        self.post(body_for("401"))
        self.post(body_for("normal"), headers={"x-api-key": "x" + KEY})
        for key in (KEY, harness.KEY):
            self.assertNotIn(key, self.nim.log())

    def test_a_model_name_cannot_forge_a_line(self):
        for name in ("a\nlevel=error event=forged", 'a" event=forged x="', "a\\", "a\x1b[31m", "a\u2028b", "é" * 300):
            with self.subTest(name):
                answer = self.post({**body_for("x"), "model": name})
                self.assertEqual(self.line(answer)["event"], "request")
        for line in self.new_log().rstrip().split("\n"):
            self.assertNotEqual(parse(line)["event"], "forged")
        self.assertNotIn("\x1b", self.new_log())


if __name__ == "__main__":
    harness.main()
