#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every form that an upstream's answer can take becomes one right message, streamed and not."""

import grammar
import harness
from harness import inputs, kinds, text_of

HELLO = "Hello, this is the simulated NIM."
A, B, C = {"path": "/a"}, {"path": "/b"}, {"path": "/c"}
TMP = {"path": "/tmp"}
TEXT, THINK, TOOL = "text", "thinking", "tool_use"

# name of the behaviour: blocks, text, tool inputs, stop_reason
SAME = {name: ([TEXT], HELLO, [], "end_turn") for name in (
    "normal", "crlf", "nospace", "drip-crlf", "role-every", "nulls", "no-choices", "no-done", "finish-twice",
    "finish-null", "finish-tools-none", "usage-none", "usage-every", "usage-null", "usage-cached",
    "hints", "stale")}
CASES = {
    **SAME,
    "drip": ([TEXT], "Grüße 世界 🙂", [], "end_turn"),
    "comments": ([TEXT], "Hello, this works.", [], "end_turn"),
    "empties": ([TEXT], "Hello", [], "end_turn"),
    "http10": ([TEXT], "Hello", [], "end_turn"),
    "surrogates": ([TEXT], None, [], "end_turn"),
    "not-utf8": ([TEXT], "Hello \ufffd\ufffd(\ufffd", [], "end_turn"),
    "garbage": ([TEXT], "Hello there", [], "end_turn"),
    "finish-delta": ([TEXT], "Hello there", [], "end_turn"),
    "finish-weird": ([TEXT], HELLO, [], "model_context_window_exceeded"),
    "filter": ([TEXT], HELLO, [], "refusal"),
    "text-40": ([TEXT], None, [], "end_turn"),
    "burst-300": ([TEXT], None, [], "end_turn"),
    "reasoning": ([THINK, TEXT], "The answer is 4.", [], "end_turn"),
    "reasoning-vllm": ([THINK, TEXT], "The answer is 4.", [], "end_turn"),
    "reasoning-both": ([THINK, TEXT], "The answer is 4.", [], "end_turn"),
    "reasoning-interleaved": ([THINK, TEXT, THINK, TEXT], "One. Two.", [], "end_turn"),
    "reasoning-tool": ([THINK, TOOL], "", [{"path": "/"}], "tool_use"),
    "think-inline": ([THINK, TEXT], "The answer is 4.", [], "end_turn"),
    "think-literal": ([TEXT], "Write:\n```\n<think>x</think>\n```\nDone.", [], "end_turn"),
    "tool-split": ([TOOL], "", [TMP], "tool_use"),
    "tool-whole": ([TOOL], "", [TMP], "tool_use"),
    "tool-text": ([TEXT, TOOL], "I will look.", [TMP], "tool_use"),
    "tool-two": ([TEXT, TOOL, TOOL], "Two at once.", [A, B], "tool_use"),
    "tool-three": ([TOOL, TOOL, TOOL], "", [A, B, C], "tool_use"),
    "tool-interleaved": ([TOOL, TOOL], "", [A, B], "tool_use"),
    "tool-text-after": ([TEXT, TOOL, TEXT], "Before.After.", [A], "tool_use"),
    "tool-noid": ([TOOL, TOOL], "", [A, B], "tool_use"),
    "tool-dupid": ([TOOL, TOOL], "", [A, B], "tool_use"),
    "tool-index0": ([TOOL, TOOL], "", [A, B], "tool_use"),
    "tool-namerepeat": ([TOOL], "", [A], "tool_use"),
    "tool-unknown": ([TOOL], "", [A], "tool_use"),
    "tool-args-empty": ([TOOL], "", [{}], "tool_use"),
    "tool-args-null": ([TOOL], "", [{}], "tool_use"),
    "tool-args-object": ([TOOL], "", [TMP], "tool_use"),
    "tool-args-fenced": ([TOOL], "", [A], "tool_use"),
    "tool-args-double": ([TOOL], "", [A], "tool_use"),
    "tool-args-bad": ([TOOL], "", [{"path": "/t", "__arguments_cut_off": True}], "tool_use"),
    "finish-stop-tools": ([TOOL], "", [A], "tool_use"),
    "silent-0.3": ([TEXT], HELLO, [], "end_turn"),
    "silenthead-0.3": ([TEXT], HELLO, [], "end_turn"),
    "stall-0.3": ([TEXT], "One two three four.", [], "end_turn"),
}
THOUGHTS = {"reasoning": "Let me think. Yes.", "reasoning-vllm": "Let me think.", "reasoning-both": "Let me think.",
            "think-inline": "Let me think."}


