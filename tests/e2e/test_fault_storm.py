"""Many requests at once to providers that fail at random, with retries,
fallbacks, draws, ejection and clients that leave: whatever happens, every call
is one attempt of one record, every charge is in the account, nothing is held.

SEED=n tells a storm again.
"""
import collections
import json
import os
import random
import threading

import pytest

import faults
import spoken
from gateway import nano, wait_for
from routed import Routed, retries
from test_money import budget
from wire import Wire, at_once, chat_body, request

CLIENTS, EACH = 16, 60
QUICK = [f for f in faults.FAULTS if f.where == "" and "drip" not in f.name]
SETTINGS = """
routing = { rate_limit_retries = 1; max_attempts = 6; };
health = { eject_after = 3; eject_for = "100ms"; };
"""


def asked(rng, dollars):
    """A request that may take any of the ways."""
    body = {"model": rng.choice("abc"), "max_tokens": 50, "stream": rng.random() < 0.5,
            "customer_params": budget(dollars)}
    if rng.random() < 0.5:
        body["retry_params"] = retries(rng.randint(1, 2), 0.005)
    if rng.random() < 0.5:
        body["fallback_models"] = rng.sample("abc", rng.randint(1, 2))
    if rng.random() < 0.3:
        body["load_balance_models"] = [{"model": m, "weight": rng.randint(1, 9)} for m in rng.sample("abc", 2)]
    return body


def expect_honest(w, r):
    """The end of an answer is seen if and only if it is one."""
    if r.status != 200:
        assert w.complete and r.json["error"]["message"]
        return "error"
    if not r.headers["content-type"].startswith("text/event-stream"):
        assert w.complete and r.json["choices"][0]["message"]["content"] == spoken.TEXT
        return "whole"
    chunks = [json.loads(e) for e in r.events() if e != "[DONE]"]
    assert len({c["id"] for c in chunks if "error" not in c}) == 1
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c.get("choices"))
    finished = any(c["choices"][0]["finish_reason"] for c in chunks if c.get("choices"))
    if not w.complete:
        assert "error" in chunks[-1] and not finished and b"[DONE]" not in r.body
        return "cut"
    assert text == spoken.TEXT and finished and r.body.endswith(b"data: [DONE]\n\n")
    return "stream"


class Storm:
    def __init__(self, x, seed, dollars):
        self.x, self.seed, self.dollars, self.seen = x, seed, dollars, collections.Counter()
        self.lock, self.rng = threading.Lock(), random.Random(seed)
        x.provider.answer = self.play

    def play(self, r):
        streamed = bool(r.json.get("stream"))
        with self.lock:
            bad = self.rng.random() < {"a": 0.7, "b": 0.4, "c": 0.1}[r.json["model"]]
            fault = self.rng.choice(QUICK) if bad else None
        if fault is None or fault.form not in ("both", "stream" if streamed else "whole"):
            return faults.answer(spoken.Chat, streamed)
        return fault.steps(spoken.Chat, streamed)

    def client(self, i):
        rng = random.Random(self.seed * 1000 + i)
        for n in range(EACH):
            with Wire(self.x.gateway) as w:
                w.send(request(chat_body("%d %d" % (i, n), **asked(rng, self.dollars))))
                if rng.random() < 0.1:
                    w.exactly(rng.choice((0, 0, 100)))
                    w.reset()
                    what = "left"
                else:
                    what = expect_honest(w, w.reply())
            with self.lock:
                self.seen[what] += 1


def expect_books(x, records):
    """Of the record, of the account and of the provider."""
    attempts = [a for r in records for a in r["attempts"]]
    lost = [a for a in attempts if a["outcome"] == "client_gone"]
    assert len(attempts) - len(lost) <= len(x.provider.requests) <= len(attempts)
    for r in records:
        assert [a["n"] for a in r["attempts"]] == list(range(1, len(r["attempts"]) + 1)) and len(r["attempts"]) <= 6
        assert [a["outcome"] for a in r["attempts"][:-1]].count("ok") == 0
        assert nano(r["cost"]) == sum(a["charge_nano_usd"] for a in r["attempts"])
    row = x.gateway.account("c")
    assert (row["settled"], row["held"]) == (sum(nano(r["cost"]) for r in records), 0)


@pytest.mark.parametrize("dollars", [50, 0.05])
def test_storm(dollars):
    """With money for all, and with money for some: then the rest is refused."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
    print("SEED=%d" % seed)
    with Routed(SETTINGS, workers=2) as x:
        workers = wait_for(lambda: len(x.gateway.children("worker")) == 2 and x.gateway.children("worker"), 10, "two")
        storm = Storm(x, seed, dollars)
        at_once(CLIENTS, storm.client)
        x.gateway.at_rest(10)
        x.gateway.logged()
        records = wait_for(lambda: [r for r in [x.gateway.records()] if len(r) >= CLIENTS * EACH - storm.seen["left"]],
                           10, "the records")[0]
        assert x.gateway.children("worker") == workers, x.gateway.log()
        assert min(storm.seen[k] for k in ("whole", "stream", "error", "left")) > 10, storm.seen
        assert storm.seen["cut"] > 0 or dollars < 1
        expect_books(x, [r for r in records if r.get("attempts")])
        assert x.gateway.account("c")["settled"] <= dollars * 10**9
        assert any(r.get("error_code") == "budget_exceeded" for r in records) == (dollars < 1)
