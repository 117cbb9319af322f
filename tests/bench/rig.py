"""The processes of a benchmark: upstream, nginx, gateway, load; their CPU time
by schedstat and their memory by smaps_rollup."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request

import bodies

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, os.environ.get("O", "build"))
PROGRAMS = os.path.join(BUILD, "tests/bench")
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
CPUS = sorted(os.sched_getaffinity(0))
# The measured worker has the first to itself; all else shares the second.
MEASURED, OTHERS = {CPUS[0]}, {CPUS[min(1, len(CPUS) - 1)]}
NICE = -15  # of every process of a benchmark, where that is allowed
STARVED = 0.5  # waited for a CPU so much of what it ran: foreign load
SHEDS_MS = 250  # the gateway does when its loop comes so late
ATTEMPTS = 4


def free_port():
    """Below those that the kernel gives to clients: the load takes many."""
    while True:
        port = random.SystemRandom().randrange(10081, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise RuntimeError("waited %d s for %s" % (seconds, what))
        time.sleep(0.02)


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(p) for p in out.split()]


def name_of(pid):
    with open("/proc/%d/comm" % pid) as f:
        return f.read().strip()


def cpu_ns(pids):
    """Time on a CPU so far and time spent waiting for one, of all threads."""
    ran = waited = 0
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
                got = f.read().split()
            ran += int(got[0])
            waited += int(got[1])
    return ran, waited


def memory_kib(pids, field="Pss"):
    total = 0
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            total += sum(int(x.split()[1]) for x in f if x.startswith(field + ":"))
    return total


def settle_on(pid, cpus):
    """Its place, and precedence before whatever else the machine does; children
    that come later inherit both."""
    os.sched_setaffinity(pid, cpus)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)


@contextlib.contextmanager
def precedence():
    """The same for the session, which some kernels schedule as one group."""
    def put(nice):
        with contextlib.suppress(OSError):
            with open("/proc/self/autogroup", "w") as f:
                f.write(str(nice))
    put(NICE)
    try:
        yield
    finally:
        put(0)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Upstream:
    def __init__(self):
        self.process = subprocess.Popen([os.path.join(PROGRAMS, "upstream"), "0"],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        settle_on(self.process.pid, OTHERS)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Server:
    """What gateway and nginx have in common; path is that of a request."""

    def start(self, command, env=None):
        self.out = open(os.path.join(self.dir, "output.log"), "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out,
                                        stderr=self.out, cwd=self.dir, env=env)
        wait_for(lambda: self.alive() and self.ready(), 20, self.name + " to be ready")
        wait_for(self.find_worker, 5, "a worker of " + self.name)
        for pid in self.pids():
            settle_on(pid, MEASURED if pid == self.worker else OTHERS)

    def alive(self):
        if self.process.poll() is None:
            return True
        with open(os.path.join(self.dir, "output.log")) as f:
            raise RuntimeError("%s ended: %s" % (self.name, f.read()[-2000:]))

    def pids(self):
        return [self.process.pid] + children(self.process.pid)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.out.close()
        shutil.rmtree(self.dir, ignore_errors=True)


NGINX_CONF = """
%(user)s worker_processes 1; daemon off; pid %(dir)s/pid; error_log %(dir)s/error.log;
worker_rlimit_nofile %(files)d;
events { worker_connections %(files)d; }
http {
  access_log off; client_body_buffer_size 1m; client_max_body_size 64m;
  keepalive_requests 100000000; proxy_http_version 1.1; proxy_set_header Connection "";
  client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy;
  fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  upstream u { server 127.0.0.1:%(upstream)d; keepalive 512; keepalive_requests 100000000; }
  server { listen 127.0.0.1:%(on)d; location / { proxy_pass http://u; proxy_buffering on; } }
  server { listen 127.0.0.1:%(off)d; location / { proxy_pass http://u; proxy_buffering off; } }
}
"""


class Nginx(Server):
    """Two listeners: one buffers answers, the other does not; port is the one in use."""
    name = "nginx"

    def __init__(self, upstream, kind):
        self.dir = tempfile.mkdtemp(prefix="holdfast-bench-")
        self.path = "/%s/v1/chat/completions" % kind
        self.ports = {"on": free_port(), "off": free_port()}
        self.use("on")
        self.settings = NGINX_CONF % {
            "user": "user root;" if os.geteuid() == 0 else "", "dir": self.dir,
            "upstream": upstream.port, "files": 16384, **self.ports}
        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w") as f:
            f.write(self.settings)
        self.start([NGINX, "-p", self.dir, "-c", conf])

    def use(self, buffering):
        self.buffering = buffering
        self.port = self.ports[buffering]

    def ready(self):
        return answers(self.port)

    def find_worker(self):
        self.worker = (children(self.process.pid) or [None])[0]
        return self.worker

    def rows_of(self, sent):
        return {}


GATEWAY_CONF = """
version = 1;
server = { listen = ( { address = "127.0.0.1"; port = %(port)d; }%(tls_listen)s ); workers = 1; };
demo = { enabled = "false"; };
admin = { socket = "%(dir)s/admin.sock"; http = { port = %(admin)d; }; };
run = { path = "%(dir)s/run"; };
store = { path = "%(dir)s/store"; ledger_size = "64M"; objects_size = "64M"; };
cache = { max_size = "1G"; };
%(tls)s
providers = ( { name = "openai"; kind = "openai"; replace = true; max_connections = 20000;
  base_url = "http://127.0.0.1:%(upstream)d/%(kind)s/v1";
  credentials = ( { name = "main"; api_key = "env:BENCH_KEY"; } ); } );
models = ( { name = "bench-1"; provider = "openai"; context = 128000; max_output = 16384;
  price = { input = "0.15"; output = "0.60"; }; } );
keys = ( { prefix = "benchkey"; name = "bench"; environment = "prod"; sha256 = "%(sha256)s";
  limits = { rpm = 60000000; concurrency = 20000; }; } );
customers = { list = ( { customer_identifier = "user_123"; name = "Ada";
  period_budget = "1000000"; budget_duration = "yearly"; } ); };
logs = { ring = "%(ring)s"; %(logs)s };
"""

LOGS = {
    "jsonl": 'store = { enabled = false; }; '
             'files = ( { kind = "jsonl"; path = "%(dir)s/requests.jsonl"; } );',
    "store": 'bodies = "none"; store = { enabled = true; };',
    "store with bodies": 'bodies = "full"; store = { enabled = true; };',
}


class Gateway(Server):
    name = "gateway"
    ring = "2M"  # as the settings have it

    def __init__(self, upstream, kind, logs="jsonl", tls=False):
        self.dir = tempfile.mkdtemp(prefix="holdfast-bench-")
        os.mkdir(os.path.join(self.dir, "run"))
        self.path = "/api/chat/completions"
        self.port, self.admin, self.tls_port = free_port(), free_port(), free_port()
        self.jsonl = os.path.join(self.dir, "requests.jsonl")
        self.logs = logs
        self.kept = self.lost = 0  # rows of earlier runs, records dropped so far
        self.seen = self.lines = 0  # of the log: bytes and lines read
        self.told = 0  # bytes of its own log read
        self.settings = GATEWAY_CONF % {
            "port": self.port, "admin": self.admin, "dir": self.dir, "upstream": upstream.port,
            "kind": kind, "ring": self.ring, "sha256": bodies.KEY_SHA256, "logs": LOGS[logs] % {"dir": self.dir},
            **(self.certificate() if tls else {"tls": "", "tls_listen": ""})}
        conf = os.path.join(self.dir, "holdfast.conf")
        with open(conf, "w") as f:
            f.write(self.settings)
        self.start([os.path.join(BUILD, "holdfast"), "-c", conf],
                   dict(os.environ, BENCH_KEY="sk-bench"))

    def certificate(self):
        cert, key = (os.path.join(self.dir, x) for x in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return {"tls": 'tls = ( { name = "bench"; certificate = "%s"; key = "file:%s"; } );'
                       % (cert, key),
                "tls_listen": ', { address = "127.0.0.1"; port = %d; tls = "bench"; }'
                              % self.tls_port}

    def get(self, port, path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as r:
            return r.read().decode()

    def ready(self):
        try:
            return "true" in self.get(self.port, "/ready")
        except OSError:
            return False

    def find_worker(self):
        found = [p for p in children(self.process.pid) if name_of(p) == "holdfast:worker"]
        self.worker = found[0] if found else None
        return self.worker

    def dropped(self):
        """Records lost since the last call."""
        lines = self.get(self.admin, "/metrics").split("\n")
        now = sum(int(float(x.split()[-1])) for x in lines
                  if x.startswith("holdfast_ring_dropped_total{"))
        lost, self.lost = now - self.lost, now
        return lost

    def rows(self):
        """Lines in the log since it was emptied; the store counts its own."""
        if self.logs != "jsonl":
            db = sqlite3.connect("file:%s/store/logs.sqlite?mode=ro" % self.dir, uri=True)
            try:
                return db.execute("SELECT count(*) FROM record").fetchone()[0]
            finally:
                db.close()
        if os.path.exists(self.jsonl):
            with open(self.jsonl, "rb") as f:
                f.seek(self.seen)
                for part in iter(lambda: f.read(1 << 20), b""):
                    self.seen += len(part)
                    self.lines += part.count(b"\n")
        return self.lines

    def late_ms(self):
        """The most that the worker's loop came late since the last call; it says
        so in its log."""
        with open(os.path.join(self.dir, "output.log")) as f:
            f.seek(self.told)
            said = f.read()
            self.told = f.tell()
        return max(map(int, re.findall(r"worker\S* loop: (\d+) ms late", said)), default=0)

    def rows_of(self, sent):
        """After a run: wait until every request has its row; what there is."""
        with contextlib.suppress(RuntimeError):
            wait_for(lambda: self.rows() - self.kept >= sent, 10, "the log")
        got = {"rows": self.rows() - self.kept, "dropped": self.dropped(),
               "late_ms": self.late_ms()}
        if self.logs == "jsonl":
            os.truncate(self.jsonl, 0)
            self.seen = self.lines = 0
        else:
            self.kept += got["rows"]
        return got


class Load:
    """Runs load and takes the CPU time around it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="holdfast-bench-")
        self.serial = 0
        self.section = ""  # for the problems
        self.problems = []
        self.repeated = 0

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, server, content, seconds, connections=16, rate=0, fresh=False,
            everything=False):
        """One run's figures; everything: CPU of all processes, not only the worker.
        A run with errors in which the worker starved or came late is repeated: a
        gateway that does not get a CPU for long sheds load, and that is not what is
        measured.  (A CPU that the host takes away is no waiting, so both are asked.)"""
        for attempt in range(ATTEMPTS):
            got = self.once(server, content, [seconds, connections, rate, fresh], everything)
            wrong = self.wrong(got)
            if not wrong:
                return got
            if got["waited"] < STARVED and got.get("late_ms", 0) < SHEDS_MS:
                break
            self.repeated += 1
        self.problems.append("%s, %s: %s" % (self.section, server.name, wrong))
        return got

    def once(self, server, content, how, everything):
        seconds, connections, rate, fresh = how
        path = os.path.join(self.dir, "request")
        with open(path, "wb") as f:
            f.write(bodies.request(server.path, content, server.port))
        pids = server.pids() if everything else [server.worker]
        each, before = [cpu_ns([p])[0] for p in pids], cpu_ns(pids)
        load = subprocess.Popen(
            [os.path.join(PROGRAMS, "load"), str(server.port), str(connections), str(seconds),
             str(rate), str(int(fresh)), path, str(self.serial)],
            stdout=subprocess.PIPE, text=True)
        settle_on(load.pid, OTHERS)
        got = json.loads(load.communicate()[0])
        after = None if everything else cpu_ns(pids)
        got.update(server.rows_of(got["sent"]))
        # All of the work: with what the logger still did.
        after = after or cpu_ns(pids)
        self.serial += got["sent"]
        got["cpu_ns"] = after[0] - before[0]
        got["waited"] = (after[1] - before[1]) / max(1, got["cpu_ns"])
        got["cpu_us"] = got["cpu_ns"] / 1000 / max(1, got["requests"])
        got["processes"] = ", ".join(
            "%s %.1f" % (name_of(p), (cpu_ns([p])[0] - ran) / 1000 / max(1, got["requests"]))
            for p, ran in zip(pids, each))
        return got

    @staticmethod
    def wrong(got):
        """What must not be: failed requests, dropped records, rows that are missing."""
        keys = [k for k in ("errors", "refused", "dropped") if got.get(k, 0) != 0]
        if got["requests"] != got["sent"] or got.get("rows", got["sent"]) != got["sent"]:
            keys += ["sent", "requests", "rows"]
        if got["errors"] != 0:
            keys += ["bad_status", "late_ms", "waited"]
        return ", ".join("%s %s" % (k, got.get(k)) for k in keys)
