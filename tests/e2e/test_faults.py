"""Bad providers: what the client sees, what is charged, what stays open."""
import email.utils
import json
import os
import random
import signal
import time

import pytest
from gateway import KEY, Gateway, free_port, wait_for
from provider import (LAST_CHUNK, chunk, chunked, completion, head, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)
from wire import Wire, chat_body, request

IN, OUT = 1000, 2000
BUDGET = {"customer_identifier": "c", "period_budget": 50}
JSON = ("Content-Type", "application/json")
SHORT = ('idle_timeout = "300ms"; first_byte_timeout = "300ms"; timeout = "300ms"; '
         'connect_timeout = "300ms";')


def settled(gateway):
    gateway.at_rest()
    row = gateway.account("c")
    assert row["held"] == 0
    return row["settled"]


def ask(gateway, stream=False):
    with Wire(gateway) as w:
        w.send(request(chat_body(customer_params=BUDGET, max_tokens=50, stream=stream)))
        r = w.reply()
        r.complete = w.complete
        return r


@pytest.mark.parametrize("usage", [
    {"prompt_tokens": -5, "completion_tokens": 3, "total_tokens": -2},
    {"prompt_tokens": 1.5, "completion_tokens": 3, "total_tokens": 4},
    {"prompt_tokens": 2 ** 62, "completion_tokens": 2 ** 62, "total_tokens": 1},
    {"prompt_tokens": "10", "completion_tokens": None},
    [], "none", {},
])
def test_absurd_usage_is_no_usage(gateway, provider, usage):
    """What is no number of tokens is charged as an answer without usage."""
    provider.answer = lambda r: json_reply(completion(**{"usage": usage}))
    r = ask(gateway)
    assert r.status == 200
    assert 0 < settled(gateway) <= (len(provider.requests[0].body) + 64) * IN + 50 * OUT
    assert gateway.record(r.headers["x-respan-log-id"])["usage_source"] == "bound"


PROVIDER_ERRORS = [
    (400, b'{"error": {"message": "bad \\u0041", "type":"invalid_request_error","param":"x","code":null} }'),
    (401, b'{"error":{"message":"no"}}'),
    (404, b'{"error":"text"}'),
    (413, b'{"detail":"x"}'),
    (422, b'{"a":[1,2,{"b":1.50}]}'),
    (429, b'{"error":{"message":"slow down","type":"x","param":null,"code":"rate_limit_exceeded"}}'),
    (500, b'{"error":{"message":"oops"}}'),
    (503, b'{"error":{"message":"later"}}'),
    (529, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
]


@pytest.mark.parametrize("stream", [False, True])
def test_provider_errors_pass_byte_for_byte(gateway, provider, stream):
    for status, body in PROVIDER_ERRORS:
        provider.answer = lambda r: json_reply(body, status, (("Retry-After", "7"),))
        r = ask(gateway, stream)
        assert (r.status, r.body) == (status, body)
        assert r.headers["x-holdfast-error-source"] == "provider"
        assert (r.headers.get("retry-after") == "7") == (status in (429, 503))
        assert r.headers.get("x-should-retry") == ("false" if status in (400, 401, 404, 413, 422) else None)
    assert settled(gateway) == 0


def test_wish_in_the_body_of_an_error(gateway, provider):
    """Google says there how long to wait, and in no header."""
    body = {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "48.939935699s"}]}}
    provider.answer = lambda r: json_reply(body, 429)
    r = ask(gateway)
    assert (r.status, r.headers["retry-after"], r.headers["retry-after-ms"]) == (429, "49", "48940")
    provider.answer = lambda r: json_reply(body, 429, (("Retry-After", "7"),))
    assert ask(gateway).headers["retry-after"] == "7"


@pytest.mark.parametrize("wish,least,most", [
    (lambda: email.utils.formatdate(time.time() + 30, usegmt=True), 28, 30),
    (lambda: email.utils.formatdate(time.time() - 30, usegmt=True), 0, 0),
    (lambda: "Sun, 06 Nov 2044 08:49:37 GMT", 60, 60),
    (lambda: "1.5", 2, 2),
    (lambda: "-3", 0, 0),
    (lambda: "soon", 0, 0),
])
def test_wish_in_all_its_forms(gateway, provider, wish, least, most):
    provider.answer = lambda r: json_reply(b'{"error":{"message":"m"}}', 429, (("Retry-After", wish()),))
    r = ask(gateway)
    assert r.status == 429
    assert least <= int(r.headers["retry-after"]) <= most


