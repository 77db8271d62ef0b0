#!/usr/bin/env python3
"""The host role, as its clients see it: curl, openssl s_client, Python's ssl and bare sockets.

    test_host.py --lab PROGRAM

Prints TAP.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import time

from host_world import LIMIT, NAME, PATH, POLICY, alone, ask, check, main, request, response, rest_of, run, test


@test
def curl_fetches_the_policy_over_ipv4_and_ipv6(host):
    for address, port in ("127.0.0.1", host.port), ("[::1]", host.port6):
        for version in "--tlsv1.2 --tls-max 1.2", "--tlsv1.3":
            done = run("curl", "-sS", "-i", *version.split(), "--cacert", host.keys + "/c.pem", "--resolve",
                       f"{NAME}:{port}:{address}", f"https://{NAME}:{port}{PATH}")
            check(done.returncode == 0, done.stderr)
            head, body = done.stdout.split(b"\r\n\r\n", 1)
            check(body == POLICY, body)
            check(head.startswith(b"HTTP/1.1 200 "), head)
            check(b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in head, head)
            check(b"\r\nContent-Length: %d" % len(POLICY) in head, head)


def s_client(host, *args):
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{host.port}", *args, input=b"")
    return (done.stdout + done.stderr).decode("utf-8", "replace")


@test
def unknown_and_missing_names_get_unrecognized_name(host):
    for args in (["-servername", "mta-sts.unknown.test"], ["-noservername"], ["-servername", "example.test"],
                 ["-servername", "mta-sts.nocert.test"], ["-servername", "x.wild.test"],
                 ["-servername", "mta-sts.unknown.test", "-tls1_2"]):
        text = s_client(host, *args)
        check("unrecognized name" in text and "no peer certificate" in text, args, text)
    host.wait_log("host.certificate_missing")


@test
def names_are_matched_without_case_and_trailing_dot(host):
    for name in "MTA-STS.Example.TEST", NAME + ".":
        text = s_client(host, "-servername", name)
        check("BEGIN CERTIFICATE" in text, name, text)


@test
def a_wildcard_certificate_covers_one_label(host):
    text = s_client(host, "-servername", "mta-sts.xn--bcher-kva.wild.test")
    check("unrecognized name" in text, text)
    host.policy("wild.test", "none", "mx.wild.test")
    host.wait_log("host.loaded")
    text = s_client(host, "-servername", "mta-sts.wild.test")
    check("BEGIN CERTIFICATE" in text, text)


@test
def tls_1_1_is_refused(host):
    text = s_client(host, "-servername", NAME, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    check("alert" in text and "BEGIN CERTIFICATE" not in text, text)


@test
def there_are_no_tickets_and_no_renegotiation(host):
    text = s_client(host, "-servername", NAME, "-tls1_2")
    check("Secure Renegotiation IS supported" in text and "session ticket:" not in text, text)
    with host.tls() as s:
        s.sendall(request())
        response(s)
        check(not s.session.has_ticket, "a ticket")


@test
def alpn_is_http_1_1_or_refused(host):
    with host.tls(alpn=["h2", "http/1.1"]) as s:
        check(s.selected_alpn_protocol() == "http/1.1", s.selected_alpn_protocol())
    try:
        host.tls(alpn=["h2"])
    except ssl.SSLError as e:
        check("no application protocol" in str(e).lower().replace("_", " "), e)
    else:
        check(False, "h2 was taken")


@test
def head_is_get_without_the_body(host):
    with host.tls() as s:
        for path in PATH.encode(), b"/":
            s.sendall(request(path=path))
            get = response(s)
            s.sendall(request(b"HEAD", path))
            head = response(s, head=True)
            for fields in get[1], head[1]:
                del fields["date"]
            check(get[:2] == head[:2], get, head)
        s.sendall(request(more=b"Connection: close\r\n"))
        check(rest_of(s).endswith(POLICY))


@test
def other_paths_get_403_and_a_page(host):
    for path in b"/", PATH.encode() + b"?x=1", PATH.encode() + b"/", b"/.well-known/mta-sts%2etxt", b"//", b"/<b>":
        status, fields, body, _ = ask(host, request(path=path))
        check(status == 403, path, status)
        check(fields["content-type"] == "text/html; charset=utf-8", fields)
        check(fields["x-content-type-options"] == "nosniff", fields)
        check(b'<a href="https://example.test/">' in body and b"<b>" not in body, body)


@test
def other_methods_get_405(host):
    for method in b"POST", b"PUT", b"get", b"DELETE", b"TRACE":
        for path in PATH.encode(), b"/":
            status, fields, body, _ = ask(host, request(method, path))
            check(status == 405 and fields["allow"] == "get, head", status, fields)
    status, *_ = ask(host, request(b"OPTIONS", b"*"))
    check(status == 405, status)


@test
def another_host_than_that_of_the_handshake_gets_421(host):
    for name in b"mta-sts.other.test", b"unknown.test", b"example.test", b"", b"127.0.0.1", b"a" * 300:
        status, *_ = ask(host, request(host=name))
        check(status == 421, name, status)
    status, *_ = ask(host, request(path=b"https://mta-sts.other.test" + PATH.encode()))
    check(status == 421, status)
    for sent in (request(path=b"https://" + NAME.encode() + PATH.encode(), host=b"ignored.test"),
                 request(host=NAME.upper().encode() + b".:443"), b"GET " + PATH.encode() + b" HTTP/1.0\r\n\r\n"):
        status, _, body, _ = ask(host, sent)
        check(status == 200 and body == POLICY, sent, status)


@test
def smuggling_shapes_are_refused_and_end_the_connection(host):
    chunked = b"Transfer-Encoding: chunked\r\n"
    second = b"0\r\n\r\n" + request()
    rows = [
        (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + second),
        (400, request(more=b"Content-Length: 5\r\n" + chunked) + second),
        (400, request(more=b"Content-Length: 5\r\nContent-Length: 0\r\n") + second),
        (400, request(more=b"Content-Length : 5\r\n") + second),
        (400, request(more=b"X: a\r\n Content-Length: 5\r\n") + second),
        (400, request(more=b"X: a\nContent-Length: 5\r\n") + second),
        (501, request(more=b"Transfer-Encoding: x, chunked\r\n") + second),
        (413, request(more=chunked) + second),
        (413, request(more=b"Content-Length: 5\r\n") + second),
        (405, request(b"POST", more=chunked) + second),
        (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second),
        (400, b"GET /\r\n"),
        (431, request(more=b"X: " + b"x" * 102400 + b"\r\n")),
        (431, request(more=b"X: x\r\n" * 101)),
        (414, request(path=b"/" + b"a" * 9000)),
    ]
    for status, sent in rows:
        got, _, _, closed = ask(host, sent)
        check(got == status and closed, sent[:80], got, closed)


@test
def pipelined_requests_are_answered_in_order(host):
    with host.tls() as s:
        s.sendall(b"".join(request(path=p) for p in [PATH.encode(), b"/", PATH.encode()] * 20))
        check([response(s)[0] for _ in range(60)] == [200, 403, 200] * 20)


@test
def a_request_may_come_byte_by_byte(host):
    with host.tls() as s:
        for byte in request():
            s.sendall(bytes([byte]))
        check(response(s)[2] == POLICY)
        s.sendall(request())
        check(response(s)[2] == POLICY)


@test
def a_connection_has_a_last_request(host):
    with host.tls() as s:
        for i in range(100):
            s.sendall(request())
            status, fields, _ = response(s)
            check(status == 200 and ("connection" in fields) == (i == 99), i, fields)
        check(rest_of(s) == b"")


@test
def bytes_that_are_no_tls_end_the_connection(host):
    for sent in b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(70000), b"\0" * 1000, b"":
        with host.plain() as s, contextlib.suppress(OSError):
            s.sendall(sent)
            s.shutdown(socket.SHUT_WR)
            rest_of(s)
    check(ask(host, request())[0] == 200)


@test
def a_change_of_the_store_is_served_within_a_second(host):
    try:
        with host.tls() as s:
            s.sendall(request())
            check(b"enforce" in response(s)[2])
            for mode in "testing", "enforce":
                host.policy("example.test", mode, "mx.example.test")
                end = time.monotonic() + 1
                while True:
                    s.sendall(request())
                    if mode.encode() in response(s)[2]:
                        break
                    check(time.monotonic() < end, mode, "is not served after a second")
                    time.sleep(0.02)
    finally:
        host.policy("example.test", "enforce", "mx.example.test")


@test
def a_domain_that_is_removed_is_served_no_more(host):
    loaded = host.logged().count("event=host.loaded")
    with host.tls("mta-sts.other.test") as s:
        sent = request(host=b"mta-sts.other.test")
        s.sendall(sent)
        check(response(s)[0] == 200)
        host.do("remove", host.store, "other.test")
        host.wait_log("host.loaded", loaded + 1)
        s.sendall(sent)
        check(response(s)[0] == 421)
    check("unrecognized name" in s_client(host, "-servername", "mta-sts.other.test"))
    host.policy("other.test", "testing", "mx.other.test")
    host.wait_log("host.loaded", loaded + 2)


def shown(host, name, alpn):
    """The DER of the certificate that a client who trusts anybody is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    with context.wrap_socket(host.plain(), server_hostname=name) as s:
        check(s.selected_alpn_protocol() == alpn)
        return s.getpeercert(binary_form=True)


