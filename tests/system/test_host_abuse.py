#!/usr/bin/env python3
"""The host role and what no sender sends it: each gets a status or an end, and the next honest client its policy.

    test_host_abuse.py --lab PROGRAM

Tables of bytes: requests within TLS, and bytes in place of TLS. After each row the same host answers a request as it
should; at the end the log must hold no report of a sanitizer. Prints TAP.
"""

import argparse
import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

from host_world import LIMIT, NAME, PATH, POLICY, Host, check, make_keys, request, response
from test_host import s_client

HOST = NAME.encode()
PATH = PATH.encode()
OTHER = b"mta-sts.other.test"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = request(path=b"/smuggled")
CHUNKS = b"0\r\n\r\n" + SMUGGLED
# How the connection goes on after the last response: it ends, or the next request is answered on it.
ENDS, GOES_ON = "ends", "goes on"


def head(line, *fields):
    return b"\r\n".join((line, *fields, b"", b""))


def get(*fields, host=HOST):
    return request(host=host, more=b"".join(field + b"\r\n" for field in fields))


def target(text, method=b"GET"):
    return request(method, text)


def hosted(value):
    return head(b"GET " + PATH + b" HTTP/1.1", b"Host: " + value)


def line(text, host=HOST):
    return head(text, b"Host: " + host)


