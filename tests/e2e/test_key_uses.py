"""max_usage: how many requests may be sent with a key, to the last one."""
import os
import signal

import pytest
from gateway import KEY, wait_for
from provider import completion, json_reply
from test_limits import in_flight
from test_money import COST, budget
from test_settings import reload
from wire import at_once

UNPRICED = ', { name = "unpriced"; provider = "openai"; context = 1000; max_output = 100; }'


def bounded(make_gateway, uses, extra="", **kw):
    """A gateway whose key may be used so often."""
    g = make_gateway(start=False, extra=extra, **kw)
    g.text = g.text.replace('name = "prod key"; environment = "prod";',
                            'name = "prod key"; environment = "prod"; max_usage = %d;' % uses)
    return g.start()


def uses(gateway, key="testkey1"):
    """(used, in doubt, limit) as the ledger has them."""
    gateway.at_rest()
    rows = [r for r in gateway.ctl_json("budget", "show", "--key", key)["results"] if r["period"] == "uses"]
    return tuple(rows[0][k] for k in ("settled", "suspense", "limit")) if rows else None


def statuses(replies):
    return [r.status for r in replies]


def ask(gateway, n, **members):
    return [gateway.chat(**members) for _ in range(n)]


def test_a_key_that_is_used_up(make_gateway, provider):
    g = bounded(make_gateway, 3)
    got = ask(g, 5)
    assert statuses(got) == [200] * 3 + [429] * 2 and len(provider.requests) == 3
    for r in got[3:]:
        assert (r.code, r.headers["x-should-retry"]) == ("key_budget_exceeded", "false")
        assert "retry-after" not in r.headers
        assert r.json["error"]["message"] == r.json["detail"] == "This key has reached its maximum number of uses."
    assert uses(g) == (3, 0, 3)
    assert [r["error_code"] for r in g.records()[3:]] == ["key_budget_exceeded"] * 2
    # It is no money: what is shown of that is not touched.
    assert "x-holdfast-budget-remaining" not in got[0].headers and "limit_info" not in g.records()[0]
    reload(g, g.text.replace("max_usage = 3", "max_usage = 4"))
    wait_for(lambda: g.chat(key=KEY).status == 200, 5, "the fourth use")
    assert g.chat().code == "key_budget_exceeded"
    assert g.ctl("audit", "--deep").returncode == 0


def test_many_at_once_and_none_too_many(make_gateway, provider):
    g = bounded(make_gateway, 20, 'budgets = { hold_wait = "10s"; };')
    got = [r for part in at_once(16, lambda i: ask(g, 4)) for r in part]
    assert (statuses(got).count(200), len(provider.requests)) == (20, 20)
    assert {r.code for r in got if r.status != 200} == {"key_budget_exceeded"}
    assert uses(g) == (20, 0, 20)


def test_the_last_use_in_flight(make_gateway, provider):
    """It may come back: the client is told to ask again."""
    g = bounded(make_gateway, 1, 'budgets = { hold_wait = "0s"; };')
    go, wires = in_flight(g, provider, 1)
    r = g.chat()
    assert (r.status, r.code, r.headers["retry-after"], r.headers["x-should-retry"]) == (429, "budget_held", "1", "true")
    assert r.json["error"]["message"] == "The last uses of this key are taken by requests in flight."
    go.set()
    assert wires[0].reply().status == 200
    assert wait_for(lambda: g.chat().code == "key_budget_exceeded", 5, "its end")


def test_what_reaches_no_provider_is_no_use(make_gateway, provider):
    g = bounded(make_gateway, 2)
    assert statuses(ask(g, 3, cache_enabled=True)) == [200] * 3  # one and its copies
    assert g.post("/api/chat/completions", "{").status == 400
    assert g.chat(model="nope").status == 404
    assert g.chat(customer_params=budget(0)).code == "budget_exceeded"
    provider.close()
    assert g.chat().status == 502
    assert uses(g) == (1, 0, 2)


def test_an_error_of_the_provider_is_a_use(make_gateway, provider):
    g = bounded(make_gateway, 2)
    provider.answer = lambda r: json_reply({"error": {"message": "no", "code": "no"}}, 500)
    assert statuses(ask(g, 3)) == [500, 500, 429]
    assert uses(g) == (2, 0, 2)


