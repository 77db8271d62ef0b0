#!/usr/bin/env python3
"""What `sealpost export SERVER` writes, read and served by Apache, nginx and Caddy themselves.

    test_export.py SEALPOST HOST_LAB

One table of requests goes to the built-in host and to each server, and the answers are compared. Prints TAP. The
addresses are all that is changed in what was exported: ports 443 and 80 are the machine's.
"""

import contextlib
import glob
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import warnings

PATH = "/.well-known/mta-sts.txt"
LIMIT = 30
LONG = "a-name-that-is-too-long-for-the-tables-of-nginx-as-they-are." + "b" * 60 + ".test"
DOMAINS = ("one.test", "two.test", "xn--bcher-kva.test", LONG)
HOST = "mta-sts.one.test"

# name, status; then what differs from the usual request. "but": servers that answer in their own way, see the reason.
ROWS = [
    ("the policy", 200, {}),
    ("its head", 200, {"method": "HEAD"}),
    ("the absolute form", 200, {"target": f"https://{HOST}{PATH}"}),
    ("a host in upper case", 200, {"host": HOST.upper()}),
    ("a host with its port", 200, {"host": HOST + ":443"}),
    ("a host with a dot behind it", 200, {"host": HOST + ".", "but": "caddy"}),  # as a host it does not know
    *((f"the target {target}", 403, {"target": target}) for target in (
        "/", "/index.html", "/403.html", "/mta-sts.txt", "/.well-known", "/.well-known/", PATH + "/", PATH + "/x",
        PATH.upper(), PATH + ".bak", PATH + "?", PATH + "?x=1", PATH + ";x", "/?" + PATH, "/.well-known/mta-sts%2etxt",
        "/.well-known/mta-sts.tx%74", "/.well-known%2fmta-sts.txt", "/.well-known//mta-sts.txt", "/" + PATH, "//",
        "/." + PATH, "/x/.." + PATH, "/%00", "/x/../403.html", f"https://{HOST}", f"https://{HOST}/?{PATH}")),
    ("the head of another target", 403, {"method": "HEAD", "target": "/"}),
    *((f"the method {method}", 405, {"method": method})
      for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PATCH")),
    ("another method for another target", 405, {"method": "POST", "target": "/"}),
    ("a host that is another's", 421, {"host": "mta-sts.two.test"}),
    ("the absolute form with another's host", 421, {"target": f"https://mta-sts.two.test{PATH}"}),
    ("a host that is nobody's", 421, {"host": "www.example.test", "but": "caddy"}),  # nothing is served: 200, empty
    ("no host", 400, {"host": None}),
    ("two hosts", 400, {"more": f"Host: {HOST}\r\n"}),
]
OWN_WAY = {
    "/%00": "apache nginx",  # their own 400 and 404
    "/.well-known%2fmta-sts.txt": "apache",  # its own 404
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*words, **more):
    return subprocess.run(words, text=True, capture_output=True, timeout=LIMIT, check=False, **more)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Certificate:
    """Self-signed, P-256, for all names at once; clients here trust it alone."""

    def __init__(self, folder, names):
        self.chain, self.key = f"{folder}/chain.pem", f"{folder}/key.pem"
        done = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-keyout", self.key, "-out", self.chain, "-days", "2", "-subj", "/CN=policy host", "-addext",
                   "subjectAltName=" + ",".join("DNS:" + n for n in names))
        if done.returncode:
            sys.exit(done.stderr)


class Server:
    """A web server with what was exported for it, on a port of its own on both loopback addresses."""

    def __init__(self, folder, exported):
        self.folder, self.port, self.process = folder, free_port(), None
        os.makedirs(f"{folder}/sites")
        os.makedirs(f"{folder}/www")
        for path in filter(os.path.isfile, glob.glob(f"{exported}/*")):
            write(f"{folder}/sites/{os.path.basename(path)}", self.moved(read(path)))
        self.configure()

    def moved(self, text):
        return text

    def start(self):
        with open(f"{self.folder}/output", "wb") as output:
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=output, env=self.environment())
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit(f"{self.name} did not start:\n" + "".join(read(p) for p in glob.glob(f"{self.folder}/[eo]*")))

    def environment(self):
        return os.environ

    def check(self):
        return run(*self.checker, env=self.environment())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(LIMIT)


