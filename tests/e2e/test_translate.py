#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What of an Anthropic request reaches the upstream, seen from the upstream's side (mock/ctx-echo)."""

import json

import harness
from harness import TOOLS

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=00000;"}
CALLS = [{"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"path": "/a"}},
         {"type": "tool_use", "id": "toolu_2", "name": "read_file", "input": {}}]
RESULTS = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
           {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "one"},
                                                                         {"type": "text", "text": "two"}]}]


def user(content):
    return {"role": "user", "content": content}


class Translate(harness.Case):
    models = harness.MODELS + ""

    def sent(self, messages=None, **more):
        """The body that the upstream got."""
        return self.echo(messages, **more)["body"]

    def echo(self, messages=None, **more):
        return self.echoed({"max_tokens": 100, "messages": messages or [user("Hello")], **more})

    def texts(self, body):
        return [(m["role"], m["content"]) for m in body["messages"]]

    def test_the_least(self):
        """The least. [B1 U5.1 N44]"""
        body = self.sent()
        self.assertEqual(self.texts(body), [("user", "Hello")])
        self.assertEqual((body["max_tokens"], body["stream"], body["stream_options"]),
                         (100, True, {"include_usage": True}))
        self.assertEqual(set(body), {"model", "messages", "max_tokens", "stream", "stream_options"})

    def test_headers_are_the_proxys_own(self):
        """Headers are the proxys own. [A4 N2]"""
        answer = self.post({**harness.body_for("ctx-echo")}, headers={
            "x-api-key": "client-key", "Authorization": "Bearer client", "anthropic-version": "2023-06-01",
            "anthropic-beta": "a", "User-Agent": "claude-cli/2.1.330", "x-app": "cli", "Cookie": "a=b",
            "X-Stainless-Lang": "js"})
        headers = {k.lower(): v for k, v in json.loads(harness.text_of(answer.json()))["headers"].items()}
        self.assertTrue(headers["user-agent"].startswith("nim-proxy/"), headers)
        self.assertLessEqual(set(headers), {"host", "user-agent", "authorization", "content-type", "content-length",
                                            "accept", "nvcf-poll-seconds"}, headers)

    def test_system_comes_first_and_once(self):
        """System comes first and once. [A6 A7]"""
        for system in ("Be brief.", [BILLING, {"type": "text", "text": "Be brief."}]):
            body = self.sent(system=system)
            self.assertEqual(self.texts(body), [("system", "Be brief."), ("user", "Hello")])

    def test_a_system_message_in_the_middle_is_not_lost(self):
        """A system message in the middle is not lost. [A8]"""
        body = self.sent([user("One"), {"role": "system", "content": "Mind the gap."},
                          {"role": "assistant", "content": "Two"}, user("Three")], system="First.")
        self.assertEqual(body["messages"][0]["role"], "system")
        self.assertEqual([m["role"] for m in body["messages"]].count("system"), 1)
        self.assertIn("Mind the gap.", json.dumps(body["messages"]))
        self.assertIn("First.", body["messages"][0]["content"])

    def test_text_blocks_become_one_string(self):
        """Text blocks become one string. [A11 A12 U5.2]"""
        body = self.sent([user([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                                {"type": "text", "text": "b"}])])
        content = body["messages"][0]["content"]
        self.assertIsInstance(content, str)
        self.assertEqual(content.replace("\n", ""), "ab")

    def test_calls_and_results(self):
        """Calls and results. [A16 A17]"""
        body = self.sent([user("go"), {"role": "assistant", "content": [{"type": "text", "text": "Well."}, *CALLS]},
                          user([*RESULTS, {"type": "text", "text": "and now?"}])], tools=TOOLS)
        roles = [m["role"] for m in body["messages"]]
        self.assertEqual(roles, ["user", "assistant", "tool", "tool", "user"])
        calls = body["messages"][1]["tool_calls"]
        self.assertEqual([(c["id"], c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls],
                         [("toolu_1", "get_weather", {"path": "/a"}), ("toolu_2", "read_file", {})])
        self.assertEqual(body["messages"][1]["content"], "Well.")
        self.assertEqual([m["tool_call_id"] for m in body["messages"][2:4]], ["toolu_1", "toolu_2"])
        self.assertEqual(body["messages"][2]["content"], "sunny")
        self.assertEqual(body["messages"][3]["content"].replace("\n", ""), "onetwo")
        self.assertEqual(body["messages"][4]["content"], "and now?")

    def test_a_system_message_behind_results_does_not_separate_them(self):
        """A system message behind results does not separate them. [A9]"""
        self.sent([user("go"), {"role": "assistant", "content": CALLS}, user(RESULTS),
                   {"role": "system", "content": "note"}], tools=TOOLS)

    def test_an_interrupted_turn_is_repaired(self):
        """An interrupted turn is repaired. [U5.2]"""
        for results in ([], RESULTS[:1], RESULTS[1:]):
            with self.subTest(len(results)):
                body = self.sent([user("go"), {"role": "assistant", "content": CALLS},
                                  user([*results, {"type": "text", "text": "stop that"}])], tools=TOOLS)
                self.assertEqual([m["role"] for m in body["messages"]],
                                 ["user", "assistant", "tool", "tool", "user"])

    def test_a_result_without_its_call_is_kept_as_text(self):
        """A result without its call is kept as text. [U5.2]"""
        body = self.sent([user([RESULTS[0], {"type": "text", "text": "?"}])])
        self.assertIn("sunny", json.dumps(body["messages"]))

    def test_tools(self):
        """Tools. [A21]"""
        tools = [{**TOOLS[0], "strict": True, "defer_loading": True, "cache_control": {"type": "ephemeral"},
                  "input_examples": [], "type": "custom"}, {**TOOLS[1], "type": None},
                 {"name": "DeferredToolPlaceholder", "input_schema": {"type": "object"}},
                 {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
        echo = self.echo(tools=tools)
        self.assertEqual(echo["tools"], ["get_weather", "read_file"])
        self.assertEqual(echo["body"]["tools"][0]["function"]["parameters"], TOOLS[0]["input_schema"])
        self.assertEqual(echo["body"]["tools"][0]["function"]["description"], "The weather")

    def test_no_tools_are_no_field(self):
        """No tools are no field. [A21]"""
        body = self.sent(tools=[], tool_choice={"type": "auto"})
        self.assertNotIn("tools", body)
        self.assertNotIn("tool_choice", body)

    def test_tool_choice(self):
        """Tool choice. [A23]"""
        for choice, sent in (({"type": "any"}, "required"), ({"type": "none"}, "none"),
                             ({"type": "tool", "name": "read_file"},
                              {"type": "function", "function": {"name": "read_file"}})):
            with self.subTest(str(choice)):
                self.assertEqual(self.sent(tools=TOOLS, tool_choice=choice)["tool_choice"], sent)
        self.assertIn(self.sent(tools=TOOLS, tool_choice={"type": "auto"}).get("tool_choice"), (None, "auto"))
        body = self.sent(tools=TOOLS, tool_choice={"type": "auto", "disable_parallel_tool_use": True})
        self.assertIs(body["parallel_tool_calls"], False)

    def test_long_and_odd_tool_names_come_back_as_they_were(self):
        """Long and odd tool names come back as they were. [A21]"""
        name = "mcp__a_very_long_server_name__" + "x" * 60
        odd = "mcp__größe.x"
        tools = [{"name": n, "input_schema": {"type": "object"}} for n in (name, odd)]
        for stream in (False, True):
            message = self.stream("tool-two", tools=tools).message if stream else self.whole("tool-two", tools=tools)
            self.assertEqual([b["name"] for b in message["content"] if b["type"] == "tool_use"], [name, odd])

    def test_images(self):
        """Images. [A13]"""
        body = self.sent_vision([user([{"type": "text", "text": "see"}, IMAGE])])
        self.assertEqual(body["messages"][0]["content"][1]["image_url"]["url"], "data:image/png;base64," + PNG)
        url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
        body = self.sent_vision([user([url])])
        self.assertEqual(body["messages"][0]["content"][0]["image_url"]["url"], "https://example.com/a.png")

    def test_an_image_in_a_result_reaches_the_model(self):
        """An image in a result reaches the model. [A14]"""
        body = self.sent_vision([user("go"), {"role": "assistant", "content": CALLS[:1]}, user([
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "here"}, IMAGE]}])],
            tools=TOOLS)
        self.assertEqual([m["role"] for m in body["messages"]], ["user", "assistant", "tool", "user"])
        self.assertIn(PNG, json.dumps(body["messages"][3]))

    def sent_vision(self, messages, **more):
        """mock/normal is the model with eyes; the upstream's last body tells."""
        answer = self.post({"model": "mock/normal", "max_tokens": 5, "messages": messages, **more})
        self.assertEqual(answer.status, 200, answer.body)
        return self.upstream.stats()["last"]["body"]

    def test_a_model_without_eyes_gets_a_note(self):
        """A model without eyes gets a note. [A13]"""
        body = self.sent([user([{"type": "text", "text": "see"}, IMAGE])])
        self.assertNotIn(PNG, json.dumps(body))
        self.assertIn("see", body["messages"][0]["content"])

    def test_thinking_of_the_past_is_not_text(self):
        """Thinking of the past is not text. [A19]"""
        body = self.sent([user("a"), {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "secret plan", "signature": ""},
            {"type": "redacted_thinking", "data": "zzz"}, {"type": "text", "text": "b"}]}, user("c")])
        self.assertEqual(body["messages"][1]["content"], "b")
        self.assertNotIn("zzz", json.dumps(body))

    def test_parameters(self):
        """Parameters. [U5.1]"""
        stops = ["\x01a", "\x01b"]  # what the echo says of them is escaped: the answer itself is not stopped
        body = self.sent(temperature=0.5, top_p=0.9, stop_sequences=[stops[0], "", stops[1]], top_k=40)
        self.assertEqual((body["temperature"], body["top_p"]), (0.5, 0.9))
        self.assertNotIn("top_k", body)
        self.assertEqual(body["stop"], stops)
        self.assertNotIn("top_p", self.sent(top_p=0))

    def test_blocks_of_other_worlds_do_no_harm(self):
        """Blocks of other worlds do no harm. [A20]"""
        odd = [{"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
               {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
               {"type": "container_upload", "file_id": "f"}, {"type": "no_such_block", "x": 1},
               {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "found"}]},
               {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "paper"}},
               {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}]
        for role in ("user", "assistant"):
            for block in odd:
                with self.subTest(f"{role} {block['type']}"):
                    self.sent([user("a"), {"role": role, "content": [block, {"type": "text", "text": "b"}]}, user("c")])
        body = self.sent([user([odd[5], {"type": "text", "text": "b"}])])
        self.assertIn("paper", body["messages"][0]["content"])

    def test_tool_references_are_text(self):
        """Tool references are text. [A16]"""
        body = self.sent([user("go"), {"role": "assistant", "content": CALLS[:1]}, user([
            {"type": "tool_result", "tool_use_id": "toolu_1",
             "content": [{"type": "tool_reference", "tool_name": "read_file"}]}])], tools=TOOLS)
        self.assertIn("read_file", body["messages"][2]["content"])

    def test_results_without_content_and_with_errors(self):
        """Results without content and with errors. [A16]"""
        for result in ({}, {"content": None}, {"content": []}, {"content": ""}, {"content": "x", "is_error": True}):
            with self.subTest(str(result)):
                self.sent([user("go"), {"role": "assistant", "content": CALLS[:1]},
                           user([{"type": "tool_result", "tool_use_id": "toolu_1", **result}])], tools=TOOLS)

    def test_input_that_was_no_json_goes_upstream_as_json(self):
        """Input that was no json goes upstream as json. [A18]"""
        call = {**CALLS[0], "input": {"__unparsedToolInput": {"raw": "{\"a\": ", "len": 6}}}
        self.sent([user("go"), {"role": "assistant", "content": [call]}, user(RESULTS[:1])], tools=TOOLS)

    def test_odd_text_in_tools_and_results_goes_upstream_as_valid_json(self):
        """Odd text in tools and results goes upstream as valid json. [A33]"""
        odd = "a\ud83d\u0000\x01\u2028\"\\ \U0001f642"
        name = odd.replace("\0", "")  # NUL in a name is refused
        call = {**CALLS[0], "input": {name: [odd, {"x": odd}], "n": [1.0, 1e300, -0.0, 2**64 - 1, -2**63]}}
        result = {**RESULTS[0], "content": odd}
        tools = [{**TOOLS[0], "description": odd, "input_schema": {"type": "object", "properties": {name: {}}}}]
        for stream in (False, True):
            answer = self.post({"model": "mock/echo", "max_tokens": 5, "tools": tools, "system": odd, "stream": stream,
                                "messages": [user(odd), {"role": "assistant", "content": [call]}, user([result])]})
            self.assertEqual(answer.status, 200, answer.body)
        sent = self.upstream.stats()["last"]["body"]["messages"]
        self.assertEqual([m["role"] for m in sent], ["system", "user", "assistant", "tool"])
        self.assertIn("\U0001f642", sent[1]["content"])
        self.assertEqual(json.loads(sent[2]["tool_calls"][0]["function"]["arguments"])["n"],
                         [1.0, 1e300, -0.0, 2**64 - 1, -2**63])

    def test_an_integer_above_64_bits_does_not_become_another(self):
        """An integer above 64 bits does not become another. [A33]"""
        call = {**CALLS[0], "input": {"n": 12345678901234567890123}}
        body = self.sent([user("go"), {"role": "assistant", "content": [call]}, user(RESULTS[:1])], tools=TOOLS)
        number = json.loads(body["messages"][1]["tool_calls"][0]["function"]["arguments"])["n"]
        self.assertAlmostEqual(number / 12345678901234567890123, 1)

    def test_only_a_server_tool_is_refused_by_name(self):
        """Only a server tool is refused by name. [A22]"""
        answer = self.post({**harness.body_for("ctx-echo"), "tools": [
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]})
        self.assertIn("web_search", self.refused(answer, 400, "invalid_request_error"))
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_a_body_of_claude_code(self):
        """The shape of Claude Code 2.1.330's first request, and of the one behind a parallel call. [A21 B1]"""
        system = [BILLING, {"type": "text", "text": "You are a tool.", "cache_control": {"type": "ephemeral"}},
                  {"type": "text", "text": "Long prompt.", "cache_control": {"type": "ephemeral"}}]
        more = {"system": system, "tools": [*TOOLS, {"name": "DeferredToolPlaceholder", "input_schema": {}}],
                "metadata": {"user_id": "{}"}, "thinking": {"type": "adaptive", "display": "updates"},
                "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
                "output_config": {"effort": "high"}}
        first = [user([{"type": "text", "text": "Do it", "cache_control": {"type": "ephemeral"}}]),
                 {"role": "system", "content": [{"type": "text", "text": "env", "cache_control": {"type": "ephemeral"}}],
                  "output_config": {"effort": "high"}}]
        body = self.sent(first, **more)
        self.assertIn("Long prompt.", body["messages"][0]["content"])
        self.assertNotIn("billing", body["messages"][0]["content"])
        body = self.sent([*first, {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "ok"}, *CALLS]},
            user(RESULTS), {"role": "system", "clear_at": "next_user_message"}], **more)
        self.assertEqual([m["role"] for m in body["messages"]][-3:], ["assistant", "tool", "tool"])


if __name__ == "__main__":
    harness.main()
