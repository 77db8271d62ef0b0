#!/usr/bin/env python3
"""Stands before Pebble and lets a CA fail as the file says, which is read again for each request.

    ca_proxy.py ADDRESS PORT CERTIFICATE PEBBLE:PORT CA_FILE FILE

FILE holds a JSON list of {"path": REGEX, "status": N, "headers": {...}, "body": TEXT}: the first whose path matches
answers in Pebble's place; status 0 is no answer at all, until the file says something else. {"path": REGEX, "to": PATH}
asks Pebble for another path, {"path": REGEX, "hold": true} only when the file says something else. Prints "ready", then a line for each request: METHOD PATH STATUS.
"""

import http.client
import http.server
import json
import re
import ssl
import sys
import time

POLL = 0.1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream, ca_file, file = "", "", ""

    def rule(self):
        with open(self.file, encoding="utf-8") as f:
            return next((r for r in json.load(f) if re.search(r["path"], self.path)), {})

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        print(self.command, self.path, status, flush=True)

    def pass_on(self, path):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        context = ssl.create_default_context(cafile=self.ca_file)
        upstream = http.client.HTTPSConnection(self.upstream, context=context, timeout=60)
        upstream.request(self.command, path, body or None, dict(self.headers))
        got = upstream.getresponse()
        self.answer(got.status, got.getheaders(), got.read())
        upstream.close()

    def handle_any(self):
        rule = self.rule()
        if rule.get("status") == 0:
            print(self.command, self.path, "-", flush=True)
            while self.rule() == rule:
                time.sleep(POLL)
            self.close_connection = True
        elif "status" in rule:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(rule["status"], rule.get("headers", {}).items(), rule.get("body", "").encode())
        else:
            if "hold" in rule:
                print(self.command, self.path, "held", flush=True)
            while "hold" in rule and self.rule() == rule:
                time.sleep(POLL)
            self.pass_on(rule.get("to", self.path))

    do_GET = do_POST = do_HEAD = handle_any

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """The handshake is made by the connection's own thread: a slow one keeps nobody waiting."""

    def __init__(self, address, certificate):
        super().__init__(address, Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, *_):
        pass  # whoever ends a connection early


def main():
    address, port, certificate, Handler.upstream, Handler.ca_file, Handler.file = sys.argv[1:]
    server = Server((address, int(port)), certificate)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
