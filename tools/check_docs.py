#!/usr/bin/env python3
"""Holds the documents to what exists.

    check_docs.py ROOT [BUILD]

Always: every path that a document names exists, so does every link and every task of ./do; the events that
the source logs are those of sealpost-log(7); the metrics of src/admin/metrics.c are those of
sealpost-metrics(7); the codes of src/check/rules.c are those of the section RULES of
sealpost-check(1). With a built folder, whose program is asked: each command has a
section in its manual page, each option of `--help` stands there and no other; the keys of `config explain`
are those of sealpost.conf(5).
"""

import glob
import json
import os
import re
import subprocess

import tree

TOP = "src|tests|tools|doc|man|bench|web|packaging"
NAMED = re.compile(rf"(?<![\w/.$-])((?:{TOP})/[\w.*/-]*[\w*/])")
LINK = re.compile(r"\]\(([^)#: ]+)(?:#[^)]*)?\)")
TASK = re.compile(r"\./do ([a-z]+)")
EVENT = re.compile(r'\b(?:LOG\(|log_line\(&?line,)\s*(?:LOG_)?(\w+)\s*,\s*"([^"]+)"')
ENTRY = re.compile(r"^\*([^*]+)\*", re.MULTILINE)
OPTION = re.compile(r"^\*--([a-z0-9-]+)\*(?: _([^_\n]+)_)?$", re.MULTILINE)
RULE = re.compile(r'\{&MSG_(CHECK_\w+),\s*CHECK_\w+,\s*CHECK_(\w+),\s*"([^"]*)"\}')
COMMON = {"help", "json", "lang"}  # described once, in sealpost(1)


def check_paths(root, path, faults):
    text = tree.read(root, path)
    for m in NAMED.finditer(text):
        name = m[1].rstrip("/")
        if re.search(r"[A-Z]{3,}", name.split("/", 1)[-1]) and not name.endswith(".md"):
            continue  # src/MODULE/po: a pattern for people
        if not glob.glob(os.path.join(root, name)):
            faults.append(f"{path}:{tree.line_of(text, m.start())}: names {name}, which does not exist")
    if path.endswith(".md"):
        for m in LINK.finditer(text):
            if not os.path.exists(os.path.join(root, os.path.dirname(path), m[1])):
                faults.append(f"{path}:{tree.line_of(text, m.start())}: links to {m[1]}, which does not exist")
    if os.path.exists(os.path.join(root, "do")):
        tasks = set(re.findall(r"^\./do ([a-z]+)", tree.read(root, "do"), re.MULTILINE))
        for m in TASK.finditer(text):
            if m[1] not in tasks:
                faults.append(f"{path}:{tree.line_of(text, m.start())}: names ./do {m[1]}, which ./do does not know")


def compare(page, what, documented, real, faults):
    for name in sorted(real - documented):
        faults.append(f"{page}:1: {what} {name} is missing")
    for name in sorted(documented - real):
        faults.append(f"{page}:1: describes {what} {name}, which does not exist")


def entries(text):
    """The terms that a page defines, without scdoc's escapes."""
    return [term.replace("\\", "") for term in ENTRY.findall(text)]


def logged_events(root):
    """{event: level} of every LOG in the source."""
    events = {}
    for path in tree.files(root, ".c", ".h", under=["src"]):
        if not path.startswith("src/base/log."):
            for level, name in EVENT.findall(tree.code(tree.read(root, path), strings=True)):
                events[name] = level.lower()
    return events


def check_events(root, faults):
    events = set(logged_events(root))
    page = "man/sealpost-log.7.scd"
    if not os.path.exists(os.path.join(root, page)):
        if events:
            faults.append(f"{page}:1: is missing, and the source logs {len(events)} events")
        return
    compare(page, "the event", {e for e in entries(tree.read(root, page)) if "." in e}, events, faults)


def check_metrics(root, faults):
    """Every name in quotes that begins as a metric's does."""
    path, page = "src/admin/metrics.c", "man/sealpost-metrics.7.scd"
    if not os.path.exists(os.path.join(root, path)):
        return
    named = set(re.findall(r'"(sealpost_[a-z_]+)"', tree.code(tree.read(root, path), strings=True)))
    text = tree.read(root, page) if os.path.exists(os.path.join(root, page)) else ""
    compare(page, "the metric", {e for e in entries(text) if e.startswith("sealpost_")}, named, faults)


def check_rules(root):
    """[(code, grade, RFC section)] of what a check can find, in the order of the table."""
    path = "src/check/rules.c"
    if not os.path.exists(os.path.join(root, path)):
        return []
    return [(name.lower().replace("_", "-"), grade.lower(), rfc)
            for name, grade, rfc in RULE.findall(tree.code(tree.read(root, path), strings=True))]


