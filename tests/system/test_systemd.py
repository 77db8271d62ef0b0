#!/usr/bin/env python3
"""sealpost as `meson install` leaves it, under a systemd that runs: the unit of each role, and the supervisor's.

    test_systemd.py BUILD

Prints TAP. The machine is this one's root below an overlay that is thrown away, booted by systemd-nspawn(1) without
this machine's services and with no network but its own loopback; nothing is downloaded, and nothing here changes. It needs root and
is skipped where that is not to be had. The tests follow one another on one machine.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from serve_world import Crowd, Failed, Skipped, check, make_ca, make_certificate, run, until

LIMIT = float(os.environ.get("LIMIT", 60))  # seconds, for systemd and sanitizers on a busy machine
INSIDE = "SEALPOST_TEST_INSIDE"  # set within the namespaces
ROLES = ("host", "keeper", "admin")
UNITS = [f"sealpost-{role}.service" for role in ROLES]
SOCKETS = ["sealpost-host.socket", "sealpost-admin.socket"]
READ = "import sys\ntry: open(sys.argv[1], 'rb').read(1); print('read')\nexcept OSError as e: print(e.strerror)\n"
SECRETS = "/var/lib/sealpost/secrets/secrets.db"
# Leaks are looked for by a system call that the units do not allow; other tests look for them.
SANITIZERS = "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n"


class Machine:
    """Overlay, systemd, and sealpost in them."""

    def __init__(self, folder):
        self.folder, self.layers = folder, os.path.join(folder, "layers")
        self.keys, self.tree, self.v4 = os.path.join(folder, "keys"), os.path.join(folder, "tree"), 443
        self.process, self.leader = None, None

    def begin(self, build):
        self.mount()
        self.try_out()
        self.fill(build)
        self.boot()

    def mount(self):
        layers = self.layers
        for path in layers, self.tree, self.keys:
            os.mkdir(path)
        must("mount", "-t", "tmpfs", "-o", "size=1g,mode=0755", "tmpfs", layers)
        for name in "upper", "work":
            os.mkdir(os.path.join(layers, name))
        done = run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={layers}/upper,workdir={layers}/work", "overlay",
                   self.tree)
        if done.returncode:
            raise Skipped(f"needs an overlay over the root of this machine: {done.stderr.strip()}")

    def nspawn(self, *more):
        return ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
                "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--machine=sealpost-test", "--console=pipe",
                "--capability=CAP_NET_ADMIN", "--directory", self.tree, *more]

    def try_out(self):
        """Whether containers can be had at all; whatever goes wrong in one after that is a fault."""
        done = run(*self.nspawn("/bin/true"))
        if done.returncode:
            raise Skipped(f"systemd-nspawn makes no container here: {done.stderr.strip()}")

    def write(self, path, text):
        whole = self.tree + path
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as f:
            f.write(text)

    def fill(self, build):
        shutil.rmtree(self.tree + "/etc/systemd/system")  # what is enabled on this machine
        for path in "/var/lib/sealpost", "/etc/sealpost", "/var/log/journal":
            shutil.rmtree(self.tree + path, ignore_errors=True)
        self.write("/etc/fstab", "")
        must("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", self.tree)
        for unit in "sealpost", "sealpost-":
            self.write(f"/etc/systemd/system/{unit}.service.d/sanitizers.conf", SANITIZERS)
        self.write("/etc/sealpost/sealpost.conf", "[host]\nworkers = 2\n")
        make_ca(self.keys)
        make_certificate(self.keys, "first", "mta-sts.example.test")
        shutil.copytree(self.keys, self.tree + "/root/keys")

    def boot(self):
        """Until systemd says that it is up."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(os.path.join(self.folder, "notify"))
            s.settimeout(LIMIT)
            with open(os.path.join(self.folder, "console"), "wb") as console:
                self.process = subprocess.Popen(
                    self.nspawn("--boot", "--notify-ready=yes", "systemd.unit=basic.target"),
                    stdin=subprocess.DEVNULL, stdout=console, stderr=console, env={**os.environ, "NOTIFY_SOCKET": s.getsockname()})
            told = ""
            try:
                while "READY=1" not in told.split("\n"):
                    told += s.recv(4096).decode() + "\n"
            except TimeoutError:
                with open(os.path.join(self.folder, "console"), encoding="utf-8", errors="replace") as console:
                    raise Failed("systemd does not come up: " + console.read()) from None
        self.leader = re.search(r"X_NSPAWN_LEADER_PID=(\d+)", told)[1]

    def close(self):
        if self.leader:
            os.kill(int(self.leader), signal.SIGKILL)  # the first process of the container takes all others along
        if self.process:
            self.process.kill()
            self.process.wait()
        run("umount", "--recursive", self.tree)
        run("umount", self.layers)

    # ---- as its administrator ----

    def tell(self, *command, status=(0,)):
        done = run("nsenter", "--target", self.leader, "--mount", "--uts", "--ipc", "--pid", "--root", "--wd", "env", "-i",
                   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *command)
        check(done.returncode in status, command, "ended with", done.returncode, done.stdout, done.stderr)
        return done.stdout

    def systemctl(self, *command):
        return self.tell("systemctl", "--quiet", *command)

    def show(self, unit, *names):
        lines = self.tell("systemctl", "show", unit, "-p", ",".join(names)).splitlines()
        found = dict(line.split("=", 1) for line in lines)
        return [found[name] for name in names]

    def pid(self, unit):
        return int(self.show(unit, "MainPID")[0])

    def journal(self, *which):
        """The entries of what belongs to sealpost: (priority, unit, text)."""
        entries = []
        for line in self.tell("journalctl", "--quiet", "--output=json", *which).splitlines():
            e = json.loads(line)
            unit = e.get("UNIT") or e.get("_SYSTEMD_UNIT", "")
            if unit.startswith("sealpost"):
                entries.append((int(e["PRIORITY"]), unit, str(e["MESSAGE"])))
        return entries

    def as_user(self, user, *command):
        return self.tell("setpriv", "--reuid", user, "--regid", user, "--init-groups", *command)

    def proc(self, unit, path):
        """A file of the unit's process, as the machine sees it."""
        return self.tell("cat", f"/proc/{self.pid(unit)}/{path}")

    def link(self, unit, path):
        return self.tell("readlink", f"/proc/{self.pid(unit)}/{path}")

    # ---- as a client ----

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:8461{path}", timeout=LIMIT) as answer:
            return answer.read().decode()

    def is_healthy(self):
        try:
            return self.ask("/healthz") == "ok\n"
        except urllib.error.HTTPError:
            return False


