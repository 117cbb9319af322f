"""Processes that die: what clients see, and the books right after."""
import json
import os
import signal
import threading
import time

import pytest
from gateway import nano, wait_for
from provider import (LAST_CHUNK, chunked, completion, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)
from wire import Wire, at_once, chat_body, request

IN, OUT = 1000, 2000
BUDGET = {"customer_identifier": "c", "period_budget": 100}
DEMO = chat_body(model="demo/echo")


class Bill:
    """The provider's own book."""

    def __init__(self, prompt=10, completion=5):
        self.lock, self.nano, self.count = threading.Lock(), 0, 0
        self.prompt, self.completion = prompt, completion

    def add(self):
        with self.lock:
            self.count += 1
            self.nano += self.prompt * IN + self.completion * OUT

    def json(self, request):
        self.add()
        return json_reply(completion(prompt=self.prompt, completion=self.completion))


def rest(gateway, seconds=5):
    gateway.at_rest(seconds)
    row = gateway.account("c")
    assert row["held"] == 0
    return row


def seat_pids(gateway):
    return {s["seat"]: s["pid"] for s in gateway.ctl_json("debug", "dump")["seats"]
            if s["state"] == "owned"}


def spread(gateway, each):
    """[(seat, `each` connections to its worker)] of two workers."""
    found = {}
    for _ in range(10):
        wires = [Wire(gateway) for _ in range(2 * each)]
        ids = {w.ask(DEMO).headers["x-respan-log-id"]: w for w in wires}
        gateway.logged()
        for r in gateway.records():
            if r["id"] in ids:
                found.setdefault(r["worker"], []).append(ids[r["id"]])
        if len(found) == 2 and min(map(len, found.values())) >= each:
            for wires in found.values():
                for w in wires[each:]:
                    w.close()
            return [(seat, wires[:each]) for seat, wires in found.items()]
    raise AssertionError({k: len(v) for k, v in found.items()})


def test_half_of_the_streams_survive(gateway, provider):
    """50 streams on each of two workers, one of which is killed."""
    bill, go = Bill(50, 40), threading.Event()
    events = [sse_body([e]) for e in stream_events(["word%d " % i for i in range(10)], usage=(50, 40))]

    def answer(r):
        bill.add()
        return [sse_head() + chunked(b"".join(events[:4])), ("event", go)] + \
            [chunked(e) for e in events[4:]] + [LAST_CHUNK]

    provider.answer = answer
    assert gateway.chat(model="demo/echo", customer_params=BUDGET).status == 200
    (dying, lost), (_, kept) = spread(gateway, 50)
    for w in lost + kept:
        w.send(request(chat_body(customer_identifier="c", max_tokens=60, stream=True)))
    for w in lost + kept:
        w.status, w.headers = w.head()
        assert w.status == 200
    assert bill.count == 100
    killed = seat_pids(gateway)[dying]
    os.kill(killed, signal.SIGKILL)
    for w in lost:
        w.body(w.status, w.headers)
        assert not w.complete
    # Nobody who comes now is refused, by the other worker or by the new one.
    def newcomer(i):
        with Wire(gateway) as w:
            return w.ask(DEMO).status

    assert at_once(20, newcomer) == [200] * 20
    go.set()
    bodies = set()
    for w in kept:
        bodies.add(w.body(w.status, w.headers))
        assert w.complete
    assert len(bodies) == 1 and bodies.pop().endswith(b"data: [DONE]\n\n")
    row = rest(gateway, 1)
    assert row["settled"] - row["suspense"] <= bill.nano <= row["settled"]
    assert row["suspense"] > 0
    wait_for(lambda: len(gateway.children("worker")) == 2, 5, "another worker")
    assert killed not in gateway.children("worker")


