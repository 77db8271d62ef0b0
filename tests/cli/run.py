#!/usr/bin/env python3
"""Runs the commands of tests/cli/*.test and compares what they print; README.md says how.

    run.py --sealpost PROGRAM [--update] [FILE.test...]

Prints TAP, one point for each command. --update writes the output that was seen into the sections
`stdout` and `stderr` that are compared to the byte and differ; read the difference before it is committed.
"""

import argparse
import base64
import concurrent.futures
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 60  # seconds, for one command
SANITIZER = re.compile(rb"(Address|Leak|Memory|UndefinedBehavior)Sanitizer|: runtime error: ")
COMPARISONS = ("", "contains", "absent", "regex", "json", "json subset", "any")
ENCODINGS = ("crlf", "no-eol", "escape", "base64")


class Mistake(Exception):
    """A test file that cannot be read; says where."""


class Section:
    def __init__(self, line, words):
        self.line, self.words, self.body, self.rows = line, words, [], []

    def text(self):
        return "".join(row + "\n" for row in self.body)


class Command:
    def __init__(self, line, text, title):
        self.line, self.text, self.title = line, text, title
        self.files, self.stdin, self.env = [], b"", {}
        self.checks, self.exit = [], 0


def sections(path):
    """Gives the sections of a file: a header line, and the indented lines below it."""
    out, blank = [], []
    with open(path, encoding="utf-8", newline="\n") as f:
        for number, row in enumerate(f, 1):
            row = row.rstrip("\n")
            if row.startswith("  ") and out:
                out[-1].body += [""] * len(blank) + [row[2:]]
                out[-1].rows += blank + [number]
                blank = []
            elif not row.strip():
                blank.append(number)
            elif row.startswith("#"):
                blank = []
            elif row.startswith(" "):
                raise Mistake(f"{path}:{number}: an indented line without a section above it")
            else:
                blank = []
                out.append(Section(number, row.split(" ")))
    return out


def content(path, section, flags):
    """The bytes that a `file` or `stdin` section stands for."""
    for flag in flags:
        if flag not in ENCODINGS:
            raise Mistake(f"{path}:{section.line}: {flag!r} is none of {', '.join(ENCODINGS)}")
    text = section.text()
    if "no-eol" in flags and text.endswith("\n"):
        text = text[:-1]
    if "base64" in flags:
        return base64.b64decode(text)
    if "crlf" in flags:
        text = text.replace("\n", "\r\n")
    data = text.encode("utf-8")
    if "escape" in flags:
        data = re.sub(rb"\\x([0-9a-fA-F]{2})|\\([nrt0\\])",
                      lambda m: bytes([int(m[1], 16)]) if m[1] else
                      {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}[m[2]], data)
    return data


def load(path):
    commands, title, files, env = [], None, [], {}
    for section in sections(path):
        word, rest = section.words[0], section.words[1:]
        where = f"{path}:{section.line}"
        if word == "===":
            title = " ".join(rest)
        elif word == "$":
            command = Command(section.line, "\n".join([" ".join(rest)] + section.body), title)
            command.files, command.env, title, files = files, dict(env), None, []
            commands.append(command)
        elif word == "file":
            if not rest:
                raise Mistake(f"{where}: file needs a name")
            files.append((rest[0], content(path, section, rest[1:])))
        elif word == "env":
            name, _, value = " ".join(rest).partition("=")
            env[name] = value
        elif not commands:
            raise Mistake(f"{where}: {word!r} before the first command")
        elif word == "stdin":
            commands[-1].stdin = content(path, section, rest)
        elif word == "exit":
            commands[-1].exit = int(rest[0])
        elif word in ("stdout", "stderr"):
            if " ".join(rest) not in COMPARISONS:
                raise Mistake(f"{where}: {' '.join(rest)!r} is none of {', '.join(COMPARISONS[1:])}")
            commands[-1].checks.append((word, " ".join(rest), section))
        else:
            raise Mistake(f"{where}: {word!r} begins no section")
    if not commands:
        raise Mistake(f"{path}: holds no command")
    return commands


