"""One answer, told as a provider of any dialect tells it.

A Script is what Provider.answer is set to: by the path it sees which dialect
it is asked in, and says in that what the test wants said.
"""
import json
import re

from provider import LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body, sse_head

# The models of the gateway's settings below, by the dialect of the provider.
DIALECTS = ("openai", "responses", "anthropic", "gemini")
CALL = ("weather", {"city": "Oslo"})


class Says:
    """text, thought and calls of (name, arguments); usage of (in, out)."""

    def __init__(self, text="Hällo there", thought="", calls=(), usage=(11, 7), cut=False):
        self.text, self.thought, self.calls, self.usage = text, thought, list(calls), usage
        self.cut = cut  # a stream that stays open behind its first words

    @property
    def words(self):
        return re.findall(r"\s*\S+", self.text)


class Fault:
    def __init__(self, status, message="they say no", headers=()):
        self.status, self.message, self.headers = status, message, headers


def settings(port):
    """Providers and models of the gateway: one of each dialect."""
    kind = {"responses": "openai"}
    base = {"anthropic": "/anthropic/v1", "gemini": "/gemini/v1beta"}
    providers = ['{ name = "their-%s"; kind = "%s"; base_url = "http://127.0.0.1:%d%s"; '
                 'credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } ); }'
                 % (d, kind.get(d, d), port, base.get(d, "/v1")) for d in DIALECTS]
    models = ['{ name = "via-%s"; provider = "their-%s"; upstream = "their-model"; context = 400000; max_output = 64000; '
              'features = [ "tools", "vision", "json_schema", "reasoning"%s ]; price = { input = "1"; output = "2"; }; }'
              % (d, d, ', "responses_only"' if d == "responses" else "") for d in DIALECTS]
    return "providers = ( %s );\nmodels = ( %s );" % (", ".join(providers), ", ".join(models))


def spoken(request):
    """The dialect that a provider is asked in."""
    path = request.path.split("?")[0]
    ends = {"/chat/completions": "openai", "/responses": "responses", "/messages": "anthropic"}
    return next((d for end, d in ends.items() if path.endswith(end)), "gemini")


def streamed(request):
    return ":streamGenerateContent" in request.path or b'"stream":true' in request.body.replace(b" ", b"")


def named(events):
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


# -- OpenAI chat --

