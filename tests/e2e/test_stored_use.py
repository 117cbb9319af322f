"""Provider keys and groups of the store in use: at once, on every worker."""
import json
import os
import socket
import subprocess

import pytest
from gateway import BUILD, KEY, TEST_KEY
from provider import completion, json_reply

STORE_KEY = "0123456789abcdef0123456789abcdef"
SECRET = "sk-planted-4711-secret-4Qx9"
OTHER = "sk-planted-0815-another-8Zk1"
OURS = "sk-provider-secret"
MANY = 12  # requests on connections of their own: both workers get some


@pytest.fixture
def stored(make_gateway):
    g = make_gateway(start=False)
    g.text = g.text.replace('objects_size = "64M";', 'objects_size = "64M"; secret_key = "env:STORE_KEY";')
    return g.start(env={"STORE_KEY": STORE_KEY})


def ctl(gateway, *args, given=""):
    p = subprocess.run([os.path.join(BUILD, "holdfastctl"), "--socket", gateway.socket, "--json"] + list(args),
                       input=given, capture_output=True, text=True, timeout=20)
    assert p.returncode == 0, p.stdout + p.stderr
    return json.loads(p.stdout)


def add(gateway, *args, given=SECRET):
    return ctl(gateway, "integration", "add", "openai", *args, given=given)["id"]


def keys_used(gateway, provider, times=MANY, **kw):
    """With which keys the provider was asked."""
    provider.requests.clear()
    for _ in range(times):
        r = gateway.chat(**kw)
        assert r.status == 200, r.body
    assert len(provider.requests) == times
    return {x.header("Authorization")[len("Bearer "):] for x in provider.requests}


def test_a_key_is_used_at_once(stored, provider):
    assert keys_used(stored, provider) == {OURS}
    key = add(stored)
    assert keys_used(stored, provider) == {SECRET}
    stored.logged()
    attempt = stored.records()[-1]["attempts"][0]
    assert (attempt["credential_source"], attempt["credential_id"]) == ("integration", key)
    ctl(stored, "integration", "disable", key)
    assert keys_used(stored, provider) == {OURS}
    ctl(stored, "integration", "enable", key)
    assert keys_used(stored, provider) == {SECRET}
    ctl(stored, "integration", "remove", key)
    assert keys_used(stored, provider) == {OURS}


def test_whom_a_key_serves(stored, provider):
    key = add(stored, "--environment", "test")
    assert keys_used(stored, provider, key=KEY) == {OURS}
    assert keys_used(stored, provider, key=TEST_KEY) == {SECRET}
    ctl(stored, "integration", "remove", key)
    key = add(stored, "--exclude-models", "test-model")
    assert keys_used(stored, provider) == {OURS}
    ctl(stored, "integration", "remove", key)
    key = add(stored, "--models", "other-model")
    assert keys_used(stored, provider) == {OURS}
    ctl(stored, "integration", "remove", key)
    add(stored, "--models", "test-model,other-model")
    assert keys_used(stored, provider) == {SECRET}


def test_several_share_by_weight(stored, provider):
    add(stored, "--weight", "1")
    add(stored, "--weight", "3", given=OTHER)
    assert keys_used(stored, provider, times=40) == {SECRET, OTHER}


def test_a_group_is_used_at_once(stored, provider):
    group = {"load_balance_group": {"group_id": "mine"}, "model": None}
    assert stored.chat(**group).status == 404
    ctl(stored, "group", "add", "My group", "--model", "test-model", "--id", "mine")
    assert keys_used(stored, provider, **group) == {OURS}
    by_name = {"load_balance_group": {"group_id": "My group"}, "model": None}
    assert keys_used(stored, provider, **by_name) == {OURS}
    ctl(stored, "group", "remove", "mine")
    assert {stored.chat(**group).code for _ in range(MANY)} == {"load_balance_group_not_found"}


def test_an_entry_brings_its_own_key(stored, provider):
    """It comes before the stored keys of the provider, which come before ours."""
    add(stored, given=OTHER)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(stored.socket)
        models = [{"model": "test-model", "weight": 1, "credentials": {"api_key": SECRET}}]
        s.sendall(json.dumps({"verb": "group add", "args": {"name": "own", "models": models}}).encode() + b"\n")
        assert json.loads(s.makefile().readline())["status"] == 200
    assert keys_used(stored, provider, load_balance_group={"group_id": "own"}, model=None) == {SECRET}
    assert keys_used(stored, provider) == {OTHER}


def test_the_log_names_the_key_and_no_file_has_it(stored, provider):
    key = add(stored, "--name", "main")
    assert keys_used(stored, provider) == {SECRET}
    stored.logged()
    attempts = [a for r in stored.records() for a in r["attempts"]]
    assert {a["credential_source"] for a in attempts} == {"integration"}
    assert {a["deployment_name"] for a in attempts} == {"main"}
    for folder, _, names in os.walk(stored.dir):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    assert b"4711-secret" not in f.read(), path
    assert key.startswith("int_")


def test_the_address_of_the_provider_may_be_written_down(stored, provider):
    base = "http://127.0.0.1:%d/v1" % provider.port
    add(stored, given=json.dumps({"api_key": SECRET, "api_base": base}))
    assert keys_used(stored, provider) == {SECRET}


def test_two_of_one_name(stored, provider):
    """The refused one is ejected alone."""
    for secret in (SECRET, OTHER):
        add(stored, "--name", "prod", given=secret)
    refused = json_reply({"error": {"message": "no"}}, 401)
    provider.answer = lambda q: refused if SECRET in q.header("authorization") else json_reply(completion())

    def asked_with_it():
        return sum(SECRET in q.header("authorization") for q in provider.requests)
    for _ in range(100):
        assert stored.chat().status == 200
        if asked_with_it():  # it was drawn
            break
    for _ in range(MANY):
        assert stored.chat().status == 200
    assert asked_with_it() == 1
