"""What a hold counts of requests in other dialects (money.md 5): it bounds what
the provider can bill, whichever dialect says it."""
import json

import pytest
from gateway import nano
from provider import completion, json_reply
from test_money import defaults

WINDOW, SEARCHES = 128000, 10
IN, WRITE_1H, OUT, SEARCH = 1000, 4000, 2000, 10000000  # nano-USD
CAP = 10

CLAUDE = {"type": "message", "role": "assistant", "id": "m", "model": "m", "stop_reason": "end_turn",
          "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 7, "output_tokens": 3}}
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
          "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "model": "m",
            "output": [{"type": "message", "role": "assistant", "id": "i", "status": "completed",
                        "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}],
            "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}

# kind -> (path, answer, a request of a few bytes)
KINDS = {
    "anthropic": ("/v1/messages", CLAUDE,
                  {"model": "test-model", "max_tokens": CAP, "messages": [{"role": "user", "content": "Hello"}]}),
    "gemini": ("/v1beta/models/test-model:generateContent", GEMINI,
               {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
                "generationConfig": {"maxOutputTokens": CAP}}),
    "openai": ("/v1/responses", RESPONSE, {"model": "test-model", "input": "Hello", "max_output_tokens": CAP}),
}


def serve(make_gateway, kind):
    g = make_gateway(start=False, extra=defaults("50"), provider='quirks = [ "responses" ];')
    g.text = g.text.replace('kind = "openai"', 'kind = "%s"' % kind).replace(
        'input = "1";', 'input = "1"; cache_write_1h = "4"; per_search = "0.01";').replace('name = "openai"', 'name = "here"')
    g.text = g.text.replace('provider = "openai"', 'provider = "here"')
    return g.start()


def needed(g, provider, path, answer, body):
    """The hold of a request, nano-USD, and the bytes that its provider got."""
    provider.answer = lambda r: json_reply(answer)
    text = body if isinstance(body, str) else json.dumps(body)
    r = g.post(path, text[:-1] + ', "customer_identifier": "u"}')
    assert r.status == 200, r.body
    limits = g.record(r.headers["x-respan-log-id"])["limit_info"]["limits"]
    return nano(limits[0]["needed_value"]), len(provider.requests[-1].body)


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return request.param


def test_a_plain_request_is_held_by_its_bytes(make_gateway, provider, kind):
    g = serve(make_gateway, kind)
    hold, n = needed(g, provider, *KINDS[kind])
    assert hold == (n + 64) * IN + CAP * OUT


# What a kind reads that the request does not have.
UNSIZED = {
    "a document by its address": ("anthropic", {"messages": [{"role": "user", "content": [
        {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}}]}]}),
    "a file by its name": ("anthropic", {"messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "file", "file_id": "f"}}]}]}),
    "what was cached": ("gemini", {"cachedContent": "cachedContents/1"}),
    "what was cached, in snakes": ("gemini", {"cached_content": "cachedContents/1"}),
    "a video": ("gemini", {"contents": [{"role": "user", "parts": [
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://a/b"}}]}]}),
    "what was said before": ("openai", {"previous_response_id": "resp_0"}),
    "a conversation": ("openai", {"conversation": "conv_0"}),
    "a prompt of its own": ("openai", {"prompt": {"id": "pmpt_0"}}),
    "a reference to an item": ("openai", {"input": [{"type": "item_reference", "id": "i"}]}),
    "a file of its own": ("openai", {"input": [{"role": "user", "content": [
        {"type": "input_file", "file_id": "f"}]}]}),
}


@pytest.mark.parametrize("name", UNSIZED)
def test_input_of_unknown_size_is_held_as_the_window(make_gateway, provider, name):
    kind, members = UNSIZED[name]
    path, answer, body = KINDS[kind]
    hold, _ = needed(serve(make_gateway, kind), provider, path, answer, dict(body, **members))
    assert hold == WINDOW * IN + CAP * OUT


TOOLS = {
    "Anthropic searches": ("anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, True),
    "Anthropic asks servers": ("anthropic", {"mcp_servers": [{"type": "url", "url": "https://a", "name": "a"}]}, True),
    "behind a tool of the client": ("anthropic", {"tools": [
        {"type": "bash_20250124", "name": "bash"}, {"type": "web_fetch_20250910", "name": "web_fetch"}]}, True),
    "bash is run by the client": ("anthropic", {"tools": [{"type": "bash_20250124", "name": "bash"}]}, False),
    "Gemini searches": ("gemini", {"tools": [{"googleSearch": {}}]}, True),
    "Gemini searches, in snakes": ("gemini", {"tools": [{"google_search": {}}]}, True),
    "OpenAI searches": ("openai", {"tools": [{"type": "web_search"}]}, True),
    "a tool of any form is the client's": ("openai", {"tools": [{"type": "custom", "name": "x"}]}, False),
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools_of_the_provider_are_held(make_gateway, provider, name):
    """Searches by their fee, and what they find as the window."""
    kind, members, runs = TOOLS[name]
    path, answer, body = KINDS[kind]
    hold, n = needed(serve(make_gateway, kind), provider, path, answer, dict(body, **members))
    if runs:
        assert hold == WINDOW * IN + CAP * OUT + SEARCHES * SEARCH
    else:
        assert hold == (n + 1024) * IN + CAP * OUT


CHAT_SEARCHES = {
    "xAI": {"search_parameters": {"mode": "on"}},
    "OpenRouter": {"plugins": [{"id": "web"}]},
    "Qwen": {"enable_search": True},
}


@pytest.mark.parametrize("name", CHAT_SEARCHES)
def test_searches_of_chat_providers_are_held(make_gateway, provider, name):
    body = dict({"model": "test-model", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": CAP},
                **CHAT_SEARCHES[name])
    hold, _ = needed(serve(make_gateway, "openai"), provider, "/v1/chat/completions", completion(), body)
    assert hold == WINDOW * IN + CAP * OUT + SEARCHES * SEARCH


def test_a_search_that_is_off_is_not_held(make_gateway, provider):
    body = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": CAP,
            "enable_search": False}
    hold, n = needed(serve(make_gateway, "openai"), provider, "/v1/chat/completions", completion(), body)
    assert hold == (n + 64) * IN + CAP * OUT


# An hour in a cache costs more than a token (money.md 5, max_in_price).
MARKS = ['"1h"', '"\\u0031h"', '"1\\u0068"', '"\\u0031\\u0068"', '"5m"']


@pytest.mark.parametrize("mark", MARKS)
def test_an_hour_in_the_cache_is_held_at_its_price(make_gateway, provider, mark):
    path, answer, body = KINDS["anthropic"]
    body = json.dumps(dict(body, messages=[{"role": "user", "content": [
        {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral", "ttl": "TTL"}}]}]))
    hold, n = needed(serve(make_gateway, "anthropic"), provider, path, answer, body.replace('"TTL"', mark))
    assert hold == (n + 64) * (IN if mark == '"5m"' else WRITE_1H) + CAP * OUT


LEFT_OUT = {
    "of the system": lambda said, picture: [
        {"role": "system", "content": [picture]}, {"role": "user", "content": said}],
    "of a result without a call": lambda said, picture: [
        {"role": "user", "content": said}, {"role": "tool", "tool_call_id": "c", "content": [
            {"type": "text", "text": "x"}, picture]}],
}


@pytest.mark.parametrize("kind", ["anthropic", "gemini"])
@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_picture_that_is_not_sent_is_not_taken_off_the_text(make_gateway, provider, kind, name):
    g = serve(make_gateway, kind)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "QUFB" * 2000}}
    body = {"model": "test-model", "max_tokens": CAP, "messages": LEFT_OUT[name]("word " * 2000, picture)}
    hold, n = needed(g, provider, "/v1/chat/completions", KINDS[kind][1], body)
    media = 4 * provider.requests[-1].body.count(b"QUFB")
    assert hold == (n - media + 5000 + 64) * IN + CAP * OUT


OLLAMA = {"model": "m", "done": True, "done_reason": "stop", "message": {"role": "assistant", "content": "Hi"},
          "prompt_eval_count": 7, "eval_count": 3}
COHERE = {"id": "i", "finish_reason": "COMPLETE",
          "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
          "usage": {"tokens": {"input_tokens": 7, "output_tokens": 3}}}


@pytest.mark.parametrize("kind,answer", [("anthropic", CLAUDE), ("gemini", GEMINI), ("cohere", COHERE),
                                         ("ollama", OLLAMA)])
def test_a_picture_with_escapes_arrives(make_gateway, provider, kind, answer):
    """Some clients escape each slash; what is sent is the same text, and no text to hold."""
    g = serve(make_gateway, kind)
    body = json.dumps({"model": "test-model", "max_tokens": CAP, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "word " * 200},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,PICTURE"}}]}]})
    hold, n = needed(g, provider, "/v1/chat/completions", answer, body.replace("PICTURE", "iVBORw0KGgo\\/" * 400))
    sent = provider.requests[-1]
    assert "iVBORw0KGgo/" * 400 in json.dumps(sent.json)
    media = sent.body.count(b"iVBORw0KGgo") * len(b"iVBORw0KGgo\\/")
    assert hold == (n - media + 5000 + 64) * IN + CAP * OUT
