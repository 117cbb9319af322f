"""Instructions and system calls of one request: a guard that noise does not move.

usage: O=build counts.py [record]

Callgrind counts the instructions of the worker's loop for 2N and for N equal
requests on one kept connection, in a run each; the difference over N is what
one request costs, and start-up cancels out.  strace counts its system calls in
the same way, without the waits for events: under load one of them serves many
requests, here, one request after the other, there are two for each.  It does so
too for requests that each come on a connection of their own.  Compared with
counts.json beside this file: more than 3 % above fails.  "record" writes that
file.
"""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import bodies
import client
import rig

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "counts.json")
TOLERANCE = 0.03
SYSTEM_CALLS = {"1 KB": 5, "1 KB, a connection each": 10.25}
ATTEMPTS = 5
LOOK = 2  # seconds of the logger: until it has seen the cache each may be a hit
STREAM = {"stream": True, "stream_options": {"include_usage": True}}

MISS = bodies.body(1024, cache_enabled=True)

# name: (what the upstream answers, requests, body, or the body of each of them)
CASES = {
    "1 KB": ("instant", 1000, bodies.body(1024)),
    "10 KB": ("instant", 500, bodies.body(10240)),
    "1 KB, cache miss": ("instant", 500, lambda i: MISS.replace(bodies.MARK.encode(), b"%012d" % i)),
    "1 KB, cache hit": ("instant", 500, MISS),
    "stream of 20 events": ("sse", 200, bodies.body(1024, **STREAM)),
}
FRESH = {"1 KB, a connection each": ("instant", 200, bodies.body(1024))}


class CountedGateway(rig.Gateway):
    """A gateway under another program, in an environment that is always the same.
    There the logger is slow, and what a miss costs depends on the room in its lane."""

    ring = "64M"

    def __init__(self, upstream, kind, under):
        self.under = under
        super().__init__(upstream, kind)

    def start(self, command, env=None):
        same = ["env", "-i", "BENCH_KEY=sk-bench", "PATH=/usr/bin:/bin", "LC_ALL=C",
                "SSL_CERT_FILE=" + min(glob.glob("/etc/ssl/certs/*.pem")),  # not all of them
                "setarch", os.uname().machine, "-R"]
        super().start(same + [x.replace("DIR", self.dir) for x in self.under] + command)

    def find_worker(self):
        """valgrind and strace stand between us and the gateway's master."""
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            todo += rig.children(pid)
            with open("/proc/%d/comm" % pid) as f:
                if f.read().strip() == "holdfast:worker":
                    self.worker = pid
                    return pid
        return None

    def quit(self):
        """End well, so that the counts are written; the folder stays."""
        with open("/proc/%d/stat" % self.worker) as f:
            master = int(f.read().split()[3])
        os.kill(master, signal.SIGQUIT)
        self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.quit()
        super().close()


def ask(gateway, body, n):
    each = body if callable(body) else lambda _: body
    if callable(body):
        time.sleep(LOOK)
    with client.Connection(gateway.port) as c:
        for i in range(n):
            c.ask(bodies.request(gateway.path, each(i), gateway.port))


def ask_fresh(gateway, body, n):
    request = bodies.request(gateway.path, body, gateway.port)
    for _ in range(n):
        with client.Connection(gateway.port) as c:
            c.ask(request)
        time.sleep(0.002)  # one that comes in the same millisecond is another case


def counted(upstream, kind, under, body, n, read, ask=ask):
    """read(folder, worker's pid) after n requests; once more when the gateway shed
    one, as it does when its loop comes late."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(client.Refused):
            return counted_once(upstream, kind, under, body, n, read, ask)
    return counted_once(upstream, kind, under, body, n, read, ask)


def counted_once(upstream, kind, under, body, n, read, ask):
    with contextlib.closing(CountedGateway(upstream, kind, under)) as gateway:
        ask(gateway, body, n)
        gateway.quit()
        return read(gateway.dir, gateway.worker)


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
        return sum(1 for line in f if re.match(r"(?!epoll_wait)[a-z_0-9]+\(", line))


def instructions(name):
    under = ["valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=loop_turn",
             "--callgrind-out-file=DIR/callgrind.%p"]
    return round(per_request(name, under, callgrind_total))


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
    if shutil.which("valgrind") is None:
        tally.skip("instructions: no valgrind")
    else:
        with open(RECORDED) as f:
            recorded = json.load(f)["instructions"]
        for name in CASES:
            judge(tally, name, instructions(name), recorded[name])
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
