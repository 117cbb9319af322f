#!/usr/bin/python3
"""The fault matrix, run, as a table in Markdown: what the client gets, how
often the provider is asked, what is charged, what is logged.

Run from the tree, O=DIR for another build, names of dialects to have only
those: /usr/bin/python3 tests/e2e/fault_table.py [Chat Claude ...]

All of it is what was seen.  A line stands for every dialect and form in which
that is the same; a cell that is not what the specification says is named.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import fault_cells  # noqa: E402
import spoken  # noqa: E402
import test_fault_matrix  # noqa: E402

HEAD = ("fault", "form", "dialects", "client, without fallback", "with one", "calls: alone, 2 retries, fallback, mended",
        "charged for each", "logged")


def client(cell):
    r = cell.reply
    if r.status == 200 and r.complete:
        return "the answer of %s" % {"spare": "the fallback"}.get(cell.end, "the model")
    error, cut = test_fault_matrix.error_of(r), "200, then the error event, cut: " if r.status == 200 else ""
    if error["message"] == test_fault_matrix.faults.WORDS:
        return "%sthe provider's words%s" % (cut, "" if cut else ", %d" % r.status)
    return "%s%s" % (cut or "%d " % r.status, error["code"])


def calls(cell):
    return "%d%s" % (len(cell.asked), "+%d" % cell.spared if cell.spared else "")


def charged(cell):
    nano = fault_cells.attempts_of(cell.record)[0][3]
    names = {cell.fault_cost()[0]: cell.fault.charge} if cell.asked and not cell.fault.good else {}
    return "0" if nano == 0 else names.get(nano, "usage" if nano == cell.last_cost() else "%d nano" % nano)


def logged(cell):
    return "; ".join("%s %s %d" % (outcome, error or "-", status)
                     for outcome, error, status, _ in fault_cells.attempts_of(cell.record))


def lines_of(cells):
    """(fault, form) -> a line, of the cells of a dialect."""
    modes = {}
    for c in cells:
        modes.setdefault((c.fault.name, "stream" if c.streamed else "whole"), {})[c.mode] = c
    return {key: (client(m["alone"]), client(m["fallback"]), ", ".join(calls(m[k]) if k in m else "-"
                  for k in fault_cells.MODES), charged(m["alone"]), logged(m["alone"])) for key, m in modes.items()}


def wrong(bench):
    """Every cell that is not as it must be, and why."""
    judges = (test_fault_matrix.expect_client, test_fault_matrix.expect_calls, test_fault_matrix.expect_log,
              lambda cell: test_fault_matrix.expect_money(bench, cell))
    for cell in bench.cells:
        for judge in judges:
            try:
                judge(cell)
            except Exception as e:
                yield "%s, %s: %s" % (bench.dialect.__name__, cell.name, e)
                break


def run(dialect):
    with tempfile.TemporaryDirectory() as where:
        bench = fault_cells.Bench(dialect, where)
        try:
            bench.start()
            bench.run()
            return lines_of(bench.cells), len(bench.cells), list(wrong(bench))
        finally:
            bench.close()


def forms(keys):
    return "both" if len(keys) == 2 else keys[0]


def main(names):
    chosen = [d for d in spoken.DIALECTS if not names or d.__name__ in names]
    table, n, bad = {}, 0, []
    for dialect in chosen:
        lines, cells, faulty = run(dialect)
        n, bad = n + cells, bad + faulty
        for (fault, form), line in lines.items():
            table.setdefault(fault, {}).setdefault(line, {}).setdefault(dialect.__name__, []).append(form)
    print("%d cells of %d dialects (%s), %d wrong.\n" % (n, len(chosen), ", ".join(d.__name__ for d in chosen), len(bad)))
    print("| %s |\n|%s" % (" | ".join(HEAD), "---|" * len(HEAD)))
    for fault, variants in table.items():
        for line, who in variants.items():
            groups = {}
            for dialect, got in who.items():
                groups.setdefault(forms(got), []).append(dialect)
            for form, dialects in groups.items():
                everyone = "all" if len(dialects) == len(chosen) else ", ".join(dialects)
                print("| %s |" % " | ".join((fault, form, everyone) + line))
    print("".join("\nWrong: " + b for b in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
