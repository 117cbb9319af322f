"""How long is waited, and what another provider's trouble means: routing.md 5.3,
6, 8.2, 10.
"""
import email.utils
import threading
import time

import pytest

from gateway import wait_for
from provider import LAST_CHUNK, chunk, chunked, json_reply, sse_body, sse_head
from routed import BUSY, CREDENTIALS, Routed, error, good, retries, said, turns
from test_money import budget
from wire import Wire, at_once, chat_body, request

HURRY = 'health = { eject_after = 3; eject_for = "700ms"; };'
SLACK = 0.25  # of a busy machine


@pytest.fixture
def routed():
    with Routed() as x:
        yield x


# -- 6: backoff and wishes --

def expect_waits(x, r, least):
    """Each wait is at least that, and at most a quarter more."""
    waits = x.waits(r)
    assert len(waits) == 1 + len(least) and waits[0] == 0, waits
    for got, want in zip(waits[1:], least):
        assert want <= got <= want * 1.25 + SLACK, (waits, least)


def test_backoff_doubles(routed):
    routed.plays["a"] = error(503)
    r = routed.ask(retry_params=retries(3, 0.1))
    expect_waits(routed, r, [0.1, 0.2, 0.4])
    assert r.seconds >= 0.7


def test_backoff_ends_at_its_maximum():
    with Routed('retry = { max_backoff = "150ms"; };') as x:
        x.plays["a"] = error(503)
        expect_waits(x, x.ask(retry_params=retries(3, 0.1)), [0.1, 0.15, 0.15])


GOOGLE = dict(BUSY, error={"code": 503, "message": "m", "status": "UNAVAILABLE", "details": [
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}]})


@pytest.mark.parametrize("play, wish", [
    (error(503, ("Retry-After", "0.3")), 0.3), (error(503, ("retry-after-ms", "300")), 0.3),
    (error(503, ("retry-after-ms", "300"), ("Retry-After", "3")), 0.3), (error(503, ("Retry-After", "-1")), 0.05),
    (error(503, ("Retry-After", "tomorrow")), 0.05), (lambda r: json_reply(GOOGLE, 503), 0.3),
    (error(503, ("Retry-After", "0.001")), 0.05),
    (error(429, ("Retry-After", "0.3")), 0.3),
])
def test_wish(routed, play, wish):
    """The longer of ours and theirs; the share of chance is of ours."""
    routed.plays["a"] = turns(play, good)
    r = routed.ask(retry_params=retries(1, 0.05))
    assert (said(r), r.asked) == ("a", ["a", "a"])
    expect_waits(routed, r, [wish])


def test_what_is_waited_is_not_ours(routed):
    """Neither earlier attempts nor waits count as the gateway's own time."""
    routed.plays["a"] = turns(lambda r: [("wait", 0.1)] + error(503)(r), good)
    r = routed.ask(retry_params=retries(1, 0.3))
    assert said(r) == "a" and int(r.headers["x-holdfast-overhead-us"]) < 100000
    own, up = (float(x.split("=")[1]) for x in r.headers["server-timing"].split(", "))
    assert own < 100 and 400 <= up < r.seconds * 1000
    assert routed.gateway.figure("holdfast_overhead_seconds_sum") < 0.1


def test_wish_as_a_date(routed):
    until = int(time.time()) + 3
    routed.plays["a"] = turns(error(503, ("Retry-After", email.utils.formatdate(until, usegmt=True))), good)
    assert said(routed.ask(retry_params=retries(1, 0.05))) == "a"
    assert until <= time.time() < until + 1.5


@pytest.mark.parametrize("status", [429, 503])
def test_wish_that_is_too_long(routed, status):
    routed.plays["a"] = error(status, ("Retry-After", "6"))
    r = routed.ask(retry_params=retries(3, 0.05))
    assert (r.status, r.asked, r.headers["retry-after"], r.headers["retry-after-ms"]) == (status, ["a"], "6", "6000")
    assert r.seconds < 1


def test_no_wait_beyond_the_deadline(routed):
    routed.plays["a"] = error(503)
    r = routed.ask(retry_params=retries(3, 2), timeout=1)
    assert (r.status, r.asked) == (503, ["a"]) and r.seconds < 0.9


# -- 5.3: 429 --

def test_429_far_off_with_a_fallback(routed):
    """At once, and whoever comes next does not ask the first at all."""
    routed.plays["a"] = error(429, ("Retry-After", "120"))
    r = routed.ask(fallback_models=["b"], retry_params=retries(3, 1))
    assert (said(r), r.asked) == ("b", ["a", "b"]) and r.seconds < 0.9
    r = routed.ask(fallback_models=["b"])
    assert (said(r), r.asked) == ("b", ["b"])
    assert routed.warnings(r) == {"a": "Ejected after failures."}


