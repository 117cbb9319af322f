"""What is charged when (money.md 9), of providers that do not speak OpenAI chat:
a row of the table each."""
import pytest
from gateway import nano, wait_for
from provider import LAST_CHUNK, chunked, head, json_reply, sse_head
from spoken import TEXT, Claude, Cohere, Gemini, Responses
from test_money import budget, settled
from wire import Wire, chat_body, request

IN, OUT = 1000, 2000  # nano-USD a token
CAP = 100
DIALECTS = [Claude, Gemini, Cohere, Responses]


@pytest.fixture(params=DIALECTS, ids=[d.__name__ for d in DIALECTS])
def spoken(request):
    return request.param


@pytest.fixture
def served(make_gateway, spoken):
    features = ', "responses_only"' if spoken is Responses else ""
    g = make_gateway(start=False)
    g.text = g.text.replace('kind = "openai"', 'kind = "%s"' % spoken.kind).replace(
        'name = "openai"', 'name = "here"').replace('provider = "openai"', 'provider = "here"').replace(
        '"json_schema" ]', '"json_schema"%s ]' % features)
    return g.start()


def bound(sent, out=CAP):
    return (len(sent.body) + 64) * IN + out * OUT


def estimate(sent):
    return -(-len(sent.body) // 4) * IN


def ask(g, **members):
    with Wire(g) as w:
        w.ask(chat_body(customer_params=budget(5), max_tokens=CAP, **members))
    row = settled(g)
    assert row["held"] == 0
    return row["settled"], row["suspense"]


def stream(spoken, events, end=LAST_CHUNK):
    return [sse_head() + chunked(spoken.framed(events)), end]


def test_usage(served, provider, spoken):
    provider.answer = lambda r: json_reply(spoken.whole((70, 5)))
    assert ask(served) == (70 * IN + 5 * OUT, 0)


def test_more_than_the_hold(served, provider, spoken):
    provider.answer = lambda r: json_reply(spoken.whole((10**6, 5)))
    assert ask(served) == (10**6 * IN + 5 * OUT, 0)


def test_no_usage(served, provider, spoken):
    provider.answer = lambda r: json_reply(spoken.whole(None))
    got, doubt = ask(served)
    sent = provider.requests[0]
    assert got == (len(sent.body) + 64) * IN + len(TEXT) * OUT
    assert got - doubt == estimate(sent) + -(-len(TEXT) // 4) * OUT


@pytest.mark.parametrize("status", [400, 500, 200])
def test_an_error_costs_nothing(served, provider, spoken, status):
    provider.answer = lambda r: json_reply(spoken.said("x"), status)
    assert ask(served) == (0, 0)


@pytest.mark.parametrize("answer", [[("fin",)], [head(302, (("Content-Length", 0),))], [b"SSH-2.0-x\r\n\r\n", ("fin",)]])
def test_no_answer_costs_the_hold(served, provider, spoken, answer):
    provider.answer = lambda r: answer
    got, doubt = ask(served)
    sent = provider.requests[0]
    assert (got, doubt) == (bound(sent), bound(sent) - estimate(sent))


def test_a_stream_with_usage(served, provider, spoken):
    provider.answer = lambda r: stream(spoken, spoken.events((70, 5)))
    assert ask(served, stream=True) == (70 * IN + 5 * OUT, 0)
    served.logged()
    assert served.records()[-1]["usage_estimated"] is False


def cut_costs(spoken, sent, text=len(TEXT), told=True):
    """Settled and in doubt: a token for each byte of output that was seen."""
    seen = spoken.seen if told else None
    settled_nano = (seen if seen else len(sent.body) + 64) * IN + text * OUT
    shown = (seen * IN if seen else estimate(sent)) + -(-text // 4) * OUT
    return settled_nano, settled_nano - shown


@pytest.mark.parametrize("end", ["fin", "reset"])
def test_a_stream_that_breaks_after_output(served, provider, spoken, end):
    provider.answer = lambda r: stream(spoken, spoken.events()[:spoken.cut], (end,))
    got = ask(served, stream=True)
    assert got == cut_costs(spoken, provider.requests[0])
    served.logged()
    record = served.records()[-1]
    assert (record["usage_source"], record["usage_estimated"], nano(record["cost"])) == ("bound", True, got[0])


@pytest.mark.parametrize("spoken", [Gemini], indirect=True)
def test_a_cut_stream_of_one_that_thinks_costs_the_hold(served, provider, spoken):
    """Its figures so far tell of thoughts, more of which need not be visible."""
    events = [dict(e, usageMetadata={"promptTokenCount": 7, "candidatesTokenCount": 1, "thoughtsTokenCount": 50})
              for e in spoken.events()[:spoken.cut]]
    provider.answer = lambda r: stream(spoken, events, ("fin",))
    got, doubt = ask(served, stream=True)
    assert got == bound(provider.requests[0]) and 0 < doubt < got


def test_an_error_in_a_stream_before_output(served, provider, spoken):
    provider.answer = lambda r: [sse_head() + chunked(spoken.fault("x")), LAST_CHUNK]
    assert ask(served, stream=True) == (0, 0)


def test_a_client_that_hangs_up(served, provider, spoken):
    provider.answer = lambda r: [sse_head() + chunked(spoken.framed(spoken.events()[:spoken.cut])),
                                 ("until_gone",)]
    with Wire(served) as w:
        w.send(request(chat_body(customer_params=budget(5), max_tokens=CAP, stream=True)))
        w.until(b" there")
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    row = settled(served)
    assert (row["settled"], row["suspense"]) == cut_costs(spoken, provider.requests[0])


def test_figures_that_contradict_each_other_are_told(served, provider, spoken):
    """Cached above the prompt, an hour's writes above all writes (money.md 4)."""
    usage, (in_tokens, out_tokens) = spoken.anomaly()
    body = spoken.whole()
    body["usageMetadata" if spoken is Gemini else "usage"] = usage
    provider.answer = lambda r: json_reply(body)
    assert ask(served) == (in_tokens * IN + out_tokens * OUT, 0)
    served.logged()
    assert "usage_anomaly" in served.records()[-1]["warnings"]


SEARCH = 10000000  # nano-USD each


@pytest.mark.parametrize("streamed", [False, True])
def test_searches_of_responses_are_charged(make_gateway, provider, streamed):
    """Its usage does not tell them; they are items of the output."""
    g = make_gateway(start=False, provider='quirks = [ "responses" ];')
    g.text = g.text.replace('input = "1";', 'input = "1"; per_search = "0.01";').replace(
        'name = "openai"', 'name = "here"').replace('provider = "openai"', 'provider = "here"')
    g.start()
    body = Responses.whole((70, 5))
    body["output"][:0] = [{"type": "web_search_call", "id": "w%d" % i, "status": "completed"} for i in range(2)]
    events = Responses.events()[:-1] + [{"type": "response.completed", "response": body}]
    provider.answer = lambda r: stream(Responses, events) if streamed else json_reply(body)
    r = g.post("/v1/responses", {"model": "test-model", "input": "x", "stream": streamed, "max_output_tokens": CAP,
                                 "tools": [{"type": "web_search"}], "customer_params": budget(5)})
    assert r.status == 200
    row = settled(g)
    assert (row["settled"], row["suspense"], row["held"]) == (70 * IN + 5 * OUT + 2 * SEARCH, 0, 0)
