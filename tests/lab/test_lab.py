#!/usr/bin/env python3
"""The lab is what it says: each server answers, each planted fault is that fault, and nothing is left of it.

Prints TAP. Needs root; skipped, with the reason, where there can be no lab, unless CI is set. `probe.py` looks at hosts
from within; what it must see stands in SEEN.
"""

import functools
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import lab as lab_module
import scenario as reader
from acme import Pebble
from lab import Lab
from mail import Dovecot

HERE = os.path.dirname(os.path.abspath(__file__))
START_LIMIT = 20  # seconds, with every scenario, where nothing else runs

# What is seen of the host of a scenario at each of its addresses; "ipv4" and "ipv6" where they differ, "mx", "mx2" and
# "mx3" where several MX hosts are spoilt. A host that is not here must be in order.
GOOD = {"http": r"200 text/plain \d+$", "smtp": "tls$"}
EXPIRED, MISMATCH = "certificate: certificate has expired", "certificate: Hostname mismatch"
NO_ISSUER = "certificate: unable to get local issuer certificate"
STRANGER = "certificate: self-signed certificate in certificate chain"
SEEN = {
    "http": {
        "host-204": "204 ", "host-denied": "403 ",
        "host-404": "404 ", "next-unprotected": "404 ", "host-500": "500 ", "host-browsers-only": "403 ",
        "host-cached": "200 .* cache-control=max-age=86400", "host-cached-for-a-minute": "200 .* cache-control=max-age=60",
        "host-expires-late": "200 .* expires=Thu, 31 Dec 2099", "host-expires-beside-max-age": "200 .* cache-control=max-age=60 expires=Thu",
        "host-from-cache": "200 .* age=3600",
        "host-certificate-cn-only": MISMATCH, "host-certificate-future": "certificate: certificate is not yet valid",
        "host-certificate-incomplete": NO_ISSUER, "host-certificate-of-domain": MISMATCH,
        "host-certificate-self-signed": "certificate: self-signed certificate$",
        "host-certificate-untrusted": STRANGER, "host-certificate-wrong-name": MISMATCH,
        "expired-certificate": EXPIRED, "host-ipv6-other-certificate": {"ipv6": EXPIRED},
        "host-closes-after-tls": "empty", "host-closes-before-tls": "reset|TLS: UNEXPECTED_EOF|TLS: None",
        "host-drips": "timeout", "host-slow": "200 text/plain",
        "host-endless-body": "200 text/plain .* endless", "host-endless-head": "200 - 0 endless",
        "host-half-head": "200 text/pl 0", "host-half-reply": "200 text/plain 20 short",
        "host-half-reply-then-hangs": "timeout", "host-hangs-after-tls": "timeout", "host-hangs-before-tls": "timeout",
        "host-ipv6-closed": {"ipv6": "refused"}, "host-ipv6-silent": {"ipv6": "timeout"},
        "host-ipv6-unassigned": {"ipv6": "timeout|no way"}, "host-loopback": "refused",
        "host-just-small-enough": "200 text/plain 65536$", "host-too-large": "200 text/plain 65537$",
        "host-media-type-html": "200 text/html", "host-media-type-none": "200 - ", "host-web-page": "200 text/html",
        "host-not-http": "not HTTP", "host-plain-http": "TLS: WRONG_VERSION_NUMBER",
        "host-redirects": "301 .* location=https://www", "host-redirects-to-itself": "302 .* location=https://mta-sts",
        "host-certificate-absent": "TLS: ", "host-certificate-garbage": "TLS: ",
        "host-unknown-name": "TLS: TLSV1_UNRECOGNIZED_NAME", "host-handshake-failure": "TLS: SSLV3_ALERT_HANDSHAKE_FAILURE",
        "host-too-slow": "timeout", "host-unreachable": "no way", "host-certificate-client-only": "certificate: unsuitable certificate purpose",
        "host-certificate-weak": "certificate: CA signature digest algorithm too weak",
        "host-refused": "refused", "host-silent": "timeout", "host-tls-old": "old TLS: 200 ",
    },
    "reports": {
        "tlsrpt-https-expired": EXPIRED, "tlsrpt-https-refused": "refused", "tlsrpt-endpoint-fails": "500 ",
        "tlsrpt-https-no-tls": "TLS: WRONG_VERSION_NUMBER", "tlsrpt-https-wrong-name": MISMATCH, "tlsrpt-https-untrusted": STRANGER,
    },
    "smtp": {
        "mx-busy": "421 ", "mx-rejects": "554 ", "mx-rejects-by-postfix": "554 ", "mx-ipv6-rejects": {"ipv6": "554 "},
        "mx-certificate-cn-only": MISMATCH, "mx-certificate-expired": EXPIRED, "dane-saves-expired": EXPIRED,
        "dane-issuer-expired": EXPIRED, "dane-issuer-wrong-name": MISMATCH, "mx-unassigned": "timeout|no way",
        "mx-certificate-future": "certificate: certificate is not yet valid",
        "mx-certificate-incomplete": NO_ISSUER, "mx-certificate-self-signed": "certificate: self-signed certificate$",
        "mx-certificate-untrusted": STRANGER, "mx-certificate-wrong-name": MISMATCH,
        "mx-ipv6-other-certificate": {"ipv6": EXPIRED},
        "mx-closes": "closed|reset", "mx-closes-after-ehlo": "EHLO closed|reset", "mx-endless-line": "no line",
        "mx-endless-reply": "EHLO endless", "mx-half-banner": "timeout", "mx-hangs": "timeout",
        "mx-hangs-after-ehlo": "timeout", "mx-helo-only": "EHLO 502", "mx-ipv6-closed": {"ipv6": "refused"},
        "mx-loopback-address": "refused", "mx-mapped-address": "refused", "mx-no-starttls": "EHLO .*, no STARTTLS",
        "dane-without-tls": "EHLO .*, no STARTTLS",
        "mx-not-smtp": ".*SSH", "mx-one-of-two-refused": "refused", "mx-refused": "refused", "mx-silent": "timeout",
        "mx-certificate-weak": "certificate: CA signature digest algorithm too weak", "dane-unseen": "refused",
        "mx-certificate-client-only": "certificate: unsuitable certificate purpose",
        "mx-starttls-unanswered": "STARTTLS closed",
        "mx-starttls-closes": "TLS: |reset", "mx-starttls-garbage": "TLS: WRONG_VERSION_NUMBER",
        "mx-starttls-hangs": "timeout", "mx-starttls-injected": "timeout|TLS: ", "mx-starttls-refused": "STARTTLS 454",
        "mx-tls-old": "old TLS: tls", "mx-no-starttls-testing": "EHLO .*, no STARTTLS",
        "next-unprotected": "EHLO .*, no STARTTLS", "next-before-enforce": MISMATCH,
        "mx-testing-certificate-dates": {"mx": EXPIRED, "mx2": "certificate: certificate is not yet valid", "mx3": NO_ISSUER},
        "mx-testing-certificate-names": {"mx": MISMATCH, "mx2": MISMATCH},
        "mx-testing-certificate-issuers": {"mx": "certificate: self-signed certificate$", "mx2": STRANGER},
        "mx-testing-starttls": {"mx": "EHLO .*, no STARTTLS", "mx2": "STARTTLS 454", "mx3": "EHLO 502"},
        "mx-testing-certificate-kinds": {"mx": "certificate: CA signature digest algorithm too weak",
                                         "mx2": "certificate: unsuitable certificate purpose"},
        "mx-testing-starttls-unanswered": "STARTTLS closed",
        "mx-testing-handshake": {"mx": "old TLS: tls", "mx2": "TLS: WRONG_VERSION_NUMBER"},
        "mx-third-answers": {"mx": "timeout", "mx2": "timeout|no way"},
        "mx-third-is-one": {"mx": "closed|reset", "mx2": ".*SSH"},
    },
}