def test_429_far_off_alone(routed):
    routed.plays["a"] = error(429, ("Retry-After", "120"))
    r = routed.ask()
    assert (r.status, r.asked, r.headers["retry-after"]) == (429, ["a"], "60") and r.seconds < 0.9


def test_429_twice(routed):
    routed.plays["a"] = turns(error(429), error(429), good)
    r = routed.ask()
    assert (said(r), r.asked) == ("a", ["a"] * 3)
    assert 3 <= r.seconds < 3 * 1.25 + 1
    assert r.headers["x-holdfast-attempts"] == "3"


def test_429_without_retries():
    with Routed("routing = { rate_limit_retries = 0; };") as x:
        x.plays["a"] = error(429)
        assert x.ask().asked == ["a"]


def test_429_of_one_entry(routed):
    routed.plays["a"] = error(429)
    for _ in range(8):
        r = routed.ask(model=None, load_balance_models=[{"model": "a", "weight": 9}, {"model": "b"}],
                       fallback_models=["c"])
        assert said(r) == "b" and r.seconds < 0.9


@pytest.mark.parametrize("status", [401, 403, 429])
def test_another_deployment_first(status):
    """Of two credentials one is refused: the other is asked at once."""
    second = ', { name = "second"; api_key = "env:HOME"; }'
    with Routed(credentials=CREDENTIALS + second) as x:
        bad = []

        def play(r):
            bad.append(r.header("Authorization"))
            return (error(status) if r.header("Authorization") == bad[0] else good)(r)

        x.plays["a"] = play
        r = x.ask(fallback_models=["b"])
        assert (said(r), r.asked, len(set(bad))) == ("a", ["a", "a"], 2) and r.seconds < 0.9
        if status != 429:  # its credential is out for a minute
            for _ in range(8):
                assert x.ask(fallback_models=["b"]).asked == ["a"]


# -- a client that leaves while we wait --

def test_hang_up_in_a_wait(routed):
    """What was held is free while we wait; nobody is asked behind his back."""
    routed.plays["a"] = error(503)
    with Wire(routed.gateway) as w:
        w.send(request(chat_body(model="a", max_tokens=50, retry_params=retries(3, 2), customer_params=budget(1))))
        wait_for(lambda: routed.provider.requests, 5, "the first attempt")
        wait_for(lambda: routed.gateway.reserved() == 0, 1.5, "the hold to be returned")
        assert routed.gateway.ctl_json("status")["requests_in_flight"] == 1
        w.reset()
    record = wait_for(routed.gateway.records, 1.5, "the end of the request")[0]
    assert (record["status_code"], record["cost"]) == (499, 0)
    assert [a["outcome"] for a in record["attempts"]][-1] in ("client_gone", "retry")
    time.sleep(2.5)  # past the time of the retry
    assert len(routed.provider.requests) == 1
    routed.gateway.at_rest()


# -- 10: ejection --

def eject(x, n=3):
    """One worker alone sees the failures."""
    with Wire(x.gateway) as w:
        for _ in range(n):
            assert w.ask(chat_body(model="a")).status == 500


def test_ejection_is_seen_by_both_workers():
    with Routed(HURRY.replace("700ms", "5s"), workers=2) as x:
        wait_for(lambda: len(x.gateway.children("worker")) == 2, 10, "the workers")
        x.plays["a"] = error(500)
        eject(x)
        x.provider.requests.clear()
        began = time.time()
        got = at_once(8, lambda i: [said(x.ask(fallback_models=["b"])) for _ in range(5)])
        assert sum(got, []) == ["b"] * 40 and time.time() - began < 4
        assert x.counts() == {"b": 40}
        x.gateway.workers_served(0.05, since=began)


def test_one_probe_after_the_time():
    """While it lasts nobody else is sent there; its success ends it all."""
    with Routed(HURRY, workers=2) as x:
        x.plays["a"] = error(500)
        eject(x)
        time.sleep(0.8)
        go_on = threading.Event()
        x.provider.requests.clear()
        x.plays["a"] = lambda r: [("event", go_on)] + good(r)
        first = threading.Thread(target=lambda: said(x.ask(fallback_models=["b"])))
        first.start()
        try:
            wait_for(lambda: x.counts()["a"] == 1, 5, "the probe")
            for _ in range(10):
                assert said(x.ask(fallback_models=["b"])) == "b"
            assert x.counts()["a"] == 1
        finally:
            go_on.set()
            first.join()
        x.plays["a"] = good
        assert [said(x.ask(fallback_models=["b"])) for _ in range(5)] == ["a"] * 5


def test_relapse_is_twice_as_long():
    with Routed(HURRY) as x:
        x.plays["a"] = error(500)
        eject(x)
        time.sleep(0.8)
        assert x.ask(fallback_models=["b"]).asked == ["a", "b"]
        time.sleep(0.8)
        assert x.ask(fallback_models=["b"]).asked == ["b"]
        time.sleep(0.8)
        x.plays["a"] = good
        assert x.ask(fallback_models=["b"]).asked == ["a"]


