"""GET /metrics: what the page counts is what the records say, field by field."""
import collections
import os
import re
import signal
import threading
import time

import pytest
from gateway import KEY, TREE, Gateway, nano, wait_for
from provider import (LAST_CHUNK, Provider, chunk, chunked, completion, json_reply, sse_body,
                      sse_head, sse_reply, stream_events)
from wire import Wire, at_once, chat_body, request

ON = {"cache_enabled": True}
MODELS = ("test-model", "unpriced", "demo/echo")  # of the run
SETTINGS = {
    "models": ', { name = "unpriced"; provider = "openai"; context = 1000; max_output = 100; }',
    "extra": """
budgets = { hold_wait = "50ms"; };
customers = { list = (
  { customer_identifier = "minute"; limits = { rpm = 1; }; },
  { customer_identifier = "tokens"; limits = { tpm = 1000; }; },
  { customer_identifier = "one"; limits = { concurrency = 1; }; } ); };
"""}

# Metrics of the table that the run does not bring about.
UNSEEN = {"holdfast_log_dropped_total": "test_dropped_records_are_counted",
          "holdfast_export_failures_total": "test_tried_again_after_an_error of test_alerts.py"}

REASONS = {
    "missing_api_key": "auth", "key_malformed": "auth", "key_unknown": "auth", "key_wrong_secret": "auth",
    "concurrency_limit_exceeded": "concurrency", "budget_exceeded": "budget",
    "budget_held": "budget_held", "budget_unavailable": "budget_unavailable",
    "price_unknown": "price_unknown", "overloaded": "overload"}


class Page:
    """One look at the page: samples["name"][("value of a label", ...)]."""

    def __init__(self, gateway):
        reply = gateway.admin("/metrics")
        assert reply.status == 200
        self.text = reply.body.decode()
        self.samples = collections.defaultdict(dict)
        for line in self.text.splitlines():
            if not line.startswith("#"):
                name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
                values = tuple(re.findall(r'="((?:[^"\\]|\\.)*)"', labels or ""))
                assert values not in self.samples[name], line
                self.samples[name][values] = float(value)

    def __call__(self, name):
        """The series of a metric that are not zero."""
        return {k: v for k, v in self.samples[name].items() if v}

    def one(self, name, *labels):
        return self.samples[name].get(labels)


def usage(prompt, cached, written, completion_, reasoning, **members):
    return dict({"prompt_tokens": prompt, "completion_tokens": completion_,
                 "total_tokens": prompt + completion_,
                 "prompt_tokens_details": {"cached_tokens": cached, "cache_creation_tokens": written},
                 "completion_tokens_details": {"reasoning_tokens": reasoning}}, **members)


FAILED = {"500": 500, "429": 429, "404": 404}


