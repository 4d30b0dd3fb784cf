# SPDX-License-Identifier: MIT
"""What the tests with real engines share: starting Dynamo (or using vLLM), nim in front of it, and a client.

BUILD/engines holds what etc/setup installs. ENGINE_PORT names a vLLM that runs already (see vllm.sh).
"""

import contextlib
import json
import os
import re
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

import dialects  # noqa: E402  (found by the line above)
import grammar  # noqa: E402
import harness  # noqa: E402
import model  # noqa: E402
import script  # noqa: E402,F401  (tests use it)

ENGINES = os.path.abspath(os.environ.get("ENGINES") or os.path.join(harness.BUILD, "engines"))
PYTHON = os.path.join(ENGINES, "dynamo", "bin", "python")
VLLM_PORT = int(os.environ.get("ENGINE_PORT") or 0)
TOKEN = "a-dummy-token"
SMALL = 3000


def only_dynamo(why):
    """A test that does not fit vLLM."""
    return unittest.skipIf(VLLM_PORT, why)


class Engine:
    """What can be asked of an engine on a port."""

    port = None

    def get(self, path):
        return harness.request(self.port, "GET", path)

    def refused(self):
        """How many requests it has found invalid so far."""
        lines = re.findall(r"^dynamo_frontend_requests_total\{[^}]*error_type=\"validation\"[^}]*\} (\d+)",
                           self.get("/metrics").body.decode(), re.MULTILINE)
        return sum(map(int, lines))


class Vllm(Engine):
    """One that was started by vllm.sh: it serves one model, and tells less of itself."""

    port = VLLM_PORT

    def serves(self):
        return [m["id"] for m in json.loads(self.get("/v1/models").body)["data"]]

    def refused(self):
        return 0

    def stop(self):
        pass


class Dynamo(Engine):
    """Dynamo's frontend and the scripted worker, each a process of its own."""

    def __init__(self, *flags, names=(), has_worker=True, **env):
        """names: the models to serve, all when empty. The frontend keeps four inotify instances for each of them, and
        a user has 128."""
        self.port = harness.free_port()
        self.names = names
        self.home = harness.tempfile.mkdtemp(prefix="nim-test-dynamo-")
        model.write(os.path.join(self.home, "model"))
        self.env = {"DYN_FILE_KV": os.path.join(self.home, "kv"), "DYN_DISCOVERY_BACKEND": "file",
                    "DYN_TCP_RPC_HOST": "127.0.0.1", "DYN_TCP_RESPONSE_STREAM_HOST": "127.0.0.1",
                    "DYN_EVENT_PLANE_HOST": "127.0.0.1", "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1",
                    "PYTHONDONTWRITEBYTECODE": "1", **env}
        self.frontend = self.worker = None
        self.has_stopped = threading.Event()
        threading.Thread(target=self.keep, daemon=True).start()
        try:
            if has_worker:
                self.start_worker()
            self.frontend = harness.Server("dynamo", [
                PYTHON, "-m", "dynamo.frontend", "--http-host", "127.0.0.1", "--http-port", str(self.port),
                "--discovery-backend", "file", *flags], self.env)
            harness.wait_for(self.is_ready if has_worker else self.listens, 3 * harness.PATIENCE, "Dynamo")
        except BaseException:
            self.stop()
            raise

    def start_worker(self):
        self.worker = harness.Server("worker", [PYTHON, os.path.join(HERE, "dynamo_worker.py"),
                                                os.path.join(self.home, "model"), *self.names], self.env)

    def keep(self):
        """The worker's entries die ten seconds after their last touch, even when it is only slow: a busy machine."""
        while not self.has_stopped.wait(1):
            for folder, _, names in os.walk(self.env["DYN_FILE_KV"]):
                for name in names if self.worker and not self.worker.died() else ():
                    with contextlib.suppress(OSError):
                        os.utime(os.path.join(folder, name))

    def listens(self):
        try:
            return self.get("/health").status == 200
        except OSError:
            return False

    def is_ready(self):
        for server in (self.frontend, self.worker):
            if server.died():
                raise AssertionError("Dynamo did not start: " + server.log()[-3000:])
        registered = re.search(r"^registered (\d+) models$", self.worker.log(), re.MULTILINE)
        try:
            models = json.loads(self.get("/v1/models").body)["data"]
        except (OSError, ValueError):
            return False
        return bool(registered) and len(models) == int(registered.group(1))

    def said(self):
        """What the worker tells of each request: [{model, prompt, limit, said, how}]"""
        return [dict(pair.split("=", 1) for pair in line.split()[1:])
                for line in self.worker.log().splitlines() if line.startswith("said ")]

    def stop(self):
        self.has_stopped.set()
        for server in (self.frontend, self.worker):
            if server:
                server.stop()
                server.clean()
        harness.shutil.rmtree(self.home, ignore_errors=True)


