#!/usr/bin/env python3
"""Certificates by ACME, with `sealpost serve`, DNS, and Pebble that looks for itself.

    test_acme.py SEALPOST [NAME...]

Prints TAP, a point for each function below, or for those that are named. Several run at once, each with a node and a
Pebble of its own. Needs root; skipped, with the reason, where there can be no lab, unless CI is set.
"""

import concurrent.futures
import contextlib
import datetime
import itertools
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import traceback

from acme import Pebble
from keeper import Ca, Failed, Names, Node, Process, Proxy, check, until
from lab import Lab, LabError, why_not
from network import pair, quoted
from own import AS_NOBODY, LOW_PORTS, NOBODY
from test_lab import skip_or_fail

AT_ONCE = int(os.environ.get("AT_ONCE", 6))
TESTS = []
MAC = "YSBrZXkgdGhhdCBQZWJibGUgYW5kIHRoZSBjbGllbnQgc2hhcmU"
PROBLEM = "application/problem+json"


def test(function):
    TESTS.append(function)
    return function


class World:
    """What the points share: the lab, and numbers for what they start."""

    def __init__(self, lab, program):
        self.lab, self.names, self.numbers = lab, Names(lab), itertools.count(1)
        self.program = os.path.join(lab.folder, "sealpost")  # a copy, since nobody may not read every checkout
        shutil.copy(program, self.program)


class Scene:
    """One point's nodes and CAs; they end with it."""

    def __init__(self, world, stack):
        self.world, self.stack = world, stack

    def ca(self, settings=None, **environment):
        return self.idle_ca().start(settings, **environment)

    def idle_ca(self):
        ca = Ca(self.world.lab, next(self.world.numbers))
        self.stack.callback(ca.close)
        return ca

    def proxy(self, ca, port=None, address=None):
        proxy = Proxy(self.world.lab, ca, port or 14100 + 2 * next(self.world.numbers), address)
        self.stack.callback(proxy.close)
        return proxy

    def node(self):
        node = Node(self.world.lab, self.world.names, self.world.program, next(self.world.numbers))
        self.stack.callback(node.close)
        return node


# ---- from nothing to a certificate ----

@test
def a_new_domain_gets_its_certificate_without_another_command(s):
    node, ca = s.node().serve(), s.ca()
    node.process.wait(r"event=acme\.no_ca")
    node.add("one.test")
    check(node.missing("one.test")["code"] == "acme-no-ca", node.missing("one.test"))
    node.point("two.test")
    node.add_ca(ca)
    row = node.missing_code("one.test", "acme-host-absent")
    check(row["text"].startswith("mta-sts.one.test has no A or AAAA record"), row)
    check(ca.orders() == 0, "an order was made for a name that leads nowhere")
    node.add("two.test")
    node.issued("two.test")
    node.serves("two.test", ca)
    check(node.missing("two.test") is None, node.listed())
    check(ca.accounts() == 1 and node.authority()["account"], node.authority())


