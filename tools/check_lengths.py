#!/usr/bin/env python3
"""Keeps files to one job and functions to a screen.

    check_lengths.py ROOT

A file of C over 500 lines is named, over 600 it is a fault; a function over 70 lines is a fault, from
its first line to its closing brace without the constant tables in it. Prints the medians.
"""

import statistics

import tree

FILE_NAMED, FILE_MAX, FUNCTION_MAX = 500, 600, 70


def functions(lines):
    """Gives (first line, length) of each function: in this code's format its brace stands alone."""
    start, header, table, in_tables = None, None, None, 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            start, in_tables = header, 0
        elif table and line == "    };":
            in_tables += number - table + 1
            table = None
        elif start and not table and line.startswith("    static const ") and not line.endswith(";"):
            table = number
        elif line == "}" and start:
            yield start, number - start + 1 - in_tables
            start = header = table = None
        elif start is None and line and not line[0].isspace() and line[0] not in "#/}*":
            header = header or number
        if start is None and (line == "" or line.endswith(";")):
            header = None


def main():
    root, _ = tree.arguments(__doc__)
    faults, files, lengths = [], [], []
    for path in tree.files(root, ".c", ".h", under=["src", "tests", "bench"]):
        lines = tree.read(root, path).split("\n")[:-1]
        files.append(len(lines))
        if len(lines) > FILE_MAX:
            faults.append(f"{path}:1: {len(lines)} lines, more than {FILE_MAX}; "
                          "split it where its second job begins")
        elif len(lines) > FILE_NAMED:
            print(f"{path}:1: {len(lines)} lines; does it still do one thing?")
        for line, length in functions(lines):
            lengths.append(length)
            if length > FUNCTION_MAX:
                faults.append(f"{path}:{line}: a function of {length} lines, more than {FUNCTION_MAX}")
    if lengths:
        print(f"median: {statistics.median(lengths):.0f} lines a function, {statistics.median(files):.0f} a file; "
              f"longest function {max(lengths)}, longest file {max(files)}")
    tree.finish("lengths", faults, f"{len(files)} files, {len(lengths)} functions")


if __name__ == "__main__":
    main()
