"""Recorded exchanges of a dialect, to clients of that same dialect
(providers.md 10.3; 13, point 5): what passes is the same bytes.
"""
import functools
import json
import random
import re
import urllib.parse

import pytest

import dialect_cases
import dialect_readings
from dialect_cases import dialect_cases as all_cases
from judging import dechunk, exchange, records_of
from provider import LAST_CHUNK
from recordings import sse
from test_dialects import REFUSED, expect_record, served  # noqa: F401 (a fixture)
from verdicts import verdicts

# client's dialect -> groups whose provider speaks it.
CLIENTS = {
    "messages": ("anthropic", "openrouter-messages", "vertex-claude", "bedrock-invoke"),
    "gemini": ("gemini", "vertex-gemini"),
    "responses": tuple(g for g, how in dialect_cases.GROUPS.items() if how[0] == "responses"),
}
CLIENT_OF = {group: client for client, groups in CLIENTS.items() for group in groups}
# Families of invoke that are not Claude have no Messages to pass on.
CASES = {n: c for n, c in all_cases().items() if c.group in CLIENT_OF and not (
    c.group == "bedrock-invoke" and "claude" not in c.upstream) and not re.search("claude-(v2|instant)", c.upstream)}

pytestmark = pytest.mark.skipif(not CASES, reason="no recordings (HOLDFAST_SHARED)")


def shelves(keep=lambda c: True):
    return sorted({c.shelf for c in CASES.values() if keep(c)})


def of(shelf, keep=lambda c: True):
    return [c for c in CASES.values() if c.shelf == shelf and keep(c)]


# -- requests --

def path_of(case, streamed, alt=True):
    client = CLIENT_OF[case.group]
    if client == "gemini":
        verb = "streamGenerateContent" + ("?alt=sse" if alt else "") if streamed else "generateContent"
        return "/api/google/gemini/v1beta/models/%s:%s" % (urllib.parse.quote(case.slug, safe=""), verb)
    return "/api/anthropic/v1/messages" if client == "messages" else "/api/responses"


def small(case, manner=""):
    """A request of the client's dialect; the manner of the answer stands in the prompt."""
    words = "Hello %-16s" % manner
    if CLIENT_OF[case.group] == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": words}]}]}
    body = {"model": case.slug, "stream": case.streamed}
    if CLIENT_OF[case.group] == "messages":
        return dict(body, max_tokens=100, messages=[{"role": "user", "content": words}])
    return dict(body, input=words)


def recorded(case):
    """The recorded body as a client would have sent it: our name of the model."""
    with open(case.folder + "/request.json", "rb") as f:
        raw = f.read()
    if CLIENT_OF[case.group] == "gemini":
        return raw
    if case.group in ("vertex-claude", "bedrock-invoke"):  # the model stood in the path
        body = {"model": case.slug, "stream": case.streamed}
        body.update({k: v for k, v in json.loads(raw).items() if k != "anthropic_version"})
        return json.dumps(body).encode()
    return re.sub(rb'("model"\s*:\s*)"[^"]*"', lambda m: m.group(1) + json.dumps(case.slug).encode(), raw, count=1)


def expected_body(case, sent):
    """What 10.3 makes of the client's bytes; None if only the values can be compared."""
    body = json.loads(sent)
    if case.group in ("vertex-claude", "bedrock-invoke") or any(v is None for v in body.values()):
        return None
    if "max_tokens" not in body and CLIENT_OF[case.group] == "messages":
        return None
    if set(body.get("metadata") or {}) - {"user_id"} and CLIENT_OF[case.group] == "messages":
        return None
    return sent.replace(json.dumps(case.slug).encode(), json.dumps(case.upstream).encode(), 1).strip()


def expected_values(case, sent):
    body = {k: v for k, v in json.loads(sent).items() if v is not None}
    if CLIENT_OF[case.group] == "messages":
        body.setdefault("max_tokens", 4096)
        if "metadata" in body:
            body["metadata"] = {k: v for k, v in body["metadata"].items() if k == "user_id"}
    if case.group in ("vertex-claude", "bedrock-invoke"):
        body.pop("model")
        if case.group == "bedrock-invoke":
            body.pop("stream")
        body["anthropic_version"] = "vertex-2023-10-16" if case.group == "vertex-claude" else "bedrock-2023-05-31"
    elif CLIENT_OF[case.group] != "gemini":
        body["model"] = case.upstream
    return body


