# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: starting fakenim and nim on loopback, and a client that sees every byte.

Only Python's standard library. Programs come from the environment (NIM, FAKENIM), else from ../../build. Each
server gets an empty environment, a folder of its own as HOME and a dummy key; it is ended by its own process id.
main() prints TAP, which "make check" reads.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import grammar  # noqa: E402
import tap  # noqa: E402

BUILD = os.environ.get("BUILD") or os.path.join(HERE, "..", "..", "build")
NIM = os.environ.get("NIM") or os.path.join(BUILD, "nim")
FAKENIM = os.environ.get("FAKENIM") or os.path.join(BUILD, "tests", "fakenim", "fakenim")
KEY = "nvapi-test"
SLOW = float(os.environ.get("TEST_SLOW", "1"))  # sanitizer builds: every deadline of a test times this
PATIENCE = 20 * SLOW
MODELS = '''default_model = "mock/normal";
aliases = ( { from = "claude-*"; to = "mock/normal"; } );
models = ( { id = "mock/normal"; context = 262144; max_output = 32768; vision = true; } );
'''


def wait_for(question, seconds=PATIENCE, what="it"):
    """Polls until question() is true and returns its value; raises AssertionError when it does not become so."""
    end = time.monotonic() + seconds
    while True:
        value = question()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def has_state(pid):
    """The state letter of a process, None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def children(pid):
    """All processes below pid."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                for child in f.read().split():
                    found += [int(child)] + children(int(child))
    except OSError:
        pass
    return found


# ---- servers

def end_with_parent():
    """In the child: TERM when the test itself is killed (prctl PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, signal.SIGTERM)


LIBC = ctypes.CDLL(None)


class Server:
    """A process with its output in a file; env is all it gets beside PATH and HOME."""

    def __init__(self, name, argv, env=None, cwd=None):
        self.folder = tempfile.mkdtemp(prefix=f"nim-test-{name}-")
        os.chmod(self.folder, 0o755)  # nim, started as root, becomes another user
        self.log_path = os.path.join(self.folder, "log")
        full = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.folder, **(env or {})}
        for name_ in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name_ in os.environ:
                full[name_] = os.environ[name_]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(argv, env=full, cwd=cwd or self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=end_with_parent)
        self.pid = self.process.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def died(self):
        return self.process.poll() is not None

    def stop(self, seconds=PATIENCE):
        """TERM, then KILL after that time. Returns the exit status, or None when it had to be killed."""
        family = [self.pid] + children(self.pid)
        status = self.process.poll()
        if status is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                for pid in family:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except OSError:
                        pass
                self.process.wait()
        self.left = [pid for pid in family if has_state(pid) not in (None, "Z", "X")]
        return status

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Fakenim(Server):
    def __init__(self, *more, key=KEY):
        """key: the only one that is let in; None lets all in."""
        super().__init__("fakenim", [FAKENIM, "--port", "0", *(["--key", key] if key else []), *more])
        match = wait_for(lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)", self.log()) or self.died(),
                         what="fakenim")
        if match is True:
            raise AssertionError("fakenim did not start: " + self.log())
        self.port = int(match.group(1))

    def stats(self):
        return json.loads(request(self.port, "GET", "/control/stats").body)

    def reset(self):
        request(self.port, "POST", "/control/reset")

    def keys(self):
        """By key: posts, over (more than the enforced window allows), most (in any window)."""
        return {k["key"]: k for k in json.loads(request(self.port, "GET", "/control/keys").body)["keys"]}

    def posts(self):
        """Every POST: key, model, mark, at_us (monotonic), status, deltas, end."""
        return json.loads(request(self.port, "GET", "/control/posts").body)["posts"]

    def wait_idle(self, seconds):
        """How long it took until nothing was in flight; raises after that time."""
        began = time.monotonic()
        wait_for(lambda: self.stats()["in_flight"] == 0, seconds, "the upstream request to end")
        return time.monotonic() - began


class Nim(Server):
    """nim proxy with its own nim.conf. settings are lines of the file: name=value, as libconfig writes them. Unless
    they say otherwise its lanes have no limit and its upstream's refusals teach it nothing: most tests ask more than
    forty times a minute. people: text of people.conf."""

    def __init__(self, upstream_port, settings=None, models=MODELS, env=None, workers=8, more_conf="", people=None):
        self.port = free_port()
        conf_folder = tempfile.mkdtemp(prefix="nim-test-conf-")
        os.chmod(conf_folder, 0o755)
        self.conf_folder = conf_folder
        lines = [f'listen = ( {{ address = "127.0.0.1"; port = {self.port}; }} );',
                 f'upstreams = ( {{ name = "fake"; base_url = "http://127.0.0.1:{upstream_port}/v1"; }} );',
                 f"workers = {{ max = {workers}; }};"]
        self.state = os.path.join(conf_folder, "state")
        values = {"log_level": '"debug"', "state_dir": f'"{self.state}"', "paced": "false", "bench": 0, "status": "( )",
                  "key_doubts": 0, **(settings or {})}
        lines += [f"{name} = {value};" for name, value in values.items()] + [more_conf]
        self.conf = os.path.join(conf_folder, "nim.conf")
        self.write("nim.conf", "\n".join(lines) + "\n")
        self.write("models.conf", models)
        if people is not None:
            self.write("people.conf", people)
        super().__init__("nim", [NIM, "proxy", "--config", self.conf],
                         {"NVIDIA_API_KEY": KEY, "LC_ALL": "C.UTF-8", **(env or {})})
        wait_for(self.is_ready, what="nim to be ready")

    def write(self, name, text):
        with open(os.path.join(self.conf_folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def is_ready(self):
        if self.died():
            raise AssertionError("nim did not start: " + self.log())
        try:
            return request(self.port, "GET", "/healthz").status == 200
        except OSError:
            return False

    def clean(self):
        super().clean()
        shutil.rmtree(self.conf_folder, ignore_errors=True)


# ---- the client

class Answer:
    """One HTTP answer, read strictly."""

    def __init__(self):
        self.status = None
        self.reason = ""
        self.headers = {}       # names in lower case
        self.body = b""
        self.pieces = []        # (monotonic time, bytes) as they were read from the socket
        self.head_at = None
        self.is_complete = False  # the body ended where it should
        self.was_reset = False
        self.extra = b""        # behind the answer

    def json(self):
        return json.loads(self.body)

    def error(self):
        """(type, message) of an error in Anthropic's form, checked."""
        data = grammar.strict_json(self.body.decode("utf-8"))
        assert data["type"] == "error" and set(data) <= {"type", "error", "request_id"}, data
        assert data["error"]["type"] in grammar.ERROR_TYPES, data
        assert data["error"]["message"], data
        assert data["request_id"] == self.headers["request-id"], (data, self.headers)
        assert self.headers["content-type"].startswith("application/json"), self.headers
        return data["error"]["type"], data["error"]["message"]


