#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lanes: windows that the upstream enforces, waiting, refusing, resting, and what the client is told. The clock is
scaled: NVIDIA's minute is a second or two here."""

import datetime
import json
import os
import re
import signal
import threading
import time
import unittest

import harness
import team
from harness import SLOW, wait_for
from team import Host, Keeper, token_of
from test_people import ask

SCALE = 30  # a window of 2.03 s beside the upstream's 2 s


def together(n, work):
    """work(i) for 0 … n-1 at the same time; returns what they return."""
    results = [None] * n

    def one(i):
        results[i] = work(i)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Case(unittest.TestCase):
    lanes = {"team": {}}
    pools = {}
    people = {"ada": {}}
    settings = {}
    workers = 50

    def setUp(self):
        self.host = Host(self.lanes, self.people, self.pools, SCALE, self.workers, self.settings)
        self.addCleanup(self.host.close)

    def ask(self, name="ada", *words, **more):
        return ask(self.host, name, *words, **more)

    def assert_kept(self):
        """No key was asked too often in any of the upstream's own windows."""
        for key, counts in self.host.upstream.keys().items():
            self.assertEqual(counts["over"], 0, key)
            self.assertLessEqual(counts["most"], team.RPM, key)

    def assert_whole(self, answers):
        for answer in answers:
            self.assertEqual(answer.status, 200, answer.body)
            self.assertIn(b"event: message_stop", answer.body)


class Windows(Case):
    workers = 110

    def test_more_than_a_window_holds_waits_and_nothing_is_refused(self):
        """A hundred requests at once: none is refused, and no window holds more than its limit. [A61]"""
        answers = together(100, lambda i: self.ask())
        self.assert_whole(answers)
        self.assertEqual(len(self.host.upstream.posts()), 100)
        self.assert_kept()

    def test_a_full_window_survives_a_stop_and_a_start(self):
        self.assert_whole(together(40, lambda i: self.ask()))
        self.assertEqual(self.host.nim.stop(), 0)
        self.host.start()
        self.assertIn("accounts and windows go on", self.host.nim.log())
        self.assert_whole(together(40, lambda i: self.ask()))
        self.assert_kept()

    def test_after_an_end_without_a_word_the_windows_count_as_full(self):
        self.assert_whole(together(30, lambda i: self.ask()))
        self.host.kill_master()
        self.host.start()
        self.assertIn("windows count as full now", self.host.nim.log())
        self.assert_whole(together(30, lambda i: self.ask()))
        self.assert_kept()

    def test_a_lowered_limit_holds_at_once(self):
        self.assert_whole(together(20, lambda i: self.ask()))
        self.host.write_people({"team": {"rpm": 10}}, {"ada": {}}, {})
        self.host.hang_up()
        wait_for(lambda: self.ask().headers["anthropic-ratelimit-requests-limit"] == "10", what="the new limit")
        self.assert_whole(together(15, lambda i: self.ask()))
        posts = sorted(p["at_us"] for p in self.host.upstream.posts())[22:]
        for first, last in zip(posts, posts[10:]):
            self.assertGreaterEqual(last - first, 2e6, "an eleventh within the window")
        self.assert_kept()

    def test_the_reboot_is_a_full_window_as_of_then(self):
        self.assert_whole(together(5, lambda i: self.ask()))
        self.host.nim.stop()
        path = os.path.join(self.host.folder, "state", "state")
        with open(path, encoding="ascii") as f:
            lines = f.read().splitlines()[:-1]
        lines[1] = re.sub(r"boot=\S+", "boot=another", lines[1])
        text = "\n".join(lines) + "\n"
        with open(path, "w", encoding="ascii") as f:
            f.write(text + "sum " + team.hashlib.sha256(text.encode()).hexdigest() + "\n")
        self.host.start()
        self.assertIn("windows were full at the boot", self.host.nim.log())
        answer = self.ask()  # this machine has been up for longer than a window
        self.assertEqual(answer.headers["anthropic-ratelimit-requests-remaining"], "39")

    def test_killed_and_frozen_workers_cost_no_violation(self):
        chaos = team.trouble(kill_s=3, freeze_s=20, hup_s=40)
        people = [team.Person("ada", 30, 0.1, 2)]
        run = team.Team(self.host, people)
        report = run.run(200 * SLOW, lambda: chaos(self.host, run))
        self.assertGreater(chaos.done["kills"], 20)
        self.assertEqual(report.over, 0)
        self.assertLessEqual(report.most, team.RPM)
        self.assertEqual(report.failures, [], [s.text[-200:] for s in report.failures])
        self.assertLessEqual(len(report.cut), chaos.done["kills"])


