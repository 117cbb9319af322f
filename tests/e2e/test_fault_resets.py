"""A connection that is reset behind every byte of a recorded reply, head and
framing included (routing.md 5.2, 8.2): whatever the client gets, it never
looks like the end of an answer that it is not.
"""
import glob
import json
import os
import re

import pytest

import dialect_cases
import recordings
from gateway import nano
from judging import dechunk, exchange, records_of
from provider import LAST_CHUNK, Provider
from test_charges import IN
from test_dialects import ID
from test_money import budget
from verdicts import verdicts
from wire import at_once

GROUPS = ["openai-chat", "anthropic", "gemini", "vertex-gemini", "bedrock-converse", "cohere", "azure-openai-chat",
          "ollama-native", "openai-responses"]
CUTS = 1500  # of a longer reply: its ends, every border in it, and as many others
TOGETHER = 24

pytestmark = pytest.mark.skipif(not dialect_cases.dialect_cases(), reason="no recordings (HOLDFAST_SHARED)")


def smallest(group, streamed):
    """The shortest recorded answer of a kind of provider."""
    folders = [os.path.dirname(f) for f in glob.glob("%s/%s/*/meta.json" % (recordings.ROOT, group)) if "blocked" not in f]
    cases = [c for c in map(dialect_cases.Case, folders)
             if c.status == 200 and c.streamed == streamed and b'"error"' not in c.body[:20]]
    return min(cases, key=lambda c: (len(c.body), c.name))


class Cutting(Provider):
    """Says the recorded reply up to the byte that the prompt names."""

    def __init__(self, case):
        self.case = case
        super().__init__(self.cut)

    def cut(self, request):
        whole = b"".join(dialect_cases.told(self.case, request))
        at = re.search(rb"reset at (\d+)", request.body)
        return [whole[:int(at.group(1))], ("reset",)] if at else [whole, ("fin",)]


def ask(case, where):
    """All prompts are of one length, and so are all bodies upstream."""
    body = {"model": case.slug, "max_tokens": 50, "customer_params": budget(50),
            "messages": [{"role": "user", "content": ("~pieces 200~ " if case.streamed else "") + "%-16s" % where}]}
    return dict(body, stream=True) if case.streamed else body


def places(whole):
    """Where to cut: everywhere, when that is not too often."""
    n = len(whole)
    if n <= CUTS:
        return list(range(n))
    chosen = {0, 1, 2} | set(range(n - 60, n)) | {
        at for m in re.finditer(rb"\r?\n\r?\n", whole) for at in (m.start(), m.start() + 1, m.end()) if at < n}
    chosen = set(sorted(chosen)[:CUTS // 2]) | set(range(n - 60, n))
    step = n / (CUTS - len(chosen))
    return sorted(chosen | {int(i * step) for i in range(CUTS - len(chosen))})


def together(cuts):
    """Of a RST on the heels of data the gateway hears later: several wait side by side."""
    return [cuts[i:i + TOGETHER] for i in range(0, len(cuts), TOGETHER)]


def expect_refused(raw, at):
    top, _, body = raw.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 502 "), (at, raw[:300])
    error = json.loads(body)["error"]
    assert error["code"] == ("upstream_connection_error" if at == 0 else error["code"]), (at, error)
    assert error["code"] in ("upstream_connection_error", "upstream_invalid_response", "upstream_stream_error"), (at, error)


def expect_broken(body, whole, at):
    """A part of the answer, then the error, and no end of any kind."""
    assert b"[DONE]" not in body and not body.endswith(LAST_CHUNK), (at, body[-300:])
    error = body.rindex(b"data: ")
    assert json.loads(body[error + 6:])["error"]["code"] == "upstream_stream_error", (at, body[-300:])
    assert ID.sub(b"", whole).startswith(ID.sub(b"", body[:error])), (at, body[-300:])


def expect_cut(case, raw, whole, at):
    """True if the answer was complete all the same: what was cut came behind its end."""
    if not raw.startswith(b"HTTP/1.1 200 "):
        expect_refused(raw, at)
        return False
    assert case.streamed, (at, "a whole answer of a part", raw[-300:])
    body, ended = dechunk(raw)
    if ended:
        assert ID.sub(b"", body) == ID.sub(b"", whole), (at, "a clean end of a stream that was cut")
        return True
    expect_broken(body, whole, at)
    return False


def log_id(raw):
    return re.search(rb"x-respan-log-id: (\w+)", raw).group(1).decode()


def expect_books(served, asked, head_size):
    """Each cut is charged: the whole hold before the first byte of the body,
    at most that behind it; and the account is the sum."""
    served.at_rest()
    cost, row = {}, served.account("c")
    for i, record in records_of(served, asked).items():
        at, complete = asked[i]
        (attempt,) = record["attempts"]
        cost[at] = nano(record["cost"])
        assert attempt["charge_nano_usd"] == cost[at]
        assert attempt["error_class"] == (None if complete else "reset" if at == 0 else "cut"), (at, attempt)
        assert attempt["outcome"] == ("ok" if complete else "end")
        assert attempt["status_code"] == (200 if at >= head_size else 0), (at, attempt)
    hold = cost[0]
    assert hold > 50 * IN // 10 and all(0 < c <= hold for c in cost.values())
    assert all(c == hold for at, c in cost.items() if at < head_size)
    assert (row["settled"], row["held"]) == (sum(cost.values()), 0)


@pytest.mark.parametrize("form", ["whole", "stream"])
@pytest.mark.parametrize("group", GROUPS)
def test_reset_at_every_byte(group, form, request):
    case = smallest(group, form == "stream")
    with Cutting(case) as provider:
        g = dialect_cases.gateway_for(provider, {case.name: case})
        try:
            g.start(env=g.environment)
            good = exchange(g, ask(case, ""))
            whole, ended = dechunk(good) if case.streamed else (good.partition(b"\r\n\r\n")[2], True)
            assert good.startswith(b"HTTP/1.1 200 ") and ended
            reply = b"".join(dialect_cases.told(case, provider.requests[0]))
            g.at_rest()
            g.ctl("budget", "adjust", "-%.9f" % (g.account("c")["settled"] / 1e9), "--reason", "test", "--customer", "c")
            asked = {}
            with verdicts("reset") as each:
                for some in together(places(reply)):
                    raws = at_once(len(some), lambda i, some=some: exchange(g, ask(case, "reset at %d" % some[i])))
                    for at, raw in zip(some, raws):
                        with each(case):
                            asked[log_id(raw)] = at, expect_cut(case, raw, whole, at)
            assert len(provider.requests) == 1 + len(asked)
            expect_books(g, asked, reply.index(b"\r\n\r\n") + 4)
        finally:
            g.close(failed=getattr(request.node, "failed", False))
