"""Whose credential a request is sent with (routing.md 4), and that a secret
which a request brings is in no file, page or error (security.md P4)."""
import base64
import json
import os
import random
import string

import pytest

from gateway import KEY, TEST_KEY, Gateway, sha256, wait_for
from provider import Provider, completion, json_reply, sse_reply, stream_events

PLAIN_KEY = "testkey3.abcdefghijklmnopqrstuvwxyz012345"  # may bring none
PRICED = 'price = { input = "1"; output = "2"; };'
CLAUDE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None,
          "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
          "usage": {"input_tokens": 5, "output_tokens": 2}}
CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP"}],
          "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}}

SETTINGS = """
keys = (
  { prefix = "testkey1"; name = "prod key"; environment = "prod"; sha256 = "%(key)s"; },
  { prefix = "testkey2"; name = "test key"; environment = "test"; sha256 = "%(key)s"; },
  { prefix = "testkey3"; name = "plain key"; environment = "prod"; sha256 = "%(key)s"; scopes = [ "gateway" ]; } );
cache = { max_size = "64M"; %(cache)s };
providers = (
  { name = "openai"; base_url = "http://127.0.0.1:%(port)d/openai";
    credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; environment = "prod"; },
      { name = "probe"; api_key = "env:TEST_OTHER_KEY"; environment = "test"; } ); },
  { name = "azure"; base_url = "http://127.0.0.1:%(port)d"; },
  { name = "anthropic"; base_url = "http://127.0.0.1:%(port)d/v1"; },
  { name = "bedrock"; base_url = "http://127.0.0.1:%(port)d"; },
  { name = "vertex_ai"; base_url = "http://127.0.0.1:%(port)d/v1"; },
  { name = "near"; kind = "openai"; base_url = "http://127.0.0.1:%(port)d/near"; quirks = [ "local" ]; } );
models = (
  { name = "gpt-4"; provider = "openai"; %(priced)s }, { name = "gpt-4o"; provider = "openai"; %(priced)s },
  { name = "azure/gpt-4o"; provider = "azure"; upstream = "gpt-4o"; %(priced)s },
  { name = "claude-x"; provider = "anthropic"; upstream = "claude-x"; %(priced)s },
  { name = "bedrock/m"; provider = "bedrock"; upstream = "m"; %(priced)s },
  { name = "vertex_ai/m"; provider = "vertex_ai"; upstream = "m"; %(priced)s },
  { name = "near/m"; provider = "near"; upstream = "m"; %(priced)s } );
"""


def answer(request):
    for words, body in (("/messages", CLAUDE), ("/converse", CONVERSE), ("generateContent", GEMINI)):
        if words in request.path:
            return json_reply(body)
    if b'"stream":true' in request.body.replace(b" ", b""):
        return sse_reply(stream_events(["Hi"]))
    return json_reply(completion("Hi"))


def start(provider, cache="", **env):
    g = Gateway(workers=1)
    text = g.text
    for name in ("keys = (", "cache = {"):  # ours in their place
        at = text.index(name)
        text = text[:at] + text[text.index(";\n", text.index(");" if name[0] == "k" else "}", at)) + 2:]
    g.text = text + SETTINGS % {"port": provider.port, "key": sha256(KEY), "priced": PRICED, "cache": cache}
    g.provider = provider
    return g.start(env=dict({"TEST_OTHER_KEY": "sk-of-the-tests"}, **env))


@pytest.fixture(scope="module")
def g():
    with Provider(answer) as provider:
        g = start(provider)
        try:
            yield g
        finally:
            g.close()


@pytest.fixture(autouse=True)
def back(request):
    yield
    if "g" in request.fixturenames:
        request.getfixturevalue("g").provider.answer = answer


def proof(request):
    """The secret that the provider was shown."""
    got = request.header("Authorization") or request.header("api-key") or request.header("x-api-key")
    return got.replace("Bearer ", "") if got else None


def error(reply):
    return (reply.status,) + tuple(reply.json["error"].get(k) for k in ("code", "param", "message"))


AWS = {"aws_access_key_id": "AKIDCALLER", "aws_secret_access_key": "aws-secret-of-caller", "aws_region_name": "eu-west-1"}
TOKEN = {"vertex_ai_credentials": {"access_token": "ya29.caller"}, "vertex_ai_project": "p-1",
         "vertex_ai_location": "us-east5"}

