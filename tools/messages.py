#!/usr/bin/env python3
"""Turns a module's message catalogues into C.

    messages.py MODULE en.po zh_CN.po OUT.h OUT.c

src/base/msg.h says what the catalogues look like and what comes out. Everything that could go
wrong at run time is refused here: a code without one of the languages, a placeholder that names
no argument, an argument that no text uses, a part that only one language has.
"""

import re
import sys

LANGS = ["en", "zh_CN"]
PARTS = {"": "MSG_TEXT", "cause": "MSG_CAUSE", "meaning": "MSG_MEANING", "fix": "MSG_FIX"}
TYPES = {
    # name: (enumerator, C parameter type, union member)
    "str": ("MSG_ARG_STR", "struct str ", "str"),
    "int": ("MSG_ARG_INT", "int64_t ", "i"),
    "uint": ("MSG_ARG_UINT", "uint64_t ", "u"),
    "size": ("MSG_ARG_SIZE", "uint64_t ", "u"),
    "duration": ("MSG_ARG_DURATION", "uint64_t ", "u"),
    "time": ("MSG_ARG_TIME", "int64_t ", "i"),
    "date": ("MSG_ARG_DATE", "int64_t ", "i"),
}
ARGS_MAX = 6
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(\?[^{}:]*:[^{}]*)?\}")


def die(where, why):
    sys.exit(f"{where}: {why}")


def unquote(path, number, text):
    if not (text.startswith('"') and text.endswith('"') and len(text) >= 2):
        die(f"{path}:{number}", "expected a quoted string")
    out, i, body = [], 0, text[1:-1]
    while i < len(body):
        if body[i] == "\\":
            i += 1
            out.append({"n": "\n", "t": "\t", '"': '"', "\\": "\\"}.get(body[i]) or
                       die(f"{path}:{number}", f"unknown escape \\{body[i]}"))
        else:
            out.append(body[i])
        i += 1
    return "".join(out)


def read_po(path):
    """Gives {(id, part): (text, args, line)} in the file's order."""
    entries, entry, field = {}, {}, None

    def finish(number):
        if entry.get("msgid"):
            key = (entry["msgid"], entry.get("msgctxt", ""))
            if key in entries:
                die(f"{path}:{number}", f"{key[0]} {key[1]} stands twice")
            if key[1] not in PARTS:
                die(f"{path}:{number}", f"{key[0]}: msgctxt {key[1]!r} is none of {list(PARTS)}")
            if not entry.get("msgstr"):
                die(f"{path}:{number}", f"{key[0]} has an empty msgstr")
            entries[key] = (entry["msgstr"], entry.get("args"), number)
        entry.clear()

    number = 0
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line:
                finish(number)
                field = None
            elif line.startswith("#."):
                entry["args"] = line[2:].split()
            elif line.startswith("#"):
                continue
            elif line.startswith('"'):
                entry[field] += unquote(path, number, line)
            else:
                field, _, rest = line.partition(" ")
                if field not in ("msgctxt", "msgid", "msgstr"):
                    die(f"{path}:{number}", f"cannot read {line!r}")
                if field in ("msgctxt", "msgid") and "msgstr" in entry:
                    finish(number)
                entry[field] = unquote(path, number, rest)
    finish(number + 1)
    return entries


def parse_args(path, msgid, line, args):
    out = []
    for arg in args or []:
        name, _, kind = arg.partition(":")
        if kind not in TYPES or not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            die(f"{path}:{line}", f"{msgid}: argument {arg!r} is not NAME:TYPE, "
                                  f"TYPE one of {' '.join(TYPES)}")
        out.append((name, kind))
    if len(out) > ARGS_MAX:
        die(f"{path}:{line}", f"{msgid}: more than {ARGS_MAX} arguments")
    return out


