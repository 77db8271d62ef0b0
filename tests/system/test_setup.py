#!/usr/bin/env python3
"""`sealpost setup` against a real DNS server: knot with signed and broken zones on loopback.

    test_setup.py SEALPOST

Prints TAP.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

ZONES = {
    "test": """
test. 60 SOA ns.test. hostmaster.test. 1 60 60 60 60
test. 60 NS ns.test.
ns.test. 60 A 127.0.0.1
ok.test. 60 MX 20 mx2.ok.test.
ok.test. 60 MX 10 MX1.ok.test.
null.test. 60 MX 0 .
plain.test. 60 A 9.9.9.9
address.test. 60 MX 0 192.0.2.1.
bogus.test. 60 NS ns.test.
bogus.test. 60 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
""",
    "bogus.test": """
bogus.test. 60 SOA ns.test. hostmaster.test. 1 60 60 60 60
bogus.test. 60 NS ns.test.
bogus.test. 60 MX 10 mx.bogus.test.
""",
}

KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}/run
database:
  storage: {folder}/db
policy:
  - id: signed
    algorithm: ecdsap256sha256
    ksk-lifetime: 0
    zsk-lifetime: 0
template:
  - id: default
    storage: {folder}
    file: "%s.zone"
    semantic-checks: off
    dnssec-signing: on
    dnssec-policy: signed
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: changes
zone:
{zones}
"""


def free_port():
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Knot:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        for name in ("run", "db"):
            os.mkdir(f"{folder}/{name}")
        for zone, text in ZONES.items():
            with open(f"{folder}/{zone}.zone", "w", encoding="ascii") as f:
                f.write(text.lstrip())
        self.config = f"{folder}/knot.conf"
        with open(self.config, "w", encoding="ascii") as f:
            f.write(KNOT.format(port=self.port, folder=folder,
                                zones="".join(f"  - domain: {z}\n" for z in ZONES)))
        self.process = subprocess.Popen(["knotd", "-c", self.config], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seen = ""
        for line in self.process.stdout:
            seen += line
            if "server started" in line:
                return
        sys.exit("knotd did not start:\n" + seen)

    def trust_anchor(self):
        ds = subprocess.run(["keymgr", "-c", self.config, "test", "ds"], check=True, text=True,
                            capture_output=True).stdout
        path = f"{self.folder}/root.key"
        with open(path, "w", encoding="ascii") as f:
            f.write(ds.replace(" DS ", " IN DS "))
        return path

    def stop(self):
        self.process.terminate()
        self.process.stdout.read()
        self.process.wait()


def main():
    sealpost = os.path.abspath(sys.argv[1])
    if not shutil.which("knotd", path=os.environ["PATH"] + ":/usr/sbin"):
        sys.exit("knotd is missing: install the package knot")
    os.environ["PATH"] += ":/usr/sbin"
    folder = tempfile.mkdtemp(prefix="sealpost-setup-")
    knot = Knot(folder)
    config = f"{folder}/sealpost.conf"

    def setup(domain, forward, *more):
        with open(config, "w", encoding="ascii") as f:
            f.write(f"[store]\npath = {folder}/store\n[dns]\nforward = 127.0.0.1:{forward}\n"
                    f"trust_anchor = {anchor}\n")
        return subprocess.run(
            [sealpost, "setup", domain, "--config", config, "--address", "9.9.9.9", "--rua",
             f"mailto:tls@{domain}", "--lang", "en", "--json", *more],
            text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)

    points = []

    def point(name, good, run):
        points.append(good)
        print(f"{'ok' if good else 'not ok'} {len(points)} - {name}", flush=True)
        if not good:
            print(f"# exit {run.returncode}\n# {run.stdout}\n# {run.stderr}".replace("\n", "\n# "))

    def fails(name, run, status, text):
        point(name, run.returncode == status and text in run.stderr and run.stdout == "", run)

    try:
        anchor = knot.trust_anchor()
        run = setup("ok.test", knot.port)
        point("MX records are taken in the order of preference, in lower case",
              run.returncode == 0 and
              json.loads(run.stdout)["mx"] == ["mx1.ok.test", "mx2.ok.test"], run)
        run = setup("plain.test", knot.port)
        point("without an MX record the domain itself is the mail host (RFC 5321 5.1)",
              run.returncode == 0 and json.loads(run.stdout)["mx"] == ["plain.test"], run)
        fails("a null MX takes no mail (RFC 7505)", setup("null.test", knot.port), 2, "null MX")
        fails("an MX that is an address is refused", setup("address.test", knot.port), 2,
              '"192.0.2.1", which is no host name')
        fails("a name that does not exist", setup("absent.test", knot.port), 2,
              "absent.test does not exist")
        fails("a broken chain of trust is told from a failure (RFC 4035 5.5)",
              setup("bogus.test", knot.port), 3, "fail DNSSEC validation")
        fails("nobody answers", setup("ok.test", free_port()), 3, "no DNS server answered")
        anchor = "/dev/null"
        run = setup("bogus.test", knot.port)
        point("an empty trust anchor switches validation off",
              run.returncode == 0 and json.loads(run.stdout)["mx"] == ["mx.bogus.test"], run)
    finally:
        knot.stop()
        shutil.rmtree(folder)
    print(f"1..{len(points)}")
    return 0 if all(points) else 1


if __name__ == "__main__":
    sys.exit(main())