@test
def a_ca_that_validates_is_shown_the_challenge_and_nothing_else(host):
    """RFC 8737 3; also for a domain that has no certificate yet. No live challenge: an alert."""
    usual = shown(host, NAME, "http/1.1")
    for name in NAME, "mta-sts.nocert.test", "mta-sts.stranger.test":
        check("unrecognized name" in s_client(host, "-servername", name, "-alpn", "acme-tls/1"), name)
    for name in NAME, "mta-sts.nocert.test":
        loaded = host.logged().count("event=host.loaded")
        host.do("challenge", host.store, host.keys + "/c2.der", host.keys + "/k2.der", name)
        host.wait_log("host.loaded", loaded + 1)
        with open(host.keys + "/c2.der", "rb") as f:
            check(shown(host, name, "acme-tls/1") == f.read(), name)
    check(shown(host, NAME, "http/1.1") == usual)
    check("unrecognized name" in s_client(host, "-servername", "mta-sts.nocert.test"))


@test
def the_node_says_what_it_has_applied(host):
    """Control and secrets, each by the number of its change log; soon after the workers have it."""
    def soon():
        end = time.monotonic() + LIMIT
        while True:
            there, *nodes = run(host.lab, "applied", host.store).stdout.split(b"\n")[:-1]
            if nodes == [there]:
                return there
            check(time.monotonic() < end, "there is", there, "and applied is", nodes)
            time.sleep(0.02)
    before = soon()
    host.policy("applied.test", "testing", "mx.applied.test")
    check(soon() != before)