def must(*command):
    done = run(*command)
    check(done.returncode == 0, command, done.stdout, done.stderr)


# Said of what a test does: of a role that it kills or restarts, by systemd and by the role that looks at the others; and
# by systemd of a process that ends while it is looked at.
EXPECTED = re.compile(r"code=killed, status=9/KILL|Failed with result 'signal'|event=admin\.unhealthy .* does not run here"
                      r"|Failed to kill control group .*, ignoring: Input/output error")


def check_journal(machine, *which):
    """Nothing of level warning or above, no word of a sanitizer."""
    faults = [e for e in machine.journal(*which) if (e[0] <= 4 or re.search("level=(error|warn)|runtime error|Sanitizer", e[2]))
              and not EXPECTED.search(e[2])]
    check(not faults, "\n".join(map(str, faults)))


# ---- the units of the roles ----

def what_is_installed_is_set_up_as_the_manual_says(m):
    m.tell("systemd-sysusers")
    m.tell("systemd-tmpfiles", "--create", "sealpost.conf")
    m.systemctl("daemon-reload")
    m.tell("sealpost", "setup", "example.test", "--mx", "mx1.example.test", "--address", "127.0.0.1", "--allow-private",
           "--rua", "mailto:reports@example.test")
    m.tell("sealpost", "cert", "import", "--chain", "/root/keys/first.pem", "--key", "/root/keys/first.key")


