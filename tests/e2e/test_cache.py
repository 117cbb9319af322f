"""The answer cache: the vectors of its specification, twins, deaths."""
import contextlib
import hashlib
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from gateway import KEY, TEST_KEY, wait_for
from provider import (LAST_CHUNK, chunk, chunked, completion, json_reply, sse_body,
                      sse_head, sse_reply, stream_events)
from wire import Wire, at_once, chat_body, request

OTHER = ', { name = "other"; provider = "openai"; context = 128000; max_output = 1000; price = { input = "1"; output = "2"; }; }'
ON = {"cache_enabled": True}
HIT = ("hit", "collapsed")  # collapsed: the answer was about to be stored
SETTINGS = {"models": OTHER}


@pytest.fixture
def cache(running, request):
    """ask(**members): the same prompt within a test, another in each test."""
    p, count = running.provider, []

    def answer(r):
        count.append(r)
        if r.json.get("stream"):
            return sse_reply(stream_events(["number ", str(len(count))]))
        return json_reply(completion("number %d" % len(count), id="id-%d" % len(count)))

    p.answer = answer

    class Cache:
        gateway = running
        asked = count

        @staticmethod
        def ask(key=KEY, headers=None, model="test-model", **members):
            return running.chat(request.node.name, model=model, key=key, headers=headers, **dict(ON, **members))

        def states(self, *each):
            return [self.ask(**members).headers.get("x-respan-cache") for members in each]

    return Cache()


def test_miss_then_hit(cache):
    a, b = cache.ask(), cache.ask()
    assert a.headers["x-respan-cache"] == "miss" and b.headers["x-respan-cache"] in HIT
    assert a.body == b.body and len(cache.asked) == 1
    assert b.headers["x-holdfast-attempts"] == "0" and b.headers["x-holdfast-cost"] == "0.0"
    assert b.headers["x-holdfast-model"] == "test-model" and b.headers["x-holdfast-provider"] == "openai"
    assert int(b.headers["age"]) <= 5
    record = cache.gateway.record(b.headers["x-respan-log-id"])
    assert (record["model"], record["cached_model"], record["provider_id"]) == ("respan/cache", "test-model", "respan")
    assert (record["cost"], record["saved_cost"], record["cache_bit"]) == (0.0, 0.00002, 1)
    assert record["prompt_tokens"] == 10 and len(record["cache_key"]) == 64


def test_off_without_being_asked(cache):
    assert cache.states({"cache_enabled": False}, {"cache_enabled": False}) == [None, None]
    assert len(cache.asked) == 2


def test_stream_then_plain(cache):
    a = cache.ask(stream=True)
    cache.gateway.logged()
    b = cache.ask()
    assert a.headers["x-respan-cache"] == "miss" and b.headers["x-respan-cache"] in HIT
    assert b.json["object"] == "chat.completion"
    assert b.json["id"] == json.loads(a.events()[0])["id"]
    assert b.json["choices"][0]["message"]["content"] == "number 1"
    assert b.json["usage"]["total_tokens"] == 15 and len(cache.asked) == 1


