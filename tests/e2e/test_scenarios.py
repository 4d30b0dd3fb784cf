#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers with rules of their own: what a client of nim sees when the upstream refuses a field, a form or a length.

The numbers in brackets are those of tests/conformance.txt.
"""

import json
import threading

import harness
from harness import TOOLS

MODELS = '''default_model = "mock/normal";
models = (
  { id = "mock/strict-dynamo"; think_on = "{\\"chat_template_kwargs\\":{\\"enable_thinking\\":true}}"; },
  { id = "mock/strict-nim1"; think_off = "{\\"chat_template_kwargs\\":{\\"enable_thinking\\":false}}"; },
  { id = "mock/strict-nim1-list"; think_off = "{\\"chat_template_kwargs\\":{\\"enable_thinking\\":false}}"; },
  { id = "mock/strict-nim1-repr"; think_off = "{\\"chat_template_kwargs\\":{\\"enable_thinking\\":false}}"; },
  { id = "mock/mistral"; short_ids = true; think_off = "{\\"chat_template_kwargs\\":{\\"thinking\\":false}}"; },
  { id = "mock/mistral@plain"; },
  { id = "mock/llama-single"; single_calls = true; },
  { id = "mock/deepseek-echo"; echo_reasoning = true;
    think_on = "{\\"chat_template_kwargs\\":{\\"thinking\\":true}}"; },
  { id = "mock/deepseek-echo@plain"; think_on = "{\\"chat_template_kwargs\\":{\\"thinking\\":true}}"; },
  { id = "mock/hang-no-ctk"; think_on = "{\\"chat_template_kwargs\\":{\\"thinking\\":true}}";
    think_off = "{\\"chat_template_kwargs\\":{\\"thinking\\":false}}"; }
);
'''
HISTORY = [{"role": "user", "content": "go"},
           {"role": "assistant", "content": [
               {"type": "thinking", "thinking": "Both.", "signature": ""},
               {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}},
               {"type": "tool_use", "id": "toolu_2", "name": "read_file", "input": {"path": "/"}}]},
           {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
                                        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "text"}]}]


def ask(name, text="Hello", **more):
    return {"model": "mock/" + name, "max_tokens": 4096, "messages": [{"role": "user", "content": text}], **more}


class Scenario(harness.Case):
    models = MODELS

    def answered(self, body):
        """A whole answer, streamed and not; returns how many posts the upstream saw for each."""
        counts = []
        for stream in (True, False):
            before = self.upstream.stats()["posts"]
            answer = self.post({**body, "stream": stream})
            message = self.read_stream(answer).message if stream else answer.json()
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(harness.text_of(message), "Hello there.")
            counts.append(self.upstream.stats()["posts"] - before)
        return counts

    def fails(self, body, status, kind, *words):
        answers = [self.post({**body, "stream": stream}) for stream in (True, False)]
        for answer in answers:
            message = self.refused(answer, status, kind)
            for word in words:
                self.assertIn(word, message)
        return answers


class Fields(Scenario):
    def test_a_field_that_is_refused_is_left_out(self):
        """Named once, then known: the second request needs one post. [N7 U3.1 U5.1]"""
        self.assertEqual(self.answered(ask("strict-dynamo", thinking={"type": "adaptive"})), [2, 1])
        self.assertIn("event=learnt", self.new_log())
        self.assertIn("refused=chat_template_kwargs", self.new_log())

    def test_nim1(self):
        """The same in the words of NIM 1: problem details, a list, and Python in a string. [N8 U3.1 U3.3]"""
        for name in ("strict-nim1", "strict-nim1-list", "strict-nim1-repr"):
            with self.subTest(name):
                self.assertEqual(self.answered(ask(name)), [2, 1])

    def test_stop_sequences_and_the_question_which_matched(self):
        """Beside stop sequences the question is refused, not the sequences. [N7 U5.1]"""
        self.assertEqual(self.answered(ask("strict-dynamo@stop", stop_sequences=["never"])), [2, 1])
        self.assertEqual(self.upstream.stats()["last"]["body"]["stop"], ["never"])

    def test_stream_options(self):
        """Without stream_options usage is estimated. [N9 U2.4]"""
        self.assertEqual(self.answered(ask("no-stream-options")), [2, 1])

    def test_tools(self):
        """A model without tools is told to the user in its server's words. [N10]"""
        self.fails(ask("no-tools", tools=TOOLS), 400, "invalid_request_error", "Tool use has not been enabled")
        self.answered(ask("no-tools"))

    def test_the_switch_is_always_sent(self):
        """Models that hang without their switch get one of the two. [N28 A24]"""
        for more in ({}, {"thinking": {"type": "disabled"}}, {"thinking": {"type": "enabled", "budget_tokens": 1024}}):
            self.assertEqual(self.answered(ask("hang-no-ctk", **more)), [1, 1])


