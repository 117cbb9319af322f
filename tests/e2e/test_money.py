"""Budgets from end to end: who is refused, what is charged, what is left held."""
import calendar
import json
import signal
import threading
import time

import pytest
from gateway import KEY, TEST_KEY, Gateway, free_port, nano, wait_for
from provider import (LAST_CHUNK, chunk, chunked, completion, head, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)
from wire import Wire, at_once, chat_body, request

IN, OUT = 1000, 2000  # nano-USD a token of test-model
COST = 10 * IN + 5 * OUT  # of the provider's usual answer


def budget(dollars, **members):
    return dict({"customer_identifier": "c", "period_budget": dollars,
                 "budget_duration": "daily"}, **members)


def defaults(dollars):
    return 'customers = { defaults = { period_budget = "%s"; budget_duration = "daily"; }; };' % dollars


def settled(gateway, customer="c", **kw):
    gateway.at_rest()
    return gateway.account(customer, **kw)


def test_unknown_customer_gets_the_defaults(make_gateway):
    g = make_gateway(extra=defaults("1.50"))
    assert g.chat(customer_identifier="new").status == 200
    row = settled(g, "new")
    assert (row["limit"], row["settled"], row["held"], row["suspense"]) == (1500000000, COST, 0, 0)
    shown = g.ctl_json("customer", "show", "new", "--environment", "prod")
    assert json.dumps(shown).count('"new"') >= 1


def test_first_requests_of_an_unknown_customer_at_once(make_gateway, provider):
    g = make_gateway(extra=defaults("0.000000001"))
    got = at_once(8, lambda i: g.chat(customer_identifier="new"))
    assert [r.status for r in got] == [429] * 8
    assert {r.code for r in got} == {"budget_exceeded"}
    assert provider.requests == []


def test_unknown_customer_is_refused_when_settings_say_so(make_gateway, provider):
    g = make_gateway(extra='customers = { unknown = "refuse"; };')
    r = g.chat(customer_identifier="nobody")
    assert (r.status, r.code) == (403, "customer_unknown")
    assert r.json["error"]["message"] == "Customer nobody is not known."
    assert provider.requests == []


def test_customer_required(make_gateway, provider):
    g = make_gateway(extra="customers = { required = true; };")
    r = g.chat()
    assert (r.status, r.code, r.json["error"]["param"]) == (
        400, "missing_required_parameter", "customer_identifier")
    assert g.chat(customer_identifier="x").status == 200
    assert len(provider.requests) == 1


def test_customer_params_make_change_and_remove(gateway):
    assert gateway.chat(customer_params=budget(2)).status == 200
    assert settled(gateway)["limit"] == 2 * 10**9
    assert gateway.chat(customer_params=budget("0.5")).status == 200
    row = settled(gateway)
    assert (row["limit"], row["settled"]) == (5 * 10**8, 2 * COST)
    # A member that is not named keeps its value.
    assert gateway.chat(customer_params={"customer_identifier": "c", "name": "Ada"}).status == 200
    assert settled(gateway)["limit"] == 5 * 10**8
    assert gateway.chat(customer_params=budget(0)).status == 429
    assert gateway.chat(customer_params={"customer_identifier": "c", "period_budget": None}).status == 200
    assert gateway.chat(customer_identifier="c").status == 200


def test_limit_below_what_is_spent_refuses_the_next(gateway, provider):
    assert gateway.chat(customer_params=budget(1)).status == 200
    r = gateway.chat(customer_params=budget("0.00001"))
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert len(provider.requests) == 1


@pytest.mark.parametrize("params, param", [
    (budget(-1), "customer_params.period_budget"),
    (budget("x"), "customer_params.period_budget"),
    (budget(1, budget_duration="hourly"), "customer_params.budget_duration"),
    (budget(1, period_start="yesterday"), "customer_params.period_start"),
])
def test_bad_customer_params(gateway, provider, params, param):
    r = gateway.chat(customer_params=params)
    assert (r.status, r.json["error"]["param"]) == (400, param), r.body
    assert provider.requests == []


def spend(gateway, amount, customer="c", **args):
    gateway.at_rest()
    gateway.ctl("budget", "adjust", "+" + amount, "--reason", "test", "--customer", customer, *args)


