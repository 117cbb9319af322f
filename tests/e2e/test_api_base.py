"""An api_base of the caller's (routing.md 4.3, security.md F1 to F12): which
are refused, that nobody is connected to for them, and what one that is allowed
gets and gives.

As in test_images_fetch.py the gateway runs in a network of the test's own:
public addresses lead to this machine without being its own, and so do private
ones, where every connection is counted.
"""
import json
import os
import shutil
import ssl
import subprocess

import pytest

from gateway import KEY, Gateway, sha256, wait_for
from provider import Provider, chunked, completion, head, json_reply, sse_head, sse_reply, stream_events
from test_images_fetch import OWN, OWN6, PUBLIC, PUBLIC6, SIX, Names, network
from test_tls import certificate

ANY_KEY = "testkey4.abcdefghijklmnopqrstuvwxyz012345"  # has the scope any-api-base
LISTED = "x.openai.azure.com"
NAMED = "api.example.com"  # of a provider of the settings
OTHER = "elsewhere.example.com"
PORTS = (80, 443, 8080, 8443, 5000, 6379)

HOSTS = """127.0.0.1 localhost inside.example.com x.local y.internal
{public} {listed} {named} {other} z.services.ai.azure.com deep.x.cognitiveservices.azure.com
10.0.0.1 private.openai.azure.com
127.0.0.1 near.openai.azure.com
{own} own.openai.azure.com
::1 six.openai.azure.com
::ffff:127.0.0.1 mapped.openai.azure.com
64:ff9b::7f00:1 translated.openai.azure.com
169.254.169.254 metadata.openai.azure.com
{public} both.openai.azure.com
127.0.0.1 both.openai.azure.com
{public6} far.example.com
{own6} near6.example.com
""".format(public=PUBLIC, own=OWN, listed=LISTED, named=NAMED, other=OTHER, public6=PUBLIC6, own6=OWN6)

# Names that resolve to what may not be asked, by the name server or the file.
RESOLVED = ["private.openai.azure.com", "near.openai.azure.com", "own.openai.azure.com", "six.openai.azure.com",
            "mapped.openai.azure.com", "translated.openai.azure.com", "metadata.openai.azure.com",
            "both.openai.azure.com", "inside.example.com", "private.test", "loopback.test", "loopback6.test",
            "mapped.test", "zero.test", "mixed.test", "mixed6.test", "last.test", "alias.test", "empty.test",
            "unknown.test"] + ["near6.example.com"] * SIX

# Addresses that are somebody's own, as they are usually written.
ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.1.1.1", "127.255.255.254", "0.0.0.0", "0.0.0.1", "10.0.0.1", "10.255.255.255",
             "100.64.0.1", "100.127.255.254", "169.254.169.254", "169.254.170.2", "169.254.0.1", "172.16.0.1",
             "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255",
             "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
             "255.255.255.255", "168.63.129.16.xip", OWN]
ADDRESSES6 = ["::", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a00:1", "::127.0.0.1", "::7f00:1",
              "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
              "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
              "2002:7f00:1::", "2002:7f00:0001::1", "2002:a9fe:a9fe::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1",
              "fe80::1%25lo", "fe80::1%lo", "fe80::1%1", "::1%lo", "febf::1", "fec0::1", "ff02::1", "ff05::1:3",
              "::ffff:169.254.169.254", "[::1]", "1", "::1.", "v1.::1"]
# The same in forms that some resolvers and parsers read.
NUMBERS = ["2130706433", "0x7f000001", "0x7F.0x0.0x0.0x1", "0177.0.0.1", "0177.0.0.01", "017700000001", "127.1", "127.0.1",
           "0x7f.1", "0x7f.0.0.1", "127.0.0.0x1", "00000177.0.0.1", "0", "0x0", "00", "0.0", "127.0.0.1.", "127.000.000.001",
           "127.0.0.01", "3232235521", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376",
           "169.16689662", "169.254.43518", "425.510.425.510", "7147006462", "256.256.256.256", "127.0.0.256", "127.0.0.1.1",
           "1.1", "0x5db8d822", "0135.0270.0330.042", "4294967296", "-1", "1e9"]