def models_conf():
    extra = {"tiny/leak": 'tool_text = "hermes";', "tiny/single": "single_calls = true; vision = true;",
             "tiny/mistral": "short_ids = true;", "tiny/deepseek": "echo_reasoning = true; "
             + "".join(f'think_{how} = "{{\\"chat_template_kwargs\\":{{\\"thinking\\":{value}}}}}"; '
                       for how, value in (("on", "true"), ("off", "false"))),
             "tiny/gptoss": 'efforts = "low medium high";',
             "tiny/small": f"context = {SMALL};"}
    names = [d.model for d in dialects.ALL] + ["tiny/leak", "tiny/single", "tiny/small"]
    entries = []
    for name in names:
        more = extra.get(name, "")
        context = "" if "context" in more else f"context = {model.LENGTH};"
        entries.append(f'{{ id = "{name}"; {context} max_output = 200000; {more} }}')
    return ('default_model = "tiny";\naliases = ( { from = "claude-*"; to = "tiny"; } );\n'
            "models = (\n" + ",\n".join(entries) + "\n);\n")


TOOLS = [{"name": name, "description": "It does " + name, "input_schema": {
    "type": "object", "required": ["path"], "properties": {
        "path": {"type": "string"}, "count": {"type": "integer"}}}} for name in ("list_files", "read_file")]


def say(*turns):
    return "".join(f"<|say|>{turn}<|/say|>" for turn in turns)


class Case(harness.Case):
    """One engine and one nim for a class. After each test nim's log holds no unexpected error, and the engine has
    found no request invalid."""

    models = models_conf()
    names = ()
    flags = ()
    engine_env = {}
    is_of_dynamo = False  # its tests say what only Dynamo does
    workers = 32

    @classmethod
    def engine(cls):
        return Vllm() if VLLM_PORT else Dynamo(*cls.flags, names=cls.names, **cls.engine_env)

    @classmethod
    def setUpClass(cls):
        if cls.is_of_dynamo and VLLM_PORT:
            raise unittest.SkipTest("only with Dynamo")
        cls.upstream = cls.engine()
        try:
            cls.nim = harness.Nim(cls.upstream.port, cls.settings, cls.models, {"PROXY_API_KEY": TOKEN}, cls.workers)
        except BaseException:
            cls.upstream.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        status = cls.nim.stop()
        cls.upstream.stop()
        log = cls.nim.log()
        cls.nim.clean()
        assert status == 0, f"nim ended with {status} after TERM:\n{log[-2000:]}"

    def setUp(self):
        self.log_from = len(self.nim.log())
        self.expected_errors = None
        self.may_refuse = False
        self.refused_before = self.upstream.refused()

    def tearDown(self):
        for line in self.new_log().splitlines():
            if re.match(r"(\S+ )?event=\S+ level=error", line) and not (
                    self.expected_errors and re.search(self.expected_errors, line)):
                self.fail(f"in nim's log: {line}")
        if not self.may_refuse:
            self.assertEqual(self.upstream.refused(), self.refused_before, "the engine found a request invalid")
        self.assertFalse(self.nim.died(), "nim has died")

    def post(self, body, path="/v1/messages", headers=None, **more):
        return super().post(body, path, {"x-api-key": TOKEN, **(headers or {})}, **more)

    def base(self):
        return f"http://127.0.0.1:{self.nim.port}"

    def needs(self, name):
        if VLLM_PORT and name not in self.upstream.serves():
            self.skipTest(f"vLLM does not serve {name} in this run")

    def body(self, text, name="tiny", **more):
        self.needs(name)
        messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
        return {"model": name, "max_tokens": 8000, "messages": messages, **more}

    def ask(self, text, name="tiny", is_stream=True, **more):
        """The message of an answer that must be right in every rule."""
        answer = self.post({**self.body(text, name, **more), "stream": is_stream})
        if is_stream:
            return self.read_stream(answer).message
        self.assertEqual(answer.status, 200, answer.body)
        message = grammar.strict_json(answer.body.decode("utf-8"))
        self.assertEqual(grammar.check_message(message), [], message)
        return message

    def both(self, text, name="tiny", **more):
        """The answer streamed and whole; both must say the same (but for ids)."""
        streamed, whole = (self.ask(text, name, is_stream, **more) for is_stream in (True, False))
        self.assertEqual(essence(streamed), essence(whole), "streamed, and whole")
        return streamed

    def given(self, text, name="tiny", **more):
        """What the engine's template was given for this request."""
        messages = [*text, {"role": "user", "content": say("<|echo|>")}] if isinstance(text, list) else [
            {"role": "user", "content": text + say("<|echo|>")}]
        return json.loads(harness.text_of(self.ask(messages, name, **{"max_tokens": 200000, **more})))


def essence(message):
    """What streamed and whole answers have in common."""
    def block(b):
        return {k: v for k, v in b.items() if k not in ("id", "signature")}

    return ([block(b) for b in message["content"]], message["stop_reason"], message["stop_sequence"],
            message["usage"]["input_tokens"], message["usage"]["output_tokens"])


def calls_of(message):
    return [(b["name"], b["input"]) for b in message["content"] if b["type"] == "tool_use"]


def thinking_of(message):
    return "".join(b["thinking"] for b in message["content"] if b["type"] == "thinking")


def results(message, *texts):
    """The turn that answers a message's calls."""
    ids = [b["id"] for b in message["content"] if b["type"] == "tool_use"]
    return [{"role": "assistant", "content": message["content"]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id_, "content": text}
                                         for id_, text in zip(ids, texts, strict=True)]}]
