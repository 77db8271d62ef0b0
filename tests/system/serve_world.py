#!/usr/bin/env python3
"""A machine with a store, a configuration and one `serve`, its clients, and the runner of the tests that need them.

    test_NAME.py SEALPOST SYSUSERS [TEST...]

Prints TAP. As root they run in a mount namespace of their own, with a passwd and a group file that have the users of
packaging/sealpost.sysusers and a few more: this machine's users stay as they are. Without root the tests
that need other users are skipped. Each wait is for a line of the log or for an answer.
"""

import glob
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from process_log import Failed, ProcessLog

LIMIT = float(os.environ.get("LIMIT", 30))  # seconds; sanitizers on a busy machine are slow
ROOT = os.geteuid() == 0
INSIDE = "SEALPOST_TEST_INSIDE"  # set within the namespace
HOST = "mta-sts.example.test"
PATH = "/.well-known/mta-sts.txt"
# Who must not read a key: users of roles that read strangers' mail, in the group of the store; and everybody else.
OTHERS = ["sealpost-collector", "sealpost-resolver", "sealpost-reporter", "sealpost-web", "nobody", "stranger"]
ORDINARY = 64999
CLIENTS = 8  # of a Crowd
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()


class Skipped(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(map(str, what)))


def run(*args, **more):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT,
                          stdin=subprocess.DEVNULL, check=False, **more)


def until(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while not (result := condition()):
        check(time.monotonic() < end, what)
        time.sleep(0.02)
    return result


# ---- users ----

def users_of(sysusers):
    """The lines that a sysusers.d(5) file adds to passwd and group, with the other users of the test."""
    passwd, groups, number = [], {}, 64100
    with open(sysusers, encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    rows += [["u", name] for name in OTHERS if name != "nobody"]
    rows += [["m", name, "sealpost"] for name in OTHERS if name.startswith("sealpost-")]
    rows += [["u", "ordinary"]]
    for kind, name, *_ in rows:
        if kind in "gu" and name not in groups:
            number += 1
            groups[name] = (ORDINARY if name == "ordinary" else number, [])
    for kind, name, *rest in rows:
        if kind == "u":
            passwd.append(f"{name}:x:{groups[name][0]}:{groups[name][0]}::/nonexistent:/usr/sbin/nologin\n")
        elif kind == "m":
            groups[rest[0]][1].append(name)
    return passwd, [f"{name}:x:{gid}:{','.join(members)}\n" for name, (gid, members) in groups.items()]


def private_users(folder, sysusers):
    """Puts them before this machine's, for this mount namespace only."""
    for name, added in zip(("passwd", "group"), users_of(sysusers)):
        mine = os.path.join(folder, name)
        with open(os.path.join("/etc", name), encoding="utf-8") as f:
            kept = [line for line in f if not line.startswith(("sealpost", "ordinary:", "stranger:"))]
        with open(mine, "w", encoding="utf-8") as f:
            f.writelines(kept + added)
        os.chmod(mine, 0o644)
        done = run("mount", "--bind", mine, os.path.join("/etc", name))
        check(done.returncode == 0, done.stderr)


def user_id(name):
    return int(run("id", "-u", name).stdout)


# ---- one machine ----

def make_ca(folder):
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    done = run("openssl", "req", "-x509", *new, "-days", "9", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out",
               "ca.pem", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)
    check(done.returncode == 0, done.stderr)


def make_certificate(folder, name, host):
    """NAME.pem and NAME.key for the host, of the CA."""
    with open(f"{folder}/{name}.ext", "w", encoding="ascii") as f:
        f.write(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
    for args in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
                  "-keyout", f"{name}.key", "-out", f"{name}.csr"],
                 ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                  "-days", "9", "-extfile", f"{name}.ext", "-out", f"{name}.pem"]):
        done = run("openssl", *args, cwd=folder)
        check(done.returncode == 0, done.stderr)


