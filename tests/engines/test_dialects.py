#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole conversations in each tool dialect: the engine's own parsers cut the model's text, nim answers the client."""

import json

import dialects
import engines
import harness
from engines import TOOLS, calls_of, results, say, thinking_of
from harness import kinds, text_of

TEXT = "Grüße: 1 < 2 && \"x\" \\ 世界 🙂👩‍💻 é.\n\n- and a list\n"
ARGUMENTS = {"path": "/tmp/a \"b\" \\ é世🙂", "count": 3}
TWO = [("list_files", ARGUMENTS), ("read_file", {"path": "/etc/hosts"})]


class Shared(engines.Case):
    """One engine and one nim for all dialects."""

    names = tuple(d.model for d in dialects.ALL)

    @classmethod
    def setUpClass(cls):
        if not hasattr(Shared, "upstream"):
            super(Shared, Shared).setUpClass()

    @classmethod
    def tearDownClass(cls):
        pass


def tearDownModule():
    if hasattr(Shared, "upstream"):
        super(Shared, Shared).tearDownClass()


class Text:
    """What every model can do."""

    d = None

    def has_usage(self, message, answer):
        if not engines.VLLM_PORT:  # it counts the end of the turn too, and what closes the thinking
            self.assertEqual(message["usage"]["output_tokens"], len(answer.encode("utf-8")) - self.marks(answer))
        self.assertGreater(message["usage"]["input_tokens"], len(answer))

    @staticmethod
    def marks(answer):
        """Bytes less tokens: a mark of the vocabulary is one token."""
        return sum(len(mark) - 1 for mark in engines.script.TOKEN.findall(answer))

    def test_text(self):
        """Text reaches the client byte for byte, with the engine's own count of tokens [E1]"""
        answer = self.d.says(TEXT)
        message = self.both(say(answer), self.d.model)
        self.assertEqual(message["content"], [{"type": "text", "text": TEXT}])
        self.assertEqual(message["stop_reason"], "end_turn")
        self.has_usage(message, answer)

    def test_thinking(self):
        """Thinking becomes a thinking block before the text [E2]"""
        answer = self.d.says("So it is.", "Hm, 世界?\nWell.")
        message = self.both(say(answer), self.d.model, thinking={"type": "enabled", "budget_tokens": 1024})
        self.assertEqual(kinds(message), ["thinking", "text"])
        self.assertEqual(thinking_of(message).strip(), "Hm, 世界?\nWell.")
        self.assertEqual(text_of(message), "So it is.")
        self.assertEqual(message["stop_reason"], "end_turn")

    def test_a_cut_text(self):
        """max_tokens cuts a text: what was said, max_tokens, exactly so many tokens [E3]"""
        answer = self.d.says("abcdefghij" * 10)
        tokens = len(answer.encode()) - self.marks(answer) - 50
        message = self.both(say(answer), self.d.model, max_tokens=tokens)
        self.assertEqual(message["stop_reason"], "max_tokens")
        self.assertTrue(("abcdefghij" * 10).startswith(text_of(message)))
        self.assertEqual(message["usage"]["output_tokens"], tokens)

    def test_a_stop_sequence(self):
        """A stop sequence ends the text before it and is named [E4]"""
        message = self.both(say(self.d.says("One, two, STOP, three")), self.d.model, stop_sequences=["never", "STOP"])
        self.assertEqual((message["stop_reason"], message["stop_sequence"]), ("stop_sequence", "STOP"))
        self.assertEqual(text_of(message), "One, two, ")

    def test_a_conversation(self):
        """The second turn gets the first one back as it was said [E5]"""
        script = say(self.d.says("First."), self.d.says("<|echo|>"))
        first = self.ask(script, self.d.model)
        second = self.ask([{"role": "user", "content": script}, {"role": "assistant", "content": first["content"]},
                           {"role": "user", "content": "And now?"}], self.d.model)
        given = json.loads(text_of(second))["messages"]
        self.assertEqual([(m["role"], engines.script.text_of(m["content"])) for m in given],
                         [("user", script), ("assistant", "First."), ("user", "And now?")])


