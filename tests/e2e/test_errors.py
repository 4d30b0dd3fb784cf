#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the upstream refuses becomes an error in Anthropic's form: the right status, type and Retry-After, and
nothing of the upstream's inside."""

import harness

SECRETS = ("11112222", "AbCdEfGhIjKl", harness.KEY, "<html", "<center>")
OVERLOADED = ((529, "overloaded_error"),)
SERVER = ((500, "api_error"), (502, "api_error"), (503, "api_error"), (529, "overloaded_error"))

# behaviour: the (status, type) pairs that are right, words that must stand in the message
CASES = {
    "400": (((400, "invalid_request_error"),), ["something is wrong with it"]),
    "422": (((400, "invalid_request_error"),), ["Extra inputs"]),
    "401": (((500, "api_error"), (403, "permission_error")), ["key"]),
    "401-empty": (((500, "api_error"), (403, "permission_error")), ["key"]),
    "403": (((500, "api_error"), (403, "permission_error")), ["key"]),
    "404-account": (((404, "not_found_error"),), ["mock/404-account"]),
    "404-plain": (((404, "not_found_error"),), ["mock/404-plain"]),
    "404-dynamo": (((404, "not_found_error"),), ["mock/404-dynamo"]),
    "410": (((404, "not_found_error"), (400, "invalid_request_error")), ["mock/410"]),
    "degraded-99": (OVERLOADED, []),
    "ctx-vllm": (((400, "invalid_request_error"),), ["65536"]),
    "429-bare": (((429, "rate_limit_error"),), []),
    "429-after-7@a": (((429, "rate_limit_error"),), []),
    "429-date": (((429, "rate_limit_error"),), []),
    "429-garbage": (((429, "rate_limit_error"),), []),
    "429-long": (((429, "rate_limit_error"),), []),
    "500": (SERVER, []),
    "502-html": (SERVER, []),
    "503-worker": (OVERLOADED, []),
    "504-empty": (((504, "timeout_error"), *SERVER), []),
    "529": (OVERLOADED, []),
    "redirect": (((502, "api_error"),), ["redirect"]),
    "redirect-307": (((502, "api_error"),), ["redirect"]),
    "200-empty": (SERVER, []),
    "200-json-error": (SERVER, []),
    "200-html": (SERVER, []),
    "200-gzip": (SERVER, []),
    "close": (SERVER, []),
    "close-head": (SERVER, []),
    "reset": (SERVER, []),
    "bad-status": (SERVER, []),
    "no-http": (SERVER, []),
    "err-first": (SERVER, []),
    "err-first-400": (((400, "invalid_request_error"),), ["no such thing"]),
    "err-urn": (SERVER, []),
}


class Errors(harness.Case):
    settings = {"commit_after": -1}

    def check(self, name, answer):
        pairs, words = CASES[name]
        kind, message = answer.error()
        self.assertIn((answer.status, kind), pairs, message)
        for word in words:
            self.assertIn(word, message)
        for secret in SECRETS:
            self.assertNotIn(secret, answer.body.decode())
        if "retry-after" in answer.headers:
            self.assertRegex(answer.headers["retry-after"], r"^([1-9]|[1-5][0-9]|60)$")
        if answer.status == 429:
            self.assertIn("retry-after", answer.headers)

    def test_as_http_status_when_streaming(self):
        """As http status when streaming. [A57 A58 A59 A60 A62 U3.1 U3.3 F15 F16 F17 F18 F19 N3 N4 N5 N6 N19 N20 N23]"""
        for name in CASES:
            with self.subTest(name):
                self.check(name, self.post({**harness.body_for(name.replace("@a", "@b")), "stream": True}))

    def test_as_http_status_when_not_streaming(self):
        """As http status when not streaming. [A57 A58 A59 A60 A62 U3.1 U3.3]"""
        for name in CASES:
            with self.subTest(name):
                self.check(name, self.post(harness.body_for(name)))

    def test_a_redirect_is_not_followed(self):
        """A redirect is not followed. [U3.1]"""
        for name in ("redirect", "redirect-307"):
            self.upstream.reset()
            self.post(harness.body_for(name))
            self.assertEqual(self.upstream.stats()["requests"], 1)

    def test_retry_after_is_passed_on(self):
        """Retry after is passed on. [A60 N16 F15]"""
        answer = self.post(harness.body_for("429-after-7@passed"))
        self.assertIn(int(answer.headers["retry-after"]), (7, 8))
        self.assertEqual(int(self.post(harness.body_for("429-long")).headers["retry-after"]), 60)

    def test_an_upstream_401_is_not_the_clients(self):
        """An upstream 401 is not the clients. [A58 N1]"""
        for name in ("401", "403"):
            self.assertNotEqual(self.post(harness.body_for(name)).status, 401)

    def test_an_error_is_told_once_and_not_tried_again(self):
        """An error is told once and not tried again. [U3.5]"""
        for name in ("400", "500", "429-bare", "410"):
            with self.subTest(name):
                self.upstream.reset()
                self.post({**harness.body_for(name), "stream": True})
                self.assertEqual(self.upstream.stats()["posts"], 1)

    def test_the_request_id_stands_in_the_log(self):
        """The request id stands in the log. [A63]"""
        answer = self.post(harness.body_for("500"))
        harness.wait_for(lambda: answer.headers["request-id"] in self.new_log(), what="the log line")

    def test_the_worker_goes_on(self):
        for name in ("close-head", "no-http", "reset"):
            self.post(harness.body_for(name))
            self.assertEqual(self.post(harness.body_for("normal")).status, 200)


class NoUpstream(harness.Case):
    """Nobody listens where the upstream should be."""
    settings = {"commit_after": -1}

    @classmethod
    def setUpClass(cls):
        cls.upstream = harness.Fakenim()
        cls.nim = harness.Nim(harness.free_port(), cls.settings, cls.models, cls.env, 2)

    def test_is_a_server_error(self):
        """Is a server error. [A51 N24 U3.1]"""
        for stream in (False, True):
            answer = self.post({**harness.body_for("normal"), "stream": stream})
            kind, _ = answer.error()
            self.assertIn((answer.status, kind), SERVER)


class Committed(harness.Case):
    """After the 200 an error is an event; ride_out = 0 forbids to try again."""
    settings = {"commit_after": 0, "ride_out": 0}

    def test_errors_are_events(self):
        """Errors are events. [A53 A50]"""
        for name, kind in (("400", "invalid_request_error"), ("500", "overloaded_error"),
                           ("429-bare", "overloaded_error"), ("close", "overloaded_error"),
                           ("404-plain", "not_found_error"), ("err-first", "overloaded_error"),
                           ("200-empty", "overloaded_error")):
            with self.subTest(name):
                reader = self.stream(name, end=harness.grammar.ERROR)
                self.assertEqual(reader.error["error"]["type"], kind)
                for secret in SECRETS:
                    self.assertNotIn(secret, reader.answer.body.decode())


if __name__ == "__main__":
    harness.main()
