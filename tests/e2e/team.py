#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A team at work: people with agents in closed loops, lanes with limits that the simulated NIM enforces, and whatever can
go wrong meanwhile. The scenes and their goals stand in a table; a run prints each figure beside its goal.

    tests/e2e/team.py                    lists the scenes
    tests/e2e/team.py SCENE...           runs them in real time (minutes)
    tests/e2e/team.py --scale 30 all     so many times faster: windows of two seconds
    tests/e2e/team.py --kill 1 --freeze 7 --hup 10 --master 60 --restart 90 lanes3
                                         with a killed worker each second, and so on

A wait is from the client's send to the upstream's arrival; both read the same monotonic clock."""

import array
import asyncio
import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import harness

RPM, WINDOW_MS, SPACING_MS = 40, 61000, 25


# ---- the host

def token_of(name):
    return "nim-test-" + name


def people_conf(lanes, people, pools=()):
    """lanes: {name: {member: value}}; people: {name: {…}}; pools: {name: [lane, …]}. Values as libconfig writes them."""
    def group(name, members):
        return "{ name = \"%s\"; %s }" % (name, " ".join(f"{k} = {v};" for k, v in members.items()))

    def token(name):
        return '"' + hashlib.sha256(token_of(name).encode()).hexdigest() + '"'

    text = "lanes = ( " + ",\n".join(group(n, m) for n, m in lanes.items()) + " );\n"
    if pools:
        text += "pools = ( " + ",\n".join(
            group(n, {"lanes": "[ " + ", ".join(f'"{x}"' for x in l) + " ]"}) for n, l in pools.items()) + " );\n"
    return text + "people = ( " + ",\n".join(
        group(n, {"token_sha256": token(n), **m}) for n, m in people.items()) + " );\n"


class Keeper:
    """What systemd does for a service: takes its notifications, and keeps its descriptors from one run to the next."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="nim-test-keeper-")
        os.chmod(self.folder, 0o755)
        self.path = os.path.join(self.folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.settimeout(0.2)
        self.stored, self.texts, self.is_over = {}, [], False
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        fds = array.array("i")
        while not self.is_over:
            try:
                text, more, _, _ = self.socket.recvmsg(4096, socket.CMSG_LEN(4 * 4))
            except TimeoutError:
                continue
            words = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
            self.texts.append(words)
            del fds[:]
            for level, kind, data in more:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(data[:len(data) - len(data) % 4])
            if words.get("FDSTOREREMOVE"):
                self.drop(words.get("FDNAME"))
            elif words.get("FDSTORE") and fds:
                self.drop(words.get("FDNAME"))
                self.stored[words.get("FDNAME")] = fds[0]

    def drop(self, name):
        if name in self.stored:
            os.close(self.stored.pop(name))

    def argv(self, argv):
        """The command that starts argv with the stored descriptors from 3 on."""
        names = list(self.stored)
        script = ("import os, sys\n"
                  "n = int(sys.argv[1]); fds = [int(x) for x in sys.argv[2:2 + n]]\n"
                  "high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]\n"
                  "for i, fd in enumerate(high): os.dup2(fd, 3 + i, inheritable=True)\n"
                  "os.closerange(3 + n, 300)\n"
                  "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(n), LISTEN_FDNAMES=sys.argv[2 + n])\n"
                  "os.execv(sys.argv[3 + n], sys.argv[3 + n:])\n")
        fds = [self.stored[n] for n in names]
        for fd in fds:
            os.set_inheritable(fd, True)
        return [sys.executable, "-c", script, str(len(fds)), *map(str, fds), ":".join(names), *argv], fds

    def close(self):
        self.is_over = True
        self.thread.join()
        for name in list(self.stored):
            self.drop(name)
        self.socket.close()


class Host:
    """An enforcing NIM and a nim before it, which may be killed and started again."""

    def __init__(self, lanes, people, pools=None, scale=1, workers=32, settings=None, keeper=None, window_ms=60000,
                 keys=None):
        self.scale = scale
        self.upstream = harness.Fakenim("--rpm", str(RPM), "--window", str(int(window_ms / scale)), key=None)
        self.port = harness.free_port()
        self.folder = tempfile.mkdtemp(prefix="nim-test-host-")
        os.chmod(self.folder, 0o755)
        self.keeper, self.workers, self.runs = keeper, workers, []
        self.asked = 0  # for tests that count what they send
        self.lanes = lanes
        for name in lanes:
            self.write(name + ".key", (keys or {}).get(name, f"nvapi-{name}"))
        self.settings = {"log_level": '"debug"', "status": "( )", "state_dir": f'"{self.folder}/state"', "rpm": RPM,
                         "window": int(WINDOW_MS / scale) + (1 if scale > 1 else 0),
                         "spacing": int(SPACING_MS / scale), **(settings or {})}
        self.write("models.conf", harness.MODELS)
        self.write_people(lanes, people, pools or {})
        self.write_conf()
        self.start()

    def write_people(self, lanes, people, pools):
        full = {n: {"key_file": f'"{self.folder}/{n}.key"', **m} for n, m in lanes.items()}
        self.write("people.conf", people_conf(full, people, pools))

    def write_conf(self):
        lines = [f'listen = ( {{ address = "127.0.0.1"; port = {self.port}; }} );',
                 f'upstreams = ( {{ name = "fake"; base_url = "http://127.0.0.1:{self.upstream.port}/v1"; }} );',
                 f"workers = {{ max = {self.workers}; }};", 'user = "root";']
        self.write("nim.conf", "\n".join(lines + [f"{k} = {v};" for k, v in self.settings.items()]) + "\n")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            os.chmod(path, 0o600)
            f.write(text)

    def start(self):
        argv, fds = [harness.NIM, "proxy", "--config", os.path.join(self.folder, "nim.conf")], []
        env = {"LC_ALL": "C.UTF-8", "NIM": harness.NIM}
        if self.keeper:
            argv, fds = self.keeper.argv(argv)
            env["NOTIFY_SOCKET"] = self.keeper.path
        self.nim = Started("nim", argv, env, fds)
        self.runs.append(self.nim)
        harness.wait_for(lambda: "event=ready" in self.nim.log() or self.nim.died(), what="nim to be ready")
        assert not self.nim.died(), self.nim.log()

    def children_of(self, what):
        """The living processes of that kind, as the log has named them."""
        pids = [int(line.split(" pid=")[1].split()[0]) for line in self.nim.log().splitlines()
                if "event=started" in line and f"what={what} " in line]
        return [p for p in pids if harness.has_state(p) not in (None, "Z", "X")]

    def hang_up(self):
        before = self.nim.log().count("event=reload")
        os.kill(self.nim.pid, signal.SIGHUP)
        harness.wait_for(lambda: self.nim.log().count("event=reload") > before, what="the reload")

    def reload(self):
        """Until no idle worker works with what was before."""
        old = self.children_of("worker")
        self.hang_up()
        harness.wait_for(lambda: not set(old) & set(self.children_of("worker")), what="the old workers to leave")

    def kill_master(self):
        self.nim.process.kill()
        self.nim.process.wait()

    def logs(self):
        return "".join(run.log() for run in self.runs)

    def state(self):
        """The saved accounts: {(kind, name): {member: text}}."""
        return read_state(os.path.join(self.folder, "state", "state"))

    def close(self):
        status = self.nim.stop()
        self.upstream.stop()
        for run in self.runs:
            run.clean()
        self.upstream.clean()
        return status


class Started(harness.Server):
    """A server with descriptors of its own."""

    def __init__(self, name, argv, env, fds):
        self.fds = tuple(fds)
        popen = subprocess.Popen
        try:
            subprocess.Popen = lambda *a, **k: popen(*a, **k, pass_fds=self.fds)
            super().__init__(name, argv, env)
        finally:
            subprocess.Popen = popen


def read_state(path):
    rows = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            kind, *pairs = line.split()
            values = dict(p.split("=", 1) for p in pairs if "=" in p)
            rows[kind, values.get("name", values.get("number", ""))] = values
    return rows


# ---- the people

class Person:
    def __init__(self, name, agents=1, think=3.0, answer=3.0, background=0, leave=0.0):
        """Seconds are means of exponentials. background: so many of the agents say that they are subagents. leave: the
        part of the requests that their client gives up after 0.5 to 5 s."""
        self.name, self.agents, self.think, self.answer = name, agents, think, answer
        self.background, self.leave = background, leave


class Sent:
    """One request of an agent, as the client saw it."""

    def __init__(self, person, mark, is_background):
        self.person, self.mark, self.is_background = person, mark, is_background
        self.at = time.monotonic()
        self.status = None      # None: no answer came
        self.is_whole = False
        self.left_at = None     # the client gave up
        self.retry_after = None
        self.was_told = False   # it came back when it had been told to
        self.text = b""


class Team:
    """Runs people against a host for some seconds."""

    def __init__(self, host, people, seed=1):
        self.host, self.people, self.scale = host, people, host.scale
        self.sent, self.chance = [], random.Random(seed)
        self.is_over = False

    def run(self, seconds, chaos=None):
        """seconds of the unscaled clock. chaos(): called in a thread of its own; it may read self.is_over."""
        self.began = time.monotonic()
        thread = threading.Thread(target=chaos, daemon=True) if chaos else None
        if thread:
            thread.start()
        try:
            asyncio.run(self.work(seconds / self.scale))
        finally:
            self.is_over = True
            if thread:
                thread.join()
        self.ended = time.monotonic()
        return Report(self, seconds)

    async def work(self, seconds):
        tasks = [asyncio.ensure_future(self.agent(p, n)) for p in self.people for n in range(p.agents)]
        await asyncio.sleep(seconds)
        self.is_over = True
        self.closed_at = time.monotonic()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for problem in results:
            if isinstance(problem, BaseException) and not isinstance(problem, asyncio.CancelledError):
                raise problem

    def about(self, seconds):
        return self.chance.expovariate(1 / seconds) / self.scale if seconds > 0 else 0

    async def agent(self, person, number):
        is_background = number < person.background
        session = f"{person.name}-{number}"
        await asyncio.sleep(self.about(person.think))
        was_told = False
        while not self.is_over:
            sent = Sent(person.name, f"{person.name}-{number}-{len(self.sent)}".lower(), is_background)
            sent.was_told = was_told
            self.sent.append(sent)
            leave_after = None
            if self.chance.random() < person.leave:
                leave_after = self.chance.uniform(0.5, 5) / self.scale
            try:
                await asyncio.wait_for(self.ask(sent, person, session), leave_after)
            except asyncio.TimeoutError:
                sent.left_at = time.monotonic()
            except (OSError, EOFError, asyncio.IncompleteReadError) as problem:
                sent.text = repr(problem).encode()
            was_told = bool(sent.retry_after)
            if was_told:
                await asyncio.sleep(sent.retry_after)
            elif sent.is_whole or sent.left_at:
                await asyncio.sleep(self.about(person.think))
            else:
                await asyncio.sleep(0.2)  # what failed is not tried again at once

    def body(self, sent, person):
        steps = 10
        pause = max(0, int(self.about(person.answer) * 1000 / steps))
        data = harness.body_for(f"paced-{steps}-{pause}", f"Hello mark:{sent.mark}", stream=True)
        return json.dumps(data).encode()

    async def ask(self, sent, person, session):
        body = self.body(sent, person)
        fields = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body)),
                  "x-api-key": token_of(person.name), "x-claude-code-session-id": session}
        if sent.is_background:
            fields["x-claude-code-agent-id"] = session
        head = "POST /v1/messages HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        sent.at = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.host.port)
        try:
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            lines = answer.decode("latin-1").split("\r\n")
            sent.status = int(lines[0].split()[1])
            sent.fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            if "retry-after" in sent.fields:
                sent.retry_after = int(sent.fields["retry-after"])
            sent.text = await reader.read(-1)
            sent.is_whole = sent.status == 200 and b"event: message_stop" in sent.text and \
                b"event: error" not in sent.text
        finally:
            writer.close()


