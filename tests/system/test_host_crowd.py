#!/usr/bin/env python3
"""The host role among clients that are slow, silent, half there and endless: thousands at once, from many addresses.

    test_host_crowd.py --lab PROGRAM

Prints TAP, and as comments what it measured. SEALPOST_CLIENTS sets their number.
"""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import ssl
import struct
import time

from host_world import LIMIT, NAME, POLICY, check, main, request, response, test

CLIENTS = int(os.environ.get("SEALPOST_CLIENTS", "10000"))
ADDRESSES = 200  # of clients, 127.1.0.1 and on
PATIENT = "handshake_timeout = 10m\nheader_timeout = 10m\n"
HONEST = 20  # seconds that an honest client may wait here; what it did wait is printed
WITH_TLS = 4096  # connections that may have begun TLS, as host.c has it
SO_TIMESTAMPNS = 35  # asm-generic/socket.h


def hello():
    """A ClientHello for NAME."""
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


@contextlib.contextmanager
def crowd(host, count, behave, addresses=ADDRESSES):
    """count connections from so many addresses; behave(number) gives the port and what each one sends."""
    sockets = []
    try:
        for number in range(count):
            port, sent = behave(number)
            s = socket.socket()
            sockets.append(s)
            s.settimeout(LIMIT)
            s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s.bind((f"127.1.0.{1 + number % addresses}", 0))
            s.connect(("127.0.0.1", port))
            with contextlib.suppress(OSError):  # it may have had to make room already
                s.sendall(sent)
        yield sockets
    finally:
        for s in sockets:
            s.close()


def memory(host):
    """MiB: resident now and at most, and whether the build adds to it (ASan)."""
    with open(f"/proc/{host.process.pid}/status", encoding="ascii") as f:
        lines = dict(line.split(":", 1) for line in f if ":" in line)
    with open(f"/proc/{host.process.pid}/maps", encoding="ascii", errors="replace") as f:
        sanitized = "libasan" in f.read()
    return int(lines["VmRSS"].split()[0]) // 1024, int(lines["VmHWM"].split()[0]) // 1024, sanitized


def open_sockets(host):
    found = 0
    for name in os.listdir(f"/proc/{host.process.pid}/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/{host.process.pid}/fd/{name}").startswith("socket:")
    return found


def honest(host, what):
    """Fetches the policy from an address of its own; prints how long that took."""
    began = time.monotonic()
    with host.tls() as s:
        s.settimeout(HONEST)
        s.sendall(request())
        check(response(s)[2] == POLICY)
    took = time.monotonic() - began
    now, most, sanitized = memory(host)
    print(f"# {what}: the policy after {took:.3f} s; {open_sockets(host)} sockets; resident {now} MiB, at most {most}"
          f"{' (ASan)' if sanitized else ''}", flush=True)
    check(took < HONEST, took)
    check(sanitized or most < 256, "resident", most)


def ended(sockets, timeout=0):
    """How many have been closed by the host."""
    poller = select.poll()
    for s in sockets:
        poller.register(s, select.POLLRDHUP)
    return len(poller.poll(timeout))


def allow(descriptors):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, max(most, descriptors)))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= descriptors


@test
def among_ten_thousand_that_say_little_an_honest_client_gets_its_policy(
        host, settings=PATIENT + "max_connections = 15000\n", descriptors=CLIENTS + 500):
    """All are held: nobody has to make room. What has not said a whole ClientHello costs no TLS."""
    sent = hello()
    kinds = [(host.port, b""), (host.port, sent[:1]), (host.port, sent[:-1]), (host.port_http, b"GET / HTTP/1.1\r\nHost: a\r\n")]
    with crowd(host, CLIENTS, lambda number: kinds[number % len(kinds)]) as sockets:
        end = time.monotonic() + LIMIT
        while open_sockets(host) <= len(sockets):
            check(time.monotonic() < end, "some were not accepted", open_sockets(host))
            time.sleep(0.1)
        honest(host, f"{len(sockets)} silent, with a byte, with half a greeting, with half a head")
        check(ended(sockets) == 0, "some were closed")