def each_role_is_started_and_says_that_it_serves(m):
    m.systemctl("enable", "--now", "sealpost-host.socket", "sealpost-host", "sealpost-keeper", "sealpost-admin")
    for unit in UNITS:
        state = m.show(unit, "ActiveState", "SubState", "Type", "Result", "NRestarts")
        check(state == ["active", "running", "notify", "success", "0"], unit, state)
    with Crowd(m) as crowd:
        crowd.pass_by()
        crowd.check()
    until(m.is_healthy, "healthz")
    check('sealpost_host_responses_total{status="200"}' in m.ask("/metrics"), "the counts of another unit")


def each_role_has_its_user_and_no_privilege(m):
    for role in ROLES:
        unit = f"sealpost-{role}.service"
        status = m.proc(unit, "status")
        user = m.tell("id", "--user", f"sealpost-{role}").strip()
        check(re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.MULTILINE), unit, status)
        for line in r"CapPrm:\t0+", r"CapBnd:\t0+", r"NoNewPrivs:\t1", r"Seccomp:\t2":
            check(re.search(rf"^{line}$", status, re.MULTILINE), unit, line, status)
        for kind in "mnt", "ipc", "user", *(["net"] if role != "keeper" else []):
            check(m.link(unit, f"ns/{kind}") != m.tell("readlink", f"/proc/1/ns/{kind}"), unit, "shares", kind)


def keys_are_for_host_and_keeper_alone(m):
    for user, word in ("sealpost-host", "read"), ("sealpost-keeper", "read"), ("sealpost-admin", "Permission denied"), (
            "daemon", "Permission denied"):
        check(m.as_user(user, "python3", "-c", READ, SECRETS) == word + "\n", user)
    # What a process of the unit sees, with the groups that the unit gives it.
    for role, allowed in ("host", True), ("keeper", True), ("admin", False):
        groups = re.search(r"^Groups:\t(.*)$", m.proc(f"sealpost-{role}.service", "status"), re.MULTILINE)[1].split()
        secrets = m.tell("stat", "--format=%g", SECRETS).strip()
        check((secrets in groups) == allowed, role, groups, secrets)


def restarts_of_a_role_disturb_nobody(m):
    with Crowd(m) as crowd:
        for how in ("restart",), ("reload",), ("restart",), ("kill", "--kill-who=main", "--signal=TERM"):
            crowd.pass_by()
            before = m.pid("sealpost-host.service")
            m.systemctl(how[0], *how[1:], "sealpost-host.service")
            changed = how[0] != "reload"
            until(lambda: m.show("sealpost-host.service", "SubState") == ["running"] and
                  (m.pid("sealpost-host.service") != before) == changed, how, LIMIT)
        crowd.pass_by()
        crowd.check()
    m.systemctl("restart", *UNITS)
    until(m.is_healthy, "healthz")


def a_role_that_is_killed_comes_back(m):
    for unit in UNITS:
        before = m.pid(unit)
        m.systemctl("kill", "--kill-who=main", "--signal=KILL", unit)
        until(lambda: m.pid(unit) not in (0, before) and m.show(unit, "SubState") == ["running"], unit, LIMIT)
    with Crowd(m) as crowd:
        crowd.pass_by()
        crowd.check()


def the_journal_has_no_fault_so_far(m):
    check_journal(m)


def a_role_that_hangs_is_started_again(m):
    for unit in UNITS:
        m.tell("mkdir", f"/run/systemd/system/{unit}.d")
        m.tell("sh", "-c", 'printf "[Service]\\nWatchdogSec=3\\n" >"$0"', f"/run/systemd/system/{unit}.d/watchdog.conf")
    m.systemctl("daemon-reload")
    m.systemctl("restart", *UNITS)
    for unit in UNITS:
        before = m.pid(unit)
        m.systemctl("kill", "--kill-who=main", "--signal=STOP", unit)
        until(lambda: m.pid(unit) not in (0, before) and m.show(unit, "SubState") == ["running"], unit, LIMIT)
        check(any("Watchdog timeout" in text for _, who, text in m.journal() if who == unit), unit, "another reason")


# ---- the supervisor's unit ----