class Failed(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


def wait_for(condition, what, limit=20):
    end = time.monotonic() + limit
    while not (result := condition()):
        check(time.monotonic() < end, what)
        time.sleep(0.05)
    return result


# ---- DNS ----

def dig(lab, *words):
    return lab.run(["dig", "+tries=1", "+time=15", *words]).stdout


def flags(answer):
    return re.search(r"flags: ([a-z ]*);", answer)[1].split() if "flags:" in answer else []


def it_starts_in_time(lab):
    busy = max(1, os.getloadavg()[0] / os.cpu_count())  # others on this machine have their share
    print(f"# up after {lab.state['seconds']} s with {len(lab.state['domains'])} domains; load {busy:.1f}")
    check(lab.state["seconds"] < START_LIMIT * busy, lab.state["seconds"], "seconds")


def signed_names_are_validated(lab):
    for name in ("perfect.test", "perfect-dane.test"):
        answer = dig(lab, "MX", name)
        check("ad" in flags(answer) and f"mx.{name}." in answer, answer)
    check("ad" in flags(dig(lab, "A", "absent.perfect.test")), "the proof that a name does not exist")


def an_unsigned_delegation_is_insecure(lab):
    answer = dig(lab, "MX", "unsigned.test")
    check("ad" not in flags(answer) and "mx.unsigned.test." in answer, answer)


def broken_zones_are_bogus(lab):
    for name in ("bogus-ds.test", "bogus-unsigned.test", "bogus-signature.test"):
        answer = dig(lab, "MX", name)
        check("SERVFAIL" in answer, name, answer)
        check(f"mx.{name}." in dig(lab, "+cd", "MX", name), "there is an answer for who does not validate")


def broken_name_servers_are_broken(lab):
    for name in ("dns-servfail.test", "dns-refused.test", "dns-hangs.test"):
        answer = dig(lab, "MX", name)
        check("SERVFAIL" in answer or "timed out" in answer or "no servers" in answer, name, answer)
    answer = dig(lab, "TXT", "_mta-sts.sts-txt-servfail.test")
    check("SERVFAIL" in answer, answer)
    check("mx." in dig(lab, "+short", "MX", "sts-txt-servfail.test"), "only that name is broken")


def an_old_secondary_differs(lab):
    def different(domain, family, text):
        """At how many of the addresses of that family the record is so."""
        seen = {address: dig(lab, "TXT", f"_mta-sts.{domain}", "@" + address)
                for server in dig(lab, "+short", "NS", domain).split()
                for address in dig(lab, "+short", family, server).split()}
        check(len(seen) == 3, seen)
        return sum(text in answer for answer in seen.values())

    for domain, text, v4, v6 in (("old-secondary.test", "20250101", 1, 1), ("old-secondary-ipv6.test", "20250101", 0, 1),
                                 ("sts-txt-bad-and-absent.test", "NXDOMAIN", 1, 1)):
        found = different(domain, "A", text), different(domain, "AAAA", text)
        check(found == (v4, v6), domain, found)


def a_name_rebinds(lab):
    name = "mta-sts.host-rebinding.test"
    check(dig(lab, "+short", "A", name).strip() == "5.80.0.1", "a public address first")
    wait_for(lambda: dig(lab, "+short", "A", name).strip() == "127.0.0.1", "a private one then")


def any_root_server_answers(lab):
    for address in ("198.41.0.4", "2001:dc3::35"):
        answer = dig(lab, "+norec", "+dnssec", "NS", "test", "@" + address)
        check("RRSIG" in answer and "ns1.test." in answer, answer)


def an_independent_validator_agrees(lab):
    """delv, from BIND, with the trust anchor in its own form."""
    with open(lab.state["trust_anchor"], encoding="ascii") as f:
        _, _, _, *numbers, key = f.read().split()
    file = os.path.join(lab.folder, "delv.anchor")
    with open(file, "w", encoding="ascii") as f:
        f.write(f'trust-anchors {{ . static-key {" ".join(numbers)} "{key}"; }};\n')
    for name, wanted in (("perfect-dane.test", "fully validated"), ("unsigned.test", "unsigned answer"),
                         ("bogus-signature.test", "failed")):
        done = lab.run(["delv", "-a", file, "+root=.", "@" + lab.state["resolver"], name, "MX"])
        check(wanted in done.stdout + done.stderr, name, done.stdout, done.stderr)


def the_resolver_speaks_tls(lab):
    answer = dig(lab, "+tls-ca=" + lab.state["ca_file"], "+tls-hostname=resolver.test", "MX", "perfect.test",
                 "@" + lab.state["resolver"])
    check("(TLS)" in answer and "mx.perfect.test." in answer, answer)


# ---- web and mail ----

def curl(lab, *words):
    return lab.run(["curl", "-sS", "--max-time", "10", "--cacert", lab.state["ca_file"], *words])


def curl_gets_a_policy(lab):
    for family in ("-4", "-6"):
        done = curl(lab, family, "https://mta-sts.perfect.test/.well-known/mta-sts.txt")
        check(done.stdout == "version: STSv1\nmode: enforce\nmx: mx.perfect.test\nmax_age: 2592000\n", done)


def an_unknown_name_gets_no_certificate(lab):
    def try_name(name, host):
        address = lab.state["domains"][host]["mta-sts." + host][0]
        return curl(lab, "--connect-to", f"::{address}:443", f"https://{name}/").stderr
    check("unrecognized name" in try_name("other.test", "perfect.test"), try_name("other.test", "perfect.test"))
    check("no alternative certificate" in try_name("other.test", "host-default-certificate.test"), "the default is shown")


def a_certificate_hangs_on_the_server_name(lab):
    address = lab.state["domains"]["mx-certificate-by-sni-only.test"]["mx.mx-certificate-by-sni-only.test"][0]
    for option, subject in ((["-noservername"], "CN = other.test"),
                            (["-servername", "mx.mx-certificate-by-sni-only.test"], "CN = mx.mx-certificate-by-sni-only.test")):
        done = lab.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"{address}:25", *option], input="QUIT\n")
        check("subject=" + subject in done.stdout, done.stdout[-500:])