class Templates(Scenario):
    def test_mistral(self):
        """Short ids, and no chat_template_kwargs once they were refused. [N11 U5.2]"""
        self.assertEqual(self.answered(ask("mistral", messages=HISTORY, tools=TOOLS)), [2, 1])

    def test_mistral_unconfigured(self):
        """Without the setting the error says which one to set. [N11 U3.1]"""
        self.fails(ask("mistral@plain", messages=HISTORY, tools=TOOLS), 500, "api_error", "short_ids")

    def test_llama(self):
        """One call a message, where the setting says so; else the error names it. [N12 U5.2]"""
        self.assertEqual(self.answered(ask("llama-single", messages=HISTORY, tools=TOOLS)), [1, 1])
        self.fails(ask("llama-single@x", messages=HISTORY, tools=TOOLS), 500, "api_error", "single_calls")

    def test_order(self):
        """System once and first, turns that alternate, whatever the client sends. [N13 U5.2 A8 A9]"""
        odd = [{"role": "system", "content": "A"}, {"role": "user", "content": "a"}, {"role": "user", "content": "b"},
               {"role": "system", "content": [{"type": "text", "text": "B"}]}, *HISTORY[1:],
               {"role": "system", "content": "C"}, {"role": "assistant", "content": "d"},
               {"role": "assistant", "content": [{"type": "text", "text": "e"}]}, {"role": "system", "content": "D"}]
        self.assertEqual(self.answered(ask("strict-order", messages=odd, system="S", tools=TOOLS)), [1, 1])

    def test_reasoning_goes_back(self):
        """Where the setting says so; else the upstream's refusal is shown. [N43 A19 U5.2]"""
        body = {"messages": HISTORY, "tools": TOOLS, "thinking": {"type": "adaptive"}}
        self.assertEqual(self.answered(ask("deepseek-echo", **body)), [1, 1])
        self.fails(ask("deepseek-echo@plain", **body), 400, "invalid_request_error", "reasoning_content")


class Lengths(Scenario):
    LONG = "word " * 8000  # 10,000 tokens of the simulated server

    def test_the_prompt_is_too_long(self):
        """Every wording becomes the sentence that makes the client compact. [N14 U3.2 A57 F16]"""
        for who in ("dynamo", "vllm-new", "vllm-old", "vllm-neg", "sglang"):
            name = f"ctx-{who}-5000"
            with self.subTest(name):
                before = self.upstream.stats()["posts"]
                for answer in self.fails(ask(name, self.LONG), 400, "invalid_request_error"):
                    self.assertRegex(answer.error()[1], r"^prompt is too long: \d+ tokens > \d+ maximum$")
                self.assertEqual(self.upstream.stats()["posts"] - before, 2)

    def test_prompt_and_answer_are_too_long_together(self):
        """There is room for a shorter answer: max_tokens is lowered and the request sent again. [N14 U3.2]"""
        for name in ("ctx-vllm-new-12000", "ctx-vllm-old-12000"):
            with self.subTest(name):
                self.assertEqual(self.answered(ask(name, self.LONG)), [2, 2])
                self.assertLess(self.upstream.stats()["last"]["body"]["max_tokens"], 2000)

    def test_too_little_room(self):
        """No room worth an answer: the sentence that makes the client lower max_tokens by itself. [A57 U3.2]"""
        for answer in self.fails(ask("ctx-vllm-old-10500", self.LONG), 400, "invalid_request_error"):
            self.assertRegex(answer.error()[1], r"^input length and `max_tokens` exceed context limit: "
                                                r"\d+ \+ 4096 > 10500, decrease input length or `max_tokens` and try again$")

    def test_the_answer_is_too_long(self):
        """A limit of the model: lowered, and remembered. [U3.2 A27]"""
        self.assertEqual(self.answered(ask("ctx-vllm-max-2000")), [2, 1])
        self.assertEqual(self.upstream.stats()["last"]["body"]["max_tokens"], 2000)


