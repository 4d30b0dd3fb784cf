#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What nim accepts and refuses at its front door: keys, methods, paths, bodies, broken and hostile HTTP."""

import gzip
import json
import time

import grammar
import harness
from harness import Connection, JSON, body_for, head

KEY = "a-team-secret"
PLAIN = body_for("normal")
MIB = 1 << 20


def nested(depth):
    return '{"model":"mock/normal","max_tokens":5,"messages":' + "[" * depth + "]" * depth + "}"


def with_content(text):
    """A body with that raw JSON as the content."""
    return b'{"model":"mock/normal","max_tokens":5,"messages":[{"role":"user","content":' + text + b"}]}"


# name, body, a word of the message
BAD_BODIES = [
    ("empty", b"", "JSON"),
    ("not JSON", b"hello", "JSON"),
    ("cut", b'{"model":"mock/normal",', "JSON"),
    ("two values", json.dumps(PLAIN).encode() + b"{}", "JSON"),
    ("a comma too many", b'{"model":"mock/normal","max_tokens":5,"messages":[],}', "JSON"),
    ("single quotes", b"{'model':'x'}", "JSON"),
    ("a comment", b'{"model":"mock/normal" /* x */}', "JSON"),
    ("NaN", b'{"model":"mock/normal","max_tokens":NaN}', "JSON"),
    ("a leading zero", b'{"model":"mock/normal","max_tokens":05}', "JSON"),
    ("not UTF-8", with_content(b'"\xff\xfe"'), "UTF-8"),
    ("an overlong form", with_content(b'"\xc0\xaf"'), "UTF-8"),
    ("an encoded surrogate", with_content(b'"\xed\xa0\x80"'), "UTF-8"),
    ("a control character", with_content(b'"a\x01b"'), "JSON"),
    ("UTF-16", json.dumps(PLAIN).encode("utf-16"), ""),
    ("deep", nested(100).encode(), "depth"),
    ("very deep", nested(1000000).encode(), "depth"),
    ("an array", b"[]", ""),
    ("a number", b"5", ""),
    ("null", b"null", ""),
]

