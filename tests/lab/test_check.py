#!/usr/bin/env python3
"""`sealpost check` on every domain of the lab: it names what is planted, and blames nothing else.

    test_check.py SEALPOST [SCENARIO...]

Prints TAP, a point for each scenario (or for those that are named). Needs root; skipped, with the reason, where there
can be no lab, unless CI is set.
"""

import concurrent.futures
import contextlib
import functools
import json
import os
import sqlite3
import subprocess
import sys

import lab as lab_module
import scenario as reader
from lab import Lab
from test_lab import Failed, Tap, check, skip_or_fail

sys.path.insert(0, os.path.join(lab_module.CHECKOUT, "tools"))
import messages  # noqa: E402

LIMIT = 300  # seconds for all domains together
AT_ONCE = 4  # runs for one domain
BLAMES = ("warning", "error")
# The lints whose findings check shows: the module with their codes, and how these begin.
LINTS = (("mtasts", ("policy-", "sts-txt-")), ("tlsrpt", ("tlsrpt-txt-", "rua-")))
MX_LINT = "the rules check-mx-... say it of the MX hosts in DNS"
ABSENT = "a rule of check says that there is no record"

# What cannot occur here: code and reason.
NEVER = {
    "policy-mx-host-missing": MX_LINT, "policy-mx-host-missing-testing": MX_LINT, "policy-mx-host-deep": MX_LINT,
    "policy-mx-host-deep-testing": MX_LINT, "policy-mx-host-bad": MX_LINT,
    "policy-too-large": "check-host-too-large says it; no more than the limit is read",
    "sts-txt-absent": ABSENT, "tlsrpt-txt-absent": ABSENT,
    "check-host-local": "this machine has no memory or no file descriptor left",
    "check-mx-local": "this machine has no memory or no file descriptor left",
}


class Checker:
    """Runs `sealpost check` in the lab and keeps all that it says."""

    def __init__(self, lab, program):
        self.lab, self.program, self.said = lab, program, []

    def check(self, *arguments, resolver=True, role="sender", ends=(0, 1, 3), **more):
        """The answers, in their order; by the lab's resolver, or from the root down."""
        told = ["--resolver", self.lab.state["resolver"]] if resolver is True else ["--resolver", resolver] if resolver else []
        done = self.lab.run([self.program, "check", "--json", "--trust-anchor", self.lab.state["trust_anchor"],
                             "--ca-file", self.lab.state["ca_file"], "--ehlo", "sender.test", *told, *arguments],
                            role, timeout=LIMIT, **more)
        if done.returncode not in ends:
            raise Failed(f"ended with {done.returncode}: {done.stderr}")
        answers = list(documents(done.stdout))
        self.said += answers
        return answers

    def check_one(self, *arguments, **more):
        answer, = self.check(*arguments, **more)
        return answer

    def check_together(self, scenarios):
        """Those without options of their own, in one run; by domain."""
        domains = "".join(one.domain + "\n" for one in scenarios if not one.options)
        answers = self.check("--thorough", "--from", "-", "--jobs", "16", input=domains)
        return {answer.get("domain", answer.get("given")): answer for answer in answers}


def documents(text):
    """One JSON document after the other, over lines or on a line each."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        yield document


def results_of(answer, verdict=False):
    """(grade, code) of all that was found, or of the verdict's sentences."""
    return [(result["grade"], result["code"]) for step in answer["steps"] if (step["step"] == "verdict") == verdict
            for result in step["results"]]


def differences(scenario, answer):
    found = results_of(answer)
    wanted = [[(grade, code) for code in codes.split("|")] for grade, codes in scenario.expected]
    missing = [f"missing: {any_of}" for any_of in wanted if not set(any_of) & set(found)]
    blamed = {one for one in found if one[0] in BLAMES}
    return missing + [f"not expected: {grade} {code}" for grade, code in sorted(blamed - set(sum(wanted, [])))]


def wrong_in_verdict(scenario, answer):
    """What the verdict says otherwise than the scenario: of enforce, in its sentences, of the next steps."""
    enforce, codes = answer["verdict"]["enforce"], [code for _, code in results_of(answer, verdict=True)]
    steps = [step["code"] for step in answer["verdict"]["next"]]
    if scenario.enforce and scenario.enforce != enforce:
        yield f"enforce is {enforce}, not {scenario.enforce}"
    yield from (f"missing in the verdict, which says {codes}: {code}" for code in scenario.verdict if code not in codes)
    if scenario.next and scenario.next != steps:
        yield f"the next steps are {steps}, not {scenario.next}"


