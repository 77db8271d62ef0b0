#!/usr/bin/env python3
"""DKIM beside another implementation, Debian's python3-dkim: what it signs is valid here, and of messages that were
changed behind its back both say the same.

    test_dkim.py DKIM_LAB

Prints TAP. The changes are random, and the same in each run.
"""

import base64
import os
import random
import re
import subprocess
import sys

try:
    import dkim
    import nacl.signing
except ImportError:  # the package is for Debian's own Python
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

CHANGES = 400  # of each message
FORMS = (b"simple", b"relaxed")
MESSAGES = {
    "report": b"""\
From: TLS Reports <noreply-smtp-tls-reporting@reporter.test>\r
To: tls-reports@example.org\r
Subject: Report Domain: example.org\r
\tSubmitter: reporter.test Report-ID: <2026.11.27@reporter.test>\r
Date: Fri, 27 Nov 2026 10:00:00 +0000\r
Message-ID: <1@reporter.test>\r
MIME-Version: 1.0\r
TLS-Report-Domain: example.org\r
TLS-Report-Submitter: reporter.test\r
Content-Type: multipart/report; report-type="tlsrpt"; boundary="=_b"\r
\r
--=_b\r
Content-Type: text/plain\r
\r
This is  an aggregate\tTLS report. \r
\r
--=_b\r
Content-Type: application/tlsrpt+gzip; name="r.json.gz"\r
Content-Transfer-Encoding: base64\r
\r
H4sIAAAAAAAAA6tWKkotLs7Pzwv2BQBJU1oBDQAAAA==\r
--=_b--\r
\r
\r
""",
    "no body": b"From: a@reporter.test\r\nSubject: x\r\n\r\n",
    "blanks alone": b"From: a@reporter.test\r\nsubject:  x \r\nX-Empty:\r\n\r\n \r\n\t\r\n\r\n",
    "no last line end": b"From: a@reporter.test\r\nSubject: x\r\nSubject: y\r\n\r\nlast line",
}


def rsa_key():
    made = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=made, capture_output=True, check=True)
    return made, b"v=DKIM1; k=rsa; s=tlsrpt; p=" + base64.b64encode(public.stdout)


def ed25519_key():
    key = nacl.signing.SigningKey.generate()
    return base64.b64encode(key.encode()), b"v=DKIM1; k=ed25519; p=" + base64.b64encode(key.verify_key.encode())


KEYS = {b"rsa-sha256": (b"r1", *rsa_key()), b"ed25519-sha256": (b"e1", *ed25519_key())}
RECORDS = {selector + b"._domainkey.reporter.test": record for selector, _, record in KEYS.values()}


def sign(message, algorithm, forms):
    selector, key, _ = KEYS[algorithm]
    return dkim.sign(message, selector, b"reporter.test", key, canonicalize=forms, signature_algorithm=algorithm) + message


def is_clear(message):
    """Without what the two see differently: line ends of other kinds, blanks behind the last of them, blanks before a
    field's colon, which RFC 5322 4.5 and RFC 6376 3.4.2 allow."""
    return not re.search(rb"\r(?!\n)|(?<!\r)\n|\n[ \t]+$|\n[^\r\n: \t]+[ \t]+:", message)


def theirs(message):
    """Whether the first signature is valid."""
    try:
        return dkim.DKIM(message, logger=None, minkey=1024, tlsrpt=True).verify(dnsfunc=lambda name, timeout=5: RECORDS.get(name.rstrip(b".")))
    except Exception:  # of many kinds, all of which mean no
        return False


def ours(lab, messages):
    keys = "".join(f"{word.hex()}\n" for pair in RECORDS.items() for word in pair)
    done = subprocess.run([lab], input="".join(f"{m.hex()}\n{keys}" for m in messages), capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode or done.stderr:
        sys.exit(f"dkim_lab: {done.returncode}\n{done.stderr}")
    return done.stdout.split("\n")[:-1]


def change(chance, message):
    """One byte more, less or other, or two lines exchanged."""
    at = chance.randrange(len(message))
    kind = chance.randrange(4)
    byte = chance.choice((b" ", b"\t", b"\r\n", b"\n", b":", b";", b"=", b"a", b"Z", bytes([chance.randrange(256)])))
    if kind == 0:
        return message[:at] + byte + message[at:]
    if kind == 1:
        return message[:at] + message[at + 1:]
    if kind == 2:
        return message[:at] + byte + message[at + 1:]
    lines = message.split(b"\r\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\r\n".join(lines)


def difference(a, b):
    """What of a is other in b, with a little around it."""
    begin = len(os.path.commonprefix([a, b]))
    end = len(os.path.commonprefix([a[begin:][::-1], b[begin:][::-1]]))
    return f"{a[max(begin - 12, 0):len(a) - end + 8]!r} became {b[max(begin - 12, 0):len(b) - end + 8]!r}"


def main():
    lab = sys.argv[1]
    chance = random.Random(20260101)
    number = failed = 0
    for algorithm in KEYS:
        for forms in [(a, b) for a in FORMS for b in FORMS]:
            for name, message in MESSAGES.items():
                signed = sign(message, algorithm, forms)
                changed = [text for text in (change(chance, signed) for _ in range(CHANGES)) if is_clear(text)]
                results = ours(lab, [signed, signed.replace(b"\r\n", b"\n"), *changed])
                faults = [f"{what}: {result}" for what, result in zip(("signed", "with bare line feeds"), results)
                          if result != "valid"]
                valid = 0
                for text, result in zip(changed, results[2:]):
                    wanted = theirs(text)
                    valid += wanted
                    if wanted != (result.split()[0] == "valid"):
                        faults.append(f"{result} here, {wanted} there: {difference(signed, text)}")
                number += 1
                failed += bool(faults)
                print(f"{'not ok' if faults else 'ok'} {number} - {algorithm.decode()} {b'/'.join(forms).decode()} {name}"
                      f" ({valid} of {len(changed)} changes leave it valid)")
                for fault in faults[:5]:
                    print(f"# {fault}")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
