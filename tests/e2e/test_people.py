#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""People: who is let in, with which limits, and what the books say of each."""

import json
import os
import re
import signal
import subprocess
import unittest

import harness
import team
from harness import body_for, request, wait_for
from team import Host, token_of


def ask(host, name, text="Hello", model="normal", token=None, headers=None, stream=True, **more):
    host.asked += 1
    fields = {"x-api-key": token_of(name) if token is None else token, **(headers or {})}
    return request(host.port, "POST", "/v1/messages", {**body_for(model, text, **more), "stream": stream},
                   {**harness.JSON, **fields})


class Case(unittest.TestCase):
    lanes = {"team": {"paced": "false"}}
    pools = {}
    people = {"ada": {}, "linus": {}}
    settings = {"bench": 0}

    @classmethod
    def setUpClass(cls):
        cls.host = Host(cls.lanes, cls.people, cls.pools, workers=6, settings=cls.settings)

    @classmethod
    def tearDownClass(cls):
        log = cls.host.nim.log
        status = cls.host.close()
        assert status == 0, status
        del log

    def refused(self, answer, status, kind):
        self.assertEqual(answer.status, status, answer.body)
        got, message = answer.error()
        self.assertEqual(got, kind, message)
        return message

    def last_request(self):
        """The line of the last message; it is written when the client has its answer already."""
        def lines():
            return [x for x in self.host.nim.log().splitlines() if "event=request " in x]
        wait_for(lambda: len(lines()) >= self.host.asked, what="the log")
        return lines()[-1]


class Tokens(Case):
    people = {"ada": {}, "linus": {}, "gone": {"disabled": "true"}}

    def test_a_persons_token_opens(self):
        self.assertEqual(ask(self.host, "ada").status, 200)
        self.assertIn(" person=ada ", self.last_request())

    def test_either_field_will_do_and_the_right_one_wins(self):
        answer = ask(self.host, "", token="wrong", headers={"Authorization": "Bearer " + token_of("linus")})
        self.assertEqual(answer.status, 200)
        self.assertIn(" person=linus ", self.last_request())
        answer = ask(self.host, "ada", headers={"Authorization": "Bearer wrong"})
        self.assertEqual(answer.status, 200)

    def test_other_tokens_do_not(self):
        digest = team.hashlib.sha256(token_of("ada").encode()).hexdigest()
        for token in ("", "wrong", token_of("gone"), token_of("ada") + "x", token_of("ada")[:-1], digest, "\xe4", "a" * 9000):
            answer = ask(self.host, "", token=token)
            message = self.refused(answer, 401, "authentication_error")
            self.assertEqual(answer.headers["x-should-retry"], "false")
            self.assertIn("token", message)

    def test_the_body_is_not_read_before_the_token(self):
        with harness.Connection(self.host.port) as c:
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": "wrong"}, 30 << 20))
            self.refused(c.read_answer("POST"), 401, "authentication_error")
        self.host.asked += 1

    def test_count_tokens_and_models_want_it_too(self):
        self.host.asked += 1  # count_tokens; lists of models are not logged
        for method, path in (("POST", "/v1/messages/count_tokens"), ("GET", "/v1/models"), ("GET", "/v1/models/a/b")):
            body = body_for("normal") if method == "POST" else None
            self.refused(request(self.host.port, method, path, body, harness.JSON), 401, "authentication_error")

    def test_no_token_is_logged_or_stored(self):
        ask(self.host, "ada")
        everything = self.host.nim.log()
        self.assertNotIn(token_of("ada"), everything)
        self.assertNotIn("nvapi-", everything)