def browsers_are_let_in(lab):
    url = "https://mta-sts.host-browsers-only.test/.well-known/mta-sts.txt"
    check("STSv1" in curl(lab, "-A", "Mozilla/5.0 (X11)", url).stdout, "a browser")
    check("403" in curl(lab, url).stdout, "another")


def addresses_have_different_policies(lab):
    url = "https://mta-sts.host-two-policies.test/.well-known/mta-sts.txt"
    check(curl(lab, "-4", url).stdout != curl(lab, "-6", url).stdout != "", "bodies")


def apache_as_in_the_tutorial(lab):
    done = curl(lab, "-i", "https://mta-sts.perfect-apache.test/.well-known/mta-sts.txt")
    check("Server: Apache" in done.stdout and "text/plain" in done.stdout and "STSv1" in done.stdout, done)
    check("403" in curl(lab, "-i", "https://mta-sts.perfect-apache.test/").stdout, "the rest")


def a_mail_goes_through(lab):
    """From the sending Postfix, by the lab's DNS and a verified TLS session, into the mailbox."""
    for address in ("reports@perfect-dane.test", "reports@perfect.test"):
        done = lab.run(["sendmail", "-C", f"{lab.folder}/sending", "-f", "me@sender.test", address],
                       input=f"Subject: to {address}\n\nHello\n")
        check(done.returncode == 0, done.stderr)
    wait_for(lambda: len(glob.glob(f"{lab.folder}/boxes/inbox/new/*")) >= 2, "two mails arrive")
    with open(f"{lab.folder}/log/postfix-sending.log", encoding="utf-8") as f:
        log = f.read()
    check(re.search(r"Verified TLS connection established to mx\.perfect-dane\.test", log), log)
    check(re.search(r"Trusted TLS connection established to mx\.perfect\.test", log), log)


