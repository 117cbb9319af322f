"""The sections of the benchmark.  Each takes the bench and yields its rows."""
import contextlib
import json
import subprocess
import time

import bodies
import idle
import rig
from figures import row

ROUNDS = 28
STARTS = 7
SLICE = 0.25  # seconds
US = "worker CPU us/request"
SIZES = {"1k": (1024, "1 KB"), "10k": (10240, "10 KB"), "100k": (102400, "100 KB")}
BARS = {"1k": 1.0, "10k": 1.3, "100k": 1.5}
CACHED_BARS = {"1k": 1.1, "10k": 1.3, "100k": 1.5}
EVENTS = 23  # of one stream: 20 with text, the end, the usage, [DONE]


@contextlib.contextmanager
def servers(bench, kind, **kw):
    """An upstream, a gateway and an nginx, gone afterwards."""
    with contextlib.ExitStack() as stack:
        up = stack.enter_context(contextlib.closing(rig.Upstream()))
        gateway = stack.enter_context(contextlib.closing(rig.Gateway(up, kind, **kw)))
        nginx = stack.enter_context(contextlib.closing(rig.Nginx(up, kind)))
        bench.note_settings(gateway, nginx)
        yield gateway, nginx


def rounds(runs, n=ROUNDS):
    """Run each of {name: function} in turn, n times; {name: [result, ...]}.
    The order turns around with each round."""
    out = {name: [] for name in runs}
    for i in range(n):
        for name in list(runs)[::-1 if i % 2 else 1]:
            out[name].append(runs[name]())
    return out


def over_starts(bench, kind, prepare, n):
    """n rounds of the runs that prepare(gateway, nginx) gives, in each of some starts:
    where the memory of a process lies makes a tenth."""
    out = {}
    for _ in range(STARTS):
        with servers(bench, kind) as pair:
            for name, results in rounds(prepare(*pair), n).items():
                out.setdefault(name, []).extend(results)
    return out


def cpu(results):
    return [r["cpu_us"] for r in results]