class Limits(Case):
    people = {"minute": {"requests_per_minute": 3}, "day": {"requests_per_day": 2}, "counts": {"requests_per_day": 2}, "tokens": {"tokens_per_day": 30},
              "streams": {"streams": 2}, "models": {"models": '[ "mock/text-*", "mock/normal" ]'}}

    def test_requests_a_minute(self):
        for _ in range(3):
            self.assertEqual(ask(self.host, "minute").status, 200)
        answer = ask(self.host, "minute")
        self.refused(answer, 429, "rate_limit_error")
        self.assertTrue(55 <= int(answer.headers["retry-after"]) <= 60, answer.headers)
        self.assertNotIn("x-should-retry", answer.headers)

    def test_requests_a_day(self):
        for _ in range(2):
            self.assertEqual(ask(self.host, "day").status, 200)
        answer = ask(self.host, "day")
        message = self.refused(answer, 429, "billing_error")
        self.assertEqual(answer.headers["x-should-retry"], "false")
        self.assertIn("midnight UTC", message)

    def test_what_asks_no_model_is_no_request_of_the_day(self):
        body = json.dumps(body_for("normal")).encode()
        for _ in range(5):
            fields = {**harness.JSON, "x-api-key": token_of("counts")}
            self.assertEqual(request(self.host.port, "POST", "/v1/messages/count_tokens", body, fields).status, 200)
        for _ in range(2):
            self.assertEqual(ask(self.host, "counts").status, 200)
        self.refused(ask(self.host, "counts"), 429, "billing_error")

    def test_tokens_a_day(self):
        self.assertEqual(ask(self.host, "tokens", model="text-30").status, 200)
        wait_for(lambda: "person=tokens" in self.host.nim.log(), what="the end of the first one")
        self.refused(ask(self.host, "tokens"), 429, "billing_error")

    def test_streams_at_once(self):
        held = []
        for _ in range(2):
            data = json.dumps({**body_for("hang"), "stream": True}).encode()
            c = harness.Connection(self.host.port)
            self.addCleanup(c.socket.close)
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": token_of("streams")}, len(data)) +
                   data)
            held.append(c)
        wait_for(lambda: self.host.upstream.stats()["in_flight"] == 2, what="both to be there")
        answer = ask(self.host, "streams")
        self.refused(answer, 429, "rate_limit_error")
        self.assertEqual(answer.headers["retry-after"], "1")
        held[0].reset()
        wait_for(lambda: ask(self.host, "streams").status == 200, what="room")

    def test_models(self):
        self.assertEqual(ask(self.host, "models", model="text-3").status, 200)
        message = self.refused(ask(self.host, "models", model="echo"), 400, "invalid_request_error")
        self.assertIn("models", message)


class Log(Case):
    def test_one_line_says_who_what_and_how_long(self):
        ask(self.host, "ada", headers={"X-Claude-Code-Session-Id": "11112222-aaaa"})
        line = self.last_request()
        for word in ("id=req_", "person=ada", "session=11112222-aaaa", "lane=team", "asked=mock/normal",
                     "model=mock/normal", "wait_ms=", "first_ms=", " ms=", " in=", " out=", "outcome=ok"):
            self.assertIn(word, line)

    def test_a_hostile_session_is_quoted(self):
        ask(self.host, "ada", headers={"X-Claude-Code-Session-Id": 'x" lane=other'})
        line = self.last_request()
        self.assertIn('session="x\\" lane=other"', line)
        self.assertIn(" lane=team", line)


