"""Recorded exchanges of real providers, through the whole gateway.

One gateway serves every case: each has a model and a credential of its own, and
the scripted provider picks the case by the credential that reaches it.  What
is expected comes from the recording and from recordings.py, never from the
gateway's own parsers.
"""
import copy
import functools
import hashlib
import json
import random
import re

import pytest

import recordings
from gateway import Gateway
from judging import (Connection, dechunk, exchange, expect_calls, expect_grammar, expect_valid, faults,
                     records_of)
from provider import LAST_CHUNK, Provider, chunked, head
from recordings import Reading, chat_cases, cost_nano, normal_usage, sse
from verdicts import verdicts

CASES = chat_cases()
STREAMS = {n: c for n, c in CASES.items() if c.streamed and c.status == 200}
WHOLE = {n: c for n, c in CASES.items() if not c.streamed and c.status == 200}
ERRORS = {n: c for n, c in CASES.items() if c.status != 200}

# Recorded as 200, but no answer: what the client gets instead.
REFUSED = {
    "azure-openai-chat/once-text-0ccc34": (400, "the body is an error of the content filter"),
    "_responses_only/openai-chat/reasoning-model-legacy-parameter-error": (400, "the body is an error"),
    "groq/stream-midstreamerror-reasoning-94dc00": (400, "an error event; it came before anything was released"),
}
UNFINISHED = {
    "snowflake/stream-logprobs-c7e3b0": "[DONE] without any finish_reason: a cut stream (providers.md 7.5)",
}
EXCEPTIONS = {**REFUSED, **UNFINISHED}
STREAM_GROUPS = sorted({c.group for n, c in STREAMS.items() if n not in EXCEPTIONS})

pytestmark = pytest.mark.skipif(not CASES, reason="no recordings (HOLDFAST_SHARED)")


# -- the provider: a case by its credential, the manner by the prompt --

def pieces(body, step, seed):
    rng = random.Random(seed)
    at = 0
    while at < len(body):
        n = step or rng.randint(1, 700)
        yield body[at:at + n]
        at += n


def replay(request):
    name = request.header("Authorization")[len("Bearer case:"):]
    case = CASES[name]
    manner = re.search(rb"~([a-z]+) (\d+)~", request.body)
    how, n = (manner.group(1), int(manner.group(2))) if manner else (b"whole", 0)
    kind = case.meta["response_headers"].get("content-type", "application/json")
    top = head(case.status, (("Content-Type", kind), ("Transfer-Encoding", "chunked")))
    if how == b"cut":  # the connection ends inside the one chunk
        return [top + b"%x\r\n" % len(case.body) + case.body[:n], ("fin",)]
    if how == b"short":  # an end in good order, too early
        return [top + (chunked(case.body[:n]) if n else b"") + LAST_CHUNK]
    if how == b"pieces":
        return [top] + [chunked(p) for p in pieces(case.body, n, name)] + [LAST_CHUNK]
    return [head(case.status, (("Content-Type", kind), ("Content-Length", len(case.body)))) + case.body]


@pytest.fixture(scope="module")
def served(request):
    """The one gateway, with a kept connection for plain requests."""
    with Provider(replay) as provider:
        providers, models, environment = recordings.settings()
        g = Gateway(extra="providers = ( %s );\nmodels = ( %s );" % (
            ",\n".join('{ name = "%s"; kind = "openai"; base_url = "http://127.0.0.1:%d/v1"; %s credentials = (\n%s ); }'
                       % (name, provider.port, more, credentials) for name, more, credentials in providers),
            ",\n".join(models)))
        g.provider = provider
        failed = request.session.testsfailed
        try:
            g.start(env=environment)
            yield g
        finally:
            g.close(failed=request.session.testsfailed > failed)


def ask(case, stream, manner="", usage=False):
    """A request body of one length; the manner of the answer stands in the prompt."""
    body = {"model": case.slug, "messages": [{"role": "user", "content": "Hello %-16s" % manner}]}
    if stream:
        body["stream"] = True
        if usage:
            body["stream_options"] = {"include_usage": True}
    return body


# -- whole replies and errors --

def expect_record(record, case, usage):
    """The log has the provider's own figures, in the normal form."""
    if usage is None:
        assert record["usage_source"] == "bound", (case.name, record["usage_source"])
        return
    got = {"prompt": record["prompt_tokens"], "completion": record["completion_tokens"],
           "total": record["total_request_tokens"], "cached": record["prompt_cache_hit_tokens"],
           "write": record["prompt_cache_creation_tokens"], "reasoning": record["reasoning_tokens"]}
    assert got == usage, (case.name, got, usage)
    assert round(record["cost"] * 10**9) == cost_nano(usage), (case.name, record["cost"])


