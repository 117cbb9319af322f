"""The clients of a torture run: each asks, one request after the other, as
the plan says, and notes how it ended."""
import itertools
import json
import socket
import threading
import time

from plan import Plan
from wire import Wire, request


class Clients:
    def __init__(self, gateway, seed, wall, keys, n=12):
        self.gateway, self.seed, self.wall, self.keys = gateway, seed, wall, keys
        self.numbers = itertools.count(1)
        self.ended = {}  # n: (status, code), ("cut",), ("left",), ("lost",), ("timeout",)
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(n)]
        for t in self.threads:
            t.start()

    def stop(self):
        self.stopped.set()
        for t in self.threads:
            t.join(60)
        return not any(t.is_alive() for t in self.threads)

    def run(self):
        wire = None
        while not self.stopped.is_set():
            n = next(self.numbers)
            plan = Plan(self.seed, n)
            try:
                wire = wire or Wire(self.gateway, timeout=30)
                self.ended[n] = self.ask(wire, plan)
            except socket.timeout:
                self.ended[n] = ("timeout",)
            except (OSError, ValueError):
                self.ended[n] = ("left",) if plan.hang else ("lost",)
                time.sleep(0.02)  # who waits for a master need not ask all the time
            if self.ended[n][0] in ("left", "lost", "cut", "timeout"):
                wire = self.leave(wire, plan)

    @staticmethod
    def leave(wire, plan):
        if wire is not None:
            (wire.reset if plan.reset else wire.close)()

    def ask(self, wire, plan):
        wire.send(self.bytes(plan))
        if plan.hang:
            return self.leave_early(wire, plan)
        status, headers = wire.head()
        body = wire.body(status, headers)
        if not wire.complete or (status == 200 and plan.stream and not body.endswith(b"data: [DONE]\n\n")):
            return ("cut",)
        return (status, None if status == 200 else json.loads(body)["error"].get("code"))

    @staticmethod
    def leave_early(wire, plan):
        """Before an answer, after its head or after so many bytes of it."""
        wire.socket.settimeout(0.1)
        try:
            if plan.hang == "early":
                time.sleep(plan.leave_s)
            elif plan.hang == "head":
                wire.head()
            else:
                wire.exactly(plan.leave_bytes)
        except socket.timeout:
            pass
        return ("left",)

    def bytes(self, plan):
        note = json.dumps({"n": plan.n, "stamp": self.wall.stamp()})
        body = {"model": plan.model, "messages": [{"role": "user", "content": note + "\n" + plan.words}],
                "customer_identifier": plan.customer, "stream": plan.stream}
        if plan.max_tokens:
            body["max_tokens"] = plan.max_tokens
        return request(json.dumps(body).encode(), key=self.keys[plan.key])