class Reload(unittest.TestCase):
    def setUp(self):
        self.host = Host({"team": {"paced": "false"}}, {"ada": {}}, workers=6, settings={"bench": 0})
        self.addCleanup(self.host.close)

    def write(self, people, lanes=None):
        self.host.write_people(lanes or {"team": {"paced": "false"}}, people, {})

    def test_people_come_and_go_without_a_restart(self):
        self.write({"ada": {}, "bob": {}})
        self.host.hang_up()
        wait_for(lambda: ask(self.host, "bob").status == 200, what="the new person")
        self.write({"bob": {}})
        self.host.hang_up()
        wait_for(lambda: ask(self.host, "ada").status == 401, what="the old one to go")
        self.assertEqual(ask(self.host, "bob").status, 200)

    def test_a_stream_is_not_cut_by_a_reload(self):
        data = json.dumps({**body_for("paced-40-50"), "stream": True}).encode()
        with harness.Connection(self.host.port) as c:
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": token_of("ada")}, len(data)) + data)
            wait_for(lambda: self.host.upstream.stats()["in_flight"] == 1, what="the stream")
            old = self.host.children_of("worker")
            for _ in range(3):
                self.host.hang_up()
            answer = c.read_answer("POST")
        self.assertTrue(answer.is_complete)
        self.assertIn(b"message_stop", answer.body)
        wait_for(lambda: not set(old) & set(self.host.children_of("worker")), what="the old workers to leave")

    def test_nobody_is_refused_while_workers_change(self):
        for _ in range(10):
            self.host.hang_up()
            self.assertEqual(ask(self.host, "ada").status, 200)
        stopped = self.host.nim.stop()
        self.assertEqual(stopped, 0)
        self.assertIn(" overloaded=0 ", self.host.nim.log())

    def test_a_bad_file_changes_nothing_and_is_told(self):
        bad = {
            "two people with one name": "people = ( { name = \"a\"; token_sha256 = \"%s\"; }, { name = \"a\"; "
                                        "token_sha256 = \"%s\"; } );" % ("1" * 64, "2" * 64),
            "a syntax error": "people = ( {",
            "a lane without a key": "lanes = ( { name = \"x\"; } );",
        }
        for text in bad.values():
            self.host.write("people.conf", text)
            self.host.hang_up()
            line = wait_for(lambda: [x for x in self.host.nim.log().splitlines()
                                     if "event=reload" in x and "nothing was changed" in x], what="the word")[-1]
            self.assertIn("level=error", line)
            self.assertRegex(self.host.nim.log(), r"people\.conf:\d+: ")
            self.assertEqual(ask(self.host, "ada").status, 200)


class Books(unittest.TestCase):
    def test_each_account_has_what_was_its_own_over_a_restart(self):
        lanes = {"team": {"paced": "false"}, "own": {"paced": "false", "owner": '"bob"'}}
        host = Host(lanes, {"ada": {"lane": '"team"'}, "bob": {"lane": '"own"'}}, workers=4, settings={"bench": 0})
        self.addCleanup(host.close)
        for _ in range(5):
            self.assertEqual(ask(host, "ada", model="text-3").status, 200)
        for _ in range(2):
            self.assertEqual(ask(host, "bob", model="text-9").status, 200)
        self.assertEqual(ask(host, "bob", model="400").status, 400)
        self.assertEqual(host.nim.stop(), 0)
        first = host.state()
        self.assertEqual(first["total", ""]["requests"], "8")
        self.assertEqual(first["person", "ada"]["ok"], "5")
        self.assertEqual(first["person", "bob"]["requests"], "3")
        self.assertEqual(first["lane", "own"]["requests"], "3")
        self.assertEqual(first["lane", "team"]["grants"], "5")
        self.assertEqual(first["model", "mock%2ftext-9"]["ok"], "2")
        self.assertEqual(first["person", "bob"]["client_errors"], "1")
        for name in ("input_tokens", "output_tokens", "ok", "requests"):
            people = sum(int(v.get(name, 0)) for (kind, _), v in first.items() if kind == "person")
            lanes_ = sum(int(v.get(name, 0)) for (kind, _), v in first.items() if kind == "lane")
            minutes = sum(int(v.get(name, 0)) for (kind, _), v in first.items() if kind == "minute")
            total = int(first["total", ""][name])
            self.assertEqual((people, lanes_, minutes), (total, total, total), name)
        self.assertEqual(sum(map(int, first["person", "ada"]["duration"].split(","))), 5)
        host.start()
        self.assertEqual(ask(host, "ada").status, 200)
        host.nim.stop()
        self.assertEqual(host.state()["person", "ada"]["ok"], "6")
        self.assertEqual(host.state()["total", ""]["requests"], "9")

    def test_a_refused_state_is_kept_aside(self):
        host = Host({"team": {"paced": "false"}}, {"ada": {}}, workers=2, settings={"bench": 0})
        self.addCleanup(host.close)
        ask(host, "ada")
        host.nim.stop()
        path = os.path.join(host.folder, "state", "state")
        with open(path, "r+b") as f:
            f.seek(30)
            f.write(b"7")
        host.start()
        self.assertIn("checksum is wrong; it is kept as", host.nim.log())
        self.assertEqual(ask(host, "ada").status, 200)
        kept = [n for n in os.listdir(os.path.dirname(path)) if n.startswith("state.refused-")]
        self.assertEqual(len(kept), 1)

    def test_a_full_disk_is_told_and_not_fatal(self):
        if os.geteuid() != 0:
            self.skipTest("mounting wants root")
        host = Host({"team": {"paced": "false"}}, {"ada": {}}, workers=2, settings={"bench": 0})
        self.addCleanup(host.close)
        host.nim.stop()
        state = os.path.join(host.folder, "state")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", state], capture_output=True).returncode:
            self.skipTest("no mounts here")
        self.addCleanup(subprocess.run, ["umount", "-l", state])
        with open(os.path.join(state, "other"), "wb") as f:
            f.write(b"x" * 8192)
        host.start()
        wait_for(lambda: "cannot save to" in host.nim.log(), what="the word")
        self.assertEqual(ask(host, "ada").status, 200)
        self.assertIn("No space left", host.nim.log())
        self.assertEqual(host.nim.stop(), 0)


