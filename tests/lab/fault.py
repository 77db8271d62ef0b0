#!/usr/bin/env python3
"""What no real server can be made to show: a program that listens at some addresses and misbehaves at each.

    fault.py dns|http|smtp FILE

FILE is a JSON list of objects with the address to `listen` at and the `fault`, which is the name of a function below.
Prints "ready" when all of them listen.
"""

import asyncio
import json
import ssl
import struct
import sys
import time

FOREVER = 3600


async def hang():
    await asyncio.sleep(FOREVER)


async def repeat(writer, make, pause=0.0):
    """Writes make(0), make(1), ... until the client goes away."""
    number = 0
    while True:
        writer.write(make(number))
        await writer.drain()
        await asyncio.sleep(pause)
        number += 1


# ---- http: what happens after the connection; those with TLS are in the second group ----

async def http_close(reader, writer, item):
    """Closes at once, before TLS."""


async def http_hang(reader, writer, item):
    """Takes the connection and never speaks, not even TLS."""
    await hang()


async def http_garbage(reader, writer, item):
    """Speaks something else than TLS."""
    await reader.read(1)
    writer.write(b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<h1>Plain HTTP here</h1>\r\n")


async def http_unrecognized_name(reader, writer, item):
    """Ends the handshake: it has no certificate of that name."""
    await send_alert(reader, writer, ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)


async def http_handshake_failure(reader, writer, item):
    """Ends the handshake as a server does that has no certificate at all."""
    await send_alert(reader, writer, ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)


async def http_no_certificate(reader, writer, item):
    """An empty list of certificates, which no TLS library sends."""
    await send_certificates(reader, writer)


async def http_garbage_certificate(reader, writer, item):
    """What is no X.509 certificate."""
    await send_certificates(reader, writer, b"no certificate at all")


async def send_certificates(reader, writer, *certificates):
    """ServerHello and Certificate of TLS 1.2 (RFC 5246 7.4), then whatever comes."""
    def counted(width, *parts):
        body = b"".join(parts)
        return len(body).to_bytes(width, "big") + body
    renegotiation_info = b"\xff\x01" + counted(2, b"\0")  # RFC 5746: clients insist on it
    hello = b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0" + counted(2, renegotiation_info)
    chain = counted(3, *(counted(3, one) for one in certificates))
    await read_record(reader)
    writer.write(b"\x16\3\3" + counted(2, b"\2", counted(3, hello), b"\x0b", counted(3, chain)))
    await reader.read(100)


async def send_alert(reader, writer, description):
    """A fatal alert instead of the ServerHello (RFC 8446 6)."""
    await read_record(reader)
    writer.write(bytes([21, 3, 3, 0, 2, 2, description]))


async def read_record(reader):
    header = await reader.readexactly(5)
    await reader.readexactly(struct.unpack("!H", header[3:])[0])


async def tls_close_after_request(reader, writer, item):
    """Closes after the request without a reply."""
    await reader.readuntil(b"\r\n\r\n")


async def tls_hang_after_request(reader, writer, item):
    """Takes the request and never replies."""
    await hang()


async def tls_close_after_post(reader, writer, item):
    """Has a page, and closes without a reply when something is posted."""
    if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
        writer.write(head(len(item["body"])) + item["body"].encode())


async def tls_half_reply(reader, writer, item):
    """Closes before the end of the body."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head(1000) + item["body"].encode()[:20])


async def tls_half_reply_hang(reader, writer, item):
    """Never sends the rest of the body."""
    await tls_half_reply(reader, writer, item)
    await writer.drain()
    await hang()


async def tls_half_head(reader, writer, item):
    """Closes within the header fields."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl")


async def tls_endless_head(reader, writer, item):
    """Header fields without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await repeat(writer, lambda n: f"X-Field-{n}: {'x' * 1000}\r\n".encode())


async def tls_endless_body(reader, writer, item):
    """A body without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
    await repeat(writer, lambda n: b"# and so on\n" * 100)


async def tls_slow(reader, writer, item):
    """A good reply that takes item["seconds"]."""
    await reader.readuntil(b"\r\n\r\n")
    reply = head(len(item["body"])) + item["body"].encode()
    pause = item.get("seconds", 7) / len(reply)
    for at in range(len(reply)):
        writer.write(reply[at:at + 1])
        await writer.drain()
        await asyncio.sleep(pause)


async def tls_drip(reader, writer, item):
    """A good reply, one byte in ten seconds."""
    await tls_slow(reader, writer, {**item, "seconds": 10 * len(item["body"])})


