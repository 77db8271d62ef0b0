#!/usr/bin/env python3
"""Independent clients of MTA-STS decide as `sealpost check` does about every domain of the lab, or the difference is explained.

    test_agreement.py SEALPOST FOLDER

FOLDER has the npm packages of agreement/package-lock.json in node_modules (./do test puts them there). Compared are: whether
there is a policy that counts, and its mode; the MX hosts; which of them the policy allows; with mx-connect also what DANE says of each. A
difference must be explained in EXPLAINED, by a finding of `sealpost check` about that domain and the section that the
other client passes over; and each explanation must be needed. Prints TAP. Needs root; skipped, with the reason, where it cannot
be, unless CI is set.
"""

import dataclasses
import json
import os
import shutil
import sys

import lab as lab_module
from lab import Lab
from test_lab import Tap, check, skip_or_fail

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = ("mailauth", "mx-connect")
LIMIT = 300  # seconds for all domains


@dataclasses.dataclass
class Explained:
    client: str
    about: str      # policy, hosts, mx, dane
    code: str       # the finding of ours that is about it
    rfc: str
    why: str
    seen: bool = False


EXPLAINED = []


# ---- what each one decides: {"policy": mode or None, "hosts": set, "mx": {host: allowed}, "dane": {host: good|bad|None}} ----

def run_sealpost(lab, program, domains):
    names = os.path.join(lab.folder, "agreement-names")
    with open(names, "w", encoding="ascii") as f:
        f.writelines(d + "\n" for d in domains)
    done = lab.run([program, "check", "--json", "--from", names, "--trust-anchor", lab.state["trust_anchor"],
                    "--ca-file", lab.state["ca_file"]], timeout=LIMIT)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check({line.get("domain") for line in lines} == set(domains), "sealpost check:", done.returncode, done.stderr[-2000:])
    return {line["domain"]: line for line in lines}


def codes(line):
    return {result["code"] for step in line["steps"] for result in step["results"] if result["grade"] != "ok"}


def dane_of(line, host):
    grades = {result["grade"] for step in line["steps"] if step["step"] == "dane" for result in step["results"]
              if result["host"] == host}
    return "bad" if "error" in grades else "good" if "ok" in grades else None


def decided_by_sealpost(line):
    mode = line["policy"]["mode"] if line["policy"] and line["id"] else None
    mx = {one["host"]: mode in (None, "none") or one["pattern"] is not None for one in line["verdict"]["mx"]}
    return {"policy": mode, "hosts": set(mx), "mx": mx, "dane": {host: dane_of(line, host) for host in mx}}


def run_clients(lab, folder, domains):
    done = lab.run([shutil.which("node"), os.path.join(HERE, "agreement/decide.js"), folder], timeout=LIMIT,
                   input="".join(d + "\n" for d in domains), env={**os.environ, "NODE_EXTRA_CA_CERTS": lab.state["ca_file"]})
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check({line["domain"] for line in lines} == set(domains), "decide.js:", done.returncode, done.stderr[-2000:])
    return {line["domain"]: line for line in lines}


def decided_by_client(line, client):
    """What the client has nothing to say of is not there."""
    def lower(values):
        return {host.lower(): value for host, value in values.items() if value is not None}
    mine = line[client]
    decision = {"policy": mine["mode"], "hosts": {host.lower() for host in line["hosts"]}, "mx": lower(mine["mx"])}
    if client == "mx-connect":
        decision["dane"] = lower(mine["dane"])
        if not line["hosts"]:
            del decision["policy"]  # it asks for the policy on its way to a host
    return decision


# ---- comparing ----

def differences(ours, theirs):
    """(about, what is different) of two decisions."""
    if "policy" in theirs and ours["policy"] != theirs["policy"]:
        yield "policy", f"the policy's mode is {ours['policy']} for sealpost, {theirs['policy']} for it"
    if ours["hosts"] != theirs["hosts"]:
        yield "hosts", f"MX hosts: {sorted(ours['hosts'])} for sealpost, {sorted(theirs['hosts'])} for it"
    for about in ("mx", "dane"):
        for host, decision in theirs.get(about, {}).items():
            mine = ours[about].get(host)
            if host in ours[about] and mine != decision:
                yield about, f"{about} of {host}: {mine} for sealpost, {decision} for it"


def explanation(client, about, line):
    found = codes(line)
    for one in EXPLAINED:
        if one.client == client and one.about == about and one.code in found:
            one.seen = True
            return one
    return None


def agrees(client, line, theirs):
    """A test point: no difference that nobody explains."""
    reasons = []
    for about, what in differences(decided_by_sealpost(line), decided_by_client(theirs, client)):
        reason = explanation(client, about, line)
        check(reason, what, "- found:", " ".join(sorted(codes(line))), "- it says:", json.dumps(theirs[client]))
        reasons.append(f"{reason.rfc}: {reason.why}")
    return reasons


def is_needed(one):
    check(one.seen, "this difference does not occur any more")


def why_not(folder):
    if reason := lab_module.why_not():
        return reason
    if not shutil.which("node"):
        return "node is not installed"
    if not os.path.isdir(os.path.join(folder, "node_modules/mx-connect")):
        return f"the npm packages are not in {folder}: ./do test fetches them, which needs the network"
    return None


def main():
    program, folder = map(os.path.abspath, sys.argv[1:])
    if reason := why_not(folder):
        return skip_or_fail(reason)
    tap = Tap()
    with Lab() as lab:
        domains = sorted(lab.state["domains"])
        theirs, ours = run_clients(lab, folder, domains), run_sealpost(lab, program, domains)
    for client in CLIENTS:
        for domain in domains:
            tap.point(f"{client} {domain}", lambda c=client, d=domain: show(agrees(c, ours[d], theirs[d])))
    for one in EXPLAINED:
        tap.point(f"explained: {one.client} {one.about} {one.code}", lambda o=one: is_needed(o))
    return tap.end()


def show(reasons):
    for reason in reasons:
        print(f"# {reason}")


if __name__ == "__main__":
    sys.exit(main())
