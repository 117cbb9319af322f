"""Limits that many share: of the organization, and of a model that is asked."""
import os
import signal

import pytest
from gateway import KEY, TEST_KEY, wait_for
from provider import completion, json_reply
from test_limits import demo, in_flight, limited
from test_settings import reload
from wire import at_once


def wide(make_gateway, limits, **kw):
    return make_gateway(extra="organization = { limits = { %s }; };" % limits, **kw)


def target(limits, name="narrow"):
    """A model that has these limits, for make_gateway(models=...)."""
    return """, { name = "%s"; provider = "openai"; upstream = "test-model"; context = 128000; max_output = 16384;
  price = { input = "1"; output = "2"; }; limits = { %s }; }""" % (name, limits)


def ask(gateway, n, model="narrow", **members):
    return [gateway.chat(model=model, **members) for _ in range(n)]


def statuses(replies):
    return [r.status for r in replies]


# ---- organization ---------------------------------------------------------------

def test_requests_a_minute_of_the_organization(make_gateway):
    """All keys and environments together, in all workers."""
    g = wide(make_gateway, "rpm = 20;")
    got = [r for part in at_once(8, lambda i: ask(g, 6, "demo/echo", key=(KEY, TEST_KEY)[i % 2])) for r in part]
    assert 20 <= statuses(got).count(200) <= 22
    for r in got:
        if r.status == 200:
            assert r.headers["x-ratelimit-limit-requests"] == "20"
            continue
        seconds = int(r.headers["retry-after"])
        assert (r.status, r.code, r.json["retry_after"]) == (429, "rate_limit_exceeded", seconds)
        assert (seconds - 1) * 1000 < int(r.headers["retry-after-ms"]) <= seconds * 1000 <= 3000
        assert r.json["error"]["message"] == "Rate limit exceeded: 20 requests per minute for organization default. " \
            "Retry in %d s." % seconds


def test_a_full_organization_leaves_the_key_its_window(make_gateway):
    g = limited(make_gateway, "rpm = 12;", "organization = { limits = { rpm = 2; }; };")
    first = demo(g)[0]
    # The tightest of the two windows.
    assert (first.headers["x-ratelimit-limit-requests"], first.headers["x-ratelimit-remaining-requests"]) == ("2", "1")
    assert statuses(demo(g, 9)) == [200] + [429] * 8
    reload(g, g.text.replace(" rpm = 2;", ""))
    assert statuses(demo(g, 11)) == [200] * 10 + [429]


def test_requests_at_once_of_the_organization(make_gateway, provider):
    g = wide(make_gateway, "concurrency = 3;")
    go, wires = in_flight(g, provider, 3)
    for r in ask(g, 4, "demo/echo", key=TEST_KEY):
        assert (r.status, r.code, r.headers["retry-after"]) == (429, "concurrency_limit_exceeded", "1")
        assert r.json["error"]["message"] == "Too many concurrent requests for this organization."
    go.set()
    assert [w.reply().status for w in wires] == [200] * 3
    wait_for(lambda: demo(g)[0].status == 200, 2, "a place")


# ---- target ---------------------------------------------------------------------

def test_requests_a_minute_of_a_model(make_gateway, provider):
    """Whoever asks; other models of the same provider are free."""
    g = make_gateway(models=target("rpm = 4;"))
    got = [ask(g, 1, key=(KEY, TEST_KEY)[i % 2])[0] for i in range(7)]
    assert statuses(got) == [200] * 4 + [429] * 3
    assert [r.headers["x-ratelimit-remaining-requests"] for r in got[:4]] == ["3", "2", "1", "0"]
    r = got[-1]
    seconds = int(r.headers["retry-after"])
    assert (r.code, r.headers["x-ratelimit-limit-requests"]) == ("rate_limit_exceeded", "4") and 1 <= seconds <= 15
    assert r.json["error"]["message"] == "Rate limit exceeded: 4 requests per minute for model narrow. Retry in %d s." % seconds
    assert len(provider.requests) == 4
    assert statuses(ask(g, 3, "test-model")) == [200] * 3


def test_a_full_model_gives_back_what_the_key_gave(make_gateway):
    g = limited(make_gateway, "rpm = 12; tpm = 100000;", models=target("rpm = 1;"))
    assert statuses(ask(g, 9, max_tokens=30000)) == [200] + [429] * 8
    assert statuses(ask(g, 12, "test-model", max_tokens=10)) == [200] * 11 + [429]