def test_provider_error_that_is_no_json(gateway, provider):
    provider.answer = lambda r: json_reply(b"<html>nginx</html>", 502)
    r = ask(gateway)
    assert r.status == 502
    assert r.json == {"error": {"message": "Provider openai answered 502", "type": "api_error",
                                "param": None, "code": None}}


def test_provider_error_with_our_credential(gateway, provider):
    provider.answer = lambda r: json_reply({"error": {"message": "bad key sk-provider-secret!"}}, 401)
    r = ask(gateway)
    assert r.status == 401
    assert r.json["error"]["message"] == "bad key [redacted]!"


def test_error_in_a_200(gateway, provider):
    for error, status in (({"message": "busy", "code": 503}, 503),
                          ({"message": "busy", "type": "rate_limit_error"}, 429),
                          ({"message": "busy"}, 502)):
        body = json.dumps({"error": error}).encode()
        provider.answer = lambda r: json_reply(body)
        r = ask(gateway)
        assert (r.status, r.body) == (status, body)
    assert settled(gateway) == 0


def test_error_of_a_stream_before_release_has_its_own_status(make_gateway, provider):
    """Role chunk and comment were held: the client gets a plain error."""
    gateway = make_gateway(extra="routing = { rate_limit_retries = 0; };")
    first = sse_body([chunk({"role": "assistant", "content": ""})]) + b": ping\n\n"
    error = {"error": {"message": "Too many", "type": "rate_limit_error", "param": None, "code": "r1"}}
    provider.answer = lambda r: [sse_head() + chunked(first) + chunked(sse_body([error])) + LAST_CHUNK]
    r = ask(gateway, stream=True)
    assert r.status == 429 and r.headers["content-type"] == "application/json"
    assert r.json["error"]["message"] == "Too many" and r.json["error"]["code"] == "r1"
    assert "x-should-retry" not in r.headers
    error["error"]["type"] = "invalid_request_error"
    r = ask(gateway, stream=True)
    assert (r.status, r.headers["x-should-retry"]) == (400, "false")
    for end in ("fin", "reset"):
        provider.answer = lambda r: [sse_head() + chunked(first), (end,)]
        r = ask(gateway, stream=True)
        assert (r.status, r.code) == (502, "upstream_stream_error")


MID_STREAM = sse_body([chunk({"role": "assistant", "content": ""}), chunk({"content": "Hello"})])


@pytest.mark.parametrize("title, tail, message, code", [
    ("error event", b'event: error\ndata: {"error":{"message":"broke","type":"api_error","code":"c7"}}\n\n', "broke", "c7"),
    ("error data", b'data: {"error":{"message":"broke","type":"api_error","code":"c7"}}\n\n', "broke", "c7"),
    ("half an event", b'data: {"id":"x"', None, "upstream_stream_error"),
    ("not JSON", b"data: {oops}\n\n", None, "upstream_stream_error"),
    ("cut without a word", b"", None, "upstream_stream_error"),
    ("clean end without [DONE]", "clean", None, "upstream_stream_error"),
    ("chunk garbage", "garbage", None, "upstream_stream_error"),
])
def test_failure_in_mid_stream(gateway, provider, title, tail, message, code):
    whole = {"clean": LAST_CHUNK, "garbage": b"zz\r\n"}.get(tail) or (chunked(tail) if tail else b"")
    provider.answer = lambda r: [sse_head() + chunked(MID_STREAM), ("wait", 0.05), whole, ("fin",)]
    r = ask(gateway, stream=True)
    assert r.status == 200 and not r.complete
    events = [x for x in r.body.decode().split("\n\n") if x]
    error = json.loads(events[-1].split("data: ", 1)[1])["error"]
    assert error["code"] == code and set(error) >= {"message", "type", "param", "code"}
    if message:
        assert error["message"] == message
    assert b"[DONE]" not in r.body and b'"finish_reason":"stop"' not in r.body.replace(b" ", b"")
    # Output was seen: it is charged, within what the provider can bill.
    assert 10 * IN + OUT <= settled(gateway)


