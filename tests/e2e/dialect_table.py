#!/usr/bin/python3
"""Every recording through the gateway, and a table of what became of them.

Run from the tree, O=DIR for another build: /usr/bin/python3 tests/e2e/dialect_table.py
"""
import collections
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
FILES = ("test_recordings.py", "test_dialects.py", "test_dialect_clients.py", "test_dialect_crossing.py",
         "test_dialect_requests.py")


def exceptions():
    """Cases that are no answer, or none that can end well, by name."""
    import test_dialects
    import test_recordings
    return {name: why if isinstance(why, str) else "%d: %s" % why
            for table in (test_recordings.EXCEPTIONS, test_dialects.REFUSED) for name, why in table.items()}


def main():
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as verdicts:
        run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--tb=line"] +
                             [os.path.join(HERE, f) for f in FILES],
                             env=dict(os.environ, HOLDFAST_VERDICTS=verdicts.name), capture_output=True, text=True)
        lines = [line.rstrip("\n").split("\t") for line in verdicts]
    cases, failed, asked = collections.defaultdict(set), collections.defaultdict(dict), collections.Counter()
    for shelf, name, what, fault in lines:
        cases[shelf].add(name)
        asked[shelf] += 1
        if fault:
            failed[shelf]["%s (%s)" % (name, what)] = fault
    named = exceptions()
    print("%-44s %6s %6s %7s %s" % ("group", "cases", "asked", "passed", "exceptions"))
    for shelf in sorted(cases):
        bad = {f.split(" (")[0] for f in failed[shelf]}
        print("%-44s %6d %6d %7d %d" % (shelf, len(cases[shelf]), asked[shelf], len(cases[shelf]) - len(bad), len(bad)))
    total = sum(map(len, cases.values()))
    print("%-44s %6d %6d %7d" % ("all", total, sum(asked.values()), total - sum(
        len({f.split(" (")[0] for f in failed[s]}) for s in failed)))
    for shelf in sorted(failed):
        for name, fault in sorted(failed[shelf].items()):
            print("FAILED %s: %s" % (name, fault))
    for name, why in sorted(named.items()):
        print("no answer: %s: %s" % (name, why))
    print(run.stdout.strip().splitlines()[-1])
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
