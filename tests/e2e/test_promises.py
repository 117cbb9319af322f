"""What the product promises, where no other test would see it broken."""
import json

import pytest
from gateway import wait_for
from provider import LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head, stream_events
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


def test_an_answer_is_charged_before_it_ends(gateway, provider):
    """Whoever has read the last byte finds the charge in the books."""
    provider.answer = lambda r: json_reply(completion())
    with Wire(gateway) as w:
        assert w.ask(chat_body(customer_params=BUDGET)).status == 200
        for n in range(2, 40):
            assert w.ask(chat_body(customer_identifier="c")).status == 200
            row = gateway.account("c")
            assert row["settled"] + row["held"] >= n * (10 * IN + 5 * OUT), n


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
