#!/usr/bin/env python3
"""Compare net/http1 with the cases of llhttp, fed in every cutting.

usage: test_llhttp.py HTTP1_DUMP        (built by tests/net/rules.mk)
"""
import base64
import json
import os
import re
import subprocess
import sys

SHARED = os.environ.get("HOLDFAST_SHARED", "../shared")
CORPUS = os.path.join(SHARED, "corpora", "llhttp", "cases.json")

# Where we differ on purpose, at most five.
EXCEPTIONS = {
    "request/connection/005": "two empty lines before a request: one is skipped",
    "request/content-length/016": "asks for a request without its body: there is no such",
    "request/invalid/004": "any token is a method; the server answers 405",
    "request/invalid/014": "any token is a method; the server answers 405",
}


class Dump:
    def __init__(self, path):
        self.child = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, kind, cuts, data):
        self.child.stdin.write(b"%s %s %d\n" % (kind.encode(), str(cuts).encode(), len(data)))
        self.child.stdin.write(data)
        self.child.stdin.flush()
        lines = []
        for line in self.child.stdout:
            word = line.rstrip(b"\n").decode()
            if word == ".":
                return lines
            lines.append(word)
        raise RuntimeError("http1_dump ended")


def log_end(case):
    return max([int(m.group(1)) for m in (re.match(r"off=(\d+)", l) for l in case["log"]) if m] or [0])


def case_input(case):
    """The bytes; the source's last empty line, where the log counts it."""
    data = base64.b64decode(case["input_b64"])
    missing = log_end(case) - len(data)
    return data + b"\r\n" if missing == 2 and data.endswith(b"\r\n") else data


def spans(case, data):
    """[(name, bytes)] of the log, pieces of one span joined."""
    out = []
    for line in case["log"]:
        m = re.match(r"off=(\d+) len=(\d+) span\[([a-z_.]+)\]", line)
        if m:
            off, length, name = int(m.group(1)), int(m.group(2)), m.group(3)
            piece = data[off : off + length]
            if out and out[-1][0] == name:
                out[-1] = (name, out[-1][1] + piece)
            else:
                out.append((name, piece))
            continue
        m = re.match(r"off=(\d+) ([a-z_]+) (complete|begin)", line)
        if m:
            out.append((m.group(2) + " " + m.group(3), b""))
        elif "headers complete" in line:
            out.append(("headers complete", b""))
    return out


def messages(case, data):
    """What the log says, in the shape that the dump is brought to."""
    out, cur = [], None
    for name, value in spans(case, data):
        if name == "message begin":
            cur = {"fields": [], "body": b"", "end": False, "head": False}
            out.append(cur)
        elif name == "header_field":
            cur["fields"].append([value, b""])
        elif name == "header_value":
            cur["fields"][-1][1] = value.strip(b" \t")
        elif name in ("method", "url", "body"):
            cur[name] = value if name != "body" else cur["body"] + value
        elif name == "headers complete":
            cur["head"] = True
        elif name == "message complete":
            cur["end"] = True
    return [m for m in out if m["head"]]


def dumped(lines):
    out, cur = [], None
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ("method", "status"):
            cur = {"fields": [], "body": b"", "end": False}
            out.append(cur)
        if word == "method":
            cur["method"] = bytes.fromhex(rest)
        elif word == "target":
            cur["url"] = bytes.fromhex(rest)
        elif word == "name":
            cur["fields"].append([bytes.fromhex(rest), b""])
        elif word == "value":
            cur["fields"][-1][1] = bytes.fromhex(rest)
        elif word == "body" and cur is not None:
            cur["body"] = bytes.fromhex(rest)
        elif word in ("end", "close"):
            cur["end"] = word == "end"
    return out


def same(theirs, ours):
    if theirs.get("method") != ours.get("method") or theirs.get("url") != ours.get("url"):
        return False
    n = len(ours["fields"])  # trailers, which we drop, follow in theirs
    return theirs["fields"][:n] == ours["fields"] and theirs["body"] == ours["body"] and theirs["end"] == ours["end"]


def check_target(case, lines, data):
    if case["llhttp"] == "error":
        return any(l.startswith("error") for l in lines)
    want = dict((n, v) for n, v in spans(case, data))
    got = dict(l.partition(" ")[::2] for l in lines)
    path = bytes.fromhex(got.get("path", ""))
    query = bytes.fromhex(got.get("query", ""))
    return path == want.get("url.path", b"/") and query == want.get("url.query", b"")


def check(case, lines, data):
    refused = any(l.startswith("error") for l in lines)
    theirs, ours = messages(case, data), dumped(lines)
    if case["expect"] == "refuse":
        return refused
    if refused:
        return False
    if case["expect"] == "first":
        return len(ours) == 1 and same_first(theirs[0], ours[0])
    if case["expect"] == "finish":
        # Cut unless the log's message was complete.
        return ("cut" in lines) == (not any(m["end"] for m in theirs))
    return len(theirs) == len(ours) and all(map(same, theirs, ours))


def same_first(theirs, ours):
    """llhttp stops at the head of an upgrade; we take its body too."""
    return theirs.get("method") == ours.get("method") and theirs["fields"] == ours["fields"]


def case_kind(case):
    if case["expect"] == "target":
        return "target"
    if case["type"].startswith("response") and any("skip body" in l for l in case["log"]):
        return "to-head"
    return case["type"].split("-")[0]


def cuttings(kind, data):
    if kind == "target":
        return ["whole"]
    return ["whole", "bytes"] + list(range(1, len(data)))


def main():
    with open(CORPUS) as f:
        cases = json.load(f)["cases"]
    dump, wrong, runs = Dump(sys.argv[1]), [], 0
    for case in cases:
        data = case_input(case)
        kind = case_kind(case)
        first = None
        for cuts in cuttings(kind, data):
            lines = dump.ask(kind, cuts, data)
            runs += 1
            if first is None:
                first = lines
                good = check_target(case, lines, data) if kind == "target" else check(case, lines, data)
                if good == (case["id"] in EXCEPTIONS):
                    wrong.append(case["id"])
                    print("not as expected:", case["id"], case["expect"], data[:100], lines, case["log"][-6:])
            elif lines != first:
                wrong.append(case["id"])
                print("cut at %s differs: %s" % (cuts, case["id"]), lines, first)
                break
    print("%d cases, %d runs, %d wrong, %d exceptions" % (len(cases), runs, len(wrong), len(EXCEPTIONS)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
