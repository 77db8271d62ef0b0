"""What the lints share: the files of a tree, C without its comments, one way to report.

A lint is a script `check_NAME.py ROOT [BUILD]`. It prints a line `path:line: what is wrong; what to do` for
each fault and ends with status 1, or says in one line what it looked at and ends with 0.
tests/tools/test_lints.py shows each of them a planted fault.
"""

import os
import re
import subprocess
import sys

# The layers of src/, lowest first. A folder includes from lower rows and itself only.
LAYERS = [
    ["base"],
    ["mtasts", "tlsrpt"],
    ["config"],
    ["mail"],
    ["net"],
    ["store"],
    ["discover", "publish"],
    ["host", "acme", "collector", "rollout", "resolver", "check", "reporter", "alert", "admin"],
    ["serve"],
    ["web"],
    ["cli"],
]
# RFC 8461 and 8460 as pure functions: no I/O, no clock, no globals.
PURE = ["mtasts", "tlsrpt"]

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(root, *suffixes, under=()):
    """Relative paths of the tracked files (of all files where there is no git), sorted."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if git.returncode == 0 and os.path.isdir(os.path.join(root, ".git")):
        found = [p for p in git.stdout.decode().split("\0") if p]
    else:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith((".", "build"))]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(p for p in set(found)
                  if (not suffixes or p.endswith(suffixes)) and os.path.isfile(os.path.join(root, p))
                  and (not under or p.startswith(tuple(u + "/" for u in under))))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text, strings=False):
    """C without comments, and without the insides of literals unless `strings`; lines stay."""
    def replace(m):
        token = m[0]
        if token.startswith(("//", "/*")):
            return blank(token)
        return token if strings else token[0] + blank(token[1:-1]) + token[-1]
    return TOKEN.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def layer(folder):
    """The row of a folder of src/, or None when it is not in the list."""
    for row, folders in enumerate(LAYERS):
        if folder in folders:
            return row
    return None


def finish(name, faults, looked_at):
    """Reports and ends the process."""
    for fault in faults:
        print(fault)
    if faults:
        print(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}")
        sys.exit(1)
    print(f"{name}: {looked_at}, no fault")
    sys.exit(0)


def arguments(doc):
    if len(sys.argv) not in (2, 3):
        sys.exit(doc)
    return sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None
