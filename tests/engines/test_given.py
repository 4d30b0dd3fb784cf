#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a real engine is given: it accepts whatever a client may send, and its template sees the conversation whole."""

import json

import dialects
import engines
import harness
from engines import TOOLS, calls_of, say
from harness import text_of

D = dialects.Hermes()
PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PATH = {"type": "object", "properties": {"path": {"type": "string"}}}
SCHEMAS = [
    None, {}, {"type": "object"}, {"properties": {"a": {}}}, {"type": "object", "properties": {}},
    {**PATH, "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "additionalProperties": False},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": ["string", "null"]}}},
    {"type": "object", "properties": {"a": {"$ref": "#"}, "b": True, "c": {"not": {}}}},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                                      "b": {"oneOf": [{"const": 1}, {"enum": ["x", 2, None]}]}}},
    {"type": "object", "properties": {"a": {"type": "string", "format": "uri", "pattern": "^x+$", "default": "x"}}},
    {"type": "object", "patternProperties": {"^a": {}}, "propertyNames": {"maxLength": 5}, "required": ["b"]},
    {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3,
                                            "uniqueItems": True}}}]


def use(id_, name="read_file", **more):
    return {"type": "tool_use", "id": id_, "name": name, "input": {"path": "/a"}, **more}


def result(id_, content="ok", **more):
    return {"type": "tool_result", "tool_use_id": id_, "content": content, **more}


def user(*content):
    return {"role": "user", "content": content[0] if isinstance(content[0], str) else list(content)}


def assistant(*content):
    return {"role": "assistant", "content": list(content)}


def texts(messages):
    return [(m["role"], engines.script.text_of(m.get("content"))) for m in messages]


