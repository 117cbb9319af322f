"""Which model answers, and how often who is asked: routing.md 2, 4, 5, 13."""
import collections

import pytest

from provider import chunk, completion, json_reply, sse_reply
from routed import Routed, error, model, reset, retries, said
from test_money import budget
from wire import Wire, at_once, chat_body, request

SCOPES = 'scopes = [ "gateway", "customer_write", "credentials" ];'


@pytest.fixture
def routed():
    with Routed() as x:
        yield x


@pytest.fixture(scope="module")
def calm():
    """For requests that do not fail: it learns nothing of its targets."""
    with Routed(key=SCOPES) as x:
        yield x


# -- 13: vectors --

@pytest.mark.parametrize("members, asked", [
    ({"model": "a", "load_balance_group": {"group_id": "g"}}, "a"),
    ({"model": "a", "load_balance_models": [{"model": "b", "weight": 1}]}, "b"),
    ({"model": None, "models": ["b"]}, "b"),
    ({"model": None, "load_balance_group": {"group_id": "nobody's", "models": [{"model": "c"}]}}, "c"),
    ({"model": None, "load_balance_group": {"models": [{"model": "b"}]}, "models": ["c"]}, "b"),
])
def test_choice(calm, members, asked):
    r = calm.ask(**members)
    assert (said(r), r.asked, r.headers["x-holdfast-model"]) == (asked, [asked], asked)


def test_unknown_group(calm):
    r = calm.ask(model=None, load_balance_group={"group_id": "nobody's"})
    assert (r.status, r.code, r.asked) == (404, "load_balance_group_not_found", [])


def test_weight_of_nothing(calm):
    r = calm.ask(model=None, load_balance_group={"models": [{"model": "b", "weight": 0}]})
    assert (r.status, r.json["error"]["message"]) == (400, "Weight has to be greater than 0")
    assert r.asked == []


@pytest.mark.parametrize("members, asked", [
    ({"models": ["b", "c"]}, ["a", "b", "c"]),
    ({"fallback_models": ["nope", "b"]}, ["a", "b"]),
    ({"exclude_models": ["b"], "fallback_models": ["b"]}, ["a", "b"]),
    ({"fallback_models": ["a", "b", "b"]}, ["a", "b"]),
    ({"fallback_models": ["c"], "models": ["b"]}, ["a", "c"]),
])
def test_fallbacks(routed, members, asked):
    for name in asked[:-1]:
        routed.plays[name] = error(500)
    r = routed.ask(**members)
    assert (r.asked, said(r), r.headers["x-holdfast-model"]) == (asked, asked[-1], asked[-1])
    warned = routed.warnings(r)
    assert set(warned) >= set(asked[:-1]), warned
    if "nope" in str(members):
        assert warned["nope"] == "Unknown model."


@pytest.mark.parametrize("provider, status, code", [
    ("vertex_ai", 400, "route_provider_unavailable"), ("nowhere", 400, "route_provider_unknown")])
def test_pin(calm, provider, status, code):
    before = len(calm.provider.requests)
    with Wire(calm.gateway) as w:
        r = w.ask(chat_body(model="gpt-4o"), headers=(("X-Respan-Route-Provider", provider),))
    assert (r.status, r.code, len(calm.provider.requests)) == (status, code, before), r.body


@pytest.mark.parametrize("model, members, key", [
    ("gpt-4o", {"credential_override": {"openai": {"api_key": "k1"}, "gpt-4o": {"api_key": "k2"}}}, "k2"),
    ("gpt-4o-mini", {"credential_override": {"openai": {"api_key": "k1"}, "gpt-4o": {"api_key": "k2"}}}, "k1"),
    ("gpt-4", {"customer_credentials": {"openai": {"api_key": "k"}}, "customer_api_keys": {"gpt-4": "j"}}, "k"),
    ("gpt-4", {"customer_api_keys": {"gpt-4": "j"}}, "j"),
    ("gpt-4", {}, "sk-provider-secret"),
])
def test_whose_credential(calm, model, members, key):
    assert said(calm.ask(model=model, **members)) == model
    assert calm.provider.requests[-1].header("Authorization") == "Bearer " + key


@pytest.mark.parametrize("override, code, param", [
    ({"azure/gpt-4o": {"api_base": "https://169.254.169.254/", "api_key": "k", "api_version": "v"}},
     "api_base_not_allowed", None),
    ({"gpt-4o": {"api_base": "https://x.openai.azure.com"}}, "missing_required_parameter",
     "credential_override.gpt-4o.api_key"),
])
def test_credential_refused(calm, override, code, param):
    r = calm.ask(model=next(iter(override)), credential_override=override)
    assert (r.status, r.code, r.asked) == (400, code, []), r.body
    if param:
        assert r.json["error"]["param"] == param


# -- 5: attempts --

