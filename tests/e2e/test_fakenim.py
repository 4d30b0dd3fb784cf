#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The simulated NIM itself: it refuses what real servers refuse, and misbehaves as its names say."""

import json
import time
import unittest

import harness

HEADERS = {"Authorization": "Bearer " + harness.KEY, "User-Agent": "test/1"}
TOOL = {"type": "function", "function": {"name": "ls", "parameters": {"type": "object"}}}
USER = {"role": "user", "content": "hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
ASKED = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}


def body(**more):
    return {"model": "mock/normal", "max_tokens": 5, "stream": True, "messages": [USER], **more}


def talk(*messages):
    return body(messages=list(messages))


def call(**more):
    return {"role": "assistant", "content": "", "tool_calls": [{**CALL, **more}]}


def arguments(text):
    return talk(USER, call(function={"name": "ls", "arguments": text}), RESULT)


ACCEPTED = [
    ("the least", body()),
    ("all of the safe set", body(stream_options={"include_usage": True}, temperature=0, top_p=0.5, stop=["a", "b"],
                                 seed=1, tools=[TOOL], tool_choice="auto", parallel_tool_calls=False,
                                 response_format={"type": "json_object"}, chat_template_kwargs={"x": True})),
    ("a named tool", body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "ls"}})),
    ("system first", talk({"role": "system", "content": "s"}, USER)),
    ("a call and its result", talk(USER, ASKED, RESULT, USER)),
    ("content null beside calls", talk(USER, {**ASKED, "content": None}, RESULT)),
    ("an image", talk({"role": "user", "content": [
        {"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]})),
]

REFUSED = [
    ("unknown field", body(foo=1), "Unsupported parameter(s): `foo`"),
    ("two unknown fields", body(foo=1, bar=2), "`foo`, `bar`"),
    ("no messages", {"model": "mock/normal", "max_tokens": 5}, "missing field `messages`"),
    ("no max_tokens", {"model": "mock/normal", "messages": [USER]}, "missing field `max_tokens`"),
    ("max_tokens 0", body(max_tokens=0), "greater than 0"),
    ("max_tokens text", body(max_tokens="5"), "expected u32"),
    ("stream text", body(stream="true"), "boolean"),
    ("stream_options without stream", body(stream=False, stream_options={"include_usage": True}), "only allowed"),
    ("tools empty", body(tools=[]), "tools array cannot be empty"),
    ("tool_choice without tools", body(tool_choice="auto"), "`tools` must be set"),
    ("Anthropic's tool_choice", body(tools=[TOOL], tool_choice={"type": "any"}), "did not match any variant"),
    ("a tool that is not there", body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "x"}}),
     "not present in tools"),
    ("parallel_tool_calls without tools", body(parallel_tool_calls=False), "only allowed with tools"),
    ("stop empty", body(stop=[]), "cannot be empty"),
    ("stop five", body(stop=list("abcde")), "at most 4"),
    ("stop with nothing", body(stop=["a", ""]), "index 1 cannot be"),
    ("stop nothing", body(stop=""), "empty string"),
    ("top_p 0", body(top_p=0), "Top_p"),
    ("temperature 3", body(temperature=3), "Temperature"),
    ("role", talk({"role": "developer", "content": "x"}), "unknown variant `developer`"),
    ("system late", talk(USER, {"role": "system", "content": "s"}), "at the beginning"),
    ("system twice", talk({"role": "system", "content": "s"}, {"role": "system", "content": "s"}, USER), "beginning"),
    ("user null", talk({"role": "user", "content": None}), "content must be a string"),
    ("text parts alone", talk({"role": "user", "content": [{"type": "text", "text": "x"}]}), "must be a string"),
    ("Anthropic's image", talk({"role": "user", "content": [{"type": "image", "source": {}}]}), "untagged enum"),
    ("cache_control on a part", talk({"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://x/"}, "cache_control": {}}]}), "`cache_control`"),
    ("a member of a message", talk({**USER, "cache_control": {}}), "`cache_control`"),
    ("result without call", talk(USER, RESULT), "must follow"),
    ("result of another call", talk(USER, ASKED, {**RESULT, "tool_call_id": "c2"}), "not called for"),
    ("call without result", talk(USER, ASKED, USER), "followed by one tool message"),
    ("call at the end", talk(USER, ASKED), "followed by one tool message"),
    ("a user between", talk(USER, ASKED, USER, RESULT), "followed by one"),
    ("result null", talk(USER, ASKED, {**RESULT, "content": None}), "must be a string"),
    ("call without id", talk(USER, call(id=None), RESULT), "id, type or name"),
    ("empty tool_calls", talk(USER, {"role": "assistant", "content": "x", "tool_calls": []}), "filled array"),
    ("arguments as object", arguments({}), "valid JSON object string"),
    ("arguments empty", arguments(""), "valid JSON object string"),
    ("arguments cut", arguments('{"a":'), "valid JSON object string"),
    ("arguments array", arguments("[]"), "valid JSON object string"),
    ("strict", body(tools=[{"type": "function", "function": {"name": "ls", "strict": True}}]), "`strict`"),
    ("defer_loading", body(tools=[{**TOOL, "defer_loading": True}]), "`defer_loading`"),
    ("tool name", body(tools=[{"type": "function", "function": {"name": "a.b"}}]), "invalid name"),
    ("tool twice", body(tools=[TOOL, TOOL]), "twice"),
    ("schema true", body(tools=[{"type": "function", "function": {"name": "a", "parameters": True}}]), "JSON Schema"),
    ("Anthropic's tool", body(tools=[{"name": "ls", "input_schema": {}}]), "missing field `type`"),
]