def _call(i, name, arguments):
    return {"id": "call_%d" % i, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def openai_whole(s):
    body = completion(s.text, *s.usage)
    message = body["choices"][0]["message"]
    if s.thought:
        message["reasoning_content"] = s.thought
    if s.calls:
        message.update(content=None, tool_calls=[_call(i, *c) for i, c in enumerate(s.calls)])
        body["choices"][0]["finish_reason"] = "tool_calls"
    return body


def openai_stream(s):
    events = [chunk({"role": "assistant", "content": None if s.calls else ""})]
    events += [chunk({"reasoning_content": s.thought})] if s.thought else []
    for i, (name, arguments) in enumerate(s.calls):
        call = _call(i, name, arguments)
        events.append(chunk({"tool_calls": [{**call, "index": i, "function": {"name": name, "arguments": ""}}]}))
        events += [chunk({"tool_calls": [{"index": i, "function": {"arguments": p}}]}) for p in call["function"]["arguments"]]
    events += [] if s.calls else [chunk({"content": w}) for w in s.words]
    events += [chunk(finish="tool_calls" if s.calls else "stop"),
               chunk(usage={"prompt_tokens": s.usage[0], "completion_tokens": s.usage[1], "total_tokens": sum(s.usage)}),
               b"[DONE]"]
    return [sse_body([e]) for e in events]


# -- OpenAI Responses --

def _items(s):
    items = []
    if s.thought:
        items.append({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": s.thought}]})
    for i, (name, arguments) in enumerate(s.calls):
        items.append({"type": "function_call", "id": "fc_%d" % i, "call_id": "call_%d" % i, "name": name,
                      "arguments": json.dumps(arguments), "status": "completed"})
    if not s.calls:
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                      "content": [{"type": "output_text", "text": s.text, "annotations": [], "logprobs": []}]})
    return items


def responses_whole(s, status="completed"):
    usage = {"input_tokens": s.usage[0], "input_tokens_details": {"cached_tokens": 0}, "output_tokens": s.usage[1],
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": sum(s.usage)}
    done = status == "completed"
    return {"id": "resp_1", "object": "response", "created_at": 1700000000, "status": status, "error": None,
            "incomplete_details": None, "instructions": None, "max_output_tokens": None, "model": "their-model-1",
            "output": _items(s) if done else [], "parallel_tool_calls": True, "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": 1.0,
            "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
            "truncation": "disabled", "usage": usage if done else None, "user": None, "metadata": {}}


def _part(at, item, s):
    """The events between an item's start and its end."""
    where = {"item_id": item["id"], "output_index": at}
    if item["type"] == "function_call":
        yield from ({"type": "response.function_call_arguments.delta", **where, "delta": p} for p in item["arguments"])
        yield {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}
    elif item["type"] == "reasoning":
        where["summary_index"] = 0
        yield {"type": "response.reasoning_summary_part.added", **where, "part": {"type": "summary_text", "text": ""}}
        yield {"type": "response.reasoning_summary_text.delta", **where, "delta": s.thought}
        yield {"type": "response.reasoning_summary_text.done", **where, "text": s.thought}
        yield {"type": "response.reasoning_summary_part.done", **where, "part": item["summary"][0]}
    else:
        where["content_index"] = 0
        part = item["content"][0]
        yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
        yield from ({"type": "response.output_text.delta", **where, "delta": w, "logprobs": []} for w in s.words)
        yield {"type": "response.output_text.done", **where, "text": s.text, "logprobs": []}
        yield {"type": "response.content_part.done", **where, "part": part}


def responses_stream(s):
    empty = {"function_call": {"arguments": "", "status": "in_progress"}, "reasoning": {"summary": []},
             "message": {"content": [], "status": "in_progress"}}
    events = [{"type": "response." + t, "response": responses_whole(s, "in_progress")} for t in ("created", "in_progress")]
    for at, item in enumerate(_items(s)):
        events.append({"type": "response.output_item.added", "output_index": at, "item": {**item, **empty[item["type"]]}})
        events += _part(at, item, s)
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": "response.completed", "response": responses_whole(s)})
    return [named([{**e, "sequence_number": n}]) for n, e in enumerate(events)]


# -- Anthropic --

def _blocks(s):
    blocks = [{"type": "thinking", "thinking": s.thought, "signature": "c2lnbmVk"}] if s.thought else []
    blocks += [{"type": "tool_use", "id": "toolu_%d" % i, "name": n, "input": a} for i, (n, a) in enumerate(s.calls)]
    return blocks if s.calls else blocks + [{"type": "text", "text": s.text}]


def anthropic_whole(s, content=None):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "their-model-1",
            "content": _blocks(s) if content is None else content,
            "stop_reason": "tool_use" if s.calls else "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": s.usage[0], "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                      "output_tokens": s.usage[1]}}


def _deltas(block, s):
    if block["type"] == "text":
        return [{"type": "text_delta", "text": w} for w in s.words]
    if block["type"] == "tool_use":
        return [{"type": "input_json_delta", "partial_json": p} for p in json.dumps(block["input"])]
    return [{"type": "thinking_delta", "thinking": s.thought}, {"type": "signature_delta", "signature": block["signature"]}]


def anthropic_stream(s):
    empty = {"text": {"text": ""}, "tool_use": {"input": {}}, "thinking": {"thinking": "", "signature": ""}}
    start = {**anthropic_whole(s, []), "stop_reason": None}
    events = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for i, block in enumerate(_blocks(s)):
        events.append({"type": "content_block_start", "index": i, "content_block": {**block, **empty[block["type"]]}})
        events += [{"type": "content_block_delta", "index": i, "delta": d} for d in _deltas(block, s)]
        events.append({"type": "content_block_stop", "index": i})
    events += [{"type": "message_delta", "delta": {"stop_reason": "tool_use" if s.calls else "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": s.usage[1]}}, {"type": "message_stop"}]
    return [named([e]) for e in events]


# -- Gemini --

def _gemini(parts, s, last):
    body = {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}], "modelVersion": "their-model-1",
            "responseId": "r1"}
    if last:
        body["candidates"][0]["finishReason"] = "STOP"
        body["usageMetadata"] = {"promptTokenCount": s.usage[0], "candidatesTokenCount": s.usage[1],
                                 "totalTokenCount": sum(s.usage)}
    return body


