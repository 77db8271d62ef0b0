"""What a test of certificates by ACME starts in the lab: Pebble as it wants it, and nodes with `sealpost serve`."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from acme import Pebble
from dns import RESOLVER
from lab import child_or_none
from network import pair, quoted
from own import AS_NOBODY, LOW_PORTS, NOBODY
from test_lab import Failed, check

LIMIT = float(os.environ.get("LIMIT", 90))  # seconds; only a failure reaches it, sanitizers on a busy machine are slow
POLICY = "version: STSv1\r\nmode: testing\r\nmx: mx.{domain}\r\nmax_age: 86400\r\n"
HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/.well-known/mta-sts.txt"


def until(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while not (result := condition()):
        check(time.monotonic() < end, "waited in vain:", what() if callable(what) else what)
        time.sleep(0.1)
    return result


class Process:
    """A process in the lab, and what it prints."""

    def __init__(self, command, environment=None, stream="stderr"):
        self.lines, self.changed = [], threading.Condition()
        self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True, errors="replace", env=environment,
                                      cwd="/", **{"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT,
                                                  stream: subprocess.PIPE})
        self.reader = threading.Thread(target=self.read, args=(getattr(self.popen, stream),), daemon=True)
        self.reader.start()

    def read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def count(self):
        with self.changed:
            return len(self.lines)

    def matching(self, pattern, after=0):
        with self.changed:
            return [m for line in self.lines[after:] if (m := re.search(pattern, line))]

    def wait(self, pattern, after=0, limit=LIMIT):
        """The first line from number `after` on that matches; gives (match, number of the next line)."""
        end = time.monotonic() + limit
        with self.changed:
            while True:
                for i, line in enumerate(self.lines[after:], after):
                    if m := re.search(pattern, line):
                        return m, i + 1
                left = end - time.monotonic()
                if left <= 0 or (self.popen.poll() is not None and not self.reader.is_alive()):
                    raise Failed(f"no line with {pattern!r} in:\n" + "\n".join(self.lines[-40:]))
                self.changed.wait(min(left, 0.2))

    def pid(self):
        """Of the program itself; nsenter(1) is its parent."""
        return until(lambda: child_or_none(self.popen.pid), "the process")

    def end(self):
        status = self.popen.wait(LIMIT)
        self.reader.join(LIMIT)
        return status


class Names:
    """Addresses and texts that names of the zone test. get while the lab runs."""

    def __init__(self, lab):
        self.lab, self.lock = lab, threading.Lock()

    def put(self, name, *addresses, text=None):
        knotc = "knotc -c " + shlex.quote(os.path.join(self.lab.folder, "knot-top/knot.conf"))
        lines = [f"zone-set test. {name}. 300 {'AAAA' if ':' in a else 'A'} {a}" for a in addresses]
        if text:
            lines.append(f"zone-set test. {name}. 300 TXT " + shlex.quote(f'"{text}"'))
        script = " && ".join(f"{knotc} {line}" for line in ["zone-begin test.", *lines, "zone-commit test."])
        with self.lock:
            done = self.lab.run(["sh", "-c", script], "dns")
        check(done.returncode == 0, done.stdout, done.stderr)


class Ca:
    """A Pebble of one's own. A restarted one has forgotten everything, as Pebble does."""

    def __init__(self, lab, number):
        self.lab, self.port, self.process = lab, 14100 + 2 * number, None
        self.directory = f"https://{Pebble.NAME}:{self.port}/dir"
        self.file = os.path.join(lab.folder, f"pebble-{number}.json")
        self.root = os.path.join(lab.folder, f"pebble-{number}.root")
        with open(os.path.join(lab.folder, "pebble.json"), encoding="ascii") as f:
            self.settings = json.load(f)
        self.settings["pebble"].update(listenAddress=quoted(pair("web", 2)[0], self.port),
                                       managementListenAddress=quoted(pair("web", 2)[0], self.port + 1))

    def start(self, settings=None, **environment):
        self.settings["pebble"].update(settings or {})
        with open(self.file, "w", encoding="ascii") as f:
            json.dump(self.settings, f)
        given = {"PATH": os.environ["PATH"], "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "5",
                 "PEBBLE_AUTHZREUSE": "0", **environment}
        self.process = Process(self.lab.command(["pebble", "-config", self.file, "-strict", "-dnsserver",
                                                 quoted(RESOLVER[0], 53)], "web"), given, "stdout")
        self.process.wait("ACME directory available")
        until(self.ready, "Pebble")
        return self

    def ready(self):
        done = self.lab.run(["curl", "-sS", "--cacert", self.lab.state["ca_file"], self.directory], "mail")
        if done.returncode:
            return False
        with open(self.root, "w", encoding="ascii") as f:
            f.write(self.managed("/roots/0"))
        return True

    def managed(self, path):
        done = self.lab.run(["curl", "-sS", "--fail", "--cacert", self.lab.state["ca_file"],
                             f"https://{Pebble.NAME}:{self.port + 1}{path}"], "mail")
        check(done.returncode == 0, path, done.stderr)
        return done.stdout

    def stop(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid(), 9)
            self.process.end()
        self.process = None

    close = stop

    def orders(self):
        return len(self.process.matching(r"Added order"))

    def accounts(self):
        counts = self.process.matching(r"There are now (\d+) accounts in memory")
        return int(counts[-1][1]) if counts else 0


