"""The rows of faults.py, asked of a gateway that has a provider of one dialect:
each whole and as a stream, alone, with retries, with one fallback model, and
with a provider that fails once.

Each cell has a model and a credential of its own, so that what one learns of
a provider's health (routing.md 10) is nothing to another.
"""
import collections
import json
import os
import re
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import faults
import spoken
from gateway import Gateway, nano, wait_for
from provider import Provider, completion, json_reply, sse_reply, stream_events
from test_charges import CAP, IN, OUT, bound, cut_costs
from test_money import budget
from test_tls import TlsProvider, certificate
from wire import Wire, chat_body, request

MODES = {
    "alone": {},
    "retries": {"retry_params": {"retry_enabled": True, "num_retries": 2, "retry_after": 0.05}},
    "fallback": {"fallback_models": ["spare"]},
    "mended": {"retry_params": {"retry_enabled": True, "num_retries": 2, "retry_after": 0.05}},
}
SPARE, SPARE_USAGE = "Another one", (20, 4)
WHOLE_USAGE, STREAM_USAGE = (7, 3), (41, 9)
UNREACHED = ("refused", "stranger", "other", "slammed")


class Slammed(Provider):
    """Resets whoever says a word."""

    def _serve(self, s):
        s.recv(1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


class Cell:
    def __init__(self, n, dialect, fault, streamed, mode):
        self.n, self.dialect, self.fault, self.streamed, self.mode = n, dialect, fault, streamed, mode
        self.asked, self.reply, self.record, self.spared = [], None, None, 0
        self.customer = "%s, %s" % (fault.name, "stream" if streamed else "whole")
        self.name = "%s, %s" % (self.customer, mode)
        self.shelf = dialect.__name__
        self.slug = "cell-%d" % n

    @property
    def where(self):
        return "hasty-" + ("stream" if self.streamed else "whole") if self.fault.where == "hasty" else \
            self.fault.where or "plain"

    def ask(self, gateway):
        with Wire(gateway, timeout=30) as w:
            w.send(request(chat_body(
                content="I am cell-%d." % self.n, model=self.slug, max_tokens=CAP, stream=self.streamed,
                customer_params=budget(50, customer_identifier=self.customer), **MODES[self.mode])))
            self.reply = w.reply()
            self.reply.complete = w.complete

    def answer(self, r):
        """What the provider does."""
        self.asked.append(r)
        mended = self.mode == "mended" and len(self.asked) > 1
        spare = self.fault.spares and len({caller(x) for x in self.asked}) > 1
        steps = faults.answer if mended or spare else self.fault.steps
        return faults.alone(steps(self.dialect, self.streamed))

    # -- what must come of it --

    @property
    def faulty(self):
        """Attempts that meet the fault."""
        f = self.fault
        if f.good:
            return 0
        return 3 if f.again and self.mode == "retries" else 1

    @property
    def end(self):
        """Whose answer the client has: fault, good, spare."""
        f = self.fault
        if f.good or f.spares or (self.mode == "mended" and f.again):
            return "good"
        return "spare" if self.mode == "fallback" and not f.released else "fault"

    @property
    def status(self):
        return self.dialect.status if self.fault.status is None else self.fault.status

    @property
    def usage(self):
        return STREAM_USAGE if self.streamed else WHOLE_USAGE

    def fault_cost(self):
        """(settled, suspense) of one attempt that meets the fault."""
        f = self.fault
        if f.charge == "none":
            return 0, 0
        if f.charge == "hold":
            got = bound(self.asked[0])
            return got, got - -(-len(self.asked[0].body) // 4) * IN
        return cut_costs(self.dialect, self.asked[0], len(spoken.TEXT) if f.text else 0, f.told)

    def last_cost(self):
        used = {"good": self.usage, "spare": SPARE_USAGE}.get(self.end)
        return used[0] * IN + used[1] * OUT if used else 0

    def cost(self):
        settled, doubt = self.fault_cost()
        return self.faulty * settled + self.last_cost(), self.faulty * doubt

    def attempts(self):
        """(outcome, error_class, status_code, charge) of each, in order."""
        f, out = self.fault, []
        for i in range(self.faulty):
            last = i == self.faulty - 1
            then = "retry" if not last or self.end == "good" else {"spare": "fallback"}.get(self.end, "end")
            error = f.error
            if error == "http_5xx" and self.status < 500:
                error = "http_429" if self.status == 429 else "http_4xx"
            out.append((then, error, f.logged, self.fault_cost()[0]))
        if self.end != "fault":
            out.append(("ok", None, 200, self.last_cost()))
        return out


def caller(r):
    """The credential of a request, whatever its header."""
    return next((v for k, v in r.headers if k.lower() in (
        "authorization", "x-api-key", "x-goog-api-key", "api-key")), None)


def cells_of(dialect):
    out = []
    for fault in faults.FAULTS:
        if fault.name in dialect.not_told:
            continue
        for streamed in (False, True):
            if fault.form not in ("both", "stream" if streamed else "whole"):
                continue
            for mode in MODES:
                if mode == "mended" and (fault.where in UNREACHED or not fault.again):
                    continue
                out.append(Cell(len(out), dialect, fault, streamed, mode))
    return out


class Bench:
    """A gateway and the providers of all cells of one dialect."""

    def __init__(self, dialect, where):
        self.cells = cells_of(dialect)
        self.dialect = dialect
        for name, names in (("ca", "DNS:ca.test"), ("server", "DNS:localhost,IP:127.0.0.1"),
                            ("other", "DNS:elsewhere.test")):
            certificate(where, name, names)
        certificate(where, "stranger", "DNS:localhost,IP:127.0.0.1", ca="stranger")
        self.where = where
        self.plain = Provider(self.answer)
        self.spare = Provider(self.answer_as_spare)
        self.closed = socket.socket()
        self.closed.bind(("127.0.0.1", 0))  # and nobody listens
        self.others = {"secure": TlsProvider(where, "server"), "stranger": TlsProvider(where, "stranger"),
                       "other": TlsProvider(where, "other"), "slammed": Slammed()}
        self.others["secure"].answer = self.answer
        self.gateway = Gateway(extra=self.settings())

    def close(self, failed=False):
        self.gateway.close(failed=failed)
        for p in [self.plain, self.spare, self.closed] + list(self.others.values()):
            p.close()

    def answer(self, r):
        return self.cells[int(re.search(rb"I am cell-(\d+)\.", r.body).group(1))].answer(r)

    def answer_as_spare(self, r):
        cell = self.cells[int(re.search(rb"I am cell-(\d+)\.", r.body).group(1))]
        cell.spared += 1
        return sse_reply(stream_events(SPARE.split(), SPARE_USAGE)) if cell.streamed else \
            json_reply(completion(SPARE.replace(" ", ""), *SPARE_USAGE))

    # -- settings --

    def providers(self):
        """name -> (scheme, port, further settings)."""
        http = {"plain": "", "hasty-whole": 'timeout = "1s";',
                "hasty-stream": 'first_byte_timeout = "1s"; idle_timeout = "1s";'}
        out = {name: ("http", self.plain.port, more) for name, more in http.items()}
        out["refused"] = ("http", self.closed.getsockname()[1], "")
        out.update({name: ("https", p.port, "") for name, p in self.others.items()})
        return out

    def settings(self):
        d, credentials, models = self.dialect, collections.defaultdict(list), []
        providers = self.providers()
        for cell in self.cells:
            scheme, port, _ = providers[cell.where]
            what = d.credential.replace("http://127.0.0.1:PORT", "%s://localhost:%d" % (scheme, port))
            for n in range(1 + cell.fault.spares):
                credentials[cell.where].append('{ name = "c%d-%d"; %s available_models = [ "%s" ]; }' % (
                    cell.n, n, re.sub(r'"env:(\w+)"', r'"env:\1_%d"' % n, what), cell.slug))
            models.append(model(cell.slug, cell.where, d.upstream, d.features))
        return """
routing = { rate_limit_retries = 0; };
stream = { prerelease_time = "30s"; };
providers = ( %s, { name = "others"; kind = "openai"; base_url = "http://127.0.0.1:%d/v1";
  credentials = ( { name = "main"; api_key = "env:SPOKEN_0"; } ); } );
models = ( %s );
""" % (",\n".join('{ name = "%s"; kind = "%s"; base_url = "%s://localhost:%d%s"; %s ca_file = "%s/ca.pem";'
                  ' credentials = (\n%s ); }' % (name, d.kind, scheme, port, d.base, more, self.where,
                                                ",\n".join(credentials[name]))
                  for name, (scheme, port, more) in providers.items() if credentials[name]),
            self.spare.port, ",\n".join(models + [model("spare", "others", "spare", "")]))

    def start(self):
        secrets = {}
        for n in (0, 1):
            secrets["SPOKEN_%d" % n] = "sk-spoken-%d" % n
            secrets["SPOKEN_TOKEN_%d" % n] = json.dumps({"access_token": "ya29.spoken-%d" % n})
        self.gateway.start(env=secrets)
        self.workers = wait_for(lambda: len(self.gateway.children("worker")) == self.gateway.workers and
                                self.gateway.children("worker"), 10, "the workers")

    # -- the run --

    def run(self, at_once=12):
        """Every cell is asked; then the books."""
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda c: c.ask(self.gateway), self.cells))
            self.gateway.at_rest()
            self.gateway.logged()
            customers = sorted({c.customer for c in self.cells})
            self.accounts = dict(zip(customers, pool.map(self.gateway.account, customers)))
        records = {r["id"]: r for r in self.gateway.records() if "id" in r}
        for c in self.cells:
            c.record = records.get(c.reply.headers.get("x-respan-log-id"))
        assert self.gateway.children("worker") == self.workers, self.gateway.log()

    def sum(self, customer):
        """(settled, suspense) that a customer of several cells must have."""
        return tuple(map(sum, zip(*(c.cost() for c in self.cells if c.customer == customer))))


def model(slug, provider, upstream, features):
    return ('{ name = "%s"; provider = "%s"; upstream = "%s"; context = 128000; max_output = 16384; features = [ %s ]; '
            'price = { input = "1"; output = "2"; }; }' % (slug, provider, upstream, features))


def attempts_of(record):
    return [(a["outcome"], a["error_class"], a["status_code"], nano(a["charge_nano_usd"] / 1e9))
            for a in record["attempts"]]