class Commands(unittest.TestCase):
    """nim user, as an admin types it."""

    def setUp(self):
        self.host = Host({"team": {"paced": "false"}}, {"ada": {}}, workers=2, settings={"bench": 0})
        self.addCleanup(self.host.close)

    def user(self, *words, status=0):
        done = subprocess.run([harness.NIM, "user", *words, "--config", os.path.join(self.host.folder, "nim.conf")],
                              capture_output=True, text=True, env={})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_new_persons_printed_token_works(self):
        with open(os.path.join(self.host.folder, "people.conf"), "a", encoding="utf-8") as f:
            f.write("# who made this: the admin\n")
        said = self.user("add", "grace", "--weight", "2")
        token = re.search(r"^  (nim-[\w-]+)$", said, re.M).group(1)
        self.host.hang_up()
        wait_for(lambda: ask(self.host, "", token=token).status == 200, what="grace")
        with open(os.path.join(self.host.folder, "people.conf"), encoding="utf-8") as f:
            text = f.read()
        self.assertNotIn(token, text)
        self.assertIn("# who made this: the admin", text)
        self.assertEqual(ask(self.host, "ada").status, 200)
        self.assertRegex(self.user("list"), r"grace +lane team +weight 2")
        new = re.search(r"^  (nim-[\w-]+)$", self.user("rotate", "grace"), re.M).group(1)
        self.host.hang_up()
        wait_for(lambda: ask(self.host, "", token=new).status == 200, what="the new token")
        self.assertEqual(ask(self.host, "", token=token).status, 401)
        self.user("disable", "grace")
        self.host.hang_up()
        wait_for(lambda: ask(self.host, "", token=new).status == 401, what="grace to be out")
        self.user("enable", "grace")
        self.user("remove", "grace")
        self.assertNotIn("grace", self.user("list"))

    def test_what_would_be_wrong_is_refused(self):
        with open(os.path.join(self.host.folder, "people.conf"), encoding="utf-8") as f:
            before = f.read()
        self.assertIn("already", self.user("add", "ada", status=1))
        self.assertIn("no person", self.user("rotate", "nobody", status=1))
        self.assertIn("not there", self.user("add", "eve", "--lane", "nowhere", status=1))
        self.assertIn("out of range", self.user("add", "eve", "--weight", "0", status=1))
        self.assertIn("give a name", self.user("add", 'x"; }', status=2))
        self.assertIn("no name", self.user("add", "two words", status=1))
        with open(os.path.join(self.host.folder, "people.conf"), encoding="utf-8") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual([n for n in os.listdir(self.host.folder) if n.endswith(".new")], [])


if __name__ == "__main__":
    harness.main()