# ---- what came of it

def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0


class Report:
    """Times are seconds of the unscaled clock."""

    def __init__(self, team, seconds):
        host = team.host
        self.scale, self.seconds = team.scale, seconds
        self.sent = team.sent
        self.posts = host.upstream.posts()
        self.keys = host.upstream.keys()
        self.lanes = len(host.lanes)
        self.over = sum(k["over"] for k in self.keys.values())
        self.most = max((k["most"] for k in self.keys.values()), default=0)
        self.began, self.ended = team.began, team.closed_at
        self.arrived = {}
        for post in self.posts:
            self.arrived.setdefault(post["mark"], post["at_us"] / 1e6)
        done = [s for s in self.sent if s.status is not None or s.left_at]
        self.refused = [s for s in done if s.status == 429]
        self.failures = [s for s in done if s.status not in (None, 200, 429) or
                         (s.status == 200 and s.text and not s.is_whole)]
        # at the end all clients leave at once: what is cut then is nobody's fault
        self.cut = [s for s in self.sent if not s.is_whole and not s.left_at and s.text and
                    (s.status is None or s in self.failures)]
        self.failures = [s for s in self.failures if s not in self.cut or b"event: error" in s.text]

    def waits(self, person=None, background=None, after=0.0):
        return [(self.arrived[s.mark] - s.at) * self.scale for s in self.sent
                if s.mark in self.arrived and (person is None or s.person == person) and
                (background is None or s.is_background == background) and
                (s.at - self.began) * self.scale >= after]

    def count(self, person=None, background=None, after=0.0, before=1e9):
        return len([s for s in self.sent if s.mark in self.arrived and (person is None or s.person == person) and
                    (background is None or s.is_background == background) and
                    after <= (self.arrived[s.mark] - self.began) * self.scale < before])

    def use(self, lane=None):
        """Of what the upstream would take, without the first window (it may be filled at once), over whole windows:
        a lane that is emptied at the beginning of each would be wronged by a part of one."""
        window = WINDOW_MS / 1000
        windows = int((self.seconds - window) / window)
        n = sum(1 for p in self.posts if lane in (None, p["key"]) and
                window <= (p["at_us"] / 1e6 - self.began) * self.scale < window * (windows + 1))
        return n / (RPM * windows * window / 60 * (1 if lane else self.lanes))

    def jain(self, names):
        n = [self.count(name) for name in names]
        return sum(n) ** 2 / (len(n) * sum(x * x for x in n))

    def sent_all_the_same(self):
        """Clients that had left half a second (of the scaled clock, at least 50 ms) before the upstream was asked."""
        margin = max(0.5 / self.scale, 0.05)
        return [s for s in self.sent if s.left_at and s.mark in self.arrived and
                self.arrived[s.mark] > s.left_at + margin]

    def left_waiting(self):
        return [s for s in self.sent if s.left_at and (s.mark not in self.arrived or
                                                       self.arrived[s.mark] > s.left_at)]

    def refused_again(self):
        told = [s for s in self.sent if s.was_told and s.status is not None]
        return len([s for s in told if s.status == 429]), len(told)


