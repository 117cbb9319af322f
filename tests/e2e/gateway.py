"""A gateway of its own for a test: settings, folder, ports, processes.

Everything listens on 127.0.0.1 on ports picked at start; the folder goes with
the test, and stays, with its path printed, when the gateway did not end well.
"""
import collections
import datetime
import glob
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TREE, os.environ.get("O", "build"))
SHARED = os.environ.get("HOLDFAST_SHARED", os.path.join(TREE, "..", "shared"))

KEY = "testkey1.abcdefghijklmnopqrstuvwxyz012345"
TEST_KEY = "testkey2.abcdefghijklmnopqrstuvwxyz012345"  # environment test
# To read all of the system's authorities takes a third of the time of a start.
AN_AUTHORITY = min(glob.glob("/etc/ssl/certs/*.pem"))


def arrived(record):
    """When a record's request came, as time.time() tells it."""
    return datetime.datetime.fromisoformat(record["timestamp"].replace("Z", "+00:00")).timestamp()


# Bound to ports that were given out and may not be listened on yet.
reserved = collections.deque(maxlen=200)


def free_port():
    """One of our own, below those that the kernel gives to clients and above
    10080, the last that fetch() refuses to ask.

    It stays bound, so that no other test process is given it before it is
    listened on; who listens may, with SO_REUSEADDR, for this socket does not."""
    while True:
        port = random.SystemRandom().randrange(10081, 32000)
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            s.close()
            continue
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.append(s)
        return port


def children_of(pid):
    """Pids of a process with one thread; none of one that is gone."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def command_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().rstrip("\n")
    except OSError:
        return None


def wait_for(condition, seconds=10, what="a condition"):
    """Poll until condition() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited %s s for %s" % (seconds, what))
        time.sleep(0.01)


def nano(dollars):
    """A figure of the books in nano-USD; None for no limit."""
    return None if dollars is None else round(dollars * 10**9)


def slow_disk(tmp_path, ms, file=None):
    """The environment of a gateway whose fdatasync() takes so long, or whose
    write() to one file."""
    made = str(tmp_path / "slow_disk.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_disk.c")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", made, source], check=True)
    return dict({"LD_PRELOAD": made, "SLOW_DISK_MS": str(ms)}, **{"SLOW_DISK_FILE": file} if file else {})


def sha256(key):
    return hashlib.sha256(key.split(".")[1].encode()).hexdigest()


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # lower-case names
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def events(self):
        """The data of each event of a stream."""
        return [e[6:] for e in self.body.decode().split("\n\n") if e.startswith("data: ")]


class JsonLines:
    """The JSON lines of a file that grows, each read once: a test that polls
    for its record would else read those of all before it again and again."""

    def __init__(self, path):
        self.path, self.inode, self.offset, self.lines = path, None, 0, []

    def read(self):
        """The whole lines so far, of the file that has the name now."""
        try:
            with open(self.path, "rb") as f:
                now = os.fstat(f.fileno())
                if now.st_ino != self.inode or now.st_size < self.offset:
                    self.inode, self.offset, self.lines = now.st_ino, 0, []
                f.seek(self.offset)
                whole = f.read()
        except FileNotFoundError:
            return []
        whole = whole[:whole.rfind(b"\n") + 1]  # the last may still be written
        self.offset += len(whole)
        self.lines += [json.loads(x) for x in whole.splitlines()]
        return list(self.lines)


