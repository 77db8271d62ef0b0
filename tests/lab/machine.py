#!/usr/bin/env python3
"""The first process of a lab: builds it and stays until the lab ends.

    machine.py FOLDER SCENARIOS|none [attached] [pebble|pebble-settings] [dovecot] [program=SEALPOST]

Started by lab.py in PID, mount, network and UTS namespaces of its own: when this process ends, however it ends,
the kernel ends every other process of the lab and takes its networks and mounts away. Nothing else needs to clean up. Prints one
line of JSON when the lab is up, or {"failed": WHY}. With `attached`, it ends when its standard input does.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback

import scenario
from acme import Pebble, PebbleSettings
from ca import Authority
from dns import Dns, resolv_conf
from mail import Dovecot, Mail
from network import ROLES, Network, pair
from plant import Planter
from servers import Servers
from web import Web


ON_DEMAND = {"pebble": Pebble, "pebble-settings": PebbleSettings, "dovecot": Dovecot}


def private_files(folder):
    """This machine's files as the lab's programs must see them, in this mount namespace only."""
    socket.sethostname("lab")  # servers ask for its address, before there is a resolver
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    for path, text in (("/etc/resolv.conf", resolv_conf()),
                       ("/etc/hosts", "127.0.0.1 localhost lab\n::1 localhost lab\n"),
                       ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")):
        mine = os.path.join(folder, os.path.basename(path))
        with open(mine, "w", encoding="ascii") as f:
            f.write(text)
        place = os.path.realpath(path)
        if not os.path.exists(place):  # a link into /run, mostly
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w", encoding="ascii"):
                pass
        subprocess.run(["mount", "--bind", mine, place], check=True)


def build(folder, scenarios, needs):
    began = time.monotonic()
    private_files(folder)
    servers, network, authority = Servers(folder), Network(), Authority(os.path.join(folder, "tls"))
    program = next((need.partition("=")[2] for need in needs if need.startswith("program=")), None)
    dns, web, mail = Dns(folder, network), Web(folder, program), Mail(folder, authority)
    planter = Planter(network, dns, web, mail, authority)
    planter.common()
    planter.plant_all(scenarios)
    extra = [Server(folder, network, dns, authority) for name, Server in ON_DEMAND.items() if name in needs]
    network.build()
    dns.start(servers, authority.serve("good", "resolver.test").path)
    web.start(servers)
    mail.start(servers)
    for server in extra:
        server.start(servers)
    servers.wait()
    return servers, {"folder": folder, "trust_anchor": dns.anchor, "ca_file": authority.file, "resolver": dns.resolver,
                     "sender": pair("sender", 1), "roles": list(ROLES), "seconds": round(time.monotonic() - began, 2),
                     "domains": planter.hosts}


def stay(attached):
    """Collects the processes that end, which is what the first process is for."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        ready, _, _ = select.select([sys.stdin] if attached else [], [], [], 1)
        if ready and not os.read(0, 1):
            return
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            pass


def main():
    folder, wanted, *how = sys.argv[1:]
    try:
        scenarios = [] if wanted == "none" else scenario.read_all(wanted)
        _servers, state = build(folder, scenarios, how)
    except Exception as e:  # whoever started this must hear of it
        traceback.print_exc()
        print(json.dumps({"failed": str(e)}), flush=True)
        return 1
    print(json.dumps(state), flush=True)
    os.close(1)
    stay("attached" in how)
    return 0


if __name__ == "__main__":
    sys.exit(main())
