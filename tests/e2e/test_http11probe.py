#!/usr/bin/env python3
"""Send the requests of the Http11Probe corpus to the real server of net.

usage: test_http11probe.py HTTPD        (built by tests/net/rules.mk)
A pass: no fail in Smuggling and MalformedInput, at most 2 in all.
"""
import base64
import json
import os
import re
import socket
import subprocess
import sys

SHARED = os.environ.get("HOLDFAST_SHARED", "../shared")
CORPUS = os.path.join(SHARED, "corpora", "http11probe.json")
STRICT = ("Smuggling", "MalformedInput")
DATE = rb"\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n"


def exchange(port, payload):
    """All that the server answers, and whether it closed."""
    got, closed = b"", False
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(payload)
        s.settimeout(1)
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    closed = True
                    break
                got += piece
                if final_status(got) is not None:
                    s.settimeout(0.25)
        except socket.timeout:
            pass
        except ConnectionResetError:
            closed = True
    return got, closed


def statuses(got):
    return [int(n) for n in re.findall(rb"^HTTP/1\.\d (\d{3})", got, re.M)]


def final_status(got):
    return next((n for n in statuses(got) if n >= 200), None)


def matches(token, got, closed):
    status = final_status(got)
    if token == "close":
        return status is None and closed
    if token == "timeout":
        return status is None and not closed
    if token == "!101":
        return status is not None and 101 not in statuses(got)
    if token == "!1xx":
        return status is not None and statuses(got)[0] >= 200
    if token == "2xx+close":
        return matches("2xx", got, closed) and closed
    if token == "2xx":
        return status is not None and 200 <= status < 300
    return status == int(token)


def refused(got):
    return final_status(got) == 400


def says(text):
    return lambda got: final_status(got) == 200 and text in got.split(b"\r\n\r\n", 1)[1]


# What the corpus leaves to a person: the answer depends on the handler.
BY_HAND = {
    "COMP-POST-CL-BODY": says(b"hello"),
    "COMP-CHUNKED-BODY": says(b"hello"),
    "COMP-CHUNKED-MULTI": says(b"hello world"),
    "COMP-CHUNKED-TRAILER-VALID": says(b"hello"),
    "COMP-CHUNKED-HEX-UPPERCASE": says(b"helloworld"),
    "COMP-RANGE-POST": says(b"hello"),
    "COMP-DATE-HEADER": lambda got: re.search(DATE, got),
    "COMP-DATE-FORMAT": lambda got: re.search(DATE, got),
    "COMP-NO-CL-IN-204": lambda got: final_status(got) == 204 and b"Content-Length" not in got,
    "COMP-TRACE-SENSITIVE": lambda got: final_status(got) == 405,
    "NORM-UNDERSCORE-CL": refused,
    "NORM-TAB-IN-NAME": refused,
    "NORM-UNDERSCORE-TE": refused,
    "COOK-ECHO": says(b"foo=bar"),
    "COOK-MULTI-HEADER": lambda got: says(b"a=1")(got) and says(b"b=2")(got),
    "COOK-PARSED-MULTI": says(b"a=1; b=2; c=3"),
}


def judge(case, got, closed):
    if case["judge"] == "hand":
        return "pass" if BY_HAND[case["id"]](got) else "fail"
    for verdict in ("pass", "warn"):
        if any(matches(t, got, closed) for t in case[verdict]):
            return verdict
    return "fail"


def main():
    with open(CORPUS) as f:
        cases = json.load(f)["cases"]
    server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    port = int(server.stdout.readline())
    verdicts = {"pass": [], "warn": [], "fail": []}
    strict_fails = 0
    for case in cases:
        payload = base64.b64decode(case["payload_b64"])
        payload = payload.replace(b"\x01HOST\x01", b"127.0.0.1:%d" % port)
        got, closed = exchange(port, payload)
        verdict = judge(case, got, closed)
        verdicts[verdict].append(case["id"])
        if verdict == "fail":
            strict_fails += case["suite"] in STRICT
            print("fail:", case["id"], got[:60])
    server.stdin.close()
    clean = server.wait(10) == 0
    print(", ".join("%d %s" % (len(v), k) for k, v in verdicts.items()))
    print("warnings:", " ".join(verdicts["warn"]))
    return 0 if clean and strict_fails == 0 and len(verdicts["fail"]) <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