def test_budget_exceeded_to_the_letter(gateway, provider):
    assert gateway.chat(customer_params=budget(10, customer_identifier="user_123")).status == 200
    spend(gateway, "9.98998", "user_123")
    provider.requests.clear()
    r = gateway.chat(customer_identifier="user_123", max_tokens=16384)
    assert r.status == 429
    ends = gateway.record(r.headers["x-respan-log-id"])["limit_info"]["limits"][0]["resets_at"]
    assert ends.endswith("T00:00:00Z")
    assert r.json == {
        "error": {"message": "Customer user_123 has used $9.99 of their $10 budget, "
                             "not enough for this request. Resets %s." % ends,
                  "type": "respan_error", "param": None, "code": "budget_exceeded"},
        "detail": "Customer has used $9.99 of their $10 budget, not enough for this request"}
    assert r.headers["x-should-retry"] == "false"
    assert "retry-after" not in r.headers
    assert r.headers["x-holdfast-error-source"] == "gateway"
    assert provider.requests == []


def test_status_402(make_gateway):
    g = make_gateway(extra='budgets = { status = 402; };')
    r = g.chat(customer_params=budget(0))
    assert (r.status, r.code) == (402, "budget_exceeded")


def test_total_budget_never_resets(gateway):
    params = {"customer_identifier": "c", "total_budget": "0.00002"}
    r = gateway.chat(customer_params=params)
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert "Resets" not in r.json["error"]["message"]


def test_free_model_on_a_spent_account(make_gateway):
    g = make_gateway(models=', { name = "free"; provider = "openai"; context = 1000; max_output = 100;'
                            ' price = { input = "0"; output = "0"; }; }')
    assert g.chat(customer_params=budget(0)).status == 429
    assert g.chat(customer_identifier="c", model="free").status == 200


def test_markup_is_on_the_customers_account(gateway):
    r = gateway.chat(customer_params=budget(1, markup_percentage=20))
    assert r.headers["x-holdfast-cost"] == "0.00002"
    assert settled(gateway)["settled"] == COST * 12 // 10


def test_environments_have_their_own_accounts(gateway):
    assert gateway.chat(customer_params=budget("0.00005"), max_tokens=1).status == 429
    assert gateway.chat(customer_params=budget(1), key=TEST_KEY).status == 200
    assert settled(gateway)["settled"] == 0
    assert settled(gateway, environment="test")["settled"] == COST


def test_budget_of_a_key(gateway, provider):
    made = gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--budget", "0.00001/day")
    r = gateway.chat(key=made["api_key"])
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert r.json["error"]["message"].startswith("This key has used $0 of its $0.00001 budget, not enough")
    assert provider.requests == []


def test_spending_limit_of_a_key(gateway, provider):
    made = gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--spending-limit", "0.00001")
    r = gateway.chat(key=made["api_key"])
    assert (r.status, r.code) == (429, "key_budget_exceeded")
    assert r.json["error"]["message"] == "This key has reached its spending limit."
    assert r.headers["x-should-retry"] == "false"
    assert provider.requests == []


def test_budget_of_the_organization(make_gateway, provider):
    g = make_gateway(extra='organization = { period_budget = "0.00001"; };')
    r = g.chat(customer_params=budget(5))
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert r.json["error"]["message"].startswith("The organization has used ")
    # The customer's account shows no trace of it.
    assert settled(g)["settled"] == 0
    assert provider.requests == []


def test_credits_of_the_organization(make_gateway, provider):
    """One sum for all time, shown as the balance that is left."""
    g = make_gateway(extra='organization = { credits = "0.005"; };')
    r = g.chat(max_tokens=1000)
    assert r.status == 200
    info = g.record(r.headers["x-respan-log-id"])["limit_info"]
    shown = info["limits"][0]
    assert (shown["name"], shown["resets_at"], shown["is_within_limit"]) == ("org_credits", None, True)
    assert (nano(shown["current_value"]), nano(shown["new_value"])) == (5000000, 5000000 - COST)
    assert shown["limit_value"] == 0.0
    g.at_rest()
    (row,) = g.ctl_json("budget", "show")["results"]
    assert (nano(row["settled"]), nano(row["limit"]), row["period_start"]) == (COST, 5000000, None)
    r = g.chat(max_tokens=3000)
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert r.json["error"]["message"] == ("The organization has used $0.00002 of its $0.005 budget, "
                                          "not enough for this request.")
    assert len(provider.requests) == 1
    g.write(g.text.replace('"0.005"', '"0.05"'))
    g.process.send_signal(signal.SIGHUP)
    wait_for(lambda: g.chat(max_tokens=3000).status == 200, 5, "the new limit")


