"""Embeddings: who is asked in which words, what comes back, what it costs."""
import base64
import functools
import json
import os
import struct

import pytest

import recordings
from dialect_cases import pieces
from gateway import KEY, TEST_KEY, Gateway, nano, wait_for
from judging import Connection, faults
from provider import LAST_CHUNK, Provider, chunked, completion, head, json_reply

PATH = "/api/embeddings"
HIT = ("hit", "collapsed")  # collapsed: the answer was about to be stored
IN = 1000  # nano-USD a token of test-model


def embedding(n=1, usage={"prompt_tokens": 8, "total_tokens": 8}, **members):
    data = [{"object": "embedding", "index": i, "embedding": [0.5, -0.25, i]} for i in range(n)]
    body = {"object": "list", "data": data, "model": "emb-0001"}
    if usage is not None:
        body["usage"] = usage
    return dict(body, **members)


def embed(gateway, input="Hello", model="test-model", key=KEY, headers=None, path=PATH, **members):
    return gateway.post(path, dict({"model": model, "input": input}, **members), key=key, headers=headers)


def floats(text):
    raw = base64.b64decode(text, validate=True)
    return list(struct.unpack("<%df" % (len(raw) // 4), raw))


def as_floats(values):
    return [struct.unpack("<f", struct.pack("<f", v))[0] for v in values]


# -- a provider of OpenAI's API --

@pytest.mark.parametrize("path", ["/api/embeddings", "/v1/embeddings", "/embeddings/", "/api/v1/embeddings"])
def test_the_bytes_of_both_sides(running, path):
    """Nothing but the model and what is Respan's is touched, either way."""
    p, said = running.provider, b' {"object" : "list", "data":[{"embedding":[1.0,-2e-3,0.10]}],"x":1,\n"usage":{"prompt_tokens":8} } '
    p.answer = lambda r: json_reply(said)
    body = ('{"model": "test-model", "input" : ["a\\u00e9", "b"], "dimensions":8.0, "note":"n",\n'
            ' "user":"u", "x":12345678901234567890, "stream":null}')
    r = running.post(path, body)
    assert (r.status, r.body) == (200, said.strip()), r.body
    asked = p.requests[-1]
    assert asked.path == "/v1/embeddings" and asked.header("Authorization") == "Bearer sk-provider-secret"
    assert asked.body.decode() == ('{"model": "test-model", "input" : ["a\\u00e9", "b"], "dimensions":8,'
                                   ' "user":"u", "x":12345678901234567890}'), asked.body
    assert r.headers["content-type"] == "application/json"
    assert (r.headers["x-holdfast-cost"], r.headers["x-holdfast-model"]) == ("0.000008", "test-model")
    assert "x-holdfast-max-tokens" not in r.headers
    record = running.record(r.headers["x-respan-log-id"])
    assert (record["log_type"], record["endpoint"], record["usage_source"]) == ("embedding", "embeddings", "provider")
    assert (record["prompt_tokens"], record.get("completion_tokens", 0), nano(record["cost"])) == (8, 0, 8 * IN)
    assert (record["status"], record["model"], record["provider_id"]) == ("success", "test-model", "openai")


@pytest.mark.parametrize("input", ["a", ["a", "b"], [1, 2, 3], [[1, 2], [3]], [[1], "a"], [""]])
def test_any_input_is_for_the_provider_to_judge(running, input):
    running.provider.answer = lambda r: json_reply(embedding())
    assert embed(running, input).status == 200
    assert running.provider.requests[-1].json["input"] == input


def test_many_tokens_have_no_limit_of_nodes(running):
    running.provider.answer = lambda r: json_reply(embedding())
    assert embed(running, [[7] * 2000] * 100).status == 200
    assert running.provider.requests[-1].json["input"] == [[7] * 2000] * 100


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "8"}])
def test_a_usage_that_is_lacking(running, usage):
    """The reply gets the estimate, the record says that it is one (api.md 7.3)."""
    running.provider.answer = lambda r: json_reply(embedding(usage=usage))
    r = embed(running, "Hello " * 50)
    tokens = (len(running.provider.requests[-1].body) + 3) // 4
    assert r.json["usage"]["prompt_tokens"] == r.json["usage"]["total_tokens"] == tokens
    assert not faults("CreateEmbeddingResponse", r.json)
    record = running.record(r.headers["x-respan-log-id"])
    assert (record["usage_source"], record["prompt_tokens"]) == ("bound", tokens)
    assert list(r.json["usage"]).count("prompt_tokens") == 1 and r.body.count(b'"usage"') == 1


