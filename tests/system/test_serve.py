#!/usr/bin/env python3
"""The supervisor as a whole, with the playing role of tests/unit/serve/play.c.

    test_serve.py PLAY

Prints TAP. Each test is a function named for the rule it holds. Nothing waits for a length of time: every wait
is for a line of the log or for the end of a process, with a limit that only a failure reaches.
"""

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

from process_log import Failed, ProcessLog

LIMIT = float(os.environ.get("LIMIT", 60))  # seconds; sanitizers on a busy machine are slow
ROOT = os.geteuid() == 0


class Skipped(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


class World(ProcessLog):
    """A store folder, a configuration file, and at most one supervisor at a time."""

    def __init__(self, play):
        self.play = play
        self.folder = tempfile.mkdtemp(prefix="sealpost-serve-")
        os.chmod(self.folder, 0o755)
        self.store = os.path.join(self.folder, "store")
        os.mkdir(self.store, 0o755)
        self.conf = os.path.join(self.folder, "sealpost.conf")
        super().__init__(LIMIT)
        self.user = {}
        self.write()

    def write(self, listen="127.0.0.1:0", workers=2, extra="", host_user="nobody"):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[store]\npath = {self.store}\n[serve]\nuser = daemon\nstop_timeout = 5s\n"
                    f"[host]\nuser = {host_user}\nlisten = {listen}\nworkers = {workers}\n{extra}")

    def mood(self, name):
        with open(os.path.join(self.store, "mood"), "w", encoding="utf-8") as f:
            f.write(name)

    def environment(self):
        drop = ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM", "SEALPOST_CONFIG")
        return {k: v for k, v in os.environ.items() if k not in drop}

    def start(self, **more):
        self.watch(subprocess.Popen([self.play, self.conf], stderr=subprocess.PIPE, text=True,
                                    env={**self.environment(), **more}, **self.user))

    def ready(self):
        self.start()
        address, _ = self.wait(r"serve\.listening .*address=(?:\S*):(\d+) ")
        self.wait(r"event=serve\.ready")
        return int(address[1])

    def signal(self, number):
        with self.changed:
            at = len(self.lines)
        self.process.send_signal(number)
        return at

    def stop(self):
        if not self.process:
            return 0
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
        shutil.rmtree(self.folder)


def talk(port):
    """What the role answers, as a dictionary; raises when a connection is refused or reset."""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as s:
        s.settimeout(LIMIT)
        text = b""
        while more := s.recv(4096):
            text += more
    return dict(word.split("=", 1) for word in text.decode().split())


def gone(pid):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def a_clean_stop_ends_every_process_with_status_0(w):
    pid = int(talk(w.ready())["pid"])
    process = w.process
    check(w.stop() == 0, "the status of the supervisor")
    check(process.poll() == 0 and gone(pid), "the role still runs")
    check("event=serve.stopped clean=yes" in w.lines[-1], w.lines[-1])


def a_role_that_falls_comes_back_and_no_connection_is_refused(w):
    port = w.ready()
    before = int(talk(port)["pid"])
    for _ in range(2):
        os.kill(before, signal.SIGKILL)
        pids = {int(talk(port)["pid"]) for _ in range(5)}
        check(before not in pids, "the dead answered")
        before = pids.pop()
    w.wait(r"serve\.role_fell role=host .*signal=KILL")


def a_role_has_its_descriptors_and_no_other(w):
    open_file = os.open(w.conf, os.O_RDONLY)
    os.set_inheritable(open_file, True)
    w.user = {"close_fds": False}
    answer = talk(w.ready())
    os.close(open_file)
    fds = [int(fd) for fd in answer["fds"].split(",")]
    # 0 to 2, two sockets, its own counters, the signal descriptor of the playing role, the connection
    check(len(fds) == 8 and sorted(fds)[:6] == [0, 1, 2, 3, 4, 5], answer["fds"])
    check(os.path.realpath(f"/proc/{answer['pid']}/fd/0") == "/dev/null" or not ROOT, "standard input")
    check(answer["core"] == "0", "core files")


def a_role_started_by_root_has_a_user_of_its_own(w):
    if not ROOT:
        raise Skipped("needs root")
    answer = talk(w.ready())
    check(answer["uid"] != "0" and answer["gid"] != "0", str(answer))
    with open(f"/proc/{answer['pid']}/status", encoding="utf-8") as f:
        status = f.read()
    check("NoNewPrivs:\t1" in status, "no new privileges")
    check(re.search(r"CapEff:\t0+\n", status), "capabilities")
    check(not re.search(r"Groups:.*\b0\b", status), "the group of root")


