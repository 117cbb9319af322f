"""What breaks it?  Cases found by reading the code against its promises."""
import json
import os
import shutil
import signal
import threading
import time

import pytest
from gateway import wait_for
from provider import (LAST_CHUNK, chunked, completion, head, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)
from wire import Wire, chat_body, request

IN, OUT = 1000, 2000  # nano-USD a token of test-model


def budget(dollars, **members):
    return dict({"customer_identifier": "c", "period_budget": dollars,
                 "budget_duration": "daily"}, **members)


def settled(gateway, customer="c"):
    gateway.at_rest()
    row = gateway.account(customer)
    assert row["held"] == 0
    return row["settled"], row["suspense"]


def hold(requested, output_tokens):
    return (len(requested.body) + 64) * IN + output_tokens * OUT


def part_of(body, status, *then):
    """A reply whose last ten bytes never come."""
    data = json.dumps(body).encode()
    return [head(status, (("Content-Type", "application/json"),
                          ("Content-Length", len(data)))) + data[:-10]] + list(then)


ERROR = {"error": {"message": "the model is on fire", "type": "server_error"}}


@pytest.mark.parametrize("members, then, status", [
    ({}, ("fin",), 502), ({"timeout": 0.3}, ("until_gone",), 504)], ids=["cut", "deadline"])
def test_half_an_answer_costs_the_hold(gateway, provider, members, then, status):
    """Nobody has read how much output it had, so it may be all."""
    provider.answer = lambda r: part_of(completion(), 200, then)
    r = gateway.chat(customer_params=budget(5), max_tokens=100, **members)
    assert r.status == status
    assert settled(gateway)[0] == hold(provider.requests[0], 100)


@pytest.mark.parametrize("members, then", [({}, ("fin",)), ({"stream": True}, ("reset",))],
                         ids=["cut", "cut, a stream was asked"])
def test_half_an_error_costs_nothing(gateway, provider, members, then):
    provider.answer = lambda r: part_of(ERROR, 500, then)
    r = gateway.chat(customer_params=budget(5), max_tokens=100, **members)
    assert (r.status, r.headers["x-holdfast-error-source"]) == (500, "provider")
    assert r.json["error"]["message"] == "Provider openai answered 500"
    assert settled(gateway) == (0, 0)


def test_deadline_names_the_provider(gateway, provider):
    provider.answer = lambda r: [("until_gone",)]
    r = gateway.chat(timeout=0.3)
    assert (r.status, r.code) == (504, "upstream_timeout")
    assert r.json["error"]["message"].startswith("Provider openai did not answer within ")
    attempt = gateway.record(r.headers["x-respan-log-id"])["attempts"][0]
    assert (attempt["outcome"], attempt["error_class"]) == ("end", "timeout_total")


def test_hang_up_before_all_was_sent_is_free(gateway, provider):
    """A provider that has not the whole request can answer nothing."""
    arrived = threading.Event()

    def stuck(s, buffer):
        s.recv(1)
        arrived.set()
        time.sleep(3)
        return None, b""

    provider._read = stuck
    with Wire(gateway) as w:
        w.send(request(chat_body("x" * 12000000, customer_params=budget(50))))
        assert arrived.wait(10)
    assert settled(gateway) == (0, 0)


def test_thinking_in_a_cut_stream_costs_the_hold(make_gateway, provider):
    g = make_gateway(models=""", { name = "thinker"; provider = "openai"; context = 128000;
        max_output = 1000; features = [ "reasoning" ]; price = { input = "1"; output = "2"; }; }""")
    words = sse_body(stream_events(["Hello"], done=False)[:2])
    provider.answer = lambda r: [sse_head() + chunked(words), ("fin",)]
    with Wire(g) as w:
        w.ask(chat_body(model="thinker", stream=True, max_tokens=100, customer_params=budget(5)))
    assert settled(g)[0] == hold(provider.requests[0], 100)


