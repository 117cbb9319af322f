"""Instructions and system calls of one request: a guard that noise does not move.

usage: O=build counts.py [record]

Callgrind counts the instructions of the worker's loop for 2N and for N equal
requests on one kept connection, in a run each; the difference over N is what
one request costs, and start-up cancels out.  strace counts its system calls in
the same way, without the waits for events: under load one of them serves many
requests, here, one request after the other, there are two for each; and without
what came too soon, which the client's speed decides.  It does so too for requests
that each come on a connection of their own.  Compared with counts.json beside this
file: more than 3 % above fails.  "record" writes that file.  Where the functions
lie, layout.py, is looked at first.
"""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys

import layout
import rig
from counted import CASES, FRESH, ask, ask_fresh, counted

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "counts.json")
TOLERANCE = 0.03
TRIES = 3
SYSTEM_CALLS = {"1 KB": 5, "1 KB, a connection each": 10.25}


def per_request(name, under, read):
    kind, n, body = (FRESH if name in FRESH else CASES)[name]
    how = ask_fresh if name in FRESH else ask
    with contextlib.closing(rig.Upstream()) as up:
        few, many = (counted(up, kind, under, body, k, read, how) for k in (n, 2 * n))
    return (many - few) / n


def callgrind_total(folder, pid):
    with open("%s/callgrind.%d" % (folder, pid)) as f:
        return int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1))


def strace_total(folder, pid):
    with open("%s/strace.%d" % (folder, pid)) as f:
        return sum(1 for line in f if re.match(r"(?!epoll_wait)[a-z_0-9]+\(", line)
                   and "= -1 EAGAIN" not in line)


def instructions(name):
    under = ["valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=loop_turn",
             "--callgrind-out-file=DIR/callgrind.%p"]
    return round(per_request(name, under, callgrind_total))


def least_instructions(name, recorded):
    """Who waits for a lock that another process holds spins, and that is counted: what
    looks too much by such a chance is counted again."""
    least = instructions(name)
    for _ in range(TRIES - 1):
        if least <= recorded * (1 + TOLERANCE):
            break
        least = min(least, instructions(name))
    return least


def system_calls(name):
    return per_request(name, ["strace", "-ff", "-qq", "-o", "DIR/strace"], strace_total)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def say(self, good, text):
        self.passed += good
        self.failed += not good
        print("%-6s %s" % ("ok" if good else "FAILED", text), flush=True)

    def skip(self, text):
        self.skipped += 1
        print("skipped", text, flush=True)


def judge(tally, name, now, recorded):
    """Above the tolerance fails; below it the record is out of date."""
    change = now / recorded - 1
    text = "%-22s %7d instructions, recorded %7d, %+.1f %%" % (name, now, recorded, 100 * change)
    if change < -TOLERANCE:
        text += ": better; write it down with make counts"
    tally.say(change <= TOLERANCE, text)


def check(tally):
    if layout.is_asked(rig.BUILD):
        tally.say(*layout.judge(rig.BUILD))
    else:
        tally.skip("order.ld: another linker, or none across files")
    if shutil.which("valgrind") is None:
        tally.skip("instructions: no valgrind")
    else:
        with open(RECORDED) as f:
            recorded = json.load(f)["instructions"]
        for name in CASES:
            judge(tally, name, least_instructions(name, recorded[name]), recorded[name])
    if shutil.which("strace") is None:
        tally.skip("system calls: no strace")
        return
    for name, most in SYSTEM_CALLS.items():
        calls = system_calls(name)
        tally.say(calls <= most, "%-22s %7.2f system calls but waits, at most %g"
                  % (name, calls, most))


def record():
    result = {"instructions": {name: instructions(name) for name in CASES},
              "system_calls": {name: round(system_calls(name), 2) for name in SYSTEM_CALLS},
              "compiler": subprocess.run([os.environ.get("CC", "cc"), "--version"],
                                         capture_output=True, text=True).stdout.split("\n")[0],
              "cflags": os.environ.get("CFLAGS", "")}
    with open(RECORDED, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    print(json.dumps(result, indent=1))


def main():
    if sys.argv[1:] == ["record"]:
        with rig.precedence():
            record()
        return
    tally = Tally()
    with rig.precedence():
        check(tally)
    print("%d passed, %d failed%s" % (tally.passed, tally.failed,
                                      ", %d skipped" % tally.skipped if tally.skipped else ""))
    sys.exit(tally.failed > 0)


main()