NAMES = ["localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "localdomain", "x.local", "X.LOCAL.",
         "printer.local", "y.internal", "metadata.google.internal", "metadata.google.internal.", "metadata", "kubernetes",
         "kubernetes.default.svc", "default.svc.cluster.local", "instance-data", "instance-data.ec2.internal", "consul",
         "redis", "host.docker.internal", "gateway.docker.internal", "router.lan", "wiki.intranet", "nas.home.arpa",
         "metadata.goog", "metadata.tencentyun.com", "metadata.packet.net", "metadata.platformequinix.com", "a..example.com",
         ".example.com", "example..", "-", "a_b", "x" * 64 + ".example.com", ("x" * 60 + ".") * 5 + "example.com"]
# Unicode that is folded into something else by those who normalise.
UNICODE = ["\u2460\u2461\u2466.0.0.1", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "127.0.0.\u00b9",
           "loc\u0430lhost", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "ex\u00e4mple.com", "\u0661\u0662\u0667.0.0.1",
           "x.openai.azure.com\u2044.example.com", "\uff0e.example.com", "x\u200b.openai.azure.com", "%s\uff0fx" % LISTED]
# Whole URLs: each of them names a public host somewhere.
URLS = ["http://%s" % LISTED, "http://%s:443" % LISTED, "ftp://%s" % LISTED, "file:///etc/passwd", "gopher://%s/_x" % LISTED,
        "dict://%s/" % LISTED, "ws://%s" % LISTED, "unix:/run/admin.sock", "//%s" % LISTED, LISTED, "https:%s" % LISTED,
        "https:/%s" % LISTED, "https:///%s" % LISTED, "https://", "https://?", "https://#", "https:// ", "javascript:1",
        "data:text/plain,x", "jar:https://%s!/" % LISTED, "https://%s:80" % LISTED, "https://%s:8443" % LISTED,
        "https://%s:" % LISTED, "https://%s:0443" % LISTED, "https://%s:443:443" % LISTED, "https://%s:443@127.0.0.1" % LISTED,
        "https://%s:-1" % LISTED, "https://%s:0x1bb" % LISTED, "https://%s:66979" % LISTED, "https://user@%s" % LISTED,
        "https://user:secret@%s" % LISTED, "https://%s@127.0.0.1" % LISTED, "https://127.0.0.1@%s" % LISTED,
        "https://@%s" % LISTED, "https://%s#@127.0.0.1" % LISTED, "https://127.0.0.1#@%s" % LISTED,
        "https://127.0.0.1?@%s" % LISTED, "https://127.0.0.1\\@%s" % LISTED, "https://%s\\@127.0.0.1" % LISTED,
        "https:\\\\%s" % LISTED, "https://%s\\x" % LISTED, "https://%s/?x=1" % LISTED, "https://%s?" % LISTED,
        "https://%s/x#y" % LISTED, "https://%s/#" % LISTED, "https://%s/a/../b" % LISTED, "https://%s/.." % LISTED,
        "https://%s/%%2e%%2e/x" % LISTED, "https://%s/.%%2E/x" % LISTED, "https://%s/a b" % LISTED, " https://%s" % LISTED,
        "https://%s " % LISTED, "https://%s\n" % LISTED, "https://%s\r\nX-Evil: 1" % LISTED, "https://%s/\r\nX: y" % LISTED,
        "https://%s\t" % LISTED, "https://%s/\u0000" % LISTED, "https://\u0000%s" % LISTED, "https://%s/\u00e9" % LISTED,
        "https://%%31%%32%%37.0.0.1", "https://x%%2eopenai.azure.com", "https://%s%%00.example.com" % LISTED,
        "https://%s%%2f@127.0.0.1" % LISTED, "https://[%s]" % LISTED, "https://[::1", "https://::1", "https://::1]",
        "https://[]", "https://[127.0.0.1]", "https://[::1]:443", "https://[::1]x", "https://(%s)" % LISTED,
        "https://%s,127.0.0.1" % LISTED, "https://%s;127.0.0.1" % LISTED, "https://%s&@127.0.0.1" % LISTED,
        "https://<%s>" % LISTED, "https://{%s}" % LISTED, "https://$%s" % LISTED, "https://*.openai.azure.com",
        "https://%s/%s" % (LISTED, "x" * 2048), "https://%s" % ("x." * 1100 + "openai.azure.com"), "HTTP://%s" % LISTED,
        "https+unix://%s" % LISTED, "https://127.0.0.1.nip.io:8080", "https://%s\u3002" % LISTED]
