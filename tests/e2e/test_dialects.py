"""Recorded exchanges of every dialect, through the whole gateway to a client of
OpenAI chat (providers.md 13, points 1 to 3).

What is expected comes from dialect_readings.py, never from the gateway's own
readers.  What the gateway writes is valid by OpenAI's schemas, without
allowances.
"""
import collections
import glob
import json
import random
import re

import pytest

import dialect_cases
import dialect_readings
import recordings
from dialect_cases import NO_CHAT, dialect_cases as all_cases
from dialect_readings import same_json
from judging import Connection, dechunk, exchange, expect_calls, expect_grammar, faults, records_of
from provider import LAST_CHUNK, Provider
from recordings import sse
from verdicts import verdicts

CASES = {n: c for n, c in all_cases().items() if c.dialect != "chat"}

# Recorded as 200, and yet no answer: the status that the client gets, and why.
REFUSED = {
    "_responses_only/azure-openai-responses/azure-deepseek-reasoning.1": (502, "an answer of chat, not of Responses"),
    "_responses_only/openai-responses/openai-error.1": (502, "the body is an error"),
    "_responses_only/openai-responses/reasoning-model-temperature-error": (400, "the body is an error"),
    "_responses_only/openai-responses/openai-error.1-stream": (502, "an error before any output"),
    "_errors_reported/openai-responses/200-stream-response-failed": (500, "response.failed: server_error"),
    "_errors_reported/anthropic/200-stream-error-event": (529, "overloaded_error before any output"),
    "_errors_reported/openrouter/200-stream-error-chunk": (500, "server_error before any output"),
}

ANSWERS = {n: c for n, c in CASES.items() if c.status == 200 and n not in REFUSED}
WHOLE = {n: c for n, c in ANSWERS.items() if not c.streamed}
STREAMS = {n: c for n, c in ANSWERS.items() if c.streamed}
ERRORS = {n: c for n, c in all_cases().items() if c.status != 200}

pytestmark = pytest.mark.skipif(not CASES, reason="no recordings (HOLDFAST_SHARED)")


def shelves(cases):
    return sorted({c.shelf for c in cases.values()})


def of(shelf, cases):
    return [c for c in cases.values() if c.shelf == shelf]


@pytest.fixture(scope="module")
def served(request):
    """The one gateway of all cases."""
    with Provider(dialect_cases.replay) as provider:
        g = dialect_cases.gateway_for(provider, all_cases())
        failed = request.session.testsfailed
        try:
            g.start(env=g.environment)
            yield g
        finally:
            g.close(failed=request.session.testsfailed > failed)


def ask(case, manner="", usage=False):
    body = {"model": case.slug, "messages": [{"role": "user", "content": "Hello %-16s" % manner}]}
    if case.streamed:
        body["stream"] = True
        if usage:
            body["stream_options"] = {"include_usage": True}
    return body


# -- what the client got --

class Got:
    """One choice of an answer, whole or put together from its deltas."""

    def __init__(self):
        self.content, self.reasoning, self.refusal, self.finish = None, None, None, None
        self.calls, self.images, self.details = {}, [], []

    def add(self, words, index=None):
        for key, name in (("content", "content"), ("reasoning_content", "reasoning"), ("refusal", "refusal")):
            if words.get(key) is not None:
                setattr(self, name, (getattr(self, name) or "") + words[key])
        for at, piece in enumerate(words.get("tool_calls") or []):
            call = self.calls.setdefault(piece.get("index", at), {"id": None, "name": None, "arguments": "", "more": {}})
            function = piece.get("function") or {}
            call["id"], call["name"] = call["id"] or piece.get("id"), call["name"] or function.get("name")
            call["arguments"] += function.get("arguments") or ""
            call["more"].update(piece.get("extra_content") or {})
        self.images += words.get("images") or []
        self.details += words.get("reasoning_details") or []

    def signatures(self):
        """What must come back to the provider; a signature may come in pieces."""
        out, pieces = [], collections.defaultdict(str)
        for n, detail in enumerate(self.details):
            if detail.get("signature"):
                pieces[detail.get("index", -n - 1)] += detail["signature"]
            if detail.get("data"):
                out.append(detail["data"])
        for call in self.calls.values():
            out += [x for x in [(call["more"].get("google") or {}).get("thought_signature")] if x]
        return out + list(pieces.values())


