#!/usr/bin/env python3
"""The provider of a torture run, a process with a book of its own.

It bills what it accepted and what it produced until it noticed that nobody
listens any more: tokens times price, in integers.  GET /book tells the sums,
GET /seen how each request ended.
"""
import json
import os
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from plan import Plan, cost, marked  # noqa: E402
from provider import (LAST_CHUNK, Provider, chunk, chunked, completion, json_reply,  # noqa: E402
                      sse_body, sse_head)
from wall import Wall  # noqa: E402

TOKEN = "tok "  # four bytes: nobody's estimate is above the bill
SHORT = "t"     # one byte: what is charged for a cut stream is no more than the bill
ENDS = ("vanish", "cut")  # by these the provider itself ends the connection


class Book:
    def __init__(self):
        self.lock = threading.Lock()
        self.accounts = Counter()  # "customer NAME DAY": nano-USD; DAY 0 = not known
        self.refused = {}          # n: [["customer NAME DAY", nano-USD], ...] of those who would pay its input
        self.seen = {}             # n: how it ended
        self.again = []            # n that came twice
        self.active = 0

    def open(self, n):
        with self.lock:
            if self.seen.get(n, "vanish") != "vanish":
                self.again.append(n)  # a lost connection is tried again, and paid twice
            self.seen[n] = "open"
            self.active += 1

    def bill(self, owners, day, before, after):
        with self.lock:
            for kind, name, markup_bp in owners:
                self.accounts["%s %s %d" % (kind, name, day)] += \
                    marked(after, markup_bp) - marked(before, markup_bp)

    def refuse(self, n, owners, day, nano):
        """Billed to nobody.  A gateway that does not hear of it knows no better
        than that its input costs this."""
        with self.lock:
            self.refused[n] = [["%s %s %d" % (kind, name, day), marked(nano, markup_bp)]
                               for kind, name, markup_bp in owners]

    def close(self, n, how):
        with self.lock:
            self.seen[n] = how
            self.active -= 1

    def sums(self):
        with self.lock:
            return {"accounts": dict(self.accounts), "active": self.active, "requests": len(self.seen),
                    "again": self.again[:10]}


class Service:
    """One request: bills, then sends.  left: the gateway may end a stream of
    its own accord, and then knows nothing of what is on its way."""

    def __init__(self, book, wall, seed, left, request):
        sent = json.loads(request.json["messages"][0]["content"].split("\n")[0])
        self.book, self.left, self.request, self.plan = book, left, request, Plan(seed, sent["n"])
        stamp = wall.stamp()
        self.day = stamp[1] if stamp == tuple(sent["stamp"]) else 0
        self.cost = 0
        self.most = request.json.get("max_tokens") or request.json.get("max_completion_tokens") or self.plan.tokens
        self.tokens = min(self.plan.tokens, self.most)
        self.prompt = -(-len(request.body) // 4) + self.plan.extra_tokens

    def bill(self, tokens):
        now = cost(self.plan.model, self.prompt, tokens)
        self.book.bill(self.plan.owners(), self.day, self.cost, now)
        self.cost = now

    def usage(self):
        return {"prompt_tokens": self.prompt, "completion_tokens": self.tokens,
                "total_tokens": self.prompt + self.tokens}

    def answer(self):
        how = self.plan.behaviour if self.plan.behaviour in ENDS else "left"
        self.book.open(self.plan.n)
        try:
            yield from self.refuse() or (self.streamed() if self.plan.stream else self.whole())
            how = self.plan.behaviour
        finally:
            self.book.close(self.plan.n, how)

    def bill_nothing(self):
        self.book.refuse(self.plan.n, self.plan.owners(), self.day,
                         cost(self.plan.model, -(-len(self.request.body) // 4), 0))

    def refuse(self):
        """Those who are told so without output pay nothing."""
        if self.plan.behaviour in ("error", "false 200"):
            self.bill_nothing()
            return json_reply({"error": {"message": "as planned"}},
                              self.plan.status if self.plan.behaviour == "error" else 200)
        steps = {"vanish": [("fin",)], "stall": [("until_gone",)]}.get(self.plan.behaviour)
        if steps:  # it made all that it was allowed to, and nobody heard it
            self.prompt = len(self.request.body) + 64
            self.bill(self.most)
        return steps

    def whole(self):
        self.bill(self.tokens)
        if self.plan.behaviour == "freeze":
            yield ("until_gone",)
        if self.plan.behaviour == "slow":
            yield ("wait", self.plan.pace_s * self.tokens)
        body = completion(TOKEN * self.tokens, self.prompt, self.tokens)
        if self.plan.behaviour == "no usage":
            del body["usage"]
        reply = json_reply(body)[0]
        if self.plan.behaviour == "cut":
            yield reply[:-len(reply) // 3]
            yield ("reset" if self.plan.cut_by == "reset" else "fin",)
        yield reply

    def event(self, e):
        return chunked(sse_body([e]))

    def cut(self):
        """The connection, or a stream that ends in good order and is not whole."""
        if self.plan.cut_by in ("fin", "reset"):
            yield (self.plan.cut_by,)
        if self.plan.cut_by == "error":
            yield self.event({"error": {"message": "as planned"}})
        yield LAST_CHUNK

    def begin(self):
        """Where nothing is lost on the way, the bill is what the gateway can
        prove, to the byte; an error before any output costs nothing."""
        proved = self.plan.behaviour == "cut" and self.plan.cut_by != "reset" and not self.left
        if proved:
            self.prompt = len(self.request.body) + 64
        if self.plan.behaviour == "cut" and self.plan.cut_by == "error" and self.plan.cut_at == 0:
            self.bill_nothing()
        else:
            self.bill(0)
        return SHORT if proved else TOKEN

    def streamed(self):
        token = self.begin()
        yield sse_head() + self.event(chunk({"role": "assistant", "content": ""}))
        for i in range(self.tokens):
            if self.plan.behaviour == "cut" and i >= self.plan.cut_at:
                break
            if self.plan.behaviour == "freeze" and i == self.tokens // 2:
                yield ("until_gone",)
            if self.plan.behaviour == "slow":
                yield ("wait", self.plan.pace_s)
            self.bill(i + 1)
            yield self.event(chunk({"content": token}))
        if self.plan.behaviour == "cut":
            yield from self.cut()
            return
        tail = [chunk(finish="stop")]
        if self.plan.behaviour != "no usage":
            tail.append(chunk(usage=self.usage()))
        yield chunked(sse_body(tail + [b"[DONE]"])) + LAST_CHUNK


def main():
    seed, wall, left = int(sys.argv[1]), Wall(sys.argv[2]), sys.argv[3] == "left"
    book = Book()

    def answer(request):
        del provider.requests[:]
        if request.method == "GET":
            return json_reply({"/book": book.sums, "/seen": book.seen.copy, "/refused": book.refused.copy}
                              [request.path]())
        return Service(book, wall, seed, left, request).answer()

    provider = Provider(answer)
    print(provider.port, flush=True)
    while sys.stdin.buffer.read(1):
        time.sleep(0.1)


if __name__ == "__main__":
    main()
