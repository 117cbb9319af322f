"""What can go wrong at a provider, as rows: how it behaves, and what the
specification says of it (routing.md 5.2 and 5.3, money.md 9, api.md 9).

The rows hold for every dialect; a status may depend on it (spoken.py).
"""
import collections
import json
import re

from provider import LAST_CHUNK, chunked, head

WORDS = "they say no"  # of a provider that gives a reason
JSON = ("Content-Type", "application/json")

# where     "" a scripted provider, "hasty" one whose time is short, or the
#           name of one that cannot be reached (test_fault_matrix.py)
# status    what a client gets who named no other model; None: dialect.status
# code      of an error of ours; None: the provider's words pass
# logged    the status_code of the attempt
# charge    none, hold, bound (of the input and the text that came), usage
# text      whether all text came before the fault
# again     a retry may mend it
# released  the client has seen a part
# good      it is no fault in the end
# wish_s    what the provider asks to wait; more than retry.max_wait: no retry
# after     Retry-After to the client
# spares    further credentials that are good
# told      the opening of a stream came, with what it says of the prompt
# begins    a head of 200 was read
FIELDS = dict(form="both", where="", status=502, code=None, error=None, logged=200, charge="none", text=False,
              again=True, released=False, good=False, wish_s=0, after=None, spares=0, told=True, begins=False)
Fault = collections.namedtuple("Fault", ["name", "steps"] + list(FIELDS))
FAULTS = []


def row(name, steps, **members):
    assert not set(members) - set(FIELDS), members
    FAULTS.append(Fault(name, steps, **dict(FIELDS, **members)))


def top(*fields, status=200):
    return head(status, (JSON,) + fields)


def body(d):
    return json.dumps(d.whole()).encode()


CHUNKED = ("Transfer-Encoding", "chunked")
BROKEN = dict(code="upstream_connection_error", logged=0)
INVALID = dict(code="upstream_invalid_response", error="malformed", charge="hold")
LATE = dict(where="hasty", status=504, code="upstream_timeout")

# -- nobody is reached --
row("refused", None, where="refused", error="connect", **BROKEN)
row("certificate of a stranger", None, where="stranger", error="tls", **BROKEN)
row("certificate of another host", None, where="other", error="tls", **BROKEN)
row("reset in the handshake", None, where="slammed", error="tls", **BROKEN)

# -- no answer --
row("reset before a byte", lambda d, s: [("reset",)], error="reset", charge="hold", **BROKEN)
row("closed before a byte", lambda d, s: [("fin",)], error="reset", charge="hold", **BROKEN)
row("stall before the head", lambda d, s: [("until_gone",)], form="whole", error="timeout_total", logged=0,
    charge="hold", **LATE)
row("stall before the head of a stream", lambda d, s: [("until_gone",)], form="stream", logged=0,
    error="timeout_first_byte", charge="hold", **LATE)

