"""The harness of tests/e2e, and a way to run the SDKs of npm."""
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(HERE), "e2e")
sys.path.insert(0, E2E)

_spec = importlib.util.spec_from_file_location("e2e_fixtures", os.path.join(E2E, "conftest.py"))
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
provider, gateway, make_gateway, shared = _e2e.provider, _e2e.gateway, _e2e.make_gateway, _e2e.shared
pytest_runtest_makereport = _e2e.pytest_runtest_makereport

import speak  # noqa: E402
from gateway import KEY, Gateway  # noqa: E402
from provider import Provider  # noqa: E402


class Said:
    """What the SDK gave back: value or error, attempts, waits in ms."""

    def __init__(self, out):
        self.value, self.error = out.get("value"), out.get("error")
        self.attempts, self.waits, self.notes = out["attempts"], out["waits"], out["notes"]

    def gave(self):
        """The value; the SDK threw nothing."""
        assert not self.error, self.error
        return self.value

    def threw(self, kind, status=None, code=None):
        assert self.error, self.value
        assert self.error["kind"] == kind, self.error
        if status is not None:
            assert self.error["status"] == status, self.error
        if code is not None:
            assert self.error["code"] == code, self.error
        return self.error


# What each SDK takes for its base URL, and the package that it stands in.
PATHS = {"openai": "/api", "anthropic": "/api/anthropic", "google": "/api/google/gemini", "ai": ""}
PACKAGES = {"openai": "openai", "anthropic": "@anthropic-ai/sdk", "google": "@google/genai", "ai": "ai"}


class Node:
    """The process that runs the scenarios of this test process: to load the SDKs
    takes far longer than to use them."""

    def __init__(self):
        self.process, self.stderr = None, None

    def start(self):
        self.close()
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["node", os.path.join(HERE, "run.mjs")], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.stderr)

    def run(self, script, env):
        """What run.mjs says of a scenario; one without an end is ended."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        watch = threading.Timer(60, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps({"script": script, "env": env}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            watch.cancel()
        out = json.loads(line or "{}")
        if out.get("left", True):
            self.process.wait(5)
        if not out:
            self.stderr.seek(0)
            raise AssertionError("node ended with %d: %s" % (self.process.returncode, self.stderr.read()))
        return out

    def close(self):
        if self.process is not None:
            self.process.communicate(timeout=10)
            self.stderr.close()
        self.process = None


node = Node()


@pytest.fixture(scope="session", autouse=True)
def _node():
    yield
    node.close()


def run_sdk(name, gateway, script, key=KEY, path=None, env=None, model="test-model"):
    """Run a script with an SDK; see run.mjs."""
    if not shutil.which("node"):
        pytest.skip("no node")
    if not os.path.isdir(os.path.join(HERE, "node_modules", PACKAGES[name])):
        pytest.skip("%s is not installed (make check-clients does it)" % PACKAGES[name])
    path = PATHS[name] if path is None else path
    return Said(node.run(script, dict(SDK=name, BASE_URL="http://127.0.0.1:%d%s" % (gateway.port, path), API_KEY=key,
                                      MODEL=model, **(env or {}))))


@pytest.fixture
def sdk():
    """sdk(gateway, "return await client...") runs it with OpenAI's."""
    return functools.partial(run_sdk, "openai")


@pytest.fixture(scope="session")
def _world():
    with Provider() as p:
        g = Gateway(extra=speak.settings(p.port))
        g.provider = p
        g.start()
        yield g
        g.close()


@pytest.fixture
def world(_world):
    """A gateway for many tests, with a provider of each dialect: world.provider
    answers in the one that it is asked in; see speak.py."""
    _world.provider.requests.clear()
    _world.provider.gone_at.clear()
    _world.provider.answer = speak.Script()
    return _world
