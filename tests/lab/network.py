"""The lab's network: a namespace for each role of a machine, all on one bridge, each with the addresses it is given.

It is built inside a network and mount namespace that the lab has for itself (see machine.py), so it touches nothing
of this machine and is gone with the lab. The addresses look public, because the programs in the lab refuse
to connect to any other; no packet leaves.
"""

import os
import subprocess

# The addresses of a role: the IPv4 prefix of its hosts, the IPv6 prefix; empty: it has no IPv6.
ROLES = {"dns": ("5.53", "2a0f:53"), "web": ("5.80", "2a0f:80"), "mail": ("5.25", "2a0f:25"),
         "sender": ("5.10", "2a0f:10"), "blocked": ("5.11", "2a0f:11"), "ipv4": ("5.12", "")}


RESOLVER = 53  # its number in the role dns


def pair(role, number):
    """The IPv4 and the IPv6 address of the role's host of that number."""
    four, six = ROLES[role]
    return f"{four}.{number >> 8}.{number & 255}", f"{six}::{number:x}"


def is_ipv6(address):
    return ":" in address


def quoted(address, port):
    return f"[{address}]:{port}" if is_ipv6(address) else f"{address}:{port}"


class Network:
    """Collects the addresses of each role and what is filtered, then builds it all at once."""

    def __init__(self):
        self.addresses = {role: list(pair(role, 1))[:2 if ROLES[role][1] else 1] for role in ROLES}
        self.rules = {role: [] for role in ROLES}
        self.nobodys = []  # addresses that no role has
        self.rules["blocked"] += ["add rule inet lab output tcp dport 25 drop",
                                  f"add rule inet lab output ip daddr != {pair('dns', RESOLVER)[0]} udp dport 53 drop",
                                  f"add rule inet lab output ip6 daddr != {pair('dns', RESOLVER)[1]} udp dport 53 drop"]

    def add(self, role, *addresses):
        for address in addresses:
            if address not in self.addresses[role]:
                self.addresses[role].append(address)

    def leave_out(self, address):
        """Nobody has this address, and who wants to go there is told so."""
        self.nobodys.append(address)

    def swallow(self, role, address):
        """TCP connections to this address get no answer, not even a refusal."""
        family = "ip6" if is_ipv6(address) else "ip"
        self.rules[role].append(f"add rule inet lab input {family} daddr {address} meta l4proto tcp drop")

    def unreachable(self, role, address):
        """A router says of this address that there is no such host."""
        family = "ip6" if is_ipv6(address) else "ip"
        self.rules[role].append(f"add rule inet lab input {family} daddr {address} meta l4proto tcp "
                                "reject with icmpx type host-unreachable")

    def build(self):
        os.makedirs("/run/netns", exist_ok=True)
        for setting in ("ipv6/conf/all/accept_dad", "ipv6/conf/default/accept_dad"):
            write(f"/proc/sys/net/{setting}", "0")
        lines = ["link set lo up", "link add lab type bridge", "link set lab up"]
        for role in ROLES:
            lines += [f"netns add {role}", f"link add {role} type veth peer name eth0 netns {role}",
                      f"link set {role} master lab up"]
        batch(lines)
        for role in ROLES:
            self.build_role(role)

    def build_role(self, role):
        lines = ["link set lo up", "link set eth0 up"]
        for address in self.addresses[role]:
            lines.append(f"addr add {address}/" + ("128 dev eth0 nodad" if is_ipv6(address) else "32 dev eth0"))
        lines += self.routes(role)
        batch(lines, "-n", role)
        if self.rules[role]:
            chains = [f"add chain inet lab {hook} {{ type filter hook {hook} priority 0; }}"
                      for hook in ("input", "output")]
            tell(["nsenter", f"--net=/run/netns/{role}", "nft", "-f", "-"],
                 "\n".join(["add table inet lab", *chains, *self.rules[role], ""]))

    def routes(self, role):
        """To the hosts of another role by way of its first one. The kernel keeps the neighbours of all namespaces of
        the machine in one table, which has room for fewer than a lab has hosts."""
        has_ipv6 = bool(ROLES[role][1])
        lines = ["route add default dev eth0", *["route add ::/0 dev eth0"] * has_ipv6]
        for other in ROLES:
            four, six = pair(other, 1)
            if other != role:
                lines.append(f"route add {ROLES[other][0]}.0.0/16 via {four} dev eth0 onlink")
            if other != role and has_ipv6 and ROLES[other][1]:
                lines.append(f"route add {ROLES[other][1]}::/32 via {six} dev eth0 onlink")
        return lines + [f"route add {address} dev eth0" for address in self.nobodys if has_ipv6 or not is_ipv6(address)]


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def tell(command, text):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stdout}")


def batch(lines, *options):
    tell(["ip", *options, "-batch", "-"], "\n".join(lines) + "\n")
