"""A small answer, whole and as a stream, in the words of each kind of provider,
with what each says when it fails.

  whole(usage)     the body of an answer, usage (input, output) or None
  events(usage)    the events of a stream of the same
  cut              events until all of the text is there
  opening          events that bring no content yet (routing.md 8.2)
  seen             tokens of the prompt that the opening tells, or None
  said             the body of an error, status what the gateway takes it for
                   when it comes with 200 or as an event of a stream
"""
import json
import struct
import zlib

from provider import completion, head, json_reply, sse_head, stream_events

WORDS = ("Hello", " there")
TEXT = "".join(WORDS)


class Spoken:
    kind = "openai"
    named = False  # events have a name before their data
    features = ""
    base = ""
    upstream = "their-model"
    seen = None
    opening = 0
    status = 503
    not_told = ()  # rows of faults.py that this kind does not have
    content_type = "text/event-stream"
    credential = 'api_key = "env:SPOKEN";'
    more = ""  # settings of the provider

    @classmethod
    def frame(cls, event):
        if isinstance(event, bytes):
            return b"data: " + event + b"\n\n"
        name = b"event: %s\n" % event["type"].encode() if cls.named else b""
        return name + b"data: " + json.dumps(event).encode() + b"\n\n"

    @classmethod
    def framed(cls, events):
        return b"".join(map(cls.frame, events))

    @classmethod
    def fault(cls, words):
        """The event that says so in a stream."""
        return cls.frame({"error": cls.said(words)["error"]})

    @classmethod
    def torn(cls):
        """An event that cannot be read, in whole frames."""
        return b"data: {oops}\n\n"

    @classmethod
    def ping(cls):
        """What comes in a stream and says nothing."""
        return b": ping\n\n"

    @classmethod
    def refusal(cls, status, words, headers=()):
        """The steps of an error status."""
        return json_reply(cls.said(words), status, headers)

    @classmethod
    def stream_head(cls):
        return sse_head() if cls.content_type == "text/event-stream" else head(
            200, (("Content-Type", cls.content_type), ("Transfer-Encoding", "chunked")))


class Chat(Spoken):
    base = "/v1"
    opening, cut = 1, 3

    @staticmethod
    def said(words):
        return {"error": {"message": words, "type": "server_error", "param": None, "code": 503}}

    @staticmethod
    def whole(usage=(7, 3)):
        body = completion(TEXT, *(usage or (0, 0)))
        if not usage:
            del body["usage"]
        return body

    @staticmethod
    def events(usage=(41, 9)):
        return stream_events(WORDS, usage)


class Azure(Chat):
    kind, base = "azure", ""
    credential = 'api_key = "env:SPOKEN"; api_base = "http://127.0.0.1:PORT";'