class Apache(Server):
    name = "apache"
    modules = "mpm_event authz_core authz_host alias ssl headers dir reqtimeout rewrite setenvif socache_shmcb status"
    checker = ("apachectl", "configtest")
    good = "Syntax OK"

    def moved(self, text):
        return text.replace("<VirtualHost *:443>", f"<VirtualHost *:{self.port}>")

    def configure(self):
        """With defaults of the server that an exported site must not take over."""
        self.config = f"{self.folder}/httpd.conf"
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in self.modules.split())
        write(self.config, f'''ServerRoot "{self.folder}"
ServerName localhost
PidFile "{self.folder}/pid"
ErrorLog "{self.folder}/error.log"
DefaultRuntimeDir "{self.folder}"
{modules}{user}
Listen 127.0.0.1:{self.port}
Listen [::1]:{self.port}
DocumentRoot "{self.folder}/www"
AddDefaultCharset iso-8859-1
ErrorDocument 403 https://www.example.test/
ErrorDocument 404 /error.html
<Directory />
    AllowOverride None
    Require all denied
</Directory>
Include "{self.folder}/sites/*.conf"
''')

    def environment(self):
        return {**os.environ, "APACHE_ARGUMENTS": f"-f {self.config}"}

    def command(self):
        return ["apache2", "-f", self.config, "-D", "FOREGROUND"]


class Nginx(Server):
    name = "nginx"
    good = "test is successful"

    def moved(self, text):
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;")
        return text.replace("listen [::]:443 ssl;", f"listen [::1]:{self.port} ssl;")

    def configure(self):
        self.config = f"{self.folder}/nginx.conf"
        self.checker = ("nginx", "-t", "-e", f"{self.folder}/error.log", "-c", self.config)
        temporary = "".join(f"    {what}_temp_path {self.folder}/{what};\n"
                            for what in "client_body proxy fastcgi uwsgi scgi".split())
        write(self.config, f'''pid {self.folder}/pid;
error_log {self.folder}/error.log;
daemon off;
events {{ }}
http {{
    access_log off;
    error_page 403 404 https://www.example.test/;
    default_type application/octet-stream;
    types {{ application/x-wrong txt html; }}
{temporary}    include {self.folder}/sites/*.conf;
}}
''')

    def command(self):
        return ["nginx", "-e", f"{self.folder}/error.log", "-c", self.config]


class Caddy(Server):
    name = "caddy"
    good = "Valid configuration"

    def configure(self):
        self.config = f"{self.folder}/Caddyfile"
        self.checker = ("caddy", "validate", "--adapter", "caddyfile", "--config", self.config)
        write(self.config, f'''{{
    admin off
    http_port {free_port()}
    https_port {self.port}
    default_bind 127.0.0.1 [::1]
}}
import {self.folder}/sites/*.caddy
''')

    def environment(self):
        return {**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder, "XDG_CONFIG_HOME": self.folder}

    def command(self):
        return ["caddy", "run", "--adapter", "caddyfile", "--config", self.config]


class BuiltIn(Server):
    """The host role on the store that the rest was exported from."""

    name = "host"

    def __init__(self, folder, lab, store):
        self.folder, self.lab, self.process = folder, lab, None
        os.makedirs(folder)
        write(f"{folder}/conf", f"[store]\npath = {store}\n[host]\nworkers = 1\n")

    def start(self):
        with open(f"{self.folder}/output", "wb") as output:
            self.process = subprocess.Popen([self.lab, "serve", f"{self.folder}/conf", "127.0.0.1:0"],
                                            stdout=subprocess.PIPE, stderr=output)
        self.port = int(self.process.stdout.readline().split()[1])

    def stop(self):
        super().stop()
        if self.process:
            self.process.stdout.close()


def request(method="GET", target=PATH, host=HOST, more="", but=None):
    del but
    host = "" if host is None else f"Host: {host}\r\n"
    return f"{method} {target} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n".encode()


def ask(server, certificate, sent, name=HOST, address="127.0.0.1", newest=None):
    """What came back on a connection of its own: (status, header fields in small letters, body)."""
    context = ssl.create_default_context(cafile=certificate.chain)
    if newest:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):  # of old versions
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    got = b""
    with socket.create_connection((address, server.port), LIMIT) as plain, \
            context.wrap_socket(plain, server_hostname=name) as s, contextlib.suppress(ssl.SSLEOFError):
        s.sendall(sent)
        while piece := s.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        key, _, value = line.partition(":")
        fields.setdefault(key.lower(), []).append(value.strip())
    if "chunked" in fields.get("transfer-encoding", []):
        body = b"".join(re.split(rb"(?:^|\r\n)[0-9a-fA-F]+\r\n", body))
    return int(lines[0].split()[1]), fields, body


def essence(answer):
    """What must be equal. A status whose text is its own name may lack the end of the line; what an
    error says that has no part in MTA-STS is each server's own."""
    status, fields, body = answer
    if status == 400:
        return status, "location" in fields
    allow = sorted(one for value in fields.get("allow", []) for one in value.split(", ") if one)
    return status, fields.get("content-type"), allow, body.removesuffix(b"\r\n"), "location" in fields


class Tap:
    def __init__(self):
        self.points = []

    def point(self, name, good, *what):
        self.points.append(bool(good))
        print(f"{'ok' if good else 'not ok'} {len(self.points)} - {name}", flush=True)
        if not good:
            print("".join(f"# {line}\n" for w in what for line in str(w).split("\n")), end="")

    def end(self):
        print(f"1..{len(self.points)}")
        return 0 if all(self.points) else 1


