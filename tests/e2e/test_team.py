#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A team at work, in short: the scenes of team.py with a clock that runs thirty times as fast. What a scaled clock cannot
blur is asserted here; the figures are for the real one (tests/e2e/team.py)."""

import os
import random
import signal
import threading
import time
import unittest

import harness
import team
from harness import SLOW, wait_for
from team import Host, Keeper, Person, Team, trouble

SCALE = 30 / SLOW


def run(name, seconds=186, chaos=None):
    scene = team.SCENES[name]()
    scene.seconds = seconds
    return scene.run(SCALE, chaos)


class Scenes(unittest.TestCase):
    def check(self, report, kills=0):
        self.assertEqual(report.over, 0, "posts over the limit")
        self.assertLessEqual(report.most, team.RPM)
        self.assertEqual([s.text[-300:] for s in report.failures], [])
        self.assertLessEqual(len(report.cut), kills)

    def test_alone(self):
        report = run("alone")
        self.check(report)
        self.assertGreaterEqual(report.use(), 0.8)

    def test_equal_people_get_equal_shares(self):
        report = run("equal")
        self.check(report)
        self.assertGreaterEqual(report.jain(team.Equal.names), 0.98)

    def test_a_light_user_beside_a_greedy_one(self):
        report = run("greedy")
        self.check(report)
        self.assertLessEqual(team.percentile(report.waits("light"), 95), 12)

    def test_shares_do_not_follow_the_number_of_agents(self):
        report = run("shares")
        self.check(report)
        every = report.count()
        self.assertGreaterEqual(report.count("ada") / every, 0.2)
        self.assertGreaterEqual(report.count("bob") / every, 0.25)

    def test_background_keeps_moving_behind_interactive_work(self):
        report = run("classes")
        self.check(report)
        self.assertLessEqual(team.percentile(report.waits(background=False), 95), 25)
        self.assertGreaterEqual(report.count(background=True), 8)

    def test_who_has_left_is_not_sent(self):
        report = run("leavers")
        self.check(report)
        self.assertEqual(len(report.sent_all_the_same()), 0)
        self.assertGreater(len(report.left_waiting()), 10)

    def test_three_lanes_with_kills_and_reloads(self):
        chaos = trouble(kill_s=6, freeze_s=40, hup_s=40)
        report = run("lanes3", 186, chaos)
        self.check(report, chaos.done["kills"])
        self.assertGreater(chaos.done["kills"], 20)
        self.assertGreaterEqual(report.use(), 0.7)


class Books(unittest.TestCase):
    """What the accounts say beside the upstream's own record, whatever died meanwhile."""

    def setUp(self):
        self.keeper = Keeper()
        self.addCleanup(self.keeper.close)
        self.host = Host({"team": {"paced": "false"}}, {"ada": {}, "bob": {}}, None, SCALE, 16, {"bench": 0},
                         self.keeper)
        self.addCleanup(self.host.close)
        wait_for(lambda: "nim-segment" in self.keeper.stored, what="the segment to be stored")

    def chaos(self, host, run):
        chance = random.Random(3)
        for i in range(60):
            if i % 20 == 10:
                host.kill_master()
                host.start()
            if i % 6 == 3:
                host.hang_up()
            wait_for(lambda: team.signal_one(host, chance, signal.SIGKILL), what="a worker to kill")
            time.sleep(0.05)  # the pace of the killing, not an order of events
        run.is_over = True

    def test_nothing_is_lost_and_nothing_counted_twice(self):
        people = [Person("ada", 6, 0.2, 3), Person("bob", 3, 0.2, 3)]
        work = Team(self.host, people)
        stop = threading.Event()

        def chaos():
            self.chaos(self.host, work)
            stop.set()
        work.run(400, chaos)
        wait_for(stop.is_set, 60 * SLOW, "the chaos")
        self.host.upstream.wait_idle(10 * SLOW)
        self.assertEqual(self.host.nim.stop(), 0)
        posts = [p for p in self.host.upstream.posts() if p["mark"]]
        rows = self.host.state()
        for name in ("ada", "bob"):
            self.check_person(name, rows["person", name], [p for p in posts if p["mark"].startswith(name)],
                              [s for s in work.sent if s.person == name])
        total = rows["total", ""]
        for counter in ("requests", "ok", "aborted", "output_tokens", "grants"):
            parts = sum(int(rows["person", n].get(counter, 0)) for n in ("ada", "bob"))
            self.assertEqual(int(total.get(counter, 0)), parts, counter)
        self.assertEqual(int(rows["lane", "team"]["grants"]), int(total["grants"]))

    def check_person(self, name, row, posts, sent):
        count = {k: int(row.get(k, 0)) for k in ("requests", "ok", "aborted", "grants", "output_tokens", "upstream_errors",
                                                 "client_errors", "rate_limited", "retries")}
        whole = [s for s in sent if s.is_whole]
        said = f"{name}: {count}, {len(posts)} posts, {len(whole)} whole of {len(sent)}"
        ends = sum(count[k] for k in ("ok", "aborted", "upstream_errors", "client_errors", "rate_limited"))
        self.assertEqual(ends, count["requests"], said)
        # none lost: what was posted was a request; none double: each was sent by a client
        self.assertGreaterEqual(count["requests"], len({p["mark"] for p in posts}), said)
        self.assertLessEqual(count["requests"], len(sent), said)
        # each post was a grant that is in the books; a grant may have been killed before it was sent
        self.assertGreaterEqual(count["grants"], len(posts), said)
        self.assertLessEqual(count["grants"], len(posts) + 60, said)
        # what the client has in full is ok, unless its worker died between its last byte and the books
        self.assertLessEqual(count["ok"], len([p for p in posts if p["end"] == "ended"]), said)
        self.assertGreaterEqual(count["ok"], len(whole) - 60, said)
        # tokens: the whole ones in full, the broken ones as far as they were relayed
        most = sum(p["deltas"] for p in posts)
        least = sum(p["deltas"] for p in posts if p["end"] == "ended" and p["status"] == 200)
        self.assertLessEqual(count["output_tokens"], most + 2 * len(posts), said)
        self.assertGreaterEqual(count["output_tokens"], 0.9 * least - 60 * 12, said)


if __name__ == "__main__":
    harness.main()
