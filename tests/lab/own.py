"""Policy hosts served by sealpost itself: `domain add`, `policy set`, `cert import`, `serve`."""

import os
import shutil

from network import quoted

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
LOW_PORTS = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]


class Own:
    def __init__(self, folder, program):
        self.folder, self.built = os.path.join(folder, "own"), program
        self.program = os.path.join(self.folder, "sealpost")  # a copy, since nobody may not read every checkout
        self.configuration = os.path.join(self.folder, "sealpost.conf")

    def start(self, servers, sites):
        store = os.path.join(self.folder, "store")
        os.makedirs(store)
        os.chown(store, NOBODY, NOBODY)
        shutil.copy(self.built, self.program)
        listen = ", ".join(quoted(address, 443) for site in sites for address in site.addresses)
        self.write(self.configuration, f"[store]\npath = {store}\n[host]\nlisten = {listen}\n")
        for site in sites:
            self.put(servers, site)
        servers.start("web", "sealpost",
                      [*AS_NOBODY, *LOW_PORTS, self.program, "serve", "--config", self.configuration], "notify")

    def put(self, servers, site):
        domain = site.name.removeprefix("mta-sts.")
        with open(site.certificate, encoding="ascii") as f:
            key, end, chain = f.read().partition("-----END PRIVATE KEY-----\n")
        files = [os.path.join(self.folder, f"{domain}.{kind}") for kind in ("key", "chain", "policy")]
        for file, text in zip(files, (key + end, chain, site.body)):
            self.write(file, text)
        for command in (["domain", "add", domain], ["policy", "set", domain, files[2]],
                        ["cert", "import", "--key", files[0], "--chain", files[1]]):
            servers.end(servers.begin([*AS_NOBODY, self.program, *command, "--config", self.configuration]))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