def expect_usage(got, case, given):
    """The member usage that a client sees: api.md 7.3."""
    if case.group in recordings.USAGE_AS_IS and given:
        assert got == given, case.name
        return
    usage = normal_usage(case.group, given)
    if usage is None:
        assert got["total_tokens"] == got["prompt_tokens"] + got["completion_tokens"], case.name
        return
    assert (got["prompt_tokens"], got["completion_tokens"], got["total_tokens"]) == \
        (usage["prompt"], usage["completion"], usage["total"]), (case.name, got, given)
    assert got["prompt_tokens_details"]["cached_tokens"] == got["cache_read_input_tokens"] == usage["cached"]
    assert got["cache_creation_input_tokens"] == usage["write"]
    assert got["completion_tokens_details"]["reasoning_tokens"] == usage["reasoning"]
    assert not faults("CompletionUsage", got), case.name


@pytest.mark.parametrize("group", sorted({c.group for c in WHOLE.values()}))
def test_whole(served, group):
    c, ids = Connection(served), {}
    with verdicts("whole") as each:
        for case in (x for x in WHOLE.values() if x.group == group and x.name not in REFUSED):
            with each(case):
                theirs = json.loads(case.body)
                for manner in ("", "~pieces 1~", "~pieces 0~"):
                    if manner == "~pieces 1~" and len(case.body) > 20000:
                        continue
                    status, body = c.post(ask(case, False, manner))
                    assert status == 200, (case.name, body)
                    ours = json.loads(body)
                    assert {k: v for k, v in ours.items() if k != "usage"} == \
                        {k: v for k, v in recordings.mended_reply(theirs).items() if k != "usage"}, case.name
                    expect_usage(ours["usage"], case, theirs.get("usage"))
                    expect_valid("CreateChatCompletionResponse", [ours], [theirs], case.name)
                    ids[c.headers["x-respan-log-id"]] = (case, theirs.get("usage"))
    for log_id, record in records_of(served, ids).items():
        case, usage = ids[log_id]
        expect_record(record, case, normal_usage(case.group, usage))


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_error(served, name):
    """Status and body are the provider's, whatever was asked."""
    case, c = ERRORS[name], Connection(served)
    with verdicts("error") as each:
        with each(case):
            for stream in (False, True):
                status, body = c.post(ask(case, stream))
                assert (status, body) == (case.status, case.body), name
                assert c.headers["x-holdfast-error-source"] == "provider"
                assert c.headers["content-type"].startswith("application/json")
                record = served.record(c.headers["x-respan-log-id"])
                assert (record["status_code"], record["cost"]) == (case.status, 0)


# -- streams --

@functools.lru_cache(None)
def theirs_of(name):
    return Reading(sse(STREAMS[name].body.decode()))


def expect_stream(body, case, usage_asked):
    theirs = theirs_of(case.name)
    assert body.startswith(b"data: ") and body.endswith(b"\n\n") and b"\r" not in body and b"\n\n\n" not in body
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in body.decode()[:-2].split("\n\n"))
    events = sse(body.decode())
    ours = Reading(events)
    chunks = expect_grammar(events, case, usage_asked)
    expect_calls(chunks, case)
    assert ours.said() == theirs.said(), case.name
    assert ours.logprobs == theirs.logprobs, case.name
    for key in ("id", "model"):
        if key in theirs.first:
            assert ours.first[key] == theirs.first[key], case.name
    if theirs.error:
        assert not ours.done and ours.error["message"] == theirs.error["message"]
        return
    assert ours.done == 1 and body.endswith(b"data: [DONE]\n\n"), case.name
    if usage_asked and theirs.usage:
        expect_usage(ours.usage, case, theirs.usage)
    expect_valid("CreateChatCompletionStreamResponse", [x for x in chunks if "error" not in x],
                 [json.loads(d) for _, d in sse(case.body.decode()) if d != "[DONE]"], case.name)


