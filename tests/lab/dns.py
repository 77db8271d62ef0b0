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
from network import RESOLVER as RESOLVER_NUMBER, is_ipv6, pair
from p256 import Key

HINTS = "/usr/share/dns/root.hints"
FORMER_ROOTS = ["199.9.14.201", "2001:500:200::b"]  # addresses in the hints of older resolvers
RESOLVER = pair("dns", RESOLVER_NUMBER)
TOP = {"ns1.test.": pair("dns", 2), "ns2.test.": pair("dns", 3)}      # the servers of test.
BELOW = {"ns3.test.": pair("dns", 4), "ns4.test.": pair("dns", 5)}    # of all zones below it
TTL = 300
KEYMGR_AT_ONCE = 2   # its database of keys has room for few readers at a time, fewer than there are zones


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

    def is_signed(self):
        return self.dnssec in ("signed", "bogus")

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
        for name, address in roots:
            self.add(name, "AAAA" if is_ipv6(address) else "A", address)
        self.cut("test.")
        for name, addresses in {**TOP, **BELOW}.items():
            self.address(name, *addresses)
        # Two knots, so that nobody learns of a zone below test. but by its delegation.
        self.top = Knot(folder, "top", [address for _, address in roots] + FORMER_ROOTS + listed(TOP))
        self.below = Knot(folder, "below", listed(BELOW))
        network.add("dns", *self.top.addresses, *self.below.addresses, *RESOLVER)

    def zone_of(self, name):
        while name not in self.zones:
            name = name.partition(".")[2] or "."
        return self.zones[name]

    def add(self, name, kind, data, ttl=TTL):
        self.zone_of(name).lines.append(f"{name} {ttl} {kind} {data}")

    def address(self, name, *addresses):
        for address in addresses:
            self.add(name, "AAAA" if is_ipv6(address) else "A", address)

    def cut(self, name, dnssec="signed", servers=None):
        """Makes the name a zone of its own; its parent must have been made before."""
        parent, servers = self.zone_of(name), servers or (TOP if name == "test." else BELOW)
        zone = Zone(name, dnssec, servers)
        parent.lines += [f"{name} {TTL} NS {server}" for server in servers]
        if name == "test.":
            parent.lines += [f"{server} {TTL} {kind} {address}" for server, both in TOP.items()
                             for kind, address in zip(("A", "AAAA"), both)]
        if dnssec != "unsigned":
            parent.lines.append(f"{name} {TTL} DS {zone.ds()}")
        self.zones[name] = zone

    def delegate_to_fault(self, name, number, fault, dnssec=None, only=None, **more):
        """The name is a zone of a server that has this fault (see fault.py), or has it only at the addresses that
        `only` is true of. With dnssec, the zone exists, and the faulty server hands on what knot says of it; it is the only one, or stands `beside` good ones, or is "unseen" by
        resolvers: the zone names it beside good ones, the delegation does not."""
        server, addresses = f"ns-{number}.test.", pair("dns", 1000 + number)
        self.address(server, *addresses)
        self.network.add("dns", *addresses)
        self.faults += [{"listen": a, "fault": fault if not only or only(a) else "none",
                         "upstream": BELOW["ns3.test."][0], **more} for a in addresses]
        if dnssec:
            beside = more.get("beside")
            self.cut(name, dnssec, BELOW if beside == "unseen" else [*BELOW, server] if beside else [server])
            if beside == "unseen":
                self.add(name, "NS", server)
        else:
            self.add(name, "NS", server)

    def start(self, servers, resolver_certificate):
        with open(self.anchor, "w", encoding="ascii") as f:
            f.write(self.zones["."].key_record() + "\n")
        self.top.start(servers, [zone for zone in self.zones.values() if zone.name in (".", "test.")])
        self.below.start(servers, [zone for zone in self.zones.values() if zone.name not in (".", "test.")])
        file = os.path.join(self.folder, "unbound.conf")
        with open(file, "w", encoding="ascii") as f:
            f.write(UNBOUND.format(folder=self.folder, anchor=self.anchor, tls=resolver_certificate,
                                   listen="".join(f"  interface: {a}\n  interface: {a}@853\n" for a in RESOLVER)))
        servers.start("dns", "unbound", ["unbound", "-d", "-p", "-c", file], "notify")
        if self.faults:
            servers.start_faults("dns", "dns", self.faults)


class Knot:
    """One name server, with its zones, at its addresses."""

    def __init__(self, folder, name, addresses):
        self.name, self.addresses = name, addresses
        self.folder = os.path.join(folder, "knot-" + name)
        self.configuration = os.path.join(self.folder, "knot.conf")

    def start(self, servers, zones):
        self.write(zones)
        self.import_keys(servers, [zone for zone in zones if zone.is_signed()])
        servers.start("dns", "knot-" + self.name, ["knotd", "-c", self.configuration], "notify")

    def write(self, zones):
        for sub in ("zones", "keys", "run"):
            os.makedirs(os.path.join(self.folder, sub), exist_ok=True)
        blocks = []
        for zone in zones:
            file = self.file("zones", zone)
            with open(file, "w", encoding="ascii") as f:
                f.write("\n".join([*zone.lines, ""]))
            blocks.append(f"  - domain: {zone.name}\n    file: {file}\n    dnssec-policy: lab\n"
                          f"    dnssec-signing: {'on' if zone.is_signed() else 'off'}\n")
        with open(self.configuration, "w", encoding="ascii") as f:
            f.write(KNOT.format(folder=self.folder, listen=", ".join(f"{a}@53" for a in self.addresses))
                    + ("zone:\n" if blocks else "") + "".join(blocks))

    def file(self, kind, zone):
        return os.path.join(self.folder, kind, zone.name.rstrip(".") or "root")

    def import_keys(self, servers, zones):
        """knot signs with keys that we know already, so that the parents can have their DS."""
        waiting = []
        for zone in zones:
            file = self.file("keys", zone) + ".pem"
            with open(file, "w", encoding="ascii") as f:
                f.write(pem("PRIVATE KEY", private_info(zone.key)))
            waiting.append(servers.begin(["keymgr", "-c", self.configuration, zone.name, "import-pem", file,
                                          "algorithm=13", "ksk=yes", "zsk=yes"]))
            if len(waiting) >= KEYMGR_AT_ONCE:
                servers.end(waiting.pop(0))
        for process in waiting:
            servers.end(process)


def listed(servers):
    return [address for addresses in servers.values() for address in addresses]


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
  cache-max-ttl: 604800
{listen}remote-control:
  control-enable: no
"""
