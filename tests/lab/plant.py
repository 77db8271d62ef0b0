"""Plants the domains of scenarios into the lab: their records, certificates, web and mail servers, faults."""

import ipaddress

import ca
import scenario as reader
from mail import MxHost
from network import is_ipv6, pair
from web import Site

TLS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
BROKEN_ZONES = ("broken-signature", "servfail", "mx-servfail", "hang", "refused")
ABOUT_TLS = {"certificate", "certificate-ipv6", "default-certificate", "tls", "starttls", "option"}
MORE = 10000  # from one of a host's further addresses to the next
POOL = 24  # hosts that share a certificate
SECONDARIES = {"lame-secondary": "servfail", "silent-secondary": "hang"}  # one of three servers does that
REPORTS = "reports.test"  # where the perfect domain's reports go


def quoted(text):
    """A TXT record's data, in strings of at most 255 bytes."""
    data = text.encode()
    parts = [data[i:i + 255] for i in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}" for b in part) + '"'
                    for part in parts)


def can_be_given(address):
    """Whether a server can be put at an address that a scenario names: a private one that is not every machine's
    own. Whoever connects to it in spite of what it is finds a server in perfect order."""
    parsed = ipaddress.ip_address(address)
    return parsed.is_private and not parsed.is_loopback and not getattr(parsed, "ipv4_mapped", None)


def mx_name(scenario, i):
    return scenario.mx[i].get("name", f"mx{i + 1 if i else ''}.{scenario.domain}.")