def got_whole(document):
    out = {}
    for choice in document["choices"]:
        got = out[choice["index"]] = Got()
        got.add(choice["message"])
        got.finish = choice["finish_reason"]
    return out


def got_stream(chunks):
    out = collections.defaultdict(Got)
    for chunk in chunks:
        for choice in chunk.get("choices", []):
            got = out[choice["index"]]
            got.add(choice["delta"])
            got.finish = choice.get("finish_reason") or got.finish
    return out


# -- judging --

def code_and_text(said):
    """Text is as it was; code stands in fences of the gateway's own."""
    return re.compile("".join(re.escape(words) if kind == "text" else r"(?s:.*?)" + re.escape(words.rstrip("\n")) +
                              r"(?s:.*?)" for kind, words in said.parts) + r"\Z")


def expect_calls_of(got, said):
    ours = [got.calls[i] for i in sorted(got.calls)]
    assert [c["name"] for c in ours] == [name for _, name, _ in said.calls]
    for call, (given, _, arguments) in zip(ours, said.calls):
        assert same_json(call["arguments"]) == same_json(arguments), (call, arguments)
        if given:
            assert call["id"] == given
        else:
            assert re.fullmatch(r"call_[0-9A-Za-z]{24}", call["id"]), call
    assert len({c["id"] for c in ours}) == len(ours)


def expect_said(got, said, dialect):
    """Nothing lost, nothing added, the finish of 5.3."""
    assert got.finish == said.finish, ("finish", said.native, got.finish)
    assert code_and_text(said).match(got.content or ""), ("text", got.content, said.parts)
    between = r"\s*" if dialect == "responses" else ""
    assert re.fullmatch(between.join(map(re.escape, said.reasoning)), got.reasoning or ""), (
        "reasoning", got.reasoning, said.reasoning)
    if said.refusal is None:
        assert (got.refusal or "") in ("", said.text()), got.refusal
    else:
        assert (got.refusal or "") == said.refusal
    expect_calls_of(got, said)
    urls = [x["image_url"]["url"] for x in got.images]
    assert urls == said.images, ("images", [u[:60] for u in urls])
    assert set(got.signatures()) == set(said.signatures), ("signatures", got.details, said.signatures)


def expect_choices(ours, theirs, dialect):
    expected = theirs.choices or {0: dialect_readings.Said()}
    assert sorted(ours) == sorted(expected)
    for index, said in expected.items():
        expect_said(ours[index], said, dialect)


def expect_usage(got, usage):
    """api.md 7.3: the full object."""
    assert not faults("CompletionUsage", got), got
    if usage is None:
        assert got["total_tokens"] == got["prompt_tokens"] + got["completion_tokens"]
        return
    assert (got["prompt_tokens"], got["completion_tokens"], got["total_tokens"]) == \
        (usage["prompt"], usage["completion"], usage["total"]), (got, usage)
    assert got["prompt_tokens_details"]["cached_tokens"] == got["cache_read_input_tokens"] == usage["cached"]
    assert got["prompt_tokens_details"]["cache_creation_tokens"] == got["cache_creation_input_tokens"] == usage["write"]
    assert got["completion_tokens_details"]["reasoning_tokens"] == usage["reasoning"]