def test_uses_ask_for_no_price(make_gateway, provider):
    """The limit is none in money: no price is needed, no max_tokens put in."""
    g = bounded(make_gateway, 9, models=UNPRICED)
    assert g.chat(model="unpriced").status == 200
    r = g.chat()
    assert "x-holdfast-max-tokens" not in r.headers and "max_tokens" not in provider.requests[-1].json
    assert g.chat(customer_params=budget(1)).status == 200
    g.at_rest()
    assert g.account("c")["settled"] == COST
    assert uses(g) == (3, 0, 9)
    assert g.figure("holdfast_budget_held_dollars") == g.figure("holdfast_budget_suspense_dollars") == 0


@pytest.mark.parametrize("role", ["worker", "keeper", "all"])
def test_kills_give_no_use_back(make_gateway, provider, role):
    """A worker that dies with a request in flight: it was sent, it counts."""
    g = bounded(make_gateway, 6)
    assert statuses(ask(g, 3)) == [200] * 3
    g.at_rest()
    provider.requests.clear()
    go, wires = in_flight(g, provider, 1)
    if role == "all":
        pids = g.children() + [g.process.pid]
    else:
        pids = g.children(role)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    if role == "all":
        g.process.wait(10)
    go.set()
    for w in wires:
        w.close()
    if role == "all":
        provider.answer = lambda r: json_reply(completion())
        g.start()
    wait_for(lambda: uses(g) == (4, 0, 6), 10, "the books")

    def end():
        try:
            return g.chat().status == 429
        except OSError:
            return False

    wait_for(end, 10, "the end of the key")
    assert (uses(g)[0], len(provider.requests)) == (6, 3)
    assert g.ctl("audit").returncode == 0


def test_a_stop_and_a_start(make_gateway, provider):
    g = bounded(make_gateway, 3)
    assert statuses(ask(g, 2)) == [200] * 2
    g.stop(signal.SIGTERM)
    g.start()
    assert statuses(ask(g, 2)) == [200, 429]


def test_a_made_key(gateway, provider):
    for bad in ("0", "-1", "2147483648", "99999999999999999999", "x"):
        assert gateway.ctl("key", "new", "--name", "k", "--max-usage", bad, check=False).returncode != 0
    made = gateway.ctl_json("key", "new", "--name", "once", "--environment", "prod", "--max-usage", "1", "--gateway-only")
    assert made["key"]["max_usage"] == 1
    assert statuses(ask(gateway, 2, key=made["api_key"])) == [200, 429]
    shown = {k["name"]: k["max_usage"] for k in gateway.ctl_json("key", "list")["results"]}
    assert shown["once"] == 1 and shown["prod key"] == -1
    assert gateway.chat().status == 200
    assert uses(gateway, made["key"]["prefix"]) == (1, 0, 1)


def test_an_administrator_gives_uses_back(make_gateway):
    g = bounded(make_gateway, 2)

    def adjust(amount, *more, check=True):
        return g.ctl("budget", "adjust", amount, "--uses", "--reason", "test", *more, check=check)

    assert statuses(ask(g, 3)) == [200, 200, 429]
    g.at_rest()
    assert g.ctl_json("budget", "adjust", "-1", "--uses", "--reason", "test", "--key", "testkey1")["results"][0]["settled"] == 1
    assert wait_for(lambda: g.chat().status == 200, 5, "a use")
    assert g.chat().code == "key_budget_exceeded"
    for bad in (("-0.5", "--key", "testkey1"), ("-1", "--key", "testkey1", "--total"), ("-1", "--customer", "c"),
                ("-9", "--key", "testkey1")):
        assert adjust(*bad, check=False).returncode != 0, bad
    assert uses(g) == (2, 0, 2) and g.ctl("audit").returncode == 0


def test_attempts_are_one_use(make_gateway, provider):
    """It is requests that are counted, not how often they are tried."""
    g = bounded(make_gateway, 2)
    answers = [json_reply({"error": {"message": "no"}}, 503), json_reply({"error": {"message": "no"}}, 503),
               json_reply(completion()), json_reply(completion())]
    provider.answer = lambda r: answers.pop(0)
    assert g.chat(retry_params={"retry_enabled": True, "num_retries": 2, "retry_after": 0.05}).status == 200
    assert uses(g) == (1, 0, 2)
    assert g.chat().status == 200 and g.chat().code == "key_budget_exceeded" and answers == []
    assert uses(g) == (2, 0, 2)
    assert g.ctl("audit", "--deep").returncode == 0
