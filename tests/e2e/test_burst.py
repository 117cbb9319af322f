"""A thousand requests at the same moment of customers whom nobody knew before.

The keeper has to make the customer, its account and its lease; everybody else
waits for that and is woken: nobody is told that the ledger is not available,
on a fast disk or on a slow one.
"""
import resource
import threading
from collections import Counter

import pytest
from gateway import nano, slow_disk, wait_for
from provider import completion, json_reply, sse_reply, stream_events
from test_money import IN, OUT, budget, defaults
from wire import Wire, at_once, chat_body, request

MANY = 1000
SLOW_MS = 200  # of one fdatasync; a commit of the keeper has up to two
MAX = 5        # tokens that each request asks for
CUT = 120      # what a group is cut to, in code points: four bytes each here


@pytest.fixture(scope="module")
def many():
    """As many as there may be files: a client's and a provider's end of each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MANY + 200
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    n = min(MANY, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 2)
    if n < 200:
        pytest.skip("only %d files may be open (ulimit -n)" % soft)
    yield n
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def disk(request, tmp_path):
    """The environment of a gateway on a disk that is "fast" or "slow"."""
    if request.param == "fast":
        return {}
    return slow_disk(tmp_path, SLOW_MS)


def cost(upstream_body):
    """What an answer costs here: all that was held for it, to the nano-USD."""
    return (len(upstream_body) + 64) * IN + MAX * OUT


def answer(r):
    usage = (len(r.body) + 64, MAX)
    if r.json.get("stream"):
        return sse_reply(stream_events(["Hello", " there"], usage=usage))
    return json_reply(completion(prompt=usage[0], completion=usage[1]))


class Burst:
    """A gateway, a key of it that has budgets itself, and how all went."""

    def __init__(self, make_gateway, provider, disk, extra=""):
        self.provider = provider
        provider.answer = answer
        self.gateway = make_gateway(start=False, extra=extra, provider="max_connections = %d;" % (2 * MANY))
        # Room for the records of all: they tell which worker served whom.
        self.gateway.text = self.gateway.text.replace("logs = {", 'logs = { ring = "32M";')
        self.gateway.start(env=disk)
        self.key = self.gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--budget",
                                         "1000/day", "--spending-limit", "1000")["api_key"]

    def asked(self):
        """Records of the money lanes that are no charge."""
        dump = self.gateway.at_rest(20)
        return sum(s["money"]["tail_seq"] for s in dump["seats"]) - len(self.provider.requests)

    def run(self, bodies):
        """All at the same time; how often each outcome came."""
        wires = [Wire(self.gateway, timeout=60) for _ in bodies]
        for w, body in zip(wires, bodies):
            w.send(request(body, key=self.key))
        replies = [w.reply() for w in wires]
        for w in wires:
            w.close()
        for r in replies:
            assert r.status != 200 or r.body.endswith(b"data: [DONE]\n\n") or r.json["usage"], r.body
        return Counter(200 if r.status == 200 else (r.status, r.code) for r in replies)

    def bill(self):
        return sum(cost(r.body) for r in self.provider.requests)

    def settled(self, scope="customer"):
        """What the accounts of a scope have spent; nothing is held of any."""
        dump = self.gateway.at_rest(20)
        return [nano(a["settled"]) for a in dump["accounts"]
                if a["scope"] == scope and (scope != "customer" or a["period"] == "period")]


def bodies(n, **members):
    """Streams and others in turn."""
    return [chat_body(max_tokens=MAX, stream=i % 2 == 0, **members) for i in range(n)]


ONE = [("unlimited", "fast", "", {"customer_identifier": "c"}),
       ("defaults", "fast", defaults("100"), {"customer_identifier": "c"}),
       ("params", "fast", "", {"customer_params": budget(100)}),
       ("identifier in params", "fast", defaults("100"), {"customer_params": {"customer_identifier": "c"}}),
       ("defaults on a slow disk", "slow", defaults("100"), {"customer_identifier": "c"}),
       ("params on a slow disk", "slow", "", {"customer_params": budget(100)})]


@pytest.mark.parametrize("title, disk, extra, members", ONE, ids=[o[0] for o in ONE], indirect=["disk"])
def test_of_one_new_customer(make_gateway, provider, disk, many, title, extra, members):
    b = Burst(make_gateway, provider, disk, extra)
    before = b.asked()
    assert b.run(bodies(many, **members)) == {200: many}
    # Once for each worker, not for each request; once more for who looked
    # just before the commit and asked just after it.
    assert 1 <= b.asked() - before <= 4
    assert b.settled() == [b.bill()]
    assert b.settled("key") == [b.bill()] * 2
    b.gateway.workers_served()
    # Everything is known by now.
    before = b.asked()
    assert b.run(bodies(50, **members)) == {200: 50}
    assert b.asked() == before


@pytest.mark.parametrize("stream, disk", [(True, "fast"), (False, "fast"), (True, "slow")],
                         ids=["streams", "whole", "on a slow disk"], indirect=["disk"])
def test_budget_for_some_of_them(make_gateway, provider, disk, many, stream):
    """Who finds nothing left is told so; nobody is told to come again."""
    b = Burst(make_gateway, provider, disk, 'budgets = { hold_wait = "30s"; };')
    assert b.run([chat_body(max_tokens=MAX, stream=stream)]) == {200: 1}
    each = cost(provider.requests[0].body)
    some = many * 2 // 5
    limit = some * each + each // 2
    params = budget("0.%09d" % limit)
    assert limit < 10**9
    got = b.run([chat_body(max_tokens=MAX, stream=stream, customer_params=params)] * many)
    assert got == {200: some, (429, "budget_exceeded"): many - some}
    assert b.settled() == [some * each]
    b.gateway.workers_served()


def test_of_two_thousand_half_are_paid_for(make_gateway, provider):
    """Eight clients, two workers, answers that cost less than what was held:
    what is left in the end is less than one hold, and nobody is above it."""
    g = make_gateway(extra='budgets = { hold_wait = "30s"; };')
    each = 100 * IN + MAX * OUT
    provider.answer = lambda r: json_reply(completion(prompt=100, completion=MAX))
    limit = 1000 * each
    g.ctl("customer", "set", "c", "--environment", "prod", "--budget", "0.%09d/day" % limit)
    looks, stop = [], threading.Event()

    def watch():
        while not stop.wait(0.02):
            for a in g.ctl_json("debug", "dump")["accounts"]:
                looks.append(nano(a["settled"]) + nano(a["held"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        got = at_once(8, lambda i: [g.chat(customer_identifier="c", max_tokens=MAX) for _ in range(250)])
    finally:
        stop.set()
        watcher.join()
    ends = Counter(r.status if r.status == 200 else r.code for part in got for r in part)
    assert set(ends) == {200, "budget_exceeded"} and sum(ends.values()) == 2000
    assert len(looks) > 10 and max(looks) <= limit
    g.at_rest()
    row = g.account("c")
    assert row["settled"] == each * len(provider.requests) == each * ends[200]
    assert 0.99 * limit <= row["settled"] <= limit
    assert (row["held"], row["suspense"]) == (0, 0)
    g.workers_served()


def named(i):
    return {"customer_identifier": "c%d" % i}


def described(i):
    """More than the lane to the keeper takes of so many at once."""
    return {"customer_params": budget(100, name="\U0001f600" * CUT, group_identifier="\U0001f600" * CUT,
                                      **named(i))}


EACH = [("identifier", "fast", defaults("100"), named),
        ("params", "fast", "", described),
        ("identifier on a slow disk", "slow", defaults("100"), named),
        ("params on a slow disk", "slow", "", described)]


@pytest.mark.parametrize("title, disk, extra, members", EACH, ids=[e[0] for e in EACH], indirect=["disk"])
def test_of_as_many_new_customers(make_gateway, provider, disk, many, title, extra, members):
    b = Burst(make_gateway, provider, disk, extra)
    before = b.asked()
    assert b.run([bodies(2, **members(i))[i % 2] for i in range(many)]) == {200: many}
    assert b.asked() - before == many
    spent = b.settled()
    assert len(spent) == many and sum(spent) == b.bill()
    assert set(spent) <= {cost(r.body) for r in provider.requests}
    b.gateway.workers_served()


def test_texts_without_end_do_no_harm(gateway):
    """A customer's name is cut: it must fit a lane and a record of the store."""
    for n in (10**4, 2 * 10**5):
        params = budget(1, name="n" * n, group_identifier="g" * n)
        assert gateway.chat(customer_params=params).status == 200
    wait_for(lambda: gateway.account("c")["settled"] > 0, 5, "the keeper")