def check_rule_list(root, faults):
    rules = {code for code, _, _ in check_rules(root)}
    page = "man/sealpost-check.1.scd"
    if not rules:
        return
    text = tree.read(root, page) if os.path.exists(os.path.join(root, page)) else ""
    compare(page, "the code", set(entries(sections_of(text).get("rules", ""))), rules, faults)


def ask(program, *words):
    env = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return subprocess.run([program, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60)


def commands_of(program):
    """The names in the table, read from the columns of `sealpost --help`."""
    rows = ask(program, "--help").stdout.decode().split("\n")
    return [row[2:26].strip() for row in rows if re.match(r"  [a-z][a-z -]{20,}", row)]


def sections_of(text):
    """{heading: text}, headings in small letters."""
    parts = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {parts[i].strip().lower(): parts[i + 1] for i in range(1, len(parts) - 1, 2)}


def section_of(text, name):
    """The part of a page that describes a command: its section, or all of a page of that name."""
    if f"\n# SYNOPSIS\n\n*sealpost {name}*" in text:
        return text
    return sections_of(text).get(f"sealpost {name}")


def check_command(root, program, name, faults):
    page = f"man/sealpost-{name.split()[0]}.1.scd"
    if not os.path.exists(os.path.join(root, page)):
        faults.append(f"{page}:1: is missing: the command {name} has no manual page")
        return
    section = section_of(tree.read(root, page), name)
    if section is None:
        faults.append(f"{page}:1: has no section `## sealpost {name}`")
        return
    answer = ask(program, *name.split(), "--help", "--json")
    if answer.returncode:
        faults.append(f"{page}:1: sealpost {name} --help --json ends with status {answer.returncode}")
        return
    table = json.loads(answer.stdout)
    real = {f"--{o['name']}" + (f" {o['value']}" if o["value"] else "")
            for o in table["options"] if o["name"] not in COMMON}
    documented = {f"--{option}" + (f" {value}" if value else "")
                  for option, value in OPTION.findall(section) if option not in COMMON}
    compare(page, f"{name}: the option", documented, real, faults)
    if not table["examples"]:
        faults.append(f"{page}:1: sealpost {name} --help shows no example")


def check_keys(root, program, faults):
    answer = ask(program, "config", "explain", "--json")
    page = "man/sealpost.conf.5.scd"
    if answer.returncode:
        faults.append(f"{page}:1: sealpost config explain --json ends with status {answer.returncode}")
        return
    if not os.path.exists(os.path.join(root, page)):
        faults.append(f"{page}:1: is missing")
        return
    real = {}
    for key in keys_in(json.loads(answer.stdout)):
        real[key["section"] + "." + key["key"] if key.get("section") else key["key"]] = key
    documented = set()
    for heading, text in sections_of(tree.read(root, page)).items():
        if m := re.fullmatch(r"\[(.+)\]", heading):
            documented |= {f"{m[1]}.{entry.split('=')[0].strip()}" for entry in entries(text)}
    compare(page, "the key", documented, set(real), faults)


def keys_in(explained):
    if isinstance(explained, dict):
        return explained.get("keys", [])
    return explained


def program_of(build):
    return os.path.abspath(os.path.join(build, "src", "sealpost"))


def check_page_list(root, faults):
    """Every page is built: man/meson.build lists it."""
    listing = tree.read(root, "man/meson.build") if os.path.exists(os.path.join(root, "man/meson.build")) else ""
    for path in tree.files(root, ".scd", under=["man"]):
        name = os.path.basename(path).removesuffix(".scd")
        if listing and f"'{name}'" not in listing:
            faults.append(f"man/meson.build:1: does not list {name}")


def main():
    root, build = tree.arguments(__doc__)
    faults = []
    paths = [p for p in tree.files(root, ".md", ".scd") if not p.startswith("tests/fuzz/seeds/")]
    for path in paths:
        check_paths(root, path, faults)
    check_events(root, faults)
    check_metrics(root, faults)
    check_rule_list(root, faults)
    names = []
    program = program_of(build) if build else None
    check_page_list(root, faults)
    if program:
        names = commands_of(program)
        for name in names:
            check_command(root, program, name, faults)
        if any(name.startswith("config") for name in names):
            check_keys(root, program, faults)
    if program and faults:
        print("`./do manual` drafts what the manual pages lack")
    tree.finish("docs", faults, f"{len(paths)} documents, {len(names)} commands")


if __name__ == "__main__":
    main()
