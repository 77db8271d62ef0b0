#!/usr/bin/env python3
"""What `sealpost export apache` writes, read and served by Apache itself.

    test_export.py SEALPOST

Prints TAP. The port in the virtual hosts is the only thing that is changed: 443 is the machine's.
"""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATH = "/.well-known/mta-sts.txt"
LIMIT = 30
MODULES = "mpm_event authz_core authz_host alias ssl headers dir reqtimeout setenvif socache_shmcb status".split()

SERVER = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
DefaultRuntimeDir "{folder}"
{modules}
{user}
Listen 127.0.0.1:{port}
DocumentRoot "{folder}/www"
AddDefaultCharset iso-8859-1
ErrorDocument 404 /error.html
<Directory />
    AllowOverride None
    Require all denied
</Directory>
Include "{folder}/sites/*.conf"
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*words, **more):
    return subprocess.run(words, text=True, capture_output=True, timeout=LIMIT, check=False, **more)


class Certificate:
    """Self-signed, for all names at once; curl trusts it alone."""

    def __init__(self, folder, names):
        self.chain, self.key = f"{folder}/chain.pem", f"{folder}/key.pem"
        done = run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-keyout", self.key, "-out", self.chain, "-days", "2", "-subj", "/CN=policy host", "-addext",
                   "subjectAltName=" + ",".join("DNS:" + n for n in names))
        if done.returncode:
            sys.exit(done.stderr)