def test_max_tokens_is_lowered_to_what_is_left(make_gateway, provider):
    """Where that is asked for; else the request is refused."""
    g = make_gateway(extra="budgets = { clamp_max_tokens = true; };")
    params = budget("0.005", customer_identifier="c")
    assert g.chat(customer_params=params, max_tokens=100).status == 200
    assert provider.requests[-1].json["max_tokens"] == 100
    r = g.chat(customer_identifier="c", max_tokens=5000)
    sent = provider.requests[-1].json["max_tokens"]
    assert r.status == 200 and int(r.headers["x-holdfast-max-tokens"]) == sent
    assert 1024 < sent < 5000
    hold = g.record(r.headers["x-respan-log-id"])["limit_info"]["limits"][0]["needed_value"]
    left = 5000000 - COST
    assert left - OUT < nano(hold) <= left
    r = g.chat(customer_params=budget("0.0004", customer_identifier="d"), max_tokens=5000)
    assert (r.status, r.code) == (429, "budget_exceeded")  # not even the least of it
    assert g.chat(customer_identifier="free", max_tokens=9999).status == 200
    assert provider.requests[-1].json["max_tokens"] == 9999


def test_max_tokens_of_one_key_is_lowered(make_gateway, provider):
    g = make_gateway(start=False)
    g.text = g.text.replace('environment = "prod";', 'environment = "prod"; clamp_max_tokens = true;')
    g.start()
    assert g.chat(customer_params=budget("0.005"), max_tokens=5000).status == 200
    assert provider.requests[-1].json["max_tokens"] < 5000
    assert g.chat(key=TEST_KEY, customer_params=budget("0.005"), max_tokens=5000).code == "budget_exceeded"


def test_max_tokens_of_a_made_key_is_lowered(gateway, provider):
    key = gateway.ctl_json("key", "new", "--name", "k", "--budget", "0.005/day", "--clamp-max-tokens")
    assert gateway.chat(key=key["api_key"], max_tokens=5000).status == 200
    assert provider.requests[-1].json["max_tokens"] < 5000
    shown = [k for k in gateway.ctl_json("key", "list")["results"] if key["api_key"].startswith(k["prefix"])]
    assert shown[0]["clamp_max_tokens"] is True


def test_days_of_a_place(make_gateway):
    """Calendar periods begin at midnight there, weeks on the day that is set."""
    g = make_gateway(extra='budgets = { timezone = "Asia/Kolkata"; week_starts = "wednesday"; };\n'
                     'organization = { period_budget = "1"; budget_duration = "weekly"; };')
    assert g.chat().status == 200
    g.at_rest()
    (row,) = g.ctl_json("budget", "show")["results"]
    start = time.strptime(row["period_start"], "%Y-%m-%dT%H:%M:%SZ")
    assert (start.tm_wday, start.tm_hour, start.tm_min) == (1, 18, 30)  # Tuesday in UTC
    now = time.time()
    assert 0 <= now - calendar.timegm(start) < 7 * 86400


def test_headroom_is_shown(make_gateway, provider):
    """What the tightest budget has left, after this request."""
    left = "x-holdfast-budget-remaining"

    def shown(r):
        return nano(float(r.headers[left]))

    g = make_gateway(extra='organization = { period_budget = "0.1"; };\nbudgets = { hold_wait = "0s"; };')
    assert shown(g.chat()) == 100000000 - COST
    g.at_rest()
    r = g.chat(customer_params=budget("0.01"), max_tokens=1000)
    assert shown(r) == 10000000 - COST
    g.at_rest()
    r = g.chat(customer_identifier="c", max_tokens=9999)
    assert r.code == "budget_exceeded" and shown(r) == 10000000 - COST
    r = g.chat(customer_identifier="c", max_tokens=1000, stream=True)
    assert shown(r) < 10000000 - 2 * COST  # the hold is still out
    g.at_rest()
    g.write(g.text.replace("server = {", "server = { info_headers = false;"))
    g.process.send_signal(signal.SIGHUP)
    wait_for(lambda: left not in g.chat().headers, 5, "no such headers")


