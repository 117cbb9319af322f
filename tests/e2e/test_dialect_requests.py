"""Requests of OpenAI chat, as clients sent them, to every other dialect: valid
by that provider's schema, and nothing that was said is lost (providers.md 13,
point 4).
"""
import functools
import json
import urllib.parse

import pytest
from jsonschema import Draft202012Validator

import dialect_cases
import recordings
from dialect_cases import caller, dialect_cases as all_cases
from judging import Connection, validator
from provider import Provider, head
from verdicts import verdicts

# The kind -> a group of its answers, its schema (None: nobody publishes one).
KINDS = {
    "anthropic": ("anthropic", "anthropic/CreateMessageParams"),
    "vertex-claude": ("vertex-claude", "anthropic/CreateMessageParams"),
    "bedrock-invoke": ("bedrock-invoke", "anthropic/CreateMessageParams"),
    "gemini": ("gemini", "gemini/GenerateContentRequest"),
    "vertex-gemini": ("vertex-gemini", "gemini/GenerateContentRequest"),
    "bedrock": ("bedrock-converse", "bedrock/ConverseRequest"),
    "cohere": ("cohere", None),
    "ollama": ("ollama-native", None),
    "responses": ("openai-responses", "openai/CreateResponse"),
}


def smallest(group, streamed):
    found = [c for c in all_cases().values() if c.group == group and not c.top and c.status == 200 and
             c.streamed == streamed and "claude" in c.upstream + ("" if group == "bedrock-invoke" else "claude") and
             "claude-v2" not in c.upstream and "instant" not in c.upstream]
    return min(found, key=lambda c: len(c.body))


ASKED = {kind: smallest(group, False) for kind, (group, _) in KINDS.items()} if all_cases() else {}
REQUESTS = {n: c for n, c in recordings.chat_cases().items() if c.group in ("openai-chat", "mistral") and not c.top}

pytestmark = pytest.mark.skipif(not REQUESTS, reason="no recordings (HOLDFAST_SHARED)")

CLAUDE = ("anthropic", "vertex-claude", "bedrock-invoke", "bedrock")
# What 4.9 refuses: the case, what stands in param, at which kinds.
REFUSED = {
    "mistral/once-imgb64-doc-cacheread-4be697": ("messages[1].content[1]", tuple(KINDS)),  # document_url is Mistral's
    "mistral/once-toolresult-jsonschema-length-bbb13b": ("response_format", CLAUDE),  # forced tool, and tools: 4.6
    "openai-chat/once-imgurl-length-6e3c7c": (
        "messages[0].content[1].image_url", CLAUDE[1:] + ("gemini", "ollama")),  # images.fetch is off: 4.5
    "openai-chat/once-text-31f998": (
        "messages[0].content[1]", CLAUDE + ("cohere", "ollama", "responses")),  # input_audio: 4.5
}
# Refused before a provider is chosen.
OUR_400 = {"openai-chat/err400-0ff3cb": "temperature"}
# By members of the request: 4.2, 4.3.
MEMBERS = (
    ("n", lambda v: v > 1, CLAUDE + ("cohere", "ollama", "responses")),
    ("logprobs", bool, CLAUDE + ("ollama",)),
    ("top_logprobs", bool, CLAUDE + ("cohere", "ollama")),
    ("modalities", lambda v: v != ["text"], tuple(KINDS)),
    ("audio", bool, tuple(KINDS)),
    ("tool_choice", lambda v: v not in ("auto", "none"), ("ollama",)),
)


def refusals(case, kind):
    """The params of which one must be refused; none: it must be sent."""
    out = [param for name, (param, kinds) in REFUSED.items() if name == case.name and kind in kinds]
    out += [OUR_400[case.name]] if case.name in OUR_400 else []
    return out + [name for name, bad, kinds in MEMBERS
                  if kind in kinds and case.request.get(name) is not None and bad(case.request[name])]


def answer(request):
    """Any valid answer of the kind that was asked, a stream if one was."""
    case = all_cases()[caller(request)]
    streamed = b'"stream":true' in request.body.replace(b" ", b"") or "stream" in request.path.lower()
    case = smallest(case.group, streamed)
    return [head(200, (("Content-Type", case.content_type), ("Content-Length", len(case.body)))) + case.body]


@pytest.fixture(scope="module")
def served():
    with Provider(answer) as provider:
        g = dialect_cases.gateway_for(provider, {c.name: c for c in ASKED.values()},
                                      ("tools", "vision", "json_schema", "reasoning"))
        try:
            g.start(env=g.environment)
            yield g
        finally:
            g.close()