# (what, bytes, the statuses of the responses in their order, then)
REQUESTS = [
    # Where a message ends, RFC 9112 6: what two readers could take for two things is refused.
    ("a length and an encoding", get(b"Content-Length: 5", CHUNKED[:-2]) + CHUNKS, [400], ENDS),
    ("an encoding and a length", get(CHUNKED[:-2], b"Content-Length: 5") + CHUNKS, [400], ENDS),
    ("two encodings", get(CHUNKED[:-2], CHUNKED[:-2]) + CHUNKS, [400], ENDS),
    ("two encodings, one unknown", get(CHUNKED[:-2], b"Transfer-Encoding: x") + CHUNKS, [400], ENDS),
    *((f"the encoding {value}", get(b"Transfer-Encoding:" + value) + CHUNKS, [status], ENDS) for status, value in (
        (413, b" chunked"), (413, b"\tchunked"), (413, b"chunked"), (413, b" chunked\t"), (413, b" CHUNKED"),
        (501, b" chunked, chunked"), (501, b" gzip, chunked"), (501, b" ,chunked"), (400, b" chunked, gzip"),
        (400, b" chunked,"), (400, b" identity"), (400, b" xchunked"), (400, b" chunkedx"), (400, b' "chunked"'),
        (400, b" chunked;a=b"), (400, b""), (400, b" chunked\x0b"), (400, b" \x00chunked"), (400, b"\r\n chunked"))),
    *((f"the field line {text}", get(text) + CHUNKS, [400], ENDS) for text in (
        b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked",
        b"X: a\r\n Transfer-Encoding: chunked", b"X: a\r\n\tTransfer-Encoding: chunked", b"X: a\nTransfer-Encoding: chunked",
        b"X: a\rTransfer-Encoding: chunked", b"X: a\x00\r\nTransfer-Encoding: chunked", b"Transfer-Encoding\x00: chunked",
        b"Transfer-Encoding", b"Transfer Encoding: chunked", b": chunked", b"X\x80: a", b"X(): a", b"Content-Length : 5")),
    ("an encoding in HTTP/1.0", head(b"GET " + PATH + b" HTTP/1.0", b"Host: " + HOST, CHUNKED[:-2]) + CHUNKS, [400], ENDS),
    ("two lengths", get(b"Content-Length: 5", b"Content-Length: 0") + CHUNKS, [400], ENDS),
    ("two equal lengths", get(b"Content-Length: 5", b"Content-Length: 5") + CHUNKS, [400], ENDS),
    *((f"the length {value}", get(b"Content-Length:" + value) + CHUNKS, [status], ENDS) for status, value in (
        (400, b" +5"), (400, b" -5"), (400, b" 5 5"), (400, b" 5,5"), (400, b" 5, 5"), (400, b" 0x5"), (400, b" 5."),
        (400, b""), (400, b" "), (400, b" 5;"), (400, b" \xd9\xa5"), (400, b' "5"'), (400, b" 1e1"), (400, b" 5\x00"),
        (413, b" 5"), (413, b"5"), (413, b" 5\t"), (413, b" 18446744073709551615"), (413, b" 18446744073709551616"),
        (413, b" " + b"9" * 1000), (413, b" " + b"0" * 100 + b"5"))),
    ("a length of nothing", get(b"Content-Length: 0"), [200], GOES_ON),
    ("a body with a GET, and a request in it", get(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED, [413], ENDS),
    ("a body with a GET, and a request behind it", get(b"Content-Length: 5") + b"abcde" + SMUGGLED, [413], ENDS),
    ("a body with a POST, and a request behind it", request(b"POST", more=b"Content-Length: 5\r\n") + b"abcde" + SMUGGLED,
     [405], ENDS),
    ("chunks with extensions", request(b"POST", more=CHUNKED) + b"5;a=b;" + b"c" * 5000 + b"\r\nabcde\r\n" + CHUNKS, [405], ENDS),
    ("a body that is announced and does not come", request(more=b"Content-Length: 1000000\r\n"), [413], ENDS),
    ("a body without an end", request(b"PUT", more=CHUNKED) + b"fffff\r\n" + bytes(200000), [405], ENDS),
    ("a client that waits to be asked for its body", get(b"Content-Length: 5", b"Expect: 100-continue"), [413], ENDS),
    ("a client that expects, without a body", get(b"Expect: 100-continue"), [200], GOES_ON),
    ("a POST without a body, and a request", request(b"POST") + request(), [405, 200], GOES_ON),
    ("a bad request behind good ones", request() + target(b"/") + line(b"GET") + SMUGGLED, [200, 403, 400], ENDS),
    ("a request behind one that closes", get(b"Connection: close") + SMUGGLED, [200], ENDS),
    ("options of a connection", get(b"Connection: x, Close ,y") + SMUGGLED, [200], ENDS),
    ("another protocol, offered", get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
     [200], GOES_ON),
    ("a websocket", get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x"), [200], GOES_ON),

    # The request line, RFC 9112 3.
    ("HTTP/0.9", b"GET " + PATH + b"\r\n", [400], ENDS),
    ("HTTP/0.9 without a target", b"GET\r\n", [400], ENDS),
    ("a version 0.9", line(b"GET " + PATH + b" HTTP/0.9"), [505], ENDS),
    ("HTTP/1.0 without a host", head(b"GET " + PATH + b" HTTP/1.0"), [200], ENDS),
    ("HTTP/1.0 with a host", line(b"GET " + PATH + b" HTTP/1.0"), [200], ENDS),
    ("HTTP/1.0 with another host", line(b"GET " + PATH + b" HTTP/1.0", OTHER), [421], ENDS),
    ("HTTP/1.0 with two hosts", head(b"GET " + PATH + b" HTTP/1.0", b"Host: " + HOST, b"Host: " + HOST), [400], ENDS),
    ("HTTP/1.0 that stays", head(b"GET " + PATH + b" HTTP/1.0", b"Host: " + HOST, b"Connection: keep-alive"), [200], GOES_ON),
    ("HTTP/1.2", line(b"GET " + PATH + b" HTTP/1.2"), [200], GOES_ON),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), [505], ENDS),
    ("PRI in HTTP/1.1", line(b"PRI * HTTP/1.1"), [400], ENDS),
    ("HTTP/3", line(b"GET " + PATH + b" HTTP/3.0"), [505], ENDS),
    *((f"the version {text}", line(b"GET " + PATH + b" " + text), [400], ENDS) for text in (
        b"http/1.1", b"HTTP/1.1 ", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/1", b"HTTP/1,1", b"HTTP/1.1\x00", b"HTTPS/1.1", b"",
        b"HTTP/ 1.1", b"HTTP/+.1")),
    ("two blanks", line(b"GET  " + PATH + b" HTTP/1.1"), [400], ENDS),
    ("tabs for blanks", line(b"GET\t" + PATH + b"\tHTTP/1.1"), [400], ENDS),
    ("a blank in front", b" " + request(), [400], ENDS),
    ("an empty line in front", b"\r\n" + request(), [200], GOES_ON),
    ("two empty lines in front", b"\r\n\r\n" + request(), [400], ENDS),
    ("empty lines without an end", b"\r\n" * 50000, [400], ENDS),
    ("a bare line feed", request().replace(b"\r\n", b"\n"), [400], ENDS),
    ("a carriage return within the line", line(b"GET /\r HTTP/1.1"), [400], ENDS),
    ("a line that ends twice", line(b"GET " + PATH + b" HTTP/1.1\r"), [400], ENDS),
    ("a method in small letters", request(b"get"), [405], GOES_ON),
    ("a method that is no token", request(b"GE(T"), [400], ENDS),
    ("a method with NUL", request(b"GET\x00"), [400], ENDS),
    ("no method", b" " + PATH + b" HTTP/1.1\r\n\r\n", [400], ENDS),
    ("a long method", request(b"G" * 33), [501], ENDS),
    *((f"the method {method}", request(method), [405], GOES_ON) for method in (
        b"TRACE", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"PROPFIND", b"M-SEARCH", b"G" * 32)),
    ("OPTIONS *", target(b"*", b"OPTIONS"), [405], GOES_ON),
    ("GET *", target(b"*"), [400], ENDS),
    ("CONNECT to this host", target(HOST + b":443", b"CONNECT"), [405], GOES_ON),
    ("CONNECT to another", target(b"mx.example.test:25", b"CONNECT"), [421], GOES_ON),
    *((f"CONNECT {text}", target(text, b"CONNECT"), [400], ENDS) for text in (
        HOST, b"/", PATH, b"https://" + HOST, b":443", b"*", HOST + b":99999", b"a@" + HOST + b":443")),

    # The target, RFC 9112 3.2 and RFC 8461 3.3.
    *((f"the target {text}", target(text), [403], GOES_ON) for text in (
        b"/", b"//", PATH + b"?", PATH + b"?a=b", PATH + b"??", PATH + b";a", PATH + b"/", b"/" + PATH, b"/." + PATH,
        b"/x/.." + PATH, b"/..", b"/../../etc/passwd", b"/.well-known/./mta-sts.txt", b"/.well-known//mta-sts.txt",
        b"/.well-known/mta-sts%2Etxt", b"/%2ewell-known/mta-sts.txt", b"/.well-known%2fmta-sts.txt", PATH + b"%00",
        PATH + b"%", b"/%", b"/%zz", b"/%c0%ae%c0%ae/", PATH.upper(), b"/\\..\\", b"/<script>", b"/" + b"a" * 7000,
        b"/.well-known/acme-challenge/x", b"https://" + HOST, b"https://" + HOST + b"/", b"https://" + HOST + b"?x")),
    *((f"the target {text}", target(text, b"GET"), [400], ENDS) for text in (
        PATH + b"#a", b"#", b"x", b"?x", b"mta-sts.txt", b"ftp://" + HOST + PATH, b"https:" + PATH, b"https:/x",
        b"https://", b"https:///x", b"https://a@" + HOST + PATH, b"https://a:b@" + HOST + PATH, HOST + b":443",
        b"https://" + HOST + b":x" + PATH, b"https://" + HOST + b":65536" + PATH, b"https://[::1" + PATH,
        b"/\x01", b"/\x7f", b"/\xc3\xa4", b"/\x00", b"/a b", b"")),
    *((f"the target {text}", target(text), [200], GOES_ON) for text in (
        b"https://" + HOST + PATH, b"HTTPS://" + HOST.upper() + PATH, b"http://" + HOST + PATH,
        b"https://" + HOST + b":443" + PATH, b"https://" + HOST + b"." + PATH)),
    *((f"the target {text}", target(text), [421], GOES_ON) for text in (
        b"https://" + OTHER + PATH, b"https://nobody.test/", b"http://127.0.0.1" + PATH, b"https://[::1]" + PATH)),
    ("this host by its target, another by its field", request(path=b"https://" + HOST + PATH, host=OTHER), [200], GOES_ON),
    ("another host by its target, this by its field", request(path=b"https://" + OTHER + PATH), [421], GOES_ON),
    ("the absolute form without a host", head(b"GET https://" + HOST + PATH + b" HTTP/1.1"), [400], ENDS),

    # Host, RFC 9112 3.2.
    ("no host", head(b"GET " + PATH + b" HTTP/1.1"), [400], ENDS),
    ("two hosts", get(b"Host: " + OTHER), [400], ENDS),
    ("the same host twice", get(b"Host: " + HOST), [400], ENDS),
    ("two hosts, one in small letters", get(b"host: " + OTHER), [400], ENDS),
    *((f"the host {value}", hosted(value), [200], GOES_ON) for value in (
        HOST.upper(), HOST + b".", HOST + b":443", HOST + b":", HOST + b":0", HOST + b".:8443", b"\t" + HOST + b" ")),
    *((f"the host {value}", hosted(value), [421], GOES_ON) for value in (
        b"", OTHER, b"nobody.test", b"example.test", b"127.0.0.1", b"127.0.0.1:443", b"[::1]", b"[::1]:443", HOST + b"..",
        b"." + HOST, b"a" * 300, b"*", b"%00", HOST + b"," + OTHER)),
    *((f"the host {value}", hosted(value), [400], ENDS) for value in (
        HOST + b":x", HOST + b":65536", HOST + b":-1", HOST + b":443:443", b":443", b"a@" + HOST, HOST + b"/", HOST + b" x",
        HOST + b"\x00", b"https://" + HOST, b"[::1", b"::1]", HOST + b"#", HOST + b"?", b"\xc3\xa4.test")),

    # Sizes.
    ("100 KiB of fields", get(*(b"X-%d: " % i + b"x" * 1000 for i in range(100))), [431], ENDS),
    ("one field of 64 KiB", get(b"X: " + b"x" * 65536), [431], ENDS),
    ("the name of a field of 64 KiB", get(b"X" * 65536 + b": x"), [431], ENDS),
    ("10,000 fields", get(*(b"X: x",) * 10000), [431], ENDS),
    ("as many fields as may be", get(*(b"X: x",) * 99), [200], GOES_ON),
    ("one field more", get(*(b"X: x",) * 100), [431], ENDS),
    ("a line of 1 MiB", line(b"GET /" + b"a" * 1048576 + b" HTTP/1.1"), [414], ENDS),
    ("a line without an end", b"A" * 200000, [414], ENDS),
    ("a method without an end", b"A" * 7999 + b"\r\n", [400], ENDS),
    ("a target just too long", line(b"GET /" + b"a" * 8000 + b" HTTP/1.1"), [414], ENDS),
    ("zeros", bytes(100000), [414], ENDS),
    ("TLS within TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n", [400], ENDS),
    ("SMTP", b"EHLO mx.example.test\r\nMAIL FROM:<>\r\n", [400], ENDS),
    ("1,000 requests at once", request() * 100 + SMUGGLED * 900, [200] * 100, ENDS),
]


