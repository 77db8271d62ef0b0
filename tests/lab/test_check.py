#!/usr/bin/env python3
"""`sealpost check` on every domain of the lab: it names what is planted, and blames nothing else.

    test_check.py SEALPOST [SCENARIO...]

Prints TAP, a point for each scenario (or for those that are named). Needs root; skipped, with the reason, where there
can be no lab, unless CI is set.
"""

import contextlib
import functools
import json
import os
import sqlite3
import sys

import lab as lab_module
import scenario as reader
from lab import Lab
from test_lab import Failed, Tap, check, skip_or_fail

LIMIT = 300  # seconds for all domains together
BLAMES = ("warning", "error")


def sealpost(lab, program, *arguments, role="sender", **more):
    """What `sealpost check` says, by domain."""
    done = lab.run([program, "check", "--json", "--trust-anchor", lab.state["trust_anchor"], "--ca-file",
                    lab.state["ca_file"], "--ehlo", "sender.test",
                    *arguments], role, timeout=LIMIT, **more)
    if done.returncode not in (0, 1, 3):
        raise Failed(f"ended with {done.returncode}: {done.stderr}")
    return done


def check_together(lab, program, scenarios):
    """Those without options of their own, in one run; by domain."""
    domains = "".join(one.domain + "\n" for one in scenarios if not one.options)
    done = sealpost(lab, program, "--resolver", lab.state["resolver"], "--thorough", "--from", "-", "--jobs", "16", input=domains)
    return {answer.get("domain", answer.get("given")): answer for answer in map(json.loads, done.stdout.splitlines())}


def results_of(answer):
    """(grade, code) of all that was found, the verdict's sentences apart."""
    return [(result["grade"], result["code"]) for step in answer["steps"] if step["step"] != "verdict"
            for result in step["results"]]


def differences(scenario, answer):
    found = results_of(answer)
    wanted = [[(grade, code) for code in codes.split("|")] for grade, codes in scenario.expected]
    missing = [f"missing: {any_of}" for any_of in wanted if not set(any_of) & set(found)]
    blamed = {one for one in found if one[0] in BLAMES}
    return missing + [f"not expected: {grade} {code}" for grade, code in sorted(blamed - set(sum(wanted, [])))]


def scenario_is_named(scenario, answer):
    check(answer is not None, "no answer for", scenario.domain)
    check("steps" in answer, json.dumps(answer))
    wrong = differences(scenario, answer)
    enforce = answer["verdict"]["enforce"]
    if scenario.enforce and scenario.enforce != enforce:
        wrong.append(f"enforce is {enforce}, not {scenario.enforce}")
    texts = [f"{result['grade']} {result['code']}: {result['text']}" for step in answer["steps"]
             for result in step["results"] if result["grade"] in BLAMES]
    check(not wrong, "\n".join([scenario.title, *wrong, "what was said:", *texts]))


def port_25_is_blocked(lab, program):
    """Said once, as a note, and no MX host is blamed."""
    answer = json.loads(sealpost(lab, program, "--resolver", lab.state["resolver"], "perfect-two-mx.test", role="blocked").stdout)
    found = results_of(answer)
    check([one for one in found if one[0] in BLAMES] == [], found)
    check(found.count(("note", "check-mx-port-25-blocked")) == 1, found)


def a_resolver_is_asked(lab, program):
    """Over TLS, too."""
    resolver = f"{lab.state['resolver']}@853#resolver.test"
    answer = json.loads(sealpost(lab, program, "--resolver", resolver, "perfect-dane.test").stdout)
    check([one for one in results_of(answer) if one[0] in BLAMES] == [], results_of(answer))


def the_root_is_asked(lab, program):
    """No resolver is told: from the root down, in signed, unsigned and bogus zones."""
    names = ("perfect.test", "perfect-dane.test", "unsigned.test", "bogus-signature.test")
    scenarios = [one for one in reader.read_all(lab_module.SCENARIOS) if one.domain in names]
    done = sealpost(lab, program, *(one.domain for one in scenarios))
    answers = {answer["domain"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    for one in scenarios:
        scenario_is_named(one, answers.get(one.domain))


def changes_are_seen(lab, program):
    """RFC 8461 8.1 and 8.3: what an earlier check saw, as the store would hold it after a change."""
    store = os.path.join(lab.folder, "store-of-checks")

    def again(domain):
        done = sealpost(lab, program, "--resolver", lab.state["resolver"], "--store", store, domain)
        return {code for grade, code in results_of(json.loads(done.stdout)) if grade in BLAMES}

    def change(domain, assignment):
        with contextlib.closing(sqlite3.connect(os.path.join(store, "outbound.db"))) as db, db:
            check(db.execute(f"UPDATE seen_domain SET {assignment} WHERE domain = ?", (domain,)).rowcount == 1, domain)

    for domain, assignment, code in (("perfect.test", "body_hash = 'another'", "check-policy-id-unchanged"),
                                     ("perfect.test", "policy_id = 'another'", "check-policy-body-unchanged"),
                                     ("sts-txt-none.test", f"enforce_until = {2**31}", "check-record-removed")):
        before = again(domain)
        check(code not in before, before)
        second = again(domain)
        check(second == before, "a second look at", domain, "says", second, "instead of", before)
        change(domain, assignment)
        found = again(domain)
        check(code in found, code, "is missing in", found)


def main():
    if reason := lab_module.why_not():
        return skip_or_fail(reason)
    program, *names = sys.argv[1:]
    tap = Tap()
    scenarios = [one for one in reader.read_all(lab_module.SCENARIOS) if not names or one.name in names]
    program = os.path.abspath(program)
    with Lab(needs=[f"program={program}"]) as lab:
        answers = check_together(lab, program, scenarios)
        for one in scenarios:
            if one.options:
                done = sealpost(lab, program, "--resolver", lab.state["resolver"], *one.options, one.domain)
                answers[one.domain] = json.loads(done.stdout)
            tap.point(f"{one.name}: {one.title}", functools.partial(scenario_is_named, one, answers.get(one.domain)))
        if not names:
            for test in (port_25_is_blocked, a_resolver_is_asked, the_root_is_asked, changes_are_seen):
                tap.point(test.__name__.replace("_", " "), functools.partial(test, lab, program))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