def test_prices_are_shown(make_gateway):
    g = make_gateway(models=', { name = "dear"; provider = "openai"; context = 1000; max_output = 100;'
                     ' price = { input = "2.5"; output = "10.000001"; cached_input = "0"; per_search = "0.01";'
                     ' input_above_200k = "5"; }; }')
    shown = g.ctl_json("prices", "dear")
    assert shown["results"] == [{
        "model": "dear", "provider_id": "openai", "known": True, "price_source": "table", "input": 2.5, "output": 10.000001,
        "cached_input": 0.0, "per_search": 0.01, "input_above": 5.0, "above_prompt_tokens": 200000}]
    r = g.chat(customer_identifier="c")
    record = g.record(r.headers["x-respan-log-id"])
    assert int(shown["price_version"], 16) == int(record["price_version"]) % 2**64
    assert {m["model"] for m in g.ctl_json("prices")["results"]} >= {"dear", "test-model", "demo/echo"}
    assert "dear" in g.ctl("prices", "dear").stdout
    assert g.ctl("prices", "cheap", check=False).returncode != 0


def test_total_that_is_set_later_counts_from_the_first_request(make_gateway):
    g = make_gateway()
    assert g.chat(customer_identifier="c").status == 200
    g.at_rest()
    g.ctl("customer", "set", "c", "--total", "0.00003")
    r = g.chat(customer_identifier="c", max_tokens=5)
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert "has used $0.00002 of their $0.00003 budget" in r.json["error"]["message"]
    g.ctl("customer", "set", "c", "--no-total")
    assert g.chat(customer_identifier="c").status == 200
    g.at_rest()
    g.ctl("customer", "set", "c", "--total", "0.00005")
    assert settled(g, period="total")["settled"] == 2 * COST
    assert g.chat(customer_identifier="c", max_tokens=5).code == "budget_exceeded"


def test_use_of_an_account_is_known(make_gateway):
    """By the clock that the keeper forgets idle accounts by."""
    g = make_gateway()
    assert g.chat(customer_params=budget(1)).status == 200
    accounts = g.ctl_json("debug", "dump")["accounts"]
    assert accounts and all(0 <= a["idle_s"] < 60 for a in accounts)


def test_price_unknown(make_gateway, provider):
    g = make_gateway(models=', { name = "unpriced"; provider = "openai"; context = 1000; max_output = 100; }')
    r = g.chat(model="unpriced", customer_params=budget(1))
    assert (r.status, r.code) == (400, "price_unknown")
    assert provider.requests == []


def test_max_tokens_is_put_in_only_where_money_is_limited(gateway, provider):
    assert "x-holdfast-max-tokens" not in gateway.chat(customer_identifier="free").headers
    assert "max_tokens" not in provider.requests[0].json
    r = gateway.chat(customer_params=budget(1))
    assert provider.requests[1].json["max_tokens"] == int(r.headers["x-holdfast-max-tokens"])
    assert "x-holdfast-max-tokens" not in gateway.chat(customer_identifier="c", max_tokens=7).headers
    assert provider.requests[2].json["max_tokens"] == 7


def test_money_that_others_hold(make_gateway, provider):
    """One request holds all that is left: the next waits, then may retry."""
    g = make_gateway(extra='budgets = { hold_wait = "100ms"; };')
    go = threading.Event()
    provider.answer = lambda r: (go.wait(20), json_reply(completion()))[1]
    params = budget("0.003", customer_identifier="h")
    first = []
    t = threading.Thread(target=lambda: first.append(g.chat(customer_params=params, max_tokens=1000)))
    t.start()
    wait_for(lambda: provider.requests, 5, "the first request")
    r = g.chat(customer_identifier="h", max_tokens=1000)
    go.set()
    t.join()
    assert (r.status, r.code) == (429, "budget_held")
    assert r.headers["retry-after"] == "1" and r.headers["x-should-retry"] == "true"
    assert r.json["error"]["message"] == "The rest of the budget of customer h is held by requests in flight."
    assert first[0].status == 200
    assert g.chat(customer_identifier="h", max_tokens=1000).status == 200


