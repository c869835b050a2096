"""Messages for raw sockets: what a server of the HTTP binding must do with bytes that no HTTP
library would send.

CASES is data: name, the bytes, the statuses of the answers in order, the X-M2M-RSC of the last
one, and whether the server closes afterwards. {target} stands for the path of a resource that the
originator CAdmin may retrieve. `check` sends one case, whole or cut into pieces, and holds the
answers against it.
"""

import socket
from dataclasses import dataclass

HEADER = b"Host: localhost\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: raw\r\nX-M2M-RVI: 3\r\n"
GET = b"GET {target} HTTP/1.1\r\n" + HEADER
PUT = b"PUT {target} HTTP/1.1\r\n" + HEADER
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
END = b"\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    statuses: tuple
    rsc: int
    closes: bool


@dataclass(frozen=True)
class Answer:
    status: int
    fields: dict  # by name as it was spelled
    body: bytes


def _refused(status, rsc, cases):
    return [Case(name, data, (status,), rsc, True) for name, data in cases]


CASES = [
    Case("a request", GET + END, (200,), 2000, False),
    Case("two at once", (GET + END) * 2, (200, 200), 2000, False),
    Case("many at once", (GET + END) * 100, (200,) * 100, 2000, False),
    Case("an empty line before", b"\r\n" + GET + END, (200,), 2000, False),
    Case("names in any case", GET.replace(b"X-M2M-Origin", b"x-M2m-oRIGIN") + END, (200,), 2000,
         False),
    Case("absolute form", GET.replace(b"GET ", b"GET http://h:80") + END, (200,), 2000, False),
    Case("to be closed", GET + b"Connection: close\r\n\r\n" + GET + END, (200,), 2000, True),
    Case("HTTP/1.0", GET.replace(b"HTTP/1.1", b"HTTP/1.0") + END, (200,), 2000, True),
    Case("HTTP/1.0 without Host",
         GET.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: localhost\r\n", b"") + END, (200,), 2000,
         True),
    Case("HTTP/1.9", GET.replace(b"HTTP/1.1", b"HTTP/1.9") + END, (200,), 2000, False),
    Case("a body of no length", GET + b"Content-Length: 0\r\n\r\n" + GET + END, (200, 200), 2000,
         False),
    Case("a broken body", PUT + JSON + b"Content-Length: 5\r\n\r\n{\"a\":" + GET + END, (400, 200),
         2000, False),
    Case("a broken body in chunks", PUT + JSON + CHUNKED + b"2\r\n{\"\r\n3\r\na\":\r\n0\r\n\r\n",
         (400,), 4000, False),
    Case("a chunk with extensions and trailers",
         PUT + JSON + CHUNKED + b"5;a=b\r\n{\"a\":\r\n0\r\nX: y\r\n\r\n" + GET + END, (400, 200),
         2000, False),
    Case("no type of content", PUT + b"Content-Length: 2\r\n\r\n{}", (400,), 4000, False),
    Case("another type of content", PUT + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
         (415,), 4015, False),
    Case("nothing acceptable", GET + b"Accept: text/html\r\n\r\n", (406,), 5207, False),
    Case("HEAD", GET.replace(b"GET", b"HEAD") + END, (405,), 4005, False),
    Case("OPTIONS", GET.replace(b"GET", b"OPTIONS") + END, (405,), 4005, False),
    Case("PATCH", GET.replace(b"GET", b"PATCH") + END, (405,), 4005, False),
    Case("an unknown method", GET.replace(b"GET", b"BREW") + END, (501,), 5001, False),
    Case("a method in small letters", GET.replace(b"GET", b"get") + END, (501,), 5001, False),
    Case("an identifier twice", GET + b"x-m2m-ri: raw\r\n\r\n", (400,), 4000, False),
    Case("an identifier too long", GET.replace(b"raw", b"r" * 300) + END, (400,), 4000, False),
    Case("an identifier that is not UTF-8", GET.replace(b"raw", b"\xff") + END, (400,), 4000, False),
    Case("an unknown field in the query", GET.replace(b"{target}", b"{target}?nonsense=1") + END,
         (400,), 4000, False),
    Case("a bad escape", GET.replace(b"{target}", b"{target}%zz") + END, (400,), 4000, False),
    Case("an escaped NUL", GET.replace(b"{target}", b"{target}%00") + END, (400,), 4000, False),
    Case("an escaped slash", GET.replace(b"{target}", b"{target}%2fa") + END, (400,), 4000, False),
    Case("an empty segment", GET.replace(b"{target}", b"{target}//a") + END, (400,), 4000, False),
] + _refused(400, 4000, [
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("a NUL", b"\0"),
    ("JSON", b"{\"op\": 2}\r\n\r\n"),
    ("two empty lines", b"\r\n\r\n" + GET + END),
    ("HTTP/0.9", b"GET {target}\r\n\r\n"),
    ("two blanks in the line", GET.replace(b"GET ", b"GET  ") + END),
    ("a tab in the line", GET.replace(b"GET ", b"GET\t") + END),
    ("a small http", GET.replace(b"HTTP/1.1", b"http/1.1") + END),
    ("letters beyond ASCII in the target", GET.replace(b"{target}", b"{target}/\xc3\xa4") + END),
    ("asterisk form", b"OPTIONS * HTTP/1.1\r\n" + HEADER + END),
    ("authority form", b"CONNECT h:80 HTTP/1.1\r\n" + HEADER + END),
    ("a path without slash", GET.replace(b"{target}", b"cse-in") + END),
    ("line feeds alone", (GET + END).replace(b"\r\n", b"\n")),
    ("a line feed alone in a field", GET + b"X: a\nY: b\r\n\r\n"),
    ("a carriage return alone", GET + b"X: a\rY: b\r\n\r\n"),
    ("a folded field", GET + b"X: a\r\n b\r\n\r\n"),
    ("a blank before the first field", b"GET {target} HTTP/1.1\r\n Host: localhost\r\n\r\n"),
    ("a blank before the colon", GET + b"X : a\r\n\r\n"),
    ("no name", GET + b": a\r\n\r\n"),
    ("no colon", GET + b"nothing\r\n\r\n"),
    ("a NUL in a field", GET + b"X: a\0b\r\n\r\n"),
    ("a control character in a field", GET + b"X: a\x01b\r\n\r\n"),
    ("DEL in a field", GET + b"X: a\x7fb\r\n\r\n"),
    ("no Host", GET.replace(b"Host: localhost\r\n", b"") + END),
    ("two Hosts", GET + b"Host: localhost\r\n\r\n"),
    ("an empty Host", GET.replace(b"Host: localhost\r\n", b"Host:\r\n") + END),
    ("a Host with a path", GET.replace(b"Host: localhost", b"Host: localhost/a") + END),
    ("two lengths", PUT + JSON + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    ("two lengths that differ", PUT + JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ("a list of lengths", PUT + JSON + b"Content-Length: 2, 2\r\n\r\n{}"),
    ("a length with a sign", PUT + JSON + b"Content-Length: +2\r\n\r\n{}"),
    ("a negative length", PUT + JSON + b"Content-Length: -2\r\n\r\n{}"),
    ("a length in hexadecimal", PUT + JSON + b"Content-Length: 0x2\r\n\r\n{}"),
    ("no digits of a length", PUT + JSON + b"Content-Length:\r\n\r\n{}"),
    ("a length beyond 64 bits", PUT + JSON + b"Content-Length: 99999999999999999999\r\n\r\n{}"),
    ("a length and chunks", PUT + JSON + b"Content-Length: 2\r\n" + CHUNKED + b"0\r\n\r\n"),
    ("chunks twice", PUT + JSON + b"Transfer-Encoding: chunked\r\n" + CHUNKED + b"0\r\n\r\n"),
    ("chunks in HTTP/1.0", PUT.replace(b"HTTP/1.1", b"HTTP/1.0") + JSON + CHUNKED + b"0\r\n\r\n"),
    ("no size of a chunk", PUT + JSON + CHUNKED + b"\r\n{}\r\n0\r\n\r\n"),
    ("a bad size of a chunk", PUT + JSON + CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    ("a size with a sign", PUT + JSON + CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n"),
    ("a size with 0x", PUT + JSON + CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n"),
    ("a size beyond 64 bits", PUT + JSON + CHUNKED + b"fffffffffffffffff\r\n{}\r\n"),
    ("a chunk too long", PUT + JSON + CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n"),
    ("a chunk with a line feed alone", PUT + JSON + CHUNKED + b"2\n{}\r\n0\r\n\r\n"),
    ("a long extension", PUT + JSON + CHUNKED + b"2;" + b"a" * 300 + b"\r\n{}\r\n0\r\n\r\n"),
    ("a bad trailer", PUT + JSON + CHUNKED + b"2\r\n{}\r\n0\r\nnothing\r\n\r\n"),
]) + _refused(413, 4000, [
    ("a length too large", PUT + JSON + b"Content-Length: 999999999\r\n\r\n"),
    ("a length too large with Expect",
     PUT + JSON + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"),
    ("a chunk too large", PUT + JSON + CHUNKED + b"fffffff\r\n"),
]) + _refused(414, 4000, [
    ("a target too long", GET.replace(b"{target}", b"/" + b"a" * 9000) + END),
    ("a line without end", b"GET /" + b"a" * 20000),
]) + _refused(417, 4000, [
    ("another expectation", PUT + JSON + b"Expect: more\r\nContent-Length: 2\r\n\r\n{}"),
]) + _refused(431, 4000, [
    ("a header too large", GET + b"X: " + b"a" * 20000 + b"\r\n\r\n"),
    ("too many fields", GET + b"X: a\r\n" * 100 + END),
]) + _refused(501, 5001, [
    ("gzip", PUT + JSON + b"Transfer-Encoding: gzip\r\n\r\n"),
    ("gzip in chunks", PUT + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
]) + _refused(505, 5001, [
    ("HTTP/2.0", GET.replace(b"HTTP/1.1", b"HTTP/2.0") + END),
    ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
])


def parse_answers(data, methods=()):
    """(answers, rest): complete answers at the start of the data. An answer to HEAD, the n-th of
    `methods`, has no body whatever its header says."""
    answers = []
    while True:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            return answers, data
        lines = head.decode("utf-8").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines[0]
        fields = dict(line.split(": ", 1) for line in lines[1:])
        if int(status) == 100:
            data = rest
            continue
        method = methods[len(answers)] if len(answers) < len(methods) else b"GET"
        length = 0 if method == b"HEAD" else int(fields["Content-Length"])
        if len(rest) < length:
            return answers, data
        answers.append(Answer(int(status), fields, rest[:length]))
        data = rest[length:]


def exchange(address, data, count, step=None, patience=0.1):
    """Sends the data, at once or in pieces of `step` bytes, until `count` answers have come.
    Returns the answers and whether the server closes the connection within `patience`."""
    received = b""
    methods = (data[:4],) if data.startswith(b"HEAD") else ()
    with socket.create_connection(address, 5.0) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for at in range(0, len(data), step or len(data)):
                peer.sendall(data[at:at + (step or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered and closed before the end
        answers = []
        is_closed = False
        while not is_closed and len(answers) < count:
            piece = peer.recv(65536)
            is_closed = not piece
            received += piece
            answers, _ = parse_answers(received, methods)
        return answers, is_closed or closes(peer, patience)


def closes(peer, within=0.1):
    """Does the server end the connection, without another byte?"""
    peer.settimeout(within)
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def check(address, case, target, step=None):
    """Raises AssertionError when the server does not do what the case says."""
    data = case.data.replace(b"{target}", target.encode("ascii"))
    answers, is_closed = exchange(address, data, len(case.statuses), step,
                                  5.0 if case.closes else 0.03)
    assert tuple(a.status for a in answers) == case.statuses, (case.name, answers)
    last = answers[-1]
    assert last.fields["X-M2M-RSC"] == str(case.rsc), (case.name, last)
    assert is_closed == case.closes, (case.name, "closed" if is_closed else "left open", last)
    if last.status >= 400 and not data.startswith(b"HEAD"):
        assert b"m2m:dbg" in last.body, (case.name, last)
    assert ("Connection" in last.fields) == case.closes, (case.name, last)
