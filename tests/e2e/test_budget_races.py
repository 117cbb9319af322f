"""Races for budgets that other gateways lost: each test rebuilds one.

What a request costs here is what was held for it, to the nano-USD, so that
the number of those who may pass is known.
"""
import base64
import json
import os
import random
import signal
import threading
import time
from collections import Counter

import pytest
from gateway import nano, wait_for
from provider import completion, json_reply, sse_reply, stream_events
from test_money import IN, OUT, budget, defaults, settled, spend
from wire import Wire, at_once, chat_body, request

MAX = 5  # tokens that a request asks for
WAIT = 'budgets = { hold_wait = "20s"; };'


def hold(body_bytes, out=MAX):
    return (body_bytes + 64) * IN + out * OUT


def spend_all(r):
    """An answer that costs all that was held for it."""
    usage = (len(r.body) + 64, r.json["max_tokens"])
    if r.json.get("stream"):
        return sse_reply(stream_events(["Hello", " there"], usage=usage))
    return json_reply(completion(prompt=usage[0], completion=usage[1]))


def bill(provider):
    return sum(hold(len(r.body), r.json["max_tokens"]) for r in provider.requests)


def cost_of(gateway, provider, **members):
    """What one such request of somebody else costs."""
    assert gateway.chat(max_tokens=MAX, **members).status == 200
    return hold(len(provider.requests.pop().body))


def ends(replies):
    return Counter(200 if r.status == 200 else (r.status, r.code) for r in replies)


def key_of(gateway, *limits):
    made = gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", *limits)
    return made["api_key"], made["key"]["prefix"]


def dollars(amount_nano):
    return "%d.%09d" % divmod(amount_nano, 10**9)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streams"])