FORMS = (["https://%s/" % x for x in ADDRESSES[:-2] + [OWN]] + ["https://[%s]/" % x for x in ADDRESSES6] +
         ["https://%s/v1" % x for x in NUMBERS + NAMES] + ["https://%s" % x for x in UNICODE] + URLS)

# Without the scope any-api-base: public hosts of nobody's list.
STRANGERS = [OTHER, PUBLIC, "[%s]" % PUBLIC6, "openai.azure.com", "xopenai.azure.com", "x.openai.azure.com.example.com",
             "evil-openai.azure.com", "x.openai.azure.co", "%s.example.com" % NAMED,
             "x%s" % NAMED, "x.%s" % NAMED, "services.ai.azure.com", "xservices.ai.azure.com"]
HOSTS += "".join("%s %s\n" % (PUBLIC, x) for x in STRANGERS if x[-1] not in "]34")


class Counted(Provider):
    """Counts connections; speaks TLS where it should."""

    def __init__(self, port, context=None):
        self.context = context
        super().__init__(None, port, "::" if SIX else "")

    def _serve(self, s):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
        except (ssl.SSLError, OSError):
            s.close()
            return
        super()._serve(s)


class MoreNames(Names):
    SAYS = dict(Names.SAYS, **{"slow.test": [{"A": [PUBLIC]}]})


def settings(g, provider):
    at = g.text.index("keys = (")
    g.text = g.text[:at] + g.text[g.text.index(");", at) + 2:] + """
keys = ( { prefix = "testkey1"; name = "prod key"; environment = "prod"; sha256 = "%(key)s"; },
  { prefix = "testkey4"; name = "any key"; environment = "prod"; sha256 = "%(key)s";
    scopes = [ "gateway", "credentials", "any-api-base" ]; } );
providers = (
  { name = "openai"; base_url = "http://127.0.0.1:%(port)d/v1";
    credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } ); },
  { name = "named"; kind = "openai"; base_url = "https://%(named)s/v1"; },
  { name = "near"; kind = "openai"; base_url = "http://127.0.0.1:%(port)d/v1"; quirks = [ "local" ]; },
  { name = "bedrock"; base_url = "http://127.0.0.1:%(port)d"; },
  { name = "azure"; credentials = ( { name = "own"; api_key = "env:TEST_PROVIDER_KEY";
    api_base = "https://%(listed)s"; } ); } );
models = ( { name = "m"; provider = "openai"; price = { input = "1"; output = "2"; }; },
  { name = "azure/m"; provider = "azure"; upstream = "m"; price = { input = "1"; output = "2"; }; },
  { name = "near/m"; provider = "near"; upstream = "m"; price = { input = "1"; output = "2"; }; },
  { name = "bedrock/m"; provider = "bedrock"; upstream = "m"; price = { input = "1"; output = "2"; }; },
  { name = "named/m"; provider = "named"; upstream = "m"; price = { input = "1"; output = "2"; }; } );
upstream = { max_body = "64M"; };
""" % {"key": sha256(KEY), "port": provider.port, "named": NAMED, "listed": LISTED}


