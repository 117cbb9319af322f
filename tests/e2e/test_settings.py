"""Life of the daemon: settings, signals, exits."""
import json
import os
import signal
import subprocess
import threading

import pytest
from gateway import BUILD, KEY, Gateway, free_port, wait_for
from provider import (LAST_CHUNK, Provider, chunked, completion, json_reply, sse_body, sse_head,
                      sse_reply, stream_events)
from wire import Wire, at_once, chat_body, request

IN, OUT = 1000, 2000
DEMO = chat_body(model="demo/echo")
BUDGET = {"customer_identifier": "c", "period_budget": 10}


def holdfast(gateway, *args, **kw):
    gateway.write()
    return subprocess.run([os.path.join(BUILD, "holdfast"), "-c", gateway.conf] + list(args),
                          capture_output=True, text=True, timeout=20,
                          env=dict(os.environ, TEST_PROVIDER_KEY="sk-provider-secret"), **kw)


def generation(gateway):
    return gateway.ctl_json("status")["settings_generation"]


def serving(gateway):
    status = gateway.ctl_json("status")
    return status["workers"] - status["workers_draining"]


def reload(gateway, text):
    """New settings, and none of the old workers takes a connection any more."""
    before = generation(gateway)
    gateway.write(text)
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: generation(gateway) == before + 1, 10, "the next settings")
    wait_for(lambda: serving(gateway) == 2, 10, "the old workers to drain")


def with_model(text, name):
    return text.replace("models = (", 'models = ( { name = "%s"; provider = "openai"; context = 1000; '
                        'max_output = 100; price = { input = "7"; output = "8"; }; },' % name)


# ---- reload -------------------------------------------------------------------

def test_reload_changes_what_is_served(gateway):
    assert gateway.chat(model="later").status == 404
    reload(gateway, with_model(gateway.text, "later"))
    assert {gateway.chat(model="later").status for _ in range(8)} == {200}
    assert gateway.get("/v1/models/later").status == 200


def test_bad_settings_change_nothing(gateway):
    pids, good = gateway.children(), gateway.text
    for bad in (good.replace("workers = 2", "wrokers = 2"), good + "{", good.replace('"127.0.0.1"', '"nowhere"'),
                good.replace('provider = "openai"; context', 'provider = "opneai"; context')):
        gateway.write(bad)
        said = len(gateway.log())
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings not loaded" in gateway.log()[said:] or "error" in gateway.log()[said:], 10, "a refusal")
        assert gateway.chat(model="demo/echo").status == 200
    assert generation(gateway) == 1
    wait_for(lambda: gateway.children() == pids, 5, "the same processes, and no other")
    reload(gateway, good)


def test_a_reload_tells_what_changed(make_gateway):
    g = make_gateway(extra="""
customers = { list = ( { customer_identifier = "one"; period_budget = "5"; },
  { customer_identifier = "two"; }, { customer_identifier = "three"; } ); };
drain = { reload = "10m"; };""")

    def told(*changes):
        with open(g.stderr_path) as f:
            began, text = len(f.read()), g.text
            for old, new in changes:
                assert old in text, old
                text = text.replace(old, new)
            reload(g, text)
            f.seek(began)
            return [x.split("master: ", 1)[1] for x in f if "serve: " in x or "waiting for a restart" in x]

    assert told() == ["settings 2 serve: nothing changed\n"]
    assert told(('input = "1"; output = "2"', 'input = "1.25"; output = "2"; cached_input = "0.5"'),
                ('reload = "10m"', 'reload = "5m"'), ('period_budget = "5"', 'period_budget = "6"'),
                ('"three"; }', '"three"; name = "Third"; }'), ('name = "prod key"', 'name = "my key"')) == [
        "settings 3 serve: price of test-model input 1.0 -> 1.25, price of test-model cached input none -> 0.5, "
        "1 key changed, 2 customers changed, drain.reload 10m -> 5m\n"]
    later = with_model(with_model(g.text, "later"), "latest")
    assert told((g.text, later)) == ["settings 4 serve: +2 models\n"]
    assert told((', { customer_identifier = "three"; name = "Third"; }', ""),
                ('ledger_size = "64M"', 'ledger_size = "128M"')) == [
        "settings 5 serve: -1 customer, store.ledger_size 64M -> 128M\n",
        "changed, but waiting for a restart: store.ledger_size\n"]
    sixteen = ('max_body = "1M"; max_header = "16K"; header_timeout = "9s"; body_timeout = "8s"; idle_timeout = "7s"; '
               'write_timeout = "1500ms"; request_timeout = "61s"; max_connections_per_address = 7; '
               'warning_header = false; info_headers = false; public_models = false; allow_half_close = true; '
               'base_paths = [ "/api" ]; ')
    line, = told(("server = {", "server = { " + sixteen), ('reload = "5m";', 'reload = "4m"; announce = "1s"; idle = "6s";'),
                 ("cache = {", "cache = { enabled = false;"))
    assert "server.base_paths changed, server.max_body 32M -> 1M" in line
    assert "server.write_timeout 30s -> 1500ms" in line and "server.warning_header true -> false" in line
    assert line.endswith(" and 1 more\n"), line