class Given(engines.Case):
    names = ("tiny", "tiny/single", "tiny/deepseek", "tiny/gptoss", "tiny/mistral")

    def last(self, *messages, **more):
        """The messages that the template saw, without the script's own."""
        return self.given(list(messages), tools=TOOLS, **more)["messages"]

    def test_every_field(self):
        """All that a request may hold at once is nothing that the engine refuses [E28]"""
        self.both(
            "x" + say("Fine."), system=[{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}],
            max_tokens=128000, temperature=1, top_p=0, top_k=40, stop_sequences=["", "zz", " ", "\n\nHuman:"],
            metadata={"user_id": "u"}, service_tier="auto", container=None, inference_geo="eu", speed="fast",
            thinking={"type": "adaptive", "display": "updates"}, output_config={"effort": "max", "format": None},
            context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}, mcp_servers=[],
            cache_control={"type": "ephemeral"}, diagnostics={}, betas=["x"], unknown_field={"a": [1]}, tools=[])
        for effort in ("low", "medium", "high", "xhigh", "max", None):
            self.ask(say("Fine."), output_config={"effort": effort})
        schema = {"type": "json_schema", "schema": {**PATH, "additionalProperties": False}}
        message = self.both(say('{"path": "/"}'), output_config={"format": schema})
        self.assertEqual(json.loads(text_of(message)), {"path": "/"})

    def test_sampling_at_its_limits(self):
        """Temperature, top_p, top_k and max_tokens at their limits pass [E29]"""
        for more in ({"temperature": 0}, {"temperature": 1}, {"top_p": 0}, {"top_p": 1}, {"top_k": 0}, {"top_k": 500},
                     {"max_tokens": 1}, {"max_tokens": 1000000}, {"stop_sequences": []}, {"stop_sequences": [""]}):
            with self.subTest(**more):
                self.ask(say("A"), **more)

    def test_schemas(self):
        """Schemas of every form, strict or not, pass with every tool_choice [E30]"""
        tools = [{"name": f"t{i}", "description": "", "strict": i % 2 == 0, "defer_loading": True,
                  "input_schema": schema} for i, schema in enumerate(SCHEMAS) if schema is not None]
        choices = [{"type": "auto"}, {"type": "none"}]
        if not engines.VLLM_PORT:  # it forces its own form on the answer, which the script breaks
            choices += [{"type": "any"}, {"type": "tool", "name": "t1"}]
        for choice in choices:
            with self.subTest(**choice):
                self.ask("x" + say(D.calls([("t1", {})])), tools=tools, tool_choice=choice)
        for tool in tools:
            with self.subTest(schema=tool["input_schema"]):
                message = self.ask(say(D.calls([(tool["name"], {"a": 1})])), tools=[tool])
                self.assertEqual(calls_of(message), [(tool["name"], {"a": 1})])

    def test_many_tools(self):
        """A hundred and fifty tools, names that no engine takes: calls come back under the client's names [E31]"""
        names = [f"tool_{i}" for i in range(10 if engines.VLLM_PORT else 140)]
        names += ["a.b", "a/b", "a b", "a:b", "ä", "名", "x" * 128, "x" * 127 + ".", "mcp__server__" + "y" * 110, "1"]
        tools = [{"name": n, "description": f"number {i}", "input_schema": PATH} for i, n in enumerate(names)]
        given = self.given("x", tools=tools)["tools"]
        known = {t["function"]["description"]: t["function"]["name"] for t in given}
        self.assertEqual(len(set(known.values())), len(names))
        for i in (0, *range(len(names) - 11, len(names))):
            message = self.ask(say(D.calls([(known[f"number {i}"], {"path": "/"})])), tools=tools)
            self.assertEqual(calls_of(message), [(names[i], {"path": "/"})])
        again = self.given([user("x"), assistant(*(use(f"toolu_{i}", n) for i, n in enumerate(names))),
                            user(*(result(f"toolu_{i}") for i in range(len(names))))], tools=tools)["messages"]
        self.assertEqual([c["function"]["name"] for c in again[1]["tool_calls"]],
                         [known[f"number {i}"] for i in range(len(names))])

    def test_bad_arguments_in_the_history(self):
        """Whatever stands in a call's input, the engine takes the conversation [E32]"""
        for value in ({}, "", "{cut", '{"a": 1}', None, [], [1], 5, True,
                      {"__unparsedToolInput": {"raw": "{\"a\": ", "len": 6}}, {"n": 12345678901234567890123, "f": 1.0},
                      {"a": {"b": [[], {}, None, "\u0000"]}}):
            with self.subTest(input=value):
                answer = self.post(self.body([
                    user("x"), assistant(use("toolu_1", input=value)), user(result("toolu_1")), user(say("Fine."))],
                    tools=TOOLS))
                if not isinstance(value, dict) and answer.status == 400:
                    self.refused(answer, 400, "invalid_request_error")  # nim's own word, before the engine is asked
                else:
                    self.assertEqual((answer.status, text_of(answer.json())), (200, "Fine."), answer.body)

    def test_lone_surrogates(self):
        """Half of a surrogate pair anywhere becomes U+FFFD on its way to the engine [E33]"""
        half = "a\ud83d."
        tool = {"name": "read_file", "description": half, "input_schema": {**PATH, "description": half}}
        body = self.body([
            user(half), assistant({"type": "text", "text": half}, use("toolu_1", input={"path": half, half: 1})),
            user(result("toolu_1", half)), user({"type": "text", "text": half + say("<|echo|>")})],
            tools=[tool], system=half)
        for raw in (json.dumps(body), json.dumps(body).replace("\\ud83d", "\\uDE00")):
            answer = self.post(raw)
            self.assertEqual(answer.status, 200, answer.body)
            given = text_of(answer.json())
            self.assertEqual(given.count("a\\ufffd."), 9, given)
            self.assertNotIn("\\ud83d", given)

    def test_images_for_a_model_that_sees_none(self):
        """An image for a model that cannot see is named to it, in a turn and in a result [E34]"""
        image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
        given = self.last(user({"type": "text", "text": "Look:"}, image), assistant(use("toolu_1")),
                          user(result("toolu_1", [{"type": "text", "text": "Seen:"}, image])))
        self.assertNotIn(PNG, json.dumps(given))
        (_, turn), _, (role, said) = texts(given)[:3]
        self.assertEqual(role, "tool")
        for text, word in ((turn, "Look:"), (said, "Seen:")):
            self.assertIn(word, text)
            self.assertIn("image", text)

    def test_images_for_a_model_that_sees(self):
        """An image for a model that sees reaches it, from a turn and from a result [E69]"""
        for name in ("png", "jpeg", "gif", "webp"):
            image = {"type": "image", "source": {"type": "base64", "media_type": "image/" + name, "data": PNG}}
            given = self.last(user({"type": "text", "text": "Look:"}, image), assistant(use("toolu_1")),
                              user(result("toolu_1", [{"type": "text", "text": "Seen:"}, image])), name="tiny/single")
            self.assertEqual([m["role"] for m in given[:4]], ["user", "assistant", "tool", "user"])
            for message in (given[0], given[3]):  # Dynamo keeps the picture itself from the template
                self.assertEqual([p["type"] for p in message["content"] if p["type"] != "text"], ["image"])

    def test_system_everywhere(self):
        """System texts in front, between and behind turns arrive, and never part a call from its results [E35]"""
        given = self.last(user("one"), {"role": "system", "content": "S1"}, assistant(use("toolu_1"), use("toolu_2")),
                          user(result("toolu_1"), result("toolu_2")), {"role": "system", "content": [
                              {"type": "text", "text": "S2"}]}, {"role": "system"}, system="S0")
        roles = [m["role"] for m in given]
        self.assertEqual(roles[0], "system")
        call = next(i for i, m in enumerate(given) if m.get("tool_calls"))
        self.assertEqual(roles[call:call + 3], ["assistant", "tool", "tool"])
        everything = json.dumps(texts(given))
        for word in ("S0", "S1", "S2"):
            self.assertEqual(everything.count(word), 1, everything)
        self.assertLess(everything.index("S0"), everything.index("S1"))
        self.assertLess(everything.index("S1"), everything.index("S2"))

    def test_orphans(self):
        """Calls without results and results without calls do not stop the conversation [E36]"""
        for messages in ([user("x"), assistant(use("toolu_1"))], [user(result("toolu_9", "orphan"))],
                         [user("x"), assistant(use("toolu_1")), user("no result")],
                         [user("x"), assistant(use("toolu_1")), user("first"), user(result("toolu_1"))],
                         [assistant({"type": "text", "text": "I begin."})], [user("a"), user("b"), user("c")],
                         [user("x"), assistant(*[use("toolu_1")] * 2), user(*[result("toolu_1")] * 2)]):
            with self.subTest(messages=str(messages)[:90]):
                given = self.last(*messages)
                open_ids = [c["id"] for m in given for c in m.get("tool_calls") or []]
                for m in given:
                    if m["role"] == "tool":
                        self.assertIn(m["tool_call_id"], open_ids)
                        open_ids.remove(m["tool_call_id"])
                self.assertEqual(open_ids, [], "every call has its result")
                self.assertEqual("orphan" in json.dumps(texts(given)), "orphan" in str(messages), "a result that is lost")

    def test_blocks_of_anthropics_services(self):
        """Blocks of Anthropic's own services in the history stop nothing [E37]"""
        kinds = [("server_tool_use", {"id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}),
                 ("web_search_tool_result", {"tool_use_id": "srvtoolu_1", "content": []}),
                 ("mcp_tool_use", {"id": "mcptoolu_1", "name": "n", "server_name": "s", "input": {}}),
                 ("mcp_tool_result", {"tool_use_id": "mcptoolu_1", "is_error": False, "content": []}),
                 ("thinking", {"thinking": "t", "signature": ""}), ("redacted_thinking", {"data": "x"}),
                 ("container_upload", {"file_id": "f"}), ("compaction", {"content": "c"}), ("of_tomorrow", {"a": {}})]
        given = self.last(user("x"), assistant(*({"type": kind, **more} for kind, more in kinds),
                                               {"type": "text", "text": "said"}), user(
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "found"}]},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "paper"}}))
        everything = json.dumps(texts(given))
        for word in ("said", "found", "paper"):
            self.assertIn(word, everything)

    def test_results_of_every_form(self):
        """A result as text, as texts, as references, absent, an error: the model reads it [E38]"""
        page = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "page"}}
        forms = [("plain", {"content": "plain"}), ("", {}), ("bad", {"content": "bad", "is_error": True}),
                 ("two", {"content": [{"type": "text", "text": "two"}, {"type": "text", "text": "texts"}]}),
                 ("WebFetch", {"content": [{"type": "tool_reference", "tool_name": "WebFetch"}]}),
                 ("", {"content": []}), ("", {"content": ""}), ("page", {"content": [page]})]
        ids = [f"toolu_{i}" for i in range(len(forms))]
        given = self.last(user("x"), assistant(*map(use, ids)), user(*(
            {"type": "tool_result", "tool_use_id": id_, **form} for id_, (_, form) in zip(ids, forms)),
            {"type": "text", "text": "behind"}))
        tools = [text for role, text in texts(given) if role == "tool"]
        self.assertEqual(len(tools), len(forms))
        for (word, _), text in zip(forms, tools):
            self.assertIn(word, text)
        self.assertIn("behind", json.dumps(texts(given)[-2:]))

    def test_the_thinking_switch(self):
        """A model's switch reaches the template: on, off, and as weak or strong as asked [E39]"""
        for thinking, want in (({"type": "enabled", "budget_tokens": 2000}, True), ({"type": "disabled"}, False)):
            given = self.given("x", "tiny/deepseek", thinking=thinking)
            self.assertEqual(given["thinking"], want)
        given = self.given("x", "tiny/gptoss", thinking={"type": "adaptive"}, output_config={"effort": "max"})
        self.assertEqual(given["reasoning_effort"], "high")

    def test_thinking_of_the_history(self):
        """Thinking of earlier turns goes back to a model that wants it, and to no other [E40]"""
        history = [user("x"), assistant({"type": "thinking", "thinking": "I pondered.", "signature": "s"},
                                        {"type": "text", "text": "Done."})]
        # Dynamo writes it as a tag for a template that does not ask for the field.
        self.assertIn("I pondered.", json.dumps(self.given(history, "tiny/deepseek")["messages"][1]))
        self.assertNotIn("pondered", json.dumps(self.given(history)))

    def test_ids_and_single_calls(self):
        """Short ids and one call a message, where a model's template wants them [E41]"""
        names = ("toolu_one", "toolu_two")
        history = [user("x"), assistant(*map(use, names)), user(*map(result, names))]
        given = self.given(history, "tiny/mistral", tools=TOOLS)["messages"]
        ids = [c["id"] for m in given for c in m.get("tool_calls") or []]
        self.assertEqual(len(set(ids)), 2)
        for id_ in ids:
            self.assertRegex(id_, r"^[A-Za-z0-9]{9}$")
        self.assertEqual([m["tool_call_id"] for m in given if m["role"] == "tool"], ids)
        given = self.given(history, "tiny/single", tools=TOOLS)["messages"]
        self.assertEqual([(m["role"], len(m.get("tool_calls") or [])) for m in given[1:5]],
                         [("assistant", 1), ("tool", 0), ("assistant", 1), ("tool", 0)])

    def test_a_large_conversation(self):
        """A conversation of 200 turns arrives whole [E42]"""
        said = [(role, f"{role} {i} " + letter) for i in range(10 if engines.VLLM_PORT else 100)
                for role, letter in (("user", "ü" * 20), ("assistant", "x" * 90))]
        given = self.given([{"role": role, "content": text} for role, text in said])["messages"]
        self.assertEqual(texts(given)[:-1], said)

    def test_a_control_character_and_no_bom(self):
        """NUL, line separators and private characters pass or are replaced [E43]"""
        text = "a\u0000b\u2028c\ufeffd\ue000e\U0010fffff"
        given = texts(self.given(text)["messages"])[0][1]
        self.assertIn(given.split("<|say|>")[0], (text, text.replace("\u0000", ""), text.replace("\u0000", "\ufffd")))


if __name__ == "__main__":
    harness.main()
