"""What follows a failure: retries, other entries, fallbacks; and what is billed and told of it."""
import json
import os
import subprocess
import threading
import time

import pytest
from gateway import BUILD, Gateway, nano, wait_for
from provider import (Provider, chunked, completion, head, json_reply, sse_body, sse_head, sse_reply,
                      stream_events)
from wire import Wire, chat_body, request

MODELS = "".join(''', { name = "%s"; provider = "openai"; context = 128000; max_output = 16384;
  price = { input = "1"; output = "2"; }; features = [ "tools" ]; }''' % m for m in ("b", "c"))

COST = 10 * 1000 + 5 * 2000  # of completion(), in nano-USD


@pytest.fixture
def running(make_gateway, provider):
    """Its own for each test: failures eject."""
    g = make_gateway(models=MODELS)
    g.provider = provider
    return g


@pytest.fixture
def play(running):
    """play(model=answer, ...) scripts the provider by the model it is asked for."""
    asked = []

    def answers(**by_model):
        asked.clear()

        def answer(req):
            model = json.loads(req.body)["model"]
            asked.append(model)
            a = by_model.get(model.replace("-", "_"), GOOD)
            if isinstance(a, list) and a and isinstance(a[0], list):
                a = a.pop(0) if len(a) > 1 else a[0]
            return a
        running.provider.answer = answer
        return asked

    return answers


GOOD = json_reply(completion())

# What "b" and "c" lack.
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}


def bad(status, message="no", **headers):
    return json_reply({"error": {"message": message, "type": "t", "code": None}}, status,
                      headers=[(k.replace("_", "-"), v) for k, v in headers.items()])


def ask(g, text="x", **body):
    body.setdefault("max_tokens", 5)
    body["messages"] = [{"role": "user", "content": text}]
    return g.post("/api/chat/completions", body)


def record(g, r):
    return g.record(r.headers["x-respan-log-id"])


def test_two_fallbacks(running, play):
    """routing.md 5.4: 500, a cut head, 200."""
    asked = play(test_model=bad(500), b=[b"HTTP/1.1 200 OK\r\ncontent-le", ("reset",)])
    r = ask(running, model="test-model", fallback_models=["b", "c"])
    assert r.status == 200, r.body
    assert asked == ["test-model", "b", "c"]
    assert (r.headers["x-holdfast-attempts"], r.headers["x-holdfast-model"]) == ("3", "c")
    row = record(running, r)
    assert (row["status"], row["model"]) == ("success", "c")
    assert [(a["model"], a["outcome"], a["status_code"]) for a in row["attempts"]] == \
        [("test-model", "fallback", 500), ("b", "fallback", 0), ("c", "ok", 200)]
    assert set(row["warnings_dict"]) == {"test-model", "b"}
    assert row["warnings_dict"]["test-model"] == "500: no"
    assert [bool(a["error_message"]) for a in row["attempts"]] == [True, True, False]
    assert row["attempts"][0]["error_message"] == "no"
    assert row["fallback_models"] == ["b", "c"]


def test_the_last_error_is_told(running, play):
    asked = play(test_model=bad(500, "first"), b=bad(503, "second"))
    r = ask(running, model="test-model", fallback_models=["b", "nope"])
    assert (r.status, r.json["error"]["message"]) == (503, "second")
    assert asked == ["test-model", "b"] and r.headers["x-should-retry"] == "false"
    assert record(running, r)["warnings_dict"]["nope"] == "Unknown model."


def test_disable_fallback(running, play):
    asked = play(test_model=bad(500))
    r = ask(running, model="test-model", fallback_models=["b"], disable_fallback=True)
    assert r.status == 500 and asked == ["test-model"]


def test_retries(running, play):
    asked = play(test_model=bad(503))
    began = time.monotonic()
    r = ask(running, model="test-model",
            retry_params={"retry_enabled": True, "num_retries": 2, "retry_after": 0.2})
    assert r.status == 503 and asked == ["test-model"] * 3
    assert 0.6 <= time.monotonic() - began < 1.5
    assert r.headers["x-should-retry"] == "false"
    attempts = record(running, r)["attempts"]
    assert [a["outcome"] for a in attempts] == ["retry", "retry", "end"]
    assert attempts[0]["wait_before"] == 0 and 0.2 <= attempts[1]["wait_before"] <= 0.25


def test_one_retry_helps(running, play):
    asked = play(test_model=[bad(503), GOOD])
    r = ask(running, model="test-model", retries=1)
    assert r.status == 200 and len(asked) == 2


