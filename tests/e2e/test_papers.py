#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PDFs: their text reaches the model, and no file can hurt the worker that reads it."""

import base64
import os
import time

import harness

PDFTOTEXT = "/usr/bin/pdftotext"


def pdf(text):
    """A file of one page with that text, as small as the format allows."""
    content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
               b" /Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def document(data, **more):
    return {"type": "document", **more, "source": {
        "type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}}


class Papers(harness.Case):
    settings = {}

    def sent(self, *blocks):
        return self.echoed({"max_tokens": 100, "messages": [{"role": "user", "content": list(blocks)}]})["body"][
            "messages"]

    def setUp(self):
        super().setUp()
        if not os.access(PDFTOTEXT, os.X_OK):
            self.skipTest("pdftotext is not installed")

    def test_text(self):
        """The text of a PDF stands where the PDF stood. [A15]"""
        plan = document(pdf("Tides of June"), title="Plan")
        content = self.sent({"type": "text", "text": "Read:"}, plan)[0]["content"]
        self.assertTrue(content.startswith("Read:"), content)
        self.assertIn("Plan\nTides of June", content)

    def test_in_a_result(self):
        """A PDF inside a tool's result, as Claude Code's Read sends it. [A15 A16]"""
        messages = self.echoed({"max_tokens": 100, "tools": [harness.TOOLS[0]], "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "get_weather", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
                {"type": "text", "text": "PDF file read."}, document(pdf("High water"))]}]}]})["body"]["messages"]
        self.assertEqual(messages[2]["role"], "tool")
        self.assertIn("High water", messages[2]["content"])

    def test_broken(self):
        """What is no PDF is told as a document that can't be read. [A15]"""
        for data in (b"", b"no pdf at all", pdf("x")[:200], os.urandom(5000)):
            with self.subTest(len(data)):
                content = self.sent(document(data, title="Plan"))[0]["content"]
                self.assertIn("[document: Plan (application/pdf)", content)

    def test_no_process_stays(self):
        """The program has ended with the answer. [A15]"""
        self.sent(document(pdf("x")))
        names = []
        for pid in harness.children(self.nim.pid):
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                names.append(f.read().strip())
        self.assertNotIn("pdftotext", names)


class Hostile(harness.Case):
    """In the program's place one that never ends, or that says too much."""

    settings = {"pdf_to_text": '"/usr/bin/yes"'}

    def test_too_much(self):
        """Four MiB are all a program may say; then it is ended, and the PDF named. [A15]"""
        began = time.monotonic()
        messages = self.echoed({"max_tokens": 100, "messages": [
            {"role": "user", "content": [document(pdf("x"), title="Plan")]}]})["body"]["messages"]
        self.assertIn("[document: Plan (application/pdf)", messages[0]["content"])
        self.assertLess(time.monotonic() - began, 12 * harness.SLOW)


class Without(harness.Case):
    settings = {"pdf_to_text": '""'}

    def test_off(self):
        """Turned off, a PDF is named. [A15]"""
        messages = self.echoed({"max_tokens": 100, "messages": [
            {"role": "user", "content": [document(pdf("Tides"), title="Plan")]}]})["body"]["messages"]
        self.assertEqual(messages[0]["content"], "[document: Plan (application/pdf); this model cannot read it]")


if __name__ == "__main__":
    harness.main()
