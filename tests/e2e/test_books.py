"""The verbs that read and mend the book: audit, suspense, journal, why."""
import json
import mmap
import os
import signal
import struct
import threading
import time

import pytest
from gateway import nano, wait_for
from provider import chunked, completion, json_reply, sse_body, sse_head, stream_events
from wire import Wire, chat_body, request

IN, OUT = 1000, 2000
COST = 10 * IN + 5 * OUT  # of an answer that the scripted provider gives
BUDGET = {"customer_identifier": "c", "period_budget": 100, "total_budget": 100}
# Fields of an account's entry in the segment, in bytes from its key.
STATE, LIMIT, SETTLED, RESERVED, LEASE = 32, 64, 72, 80, 88


def audit(g, *args):
    """The answer, whose exit code must say the same."""
    p = g.ctl("--json", "audit", *args, check=False)
    assert p.returncode in (0, 1), (p.returncode, p.stdout, p.stderr)
    answer = json.loads(p.stdout)
    assert answer["clean"] == (p.returncode == 0), answer
    return answer


def clean(g, *args):
    answer = audit(g, *args)
    assert answer["clean"], answer
    return answer


def begin(g, **members):
    """Customer "c" is known, has limits and was charged once."""
    r = g.chat(customer_params=dict(BUDGET, **members), max_tokens=5)
    assert r.status == 200, r.body
    return r.headers["x-respan-log-id"]


class Segment:
    """The shared file, for faults that only a bug could plant."""

    def __init__(self, gateway):
        run = os.path.join(gateway.dir, "run")
        path = max((os.path.join(run, f) for f in os.listdir(run)), key=os.path.getsize)
        self.gateway, self.file = gateway, open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.map.close()
        self.file.close()

    def entry(self, scope, period):
        """Where the entry of an account lies: its key and its settled."""
        a = [a for a in self.gateway.ctl_json("debug", "dump")["accounts"]
             if a["scope"] == scope and (a["period_start"] is None) == (period == "total")][0]
        kind = {"customer": 1, "key": 3}[scope] + (period == "total")
        owner, at = bytes.fromhex(a["owner"]), -1
        while True:
            at = self.map.find(owner, at + 1)
            assert at >= 0, a
            head = struct.unpack_from("<qII", self.map, at + 16)
            if at % 64 == 0 and head[1:] == (kind, 0) and \
                    struct.unpack_from("<I", self.map, at + STATE)[0] == 2 and \
                    self.get(at, SETTLED) == nano(a["settled"]):
                return at

    def get(self, at, field):
        return struct.unpack_from("<q", self.map, at + field)[0]

    def add(self, at, field, n):
        struct.pack_into("<q", self.map, at + field, self.get(at, field) + n)


def orphan(g, provider):
    """A worker is killed amid a stream; (id of the request, suspense)."""
    events = stream_events(["Hello"])
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("until_gone",)]
    with Wire(g) as w:
        w.send(request(chat_body(customer_identifier="c", max_tokens=100, stream=True)))
        _, headers = w.head()
        w.until(b"Hello")
        g.kill_and_wait("worker")
    provider.answer = lambda r: json_reply(completion())
    g.at_rest()
    row = g.account("c")
    assert row["suspense"] > 0
    return headers["x-respan-log-id"], row


def test_audit_is_clean(make_gateway, provider):
    """After answers, refusals, errors, and with money held."""
    g = make_gateway(extra='budgets = { hold_wait = "50ms"; };')
    assert clean(g)["accounts"] == 0
    for _ in range(3):
        begin(g)
    g.chat(customer_params={"customer_identifier": "poor", "period_budget": "0.0000001"})
    provider.answer = lambda r: json_reply({"error": {"message": "no"}}, 500)
    g.chat(customer_identifier="c", max_tokens=5)
    go = threading.Event()
    provider.answer = lambda r: [("event", go)] + json_reply(completion())
    t = threading.Thread(target=lambda: g.chat(customer_identifier="c", max_tokens=5))
    t.start()
    wait_for(g.reserved, 5, "the hold")
    answer = clean(g, "--deep")
    assert nano(answer["held"]) == g.reserved() > 0
    go.set()
    t.join()
    g.at_rest()
    g.logged()
    answer = clean(g, "--deep")
    assert answer["accounts"] >= 2 and answer["held"] == 0
    deep = answer["deep"]
    assert deep["log_store"] and deep["customers_compared"] >= 1 and deep["totals_compared"] == 1
    assert nano(deep["without_record"]) == 0
    assert "clean                  true" in g.ctl("budget", "audit", "--deep").stdout