def the_supervisor_takes_the_place_of_the_units(m):
    m.systemctl("start", "sealpost.service")
    for unit in *UNITS, *SOCKETS:
        check(m.show(unit, "ActiveState") == ["inactive"], unit)
    check(m.show("sealpost.service", "ActiveState", "SubState", "Type") == ["active", "running", "notify"], "sealpost.service")
    with Crowd(m) as crowd:
        crowd.pass_by()
        crowd.check()
    users = sorted(m.tell("ps", "-o", "user:32=", "--ppid", str(m.pid("sealpost.service"))).split())
    check(users == sorted(f"sealpost-{role}" for role in ROLES), users)
    until(m.is_healthy, "healthz")


def a_new_version_takes_over_and_disturbs_nobody(m):
    """No socket unit: the sockets are what the supervisor left with systemd."""
    program = m.tell("sh", "-c", "command -v sealpost").strip()
    with Crowd(m) as crowd:
        for _ in range(2):
            crowd.pass_by()
            before = m.pid("sealpost.service")
            m.tell("cp", program, program + ".new")
            m.tell("mv", program + ".new", program)
            check("(deleted)" in m.link("sealpost.service", "exe"), "it is the same version")
            m.systemctl("restart", "sealpost.service")
            check(m.pid("sealpost.service") != before and "(deleted)" not in m.link("sealpost.service", "exe"), "the old one runs")
            crowd.pass_by()
            m.systemctl("reload", "sealpost.service")
        crowd.pass_by()
        crowd.check()
    until(m.is_healthy, "healthz")


def with_its_socket_unit_clients_wait_while_it_is_stopped(m):
    m.systemctl("stop", "sealpost.service")
    m.systemctl("enable", "--now", "sealpost.socket")
    m.systemctl("start", "sealpost.service")
    with Crowd(m) as crowd:
        crowd.pass_by()
        m.systemctl("stop", "sealpost.service")
        m.systemctl("start", "sealpost.service")
        crowd.pass_by()
        crowd.check()


def the_supervisors_journal_has_no_fault(m):
    check_journal(m, "--unit=sealpost.service")


TESTS = [f for f in list(globals().values()) if getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("m",)
         and f.__code__.co_argcount == 1]


def why_not():
    """Why it cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.isdir("/sys/fs/cgroup") or not os.listdir("/sys/fs/cgroup"):
        return "needs the kernel's control groups in /sys/fs/cgroup"
    for program in "systemd-nspawn", "meson", "nsenter":
        if not shutil.which(program):
            return f"{program} is not installed"
    if not os.path.exists("/lib/systemd/systemd"):
        return "systemd is not installed"
    return None


def main():
    build = os.path.abspath(sys.argv[1])
    why = why_not()
    if not why and INSIDE not in os.environ:
        # Of the processes none is left when this one ends, however that comes: nspawn leaves what it booted.
        inside = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
        if run(*inside, "ip", "link", "set", "lo", "up").returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", [*inside, "sh", "-ec", 'ip link set lo up; exec "$@"', "sh", sys.executable, *sys.argv])
        why = "needs namespaces, which this machine does not give"
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="sealpost-systemd-") as folder:
        return run_tests(folder, build)


def run_tests(folder, build):
    failed, m = 0, Machine(folder)
    try:
        try:
            m.begin(build)
        except Skipped as why:
            print(f"1..0 # SKIP {why}")
            return 0
        print(f"1..{len(TESTS)}", flush=True)
        for number, test in enumerate(TESTS, 1):
            try:
                test(m)
                print(f"ok {number} - {test.__name__.replace('_', ' ')}", flush=True)
            except (Failed, OSError, ValueError, subprocess.SubprocessError) as fault:
                failed += 1
                print(f"not ok {number} - {test.__name__.replace('_', ' ')}", flush=True)
                told = f"{type(fault).__name__}: {fault}\n" + "\n".join(f"{u}: {t}" for _, u, t in m.journal()[-60:])
                print("# " + told.replace("\n", "\n# "), flush=True)
    finally:
        m.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
