"""Streams of chat in another framing: api.md 8.4 and 8.5."""
import json

import pytest
from gateway import Gateway, wait_for
from provider import LAST_CHUNK, Provider, chunk, chunked, sse_body, sse_head, sse_reply, stream_events
from wire import Wire, chat_body

HIT = ("hit", "collapsed")

# path, members -> field, delimiter, the text behind the last chunk
FRAMINGS = {
    "usual": ("/v1/chat/completions", {}, "data: ", "\n\n", "data: [DONE]\n\n"),
    "lines": ("/v1/chat/completions", {"field_name": "", "delimiter": "\n"}, "", "\n", "[DONE]\n"),
    "field": ("/v1/chat/completions", {"field_name": "x: "}, "x: ", "\n\n", "x: [DONE]\n\n"),
    "delimiter": ("/v1/chat/completions", {"delimiter": "|"}, "data: ", "|", "data: [DONE]|"),
    "generate": ("/api/generate/", {}, "", "---", ""),
    "generate-field": ("/api/generate", {"field_name": ""}, "", "\n\n", "[DONE]\n\n"),
}


@pytest.fixture(scope="module")
def framed():
    with Provider() as p:
        g = Gateway(p.port, extra='stream: { keepalive = "200ms"; };')
        g.text = g.text.replace('kind = "jsonl";', 'kind = "jsonl"; bodies = true;')
        with g:
            g.provider = p
            yield g


@pytest.fixture(params=sorted(FRAMINGS))
def ask(request, framed):
    """ask(**members): a stream; its chunks, once its framing was checked."""
    path, members, field, delimiter, end = FRAMINGS[request.param]

    def send(whole=True, **more):
        body = {"model": "test-model", "stream": True, "messages": [{"role": "user", "content": request.node.name}]}
        with Wire(framed) as w:
            r = w.ask(json.dumps({**body, **members, **more}).encode(), path=path)
            r.complete = w.complete
        text = r.body.decode()
        assert r.status == 200, text
        assert r.headers["content-type"] == "text/event-stream; charset=utf-8"
        if whole:
            assert text.endswith(delimiter + end)
            text = text[:len(text) - len(end)]
        frames = text.split(delimiter)
        assert frames.pop() == "" and all(f.startswith(field) for f in frames)
        r.chunks = [json.loads(f[len(field):]) for f in frames]
        return r

    framed.provider.answer = lambda r: sse_reply(stream_events(["Hel", "lo"]))
    return send


def said(chunks):
    return "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])


def test_a_stream_and_its_record(framed, ask):
    r = ask()
    assert said(r.chunks) == "Hello" and r.chunks[-1]["choices"][0]["finish_reason"] == "stop"
    record = framed.record(r.headers["x-respan-log-id"])
    assert record["completion_message"]["content"] == "Hello"
    assert record["completion_tokens"] == 5
    assert ask(stream_options={"include_usage": True}).chunks[-1]["usage"]["total_tokens"] == 15


def test_it_is_stored_and_replayed(framed, ask):
    before = len(framed.provider.requests)
    assert ask(cache_enabled=True).headers["x-respan-cache"] == "miss"
    wait_for(lambda: ask(cache_enabled=True).headers["x-respan-cache"] == "hit", 5, "the entry")
    r = ask(cache_enabled=True)
    assert said(r.chunks) == "Hello" and r.headers["x-respan-cache"] in HIT
    assert all("usage" not in c or c["usage"] is None for c in r.chunks)
    assert len(framed.provider.requests) - before < 4  # those that came before the entry


def test_a_stream_that_fails_in_the_middle(framed, ask):
    framed.provider.answer = lambda r: [
        sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "Hel"})])), ("wait", 0.1),
        chunked(sse_body([{"error": {"message": "broke", "type": "server_error", "code": "x"}}])) + LAST_CHUNK]
    r = ask(whole=False)
    assert not r.complete and said(r.chunks[:-1]) == "Hel"
    assert r.chunks[-1] == {"error": {"message": "broke", "type": "server_error", "param": None, "code": "x"}}


def test_silence(framed):
    """A comment is no frame: only the usual framing has them."""
    framed.provider.answer = lambda r: [
        sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "Hel"})])), ("wait", 0.8),
        chunked(sse_body(stream_events(["lo"])[1:])) + LAST_CHUNK]
    for path, members, *_ in FRAMINGS.values():
        with Wire(framed) as w:
            r = w.ask(chat_body("silence", stream=True, **members), path=path)
        assert (b": keep-alive" in r.body) == (path.endswith("completions") and not members)