def a_network_blocks_port_25(lab):
    address = lab.state["domains"]["perfect.test"]["mx.perfect.test"][0]
    connect = ["curl", "-sS", "--connect-timeout", "2", f"smtp://{address}:25"]
    check("timeout" in (blocked := lab.run(connect, "blocked")).stderr.lower(), blocked)
    check("timeout" not in lab.run(connect).stderr.lower(), "only there")
    url = "https://mta-sts.perfect.test/.well-known/mta-sts.txt"
    check("STSv1" in lab.run(["curl", "-sS", "--cacert", lab.state["ca_file"], url], "blocked").stdout, "the web works")


def pebble_answers(lab):
    directory = json.loads(curl(lab, Pebble.DIRECTORY).stdout)
    check(directory["newOrder"].startswith("https://pebble.test:14000/"), directory)
    check("BEGIN CERTIFICATE" in curl(lab, Pebble.MANAGEMENT + "/roots/0").stdout, "its root")


def dovecot_answers(lab):
    def box():
        return curl(lab, "-u", f"{Dovecot.USER}:{Dovecot.PASSWORD}", f"imaps://{Dovecot.NAME}/", "-X", "STATUS INBOX (MESSAGES)")
    check("MESSAGES 2" in box().stdout, box())
    refused = curl(lab, "-u", f"{Dovecot.USER}:wrong", f"imaps://{Dovecot.NAME}/")
    check(refused.returncode == 67, refused)