def test_worker_killed_in_mid_stream_is_charged_its_hold(make_gateway, provider):
    g = make_gateway(workers=1)
    events = stream_events(["Hello"])
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("until_gone",)]
    with Wire(g) as w:
        w.send(request(chat_body(customer_params=BUDGET, max_tokens=100, stream=True)))
        _, headers = w.head()
        w.until(b"Hello")
        g.kill_and_wait("worker")
        w.until(b"never")
        assert w.buffer == b""
    row = rest(g)
    hold = (len(provider.requests[0].body) + 64) * IN + 100 * OUT
    assert row["settled"] == hold and 0 < row["suspense"] < hold
    # Its row in the log, which the worker can no longer write.
    record = g.record(headers["x-respan-log-id"])
    assert (record["status"], record["status_code"], record["error_code"]) == ("error", 500, "internal_error")
    assert (record["usage_source"], record["usage_estimated"]) == ("orphan", True)
    assert record["customer_identifier"] == BUDGET["customer_identifier"]
    assert [nano(record[f]) for f in ("cost", "charge", "hold")] == [hold] * 3
    assert nano(record["suspense"]) == row["suspense"]
    assert record["completion_tokens"] > 0
    # Told once, though logger and keeper begin anew.
    g.kill_and_wait("logger")
    g.kill_and_wait("keeper")
    assert wait_for(lambda: g.chat(model="demo/echo").status == 200, 5, "the keeper")
    assert [r["id"] for r in g.records()].count(record["id"]) == 1
    assert g.ctl("audit", "--deep").returncode == 0
    assert wait_for(lambda: g.chat(model="demo/echo").status == 200, 5, "the next worker")


def test_worker_killed_before_the_request_left(make_gateway, provider):
    """A hold whose request was never sent costs nothing."""
    import socket
    backlog = socket.socket()  # accepts no one: the connect stays open
    backlog.bind(("127.0.0.1", 0))
    backlog.listen(0)
    filler = [socket.socket() for _ in range(3)]
    for s in filler:
        s.setblocking(False)
        s.connect_ex(backlog.getsockname())
    g = make_gateway(workers=1, start=False, provider='connect_timeout = "20s";')
    g.text = g.text.replace(":%d/v1" % provider.port, ":%d/v1" % backlog.getsockname()[1])
    g.start()
    with Wire(g) as w:
        w.send(request(chat_body(customer_params=BUDGET, max_tokens=100)))
        wait_for(g.reserved, 5, "the hold")
        g.kill_and_wait("worker")
        row = rest(g)
    assert (row["settled"], row["suspense"]) == (0, 0)
    for s in filler + [backlog]:
        s.close()


def load(gateway, stop, clients=6, **members):
    """Ask until stop is set; [(status, code or None)] of all."""
    def client(i):
        seen = []
        while not stop.is_set() and len(seen) < 5000:
            try:
                r = gateway.chat(customer_identifier="c", max_tokens=5, **members)
                seen.append((r.status, None if r.status == 200 else r.code))
            except OSError:
                seen.append((0, "connection"))
        return seen
    return [x for part in at_once(clients, client) for x in part]


def under_load(gateway, events, **members):
    """Run events() while clients ask; what they got."""
    stop, got = threading.Event(), []
    t = threading.Thread(target=lambda: got.extend(load(gateway, stop, **members)))
    t.start()
    try:
        events()
    finally:
        stop.set()
        t.join()
    return got


def asked_more(provider, n):
    """Wait until the provider saw n further requests."""
    want = len(provider.requests) + n
    wait_for(lambda: len(provider.requests) >= want, 10, "%d further requests" % n)


def test_keeper_killed_under_load(gateway, provider):
    """Every charge is applied exactly once."""
    bill = Bill()
    provider.answer = bill.json
    assert gateway.chat(customer_params=BUDGET, max_tokens=5).status == 200

    def events():
        for _ in range(2):
            asked_more(provider, 60)
            gateway.kill_and_wait("keeper")

    got = under_load(gateway, events)
    assert wait_for(lambda: gateway.chat(customer_identifier="c", max_tokens=5).status == 200, 5, "the keeper")
    row = rest(gateway)
    assert (row["settled"], row["suspense"]) == (bill.nano, 0)
    assert {code for status, code in got} <= {None, "budget_unavailable", "budget_held"}
    assert len([1 for s, c in got if s == 200]) > 100


