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
DANE_GOOD = "check-dane-match"


@dataclasses.dataclass
class Explained:
    client: str
    about: str      # policy, hosts, mx, dane
    code: str       # the finding of ours that is about it
    rfc: str
    why: str
    only: str = ""  # the one domain that it is about, where the finding says too little
    seen: bool = False


def each(client, about, codes, rfc, why):
    """The same of several findings."""
    return [Explained(client, about, code, rfc, why) for code in codes.split()]


# mx-connect 2.0.0 brings mailauth 5.0.1, which cannot be told to hold to RFC 8461.
EXPLAINED = [
    *each("mailauth", "policy", "check-host-forbidden", "RFC 8461 10.2",
          "it fetches from whatever address the DNS names; ours goes to no private one for a stranger"),
    *each("mailauth", "hosts", "check-domain-null-mx-mixed", "RFC 7505 3",
          "node leaves the null MX out; ours shows that it stands beside others, where it must not"),
    *each("mailauth", "policy", "policy-blank-line policy-comment policy-no-field", "RFC 8461 3.2",
          "it passes over lines without a colon"),
    *each("mailauth", "policy", "policy-key-empty policy-key-character policy-key-long policy-value-empty", "RFC 8461 3.2",
          "it passes over fields that it does not know, though they have not the form of one"),
    *each("mailauth", "policy", "policy-utf8", "RFC 8461 3.2", "it takes a byte that is no UTF-8 for some character"),
    *each("mailauth", "policy", "policy-mx-address policy-mx-numeric", "RFC 1123 2.1",
          "it takes dotted digits for a domain, which no host name can be, and finds an MX pattern that nothing matches"),
    *each("mailauth", "policy", "policy-mx-label-long policy-mx-too-long", "RFC 1035 2.3.4", "it has no limits for a name"),
    *each("mx-connect", "policy", "check-host-forbidden", "RFC 8461 10.2", "as mailauth"),
    *each("mx-connect", "hosts", "check-domain-null-mx-mixed", "RFC 7505 3", "as mailauth"),
    Explained("mx-connect", "dane", "check-dane-match", "RFC 7671 5.2",
              "it compares a record of usage 2 with the host's own certificate, not with its issuers'", "dane-issuer.test"),
    *each("mx-connect", "dane", "check-dane-none-usable", "RFC 7672 2.1",
          "it compares records that are not usable (usage 0 or 1, unknown numbers) or counts them as failed; they are as none"),
    *each("mx-connect", "policy", "check-host-cert-no-name", "RFC 8461 3.3",
          "it takes a name from the subject where there is no subjectAltName"),
    *each("mx-connect", "policy", "check-host-media-type check-host-media-type-missing", "RFC 8461 3.2",
          "it does not look at the media type"),
    *each("mx-connect", "policy", "check-host-too-large", "RFC 8461 3.3", "it has no limit of size"),
    *each("mx-connect", "mx", "check-mx-unlisted-deep", "RFC 8461 4.1", "its wildcard stands for several labels"),
    *each("mx-connect", "policy", "policy-blank-line policy-comment policy-no-field policy-key-empty policy-key-character "
          "policy-key-long policy-value-empty policy-utf8", "RFC 8461 3.2", "as mailauth"),
    *each("mx-connect", "policy", "policy-bom", "RFC 8461 3.2", "it trims the byte order mark"),
    *each("mx-connect", "policy", "policy-blank-before-key policy-blank-before-colon", "RFC 8461 3.2", "it trims the key"),
    *each("mx-connect", "policy", "policy-duplicate-key", "RFC 8461 3.2", "the last of several fields counts for it, not the first"),
    *each("mx-connect", "policy", "policy-key-ignored policy-mode-case", "RFC 8461 3.2", "upper case is the same to it"),
    *each("mx-connect", "policy", "policy-mode-missing", "RFC 8461 3.2", "a policy without a mode is one of mode none for it"),
    *each("mx-connect", "policy", "policy-max-age-empty policy-max-age-digits", "RFC 8461 3.2",
          "whatever JavaScript takes for a number is one to it, nothing too"),
    *each("mx-connect", "policy", "policy-mx-address policy-mx-character policy-mx-deep-wildcard policy-mx-email policy-mx-empty "
          "policy-mx-empty-label policy-mx-extra policy-mx-hyphen policy-mx-label-long policy-mx-leading-dot policy-mx-list "
          "policy-mx-non-ascii policy-mx-numeric policy-mx-partial-wildcard policy-mx-port policy-mx-star-alone "
          "policy-mx-too-long policy-mx-trailing-dot policy-mx-two-wildcards policy-mx-u-label policy-mx-url", "RFC 8461 3.2",
          "it takes any text as an MX pattern"),
    *each("mx-connect", "policy", "sts-txt-id-character sts-txt-id-long", "RFC 8461 3.1", "it takes any text as an id"),
    *each("mx-connect", "policy", "sts-txt-leading-blank sts-txt-trailing-blank", "RFC 8461 3.1", "it trims the record"),
    *each("mx-connect", "policy", "sts-txt-blank-before-equals", "RFC 8461 3.1", "it trims the name"),
    *each("mx-connect", "policy", "sts-txt-empty-field sts-txt-no-equals sts-txt-name-empty sts-txt-name-character sts-txt-name-long "
          "sts-txt-value-empty sts-txt-value-blank sts-txt-value-character sts-txt-value-equals", "RFC 8461 3.1",
          "it passes over fields that it does not know, though they have not the form of one"),
    *each("mx-connect", "policy", "sts-txt-id-case sts-txt-version-case", "RFC 8461 3.1", "upper case is the same to it"),
]


# ---- what each one decides: {"policy": mode or None, "hosts": set, "mx": {host: allowed}, "dane": {host: good|bad|None}} ----

def run_sealpost(lab, program, domains):
    names = os.path.join(lab.folder, "agreement-names")
    with open(names, "w", encoding="ascii") as f:
        f.writelines(d + "\n" for d in domains)
    done = lab.run([program, "check", "--json", "--from", names, "--jobs", "16", "--trust-anchor", lab.state["trust_anchor"],
                    "--ca-file", lab.state["ca_file"]], timeout=LIMIT)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    check({line.get("domain") for line in lines} == set(domains), "sealpost check:", done.returncode, done.stderr[-2000:])
    return {line["domain"]: line for line in lines}


def codes(line):
    return {result["code"] for step in line["steps"] for result in step["results"]}


def dane_of(line, host):
    found = [result for step in line["steps"] for result in step["results"] if result["host"] == host]
    if any(result["code"] == "check-verdict-refuses-dane" for result in found):
        return "bad"
    return "good" if any(result["code"] == DANE_GOOD for result in found) else None


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
    same_question = "policy" not in theirs or (ours["policy"] is None) == (theirs["policy"] is None)
    for about in ("mx", "dane") if same_question else ("dane",):  # without the policy, every host is allowed
        for host, decision in theirs.get(about, {}).items():
            mine = ours[about].get(host)
            if host in ours[about] and mine != decision:
                yield about, f"{about} of {host}: {mine} for sealpost, {decision} for it"


def explanation(client, about, line):
    found = codes(line)
    for one in EXPLAINED:
        if one.client == client and one.about == about and one.code in found and one.only in ("", line["domain"]):
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
        both = {}
        tap.point("each program has decided about all domains", lambda: both.update(
            theirs=run_clients(lab, folder, domains), ours=run_sealpost(lab, program, domains)))
    if not both:
        return tap.end()
    theirs, ours = both["theirs"], both["ours"]
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
