"""Where the functions of a request lie in the program: writes order.ld.

usage: O=build order.py

At some requests a second the caches are cold: what a request runs through is
fetched again, each page and each line of it.  Callgrind says which functions of
ours the worker calls for the requests of counted.py, and from where.  Those that
each request of a case needs are written down in the order of a walk along the
calls, for the linker to lay next to each other; first those from a client that
comes, and from its bytes, to the provider, then those from a provider's first
bytes to the client, both of which base/warm.h fetches.  It is speed alone: a name
that is gone or missing does no harm.
"""
import collections
import contextlib
import os
import re

import bodies
import idle
import rig
from counted import CASES, FRESH, STREAM, ask, ask_fresh, counted

TO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "order.ld")
UNDER = ["valgrind", "--quiet", "--tool=callgrind", "--dump-instr=yes",
         "--callgrind-out-file=DIR/callgrind.%p"]
# What is collected, with all below it.
TURN, ACCEPT, REQUEST, ANSWER = "loop_turn", "listener_ready", "session_data", "link_data"
REQUESTS = 40
DRIP = ("drip", REQUESTS, bodies.body(1024, **STREAM))
STALL = ("stall", REQUESTS, bodies.body(1024, **STREAM))
HEAD = """/*
 * The functions of a request, in the order in which they lie in the program.
 * Written by "make order" (tests/bench/order.py); it is speed alone.
 */
"""


class Calls:
    """The calls of one profile; a name is that of its function and object."""

    def __init__(self):
        self.of = collections.defaultdict(list)  # caller: [(address, callee), ...]
        self.times = collections.Counter()  # that its commonest instruction ran

    def read(self, lines):
        names, here, to, address = {}, {}, {}, 0
        called = False
        for line in lines:
            m = re.match(r"(c?)(ob|fn)=(\(\d+\))(?: (.*))?", line)
            if m:
                callee, kind, number, name = m.groups()
                if name:
                    names[kind, number] = name
                (to if callee else here)[kind] = names[kind, number]
                continue
            if line.startswith("calls="):
                called = True  # the next line is of all that it ran
                continue
            m = re.match(r"(0x[0-9a-f]+|\+\d+|-\d+|\*)(?: \S+)? (\d+)$", line)
            if not m:
                continue
            address = self.position(m.group(1), address)
            caller = (here["ob"], plain(here["fn"]))
            if called:
                self.of[caller].append((address, (to.get("ob", here["ob"]), plain(to["fn"]))))
                to, called = {}, False
            else:
                self.times[caller] = max(self.times[caller], int(m.group(2)))

    @staticmethod
    def position(text, before):
        if text == "*":
            return before
        return int(text, 16) if text.startswith("0x") else before + int(text)


def plain(name):
    """Without what callgrind adds for a recursion and the compiler for a copy."""
    return re.split(r"['.]", name)[0]


def walk(calls, root):
    """Each function when it is first called, callees in the order of their calls."""
    seen, todo = [], [root]
    known = set()
    while todo:
        at = todo.pop()
        if at in known:
            continue
        known.add(at)
        seen.append(at)
        todo += [callee for _, callee in sorted(calls.of[at], reverse=True)]
    return seen


def profile(case, how, root):
    kind, _, body = case
    calls = Calls()

    def read(folder, pid):
        with open("%s/callgrind.%d" % (folder, pid)) as f:
            calls.read(f)

    with contextlib.closing(rig.Upstream()) as up:
        under = UNDER + ["--toggle-collect=" + root]
        counted(up, kind, under, body, REQUESTS, read, how)
    return calls


def functions(case, how, root):
    """Of ours, those that each request of a case runs through below the root."""
    ours = os.path.abspath(rig.BUILD + "/holdfast")
    calls = profile(case, how, root)
    top = next(f for f in calls.of if f[1] == root)
    return [f[1] for f in walk(calls, top)
            if f[0] == ours and not f[1].startswith("__")  # those of the compiler
            and calls.times[f] >= REQUESTS]


def ask_beginning(gateway, body, n):
    request = bodies.request(gateway.path, body, gateway.port)
    for _ in range(n):
        with idle.open_stream(gateway.port, request, None) as s:
            idle.wait_first_event(s)


def write(f, part, names):
    f.write("PROVIDE_HIDDEN(order_%s = .);\n" % part)
    for name in names:
        f.write("*(.text.%s .text.%s.*)\n" % (name, name))


def main():
    cases = [(DRIP, ask)] + [(c, ask_fresh) for c in FRESH.values()]
    cases += [(c, ask) for c in CASES.values()]
    with rig.precedence():
        come = [x for c in FRESH.values() for x in functions(c, ask_fresh, ACCEPT)]
        parts = {"request": come + functions(DRIP, ask, REQUEST),
                 "answer": functions(STALL, ask_beginning, ANSWER),
                 "rest": [x for case, how in cases for x in functions(case, how, TURN)]}
    known = set()
    with open(TO, "w") as f:
        f.write(HEAD)
        for part, names in parts.items():
            parts[part] = [x for x in dict.fromkeys(names) if x not in known]
            known.update(names)
            write(f, part, parts[part])
    print(", ".join("%s: %d functions" % (part, len(names)) for part, names in parts.items()))


main()