# -- no HTTP --
for title, steps, logged in (
        ("another protocol", [b"220 smtp ready\r\n", ("fin",)], 0),
        ("status 99", [b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n"], 0),
        ("NUL in the head", [b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", ("fin",)], 0),
        ("head of 100 KB", [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100000 + b"\r\n\r\n", ("fin",)], 0),
        ("two lengths", [top(("Content-Length", "5"), ("Content-Length", "6")) + b"hello"], 0),
        ("negative length", [top(("Content-Length", "-1")), ("fin",)], 0),
        ("length that is no number", [top(("Content-Length", "abc")), ("fin",)], 0),
        ("length and chunks", [top(("Content-Length", "5"), CHUNKED) + LAST_CHUNK, ("fin",)], 0),
        ("1xx without end", [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20, ("fin",)], 0),
        ("switching protocols", [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ("fin",)], 0),
        ("301", [top(("Location", "http://127.0.0.1:1/"), ("Content-Length", 0), status=301)], 301),
        ("307", [top(("Location", "/elsewhere"), ("Content-Length", 0), status=307)], 307),
        ("204", [head(204)], 204),
        ("chunk size garbage", [top(CHUNKED) + b"zz\r\n"], 200),
        ("chunk size without end", [top(CHUNKED) + b"f" * 40 + b"\r\n"], 200),
        ("coded as gzip", [top(("Content-Encoding", "gzip"), ("Content-Length", 4)) + b"\x1f\x8b\x08\0"], 200)):
    row(title, lambda d, s, steps=steps: steps, **dict(INVALID, logged=logged, begins=title.startswith("chunk")))
row("reset in the head", lambda d, s: [top(CHUNKED)[:30], ("reset",)], **dict(INVALID, error="cut", logged=0))

# -- a whole answer that is none --
for title, steps in (
        ("not JSON", lambda d, s: [top(("Content-Length", 18)) + b"<html>hello</html>"]),
        ("empty body", lambda d, s: [top(("Content-Length", 0))]),
        ("an array", lambda d, s: [top(("Content-Length", 3)) + b"[1]"]),
        ("of another kind", lambda d, s: [top(("Content-Length", 10)) + b'{"id":"x"}']),
        ("cut JSON", lambda d, s: [top(("Content-Length", len(body(d)) - 3)) + body(d)[:-3]]),
        ("chunk without its line end", lambda d, s: [top(CHUNKED) + b"%x\r\n%sXX" % (len(body(d)), body(d))])):
    row(title, steps, form="whole", **INVALID)
CUT = dict(INVALID, error="cut", form="whole")
row("too short for its length", lambda d, s: [top(("Content-Length", len(body(d)) + 9)) + body(d), ("fin",)], **CUT)
row("reset in the body", lambda d, s: [top(("Content-Length", len(body(d)))) + body(d)[:9], ("reset",)], **CUT)
row("no last chunk", lambda d, s: [top(CHUNKED) + chunked(body(d)), ("fin",)], **CUT)
row("stall in the body", lambda d, s: [top(("Content-Length", len(body(d)))) + body(d)[:9], ("until_gone",)],
    form="whole", error="timeout_total", charge="hold", **LATE)
row("slow drip without end", lambda d, s: [top(CHUNKED)] + [x for _ in range(40) for x in (chunked(b" "), ("wait", 0.1))],
    form="whole", error="timeout_total", charge="hold", **LATE)

# -- errors of the provider --
for status in (400, 404, 413, 422):
    row("%d" % status, lambda d, s, status=status: d.refusal(status, WORDS), status=status, logged=status,
        error="http_4xx", again=False)
for status in (408, 409, 425):
    row("%d" % status, lambda d, s, status=status: d.refusal(status, WORDS), status=status, logged=status,
        error="http_4xx")
for status in (500, 502, 503, 504, 520, 529):
    row("%d" % status, lambda d, s, status=status: d.refusal(status, WORDS), status=status, logged=status,
        error="http_5xx")
for status in (401, 402, 403):
    row("%d" % status, lambda d, s, status=status: d.refusal(status, WORDS), status=status, logged=status,
        error="http_4xx", again=False)
row("401 from one of two", lambda d, s: d.refusal(401, WORDS), status=401, logged=401, error="http_4xx", spares=1,
    again=False)
for title, wish, wish_s, after in (
        ("without a wish", None, 0, None), ("at once", ("Retry-After", "0"), 0, "0"),
        ("in decimals", ("Retry-After", "0.15"), 0.15, "1"), ("in milliseconds", ("retry-after-ms", "120"), 0.12, "1"),
        ("negative", ("Retry-After", "-3"), 0, "0"), ("unreadable", ("Retry-After", "soon"), 0, "0"),
        ("in the past", ("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"), 0, "0"),
        ("far off", ("Retry-After", "120"), 120, "60"),
        ("on a far day", ("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"), 10**9, "60")):
    row("429 " + title, lambda d, s, wish=wish: d.refusal(429, WORDS, (wish,) if wish else ()), status=429, logged=429,
        error="http_429", wish_s=wish_s, after=after, again=wish_s < 5)
row("503 in decimals", lambda d, s: d.refusal(503, WORDS, (("Retry-After", "0.15"),)), status=503, logged=503,
    error="http_5xx", wish_s=0.15, after="1")
row("error in a 200", lambda d, s: d.refusal(200, WORDS), status=None, error="http_5xx", form="whole")

# -- streams, before the client has seen a byte --
EVENTS = dict(form="stream", code="upstream_stream_error", charge="bound")


def opening(d):
    return [d.stream_head() + chunked(d.framed(d.events()[:d.opening]) + d.ping())]


def begun(d):
    return [d.stream_head() + chunked(d.framed(d.events()[:d.cut]))]


def frozen(d):
    """With a pause, so that what follows comes after the release."""
    return begun(d) + [("wait", 0.02)]


for ending in ("reset", "fin"):
    row("stream: %s before content" % ending, lambda d, s, e=ending: opening(d) + [(e,)], error="cut", **EVENTS)
    row("stream: %s after content" % ending, lambda d, s, e=ending: frozen(d) + [(e,)], error="cut", text=True,
        released=True, again=False, **EVENTS)
    row("stream: half an event, %s" % ending, lambda d, s, e=ending: frozen(d) + [chunked(d.torn()[:5]), (e,)],
        error="cut", text=True, released=True, again=False, **EVENTS)
for title, steps, error in (("before content", opening, False), ("after content", frozen, True)):
    seen = dict(EVENTS, text=error, released=error, again=not error)
    row("stream: no end " + title, lambda d, s, f=steps: f(d) + [LAST_CHUNK], error="cut", **seen)
    row("stream: chunk garbage " + title, lambda d, s, f=steps: f(d) + [b"zz\r\n"], error="malformed", **seen)
    row("stream: torn event " + title, lambda d, s, f=steps: f(d) + [chunked(d.torn()), LAST_CHUNK],
        error="malformed", **seen)
    row("stream: error " + title, lambda d, s, f=steps: f(d) + [chunked(d.fault(WORDS)), LAST_CHUNK],
        **dict(seen, error="in_stream_error", code=None, status=None, charge="bound" if error else "none"))
    row("stream: stall " + title, lambda d, s, f=steps: f(d) + [("until_gone",)], error="timeout_idle",
        **dict(seen, **LATE))
row("stream: nothing in it", lambda d, s: [d.stream_head() + LAST_CHUNK], error="cut", told=False, **EVENTS)
row("stream: stall behind the head", lambda d, s: [d.stream_head(), ("until_gone",)],
    **dict(EVENTS, error="timeout_first_byte", charge="hold", **LATE))
row("stream: pings without end", lambda d, s: opening(d) + [x for _ in range(40) for x in (("wait", 0.1), chunked(d.ping()))],
    error="timeout_idle", **dict(EVENTS, **LATE))

# -- odd, and yet good --
GOOD = dict(good=True, charge="usage", again=False)


def answer(d, s):
    if s:
        return [d.stream_head() + chunked(d.framed(d.events())) + LAST_CHUNK]
    return [top(("Content-Length", len(body(d)))) + body(d)]


def dripped(d, s):
    data = d.framed(d.events()) if s else body(d)
    pieces = [data[i:i + 80] for i in range(0, len(data), 80)]
    return [d.stream_head() if s else top(CHUNKED)] + [
        x for p in pieces for x in (chunked(p), ("wait", 0.02))] + [LAST_CHUNK]


def alone(steps):
    """On a connection that serves nobody else: a kept one that breaks is no
    fault yet (routing.md 5.2)."""
    closing = [re.sub(rb"^(HTTP/1\.1 [2-9]\d\d [^\r]*\r\n)", rb"\1Connection: close\r\n", s, count=1, flags=re.M)
               if isinstance(s, bytes) else s for s in steps]
    return closing + [("fin",)]


row("nothing wrong", answer, **GOOD)
row("1xx before the answer", lambda d, s: [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] + answer(d, s), **GOOD)
row("slow drip", dripped, **GOOD)
row("no close_notify", answer, where="secure", **GOOD)
row("no close_notify, and no length", lambda d, s: [top() + body(d), ("fin",)],
    where="secure", **CUT)