@functools.lru_cache(None)
def overlapping(name):
    """OpenAI's own alternatives for an input item overlap: a message is two of them."""
    return Draft202012Validator(json.loads(json.dumps(validator(name).schema).replace('"oneOf"', '"anyOf"')))


def faults_of(kind, body):
    name = KINDS[kind][1]
    if name is None:
        return []
    body = dict(body)
    if kind in ("vertex-claude", "bedrock-invoke"):
        assert "model" not in body and body.pop("anthropic_version")
        body["model"] = "claude"
    if kind == "bedrock":
        body["modelId"] = "m"
    check = overlapping(name) if kind == "responses" else validator(name)
    return [(list(e.path), e.message[:200]) for e in check.iter_errors(body)]


def words_of(request):
    """Every text of the conversation, and the names of tools."""
    for message in request["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            if part.get("type") == "text" and part.get("text"):
                yield part["text"].strip()
        for call in message.get("tool_calls") or []:
            yield call["function"]["name"]
    # Some kinds leave the tools out then.
    for tool in (request.get("tools") or []) if request.get("tool_choice") != "none" else []:
        yield tool["function"]["name"]


def strings(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(inner)


def expect_body(kind, request, body):
    assert not faults_of(kind, body), faults_of(kind, body)
    said = "\n".join(strings(body)) + "\n" + json.dumps(body, ensure_ascii=False)
    for words in words_of(request):
        try:  # the result of a tool may be an object there
            assert words in said or json.dumps(json.loads(words), ensure_ascii=False) in said, words
        except ValueError:
            assert words in said, words


# Where the credential stands, and the path of a plain request: providers.md 1.
WHERE = {
    "anthropic": ("x-api-key", "/v1/messages"),
    "vertex-claude": ("Authorization", "/v1/projects/case-%d/locations/us-east5/publishers/anthropic/models/%s:rawPredict"),
    "bedrock-invoke": ("Authorization", "/model/%s/invoke"),
    "gemini": ("x-goog-api-key", "/v1beta/models/%s:generateContent"),
    "vertex-gemini": ("Authorization", "/v1/projects/case-%d/locations/us-east5/publishers/google/models/%s:generateContent"),
    "bedrock": ("Authorization", "/model/%s/converse"),
    "cohere": ("Authorization", "/v2/chat"),
    "ollama": ("Authorization", "/api/chat"),
    "responses": ("Authorization", "/v1/responses"),
}
AUTH = ("x-api-key", "x-goog-api-key", "Authorization", "api-key")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_head(served, kind):
    """The path, and headers that are built from nothing (3.1)."""
    case, c = ASKED[kind], Connection(served)
    status, body = c.post({"model": case.slug, "messages": [{"role": "user", "content": "Hello"}]})
    got = served.provider.requests[-1]
    name, path = WHERE[kind]
    values = {"%d": str(list(ASKED.values()).index(case)), "%s": urllib.parse.quote(case.upstream, safe="@")}
    for mark, value in values.items():
        path = path.replace(mark, value)
    assert (status, got.path) == (200, path), body[:300]
    value = got.header(name)
    if case.group in dialect_cases.AWS:
        assert value.startswith("AWS4-HMAC-SHA256 Credential=case:" + case.name.replace("/", "__")), value
        assert "SignedHeaders=content-type;host;x-amz-date," in value and got.header("x-amz-date")
    else:
        assert value == ("Bearer " if name == "Authorization" else "") + "case:" + case.name
    assert [n for n in AUTH if got.header(n)] == [name]
    assert (got.header("Content-Type"), got.header("Accept"), got.header("Accept-Encoding")) == \
        ("application/json", "application/json", "identity")
    assert (got.header("anthropic-version") == "2023-06-01") == (kind == "anthropic")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_translated(served, kind):
    c = Connection(served)
    with verdicts("request to " + kind) as each:
        for case in REQUESTS.values():
            with each(case):
                before = len(served.provider.requests)
                status, body = c.post(dict(case.request, model=ASKED[kind].slug))
                got = served.provider.requests[before:]
                params = refusals(case, kind)
                if params:
                    assert status == 400 and not got, (status, params)
                    error = json.loads(body)["error"]
                    assert any(error["param"].startswith(p) for p in params), error
                    assert error["code"] == ("invalid_value" if case.name in OUR_400 else "unsupported_parameter")
                    continue
                assert status == 200 and len(got) == 1, (status, body[:300])
                expect_body(kind, case.request, got[0].json)