@pytest.mark.parametrize("members, code, param", [
    ({"input": None}, "missing_required_parameter", "input"),
    ({"input": []}, "invalid_value", "input"),
    ({"input": {}}, "invalid_type", "input"),
    ({"model": None}, "no_model_available", None),  # the router's, and none embeds
    ({"model": 7, "input": None}, "invalid_type", "model"),
    ({"model": "nope"}, "model_not_found", "model"),
    ({"encoding_format": "hex"}, "invalid_value", "encoding_format"),
    ({"dimensions": 0}, "invalid_value", "dimensions"),
    ({"dimensions": "8"}, "invalid_type", "dimensions"),
    ({"prompt": {"prompt_id": "p"}}, "unsupported_parameter", "prompt"),
])
def test_faults(running, members, code, param):
    before = len(running.provider.requests)
    r = embed(running, **members)
    assert (r.code, r.json["error"]["param"]) == (code, param), r.body
    assert r.status == (404 if code in ("model_not_found", "no_model_available") else 400)
    assert len(running.provider.requests) == before
    record = running.record(r.headers["x-respan-log-id"])
    assert (record["status"], record["endpoint"], record["error_code"]) == ("error", "embeddings", code)


def test_methods_and_neighbours(running):
    r = running.get(PATH)
    assert (r.status, r.code, r.headers["allow"]) == (405, "method_not_allowed", "POST, OPTIONS"), r.headers
    assert running.post(PATH + "/x", {}).code == "unknown_path"
    assert embed(running, key=None).code == "missing_api_key"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"data":{}}', json.dumps(completion()).encode(),
                                  json.dumps(embedding()).encode()[:-1]])
def test_no_answer(running, body):
    running.provider.answer = lambda r: json_reply(body)
    r = embed(running)
    assert (r.status, r.code) == (502, "upstream_invalid_response"), r.body


def test_an_error_of_the_provider(running):
    said = b'{"error":{"message":"no such model","type":"invalid_request_error","param":null,"code":null}}'
    running.provider.answer = lambda r: json_reply(said, status=404)
    r = embed(running)
    assert (r.status, r.body, r.headers["x-holdfast-error-source"]) == (404, said, "provider")
    assert running.record(r.headers["x-respan-log-id"])["cost"] == 0
    running.provider.answer = lambda r: json_reply(b'{"error":{"message":"slow down","code":429}}')
    assert embed(running).status == 429


def test_chat_and_embeddings_are_told_apart_by_the_path_alone(running):
    """Whether a model can do it is for its provider to say."""
    running.provider.answer = lambda r: json_reply({"error": {"message": "This is not a chat model"}}, status=404)
    assert running.chat().json["error"]["message"] == "This is not a chat model"
    assert running.provider.requests[-1].path == "/v1/chat/completions"


def test_metrics(running):
    running.provider.answer = lambda r: json_reply(embedding())
    name = 'holdfast_tokens_total{provider="openai",model="test-model",kind="input"}'
    before = running.figure(name)
    assert embed(running).status == 200
    wait_for(lambda: running.figure(name) >= before + 8, 5, "the tokens")
    assert 'endpoint="embeddings"' in running.admin("/metrics").body.decode()


def test_the_contents_of_a_record(make_gateway, provider):
    """logs.md 1: the texts are its input, vectors are no output."""
    provider.answer = lambda r: json_reply(embedding())
    g = make_gateway(start=False)
    g.text = g.text.replace('kind = "jsonl"; ', 'kind = "jsonl"; bodies = true; ')
    g.start()
    record = g.record(embed(g, ["a", "b"], note="n").headers["x-respan-log-id"])
    assert (json.loads(record["input"]), record.get("output", "")) == (["a", "b"], "")
    assert record["full_request"]["input"] == ["a", "b"]
    assert record["full_response"] == embedding()
    kept = g.record(embed(g, "secret", disable_log=True).headers["x-respan-log-id"])
    assert "secret" not in json.dumps(kept)


