"""The fault matrix (routing.md 5.2, 8.2, 12): what the client sees, how often
the provider is asked, what is charged, what is logged.  Rows: faults.py.
"""
import json

import pytest

import fault_cells
import faults
import spoken
from fault_cells import SPARE, attempts_of
from verdicts import verdicts

def error_of(reply):
    """The error of a body, or of the last event of a stream."""
    data = reply.body if reply.status != 200 else reply.events()[-1]
    return json.loads(data)["error"]


def choices_of(reply):
    """Of each chunk that has one; they are of one answer."""
    chunks = [json.loads(e) for e in reply.events() if e != "[DONE]"]
    assert len({c["id"] for c in chunks if "error" not in c}) == 1, "two answers in one"
    return [c["choices"][0] for c in chunks if c.get("choices")]


def text_of(cell):
    """What a client of chat puts together."""
    if not cell.streamed:
        return cell.reply.json["choices"][0]["message"]["content"]
    return "".join(c["delta"].get("content") or "" for c in choices_of(cell.reply))


def expect_clean(cell):
    """The whole of one answer, and nothing of another."""
    r = cell.reply
    assert (r.status, r.complete) == (200, True), (r.status, r.body)
    assert text_of(cell).replace(" ", "") == (SPARE if cell.end == "spare" else spoken.TEXT).replace(" ", "")
    assert b"error" not in r.body
    if cell.streamed:
        assert r.body.endswith(b"data: [DONE]\n\n") and r.body.count(b"[DONE]") == 1
        assert [c["finish_reason"] for c in choices_of(r)].count("stop") == 1


def expect_words(cell, code):
    """Ours with its code, or the provider's own words."""
    error = error_of(cell.reply)
    if code is None:
        assert error["message"] == faults.WORDS, error
    else:
        assert error["code"] == code and error["type"] == "respan_error", error


def expect_cut(cell):
    """Its head was 200: an error event, and no end of any kind."""
    r = cell.reply
    assert (r.status, r.complete) == (200, False), (r.status, r.complete, r.body)
    assert b"[DONE]" not in r.body and not any(c["finish_reason"] for c in choices_of(r)), r.body
    assert spoken.WORDS[0].encode() in r.body
    expect_words(cell, cell.fault.code)


def expect_refused(cell):
    r, code = cell.reply, cell.fault.code
    assert r.status == cell.status, (r.status, r.body)
    assert r.complete and r.headers["content-type"] == "application/json"
    assert r.headers["x-holdfast-error-source"] == ("provider" if code is None else "gateway")
    # A head of 200 was read: a stream had begun.
    if cell.streamed and code == "upstream_invalid_response" and cell.fault.begins:
        code = "upstream_stream_error"
    expect_words(cell, code)
    assert r.headers.get("retry-after") == cell.fault.after
    final = len(cell.attempts()) > 1 or (code is None and r.status < 500 and r.status not in (408, 409, 429))
    assert r.headers.get("x-should-retry") == ("false" if final else None)
    assert b"127.0.0.1" not in r.body and b"localhost" not in r.body


def expect_client(cell):
    if cell.end != "fault":
        expect_clean(cell)
    elif cell.fault.released:
        expect_cut(cell)
    else:
        expect_refused(cell)
    if "x-holdfast-attempts" in cell.reply.headers:
        assert cell.reply.headers["x-holdfast-attempts"] == str(len(cell.attempts()))


def expect_calls(cell):
    reached = cell.fault.where not in fault_cells.UNREACHED
    good = cell.end == "good"
    assert (len(cell.asked), cell.spared) == (reached * (cell.faulty + good), cell.end == "spare")


def expect_log(cell):
    record = cell.record
    assert record is not None, "no record"
    assert attempts_of(record) == cell.attempts()
    assert [a["n"] for a in record["attempts"]] == list(range(1, len(cell.attempts()) + 1))
    assert record["status"] == ("error" if cell.end == "fault" else "success")
    assert fault_cells.nano(record["cost"]) == cell.cost()[0]
    wish = min(cell.fault.wish_s, 5)
    for k, a in enumerate(record["attempts"]):
        # Another model, or another credential, is asked at once.
        waits = k > 0 and cell.fault.again and record["attempts"][k - 1]["outcome"] == "retry"
        least = max(0.05 * 2 ** (k - 1), wish) if waits else 0
        assert a["wait_before"] >= least and (waits or a["wait_before"] == 0), (k, a["wait_before"])


def expect_money(bench, cell):
    row = bench.accounts[cell.customer]
    assert row["held"] == 0
    assert (row["settled"], row["suspense"]) == bench.sum(cell.customer)


@pytest.mark.parametrize("dialect", spoken.DIALECTS, ids=lambda d: d.__name__)
def test_matrix(dialect, tmp_path, request):
    bench = fault_cells.Bench(dialect, str(tmp_path))
    try:
        bench.start()
        bench.run()
        for what, judge in (("client", expect_client), ("calls", expect_calls), ("log", expect_log),
                            ("money", lambda cell: expect_money(bench, cell))):
            with verdicts(what) as each:
                for cell in bench.cells:
                    with each(cell):
                        judge(cell)
    finally:
        bench.close(failed=getattr(request.node, "failed", False))
