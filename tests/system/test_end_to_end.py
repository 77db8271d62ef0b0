#!/usr/bin/env python3
"""sealpost as people run it: setup, cert import, serve with the real host role, and curl (serve_world.py)."""

import glob
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading

from serve_world import HOST, LIMIT, OTHERS, PATH, as_root, check, every_user, main, run, until, user_id


def the_policy_is_fetched_over_ipv4_and_ipv6(m):
    m.set_up()
    m.serve()
    for v6 in False, True:
        done = m.curl("--include", v6=v6)
        check("HTTP/1.1 200 OK" in done.stdout, done.stdout, done.stderr)
        check("Content-Type: text/plain; charset=utf-8" in done.stdout, done.stdout)
        check("version: STSv1\nmode: testing\nmx: mx1.example.test\n" in done.stdout, done.stdout)
    check(m.stop() == 0, "the status")


def each_role_has_a_user_of_its_own(m):
    as_root(m)
    m.set_up()
    m.serve()
    check(m.policy().startswith("version: STSv1"), "no policy")
    with open(f"/proc/{m.host_pid()}/status", encoding="utf-8") as f:
        status = f.read()
    number = user_id("sealpost-host")
    check(re.search(rf"Uid:\s+{number}\s+{number}\s+{number}\s+{number}\n", status), status)
    check(re.search(r"CapEff:\s+0+\n", status) and "NoNewPrivs:\t1" in status, status)
    check(not any("user_fallback" in line or "one_user" in line for line in m.lines), "a warning")


def the_whole_store_is_the_groups_and_secrets_open_for_host_only(m):
    as_root(m)
    m.set_up()
    m.serve()
    m.policy()
    m.tell("policy", "set", "example.test", "--max-age", "1209600")  # while the write-ahead logs are there
    m.import_certificate("second")
    files = [p for p in glob.glob(m.store + "/secrets/*")]
    check(any(p.endswith("secrets.db") for p in files), files)
    read = "import sys\nfor p in sys.argv[1:]:\n    try: open(p, 'rb').read(1); print('OPEN', p)\n" \
           "    except OSError as e: print(e.errno, p)\n"
    for name in OTHERS:
        for also in [], files:
            done = run("setpriv", "--reuid", name, "--regid", name if name != "nobody" else "nogroup",
                       "--init-groups", sys.executable, "-c", read, m.store + "/secrets/secrets.db", *also, cwd="/")
            check(done.returncode == 0 and "OPEN" not in done.stdout, name, done.stdout, done.stderr)
        answer = run("setpriv", "--reuid", name, "--regid", name if name != "nobody" else "nogroup", "--init-groups",
                     m.sealpost, "cert", "list", "--config", m.conf, cwd="/", env=m.environment())
        check(answer.returncode in (2, 3) and "BEGIN" not in answer.stdout and not answer.stdout, name, answer)
    for name in "sealpost", "sealpost-host":
        done = run("setpriv", "--reuid", name, "--regid", name, "--init-groups", sys.executable, "-c", read,
                   m.store + "/secrets/secrets.db", cwd="/")
        check("OPEN" in done.stdout, name, done.stdout, done.stderr)
    for path in glob.glob(m.store + "/**", recursive=True):
        mode = os.stat(path).st_mode
        check(mode & 0o007 == 0, path, oct(mode), "is open to everybody")


def roles_without_the_packages_users_fall_back_and_still_serve(m):
    as_root(m)
    m.configure(more="user = no-such-host\n")
    m.set_up()
    m.start()
    m.wait(r"event=serve\.user_fallback role=host wanted=no-such-host user=sealpost")
    m.wait(r"event=serve\.ready")
    with open(f"/proc/{m.host_pid()}/status", encoding="utf-8") as f:
        check(re.search(rf"Uid:\s+{user_id('sealpost')}\s", f.read()), "the user")


