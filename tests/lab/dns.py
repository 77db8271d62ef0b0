"""The lab's DNS: signed zones down from a signed root in knot, and a validating resolver, unbound.

The root zone is served at the addresses of the real root servers, so any full resolver works in the lab with the
root hints it has built in; only its trust anchor differs. RFC 6761 lets resolvers answer for test. by
themselves: libunbound and unbound must be told `local-zone: "test." nodefault`.
"""

import base64
import hashlib
import os
import struct

from ca import pem, private_info
from network import pair
from p256 import Key

HINTS = "/usr/share/dns/root.hints"
FORMER_ROOTS = ["199.9.14.201", "2001:500:200::b"]  # addresses in the hints of older resolvers
RESOLVER = pair("dns", 53)
SERVERS = {"ns1.test.": pair("dns", 2), "ns2.test.": pair("dns", 3)}  # of all zones below the root
TTL = 300


def root_servers():
    """Name and address of each root server, as every resolver knows them."""
    with open(HINTS, encoding="ascii") as f:
        rows = [line.split() for line in f if not line.startswith(";")]
    return [(row[0].lower(), row[3]) for row in rows if row[2] in ("A", "AAAA")]


class Zone:
    """A zone with its records as lines of a zone file; dnssec is signed, unsigned, bogus (the DS in the parent is
    that of another key) or missing-key (there is a DS, but the zone is not signed)."""

    def __init__(self, name, dnssec, servers):
        self.name, self.dnssec, self.key = name, dnssec, Key()
        self.lines = [f"{name} {TTL} SOA {next(iter(servers))} hostmaster.test. 1 1800 900 604800 60"]
        self.lines += [f"{name} {TTL} NS {server}" for server in servers]

    def key_data(self):
        return struct.pack("!HBB", 257, 3, 13) + self.key.public

    def key_record(self):
        return f"{self.name} 3600 DNSKEY 257 3 13 {base64.b64encode(self.key.public).decode()}"

    def ds(self):
        data = self.key_data() if self.dnssec != "bogus" else struct.pack("!HBB", 257, 3, 13) + Key().public
        total = sum(struct.unpack("!34H", data))
        tag = (total + (total >> 16)) & 0xFFFF
        owner = b"".join(bytes([len(label)]) + label.encode() for label in self.name.rstrip(".").split("."))
        return f"{tag} 13 2 {hashlib.sha256(owner + bytes([0]) + data).hexdigest()}"


