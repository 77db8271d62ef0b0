#!/usr/bin/env python3
"""What a first visit costs: the host role beside nginx, Apache, h2o and caddy, in one run.

    bench/host.py BUILD [COUNT [ROUNDS [DOMAINS...]]]

BUILD is a release build. All servers have one worker, a certificate on P-256 for each domain, and
one policy; no tickets, except in the row that says so. At 10,000 domains the host role has two rows:
the certificate of a name is read from the store when its first visitor comes, so one of the two had a
visit for each name before. A visit is a connection, a full handshake
for a random one of the domains and one GET. The servers take turns in each round, on CPU 0 where
there are two, with the clients on the others. Columns:

    start s        from exec to the first answer
    MiB            proportional set size of all its processes after the visits
    CPU s/1000     CPU seconds of all its threads, user and system, for 1,000 visits: the median of
                   the rounds (smallest-largest). Other load on the machine disturbs it least.
    per CPU s      visits for one CPU second
    p50 p99        milliseconds of a visit, 16 at a time
    alone          milliseconds of a visit, one at a time: the median
    ours/this      CPU of the host role by CPU of this server, median of the rounds

A server that is not installed is left out, and so is one that would need minutes to start.
"""

import base64
import csv
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

DOMAINS = [1, 100, 10_000, 100_000]
CONNECTIONS = 16
START_MAX = 100  # seconds; who needs longer is left out
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 86400\r\n"
ROOT = os.geteuid() == 0


def host_name(i):
    return f"mta-sts.d{i:07}.test"


def run(*args, **more):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


# --- what the servers have in common ---------------------------------------------------------------


class Material:
    """The key, the certificates and the policy, in the forms that the servers read."""

    def __init__(self, build, folder, count):
        self.build, self.folder = build, folder
        lines = run(build / "bench/certificates", str(count)).split()
        self.key, self.issuer, *self.leaves = map(bytes.fromhex, lines)
        www = folder / "www/.well-known"
        www.mkdir(parents=True)
        (www / "mta-sts.txt").write_bytes(POLICY)
        (folder / "pem").mkdir()
        self.written = 0
        self.key_pem = self.pem("PRIVATE KEY", self.key)
        self.issuer_pem = self.pem("CERTIFICATE", self.issuer)
        (folder / "k.pem").write_text(self.key_pem)

    @staticmethod
    def pem(kind, der):
        return f"-----BEGIN {kind}-----\n{base64.encodebytes(der).decode()}-----END {kind}-----\n"

    def pem_of(self, i):
        return self.folder / f"pem/{host_name(i)}.pem"

    def write_pem(self, count):
        """Chain and key of the first certificates, a file each, which every server here reads."""
        for i in range(self.written, count):
            self.pem_of(i).write_text(self.pem("CERTIFICATE", self.leaves[i]) + self.issuer_pem + self.key_pem)
        self.written = max(self.written, count)


def processes(session):
    """All processes of the session."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[3]) == session:
                found.append(entry)
        except OSError:
            pass  # it has ended
    return found


class Server:
    """A process of the command, with its children, in a session of its own."""

    def __init__(self, material, folder, count):
        self.material, self.folder, self.count = material, folder, count
        folder.mkdir()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.prepare()
        begin = time.monotonic()
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=open(folder / "log", "wb"), start_new_session=True,
                                        preexec_fn=self.on_first_cpu, env=os.environ | self.environment)
        try:
            while not self.answers():
                if self.process.poll() is not None:
                    sys.exit(f"{self.name} did not start:\n" + (folder / "log").read_text())
                if time.monotonic() > begin + START_MAX:
                    raise TimeoutError(f"it did not answer within {START_MAX} s")
                time.sleep(0.002)
        except BaseException:
            self.stop()
            raise
        self.start = time.monotonic() - begin
        self.rows = []
        self.alone = 0

    environment = {}
    least = 1  # domains

    @staticmethod
    def on_first_cpu():
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def answers(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        name = host_name(self.count - 1)
        try:
            with socket.create_connection(("127.0.0.1", self.port), START_MAX) as plain:
                with context.wrap_socket(plain, server_hostname=name) as s:
                    s.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
                    return b" 200 " in s.recv(4096)[:13]
        except OSError:
            return False

    def cpu(self):
        """Seconds so far. A thread that ends takes its own along, but none ends during the visits."""
        total = 0
        for process in processes(self.process.pid):
            for thread in (process / "task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self):
        """MiB."""
        total = 0
        for process in processes(self.process.pid):
            for line in (process / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024

    def visit(self, count, connections=CONNECTIONS):
        """CPU seconds for 1,000 visits, and the latencies' p50 and p99. A count of 0: each name once."""
        before = self.cpu()
        words = run(self.material.build / "bench/tlsload", str(self.port), str(self.count), str(count), str(connections),
                    preexec_fn=off_first_cpu).split()
        got = dict(zip(words[::2], map(float, words[1::2])))
        count = count or self.count
        if got["failed"] or got["done"] != count:
            sys.exit(f"{self.name}: visits failed: {got}")
        return (self.cpu() - before) * 1000 / count, got["p50_ms"], got["p99_ms"]

    def stop(self):
        for how in signal.SIGTERM, signal.SIGKILL:
            if self.process.poll() is None:
                self.process.send_signal(how)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self.folder)


