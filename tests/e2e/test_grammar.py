#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checker of the event grammar: it lets good streams pass and sees each broken rule."""

import glob
import json
import os
import unittest

import grammar
import harness

USAGE = {"input_tokens": 9, "output_tokens": 1}
START = {"type": "message_start", "message": {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
    "stop_sequence": None, "usage": USAGE}}
STOP = {"type": "message_stop"}
PING = {"type": "ping"}


def begin(index, kind, **more):
    return {"type": "content_block_start", "index": index,
            "content_block": {**grammar.BLOCKS[kind], **more}}


def piece(index, kind, text):
    return {"type": "content_block_delta", "index": index,
            "delta": {"type": kind, grammar.DELTAS[kind][1]: text}}


def stop(index):
    return {"type": "content_block_stop", "index": index}


def end(reason="end_turn", sequence=None, **usage):
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": {"input_tokens": 9, "output_tokens": 4, **usage}}


def write(events):
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


TEXT = [begin(0, "text"), piece(0, "text_delta", "Hi"), stop(0)]
TOOL = [begin(0, "tool_use", id="toolu_1", name="ls"), piece(0, "input_json_delta", '{"a":'),
        piece(0, "input_json_delta", "1}"), stop(0)]
THINK = [begin(0, "thinking"), piece(0, "thinking_delta", "Hm"), piece(0, "signature_delta", "s"), stop(0)]
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}


def second(events):
    return [{**e, "index": 1} for e in events]


GOOD = [
    ("text", [START, *TEXT, end(), STOP]),
    ("pings anywhere", [PING, START, PING, TEXT[0], PING, *TEXT[1:], end(), PING, STOP]),
    ("a tool", [START, *TOOL, end("tool_use"), STOP]),
    ("thinking, then text", [START, *THINK, *second(TEXT), end(), STOP]),
    ("a tool that was cut by max_tokens", [START, *TOOL, end("max_tokens"), STOP]),
    ("a stop sequence", [START, *TEXT, end("stop_sequence", "X"), STOP]),
]

# name, events, a word of the complaint
BAD = [
    ("nothing", [], "ended as cut"),
    ("no start", [*TEXT, end(), STOP], "before message_start"),
    ("start twice", [START, START, *TEXT, end(), STOP], "twice"),
    ("no stop", [START, *TEXT, end()], "ended as cut"),
    ("no message_delta", [START, *TEXT, STOP], "without message_delta"),
    ("message_delta twice", [START, *TEXT, end(), end(), STOP], "twice"),
    ("after the end", [START, *TEXT, end(), STOP, PING], "after message_stop"),
    ("no blocks", [START, end(), STOP], "without any block"),
    ("index gap", [START, *second(TEXT), end(), STOP], "index 1, expected 0"),
    ("index twice", [START, *TEXT, *TEXT, end(), STOP], "index 0, expected 1"),
    ("two open", [START, TEXT[0], begin(1, "text"), stop(1), end(), STOP], "another block is open"),
    ("delta of another block", [START, TEXT[0], piece(1, "text_delta", "x"), stop(0), end(), STOP], "index 1"),
    ("delta without a block", [START, piece(0, "text_delta", "x"), *TEXT, end(), STOP], "without an open block"),
    ("stop without a block", [START, *TEXT, stop(0), end(), STOP], "without an open block"),
    ("message_delta in a block", [START, *TEXT[:2], end(), STOP], "while a block is open"),
    ("block after message_delta", [START, *TEXT, end(), *second(TEXT), STOP], "after message_delta"),
    ("wrong delta", [START, TEXT[0], piece(0, "thinking_delta", "x"), stop(0), end(), STOP], "in a text block"),
    ("empty text", [START, TEXT[0], stop(0), end(), STOP], "without text"),
    ("blank text", [START, TEXT[0], piece(0, "text_delta", " \n"), stop(0), end(), STOP], "without text"),
    ("empty delta", [START, TEXT[0], piece(0, "text_delta", ""), *TEXT[1:], end(), STOP], "an empty text_delta"),
    ("text at the start", [START, begin(0, "text", text="Hi"), stop(0), end(), STOP], "starts with text"),
    ("input at the start", [START, begin(0, "tool_use", id="t", name="ls", input={"a": 1}), *TOOL[1:],
                            end("tool_use"), STOP], "starts with input"),
    ("no signature", [START, THINK[0], THINK[1], THINK[3], end(), STOP], "without signature_delta"),
    ("signature twice", [START, THINK[0], THINK[1], THINK[2], *THINK[2:], end(), STOP], "after signature_delta"),
    ("signature too early", [START, THINK[0], THINK[2], THINK[1], THINK[3], end(), STOP], "after signature_delta"),
    ("input is cut", [START, *TOOL[:2], stop(0), end("tool_use"), STOP], "not JSON"),
    ("input is absent", [START, TOOL[0], stop(0), end("tool_use"), STOP], "not JSON"),
    ("input is an array", [START, TOOL[0], piece(0, "input_json_delta", "[]"), stop(0), end("tool_use"), STOP],
     "does not begin with {"),
    ("input is fenced", [START, TOOL[0], piece(0, "input_json_delta", "```{}```"), stop(0), end("tool_use"), STOP],
     "does not begin with {"),
    ("two inputs", [START, *TOOL[:3], piece(0, "input_json_delta", "{}"), stop(0), end("tool_use"), STOP], "not JSON"),
    ("illegal tool id", [START, begin(0, "tool_use", id="functions.ls:0", name="ls"), *TOOL[1:], end("tool_use"), STOP],
     "illegal tool id"),
    ("tool id twice", [START, *TOOL, *second(TOOL), end("tool_use"), STOP], "repeat"),
    ("tool without name", [START, begin(0, "tool_use", id="t", name=""), *TOOL[1:], end("tool_use"), STOP], "name"),
    ("end_turn beside a tool", [START, *TOOL, end(), STOP], "beside a tool_use"),
    ("tool_use without a tool", [START, *TEXT, end("tool_use"), STOP], "without a tool_use block"),
    ("unknown reason", [START, *TEXT, end("stop"), STOP], "unknown stop_reason"),
    ("no reason", [START, *TEXT, end(None), STOP], "unknown stop_reason"),
    ("sequence without reason", [START, *TEXT, end("end_turn", "X"), STOP], "with stop_sequence"),
    ("no output tokens", [START, *TEXT, end(output_tokens=0), STOP], "zero"),
    ("no usage at all", [START, *TEXT, {**end(), "usage": {}}, STOP], "output_tokens"),
    ("an error at the end", [START, *TEXT, ERROR], "ended as error"),
    ("after an error", [START, ERROR, *TEXT, end(), STOP], "after error"),
    ("unknown event", [START, {"type": "hello"}, *TEXT, end(), STOP], "unknown event"),
    ("message id", [{**START, "message": {**START["message"], "id": "chatcmpl-1"}}, *TEXT, end(), STOP], "message id"),
    ("start without usage", [{**START, "message": {**START["message"], "usage": None}}, *TEXT, end(), STOP], "usage"),
    ("long delta", [START, TEXT[0], piece(0, "text_delta", "seven c"), stop(0), end(), STOP], "7 characters"),
    ("half a pair", [START, TEXT[0], piece(0, "text_delta", "\ud83d"), stop(0), end(), STOP], "surrogate"),
]