class Planter:
    def __init__(self, network, dns, web, mail, authority):
        self.network, self.dns, self.web, self.mail, self.authority = network, dns, web, mail, authority
        self.pools = {}  # MX host: all the hosts of its certificate
        self.hosts = {}  # what a person may want to know: domain -> host name -> its addresses

    def common(self):
        """What is there for all scenarios."""
        self.dns.address("sender.test.", *pair("sender", 1))
        self.dns.address("resolver.test.", *pair("dns", 53))
        scenario = reader.Scenario("reports")
        self.plant(0, scenario)

    def plant_all(self, scenarios):
        self.share_certificates(scenarios)
        for number, one in enumerate(scenarios, 1):
            self.plant(number, one)

    def share_certificates(self, scenarios):
        """MX hosts about whose certificate nothing is said share one with others, as at a mail provider, and with it
        the processes that serve them: a burst of connections would start hundreds otherwise."""
        names = [mx_name(scenario, i).rstrip(".") for scenario in scenarios for i, words in enumerate(scenario.mx)
                 if not ABOUT_TLS & set(words)]
        for at in range(0, len(names), POOL):
            self.pools.update({name: names[at:at + POOL] for name in names[at:at + POOL]})

    def plant(self, number, scenario):
        domain = scenario.domain + "."
        self.hosts[scenario.domain] = {}
        if scenario.absent:
            return
        self.cut_zone(number, scenario, domain)
        mx_names = self.plant_mx(number, scenario, domain)
        self.plant_texts(scenario, domain)
        body = reader.policy_text(scenario, mx_names)
        self.plant_web(pair("web", 256 + number), "mta-sts." + domain, scenario.policy_host, body)
        if scenario.https is not None:
            self.plant_web(pair("web", 8192 + number), "reports." + domain, scenario.https, "thanks\n", path="/")
        for name, kind, data in scenario.records:
            self.dns.add(self.absolute(name, domain), kind, data)

    @staticmethod
    def absolute(name, domain):
        return name if name.endswith(".") else domain if name == "@" else f"{name}.{domain}"

    # ---- DNS ----

    def cut_zone(self, number, scenario, domain):
        kind, *words = scenario.dnssec or [""]
        if kind in BROKEN_ZONES:
            self.dns.delegate_to_fault(domain, number, kind, "signed" if kind == "broken-signature" else "unsigned")
        elif kind in ("old-secondary", "old-secondary-ipv6"):  # one of three servers of the zone has other data
            self.dns.delegate_to_fault(domain, number, "replace", "unsigned", beside=True, old=words[0], new=words[1],
                                       only=kind.endswith("-ipv6") and is_ipv6)
        elif kind == "secondary-without":  # one of three servers does not know a name
            self.dns.delegate_to_fault(domain, number, "without", "unsigned", beside="unseen", label=words[0])
        elif kind in SECONDARIES:
            self.dns.delegate_to_fault(domain, number, SECONDARIES[kind], "unsigned", beside=True)
        elif kind:
            self.dns.cut(domain, kind)
        for i, (name, fault, *more) in enumerate(scenario.delegations):
            self.dns.delegate_to_fault(self.absolute(name, domain), 1000 * (i + 1) + number, fault,
                                       **dict(word.split("=", 1) for word in more))

    def plant_texts(self, scenario, domain):
        for text in scenario.sts_txt or ["v=STSv1; id=20260101T000000"]:
            if text is not None:
                self.dns.add("_mta-sts." + domain, "TXT", quoted(text), scenario.sts_ttl)
        for text in scenario.tls_txt or [f"v=TLSRPTv1; rua=mailto:tls-reports@{REPORTS}"]:
            if text is not None:
                self.dns.add("_smtp._tls." + domain, "TXT", quoted(text))

    # ---- hosts ----

    def addresses(self, role, words, both, name):
        """Puts a host's addresses into DNS. Returns those at which the real server listens, and those with a
        fault as (address, fault)."""
        real, faulty, listed = [], [], []
        for family, address in zip(("ipv4", "ipv6"), both):
            how = words.get(family, words.get("fault", ""))
            if how == "none":
                continue
            if ":" in how or how[:1].isdigit():
                address, how = how, "" if can_be_given(how) else "elsewhere"
            if how == "unassigned":
                self.network.leave_out(address)
            elif how != "elsewhere":
                self.network.add(role, address)
            listed.append(address)
            if how == "swallow":
                self.network.swallow(role, address)
            elif how == "unreachable":
                self.network.unreachable(role, address)
            elif not how:
                real.append(address)
            elif how not in ("closed", "unassigned", "elsewhere"):
                faulty.append((address, how))
        if "cname" in words:
            self.dns.add(name, "CNAME", words["cname"])
            name = words["cname"]
        for address in listed:
            self.dns.add(name, "AAAA" if is_ipv6(address) else "A", address, int(words.get("ttl", 300)))
        return real, faulty, listed

    def more_addresses(self, role, words, first, name):
        """The host's further IPv4 addresses beside its own."""
        more = [str(ipaddress.ip_address(first) + MORE * (i + 1)) for i in range(int(words.get("more", 0)))]
        self.network.add(role, *more)
        for address in more:
            self.dns.add(name, "A", address)
        return more

    def certificate(self, words, name):
        kind, *names = words.get("certificate", "good").split()
        if "certificate" not in words and name.rstrip(".") in self.pools:
            names = self.pools[name.rstrip(".")]
        return self.authority.serve(kind, *(names or [name.rstrip(".")]))

    def by_certificate(self, words, name, addresses):
        """The addresses by the certificate that is shown there: (file, addresses)."""
        file = self.certificate(words, name).path
        if "certificate-ipv6" not in words:
            return [(file, addresses)]
        other = self.authority.serve(*words["certificate-ipv6"].split(), name.rstrip(".")).path
        return [(file, [a for a in addresses if not is_ipv6(a)]), (other, [a for a in addresses if is_ipv6(a)])]

    def default_certificate(self, words, name):
        kind, *names = words.get("default-certificate", "").split() or [""]
        if not kind:
            return ""
        return self.authority.serve(kind, *(names or [name.rstrip(".")])).path

    def plant_web(self, both, name, words, body, path=None):
        real, faulty, listed = self.addresses("web", words, both, name)
        real += self.more_addresses("web", words, both[0], name)
        common = {"name": name.rstrip("."),
                  "default": self.default_certificate(words, name), "body": words.get("body", body),
                  "media_type": {"none": ""}.get(words.get("type"), words.get("type", "text/plain")),
                  "server": words.get("server", "nginx"), "headers": tuple(words.get("header", ())),
                  "browsers_only": "browsers-only" in words,
                  "tls": " ".join(TLS[v] for v in words.get("tls", "1.2 1.3").split())}
        if path:
            common["path"] = path
        if "redirect" in words:
            common["status"], common["location"] = words["redirect"].split()
        elif "status" in words:
            common["status"] = int(words["status"])
        if "other-body-ipv6" in words:
            other = [a for a in real if is_ipv6(a)]
            real = [a for a in real if ":" not in a]
            self.web.serve(Site(addresses=other, certificate=self.certificate(words, name).path,
                                **{**common, "body": body + "extension: other\r\n"}))
        for certificate, addresses in self.by_certificate(words, name, real):
            if addresses:
                self.web.serve(Site(addresses=addresses, certificate=certificate, **common))
        certificate = self.certificate(words, name).path
        for address, fault in faulty:
            self.web.faults.append({"listen": address, "fault": fault, "name": name.rstrip("."), "certificate": certificate,
                                    "body": common["body"], "seconds": float(words.get("seconds", 7))})
        self.note(name, listed)

    def plant_mx(self, number, scenario, domain):
        if scenario.bare:
            return []
        if scenario.null_mx:
            self.dns.add(domain, "MX", "0 .")
        names = []
        for i, words in enumerate(scenario.mx):
            name = mx_name(scenario, i)
            names.append(name.rstrip("."))
            self.dns.add(domain, "MX", f"{words.get('preference', 10 * (i + 1))} {name}")
            if "name" not in words or name.endswith(domain):
                self.plant_mx_host(pair("mail", 256 + 4 * number + i), name, words)
        if not scenario.mx and not scenario.null_mx:  # the implicit MX: the domain's own addresses, RFC 5321 5.1
            self.plant_mx_host(pair("mail", 256 + 4 * number), domain, {})
            names.append(scenario.domain)
        for host, usage, selector, matching, what in scenario.tlsa:
            name = names[host - 1]
            served = self.certificate(scenario.mx[host - 1] if what != "stale" else {"certificate": "good stale"}, name)
            depth = 1 if what == "issuer" else 0
            self.dns.add(f"_25._tcp.{name}.", "TLSA", ca.tlsa(served, usage, selector, matching, depth))
        return names

    def plant_mx_host(self, both, name, words):
        real, faulty, listed = self.addresses("mail", words, both, name)
        real += self.more_addresses("mail", words, both[0], name)
        versions = ",".join(TLS[v] for v in words["tls"].split()) if "tls" in words else ">=TLSv1.2"
        for certificate, addresses in self.by_certificate(words, name, real):
            if addresses:
                self.mail.serve(MxHost(name.rstrip("."), addresses, certificate, self.default_certificate(words, name),
                                       words.get("starttls") != "none", versions, tuple(words.get("option", ()))))
        certificate = self.certificate(words, name).path
        self.mail.faults += [{"listen": address, "fault": fault, "name": name.rstrip("."), "certificate": certificate}
                             for address, fault in faulty]
        self.note(name, listed)

    def note(self, name, addresses):
        domain = next((d for d in self.hosts if name.endswith(d + ".")), None)
        if domain:
            self.hosts[domain][name.rstrip(".")] = addresses
