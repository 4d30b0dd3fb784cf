#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Anthropic's SDK for Python through nim: its accumulators, its errors, its retries."""

import json
import time

import anthropic
import pydantic

import clients
import harness
from clients import TOKEN, call, say

TOOLS = harness.TOOLS


class Sdk(clients.Case):
    def client(self, **more):
        return anthropic.Anthropic(base_url=self.base(), **{"api_key": TOKEN, "max_retries": 0, **more})

    def create(self, text, model="claude-opus-5-5", **more):
        return self.client().messages.create(model=model, max_tokens=500,
                                             messages=[{"role": "user", "content": text}], **more)

    def streamed(self, text, model="claude-opus-5-5", **more):
        with self.client().messages.stream(model=model, max_tokens=500,
                                           messages=[{"role": "user", "content": text}], **more) as stream:
            texts = "".join(stream.text_stream)
            message = stream.get_final_message()
        self.assertEqual(texts, "".join(b.text for b in message.content if b.type == "text"))
        return message

    def test_text(self):
        """Text. [A72 B4]"""
        for ask in (self.create, self.streamed):
            message = ask(say("Grüße 🙂"))
            self.assertEqual(message.content[0].text, "Grüße 🙂")
            self.assertEqual((message.stop_reason, message.role), ("end_turn", "assistant"))
            self.assertGreater(message.usage.input_tokens, 0)
            self.assertGreater(message.usage.output_tokens, 0)

    def test_tools(self):
        """Tools. [A72 B4]"""
        text = say("Two. " + call("get_weather", path="/a", n=[1, {"x": "é\n"}]) + call("read_file", path="/b"))
        for ask in (self.create, self.streamed):
            message = ask(text, tools=TOOLS)
            calls = [b for b in message.content if b.type == "tool_use"]
            self.assertEqual([(c.name, c.input) for c in calls],
                             [("get_weather", {"path": "/a", "n": [1, {"x": "é\n"}]}), ("read_file", {"path": "/b"})])
            self.assertEqual(message.stop_reason, "tool_use")
            self.assertNotEqual(calls[0].id, calls[1].id)

    def test_a_tool_loop(self):
        """A tool loop. [A72 B4]"""
        client = self.client()
        messages = [{"role": "user", "content": "Go. " + say(call("get_weather", path="/a"), "It rains.")}]
        first = client.messages.create(model="claude-x", max_tokens=100, tools=TOOLS, messages=messages)
        messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": first.content[0].id, "content": "rain"}]}]
        second = client.messages.create(model="claude-x", max_tokens=100, tools=TOOLS, messages=messages)
        self.assertEqual(second.content[0].text, "It rains.")

    def test_the_tool_runner(self):
        """The SDK's own loop, which tries server-side threads first: told that there are none, it goes on. [A72 B1]"""
        @anthropic.beta_tool
        def get_weather(path: str) -> str:
            """The weather at a path."""
            return "rain at " + path

        for stream in (False, True):
            with self.subTest(stream=stream):
                script = "Go. " + say("I look. " + call("get_weather", path="/a"), "It rains.")
                runner = self.client().beta.messages.tool_runner(
                    model="claude-x", max_tokens=500, tools=[get_weather], stream=stream, messages=[
                        {"role": "user", "content": script}])
                texts = [(m.get_final_message() if stream else m).content[0].text for m in runner]
                self.assertEqual(texts, ["I look. ", "It rains."])
                self.assertIn("rain at /a", json.dumps(self.upstream.stats()["last"]["body"]))

    def test_a_parsed_answer(self):
        """A schema for the answer, and the answer as an object. [A72 A25]"""
        class Sky(pydantic.BaseModel):
            colour: str
            degrees: int

        message = self.client().messages.parse(model="claude-x", max_tokens=500, output_format=Sky, messages=[
            {"role": "user", "content": say('{"colour": "grey", "degrees": 7}')}])
        self.assertEqual((message.parsed_output.colour, message.parsed_output.degrees), ("grey", 7))
        sent = self.upstream.stats()["last"]["body"]["response_format"]
        self.assertEqual(sent["json_schema"]["schema"]["required"], ["colour", "degrees"])

    def test_thinking(self):
        """Thinking. [A72 B4]"""
        for ask in (self.create, self.streamed):
            message = ask(say("<think>Hm.</think>Yes."), thinking={"type": "enabled", "budget_tokens": 1024})
            self.assertEqual([b.type for b in message.content], ["thinking", "text"])
            self.assertEqual(message.content[0].thinking, "Hm.")
            self.assertTrue(message.content[0].signature)

    def test_every_form_of_answer(self):
        """Every form of answer. [A72 B4]"""
        for name in ("crlf", "drip", "comments", "reasoning", "think-inline", "tool-split", "tool-two",
                     "tool-interleaved", "tool-args-empty", "tool-args-fenced", "tool-args-bad", "usage-none",
                     "usage-cached", "empty", "length", "filter", "finish-null", "garbage"):
            with self.subTest(name):
                one = self.create("x", "mock/" + name, tools=TOOLS)
                two = self.streamed("x", "mock/" + name, tools=TOOLS)
                self.assertEqual([b.type for b in one.content], [b.type for b in two.content])
                self.assertEqual(one.stop_reason, two.stop_reason)
                self.assertEqual([b.input for b in one.content if b.type == "tool_use"],
                                 [b.input for b in two.content if b.type == "tool_use"])

    def test_errors_are_the_right_exceptions(self):
        """Errors are the right exceptions. [A72 B4]"""
        for name, kind in (("400", anthropic.BadRequestError), ("404-plain", anthropic.NotFoundError),
                           ("429-bare", anthropic.RateLimitError), ("500", anthropic.InternalServerError),
                           ("503-worker", anthropic.InternalServerError)):
            with self.subTest(name):
                with self.assertRaises(kind) as caught:
                    self.create("x", "mock/" + name)
                self.assertTrue(caught.exception.request_id.startswith("req_"))

    def test_a_wrong_key(self):
        """A wrong key. [A72 B4]"""
        with self.assertRaises(anthropic.AuthenticationError):
            self.client(api_key="wrong", max_retries=2).messages.create(
                model="x", max_tokens=5, messages=[{"role": "user", "content": "x"}])

    def test_an_error_in_the_stream_is_raised(self):
        """An error in the stream is raised. [A72 B4]"""
        with self.assertRaises(anthropic.APIError):
            self.streamed("x", "mock/err-data")

    def test_a_cut_stream_is_raised(self):
        """A cut stream is raised. [A72 B4]"""
        with self.assertRaises(Exception):
            self.streamed("x", "mock/cut")

    def test_retries_help(self):
        """Retries help. [A72 B4]"""
        for name in ("500-once@p", "429-after-1@p"):
            with self.subTest(name):
                began = time.monotonic()
                message = self.client(max_retries=2).messages.create(
                    model="mock/" + name, max_tokens=50, messages=[{"role": "user", "content": "x"}])
                self.assertEqual(message.content[0].text, "Hello, this is the simulated NIM.")
                self.assertLess(time.monotonic() - began, 15 * harness.SLOW)

    def test_both_ways_to_send_the_key(self):
        """Both ways to send the key. [A72 B4]"""
        for client in (self.client(), self.client(api_key=None, auth_token=TOKEN)):
            message = client.messages.create(model="x", max_tokens=5, messages=[{"role": "user", "content": say("y")}])
            self.assertEqual(message.content[0].text, "y")

    def test_count_tokens_and_models(self):
        """Count tokens and models. [A72 B4]"""
        count = self.client().messages.count_tokens(model="claude-x", messages=[{"role": "user", "content": "Hello"}])
        self.assertGreater(count.input_tokens, 0)
        self.assertIn("mock/assistant", [m.id for m in self.client().models.list()])
        self.assertEqual(self.client().models.retrieve("mock/assistant").id, "mock/assistant")

    def test_the_raw_answer_is_json(self):
        """The raw answer is json. [A72 B4]"""
        raw = self.client().messages.with_raw_response.create(
            model="x", max_tokens=5, messages=[{"role": "user", "content": say("z")}])
        self.assertEqual(json.loads(raw.text())["content"][0]["text"], "z")


if __name__ == "__main__":
    harness.main()
