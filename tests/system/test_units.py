#!/usr/bin/env python3
"""The units of packaging/systemd, as they are installed and as systemd itself reads and rates them.

    test_units.py FOLDER

Prints TAP. No unit is started.
"""

import configparser
import glob
import os
import subprocess
import sys

# In tenths. Each role is below 2.0; what the supervisor cannot do without says doc/design/serve.md.
RATING_MOST = {"sealpost.service": 22}
ROLE_MOST = 19


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


def reads(unit):
    """What systemd finds wrong with it; the program is not installed where tests run, nor are the manual pages."""
    said = run("systemd-analyze", "verify", "--man=no", unit).stdout
    return [line for line in said.splitlines() if "sealpost" in line and "/sealpost is not executable" not in line]


def rates(unit):
    most = RATING_MOST.get(os.path.basename(unit), ROLE_MOST)
    done = run("systemd-analyze", "security", "--offline=true", f"--threshold={most}", "--no-pager", unit)
    return [] if done.returncode == 0 else done.stdout.splitlines()[-1:]


def has_a_user_of_its_own(unit):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(unit)
    wanted = os.path.basename(unit).removesuffix(".service")
    user = parser["Service"].get("User")
    return [] if user == wanted else [f"User={user}, not {wanted}"]


def main():
    units = sorted(glob.glob(os.path.join(sys.argv[1], "*.service")) + glob.glob(os.path.join(sys.argv[1], "*.socket")))
    roles = [u for u in units if os.path.basename(u).startswith("sealpost-") and u.endswith(".service")]
    services = [u for u in units if u.endswith(".service")]
    points = [("systemd reads", reads, units), ("rated well enough:", rates, services),
              ("a user of its own:", has_a_user_of_its_own, roles)]
    number = failed = 0
    for what, check, over in points:
        for unit in over:
            number += 1
            faults = check(unit)
            failed += bool(faults)
            print("not ok" if faults else "ok", number, "-", what, os.path.basename(unit), flush=True)
            for fault in faults:
                print("#", fault, flush=True)
    if not roles:
        print("not ok 1 - there are units")
        number = failed = 1
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