def test_audit_needs_the_keeper(gateway):
    """Nobody answers for the book: that is no clean one."""
    os.kill(gateway.child("keeper"), signal.SIGSTOP)
    assert gateway.ctl("audit", check=False).returncode == 69
    gateway.stop(signal.SIGKILL)
    assert gateway.ctl("audit", check=False).returncode == 69


class Load:
    """Clients that ask, and audits that look, until the end of a with."""

    def __init__(self, gateway, provider):
        self.g, self.provider = gateway, provider
        self.stop, self.wrong, self.looks = threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.client, args=(i,)) for i in range(6)]
        self.threads.append(threading.Thread(target=self.look))

    def client(self, i):
        while not self.stop.is_set():
            try:
                self.g.chat(customer_identifier="c%d" % i if i < 3 else "c", max_tokens=5)
            except OSError:
                pass

    def look(self):
        while not self.stop.is_set():
            how = ["audit", "--deep"] if self.looks % 2 else ["audit"]
            p = self.g.ctl("--json", *how, check=False)
            self.looks += p.returncode == 0
            if p.returncode == 1:
                self.wrong.append(p.stdout)

    def goes_on(self, asked=200, looks=4):
        """Further requests, and further audits of them."""
        asked, looks = len(self.provider.requests) + asked, self.looks + looks
        wait_for(lambda: len(self.provider.requests) >= asked and self.looks >= looks or self.wrong, 20, "load")

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        for t in self.threads:
            t.join()
        assert self.wrong == []


def test_audit_under_load_and_kills(gateway, provider):
    """No false alarm, whatever dies meanwhile; and none afterwards."""
    begin(gateway)
    with Load(gateway, provider) as load:
        load.goes_on()
        gateway.kill_and_wait("keeper")
        load.goes_on()
        os.kill(gateway.children("worker")[0], signal.SIGKILL)
        load.goes_on()
    gateway.at_rest()
    gateway.logged()
    assert clean(gateway, "--deep")["held"] == 0
    assert gateway.figure("holdfast_audit_violations_total") == 0


def test_audit_after_all_died(make_gateway, provider):
    """Every child at once under load, then the master amid requests."""
    g = make_gateway()
    begin(g)
    with Load(g, provider) as load:
        load.goes_on()
        old = g.children()
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(g.children()) == len(old) and not set(old) & set(g.children()), 10, "all children")
        load.goes_on()
    provider.answer = lambda r: [("until_gone",)]
    wires = [Wire(g) for _ in range(6)]
    asked = len(provider.requests)
    for w in wires:
        w.send(request(chat_body(customer_identifier="c", max_tokens=60)))
    wait_for(lambda: len(provider.requests) == asked + 6, 5, "all upstream")
    assert clean(g)["held"] > 0
    old = g.children()
    g.process.kill()
    g.process.wait()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in old), 5, "the children to end")
    g.start()
    g.at_rest()
    assert clean(g, "--deep")["held"] == 0
    rows = g.ctl_json("budget", "suspense", "--customer", "c")["results"]
    # Some workers still end their requests, some are ended.
    assert len(rows) == 2 and all(r["cause"] for r in rows)


def test_audit_while_limits_change(gateway, provider):
    """Lowered below what is spent, raised, removed, adjusted: under load."""
    begin(gateway)
    with Load(gateway, provider) as load:
        for i in range(3):
            gateway.ctl("customer", "set", "c", "--budget", "0.0000%d/month" % (i + 1), "--total", "0.00001")
            load.goes_on(20, 1)
            gateway.ctl("budget", "adjust", "+0.01", "--customer", "c", "--reason", "elsewhere")
            gateway.ctl("customer", "set", "c", "--budget", "50/month", "--no-total")
            load.goes_on(20, 1)
            gateway.ctl("customer", "reset", "c", "--reason", "again")
            gateway.ctl("customer", "set", "c", "--no-budget", "--total", "100")
            load.goes_on(20, 1)
    gateway.at_rest()
    gateway.logged()
    clean(gateway, "--deep")
    assert gateway.figure("holdfast_audit_violations_total") == 0