class Script:
    """Requests of many kinds, and the provider that answers them."""

    def __init__(self, gateway, provider):
        self.g, self.provider = gateway, provider
        self.go = threading.Event()
        self.replies = {}  # by the id of the record
        self.lost = set()
        provider.answer = self.answer

    def answer(self, r):
        """The first word of the prompt says what to answer."""
        word = r.json["messages"][0]["content"].split()[0]
        if word in FAILED:
            return json_reply({"error": {"message": "no", "code": "no"}}, FAILED[word])
        if word == "lose" and r.body not in self.lost:
            self.lost.add(r.body)
            return [("fin",)]
        if word == "wait":
            return [("event", self.go)] + json_reply(completion())
        if word == "detail":
            return json_reply(completion(usage=usage(100, 30, 20, 50, 15)))
        if word == "priced":
            return json_reply(completion(usage=usage(10, 0, 0, 5, 0, cost=float(r.json["messages"][0]["content"].split()[1]))))
        if word == "garbage":
            return [json_reply(b"{}")[0][:-2] + b"}{"]
        if word in ("cut", "broken", "hang", "malformed"):
            begun = sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "x"})]))
            end = {"cut": [("fin",)], "hang": [("until_gone",)],
                   "malformed": [chunked(b"data: {\n\n") + LAST_CHUNK],
                   "broken": [chunked(sse_body([{"error": {"message": "no", "code": "no"}}])) + LAST_CHUNK]}[word]
            return [begun] + end
        if r.json.get("stream"):
            return sse_reply(stream_events(["Hello", " there"]))
        return json_reply(completion())

    def ask(self, content="Hello", status=200, **members):
        reply = self.g.chat(content, **members)
        assert reply.status == status, (content, reply.status, reply.body)
        if "x-respan-log-id" in reply.headers:
            self.replies[reply.headers["x-respan-log-id"]] = reply
        return reply

    def in_flight(self, content, **members):
        """Another thread asks; it is done when join() returns."""
        before = len(self.provider.requests)
        t = threading.Thread(target=lambda: self.ask(content, **members))
        t.start()
        wait_for(lambda: len(self.provider.requests) > before, 5, "the provider to be asked")
        return t

    def answers(self):
        for _ in range(3):
            self.ask()
            self.ask(stream=True)
        self.ask(model="demo/echo")
        self.ask(mock_response="as told")
        self.ask("detail")
        self.ask("priced 0.00002")   # as we have it
        self.ask("priced 0.0000202")  # 1 % off, not more
        self.ask("priced 0.00003")
        self.ask("500", 500)
        self.ask("500", 500, stream=True)
        self.ask("429", 429)
        self.ask("404", 404)
        self.ask("garbage", 502)
        for word in ("cut", "broken", "malformed"):
            with Wire(self.g) as w:
                assert w.ask(chat_body(word, stream=True)).status == 200 and not w.complete

    def cached(self):
        assert self.ask("keep", **ON).headers["x-respan-cache"] == "miss"
        assert self.ask("keep", **ON, headers={"Cache-Control": "no-store"}).headers["x-respan-cache"] == "bypass"
        self.g.logged()
        for _ in range(3):
            assert self.ask("keep", **ON).headers["x-respan-cache"] == "hit"
        assert self.ask("keep", stream=True, **ON).headers["x-respan-cache"] == "hit"
        first = self.in_flight("wait twins", **ON)
        second = threading.Thread(target=lambda: self.ask("wait twins", **ON))
        second.start()
        wait_for(lambda: self.g.figure("holdfast_inflight_requests") == 2, 5, "both")
        self.release(first, second)

    def release(self, *threads):
        self.go.set()
        for t in threads:
            t.join()
        self.go.clear()

    def refusals(self):
        for _ in range(2):
            self.ask(status=401, key=KEY[:-1] + "6")
        self.ask(status=401, key=None)
        self.ask(status=404, model="nowhere")
        self.ask(status=400, temperature="hot")
        self.ask(status=400, messages="none")
        self.ask(status=400, model="unpriced", customer_params={"customer_identifier": "p", "period_budget": 1})
        self.ask(customer_identifier="minute")
        self.ask(status=429, customer_identifier="minute")
        one = self.in_flight("wait tokens", customer_identifier="tokens", max_tokens=900)
        self.ask(status=429, customer_identifier="tokens", max_tokens=900)
        self.release(one)
        one = self.in_flight("wait one", customer_identifier="one")
        self.ask(status=429, customer_identifier="one")
        self.release(one)
        self.ask(status=429, customer_params={"customer_identifier": "poor", "period_budget": 0})
        held = {"customer_identifier": "held", "period_budget": "0.003", "budget_duration": "daily"}
        one = self.in_flight("wait held", customer_params=held, max_tokens=1000)
        self.ask(status=429, customer_identifier="held", max_tokens=1000)
        self.release(one)

    def hang_up(self):
        for stream in (True, False):
            left = len(self.provider.gone_at)
            with Wire(self.g) as w:
                before = len(self.provider.requests)
                w.send(request(chat_body("hang" if stream else "wait gone", stream=stream)))
                if stream:
                    w.head()
                wait_for(lambda: len(self.provider.requests) > before, 5, "the provider to be asked")
            wait_for(lambda: len(self.provider.gone_at) > left, 5, "the upstream to be closed")

    def lose_a_connection(self):
        """Until a kept connection was the one; a fresh one is not tried again."""
        for i in range(20):
            self.ask()
            r = self.g.chat("lose %d" % i)
            if r.status == 200 and r.headers["x-holdfast-attempts"] == "2":
                return
        raise AssertionError("no connection was kept")

    def without_the_keeper(self):
        """Leases run dry; it goes on before it is thought dead."""
        rich = {"customer_identifier": "rich", "period_budget": "0.05"}
        self.ask(customer_params=rich, max_tokens=5)
        keeper = self.g.child("keeper")
        os.kill(keeper, signal.SIGSTOP)
        try:
            got = [200]
            while got[-1] == 200 and len(got) < 40:
                got.append(self.g.chat(customer_identifier="rich", max_tokens=5).status)
        finally:
            os.kill(keeper, signal.SIGCONT)
        assert got[-1] == 503

    def play(self):
        self.answers()
        self.cached()
        self.refusals()
        self.hang_up()
        self.lose_a_connection()
        self.without_the_keeper()


