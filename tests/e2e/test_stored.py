"""Provider keys and groups that an administrator puts into the store."""
import json
import os
import signal
import socket
import subprocess

import pytest
from gateway import BUILD, Gateway, wait_for
from provider import Provider

STORE_KEY = "0123456789abcdef0123456789abcdef"
NEXT_KEY = "fedcba9876543210fedcba9876543210"
SECRET = "sk-planted-4711-secret-4Qx9"
GROUPS = """
load_balance_groups = ( { group_id = "filed"; name = "File";
  models = ( { model = "test-model"; weight = "2.5"; } ); fallback_models = [ "demo/echo" ]; } );
"""


def settings(text, old=False):
    keys = 'secret_key = "env:STORE_KEY";' + (' secret_key_old = "env:STORE_KEY_OLD";' if old else "")
    return text.replace('objects_size = "64M";', 'objects_size = "64M"; ' + keys)


@pytest.fixture(scope="module")
def kept():
    """One gateway for tests that leave nothing behind."""
    with Provider() as p:
        g = Gateway(p.port, extra=GROUPS)
        g.text = settings(g.text)
        os.mkdir(os.path.join(g.dir, "conf.d"))
        with open(os.path.join(g.dir, "conf.d", "more.conf"), "w") as f:
            f.write('providers = ( { name = "bedrock"; }, { name = "google_vertex_ai"; } );')
        g.start(env={"STORE_KEY": STORE_KEY})
        assert ctl(g, "group", "add", "taken", "--model", "test-model", "--id", "there")[0] == 0
        yield g
        g.close()


@pytest.fixture
def stored(make_gateway):
    g = make_gateway(start=False, extra=GROUPS)
    g.text = settings(g.text)
    return g.start(env={"STORE_KEY": STORE_KEY})


def ctl(gateway, *args, given="", json_too=True):
    """Exit code, reply, and what was said on standard error."""
    p = subprocess.run([os.path.join(BUILD, "holdfastctl"), "--socket", gateway.socket] +
                       (["--json"] if json_too else []) + list(args),
                       input=given, capture_output=True, text=True, timeout=20)
    assert SECRET not in p.stdout + p.stderr
    return p.returncode, json.loads(p.stdout) if json_too and p.stdout else p.stdout, p.stderr


def add(gateway, *args, given=SECRET + "\n"):
    code, body, said = ctl(gateway, "integration", "add", *args, given=given)
    assert code == 0, said
    return body


