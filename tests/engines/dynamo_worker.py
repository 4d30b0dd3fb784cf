#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Dynamo worker without an engine: it registers a model for each dialect and says what the script says.

    dynamo_worker.py MODEL_FOLDER [NAME ...]     all of MODELS, or those

Dynamo's own frontend does all the rest: HTTP, validation, the template, the parsers of calls and thinking, events.
One line on stderr tells how each request went: stop, length, cancelled (the client left) or crash.
"""

import asyncio
import os
import sys

import uvloop
from dynamo.common.utils.runtime import create_runtime
from dynamo.llm import ModelInput, ModelRuntimeConfig, ModelType, WorkerType, register_model
from dynamo.llm.exceptions import InvalidArgument

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model  # noqa: E402
import script  # noqa: E402

SMALL = 3000
#         name             calls            thinking       window
MODELS = [("tiny",          "hermes",        "qwen3",       model.LENGTH),
          ("tiny/plain",    None,            None,          model.LENGTH),
          ("tiny/leak",     None,            None,          model.LENGTH),
          ("tiny/kimi",     "kimi_k2",       "kimi_k25",    model.LENGTH),
          ("tiny/kimi3",    "kimi_k3",       "kimi_k3",     model.LENGTH),
          ("tiny/glm",      "glm47",         "glm45",       model.LENGTH),
          ("tiny/deepseek", "deepseek_v4",   "deepseek_v4", model.LENGTH),
          ("tiny/minimax",  "minimax_m3",    "minimax_m3",  model.LENGTH),
          ("tiny/coder",    "qwen3_coder",   "qwen3",       model.LENGTH),
          ("tiny/nemotron", "nemotron_nano", "nemotron_v3", model.LENGTH),
          ("tiny/gptoss",   "harmony",       "gpt_oss",     model.LENGTH),
          ("tiny/llama",    "llama3_json",   None,          model.LENGTH),
          ("tiny/mistral",  "mistral",       "mistral",     model.LENGTH),
          ("tiny/single",   "hermes",        "qwen3",       model.LENGTH),
          ("tiny/small",    "hermes",        "qwen3",       SMALL)]
TOO_LONG = ("This model's maximum context length is {} tokens. However, your prompt contains at least {} input tokens, "
            "which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.")


class Worker:
    def __init__(self, name, window):
        self.name = name
        self.window = window

    async def generate(self, request, context):
        prompt = request["token_ids"]
        if len(prompt) >= self.window:  # the words of Dynamo's vLLM worker; the frontend does not look
            raise InvalidArgument(TOO_LONG.format(self.window, self.window + 1))
        limit = min((request.get("stop_conditions") or {}).get("max_tokens") or self.window, self.window - len(prompt))
        said, how = 0, "length"
        try:
            for step in self.steps(prompt):
                if context.is_stopped():
                    how = "cancelled"
                    return
                if isinstance(step, str):
                    await self.act(step)
                    continue
                if step == [model.END]:
                    how = "stop"
                    break
                step = step[:limit - said]
                said += len(step)
                yield {"token_ids": step}
                if said == limit:
                    break
            yield {"token_ids": [], "finish_reason": how, "completion_usage": {
                "prompt_tokens": len(prompt), "completion_tokens": said, "total_tokens": len(prompt) + said}}
        except (GeneratorExit, asyncio.CancelledError):
            how = "cancelled"
            raise
        except RuntimeError:
            how = "crash"
            raise
        finally:
            print(f"said model={self.name} prompt={len(prompt)} limit={limit} said={said} how={how}", file=sys.stderr,
                  flush=True)

    @staticmethod
    def steps(prompt):
        for step in script.steps(prompt):
            yield step
            while step == "babble":
                yield [ord("x")] * 5
                yield "babble"
        yield [model.END]

    @staticmethod
    async def act(mark):
        if mark == "crash":
            raise RuntimeError("told to crash")
        if mark == "die":
            os._exit(1)
        await asyncio.sleep(0.5 if mark == "pause" else 0.001)


async def main(folder, *names):
    runtime, _ = create_runtime("file", "tcp", "zmq")
    tasks = []
    for i, (name, tools, think, window) in enumerate(MODELS):
        if names and name not in names:
            continue
        config = ModelRuntimeConfig()
        config.tool_call_parser, config.reasoning_parser, config.context_length = tools, think, window
        endpoint = runtime.endpoint(f"said.m{i}.generate")
        await register_model(ModelInput.Tokens, ModelType.Chat, endpoint, folder, name,
                             worker_type=WorkerType.Aggregated, runtime_config=config, kv_cache_block_size=16)
        tasks.append(asyncio.ensure_future(endpoint.serve_endpoint(Worker(name, window).generate,
                                                                   graceful_shutdown=False)))
    print(f"registered {len(tasks)} models", file=sys.stderr, flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    uvloop.run(main(*sys.argv[1:]))
