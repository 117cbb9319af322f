"""Clients of OpenAI's Responses, on providers that have it and that have not."""
import json
import re
import socket

import pytest

from gateway import KEY, Gateway
from judging import faults
from provider import (LAST_CHUNK, Provider, chunk, chunked, completion, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)

ASKED = {"model": "test-model", "input": "Hello"}


def serve(quirks):
    with Provider() as p:
        with Gateway(p.port, provider_name="here", provider="quirks = [ %s ];" % quirks) as g:
            g.provider = p
            yield g


@pytest.fixture(scope="module")
def translated():
    """A gateway whose provider speaks chat alone, and takes its thoughts back."""
    yield from serve('"reasoning-back"')


@pytest.fixture(scope="module")
def native():
    """One whose provider has Responses."""
    yield from serve('"responses"')


def events_of(reply):
    """(type, document) of each event, with the grammar of the frames checked."""
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = []
    for frame in reply.body.decode().split("\n\n")[:-1]:
        name, data = re.fullmatch(r"event: (\S+)\ndata: (\{.*\})", frame).groups()
        events.append((name, json.loads(data)))
        assert events[-1][1]["type"] == name
    assert [e["sequence_number"] for _, e in events] == list(range(len(events)))
    return events


def test_whole(translated):
    translated.provider.answer = lambda r: json_reply(completion())
    r = translated.post("/v1/responses", {**ASKED, "instructions": "Be brief", "max_output_tokens": 9,
                                      "temperature": 0.5, "metadata": {"a": "b"}})
    assert r.status == 200, r.body
    sent = translated.provider.requests[-1]
    assert sent.path == "/v1/chat/completions"
    assert sent.json["messages"] == [{"role": "system", "content": "Be brief"},
                                     {"role": "user", "content": "Hello"}]
    assert sent.json["max_tokens"] == 9 and "metadata" not in sent.json
    assert not faults("Response", r.json), r.body
    assert re.fullmatch("resp_[0-9a-f]{48}", r.json["id"])
    assert (r.json["instructions"], r.json["temperature"]) == ("Be brief", 0.5)
    assert r.json["metadata"] == {"a": "b"}
    assert r.json["output"][0]["content"][0]["text"] == "Hello there"
    assert r.json["usage"]["total_tokens"] == 15


def test_stream(translated):
    translated.provider.answer = lambda r: sse_reply(stream_events(["Hello", " there"]))
    r = translated.post("/v1/responses", {**ASKED, "stream": True})
    assert r.status == 200, r.body
    events = events_of(r)
    for name, event in events:
        assert not faults("ResponseStreamEvent", event), event
    assert [n for n, _ in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1][0] == "response.completed"
    assert "".join(e["delta"] for n, e in events if n == "response.output_text.delta") == "Hello there"
    assert events[-1][1]["response"]["usage"]["input_tokens"] == 10


def test_tool_loop(translated):
    """What the client gives back is what the provider said."""
    translated.provider.answer = lambda r: sse_reply([
        chunk({"role": "assistant", "content": None, "reasoning_content": "Hm."}),
        chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                               "function": {"name": "w", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{\"c\":"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        chunk(finish="tool_calls"), b"[DONE]"])
    tools = [{"type": "function", "name": "w", "parameters": {"type": "object"}, "strict": False}]
    r = translated.post("/v1/responses", {**ASKED, "tools": tools, "stream": True})
    output = events_of(r)[-1][1]["response"]["output"]
    assert [i["type"] for i in output] == ["reasoning", "function_call"]
    translated.provider.answer = lambda r: json_reply(completion())
    r = translated.post("/v1/responses", {"model": "test-model", "tools": tools, "input": [
        {"role": "user", "content": "Hello"}, *output,
        {"type": "function_call_output", "call_id": output[1]["call_id"], "output": "20"}]})
    assert r.status == 200, r.body
    assert translated.provider.requests[-1].json["messages"][1:] == [
        {"role": "assistant", "content": None, "reasoning_content": "Hm.",
         "tool_calls": [{"id": "call_1", "type": "function",
                         "function": {"name": "w", "arguments": "{\"c\":1}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "20"}]


@pytest.mark.parametrize("members, param, code", [
    ({"background": True}, "background", "unsupported_parameter"),
    ({"previous_response_id": "resp_1"}, "previous_response_id", "unsupported_parameter"),
    ({"conversation": "conv_1"}, "conversation", "unsupported_parameter"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type", "unsupported_parameter"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type", "unsupported_parameter"),
    ({"input": None}, "input", "missing_required_parameter"),
    ({"input": []}, "input", "invalid_value"),
    ({"input": 7}, "input", "invalid_type"),
    ({"instructions": []}, "instructions", "invalid_type"),
    ({"max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
    ({"temperature": 3}, "temperature", "invalid_value"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type", "invalid_value"),
])
def test_refused(translated, members, param, code):
    before = len(translated.provider.requests)
    r = translated.post("/v1/responses", {**ASKED, **members})
    assert r.status == 400, r.body
    assert (r.json["error"]["param"], r.json["error"]["code"]) == (param, code), r.body
    assert len(translated.provider.requests) == before


def test_cut_stream_is_an_error(translated):
    translated.provider.answer = lambda r: [sse_head() + chunked(sse_body(stream_events(["one", "two"])[:3])), ("fin",)]
    body = json.dumps({**ASKED, "stream": True}).encode()
    with socket.create_connection(("127.0.0.1", translated.port), 10) as s:
        s.sendall(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode() +
                  b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        got = translated.read_all(s)
    assert b"event: response.completed" not in got and not got.endswith(LAST_CHUNK)
    error = json.loads(re.search(rb"event: error\ndata: (.*)\n\n", got)[1])
    assert error["sequence_number"] == got.count(b"event: ") - 1
    assert (error["type"], error["code"], error["param"]) == ("error", "upstream_stream_error", None)


NATIVE = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "up",
          "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                      "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
          "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}, "x": 1.50}


def test_native_bytes_pass(native):
    native.provider.answer = lambda r: json_reply(NATIVE)
    body = ('{"model":"test-model", "input":"\\u0041\\/","tools":[{"type":"web_search"}],\n'
            ' "previous_response_id":"r","note":"n","x":12345678901234567890}')
    r = native.post("/v1/responses", body)
    assert r.status == 200, r.body
    sent = native.provider.requests[-1]
    assert sent.path == "/v1/responses"
    assert sent.body.decode() == body.replace('"note":"n",', "")
    assert r.json == NATIVE
    record = native.record(r.headers["x-respan-log-id"])
    assert (record["prompt_tokens"], record["completion_tokens"]) == (7, 3)


def test_native_stream_passes(native):
    stream = "".join("event: %s\ndata: %s\n\n" % (t, json.dumps({"type": t, "sequence_number": n, **more}))
                     for n, (t, more) in enumerate([
                         ("response.created", {"response": {**NATIVE, "status": "in_progress", "output": []}}),
                         ("response.output_text.delta", {"output_index": 0, "delta": "Hi"}),
                         ("response.completed", {"response": NATIVE})])).encode()
    native.provider.answer = lambda r: [sse_head([("Connection", "close")]).replace(
        b"Transfer-Encoding: chunked\r\n", b"Content-Length: %d\r\n" % len(stream)) + stream]
    r = native.post("/v1/responses", {**ASKED, "stream": True})
    assert r.status == 200 and r.body == stream, r.body
    record = native.record(r.headers["x-respan-log-id"])
    assert (record["prompt_tokens"], record["completion_tokens"]) == (7, 3)