class Times(Scenario):
    settings = {"commit_after": -1}

    def test_a_window_of_requests(self):
        """What is above the window is 429 with a Retry-After that the client obeys. [N15 A60]"""
        for _ in range(3):
            self.assertEqual(self.post(ask("429-window-3")).status, 200)
        for answer in self.fails(ask("429-window-3"), 429, "rate_limit_error"):
            self.assertRegex(answer.headers["retry-after"], r"^([1-9]|[1-5][0-9]|60)$")

    def test_a_window_of_tokens(self):
        """A limit of tokens looks the same. [N17 A60]"""
        answers = [self.post(ask("429-tpm-4000", "word " * 2000)) for _ in range(3)]
        self.assertEqual([a.status for a in answers][:1] + [answers[-1].status], [200, 429])

    def test_a_full_worker(self):
        """Too many at once is overload in every form: 503, 429, inside a stream. [N18 U3.1 U3.4]"""
        for name in ("503-worker-1", "503-as-429-1", "503-stream-1"):
            with self.subTest(name):
                answers = []
                threads = [threading.Thread(target=lambda: answers.append(self.post(ask(name)))) for _ in range(4)]
                for t in threads:
                    t.start()
                for t in threads:
                    t.join()
                self.assertEqual(sorted({a.status for a in answers}), [200, 529])
                self.assertTrue(all(a.error()[0] == "overloaded_error" for a in answers if a.status == 529))

    def test_the_gateway_holds_a_request(self):
        """202 is what comes without the header; with it the answer comes. [N21]"""
        self.answered(ask("202-poll"))
        for answer in self.fails(ask("202"), 502, "api_error"):
            self.assertNotIn("retry-after-ms", answer.headers)

    def test_413_while_the_request_is_sent(self):
        """A server in front of the model refuses early and closes. [N22]"""
        for stream in (True, False):
            answer = self.post({**ask("413-early", "word " * 400000), "stream": stream})
            self.assertIn((answer.status, answer.error()[0]), ((413, "request_too_large"), (502, "api_error")))

    def test_not_ready(self):
        """A server that is still starting is overloaded. [N48 U3.1]"""
        self.fails(ask("503-not-ready"), 529, "overloaded_error")


class Dialects(Scenario):
    NAMES = ("kimi", "hermes", "qwen", "glm", "deepseek", "minimax", "llama", "mistral", "harmony")
    models = MODELS.replace(");", "".join(
        f', {{ id = "mock/dialect-{i}-{unknown}-{thought}"; tool_text = "{name}"; }}'
        for i, name in enumerate(NAMES) for unknown in (0, 1) for thought in (0, 1)) + ");")

    def test_a_declared_name_is_called(self):
        """In each dialect, in text and in thoughts, streamed and not. [N41 U2.6]"""
        for i, name in enumerate(self.NAMES):
            for thought in (0, 1):
                for stream in (True, False):
                    with self.subTest(name, thought=thought, stream=stream):
                        answer = self.post({**ask(f"dialect-{i}-0-{thought}", tools=TOOLS), "stream": stream})
                        message = self.read_stream(answer).message if stream else answer.json()
                        self.assertEqual(harness.inputs(message), [{"path": "/a"}])
                        self.assertEqual(message["stop_reason"], "tool_use")
                        self.assertNotIn("tool", harness.text_of(message))

    def test_an_undeclared_name_is_text(self):
        """What nobody declared stays text. [N41 U2.6]"""
        for i, name in enumerate(self.NAMES):
            with self.subTest(name):
                message = self.post(ask(f"dialect-{i}-1-0", tools=TOOLS)).json()
                self.assertIn("no_such_tool", harness.text_of(message))
                self.assertEqual(message["stop_reason"], "end_turn")

    def test_without_the_setting_it_is_text(self):
        """A model that is not configured keeps its words. [U2.6]"""
        message = self.post(ask("dialect-1-0-0@plain", tools=TOOLS)).json()
        self.assertIn("<tool_call>", harness.text_of(message))