def subset(want, got, at="$"):
    """What of `want` is not in `got`, as a sentence, or None. "..." ends a list that may go on."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return f"{at}: expected an object, got {json.dumps(got)}"
        for key, value in want.items():
            if key not in got:
                return f"{at}.{key}: missing; there is {', '.join(got) or 'nothing'}"
            if why := subset(value, got[key], f"{at}.{key}"):
                return why
        return None
    if isinstance(want, list):
        if not isinstance(got, list):
            return f"{at}: expected a list, got {json.dumps(got)}"
        open_end = want[-1:] == ["..."]
        want = want[:-1] if open_end else want
        if len(got) < len(want) or (len(got) > len(want) and not open_end):
            return f"{at}: expected {len(want)} elements, got {len(got)}: {json.dumps(got)}"
        for i, value in enumerate(want):
            if why := subset(value, got[i], f"{at}[{i}]"):
                return why
        return None
    if type(want) is not type(got) or want != got:
        return f"{at}: expected {json.dumps(want)}, got {json.dumps(got)}"
    return None


def differs(how, want, got):
    """Why the output `got` is not what a check wants, as lines, or []."""
    lines = [row for row in want.split("\n") if row]
    if how == "any":
        return []
    if how == "":
        return [] if want == got else list(difflib.unified_diff(
            want.splitlines(), got.splitlines(), "expected", "printed", lineterm="")) or [
                "the last line end differs"]
    if how == "contains":
        return [f"does not contain: {row}" for row in lines if row not in got]
    if how == "absent":
        return [f"contains: {row}" for row in lines if row in got]
    if how == "regex":
        return [f"no line matches: {row}" for row in lines if not re.search(row, got, re.MULTILINE)]
    try:
        seen = json.loads(got)
    except ValueError as e:
        return [f"is no JSON: {e}", *got.split("\n")[:20]]
    expected = json.loads(want)
    if how == "json" and seen == expected:
        return []
    if how == "json":
        return list(difflib.unified_diff(
            json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True).splitlines(),
            json.dumps(seen, indent=1, ensure_ascii=False, sort_keys=True).splitlines(),
            "expected", "printed", lineterm="", n=5))
    why = subset(expected, seen)
    return [why] if why else []


def environment(program, work):
    env = {"PATH": os.path.dirname(program) + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
           "HOME": work, "LANG": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1", "WORK": work}
    for name, value in os.environ.items():
        if name.endswith("SAN_OPTIONS") or name.startswith("SEALPOST_"):
            env[name] = value
    return env


def execute(command, program, work):
    for name, data in command.files:
        path = os.path.join(work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    return subprocess.run(["bash", "-o", "pipefail", "-c", command.text], cwd=work,
                          env={**environment(program, work), **command.env}, input=command.stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)


def judge(command, result, work, seen):
    """Gives the lines that say what is wrong; notes in `seen` what exact sections should hold."""
    out = {name: getattr(result, name) for name in ("stdout", "stderr")}
    text = {name: data.decode("utf-8", "backslashreplace").replace(work, "$WORK")
            for name, data in out.items()}
    wrong = []
    if SANITIZER.search(out["stderr"]):
        wrong += ["a sanitizer spoke:"] + text["stderr"].split("\n")
    if result.returncode != command.exit:
        wrong.append(f"exit {result.returncode}, expected {command.exit}")
    named = {stream for stream, _, _ in command.checks}
    if "stderr" not in named and text["stderr"]:
        wrong += ["stderr, which is not expected:"] + text["stderr"].split("\n")
    for stream, how, section in command.checks:
        why = differs(how, section.text(), text[stream])
        if why:
            wrong += [f"{stream} {how}".strip() + f" (line {section.line}):"] + why
            if how == "":
                seen.append((section, text[stream]))
    if wrong and "stdout" not in named:
        wrong += ["stdout was:"] + text["stdout"].split("\n")[:40]
    if wrong and "stderr" in named:
        wrong += ["stderr was:"] + text["stderr"].split("\n")[:40]
    return wrong


def update(path, seen):
    """Writes what was printed into the exact sections that differ."""
    with open(path, encoding="utf-8") as f:
        rows = f.read().split("\n")
    for section, text in sorted(seen, key=lambda s: -s[0].line):
        body = ["  " + row if row else "" for row in text.rstrip("\n").split("\n")] if text else []
        last = section.rows[-1] if section.rows else section.line
        rows[section.line:last] = body
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(rows))


def run_file(path, program, write):
    """Gives (name, [lines that say what is wrong]) for each command of a file."""
    name = os.path.basename(path).removesuffix(".test")
    points, seen = [], []
    try:
        commands = load(path)
    except (Mistake, ValueError) as e:
        return [(f"{name}: can be read", [str(e)])]
    work = tempfile.mkdtemp(prefix="sealpost-cli-")
    try:
        os.symlink(os.path.join(HERE, "fixtures"), os.path.join(work, "fixtures"))
        for command in commands:
            label = f"{name}:{command.line}: {command.title or '$ ' + command.text.splitlines()[0]}"
            try:
                wrong = judge(command, execute(command, program, work), work, seen)
            except subprocess.TimeoutExpired:
                wrong = [f"did not end within {TIMEOUT} seconds"]
            except ValueError as e:
                wrong = [f"the expected JSON cannot be read: {e}"]
            points.append((label, wrong and [f"{path}:{command.line}: $ {command.text}", *wrong]))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if write and seen:
        update(path, seen)
    return points


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sealpost", required=True, help="the program under test")
    parser.add_argument("--update", action="store_true", help="write the output seen into the files")
    parser.add_argument("files", nargs="*", help="default: every *.test in this folder")
    args = parser.parse_args()
    program = os.path.abspath(args.sealpost)
    files = args.files or sorted(os.path.join(HERE, name) for name in os.listdir(HERE)
                                 if name.endswith(".test"))
    number, failed = 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for points in pool.map(lambda path: run_file(path, program, args.update), files):
            for label, wrong in points:
                number += 1
                failed += bool(wrong)
                print(f"{'not ok' if wrong else 'ok'} {number} - {label.replace('#', '')}")
                for row in wrong:
                    print(f"# {row}")
    print(f"1..{number}")
    sys.exit(1 if failed or not number else 0)


if __name__ == "__main__":
    main()
