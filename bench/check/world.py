"""A world behind a slow line, for bench/check.py: many domains that share some hundred addresses.

Two network namespaces, "near" and "far", joined by bench/delay.c. Far away are the lab's root, test., signed.test and unsigned.test
in knot, nginx with the policy hosts, and bench/smtpd.c with the MX hosts. It runs in PID, mount and network
namespaces of its own, which end with it. The parts are those of tests/lab.
"""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/lab"))
# pylint: disable=wrong-import-position,import-error
import ca  # noqa: E402
from dns import Dns  # noqa: E402
from machine import private_files  # noqa: E402
from network import batch, is_ipv6, pair, quoted, tell  # noqa: E402
from servers import Servers  # noqa: E402

ZONES = {"signed.test": "signed", "unsigned.test": "unsigned"}  # the domains take turns
REPORTS = "reports.signed.test"
SHARE = 10                # domains at one address, of a policy host and of an MX host
NOWHERE = "5.66", "2a0f:66"   # nobody has these addresses, and nobody says so
POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 2592000\r\n"

# What is wrong with every twentieth domain or group of domains; the other ones are perfect.
BY_DOMAIN = {3: "testing", 7: "mx-not-listed", 17: "no-record"}
BY_GROUP = {5: "plain", 11: "mx-expired", 13: "web-self-signed"}
HANGS = ("mx-swallows", "mx-silent", "web-swallows", "web-silent")


@dataclasses.dataclass
class Domain:
    name: str
    kind: str
    web: tuple = ()
    mail: tuple = ()

    @property
    def mx(self):
        return "mx." + self.name

    @property
    def policy_host(self):
        return "mta-sts." + self.name


class Addresses:
    """What dns.py asks of a network: it collects the addresses of the name servers."""

    def __init__(self):
        self.all = []

    def add(self, _, *addresses):
        self.all += [a for a in addresses if a not in self.all]


class FarServers(Servers):
    """All servers of the lab's roles are in one namespace."""

    def spawn(self, role, name, command, environment, **more):
        return super().spawn("near" if role == "near" else "far", name, command, environment, **more)


def domains_of(count, hanging):
    """The domains, and those that hang."""
    good, bad, zones = [], [], list(ZONES)
    for number in range(count):
        group = number // SHARE
        kind = BY_GROUP.get(group % 20) or BY_DOMAIN.get(number % 20, "perfect")
        families = 1 + group % 2  # every second pair of hosts has IPv6 too
        good.append(Domain(f"d{number:04}.{zones[number // 2 % 2]}", kind, pair("web", 256 + group)[:families],
                           pair("mail", 256 + group)[:families]))
    for number in range(hanging):
        kind = HANGS[number % len(HANGS)]
        nowhere = f"{NOWHERE[0]}.{number >> 8}.{number & 255}", f"{NOWHERE[1]}::{number:x}"
        web = nowhere if kind == "web-swallows" else pair("web", 32768 + number)
        mail = nowhere if kind == "mx-swallows" else pair("mail", 32768 + number)
        bad.append(Domain(f"h{number:04}.{zones[0]}", kind, web, mail))
    return good, bad


