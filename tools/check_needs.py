#!/usr/bin/env python3
"""Holds the list of what ./do installs to what the build asks for.

    check_needs.py ROOT

Each dependency('X') of a meson.build stands in modules_for of ./do, and the Debian package that holds X.pc in
packages_for: for the task build, or for the task test where only tests need it. modules_for names nothing else. Where
there is no dpkg, or X is not installed, its package cannot be known, which is said.
"""

import os
import re
import shutil
import subprocess

import tree

DEPENDENCY = re.compile(r"\bdependency\(\s*'([^']+)'([^)]*)")
OF_MESON = {"threads"}  # what meson finds without pkg-config


def dependencies(root):
    """{module: (task, place)}; the task that needs it first."""
    found = {}
    for path in tree.files(root, "meson.build"):
        text = re.sub(r"#[^\n]*", "", tree.read(root, path))
        for m in DEPENDENCY.finditer(text):
            for_tests = path.startswith("tests/") or "get_option('tests'" in m[2]
            task = "test" if for_tests else "build"
            if m[1] not in OF_MESON and found.get(m[1], ("test",))[0] == "test":
                found[m[1]] = (task, f"{path}:{tree.line_of(text, m.start())}")
    return found


def listed(root, function, task):
    """The words that a function of ./do says for a task; "a|b" are two."""
    script = f'eval "$(sed -n "/^{function}() {{/,/^}}/p" "$1")"; {function} "$2"'
    done = subprocess.run(["bash", "-c", script, "bash", os.path.join(root, "do"), task], stdout=subprocess.PIPE,
                          check=True)
    return set(done.stdout.decode().replace("|", " ").split())


def said(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def package_of(module):
    """(package, None) or (None, why it cannot be known)."""
    if not shutil.which("dpkg"):
        return None, "there is no dpkg"
    folder = said("pkg-config", "--variable=pcfiledir", module)
    if not folder:
        return None, f"{module} is not installed"
    owner = said("dpkg", "-S", f"{folder}/{module}.pc")
    if not owner:
        return None, f"{module} is not from a package"
    return owner.split(":")[0], None


def main():
    root, _ = tree.arguments(__doc__)
    faults, unknown, found = [], set(), dependencies(root)
    if found and not os.path.exists(os.path.join(root, "do")):
        tree.finish("needs", ["do:1: is missing, and the build has dependencies"], "")
    for module, (task, place) in sorted(found.items()):
        if module not in listed(root, "modules_for", task):
            faults.append(f"{place}: modules_for of ./do does not name {module} for {task}")
        package, why = package_of(module)
        if why:
            unknown.add(why)
        elif package not in listed(root, "packages_for", task):
            faults.append(f"{place}: packages_for of ./do does not name {package}, which has {module}, for {task}")
    if os.path.exists(os.path.join(root, "do")):
        named = listed(root, "modules_for", "build") | listed(root, "modules_for", "test")
        faults += [f"do:1: modules_for names {module}, which no meson.build asks for" for module in sorted(named - set(found))]
    for why in sorted(unknown):
        print(f"needs: a package is not looked up: {why}")
    tree.finish("needs", faults, f"{len(found)} dependencies")


if __name__ == "__main__":
    main()
