"""price_source = "provider": an answer costs what the provider's usage says."""
import json

import pytest
from gateway import nano
from provider import chunk, completion, json_reply, sse_reply
from test_money import COST, budget, defaults, settled

# As dear as test-model; what it costs is the provider's word.
MODELS = """, { name = "theirs"; provider = "openai"; upstream = "test-model"; context = 128000; max_output = 16384;
  price = { input = "1"; output = "2"; }; price_source = "provider"; }"""

TELLS = [
    ("OpenRouter", '"cost":3.6e-06', 3600),
    ("OpenRouter, a part of a nano-USD", '"cost":0.0000036000001', 3601),
    ("xAI", '"cost_in_usd_ticks":172401', 17241),
    ("Perplexity", '"cost":{"input_tokens_cost":0.1,"total_cost":0.0000055}', 5500),
    ("nothing at all", '"cost":0', 0),
    ("not a word", '"is_byok":false', COST),
    ("nonsense", '"cost":-0.01', COST),
]


def said(tells):
    """The usage of 10 + 5 tokens, in bytes: no float comes near the figure."""
    return '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,%s}' % tells


def with_usage(body, tells):
    return json.dumps(dict(body, usage="USAGE")).replace('"USAGE"', said(tells)).encode()


def whole(tells):
    return lambda r: json_reply(with_usage(completion(), tells))


def stream(tells):
    return lambda r: sse_reply([chunk({"role": "assistant", "content": "Hi"}), chunk(finish="stop"),
                                with_usage(chunk(), tells), b"[DONE]"])


@pytest.mark.parametrize("tells,cost", [t[1:] for t in TELLS], ids=[t[0] for t in TELLS])
@pytest.mark.parametrize("answer", [whole, stream])
def test_the_charge_is_what_the_provider_says(make_gateway, provider, answer, tells, cost):
    g = make_gateway(models=MODELS, extra=defaults("1.50"))
    provider.answer = answer(tells)
    r = g.chat(model="theirs", stream=answer is stream, customer_params=budget(1, markup_percentage=20))
    assert r.status == 200
    assert settled(g)["settled"] == -(-cost * 12 // 10)
    g.logged()
    record = g.records()[-1]
    assert (nano(record["cost"]), record["cost_known"], record["usage_source"]) == (cost, True, "provider")
    assert nano(record["charge"]) == -(-cost * 12 // 10)
    assert nano(record.get("provider_cost")) == (cost if cost != COST else None)
    if answer is whole:
        assert nano(float(r.headers["x-holdfast-cost"])) == cost


def test_other_models_cost_what_the_table_says(make_gateway, provider):
    g = make_gateway(models=MODELS)
    provider.answer = whole('"cost":3.6e-06')
    assert g.chat(customer_params=budget(1)).status == 200
    assert settled(g)["settled"] == COST
    assert g.figure('holdfast_price_mismatch_total{provider="openai",model="test-model"}') == 1


def test_no_more_than_was_held(make_gateway, provider):
    """However much the provider says, the customer's budget stands."""
    g = make_gateway(models=MODELS)
    provider.answer = whole('"cost":1000000')
    got = [g.chat(model="theirs", max_tokens=100, customer_params=budget("0.001")) for _ in range(6)]
    row = settled(g)
    served = [r.status for r in got].count(200)
    g.logged()
    hold = nano(g.records()[0]["hold"])
    assert 0 < served < 6 and row["settled"] == served * hold <= 1000000
    assert {r.code for r in got if r.status != 200} == {"budget_exceeded"}
    assert g.figure("holdfast_budget_overrun_dollars_total") == 0
    # It is said that the two differ.
    assert g.figure('holdfast_price_mismatch_total{provider="openai",model="theirs"}') == served
    assert g.ctl("audit").returncode == 0


def test_assumed_prices_bound_what_the_provider_says(make_gateway, provider):
    unpriced = ', { name = "theirs"; provider = "openai"; price_source = "provider"; }'
    g = make_gateway(models=unpriced, extra='budgets = { unknown_price = "assume:1/2"; };')
    provider.answer = whole('"cost":3.6e-06')
    assert g.chat(model="theirs", customer_params=budget(1)).status == 200
    assert settled(g)["settled"] == 3600


def test_prices_tell_whose_they_are(make_gateway):
    g = make_gateway(models=MODELS)
    shown = {p["model"]: p["price_source"] for p in g.ctl_json("prices")["results"]}
    assert (shown["theirs"], shown["test-model"], shown["demo/echo"]) == ("provider", "table", "table")
