"""What became of each recorded case: a test goes on to the next one after a
failure, and fails at its end with all of them.

With HOLDFAST_VERDICTS each verdict is a line of that file, for dialect_table.py.
"""
import contextlib
import os
import traceback


def note(case, asked, fault):
    path = os.environ.get("HOLDFAST_VERDICTS")
    if path:
        with open(path, "a") as f:
            f.write("%s\t%s\t%s\t%s\n" % (case.shelf, case.name, asked, fault.replace("\n", " ").replace("\t", " ")))


@contextlib.contextmanager
def verdicts(asked):
    """with verdicts("cut") as each: ... with each(case): ..."""
    failed = []

    @contextlib.contextmanager
    def each(case):
        try:
            yield
        except Exception as e:
            where = traceback.extract_tb(e.__traceback__)[-1]
            failed.append("%s: %s:%d: %s" % (case.name, os.path.basename(where.filename), where.lineno, str(e)[:700]))
            note(case, asked, str(e)[:200] or "failed")
        else:
            note(case, asked, "")

    yield each
    assert not failed, "%d failed\n%s" % (len(failed), "\n".join(failed))