TEXTS = [
    ("not JSON", b"{", "key must be a string"),
    ("a byte order mark", b"\xef\xbb\xbf" + json.dumps(body()).encode(), "expected value"),
    ("a lone surrogate", b'{"a":"\\ud83d"}', "hex escape"),
    ("a pair", b'{"model":"mock/normal","a":"\\ud83d\\ude00"}', "Unsupported"),
    ("a name twice", b'{"a":1,"a":2}', "duplicate field"),
    ("not UTF-8", b'{"a":"\xff"}', "invalid UTF-8"),
    ("an encoded surrogate", b'{"a":"\xed\xa0\x80"}', "invalid UTF-8"),
    ("a control character", b'{"a":"\n"}', "control character"),
    ("a comma too many", b'{"a":1,}', "key must be"),
    ("two values", b"{} {}", "trailing"),
    ("too deep", b"[" * 200 + b"]" * 200, "recursion"),
    ("a number", b'{"a":01}', "expected `,`"),
    ("an array", b"[]", "NvCreateChatCompletionRequest"),
]

HEADS = [
    ("no key", {"Authorization": None}, 401, "Authentication failed"),
    ("wrong key", {"Authorization": "Bearer x"}, 401, "Authentication failed"),
    ("no User-Agent", {"User-Agent": None}, 403, "Authorization failed"),
    ("a stock User-Agent", {"User-Agent": "OpenAI/Python 1.2"}, 403, "Authorization failed"),
    ("text", {"Content-Type": "text/plain"}, 415, "Content-Type application/json"),
    ("a header of Anthropic's", {"anthropic-version": "2023-06-01"}, 400, "passed on"),
    ("a key of the client's", {"x-api-key": "k"}, 400, "passed on"),
]