def test_plain_then_stream(cache):
    a = cache.ask()
    cache.gateway.logged()
    b = cache.ask(stream=True, stream_options={"include_usage": True})
    assert b.headers["x-respan-cache"] in HIT and b.headers["content-type"].startswith("text/event-stream")
    events = b.events()
    assert events[-1] == "[DONE]"
    chunks = [json.loads(e) for e in events[:-1]]
    assert {c["id"] for c in chunks} == {a.json["id"]}
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks[1]["choices"][0]["delta"]["content"] == "number 1"
    assert chunks[2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[3]["choices"] == [] and chunks[3]["usage"] == a.json["usage"]
    assert len(chunks) == 4 and len(cache.asked) == 1


BY_MODEL = {"cache_options": {"is_cached_by_model": True}}
BY_CUSTOMER = {"cache_options": {"cache_by_customer": True}}


@pytest.mark.parametrize("first, second, upstream", [
    ({"model": "test-model"}, {"model": "other"}, 1),
    (dict(BY_MODEL, model="test-model"), dict(BY_MODEL, model="other"), 2),
    ({"customer_identifier": "u"}, {"customer_identifier": "v"}, 1),
    (dict(BY_CUSTOMER, customer_identifier="u"), dict(BY_CUSTOMER, customer_identifier="v"), 2),
    (dict(BY_CUSTOMER, customer_identifier="u"), dict(BY_CUSTOMER, customer_identifier="u"), 1),
    ({"cache_options": True, "customer_identifier": "u"}, {"cache_options": True, "customer_identifier": "v"}, 2),
    ({"cache_options": True, "customer_identifier": "u"}, dict(BY_CUSTOMER, customer_identifier="u"), 1),
    ({"temperature": 0}, {"temperature": 0.1}, 2),
    ({"temperature": 1}, {"temperature": 1.0}, 1),
    ({"max_tokens": 5}, {"max_completion_tokens": 5}, 1),
    ({"user": "x"}, {"user": "y"}, 1),
    ({"metadata": {"a": "b"}, "note": "n"}, {}, 1),
    ({"key": KEY}, {"key": TEST_KEY}, 2),
    ({"x": 1}, {"x": 2}, 2),
    ({"x": None}, {}, 1),
], ids=lambda v: None if isinstance(v, int) else json.dumps(v)[:40])
def test_two_requests(cache, first, second, upstream):
    states = cache.states(first, second)
    assert states[0] == "miss"
    assert states[1] in (HIT if upstream == 1 else ("miss",))
    assert len(cache.asked) == upstream


def test_by_customer_without_one_takes_no_part(cache):
    assert cache.states(BY_CUSTOMER, BY_CUSTOMER) == ["bypass", "bypass"]


def test_key_vectors(cache):
    """The golden keys of the specification."""
    body = {"model": "test-model", "temperature": 1.0, "cache_enabled": True,
            "messages": [{"role": "user", "content": "Hello"}]}
    r = cache.gateway.post("/api/chat/completions", json.dumps(body))
    assert cache.gateway.record(r.headers["x-respan-log-id"])["cache_key"] == \
        "fc0f8d0bee09d9c013dc5887d4b66ae3fa1c8e645816d1f99e60eb2bf94d20be"
    r = cache.gateway.post("/api/chat/completions", dict(body, customer_identifier="user_123", **BY_CUSTOMER))
    assert cache.gateway.record(r.headers["x-respan-log-id"])["cache_key"] == \
        "452c24b56e2494734976196f6f41dc6ec85ba2318a734544828d372cc5628677"


def in_segment(gateway, text):
    """Whether it stands in the shared memory, lanes included."""
    with open(os.path.join(gateway.dir, "run", "segment"), "rb") as f:
        at, end = 0, os.fstat(f.fileno()).st_size
        while at < end:
            with contextlib.suppress(OSError):  # the rest is a hole
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
                hole = os.lseek(f.fileno(), at, os.SEEK_HOLE)
                if text.encode() in os.pread(f.fileno(), hole - at, at):
                    return True
                at = hole
                continue
            break
    return False


@pytest.mark.parametrize("secret, members", [
    (False, {}),
    (True, {"disable_log": True}),
    (True, {"tools": [{"type": "function", "function": {
        "name": "f", "parameters": {"type": "object", "default": {"api_key": "MARK"}}}}]}),
    (True, {"x": {"Authorization": "MARK"}}),
], ids=["plain", "disable_log", "key of a tool", "header"])
def test_no_secret_of_a_key_in_a_lane(gateway, provider, secret, members):
    """What no log may hold is hashed where it came to."""
    provider.answer = lambda r: json_reply(completion("an answer"))
    content = "an innocent one" if "MARK" in json.dumps(members) else "MARK"
    r = gateway.chat(content, **ON, **members)
    assert r.status == 200 and r.headers["x-respan-cache"] == "miss"
    assert len(gateway.record(r.headers["x-respan-log-id"])["cache_key"]) == 64
    assert in_segment(gateway, "MARK") is not secret


def key_of(content):
    """Of chat_body(content) in prod, by the words of the specification."""
    body = json.dumps({"messages": [{"content": content, "role": "user"}]}, separators=(",", ":"))
    parts = ["hfc1", "default", "prod", "chat", body]
    return hashlib.sha256(b"".join(bytes([i + 1]) + len(p).to_bytes(8, "big") + p.encode()
                                   for i, p in enumerate(parts))).hexdigest()


class Turn:
    """What is sent within a with, on connections that are known, comes to the
    worker at once."""

    def __init__(self, gateway, n):
        self.worker = gateway.children("worker")[0]
        self.wires = [Wire(gateway) for _ in range(n)]
        for w in self.wires:
            assert w.ask(chat_body(model="demo/echo")).status == 200

    def __enter__(self):
        os.kill(self.worker, signal.SIGSTOP)
        return self.wires

    def __exit__(self, *error):
        os.kill(self.worker, signal.SIGCONT)


def hits_of_one_turn(gateway, contents):
    wait_for(lambda: gateway.figure("holdfast_cache_entries") >= len(contents), 5, "the entries")
    turn = Turn(gateway, len(contents))
    with turn as wires:
        for w, c in zip(wires, contents):
            w.send(request(chat_body(c, **ON)))
    for w, c in zip(turn.wires, contents):
        r = w.reply()
        assert (r.status, r.headers["x-respan-cache"]) == (200, "hit")
        assert gateway.record(r.headers["x-respan-log-id"])["cache_key"] == key_of(c)
        w.close()


def test_keys_of_one_turn(make_gateway, provider):
    """Requests that come together have the keys that each has alone."""
    g = make_gateway(workers=1, start=False)
    g.text = g.text.replace("logs = {", 'logs = { ring = "64M";')
    g.start()
    provider.answer = lambda r: json_reply(completion("an answer"))
    large = ["y" * 1900000, "z" * 900000]  # do not fit into the kernel's buffers
    contents = large + ["%d:" % i + "x" * (i * i * 20) for i in range(40)]
    turn = Turn(g, len(contents))
    with turn as wires:
        sending = [threading.Thread(target=w.send, args=(request(chat_body(c, **ON)),))
                   for w, c in zip(wires, large)]
        for t in sending:
            t.start()
        for w, c in list(zip(wires, contents))[len(large):]:
            w.send(request(chat_body(c, **ON)))
    for w, c in zip(turn.wires, contents):
        r = w.reply()
        assert (r.status, r.headers["x-respan-cache"]) == (200, "miss")
        assert g.record(r.headers["x-respan-log-id"])["cache_key"] == key_of(c)
        w.close()
    for t in sending:
        t.join()
    assert len(provider.requests) == len(contents)
    hits_of_one_turn(g, contents[len(large):])
    assert len(provider.requests) == len(contents)


def test_some_of_one_turn_leave(make_gateway, provider):
    """Some clients are gone by the end of the turn: the others get their answers."""
    g = make_gateway(workers=1)
    provider.answer = lambda r: json_reply(completion("an answer"))
    contents = ["number %d" % (i % 30) for i in range(60)]
    turn = Turn(g, len(contents))
    with turn as wires:
        for i, (w, c) in enumerate(zip(wires, contents)):
            w.send(request(chat_body(c, **ON)))
            if i % 3 == 0:
                w.reset()
    states = set()
    for i, (w, c) in enumerate(zip(turn.wires, contents)):
        if i % 3 != 0:
            r = w.reply()
            states.add(r.headers["x-respan-cache"])
            assert r.status == 200 and g.record(r.headers["x-respan-log-id"])["cache_key"] == key_of(c)
            w.close()
    assert "miss" in states and states <= {"miss", *HIT}
    wait_for(lambda: g.ctl_json("status")["requests_in_flight"] == 0, 5, "all to end")


def test_cache_control(cache):
    assert cache.ask(headers={"Cache-Control": "no-store"}).headers["x-respan-cache"] == "bypass"
    assert cache.ask().headers["x-respan-cache"] == "miss"
    cache.gateway.logged()
    fresh = cache.ask(headers={"Cache-Control": "no-cache"})
    assert fresh.headers["x-respan-cache"] == "bypass" and len(cache.asked) == 3
    cache.gateway.logged()
    assert cache.ask().body == fresh.body


NOT_STORED = [
    ("500", lambda n: json_reply({"error": {"message": "x"}}, 500)),
    ("error in a 200", lambda n: json_reply({"error": {"message": "x"}})),
    ("content filter", lambda n: json_reply(completion("x", choices=[
        {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "content_filter"}]))),
    ("refusal", lambda n: json_reply(completion("x", choices=[
        {"index": 0, "message": {"role": "assistant", "content": None, "refusal": "no"}, "finish_reason": "stop"}]))),
    ("no JSON", lambda n: json_reply(b"{")),
]


@pytest.mark.parametrize("title, answer", NOT_STORED, ids=[n[0] for n in NOT_STORED])
def test_what_is_not_stored(cache, title, answer):
    seen = []
    cache.gateway.provider.answer = lambda r: (seen.append(1), answer(len(seen)))[1]
    for _ in range(3):
        r = cache.ask()
        assert r.status != 200 or r.headers["x-respan-cache"] == "miss"
    assert len(seen) == 3


def test_a_cut_stream_is_not_stored(cache):
    whole, seen = sse_body(stream_events(["a", "b", "c"])), []

    def answer(r):
        seen.append(1)
        return [sse_head() + chunked(whole[:-60]), ("fin",)]

    cache.gateway.provider.answer = answer
    for _ in range(2):
        with Wire(cache.gateway) as w:
            w.ask(chat_body("cut stream", stream=True, **ON))
            assert not w.complete
    assert len(seen) == 2


@pytest.mark.parametrize("members", [
    {"store": True}, {"modalities": ["text", "audio"], "audio": {"voice": "x", "format": "wav"}},
])
def test_requests_that_take_no_part(cache, members):
    before = len(cache.asked)
    first, second = cache.ask(**members), cache.ask(**members)
    assert first.status == 200 and second.headers.get("x-respan-cache") not in HIT
    assert len(cache.asked) == before + 2


def test_answers_with_tools_and_choices(cache):
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]
    body = completion("x", choices=[
        {"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": "tool_calls"},
        {"index": 1, "message": {"role": "assistant", "content": "two"}, "finish_reason": "stop"}])
    cache.gateway.provider.answer = lambda r: (cache.asked.append(r), json_reply(body))[1]
    tools = [{"type": "function", "function": {"name": "f"}}]
    a, b = cache.ask(tools=tools, n=2), cache.ask(tools=tools, n=2)
    cache.gateway.logged()
    assert b.headers["x-respan-cache"] in HIT and b.body == a.body
    chunks = [json.loads(e) for e in cache.ask(tools=tools, n=2, stream=True).events()[:-1]]
    deltas = [c["choices"][0] for c in chunks if c["choices"]]
    got = [d["delta"]["tool_calls"] for d in deltas if "tool_calls" in d["delta"]]
    assert got == [[dict(calls[0], index=0)]]
    assert [d["index"] for d in deltas if d["finish_reason"]] == [0, 1]
    assert len(cache.asked) == 1


