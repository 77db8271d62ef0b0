#!/usr/bin/env python3
"""Holds the layers: who may include and link whom.

    check_layers.py ROOT

A folder of src/ includes headers of lower layers and its own, by "FOLDER/FILE.h"; roles never include
each other. The meson.build of a module, and of its unit tests, links nothing from above the module.
The pure modules use no system header that does I/O or reads a clock. tree.py has the list.
"""

import os
import re

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
DEPENDENCY = re.compile(r"\bdep_([a-z0-9]+)\b")
IMPURE = re.compile(r"^(unistd|fcntl|poll|netdb|pthread|signal|time|dirent|spawn|sys/(socket|time|stat|"
                    r"mman|wait|select|epoll)|arpa/inet|netinet/.*)\.h$")


def may_use(folder, other):
    if folder == other:
        return True
    return tree.layer(other) < tree.layer(folder)


def check_includes(root, path, folder, faults):
    text = tree.code(tree.read(root, path), strings=True)
    for m in INCLUDE.finditer(text):
        where = f"{path}:{tree.line_of(text, m.start(2))}"
        if m[1] == "<":
            if folder in tree.PURE and IMPURE.match(m[2]):
                faults.append(f"{where}: <{m[2]}> in {folder}, which does no I/O and reads no clock; "
                              "let the caller hand the value in")
            continue
        other, slash, _ = m[2].partition("/")
        if not slash:
            faults.append(f'{where}: "{m[2]}" is included without its folder; write FOLDER/{m[2]}')
        elif tree.layer(other) is None:
            faults.append(f"{where}: {other}/ is no layer; tools/tree.py has the list")
        elif folder and not may_use(folder, other):
            faults.append(f"{where}: {folder} may not include {m[2]}: {other} is not below it")
        elif not m[2].endswith("/messages.h") and not os.path.exists(os.path.join(root, "src", m[2])):
            faults.append(f"{where}: there is no src/{m[2]}")


def check_links(root, path, folder, faults):
    for number, line in enumerate(tree.read(root, path).split("\n"), 1):
        line = line.split("#")[0]
        for other in DEPENDENCY.findall(line):
            if tree.layer(other) is not None and not may_use(folder, other):
                faults.append(f"{path}:{number}: {folder} may not link dep_{other}: it is not below it")
        if folder in tree.PURE and re.search(r"\bdependency\(", line) and not path.startswith("tests/"):
            faults.append(f"{path}:{number}: {folder} depends on base only, so that it can be installed alone")


def main():
    root, _ = tree.arguments(__doc__)
    faults, seen = [], 0
    for path in tree.files(root, ".c", ".h", "meson.build", under=["src", "tests/unit"]):
        parts = path.split("/")
        depth = 1 if parts[0] == "src" else 2
        if len(parts) <= depth + 1:
            continue
        folder = parts[depth]
        if tree.layer(folder) is None:
            faults.append(f"{path}:1: {folder}/ is no layer; add it to LAYERS in tools/tree.py")
            continue
        seen += 1
        if path.endswith("meson.build"):
            check_links(root, path, folder, faults)
        elif parts[0] == "src":
            check_includes(root, path, folder, faults)
    tree.finish("layers", faults, f"{seen} files")


if __name__ == "__main__":
    main()
