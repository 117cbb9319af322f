"""A gateway under valgrind or strace, and the requests that are counted there."""
import contextlib
import glob
import os
import signal
import time

import bodies
import client
import rig

ATTEMPTS = 5
LOOK = 2  # seconds of the logger: until it has seen the cache each may be a hit
STREAM = {"stream": True, "stream_options": {"include_usage": True}}

MISS = bodies.body(1024, cache_enabled=True)

# name: (what the upstream answers, requests, body, or the body of each of them)
CASES = {
    "1 KB": ("instant", 1000, bodies.body(1024)),
    "10 KB": ("instant", 500, bodies.body(10240)),
    "1 KB, cache miss": ("instant", 500, lambda i: MISS.replace(bodies.MARK.encode(), b"%012d" % i)),
    "1 KB, cache hit": ("instant", 500, MISS),
    "stream of 20 events": ("sse", 200, bodies.body(1024, **STREAM)),
}
FRESH = {"1 KB, a connection each": ("instant", 200, bodies.body(1024))}


class CountedGateway(rig.Gateway):
    """A gateway under another program, in an environment that is always the same.
    There the logger is slow, and what a miss costs depends on the room in its lane."""

    ring = "64M"

    def __init__(self, upstream, kind, under):
        self.under = under
        super().__init__(upstream, kind)

    def start(self, command, env=None):
        same = ["env", "-i", "BENCH_KEY=sk-bench", "PATH=/usr/bin:/bin", "LC_ALL=C",
                "SSL_CERT_FILE=" + min(glob.glob("/etc/ssl/certs/*.pem")),  # not all of them
                "setarch", os.uname().machine, "-R"]
        super().start(same + [x.replace("DIR", self.dir) for x in self.under] + command)

    def find_worker(self):
        """valgrind and strace stand between us and the gateway's master."""
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            todo += rig.children(pid)
            with open("/proc/%d/comm" % pid) as f:
                if f.read().strip() == "holdfast:worker":
                    self.worker = pid
                    return pid
        return None

    def quit(self):
        """End well, so that the counts are written; the folder stays."""
        with open("/proc/%d/stat" % self.worker) as f:
            master = int(f.read().split()[3])
        os.kill(master, signal.SIGQUIT)
        self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.quit()
        super().close()


def ask(gateway, body, n):
    each = body if callable(body) else lambda _: body
    if callable(body):
        time.sleep(LOOK)
    with client.Connection(gateway.port) as c:
        for i in range(n):
            c.ask(bodies.request(gateway.path, each(i), gateway.port))


def ask_fresh(gateway, body, n):
    request = bodies.request(gateway.path, body, gateway.port)
    for _ in range(n):
        with client.Connection(gateway.port) as c:
            c.ask(request)
        time.sleep(0.002)  # one that comes in the same millisecond is another case


def counted(upstream, kind, under, body, n, read, ask=ask):
    """read(folder, worker's pid) after n requests; once more when the gateway shed
    one, as it does when its loop comes late."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(client.Refused):
            return counted_once(upstream, kind, under, body, n, read, ask)
    return counted_once(upstream, kind, under, body, n, read, ask)


def counted_once(upstream, kind, under, body, n, read, ask):
    with contextlib.closing(CountedGateway(upstream, kind, under)) as gateway:
        ask(gateway, body, n)
        gateway.quit()
        return read(gateway.dir, gateway.worker)
