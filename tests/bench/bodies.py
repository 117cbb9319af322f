"""Requests of a given size as clients really send them: many small messages
with escapes, CJK text and line ends, not one long string."""
import json

KEY = "benchkey.abcdefghijklmnopqrstuvwxyz012345"
KEY_SHA256 = "653bb1245e828fcda4fa53fcd5a3def5bd7654e651f54b4132b73d74e64435c4"
MESSAGES = 200  # of a body with room for them
MARK = "#SERIAL#####"  # load.c puts a number here

WORDS = [
    'She said "no", twice.\n',
    "日本語のテキスト、",
    "C:\\logs\\today\t",
    "plain words of English; ",
    "한국어 문장 ",
    "naïve café ",
    "{\"a\": [1, 2]}\r\n",
    "汉字与标点。",
]


def in_json(value):
    return len(json.dumps(value, ensure_ascii=False).encode())


def text(start, size):
    """About size bytes of JSON string, beginning with another word each."""
    out, used = [], 0
    while used < size - 8:
        out.append(WORDS[(start + len(out)) % len(WORDS)])
        used += in_json(out[-1]) - 2
    return "".join(out)


def body(size, **members):
    """A chat request of about size bytes."""
    doc = {"model": "bench-1", "temperature": 0.5, "customer_identifier": "user_123", **members,
           "messages": [{"role": "system", "content": "Answer briefly. " + MARK}]}
    more = max(3, min(MESSAGES, size // 64)) - 1
    left = size - in_json(doc)
    for i in range(more):
        message = {"role": ("user", "assistant")[i % 2], "content": ""}
        message["content"] = text(i, left // (more - i) - in_json(message) - 2)
        left -= in_json(message) + 2
        doc["messages"].append(message)
    return json.dumps(doc, ensure_ascii=False).encode()


def request(path, content, port):
    """The bytes of one HTTP request."""
    head = ("POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench\r\nAccept: */*\r\n"
            "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n\r\n" % (path, port, KEY, len(content)))
    return head.encode() + content
