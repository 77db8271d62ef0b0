#!/usr/bin/env python3
"""The host role behind somebody else's TLS: nginx and Apache from Debian in front, and bare sockets in their place.

    test_host_proxy.py --lab PROGRAM

Prints TAP.
"""

import contextlib
import os
import re
import socket
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


if __name__ == "__main__":
    main()