def load(paths):
    """Gives [(id, args, {lang: {part: text}})], complete or not at all."""
    po = {lang: read_po(path) for lang, path in zip(LANGS, paths)}
    for lang, path in zip(LANGS, paths):
        for key, (_, _, line) in po[lang].items():
            for other, other_path in zip(LANGS, paths):
                if key not in po[other]:
                    die(f"{path}:{line}", f"{key[0]} {key[1]} is missing in {other_path}")
    codes = []
    for msgid, part in po["en"]:
        if part != "":
            if (msgid, "") not in po["en"]:
                die(paths[0], f"{msgid} has a part {part!r} but no text")
            continue
        _, raw, line = po["en"][(msgid, "")]
        if not re.fullmatch(r"[a-z][a-z0-9-]*", msgid):
            die(f"{paths[0]}:{line}", f"{msgid} is not in kebab-case")
        args = parse_args(paths[0], msgid, line, raw)
        names = {name for name, _ in args}
        texts, used = {}, set()
        for lang, path in zip(LANGS, paths):
            texts[lang] = {}
            for p in PARTS:
                if (msgid, p) not in po[lang]:
                    continue
                text, _, at = po[lang][(msgid, p)]
                found = {m.group(1) for m in PLACEHOLDER.finditer(text)}
                if found - names:
                    die(f"{path}:{at}", f"{msgid}: no argument {', '.join(sorted(found - names))}")
                if lang == LANGS[0]:
                    used |= found
                texts[lang][p] = text
        if names - used:
            die(f"{paths[0]}:{line}", f"{msgid}: no text uses {', '.join(sorted(names - used))}")
        codes.append((msgid, args, texts))
    return codes


def c_string(text):
    out = []
    for byte in text.encode("utf-8"):
        if byte == 0x0A:
            out.append("\\n")
        elif byte in (0x22, 0x5C):
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F and byte != 0x3F:
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def write(module, codes, header, source):
    guard = f"SEALPOST_{module.upper()}_MESSAGES_H"
    h = [f"/* Made from src/{module}/po by tools/messages.py. */", f"#ifndef {guard}",
         f"#define {guard}", "", '#include "base/msg.h"', ""]
    c = [f"/* Made from src/{module}/po by tools/messages.py. */",
         f'#include "{module}/messages.h"', ""]
    for msgid, args, texts in codes:
        name = msgid.replace("-", "_")
        h.append(f"extern const struct msg_def MSG_{name.upper()};")
        params = ", ".join(TYPES[kind][1] + arg for arg, kind in args) or "void"
        values = ", ".join(f"{{{TYPES[kind][0]}, {{.{TYPES[kind][2]} = {arg}}}}}"
                           for arg, kind in args)
        h.append(f"static inline struct msg msg_{name}({params})\n{{\n    return (struct msg)"
                 f"{{&MSG_{name.upper()}, {{{values}}}}};\n}}\n")
        c.append(f"const struct msg_def MSG_{name.upper()} = {{")
        c.append(f"    .id = {c_string(msgid)},\n    .nargs = {len(args)},")
        if args:
            c.append("    .args = {" + ", ".join(f'{{"{a}", {TYPES[k][0]}}}' for a, k in args) + "},")
        c.append("    .text = {")
        for index, lang in enumerate(LANGS):
            parts = ", ".join(f"[{PARTS[p]}] = {c_string(t)}" for p, t in texts[lang].items())
            c.append(f"        [{index}] = {{{parts}}},")
        c.append("    },\n};")
    c += [f"extern const struct msg_def *const {module}_messages[];",
          f"const struct msg_def *const {module}_messages[] = {{"]
    c += [f"    &MSG_{msgid.replace('-', '_').upper()}," for msgid, _, _ in codes]
    c += ["    NULL,", "};"]
    h += ["/* Every code of this module, ended by NULL. */",
          f"extern const struct msg_def *const {module}_messages[];", "", "#endif"]
    for path, lines in ((header, h), (source, c)):
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    module, en, zh, header, source = sys.argv[1:]
    write(module, load([en, zh]), header, source)


if __name__ == "__main__":
    main()
