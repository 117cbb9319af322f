"""Images that the gateway fetches for providers that take only bytes
(providers.md 4.5), and where it does not go for them (security.md F3 to F5).

The gateway must not be led to this machine, so what it may reach lies in a
network of the test's own, where public addresses are routed to loopback
without being addresses of an interface.
"""
import base64
import ctypes
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from gateway import KEY, Gateway, wait_for
from provider import LAST_CHUNK, Provider, chunked, head, json_reply
from test_tls import certificate

PICTURES = {
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(255)),
    "gif": b"GIF89a" + bytes(range(250)),
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(range(251)),
}
PUBLIC = "93.184.216.34"
OWN = "198.41.0.4"
PUBLIC6, OWN6 = "2606:4700::5", "2606:4700:1::9"
SIX = os.path.exists("/proc/net/if_inet6")

# Names as /etc/hosts has them; * is the address of the pictures.
HOSTS = """127.0.0.1 localhost
%(public)s pictures.example.com
%(public)s other.example.com
127.0.0.1 inside.example.com
10.0.0.1 private.example.com
169.254.169.254 metadata.example.com
%(own)s own.example.com
::1 six.example.com
::ffff:127.0.0.1 mapped.example.com
64:ff9b::7f00:1 translated.example.com
%(public)s both.example.com
127.0.0.1 both.example.com
%(public6)s far.example.com
%(own6)s near.example.com
""" % {"public": PUBLIC, "own": OWN, "public6": PUBLIC6, "own6": OWN6}


# -- providers that take only bytes: settings, an answer, where the image is --

def said_ollama(body):
    return None, body["messages"][0]["images"][0]


def said_gemini(body):
    said = body["contents"][0]["parts"][1]["inlineData"]
    return said["mimeType"], said["data"]


def said_converse(body):
    said = body["messages"][0]["content"][1]["image"]
    return "image/" + said["format"], said["source"]["bytes"]


def said_claude(body):
    said = body["messages"][0]["content"][1]["source"]
    assert said["type"] == "base64"
    return said["media_type"], said["data"]


AWS = 'aws_access_key_id = "env:TEST_PROVIDER_KEY"; aws_secret_access_key = "env:TEST_PROVIDER_KEY"; aws_region_name = "eu-west-1";'
CLAUDE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None,
          "content": [{"type": "text", "text": "Seen"}], "stop_reason": "end_turn",
          "usage": {"input_tokens": 5, "output_tokens": 2}}
