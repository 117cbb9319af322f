#!/usr/bin/env python3
"""Torture the whole gateway and compare its ledger with a provider's book.

usage: torture.py [--seconds S] [--seed N] [--mode M[,M...]] [--json FILE] [--clients N]

Prints a table, one line a mode; exit status 1 when anything was violated.
The same seed asks the same requests and does the same things in the same
order; when each falls is the machine's.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

from audit import Audit  # noqa: E402
from clients import Clients  # noqa: E402
from gateway import KEY, Gateway, wait_for  # noqa: E402
from modes import MODES, Abuse, allowed  # noqa: E402
from plan import CUSTOMERS, KEYS, MODELS, WIDE, Plan  # noqa: E402
from test_faults_disk import ALONE, SmallDisk  # noqa: E402, F401
from wall import Wall, preload  # noqa: E402


class Disk(SmallDisk):
    """A small disk that is full for a while."""

    def __init__(self, gateway):
        super().__init__(gateway)
        self.full = False

    def fill_up(self):
        self.fill()
        self.full = True

    def empty_again(self):
        if self.full:
            self.empty()
        self.full = False


class Run:
    def __init__(self, name, seconds, seed, clients=12):
        self.name, self.mode, self.seconds, self.seed, self.n = name, MODES[name], seconds, seed, clients
        self.gateway = Gateway(1, models=MODELS, extra='budgets = { hold_wait = "300ms"; };')
        self.wall = Wall(os.path.join(self.gateway.dir, "wall"))
        self.provider = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "billing.py"), str(seed), self.wall.path,
             "left" if self.mode.masters else "heard"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.provider.stdout.readline())
        self.gateway.text = self.gateway.text.replace("127.0.0.1:1/", "127.0.0.1:%d/" % self.port)
        self.keys, self.prefixes = {"plain": KEY}, {}

    def start(self):
        disk, world = None, {"LATE_COMMIT_US": str(self.mode.late_us)} if self.mode.late_us else {}
        if self.name == "clock":
            world["FALSE_CLOCK"] = self.wall.path
        env = preload(self.gateway.dir, **world) if world else {}
        if self.mode.disk:
            disk = Disk(self.gateway)
        else:
            self.gateway.start(env=env)
        for name in CUSTOMERS:
            self.make("customer", "set", name, who=CUSTOMERS[name], total="--total")
        for name in KEYS:
            if name not in self.keys:
                made = self.make("key", "new", "--name", name, who=KEYS[name], total="--spending-limit")
                self.keys[name], self.prefixes[name] = made["api_key"], made["key"]["prefix"]
        self.abuse = Abuse(self.gateway, self.mode, random.Random(self.seed), self.wall, env, disk)

    def make(self, *args, who, total):
        args = list(args) + ["--environment", "prod"]
        for flag, per_s, unit in (("--budget", who.period, "/day"), (total, who.total, "")):
            if per_s is not None:
                nano = WIDE if self.mode.wide else per_s if per_s == WIDE else int(per_s * self.seconds)
                args += [flag, "%d.%09d%s" % (nano // 10**9, nano % 10**9, unit)]
        if who.markup_bp:
            args += ["--markup", "%.2f" % (who.markup_bp / 100)]
        return self.gateway.ctl_json(*args)

    def run(self):
        self.start()
        audit = Audit(self.gateway, self.port, self.prefixes, self.mode.survives)
        clients = Clients(self.gateway, self.seed, self.wall, self.keys, self.n)
        try:
            self.abuse.run(self.seconds)
        finally:
            stopped = clients.stop()
            audit.stop()
        if not stopped:
            audit.violation("a client does not come back")
        self.rest(audit)
        # Elsewhere whoever asked hears what the provider said.
        rows = audit.rest(self.mode.exact, audit.unheard(clients.ended) if self.mode.masters else Counter())
        ends = audit.answers(clients.ended, lambda p, e, s: allowed(self.mode, p, e, s),
                             lambda n: Plan(self.seed, n))
        self.shares(audit)
        return self.report(audit, rows, ends)

    def rest(self, audit):
        try:
            wait_for(lambda: audit.told("/book")["active"] == 0, 20, "the provider's last request")
            self.gateway.at_rest(20)
        except AssertionError as e:
            audit.violation("no rest:", e)
        audit.look()

    def shares(self, audit):
        """Of who did not die, each worker did its part."""
        if any(self.abuse.done[k] for k in ("worker", "master", "disk full", "clock jump")):
            return
        if time.time() - self.abuse.since < 2:
            return
        try:
            self.gateway.workers_served(since=self.abuse.since)
        except AssertionError as e:
            audit.violation("shares of the workers:", e)

    def report(self, audit, rows, ends):
        counted = [r for r in rows if r["name"].startswith("customer")]
        refused = sum(v for k, v in ends.items() if k.split()[0] in ("429", "503", "400") and "_" in k)
        return {"mode": self.name, "seconds": self.seconds, "seed": self.seed,
                "events": {k: v for k, v in self.abuse.done.items() if v},
                "requests": sum(ends.values()), "refused": refused, "ends": dict(ends),
                "bill": sum(r["most"] for r in counted), "settled": sum(r["settled"] for r in counted),
                "suspense": sum(r["suspense"] for r in counted), "held": sum(r["held"] for r in counted),
                "looks": audit.looks, "blind": audit.blind, "accounts": rows, "violations": audit.violations}

    def close(self, failed):
        self.provider.stdin.close()
        self.provider.wait()
        self.provider.stdout.close()
        self.gateway.close(failed)


def torture(mode, seconds, seed, clients=12):
    """One mode; its report.  A violation leaves the gateway's folder there."""
    run, report = Run(mode, seconds, seed, clients), None
    try:
        report = run.run()
        return report
    finally:
        run.close(failed=report is None or bool(report["violations"]))


COLUMNS = ("mode", "requests", "refused", "bill", "settled", "suspense", "held", "looks")


def table(reports):
    lines = [" ".join("%12s" % c for c in COLUMNS) + "  violations  events"]
    for r in reports:
        events = ", ".join("%s %d" % e for e in r["events"].items())
        lines.append(" ".join("%12s" % r[c] for c in COLUMNS) + "  %10d  %s" % (len(r["violations"]), events))
    for r in reports:
        lines += ["%s (seed %d): %s" % (r["mode"], r["seed"], v) for v in r["violations"]]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--seconds", type=float, default=10, help="for each mode")
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--mode", default="all-modes", help=", ".join(MODES))
    p.add_argument("--clients", type=int, default=12)
    p.add_argument("--json", help="write the report there, with all accounts")
    a = p.parse_args()
    names = list(MODES) if a.mode == "all-modes" else a.mode.split(",")
    print("seed %d, %g s a mode" % (a.seed, a.seconds), flush=True)
    reports = [torture(m, a.seconds, a.seed, a.clients) for m in names]
    print(table(reports))
    if a.json:
        with open(a.json, "w") as f:
            json.dump(reports, f, indent=1)
    return any(r["violations"] for r in reports)


if __name__ == "__main__":
    sys.exit(main())