def test_nobody_but_the_ejected(routed):
    """Suspicion alone refuses nobody."""
    routed.plays["a"] = error(500)
    eject(routed, 8)
    r = routed.ask()
    assert (r.status, r.asked) == (500, ["a"])
    routed.plays["a"] = good
    assert said(routed.ask()) == "a"


def test_own_failures_end_no_retries(routed):
    """The third failure of the second request is the one that ejects."""
    routed.plays["a"] = error(503)
    for _ in range(3):
        r = routed.ask(retry_params=retries(2, 0.01))
        assert (r.asked, routed.record(r)["attempts"][-1]["outcome"]) == (["a"] * 3, "end")


def test_a_retry_does_not_insist_when_there_is_another():
    with Routed(HURRY) as x:
        x.plays["a"] = error(503)
        r = x.ask(retry_params=retries(5, 0.01), fallback_models=["b"])
        assert (said(r), r.asked) == ("b", ["a", "a", "a", "b"])


def test_faults_of_requests_eject_nobody(routed):
    routed.plays["a"] = error(400)
    for _ in range(8):
        assert routed.ask().status == 400
    routed.plays["a"] = good
    assert routed.ask(fallback_models=["b"]).asked == ["a"]


def test_ejected_entries_are_not_drawn():
    with Routed(HURRY) as x:
        x.plays["a"] = error(500)
        eject(x)
        for _ in range(10):
            r = x.ask(model=None, load_balance_models=[{"model": "a", "weight": 50}, {"model": "b"}])
            assert (said(r), r.asked) == ("b", ["b"])


# -- drained --

def test_drained_provider(routed):
    assert routed.ask().asked == ["a"]
    routed.gateway.ctl("drain", "one")
    r = routed.ask()
    assert (r.status, r.code, r.asked) == (503, "provider_drained", [])
    assert r.json["error"]["message"] == "Provider one is drained." and "retry-after" not in r.headers
    assert routed.ask(fallback_models=["b"]).asked == ["b"]
    routed.gateway.ctl("resume", "one")
    assert routed.ask(fallback_models=["b"]).asked == ["a"]


# -- 8.2: before the client has seen a byte --

ROLE = chunk({"role": "assistant", "content": ""})


def events(*more):
    return [sse_head() + chunked(sse_body((ROLE,) + more) + b": ping\n\n")]


def test_nothing_seen_is_nothing_lost(routed):
    routed.plays["a"] = lambda r: events() + [("reset",)]
    r = routed.ask(stream=True, fallback_models=["b"])
    assert (said(r), r.asked) == ("b", ["a", "b"])
    assert r.body.count(b'"role"') == 1


def test_held_no_longer_than_it_may():
    with Routed('stream = { prerelease_time = "200ms"; };') as x:
        x.plays["a"] = lambda r: events() + [("wait", 1), ("reset",)]
        r = x.ask(stream=True, fallback_models=["b"])
        assert (r.status, r.asked, r.complete) == (200, ["a"], False)
        assert b'"role"' in r.body and b'"upstream_stream_error"' in r.body and b"[DONE]" not in r.body


@pytest.mark.parametrize("length, asked", [(10, ["a", "b"]), (3000, ["a"])])
def test_content_is_held_too(length, asked):
    with Routed('stream = { prerelease_bytes = "2K"; prerelease_time = "5s"; };') as x:
        x.plays["a"] = lambda r: events(chunk({"content": "x" * length})) + [("wait", 0.1), ("reset",)]
        r = x.ask(stream=True, fallback_models=["b"])
        assert r.asked == asked
        if len(asked) > 1:
            assert said(r) == "b" and b"x" * length not in r.body
        else:
            assert not r.complete and b"x" * length in r.body and b"[DONE]" not in r.body


def test_content_is_held_no_longer_than_it_may():
    with Routed('stream = { prerelease_bytes = "2K"; prerelease_time = "200ms"; };') as x:
        x.plays["a"] = lambda r: events(chunk({"content": "few"})) + [("wait", 1), ("reset",)]
        r = x.ask(stream=True, fallback_models=["b"])
        assert r.asked == ["a"] and b"few" in r.body and not r.complete


def test_short_answer_under_the_bytes_that_are_held():
    with Routed('stream = { prerelease_bytes = "64K"; };') as x:
        assert said(x.ask(stream=True)) == "a"


def test_much_without_content_is_released(routed):
    """256 KiB are kept, and no more."""
    many = b": comment %s\n\n" % (b"x" * 1000)
    routed.plays["a"] = lambda r: events() + [chunked(sse_body([ROLE] * 2500)), chunked(many), ("wait", 0.2), ("reset",)]
    r = routed.ask(stream=True, fallback_models=["b"])
    assert r.asked == ["a"] and not r.complete and LAST_CHUNK not in r.body