def test_request_breakdown_of_a_hit(cache):
    a, b = cache.ask(request_breakdown=True), cache.ask(request_breakdown=True)
    assert (a.json["request_breakdown"]["cached"], a.json["request_breakdown"]["cost"]) == (False, 0.00002)
    assert (b.json["request_breakdown"]["cached"], b.json["request_breakdown"]["cost"]) == (True, 0.0)
    assert b.json["request_breakdown"]["model"] == "test-model" and len(cache.asked) == 1


def test_hit_on_a_spent_budget(cache):
    assert cache.ask().status == 200
    wait_for(lambda: cache.ask().headers["x-respan-cache"] == "hit", 5, "the entry")
    spent = {"customer_identifier": "poor", "period_budget": 0}
    assert cache.gateway.chat("another text", customer_params=spent).status == 429
    r = cache.ask(customer_identifier="poor")
    assert (r.status, r.headers["x-respan-cache"], r.headers["x-holdfast-cost"]) == (200, "hit", "0.0")
    cache.gateway.at_rest()
    assert cache.gateway.account("poor")["settled"] == 0


def test_time_to_live(cache):
    """A reader's own time is as good as the writer's."""
    first = cache.ask(cache_ttl=3600)
    wait_for(lambda: cache.ask(cache_ttl=1).body != first.body, 6, "the reader's time to pass")
    assert len(cache.asked) == 2
    cache.gateway.logged()
    assert cache.ask().body != first.body  # the newer answer took its place


