#!/usr/bin/env python3
"""What names that nobody serves cost the host role: 100,000 ClientHellos with random ones.

    bench/strangers.py BUILD [COUNT]

One worker with 100 domains. Prints how many it refuses for one CPU second, and what an honest
client saw meanwhile. Fails when one is not answered by the alert, when memory, store or log have
grown, or when an honest client was not served.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

import host

MEMORY_MAX = 1  # MiB; what 100,000 strangers may leave behind
LINES_MAX = 20  # of the log


def state(folder):
    """The store's files; what the journals have room for is no matter."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.db"))}


def strangers(server, count):
    program = [server.material.build / "bench/strangers", str(server.port), str(count), "32"]
    return subprocess.Popen(program, stdout=subprocess.PIPE, text=True, preexec_fn=host.off_first_cpu)


def ended(process, count):
    words = process.communicate()[0].split()
    got = dict(zip(words[::2], map(float, words[1::2])))
    if got["refused"] != count:
        sys.exit(f"not all were refused: {got}")
    return got["seconds"]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, -5)
    with tempfile.TemporaryDirectory(prefix="sealpost-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        server = host.Sealpost(host.Material(build, folder, 100), folder / "server", 100)
        try:
            ended(strangers(server, 2000), 2000)
            server.visit(200)
            quiet = server.visit(100, 1)
            memory, cpu, store, log = server.memory(), server.cpu(), state(folder), (server.folder / "log").read_text()
            flood = strangers(server, count)
            honest, visits = [], 50
            while flood.poll() is None:
                honest.append(server.visit(visits, 1))
            seconds = ended(flood, count)
            cpu = server.cpu() - cpu - quiet[0] * visits * len(honest) / 1000
            grown = server.memory() - memory
            lines = (server.folder / "log").read_text()[len(log):].splitlines()
            print(f"{count} strangers in {seconds:.1f} s, {count / cpu:.0f} for one CPU second; grown by {grown:.2f} MiB and"
                  f" {len(lines)} lines of log")
            print(f"honest clients meanwhile: {visits * len(honest)}, p50 {sorted(h[1] for h in honest)[len(honest) // 2]:.1f} ms,"
                  f" p99 at most {max(h[2] for h in honest):.1f} ms; without strangers p50 {quiet[1]:.1f} ms")
            if grown > MEMORY_MAX or len(lines) > LINES_MAX or state(folder) != store:
                sys.exit("strangers have left something behind:\n" + "\n".join(lines[:LINES_MAX]))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