KINDS = {
    "ollama": ("m", 'api_key = "env:TEST_PROVIDER_KEY";', said_ollama,
               {"model": "m", "message": {"role": "assistant", "content": "Seen"}, "done": True,
                "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 2}),
    "gemini": ("m", 'api_key = "env:TEST_PROVIDER_KEY";', said_gemini,
               {"candidates": [{"content": {"parts": [{"text": "Seen"}], "role": "model"}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}}),
    "bedrock": ("m", AWS, said_converse,
                {"output": {"message": {"role": "assistant", "content": [{"text": "Seen"}]}},
                 "stopReason": "end_turn", "usage": {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}}),
    "bedrock-invoke": ("anthropic.claude-x", AWS, said_claude, CLAUDE),
    "vertex-claude": ("claude-x", 'vertex_ai_credentials = "env:TEST_GOOGLE"; vertex_ai_project = "p"; '
                      'vertex_ai_location = "us-east5";', said_claude, CLAUDE),
}


def answer(request):
    for words, kind in (("/converse", "bedrock"), ("/invoke", "bedrock-invoke"), ("rawPredict", "vertex-claude"),
                        ("generateContent", "gemini"), ("/api/chat", "ollama"), ("/messages", "vertex-claude")):
        if words in request.path:
            return json_reply(KINDS[kind][3])
    return json_reply({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                       "choices": [{"index": 0, "message": {"role": "assistant", "content": "Seen"},
                                    "finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}})


def gateway_for(provider, images=""):
    model = '{ name = "%s"; provider = "p-%s"; upstream = "%s"; features = [ "vision" ]; price = { input = "1"; output = "2"; }; }'
    rows = [(k, k, v[0], v[1]) for k, v in KINDS.items()]
    rows += [("openai", "openai", "m", KINDS["ollama"][1]), ("anthropic", "anthropic", "claude-x", KINDS["ollama"][1]),
             ("vertex-gemini", "vertex-gemini", "m", KINDS["vertex-claude"][1])]
    return Gateway(workers=1, extra="providers = ( %s );\nmodels = ( %s );\nimages = { %s };" % (
        ",\n".join('{ name = "p-%s"; kind = "%s"; base_url = "http://127.0.0.1:%d"; credentials = ( { name = "c"; %s } ); }'
                   % (name, kind, provider.port, how) for name, kind, _, how in rows),
        ",\n".join(model % (name, name, upstream) for name, _, upstream, _ in rows), images))


def start(g, prefix=(), **env):
    return g.start(prefix=prefix, env=dict(env, TEST_GOOGLE=json.dumps({"access_token": "token"})))


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def ask(g, url, model="ollama", **members):
    urls = url if isinstance(url, list) else [url]
    return g.chat([{"type": "text", "text": "What is it?"}] + [image(u) for u in urls], model=model, **members)


def error(reply):
    return (reply.status,) + tuple(reply.json["error"].get(k) for k in ("code", "param", "message"))


def unfetched(n=1):
    return (400, "invalid_value", "messages[0].content[%d].image_url" % n, "Could not fetch image %d" % n)


# -- off --

@pytest.fixture(scope="module")
def off():
    with Provider(answer) as provider, Provider() as pictures:
        g = gateway_for(provider)
        g.provider, g.pictures = provider, pictures
        try:
            yield start(g)
        finally:
            g.close()


@pytest.mark.parametrize("kind", KINDS)
def test_off_by_default(off, kind):
    """A URL is no image, and nobody is asked."""
    asked = len(off.provider.requests)
    for url in ("https://a.example.com/x.png", "http://127.0.0.1:%d/x.png" % off.pictures.port,
                "http://localhost/x.png"):
        status, code, param, message = error(ask(off, url, kind))
        assert (status, code) == (400, "unsupported_parameter"), message
        assert param == "messages[0].content[1].image_url"
    assert len(off.provider.requests) == asked and off.pictures.connections == 0


# -- on: a network where public addresses lead here --

class Pictures(Provider):
    """The scripted image server, at every address that leads here."""

    def __init__(self, port, context=None):
        self.context = context
        super().__init__(self.picture, port, "::" if SIX else "")
        self.shown = {}

    def _serve(self, s):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
        except (ssl.SSLError, OSError):
            s.close()
            return
        super()._serve(s)

    def picture(self, request):
        name = request.path.split("?")[0].strip("/")
        if name in PICTURES:
            return json_reply(PICTURES[name])  # whatever type is declared
        return self.shown.get(request.path, [head(404, (("Content-Length", 0),))])


class Names:
    """A name server on port 53: what a name is at its first, second ... asking;
    the last one stays.  {type: [address, ...]}"""

    SAYS = {
        "turns.test": [{"A": [PUBLIC]}, {"A": ["127.0.0.1"]}],
        "public.test": [{"A": [PUBLIC], "AAAA": [PUBLIC6] * SIX}],
        "private.test": [{"A": ["10.1.2.3"]}],
        "loopback.test": [{"A": ["127.0.0.1"]}],
        "loopback6.test": [{"AAAA": ["::1"]}],
        "mapped.test": [{"AAAA": ["::ffff:127.0.0.1"]}],
        "zero.test": [{"A": ["0.0.0.0"]}],
        "mixed.test": [{"A": [PUBLIC, "127.0.0.1"]}],
        "mixed6.test": [{"A": [PUBLIC], "AAAA": ["::1"]}],
        "last.test": [{"A": [PUBLIC] * 10 + ["169.254.169.254"]}],
        "alias.test": [{"CNAME": "localhost"}],
        "empty.test": [{}],
    }
    TYPES = {1: "A", 28: "AAAA"}

    def __init__(self):
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
                self.socket.sendto(self.answer(query), peer)
            except OSError:
                return

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]])
            at += 1 + query[at]
        name, kind = b".".join(labels).decode().lower(), self.TYPES.get(query[at + 2])
        says = self.SAYS.get(name)
        records = []
        if says:
            now = says[min(self.asked.count((name, kind)), len(says) - 1)]
            self.asked.append((name, kind))
            if "CNAME" in now:
                alias = b"".join(bytes([len(x)]) + x.encode() for x in now["CNAME"].split(".")) + b"\0"
                records.append(self.record(b"\xc0\x0c", 5, alias))
                if kind == "A":
                    records.append(self.record(alias, 1, socket.inet_aton("127.0.0.1")))
            for x in now.get(kind, []):
                packed = socket.inet_pton(socket.AF_INET6 if kind == "AAAA" else socket.AF_INET, x)
                records.append(self.record(b"\xc0\x0c", query[at + 2], packed))
        return (query[:2] + (b"\x81\x80" if says else b"\x81\x83") + struct.pack(">HHHH", 1, len(records), 0, 0) +
                query[12:at + 5] + b"".join(records))

    @staticmethod
    def record(name, kind, data):
        return name + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def network():
    """A network namespace for this thread, and the way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
        pytest.skip("no network of its own: " + os.strerror(ctypes.get_errno()))
    six = ["-6 route add local 2606:4700::/64 dev lo", "-6 addr add %s/128 dev lo" % OWN6]
    for words in ["link set lo up", "route add local 93.184.216.0/24 dev lo",
                  "addr add %s/32 dev lo" % OWN] + six * SIX:
        subprocess.run(["ip"] + words.split(), check=True)

    def back():
        assert libc.setns(home, 0) == 0
        os.close(home)
    return back


@pytest.fixture(scope="module")
def on(tmp_path_factory):
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a network of its own needs root and ip")
    where = str(tmp_path_factory.mktemp("on"))
    certificate(where, "ca", "DNS:ca.test")
    certificate(where, "server", "DNS:pictures.example.com")
    with open(os.path.join(where, "hosts"), "w") as f:
        f.write(HOSTS)
    with open(os.path.join(where, "resolv.conf"), "w") as f:
        f.write("nameserver 127.0.0.1\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(where, "server.pem"), os.path.join(where, "server.key"))
    back = network()
    g = None
    try:
        with Provider(answer) as provider, Pictures(80) as plain, Pictures(443, context) as tls, Names() as names:
            def gateway(images="", server=""):
                nonlocal g
                if g is not None:
                    g.close()
                g = gateway_for(provider, 'fetch = true; fetch_max = "64K"; fetch_count = 3; %s' % images)
                g.text = g.text.replace("workers = 1;", "workers = 1; " + server)
                g.provider, g.plain, g.tls, g.names = provider, plain, tls, names
                mount = ('mount --bind %s/hosts /etc/hosts && mount --bind %s/resolv.conf /etc/resolv.conf && '
                         'exec "$@"' % (where, where))
                return start(g, ["unshare", "-m", "sh", "-c", mount, "sh"], SSL_CERT_FILE=where + "/ca.pem")
            yield gateway
    finally:
        if g is not None:
            g.close()
        back()


@pytest.fixture(scope="module")
def http(on):
    """By http too: what goes wrong at the other end needs no certificate."""
    return on('fetch_http = true; fetch_timeout = "1500ms";', 'max_body = "100K";')


@pytest.fixture
def fresh(http):
    for server in (http.provider, http.plain, http.tls):
        server.requests.clear()
        server.gone_at.clear()
        server.connections = 0
    http.plain.shown.clear()
    return http


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_fetched(fresh, kind, form):
    """The provider gets bytes and their type, as if the client had sent them."""
    reply = ask(fresh, "http://%s/%s?a=b" % (PUBLIC, form), kind)
    assert reply.status == 200, reply.body
    got_type, got = KINDS[kind][2](fresh.provider.requests[-1].json)
    assert base64.b64decode(got, validate=True) == PICTURES[form]
    assert got_type in (None, "image/" + form)
    sent = ask(fresh, "data:image/%s;base64,%s" % (form, base64.b64encode(PICTURES[form]).decode()), kind)
    assert sent.status == 200 and fresh.provider.requests[-1].json == fresh.provider.requests[-2].json
    assert len(fresh.plain.requests) == 1


def test_what_the_image_server_sees(fresh):
    """The URL, and nothing of the request or of ours."""
    reply = ask(fresh, "http://pictures.example.com/png?a=b%20c")
    assert reply.status == 200, reply.body
    seen, = fresh.plain.requests
    assert (seen.method, seen.path, seen.body) == ("GET", "/png?a=b%20c", b"")
    assert [k for k, _ in seen.headers] == ["Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"]
    assert seen.header("Host") == "pictures.example.com"


@pytest.mark.skipif(not SIX, reason="no IPv6")
def test_ipv6(fresh):
    """An address and a name; one that is this machine's own is none."""
    assert ask(fresh, "http://[%s]/png" % PUBLIC6).status == 200
    assert fresh.plain.requests[-1].header("Host") == "[%s]" % PUBLIC6
    assert ask(fresh, "http://far.example.com/png").status == 200
    asked = fresh.plain.connections
    for url in ("http://[%s]/png" % OWN6, "http://near.example.com/png"):
        assert error(ask(fresh, url)) == unfetched()
    assert fresh.plain.connections == asked == 2


def test_other_clients(fresh):
    """What another dialect calls an image by URL is the same image."""
    source = {"type": "url", "url": "http://%s/png" % PUBLIC}
    body = {"model": "ollama", "max_tokens": 10, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]}]}
    assert fresh.post("/api/v1/messages", body).status == 200
    got = fresh.provider.requests[-1].json["messages"][0]["images"][0]
    assert base64.b64decode(got) == PICTURES["png"]
    source["url"] = "http://inside.example.com/png"
    refused = fresh.post("/api/v1/messages", body)
    assert refused.status == 400 and "Could not fetch image 1" in refused.json["error"]["message"]


def test_images_in_order(fresh):
    """Each in its place, beside one that came as data; also those of results."""
    data = "data:image/png;base64," + base64.b64encode(PICTURES["png"]).decode()
    urls = ["http://%s/gif" % PUBLIC, data, "http://%s/jpeg" % PUBLIC]
    assert ask(fresh, urls).status == 200
    got = fresh.provider.requests[-1].json["messages"][0]["images"]
    assert [base64.b64decode(x) for x in got] == [PICTURES[x] for x in ("gif", "png", "jpeg")]
    messages = [{"role": "user", "content": "Look"},
                {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function",
                                                      "function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": [image("http://%s/webp" % PUBLIC)]}]
    reply = fresh.post("/api/chat/completions", {"model": "bedrock", "messages": messages,
                                                 "tools": [{"type": "function", "function": {"name": "look"}}]})
    assert reply.status == 200, reply.body
    result = fresh.provider.requests[-1].json["messages"][-1]["content"][0]["toolResult"]["content"]
    assert base64.b64decode(result[0]["image"]["source"]["bytes"]) == PICTURES["webp"]


def test_others_get_the_url(fresh):
    """Who takes URLs fetches for himself; gs: is Google's."""
    url = "http://%s/png" % PUBLIC
    assert ask(fresh, url, "openai").status == 200
    assert fresh.provider.requests[-1].json["messages"][0]["content"][1] == image(url)
    assert ask(fresh, url, "anthropic").status == 200
    source = fresh.provider.requests[-1].json["messages"][0]["content"][1]["source"]
    assert source == {"type": "url", "url": url}
    for model, u in (("vertex-gemini", url), ("gemini", "gs://bucket/x.png")):
        assert ask(fresh, u, model).status == 200
        assert fresh.provider.requests[-1].json["contents"][0]["parts"][1]["fileData"]["fileUri"] == u
    assert error(ask(fresh, "ftp://%s/png" % PUBLIC))[:2] == (400, "unsupported_parameter")
    assert fresh.plain.connections == 0


def moved(to, status=302):
    return [head(status, (("Location", to), ("Content-Length", 0), ("Set-Cookie", "a=b")))]


@pytest.mark.parametrize("status", (301, 302, 303, 307, 308))
def test_redirects(fresh, status):
    fresh.plain.shown.update({
        "/1": moved("/2", status), "/2": moved("http://other.example.com/3?x", status), "/3?x": moved("//%s/png" % PUBLIC, status),
        "/0": moved("1", status)})
    assert ask(fresh, "http://pictures.example.com/1").status == 200
    assert [r.header("Host") for r in fresh.plain.requests] == ["pictures.example.com"] * 2 + ["other.example.com", PUBLIC]
    assert all(r.header("Cookie") is None for r in fresh.plain.requests)
    assert error(ask(fresh, "http://pictures.example.com/0")) == unfetched()  # one more is one too many


LED = ("http://127.0.0.1/png", "http://localhost/png", "http://[::1]/png", "http://inside.example.com/png", "//127.0.0.1/png",
       "http://%s:8080/png" % PUBLIC, "http://u@%s/png" % PUBLIC, "http://2130706433/png", "http://%s/png" % OWN, "file:///etc/passwd",
       "http://both.example.com/png", "gopher://%s/" % PUBLIC, "http://%s/png#x" % PUBLIC, "http://pictures.example.com\\@127.0.0.1/")


@pytest.mark.parametrize("to", LED)
def test_redirected_inside(fresh, to):
    fresh.plain.shown["/away"] = moved(to)
    assert error(ask(fresh, "http://%s/away" % PUBLIC)) == unfetched()
    assert fresh.plain.connections == 1 and fresh.tls.connections == 0


FORBIDDEN = [
    "http://127.0.0.1/png", "http://127.0.0.1:80/png", "https://127.0.0.1/png", "http://127.1/png", "http://2130706433/png",
    "http://0x7f.1/png", "http://0177.0.0.1/png", "http://0/png", "http://0.0.0.0/png", "http://127.127.127.127/png",
    "http://[::1]/png", "http://[::ffff:127.0.0.1]/png", "http://[::ffff:7f00:1]/png", "http://[::]/png", "http://[::1%25lo]/png",
    "http://[64:ff9b::7f00:1]/png", "http://localhost/png", "http://LOCALHOST./png", "http://x.localhost/png",
    "http://ip6-localhost/png", "http://metadata.google.internal/png", "http://169.254.169.254/png", "http://10.0.0.1/png",
    "http://192.168.0.1/png", "http://172.16.0.1/png", "http://100.64.0.1/png", "http://%s/png" % OWN,
    "http://own.example.com/png", "http://inside.example.com/png", "http://private.example.com/png",
    "http://metadata.example.com/png", "http://six.example.com/png", "http://mapped.example.com/png",
    "http://translated.example.com/png", "http://both.example.com/png", "http://none.example.com/png",
    "http://user@%s/png" % PUBLIC, "http://%s@127.0.0.1/png" % PUBLIC, "http://%s:8080/png" % PUBLIC,
    "http://%s:443/png" % PUBLIC, "https://%s:80/png" % PUBLIC, "http://%s\\@127.0.0.1/png" % PUBLIC,
    "http://%s/png#x" % PUBLIC, "http://%s/a/../png" % PUBLIC, "http://%s /png" % PUBLIC, "http://%s/p ng" % PUBLIC,
    "http://%s/png\r\nX: y" % PUBLIC, "http://%s/png\x00" % PUBLIC, "http://%s/\u00fc.png" % PUBLIC, "http:/%s/png" % PUBLIC,
    "http:%s/png" % PUBLIC, "http:\\\\%s\\png" % PUBLIC, "http://93.184.216.034/png", "http://93.184.55330/png", "http://1572395042/png",
    "http://\uff11\uff12\uff17.0.0.1/png", "http://127%%2e0%%2e0%%2e1/png", "http:///png", "http://", "https:", "http://%s./png" % PUBLIC,
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_forbidden(fresh, url):
    """One answer for all, and nobody is asked: neither here nor there."""
    assert error(ask(fresh, url)) == unfetched()
    assert fresh.plain.connections == fresh.tls.connections == len(fresh.provider.requests) == 0


def test_names(fresh):
    """A name is what it was when it was checked, however often it is asked."""
    assert ask(fresh, "http://public.test/png").status == 200
    assert ask(fresh, "http://turns.test/png").status == 200
    assert fresh.names.asked.count(("turns.test", "A")) == 1
    fresh.plain.connections = 0
    for name in sorted(set(Names.SAYS) - {"public.test", "turns.test"}) + ["no.test"]:
        assert error(ask(fresh, "http://%s/png" % name)) == unfetched(), name
        assert name in ("no.test",) or any(n == name for n, _ in fresh.names.asked)
    assert fresh.plain.connections == 0


def whole(body, *fields, status=200):
    return [head(status, (("Content-Length", len(body)),) + fields) + body]


BAD = {
    "not found": whole(PICTURES["png"], status=404),
    "an error": whole(PICTURES["png"], status=500),
    "no content": [head(204)],
    "a part of it": whole(PICTURES["png"], status=206),
    "moved nowhere": whole(PICTURES["png"], status=302),
    "not modified": [head(304)],
    "nothing": whole(b""),
    "text": whole(b"<html>no image</html>", ("Content-Type", "image/png")),
    "svg": whole(b"<svg xmlns='http://www.w3.org/2000/svg'/>", ("Content-Type", "image/svg+xml")),
    "sound": whole(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64)),
    "the start of one": whole(b"RIFF\x24\x00\x00\x00WEB"),
    "a secret": whole(b"root:x:0:0:root:/root:/bin/bash\n"),
    "cut": [head(200, (("Content-Length", 1000),)) + PICTURES["png"], ("fin",)],
    "cut chunk": [head(200, (("Transfer-Encoding", "chunked"),)) + chunked(PICTURES["png"]), ("fin",)],
    "two lengths": [head(200, (("Content-Length", 3), ("Content-Length", 4))) + PICTURES["png"]],
    "too large": whole(PICTURES["png"] + bytes(64 * 1024)),
    "said too large": [head(200, (("Content-Length", 10 ** 12),)) + PICTURES["png"], ("until_gone",)],
    "too large in chunks": [head(200, (("Transfer-Encoding", "chunked"),)) + chunked(PICTURES["png"])] +
                           [chunked(bytes(8192))] * 8 + [LAST_CHUNK],
    "too large to the end": [head(200) + PICTURES["png"] + bytes(64 * 1024), ("fin",)],
    "no HTTP": [PICTURES["png"], ("fin",)],
    "reset": [("reset",)],
    "closed": [("fin",)],
    "silence": [("until_gone",)],
    "silence in it": [head(200, (("Content-Length", 1000),)) + PICTURES["png"], ("until_gone",)],
}


@pytest.mark.parametrize("how", BAD)
def test_bad_answers(fresh, how):
    """All the same to the client, in time, and the connection is gone."""
    fresh.plain.shown["/bad"] = BAD[how]
    began = time.monotonic()
    urls = ["http://%s/png" % PUBLIC, "http://%s/bad" % PUBLIC]
    assert error(ask(fresh, urls)) == unfetched(2)
    assert time.monotonic() - began < 4
    assert len(fresh.provider.requests) == 0
    wait_for(lambda: not fresh.plain.open, 5, "the connections to end")


def test_largest(fresh):
    """Limits are reached and not passed."""
    picture = PICTURES["png"] + bytes(64 * 1024 - len(PICTURES["png"]))
    fresh.plain.shown["/64K"] = whole(picture)
    fresh.plain.shown["/chunks"] = [head(200, (("Transfer-Encoding", "chunked"),)) + chunked(picture[:1]) +
                                    chunked(picture[1:1000]) + chunked(picture[1000:]) + LAST_CHUNK]
    for path in ("64K", "chunks"):
        assert ask(fresh, "http://%s/%s" % (PUBLIC, path)).status == 200
        got = fresh.provider.requests[-1].json["messages"][0]["images"][0]
        assert base64.b64decode(got) == picture
    two = ask(fresh, ["http://%s/64K" % PUBLIC] * 2)  # beyond server.max_body
    assert error(two)[:2] == (413, "request_too_large") and "102400 bytes" in two.json["error"]["message"]
    assert ask(fresh, "http://%s/png" % PUBLIC, user="x" * 50000).status == 200
    assert error(ask(fresh, "http://%s/64K" % PUBLIC, user="x" * 50000))[:2] == (413, "request_too_large")
    assert ask(fresh, ["http://%s/png" % PUBLIC] * 3).status == 200
    fresh.plain.connections = 0
    assert error(ask(fresh, ["http://%s/png" % PUBLIC] * 4)) == (
        400, "invalid_value", "messages[0].content[4].image_url", "A request may name at most 3 images by URL.")
    assert fresh.plain.connections == 0


def test_hold_without_the_bytes(fresh):
    """An image is held for as one, not as a text of its length."""
    fresh.plain.shown["/60K"] = whole(PICTURES["png"] + bytes(60 * 1024))
    url, sent = "http://%s/60K" % PUBLIC, "data:image/png;base64," + base64.b64encode(PICTURES["png"] + bytes(60 * 1024)).decode()
    inside = threading.Event()
    held = []

    def late(request):
        held.append(fresh.reserved())
        inside.set()
        return answer(request)

    fresh.provider.answer = late
    try:
        for u in (url, sent):
            reply = ask(fresh, u, customer_identifier="held", max_tokens=10,
                        customer_params={"customer_identifier": "held", "total_budget": 1})
            assert reply.status == 200, reply.body
            fresh.at_rest()
    finally:
        fresh.provider.answer = answer
    by_url, by_data = held
    # The client's own bytes are the longer ones, by the URL they are not.
    assert 0 < by_url < 30_000_000 and abs(by_url - by_data) < 1_000_000, held


def test_hold_of_who_takes_the_address(fresh):
    """What was fetched for another attempt is no part of this one's body."""
    fresh.plain.shown["/30K"] = whole(PICTURES["png"] + bytes(30 * 1024))
    long = "word " * 8000
    fresh.provider.answer = lambda q: (json_reply({"error": {"message": "no"}}, 500) if "/api/chat" in q.path
                                       else answer(q))
    try:
        for first in ("ollama", "openai"):
            r = fresh.chat([{"type": "text", "text": long}, image("http://%s/30K" % PUBLIC)], model=first,
                           fallback_models=["openai"], max_tokens=10,
                           customer_params={"customer_identifier": "held", "total_budget": 1})
            assert r.status == 200, r.body
            last = fresh.record(r.headers["x-respan-log-id"])["attempts"][-1]
            # A token is a byte at least, at 1 USD for a million of them.
            assert last["model"] == "openai" and last["hold_nano_usd"] > 1000 * len(long)
    finally:
        fresh.provider.answer = answer


def test_a_fallback_whose_images_do_not_come(fresh):
    """Who was asked is what is told; the others are asked all the same."""
    fresh.provider.answer = lambda q: (json_reply({"error": {"message": "no"}}, 500) if "/chat/completions" in q.path
                                       else answer(q))
    try:
        for fallbacks, status in ((["ollama"], 500), (["ollama", "anthropic"], 200)):
            r = ask(fresh, "http://%s/none" % PUBLIC, "openai", fallback_models=fallbacks)
            assert r.status == status, r.body
            row = fresh.record(r.headers["x-respan-log-id"])
            assert "Could not fetch image" in row["warnings_dict"]["ollama"]
    finally:
        fresh.provider.answer = answer


def test_client_leaves(fresh):
    fresh.plain.shown["/slow"] = [("until_gone",)]
    body = json.dumps({"model": "ollama", "messages": [{"role": "user", "content": [image("http://%s/slow" % PUBLIC)]}]})
    with socket.create_connection(("127.0.0.1", fresh.port)) as s:
        s.sendall(("POST /api/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (KEY, len(body), body)).encode())
        wait_for(lambda: fresh.plain.requests, 5, "the image to be asked for")
    left = time.monotonic()
    wait_for(lambda: fresh.plain.gone_at, 1.2, "the connection to end")  # before fetch_timeout
    assert fresh.plain.gone_at[0] - left < 1.2 and len(fresh.provider.requests) == 0
    assert ask(fresh, "http://%s/png" % PUBLIC).status == 200


def test_others_go_on(fresh):
    """Nobody waits for an image of another's."""
    fresh.plain.shown["/slow"] = [("until_gone",)]
    slow = threading.Thread(target=lambda: ask(fresh, "http://%s/slow" % PUBLIC))
    slow.start()
    wait_for(lambda: fresh.plain.requests, 5, "the image to be asked for")
    for _ in range(5):
        assert fresh.chat(model="ollama").status == 200
    assert not fresh.plain.gone_at
    slow.join()


def test_https(on):
    """The usual settings; last, since it takes the place of the other gateway."""
    g = on()
    for server in (g.plain, g.tls):
        server.requests.clear()
        server.connections = 0
    assert ask(g, "https://pictures.example.com/png").status == 200
    assert g.tls.requests[-1].header("Host") == "pictures.example.com"
    got = g.provider.requests[-1].json["messages"][0]["images"][0]
    assert base64.b64decode(got) == PICTURES["png"]
    asked = len(g.tls.requests)
    for url in ("https://other.example.com/png", "https://%s/png" % PUBLIC):  # whose certificate it is not
        assert error(ask(g, url)) == unfetched()
    assert error(ask(g, "http://pictures.example.com/png")) == unfetched()
    assert len(g.tls.requests) == asked and g.plain.connections == 0
    g.tls.shown["/down"] = moved("http://pictures.example.com/png")
    assert error(ask(g, "https://pictures.example.com/down")) == unfetched()
    assert g.plain.connections == 0
    assert g.stop() == 0
