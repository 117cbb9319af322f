"""Recorded exchanges of chat providers, and a reader of them that shares
nothing with the gateway's own: what a client of that provider would have read.
"""
import collections
import functools
import glob
import json
import os
import re
from fractions import Fraction

from gateway import SHARED

ROOT = os.path.join(SHARED, "recordings")

# group of recordings -> provider of the gateway.  Groups that the gateway
# does not know by name are providers of that name with the usual cells.
PROVIDERS = {
    "openai-chat": "openai",
    "azure-openai-chat": "azure_openai",
    "together": "togetherai",
    "gemini-openai-compat": "gemini_openai",
    "ollama-openai-compat": "ollama",
    "vercel-gateway": "vercel_gateway",
    "alibaba": "dashscope",
}
# Replies without their request, of OpenAI chat.
REPLIES_ONLY = ("alibaba", "deepseek", "groq", "mistral", "moonshot", "openai-chat", "openai-compatible",
                "perplexity", "xai")
SETTINGS = {"gpustack": 'end = "optional";'}  # ends without [DONE] in the recording
USAGE_AS_IS = ("openai-chat", "azure-openai-chat")

# USD per million tokens: figures that no rounding leaves alone.
PRICE = {"input": "0.123457", "output": "1.000003", "cached_input": "0.033333", "cache_write": "0.200001"}


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.group, self.title = folder.split("/")[-2:]
        self.top = folder.split("/")[-3] if folder.split("/")[-3].startswith("_") else ""
        # For the table of verdicts: the group as the folder has it.
        self.shelf = os.path.join(self.top, self.group)
        self.name = self.shelf + "/" + self.title
        with open(os.path.join(folder, "meta.json")) as f:
            self.meta = json.load(f)
        self.status = self.meta["status"]
        self.provider = PROVIDERS.get(self.group, self.group)

    @property
    def slug(self):
        return "case/" + self.name

    @property
    def streamed(self):
        return self.meta["response_file"].endswith(".sse")

    @functools.cached_property
    def body(self):
        with open(os.path.join(self.folder, self.meta["response_file"]), "rb") as f:
            return f.read()

    @functools.cached_property
    def request(self):
        with open(os.path.join(self.folder, "request.json")) as f:
            return json.load(f)


@functools.lru_cache(None)
def chat_cases():
    """Every recorded exchange of the OpenAI chat dialect, by name."""
    found = []
    for folder in sorted(glob.glob(ROOT + "/*/*/") + glob.glob(ROOT + "/_responses_only/*/*/")):
        if os.path.exists(folder + "meta.json"):
            case = Case(folder.rstrip("/"))
            if case.meta.get("dialect", "chat" if case.group in REPLIES_ONLY else None) == "chat":
                found.append(case)
    return {c.name: c for c in found}


def settings():
    """(providers, models, environment): each case has its own credential."""
    environment, models, credentials = {}, [], collections.defaultdict(list)
    for n, case in enumerate(chat_cases().values()):
        environment["CASE_%d" % n] = "case:" + case.name
        credentials[case.group].append(
            '{ name = "c%d"; api_key = "env:CASE_%d"; available_models = [ "%s" ]; }' % (n, n, case.slug))
        models.append('{ name = "%s"; provider = "%s"; upstream = %s; price = { %s }; }' % (
            case.slug, case.provider, json.dumps(case.meta.get("model") or "unknown"),
            " ".join('%s = "%s";' % x for x in PRICE.items())))
    providers = [(PROVIDERS.get(g, g), SETTINGS.get(g, ""), ",\n".join(c)) for g, c in credentials.items()]
    return providers, models, environment


# -- what an exchange says --

def sse(text):
    """[(event, data)] of a text, by the words of the HTML standard."""
    out, event, data = [], "", []
    for line in re.split(r"\r\n|\n|\r", text) if "\r" in text else text.split("\n"):
        if line == "":
            if data:
                out.append((event, "\n".join(data)))
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
    return out


def cut_sse(body):
    """The events that are whole in a stream that ends after these bytes."""
    text = body.decode("utf-8", "replace")
    if text.endswith("\r"):
        text = text[:-1]  # the LF may be missing
    end = max(text.rfind("\n\n"), text.rfind("\r\n\r\n"))
    return sse(text[:end] + "\n\n" if end >= 0 else "")


class Choice:
    def __init__(self):
        self.text, self.finish, self.role = collections.defaultdict(str), None, None
        self.calls, self.others, self.last_call = {}, [], None

    def call(self, piece):
        """A piece without an index that names no new call goes on with the last."""
        at = piece.get("index")
        if at is None:
            at = len(self.calls) if piece.get("id") or self.last_call is None else self.last_call
        call = self.calls.setdefault(at, {"id": None, "name": None, "arguments": ""})
        self.last_call = at
        function = piece.get("function") or {}
        call["id"] = call["id"] or piece.get("id")
        call["name"] = call["name"] or function.get("name")
        arguments = function.get("arguments")
        call["arguments"] += arguments if isinstance(arguments, str) else (
            "" if arguments is None else json.dumps(arguments))

    def delta(self, delta):
        self.role = self.role or delta.get("role")
        for key, value in delta.items():
            if key == "tool_calls":
                for piece in value or []:
                    self.call(piece)
            elif key in ("content", "reasoning_content", "reasoning", "refusal") and isinstance(value, (str, type(None))):
                self.text[key] += value or ""
            elif key != "role":
                self.others.append((key, value))

    def said(self):
        calls = [dict(c, arguments=c["arguments"] if c["arguments"] not in ("", "null") else "{}")
                 for _, c in sorted(self.calls.items())]
        return {"text": {k: v for k, v in self.text.items() if v}, "finish": self.finish,
                "calls": calls, "others": self.others}