ROWS = {
    "row 7": ("gpt-4", {}, "sk-provider-secret", "settings"),
    "none needed": ("near/m", {}, None, None),
    "row 5": ("gpt-4", {"customer_api_keys": {"gpt-4": "j"}}, "j", "customer_api_key"),
    "row 5, another model": ("gpt-4o", {"customer_api_keys": {"gpt-4": "j"}}, "sk-provider-secret", "settings"),
    "row 4 before 5": ("gpt-4", {"customer_credentials": {"openai": {"api_key": "k"}},
                                 "customer_api_keys": {"gpt-4": "j"}}, "k", "customer"),
    "row 4, a bare string": ("claude-x", {"customer_credentials": {"anthropic": "k"}}, "k", "customer"),
    "row 4, a list": ("gpt-4", {"customer_credentials": {"openai": [{"credentials": {"api_key": "k"}, "weight": 1.0}]}},
                      "k", "customer"),
    "row 4, a list of providers": ("azure/gpt-4o", {"customer_credentials": [
        {"credentials": {"openai": "o"}}, {"credentials": {"azure_ai": {"api_key": "k"}}, "weight": 0.5}]}, "k", "customer"),
    "row 4, denied": ("gpt-4", {"customer_credentials": [{"credentials": {"openai": "o"}, "exclude_models": ["gpt-4"]}]},
                      "sk-provider-secret", "settings"),
    "row 3": ("gpt-4", {"credential_override": {"openai": {"api_key": "k1"}, "gpt-4o": {"api_key": "k2"}}},
              "k1", "override_provider"),
    "row 2": ("gpt-4o", {"credential_override": {"openai": {"api_key": "k1"}, "gpt-4o": {"api_key": "k2"}}},
              "k2", "override_model"),
    "row 2, with a prefix": ("gpt-4o", {"credential_override": {"openai/gpt-4o": {"api_key": "k2"}}}, "k2", "override_model"),
    "row 2, without": ("azure/gpt-4o", {"credential_override": {"gpt-4o": {"api_key": "k2"}}}, "k2", "override_model"),
    "row 3 before 4": ("gpt-4", {"credential_override": {"openai": {"api_key": "k1"}},
                                 "customer_credentials": {"openai": "k"}}, "k1", "override_provider"),
}


@pytest.mark.parametrize("row, stream", [(row, stream) for row in ROWS for stream in (False, True)
                                         # Events of Claude are tested elsewhere.
                                         if not (stream and "claude" in ROWS[row][0])])
def test_sources(g, row, stream):
    """The first that has one is taken, and the log tells which it was."""
    model, members, secret, source = ROWS[row]
    reply = g.chat(model=model, stream=stream, **members)
    assert reply.status == 200, reply.body
    assert proof(g.provider.requests[-1]) == secret
    record = g.record(reply.headers["x-respan-log-id"])
    assert record.get("credential_source") == source
    assert record.get("used_custom_credential", False) == (source not in (None, "settings"))
    assert (record.get("deployment_name") == "main") == (source == "settings")


def test_environments(g):
    """Each key draws from those of its own environment."""
    assert g.chat(model="gpt-4", key=TEST_KEY).status == 200
    assert proof(g.provider.requests[-1]) == "sk-of-the-tests"
    assert g.chat(model="gpt-4").status == 200
    assert proof(g.provider.requests[-1]) == "sk-provider-secret"


def test_none(g):
    """402 names the provider and what to do; nobody is asked."""
    asked = len(g.provider.requests)
    assert error(g.chat(model="claude-x", customer_credentials={"openai": "k"})) == (
        402, "no_provider_credentials", None,
        "No credentials for provider anthropic. Add a provider key, or send customer_credentials.")
    assert len(g.provider.requests) == asked


@pytest.mark.parametrize("member,value", (
    ("customer_credentials", {"openai": "k"}), ("credential_override", {"gpt-4": {"api_key": "k"}}),
    ("customer_api_keys", {"gpt-4": "k"})))
def test_scope(g, member, value):
    """Who may not bring any is told so, even where they would not be used."""
    asked = len(g.provider.requests)
    for model in ("gpt-4", "near/m"):
        status, code, param, message = error(g.chat(model=model, key=PLAIN_KEY, **{member: value}))
        assert (status, code, param) == (403, "key_not_permitted", member) and message.startswith("This key may not ")
    assert len(g.provider.requests) == asked
    assert g.chat(model="gpt-4", key=PLAIN_KEY).status == 200