class Told(Case):
    """What stands in the answers' heads."""
    settings = {"window": 60000, "rpm": 5}

    def test_the_real_window(self):
        for i in range(3):
            answer = self.ask()
            fields = {k[len("anthropic-ratelimit-"):]: v for k, v in answer.headers.items()
                      if k.startswith("anthropic-ratelimit-")}
            self.assertEqual(set(fields), {"requests-limit", "requests-remaining", "requests-reset"})
            self.assertEqual((fields["requests-limit"], fields["requests-remaining"]), ("5", str(4 - i)))
            reset = datetime.datetime.strptime(fields["requests-reset"], "%Y-%m-%dT%H:%M:%SZ")
            seconds = (reset - datetime.datetime.utcnow()).total_seconds()
            self.assertTrue(57 <= seconds <= 62, seconds)

    def test_errors_have_them_too(self):
        answer = self.ask(model="400")
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.headers["anthropic-ratelimit-requests-remaining"], "4")


class Tokens(Case):
    lanes = {"team": {"tokens_per_minute": 3000, "window": 2000}}

    def test_a_window_of_tokens_is_kept_too(self):
        text = "word " * 700
        self.ask("ada", text)  # from now on the estimate is what this upstream counts
        wait_for(self.told, what="the count")
        time.sleep(2.1)  # a window later
        self.host.upstream.reset()
        answers = together(6, lambda i: self.ask("ada", text))
        self.assert_whole(answers)
        for answer in answers:
            self.assertEqual(answer.headers["anthropic-ratelimit-tokens-limit"], "3000")
        posts = sorted(p["at_us"] for p in self.host.upstream.posts())
        used = int(wait_for(lambda: self.told(), what="the count"))
        self.assertGreater(used, 400)
        for first, last in zip(posts, posts[3000 // used:]):
            self.assertGreaterEqual(last - first, 1.99e6, (used, posts))

    def told(self):
        found = re.findall(r"event=request .* in=(\d+)", self.host.nim.log())
        return found[-1] if found else None

    def test_a_request_larger_than_the_limit_goes_alone(self):
        self.assert_whole([self.ask("ada", "word " * 8000)])


class Waiting(Case):
    settings = {"rpm": 2, "window": 1500, "ping_interval": 200, "max_wait": 60000}

    def test_who_waits_hears_pings(self):
        answers = together(5, lambda i: self.ask())
        self.assert_whole(answers)
        longest = max(answers, key=lambda a: a.body.count(b"event: ping"))
        self.assertGreater(longest.body.count(b"event: ping"), 3)

    def test_an_answer_that_is_not_streamed_waits_too(self):
        answers = together(4, lambda i: self.ask(stream=False))
        self.assertEqual([a.status for a in answers], [200] * 4)

    def test_who_leaves_is_never_sent_and_gives_way(self):
        together(2, lambda i: self.ask())
        body = json.dumps({**harness.body_for("normal", "Hello mark:left"), "stream": True}).encode()
        with harness.Connection(self.host.port) as c:
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": token_of("ada")}, len(body)) + body)
            while b"message_start" not in c.buffer:
                self.assertTrue(c.more(), c.buffer)
            c.reset()
        self.assert_whole(together(2, lambda i: self.ask()))
        self.assertNotIn("left", [p["mark"] for p in self.host.upstream.posts()])
        wait_for(lambda: "outcome=aborted" in self.host.nim.log(), what="the log")

    def test_a_frozen_waiter_is_passed_over(self):
        together(2, lambda i: self.ask())
        before = self.sockets()
        thread = threading.Thread(target=self.ask)
        thread.start()
        pid = wait_for(lambda: [p for p, n in self.sockets().items() if n > before.get(p, 99)], what="it to wait")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            self.assert_whole([self.ask()])
            self.assertLess(time.monotonic() - began, 2.5 * SLOW)
        finally:
            os.kill(pid, signal.SIGCONT)
        thread.join()

    def sockets(self):
        """How many each worker holds; one more when it has a client."""
        counts = {}
        for pid in self.host.children_of("worker"):
            try:
                counts[pid] = sum(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
                                  for fd in os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                pass
        return counts


class Refusing(Case):
    settings = {"rpm": 4, "window": 8000, "max_wait": 3000, "spread": "false"}
    workers = 20

    def test_who_would_wait_too_long_is_told_when_to_come_back_and_is_let_in_then(self):
        together(4, lambda i: self.ask())
        answer = self.ask(headers={"X-Claude-Code-Session-Id": "one"})
        self.assertEqual(answer.status, 429, answer.body)
        self.assertEqual(answer.error()[0], "rate_limit_error")
        after = int(answer.headers["retry-after"])
        self.assertTrue(1 <= after <= 8, after)
        time.sleep(after)  # what it was told
        self.assert_whole([self.ask(headers={"X-Claude-Code-Session-Id": "one"})])
        self.assert_kept()

    def test_a_lie_about_the_session_is_the_liars_own(self):
        """Another person's place in the order does not hang on what this one says of itself."""
        self.host.write_people({"team": {}}, {"ada": {}, "bob": {}}, {})
        self.host.hang_up()
        wait_for(lambda: self.ask("bob", model="400").status == 400, what="bob")
        lies = [{"x-claude-code-request-class": "main"}, {"x-claude-code-request-class": "\x01" * 3000},
                {"X-Claude-Code-Session-Id": "s" * 5000}, {"x-claude-code-agent-id": ""}]
        together(8, lambda i: self.ask("ada", headers=lies[i % len(lies)]))
        answer = self.ask("bob")
        self.assertIn(answer.status, (200, 429))
        if answer.status == 429:
            self.assertLessEqual(int(answer.headers["retry-after"]), 8)


class Upstream429(unittest.TestCase):
    def test_it_benches_the_lane_and_the_client_sees_nothing_of_it(self):
        host = Host({"team": {}}, {"ada": {}}, None, SCALE, 10, {"bench": 300, "bench_max": 1000},
                    keys={"team": "busy-key"})
        self.addCleanup(host.close)
        answer = ask(host, "ada")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertIn(b"message_stop", answer.body)
        pauses = [int(x) for x in re.findall(r"event=benched .*for_ms=(\d+)", host.nim.log())]
        self.assertEqual(pauses, [300, 600, 1000])
        posts = [p["at_us"] / 1000 for p in host.upstream.posts() if p["key"] == "busy-key"]
        for gap, pause in zip([b - a for a, b in zip(posts, posts[1:])], pauses):
            self.assertGreaterEqual(gap, pause - 1)
        host.nim.stop()
        self.assertEqual(host.state()["lane", "team"]["upstream_limited"], "3")
        self.assertEqual(host.state()["lane", "team"]["grants"], "4")
        self.assertEqual(host.state()["total", ""]["ok"], "1")

    def test_retry_after_is_obeyed_in_seconds_and_as_a_date(self):
        host = Host({"team": {}}, {"ada": {}}, None, SCALE, 10, {"bench": 100, "max_wait": 30000})
        self.addCleanup(host.close)
        began = time.monotonic()
        answer = ask(host, "ada", model="429-after-2@lanes")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertGreaterEqual(time.monotonic() - began, 1.9)
        answer = ask(host, "ada", model="429-date")  # years away
        self.assertEqual(answer.status, 429, answer.body)
        self.assertEqual(answer.headers["retry-after"], "60")

    def test_what_rests_for_longer_than_max_wait_is_429(self):
        host = Host({"team": {}}, {"ada": {}}, None, SCALE, 10, {"bench": 20000, "max_wait": 1000},
                    keys={"team": "busy-key"})
        self.addCleanup(host.close)
        answer = ask(host, "ada", stream=False)
        self.assertEqual(answer.status, 429)
        self.assertTrue(18 <= int(answer.headers["retry-after"]) <= 21, answer.headers)


class Keys(unittest.TestCase):
    def test_two_401_in_a_row_disable_the_lane_loudly(self):
        host = Host({"team": {}}, {"ada": {}}, None, SCALE, 10, keys={"team": "bad-key"})
        self.addCleanup(host.close)
        for _ in range(2):
            self.assertEqual(ask(host, "ada", stream=False).status, 500)
        line = wait_for(lambda: [x for x in host.nim.log().splitlines() if "event=lane_disabled" in x], what="the word")[0]
        self.assertIn("level=error", line)
        self.assertIn("lane=team", line)
        answer = ask(host, "ada", stream=False)
        self.assertEqual(answer.status, 500)
        self.assertIn("No lane can be used", answer.error()[1])
        self.assertEqual(len(host.upstream.posts()), 2)
        host.write("team.key", "good-key")
        host.hang_up()
        wait_for(lambda: ask(host, "ada").status == 200, what="the new key to be used")

    def test_in_a_pool_the_other_lane_serves(self):
        host = Host({"one": {}, "two": {}}, {"ada": {"lane": '"all"'}}, {"all": ["one", "two"]}, SCALE, 10,
                    keys={"one": "bad-key"})
        self.addCleanup(host.close)
        answers = [ask(host, "ada", headers={"X-Claude-Code-Session-Id": str(i)}) for i in range(12)]
        self.assertEqual({a.status for a in answers}, {200})

    def test_nobodys_key_is_used_for_another(self):
        lanes = {"ada": {"owner": '"ada"', "rpm": 5}, "team": {}}
        host = Host(lanes, {"ada": {"lane": '"ada"'}, "bob": {"lane": '"team"'}}, None, SCALE, 30)
        self.addCleanup(host.close)
        together(12, lambda i: ask(host, "ada", "x mark:ada"))
        together(12, lambda i: ask(host, "bob", "x mark:bob"))
        for post in host.upstream.posts():
            self.assertEqual(post["key"], "nvapi-" + ("ada" if post["mark"] == "ada" else "team"))

    def test_keys_of_one_account_share_one_limit(self):
        host = Host({"team": {}}, {"ada": {}}, None, SCALE, 30, {"rpm": 6})
        self.addCleanup(host.close)
        host.write("second.key", "nvapi-second")
        path = f'[ "{host.folder}/team.key", "{host.folder}/second.key" ]'
        host.write_people({"team": {"key_file": path}}, {"ada": {}}, {})
        host.reload()
        together(12, lambda i: ask(host, "ada"))
        posts = sorted(p["at_us"] for p in host.upstream.posts())
        self.assertEqual({p["key"] for p in host.upstream.posts()}, {"nvapi-team", "nvapi-second"})
        for first, last in zip(posts, posts[6:]):
            self.assertGreaterEqual(last - first, 2e6)


class Pools(Case):
    lanes = {"one": {}, "two": {}}
    pools = {"all": ["one", "two"]}
    people = {"ada": {"lane": '"all"'}}
    workers = 100

    def test_a_session_stays_on_its_lane(self):
        for session in ("a", "b", "c", "d"):
            for _ in range(4):
                self.ask("ada", f"x mark:{session}", headers={"X-Claude-Code-Session-Id": session * 8})
        keys = {}
        for post in self.host.upstream.posts():
            keys.setdefault(post["mark"], set()).add(post["key"])
        self.assertEqual([len(k) for k in keys.values()], [1] * 4)
        self.assertEqual(len(set.union(*keys.values())), 2, "all sessions on one lane")

    def test_a_full_lane_is_left(self):
        answers = together(70, lambda i: self.ask(headers={"X-Claude-Code-Session-Id": "same"}))
        self.assert_whole(answers)
        self.assertEqual(answers[0].headers["anthropic-ratelimit-requests-limit"], "80")
        self.assertEqual(len(self.host.upstream.keys()), 2)
        self.assert_kept()


class Brake(Case):
    settings = {"commit_after": 20}

    def test_too_busy_presses_the_models_own_brake(self):
        answers = together(8, lambda i: self.ask(model="503-worker-once@7"))
        self.assertIn("event=braked", self.host.nim.log())
        line = [x for x in self.host.nim.log().splitlines() if "event=braked" in x][0]
        self.assertIn("model=mock/503-worker-once@7", line)
        self.assertLessEqual(int(re.search(r"at_once=(\d+)", line).group(1)), 4)
        self.assertEqual({a.status for a in answers} - {200, 529}, set())
        self.assert_whole([self.ask(model="normal")])


class Masters(Case):
    """A master dies; systemd keeps the segment, the next one goes on with it."""

    def setUp(self):
        self.keeper = Keeper()
        self.addCleanup(self.keeper.close)
        self.host = Host({"team": {}}, {"ada": {}}, None, SCALE, 30, {}, self.keeper)
        self.addCleanup(self.host.close)
        wait_for(lambda: "nim-segment" in self.keeper.stored, what="the segment to be stored")

    def test_windows_and_counts_go_on(self):
        for _ in range(3):
            self.assert_whole(together(25, lambda i: self.ask()))
            self.host.kill_master()
            self.host.start()
            self.assertIn("taken over from the master before", self.host.nim.log())
        self.assert_whole(together(25, lambda i: self.ask()))
        self.assert_kept()
        self.assertEqual(self.host.nim.stop(), 0)
        self.assertEqual(self.host.state()["total", ""]["ok"], "100")
        self.assertEqual(self.host.state()["person", "ada"]["requests"], "100")

    def test_a_stream_of_the_old_one_ends_well_and_is_booked_by_the_new(self):
        body = json.dumps({**harness.body_for("paced-60-50"), "stream": True}).encode()
        with harness.Connection(self.host.port) as c:
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": token_of("ada")}, len(body)) + body)
            wait_for(lambda: self.host.upstream.stats()["in_flight"] == 1, what="the stream")
            self.host.kill_master()
            self.host.start()
            answer = c.read_answer("POST")
        self.assertIn(b"message_stop", answer.body)
        self.host.nim.stop()
        wait_for(lambda: self.host.state()["total", ""].get("ok") == "1", what="the booking")

    def test_children_of_a_dead_master_hold_no_listener_and_swallow_nobody(self):
        body = json.dumps({**harness.body_for("paced-60-50"), "stream": True}).encode()
        with harness.Connection(self.host.port) as c:
            c.send(harness.head("POST", "/v1/messages", {**harness.JSON, "x-api-key": token_of("ada")}, len(body)) + body)
            wait_for(lambda: self.host.upstream.stats()["in_flight"] == 1, what="the stream")
            old = self.host.children_of("worker") + self.host.children_of("gate")
            self.host.kill_master()
            wait_for(lambda: sum(harness.has_state(p) not in (None, "Z", "X") for p in old) <= 1,
                     what="all but the streaming one to leave")
            with self.assertRaises(OSError):
                harness.Connection(self.host.port).socket.close()
            self.host.start()
            for _ in range(30):
                self.assertEqual(self.ask().status, 200)
            c.reset()

    def test_it_says_when_it_is_ready(self):
        wait_for(lambda: {"READY": "1"} in self.keeper.texts, what="the word")

    def test_a_strange_segment_is_not_used(self):
        self.host.nim.stop()
        self.keeper.drop("nim-segment")
        fd = os.memfd_create("strange")
        os.write(fd, b"nimshm\r\n" + os.urandom(1 << 16))
        self.keeper.stored["nim-segment"] = fd
        self.host.start()
        self.assertIn("stored segment is not used", self.host.nim.log())
        self.assert_whole([self.ask()])


if __name__ == "__main__":
    harness.main()