def test_waits_for_money_that_becomes_free(gateway, provider):
    """The same, but the holder ends within the wait."""
    go = threading.Event()
    provider.answer = lambda r: (go.wait(20), json_reply(completion()))[1]
    params = budget("0.003", customer_identifier="h")
    with Wire(gateway) as a, Wire(gateway) as b:
        a.send(request(chat_body(customer_params=params, max_tokens=1000)))
        wait_for(lambda: provider.requests, 5, "the first request")
        b.send(request(chat_body(customer_identifier="h", max_tokens=1000)))
        wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 2, 5, "the second")
        assert len(provider.requests) == 1
        go.set()
        assert a.reply().status == 200
        assert b.reply().status == 200


# ---- what is charged: one row of the table of money.md 9 each ------------

def bound(requested, output_tokens):
    """The hold of a body as it went upstream (money.md 5)."""
    return (len(requested.body) + 64) * IN + output_tokens * OUT


def estimate_input(requested):
    return -(-len(requested.body) // 4) * IN


WORDS = sse_body(stream_events(["Hello", " there"], done=False)[:3])  # no finish, no usage

OUTCOMES = [
    ("usage", lambda r: json_reply(completion(prompt=100, completion=7)),
     lambda r: (100 * IN + 7 * OUT, 0)),
    ("more than the hold", lambda r: json_reply(completion(prompt=10**6, completion=0)),
     lambda r: (10**6 * IN, 0)),
    ("no usage", lambda r: json_reply({k: v for k, v in completion().items() if k != "usage"}),
     None),
    ("error 500", lambda r: json_reply({"error": {"message": "x"}}, 500), lambda r: (0, 0)),
    ("error 400", lambda r: json_reply({"error": {"message": "x"}}, 400), lambda r: (0, 0)),
    ("error in a 200", lambda r: json_reply({"error": {"message": "x"}}), lambda r: (0, 0)),
    ("closed without an answer", lambda r: [("fin",)],
     lambda r: (bound(r, 100), bound(r, 100) - estimate_input(r))),
    ("redirect", lambda r: [head(302, (("Location", "http://127.0.0.1:1/"), ("Content-Length", 0)))],
     lambda r: (bound(r, 100), bound(r, 100) - estimate_input(r))),
    ("not HTTP", lambda r: [b"SSH-2.0-x\r\n\r\n", ("fin",)],
     lambda r: (bound(r, 100), bound(r, 100) - estimate_input(r))),
    ("stream with usage", lambda r: sse_reply(stream_events(["a"], usage=(50, 3))),
     lambda r: (50 * IN + 3 * OUT, 0)),
    ("stream cut after output", lambda r: [sse_head() + chunked(WORDS), ("fin",)], None),
]


@pytest.mark.parametrize("title, answer, want", OUTCOMES, ids=[o[0] for o in OUTCOMES])
def test_what_is_charged(gateway, provider, title, answer, want):
    provider.answer = answer
    members = {"stream": True} if "stream" in title else {}
    with Wire(gateway) as w:
        w.ask(chat_body(customer_params=budget(5), max_tokens=100, **members))
    row = settled(gateway)
    sent = provider.requests[0]
    assert row["held"] == 0
    if want is not None:
        assert (row["settled"], row["suspense"]) == want(sent)
        return
    # The bound: a token for each byte of output seen, never above the hold.
    assert 0 < row["suspense"] < row["settled"] <= bound(sent, 100)
    spent = row["settled"] - row["suspense"]
    assert spent == estimate_input(sent) + -(-len("Hello there") // 4) * OUT


def test_nothing_is_charged_when_no_one_listens(request):
    g = Gateway(free_port())
    try:
        g.start()
        r = g.chat(customer_params=budget(1))
        assert (r.status, r.code) == (502, "upstream_connection_error")
        assert r.json["error"]["message"] == "Could not connect to provider openai."
        row = settled(g)
        assert (row["settled"], row["held"], row["suspense"]) == (0, 0, 0)
    finally:
        g.close(failed=getattr(request.node, "failed", False))


def test_hang_up_in_a_stream_is_charged(gateway, provider):
    provider.answer = lambda r: [sse_head() + chunked(WORDS), ("until_gone",)]
    with Wire(gateway) as w:
        w.send(request(chat_body(customer_params=budget(1), max_tokens=100, stream=True)))
        w.until(b" there")
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    row = settled(gateway)
    assert row["settled"] > row["suspense"] > 0 and row["held"] == 0
    assert row["settled"] >= 10 * IN + 2 * OUT  # what such a provider bills


def test_consumers_are_woken(gateway, provider):
    """What a request leaves for keeper and logger is told them, not found by chance."""
    provider.answer = lambda r: json_reply(completion(prompt=10, completion=5))
    for _ in range(5):
        assert gateway.chat(customer_params=budget(1), max_tokens=5).status == 200
        time.sleep(0.15)  # they sleep by then, and look every 100 ms
    assert gateway.at_rest()["wake_ups_missed"] == 0


# ---- a burst ------------------------------------------------------------

def test_burst_spends_all_and_never_more(gateway, provider):
    limit = 60 * 10**6
    lock, bill = threading.Lock(), []

    def answer(r):
        cost = (len(r.body) + 20) * IN + 5 * OUT
        with lock:
            bill.append(cost)
        return json_reply(completion(prompt=len(r.body) + 20, completion=5))

    provider.answer = answer
    assert gateway.chat(customer_params=budget("0.06"), max_tokens=5).status == 200

    def client(i):
        for _ in range(400):
            r = gateway.chat(customer_identifier="c", max_tokens=5)
            if r.status == 429 and r.code == "budget_exceeded":
                return "spent"
            assert r.status == 200 or r.code == "budget_held", r.body
        return "endless"

    assert at_once(8, client) == ["spent"] * 8
    row = settled(gateway)
    assert row["settled"] == sum(bill) <= limit
    assert sum(bill) >= 0.99 * limit
    assert (row["held"], row["suspense"]) == (0, 0)
    gateway.workers_served()


def test_more_at_once_than_the_budget_carries(gateway, provider):
    """50 at once with money for about ten (BerriAI/litellm#34732)."""
    bill = []
    provider.answer = lambda r: (bill.append(1), json_reply(completion(prompt=100, completion=5)))[1]
    at_once(50, lambda i: gateway.chat(customer_params=budget("0.0012"), max_tokens=5))
    row = settled(gateway)
    cost = 100 * IN + 5 * OUT
    assert row["settled"] == cost * len(bill) <= 1200000
    assert len(bill) >= 8
    assert (row["held"], row["suspense"]) == (0, 0)


def test_however_the_customer_is_named_it_is_one_account(gateway):
    """By body, by container, by header, by customer_params (BerriAI/litellm#11083)."""
    import base64
    assert gateway.chat(customer_params=budget("0.0003"), max_tokens=50).status == 200
    packed = base64.b64encode(json.dumps({"customer_identifier": "c"}).encode()).decode()
    ways = [dict(customer_identifier="c"), dict(respan_params={"customer_identifier": "c"}),
            dict(keywordsai_params={"customer_identifier": "c"}), dict(extra_body={"customer_identifier": "c"}),
            dict(customer_params={"customer_identifier": "c"}), dict(headers={"X-Data-Respan-Params": packed})]
    for n, way in enumerate(ways):
        assert gateway.chat(max_tokens=5, **way).status == 200, way
        assert settled(gateway)["settled"] == (n + 2) * COST
    spend(gateway, "0.0002")
    for way in ways:
        r = gateway.chat(max_tokens=5, **way)
        assert (r.status, r.code) == (429, "budget_exceeded"), way
    # `user` is not the customer.
    assert gateway.chat(max_tokens=5, user="c").status == 200


def test_spent_key_or_customer_reaches_no_provider(gateway, provider):
    """Whichever of the two is spent (BerriAI/litellm#26672)."""
    made = gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--budget", "0.001/day")
    assert gateway.chat(key=made["api_key"], max_tokens=5, customer_params=budget("0.001")).status == 200
    gateway.at_rest()
    gateway.ctl("budget", "adjust", "+0.001", "--reason", "test", "--key", made["key"]["prefix"])
    assert gateway.chat(max_tokens=5, customer_identifier="c").status == 200
    provider.requests.clear()
    got = at_once(20, lambda i: gateway.chat(key=made["api_key"], max_tokens=5, customer_identifier="c"))
    assert {(r.status, r.code) for r in got} == {(429, "budget_exceeded")}
    spend(gateway, "0.001")
    got = at_once(20, lambda i: gateway.chat(max_tokens=5, customer_identifier="c"))
    assert {(r.status, r.code) for r in got} == {(429, "budget_exceeded")}
    assert provider.requests == []