def asked(gateway, verb, **args):
    """What the control socket says to words that holdfastctl has no options for."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(gateway.socket)
        s.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
        reply = s.makefile().readline()
    assert SECRET not in reply
    return json.loads(reply)


def everywhere(gateway):
    """The bytes of every file of the gateway, its dump and its metrics."""
    for folder, _, names in os.walk(gateway.dir):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()
    yield "dump", json.dumps(gateway.ctl_json("debug", "dump")).encode()
    yield "metrics", gateway.admin("/metrics").body


def test_the_life_of_a_key(stored):
    made = add(stored, "openai", "--name", "main", "--environment", "prod", "--weight", "1.5",
               "--models", "gpt-4o,test-model", "--exclude-models", "o1")
    assert made["id"].startswith("int_") and len(made["id"]) == 10
    shown = {k: made[k] for k in ("provider_id", "name", "environment", "weight", "available_models",
                                  "exclude_models", "enabled", "credentials", "source", "version")}
    assert shown == {"provider_id": "openai", "name": "main", "environment": "prod", "weight": 1.5,
                     "available_models": ["gpt-4o", "test-model"], "exclude_models": ["o1"], "enabled": True,
                     "credentials": {"api_key": "…4Qx9"}, "source": "store", "version": 1}
    assert made["fingerprint"].startswith("sha256:") and len(made["fingerprint"]) == 15
    assert ctl(stored, "integration", "show", made["id"])[1] == made
    other = add(stored, "openai", given='{"api_key": "short-4711"}')
    assert other["credentials"] == {"api_key": ""} and other["environment"] == "all" and other["weight"] == 1
    assert {x["id"] for x in ctl(stored, "integration", "list")[1]["results"]} == {made["id"], other["id"]}
    off = ctl(stored, "integration", "disable", made["id"])[1]
    assert (off["enabled"], off["version"], off["credentials"]) == (False, 2, {"api_key": "…4Qx9"})
    assert ctl(stored, "integration", "enable", made["id"])[1]["version"] == 3
    assert ctl(stored, "integration", "show", made["id"])[1]["enabled"] is True
    assert ctl(stored, "integration", "remove", made["id"])[1] == {"id": made["id"], "removed": True}
    for verb in ("show", "remove", "enable", "disable"):
        code, body, _ = ctl(stored, "integration", verb, made["id"])
        assert (code, body["detail"]) == (1, "Not found."), verb
    table = ctl(stored, "integration", "list", json_too=False)[1]
    assert other["id"] in table and "api_key" not in table


def test_fields_of_other_providers(stored):
    made = add(stored, "openai", "--field", "organization=-", "--field", "api_key=-", given="org-1\n%s\n" % SECRET)
    assert made["credentials"] == {"organization": "org-1", "api_key": "…4Qx9"}
    made = add(stored, "openai", given=json.dumps({"api_base": "http://10.0.0.1:8000/v1", "api_key": SECRET}))
    assert made["credentials"] == {"api_base": "http://10.0.0.1:8000/v1", "api_key": "…4Qx9"}


ACCOUNT = {"client_email": "a@b", "private_key": SECRET}


@pytest.mark.parametrize("provider, given, shown", [
    ("bedrock", {"aws_access_key_id": "AKIAPLANTED0", "aws_secret_access_key": SECRET, "aws_region_name": "eu-west-1"},
     {"aws_access_key_id": "…TED0", "aws_secret_access_key": "…4Qx9", "aws_region_name": "eu-west-1"}),
    ("bedrock", {"aws_bearer_token": SECRET, "aws_region_name": "x"}, {"aws_bearer_token": "…4Qx9", "aws_region_name": "x"}),
    ("bedrock", {"aws_access_key_id": "AKIAPLANTED0", "aws_region_name": "x"}, "aws_secret_access_key"),
    ("bedrock", {"aws_bearer_token": SECRET}, "aws_region_name"),
    ("bedrock", {"aws_region_name": "x"}, "aws_access_key_id"),
    ("google_vertex_ai", {"vertex_ai_credentials": ACCOUNT, "vertex_ai_location": "global"},
     {"vertex_ai_credentials": "…x9\"}", "vertex_ai_location": "global"}),
    ("google_vertex_ai", {"vertex_ai_credentials": json.dumps(ACCOUNT), "vertex_ai_location": "global"},
     {"vertex_ai_credentials": "…x9\"}", "vertex_ai_location": "global"}),
    ("google_vertex_ai", {"vertex_ai_credentials": ACCOUNT}, "vertex_ai_location"),
    ("google_vertex_ai", {"vertex_ai_location": "global"}, "vertex_ai_credentials"),
])
def test_what_other_providers_need(kept, provider, given, shown):
    code, body, _ = ctl(kept, "integration", "add", provider, given=json.dumps(given))
    if isinstance(shown, str):
        assert (code, body["detail"]) == (64, "credentials.%s: This field is required." % shown)
        return
    assert code == 0
    assert body["credentials"] == shown
    assert ctl(kept, "integration", "remove", body["id"])[0] == 0


@pytest.mark.parametrize("args, given, detail", [
    (["opneai"], SECRET, 'provider: "opneai" is not a valid choice.'),
    (["demo"], SECRET, 'provider: "demo" is not a valid choice.'),
    (["openai", "--weight", "0"], SECRET, "weight: Weight must be greater than 0"),
    (["openai", "--weight", "x"], SECRET, "weight: A valid number is required."),
    (["openai", "--weight", "1000001"], SECRET, "weight: Ensure this value is less than or equal to 1000000."),
    (["openai", "--environment", "dev"], SECRET, "environment: prod, test or all is a valid choice."),
    (["openai", "--name", "x" * 255], SECRET, "name: Ensure this field has no more than 254 characters."),
    (["openai"], '{"api_kee": "x"}', "credentials.api_kee: Unknown field."),
    (["openai"], '{"api_key": 4711}', "credentials.api_key: Not a valid string."),
    (["openai"], '{"api_key": ""}', "credentials.api_key: This field may not be blank."),
    (["openai"], '{"api_key": "a b"}', "credentials.api_key: At most 8192 characters of ASCII, without blanks."),
    (["openai"], '{"api_key": "a\\r\\nx: y"}', "credentials.api_key: At most 8192 characters of ASCII, without blanks."),
    (["openai"], '{"api_key": "a\\u0000"}', "credentials.api_key: At most 8192 characters of ASCII, without blanks."),
    (["openai"], "ключ", "credentials.api_key: At most 8192 characters of ASCII, without blanks."),
    (["openai"], "x" * 8193, "credentials.api_key: At most 8192 characters of ASCII, without blanks."),
] + [
    (["openai"], json.dumps({"api_key": SECRET, "api_base": base}),
     "credentials.api_base: A URL of http or https without user, query and fragment is required.")
    for base in ("x", "ftp://h", "https://", "https:///v1", "https://u@h", "https://h/?a", "https://h/#a", "http://h\\x",
                 "https://h/ v", "https://" + 2048 * "x")
] + [
    (["openai"], '{"organization": "o"}', "credentials.api_key: This field is required."),
    (["openai"], '{"vertex_ai_credentials": "x", "api_key": "k"}',
     "credentials.vertex_ai_credentials: The JSON of a service account is required."),
    (["openai"], "{}", "credentials: This field may not be blank."),
], ids=lambda v: "%.40s" % v if isinstance(v, str) else None)
def test_what_is_refused(kept, args, given, detail):
    code, body, _ = ctl(kept, "integration", "add", *args, given=given)
    assert (code, body["detail"]) == (64, detail)
    assert ctl(kept, "integration", "list")[1]["results"] == []


@pytest.mark.parametrize("args, given, said", [
    (["openai", "--field", "api_key=" + "sk-on-the-line"], "", "--field takes NAME=-"),
    (["openai"], "", "standard input has no value for api_key"),
    (["openai"], '{"api_key": "x"', "standard input is no valid JSON object"),
    ([], SECRET, "PROVIDER is missing"),
])
def test_wrong_usage(kept, args, given, said):
    code, _, err = ctl(kept, "integration", "add", *args, given=given)
    assert code == 64 and said in err


def test_none_without_a_key_of_the_store(gateway):
    code, body, _ = ctl(gateway, "integration", "add", "openai", given=SECRET)
    assert (code, body["detail"]) == (64, "Set store.secret_key before storing provider keys.")
    reply = asked(gateway, "group add", name="g", models=[{"model": "test-model", "credentials": {"api_key": SECRET}}])
    assert (reply["status"], reply["body"]["detail"]) == (400, "Set store.secret_key before storing provider keys.")
    assert ctl(gateway, "group", "add", "g", "--model", "test-model")[0] == 0


def test_a_secret_is_nowhere_in_the_clear(stored):
    made = add(stored, "openai")
    reply = asked(stored, "group add", name="own",
                  models=[{"model": "test-model", "weight": 2, "credentials": {"api_key": SECRET}}])
    assert reply["status"] == 200
    model = reply["body"]["models"][0]
    assert model == {"model": "test-model", "weight": 2, "credentials": {"api_key": "…4Qx9"},
                     "fingerprint": made["fingerprint"]}
    for bad in ({"provider": "openai", "credentials": {"api_key": SECRET, "x": 1}},
                {"provider": "openai", "credentials": {"api_key": [SECRET]}},
                {"provider": "openai", "credentials": SECRET}, {"provider": SECRET[:9], "credentials": {}}):
        assert asked(stored, "integration add", **bad)["status"] == 400
    ctl(stored, "integration", "show", made["id"])
    ctl(stored, "integration", "list")
    ctl(stored, "group", "list")
    assert stored.chat().status == 200
    stored.logged()
    looked = 0
    for path, data in everywhere(stored):
        assert SECRET.encode() not in data and b"4711-secret" not in data, path
        assert STORE_KEY.encode() not in data, path
        looked += path.endswith(("objects/data.mdb", "stderr.log", "dump"))
    assert looked == 3


def test_the_life_of_a_group(stored):
    code, made, _ = ctl(stored, "group", "add", "Größe", "--model", "test-model=8", "--model", "demo/echo=0.5",
                        "--model", "demo/lorem", "--fallback", "demo/echo", "--fallback", "demo/lorem")
    assert code == 0
    assert made["group_id"].startswith("lbg_") and len(made["group_id"]) == 10
    assert (made["name"], made["version"], made["source"]) == ("Größe", 1, "store")
    assert made["models"] == [{"model": "test-model", "weight": 8}, {"model": "demo/echo", "weight": 0.5},
                              {"model": "demo/lorem", "weight": 1}]
    assert made["fallback_models"] == ["demo/echo", "demo/lorem"]
    assert ctl(stored, "group", "show", made["group_id"])[1] == made
    assert ctl(stored, "group", "add", "other", "--model", "test-model", "--id", "my.own-1")[1]["group_id"] == "my.own-1"
    listed = {x["group_id"]: x for x in ctl(stored, "group", "list")[1]["results"]}
    assert set(listed) == {"filed", "my.own-1", made["group_id"]}
    assert listed["filed"] == {"group_id": "filed", "name": "File", "models": [{"model": "test-model", "weight": 2.5}],
                               "fallback_models": ["demo/echo"], "source": "settings"}
    assert ctl(stored, "group", "show", "filed")[1] == listed["filed"]
    assert ctl(stored, "group", "remove", "my.own-1")[1] == {"group_id": "my.own-1", "removed": True}
    assert ctl(stored, "group", "remove", "my.own-1")[1]["detail"] == "Not found."
    assert ctl(stored, "group", "show", "my.own-1")[0] == 1
    assert ctl(stored, "group", "add", "other", "--model", "test-model", "--id", "my.own-1")[0] == 0


@pytest.mark.parametrize("args, detail", [
    (["new", "--model", "tset-model"], 'models: Unknown model "tset-model".'),
    (["new", "--model", "test-model", "--fallback", "nope"], 'fallback_models: Unknown model "nope".'),
    (["new", "--model", "test-model=0"], "models: Weight has to be greater than 0"),
    (["new", "--model", "test-model=-1"], "weight: A valid number is required."),
    (["new", "--model", "test-model="], "weight: A valid number is required."),
    (["taken", "--model", "test-model"], "name: Another group has this name."),
    (["File", "--model", "test-model"], "name: A group of the settings file has this name."),
    (["new", "--model", "test-model", "--id", "filed"], "This object is defined in the settings file."),
    (["new", "--model", "test-model", "--id", "there"], "group_id: Another group has this id."),
    (["new", "--model", "test-model", "--id", "a b"],
     'group_id: 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-" are required.'),
    (["new", "--model", "test-model", "--id", "x" * 65],
     'group_id: 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-" are required.'),
    (["new"] + ["--model", "test-model"] * 65, "models: 1 to 64 models are required."),
], ids=lambda v: "%.40s" % v if isinstance(v, str) else None)
def test_groups_that_are_refused(kept, args, detail):
    code, body, _ = ctl(kept, "group", "add", *args)
    assert (code, body["detail"]) == (64, detail)
    assert len(ctl(kept, "group", "list")[1]["results"]) == 2


@pytest.mark.parametrize("args, detail", [
    ({}, "models: This field is required."),
    ({"models": []}, "models: 1 to 64 models are required."),
    ({"models": {}}, "models: Expected a list of items."),
    ({"models": ["test-model"]}, "models: Expected a list of objects."),
    ({"models": [{}]}, 'models: Unknown model "".'),
    ({"models": [{"model": 1}]}, "model: Not a valid string."),
    ({"models": [{"model": "test-model", "weight": None}]}, "models: Weight has to be greater than 0"),
    ({"models": [{"model": "test-model", "credentials": "k"}]}, "credentials: A JSON object is required."),
    ({"models": [{"model": "test-model", "credentials": {"x": "k"}}]}, "credentials.x: Unknown field."),
    ({"models": [{"model": "test-model"}], "fallback_models": "x"}, "fallback_models: Expected a list of items."),
    ({"models": [{"model": "test-model"}], "name": 1}, "name: Not a valid string."),
    ({"models": [{"model": "test-model", "credentials": {"api_key": "k" * 8000}}] * 5},
     "The object has more than 32768 bytes."),
])
def test_words_that_no_verb_says(kept, args, detail):
    reply = asked(kept, "group add", **args)
    assert (reply["status"], reply["body"]["detail"]) == (400, detail)


def test_the_keeper_is_killed(stored):
    ids = []
    for i in range(2):
        ids.append(add(stored, "openai", "--name", str(i))["id"])
        assert ctl(stored, "group", "add", "g%d" % i, "--model", "test-model")[0] == 0
        stored.kill_and_wait("keeper")
        wait_for(lambda: ctl(stored, "integration", "disable", ids[-1])[0] == 0, 10, "the next keeper")
    keys = {x["id"]: x for x in ctl(stored, "integration", "list")[1]["results"]}
    assert set(keys) == set(ids)
    assert {x["version"] for x in keys.values()} == {2}
    assert len(ctl(stored, "group", "list")[1]["results"]) == 3


def test_the_keeper_dies_before_it_answers(stored):
    """Who is told 503 finds it or does not, but never half of it."""
    pid = stored.child("keeper")
    os.kill(pid, signal.SIGSTOP)
    code, body, _ = ctl(stored, "integration", "add", "openai", given=SECRET)
    assert (code, body["detail"]) == (69, "The store is not available.")
    os.kill(pid, signal.SIGKILL)
    made = wait_for(lambda: ctl(stored, "integration", "add", "openai", given=SECRET)[1].get("id"), 15, "the next keeper")
    listed = ctl(stored, "integration", "list")[1]["results"]
    assert made in [x["id"] for x in listed] and len(listed) <= 2
    assert all(x["credentials"] == {"api_key": "…4Qx9"} for x in listed)


def test_the_key_of_the_store_is_changed(make_gateway):
    g = make_gateway(start=False, extra=GROUPS)
    plain = g.text
    g.text = settings(plain)
    g.start(env={"STORE_KEY": STORE_KEY})
    old = add(g, "openai")
    g.stop()
    g.text = settings(plain, old=True)
    g.start(env={"STORE_KEY": NEXT_KEY, "STORE_KEY_OLD": STORE_KEY})
    assert ctl(g, "integration", "show", old["id"])[1] == old
    new = add(g, "openai")
    g.stop()
    g.text = settings(plain)
    g.start(env={"STORE_KEY": NEXT_KEY})
    assert ctl(g, "integration", "show", new["id"])[1] == new
    lost = ctl(g, "integration", "show", old["id"])[1]
    assert lost["credentials"] is None and lost["fingerprint"] is None
    assert ctl(g, "integration", "remove", old["id"])[0] == 0
