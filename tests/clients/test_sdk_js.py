#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Anthropic's SDK for JavaScript through nim; sdk.mjs does the asking."""

import clients
import harness


class Sdk(clients.Case):
    def test_sdk(self):
        """The newest SDK: text, tools, thinking, errors, retries, abort, counts. [A72 B4 B5 B6]"""
        for line in clients.run_node(self, "sdk.mjs", 10):
            with self.subTest(line["name"]):
                self.assertIsNone(line["problem"])
        self.upstream.wait_idle(2)


if __name__ == "__main__":
    harness.main()
