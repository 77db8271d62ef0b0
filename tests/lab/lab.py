#!/usr/bin/env python3
"""The lab: a small internet in namespaces of this machine. README.md says what is in it.

    lab.py up [--scenarios FOLDER|none] [--with pebble,dovecot]
                                          starts the lab of this checkout and says how to use it; it stays until down
    lab.py run [ROLE] -- COMMAND...       runs a command in it (ROLE: sender, blocked, ipv4, dns, web, mail)
    lab.py shell                          a shell in the sender's namespace; starts the lab when it is not up
    lab.py status                         what is up, as JSON
    lab.py down                           ends it

Needs root. Tests use the class Lab.
"""

import argparse
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
SCENARIOS = os.path.join(HERE, "scenarios")
PREFIX = "sealpost-lab-"
PLACE = "/tmp"  # short, because sockets are in it, and open to the servers' users
PROGRAMS = ["ip", "nft", "nsenter", "unshare", "knotd", "keymgr", "unbound", "nginx", "postconf", "openssl"]
NAMESPACES = ["--pid", "--mount", "--mount-proc", "--net", "--uts"]


class LabError(Exception):
    pass


def why_not():
    """Why there can be no lab on this machine; None where there can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [p for p in PROGRAMS if not shutil.which(p, path=path)]
    if missing:
        return f"the lab needs the programs {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--fork", *NAMESPACES, "true"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return f"no namespaces here: {tried.stdout.strip()}" if tried.returncode else None


def begun(pid):
    """When a process began, which tells it from a later one of the same number; None when it does not live."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[19]
    except OSError:
        return None


def child_of(pid):
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as f:
                    if f.read().rpartition(")")[2].split()[1] == str(pid):
                        return int(entry)
            except OSError:
                pass
    raise LabError("the lab's first process is gone")


class Lab:
    """A lab of one's own: `with Lab() as lab: lab.run(["curl", ...])`. It ends with the block, or with this process."""

    def __init__(self, scenarios=SCENARIOS, folder=None, needs=()):
        self.scenarios, self.folder, self.needs, self.state, self.process = scenarios, folder, needs, None, None

    def __enter__(self):
        return self.start(attached=True)

    def __exit__(self, *_):
        self.stop()

    def start(self, attached):
        remove_stale()
        self.folder = self.folder or tempfile.mkdtemp(prefix=PREFIX, dir=PLACE)
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.write("starter", {"pid": os.getpid(), "begun": begun(os.getpid())})
        with open(os.path.join(self.folder, "machine.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["unshare", "--fork", "--kill-child", *NAMESPACES, sys.executable, "-SB",
                 os.path.join(HERE, "machine.py"), self.folder, self.scenarios, *self.needs] + ["attached"] * attached,
                stdin=subprocess.PIPE if attached else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True, text=True, cwd="/")
        first = json.loads(self.process.stdout.readline() or '{"failed": "it ended at once"}')
        if "failed" in first:
            log = os.path.join(self.folder, "machine.log")
            with open(log, encoding="utf-8") as f:
                why = f"{first['failed']}\n{f.read()}"
            self.stop()
            raise LabError(why)
        pid = child_of(self.process.pid)
        self.state = {**first, "pid": pid, "begun": begun(pid)}
        self.write("state", self.state)
        return self

    def write(self, name, value):
        with open(os.path.join(self.folder, name + ".json"), "w", encoding="utf-8") as f:
            json.dump(value, f, indent=1)

    def stop(self):
        """Ends the first process; the kernel does the rest."""
        pid = (self.state or {}).get("pid") or (self.process and child_or_none(self.process.pid))
        if pid and (not self.state or begun(pid) == self.state["begun"]):
            handle = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            select_exit(handle)
        if self.process:
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream:
                    stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, command, role="sender", folder="/"):
        """The command line that runs a command within the lab."""
        return ["nsenter", f"--target={self.state['pid']}", "--mount", "--pid", "--net", "--uts", f"--wd={folder}",
                "--", "nsenter", f"--net=/run/netns/{role}", "--", *command]

    def run(self, command, role="sender", timeout=60, **more):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True,
                   **more}
        if "input" in options:
            del options["stdin"]
        return subprocess.run(self.command(command, role), check=False, timeout=timeout, **options)


