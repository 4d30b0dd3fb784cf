#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a real engine makes of odd answers, and what nim makes of that: the client always gets a message it can use."""

import json
import threading
import time

import dialects
import engines
import harness
from engines import TOOLS, calls_of, say, thinking_of
from harness import kinds, text_of

D = dialects.Hermes()
CALL = ("read_file", {"path": "/etc/hosts"})


class Answers(engines.Case):
    names = ("tiny", "tiny/plain", "tiny/leak", "tiny/kimi", "tiny/nemotron", "tiny/minimax", "tiny/coder", "tiny/mistral",
             "tiny/single")

    def test_all_in_thinking(self):
        """An answer that is all thinking still shows text, whether the tag was closed or not [E11]"""
        for name, answer in (("tiny", "<think>hm hm</think>"), ("tiny", "<think>hm hm"), ("tiny/kimi", "hm hm"),
                             ("tiny/nemotron", "hm hm"), ("tiny/plain", "<think>hm hm")):
            with self.subTest(name, answer=answer):
                message = self.both(say(answer), name)
                self.assertEqual(thinking_of(message), "hm hm")
                self.assertTrue(text_of(message).strip())
                self.assertEqual(message["stop_reason"], "end_turn")

    @engines.only_dynamo("vLLM passes the call on as text")
    def test_a_swallowed_call(self):
        """A call that the engine's parser swallows does not end the turn in silence [E12]"""
        for name, answer in (("tiny", dialects.Coder().calls([CALL])), ("tiny/coder", D.calls([CALL])),
                             ("tiny", '<tool_call>{"name": "read_file", "arguments": {path: /x}}</tool_call>'),
                             ("tiny/minimax", "<minimax:tool_call><invoke name=\"list_files\"/></minimax:tool_call>"),
                             ("tiny/minimax", "No tag at all."), ("tiny/mistral", "[1, 2, 3] are numbers.")):
            with self.subTest(name, answer=answer):
                message = self.both(say(answer), name, tools=TOOLS)
                self.assertTrue(text_of(message).strip() or calls_of(message))
                self.assertEqual(message["stop_reason"], "tool_use" if calls_of(message) else "end_turn")
                self.assertEqual(message["usage"]["output_tokens"], len(engines.script.tokens(answer)))

    def test_nothing(self):
        """An answer of nothing is a message with a text [E13]"""
        for tools in ({}, {"tools": TOOLS}):
            message = self.both(say(""), **tools)
            self.assertEqual(kinds(message), ["text"])
            self.assertEqual(message["stop_reason"], "end_turn")

    @engines.only_dynamo("vLLM drops text behind a call")
    def test_text_after_a_call(self):
        """Text behind a call is a text block of its own [E14]"""
        message = self.both(say("One. " + D.calls([CALL]) + " Two. " + D.calls([CALL]) + " Three."), tools=TOOLS)
        self.assertEqual(calls_of(message), [CALL, CALL])
        self.assertEqual(text_of(message).split(), ["One.", "Two.", "Three."])
        self.assertEqual(message["stop_reason"], "tool_use")

    def test_thinking_twice(self):
        """Thinking that comes again is a thinking block again [E15]"""
        message = self.both(say("<think>a</think>A.<think>b</think>B."))
        self.assertEqual([(b["type"], b.get("thinking") or b.get("text")) for b in message["content"]],
                         [("thinking", "a"), ("text", "A."), ("thinking", "b"), ("text", "B.")])

    @engines.only_dynamo("vLLM takes a call out of thinking")
    def test_calls_in_other_places(self):
        """A call inside thinking is thinking, one inside a code fence a call, a mentioned tag no call [E16]"""
        message = self.both(say("<think>Maybe " + D.calls([CALL]) + "</think>No."), tools=TOOLS)
        self.assertEqual((kinds(message), text_of(message)), (["thinking", "text"], "No."))
        self.assertIn("read_file", thinking_of(message))
        message = self.both(say("```\n" + D.calls([CALL]) + "\n```"), tools=TOOLS)
        self.assertEqual(calls_of(message), [CALL])
        message = self.both(say("A call begins with <tool_call> and so on."), tools=TOOLS)
        self.assertEqual((calls_of(message), message["stop_reason"]), ([], "end_turn"))
        self.assertTrue(text_of(message).startswith("A call begins with"))

    def test_arguments(self):
        """Arguments reach the client as they were written: nested, empty, long, of any character [E17]"""
        deep = {"path": "x"}
        for _ in range(25):
            deep = {"path": "x", "more": [deep, None, True, 1.5, -3, ""]}
        for arguments in ({}, {"path": ""}, deep, {"path": "\u0001\u001f\u007f\u2028😀\\u0041 \\d\t"},
                          {"path": "line\n" * (200 if engines.VLLM_PORT else 5000)}, {"path": "{\"a\": [1, 2"}):
            with self.subTest(arguments=str(arguments)[:40]):
                message = self.both(say(D.calls([("read_file", arguments)])), tools=TOOLS, max_tokens=60000)
                self.assertEqual(calls_of(message), [("read_file", arguments)])

    def test_arguments_left_out(self):
        """A call without arguments has an empty input [E18]"""
        message = self.both(say('<tool_call>{"name": "list_files"}</tool_call>'), tools=TOOLS)
        self.assertEqual((calls_of(message), message["stop_reason"]), ([("list_files", {})], "tool_use"))

    def test_a_whole_call_then_the_limit(self):
        """A call that was whole before max_tokens is a call [E19]"""
        answer = D.calls([CALL]) + " and then it went on"
        tokens = len(engines.script.tokens(answer)) - 5
        message = self.both(say(answer), tools=TOOLS, max_tokens=tokens)
        self.assertEqual(calls_of(message), [CALL])
        self.assertIn(message["stop_reason"], ("tool_use", "max_tokens"))

    @engines.only_dynamo("vLLM forces its own form on the answer, which the script breaks")
    def test_a_forced_call_that_is_cut(self):
        """A forced call comes in pieces; when max_tokens cuts it, the message says so [E70]"""
        text = say(D.forced("read_file", {"path": "/etc/hosts"}, True))
        message = self.both(text, tools=TOOLS, tool_choice={"type": "tool", "name": "read_file"}, max_tokens=15)
        self.assertEqual(message["stop_reason"], "max_tokens")

    @engines.only_dynamo("vLLM forces its own form on the answer, which the script breaks")
    def test_one_call_at_a_time(self):
        """disable_parallel_tool_use lets one call through [E20]"""
        for name, choice in (("tiny", {"type": "auto", "disable_parallel_tool_use": True}), ("tiny/single", None)):
            message = self.both(say(D.calls([CALL, ("list_files", {"path": "/"})])), name, tools=TOOLS,
                                **({"tool_choice": choice} if choice else {}))
            self.assertEqual((calls_of(message), message["stop_reason"]), ([CALL], "tool_use"))

    def test_six_stop_sequences(self):
        """More stop sequences than an engine takes: each of them stops [E21]"""
        stops = ["s1", "s2", "s3", "s4", "s5", "s6"]
        for stop in stops:
            message = self.both(say(f"Before {stop} behind"), stop_sequences=stops)
            self.assertEqual((message["stop_reason"], message["stop_sequence"]), ("stop_sequence", stop))
            self.assertEqual(text_of(message), "Before ")

    def test_a_stop_sequence_inside_a_call(self):
        """A stop sequence does not cut a call [E22]"""
        message = self.both(say("So: " + D.calls([CALL])), tools=TOOLS, stop_sequences=["/etc"])
        self.assertEqual((calls_of(message), message["stop_reason"]), ([CALL], "tool_use"))

    @engines.only_dynamo("vLLM refuses tools without a parser")
    def test_calls_as_text(self):
        """Without a parser in the engine a call is text, or found where the model's entry says how [E23]"""
        text = "I look. " + D.calls([CALL])
        message = self.both(say(text), "tiny/plain", tools=TOOLS)
        self.assertEqual((message["content"], message["stop_reason"]), ([{"type": "text", "text": text}], "end_turn"))
        message = self.both(say(text), "tiny/leak", tools=TOOLS)
        self.assertEqual((calls_of(message), message["stop_reason"]), ([CALL], "tool_use"))
        self.assertEqual(text_of(message).strip(), "I look.")
        undeclared = "I say " + D.calls([("other", {})])
        message = self.both(say(undeclared), "tiny/leak", tools=TOOLS)
        self.assertEqual((calls_of(message), text_of(message)), ([], undeclared))

    def test_a_name_that_was_not_declared(self):
        """A call of an unknown name reaches the client, who knows how to answer it [E24]"""
        message = self.both(say(D.calls([("other", {"a": 1})])), tools=TOOLS)
        self.assertEqual(calls_of(message), [("other", {"a": 1})])

    def test_the_first_text_comes_at_once(self):
        """What the model has said is with the client while it goes on [E25]"""
        body = {**self.body(say("Hello." + "<|pause|>" * 4 + " Late.")), "stream": True}
        answer = self.post(body)
        reader = self.read_stream(answer)
        self.assertEqual(text_of(reader.message), "Hello. Late.")
        first = next(at for at, data in answer.pieces if b"text_delta" in data)
        self.assertGreater(answer.pieces[-1][0] - first, 1.5)

    def test_many_at_once(self):
        """Twenty conversations at the same time do not mix [E26]"""
        self.needs("tiny")
        found = {}

        def one(i):
            found[i] = text_of(self.ask(say(f"<|pause|>I am number {i}."), is_stream=i % 2 == 0))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(harness.PATIENCE)
        self.assertEqual(found, {i: f"I am number {i}." for i in range(20)})

    @engines.only_dynamo("vLLM does not tell when it stopped")
    def test_a_client_that_leaves(self):
        """When the client leaves, the engine stops within a second [E27]"""
        for is_stream, until in ((True, b"text_delta"), (False, b"HTTP")):
            before = len(self.upstream.said())
            body = json.dumps({**self.body(say("On and on <|babble|>"), max_tokens=60000), "stream": is_stream})
            c = harness.Connection(self.nim.port)
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": engines.TOKEN}, len(body))
                   + body.encode())
            if is_stream:
                self.assertTrue(c.read_until(until))
            else:
                harness.wait_for(lambda: self.in_flight() > 0, what="the engine to begin")
            left = time.monotonic()
            c.reset()
            harness.wait_for(lambda: len(self.upstream.said()) > before, 5 * harness.SLOW, "the engine to stop")
            self.assertLess(time.monotonic() - left, 1 * harness.SLOW)
            self.assertEqual(self.upstream.said()[-1]["how"], "cancelled")

    def in_flight(self):
        lines = self.upstream.get("/metrics").body.decode().splitlines()
        return sum(float(x.split()[-1]) for x in lines if x.startswith("dynamo_frontend_inflight_requests{"))


if __name__ == "__main__":
    harness.main()
