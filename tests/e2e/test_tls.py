#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An upstream behind TLS, HTTP/1.1 and HTTP/2: nginx with a certificate of the test's own in front of fakenim."""

import os
import shutil
import subprocess
import tempfile
import unittest

import grammar
import harness
from harness import Nim, Server, body_for, free_port, request, wait_for

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
OPENSSL = shutil.which("openssl")

CONF = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
    log_format proto "$server_protocol $ssl_protocol $ssl_session_reused";
    access_log {folder}/access.log proto; client_max_body_size 64m;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_buffering off;
                      proxy_set_header Connection ""; }}
    }}
}}
"""


def make_certificate(folder, name):
    subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
                   check=True, capture_output=True)


@unittest.skipUnless(NGINX and OPENSSL, "nginx or openssl is not there")
class Tls(unittest.TestCase):
    def start(self, certificate_for="localhost", trusted=True, **settings):
        self.upstream = harness.Fakenim()
        self.folder = tempfile.mkdtemp(prefix="nim-test-tls-")
        os.chmod(self.folder, 0o755)
        make_certificate(self.folder, certificate_for)
        port = free_port()
        with open(f"{self.folder}/nginx.conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(folder=self.folder, port=port, upstream=self.upstream.port,
                                user="user root;" if os.geteuid() == 0 else ""))
        self.front = Server("nginx", [NGINX, "-c", f"{self.folder}/nginx.conf", "-e", f"{self.folder}/start.log"])
        wait_for(lambda: is_open(port), what="nginx")
        env = {"NVIDIA_BASE_URL": f"https://localhost:{port}/v1"}
        if trusted:
            env["SSL_CERT_FILE"] = f"{self.folder}/cert.pem"
        self.nim = Nim(self.upstream.port, settings, env=env, workers=1)
        self.addCleanup(self.end)

    def end(self):
        for server in (self.nim, self.front, self.upstream):
            server.stop()
            server.clean()
        shutil.rmtree(self.folder)

    def ask(self, model="normal"):
        body = harness.json.dumps({**body_for(model), "stream": True}).encode()
        return request(self.nim.port, "POST", "/v1/messages", body, harness.JSON)

    def protocols(self):
        with open(f"{self.folder}/access.log", encoding="utf-8") as f:
            return f.read().split("\n")[:-1]

    def check_stream(self):
        answer = self.ask("text-60")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(grammar.read(answer.body, grammar.COMPLETE, 6).problems, [])

    def test_http_1_1_by_default(self):
        self.start()
        self.check_stream()
        self.check_stream()
        wait_for(lambda: len(self.protocols()) == 2, what="nginx's log")
        self.assertEqual([x.split()[0] for x in self.protocols()], ["HTTP/1.1"] * 2)

    def test_http_2_by_a_setting(self):
        self.start(http2="true")
        self.check_stream()
        wait_for(lambda: len(self.protocols()) == 1, what="nginx's log")
        self.assertEqual(self.protocols()[0].split()[0], "HTTP/2.0")

    def test_a_certificate_nobody_vouches_for(self):
        self.start(trusted=False)
        self.check_refused()

    def test_a_certificate_for_another_name(self):
        self.start(certificate_for="elsewhere.test")
        self.check_refused()

    def check_refused(self):
        answer = self.ask()
        self.assertEqual(answer.status, 502, answer.body)
        self.assertIn("certificate", answer.json()["error"]["message"])
        self.assertEqual(self.upstream.stats()["posts"], 0)


def is_open(port):
    with harness.socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    harness.main()
