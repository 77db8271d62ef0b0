#!/usr/bin/env python3
"""Reports read from .json.gz and .eml: sealpost beside zcat and jq, Python's standard library, and
bounds that only decompress or only parse MIME. CPU seconds per 1000 reports, in one run.

    bench/reports.py BUILD-FOLDER [--reports N] [--rounds N] [--seed N]
"""
import argparse
import base64
import email
import email.policy
import gzip
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RESULTS = ["starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
           "certificate-not-trusted", "validation-failure", "sts-policy-fetch-error"]
JQ_SAMPLE = 300
PYTHON_EML_SAMPLE = 5000


def make_policy(rng, domain, failures):
    details = [{
        "result-type": rng.choice(RESULTS),
        "sending-mta-ip": "192.0.2.%d" % rng.randrange(256),
        "receiving-mx-hostname": "mx%d.%s" % (rng.randrange(4), domain),
        "receiving-ip": "2001:db8::%x" % rng.randrange(65536),
        "failed-session-count": rng.randrange(1, 50),
        "failure-reason-code": rng.choice(["", "MX_HOSTS_MISMATCH", "no route", "0x%08x" %
                                           rng.getrandbits(32)])} for _ in range(failures)]
    for detail in details:
        if not detail["failure-reason-code"]:
            del detail["failure-reason-code"]
    row = {"policy": {"policy-type": "sts",
                      "policy-string": ["version: STSv1", "mode: enforce", "mx: *." + domain,
                                        "max_age: 604800"],
                      "policy-domain": domain, "mx-host": ["*." + domain]},
           "summary": {"total-successful-session-count": rng.randrange(5000),
                       "total-failure-session-count":
                           sum(d["failed-session-count"] for d in details)}}
    if details:
        row["failure-details"] = details
    return row


def make_report(rng):
    domain = "d%06d.example" % rng.randrange(10**6)
    sender = "s%03d.example" % rng.randrange(1000)
    day = "2026-01-%02dT" % rng.randrange(1, 32)
    failures = min(int(rng.lognormvariate(0.4, 1.3)), 35)
    policies = [make_policy(rng, domain, failures)]
    for _ in range(rng.choices([0, 1, 2], [80, 15, 5])[0]):
        policies.append({"policy": {"policy-type": "no-policy-found", "policy-domain": domain},
                         "summary": {"total-successful-session-count": rng.randrange(100),
                                     "total-failure-session-count": 0}})
    return {"organization-name": "Sender %s Inc." % sender,
            "date-range": {"start-datetime": day + "00:00:00Z", "end-datetime": day + "23:59:59Z"},
            "contact-info": "smtp-tls-reporting@" + sender,
            "report-id": day + "00:00:00Z_" + domain, "policies": policies}, domain, sender


def make_eml(domain, sender, name, packed):
    return ("Received: from mail.%s (mail.%s [192.0.2.7])\r\n\tby mx.%s with ESMTPS id x\r\n"
            "From: noreply@%s\r\nTo: tlsrpt@%s\r\nDate: Sat, 31 Jan 2026 08:00:00 +0000\r\n"
            "Subject: Report Domain: %s Submitter: %s Report-ID: <x@%s>\r\n"
            "TLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\nMIME-Version: 1.0\r\n"
            "Message-ID: <x@%s>\r\n"
            "Content-Type: multipart/report; report-type=tlsrpt;\r\n\tboundary=\"b0undary\"\r\n\r\n"
            "--b0undary\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\n"
            "This is an aggregate TLS report from %s.\r\n"
            "--b0undary\r\nContent-Type: application/tlsrpt+gzip; name=\"%s\"\r\n"
            "Content-Disposition: attachment; filename=\"%s\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n%s--b0undary--\r\n" %
            (sender, sender, domain, sender, domain, domain, sender, sender, domain, sender, sender,
             sender, name, name,
             base64.encodebytes(packed).decode().replace("\n", "\r\n"))).encode()


def make_corpus(folder, reports, seed):
    rng = random.Random(seed)
    sizes, packed_sizes, paths = [], [], {"gz": [], "eml": []}
    for kind in paths:
        os.mkdir(os.path.join(folder, kind))
    for n in range(reports):
        report, domain, sender = make_report(rng)
        text = json.dumps(report, separators=(",", ":")).encode()
        packed = gzip.compress(text, mtime=0)
        sizes.append(len(text))
        packed_sizes.append(len(packed))
        name = "%s!%s!1769817600!1769903999!%d.json.gz" % (sender, domain, n)
        for kind, path, content in (("gz", name, packed), ("eml", "%d.eml" % n,
                                    make_eml(domain, sender, name, packed))):
            path = os.path.join(folder, kind, path)
            with open(path, "wb") as file:
                file.write(content)
            paths[kind].append(path)
    for kind in paths:
        with open(os.path.join(folder, kind + ".list"), "w") as file:
            file.writelines(path + "\n" for path in paths[kind])
    sizes.sort()
    print("%d reports: JSON median %d, p95 %d, max %d bytes; gzip median %d bytes (seed %d)" %
          (reports, statistics.median(sizes), sizes[int(reports * 0.95)], sizes[-1],
           statistics.median(packed_sizes), seed))
    return paths