@pytest.mark.parametrize("field,n,name", [
    (SETTLED, -7, "settled"), (SETTLED, 7, "settled"), (RESERVED, 7, "reserved"),
    (LEASE, 10**12, "lease"), (LIMIT, 10**9, "limit"), (LEASE, -10**10, "lease")])
def test_audit_finds_a_planted_fault(gateway, field, n, name):
    begin(gateway)
    gateway.at_rest()
    clean(gateway)
    with Segment(gateway) as s:
        at = s.entry("customer", "period")
        before = {f: s.get(at, f) for f in (LIMIT, SETTLED, RESERVED, LEASE)}
        s.add(at, field, n)
        answer = audit(gateway)
        assert not answer["clean"] and len(answer["violations"]) == 1
        v = answer["violations"][0]
        assert name in v["violated"].split(", ") and v["account"] == "customer:c", v
        shown = {LIMIT: "limit", SETTLED: "settled", RESERVED: "reserved", LEASE: "lease"}
        for f, term in shown.items():
            assert nano(v[term]) == before[f] + (n if f == field else 0), (term, v)
        assert nano(v["in_slots"]) == 0 and nano(v["row_settled"]) == before[SETTLED]
        text = gateway.ctl("audit", check=False)
        assert text.returncode == 1 and "violated" in text.stdout and "row_lease" in text.stdout
        s.add(at, field, -n)
    clean(gateway)


def test_limit_lowered_below_what_is_spent(gateway):
    """Legal, shown, and no violation."""
    for _ in range(3):
        begin(gateway)
    gateway.at_rest()
    gateway.ctl("customer", "set", "c", "--budget", "0.00001/month")
    answer = clean(gateway)
    over = [o for o in answer["over_limit"] if o["account"] == "customer:c"]
    assert len(over) == 1 and nano(over[0]["free"]) == 10**4 - 3 * COST


def test_adjusted_past_the_limit(gateway, provider):
    """While money is held, too: first past the lease, then past the limit."""
    begin(gateway)
    go = threading.Event()
    provider.answer = lambda r: [("event", go)] + json_reply(completion())
    t = threading.Thread(target=lambda: gateway.chat(customer_identifier="c", max_tokens=5))
    t.start()
    wait_for(gateway.reserved, 5, "the hold")
    for amount, free in (("+50", []), ("+200", [True])):
        gateway.ctl("budget", "adjust", amount, "--customer", "c", "--reason", "elsewhere")
        row = gateway.account("c")
        assert free or row["settled"] + row["held"] <= row["lease"]
        answer = clean(gateway, "--deep")
        assert [nano(o["free"]) < 0 for o in answer["over_limit"]] == free
    go.set()
    t.join()


def test_provider_billed_above_its_bound(gateway, provider):
    """Past the limit by the provider's doing: shown, and no violation."""
    begin(gateway, period_budget="0.01", total_budget=None)
    gateway.at_rest()  # the first is settled, not held
    go = threading.Event()
    provider.answer = lambda r: [("event", go)] + json_reply(completion())
    t = threading.Thread(target=lambda: gateway.chat(customer_identifier="c", max_tokens=5))
    t.start()
    wait_for(lambda: len(provider.requests) == 2, 5, "the provider to be asked")
    held = gateway.account("c")["held"]
    provider.answer = lambda r: json_reply(completion(completion=10**6))
    assert gateway.chat(customer_identifier="c", max_tokens=5).status == 200
    wait_for(lambda: gateway.account("c")["settled"] > 10**9, 5, "the bill")
    over = clean(gateway)["over_limit"]
    assert len(over) == 1 and nano(over[0]["reserved"]) == held
    assert nano(over[0]["settled"]) + held > nano(over[0]["lease"]) > nano(over[0]["limit"])
    go.set()
    t.join()