class Claude(Spoken):
    kind, named, base = "anthropic", True, "/v1"
    seen, opening, cut, status = 41, 2, 4, 529

    @classmethod
    def said(cls, words):
        return {"type": "error", "error": {"type": "overloaded_error", "message": words}}

    @classmethod
    def fault(cls, words):
        return cls.frame(cls.said(words))

    @classmethod
    def torn(cls):
        return b"event: content_block_delta\ndata: {oops}\n\n"

    @classmethod
    def ping(cls):
        return cls.frame({"type": "ping"})

    @staticmethod
    def whole(usage=(7, 3)):
        body = {"type": "message", "role": "assistant", "id": "m", "model": "m", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": TEXT}]}
        return dict(body, usage={"input_tokens": usage[0], "output_tokens": usage[1]}) if usage else body

    @staticmethod
    def events(usage=(41, 9)):
        return [
            {"type": "message_start", "message": {"type": "message", "role": "assistant", "id": "m", "model": "m",
                                                  "content": [], "usage": {"input_tokens": usage[0], "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WORDS[0]}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WORDS[1]}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": usage[1]}},
            {"type": "message_stop"}]

    @staticmethod
    def anomaly():
        return {"input_tokens": 7, "output_tokens": 3, "cache_creation_input_tokens": 2,
                "cache_creation": {"ephemeral_1h_input_tokens": 9}}, (9, 3)


class Gemini(Spoken):
    kind, base = "gemini", "/v1beta"
    opening, cut = 1, 3

    @staticmethod
    def said(words):
        return {"error": {"code": 503, "status": "UNAVAILABLE", "message": words}}

    @staticmethod
    def whole(usage=(7, 3)):
        body = {"candidates": [{"content": {"role": "model", "parts": [{"text": TEXT}]},
                                "finishReason": "STOP"}]}
        return dict(body, usageMetadata={"promptTokenCount": usage[0], "candidatesTokenCount": usage[1]}) \
            if usage else body

    @staticmethod
    def events(usage=(41, 9)):
        part = [{"candidates": [{"content": {"role": "model", "parts": [{"text": t}]}}]} for t in ("",) + WORDS]
        return part + [dict(Gemini.whole(usage), candidates=[{"content": {"role": "model", "parts": [{"text": ""}]},
                                                              "finishReason": "STOP"}])]

    @staticmethod
    def anomaly():
        return {"promptTokenCount": 7, "candidatesTokenCount": 3, "cachedContentTokenCount": 9}, (7, 3)


class Vertex(Gemini):
    """With a token that stands in the settings: there is no other to fetch."""
    kind, base = "vertex-gemini", "/v1"
    credential = 'vertex_ai_credentials = "env:SPOKEN_TOKEN"; vertex_ai_project = "p"; vertex_ai_location = "us-east5";'


class Cohere(Spoken):
    kind, named = "cohere", True
    opening, cut, status = 2, 4, 502

    @staticmethod
    def said(words):
        return {"message": words}

    @classmethod
    def fault(cls, words):
        return cls.frame(dict({"type": "error"}, **cls.said(words)))

    @staticmethod
    def usage(usage):
        return {"billed_units": {"input_tokens": usage[0], "output_tokens": usage[1]},
                "tokens": {"input_tokens": usage[0] + 500, "output_tokens": usage[1] + 1}}

    @classmethod
    def whole(cls, usage=(7, 3)):
        body = {"id": "i", "finish_reason": "COMPLETE",
                "message": {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}}
        return dict(body, usage=cls.usage(usage)) if usage else body

    @classmethod
    def events(cls, usage=(41, 9)):
        def text(words):
            return {"message": {"content": {"text": words}}}
        return [{"type": "message-start", "id": "i", "delta": {"message": {"role": "assistant"}}},
                {"type": "content-start", "index": 0,
                 "delta": {"message": {"content": {"type": "text", "text": ""}}}},
                {"type": "content-delta", "index": 0, "delta": text(WORDS[0])},
                {"type": "content-delta", "index": 0, "delta": text(WORDS[1])},
                {"type": "content-end", "index": 0},
                {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": cls.usage(usage)}}]

    @classmethod
    def anomaly(cls):
        return dict(cls.usage((7, 3)), cached_tokens=9999), (7, 3)


class Responses(Spoken):
    named, base, features, status = True, "/v1", '"responses_only"', 500
    opening, cut = 2, 4

    @staticmethod
    def said(words):
        return {"error": {"message": words, "type": "server_error"}}

    @classmethod
    def fault(cls, words):
        failed = dict(cls.whole(None), status="failed", output=[], error={"code": "server_error", "message": words})
        return cls.frame({"type": "response.failed", "response": failed})

    @staticmethod
    def whole(usage=(7, 3)):
        body = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m",
                "output": [{"type": "message", "role": "assistant", "id": "i", "status": "completed",
                            "content": [{"type": "output_text", "text": TEXT, "annotations": []}]}]}
        return dict(body, usage={"input_tokens": usage[0], "output_tokens": usage[1]}) if usage else body

    @classmethod
    def events(cls, usage=(41, 9)):
        text = {"item_id": "i", "output_index": 0, "content_index": 0}
        return [{"type": "response.created", "response": dict(cls.whole(None), status="in_progress", output=[])},
                {"type": "response.output_item.added", "output_index": 0,
                 "item": {"type": "message", "role": "assistant", "id": "i", "status": "in_progress", "content": []}},
                dict(text, type="response.output_text.delta", delta=WORDS[0]),
                dict(text, type="response.output_text.delta", delta=WORDS[1]),
                {"type": "response.completed", "response": cls.whole(usage)}]

    @staticmethod
    def anomaly():
        return {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 9}}, (7, 3)


class Ollama(Spoken):
    """Its own face: a line of JSON each."""
    kind, content_type, status = "ollama", "application/x-ndjson", 502
    opening, cut = 1, 3

    @staticmethod
    def said(words):
        return {"error": words}

    @classmethod
    def frame(cls, event):
        return json.dumps(event).encode() + b"\n"

    @classmethod
    def fault(cls, words):
        return cls.frame(cls.said(words))

    @classmethod
    def torn(cls):
        return b"{oops}\n"

    @classmethod
    def ping(cls):
        return cls.frame(cls.events()[0])

    @staticmethod
    def whole(usage=(7, 3), words=TEXT):
        body = {"model": "m", "created_at": "2026-01-02T03:04:05Z", "done": True, "done_reason": "stop",
                "message": {"role": "assistant", "content": words}}
        return dict(body, prompt_eval_count=usage[0], eval_count=usage[1]) if usage else body

    @classmethod
    def events(cls, usage=(41, 9)):
        part = [dict(cls.whole(None, words), done=False) for words in ("",) + WORDS]
        for p in part:
            del p["done_reason"]
        return part + [cls.whole(usage, "")]


class Converse(Spoken):
    """Bedrock with a bearer token; frames of AWS (providers.md 6)."""
    kind, upstream = "bedrock", "amazon.their-model"
    content_type = "application/vnd.amazon.eventstream"
    credential = 'aws_bearer_token = "env:SPOKEN"; aws_region_name = "eu-west-1";'
    opening, cut = 1, 3
    not_told = ("error in a 200",)

    @staticmethod
    def said(words):
        return {"message": words}

    @staticmethod
    def packed(headers, payload):
        lines = b"".join(bytes([len(k)]) + k.encode() + b"\x07" + struct.pack(">H", len(v)) + v.encode()
                         for k, v in headers.items())
        top = struct.pack(">II", 16 + len(lines) + len(payload), len(lines))
        body = top + struct.pack(">I", zlib.crc32(top)) + lines + payload
        return body + struct.pack(">I", zlib.crc32(body))

    @classmethod
    def frame(cls, event):
        (name, payload), = event.items()
        return cls.packed({":event-type": name, ":content-type": "application/json", ":message-type": "event"},
                          json.dumps(payload).encode())

    @classmethod
    def fault(cls, words):
        return cls.packed({":exception-type": "serviceUnavailableException", ":content-type": "application/json",
                           ":message-type": "exception"}, json.dumps(cls.said(words)).encode())

    @classmethod
    def torn(cls):
        good = cls.frame(cls.events()[1])
        return good[:-1] + bytes([good[-1] ^ 1])  # its checksum is not its own

    @classmethod
    def ping(cls):
        return cls.frame({"contentBlockStop": {"contentBlockIndex": 9}})

    @staticmethod
    def usage(usage):
        return {"inputTokens": usage[0], "outputTokens": usage[1], "totalTokens": sum(usage)}

    @classmethod
    def whole(cls, usage=(7, 3)):
        body = {"output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
                "stopReason": "end_turn", "metrics": {"latencyMs": 1}}
        return dict(body, usage=cls.usage(usage)) if usage else body

    @classmethod
    def events(cls, usage=(41, 9)):
        return [{"messageStart": {"role": "assistant"}}] + [
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": w}}} for w in WORDS] + [
            {"contentBlockStop": {"contentBlockIndex": 0}}, {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"metrics": {"latencyMs": 1}, "usage": cls.usage(usage)}}]

    @classmethod
    def refusal(cls, status, words, headers=()):
        return json_reply(cls.said(words), status, (("x-amzn-errortype", "SomeException:http://x/"),) + tuple(headers))


DIALECTS = [Chat, Claude, Gemini, Vertex, Converse, Cohere, Azure, Ollama, Responses]
