"""What a chat client must get of a recorded answer, one short reader for each
dialect.

Written from providers.md 5 to 8 and the recordings, and sharing nothing with
the gateway's own readers: each takes the events (or the document) of an answer
and returns a Reading.
"""
import base64
import json
import re
import struct

from recordings import sse


class Said:
    """One choice of an answer."""

    def __init__(self):
        self.parts = []      # ("text" or "code", words), in order
        self.reasoning = []  # pieces; white space may stand between parts of Responses
        self.calls = []      # [id or None, name, arguments as text]
        self.refusal = ""
        self.signatures = []  # what must come back to the provider, section 9
        self.native = None   # the provider's own word for the finish
        self.finish = None
        self.images = []

    def text(self):
        return "".join(words for kind, words in self.parts if kind == "text")


class Reading:
    def __init__(self):
        self.choices, self.usage, self.billed = {}, None, None
        self.id, self.model, self.error, self.complete = None, None, None, False

    def choice(self, index=0):
        return self.choices.setdefault(index, Said())


def finish(said, words, calls_win=False):
    """5.3: a table of words; whatever is not in it is stop."""
    said.finish = words.get(said.native, "stop")
    if said.calls and calls_win and said.finish == "stop":
        said.finish = "tool_calls"


def same_json(text):
    """For comparing arguments: numbers count as they are spelt."""
    try:
        return json.loads(text, parse_float=lambda x: ("float", x), parse_int=lambda x: ("int", x))
    except ValueError:
        return text


def number(x):
    return x if isinstance(x, int) and x >= 0 else 0


def normal(prompt, completion, cached=0, write=0, reasoning=0, write_1h=0):
    cached = min(cached, prompt)
    return {"prompt": prompt, "completion": completion, "total": prompt + completion, "cached": cached,
            "write": min(write, prompt - cached), "reasoning": reasoning, "write_1h": write_1h}


# -- Anthropic: also Vertex and Bedrock invoke --

ANTHROPIC_FINISH = {"tool_use": "tool_calls", "max_tokens": "length", "model_context_window_exceeded": "length",
                    "refusal": "content_filter"}