@pytest.mark.parametrize("group", STREAM_GROUPS)
def test_stream(served, group):
    c, ids = Connection(served), {}
    with verdicts("stream") as each:
        for case in (x for x in STREAMS.values() if x.group == group and x.name not in EXCEPTIONS):
            with each(case):
                first = {}
                for usage_asked in (False, True):
                    for manner in ("", "~pieces 0~", "~pieces 7~", "~pieces 1~"):
                        if manner == "~pieces 1~" and len(case.body) > 20000:
                            continue
                        status, body = c.post(ask(case, True, manner, usage_asked))
                        assert status == 200, (case.name, body)
                        assert c.headers["content-type"] == "text/event-stream; charset=utf-8"
                        ids[c.headers["x-respan-log-id"]] = case
                        if first.setdefault(usage_asked, body) == body:
                            expect_stream(body, case, usage_asked)
                        else:
                            assert not theirs_of(case.name).first.get("id"), (case.name, manner, "other bytes")
                            expect_stream(body, case, usage_asked)
    for log_id, record in records_of(served, ids).items():
        case, theirs = ids[log_id], theirs_of(ids[log_id].name)
        if theirs.error is None:
            expect_record(record, case, normal_usage(case.group, theirs.usage))
            assert record["status"] == "success", case.name


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_error_in_an_answer(served, name):
    case, c = CASES[name], Connection(served)
    with verdicts("refused") as each:
        with each(case):
            for usage_asked in (False, True):
                status, body = c.post(ask(case, case.streamed, usage=usage_asked))
                assert status == REFUSED[name][0], (name, body)
                error = json.loads(body)["error"]
                theirs = theirs_of(name).error if case.streamed else json.loads(case.body)["error"]
                assert (error["message"], error["code"]) == (theirs["message"], theirs["code"])
                assert case.streamed or body == case.body


@pytest.mark.parametrize("name", sorted(UNFINISHED))
def test_unfinished(served, name):
    raw = exchange(served, ask(CASES[name], True))
    got, ended = dechunk(raw)
    ours, theirs = Reading(sse(got.decode())), theirs_of(name)
    with verdicts("unfinished") as each:
        with each(CASES[name]):
            assert not ended and ours.done == 0 and ours.error["code"] == "upstream_stream_error"
            assert ours.said() == theirs.said()


# -- streams that end early --

def prefix_said(ours, theirs):
    """Nothing but what the provider said, in order."""
    for i, choice in ours.items():
        other = theirs[i]
        for kind, text in choice["text"].items():
            assert other["text"][kind].startswith(text)
        assert choice["finish"] in (None, other["finish"])
        for mine, yours in zip(choice["calls"], other["calls"]):
            assert mine["name"] == yours["name"]


ID = re.compile(rb'"id":"chatcmpl-[0-9a-f]{8}-[^"]*"|"created":\d+')


def expect_cut(case, raw, at, whole):
    """One early end after at bytes of the provider's body; True if it was complete."""
    theirs = Reading(recordings.cut_sse(case.body[:at]))
    optional = case.group in ("perplexity", "huggingface", "gpustack")
    if b"\r\nTransfer-Encoding: chunked\r\n" not in raw:
        assert raw.startswith(b"HTTP/1.1 502 "), (case.name, at, raw[:300])
        assert b'"code":"upstream_stream_error"' in raw or b'"code":"upstream_invalid_response"' in raw, raw
        assert not any(c.finish or any(c.text.values()) for c in theirs.choices.values()), (case.name, at, "lost")
        return False
    got, ended = dechunk(raw)
    if ended:
        assert ID.sub(b"", got) == whole, (case.name, at)
        # One line end may be missing, not more.
        assert Reading(recordings.cut_sse(case.body[:at] + b"\n\n")).complete(optional), (case.name, at, "early")
        return True
    assert b"[DONE]" not in raw and not raw.endswith(LAST_CHUNK), (case.name, at)
    ours = Reading(sse(got.decode()))
    assert ours.error and ours.error["code"] == "upstream_stream_error", (case.name, at)
    error = got.rindex(b"data: ")
    assert whole.startswith(ID.sub(b"", got[:error])), (case.name, at)
    prefix_said(theirs.said(), ours.said())
    return False


def whole_of(served, case):
    return ID.sub(b"", dechunk(exchange(served, ask(case, True)))[0])


SMALLEST = sorted((n for n in STREAMS if n not in EXCEPTIONS), key=lambda n: len(STREAMS[n].body))


@pytest.mark.parametrize("name", SMALLEST[:32])
def test_cut_at_every_byte(served, name):
    """The provider's connection ends after each byte of its body in turn."""
    case = STREAMS[name]
    whole, complete = whole_of(served, case), 0
    for at in range(len(case.body)):
        complete += expect_cut(case, exchange(served, ask(case, True, "~cut %d~" % at)), at, whole)
    assert complete <= len(case.body) - case.body.rindex(b"}"), (name, complete)