def test_rate_limited(running, play):
    """429 twice, then 200: without retries of its own, waits of 1 and 2 s."""
    asked = play(test_model=[bad(429), bad(429), GOOD])
    began = time.monotonic()
    r = ask(running, model="test-model")
    assert r.status == 200 and len(asked) == 3 and time.monotonic() - began >= 3


def test_rate_limited_with_a_fallback(running, play):
    asked = play(test_model=bad(429, retry_after="1"))
    began = time.monotonic()
    r = ask(running, model="test-model", fallback_models=["b"])
    assert r.status == 200 and asked == ["test-model", "b"] and time.monotonic() - began < 0.8
    # Ejected for as long as it wished.
    assert ask(running, model="test-model", fallback_models=["b"]).status == 200
    assert asked == ["test-model", "b", "b"]


def test_a_wish_that_is_too_long(running, play):
    with Provider() as p, Gateway(p.port) as g:
        p.answer = lambda req: bad(429, retry_after="120")
        r = ask(g, model="test-model")
        assert (r.status, r.headers["retry-after"]) == (429, "60") and len(p.requests) == 1


def test_each_attempt_is_billed(make_gateway, provider):
    g = make_gateway(models=MODELS)
    cut = json_reply(completion())
    provider.answer = lambda req: (
        [head(200, (("Content-Type", "application/json"), ("Content-Length", 100))), b'{"id"', ("reset",)]
        if json.loads(req.body)["model"] == "test-model" else GOOD)
    r = ask(g, model="test-model", fallback_models=["b"],
            customer_params={"customer_identifier": "c", "period_budget": 1})
    assert r.status == 200, (r.body, cut)
    row = record(g, r)
    assert [a["error_class"] for a in row["attempts"]] == ["cut", None]
    lost = row["attempts"][0]["charge_nano_usd"]
    assert lost == row["attempts"][0]["hold_nano_usd"] > 0
    g.at_rest()
    assert g.account("c")["settled"] == lost + COST == nano(row["charge"])


def test_a_fallback_that_the_budget_cannot_carry(make_gateway, provider):
    """It is left out; who was asked is what is told."""
    dear = ''', { name = "dear"; provider = "openai"; context = 128000; max_output = 16384;
      price = { input = "1000"; output = "2000"; }; }'''
    g = make_gateway(models=dear)
    provider.answer = lambda req: bad(500, "first")
    r = ask(g, model="test-model", fallback_models=["dear"],
            customer_params={"customer_identifier": "c", "period_budget": "0.001"})
    assert (r.status, r.json["error"]["message"]) == (500, "first")
    assert record(g, r)["warnings_dict"]["dear"] == "budget_exceeded"
    assert len(provider.requests) == 1


def test_a_budget_refusal_starts_no_fallback(make_gateway, provider):
    g = make_gateway(models=MODELS)
    r = ask(g, model="test-model", fallback_models=["b"],
            customer_params={"customer_identifier": "c", "period_budget": "0.0000001"})
    assert (r.status, r.code) == (429, "budget_exceeded") and provider.requests == []


def test_a_stream_before_its_release(running, play):
    """Head, role, comment, then a cut: the client sees the other's stream alone."""
    role = stream_events(["Hello"])[:1]
    play(test_model=[sse_head() + chunked(sse_body(role) + b": ping\n\n"), ("reset",)],
         b=sse_reply(stream_events(["there"])))
    r = ask(running, model="test-model", fallback_models=["b"], stream=True)
    events = r.events()
    assert events[-1] == "[DONE]" and "there" in r.body.decode() and "Hello" not in r.body.decode()
    assert r.body.count(b'"role"') == 1


def test_a_stream_after_its_release(running, play):
    asked = play(test_model=[sse_head() + chunked(sse_body(stream_events(["Hello"])[:2])), ("reset",)],
                 b=sse_reply(stream_events(["there"])))
    with Wire(running) as w:
        w.send(request(chat_body(model="test-model", fallback_models=["b"], stream=True)))
        w.head()
        got = w.until(b"upstream_stream_error")
        w.until(b"never")
    assert b"Hello" in got and b"upstream_stream_error" in got
    assert b"[DONE]" not in got + w.buffer and asked == ["test-model"]
    assert not w.buffer.endswith(b"0\r\n\r\n")


