"""ECDSA on the curve P-256, for the lab's certificates and DNSSEC keys: some hundred signatures in
a moment, without a process for each. Not for anything whose secrets matter.
"""

import hashlib
import secrets

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    """The sum of two points; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiples():
    """For each of the 64 hexadecimal digits of a factor its 16 multiples of G: 64 additions do."""
    table, base = [], G
    for _ in range(64):
        row = [None]
        for _ in range(16):
            row.append(add(row[-1], base))
        table.append(row)
        base = row[16]
    return table


TABLE = multiples()


def times_g(factor):
    point = None
    for i, row in enumerate(TABLE):
        point = add(point, row[factor >> 4 * i & 15])
    return point


class Key:
    def __init__(self):
        self.secret = secrets.randbelow(N - 1) + 1
        x, y = times_g(self.secret)
        self.public = x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def sign(self, message, hashed_by="sha256"):
        """The two numbers of the signature over the hash of the message, of 256 bits at most."""
        digest = int.from_bytes(hashlib.new(hashed_by, message).digest(), "big")
        nonce = secrets.randbelow(N - 1) + 1
        r = times_g(nonce)[0] % N
        return r, pow(nonce, -1, N) * (digest + r * self.secret) % N