async def tls_no_status(reader, writer, item):
    """A reply that is not HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(item["body"].encode())


def head(length):
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n".encode()


# ---- smtp ----

async def smtp_close(reader, writer, item):
    """Closes at once."""


async def smtp_hang(reader, writer, item):
    """Takes the connection and never greets."""
    await hang()


async def smtp_half_banner(reader, writer, item):
    """Sends half a greeting and no more."""
    writer.write(b"220 mx.half")
    await writer.drain()
    await hang()


async def smtp_garbage(reader, writer, item):
    """Greets with what is no SMTP."""
    writer.write(b"\x00\xff\x16\x03 SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()
    await reader.read(1000)


async def smtp_reject(reader, writer, item):
    """Greets with 554 (RFC 5321, 3.1) and closes after QUIT."""
    writer.write(b"554 5.7.1 No SMTP service for you here\r\n")
    await converse(reader, writer, {})


async def smtp_busy(reader, writer, item):
    """Greets with 421 and closes."""
    writer.write(b"421 4.3.2 Too many connections, come back later\r\n")


async def smtp_close_after_ehlo(reader, writer, item):
    writer.write(b"220 mx.test ESMTP\r\n")
    await reader.readline()


async def smtp_ehlo_hang(reader, writer, item):
    writer.write(b"220 mx.test ESMTP\r\n")
    await writer.drain()
    await hang()


async def smtp_no_ehlo(reader, writer, item):
    """Knows HELO only."""
    writer.write(b"220 mx.test SMTP\r\n")
    await converse(reader, writer, {b"HELO": b"250 mx.test\r\n", b"EHLO": b"502 5.5.2 What is that?\r\n"})


async def smtp_endless_reply(reader, writer, item):
    """Lines of one reply without an end."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await reader.readline()
    await repeat(writer, lambda n: f"250-EXTENSION-{n}\r\n".encode())


async def smtp_endless_line(reader, writer, item):
    """One line without an end."""
    writer.write(b"220 mx.test ")
    await repeat(writer, lambda n: b"x" * 1000)


EHLO = b"250-mx.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


async def smtp_starttls_454(reader, writer, item):
    """Offers STARTTLS and then says that TLS is not available."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b"454 4.7.0 TLS not available\r\n"})


async def smtp_starttls_garbage(reader, writer, item):
    """Agrees to STARTTLS and then speaks no TLS."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b"220 2.0.0 Ready\r\n"}, until=b"STARTTLS")
    await reader.read(1)
    writer.write(b"this is no TLS at all\r\n" * 10)


async def smtp_starttls_hang(reader, writer, item):
    """Agrees to STARTTLS and then says nothing."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b"220 2.0.0 Ready\r\n"}, until=b"STARTTLS")
    await hang()


async def smtp_starttls_close(reader, writer, item):
    """Agrees to STARTTLS and closes."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b"220 2.0.0 Ready\r\n"}, until=b"STARTTLS")


async def smtp_starttls_injected(reader, writer, item):
    """What somebody on the way puts after the reply to STARTTLS is in clear text, and must be ignored."""
    writer.write(b"220 mx.test ESMTP\r\n")
    ready = b"220 2.0.0 Ready\r\n250-mx.test\r\n250 INJECTED\r\n"
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": ready}, until=b"STARTTLS")
    await hang()


async def smtp_starttls_unanswered(reader, writer, item):
    """Offers STARTTLS and closes when it is told so."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b""}, until=b"STARTTLS")


async def smtp_close_after_tls(reader, writer, item):
    """Closes when it is greeted within TLS."""
    tls = await begin_tls(reader, writer, tls_context(item))
    await tls.readline()


async def smtp_busy_after_tls(reader, writer, item):
    """Turns down the greeting within TLS."""
    tls = await begin_tls(reader, writer, tls_context(item))
    await converse(tls, tls, {b"EHLO": b"421 4.3.2 Out of memory\r\n"}, until=b"EHLO")


async def smtp_named_only(reader, writer, item):
    """Has TLS for those alone who say which host they mean (RFC 6066 3)."""
    tls = await begin_tls(reader, writer, tls_context(item, named_only=True))
    await converse(tls, tls, {b"EHLO": b"250 mx.test\r\n"})


async def begin_tls(reader, writer, context):
    """A conversation up to the end of the TLS handshake, as it should be."""
    writer.write(b"220 mx.test ESMTP\r\n")
    await converse(reader, writer, {b"EHLO": EHLO, b"STARTTLS": b"220 2.0.0 Ready\r\n"}, until=b"STARTTLS")
    tls = Tls(reader, writer, context)
    await tls.when_ready(tls.object.do_handshake)
    return tls


class Tls:
    """Reads and writes within TLS. asyncio's own start_tls() sends no alert when the handshake fails."""

    def __init__(self, reader, writer, context):
        self.reader, self.writer = reader, writer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    async def when_ready(self, act, *arguments):
        while True:
            try:
                return act(*arguments)
            except ssl.SSLWantReadError:
                pass
            finally:
                self.writer.write(self.outgoing.read())
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionResetError
            self.incoming.write(data)

    async def readline(self):
        """A command, which comes in one record."""
        return await self.when_ready(self.object.read, 1000)

    def write(self, data):
        self.object.write(data)
        self.writer.write(self.outgoing.read())

    async def drain(self):
        await self.writer.drain()


async def converse(reader, writer, replies, until=b"QUIT"):
    """Answers commands by their first word."""
    while line := await reader.readline():
        verb = line.split()[0].upper() if line.split() else b""
        writer.write(replies.get(verb, b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else b"503 5.5.1 Not now\r\n"))
        await writer.drain()
        if verb in (until, b"QUIT"):
            return


