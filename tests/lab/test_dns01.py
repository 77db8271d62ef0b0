#!/usr/bin/env python3
"""dns-01: certificates from Pebble, by records that sealpost writes into Knot, or has a command write.

    test_dns01.py SEALPOST

As root, in a network namespace of its own, whose addresses look public: nothing of this machine is touched. Two
Knots, the second of which learns of changes when it is told to; a resolver, unbound, that Pebble validates with.
Prints TAP.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LIMIT = 60
NOBODY = 65534
INSIDE = "SEALPOST_TEST_INSIDE"
PRIMARY, SECONDARY, RESOLVER, SILENT, LIAR = "5.53.0.1", "5.53.0.2", "5.53.0.53", "5.53.0.9", "5.53.0.10"
SECRET = "c2VhbHBvc3Qgc2hhcmVzIHRoaXMgd2l0aCBrbm90Lg=="
OTHER_SECRET = "c2VhbHBvc3Qgc2hhcmVzIHRoaXMgd2l0aCBub2JvZHk="
TESTS = []

SERVERS = """{zone} 60 SOA ns1.test. hostmaster.test. 1 86400 86400 604800 1
{zone} 60 NS ns1.test.
"""
ZONES = {
    ".": SERVERS + "test. 60 NS ns1.test.\nns1.test. 60 A " + PRIMARY + "\n",
    "test.": SERVERS + f"""ns1.test. 60 A {PRIMARY}
ns2.test. 60 A {SECONDARY}
example.test. 60 NS ns1.test.
slow.test. 60 NS ns1.test.
slow.test. 60 NS ns2.test.
alias.test. 60 NS ns1.test.
mta-sts.second.test. 60 A 5.80.0.1
_acme-challenge.mta-sts.second.test. 60 CNAME second.alias.test.
""",
    "example.test.": SERVERS + """mta-sts.example.test. 60 A 5.80.0.1
_acme-challenge.mta-sts.example.test. 60 TXT "another's"
""",
    "slow.test.": SERVERS + "slow.test. 60 NS ns2.test.\nmta-sts.slow.test. 60 A 5.80.0.1\n",
    "alias.test.": SERVERS,
}

KNOT = """server:
  listen: {address}@53
  rundir: {folder}/run
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: {folder}/db
key:
  - id: good
    algorithm: hmac-sha256
    secret: {secret}
  - id: strong
    algorithm: hmac-sha512
    secret: {secret}
  - id: useless
    algorithm: hmac-sha384
    secret: {secret}
remote:
  - id: primary
    address: {primary}@53
acl:
  - id: update
    key: [good, strong]
    action: update
  - id: transfer
    address: [{primary}, {secondary}]
    action: transfer
mod-stats:
  - id: counted
    query-type: on
template:
  - id: default
    storage: {folder}
    file: "%s.zone"
    semantic-checks: off
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: changes
    global-module: mod-stats/counted
zone:
"""

UNBOUND = """server:
  directory: {folder}
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  interface: {resolver}
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  local-zone: "test." nodefault
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
stub-zone:
  name: "."
  stub-addr: {primary}
remote-control:
  control-enable: no
