#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one file of unittest and says each test in TAP, so that make check counts them one by one.

    tap.py tests/e2e/test_something.py
"""

import importlib.util
import os
import re
import sys
import time
import unittest


TAGS = re.compile(r"(\[[A-Z]\d[^\]]*\])\W*$")


def name_of(test):
    """With the numbers of the checks that it shows: they end the first line of its docstring."""
    tags = TAGS.search(getattr(test, "shortDescription", str)() or "")
    name = test.id() if hasattr(test, "id") else str(test)
    return name.replace("#", " ").split("\n")[0] + (" " + tags.group(1) if tags else "")


class TapResult(unittest.TestResult):
    """One line a test; what went wrong stands in comments below it."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.ok = True

    def say(self, ok, test, directive="", details=""):
        self.count += 1
        self.ok = self.ok and ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name_of(test)}{directive}")
        for line in details.rstrip().split("\n") if details else ():
            print(f"#   {line[:2000]}")
        sys.stdout.flush()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def addSuccess(self, test):
        self.say(True, test, f" ({time.monotonic() - self.began:.1f} s)")

    def addFailure(self, test, err):
        self.say(False, test, details=self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.say(False, subtest, details=self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self.say(True, test, f" # SKIP {reason}")

    def addUnexpectedSuccess(self, test):
        self.say(False, test, details="a success that was not expected")


def main():
    path = os.path.abspath(sys.argv[1])
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    print(f"1..{result.count}")
    sys.exit(0 if result.ok and result.count else 1)


if __name__ == "__main__":
    main()