# ---- dns: a function takes the query and gives the reply, or None for silence ----

async def dns_hang(query, item):
    """Never answers."""
    return None


async def dns_servfail(query, item):
    return query[:2] + bytes([0x80 | query[2], 2]) + query[4:]


async def dns_refused(query, item):
    return query[:2] + bytes([0x80 | query[2], 5]) + query[4:]


async def dns_mx_servfail(query, item):
    """Hands on what the upstream says, but fails when it is asked for MX records."""
    kind, = struct.unpack_from("!H", query, skip_name(query, 12))
    return await (dns_servfail(query, item) if kind == 15 else ask(query, item["upstream"]))


async def dns_none(query, item):
    """Hands on what the upstream says."""
    return await ask(query, item["upstream"])


async def dns_without(query, item):
    """Hands on what the upstream says, but knows no name that begins with item["label"]."""
    label = item["label"].encode()
    if query[12:13 + len(label)].lower() != bytes([len(label)]) + label:
        return await ask(query, item["upstream"])
    question = query[12:skip_name(query, 12) + 4]
    return query[:2] + bytes([0x84 | query[2], 3]) + struct.pack("!HHHH", 1, 0, 0, 0) + question


async def dns_broken_signature(query, item):
    """Hands on what the upstream says, with one bit wrong in each signature."""
    reply = bytearray(await ask(query, item["upstream"]))
    for kind, end in records(reply):
        if kind == 46:
            reply[end - 1] ^= 1
    return bytes(reply)


async def dns_replace(query, item):
    """Hands on what the upstream says with item["old"] replaced by item["new"] of the same length: a secondary that
    has an older zone, or somebody who lies."""
    return (await ask(query, item["upstream"])).replace(item["old"].encode(), item["new"].encode())


async def dns_no_caa(query, item):
    """Hands on what the upstream says, but fails when it is asked for CAA records, as old servers do."""
    if type_of(query) == 257:
        return await dns_servfail(query, item)
    return await ask(query, item["upstream"])


async def dns_no_aaaa(query, item):
    """Hands on what the upstream says, but does not answer when it is asked for IPv6 addresses."""
    return None if type_of(query) == 28 else await ask(query, item["upstream"])


def type_of(query):
    return struct.unpack_from("!H", query, skip_name(query, 12))[0]


REBINDS = 2  # seconds after the first question
ASKED = {}   # when dns_rebind had a question for the first time, at any of its addresses


async def dns_rebind(query, item):
    """A records that change: the answer is item["first"], and soon item["then"]; TTL 0."""
    name_end = skip_name(query, 12)
    kind = type_of(query)
    question = query[12:name_end + 4]
    head_of = query[:2] + b"\x84\x00" + struct.pack("!HHHH", 1, int(kind == 1), 0, 0)
    if kind != 1:
        return head_of + question
    began = ASKED.setdefault(question, time.monotonic())
    address = item["then"] if time.monotonic() - began > REBINDS else item["first"]
    return head_of + question + struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + bytes(map(int, address.split(".")))


def skip_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def records(message):
    """Type and end of each record in a reply."""
    questions, *counts = struct.unpack_from("!4H", message, 4)
    at = 12
    for _ in range(questions):
        at = skip_name(message, at) + 4
    for _ in range(sum(counts)):
        at = skip_name(message, at)
        kind, _, _, length = struct.unpack_from("!HHIH", message, at)
        at += 10 + length
        yield kind, at


async def ask(query, upstream):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()

    class Client(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            transport.sendto(query)

        def datagram_received(self, data, addr):
            if not answer.done():
                answer.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Client, remote_addr=(upstream, 53))
    try:
        return await asyncio.wait_for(answer, 5)
    finally:
        transport.close()


class DnsServer(asyncio.DatagramProtocol):
    def __init__(self, item):
        self.item, self.transport, self.tasks = item, None, set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.answer(data, addr))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, query, addr):
        if reply := await globals()["dns_" + self.item["fault"]](query, self.item):
            self.transport.sendto(reply, addr)


# ---- listening ----

def tls_context(item, named_only=False):
    """With the host's certificate, for every client or for those that name the host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(item["certificate"])
    if named_only:
        context.sni_callback = lambda _tls, name, _context: (
            None if name == item["name"] else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
    return context


async def listen_tcp(kind, item):
    fault, context = item["fault"].replace("-", "_"), None
    behave = globals().get(f"{kind}_{fault}")
    if kind == "http" and not behave:
        behave = globals()["tls_" + fault]
        context = tls_context(item, named_only=True)  # as a perfect policy host does, RFC 8461 7.1

    async def serve(reader, writer):
        try:
            await behave(reader, writer, item)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away
        finally:
            writer.close()

    await asyncio.start_server(serve, item["listen"], item.get("port", 443 if kind == "http" else 25), ssl=context)


async def main(kind, path):
    with open(path, encoding="utf-8") as f:
        items = json.load(f)
    for item in items:
        if kind == "dns":
            item["fault"] = item["fault"].replace("-", "_")
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda item=item: DnsServer(item), local_addr=(item["listen"], 53))
        else:
            await listen_tcp(kind, item)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