def test_omitted_log(cache):
    cache.ask()
    wait_for(lambda: cache.ask().headers["x-respan-cache"] == "hit", 5, "the entry")
    r = cache.ask(cache_options={"omit_log": True})
    assert r.headers["x-respan-cache"] == "hit" and "x-respan-log-id" not in r.headers


def test_custom_framing_of_a_hit(cache):
    cache.ask()
    cache.gateway.logged()
    r = cache.ask(stream=True, field_name="", delimiter="\n")
    assert r.headers["x-respan-cache"] in HIT
    lines = r.body.decode().split("\n")
    assert lines[-2:] == ["[DONE]", ""] and all(json.loads(x) for x in lines[:-2])


def test_entries_survive_a_clean_restart_but_not_a_crash(make_gateway, provider):
    g = make_gateway()
    ask = lambda: g.chat("kept", cache_enabled=True).headers["x-respan-cache"]  # noqa: E731
    assert ask() == "miss"
    wait_for(lambda: ask() == "hit", 5, "the entry")
    assert g.stop(signal.SIGQUIT) == 0
    g.start()
    assert ask() == "hit" and len(provider.requests) == 1


# ---- twins --------------------------------------------------------------------

def together(gateway, n, release, upstream, **members):
    """n identical requests at once, released when the leader is upstream."""
    got = []

    def ask(i):
        return gateway.chat("twin", **dict(ON, **members))

    t = threading.Thread(target=lambda: got.extend(at_once(n, ask)))
    t.start()
    try:
        wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == n, 10, "all twins")
        assert len(upstream) == 1
        release()
    finally:
        t.join(30)
    return got