# ---- the planted faults, one point for each scenario ----

def hosts_of(lab, scenario):
    """(kind, group of SEEN, host, address) of each host that the scenario has."""
    for host, addresses in lab.state["domains"][scenario.domain].items():
        group = "http" if host.startswith("mta-sts.") else "reports" if host.startswith("reports.") else "smtp"
        yield from (("smtp" if group == "smtp" else "http", group, host, address) for address in addresses)


def look_at_all(lab, scenarios):
    """What probe.py sees, by host and address."""
    wanted = [(kind, host, address) for one in scenarios for kind, _, host, address in hosts_of(lab, one)]
    done = lab.run([sys.executable, "-SB", os.path.join(HERE, "probe.py"), lab.state["ca_file"]], timeout=300,
                   input=json.dumps(wanted))
    check(done.returncode == 0, done.stderr)
    return dict(zip([(host, address) for _, host, address in wanted], json.loads(done.stdout)))


def scenario_is_planted(scenario, seen, lab):
    check(scenario.title, "it has no title")
    for kind, group, host, address in hosts_of(lab, scenario):
        label, wanted = host.partition(".")[0], SEEN[group].get(scenario.name, {})
        if isinstance(wanted, str):
            wanted = {} if label in ("mx2", "mx3") else {label: wanted}
        wanted = wanted.get(label) or wanted.get("ipv6" if ":" in address else "ipv4") or GOOD[kind]
        check(re.match(wanted, seen[host, address]), host, address, "shows", seen[host, address], "instead of", wanted)


# ---- scenarios as files ----

def wrong_lines_are_refused(_):
    wrong = ["colour blue", "mx colour blue", "policy mode testing\npolicy mode none", "expect fatal x", "expect error",
             "record x", "sts-ttl soon"]
    with tempfile.TemporaryDirectory() as folder:
        for text in wrong:
            file = os.path.join(folder, "x.scenario")
            with open(file, "w", encoding="utf-8") as f:
                f.write(text)
            try:
                reader.read(file)
            except reader.ScenarioError as e:
                check(f"x.scenario:{text.count(chr(10)) + 1}:" in str(e), "the line is named in", e)
            else:
                check(False, "taken:", text)


def a_policy_has_the_size_that_is_asked_for(_):
    for size in (1000, 1001, 1999, 2000, 65535, 65536, 65537):
        text = reader.policy_text(reader.Scenario("x", policy={"size": size}), ["mx.x.test"])
        check(len(text) == size and max(map(len, text.split("\n"))) <= 1000, size, len(text))