def test_stalls(make_gateway, provider):
    g = make_gateway(provider=SHORT)
    provider.answer = lambda r: [("until_gone",)]
    for stream in (False, True):
        r = ask(g, stream)
        assert (r.status, r.code) == (504, "upstream_timeout")
    provider.answer = lambda r: [sse_head() + chunked(MID_STREAM), ("until_gone",)]
    r = ask(g, stream=True)
    assert r.status == 200 and not r.complete
    assert b'"upstream_timeout"' in r.body and b"[DONE]" not in r.body
    provider.answer = lambda r: [sse_head(), ("until_gone",)]
    r = ask(g, stream=True)
    assert (r.status, r.code) == (504, "upstream_timeout")
    wait_for(lambda: len(provider.gone_at) == 4, 5, "every upstream to be closed")
    assert settled(g) > 0


def test_answer_above_the_limit(make_gateway, provider):
    g = make_gateway(extra='upstream = { max_body = "64K"; };')
    big = json.dumps(completion(text="x" * 100000)).encode()
    provider.answer = lambda r: json_reply(big)
    r = ask(g)
    assert (r.status, r.code) == (502, "upstream_invalid_response")
    provider.answer = lambda r: [head(200, (JSON, ("Transfer-Encoding", "chunked"))) + chunked(big) + LAST_CHUNK]
    assert ask(g).status == 502


def test_byte_by_byte(gateway, provider):
    """An answer in pieces of one byte is the same answer."""
    events = sse_reply(stream_events(["Hel", "lo"]))[0]
    plain = json_reply(completion())[0]
    for whole, stream in ((events, True), (plain, False)):
        provider.answer = lambda r: [whole]
        want = ask(gateway, stream).body
        provider.answer = lambda r: [whole[i:i + 1] for i in range(len(whole))]
        got = ask(gateway, stream)
        assert got.status == 200 and got.complete and got.body == want


def test_provider_down_and_up_again(request):
    port = free_port()
    g = Gateway(port)
    try:
        g.start()
        for stream in (False, True):
            r = ask(g, stream)
            assert (r.status, r.code) == (502, "upstream_connection_error")
        assert settled(g) == 0
        import provider as p
        import socket
        with p.Provider(port=port):
            wait_for(lambda: ask(g).status == 200, 10, "the provider to be used again")
        assert settled(g) == 10 * IN + 5 * OUT
    finally:
        g.close(failed=getattr(request.node, "failed", False))


def test_dns_failing(request):
    g = Gateway(1)
    g.text = g.text.replace("http://127.0.0.1:1/v1", "http://no-such-host.invalid/v1")
    try:
        g.start()
        r = ask(g)
        assert (r.status, r.code) == (502, "upstream_connection_error")
        assert r.json["error"]["message"] == "Could not connect to provider openai."
        assert settled(g) == 0
        record = g.record(r.headers["x-respan-log-id"])
        assert record["attempts"][0]["error_class"] == "dns"
        assert g.chat(model="demo/echo", key=KEY).status == 200
    finally:
        g.close(failed=getattr(request.node, "failed", False))


# ---- kept connections ----------------------------------------------------

@pytest.mark.parametrize("size", [10, 40000])
def test_kept_connection_closed_as_the_request_arrives(make_gateway, provider, size):
    """The worker sees the request first, then that its connection is dead: before
    a small one is sent at the end of the turn, behind the sending of a large one."""
    g = make_gateway(workers=1)
    closing = []
    provider.answer = lambda r: (closing.append(1), json_reply(completion()))[1]
    assert ask(g).status == 200
    large = chat_body(content="x" * size, customer_identifier="c", max_tokens=50)
    with Wire(g) as w:
        assert w.ask(large).status == 200  # there is a lease for it now
    assert provider.connections == 1
    before, asked = settled(g), len(provider.requests)
    worker = g.children("worker")[0]
    with Wire(g) as w:
        w.ask(chat_body(model="demo/echo"))  # this connection is known to the worker
        os.kill(worker, signal.SIGSTOP)
        w.send(request(large))
        provider.drop_kept()
        os.kill(worker, signal.SIGCONT)
        r = w.reply()
    assert r.status == 200, r.body
    assert len(provider.requests) == asked + 1 and provider.connections == 2
    assert settled(g) == before + 10 * IN + 5 * OUT