def a_root_that_may_not_raise_its_limits_serves_within_them(m):
    as_root(m)
    m.set_up()
    m.start("prlimit", "--nofile=1024:1024", "setpriv", "--bounding-set", "-sys_resource")
    m.wait(r"event=serve\.few_files role=host wanted=\d+ limit=1024")
    m.wait(r"event=serve\.ready")
    with open(f"/proc/{m.host_pid()}/limits", encoding="ascii") as f:
        check(re.search(r"Max open files\s+1024\s+1024\s", f.read()), "the limit")


def a_store_that_only_root_may_read_is_named(m):
    as_root(m)
    m.set_up()
    for path in glob.glob(m.store + "/**", recursive=True):
        os.chown(path, 0, 0)
        os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
    m.start()
    m.wait(r"event=host\.start_failed role=host code=store-no-permission")
    m.wait(r"event=serve\.role_failing")
    check(m.stop() == 0, "the status")


def an_ordinary_user_serves_with_the_real_role(m):
    every_user(m)
    m.set_up()
    m.serve()
    if m.user or os.geteuid():
        m.wait(r"event=serve\.one_user")
    check(m.policy().startswith("version: STSv1") and m.policy(v6=True).startswith("version"), "no policy")
    check(m.stop() == 0, "the status")


def a_host_that_is_killed_comes_back_and_nobody_is_refused(m):
    m.set_up()
    m.serve()
    stop, faults = threading.Event(), []

    def knock():
        while not stop.wait(0.01):  # a flood would test the backlog, not the falls
            try:
                socket.create_connection(("127.0.0.1", m.v4), LIMIT).close()
            except OSError as fault:
                faults.append(fault)

    knocker = threading.Thread(target=knock, daemon=True)
    knocker.start()
    waits, at = [], 0
    for _ in range(3):
        os.kill(m.host_pid(), signal.SIGKILL)
        match, at = m.wait(r"serve\.role_fell role=host .*signal=KILL .*restart_ms=(\d+)", at)
        waits.append(int(match[1]))
        _, at = m.wait(r"serve\.role_ready role=host", at)
    check(m.policy().startswith("version: STSv1"), "no policy after the falls")
    stop.set()
    knocker.join()
    check(not faults, faults)
    check(waits == [100, 200, 400], waits)


def sighup_tells_and_sigterm_ends_cleanly(m):
    m.set_up()
    m.serve()
    before = m.host_pid()
    at = m.signal(signal.SIGHUP)
    m.wait(r"event=serve\.reloaded processes=told", at)
    m.wait(r"event=host\.loaded role=host policies=1 challenges=0", at)
    check(m.host_pid() == before and m.policy().startswith("version"), "the process changed")
    check(m.stop() == 0, "the status")
    check("event=serve.stopped clean=yes" in m.lines[-1], m.lines[-1])
    check(any(re.search(r"event=host\.stopped .*policies=1 ", line) for line in m.lines), "the counts")
    check(not any("Sanitizer" in line or "runtime error" in line for line in m.lines), "a sanitizer spoke")


def changes_are_served_within_a_second(m):
    m.set_up()
    m.serve()
    first = m.certificate()
    m.tell("policy", "set", "example.test", "--mode", "enforce")
    m.within_a_second(lambda: "mode: enforce" in m.policy(), "policy set")
    m.import_certificate("second")
    m.within_a_second(lambda: m.certificate() != first, "cert import")
    m.tell("domain", "add", "more.test")
    m.tell("policy", "set", "more.test", "--mx", "mx.more.test")
    m.import_certificate("more")
    m.within_a_second(lambda: "mx.more.test" in m.policy(host="mta-sts.more.test"), "domain add")
    m.tell("domain", "remove", "more.test")
    m.within_a_second(lambda: m.policy(host="mta-sts.more.test") == "curl: 35", "domain remove")


def a_name_that_is_not_served_gets_the_alert(m):
    m.set_up()
    m.serve()
    for args in ["-servername", "mta-sts.unknown.test"], ["-noservername"]:
        done = run("openssl", "s_client", "-connect", f"127.0.0.1:{m.v4}", *args)
        check("unrecognized name" in done.stderr and "BEGIN CERT" not in done.stdout, done.stderr)


