#!/usr/bin/env python3
"""The ACME client against Pebble, with real validation.

    test_acme.py LAB [--pebble P] [--challtestsrv P]

Pebble and its DNS and challenge server run on loopback with ports of their own. Prints TAP.
"""

import argparse
import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import host_world

LIMIT = 60
NAME = "mta-sts.example.test"
MAC = base64.urlsafe_b64encode(b"a key that Pebble and the client share").decode().rstrip("=")
TESTS = []


def test(**options):
    def add(function):
        TESTS.append((function, options))
        return function
    return add


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def free_ports(count, kind=socket.SOCK_STREAM):
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            s = stack.enter_context(socket.socket(socket.AF_INET, kind))
            s.bind(("127.0.0.1", 0))
            ports.append(s.getsockname()[1])
        return ports


def make_certificate(folder):
    """What Pebble's own interface shows; it is its own root."""
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-nodes", "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem", "-days", "2",
                           "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                          capture_output=True, timeout=LIMIT, check=False)
    check(done.returncode == 0, done.stderr)


class Pebble:
    """One running CA, and the client's files in a folder of its own."""

    def __init__(self, args, top, host=False, eab=False, reject=20, environment=None):
        self.lab, self.top = args.lab, top
        self.folder = tempfile.mkdtemp(dir=top)
        acme, manage, web, tls, self.control = free_ports(5)
        self.host = None
        if host:
            host_world.make_keys(self.folder)
            self.host = host_world.Host(args.host, self.folder, tempfile.mkdtemp(dir=self.folder))
            web = self.host.port_challenge
        (dns,) = free_ports(1, socket.SOCK_DGRAM)
        self.directory, self.management = f"https://localhost:{acme}/dir", f"https://localhost:{manage}"
        config = {"pebble": {
            "listenAddress": f"127.0.0.1:{acme}", "managementListenAddress": f"127.0.0.1:{manage}",
            "certificate": top + "/cert.pem", "privateKey": top + "/key.pem", "httpPort": web, "tlsPort": tls,
            "ocspResponderURL": "", "externalAccountBindingRequired": eab,
            "externalAccountMACKeys": {"kid-1": MAC}}}
        with open(self.folder + "/config", "w", encoding="ascii") as f:
            json.dump(config, f)
        self.log = open(self.folder + "/log", "wb")
        # IPv6 off: its answers are the default address that nothing listens at.
        self.processes = [
            self.start(args.challtestsrv, "-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{self.control}",
                       "-http01", "" if host else f"127.0.0.1:{web}", "-tlsalpn01", f"127.0.0.1:{tls}", "-https01", "",
                       "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
            self.start(args.pebble, "-config", self.folder + "/config", "-dnsserver", f"127.0.0.1:{dns}", "-strict",
                       PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT=str(reject), PEBBLE_AUTHZREUSE="0",
                       **(environment or {}))]
        try:
            for port in acme, manage, self.control:
                self.wait_port(port)
        except AssertionError:
            self.stop()
            raise

    def start(self, *words, **environment):
        return subprocess.Popen(words, stdout=self.log, stderr=self.log, env={**os.environ, **environment})

    def wait_port(self, port):
        end = time.monotonic() + LIMIT
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), LIMIT):
                return
            check(time.monotonic() < end and all(p.poll() is None for p in self.processes), "no server", self.logged())
            time.sleep(0.02)

    def logged(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait(LIMIT)
        self.log.close()
        if self.host:
            self.host.stop()

    def path(self, name):
        return f"{self.folder}/{name}"

    def get(self, path):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", self.top + "/cert.pem",
                               self.management + path], capture_output=True, timeout=LIMIT, check=False)
        check(done.returncode == 0, done.stderr)
        return done.stdout

    def tell(self, path, **what):
        request = urllib.request.Request(f"http://127.0.0.1:{self.control}/{path}", json.dumps(what).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=LIMIT) as answer:
            check(answer.status == 200, path, answer.status)

    def present(self, kind, name, token, authorization):
        hashed = base64.urlsafe_b64encode(hashlib.sha256(authorization.encode()).digest()).decode().rstrip("=")
        if self.host:
            loaded = self.host.logged().count("event=host.loaded")
            self.host.do("answer", self.host.store, name, token, authorization)
            self.host.wait_log("host.loaded", loaded + 1)
        elif kind == "http-01":
            self.tell("add-http01", token=token, content=authorization)
        elif kind == "dns-01":
            self.tell("set-txt", host=f"_acme-challenge.{name}.", value=hashed)
        else:
            self.tell("add-tlsalpn01", host=name, content=authorization)

    def remove(self, kind, name, token):
        if self.host:
            return
        if kind == "http-01":
            self.tell("del-http01", token=token)
        elif kind == "dns-01":
            self.tell("clear-txt", host=f"_acme-challenge.{name}.")
        else:
            self.tell("del-tlsalpn01", host=name)

    def run(self, *words, answers=True, status=0):
        """Runs the client; gives its lines as {first word: the rest}."""
        process = subprocess.Popen([self.lab, self.directory, self.top + "/cert.pem", *words], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "no_proxy": "*"})
        lines = {}
        for line in process.stdout:
            first, *rest = line.split()
            lines[first] = rest
            if first == "present" and answers:
                self.present(*rest)
            elif first == "remove" and answers:
                self.remove(*rest[:3])
            if first in ("present", "remove"):
                process.stdin.write("\n")
                process.stdin.flush()
        _, told = process.communicate(timeout=LIMIT)
        check(process.returncode == status, words, process.returncode, told, self.logged())
        return lines

    def order(self, kind, *more, key="k", chain="chain", name=NAME, **options):
        return self.run("order", self.path("a"), self.path(key), name, kind, self.path(chain), *more, **options)

    def serial(self, chain="chain"):
        done = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", self.path(chain), "-noout", "-serial"],
                              capture_output=True, text=True, timeout=LIMIT, check=True)
        return done.stdout.strip().split("=")[1]

    def state(self, chain="chain"):
        return json.loads(self.get("/cert-status-by-serial/" + self.serial(chain).lower()))["Status"]