class Apache:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        for name in ("www", "sites"):
            os.makedirs(f"{folder}/{name}", exist_ok=True)
        for path in glob.glob(f"{folder}/out/*.conf"):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            with open(f"{folder}/sites/{os.path.basename(path)}", "w", encoding="utf-8") as f:
                f.write(text.replace("<VirtualHost *:443>", f"<VirtualHost *:{self.port}>"))
        self.config = f"{folder}/httpd.conf"
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        modules = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in MODULES)
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(SERVER.format(folder=folder, port=self.port, user=user, modules=modules))
        self.process = None

    def configtest(self):
        return run("apachectl", "configtest", env={**os.environ, "APACHE_ARGUMENTS": f"-f {self.config}"})

    def start(self):
        self.process = subprocess.Popen(["apache2", "-f", self.config, "-D", "FOREGROUND"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        with open(f"{self.folder}/error.log", encoding="utf-8", errors="replace") as f:
            sys.exit("apache2 did not start:\n" + f.read())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(LIMIT)


def main():
    sealpost = os.path.abspath(sys.argv[1])
    os.environ["PATH"] += ":/usr/sbin"
    for program in ("apache2", "apachectl", "curl", "openssl"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: ./do test installs it")
    folder = tempfile.mkdtemp(prefix="sealpost-export-")
    points = []

    def point(name, good, *what):
        points.append(bool(good))
        print(f"{'ok' if good else 'not ok'} {len(points)} - {name}", flush=True)
        if not good:
            print("".join(f"# {line}\n" for w in what for line in str(w).split("\n")), end="")

    def seal(*words, status=0):
        done = run(sealpost, *words, "--store", f"{folder}/store", "--lang", "en")
        if done.returncode != status:
            sys.exit(f"sealpost {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def curl(domain, path, *more):
        """Status, header fields in small letters, body."""
        name = f"mta-sts.{domain}"
        done = subprocess.run(
            ["curl", "-s", "-i", "--http1.1", "--path-as-is", "--cacert", certificate.chain, "--resolve",
             f"{name}:{apache.port}:127.0.0.1", "--max-time", "20", f"https://{name}:{apache.port}{path}", *more],
            capture_output=True, timeout=LIMIT, check=False)
        if done.returncode:
            return 0, {}, b"curl: %d" % done.returncode
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), fields, body

    apache = None
    try:
        os.chmod(folder, 0o755)
        seal("domain", "add", "empty.test")
        done = run(sealpost, "export", "apache", "--store", f"{folder}/store", "--lang", "en")
        point("domains without a policy are told from no domains, with what to type",
              done.returncode == 2 and not done.stdout and "none of the domains has a policy" in done.stderr and
              "sealpost policy set empty.test --mode testing --mx HOST" in done.stderr, done)
        for domain in ("one.test", "two.test", "xn--bcher-kva.test"):
            seal("domain", "add", domain)
            seal("policy", "set", domain, "--mode", "testing", "--mx", f"mx.{domain}")
        certificate = Certificate(folder, ["mta-sts.one.test", "mta-sts.two.test", "mta-sts.xn--bcher-kva.test"])
        seal("export", "apache", "--out", f"{folder}/out", "--certificate", certificate.chain, "--key",
             certificate.key)
        written = sorted(os.path.relpath(p, f"{folder}/out")
                         for p in glob.glob(f"{folder}/out/**", recursive=True) if os.path.isfile(p))
        point("each domain with a policy has its two files, and nothing else is there", written == sorted(
            f for d in ("one.test", "two.test", "xn--bcher-kva.test")
            for f in (f"{d}.conf", f"mta-sts.{d}/mta-sts.txt")), written)
        apache = Apache(folder)
        tested = apache.configtest()
        point("apachectl configtest finds the configuration good",
              tested.returncode == 0 and "Syntax OK" in tested.stderr + tested.stdout, tested)
        apache.start()
        for domain in ("one.test", "two.test", "xn--bcher-kva.test"):
            expected = f"version: STSv1\r\nmode: testing\r\nmx: mx.{domain}\r\nmax_age: 604800\r\n".encode()
            answer = curl(domain, PATH)
            point(f"the policy of {domain} is served by its name, to the byte (RFC 8461 3.2)",
                  answer[0] == 200 and answer[2] == expected, answer)
        status, fields, _ = curl("one.test", PATH)
        point("it is text/plain and kept for a minute at most",
              fields.get("content-type") == "text/plain; charset=utf-8" and
              fields.get("cache-control") == "max-age=60", fields)
        answer = curl("one.test", PATH, "--head")
        point("HEAD is answered", answer[0] == 200 and answer[2] == b"", answer)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            answer = curl("one.test", PATH, "-X", method)
            point(f"{method} is refused", answer[0] in (403, 405), answer)
        for path in ("/", "/index.html", "/.well-known/", PATH + "/", PATH + "/x", PATH.upper(), "/x/.." + PATH + "x",
                     "/.well-known/mta-sts.txt.bak"):
            status, fields, body = curl("one.test", path)
            point(f"{path} is not found, without a redirect (RFC 8461 3.3)",
                  status == 404 and "location" not in fields and b"mode:" not in body, status, fields, body)
        answer = curl("one.test", "/")
        point("an error page does not sign with the server's name", b"Apache" not in answer[2], answer)
        answer = curl("one.test", PATH, "--tls-max", "1.2")
        point("TLS 1.2 is spoken", answer[0] == 200, answer)
        answer = curl("one.test", PATH, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        point("TLS 1.1 is not", answer[0] == 0, answer)
        before = os.stat(f"{folder}/out/mta-sts.one.test/mta-sts.txt").st_ino
        seal("policy", "set", "one.test", "--mode", "enforce")
        seal("export", "apache", "one.test", "--out", f"{folder}/out", "--certificate", certificate.chain, "--key",
             certificate.key)
        answer = curl("one.test", PATH)
        point("a policy that is exported again is served at once, from a new file",
              b"mode: enforce" in answer[2] and os.stat(f"{folder}/out/mta-sts.one.test/mta-sts.txt").st_ino != before,
              answer)
        printed = seal("export", "apache", "one.test")
        point("printed, it has the policy as a comment and certbot's paths",
              "#   mode: enforce\n" in printed and
              '"/etc/letsencrypt/live/mta-sts.one.test/fullchain.pem"' in printed and
              re.search(r"^#.*/var/www/mta-sts\.one\.test/mta-sts\.txt", printed, re.MULTILINE), printed)
    finally:
        if apache:
            apache.stop()
        shutil.rmtree(folder)
    print(f"1..{len(points)}")
    return 0 if all(points) else 1


if __name__ == "__main__":
    sys.exit(main())