def a_user_that_does_not_exist_is_named_with_the_remedy(w):
    if not ROOT:
        raise Skipped("needs root")
    w.write(host_user="nobody-at-all")
    w.start()
    w.wait(r"serve\.user_fallback role=host wanted=nobody-at-all user=daemon")
    w.wait(r"event=serve\.ready")
    w.stop()
    with open(w.conf, encoding="utf-8") as f:
        text = f.read().replace("user = daemon", "user = nor-this-one")
    with open(w.conf, "w", encoding="utf-8") as f:
        f.write(text)
    w.start()
    w.wait(r"useradd --system .* nor-this-one")
    check(w.process.wait(LIMIT) == 2, "the status")


def an_ordinary_user_serves_too_and_is_told_what_is_lost(w):
    if ROOT:
        w.user = {"user": 65534, "group": 65534, "extra_groups": []}
        w.play = shutil.copy2(w.play, w.folder)  # the build may be where only root goes
        os.chown(w.store, 65534, 65534)
    answer = talk(w.ready())
    w.wait(r"level=warn event=serve\.one_user .*lost=")
    check(int(answer["uid"]) == (65534 if ROOT else os.getuid()), answer["uid"])


def a_good_file_replaces_the_roles_and_keeps_the_port(w):
    port = w.ready()
    before = talk(port)["pid"]
    w.write(workers=3)
    at = w.signal(signal.SIGHUP)
    _, at = w.wait(r"serve\.reloaded processes=replaced", at)
    w.wait(r"serve\.role_stopped role=host .*status=0", at)
    for _ in range(20):
        check(talk(port)["pid"] != before, "the retired one answered")


def no_connection_is_refused_while_roles_are_replaced(w):
    port = w.ready()
    stop, seen, faults = threading.Event(), set(), []

    def knock():
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), LIMIT):
                    pass
            except OSError as fault:
                faults.append(fault)

    knocker = threading.Thread(target=knock, daemon=True)
    knocker.start()
    for workers in (3, 4, 2):
        w.write(workers=workers)
        at = w.signal(signal.SIGHUP)
        w.wait(r"serve\.role_ready", at)
        seen.add(w.wait(r"serve\.role_stopped role=host pid=(\d+)", at)[0][1])
    stop.set()
    knocker.join()
    check(not faults and len(seen) == 3, f"{faults} {seen}")


def an_unchanged_file_only_tells_the_roles(w):
    port = w.ready()
    before = talk(port)["pid"]
    at = w.signal(signal.SIGHUP)
    w.wait(r"serve\.reloaded processes=told", at)
    w.wait(r"role=host.*|event=play\.told", at)
    w.wait(r"event=play\.told", at)
    check(talk(port)["pid"] == before, "the process changed")


def a_bad_file_changes_nothing_and_every_fault_is_logged(w):
    port = w.ready()
    before = talk(port)["pid"]
    w.write(extra="lisen = 1\nwrokers = 2\n")
    at = w.signal(signal.SIGHUP)
    w.wait(r"serve\.config_fault file=\S+ line=10 .*code=config-key-near", at)
    w.wait(r"serve\.config_fault file=\S+ line=11 .*code=config-key-near", at)
    w.wait(r"level=error event=serve\.reload_refused", at)
    check(talk(port)["pid"] == before, "the process changed")
    os.kill(int(before), signal.SIGKILL)
    check(talk(port)["pid"] != before, "a role that falls now still starts")


def an_address_that_cannot_be_opened_changes_nothing(w):
    port = w.ready()
    before = talk(port)["pid"]
    w.write(listen="127.0.0.1:0, 192.0.2.1:4443")
    at = w.signal(signal.SIGHUP)
    w.wait(r"serve\.reload_refused code=listen-not-ours", at)
    check(talk(port)["pid"] == before, "the process changed")


