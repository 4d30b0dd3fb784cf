#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What nim does itself where servers do too little: stop sequences, estimates that come nearer, events in silence."""

import harness
import grammar

TOOL = {"name": "ls", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}


def say(text, **more):
    return {"model": "mock/assistant", "max_tokens": 200, "messages": [
        {"role": "user", "content": f"<|say|>{text}<|/say|>"}], **more}


class Stops(harness.Case):
    def test_beside_tools_the_text_is_watched(self):
        """A stop sequence beside tools ends the answer, is named, and the upstream is let go. [U5.1 B2]"""
        for stream in (False, True):
            answer = self.post(say("One two END three.", tools=[TOOL], stop_sequences=["END", "never"], stream=stream))
            message = self.read_stream(answer).message if stream else answer.json()
            self.assertEqual((message["stop_reason"], message["stop_sequence"]), ("stop_sequence", "END"))
            self.assertEqual(harness.text_of(message), "One two ")

    def test_more_than_a_server_takes(self):
        """The fifth sequence works although four are sent. [U5.1]"""
        stops = ["a1", "a2", "a3", "a4", "three"]
        message = self.post(say("One two three four.", stop_sequences=stops)).json()
        self.assertEqual((message["stop_sequence"], harness.text_of(message)), ("three", "One two "))

    def test_without_a_match_nothing_is_lost(self):
        """What could have become a sequence comes out in the end."""
        message = self.post(say("One two EN", tools=[TOOL], stop_sequences=["END"])).json()
        self.assertEqual((message["stop_reason"], harness.text_of(message)), ("end_turn", "One two EN"))


class Estimates(harness.Case):
    workers = 2

    def count(self, body):
        return self.post(body, path="/v1/messages/count_tokens").json()["input_tokens"]

    def test_the_estimate_comes_nearer(self):
        """What the upstream counts corrects the model's later estimates. [B5 A64]"""
        body = {"model": "mock/normal", "messages": [{"role": "user", "content": "lighthouse " * 300}]}
        before = self.count(body)
        usage = self.post({**body, "max_tokens": 9}).json()["usage"]
        real = usage["input_tokens"] + usage["cache_read_input_tokens"]
        self.assertGreater(abs(before - real) / real, 0.2, "the estimate is too good to learn from")
        # what was learnt is booked behind the answer
        harness.wait_for(lambda: abs(self.count(body) - real) / real < 0.1, what="a better estimate")
        self.assertEqual(self.count({**body, "model": "mock/drip"}), before, "another model's estimate changed")


class Table(harness.Case):
    models = '''default_model = "mock/normal";
models = ( { id = "mock/strict-nim1"; think_off = "{\\"chat_template_kwargs\\":{\\"enable_thinking\\":false}}"; } );
'''

    def test_names_of_clients_do_not_crowd_out_the_configured_models(self):
        """After three hundred invented names what a configured model refuses is still learnt. [U3.1]"""
        for n in range(300):
            self.assertEqual(self.post({"model": f"invented/{n}", "max_tokens": 1, "messages": [
                {"role": "user", "content": "x"}]}).status, 404)
        posts = []
        for _ in range(2):
            before = self.upstream.stats()["posts"]
            self.assertEqual(self.post({"model": "mock/strict-nim1", "max_tokens": 9, "messages": [
                {"role": "user", "content": "x"}]}).status, 200)
            posts.append(self.upstream.stats()["posts"] - before)
        self.assertEqual(posts, [2, 1])
        self.upstream.reset()


class Silence(harness.Case):
    settings = {"event_interval": 400, "ping_interval": 150}

    def test_a_real_event_in_a_silence(self):
        """Before the client gives up on pings it gets an empty delta, in the open block or a thinking block. [A48]"""
        for model, kind, text in (("silent-2", "thinking_delta", "Hello"), ("stall-2", "text_delta", "One two three")):
            answer = self.post({**harness.body_for(model), "stream": True})
            read = grammar.read(answer.body, grammar.COMPLETE, self.delta_chars)
            empty = ("an empty ", "a thinking block without thinking")
            self.assertEqual([p for p in read.problems if not p.startswith(empty)], [])
            self.assertGreaterEqual(answer.body.count(f'"{kind}","{kind.split("_")[0]}":""'.encode()), 2, answer.body)
            self.assertTrue(harness.text_of(read.message).startswith(text))


if __name__ == "__main__":
    harness.main()