def test_deep_audit_finds_what_the_rows_do_not_say(gateway):
    """A charge that the ledger has not, and one that the records have not."""
    begin(gateway)
    gateway.at_rest()
    gateway.logged()
    clean(gateway, "--deep")
    path = os.path.join(gateway.dir, "store", "logs.sqlite")
    import sqlite3
    with sqlite3.connect(path) as db:
        db.execute("UPDATE record SET charge=charge-1")
    db.close()
    answer = audit(gateway, "--deep")
    assert [v["violated"] for v in answer["deep"]["violations"]] == ["charges"]
    v = answer["deep"]["violations"][0]
    assert (v["customer"], nano(v["charges"]), nano(v["settled_now"])) == ("c", COST - 1, COST)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE record SET charge=charge+2")
    db.close()
    answer = audit(gateway, "--deep")
    assert [v["violated"] for v in answer["deep"]["violations"]] == ["charges"]
    assert audit(gateway)["clean"]


def test_fault_in_the_ledger(make_gateway):
    """Its file says something else than what was written."""
    g = make_gateway()
    begin(g)
    g.at_rest()
    total = [a for a in g.ctl_json("debug", "dump")["accounts"] if a["period_start"] is None][0]
    g.logged()
    g.stop()
    key = bytes.fromhex(total["owner"]) + struct.pack(">BQ", 2, 0)
    path = os.path.join(g.dir, "store", "ledger", "data.mdb")
    with open(path, "r+b") as f:
        data = f.read()
        row = key + struct.pack("<q", COST)
        assert row in data
        f.seek(0)
        f.write(data.replace(row, key + struct.pack("<q", COST + 5)))
    g.start()
    answer = audit(g, "--deep")
    v = answer["violations"]
    assert [(x["account"], x["violated"]) for x in v] == [("customer-total:c", "lease")]
    assert (nano(v[0]["row_settled"]), nano(v[0]["row_lease"])) == (COST + 5, COST)
    v = answer["deep"]["violations"]
    assert [(x["violated"], x["customer"]) for x in v] == [("total", "c")]
    assert (nano(v[0]["total_settled"]), nano(v[0]["settled_now"])) == (COST + 5, COST)


def test_record_has_the_charge_of_all_attempts(make_gateway, provider):
    """The first may have been billed: it is in suspense, and in the record."""
    g = make_gateway(workers=1)
    begin(g, markup_percentage=10)
    g.at_rest()
    before, lost = g.account("c")["settled"], []

    def answer(r):
        lost.append(r)
        return [("fin",)] if len(lost) == 1 else json_reply(completion())

    provider.answer = answer
    r = g.chat("again", customer_identifier="c", max_tokens=5)
    assert r.status == 200 and len(lost) == 2
    g.at_rest()
    g.logged()
    w = g.ctl_json("why", r.headers["x-respan-log-id"])
    assert nano(w["charge"]) == g.account("c")["settled"] - before > COST * 11 // 10
    assert nano(w["suspense"]) == g.account("c")["suspense"] > 0
    assert nano(clean(g, "--deep")["deep"]["without_record"]) == 0


def test_charge_without_a_record_is_no_violation(gateway):
    """A client may ask for none: the money is told apart, not missed."""
    begin(gateway)
    assert gateway.chat(customer_identifier="c", max_tokens=5, is_log_omitted=True).status == 200
    gateway.at_rest()
    gateway.logged()
    assert nano(clean(gateway, "--deep")["deep"]["without_record"]) == COST