# ---- scenes: people, what to measure, and the goals

def at_least(goal):
    return lambda value: value >= goal, f">= {goal:g}"


def at_most(goal):
    return lambda value: value <= goal, f"<= {goal:g}"


class Scene:
    lanes = {"team": {}}
    pools = {}
    lane_of = "team"
    seconds = 306     # five windows
    workers = 40
    settings = {}
    members = {}      # of people.conf, by person

    def people(self):
        raise NotImplementedError

    def figures(self, report):
        raise NotImplementedError

    def begin(self, host, team):
        """Before the people come."""

    def run(self, scale, chaos=None, seconds=None):
        people = self.people()
        settings = {k: int(v / scale) if k in ("max_wait", "bench", "bench_max") else v for k, v in self.settings.items()}
        members = {p.name: {"lane": f'"{self.lane_of}"', **self.members.get(p.name, {})} for p in people}
        keeper = Keeper() if chaos and chaos.wants_keeper else None
        host = Host(self.lanes, members, self.pools, scale, self.workers, settings, keeper)
        try:
            team = Team(host, people)
            self.begin(host, team)
            report = team.run(seconds or self.seconds, (lambda: chaos(host, team)) if chaos else None)
            report.log = host.logs()
        finally:
            host.close()
            if keeper:
                keeper.close()
        return report

    def all_figures(self, report):
        return [("posts over the limit", report.over, at_most(0)), ("most in 60 s", report.most, at_most(RPM)),
                ("failures", len(report.failures), at_most(0))] + self.figures(report)


