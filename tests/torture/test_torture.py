"""Some seconds of each mode of the torture (torture.py says what it is).

HOLDFAST_TORTURE_S says for how many seconds, HOLDFAST_TORTURE_SEED what is
drawn.
"""
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import torture  # noqa: E402

SECONDS = float(os.environ.get("HOLDFAST_TORTURE_S", "4"))
SEED = int(os.environ.get("HOLDFAST_TORTURE_SEED", "1"))


@pytest.mark.parametrize("mode", list(torture.MODES))
def test_ledger_against_the_providers_book(mode):
    if torture.MODES[mode].disk and subprocess.run(torture.ALONE + ["true"], capture_output=True).returncode:
        pytest.skip("no mount namespaces here (need root)")
    report = torture.torture(mode, SECONDS, SEED)
    print(torture.table([report]))
    assert report["violations"] == []
    assert report["requests"] > 50 * SECONDS
    assert report["looks"] > 0 and report["bill"] > 0
    # The run did to the gateway what its mode is for.
    assert bool(report["events"]) == bool(torture.MODES[mode].events)