class Record(dict):
    """A line of the log, which leaves out what is empty."""

    def __missing__(self, key):
        return 0


class Run:
    def __init__(self, script):
        g = script.g
        wait_for(lambda: g.figure("holdfast_inflight_requests") == 0, 5, "all to end")
        g.at_rest()
        g.logged()
        wait_for(lambda: len(g.records()) == g.figure("holdfast_requests_total"), 5,
                 "as many records as requests")
        self.script, self.gateway = script, g
        self.records = [Record(r) for r in g.records()]
        self.page = Page(g)

    @staticmethod
    def provider(r):
        return r["provider_id"] or "other"

    @staticmethod
    def model(r):
        name = r["cached_model"] if r["cache_hit"] else r["model"]
        assert not name or name in MODELS, name
        return name or "other"

    def cache(self, r):
        reply = self.script.replies.get(r["id"])
        state = reply.headers.get("x-respan-cache") if reply else None
        assert bool(r["cache_hit"]) == (state in ("hit", "collapsed")), r
        return state if state in ("hit", "miss", "collapsed") else "off"

    def sum(self, *each):
        """Add (key, n) of all records."""
        total = collections.Counter()
        for r in self.records:
            for make in each:
                for key, n in make(r):
                    total[key] += n
        return {k: v for k, v in total.items() if v}


@pytest.fixture(scope="module")
def run():
    with Provider() as p:
        g = Gateway(p.port, workers=2, **SETTINGS)
        failed = True
        try:
            script = Script(g.start(), p)
            script.play()
            yield Run(script)
            failed = False
        finally:
            g.close(failed=failed)


