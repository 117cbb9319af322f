"""A client on the wire: bytes out, replies in, and every way to leave early."""
import json
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

from gateway import KEY, Reply

CHAT = "/api/chat/completions"


def chat_body(content="Hello", **members):
    body = {"model": "test-model", "messages": [{"role": "user", "content": content}]}
    body.update(members)
    return json.dumps(body).encode()


def request(body=None, method="POST", path=CHAT, key=KEY, headers=(), version="HTTP/1.1"):
    """The bytes of one request."""
    lines = ["%s %s %s" % (method, path, version), "Host: gateway"]
    if key:
        lines.append("Authorization: Bearer " + key)
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    lines += ["%s: %s" % h for h in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Wire:
    """One connection; replies are read in order, whatever their framing."""

    def __init__(self, gateway, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", gateway.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.complete = True  # did the last body end as its framing says?

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, *args, **kw):
        self.send(request(*args, **kw))
        return self.reply()

    def more(self):
        """Read once; False at the end."""
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += part
        return bool(part)

    def until(self, mark):
        """All up to and with mark; what came if the peer closes before."""
        while mark not in self.buffer:
            if not self.more():
                got, self.buffer = self.buffer, b""
                return got
        at = self.buffer.index(mark) + len(mark)
        got, self.buffer = self.buffer[:at], self.buffer[at:]
        return got

    def exactly(self, n):
        while len(self.buffer) < n:
            if not self.more():
                self.complete = False
                break
        got, self.buffer = self.buffer[:n], self.buffer[n:]
        return got

    def closed(self):
        """Wait for the end of the connection; was there nothing before it?"""
        while self.more():
            pass
        return not self.buffer

    def head(self):
        top = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        if not top[0]:
            raise ConnectionError("closed without a reply")
        pairs = [x.split(": ", 1) for x in top[1:] if x]
        return int(top[0].split(" ")[1]), {k.lower(): v for k, v in pairs}

    def chunks(self):
        body = b""
        while True:
            size = self.until(b"\r\n")
            if not size.endswith(b"\r\n"):
                self.complete = False
                return body
            n = int(size, 16)
            body += self.exactly(n + 2)[:n]
            if n == 0 or not self.complete:
                return body

    def body(self, status, headers, head_only=False):
        self.complete = True
        if head_only or status in (204, 304) or status < 200:
            return b""
        if headers.get("transfer-encoding") == "chunked":
            return self.chunks()
        if "content-length" in headers:
            return self.exactly(int(headers["content-length"]))
        while self.more():
            pass
        got, self.buffer = self.buffer, b""
        return got

    def reply(self, head_only=False):
        status, headers = self.head()
        return Reply(status, headers, self.body(status, headers, head_only))


def at_once(n, work):
    """[work(0), …, work(n - 1)], all at the same time."""
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(work, range(n)))
