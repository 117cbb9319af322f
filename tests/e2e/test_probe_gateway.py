"""The Http11Probe corpus against the whole gateway: what must be refused by
the grammar is refused, whatever the API itself says to such a path or method.
"""
import base64
import json
import os

import pytest
import test_http11probe as probe
from gateway import KEY, SHARED, Gateway

# The gateway's own "no" to a well-formed request: no such path, no key, no
# such method, no such media type.
OWN_NO = (401, 404, 405, 415)
# A POST goes where a body is read to its end: it is no JSON, and that is said
# only of a body whose framing is right.
POST = b"POST / HTTP/1.1\r\nHost: \x01HOST\x01\r\n"
CHAT = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: \x01HOST\x01\r\nAuthorization: Bearer " + KEY.encode() +
        b"\r\n")
NO_JSON = (b'"code":"invalid_json"', b'"code":"invalid_request_body"')

# Fails that we accept, with the reason; at most two.
ACCEPTED_FAILS = {
    "MAL-POST-CL-HUGE-NO-BODY": "413 and a close at once, as for every length above server.max_body",
}

# What the corpus leaves to a person, for a server whose answer to "/" is 404.
BY_HAND = {
    "COMP-DATE-HEADER": lambda got: probe.re.search(probe.DATE, got),
    "COMP-DATE-FORMAT": lambda got: probe.re.search(probe.DATE, got),
    "COMP-NO-CL-IN-204": lambda got: probe.final_status(got) != 204 or b"content-length" not in got.lower(),
    "COMP-TRACE-SENSITIVE": lambda got: probe.final_status(got) == 405,
    "NORM-UNDERSCORE-CL": probe.refused,
    "NORM-TAB-IN-NAME": probe.refused,
    "NORM-UNDERSCORE-TE": probe.refused,
}
# Of the others the framing must be understood: the answer is one to a whole
# request.
WELL_FORMED = ("COMP-POST-CL-BODY", "COMP-CHUNKED-BODY", "COMP-CHUNKED-MULTI", "COMP-CHUNKED-TRAILER-VALID",
               "COMP-CHUNKED-HEX-UPPERCASE", "COMP-RANGE-POST", "COOK-ECHO", "COOK-MULTI-HEADER",
               "COOK-PARSED-MULTI")


@pytest.fixture(scope="module")
def gateway():
    with Gateway() as g:
        yield g


def as_2xx(got):
    """The answer with the gateway's own refusals counted as 2xx."""
    if any(code in got for code in NO_JSON):
        got = got.replace(b"HTTP/1.1 400 ", b"HTTP/1.1 200 ")
    for status in OWN_NO:
        got = got.replace(b"HTTP/1.1 %d " % status, b"HTTP/1.1 200 ")
    return got


def judge(case, got, closed):
    if case["id"] in BY_HAND:
        return "pass" if BY_HAND[case["id"]](got) else "fail"
    if case["id"] in WELL_FORMED:
        return "pass" if probe.final_status(as_2xx(got)) == 200 else "fail"
    assert case["judge"] == "auto", case["id"]
    for verdict in ("pass", "warn"):
        if any(probe.matches(t, got if t in ("405", "501") else as_2xx(got), closed) for t in case[verdict]):
            return verdict
    return "fail"


def test_probe(gateway, shared):
    with open(os.path.join(SHARED, "corpora", "http11probe.json")) as f:
        cases = json.load(f)["cases"]
    verdicts = {"pass": [], "warn": [], "fail": []}
    for case in cases:
        payload = base64.b64decode(case["payload_b64"])
        if payload.startswith(POST):
            payload = CHAT + payload[len(POST):]
        payload = payload.replace(b"\x01HOST\x01", b"127.0.0.1:%d" % gateway.port)
        got, closed = probe.exchange(gateway.port, payload)
        verdicts[judge(case, got, closed)].append((case["suite"], case["id"], got[:80]))
    print(", ".join("%d %s" % (len(v), k) for k, v in verdicts.items()))
    print("warnings:", " ".join(i for _, i, _ in verdicts["warn"]))
    fails = [f for f in verdicts["fail"] if f[1] not in ACCEPTED_FAILS]
    assert not fails, "\n".join(map(str, fails))
    assert len(verdicts["fail"]) <= 2
    assert {i for _, i, _ in verdicts["fail"]} == set(ACCEPTED_FAILS), "an exception that is none any more"
    assert gateway.get("/ready", key=None).status == 200
