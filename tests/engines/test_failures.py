#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a real engine fails, and what the client learns of it: the right status, the right type, never a clean end."""

import re
import threading
import time

import dialects
import engines
import grammar
import harness
from engines import SMALL, TOKEN, TOOLS, calls_of, say, thinking_of
from harness import text_of

D = dialects.Hermes()
CALL = ("read_file", {"path": "/etc/hosts"})
STATUS = {"api_error": (500, 502), "overloaded_error": (529,), "timeout_error": (504,)}
UNFINISHED = (grammar.ERROR, grammar.CUT)


class Failing(engines.Case):
    is_of_dynamo = True
    names = ("tiny", "tiny/small")

    def setUp(self):
        super().setUp()
        self.expected_errors = "upstream|overloaded"

    def failed(self, answer, *kinds):
        """An error of one of these types, with its status, in words of nim's own."""
        kind, message = answer.error()
        self.assertIn(kind, kinds, message)
        self.assertIn(answer.status, STATUS[kind])
        self.assertNotIn("code", message)
        self.assertNotRegex(message, r"[{}]")
        return message

    def stream_failed(self, answer):
        """A stream that tells of an error, or breaks off: no clean end."""
        reader = grammar.read(answer.body, UNFINISHED)
        self.assertEqual(reader.problems, [])
        if reader.how == grammar.CUT:
            self.assertFalse(answer.is_complete, "a clean end of a message that is none")
        else:
            self.assertEqual(reader.error["error"]["type"], "overloaded_error")
        return reader

    def streamed(self, text, name="tiny", **more):
        return self.post({**self.body(text, name, **more), "stream": True})


class BeforeTheAnswer(Failing):
    """The head waits for the upstream's word, so that every error has its status."""

    settings = {"commit_after": -1}

    def test_a_prompt_that_is_too_long(self):
        """A prompt beyond the window: 400 in words that make the client compact, streamed or not [E44]"""
        self.may_refuse = True
        for is_stream in (True, False):
            answer = self.post({**self.body("x" * 4 * SMALL + say("no"), "tiny/small"), "stream": is_stream})
            message = self.refused(answer, 400, "invalid_request_error")
            match = re.fullmatch(r"prompt is too long: (\d+) tokens > (\d+) maximum", message)
            self.assertTrue(match, message)
            self.assertGreater(int(match.group(1)), SMALL)
            self.assertEqual(int(match.group(2)), SMALL)

    def test_a_full_window(self):
        """An answer that fills the window ends as such, not as max_tokens [E45]"""
        message = self.both("x" + say("<|babble|>"), "tiny/small", max_tokens=100000)
        self.assertEqual(message["stop_reason"], "model_context_window_exceeded")
        self.assertEqual(message["usage"]["input_tokens"] + message["usage"]["output_tokens"], SMALL)

    def test_a_crash_before_the_answer(self):
        """The engine crashes before it says anything: an error of the upstream's, with its status [E46]"""
        for is_stream in (True, False):
            answer = self.post({**self.body(say("<|crash|>never")), "stream": is_stream})
            self.failed(answer, "api_error", "overloaded_error")

    def test_a_crash_in_mid_text(self):
        """The engine crashes in mid-text: an error or a break, and for a whole answer an error status [E47]"""
        reader = self.stream_failed(self.streamed(say("So far <|crash|>never")))
        self.assertEqual(text_of(reader.message).strip(), "So far")
        answer = self.post(self.body(say("So far <|crash|>never")))
        self.failed(answer, "api_error", "overloaded_error")

    def test_a_crash_in_mid_call(self):
        """The engine crashes within a call: no tool block, no clean end [E48]"""
        half = D.calls([CALL])[:40]
        reader = self.stream_failed(self.streamed(say("I look. " + half + "<|crash|>"), tools=TOOLS))
        self.assertEqual(calls_of(reader.message), [])

    def test_a_crash_in_mid_thinking(self):
        """The engine crashes while it thinks: no clean end [E49]"""
        self.stream_failed(self.streamed(say("<think>Hm, hm, hm, hm<|crash|>")))

    def test_a_crash_behind_a_call(self):
        """The engine crashes behind a whole call: the client has the call, whatever the end [E50]"""
        answer = self.streamed(say(D.calls([CALL]) + " And<|crash|>"), tools=TOOLS)
        reader = grammar.read(answer.body, (grammar.COMPLETE, *UNFINISHED))
        self.assertEqual(reader.problems, [])
        self.assertEqual(calls_of(reader.message), [CALL])
        if reader.how == grammar.COMPLETE:
            self.assertEqual(reader.message["stop_reason"], "tool_use")

    def test_a_model_that_is_not_there(self):
        """An unknown model: 404 that names it [E51]"""
        for is_stream in (True, False):
            answer = self.post({**self.body("x", "tiny/none"), "stream": is_stream})
            self.assertIn("tiny/none", self.refused(answer, 404, "not_found_error"))

    def test_after_a_failure(self):
        """After a failure the next request is served as ever [E52]"""
        self.streamed(say("<|crash|>"))
        self.assertEqual(text_of(self.both(say("Here."))), "Here.")