class Connection:
    """A socket that is read with time stamps."""

    def __init__(self, port, timeout=PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.is_at_end = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST, as Claude Code does on Esc."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self, answer=None):
        """Reads once; False at the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
            if answer:
                answer.was_reset = True
        if not data:
            self.is_at_end = True
            return False
        if answer:
            answer.pieces.append((time.monotonic(), data))
        self.buffer += data
        return True

    def read_until(self, mark, answer=None):
        while mark not in self.buffer:
            if not self.more(answer):
                return False
        return True

    def take(self, count, answer):
        while len(self.buffer) < count:
            if not self.more(answer):
                break
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_head(self):
        answer = Answer()
        if not self.read_until(b"\r\n\r\n", answer):
            answer.extra = self.buffer
            return answer
        answer.head_at = time.monotonic()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) (.*)", lines[0])
        assert match, lines[0]
        answer.status, answer.reason = int(match.group(1)), match.group(2)
        for line in lines[1:]:
            name, value = line.split(":", 1)
            assert name.lower() not in answer.headers, f"{name} occurs twice"
            answer.headers[name.lower()] = value.strip()
        return answer

    def read_answer(self, method="POST", until=None):
        """The whole answer, or up to the bytes until."""
        answer = self.read_head()
        if answer.status is None:
            return answer
        while answer.status == 100:
            answer = self.read_head()
        if method == "HEAD" or answer.status in (204, 304):
            answer.is_complete = True
        elif answer.headers.get("transfer-encoding") == "chunked":
            assert "content-length" not in answer.headers, answer.headers
            self.read_chunks(answer, until)
        elif "content-length" in answer.headers:
            count = int(answer.headers["content-length"])
            answer.body = self.take(count, answer)
            answer.is_complete = len(answer.body) == count
        else:
            while self.more(answer):
                pass
            answer.body, self.buffer = self.buffer, b""
            answer.is_complete = not answer.was_reset
        answer.extra = self.buffer
        return answer

    def read_chunks(self, answer, until):
        while until is None or until not in answer.body:
            if not self.read_until(b"\r\n", answer):
                return
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            assert re.fullmatch(rb"[0-9a-fA-F]+", line), f"chunk size {line!r}"
            size = int(line, 16)
            data = self.take(size + 2, answer)
            if len(data) < size + 2:
                answer.body += data
                return
            assert data[size:] == b"\r\n", data[-10:]
            answer.body += data[:size]
            if size == 0:
                answer.is_complete = True
                return


def head(method, path, headers=None, length=None):
    fields = {"Host": "localhost", **(headers or {})}
    if length is not None:
        fields.setdefault("Content-Length", str(length))
    lines = [f"{method} {path} HTTP/1.1"] + [f"{n}: {v}" for n, v in fields.items() if v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


JSON = {"Content-Type": "application/json"}


def request(port, method, path, body=None, headers=None, timeout=PATIENCE, until=None):
    """One request on a connection of its own. body: bytes, text or something for json.dumps."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode("utf-8")
    fields = {**(JSON if body is not None else {}), **(headers or {})}
    if method == "POST" and body is None:
        body = b""
    with Connection(port, timeout) as c:
        c.send(head(method, path, fields, None if body is None else len(body)) + (body or b""))
        return c.read_answer(method, until)


TOOLS = [{"name": "get_weather", "description": "The weather", "input_schema": {
    "type": "object", "properties": {"path": {"type": "string"}}}},
         {"name": "read_file", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}]


def body_for(model, text="Hello", **more):
    """A request's body; mock/ is put before a name without slash."""
    if "/" not in model and not model.startswith("claude"):
        model = "mock/" + model
    return {"model": model, "max_tokens": 1000, "messages": [{"role": "user", "content": text}], **more}


# ---- test cases

class Case(unittest.TestCase):
    """Starts both servers once for a class. After each test nim's log must not hold an error that was not expected,
    and the upstream must not have had to refuse anything."""

    settings = {}
    models = MODELS
    env = {}
    workers = 8
    key = None  # PROXY_API_KEY
    delta_chars = 6

    @classmethod
    def setUpClass(cls):
        cls.upstream = Fakenim()
        env = {**cls.env, **({"PROXY_API_KEY": cls.key} if cls.key else {})}
        try:
            cls.nim = Nim(cls.upstream.port, cls.settings, cls.models, env, cls.workers)
        except BaseException:
            cls.upstream.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        status = cls.nim.stop()
        log = cls.nim.log()
        cls.upstream.stop()
        left = cls.nim.left
        fake = cls.upstream.log()
        assert "Sanitizer" not in fake and "runtime error" not in fake, fake[-2000:]
        assert status == 0, f"nim ended with {status} after TERM:\n{log[-2000:]}"
        assert not left, f"processes left behind: {left}"
        cls.nim.clean()
        cls.upstream.clean()

    def setUp(self):
        self.upstream.reset()
        self.log_from = len(self.nim.log())
        self.expected_errors = None     # a regular expression for log lines with level=error
        self.expect_violations = False

    def tearDown(self):
        for line in self.new_log().splitlines():
            if re.match(r"(\S+ )?event=\S+ level=error", line) or "Sanitizer" in line or "runtime error" in line:
                if not self.expected_errors or not re.search(self.expected_errors, line):
                    self.fail(f"in nim's log: {line}")
        stats = self.upstream.stats()
        if not self.expect_violations:
            self.assertEqual(stats["violation_texts"], [], "what the upstream had to refuse")
        self.assertFalse(self.nim.died(), "nim has died")

    def new_log(self):
        return self.nim.log()[self.log_from:]

    def post(self, body, path="/v1/messages", headers=None, **more):
        return request(self.nim.port, "POST", path, body, headers, **more)

    def stream(self, model, text="Hello", end=grammar.COMPLETE, **more):
        """A streamed answer that must be grammatical; returns the Reader (message, error, pings)."""
        answer = self.post({**body_for(model, text, **more), "stream": True})
        return self.read_stream(answer, end)

    def read_stream(self, answer, end=grammar.COMPLETE):
        self.assertEqual(answer.status, 200, answer.body)
        self.assertTrue(answer.headers["content-type"].startswith("text/event-stream"), answer.headers)
        self.assertRegex(answer.headers["request-id"], r"^req_\w+$")
        reader = grammar.read(answer.body, end, self.delta_chars)
        self.assertEqual(reader.problems, [], answer.body.decode("utf-8", "replace")[-3000:])
        if reader.how == grammar.COMPLETE:
            self.assertTrue(answer.is_complete, "the chunked body has no end")
        if reader.how == grammar.CUT:
            self.assertFalse(answer.is_complete, "a clean end of a message that is none")
        reader.answer = answer
        return reader

    def whole(self, model, text="Hello", **more):
        """An answer that is not streamed; returns the message."""
        answer = self.post(body_for(model, text, **more))
        self.assertEqual(answer.status, 200, answer.body)
        self.assertTrue(answer.is_complete)
        message = grammar.strict_json(answer.body.decode("utf-8"))
        self.assertEqual(grammar.check_message(message), [], message)
        return message

    def refused(self, answer, status, kind):
        """An error in Anthropic's form; returns its message."""
        self.assertEqual(answer.status, status, answer.body)
        got, message = answer.error()
        self.assertEqual(got, kind, message)
        return message

    def echoed(self, body):
        """What the upstream received for this request (mock/ctx-echo)."""
        answer = self.post({**body, "model": "mock/ctx-echo"})
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(text_of(answer.json()))


def text_of(message):
    return "".join(b["text"] for b in message["content"] if b["type"] == "text")


def kinds(message):
    return [b["type"] for b in message["content"]]


def inputs(message):
    return [b["input"] for b in message["content"] if b["type"] == "tool_use"]


# ---- run by hand

def main():
    """Runs the tests of the calling file; arguments are parts of test names."""
    suite = unittest.defaultTestLoader.loadTestsFromName("__main__")
    words = sys.argv[1:]

    def flat(tests):
        for test in tests:
            if isinstance(test, unittest.TestSuite):
                yield from flat(test)
            elif not words or any(word in test.id() for word in words):
                yield test

    result = tap.TapResult()
    unittest.TestSuite(list(flat(suite))).run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(0 if result.ok and result.count else 1)
