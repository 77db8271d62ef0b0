#!/usr/bin/env python3
"""Shows each lint a planted fault, which it must find, and a sound tree, which it must pass.

    test_lints.py

Prints TAP. Every case makes a small tree of its own in a temporary folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")

GUARD = "#ifndef SEALPOST_{0}_H\n#define SEALPOST_{0}_H\n{1}\n#endif\n"
SOUND = {
    "meson.build": "add_project_arguments('-include', root / 'src/base/banned.h', language: 'c')\n",
    "src/base/banned.h": GUARD.format("BASE_BANNED", "#define strcpy(a, b) BANNED(strcpy)"),
    "src/base/str.h": GUARD.format("BASE_STR", "#include <stddef.h>\nsize_t str_n(void);"),
    "src/base/po/en.po": '#. n:uint\nmsgid "too-long"\nmsgstr "That is {n} bytes too long"\n',
    "src/base/po/zh_CN.po": '#. n:uint\nmsgid "too-long"\nmsgstr "太长，超出 {n} 字节"\n',
    "src/mtasts/policy.h": GUARD.format("MTASTS_POLICY", '#include "base/str.h"'),
    "src/mtasts/policy.c": '#include "mtasts/policy.h"\n\nvoid f(void)\n{\n    msg_too_long(1);\n}\n',
    "src/mtasts/meson.build": "lib_mtasts = static_library('mtasts', dependencies: [dep_base])\n",
    "src/host/host.h": GUARD.format("HOST_HOST", '#include "mtasts/policy.h"'),
    "tests/unit/mtasts/meson.build": "test('x', dependencies: [dep_mtasts, dep_base])\n",
    "README.md": "See `src/base/str.h`.\n",
}

ZLIB = "# dependency('gone')\nx = [dependency('threads'), dependency('zlib', version: '>=1')]\n"
DO = "packages_for() {{\n    case $1 in\n    {}) echo 'gcc {}' ;;\n    esac\n}}\n\nmodules_for() {{\n    echo {}\n}}\n"

# lint, what is planted, {path: content}, what the report must hold (None: nothing to report)
CASES = [
    ("layers", "an include from above", {"src/mtasts/policy.c": '#include "host/host.h"\n'},
     "src/mtasts/policy.c:1: mtasts may not include host/host.h"),
    ("layers", "a role that includes a role", {"src/acme/acme.c": '\n#include "host/host.h"\n'},
     "src/acme/acme.c:2: acme may not include host/host.h"),
    ("layers", "a commented include is none", {"src/mtasts/policy.c": '/* #include "host/host.h" */\n'}, None),
    ("layers", "a folder that is no layer", {"src/misc/a.c": "\n"}, "src/misc/a.c:1: misc/ is no layer"),
    ("layers", "an include that does not exist", {"src/mtasts/policy.c": '#include "base/nothing.h"\n'},
     "there is no src/base/nothing.h"),
    ("layers", "an include without its folder", {"src/mtasts/policy.c": '#include "policy.h"\n'},
     "without its folder"),
    ("layers", "a clock in a pure module", {"src/mtasts/policy.c": "#include <time.h>\n"}, "<time.h> in mtasts"),
    ("layers", "a library linked from above",
     {"src/mtasts/meson.build": "static_library('m', dependencies: [dep_host])\n"}, "may not link dep_host"),
    ("layers", "a unit test that links from above",
     {"tests/unit/mtasts/meson.build": "\ntest('x', dependencies: [dep_cli])\n"},
     "tests/unit/mtasts/meson.build:2: mtasts may not link dep_cli"),
    ("layers", "a pure module with a library of its own",
     {"src/mtasts/meson.build": "static_library('m', dependencies: dependency('zlib'))\n"},
     "depends on base only"),
    ("banned", "a pointer to a banned function", {"src/host/a.c": "void *p = (void *)strcpy;\n"},
     "src/host/a.c:1: strcpy is banned"),
    ("banned", "a banned name in a comment or a string is none",
     {"src/host/a.c": '/* strcpy */ const char *p = "strcpy"; // strcpy\n'}, None),
    ("banned", "a meson.build that forgets the header", {"meson.build": "project('x')\n"}, "no longer included"),
    ("banned", "a clock read in a parser", {"src/mtasts/a.c": "long f(void)\n{\n    return time(NULL);\n}\n"},
     "src/mtasts/a.c:3: time in mtasts/"),
    ("banned", "a parser that prints", {"src/mtasts/a.c": 'void f(void)\n{\n    printf("x");\n}\n'},
     "printf in mtasts/"),
    ("banned", "a library that ends the process", {"src/store/a.c": "void f(void)\n{\n    abort();\n}\n"},
     "abort in store/"),
    ("banned", "an abort with its reason beside it",
     {"src/store/a.c": "void f(void)\n{\n    abort(); /* a row of our own table */\n}\n"}, None),
    ("banned", "a global in a pure module", {"src/tlsrpt/a.c": "static int calls;\n"}, "has no globals"),
    ("banned", "a constant table in a pure module is none",
     {"src/tlsrpt/a.c": "static const char *const names[] = {0};\n"}, None),
    ("cleanup", "a return before the variable was made",
     {"src/host/a.c": "int f(int n)\n{\n    struct buf b CLEANUP(buf_done);\n    if (n)\n        return 1;\n"
                      "    buf_init(&b, 1);\n    return 0;\n}\n"},
     "src/host/a.c:3: b is cleaned up by the return in line 5"),
    ("cleanup", "a variable that is made first",
     {"src/host/a.c": "int f(int n)\n{\n    struct buf b CLEANUP(buf_done);\n    buf_init(&b, 1);\n"
                      "    return n;\n}\n"}, None),
    ("headers", "a header that does not compile alone",
     {"src/base/str.h": GUARD.format("BASE_STR", "size_t str_n(void);")},
     "src/base/str.h:1: does not compile alone"),
    ("headers", "a guard of another name", {"src/base/str.h": GUARD.format("STR", "")},
     "the guard is not SEALPOST_BASE_STR_H"),
    ("lengths", "a function of 71 lines",
     {"src/host/a.c": "void f(void)\n{\n" + "    g();\n" * 68 + "}\n"},
     "src/host/a.c:1: a function of 71 lines"),
    ("lengths", "a function of 70 lines is none",
     {"src/host/a.c": "void f(void)\n{\n" + "    g();\n" * 67 + "}\n"}, None),
    ("lengths", "a table in a function does not count",
     {"tests/unit/a.c": "void f(void)\n{\n    static const int t[] = {\n" + "        1,\n" * 90 + "    };\n" +
      "    g();\n" * 60 + "}\n"}, None),
    ("lengths", "a file of 601 lines", {"src/host/a.c": "\n" * 601}, "601 lines, more than 600"),
    ("lengths", "a table is no function",
     {"src/host/a.c": "static const int t[] = {\n" + "    1,\n" * 100 + "};\n"}, None),
    ("messages", "a message that nothing says", {"src/mtasts/policy.c": "\n"}, "nothing says too-long"),
    ("messages", "a sentence in C",
     {"src/host/a.c": 'void f(void)\n{\n    say("This could never be translated");\n}\n'},
     "src/host/a.c:3: a sentence in C"),
    ("messages", "a Chinese text that is English",
     {"src/base/po/zh_CN.po": '#. n:uint\nmsgid "too-long"\nmsgstr "That is {n} bytes too long"\n'},
     "too-long has no Chinese"),
    ("messages", "a code of two modules",
     {"src/host/po/en.po": '#. n:uint\nmsgid "too-long"\nmsgstr "That is {n} too long"\n',
      "src/host/po/zh_CN.po": '#. n:uint\nmsgid "too-long"\nmsgstr "太长 {n}"\n'}, "is a code of base too"),
    ("needs", "all that is asked for is listed",
     {"src/mail/meson.build": ZLIB, "do": DO.format("build", "x|zlib1g-dev", "zlib")}, None),
    ("needs", "a dependency that is not among the modules",
     {"src/mail/meson.build": ZLIB, "do": DO.format("build", "zlib1g-dev", "")},
     "src/mail/meson.build:2: modules_for of ./do does not name zlib for build"),
    ("needs", "a module that nothing asks for", {"do": DO.format("build", "zlib1g-dev", "zlib")},
     "modules_for names zlib, which no meson.build asks for"),
    ("needs", "what tests alone need is there for tests",
     {"tests/unit/meson.build": ZLIB, "do": DO.format("test", "zlib1g-dev", "zlib")}, None),
    ("needs", "no ./do", {"src/mail/meson.build": ZLIB}, "do:1: is missing"),
    ("words", "a private key",
     {"src/host/a.c": 'const char *k = "-----BEGIN ' + 'PRIVATE KEY-----\\n"\n"' + "A" * 64 + '";\n'},
     "src/host/a.c:1: a private key"),
    ("words", "the marker of a key alone is none",
     {"src/host/a.c": 'const char *k = "-----BEGIN ' + 'PRIVATE KEY-----\\nAAAA\\n";\n'}, None),
    ("words", "a path of one machine", {"README.md": "see /ho" + "me/ada/x\n"}, "README.md:1: a path of one machine"),
    ("words", "a mark of unfinished work", {"src/host/a.c": "/* TO" + "DO: all of it */\n"}, "unfinished work"),
    ("words", "a merge conflict", {"src/host/a.c": "<" * 7 + " HEAD\n"}, "a merge conflict"),
    ("docs", "a path that does not exist", {"README.md": "See `src/base/gone.h`.\n"}, "src/base/gone.h"),
    ("docs", "a link that does not exist", {"README.md": "See [it](doc/gone.md).\n"}, "doc/gone.md"),
    ("docs", "an event that the manual does not list",
     {"src/host/a.c": 'void f(void)\n{\n    LOG(LOG_INFO, "host.started");\n}\n',
      "man/sealpost-log.7.scd": "*host.gone*\n\tGone.\n"}, "host.started"),
    ("docs", "an event that nothing logs",
     {"src/host/a.c": 'void f(void)\n{\n    LOG(LOG_INFO, "host.started");\n}\n',
      "man/sealpost-log.7.scd": "*host.started*\n\tStarted.\n\n*host.gone*\n\tGone.\n"}, "host.gone"),
    ("docs", "a rule of a check that the manual does not list",
     {"src/check/rules.c": 'const int r[] = {\n    {&MSG_CHECK_MX_OLD,\n     CHECK_MX, CHECK_ERROR, "RFC 1"},\n'
                           '    {&MSG_CHECK_MX_NEW, CHECK_MX, CHECK_OK, ""},\n};\n',
      "man/sealpost-check.1.scd": "# RULES\n\n*check-mx-old*\n\tOld.\n"}, "the code check-mx-new is missing"),
    ("docs", "a rule of the manual that no check has",
     {"src/check/rules.c": 'const int r[] = {{&MSG_CHECK_MX_OLD, CHECK_MX, CHECK_ERROR, "RFC 1"}};\n',
      "man/sealpost-check.1.scd": "# RULES\n\n*check-mx-old*\n\tOld.\n\n*check-mx-gone*\n\tGone.\n\n"
                                  "# SEE ALSO\n\n*sealpost*(1)\n"}, "check-mx-gone, which does not exist"),
]


def write(root, files):
    for path, content in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)


def lint(name, planted):
    with tempfile.TemporaryDirectory(prefix="sealpost-lint-") as root:
        write(root, SOUND)
        write(root, planted)
        result = subprocess.run([sys.executable, os.path.join(TOOLS, f"check_{name}.py"), root],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode("utf-8", "replace")


def without_package():
    """Where it can be known that the package is missing."""
    if not shutil.which("dpkg") or subprocess.run(["pkg-config", "--exists", "zlib"]).returncode:
        return []
    return [("needs", what, {path: ZLIB, "do": DO.format(task, package, "zlib")},
             f"{path}:2: packages_for of ./do does not name zlib1g-dev, which has zlib, for {wanted}")
            for what, path, task, package, wanted in (
                ("a package that is not listed", "src/mail/meson.build", "build", "libz-dev", "build"),
                ("a package that is listed for tests alone", "src/mail/meson.build", "test", "zlib1g-dev", "build"),
                ("a package of the tests that is not listed", "tests/unit/meson.build", "build", "zlib1g-dev", "test"))]


def main():
    planted_cases = CASES + without_package()
    cases = [(name, "a sound tree", {}, None) for name in dict.fromkeys(c[0] for c in CASES)] + planted_cases
    failed = 0
    for number, (name, what, planted, expected) in enumerate(cases, 1):
        status, report = lint(name, planted)
        right = status == 0 if expected is None else status == 1 and expected in report
        failed += not right
        print(f"{'ok' if right else 'not ok'} {number} - check_{name}: {what}")
        if not right:
            print(f"# expected {expected or 'no fault'}, got status {status}:")
            print("".join(f"# {line}\n" for line in report.split("\n")), end="")
    print(f"1..{len(cases)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