class Machine(ProcessLog):
    """A configuration, a store, and at most one `serve`."""

    def __init__(self, sealpost, keys):
        self.keys, self.user, self.size = keys, None, None
        self.folder = tempfile.mkdtemp(prefix="sealpost-e2e-")
        os.chmod(self.folder, 0o755)
        self.store = os.path.join(self.folder, "store")
        self.conf = os.path.join(self.folder, "sealpost.conf")
        self.sealpost = sealpost
        super().__init__(LIMIT)
        self.configure()

    def configure(self, listen="127.0.0.1:0, [::1]:0", more="", stop_timeout="10s", workers=2, admin="127.0.0.1:0"):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[store]\npath = {self.store}\n[serve]\nstop_timeout = {stop_timeout}\n"
                    f"[admin]\nlisten = {admin}\n[host]\nlisten = {listen}\nworkers = {workers}\n{more}")

    def as_user(self, number):
        return {} if number is None else {"user": number, "group": number, "extra_groups": []}

    def environment(self):
        drop = ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM", "SEALPOST_CONFIG", "LANG")
        return {k: v for k, v in os.environ.items() if k not in drop}

    def tell(self, *args, status=0, user=None):
        done = run(self.sealpost, *args, "--config", self.conf, env=self.environment(), cwd="/",
                   **self.as_user(user if user is not None else self.user))
        check(done.returncode == status, args, "ended with", done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def set_up(self):
        self.tell("setup", "example.test", "--mx", "mx1.example.test", "--address", "127.0.0.1", "--allow-private",
                  "--rua", "mailto:reports@example.test")
        self.import_certificate("first")

    def import_certificate(self, name):
        self.tell("cert", "import", "--chain", f"{self.keys}/{name}.pem", "--key", f"{self.keys}/{name}.key")

    def start(self, *before):
        """`before` is a command that runs the one behind it, such as prlimit(1)."""
        self.watch(subprocess.Popen([*before, self.sealpost, "serve", "--config", self.conf], stdin=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True, env=self.environment(), cwd="/",
                                    **self.as_user(self.user)))

    def serve(self):
        """Serves; self.v4 and self.v6 are then the ports."""
        self.start()
        self.wait(r"event=serve\.ready")
        self.v4 = int(self.wait(r"event=serve\.listening role=host address=127\.0\.0\.1:(\d+)")[0][1])
        self.v6 = int(self.wait(r"event=serve\.listening role=host address=\S*::1\]:(\d+)")[0][1])
        self.admin = int(self.wait(r"event=serve\.listening role=admin address=127\.0\.0\.1:(\d+)")[0][1])

    def host_pid(self):
        with self.changed:
            started = [m for line in self.lines if (m := re.search(r"serve\.role_started role=host pid=(\d+)", line))]
        return int(started[-1][1])

    def logged(self):
        """The number of lines until now."""
        with self.changed:
            return len(self.lines)

    def signal(self, number):
        at = self.logged()
        self.process.send_signal(number)
        return at

    def stop(self):
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join(LIMIT)
        self.process.stderr.close()
        self.process = None
        return status

    def close(self):
        self.stop()
        while self.size and os.path.ismount(self.store):
            run("umount", self.store)
            self.size = None
        shutil.rmtree(self.folder)

    # ---- as a client ----

    def curl(self, *args, host=HOST, path=PATH, v6=False):
        port, address = (self.v6, "[::1]") if v6 else (self.v4, "127.0.0.1")
        return run("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--cacert",
                   f"{self.keys}/ca.pem", "--resolve", f"{host}:{port}:{address}", *args,
                   f"https://{host}:{port}{path}")

    def policy(self, **how):
        done = self.curl("--fail", **how)
        return done.stdout if done.returncode == 0 else f"curl: {done.returncode}"

    def ask_admin(self, path):
        """Status, body and type of what the admin role answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=LIMIT) as r:
                return r.status, r.read().decode(), r.headers["Content-Type"]
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(), refusal.headers["Content-Type"]

    def metric(self, sample):
        """The value of a sample, named with its labels; None when there is none."""
        found = re.search("^" + re.escape(sample) + r" (\S+)$", self.ask_admin("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else None

    def certificate(self):
        """The serial number of what is shown."""
        context = ssl.create_default_context(cafile=f"{self.keys}/ca.pem")
        with socket.create_connection(("127.0.0.1", self.v4), LIMIT) as plain:
            with context.wrap_socket(plain, server_hostname=HOST) as s:
                return s.getpeercert()["serialNumber"]

    def within_a_second(self, condition, what):
        """Of the command's end; LIMIT is for slow machines with sanitizers, the rule is printed when broken."""
        begin = time.monotonic()
        until(condition, what)
        took = time.monotonic() - begin
        check(took < (1.0 if os.environ.get("STRICT_TIME") else 5.0), what, "took", took)


# ---- clients all through ----

class Crowd:
    """CLIENTS at once, each on one connection after the other, until the end of the block. Of m it needs keys and v4."""

    def __init__(self, m):
        self.m, self.stop = m, threading.Event()
        self.context = ssl.create_default_context(cafile=f"{m.keys}/ca.pem")
        self.changed = threading.Condition()
        self.begun = [0.0] * CLIENTS  # when the last fetch that has ended had begun
        self.fetched, self.faults = 0, []
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, i):
        while not self.stop.is_set():
            begun, fault = time.monotonic(), None
            try:
                with open_tls(self.m, self.context) as s:
                    s.sendall(REQUEST)
                    check_answer(s)
            except (OSError, ValueError, AssertionError) as e:
                fault = f"{type(e).__name__}: {e}"
            with self.changed:
                self.begun[i] = begun
                if fault:
                    self.faults.append((begun, fault))
                self.fetched += not fault
                self.changed.notify_all()
            if fault:
                self.stop.wait(0.05)

    def pass_by(self):
        """Until each has ended a fetch that it began after now."""
        now = time.monotonic()
        with self.changed:
            check(self.changed.wait_for(lambda: min(self.begun) > now, LIMIT), "a client waits in vain;", self.faults)

    def check(self, killed=()):
        """No fault but of those that were there when a process was killed."""
        with self.changed:
            faults = self.faults[:]
        check(len(faults) <= CLIENTS * len(killed), faults)
        for begun, fault in faults:
            check(any(begun <= at for at in killed) and "Refused" not in fault, fault, "after the process had gone")


