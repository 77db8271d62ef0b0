#!/usr/bin/env python3
"""Many domains behind a slow line, checked at once.

    bench/check.py BUILD [shell] [DOMAINS [JOBS]]

BUILD is a release build; with shell, nothing is measured, and a person can look around. DOMAINS (2000) domains, half of
them in a signed zone, share policy hosts and MX hosts, ten at an address; every second of these hosts has IPv6 too. Every
round trip takes 300 ms (bench/delay.c). Runs of `sealpost check`, JOBS (640) at a time: one domain alone, again and again,
which is the bound that latency sets; all domains, whose verdicts must be right, and who used the processors meanwhile,
since the servers and the line are on the same machine: the bound that its cores set; all domains with 50 hanging hosts
among them (they swallow packets, or take the connection and say nothing), which should slow or change at most 5 % of the
others; and once more without them, for what chance and other load on the machine do. Needs root, and touches nothing of
the machine (see bench/check/world.py).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "check"))
DELAY_MS = 150        # each way
HANGING = 50
ALONE = 5             # runs with one domain
SLOWED = 1.25         # times as long as without the hanging hosts
AIM_SECONDS, AIM_MIB, AIM_SLOWED = 15, 100, 0.05

# What must be found in a domain of each kind; no other warning or error.
FAULTS = {"perfect": set(), "testing": set(), "mx-not-listed": {"check-mx-unlisted"}, "no-record": {"check-record-absent"},
          "plain": {"check-mx-starttls-absent"}, "mx-expired": {"check-mx-cert-expired"},
          "web-self-signed": {"check-host-cert-self-signed"}}


def enter():
    """This program again, as the first process of namespaces of its own."""
    os.execvp("unshare", ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--mount-proc", "--net",
                          sys.executable, "-B", *sys.argv, "--inside"])


class Run:
    """One run of the program: what it printed, a JSON object a domain, and what it cost."""

    def __init__(self, world, program, domains, jobs, options=()):
        self.world_began = world.cpu_seconds()
        names = os.path.join(world.folder, "names")
        with open(names, "w", encoding="ascii") as f:
            f.writelines(d.name + "\n" for d in domains)
        command = ["nsenter", "--net=/run/netns/near", "--", program, "check", "--json", "--from", names, "--jobs", str(jobs),
                   "--trust-anchor", world.dns.anchor, "--ca-file", world.authority.file, *options]
        began = time.monotonic()
        with open(os.path.join(world.folder, "out"), "w+", encoding="utf-8") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
            self.peak_kib = 0
            while not self.ended(process):
                self.look(process.pid)
                time.sleep(0.05)
            self.seconds = time.monotonic() - began
            self.world_ended = world.cpu_seconds()
            self.messages = process.stderr.read()
            out.seek(0)
            self.lines = [json.loads(line) for line in out]
        if len(self.lines) != len(domains):
            sys.exit(f"{len(self.lines)} of {len(domains)} domains came back, exit status {self.status}: {self.messages}")
        self.by_name = {line["domain"]: line for line in self.lines}

    def ended(self, process):
        pid, self.status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(self.status)
            self.cpu = used.ru_utime + used.ru_stime
        return bool(pid)

    def look(self, pid):
        try:
            text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            return
        for line in text.split("\n"):
            if line.startswith("VmHWM:"):
                self.peak_kib = max(self.peak_kib, int(line.split()[1]))

    def share(self):
        """Who used the processors, of which the whole world has no more than this machine's."""
        line, servers = (after - before for before, after in zip(self.world_began, self.world_ended))
        cores, everything = len(os.sched_getaffinity(0)), self.cpu + line + servers
        return (f"CPU {everything:.1f} s in all: sealpost {self.cpu:.1f}, servers {servers:.1f}, line {line:.1f}; {cores} cores "
                f"need {everything / cores:.1f} s for it and were {100 * everything / cores / self.seconds:.0f} % busy with it")

    def __str__(self):
        return f"{self.seconds:.1f} s, CPU {self.cpu:.1f} s, peak {self.peak_kib / 1024:.0f} MiB"


