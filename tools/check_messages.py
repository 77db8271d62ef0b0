#!/usr/bin/env python3
"""Holds the catalogues to the code: every message is used, and no sentence stands in C.

    check_messages.py ROOT

tools/messages.py already refuses a message without both languages. This finds codes that nothing says
any more, codes that two modules define, Chinese texts without a Chinese character (a fix may be a bare command), and English
sentences in string literals of src/, which could never be translated.
"""

import os
import re
import sys

import tree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import messages  # noqa: E402

SENTENCE = re.compile(r'"([^"\\\n]|\\.)*[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}([^"\\\n]|\\.)*"')
# SQL, what a person types (examples in the tables of commands), and commands of three words.
NO_SENTENCE = re.compile(r'^"(sealpost |cert ca [a-z-]+"$|\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|WITH|BEGIN|'
                         r'FROM|WHERE|AND|OR|ON|ORDER|VALUES|SET|JOIN|LEFT|LIMIT|REFERENCES|UNIQUE|CHECK|PRIMARY)\b)')
CHINESE = re.compile("[\u4e00-\u9fff]")
# Other languages than people's: SQL, the configurations of web servers.
NOT_ENGLISH = ("src/store/", "src/publish/apache.c", "src/publish/caddy.c", "src/publish/nginx.c")


def check_catalogue(root, path, source, owners, faults):
    module = path.split("/")[1]
    try:
        entries = messages.read_po(os.path.join(root, path))
        chinese = messages.read_po(os.path.join(root, path.replace("en.po", "zh_CN.po")))
    except (SystemExit, OSError) as e:
        faults.append(f"{path}:1: {e}")
        return 0
    for (msgid, part), (text, _, line) in chinese.items():
        english = entries.get((msgid, part), ("",))[0]
        if part != "fix" and not CHINESE.search(text) and re.search(r"[A-Za-z]{2,} [a-z]{2,}", messages.PLACEHOLDER.sub("", english)):
            faults.append(f"{path.replace('en.po', 'zh_CN.po')}:{line}: {msgid} has no Chinese in it")
    codes = {msgid: line for (msgid, part), (_, _, line) in entries.items() if part == ""}
    for msgid, line in codes.items():
        name = msgid.replace("-", "_")
        if msgid in owners:
            faults.append(f"{path}:{line}: {msgid} is a code of {owners[msgid]} too; codes are the program's, "
                          "not the module's")
        owners[msgid] = module
        if f"msg_{name}" not in source and f"MSG_{name.upper()}" not in source:
            faults.append(f"{path}:{line}: nothing says {msgid}; remove it from both catalogues")
    return len(codes)


def main():
    root, _ = tree.arguments(__doc__)
    faults, owners, count = [], {}, 0
    paths = tree.files(root, ".c", ".h", under=["src"])
    texts = {path: tree.code(tree.read(root, path), strings=True) for path in paths}
    source = set(re.findall(r"\b(?:msg|MSG)_\w+", "\n".join(texts.values())))
    for path in tree.files(root, "/po/en.po", under=["src"]):
        count += check_catalogue(root, path, source, owners, faults)
    for path, text in texts.items():
        if path.startswith(NOT_ENGLISH):
            continue
        for m in SENTENCE.finditer(text):
            if not NO_SENTENCE.match(m[0]):
                faults.append(f"{path}:{tree.line_of(text, m.start())}: a sentence in C: {m[0]:.60}; "
                              "make it a message")
    tree.finish("messages", faults, f"{count} messages")


if __name__ == "__main__":
    main()
