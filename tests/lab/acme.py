"""Pebble, the small ACME server of Let's Encrypt, with the lab's resolver. It validates at ports 80 and 443."""

import json
import os

from dns import RESOLVER
from network import pair, quoted


class Pebble:
    # The names of real CAs too, for what is built in: a test lets them lead here.
    LETSENCRYPT = ["acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org"]
    NAME, DIRECTORY, MANAGEMENT = "pebble.test", "https://pebble.test:14000/dir", "https://pebble.test:15000"

    def __init__(self, folder, network, dns, authority):
        self.folder, self.addresses = folder, pair("web", 2)
        network.add("web", *self.addresses)
        dns.address(self.NAME + ".", *self.addresses)
        served = authority.serve("good", self.NAME, *self.LETSENCRYPT)
        self.settings = {"pebble": {
            "listenAddress": quoted(self.addresses[0], 14000),
            "managementListenAddress": quoted(self.addresses[0], 15000),
            "certificate": served.path, "privateKey": served.path, "httpPort": 80, "tlsPort": 443,
            "ocspResponderURL": "", "externalAccountBindingRequired": False}}

    def write(self):
        file = os.path.join(self.folder, "pebble.json")
        with open(file, "w", encoding="ascii") as f:
            json.dump(self.settings, f)
        return file

    def start(self, servers):
        servers.start("web", "pebble", ["pebble", "-config", self.write(), "-dnsserver", quoted(RESOLVER[0], 53)],
                      "line:ACME directory available", PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0")


class PebbleSettings(Pebble):
    """Its address, name and certificate, and the settings to start it with: for tests that start it themselves."""

    def start(self, _servers):
        self.write()