def test_reloads_under_load_lose_nothing(gateway, provider):
    """Requests on kept and on new connections; all are answered."""
    provider.answer = lambda r: json_reply(completion())
    assert gateway.chat(customer_params=BUDGET).status == 200
    stop, kept, fresh, streams = threading.Event(), [], [], []

    def keep(out):
        w = Wire(gateway)
        while not stop.is_set() and len(out) < 50000:
            r = w.ask(chat_body(customer_identifier="c", max_tokens=5))
            out.append(r.status)
            if r.headers.get("connection") == "close":
                w.close()
                w = Wire(gateway)
        w.close()

    def renew(out):
        while not stop.is_set() and len(out) < 50000:
            out.append(gateway.chat(model="demo/echo").status)

    threads = [threading.Thread(target=f, args=(out,)) for f, out in
               ((keep, kept), (keep, kept), (renew, fresh), (renew, fresh))]
    go = threading.Event()
    events = stream_events(["x"] * 5)
    slow = [sse_head() + chunked(sse_body(events[:2])), ("event", go), chunked(sse_body(events[2:])) + LAST_CHUNK]
    for t in threads:
        t.start()
    try:
        for i in range(3):
            provider.answer = lambda r: slow if r.json.get("stream") else json_reply(completion())
            w = Wire(gateway)
            w.send(request(chat_body(stream=True)))
            streams.append((w,) + w.head())
            reload(gateway, gateway.text)
    finally:
        go.set()
        stop.set()
        for t in threads:
            t.join(20)
    assert set(kept) == {200} == set(fresh) and len(kept) > 20 and len(fresh) > 20
    for w, status, headers in streams:
        assert w.body(status, headers).endswith(b"data: [DONE]\n\n") and w.complete
        w.close()
    wait_for(lambda: len(gateway.children("worker")) == 2, 10, "the old workers to end")
    gateway.at_rest()
    row = gateway.account("c")
    asked = sum(1 for r in provider.requests if b'"max_tokens"' in r.body)
    assert (row["settled"], row["suspense"]) == (asked * (10 * IN + 5 * OUT), 0)


def test_prices_of_a_running_request_stay(gateway, provider):
    """What began under the old settings is charged by their prices."""
    go = threading.Event()
    provider.answer = lambda r: [("event", go)] + json_reply(completion())
    with Wire(gateway) as w:
        w.send(request(chat_body(customer_params=BUDGET, max_tokens=5)))
        wait_for(lambda: provider.requests, 5, "the request")
        reload(gateway, gateway.text.replace('input = "1"; output = "2"', 'input = "100"; output = "200"'))
        go.set()
        assert w.reply().headers["x-holdfast-cost"] == "0.00002"
    assert gateway.chat().headers["x-holdfast-cost"] == "0.002"