class Committed(Failing):
    """The head has gone out before the upstream's word."""

    settings = {"commit_after": 0, "ride_out": 1500, "ping_interval": 200}

    def test_a_crash(self):
        """A crash behind the head is tried again, then told as overloaded [E53]"""
        before = len(self.upstream.said())
        reader = self.stream_failed(self.streamed(say("<|crash|>")))
        self.assertEqual(reader.message["content"], [])
        self.assertGreater(len(self.upstream.said()), before + 1)

    def test_a_prompt_that_is_too_long(self):
        """A prompt beyond the window behind the head: an error event with the same words [E54]"""
        self.may_refuse = True
        answer = self.streamed("x" * 4 * SMALL, "tiny/small")
        reader = grammar.read(answer.body, grammar.ERROR)
        self.assertEqual(reader.problems, [])
        self.assertEqual(reader.error["error"]["type"], "invalid_request_error")
        self.assertRegex(reader.error["error"]["message"], r"^prompt is too long: \d+ tokens > 3000 maximum$")

    def test_silence(self):
        """While the engine is silent the client gets pings [E55]"""
        reader = self.read_stream(self.streamed(say("<|pause|><|pause|>Hm.<|pause|><|pause|>")))
        self.assertGreaterEqual(reader.pings, 6)
        self.assertEqual(text_of(reader.message), "Hm.")


class Overload(Failing):
    """An engine that takes two requests at once, and a client that is not told to wait for long."""

    settings = {"commit_after": -1, "max_wait": 1000}
    engine_env = {"DYN_ENGINE_REQUEST_LIMIT": "2", "DYN_DYNAMO_REQUEST_QUEUE_LIMIT": "1"}

    def fill(self):
        """Keeps the engine busy until the connections that are returned are closed."""
        text = say("<|pause|>" * 240 + "Ready.")
        body = harness.json.dumps({**self.body(text), "stream": True}).encode()
        busy = []

        def is_full():
            c = harness.Connection(self.nim.port)
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": TOKEN}, len(body)) + body)
            busy.append(c)
            return self.straight() == 529

        harness.wait_for(is_full, what="the engine to be full")
        return busy

    def straight(self):
        """The status of a request that does not pass through nim; None when it has to wait."""
        body = harness.json.dumps({"model": "tiny", "messages": [{"role": "user", "content": say("Hi.")}]}).encode()
        try:
            with harness.Connection(self.upstream.port, timeout=0.5 * harness.SLOW) as c:
                c.send(harness.head("POST", "/v1/chat/completions", harness.JSON, len(body)) + body)
                return c.read_answer().status
        except OSError:
            return None

    def test_an_overload(self):
        """A full engine: 529 overloaded_error, streamed or not, and served again when it has room [E56]"""
        busy = self.fill()
        for is_stream in (True, False):
            answer = self.post({**self.body(say("Hi.")), "stream": is_stream})
            self.failed(answer, "overloaded_error")
        for c in busy:
            c.close()
        harness.wait_for(lambda: self.straight() == 200, what="the engine to have room")
        self.assertEqual(text_of(self.both(say("Hi."))), "Hi.")


class OverloadBehindTheHead(Overload):
    settings = {"commit_after": 0, "max_wait": 30000}

    def test_an_overload(self):
        """An overload behind the head is ridden out: the client waits and gets its answer [E57]"""
        busy = self.fill()
        room = threading.Timer(1, lambda: [c.close() for c in busy])  # while the client waits
        room.start()
        reader = self.read_stream(self.streamed(say("At last.")))
        room.join()
        self.assertEqual(text_of(reader.message), "At last.")


