"""A chat completion from end to end, JSON and stream."""
import json
import socket
import time

from gateway import KEY, wait_for
from provider import (LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)


def test_bytes_pass(gateway, provider):
    body = ('{"model":"test-model", "messages":[{"role":"user","content":"\\u0041\\/"}],\n'
            ' "temperature":1.0,"x":12345678901234567890}')
    answer = b'{"id":"a", "choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"y":1.50}'
    provider.answer = lambda r: json_reply(answer)
    r = gateway.post("/api/chat/completions", body)
    assert r.status == 200, r.body
    sent = provider.requests[0]
    assert sent.body.decode() == body
    assert sent.path == "/v1/chat/completions"
    assert sent.header("Authorization") == "Bearer sk-provider-secret"
    assert sent.header("x-api-key") is None
    # No usage came: it is written in our form, all else stays.
    assert r.body.startswith(answer[:-1])


def test_every_base_path(gateway):
    for path in ("/api", "/v1", "", "/api/v1"):
        r = gateway.post(path + "/chat/completions",
                         {"model": "test-model", "messages": [{"role": "user", "content": "x"}]})
        assert r.status == 200, path


def test_stream(gateway, provider):
    provider.answer = lambda r: sse_reply(stream_events(["Hello", " there"]))
    r = gateway.chat(stream=True)
    assert r.status == 200
    assert r.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = r.events()
    assert events[-1] == "[DONE]"
    text = "".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in events[:-1])
    assert text == "Hello there"
    assert provider.requests[0].json["stream_options"] == {"include_usage": True}
    assert not any("usage" in json.loads(e) for e in events[:-1])


def test_stream_usage_when_asked(gateway, provider):
    provider.answer = lambda r: sse_reply(stream_events(["a"]))
    events = gateway.chat(stream=True, stream_options={"include_usage": True}).events()
    assert json.loads(events[-2])["usage"]["total_tokens"] == 15
    assert json.loads(events[-2])["choices"] == []


def test_cut_stream_is_never_a_clean_end(gateway, provider):
    events = stream_events(["one", "two", "three"])
    whole = chunked(sse_body(events)) + LAST_CHUNK
    for at in range(0, len(whole), 97):
        provider.answer = lambda r: [sse_head() + whole[:at], ("fin",)]
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as s:
            body = json.dumps({"model": "test-model", "stream": True,
                               "messages": [{"role": "user", "content": "x"}]}).encode()
            s.sendall(b"POST /api/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                      + KEY.encode() + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
            got = gateway.read_all(s)
        if b"text/event-stream" in got:
            assert b"[DONE]" not in got and not got.endswith(LAST_CHUNK), at
            assert b"upstream_stream_error" in got
        else:
            assert got.startswith(b"HTTP/1.1 502"), (at, got)


def test_hang_up_closes_the_upstream(gateway, provider):
    provider.answer = lambda r: [sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "x"})])),
                                 ("until_gone",)]
    s = socket.create_connection(("127.0.0.1", gateway.port), 10)
    body = json.dumps({"model": "test-model", "stream": True, "messages": [{"role": "user", "content": "x"}]}).encode()
    s.sendall(b"POST /api/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode() +
              b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert b"200 OK" in s.recv(65536)
    left = time.monotonic()
    s.close()
    wait_for(lambda: provider.gone_at, 5, "the upstream to be closed")
    assert provider.gone_at[0] - left < 0.5
    record = wait_for(gateway.records, 5, "a record")[0]
    assert record["status_code"] == 499


def test_record(gateway, provider):
    r = gateway.chat(customer_identifier="c1", metadata={"a": 1}, span_name="s")
    assert r.status == 200
    record = gateway.record(r.headers["x-respan-log-id"])
    assert record["status"] == "success"
    assert record["cost"] == 0.00002
    assert record["metadata"] == {"a": "1"}
    assert (record["prompt_tokens"], record["completion_tokens"]) == (10, 5)
    assert record["customer_identifier"] == "c1"
    assert r.headers["x-holdfast-cost"] == "0.00002"
