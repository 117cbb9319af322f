"""Alerts: which are raised, what an exporter gets, and that it does get it."""
import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from gateway import BUILD, free_port, nano, wait_for
from provider import Provider, completion, head, json_reply
from test_settings import reload

SECRET = "hook-secret-of-the-test"
TAKEN = [head(200, (("Content-Length", 0),))]
HANGS = [("until_gone",)]


def status(code, *headers):
    return [head(code, (("Content-Length", 0),) + headers)]


def exporter(port, name="hook", host="http://127.0.0.1", path="/hook?a=b", more=""):
    return ('{ name = "%s"; kind = "webhook"; endpoint = "%s:%d%s"; secret = "env:HOOK_SECRET"; %s }'
            % (name, host, port, path, more))


def exporters(*each):
    return "exporters = ( %s );\n" % ", ".join(each)


def limits(dollars):
    return 'customers = { defaults = { period_budget = "%s"; budget_duration = "daily"; }; };' % dollars


# A request of test-model that costs $0.002, a fifth of the usual budget.
FIFTH = json_reply(completion(prompt=10, completion=995))
BUDGET = limits("0.01")


def spend(gateway, n=1, customer="c"):
    for _ in range(n):
        r = gateway.chat(customer_identifier=customer, max_tokens=1000)
        assert r.status == 200, r.body


@pytest.fixture
def receiver(provider):
    provider.answer = lambda request: FIFTH
    with Provider(lambda request: TAKEN) as r:
        yield r


@pytest.fixture
def start(make_gateway, receiver):
    """start(extra) runs a gateway whose exporter is the receiver."""
    def run(extra=BUDGET, more="", env=None):
        g = make_gateway(start=False, extra=extra + exporters(exporter(receiver.port, more=more)))
        return g.start(env=dict({"HOOK_SECRET": SECRET}, **env or {}))
    return run


def alerts(receiver, n, seconds=10):
    """The first n requests that the receiver got."""
    wait_for(lambda: len(receiver.requests) >= n, seconds, "%d alerts" % n)
    return receiver.requests[:n]


def pending(gateway):
    return gateway.ctl_json("status").get("alerts_pending", 0)


def settle(gateway, seconds=10):
    wait_for(lambda: pending(gateway) == 0, seconds, "no alert to be pending")


def test_each_threshold_once(start, receiver):
    g = start()
    spend(g, 2)
    g.at_rest()
    assert pending(g) == 0 and receiver.requests == []
    spend(g)
    first, = alerts(receiver, 1)
    spend(g)
    second = alerts(receiver, 2)[1]
    g.ctl("budget", "adjust", "+0.002", "--customer", "c", "--reason", "a test")
    third = alerts(receiver, 3)[2]
    g.ctl("budget", "adjust", "-0.009", "--customer", "c", "--reason", "a test")
    spend(g, 3)
    settle(g)
    time.sleep(0.5)
    assert len(receiver.requests) == 3
    assert [json.loads(r.body)["percent"] for r in (first, second, third)] == [50, 80, 100]
    assert len({json.loads(r.body)["id"] for r in (first, second, third)}) == 3


def test_body_and_signature(start, receiver):
    g = start()
    spend(g, 3, 'o"hara é')
    r, = alerts(receiver, 1)
    body = json.loads(r.body)
    assert (r.method, r.path) == ("POST", "/hook?a=b")
    assert r.header("Content-Type") == "application/json"
    assert r.header("Host") == "127.0.0.1:%d" % receiver.port
    assert r.header("X-Respan-Signature") == hmac.new(
        SECRET.encode(), r.body, hashlib.sha256).hexdigest()
    assert list(body) == ["id", "event", "time", "account", "environment", "spent", "limit",
                          "suspense", "period", "percent"]
    assert len(body["id"]) == 32 and int(body["id"], 16) > 0
    assert abs(time.mktime(time.strptime(body["time"][:19], "%Y-%m-%dT%H:%M:%S"))
               - time.mktime(time.gmtime())) < 60
    day = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime())
    assert {k: body[k] for k in list(body)[1:] if k != "time"} == {
        "event": "customer_budget_limit_reached", "account": 'customer:o"hara é',
        "environment": "prod", "spent": 0.006, "limit": 0.01, "suspense": 0.0, "period": day,
        "percent": 50}


