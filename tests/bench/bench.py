#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what nim costs, beside nginx as a bare reverse proxy in the same run.

The figures are CPU time of all processes of a server (scheduler run time of the whole tree), memory from
smaps_rollup, and counts; wall-clock times are printed where they are the point (first byte). Machines are
noisy: compare the columns of one run, not two runs.

    bench.py [--quick]       NIM, FAKENIM and LOAD name the programs (default: ../../build/...)
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", os.path.join(HERE, "..", "..", "build"))
NIM = os.environ.get("NIM", os.path.join(BUILD, "nim"))
FAKENIM = os.environ.get("FAKENIM", os.path.join(BUILD, "tests", "fakenim", "fakenim"))
QUEUE = os.path.join(BUILD, "tests", "bench", "queue")
LOAD = os.environ.get("LOAD", os.path.join(BUILD, "tests", "bench", "load"))
KEY = "nvapi-test"
WORKERS = 220


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"bench: nothing listens on port {port}")


def tree(pid):
    """The process and all below it."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        try:
            with open(f"/proc/{one}/task/{one}/children") as f:
                todo.extend(int(x) for x in f.read().split())
        except OSError:
            pass
    return found


def cpu_ns(pid):
    total = 0
    for one in tree(pid):
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/schedstat") as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def private_kib(pid):
    """Private dirty memory of one process. The segment is shared, also where one process alone has touched a page yet."""
    total, is_segment = 0, False
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            if "-" in line.split(":")[0].split()[0]:
                is_segment = "/memfd:nim" in line
            elif line.startswith("Private_Dirty") and not is_segment:
                total += int(line.split()[1])
    return total


class Server:
    def __init__(self, argv, port, env=None):
        self.port = port
        self.process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_port(port)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_fakenim():
    port = free_port()
    return Server([FAKENIM, "--port", str(port), "--key", KEY], port)


def start_nim(folder, upstream, workers=WORKERS, **settings):
    port = free_port()
    base = os.path.join(folder, f"nim-{port}")
    os.mkdir(base)
    lines = [f'listen = ( {{ address = "127.0.0.1"; port = {port}; }} );',
             f"workers = {{ max = {workers}; }};", 'log_level = "error";', "paced = false;", "status = ( );",
             f'state_dir = "{base}/state";']
    lines += [f"{name} = {value};" for name, value in settings.items()]
    with open(os.path.join(base, "nim.conf"), "w") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(base, "models.conf"), "w") as f:
        f.write('default_model = "mock/normal";\n')
    os.chmod(folder, 0o755)
    env = {"PATH": os.environ["PATH"], "HOME": base, "NVIDIA_API_KEY": KEY,
           "NVIDIA_BASE_URL": f"http://127.0.0.1:{upstream.port}/v1"}
    return Server([NIM, "proxy", "--config", os.path.join(base, "nim.conf")], port, env)


NGINX = """
worker_processes 1; daemon off; pid {base}/pid; error_log /dev/null; {user}
events {{ worker_connections 4096; }}
http {{
    access_log off; client_max_body_size 64m; client_body_buffer_size 2m;
    client_body_temp_path {base}/b; proxy_temp_path {base}/p; fastcgi_temp_path {base}/f;
    uwsgi_temp_path {base}/u; scgi_temp_path {base}/s;
    upstream up {{ server 127.0.0.1:{upstream}; keepalive 256; }}
    server {{ listen 127.0.0.1:{port} backlog=1024;
        location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_buffering off;
                      proxy_request_buffering on; proxy_set_header Connection ""; }} }}
}}
"""


def start_nginx(folder, upstream):
    port = free_port()
    base = os.path.join(folder, "nginx")
    os.mkdir(base)
    user = "user root;" if os.geteuid() == 0 else ""
    with open(os.path.join(base, "nginx.conf"), "w") as f:
        f.write(NGINX.format(base=base, upstream=upstream.port, port=port, user=user))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return Server([program, "-c", os.path.join(base, "nginx.conf")], port)


TOOL_TEXT = ("Runs a command in the shell of the user and returns what it printed. Quote paths that "
             "hold blanks. Prefer the tools made for reading, writing and searching files. ")


def claude_body(model, size, stream=True):
    """An Anthropic request in the shape of Claude Code's, of about that many bytes."""
    schema = {"type": "object", "properties": {"command": {"type": "string", "description": "what to run"},
              "timeout": {"type": "number"}}, "required": ["command"], "additionalProperties": False}
    body = {"model": model, "max_tokens": 32000, "stream": stream,
            "system": [{"type": "text", "text": "You are a careful assistant for software work."}],
            "tools": [{"name": f"Tool{i}", "description": (TOOL_TEXT * 12)[:2000], "input_schema": schema}
                      for i in range(20)] if size > 60000 else [],
            "messages": [{"role": "user", "content": "Count."}]}
    turn = 0
    while size > 1000 and len(json.dumps(body)) < size:
        turn += 1
        lack = size - len(json.dumps(body))
        text = ("int main(void)\n{\n\treturn \"%d\"[0];\n}\n" % turn) * 100
        if turn % 2:
            call = {"type": "tool_use", "id": f"toolu_{turn:024d}", "name": "Tool1",
                    "input": {"command": "cat main.c"}}
            body["messages"].append({"role": "assistant", "content": [call]})
        else:
            body["messages"].append({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": f"toolu_{turn - 1:024d}", "content": text[:max(lack, 100)]}]})
    if body["messages"][-1]["role"] == "assistant":
        body["messages"].append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": f"toolu_{turn:024d}", "content": "ok"}]})
    return json.dumps(body)


def chat_body(model, size, stream=True):
    """What an OpenAI client would send of the same size: for nginx, which only passes it on."""
    body = {"model": model, "max_tokens": 32000, "stream": stream, "messages": [{"role": "user", "content": ""}]}
    if stream:
        body["stream_options"] = {"include_usage": True}
    text = "int main(void) { return 0; } "
    body["messages"][0]["content"] = (text * (size // len(text) + 1))[:max(1, size - len(json.dumps(body)))]
    return json.dumps(body)


def load(server, path, file, threads, requests):
    out = subprocess.run([LOAD, str(server.port), path, KEY, file, str(threads), str(requests)],
                         stdout=subprocess.PIPE, check=False)
    return json.loads(out.stdout)


def measure(server, path, body, threads, requests, folder, warm=True):
    file = os.path.join(folder, "body.json")
    with open(file, "w") as f:
        f.write(body)
    if warm:
        load(server, path, file, threads, min(threads * 2, requests))
    before = cpu_ns(server.pid)
    result = load(server, path, file, threads, requests)
    result["cpu_us"] = (cpu_ns(server.pid) - before) / 1000
    if result["errors"]:
        raise SystemExit(f"bench: {result['errors']} requests failed ({path}, {body[:60]}…)")
    return result


def row(name, value, unit, other="", goal=""):
    print(f"{name:<58} {value:>10} {unit:<10} {other:<26} {goal}", flush=True)


def ratio_row(name, nim, nginx, per, goal):
    a = nim["cpu_us"] / per(nim)
    b = nginx["cpu_us"] / per(nginx)
    row(name, f"{a:.2f}", "us CPU", f"nginx {b:.2f} us, {a / b:.2f} x", goal)


def by_requests(result):
    return result["done"]


def compare(name, folder, nim, nginx, model, size, threads, requests, goal, stream=True):
    a = measure(nim, "/v1/messages", claude_body(model, size, stream), threads, requests, folder)
    b = measure(nginx, "/v1/chat/completions", chat_body(model, size, stream), threads, requests, folder)
    ratio_row(name, a, b, by_requests, goal)
    return a, b


def streams(folder, nim, nginx, count, seconds, goal):
    """count streams at 50 tokens a second; per chunk of the upstream, with every chunk delivered."""
    chunks = 50 * seconds
    model = f"mock/paced-{chunks}-20"
    per = lambda _result: count * chunks
    a = measure(nim, "/v1/messages", claude_body(model, 300), count, count, folder, warm=False)
    b = measure(nginx, "/v1/chat/completions", chat_body(model, 300), count, count, folder, warm=False)
    ratio_row(f"CPU per chunk, {count} streams at 50 tokens/s", a, b, per, goal)


def post(server, body, until=b""):
    """Sends a request and reads until a text has come; returns the open socket."""
    s = socket.create_connection(("127.0.0.1", server.port))
    data = body.encode()
    s.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              b"Content-Length: %d\r\n\r\n" % len(data) + data)
    got = b""
    while until and until not in got:
        piece = s.recv(65536)
        if not piece:
            raise SystemExit("bench: the answer ended early: %r" % got[-300:])
        got += piece
    return s


def workers_of(nim):
    return [p for p in tree(nim.pid) if p != nim.pid]


def memory(folder, upstream):
    nim = start_nim(folder, upstream, workers=8)
    try:
        time.sleep(0.5)
        idle = {p: private_kib(p) for p in workers_of(nim)}
        total = sum(private_kib(p) for p in tree(nim.pid))
        row("private memory, idle worker (never used), median", f"{sorted(idle.values())[4]}", "KiB", "", "<= 307 KiB")
        row("private memory, whole program idle, 8 workers", f"{total / 1024:.2f}", "MiB", "", "<= 12 MiB")
        s = post(nim, claude_body("mock/paced-200-20", 300), b"text_delta")
        row("private memory, mid-stream, plain HTTP", f"{max(private_kib(p) for p in workers_of(nim))}", "KiB", "",
            "<= 300 KiB")
        s.close()
        s = post(nim, claude_body("mock/paced-200-20", 2 << 20), b"text_delta")
        time.sleep(0.2)
        row("private memory, mid-stream after a 2 MB body", f"{max(private_kib(p) for p in workers_of(nim))}", "KiB", "",
            "<= 1536 KiB")
        s.close()
    finally:
        nim.stop()


WORST = (
    # name, body: 32 MiB of what costs a JSON tree most, and what is accepted just below the limits
    ("32 MiB of {},{},...", b"[" + b"{}," * ((32 << 20) // 3 - 2) + b"{}]"),
    ("200,000 values", b'{"model":"mock/normal","max_tokens":5,"messages":[{"role":"user","content":"a"}],"x":[' +
     b"{}," * 199900 + b"{}]}"),
    ("32 MiB of text", b'{"model":"mock/normal","max_tokens":5,"messages":[{"role":"user","content":"' +
     b"a b " * ((32 << 18) - 32) + b'"}]}'),
    ("32 MiB of escapes", b'{"model":"mock/normal","max_tokens":5,"messages":[{"role":"user","content":"' +
     b'\\"' * ((32 << 19) - 64) + b'"}]}'),
)


def peak_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def worst(folder, upstream):
    for name, body in WORST:
        nim = start_nim(folder, upstream, workers=1)
        try:
            file = os.path.join(folder, "worst.json")
            with open(file, "wb") as f:
                f.write(body)
            before = cpu_ns(nim.pid)
            load(nim, "/v1/messages", file, 1, 1)
            row(f"worst bodies: {name}", f"{(cpu_ns(nim.pid) - before) / 1e6:.0f}", "ms CPU",
                f"peak {max(peak_kib(p) for p in workers_of(nim)) / 1024:.0f} MiB", "< 1000 ms, < 256 MiB")
        finally:
            nim.stop()


def control(upstream):
    with socket.create_connection(("127.0.0.1", upstream.port)) as s:
        s.sendall(b"GET /control/stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        got = b""
        while piece := s.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    return json.loads(body[body.index(b"{"):body.rindex(b"}") + 1])


def connections(folder, upstream):
    nim = start_nim(folder, upstream, workers=50)
    try:
        before = control(upstream)["connections"]
        measure(nim, "/v1/messages", claude_body("mock/text-5", 300), 1, 200, folder, warm=False)
        opened = control(upstream)["connections"] - before - 1  # the second look is one itself
        row("upstream connections for 200 requests, 50 workers", f"{opened}", "", "", "<= 3")
    finally:
        nim.stop()


def first_byte(folder, upstream):
    nim = start_nim(folder, upstream, workers=8, commit_after=0)
    try:
        for size, goal in ((300, "<= 500 us"), (101000, ""), (1 << 20, "<= 4000 us")):
            r = measure(nim, "/v1/messages", claude_body("mock/text-1", size), 1, 50, folder)
            row(f"first byte (message_start), {size} byte body", f"{r['first_us_p50']:.0f}", "us p50",
                f"p99 {r['first_us_p99']:.0f} us", goal)
    finally:
        nim.stop()


def client_gone(folder, upstream):
    nim = start_nim(folder, upstream, workers=4)
    try:
        s = post(nim, claude_body("mock/stall-30", 300), b"text_delta")
        start = time.monotonic()
        s.close()
        while control(upstream)["in_flight"]:
            if time.monotonic() - start > 5:
                raise SystemExit("bench: the upstream request outlived its client by 5 s")
            time.sleep(0.001)
        row("client gone, upstream closed (in silence)", f"{(time.monotonic() - start) * 1000:.1f}", "ms", "", "<= 50 ms")
    finally:
        nim.stop()


def queue():
    """What one look at the queue costs: with a thousand waiters, a full window and twenty people."""
    for line in subprocess.run([QUEUE], check=True, capture_output=True, text=True).stdout.splitlines():
        *name, value, _, _ = line.split()
        row(" ".join(name), value, "us CPU", "", "<= 20 us" if "1000" in name else "")


def main():
    quick = "--quick" in sys.argv
    scale = 1 if quick else 5
    folder = tempfile.mkdtemp(prefix="nim-bench-")
    os.chmod(folder, 0o755)
    upstream = start_fakenim()
    nginx = start_nginx(folder, upstream)
    nim = start_nim(folder, upstream)
    whole = start_nim(folder, upstream, text_delta_chars=0)
    try:
        print(f"{'figure':<58} {'nim':>10} {'':<10} {'in the same run':<26} goal")
        compare("small answer, not streamed", folder, nim, nginx, "mock/normal", 300, 1, 400 * scale, "<= 3 x", False)
        compare("small body, 60 chunks", folder, nim, nginx, "mock/text-60", 300, 1, 200 * scale, "<= 3 x")
        compare("the same, text not cut to 6 characters", folder, whole, nginx, "mock/text-60", 300, 1, 200 * scale, "<= 3 x")
        compare("101 KB body, 60 chunks", folder, nim, nginx, "mock/text-60", 101000, 1, 100 * scale, "<= 800 us, <= 6 x")
        compare("1 MB body, 60 chunks", folder, nim, nginx, "mock/text-60", 1 << 20, 1, 20 * scale, "<= 8 x")
        per = lambda r: r["done"] * 3000
        a = measure(nim, "/v1/messages", claude_body("mock/burst-3000", 300), 1, 20 * scale, folder)
        w = measure(whole, "/v1/messages", claude_body("mock/burst-3000", 300), 1, 20 * scale, folder)
        b = measure(nginx, "/v1/chat/completions", chat_body("mock/burst-3000", 300), 1, 20 * scale, folder)
        ratio_row("CPU per chunk in a burst of 3000", a, b, per, "<= 0.6 us")
        ratio_row("the same, text not cut to 6 characters", w, b, per, "<= 0.6 us")
        streams(folder, nim, nginx, 50, 4 if quick else 10, "<= 32 us")
        streams(folder, nim, nginx, 200, 4 if quick else 10, "<= 32 us, <= 2.2 x")
        memory(folder, upstream)
        first_byte(folder, upstream)
        connections(folder, upstream)
        client_gone(folder, upstream)
        worst(folder, upstream)
        queue()
    except PermissionError:
        raise SystemExit("bench: the memory of processes that hold keys is shown to root only; run it as root")
    finally:
        for server in (nim, whole, nginx, upstream):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