MISSING = (
    ("claude-x", {"customer_credentials": {"anthropic": {}}}, "customer_credentials.anthropic.api_key"),
    ("claude-x", {"customer_credentials": {"anthropic": ""}}, "customer_credentials.anthropic.api_key"),
    ("gpt-4", {"credential_override": {"gpt-4": {"api_base": "https://x.openai.azure.com"}}},
     "credential_override.gpt-4.api_key"),
    ("bedrock/m", {"credential_override": {"bedrock": {"aws_access_key_id": "a"}}},
     "credential_override.bedrock.aws_secret_access_key"),
    ("bedrock/m", {"customer_credentials": [{"credentials": {"aws_bedrock": dict(AWS, aws_region_name=None)}}]},
     "customer_credentials[0].credentials.aws_bedrock.aws_region_name"),
    ("vertex_ai/m", {"customer_credentials": {"vertexai": dict(TOKEN, vertex_ai_project=None)}},
     "customer_credentials.vertexai.vertex_ai_project"),
)


@pytest.mark.parametrize("model,members,param", MISSING)
def test_missing(g, model, members, param):
    asked = len(g.provider.requests)
    assert error(g.chat(model=model, **members)) == (
        400, "missing_required_parameter", param, "Missing required parameter: '%s'." % param)
    assert len(g.provider.requests) == asked


INVALID = (
    ({"customer_credentials": {"openai": {"api_key": "k\r\nX-Evil: 1"}}}, "invalid_value", "customer_credentials.openai.api_key"),
    ({"customer_credentials": {"openai": {"api_key": "k" * 9000}}}, "invalid_value", "customer_credentials.openai.api_key"),
    ({"customer_credentials": {"openai": {"api_key": "k\u00e9"}}}, "invalid_value", "customer_credentials.openai.api_key"),
    ({"customer_credentials": {"openai": {"api_key": ["k"]}}}, "invalid_type", "customer_credentials.openai.api_key"),
    ({"customer_credentials": {"openai": {"api_key": "k", "project": "p\n"}}}, "invalid_value",
     "customer_credentials.openai.project"),
    ({"customer_credentials": [{"credentials": {"openai": "k"}, "weight": 0}]}, "invalid_value", None),
    ({"customer_credentials": {"openai": [{"credentials": 5}]}}, "invalid_type", "customer_credentials.openai[0].credentials"),
    ({"customer_credentials": {"openai": [{"credentials": "k"}] * 65}}, "invalid_value", "customer_credentials"),
    ({"customer_credentials": "k"}, "invalid_type", "customer_credentials"),
    ({"credential_override": {"openai": "k"}}, "invalid_type", "credential_override.openai"),
    ({"customer_api_keys": {"gpt-4": 1}}, "invalid_type", "customer_api_keys.gpt-4"),
)


@pytest.mark.parametrize("members,code,param", INVALID)
def test_invalid(g, members, code, param):
    """What could break a header, or is of no known shape."""
    asked = len(g.provider.requests)
    status, got, name, message = error(g.chat(model="gpt-4", **members))
    assert (status, got) == (400, code), message
    assert param is None or name == param
    assert "kkk" not in message and len(g.provider.requests) == asked


def test_unknown_names(g):
    """A name that means nothing here is told; the rest acts."""
    reply = g.chat(model="gpt-4", customer_credentials={"opnai": "x", "anthropic": "a"},
                   credential_override={"gtp-4": {"api_key": "y"}})
    assert reply.status == 200 and proof(g.provider.requests[-1]) == "sk-provider-secret"
    assert reply.headers["warning-holdfast"] == "customer_credentials.opnai,credential_override.gtp-4"


def test_weights(g):
    """Each of a list has its share; one that does not serve the model, none."""
    both = [{"credentials": {"openai": "a"}, "weight": 1, "available_models": ["gpt-4"]},
            {"credentials": {"openai": "b"}, "weight": 1}]
    seen = []
    for _ in range(60):
        assert g.chat(model="gpt-4", customer_credentials=both).status == 200
        seen.append(proof(g.provider.requests[-1]))
    assert set(seen) == {"a", "b"} and 12 <= seen.count("a") <= 48
    for _ in range(10):
        assert g.chat(model="gpt-4o", customer_credentials=both).status == 200
        assert proof(g.provider.requests[-1]) == "b"