def open_tls(m, context=None):
    plain = socket.create_connection(("127.0.0.1", m.v4), LIMIT)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return (context or ssl.create_default_context(cafile=f"{m.keys}/ca.pem")).wrap_socket(plain, server_hostname=HOST)
    except BaseException:
        plain.close()
        raise


def check_answer(s):
    got = b""
    while piece := s.recv(65536):
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    if not head.startswith(b"HTTP/1.1 200 ") or not length or len(body) != int(length[1]):
        raise ValueError(f"answered with {got!r}")


class Slow:
    """A client in the middle of its request."""

    def __init__(self, m):
        self.s = open_tls(m)
        self.s.sendall(REQUEST[:20])

    def finish(self):
        with self.s:
            self.s.sendall(REQUEST[20:])
            check_answer(self.s)


# ---- what a test needs ----

def as_root(m):
    if not ROOT:
        raise Skipped("needs root")
    if INSIDE not in os.environ:
        raise Skipped("needs a mount namespace, which this machine does not give")


def every_user(m):
    """As root where that is possible, else as who we are."""
    if ROOT:
        m.user = ORDINARY
        os.makedirs(m.store, exist_ok=True)
        os.chown(m.store, ORDINARY, ORDINARY)


# ---- the runner ----

def tests_of(module, only):
    """Its functions of one argument m, in their order."""
    return [f for name, f in list(module.items())
            if getattr(f, "__module__", None) == "__main__" and getattr(f, "__code__", None)
            and f.__code__.co_varnames[:1] == ("m",) and f.__code__.co_argcount == 1 and (not only or name in only)]


def run_test(number, test, sealpost, keys):
    name = test.__name__.replace("_", " ")
    m = Machine(sealpost, keys)
    try:
        if INSIDE not in os.environ:
            every_user(m)  # no users of the package here, so the roles of root could not have them
        test(m)
        print(f"ok {number} - {name}", flush=True)
        return True
    except Skipped as why:
        print(f"ok {number} - {name} # SKIP {why}", flush=True)
        return True
    except (Failed, OSError, ValueError, IndexError, subprocess.SubprocessError, sqlite3.Error) as fault:
        print(f"not ok {number} - {name}", flush=True)
        for line in (str(fault) + "\n" + "\n".join(m.lines)).split("\n"):
            print(f"# {line}", flush=True)
        return False
    finally:
        m.close()


def main(module):
    """Runs the tests of a module, given as its globals()."""
    sealpost, sysusers, *only = sys.argv[1:]
    if ROOT and INSIDE not in os.environ:
        inside = ["unshare", "--mount", "--propagation", "private"]
        if run(*inside, "true").returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", [*inside, sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory(prefix="sealpost-e2e-keys-") as keys:
        os.chmod(keys, 0o755)
        if INSIDE in os.environ:
            private_users(keys, sysusers)
        make_ca(keys)
        for name, host in ("first", HOST), ("second", HOST), ("more", "mta-sts.more.test"):
            make_certificate(keys, name, host)
        for key in glob.glob(keys + "/*.key"):
            os.chmod(key, 0o644)
        reachable = shutil.copy2(sealpost, os.path.join(keys, "sealpost"))  # by every user
        os.chmod(reachable, 0o755)
        chosen = tests_of(module, only)
        print(f"1..{len(chosen)}", flush=True)
        passed = [run_test(number, test, reachable, keys) for number, test in enumerate(chosen, 1)]
        if INSIDE in os.environ:
            run("umount", "/etc/passwd"), run("umount", "/etc/group")
    sys.exit(0 if all(passed) else 1)
