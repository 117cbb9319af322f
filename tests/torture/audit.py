"""What the ledger says against what the provider billed.

While all runs, from one consistent look at the accounts: nobody is above a
limit, and what was billed before the look is settled or held.  At rest:
nothing is held, settled - suspense <= bill <= settled, and of those whose
answers were all whole settled = bill.  Where the gateway may give up a request
of its own accord, it does not hear that the provider refused it for nothing:
the input of such a one may be shown besides.
"""
import datetime
import hashlib
import json
import subprocess
import threading
import urllib.request
from collections import Counter

from gateway import nano
from plan import CUSTOMERS, KEYS
from wall import DAY_S


def owner_hash(kind, name):
    """How the segment names an owner of environment prod."""
    text = "%s\0default\0%d\0" % (kind, 0)
    return hashlib.sha256((text + name).encode()).hexdigest()[:32]


def day_of(iso):
    """0 for an account of the whole life."""
    if iso is None or iso.startswith("1970"):
        return 0
    when = datetime.datetime.fromisoformat(iso.replace("Z", "+00:00"))
    return int(when.timestamp()) // DAY_S


class Audit:
    def __init__(self, gateway, port, prefixes, survives):
        self.gateway, self.port, self.survives = gateway, port, survives
        self.prefixes = prefixes  # of the keys: the ledger names them so
        self.names = {owner_hash("customer", c): ("customer", c) for c in CUSTOMERS}
        self.names.update({owner_hash("key", p): ("key", k) for k, p in prefixes.items()})
        self.violations, self.looks, self.blind = [], 0, 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopped.set()
        self.thread.join(60)

    def run(self):
        while not self.stopped.wait(0.05):
            self.look()

    def violation(self, *words):
        if len(self.violations) < 50:
            self.violations.append(" ".join(str(w) for w in words))

    def told(self, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=20) as r:
            return json.load(r)

    def ctl(self, *args):
        try:
            done = self.gateway.ctl("--json", *args, check=False)
            return json.loads(done.stdout)
        except (ValueError, subprocess.TimeoutExpired):
            return None

    # -- while it runs --

    def look(self):
        """The bill first: what was billed by then must be covered."""
        bills = self.told("/book")["accounts"]
        dump = self.ctl("debug", "dump")
        if not dump or "accounts" not in dump:
            self.blind += 1
            return
        self.looks += 1
        for a in dump["accounts"]:
            if a["owner"] in self.names and a["state"] == "ready":
                self.look_at(a, bills)
        self.look_at_rows(*list(self.names.values())[self.looks % len(self.names)])

    def look_at_rows(self, kind, name):
        """What an administrator is shown.  What is held is read after the
        row: a charge on its way from the one to the other is in both."""
        for r in self.rows(kind, name):
            limit, settled, suspense = (nano(r[k]) for k in ("limit", "settled", "suspense"))
            if limit is not None and settled > limit:
                self.violation("shown above the limit:", kind, name, r)
            if not 0 <= suspense <= settled:
                self.violation("more in suspense than settled:", kind, name, r)

    def look_at(self, a, bills):
        kind, name = self.names[a["owner"]]
        day = day_of(a["period_start"])
        limit, settled, held, lease = (nano(a[k]) for k in ("limit", "settled", "held", "lease"))
        bill = self.bill(bills, kind, name, day)
        where = (kind, name, day, "settled", settled, "held", held, "bill", bill, "limit", limit, "lease", lease)
        if limit is not None and settled + held > limit:
            self.violation("above the limit:", *where)
        if limit is not None and lease > limit:
            self.violation("leased above the limit:", *where)
        if bill > settled + held and (limit is not None or self.survives):
            self.violation("not covered:", *where)

    @staticmethod
    def bill(bills, kind, name, day):
        """Of a day; of the whole life all days, those not known too."""
        if day:
            return bills.get("%s %s %d" % (kind, name, day), 0)
        return sum(v for k, v in bills.items() if k.startswith("%s %s " % (kind, name)))

    # -- at rest --

    def rows(self, kind, name):
        flag = ["--key", self.prefixes[name]] if kind == "key" else [name]
        got = self.ctl("budget", "show", *flag, "--environment", "prod") or {}
        return got.get("results", [])

    def unheard(self, ended):
        """What a gateway that did not hear of a refusal reckons: by account."""
        sums = Counter()
        for n, shares in self.told("/refused").items():
            end = ended.get(int(n), ("lost",))
            if end[0] in ("lost", "cut", "timeout") or end[1:] == ("shutting_down",):
                sums.update(dict(shares))
        return sums

    def rest(self, exact, unheard):
        """The table of all accounts; exact: did nobody die who knew more?"""
        bills, table = self.told("/book")["accounts"], []
        for kind, name in self.names.values():
            who = (CUSTOMERS if kind == "customer" else KEYS)[name]
            rows = [self.row(kind, name, r, bills, unheard) for r in self.rows(kind, name)]
            exactly, covered = exact and who.exact, self.survives or who.limited
            for r in rows:
                if r["limit"] is not None:  # the others' periods are months
                    self.check(r, exactly, covered)
            days = [r for r in rows if r["day"]]
            if days:
                self.check(self.together(days, self.bill(bills, kind, name, 0), self.bill(unheard, kind, name, 0)),
                           exactly, covered)
            table += rows
        return table

    @staticmethod
    def together(days, bill, unheard):
        """Requests whose day nobody knows belong to one of them."""
        sums = {k: sum(r[k] for r in days) for k in ("settled", "suspense", "held")}
        return dict(sums, name=days[0]["name"] + " in all", limit=None, bill=bill, most=bill + unheard)

    def row(self, kind, name, shown, bills, unheard):
        r = {k: nano(shown[k]) for k in ("limit", "settled", "suspense", "held")}
        r["day"] = day_of(shown["period_start"])
        least = self.bill(bills, kind, name, r["day"])
        most = least + self.bill(unheard, kind, name, r["day"])
        if r["day"]:  # and what nobody knows the day of
            most += bills.get("%s %s 0" % (kind, name), 0) + unheard["%s %s 0" % (kind, name)]
        r.update(name="%s %s" % (kind, name), bill=least, most=most)
        return r

    def check(self, r, exact, covered):
        if r["held"] != 0:
            self.violation("held at rest:", r)
        if r["limit"] is not None and max(r["settled"], r["bill"]) > r["limit"]:
            self.violation("above the limit:", r)
        if r["bill"] > r["settled"] and covered:
            self.violation("a charge is lost:", r)
        if r["settled"] - r["suspense"] > r["most"]:
            self.violation("more is shown than was billed:", r)
        if exact and r["bill"] == r["most"] and (r["settled"], r["suspense"]) != (r["bill"], 0):
            self.violation("not equal:", r)

    # -- the answers --

    def answers(self, ended, allowed, plan):
        """Each client's answer against what the provider saw."""
        seen = {int(k): v for k, v in self.told("/seen").items()}
        for n in self.told("/book")["again"]:
            self.violation("request", n, "reached the provider twice")
        for n, end in ended.items():
            why = allowed(plan(n), end, seen.get(n))
            if why:
                self.violation("request", n, end, "provider:", seen.get(n), why)
        unknown = set(seen) - set(ended)
        if unknown:
            self.violation("nobody asked for", sorted(unknown)[:5])
        return Counter(" ".join(str(x) for x in e if x is not None) for e in ended.values())