def test_other_clients(g):
    """Each client brings them in his own way; none of it goes upstream."""
    mine = {"credential_override": {"openai": {"api_key": "k-other"}}}
    text = [{"role": "user", "content": "Hi"}]
    for path, body in (
            ("/api/generate", dict(mine, model="gpt-4", messages=text)),
            ("/api/responses", dict(mine, model="gpt-4", input="Hi")),
            ("/api/v1/messages", dict(mine, model="gpt-4", max_tokens=5, messages=text)),
            ("/api/google/gemini/v1beta/models/gpt-4:generateContent",
             dict(mine, contents=[{"role": "user", "parts": [{"text": "Hi"}]}])),
            ("/api/chat/completions", {"model": "gpt-4", "messages": text, "extra_body": mine}),
            ("/api/chat/completions", {"model": "gpt-4", "messages": text, "respan_params": mine})):
        reply = g.post(path, body)
        assert reply.status in (200, 502), reply.body  # Responses want an answer of their own
        assert proof(g.provider.requests[-1]) == "k-other", path
        assert b"k-other" not in g.provider.requests[-1].body and b"credential" not in g.provider.requests[-1].body
        reply = g.post(path, body, key=PLAIN_KEY)
        assert reply.status == 403, reply.body
    header = {"X-Data-Respan-Params": base64.b64encode(json.dumps(mine).encode()).decode()}
    assert g.chat(model="gpt-4", headers=header).status == 200
    assert proof(g.provider.requests[-1]) == "k-other"


def test_organization(g):
    """Of the credential, or of the client's own headers: only beside a
    credential of the client's."""
    mine = {"OpenAI-Organization": "org-h", "OpenAI-Project": "proj-h", "OpenAI-Beta": "b=1"}
    assert g.chat(model="gpt-4", headers=mine).status == 200
    assert g.provider.requests[-1].header("OpenAI-Organization") is None
    assert g.provider.requests[-1].header("OpenAI-Beta") is None
    assert g.chat(model="gpt-4", headers=mine, customer_api_keys={"gpt-4": "k"}).status == 200
    assert [g.provider.requests[-1].header(k) for k in mine] == list(mine.values())
    assert g.chat(model="gpt-4", customer_credentials={
        "openai": {"api_key": "k", "organization": "org-c", "project": "proj-c"}}).status == 200
    assert g.provider.requests[-1].header("OpenAI-Organization") == "org-c"
    assert g.provider.requests[-1].header("OpenAI-Project") == "proj-c"
    assert g.chat(model="claude-x", headers=mine, customer_credentials={"anthropic": "k"}).status == 200
    assert g.provider.requests[-1].header("OpenAI-Organization") is None


def test_model_name_map(g):
    """A deployment of Azure: called by it, logged by it, priced by the slug."""
    own = {"azure": {"api_key": "k"}}
    for table in ({"azure/gpt-4o": "azure/my-4o"}, {"gpt-4o": "my-4o"}):
        reply = g.chat(model="azure/gpt-4o", customer_credentials=own, model_name_map=table)
        assert reply.status == 200, reply.body
        assert g.provider.requests[-1].path == "/openai/deployments/my-4o/chat/completions?api-version=2024-10-21"
        record = g.record(reply.headers["x-respan-log-id"])
        assert (record["model"], record["deployment_name"]) == ("azure/gpt-4o", "my-4o") and record["cost"] > 0
    own["azure"]["api_version"] = "2025-01-01"
    assert g.chat(model="azure/gpt-4o", customer_credentials=own, model_name_map={"my-4o": "gpt-4o"}).status == 200
    assert g.provider.requests[-1].path == "/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01"
    assert g.chat(model="gpt-4", model_name_map={"gpt-4": "no/where"}).status == 200
    assert g.provider.requests[-1].json["model"] == "gpt-4"
    for bad in ("a/b", "..", "a b", "", "x" * 65, "a?b", "%2e"):
        assert error(g.chat(model="azure/gpt-4o", customer_credentials=own, model_name_map={"gpt-4o": bad}))[:3] == (
            400, "invalid_value", "model_name_map.gpt-4o")