def faults(line):
    return {r["code"] for step in line["steps"] for r in step["results"] if r["grade"] in ("warning", "error")}


def wrong(run, domains):
    """Domains whose faults are not those that were planted."""
    found = []
    for d in domains:
        seen = faults(run.by_name[d.name])
        if seen != FAULTS[d.kind]:
            found.append(f"{d.name} ({d.kind}): {', '.join(sorted(seen)) or 'nothing wrong'}")
    return found


def prepare(folder, tools, count):
    from world import World, domains_of  # pylint: disable=import-outside-toplevel # only as root, inside
    os.chmod(folder, 0o755)
    domains, hanging = domains_of(count, HANGING)
    world = World(folder, tools, DELAY_MS, domains + hanging)
    world.start()
    return world, domains, hanging


def slower(before, after):
    """The share of the domains of the one run that took much longer in the other."""
    return sum(line["elapsed_ms"] * SLOWED < after.by_name[name]["elapsed_ms"]
               for name, line in before.by_name.items()) / len(before.by_name)


def measure(world, program, domains, hanging, jobs):
    """Prints the figures; returns whether all verdicts were right."""
    alone = [Run(world, program, [d], jobs) for d in domains[1:1 + ALONE]]
    bound = statistics.median(r.seconds for r in alone)
    print(f"one domain alone: {bound:.1f} s, the median of {ALONE}: {bound * 1000 / (2 * DELAY_MS):.0f} round trips")
    everyone = Run(world, program, domains, jobs)
    print(f"{len(domains)} domains: {everyone}; {everyone.seconds / bound:.1f} times one domain alone "
          f"(aim: {AIM_SECONDS} s, {AIM_MIB} MiB)\n{everyone.share()}", flush=True)
    mixed = list(domains)
    for number, d in enumerate(hanging):
        mixed.insert(number * len(mixed) // len(hanging), d)
    beside = Run(world, program, mixed, jobs)
    again = Run(world, program, domains, jobs)
    slowed, chance = slower(everyone, beside), slower(everyone, again)
    bad = wrong(everyone, domains), wrong(beside, domains)
    print(f"with {len(hanging)} hanging hosts among them: {beside}; of the others "
          f"{100 * slowed:.1f} % took more than {SLOWED} times as long, {len(bad[1])} have a wrong verdict "
          f"(aim: {100 * AIM_SLOWED:.0f} %); without them again: {again}, {100 * chance:.1f} %")
    for one in (bad[0] + bad[1])[:10]:
        print(f"WRONG {one}")
    print(f"{len(bad[0])} wrong verdicts, {len(bad[1])} beside the hanging hosts")
    return not any(bad)


def main():
    if sys.argv[-1] != "--inside":
        if os.geteuid() != 0:
            sys.exit("bench/check.py makes network namespaces, which needs root")
        enter()
    build, *rest = sys.argv[1:-1]
    build = pathlib.Path(build).resolve()
    shell = rest[:1] == ["shell"]
    numbers = list(map(int, rest[shell:]))
    count, jobs = numbers + [2000, 640][len(numbers):]
    with tempfile.TemporaryDirectory(prefix="sealpost-bench-") as folder:
        world, domains, hanging = prepare(folder, str(build / "bench"), count)
        if shell:
            print(f"trust anchor {world.dns.anchor}, CA file {world.authority.file}, names {domains[0].name} and on")
            subprocess.run(["nsenter", "--net=/run/netns/near", "bash"], check=False)
            return 0
        print(f"round trip {world.round_trip():.1f} ms")
        fine = measure(world, str(build / "src/sealpost"), domains, hanging, jobs)
        dropped, line = world.dropped(), world.end_line()
        print(f"the line: {line['passed']:.0f} packets, CPU {line['cpu_ms'] / 1000:.1f} s, at most {line['late_ms']:.1f} ms late, "
              f"{line['lost'] + dropped:.0f} lost")
        if line["lost"] + dropped:
            print("WRONG: the line must lose nothing")
        return 0 if fine and not line["lost"] + dropped else 1


if __name__ == "__main__":
    sys.exit(main())