def test_tried_again_after_an_error(start, receiver):
    answers = [status(500), TAKEN]
    receiver.answer = lambda request: answers.pop(0)
    g = start()
    spend(g, 3)
    alerts(receiver, 1)
    began = time.monotonic()
    wait_for(lambda: g.figure('holdfast_export_failures_total{exporter="hook"}') == 1)
    assert pending(g) == 1
    alerts(receiver, 2, 30)
    assert time.monotonic() - began > 8
    settle(g)
    first, second = receiver.requests
    assert first.body == second.body
    assert g.figure("holdfast_export_failures_total") == 1
    assert "exporter hook: alert %s, try 1: status 500" % json.loads(first.body)["id"] in g.log()


def test_tried_again_after_silence(start, receiver):
    answers = [HANGS, TAKEN]
    receiver.answer = lambda request: answers.pop(0)
    g = start()
    spend(g, 3)
    alerts(receiver, 1)
    began = time.monotonic()
    alerts(receiver, 2, 45)
    assert time.monotonic() - began > 18
    settle(g)
    assert receiver.requests[0].body == receiver.requests[1].body
    assert "try 1: total_timeout" in g.log()


def test_a_redirect_is_not_followed(start, receiver):
    receiver.answer = lambda request: status(
        307, ("Location", "http://127.0.0.1:%d/other" % receiver.port))
    g = start()
    spend(g, 3)
    wait_for(lambda: g.figure("holdfast_export_failures_total") == 1, 10, "a failure")
    time.sleep(1)
    assert [r.path for r in receiver.requests] == ["/hook?a=b"]
    assert pending(g) == 1


def test_another_receiver_does_not_wait(make_gateway, receiver):
    with Provider(lambda request: HANGS) as silent:
        g = make_gateway(start=False, extra=BUDGET + exporters(
            exporter(silent.port, "silent"), exporter(receiver.port), exporter(free_port(), "nobody")))
        g.start(env={"HOOK_SECRET": SECRET})
        spend(g, 4)
        alerts(receiver, 2, 3)
        assert pending(g) == 2
        assert g.figure('holdfast_export_failures_total{exporter="nobody"}') == 2
        assert g.figure('holdfast_export_failures_total{exporter="hook"}') == 0


@pytest.mark.parametrize("role", ["logger", "keeper"])
def test_killed_before_it_is_delivered(start, receiver, role):
    receiver.answer = lambda request: HANGS
    g = start()
    spend(g, 4)
    lost = alerts(receiver, 2)
    receiver.answer = lambda request: TAKEN
    before = len(receiver.requests)
    g.kill_and_wait(role)
    if role == "keeper":
        g.kill_and_wait("logger")
    alerts(receiver, before + 2, 15)
    settle(g)
    again = receiver.requests[before:]
    assert {r.body for r in again} == {r.body for r in lost}
    # And not once more by the next ones.
    n = len(receiver.requests)
    g.kill_and_wait("logger")
    g.kill_and_wait("keeper")
    time.sleep(1)
    assert len(receiver.requests) == n


def test_the_keeper_is_killed_while_it_is_delivered(start, receiver):
    receiver.answer = lambda request: [("wait", 3)] + TAKEN
    g = start()
    spend(g, 3)
    alerts(receiver, 1)
    g.kill_and_wait("keeper")
    settle(g, 15)
    assert len(receiver.requests) == 1


def test_kept_over_a_stop(start, receiver):
    receiver.answer = lambda request: status(503)
    g = start()
    spend(g, 3)
    first, = alerts(receiver, 1)
    assert g.stop() == 0
    receiver.answer = lambda request: TAKEN
    g.start(env={"HOOK_SECRET": SECRET})
    second = alerts(receiver, 2)[1]
    assert first.body == second.body
    settle(g)