def slow(go, seen):
    def answer(r):
        seen.append(r)
        return [("event", go)] + json_reply(completion("the one", id="one"))
    return answer


def test_twins_ask_once(gateway, provider):
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    got = together(gateway, 60, go.set, seen)
    assert {r.status for r in got} == {200} and len({r.body for r in got}) == 1
    assert len(seen) == 1
    states = sorted(r.headers["x-respan-cache"] for r in got)
    assert states == ["collapsed"] * 59 + ["miss"]
    wait_for(lambda: len(gateway.records()) == 60, 5, "all records")
    assert sorted(r["cost"] for r in gateway.records()) == [0.0] * 59 + [0.00002]
    gateway.workers_served()


def test_leader_killed(gateway, provider):
    """One of the others asks in its place, the rest wait on."""
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    pids = {s["seat"]: s["pid"] for s in gateway.ctl_json("debug", "dump")["seats"] if s["state"] == "owned"}
    results = []

    def ask(i):
        try:
            return gateway.chat("twin", **ON)
        except OSError:
            return None

    t = threading.Thread(target=lambda: results.extend(at_once(40, ask)))
    t.start()
    wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 40, 10, "all twins")
    assert len(seen) == 1
    leader = [s["seat"] for s in gateway.ctl_json("debug", "dump")["seats"] if s["slots"]["sent"] or s["slots"]["held"]]
    if not leader:
        # Without accounts the slot stays OPEN: the leader is who has the provider's connection.
        leader = [seat for seat, pid in pids.items() if connected(pid, provider.port)]
    assert len(leader) == 1
    os.kill(pids[leader[0]], signal.SIGKILL)
    wait_for(lambda: len(seen) == 2, 5, "another leader")
    go.set()
    t.join(30)
    alive = [r for r in results if r is not None]
    assert 5 <= len(alive) < 40
    assert {r.status for r in alive} == {200} and len({r.body for r in alive}) == 1
    assert len(seen) == 2