def policy_of(domain, mode="testing"):
    return f"version: STSv1\r\nmode: {mode}\r\nmx: mx.{domain}\r\nmax_age: 604800\r\n".encode()


def compare(tap, server, certificate, expected):
    """Each row of the table, as the built-in host answers it."""
    for name, _, how in ROWS:
        if server.name in how.get("but", "").split() + OWN_WAY.get(how.get("target"), "").split():
            continue
        answer = ask(server, certificate, request(**how))
        tap.point(f"{server.name}: {name}", essence(answer) == expected[name], answer, expected[name])


def serve(tap, server, certificate, export_again):
    """What the table does not hold."""
    checked = server.check()
    tap.point(f"{server.name}: its own check finds the configuration good",
              checked.returncode == 0 and server.good in checked.stderr + checked.stdout, checked)
    server.start()
    for domain in DOMAINS:
        for address in "127.0.0.1", "::1":
            host = f"mta-sts.{domain}"
            status, fields, body = ask(server, certificate, request(host=host), host, address)
            tap.point(f"{server.name}: the policy of {domain} at {address}, to the byte (RFC 8461 3.2)",
                      (status, body) == (200, policy_of(domain)) and fields["content-type"] == ["text/plain; charset=utf-8"]
                      and fields["cache-control"] == ["no-cache"], status, fields, body)
    answer = ask(server, certificate, request(), newest=ssl.TLSVersion.TLSv1_2)
    tap.point(f"{server.name}: TLS 1.2 is spoken", answer[0] == 200, answer)
    try:
        answer = ask(server, certificate, request(), newest=ssl.TLSVersion.TLSv1_1)
    except (ssl.SSLError, ConnectionResetError):
        answer = None
    tap.point(f"{server.name}: TLS 1.1 is not", answer is None, answer)
    export_again()
    answer = ask(server, certificate, request())
    tap.point(f"{server.name}: a policy that is exported again is served at once", answer[2] ==
              policy_of("one.test", "enforce"), answer)


def main():
    sealpost, lab = map(os.path.abspath, sys.argv[1:])
    os.environ["PATH"] += ":/usr/sbin"
    for program in ("apache2", "apachectl", "caddy", "nginx", "openssl"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: ./do test installs it")
    folder = tempfile.mkdtemp(prefix="sealpost-export-")
    tap = Tap()

    def seal(*words):
        done = run(sealpost, *words, "--store", f"{folder}/store", "--lang", "en")
        if done.returncode:
            sys.exit(f"sealpost {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        seal("domain", "add", "empty.test", *DOMAINS)
        for domain in DOMAINS:
            seal("policy", "set", domain, "--mode", "testing", "--mx", f"mx.{domain}")
        certificate = Certificate(folder, [f"mta-sts.{domain}" for domain in DOMAINS])
        seal("cert", "import", "--chain", certificate.chain, "--key", certificate.key)
        built_in = BuiltIn(f"{folder}/host", lab, f"{folder}/store")
        stack.callback(built_in.stop)
        built_in.start()
        expected = {}
        for name, status, how in ROWS:
            answer = ask(built_in, certificate, request(**how))
            expected[name] = essence(answer)
            tap.point(f"host: {name}", answer[0] == status and "location" not in answer[1], answer)
        for kind in (Apache, Nginx, Caddy):
            server_folder = f"{folder}/{kind.name}"
            files = ("--out", f"{server_folder}/out", "--certificate", certificate.chain, "--key", certificate.key)
            os.mkdir(server_folder)
            seal("policy", "set", "one.test", "--mode", "testing")
            seal("export", kind.name, *files)
            written = sorted(os.path.relpath(p, f"{server_folder}/out")
                             for p in glob.glob(f"{server_folder}/out/**", recursive=True) if os.path.isfile(p))
            suffix = "caddy" if kind is Caddy else "conf"
            tap.point(f"{kind.name}: each domain with a policy has its three files, and nothing else is there",
                      written == sorted(f for d in DOMAINS for f in (
                          f"{d}.{suffix}", f"mta-sts.{d}/mta-sts.txt", f"mta-sts.{d}/403.html")), written)
            server = kind(f"{server_folder}/server", f"{server_folder}/out")
            stack.callback(server.stop)

            def export_again():
                seal("policy", "set", "one.test", "--mode", "enforce")
                seal("export", kind.name, "one.test", *files)
                seal("policy", "set", "one.test", "--mode", "testing")

            serve(tap, server, certificate, export_again)
            seal("export", kind.name, "one.test", *files)
            compare(tap, server, certificate, expected)
            server.stop()
        seal("export", "caddy", "--out", f"{folder}/own")
        own = Caddy(f"{folder}/own-server", f"{folder}/own").check()
        tap.point("caddy: without a certificate it gets its own, and its check finds that good",
                  own.returncode == 0 and Caddy.good in own.stdout + own.stderr, own)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
