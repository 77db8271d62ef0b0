#!/usr/bin/env python3
"""Finds what src/base/banned.h cannot turn into a compile error.

    check_banned.py ROOT

The header bans calls; this looks at the text: a banned name used without a call (a pointer to it),
an #undef, a meson.build that no longer includes the header, and calls that are right in one folder and
wrong in another: clocks, printing, ending the process.
"""

import re

import tree

# Where only arguments may tell the time, and where nothing may be printed.
TIMELESS = ["mtasts", "tlsrpt", "mail", "config"]
SILENT = TIMELESS + ["base", "net", "store", "discover"]
RULES = [
    # folders, exempt files, pattern, what to do
    (TIMELESS, [], r"\b(time|clock_gettime|gettimeofday|clock)\s*\(", "take the time as an argument"),
    (SILENT, ["src/base/log.c"], r"\b(printf|fprintf|vfprintf|puts|fputs|fputc|putchar|perror|dprintf)\s*\(",
     "return an error or a finding; only cli, web and roles speak"),
    (SILENT, [], r"(?<![\w.>])(exit|_exit|quick_exit|assert)\s*\(",
     "return an error: foreign input never ends the process"),
    (SILENT, [], r"(?<![\w.>])abort\(\);(?! /\*)",
     "return an error; where only a fault of our own leads there, say so in a comment on its line"),
    (None, [], r"\b[fsv]*scanf\s*\(", "read numbers with str_to_u64, which reports overflow"),
    (None, [], r"\bsetlocale\s*\(", "nothing here depends on the locale"),
]
GLOBAL = re.compile(r"^static (?!const\b|inline\b|_Thread_local const\b)(?!.*\bconst\b)[^()\n]*(=[^\n]*|;|\{)$",
                    re.MULTILINE)


def banned_names(root):
    return re.findall(r"^#define (\w+)\([^)]*\)\s+BANNED", tree.read(root, "src/base/banned.h"),
                      re.MULTILINE)


def main():
    root, _ = tree.arguments(__doc__)
    faults = []
    names = banned_names(root)
    if "src/base/banned.h'" not in tree.read(root, "meson.build") or \
            "'-include'" not in tree.read(root, "meson.build"):
        faults.append("meson.build:1: src/base/banned.h is no longer included before every file")
    if not names:
        faults.append("src/base/banned.h:1: bans nothing")
    banned = re.compile(r"(?<![\w.>])(" + "|".join(names or ["$^"]) + r")\b")
    paths = [p for p in tree.files(root, ".c", ".h", under=["src", "tests", "bench"])
             if p != "src/base/banned.h"]
    for path in paths:
        raw = tree.read(root, path)
        text = tree.code(raw)
        folder = path.split("/")[1] if path.startswith("src/") else None
        for m in banned.finditer(text):
            faults.append(f"{path}:{tree.line_of(text, m.start())}: {m[1]} is banned; "
                          "src/base/banned.h names what to use")
        for folders, exempt, pattern, remedy in RULES:
            if folder is None or (folders and folder not in folders) or path in exempt:
                continue
            for m in re.finditer(pattern, raw if "abort" in pattern else text):
                faults.append(f"{path}:{tree.line_of(text, m.start())}: {m[0].rstrip('(); ')} in {folder}/; {remedy}")
        if folder in tree.PURE:
            for m in GLOBAL.finditer(text):
                faults.append(f"{path}:{tree.line_of(text, m.start())}: a variable that outlives the call; "
                              f"{folder} has no globals, make it const or pass it")
    tree.finish("banned", faults, f"{len(paths)} files, {len(names)} banned functions")


if __name__ == "__main__":
    main()