def test_requests(run):
    assert run.page("holdfast_requests_total") == run.sum(lambda r: [((
        r["endpoint"], run.provider(r), run.model(r),
        "499" if r["status_code"] == 499 else "%dxx" % (r["status_code"] // 100), run.cache(r)), 1)])
    # The run was what it was meant to be.
    seen = {x for key in run.page("holdfast_requests_total") for x in key}
    assert {"2xx", "4xx", "5xx", "499", "hit", "miss", "collapsed", "off", "respan", "openai", "demo", "other",
            "test-model", "unpriced", "demo/echo"} <= seen


def test_tokens_and_cost(run):
    def tokens(r):
        kinds = {"input": r["prompt_tokens"] - r["prompt_cache_hit_tokens"] - r["prompt_cache_creation_tokens"],
                 "cached_input": r["prompt_cache_hit_tokens"], "cache_creation": r["prompt_cache_creation_tokens"],
                 "output": r["completion_tokens"] - r["reasoning_tokens"], "reasoning": r["reasoning_tokens"]}
        return [((run.provider(r), run.model(r), kind), n) for kind, n in kinds.items()]

    got = run.page("holdfast_tokens_total")
    assert got == run.sum(tokens)
    assert {kind for _, _, kind in got} == {"input", "cached_input", "cache_creation", "output", "reasoning"}
    cost = {k: nano(v) for k, v in run.page("holdfast_cost_dollars_total").items()}
    assert cost == run.sum(lambda r: [((run.provider(r), run.model(r)), nano(r["cost"]))])
    assert cost["openai", "test-model"] > 0


def test_times(run):
    page = run.page
    assert page("holdfast_request_duration_seconds_count") == run.sum(
        lambda r: [((r["endpoint"], run.provider(r)), 1)])
    assert page("holdfast_time_to_first_token_seconds_count") == run.sum(
        lambda r: [((run.provider(r), run.model(r)), r["time_to_first_token"] > 0)])
    assert page("holdfast_overhead_seconds_count") == run.sum(lambda r: [((r["endpoint"],), r["overhead"] > 0)])
    total = sum(page("holdfast_overhead_seconds_sum").values())
    assert abs(total - sum(r["overhead"] for r in run.records)) < 0.000001 * len(run.records)


def test_attempts(run):
    def attempts(r):
        return [((a["provider_id"], a["outcome"]), 1) for a in r["attempts"] or []]

    def errors(r):
        return [((a["provider_id"], a["error_class"]), a["error_class"] is not None) for a in r["attempts"] or []]

    got = run.page("holdfast_upstream_attempts_total")
    assert got == run.sum(attempts)
    assert {outcome for _, outcome in got} == {"ok", "retry", "end", "client_gone"}
    # A kept connection that was lost, and a 429 asked twice more.
    assert got["openai", "retry"] == 3
    got = run.page("holdfast_upstream_errors_total")
    assert got == run.sum(errors)
    assert {"http_4xx", "http_429", "http_5xx", "malformed", "cut", "in_stream_error", "reset"} == {c for _, c in got}
    # Every attempt is a request that the provider saw, or the demo's.
    asked = sum(v for (p, _), v in run.page("holdfast_upstream_attempts_total").items() if p == "openai")
    assert asked == len(run.script.provider.requests)


def test_rejections(run):
    def reason(r):
        if r["status_code"] < 400 or r["status_code"] == 499 or r["attempts"]:
            return []
        if r["error_code"] == "rate_limit_exceeded":
            return [(("tpm" if "tokens per minute" in r["error_message"] else "rpm",), 1)]
        return [((REASONS.get(r["error_code"], "validation"),), 1)]

    got = run.page("holdfast_rejections_total")
    assert got == run.sum(reason)
    # That all slots of a worker are taken takes 4,096 requests at once.
    assert {k for k, in got} == set(REASONS.values()) - {"overload"} | {"validation", "rpm", "tpm"}
    assert got["auth",] == 3 and got["tpm",] == 1


def test_streams_and_clients(run):
    assert run.page("holdfast_streams_failed_total") == {
        ("openai", "cut"): 1, ("openai", "provider_error"): 1, ("openai", "malformed"): 1}
    assert run.page("holdfast_clients_gone_total") == run.sum(
        lambda r: [((r["endpoint"],), r["status_code"] == 499)]) == {("chat",): 2}


def test_cache(run):
    for name in ("hit", "miss", "collapsed"):
        states = [run.cache(r) for r in run.records]
        shown = {"hit": "hits", "miss": "misses"}.get(name, name)
        assert run.page.one("holdfast_cache_%s_total" % shown) == states.count(name) > 0
    entries = len({r["cache_key"] for r in run.records if run.cache(r) == "miss"})
    wait_for(lambda: run.gateway.figure("holdfast_cache_entries") == entries, 5, "%d entries" % entries)
    assert run.gateway.figure("holdfast_cache_bytes") >= 4096


def test_price_mismatch(run):
    said = [(nano(r["provider_cost"]), nano(r["cost"])) for r in run.records if r["provider_cost"]]
    off = sum(abs(theirs - ours) * 100 > theirs for theirs, ours in said)
    assert run.page("holdfast_price_mismatch_total") == {("openai", "test-model"): off} and off == 1
    assert len(said) == 3


def test_nothing_is_left(run):
    for name in ("holdfast_upstream_inflight_requests", "holdfast_inflight_requests", "holdfast_streams",
                 "holdfast_budget_held_dollars", "holdfast_log_dropped_total", "holdfast_ring_dropped_total",
                 "holdfast_cache_errors_total", "holdfast_unenforced_requests_total"):
        assert run.page.samples[name] is not None and not run.page(name), name
    assert run.page.one("holdfast_upstream_inflight_requests", "openai") == 0


def table():
    with open(os.path.join(TREE, "shm", "metrics.def")) as f:
        return re.findall(r'^METRIC\(\w+, "(\w+)", (\w+),\s+"([^"]*)", "', f.read(), re.M)


def test_the_page(run):
    """Help and type of a family stand once, before all of its series."""
    suffix = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
    families, now = {}, None
    lines = run.page.text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("# HELP "):
            now = line.split()[2]
            assert now not in families and len(line.split()) > 3, line
            families[now] = lines[i + 1].split()[3]
            assert lines[i + 1].split()[:3] == ["#", "TYPE", now]
            assert (families[now] == "counter") == now.endswith("_total"), line
        elif not line.startswith("#"):
            name = re.match(r"\w+", line).group()
            assert name in [now + s for s in suffix[families[now]]], line
    rows = table()
    assert len(rows) > 25
    for name, kind, labels in rows:
        types = {"COUNTER": "counter", "MONEY": "counter", "GAUGE": "gauge"}
        assert families[name] == types.get(kind, "histogram")
        there = [x for x in lines if re.match(name + r"(_bucket|_sum|_count)?[{ ]", x)]
        assert bool(there) != (name in UNSEEN), name
        for x in there:
            assert set(re.findall(r'(\w+)="', x)) - {"le"} == set(labels.split()), x


def test_processes(run):
    resident = run.page("holdfast_resident_bytes")
    assert set(resident) == {("master",), ("keeper",), ("logger",), ("admin",), ("worker",)}
    assert all(v > 10**6 for v in resident.values())
    (version, revision), = run.page("holdfast_build_info")
    assert re.fullmatch(r"\d+\.\d+\.\d+", version) and re.fullmatch(r"[0-9a-f]{40}", revision)
    assert run.page.one("holdfast_workers", "serving") == 2
    assert run.page.one("holdfast_settings_generation") == 1
    assert 0 < time.time() - run.page.one("holdfast_last_reload_success_timestamp_seconds") < 600


# ---- what has a gateway of its own ---------------------------------------------

def test_gauges_while_it_runs(gateway, provider):
    go = threading.Event()
    begun = sse_head() + chunked(sse_body([chunk({"role": "assistant", "content": "x"})]))
    rest = chunked(sse_body(stream_events(["y"]))) + LAST_CHUNK
    provider.answer = lambda r: [begun, ("event", go), rest] if r.json.get("stream") else [("until_gone",)]
    wires = [Wire(gateway) for _ in range(5)]
    for i, w in enumerate(wires):
        w.send(request(chat_body(stream=i < 3)))
        if i < 3:
            w.head()
    upstream = "holdfast_upstream_inflight_requests"
    wait_for(lambda: Page(gateway).one(upstream, "openai") == 5, 5, "five in flight")
    assert Page(gateway).one("holdfast_streams") == 3
    for w in wires[3:]:
        w.reset()
    wait_for(lambda: Page(gateway).one(upstream, "openai") == 3, 5, "three in flight")
    go.set()
    for w, status in zip(wires, [200] * 3):
        w.chunks()
    wait_for(lambda: Page(gateway).one(upstream, "openai") == 0, 5, "none in flight")
    assert Page(gateway).one("holdfast_streams") == 0


def test_every_bad_key_is_counted(gateway):
    """Few of a flood are recorded, and none is too many for a counter."""
    at_once(8, lambda i: [gateway.chat(key="testkey1.no") for _ in range(20)])
    gateway.logged()
    assert Page(gateway)("holdfast_rejections_total") == {("auth",): 160}
    assert Page(gateway)("holdfast_requests_total") == {("chat", "other", "other", "4xx", "off"): 160}
    assert 0 < len(gateway.records()) < 160


def test_a_hit_without_a_record_is_counted(gateway):
    ask = lambda: gateway.chat(cache_enabled=True, cache_options={"omit_log": True})  # noqa: E731
    assert ask().headers["x-respan-cache"] == "miss"
    gateway.logged()
    assert ask().headers["x-respan-cache"] == "hit"
    assert Page(gateway).one("holdfast_requests_total", "chat", "respan", "test-model", "2xx", "hit") == 1
    assert len(gateway.records()) == 1


def test_an_expired_answer_leaves_the_cache(gateway):
    assert gateway.chat(cache_enabled=True, cache_ttl=1).status == 200
    wait_for(lambda: gateway.figure("holdfast_cache_entries") == 1, 5, "the entry")
    held = gateway.figure("holdfast_cache_bytes")
    wait_for(lambda: gateway.figure("holdfast_cache_entries") == 0, 5, "its end")
    assert gateway.figure("holdfast_cache_bytes") < held


def test_reloads(gateway):
    page = Page(gateway)
    assert (page.one("holdfast_reloads_total", "ok"), page.one("holdfast_reloads_total", "refused")) == (0, 0)
    began = page.one("holdfast_last_reload_success_timestamp_seconds")
    good = gateway.text
    gateway.write(good + "{")
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: Page(gateway).one("holdfast_reloads_total", "refused") == 1, 10, "the refusal")
    assert Page(gateway).one("holdfast_last_reload_success_timestamp_seconds") == began
    wait_for(lambda: time.time() >= began + 1, 5, "another second")
    gateway.write(good)
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: Page(gateway).one("holdfast_reloads_total", "ok") == 1, 10, "the reload")
    assert Page(gateway).one("holdfast_last_reload_success_timestamp_seconds") > began
    wait_for(lambda: Page(gateway).one("holdfast_workers", "draining") == 0, 10, "the old workers to go")
    assert not Page(gateway)("holdfast_worker_deaths_total")
    assert Page(gateway).one("holdfast_reloads_total", "refused") == 1


def test_worker_deaths(gateway, provider):
    """A worker that dies takes its gauges with it, and no counter."""
    provider.answer = lambda r: [("until_gone",)]
    upstream = "holdfast_upstream_inflight_requests"
    assert all(gateway.chat(model="demo/echo").status == 200 for _ in range(10))
    before = Page(gateway)("holdfast_requests_total")
    with Wire(gateway) as w:
        w.send(request(chat_body()))
        wait_for(lambda: Page(gateway).one(upstream, "openai") == 1, 5, "one in flight")
        for pid in gateway.children("worker"):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: Page(gateway).one("holdfast_worker_deaths_total", "signal") == 2, 5, "two deaths")
        wait_for(lambda: Page(gateway).one(upstream, "openai") == 0, 5, "none in flight")
    wait_for(lambda: Page(gateway).one("holdfast_workers", "serving") == 2, 10, "two workers")
    assert before == Page(gateway)("holdfast_requests_total")
    os.kill(gateway.child("worker"), signal.SIGSTOP)  # may still be at its start: 30 s instead of 5
    wait_for(lambda: Page(gateway).one("holdfast_worker_deaths_total", "silent") == 1, 40, "a silent one")
    assert Page(gateway)("holdfast_worker_deaths_total") == {("signal",): 2, ("silent",): 1}


def test_dropped_records_are_counted(make_gateway, provider):
    """What finds its lane full is counted where it happens, and by its type."""
    provider.answer = lambda r: json_reply(completion("x" * 3000))
    g = make_gateway(start=False, workers=1)
    g.text = g.text.replace("logs = {", 'logs = { ring = "64K";')
    g.start()
    logger, n = g.child("logger"), 0
    os.kill(logger, signal.SIGSTOP)
    try:
        while Page(g).one("holdfast_ring_dropped_total", "access") < 3 and n < 400:
            n += 1
            assert g.chat("number %d" % n).status == 200
    finally:
        os.kill(logger, signal.SIGCONT)
    ring = Page(g)("holdfast_ring_dropped_total")
    assert ring["access",] >= 3 and ring["body",] > 0

    def told():
        assert g.chat("after").status == 200
        return {k[:1]: v for k, v in Page(g)("holdfast_log_dropped_total").items() if k[1] == "lane"}
    wait_for(lambda: told() == Page(g)("holdfast_ring_dropped_total"), 5, "the logger to tell")
