import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from gateway import SHARED, Gateway  # noqa: E402
from provider import Provider  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    item.failed = getattr(item, "failed", False) or outcome.get_result().failed


@pytest.fixture
def provider():
    with Provider() as p:
        yield p


@pytest.fixture
def gateway(provider, request):
    """A running gateway whose provider is the scripted one."""
    g = Gateway(provider.port)
    try:
        g.start()
        yield g
    finally:
        g.close(failed=getattr(request.node, "failed", False))


@pytest.fixture(scope="module")
def running(request):
    """One gateway for all tests of a file that leave no trace in it, with the
    file's SETTINGS."""
    with Provider() as p:
        g = Gateway(p.port, **getattr(request.module, "SETTINGS", {}))
        g.provider = p
        g.start()
        yield g
        g.close()


@pytest.fixture
def make_gateway(provider, request):
    """make_gateway(extra=...) starts one with further settings."""
    made = []

    def make(start=True, **kw):
        g = Gateway(provider.port, **kw)
        made.append(g)
        return g.start() if start else g

    yield make
    for g in made:
        g.close(failed=getattr(request.node, "failed", False))


@pytest.fixture
def shared():
    if not os.path.isdir(SHARED):
        pytest.skip("no shared folder with recordings and corpora (HOLDFAST_SHARED)")
    return SHARED