class World:
    def __init__(self, folder, tools, milliseconds, domains):
        self.folder, self.tools, self.milliseconds, self.domains = folder, tools, milliseconds, domains
        os.makedirs(folder, exist_ok=True)
        private_files(folder)
        self.servers, self.authority = FarServers(folder), ca.Authority(os.path.join(folder, "tls"))
        self.network = Addresses()
        self.dns = Dns(folder, self.network)
        self.silent = []

    def start(self):
        self.start_line()
        self.plant_dns()
        self.dns.start(self.servers, self.authority.serve("good", "resolver.test").path)
        self.start_web()
        self.start_mail()
        self.servers.wait()

    # ---- the line ----

    def start_line(self):
        os.makedirs("/run/netns", exist_ok=True)
        batch(["netns add near", "netns add far"])
        self.servers.start(None, "delay", [f"{self.tools}/delay", str(self.milliseconds), "/run/netns/near",
                                           "/run/netns/far"], "line:ready")
        self.servers.wait()
        up = ["link set lo up", "link set slow0 up txqueuelen 100000"]
        default = ["route add default dev slow0", "route add ::/0 dev slow0"]
        four, six = pair("sender", 1)
        batch([*up, f"addr add {four}/32 dev slow0", f"addr add {six}/128 dev slow0 nodad", *default], "-n", "near")
        # Everything in these nets is this host.
        batch([*up, "addr add 5.53.255.1/32 dev slow0", "addr add 2a0f:53::ffff/128 dev slow0 nodad", *default,
               *(f"addr add {a}/{128 if is_ipv6(a) else 32} dev lo" + (" nodad" if is_ipv6(a) else "")
                 for a in self.network.all),
               *(f"route add local {net} dev lo"
                 for net in ("5.80.0.0/16", "5.25.0.0/16", "2a0f:80::/32", "2a0f:25::/32"))], "-n", "far")
        for name in ("near", "far"):
            tell(["nsenter", f"--net=/run/netns/{name}", "sh", "-c",
                  "echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind; echo 16384 >/proc/sys/net/core/somaxconn;"
                  "echo 16384 >/proc/sys/net/ipv4/tcp_max_syn_backlog;"
                  "echo '1024 65535' >/proc/sys/net/ipv4/ip_local_port_range"], "")

    def inside(self, name, *command, **more):
        return subprocess.run(["nsenter", f"--net=/run/netns/{name}", *command], check=True, text=True,
                              stdout=subprocess.PIPE, **more).stdout

    def dropped(self):
        """Packets that the two interfaces lost."""
        total = 0
        for name in ("near", "far"):
            text = self.inside(name, "cat", "/proc/net/dev")
            fields = next(line for line in text.split("\n") if "slow0:" in line).partition(":")[2].split()
            total += int(fields[3]) + int(fields[11])
        return total

    def cpu_seconds(self):
        """What the line and the servers have used so far. They and we are all that there is in this PID namespace."""
        line = servers = 0.0
        for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, _, rest = file.read_text(encoding="utf-8").partition(" (")
            except OSError:
                continue  # it has ended
            name, _, rest = rest.rpartition(") ")
            fields = rest.split()
            seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            if name == "delay":
                line += seconds
            elif int(pid) != os.getpid():
                servers += seconds
        return line, servers

    def round_trip(self):
        """Milliseconds that a TCP connection takes to be made, the median of some."""
        text = self.inside("near", sys.executable, "-c", CONNECT, SERVER)
        return float(text)

    def end_line(self):
        """Ends the line; what it says of itself, as a dict."""
        line = self.servers.running["delay"]
        line.send_signal(signal.SIGTERM)
        line.wait()
        words = self.servers.tail("delay").split()
        return {name: float(value) for name, value in zip(words[::2], words[1::2])}

    # ---- the servers ----

    def plant_dns(self):
        for zone, dnssec in ZONES.items():
            self.dns.cut(zone + ".", dnssec)
        self.dns.address(REPORTS + ".", *pair("mail", 2))
        self.dns.add(REPORTS + ".", "MX", f"10 {REPORTS}.")
        for d in self.domains:
            self.dns.add(d.name + ".", "MX", f"10 {d.mx}.")
            self.dns.address(d.mx + ".", *d.mail)
            self.dns.address(d.policy_host + ".", *d.web)
            self.dns.add(f"_smtp._tls.{d.name}.", "TXT", f'"v=TLSRPTv1; rua=mailto:tls@{REPORTS}"')
            if d.kind != "no-record":
                self.dns.add(f"_mta-sts.{d.name}.", "TXT", '"v=STSv1; id=20260101T000000"')

    def by_address(self, what):
        """The domains at each pair of addresses."""
        found = {}
        for d in self.domains:
            found.setdefault(getattr(d, what), []).append(d)
        return found.items()

    def start_web(self):
        www = os.path.join(self.folder, "www")
        os.makedirs(www)
        blocks, silent = [], []
        for both, domains in self.by_address("web"):
            kinds = {d.kind for d in domains}
            if "web-silent" in kinds:
                silent += both
            if kinds & {"web-silent", "web-swallows"}:
                continue
            kind = "self-signed" if "web-self-signed" in kinds else "good"
            names = [d.policy_host for d in domains]
            blocks.append(SERVER_BLOCK.format(
                listen="".join(f"listen {quoted(a, 443)} ssl backlog=4096; " for a in both), names=" ".join(names),
                certificate=self.authority.serve(kind, *names).path, folder=www))
            for d in domains:
                mode = "testing" if d.kind == "testing" else "enforce"
                mx = "elsewhere.test" if d.kind == "mx-not-listed" else d.mx
                with open(os.path.join(www, d.policy_host), "w", encoding="ascii", newline="") as f:
                    f.write(POLICY.format(mode=mode, mx=mx))
        file = os.path.join(self.folder, "nginx.conf")
        with open(file, "w", encoding="ascii") as f:
            f.write(NGINX.format(folder=self.folder, blocks="".join(blocks)))
        self.servers.start("web", "nginx", ["nginx", "-c", file], "detach")
        if silent:
            self.servers.start("web", "silent", [sys.executable, "-c", SILENT, *silent], "line:ready")

    def start_mail(self):
        lines = [f"{a} {self.authority.serve('good', REPORTS).path}" for a in pair("mail", 2)]
        for both, domains in self.by_address("mail"):
            kinds = {d.kind for d in domains}
            if "mx-swallows" in kinds:
                continue
            if kinds & {"plain", "mx-silent"}:
                what = "plain" if "plain" in kinds else "hang"
            else:
                kind = "expired" if "mx-expired" in kinds else "good"
                what = self.authority.serve(kind, *(d.mx for d in domains)).path
            lines += [f"{a} {what}" for a in both]
        file = os.path.join(self.folder, "smtpd.map")
        with open(file, "w", encoding="ascii") as f:
            f.write("\n".join([*lines, ""]))
        self.servers.start("mail", "smtpd", [f"{self.tools}/smtpd", file], "line:ready")