# name, what is changed in a good body (None: left out), a word of the message
WRONG_TYPES = [
    ("no model", {"model": None}, "model"),
    ("no max_tokens", {"max_tokens": None}, "max_tokens"),
    ("no messages", {"messages": None}, "messages"),
    ("messages empty", {"messages": []}, "messages"),
    ("messages text", {"messages": "hi"}, "messages"),
    ("messages object", {"messages": {}}, "messages"),
    ("a message text", {"messages": ["hi"]}, "messages"),
    ("a message null", {"messages": [None]}, "messages"),
    ("model number", {"model": 5}, "model"),
    ("model empty", {"model": ""}, "model"),
    ("max_tokens text", {"max_tokens": "5"}, "max_tokens"),
    ("max_tokens 0", {"max_tokens": 0}, "max_tokens"),
    ("max_tokens negative", {"max_tokens": -1}, "max_tokens"),
    ("max_tokens fraction", {"max_tokens": 1.5}, "max_tokens"),
    ("max_tokens true", {"max_tokens": True}, "max_tokens"),
    ("stream text", {"stream": "yes"}, "stream"),
    ("system number", {"system": 5}, "system"),
    ("system with a number", {"system": [5]}, "system"),
    ("tools object", {"tools": {}}, "tools"),
    ("tools with text", {"tools": ["ls"]}, "tools"),
    ("tool_choice text", {"tool_choice": "auto"}, "tool_choice"),
    ("role number", {"messages": [{"role": 5, "content": "x"}]}, "role"),
    ("no role", {"messages": [{"content": "x"}]}, "role"),
    ("unknown role", {"messages": [{"role": "robot", "content": "x"}]}, "role"),
    ("content number", {"messages": [{"role": "user", "content": 5}]}, "content"),
    ("content object", {"messages": [{"role": "user", "content": {}}]}, "content"),
    ("block number", {"messages": [{"role": "user", "content": [5]}]}, "content"),
    ("block without type", {"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "type"),
    ("text number", {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "text"),
    ("stop_sequences text", {"stop_sequences": "x"}, "stop_sequences"),
    ("temperature text", {"temperature": "hot"}, "temperature"),
]

# name, what is added to a good body: accepted
WIDE = [
    ("unknown fields", {"foo": {"bar": [1, None]}, "betas": ["x"], "speed": "fast", "diagnostics": {}}),
    ("system text", {"system": "Be brief."}),
    ("system blocks", {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}),
    ("system empty", {"system": []}),
    ("system empty text", {"system": ""}),
    ("tools empty", {"tools": []}),
    ("a tool", {"tools": harness.TOOLS}),
    ("stream false", {"stream": False}),
    ("thinking enabled", {"thinking": {"type": "enabled", "budget_tokens": 31999}}),
    ("thinking adaptive", {"thinking": {"type": "adaptive", "display": "updates"}}),
    ("thinking disabled", {"thinking": {"type": "disabled"}}),
    ("effort", {"output_config": {"effort": "high"}}),
    ("effort null", {"output_config": {"effort": None}}),
    ("context management", {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}}),
    ("metadata", {"metadata": {"user_id": "{}"}}),
    ("temperature", {"temperature": 1, "top_p": 0, "top_k": 5}),
    ("max_tokens large", {"max_tokens": 128000}),
    ("max_tokens 1", {"max_tokens": 1}),
    ("stop sequences", {"stop_sequences": ["a", "", " ", "b", "c", "d", "e"]}),
    ("stop sequences empty", {"stop_sequences": []}),
    ("service tier", {"service_tier": "auto"}),
    ("any claude name", {"model": "claude-opus-5-5"}),
    ("a dated name", {"model": "claude-3-5-haiku-20241022"}),
    ("[1m]", {"model": "claude-sonnet-5-5[1m]"}),
    ("an unknown name", {"model": "gpt-4"}),
    ("a prefill", {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}),
    ("role system inside", {"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]}),
    ("two users", {"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}),
    ("astral letters", {"messages": [{"role": "user", "content": "\U0001f642\u0000é"}]}),
]

SURROGATES = [b'"a\\ud83d b"', b'"\\ude42"', b'"\\ud83d\\ud83d\\ude42"', b'"\\u0000 x"']

METHODS = [
    ("GET", "/v1/messages", 405), ("PUT", "/v1/messages", 405), ("DELETE", "/v1/messages", 405),
    ("POST", "/v1/models", 405), ("POST", "/healthz", 405), ("GET", "/v1/messages/count_tokens", 405),
    ("GET", "/", 200), ("HEAD", "/", 200), ("HEAD", "/api/hello", 200), ("GET", "/healthz", 200),
    ("GET", "/nowhere", 404), ("POST", "/nowhere", 404), ("HEAD", "/nowhere", 404), ("GET", "/v1/me", 404),
    ("POST", "/v1/messages/", 404), ("POST", "/v1/chat/completions", 404), ("GET", "//v1/models", 404),
    ("POST", "/v1/messages/batches", 404), ("OPTIONS", "/v1/messages", 405), ("GET", "/../etc/passwd", 404),
]

LENGTH = b"Content-Length: 5\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
# name, lines behind the request line, body: each refused with a 4xx, and nothing goes upstream
SMUGGLED = [
    ("both lengths", LENGTH + TE, b"0\r\n\r\n"),
    ("both, the other way", TE + LENGTH, b"0\r\n\r\n"),
    ("two lengths", LENGTH + b"Content-Length: 6\r\n", b"aaaaaa"),
    ("the same length twice", LENGTH + LENGTH, b"aaaaa"),
    ("a list of lengths", b"Content-Length: 5, 5\r\n", b"aaaaa"),
    ("a negative length", b"Content-Length: -5\r\n", b""),
    ("a signed length", b"Content-Length: +5\r\n", b"aaaaa"),
    ("a hexadecimal length", b"Content-Length: 0x5\r\n", b"aaaaa"),
    ("a huge length", b"Content-Length: 99999999999999999999\r\n", b""),
    ("two codings", TE + TE, b"0\r\n\r\n"),
    ("identity, chunked", b"Transfer-Encoding: identity, chunked\r\n", b"0\r\n\r\n"),
    ("chunked, identity", b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
    ("gzip", b"Transfer-Encoding: gzip\r\n", b""),
    ("xchunked", b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    ("a blank before the colon", b"Content-Length : 5\r\n", b"aaaaa"),
    ("a folded line", b"X-A: b\r\n c\r\n" + LENGTH, b"aaaaa"),
    ("a bare LF", b"X-A: b\n" + LENGTH, b"aaaaa"),
    ("a bare CR", b"X-A: b\rX-B: c\r\n" + LENGTH, b"aaaaa"),
    ("NUL in a value", b"X-A: b\0c\r\n" + LENGTH, b"aaaaa"),
    ("a chunk that lies", TE, b"5\r\nabc\r\n0\r\n\r\n"),
    ("a chunk size with a sign", TE, b"+5\r\naaaaa\r\n0\r\n\r\n"),
    ("a huge chunk size", TE, b"FFFFFFFFFFFFFFFFF\r\n"),
    ("two hosts", b"Host: b\r\n" + LENGTH, b"aaaaa"),
    ("an empty length", b"Content-Length: \r\n", b""),
    ("two numbers as a length", b"Content-Length: 5 5\r\n", b"aaaaa"),
    ("a length with a word", b"Content-Length: 5a\r\n", b"aaaaa"),
    ("a length above 64 bits by one", b"Content-Length: 18446744073709551621\r\n", b"aaaaa"),
    ("a folded length", b"Content-Length:\r\n 5\r\n", b"aaaaa"),
    ("a folded coding", b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"),
    ("a tab before the colon", b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n"),
    ("a coding behind a vertical tab", b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    ("chunked in quotes", b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"),
    ("NUL in a name", b"X\0A: b\r\n" + LENGTH, b"aaaaa"),
    ("an empty name", b": b\r\n" + LENGTH, b"aaaaa"),
    ("a line without a colon", b"X-A\r\n" + LENGTH, b"aaaaa"),
    ("a chunk size with 0x", TE, b"0x5\r\naaaaa\r\n0\r\n\r\n"),
    ("a chunk size behind a blank", TE, b" 5\r\naaaaa\r\n0\r\n\r\n"),
    ("a chunk header with a bare LF", TE, b"5\naaaaa\r\n0\r\n\r\n"),
    ("a bare LF in a chunk extension", TE, b"5;a\nb\r\naaaaa\r\n0\r\n\r\n"),
    ("a chunk without its line end", TE, b"5\r\naaaaa0\r\n\r\n"),
    ("no chunk size", TE, b"\r\naaaaa\r\n0\r\n\r\n"),
    ("a negative chunk size", TE, b"-5\r\naaaaa\r\n0\r\n\r\n"),
]

RAW = [
    ("no HTTP", b"hello\r\n\r\n"),
    ("HTTP/0.9", b"GET /\r\n\r\n"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 64),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n"),
    ("version 1.2", b"GET /healthz HTTP/1.2\r\nHost: localhost\r\n\r\n"),
    ("a header of 70 KiB", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * (70 << 10) + b"\r\n\r\n"),
    ("a target of 9 KiB", b"GET /" + b"a" * (9 << 10) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a blank before the first line", b" GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a method with a blank", b"GE T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a target with a control character", b"GET /heal\x01thz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("two blanks behind the target", b"GET /healthz  x HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("no version", b"GET /healthz HTTP/\r\nHost: localhost\r\n\r\n"),
    ("200 fields", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 200 + b"\r\n"),
]


class Requests(harness.Case):
    def send(self, data):
        with Connection(self.nim.port) as c:
            try:
                c.send(data)
            except OSError:
                pass
            return c.read_answer()

    def serves(self):
        """nim is still there and answers."""
        self.assertEqual(harness.text_of(self.whole("normal")), "Hello, this is the simulated NIM.")

    def test_the_query_changes_nothing(self):
        """The query changes nothing. [A1]"""
        for path in ("/v1/messages", "/v1/messages?beta=true", "/v1/messages?a=b&c", "/v1/messages?"):
            with self.subTest(path):
                self.assertEqual(self.post(PLAIN, path).status, 200)

    def test_any_version_and_beta_is_accepted(self):
        """Any version and beta is accepted. [A3 A4 B6]"""
        for headers in ({}, {"anthropic-version": "2023-06-01"}, {"anthropic-version": "2026-10-21"},
                        {"anthropic-version": "2099-01-01", "anthropic-beta": "no-such-2099,x"},
                        {"x-stainless-lang": "js", "x-app": "cli", "X-Claude-Code-Session-Id": "u", "Cookie": "a=b"},
                        {"Accept": "text/html", "Accept-Encoding": "gzip, br", "Connection": "keep-alive"},
                        {"Content-Type": "application/json; charset=utf-8"}):
            with self.subTest(str(headers)):
                self.assertEqual(self.post(PLAIN, headers=headers).status, 200)

    def test_accepts_what_clients_send(self):
        """Accepts what clients send. [A5 A6 A11 A21 A24 A25 A26 B1]"""
        for name, change in WIDE:
            with self.subTest(name):
                answer = self.post({**PLAIN, **change})
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(self.upstream.stats()["violation_texts"], [])

    def test_refuses_broken_bodies(self):
        """Refuses broken bodies. [A32]"""
        for name, data, word in BAD_BODIES:
            with self.subTest(name):
                self.assertIn(word, self.refused(self.post(data), 400, "invalid_request_error"))
        self.assertEqual(self.upstream.stats()["requests"], 0)
        self.serves()

    def test_refuses_wrong_types(self):
        """Refuses wrong types. [A32]"""
        for name, change, word in WRONG_TYPES:
            with self.subTest(name):
                data = {k: v for k, v in {**PLAIN, **change}.items() if v is not None}
                self.assertIn(word, self.refused(self.post(data), 400, "invalid_request_error"))
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_safeguards_are_refused_by_name(self):
        """The client would wait for their results; told so, it checks by itself (gateway protocol). [A71]"""
        answer = self.post({**PLAIN, "safeguards": [{"type": "x"}]})
        self.assertIn("safeguards", self.refused(answer, 400, "invalid_request_error"))
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_lone_surrogates_and_nul_do_no_harm(self):
        """Lone surrogates and nul do no harm. [A33]"""
        for text in SURROGATES:
            with self.subTest(text):
                answer = self.post(with_content(text))
                self.assertEqual(answer.status, 200, answer.body)
                grammar.strict_json(answer.body.decode("utf-8"))

    def test_methods_and_paths(self):
        """Methods and paths. [A70]"""
        for method, path, status in METHODS:
            with self.subTest(f"{method} {path}"):
                answer = harness.request(self.nim.port, method, path, PLAIN if method in ("POST", "PUT") else None)
                self.assertEqual(answer.status, status, answer.body)
                self.assertIn("request-id", answer.headers)
                self.assertEqual(answer.extra, b"")
                if status == 405:
                    self.assertIn("allow", answer.headers)
                if status >= 400 and method != "HEAD":
                    answer.error()
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_every_answer_has_its_own_request_id(self):
        """Every answer has its own request id. [A63]"""
        ids = {self.post(PLAIN).headers["request-id"] for _ in range(5)}
        self.assertEqual(len(ids), 5)

    def test_smuggling_is_refused(self):
        """Smuggling is refused. [A73]"""
        for name, lines, data in SMUGGLED:
            with self.subTest(name):
                answer = self.send(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
                                   b"Content-Type: application/json\r\n" + lines + b"\r\n" + data)
                self.assertIn(answer.status, (400, 413, 415, 501), answer.body)
                answer.error()
                self.assertEqual(answer.headers.get("connection", "").lower(), "close")
        self.assertEqual(self.upstream.stats()["requests"], 0)
        self.serves()

    def test_what_is_no_http_is_refused(self):
        """What is no http is refused. [A73]"""
        for name, data in RAW:
            with self.subTest(name):
                answer = self.send(data)
                self.assertIn(answer.status, (400, 414, 431, 505), answer.body)
                answer.error()
        self.serves()

    def test_a_second_request_behind_the_first_is_not_answered(self):
        """A second request behind the first is not answered. [A73]"""
        data = json.dumps(PLAIN).encode()
        one = head("POST", "/v1/messages", JSON, len(data)) + data
        with Connection(self.nim.port) as c:
            c.send(one + one)
            answer = c.read_answer()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertEqual(answer.extra, b"")
            while c.more():
                pass
            self.assertEqual(c.buffer, b"")
        self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_a_chunked_body_is_read(self):
        """A chunked body is read. [A31]"""
        data = json.dumps(PLAIN).encode()
        chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(data[i:i + 7]), data[i:i + 7]) for i in range(0, len(data), 7))
        answer = self.send(head("POST", "/v1/messages", {**JSON, "Transfer-Encoding": "chunked"})
                           + chunks + b"0\r\nX-Trailer: a\r\n\r\n")
        self.assertIn(answer.status, (200, 411), answer.body)

    def test_expect_continue_is_answered_before_the_body(self):
        """Expect continue is answered before the body. [A31]"""
        data = json.dumps(PLAIN).encode()
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", {**JSON, "Expect": "100-continue"}, len(data)))
            self.assertTrue(c.read_until(b"\r\n\r\n"))
            self.assertTrue(c.buffer.startswith(b"HTTP/1.1 100 "), c.buffer)
            c.buffer = b""
            c.send(data)
            self.assertEqual(c.read_answer().status, 200)

    def test_expect_continue_is_not_answered_when_the_body_is_too_large(self):
        """Expect continue is not answered when the body is too large. [A31]"""
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", {**JSON, "Expect": "100-continue"}, 33 * MIB))
            self.refused(c.read_answer(), 413, "request_too_large")
            self.assertNotIn(b" 100 ", c.buffer)

    def test_other_encodings_and_types_are_refused(self):
        """Other encodings and types are refused. [A31]"""
        squeezed = gzip.compress(json.dumps(PLAIN).encode())
        self.refused(self.post(squeezed, headers={"Content-Encoding": "gzip"}), 415, "invalid_request_error")
        self.refused(self.post(PLAIN, headers={"Content-Type": "text/plain"}), 415, "invalid_request_error")
        self.refused(self.post(PLAIN, headers={"Content-Type": None}), 415, "invalid_request_error")

    def test_a_body_byte_by_byte(self):
        """A body byte by byte. [A30]"""
        data = json.dumps(PLAIN).encode()
        with Connection(self.nim.port) as c:
            for byte in head("POST", "/v1/messages", JSON, len(data)) + data:
                c.send(bytes([byte]))
            self.assertEqual(c.read_answer().status, 200)

    def test_http_1_0_is_served_without_chunks(self):
        """Http 1 0 is served without chunks. [A73]"""
        data = json.dumps({**PLAIN, "stream": True}).encode()
        answer = self.send(head("POST", "/v1/messages", JSON, len(data)).replace(b"HTTP/1.1", b"HTTP/1.0") + data)
        self.assertNotIn("transfer-encoding", answer.headers)
        self.assertEqual(grammar.check(answer.body, delta_chars=6), [])

    def test_a_web_page_cannot_use_the_proxy(self):
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            with self.subTest(str(headers)):
                self.assertEqual(self.post(PLAIN, headers=headers).status, 403)
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_a_client_that_leaves_in_the_head_or_the_body_costs_nothing(self):
        """A client that leaves in the head or the body costs nothing. [A67]"""
        for data in (b"POST /v1/mess", head("POST", "/v1/messages", JSON, 1000) + b'{"model":'):
            for reset in (False, True):
                with self.subTest(f"{data[:12]!r} {reset}"):
                    c = Connection(self.nim.port)
                    c.send(data)
                    time.sleep(0.02)
                    if reset:
                        c.reset()
                    else:
                        c.close()
        self.serves()
        self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_32_mib_are_accepted_and_one_byte_more_is_not(self):
        """32 mib are accepted and one byte more is not. [A29]"""
        frame = len(with_content(b'""'))
        data = with_content(b'"' + b"a" * (32 * MIB - frame) + b'"')
        self.assertEqual(len(data), 32 * MIB)
        answer = self.post(data, timeout=60 * harness.SLOW)
        self.assertEqual(answer.status, 200, answer.body[:300])
        self.refused(self.post(data + b" "), 413, "request_too_large")

    def test_413_comes_before_the_body_and_while_it_is_still_sent(self):
        """413 comes before the body and while it is still sent. [A29]"""
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", JSON, 33 * MIB))
            self.refused(c.read_answer(), 413, "request_too_large")
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", JSON, 200 * MIB))
            for _ in range(100):  # none of it is answered with a reset, which could overtake the 413
                c.send(b"a" * 65536)
            answer = c.read_answer()
            self.refused(answer, 413, "request_too_large")
            self.assertFalse(answer.was_reset)

    def test_a_chunked_body_that_grows_too_large_is_413(self):
        """A chunked body that grows too large is 413. [A29]"""
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", {**JSON, "Transfer-Encoding": "chunked"}))
            piece = b"100000\r\n" + b"a" * MIB + b"\r\n"
            try:
                for _ in range(34):
                    c.send(piece)
            except OSError:
                pass
            self.refused(c.read_answer(), 413, "request_too_large")


class Slow(harness.Case):
    """Short deadlines for those who send too slowly."""
    settings = {"head_timeout": 500, "body_timeout": 500}

    def test_a_body_that_stops_is_408(self):
        """A body that stops is 408. [A73]"""
        with Connection(self.nim.port) as c:
            began = time.monotonic()
            c.send(head("POST", "/v1/messages", JSON, 1000) + b'{"model":')
            self.refused(c.read_answer(), 408, "invalid_request_error")
            self.assertLess(time.monotonic() - began, 3 * harness.SLOW)

    def test_a_body_that_drips_is_408(self):
        """A body that drips is 408. [A73]"""
        with Connection(self.nim.port) as c:
            c.send(head("POST", "/v1/messages", JSON, 1000))
            for _ in range(20):
                c.send(b" ")
                time.sleep(0.1)
                c.socket.setblocking(False)
                try:
                    if c.socket.recv(1, 2):
                        break
                except BlockingIOError:
                    pass
                finally:
                    c.socket.settimeout(harness.PATIENCE)
            self.refused(c.read_answer(), 408, "invalid_request_error")

    def test_a_connection_that_says_nothing_is_closed(self):
        """A connection that says nothing is closed. [A66 A73]"""
        with Connection(self.nim.port) as c:
            answer = c.read_answer()
            self.assertIn(answer.status, (None, 408))
            self.assertTrue(c.is_at_end or answer.is_complete)


class Keys(harness.Case):
    key = KEY

    def test_both_headers_are_accepted(self):
        """Both headers are accepted. [A2]"""
        for headers in ({"x-api-key": KEY}, {"Authorization": "Bearer " + KEY}, {"authorization": "bearer " + KEY},
                        {"x-api-key": KEY, "Authorization": "Bearer " + KEY},
                        {"x-api-key": "other", "Authorization": "Bearer " + KEY}):
            with self.subTest(str(headers)):
                self.assertEqual(self.post(PLAIN, headers=headers).status, 200)

    def test_none_or_a_wrong_one_is_401_and_not_to_be_retried(self):
        """None or a wrong one is 401 and not to be retried. [A2]"""
        for headers in ({}, {"x-api-key": "x"}, {"x-api-key": ""}, {"Authorization": "Bearer x"},
                        {"Authorization": KEY}, {"Authorization": "Basic " + KEY}, {"x-api-key": KEY + " x"},
                        {"x-api-key": KEY[:-1]}, {"X-Other": KEY}):
            for path in ("/v1/messages", "/v1/messages/count_tokens"):
                with self.subTest(f"{path} {headers}"):
                    answer = self.post(PLAIN, path, headers)
                    self.refused(answer, 401, "authentication_error")
                    self.assertEqual(answer.headers.get("x-should-retry"), "false")
        self.assertEqual(self.upstream.stats()["requests"], 0)

    def test_the_key_stands_nowhere(self):
        self.post(PLAIN, headers={"x-api-key": KEY})
        self.post(PLAIN, headers={"x-api-key": "wrong-" + KEY})
        for text in (self.nim.log(), json.dumps(self.upstream.stats())):
            self.assertNotIn(KEY, text)
        self.assertNotIn(harness.KEY, self.nim.log())

    def test_open_places_need_none(self):
        """Open places need none. [A70]"""
        for method, path in (("GET", "/healthz"), ("HEAD", "/"), ("HEAD", "/api/hello")):
            self.assertEqual(harness.request(self.nim.port, method, path).status, 200)
        self.assertEqual(harness.request(self.nim.port, "GET", "/v1/models").status, 401)


if __name__ == "__main__":
    harness.main()
