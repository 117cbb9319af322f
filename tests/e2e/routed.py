"""Three models at three providers behind one scripted provider, which plays a
part for each model: what tests of routing.md ask.
"""
import collections
import json
import os
import time

from gateway import TREE, Gateway
from provider import Provider, completion, json_reply, sse_reply, stream_events
from wire import Wire, chat_body, request

CREDENTIALS = '{ name = "main"; api_key = "env:TEST_PROVIDER_KEY"; }'
BUSY = {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}


def model(slug, provider, more=""):
    return ('{ name = "%s"; provider = "%s"; context = 128000; max_output = 16384; features = [ "tools", "vision" ]; '
            'price = { input = "1"; output = "2"; }; %s }' % (slug, provider, more))


def settings(port, more="", credentials=CREDENTIALS, models=()):
    """a at one, b at two, c at three, and the catalogue of three that are known by name."""
    places = {"one": "a", "two": "b", "three": "c"}
    providers = ['{ name = "%s"; kind = "openai"; base_url = "http://127.0.0.1:%d/v1"; credentials = ( %s ); }' % (
        p, port, credentials if p == "one" else CREDENTIALS) for p in places]
    providers.append('{ name = "openai"; base_url = "http://127.0.0.1:%d/v1"; credentials = ( %s ); }' % (
        port, CREDENTIALS))
    providers.append('{ name = "azure_openai"; credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; '
                     'api_base = "http://127.0.0.1:%d"; } ); }' % port)
    providers.append('{ name = "google_vertex_ai"; base_url = "http://127.0.0.1:%d/v1"; credentials = ( { name = "main"; '
                     'vertex_ai_credentials = "env:TEST_TOKEN"; vertex_ai_project = "p"; '
                     'vertex_ai_location = "us-east5"; } ); }' % port)
    return "providers = ( %s );\nmodels = ( %s );\ncatalogue = { path = \"%s\"; };\n%s" % (
        ", ".join(providers), ", ".join([model(m, p) for p, m in places.items()] + list(models)),
        os.path.join(TREE, "etc", "models.csv"), more)


def error(status, *headers):
    return lambda r: json_reply(BUSY, status, headers)


def turns(*parts):
    """One part after the other; the last again and again."""
    left = list(parts)
    return lambda r: (left.pop(0) if len(left) > 1 else left[0])(r)


def good(r):
    """The model's name, as an answer."""
    name = r.json["model"]
    return sse_reply(stream_events([name])) if r.json.get("stream") else json_reply(completion(name))


def reset(r):
    return [("reset",)]


class Routed:
    """with Routed(...) as x: x.plays["a"] = error(500)"""

    def __init__(self, more="", workers=1, credentials=CREDENTIALS, models=(), key=""):
        self.plays = {}
        self.provider = Provider(lambda r: self.plays.get(r.json["model"], good)(r))
        self.gateway = Gateway(workers=workers, extra=settings(self.provider.port, more, credentials, models))
        self.gateway.text = self.gateway.text.replace('name = "prod key";', 'name = "prod key"; ' + key)

    def __enter__(self):
        self.gateway.start(env={"TEST_TOKEN": '{"access_token":"ya29.test"}'})
        return self

    def __exit__(self, kind, value, trace):
        self.gateway.close(failed=kind is not None)
        self.provider.close()

    def ask(self, **members):
        """A reply with what the provider was asked for it, and how long it took."""
        before, began = len(self.provider.requests), time.monotonic()
        with Wire(self.gateway) as w:
            w.send(request(chat_body(**dict({"model": "a", "max_tokens": 50}, **members))))
            r = w.reply()
            r.complete = w.complete
        r.seconds = time.monotonic() - began
        r.asked = [x.json["model"] for x in self.provider.requests[before:]]
        return r

    def record(self, r):
        return self.gateway.record(r.headers["x-respan-log-id"])

    def warnings(self, r):
        got = self.record(r).get("warnings_dict") or {}
        return json.loads(got) if isinstance(got, str) else got

    def waits(self, r):
        return [a["wait_before"] for a in self.record(r)["attempts"]]

    def counts(self):
        return collections.Counter(x.json["model"] for x in self.provider.requests)


def said(r):
    """The name of the model that answered, by its words."""
    assert r.status == 200, (r.status, r.body)
    if r.headers["content-type"].startswith("text/event-stream"):
        assert r.complete and r.body.endswith(b"data: [DONE]\n\n")
        chunks = [json.loads(e) for e in r.events()[:-1]]
        return "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    return r.json["choices"][0]["message"]["content"]


def retries(n, seconds):
    return {"retry_enabled": True, "num_retries": n, "retry_after": seconds}