@pytest.fixture(scope="module")
def g(tmp_path_factory):
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a network of its own needs root and ip")
    where = str(tmp_path_factory.mktemp("base"))
    certificate(where, "ca", "DNS:ca.test")
    certificate(where, "server", ",".join("DNS:" + x for x in (
        LISTED, NAMED, OTHER, "z.services.ai.azure.com", "deep.x.cognitiveservices.azure.com", "turns.test",
        "public.test", "far.example.com")) + ",IP:" + PUBLIC)
    for name, text in (("hosts", HOSTS), ("resolv.conf", "nameserver 127.0.0.1\n")):
        with open(os.path.join(where, name), "w") as f:
            f.write(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where + "/server.pem", where + "/server.key")
    back = network()
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "198.18.0.0/15"):
        subprocess.run(["ip", "route", "add", "local", net, "dev", "lo"], check=True)
    gateway = Gateway(workers=1)
    counted = {}
    try:
        with Provider() as provider, MoreNames() as names:
            counted.update({port: Counted(port, context if port == 443 else None) for port in PORTS})
            gateway.provider, gateway.names, gateway.counted, gateway.tls = provider, names, counted, counted[443]
            settings(gateway, provider)
            mount = ('mount --bind %s/hosts /etc/hosts && mount --bind %s/resolv.conf /etc/resolv.conf && exec "$@"'
                     % (where, where))
            yield gateway.start(prefix=["unshare", "-m", "sh", "-c", mount, "sh"], env={"SSL_CERT_FILE": where + "/ca.pem"})
    finally:
        gateway.close()
        for c in counted.values():
            c.close()
        back()


@pytest.fixture(autouse=True)
def fresh(g):
    for server in [g.provider] + list(g.counted.values()):
        server.requests.clear()
        server.connections = 0
        server.answer = lambda r: json_reply(completion())


def connections(g):
    return sum(c.connections for c in g.counted.values()) + g.provider.connections


def ask(g, base, key=ANY_KEY, model="m", api_key="sk-caller", **members):
    own = {"api_key": api_key, "api_base": base}
    return g.chat(model=model, key=key, credential_override={model: own}, **members)


def is_refused(reply, host=None):
    error = reply.json["error"]
    assert (reply.status, error["code"]) == (400, "api_base_not_allowed"), reply.body
    said = error["message"]
    assert said.startswith("api_base '") and said.endswith("' is not allowed.") and "secret" not in said
    assert host is None or said == "api_base '%s' is not allowed." % host
    return True


@pytest.mark.parametrize("n", range(0, len(FORMS), 20))
def test_forbidden(g, n):
    """Refused by its text, also for who may name any host: no connection."""
    assert len(FORMS) >= 150 and len(set(FORMS)) == len(FORMS)
    for base in FORMS[n:n + 20]:
        for model in ("m", "azure/m"):
            assert is_refused(ask(g, base, model=model)), base
    assert connections(g) == 0
    assert not [name for name, _ in g.names.asked if not name.endswith(".test")]


@pytest.mark.parametrize("host", STRANGERS)
def test_stranger(g, host):
    """Public, but on no list: only with the scope for it."""
    assert is_refused(ask(g, "https://%s/v1" % host, key=KEY), host)
    assert connections(g) == 0


@pytest.mark.parametrize("host", (LISTED, "X.OpenAI.Azure.Com", LISTED + ".", LISTED + ":443", "z.services.ai.azure.com",
                                  "deep.x.cognitiveservices.azure.com", NAMED))
def test_allowed(g, host):
    """Below an entry of the list, or a provider's own."""
    for path in ("", "/", "/v1", "/v1/"):
        reply = ask(g, "https://%s%s" % (host, path), key=KEY)
        assert reply.status == 200, reply.body
        seen = g.tls.requests[-1]
        assert seen.path == path.rstrip("/") + "/chat/completions"
        assert seen.header("Host") == host.lower().replace(":443", "").rstrip(".")
        assert seen.header("Authorization") == "Bearer sk-caller"
    assert g.provider.connections == 0


