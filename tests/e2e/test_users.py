"""Customers over the platform API: on the gateway's listener for keys with the
scope platform, on the admin listener with the token (platform.md 1 to 3, 8)."""
import contextlib
import json
import os
import signal
import socket
import sqlite3
import threading
import urllib.parse
from concurrent import futures

import pytest

from gateway import KEY, TEST_KEY, sha256, wait_for
from provider import completion, json_reply

GATEWAY_KEY = "testkey3.abcdefghijklmnopqrstuvwxyz012345"  # may not call the platform API
ADDRESS_KEY = "testkey4.abcdefghijklmnopqrstuvwxyz012345"  # from elsewhere only
TOKEN = "an-admin-token"
FILE = "This object is defined in the settings file."
FORBIDDEN = "You do not have permission to perform this action."
DATE = "timestamp has to be a valid ISO 8601 formatted date-string YYYY-MM-DD"

SETTINGS = {
    "admin_http": 'token = "env:ADMIN_TOKEN";',
    "extra": """
platform = { rate_limit = 0; };
customers = { list = ( { customer_identifier = "infile"; name = "In File"; period_budget = "5"; } ); };
""",
}


@pytest.fixture(scope="module")
def api(request):
    """A gateway with four keys and an admin token."""
    from conftest import Gateway, Provider
    os.environ["ADMIN_TOKEN"] = TOKEN
    with Provider() as p:
        g = Gateway(p.port, **SETTINGS)
        g.text = g.text.replace('keys = (', '''keys = (
  { prefix = "testkey3"; name = "gateway only"; environment = "prod"; scopes = [ "gateway" ]; sha256 = "%s"; },
  { prefix = "testkey4"; name = "elsewhere"; environment = "prod"; addresses = [ "192.0.2.0/24" ]; sha256 = "%s"; },
''' % (sha256(GATEWAY_KEY), sha256(ADDRESS_KEY)))
        g.provider = p
        g.start()
        yield g
        g.close()
    del os.environ["ADMIN_TOKEN"]


def user(name):
    return "/api/users/%s/" % urllib.parse.quote(name, safe="")


def make(g, identifier, **members):
    reply = g.request("PUT", user(identifier), members)
    assert reply.status == 201, reply.body
    return reply.json


def admin(g, path, method="GET", body=None, token=TOKEN, **headers):
    if token:
        headers["Authorization"] = "Bearer " + token
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    return g.admin(path, method, body, headers)


# -- who may call --

@pytest.mark.parametrize("key, status, detail", [
    (None, 401, "Authentication credentials were not provided."),
    ("testkey1.abcdefghijklmnopqrstuvwxyz012346", 401,
     "Your API key is invalid or expired, please check your API key."),
    (GATEWAY_KEY, 403, FORBIDDEN),
    (ADDRESS_KEY, 403, FORBIDDEN),
    (KEY, 404, "Not found."),
])
def test_who_may_call(api, key, status, detail):
    reply = api.get("/api/users/nobody/", key=key)
    assert (reply.status, reply.json["detail"]) == (status, detail)
    assert reply.headers["content-type"] == "application/json"
    if status == 401:
        assert reply.json["error"]["message"] == detail
        assert reply.json["error"]["type"] == "respan_error"


def test_keys_on_the_admin_listener(api):
    """Their own environment, their scopes and addresses, and no throttle."""
    make(api, "sides", name="of prod")
    assert admin(api, user("sides"), token=KEY).json["name"] == "of prod"
    assert admin(api, user("sides"), token=TEST_KEY).status == 404
    for key in (GATEWAY_KEY, ADDRESS_KEY):
        reply = admin(api, user("sides"), token=key)
        assert (reply.status, reply.json) == (403, {"detail": FORBIDDEN})
    new = api.ctl_json("key", "new", "--name", "stored")
    assert admin(api, user("sides"), token=new["api_key"]).status == 200
    api.ctl("key", "revoke", new["key"]["prefix"])
    assert admin(api, user("sides"), token=new["api_key"]).status == 401


def test_admin_token(make_gateway, monkeypatch):
    """Five wrong ones, and the next has to wait, right or wrong."""
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    g = make_gateway(**SETTINGS)
    assert admin(g, "/api/users/infile/").json["name"] == "In File"
    assert admin(g, "/api/users/infile/", token=None).status == 401
    for wrong in ("wrong", TOKEN[:-1], TOKEN + "x", KEY[:-1] + "x", "x"):
        reply = admin(g, "/api/users/infile/", Authorization="Bearer " + wrong, token=None)
        assert (reply.status, list(reply.json)) == (401, ["detail", "error"])
        assert reply.json["detail"].startswith("Your API key is invalid")
    reply = admin(g, "/api/users/infile/")
    assert (reply.status, reply.json["retry_after"]) == (429, 60)
    assert reply.headers["retry-after"] == "60"
    assert g.admin("/health").status == 200