def test_two_fallbacks(routed):
    routed.plays["a"] = error(500)
    routed.plays["b"] = lambda r: [b"HTTP/1.1 200 OK\r\nContent-Type: appl", ("fin",)]
    r = routed.ask(fallback_models=["b", "c"])
    assert (said(r), r.asked) == ("c", ["a", "b", "c"])
    assert (r.headers["x-holdfast-attempts"], r.headers["x-holdfast-model"]) == ("3", "c")
    assert "x-should-retry" not in r.headers
    record = routed.record(r)
    assert record["status"] == "success" and set(routed.warnings(r)) == {"a", "b"}
    assert [(a["model"], a["outcome"], a["error_class"]) for a in record["attempts"]] == [
        ("a", "fallback", "http_5xx"), ("b", "fallback", "cut"), ("c", "ok", None)]


@pytest.mark.parametrize("status, asked", [(400, ["a"]), (404, ["a"]), (500, ["a", "b"]), (429, ["a", "b"])])
def test_fallback_on_transient_failures_only(status, asked):
    with Routed('routing = { fallback_on = "transient"; };') as x:
        x.plays["a"] = error(status)
        r = x.ask(fallback_models=["b"])
        assert (r.asked, r.status) == (asked, 200 if len(asked) > 1 else status)


def test_retries(routed):
    routed.plays["a"] = error(503)
    r = routed.ask(retry_params=retries(2, 0.2))
    assert (r.status, r.asked, r.headers["x-should-retry"]) == (503, ["a"] * 3, "false")
    assert 0.6 <= r.seconds < 0.6 * 1.25 + 0.5


def test_retries_are_of_each_model(routed):
    routed.plays["a"] = routed.plays["b"] = error(503)
    r = routed.ask(retry_params=retries(1, 0.01), fallback_models=["b", "c"])
    assert (said(r), r.asked) == ("c", ["a", "a", "b", "b", "c"])


@pytest.mark.parametrize("members, settings, n", [
    ({"retries": 2, "retry_params": retries(1, 0.01)}, "", 2),
    ({"retry_params": {"retry_enabled": True, "retry_after": 0.01}}, "", 4),
    ({"retry_params": {"retry_enabled": False}}, 'retry = { enabled = true; retry_after = "10ms"; };', 1),
    ({}, 'retry = { enabled = true; num_retries = 2; retry_after = "10ms"; };', 3),
    ({"retries": 1}, 'retry = { enabled = true; num_retries = 4; retry_after = "10ms"; };', 2),
    ({"retry_params": retries(1, 0.01)}, "retry = { on_status = [ 502 ]; };", 1),
    ({"retry_params": retries(5, 0.01)}, "routing = { max_attempts = 3; };", 3),
    ({}, "", 1),
])
def test_how_often(members, settings, n):
    with Routed(settings) as x:
        x.plays["a"] = error(503)
        r = x.ask(**members)
        assert (r.status, len(r.asked)) == (503, n)


def test_max_attempts_of_all_models():
    with Routed("routing = { max_attempts = 2; };") as x:
        x.plays["a"] = x.plays["b"] = error(500)
        r = x.ask(fallback_models=["b", "c"])
        assert (r.status, r.asked) == (500, ["a", "b"])


@pytest.mark.parametrize("body", [b'{"model":"a","messages":[', b'{"model":"a","messages":"x"}',
                                  b'{"model":"nope","messages":[{"role":"user","content":"x"}],"fallback_models":["b"]}'])
def test_our_own_refusals_start_nothing(calm, body):
    before = len(calm.provider.requests)
    with Wire(calm.gateway) as w:
        assert w.ask(body).status in (400, 404)
    assert len(calm.provider.requests) == before


def test_disable_fallback():
    with Routed('routing = { fallback_models = [ "b" ]; safety_net_model = "c"; };') as x:
        x.plays["a"] = error(500)
        r = x.ask(disable_fallback=True, fallback_models=["b"])
        assert (r.status, r.asked) == (500, ["a"])
        assert x.ask().asked == ["a", "b"]
        x.plays["b"] = error(500)
        assert x.ask().asked == ["a", "b", "c"]
        assert x.ask(fallback_models=["c"]).asked == ["a", "c"]


@pytest.mark.parametrize("members, asked", [({}, ["a"]), ({"fallback_models": ["b"]}, ["a", "b"])])
def test_key_of_the_caller_is_refused(members, asked):
    """Only what the request itself names comes next."""
    with Routed('routing = { fallback_models = [ "c" ]; safety_net_model = "c"; };', key=SCOPES) as x:
        x.plays["a"] = error(401)
        r = x.ask(credential_override={"a": {"api_key": "k"}}, **members)
        assert (r.asked, r.status) == (asked, 200 if len(asked) > 1 else 401)


FILTERED = [
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
     128000, "Filtered by missing function calling."),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]},
     128000, "Filtered by missing image support."),
    ({"messages": [{"role": "user", "content": "x" * 3000}]},
     2000, "Filtered by context window size, consider reducing input tokens."),
]


@pytest.mark.parametrize("members, context, reason", FILTERED, ids=[f[2][12:] for f in FILTERED])
def test_fallback_that_is_not_able(members, context, reason):
    small = model("small", "two").replace("128000", str(context)).replace('"tools", "vision"', "")
    with Routed(models=[small, model("able", "three")]) as x:
        x.plays["a"] = error(500)
        r = x.ask(fallback_models=["small", "able"], **members)
        assert (said(r), r.asked) == ("able", ["a", "able"])
        assert x.warnings(r)["small"] == reason