def test_a_dead_receiver_slows_nothing(start, receiver):
    g = start(extra=limits("0.01"))
    receiver.answer = lambda request: HANGS

    def run():
        took = []
        for i in range(40):
            began = time.monotonic()
            spend(g, 1, "customer %d" % (i % 10))
            took.append(time.monotonic() - began)
        return sorted(took)[20]

    busy = run()  # each of ten customers passes two thresholds
    wait_for(lambda: len(receiver.requests) >= 4, 10, "tries")
    assert busy < 0.1
    began = time.monotonic()
    g.logged()
    g.at_rest()
    assert time.monotonic() - began < 2
    assert pending(g) == 20
    for i in range(10):
        row = g.account("customer %d" % i)
        assert (row["settled"], row["held"]) == (8000000, 0)
    assert g.ctl("audit").returncode == 0


def test_events_that_are_wanted(start, receiver):
    g = start(more='events = [ "overrun" ];')
    spend(g, 3)
    g.at_rest()
    time.sleep(0.5)
    assert receiver.requests == [] and pending(g) == 0


def test_reload(start, receiver):
    g = start(more="enabled = false;")
    spend(g, 3)
    g.at_rest()
    reload(g, g.text.replace("enabled = false;", "").replace("/hook?", "/second?"))
    spend(g)
    r, = alerts(receiver, 1)
    assert r.path == "/second?a=b"
    assert json.loads(r.body)["percent"] == 80  # 50 was passed before anybody asked
    settle(g)
    # One that is taken out waits for nobody.
    receiver.answer = lambda request: status(500)
    g.ctl("budget", "adjust", "+0.002", "--customer", "c", "--reason", "a test")
    alerts(receiver, 2)
    assert pending(g) == 1
    reload(g, g.text.replace('"webhook";', '"webhook"; enabled = false;'))
    settle(g)


def test_other_percents_after_a_reload(start, receiver):
    g = start(extra=BUDGET + "budgets = { alert_at = [ 30 ]; };\n")
    spend(g, 2)
    assert json.loads(alerts(receiver, 1)[0].body)["percent"] == 30
    reload(g, g.text.replace("[ 30 ]", "[ 10, 30, 60 ]"))
    spend(g)
    assert json.loads(alerts(receiver, 2)[1].body)["percent"] == 60
    settle(g)


def test_a_lowered_limit(start, receiver):
    g = start(extra=limits("1"))
    spend(g)
    r = g.chat(customer_params={"customer_identifier": "c", "period_budget": 0.002,
                                "budget_duration": "daily"})
    assert r.status == 429
    got = [json.loads(r.body) for r in alerts(receiver, 3)]
    assert sorted(x["percent"] for x in got) == [50, 80, 100]
    assert {(x["spent"], x["limit"]) for x in got} == {(0.002, 0.002)}


def test_credits(start, receiver):
    g = start(extra='organization = { credits = "0.01"; };\n')
    spend(g, 3)
    body = json.loads(alerts(receiver, 1)[0].body)
    assert {k: body[k] for k in ("event", "account", "environment", "spent", "limit", "period",
                                 "percent")} == {
        "event": "credit_low_balance_threshold_reached", "account": "organization-credits",
        "environment": None, "spent": 0.006, "limit": 0.01, "period": None, "percent": 50}