def statuses_of(host, sent, count):
    """The statuses of the responses, and how the connection went on."""
    with host.tls() as s:
        # Sent beside reading: a client that is refused need not get rid of all its bytes.
        with contextlib.suppress(OSError):
            s.sendall(sent)
        got = [response(s)[0] for _ in range(count)]
        try:
            s.settimeout(LIMIT)
            s.sendall(request())
            status, _, body = response(s)
            check(status == 200 and body == POLICY, "and then", status)
            return got, GOES_ON
        except (OSError, AssertionError):
            return got, ENDS


# ---- in place of TLS ----

def vector(width, content):
    return len(content).to_bytes(width, "big") + content


def extension(kind, content):
    return struct.pack("!H", kind) + vector(2, content)


def names(*given, kind=0):
    """The extension server_name, RFC 6066 3."""
    return extension(0, vector(2, b"".join(bytes([kind]) + vector(2, name) for name in given)))


VERSIONS = extension(43, b"\x04\x03\x04\x03\x03")
GROUPS = extension(10, vector(2, b"\x00\x1d\x00\x17")) + extension(13, vector(2, b"\x04\x03\x08\x04"))
SHARE = extension(51, vector(2, b"\x00\x1d" + vector(2, bytes(range(9, 41)))))
EARLY = extension(42, b"")