def cost_nano(usage):
    """A write for an hour has a price of its own."""
    hour = usage["write_1h"]
    more = dict(recordings.PRICE, cache_write=dialect_cases.PRICE["cache_write_1h"])
    pico = {k: recordings.Fraction(v) * 10**6 for k, v in recordings.PRICE.items()}
    plain = usage["prompt"] - usage["cached"] - usage["write"]
    total = (plain * pico["input"] + usage["cached"] * pico["cached_input"] +
             (usage["write"] - hour) * pico["cache_write"] + hour * recordings.Fraction(more["cache_write"]) * 10**6 +
             usage["completion"] * pico["output"])
    return -(-total // 1000)


def expect_record(record, theirs):
    """The log has the provider's figures in the normal form, and what they cost."""
    usage = theirs.usage
    if usage is None:
        assert record["usage_source"] == "bound", record["usage_source"]
        return
    assert record["usage_source"] == "provider", record["usage_source"]
    got = {"prompt": record["prompt_tokens"], "completion": record["completion_tokens"],
           "total": record["total_request_tokens"], "cached": record["prompt_cache_hit_tokens"],
           "write": record["prompt_cache_creation_tokens"], "reasoning": record["reasoning_tokens"]}
    assert got == {k: usage[k] for k in got}, (got, usage)
    assert round(record["cost"] * 10**9) == cost_nano(theirs.billed or usage), ("cost", record["cost"])


def expect_whole(body, case):
    theirs, ours = dialect_readings.read(case), json.loads(body)
    assert not faults("CreateChatCompletionResponse", ours), (faults("CreateChatCompletionResponse", ours), ours)
    expect_choices(got_whole(ours), theirs, case.dialect)
    for choice in ours["choices"]:
        message = choice["message"]
        only_calls = bool(message.get("tool_calls")) and not message["content"]
        assert message["content"] is None if only_calls or message["refusal"] else message["content"] is not None
    assert ours["model"] == (theirs.model or case.upstream)
    expect_usage(ours["usage"], theirs.usage)


@pytest.mark.parametrize("shelf", shelves(WHOLE))
def test_whole(served, shelf):
    c, ids = Connection(served), {}
    with verdicts("whole") as each:
        for case in of(shelf, WHOLE):
            with each(case):
                for manner in ("", "~pieces 0~", "~pieces 1~"):
                    if manner == "~pieces 1~" and len(case.body) > 20000:
                        continue
                    status, body = c.post(ask(case, manner))
                    assert status == 200, (status, body)
                    expect_whole(body, case)
                    ids[c.headers["x-respan-log-id"]] = case
    with verdicts("log") as each:
        for log_id, record in records_of(served, ids).items():
            with each(ids[log_id]):
                expect_record(record, dialect_readings.read(ids[log_id]))


# -- streams --

def chunks_of(body):
    assert body.startswith(b"data: ") and body.endswith(b"\n\n") and b"\r" not in body and b"\n\n\n" not in body
    return sse(body.decode())


def expect_stream(body, case, usage_asked):
    theirs, events = dialect_readings.read(case), chunks_of(body)
    chunks = expect_grammar(events, case, usage_asked)
    for chunk in (x for x in chunks if "error" not in x):
        assert not faults("CreateChatCompletionStreamResponse", chunk), (
            faults("CreateChatCompletionStreamResponse", chunk), chunk)
    if "max_tokens" not in str([s.native for s in theirs.choices.values()]).lower():
        expect_calls(chunks, case)
        assert b'"id":""' not in body and b'"name":""' not in body
    if theirs.error:
        assert chunks[-1]["error"]["message"] == theirs.error["message"], chunks[-1]
        assert b"[DONE]" not in body and b'"finish_reason":"' not in body
        return
    expect_choices(got_stream(chunks), theirs, case.dialect)
    assert body.endswith(b"data: [DONE]\n\n") and body.count(b"[DONE]") == 1
    assert chunks[0]["model"] == (theirs.model or case.upstream), chunks[0]["model"]
    if usage_asked:
        expect_usage(chunks[-1]["usage"], theirs.usage)


ID = re.compile(rb'"id":"(chatcmpl-[0-9a-f]{8}-|call_)[^"]*"|"created":\d+')


def stream_of(served, case, manner, usage_asked):
    """The body of a stream and its log id; an error must leave it open."""
    raw = exchange(served, ask(case, manner, usage_asked))
    top = raw.partition(b"\r\n\r\n")[0]
    assert top.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in top, raw[:600]
    body, ended = dechunk(raw)
    assert ended == (b'data: {"error"' not in body), "the end of the transfer coding"
    return body, re.search(rb"x-respan-log-id: (\w+)", top).group(1).decode()


@pytest.mark.parametrize("shelf", shelves(STREAMS))
def test_stream(served, shelf):
    ids = {}
    with verdicts("stream") as each:
        for case in of(shelf, STREAMS):
            with each(case):
                first = {}
                for usage_asked in (False, True):
                    for manner in ("", "~pieces 0~", "~pieces 7~", "~pieces 1~"):
                        if manner == "~pieces 1~" and len(case.body) > 20000:
                            continue
                        body, log_id = stream_of(served, case, manner, usage_asked)
                        ids[log_id] = case
                        if ID.sub(b"", first.setdefault(usage_asked, body)) != ID.sub(b"", body) or body is first[usage_asked]:
                            expect_stream(body, case, usage_asked)
                            assert body is first[usage_asked], (manner, "other bytes")
    with verdicts("log") as each:
        for log_id, record in records_of(served, ids).items():
            with each(ids[log_id]):
                theirs = dialect_readings.read(ids[log_id])
                if not theirs.error:
                    expect_record(record, theirs)
                    assert record["status"] == "success"


# -- streams that end early --

def expect_cut(case, raw, at, whole, how):
    """One early end; True if the answer was complete all the same (7.5)."""
    theirs = dialect_readings.read(case, at)
    if b"\r\nTransfer-Encoding: chunked\r\n" not in raw:
        assert re.match(rb"HTTP/1.1 [45]\d\d ", raw), (at, raw[:300])
        assert how == "cut" or not theirs.complete, (at, "lost", raw[-300:])
        return False
    got, ended = dechunk(raw)
    if ended:
        assert theirs.complete, (at, "a clean end of a stream that was cut")
        assert not (how == "cut" and case.dialect == "gemini"), (at, "the body has no proper end (7.5)")
        expect_choices(got_stream(expect_grammar(chunks_of(got), case, False)), theirs, case.dialect)
        assert got.endswith(b"data: [DONE]\n\n")
        return True
    assert b"[DONE]" not in raw and not raw.endswith(LAST_CHUNK), at
    assert how == "cut" or not theirs.complete, (at, "lost")
    error = got.rindex(b"data: ")
    event = json.loads(got[error + 6:])
    assert event["error"]["code"] == "upstream_stream_error" or theirs.error, (at, event)
    for choice, ours in got_stream(json.loads(d) for _, d in sse(got[:error].decode())).items():
        assert ours.finish in (None, theirs.choices[choice].finish), (at, ours.finish)
    if how == "cut" or not theirs.complete:
        assert ID.sub(b"", whole).startswith(ID.sub(b"", got[:error])), (at, got[-300:])
    return False


def whole_of(served, case):
    return dechunk(exchange(served, ask(case)))[0]


SOUND = {n: c for n, c in STREAMS.items() if not dialect_readings.read(c).error}
SMALLEST = sorted(SOUND, key=lambda n: len(SOUND[n].body))[:24]


@pytest.mark.parametrize("name", SMALLEST)
def test_cut_at_every_byte(served, name):
    """The provider's connection ends after each byte of its body in turn."""
    case = SOUND[name]
    whole, complete = whole_of(served, case), 0
    with verdicts("cut") as each:
        with each(case):
            for at in range(len(case.body)):
                complete += expect_cut(case, exchange(served, ask(case, "~cut %d~" % at)), at, whole, "cut")


@pytest.mark.parametrize("shelf", shelves(SOUND))
def test_short(served, shelf):
    """A body that ends in good order, but too early; and one that is cut there."""
    with verdicts("short") as each:
        for case in of(shelf, SOUND):
            with each(case):
                whole, rng = whole_of(served, case), random.Random(case.name)
                ends = [m.end() for m in re.finditer(rb"\n\r?\n|\n", case.body)] or [0]
                places = {rng.choice(ends) for _ in range(6)} | {rng.randrange(len(case.body)) for _ in range(6)} | \
                    {ends[0], ends[-1], ends[-2] if len(ends) > 1 else 0, len(case.body) - 1}
                for at in sorted(places):
                    for how in ("short", "cut"):
                        if at < len(case.body) or how == "short":
                            expect_cut(case, exchange(served, ask(case, "~%s %d~" % (how, at))), at, whole, how)


# -- errors --

def error_of(case):
    """message, type, code as 8.1 has them for a client of chat."""
    if case.content_type.startswith("text/event-stream"):
        document = dialect_readings.sse_events(case.body)[0]
    else:
        document = json.loads(case.body)
    document = document[0] if isinstance(document, list) else document
    by_status = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
                 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
    kind = by_status.get(case.status, "api_error" if case.status >= 500 else None)
    error = document.get("error")
    if case.dialect == "anthropic" and isinstance(error, dict):
        return error["message"], error["type"], None
    if case.dialect == "gemini":
        return error["message"], error["status"].lower(), error["status"]
    if case.group in dialect_cases.AWS:
        name = case.meta["response_headers"].get("x-amzn-errortype", "").split(":")[0]
        return document.get("message") or document.get("Message"), kind, name or None
    if case.dialect == "cohere":
        return document["message"], kind, document.get("error_type")
    if case.dialect == "ollama":
        return error, kind, None
    if isinstance(error, str):  # xAI
        return error, kind, document.get("code")
    return error["message"], error.get("type") or kind, error.get("code")


@pytest.mark.parametrize("shelf", shelves(ERRORS))
def test_error(served, shelf):
    """The provider's status and words, in the shape of 8.1, whatever was asked."""
    c = Connection(served)
    with verdicts("error") as each:
        for case in of(shelf, ERRORS):
            with each(case):
                for stream in (False, True):
                    status, body = c.post(dict(ask(case), stream=stream))
                    assert status == case.status, (status, body)
                    assert c.headers["x-holdfast-error-source"] == "provider"
                    record = served.record(c.headers["x-respan-log-id"])
                    assert (record["status_code"], record["cost"]) == (case.status, 0)
                    if case.dialect == "chat":
                        assert body == case.body  # the same kind: byte for byte
                        continue
                    error = json.loads(body)["error"]
                    message, kind, code = error_of(case)
                    assert (error["message"], error["type"], error["code"]) == (message, kind, code), error
                    assert not faults("ErrorResponse", json.loads(body)), body


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_no_answer(served, name):
    """What was recorded as 200 and is none: an error, with the provider's words if it has any."""
    case, c = all_cases()[name], Connection(served)
    with verdicts("refused") as each:
        with each(case):
            status, body = c.post(ask(case))
            assert status == REFUSED[name][0], (status, body)
            error = json.loads(body)["error"]
            if "error" in REFUSED[name][1] or "failed" in REFUSED[name][1]:
                theirs = recordings.Reading(sse(case.body.decode())) if case.dialect == "chat" else \
                    dialect_readings.read(case)
                assert error["message"] == theirs.error["message"], error
            else:
                assert error["code"] in ("upstream_invalid_response", "upstream_stream_error"), error


def test_every_case_is_tried():
    """No recording is left out silently."""
    folders = glob.glob(recordings.ROOT + "/*/*/meta.json") + glob.glob(recordings.ROOT + "/_*/*/*/meta.json")
    left = [f for f in folders if f.split("/")[-3] in NO_CHAT]
    assert len(folders) - len(left) == len(all_cases()) + len(recordings.chat_cases())
    assert (len(all_cases()), len(WHOLE), len(STREAMS), len(ERRORS)) >= (357, 148, 172, 30)