class Alone(Scene):
    """One person alone, as many clients as it takes."""

    def people(self):
        return [Person("ada", 30, 0.1, 3)]

    def figures(self, report):
        return [("use", report.use(), at_least(0.98))]


class Equal(Scene):
    """Five people with the same demand."""
    names = ["ada", "bob", "cyd", "dan", "eve"]

    def people(self):
        return [Person(n, 4, 0.5, 3) for n in self.names]

    def figures(self, report):
        return [("use", report.use(), at_least(0.93)),
                ("Jain's index", report.jain(self.names), at_least(0.98))]


class Mixed(Scene):
    """One, two, six and twelve agents."""

    def people(self):
        return [Person("ada", 1, 2, 4), Person("bob", 2, 2, 4), Person("cyd", 6, 2, 4), Person("dan", 12, 2, 4)]

    def figures(self, report):
        return [("use", report.use(), at_least(0.95))]


class Greedy(Scene):
    """One agent beside one person with twenty."""

    def people(self):
        return [Person("light", 1, 3, 3), Person("greedy", 20, 0.5, 3)]

    def figures(self, report):
        waits = report.waits("light")
        return [("light user's p95, s", percentile(waits, 95), at_most(8)),
                ("his longest wait, s", max(waits), at_most(12)),
                ("his requests", len(waits), at_least(10))]