@test
def a_certificate_that_comes_later_is_served(host):
    loaded = host.logged().count("event=host.loaded")
    host.policy("later.test", "testing", "mx.later.test")
    host.wait_log("host.loaded", loaded + 1)
    for pair in ("c", "k"), ("c2", "k2"):
        loaded = host.logged().count("event=host.loaded")
        host.do("certificate", host.store, *(f"{host.keys}/{file}.der" for file in pair), "mta-sts.later.test")
        host.wait_log("host.loaded", loaded + 1)
        with open(f"{host.keys}/{pair[0]}.der", "rb") as f:
            check(shown(host, "mta-sts.later.test", "http/1.1") == f.read(), pair)


@test
def sighup_reads_the_store_anew(host):
    loaded = host.logged().count("event=host.loaded")
    host.process.send_signal(signal.SIGHUP)
    host.wait_log("host.loaded", loaded + 1)
    check(ask(host, request())[2] == POLICY)


@test
def the_last_good_state_is_served_when_the_store_is_not(host):
    moved = host.store + ".moved"
    os.rename(host.store, moved)
    host.process.send_signal(signal.SIGHUP)
    host.wait_log("host.store_failed")
    check(ask(host, request())[2] == POLICY)
    os.rename(moved, host.store)
    host.wait_log("host.store_recovered")
    check(ask(host, request())[2] == POLICY)


