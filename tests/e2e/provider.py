"""The scripted provider: answers as a test says, and keeps a book of its own.

provider.answer is called with each Request and returns a list of steps:
  bytes            sent as they are
  ("wait", s)      seconds of silence; ends early when the peer leaves
  ("event", e)     silence until the event is set or the peer leaves
  ("fin",)         close after what was sent
  ("reset",)       close with RST
  ("until_gone",)  wait until the peer leaves; the time is noted
Without a close the connection is kept.  json_reply() and sse_reply() make
whole answers.
"""
import json
import select
import socket
import struct
import threading
import time


class Request:
    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers  # list of (name, value)
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        for k, v in self.headers:
            if k.lower() == name.lower():
                return v
        return None


def head(status=200, headers=(), reason="OK"):
    lines = ["HTTP/1.1 %d %s" % (status, reason)]
    lines += ["%s: %s" % h for h in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def json_reply(body, status=200, headers=()):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return [head(status, (("Content-Type", "application/json"),
                          ("Content-Length", len(body))) + tuple(headers)) + body]


def completion(text="Hello there", prompt=10, completion=5, **members):
    body = {
        "id": "chatcmpl-test", "object": "chat.completion", "created": 1700000000,
        "model": "test-model-0001",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": None},
                     "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion,
                  "total_tokens": prompt + completion},
    }
    body.update(members)
    return body


def chunked(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def sse_head(headers=()):
    return head(200, (("Content-Type", "text/event-stream"),
                      ("Transfer-Encoding", "chunked")) + tuple(headers))


def sse_body(events):
    return b"".join(b"data: " + (e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n\n"
                    for e in events)


def chunk(delta=None, finish=None, usage=None, **members):
    body = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1700000000,
            "model": "test-model-0001",
            "choices": [] if delta is None and finish is None else
            [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}]}
    if usage:
        body["usage"] = usage
    body.update(members)
    return body


def stream_events(words, usage=(10, 5), done=True):
    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": w}) for w in words]
    events.append(chunk(finish="stop"))
    if usage:
        events.append(chunk(usage={"prompt_tokens": usage[0], "completion_tokens": usage[1],
                                   "total_tokens": sum(usage)}))
    if done:
        events.append(b"[DONE]")
    return events


def sse_reply(events):
    return [sse_head() + chunked(sse_body(events)) + LAST_CHUNK]


class Provider:
    def __init__(self, answer=None, port=0, address="127.0.0.1"):
        self.answer = answer or (lambda r: json_reply(completion()))
        self.requests = []
        self.gone_at = []     # when a peer was seen leaving
        self.connections = 0
        both = {"family": socket.AF_INET6, "dualstack_ipv6": True} if ":" in address else {}
        self.listener = socket.create_server((address, port), backlog=4096, **both)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        self.lock = threading.Lock()
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closed = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            peers = list(self.open)
        for s in peers:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def drop_kept(self):
        """Close all connections, also for those who write to them now."""
        with self.lock:
            peers = list(self.open)
        for s in peers:
            s.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + 5
        while self.open and time.monotonic() < end:
            time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _accept(self):
        while not self.closed:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            buffer = b""
            while True:
                request, buffer = self._read(s, buffer)
                if request is None:
                    return
                with self.lock:
                    self.requests.append(request)
                if not self._play(s, self.answer(request)):
                    return
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.discard(s)
            s.close()

    @staticmethod
    def _read(s, buffer):
        while b"\r\n\r\n" not in buffer:
            part = s.recv(65536)
            if not part:
                return None, b""
            buffer += part
        top, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = [tuple(x.split(": ", 1)) for x in lines[1:]]
        length = int(dict((k.lower(), v) for k, v in headers).get("content-length", 0))
        while len(buffer) < length:
            part = s.recv(65536)
            if not part:
                return None, b""
            buffer += part
        return Request(method, path, headers, buffer[:length]), buffer[length:]

    def _left(self, s, seconds):
        """True when the peer leaves within so many seconds."""
        end = time.monotonic() + seconds
        while not self.closed:
            left = end - time.monotonic()
            if left <= 0:
                return False
            ready, _, _ = select.select([s], [], [], min(left, 0.05))
            if ready and not s.recv(1, socket.MSG_PEEK):
                with self.lock:
                    self.gone_at.append(time.monotonic())
                return True
        return True

    def _play(self, s, steps):
        """False when the connection is over."""
        for step in steps:
            if isinstance(step, bytes):
                s.sendall(step)
            elif step[0] == "wait":
                if self._left(s, step[1]):
                    return False
            elif step[0] == "event":
                while not step[1].is_set():
                    if self._left(s, 0.02):
                        return False
            elif step[0] == "until_gone":
                self._left(s, 60)
                return False
            elif step[0] == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step[0] == "fin":
                return False
        return True