def _parts(s):
    parts = [{"text": s.thought, "thought": True}] if s.thought else []
    parts += [{"functionCall": {"name": n, "args": a}} for n, a in s.calls]
    return parts if s.calls else parts + [{"text": w} for w in s.words]


def gemini_whole(s):
    return _gemini(_parts(s), s, True)


def gemini_stream(s):
    parts = _parts(s)
    return [sse_body([_gemini([p], s, i == len(parts) - 1)]) for i, p in enumerate(parts)]


# -- faults --

def fault_body(dialect, fault):
    kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error",
             529: "overloaded_error"}
    kind = kinds.get(fault.status, "api_error")
    if dialect == "anthropic":
        return {"type": "error", "error": {"type": kind, "message": fault.message}, "request_id": "req_1"}
    if dialect == "gemini":
        return {"error": {"code": fault.status, "message": fault.message, "status": "RESOURCE_EXHAUSTED"}}
    return {"error": {"message": fault.message, "type": kind, "param": None, "code": None}}


WHOLE = {"openai": openai_whole, "responses": responses_whole, "anthropic": anthropic_whole, "gemini": gemini_whole}
STREAM = {"openai": openai_stream, "responses": responses_stream, "anthropic": anthropic_stream, "gemini": gemini_stream}
OPENING = {"openai": 2, "responses": 5, "anthropic": 4, "gemini": 1}  # events up to the first words


class Script:
    """Answers in turn what it is given; the last one again and again."""

    def __init__(self, *turns):
        self.turns, self.asked = list(turns) or [Says()], 0

    def __call__(self, request):
        s = self.turns[min(self.asked, len(self.turns) - 1)]
        self.asked += 1
        dialect = spoken(request)
        if isinstance(s, Fault):
            return json_reply(fault_body(dialect, s), s.status, s.headers)
        if not streamed(request):
            return json_reply(WHOLE[dialect](s))
        events = STREAM[dialect](s)
        if s.cut:
            return [sse_head()] + [chunked(e) for e in events[:OPENING[dialect]]] + [("until_gone",)]
        return [sse_head()] + [chunked(e) for e in events] + [LAST_CHUNK]


def cut_short(said):
    """A provider that goes away in mid-stream."""
    script = Script(said)
    return lambda request: [step for step in script(request) if step != ("until_gone",)] + [("fin",)]


# -- what a provider was sent --

def results(request, dialect):
    """(id or name, text) of each tool result in a request."""
    body = request.json
    if dialect == "openai":
        return [(m["tool_call_id"], m["content"]) for m in body["messages"] if m["role"] == "tool"]
    if dialect == "responses":
        return [(i["call_id"], i["output"]) for i in body["input"] if i.get("type") == "function_call_output"]
    if dialect == "anthropic":
        return [(b["tool_use_id"], b["content"]) for m in body["messages"] if isinstance(m["content"], list)
                for b in m["content"] if b["type"] == "tool_result"]
    return [(p["functionResponse"]["name"], p["functionResponse"]["response"]) for c in body["contents"]
            for p in c["parts"] if "functionResponse" in p]


def calls(request, dialect):
    """(id or name, arguments) of each call that is told again."""
    body = request.json
    if dialect == "openai":
        return [(c["id"], json.loads(c["function"]["arguments"])) for m in body["messages"]
                for c in m.get("tool_calls") or []]
    if dialect == "responses":
        return [(i["call_id"], json.loads(i["arguments"])) for i in body["input"] if i.get("type") == "function_call"]
    if dialect == "anthropic":
        return [(b["id"], b["input"]) for m in body["messages"] if isinstance(m["content"], list)
                for b in m["content"] if b["type"] == "tool_use"]
    return [(p["functionCall"]["name"], p["functionCall"]["args"]) for c in body["contents"] for p in c["parts"]
            if "functionCall" in p]


def expect_result(request, dialect, text, call=CALL):
    """The call and its result were both sent back, and belong together."""
    (asked, arguments), = calls(request, dialect)
    (answered, result), = results(request, dialect)
    assert asked == answered and arguments == call[1]
    assert text in json.dumps(result)
