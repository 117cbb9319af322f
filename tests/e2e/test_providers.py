"""Which providers are asked: holdfastctl providers, drain and resume, and their gauge."""
import pytest
from gateway import wait_for
from test_settings import holdfast, reload
from wire import Wire, chat_body, request

DRAIN = 'There is no provider "opnai"; did you mean "openai"?'


def states(gateway):
    return {r["name"]: r["state"] for r in gateway.ctl_json("providers")["results"]}


def up(gateway, provider):
    return gateway.figure('holdfast_provider_up{provider="%s"}' % provider)


def test_all_are_listed(gateway):
    rows = gateway.ctl_json("providers")["results"]
    mine, = [r for r in rows if r["name"] == "openai"]
    assert mine == {"name": "openai", "state": "up", "in_flight": 0, "credentials": [
        {"name": "main", "state": "up", "seconds_until_back": None}]}
    assert set(states(gateway).values()) == {"up"}
    table = gateway.ctl("providers").stdout.splitlines()
    assert table[0].split() == ["name", "state", "in_flight", "credentials"]
    assert [line.split() for line in table if line.startswith("openai ")] == [
        ["openai", "up", "0", "main", "up"]]
    for r in rows:
        assert up(gateway, r["name"]) == 1


def test_drain_and_resume(gateway):
    done = gateway.ctl_json("drain", "openai")
    assert (done["name"], done["state"]) == ("openai", "drained")
    gateway.ctl("drain", "openai")  # twice is once
    assert states(gateway)["openai"] == "drained"
    assert [s for n, s in states(gateway).items() if n != "openai" and s != "up"] == []
    assert up(gateway, "openai") == 0
    assert up(gateway, "demo") == 1
    done = gateway.ctl_json("resume", "openai")
    assert (done["name"], done["state"]) == ("openai", "up")
    assert states(gateway)["openai"] == "up"
    assert up(gateway, "openai") == 1


def test_drained_over_reload_and_deaths(make_gateway, provider):
    g = make_gateway()
    g.ctl("drain", "openai")
    reload(g, g.text + '\nhealth = { eject_after = 3; window = "10s"; eject_for = "1s"; };\n')
    assert states(g)["openai"] == "drained"
    for role in ("worker", "admin"):
        g.kill_and_wait(role)
    wait_for(lambda: g.ctl("providers", check=False).returncode == 0, 10, "an answer")
    assert states(g)["openai"] == "drained"
    assert up(g, "openai") == 0


@pytest.mark.parametrize("name, says", [
    ("opnai", DRAIN), ("OPENAI", "There is no provider"), ("", "There is no provider"),
    ("x" * 3000, 'There is no provider "%s".' % ("x" * 100)),
    ("a\x1b[2J\n", 'There is no provider "a\\x1b[2J\\x0a".'),
    ("é" * 80, 'There is no provider "%s".' % ("é" * 50))])
@pytest.mark.parametrize("verb", ["drain", "resume"])
def test_unknown_provider(gateway, verb, name, says):
    done = gateway.ctl(verb, name, check=False)
    assert done.returncode == 1
    assert done.stdout == "" and says in done.stderr
    assert set(states(gateway).values()) == {"up"}


def test_usage(gateway):
    assert gateway.ctl("drain", check=False).returncode == 64
    assert gateway.ctl("resume", "a", "b", check=False).returncode == 64


def test_in_flight(gateway, provider):
    provider.answer = lambda request: [("until_gone",)]
    with Wire(gateway) as w:
        w.send(request(chat_body()))
        wait_for(lambda: provider.requests, 5, "the request")
        row, = [r for r in gateway.ctl_json("providers")["results"] if r["name"] == "openai"]
        assert row["in_flight"] == 1
    wait_for(lambda: gateway.ctl_json("drain", "openai")["in_flight"] == 0, 5, "its end")


@pytest.mark.parametrize("member, says", [
    ("eject_after = 0", "1"), ("eject_after = 21", "20"), ('window = "0s"', "1s"),
    ('eject_for = "61s"', "1m"), ("eject_aftr = 3", "eject_after")])
def test_settings_are_checked(make_gateway, member, says):
    g = make_gateway(start=False, extra="health = { %s; };" % member)
    done = holdfast(g, "-t")
    assert done.returncode == 78
    assert says in done.stdout + done.stderr
