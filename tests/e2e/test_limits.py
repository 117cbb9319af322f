"""Requests a minute, requests at once: across workers, kills and revolts."""
import os
import signal
import threading
import time

import pytest
from gateway import KEY, Gateway, sha256, wait_for
from provider import completion, json_reply
from wire import Wire, at_once, chat_body, request

DEMO = chat_body(model="demo/echo")


def limited(make_gateway, limits, more="", **kw):
    """A gateway whose key has these limits."""
    g = make_gateway(start=False, extra=more, **kw)
    g.text = g.text.replace('name = "prod key"; environment = "prod";',
                            'name = "prod key"; environment = "prod"; limits = { %s };' % limits)
    return g.start()


def demo(gateway, n=1, **members):
    return [gateway.chat(model="demo/echo", **members) for _ in range(n)]


def test_requests_a_minute_of_a_key(make_gateway):
    g = limited(make_gateway, "rpm = 20;")
    began = time.monotonic()
    got = [r for part in at_once(8, lambda i: demo(g, 6)) for r in part]
    passed = [r for r in got if r.status == 200]
    at_most = 20 + (time.monotonic() - began) * 20 / 60
    assert 20 <= len(passed) <= at_most + 1
    refused = [r for r in got if r.status != 200]
    assert {(r.status, r.code) for r in refused} == {(429, "rate_limit_exceeded")}
    for r in refused:
        seconds = int(r.headers["retry-after"])
        assert 1 <= seconds <= 3
        assert (seconds - 1) * 1000 < int(r.headers["retry-after-ms"]) <= seconds * 1000
        assert r.json["retry_after"] == seconds and r.json["detail"] == "Rate limit exceeded"
        assert r.json["error"]["message"] == \
            "Rate limit exceeded: 20 requests per minute for key testkey1. Retry in %d s." % seconds
    ok = passed[0].headers
    assert ok["x-ratelimit-limit-requests"] == "20"
    assert 0 <= int(ok["x-ratelimit-remaining-requests"]) < 20
    assert ok["x-ratelimit-reset-requests"][-1] == "s"


def test_what_retry_after_says_is_true(make_gateway):
    """A refused request consumes nothing: the time it was told holds."""
    g = limited(make_gateway, "rpm = 600;")
    told = None
    for _ in range(2000):
        r = demo(g)[0]
        if r.status == 429:
            told = time.monotonic() + int(r.headers["retry-after-ms"]) / 1000
            break
    assert told is not None
    early = [r.status for r in demo(g, 5)]  # on a slow machine not all too early
    wait_for(lambda: time.monotonic() >= told, 5, "the time that was told")
    assert demo(g)[0].status == 200 or 200 in early


def test_requests_a_minute_of_a_customer(gateway):
    params = {"customer_identifier": "c", "rate_limit": 3}
    assert [r.status for r in demo(gateway, 4, customer_params=params)] == [200, 200, 200, 429]
    r = demo(gateway, customer_identifier="c")[0]
    assert (r.status, r.code) == (429, "rate_limit_exceeded") and "for customer c." in r.json["error"]["message"]
    assert demo(gateway, customer_identifier="d")[0].status == 200


def test_a_refusal_of_the_customer_leaves_the_key_its_window(make_gateway):
    """Windows that were advanced for a refused request are put back."""
    g = limited(make_gateway, "rpm = 12;")
    params = {"customer_identifier": "c", "rate_limit": 1}
    assert demo(g, customer_params=params)[0].status == 200
    assert {r.status for r in demo(g, 10, customer_identifier="c")} == {429}
    assert [r.status for r in demo(g, 11)] == [200] * 11
    assert demo(g)[0].status == 429


def test_errors_before_the_limit_consume_nothing(make_gateway):
    g = limited(make_gateway, "rpm = 2;")
    for _ in range(5):
        assert g.post("/api/chat/completions", "{").status == 400
        assert g.chat(model="nope").status == 404
    assert [r.status for r in demo(g, 3)] == [200, 200, 429]


def in_flight(gateway, provider, n, **members):
    """n requests that the provider keeps; ask for them to end by go.set()."""
    go = threading.Event()
    provider.answer = lambda r: [("event", go)] + json_reply(completion())
    wires = [Wire(gateway) for _ in range(n)]
    for w in wires:
        w.send(request(chat_body(**members)))
    wait_for(lambda: len(provider.requests) >= n, 5, "%d in flight" % n)
    return go, wires