# ---- checks -------------------------------------------------------------------

def test_check_good_settings(make_gateway):
    g = make_gateway(start=False)
    done = holdfast(g, "-t")
    assert done.returncode == 0, done.stderr
    quiet = holdfast(g, "-t", "-q")
    assert quiet.returncode == 0 and not quiet.stdout
    assert not os.path.exists(g.dir + "/store")  # a check makes nothing


@pytest.mark.parametrize("old, new, said", [
    ("base_url", "base_ulr", 'unknown setting "base_ulr"'),
    ('provider = "openai"; context', 'provider = "opneai"; context', "openai"),
    ("env:TEST_PROVIDER_KEY", "sk-plain", "env:"),
    ("workers = 2", "workers = 100", "64"),
    ("version = 1", "version = 2", "version"),
    ('price = { input = "1"', 'price = { input = "-1"', "price"),
    ("demo = {", "demo {", ""),
])
def test_check_bad_settings(make_gateway, old, new, said):
    g = make_gateway(start=False)
    assert old in g.text
    line = g.text[:g.text.index(old)].count("\n") + 1
    g.text = g.text.replace(old, new)
    done = holdfast(g, "-t")
    out = done.stdout + done.stderr
    assert done.returncode == 78, out
    assert "%s:%d:" % (g.conf, line) in out and ": error: " in out, out
    assert said in out and "settings not loaded" in out
    # Starting with them is refused the same way.
    assert holdfast(g).returncode == 78


def test_all_errors_in_one_run(make_gateway):
    g = make_gateway(start=False)
    g.text = g.text.replace("base_url", "base_ulr").replace("workers = 2", "workers = 100")
    out = holdfast(g, "-t")
    assert (out.stdout + out.stderr).count(": error: ") >= 2


def test_printed_settings_are_settings(make_gateway):
    g = make_gateway(start=False)
    printed = holdfast(g, "-T")
    assert printed.returncode == 0 and "sk-provider-secret" not in printed.stdout
    g.text = printed.stdout
    again = holdfast(g, "-t")
    assert again.returncode == 0, again.stdout + again.stderr


def test_exit_codes(make_gateway, gateway):
    assert subprocess.run([os.path.join(BUILD, "holdfast"), "--nonsense"], capture_output=True).returncode == 64
    g = make_gateway(start=False)
    g.conf = g.dir + "/nowhere.conf"
    out = subprocess.run([os.path.join(BUILD, "holdfast"), "-t", "-c", g.conf], capture_output=True, text=True)
    assert out.returncode in (77, 78) and "No such file" in out.stdout + out.stderr
    # The same folder, then the same port.
    second = holdfast(gateway)
    assert second.returncode == 69, second.stderr
    other = make_gateway(start=False)
    os.makedirs(other.dir + "/run")
    other.text = other.text.replace("port = %d" % other.port, "port = %d" % gateway.port)
    taken = holdfast(other)
    assert taken.returncode == 69 and str(gateway.port) in taken.stderr, taken.stderr
    assert gateway.chat(model="demo/echo").status == 200


# ---- signals -------------------------------------------------------------------

def test_usr1_reopens_the_files(gateway):
    first = gateway.chat(model="demo/echo").headers["x-respan-log-id"]
    gateway.record(first)
    os.rename(gateway.jsonl, gateway.jsonl + ".1")
    gateway.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.exists(gateway.jsonl), 5, "a new file")
    second = gateway.chat(model="demo/echo").headers["x-respan-log-id"]
    gateway.record(second)
    assert first not in [r["id"] for r in gateway.records()]


def open_stream(gateway, provider, go, **members):
    events = stream_events(["Hello"], usage=(10, 5))
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("event", go),
                                 chunked(sse_body(events[2:])) + LAST_CHUNK]
    w = Wire(gateway)
    w.send(request(chat_body(stream=True, **members)))
    status, headers = w.head()
    assert status == 200
    return w, status, headers


