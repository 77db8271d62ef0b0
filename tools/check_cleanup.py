#!/usr/bin/env python3
"""Finds variables that are cleaned up before they were made.

    check_cleanup.py ROOT

A variable declared with CLEANUP(fn) is given to fn on every way out of its scope. One without an
initialiser must therefore be handed to something that fills it (its address is taken) before the first
return, break, continue or goto behind its declaration; compilers do not see that it was not.
"""

import re

import tree

DECLARATION = re.compile(r"(\w+)\s+CLEANUP\(\w+\)\s*(?=[,;])")
LEAVES = re.compile(r"\b(return|break|continue|goto)\b")


def main():
    root, _ = tree.arguments(__doc__)
    faults, looked_at = [], 0
    for path in tree.files(root, ".c", under=["src", "tests", "bench"]):
        text = tree.code(tree.read(root, path))
        for m in DECLARATION.finditer(text):
            looked_at += 1
            end = text.index(";", m.end())
            made = re.compile(rf"&{m[1]}\b|\b{m[1]}\s*=[^=]").search(text, end)
            left = LEAVES.search(text, end)
            if left and (not made or left.start() < made.start()):
                faults.append(f"{path}:{tree.line_of(text, m.start())}: {m[1]} is cleaned up by the "
                              f"{left[1]} in line {tree.line_of(text, left.start())}, before it was made; "
                              "initialise it first")
    tree.finish("cleanup", faults, f"{looked_at} variables without an initialiser")


if __name__ == "__main__":
    main()