def expect_sent(case, sent, got):
    """The request at the provider: where, and what."""
    model = urllib.parse.quote(case.upstream, safe="")
    verb = {"gemini": "streamGenerateContent?alt=sse" if case.streamed else "generateContent"}.get(
        CLIENT_OF[case.group])
    n = list(all_cases()).index(case.name)
    vertex = "/v1/projects/case-%d/locations/us-east5/publishers/" % n
    paths = {
        "anthropic": "/v1/messages", "openrouter-messages": "/api/v1/messages",
        "gemini": "/v1beta/models/%s:%s" % (model, verb),
        "vertex-gemini": vertex + "google/models/%s:%s" % (model, verb),
        "vertex-claude": vertex + "anthropic/models/%s:%s" % (
            model, "streamRawPredict" if case.streamed else "rawPredict"),
        "bedrock-invoke": "/model/%s/invoke%s" % (model, "-with-response-stream" if case.streamed else ""),
    }
    at = paths.get(case.group, case.base + "/responses")
    assert urllib.parse.unquote(got.path).split("?api-version")[0] == urllib.parse.unquote(at), (got.path, at)
    body = expected_body(case, sent)
    if body is not None:
        assert got.body.strip() == body, (got.body[:300], body[:300])
    else:
        assert json.loads(got.body) == expected_values(case, sent)
    if CLIENT_OF[case.group] == "messages" and case.group in ("anthropic", "openrouter-messages"):
        assert got.header("anthropic-version") == "2023-06-01"


# -- answers --

@functools.lru_cache(None)
def native(case):
    """The recorded stream as the client must get it, bytes."""
    if case.group == "bedrock-invoke":
        out = b""
        for event in dialect_readings.invoke_events(case.body):
            event.pop("amazon-bedrock-invocationMetrics", None)
            out += b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        return out
    body = re.sub(rb"(event: \w+\n)?data: \[DONE\]\s*\Z", b"", case.body)
    body = re.sub(rb"(?m)^:.*\r?\n\r?\n", b"", body)  # keep-alives are our own (7.4, 4)
    last = re.search(rb'data: [^\n]*"type": ?"(message_stop|response\.(completed|incomplete))"[^\n]*\n(event: .*\n)?', body)
    return body[:last.end()] + b"\n" if last else body  # what a fixture has behind it is another answer


def same_stream(case, got):
    """Byte for byte; invoke's objects are compared as values, for their frames are ours."""
    if case.group == "bedrock-invoke":
        assert b"amazon-bedrock" not in got
        return [(e, json.loads(d)) for e, d in sse(got.decode())] == \
            [(e, json.loads(d)) for e, d in sse(native(case).decode())]
    return got.rstrip() == native(case).rstrip()


def same_whole(case, got):
    """An error that came as an event of a stream goes on as what it is."""
    if case.body.startswith(b"data:"):
        return json.loads(got) == json.loads(case.body[5:])
    return got == case.body


OUR_400 = {
    "openai-responses/once-imgurl-doc-reasoning-8e71e3": "a stored prompt in the place of a model",
    "openai-responses/stream-reasoning-1579e5": "background is refused (api.md 5)",
}


@pytest.mark.parametrize("shelf", shelves(lambda c: not c.top))
def test_recorded_request(served, shelf):  # noqa: F811
    """The recorded request: the provider gets its bytes, the client the answer's."""
    ids = {}
    with verdicts("own client") as each:
        for case in of(shelf):
            with each(case):
                sent, path = recorded(case), path_of(case, case.streamed)
                before = len(served.provider.requests)
                raw = exchange(served, sent, path)
                got = served.provider.requests[before:]
                status = int(raw[9:12])
                if case.name in OUR_400:
                    assert status == 400 and not got and b'"param":' in raw
                    continue
                top, _, rest = raw.partition(b"\r\n\r\n")
                assert len(got) >= 1, raw[-600:]
                expect_sent(case, sent, got[-1])
                assert status == case.status, raw[:900]
                if b"\r\nTransfer-Encoding: chunked" in top:
                    body, ended = dechunk(raw)
                    assert ended
                    assert same_stream(case, body), (body[-400:], native(case)[-400:])
                else:
                    assert same_whole(case, rest), (rest[:300], case.body[:300])
                if status == 200:
                    ids[re.search(rb"x-respan-log-id: (\w+)", top).group(1).decode()] = case
    with verdicts("own client's log") as each:
        for log_id, record in records_of(served, ids).items():
            with each(ids[log_id]):
                expect_record(record, dialect_readings.read(ids[log_id]))