class Options(Failing):
    """A server with other settings: comments on silence, more events, another name for reasoning."""

    flags = ("--enable-streaming-tool-dispatch", "--enable-streaming-reasoning-dispatch",
             "--reasoning-field-name", "reasoning")
    engine_env = {"DYN_HTTP_SSE_KEEP_ALIVE_INTERVAL_MS": "100", "DYN_HTTP_PRE_COMMIT_ERROR_PEEK_MS": "500",
                  "DYN_HTTP_BODY_LIMIT_MB": "1"}
    settings = {"commit_after": -1}

    def test_more_events(self):
        """Events of other names and comments change nothing, reasoning has any name [E58]"""
        message = self.both(say("<think>Hm.</think>I look. <|pause|>" + D.calls([CALL])), tools=TOOLS)
        self.assertEqual((thinking_of(message), text_of(message).strip()), ("Hm.", "I look."))
        self.assertEqual(calls_of(message), [CALL])

    def test_errors_before_the_head(self):
        """A server that looks for errors first: the same answers for the client [E59]"""
        self.may_refuse = True
        for is_stream in (True, False):
            answer = self.post({**self.body("x" * 4 * SMALL, "tiny/small"), "stream": is_stream})
            self.assertRegex(self.refused(answer, 400, "invalid_request_error"), "^prompt is too long: ")
            answer = self.post({**self.body(say("<|crash|>")), "stream": is_stream})
            self.failed(answer, "api_error", "overloaded_error")

    def test_a_body_that_is_too_large(self):
        """A body beyond the server's limit: 413 [E60]"""
        self.may_refuse = True
        answer = self.post(self.body("x" * 1200000))
        self.refused(answer, 413, "request_too_large")


class Death(Failing):
    """The engine stalls, its process ends, and another one comes."""

    settings = {"commit_after": -1}
    engine_env = {"DYN_HTTP_BACKEND_STREAM_TIMEOUT_SECS": "2"}

    def serves(self):
        return self.post(self.body(say("Hi."))).status == 200

    def test_a_stall(self):
        """The server gives a silent engine up in mid-text: no clean end [E61]"""
        harness.wait_for(self.serves, 3 * harness.PATIENCE, "the engine")
        began = time.monotonic()
        self.stream_failed(self.streamed(say("Hello, " + "<|pause|>" * 12)))
        self.assertLess(time.monotonic() - began, 5 * harness.SLOW)

    def test_the_engine_dies(self):
        """The engine dies in mid-answer: no clean end; then overloaded until another one serves [E62]"""
        harness.wait_for(self.serves, 3 * harness.PATIENCE, "the engine")
        reader = self.stream_failed(self.streamed(say("So far <|pause|><|die|>")))
        self.assertTrue("So far ".startswith(text_of(reader.message)))
        for is_stream in (True, False):
            answer = self.post({**self.body(say("Hi.")), "stream": is_stream})
            self.failed(answer, "overloaded_error")
        self.upstream.worker.stop()
        self.upstream.worker.clean()
        self.upstream.start_worker()
        harness.wait_for(self.serves, 3 * harness.PATIENCE, "the new engine")


class Gone(Failing):
    """The server itself ends."""

    settings = {"commit_after": -1}

    def setUp(self):
        super().setUp()
        self.upstream.refused = lambda: 0

    def test_the_server_dies(self):
        """The server is killed in mid-answer: no clean end; the next request: an error of the upstream's [E68]"""
        with harness.Connection(self.nim.port) as c:
            body = harness.json.dumps({**self.body(say("So far" + "<|pause|>" * 20)), "stream": True}).encode()
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": TOKEN}, len(body)) + body)
            self.assertTrue(c.read_until(b"text_delta"))
            self.upstream.frontend.process.kill()
            self.stream_failed(c.read_answer())
        for is_stream in (True, False):
            answer = self.post({**self.body(say("Hi.")), "stream": is_stream})
            self.failed(answer, "api_error", "overloaded_error")


class NotReady(Failing):
    """A server that no engine has come to yet."""

    settings = {"commit_after": -1}

    @classmethod
    def engine(cls):
        return engines.Dynamo(names=cls.names, has_worker=False)

    def test_a_server_without_models(self):
        """A server that has no models yet is overloaded, not without this one [E63]"""
        for is_stream in (True, False):
            self.failed(self.post({**self.body(say("Hi.")), "stream": is_stream}), "overloaded_error", "api_error")
        self.upstream.start_worker()
        harness.wait_for(lambda: self.post(self.body(say("Hi."))).status == 200, 3 * harness.PATIENCE, "the engine")


if __name__ == "__main__":
    harness.main()
