#!/usr/bin/env python3
"""Clients that fetch the policy without pause while the host, or all of sealpost, is restarted (serve_world.py).

Whoever holds the listeners, the supervisor or (by the protocol of sd_listen_fds(3)) this test, no client may be refused or
cut off, but for those that a process killed by SIGKILL was serving.
"""

import os
import signal
import socket
import subprocess
import time

from serve_world import LIMIT, Crowd, Slow, check, main, until

ROUNDS = 3
# A client in the middle of its request is given more time than any wait here takes.
PATIENT = {"more": "header_timeout = 5m\nhandshake_timeout = 5m\n", "stop_timeout": "5m"}


def ready_after(m, at):
    return m.wait(r"serve\.role_ready role=host", at)[1]


# ---- the supervisor has the listeners ----

def sigterm_to_the_host_disturbs_nobody(m):
    m.set_up()
    m.serve()
    with Crowd(m) as crowd:
        for _ in range(ROUNDS):
            crowd.pass_by()
            at, pid = m.logged(), m.host_pid()
            os.kill(pid, signal.SIGTERM)
            ready_after(m, at)
            m.wait(rf"serve\.role_stopped role=host pid={pid} .*status=0", at)
        crowd.pass_by()
        crowd.check()
    check(m.stop() == 0, "the status")


def a_host_that_is_told_to_end_finishes_the_slow_while_the_next_serves(m):
    m.configure(**PATIENT)
    m.set_up()
    m.serve()
    with Crowd(m) as crowd:
        for _ in range(ROUNDS):
            slow, at, pid = Slow(m), m.logged(), m.host_pid()
            os.kill(pid, signal.SIGTERM)
            ready_after(m, at)
            crowd.pass_by()
            check(m.host_pid() != pid and os.path.exists(f"/proc/{pid}"), "it ended before its client")
            slow.finish()
            m.wait(rf"serve\.role_stopped role=host pid={pid} .*status=0", at)
        crowd.check()
    check(m.stop() == 0, "the status")


def a_reload_disturbs_nobody(m):
    m.configure(**PATIENT)
    m.set_up()
    m.serve()
    with Crowd(m) as crowd:
        for workers in 2, 3, 1:  # another number replaces the process
            slow = Slow(m)
            m.configure(more=PATIENT["more"], stop_timeout=PATIENT["stop_timeout"], workers=workers)
            at = m.signal(signal.SIGHUP)
            m.wait(r"event=serve\.reloaded processes=" + ("told" if workers == 2 else "replaced"), at)
            if workers != 2:
                ready_after(m, at)
            crowd.pass_by()
            slow.finish()
        crowd.check()
    check(m.stop() == 0, "the status")


def sigkill_of_the_host_costs_only_whom_it_served(m):
    m.set_up()
    m.serve()
    killed = []
    with Crowd(m) as crowd:
        for _ in range(ROUNDS):
            crowd.pass_by()
            at, pid = m.logged(), m.host_pid()
            os.kill(pid, signal.SIGSTOP)  # from when it stands still it has accepted nobody
            until(lambda: all(state(pid, thread) == "T" for thread in os.listdir(f"/proc/{pid}/task")), "it runs on")
            killed.append(time.monotonic())
            os.kill(pid, signal.SIGKILL)
            ready_after(m, at)
        crowd.pass_by()
        crowd.check(killed)
    check(m.stop() == 0, "the status")


def state(pid, thread):
    with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii", errors="replace") as f:
        return f.read().rpartition(")")[2].split()[0]


# ---- somebody else has the listeners ----

