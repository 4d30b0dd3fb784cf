#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that use the API in their own way: Vercel's AI SDK, LangChain, Pydantic AI."""

import asyncio
import os

import anthropic
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

import clients
import harness
from clients import TOKEN, call, say


class AiSdk(clients.Case):
    def test_ai_sdk(self):
        """Text, stream, tools in steps, reasoning, errors. [A72]"""
        for line in clients.run_node(self, "programs.mjs", 5, CLIENTS=os.path.join(clients.CLIENTS, "older")):
            with self.subTest(line["name"]):
                self.assertIsNone(line["problem"])


@tool
def get_weather(path: str) -> str:
    """The weather at a path."""
    return "rain at " + path


class LangChain(clients.Case):
    def chat(self, model="claude-sonnet-4-5", **more):
        return ChatAnthropic(model=model, api_key=TOKEN, base_url=self.base(), max_retries=0, max_tokens=4000, **more)

    def test_text(self):
        """Asked and streamed; usage is there. [A72]"""
        answer = self.chat().invoke(say("Grüße 🙂"))
        self.assertEqual(answer.content, "Grüße 🙂")
        self.assertGreater(answer.usage_metadata["input_tokens"], 0)
        pieces = [p.text for p in self.chat().stream(say("One two three"))]
        self.assertEqual("".join(pieces), "One two three")
        self.assertGreater(len(pieces), 2)

    def test_tools(self):
        """A call, its result, an answer. [A72]"""
        chat = self.chat().bind_tools([get_weather])
        messages = [HumanMessage("Go. " + say(call("get_weather", path="/a"), "It rains."))]
        first = chat.invoke(messages)
        self.assertEqual([(c["name"], c["args"]) for c in first.tool_calls], [("get_weather", {"path": "/a"})])
        messages += [first, ToolMessage(get_weather.invoke(first.tool_calls[0]["args"]),
                                        tool_call_id=first.tool_calls[0]["id"])]
        self.assertEqual(chat.invoke(messages).text, "It rains.")

    def test_thinking(self):
        """Thinking stands beside the text. [A72]"""
        answer = self.chat(thinking={"type": "enabled", "budget_tokens": 1024}).invoke(say("<think>Hm.</think>Yes."))
        self.assertEqual([b["type"] for b in answer.content], ["thinking", "text"])
        self.assertEqual(answer.content[0]["thinking"], "Hm.")

    def test_errors(self):
        """Errors are Anthropic's own exceptions. [A72]"""
        with self.assertRaises(anthropic.RateLimitError):
            self.chat("mock/429-bare").invoke("x")


class PydanticAi(clients.Case):
    def agent(self, model="claude-sonnet-4-5", **more):
        client = anthropic.AsyncAnthropic(base_url=self.base(), api_key=TOKEN, max_retries=0)
        return Agent(AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client)), **more)

    def test_text(self):
        """Asked and streamed. [A72]"""
        self.assertEqual(self.agent().run_sync(say("Grüße 🙂")).output, "Grüße 🙂")

        async def streamed():
            async with self.agent().run_stream(say("One two three")) as run:
                return [piece async for piece in run.stream_text(delta=True, debounce_by=None)]

        self.assertEqual("".join(asyncio.run(streamed())), "One two three")

    def test_tools(self):
        """The agent runs a tool and goes on. [A72]"""
        agent = self.agent()
        asked = []

        @agent.tool_plain
        def get_weather(path: str) -> str:  # pylint: disable=unused-variable,redefined-outer-name
            """The weather at a path."""
            asked.append(path)
            return "rain"

        result = agent.run_sync("Go. " + say("I look. " + call("get_weather", path="/a"), "It rains."))
        self.assertEqual((result.output, asked), ("It rains.", ["/a"]))
        self.assertGreater(result.usage.output_tokens, 0)

    def test_errors(self):
        """An error has its status. [A72]"""
        with self.assertRaises(ModelHTTPError) as caught:
            self.agent("mock/503-worker").run_sync("x")
        self.assertEqual(caught.exception.status_code, 529)


if __name__ == "__main__":
    harness.main()
