"""Clients of other dialects against providers of each kind: what stands
between the two and is neither's dialect.
"""
import base64
import http.client
import json
import re
import threading

import pytest

from gateway import KEY, Gateway, wait_for
from provider import LAST_CHUNK, Provider, chunked, completion, head, json_reply, sse_head, sse_reply, stream_events
from test_tls import TlsProvider, certificate, openssl

SECRETS = {
    "SECRET_A": "sk-ant-secret-0001", "SECRET_G": "AIzaSecret0002", "SECRET_O": "sk-secret-0003",
    "SECRET_Z": "azure.ad.secret-0004", "SECRET_ID": "AKIASECRET0005", "SECRET_KEY": "aws/secret+0006",
    "SECRET_SESSION": "session-secret-0007", "SECRET_BEARER": "bedrock-bearer-0008",
    "SECRET_V": json.dumps({"access_token": "ya29.secret-0009"}),
}
PRICED = 'context = 128000; max_output = 16384; price = { input = "1"; output = "2"; cache_write_1h = "2"; };'

ANTHROPIC = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
             "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "stop_sequence": None,
             "usage": {"input_tokens": 10, "output_tokens": 5}}
ANTHROPIC_EVENTS = [
    {"type": "message_start", "message": dict(ANTHROPIC, content=[], stop_reason=None)},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {"output_tokens": 5}},
    {"type": "message_stop"}]
GEMINI = {"candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP",
                          "index": 0}],
          "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
          "modelVersion": "gemini-x", "responseId": "r1"}