def test_suspense_is_shown_released_and_confirmed(make_gateway, provider):
    g = make_gateway(workers=1)
    begin(g)
    log_id, row = orphan(g, provider)
    rows = g.ctl_json("budget", "suspense", "--customer", "c")["results"]
    assert [(r["account"], r["cause"], r["requests"]) for r in rows] == \
        [(a, "orphan", [log_id]) for a in ("customer:c", "customer-total:c")]
    assert [nano(r["suspense"]) for r in rows] == [row["suspense"]] * 2
    assert g.ctl_json("budget", "suspense", "--customer", "nobody")["results"] == []
    assert "orphan" in g.ctl("budget", "suspense").stdout
    # A part is free again, one is confirmed, the rest is free again.
    half = row["suspense"] // 2
    done = g.ctl_json("budget", "suspense", "release", "customer:c", "%.9f" % (half / 1e9), "--reason", "page")
    assert nano(done["settled"]) == row["settled"] - half
    g.ctl("budget", "suspense", "confirm", "customer:c", "0.000000001", "--reason", "page")
    g.ctl("budget", "suspense", "release", "customer:c", "all", "--reason", "page")
    after = g.account("c")
    assert (after["settled"], after["suspense"]) == (row["settled"] - row["suspense"] + 1, 0)
    assert g.account("c", period="total") == dict(g.account("c", period="total"), suspense=row["suspense"])
    clean(g, "--deep")  # the total has its suspense still: by the journal
    # What is not there cannot be released.
    for args in (("customer:c", "all"), ("customer-total:c", "99"), ("customer:c", "-1"),
                 ("customer:c", "much"), ("nobody:c", "1"), ("customer:", "1")):
        p = g.ctl("budget", "suspense", "release", *args, "--reason", "page", check=False)
        assert p.returncode == 64, (args, p.stdout, p.stderr)
    p = g.ctl("budget", "suspense", "release", "customer:else", "1", "--reason", "page", check=False)
    assert p.returncode == 1
    entries = g.ctl_json("budget", "journal", "--customer", "c")["results"]
    assert [e["action"] for e in entries] == ["orphan", "orphan", "release", "confirm", "release"]
    assert entries[2]["by"] == "uid %d" % os.getuid() and entries[2]["reason"] == "page"
    assert nano(entries[2]["settled"]) == -half and entries[0]["request"] == log_id
    assert abs(time.time() - time.mktime(time.strptime(entries[2]["time"], "%Y-%m-%dT%H:%M:%SZ")) +
               time.timezone) < 60
    assert len(g.ctl_json("budget", "journal", "--last", "2")["results"]) == 2
    # The keeper that follows knows the same.
    g.kill_and_wait("keeper")
    assert wait_for(lambda: g.account("c"), 5, "the row") == after
    clean(g, "--deep")


def test_released_money_can_be_spent(make_gateway, provider):
    g = make_gateway(workers=1, extra='budgets = { hold_wait = "50ms"; };')
    begin(g, period_budget="0.0009", total_budget=None)
    _, row = orphan(g, provider)

    def ask():
        return g.chat("x" * 200, customer_identifier="c", max_tokens=5).status

    wait_for(lambda: g.chat(model="demo/echo").status == 200, 5, "the next worker")
    for _ in range(40):
        if ask() != 200:
            break
    assert ask() == 429
    g.ctl("budget", "suspense", "release", "customer:c", "all", "--reason", "not billed")
    assert ask() == 200
    clean(g)


def test_power_cut_is_a_cause(make_gateway, provider):
    import shutil
    g = make_gateway()
    begin(g)
    g.at_rest()
    old = g.children()
    g.process.kill()
    g.process.wait()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in old), 5, "the children to end")
    shutil.rmtree(os.path.join(g.dir, "run"))
    g.start()
    rows = g.ctl_json("budget", "suspense")["results"]
    assert {r["account"]: r["cause"] for r in rows} == {"customer:c": "power cut", "customer-total:c": "power cut"}
    clean(g, "--deep")


def test_cut_stream_is_a_cause(gateway, provider):
    begin(gateway)
    events = stream_events(["Hello"])
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("fin",)]
    with Wire(gateway) as w:
        w.send(request(chat_body(customer_identifier="c", max_tokens=100, stream=True)))
        status, headers = w.head()
        w.body(status, headers)
        log_id = headers["x-respan-log-id"]
    gateway.at_rest()
    gateway.logged()
    row = gateway.ctl_json("budget", "suspense")["results"][0]
    assert (row["cause"], row["requests"]) == ("cut stream", [log_id])
    clean(gateway, "--deep")