def test_an_error_in_a_stream_after_its_release(running, play):
    """Nobody else goes on with what the client has begun to read."""
    error = b'data: {"error":{"message":"busy","type":"t","code":503}}\n\n'
    asked = play(test_model=[sse_head() + chunked(sse_body(stream_events(["Hello"])[:2])) + chunked(error)
                             + b"0\r\n\r\n"],
                 b=sse_reply(stream_events(["there"])))
    with Wire(running) as w:
        w.send(request(chat_body(model="test-model", fallback_models=["b"], stream=True)))
        w.head()
        got = w.until(b'"code":"503"')
        w.until(b"never")
    assert b"Hello" in got and b'"code":"503"' in got
    assert b"there" not in got + w.buffer and b"[DONE]" not in got + w.buffer
    assert asked == ["test-model"]


def test_an_error_in_a_stream_before_its_release(running, play):
    error = b'data: {"error":{"message":"busy","type":"t","code":503}}\n\n'
    asked = play(test_model=[sse_head() + chunked(error) + b"0\r\n\r\n"],
                 b=sse_reply(stream_events(["there"])))
    r = ask(running, model="test-model", fallback_models=["b"], stream=True)
    assert r.events()[-1] == "[DONE]" and asked == ["test-model", "b"]


def test_one_of_two_keys_is_refused(make_gateway, provider):
    g = make_gateway(start=False)
    g.text = g.text.replace(
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }',
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }, { name = "spare"; api_key = "env:SPARE"; }')
    g.start(env={"SPARE": "sk-spare"})
    provider.answer = lambda req: GOOD if "sk-spare" in req.header("authorization") else bad(401)

    def one():
        r = ask(g, model="test-model")
        assert r.status == 200, r.body
        assert record(g, r)["deployment_name"] == "spare"

    def refused():
        return sum("sk-provider-secret" in q.header("authorization") for q in provider.requests)
    for _ in range(100):
        one()
        if refused():  # it was drawn
            break
    for _ in range(8):  # it is ejected for a minute: it was asked once
        one()
    assert refused() == 1


def test_a_limited_key_leaves_the_work_to_the_other(make_gateway, provider):
    """429 without a wish ejects nobody: in this request another is drawn, in the next it may be the same."""
    g = make_gateway(start=False)
    g.text = g.text.replace(
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }',
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }, { name = "spare"; api_key = "env:SPARE"; }')
    g.start(env={"SPARE": "sk-spare"})
    provider.answer = lambda req: GOOD if "sk-spare" in req.header("authorization") else bad(429)
    began = time.monotonic()
    rows = [record(g, ask(g, model="test-model")) for _ in range(40)]
    assert {tuple(a["deployment_name"] for a in row["attempts"]) for row in rows} == {("spare",), ("main", "spare")}
    assert time.monotonic() - began < 5


def test_drawn_by_weight(running, play):
    asked = play()
    for _ in range(300):
        assert ask(running, load_balance_models=[{"model": "b", "weight": 3}, "c"], model="test-model").status == 200
    assert set(asked) == {"b", "c"} and 180 < asked.count("b") < 270


def test_another_entry_of_the_draw(running, play):
    play(b=bad(500))
    for _ in range(5):
        r = ask(running, load_balance_models=["b", "c"])
        assert r.status == 200 and r.headers["x-holdfast-model"] == "c"


@pytest.mark.parametrize("body, model", [
    ({"model": "b", "load_balance_group": {"group_id": "g"}}, "b"),
    ({"model": "test-model", "load_balance_models": [{"model": "b", "weight": 1}]}, "b"),
    ({"load_balance_models": [], "loadbalance_models": ["c"], "model": "b"}, "c"),
    ({"models": ["b"]}, "b"),
    ({"models": [{"model": "c"}]}, "c"),
    ({"load_balance_group": {"models": [{"model": "c"}]}}, "c"),
])
def test_the_order_of_choice(running, play, body, model):
    asked = play()
    r = ask(running, **body)
    assert r.status == 200 and asked == [model], r.body


def test_groups_that_are_unknown(running, play):
    r = ask(running, load_balance_group={"group_id": "nope"})
    assert (r.status, r.code) == (404, "load_balance_group_not_found")


def test_a_client_that_leaves_in_a_wait(make_gateway, provider):
    g = make_gateway()
    provider.answer = lambda req: bad(503)
    with Wire(g) as w:
        w.send(request(chat_body(customer_params={"customer_identifier": "c", "period_budget": 1},
                                 retry_params={"retry_enabled": True, "num_retries": 3, "retry_after": 5})))
        wait_for(lambda: provider.requests, 5, "the first attempt")
        time.sleep(0.2)
        assert g.reserved() == 0
    time.sleep(0.3)
    assert len(provider.requests) == 1
    g.at_rest()


