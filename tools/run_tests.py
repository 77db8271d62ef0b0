#!/usr/bin/env python3
"""Runs the tests of Meson build folders and counts every test point.

    run_tests.py BUILD... [--valgrind BUILD] [--suite NAME] [--no-suite NAME] [--only REGEX] [--jobs N]
                 [--built-in SECONDS]

A test that speaks TAP counts its points; a test that does not is one point. An exit status other
than 0, a plan that is missing or not kept, a sanitizer's report, or more time than the test's own
limit is a failure of its own. What a failing test printed is shown in full. --valgrind runs the unit
tests of one more folder, built without sanitizers, under valgrind.

The last line is "N passed, N failed". Exit status: 0 when all passed, 1 when one failed or none ran.
"""

import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

POINT = re.compile(rb"^(not )?ok\b(?:\s+\d+)?(?:\s*-)?\s*(.*)$")
PLAN = re.compile(rb"^1\.\.(\d+)")
DIRECTIVE = re.compile(rb"#\s*(skip|todo)\b\S*\s*(.*)", re.IGNORECASE)
SANITIZER = re.compile(rb"ERROR: \w+Sanitizer|: runtime error: ")
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect", "--num-callers=30"]
VALGRIND_SLOWER = 20  # times the limit of the test
SLOWEST_SHOWN = 5


class Outcome:
    def __init__(self, name):
        self.name, self.passed, self.failed, self.skipped = name, 0, 0, []
        self.why, self.output, self.seconds = [], b"", 0.0

    def fail(self, why):
        self.failed += 1
        self.why.append(why)


def introspect(build):
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          stdout=subprocess.PIPE).stdout
    return [{**test, "workdir": test.get("workdir") or build} for test in json.loads(text)]


def read_tap(outcome, output):
    planned, points, plans = 0, 0, 0
    for line in output.split(b"\n"):
        if m := PLAN.match(line):
            planned += int(m[1])
            plans += 1
            if b"skip" in line.lower():
                outcome.skipped.append(line.decode("utf-8", "replace"))
        elif m := POINT.match(line):
            points += 1
            text = m[2].decode("utf-8", "replace")
            directive = DIRECTIVE.search(m[2])
            if directive and directive[1].lower() == b"skip":
                outcome.skipped.append(text)
            elif m[1]:
                outcome.fail(f"not ok: {text}")
            else:
                outcome.passed += 1
        elif line.startswith(b"Bail out!"):
            outcome.fail(line.decode("utf-8", "replace"))
    if not plans:
        outcome.fail("printed no plan (1..N)")
    elif planned != points:
        outcome.fail(f"planned {planned} points, printed {points}")


def run(test, valgrind):
    name = test["name"] + (" (valgrind)" if valgrind else "")
    outcome = Outcome(name)
    limit = test.get("timeout") or 30
    limit *= VALGRIND_SLOWER if valgrind else 3
    env = {**os.environ, **test.get("env", {})}
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    command = (VALGRIND if valgrind else []) + test["cmd"]
    started = time.monotonic()
    with subprocess.Popen(command, cwd=test["workdir"], env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            out, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, errors = process.communicate()
            outcome.fail(f"did not end within {limit} seconds")
    outcome.seconds = time.monotonic() - started
    outcome.output = out + errors
    if test.get("protocol") == "tap":
        read_tap(outcome, out)
        if process.returncode != 0 and not outcome.failed:
            outcome.fail(f"exit status {process.returncode} though every point passed")
    elif process.returncode == 0:
        outcome.passed += 1
    else:
        outcome.fail(f"exit status {process.returncode}")
    if SANITIZER.search(errors) and not outcome.failed:
        outcome.fail("a sanitizer's report on standard error")
    return outcome


class Screen:
    """One line a test; on a terminal the running count is kept on the last line."""

    def __init__(self, total):
        self.total, self.done, self.lock = total, 0, threading.Lock()
        self.live = sys.stdout.isatty()

    def show(self, outcome):
        with self.lock:
            self.done += 1
            start = "\r\033[K" if self.live else ""
            if outcome.failed:
                print(f"{start}FAILED {outcome.name}")
                for why in outcome.why:
                    print(f"    {why}")
                sys.stdout.flush()
                sys.stdout.buffer.write(outcome.output.rstrip() + b"\n")
            elif not self.live:
                print(f"[{self.done}/{self.total}] {outcome.name}: {outcome.passed} passed, "
                      f"{outcome.seconds:.1f} s")
            if self.live:
                print(f"\r\033[K[{self.done}/{self.total}] {outcome.name}", end="")
            sys.stdout.flush()

    def end(self):
        if self.live:
            print("\r\033[K", end="")


def clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def collect(args):
    tests = [(test, False) for build in args.builds for test in introspect(build)]
    if args.valgrind:
        tests += [(test, True) for test in introspect(args.valgrind)
                  if test["name"].startswith("unit ")]
    if args.suite:
        tests = [t for t in tests if any(s.split(":")[-1] == args.suite for s in t[0]["suite"])]
    if args.no_suite:
        tests = [t for t in tests
                 if not any(s.split(":")[-1] == args.no_suite for s in t[0]["suite"])]
    if args.only:
        tests = [t for t in tests if re.search(args.only, t[0]["name"])]
    # What takes long starts first, so that the last minute is not one test alone.
    return sorted(tests, key=lambda t: (t[1], -(t[0].get("timeout") or 0)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("builds", nargs="+", metavar="BUILD")
    parser.add_argument("--valgrind", metavar="BUILD")
    parser.add_argument("--suite", help="only the tests of this suite")
    parser.add_argument("--no-suite", help="all tests but those of this suite")
    parser.add_argument("--only", metavar="REGEX", help="only the tests whose name matches")
    parser.add_argument("--built-in", type=int, metavar="SECONDS", help="how long the build took, to be shown")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    args = parser.parse_args()
    began = time.monotonic()
    tests = collect(args)
    screen, outcomes = Screen(len(tests)), []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, *t) for t in tests]):
            outcomes.append(future.result())
            screen.show(outcomes[-1])
    screen.end()
    print("slowest: " + ", ".join(f"{o.name} {o.seconds:.1f} s" for o in
                                  sorted(outcomes, key=lambda o: -o.seconds)[:SLOWEST_SHOWN]))
    for outcome in outcomes:
        for reason in outcome.skipped:
            print(f"skipped in {outcome.name}: {reason}")
    broken = [o.name for o in outcomes if o.failed]
    if broken:
        print("failed: " + ", ".join(broken))
    built = "" if args.built_in is None else f"build {clock(args.built_in)}, "
    print(f"time: {built}tests {clock(time.monotonic() - began)}")
    passed, failed = sum(o.passed for o in outcomes), sum(o.failed for o in outcomes)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
