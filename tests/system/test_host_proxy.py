#!/usr/bin/env python3
"""The host role behind somebody else's TLS: nginx and Apache from Debian in front, and bare sockets in their place.

    test_host_proxy.py --lab PROGRAM

Prints TAP.
"""

import contextlib
import errno
import os
import re
import socket
import ssl
import subprocess
import time

from host_world import LIMIT, NAME, PATH, POLICY, check, main, request, response, rest_of, run, test

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    upstream policies {{ server 127.0.0.1:{http}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {keys}/c.pem;
        ssl_certificate_key {keys}/k.pem;
        location / {{
            proxy_pass http://policies;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
        }}
    }}
}}
"""
APACHE = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/apache.log"
DefaultRuntimeDir "{folder}"
{modules}
{user}
Listen 127.0.0.1:{port}
SSLEngine on
SSLCertificateFile {keys}/c.pem
SSLCertificateKeyFile {keys}/k.pem
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{http}/
"""
MODULES = "mpm_event authz_core ssl proxy proxy_http socache_shmcb".split()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def proxy(host, program, text, *words):
    """A web server in front of the host: its port."""
    port, name = free_port(), os.path.basename(program)
    root = os.geteuid() == 0
    user = "" if not root else "user www-data;" if name == "nginx" else "User www-data\nGroup www-data"
    modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in MODULES)
    config = f"{host.folder}/{name}.conf"
    with open(config, "w", encoding="ascii") as f:
        f.write(text.format(folder=host.folder, keys=host.keys, http=host.port_http, port=port, user=user, modules=modules))
    with subprocess.Popen([program, *words, config], stdin=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + LIMIT
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), LIMIT):
                    break
                check(time.monotonic() < end and process.poll() is None, name, "does not start")
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            process.wait(LIMIT)


def curl(host, port, name, path, *more):
    done = run("curl", "-sS", "-i", "--path-as-is", "--http1.1", "--cacert", host.keys + "/c.pem", "--resolve",
               f"{name}:{port}:127.0.0.1", *more, f"https://{name}:{port}{path}")
    check(done.returncode == 0, done.stderr)
    head, body = done.stdout.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), head.lower(), body


def fetch_through(host, port):
    for _ in range(3):
        status, head, body = curl(host, port, NAME, PATH)
        check(status == 200 and body == POLICY, status, body)
        check(b"\r\ncontent-type: text/plain; charset=utf-8" in head, head)
    for path in "/", PATH + "?x=1", PATH + "/":
        status, head, body = curl(host, port, NAME, path)
        check(status == 403 and b'<a href="https://example.test/">' in body, path, status, body)
    status, _, body = curl(host, port, "mta-sts.other.test", PATH)
    check(status == 200 and b"mx.other.test" in body, status, body)
    status, *_ = curl(host, port, NAME, PATH, "-H", "Host: mta-sts.stranger.test")
    check(status == 421, status)
    status, *_ = curl(host, port, NAME, PATH, "-X", "DELETE")
    check(status == 405, status)


@test
def nginx_passes_the_policy_on(host):
    with proxy(host, "/usr/sbin/nginx", NGINX, "-c") as port:
        fetch_through(host, port)


@test
def apache_passes_the_policy_on(host):
    with proxy(host, "/usr/sbin/apache2", APACHE, "-D", "FOREGROUND", "-f") as port:
        fetch_through(host, port)


@test
def the_host_alone_decides_where_there_is_no_handshake(host):
    """Also for a domain without a certificate here: the proxy's is what clients see."""
    rows = [(200, NAME.encode(), POLICY), (200, b"MTA-STS.Example.Test.:443", POLICY),
            (200, b"mta-sts.nocert.test", b"mx.nocert.test"), (421, b"example.test", b""),
            (421, b"mta-sts.stranger.test", b""), (421, b"127.0.0.1", b""), (421, b"", b""), (421, b"a" * 300, b"")]
    with host.plain(host.port_http) as s:
        for status, name, part in rows:
            s.sendall(request(host=name))
            got, _, body = response(s)
            check(got == status and part in body, name, got, body)
        s.sendall(b"GET " + PATH.encode() + b" HTTP/1.0\r\n\r\n")
        check(response(s)[0] == 421)
        check(rest_of(s) == b"")