def test_what_is_given_back_is_given_back_once(make_gateway, provider):
    """A request in flight keeps its tokens, however many are refused."""
    g = limited(make_gateway, "tpm = 100000;", models=target("concurrency = 1;"))
    go, wires = in_flight(g, provider, 1, model="narrow", max_tokens=70000)
    assert {r.code for r in ask(g, 4, max_tokens=20000)} == {"concurrency_limit_exceeded"}
    assert ask(g, 1, "demo/echo", max_tokens=40000)[0].code == "rate_limit_exceeded"
    assert ask(g, 1, "demo/echo", max_tokens=20000)[0].status == 200
    go.set()
    assert wires[0].reply().status == 200


def test_what_never_left_gives_the_model_its_window_back(make_gateway):
    """A spent budget, an unknown price: nobody was asked."""
    g = make_gateway(models=target("rpm = 2; tpm = 5000;"))
    spent = {"customer_identifier": "poor", "period_budget": 0}
    for _ in range(5):
        assert ask(g, 1, customer_params=spent, max_tokens=4000)[0].code == "budget_exceeded"
    assert statuses(ask(g, 3, max_tokens=2000)) == [200, 200, 429]


def test_an_answer_that_asks_nobody_takes_nothing_of_the_model(make_gateway):
    """Neither a stored one nor one that the request brings."""
    g = make_gateway(models=target("rpm = 1;"))
    got = ask(g, 4, cache_enabled=True)
    assert statuses(got) == [200] * 4
    assert not {r.headers["x-respan-cache"] for r in got[1:]} - {"hit", "collapsed"}
    assert statuses(ask(g, 3, mock_response="x")) == [200] * 3
    assert statuses(ask(g, 1)) == [429]


def test_tokens_a_minute_of_a_model(make_gateway, provider):
    g = make_gateway(workers=1, models=target("tpm = 1000;"))
    # 15 of them are used: another 900 fit, twice 900 do not.
    assert statuses(ask(g, 2, max_tokens=900)) == [200, 200]
    provider.answer = lambda r: json_reply(completion(prompt=10, completion=900))
    assert statuses(ask(g, 1, max_tokens=900)) == [200]
    r = ask(g, 1, max_tokens=900)[0]
    assert (r.status, r.code, r.headers["x-ratelimit-limit-tokens"]) == (429, "rate_limit_exceeded", "1000")
    assert "1000 tokens per minute for model narrow" in r.json["error"]["message"]


@pytest.mark.parametrize("kill", [False, True])
def test_requests_at_once_of_a_model(make_gateway, provider, kill):
    """Those of a dead worker come back with its slots."""
    g = make_gateway(models=target("concurrency = 4;"))
    go, wires = in_flight(g, provider, 4, model="narrow")
    for r in ask(g, 4):
        assert (r.status, r.code, r.headers["retry-after"]) == (429, "concurrency_limit_exceeded", "1")
        assert r.json["error"]["message"] == "Too many concurrent requests for this model."
    assert demo(g)[0].status == 200
    # Another worker's death counts anew: those who wait are still there.
    if kill:
        for pid in g.children("worker"):
            os.kill(pid, signal.SIGKILL)
    go.set()
    if not kill:
        assert [w.reply().status for w in wires] == [200] * 4

    def served():
        try:
            return [r.status for r in at_once(4, lambda i: ask(g, 1)[0])] == [200] * 4
        except OSError:
            return False

    wait_for(served, 10, "the places")
    for w in wires:
        w.close()


def test_the_death_of_another_worker_leaves_the_places_taken(make_gateway, provider):
    """Recounted from the slots: who is in flight still counts."""
    g = make_gateway(workers=1, models=target("concurrency = 2;"))
    go, wires = in_flight(g, provider, 2, model="narrow")
    waiting = g.children("worker")
    g.process.send_signal(signal.SIGHUP)
    new = wait_for(lambda: set(g.children("worker")) - set(waiting), 10, "a new worker").pop()
    # Who dies before that is one of the settings that do not start.
    wait_for(lambda: "settings 2 serve" in g.log(), 10, "the new worker")
    os.kill(new, signal.SIGKILL)
    wait_for(lambda: set(g.children("worker")) - set(waiting) - {new}, 10, "the next one")
    assert statuses(ask(g, 3)) == [429] * 3
    go.set()
    assert [w.reply().status for w in wires] == [200] * 2
    wait_for(lambda: ask(g, 1)[0].status == 200, 5, "a place")
