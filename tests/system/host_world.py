#!/usr/bin/env python3
"""One running host role, what its clients send, and the runner of the tests in test_host*.py.

The role runs by tests/system/host_lab.c on a store and a certificate made here.
"""

import argparse
import contextlib
import functools
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

NAME = "mta-sts.example.test"
PATH = "/.well-known/mta-sts.txt"
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 86400\r\n"
LIMIT = 30  # seconds until a client here gives up on anything
TESTS = []
ALONE = "SEALPOST_TEST_ALONE"  # in the environment: this is a network namespace for the tests that are named


def test(function):
    TESTS.append(function)
    return function


class Skip(Exception):
    """Why a test cannot run here."""


def alone(function):
    """Runs the test in a network namespace of its own, where nobody else is counted."""
    @functools.wraps(function)
    def run_alone(host):
        if ALONE in os.environ:
            function(host)
            return
        unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if run(*unshare, "true").returncode:
            raise Skip("unshare --net is not permitted")
        done = run(*unshare, "sh", "-ec", 'ip link set lo up; exec "$@"', "sh", sys.executable, sys.argv[0], "--lab",
                   host.lab, function.__name__, env=os.environ | {ALONE: "1"})
        check(done.returncode == 0, done.stdout.decode(), done.stderr.decode())
    return run_alone


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def run(*args, **more):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, **more)


class Host:
    """One running role with a folder of its own."""

    def __init__(self, lab, keys, folder, settings="", descriptors=None):
        self.lab, self.keys, self.folder = lab, keys, folder
        self.store = os.path.join(folder, "store")
        self.policy("example.test", "enforce", "mx.example.test")
        self.policy("other.test", "testing", "mx.other.test")
        self.policy("xn--bcher-kva.wild.test", "none", "mx.wild.test")
        self.policy("nocert.test", "none", "mx.nocert.test")
        self.do("certificate", self.store, keys + "/c.der", keys + "/k.der", NAME, "mta-sts.other.test",
                "*.wild.test")
        config = os.path.join(folder, "conf")
        with open(config, "w", encoding="ascii") as f:
            workers = "" if "workers" in settings else "workers = 2\n"
            f.write(f"[store]\npath = {self.store}\n[host]\n{workers}{settings}")
        self.log = open(os.path.join(folder, "log"), "wb+")
        limit = None
        if descriptors:
            def limit():
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self.process = subprocess.Popen([lab, "serve", config, "127.0.0.1:0", "[::1]:0", "http://127.0.0.1:0",
                                         "challenge://127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=self.log, preexec_fn=limit)
        self.port, self.port6, self.port_http, self.port_challenge = (
            int(self.process.stdout.readline().split()[1]) for _ in range(4))
        self.wait_log("host.started")

    def do(self, *args):
        done = run(self.lab, *args)
        check(done.returncode == 0, args, done.stderr)

    def policy(self, domain, mode, mx):
        self.do("policy", self.store, domain, mode, mx)

    def logged(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def wait_log(self, event, count=1):
        end = time.monotonic() + LIMIT
        while self.logged().count("event=" + event) < count:
            check(time.monotonic() < end and self.process.poll() is None, "no", event, self.logged())
            time.sleep(0.01)

    def plain(self, port=None):
        s = socket.create_connection(("127.0.0.1", port or self.port), LIMIT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def tls(self, name=NAME, alpn=None):
        context = ssl.create_default_context(cafile=self.keys + "/c.pem")
        context.check_hostname = name is not None
        if alpn:
            context.set_alpn_protocols(alpn)
        return context.wrap_socket(self.plain(), server_hostname=name)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(LIMIT)
        self.process.stdout.close()
        self.log.close()
        return status


def rest_of(s):
    """Everything until the end of the connection."""
    got = b""
    with contextlib.suppress(ssl.SSLZeroReturnError, ssl.SSLEOFError):
        while piece := s.recv(65536):
            got += piece
    return got


def response(s, head=False):
    """One response by its Content-Length: (status, fields, body)."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = s.recv(1)
        check(piece, "the connection ended within", got)
        got += piece
    lines = got[:-4].decode("ascii").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    body = b""
    while not head and len(body) < int(fields["content-length"]):
        piece = s.recv(int(fields["content-length"]) - len(body))
        check(piece, "the body ended within", body)
        body += piece
    return int(lines[0].split()[1]), fields, body


def request(method=b"GET", path=PATH.encode(), host=NAME.encode(), more=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + more + b"\r\n"


def ask(host, sent, name=NAME, head=False):
    """Sends bytes on a connection of its own; gives the first response and whether the end followed."""
    with host.tls(name) as s:
        s.sendall(sent)
        got = response(s, head)
        return *got, got[1].get("connection") == "close" and rest_of(s) == b""


def make_keys(folder):
    """c and k for the usual names; c2 and k2 to tell apart from them."""
    more = f"subjectAltName=DNS:{NAME},DNS:mta-sts.other.test,DNS:*.wild.test"
    for n in "", "2":
        for args in (["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                      f"k{n}.pem", "-subj", "/CN=test", "-days", "3", "-addext", more, "-out", f"c{n}.pem"],
                     ["x509", "-in", f"c{n}.pem", "-outform", "DER", "-out", f"c{n}.der"],
                     ["pkcs8", "-topk8", "-nocrypt", "-in", f"k{n}.pem", "-outform", "DER", "-out", f"k{n}.der"]):
            done = run("openssl", *args, cwd=folder)
            check(done.returncode == 0, done.stderr)


def options_of(function):
    names = function.__code__.co_varnames[1:function.__code__.co_argcount]
    return dict(zip(names, function.__defaults__ or ()))


def main():
    """Runs the tests of the program that called, and prints TAP: PROGRAM --lab LAB [TEST...]."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lab", required=True)
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        make_keys(top)
        shared = None
        chosen = [t for t in TESTS if not args.tests or t.__name__ in args.tests]
        for number, function in enumerate(chosen, 1):
            options, host, verdict, skipped = options_of(function), None, "ok", ""
            try:
                folder = tempfile.mkdtemp(dir=top)
                if function.__defaults__:
                    host = Host(args.lab, top, folder, **options)
                else:
                    shared = host = shared or Host(args.lab, top, folder)
                function(host)
                if function.__defaults__:
                    status = host.stop()
                    check(status == 0, "exit status", status, host.logged())
            except Skip as e:
                skipped = f" # SKIP {e}"
            except (AssertionError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as e:
                verdict, failed = "not ok", failed + 1
                told = f"{type(e).__name__}: {e}\n{host.logged() if host and host is not shared else ''}"
                print("# " + told.rstrip().replace("\n", "\n# "))
            if host and host is not shared and host.process.poll() is None:
                host.stop(signal.SIGKILL)
            print(f"{verdict} {number} - {function.__name__.replace('_', ' ')}{skipped}", flush=True)
        if shared:
            status = shared.stop()
            log = open(shared.log.name, encoding="utf-8").read()
            fine = status == 0 and "Sanitizer" not in log and "runtime error" not in log
            failed += not fine
            print(f"{'ok' if fine else 'not ok'} {len(chosen) + 1} - the shared host ends cleanly")
            if not fine:
                print("# " + log.replace("\n", "\n# "))
        print(f"1..{len(chosen) + bool(shared)}")
    sys.exit(1 if failed else 0)