def test_wild_usage_with_a_markup_does_not_stop_the_keeper(make_gateway, provider):
    g = make_gateway(models=""", { name = "dear"; provider = "openai"; context = 1000;
        max_output = 100; price = { input = "1000"; output = "1000"; }; }""")
    provider.answer = lambda r: json_reply(completion(prompt=2**40 - 1, completion=0))
    params = budget(1000000, markup_percentage=10000)
    assert g.chat(model="dear", max_tokens=10, customer_params=params).status == 200
    charged, suspense = settled(g)
    assert charged > 0 and suspense == 0
    provider.answer = lambda r: json_reply(completion())
    assert g.chat(customer_params=budget(5, customer_identifier="d")).status == 200
    assert settled(g, "d") == (10 * IN + 5 * OUT, 0)


def test_additions_for_one_client_are_not_cached(gateway, provider):
    """request_breakdown and prompt_message are never stored (cache.md 4)."""
    first = gateway.chat(cache_enabled=True, request_breakdown=True, echo=True).json
    assert first["request_breakdown"]["cached"] is False and first["prompt_message"]

    def hit(**members):
        r = gateway.chat(cache_enabled=True, **members)
        return r if r.headers["x-respan-cache"] == "hit" else None

    plain = wait_for(hit, 5, "a hit")
    assert plain.json == completion()
    again = gateway.chat(cache_enabled=True, request_breakdown=True, echo=True)
    assert again.body.count(b'"request_breakdown"') == again.body.count(b'"prompt_message"') == 1
    assert (again.json["request_breakdown"]["cached"], again.json["request_breakdown"]["cost"]) == (True, 0)
    assert len(provider.requests) == 1


def test_params_of_another_customer_change_that_one(gateway):
    """The top-level name is charged, the object is its own customer's (api.md 5.4)."""
    assert gateway.chat(customer_identifier="top", customer_params=budget(7)).status == 200
    assert settled(gateway, "top")[0] == 10 * IN + 5 * OUT
    assert gateway.account("top")["limit"] is None
    assert gateway.chat(customer_identifier="c").status == 200
    gateway.at_rest()
    assert gateway.account("c")["limit"] == 7 * 10**9


@pytest.mark.parametrize("scopes", ['', 'scopes = [ "gateway" ];'], ids=["may write", "may not"])
def test_unknown_customer_is_refused_with_params_too(make_gateway, provider, scopes):
    g = make_gateway(start=False, extra='customers = { unknown = "refuse"; };')
    g.text = g.text.replace('environment = "prod";', 'environment = "prod"; ' + scopes)
    g.start()
    r = g.chat(customer_params=budget(5))
    assert (r.status, r.code) == (403, "customer_unknown")
    assert provider.requests == []


def test_as_many_tokens_as_an_integer_holds(make_gateway):
    """The windows of tokens count no further than a provider can."""
    g = make_gateway(start=False)
    g.text = g.text.replace('environment = "prod";',
                            'environment = "prod"; limits = { tpm = 100000; };')
    g.start()
    r = g.chat(max_tokens=2**63 - 1)
    assert r.status == 200
    # What was not used has come back.
    assert int(r.headers["x-ratelimit-limit-tokens"]) == 100000
    assert g.chat(max_tokens=10).status == 200


def test_error_in_a_stream_before_its_release(gateway, provider):
    said = {"error": {"message": "slow down", "type": "rate_limit_error", "code": 429}}
    provider.answer = lambda r: [sse_head() + chunked(sse_body([said])) + LAST_CHUNK]
    r = gateway.chat(stream=True)
    assert (r.status, r.json["error"]["message"]) == (429, "slow down")
    assert gateway.record(r.headers["x-respan-log-id"])["status_code"] == 429


def test_shutting_down_says_when_to_come_back(gateway, provider):
    provider.answer = lambda r: [("until_gone",)]
    with Wire(gateway) as w:
        w.send(request(chat_body()))
        wait_for(lambda: provider.requests, 5, "the request")
        gateway.process.send_signal(signal.SIGTERM)
        r = w.reply()
    assert (r.status, r.code, r.headers.get("retry-after")) == (503, "shutting_down", "1")