class Dns:
    def __init__(self, folder, network):
        self.folder, self.network = folder, network
        self.anchor, self.resolver = os.path.join(folder, "trust-anchor"), RESOLVER[0]
        roots = root_servers()
        self.zones = {".": Zone(".", "signed", [name for name, _ in roots])}
        self.faults = []  # the servers of fault.py
        self.serving = [address for _, address in roots] + FORMER_ROOTS
        for name, address in roots:
            self.add(name, "AAAA" if ":" in address else "A", address)
        self.cut("test.")
        for name, addresses in SERVERS.items():
            self.address(name, *addresses)
            self.serving += addresses
        network.add("dns", *self.serving, *RESOLVER)

    def zone_of(self, name):
        while name not in self.zones:
            name = name.partition(".")[2] or "."
        return self.zones[name]

    def add(self, name, kind, data, ttl=TTL):
        self.zone_of(name).lines.append(f"{name} {ttl} {kind} {data}")

    def address(self, name, *addresses):
        for address in addresses:
            self.add(name, "AAAA" if ":" in address else "A", address)

    def cut(self, name, dnssec="signed", servers=None):
        """Makes the name a zone of its own; its parent must have been made before."""
        parent = self.zone_of(name)
        zone = Zone(name, dnssec, servers or SERVERS)
        parent.lines += [f"{name} {TTL} NS {server}" for server in servers or SERVERS]
        if name == "test.":
            parent.lines += [f"{server} {TTL} {kind} {address}" for server, both in SERVERS.items()
                             for kind, address in zip(("A", "AAAA"), both)]
        if dnssec != "unsigned":
            parent.lines.append(f"{name} {TTL} DS {zone.ds()}")
        self.zones[name] = zone

    def delegate_to_fault(self, name, number, fault, dnssec=None, **more):
        """The name is a zone of a server that has this fault (see fault.py). With dnssec, the zone exists, and the
        faulty server hands on what knot says of it."""
        server, addresses = f"ns-{number}.test.", pair("dns", 1000 + number)
        self.address(server, *addresses)
        self.network.add("dns", *addresses)
        self.faults += [{"listen": a, "fault": fault, "upstream": SERVERS["ns1.test."][0], **more} for a in addresses]
        if dnssec:
            servers = [server] if not more.get("beside") else [*SERVERS, server]
            self.cut(name, dnssec, servers)
        else:
            self.add(name, "NS", server)

    # ---- the servers ----

    def write(self):
        for sub in ("zones", "keys", "run"):
            os.makedirs(os.path.join(self.folder, sub), exist_ok=True)
        blocks = []
        for zone in self.zones.values():
            file = os.path.join(self.folder, "zones", (zone.name.rstrip(".") or "root") + ".zone")
            with open(file, "w", encoding="ascii") as f:
                f.write("\n".join([*zone.lines, ""]))
            signing = "on" if zone.dnssec in ("signed", "bogus") else "off"
            blocks.append(f"  - domain: {zone.name}\n    file: {file}\n    dnssec-signing: {signing}\n"
                          "    dnssec-policy: lab\n")
        with open(os.path.join(self.folder, "knot.conf"), "w", encoding="ascii") as f:
            f.write(KNOT.format(folder=self.folder, listen=", ".join(f"{a}@53" for a in self.serving))
                    + "".join(blocks))
        with open(self.anchor, "w", encoding="ascii") as f:
            f.write(self.zones["."].key_record() + "\n")

    def import_keys(self, servers):
        """knot signs with keys that we know already, so that the parents can have their DS."""
        waiting = []
        for zone in self.zones.values():
            if zone.dnssec not in ("signed", "bogus"):
                continue
            file = os.path.join(self.folder, "keys", (zone.name.rstrip(".") or "root") + ".pem")
            with open(file, "w", encoding="ascii") as f:
                f.write(pem("PRIVATE KEY", private_info(zone.key)))
            waiting.append(servers.begin(["keymgr", "-c", os.path.join(self.folder, "knot.conf"), zone.name,
                                          "import-pem", file, "algorithm=13", "ksk=yes", "zsk=yes"]))
        for process in waiting:
            servers.end(process)

    def start(self, servers, resolver_certificate):
        self.write()
        self.import_keys(servers)
        servers.start("dns", "knotd", ["knotd", "-c", os.path.join(self.folder, "knot.conf")], "notify")
        file = os.path.join(self.folder, "unbound.conf")
        with open(file, "w", encoding="ascii") as f:
            f.write(UNBOUND.format(folder=self.folder, anchor=self.anchor, tls=resolver_certificate,
                                   listen="".join(f"  interface: {a}\n  interface: {a}@853\n" for a in RESOLVER)))
        servers.start("dns", "unbound", ["unbound", "-d", "-p", "-c", file], "notify")
        if self.faults:
            servers.start_faults("dns", "dns", self.faults)


def resolv_conf():
    return "".join(f"nameserver {a}\n" for a in RESOLVER) + "options edns0 trust-ad timeout:5 attempts:2\n"



KNOT = """server:
  rundir: {folder}/run
  listen: [{listen}]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 2
log:
  - target: stderr
    any: info
database:
  storage: {folder}/keys
policy:
  - id: lab
    algorithm: ecdsap256sha256
    manual: on
    single-type-signing: on
    nsec3: off
template:
  - id: default
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
"""

UNBOUND = """server:
  directory: {folder}
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  log-queries: no
  val-log-level: 2
  num-threads: 1
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  trust-anchor-file: {anchor}
  local-zone: "test." nodefault
  tls-service-key: {tls}
  tls-service-pem: {tls}
  ede: yes
  infra-host-ttl: 5
{listen}remote-control:
  control-enable: no
"""