def test_quit_lets_streams_finish(gateway, provider):
    go = threading.Event()
    w, status, headers = open_stream(gateway, provider, go, customer_params=BUDGET, max_tokens=50)
    gateway.process.send_signal(signal.SIGQUIT)

    def refuses():
        try:
            Wire(gateway).close()
            return False
        except OSError:
            return True

    wait_for(refuses, 5, "no new connections")
    assert gateway.process.poll() is None
    go.set()
    assert w.body(status, headers).endswith(b"data: [DONE]\n\n") and w.complete
    w.close()
    assert gateway.process.wait(10) == 0
    gateway.start()
    row = gateway.account("c")
    assert (row["settled"], row["held"], row["suspense"]) == (10 * IN + 5 * OUT, 0, 0)


def test_term_settles_and_ends(gateway, provider):
    w, status, headers = open_stream(gateway, provider, threading.Event(), customer_params=BUDGET, max_tokens=50)
    gateway.process.send_signal(signal.SIGTERM)
    body = w.body(status, headers)
    assert not w.complete and b"[DONE]" not in body
    assert json.loads(body.decode().strip().split("data: ")[-1])["error"]["code"] == "server_shutdown"
    assert gateway.process.wait(4) == 0
    w.close()
    gateway.start()
    row = gateway.account("c")
    assert row["held"] == 0 and 10 * IN + OUT <= row["settled"] <= (len(provider.requests[0].body) + 64) * IN + 50 * OUT
    spent = row["settled"] - row["suspense"]
    assert 0 < spent < row["settled"]


def test_term_answers_who_waits(gateway, provider):
    provider.answer = lambda r: [("until_gone",)]
    with Wire(gateway) as w:
        w.send(request(chat_body()))
        wait_for(lambda: provider.requests, 5, "the request")
        gateway.process.send_signal(signal.SIGTERM)
        r = w.reply()
    assert (r.status, r.code) == (503, "shutting_down")
    assert gateway.process.wait(4) == 0


def test_second_quit_is_term(gateway, provider):
    w, status, headers = open_stream(gateway, provider, threading.Event())
    gateway.process.send_signal(signal.SIGQUIT)
    wait_for(lambda: "stop" in gateway.log(), 5, "the stop to begin")
    gateway.process.send_signal(signal.SIGQUIT)
    assert b"server_shutdown" in w.body(status, headers)
    assert gateway.process.wait(4) == 0
    w.close()


def test_announced_stop(make_gateway):
    """Not ready any more, but still there for balancers to notice."""
    g = make_gateway(start=False, extra='drain = { announce = "700ms"; };')
    g.start()
    g.process.send_signal(signal.SIGQUIT)
    wait_for(lambda: g.get("/ready", key=None).status == 503, 2, "not ready")
    assert g.chat(model="demo/echo").status == 200
    assert g.process.wait(10) == 0


def test_drain_is_cut_at_its_end(make_gateway, provider):
    g = make_gateway(start=False, extra='drain = { stop = "300ms"; };')
    g.start()
    w, status, headers = open_stream(g, provider, threading.Event())
    g.process.send_signal(signal.SIGQUIT)
    assert b"server_shutdown" in w.body(status, headers) and not w.complete
    assert g.process.wait(5) == 0
    w.close()


def test_worker_killed_while_it_drains(gateway, provider):
    """A reload, and the old worker dies with its stream: charged, replaced by none."""
    w, status, headers = open_stream(gateway, provider, threading.Event(), customer_params=BUDGET, max_tokens=50)
    old = gateway.children("worker")
    reload(gateway, gateway.text)
    left = wait_for(lambda: [p for p in old if p in gateway.children("worker")] if
                    len(gateway.children("worker")) == 3 else None, 10, "one that drains")
    os.kill(left[0], signal.SIGKILL)
    w.body(status, headers)
    assert not w.complete
    w.close()
    gateway.at_rest()
    row = gateway.account("c")
    assert row["settled"] == (len(provider.requests[0].body) + 64) * IN + 50 * OUT
    assert len(gateway.children("worker")) == 2