def test_kept_connection_closed_after_the_request_was_read(make_gateway, provider):
    """Sent again once; what the provider may have billed is charged too."""
    g = make_gateway(workers=1)
    assert ask(g).status == 200
    before = settled(g)
    read = []

    def answer(r):
        read.append(r)
        return [("fin",)] if len(read) == 1 else json_reply(completion())

    provider.answer = answer
    r = ask(g)
    assert r.status == 200 and len(read) == 2
    lost = (len(read[0].body) + 64) * IN + 50 * OUT
    assert settled(g) == before + lost + 10 * IN + 5 * OUT


def test_two_attempts_are_enough(make_gateway, provider):
    """What failed twice with us is not tried again by the client."""
    g = make_gateway(workers=1)
    assert ask(g).status == 200
    read = []

    def answer(r):
        read.append(r)
        return [("fin",)] if len(read) == 1 else json_reply({"error": {"message": "broken"}}, status=500)

    provider.answer = answer
    r = ask(g)
    assert (r.status, r.headers["x-should-retry"], len(read)) == (500, "false", 2)
    assert "x-should-retry" not in ask(g).headers


def test_a_fresh_connection_is_not_tried_again(gateway, provider):
    provider.answer = lambda r: [("fin",)]
    r = ask(gateway)
    assert (r.status, r.code) == (502, "upstream_connection_error")
    assert len(provider.requests) == 1


# ---- clients that leave ---------------------------------------------------

def leave_in_the_head(w, body):
    w.send(request(body)[:40])


def leave_in_the_body(w, body):
    w.send(request(body)[:-10])


def leave_before_the_answer(w, body):
    w.send(request(body))
    wait_for(lambda: w.provider.requests, 5, "the request")


def leave_in_the_stream(w, body):
    w.send(request(body))
    w.until(b"Hello")


STAGES = [leave_in_the_head, leave_in_the_body, leave_before_the_answer, leave_in_the_stream]


@pytest.mark.parametrize("how", ["close", "reset", "half"])
@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.__name__[6:])
def test_hang_up(gateway, provider, stage, how):
    if stage is leave_in_the_stream:
        provider.answer = lambda r: [sse_head() + chunked(MID_STREAM), ("until_gone",)]
    else:
        provider.answer = lambda r: [("until_gone",)]
    sent = stage in STAGES[2:]
    w = Wire(gateway)
    w.provider = provider
    stage(w, chat_body(customer_params=BUDGET, max_tokens=50, stream=stage is leave_in_the_stream))
    if how == "half":
        w.socket.shutdown(1)
    else:
        getattr(w, how)()
    if sent:
        wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
        bound = (len(provider.requests[0].body) + 64) * IN + 50 * OUT
        charged = settled(gateway)
        assert 0 < charged <= bound
        record = wait_for(gateway.records, 5, "a record")[0]
        assert record["status_code"] == 499
    else:
        wait_for(lambda: gateway.ctl_json("status")["connections"] == 0, 5, "the connection to go")
        assert provider.requests == []
        gateway.at_rest()
    w.close()
    # No one is left, and the next is served.
    assert gateway.ctl_json("status")["requests_in_flight"] == 0
    provider.answer = lambda r: json_reply(completion())
    assert ask(gateway).status == 200


def test_hang_up_at_random_bytes_of_a_stream(gateway, provider):
    """Whenever the client leaves: nothing held, and the bill is covered."""
    events = stream_events(["one ", "two ", "three ", "four"], usage=(50, 40))
    bill = []

    def answer(r):
        bill.append(1)
        return [sse_head()] + [x for e in events for x in (chunked(sse_body([e])), ("wait", 0.002))] + [LAST_CHUNK]

    provider.answer = answer
    rng = random.Random(7)
    for _ in range(25):
        w = Wire(gateway)
        w.send(request(chat_body(customer_params=BUDGET, max_tokens=50, stream=True)))
        w.exactly(rng.randrange(0, 1500))
        w.reset()
    assert settled(gateway) > 0
    assert len(bill) <= 25