def test_customer_reset(gateway):
    begin(gateway)
    gateway.at_rest()
    p = gateway.ctl("customer", "reset", "nobody", "--reason", "new month", check=False)
    assert p.returncode == 1
    assert gateway.ctl("customer", "reset", "c", check=False).returncode == 64
    done = gateway.ctl_json("customer", "reset", "c", "--reason", "new month")
    assert (done["account"], done["settled"]) == ("customer:c", 0)
    assert gateway.account("c")["settled"] == 0
    assert gateway.account("c", period="total")["settled"] == COST
    entry = gateway.ctl_json("budget", "journal")["results"][-1]
    assert (entry["action"], nano(entry["settled"])) == ("adjust", -COST)
    clean(gateway, "--deep")


def test_why(make_gateway, provider):
    """A charged, a cached, a refused and an orphaned request, and one in flight."""
    g = make_gateway(workers=1, extra='budgets = { hold_wait = "50ms"; };')
    charged = begin(g)
    g.chat("cached", customer_identifier="c", cache_enabled=True, max_tokens=5)
    g.at_rest()
    g.logged()
    cached = g.chat("cached", customer_identifier="c", cache_enabled=True, max_tokens=5).headers["x-respan-log-id"]
    poor = {"customer_identifier": "poor", "period_budget": "0.00001"}
    r = g.chat(customer_params=poor, max_tokens=5)
    assert r.status == 429
    refused = r.headers["x-respan-log-id"]
    g.at_rest()
    g.logged()

    w = g.ctl_json("why", charged)
    assert (w["request"], w["known_from"], w["status"]) == (charged, "record", "success")
    assert nano(w["cost"]) == nano(w["charge"]) == COST <= nano(w["hold"])
    assert (w["prompt_tokens"], w["completion_tokens"], w["usage_source"]) == (10, 5, "provider")
    assert w["price_per_million"] == {"input": 1, "output": 2} and w["price_version"]
    limits = {x["name"]: x for x in w["limit_info"]["limits"]}
    assert nano(limits["customer_budget"]["needed_value"]) == nano(w["hold"])
    assert "limit_value            100" in g.ctl("why", charged[:8]).stdout

    w = g.ctl_json("why", cached[:12])
    assert (w["cache_hit"], w["cost"], w["charge"]) == (True, 0, 0)
    w = g.ctl_json("why", refused)
    assert (w["status_code"], w["error_code"], w["charge"]) == (429, "budget_exceeded", 0)
    at = w["limit_info"]["limits"][0]
    assert not w["limit_info"]["is_allowed"] and not at["is_within_limit"]
    assert at["current_value"] + at["held_value"] + at["needed_value"] > at["limit_value"] == 0.00001

    go = threading.Event()
    provider.answer = lambda r: [sse_head() + chunked(sse_body(stream_events(["Hello"])[:2])), ("event", go)]
    with Wire(g) as wire:
        wire.send(request(chat_body(customer_identifier="c", max_tokens=100, stream=True)))
        _, headers = wire.head()
        flying = headers["x-respan-log-id"]
        w = g.ctl_json("why", flying)
        assert (w["known_from"], w["in_flight"]["state"]) == ("slot", "sent")
        holds = {a["account"]: nano(a["hold"]) for a in w["in_flight"]["accounts"]}
        assert holds["customer:c"] == holds["customer-total:c"] == g.reserved() // 2 > 0
        g.kill_and_wait("worker")
    go.set()
    g.at_rest()
    g.record(flying)
    w = g.ctl_json("why", flying)
    assert (w["known_from"], w["status"], w["usage_source"]) == ("record", "error", "orphan")
    assert nano(w["charge"]) == nano(w["hold"]) == holds["customer:c"]
    assert {(e["action"], e["account"], nano(e["settled"])) for e in w["journal"]} == \
        {("orphan", "customer:c", holds["customer:c"]), ("orphan", "customer-total:c", holds["customer:c"])}

    for bad, code in (("0" * 32, 1), ("abcdef", 64), ("no hex here", 64), ("0" * 33, 64)):
        assert g.ctl("why", bad, check=False).returncode == code, bad
