"""Keys: how they are presented, what they may do, when they end."""
import http.client
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from gateway import KEY, TEST_KEY, sha256, wait_for
from wire import Wire, at_once, chat_body, request

DEMO = chat_body(model="demo/echo")
WRONG = "testkey1.ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
MISSING = "Authentication credentials were not provided."
INVALID = "Your API key is invalid or expired, please check your API key."


def ask(gateway, *headers, body=None, path="/api/chat/completions"):
    with Wire(gateway) as w:
        return w.ask(body or DEMO, path=path, key=None, headers=headers)


@pytest.mark.parametrize("header", [
    ("Authorization", "Bearer " + KEY), ("Authorization", "bearer   " + KEY), ("authorization", "BEARER " + KEY),
    ("Authorization", "Api-Key " + KEY), ("Authorization", "api-key " + KEY),
    ("x-api-key", KEY), ("X-Goog-Api-Key", KEY),
], ids=lambda h: "%s %s" % (h[0], h[1].split()[0][:8]))
def test_ways_to_present_a_key(running, header):
    running.provider.requests.clear()
    r = ask(running, header, body=chat_body())
    assert r.status == 200
    sent = running.provider.requests[0]
    assert sent.header("Authorization") == "Bearer sk-provider-secret"
    assert not [v for k, v in sent.headers if KEY in v]
    assert sent.header("x-api-key") is None and sent.header("x-goog-api-key") is None


@pytest.mark.parametrize("headers, status", [
    ([("x-api-key", WRONG), ("Authorization", "Bearer " + KEY)], 200),
    ([("x-api-key", KEY), ("Authorization", "Bearer " + WRONG)], 401),
    ([("x-goog-api-key", WRONG), ("x-api-key", KEY)], 200),
    ([("x-goog-api-key", KEY), ("x-api-key", WRONG)], 401),
    ([("Authorization", "Basic " + KEY), ("x-api-key", KEY)], 401),
    ([("Authorization", "Bearer "), ("x-api-key", KEY)], 401),
    ([("Authorization", KEY)], 401),
])
def test_the_first_place_counts(running, headers, status):
    assert ask(running, *headers).status == status


def test_repeated_authorization(running):
    r = ask(running, ("Authorization", "Bearer " + KEY), ("Authorization", "Bearer " + KEY))
    assert (r.status, r.code) == (400, "invalid_header")


def test_no_key_in_the_query_of_chat(running):
    r = ask(running, path="/api/chat/completions?key=" + KEY)
    assert (r.status, r.code) == (401, "missing_api_key")


def refused(message, code):
    return {"detail": message, "error": {"message": message, "type": "respan_error",
                                         "param": None, "code": code}}


def test_refusals_to_the_letter(running):
    r = ask(running)
    assert r.status == 401 and r.json == refused(MISSING, "missing_api_key")
    bad = [WRONG, "unknown1." + KEY[9:], KEY + "x", KEY[:-1], "testkey1", ".", "a", "testkey1.", "demo1", "x" * 500]
    for key in bad:
        r = ask(running, ("Authorization", "Bearer " + key))
        assert r.status == 401 and r.json == refused(INVALID, "invalid_api_key"), key
        assert r.headers["www-authenticate"] == 'Bearer realm="holdfast"'
    assert ask(running, ("Authorization", b"Bearer \xff\xfe".decode("latin-1"))).status in (400, 401)


def test_a_wrong_secret_beside_the_right_one(gateway):
    """A worker that has seen the right secret still knows a wrong one."""
    wrong = [KEY[:i] + ("A" if KEY[i] != "A" else "B") + KEY[i + 1:] for i in (9, 20, len(KEY) - 1)]
    for _ in range(4):
        for key, status in [(KEY, 200)] + [(k, 401) for k in wrong]:
            assert gateway.chat(model="demo/echo", key=key).status == status


def test_the_body_is_not_read_before_the_key(running):
    with Wire(running) as w:
        w.send(request(key=WRONG, headers=(("Content-Length", "1000000"),)))
        assert w.reply().status == 401


def new_key(gateway, *options, environment="prod"):
    return gateway.ctl_json("key", "new", "--name", "made", "--environment", environment, *options)