def connected(pid, port):
    """Has the process a connection to this port of loopback?"""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            inodes.add(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
        except OSError:
            pass
    with open("/proc/%d/net/tcp" % pid) as f:
        rows = [line.split() for line in f][1:]
    return any(r[2] == "0100007F:%04X" % port and "socket:[%s]" % r[9] in inodes for r in rows)


def test_leader_fails(gateway, provider):
    """Exactly one follower tries next; each gets an answer of its own status."""
    go, seen = threading.Event(), []

    def answer(r):
        seen.append(r)
        if len(seen) == 1:
            return [("event", go)] + json_reply({"error": {"message": "x"}}, 500)
        return json_reply(completion("the other"))

    provider.answer = answer
    got = together(gateway, 20, go.set, seen)
    assert sorted(r.status for r in got) == [200] * 19 + [500]
    assert len(seen) == 2


def test_leaders_client_leaves(gateway, provider):
    """It is not cut while it has followers; its own record says 499."""
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    leader = Wire(gateway)
    leader.send(request(chat_body("twin", **ON)))
    wait_for(lambda: seen, 5, "the leader")
    follower = Wire(gateway)
    follower.send(request(chat_body("twin", **ON)))
    wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 2, 5, "the follower")
    leader.close()
    wait_for(lambda: gateway.ctl_json("status")["connections"] <= 1, 5, "the leader's client to go")
    assert provider.gone_at == []
    go.set()
    r = follower.reply()
    follower.close()
    assert r.status == 200 and r.headers["x-respan-cache"] == "collapsed" and len(seen) == 1
    wait_for(lambda: len(gateway.records()) == 2, 5, "both records")
    assert sorted((x["status_code"], x["cost"]) for x in gateway.records()) == [(200, 0.0), (499, 0.00002)]


def test_followers_leave(gateway, provider):
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    wires = [Wire(gateway) for _ in range(10)]
    for i, w in enumerate(wires):
        w.send(request(chat_body("twin", **ON)))
        if i == 0:
            wait_for(lambda: seen, 5, "the leader")
    wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 10, 5, "all twins")
    for w in wires[1:]:
        w.reset()
    wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 1, 5, "followers to end")
    go.set()
    assert wires[0].reply().status == 200 and len(seen) == 1
    wires[0].close()


def test_twins_wait_only_so_long(make_gateway, provider):
    g = make_gateway(extra="")
    g.stop()
    g.text = g.text.replace("cache = {", 'cache = { collapse_wait = "200ms";')
    g.start()
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    wires = [Wire(g) for _ in range(2)]
    for i, w in enumerate(wires):
        w.send(request(chat_body("twin", **ON)))
        wait_for(lambda: len(seen) == i + 1, 5, "each to go upstream")
    go.set()
    assert [w.reply().headers["x-respan-cache"] for w in wires] == ["miss", "miss"]
    for w in wires:
        w.close()


