"""The HTTP binding in front of a stand-in for the CSE, over raw sockets: $MERLON_HTTP_ECHO."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "api"))
import raw_http  # noqa: E402

ECHO = os.environ.get("MERLON_HTTP_ECHO", "")
TARGET = "/cse-in/echo"


class Server:
    def __init__(self, *settings, loops=2):
        self.process = subprocess.Popen([ECHO, "0", str(loops), *settings],
                                        stdout=subprocess.PIPE, text=True)
        host, port = self.process.stdout.readline().strip().removeprefix("http://").split(":")
        self.address = (host, int(port))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture(scope="module", name="server")
def _server():
    running = Server()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("case", raw_http.CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("step", [None, 1, 7, 1000], ids=lambda step: f"step {step}")
def test_message(server, case, step):
    if step == 1 and len(case.data) > 4000:
        step = 3
    raw_http.check(server.address, case, TARGET, step)


@pytest.mark.parametrize("first", range(1, len(raw_http.GET + b"\r\n"), 3))
def test_every_cut(server, first):
    data = (raw_http.GET + b"\r\n").replace(b"{target}", TARGET.encode())
    with socket.create_connection(server.address, 5) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(data[:first])
        peer.sendall(data[first:])
        received = b""
        while not (done := raw_http.parse_answers(received)[0]):
            received += peer.recv(65536)
        assert done[0].status == 200


def test_a_library_understands_the_answers(server):
    peer = http.client.HTTPConnection(*server.address, timeout=5)
    for _ in range(3):
        peer.request("POST", TARGET, body=b'{"m2m:cnt": {"rn": "c"}}',
                     headers={"Content-Type": "application/json;ty=3", "X-M2M-RI": "1"})
        answer = peer.getresponse()
        body = answer.read()
        assert (answer.status, answer.reason) == (200, "")
        assert b'"pc":{"m2m:cnt":{"rn":"c"}}' in body
        assert answer.getheader("X-M2M-RI") == "1"
    peer.close()


def test_requests_understands_the_answers(server):
    requests = pytest.importorskip("requests")
    url = f"http://{server.address[0]}:{server.address[1]}{TARGET}"
    with requests.Session() as session:
        answer = session.get(url, params={"lbl": "a b", "ty": "2 3", "rn": "a+b"})
        assert answer.status_code == 200
        assert answer.json()["m2m:cnt"]["fc"] == {
            "lbl": ["a", "b"], "ty": [2, 3], "atr": [{"nm": "rn", "val": "a+b"}]}


def test_a_large_body_and_answer(server):
    text = "x" * 900_000
    peer = http.client.HTTPConnection(*server.address, timeout=10)
    peer.request("PUT", TARGET, body=('{"con": "' + text + '"}').encode(),
                 headers={"Content-Type": "application/json"})
    body = peer.getresponse().read()
    assert text.encode() in body
    peer.close()


def test_limits_of_time():
    running = Server("header_ms=200", "idle_ms=1000", "body_ms=200", loops=1)
    try:
        with socket.create_connection(running.address, 5) as peer:
            peer.sendall(b"GET / HT")
            assert raw_http.parse_answers(read_all(peer))[0][0].status == 408
        with socket.create_connection(running.address, 5) as peer:
            peer.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n{")
            assert raw_http.parse_answers(read_all(peer))[0][0].status == 408
        with socket.create_connection(running.address, 5) as peer:
            assert read_all(peer) == b""
    finally:
        assert running.stop() == 0


def test_limit_of_connections():
    running = Server("connections=20", loops=1)
    try:
        peers = [socket.create_connection(running.address, 5) for _ in range(25)]
        assert sum(raw_http.closes(peer) for peer in peers) == 5
        for peer in peers:
            peer.close()
    finally:
        assert running.stop() == 0


def read_all(peer):
    received = b""
    while piece := peer.recv(65536):
        received += piece
    return received


def resident_kib(process):
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def is_sanitized():
    program = Path(ECHO).read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer multiplies memory")
def test_idle_connections_cost_little():
    running = Server(loops=1)
    count = 2000
    peers = []
    try:
        raw_http.check(running.address, raw_http.CASES[0], TARGET)
        before = resident_kib(running.process)
        for _ in range(count):
            peers.append(socket.create_connection(running.address, 5))
        data = (raw_http.GET + b"\r\n").replace(b"{target}", TARGET.encode())
        for peer in peers:  # each has been served, and then is idle
            peer.sendall(data)
        for peer in peers:
            assert peer.recv(65536).startswith(b"HTTP/1.1 200")
        grown = resident_kib(running.process) - before
        assert grown * 1024 / count < 3072
        for peer in peers:
            peer.close()
    finally:
        assert running.stop() == 0


def test_stops_while_clients_are_connected():
    running = Server(loops=1)
    peers = [socket.create_connection(running.address, 5) for _ in range(20)]
    for peer in peers:
        peer.sendall(b"GET /a/fixed HTTP/1.1\r\nHost: h\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 200")
    peers[0].sendall(b"GET /a/slow HTTP/1.1\r\nHost: h\r\n\r\n")
    peers[1].sendall(b"GET /a/fixed HTTP/1.1\r\nHost: h\r\n\r\n")
    assert peers[1].recv(65536).startswith(b"HTTP/1.1 200")  # so the other has been read
    running.process.send_signal(signal.SIGTERM)
    answer = read_all(peers[0])
    assert answer.startswith(b"HTTP/1.1 200") and b"Connection: close" in answer
    assert all(read_all(peer) == b"" for peer in peers[1:])
    running.process.communicate(timeout=20)
    assert running.process.returncode == 0
    for peer in peers:
        peer.close()