def test_suspense_and_overrun(start, receiver, provider):
    g = start(extra=limits("1"))
    reply = completion()
    del reply["usage"]
    provider.answer = lambda request: json_reply(reply)
    spend(g)
    body = json.loads(alerts(receiver, 1)[0].body)
    assert (body["event"], body["account"], body["percent"]) == ("suspense_created", "customer:c", None)
    assert body["suspense"] > 0
    provider.answer = lambda request: json_reply(completion(prompt=100000, completion=5))
    spend(g)
    spend(g)
    body = json.loads(alerts(receiver, 2)[1].body)
    assert (body["event"], body["account"], body["spent"] > 0.1) == ("overrun", "customer:c", True)
    settle(g)
    # What the bills passed their holds by, though both were within the limit.
    billed, held = 2 * (100000 + 5 * 2) * 1000, 0
    for r in [r for r in g.records() if r["usage_source"] == "provider"]:
        held += nano(r["hold"])
    assert nano(g.figure("holdfast_budget_overrun_dollars_total")) == billed - held
    time.sleep(0.3)
    assert len(receiver.requests) == 2
    # Released and there again: another alert, with another id.
    g.ctl("budget", "suspense", "release", "customer:c", "all", "--reason", "a test")
    provider.answer = lambda request: json_reply(reply)
    spend(g)
    third = json.loads(alerts(receiver, 3)[2].body)
    assert third["event"] == "suspense_created"
    assert third["id"] != json.loads(receiver.requests[0].body)["id"]


def test_the_ledger_is_gone(start, receiver):
    g = start()
    # A keeper that cannot start ends the master that is starting itself.
    wait_for(lambda: g.ctl_json("status")["workers"] == 2, 10, "both workers")
    spend(g)
    g.at_rest()
    ledger = os.path.join(g.dir, "store", "ledger")
    os.rename(ledger, ledger + ".away")
    open(ledger, "w").close()
    os.kill(g.child("keeper"), signal.SIGKILL)
    r, = alerts(receiver, 1, 15)
    body = json.loads(r.body)
    assert body.pop("time").endswith("Z") and len(body.pop("id")) == 32
    assert body == {"event": "ledger_unavailable", "account": None, "environment": None,
                    "spent": None, "limit": None, "suspense": None, "period": None,
                    "percent": None}
    g.kill_and_wait("logger")
    again = alerts(receiver, 2, 15)[1]
    assert json.loads(again.body)["id"] == json.loads(r.body)["id"]
    os.unlink(ledger)
    os.rename(ledger + ".away", ledger)
    wait_for(g.ready, 40, "the keeper")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    made = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", str(made / "key.pem"), "-out", str(made / "cert.pem")],
                   check=True, capture_output=True)
    return made


@pytest.mark.parametrize("trusted", [True, False])
def test_tls(make_gateway, receiver, certificate, trusted):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate / "cert.pem"), str(certificate / "key.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def serve():
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as s:
                    got.append(s.recv(65536))
                    s.sendall(TAKEN[0])
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    g = make_gateway(start=False, extra=BUDGET + exporters(
        exporter(listener.getsockname()[1], host="https://127.0.0.1")))
    env = {"HOOK_SECRET": SECRET}
    if trusted:
        env["SSL_CERT_FILE"] = str(certificate / "cert.pem")
    g.start(env=env)
    spend(g, 3)
    if trusted:
        wait_for(lambda: got and pending(g) == 0, 10, "the alert")
        assert b"X-Respan-Signature: " in got[0]
    else:
        wait_for(lambda: g.figure("holdfast_export_failures_total") == 1, 10, "a failure")
        assert got in ([], [b""]) and pending(g) == 1
        assert "try 1: tls" in g.log()
    listener.close()


def test_the_secret_is_nowhere(start, receiver):
    receiver.answer = lambda request: status(500)
    g = start()
    spend(g, 3)
    wait_for(lambda: g.figure("holdfast_export_failures_total") == 1, 10, "a failure")
    seen = [g.ctl("--json", *verb).stdout for verb in (["status"], ["config"], ["debug", "dump"])]
    seen.append(g.admin("/metrics").body.decode())
    seen.append(subprocess.run([os.path.join(BUILD, "holdfast"), "-T", "-c", g.conf],
                               capture_output=True, text=True,
                               env=dict(os.environ, HOOK_SECRET=SECRET,
                                        TEST_PROVIDER_KEY="x")).stdout)
    assert "env:HOOK_SECRET" in seen[-1]
    for folder, _, files in os.walk(g.dir):
        for path in (os.path.join(folder, name) for name in files):
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                seen.append(f.read().decode("latin-1"))
    assert not any(SECRET in text for text in seen)