def test_fifty_at_once_with_money_for_ten(make_gateway, provider, stream):
    """BerriAI/litellm#34732: concurrent requests all pass the check, then all
    are booked."""
    g = make_gateway(extra=WAIT)
    provider.answer = spend_all
    each = cost_of(g, provider, stream=stream)
    params = budget(dollars(10 * each + each // 2))
    body = chat_body(max_tokens=MAX, stream=stream, customer_params=params)
    wires = [Wire(g) for _ in range(50)]
    for w in wires:
        w.send(request(body))
    assert ends([w.reply() for w in wires]) == {200: 10, (429, "budget_exceeded"): 40}
    row = settled(g)
    assert (row["settled"], row["suspense"], row["held"]) == (10 * each, 0, 0)
    assert bill(provider) == 10 * each


@pytest.mark.parametrize("extra, members", [(defaults("0.000000001"), {"customer_identifier": "new"}),
                                            ("", {"customer_params": budget("0.000000001")})],
                         ids=["defaults", "params"])
def test_first_requests_at_once_of_one_whom_nobody_knows(make_gateway, provider, extra, members):
    """BerriAI/litellm#40095: they pass before the default budget is there."""
    g = make_gateway(extra=extra)
    wires = [Wire(g) for _ in range(8)]
    for w in wires:
        w.send(request(chat_body(**members)))
    assert ends([w.reply() for w in wires]) == {(429, "budget_exceeded"): 8}
    assert provider.requests == []


@pytest.mark.parametrize("spent", ["key", "customer", "both"])
def test_hundred_more_when_key_or_customer_is_spent(gateway, provider, spent):
    """BerriAI/litellm#26672: whichever of the two is looked at first lets the
    other pass."""
    key, prefix = key_of(gateway, "--budget", "0.01/day")
    assert gateway.chat(key=key, max_tokens=MAX, customer_params=budget("0.01")).status == 200
    gateway.at_rest()
    if spent != "customer":
        gateway.ctl("budget", "adjust", "+0.02", "--reason", "test", "--key", prefix)
    if spent != "key":
        spend(gateway, "0.02")
    provider.requests.clear()
    got = at_once(10, lambda i: [gateway.chat(key=key, max_tokens=MAX, customer_identifier="c",
                                              stream=i % 2 == 0) for _ in range(10)])
    assert ends(r for part in got for r in part) == {(429, "budget_exceeded"): 100}
    assert provider.requests == []


def test_one_customer_by_every_name_at_once(make_gateway, provider):
    """BerriAI/litellm#11083: a customer that is named another way has no
    budget."""
    g = make_gateway(extra=WAIT)
    packed = base64.b64encode(json.dumps({"customer_identifier": "c"}).encode()).decode()
    ways = [dict(customer_identifier="c"), dict(respan_params={"customer_identifier": "c"}),
            dict(extra_body={"customer_identifier": "c"}), dict(customer_params={"customer_identifier": "c"}),
            dict(headers={"X-Data-Respan-Params": packed})]
    provider.answer = spend_all
    each = max(cost_of(g, provider, **w) for w in ways)
    g.ctl("customer", "set", "d", "--environment", "prod", "--budget", "1/day")
    limit = settled(g)["settled"] + 20 * each + each // 2
    g.ctl("customer", "set", "c", "--environment", "prod", "--budget", dollars(limit) + "/day")
    before = settled(g)["settled"]
    got = at_once(10, lambda i: [g.chat(max_tokens=MAX, **ways[(i + n) % 5]) for n in range(10)])
    assert set(ends(r for part in got for r in part)) == {200, (429, "budget_exceeded")}
    row = settled(g)
    assert row["settled"] - before == bill(provider) and row["settled"] <= limit
    assert len(provider.requests) >= 20
    # `user` names nobody here.
    assert g.chat(max_tokens=MAX, user="c").status == 200


N, CUSTOMER_NANO = 250, 50000000


def discussion_answer(r):
    """As large as it may be: what the client allowed, or the gateway did."""
    return json_reply(completion(text="x" * 200, prompt=len(r.body) + 64, completion=r.json["max_tokens"]))


def test_a_budget_for_each_of_250_customers(make_gateway, provider):
    """BerriAI/litellm discussion #50438: bursts of 20 calls, answers as large
    as they may be, the store away, a restart in mid-traffic; the best settings
    there went 2.5 % over."""
    g = make_gateway(extra='customers = { defaults = { period_budget = "0.05"; budget_duration = "daily"; }; }; '
                           'budgets = { hold_wait = "20s"; };')
    provider.answer = discussion_answer
    assert g.chat("of c999", customer_identifier="c999", max_tokens=4000).status == 200
    # Five of these fit, and nearly nothing is left.
    paid = (CUSTOMER_NANO // 5 - (len(provider.requests.pop().body) + 64) * IN) // OUT
    calls = [(i, n) for i in range(N) for n in range(20 if i < 20 else 6)]
    random.Random(1).shuffle(calls)
    got, lock = Counter(), threading.Lock()

    def client(_):
        while True:
            with lock:
                if not calls:
                    return
                i, n = calls.pop()
            members = {} if n == 0 and i % 5 == 0 else {"max_tokens": paid}
            try:
                r = g.chat("of c%d" % i, customer_identifier="c%d" % i, **members)
                end = r.status if r.status == 200 else r.code
            except OSError:
                end = "lost"
            with lock:
                got[end] += 1
                if end in ("lost", "budget_unavailable", "budget_held", "shutting_down"):
                    calls.insert(0, (i, 1))
            if end == "lost":
                time.sleep(0.02)

    def trouble():
        wait_for(lambda: len(provider.requests) > 300, 30, "traffic")
        g.kill_and_wait("keeper")
        wait_for(lambda: len(provider.requests) > 600, 30, "traffic")
        g.stop(signal.SIGQUIT)
        g.start()

    t = threading.Thread(target=trouble)
    t.start()
    at_once(16, client)
    t.join()
    # Who could not pay for one more of those can pay for smaller ones.
    at_once(8, lambda k: [g.chat("of c%d" % i, customer_identifier="c%d" % i, max_tokens=m).status
                          for i in range(0, N, 5) if i // 5 % 8 == k for m in [paid // 4] * 3 + [paid // 20] * 5])
    g.at_rest(10)
    rows = [g.account("c%d" % i) for i in range(N)]
    bills = Counter()
    for r in provider.requests:
        bills[r.json["messages"][0]["content"]] += hold(len(r.body), r.json["max_tokens"])
    assert max(bills.values()) <= CUSTOMER_NANO
    assert [r for r in rows if r["held"] or r["suspense"]] == []
    assert [r["settled"] for r in rows] == [bills["of c%d" % i] for i in range(N)]
    usable = sum(r["settled"] for r in rows) / (N * CUSTOMER_NANO)
    print("usable: %.2f %%, %s" % (100 * usable, dict(got)))
    assert usable >= 0.99 and got["budget_exceeded"] > 0


TIER = """, { name = "tiered"; provider = "openai"; context = 1000000; max_output = 1000;
  price = { input = "0.5"; output = "2"; input_above_200k = "1.0"; output_above_200k = "3.0"; }; }"""


def test_five_of_300k_tokens_at_the_price_of_their_tier(make_gateway, provider):
    """BerriAI/litellm#40002: what is reserved is the price below the tier: on
    $0.45 three would fit then, one does."""
    g = make_gateway(models=TIER)
    provider.answer = lambda r: json_reply(completion(prompt=300000, completion=10))
    key, _ = key_of(g, "--spending-limit", "0.45")
    got = at_once(5, lambda i: g.chat("x " * 150000, model="tiered", max_tokens=10, key=key))
    assert sorted(r.status for r in got) == [200] + [429] * 4
    assert len(provider.requests) == 1
    g.at_rest()
    rows = [a for a in g.ctl_json("debug", "dump")["accounts"] if a["scope"] == "key_total" or a["limit"] == 0.45]
    assert [nano(a["settled"]) for a in rows] == [300000 * 1000 + 10 * 3000]


CACHED = """, { name = "cached"; provider = "openai"; context = 128000; max_output = 16384;
  price = { input = "5"; cached_input = "0.5"; cache_write = "6.25"; output = "30"; }; }"""

ANOMALIES = [
    # More cached than there were: QuantumNous/new-api#3503 gives money back.
    ("more cached than prompt", dict(prompt_tokens=100, completion_tokens=10, total_tokens=110,
                                     prompt_tokens_details={"cached_tokens": 5000}), 100 * 500 + 10 * 30000),
    # Part of the prompt, not beside it: maximhq/bifrost#904, #3451 count twice.
    ("cached once", dict(prompt_tokens=4020, completion_tokens=4, total_tokens=4024,
                         prompt_tokens_details={"cached_tokens": 4012}), 2166000),
    ("a negative figure is no usage", dict(prompt_tokens=100, completion_tokens=-10**6, total_tokens=0), None),
    ("a fraction is no usage", dict(prompt_tokens=1.5, completion_tokens=1, total_tokens=2), None),
]


@pytest.mark.parametrize("title, usage, want", ANOMALIES, ids=[a[0] for a in ANOMALIES])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_usage_that_makes_no_sense(make_gateway, provider, title, usage, want, stream):
    """QuantumNous/new-api#3503, maximhq/bifrost#904 and #3451."""
    g = make_gateway(models=CACHED)

    def answer(r):
        if not stream:
            return json_reply(completion(usage=usage))
        events = stream_events(["Hello"], done=False)
        events[-1]["usage"] = usage
        return sse_reply(events + [b"[DONE]"])

    provider.answer = answer
    assert g.chat(model="cached", customer_params=budget(5), max_tokens=100, stream=stream).status == 200
    row = settled(g)
    if want is not None:
        assert (row["settled"], row["suspense"]) == (want, 0)
    else:
        assert 0 < row["settled"] - row["suspense"] and row["suspense"] > 0


FULL = ["customer period", "customer total", "key period", "key total"]


@pytest.mark.parametrize("full", FULL)
def test_one_full_account_leaves_no_trace_in_the_others(gateway, provider, full):
    """Four accounts a request (money.md 8.1): all or none."""
    limit = {name: "0.00001" if name == full else "100" for name in FULL}
    key, prefix = key_of(gateway, "--budget", limit["key period"] + "/day", "--spending-limit", limit["key total"])
    gateway.ctl("customer", "set", "c", "--environment", "prod", "--budget", limit["customer period"] + "/day",
                "--total", limit["customer total"])
    got = at_once(10, lambda i: [gateway.chat(key=key, customer_identifier="c", max_tokens=MAX,
                                              stream=i % 2 == 0) for _ in range(5)])
    code = "key_budget_exceeded" if full == "key total" else "budget_exceeded"
    assert ends(r for part in got for r in part) == {(429, code): 50}
    assert provider.requests == []
    gateway.at_rest()
    accounts = gateway.ctl_json("debug", "dump")["accounts"]
    assert len(accounts) >= 4
    assert [(a["settled"], a["held"], a["suspense"]) for a in accounts] == [(0, 0, 0)] * len(accounts)


def look(gateway, limits):
    """settled + held of the customer is below one of these limits."""
    for a in gateway.ctl_json("debug", "dump")["accounts"]:
        assert nano(a["settled"]) + nano(a["held"]) <= max(limits), a
        assert a["limit"] is None or nano(a["lease"]) <= max(limits), a


def test_limit_lowered_raised_and_removed_under_load(make_gateway, provider):
    """A counter that is set anew at a change forgets what is in flight."""
    g = make_gateway(extra='budgets = { hold_wait = "100ms"; };')
    provider.answer = spend_all
    each = cost_of(g, provider, customer_identifier="c")
    stop, got = threading.Event(), Counter()

    def client(i):
        while not stop.is_set():
            r = g.chat(max_tokens=MAX, customer_identifier="c", stream=i % 2 == 0)
            got[r.status if r.status == 200 else r.code] += 1

    def set_limit(*flags):
        g.ctl("customer", "set", "c", "--environment", "prod", *flags)

    def more(end, n=20):
        was = got[end]
        wait_for(lambda: got[end] >= was + n, 10, end)

    # Another row than that of the time without a budget.
    set_limit("--budget", "10/day")
    threads = [threading.Thread(target=client, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    try:
        limits = [10 * 10**9]
        for _ in range(4):
            more(200)
            spent = g.account("c")["settled"]
            lower = spent + 400 * each
            set_limit("--budget", dollars(lower) + "/day")
            # Those admitted before it may still end; nobody else.
            look(g, limits + [lower])
            more("budget_exceeded")
            look(g, [lower])
            assert g.account("c")["settled"] <= lower
            set_limit("--no-budget")
            more(200)
            limits = [10 * 10**9]
            set_limit("--budget", "10/day")
            more(200)
            look(g, limits)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert set(got) <= {200, "budget_exceeded", "budget_held"}, got
    g.at_rest()
    rows = g.ctl_json("budget", "show", "c", "--environment", "prod")["results"]
    for kind in ("period", "total"):
        assert sum(nano(r["settled"]) for r in rows if r["period"] == kind) == bill(provider) + each
    assert {(r["held"], r["suspense"]) for r in rows} == {(0, 0)}


DEAR = """, { name = "dear"; provider = "openai"; context = 400000; max_output = 128000;
  price = { input = "1.25"; output = "10"; }; }"""


def test_hundred_at_once_that_name_no_maximum(make_gateway, provider):
    """Who reserves the longest answer of a model locks everybody out: $2000
    were held at $0.144 of real spend."""
    g = make_gateway(models=DEAR, provider="max_connections = 400;")
    provider.answer = lambda r: json_reply(completion(prompt=100, completion=min(700, r.json["max_tokens"])))
    params = budget(1)
    gone = []

    def client(i):
        while True:
            r = g.chat("tell me all", model="dear", customer_params=params)
            if r.status == 200:
                continue
            if r.code == "budget_exceeded":
                gone.append(i)
                return
            assert r.code == "budget_held", r.body

    at_once(100, client)
    row = settled(g)
    assert row["settled"] == sum(100 * 1250 + min(700, r.json["max_tokens"]) * 10000 for r in provider.requests)
    assert 0.9 * 10**9 <= row["settled"] <= 10**9
    assert (row["held"], len(gone)) == (0, 100)


def test_free_model_when_all_accounts_are_spent(make_gateway, provider):
    """A hold of nothing always fits."""
    g = make_gateway(models=', { name = "free"; provider = "openai"; context = 1000; max_output = 100;'
                            ' price = { input = "0"; output = "0"; }; }')
    provider.answer = spend_all
    key, prefix = key_of(g, "--budget", "1/day", "--spending-limit", "1")
    g.ctl("customer", "set", "c", "--environment", "prod", "--budget", "1/day", "--total", "1")
    members = dict(key=key, customer_identifier="c", max_tokens=MAX)
    assert g.chat(**members).status == 200
    g.at_rest()
    for owner in (["--customer", "c", "--environment", "prod"], ["--key", prefix]):
        for more in ([], ["--total"]):
            g.ctl("budget", "adjust", "+2", "--reason", "test", *owner, *more)
    spent = settled(g)["settled"]
    provider.requests.clear()
    assert g.chat(**members).status == 429
    got = at_once(10, lambda i: g.chat(model="free", stream=i % 2 == 0, **members).status)
    assert got == [200] * 10 and len(provider.requests) == 10
    assert g.chat(**members).status == 429
    assert settled(g)["settled"] == spent > 2 * 10**9


def test_thousand_requests_at_sixty_a_minute(make_gateway):
    """BerriAI/litellm#39309 and its family: refused requests consume the
    window, and each worker has a window of its own."""
    g = make_gateway(start=False, workers=4)
    g.text = g.text.replace('name = "prod key"; environment = "prod";',
                            'name = "prod key"; environment = "prod"; limits = { rpm = 60; };')
    g.start()
    began, got, told = time.monotonic(), Counter(), []

    def client(i):
        for n in range(125):
            if i == 0 and n in (20, 60, 100):
                os.kill(random.choice(g.children("worker") or [g.process.pid + 10**7]), signal.SIGKILL)
            try:
                r = g.chat(model="demo/echo")
            except OSError:
                got["lost"] += 1
                continue
            got[r.status] += 1
            if r.status == 429:
                told.append(time.monotonic() + int(r.headers["retry-after-ms"]) / 1000)

    at_once(8, client)
    took = time.monotonic() - began
    assert set(got) <= {200, 429, "lost"} and sum(got.values()) == 1000
    assert 60 - got["lost"] <= got[200] <= 60 + took + 1
    wait_for(lambda: time.monotonic() >= told[-1], 10, "the time that was told")
    assert g.chat(model="demo/echo").status == 200