@test()
def every_challenge_type_brings_a_certificate_that_verifies(ca):
    ca.run("account", ca.path("a"))
    with open(ca.path("root"), "wb") as f:
        f.write(ca.get("/roots/0"))
    for number, kind in enumerate(("http-01", "dns-01", "tls-alpn-01")):
        name = f"mta-sts.d{number}.example.test"
        got = ca.order(kind, name=name)
        check("valid" in got and "remove" in got, got)
        pem = b""
        der = open(ca.path("chain"), "rb").read()
        while der:
            n = 4 + int.from_bytes(der[2:4], "big")
            pem += ("-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der[:n]).decode() +
                    "-----END CERTIFICATE-----\n").encode()
            der = der[n:]
        with open(ca.path("pem"), "wb") as f:
            f.write(pem)
        done = subprocess.run(["openssl", "verify", "-CAfile", ca.path("root"), "-untrusted", ca.path("pem"),
                               "-verify_hostname", name, ca.path("pem")], capture_output=True, text=True,
                              timeout=LIMIT, check=False)
        check(done.returncode == 0, kind, done.stdout, done.stderr)


@test()
def an_answer_that_is_not_there_is_named(ca):
    ca.run("account", ca.path("a"))
    got = ca.order("http-01", answers=False, status=1)
    check(got["error"] == ["acme-challenge-failed"], got)
    check("remove" in got, got)


@test()
def an_order_that_was_begun_is_gone_on_with(ca):
    ca.run("account", ca.path("a"))
    first = ca.order("dns-01")
    again = ca.order("dns-01", first["begun"][0])
    check("begun" not in again and "present" not in again and "valid" in again, again)
    # An order that failed, and one that was never there, give way to new ones.
    failed = ca.order("http-01", answers=False, status=1)
    check("begun" in ca.order("http-01", failed["begun"][0]), "a failed order was kept")
    check("begun" in ca.order("http-01", first["begun"][0] + "x"), "an order that is none was kept")