RESPONSES = {"id": "resp_1", "object": "response", "created_at": 1700000000, "status": "completed",
             "model": "gpt-r", "error": None, "incomplete_details": None,
             "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                         "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
             "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}
RESPONSES_EVENTS = [
    {"type": "response.created", "sequence_number": 0,
     "response": dict(RESPONSES, status="in_progress", output=[], usage=None)},
    {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
     "item": {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []}},
    {"type": "response.output_text.delta", "sequence_number": 2, "item_id": "msg_1", "output_index": 0,
     "content_index": 0, "delta": "Hi"},
    {"type": "response.completed", "sequence_number": 3, "response": RESPONSES}]


def named(events):
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def stream(body):
    return [sse_head() + chunked(body) + LAST_CHUNK]


def whole_or_stream(request):
    """A small answer in the dialect of the path that was asked."""
    streamed = re.search(rb'"stream": ?true', request.body) or "stream" in request.path
    if "count" in request.path:
        return json_reply({"input_tokens": 7})
    if request.path.endswith("/messages") or "awPredict" in request.path:
        return stream(named(ANTHROPIC_EVENTS)) if streamed else json_reply(ANTHROPIC)
    if "enerateContent" in request.path:
        return stream(b"data: " + json.dumps(GEMINI).encode() + b"\r\n\r\n") if streamed else json_reply(GEMINI)
    if "responses" in request.path:
        return stream(named(RESPONSES_EVENTS)) if streamed else json_reply(RESPONSES)
    return sse_reply(stream_events(["Hi"])) if streamed else json_reply(completion("Hi"))


def settings(port):
    base = "http://127.0.0.1:%d" % port
    providers = {
        "anthropic": ("/v1", 'api_key = "env:SECRET_A";'),
        "google_gemini": ("/v1beta", 'api_key = "env:SECRET_G";'),
        "openai": ("/v1", 'api_key = "env:SECRET_O";'),
        "azure_openai": ("/openai/v1", 'azure_ad_token = "env:SECRET_Z";'),
        "bedrock": ("", 'aws_access_key_id = "env:SECRET_ID"; aws_secret_access_key = "env:SECRET_KEY"; '
                        'aws_session_token = "env:SECRET_SESSION"; aws_region_name = "eu-west-1";'),
        "google_vertex_ai": ("/v1", 'vertex_ai_credentials = "env:SECRET_V"; vertex_ai_project = "p"; '
                                    'vertex_ai_location = "us-east5";'),
    }
    models = {"m-a": ("anthropic", "claude-x"), "m-g": ("google_gemini", "gemini-x"),
              "m-r": ("openai", "gpt-r"), "m-c": ("openai", "gpt-c"), "m-z": ("azure_openai", "gpt-z"),
              "m-b": ("bedrock", "anthropic.claude-3"), "m-v": ("google_vertex_ai", "gemini-x"),
              "m-vc": ("google_vertex_ai", "claude-x")}
    return "providers = (%s);\nmodels = (%s);\n" % (
        ",\n".join('{ name = "%s"; base_url = "%s%s"; credentials = ( { name = "own"; %s } ); }' % (
            name, base, path, credential) for name, (path, credential) in providers.items()),
        ",\n".join('{ name = "%s"; provider = "%s"; upstream = "%s"; %s %s }' % (
            name, provider, upstream, 'features = [ "responses_only" ];' if name == "m-r" else "", PRICED)
                   for name, (provider, upstream) in models.items()))


@pytest.fixture(scope="module")
def served(request):
    with Provider(whole_or_stream) as provider:
        g = Gateway(extra=settings(provider.port) + """
budgets = { clamp_max_tokens = true; };
stream = { prerelease_time = "60s"; };
""")
        failed = request.session.testsfailed
        try:
            g.start(env=SECRETS)
            wait_for(lambda: len(g.children("worker")) == g.workers, 10, "the workers")
            g.provider = provider
            yield g
        finally:
            g.close(failed=request.session.testsfailed > failed)


@pytest.fixture(autouse=True)
def alive(served):
    """The answers of the scripted provider are the test's own; no worker ends."""
    workers = served.children("worker")
    yield
    served.provider.answer = whole_or_stream
    assert served.children("worker") == workers, served.log()


def request_of(client, model, streamed=False, **members):
    """(path, body) of a small request of a client's dialect."""
    more = dict({"stream": True} if streamed and client != "gemini" else {}, **members)
    turn = [{"role": "user", "content": "Hi"}]
    if client == "messages":
        return "/api/anthropic/v1/messages", dict({"model": model, "max_tokens": 100, "messages": turn}, **more)
    if client == "responses":
        return "/api/responses", dict({"model": model, "input": "Hi"}, **more)
    if client == "chat":
        return "/api/chat/completions", dict({"model": model, "messages": turn}, **more)
    verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    return "/v1beta/models/%s:%s" % (model, verb), dict({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
                                                        **more)


def ask(served, client, model, streamed=False, headers=None, **members):
    path, body = request_of(client, model, streamed, **members)
    return served.post(path, body, headers=headers)


def parameters(**members):
    return {"X-Data-Respan-Params": base64.b64encode(json.dumps(members).encode()).decode()}


ENDS = {"messages": b"message_stop", "gemini": b"finishReason", "responses": b"response.completed"}
OTHERS = sorted(ENDS)


# -- parameters in a header --

@pytest.mark.parametrize("client", OTHERS)
@pytest.mark.parametrize("model", ["m-a", "m-g", "m-r", "m-c"])
def test_header_of_another_dialect(served, client, model):
    """What a client's dialect does not know is dropped, wherever it stands."""
    for members in ({"mock_response": "mocked"}, {"field_name": "", "delimiter": "|"}):
        for streamed in (False, True):
            asked = len(served.provider.requests)
            r = ask(served, client, model, streamed, headers=parameters(**members))
            assert r.status == 200 and len(served.provider.requests) == asked + 1
            assert b"Hi" in r.body and b"mocked" not in r.body
            assert not streamed or ENDS[client] in r.body


def test_header_reaches_a_native_body(served):
    """What it knows goes to a provider of its own dialect, too, below the body."""
    r = ask(served, "messages", "m-a", headers=parameters(stream=True, top_k=7, max_tokens=9))
    assert r.status == 200 and b"message_stop" in r.body
    sent = served.provider.requests[-1].json
    assert (sent["stream"], sent["top_k"], sent["max_tokens"]) == (True, 7, 100)
    # Gemini has no such name: the bound is not of what is not sent.
    ask(served, "gemini", "m-g", headers=parameters(max_tokens=9))
    assert b"9" not in served.provider.requests[-1].body


# -- counting --

def test_count_with_stream(served):
    path, body = request_of("messages", "m-a", True)
    r = served.post(path + "/count_tokens", body)
    assert (r.status, r.json) == (200, {"input_tokens": 7})


# -- errors --

def is_shaped(client, r):
    """api.md 9.2 and 9.3."""
    error = r.json["error"]
    if client == "messages":
        return r.json["type"] == "error" and error["message"] and error["type"]
    if client == "gemini":
        return error["code"] == r.status and error["message"] and error["status"]
    return error["message"] and "param" in error and "code" in error


@pytest.mark.parametrize("client", OTHERS + ["chat"])
@pytest.mark.parametrize("body", [b"<html>Bad gateway", b"", b"[" * 9], ids=["html", "empty", "torn"])
def test_error_that_is_no_json(served, client, body):
    served.provider.answer = lambda r: [head(502, (("Content-Length", len(body)),)) + body]
    for model in ("m-a", "m-g", "m-r", "m-c", "m-v", "m-vc", "m-b"):
        for streamed in (False, True):
            r = ask(served, client, model, streamed)
            assert r.status == 502 and is_shaped(client, r), (model, r.body)


OWN = {"m-a": ("SECRET_A",), "m-g": ("SECRET_G",), "m-r": ("SECRET_O",), "m-z": ("SECRET_Z",),
       "m-v": ("SECRET_V",), "m-vc": ("SECRET_V",), "m-b": ("SECRET_ID", "SECRET_KEY", "SECRET_SESSION")}


@pytest.mark.parametrize("client", OTHERS + ["chat"])
@pytest.mark.parametrize("model", sorted(OWN))
def test_error_with_our_secrets(served, client, model):
    """Whatever proves whose request it is does not reach the client, nor the log."""
    secrets = ["ya29.secret-0009" if name == "SECRET_V" else SECRETS[name] for name in OWN[model]]
    said = {"error": {"message": "You sent " + ", ".join(secrets), "code": "denied"}}
    served.provider.answer = lambda r: json_reply(said, 403)
    for streamed in (False, True):
        r = ask(served, client, model, streamed)
        assert r.status == 403 and b"You sent [redacted]" in r.body, r.body
        record = json.dumps(served.record(r.headers["x-respan-log-id"]))
        for secret in secrets:
            assert secret.encode() not in r.body and secret not in record


# -- the cache --

def cached(served, client, model, text, streamed=False, headers=None, **members):
    """(whether it was a hit, the reply) of a request whose answer is kept."""
    path, body = request_of(client, model, streamed, cache_enabled=True, **members)
    if client == "gemini":
        body["contents"][0]["parts"][0]["text"] = text
    else:
        body["input" if client == "responses" else "messages"] = (
            text if client == "responses" else [{"role": "user", "content": text}])
    r = served.post(path, body, headers=headers)
    assert r.status == 200, r.body
    return r.headers["x-respan-cache"] == "hit", r


@pytest.mark.parametrize("where", ["extra_body", "respan_params", "metadata", "header"])
def test_container_in_the_key(served, where):
    """What a container or a header adds is a part of what is asked."""
    def ask_with(system):
        members = {"system": system}
        if where == "header":
            return cached(served, "messages", "m-a", where, headers=parameters(**members))[0]
        if where == "metadata":
            members = {"respan_params": members}
        return cached(served, "messages", "m-a", where, **{where: members})[0]
    assert not ask_with("one")
    wait_for(lambda: ask_with("one"), 5, "the answer in the cache")
    assert not ask_with("another")


def test_conversation_is_not_kept(served):
    """cache.md 4: the answer is to more than what the request says."""
    for members in ({"previous_response_id": "resp_0"}, {"conversation": "conv_0"},
                    {"extra_body": {"previous_response_id": "resp_0"}}):
        for _ in range(2):
            hit, r = cached(served, "responses", "m-r", "goes on", **members)
            assert not hit and r.headers["x-respan-cache"] == "bypass"
            served.logged()


def test_hit_as_a_stream_has_its_time(served):
    wait_for(lambda: cached(served, "responses", "m-r", "time")[0], 5, "the answer in the cache")
    hit, r = cached(served, "responses", "m-r", "time", True)
    times = set(re.findall(rb'"created_at": ?(\d+)', r.body))
    assert hit and times == {b"1700000000"}


# -- money --

def held(served, client, model, headers=None, **members):
    """What was set aside for a small request, in USD."""
    r = ask(served, client, model, headers=headers, **members)
    assert r.status == 200, r.body
    return served.record(r.headers["x-respan-log-id"])["hold"]


@pytest.mark.parametrize("client, model, members", [
    ("messages", "m-a", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("messages", "m-vc", {"messages": [{"role": "user", "content": [
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}}]}]}),
    ("messages", "m-a", {"mcp_servers": [{"type": "url", "url": "https://mcp.test/", "name": "m"}]}),
    ("gemini", "m-g", {"cachedContent": "cachedContents/1"}),
    ("gemini", "m-v", {"tools": [{"urlContext": {}}]}),
    ("responses", "m-r", {"previous_response_id": "resp_0"}),
    ("responses", "m-r", {"conversation": "conv_0"}),
    ("responses", "m-r", {"tools": [{"type": "web_search"}]}),
    ("responses", "m-r", {"prompt": {"id": "pmpt_1"}}),
], ids=lambda x: "-".join(x) if isinstance(x, dict) else x)
def test_hold_of_what_is_not_in_the_request(served, client, model, members):
    """money.md 5: what the provider has or fetches is at most the window."""
    assert held(served, client, model, **members) >= 128000 * 1e-6
    assert held(served, client, model) < 128000 * 1e-6


@pytest.mark.parametrize("ttl, client", [(t, c) for t in ('"1h"', '"\\u0031h"') for c in ("messages", "chat")])
def test_hold_of_an_hour_in_the_cache(served, ttl, client):
    """money.md 5: its price is the highest when the body has such a marker."""
    text = [{"type": "text", "text": "Hi" * 1000, "cache_control": {"type": "ephemeral", "ttl": "TTL"}}]
    path, body = request_of(client, "m-a", messages=[{"role": "user", "content": text}])
    body["max_tokens"] = 100
    def hold_with(t):
        r = served.post(path, json.dumps(body).replace('"TTL"', t))
        assert r.status == 200, r.body
        return served.record(r.headers["x-respan-log-id"])["hold"]
    assert hold_with(ttl) > 1.5 * hold_with('"5m"')


def test_hold_of_an_hour_in_a_header(served):
    system = [{"type": "text", "text": "Hi" * 1000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    short = [dict(system[0], cache_control={"type": "ephemeral"})]
    assert held(served, "messages", "m-a", parameters(system=system)) > 1.5 * held(
        served, "messages", "m-a", parameters(system=short))


# -- tokens of Google --

@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """(folder with certificates, private key) of a service account."""
    where = str(tmp_path_factory.mktemp("account"))
    certificate(where, "ca", "DNS:ca.test")
    certificate(where, "server", "DNS:localhost,IP:127.0.0.1")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "account.key", cwd=where)
    with open(where + "/account.key") as f:
        return where, f.read()


class Tokens(TlsProvider):
    """A token endpoint; the book of what it gave out."""

    def __init__(self, certs):
        self.given = []
        super().__init__(certs, "server")
        self.answer = self.give

    def give(self, request):
        self.given.append("ya29.given-%d" % len(self.given))
        return json_reply({"access_token": self.given[-1], "expires_in": 0, "token_type": "Bearer"})


@pytest.fixture
def vertex(account):
    """(gateway, provider, token endpoint); the provider's address has no TLS."""
    where, key = account
    with Provider(whole_or_stream) as provider, Tokens(where) as tokens:
        json_key = {"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": key,
                    "client_email": "a@p.iam.gserviceaccount.com", "token_uri": "https://localhost:%d/token" % tokens.port}
        with_account = """
outbound = { token_hosts = [ "localhost" ]; };
providers = ( { name = "google_vertex_ai"; base_url = "http://127.0.0.1:%d/v1"; ca_file = "%s/ca.pem";
  credentials = ( { name = "own"; vertex_ai_credentials = "env:ACCOUNT"; vertex_ai_location = "us-east5"; } ); } );
models = ( { name = "m-v"; provider = "google_vertex_ai"; upstream = "gemini-x"; %s } );
""" % (provider.port, where, PRICED)
        g = Gateway(extra=with_account, workers=1)
        try:
            g.start(env={"ACCOUNT": json.dumps(json_key)})
            yield g, provider, tokens
        finally:
            g.close()


def test_token_over_tls_alone(vertex):
    """The signed statement leaves encrypted, whatever the provider's address
    is; a life of nothing does not make it leave without end."""
    g, provider, tokens = vertex
    for client in OTHERS + ["chat"]:
        assert ask(g, client, "m-v").status == 200
    assert len(tokens.requests) == 1 and tokens.requests[0].path == "/token"
    assert {r.header("Authorization") for r in provider.requests} == {"Bearer ya29.given-0"}


def test_token_of_a_caller(vertex, account):
    """One for each service account that a request brings, fetched once."""
    g, provider, tokens = vertex

    def asked(name):
        brought = {"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": account[1],
                   "client_email": name + "@p.iam.gserviceaccount.com",
                   "token_uri": "https://localhost:%d/token" % tokens.port}
        own = {"vertex_ai_credentials": json.dumps(brought), "vertex_ai_location": "us-east5"}
        reply = g.chat(model="m-v", customer_credentials={"vertex_ai": own} if name else {"x": "y"})
        assert reply.status == 200, reply.body
        return provider.requests[-1].header("Authorization")[-1]
    assert [asked(x) for x in ("b", "b", "", "c", "b", "", "c")] == ["0", "0", "1", "2", "0", "1", "2"]
    assert len(tokens.requests) == 3


def test_token_refused(vertex):
    """Once more with a new one; then the client is told, without it."""
    g, provider, tokens = vertex
    provider.answer = lambda r: json_reply(
        {"error": {"code": 401, "message": "Not " + r.header("Authorization"), "status": "UNAUTHENTICATED"}}, 401)
    for streamed in (False, True):
        r = ask(g, "gemini", "m-v", streamed)
        assert r.status == 401 and r.json["error"]["message"] == "Not Bearer [redacted]"
    provider.answer = lambda r: (whole_or_stream(r) if r.header("Authorization") == "Bearer " + tokens.given[-1]
                                 and len(tokens.given) > 3 else json_reply({"error": {"code": 401}}, 401))
    assert ask(g, "chat", "m-v").status == 200


# -- what Gemini's names can be written like --

def test_two_spellings(served):
    """One cap is held for, and no other is sent."""
    small, large = {"maxOutputTokens": 5}, {"maxOutputTokens": 16000}
    for more in ({"generationConfig": small, "generation_config": large},
                 {"generationConfig": small, "extra_body": {"generation_config": large}}):
        r = ask(served, "gemini", "m-g", **more)
        assert (r.status, r.json["error"]["message"]) == (400, "Duplicate parameter: 'generation_config'.")
    limited = {"customer_identifier": "spelt", "period_budget": 0.01, "budget_duration": "monthly"}
    r = ask(served, "gemini", "m-g", customer_params=limited,
            generationConfig={"maxOutputTokens": None, "max_output_tokens": 16000})
    sent = served.provider.requests[-1].json["generationConfig"]
    assert r.status == 200 and sent["maxOutputTokens"] is None and sent["max_output_tokens"] < 5000


def test_unknown_verb(served):
    r = served.post("/v1beta/models/m-g:unknownVerb", {})
    assert r.status == 404 and r.json["error"]["status"] == "NOT_FOUND"


# -- streams --

def test_native_events_that_say_nothing_in_chat(served):
    """They are not kept without end before there is content."""
    go_on = threading.Event()
    searched = [
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}},
        *[{"type": "content_block_delta", "index": 0,
           "delta": {"type": "input_json_delta", "partial_json": " " * 9000}}] * 40,
        {"type": "content_block_stop", "index": 0}]
    served.provider.answer = lambda r: [
        sse_head() + chunked(named(ANTHROPIC_EVENTS[:1] + searched)), ("event", go_on),
        chunked(named([dict(e, index=1) if "index" in e else e for e in ANTHROPIC_EVENTS[1:]])) + LAST_CHUNK]
    path, body = request_of("messages", "m-a", True)
    c = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    try:
        c.request("POST", path, json.dumps(body), {"Authorization": "Bearer " + KEY,
                                                   "Content-Type": "application/json"})
        r = c.getresponse()
        assert r.status == 200 and b"message_start" in r.read(100)
        go_on.set()
        assert r.read().endswith(b'data: {"type": "message_stop"}\n\n')
    finally:
        go_on.set()
        c.close()


def test_token_refused_late(vertex):
    """A refusal of the last token says nothing of the one that came since."""
    g, provider, tokens = vertex
    arrived, go_on = threading.Event(), threading.Event()

    def answer(request):
        if request.header("Authorization") != "Bearer ya29.given-0":
            return whole_or_stream(request)
        refusal = json_reply({"error": {"code": 401, "message": "Over.", "status": "UNAUTHENTICATED"}}, 401)
        if not arrived.is_set():
            arrived.set()
            return [("event", go_on)] + refusal
        return refusal
    provider.answer = answer
    late = []
    waiting = threading.Thread(target=lambda: late.append(ask(g, "chat", "m-v").status))
    waiting.start()
    try:
        assert arrived.wait(10)
        assert ask(g, "chat", "m-v").status == 200
    finally:
        go_on.set()
        waiting.join()
    assert late == [200] and len(tokens.given) == 2
