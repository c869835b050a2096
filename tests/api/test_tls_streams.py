"""Requests under TLS, however the bytes come; handshakes that do not end; connections that do nothing.

Python's ssl module is the client: with a MemoryBIO the test decides when which byte leaves.
"""

import datetime
import json
import socket
import ssl
import time

import pytest
from lib.server import eventually
from lib.tls import ANSWER, GET, LAST_GET, Lab, cert_maker, logged

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("optional", more=("--unauthenticated", "open"))


class ByHand:
    """A client whose records are bytes in our hands."""

    def __init__(self, lab, server, version=None, name="localhost"):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = lab.context(version=version).wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.took = bytearray()

    def step(self, send):
        """One part of the handshake; True when it is complete."""
        try:
            self.tls.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        send(self.outgoing.read())
        if not done:
            self.pull()
        return done

    def shake(self, send=None):
        while not self.step(send or self.socket.sendall):
            pass

    def pull(self):
        got = self.socket.recv(65536)
        if not got:
            self.incoming.write_eof()
        self.incoming.write(got)

    def sealed(self, data):
        """The record that holds the data."""
        self.tls.write(data)
        return self.outgoing.read()

    def read_until(self, count):
        """Until that many answers have come."""
        while self.took.count(ANSWER) < count:
            try:
                self.took += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.pull()
        return bytes(self.took)

    def close(self):
        self.socket.close()


@pytest.fixture(params=VERSIONS, ids=["1.2", "1.3"])
def client(request, lab, server):
    made = ByHand(lab, server, request.param)
    yield made
    made.close()


def byte_by_byte(connection):
    def send(data):
        for i in range(len(data)):
            connection.sendall(data[i:i + 1])
    return send


def test_a_handshake_byte_by_byte(client):
    client.shake(byte_by_byte(client.socket))
    byte_by_byte(client.socket)(client.sealed(GET))
    client.read_until(1)


def test_a_record_for_every_byte(client):
    """All of them in one segment: what OpenSSL holds brings no event of the socket."""
    client.shake()
    client.socket.sendall(b"".join(client.sealed(GET[i:i + 1]) for i in range(len(GET))))
    client.read_until(1)


@pytest.mark.parametrize("cut", range(1, len(GET), 7))
def test_two_records(lab, server, cut):
    client = ByHand(lab, server)
    client.shake()
    client.socket.sendall(client.sealed(GET[:cut]) + client.sealed(GET[cut:]))
    client.read_until(1)
    client.socket.sendall(client.sealed(GET[:cut]))
    client.socket.sendall(client.sealed(GET[cut:]))
    client.read_until(2)
    client.close()


def test_a_request_behind_the_handshake(client):
    """In TLS 1.3 with the last message of the handshake, in one segment."""
    while True:
        try:
            client.tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            client.socket.sendall(client.outgoing.read())
            client.pull()
    client.socket.sendall(client.outgoing.read() + client.sealed(GET))
    client.read_until(1)


def test_pipelining(client):
    client.shake()
    client.socket.sendall(client.sealed(GET * 20) + b"".join(client.sealed(GET) for _ in range(180)))
    client.read_until(200)


