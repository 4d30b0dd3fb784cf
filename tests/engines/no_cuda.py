#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets the torch of the common index start without a GPU and without 3 GB of libraries for one.

    no_cuda.py FOLDER_OF_TORCH

For each of NVIDIA's libraries that torch's own are linked with, a library is written beside them whose functions all
answer 100, "no device". Needs gcc and readelf.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile

THEIRS = re.compile(r"lib(cu|nv|nccl)")
PREFIXES = re.compile(r"(cu(da|blas|dnn|fft|rand|sparse|solver|File|pti)|nccl|nvrtc|nvshmem|nvJit|nvtx)")


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True).stdout


def wanted(path):
    """(libraries, {library: {version: names}}, names without a version) that a library asks of NVIDIA."""
    libraries = {n for n in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", path)) if THEIRS.match(n)} - {"libcuda.so.1"}
    owner, library = {}, None
    for line in readelf("-V", path).splitlines():
        file, version = re.search(r"File: (\S+)", line), re.search(r"Name: (\S+)", line)
        library = file.group(1) if file else library
        if version and not file:
            owner[version.group(1)] = library
    versioned, plain = collections.defaultdict(lambda: collections.defaultdict(set)), set()
    for symbol in re.findall(r" UND (\S+)", readelf("--dyn-syms", path)):
        name, _, version = symbol.partition("@")
        version = version.lstrip("@")
        if THEIRS.match(owner.get(version, "")):
            versioned[owner[version]][version].add(name)
        elif PREFIXES.match(name):
            plain.add(name)
    return libraries, versioned, plain


def write(path, name, versions, plain):
    names = set().union(plain, *versions.values())
    with tempfile.TemporaryDirectory() as folder:
        source, script = os.path.join(folder, "s.c"), os.path.join(folder, "versions")
        with open(source, "w", encoding="ascii") as f:
            for n in sorted(names):
                is_text = "String" in n or n == "ncclGetLastError"
                f.write(f'const char *{n}(void) {{ return ""; }}\n' if is_text else f"int {n}(void) {{ return 100; }}\n")
        with open(script, "w", encoding="ascii") as f:
            for version, its in versions.items():
                f.write(f"{version} {{ global: {'; '.join(sorted(its))}; }};\n")
        subprocess.run(["gcc", "-w", "-shared", "-fPIC", "-o", path, source, "-Wl,-soname," + name,
                        *(["-Wl,--version-script=" + script] if versions else [])], check=True)


def main(torch):
    lib = os.path.join(torch, "lib")
    own = sorted(n for n in os.listdir(lib) if re.search(r"\.so(\.|$)", n))
    libraries, versioned, plain = set(), collections.defaultdict(dict), set()
    for n in own:
        its, versions, names = wanted(os.path.join(lib, n))
        libraries |= its
        plain |= names
        for library, table in versions.items():
            for version, symbols in table.items():
                versioned[library].setdefault(version, set()).update(symbols)
    missing = sorted(libraries - set(own))
    for n in missing:
        write(os.path.join(lib, n), n, versioned.get(n, {}), plain if n == missing[0] else set())
    print(f"{len(missing)} libraries")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
