"""Policy hosts by sealpost itself: `domain add`, `policy set`, `cert import`, then `serve`, or `export apache`."""

import os
import shutil

from network import quoted

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
LOW_PORTS = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]


def domain_of(site):
    return site.name.removeprefix("mta-sts.")


class Own:
    def __init__(self, folder, program):
        self.folder, self.built = os.path.join(folder, "own"), program
        self.program = os.path.join(self.folder, "sealpost")  # a copy, since nobody may not read every checkout
        self.configuration = os.path.join(self.folder, "sealpost.conf")

    def prepare(self, servers, sites):
        """Puts the policies and certificates of the sites into a store."""
        store, listen = os.path.join(self.folder, "store"), [quoted(a, 443) for site in sites for a in site.addresses
                                                             if site.server == "sealpost"]
        os.makedirs(store)
        os.chown(store, NOBODY, NOBODY)
        shutil.copy(self.built, self.program)
        self.write(self.configuration, f"[store]\npath = {store}\n[host]\nlisten = {', '.join(listen)}\n")
        for site in sites:
            self.put(servers, site)

    def serve(self, servers):
        servers.start("web", "sealpost", [*AS_NOBODY, *LOW_PORTS, self.program, "serve", "--config", self.configuration],
                      "notify")

    def export_apache(self, servers, sites):
        """Writes the virtual hosts as `sealpost export apache` does; gives what Apache is to include."""
        out = os.path.join(self.folder, "apache")
        self.tell(servers, "export", "apache", *map(domain_of, sites), "--out", out, "--certificate",
                  f"{self.folder}/DOMAIN.chain", "--key", f"{self.folder}/DOMAIN.key", as_user=[])
        return os.path.join(out, "*.conf")

    def put(self, servers, site):
        domain = domain_of(site)
        with open(site.certificate, encoding="ascii") as f:
            key, end, chain = f.read().partition("-----END PRIVATE KEY-----\n")
        files = [os.path.join(self.folder, f"{domain}.{kind}") for kind in ("key", "chain", "policy")]
        for file, text in zip(files, (key + end, chain, site.body)):
            self.write(file, text)
        for command in (["domain", "add", domain], ["policy", "set", domain, files[2]],
                        ["cert", "import", "--key", files[0], "--chain", files[1]]):
            self.tell(servers, *command)

    def tell(self, servers, *command, as_user=AS_NOBODY):
        servers.end(servers.begin([*as_user, self.program, *command, "--config", self.configuration]))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
