"""Starts the lab's servers, each in the namespace of its role, and waits until each one says that it is ready."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

LIMIT = 30  # seconds until a server must be ready
HERE = os.path.dirname(os.path.abspath(__file__))


class Servers:
    def __init__(self, folder):
        self.folder, self.logs, self.running, self.waits = folder, os.path.join(folder, "log"), {}, []
        os.makedirs(self.logs, exist_ok=True)
        # The system's OpenSSL defaults would forbid what some of the planted faults need.
        empty = os.path.join(folder, "openssl.cnf")
        with open(empty, "w", encoding="ascii"):
            pass
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "OPENSSL_CONF": empty,
                            "PYTHONDONTWRITEBYTECODE": "1"}

    def log(self, name):
        return os.path.join(self.logs, name + ".log")

    def spawn(self, role, name, command, environment, **more):
        inside = ["nsenter", f"--net=/run/netns/{role}", "--"] if role else []
        with open(self.log(name), "a", encoding="utf-8") as log:
            process = subprocess.Popen(inside + command, stdin=subprocess.DEVNULL, stderr=log, cwd=self.folder,
                                       env=environment, **{"stdout": log, **more})
        self.running[name] = process
        return process

    def start(self, role, name, command, ready, **environment):
        """Starts a server. How it says that it is ready: "notify" by a datagram as sd_notify(3) sends it, "detach" by
        ending its first process with status 0, "line:TEXT" by a line that it prints. wait() waits for all."""
        environment = {**self.environment, **environment}
        if ready == "notify":
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            path = os.path.join(self.folder, f"notify-{name}")
            channel.bind(path)
            os.chmod(path, 0o777)  # not every server is root
            process = self.spawn(role, name, command, {**environment, "NOTIFY_SOCKET": path})
            self.wait_for(name, process, lambda: hear(channel, process))
        elif ready == "detach":
            process = self.spawn(role, name, command, environment)
            self.wait_for(name, process, lambda: process.wait(LIMIT) == 0)
        else:
            process = self.spawn(role, name, command, environment, stdout=subprocess.PIPE)
            self.wait_for(name, process, lambda: read_until(process, ready.removeprefix("line:").encode()))

    def start_faults(self, role, name, listeners):
        """Starts fault.py, which behaves as no real server would."""
        file = os.path.join(self.folder, f"fault-{name}.json")
        with open(file, "w", encoding="ascii") as f:
            json.dump(listeners, f, indent=1)
        self.start(role, f"fault-{name}", [sys.executable, "-SB", os.path.join(HERE, "fault.py"), name, file], "line:ready")

    def wait_for(self, name, process, condition):
        outcome = {}

        def work():
            try:
                outcome["ready"] = condition()
            except (OSError, subprocess.TimeoutExpired) as e:
                outcome["why"] = str(e)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.waits.append((name, process, thread, outcome))

    def wait(self):
        """Returns when all are ready; the first one that is not ready in time, or ended, is an error with its log."""
        end = time.monotonic() + LIMIT
        for name, _, thread, outcome in self.waits:
            thread.join(max(0, end - time.monotonic()))
            if not outcome.get("ready"):
                raise OSError(f"{name} does not become ready {outcome.get('why', '')}\n{self.tail(name)}")
        self.waits = []

    def tail(self, name):
        with open(self.log(name), encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-20:])

    def begin(self, command):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env=self.environment, cwd=self.folder)

    def end(self, process):
        output, _ = process.communicate(timeout=LIMIT)
        if process.returncode:
            raise OSError(f"{' '.join(process.args)}: {output}")


def hear(channel, process):
    """Waits for READY=1, as long as the server lives."""
    channel.settimeout(0.1)
    while process.poll() is None:
        try:
            if b"READY=1" in channel.recv(4096):
                return True
        except TimeoutError:
            pass
    return False


def read_until(process, text):
    """Waits for a line that has the text, and lets the server print on."""
    for line in process.stdout:
        if text in line:
            threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()
            return True
    return False