def test_fallback_that_is_not_permitted():
    with Routed(key='models = [ "a", "c" ];') as x:
        x.plays["a"] = error(500)
        r = x.ask(fallback_models=["b", "c"])
        assert (said(r), r.asked) == ("c", ["a", "c"])
        assert x.warnings(r)["b"] == "Not permitted for this key."


@pytest.mark.parametrize("stream", [False, True])
def test_filtered_answer_is_an_answer(routed, stream):
    def play(r):
        if stream:
            return sse_reply([chunk({"role": "assistant", "content": ""}), chunk(finish="content_filter"), b"[DONE]"])
        body = completion("")
        body["choices"][0]["finish_reason"] = "content_filter"
        return json_reply(body)

    routed.plays["a"] = play
    r = routed.ask(stream=stream, fallback_models=["b"], retry_params=retries(2, 0.01))
    assert (r.status, r.asked) == (200, ["a"]) and b"content_filter" in r.body


# -- money of later attempts --

def test_fallback_that_the_budget_cannot_carry():
    dear = model("dear", "two").replace('"1"', '"1000"').replace('"2"', '"2000"')
    with Routed(models=[dear]) as x:
        x.plays["a"] = error(500)
        r = x.ask(fallback_models=["dear", "c"], customer_params=budget("0.01"))
        assert (said(r), r.asked) == ("c", ["a", "c"])
        assert "budget" in x.warnings(r)["dear"]
        # Nothing else is left: what the provider said.
        r = x.ask(fallback_models=["dear"], customer_identifier="c")
        assert (r.status, r.asked, r.json["error"]["message"]) == (500, ["a"], "busy")
        x.gateway.at_rest()
        row = x.gateway.account("c")
        assert (row["settled"], row["held"]) == (20000, 0)


def test_retry_that_the_budget_cannot_carry(routed):
    """Each lost attempt is charged its hold; the next has none left."""
    routed.plays["a"] = reset
    r = routed.ask(max_tokens=1000, retry_params=retries(5, 0.01), customer_params=budget("0.005"))
    hold = routed.record(r)["attempts"][0]["charge_nano_usd"]
    assert (r.status, r.code) == (502, "upstream_connection_error")
    assert len(r.asked) == 5000000 // hold and hold > 2000000
    routed.gateway.at_rest()
    row = routed.gateway.account("c")
    assert (row["settled"], row["held"]) == (hold * len(r.asked), 0)


def test_budget_starts_no_fallback(routed):
    r = routed.ask(fallback_models=["b"], customer_params=budget(0))
    assert (r.status, r.code, r.asked) == (429, "budget_exceeded", [])


# -- 3: the draw --

def test_after_a_failure_the_draw_goes_on(routed):
    routed.plays["a"] = routed.plays["b"] = error(500)
    entries = [{"model": m, "weight": 1} for m in "ab"]
    r = routed.ask(model=None, load_balance_models=entries, fallback_models=["c"])
    assert said(r) == "c" and sorted(r.asked) == ["a", "b", "c"] and r.asked[-1] == "c"


N = 40000
SHARES = {"a": 0.70, "b": 0.25, "c": 0.05}


def test_shares():
    """Over both workers; 40,000 are enough for a hundredth at four sigma."""
    with Routed("routing = { random_seed = 4711; };", workers=2) as x:
        text = x.gateway.text
        for n, name in enumerate(SHARES):
            text = text.replace('name = "%s"; provider = "%s";' % (name, ("one", "two", "three")[n]),
                                'name = "%s"; provider = "demo"; upstream = "echo";' % name)
        x.gateway.stop()
        x.gateway.text = text
        x.__enter__()
        entries = [{"model": m, "weight": int(s * 100)} for m, s in SHARES.items()]
        body = chat_body("x", model=None, load_balance_models=entries, disable_log=True)

        def client(i):
            got = collections.Counter()
            with Wire(x.gateway) as w:
                for _ in range(N // 8 // 50):
                    w.send(request(body) * 50)
                    for _ in range(50):
                        status, headers = w.head()
                        w.body(status, headers)
                        got[headers["x-holdfast-model"]] += 1
            return got

        got = sum(at_once(8, client), collections.Counter())
        assert sum(got.values()) == N
        for name, share in SHARES.items():
            assert abs(got[name] / N - share) < 0.01, got


def test_too_long_for_the_window(routed):
    """Who has no larger one is not asked (providers.md 8.2)."""
    said_no = {"error": {"message": "too long", "type": "invalid_request_error", "param": None,
                         "code": "context_length_exceeded"}}
    with Routed(models=[model("wide", "two").replace("128000", "256000")]) as x:
        x.plays["a"] = lambda r: json_reply(said_no, 400)
        r = x.ask(fallback_models=["b", "wide"])
        assert (said(r), r.asked) == ("wide", ["a", "wide"])
        assert x.record(r)["attempts"][0]["error_class"] == "context_length"
