#!/usr/bin/env python3
"""keeper.certificates_from: certificates in certbot's layout, made by openssl, on their way into handshakes.

    test_live.py SEALPOST

Both roles run as somebody who is not root. Each wait is for a line of the log or for what a client sees. Prints TAP.
"""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

from serve_world import LIMIT, ORDINARY, ROOT, Failed, Machine, check, make_ca, run, until

TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Certbot:
    """A folder with live/ and archive/."""

    def __init__(self, keys, folder):
        self.keys, self.folder, self.live = keys, folder, folder + "/live"
        self.number = 0

    def make(self, *names, days=9):
        """Files of a new certificate in archive/; gives their paths."""
        self.number += 1
        os.makedirs(self.folder + "/archive", exist_ok=True)
        stem = f"{self.folder}/archive/{self.number}"
        with open(stem + ".ext", "w", encoding="ascii") as f:
            f.write("subjectAltName=" + ",".join("DNS:" + n for n in names) + "\n")
        for args in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={names[0]}",
                      "-keyout", stem + ".key", "-out", stem + ".csr"],
                     ["x509", "-req", "-in", stem + ".csr", "-CA", self.keys + "/ca.pem", "-CAkey", self.keys + "/ca.key",
                      "-set_serial", str(1000 + self.number), "-days", str(days), "-extfile", stem + ".ext", "-out",
                      stem + ".pem"]):
            done = run("openssl", *args)
            check(done.returncode == 0, done.stderr)
        os.chmod(stem + ".key", 0o644)
        return stem + ".pem", stem + ".key"

    def link(self, name, file, to):
        """Replaces a symbolic link as certbot does."""
        os.makedirs(f"{self.live}/{name}", exist_ok=True)
        path = f"{self.live}/{name}/{file}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.symlink("../../archive/" + os.path.basename(to), path)

    def show(self, name, pair):
        self.link(name, "fullchain.pem", pair[0])
        self.link(name, "privkey.pem", pair[1])

    def issue(self, name, *names, **how):
        """Gives the serial number."""
        self.show(name, self.make(*names or [name], **how))
        return 1000 + self.number


def serial(m, host):
    """Of what is shown for the host; 0: nothing that its name is on."""
    context = ssl.create_default_context(cafile=f"{m.keys}/ca.pem")
    with contextlib.suppress(ssl.SSLError, ConnectionError), \
            socket.create_connection(("127.0.0.1", m.v4), LIMIT) as plain, \
            context.wrap_socket(plain, server_hostname=host) as s:
        return int(s.getpeercert()["serialNumber"], 16)
    return 0


def shown(m, host, number):
    until(lambda: serial(m, host) == number, f"{host} does not show {number}")


def begin(m, *domains):
    for domain in domains:
        m.tell("setup", domain, "--mx", "mx1." + domain, "--address", "127.0.0.1", "--allow-private", "--rua",
               "mailto:reports@" + domain)
    m.serve()


def another_look(m, certbot):
    """When this is in the store, whatever was there before has been looked at."""
    at = len(m.lines)
    name = f"mta-sts.look-{certbot.number}.test"
    certbot.issue(name)
    m.wait(rf"event=live\.imported .*name={re.escape(name)}", at)
    certbot.issue(name + "-2", name.replace("look", "look-2"))
    m.wait(rf"event=live\.imported .*name={re.escape(name)}-2", at)


@test
def a_new_certificate_and_a_renewed_one_are_shown(m, certbot):
    begin(m, "a.test")
    shown(m, "mta-sts.a.test", certbot.issue("mta-sts.a.test"))
    shown(m, "mta-sts.a.test", certbot.issue("mta-sts.a.test", days=12))


@test
def every_name_and_every_host_below_a_wildcard_is_served(m, certbot):
    begin(m, "a.test", "b.test", "c.test")
    both = certbot.issue("many", "mta-sts.a.test", "www.a.test", "mta-sts.b.test")
    wild = certbot.issue("wild", "*.c.test", "c.test")
    for host, number in ("mta-sts.a.test", both), ("mta-sts.b.test", both), ("mta-sts.c.test", wild):
        shown(m, host, number)


@test
def half_a_renewal_is_not_imported_and_the_other_half_is_waited_for(m, certbot):
    begin(m, "a.test")
    old = certbot.issue("mta-sts.a.test")
    shown(m, "mta-sts.a.test", old)
    chain, key = certbot.make("mta-sts.a.test", days=12)
    number = 1000 + certbot.number
    at = len(m.lines)
    certbot.link("mta-sts.a.test", "fullchain.pem", chain)
    m.wait(r"event=live\.bad .*name=mta-sts\.a\.test .*pem-key-mismatch", at)
    check(serial(m, "mta-sts.a.test") == old, "another one is shown")
    certbot.link("mta-sts.a.test", "privkey.pem", key)
    shown(m, "mta-sts.a.test", number)