def another_host_gets_421_and_another_path_403(m):
    m.set_up()
    m.serve()
    check("HTTP/1.1 421 Misdirected Request" in m.curl("--include", "--header", "Host: mta-sts.other.test").stdout, "421")
    page = m.curl("--include", path="/").stdout
    check("HTTP/1.1 403 Forbidden" in page and "https://example.test/" in page, page)
    check("HTTP/1.1 405" in m.curl("--include", "--request", "DELETE").stdout, "405")


def a_second_serve_on_the_store_is_refused(m):
    m.set_up()
    m.serve()
    answer = m.tell("serve", status=2)
    check(f"(process {m.process.pid})" in answer and m.store in answer, answer)
    check(m.policy().startswith("version"), "the first one suffered")


def a_port_in_use_is_named(m):
    m.set_up()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        m.configure(listen=f"127.0.0.1:{port}")
        answer = m.tell("serve", status=3)
    check(f"127.0.0.1:{port}" in answer and "another program does already" in answer, answer)


def a_single_role_serves_by_itself_and_reloads(m):
    m.set_up()
    with socket.create_server(("127.0.0.1", 0)) as s:
        m.v4 = s.getsockname()[1]
    m.configure(listen=f"127.0.0.1:{m.v4}")
    m.watch(subprocess.Popen([m.sealpost, "serve", "--role", "host", "--config", m.conf], text=True,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=m.environment(), cwd="/",
                                 **m.as_user(m.user)))
    m.wait(r"event=host\.started")
    check(m.policy().startswith("version"), "no policy")
    at = m.signal(signal.SIGHUP)
    m.wait(r"event=host\.loaded", at)
    check(m.policy().startswith("version"), "no policy after SIGHUP")
    check(m.stop() == 0, "the status")


def closed_standard_descriptors_are_not_given_to_files(m):
    m.set_up()
    with socket.create_server(("127.0.0.1", 0)) as s:
        m.v4 = s.getsockname()[1]
    m.configure(listen=f"127.0.0.1:{m.v4}")
    script = 'exec "$0" serve --config "$1" <&- >&- 2>&-'
    m.watch(subprocess.Popen(["/bin/sh", "-c", script, m.sealpost, m.conf], env=m.environment(), text=True,
                                 cwd="/", stderr=subprocess.PIPE))
    until(lambda: m.policy().startswith("version"), "no policy")
    for fd in range(3):
        check(os.readlink(f"/proc/{m.process.pid}/fd/{fd}") == "/dev/null", "descriptor", fd)
    with open(os.path.join(m.store, "serve.lock"), encoding="ascii") as f:
        check(f.read() == f"{m.process.pid}\n", "the lock holds something else")
    check(m.stop() == 0, "the status")