@pytest.mark.parametrize("shelf", shelves(lambda c: c.name not in REFUSED))
def test_reply(served, shelf):  # noqa: F811
    """Any recorded answer reaches the client as it came, however it was cut into pieces."""
    with verdicts("own client's answer") as each:
        for case in of(shelf, lambda x: x.name not in REFUSED):
            with each(case):
                for manner in ("", "~pieces 0~", "~pieces 7~", "~pieces 1~"):
                    if manner == "~pieces 1~" and len(case.body) > 20000:
                        continue
                    raw = exchange(served, json.dumps(small(case, manner)).encode(), path_of(case, case.streamed))
                    assert int(raw[9:12]) == case.status, raw[:900]
                    if b"\r\nTransfer-Encoding: chunked" not in raw:
                        assert same_whole(case, raw.partition(b"\r\n\r\n")[2]), raw[-300:]
                        continue
                    body, ended = dechunk(raw)
                    theirs = dialect_readings.read(case)
                    if theirs.error:
                        assert not ended and theirs.error["message"].encode() in body
                    else:
                        assert ended and same_stream(case, body), (manner, body[-400:], native(case)[-400:])


@pytest.mark.parametrize("shelf", shelves(lambda c: c.streamed and c.status == 200 and CLIENT_OF[c.group] == "gemini"))
def test_gemini_array(served, shelf):  # noqa: F811
    """Without alt=sse a stream is one JSON array (api.md 8.3)."""
    with verdicts("array") as each:
        for case in of(shelf, lambda x: x.streamed and x.status == 200 and not dialect_readings.read(x).error):
            with each(case):
                raw = exchange(served, json.dumps(small(case)).encode(), path_of(case, True, alt=False))
                body, ended = dechunk(raw)
                assert ended and b"application/json" in raw.partition(b"\r\n\r\n")[0]
                assert json.loads(body) == dialect_readings.sse_events(case.body)
                at = random.Random(case.name).randrange(len(case.body))
                raw = exchange(served, json.dumps(small(case, "~cut %d~" % at)).encode(),
                               path_of(case, True, alt=False))
                if b"\r\nTransfer-Encoding: chunked" in raw:
                    body, ended = dechunk(raw)
                    assert not ended and "error" in json.loads(body + b"]")[-1], body[-300:]


# -- streams that end early --

def last_event(case, body):
    """The data of the last event, and its name."""
    events = sse(body.decode())
    assert events, body
    return events[-1][0], json.loads(events[-1][1])


def expect_error_event(case, body):
    """api.md 8.6, in the client's dialect."""
    name, event = last_event(case, body)
    client = CLIENT_OF[case.group]
    if client == "gemini":
        assert (event["error"]["code"], event["error"]["status"]) == (502, "UNAVAILABLE"), event
        return
    assert name == "error" and event["type"] == "error", (name, event)
    if client == "messages":
        assert event["error"]["type"] == "api_error" and event["error"]["message"]
    else:
        assert event["code"] == "upstream_stream_error" and event["param"] is None
        numbers = [json.loads(d).get("sequence_number") for _, d in sse(body.decode())]
        assert numbers[:-1] != list(range(len(numbers) - 1)) or event["sequence_number"] == len(numbers) - 1


TERMINAL = (b"event: message_stop", b"event: response.completed", b"event: response.incomplete",
            b'"type":"response.completed"', b'"type":"message_stop"')


def expect_cut(case, raw, at, how):
    theirs = dialect_readings.read(case, at)
    if b"\r\nTransfer-Encoding: chunked" not in raw:
        assert re.match(rb"HTTP/1.1 [45]\d\d ", raw) and (how == "cut" or not theirs.complete), raw[-400:]
        return
    body, ended = dechunk(raw)
    if ended:
        assert theirs.complete, (at, "a clean end of a stream that was cut")
        assert not (how == "cut" and case.dialect == "gemini"), (at, "the body has no proper end (7.5)")
        return
    assert not raw.endswith(LAST_CHUNK) and (how == "cut" or not theirs.complete), (at, "lost")
    expect_error_event(case, body)
    if not theirs.complete:
        assert not any(t in body for t in TERMINAL), (at, body[-500:])
    if case.group != "bedrock-invoke":
        parts = re.split(rb"(?<=\n)(?=(?:event: error\n)?data: [^\n]*\n\n\Z)|(?=data: [^\n]*\r\n\r\n\Z)", body)
        assert native(case).startswith(parts[0].rstrip()) or len(parts) == 1, (at, body[-500:])


@pytest.mark.parametrize("shelf", shelves(lambda c: c.streamed and c.status == 200 and c.name not in REFUSED))
def test_cut(served, shelf):  # noqa: F811
    with verdicts("own client's cut") as each:
        for case in of(shelf, lambda x: x.streamed and x.status == 200 and x.name not in REFUSED):
            if dialect_readings.read(case).error:
                continue
            with each(case):
                rng = random.Random(case.name)
                for at in sorted({rng.randrange(len(case.body)) for _ in range(12)} | {len(case.body) - 1}):
                    for how in ("short", "cut"):
                        raw = exchange(served, json.dumps(small(case, "~%s %d~" % (how, at))).encode(),
                                       path_of(case, True))
                        expect_cut(case, raw, at, how)
