"""A kept connection that asks and reads whole answers."""
import re
import socket


class Refused(Exception):
    """The answer was not what was asked for, or there was none."""


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def more(self):
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            raise Refused("the connection ended: %r" % self.got[-200:])
        self.got += part

    def ask(self, request):
        """One request; its whole answer must be a 200."""
        self.socket.sendall(request)
        self.got = b""
        while b"\r\n\r\n" not in self.got:
            self.more()
        head, _, self.got = self.got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise Refused("refused: %r" % (head + self.got))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while len(self.got) < int(length.group(1)) if length else \
                not self.got.endswith(b"0\r\n\r\n"):
            self.more()