@pytest.mark.parametrize("name", ["\u00e9" * 254, "\U0001F600" * 254, "a\0b"],
                         ids=["two bytes", "four bytes", "a NUL"])
def test_refusal_of_a_long_name_is_whole(gateway, name):
    r = gateway.chat(customer_identifier=name, customer_params={"period_budget": 0})
    assert (r.status, r.code) == (429, "budget_exceeded")
    assert " has used $0 of their $0 budget" in r.json["error"]["message"]


@pytest.mark.parametrize("size", [300, 300000], ids=["kept buffer", "freed buffer"])
def test_leader_without_client_keeps_its_body(make_gateway, provider, size):
    """Its bytes are still on their way and in the log when the client has left."""
    go, first = threading.Event(), "A" * size
    g = make_gateway(workers=1)

    def answer(r):
        go.wait(10)
        return json_reply(completion())

    provider.answer = answer
    with Wire(g) as follower:
        with Wire(g) as leader:
            leader.send(request(chat_body(first, cache_enabled=True)))
            wait_for(lambda: provider.requests, 5, "the leader")
            follower.send(request(chat_body(first, cache_enabled=True)))
            wait_for(lambda: g.ctl_json("status")["requests_in_flight"] == 2, 5, "the follower")
            # It counts from its head on: let the one worker take its body too.
            for _ in range(20):
                assert g.get("/health", key=None).status == 200
        # Others take the place that the leader's bytes had.
        for _ in range(2):
            assert g.chat("B" * size, mock_response="x").status == 200
        go.set()
        r = follower.reply()
    assert (r.status, r.headers["x-respan-cache"]) == (200, "collapsed")
    assert len(provider.requests) == 1
    g.logged()
    assert sorted(x["status_code"] for x in g.records()) == [200, 200, 200, 499]


def test_lost_ledger_still_knows_its_customers(gateway):
    assert gateway.chat(customer_params=budget(5)).status == 200
    gateway.at_rest()
    gateway.stop()
    shutil.rmtree(os.path.join(gateway.dir, "store", "ledger"))
    gateway.start()
    assert gateway.chat(customer_identifier="c").status == 200
    gateway.at_rest()
    assert gateway.account("c")["limit"] == 5 * 10**9


def test_access_log_counts_the_bytes_of_the_reply(make_gateway, provider):
    g = make_gateway(start=False)
    path = os.path.join(g.dir, "access.log")
    g.text = g.text.replace("logs = { files = (", 'logs = { files = ( { kind = "access"; path = "%s"; },' % path)
    g.start()
    sizes = [len(g.chat().body), len(g.chat(model="nobody").body)]
    provider.answer = lambda r: sse_reply(stream_events(["a", "b"]))
    sizes.append(len(g.chat(stream=True).body))

    def lines():
        with open(path) as f:
            got = f.read().splitlines()
        return got if len(got) == 3 else None

    logged = [int(x.split('"')[2].split()[1]) for x in wait_for(lines, 5, "three lines")]
    assert sorted(logged) == sorted(sizes)


def test_echo_stays_within_its_hold(make_gateway):
    """The demo provider takes holds like any other: a long echo is cut."""
    g = make_gateway(models=""", { name = "dear-echo"; provider = "demo"; upstream = "echo";
        price = { input = "1"; output = "10"; }; }""")
    r = g.chat("y" * 400000, model="dear-echo", customer_params=budget("0.6"))
    assert r.status == 200
    put = int(r.headers["x-holdfast-max-tokens"])
    assert r.json["usage"]["completion_tokens"] == put
    assert 0 < settled(g)[0] <= 6 * 10**8


@pytest.mark.parametrize("pin, status, code", [
    ("openai", 200, None),
    ("OpenAI", 200, None),
    ("nowhere", 400, "route_provider_unknown"),
    ("demo", 400, "route_provider_unavailable"),
])
def test_pinned_provider(gateway, provider, pin, status, code):
    """A pin that cannot be kept is refused, not ignored."""
    r = gateway.chat(headers={"X-Respan-Route-Provider": pin})
    assert r.status == status, r.body
    if code:
        assert r.code == code
        assert provider.requests == []
