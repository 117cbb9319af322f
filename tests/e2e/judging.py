"""What every judge of recorded answers asks: a client's connection, the schemas,
the grammar of a stream of chat.
"""
import collections
import functools
import http.client
import json
import os
import socket

from jsonschema import Draft202012Validator

from gateway import KEY, SHARED, wait_for


class Connection:
    """Kept alive as long as the gateway likes."""

    def __init__(self, gateway):
        self.c = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)

    def post(self, body, path="/api/chat/completions"):
        self.c.request("POST", path, body if isinstance(body, bytes) else json.dumps(body),
                       {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"})
        r = self.c.getresponse()
        self.headers = {k.lower(): v for k, v in r.getheaders()}
        return r.status, r.read()


# -- schemas: the gateway adds no fault that the provider did not have --

@functools.lru_cache(None)
def validator(name):
    """Of a schema of OpenAI, or of FOLDER/NAME."""
    with open(os.path.join(SHARED, "schemas", name if "/" in name else "openai/" + name) + ".json") as f:
        return Draft202012Validator(json.load(f))


def shape(value, key=""):
    """What a schema looks at: types, names, and the words of enums."""
    if isinstance(value, dict):
        return tuple(sorted((k, shape(v, k)) for k, v in value.items()))
    if isinstance(value, list):
        return ("[]",) + tuple(sorted({shape(v) for v in value}, key=repr))
    if isinstance(value, str) and key in ("object", "role", "type", "finish_reason", "service_tier"):
        return value
    return type(value).__name__ + ("-" if isinstance(value, int) and value < 0 else "")


FAULTS = {}


def faults(name, value):
    known = (name, shape(value))
    if known not in FAULTS:
        FAULTS[known] = frozenset(
            (".".join("#" if isinstance(x, int) else x for x in e.path), e.validator, e.message[-60:])
            for e in validator(name).iter_errors(value))
    return FAULTS[known]


def expect_valid(name, ours, theirs, title):
    allowed = frozenset().union(*(faults(name, v) for v in theirs)) if theirs else frozenset()
    for value in ours:
        more = {(p, v) for p, v, _ in faults(name, value)} - {(p, v) for p, v, _ in allowed}
        assert not more, (title, sorted(more), value)


# -- the log --

def records_of(gateway, ids):
    def all_there():
        found = {r["id"]: r for r in gateway.records() if r["id"] in ids}
        return found if len(found) == len(ids) else None
    return wait_for(all_there, 10, "%d records" % len(ids))


# -- streams --

def expect_grammar(events, case, usage_asked):
    """api.md 8.2; the chunks."""
    chunks = [json.loads(d) for _, d in events if d != "[DONE]"]
    assert all(e == "" for e, _ in events)
    roles, finished = collections.Counter(), set()
    for n, chunk in enumerate(chunks):
        if "error" in chunk:
            assert n == len(chunks) - 1, case.name
            break
        for key in ("id", "created", "model"):
            assert chunk[key] == chunks[0][key], (case.name, key, chunk)
        assert chunk["object"] == "chat.completion.chunk"
        if not usage_asked:
            assert "usage" not in chunk, case.name
        elif chunk.get("usage"):
            assert chunk["choices"] == [] and n == len(chunks) - 1, case.name
        for choice in chunk["choices"]:
            assert choice["index"] not in finished, (case.name, "a delta after the finish")
            if "role" in choice["delta"]:
                roles[choice["index"]] += 1
                assert roles[choice["index"]] == 1, (case.name, "role again")
            else:
                assert roles[choice["index"]] == 1, (case.name, "no role first")
            if choice.get("finish_reason"):
                finished.add(choice["index"])
    return chunks


def expect_calls(chunks, case):
    """providers.md 7.4, 5: indexes without gaps, names once, arguments JSON.

    Events that are passed on may repeat a name as "" (Alibaba, Z.ai at Mistral).
    """
    seen = collections.defaultdict(list)
    for chunk in chunks:
        for choice in chunk.get("choices", []):
            for piece in choice["delta"].get("tool_calls") or []:
                at = (choice["index"], piece["index"])
                assert bool(piece.get("id")) == (at not in seen), (case.name, piece)
                seen[at].append(piece)
    for choice in {c for c, _ in seen}:
        assert sorted(i for c, i in seen if c == choice) == list(range(sum(c == choice for c, _ in seen)))
    for at, call in seen.items():
        assert not any(p.get("function", {}).get("name") for p in call[1:]), case.name
        if "fin:length" not in case.meta.get("tags", ()):
            json.loads("".join(p["function"]["arguments"] for p in call))


def exchange(gateway, body, path="/v1/chat/completions"):
    """All bytes of one answer, until the gateway closes or it has ended."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", gateway.port), 20) as s:
        s.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + KEY.encode() +
                  b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        return gateway.read_all(s)


def dechunk(raw):
    """The body, and whether it ended in good order."""
    _, _, rest = raw.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            return body, rest == b"\r\n"
        assert len(rest) >= n + 2
        body, rest = body + rest[:n], rest[n + 2:]
    return body, False