def walk(report):
    """What a program does with a report at the least: looks at every count and every failure."""
    sessions = 0
    for row in report["policies"]:
        summary = row["summary"]
        sessions += summary["total-successful-session-count"]
        sessions += summary["total-failure-session-count"]
        for detail in row.get("failure-details", ()):
            detail["result-type"], detail["failed-session-count"], detail.get("sending-mta-ip")
    return sessions


def python_gz(paths):
    start, sessions = time.process_time(), 0
    for path in paths:
        with open(path, "rb") as file:
            sessions += walk(json.loads(gzip.decompress(file.read())))
    return (time.process_time() - start) / len(paths) * 1000, sessions


def python_eml(paths):
    start, sessions = time.process_time(), 0
    for path in paths:
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file)
        for part in message.walk():
            if part.get_content_type() == "application/tlsrpt+gzip":
                sessions += walk(json.loads(gzip.decompress(part.get_payload(decode=True))))
    return (time.process_time() - start) / len(paths) * 1000, sessions


def zcat_jq(paths):
    before, sessions = os.times(), 0
    program = "[.policies[].summary[]]|add"
    for path in paths:
        zcat = subprocess.Popen(["zcat", path], stdout=subprocess.PIPE)
        sessions += int(subprocess.check_output(["jq", program], stdin=zcat.stdout))
        zcat.stdout.close()
        zcat.wait()
    after = os.times()
    spent = (after.children_user + after.children_system - before.children_user -
             before.children_system)
    return spent / len(paths) * 1000, sessions


def ours(program, way, list_path):
    files, spent, sessions = subprocess.check_output([program, way, list_path]).split()
    return float(spent) / int(files) * 1000, int(sessions)


def measure(folder, paths, program, rounds):
    gz, eml = (os.path.join(folder, kind + ".list") for kind in ("gz", "eml"))
    ways = {
        ("gz", "sealpost"): lambda: ours(program, "ours", gz),
        ("gz", "bound: decompress only"): lambda: ours(program, "inflate", gz),
        ("gz", "Python gzip+json"): lambda: python_gz(paths["gz"]),
        ("eml", "sealpost"): lambda: ours(program, "ours", eml),
        ("eml", "bound: GMime only"): lambda: ours(program, "gmime", eml),
        ("eml", "Python email+gzip+json"): lambda: python_eml(paths["eml"][:PYTHON_EML_SAMPLE]),
    }
    spent, sessions = {way: [] for way in ways}, {}
    for _ in range(rounds):
        for way, run in ways.items():
            seconds, sessions[way] = run()
            spent[way].append(seconds)
    if shutil.which("jq"):
        way = ("gz", "zcat | jq, a process each")
        seconds, sessions[way] = zcat_jq(paths["gz"][:JQ_SAMPLE])
        spent[way] = [seconds]
    if sessions["gz", "sealpost"] != sessions["gz", "Python gzip+json"] or \
            sessions["eml", "sealpost"] != sessions["gz", "sealpost"]:
        sys.exit("the sums of sessions differ: %s" % sessions)
    return spent


def show(spent):
    print("%-4s %-28s %14s %12s %10s" % ("from", "way", "CPU s per 1000", "(min-max)", "sealpost is"))
    for kind in ("gz", "eml"):
        base = statistics.median(spent[kind, "sealpost"])
        for (k, way), seconds in spent.items():
            if k == kind:
                median = statistics.median(seconds)
                print("%-4s %-28s %14.5f  %.4f-%.4f %9s" %
                      (k, way, median, min(seconds), max(seconds),
                       "" if way == "sealpost" else "x %.2f" % (median / base)))
    ratio = lambda kind, way: (statistics.median(spent[kind, way]) /
                               statistics.median(spent[kind, "sealpost"]))
    gz = ratio("gz", "Python gzip+json"), ratio("gz", "bound: decompress only")
    eml = ratio("eml", "Python email+gzip+json"), ratio("eml", "bound: GMime only")
    print(".json.gz: %.1f times Python (aim 3.5), %.2f of the bound (aim 0.7): %s" %
          (*gz, "reached" if gz[0] >= 3.5 and gz[1] >= 0.7 else "missed"))
    print(".eml: %.1f times Python (aim 10), or %.2f of the bound (aim 0.8): %s" %
          (*eml, "reached" if eml[0] >= 10 or eml[1] >= 0.8 else "missed"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--reports", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=8460)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealpost-bench-") as folder:
        paths = make_corpus(folder, options.reports, options.seed)
        program = os.path.join(options.build, "bench", "bench_reports")
        show(measure(folder, paths, program, options.rounds))


if __name__ == "__main__":
    main()
