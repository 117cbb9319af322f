"""What the product promises, where no other test would see it broken."""
import json
import os
import select
import signal

import pytest
from gateway import wait_for
from provider import LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head, stream_events
from test_settings import reload
from wire import Wire, chat_body, request

IN, OUT = 1000, 2000  # nano-USD a token of test-model
BUDGET = {"customer_identifier": "c", "period_budget": 5, "budget_duration": "daily"}


def test_the_hold_covers_the_output_that_was_allowed(gateway, provider):
    """A request that names no cap gets one, and the money for all of it is held."""
    provider.answer = lambda r: [("until_gone",)]
    with Wire(gateway) as w:
        w.send(request(chat_body(customer_params=BUDGET)))
        wait_for(lambda: provider.requests, 5, "the request")
        sent = provider.requests[0]
        held = gateway.account("c")["held"]
    assert sent.json["max_tokens"] >= 1024
    assert held == (len(sent.body) + 64) * IN + sent.json["max_tokens"] * OUT


# A body that ends in good order, but is no whole stream.
WORDS = sse_body(stream_events(["Hello", " there"], done=False)[:3])


@pytest.mark.parametrize("tail", [b"", b"data: {broken\n\n",
                                  b"data: " + json.dumps({"error": {"message": "x"}}).encode() + b"\n\n",
                                  sse_body([chunk(finish="stop")])],
                         ids=["no finish", "malformed", "error event", "no [DONE]"])
def test_a_stream_that_breaks_after_output_is_charged(gateway, provider, tail):
    provider.answer = lambda r: [sse_head() + chunked(WORDS + tail) + LAST_CHUNK]
    with Wire(gateway) as w:
        w.ask(chat_body(customer_params=BUDGET, max_tokens=100, stream=True))
    gateway.at_rest()
    row, sent = gateway.account("c"), provider.requests[0]
    spent = row["settled"] - row["suspense"]
    assert spent == -(-len(sent.body) // 4) * IN + -(-len("Hello there") // 4) * OUT
    assert 0 < row["suspense"] and row["settled"] <= (len(sent.body) + 64) * IN + 100 * OUT


def test_as_many_at_once_as_the_budget_carries(gateway, provider):
    """What is held for the first leaves room for one, not for two."""
    provider.answer = lambda r: [("until_gone",)]
    with Wire(gateway) as a, Wire(gateway) as b:
        a.send(request(chat_body(customer_params=dict(BUDGET, period_budget="0.01"))))
        wait_for(lambda: provider.requests, 5, "the request")
        first = gateway.account("c")["held"]
        b.send(request(chat_body(customer_identifier="c", max_tokens=(10**7 - first) // OUT)))
        assert b.reply().status == 429
    assert len(provider.requests) == 1


@pytest.mark.parametrize("end", [("fin",), ("reset",)], ids=lambda e: e[0])
def test_a_lost_connection_ends_no_stream(make_gateway, provider, end):
    """Where a finish reason is enough, the body must still end as HTTP says."""
    g = make_gateway(provider='end = "optional";')
    whole = sse_body(stream_events(["Hello"], done=False))
    provider.answer = lambda r: [sse_head() + chunked(whole), end]
    with Wire(g) as w:
        r = w.ask(chat_body(stream=True))
    assert not w.complete and b"[DONE]" not in r.body and b"upstream_stream_error" in r.body
    provider.answer = lambda r: [sse_head() + chunked(whole) + LAST_CHUNK]
    with Wire(g) as w:
        r = w.ask(chat_body(stream=True))
    assert w.complete and r.body.endswith(b"data: [DONE]\n\n")


def test_a_stream_without_its_end_is_not_kept(gateway, provider):
    """It had a finish reason, but no [DONE]: nobody else is to be told so."""
    whole = sse_body(stream_events(["Hello"]))
    short = whole[:whole.rindex(b"data: [DONE]")]
    provider.answer = lambda r: [sse_head() + chunked(short) + LAST_CHUNK]
    for _ in range(3):
        with Wire(gateway) as w:
            r = w.ask(chat_body(stream=True, cache_enabled=True))
        assert r.headers["x-respan-cache"] == "miss" and not w.complete
        gateway.record(r.headers["x-respan-log-id"])
    assert len(provider.requests) == 3


def fill_the_lane(wire):
    """Requests that nobody else has to answer, twenty at a time, until they stay unanswered.

    All of it within the five seconds after which a silent keeper is killed, on a busy machine, too.
    """
    asked = request(chat_body(model="demo/echo", customer_identifier="c")) * 20
    for _ in range(5000 // 20):
        wire.send(asked)
        for _ in range(20):
            if not wire.buffer and not select.select([wire.socket], [], [], 0.3)[0]:
                return
            assert wire.reply().status == 200
    raise AssertionError("all were answered, whether charged or not")


def test_no_answer_ends_before_its_charge_is_in_the_lane(make_gateway, provider):
    """With the keeper stopped the money lane fills; then answers wait for room in it."""
    g = make_gateway(workers=1)
    keeper = g.child("keeper")
    with Wire(g) as w, Wire(g) as filler:
        assert w.ask(chat_body(customer_identifier="c")).status == 200
        os.kill(keeper, signal.SIGSTOP)
        try:
            fill_the_lane(filler)
            w.send(request(chat_body(customer_identifier="c")))
            wait_for(lambda: len(provider.requests) == 2, 2, "the provider's answer")
            assert not select.select([w.socket], [], [], 0.3)[0]
        finally:
            os.kill(keeper, signal.SIGCONT)
        assert w.reply().status == 200
    g.at_rest()
    assert g.account("c")["settled"] == 2 * (10 * IN + 5 * OUT)


def test_idle_connections_outlive_a_reload(gateway):
    """Each may still send one request: the client cannot know what comes."""
    wires = [Wire(gateway) for _ in range(30)]
    for w in wires:
        assert w.ask(chat_body(model="demo/echo")).status == 200
    reload(gateway, gateway.text)
    said = [w.ask(chat_body(model="demo/echo")) for w in wires]
    assert [r.status for r in said] == [200] * len(wires)
    for w in wires:
        w.close()