# ---- the end ----

def left_of(folder):
    """What is left of a lab: its folder, processes that name it."""
    left = [folder] if os.path.exists(folder) else []
    for file in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(file, "rb") as f:
                if folder.encode() in f.read():
                    left.append(file)
        except OSError:
            pass  # it ended meanwhile
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return left + [line for line in f if folder in line]


def two_labs_live_side_by_side(lab):
    with Lab("none") as other:
        check("ad" in flags(dig(other, "MX", "reports.test")), "the second")
        check("NXDOMAIN" in dig(other, "MX", "perfect.test"), "the second has domains of its own")
        check("ad" in flags(dig(lab, "MX", "perfect.test")), "the first")
        folder = other.folder
    check(not left_of(folder), left_of(folder))


def a_lab_ends_with_its_test(_):
    """A test that is killed takes its lab along; the next lab removes the folder."""
    starter = subprocess.Popen([sys.executable, "-SBc", "import sys, time; sys.path.insert(0, sys.argv[1])\n"
                                "from lab import Lab\nwith Lab('none') as l: print(l.folder, flush=True); time.sleep(600)",
                                HERE], stdout=subprocess.PIPE, text=True)
    folder = starter.stdout.readline().strip()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    wait_for(lambda: left_of(folder) == [folder], f"its processes end: {left_of(folder)}")
    lab_module.remove_stale()
    check(not left_of(folder), left_of(folder))


def this_machine_has_none_of_it(lab):
    check(lab.folder not in subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, text=True, check=False).stdout)
    links = subprocess.run(["ip", "-o", "link"], stdout=subprocess.PIPE, text=True, check=True).stdout
    check(not re.search(r": (lab|sender)[:@]", links), links)


BEFORE = [wrong_lines_are_refused, a_policy_has_the_size_that_is_asked_for, it_starts_in_time,
          signed_names_are_validated, an_unsigned_delegation_is_insecure, broken_zones_are_bogus,
          broken_name_servers_are_broken, an_old_secondary_differs, a_name_rebinds, any_root_server_answers,
          an_independent_validator_agrees, the_resolver_speaks_tls, curl_gets_a_policy,
          an_unknown_name_gets_no_certificate, a_certificate_hangs_on_the_server_name, browsers_are_let_in,
          addresses_have_different_policies, apache_as_in_the_tutorial, a_mail_goes_through, a_network_blocks_port_25,
          pebble_answers, dovecot_answers, this_machine_has_none_of_it, two_labs_live_side_by_side,
          a_lab_ends_with_its_test]


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def point(self, name, test):
        self.count += 1
        try:
            test()
            print(f"ok {self.count} - {name}", flush=True)
        except (Failed, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as e:
            self.failed += 1
            print(f"not ok {self.count} - {name}\n# " + f"{type(e).__name__}: {e}".replace("\n", "\n# "), flush=True)

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def skip_or_fail(reason):
    """A lab that cannot be is a failure only where somebody counts on it."""
    if os.environ.get("CI"):
        print(f"not ok 1 - lab\n# {reason}")
    else:
        print(f"ok 1 - lab # SKIP {reason}")
    print("1..1")
    return 1 if os.environ.get("CI") else 0


def main():
    if reason := lab_module.why_not():
        return skip_or_fail(reason)
    tap, scenarios = Tap(), reader.read_all(lab_module.SCENARIOS)
    with Lab(needs=["pebble", "dovecot"]) as lab:
        for test in BEFORE:
            tap.point(test.__name__.replace("_", " "), functools.partial(test, lab))
        seen = look_at_all(lab, scenarios)
        for one in scenarios:
            tap.point("planted: " + one.name, functools.partial(scenario_is_planted, one, seen, lab))
    tap.point("nothing is left", lambda: check(not left_of(lab.folder), left_of(lab.folder)))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