def test_keeper_stopped_unlimited_traffic_goes_on(gateway, provider):
    """Without a keeper: leases run dry, who has no limit notices nothing."""
    bill = Bill(50, 5)
    provider.answer = bill.json
    assert gateway.chat(customer_params={"customer_identifier": "c", "period_budget": "0.05"}, max_tokens=5).status == 200
    keeper = gateway.child("keeper")
    os.kill(keeper, signal.SIGSTOP)
    for _ in range(20):
        r = gateway.chat(customer_identifier="c", max_tokens=5)
        if r.status != 200:
            break
    assert (r.status, r.code, r.headers["retry-after"]) == (503, "budget_unavailable", "1")
    assert all(gateway.chat(max_tokens=5).status == 200 for _ in range(5))
    os.kill(keeper, signal.SIGCONT)
    assert wait_for(lambda: gateway.chat(customer_identifier="c", max_tokens=5).status == 200, 5, "leases")
    assert rest(gateway)["settled"] <= bill.nano


def test_silent_keeper_is_replaced(gateway, provider):
    """Stopped, not dead: nobody else can tell, so the master does."""
    bill = Bill()
    provider.answer = bill.json
    assert gateway.chat(customer_params=BUDGET, max_tokens=5).status == 200
    old = gateway.child("keeper")
    os.kill(old, signal.SIGSTOP)
    wait_for(lambda: gateway.children("keeper") not in ([], [old]), 15, "another keeper")
    wait_for(lambda: gateway.chat(customer_identifier="c", max_tokens=5).status == 200, 5, "service")
    row = rest(gateway)
    assert (row["settled"], row["suspense"]) == (bill.nano, 0)


def test_worker_killed_under_load(gateway, provider):
    bill = Bill()
    provider.answer = bill.json
    assert gateway.chat(customer_params=BUDGET, max_tokens=5).status == 200

    whole = []

    def events():
        for _ in range(2):
            asked_more(provider, 60)
            victim = gateway.children("worker")[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: victim not in gateway.children("worker") and
                     len(gateway.children("worker")) == 2, 10, "another worker")
        asked_more(provider, 60)
        whole.append(time.time())
        asked_more(provider, 600)

    got = under_load(gateway, events)
    row = rest(gateway)
    assert row["settled"] - row["suspense"] <= bill.nano <= row["settled"]
    lost = [c for s, c in got if s == 0]
    assert len(lost) <= 2 * 6  # only what was in the dead worker
    assert {c for s, c in got} <= {None, "connection"}
    gateway.workers_served(since=whole[0])


@pytest.mark.parametrize("role", ["logger", "admin"])
def test_logger_or_admin_killed_under_load(make_gateway, provider, role):
    """Nobody is refused, nothing is late, the books are right."""
    gateway = make_gateway(start=False)
    gateway.text = gateway.text.replace("logs = {", 'logs = { ring = "32M";')
    gateway.start()
    bill = Bill()
    provider.answer = bill.json
    assert gateway.chat(customer_params=BUDGET, max_tokens=5).status == 200

    def events():
        for _ in range(2):
            asked_more(provider, 60)
            gateway.kill_and_wait(role)

    got = under_load(gateway, events)
    assert {s for s, c in got} == {200}
    wait_for(lambda: gateway.ctl("status", check=False).returncode == 0, 10, "the admin process")
    row = rest(gateway)
    assert (row["settled"], row["suspense"]) == (bill.nano, 0)
    # The records stayed in the lanes meanwhile: none is missing.
    assert gateway.ctl_json("status")["log_records_dropped"] == 0
    gateway.logged()
    assert len({r["id"] for r in gateway.records()}) == bill.count


@pytest.mark.parametrize("torn", [10, 10000])
def test_half_a_line_is_cut_off(gateway, torn):
    """What a logger that was killed amid a write has left."""
    def ids():
        return len({r["id"] for r in gateway.records()})

    assert gateway.chat(model="demo/echo").status == 200
    wait_for(lambda: ids() == 1, 5, "the record")
    with open(gateway.jsonl, "ab") as f:
        f.write(b"x" * torn)
    gateway.kill_and_wait("logger")
    assert gateway.chat(model="demo/echo").status == 200
    wait_for(lambda: b"x" * 10 not in open(gateway.jsonl, "rb").read(), 5, "the half to be gone")
    wait_for(lambda: ids() == 2, 5, "the other record")


