"""The lab's certificate authority: a root, an intermediate, and certificates with every fault.

One file holds what a server presents: its key, its certificate, the intermediate.
"""

import base64
import datetime
import hashlib
import os
import secrets

from p256 import Key

DAY = datetime.timedelta(days=1)


# ---- DER ----

def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts):
    return der(0x30, *parts)


def integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([first * 40 + second])
    for number in rest:
        digits = [number & 127]
        while number := number >> 7:
            digits.append(number & 127 | 128)
        out += bytes(reversed(digits))
    return der(0x06, out)


def bits(data):
    return der(0x03, b"\0", data)


def time(when):
    return der(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def name(common_name):
    return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0C, common_name.encode()))))


def extension(number, value, critical=False):
    return sequence(oid(number), der(0x01, b"\xff") if critical else b"", der(0x04, value))


ECDSA = {"sha1": sequence(oid("1.2.840.10045.4.1")), "sha256": sequence(oid("1.2.840.10045.4.3.2"))}
FOR_SERVERS, FOR_CLIENTS = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
P256 = oid("1.2.840.10045.3.1.7")


def public_info(key):
    """The SubjectPublicKeyInfo, which a TLSA record with selector 1 is about."""
    return sequence(sequence(oid("1.2.840.10045.2.1"), P256), bits(b"\x04" + key.public))


def private_info(key):
    private = sequence(integer(1), der(0x04, key.secret.to_bytes(32, "big")), der(0xA1, bits(b"\x04" + key.public)))
    return sequence(integer(0), sequence(oid("1.2.840.10045.2.1"), P256), der(0x04, private))


def pem(label, data):
    text = base64.encodebytes(data).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


# ---- certificates ----

class Certificate:
    """A certificate with its key; `issuer` is another one, or None for a self-signed one."""

    def __init__(self, common_name, issuer, begins, ends, names=(), authority=None, digest="sha256",
                 purpose=FOR_SERVERS):
        self.key, self.name, self.issuer = Key(), common_name, issuer
        signer = issuer or self
        identity = hashlib.sha1(self.key.public).digest()
        extensions = [extension("2.5.29.14", der(0x04, identity)),
                      extension("2.5.29.35", sequence(der(0x80, hashlib.sha1(signer.key.public).digest())))]
        if authority is not None:  # how many authorities may follow
            extensions += [extension("2.5.29.19", sequence(der(0x01, b"\xff"), integer(authority)), True),
                           extension("2.5.29.15", der(0x03, b"\x01\x06"), True)]
        else:
            extensions += [extension("2.5.29.15", der(0x03, b"\x07\x80"), True),
                           extension("2.5.29.37", sequence(oid(purpose)))]
        if names:
            extensions.append(extension("2.5.29.17", sequence(*(der(0x82, n.encode()) for n in names))))
        body = sequence(der(0xA0, integer(2)), integer(secrets.randbits(120) | 1), ECDSA[digest], name(signer.name),
                        sequence(time(begins), time(ends)), name(common_name), public_info(self.key),
                        der(0xA3, sequence(*extensions)))
        self.der = sequence(body, ECDSA[digest], bits(sequence(*map(integer, signer.key.sign(body, digest)))))
        self.pem = pem("CERTIFICATE", self.der)
        self.key_pem = pem("PRIVATE KEY", private_info(self.key))


class Served:
    """What a server presents: the file with key and chain, and the certificates in it."""

    def __init__(self, path, chain):
        self.path, self.chain = path, chain
        with open(path, "w", encoding="ascii") as f:
            f.write(chain[0].key_pem + "".join(c.pem for c in chain))


class Authority:
    KINDS = {  # kind: when it begins and ends, in days from now
        "good": (-10, 80), "expired": (-100, -2), "future": (3, 93), "five-days": (-85, 5),
        "short-lived": (-3, 3), "short-lived-late": (-4.5, 1.5),
    }
    OTHERS = ("self-signed", "wrong-name", "incomplete", "untrusted", "cn-only", "wildcard", "weak", "client-only", "known-issuer")

    def __init__(self, folder):
        self.folder, self.now, self.made = folder, datetime.datetime.now(datetime.timezone.utc), {}
        os.makedirs(folder, exist_ok=True)
        self.root = self.authority("Lab Root CA", None, 1)
        self.intermediate = self.authority("Lab Intermediate CA", self.root, 0)
        self.known = self.authority("Let's Encrypt", self.root, 0)
        self.stranger = self.authority("Unknown Root CA", None, 1)
        self.file = os.path.join(folder, "ca.pem")
        with open(self.file, "w", encoding="ascii") as f:
            f.write(self.root.pem)

    def authority(self, common_name, issuer, below):
        return Certificate(common_name, issuer, self.now - 900 * DAY, self.now + 900 * DAY, authority=below)

    def serve(self, kind, *names):
        """The file of a certificate of the kind for these names; the same one when asked again."""
        key = (kind, *names)
        if key not in self.made:
            file = names[0].replace("*", "_") + f".{kind}.{len(self.made)}.pem"
            self.made[key] = Served(os.path.join(self.folder, file), self.chain(kind, names))
        return self.made[key]

    def chain(self, kind, names):
        begins, ends = self.KINDS.get(kind, self.KINDS["good"])
        issuer = {"self-signed": None, "untrusted": self.stranger, "known-issuer": self.known}.get(kind, self.intermediate)
        if kind == "wrong-name":
            names = ["wrong-name.test"]
        elif kind == "wildcard":
            names = ["*." + n.split(".", 1)[1] for n in names]
        elif kind not in self.KINDS and kind not in self.OTHERS:
            raise ValueError(f"there is no certificate of the kind {kind}")
        made = Certificate(names[0], issuer, self.now + begins * DAY, self.now + ends * DAY,
                           () if kind == "cn-only" else names, digest="sha1" if kind == "weak" else "sha256",
                           purpose=FOR_CLIENTS if kind == "client-only" else FOR_SERVERS)
        above = [] if kind in ("incomplete", "self-signed") else [issuer]
        return [made, *above]


def tlsa(served, usage, selector, matching, depth=0):
    """The data of a TLSA record (RFC 6698) for the certificate at that depth of what is served."""
    certificate = served.chain[depth]
    data = public_info(certificate.key) if selector == 1 else certificate.der
    if matching:
        data = {1: hashlib.sha256, 2: hashlib.sha512}[matching](data).digest()
    return f"{usage} {selector} {matching} {data.hex()}"