class Shares(Scene):
    """One, four and twenty agents that always want more."""

    def people(self):
        return [Person("ada", 1, 0.1, 2), Person("bob", 4, 0.1, 2), Person("cyd", 20, 0.1, 2)]

    def figures(self, report):
        every = report.count()
        return [("share of 1 agent, %", 100 * report.count("ada") / every, at_least(20)),
                ("share of 4 agents, %", 100 * report.count("bob") / every, at_least(25)),
                ("share of 20 agents, %", 100 * report.count("cyd") / every, at_most(55))]


class Classes(Scene):
    """One person's interactive work beside twenty agents of his own in the background."""

    def people(self):
        return [Person("ada", 22, 3, 3, background=20)]

    def figures(self, report):
        waits = report.waits(background=False)
        return [("interactive p95, s", percentile(waits, 95), at_most(25)),
                ("background in the last 129 s",
                 report.count(background=True, after=self.seconds - 129, before=self.seconds), at_least(8))]


class Burst(Scene):
    """Twenty at once, alone, after idle."""
    seconds = 90

    def people(self):
        return [Person("ada", 20, 0.0, 20)]

    def figures(self, report):
        first = sorted((report.arrived[s.mark] - s.at) * report.scale for s in report.sent[:20])
        return [("p95 of the first twenty, s", percentile(first, 95), at_most(1)), ("of them", len(first), at_least(20))]


class Leavers(Scene):
    """Twenty agents, a third of whose requests are given up."""

    def people(self):
        return [Person("ada", 20, 0.5, 2, leave=0.33), Person("bob", 3, 1, 2)]

    def figures(self, report):
        return [("left, and sent all the same", len(report.sent_all_the_same()), at_most(0)),
                ("left while waiting", len(report.left_waiting()), at_least(20)),
                ("use", report.use(), at_least(0.93))]


class Retry(Scene):
    """More than max_wait can hold: who is sent away comes back when told."""
    settings = {"max_wait": 10000}

    def people(self):
        return [Person("ada", 30, 0.5, 2)]

    def figures(self, report):
        again, told = report.refused_again()
        wrong = [s for s in report.refused if not 1 <= (s.retry_after or 0) <= 60]
        return [("refused", len(report.refused), at_least(10)), ("Retry-After outside of 1..60", len(wrong), at_most(0)),
                ("came back", told, at_least(10)), ("refused again, %", 100 * again / max(told, 1), at_most(5))]


class Lanes3(Scene):
    """Three lanes in a pool, a hundred clients."""
    lanes = {"one": {}, "two": {}, "three": {}}
    pools = {"shared": ["one", "two", "three"]}
    lane_of = "shared"
    seconds = 611
    workers = 120

    def people(self):
        return [Person(f"p{i}", 10, 1, 4) for i in range(10)]

    def figures(self, report):
        return [(f"use of {lane}", report.use("nvapi-" + lane), at_least(0.95)) for lane in self.lanes]


SCENES = {c.__name__.lower(): c for c in (Alone, Equal, Mixed, Greedy, Shares, Classes, Burst, Leavers, Retry, Lanes3)}


# ---- what goes wrong meanwhile

def signal_one(host, chance, number):
    """Sends a signal to one of the workers; returns its pid."""
    workers = host.children_of("worker")
    if not workers:
        return None
    pid = chance.choice(workers)
    try:
        os.kill(pid, number)
    except OSError:
        return None
    return pid