class Fakenim(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fake = harness.Fakenim()

    @classmethod
    def tearDownClass(cls):
        cls.fake.stop()
        cls.fake.clean()

    def setUp(self):
        self.fake.reset()

    def post(self, data, headers=None, **more):
        return harness.request(self.fake.port, "POST", "/v1/chat/completions", data, {**HEADERS, **(headers or {})},
                               **more)

    def say(self, name, **more):
        return self.post(body(model="mock/" + name, **more))

    def test_accepts_what_every_server_accepts(self):
        for name, data in ACCEPTED:
            with self.subTest(name):
                answer = self.post(data)
                self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(self.fake.stats()["violations"], 0)

    def test_refuses_what_real_servers_refuse(self):
        for name, data, words in REFUSED:
            with self.subTest(name):
                answer = self.post(data)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIn(words, answer.json()["message"])
        self.assertEqual(self.fake.stats()["violations"], len(REFUSED))
        self.assertEqual(self.fake.stats()["posts"], 0)

    def test_reads_json_strictly(self):
        for name, data, words in TEXTS:
            with self.subTest(name):
                answer = self.post(data)
                self.assertEqual(answer.status, 400)
                self.assertIn(words, answer.json()["message"])

    def test_looks_at_the_head(self):
        for name, headers, status, words in HEADS:
            with self.subTest(name):
                answer = self.post(body(), headers)
                self.assertEqual(answer.status, status)
                self.assertIn(words, answer.body.decode())
        self.assertEqual(self.fake.stats()["violations"], len(HEADS))

    def test_knows_its_places(self):
        for method, path, status in (("GET", "/v1/models", 200), ("GET", "/health", 200), ("GET", "/x", 404),
                                     ("GET", "/v1/chat/completions", 405), ("POST", "/v1/messages", 404)):
            with self.subTest(path):
                self.assertEqual(harness.request(self.fake.port, method, path).status, status)

    def test_unknown_model(self):
        answer = self.say("no-such")
        self.assertEqual((answer.status, answer.body), (404, b"404 page not found\n"))

    def test_streams(self):
        for name in ("normal", "crlf", "nospace", "drip", "text-5", "burst-5", "paced-3-1", "comments", "nulls"):
            with self.subTest(name):
                answer = self.say(name)
                self.assertTrue(answer.is_complete)
                self.assertTrue(answer.body.rstrip().endswith(b"[DONE]"), answer.body)
        self.assertEqual(self.say("burst-50").body.count(b"data:"), 53)

    def test_usage_only_when_asked(self):
        self.assertNotIn(b"usage", self.say("normal").body)
        self.assertIn(b'"choices":[],"usage"', self.say("normal", stream_options={"include_usage": True}).body)

    def test_one_body_without_stream(self):
        data = self.say("tool-two", stream=False).json()
        self.assertEqual(data["choices"][0]["finish_reason"], "tool_calls")
        self.assertEqual([c["function"]["arguments"] for c in data["choices"][0]["message"]["tool_calls"]],
                         ['{"path":"/a"}', '{"path":"/b"}'])
        self.assertEqual(self.fake.stats()["unary"], 1)

    def test_breaks_off(self):
        reset, fin, clean = self.say("cut"), self.say("cut-fin"), self.say("cut-clean")
        self.assertTrue(reset.was_reset)
        self.assertFalse(fin.is_complete or fin.was_reset)
        self.assertTrue(clean.is_complete)
        for answer in (reset, fin, clean):
            self.assertIn(b"three", answer.body)
        self.assertIsNone(self.say("close").status)

    def test_fails_the_first_times_only(self):
        for name, first, times in (("500-once", 500, 1), ("degraded-2", 400, 2), ("429-after-1", 429, 1)):
            with self.subTest(name):
                got = [self.say(name).status for _ in range(times + 2)]
                self.assertEqual(got, [first] * times + [200, 200])
        self.assertEqual(self.say("429-after-7@x").headers["retry-after"], "7")
        self.assertEqual(self.say("500-once@x").status, 500)

    def test_notices_that_the_client_leaves(self):
        for name in ("hang", "endless", "paced-100-100", "silenthead-30"):
            with self.subTest(name), harness.Connection(self.fake.port) as c:
                data = json.dumps(body(model="mock/" + name)).encode()
                c.send(harness.head("POST", "/v1/chat/completions", {**HEADERS, **harness.JSON}, len(data)) + data)
                harness.wait_for(lambda: self.fake.stats()["in_flight"] == 1)
                c.close()
                self.assertLess(self.fake.wait_idle(2), 1)
        self.assertEqual(self.fake.stats()["aborted"], 4)

    def test_waits(self):
        began = time.monotonic()
        answer = self.say("silent-0.3")
        self.assertLess(answer.head_at - began, 0.2)
        self.assertGreater(time.monotonic() - began, 0.3)

    def test_speaks_a_script(self):
        text = ("<|say|><think>hm</think>One<tool_call>{\"name\":\"ls\",\"arguments\":{\"a\":\"é\"}}</tool_call>"
                "<|/say|>\n<|say|>Two<|/say|>")
        user = {"role": "user", "content": "Do it: " + text}
        turns = []
        for messages in ([user], [user, ASKED, RESULT], [user, ASKED, RESULT, {"role": "assistant", "content": "a"},
                                                         USER]):
            data = self.say("assistant", messages=messages, tools=[TOOL], stream=False).json()
            turns.append(data["choices"][0]["message"])
        self.assertEqual(turns[0]["reasoning_content"], "hm")
        self.assertEqual(turns[0]["content"], "One")
        self.assertEqual(turns[0]["tool_calls"][0]["function"], {"name": "ls", "arguments": '{"a":"é"}'})
        self.assertEqual([turns[1]["content"], turns[2]["content"]], ["Two", "Done."])

    def test_assistant_of_its_own(self):
        bash = {"type": "function", "function": {"name": "Bash"}}
        first = self.say("assistant", tools=[bash], stream=False).json()["choices"][0]["message"]
        self.assertEqual(first["tool_calls"][0]["function"]["name"], "Bash")
        then = self.say("assistant", tools=[bash], stream=False, messages=[USER, ASKED, {**RESULT, "content": "a.c"}])
        self.assertIn("a.c", then.json()["choices"][0]["message"]["content"])
        self.assertIn("simulated", self.say("assistant", stream=False).json()["choices"][0]["message"]["content"])

    def test_every_row_of_the_list_can_be_asked_for(self):
        rows = {m["id"] for m in harness.request(self.fake.port, "GET", "/v1/models").json()["data"]}
        skip = {"mock/hang", "mock/hang-text", "mock/hang-no-ctk", "mock/endless", "mock/flood", "mock/slow-close",
                "mock/hints"}
        for row in sorted(rows - skip):
            with self.subTest(row):
                self.say(row[5:].replace("#", "1"))
        self.assertEqual(self.fake.stats()["violations"], 0)


if __name__ == "__main__":
    harness.main()