def note(bench, ours, theirs):
    def mid(results, key):
        return sorted(r[key] for r in results)[len(results) // 2]
    return "p50 %d/%d us, p99 %d/%d us, %.0f/%.0f per second, waited for a CPU %.0f/%.0f %%" % (
        mid(ours, "p50_us"), mid(theirs, "p50_us"), mid(ours, "p99_us"), mid(theirs, "p99_us"),
        mid(ours, "per_second"), mid(theirs, "per_second"),
        100 * mid(ours, "waited"), 100 * mid(theirs, "waited"))


def warm(bench, *pairs, **kw):
    for server, content in pairs:
        bench.load.run(server, content, 0.3, **kw)


def better_buffering(bench, nginx, content):
    """Give nginx the setting with which this body costs it less."""
    def cost(buffering):
        nginx.use(buffering)
        return bench.load.run(nginx, content, SLICE)["cpu_us"]
    got = rounds({b: lambda b=b: cost(b) for b in ("on", "off")}, 5)
    nginx.use(min(got, key=lambda b: sorted(got[b])[2]))


def same_buffering(bench, nginx, content, chosen):
    """The better one of the first of some starts, in all of them."""
    if not chosen:
        better_buffering(bench, nginx, content)
        chosen.append(nginx.buffering)
    nginx.use(chosen[0])


def hashed(bench, content):
    """SHA-256 over the canonical body, by itself and as one of eight, and the whole
    key, in ns."""
    path = bench.load.dir + "/body"
    with open(path, "wb") as f:
        f.write(content)
    return json.loads(subprocess.run(
        ["taskset", "-c", str(min(rig.MEASURED)), "nice", "-n", str(rig.NICE),
         rig.PROGRAMS + "/hashtime", path],
        capture_output=True, text=True, check=True).stdout)


def middle_us(results, key):
    return sorted(r[key] for r in results)[len(results) // 2] / 1000


def whole(bench, size, cached):
    """Bodies of one size, plain and, with cached, asking for the cache."""
    n, name = SIZES[size]
    plain = bodies.body(n)
    miss = bodies.body(n, cache_enabled=True)
    hit = miss.replace(bodies.MARK.encode(), b"000000000000")
    chosen = []

    def prepare(gateway, nginx):
        runs = {"gateway": lambda: bench.load.run(gateway, plain, SLICE),
                "nginx": lambda: bench.load.run(nginx, plain, SLICE)}
        if cached:
            runs["miss"] = lambda: bench.load.run(gateway, miss, SLICE)
            runs["hit"] = lambda: bench.load.run(gateway, hit, SLICE)
            runs["hash"] = lambda: hashed(bench, miss)
        warm(bench, (gateway, plain), (gateway, hit), (nginx, plain))
        same_buffering(bench, nginx, plain, chosen)
        return runs

    got = over_starts(bench, "instant", prepare, ROUNDS // STARTS)
    yield row(name, US, cpu(got["gateway"]), cpu(got["nginx"]), BARS[size],
              note=note(bench, got["gateway"], got["nginx"]) + ", buffering " + chosen[0])
    if cached:
        yield from cached_rows(size, got)


def cached_rows(size, got):
    sha, eighth, key = (middle_us(got["hash"], k) for k in ("sha256_ns", "of_eight_ns", "key_ns"))
    theirs = cpu(got["nginx"])
    bar = CACHED_BARS[size]
    if size != "1k":
        bar += sha / sorted(theirs)[len(theirs) // 2]
    for kind in ("miss", "hit"):
        yield row("%s, cache asked, %s" % (SIZES[size][1], kind), US, cpu(got[kind]), theirs, bar,
                  note="hash %.2f us, of eight at once %.2f us, whole key %.2f us" % (
                      sha, eighth, key))


def money_run():
    said = subprocess.run([rig.PROGRAMS + "/money"], capture_output=True, text=True, check=True)
    return json.loads(next(line for line in said.stdout.split("\n") if line.startswith("{")))


def money(bench):
    """Holds and settlements alone, over 1,000 limited accounts."""
    runs = [money_run() for _ in range(5)]
    yield row("hold and settlement", "worker CPU us", [r["hold_settle_ns"] / 1000 for r in runs],
              bar=1.0, kind="figure", note="two accounts, one of them everybody's")
    us = [r["settlement_us"] for r in runs]
    yield row("settlements on 1,000 accounts", "us each", us, bar=50.0, kind="figure",
              note="%.0f per second, keeper CPU %.2f us" % (
                  1e6 / sorted(us)[2], sorted(r["keeper_cpu_us"] for r in runs)[2]))


def program_run(name):
    said = subprocess.run([rig.PROGRAMS + "/" + name], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def translate(bench):
    """A streamed chunk of 250 bytes on its way between two dialects."""
    runs = [program_run("translate") for _ in range(5)]
    for case in runs[0]:
        yield row("chunk of 250 bytes " + case, "CPU us", [r[case] / 1000 for r in runs],
                  bar=5.0, kind="figure")


def choose(bench):
    """An order of the router over 200 models."""
    runs = [program_run("choose") for _ in range(5)]
    for case in runs[0]:
        yield row("best 4 of 200 models, " + case, "CPU us", [r[case] / 1000 for r in runs],
                  bar=1.0, kind="figure")


def fixed_rate(bench):
    """1 KB at a rate that leaves the worker idle half of the time."""
    content = bodies.body(1024)
    with servers(bench, "instant") as (gateway, nginx):
        warm(bench, (gateway, content), (nginx, content))
        got = rounds({s.name: lambda s=s: bench.load.run(s, content, SLICE, rate=5000)
                      for s in (gateway, nginx)})
        yield row("1 KB, 5000 per second", US, cpu(got["gateway"]), cpu(got["nginx"]),
                  note=note(bench, got["gateway"], got["nginx"]))


def big_reply(bench):
    content = bodies.body(1024)
    with servers(bench, "big") as (gateway, nginx):
        warm(bench, (gateway, content), (nginx, content))
        better_buffering(bench, nginx, content)
        got = rounds({s.name: lambda s=s: bench.load.run(s, content, SLICE)
                      for s in (gateway, nginx)})
        yield row("1 KB, reply 100 KB", US, cpu(got["gateway"]), cpu(got["nginx"]),
                  note=note(bench, got["gateway"], got["nginx"]) +
                  ", buffering " + nginx.buffering)


def stream(bench):
    """One event to a write, 20 ms apart, 200 streams at once."""
    content = bodies.body(1024, stream=True, stream_options={"include_usage": True})

    def prepare(gateway, nginx):
        nginx.use("off")
        for connections in (50, 100, 200):
            warm(bench, *((s, content) for s in (gateway, nginx)), connections=connections)
        return {s.name: lambda s=s: bench.load.run(s, content, 1.5, connections=200)
                for s in (gateway, nginx)}

    got = over_starts(bench, "drip", prepare, 3)
    events = {k: [r["cpu_us"] / EVENTS for r in v] for k, v in got.items()}
    yield row("streamed, 200 at once", "worker CPU us/event", events["gateway"],
              events["nginx"], 1.0, note="proxy_buffering off")
    yield first_byte(bench, content)


def first_byte(bench, content):
    """The caches are cold at this pace.  It has no step in common with the events of
    20 ms: at 100 a second the same streams met in every round of a start."""
    def prepare(gateway, nginx):
        nginx.use("off")
        warm(bench, *((s, content) for s in (gateway, nginx)), connections=100)
        return {s.name: lambda s=s: bench.load.run(s, content, 1, 100, rate=97)
                for s in (gateway, nginx)}

    got = over_starts(bench, "drip", prepare, 5)
    p50, p99 = ({k: [r["first_%s_us" % x] for r in v] for k, v in got.items()} for x in ("p50", "p99"))
    return row("streamed, 97 begin each second", "us to first byte, p50", p50["gateway"],
               p50["nginx"], 1.0, note="a connection each, p99 %d/%d us"
               % tuple(sorted(p99[k])[len(p99[k]) // 2] for k in ("gateway", "nginx")))


def new(bench):
    content = bodies.body(1024)
    chosen = []

    def prepare(gateway, nginx):
        warm(bench, (gateway, content), (nginx, content), fresh=True)
        same_buffering(bench, nginx, content, chosen)
        return {s.name: lambda s=s: bench.load.run(s, content, SLICE, fresh=True)
                for s in (gateway, nginx)}

    got = over_starts(bench, "instant", prepare, ROUNDS // STARTS)
    yield row("1 KB, a connection each", US, cpu(got["gateway"]), cpu(got["nginx"]), 1.0,
              note=note(bench, got["gateway"], got["nginx"]))


def all5000(bench):
    """All processes at 5 000 requests a second: nginx and the log in lines of JSON
    fifteen times 2 s, what stands beside them fifteen times 1 s."""
    content = bodies.body(1024)
    unit = "CPU us/request, all processes"
    with contextlib.ExitStack() as stack:
        up = stack.enter_context(contextlib.closing(rig.Upstream()))
        nginx = stack.enter_context(contextlib.closing(rig.Nginx(up, "instant")))
        every = {"nginx": nginx}
        for logs in rig.LOGS:
            every[logs] = stack.enter_context(
                contextlib.closing(rig.Gateway(up, "instant", logs)))
            bench.note_settings(every[logs], nginx)
        warm(bench, *((s, content) for s in every.values()), rate=5000)
        better_buffering(bench, nginx, content)
        got = rounds({k: lambda s=s, t=2 if k in ("nginx", "jsonl") else 1:
                      bench.load.run(s, content, t, 64, 5000, everything=True)
                      for k, s in every.items()}, 15)
        for logs in rig.LOGS:
            yield row("1 KB, 5000 per second, log: " + logs, unit, cpu(got[logs]),
                      cpu(got["nginx"]), 2.0 if logs == "jsonl" else None,
                      note=note(bench, got[logs], got["nginx"]) +
                      "; last round: " + got[logs][-1]["processes"])


def idle_streams(bench):
    content = bodies.body(1024, stream=True)
    with servers(bench, "stall", tls=True) as (gateway, nginx):
        bar = 8.0
        yield idle.row_of("idle stream", gateway, gateway.port, content, bar, nginx)
    with servers(bench, "stall", tls=True) as (gateway, nginx):
        yield idle.row_of("idle stream, TLS", gateway, gateway.tls_port, content, None, None)


class Memory:
    """PSS of all processes after start and long after a load.  What waits in
    between is done by others: begin() at the start of a run, rows() at its end."""
    IDLE_S = 60

    def __init__(self, bench):
        self.bench = bench
        self.up = rig.Upstream()
        self.gateway = rig.Gateway(self.up, "instant")
        time.sleep(1)
        self.at_start = rig.memory_kib(self.gateway.pids()) / 1024
        bench.load.run(self.gateway, bodies.body(1024), 5, 64)
        bench.load.run(self.gateway, bodies.body(102400), 2, 64)
        self.loaded = time.monotonic()

    def rows(self):
        time.sleep(max(0, self.loaded + self.IDLE_S - time.monotonic()))
        pids = self.gateway.pids()
        after = rig.memory_kib(pids) / 1024
        each = ", ".join("%s %.1f" % (rig.name_of(p), rig.memory_kib([p]) / 1024) for p in pids)
        unit = "MiB PSS, all processes"
        yield row("idle after start", unit, [self.at_start], bar=16, kind="figure")
        yield row("idle 60 s after load", unit, [after], bar=16, kind="figure", note=each)

    def close(self):
        self.gateway.close()
        self.up.close()