def test_guessing_is_slow(gateway):
    """Twenty failures a minute, over all workers; who has a key is not slowed."""
    def ask(key):
        began = time.monotonic()
        status = gateway.chat(model="demo/echo", key=key).status
        return status, time.monotonic() - began

    got = at_once(5, lambda i: [ask("wrong%d" % n) for n in range(4)])
    assert all(status == 401 and took < 0.9 for part in got for status, took in part)
    guesses = at_once(4, lambda i: ask(KEY) if i == 0 else ask("wrong"))
    assert [status for status, _ in guesses] == [200, 401, 401, 401]
    assert guesses[0][1] < 0.9
    assert all(1 <= took < 3 for _, took in guesses[1:])
    elsewhere = http.client.HTTPConnection("127.0.0.1", gateway.port, source_address=("127.0.0.2", 0))
    began = time.monotonic()
    elsewhere.request("POST", "/api/chat/completions", chat_body(), {"Authorization": "Bearer wrong"})
    assert elsewhere.getresponse().status == 401 and time.monotonic() - began < 0.9
    elsewhere.close()


def test_a_guesser_that_leaves(gateway):
    """Its request ends with it."""
    for _ in range(20):
        gateway.chat(key="wrong")
    with Wire(gateway) as w:
        w.send(request(chat_body(), key="wrong"))
        time.sleep(0.2)
    wait_for(lambda: gateway.ctl_json("status")["requests_in_flight"] == 0, 0.7, "the request to end")


def test_new_key_works_at_once_and_ends_at_once_on_all_workers(make_gateway):
    g = make_gateway(workers=3)
    for _ in range(5):
        made = new_key(g)
        key, prefix = made["api_key"], made["key"]["prefix"]
        assert key.startswith(prefix + ".") and len(key) == 41
        wires = [Wire(g) for _ in range(24)]
        assert at_once(24, lambda i: wires[i].ask(DEMO, key=key).status) == [200] * 24
        g.ctl("key", "revoke", prefix)
        # On connections that were used with it, and on new ones.
        assert at_once(24, lambda i: wires[i].ask(DEMO, key=key).status) == [401] * 24
        for w in wires:
            w.close()
        assert g.chat(model="demo/echo", key=key).json == refused(INVALID, "invalid_api_key")
    assert g.chat(model="demo/echo").status == 200
    assert KEY.split(".")[1] not in g.log() and key.split(".")[1] not in g.log()


def test_a_stream_outlives_its_key(make_gateway, provider):
    import threading
    from provider import LAST_CHUNK, chunked, sse_body, sse_head, stream_events
    go, events = threading.Event(), stream_events(["a", "b"])
    provider.answer = lambda r: [sse_head() + chunked(sse_body(events[:2])), ("event", go),
                                 chunked(sse_body(events[2:])) + LAST_CHUNK]
    g = make_gateway()
    made = new_key(g)
    with Wire(g) as w:
        w.send(request(chat_body(stream=True), key=made["api_key"]))
        status, headers = w.head()
        g.ctl("key", "revoke", made["key"]["prefix"])
        go.set()
        assert w.body(status, headers).endswith(b"data: [DONE]\n\n")
        assert w.ask(DEMO, key=made["api_key"]).status == 401


def test_keys_survive_a_restart_and_a_crash(make_gateway):
    g = make_gateway()
    kept, ended = new_key(g), new_key(g)
    g.ctl("key", "revoke", ended["key"]["prefix"])
    g.process.kill()
    g.process.wait()
    wait_for(lambda: not g.children(), 5, "the children to end")
    g.start()
    assert g.chat(model="demo/echo", key=kept["api_key"]).status == 200
    assert g.chat(model="demo/echo", key=ended["api_key"]).status == 401


def test_expired_key(make_gateway):
    g = with_keys(make_gateway, keyended='expiry_date = "2020-01-01";')
    later = new_key(g, "--expires", "2099-01-01")
    assert g.chat(model="demo/echo", key=key_of("keyended")).json == refused(INVALID, "invalid_api_key")
    assert g.chat(model="demo/echo", key=later["api_key"]).status == 200


def test_a_key_ends_at_its_second(gateway):
    """In all workers, without a word to them."""
    end = int(time.time()) + 3
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    key = new_key(gateway, "--expires", stamp)["api_key"]
    while True:
        before, status, after = time.time(), gateway.chat(model="demo/echo", key=key).status, time.time()
        assert status == 200 if after < end else status == 401 if before >= end else status in (200, 401)
        if before >= end + 0.5:
            break
        time.sleep(0.02)
    r = gateway.chat(model="demo/echo", key=key)
    assert r.json == refused(INVALID, "invalid_api_key")


