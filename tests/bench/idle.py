"""Memory of streams that stand still."""
import contextlib
import socket
import ssl
import time

import bodies
import rig
from figures import row

STEPS = (1000, 2000)
BATCH = 50  # opened at once


def open_stream(port, request, tls):
    s = socket.create_connection(("127.0.0.1", port), 10)
    if tls is not None:
        s = tls.wrap_socket(s, server_hostname="localhost")
    s.sendall(request)
    return s


def wait_first_event(s):
    got = b""
    while b"data: {" not in got:
        part = s.recv(65536)
        if not part:
            raise RuntimeError("a stream ended: %r" % got[:200])
        got += part
        if b"HTTP/1.1 200" not in got:
            raise RuntimeError("a stream was refused: %r" % got[:200])


def tls_context(port, gateway):
    if port != gateway.tls_port:
        return None
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


def growth(server, pids, port, request, tls):
    """KiB of PSS before any stream and after each step, of pids and of all processes."""
    with contextlib.ExitStack() as stack:
        def figure():
            time.sleep(0.3)
            return rig.memory_kib(pids), rig.memory_kib(server.pids())
        marks, count = [figure()], 0
        for step in STEPS:
            for _ in range(count, step, BATCH):
                fresh = [stack.enter_context(open_stream(port, request, tls))
                         for _ in range(BATCH)]
                for s in fresh:
                    wait_first_event(s)
            count = step
            marks.append(figure())
    return marks


def per_stream(marks, which):
    """(between the steps, over all) KiB."""
    last = marks[-1][which]
    return ((last - marks[1][which]) / (STEPS[1] - STEPS[0]),
            (last - marks[0][which]) / STEPS[1])


def row_of(case, gateway, port, content, bar, nginx):
    request = bodies.request(gateway.path, content, port)
    tls = tls_context(port, gateway)
    marks = growth(gateway, [gateway.worker], port, request, tls)
    slope, mean = per_stream(marks, 0)
    notes = "mean of the first %d %.2f, all processes %.2f" % (
        STEPS[1], mean, per_stream(marks, 1)[0])
    theirs = None
    if nginx is not None:
        nginx.use("off")
        request = bodies.request(nginx.path, content, nginx.port)
        theirs = [per_stream(growth(nginx, [nginx.worker], nginx.port, request, None), 0)[0]]
    return row(case, "KiB PSS of the worker", [slope], theirs, bar, "figure", notes)
