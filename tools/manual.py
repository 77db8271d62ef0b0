#!/usr/bin/env python3
"""Adds to the manual pages what the program has and they lack: commands, options, keys, events.

    manual.py ROOT BUILD

The section RULES of sealpost-check(1) is written anew from src/check/rules.c and its English texts. From `--help --json` and `config explain --json` of the built program it drafts the missing sections and entries in
man/, takes out entries of what no longer exists, and leaves every sentence that was written there alone. Read the
difference before it is committed; check_docs.py then finds nothing.
"""

import json
import os
import re

import check_docs
import messages
import tree


ENTRY = re.compile(r"^(\*--([a-z0-9-]+)\*(?: _[^\n]*_)?)\n(?:\t[^\n]*\n|\n(?=\t))*\n*", re.MULTILINE)


def plain(text):
    """Text as scdoc takes it literally."""
    return re.sub(r"([\\*_`])", r"\\\1", text)


def sentence(text):
    """A line of help as a sentence."""
    text = plain(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "。")) else ".")


def entry(head, text):
    return f"{head}\n\t{text}\n\n"


def option_head(option):
    return f"*--{option['name']}*" + (f" _{option['value']}_" if option["value"] else "")


def command_section(table):
    synopsis = f"*sealpost {table['name']}* [_OPTION_]... {plain(table['synopsis'])}".rstrip()
    out = f"## sealpost {table['name']}\n\n{synopsis}\n\n{sentence(table['summary'])}\n\n"
    for option in table["options"]:
        if option["name"] not in check_docs.COMMON:
            out += entry(option_head(option), sentence(option["help"]))
    examples = "".join(f"\t{line}\n" for line in table["examples"])
    return out + f"Examples:\n\n```\n{examples}```\n\n"


def edit_options(section, table):
    """The section with entries for new options behind the others, and without those of gone ones."""
    real = {option_head(o): o for o in table["options"] if o["name"] not in check_docs.COMMON}
    for m in list(ENTRY.finditer(section)):
        if m[1] not in real and m[2] not in check_docs.COMMON:
            section = section.replace(m[0], "")
    new = "".join(entry(head, sentence(o["help"])) for head, o in real.items()
                  if not re.search("^" + re.escape(head) + "$", section, re.MULTILINE))
    last = list(ENTRY.finditer(section))[-1:]
    at = last[0].end() if last else len(section)
    return section[:at] + new + section[at:]


def split(text):
    """The text before the first heading, and [(heading line, body)]."""
    parts = re.split(r"^(#+ .*\n)", text, flags=re.MULTILINE)
    return parts[0], [[parts[i], parts[i + 1]] for i in range(1, len(parts), 2)]


def join(head, parts):
    return head + "".join(h + b for h, b in parts)


def place(parts, heading, body, parent):
    """Puts a new section at the end of its parent's."""
    at = next((i + 1 for i, p in enumerate(parts) if p[0].strip() == parent), len(parts) - 1)
    while at < len(parts) and parts[at][0].startswith("## "):
        at += 1
    parts.insert(at, [heading, body])


def write_commands(root, program, names):
    for name in names:
        path = os.path.join(root, f"man/sealpost-{name.split()[0]}.1.scd")
        if not os.path.exists(path):
            print(f"man: {path} is missing; write its NAME and DESCRIPTION, and list it in man/meson.build")
            continue
        table = json.loads(check_docs.ask(program, *name.split(), "--help", "--json").stdout)
        text = tree.read(root, os.path.relpath(path, root))
        head, parts = split(text)
        if check_docs.section_of(text, name) == text:
            with open(path, "w", encoding="utf-8") as f:
                f.write(edit_options(text, table))
            continue
        found = next((p for p in parts if p[0].strip() == f"## sealpost {name}"), None)
        if found:
            found[1] = edit_options(found[1], table)
        else:
            heading, _, body = command_section(table).partition("\n")
            place(parts, heading + "\n", body, "# COMMANDS")
        with open(path, "w", encoding="utf-8") as f:
            f.write(join(head, parts))


def key_text(key):
    rest = "; ".join(part for part in (key.get("type"), key.get("range")) if part)
    default = key.get("default")
    return (sentence(key["help"]) + (f" ({plain(rest)})" if rest else "") +
            (f" Default: *{plain(default)}*." if default else " No default."))


def write_keys(root, program):
    path = "man/sealpost.conf.5.scd"
    answer = check_docs.ask(program, "config", "explain", "--json")
    if answer.returncode:
        return
    head, parts = split(tree.read(root, path))
    for key in check_docs.keys_in(json.loads(answer.stdout)):
        heading = f"[{key['section']}]"
        found = next((p for p in parts if p[0].strip("# \n") == heading), None)
        if found is None:
            found = [f"## {heading}\n", "\n"]
            parts.insert(len(parts) - 1, found)
        if not re.search(rf"^\*{re.escape(plain(key['key']))}\*", found[1], re.MULTILINE):
            found[1] += entry(f"*{plain(key['key'])}*", key_text(key))
    with open(os.path.join(root, path), "w", encoding="utf-8") as f:
        f.write(join(head, parts))


def write_events(root):
    path = "man/sealpost-log.7.scd"
    head, parts = split(tree.read(root, path))
    section = next(p for p in parts if p[0].strip() == "# EVENTS")
    events = check_docs.logged_events(root)
    known = {name.replace("\\", "") for name in check_docs.ENTRY.findall(join(head, parts))}
    for name in sorted(set(events) - known):
        section[1] += entry(f"*{plain(name)}*", f"({events[name]})")
    with open(os.path.join(root, path), "w", encoding="utf-8") as f:
        f.write(join(head, parts))


def skeleton(text):
    """A message's text with its arguments by name, the plural of what is chosen by number."""
    text = messages.PLACEHOLDER.sub(lambda m: (m[0].rsplit(":", 1)[1][:-1] if "?" in m[0] else m[0]), text)
    return " ".join(text.split())


def write_rules(root):
    path = "man/sealpost-check.1.scd"
    rules = check_docs.check_rules(root)
    if not rules or not os.path.exists(os.path.join(root, path)):
        return
    texts = messages.read_po(os.path.join(root, "src/check/po/en.po"))
    head, parts = split(tree.read(root, path))
    section = next(p for p in parts if p[0].strip() == "# RULES")
    intro = section[1].split("\n*", 1)[0].strip()
    section[1] = f"\n{intro}\n\n" + "".join(
        entry(f"*{plain(code)}*", f"({', '.join(filter(None, [grade, rfc]))}) " + sentence(skeleton(texts[code, ""][0])))
        for code, grade, rfc in rules)
    with open(os.path.join(root, path), "w", encoding="utf-8") as f:
        f.write(join(head, parts))


def main():
    root, build = tree.arguments(__doc__)
    if not build:
        raise SystemExit(__doc__)
    program = check_docs.program_of(build)
    names = check_docs.commands_of(program)
    write_commands(root, program, names)
    if any(name.startswith("config") for name in names):
        write_keys(root, program)
    write_events(root)
    write_rules(root)


if __name__ == "__main__":
    main()