class Activation:
    """Sockets that outlive the processes which they are handed to, as systemd has them."""

    def __init__(self, m, *more, handed=2):
        self.m, self.kept = m, []
        sockets = [socket.create_server(("127.0.0.1", 0), backlog=4096) for _ in range(3)]
        m.v4, m.admin, self.free = [s.getsockname()[1] for s in sockets]
        m.configure(listen=f"127.0.0.1:{m.v4}", admin=f"127.0.0.1:{m.admin}", **PATIENT)
        self.handed = sockets[:handed]
        for s in sockets[handed:]:
            s.close()
        self.command = [m.sealpost, "serve", *more, "--config", m.conf]
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind("")  # a name of the kernel's choice
        self.told.settimeout(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in *self.handed, *(s for _, s in self.kept), self.told:
            s.close()

    def start(self):
        fds = [s.fileno() for s in self.handed] + [s.fileno() for _, s in self.kept]
        above = [f"{100 + i}<&{fd}" for i, fd in enumerate(fds)]
        moved = [f"{3 + i}<&{100 + i} {100 + i}<&-" for i in range(len(fds))]
        # The shell's own id stays that of the program which takes its place.
        script = f'exec {" ".join(above)}; LISTEN_PID=$$ exec "$@" {" ".join(moved)}'
        self.m.watch(subprocess.Popen(
            ["/bin/bash", "-c", script, "bash", *self.command], pass_fds=fds, text=True, cwd="/",
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **self.m.as_user(self.m.user),
            env={**self.m.environment(), "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": "host",
                 "NOTIFY_SOCKET": "@" + self.told.getsockname()[1:].decode()}))
        self.hear("READY=1")

    def hear(self, word):
        """Waits for it, and keeps meanwhile what is to be kept."""
        while True:
            text, fds, *_ = socket.recv_fds(self.told, 4096, 256)
            lines = text.decode().split("\n")
            name = [line for line in lines if line.startswith("FDNAME=")]
            if "FDSTORE=1" in lines:
                self.kept += [(name, socket.socket(fileno=fd)) for fd in fds]
            elif "FDSTOREREMOVE=1" in lines:
                for _, s in (gone := [k for k in self.kept if k[0] == name]):
                    s.close()
                self.kept = [k for k in self.kept if k not in gone]
            elif word in lines:
                return

    def restart_all_through(self, crowd):
        """The old process has ended before the next begins; one that serves a slow client ends after it."""
        for slowly in [False] * ROUNDS + [True]:
            crowd.pass_by()
            slow = Slow(self.m) if slowly else None
            self.m.signal(signal.SIGTERM)
            self.hear("STOPPING=1")
            if slow:
                slow.finish()
            check(self.m.process.wait(LIMIT) == 0, "the status")
            self.m.stop()
            self.start()
        crowd.pass_by()
        crowd.check()


def a_role_on_sockets_of_systemd_is_restarted_and_disturbs_nobody(m):
    m.set_up()
    with Activation(m, "--role", "host", handed=1) as a:
        a.start()
        with Crowd(m) as crowd:
            a.restart_all_through(crowd)
        check(m.stop() == 0, "the status")


def the_supervisor_on_sockets_of_systemd_is_restarted_and_disturbs_nobody(m):
    m.set_up()
    with Activation(m) as a:
        a.start()
        check(not a.kept, "systemd has them already")
        with Crowd(m) as crowd:
            a.restart_all_through(crowd)
        check(m.ask_admin("/healthz")[0] == 200, "the admin role has its socket, too")
        check(m.stop() == 0, "the status")


def what_the_supervisor_leaves_with_systemd_is_handed_to_the_next(m):
    m.set_up()
    with Activation(m, handed=0) as a:
        a.start()
        check(len(a.kept) == 3, "two sockets of the host, one of the admin role:", a.kept)
        with Crowd(m) as crowd:
            a.restart_all_through(crowd)
        check(len(a.kept) == 3, "they are not left again:", a.kept)
        m.configure(listen=f"127.0.0.1:{m.v4}", admin=f"127.0.0.1:{a.free}", **PATIENT)
        at = m.signal(signal.SIGHUP)
        a.hear("RELOADING=1")
        a.hear("READY=1")
        m.wait(rf"serve\.not_listening role=admin address=127\.0\.0\.1:{m.admin}$", at)
        ports = sorted(s.getsockname()[1] for _, s in a.kept)
        check(ports == sorted([m.v4, m.v4, a.free]), "the address that went is kept, or the new one is not:", ports)
        check(m.stop() == 0, "the status")


def a_socket_of_systemd_that_nobody_wants_is_named(m):
    m.set_up()
    with Activation(m) as a:
        m.configure(listen=f"127.0.0.1:{m.v4}", **PATIENT)
        a.start()
        m.wait(rf"level=warn event=serve\.socket_unwanted address=127\.0\.0\.1:{m.admin}$")
        m.wait(rf"event=serve\.listening role=host address=127\.0\.0\.1:{m.v4} name=host sockets=1 kept=1")
        check(m.stop() == 0, "the status")


if __name__ == "__main__":
    main(globals())
