"""Clients on the wire: what is no good HTTP, what is no good JSON."""
import json
import os
import socket

import pytest
from gateway import KEY, wait_for
from provider import completion, json_reply, sse_reply, stream_events
from wire import CHAT, Wire, at_once, chat_body, request

HELLO = chat_body(model="demo/echo")


def asked(gateway, data, **kw):
    with Wire(gateway) as w:
        w.send(data)
        r = w.reply(**kw)
        r.closes = r.headers.get("connection") == "close"
        if r.closes:
            assert w.closed()
        return r


@pytest.mark.parametrize("title, data, status, code", [
    ("no HTTP", b"hello\r\n\r\n", 400, "bad_request"),
    ("bare LF", b"GET /health HTTP/1.1\nHost: x\n\n", 400, "bad_request"),
    ("no host", b"GET /health HTTP/1.1\r\n\r\n", 400, "bad_request"),
    ("two hosts", b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request"),
    ("folded", b"GET /health HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400, "bad_request"),
    ("space before the colon", b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n", 400, "bad_request"),
    ("NUL", b"GET /health HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400, "bad_request"),
    ("connect", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
    ("two lengths", request(method="POST", headers=(("Content-Length", "5"), ("Content-Length", "6"))) + b"12345", 400, "bad_request"),
    ("length and chunks", request(headers=(("Content-Length", "5"), ("Transfer-Encoding", "chunked"))) + b"0\r\n\r\n", 400, "bad_request"),
    ("gzip coding", request(headers=(("Transfer-Encoding", "gzip, chunked"),)) + b"0\r\n\r\n", 501, "bad_request"),
    ("HTTP/2.0", b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505, "bad_request"),
    ("long target", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    ("long header", request(headers=(("X", "a" * 9000),)), 431, "headers_too_large"),
    ("many headers", request(headers=[("X%d" % i, "a") for i in range(120)]), 431, "headers_too_large"),
    ("large block", request(headers=[("X%d" % i, "a" * 7000) for i in range(6)]), 431, "headers_too_large"),
    ("large body", request(headers=(("Content-Length", str(40 << 20)),)), 413, "request_too_large"),
    ("large body, awaited", request(headers=(("Content-Length", str(40 << 20)), ("Expect", "100-continue"))), 413, "request_too_large"),
    ("expectation", request(b"", headers=(("Expect", "cake"),)), 417, "expectation_failed"),
])
def test_refused(running, title, data, status, code):
    r = asked(running, data)
    assert (r.status, r.code) == (status, code), r.body
    assert r.json["error"]["type"] == "respan_error" and r.closes


@pytest.mark.parametrize("kind, status", [
    ("text/plain", 415), ("multipart/form-data; boundary=x", 415), ("application/xml", 415),
    ("application/json", 200), ("text/json; charset=utf-8", 200), ("application/vnd.x+json", 200),
    ("application/x-www-form-urlencoded", 200),
])
def test_media_types(running, kind, status):
    r = asked(running, request(HELLO, headers=(("Content-Type", kind),)))
    assert r.status == status
    if status == 415:
        assert r.code == "unsupported_media_type"


def test_content_encoding_is_refused(running):
    assert asked(running, request(HELLO, headers=(("Content-Encoding", "gzip"),))).status == 415
    assert asked(running, request(HELLO, headers=(("Content-Encoding", "identity"),))).status == 200


def test_chunked_body_above_the_limit(make_gateway):
    g = make_gateway(extra="")
    g.stop()
    g.text = g.text.replace("workers = 2;", 'workers = 2; max_body = "64K";')
    g.start()
    with Wire(g) as w:
        w.send(request(headers=(("Transfer-Encoding", "chunked"),)))
        try:
            for _ in range(10):
                w.send(b"2710\r\n" + b" " * 10000 + b"\r\n")
        except OSError:
            pass
        r = w.reply()
    assert (r.status, r.code) == (413, "request_too_large")
    assert r.json["error"]["message"] == "The request body exceeds 65536 bytes."


def test_chunked_request(running):
    pieces = b"".join(b"%x;x=y\r\n%s\r\n" % (len(HELLO[i:i + 7]), HELLO[i:i + 7]) for i in range(0, len(HELLO), 7))
    r = asked(running, request(headers=(("Transfer-Encoding", "chunked"),)) + pieces + b"0\r\nX: y\r\n\r\n")
    assert r.status == 200 and r.json["choices"][0]["message"]["content"] == "Hello"


def test_pipelined_requests_are_answered_in_order(running):
    with Wire(running) as w:
        texts = ["text %d" % i for i in range(20)]
        w.send(b"".join(request(chat_body(t, model="demo/echo", stream=i % 3 == 1))
                        for i, t in enumerate(texts)))
        for i, t in enumerate(texts):
            r = w.reply()
            assert r.status == 200
            if i % 3 == 1:
                got = "".join(json.loads(e)["choices"][0]["delta"].get("content", "")
                              for e in r.events()[:-1] if json.loads(e)["choices"])
            else:
                got = r.json["choices"][0]["message"]["content"]
            assert got == t


def test_pipelined_behind_a_slow_one(running):
    """The second waits for the first, whose provider is slower."""
    running.provider.answer = lambda r: [("wait", 0.2)] + json_reply(completion("slow"))
    with Wire(running) as w:
        w.send(request(chat_body()) + request(HELLO))
        assert w.reply().json["choices"][0]["message"]["content"] == "slow"
        assert w.reply().json["choices"][0]["message"]["content"] == "Hello"


def test_http_1_0(running):
    with Wire(running) as w:
        w.send(request(HELLO, version="HTTP/1.0"))
        status, headers = w.head()
        assert status == 200 and "transfer-encoding" not in headers
        w.body(status, headers)
        assert w.closed()
    with Wire(running) as w:
        w.send(request(chat_body(model="demo/echo", stream=True), version="HTTP/1.0"))
        status, headers = w.head()
        assert status == 200 and "transfer-encoding" not in headers and "content-length" not in headers
        assert w.body(status, headers).endswith(b"data: [DONE]\n\n")


def test_keep_alive_and_close(running):
    with Wire(running) as w:
        for _ in range(5):
            assert w.ask(HELLO).status == 200
        r = w.ask(HELLO, headers=(("Connection", "close"),))
        assert r.status == 200 and r.headers["connection"] == "close"
        assert w.closed()


@pytest.mark.parametrize("path", ["/health", "/ready", "/", "/api/models", "/v1", "/api/anthropic"])
def test_head_is_get_without_a_body(running, path):
    get = asked(running, request(method="GET", path=path))
    with Wire(running) as w:
        w.send(request(method="HEAD", path=path) + request(method="GET", path=path))
        head = w.reply(head_only=True)
        assert (head.status, head.headers["content-length"]) == (get.status, get.headers["content-length"])
        assert w.reply().body == get.body


def test_methods(running):
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FOO"):
        with Wire(running) as w:
            w.send(request(method=method))
            r = w.reply(head_only=method == "HEAD")
        assert r.status == 405 and "POST" in r.headers["allow"], method
        if method != "HEAD":
            assert r.json["error"]["message"] == "Method %s is not allowed on %s." % (method, CHAT)
    for path, status in ((CHAT, 204), ("*", 204), ("/nowhere", 404)):
        r = asked(running, request(method="OPTIONS", path=path, key=None))
        assert r.status == status
        if status == 204 and path != "*":
            assert "POST" in r.headers["allow"] and r.body == b""
        assert not any(h.startswith("access-control") for h in r.headers)


@pytest.mark.parametrize("path, said", [
    ("/api/api/chat/completions", "; did you mean /api/chat/completions? The base URL ends in /api or /v1"),
    ("/chat/completion", "; did you mean /chat/completions? The base URL ends in /api or /v1"),
    ("/v1/v1/chat/completions", "; did you mean /v1/chat/completions? The base URL ends in /api or /v1"),
    ("/something/else", ""),
])
def test_unknown_paths(running, path, said):
    r = asked(running, request(HELLO, path=path))
    assert (r.status, r.code) == (404, "unknown_path")
    assert r.json["error"]["message"] == "no such endpoint %s%s" % (path, said)


def test_path_forms(running):
    for path in ("/api/chat/completions/", "/api/ch%61t/completions", "/api/chat/completions?key=x"):
        assert asked(running, request(HELLO, path=path)).status == 200, path
    for path in ("/api//chat/completions", "/api/./chat/completions", "/api/../api/chat/completions",
                 "/API/chat/completions"):
        assert asked(running, request(HELLO, path=path)).code == "unknown_path", path
    assert asked(running, request(HELLO, path="/v1/completions")).code == "unsupported_endpoint"


def test_100_continue(running):
    with Wire(running) as w:
        w.send(request(headers=(("Content-Length", str(len(HELLO))), ("Expect", "100-continue"))))
        assert w.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        w.send(HELLO)
        assert w.reply().status == 200


@pytest.mark.parametrize("key", [None, "testkey1.ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "nonsense"])
def test_no_100_continue_without_a_good_key(running, key):
    with Wire(running) as w:
        w.send(request(key=key, headers=(("Content-Length", str(len(HELLO))), ("Expect", "100-continue"))))
        status, headers = w.head()
        assert status == 401 and headers["www-authenticate"] == 'Bearer realm="holdfast"'


def test_slow_head_and_slow_body(make_gateway):
    g = make_gateway(start=False)
    g.text = g.text.replace("workers = 2;", 'workers = 2; header_timeout = "200ms"; body_timeout = "200ms";')
    g.start()
    for part in (request(HELLO)[:30], request(HELLO)[:-5]):
        r = asked(g, part)
        assert (r.status, r.code) == (408, "request_timeout") and r.closes


# ---- JSON -----------------------------------------------------------------

def json_corpus(shared):
    folder = os.path.join(shared, "corpora", "json-test-suite", "test_parsing")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            yield name, f.read()


# Valid, and refused on purpose: NUL in a member's name.
REFUSED = {"y_object_escaped_null_in_key.json"}


def test_json_corpus_as_bodies(running, shared):
    seen = {"y": 0, "n": 0}
    with Wire(running) as w:
        for name, data in json_corpus(shared):
            r = w.ask(data)
            assert r.status in (400, 404), (name, r.body)
            kind = name[0]
            if kind == "n" or name in REFUSED:
                assert r.code == "invalid_json", (name, r.body)
            elif kind == "y" and not data.strip().startswith(b"{"):
                assert r.code == "invalid_request_body", (name, r.body)
            elif kind == "y":
                assert r.code not in ("invalid_json", "invalid_request_body", "internal_error"), (name, r.body)
            seen[kind] = seen.get(kind, 0) + 1
            if r.headers.get("connection") == "close":
                w.close()
                w.__init__(running)
    assert seen["y"] >= 95 and seen["n"] >= 187


def test_json_corpus_inside_a_member(running, shared):
    """Forwarded members are scanned as strictly as those that we read."""
    running.provider.answer = lambda r: json_reply(completion())
    with Wire(running) as w:
        for name, data in json_corpus(shared):
            if name[0] not in "yn" or not data.strip():
                continue
            body = b'{"model":"test-model","messages":[{"role":"user","content":"x"}],"other":[' + data + b"]}"
            r = w.ask(body)
            if name[0] == "y" and name not in REFUSED:
                assert r.status == 200, (name, r.body)
                assert running.provider.requests[-1].body.count(data.strip()) >= 1, name
            else:
                assert r.status == 400 and r.code == "invalid_json", (name, r.body)


# String parameters and how many code points of them are kept.
TEXTS = {
    "customer_identifier": 254, "group_identifier": 120, "custom_identifier": 120,
    "thread_identifier": 120, "session_identifier": 120, "trace_group_identifier": 120,
    "evaluation_identifier": 120, "trace_unique_id": 120, "span_unique_id": 120,
    "span_parent_id": 120, "span_name": 255, "span_path": 255, "span_workflow_name": 255,
    "trace_name": 255, "note": 4096,
}


def naughty(shared):
    with open(os.path.join(shared, "corpora", "naughty-strings", "blns.json")) as f:
        return json.load(f)


def test_naughty_strings_pass(running, shared):
    """Prompt and answer are the same text on both sides."""
    running.provider.answer = lambda r: json_reply(completion(r.json["messages"][0]["content"]))
    with Wire(running) as w:
        for i, text in enumerate(naughty(shared)):
            body = json.dumps({"model": "test-model", "messages": [{"role": "user", "content": text}],
                               "user": text, "stop": [text], "unknown": {text[:100]: text}},
                              ensure_ascii=i % 2 == 0).encode()
            r = w.ask(body)
            assert r.status == 200, (text, r.body)
            assert r.json["choices"][0]["message"]["content"] == text
            sent = running.provider.requests[-1]
            assert sent.body == body


def test_naughty_strings_in_streams(running, shared):
    def answer(r):
        return sse_reply(stream_events([r.json["messages"][0]["content"]]))

    running.provider.answer = answer
    with Wire(running) as w:
        for text in naughty(shared):
            if not text:
                continue
            r = w.ask(chat_body(text, stream=True))
            got = "".join(json.loads(e[6:])["choices"][0]["delta"].get("content", "")
                          for e in r.body.decode().split("\n\n")[:-2] if json.loads(e[6:])["choices"])
            assert got == text


def test_naughty_strings_are_recorded(make_gateway, shared):
    """Every string parameter comes back from the record as it was sent."""
    g = make_gateway()
    texts = [t for t in naughty(shared) if t]
    ids = {}

    # Each is a customer of its own, whose account is first made durable.
    def client(i):
        with Wire(g) as w:
            for text in texts[i::8]:
                r = w.ask(chat_body(model="demo/echo", metadata={"m": text}, **{n: text for n in TEXTS}))
                assert r.status == 200, (text, r.body)
                ids[r.headers["x-respan-log-id"]] = text

    at_once(8, client)
    g.logged()
    records = {r["id"]: r for r in g.records()}
    assert set(records) == set(ids)
    for i, text in ids.items():
        record = records[i]
        for n, length in TEXTS.items():
            assert record[n] == text[:length], (n, text)
        assert record["metadata"] == {"m": text}


def test_naughty_strings_in_the_parameter_header(running, shared):
    import base64
    with Wire(running) as w:
        for text in naughty(shared)[:200]:
            if not text:
                continue
            packed = base64.b64encode(json.dumps({"note": text, "span_name": text}).encode()).decode()
            assert w.ask(HELLO, headers=(("X-Data-Respan-Params", packed),)).status == 200, text