def trouble(kill_s=0.0, freeze_s=0.0, hup_s=0.0, master_s=0.0, restart_s=0.0):
    """A chaos for Team.run: a worker is killed, or stands still for 5 s, or the files are read anew, or the master is
    killed and started again, or the program stopped and started, each so often (of the scaled clock). What it did is
    counted in .done."""
    done = {"kills": 0, "freezes": 0, "reloads": 0, "dead masters": 0, "restarts": 0}

    def kill(host, chance, _):
        done["kills"] += signal_one(host, chance, signal.SIGKILL) is not None

    def freeze(host, chance, frozen):
        pid = signal_one(host, chance, signal.SIGSTOP)
        if pid:
            done["freezes"] += 1
            frozen.append((time.monotonic() + 5 / host.scale, pid))

    def hang_up(host, _chance, _frozen):
        os.kill(host.nim.pid, signal.SIGHUP)
        done["reloads"] += 1

    def lose_master(host, _chance, _frozen):
        host.kill_master()
        host.start()
        done["dead masters"] += 1

    def restart(host, _chance, frozen):
        thaw(frozen, True)
        host.nim.stop()
        host.start()
        done["restarts"] += 1

    kinds = [(kill_s, kill), (freeze_s, freeze), (hup_s, hang_up), (master_s, lose_master), (restart_s, restart)]

    def thaw(frozen, is_last):
        for item in list(frozen):
            if is_last or item[0] <= time.monotonic():
                frozen.remove(item)
                try:
                    os.kill(item[1], signal.SIGCONT)
                except OSError:
                    pass

    def run(host, team):
        chance, frozen = random.Random(7), []
        due = [time.monotonic() + every / host.scale for every, _ in kinds]
        while not team.is_over:
            for i, (every, act) in enumerate(kinds):
                if every and time.monotonic() >= due[i]:
                    due[i] += max(every / host.scale, 0.05)
                    act(host, chance, frozen)
            thaw(frozen, False)
            time.sleep(0.02)
        thaw(frozen, True)

    run.done, run.wants_keeper = done, master_s > 0
    return run


# ---- by hand

def show(name, scene, report, done=None):
    good = True
    print(f"{name}: {scene.__doc__}", flush=True)
    figures = scene.all_figures(report)
    if done:
        figures += [(what, n, at_least(0)) for what, n in done.items() if n]
        if not done["dead masters"] and not done["restarts"]:  # they cut all that is under way
            figures.append(("cut by kills", len(report.cut), at_most(done["kills"])))
    for what, value, (is_good, goal) in figures:
        good = good and is_good(value)
        print(f"    {what:36} {value:10.3f}   {goal:10} {'' if is_good(value) else 'MISSED'}", flush=True)
    waits = report.waits()
    late = [int(x) for x in re.findall(r"event=granted .*late_ms=(\d+)", report.log)]
    print(f"    {'grants; after their time p50, p95, ms':36} {len(late):6d}   {percentile(late, 50)} {percentile(late, 95)}",
          flush=True)
    print(f"    {'requests; wait p50, p95, longest, s':36} {len(waits):6d}   {percentile(waits, 50):.2f} "
          f"{percentile(waits, 95):.2f} {max(waits, default=0):.2f}", flush=True)
    for s in report.failures[:5]:
        print("    failure:", s.status, s.text[-300:], flush=True)
    return good


def main():
    args, scale, seconds = sys.argv[1:], 1.0, None
    every = {"--kill": 0.0, "--freeze": 0.0, "--hup": 0.0, "--master": 0.0, "--restart": 0.0}
    names = []
    while args:
        word = args.pop(0)
        if word == "--scale":
            scale = float(args.pop(0))
        elif word == "--seconds":
            seconds = float(args.pop(0))
        elif word in every:
            every[word] = float(args.pop(0))
        else:
            names += list(SCENES) if word == "all" else [word]
    if not names:
        print(__doc__)
        for name, scene in SCENES.items():
            print(f"    {name:10} {scene.__doc__}")
    good = True
    for name in names:
        scene = SCENES[name]()
        if seconds:
            scene.seconds = seconds
        chaos = trouble(*every.values()) if any(every.values()) else None
        report = scene.run(scale, chaos)
        good = show(name, scene, report, chaos.done if chaos else None) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