@test
def a_name_whose_record_comes_later_gets_its_certificate_then(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    node.add("later.test")
    node.missing_code("later.test", "acme-host-absent")
    node.point("later.test")
    node.issued("later.test")
    node.serves("later.test", ca)


@test
def http_01_is_answered_by_a_web_server_of_ones_own(s):
    node, ca = s.node(), s.ca()
    root = os.path.join(node.folder, "www")
    os.mkdir(root)
    shutil.chown(root, NOBODY, NOBODY)
    node.configure(f"webroot = {root}\n")
    start_nginx(s, node, root)
    node.serve()
    node.add_ca(ca, "--challenge", "http-01")
    node.point("web.test")
    node.add("web.test")
    node.issued("web.test")
    node.serves("web.test", ca)
    check(not os.listdir(os.path.join(root, ".well-known/acme-challenge")), "an answer was left behind")


def start_nginx(s, node, root):
    file = os.path.join(node.folder, "nginx.conf")
    with open(file, "w", encoding="ascii") as f:
        f.write(f"daemon off;\npid {node.folder}/nginx.pid;\nuser root;\nworker_processes 1;\nevents {{ }}\n"
                "http { access_log off; server {\n" + "".join(f"listen {quoted(a, 80)};\n" for a in node.addresses) +
                f"root {root};\n}} }}\n")
    nginx = Process(s.world.lab.command(["nginx", "-c", file, "-e", "stderr"]))
    s.stack.callback(lambda: os.kill(nginx.pid(), 15))
    until(lambda: node.lab.run(["curl", "-s", f"http://{node.addresses[0]}/"], "mail").returncode == 0, "nginx")


# ---- what stands in the way ----

@test
def refused_nonces_and_a_slow_ca_are_no_obstacle(s):
    node, ca = s.node().serve(), s.ca(PEBBLE_WFE_NONCEREJECT="15", PEBBLE_VA_NOSLEEP="0", PEBBLE_VA_SLEEPTIME="4")
    node.add_ca(ca)
    node.point("slow.test")
    node.add("slow.test")
    node.issued("slow.test")
    node.serves("slow.test", ca)


@test
def no_order_is_made_for_a_port_that_answers_somebody_else(s):
    node, other, ca = s.node().serve(), s.node().serve(), s.ca()
    node.add_ca(ca)
    node.point("wrong.test", *other.addresses)
    node.add("wrong.test")
    before = node.missing_code("wrong.test", "acme-port-other")
    node.stop()
    node.serve()
    after = node.missing("wrong.test")
    check(after == before, "a restart forgot the pause:", before, after)
    check(ca.orders() == 0 and not node.process.matching("acme.failed"), "it was tried again at once")


@test
def a_failed_validation_waits_an_hour_also_after_a_restart(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    node.point("unseen.test")
    hide_from_ca(s, node)
    node.add("unseen.test")
    before = node.missing_code("unseen.test", "acme-challenge-failed")
    wait = seconds_until(before["next"])
    check(3000 < wait < 4000, "next try in", wait)
    node.stop()
    node.serve()
    node.point("seen.test")  # another name is not held up: it fails by itself
    node.add("seen.test")
    node.missing_code("seen.test", "acme-challenge-failed")
    check(node.missing("unseen.test") == before and ca.orders() == 2, node.missing("unseen.test"), ca.orders())


def hide_from_ca(s, node):
    """Where the CA is, the ports are closed; from here they are not."""
    table = f"hide{node.addresses[0].replace('.', '-')}"
    rules = [f"add table inet {table}", f"add chain inet {table} input {{ type filter hook input priority 0; }}",
             f"add rule inet {table} input ip saddr 5.80.0.0/16 ip daddr {node.addresses[0]} tcp dport 443 reject",
             f"add rule inet {table} input ip6 saddr 2a0f:80::/32 ip6 daddr {node.addresses[1]} tcp dport 443 reject"]
    done = s.world.lab.run(["nft", "-f", "-"], input="\n".join(rules) + "\n")
    check(done.returncode == 0, done.stderr)


def seconds_until(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() - time.time()


# ---- what CAs do ----

@test
def a_ca_that_is_absent_is_asked_again(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    ca.stop()
    node.point("patient.test")
    node.add("patient.test")
    node.missing_code("patient.test", "api-unreachable")
    ca.start()
    node.issued("patient.test")


@test
def a_ca_that_is_down_is_looked_at_by_one_name_until_it_is_back(s):
    node, ca = s.node().serve(), s.ca()
    proxy = s.proxy(ca)
    node.add_ca(proxy)
    names = [f"down{n}.test" for n in range(6)]
    for name in names:
        node.point(name)
    proxy.fail({"path": ".", "status": 502, "body": "<html>bad gateway</html>"})
    node.add(names[0])
    until(lambda: node.authority()["failures"] == 1, "the first look")
    for name in names[1:]:
        node.add(name)
    asked = len(proxy.process.matching(" 502"))
    check(asked == 1, asked, "requests to a CA that is down, by", len(names), "names")
    codes = sorted(node.missing(name)["code"] for name in names)
    check(codes == ["acme-cas-wait"] * 5 + ["acme-status"], codes)
    node.stop()
    node.serve()  # a restart forgets nothing
    until(lambda: node.authority()["failures"] == 2, "the second look, a minute later")
    asked = len(proxy.process.matching(" 502"))
    check(asked == 2, asked, "requests after two looks")
    proxy.fail()
    node.tell("cert", "issue", names[0])  # a person need not wait, and what he finds is good for all
    check(node.authority()["failures"] == 0, node.authority())
    for name in names:
        node.serves(name, ca)


@test
def a_limit_and_its_retry_after_are_obeyed(s):
    node, ca = s.node().serve(), s.ca()
    proxy = s.proxy(ca)
    node.add_ca(proxy)
    node.point("limited.test")
    proxy.fail({"path": "order-plz", "status": 429, "headers": {"Retry-After": "40", "Content-Type": PROBLEM},
                "body": '{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"}'})
    node.add("limited.test")
    wait = seconds_until(node.missing_code("limited.test", "acme-limited")["next"])
    check(20 < wait < 70, "next try in", wait)
    proxy.fail()
    node.issued("limited.test")


@test
def a_ca_out_of_order_is_left_alone_as_long_as_it_says(s):
    node, ca = s.node().serve(), s.ca()
    proxy = s.proxy(ca)
    node.add_ca(proxy)
    for name in "first.test", "second.test":
        node.point(name)
    proxy.fail({"path": "order-plz", "status": 503, "headers": {"Retry-After": "70"}, "body": "later"})
    node.add("first.test")
    node.missing_code("first.test", "acme-status")
    node.add("second.test")
    wait = seconds_until(node.missing_code("second.test", "acme-cas-wait")["next"])
    check(40 < wait < 80, "next try in", wait)
    check(len(proxy.process.matching("order-plz 503")) == 1, "the second name asked all the same")
    proxy.fail()
    node.issued("second.test")
    node.issued("first.test")


@test
def a_ca_that_says_nothing_does_not_hold_up_the_end(s):
    node, ca = s.node().serve(), s.ca()
    proxy = s.proxy(ca)
    node.add_ca(proxy)
    node.point("silent.test")
    proxy.fail({"path": "order-plz", "status": 0})
    node.add("silent.test")
    proxy.process.wait("order-plz -")
    lines = node.stop()  # in time, or the supervisor ends it by force and says so
    check(not any("role_killed" in line for line in lines), lines)
    proxy.fail()
    node.serve()
    check(not node.missing("silent.test")["code"].startswith("api-"), node.missing("silent.test"))
    node.issued("silent.test")  # at once: that the program ended is no failure of the name


@test
def dns_that_does_not_answer_does_not_hold_up_the_end(s):
    node, ca = s.node(), s.ca()
    node.configure(dns=f"forward = {pair('dns', 9999)[0]}:53\n", stop_timeout="5s")
    node.serve()
    node.add_ca(ca)
    node.add("deaf.test")
    until(lambda: node.authority()["account"], "the account, after which DNS is asked")
    node.stop()
    node.serve()
    check(node.missing("deaf.test")["code"] == "cert-missing-waits", node.missing("deaf.test"))


# ---- what happens to the program ----

@test
def nothing_is_lost_by_kill_9(s):
    node, ca = s.node(), s.ca()
    node.serve()
    node.add_ca(ca)
    names = [f"kill{i}.test" for i in range(10)]
    account = None
    for number, name in enumerate(names):
        node.point(name)
        node.add(name)
        time.sleep(random.random() * 3)
        if number % 3 == 2:
            node.kill_all()
            node.serve()
        else:
            role = ("keeper", "host")[number % 3]
            at = node.process.count()
            node.kill(node.role_pid(role))
            node.process.wait(rf"serve\.role_fell role={role}", at)
            node.process.wait(rf"serve\.role_ready role={role}", at)
        known = node.authority()["account"]
        check(account is None or known == account, account, known)
        account = known
    node.stop()
    node.serve(SEALPOST_CLOCK="+4000")  # a host that was killed while the CA looked has failed, for an hour
    until(lambda: not node.listed()["missing"], lambda: node.listed()["missing"])
    for name in names:
        node.serves(name, ca)
    check(ca.accounts() == 1 and node.authority()["account"] == account, ca.accounts(), node.authority())
    check(len(json.loads(node.tell("domain", "list", "--json"))["domains"]) == len(names), "a domain was lost")
    for name in "control.db", "secrets/secrets.db":
        with contextlib.closing(sqlite3.connect(os.path.join(node.store, name))) as db:
            check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), name)
    with contextlib.closing(sqlite3.connect(os.path.join(node.store, "secrets/secrets.db"))) as db:
        check(db.execute("SELECT count(*) FROM challenge").fetchone() == (0,), "a challenge was left behind")


@test
def a_full_disk_serves_on_and_the_certificate_comes_when_there_is_room(s):
    node, ca = s.node(), s.ca()
    proxy = s.proxy(ca)
    done = s.world.lab.run(["mount", "-t", "tmpfs", "-o", f"size=2m,uid={NOBODY},gid={NOBODY}", "tmpfs", node.store])
    check(done.returncode == 0, done.stderr)
    node.serve()
    node.add_ca(proxy)
    for name in "before.test", "full.test":
        node.point(name)
    node.add("before.test")
    node.issued("before.test")
    node.serves("before.test", ca)
    proxy.fail({"path": "/certZ/", "hold": True})
    node.add("full.test")
    proxy.process.wait("/certZ/.* held")  # the certificate is there, and on its way
    s.world.lab.run(["sh", "-c", f"cat /dev/zero > {node.store}/fill"])
    proxy.fail()
    node.process.wait(r"role=keeper .*code=store-full")
    node.serves("before.test", ca)
    at = node.process.count()
    s.world.lab.run(["rm", f"{node.store}/fill"])
    node.issued("full.test", at)
    node.serves("full.test", ca)
    check(ca.orders() == 2, "the order that was paid for was not gone on with:", ca.orders())


@test
def a_ca_that_forgot_the_account_is_asked_for_another(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    for name in "old.test", "new.test":
        node.point(name)
    node.add("old.test")
    node.issued("old.test")
    ca.stop()
    ca.start()
    check(ca.accounts() == 0, ca.accounts())
    node.add("new.test")
    node.issued("new.test")
    node.serves("new.test", ca)
    check(ca.accounts() == 1, ca.accounts())


@test
def the_ca_is_told_when_every_node_that_lives_has_the_challenge(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    node.point("both.test")
    second = Process(node.lab.command(["unshare", "--uts", "sh", "-c", 'hostname second; exec "$0" "$@"', *AS_NOBODY,
                                       *LOW_PORTS, node.program, "serve", "--role", "host", "--config",
                                       second_configuration(node)]), node.environ())
    s.stack.callback(end_stopped, second)
    second.wait(r"event=host\.started")
    until(lambda: node_rows(node) == {"lab", "second"}, lambda: node_rows(node))
    os.kill(second.pid(), 19)
    node.add("both.test")
    # What is shown, the second node does not know.
    until(lambda: challenges(node) == 1, "the challenge")
    check(ca.orders() == 0, "an order before both had the answer")
    os.kill(second.pid(), 18)
    node.issued("both.test")
    os.kill(second.pid(), 19)  # for good: it is taken as dead
    node.point("alone.test")
    node.add("alone.test")
    node.issued("alone.test")
    check(not node.process.matching("acme-host-waits"), "a node that died is a failure of the name")


def end_stopped(process):
    """nsenter(1) stops with its child, and then does not see the child's end."""
    os.kill(process.pid(), 9)
    os.kill(process.popen.pid, 18)
    process.end()


def second_configuration(node):
    with open(node.conf, encoding="utf-8") as f:
        text = f.read()
    file = os.path.join(node.folder, "second.conf")
    with open(file, "w", encoding="utf-8") as f:
        f.write(text.replace(":443", ":444"))
    return file


def node_rows(node):
    with contextlib.closing(sqlite3.connect(os.path.join(node.store, "control.db"))) as db:
        return {row[0] for row in db.execute("SELECT id FROM node")}


def challenges(node):
    with contextlib.closing(sqlite3.connect(os.path.join(node.store, "secrets/secrets.db"))) as db:
        return db.execute("SELECT count(*) FROM challenge").fetchone()[0]


# ---- by command ----

@test
def certificates_are_renewed_revoked_and_removed_and_keys_rolled_by_command(s):
    node, ca = s.node().serve(), s.ca()
    node.add_ca(ca)
    node.point("command.test")
    node.add("command.test")
    node.issued("command.test")
    first = node.serial("command.test", ca)
    node.tell("cert", "renew", "command.test")
    second = until(lambda: (n := node.serial("command.test", ca)) != first and n, "the renewed one")
    account = node.authority()["account"]
    node.tell("cert", "ca", "roll-key", "own")
    check(node.authority()["account"] == account, node.authority())
    at = node.process.count()
    node.tell("cert", "revoke", "command.test", "--reason", "superseded")
    status = json.loads(ca.managed(f"/cert-status-by-serial/{second}"))
    check(status["Status"] == "Revoked", status)
    node.issued("command.test", at)  # another one, by the account's new key
    third = until(lambda: (n := node.serial("command.test", ca)) not in ("", first, second) and n, "the third one")
    check(ca.accounts() == 1, ca.accounts())
    check("cert renew" in node.tell("cert", "remove", "command.test", status=2), "removed while it is needed")
    check(node.serial("command.test", ca) == third, "it is served no more")
    at = node.process.count()
    node.tell("cert", "remove", "command.test", "--force")
    node.issued("command.test", at)
    until(lambda: node.serial("command.test", ca) not in ("", first, second, third), "the fourth one")
    status = json.loads(ca.managed(f"/cert-status-by-serial/{third}"))
    check(status["Status"] == "Valid", status)  # what is removed is not revoked


@test
def an_external_account_is_bound(s):
    node, ca = s.node().serve(), s.ca({"externalAccountBindingRequired": True, "externalAccountMACKeys": {"kid-1": MAC}})
    check("binding" in node.tell("cert", "ca", "add", "own", "--directory", ca.directory, "--agree-tos", status=2), "why")
    node.add_ca(ca, "--eab-kid", "kid-1", "--eab-key", MAC)
    node.point("bound.test")
    node.add("bound.test")
    node.issued("bound.test")
    node.serves("bound.test", ca)


@test
def the_preferred_chain_is_served(s):
    node, ca = s.node().serve(), s.ca(PEBBLE_ALTERNATE_ROOTS="2", PEBBLE_CHAIN_LENGTH="2")
    with open(ca.root, "w", encoding="ascii") as f:
        f.write(ca.managed("/roots/2"))
    done = subprocess.run(["openssl", "x509", "-in", ca.root, "-noout", "-subject", "-nameopt", "sep_multiline,utf8"],
                          capture_output=True, text=True, check=True)
    node.add_ca(ca, "--preferred-chain", done.stdout.split("CN=")[1].strip())
    node.point("chain.test")
    node.add("chain.test")
    node.issued("chain.test")
    node.serves("chain.test", ca)  # which only that root is trusted for


@test
def short_lived_certificates_are_renewed_without_a_gap(s):
    node, ca = s.node().serve(), s.ca({"certificateValidityPeriod": 40})
    node.add_ca(ca)
    node.point("short.test")
    node.add("short.test")
    node.issued("short.test")
    node.serves("short.test", ca)
    serials = set()

    def seen():
        done = node.curl("short.test", ca.root)
        check(done.returncode == 0, "a client was let down:", done.stderr)
        serials.add(node.serial("short.test", ca))
        return len(serials) > 3
    until(seen, "three renewals", 150)
    check("" not in serials, "a client saw no certificate")


@test
def a_trial_asks_lets_encrypts_staging_and_keeps_nothing(s):
    node, real, staging = s.node(), s.ca(), s.ca()
    addresses = pair("web", 900)[0], pair("web", 901)[0]
    for ca, address, name in zip((real, staging), addresses, Pebble.LETSENCRYPT):
        done = s.world.lab.run(["ip", "addr", "add", address + "/32", "dev", "eth0"], "web")
        check(done.returncode == 0, done.stderr)
        s.proxy(ca, 443, address).fail({"path": "^/directory$", "to": "/dir"})
        with open(os.path.join(s.world.lab.folder, "hosts"), "a", encoding="ascii") as f:
            f.write(f"{address} {name}\n")
    node.configure(roles="host")  # the keeper would get one for the name while it is tried
    node.serve()
    node.tell("cert", "ca", "add", "letsencrypt", "--agree-tos")
    node.point("trial.test")
    node.add("trial.test")
    result = json.loads(node.tell("cert", "issue", "trial.test", "--dry-run", "--json"))["results"][0]
    check(result["result"] == "would-issue", result)
    check(staging.orders() == 1 and real.orders() == 0 and real.accounts() == 0, staging.orders(), real.orders())
    check(not node.listed()["certificates"] and not node.authority("letsencrypt")["account"], node.listed())
    node.stop()
    node.configure()
    node.serve()
    node.issued("trial.test")
    node.serves("trial.test", real)


def run(world, function):
    with contextlib.ExitStack() as stack:
        function(Scene(world, stack))


def verdict(world, function):
    """The lines that say why it failed."""
    try:
        run(world, function)
        return []
    except (Failed, OSError, ValueError, LookupError, StopIteration, subprocess.SubprocessError, sqlite3.Error,
            LabError) as e:
        return f"{type(e).__name__}: {e}\n{traceback.format_exc()}".split("\n")


def main():
    program, *only = sys.argv[1:]
    if reason := why_not():
        return skip_or_fail(reason)
    chosen = [t for t in TESTS if not only or t.__name__ in only]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    with Lab("none", needs=["pebble-settings"]) as lab, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        world = World(lab, program)
        for number, (function, found) in enumerate(zip(chosen, pool.map(lambda t: verdict(world, t), chosen)), 1):
            failed += bool(found)
            print("not ok" if found else "ok", number, "-", function.__name__.replace("_", " "), flush=True)
            for line in found:
                print("#", line, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