class Dynamo(Scenario):
    """What the real frontend does otherwise than the rows above (tests/engines asks it itself)."""

    def both(self, name, **more):
        for stream in (True, False):
            answer = self.post({**ask(name, tools=TOOLS, **more), "stream": stream})
            yield self.read_stream(answer).message if stream else answer.json()

    def test_calls(self):
        """Whole calls, one beside empty text, two in one delta. [N36 U2.2 F5]"""
        for name, count in (("dynamo-call", 1), ("dynamo-two", 2)):
            for message in self.both(name):
                self.assertEqual((harness.inputs(message), message["stop_reason"]), ([{}] * count, "tool_use"))

    def test_a_cut_call(self):
        """A call that comes with the limit is not run; one that was begun is marked. [A40 N39]"""
        for message in self.both("dynamo-cut", max_tokens=1):
            self.assertEqual((harness.kinds(message), message["stop_reason"]), (["text"], "max_tokens"))
        for message in self.both("dynamo-forced-cut", max_tokens=1):
            self.assertEqual(message["stop_reason"], "max_tokens")
            self.assertEqual(harness.inputs(message), [{"path": "/t", "__arguments_cut_off": True}])

    def test_a_swallowed_call(self):
        """Tokens were spent and nothing came: the user is told. [F13 U2.7]"""
        for message in self.both("dynamo-swallowed"):
            self.assertIn("malformed tool call", harness.text_of(message))
            self.assertEqual(message["usage"]["output_tokens"], 19)

    def test_which_stop_sequence(self):
        """The frontend names it when asked. [B2 U5.1]"""
        message = self.post(ask("dynamo-stop", stop_sequences=["lo"])).json()
        self.assertEqual((message["stop_reason"], message["stop_sequence"]), ("stop_sequence", "lo"))
        sent = self.upstream.stats()["last"]["body"]
        self.assertEqual(sent["nvext"], {"extra_fields": ["stop_reason"]})

    def test_errors_inside_a_200(self):
        """Before content they are an HTTP status, and the end mark behind them is nothing. [N30]"""
        for stream in (True, False):
            answer = self.post({**ask("dynamo-ctx"), "stream": stream})
            self.assertIn("prompt is too long", self.refused(answer, 400, "invalid_request_error"))
        self.refused(self.post(ask("dynamo-error")), 529, "overloaded_error")

    def test_no_model_is_there_yet(self):
        """404 without a body means that no worker has registered. [U3.1]"""
        self.fails(ask("404-empty"), 529, "overloaded_error", "has not started")


class OtherPlaces(harness.Case):
    """What nim does not ask for: tried on the simulated server itself."""

    def get(self, path):
        return harness.request(self.upstream.port, "GET", path, None, {"Authorization": "Bearer " + harness.KEY})

    def test_models(self):
        """The hosted list knows four members and an id twice, a NIM of one's own its window. [N46]"""
        hosted, own = self.get("/v1/models").json()["data"], self.get("/own/v1/models").json()["data"]
        ids = [m["id"] for m in hosted]
        self.assertEqual((set(hosted[0]), len(ids) - len(set(ids))), ({"id", "object", "created", "owned_by"}, 1))
        self.assertEqual(own[0]["max_model_len"], 65536)

    def test_native(self):
        """The first native endpoints: a stray [DONE], foreign ids, and a count. [N47]"""
        answer = harness.request(self.upstream.port, "POST", "/own/v1/messages", {"a": 1}, {})
        self.assertTrue(answer.body.endswith(b"data: [DONE]\n\n"), answer.body)
        self.assertIn(b'"chatcmpl-', answer.body)
        count = harness.request(self.upstream.port, "POST", "/own/v1/messages/count_tokens", {"a": "x" * 100}, {})
        self.assertGreater(count.json()["input_tokens"], 20)

    def test_polling(self):
        """202 twice, then the answer. [N21]"""
        path = "/v2/nvcf/pexec/status/11112222-3333-4444-5555-666677778888"
        self.assertEqual([self.get(path).status for _ in range(3)], [202, 202, 200])

    def test_health(self):
        """Ready, and not. [N48]"""
        self.assertEqual((self.get("/v1/health/ready").status, self.get("/own/v1/health/ready").status), (200, 503))

    def test_the_echo(self):
        """The echo tells fields, roles, headers and tools; literal extra_body is refused. [N42]"""
        said = self.echoed({"max_tokens": 9, "tools": TOOLS, "messages": [{"role": "user", "content": "a"}]})
        self.assertEqual((said["roles"], said["tools"]), (["user"], [t["name"] for t in TOOLS]))
        body = {"model": "mock/normal", "max_tokens": 9, "extra_body": {}, "messages": [
            {"role": "user", "content": "a"}]}
        answer = harness.request(self.upstream.port, "POST", "/v1/chat/completions", json.dumps(body).encode(), {
            "Authorization": "Bearer " + harness.KEY, "Content-Type": "application/json", "User-Agent": "test"})
        self.assertEqual(answer.status, 400)
        self.upstream.reset()


if __name__ == "__main__":
    harness.main()