@test
def requests_are_read_as_strictly_as_over_tls(host):
    second = b"0\r\n\r\n" + request()
    rows = [(400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + second),
            (400, request(more=b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + second),
            (400, request(more=b"X: a\nContent-Length: 5\r\n") + second),
            (413, request(more=b"Content-Length: 5\r\n") + second),
            (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second),
            (431, request(more=b"X: " + b"x" * 102400 + b"\r\n")),
            (400, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")]
    for status, sent in rows:
        with host.plain(host.port_http) as s:
            s.sendall(sent)
            got, fields, _ = response(s)
            check(got == status and fields["connection"] == "close", sent[:60], got)
            check(rest_of(s) == b"", "more was answered", sent[:60])


@test
def pipelined_and_slow_requests_are_answered(host):
    with host.plain(host.port_http) as s:
        s.sendall(b"".join(request(path=p) for p in [PATH.encode(), b"/"] * 30))
        check([response(s)[0] for _ in range(60)] == [200, 403] * 30)
        for byte in request():
            s.sendall(bytes([byte]))
        check(response(s)[2] == POLICY)
        s.sendall(request(b"HEAD"))
        check(response(s, head=True)[0] == 200)
        s.sendall(request(more=b"Connection: close\r\n"))
        check(rest_of(s).endswith(POLICY))


@test
def a_client_that_does_not_read_does_not_hold_the_others(host, settings="max_requests = 100000\nwrite_timeout = 1s\n"):
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.settimeout(LIMIT)
    plain.connect(("127.0.0.1", host.port_http))
    with plain, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(100000):
            plain.sendall(request() * 100)
        check(False, "it still has its connection")
    with host.plain(host.port_http) as s:
        s.sendall(request())
        check(response(s)[0] == 200)


@test
def silence_ends_the_connection(host, settings="header_timeout = 1s\nidle_timeout = 1s\n"):
    with host.plain(host.port_http) as s:
        check(rest_of(s) == b"")
    with host.plain(host.port_http) as s:
        s.sendall(request()[:-2])
        check(response(s)[0] == 408 and rest_of(s) == b"")
    with host.plain(host.port_http) as s:
        s.sendall(request())
        check(response(s)[0] == 200 and rest_of(s) == b"")


@test
def a_listener_for_challenges_serves_no_policy(host):
    """RFC 8461 3.3: HTTPS alone. A live answer is given for its host and token, to the byte; no redirect."""
    loaded = host.logged().count("event=host.loaded")
    host.do("answer", host.store, "mta-sts.new.test", "tok-en_1", "tok-en_1.thumb")
    host.wait_log("host.loaded", loaded + 1)
    there, new = b"/.well-known/acme-challenge/tok-en_1", b"mta-sts.new.test"
    rows = [(200, there, new), (200, there, b"MTA-STS.new.test.:80"), (421, there + b"x", new), (421, there + b"?x", new),
            (421, b"/.well-known/acme-challenge/", new), (403, there, NAME.encode()), (403, PATH.encode(), NAME.encode()),
            (403, b"/", NAME.encode()), (421, PATH.encode(), new), (421, b"/", b"stranger.test")]
    with host.plain(host.port_challenge) as s:
        for status, path, name in rows:
            s.sendall(request(path=path, host=name))
            got, fields, body = response(s)
            check(got == status and "location" not in fields, path, name, got)
            check(got != 200 or body == b"tok-en_1.thumb", body)
            check(b"STSv1" not in body)
        s.sendall(request(b"POST", there, new))
        check(response(s)[0] == 405)
    with host.plain(host.port_http) as s:  # a proxy may pass it on
        s.sendall(request(path=there, host=new))
        check(response(s)[2] == b"tok-en_1.thumb")


# ---- TCP balancers that say who the client is ----

HAPROXY = """
global
    log stderr local0 info
defaults
    mode tcp
    timeout connect 10s
    timeout client 30s
    timeout server 30s
frontend tls
    bind 127.0.0.1:{port}
    default_backend host
backend host
    server one 127.0.0.1:{tls} {how}
"""
BALANCED = "proxy_protocol_from = 127.0.0.0/8\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def through_haproxy(host, how):
    with proxy(host, "/usr/sbin/haproxy", HAPROXY.replace("{tls}", str(host.port)).replace("{how}", how), "-q", "-f") as port:
        for _ in range(3):
            status, _, body = curl(host, port, NAME, PATH)
            check(status == 200 and body == POLICY, status, body)


@test
def haproxy_tells_the_client_by_either_version(host, settings=BALANCED):
    for how in "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn":
        through_haproxy(host, how)


@test
def haproxy_may_look_whether_the_host_lives(host, settings=BALANCED):
    """Its checks speak for itself: LOCAL in version 2, UNKNOWN or its own address in version 1."""
    for how in "send-proxy", "send-proxy-v2":
        through_haproxy(host, how + " check check-send-proxy inter 100ms")
    host.stop()
    check(" bad_proxy_headers=0 " in host.logged(), host.logged())


def over_tls(host, header, pieces=False):
    """A policy behind a header, over TLS on the same connection."""
    s = host.plain()
    for piece in [bytes([b]) for b in header] if pieces else [header]:
        s.sendall(piece)
    context = ssl.create_default_context(cafile=host.keys + "/c.pem")
    with context.wrap_socket(s, server_hostname=NAME) as s:
        s.sendall(request())
        return response(s)[2]


@test
def every_form_of_the_header_is_taken_on_every_listener(host, settings=BALANCED):
    v4 = b"\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb"
    headers = [b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", b"PROXY TCP6 2001:db8::1 ::1 1 443\r\n",
               b"PROXY UNKNOWN\r\n", V2 + b"\x21\x11\0\x0c" + v4, V2 + b"\x20\0\0\0",
               V2 + b"\x21\x11\x0f\xf0" + v4 + bytes(4080 - 12)]
    for header in headers:
        check(over_tls(host, header) == POLICY, header)
        with host.plain(host.port_http) as s:
            s.sendall(header + request())
            check(response(s)[2] == POLICY, header)
    for header in headers[:5]:
        check(over_tls(host, header, pieces=True) == POLICY, "in pieces", header)


def end_sending(s):
    """A connection that was reset meanwhile is no connection any more."""
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


@test
def a_balancer_that_does_not_say_it_is_cut_off_and_counted(host, settings=BALANCED + "handshake_timeout = 1s\n"):
    rows = [request(), b"\x16\x03\x01\x02\0\x01\0", b"PROXY TCP4 1 2 3 4\r\n", b"PROXY UNKNOWN " + b"x" * 200,
            V2 + b"\x21\x11\xff\xff" + bytes(70000), V2 + b"\x31\x11\0\0", b"PROXY TCP4 192.0.2.1", b""]
    for port in host.port, host.port_http:
        for sent in rows:
            with host.plain(port) as s, contextlib.suppress(ConnectionResetError, BrokenPipeError):
                s.sendall(sent)
                end_sending(s)
                check(rest_of(s) == b"", "answered", sent)
    host.wait_log("host.proxy_header_refused")
    with host.plain() as s:  # silence has the limit of a handshake
        check(rest_of(s) == b"")
    check(over_tls(host, b"PROXY UNKNOWN\r\n") == POLICY)
    host.stop()
    check(f" bad_proxy_headers={2 * len(rows)} " in host.logged(), host.logged())


@test
def of_others_the_header_is_not_taken(host, settings="proxy_protocol_from = 127.0.0.2, ::1\n"):
    with host.plain(host.port_http) as s:
        s.sendall(b"PROXY UNKNOWN\r\n" + request())
        check(response(s)[0] == 400)
    with host.plain(host.port_http) as s:
        s.sendall(request())
        check(response(s)[0] == 200)


if __name__ == "__main__":
    main()
