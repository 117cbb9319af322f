"""TLS on the listener and to the provider: verified, always."""
import json
import os
import socket
import ssl
import subprocess

import pytest

from gateway import KEY, free_port
from provider import Provider, completion, json_reply, sse_reply, stream_events


def openssl(*args, cwd):
    subprocess.run(["openssl"] + list(args), cwd=cwd, check=True, capture_output=True)


def certificate(where, name, names, ca="ca", days="30"):
    """name.pem and name.key in where, signed by ca (itself when it is the CA)."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key",
            "-out", name + ".csr", "-subj", "/CN=" + name, cwd=where)
    with open(os.path.join(where, name + ".ext"), "w") as f:
        f.write("subjectAltName=%s\nbasicConstraints=CA:%s\n" % (names, "TRUE" if name == ca else "FALSE"))
    signer = (["-signkey", name + ".key"] if name == ca else
              ["-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial"])
    openssl("x509", "-req", "-in", name + ".csr", "-out", name + ".pem", "-days", days,
            "-extfile", name + ".ext", *signer, cwd=where)
    os.chmod(os.path.join(where, name + ".key"), 0o600)


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    where = str(tmp_path_factory.mktemp("certs"))
    certificate(where, "ca", "DNS:ca.test")
    certificate(where, "server", "DNS:localhost,IP:127.0.0.1")
    certificate(where, "other", "DNS:elsewhere.test")
    certificate(where, "stranger", "DNS:localhost,IP:127.0.0.1", ca="stranger")
    return where


class TlsProvider(Provider):
    """The scripted provider behind TLS; counts the sessions that were resumed."""

    def __init__(self, certs, name):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(certs, name + ".pem"), os.path.join(certs, name + ".key"))
        self.resumed = 0
        super().__init__()

    def _serve(self, s):
        try:
            s = self.context.wrap_socket(s, server_side=True)
        except (ssl.SSLError, OSError):
            s.close()
            return
        self.resumed += s.session_reused
        super()._serve(s)


def gateway_for(make_gateway, provider, certs, host="localhost"):
    return make_gateway(extra="""
providers = ( { name = "openai"; kind = "openai"; base_url = "https://%s:%d/v1"; replace = true;
  ca_file = "%s/ca.pem"; connect_timeout = "2s";
  credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } ); } );
models = ( { name = "test-model"; provider = "openai"; context = 128000; max_output = 16384;
  price = { input = "1"; output = "2"; }; } );
""" % (host, provider.port, certs), provider_port=None, workers=1)


@pytest.fixture
def make_gateway(request):
    from gateway import Gateway
    made = []

    def make(**kw):
        g = Gateway(**kw)
        made.append(g)
        return g.start()

    yield make
    for g in made:
        g.close(failed=getattr(request.node, "failed", False))


def test_provider_over_tls(make_gateway, certs):
    with TlsProvider(certs, "server") as p:
        for host in ("localhost", "127.0.0.1"):
            g = gateway_for(make_gateway, p, certs, host)
            assert g.chat().status == 200, g.log()
            p.answer = lambda r: sse_reply(stream_events(["a", "b"]))
            assert g.chat(stream=True).events()[-1] == "[DONE]"
            p.answer = lambda r: json_reply(completion())


@pytest.mark.parametrize("name", ["other", "stranger"])
def test_wrong_certificate_is_refused(make_gateway, certs, name):
    with TlsProvider(certs, name) as p:
        g = gateway_for(make_gateway, p, certs)
        r = g.chat(customer_identifier="c1")
        assert (r.status, r.code) == (502, "upstream_connection_error")
        assert p.requests == []
        record = g.record(r.headers["x-respan-log-id"])
        assert record["cost"] == 0.0
        assert record["attempts"][0]["error_class"] == "tls"


def test_session_is_resumed(make_gateway, certs):
    with TlsProvider(certs, "server") as p:
        g = gateway_for(make_gateway, p, certs)
        p.answer = lambda r: json_reply(completion()) + [("fin",)]
        for _ in range(4):
            assert g.chat().status == 200
        assert p.resumed >= 1


@pytest.fixture
def tls_gateway(make_gateway, certs, provider):
    port = free_port()
    g = make_gateway(provider_port=provider.port, extra="""
tls = ( { name = "public"; certificate = "%s/server.pem"; key = "file:%s/server.key"; } );
""" % (certs, certs), listen='{ address = "127.0.0.1"; port = %d; tls = "public"; }' % port)
    g.tls_port = port
    return g


def tls_request(g, certs, body, version=None):
    context = ssl.create_default_context(cafile=os.path.join(certs, "ca.pem"))
    if version:
        context.minimum_version = context.maximum_version = version
    data = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", g.tls_port), 10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(b"POST /api/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                      b"Authorization: Bearer " + KEY.encode() +
                      b"\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            return g.read_all(s)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_listener(tls_gateway, certs, version):
    long = "x" * 200000
    body = {"model": "demo/echo", "messages": [{"role": "user", "content": long}]}
    got = tls_request(tls_gateway, certs, body, version)
    assert got.startswith(b"HTTP/1.1 200") and long.encode() in got


def test_listener_streams(tls_gateway, certs, provider):
    provider.answer = lambda r: sse_reply(stream_events(["a"] * 50))
    got = tls_request(tls_gateway, certs, {"model": "test-model", "stream": True,
                                           "messages": [{"role": "user", "content": "x"}]})
    assert b"[DONE]" in got and got.endswith(b"0\r\n\r\n")


def test_plain_bytes_to_the_tls_port(tls_gateway):
    with socket.create_connection(("127.0.0.1", tls_gateway.tls_port), 10) as s:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" not in tls_gateway.read_all(s)
    assert tls_gateway.get("/health", key=None).status == 200