def test_logger_stopped_drops_and_counts(make_gateway, provider):
    """Full log lanes: records are dropped and counted, nobody waits."""
    g = make_gateway(extra="")
    g.stop()
    g.text = g.text.replace("logs = {", 'logs = { ring = "64K";')
    g.start()
    bill = Bill()
    provider.answer = bill.json
    logger = g.child("logger")
    os.kill(logger, signal.SIGSTOP)
    assert g.chat(customer_params=BUDGET, max_tokens=5).status == 200
    n = 200
    took = time.monotonic()
    got = at_once(8, lambda i: [g.chat(customer_identifier="c", max_tokens=5).status for _ in range(n // 8)])
    assert all(s == 200 for part in got for s in part)
    assert time.monotonic() - took < 4
    row = rest(g)
    assert (row["settled"], row["suspense"]) == (bill.nano, 0)
    dropped = g.ctl_json("status")["log_records_dropped"]
    assert dropped > 0
    os.kill(logger, signal.SIGCONT)
    assert g.chat(model="demo/echo").status == 200
    wait_for(lambda: len(g.records()) > 0, 10, "records again")


def test_all_at_once(gateway, provider):
    """Every child dies in the same moment; the master goes on."""
    bill = Bill()
    provider.answer = bill.json
    assert gateway.chat(customer_params=BUDGET, max_tokens=5).status == 200

    def events():
        asked_more(provider, 60)
        old = gateway.children()
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(gateway.children()) == len(old) and not set(old) & set(gateway.children()),
                 10, "all children")
        wait_for(lambda: gateway.chat(customer_identifier="c", max_tokens=5).status == 200, 10, "service")

    under_load(gateway, events)
    wait_for(lambda: gateway.ctl("status", check=False).returncode == 0, 10, "the admin process")
    row = rest(gateway)
    assert row["settled"] - row["suspense"] <= bill.nano <= row["settled"]


def test_master_killed_and_started_again(make_gateway, provider):
    """The next master finds the segment and charges what was in flight."""
    g = make_gateway()
    bill = Bill(50, 40)
    provider.answer = bill.json
    assert g.chat(customer_params=BUDGET, max_tokens=60).status == 200
    provider.answer = lambda r: (bill.add(), [("until_gone",)])[1]
    wires = [Wire(g) for _ in range(6)]
    for w in wires:
        w.send(request(chat_body(customer_identifier="c", max_tokens=60)))
    wait_for(lambda: bill.count == 7, 5, "all upstream")
    old = g.children()
    g.process.kill()
    g.process.wait()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in old), 5, "the children to end")
    provider.answer = bill.json
    g.start()
    row = rest(g)
    assert bill.nano <= row["settled"] and row["suspense"] > 0
    assert g.chat(customer_identifier="c", max_tokens=60).status == 200
    after = rest(g)
    assert after["settled"] == row["settled"] + 50 * IN + 40 * OUT


def test_segment_lost(make_gateway, provider):
    """Power cut: what was leased counts as spent until someone knows better."""
    import shutil
    g = make_gateway()
    bill = Bill()
    provider.answer = bill.json
    assert g.chat(customer_params=BUDGET, max_tokens=5).status == 200
    lease = rest(g)["lease"]
    old = g.children()
    g.process.kill()
    g.process.wait()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in old), 5, "the children to end")
    shutil.rmtree(os.path.join(g.dir, "run"))
    g.start()
    row = rest(g)
    assert row["settled"] == lease and row["suspense"] == lease - bill.nano


def test_clean_stop_leaves_nothing_in_suspense(make_gateway, provider):
    g = make_gateway()
    bill = Bill()
    provider.answer = bill.json
    assert g.chat(customer_params=BUDGET, max_tokens=5).status == 200
    assert g.stop(signal.SIGQUIT) == 0
    g.start()
    row = g.account("c")
    assert (row["settled"], row["suspense"], row["held"]) == (bill.nano, 0, 0)
    assert g.chat(customer_identifier="c", max_tokens=5).status == 200
    assert rest(g)["settled"] == bill.nano