def test_signed(g):
    """AWS: signed with the caller's key."""
    reply = g.chat(model="bedrock/m", customer_credentials={"bedrock": AWS})
    assert reply.status == 200, reply.body
    said = g.provider.requests[-1].header("Authorization")
    assert said.startswith("AWS4-HMAC-SHA256 Credential=AKIDCALLER/") and "/eu-west-1/bedrock/" in said
    reply = g.chat(model="bedrock/m", customer_credentials={"bedrock": dict(AWS, aws_session_token="st")})
    assert reply.status == 200 and g.provider.requests[-1].header("X-Amz-Security-Token") == "st"


def test_google(g):
    """Google: each caller's own token, and an account that is none."""
    for token in ("ya29.one", "ya29.two", "ya29.one"):
        own = dict(TOKEN, vertex_ai_credentials=json.dumps({"access_token": token}))
        reply = g.chat(model="vertex_ai/m", customer_credentials={"google_vertex_ai": own})
        assert reply.status == 200, reply.body
        assert proof(g.provider.requests[-1]) == token
        assert "/projects/p-1/locations/us-east5/" in g.provider.requests[-1].path
    asked = len(g.provider.requests)
    for account in ({"type": "service_account", "private_key": "x"}, {"type": "authorized_user"},
                    {"type": "service_account", "token_uri": "https://evil.example.com/token"}):
        own = dict(TOKEN, vertex_ai_credentials=account)
        reply = g.chat(model="vertex_ai/m", customer_credentials={"google_vertex_ai": own})
        assert reply.status == 400, reply.body
    assert len(g.provider.requests) == asked
    for i in range(80):  # more than are kept
        own = dict(TOKEN, vertex_ai_credentials={"access_token": "ya29.%d" % i})
        assert g.chat(model="vertex_ai/m", customer_credentials={"google_vertex_ai": own}).status == 200
        assert proof(g.provider.requests[-1]) == "ya29.%d" % i


def test_repeated_by_the_provider(g):
    """What a provider repeats of a caller's secret reaches neither client nor log."""
    g.provider.answer = lambda r: json_reply({"error": {"message": "bad key: sk-caller-repeated!", "type": "x"}}, 401)
    reply = g.chat(model="gpt-4", credential_override={"openai": {"api_key": "sk-caller-repeated"}})
    assert reply.status == 401 and b"[redacted]" in reply.body and b"sk-caller-repeated" not in reply.body
    g.record(reply.headers["x-respan-log-id"])
    with open(g.jsonl) as f:
        assert "sk-caller-repeated" not in f.read()


def test_bypass(g):
    """Answers to those who bring credentials are not stored."""
    for _ in range(2):
        reply = g.chat("Cache me", model="gpt-4", customer_api_keys={"gpt-4": "k"}, cache_enabled=True)
        assert reply.headers["x-respan-cache"] == "bypass"


def test_stored_for_the_same():
    """With cache.own_credentials: for who brings the same, in whatever spelling."""
    with Provider(answer) as provider:
        g = start(provider, "own_credentials = true;")
        try:
            def state(**members):
                reply = g.chat("Cache me", model="gpt-4", cache_enabled=True, **members)
                assert reply.status == 200
                g.logged()
                return reply.headers["x-respan-cache"]
            one = {"customer_credentials": {"openai": {"api_key": "k", "project": "p"}}}
            assert state(**one) == "miss"
            wait_for(lambda: state(customer_credentials={"openai": {"project": "p", "api_key": "k"}}) == "hit")
            assert state(customer_credentials={"openai": {"api_key": "l", "project": "p"}}) == "miss"
            assert state(credential_override={"openai": {"api_key": "k"}}) == "miss"
            assert state() == "miss"
        finally:
            g.close()