@test
def greetings_beyond_what_there_is_memory_for_make_room_among_themselves(
        host, settings=PATIENT + "max_connections = 15000\n", descriptors=CLIENTS + 500):
    """Each is answered, which is when it takes its memory, and then says nothing."""
    sent = hello()
    count = WITH_TLS + 300 if memory(host)[2] else CLIENTS  # a sanitized build needs 7 ms for each
    with crowd(host, count, lambda number: (host.port, sent)) as sockets, host.plain() as silent:
        honest(host, f"{len(sockets)} with a whole greeting")
        end = time.monotonic() + 4 * LIMIT
        while ended(sockets) < len(sockets) - WITH_TLS:
            check(time.monotonic() < end, "too few made room", ended(sockets))
            time.sleep(0.1)
        honest(host, "and when all are answered")
        check(ended([silent]) == 0, "one without TLS had to make room")


def arrival(s):
    """When the kernel took in the first byte that s received, in nanoseconds."""
    _, more, _, _ = s.recvmsg(1, 64)
    check(more, "no time stamp")
    seconds, rest = struct.unpack("=qq", more[0][2])
    return seconds * 10**9 + rest


@test
def greetings_are_answered_by_turns_of_addresses(
        host, settings=PATIENT + "workers = 1\nmax_connections = 4096\n", descriptors=5000):
    """All come while the host stands still, the honest one's last. Where it is served in the order of arrival, all are
    answered before it; by turns, no more than are answered while it is accepted, and a few."""
    sent = hello()
    os.kill(host.process.pid, signal.SIGSTOP)
    with crowd(host, 1000, lambda number: (host.port, sent)) as sockets, host.plain() as mine:
        mine.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        mine.sendall(sent)
        os.kill(host.process.pid, signal.SIGCONT)
        at = arrival(mine)
        before = sum(arrival(s) < at for s in sockets)
        print(f"# answered before it: {before} of {len(sockets)}")
        check(before < 100, before)


@test
def who_has_most_connections_makes_room(host, settings=PATIENT + "workers = 1\nmax_connections = 64\n"):
    """One that is alone from its address stays, though it waits longest, and is served at last."""
    sent = hello()
    kinds = [(host.port, sent), (host.port, b""), (host.port, sent[:-1])]
    context = ssl.create_default_context(cafile=host.keys + "/c.pem")
    with host.plain() as mine, crowd(host, 400, lambda number: kinds[number % len(kinds)], addresses=20) as sockets:
        end = time.monotonic() + LIMIT
        while ended(sockets) < 400 - 64:
            check(time.monotonic() < end, ended(sockets))
            time.sleep(0.02)
        with context.wrap_socket(mine, server_hostname=NAME) as s:
            s.sendall(request())
            check(response(s)[2] == POLICY)


@test
def those_that_wait_longest_make_room(host, settings=PATIENT + "max_connections = 256\n", descriptors=1024):
    """Also of clients that have begun a handshake, and of those in the middle of a head."""
    sent = hello()
    kinds = [(host.port, sent), (host.port, b""), (host.port_http, b"GET / HTTP/1.1\r\nHost: a\r\n")]
    with crowd(host, 1200, lambda number: kinds[number % len(kinds)]) as sockets:
        honest(host, "1200 where there is room for 256")
        check(ended(sockets[:600], LIMIT * 1000) > 0, "nobody made room")
        check(open_sockets(host) < 400, open_sockets(host))


