#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which numbered check is shown by which tests, and how they went: writes tests/CONFORMANCE.md.

    conformance.py BUILD [FOLDER ...]     BUILD/tests/**/*.log and the same of the other folders

tests/conformance.txt names the numbers. A test carries them in brackets in its name: "ok 3 - title [A11 F2]". A
reason behind -- says why a number has no test yet. The exit status is 1 when a number has neither, when one of its
tests failed, or when a test names an unknown number.
"""

import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LISTS = [os.path.join(HERE, "conformance.txt"), os.path.join(HERE, "engines", "numbers.txt")]
LINE = re.compile(r"^(?:PASS: |FAIL: |SKIP: )?(not )?ok (\d+)(?: - | )?(.*)$")
TAGS = re.compile(r"\[((?:[A-Z]\d+(?:\.\d+)?[ ,]*)+)\]")


def numbers():
    """[(number or None, title)] in the order of the lists; None stands before a heading."""
    found = []
    for path in LISTS:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as lines:
            for line in map(str.strip, lines):
                if line.startswith("## "):
                    found.append((None, line[3:]))
                elif line and not line.startswith("#"):
                    found.append(tuple(line.split(" ", 1)))
    return found


def results(folders):
    """{number: {file: [passed, failed, [reason of a skip]]}}"""
    found = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "tests", "**", "*.log"), recursive=True)):
            name = os.path.relpath(path, os.path.join(folder, "tests"))[:-len(".log")]
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    take_line(found, name, line.rstrip())
    return found


def take_line(found, name, line):
    match = LINE.match(line)
    if not match:
        return
    words, _, directive = match.group(3).partition(" # SKIP")
    for tags in TAGS.findall(words):
        for number in re.split(r"[ ,]+", tags.strip(" ,")):
            count = found.setdefault(number, {}).setdefault(name, [0, 0, []])
            if match.group(1):
                count[1] += 1
            elif directive:
                count[2].append(directive.strip())
            else:
                count[0] += 1


def verdict(files, title):
    if not files:
        return title.partition(" -- ")[2] or "no test"
    if any(count[1] for count in files.values()):
        return "FAILED"
    if not any(count[0] for count in files.values()):
        return "skipped: " + "; ".join(sorted({why for count in files.values() for why in count[2]}))
    return "passes"


def table(wanted, found):
    yield "# Conformance\n"
    yield "Made by `etc/setup test` (tests/conformance.py); tests/conformance.txt names the numbers.\n"
    for number, title in wanted:
        if number is None:
            yield f"\n## {title}\n"
            yield "| number | check | result | tests |\n|---|---|---|---|"
            continue
        files = found.get(number, {})
        name = title.partition(" -- ")[0]
        yield f"| {number} | {name} | {verdict(files, title)} | {', '.join(sorted(files))} |"


def main():
    wanted, found = numbers(), results(sys.argv[1:])
    known = {number: title for number, title in wanted if number}
    with open(os.path.join(HERE, "CONFORMANCE.md"), "w", encoding="utf-8") as out:
        out.write("\n".join(table(wanted, found)) + "\n")
    verdicts = {number: verdict(found.get(number, {}), title) for number, title in known.items()}
    bad = [f"{number}: {word}" for number, word in verdicts.items() if word in ("no test", "FAILED")]
    bad += [f"{number}: named by {', '.join(found[number])}, but not in the list"
            for number in sorted(set(found) - set(known))]
    for line in bad:
        print(f"not ok - {line}")
    print(f"# {len(known)} numbers, {len(bad)} without a good test")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