class Calls(Text):
    """What models with a parser for calls can do."""

    def test_a_call_and_its_result(self):
        """A call reaches the client, its result the model, under one id [E6]"""
        script = say(self.d.says("I look. ", calls=TWO[:1]), self.d.says("<|echo|>"))
        for is_stream in (True, False):
            first = self.ask(script, self.d.model, is_stream, tools=TOOLS)
            self.assertEqual(calls_of(first), TWO[:1])
            self.assertEqual(text_of(first).strip(), "I look.")
            self.assertEqual(first["stop_reason"], "tool_use")
            second = self.ask([{"role": "user", "content": script}, *results(first, "Sunny, 世界")], self.d.model,
                              is_stream, tools=TOOLS)
            given = json.loads(text_of(second))["messages"]
            self.assertEqual([m["role"] for m in given], ["user", "assistant", "tool"])
            self.assertEqual(self.calls_given(given[1]), TWO[:1])
            self.assertEqual(engines.script.text_of(given[2]["content"]), "Sunny, 世界")
            self.assertEqual(given[2]["tool_call_id"], given[1]["tool_calls"][0]["id"])
            self.assertEqual(second["stop_reason"], "end_turn")

    @staticmethod
    def calls_given(message):
        def arguments(value):
            return json.loads(value) if isinstance(value, str) else value
        return [(c["function"]["name"], arguments(c["function"]["arguments"])) for c in message["tool_calls"]]

    def test_two_calls_at_once(self):
        """Two calls of one answer are two whole blocks with two ids, and both results come back [E7]"""
        script = say(self.d.says("Both. ", calls=TWO), self.d.says("<|echo|>"))
        self.both(script, self.d.model, tools=TOOLS)
        first = self.ask(script, self.d.model, tools=TOOLS)
        self.assertEqual(calls_of(first), TWO)
        self.assertEqual(first["stop_reason"], "tool_use")
        turns = [{"role": "user", "content": script}, *results(first, "one", "two")]
        second = self.ask(turns, self.d.model, tools=TOOLS)
        given = json.loads(text_of(second))["messages"]
        tools = [m for m in given if m["role"] == "tool"]
        self.assertEqual([engines.script.text_of(m["content"]) for m in tools], ["one", "two"])
        ids = [c["id"] for m in given if m["role"] == "assistant" for c in m["tool_calls"]]
        self.assertEqual([m["tool_call_id"] for m in tools], ids)
        self.assertEqual(len(set(ids)), 2)

    def test_thinking_text_and_a_call(self):
        """Thinking, text and a call are three blocks in this order, and the conversation goes on [E8]"""
        script = say(self.d.says("I look.", "Which one?", TWO[1:]), self.d.says("Fine.", "Yes."))
        thinking = {"type": "adaptive"}
        self.both(script, self.d.model, tools=TOOLS, thinking=thinking)
        first = self.ask(script, self.d.model, tools=TOOLS, thinking=thinking)
        self.assertEqual(kinds(first), ["thinking", "text", "tool_use"])
        self.assertEqual(thinking_of(first).strip(), "Which one?")
        self.assertEqual(calls_of(first), TWO[1:])
        turns = [{"role": "user", "content": script}, *results(first, "127.0.0.1")]
        second = self.ask(turns, self.d.model, tools=TOOLS, thinking=thinking)
        self.assertEqual(kinds(second), ["thinking", "text"])
        self.assertEqual(text_of(second), "Fine.")

    def test_a_cut_call(self):
        """A call that max_tokens cuts is none: no tool block, max_tokens [E9]"""
        answer = self.d.says("I look. ", calls=TWO[:1])
        tokens = len(answer.encode()) - self.marks(answer) - len(self.d.calls(TWO[:1]).encode()) // 2
        message = self.both(say(answer), self.d.model, tools=TOOLS, max_tokens=tokens)
        self.assertEqual(message["stop_reason"], "max_tokens")
        if not engines.VLLM_PORT:  # it streams arguments while they are written: the block has begun
            self.assertEqual(calls_of(message), [])
        self.assertEqual(text_of(message).strip(), "I look.")

    @engines.only_dynamo("vLLM streams arguments while they are written")
    def test_a_cut_anywhere(self):
        """Wherever max_tokens cuts, the client gets whole calls or none, never half of one [E71]"""
        answer = self.d.says("I look. ", "Which?", TWO)
        whole = len(answer.encode()) - self.marks(answer)
        for tokens in range(9, whole, 13):
            with self.subTest(tokens=tokens):
                message = self.ask(say(answer), self.d.model, tools=TOOLS, max_tokens=tokens)
                calls = calls_of(message)
                self.assertEqual(calls, TWO[:len(calls)])
                self.assertIn(message["stop_reason"], ("max_tokens", "tool_use") if calls else ("max_tokens",))
                self.assertEqual(message["usage"]["output_tokens"], tokens)

    @engines.only_dynamo("vLLM forces its own form on the answer, which the script breaks")
    def test_a_forced_call(self):
        """tool_choice any and tool give a call, none gives text [E10]"""
        call = ("read_file", {"path": "/x"})
        for choice in ({"type": "any"}, {"type": "tool", "name": "read_file"}):
            script = say(self.d.forced(*call, "name" in choice))
            message = self.both(script, self.d.model, tools=TOOLS, tool_choice=choice)
            self.assertEqual((calls_of(message), message["stop_reason"]), ([call], "tool_use"))
        message = self.both(say(self.d.says("No call.")), self.d.model, tools=TOOLS, tool_choice={"type": "none"})
        self.assertEqual(message["content"], [{"type": "text", "text": "No call."}])
        self.assertEqual(message["stop_reason"], "end_turn")


for Dialect in dialects.ALL:
    bases = (Calls if Dialect.has_calls else Text, Shared)
    globals()[Dialect.__name__] = type(Dialect.__name__, bases, {"d": Dialect(), "__module__": __name__})


if __name__ == "__main__":
    harness.main()