# -- what OpenAI's clients would not understand: providers.md 5.2, 5.3 --

def mended_message(message):
    """The message, or a delta, in the words that a client expects."""
    message = dict(message)
    if isinstance(message.get("content"), list):
        thoughts, texts = [], []
        for part in message["content"]:
            thoughts += [t["text"] for t in part.get("thinking") or []]
            texts += [part["text"]] if "text" in part else []
        message["content"] = "".join(texts)
        if thoughts:
            message["reasoning_content"] = "".join(thoughts)
            if not texts:
                del message["content"]
    return message


def mended_reply(reply):
    """A whole reply: finish reasons are OpenAI's too."""
    words = {"eos": "stop", "model_length": "length"}
    choices = []
    for choice in reply["choices"]:
        word = choice.get("finish_reason")
        if "message" in choice:
            word = words.get(word, word) or ("tool_calls" if choice["message"].get("tool_calls") else "stop")
            choice = {**choice, "message": mended_message(choice["message"]), "finish_reason": word}
        choices.append(choice)
    return {**reply, "choices": choices}


class Reading:
    """What a client learns from the events of a stream."""

    def __init__(self, events):
        self.choices, self.usage, self.error, self.done = {}, None, None, 0
        self.first = {}
        self.logprobs = collections.defaultdict(list)
        for event, data in events:
            if data == "[DONE]":
                self.done += 1
            else:
                self.chunk(event, json.loads(data))

    def chunk(self, event, chunk):
        if chunk.get("error") or event == "error":
            self.error = chunk.get("error") or chunk
            return
        for key in ("id", "created", "model"):
            if chunk.get(key):
                self.first.setdefault(key, chunk[key])
        for choice in chunk.get("choices") or []:
            into = self.choices.setdefault(choice.get("index", 0), Choice())
            if into.finish is None:  # later words of a finished choice count for nothing
                into.delta(mended_message(choice.get("delta") or {}))
                if choice.get("logprobs"):
                    self.logprobs[choice.get("index", 0)].append(choice["logprobs"])
                into.finish = choice.get("finish_reason")
        self.usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or self.usage

    def said(self):
        return {i: c.said() for i, c in sorted(self.choices.items())}

    def complete(self, end_optional):
        return (not self.error and bool(self.choices) and all(c.finish for c in self.choices.values())
                and (self.done > 0 or end_optional))


# -- usage: spec tables of the providers, nothing of the gateway --

def normal_usage(group, usage):
    """prompt, completion, total, cached, write, reasoning; None: no usage."""
    if not usage or usage.get("prompt_tokens") is None:
        return None
    inside = usage.get("prompt_tokens_details") or {}
    outside = usage.get("completion_tokens_details") or {}
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    total = usage.get("total_tokens") or 0
    cached = inside.get("cached_tokens") or 0
    write = inside.get("cache_write_tokens") or inside.get("cache_creation_tokens") or 0
    reasoning = outside.get("reasoning_tokens")
    if reasoning is None:
        reasoning = usage.get("reasoning_tokens") or 0
    if group == "deepseek":
        cached = usage.get("prompt_cache_hit_tokens", cached)
    cached = cached or usage.get("num_cached_tokens") or usage.get("cached_tokens") or \
        usage.get("cache_read_input_tokens") or 0
    write = write or usage.get("cache_creation_input_tokens") or 0
    cached = min(cached, prompt)
    write = min(write, prompt - cached)
    if reasoning > completion:  # it cannot be a part of it
        completion += reasoning
    elif group == "xai":
        assert total == prompt + completion + reasoning
        completion += reasoning
    elif total > prompt + completion:
        more = total - prompt - completion
        if group == "mistral":
            prompt += more
        else:
            completion += more
            if group == "gemini-openai-compat":
                reasoning = more
    return {"prompt": prompt, "completion": completion, "total": prompt + completion, "cached": cached,
            "write": write, "reasoning": reasoning}


def cost_nano(usage):
    """The charge by the table PRICE, rounded up once."""
    pico = {k: Fraction(v) * 10**6 for k, v in PRICE.items()}
    plain = usage["prompt"] - usage["cached"] - usage["write"]
    sum_pico = (plain * pico["input"] + usage["cached"] * pico["cached_input"] +
                usage["write"] * pico["cache_write"] + usage["completion"] * pico["output"])
    return -(-sum_pico // 1000)