def off_first_cpu():
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        os.sched_setaffinity(0, cpus - {min(cpus)})


# --- the servers -----------------------------------------------------------------------------------


class Sealpost(Server):
    name, least, most = "sealpost host", 1, 1_000_000

    def prepare(self):
        conf, rows, store = self.folder / "conf", self.folder / "domains.csv", self.folder / "store"
        conf.write_text(f"[store]\npath = {store}\n[host]\nlisten = 127.0.0.1:{self.port}\nworkers = 1\nuser = nobody\n")
        with open(rows, "w", encoding="ascii", newline="") as f:
            table = csv.writer(f)
            table.writerow(["domain", "mode", "mx", "max_age"])
            table.writerows([host_name(i).removeprefix("mta-sts."), "enforce", "mx.example.test", 86400]
                            for i in range(self.count))
        run(self.material.build / "src/sealpost", "domain", "apply", "--config", conf, rows)
        self.put_certificates(store)
        rows.unlink()
        if ROOT:  # a role does not run as root
            for path in [store, *store.rglob("*")]:
                shutil.chown(path, "nobody")

    def put_certificates(self, store):
        """The first one as others do, the rest in one transaction."""
        now = int(time.time())
        m = self.material
        chain, key, path = self.folder / "c.der", self.folder / "k.der", store / "secrets/secrets.db"
        chain.write_bytes(m.leaves[0] + m.issuer)
        key.write_bytes(m.key)
        run(m.build / "bench/host_lab", "certificate", store, chain, key, host_name(0))
        with sqlite3.connect(path) as db:
            db.executemany(
                "INSERT INTO certificate (id, names, chain, key, not_before, not_after, source, created)"
                " VALUES (?, ?, ?, ?, ?, ?, 'local', ?)",
                ((i + 1, host_name(i), m.leaves[i] + m.issuer, m.key, now, now + 86400, now) for i in range(1, self.count)))
            db.executemany("INSERT INTO certificate_name (name, certificate) VALUES (?, ?)",
                           ((host_name(i), i + 1) for i in range(1, self.count)))
        db.close()

    def command(self):
        return [self.material.build / "src/sealpost", "serve", "--role", "host", "--config", self.folder / "conf"]


class SealpostAgain(Sealpost):
    name, least, most = "sealpost host, names seen", 10_000, 10_000


class Nginx(Server):
    name, most, program, tickets = "nginx", 10_000, "nginx", "off"
    server = ("server {{ listen 127.0.0.1:{port} ssl; server_name {name}; ssl_certificate {pem};"
              " ssl_certificate_key {key}; root {www}; }}\n")

    def servers(self):
        m = self.material
        m.write_pem(self.count)
        return "".join(self.server.format(port=self.port, name=host_name(i), pem=m.pem_of(i), key=m.folder / "k.pem",
                                          www=m.folder / "www") for i in range(self.count))

    def prepare(self):
        f = self.folder
        temporary = "".join(f"{kind}_temp_path {f}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (f / "conf").write_text(
            f"daemon off; worker_processes 1; pid {f}/pid; error_log stderr; {'user root root;' if ROOT else ''}"
            "events { worker_connections 1024; }\nhttp { access_log off; default_type text/plain;"
            f"{temporary} server_names_hash_max_size 400000; server_names_hash_bucket_size 128;"
            f"ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets {self.tickets}; ssl_session_cache off;\n"
            f"{self.servers()}}}\n")

    def command(self):
        return ["nginx", "-p", self.folder, "-c", self.folder / "conf"]


class NginxTickets(Nginx):
    name, most, tickets = "nginx, tickets (its default)", 100, "on"


class NginxVariable(Nginx):
    name, most = "nginx, $ssl_server_name", 1_000_000

    def servers(self):
        m = self.material
        m.write_pem(self.count)
        return self.server.format(port=self.port, name="_", pem=m.folder / "pem/$ssl_server_name.pem",
                                  key=m.folder / "k.pem", www=m.folder / "www")


class Apache(Server):
    name, most, program = "Apache, event", 10_000, "apache2"

    def prepare(self):
        m, f = self.material, self.folder
        m.write_pem(self.count)
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                          for name in ("mpm_event", "ssl", "authz_core"))
        hosts = "".join(f"<VirtualHost 127.0.0.1:{self.port}>\nServerName {host_name(i)}\nSSLEngine on\n"
                        f"SSLCertificateFile {m.pem_of(i)}\nSSLCertificateKeyFile {m.folder}/k.pem\n</VirtualHost>\n"
                        for i in range(self.count))
        (f / "conf").write_text(
            f"{modules}ServerRoot {f}\nDefaultRuntimeDir {f}\nPidFile {f}/pid\nErrorLog {f}/error.log\nListen 127.0.0.1:{self.port}\n"
            "ServerName localhost\nUser nobody\nGroup nogroup\nServerLimit 1\nStartServers 1\nThreadLimit 64\nThreadsPerChild 64\n"
            "MaxRequestWorkers 64\nMinSpareThreads 64\nMaxSpareThreads 64\n"
            "SSLSessionCache none\nSSLSessionTickets off\nSSLProtocol -all +TLSv1.2 +TLSv1.3\n"
            f"DocumentRoot {m.folder}/www\n{hosts}")

    def command(self):
        return ["apache2", "-DFOREGROUND", "-f", self.folder / "conf"]


