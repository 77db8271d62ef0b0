#!/usr/bin/env python3
"""Compiles every header of src/ alone, twice over, and holds the names of their guards.

    check_headers.py ROOT BUILD

BUILD is a built folder: its generated headers and the include paths of the libraries are used.
banned.h is not included before them, so that the installed headers stand alone as well.
"""

import concurrent.futures
import json
import os
import re
import shlex
import subprocess

import tree

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wstrict-prototypes", "-Wno-unused-function", "-Wno-unused-macros"]


def include_paths(build):
    """Every -I of the build, as absolute paths."""
    try:
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
            commands = json.load(f)
    except OSError:
        return []
    flags = {}
    for command in commands:
        for word in shlex.split(command["command"]):
            if word.startswith("-I"):
                flags["-I" + os.path.join(os.path.abspath(command["directory"]), word[2:])] = None
            elif word.startswith("-isystem"):
                flags[word] = None
    return list(flags)


def compile_alone(root, path, flags):
    include = path.removeprefix("src/")
    source = f'#include "{include}"\n#include "{include}"\n'
    result = subprocess.run(
        [os.environ.get("CC", "gcc"), "-x", "c", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", *WARNINGS,
         "-I", os.path.join(root, "src"), *flags, "-"],
        input=source.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        return []
    first = next((line for line in result.stdout.decode("utf-8", "replace").split("\n") if "error" in line), "")
    return [f"{path}:1: does not compile alone: {first}; include what it needs"]


def check_guard(root, path):
    want = "SEALPOST_" + re.sub(r"[^A-Z0-9]", "_", path.removeprefix("src/").upper())
    text = tree.read(root, path)
    if f"#ifndef {want}\n#define {want}\n" not in text:
        return [f"{path}:1: the guard is not {want}"]
    return []


def main():
    root, build = tree.arguments(__doc__)
    flags = include_paths(build) if build else []
    paths = tree.files(root, ".h", under=["src"])
    faults = [fault for path in paths for fault in check_guard(root, path)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda path: compile_alone(root, path, flags), paths):
            faults += found
    tree.finish("headers", faults, f"{len(paths)} headers")


if __name__ == "__main__":
    main()