def a_full_disk_leaves_the_last_good_state_serving(m):
    as_root(m)
    os.mkdir(m.store)
    done = run("mount", "-t", "tmpfs", "-o", "size=8m,mode=0755", "tmpfs", m.store)
    check(done.returncode == 0, done.stderr)
    m.size = True
    os.chown(m.store, user_id("sealpost"), user_id("sealpost"))
    os.chmod(m.store, 0o2770)
    m.set_up()
    m.serve()
    before = m.policy()
    check(m.ask_admin("/healthz")[:2] == (200, "ok\n"), m.ask_admin("/healthz"))
    fill = os.path.join(m.store, "fill")
    with open(fill, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    check("full" in m.tell("policy", "set", "example.test", "--mode", "none", status=3), "the message")
    check(m.policy() == before, "another policy")
    os.kill(m.host_pid(), signal.SIGKILL)  # it comes back on the full disk, too
    _, at = m.wait(r"serve\.role_fell")
    m.wait(r"serve\.role_ready", at)
    check(m.policy() == before, "another policy after the fall")
    m.wait(r"event=admin\.unhealthy role=admin code=admin-disk-full fault=.*the disk of the store .* is full")
    status, body, _ = m.ask_admin("/healthz")
    check(status == 503 and "is full" in body and "make room" in body, status, body)
    check(m.metric("sealpost_healthy") == 0 and m.metric("sealpost_store_disk_free_bytes") == 0, "the metrics")
    os.unlink(fill)
    until(lambda: m.ask_admin("/healthz")[0] == 200, m.ask_admin("/healthz"))
    m.wait(r"event=admin\.mended role=admin code=admin-disk-full ")
    m.wait(r"event=admin\.healthy")
    check(m.metric("sealpost_healthy") == 1 and m.metric("sealpost_store_disk_free_bytes") > 0, "the metrics")
    m.tell("policy", "set", "example.test", "--mode", "none")
    m.within_a_second(lambda: "mode: none" in m.policy(), "policy set after the disk had room again")


def what_is_served_is_counted_and_the_counts_outlive_a_fall(m):
    m.set_up()
    m.serve()
    check(m.policy().startswith("version: STSv1"), "no policy")
    m.curl(path="/")
    run("openssl", "s_client", "-connect", f"127.0.0.1:{m.v4}", "-servername", "mta-sts.unknown.test")
    run("openssl", "s_client", "-connect", f"127.0.0.1:{m.v4}", "-noservername")
    expected = {
        "sealpost_host_handshakes_total{version=\"TLSv1.3\"}": 2,
        "sealpost_host_responses_total{status=\"200\"}": 1,
        "sealpost_host_responses_total{status=\"403\"}": 1,
        "sealpost_host_handshake_failures_total{cause=\"unknown_name\"}": 1,
        "sealpost_host_handshake_failures_total{cause=\"no_name\"}": 1,
        "sealpost_host_response_duration_seconds_count": 2,
        "sealpost_host_connections_total": 4,
        "sealpost_host_policies": 1,
    }
    for sample, value in expected.items():
        until(lambda: m.metric(sample) == value, f"{sample} {m.metric(sample)}, not {value}")
    until(lambda: m.metric("sealpost_host_connections") == 0, "connections that are open")
    until(lambda: m.metric("sealpost_certificates{left=\"14d\"}") == 1, "the certificate of nine days")
    os.kill(m.host_pid(), signal.SIGKILL)
    _, at = m.wait(r"serve\.role_fell role=host")
    m.wait(r"serve\.role_ready role=host", at)
    check(m.policy().startswith("version: STSv1"), "no policy after the fall")
    expected["sealpost_host_handshakes_total{version=\"TLSv1.3\"}"] = 3
    expected["sealpost_host_responses_total{status=\"200\"}"] = 2
    expected["sealpost_host_response_duration_seconds_count"] = 3
    expected["sealpost_host_connections_total"] = 5
    expected["sealpost_role_falls_total{role=\"host\"}"] = 1
    expected["sealpost_role_starts_total{role=\"host\"}"] = 2
    for sample, value in expected.items():
        until(lambda: m.metric(sample) == value, f"{sample} {m.metric(sample)}, not {value}, after the fall")


def metrics_are_in_the_format_of_prometheus(m):
    """Its text format 0.0.4."""
    m.set_up()
    m.serve()
    m.policy()
    status, text, kind = m.ask_admin("/metrics")
    check(status == 200 and kind == "text/plain; version=0.0.4; charset=utf-8", status, kind)
    families = read_metrics(text)
    for name, kind, samples in families:
        if kind == "histogram":
            check_histogram(name, samples)
        elif kind == "counter":
            check(name.endswith("_total"), name)
    check("example.test" not in text, "a series of a domain")
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
        check(done.returncode == 0 and not done.stdout, done.stdout)


def read_metrics(text):
    """[(name, type, {sample: value})]: each family once, told what it is, its samples together and each once."""
    found = []
    check(text.endswith("\n"), "the last line has no end")
    for line in text.splitlines():
        if m := re.fullmatch(r"# HELP ([a-z_]+) \S.*", line):
            check(m[1] not in [f[0] for f in found], "twice:", line)
            found.append([m[1], None, {}])
        elif m := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge|histogram)", line):
            check(found and found[-1][:2] == [m[1], None], "not behind its help:", line)
            found[-1][1] = m[2]
        else:
            m = re.fullmatch(r'(([a-z_]+)(?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})?) (-?[0-9]+(?:\.[0-9]+)?)', line)
            check(m, "no sample:", line)
            name, kind, samples = found[-1]
            check(kind and m[2] in [name + end for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))],
                  "among others:", line)
            check(m[1] not in samples, "twice:", line)
            samples[m[1]] = float(m[3])
    return found


