"""The lab's mail servers: a Postfix that receives, with an smtpd for each kind of MX host, and a Postfix that sends."""

import dataclasses
import grp
import os
import pwd
import subprocess

from network import pair

DAEMONS = "/usr/lib/postfix/sbin"


@dataclasses.dataclass
class MxHost:
    """What one MX host shows at its addresses."""

    name: str
    addresses: list
    certificate: str              # the file with key and chain
    default: str = ""             # the same for a client that sends no server name, where it differs
    starttls: bool = True
    tls: str = ">=TLSv1.2"
    options: tuple = ()           # further options of smtpd(8), "name=value"


class Mail:
    def __init__(self, folder, authority):
        self.folder, self.authority, self.hosts, self.faults = folder, authority, [], []
        self.boxes = os.path.join(folder, "boxes")

    def serve(self, host):
        self.hosts.append(host)

    def start(self, servers):
        os.makedirs(self.boxes)
        owner = pwd.getpwnam("postfix")
        os.chown(self.boxes, owner.pw_uid, owner.pw_gid)
        receiving = Postfix(os.path.join(self.folder, "receiving"), servers)
        receiving.main(RECEIVING.format(boxes=self.boxes, uid=owner.pw_uid, gid=owner.pw_gid))
        for number, hosts in enumerate(self.alike()):
            receiving.services.append(self.service(receiving, f"mx-{number}", hosts))
        receiving.start("mail")
        sending = Postfix(os.path.join(self.folder, "sending"), servers)
        sending.main(SENDING.format(ca=self.authority.file))
        sending.start("sender")
        if self.faults:
            servers.start_faults("mail", "smtp", self.faults)

    def alike(self):
        """The hosts in groups that differ in nothing but their names and addresses."""
        groups = {}
        for host in self.hosts:
            groups.setdefault((host.certificate, host.default, host.starttls, host.tls, host.options), []).append(host)
        return groups.values()

    def service(self, postfix, label, hosts):
        """One smtpd(8) for all addresses of hosts that are alike; master(8) finds them in /etc/hosts by the label."""
        host = hosts[0]
        with open("/etc/hosts", "a", encoding="ascii") as f:
            f.writelines(f"{address} {label}\n" for one in hosts for address in one.addresses)
        options = [f"myhostname={host.name if len(hosts) == 1 else 'mail.test'}", *host.options]
        if not host.starttls:
            options.append("smtpd_tls_security_level=none")
        else:
            options += [f"smtpd_tls_chain_files={host.default or host.certificate}",
                        f"smtpd_tls_protocols={host.tls}"]
        if host.default:
            options.append(f"tls_server_sni_maps=hash:{postfix.sni(host.name, host.certificate)}")
        return f"{label}:25 inet n - n - - smtpd" + "".join(f"\n  -o {option}" for option in options)


class Postfix:
    """One instance, with its configuration, queue and data in one folder."""

    def __init__(self, folder, servers):
        self.folder, self.servers, self.services = folder, servers, []
        self.make_queue()

    def make_queue(self):
        """The folders that `postfix check` would make, only sooner."""
        mail, drop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        mail_group = pwd.getpwnam("postfix").pw_gid
        for name, mode, user, group in [
                (".", 0o755, 0, 0), ("queue", 0o755, 0, 0), ("data", 0o700, mail, mail_group),
                *((f"queue/{q}", 0o700, mail, mail_group) for q in (
                    "incoming", "active", "deferred", "bounce", "defer", "flush", "saved", "trace", "corrupt", "hold",
                    "private")),
                ("queue/pid", 0o755, 0, 0), ("queue/public", 0o2710, mail, drop),
                ("queue/maildrop", 0o1730, mail, drop)]:
            path = os.path.join(self.folder, name)
            os.makedirs(path, exist_ok=True)
            os.chown(path, user, group)
            os.chmod(path, mode)

    def main(self, text):
        with open(os.path.join(self.folder, "main.cf"), "w", encoding="ascii") as f:
            f.write(MAIN.format(folder=self.folder, daemons=DAEMONS,
                                log=self.servers.log("postfix-" + os.path.basename(self.folder)),
                                logs=self.servers.logs) + text)

    def sni(self, name, certificate):
        """A map from a server name to the certificate for it, as tls_server_sni_maps wants it."""
        path = os.path.join(self.folder, f"sni-{name}")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"{name} {certificate}\n")
        subprocess.run(["postmap", "-c", self.folder, "-F", f"hash:{path}"], check=True, env=self.servers.environment)
        return path

    def start(self, role):
        with open(os.path.join(self.folder, "master.cf"), "w", encoding="ascii") as f:
            f.write("\n".join([MASTER, *self.services, ""]))
        self.servers.start(role, "master-" + os.path.basename(self.folder),
                           [f"{DAEMONS}/master", "-w", "-c", self.folder], "detach",
                           MAIL_CONFIG=self.folder)


class Dovecot:
    """IMAP over TLS and with STARTTLS, at imap.test, to the mailbox that the receiving Postfix fills."""

    NAME, USER, PASSWORD = "imap.test", "reports", "lab"

    def __init__(self, folder, network, dns, authority):
        self.folder, self.addresses = folder, pair("mail", 2)
        network.add("mail", *self.addresses)
        dns.address(self.NAME + ".", *self.addresses)
        self.certificate = authority.serve("good", self.NAME).path

    def start(self, servers):
        os.makedirs(os.path.join(self.folder, "dovecot"))
        file = os.path.join(self.folder, "dovecot.conf")
        owner = pwd.getpwnam("postfix")
        with open(file, "w", encoding="ascii") as f:
            f.write(DOVECOT.format(folder=self.folder, listen=", ".join(self.addresses), tls=self.certificate,
                                   user=self.USER, password=self.PASSWORD, uid=owner.pw_uid, gid=owner.pw_gid,
                                   log=servers.log("dovecot")))
        servers.start("mail", "dovecot", ["dovecot", "-c", file], "detach")


MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {logs}
inet_protocols = all
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
biff = no
max_idle = 20s
default_process_limit = 500
tls_random_source = dev:/dev/urandom
"""

RECEIVING = """myhostname = mail.test
inet_interfaces = all
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_base = {boxes}
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_peername_lookup = no
smtpd_recipient_restrictions = check_recipient_access inline:{{nobody@reports.test=REJECT, full@reports.test=DEFER}}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
tls_high_cipherlist = ALL:@SECLEVEL=0
tls_medium_cipherlist = ALL:@SECLEVEL=0
"""

SENDING = """myhostname = sender.test
inet_interfaces = loopback-only
mydestination =
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_CAfile = {ca}
smtp_tls_loglevel = 1
"""

MASTER = """pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd"""

DOVECOT = """base_dir = {folder}/dovecot
log_path = {log}
listen = {listen}
protocols = imap
ssl = required
ssl_cert = <{tls}
ssl_key = <{tls}
mail_location = maildir:{folder}/boxes/inbox
first_valid_uid = 1
passdb {{
  driver = static
  args = user={user} password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/boxes
}}
"""