def test_environments_are_apart(gateway):
    assert gateway.chat(customer_identifier="c").status == 200
    assert gateway.chat(customer_identifier="d", key=TEST_KEY).status == 200
    gateway.at_rest()
    assert gateway.account("c") and gateway.account("d", environment="test")
    assert gateway.account("d") is None and gateway.account("c", environment="test") is None
    wait_for(lambda: len(gateway.records()) == 2, 5, "the records")
    assert {r["customer_identifier"]: r["environment"] for r in gateway.records()} == {"c": "prod", "d": "test"}


def keys(**lists):
    """Settings of further keys that differ from TEST_KEY in one member."""
    out = []
    for prefix, member in lists.items():
        out.append('{ prefix = "%s"; name = "%s"; environment = "prod"; sha256 = "%s"; %s }' %
                   (prefix, prefix, sha256(KEY), member))
    return ", ".join(out)


def with_keys(make_gateway, **lists):
    g = make_gateway(start=False)
    g.text = g.text.replace("keys = (", "keys = ( %s," % keys(**lists))
    return g.start()


def key_of(prefix):
    return prefix + "." + KEY.split(".")[1]


def test_what_a_key_may_do(make_gateway, provider):
    g = with_keys(make_gateway,
                  keymodel='models = [ "demo/*" ];',
                  keyslugs='models = [ "test-model" ];',
                  keycusto='customers = [ "ada", "team-*" ];',
                  keyaddrs='addresses = [ "10.0.0.0/8", "fd00::/8" ];',
                  keylocal='addresses = [ "127.0.0.0/8" ];',
                  keyscope='scopes = [ "platform" ];',
                  keygateo='scopes = [ "gateway" ];')
    r = g.chat(key=key_of("keymodel"))
    assert (r.status, r.code, r.json["error"]["param"]) == (403, "model_not_permitted", "model")
    assert g.chat(key=key_of("keymodel"), model="demo/lorem").status == 200
    assert g.chat(key=key_of("keyslugs")).status == 200
    assert g.chat(key=key_of("keyslugs"), model="demo/echo").status == 403

    for customer, status in (("ada", 200), ("team-1", 200), ("eve", 403), ("ada2", 403)):
        r = g.chat(key=key_of("keycusto"), customer_identifier=customer)
        assert r.status == status, customer
        if status == 403:
            assert (r.code, r.json["error"]["param"]) == ("key_not_permitted", "customer_identifier")

    assert g.chat(key=key_of("keyaddrs")).code == "ip_not_allowed"
    assert g.chat(key=key_of("keyaddrs")).status == 403
    assert g.chat(key=key_of("keylocal")).status == 200

    r = g.chat(key=key_of("keyscope"))
    assert (r.status, r.code) == (403, "key_not_permitted")
    assert r.json["error"]["message"] == "This key lacks the scope 'gateway'."

    # Without customer_write the limits of customer_params are ignored, aloud.
    r = g.chat(key=key_of("keygateo"), customer_params={"customer_identifier": "w", "period_budget": 0})
    assert r.status == 200 and "customer_params" in r.headers["warning-holdfast"]
    g.at_rest()
    assert not [a for a in g.ctl_json("debug", "dump")["accounts"] if a["limit"] == 0]


def test_model_list_shows_what_the_key_may_use(make_gateway):
    g = with_keys(make_gateway, keyslugs='models = [ "test-model" ];')
    listed = g.get("/api/models", key=key_of("keyslugs")).json["data"]
    assert [m["id"] for m in listed] == ["test-model"]
    assert {"test-model", "demo/echo"} <= {m["id"] for m in g.get("/v1/models").json["data"]}
    assert g.get("/v1/models/demo/echo", key=key_of("keyslugs")).status == 404


# ---- the demo key ----------------------------------------------------------

