#!/usr/bin/env python3
"""CPU that a first visit costs: the host role beside nginx, in one run.

    bench/host.py BUILD [COUNT [ROUNDS]]

BUILD is a release build. Both servers have one worker, the
same ECDSA P-256 certificate and the same policy; each visit is a full handshake (TLS 1.3 as both
prefer) and one GET. Rounds take turns. Measured is the CPU time of the server's processes, all
threads, user and system, per 1,000 visits, which other load on the machine disturbs least.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

NAME, PATH = "mta-sts.example.test", "/.well-known/mta-sts.txt"
CONNECTIONS = 16
TICK = os.sysconf("SC_CLK_TCK")


def run(*args, **more):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def cpu(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory(pids):
    """Proportional set size in MiB."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def prepare(folder):
    quiet = {"cwd": folder, "stderr": subprocess.DEVNULL}
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
        "k.pem", "-subj", "/CN=" + NAME, "-addext", "subjectAltName=DNS:" + NAME, "-days", "3", "-out", "c.pem", **quiet)
    run("openssl", "x509", "-in", "c.pem", "-outform", "DER", "-out", "c.der", **quiet)
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "k.pem", "-outform", "DER", "-out", "k.der", **quiet)


def start_ours(lab, folder):
    store = f"{folder}/store"
    run(lab, "certificate", store, f"{folder}/c.der", f"{folder}/k.der", NAME)
    run(lab, "policy", store, "example.test", "enforce", "mx.example.test")
    pathlib.Path(folder, "conf").write_text(f"[store]\npath = {store}\n[host]\nworkers = 1\n")
    p = subprocess.Popen([lab, "serve", f"{folder}/conf", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                         stderr=subprocess.DEVNULL)
    return p, int(p.stdout.readline().split()[1]), [p.pid]


NGINX = """
daemon off; worker_processes 1; pid {0}/pid; error_log {0}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4;
  scgi_temp_path {0}/t5;
  server {{
    listen 127.0.0.1:{1} ssl; server_name {2};
    ssl_certificate {0}/c.pem; ssl_certificate_key {0}/k.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets {3}; ssl_session_cache off;
    root {0}/www;
  }}
}}
"""


def start_nginx(folder, port, tickets):
    www = pathlib.Path(folder, "www/.well-known")
    www.mkdir(parents=True, exist_ok=True)
    (www / "mta-sts.txt").write_bytes(b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 86400\r\n")
    os.chmod(folder, 0o755)
    conf = pathlib.Path(folder, f"nginx-{tickets}.conf")
    conf.write_text(NGINX.format(folder, port, NAME, tickets))
    p = subprocess.Popen(["nginx", "-p", folder, "-c", str(conf)], stderr=subprocess.DEVNULL)
    children = pathlib.Path(f"/proc/{p.pid}/task/{p.pid}/children")
    end = time.monotonic() + 10
    while not (pids := children.read_text().split()):
        if time.monotonic() > end or p.poll() is not None:
            sys.exit("nginx did not start")
        time.sleep(0.05)
    time.sleep(0.2)
    return p, port, [p.pid, *map(int, pids)]


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def measure(load, server, count):
    _, port, pids = server
    before = cpu(pids)
    words = run(load, str(port), NAME, PATH, str(count), str(CONNECTIONS)).split()
    got = dict(zip(words[::2], map(float, words[1::2])))
    if got["failed"] or got["done"] != count:
        sys.exit(f"visits failed: {got}")
    return (cpu(pids) - before) * 1000 / count, got["p50_ms"], got["p99_ms"]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    load, lab = str(build / "bench/tlsload"), str(build / "bench/host_lab")
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        servers = {"sealpost host": start_ours(lab, folder),
                   "nginx": start_nginx(folder, free_port(), "on"),
                   "nginx, no tickets": start_nginx(folder, free_port(), "off")}
        try:
            for server in servers.values():
                measure(load, server, 200)
            rows = {name: [] for name in servers}
            for _ in range(rounds):
                for name, server in servers.items():
                    rows[name].append(measure(load, server, count))
            print(f"{count} visits a round, {rounds} rounds in turn, {CONNECTIONS} at a time; medians (smallest-largest)")
            for name, got in rows.items():
                costs = [g[0] for g in got]
                ratio = statistics.median(o[0] / g[0] for o, g in zip(rows["sealpost host"], got))
                print(f"{name:18} {statistics.median(costs):.3f} ({min(costs):.3f}-{max(costs):.3f}) CPU s / 1000"
                      f"  p50 {statistics.median(g[1] for g in got):.1f} ms  p99 {statistics.median(g[2] for g in got):.1f} ms"
                      f"  {memory(servers[name][2]):.0f} MiB  ours/this {ratio:.2f}")
        finally:
            for p, *_ in servers.values():
                p.terminate()
                p.wait(10)


if __name__ == "__main__":
    main()