@test
def a_bad_pair_is_told_of_once(m, certbot):
    begin(m, "a.test")
    os.makedirs(certbot.live + "/broken")
    with open(certbot.live + "/README", "w", encoding="ascii") as f:
        f.write("This is certbot's.\n")
    chain, _ = certbot.make("mta-sts.a.test")
    certbot.link("broken", "fullchain.pem", chain)
    m.wait(r"event=live\.bad .*name=broken .*file-not-found")
    another_look(m, certbot)
    check(sum("live.bad" in line for line in m.lines) == 1, *m.lines)
    # Of what differs it is told again.
    at = len(m.lines)
    with open(certbot.live + "/broken/privkey.pem", "w", encoding="ascii") as f:
        f.write("no key\n")
    m.wait(r"event=live\.bad .*name=broken .*pem-no-key", at)


@test
def what_goes_from_the_folder_is_served_on(m, certbot):
    begin(m, "a.test")
    number = certbot.issue("mta-sts.a.test")
    shown(m, "mta-sts.a.test", number)
    shutil.rmtree(certbot.live + "/mta-sts.a.test")
    another_look(m, certbot)
    check(serial(m, "mta-sts.a.test") == number, "it is gone")


@test
def a_certificate_of_no_policy_host_is_left_alone(m, certbot):
    begin(m, "a.test")
    certbot.issue("www", "www.a.test", "a.test")
    another_look(m, certbot)
    listed = m.tell("cert", "list")
    check("www.a.test" not in listed and "look-" in listed, listed)


@test
def what_lasts_longer_is_not_replaced_at_a_start(m, certbot):
    certbot.issue("mta-sts.a.test", days=9)
    chain, key = certbot.make("mta-sts.a.test", days=20)
    longer = 1000 + certbot.number
    m.tell("cert", "import", "--chain", chain, "--key", key)
    begin(m, "a.test")
    another_look(m, certbot)
    check(serial(m, "mta-sts.a.test") == longer, "the older one is shown")


@test
def a_folder_that_is_not_there_is_told_of_once_and_looked_for(m, certbot):
    os.rmdir(certbot.live)
    begin(m, "a.test")
    m.wait(r"event=live\.failed .*file-not-found")
    os.mkdir(certbot.live)
    m.wait(r"event=live\.recovered")
    shown(m, "mta-sts.a.test", certbot.issue("mta-sts.a.test"))
    check(sum("live.failed" in line for line in m.lines) == 1, *m.lines)


@test
def what_the_keeper_may_not_read_is_told_with_what_to_type(m, certbot):
    host = "mta-sts.example.test"
    certbot.issue(host)
    os.chmod(certbot.live, 0)
    begin(m, "example.test")
    m.wait(r"live\.failed .*code=acme-live-no-permission .*" + re.escape(certbot.live) + r".*CERTBOT")
    archive = certbot.folder + "/archive"
    os.chmod(archive, 0)
    os.chmod(certbot.live, 0o755)
    m.wait(r"live\.bad .*code=acme-live-no-permission .*fullchain\.pem.*CERTBOT")
    os.chmod(archive, 0o755)
    m.wait(r"live\.imported")


def run_test(number, function, sealpost, keys):
    m, verdict = Machine(sealpost, keys), "ok"
    folder = tempfile.mkdtemp(prefix="sealpost-live-")
    os.chmod(folder, 0o755)
    certbot = Certbot(keys, folder)
    os.mkdir(certbot.live)
    try:
        if ROOT:
            m.user = ORDINARY
            os.makedirs(m.store)
            os.chown(m.store, ORDINARY, ORDINARY)
        m.configure(more=f"[keeper]\ncertificates_from = {certbot.live}\n")
        function(m, certbot)
    except (Failed, OSError, ValueError, IndexError, subprocess.SubprocessError) as fault:
        verdict = "not ok"
        for line in (str(fault) + "\n" + "\n".join(m.lines)).split("\n"):
            print(f"# {line}")
    finally:
        m.close()
        shutil.rmtree(folder)
    print(f"{verdict} {number} - {function.__name__.replace('_', ' ')}", flush=True)
    return verdict == "ok"


def main():
    sealpost, *only = sys.argv[1:]
    chosen = [t for t in TESTS if not only or t.__name__ in only]
    with tempfile.TemporaryDirectory(prefix="sealpost-live-keys-") as keys:
        os.chmod(keys, 0o755)
        make_ca(keys)
        reachable = shutil.copy2(sealpost, os.path.join(keys, "sealpost"))  # by every user
        os.chmod(reachable, 0o755)
        print(f"1..{len(chosen)}", flush=True)
        passed = [run_test(number, function, reachable, keys) for number, function in enumerate(chosen, 1)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