def test_demo_key(running):
    bearer = ("Authorization", "Bearer demo")
    assert ask(running, bearer).status == 200
    assert ask(running, ("x-api-key", "demo")).status == 200
    for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", "x-forwarded-for"):
        r = ask(running, bearer, (name, "1.2.3.4"))
        assert (r.status, r.code) == (401, "invalid_api_key"), name
    r = ask(running, bearer, body=chat_body())
    assert (r.status, r.code) == (403, "model_not_permitted")
    assert r.json["error"]["message"].endswith("Create a key with: holdfastctl key new")
    record = running.record(ask(running, bearer).headers["x-respan-log-id"])
    assert (record["environment"], record["client_address"]) == ("test", "127.0.0.1")


def without_demo_setting(make_gateway, with_file_keys):
    g = make_gateway(start=False)
    g.text = g.text.replace("demo = { enabled = true; directives = true; };", "")
    if not with_file_keys:
        a = g.text.index("keys = (")
        g.text = g.text[:a] + g.text[g.text.index("logs = "):]
    return g.start()


def test_demo_key_ends_with_the_first_real_key_of_the_settings(make_gateway):
    g = without_demo_setting(make_gateway, True)
    assert g.chat(model="demo/echo", key="demo").status == 401
    assert g.chat(model="demo/echo").status == 200


def test_demo_key_ends_with_the_first_real_key_that_is_made(make_gateway):
    g = without_demo_setting(make_gateway, False)
    assert g.chat(model="demo/echo", key="demo").status == 200
    made = new_key(g)
    assert at_once(12, lambda i: g.chat(model="demo/echo", key="demo").status) == [401] * 12
    assert g.chat(model="demo/echo", key=made["api_key"]).status == 200


def test_demo_key_switched_off(make_gateway):
    g = make_gateway(start=False)
    g.text = g.text.replace("demo = { enabled = true;", "demo = { enabled = false;")
    g.start()
    assert g.chat(model="demo/echo", key="demo").status == 401


def test_secrets_are_in_no_log_and_no_answer(make_gateway, provider):
    from provider import json_reply, sse_reply, stream_events
    provider.answer = lambda r: json_reply({"error": {"message": "key sk-provider-secret"}}, 400)
    g = make_gateway()
    made = new_key(g)
    answers = [g.chat(key=made["api_key"]).body, g.chat(key=made["api_key"], stream=True).body,
               g.chat(key=WRONG).body,
               g.ctl("--json", "key", "list").stdout.encode(), g.ctl("--json", "debug", "dump").stdout.encode(),
               g.admin("/metrics").body]
    events = stream_events(["a"])[:2] + [{"error": {"message": "key sk-provider-secret!"}}]
    provider.answer = lambda r: sse_reply(events)
    broken = g.chat(stream=True).body
    assert b"key [redacted]!" in broken
    answers.append(broken)
    assert g.stop() == 0 and len(g.records()) >= 4
    texts = b"".join(answers) + g.log().encode() + json.dumps(g.records()).encode()
    for secret in (made["api_key"].split(".")[1], KEY.split(".")[1], WRONG.split(".")[1], "sk-provider-secret"):
        assert secret.encode() not in texts, secret


ASK = """
import http.client
c = http.client.HTTPConnection("192.0.2.1", %d, timeout=10, source_address=("%s", 0))
c.request("POST", "/api/chat/completions", body=%r, headers={"Authorization": "Bearer %s"})
r = c.getresponse()
print(r.status, r.read().decode())
"""


def test_demo_key_from_elsewhere(make_gateway):
    """Other addresses than loopback, in a network of the test's own."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a network of its own needs root and ip")
    g = make_gateway(start=False)
    g.text = g.text.replace('address = "127.0.0.1"; port = %d' % g.port, 'address = "0.0.0.0"; port = %d' % g.port)
    network = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo && exec \"$@\""
    g.start(prefix=["unshare", "-n", "sh", "-c", network, "sh"], wait=False)

    def asked(source, key):
        out = subprocess.run(["nsenter", "-t", str(g.process.pid), "-n", sys.executable, "-c",
                              ASK % (g.port, source, DEMO, key)], capture_output=True, text=True).stdout
        return out.split(" ", 1) if out else None

    assert wait_for(lambda: asked("192.0.2.1", KEY), 10, "the gateway")[0] == "200"
    status, body = asked("192.0.2.1", "demo")
    assert status == "401" and json.loads(body) == refused(INVALID, "invalid_api_key")
    assert asked("127.0.0.1", "demo")[0] == "200"