def select_exit(handle):
    select.select([handle], [], [], 10)
    os.close(handle)


def child_or_none(pid):
    try:
        return child_of(pid)
    except LabError:
        return None


def load(folder):
    """The running lab of that folder, or None."""
    try:
        with open(os.path.join(folder, "state.json"), encoding="utf-8") as f:
            state = json.load(f)
    except OSError:
        return None
    if begun(state["pid"]) != state["begun"]:
        return None
    lab = Lab(folder=folder)
    lab.state = state
    return lab


def remove_stale():
    """Folders whose lab is gone, and whose starter is gone too."""
    for entry in os.listdir(PLACE):
        folder = os.path.join(PLACE, entry)
        if not entry.startswith(PREFIX) or load(folder):
            continue
        try:
            with open(os.path.join(folder, "starter.json"), encoding="utf-8") as f:
                starter = json.load(f)
        except (OSError, ValueError):
            continue  # being made just now
        if begun(starter["pid"]) != starter["begun"]:
            shutil.rmtree(folder, ignore_errors=True)


# ---- the commands ----

def own_folder():
    """One lab for each checkout."""
    return os.path.join(PLACE, PREFIX + hashlib.sha256(CHECKOUT.encode()).hexdigest()[:8])


def describe(lab):
    state = lab.state
    print(f"""The lab is up after {state['seconds']} s. It stays until ./do lab down.
  resolver       {state['resolver']} (in /etc/resolv.conf of the lab; TLS on port 853, name resolver.test)
  trust anchor   {state['trust_anchor']}
  CA file        {state['ca_file']}
  logs           {state['folder']}/log
  domains        {len(state['domains'])}: {' '.join(list(state['domains'])[:6])} ... (lab.py status names all)
Use it:
  ./do lab shell
  python3 tests/lab/lab.py run sender -- dig +dnssec MX reports.test
  python3 tests/lab/lab.py run sender -- build/src/sealpost check reports.test \\
      --trust-anchor {state['trust_anchor']} --ca-file {state['ca_file']}""")


def up(scenarios, needs):
    lab = load(own_folder())
    if not lab:
        reason = why_not()
        if reason:
            raise LabError(reason)
        shutil.rmtree(own_folder(), ignore_errors=True)
        built = os.path.join(CHECKOUT, "build/src/sealpost")
        own = [f"program={built}"] if os.access(built, os.X_OK) else []
        lab = Lab(scenarios, own_folder(), [*needs, *own]).start(attached=False)
    return lab


def need_lab():
    lab = load(own_folder())
    if not lab:
        raise LabError("no lab is up; ./do lab up starts one")
    return lab


def enter(lab, role, command):
    environment = {**os.environ, "SEALPOST_LAB": lab.folder, "LAB_TRUST_ANCHOR": lab.state["trust_anchor"],
                   "LAB_CA_FILE": lab.state["ca_file"], "LAB_RESOLVER": lab.state["resolver"],
                   "PATH": os.path.join(CHECKOUT, "build/src") + ":" + os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    os.execvpe("nsenter", lab.command(command, role, os.getcwd()), environment)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    for name in ("up", "shell"):
        command = commands.add_parser(name)
        command.add_argument("--scenarios", default=SCENARIOS, type=lambda p: p if p == "none" else os.path.abspath(p))
        command.add_argument("--with", dest="needs", default=[], type=lambda text: text.split(","))
    run = commands.add_parser("run")
    run.add_argument("role", nargs="?", default="sender")
    run.add_argument("command", nargs=argparse.REMAINDER)
    commands.add_parser("status")
    commands.add_parser("down")
    return parser.parse_args()


def main():
    wanted = arguments()
    try:
        if wanted.what == "up":
            describe(up(wanted.scenarios, wanted.needs))
        elif wanted.what == "shell":
            enter(up(wanted.scenarios, wanted.needs), "sender", ["bash"])
        elif wanted.what == "run":
            enter(need_lab(), wanted.role, [c for i, c in enumerate(wanted.command) if i or c != "--"])
        elif wanted.what == "status":
            json.dump(need_lab().state, sys.stdout, indent=1)
            print()
        elif lab := load(own_folder()):
            lab.stop()
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