def test_requests_at_once_of_a_key(make_gateway, provider):
    g = limited(make_gateway, "concurrency = 4;")
    go, wires = in_flight(g, provider, 4)
    for r in demo(g, 4):
        assert (r.status, r.code) == (429, "concurrency_limit_exceeded")
        assert r.headers["retry-after"] == "1"
        assert r.json["error"]["message"] == "Too many concurrent requests for this key."
    go.set()
    assert [w.reply().status for w in wires] == [200] * 4
    assert wait_for(lambda: demo(g)[0].status == 200, 2, "a place")
    # Those who leave give their place back.
    go, wires = in_flight(g, provider, 4)
    for w in wires:
        w.reset()
    wait_for(lambda: [r.status for r in demo(g, 4)] == [200] * 4, 5, "the places")


CUSTOMER = """customers = { list = ( { customer_identifier = "c"; limits = { concurrency = 1; }; } ); };"""


def test_a_refusal_of_the_customer_leaves_the_key_its_place(make_gateway, provider):
    g = limited(make_gateway, "concurrency = 3;", CUSTOMER)
    go, wires = in_flight(g, provider, 1, customer_identifier="c")
    for r in demo(g, 6, customer_identifier="c"):
        assert (r.status, r.code) == (429, "concurrency_limit_exceeded")
        assert "for this customer." in r.json["error"]["message"]
    assert demo(g)[0].status == 200
    go.set()
    assert wires[0].reply().status == 200
    assert demo(g, customer_identifier="c")[0].status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_who_comes_one_at_a_time_is_never_one_too_many(make_gateway, stream):
    """The place is free before the last byte is out, in every worker."""
    g = limited(make_gateway, "concurrency = 1;")
    assert {g.chat(model="demo/echo", stream=stream).status for _ in range(300)} == {200}


def test_places_of_a_dead_worker_come_back(make_gateway, provider):
    g = limited(make_gateway, "concurrency = 6;")
    go, wires = in_flight(g, provider, 6)
    assert demo(g)[0].status == 429
    for pid in g.children("worker"):
        os.kill(pid, signal.SIGKILL)
    go.set()

    def served():
        try:
            return [r.status for r in demo(g, 3)] == [200] * 3
        except OSError:
            return False

    wait_for(served, 10, "the places")
    for w in wires:
        w.close()


def test_window_survives_the_death_of_a_worker(make_gateway):
    g = limited(make_gateway, "rpm = 6;")
    assert [r.status for r in demo(g, 7)] == [200] * 6 + [429]
    old = g.children("worker")
    os.kill(old[0], signal.SIGKILL)
    wait_for(lambda: len(g.children("worker")) == 2 and old[0] not in g.children("worker"), 5, "another worker")
    assert {r.status for r in demo(g, 6)} == {429}


def test_limits_of_a_made_key(gateway):
    made = gateway.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--rpm", "2", "--concurrency", "5")
    assert made["key"]["limits"] == {"rpm": 2, "concurrency": 5}
    assert [gateway.chat(model="demo/echo", key=made["api_key"]).status for _ in range(3)] == [200, 200, 429]
    assert demo(gateway)[0].status == 200


def test_rate_comes_before_budget(make_gateway):
    g = limited(make_gateway, "rpm = 1;")
    params = {"customer_identifier": "c", "period_budget": 0}
    assert g.chat(customer_params=params).code == "budget_exceeded"
    assert g.chat(customer_params=params).code == "rate_limit_exceeded"


def test_a_hit_counts(make_gateway):
    g = limited(make_gateway, "rpm = 3;")
    got = [g.chat(cache_enabled=True) for _ in range(4)]
    assert [r.status for r in got] == [200, 200, 200, 429]


def test_tokens_per_minute(make_gateway, provider):
    """The tokens asked are taken at once, those not used are given back."""
    g = make_gateway(workers=1, extra="""
customers = { list = ( { customer_identifier = "slow"; limits = { tpm = 1000; }; } ); };""")
    first = g.chat(customer_identifier="slow", max_tokens=500)
    assert first.status == 200
    assert first.headers["x-ratelimit-limit-tokens"] == "1000"
    # 15 of them were used: another 900 fit, twice 900 do not.
    assert g.chat(customer_identifier="slow", max_tokens=900).status == 200
    provider.answer = lambda r: json_reply(completion(prompt=10, completion=900))
    assert g.chat(customer_identifier="slow", max_tokens=900).status == 200
    r = g.chat(customer_identifier="slow", max_tokens=900)
    assert (r.status, r.code) == (429, "rate_limit_exceeded")
    assert "1000 tokens per minute for customer slow" in r.json["error"]["message"]
    assert 1 <= int(r.headers["retry-after"]) <= 60
    assert len(provider.requests) == 3