def test_a_drawn_model_is_not_cached_by_model(running, play):
    """Which one it will be is not known when the cache is looked up."""
    asked = play()
    for n in (1, 2):
        r = ask(running, load_balance_models=["b"], cache_enabled=True, cache_options={"is_cached_by_model": True})
        assert r.status == 200 and len(asked) == n and r.headers["x-respan-cache"] != "hit"
        running.at_rest()
        running.logged()


CURES = 'routing = { context_window_fallbacks = [ "b" ]; content_policy_fallbacks = [ "c" ]; fallback_on = "transient"; };'
FILTERED = json_reply(completion(text="", choices=[
    {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}]))


@pytest.mark.parametrize("error, model", [
    ({"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}, "b"),
    ({"message": "prompt is too long: 210000 tokens > 200000 maximum", "type": "t", "code": None}, "b"),
    ({"message": "no", "type": "invalid_request_error", "code": "content_policy_violation"}, "c"),
    ({"message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      "type": None, "code": "400"}, "c"),
    ({"message": "no such parameter", "type": "invalid_request_error", "code": None}, None),
])
def test_what_another_kind_of_model_may_heal(make_gateway, provider, error, model):
    g = make_gateway(models=MODELS, extra=CURES)
    provider.answer = lambda req: (json_reply({"error": error}, 400) if json.loads(req.body)["model"] == "test-model"
                                   else GOOD)
    r = ask(g, model="test-model")
    assert r.status == (200 if model else 400), r.body
    assert [json.loads(q.body)["model"] for q in provider.requests] == ["test-model"] + [model] * bool(model)
    assert ask(g, model="test-model", disable_fallback=True).status == 400


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_was_filtered_away(make_gateway, provider, stream):
    g = make_gateway(models=MODELS, extra=CURES)
    chunks = stream_events([])
    filtered = sse_reply([c for c in chunks if "[DONE]" not in str(c)][:1] + [
        {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
            {"index": 0, "delta": {}, "finish_reason": "content_filter"}],
         "usage": {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}}] + chunks[-1:])
    whole = json_reply(completion(completion=0, choices=[
        {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}]))
    good = sse_reply(stream_events(["fine"])) if stream else GOOD
    provider.answer = lambda req: ((filtered if stream else whole)
                                   if json.loads(req.body)["model"] == "test-model" else good)
    r = ask(g, model="test-model", stream=stream, customer_params={"customer_identifier": "c", "period_budget": 1})
    assert r.status == 200 and b"content_filter" not in r.body and (b"fine" in r.body or not stream)
    if stream:
        assert r.events()[-1] == "[DONE]" and r.body.count(b'"role"') == 1
    row = record(g, r)
    assert [(a["model"], a["outcome"]) for a in row["attempts"]] == [("test-model", "fallback"), ("c", "ok")]
    g.at_rest()
    # Both were answered, so that both cost.
    assert g.account("c")["settled"] == 10 * 1000 + COST == nano(row["charge"])


def test_an_answer_that_was_filtered_away_stays_one(running, play):
    """Without a setting for it, it is what the provider said."""
    asked = play(test_model=FILTERED)
    r = ask(running, model="test-model", fallback_models=["b"])
    assert (r.status, r.json["choices"][0]["finish_reason"]) == (200, "content_filter") and asked == ["test-model"]


HASTY = ''', { name = "hasty"; provider = "openai"; context = 128000; max_output = 16384; idle_timeout = "200ms";
  price = { input = "1"; output = "2"; }; }'''


@pytest.mark.parametrize("steps", [
    [("until_gone",)],
    # Comments keep nothing alive beyond three times the pause that is allowed.
    [step for _ in range(40) for step in (chunked(b": ping\n\n"), ("wait", 0.1))],
])
def test_a_model_may_have_times_of_its_own(make_gateway, provider, steps):
    g = make_gateway(models=HASTY)
    provider.answer = lambda req: [sse_head() + chunked(sse_body(stream_events(["Hello"])[:2]))] + steps
    began = time.monotonic()
    with Wire(g) as w:
        w.send(request(chat_body(model="hasty", stream=True)))
        got = w.until(b"upstream_timeout")
    assert b"Hello" in got and 0.2 <= time.monotonic() - began < 2.5
    row = wait_for(lambda: g.records(), 5, "the record")[-1]
    assert row["attempts"][0]["error_class"] == "timeout_idle"


def test_models_follow_a_group_of_the_request(running, play):
    asked = play(b=bad(500))
    r = ask(running, load_balance_group={"models": [{"model": "b"}]}, models=["c"])
    assert r.status == 200 and asked == ["b", "c"]


def test_the_safety_net_is_the_router_s_as_well(make_gateway, provider):
    g = make_gateway(models=MODELS, extra='routing = { safety_net_model = "b"; };')
    # All others are excluded; without a net nobody would be left.
    r = ask(g, exclude_models=["test-model", "b", "c"], exclude_providers=["demo"])
    assert r.status == 200 and r.headers["x-holdfast-model"] == "b", r.body
    r = ask(g, models=["nope", "neither"])
    assert r.status == 200 and r.headers["x-holdfast-model"] == "b"


def test_a_key_of_the_store_is_enough_for_the_router(make_gateway, provider):
    g = make_gateway(start=False)
    g.text = g.text.replace('objects_size = "64M";', 'objects_size = "64M"; secret_key = "env:STORE_KEY";')
    g.text = g.text.replace('  credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } );', "")
    g.start(env={"STORE_KEY": "0123456789abcdef0123456789abcdef"})
    assert ask(g, models=["test-model", "nope"]).code == "no_model_available"
    subprocess.run([os.path.join(BUILD, "holdfastctl"), "--socket", g.socket, "integration", "add", "openai"],
                   input="sk-stored", text=True, check=True, capture_output=True)
    assert ask(g, models=["test-model", "nope"]).status == 200
    assert provider.requests[-1].header("authorization") == "Bearer sk-stored"


def test_the_words_of_the_last_error(make_gateway, provider):
    """Not those of a model that was passed by after it."""
    g = make_gateway(models=MODELS)
    provider.answer = lambda req: [("reset",)]
    r = ask(g, model="test-model", fallback_models=["b"], response_format=SCHEMA)
    assert (r.status, r.code) == (502, "upstream_connection_error")
    assert r.json["error"]["message"] == "Could not connect to provider openai."
    assert record(g, r)["warnings_dict"]["b"] == "Filtered by missing JSON schema."


def too_long(model=None):
    return lambda req: (json_reply({"error": {"message": "m", "type": "t", "code": "context_length_exceeded"}}, 400)
                        if model is None or json.loads(req.body)["model"] == model else bad(500))


def test_who_heals_nothing_is_asked_once(make_gateway, provider):
    g = make_gateway(models=MODELS, extra='routing = { context_window_fallbacks = [ "b", "c" ]; };')
    provider.answer = too_long()
    r = ask(g, model="test-model", fallback_models=["c", "b"])
    assert r.status == 400 and [json.loads(q.body)["model"] for q in provider.requests] == ["test-model", "b", "c"]


def test_the_next_that_may_heal(make_gateway, provider):
    """Whatever the first of them fails by."""
    g = make_gateway(models=MODELS, extra='routing = { context_window_fallbacks = [ "b", "c" ]; };')
    provider.answer = too_long("test-model")
    assert ask(g, model="test-model").status == 500
    assert [json.loads(q.body)["model"] for q in provider.requests] == ["test-model", "b", "c"]


def test_rate_limited_without_another_that_can(running, play):
    """A fallback that cannot be asked takes no retry away."""
    asked = play(test_model=[bad(429), GOOD])
    r = ask(running, model="test-model", fallback_models=["b"], response_format=SCHEMA)
    assert r.status == 200 and asked == ["test-model"] * 2
    attempts = record(running, r)["attempts"]
    assert [a["outcome"] for a in attempts] == ["retry", "ok"]


def test_rate_limited_to_the_last(running, play):
    """The last fallback is no other to itself: it is retried."""
    asked = play(test_model=bad(500), b=[bad(429), GOOD])
    r = ask(running, model="test-model", fallback_models=["b"])
    assert r.status == 200 and asked == ["test-model", "b", "b"]


def test_the_wish_of_the_last(make_gateway, provider):
    """It is cut for the client, also when another was tried in vain."""
    dear = ''', { name = "dear"; provider = "openai"; context = 128000; max_output = 16384;
      price = { input = "1000"; output = "2000"; }; }'''
    g = make_gateway(models=dear)
    provider.answer = lambda req: bad(429, retry_after="120", x_request_id="theirs")
    r = ask(g, model="test-model", fallback_models=["dear"],
            customer_params={"customer_identifier": "c", "period_budget": "0.001"})
    assert (r.status, r.headers["retry-after"], r.headers["retry-after-ms"]) == (429, "60", "60000")
    assert r.headers["x-holdfast-upstream-request-id"] == "theirs"


def test_what_the_last_cost(make_gateway, provider):
    """By the bound: also told so when another was tried in vain."""
    dear = ''', { name = "dear"; provider = "openai"; context = 128000; max_output = 16384;
      price = { input = "1000"; output = "2000"; }; }'''
    g = make_gateway(models=dear)
    provider.answer = lambda req: [head(200, (("Content-Type", "application/json"), ("Content-Length", 100))),
                                   b'{"id"', ("reset",)]
    r = ask(g, model="test-model", fallback_models=["dear"],
            customer_params={"customer_identifier": "c", "period_budget": "0.001"})
    row = record(g, r)
    assert (row["status_code"], row["usage_source"]) == (502, "bound") and row["prompt_tokens"] > 0
    g.at_rest()
    assert g.account("c")["settled"] == nano(row["charge"]) > 0


def test_a_wait_is_told_once(running, play):
    """The second try on a fresh connection waits for nothing."""
    play(test_model=[bad(503), [("reset",)], GOOD])
    assert ask(running, model="b").status == 200  # leaves a connection
    r = ask(running, model="test-model", retries=1)
    assert r.status == 200
    waits = [a["wait_before"] for a in record(running, r)["attempts"]]
    assert len(waits) == 3 and waits[1] >= 0.2 and waits[2] == 0


def test_one_model_twice(running, play):
    """It is a member of warnings_dict once."""
    play(b=bad(500))
    r = ask(running, load_balance_models=["b", "b"], fallback_models=["c"])
    assert r.status == 200
    row = record(running, r)
    assert row["warnings"] == "b: 500: no; b: 500: no" and row["warnings_dict"] == {"b": "500: no"}
    line = next(x for x in open(running.jsonl) if r.headers["x-respan-log-id"] in x)
    assert line.count('"b":') == 1


def test_limits_beside_warnings(running, play):
    """Both are told of one request."""
    play(test_model=bad(500))
    r = ask(running, model="test-model", fallback_models=["b"],
            customer_params={"customer_identifier": "c", "period_budget": 1})
    assert r.status == 200
    row = record(running, r)
    assert set(row["warnings_dict"]) == {"test-model"}
    assert [x["limit_value"] for x in row["limit_info"]["limits"]] == [1.0], row["limit_info"]


def test_a_retry_beside_an_ejected_key(make_gateway, provider):
    """With the key that failed: it is the only one that may be used."""
    g = make_gateway(start=False)
    g.text = g.text.replace(
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }',
        '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }, { name = "spare"; api_key = "env:SPARE"; }')
    g.start(env={"SPARE": "sk-spare"})
    provider.answer = lambda req: bad(401) if "sk-spare" in req.header("authorization") else GOOD
    while not any("sk-spare" in q.header("authorization") for q in provider.requests):
        assert ask(g, model="test-model").status == 200
    for _ in range(8):  # whichever is drawn first
        answers = [bad(503), GOOD]
        provider.answer = lambda req: answers.pop(0)
        r = ask(g, model="test-model", retries=1)
        assert r.status == 200, r.body
        assert [a["deployment_name"] for a in record(g, r)["attempts"]] == ["main"] * 2


PROBING = 'health = { eject_after = 1; eject_for = "1s"; };'


def ejected(make_gateway, provider, models=MODELS, model="test-model", **kw):
    """A gateway whose model was ejected, and may be tried by one request now."""
    g = make_gateway(models=models, extra=PROBING, **kw)
    provider.answer = lambda req: bad(500) if json.loads(req.body)["model"] == model else GOOD
    assert ask(g, model=model, fallback_models=["b"]).status == 200
    time.sleep(1.1)
    provider.requests.clear()
    return g


def test_who_leaves_a_probe(make_gateway, provider):
    """The next request may try."""
    g = ejected(make_gateway, provider)
    provider.answer = lambda req: [("until_gone",)]
    with Wire(g) as w:
        w.send(request(chat_body(model="test-model")))
        wait_for(lambda: provider.requests, 5, "the probe")
    wait_for(lambda: g.records() and g.records()[-1]["status_code"] == 499, 5, "its end")
    provider.answer = lambda req: GOOD
    assert ask(g, model="test-model", fallback_models=["b"]).headers["x-holdfast-model"] == "test-model"


def test_a_probe_without_money(make_gateway, provider):
    dear = ''', { name = "dear"; provider = "openai"; context = 128000; max_output = 16384;
      price = { input = "1000"; output = "2000"; }; }'''
    g = ejected(make_gateway, provider, MODELS + dear, "dear")
    provider.answer = lambda req: GOOD
    r = ask(g, model="dear", customer_params={"customer_identifier": "c", "period_budget": "0.001"})
    assert r.status == 429 and provider.requests == []
    assert ask(g, model="dear", fallback_models=["b"]).headers["x-holdfast-model"] == "dear"


def test_a_probe_on_a_dead_connection(make_gateway, provider):
    """The second try is a part of it."""
    g = ejected(make_gateway, provider, workers=1)
    provider.answer = lambda req: [("reset",)] if len(provider.requests) == 1 else GOOD
    r = ask(g, model="test-model", fallback_models=["b"])
    assert r.headers["x-holdfast-model"] == "test-model", record(g, r)["attempts"]
    assert [a["reused_connection"] for a in record(g, r)["attempts"]] == [True, False]


def test_embeddings_are_successes(make_gateway, provider):
    """Failures with one between them are not in a row."""
    rows = "".join(''', { name = "%s"; provider = "openai"; context = 8192; price = { input = "1"; output = "0"; };
      features = [ "embeddings" ]; }''' % m for m in ("e", "f"))
    vectors = json_reply({"object": "list", "model": "e", "usage": {"prompt_tokens": 1, "total_tokens": 1},
                          "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})
    g = make_gateway(models=rows, extra='health = { eject_after = 2; };')

    def embed():
        r = g.post("/api/embeddings", {"model": "e", "input": "x", "fallback_models": ["f"]})
        assert r.status == 200, r.body
        return r.headers["x-holdfast-model"]
    provider.answer = lambda req: bad(500) if json.loads(req.body)["model"] == "e" else vectors
    fails = provider.answer
    for _ in range(2):
        provider.answer = fails
        assert embed() == "f"
        provider.answer = lambda req: vectors
        assert embed() == "e"


def test_models_behind_a_group(running, play):
    """With entries of the request's own too, which need no name of a group."""
    asked = play(b=bad(500))
    for group in ({"models": ["b"]}, {"models": ["b"], "group_id": "g"}):
        asked.clear()
        assert ask(running, load_balance_group=group, models=["c"]).status == 200
        assert asked == ["b", "c"]


def test_the_safety_net(make_gateway, provider):
    g = make_gateway(models=MODELS, extra='routing = { safety_net_model = "c"; };')
    provider.answer = lambda req: GOOD if json.loads(req.body)["model"] == "c" else bad(500)
    for body, asked in (({"model": "test-model"}, ["test-model", "c"]),
                        ({"model": "test-model", "fallback_models": ["b"]}, ["test-model", "b", "c"]),
                        ({"models": ["b", "nope"], "exclude_models": ["b"]}, ["c"]),
                        ({"model": "test-model", "disable_fallback": True}, ["test-model"]),
                        ({"models": ["b", "nope"], "exclude_models": ["b"], "disable_fallback": True}, [])):
        provider.requests.clear()
        r = ask(g, **body)
        assert [json.loads(q.body)["model"] for q in provider.requests] == asked
        assert r.status == (200 if asked[-1:] == ["c"] else 500 if asked else 404), r.body


@pytest.mark.parametrize("path, body", [
    ("/api/chat/completions", {"echo": True}),
    ("/api/anthropic/v1/messages", {}),
])
def test_what_was_filtered_away_is_kept_nowhere(make_gateway, provider, path, body):
    """Log and cache have the answer that the client got."""
    g = make_gateway(models=MODELS, extra=CURES)
    provider.answer = lambda req: FILTERED if json.loads(req.body)["model"] == "test-model" else GOOD
    body = dict(body, model="test-model", max_tokens=5, cache_enabled=True,
                messages=[{"role": "user", "content": "x"}])
    for state in ("miss", "hit"):
        r = g.post(path, body)
        assert (r.status, r.headers["x-respan-cache"]) == (200, state) and b"Hello there" in r.body
        row = record(g, r)
        assert row["output_words"] > 0
        g.at_rest()
        g.logged()
    assert len(provider.requests) == 2
    assert g.records()[0]["warnings_dict"] == {"test-model": "content_filter"}


def test_what_a_key_may_use(make_gateway, provider):
    """Nowhere, by no list, is another model asked."""
    # "b" is the larger one, that a request may fit in.
    g = make_gateway(start=False, models=MODELS.replace("128000", "256000", 1), extra="""routing = { safety_net_model = "c";
      context_window_fallbacks = [ "c" ]; fallback_models = [ "c" ]; };""")
    g.text = g.text.replace('name = "prod key";', 'name = "prod key"; models = [ "test-model", "b" ];')
    g.start()
    provider.answer = too_long()
    for body, asked, code in (({"model": "test-model"}, ["test-model"], None),
                              ({"model": "test-model", "fallback_models": ["c", "b"]}, ["test-model", "b"], None),
                              ({"load_balance_models": ["c", "b"]}, ["b"], None),
                              ({"load_balance_models": ["c"]}, [], "model_not_permitted"),
                              ({"load_balance_group": {"models": ["c"]}}, [], "model_not_permitted"),
                              ({"models": ["c", "b"]}, ["b"], None),
                              ({"models": ["c", "nope"]}, [], "no_model_available"),
                              ({"models": ["c"]}, [], "model_not_permitted"),
                              ({"model": "c"}, [], "model_not_permitted")):
        provider.requests.clear()
        r = ask(g, **body)
        assert [json.loads(q.body)["model"] for q in provider.requests] == asked, body
        if asked:
            assert r.status == 400
            assert record(g, r)["warnings_dict"]["c"] == "Not permitted for this key."
        else:
            assert r.code == code, body


LIMITED = ''', { name = "lim"; provider = "openai"; context = 128000; max_output = 16384;
  price = { input = "1"; output = "2"; }; limits = { rpm = %d; tpm = 100000; }; }'''


def told(r):
    return r.headers.get("x-ratelimit-limit-requests"), r.headers.get("x-ratelimit-limit-tokens")


def test_windows_of_who_answers(make_gateway, provider):
    """Those of a model that was passed by, or failed, are not told."""
    g = make_gateway(models=MODELS + LIMITED % 1)
    assert told(ask(g, model="lim", fallback_models=["b"])) == ("1", "100000")
    r = ask(g, model="lim", fallback_models=["b"])
    assert (r.status, r.headers["x-holdfast-model"], told(r)) == (200, "b", (None, None))
    r = ask(g, model="lim")
    assert (r.status, r.code, told(r)[0]) == (429, "rate_limit_exceeded", "1")
    r = ask(g, load_balance_models=["lim"], fallback_models=["nope"])
    assert (r.status, told(r)[0]) == (429, "1") and 50 < int(r.headers["retry-after"]) <= 60


def test_windows_of_who_failed(make_gateway, provider):
    g = make_gateway(models=MODELS + LIMITED % 50)
    provider.answer = lambda req: bad(500) if json.loads(req.body)["model"] == "lim" else GOOD
    r = ask(g, model="lim", fallback_models=["b"])
    assert (r.status, told(r)) == (200, (None, None))
    r = ask(g, model="lim", fallback_models=["b"], response_format=SCHEMA)
    assert (r.status, told(r)) == (500, ("50", "100000"))


def test_a_retry_that_never_came(make_gateway, provider):
    """Its client left in the wait, or nobody could be asked: the record says how it ended."""
    g = make_gateway(models=MODELS)
    provider.answer = lambda req: bad(503)
    with Wire(g) as w:
        w.send(request(chat_body(retry_params={"retry_enabled": True, "num_retries": 3, "retry_after": 5})))
        wait_for(lambda: provider.requests, 5, "the first attempt")
        time.sleep(0.2)
    row = wait_for(lambda: g.records(), 5, "the record")[-1]
    assert [a["outcome"] for a in row["attempts"]] == ["client_gone"] and row["status_code"] == 499
    assert g.figure('holdfast_upstream_attempts_total{provider="openai",outcome="client_gone"}') == 1
    assert g.figure('holdfast_upstream_attempts_total{provider="openai",outcome="retry"}') == 0
    assert g.figure("holdfast_upstream_errors_total") == 1


def test_a_pin_that_leads_back(make_gateway, provider):
    """A fallback that the pinned provider serves under the primary's name."""
    g = make_gateway(start=False, models=''', { name = "groq/test-model"; provider = "groq"; upstream = "test-model";
      context = 128000; max_output = 16384; price = { input = "1"; output = "2"; }; }''')
    g.text = g.text.replace("providers = (", """providers = ( { name = "groq"; base_url = "http://127.0.0.1:%d/v1";
      credentials = ( { name = "g"; api_key = "env:TEST_PROVIDER_KEY"; } ); },""" % provider.port)
    g.start()
    provider.answer = lambda req: bad(500)
    r = g.chat(fallback_models=["test-model"], headers={"X-Respan-Route-Provider": "groq"}, max_tokens=5)
    assert (r.status, r.headers["x-holdfast-model"]) == (500, "groq/test-model")
    assert len(provider.requests) == 1


def test_who_goes_on_with_a_conversation_stays(make_gateway, provider):
    """previous_response_id: no other model knows what came before, however the settings would heal it."""
    g = make_gateway(models=MODELS, extra='routing = { context_window_fallbacks = [ "b" ]; fallback_models = [ "c" ]; };')
    provider.answer = too_long()
    body = {"model": "test-model", "input": "x", "previous_response_id": "resp_1"}
    assert g.post("/api/responses", body).status == 400 and len(provider.requests) == 1