@pytest.mark.parametrize("host", [OTHER, PUBLIC, "public.test"] + ["far.example.com"] * SIX)
def test_any(g, host):
    """With the scope: any that is public."""
    assert ask(g, "https://%s/v1" % host).status == 200
    assert g.tls.requests[-1].header("Authorization") == "Bearer sk-caller"


@pytest.mark.parametrize("host", RESOLVED)
def test_resolved(g, host):
    """One forbidden address, or none at all, refuses the name, in the words
    that its text would have been refused in."""
    reply = ask(g, "https://%s/v1" % host)
    assert is_refused(reply, host)
    reply = ask(g, "https://%s/v1" % host, stream=True)
    assert is_refused(reply, host)
    assert connections(g) == 0


def test_rebinding(g):
    """What is checked is what is connected to: one answer of the name server
    is for one check, and the next one is checked anew."""
    g.tls.answer = lambda r: json_reply(completion()) + [("fin",)]
    assert ask(g, "https://turns.test/v1").status == 200  # public, this time
    assert g.names.asked.count(("turns.test", "A")) == 1
    reply = wait_for(lambda: [x for x in [ask(g, "https://turns.test/v1")] if x.status != 200], 20)[0]
    assert is_refused(reply, "turns.test")  # and now this machine
    assert g.names.asked.count(("turns.test", "A")) == 2
    assert len(g.tls.requests) == g.tls.connections == connections(g)
    assert {r.header("Host") for r in g.tls.requests} == {"turns.test"}


@pytest.mark.parametrize("status", (301, 302, 303, 307, 308))
def test_redirects(g, status):
    """Never followed, wherever they lead."""
    for to in ("https://%s/x" % LISTED, "https://127.0.0.1/x", "http://169.254.169.254/latest/meta-data/", "/x"):
        g.tls.answer = lambda r: [head(status, (("Location", to), ("Content-Length", 0)))]
        reply = ask(g, "https://%s" % LISTED)
        assert (reply.status, reply.code) == (502, "upstream_invalid_response")
    assert len(g.tls.requests) == 4 and g.provider.connections == 0
    assert sum(c.connections for p, c in g.counted.items() if p != 443) == 0


OURS = "sk-provider-secret"


@pytest.mark.parametrize("member", (
    lambda base: {"credential_override": {"m": {"api_base": base}}},
    lambda base: {"credential_override": {"openai": {"api_base": base, "api_key": ""}}},
    lambda base: {"credential_override": {"openai": {"api_base": base, "api_key": None}}},
    lambda base: {"customer_credentials": {"openai": {"api_base": base}}},
    lambda base: {"customer_credentials": {"openai": [{"credentials": {"api_base": base}}]}},
    lambda base: {"customer_credentials": [{"credentials": {"openai": {"api_base": base}}}]},
    lambda base: {"credential_override": {"m": {"api_base": base}}, "customer_credentials": {"openai": "sk-2"}},
    lambda base: {"credential_override": {"m": {"api_base": base}, "openai": {"api_key": "sk-2"}}},
))
def test_no_key_of_its_own(g, member):
    """No key of ours goes along, nor one of another object: 400, nobody asked."""
    for base in ("https://%s" % LISTED, "https://127.0.0.1", "https://%s" % OTHER):
        reply = g.chat(model="m", key=ANY_KEY, **member(base))
        assert reply.status == 400 and reply.code == "missing_required_parameter", reply.body
        assert reply.json["error"]["param"].endswith(".api_key")
    assert connections(g) == 0


@pytest.mark.parametrize("model,own", (
    ("near/m", {}), ("bedrock/m", {"aws_access_key_id": "a", "aws_secret_access_key": "s", "aws_region_name": "r"})))