@test()
def an_account_is_found_again_by_its_key(ca):
    got = ca.run("find", ca.path("a"), status=1)
    check(got["error"] == ["acme-refused"], got)
    made = ca.run("account", ca.path("a"))["account"]
    check(ca.run("account", ca.path("a"))["account"] == made, made)
    check(ca.run("find", ca.path("a"))["account"] == made, made)


@test()
def the_key_of_an_account_is_changed(ca):
    made = ca.run("account", ca.path("a"))["account"]
    check("changed" in ca.run("change-key", ca.path("a"), ca.path("b")), "not changed")
    check(ca.run("find", ca.path("b"))["account"] == made, made)
    ca.run("find", ca.path("a"), status=1)


@test()
def certificates_are_revoked_by_the_account_and_by_their_key(ca):
    ca.run("account", ca.path("a"))
    for more in [], [ca.path("k")]:
        ca.order("http-01")
        check(ca.state() == "Valid", ca.state())
        check("revoked" in ca.run("revoke", ca.path("a"), ca.path("chain"), *more), more)
        check(ca.state() == "Revoked", ca.state())
        # A second time is no error.
        check("revoked" in ca.run("revoke", ca.path("a"), ca.path("chain"), *more), more)


@test(eab=True)
def an_external_account_is_bound(ca):
    got = ca.run("account", ca.path("a"), status=1)
    check(got["error"] == ["acme-eab-missing"], got)
    ca.run("account", ca.path("b"), "kid-1", MAC[:-4] + "AAAA", status=1)
    ca.run("account", ca.path("c"), "kid-2", MAC, status=1)
    ca.run("account", ca.path("a"), "kid-1", MAC)
    check("valid" in ca.order("http-01"), "no certificate")


@test(environment={"PEBBLE_ALTERNATE_ROOTS": "2", "PEBBLE_CHAIN_LENGTH": "2"})
def the_preferred_chain_is_chosen(ca):
    ca.run("account", ca.path("a"))
    for number in 0, 1, 2:
        with open(ca.path("root"), "wb") as f:
            f.write(ca.get(f"/roots/{number}"))
        done = subprocess.run(["openssl", "x509", "-in", ca.path("root"), "-noout", "-subject", "-nameopt",
                               "sep_multiline,utf8"], capture_output=True, text=True, timeout=LIMIT, check=True)
        issuer = done.stdout.split("CN=")[1].strip()
        ca.order("http-01", "", issuer)
        with open(ca.path("chain"), "rb") as f:
            check(issuer.encode() in f.read(), "not by", issuer)


@test(reject=30)
def nonces_that_are_refused_are_tried_again(ca):
    ca.run("account", ca.path("a"))
    check("valid" in ca.order("http-01"), "no certificate")


@test(host=True)
def the_host_role_answers_http_01_where_no_policy_is_served(ca):
    """RFC 8555 8.3, by challenge_listen; also for a name that has no policy yet."""
    ca.run("account", ca.path("a"))
    for name in "mta-sts.example.test", "mta-sts.new.example.test":
        check("valid" in ca.order("http-01", name=name), name)
    ca.host.stop()
    check(re.search(r" challenges=[1-9]\d* ", ca.host.logged()), ca.host.logged())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lab")
    parser.add_argument("--host", required=True)
    parser.add_argument("--pebble", default="pebble")
    parser.add_argument("--challtestsrv", default="pebble-challtestsrv")
    args = parser.parse_args()
    if not shutil.which(args.pebble) or not shutil.which(args.challtestsrv):
        print("1..0 # SKIP pebble is not installed")
        return
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        make_certificate(top)
        for number, (function, options) in enumerate(TESTS, 1):
            verdict, ca = "ok", None
            try:
                ca = Pebble(args, top, **options)
                function(ca)
            except (AssertionError, OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as e:
                verdict, failed = "not ok", failed + 1
                print("# " + f"{type(e).__name__}: {e}".replace("\n", "\n# "))
            if ca:
                ca.stop()
            print(f"{verdict} {number} - {function.__name__.replace('_', ' ')}", flush=True)
        print(f"1..{len(TESTS)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
