"""Coding agents as they are published complete a turn against the gateway,
whatever dialect its provider speaks.

Each runs without a terminal, in an empty home and an empty folder, with what it
has of telemetry and updates switched off.  What it tries to reach beside the
gateway goes to a port where nobody listens.
"""
import glob
import json
import os
import signal
import subprocess

import pytest
import speak
from conftest import HERE
from gateway import KEY
from speak import DIALECTS, Says, Script, spoken

PACKAGES = os.path.join(HERE, "agents", "node_modules")
PROMPT = "How far is the moon?"
ANSWER = "Three hundred and eighty-four thousand kilometres."


def claude(url, home, model):
    env = {"ANTHROPIC_BASE_URL": url + "/api/anthropic", "ANTHROPIC_API_KEY": KEY, "DISABLE_TELEMETRY": "1",
           "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_ERROR_REPORTING": "1"}
    return ["@anthropic-ai/claude-code-linux-*/claude", "-p", "--model", model, PROMPT], env, {}


def codex(url, home, model):
    """Without the tools that only Responses has: searches, namespaces.  Its
    sandbox asks for rights that a container may lack; the commands are ours."""
    settings = """
model = "%s"
model_provider = "holdfast"
check_for_update_on_startup = false
analytics = { enabled = false }
web_search = "disabled"
agents = { enabled = false }
[model_providers.holdfast]
name = "Holdfast"
base_url = "%s/api"
env_key = "HOLDFAST_KEY"
wire_api = "responses"
""" % (model, url)
    env = {"HOLDFAST_KEY": KEY, "CODEX_HOME": os.path.join(home, ".codex")}
    return (["@openai/codex-linux-*/vendor/*/bin/codex", "exec", "--skip-git-repo-check", "-s", "danger-full-access",
             PROMPT], env,
            {".codex/config.toml": settings})


def gemini(url, home, model):
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
                "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False},
                "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False}}
    env = {"GOOGLE_GEMINI_BASE_URL": url + "/api/google/gemini", "GEMINI_API_KEY": KEY}
    return (["node", "@google/gemini-cli/bundle/gemini.js", "-m", model, "-p", PROMPT], env,
            {".gemini/settings.json": json.dumps(settings)})


def opencode(url, home, model):
    settings = {"autoupdate": False, "share": "disabled", "enabled_providers": ["holdfast"], "model": "holdfast/" + model,
                "small_model": "holdfast/" + model, "provider": {"holdfast": {
                    "npm": "@ai-sdk/openai-compatible", "options": {"baseURL": url + "/v1", "apiKey": KEY},
                    "models": {model: {"limit": {"context": 100000, "output": 4096}}}}}}
    env = {"OPENCODE_" + what: "1" for what in ("DISABLE_AUTOUPDATE", "DISABLE_MODELS_FETCH", "DISABLE_LSP_DOWNLOAD",
                                                "DISABLE_DEFAULT_PLUGINS")}
    return (["opencode-linux-*/bin/opencode", "run", PROMPT], env,
            {".config/opencode/opencode.json": json.dumps(settings)})


def installed(words):
    """The command with the place of the agent, which npm picks by the machine."""
    at = 1 if words[0] == "node" else 0
    found = sorted(glob.glob(os.path.join(PACKAGES, words[at])))
    if not found:
        pytest.skip("%s is not installed, or not for this machine (make check-clients does it)" % words[at])
    return words[:at] + [found[0]] + words[at + 1:]


def run(command, env, folder):
    """Standard output of a program that ends well within a minute."""
    agent = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, errors = agent.communicate(timeout=60)
    finally:
        try:
            os.killpg(agent.pid, signal.SIGKILL)  # and what it started
        except ProcessLookupError:
            pass
        agent.wait()
    assert agent.returncode == 0, out + errors
    return out


def turn(world, tmp_path, agent, dialect):
    """What it prints of one turn; the provider was asked as it should be."""
    home, folder = tmp_path / "home", tmp_path / "work"
    folder.mkdir(exist_ok=True)
    words, env, files = agent("http://127.0.0.1:%d" % world.port, str(home), "via-" + dialect)
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    nowhere = "http://127.0.0.1:9"
    out = run(installed(words), {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1", "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere, "npm_config_registry": nowhere, **env}, str(folder))
    assert {spoken(r) for r in world.provider.requests} <= \
        ({"openai", "responses"} if dialect in ("openai", "responses") else {dialect})
    assert all(KEY.encode() not in r.body and KEY not in str(r.headers) for r in world.provider.requests)
    return out


@pytest.mark.parametrize("agent, dialect", [(claude, "anthropic"), (codex, "responses"), (gemini, "gemini"),
                                            (opencode, "openai")], ids=lambda p: getattr(p, "__name__", p))
def test_turn(world, tmp_path, agent, dialect):
    world.provider.answer = Script(Says(ANSWER))
    assert ANSWER in turn(world, tmp_path, agent, dialect)
    asked = [r for r in world.provider.requests if PROMPT.encode() in r.body]
    assert asked and any(b"tools" in r.body for r in asked)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("agent, tool, argument, value", [
    (claude, "Read", "file_path", "%s"), (codex, "exec_command", "cmd", "cat %s"), (gemini, "read_file", "file_path", "%s"),
    (opencode, "read", "filePath", "%s")], ids=lambda p: getattr(p, "__name__", ""))
def test_turn_with_a_tool(world, tmp_path, agent, tool, argument, value, dialect):
    """The model asks for a file; the agent reads it and sends what it holds."""
    path = tmp_path / "work" / "moon.txt"
    path.parent.mkdir()
    path.write_text("kept in the file")
    value %= path

    def answer(request):
        waits = b"tools" in request.body and b"kept in the file" not in request.body
        return Script(Says(calls=[(tool, {argument: value})]) if waits else Says(ANSWER))(request)

    world.provider.answer = answer
    assert ANSWER in turn(world, tmp_path, agent, dialect)
    last = [r for r in world.provider.requests if b"kept in the file" in r.body][-1]
    assert [a[argument] for _, a in speak.calls(last, spoken(last))] == [value]
    assert [i for i, _ in speak.calls(last, spoken(last))] == [i for i, _ in speak.results(last, spoken(last))]