def addresses_come_and_go_with_the_file(w):
    port = w.ready()
    w.write(listen="127.0.0.1:0, 127.0.0.2:0")
    at = w.signal(signal.SIGHUP)
    other = int(w.wait(r"serve\.listening role=host address=127\.0\.0\.2:(\d+)", at)[0][1])
    w.wait(r"serve\.role_stopped", at)
    with socket.create_connection(("127.0.0.2", other), LIMIT):
        pass
    talk(port)
    w.write()
    at = w.signal(signal.SIGHUP)
    w.wait(r"serve\.role_stopped", at)
    talk(port)
    try:
        socket.create_connection(("127.0.0.2", other), LIMIT).close()
    except ConnectionRefusedError:
        return
    raise Failed("the address that went still listens")


def a_second_supervisor_on_the_store_is_refused(w):
    w.ready()
    answer = subprocess.run([w.play, w.conf], stderr=subprocess.PIPE, text=True, timeout=LIMIT,
                            env=w.environment(), check=False)
    check(answer.returncode == 2 and f"(process {w.process.pid})" in answer.stderr, answer.stderr)


def a_port_in_use_is_refused_even_by_ourselves(w):
    port = w.ready()
    other = World(w.play)
    try:
        other.write(listen=f"127.0.0.1:{port}")
        other.start()
        other.wait(rf"cannot listen on 127\.0\.0\.1:{port}")
        check(other.process.wait(LIMIT) == 2, "the status")
    finally:
        other.close()


def a_role_that_cannot_begin_is_tried_again_and_said_to_fail(w):
    w.mood("broken")
    w.start()
    w.wait(r"level=error event=serve\.role_failing role=host failures=3 ")
    w.mood("well")
    w.wait(r"event=serve\.ready")


def a_role_that_does_not_end_is_killed_after_the_timeout(w):
    w.mood("stubborn")
    w.ready()
    began = time.monotonic()
    check(w.stop() == 1, "the status says that it was not clean")
    check(time.monotonic() - began > 4, "killed too early")
    check(any("serve.role_killed role=host" in line for line in w.lines), "\n".join(w.lines))


def a_second_signal_hurries(w):
    w.mood("stubborn")
    w.ready()
    at = w.signal(signal.SIGTERM)
    w.wait(r"event=serve\.stopping", at)
    w.signal(signal.SIGINT)
    w.wait(r"event=serve\.hurried", at)
    check(w.process.wait(LIMIT) == 1, "the status")


def roles_end_with_a_supervisor_that_is_killed(w):
    pid = int(talk(w.ready())["pid"])
    w.process.kill()
    w.process.wait(LIMIT)
    check(gone(pid), "the role outlived its supervisor")


def systemd_is_told_when_it_is_ready(w):
    path = os.path.join(w.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(LIMIT)
        w.start(NOTIFY_SOCKET=path)
        text, fds, *_ = socket.recv_fds(s, 100, 8)
        check(text.startswith(b"FDSTORE=1\nFDNAME=127.0.0.1_"), text)
        check(len(fds) == 2, "the sockets of two workers")
        for fd in fds:
            os.close(fd)
        check(s.recv(100) == b"READY=1", "READY")
        w.signal(signal.SIGHUP)
        check(s.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC="), "RELOADING")
        check(s.recv(100) == b"READY=1", "READY after the reload")
        w.signal(signal.SIGTERM)
        check(s.recv(100) == b"STOPPING=1", "STOPPING")


def a_single_role_takes_the_sockets_of_systemd(w):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]

        # The shell's own id stays that of the program which takes its place.
        script = f'LISTEN_PID=$$ exec "$0" serve --role host --config "$1" 3<&{s.fileno()}'
        w.watch(subprocess.Popen(["/bin/sh", "-c", script, w.play, w.conf], pass_fds=[s.fileno()],
                                 stderr=subprocess.PIPE, text=True, env={**w.environment(), "LISTEN_FDS": "1"}))
        answer = talk(port)
    check(int(answer["pid"]) == w.process.pid, str(answer))
    check(not ROOT or answer["uid"] != "0", "root was not dropped")
    check(w.stop() == 0, "the status")


def main():
    play = os.path.abspath(sys.argv[1])
    only = sys.argv[2:]
    tests = [f for name, f in list(globals().items())
             if getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("w",)
             and (not only or name in only)]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        w = World(play)
        try:
            test(w)
            print(f"ok {number} - {name}", flush=True)
        except Skipped as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except (Failed, OSError, subprocess.SubprocessError) as fault:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in (str(fault) + "\n" + "\n".join(w.lines)).split("\n"):
                print(f"# {line}", flush=True)
        finally:
            w.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