class Proxy:
    """Stands before a Pebble: a CA that fails when it is told to (ca_proxy.py)."""

    def __init__(self, lab, ca, port, address=None):
        self.lab, self.ca, self.directory = lab, ca, f"https://{Pebble.NAME}:{port}/dir"
        self.file = os.path.join(lab.folder, f"proxy-{port}-{ca.port}.json")
        self.fail()
        settings = ca.settings["pebble"]
        self.process = Process(lab.command([sys.executable, "-SB", os.path.join(HERE, "ca_proxy.py"),
                                            address or pair("web", 2)[0], str(port), settings["certificate"],
                                            f"{Pebble.NAME}:{ca.port}", lab.state["ca_file"], self.file], "web"),
                               {"PATH": os.environ["PATH"]}, "stdout")
        self.process.wait("ready")

    def fail(self, *rules):
        """From now on; nothing: it passes all on."""
        with open(self.file + ".new", "w", encoding="utf-8") as f:
            json.dump(rules, f)
        os.rename(self.file + ".new", self.file)

    def close(self):
        os.kill(self.process.pid(), 9)
        self.process.end()


class Node:
    """A machine with a store and at most one `serve`. Its policy hosts are at `addresses`, port 443."""

    def __init__(self, lab, names, program, number):
        self.lab, self.names, self.program, self.process = lab, names, program, None
        self.addresses, self.environment = pair("sender", 100 + number), {}
        self.folder = tempfile.mkdtemp(prefix="node-", dir=lab.folder)
        self.store, self.conf = os.path.join(self.folder, "store"), os.path.join(self.folder, "sealpost.conf")
        os.chmod(self.folder, 0o755)
        os.mkdir(self.store)
        os.chown(self.store, NOBODY, NOBODY)
        for address in self.addresses:
            more = ["128", "dev", "eth0", "nodad"] if ":" in address else ["32", "dev", "eth0"]
            done = lab.run(["ip", "addr", "add", f"{address}/{more[0]}", *more[1:]], "sender")
            check(done.returncode == 0, done.stderr)
        self.configure()

    def configure(self, acme="", dns="", stop_timeout="20s", roles="host, keeper"):
        listen = [quoted(a, 443) for a in self.addresses]
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[store]\npath = {self.store}\n[serve]\nroles = {roles}\nstop_timeout = {stop_timeout}\n"
                    f"[host]\nlisten = {', '.join(listen)}\nworkers = 1\n"
                    f"[dns]\ntrust_anchor = {self.lab.state['trust_anchor']}\n{dns}"
                    f"[acme]\nca_file = {self.lab.state['ca_file']}\n{acme}")

    # ---- commands ----

    def environ(self):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.environment}

    def begin(self, *args):
        return subprocess.Popen(self.lab.command([*AS_NOBODY, self.program, *args, "--config", self.conf]),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environ())

    def tell(self, *args, status=0):
        """What it prints to standard output; where another status than 0 is wanted, what it says."""
        process = self.begin(*args)
        output, said = process.communicate(timeout=LIMIT)
        check(process.returncode == status, args, "ended with", process.returncode, output, said)
        return output + said * (status != 0)

    def add_ca(self, ca, *more, name="own"):
        return self.tell("cert", "ca", "add", name, "--directory", ca.directory, "--agree-tos", *more)

    def authority(self, name="own"):
        return next(a for a in json.loads(self.tell("cert", "ca", "list", "--json"))["authorities"] if a["name"] == name)

    def add(self, domain):
        """A domain with a policy: all that a person does."""
        file = os.path.join(self.folder, domain + ".policy")
        with open(file, "w", encoding="ascii", newline="") as f:
            f.write(POLICY.format(domain=domain))
        self.tell("domain", "add", domain)
        self.tell("policy", "set", domain, file)

    def point(self, domain, *addresses):
        """Its mta-sts name leads here."""
        self.names.put("mta-sts." + domain, *(addresses or self.addresses))

    def listed(self):
        return json.loads(self.tell("cert", "list", "--json"))

    def missing(self, domain):
        return next((m for m in self.listed()["missing"] if m["host"] == "mta-sts." + domain), None)

    def missing_code(self, domain, code):
        """Waits until `cert list` gives that reason; gives the row."""
        return until(lambda: (m := self.missing(domain)) and m["code"] == code and m,
                     lambda: f"{code}, but {self.missing(domain)}")

    # ---- serving ----

    def serve(self, **environment):
        self.environment = environment
        self.process = Process(self.lab.command([*AS_NOBODY, *LOW_PORTS, self.program, "serve", "--config",
                                                 self.conf]), self.environ())
        self.process.wait(r"event=serve\.ready")
        return self

    def role_pid(self, role):
        """As processes within the lab see it."""
        return int(self.process.matching(rf"serve\.role_started role={role} pid=(\d+)")[-1][1])

    def kill(self, pid, signal="KILL"):
        return self.lab.run(["kill", f"-{signal}", str(pid)]).returncode == 0

    def supervisor_pid(self):
        return int(self.lab.run(["cat", os.path.join(self.store, "serve.lock")]).stdout)

    def kill_all(self):
        """As when the power fails: supervisor and roles at once."""
        pids = [self.supervisor_pid(), *(int(m[1]) for m in self.process.matching(r"role_started role=\S+ pid=(\d+)"))]
        for pid in pids:
            self.kill(pid)
        self.process.end()
        self.process = None

    def stop(self):
        """Ends it as systemd does; gives its lines."""
        process, self.process = self.process, None
        self.kill(self.supervisor_pid(), "TERM")
        status = process.end()
        check(status == 0, "serve ended with", status, "\n".join(process.lines[-40:]))
        check(not process.matching("Sanitizer|runtime error"), "\n".join(process.lines[-80:]))
        return process.lines

    def close(self):
        if self.process:
            self.stop()
        self.lab.run(["umount", self.store])  # where it is a file system of its own
        shutil.rmtree(self.folder, ignore_errors=True)

    def issued(self, domain, after=0):
        """Waits until the keeper has the certificate; gives the number of the next line."""
        return self.process.wait(rf"event=acme\.issued .*host=mta-sts\.{re.escape(domain)}\b", after)[1]

    # ---- as a client ----

    def curl(self, domain, root, six=False):
        host, address = "mta-sts." + domain, self.addresses[six]
        return self.lab.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", root,
                             "--resolve", f"{host}:443:{f'[{address}]' if six else address}", f"https://{host}{PATH}"], "mail")

    def serial(self, domain, ca):
        """Of the certificate that is shown, as Pebble writes it; empty: there is none that is good."""
        script = (f"openssl s_client -connect {self.addresses[0]}:443 -servername mta-sts.{domain} -CAfile {ca.root} "
                  "-verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -serial")
        done = self.lab.run(["sh", "-c", script], "mail")
        return done.stdout.strip().partition("=")[2].lower() if done.returncode == 0 else ""

    def serves(self, domain, ca):
        """Waits until the policy is served with a certificate that the CA gave."""
        def served():
            return all(f"mx: mx.{domain}" in self.curl(domain, ca.root, six).stdout for six in (False, True))
        until(served, lambda: f"{domain}: {self.curl(domain, ca.root).stderr}")
