#!/usr/bin/env python3
"""Looks at hosts of the lab in the plainest way, with Python's own TLS: what a planted fault looks like to another.

    probe.py CA-FILE     reads a JSON list of [KIND, NAME, ADDRESS] (KIND: http, smtp), prints the list of what was seen
"""

import concurrent.futures
import json
import socket
import ssl
import sys
import time

from web import PATH

PATIENCE = 10  # seconds
MUCH = 200_000  # bytes: more than any honest reply


def context(ca_file, old=False):
    made = ssl.create_default_context(cafile=ca_file)
    made.hostname_checks_common_name = False
    made.minimum_version = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2
    if old:
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


def read_all(stream):
    data, end = b"", time.monotonic() + PATIENCE
    while len(data) < MUCH and (more := stream.recv(65536)):
        data += more
        if time.monotonic() > end:
            raise TimeoutError
    return data


def http(ca_file, name, address, old=False):
    """STATUS MEDIA-TYPE LENGTH OF BODY, or why there is none."""
    path = "/" if name.startswith("reports.") else PATH
    with socket.create_connection((address, 443), PATIENCE) as plain:
        with context(ca_file, old).wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return summary(read_all(tls))


def summary(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not reply:
        return "empty"
    if not lines[0].startswith("HTTP/1.1 "):
        return "not HTTP"
    fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    short = " short" if len(body) < int(fields.get("content-length", len(body))) else ""
    endless = " endless" if len(reply) >= MUCH else ""
    more = [f"{k}={fields[k]}" for k in ("location", "cache-control", "age", "expires") if k in fields]
    return " ".join([lines[0].split(" ")[1], fields.get("content-type", "-"), f"{len(body)}{short}{endless}", *more])


class Smtp:
    def __init__(self, address):
        self.socket = socket.create_connection((address, 25), PATIENCE)
        self.file = self.socket.makefile("rb")

    def reply(self):
        """The last line of a reply."""
        for count in range(100):
            line = self.file.readline(2000)
            if not line.endswith(b"\n"):
                return "closed" if not line else "no line"
            if line[3:4] != b"-":
                return line.decode("latin-1").strip()
        return f"{count + 1} lines and more"

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")


def smtp(ca_file, name, address, old=False):
    """What it says until TLS is there, and "tls" at the end when it is."""
    session, said = Smtp(address), []
    with session.socket:
        said.append(session.reply())
        if not said[0].startswith("220"):
            return said[0]
        session.say("EHLO sender.test")
        lines = []
        while (line := session.file.readline(2000)).startswith(b"250-") and len(lines) < 100:
            lines.append(line)
        lines.append(line)
        if len(lines) > 100:
            return "EHLO endless"
        if not any(b"STARTTLS" in line for line in lines):
            return "EHLO " + (lines[-1].decode("latin-1").strip() or "closed") + ", no STARTTLS"
        session.say("STARTTLS")
        answer = session.reply()
        if not answer.startswith("220"):
            return "STARTTLS " + answer
        with context(ca_file, old).wrap_socket(session.socket, server_hostname=name):
            return "tls"


def look(ca_file, kind, name, address):
    try:
        return {"http": http, "smtp": smtp}[kind](ca_file, name, address)
    except ssl.SSLCertVerificationError as e:
        return "certificate: " + e.verify_message
    except ssl.SSLError as e:
        if "PROTOCOL" in str(e.reason) or "ALERT_PROTOCOL_VERSION" in str(e):
            return "old TLS: " + {"http": http, "smtp": smtp}[kind](ca_file, name, address, old=True)
        return f"TLS: {e.reason}"
    except TimeoutError:
        return "timeout"
    except OSError as e:
        return {111: "refused", 113: "no way", 104: "reset"}.get(e.errno, str(e))


def main():
    wanted = json.load(sys.stdin)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        print(json.dumps(list(pool.map(lambda one: look(sys.argv[1], *one), wanted))))


if __name__ == "__main__":
    main()
