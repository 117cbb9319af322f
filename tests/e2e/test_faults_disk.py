"""Disks that are full or read-only: what goes on, what is refused, the books."""
import os
import subprocess
import time

import pytest
from gateway import slow_disk, wait_for
from provider import completion, json_reply
from wire import at_once

IN, OUT = 1000, 2000
COST = 50 * IN + 5 * OUT
SLOW_LOG_MS = 1000
BUDGET = {"customer_identifier": "c", "period_budget": "0.1"}
ALONE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]


def spend(gateway, n=1):
    return [gateway.chat(customer_identifier="c", max_tokens=5) for _ in range(n)]


class SmallDisk:
    """A gateway whose store lies on a small file system of its own."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.store = os.path.join(gateway.dir, "store")
        os.makedirs(self.store, exist_ok=True)
        mount = "mount -t tmpfs -o size=24M,mode=0700 none %s && exec \"$@\"" % self.store
        gateway.start(prefix=ALONE + ["sh", "-c", mount, "sh"])
        self.inside = "/proc/%d/root%s" % (gateway.process.pid, self.store)

    def fill(self):
        with open(self.inside + "/fill", "wb", buffering=0) as f:
            for size in (65536, 512, 1):
                try:
                    while f.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def empty(self):
        os.unlink(self.inside + "/fill")


@pytest.fixture
def disk(make_gateway, provider):
    if subprocess.run(ALONE + ["true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here (need root)")
    provider.answer = lambda r: json_reply(completion(prompt=50, completion=5))
    return SmallDisk(make_gateway(start=False))


def test_disk_of_the_ledger_is_full(disk, provider):
    """Leases run dry, then budgets are refused; all else is served."""
    g = disk.gateway
    assert g.chat(customer_params=BUDGET, max_tokens=5).status == 200
    g.at_rest()
    disk.fill()
    refused = []
    for _ in range(100):
        refused = [r for r in spend(g) if r.status != 200]
        if refused:
            break
    assert (refused[0].status, refused[0].code) == (503, "budget_unavailable")
    assert refused[0].headers["retry-after"] == "1"
    billed = len(provider.requests)
    assert all(r == 200 for r in at_once(8, lambda i: g.chat(max_tokens=5).status))
    assert g.chat(model="demo/echo").status == 200
    disk.empty()
    assert wait_for(lambda: spend(g)[0].status == 200, 20, "the ledger to be written again")
    g.at_rest(10)
    row = g.account("c")
    assert (row["settled"], row["suspense"], row["held"]) == ((billed + 1) * COST, 0, 0)


def test_disk_of_the_logs_is_full(make_gateway, provider):
    """The file of the records takes nothing: counted, and nobody notices."""
    provider.answer = lambda r: json_reply(completion(prompt=50, completion=5))
    g = make_gateway(start=False)
    g.text = g.text.replace(g.jsonl, "/dev/full")
    g.start()
    assert g.chat(customer_params=BUDGET, max_tokens=5).status == 200
    assert {r.status for r in spend(g, 20)} == {200}
    g.at_rest()
    assert g.account("c")["settled"] == 21 * COST
    wait_for(lambda: g.figure("holdfast_log_dropped_total") >= 21, 5, "the drops to be counted")
    assert g.get("/ready", key=None).status == 200


def test_disk_of_the_logs_is_slow(make_gateway, provider, tmp_path):
    """A second for each write: no request waits for it, and the books are right."""
    provider.answer = lambda r: json_reply(completion(prompt=50, completion=5))
    g = make_gateway(start=False)
    g.text = g.text.replace("logs = {", 'logs = { ring = "128K";')
    g.start(env=slow_disk(tmp_path, SLOW_LOG_MS, g.jsonl))
    assert g.chat(customer_params=dict(BUDGET, period_budget=100), max_tokens=5).status == 200

    def one(i):
        began = time.monotonic()
        return g.chat(customer_identifier="c", max_tokens=5).status, time.monotonic() - began
    until, got = time.monotonic() + 3.5 * SLOW_LOG_MS / 1000, []
    while time.monotonic() < until:
        got += at_once(8, one)
    assert {status for status, _ in got} == {200}
    assert max(took for _, took in got) < SLOW_LOG_MS / 2000
    g.at_rest()
    row = g.account("c")
    assert (row["settled"], row["suspense"]) == ((len(got) + 1) * COST, 0)
    dropped = g.figure('holdfast_ring_dropped_total{type="access"}')
    assert dropped > 0
    wait_for(lambda: len([r for r in g.records() if "id" in r]) == len(got) + 1 - dropped, 30,
             "each record that was not dropped")


def test_little_room_is_left_to_the_ledger(disk):
    """Below 512 MiB logs and cache stop, money goes on."""
    g = disk.gateway
    assert g.chat(customer_params=BUDGET, max_tokens=5, cache_enabled=True).status == 200
    assert {r.status for r in spend(g, 20)} == {200}
    g.at_rest()
    assert g.account("c")["settled"] == 21 * COST
    wait_for(lambda: g.figure("holdfast_log_dropped_total") >= 21, 5, "the drops to be counted")
    assert g.records() == []
    assert "less than 512 MiB free" in g.log()


def test_read_only_store_is_refused_at_start(disk):
    """Nobody can be charged: no port is opened that would say otherwise."""
    g = disk.gateway
    assert g.stop() == 0
    mount = "mount -t tmpfs -o ro none %s && exec \"$@\"" % disk.store
    g.start(prefix=ALONE + ["sh", "-c", mount, "sh"], wait=False)
    assert g.process.wait(10) in (71, 77)
    assert "Read-only file system" in g.log()
