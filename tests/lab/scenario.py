"""Reads scenarios: short files that say how a domain differs from a perfect one, and what `sealpost check` must find.

README.md has the grammar. A scenario names no address and no file; plant.py does.
"""

import dataclasses
import glob
import os

HOST_WORDS = {"ipv4", "ipv6", "certificate", "certificate-ipv6", "default-certificate", "tls", "fault", "cname", "ttl", "more"}
WEB_WORDS = HOST_WORDS | {"status", "redirect", "type", "header", "body", "browsers-only", "other-body-ipv6", "seconds",
                          "server"}
MX_WORDS = HOST_WORDS | {"name", "preference", "starttls", "option"}
POLICY_WORDS = {"mode", "max_age", "mx", "line", "without", "text", "eol", "size", "bom"}
ENFORCE = ("already", "safe", "unsafe", "unknown", "nothing")
SEVERITIES = ("ok", "note", "warning", "error")
REPEATED = {"header", "option", "mx", "line", "without"}  # words that may come several times


class ScenarioError(Exception):
    pass


@dataclasses.dataclass
class Scenario:
    name: str
    title: str = ""
    absent: bool = False                                          # there is no such domain
    dnssec: list = dataclasses.field(default_factory=list)        # empty: part of the signed zone test.
    delegations: list = dataclasses.field(default_factory=list)   # (name, fault, *words)
    records: list = dataclasses.field(default_factory=list)       # (name, type, data)
    sts_txt: list = dataclasses.field(default_factory=list)       # None stands for none
    tls_txt: list = dataclasses.field(default_factory=list)
    sts_ttl: int = 300
    policy_host: dict = dataclasses.field(default_factory=dict)
    https: dict | None = None                                     # the host reports.DOMAIN
    mx: list = dataclasses.field(default_factory=lambda: [{}])    # one dict a host; empty: no MX record
    null_mx: bool = False
    bare: bool = False                                            # neither MX records nor addresses
    policy: dict = dataclasses.field(default_factory=dict)
    tlsa: list = dataclasses.field(default_factory=list)          # (number of the MX, usage, selector, matching, what)
    expected: list = dataclasses.field(default_factory=list)      # (severity, code)
    enforce: str = ""                                             # what the verdict must say of it; empty: anything
    verdict: list = dataclasses.field(default_factory=list)       # codes that must be among its sentences
    next: list = dataclasses.field(default_factory=list)          # codes of its next steps, all in order; empty: any
    options: list = dataclasses.field(default_factory=list)       # of sealpost check

    @property
    def domain(self):
        return self.name + ".test"


def read_all(folder):
    files = sorted(glob.glob(os.path.join(folder, "*.scenario")))
    return [read(file) for file in files]


def read(file):
    with open(file, encoding="utf-8") as f:
        lines = f.read().split("\n")
    scenario = Scenario(os.path.basename(file).removesuffix(".scenario"))
    for number, line in enumerate(lines, 1):
        text = line.replace("$D", scenario.domain).strip()
        if text.startswith("#") and not scenario.title:
            scenario.title = text[1:].strip()
        elif text and not text.startswith("#"):
            try:
                take(scenario, *text.partition(" ")[::2])
            except (ScenarioError, ValueError) as e:
                raise ScenarioError(f"{file}:{number}: {e}: {line}") from e
    return scenario


def demand(condition, what):
    if not condition:
        raise ScenarioError(what)


def take(scenario, keyword, rest):
    """One line: the keyword and what follows it."""
    if keyword == "mx" and rest in ("none", "null"):
        scenario.mx, scenario.null_mx = [], rest == "null"
    elif keyword == "mx" and rest == "bare":
        scenario.mx, scenario.bare = [], True
    elif keyword in ("mx", "mx2", "mx3"):
        number = int(keyword[2:] or 1)
        while len(scenario.mx) < number:
            scenario.mx.append({})
        take_word(scenario.mx[number - 1], MX_WORDS, rest)
    elif keyword == "policy-host":
        take_word(scenario.policy_host, WEB_WORDS, rest)
    elif keyword == "https":
        scenario.https = scenario.https or {}
        take_word(scenario.https, WEB_WORDS, rest)
    elif keyword == "policy":
        take_word(scenario.policy, POLICY_WORDS, rest)
    elif keyword in ("sts-txt", "tls-txt"):
        getattr(scenario, keyword.replace("-", "_")).append(None if rest == "none" else rest)
    elif keyword == "absent":
        scenario.absent = True
    elif keyword == "sts-ttl":
        scenario.sts_ttl = int(rest)
    elif keyword == "dnssec":
        scenario.dnssec = rest.split()
    elif keyword == "delegate":
        scenario.delegations.append(rest.split())
    elif keyword == "record":
        name, kind, data = rest.split(None, 2)
        scenario.records.append((name, kind, data))
    elif keyword == "tlsa":
        host, *numbers, what = rest.split()
        scenario.tlsa.append((int(host[2:] or 1), *map(int, numbers), what))
    elif keyword == "expect":
        severity, code = rest.split()
        if severity == "enforce":
            demand(code in ENFORCE, "no such word of enforce")
            scenario.enforce = code
        elif severity in ("verdict", "next"):
            getattr(scenario, severity).append(code)
        else:
            demand(severity in SEVERITIES, "no such severity")
            scenario.expected.append((severity, code))
    elif keyword == "option":
        scenario.options += rest.split()
    else:
        raise ScenarioError("no such keyword")


def take_word(into, words, rest):
    if not rest:
        return  # the host as it is by default
    word, _, value = rest.partition(" ")
    demand(word in words, "no such word")
    if word in REPEATED:
        into.setdefault(word, []).append(value)
    else:
        demand(word not in into, "said twice")
        into[word] = value


def policy_text(scenario, mx_names):
    """The body of the policy as the scenario wants it."""
    words = scenario.policy
    if "text" in words:
        return words["text"].encode().decode("unicode_escape")
    patterns = words.get("mx", mx_names)
    lines = ["version: STSv1", f"mode: {words.get('mode', 'enforce')}", *(f"mx: {p}" for p in patterns),
             f"max_age: {words.get('max_age', 2592000)}"]
    lines = [line for line in lines if line.partition(":")[0] not in words.get("without", ())]
    lines += words.get("line", ())
    eol = {"lf": "\n", "cr": "\r"}.get(words.get("eol"), "\r\n")
    text = eol.join(lines) + ("" if words.get("eol") == "none" else eol)
    if "size" in words:
        text = padded(text, int(words["size"]))
    return "\ufeff" + text if "bom" in words else text


def padded(text, size):
    """The policy made longer by extension fields, which RFC 8461 has receivers ignore."""
    while len(text) < size:
        missing = size - len(text)
        field = f"filler{missing}: "
        width = min(missing, 1000) if missing - min(missing, 1000) > 40 or missing <= 1000 else 900
        text += field + "x" * max(1, width - len(field) - 2) + "\r\n"
    return text