@test
def one_address_has_its_limit_and_others_have_theirs(
        host, settings=PATIENT + "workers = 1\nmax_connections_per_address = 20\n"):
    """127.0.0.1 may have 20; 127.1.0.1 is somebody else. One that ends gives its place to another."""
    with contextlib.ExitStack() as stack:
        mine = [stack.enter_context(host.plain()) for _ in range(60)]
        end = time.monotonic() + LIMIT
        while ended(mine) < 40:
            check(time.monotonic() < end, ended(mine), "were closed")
            time.sleep(0.02)
        check(ended(mine, 200) == 40, ended(mine))
        other = stack.enter_context(contextlib.closing(socket.socket()))
        other.settimeout(LIMIT)
        other.bind(("127.1.0.1", 0))
        other.connect(("127.0.0.1", host.port))
        context = ssl.create_default_context(cafile=host.keys + "/c.pem")
        with context.wrap_socket(other, server_hostname=NAME) as s:
            s.sendall(request())
            check(response(s)[2] == POLICY)
        for _ in range(30):  # behind a reverse proxy all clients have one address
            stack.enter_context(host.plain(host.port_http)).sendall(request())
        with host.plain(host.port_http) as s:
            s.sendall(request())
            check(response(s)[2] == POLICY)
    end = time.monotonic() + LIMIT
    while True:
        with contextlib.suppress(OSError), host.tls() as s:
            s.sendall(request())
            check(response(s)[2] == POLICY)
            break
        check(time.monotonic() < end, "no place came free")
        time.sleep(0.02)
    host.stop()
    check(int(re.search(r"over_address_limit=(\d+)", host.logged())[1]) >= 40, host.logged())


@test
def the_address_that_a_balancer_tells_is_the_one_that_counts(
        host, settings=PATIENT + "workers = 1\nmax_connections_per_address = 5\nproxy_protocol_from = 127.0.0.1\n"):
    def come(header):
        s = stack.enter_context(host.plain())
        s.sendall(header)
        return s
    with contextlib.ExitStack() as stack:
        rows = [[come(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n") for _ in range(8)],
                [come(b"PROXY TCP6 2001:db8::%x ::1 1 443\r\n" % n) for n in range(8)],
                [come(b"PROXY TCP6 2001:db8:0:%x::1 ::1 1 443\r\n" % n) for n in range(1, 9)],
                [come(b"PROXY UNKNOWN\r\n") for _ in range(8)]]
        for row, over in zip(rows, (3, 3, 0, 0)):
            end = time.monotonic() + LIMIT
            while ended(row, 100) < over:
                check(time.monotonic() < end, ended(row), "instead of", over)
        check([ended(row, 200) for row in rows] == [3, 3, 0, 0], [ended(row) for row in rows])


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def there_are_no_more_places_than_descriptors(host, settings=PATIENT, descriptors=100):
    """The store needs some at any time: a handshake with a new name must not fail for want of one."""
    host.wait_log("host.few_places")
    with crowd(host, 200, lambda number: (host.port, b"")):
        honest(host, "200 where descriptors are left for 30")
    check("host.descriptors_short" not in host.logged())


def allow_more_files(host, more):
    """Lets the host open that many descriptors more than it has; gives its limit until then."""
    pid = host.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + more, before[1]))
    return before


@test
def out_of_descriptors_the_longest_waiting_give_theirs(host, settings=PATIENT + "workers = 1\n"):
    honest(host, "alone")  # which opens what is opened once
    allow_more_files(host, 10)
    with crowd(host, 60, lambda number: (host.port, b"")):
        honest(host, "60 where descriptors are left for ten")
        host.wait_log("host.descriptors_short")


@test
def without_any_descriptor_it_waits_and_goes_on(host, settings=PATIENT):
    """Nobody can make room: accept is tried again after a pause, without spinning."""
    pid = host.process.pid
    before = allow_more_files(host, -1)
    with host.plain() as s:
        host.wait_log("host.accept_paused")
        used = cpu_of(pid)
        time.sleep(1)
        check(cpu_of(pid) - used < 0.5, "it spins")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        context = ssl.create_default_context(cafile=host.keys + "/c.pem")
        with context.wrap_socket(s, server_hostname=NAME) as tls:
            tls.sendall(request())
            check(response(tls)[2] == POLICY)


if __name__ == "__main__":
    if allow(CLIENTS + 1000):
        main()
    else:
        print(f"1..0 # SKIP no more than {resource.getrlimit(resource.RLIMIT_NOFILE)[1]} open files are allowed")