"""


def test(function):
    TESTS.append(function)
    return function


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL, check=False,
                          **more)


def until(condition, what):
    end = time.monotonic() + LIMIT
    while not (result := condition()):
        check(time.monotonic() < end, what() if callable(what) else what)
        time.sleep(0.05)
    return result


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


class World:
    def __init__(self, sealpost):
        self.sealpost, self.processes = sealpost, []
        self.folder = tempfile.mkdtemp(prefix="sealpost-dns01-")
        self.number = 0
        try:
            self.begin()
        except BaseException:
            self.stop()
            raise

    def begin(self):
        os.chmod(self.folder, 0o755)
        self.network()
        self.primary = self.knot("primary", PRIMARY, ZONES)
        self.secondary = self.knot("secondary", SECONDARY, ["slow.test."])
        write(self.path("unbound.conf"), UNBOUND.format(folder=self.folder, resolver=RESOLVER, primary=PRIMARY))
        self.start("unbound", "unbound", "-d", "-p", "-c", self.path("unbound.conf"))
        self.pebble()
        self.key("good", SECRET)
        until(lambda: self.txt("_acme-challenge.mta-sts.example.test", RESOLVER), "the resolver does not answer")
        until(lambda: run("kdig", "+short", "SOA", "slow.test", "@" + SECONDARY).stdout, "the secondary has no zone")

    def path(self, name):
        return f"{self.folder}/{name}"

    def network(self):
        lines = ["link set lo up", *[f"addr add {a}/32 dev lo" for a in (PRIMARY, SECONDARY, RESOLVER, SILENT, LIAR)]]
        done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True,
                              timeout=LIMIT, check=False)
        check(done.returncode == 0, done.stderr)

    def start(self, name, *words, ready=None, user=0, **environment):
        with open(self.path(name + ".log"), "w", encoding="utf-8") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user, cwd="/",
                                       env={**os.environ, **environment})
        self.processes.append(process)
        if ready:
            until(lambda: ready in self.log(name) or process.poll() is not None, name)
            check(process.poll() is None, self.log(name))
        return process

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def sealpost_run(self, *words, **more):
        """As somebody who is not root, as the keeper is."""
        return run(self.sealpost, *words, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", **more)

    def knot(self, name, address, zones):
        folder = self.path(name)
        for sub in ("", "run", "db"):
            os.makedirs(f"{folder}/{sub}", exist_ok=True)
        text = KNOT.format(address=address, folder=folder, secret=SECRET, primary=PRIMARY, secondary=SECONDARY)
        for zone in zones:
            text += f"  - domain: {zone}\n    acl: [update, transfer]\n"
            if address == SECONDARY:
                text += "    master: primary\n"
            else:
                write(f"{folder}/{zone.rstrip('.') or '.'}.zone" if zone != "." else f"{folder}/root.zone",
                      ZONES[zone].format(zone=zone))
                text += f"    file: {folder}/{zone.rstrip('.') or 'root'}.zone\n"
        write(f"{folder}/knot.conf", text)
        self.start(name, "knotd", "-c", f"{folder}/knot.conf", ready="server started")
        return f"{folder}/knot.conf"

    def pebble(self):
        done = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                   self.path("ca.key"), "-out", self.path("ca.pem"), "-days", "2", "-subj", "/CN=localhost", "-addext",
                   "subjectAltName=DNS:localhost,IP:127.0.0.1")
        check(done.returncode == 0, done.stderr)
        write(self.path("pebble.json"), json.dumps({"pebble": {
            "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
            "certificate": self.path("ca.pem"), "privateKey": self.path("ca.key"), "httpPort": 80, "tlsPort": 443,
            "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        self.start("pebble", "pebble", "-config", self.path("pebble.json"), "-dnsserver", RESOLVER + ":53", "-strict",
                   ready="ACME directory available", PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0",
                   PEBBLE_AUTHZREUSE="0")

    def key(self, name, secret, algorithm="hmac-sha256", file=None):
        """As tsig-keygen writes it."""
        write(self.path(file or "key-" + name),
              f'key "{name}" {{\n\talgorithm {algorithm};\n\tsecret "{secret}";\n}};\n', 0o600)
        os.chown(self.path(file or "key-" + name), NOBODY, NOBODY)
        return self.path(file or "key-" + name)

    def txt(self, name, server):
        return sorted(run("kdig", "+short", "TXT", name, "@" + server).stdout.split("\n")[:-1])

    def machine(self, publishers, *domains):
        """A configuration and a store with these domains, each with a policy, and Pebble as the CA."""
        self.number += 1
        conf = self.path(f"sealpost-{self.number}.conf")
        write(conf, f"[store]\npath = {self.path(f'store-{self.number}')}\n[serve]\nroles = keeper\n"
                    f"[dns]\nforward = {RESOLVER}\ntrust_anchor = /dev/null\n[acme]\nca_file = {self.path('ca.pem')}\n"
                    f"{publishers}")
        os.mkdir(self.path(f"store-{self.number}"), 0o700)
        os.chown(self.path(f"store-{self.number}"), NOBODY, NOBODY)
        for domain in domains:
            self.tell(conf, "setup", domain, "--mx", "mx." + domain, "--address", "5.80.0.1", "--rua",
                      "mailto:tls@" + domain)
        self.tell(conf, "cert", "ca", "add", "pebble", "--directory", "https://localhost:14000/dir", "--agree-tos",
                  "--challenge", "dns-01")
        return conf

    def tell(self, conf, *words, status=0, **environment):
        done = self.sealpost_run(*words, "--config", conf, "--lang", "en", env={**os.environ, **environment})
        check(done.returncode == status, words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def refused(self, publishers, **environment):
        """The only result of an order that cannot be."""
        conf = self.machine(publishers, "example.test")
        done = self.sealpost_run("cert", "issue", "example.test", "--json", "--config", conf, "--lang", "en",
                                 env={**os.environ, **environment})
        check(done.returncode in (2, 3), done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)["results"][0]

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(LIMIT)
        shutil.rmtree(self.folder)


class Liar:
    """A server that answers with what it is told to; ID stands for the id of the update."""

    def __init__(self, address):
        self.answer = b""
        self.server = socket.create_server((address, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(LIMIT)
                    update = connection.recv(4096)
                    connection.sendall(self.answer.replace(b"ID", update[2:4]))
                    while connection.recv(4096):
                        pass


LIES = [
    ("publish-refused", b"\0\x0cID\xa8\5" + bytes(8)),
    ("publish-not-auth", b"\0\x0cID\xa8\x09" + bytes(8)),
    ("publish-rcode", b"\0\x0cID\xa8\2" + bytes(8)),
    ("publish-not-signed", b"\0\x0cID\xa8\0" + bytes(8)),
    ("publish-no-answer", b"\0\x0cxx\xa8\0" + bytes(8)),
    ("publish-no-answer", b"\0\0"),
    ("publish-timeout", b"\xff\xffID"),
]

NAME = "_acme-challenge.mta-sts.example.test"


@test
def an_update_signed_by_tsig_brings_a_certificate_and_leaves_other_values(w):
    for name, algorithm in ("good", "hmac-sha256"), ("strong", "hmac-sha512"):
        conf = w.machine(f"[publisher own]\nkey_file = {w.key(name, SECRET, algorithm)}\n", "example.test")
        check("issued" in w.tell(conf, "cert", "issue", "example.test", "--json"), name)
        check(w.txt(NAME, PRIMARY) == ['"another\'s"'], w.txt(NAME, PRIMARY))
    check("mta-sts.example.test" in w.tell(conf, "cert", "list"), "not in the store")


@test
def the_key_of_keymgr_is_read_and_the_zone_and_server_are_taken_from_the_setting(w):
    write(w.path("yaml"), f"# hmac-sha256:good:{SECRET}\nkey:\n  - id: good\n    algorithm: hmac-sha256\n"
                          f"    secret: {SECRET}\n")
    conf = w.machine(f"[publisher other]\nzones = elsewhere.test\nkey_file = /nonexistent\n"
                     f"[publisher own]\nzones = example.test\nservers = {PRIMARY}\nkey_file = {w.path('yaml')}\n",
                     "example.test")
    w.tell(conf, "cert", "issue", "example.test")


@test
def an_alias_leads_the_record_into_another_zone(w):
    conf = w.machine(f"[publisher own]\nkey_file = {w.path('key-good')}\n", "second.test")
    w.tell(conf, "cert", "issue", "second.test")
    check("second.alias.test" in w.log("primary") or "alias.test" in w.log("primary"), "no update of alias.test")
    check(not w.txt("second.alias.test", PRIMARY), "the record is left there")


def asked_for_txt(w):
    m = re.search(r"query-type\[TXT\] = (\d+)", run("knotc", "-c", w.secondary, "stats", "mod-stats.query-type").stdout)
    return int(m[1]) if m else 0


@test
def a_certificate_authority_is_told_when_every_name_server_shows_the_record(w):
    conf = w.machine(f"[publisher own]\nkey_file = {w.path('key-good')}\n", "slow.test")
    before, validations = asked_for_txt(w), w.log("pebble").count("Attempting to validate")
    with subprocess.Popen([w.sealpost, "cert", "issue", "slow.test", "--config", conf], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, user=NOBODY) as issue:
        until(lambda: w.txt("_acme-challenge.mta-sts.slow.test", PRIMARY), "no record at the primary")
        until(lambda: asked_for_txt(w) >= before + 2 or issue.poll() is not None, "the secondary is not asked")
        check(issue.poll() is None, issue.poll())
        check(w.log("pebble").count("Attempting to validate") == validations, "Pebble was told too early")
        check(run("knotc", "-c", w.secondary, "zone-refresh", "slow.test.").returncode == 0, "zone-refresh")
        said, _ = issue.communicate(timeout=LIMIT)
        check(issue.returncode == 0, said)


@test
def a_secondary_that_never_shows_it_is_named(w):
    conf = w.machine(f"[publisher own]\nkey_file = {w.path('key-good')}\nwait = 1s\n", "slow.test")
    said = w.tell(conf, "cert", "issue", "slow.test", status=3)
    check("ns2.test" in said and "slow.test" in said, said)


@test
def what_keeps_an_update_from_being_done_is_named_with_zone_and_server(w):
    with socket.create_server((SILENT, 53)), Liar(LIAR) as liar:
        rows = [
            ("publish-bad-signature", w.key("good", OTHER_SECRET, file="wrong"), "", {}),
            ("publish-bad-key", w.key("unknown", SECRET), "", {}),
            ("publish-bad-key", w.key("useless", SECRET, "hmac-sha384"), "", {}),
            ("publish-not-auth", w.path("key-good"), f"servers = {SECONDARY}\n", {}),
            ("publish-unreachable", w.path("key-good"), f"servers = {PRIMARY}:54\n", {}),
            ("publish-timeout", w.path("key-good"), f"servers = {SILENT}\ntimeout = 1s\n", {}),
            ("publish-key-file", w.path("ca.pem"), "", {}),
            ("publish-bad-time", w.path("key-good"), "", {"SEALPOST_CLOCK": "+4000"}),
        ]
        for code, answer in LIES:
            liar.answer = answer
            got = w.refused(f"[publisher own]\nkey_file = {w.path('key-good')}\nservers = {LIAR}\ntimeout = 2s\n")
            check(got["code"] == code, code, got)
            check(LIAR in got["text"] and "example.test" in got["text"], got)
        for code, key, more, environment in rows:
            got = w.refused(f"[publisher own]\nkey_file = {key}\n{more}", **environment)
            check(got["code"] == code, code, got)
            check(code == "publish-key-file" or "example.test" in got["text"], got)
            check(SECRET not in json.dumps(got), "the secret is told")
    # One that does not answer is followed by the next.
    conf = w.machine(f"[publisher own]\nkey_file = {w.path('key-good')}\nservers = {PRIMARY}:54, {PRIMARY}\n", "example.test")
    w.tell(conf, "cert", "issue", "example.test")


@test
def no_publisher_for_the_zone_is_said(w):
    got = w.refused(f"[publisher own]\nzones = elsewhere.test\nkey_file = {w.path('key-good')}\n")
    check(got["code"] == "publish-nobody", got)
    check(w.refused("")["code"] == "acme-no-publisher", "without any")


COMMAND = """#!/bin/sh
set -e
{ echo "$@"; env; ls -l /proc/self/fd; } >>FOLDER/command.log
case $1 in add) change="add $2 60 TXT $3" ;; remove) change="del $2 TXT $3" ;; esac
printf 'server PRIMARY\\nzone example.test.\\n%s\\nsend\\n' "$change" | knsupdate -k FOLDER/knsupdate.key
"""


@test
def a_command_of_the_users_writes_the_record(w):
    write(w.path("command"), COMMAND.replace("FOLDER", w.folder).replace("PRIMARY", PRIMARY), 0o755)
    write(w.path("knsupdate.key"), f"hmac-sha256:good:{SECRET}\n")
    conf = w.machine(f"[publisher own]\ntype = command\ncommand = {w.path('command')}\n", "example.test")
    write(w.path("command.log"), "", 0o666)
    done = w.sealpost_run("cert", "issue", "example.test", "--config", conf, env={**os.environ, "A_SECRET": "x"})
    check(done.returncode == 0, done.stdout, done.stderr)
    with open(w.path("command.log"), encoding="utf-8") as f:
        seen = f.read()
    verbs = re.findall(r"^(add|remove) (\S+) (\S+)$", seen, re.MULTILINE)
    check([v[0] for v in verbs] == ["add", "remove"] and {v[1] for v in verbs} == {NAME}, verbs)
    check(verbs[0][2] == verbs[1][2] and len(verbs[0][2]) == 43, verbs)
    check("A_SECRET" not in seen, "it has our environment")
    check("store-" not in seen and "socket:" not in seen, "it has our descriptors", seen)
    check(w.txt(NAME, PRIMARY) == ['"another\'s"'], w.txt(NAME, PRIMARY))


@test
def a_command_that_fails_is_quoted_and_one_that_hangs_is_ended(w):
    write(w.path("pid"), "", 0o666)
    rows = [
        ("publish-command-failed", "printf 'no \\033[31mroom' >&2; exit 7"),
        ("publish-command-killed", "kill -KILL $$"),
        ("publish-command-slow", f"echo begun >&2; echo $$ >{w.path('pid')}; sleep 1000 & wait"),
        ("file-not-found", None),
    ]
    for code, text in rows:
        with contextlib.suppress(OSError):
            os.unlink(w.path("failing"))
        if text:
            write(w.path("failing"), f"#!/bin/sh\n{text}\n", 0o755)
        got = w.refused(f"[publisher own]\ntype = command\ncommand = {w.path('failing')}\ntimeout = 1s\n")
        check(got["code"] == code, code, got)
        check(code != "publish-command-failed" or ("7" in got["text"] and "no \\x1b[31mroom" in got["text"]), got)
        check(code != "publish-command-slow" or "begun" in got["text"], got)
    with open(w.path("pid"), encoding="ascii") as f:
        group = int(f.read())
    until(lambda: not living(group), lambda: f"what the command started still runs: {living(group)}")


def living(group):
    """The processes of a group that have not ended; those that nobody has waited for yet have."""
    found = []
    for file in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(file, encoding="utf-8", errors="replace") as f:
            text = f.read()
            state, _, its_group = text[text.rindex(")") + 2:].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(text)
    return found


@test
def the_keeper_gets_certificates_by_dns(w):
    conf = w.machine(f"[publisher own]\nkey_file = {w.path('key-good')}\n", "example.test", "second.test")
    keeper = w.start("keeper", w.sealpost, "serve", "--config", conf, user=NOBODY)
    for name in "mta-sts.example.test", "mta-sts.second.test":
        until(lambda name=name: re.search(f"event=acme.issued.*host={name}", w.log("keeper")) or keeper.poll() is not None,
              lambda: w.log("keeper"))
    keeper.send_signal(signal.SIGTERM)
    check(keeper.wait(LIMIT) == 0, w.log("keeper"))
    for name in "mta-sts.example.test", "mta-sts.second.test":
        check(re.search(f"event=acme.issued.*host={name}", w.log("keeper")), w.log("keeper"))
    check(SECRET not in w.log("keeper"), "the secret is in the log")


def skip(why):
    if os.environ.get("CI"):
        sys.exit(why)
    print(f"1..0 # SKIP {why}")


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        return skip("it needs root, for a network namespace")
    missing = [p for p in ("knotd", "knotc", "kdig", "knsupdate", "unbound", "pebble", "ip", "unshare") if not shutil.which(p)]
    if missing:
        return skip("missing: " + " ".join(missing))
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    failed = 0
    wanted = sys.argv[2:]
    w = World(os.path.abspath(sys.argv[1]))
    try:
        for number, function in enumerate(TESTS, 1):
            verdict = "ok"
            try:
                if not wanted or function.__name__ in wanted:
                    function(w)
            except (AssertionError, OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as e:
                verdict, failed = "not ok", failed + 1
                print("# " + f"{type(e).__name__}: {e}".replace("\n", "\n# "))
            print(f"{verdict} {number} - {function.__name__.replace('_', ' ')}", flush=True)
    finally:
        w.stop()
    print(f"1..{len(TESTS)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