class Streams(harness.Case):
    def holds(self, message, name):
        blocks, text, calls, reason = CASES[name]
        self.assertEqual(kinds(message), blocks)
        if text is not None:
            self.assertEqual(text_of(message), text)
        self.assertEqual(inputs(message), calls)
        self.assertEqual(message["stop_reason"], reason)
        self.assertEqual(message["model"], "mock/" + name)
        if name in THOUGHTS:
            self.assertEqual(message["content"][0]["thinking"].strip(), THOUGHTS[name])
        names = [b["name"] for b in message["content"] if b["type"] == TOOL]
        for called in names:
            self.assertIn(called, ("get_weather", "read_file", "no_such_tool"))
        if len(names) == 2:
            self.assertEqual(names, ["get_weather", "read_file"])

    def test_streamed(self):
        """Streamed. [A34 A35 A36 A37 A38 A39 A41 A42 A44 B3 B4 F1 F2 F3 F4 F8 F9 F14 N25]"""
        for name in CASES:
            with self.subTest(name):
                self.holds(self.stream(name, tools=harness.TOOLS).message, name)

    def test_not_streamed(self):
        """Not streamed. [A55 B2 U2.5]"""
        for name in CASES:
            with self.subTest(name):
                self.holds(self.whole(name, tools=harness.TOOLS), name)
        self.assertEqual(self.upstream.stats()["unary"], 0, "the upstream is always asked for a stream")

    def both(self, name, **more):
        yield self.stream(name, **more).message
        yield self.whole(name, **more)

    def test_length_is_max_tokens_when_all_were_used(self):
        """Length is max tokens when all were used. [A42]"""
        for message in self.both("length", max_tokens=5):
            self.assertEqual(message["stop_reason"], "max_tokens")
            self.assertEqual(text_of(message), HELLO)

    def test_length_before_max_tokens_is_the_context(self):
        """Length before max tokens is the context. [A42 U2.3]"""
        for message in self.both("length", max_tokens=1000):
            self.assertEqual(message["stop_reason"], "model_context_window_exceeded")

    def test_an_empty_answer_says_so(self):
        """An empty answer says so. [F13]"""
        for message in self.both("empty"):
            self.assertEqual(kinds(message), [TEXT])
            self.assertEqual(message["stop_reason"], "end_turn")

    def test_thinking_alone_still_has_a_visible_text(self):
        """Thinking alone still has a visible text. [A45 N34]"""
        for message in self.both("reasoning-only", max_tokens=2):
            self.assertEqual(message["content"][0]["thinking"], "I think and think")
            self.assertEqual(kinds(message), [THINK, TEXT])
            self.assertEqual(message["stop_reason"], "max_tokens")

    def test_a_think_tag_that_was_never_opened_is_no_text(self):
        """A think tag that was never opened is no text. [N35 A44]"""
        for message in self.both("think-orphan"):
            self.assertNotIn("</think>", text_of(message))
            self.assertTrue(text_of(message).endswith("The answer is 4."), message)

    def test_a_think_tag_that_is_never_closed(self):
        """A think tag that is never closed. [N35 A44]"""
        for message in self.both("think-unclosed"):
            self.assertEqual(message["content"][0]["type"], THINK)
            self.assertNotIn("<think>", text_of(message))

    def test_a_call_that_the_limit_cut(self):
        """A call that the limit cut. [A40 N39]"""
        for message in self.both("tool-args-cut", tools=harness.TOOLS, max_tokens=3):
            self.assertEqual(message["stop_reason"], "max_tokens")
            self.assertEqual(message["content"][0]["text"], "Well.")

    def test_a_line_of_one_megabyte(self):
        """A line of one megabyte. [N31]"""
        self.assertEqual(len(self.whole("bigline")["content"][0]["text"]), (1 << 20) - 64)
        self.delta_chars = None  # so large a chunk is not cut into pieces
        self.stream("bigline")

    def test_usage_is_what_the_upstream_says(self):
        """Usage is what the upstream says. [A36 N32]"""
        for message in self.both("normal"):
            self.assertEqual(message["usage"]["output_tokens"], 5)
            self.assertGreater(message["usage"]["input_tokens"], 10)
        for message in self.both("usage-every"):
            self.assertEqual(message["usage"]["output_tokens"], 5)

    def test_cached_tokens_are_taken_out_of_input_tokens(self):
        """Cached tokens are taken out of input tokens. [A36 N32]"""
        for message in self.both("usage-cached"):
            usage = message["usage"]
            cached, fresh = usage["cache_read_input_tokens"], usage["input_tokens"]
            self.assertEqual(cached, (cached + fresh) // 2)
            self.assertGreater(cached, 0)

    def test_without_usage_it_is_estimated_and_not_zero(self):
        """Without usage it is estimated and not zero. [A36 N32]"""
        for message in self.both("usage-none"):
            self.assertGreater(message["usage"]["input_tokens"], 0)
            self.assertGreater(message["usage"]["output_tokens"], 3)

    def test_half_a_surrogate_pair_does_no_harm(self):
        """Half a surrogate pair does no harm. [A33]"""
        for message in self.both("surrogates"):
            self.assertRegex(text_of(message), "^A(\ufffd+|\U0001f642)B$")

    def test_an_upstream_that_closes_an_idle_connection_is_not_noticed(self):
        """A server may close a connection just as the next request is sent on it; that is no failure. [N24 A66]"""
        for _ in range(5):
            for message in self.both("stale"):
                self.assertEqual(text_of(message), HELLO)

    def test_text_leaves_in_pieces_of_at_most_six_characters(self):
        answer = self.post({**harness.body_for("normal"), "stream": True})
        self.assertGreater(answer.body.count(b"text_delta"), 5)  # delta_chars = 6 is checked by the grammar

    def test_tool_ids_are_unique_over_answers(self):
        """Tool ids are unique over answers. [A41]"""
        ids = [b["id"] for _ in range(3) for b in self.whole("tool-two", tools=harness.TOOLS)["content"]
               if b["type"] == TOOL]
        self.assertEqual(len(set(ids)), 6)
        for one in ids:
            self.assertTrue(one.startswith("toolu_"), one)

    def test_the_upstreams_own_ids_come_back_to_it(self):
        """The upstreams own ids come back to it. [A41]"""
        for name, upstream_ids in (("tool-two", ["call_a1", "call_b2"]), ("tool-whole", ["functions.ls:0"])):
            with self.subTest(name):
                message = self.whole(name, tools=harness.TOOLS)
                calls = [b for b in message["content"] if b["type"] == TOOL]
                echo = self.echoed({"max_tokens": 5, "tools": harness.TOOLS, "messages": [
                    {"role": "user", "content": "go"}, {"role": "assistant", "content": message["content"]},
                    {"role": "user", "content": [
                        {"type": "tool_result", "tool_use_id": c["id"], "content": "ok"} for c in calls]}]})
                sent = echo["body"]["messages"]
                self.assertEqual([c["id"] for c in sent[1]["tool_calls"]], upstream_ids)
                self.assertEqual([m["tool_call_id"] for m in sent[2:]], upstream_ids)


class Whole(harness.Case):
    """text_delta_chars = 0: text as it comes."""
    settings = {"text_delta_chars": 0}
    delta_chars = None

    def test_pieces_are_the_upstreams(self):
        answer = self.post({**harness.body_for("text-5"), "stream": True})
        self.read_stream(answer)
        for word in (b'"the "', b'"proxy "', b'"reads "', b'"piece "'):
            self.assertIn(word, answer.body)

    def test_the_message_is_the_same(self):
        """The message is the same. [A55]"""
        for name in ("normal", "tool-two", "think-inline", "drip"):
            with self.subTest(name):
                blocks, text, calls, reason = CASES[name]
                message = self.stream(name, tools=harness.TOOLS).message
                self.assertEqual((kinds(message), text_of(message), inputs(message), message["stop_reason"]),
                                 (blocks, text, calls, reason))


class Broken(harness.Case):
    """Upstreams that break off: one right ending in every case, never a clean end of a message that is none."""
    settings = {"commit_after": -1}

    def test_inside_the_first_block_the_connection_is_reset(self):
        """Inside the first block the connection is reset. [A52 F10 N29]"""
        for name in ("cut", "cut-fin", "cut-clean", "cut-tool", "cut-thinking"):
            with self.subTest(name):
                reader = self.stream(name, end=grammar.CUT, tools=harness.TOOLS)
                self.assertTrue(reader.message["content"])

    def test_what_was_said_before_the_cut_arrives(self):
        """What was said before the cut arrives. [A52]"""
        reader = self.stream("cut", end=grammar.CUT)
        self.assertEqual(reader.message["content"][0]["text"], "One two three ")

    def test_behind_a_finished_tool_the_message_is_closed(self):
        """Behind a finished tool the message is closed. [A35 A50 N29]"""
        reader = self.stream("cut-behind-tool", tools=harness.TOOLS)
        self.assertEqual((kinds(reader.message), reader.message["stop_reason"]), ([TEXT, TOOL], "tool_use"))

    def test_in_a_later_block_it_is_an_error_event(self):
        """In a later block it is an error event. [A52]"""
        reader = self.stream("cut-behind", end=grammar.ERROR, tools=harness.TOOLS)
        self.assertEqual(reader.error["error"]["type"], "overloaded_error")

    def test_done_without_a_finish_reason(self):
        """Done without a finish reason. [U2.7]"""
        self.stream("cut-done")

    def test_an_error_in_the_stream_is_an_error_event(self):
        """An error in the stream is an error event. [A53 F11 N30]"""
        for name in ("err-event", "err-data"):
            with self.subTest(name):
                reader = self.stream(name, end=grammar.ERROR)
                self.assertEqual(reader.error["error"]["type"], "overloaded_error")
                self.assertTrue(reader.answer.is_complete)

    def test_not_streamed_it_is_an_http_error(self):
        """Not streamed it is an http error. [A55]"""
        for name in ("cut", "cut-fin", "cut-clean", "cut-tool", "cut-thinking", "err-event", "err-data"):
            with self.subTest(name):
                answer = self.post(harness.body_for(name, tools=harness.TOOLS))
                self.assertIn(answer.status, (500, 502, 503, 504, 529), answer.body)
                answer.error()


if __name__ == "__main__":
    harness.main()