def test_needs_an_api_key(g, model, own):
    """Also where the provider is asked without one."""
    reply = g.chat(model=model, key=ANY_KEY, credential_override={model: dict(own, api_base="https://" + LISTED)})
    assert reply.status == 400 and reply.code == "missing_required_parameter", reply.body
    assert reply.json["error"]["param"] == "credential_override.%s.api_key" % model
    assert connections(g) == 0


def test_our_keys_stay(g):
    """Behind and beside requests of callers, on the very host: ours is shown
    where the settings say and nowhere else."""
    for i in range(3):
        assert ask(g, "https://%s" % OTHER, api_key="sk-%d" % i).status == 200
        assert g.chat(model="m").status == 200
        assert g.chat(model="m", customer_api_keys={"m": "sk-mine"}).status == 200
    assert [r.header("Authorization") for r in g.tls.requests] == ["Bearer sk-%d" % i for i in range(3)]
    assert [r.header("Authorization") for r in g.provider.requests] == ["Bearer " + OURS, "Bearer sk-mine"] * 3
    # The same host as the settings' own: two pools, each with its own key.
    g.tls.requests.clear()
    g.tls.connections = 0
    for _ in range(2):
        assert g.chat(model="azure/m").status == 200
        assert ask(g, "https://%s" % LISTED, model="azure/m", key=KEY).status == 200
    assert [r.header("api-key") for r in g.tls.requests] == [OURS, "sk-caller"] * 2
    assert g.tls.connections == 2


def test_errors_tell_little(g):
    """Of an error only a body of 4 KB, and none of its headers."""
    told = (("Retry-After", "7"), ("x-request-id", "req-inner"), ("Server", "inner"))
    for size, passed in ((100, True), (4000, True), (4200, False)):
        text = json.dumps({"error": {"message": "x" * size, "type": "t", "code": "c", "param": None}}).encode()
        g.tls.answer = lambda r: json_reply(text, 429, told)
        reply = ask(g, "https://%s" % LISTED)
        assert reply.status == 429 and (b"x" * size in reply.body) == passed
        assert "retry-after" not in reply.headers and "req-inner" not in str(reply.headers)
        g.provider.answer = lambda r: json_reply(text, 429, told)
        reply = g.chat(model="m", customer_api_keys={"m": "k"})
        assert reply.headers["retry-after"] == "7"  # a provider of the settings


def test_endless(g):
    """An answer that is too large ends, whole or as a stream."""
    piece = "x" * 65536
    stream = [chunked(b"data: " + json.dumps(e).encode() + b"\n\n")
              for e in stream_events([piece], done=False)[:2]]
    whole = json.dumps(completion(piece * 640)).encode()

    def large(request):
        if b"stream" in request.body:
            return [sse_head(), stream[0]] + [stream[1]] * 640 + sse_reply(stream_events([]))[-1:]
        return [head(200, (("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))),
                chunked(whole), b"0\r\n\r\n"]
    g.tls.answer = large
    reply = ask(g, "https://%s" % LISTED)
    assert (reply.status, reply.code) == (502, "upstream_invalid_response")
    g.provider.answer = large
    assert g.chat(model="m").status == 200  # a provider of the settings may
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}],
                       "credential_override": {"m": {"api_key": "k", "api_base": "https://" + LISTED}}})
    got = g.raw(("POST /api/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
                 "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (KEY, len(body), body)).encode())
    assert 30 * 1048576 < len(got) < 36 * 1048576
    assert b"[DONE]" not in got and b'"error"' in got[-4096:]


def test_many_hosts(g):
    """More hosts than are kept, and the first one again."""
    for i in range(80):
        g.names.SAYS["h%d.test" % i] = [{"A": [PUBLIC]}]
        assert ask(g, "https://h%d.test/v1" % i).status == 502  # its certificate is another's
    assert ask(g, "https://%s" % LISTED).status == 200
    assert g.chat(model="m").status == 200