def test_twins_without_a_logger(gateway, provider):
    """Nothing can be stored: all are answered all the same."""
    go, seen = threading.Event(), []
    provider.answer = slow(go, seen)
    logger = gateway.child("logger")
    os.kill(logger, signal.SIGSTOP)
    try:
        results = []
        t = threading.Thread(target=lambda: results.extend(at_once(10, lambda i: gateway.chat("twin", **ON).status)))
        t.start()
        wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 10, 10, "all twins")
        go.set()
        os.kill(logger, signal.SIGKILL)
        t.join(30)
    finally:
        os.kill(logger, signal.SIGCONT) if not results else None
    assert results == [200] * 10


def test_streams_are_collapsed_when_settings_say_so(make_gateway, provider):
    g = make_gateway(start=False)
    g.text = g.text.replace("cache = {", "cache = { collapse_streams = true;")
    g.start()
    go, seen = threading.Event(), []

    def answer(r):
        seen.append(r)
        return [("event", go)] + sse_reply(stream_events(["the ", "one"]))

    provider.answer = answer
    got = together(g, 12, go.set, seen, stream=True)
    assert len(seen) == 1 and {r.status for r in got} == {200}
    texts = {"".join(json.loads(e)["choices"][0]["delta"].get("content", "") for e in r.events()[:-1]) for r in got}
    assert texts == {"the one"}


def test_a_logger_that_is_behind_loses_no_record(make_gateway, provider):
    """Rather than a record is lost, an answer goes uncached."""
    provider.answer = lambda r: json_reply(completion("x"))
    g = make_gateway(start=False, workers=1)
    g.text = g.text.replace("logs = {", 'logs = { ring = "64K";')
    g.start()
    assert g.chat("first", **ON).headers["x-respan-cache"] == "miss"
    wait_for(lambda: g.chat("first", **ON).headers["x-respan-cache"] == "hit", 5, "a hit")
    logger, n = g.child("logger"), 0
    os.kill(logger, signal.SIGSTOP)
    try:
        while g.figure("holdfast_cache_spared_total") == 0:
            n += 1
            spared = g.chat("number %d" % n, **ON)
            assert spared.status == 200 and n < 100
        asked = len(provider.requests)
        # Nobody waits for an answer that will not be stored.
        assert g.chat("number %d" % n, **ON).status == 200
        assert len(provider.requests) == asked + 1
    finally:
        os.kill(logger, signal.SIGCONT)
    assert g.record(spared.headers["x-respan-log-id"])["cache_key"] == key_of("number %d" % n)
    wait_for(lambda: g.chat("number %d" % n, **ON).headers["x-respan-cache"] == "hit", 5, "a hit again")
    assert g.figure("holdfast_ring_dropped_total") == 0


def test_keys_when_the_logger_falls_behind(make_gateway, provider):
    """It was to make the keys of answers, and is busy when they have come."""
    n, go = 6, threading.Event()

    def answer(r):
        go.wait(20)
        return json_reply(completion("x" * 7000))

    provider.answer = answer
    g = make_gateway(start=False, workers=1)
    g.text = g.text.replace("logs = {", 'logs = { ring = "64K";')
    g.start()
    logger = g.child("logger")
    os.kill(logger, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(at_once, n, lambda i: g.chat("number %d" % i, **ON))
            try:
                wait_for(lambda: len(provider.requests) == n, 10, "all of them")
            finally:
                go.set()
            got = asked.result(30)
    finally:
        os.kill(logger, signal.SIGCONT)
    assert {(r.status, r.headers["x-respan-cache"]) for r in got} == {(200, "miss")}
    assert 0 < g.figure("holdfast_cache_spared_total") < n
    for i, r in enumerate(got):
        assert g.record(r.headers["x-respan-log-id"])["cache_key"] == key_of("number %d" % i)
