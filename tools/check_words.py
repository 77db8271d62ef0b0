#!/usr/bin/env python3
"""Finds words that should not be in a tracked file.

    check_words.py ROOT

Paths of the machine it was written on, hosts of package registries (they differ from place to place), marks
of unfinished work, and merge conflicts.
"""

import re

import tree

# The words are put together here so that this file does not hold them.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "not imple" + "mented",
                                           "unimple" + "mented", "for " + "now"]) + r")\b")
RULES = [
    (re.compile(r"(?:^|[^\w.-])/(?:wo" + r"rk|fa" + r"rm|tmp/bash" + r"_jobs|tmp/s" + r"p|home/\w+|Users/\w+)/"),
     "a path of one machine"),
    (re.compile(r"https?://(?:deb|security|registry|proxy|snapshot|archive|pypi|files)\.[a-z]+\.(?:org|com|io)"),
     "a registry's host; let the package manager know it"),
    (re.compile(r"^(?:<{7} |>{7} |={7}$)"), "a merge conflict"),
]
# A key has lines of base64 behind its marker; a marker alone is what parsers are tried with.
KEY = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY-----[\s\"\\nr]*[A-Za-z0-9+/]{40}")
CODE = (".c", ".h", ".py", ".sh", ".js", ".scd", ".po", "meson.build", "do")
# Fixtures hold what others wrote, and keys made for tests only.
EXEMPT = ("tests/fuzz/seeds/", "tests/cli/fixtures/", "tests/unit/fixtures/")


def main():
    root, _ = tree.arguments(__doc__)
    faults, seen = [], 0
    for path in tree.files(root):
        if path.startswith(EXEMPT):
            continue
        seen += 1
        text = tree.read(root, path)
        for m in KEY.finditer(text):
            faults.append(f"{path}:{tree.line_of(text, m.start())}: a private key; let the test make one")
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, what in RULES:
                if pattern.search(line):
                    faults.append(f"{path}:{number}: {what}: {line.strip():.80}")
            if path.endswith(CODE) and (m := UNFINISHED.search(line)):
                faults.append(f"{path}:{number}: a mark of unfinished work ({m[0]}); finish it or file it")
    tree.finish("words", faults, f"{seen} files")


if __name__ == "__main__":
    main()