class H2o(Server):
    name, most, program = "h2o", 10_000, "h2o"

    def prepare(self):
        m, f = self.material, self.folder
        m.write_pem(self.count)
        user = "user: root\n" if ROOT else ""
        hosts = "".join(f'  "{host_name(i)}:{self.port}":\n    listen:\n      host: 127.0.0.1\n      port: {self.port}\n'
                        f"      ssl: {{certificate-file: {m.pem_of(i)}, key-file: {m.folder}/k.pem, ocsp-update-interval: 0}}\n"
                        f'    paths: {{"/": {{file.dir: {m.folder}/www}}}}\n' for i in range(self.count))
        (f / "conf").write_text(f"num-threads: 1\n{user}pid-file: {f}/pid\nssl-session-resumption: {{mode: off}}\nhosts:\n{hosts}")

    def command(self):
        return ["h2o", "-c", self.folder / "conf"]


class Caddy(Server):
    name, most, program = "caddy", 10_000, "caddy"

    def prepare(self):
        m, f = self.material, self.folder
        m.write_pem(self.count)
        (f / "pem").mkdir()
        for i in range(self.count):
            (f / "pem" / m.pem_of(i).name).hardlink_to(m.pem_of(i))
        self.environment = {"GOMAXPROCS": "1", "HOME": str(f), "XDG_DATA_HOME": str(f), "XDG_CONFIG_HOME": str(f)}
        (f / "conf").write_text(json.dumps({
            "admin": {"disabled": True},
            "logging": {"logs": {"default": {"level": "ERROR"}}},
            "apps": {
                "tls": {"certificates": {"load_folders": [str(f / "pem")]}, "cache": {"capacity": 1_000_000},
                        "session_tickets": {"disabled": True}},
                "http": {"servers": {"s": {
                    "listen": [f"127.0.0.1:{self.port}"], "automatic_https": {"disable": True},
                    "tls_connection_policies": [{}],
                    "routes": [{"handle": [{"handler": "file_server", "root": str(m.folder / "www")}]}]}}}}}))

    def command(self):
        return ["caddy", "run", "--config", self.folder / "conf"]


KINDS = [Sealpost, SealpostAgain, Nginx, NginxTickets, NginxVariable, Apache, H2o, Caddy]


# --- the measurement -------------------------------------------------------------------------------


def measure(servers, count, rounds):
    for server in servers:
        server.visit(0 if isinstance(server, SealpostAgain) else 200)
        server.alone = server.visit(100, 1)[1]
    for i in range(rounds):
        for server in servers if i % 2 else reversed(servers):
            server.rows.append(server.visit(count))


def report(servers):
    for server in servers:
        costs = [row[0] for row in server.rows]
        ratio = statistics.median(o[0] / cost for o, cost in zip(servers[0].rows, costs))
        cost, p50, p99 = map(statistics.median, zip(*server.rows))
        print(f"{server.count:7} {server.name:28} {server.start:7.2f} {server.memory():6.0f}"
              f"  {cost:.3f} ({min(costs):.3f}-{max(costs):.3f}) {1000 / cost:9.0f} {p50:6.1f} {p99:6.1f} {server.alone:6.2f}"
              f" {ratio:10.2f}", flush=True)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    sizes = list(map(int, sys.argv[4:])) or DOMAINS
    if ROOT:
        os.setpriority(os.PRIO_PROCESS, 0, -5)  # before other load on the machine
    kinds = [kind for kind in KINDS if issubclass(kind, Sealpost) or shutil.which(kind.program)]
    for kind in KINDS:
        if kind not in kinds:
            print(f"{kind.name} is not installed")
    with tempfile.TemporaryDirectory(prefix="sealpost-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        material = Material(build, folder, max(sizes))
        print(f"{count} visits a round, {rounds} rounds in turn, {CONNECTIONS} at a time; medians (smallest-largest)")
        print(f"{'domains':7} {'server':28} {'start s':>7} {'MiB':>6}  {'CPU s/1000':19} {'per CPU s':>9} {'p50':>6} {'p99':>6}"
              f" {'alone':>6} {'ours/this':>10}")
        for size in sizes:
            servers = []
            try:
                for kind in kinds:
                    try:
                        if kind.least <= size <= kind.most:
                            servers.append(kind(material, folder / f"server{len(servers)}", size))
                    except TimeoutError as e:
                        print(f"{size:7} {kind.name:28} left out: {e}")
                measure(servers, count, rounds)
                report(servers)
                for kind in kinds:
                    if kind.most < size and kind not in (NginxTickets, SealpostAgain):
                        print(f"{size:7} {kind.name:28} left out: it reads all certificates into memory before it answers")
            finally:
                for server in servers:
                    server.stop()


if __name__ == "__main__":
    main()