class Gateway:
    """gateway = Gateway(providers=..., ...); gateway.start()"""

    def __init__(self, provider_port=None, workers=2, extra="", provider="", models="",
                 provider_name="openai", base_path="/v1", listen="", admin_http=""):
        self.dir = tempfile.mkdtemp(prefix="holdfast-test-")
        self.port = free_port()
        self.admin_port = free_port()
        self.socket = os.path.join(self.dir, "admin.sock")
        self.jsonl = os.path.join(self.dir, "requests.jsonl")
        self.log_lines = JsonLines(self.jsonl)
        self.conf = os.path.join(self.dir, "holdfast.conf")
        self.workers = workers
        self.process = None
        self.stderr_path = os.path.join(self.dir, "stderr.log")
        providers = ""
        if provider_port:
            providers = """
providers = ( { name = "%s"; kind = "openai"; base_url = "http://127.0.0.1:%d%s"; replace = true;
  credentials = ( { name = "main"; api_key = "env:TEST_PROVIDER_KEY"; } ); %s } );
models = ( { name = "test-model"; provider = "%s"; context = 128000; max_output = 16384;
  features = [ "tools", "vision", "json_schema" ];
  price = { input = "1"; output = "2"; }; } %s );
""" % (provider_name, provider_port, base_path, provider, provider_name, models)
        self.text = """
version = 1;
server = { listen = ( { address = "127.0.0.1"; port = %d; }%s ); workers = %d; };
demo = { enabled = true; directives = true; };
admin = { socket = "%s"; http = { port = %d; %s }; };
run = { path = "%s/run"; };
store = { path = "%s/store"; ledger_size = "64M"; objects_size = "64M"; };
cache = { max_size = "64M"; };
keys = (
  { prefix = "testkey1"; name = "prod key"; environment = "prod"; sha256 = "%s"; },
  { prefix = "testkey2"; name = "test key"; environment = "test"; sha256 = "%s"; } );
logs = { files = ( { kind = "jsonl"; path = "%s"; } ); };
%s
%s
""" % (self.port, ", " + listen if listen else "", workers, self.socket, self.admin_port, admin_http, self.dir, self.dir,
            sha256(KEY), sha256(TEST_KEY), self.jsonl, providers, extra)

    def write(self, text=None):
        if text is not None:
            self.text = text
        with open(self.conf, "w") as f:
            f.write(self.text)

    def start(self, env=None, wait=True, prefix=()):
        os.makedirs(os.path.join(self.dir, "run"), exist_ok=True)
        self.write()
        environment = dict(os.environ, TEST_PROVIDER_KEY="sk-provider-secret",
                           SSL_CERT_FILE=AN_AUTHORITY)
        environment.update(env or {})
        self.stderr = open(self.stderr_path, "ab")
        self.process = subprocess.Popen(
            list(prefix) + [os.path.join(BUILD, "holdfast"), "-c", self.conf],
            stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr,
            env=environment, cwd=self.dir)
        if wait:
            wait_for(self.ready, 20, "the gateway: " + self.log())
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the gateway ended: " + self.log())
        try:
            return self.get("/ready", key=None).status == 200 and self.named()
        except OSError:
            return False

    def named(self):
        """Do all children carry the names of their roles?"""
        return "holdfast" not in map(command_of, children_of(self.process.pid))

    def log(self):
        try:
            with open(self.stderr_path) as f:
                return f.read()[-4000:]
        except OSError:
            return ""

    def stop(self, sig=signal.SIGQUIT, seconds=20):
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(sig)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the gateway did not stop: " + self.log())

    def close(self, failed=False):
        try:
            self.stop(signal.SIGTERM)
        finally:
            if self.process is not None:
                self.stderr.close()
            if failed:
                print("kept: " + self.dir)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.close(failed=kind is not None)

    # -- processes --

    def children(self, role=None):
        """Pids of the master's children, those of a role only if it is named."""
        return [p for p in children_of(self.process.pid)
                if role is None or command_of(p) == "holdfast:" + role]

    def child(self, role):
        """The first process of a role, once there is one that carries its name."""
        return wait_for(lambda: self.children(role), 10, role)[0]

    def kill_and_wait(self, role, sig=signal.SIGKILL):
        """Kill a role's only process; the pid of the one that follows."""
        old = self.child(role)
        os.kill(old, sig)
        return wait_for(lambda: [p for p in self.children(role) if p != old], 10,
                        "another " + role)[0]

    # -- requests --

    def request(self, method, path, body=None, key=KEY, headers=None, timeout=30):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        head = dict(headers or {})
        if key:
            head.setdefault("Authorization", "Bearer " + key)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            head.setdefault("Content-Type", "application/json")
            if isinstance(body, str):
                body = body.encode()
        try:
            c.request(method, path, body=body, headers=head)
            r = c.getresponse()
            return Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            c.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body, **kw):
        return self.request("POST", path, body, **kw)

    def chat(self, content="Hello", model="test-model", key=KEY, headers=None, **members):
        body = {"model": model, "messages": [{"role": "user", "content": content}]}
        body.update(members)
        return self.post("/api/chat/completions", body, key=key, headers=headers)

    def raw(self, data, timeout=10):
        """Send bytes, read until the other side closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as s:
            s.sendall(data)
            return self.read_all(s)

    @staticmethod
    def read_all(s):
        got = b""
        try:
            while True:
                part = s.recv(65536)
                if not part:
                    break
                got += part
        except (socket.timeout, ConnectionResetError):
            pass
        return got

    def admin(self, path, method="GET", body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            c.close()

    def figure(self, name):
        """The sum of a metric over its labels, or of NAME{LABELS} alone."""
        lines = self.admin("/metrics").body.decode().splitlines()
        return sum(float(x.split()[-1]) for x in lines if name in (x.split("{")[0].split(" ")[0], x.split(" ")[0]))

    # -- books --

    def ctl(self, *args, check=True):
        p = subprocess.run([os.path.join(BUILD, "holdfastctl"), "--socket", self.socket] + list(args),
                           capture_output=True, text=True, timeout=20)
        if check and p.returncode != 0:
            raise AssertionError("%s: %d\n%s%s" % (args, p.returncode, p.stdout, p.stderr))
        return p

    def ctl_json(self, *args):
        return json.loads(self.ctl("--json", *args).stdout)

    def account(self, customer, environment="prod", period="period"):
        """The row of a customer, in nano-USD: limit, settled, held, suspense, lease."""
        done = self.ctl("--json", "budget", "show", customer, "--environment", environment,
                        check=False)
        rows = [r for r in json.loads(done.stdout or '{"results":[]}').get("results", [])
                if r["period"] == period]
        if not rows:
            return None
        return {k: nano(rows[-1][k]) for k in ("limit", "settled", "held", "suspense", "lease")}

    def at_rest(self, seconds=5):
        """Wait until nothing is in flight, held or unapplied; the dump."""
        def rest():
            dump = self.ctl_json("debug", "dump")
            still = all(s["money"]["head"] == s["money"]["tail"] and
                        not any(s.get("slots", {}).values()) for s in dump["seats"])
            held = any(a["held"] for a in dump["accounts"])
            return dump if still and not held else None
        return wait_for(rest, seconds, "the books to come to rest")

    def logged(self):
        """Wait until the logger has taken and committed all there is."""
        wait_for(lambda: all(s["log"]["head"] == s["log"]["tail"] for s in
                             self.ctl_json("debug", "dump")["seats"]), 5, "the logger")

    def reserved(self):
        """nano-USD that requests in flight hold, of all accounts."""
        return sum(nano(a["held"]) for a in self.ctl_json("debug", "dump")["accounts"])

    def records(self):
        """The request records so far, oldest first."""
        return self.log_lines.read()

    def workers_served(self, at_least=0.2, workers=2, since=0):
        """Each worker had its share of the requests that came since then
        (time.time())."""
        self.logged()
        shares = collections.Counter(r["worker"] for r in self.records()
                                     if "timestamp" in r and arrived(r) >= since)
        assert len(shares) >= workers, shares
        assert min(shares.values()) >= at_least * sum(shares.values()), shares

    def record(self, log_id):
        """The record with this id, once it is written."""
        def find():
            return [r for r in self.records() if r.get("id") == log_id]
        return wait_for(find, 5, "record " + log_id)[0]