def scenario_is_named(scenario, answer):
    check(answer is not None, "no answer for", scenario.domain)
    check("steps" in answer, json.dumps(answer))
    wrong = [*differences(scenario, answer), *wrong_in_verdict(scenario, answer)]
    texts = [f"{result['grade']} {result['code']}: {result['text']}" for step in answer["steps"]
             for result in step["results"] if result["grade"] in BLAMES]
    check(not wrong, "\n".join([scenario.title, *wrong, "what was said:", *texts]))


def port_25_is_blocked(checker):
    """Said once, as a note, and no MX host is blamed; the same of name servers that only the resolver gets to."""
    found = results_of(checker.check_one("perfect-two-mx.test", role="blocked"))
    check([one for one in found if one[0] in BLAMES] == [], found)
    for code in ("check-mx-port-25-blocked", "check-record-nameservers-unseen"):
        check(found.count(("note", code)) == 1, code, "in", found)


def a_network_has_no_ipv6(checker):
    """Said once, as a note, and nobody is blamed."""
    found = results_of(checker.check_one("tlsrpt-https-ipv6.test", role="ipv4"))
    check([one for one in found if one[0] in BLAMES] == [], found)
    for code in ("check-mx-no-route", "check-host-no-route-here", "check-rpt-not-tried"):
        check(found.count(("note", code)) == 1, code, "in", found)


def what_is_no_domain_is_not_checked(checker):
    """RFC 5890 2.3.2: a name that cannot be one."""
    for given in ("not a domain", "a..b.test", "x" * 64 + ".test"):
        answer = checker.check_one(given, ends=[2])
        check(answer["given"] == given and answer["error"]["code"] == "check-domain-invalid", answer)


def a_resolver_is_asked(checker):
    """Over TLS, too."""
    found = results_of(checker.check_one("perfect-dane.test", resolver=f"{checker.lab.state['resolver']}@853#resolver.test"))
    check([one for one in found if one[0] in BLAMES] == [], found)


def the_root_is_asked(checker):
    """No resolver is told: from the root down, in signed, unsigned and bogus zones."""
    names = ("perfect.test", "perfect-dane.test", "unsigned.test", "bogus-signature.test")
    scenarios = [one for one in reader.read_all(lab_module.SCENARIOS) if one.domain in names]
    answers = {answer["domain"]: answer for answer in checker.check(*(one.domain for one in scenarios), resolver=None)}
    for one in scenarios:
        scenario_is_named(one, answers.get(one.domain))


def changes_are_seen(checker):
    """RFC 8461 8.1 and 8.3: what an earlier check saw, as the store would hold it after a change."""
    store = os.path.join(checker.lab.folder, "store-of-checks")

    def again(domain):
        return set(results_of(checker.check_one("--store", store, domain)))

    def blamed(found):
        return {one for one in found if one[0] in BLAMES}

    def change(domain, assignment):
        with contextlib.closing(sqlite3.connect(os.path.join(store, "outbound.db"))) as db, db:
            check(db.execute(f"UPDATE seen_domain SET {assignment} WHERE domain = ?", (domain,)).rowcount == 1, domain)

    soon = f"enforce_until = {2**31}"
    for domain, assignment, result in (
            ("perfect.test", "body_hash = 'another'", ("error", "check-policy-id-unchanged")),
            ("perfect.test", "policy_id = 'another'", ("warning", "check-policy-body-unchanged")),
            ("perfect.test", "body_hash = 'another', policy_id = 'another'", ("ok", "check-policy-changed")),
            ("policy-none.test", soon, ("note", "check-policy-retiring")),
            ("policy-testing.test", "testing_since = testing_since - 31 * 86400", ("warning", "check-policy-testing-long")),
            ("host-404.test", "body_hash = 'another'", ("warning", "check-policy-gone")),
            ("host-404.test", soon, ("warning", "check-policy-gone-enforced")),
            ("sts-txt-none.test", soon, ("error", "check-record-removed"))):
        before = again(domain)
        check(result not in before, before)
        second = again(domain)
        check(blamed(second) == blamed(before), "a second look at", domain, "says", second, "instead of", before)
        change(domain, assignment)
        found = again(domain)
        check(result in found, result, "is missing in", found)


