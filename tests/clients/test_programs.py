"""curl, httpx and requests as Debian has them, against a running gateway."""
import json
import subprocess
import time

import pytest
from gateway import KEY, wait_for
from provider import LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head, sse_reply, stream_events

httpx = pytest.importorskip("httpx")
requests = pytest.importorskip("requests")

ASK = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}]}
AUTH = {"Authorization": "Bearer " + KEY}


def url(gateway, path="/api/chat/completions"):
    return "http://127.0.0.1:%d%s" % (gateway.port, path)


def endless(r):
    return [sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "x"})])), ("until_gone",)]


# -- curl --

def curl(gateway, *args, path="/api/chat/completions", code=0, stdin=None, key=True):
    head = ["-H", "Authorization: Bearer " + KEY] if key else []
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *head, *args, url(gateway, path)],
                          capture_output=True, input=stdin)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stdout


def test_curl_first_request(gateway):
    """The first lines of the README: no content type, the demo key."""
    out = curl(gateway, "-H", "Authorization: Bearer demo", "-d",
               '{"model":"demo/echo","messages":[{"role":"user","content":"Hello"}]}', key=False)
    assert json.loads(out)["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("how", [["-0"], ["--http1.1"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"],
                                 ["--compressed"], ["-H", "Connection: close"], ["--http2"]],
                         ids=lambda h: h[-1])
def test_curl_ways(gateway, how):
    out = curl(gateway, *how, "-H", "Content-Type: application/json", "-d", json.dumps(ASK))
    assert json.loads(out)["choices"][0]["message"]["content"] == "Hello there"


def test_curl_large_body(gateway, provider):
    """Above 1 MB curl asks for leave first and waits for 100."""
    ask = json.dumps(dict(ASK, messages=[{"role": "user", "content": "x" * 3000000}])).encode()
    began = time.monotonic()
    assert json.loads(curl(gateway, "--data-binary", "@-", stdin=ask))["object"] == "chat.completion"
    assert time.monotonic() - began < 0.9, "no 100 came: curl waits a second for it"
    assert provider.requests[0].body == ask


def test_curl_stream_comes_as_it_is_made(gateway, provider):
    provider.answer = lambda r: [sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "now"})])),
                                 ("until_gone",)]
    curl_process = subprocess.Popen(
        ["curl", "-sSN", "-H", "Authorization: Bearer " + KEY, "-d", json.dumps(dict(ASK, stream=True)), url(gateway)],
        stdout=subprocess.PIPE)
    assert b"now" in curl_process.stdout.readline()
    curl_process.kill()
    curl_process.wait()
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")


def test_curl_cut_stream_is_an_error(gateway, provider):
    """18: a transfer that ended before its end."""
    whole = chunked(sse_body(stream_events(["one", "two"])))
    provider.answer = lambda r: [sse_head() + whole[:-150], ("fin",)]
    out = curl(gateway, "-d", json.dumps(dict(ASK, stream=True)), code=18)
    assert b"upstream_stream_error" in out and b"[DONE]" not in out


def test_curl_head_and_options(gateway):
    assert b"200 OK" in curl(gateway, "-I", path="/api/models")
    assert b" 204 " in curl(gateway, "-i", "-X", "OPTIONS", key=False).split(b"\r\n")[0]
    assert b" 405 " in curl(gateway, "-i", "-X", "DELETE").split(b"\r\n")[0]


def test_curl_two_on_one_connection(gateway):
    done = subprocess.run(["curl", "-sSv", "-H", "Authorization: Bearer " + KEY, url(gateway, "/api/models"),
                           url(gateway, "/api/models")], capture_output=True, text=True, timeout=20)
    assert "Re-using existing connection" in done.stderr


# -- httpx --

def test_httpx(gateway):
    with httpx.Client(headers=AUTH) as c:
        for _ in range(20):
            r = c.post(url(gateway), json=ASK)
            assert (r.status_code, r.json()["usage"]["total_tokens"]) == (200, 15)


def test_httpx_stream(gateway, provider):
    provider.answer = lambda r: sse_reply(stream_events(["a", "é", "\U0001f680"]))
    with httpx.stream("POST", url(gateway), json=dict(ASK, stream=True), headers=AUTH) as r:
        assert r.headers["content-type"].startswith("text/event-stream")
        lines = [x.strip()[6:] for x in r.iter_lines() if x.strip()]
    assert lines[-1] == "[DONE]"
    assert "".join(json.loads(x)["choices"][0]["delta"].get("content", "") for x in lines[:-1]) == "aé\U0001f680"


def test_httpx_cut_stream_raises(gateway, provider):
    whole = chunked(sse_body(stream_events(["one", "two"])))
    provider.answer = lambda r: [sse_head() + whole[:-150], ("reset",)]
    with pytest.raises(httpx.RemoteProtocolError):
        with httpx.stream("POST", url(gateway), json=dict(ASK, stream=True), headers=AUTH) as r:
            list(r.iter_lines())


def test_httpx_leaves_a_stream(gateway, provider):
    provider.answer = endless
    with httpx.stream("POST", url(gateway), json=dict(ASK, stream=True), headers=AUTH) as r:
        next(r.iter_lines())
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    gateway.at_rest()


def test_httpx_timeout(gateway, provider):
    provider.answer = lambda r: [("until_gone",)]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url(gateway), json=ASK, headers=AUTH, timeout=0.3)
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    gateway.at_rest()


# -- requests --

def test_requests_session(gateway):
    with requests.Session() as s:
        s.headers.update(AUTH)
        for i in range(20):
            assert s.post(url(gateway), json=ASK).json()["choices"][0]["finish_reason"] == "stop"
        assert s.get(url(gateway, "/api/models")).status_code == 200


def test_requests_chunked_upload(gateway, provider):
    body = json.dumps(ASK).encode()
    r = requests.post(url(gateway), data=(body[i:i + 7] for i in range(0, len(body), 7)), headers=AUTH)
    assert r.status_code == 200
    assert provider.requests[0].body == body


def test_requests_stream(gateway, provider):
    provider.answer = lambda r: sse_reply(stream_events(["a", "b"]))
    with requests.post(url(gateway), json=dict(ASK, stream=True), headers=AUTH, stream=True) as r:
        lines = [x for x in r.iter_lines() if x]
    assert lines[-1] == b"data: [DONE]"


def test_requests_cut_stream_raises(gateway, provider):
    whole = chunked(sse_body(stream_events(["one", "two"])))
    provider.answer = lambda r: [sse_head() + whole[:-150], ("fin",)]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        with requests.post(url(gateway), json=dict(ASK, stream=True), headers=AUTH, stream=True) as r:
            list(r.iter_lines())


def test_requests_refusals(gateway):
    r = requests.post(url(gateway), json=ASK)
    assert (r.status_code, r.json()["error"]["code"]) == (401, "missing_api_key")
    assert r.headers["www-authenticate"].startswith("Bearer")
    r = requests.post(url(gateway), data="{", headers=AUTH)
    assert (r.status_code, r.json()["error"]["code"]) == (400, "invalid_json")
    r = requests.post(url(gateway), data="a=b", headers=dict(AUTH, **{"Content-Type": "text/csv"}))
    assert (r.status_code, r.json()["error"]["code"]) == (415, "unsupported_media_type")
    r = requests.post(url(gateway), json=dict(ASK, customer_params={
        "customer_identifier": "c", "period_budget": 0, "budget_duration": "daily"}), headers=AUTH)
    assert (r.status_code, r.headers["x-should-retry"]) == (429, "false")
    assert "retry-after" not in r.headers
