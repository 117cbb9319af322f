"""Every shell block of README.md that is marked ```sh, in order, against the
demo that "make run" starts, in a copy of the tree; ports are free ones.
Blocks marked ```console need a password, a terminal or much time and are only
read: make must know the targets that they name.
"""
import os
import re
import shutil
import signal
import subprocess

import pytest

from gateway import BUILD, TREE, free_port, wait_for

README = open(os.path.join(TREE, "README.md"), encoding="utf-8").read()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.S | re.M)
CONSOLE = re.findall(r"^```console\n(.*?)^```$", README, re.S | re.M)
PORTS = {"8080": None, "9080": None, "8081": None, "9081": None}

# What the block with these words must print.
EXPECT = {
    "x-goog-api-key": r'"type":"message".*"candidates"',
    "demo/echo": r'"content":"Hello"',
    '"stream": true': r"data: \[DONE\]",
    "demo/embed": r'"index":1,"embedding":\[.*"total_tokens":4',
    "customer set alice": r"(200\n)+(429\n)+.*budget_exceeded",
    "budget show alice": r"alice +test(.|\n)*ready +true",
    '"cache_enabled": true': r"x-holdfast-cost: 0\.0*[1-9](.|\n)*x-holdfast-cost: 0\.0\b",
    "/metrics": r'"ready":true(.|\n)*holdfast_requests_total\{',
    "build/mine/holdfast.conf": r"settings are fine(.|\n)*openai",
}


def with_ports(text):
    for port in PORTS:
        PORTS[port] = PORTS[port] or str(free_port())
        text = re.sub(r"\b%s\b" % port, PORTS[port], text)
    return text


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    tree = tmp_path_factory.mktemp("readme")
    shutil.copytree(os.path.join(TREE, "etc"), tree / "etc")
    os.makedirs(tree / "build/run")
    for program in ("holdfast", "holdfastctl"):
        shutil.copy(os.path.join(BUILD, program), tree / "build")
    conf = tree / "etc/demo.conf"
    conf.write_text(with_ports(conf.read_text()))
    out = open(tree / "out", "w+")
    process = subprocess.Popen(
        ["build/holdfast", "-F", "-c", "etc/demo.conf"], cwd=tree,
        stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def serves():
        assert process.poll() is None, open(tree / "out").read()
        return "Try:" in open(tree / "out").read()

    try:
        wait_for(serves, 20, "the demo")
        yield tree
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
        out.close()
    assert status == 0


def test_all_blocks_are_expected():
    unknown = [b for b in BLOCKS if not any(words in b for words in EXPECT)]
    assert not unknown
    assert len(BLOCKS) == len(EXPECT)


def test_blocks(demo):
    for block in BLOCKS:
        ran = subprocess.run(["sh", "-eu", "-c", with_ports(block)], cwd=demo,
                             capture_output=True, text=True, timeout=60)
        told = block + ran.stdout + ran.stderr
        assert ran.returncode == 0, told
        for words, expected in EXPECT.items():
            if words in block:
                assert re.search(expected, ran.stdout), told
                break


def test_what_the_banner_says_to_try(demo):
    banner = open(demo / "out").read()
    command = re.search(r"Try:\s+(curl .*\\\n.*)\n", banner).group(1)
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert '"object":"chat.completion"' in ran.stdout, command + ran.stdout


@pytest.mark.parametrize("target", sorted(set(
    re.findall(r"^\$ make ([a-z0-9-]+)", "".join(CONSOLE), re.M))))
def test_make_knows(target):
    ran = subprocess.run(["make", "-n", target], cwd=TREE, capture_output=True,
                         text=True, timeout=60)
    assert "No rule to make target" not in ran.stderr