def check_histogram(name, samples):
    buckets = [(m[1], value) for sample, value in samples.items() if (m := re.fullmatch(name + r'_bucket\{le="(.*)"\}', sample))]
    values = [value for _, value in buckets]
    check([float(le) for le, _ in buckets] == sorted(float(le) for le, _ in buckets) and values == sorted(values), buckets)
    check(buckets[-1] == ("+Inf", samples[name + "_count"]) and name + "_sum" in samples, samples)


def health_names_a_role_that_keeps_falling_and_one_that_hangs(m):
    m.set_up()
    m.serve()
    check(m.ask_admin("/healthz")[:2] == (200, "ok\n"), m.ask_admin("/healthz"))
    at = 0
    for _ in range(3):
        os.kill(m.host_pid(), signal.SIGKILL)
        _, at = m.wait(r"serve\.role_fell role=host", at)
        _, at = m.wait(r"serve\.role_ready role=host", at)
    status, body, _ = m.ask_admin("/healthz")
    check(status == 503 and "the role host keeps falling" in body, status, body)
    pid = m.host_pid()
    os.kill(pid, signal.SIGSTOP)
    until(lambda: "the role host has given no sign of life for" in m.ask_admin("/healthz")[1], "the silence")
    os.kill(pid, signal.SIGCONT)
    until(lambda: "no sign of life" not in m.ask_admin("/healthz")[1], "the sign of life")


def the_admin_role_answers_get_and_head_alone_and_nothing_else(m):
    m.set_up()
    m.serve()
    for path, status in ("/", 404), ("/metrics/", 404), ("/healthz/../metrics", 404), ("/healthz?x", 200):
        check(m.ask_admin(path)[0] == status, path, m.ask_admin(path))
    check("/healthz" in m.ask_admin("/")[1] and "/metrics" in m.ask_admin("/")[1], m.ask_admin("/"))
    for method, status in ("HEAD", 200), ("POST", 405), ("DELETE", 405), ("OPTIONS", 405):
        with socket.create_connection(("127.0.0.1", m.admin), LIMIT) as s:
            s.sendall(f"{method} /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = s.makefile("rb").read().decode()
        check(answer.startswith(f"HTTP/1.1 {status} "), method, answer[:80])
        check(method != "HEAD" or answer.endswith("\r\n\r\n"), "a body for HEAD")
        check(status == 200 or "\nAllow: GET, HEAD\r" in answer and "text/plain" in answer and "<" not in answer, answer)


def requests_are_logged_as_the_configuration_says(m):
    m.set_up()
    for setting, client in ("off", None), ("anonymous", "127.0.0.0/24"), ("full", "127.0.0.1"):
        m.configure(more=f"access_log = {setting}\n")
        m.serve()
        m.policy()
        if client:
            m.wait(r"event=host\.request role=host client=" + re.escape(client) + rf" host={HOST} method=GET "
                   rf"path={PATH} status=200 tls=TLSv1\.3$")
        check(m.stop() == 0, "the status")
        check(client or not any("127.0.0.1" in line for line in m.lines if "listening" not in line), m.lines)


def the_store_is_sound_after_it_all(m):
    m.set_up()
    m.serve()
    os.kill(m.host_pid(), signal.SIGKILL)
    m.process.kill()
    m.process.wait()
    for name in "control.db", "secrets/secrets.db":
        with sqlite3.connect(os.path.join(m.store, name)) as db:
            check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), name)
            check(db.execute("PRAGMA foreign_key_check").fetchone() is None, name)
            check(db.execute("PRAGMA journal_mode").fetchone() == ("wal",), name)


if __name__ == "__main__":
    main(globals())