def hello(sni=names(HOST), version=0x0303, more=VERSIONS + GROUPS + SHARE, ciphers=b"\x13\x01\xc0\x2b\xc0\x2f\x00\x2f"):
    """A ClientHello, RFC 8446 4.1.2, as a handshake message."""
    body = struct.pack("!H", version) + bytes(range(32)) + vector(1, b"") + vector(2, ciphers) + b"\x01\x00" + vector(2, sni + more)
    return b"\x01" + vector(3, body)


def records(message, size=16384, version=0x0301, kind=22):
    pieces = [message[i:i + size] for i in range(0, len(message), size)]
    return b"".join(struct.pack("!BH", kind, version) + vector(2, piece) for piece in pieces)


SSL2 = b"\x80\x2e\x01\x03\x00\x00\x15\x00\x00\x00\x10" + bytes(37)
ALERT, HELLO, NOTHING = "an alert", "a ServerHello", "an end"
# (what, bytes, what the server's first record is)
BEGINNINGS = [
    ("a usual ClientHello", records(hello()), {HELLO}),
    ("a ClientHello in records of a byte", records(hello(), 1), {HELLO}),
    ("a ClientHello with 8 KiB of padding", records(hello(more=VERSIONS + GROUPS + SHARE + extension(21, bytes(8000))), 512), {HELLO}),
    ("a ClientHello of 128 KiB", records(hello(more=VERSIONS + GROUPS + SHARE + extension(21, bytes(65000)) + extension(77, b""))), {HELLO, ALERT}),
    ("a ClientHello that announces 16 MiB", records(b"\x01\xff\xff\xff" + bytes(30000)), {ALERT}),
    ("empty records without an end", records(b"", 1) + b"\x16\x03\x01\x00\x00" * 1000, {ALERT}),
    ("half a ClientHello", records(hello())[:60], {NOTHING, ALERT}),
    ("SSL 2", SSL2, {ALERT, NOTHING}),
    ("SSL 3", records(hello(version=0x0300, more=b"", sni=b"")[:-2], version=0x0300), {ALERT}),
    ("TLS 1.0", records(hello(version=0x0301, more=GROUPS)), {ALERT}),
    ("TLS 1.1", records(hello(version=0x0302, more=GROUPS), version=0x0302), {ALERT}),
    ("TLS 1.2", records(hello(more=GROUPS)), {HELLO}),
    ("TLS 1.4 alone", records(hello(more=extension(43, b"\x02\x03\x05") + GROUPS + SHARE)), {ALERT}),
    ("no cipher that is spoken", records(hello(ciphers=b"\x00\x05\x00\x0a")), {ALERT}),
    ("no cipher", records(hello(ciphers=b"")), {ALERT}),
    ("no name", records(hello(sni=b"")), {ALERT}),
    *((f"the name {what}", records(hello(sni=names(name))), {result}) for what, name, result in (
        ("in upper case", HOST.upper(), HELLO), ("with a dot behind it", HOST + b".", HELLO), ("empty", b"", ALERT),
        ("of an address", b"127.0.0.1", ALERT), ("of an IPv6 address", b"[::1]", ALERT), ("with NUL", HOST + b"\x00", ALERT),
        ("with NUL in it", HOST[:7] + b"\x00" + HOST[7:], ALERT), ("of 255 bytes", b"a" * 255, ALERT),
        ("of 256 bytes", b"a" * 256, ALERT), ("of 60,000 bytes", b"a" * 60000, ALERT), ("of dots", b"...", ALERT),
        ("that is not ASCII", b"mta-sts.b\xc3\xbccher.test", ALERT), ("of a stranger", b"mta-sts.stranger.test", ALERT),
        ("with a port", HOST + b":443", ALERT), ("of the domain", b"example.test", ALERT),
        ("with two dots", HOST + b"..", ALERT), ("with a line's end", HOST + b"\r\n", ALERT), ("*", b"*.wild.test", ALERT))),
    ("two names", records(hello(sni=names(HOST, OTHER))), {ALERT}),
    ("a name twice", records(hello(sni=names(HOST) + names(HOST))), {ALERT}),
    ("a name of another kind", records(hello(sni=names(HOST, kind=1))), {ALERT}),
    ("a list of names that is too short", records(hello(sni=extension(0, b"\x00\x40\x00\x00\x03abc"))), {ALERT}),
    ("h2 alone", records(hello(more=VERSIONS + GROUPS + SHARE + extension(16, vector(2, b"\x02h2")))), {ALERT}),
    ("an empty protocol", records(hello(more=VERSIONS + GROUPS + SHARE + extension(16, vector(2, b"\x00")))), {ALERT}),
    ("early data", records(hello(more=VERSIONS + GROUPS + SHARE + EARLY)) + records(bytes(5000), version=0x0303, kind=23), {HELLO, ALERT}),
    ("early data without an end", records(hello(more=VERSIONS + GROUPS + SHARE + EARLY)) +
     records(bytes(500000), version=0x0303, kind=23), {HELLO, ALERT}),
    ("data before a handshake", records(request(), kind=23), {ALERT}),
    ("an alert", b"\x15\x03\x01\x00\x02\x02\x28", {NOTHING, ALERT}),
    ("a heartbeat", b"\x18\x03\x02\x00\x03\x01\x40\x00", {ALERT}),
    ("a ServerHello", records(b"\x02" + vector(3, bytes(80))), {ALERT}),
    ("a record that is too long", b"\x16\x03\x01\xff\xff" + bytes(70000), {ALERT}),
    ("a request in the clear", request(), {ALERT, NOTHING}),
    ("a request in the clear, of another kind", b"POST / HTTP/1.1\r\n\r\n" + bytes(30000), {ALERT, NOTHING}),
    ("the preface of HTTP/2 in the clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {ALERT, NOTHING}),
    ("the header of a proxy", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n" + records(hello()), {ALERT, NOTHING}),
    ("zeros", bytes(100000), {ALERT, NOTHING}),
    ("nothing", b"", {ALERT, NOTHING}),
    ("SSH", b"SSH-2.0-x\r\n", {ALERT, NOTHING}),
]


def first_record(host, sent, slowly=False):
    """What comes back before the end, which must come: the client has said that it sends no more."""
    got = b""
    with host.plain() as s:
        with contextlib.suppress(OSError):
            if slowly:
                for byte in sent:
                    s.sendall(bytes([byte]))
            else:
                s.sendall(sent)
            s.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while piece := s.recv(65536):
                got += piece
    return {b"": NOTHING, b"\x15": ALERT, b"\x16": HELLO}.get(got[:1], got[:40])


def is_honest(host):
    """The next client gets the policy."""
    with host.tls() as s:
        s.sendall(request())
        status, _, body = response(s)
        check(status == 200 and body == POLICY, "the next client gets", status, body)


def judge_request(host, sent, expected, then):
    got, went_on = statuses_of(host, sent, len(expected))
    check((got, went_on) == (expected, then), got, "and the connection", went_on, "instead of", expected, then)


def judge_slowly(host):
    """Every byte by itself, those of the handshake too."""
    check(first_record(host, records(hello()), slowly=True) == HELLO)
    for sent, status in (request(), 200), (get(b"Content-Length: +5"), 400):
        with host.tls() as s:
            for byte in sent:
                s.sendall(bytes([byte]))
            check(response(s)[0] == status)


def judge_renegotiation(host):
    """TLS 1.2 can ask for another handshake; it is refused, RFC 5746 and OpenSSL's no_renegotiation."""
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{host.port}", "-servername", NAME, "-tls1_2"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        seen = b""
        while b"Verify return code" not in seen:
            piece = client.stdout.readline()
            check(piece, "it ended with", seen)
            seen += piece
        client.stdin.write(b"R\n")
        client.stdin.flush()
        with contextlib.suppress(OSError):
            client.stdin.write(request().replace(b"\r\n", b"\n"))
            client.stdin.flush()
        seen, _ = client.communicate(timeout=LIMIT)
        check(b"no renegotiation" in seen, seen)


def judge_resumption(host):
    """No ticket, so that there is nothing for early data to go on."""
    check("Early data was not sent" in s_client(host, "-servername", NAME, "-tls1_3"))


def judge_key_updates(host):
    """A client that asks for new keys again and again."""
    text = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{host.port}", "-servername", NAME, "-tls1_3"],
                          input=b"K\n" * 200, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT).stdout
    check(b"BEGIN CERTIFICATE" in text, text)


def cases():
    for what, sent, expected, then in REQUESTS:
        yield f"{what}: {expected[-1]}, and it {then}", lambda host, *row: judge_request(host, *row), (sent, expected, then)
    for what, sent, expected in BEGINNINGS:
        def judge(host, sent, expected):
            got = first_record(host, sent)
            check(got in expected, got, "instead of", expected)
        yield f"in place of TLS, {what}: {' or '.join(sorted(expected))}", judge, (sent, expected)
    for what, judge in (("bytes one by one", judge_slowly), ("a second handshake", judge_renegotiation),
                        ("early data", judge_resumption), ("new keys again and again", judge_key_updates)):
        yield what, judge, ()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lab", required=True)
    parser.add_argument("only", nargs="?", default="")
    args = parser.parse_args()
    failed = number = 0
    with tempfile.TemporaryDirectory() as top:
        make_keys(top)
        host = Host(args.lab, top, tempfile.mkdtemp(dir=top))
        for what, judge, row in cases():
            if args.only not in what:
                continue
            number += 1
            verdict = "ok"
            try:
                judge(host, *row)
                is_honest(host)
            except (AssertionError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as e:
                verdict, failed = "not ok", failed + 1
                print("# " + f"{type(e).__name__}: {e}".replace("\n", "\n# ")[:2000])
            print(f"{verdict} {number} - {what[:150]}".replace("#", "(hash)"), flush=True)
        status, log = host.stop(), host.logged()
        fine = status == 0 and "Sanitizer" not in log and "runtime error" not in log
        failed += not fine
        print(f"{'ok' if fine else 'not ok'} {number + 1} - the host ends cleanly")
        if not fine:
            print("# " + log.replace("\n", "\n# "))
        print(f"1..{number + 1}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
