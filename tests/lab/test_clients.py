#!/usr/bin/env python3
"""Programs that fetch policies fetch them from `sealpost serve`, whose certificate came by ACME.

    test_clients.py SEALPOST FOLDER

FOLDER has the npm packages of agreement/package.json. Prints TAP, a point for each client. Needs root; skipped, with the
reason, where there can be no lab, unless CI is set.
"""

import contextlib
import json
import os
import re
import shutil
import sys

from keeper import PATH, POLICY, check
from lab import Lab
from test_acme import Scene, World
from test_agreement import why_not
from test_lab import Tap, skip_or_fail

DOMAIN = "client.test"
MAILAUTH = "require(process.argv[1]).getPolicy(process.argv[2], false, {strict: true}).then(r => console.log(JSON.stringify(r)))"


class Served:
    """The domain, served, and what a client is told of this small internet."""

    def __init__(self, scene, folder):
        self.folder, self.node, self.ca = folder, scene.node().serve(), scene.ca()
        self.node.add_ca(self.ca)
        self.node.point(DOMAIN)
        self.node.add(DOMAIN)
        policy = json.loads(self.node.tell("policy", "show", DOMAIN, "--json"))
        self.node.names.put("_mta-sts." + DOMAIN, text=f"v=STSv1; id={policy['id']};")
        self.node.issued(DOMAIN)
        self.node.serves(DOMAIN, self.ca)

    def run(self, command, **environment):
        done = self.node.lab.run(command, "mail", env={**os.environ, **environment})
        check(done.returncode == 0, command, done.stdout, done.stderr)
        return done.stdout


def curl(s):
    done = s.node.curl(DOMAIN, s.ca.root)
    check(done.stdout.replace("\r\n", "\n") == POLICY.format(domain=DOMAIN).replace("\r\n", "\n"), done)


def openssl_s_client(s):
    script = (f"printf 'GET {PATH} HTTP/1.1\\r\\nHost: mta-sts.{DOMAIN}\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client "
              f"-quiet -connect {s.node.addresses[0]}:443 -servername mta-sts.{DOMAIN} -CAfile {s.ca.root} "
              f"-verify_hostname mta-sts.{DOMAIN} -verify_return_error 2>/dev/null")
    answer = s.run(["sh", "-c", script])
    check(answer.startswith("HTTP/1.1 200 OK") and f"mx: mx.{DOMAIN}" in answer, answer)


def mailauth(s):
    modules = os.path.join(s.folder, "node_modules/mailauth/lib/mta-sts")
    answer = json.loads(s.run([shutil.which("node"), "-e", MAILAUTH, modules, DOMAIN], NODE_EXTRA_CA_CERTS=s.ca.root))
    check(answer["status"] == "found" and answer["policy"]["mode"] == "testing", answer)
    check(answer["policy"]["mx"] == ["mx." + DOMAIN], answer)


def postfix_mta_sts_resolver(s):
    answer = s.run(["mta-sts-query", DOMAIN], SSL_CERT_FILE=s.ca.root)
    check(re.search(r"STSFetchResult\.VALID\b", answer) and f"'mx.{DOMAIN}'" in answer, answer)


def main():
    program, folder = map(os.path.abspath, sys.argv[1:])
    if reason := why_not(folder):
        return skip_or_fail(reason)
    tap = Tap()
    with Lab("none", needs=["pebble-settings"]) as lab, contextlib.ExitStack() as stack:
        served = []
        tap.point("the policy is served", lambda: served.append(Served(Scene(World(lab, program), stack), folder)))
        for client in (curl, openssl_s_client, mailauth, postfix_mta_sts_resolver) if served else ():
            tap.point(client.__name__.replace("_", "-"), lambda c=client: c(served[0]))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
