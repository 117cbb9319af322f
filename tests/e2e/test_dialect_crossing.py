"""Recorded answers to clients of yet another dialect (providers.md 10): what
the gateway writes for them is valid by the strict schema of theirs, and has
the words, calls and figures of the recording.
"""
import json
import re
import urllib.parse

import pytest

import dialect_readings
from dialect_cases import dialect_cases as all_cases
from dialect_readings import same_json
from judging import dechunk, exchange, faults
from recordings import sse
from test_dialects import ANSWERS, code_and_text, served, shelves  # noqa: F401 (a fixture)
from test_dialect_clients import CLIENT_OF
from verdicts import verdicts

PATHS = {"messages": "/api/anthropic/v1/messages", "responses": "/api/responses"}
SCHEMAS = {"messages": ("anthropic/Message", "anthropic/MessageStreamEvent"),
           "gemini": ("gemini/GenerateContentResponse",) * 2,
           "responses": ("Response", "ResponseStreamEvent")}

pytestmark = pytest.mark.skipif(not all_cases(), reason="no recordings (HOLDFAST_SHARED)")


def ask(client, case):
    """(path, body) of a small request of the client's dialect."""
    if client == "gemini":
        return "/api/google/gemini/v1beta/models/%s:%s" % (
            urllib.parse.quote(case.slug, safe=""),
            "streamGenerateContent?alt=sse" if case.streamed else "generateContent"), \
            {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    body = {"model": case.slug, "stream": case.streamed}
    if client == "messages":
        return PATHS[client], dict(body, max_tokens=100, messages=[{"role": "user", "content": "Hello"}])
    return PATHS[client], dict(body, input="Hello")


READ = {"messages": ("anthropic_whole", "anthropic_stream"), "gemini": ("gemini_whole", "gemini_stream"),
        "responses": ("responses_whole", "responses_stream")}


def objects(got):
    return [json.loads(d) for _, d in sse(got.decode())]


def expect_words(ours, theirs, client):
    """The first choice: these dialects have no others, but Gemini."""
    mine, said = ours.choice(0), theirs.choice(0)
    if said.refusal and client != "responses":  # a refusal has no member of its own there
        assert mine.text() == said.refusal
    else:
        assert code_and_text(said).match(mine.text()), ("text", mine.text(), said.parts)
    if client != "responses":
        assert re.fullmatch(r"\s*".join(map(re.escape, said.reasoning)), "".join(mine.reasoning)), "reasoning"
    assert [c[1] for c in mine.calls] == [c[1] for c in said.calls]
    for our, their in zip(mine.calls, said.calls):
        want = same_json(their[2])
        assert same_json(our[2]) == (want if isinstance(want, dict) or client == "responses" else
                                     {"_raw": their[2]}), (our, their)
    assert ours.complete
    if theirs.usage:
        keys = ("prompt", "completion", "cached")
        assert {k: ours.usage[k] for k in keys} == {k: theirs.usage[k] for k in keys}, (ours.usage, theirs.usage)


@pytest.mark.parametrize("client", sorted(SCHEMAS))
@pytest.mark.parametrize("shelf", shelves(ANSWERS))
def test_crossing(served, shelf, client):  # noqa: F811
    with verdicts("to a client of " + client) as each:
        for case in ANSWERS.values():
            theirs = dialect_readings.read(case)
            native = CLIENT_OF.get(case.group) == client or (  # Claude at Bedrock is asked by invoke then
                client == "messages" and case.group == "bedrock-converse" and "claude" in case.upstream)
            if case.shelf != shelf or native or theirs.error:
                continue
            with each(case):
                path, body = ask(client, case)
                raw = exchange(served, body, path)
                assert raw.startswith(b"HTTP/1.1 200 "), raw[-400:]
                streamed = b"\r\nTransfer-Encoding: chunked" in raw
                assert streamed == case.streamed
                got, ended = dechunk(raw) if streamed else (raw.partition(b"\r\n\r\n")[2], True)
                assert ended, got[-300:]
                made = objects(got) if streamed else [json.loads(got)]
                for one in made:
                    if one.get("type") != "ping":
                        bad = faults(SCHEMAS[client][streamed], one)
                        assert not bad, (bad, one)
                ours = getattr(dialect_readings, READ[client][streamed])(made if streamed else made[0])
                expect_words(ours, theirs, client)