def test_a_large_body_and_a_large_answer(lab, server, own_ae):
    with lab.connect(server) as tls:
        content = "x" * 900_000
        body = json.dumps({"m2m:cin": {"con": content}}).encode()
        head = (f"POST /{own_ae} HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: Ctls\r\nX-M2M-RI: tls\r\nX-M2M-RVI: 3\r\n"
                f"Content-Type: application/json;ty=4\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        tls.sendall(head + body)
        assert b" 201 " in tls.recv(65536)
        tls.sendall(f"GET /{own_ae}/la HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: Ctls\r\nX-M2M-RI: tls\r\n"
                    f"X-M2M-RVI: 3\r\nConnection: close\r\n\r\n".encode())
        time.sleep(0.3)  # the answer has to wait for us
        got = b""
        while part := tls.recv(4096):
            got += part
        assert content.encode() in got


@pytest.fixture
def own_ae(lab, server):
    """A container of an AE that this listener's clients may be without a credential."""
    with lab.connect(server) as tls:
        for body, ty, path in (({"m2m:ae": {"rn": "tls", "api": "Ntls", "rr": False, "srv": ["3"]}}, 2, "cse-in"),
                               ({"m2m:cnt": {"rn": "c"}}, 3, "cse-in/tls")):
            text = json.dumps(body).encode()
            tls.sendall(f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: Ctls\r\nX-M2M-RI: tls\r\n"
                        f"X-M2M-RVI: 3\r\nContent-Type: application/json;ty={ty}\r\n"
                        f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
            assert b" 201 " in tls.recv(65536)
    return "cse-in/tls/c"


def test_the_end_is_told_both_ways(client):
    """close_notify: ours after the last answer, the client's before it."""
    client.shake()
    client.socket.sendall(client.sealed(LAST_GET))
    client.read_until(1)
    while True:
        try:
            assert client.tls.read(1) == b""  # an end without close_notify would be an error
            break
        except ssl.SSLWantReadError:
            client.pull()


def test_a_client_that_ends_its_direction_gets_its_answer(client):
    client.shake()
    record = client.sealed(GET)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.socket.sendall(record + client.outgoing.read())
    got = b""
    while part := client.socket.recv(65536):
        got += part
    assert len(got) > 100  # it cannot be read any more, but it came


def test_plain_http_is_closed_and_told(server):
    """docs/guide/operate"""
    before = server.log().count("plain HTTP where TLS is spoken")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        plain.sendall(GET)
        got = b""
        while part := plain.recv(4096):
            got += part
    assert b"HTTP/1" not in got
    logged(server, "plain HTTP where TLS is spoken", before + 1)


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_no_byte_before_the_handshake_is_taken(lab, server, version):
    """SEC-TLS-05: a request in clear behind a ClientHello is none."""
    client = ByHand(lab, server, version)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    client.socket.sendall(client.outgoing.read() + GET)
    got = b""
    try:
        while part := client.socket.recv(4096):
            got += part
    except ConnectionResetError:
        pass
    assert b"X-M2M-RI" not in got
    client.close()


@pytest.mark.parametrize("size", [0, 1, 5, 6, 60, 150])
def test_clients_that_leave_in_the_handshake(lab, server, size):
    for _ in range(5):
        client = ByHand(lab, server)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.do_handshake()
        hello = client.outgoing.read()
        client.socket.sendall(hello[:size])
        client.close()
    with lab.connect(server) as tls:
        tls.sendall(GET)
        assert ANSWER in tls.recv(4096)


@pytest.fixture
def strict():
    """Servers with limits of their own."""
    labs = []

    def start(*limits, client="none"):
        lab = Lab()
        labs.append(lab)
        return lab, lab.start(client, more=[w for limit in limits for w in ("--limit", limit)])

    yield start
    for lab in labs:
        lab.close()


def test_slow_handshakes_end(strict):
    """limit handshake-ms; whatever the client has sent by then"""
    lab, server = strict("handshake-ms=500")
    for size in (0, 5, 100):
        client = ByHand(lab, server)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.do_handshake()
        client.socket.sendall(client.outgoing.read()[:size])
        start = time.monotonic()
        try:
            assert client.socket.recv(1) == b""
        except ConnectionResetError:
            pass
        assert 0.3 < time.monotonic() - start < 10
        client.close()
    logged(server, "it takes too long", 3)


def test_long_handshakes_end(strict):
    """limit handshake-bytes: a certificate chain without end"""
    lab, server = strict("handshake-bytes=4096", client="optional")
    many = lab.write("many.pem", (lab.folder / "ae.pem").read_bytes() + (lab.folder / "cse.pem").read_bytes() * 30)
    try:
        with lab.connect(server, (many, lab.ae[1]), ssl.TLSVersion.TLSv1_2) as tls:
            tls.sendall(GET)
            got = tls.recv(100)
    except (ssl.SSLError, ConnectionError):
        got = b""
    assert got == b""
    logged(server, "the handshake is too long")
    with lab.connect(server) as tls:  # others fit
        tls.sendall(GET)
        assert ANSWER in tls.recv(4096)


def test_an_address_that_fails_again_and_again_is_shut_out(strict):
    """SEC-GEN-09: not the next address, and not for ever."""
    lab, server = strict("handshake-failures=5")
    minute = time.monotonic() % 60
    if minute > 50:
        time.sleep(60 - minute)  # the count begins afresh with each minute

    def fails():
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(GET)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionResetError:
                pass

    for _ in range(5):
        fails()
    logged(server, "is shut out")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        lab.connect(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=("127.0.0.9", 0)) as plain:
        with lab.context().wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(GET)
            assert ANSWER in tls.recv(4096)


def test_half_handshakes_keep_nobody_out(strict):
    """limit handshakes: the oldest makes room."""
    lab, server = strict("handshakes=4")
    halves = []
    for _ in range(40):
        halves.append(ByHand(lab, server))
        with pytest.raises(ssl.SSLWantReadError):
            halves[-1].tls.do_handshake()
        halves[-1].socket.sendall(halves[-1].outgoing.read()[:50])
    with lab.connect(server) as tls:
        tls.sendall(GET)
        assert ANSWER in tls.recv(4096)
    for half in halves:
        half.close()


def test_idle_connections_end(strict):
    lab, server = strict("idle-ms=1000")
    with lab.connect(server) as tls:
        tls.sendall(GET)
        assert ANSWER in tls.recv(4096)
        assert tls.recv(1) == b""


def test_an_association_ends_with_its_credential(strict):
    """SEC-IDN-04: the connection is closed at the latest at expiry, also an idle one."""
    lab, server = strict(client="optional")
    short = lab.issue("short", cert_maker.uri("m2m://sp.example/Sshort"),
                      end=datetime.datetime.utcnow() + datetime.timedelta(seconds=4))
    with lab.connect(server, short) as tls:
        tls.sendall(GET)
        assert ANSWER in tls.recv(4096)
        start = time.monotonic()
        try:
            assert tls.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            pass
        assert time.monotonic() - start < 6
    logged(server, "no longer valid")


def test_many_at_once(lab, server):
    connections = [lab.connect(server) for _ in range(100)]
    for tls in connections:
        tls.sendall(GET)
    for tls in connections:
        assert ANSWER in tls.recv(4096)
        tls.close()
    assert eventually(lambda: server.process.poll() is None)