def anthropic_usage(usage):
    if not usage or usage.get("input_tokens") is None or usage.get("output_tokens") is None:
        return None
    read, write = number(usage.get("cache_read_input_tokens")), number(usage.get("cache_creation_input_tokens"))
    thinking = number((usage.get("output_tokens_details") or {}).get("thinking_tokens"))
    hour = number((usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens"))
    return normal(number(usage["input_tokens"]) + read + write, number(usage["output_tokens"]), read, write,
                  thinking, hour)


def anthropic_block(said, block):
    kind = block["type"]
    if kind == "text":
        said.parts.append(("text", block.get("text") or ""))
    elif kind == "thinking":
        said.reasoning.append(block.get("thinking") or "")
        said.signatures += [block["signature"]] if block.get("signature") else []
    elif kind == "redacted_thinking":
        said.signatures.append(block["data"])
    elif kind == "tool_use":
        said.calls.append([block["id"], block["name"], block["input"] if isinstance(block.get("input"), str)
                           else json.dumps(block.get("input") or {})])


def anthropic_end(r, stop_reason):
    said = r.choice()
    said.native = stop_reason
    finish(said, ANTHROPIC_FINISH)
    if stop_reason == "refusal":
        said.refusal = None  # the same text or "": 5.4


def anthropic_whole(doc):
    r = Reading()
    if doc.get("type") == "error":
        r.error = doc["error"]
        return r
    r.id, r.model, r.complete = doc.get("id"), doc.get("model"), True
    for block in doc["content"]:
        anthropic_block(r.choice(), block)
    anthropic_end(r, doc.get("stop_reason"))
    r.usage = anthropic_usage(doc.get("usage"))
    return r


def anthropic_delta(block, delta):
    kind = delta["type"]
    for name, into in (("text_delta", "text"), ("thinking_delta", "thinking"), ("signature_delta", "signature")):
        if kind == name:
            block[into] = (block.get(into) or "") + delta[into]
    if kind == "input_json_delta":
        block["pieces"] = block.get("pieces", "") + delta["partial_json"]


def anthropic_stream(events):
    r, blocks, usage, stop = Reading(), {}, {}, None
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = event["message"]
            r.id, r.model = message.get("id"), message.get("model")
            usage.update(message.get("usage") or {})
            for at, block in enumerate(message.get("content") or []):
                blocks[-100 + at] = block
            stop = message.get("stop_reason")
        elif kind == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif kind == "content_block_delta":
            anthropic_delta(blocks[event["index"]], event["delta"])
        elif kind == "message_delta":
            usage.update({k: v for k, v in (event.get("usage") or {}).items() if v is not None})
            stop = event["delta"].get("stop_reason")
        elif kind == "message_stop":
            r.complete = True
            break  # what a fixture has behind it is another answer
        elif kind == "error":
            r.error = event["error"]
            break
    for _, block in sorted(blocks.items()):
        if block.get("pieces"):
            block["input"] = block["pieces"]
        anthropic_block(r.choice(), block)
    if stop:
        anthropic_end(r, stop)
    r.usage = anthropic_usage(usage)
    return r


# -- Gemini, also at Vertex --

FILTERED = ("SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT "
            "IMAGE_RECITATION MODEL_ARMOR ESCALATION").split()
GEMINI_FINISH = dict({"MAX_TOKENS": "length", 2: "length", 3: "content_filter", 4: "content_filter"},
                     **{word: "content_filter" for word in FILTERED})
GEMINI_ERROR = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
                "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE")


def partial_args(into, part):
    """One {"jsonPath":"$.a[0].b","stringValue":…}: strings go on, the rest is set."""
    steps = re.findall(r"\[(\d+)\]|\['([^']*)'\]|\.([^.\[]+)", part["jsonPath"])
    steps = [int(n) if n else quoted or plain for n, quoted, plain in steps]
    for step, after in zip(steps, steps[1:] + [None]):
        if isinstance(step, int):
            into.extend([None] * (step + 1 - len(into)))
        old = into[step] if isinstance(step, int) else into.get(step)
        if after is not None:
            old = old if old is not None else ([] if isinstance(after, int) else {})
        elif "stringValue" in part:
            old = (old or "") + part["stringValue"]
        else:
            old = next((part[k] for k in ("numberValue", "boolValue") if k in part), None)
        into[step] = old
        into = old


def gemini_call(said, call):
    """A call without a name goes on with the one before."""
    if call.get("name"):
        said.calls.append([call.get("id"), call["name"], dict(call.get("args") or {})])
    for part in call.get("partialArgs") or []:
        partial_args(said.calls[-1][2], part)


def gemini_part(said, part):
    said.signatures += [part["thoughtSignature"]] if part.get("thoughtSignature") else []
    if "functionCall" in part:
        gemini_call(said, part["functionCall"])
    elif "text" in part:
        if part.get("thought"):
            said.reasoning.append(part["text"])
        else:
            said.parts.append(("text", part["text"]))
    elif part.get("inlineData"):
        data = part["inlineData"]
        said.images.append("data:%s;base64,%s" % (data["mimeType"], data["data"]))
    elif part.get("executableCode"):
        said.parts.append(("code", part["executableCode"].get("code", "")))
    elif part.get("codeExecutionResult"):
        said.parts.append(("code", part["codeExecutionResult"].get("output", "")))


def gemini_usage(usage):
    if not usage or usage.get("promptTokenCount") is None:
        return None
    thoughts = number(usage.get("thoughtsTokenCount"))
    return normal(number(usage["promptTokenCount"]) + number(usage.get("toolUsePromptTokenCount")),
                  number(usage.get("candidatesTokenCount")) + thoughts,
                  number(usage.get("cachedContentTokenCount")), 0, thoughts)


def gemini_stream(chunks, whole=False):
    r, usage, blocked = Reading(), {}, False
    for chunk in chunks:
        if chunk.get("error"):
            r.error = chunk["error"]
            break
        r.id, r.model = r.id or chunk.get("responseId"), r.model or chunk.get("modelVersion")
        blocked = blocked or bool((chunk.get("promptFeedback") or {}).get("blockReason"))
        usage.update({k: v for k, v in (chunk.get("usageMetadata") or {}).items() if v is not None})
        for at, candidate in enumerate(chunk.get("candidates") or []):
            said = r.choice(candidate.get("index", at))
            for part in (candidate.get("content") or {}).get("parts") or []:
                gemini_part(said, part)
            said.native = candidate.get("finishReason") or said.native
    if blocked and not r.choices:
        r.choice().finish = "content_filter"
    for said in r.choices.values():
        said.native = said.native or ("absent" if whole and not said.finish else None)
        if said.native in GEMINI_ERROR and not (said.parts or said.calls):
            r.error = r.error or {"message": None}
        if said.native:
            finish(said, GEMINI_FINISH, calls_win=True)
        for call in said.calls:
            call[2] = json.dumps(call[2])
    r.complete = not r.error and bool(r.choices) and all(s.finish for s in r.choices.values())
    r.usage = gemini_usage(usage)
    return r


def gemini_whole(doc):
    return gemini_stream(doc if isinstance(doc, list) else [doc], whole=True)


# -- Bedrock Converse --

CONVERSE_FINISH = {"tool_use": "tool_calls", "max_tokens": "length", "model_context_window_exceeded": "length",
                   "guardrail_intervened": "content_filter", "content_filtered": "content_filter"}


def converse_usage(usage):
    if not usage or usage.get("inputTokens") is None or usage.get("outputTokens") is None:
        return None
    read, write = number(usage.get("cacheReadInputTokens")), number(usage.get("cacheWriteInputTokens"))
    return normal(number(usage["inputTokens"]) + read + write, number(usage["outputTokens"]), read, write)


def converse_block(said, block):
    thought = block.get("reasoningContent")
    if thought:
        inner = thought.get("reasoningText") or {}
        said.reasoning.append(inner.get("text") or "")
        said.signatures += [x for x in (inner.get("signature"), thought.get("redactedContent")) if x]
    elif "text" in block:
        said.parts.append(("text", block["text"]))
    elif "citationsContent" in block:
        said.parts += [("text", x["text"]) for x in block["citationsContent"]["content"]]
    elif "toolUse" in block and block["toolUse"].get("type") != "server_tool_use":
        use = block["toolUse"]
        said.calls.append([use["toolUseId"], use["name"],
                           use["input"] if use.get("input") and isinstance(use["input"], str)
                           else json.dumps(use.get("input") or {})])


def converse_end(r, word):
    said = r.choice()
    said.native = word
    finish(said, CONVERSE_FINISH)
    if word in ("malformed_model_output", "malformed_tool_use") and not (said.parts or said.calls):
        r.error = {"message": None}


def converse_whole(doc):
    r = Reading()
    for block in doc["output"]["message"]["content"]:
        converse_block(r.choice(), block)
    converse_end(r, doc.get("stopReason"))
    r.usage, r.complete = converse_usage(doc.get("usage")), True
    return r


def converse_delta(block, delta):
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        use = block["toolUse"]
        use["input"] = use.get("input", "") + delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        into, given = block.setdefault("reasoningContent", {}), delta["reasoningContent"]
        inner = into.setdefault("reasoningText", {})
        for key in ("text", "signature"):
            if given.get(key):
                inner[key] = inner.get(key, "") + given[key]
        if given.get("redactedContent"):
            into["redactedContent"] = into.get("redactedContent", "") + given["redactedContent"]


def converse_stream(events):
    r, blocks, stop = Reading(), {}, None
    for kind, payload in events:
        if kind.startswith("!"):
            r.error = {"message": payload.get("message") or payload.get("Message")}
            break
        if kind == "contentBlockStart":
            start = payload.get("start") or {}
            blocks[payload["contentBlockIndex"]] = {"toolUse": dict(start["toolUse"])} if "toolUse" in start else {}
        elif kind == "contentBlockDelta":
            converse_delta(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
        elif kind == "messageStop":
            stop = payload.get("stopReason")
        elif kind == "metadata":
            r.usage = converse_usage(payload.get("usage"))
    for _, block in sorted(blocks.items()):
        converse_block(r.choice(), block)
    if stop:
        converse_end(r, stop)
        r.complete = not r.error
    return r


# -- Cohere v2 --

COHERE_FINISH = {"TOOL_CALL": "tool_calls", "MAX_TOKENS": "length"}


def cohere_usage(r, usage):
    tokens, billed = (usage or {}).get("tokens") or {}, (usage or {}).get("billed_units") or {}
    if tokens.get("input_tokens") is None:
        return
    r.usage = normal(number(tokens["input_tokens"]) + number(tokens.get("image_tokens")),
                     number(tokens.get("output_tokens")), number(usage.get("cached_tokens")), 0,
                     number(tokens.get("reasoning_tokens")))
    if billed.get("input_tokens") is not None:
        r.billed = normal(number(billed["input_tokens"]), number(billed.get("output_tokens")))


def cohere_call(said, call):
    arguments = call["function"].get("arguments")
    said.calls.append([call.get("id"), call["function"]["name"], arguments if arguments not in (None, "", "null")
                       else "{}"])


def cohere_end(r, word):
    said = r.choice()
    said.native = word
    finish(said, COHERE_FINISH)
    if word == "ERROR":
        r.error = {"message": None}


def cohere_whole(doc):
    r, message = Reading(), doc["message"]
    r.id, said = doc.get("id"), r.choice()
    for part in message.get("content") or []:
        if part["type"] == "thinking":
            said.reasoning.append(part["thinking"])
        elif part["type"] == "text":
            said.parts.append(("text", part["text"]))
    for call in message.get("tool_calls") or []:
        cohere_call(said, call)
    if message.get("tool_plan"):
        if said.calls:
            said.reasoning.append(message["tool_plan"])
        else:
            said.parts.append(("text", message["tool_plan"]))
    cohere_end(r, doc.get("finish_reason"))
    cohere_usage(r, doc.get("usage"))
    r.complete = True
    return r


def cohere_stream(events):
    r, calls = Reading(), []
    for event in events:
        kind, message = event.get("type"), (event.get("delta") or {}).get("message") or {}
        said = r.choice()
        if kind == "message-start":
            r.id = event.get("id")
        elif kind in ("content-start", "content-delta"):
            content = message.get("content") or {}
            said.reasoning += [content["thinking"]] if content.get("thinking") else []
            said.parts += [("text", content["text"])] if content.get("text") else []
        elif kind == "tool-plan-delta":
            said.reasoning.append(message["tool_plan"])
        elif kind == "tool-call-start":
            calls.append(json.loads(json.dumps(message["tool_calls"])))
        elif kind == "tool-call-delta":
            calls[-1]["function"]["arguments"] += message["tool_calls"]["function"]["arguments"]
        elif kind == "message-end":
            r.complete = True
            for call in calls:
                cohere_call(said, call)
            calls = []
            cohere_end(r, event["delta"].get("finish_reason"))
            cohere_usage(r, event["delta"].get("usage"))
    for call in calls:
        cohere_call(r.choice(), call)
    return r


# -- Ollama's own face --

def ollama_stream(lines):
    r = Reading()
    for line in lines:
        if line.get("error"):
            r.error = {"message": line["error"]}
            break
        said, message = r.choice(), line.get("message") or {}
        r.model = line.get("model")
        said.parts.append(("text", message.get("content") or line.get("response") or ""))
        said.reasoning.append(message.get("thinking") or line.get("thinking") or "")
        for call in message.get("tool_calls") or []:
            said.calls.append([call.get("id"), call["function"]["name"],
                               json.dumps(call["function"].get("arguments") or {})])
        if line.get("done"):
            r.complete, said.native = True, line.get("done_reason")
            finish(said, {"length": "length", "content_filter": "content_filter"}, calls_win=True)
            if line.get("prompt_eval_count") is not None or line.get("eval_count") is not None:
                r.usage = normal(number(line.get("prompt_eval_count")), number(line.get("eval_count")))
    return r


def ollama_whole(doc):
    return ollama_stream([doc])


# -- OpenAI Responses --

def responses_usage(usage):
    if not usage or usage.get("input_tokens") is None or usage.get("output_tokens") is None:
        return None
    inside, outside = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return normal(number(usage["input_tokens"]), number(usage["output_tokens"]), number(inside.get("cached_tokens")),
                  number(inside.get("cache_write_tokens")), number(outside.get("reasoning_tokens")))


def responses_item(said, item):
    if item["type"] == "message":
        for part in item.get("content") or []:
            if part["type"] == "output_text":
                said.parts.append(("text", part["text"]))
            elif part["type"] == "refusal":
                said.refusal += part["refusal"]
    elif item["type"] == "reasoning":
        said.reasoning += [x["text"] for x in (item.get("summary") or []) + (item.get("content") or [])
                           if isinstance(x, dict) and x.get("text")]
        said.signatures += [item["encrypted_content"]] if item.get("encrypted_content") else []
    elif item["type"] == "function_call":
        said.calls.append([item["call_id"], item["name"], item.get("arguments") or "{}"])


def responses_end(r, response):
    r.usage = responses_usage(response.get("usage"))
    if response.get("status") == "failed" or response.get("error"):
        r.error = response.get("error") or {"message": None}
        return
    said, why = r.choice(), (response.get("incomplete_details") or {}).get("reason")
    said.native = why or response.get("status")
    finish(said, {"max_output_tokens": "length", "content_filter": "content_filter"}, calls_win=True)
    r.complete = True


def responses_whole(doc):
    r = Reading()
    if isinstance(doc.get("error"), dict) and "output" not in doc:
        r.error = doc["error"]
        return r
    r.id, r.model = doc.get("id"), doc.get("model")
    if isinstance(doc.get("reasoning"), str):  # mistral.rs; elsewhere it echoes the request
        r.choice().reasoning.append(doc["reasoning"])
    for item in doc["output"]:
        responses_item(r.choice(), item)
    responses_end(r, doc)
    return r


def responses_delta(said, event, items):
    kind, piece = event["type"], event.get("delta")
    if kind == "response.output_text.delta":
        said.parts.append(("text", piece))
    elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
        said.reasoning.append(piece)
    elif kind == "response.refusal.delta":
        said.refusal += piece
    elif kind == "response.output_item.added" and event["item"]["type"] == "function_call":
        item = event["item"]
        items[event["output_index"]] = [item["call_id"], item["name"], item.get("arguments") or ""]
        said.calls.append(items[event["output_index"]])
    elif kind == "response.function_call_arguments.delta":
        items[event["output_index"]][2] += piece
    elif kind == "response.output_item.done" and event["item"]["type"] == "reasoning":
        secret = event["item"].get("encrypted_content")
        said.signatures += [secret] if secret else []


def responses_stream(events):
    r, items = Reading(), {}
    for event in events:
        kind = event.get("type")
        if kind == "error":
            r.error = event.get("error") or event
            break
        if kind == "response.created":
            r.id, r.model = event["response"].get("id"), event["response"].get("model")
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            responses_end(r, event["response"])
            break  # what a fixture has behind it is another answer
        elif kind:
            responses_delta(r.choice(), event, items)
    for said in r.choices.values():
        for call in said.calls:
            call[2] = call[2] or "{}"
    return r


# -- Bedrock invoke of families other than Claude's Messages --

# Members that say text, the provider's word for the end, the end itself.
OTHER_FINISH = {"MAX_TOKENS": "length", "max_tokens": "length", "length": "length",
                "content_filter": "content_filter", "content_filtered": "content_filter",
                "guardrail_intervened": "content_filter"}


def other_piece(r, piece):
    """One object of Cohere's Command, Llama, Claude's old completions, Jamba or Nova."""
    said = r.choice()
    choice = (piece.get("choices") or [{}])[0]
    inner = (piece.get("generations") or [choice.get("delta") or choice.get("message") or {}])[0]
    text = (piece.get("text") or piece.get("generation") or piece.get("completion") or inner.get("text") or
            inner.get("content"))
    if text and not piece.get("is_finished"):
        said.parts.append(("text", text))
    for block in ((piece.get("output") or {}).get("message") or {}).get("content") or []:
        converse_block(said, block)
    said.native = (piece.get("finish_reason") or piece.get("stop_reason") or piece.get("stopReason") or
                   inner.get("finish_reason") or choice.get("finish_reason") or said.native)
    metrics = piece.get("amazon-bedrock-invocationMetrics")
    if metrics:
        r.complete = True
        read, write = number(metrics.get("cacheReadInputTokenCount")), number(metrics.get("cacheWriteInputTokenCount"))
        r.usage = normal(number(metrics["inputTokenCount"]) + read + write, number(metrics["outputTokenCount"]),
                         read, write)


def invoke_stream(events):
    if any("type" in e and "message" in e["type"] for e in events):
        return anthropic_stream(events)
    r = Reading()
    for piece in events:
        other_piece(r, piece)
    if r.choice().native:
        finish(r.choice(), OTHER_FINISH)
    return r


def invoke_whole(doc):
    if "content" in doc or doc.get("type") == "error":
        return anthropic_whole(doc)
    r = Reading()
    other_piece(r, doc)
    finish(r.choice(), OTHER_FINISH)
    r.complete = True
    usage = doc.get("usage") or {}
    given = (usage.get("inputTokens", doc.get("prompt_token_count")),
             usage.get("outputTokens", doc.get("generation_token_count")))
    r.usage = None if None in given else normal(*given)
    return r


# -- bytes to events --

def frames(body):
    """[(headers, payload)] of the whole frames of an AWS event stream."""
    at, out = 0, []
    while at + 16 <= len(body):
        total, length = struct.unpack(">II", body[at:at + 8])
        if at + total > len(body):
            break
        headers, p, end = {}, at + 12, at + 12 + length
        while p < end:
            name = body[p + 1:p + 1 + body[p]].decode()
            p += 1 + body[p] + 1  # all recorded headers are strings
            n = struct.unpack(">H", body[p:p + 2])[0]
            headers[name] = body[p + 2:p + 2 + n].decode()
            p += 2 + n
        out.append((headers, json.loads(body[end:at + total - 4])))
        at += total
    return out


def converse_events(body):
    return [(h[":event-type"] if h[":message-type"] == "event" else "!" + h.get(":exception-type", ""), payload)
            for h, payload in frames(body)]


def invoke_events(body):
    return [json.loads(base64.b64decode(payload["bytes"])) for h, payload in frames(body)
            if h.get(":event-type") == "chunk"]


def sse_events(body):
    """The events that are whole; the last may lack its empty line (7.1)."""
    text = body.decode("utf-8", "replace")
    out = []
    for _, data in sse(text + "\n\n"):
        if data.strip() != "[DONE]":
            try:
                out.append(json.loads(data))
            except ValueError:
                break
    bare = ("\n" + text.rstrip()).partition("\n{")[2]  # an error between events, without data:
    if bare.endswith("}"):
        out.append(json.loads("{" + bare))
    return out


def ndjson_lines(body):
    out = []
    for line in body.decode("utf-8", "replace").split("\n"):
        try:
            out += [json.loads(line)] if line.strip() else []
        except ValueError:
            break
    return out


WHOLE = {"anthropic": anthropic_whole, "gemini": gemini_whole, "converse": converse_whole, "cohere": cohere_whole,
         "ollama": ollama_whole, "responses": responses_whole, "invoke": invoke_whole}
STREAM = {"anthropic": anthropic_stream, "gemini": gemini_stream, "converse": converse_stream,
          "cohere": cohere_stream, "ollama": ollama_stream, "responses": responses_stream, "invoke": invoke_stream}


def events_of(group, body):
    if group == "bedrock-converse":
        return converse_events(body)
    if group == "bedrock-invoke":
        return invoke_events(body)
    return ndjson_lines(body) if group == "ollama-native" else sse_events(body)


def inside(group, body):
    """Do these bytes end inside an event (7.1: then they are cut)?"""
    if group.startswith("bedrock"):
        at = 0
        while at + 4 <= len(body):
            at += struct.unpack(">I", body[at:at + 4])[0]
        return at != len(body)
    last = body.replace(b"\r\n", b"\n").rsplit(b"\n\n", 1)[-1].strip()
    return last.startswith(b"data:") and same_json(last[5:].decode("utf-8", "replace")) == last[5:].decode(
        "utf-8", "replace")


def bedrock_headers(r, headers):
    """Figures that the body does not have; those of the input are disjoint, as Converse's."""
    names = {"inputTokens": "input", "outputTokens": "output", "cacheReadInputTokens": "cache-read-input",
             "cacheWriteInputTokens": "cache-write-input"}
    told = {k: headers.get("x-amzn-bedrock-%s-token-count" % v) for k, v in names.items()}
    if told["inputTokens"]:
        r.usage = converse_usage({k: int(v) for k, v in told.items() if v is not None})
    return r


def read(case, upto=None):
    """The reading of a recorded answer, or of its first bytes."""
    if not case.streamed:
        r = WHOLE[case.dialect](json.loads(case.body))
        return r if r.usage or case.dialect != "invoke" else bedrock_headers(r, case.meta["response_headers"])
    body = case.body[:upto]
    r = STREAM[case.dialect](events_of(case.group, body))
    if case.dialect in ("converse", "invoke", "gemini") and inside(case.group, body):
        r.complete = False
    return r