def killed_in_the_middle(checker):
    """By kill -9, while it writes lines and the store: what was printed is whole, and the next run works."""
    lab = checker.lab
    store, out = os.path.join(lab.folder, "store-of-the-killed"), os.path.join(lab.folder, "lines-of-the-killed")
    names = [one.domain for one in reader.read_all(lab_module.SCENARIOS) if one.name.startswith("perfect")]
    words = [checker.program, "check", "--json", "--trust-anchor", lab.state["trust_anchor"], "--ca-file", lab.state["ca_file"],
             "--resolver", lab.state["resolver"], "--store", store, "--from", "-", "--jobs", "2"]
    script = ('out=$1; shift; : >"$out"; "$@" <"$out.names" >"$out" & pid=$!; '
              'until [ "$(wc -l <"$out")" -ge 3 ]; do kill -0 $pid || exit 9; done; kill -9 $pid; wait $pid')
    with open(out + ".names", "w", encoding="ascii") as f:
        f.writelines(name + "\n" for name in names)
    killed = lab.run(["sh", "-c", script, "sh", out, *words], timeout=LIMIT)
    check(killed.returncode == 128 + 9, killed.returncode, killed.stderr)
    with open(out, encoding="utf-8") as f:
        printed = f.read()
    check(printed.endswith("\n") and 3 <= printed.count("\n") < len(names), printed.count("\n"), printed[-200:])
    check({json.loads(line)["domain"] for line in printed.splitlines()} <= set(names), printed)
    with contextlib.closing(sqlite3.connect(os.path.join(store, "outbound.db"))) as db:
        check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "the store is damaged")
    again = lab.run(words, timeout=LIMIT, input="".join(name + "\n" for name in names))
    check(again.returncode in (0, 1), again.returncode, again.stderr)
    check(sorted(json.loads(line)["domain"] for line in again.stdout.splitlines()) == sorted(names), again.stdout)
    with contextlib.closing(sqlite3.connect(os.path.join(store, "outbound.db"))) as db:
        check(db.execute("SELECT COUNT(*) FROM seen_domain").fetchone() == (len(names),), "not all were kept")


def all_results(program):
    """(grade, code) of each rule of check; None and the code of each finding of a lint, whose grades are in no table."""
    done = subprocess.run([program, "check", "--rules", "--json"], stdout=subprocess.PIPE, text=True, check=True)
    rules = [(rule["grade"], rule["code"]) for rule in json.loads(done.stdout)["rules"]]
    for module, begins in LINTS:
        catalogue = messages.read_po(os.path.join(lab_module.CHECKOUT, "src", module, "po/en.po"))
        rules += [(None, code) for code, part in catalogue if not part and code.startswith(begins)]
    return rules


def all_said(checker):
    said = {("error", answer["error"]["code"]) for answer in checker.said if "error" in answer}
    for answer in checker.said:
        if "steps" in answer:
            said |= {*results_of(answer), *results_of(answer, verdict=True)}
    return said | {(None, code) for _, code in said}


def every_rule_occurs(checker):
    """With its grade, in at least one answer of this run, unless NEVER says why not."""
    rules, said = all_results(checker.program), all_said(checker)
    absent = [f"{grade or 'lint'} {code}" for grade, code in rules if (grade, code) not in said and code not in NEVER]
    needless = [code for code in NEVER if (None, code) in said or code not in {known for _, known in rules}]
    check(not absent, "\n".join([f"{len(absent)} never occur:", *absent]))
    check(not needless, "\n".join(["explained in NEVER, and said or not known:", *needless]))


def main():
    if reason := lab_module.why_not():
        return skip_or_fail(reason)
    program, *names = sys.argv[1:]
    tap = Tap()
    scenarios = [one for one in reader.read_all(lab_module.SCENARIOS) if not names or one.name in names]
    alone = [one for one in scenarios if one.options]
    program = os.path.abspath(program)

    def point(one, answer):
        tap.point(f"{one.name}: {one.title}", lambda: scenario_is_named(one, answer()))

    with Lab(needs=[f"program={program}"]) as lab, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        checker = Checker(lab, program)
        answers = checker.check_together(scenarios)
        runs = [pool.submit(checker.check_one, *one.options, one.domain) for one in alone]
        for one in scenarios:
            if not one.options:
                point(one, lambda domain=one.domain: answers.get(domain))
        if not names:
            for test in (port_25_is_blocked, a_network_has_no_ipv6, what_is_no_domain_is_not_checked,
                         a_resolver_is_asked, the_root_is_asked, changes_are_seen, killed_in_the_middle):
                tap.point(test.__name__.replace("_", " "), functools.partial(test, checker))
        for one, run in zip(alone, runs):
            point(one, run.result)
        if not names:
            tap.point("every rule occurs in the lab", functools.partial(every_rule_occurs, checker))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