def memory(pid):
    """What a process can write to, as far as it is there."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            span, rights = line.split()[:2]
            first, last = (int(x, 16) for x in span.split("-"))
            if rights.startswith("rw") and last - first < 1 << 30:
                mem.seek(first)
                try:
                    yield line.strip(), mem.read(last - first)
                except OSError:
                    continue


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of another process")
def test_wiped():
    """A caller's secret is gone from a worker's memory with its request."""
    secret = b"Sy" + os.urandom(16).hex().encode()
    with Provider(answer) as provider:
        g = start(provider)
        try:
            for members in ({"customer_credentials": {"openai": {"api_key": secret.decode()}}},
                            {"customer_credentials": {"openai": [{"credentials": "\\u0053" + secret.decode()[1:]}]}},
                            {"stream": True, "credential_override": {"openai": {"api_key": secret.decode()}}}):
                body = json.dumps(dict(members, model="gpt-4", messages=[{"role": "user", "content": "Hi"}]))
                assert g.post("/api/chat/completions", body.replace("\\\\", "\\")).status == 200
                assert proof(provider.requests[-1]) == secret.decode()
            for _ in range(3):
                assert g.chat("x" * 3000, model="gpt-4").status == 200
            found = [(where, text.count(secret)) for where, text in memory(g.child("worker")) if secret in text]
            assert not found
        finally:
            g.close()


def test_secrets_in_no_file():
    """Every source, in bodies, headers and streams, refused and served: no
    secret of a caller's is in any file, page or error."""
    made = []

    def secret():
        made.append("Sx" + "".join(random.choices(string.ascii_letters + string.digits, k=30)))
        return made[-1]

    with Provider(answer) as provider:
        g = start(provider)
        try:
            bodies = [
                {"model": "gpt-4", "customer_credentials": {"openai": secret()}},
                {"model": "gpt-4", "customer_credentials": {"openai": {"api_key": secret(), "x": secret()}}},
                {"model": "gpt-4", "customer_credentials": [{"credentials": {"openai": secret()}}]},
                {"model": "gpt-4", "customer_credentials": {"openai": [{"credentials": {"api_key": secret()}}]}},
                {"model": "gpt-4", "credential_override": {"gpt-4": {"api_key": secret()}}},
                {"model": "gpt-4", "credential_override": {"openai": {"api_key": secret(), "api_base": "https://u:%s@x.openai.azure.com" % secret()}}},
                {"model": "gpt-4", "customer_api_keys": {"gpt-4": secret(), "y": secret()}},
                {"model": "gpt-4", "customer_api_keys": {"gpt-4": secret() + "\n"}},
                {"model": "gpt-4", "stream": True, "credential_override": {"openai": {"api_key": secret()}}},
                {"model": "bedrock/m", "customer_credentials": {"bedrock": dict(
                    AWS, aws_secret_access_key=secret(), aws_session_token=secret())}},
                {"model": "vertex_ai/m", "customer_credentials": {"vertex_ai": dict(
                    TOKEN, vertex_ai_credentials={"access_token": secret()})}},
                {"model": "vertex_ai/m", "customer_credentials": {"vertex_ai": dict(
                    TOKEN, vertex_ai_credentials={"private_key": secret()})}},
                {"model": "nope", "customer_credentials": {"openai": secret()}},
            ]
            said = []
            for key in (KEY, PLAIN_KEY):
                for body in bodies:
                    body["messages"] = [{"role": "user", "content": "Hi"}]
                    reply = g.post("/api/chat/completions", body, key=key)
                    said.append(reply.body.decode() + str(reply.headers))
            provider.answer = lambda r: json_reply({"error": {"message": json.dumps(r.headers)}}, 400)
            for body in bodies:
                reply = g.post("/api/chat/completions", body)
                said.append(reply.body.decode() + str(reply.headers))
            g.logged()
            said += [g.ctl("debug", "dump").stdout, g.ctl("status").stdout, g.admin("/metrics").body.decode(), g.log()]
            texts = [(place, x.encode()) for place, x in enumerate(said)]
            for where, _, names in os.walk(g.dir):
                for name in names:
                    path = os.path.join(where, name)
                    if os.path.isfile(path):
                        with open(path, "rb") as f:
                            texts.append((path, f.read()))
            assert len(g.records()) > 20
            found = [(place, s) for place, text in texts for s in made if s.encode() in text]
            assert not found, print("CTX", [text[text.index(secret) - 300:text.index(secret) + 200] for _, text in memory(g.child("worker")) if secret in text])
        finally:
            g.close()


def test_the_path_of_a_fault_has_no_hole(gateway):
    r = gateway.chat(customer_credentials=[{"credentials": {"openai": 7}}])
    assert (r.status, r.json["error"]["param"]) == (400, "customer_credentials[0].credentials.openai")