def test_admin_token_follows_a_reload(make_gateway):
    g = make_gateway(start=False)
    path = os.path.join(g.dir, "token")

    def put(token):
        with open(path, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(token)
    put("first")
    g.text = g.text.replace("http = {", 'http = { token = "file:%s";' % path)
    g.start()
    assert admin(g, "/api/users/", token="first").status == 200
    put("second")
    g.process.send_signal(signal.SIGHUP)
    wait_for(lambda: g.ctl_json("status")["settings_generation"] == 2, 10, "the reload")
    assert admin(g, "/api/users/", token="second").status == 200
    assert admin(g, "/api/users/", token="first").status == 401


def test_no_token_no_api(running_without_token):
    assert running_without_token.admin("/api/users/x/").status == 404
    assert running_without_token.request("GET", "/api/users/x/").status == 404


@pytest.fixture
def running_without_token(make_gateway):
    return make_gateway()


def test_platform_may_be_off(make_gateway):
    g = make_gateway(start=False)
    g.text = g.text.replace("server = {", "server = { platform = false;")
    g.start()
    assert g.get("/api/users/").json["error"]["code"] == "unknown_path"


def test_environments(api):
    make(api, "environed", name="prod one")
    assert api.get(user("environed"), key=TEST_KEY).status == 404
    assert api.get(user("environed") + "?environment=prod", key=TEST_KEY).json["name"] == "prod one"
    assert api.get(user("environed") + "?environment=test").status == 404
    reply = api.get(user("environed") + "?environment=dev")
    assert (reply.status, reply.json) == (400, {"environment": ['"dev" is not a valid choice.']})
    assert api.get(user("environed") + "?organization=default").status == 200
    assert api.get(user("environed") + "?organization=other").status == 404


def test_throttle(make_gateway, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", TOKEN)
    g = make_gateway(admin_http=SETTINGS["admin_http"], extra="platform = { rate_limit = 3; };")
    replies = [g.get("/api/users/", key=key) for key in (KEY, TEST_KEY) * 2]
    assert [r.status for r in replies] == [200, 200, 200, 429]
    wait = int(replies[3].headers["retry-after"])
    assert 0 < wait <= 20
    assert replies[3].json == {"detail": "Rate limit exceeded", "retry_after": wait}
    assert admin(g, "/api/users/").status == 200
    assert g.chat().status == 200
    # What is refused before it is a request of the API takes nothing.
    assert g.get("/api/users/", key=None).status == 401


def test_a_client_cannot_say_who_it_is(api):
    make(api, "told", name="of prod")
    for name, value in (("x-holdfast-environment", "test"), ("x-holdfast-key", "testkey2")):
        assert api.get(user("told"), headers={name: value}).json["name"] == "of prod"


# -- one customer --

def test_create_change_delete(api):
    got = make(api, "whole", name="John Doe", email="john@example.com", group_identifier="g",
               period_budget=100.5, budget_duration="weekly", period_start="2026-01-01",
               total_budget="1e3", markup_percentage=20.001, rate_limit=10, metadata={"a": [1, "b"]})
    want = {"customer_identifier": "whole", "name": "John Doe", "email": "john@example.com",
            "group_identifier": "g", "period_budget": 100.5, "budget_duration": "weekly",
            "total_budget": 1000.0, "markup_percentage": 20.01, "rate_limit": 10,
            "metadata": {"a": [1, "b"]}, "environment": "prod", "is_test": False, "version": 1,
            "source": "store", "organization_name": "default", "blurred": None,
            "organization_key": None, "total_period_usage": 0.0, "total_usage": 0.0, "held": 0.0,
            "suspense": 0.0, "limit_remaining": 100.5, "total_requests": 0, "top_models": {},
            "average_latency": None, "last_active": None, "total_tokens": 0,
            "total_cache_hits": 0, "average_monthly_cost": 0.0}
    assert {k: got[k] for k in want} == want
    assert isinstance(got["id"], int)
    assert api.get(user("whole")).json == got
    assert api.get("/api/user/detail/whole").json == got
    assert api.get("/users/whole").json == got
    changed = api.request("PATCH", "/api/user/update/whole", {"name": None, "period_budget": None}).json
    assert (changed["name"], changed["period_budget"], changed["limit_remaining"]) == ("", None, 1000.0)
    assert (changed["email"], changed["version"]) == ("john@example.com", 2)
    replaced = api.request("PUT", user("whole"), {"name": "New"})
    assert replaced.status == 200
    assert (replaced.json["name"], replaced.json["email"]) == ("New", "")
    assert (replaced.json["total_budget"], replaced.json["metadata"]) == (None, None)
    gone = api.request("DELETE", user("whole"))
    assert (gone.status, gone.body) == (204, b"")
    for method in ("GET", "PATCH", "DELETE"):
        reply = api.request(method, user("whole"), None if method == "GET" else {})
        assert (reply.status, reply.json) == (404, {"detail": "Not found."})


def test_head_and_options(api):
    make(api, "headed")
    head = api.request("HEAD", user("headed"))
    assert (head.status, head.body) == (200, b"")
    options = api.request("OPTIONS", user("headed"))
    assert (options.status, options.headers["allow"]) == \
        (204, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")


def test_legacy_create(api):
    reply = api.post("/api/users/create/", {"customer_identifier": "legacy", "environment": "test"})
    assert (reply.status, reply.json["environment"]) == (201, "test")
    reply = api.post("/api/users/create", {"customer_identifier": 17, "name": "n"})
    assert (reply.status, reply.json["customer_identifier"]) == (201, "17")
    assert api.post("/api/users/create/", {"customer_identifier": "17"}).status == 200
    assert api.post("/api/users/create/", {}).json == \
        {"customer_identifier": ["This field is required."]}
    assert api.post("/api/users/create/", {"customer_identifier": ""}).json == \
        {"customer_identifier": ["This field may not be blank."]}


FAULTS = [
    ("unknown", {"colour": 1}, {"colour": ["Unknown field."]}),
    ("read-only", {"total_usage": 1, "held": 2, "id": 3, "version": 1},
     {k: ["This field is read-only."] for k in ("total_usage", "held", "id", "version")}),
    ("several", {"period_budget": -1, "email": "x", "zzz": 0, "rate_limit": 1.5},
     {"period_budget": ["Ensure this value is greater than or equal to 0."],
      "email": ["Enter a valid email address."], "zzz": ["Unknown field."],
      "rate_limit": ["A valid integer is required."]}),
    ("budget text", {"period_budget": "ten"}, {"period_budget": ["A valid number is required."]}),
    ("budget list", {"total_budget": []}, {"total_budget": ["A valid number is required."]}),
    ("budget too large", {"total_budget": 1e10}, {"total_budget": ["A valid number is required."]}),
    ("budget bool", {"total_budget": True}, {"total_budget": ["A valid number is required."]}),
    ("duration", {"budget_duration": "hourly"}, {"budget_duration": ['"hourly" is not a valid choice.']}),
    ("duration type", {"budget_duration": 3}, {"budget_duration": ["Not a valid string."]}),
    ("start", {"period_start": "soon"}, {"period_start": [DATE]}),
    ("no such day", {"period_start": "2026-02-30"}, {"period_start": [DATE]}),
    ("start number", {"period_start": 5}, {"period_start": [DATE]}),
    ("end before start", {"period_start": "2026-02-01", "period_end": "2026-02-01"},
     {"period_end": ["Ensure this value is after period_start."]}),
    ("end before the running start", {"period_end": "2001-01-01"},
     {"period_end": ["Ensure this value is after period_start."]}),
    ("markup", {"markup_percentage": 10001},
     {"markup_percentage": ["Ensure this value is less than or equal to 10000."]}),
    ("rate 0", {"rate_limit": 0}, {"rate_limit": ["Ensure this value is greater than or equal to 1."]}),
    ("rate text", {"rate_limit": "x"}, {"rate_limit": ["A valid integer is required."]}),
    ("name type", {"name": 5}, {"name": ["Not a valid string."]}),
    ("name length", {"name": "é" * 255},
     {"name": ["Ensure this field has no more than 254 characters."]}),
    ("group length", {"group_identifier": "x" * 121},
     {"group_identifier": ["Ensure this field has no more than 120 characters."]}),
    ("metadata type", {"metadata": [1]},
     {"metadata": ['Expected a dictionary of items but got type "array".']}),
    ("metadata length", {"metadata": {"x": "y" * 4096}},
     {"metadata": ["Ensure this field has no more than 4096 characters."]}),
    ("other identifier", {"customer_identifier": "other"},
     {"customer_identifier": ["This field is read-only."]}),
    ("other environment", {"environment": "test"}, {"environment": ["This field is read-only."]}),
    ("no environment", {"environment": "x"}, {"environment": ['"x" is not a valid choice.']}),
]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("title, body, faults", FAULTS, ids=[f[0] for f in FAULTS])
def test_faults(api, title, body, faults, method):
    api.request("PUT", user("faulty"), {"name": "before"})
    reply = api.request(method, user("faulty"), body)
    assert (reply.status, reply.json) == (400, faults)
    assert api.get(user("faulty")).json["name"] == "before"


BODIES = [
    ("", 400, "The request body is not valid JSON: empty body at byte 0."),
    ("{", 400, None),
    ("[]", 400, "The request body must be a JSON object."),
    ('{"name":"a","name":"b"}', 400, None),
    ('{"period_budget":NaN}', 400, None),
]


@pytest.mark.parametrize("body, status, detail", BODIES)
def test_bodies(api, body, status, detail):
    api.request("PUT", user("bodied"), {})
    reply = api.request("PATCH", user("bodied"), body)
    assert reply.status == status
    assert list(reply.json) == ["detail"]
    assert detail is None or reply.json["detail"] == detail


def test_media_and_size(api):
    api.request("PUT", user("bodied"), {})
    reply = api.request("PATCH", user("bodied"), "x", headers={"Content-Type": "text/xml"})
    assert (reply.status, reply.json) == (415, {"detail": "Unsupported media type 'text/xml'."})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.request("PATCH", user("bodied"), '{"name":"f"}', headers=form).json["name"] == "f"
    assert api.request("PATCH", user("bodied"), "name=f", headers=form).status == 415
    fits = json.dumps({"name": "fits"}) + " " * (1048576 - 16)
    assert len(fits) == 1048576
    assert api.request("PATCH", user("bodied"), fits).json["name"] == "fits"
    reply = api.raw(("PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                     "Content-Length: 1048577\r\n\r\n" % (user("bodied"), KEY)).encode())
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert reply.endswith(b'{"detail":"The request body exceeds 1048576 bytes."}')
    chunked = api.raw(("PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n100001\r\n" % (user("bodied"), KEY)).encode() +
                      b"x" * 0x100001 + b"\r\n0\r\n\r\n")
    assert chunked.startswith(b"HTTP/1.1 413 ")
    assert chunked.endswith(b'{"detail":"The request body exceeds 1048576 bytes."}')


@pytest.mark.parametrize("method, path, allow", [
    ("POST", "/api/users/x/", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ("DELETE", "/api/users/list/", "GET, HEAD, POST, OPTIONS"),
    ("GET", "/api/users/create/", "POST, OPTIONS"),
    ("PUT", "/api/users/", "GET, HEAD, OPTIONS"),
    ("PATCH", "/api/user/detail/x", "GET, HEAD, OPTIONS"),
    ("BREW", "/api/user/update/x", "PATCH, OPTIONS"),
])
def test_methods(api, method, path, allow):
    reply = api.request(method, path, {})
    assert (reply.status, reply.json) == (405, {"detail": 'Method "%s" not allowed.' % method})
    assert reply.headers["allow"] == allow


@pytest.mark.parametrize("name", ["a/b", "a b+c", "üñí", "..", "%41", "a?b#c", "x" * 253 + "é",
                                  "line\nbreak", "list", "\"quoted\""])
def test_identifiers(api, name):
    path = "/api/users/%s/" % "".join("%%%02X" % b for b in name.encode())
    assert api.request("PUT", path, {"name": "n"}).json["customer_identifier"] == name
    assert api.get(path).json["name"] == "n"
    assert api.get("/api/users/list/?page_size=1000&customer_identifier=" +
                   urllib.parse.quote(name, safe="")).json["count"] == 1
    assert api.request("DELETE", path).status == 204


@pytest.mark.parametrize("path", ["/api/users/%/", "/api/users/%zz/", "/api/users/%ff/",
                                  "/api/users/a/b/", "/api/user/", "/api/user/other/x"])
def test_paths_of_nobody(api, path):
    reply = api.get(path)
    assert (reply.status, reply.json) == (404, {"detail": "Not found."})


def test_long_identifier_is_cut(api):
    make(api, "y" * 254, name="long")
    assert api.get(user("y" * 300)).json["name"] == "long"


def test_versions(api):
    make(api, "versioned")
    assert api.request("PATCH", user("versioned"), {"name": "a"},
                       headers={"If-Unmodified-Since-Version": "1"}).json["version"] == 2
    for method in ("PATCH", "PUT", "DELETE"):
        reply = api.request(method, user("versioned"), {"name": "b"},
                            headers={"If-Unmodified-Since-Version": "1"})
        assert (reply.status, reply.json) == (412, {"detail": "The object was changed."})
    reply = api.request("PATCH", user("versioned"), {}, headers={"If-Unmodified-Since-Version": "x"})
    assert reply.json == {"If-Unmodified-Since-Version": ["A valid integer is required."]}
    assert api.get(user("versioned")).json["name"] == "a"
    assert api.request("DELETE", user("versioned"),
                       headers={"If-Unmodified-Since-Version": "2"}).status == 204


def test_settings_file_is_read_only(api):
    assert api.get(user("infile")).json["source"] == "settings"
    for method in ("PUT", "PATCH", "DELETE"):
        reply = api.request(method, user("infile"), {"name": "x"})
        assert (reply.status, reply.json) == (400, {"detail": FILE})
    assert api.post("/api/users/create/", {"customer_identifier": "infile"}).json == {"detail": FILE}


def test_holdfastctl_says_the_same(api):
    make(api, "both", name="Both", period_budget=3)
    assert api.ctl_json("customer", "show", "both") == api.get(user("both")).json
    api.ctl("customer", "set", "both", "--budget", "4/day", "--email", "a@b")
    got = api.get(user("both")).json
    assert (got["period_budget"], got["budget_duration"], got["email"], got["name"]) == \
        (4.0, "daily", "a@b", "Both")
    failed = api.ctl("customer", "set", "both", "--email", "x", check=False)
    assert failed.returncode != 0
    assert "Enter a valid email address." in failed.stdout + failed.stderr
    assert api.ctl_json("customer", "delete", "both") == {"customer_identifier": "both", "deleted": True}
    assert api.get(user("both")).status == 404
    failed = api.ctl("customer", "delete", "infile", check=False)
    assert FILE in failed.stdout + failed.stderr


# -- money and statistics --

def test_figures(api):
    """Usage, what is left, statistics; and the same with holdfastctl."""
    name = "figured"
    make(api, name, period_budget=1, markup_percentage=100)
    for _ in range(3):
        assert api.chat(customer_identifier=name, max_tokens=20).status == 200
    api.at_rest()
    charge = api.account(name)["settled"] / 1e9
    assert charge > 0
    got = api.get(user(name)).json
    assert got["total_period_usage"] == got["total_usage"] == pytest.approx(charge)
    assert got["limit_remaining"] == pytest.approx(1 - charge)
    assert (got["held"], got["suspense"]) == (0.0, 0.0)
    got = wait_for(lambda: (lambda r: r if r["total_requests"] == 3 else None)(
        api.get(user(name)).json), 5, "the statistics")
    assert got["top_models"] == {"test-model": 3}
    assert got["total_tokens"] == got["total_prompt_tokens"] + got["total_completion_tokens"] > 0
    assert 0 < got["average_latency"] < 10
    assert got["last_active"].startswith("20")
    row = api.get("/api/users/list/?customer_identifier=" + name).json["results"][0]
    assert (row["number_of_requests"], row["active_days"]) == (3, 1)
    assert row["total_cost"] == got["total_usage"]
    assert row["total_tokens"] == got["total_tokens"]
    assert row["id"] == name + "proddefault"


def test_held_while_in_flight(api):
    """What a request in flight holds is neither spent nor left."""
    make(api, "holder", period_budget=1)
    go = threading.Event()
    api.provider.answer = lambda request: [("event", go)] + json_reply(completion())
    with futures.ThreadPoolExecutor() as pool:
        chat = pool.submit(api.chat, customer_identifier="holder", max_tokens=1000)
        got = wait_for(lambda: (lambda r: r if r["held"] else None)(api.get(user("holder")).json),
                       5, "the hold")
        go.set()
        assert chat.result().status == 200
    api.provider.answer = lambda request: json_reply(completion())
    assert got["held"] > 0.002  # 1000 tokens at 2 USD a million, and the input
    assert got["total_period_usage"] == 0
    assert got["limit_remaining"] == pytest.approx(1 - got["held"])
    api.at_rest()
    assert api.get(user("holder")).json["held"] == 0


def test_seen_in_a_request(api):
    assert api.chat(customer_identifier="seen", max_tokens=20).status == 200
    assert api.get(user("seen")).json["source"] == "store"
    assert api.get(user("unseen")).status == 404


def test_a_budget_holds_at_once_in_all_workers(api):
    """PATCH is in force for the next request, whichever worker has it."""
    make(api, "fenced", period_budget=10)
    for budget, status in ((0, 429), (10, 200), (0, 429), (None, 200)) * 2:
        assert api.request("PATCH", user("fenced"), {"period_budget": budget}).status == 200
        for _ in range(8):
            reply = api.chat(customer_identifier="fenced", max_tokens=20)
            assert reply.status == status, (budget, reply.body)


def test_delete_and_create_frees_no_money(api):
    make(api, "reborn", period_budget=1, total_budget=1, period_start="2026-11-01")
    assert api.chat(customer_identifier="reborn", max_tokens=20).status == 200
    api.at_rest()
    before = api.get(user("reborn")).json
    assert before["total_period_usage"] > 0
    assert api.request("DELETE", user("reborn")).status == 204
    after = make(api, "reborn", period_budget=1, total_budget=1)
    for member in ("period_start", "total_period_usage", "total_usage", "limit_remaining"):
        assert after[member] == before[member]
    # ... nor does a request that names it, nor saying the same again.
    assert api.request("DELETE", user("reborn")).status == 204
    assert api.get(user("reborn")).status == 404
    assert api.chat(customer_identifier="reborn", max_tokens=20).status == 200
    api.at_rest()
    again = api.get(user("reborn")).json
    assert again["total_period_usage"] > before["total_period_usage"]
    assert api.request("PUT", user("reborn"), {"period_budget": 1}).json["total_period_usage"] == \
        again["total_period_usage"]


def kept(g, customer):
    """Records of a customer in the log store."""
    with contextlib.closing(sqlite3.connect("file:%s/store/logs.sqlite?mode=ro" % g.dir, uri=True)) as db:
        return db.execute("SELECT count(*) FROM record WHERE customer_identifier=?",
                          (customer,)).fetchone()[0]


def test_delete_forgets(api):
    """Records and statistics go, also when the customer is made again at once."""
    for name in ("leaves", "stays"):
        assert api.chat(customer_identifier=name, max_tokens=20).status == 200
        wait_for(lambda: kept(api, name) == 1, 5, "the record")
    wait_for(lambda: api.get(user("leaves")).json["total_requests"] == 1, 5, "the statistics")
    assert api.request("DELETE", user("leaves")).status == 204
    assert api.request("PUT", user("leaves"), {}).status == 201
    wait_for(lambda: kept(api, "leaves") == 0, 5, "the record to go")
    wait_for(lambda: api.get(user("leaves")).json["total_requests"] == 0, 5, "the statistics to go")
    assert kept(api, "stays") == 1
    assert api.get(user("stays")).json["total_requests"] == 1
    # A logger that starts looks again and leaves what came since.
    assert api.chat(customer_identifier="leaves", max_tokens=20).status == 200
    wait_for(lambda: kept(api, "leaves") == 1, 5, "the record")
    api.kill_and_wait("logger")
    assert api.chat(customer_identifier="leaves", max_tokens=20).status == 200
    wait_for(lambda: kept(api, "leaves") == 2, 5, "the record")
    assert api.get(user("leaves")).json["total_requests"] == 2


# -- the list --

def names(reply):
    return [r["customer_identifier"] for r in reply.json["results"]]


def test_list_pages(api):
    for i in range(7):
        make(api, "paged-%d" % i, name="Paged %d" % (i // 2), environment="prod")
    base = "/api/users/list/?customer_identifier[operator]=startswith&customer_identifier[value]=paged-"
    first = api.get(base + "&page_size=3&sort_by=customer_identifier")
    assert names(first) == ["paged-0", "paged-1", "paged-2"]
    assert (first.json["count"], first.json["previous"]) == (7, None)
    assert first.json["next"].startswith("http://127.0.0.1:%d/api/users/list/?" % api.port)
    seen, page, url = [], first, None
    while True:
        seen += names(page)
        url = page.json["next"]
        if url is None:
            break
        page = api.get(url[url.index("/api"):])
    assert seen == ["paged-%d" % i for i in range(7)]
    assert "page=2" in page.json["previous"]
    reply = api.get(base + "&page_size=3&page=4")
    assert (reply.status, reply.json) == (404, {"detail": "Invalid page."})
    assert names(api.get(base + "&sort_by=-customer_identifier&page_size=2")) == ["paged-6", "paged-5"]
    assert names(api.get(base + "&sort_by=-name&page_size=2")) == ["paged-6", "paged-4"]
    assert api.get("/api/users/").json["count"] > 7


def test_list_of_nothing(api):
    reply = api.get("/api/users/list/?name=nobody-has-it")
    assert reply.json == {"count": 0, "next": None, "previous": None, "results": [],
                          "current_filters": {"name": {"operator": "", "value": ["nobody-has-it"]}}}


@pytest.mark.parametrize("query, faults", [
    ("page=0", {"page": ["Ensure this value is greater than or equal to 1."]}),
    ("page=x", {"page": ["A valid integer is required."]}),
    ("page_size=1001", {"page_size": ["Ensure this value is less than or equal to 1000."]}),
    ("page_size=0&page=", {"page_size": ["Ensure this value is greater than or equal to 1."],
                           "page": ["A valid integer is required."]}),
    ("sort_by=colour", {"sort_by": ["Unknown sort field."]}),
    ("colour=red", {"filters": ["Unknown field 'colour'."]}),
    ("total_cost=much", {"total_cost": ["A valid number is required."]}),
    ("name[operator]=regex&name[value]=x", {"filters": ["Operator 'regex' is not supported."]}),
    ("name[operator]=lt&name[value]=x", {"filters": ["Operator 'lt' is not supported."]}),
])
def test_list_faults(api, query, faults):
    reply = api.get("/api/users/list/?" + query)
    assert (reply.status, reply.json) == (400, faults)


def test_list_undecodable_query(api):
    reply = api.get("/api/users/list/?name=%ff")
    assert (reply.status, reply.json) == (400, {"detail": "The query cannot be decoded."})


@pytest.fixture(scope="module")
def listed(api):
    for name, email in (("filter-a", "a@x.com"), ("filter-b", "b@y.com"), ("filter-c", "")):
        api.request("PUT", user(name), {"name": name.upper(), "email": email})
    return api


def condition(operator, *values):
    return {"operator": operator, "value": list(values)}


@pytest.mark.parametrize("title, filters, connector, want", [
    ("one", {"email": condition("", "a@x.com")}, None, "a"),
    ("any of", {"email": condition("in", "a@x.com", "b@y.com")}, None, "ab"),
    ("not", {"email": condition("not", "a@x.com")}, None, "bc"),
    ("starts", {"email": condition("startswith", "b@")}, None, "b"),
    ("ends", {"email": condition("endswith", ".com")}, None, "ab"),
    ("contains", {"email": condition("contains", "@")}, None, "ab"),
    ("no case", {"name": condition("icontains", "ER-B")}, None, "b"),
    ("iexact", {"name": condition("iexact", "filter-c")}, None, "c"),
    ("null", {"email": condition("isnull", True)}, None, "c"),
    ("not null", {"email": {"operator": "isnull", "value": False}}, None, "ab"),
    ("empty", {"email": {"operator": "empty"}}, None, "c"),
    ("number", {"number_of_requests": condition("lt", 1)}, None, "abc"),
    ("number none", {"total_cost": condition("gt", 0.000001)}, None, ""),
    ("list", {"email": [condition("endswith", ".com"), condition("not", "a@x.com")]}, None, "b"),
    ("bundle", {"email": {"connector": "OR", "filter_params": [condition("", "a@x.com"),
                                                               condition("empty")]}}, None, "ac"),
    ("all fields", {"email": condition("", "a@x.com"), "name": condition("", "FILTER-B")}, None, ""),
    ("any field", {"email": condition("", "a@x.com"), "name": condition("", "FILTER-B")}, "OR", "ab"),
])
def test_filters(listed, title, filters, connector, want):
    body = {"filters": filters}
    if connector:
        body["connector"] = connector
    reply = listed.post("/api/users/list/?sort_by=customer_identifier&customer_identifier[value]=filter-"
                        "&customer_identifier[operator]=startswith", body)
    assert reply.status == 200, reply.body
    assert names(reply) == ["filter-" + x for x in want]
    shown = reply.json["current_filters"]
    assert set(shown) == set(filters) | {"customer_identifier"}
    assert shown["customer_identifier"] == condition("startswith", "filter-")


@pytest.mark.parametrize("body, faults", [
    ({"filters": {"colour": condition("", 1)}}, {"filters": ["Unknown field 'colour'."]}),
    ({"filters": {"name": {"operator": "", "x": 1}}}, {"filters": ["Unexpected member 'x'."]}),
    ({"filters": {"name": condition("", 1)}}, {"name": ["Not a valid string."]}),
    ({"filters": {"total_cost": condition("", "x")}}, {"total_cost": ["A valid number is required."]}),
    ({"filters": {"total_cost": condition("gt", 1, 2)}}, {"filters": ["Operator 'gt' takes at most 1."]}),
    ({"filters": {"name": condition("icontains", *["x" * 100] * 50)}},
     {"filters": ["At most 4096 bytes of text."]}),
    ({"filters": {"total_cost": condition("gt")}}, {"filters": ["Operator 'gt' needs a value."]}),
    ({"filters": {"email": condition("isnull", "x")}}, {"email": ["Must be a valid boolean."]}),
    ({"filters": {"name": 5}}, {"filters": ["A condition is an object."]}),
    ({"filters": []}, {"filters": ['Expected a dictionary of items but got type "array".']}),
    ({"connector": "XOR"}, {"connector": ["AND or OR is a valid choice."]}),
    ({"limit": 5}, {"limit": ["Unknown field."]}),
])
def test_filter_faults(api, body, faults):
    reply = api.post("/api/users/list/", body)
    assert (reply.status, reply.json) == (400, faults)


# -- when processes go --

def test_without_admin_or_keeper(make_gateway):
    g = make_gateway()
    make(g, "kept", name="before")
    os.kill(g.child("admin"), signal.SIGSTOP)
    with socket.create_connection(("127.0.0.1", g.port), 5) as s:  # a client that leaves
        s.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" %
                   (user("kept"), KEY)).encode())
    assert g.chat().status == 200  # the worker's loop turns meanwhile
    os.kill(g.child("admin"), signal.SIGCONT)
    assert g.get(user("kept")).json["name"] == "before"
    g.kill_and_wait("admin")
    wait_for(lambda: g.get(user("kept")).status == 200, 10, "another admin")
    os.kill(g.child("keeper"), signal.SIGSTOP)
    reply = g.request("PATCH", user("kept"), {"name": "after"})
    assert (reply.status, reply.json) == (503, {"detail": "The store is not available."})
    assert reply.headers["retry-after"] == "1"
    os.kill(g.child("keeper"), signal.SIGCONT)
    g.kill_and_wait("keeper")
    wait_for(lambda: g.request("PATCH", user("kept"), {"name": "later"}).status == 200, 10, "keeper")
    assert g.get(user("kept")).json["name"] == "later"


def test_store_is_full(make_gateway):
    """Nothing new is taken; what is there can be changed and deleted."""
    g = make_gateway(start=False, extra="platform = { rate_limit = 100000; };")
    g.text = g.text.replace('objects_size = "64M"', 'objects_size = "1M"')
    g.start()
    reply, n = None, 0
    while n < 2000 and (reply is None or reply.status == 201):
        reply = g.request("PUT", user("full-%d" % n), {"metadata": {"x": "y" * 4000}})
        n += 1
    assert (reply.status, reply.json) == (503, {"detail": "The store is full."})
    assert n > 50
    assert g.request("PATCH", user("full-0"), {"name": "n"}).status == 200
    assert g.request("DELETE", user("full-0")).status == 204
    r = g.chat(customer_identifier="newcomer")
    assert (r.status, r.code) == (503, "budget_unavailable")
    assert g.chat(customer_identifier="full-1").status == 200
    assert g.chat().status == 200


def test_both_ends_of_a_period_are_as_given(make_gateway):
    g = make_gateway()
    given = {"period_budget": 10, "period_start": "2026-01-05", "period_end": "2099-12-15"}
    assert g.request("PUT", user("both"), given).status in (200, 201)
    shown = g.get(user("both")).json
    assert (shown["period_start"][:10], shown["period_end"][:10]) == ("2026-01-05", "2099-12-15")


def test_admin_dead(make_gateway):
    """Nobody listens: 503 at once, and the socket is for its owner alone."""
    g = make_gateway()
    path = os.path.join(g.dir, "run", "platform.sock")
    assert os.stat(path).st_mode & 0o777 == 0o600
    os.unlink(path)
    reply = g.get(user("x"))
    assert (reply.status, reply.json) == (503, {"detail": "The store is not available."})
    assert reply.headers["retry-after"] == "1"
