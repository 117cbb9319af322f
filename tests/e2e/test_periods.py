"""Periods that end while requests are in flight, clocks that jump (money.md
13): a row is found again by its period, whatever the clock was meanwhile."""
import datetime
import threading

import pytest
from gateway import nano, wait_for
from provider import LAST_CHUNK, chunked, completion, json_reply, sse_body, sse_head, stream_events
from wall import DAY_S, Wall, preload
from wire import Wire, at_once, chat_body, request

IN, OUT = 1000, 2000
COST = 10 * IN + 5 * OUT  # of the provider's usual answer


class Jumper:
    """A gateway whose clock is the test's."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.wall = Wall(gateway.dir + "/wall")
        gateway.start(env=preload(gateway.dir, FALSE_CLOCK=self.wall.path))

    def days(self, n):
        self.wall.set(n * DAY_S)

    def to(self, date):
        """Noon of that day."""
        noon = datetime.datetime.fromisoformat(date + "T12:00:00+00:00")
        self.wall.set((noon - datetime.datetime.now(datetime.timezone.utc)).total_seconds())

    def rows(self, *owner):
        """{the first day of a period: its row}"""
        shown = self.gateway.ctl_json("budget", "show", *owner, "--environment", "prod")["results"]
        return {r["period_start"][:10]: {k: nano(r[k]) for k in ("settled", "held", "suspense", "limit")}
                for r in shown if r["period"] == "period"}


@pytest.fixture
def jumper(make_gateway):
    return Jumper(make_gateway(start=False))


def ask(jumper, **members):
    r = jumper.gateway.chat(customer_identifier="c", max_tokens=5, **members)
    return r.status if r.status == 200 else r.code


def held_streams(jumper, provider, n):
    """n streams that the provider keeps; go.set() ends them."""
    go = threading.Event()
    events = [chunked(sse_body([e])) for e in stream_events(["a"] * 4)]
    provider.answer = lambda r: [sse_head() + b"".join(events[:2]), ("event", go)] + events[2:] + [LAST_CHUNK]
    wires = [Wire(jumper.gateway) for _ in range(n)]
    for w in wires:
        w.send(request(chat_body(customer_identifier="c", max_tokens=5, stream=True)))
    wait_for(lambda: len(provider.requests) >= n, 5, "the streams")
    provider.answer = lambda r: json_reply(completion())
    return go, wires


def test_streams_in_flight_at_the_end_of_a_period(jumper, provider):
    """They are charged to the period in which they came; the next one begins
    with nothing spent and all of its limit."""
    limit = 8 * 200 * IN
    jumper.gateway.ctl("customer", "set", "c", "--environment", "prod", "--budget", "0.%09d/day" % limit)
    jumper.days(1)
    go, wires = held_streams(jumper, provider, 3)
    before = jumper.rows("c")
    assert len(before) == 1
    day, row = before.popitem()
    assert row["held"] > 0
    jumper.days(2)
    # All that fits into the new one, held money of the old one is no hindrance.
    got = at_once(8, lambda i: [ask(jumper) for _ in range(40)])
    assert {x for part in got for x in part} <= {200, "budget_exceeded", "budget_held"}
    passed = sum(x == 200 for part in got for x in part)
    assert jumper.rows("c")[day]["held"] == row["held"]
    go.set()
    for w in wires:
        assert w.reply().body.endswith(b"data: [DONE]\n\n")
    jumper.gateway.at_rest()
    rows = jumper.rows("c")
    assert rows.pop(day) == {"settled": 3 * COST, "held": 0, "suspense": 0, "limit": limit}
    assert [r["settled"] for r in rows.values()] == [passed * COST]
    assert passed * COST <= limit and passed > 0


@pytest.mark.parametrize("jump", [1, -1, 365, -365, 30])
@pytest.mark.parametrize("who", ["customer", "key"])
def test_clock_there_and_back_frees_no_money(jumper, provider, who, jump):
    """A spent day is spent whenever the clock says that it is that day."""
    g = jumper.gateway
    if who == "key":
        made = g.ctl_json("key", "new", "--name", "k", "--environment", "prod", "--budget", "0.0004/day")
        owner, members = ["--key", made["key"]["prefix"]], {"key": made["api_key"]}
    else:
        g.ctl("customer", "set", "c", "--environment", "prod", "--budget", "0.0004/day")
        owner, members = ["c"], {"customer_identifier": "c"}

    def outcome():
        r = g.chat(max_tokens=5, **members)
        return r.status if r.status == 200 else r.code

    def spend_day():
        n = 0
        while outcome() == 200:
            n += 1
        return n

    here = spend_day()
    jumper.days(jump)
    assert spend_day() == here > 0
    for n in (0, jump, 0):
        jumper.days(n)
        assert [outcome() for _ in range(3)] == ["budget_exceeded"] * 3
    assert len(provider.requests) == 2 * here
    g.at_rest()
    assert [r["settled"] for r in jumper.rows(*owner).values()] == [here * COST] * 2


ANCHORS = [
    ("month", "2024-01-31", [("2026-02-27", "2026-01-31"), ("2026-02-28", "2026-02-28"), ("2026-03-30", "2026-02-28"),
                             ("2026-03-31", "2026-03-31"), ("2028-02-29", "2028-02-29"), ("2028-03-01", "2028-02-29")]),
    ("year", "2024-02-29", [("2027-02-27", "2026-02-28"), ("2027-02-28", "2027-02-28"), ("2028-02-28", "2027-02-28"),
                            ("2028-02-29", "2028-02-29")]),
    ("week", "2026-01-01", [("2026-12-30", "2026-12-24"), ("2026-12-31", "2026-12-31"), ("2027-01-06", "2026-12-31")]),
]


@pytest.mark.parametrize("unit, start, days", ANCHORS, ids=[a[0] for a in ANCHORS])
def test_days_that_some_months_do_not_have(jumper, provider, unit, start, days):
    """29 February and the 31st: each day belongs to one period, and each
    period has one budget."""
    jumper.gateway.ctl("customer", "set", "c", "--environment", "prod", "--budget", "1/" + unit, "--period-start", start)
    want = {}
    for date, begins in days:
        jumper.to(date)
        assert ask(jumper) == 200
        want[begins] = want.get(begins, 0) + COST
    jumper.gateway.at_rest()
    assert {day: r["settled"] for day, r in jumper.rows("c").items()} == want