SHORT = "handshake_timeout = 1s\nheader_timeout = 1s\nidle_timeout = 1s\nwrite_timeout = 1s\n"


def count_of(name):
    """A counter of this network namespace's TCP."""
    with open("/proc/self/net/netstat", encoding="ascii") as f:
        names, values = [line.split() for line in f if line.startswith("TcpExt:")]
    return int(values[names.index(name)])


@test
@alone
def a_client_with_nagle_waits_for_no_late_acknowledgement(host):
    before = count_of("DelayedACKs")
    for _ in range(20):
        with host.tls() as s:
            check(s.version() == "TLSv1.3", s.version())
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
            s.sendall(request())
            check(response(s)[0] == 200)
    late = count_of("DelayedACKs") - before
    check(late < 10, late, "late acknowledgements in 20 visits")


def ended_after(s, since):
    """Reads to the end, which must come within the limit of a phase and what machines add to it."""
    got = rest_of(s)
    took = time.monotonic() - since
    check(0.9 < took < 15, "ended after", took)
    return got


@test
def slow_clients_lose_their_connection(host, settings=SHORT):
    since = time.monotonic()
    with host.plain() as s:
        ended_after(s, since)
    since = time.monotonic()
    with host.tls() as s:
        check(ended_after(s, since) == b"")
    since = time.monotonic()
    with host.tls() as s:
        s.sendall(request())
        response(s)
        check(ended_after(s, since) == b"")
    # A byte now and then does not give more time.
    since = time.monotonic()
    with host.tls() as s:
        s.settimeout(0.1)
        for byte in request(more=b"X: " + b"x" * 1000):
            try:
                s.sendall(bytes([byte]))
                if got := s.recv(100):
                    break
            except TimeoutError:
                pass
        check(got.startswith(b"HTTP/1.1 408 "), got)
        s.settimeout(LIMIT)
        ended_after(s, since)


@test
def a_client_that_does_not_read_loses_its_connection(host, settings=SHORT + "max_requests = 100000\n"):
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(LIMIT)
    plain.connect(("127.0.0.1", host.port))
    context = ssl.create_default_context(cafile=host.keys + "/c.pem")
    with context.wrap_socket(plain, server_hostname=NAME) as s:
        since = time.monotonic()
        try:
            while time.monotonic() - since < LIMIT:
                s.sendall(request() * 100)
            check(False, "it still has its connection")
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            check(0.9 < time.monotonic() - since < 15, "ended after", time.monotonic() - since)
    with host.tls() as s:
        s.sendall(request())
        check(response(s)[0] == 200)


@test
def the_connection_that_was_idle_longest_makes_room(host, settings="max_connections = 16\n"):
    with contextlib.ExitStack() as open_ones:
        for _ in range(40):
            s = open_ones.enter_context(host.tls())
            s.sendall(request())
            check(response(s)[0] == 200)


@test
def sigterm_finishes_the_request_that_has_begun(host, settings=""):
    with host.tls() as busy, host.tls() as idle:
        for s in busy, idle:
            s.sendall(request())
            response(s)
        sent = request()
        busy.sendall(sent[:-1])
        idle.sendall(request())
        response(idle)
        time.sleep(0.2)  # the half request must have been read, which nothing shows
        host.process.send_signal(signal.SIGTERM)
        check(rest_of(idle) == b"")
        check(host.process.poll() is None, "it ended in the middle of a request")
        busy.sendall(sent[-1:])
        status, fields, body = response(busy)
        check(body == POLICY and fields["connection"] == "close", fields)
        check(rest_of(busy) == b"")
    check(host.process.wait(LIMIT) == 0)
    log = host.logged()
    check(re.search(r"event=host.stopped .*connections=2 handshakes=2 ", log), log)


@test
def without_a_store_it_does_not_start(host, settings=""):
    shutil.rmtree(host.store)
    done = run(host.lab, "serve", host.folder + "/conf", "127.0.0.1:0")
    check(done.returncode == 3 and b"event=host.start_failed" in done.stderr, done)


if __name__ == "__main__":
    main()
