#!/usr/bin/env python3
"""Runs clang-tidy over the C files of a build folder; .clang-tidy has the checks.

    clang_tidy.py BUILD [PATH...]

BUILD is a built folder (its generated headers are needed). PATH limits the files to those below it. Prints
what is found; exit status 1 when there is anything.
"""

import concurrent.futures
import json
import os
import subprocess
import sys


def sources(build, below):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    found = set()
    for command in commands:
        path = os.path.relpath(os.path.join(command["directory"], command["file"]), root)
        if path.startswith(("src/", "tests/", "bench/")) and (not below or path.startswith(below)):
            found.add(path)
    return root, sorted(found)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    root, paths = sources(build, tuple(sys.argv[2:]))

    def tidy(path):
        result = subprocess.run(["clang-tidy", "--quiet", "-p", build, path], cwd=root,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return path, result

    faulty = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (path, result) in enumerate(pool.map(tidy, paths), 1):
            if sys.stderr.isatty():
                print(f"\r\033[K[{done}/{len(paths)}] {path}", end="", file=sys.stderr, flush=True)
            if result.returncode:
                faulty += 1
                print(result.stdout.decode("utf-8", "replace").strip() or result.stderr.decode("utf-8", "replace"))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(f"clang-tidy: {len(paths)} files, {faulty} with faults")
    sys.exit(1 if faulty or not paths else 0)


if __name__ == "__main__":
    main()