@pytest.mark.parametrize("group", STREAM_GROUPS)
def test_short(served, group):
    """A body that ends in good order, but too early: at every event, and at random."""
    with verdicts("short") as each:
        for case in (x for x in STREAMS.values() if x.group == group and x.name not in EXCEPTIONS):
            with each(case):
                whole, rng = whole_of(served, case), random.Random(case.name)
                ends = [m.end() for m in re.finditer(rb"\n\r?\n", case.body)]
                places = {rng.choice(ends) for _ in range(6)} | {rng.randrange(len(case.body)) for _ in range(6)} | \
                    {ends[0], ends[-2], len(case.body) - len(b"data: [DONE]\n\n")}
                for at in sorted(p for p in places if 0 <= p < len(case.body)):
                    expect_cut(case, exchange(served, ask(case, True, "~short %d~" % at)), at, whole)


def test_every_case_is_tried():
    """No recording is left out silently."""
    assert len(STREAMS) + len(WHOLE) + len(ERRORS) == len(CASES)
    assert (len(STREAMS), len(WHOLE), len(ERRORS)) >= (102, 101, 20)


# -- requests --

OPENAI_ITSELF = ("openai-chat", "azure-openai-chat")

# How thoughts are asked for, where it is not by reasoning_effort.
THINKING = {
    "zai": lambda effort: {"thinking": {"type": "enabled"}},
    "deepseek": lambda effort: {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
}
# Providers of no row of our own, and those that take reasoning as an object.
THOUGHTS_STAY = ("avian", "doubleword", "gpustack", "openrouter", "snowflake")


def expected_reasoning(group, body):
    if group in THINKING and "reasoning_effort" in body:
        body.update(THINKING[group](body.pop("reasoning_effort")))
    for message in () if group in THOUGHTS_STAY else body["messages"]:
        if not (group == "deepseek" and message.get("tool_calls")):
            message.pop("reasoning_content", None)


def id9(messages):
    """providers.md 4.4: nine digits of the hash to the base of 62."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def mapped(name):
        if re.fullmatch("[0-9a-zA-Z]{9}", name):
            return name
        n = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
        return "".join(digits[n // 62**i % 62] for i in range(42, 33, -1))

    for message in messages:
        if "tool_call_id" in message:
            message["tool_call_id"] = mapped(message["tool_call_id"])
        for call in message.get("tool_calls") or []:
            call["id"] = mapped(call["id"])


def expected_request(case):
    """What the table of providers (providers.md 2.2, 2.3, 4) lets the gateway change."""
    body = {k: v for k, v in dict(case.request, model=case.meta["model"]).items() if v is not None}
    body = copy.deepcopy(body)
    if case.group in ("mistral", "perplexity", "databricks"):
        body.pop("stream_options", None)  # usage comes unasked
    elif body.get("stream"):
        body["stream_options"] = dict(body.get("stream_options") or {}, include_usage=True)
    caps = ("max_tokens", "max_completion_tokens")
    for mine, other in (caps, caps[::-1]):
        wants = "max_completion_tokens" if case.group in ("groq", "xai", "cerebras", "snowflake") else "max_tokens"
        if other in body and mine == wants and mine not in body and case.group not in OPENAI_ITSELF:
            body[mine] = body.pop(other)
    if case.group not in OPENAI_ITSELF:
        body["messages"] = [dict(m, role="system") if m["role"] == "developer" else m for m in body["messages"]]
    expected_reasoning(case.group, body)
    if case.group == "mistral":
        id9(body["messages"])
        body.pop("user", None)
        if "seed" in body:
            body["random_seed"] = body.pop("seed")
        if body.get("tool_choice") == "required":
            body["tool_choice"] = "any"
    if case.group in ("xai", "perplexity"):
        body.pop("stop", None)
    return body


OUR_400 = {
    "deepseek/err400-stream-b6742e": "so is an image",
    "deepseek/err400-0bdfdc": "a file is refused before it is sent (providers.md 4.9)",
    "openai-chat/err400-0ff3cb": "temperature 99 is refused before it is sent (api.md 4.5)",
    "openrouter/once-servertool-c3cf0e": "a tool of type openrouter:web_search is refused (api.md 4.5)",
}


@pytest.mark.parametrize("group", sorted({c.group for c in CASES.values()}))
def test_request(served, group):
    """The recorded request reaches the provider with nothing changed but that."""
    for case in (x for x in CASES.values() if x.group == group and not x.top and x.name not in {**OUR_400, **UNFINISHED}):
        c, before = Connection(served), len(served.provider.requests)
        status, body = c.post(dict(case.request, model=case.slug))
        sent = [r for r in served.provider.requests[before:] if r.header("Authorization") == "Bearer case:" + case.name]
        assert sent, (case.name, status, body)
        assert {k: v for k, v in sent[-1].json.items() if v is not None} == expected_request(case), (case.name, c.headers.get("warning-holdfast"))