# -- money, limits, cache --

def budget(dollars, **members):
    return dict({"customer_identifier": "c", "period_budget": dollars, "budget_duration": "daily"}, **members)


def test_the_hold_is_of_the_input_alone(make_gateway, provider):
    provider.answer = lambda r: json_reply(embedding())
    g = make_gateway()
    r = embed(g, customer_params=budget("0.001"))
    assert r.status == 200 and "max_tokens" not in provider.requests[0].json
    g.at_rest()
    assert g.account("c")["settled"] == 8 * IN
    # As many bytes as the budget has tokens, less the overhead of 64: money.md 5.
    room = 1000 - 8 - 64 - len(provider.requests[0].body) + len("Hello")
    r = embed(g, "x" * (room + 1), customer_identifier="c")
    assert (r.status, r.code) == (429, "budget_exceeded"), r.body
    assert embed(g, "x" * room, customer_identifier="c").status == 200
    assert len(provider.requests) == 2


def test_what_nobody_counted_is_in_doubt(make_gateway, provider):
    provider.answer = lambda r: json_reply(embedding(usage=None))
    g = make_gateway()
    assert embed(g, customer_params=budget("1")).status == 200
    g.at_rest()
    sent = len(provider.requests[0].body)
    row = g.account("c")
    assert (row["settled"], row["suspense"], row["held"]) == ((sent + 64) * IN, (sent + 64 - (sent + 3) // 4) * IN, 0)


def test_limits_count_them_with_chat(make_gateway, provider):
    provider.answer = lambda r: json_reply(embedding() if "input" in r.json else completion())
    g = make_gateway()
    params = {"customer_identifier": "c", "rate_limit": 2}
    assert [embed(g, customer_params=params).status, g.chat(customer_identifier="c").status] == [200, 200]
    r = embed(g, customer_identifier="c")
    assert (r.status, r.code) == (429, "rate_limit_exceeded")


def test_cache(running):
    count = []

    def answer(r):
        count.append(r)
        return json_reply(embedding(n=len(count)))

    running.provider.answer = answer
    ask = functools.partial(embed, running, "cached", cache_enabled=True)
    a = ask()
    running.logged()
    b = ask(user="somebody", metadata={"a": "b"})
    assert a.headers["x-respan-cache"] == "miss" and b.headers["x-respan-cache"] in HIT
    assert a.body == b.body and b.headers["x-holdfast-cost"] == "0.0" and len(count) == 1
    record = running.record(b.headers["x-respan-log-id"])
    assert (record["model"], record["cached_model"], record["endpoint"]) == ("respan/cache", "test-model", "embeddings")
    assert (record["cost"], nano(record["saved_cost"]), record["prompt_tokens"]) == (0, 8 * IN, 8)
    for other in ({"encoding_format": "base64"}, {"dimensions": 3}, {"input": ["cached"]}, {"key": TEST_KEY}):
        assert embed(running, **dict({"input": "cached", "cache_enabled": True}, **other)).headers["x-respan-cache"] == "miss"
    assert len(count) == 5


def test_the_cache_tells_embeddings_from_chat(running):
    """The same members, known to one and forwarded by the other, are two families."""
    running.provider.answer = lambda r: json_reply(embedding() if r.path.endswith("/embeddings") else completion())
    body = {"model": "test-model", "input": "family", "messages": [{"role": "user", "content": "family"}],
            "cache_enabled": True}
    assert running.post(PATH, body).headers["x-respan-cache"] == "miss"
    running.logged()
    r = running.post("/api/chat/completions", body)
    assert (r.headers["x-respan-cache"], r.json["object"]) == ("miss", "chat.completion")
    running.logged()
    r = running.post(PATH, body)
    assert r.headers["x-respan-cache"] in HIT and r.json["object"] == "list"


# -- the demo --

def test_demo(running):
    a, b = embed(running, "Hello", "demo/embed"), embed(running, ["x", "Hello"], "demo/embed")
    assert not faults("CreateEmbeddingResponse", a.json) and not faults("CreateEmbeddingResponse", b.json)
    vectors = [d["embedding"] for d in b.json["data"]]
    assert a.json["data"][0]["embedding"] == vectors[1] != vectors[0] and len(vectors[0]) == 8
    assert b.json["usage"]["prompt_tokens"] == 3
    packed = embed(running, "Hello", "demo/embed", encoding_format="base64").json["data"][0]["embedding"]
    assert floats(packed) == as_floats(vectors[1])
    assert len(embed(running, "Hello", "demo/embed", dimensions=300).json["data"][0]["embedding"]) == 300
    assert "demo/embed" in [m["id"] for m in running.get("/v1/models").json["data"]]
    assert running.chat(model="demo/embed").code == "model_not_found"
    assert embed(running, model="demo/echo").code == "model_not_found"
    assert embed(running, "!status 503", "demo/embed").status == 503


# -- providers of other kinds --

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AWS = 'aws_access_key_id = "env:AWS_ID"; aws_secret_access_key = "env:AWS_SECRET"; aws_region_name = "eu-west-1";'
KINDS = {  # provider: kind, path of the base URL, credential, upstream model
    "gemini": ("gemini", "/v1beta", 'api_key = "env:KEY";', "gemini-embedding-001"),
    "vertex": ("vertex-gemini", "/v1", 'vertex_ai_credentials = "env:VERTEX"; vertex_ai_project = "p"; '
               'vertex_ai_location = "us-east5";', "text-embedding-005"),
    "cohere": ("cohere", "", 'api_key = "env:KEY";', "embed-v4.0"),
    "titan": ("bedrock", "", AWS, "amazon.titan-embed-text-v2:0"),
    "bedrock-cohere": ("bedrock", "", AWS, "cohere.embed-english-v3"),
    "ollama-own": ("ollama", "", 'api_key = "env:KEY";', "all-minilm"),
    "azure-own": ("azure", "", 'api_key = "env:KEY";', "my deployment"),
    "claude": ("anthropic", "/v1", 'api_key = "env:KEY";', "claude-sonnet-4-5"),
}
PROJECT = "/v1/projects/p/locations/us-east5/publishers/google/models/text-embedding-005:predict"
ANSWERS = {  # provider: path, where its texts are, what two and one are answered, tokens
    "gemini": ("/v1beta/models/gemini-embedding-001:batchEmbedContents",
               lambda b: [r["content"]["parts"][0]["text"] for r in b["requests"]],
               lambda v: {"embeddings": [{"values": x} for x in v]}, None),
    "vertex": (PROJECT, lambda b: [i["content"] for i in b["instances"]],
               lambda v: {"predictions": [{"embeddings": {"values": x, "statistics": {"token_count": 4}}} for x in v]}, 8),
    "cohere": ("/v2/embed", lambda b: b["texts"],
               lambda v: {"embeddings": {"float": v}, "meta": {"billed_units": {"input_tokens": 5}}}, 5),
    "bedrock-cohere": ("/model/cohere.embed-english-v3/invoke", lambda b: b["texts"],
                       lambda v: {"embeddings": v, "response_type": "embeddings_floats"}, None),
    "ollama-own": ("/api/embed", lambda b: b["input"],
                   lambda v: {"model": "all-minilm:latest", "embeddings": v, "prompt_eval_count": 6}, 6),
}
VECTORS = [[0.1, -2.5e-3, 1], [1e-45, 0.30000001192092896, -0.0]]


@pytest.fixture(scope="module")
def kinds(request):
    """One gateway with a model at a provider of each kind."""
    with Provider() as provider:
        g = Gateway(extra="providers = ( %s );\nmodels = ( %s );" % (
            ",\n".join('{ name = "%s"; kind = "%s"; base_url = "http://127.0.0.1:%d%s"; credentials = ( { name = "c"; %s } ); }'
                       % (name, kind, provider.port, base, how) for name, (kind, base, how, _) in KINDS.items()),
            ",\n".join('{ name = "%s/m"; provider = "%s"; upstream = "%s"; price = { input = "1"; output = "2"; }; }'
                       % (name, name, model) for name, (_, _, _, model) in KINDS.items())))
        g.provider = provider
        failed = request.session.testsfailed
        try:
            g.start(env={"KEY": "k-of-a-provider", "AWS_ID": "AKID", "AWS_SECRET": SECRET, "VERTEX": '{"access_token":"t-of-google"}'})
            yield g
        finally:
            g.close(failed=request.session.testsfailed > failed)


def expect_list(r, vectors, model, tokens, packed):
    assert r.status == 200, r.body
    body = r.json
    got = [d["embedding"] for d in body["data"]]
    assert [d["index"] for d in body["data"]] == list(range(len(vectors)))
    if packed:
        assert [floats(x) for x in got] == [as_floats(v) for v in vectors]
        body["data"] = []
    else:
        assert got == vectors
    assert not faults("CreateEmbeddingResponse", body), body
    assert body["model"] == model
    if tokens is not None:
        assert body["usage"]["prompt_tokens"] == body["usage"]["total_tokens"] == tokens
        assert body["usage"]["completion_tokens"] == 0


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_kinds(kinds, name, packed):
    path, texts, said, tokens = ANSWERS[name]
    kinds.provider.answer = lambda r: json_reply(said(VECTORS))
    r = embed(kinds, ["a\n", "é"], name + "/m", dimensions=3, **({"encoding_format": "base64"} if packed else {}))
    asked = kinds.provider.requests[-1]
    assert asked.path == path and texts(asked.json) == ["a\n", "é"], (asked.path, asked.body)
    assert b"3" in asked.body and b"encoding_format" not in asked.body
    assert KINDS[name][3] in asked.path or asked.json["model"] == KINDS[name][3]
    estimate = (len(asked.body) + 3) // 4
    model = "all-minilm:latest" if name == "ollama-own" else KINDS[name][3]
    expect_list(r, VECTORS, model, estimate if tokens is None else tokens, packed)
    record = kinds.record(r.headers["x-respan-log-id"])
    assert record["usage_source"] == ("bound" if tokens is None else "provider")
    assert record["prompt_tokens"] == (estimate if tokens is None else tokens)
    assert nano(record["cost"]) == IN * (len(asked.body) + 64 if tokens is None else tokens)
    signed = {"titan": "AWS4-HMAC-SHA256 ", "bedrock-cohere": "AWS4-HMAC-SHA256 ", "vertex": "Bearer t-of-google"}
    assert (asked.header("x-goog-api-key") or asked.header("Authorization")).startswith(
        signed.get(name, "k-of" if name == "gemini" else "Bearer k-of"))


@pytest.mark.parametrize("said, tokens", [("7", 7), ("0", None), ("-1", None), ("x", None), ("", None), ("1.5", None),
                                          ("9" * 30, None)])
def test_tokens_in_a_header_of_bedrock(kinds, said, tokens):
    kinds.provider.answer = lambda r: json_reply({"embeddings": VECTORS[:1]},
                                                 headers=(("X-Amzn-Bedrock-Input-Token-Count", said),))
    r = embed(kinds, "a", "bedrock-cohere/m")
    assert r.status == 200 and (r.json["usage"]["prompt_tokens"] == tokens) == (tokens is not None)
    record = kinds.record(r.headers["x-respan-log-id"])
    assert record["usage_source"] == ("bound" if tokens is None else "provider")


def test_one_text_of_gemini(kinds):
    kinds.provider.answer = lambda r: json_reply({"embedding": {"values": VECTORS[0]}})
    r = embed(kinds, "a", "gemini/m")
    assert kinds.provider.requests[-1].path == "/v1beta/models/gemini-embedding-001:embedContent"
    assert kinds.provider.requests[-1].json == {"content": {"parts": [{"text": "a"}]}}
    expect_list(r, VECTORS[:1], "gemini-embedding-001", None, False)


def test_titan_takes_one_text(kinds):
    kinds.provider.answer = lambda r: json_reply({"embedding": VECTORS[0], "inputTextTokenCount": 3})
    for input in ("a", ["a"]):
        r = embed(kinds, input, "titan/m", dimensions=3)
        asked = kinds.provider.requests[-1]
        assert asked.path == "/model/amazon.titan-embed-text-v2%3A0/invoke"
        assert asked.json == {"inputText": "a", "dimensions": 3}
        expect_list(r, VECTORS[:1], "amazon.titan-embed-text-v2:0", 3, False)
    before = len(kinds.provider.requests)
    r = embed(kinds, ["a", "b"], "titan/m")
    assert (r.status, r.code, r.json["error"]["param"]) == (400, "unsupported_parameter", "input")
    assert r.json["error"]["message"] == "Parameter 'input' is not supported by titan/m."
    assert len(kinds.provider.requests) == before


@pytest.mark.parametrize("name", sorted(ANSWERS) + ["titan"])
def test_tokens_are_for_openai_alone(kinds, name):
    before = len(kinds.provider.requests)
    for input in ([1, 2], [[1, 2]]):
        r = embed(kinds, input, name + "/m")
        assert (r.status, r.code, r.json["error"]["param"]) == (400, "unsupported_parameter", "input")
    r = embed(kinds, ["a", {}], name + "/m")
    assert (r.status, r.code, r.json["error"]["param"]) == (400, "invalid_type", "input[1]")
    assert len(kinds.provider.requests) == before


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_too_few_vectors(kinds, name):
    kinds.provider.answer = lambda r: json_reply(ANSWERS[name][2](VECTORS[:1]))
    r = embed(kinds, ["a", "b"], name + "/m")
    assert (r.status, r.code) == (502, "upstream_invalid_response")


def test_azure(kinds):
    said = json.dumps(embedding()).encode()
    kinds.provider.answer = lambda r: json_reply(said)
    r = embed(kinds, [1, 2], "azure-own/m")
    assert r.body == said
    asked = kinds.provider.requests[-1]
    assert asked.path.partition("?")[0] == "/openai/deployments/my%20deployment/embeddings"
    assert asked.header("api-key") == "k-of-a-provider" and asked.json["input"] == [1, 2]


def test_who_has_none(kinds):
    before = len(kinds.provider.requests)
    r = embed(kinds, "a", "claude/m")
    assert (r.status, r.code, r.json["error"]["param"]) == (400, "unsupported_parameter", "model")
    assert r.json["error"]["message"] == "The provider of model claude/m has no embeddings."
    assert len(kinds.provider.requests) == before


def test_what_is_dropped_is_said(kinds):
    kinds.provider.answer = lambda r: json_reply(ANSWERS["cohere"][2](VECTORS[:1]))
    r = embed(kinds, "a", "cohere/m", user="u", odd=1, input_type="search_query", note="n")
    assert r.headers["warning-holdfast"].replace(" ", "").split(",") == ["user", "odd"]
    assert kinds.provider.requests[-1].json == {"model": "embed-v4.0", "texts": ["a"], "input_type": "search_query",
                                                "embedding_types": ["float"]}


def test_a_translated_answer_is_cached(kinds):
    kinds.provider.answer = lambda r: json_reply(ANSWERS["ollama-own"][2](VECTORS[:1]))
    a = embed(kinds, "again", "ollama-own/m", cache_enabled=True)
    kinds.logged()
    before = len(kinds.provider.requests)
    b = embed(kinds, "again", "ollama-own/m", cache_enabled=True)
    assert a.headers["x-respan-cache"] == "miss" and b.headers["x-respan-cache"] in HIT and a.body == b.body
    assert len(kinds.provider.requests) == before


# -- recorded exchanges --

GROUPS = {  # group: provider, path of its base URL, is the answer passed as it is
    "openai-embeddings": ("openai", "/v1", True),
    "azure-openai-embeddings": ("azure_openai", "/openai/v1", True),
    "mistral-embeddings": ("mistral", "/v1", True),
    "openrouter-embeddings": ("openrouter", "/api/v1", True),
    "gemini-embeddings": ("gemini", "/v1beta", False),
    "cohere-embeddings": ("cohere", "", False),
}


@functools.lru_cache(None)
def cases():
    found = {}
    for group, (provider, _, _) in GROUPS.items():
        root = os.path.join(recordings.ROOT, group)
        for title in sorted(os.listdir(root) if os.path.isdir(root) else []):
            case = recordings.Case(os.path.join(root, title))
            case.provider = provider
            found[case.name] = case
    return found


def replay(request):
    token = next(v for v in map(request.header, ("api-key", "x-goog-api-key", "Authorization")) if v)
    case = cases()[token[token.index("case:") + 5:]]
    fields = (("Content-Type", case.meta["response_headers"].get("content-type", "application/json")),)
    for manner, step in ((b"~1~", 1), (b"~7~", 7), (b"~0~", 0)):
        if manner in request.body:
            return [head(case.status, fields + (("Transfer-Encoding", "chunked"),))] + \
                [chunked(p) for p in pieces(case.body, step, case.name)] + [LAST_CHUNK]
    return [head(case.status, fields + (("Content-Length", len(case.body)),)) + case.body]


@pytest.fixture(scope="module")
def served(request):
    price = " ".join('%s = "%s";' % x for x in recordings.PRICE.items())
    environment, credentials, models = {}, {p: [] for p, _, _ in GROUPS.values()}, []
    with Provider(replay) as provider:
        for n, case in enumerate(cases().values()):
            environment["CASE_%d" % n] = "case:" + case.name
            own = ' api_base = "http://127.0.0.1:%d/openai/v1";' % provider.port if case.provider == "azure_openai" else ""
            credentials[case.provider].append('{ name = "c%d"; api_key = "env:CASE_%d";%s available_models = [ "%s" ]; }'
                                              % (n, n, own, case.slug))
            models.append('{ name = "%s"; provider = "%s"; upstream = %s; price = { %s }; }'
                          % (case.slug, case.provider, json.dumps(case.meta["model"]), price))
        g = Gateway(extra="providers = ( %s );\nmodels = ( %s );" % (
            ",\n".join('{ name = "%s"; base_url = "http://127.0.0.1:%d%s"; credentials = ( %s ); }'
                       % (name, provider.port, base, ",\n".join(credentials[name])) for name, base, _ in GROUPS.values()),
            ",\n".join(models)))
        failed = request.session.testsfailed
        try:
            g.start(env=environment)
            yield g
        finally:
            g.close(failed=request.session.testsfailed > failed)


def vectors_of(document):
    """What the provider meant, by its own words."""
    if "embedding" in document:
        return [document["embedding"]["values"]]
    vectors = document["embeddings"]
    if isinstance(vectors, dict):
        return vectors["float"]
    return [v["values"] if isinstance(v, dict) else v for v in vectors]


def expect_case(served, case, status, body, packed, log_id, sent):
    plain, theirs = GROUPS[case.group][2], json.loads(case.body)
    if case.status != 200:
        assert status == case.status
        said = json.loads(body)
        assert (body == case.body) if plain else said["error"]["message"] == theirs.get("error", theirs)["message"]
        assert plain or not faults("ErrorResponse", said)
        return
    record = served.record(log_id)
    if plain:
        assert body == case.body.strip()
        tokens = theirs["usage"]["prompt_tokens"]
        assert (record["response_model"], json.loads(body)["usage"]) == (theirs["model"], theirs["usage"])
        if isinstance(theirs["data"][0]["embedding"], list):
            assert not faults("CreateEmbeddingResponse", json.loads(body))
    else:
        tokens = theirs.get("meta", {}).get("billed_units", {}).get("input_tokens")

        class Reply:
            json = globals()["json"].loads(body)
        Reply.status, Reply.body = status, body
        expect_list(Reply, vectors_of(theirs), case.meta["model"], tokens, packed)
    assert record["usage_source"] == ("bound" if tokens is None else "provider")
    if tokens is not None:
        usage = {"prompt": tokens, "cached": 0, "write": 0, "completion": 0}
        assert (record["prompt_tokens"], nano(record["cost"])) == (tokens, recordings.cost_nano(usage))


@pytest.mark.skipif(not cases(), reason="no recordings (HOLDFAST_SHARED)")
@pytest.mark.parametrize("name", sorted(cases()))
def test_recorded(served, name):
    """Whole, in pieces of every size, as floats and as base64."""
    case, c = cases()[name], Connection(served)
    for manner in ("", "~0~", "~7~", "~1~"):
        if manner == "~1~" and len(case.body) > 20000:
            continue
        for packed in (False, True):
            asked = {"model": case.slug, "input": "text " + manner,
                     "encoding_format": "base64" if packed else "float"}
            status, body = c.post(asked, path=PATH)
            assert case.status != 200 or status == 200, body
            expect_case(served, case, status, body, packed, c.headers["x-respan-log-id"], asked)


def test_every_group_is_tried():
    groups = {g for g in os.listdir(recordings.ROOT) if g.endswith("-embeddings")}
    assert groups == set(GROUPS) and len(cases()) >= 18