RAW = [
    ("no event line", b'data: {"type":"ping"}\n\n', "no event line"),
    ("carriage return", b'event: ping\r\ndata: {"type":"ping"}\r\n\r\n', "carriage"),
    ("name differs", b'event: ping\ndata: {"type":"pong"}\n\n', "carries type"),
    ("not UTF-8", b'event: ping\ndata: {"type":"\xff"}\n\n', "UTF-8"),
    ("not JSON", b"event: ping\ndata: {]\n\n", "not JSON"),
    ("[DONE]", b"event: ping\ndata: [DONE]\n\n", "not JSON"),
    ("a name twice", b'event: ping\ndata: {"type":"ping","type":"ping"}\n\n', "twice"),
    ("half an event", b'event: ping\ndata: {"type":"ping"}\n', "no empty line"),
]


class Grammar(unittest.TestCase):
    def test_lets_good_streams_pass(self):
        for name, events in GOOD:
            with self.subTest(name):
                self.assertEqual(grammar.check(write(events), delta_chars=6), [])

    def test_sees_each_broken_rule(self):
        for name, events, word in BAD:
            with self.subTest(name):
                self.assertIn(word, "\n".join(grammar.check(write(events), delta_chars=6)))

    def test_sees_broken_framing(self):
        for name, raw, word in RAW:
            with self.subTest(name):
                self.assertIn(word, "\n".join(grammar.check(raw)))

    def test_knows_the_other_endings(self):
        self.assertEqual(grammar.check(write([START, ERROR]), grammar.ERROR), [])
        self.assertEqual(grammar.check(write([START, *TEXT[:2]]), grammar.CUT), [])
        self.assertNotEqual(grammar.check(write([START, *TEXT, end(), STOP]), grammar.CUT), [])

    def test_checks_whole_messages(self):
        good = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
                "content": [{"type": "text", "text": "Hi"}]}
        self.assertEqual(grammar.check_message(good), [])
        for change, word in (({"content": []}, "without any block"), ({"stop_reason": "tool_use"}, "tool_use"),
                             ({"usage": None}, "usage"), ({"id": "x"}, "message id"),
                             ({"content": [{"type": "text", "text": ""}]}, "without text")):
            with self.subTest(word):
                self.assertIn(word, "\n".join(grammar.check_message({**good, **change})))


if __name__ == "__main__":
    harness.main()