SERVER = "5.53.0.2"  # a name server, which takes TCP

CONNECT = """
import socket, statistics, sys, time
took = []
for _ in range(5):
    began = time.monotonic()
    socket.create_connection((sys.argv[1], 53)).close()
    took.append(1000 * (time.monotonic() - began))
print(statistics.median(took))
"""

# The kernel makes the connections; nobody takes them.
SILENT = """
import socket, sys, time
kept = [socket.create_server((a, 443), family=socket.AF_INET6 if ":" in a else socket.AF_INET, backlog=1000)
        for a in sys.argv[1:]]
print("ready", flush=True)
while True:
    time.sleep(1000)
"""

SERVER_BLOCK = """server {{
    {listen}
    server_name {names};
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
    location = /.well-known/mta-sts.txt {{ types {{ }} default_type text/plain; alias {folder}/$host; }}
    location / {{ return 404; }}
}}
"""

NGINX = """user root;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/log/nginx-error.log;
events {{ worker_connections 32768; }}
http {{
access_log off;
client_body_temp_path {folder}/www/body;
proxy_temp_path {folder}/www/proxy;
fastcgi_temp_path {folder}/www/fastcgi;
uwsgi_temp_path {folder}/www/uwsgi;
scgi_temp_path {folder}/www/scgi;
server_names_hash_bucket_size 256;
server_names_hash_max_size 16384;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_cache none;
open_file_cache max=10000;
{blocks}}}
"""
