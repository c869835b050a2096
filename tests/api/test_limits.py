"""Limits: what a peer can make the server spend, and that the server is as before afterwards.

Sizes and times are set small by --limit. Memory is measured with the released program, because
sanitizers keep what was freed.
"""

import json
import resource
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
import raw_http
from lib import release
from lib.onem2m import Client
from lib.server import Server, eventually

HEADER = "Host: localhost\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: 1\r\nX-M2M-RVI: 3\r\n"


def address(server):
    return "127.0.0.1", server.port


def connect(server, seconds=20):
    return socket.create_connection(address(server), seconds)


def read_all(peer):
    received = b""
    try:
        while piece := peer.recv(1 << 16):
            received += piece
    except ConnectionResetError:
        pass
    return received


def files(server):
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def still_answers(server):
    answer = Client(server.url).retrieve("cse-in")
    assert answer.rsc == 2000, answer


# ---- sizes ----


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A server with small limits of size, and an AE on it."""
    limits = {"body_bytes": 4096, "header_bytes": 1024, "target_bytes": 256, "header_fields": 16,
              "value_depth": 8, "value_items": 1000, "identifier_bytes": 40, "name_bytes": 20,
              "tree_depth": 6, "acp_references": 2, "acp_rules": 3, "group_members": 4,
              "subscriptions": 2, "notification_targets": 2, "results": 10,
              "response_bytes": 65536}
    words = [w for name, value in limits.items() for w in ("--limit", f"{name}={value}")]
    with Server(tmp_path_factory.mktemp("small") / "data", *words) as server:
        server.ae = Client(server.url).register("Csmall", name="small")
        assert server.ae.create("cse-in/small", "cnt", rn="c").rsc == 2001
        yield server
        still_answers(server)


def test_body(small):
    """A larger one is refused before it is read."""
    head = f"PUT /cse-in/small/c HTTP/1.1\r\n{HEADER}Content-Type: application/json\r\n"
    for size, status in ((4097, 413), (1 << 40, 413)):
        answers, is_closed = raw_http.exchange(
            address(small), f"{head}Content-Length: {size}\r\n\r\n".encode(), 1)
        assert answers[0].status == status and is_closed
        assert b"m2m:dbg" in answers[0].body
    text = '{"m2m:cnt": {"lbl": ["%s"]}}'
    for size, rsc in ((4096, 2004), (4097, 4000)):
        body = text % ("x" * (size - len(text) + 2))
        assert len(body) == size
        answer = small.ae.request("PUT", "cse-in/small/c", body.encode(), check=rsc == 2004)
        assert answer.rsc == rsc, answer
    small.ae.update("cse-in/small/c", "cnt", lbl=None)


def test_header(small):
    for padding, status in ((500, 200), (1100, 431)):
        data = f"GET /cse-in HTTP/1.1\r\n{HEADER}X: {'a' * padding}\r\n\r\n".encode()
        assert raw_http.exchange(address(small), data, 1)[0][0].status == status
    for count, status in ((10, 200), (20, 431)):
        data = f"GET /cse-in HTTP/1.1\r\n{HEADER}{'X: a' + chr(13) + chr(10)}".encode()
        data += b"X: a\r\n" * (count - 1) + b"\r\n"
        assert raw_http.exchange(address(small), data, 1)[0][0].status == status


def test_target(small):
    for length, status in ((200, 404), (257, 414)):
        data = f"GET /{'a' * length} HTTP/1.1\r\n{HEADER}\r\n".encode()
        assert raw_http.exchange(address(small), data, 1)[0][0].status == status


def test_identifiers(small):
    for header in ("X-M2M-RI", "X-M2M-Origin", "X-M2M-VSI", "X-M2M-GID"):
        answer = small.ae.request("GET", "cse-in", headers={header: "C" + "x" * 40}, check=False)
        assert answer.rsc == 4000, (header, answer)
    assert small.ae.request("GET", "cse-in", headers={"X-M2M-RI": "x" * 40}).rsc == 2000


def test_depth_of_content(small):
    """The content's object is the first level, the resource's the second."""
    for depth, rsc in ((6, 2001), (7, 4000)):
        content = "x"
        for _ in range(depth):
            content = [content]
        answer = small.ae.create("cse-in/small/c", "cin", con=content)
        assert answer.rsc == rsc, (depth, answer)
    assert "deep" in answer.debug


def test_items_of_content(small):
    for count, rsc in ((900, 2001), (1001, 4000)):
        answer = small.ae.create("cse-in/small/c", "cin", con=[1] * count)
        assert answer.rsc == rsc, (count, answer)
    assert answer.debug


def test_length_of_names(small):
    for length, rsc in ((20, 2001), (21, 4000)):
        assert small.ae.create("cse-in/small", "cnt", rn="n" * length).rsc == rsc


def test_depth_of_the_tree(small):
    """CSEBase, AE, and four containers."""
    path = "cse-in/small"
    for _ in range(4):
        assert small.ae.create(path, "cnt", rn="d").rsc == 2001
        path += "/d"
    answer = small.ae.create(path, "cnt", rn="d")
    assert answer.rsc == 4000 and "deep" in answer.debug
    assert small.ae.create(path, "cin", con="x").rsc == 2001


def rule(*names):
    return {"acor": list(names), "acop": 63}


def test_rules_and_references(small):
    own = {"acr": [rule("Csmall")]}
    for count, rsc in ((3, 2001), (4, 4000)):
        answer = small.ae.create("cse-in/small", "acp", rn=f"p{count}",
                                 pv={"acr": [rule("Csmall")] * count}, pvs=own)
        assert answer.rsc == rsc, answer
    for name in ("q1", "q2", "q3"):
        assert small.ae.create("cse-in/small", "acp", rn=name, pv=own, pvs=own).rsc == 2001
    for names, rsc in ((["q1", "q2"], 2001), (["q1", "q2", "q3"], 4000)):
        answer = small.ae.create("cse-in/small", "cnt", acpi=[f"cse-in/small/{n}" for n in names])
        assert answer.rsc == rsc, answer


def test_members(small):
    for count, rsc in ((4, 2001), (5, 6010)):
        members = [f"cse-in/small/m{i}" for i in range(count)]
        assert small.ae.create("cse-in/small", "grp", mnm=100, mid=members).rsc == rsc


def test_subscriptions_and_targets(small):
    assert small.ae.create("cse-in/small/c", "sub", nu=["Csmall"] * 3).rsc == 4000
    for rsc in (2001, 2001, 4000):
        assert small.ae.create("cse-in/small/c", "sub", nu=["Csmall"]).rsc == rsc


def test_results_are_partial(small):
    assert small.ae.create("cse-in/small", "cnt", rn="many").rsc == 2001
    names = [f"i{n}" for n in range(25)]
    for name in names:
        assert small.ae.create("cse-in/small/many", "cin", rn=name, con="x").rsc == 2001
    found, offset = [], 1
    while offset:
        answer = small.ae.retrieve("cse-in/small/many", query={"fu": 1, "ty": 4, "ofst": offset})
        assert answer.rsc == 2000 and len(answer.pc["m2m:uril"]) <= 10
        found += answer.pc["m2m:uril"]
        offset = int(answer.headers.get("X-M2M-CTO", 0))
        assert (answer.headers.get("X-M2M-CTS") == "1") == bool(offset)
    assert found == [f"cse-in/small/many/{name}" for name in names]


def test_answers_are_partial(small):
    """At most 64 KiB: what does not fit is left out, and said to be."""
    assert small.ae.create("cse-in/small", "cnt", rn="large").rsc == 2001
    for _ in range(60):
        assert small.ae.create("cse-in/small/large", "cin", con="x" * 3000).rsc == 2001
    answer = small.ae.retrieve("cse-in/small/large", query={"rcn": 4})
    assert answer.rsc == 2000 and answer.headers["X-M2M-CTS"] == "1"
    assert 0 < len(answer.res["m2m:cin"]) < 60


# ---- times ----


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A server with small limits of time."""
    words = ["--limit", "header_ms=300", "--limit", "body_ms=300", "--limit", "idle_ms=1000",
             "--limit", "send_ms=300"]
    with Server(tmp_path_factory.mktemp("hasty") / "data", *words) as server:
        yield server
        still_answers(server)
        eventually(lambda: files(server) < 60, 10, "the end of the connections")


def lasts(peer):
    """What comes until the server closes, and how long that takes."""
    begun = time.monotonic()
    return read_all(peer), time.monotonic() - begun


@pytest.mark.parametrize("half", [
    b"G", b"GET /cse-in HT", b"GET /cse-in HTTP/1.1\r\n", b"GET /cse-in HTTP/1.1\r\nHost: localhost\r\nX-M2M",
    b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"m",
    b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"m",
], ids=["a byte", "a line", "a header", "a field", "no body", "a body", "a chunk"])
def test_half_requests(hasty, half):
    with connect(hasty) as peer:
        peer.sendall(half)
        received, seconds = lasts(peer)
        answers, rest = raw_http.parse_answers(received)
        assert [a.status for a in answers] == [408] and not rest
        assert b"m2m:dbg" in answers[0].body and 0.2 < seconds < 5


def test_a_byte_at_a_time_does_not_help(hasty):
    """The time is for the whole header, not from one byte to the next."""
    with connect(hasty) as peer:
        begun = time.monotonic()
        try:
            for byte in f"GET /cse-in HTTP/1.1\r\n{HEADER}".encode() * 10:
                peer.sendall(bytes([byte]))
                if raw_http.closes(peer, 0.02):
                    break
        except OSError:
            pass
        assert time.monotonic() - begun < 5


def test_idle_connections_end(hasty):
    with connect(hasty) as silent, connect(hasty) as used:
        used.sendall(f"GET /cse-in HTTP/1.1\r\n{HEADER}\r\n".encode())
        received, _ = lasts(used)
        assert raw_http.parse_answers(received)[0][0].status == 200
        received, _ = lasts(silent)
        assert received == b""


def test_peers_that_do_not_read(hasty):
    """The answers stay small for the server, and the connection does not stay."""
    admin = Client(hasty.url)
    if admin.retrieve("cse-in/big").rsc == 4004:
        assert admin.create("cse-in", "cnt", rn="big").rsc == 2001
        for _ in range(4):
            assert admin.create("cse-in/big", "cin", con="x" * 500_000).rsc == 2001
    request = f"GET /cse-in/big?rcn=4 HTTP/1.1\r\n{HEADER}\r\n".encode()
    peers = []
    for _ in range(5):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(20)
        peer.connect(address(hasty))
        peer.sendall(request * 20)
        peers.append(peer)
    still_answers(hasty)
    for peer in peers:
        time.sleep(0.5 / len(peers))  # time passes without reading: that is what is tested
    for peer in peers:
        received, _ = lasts(peer)
        assert len(received) < 20 * 2_000_000
        peer.close()


# ---- many connections ----


@pytest.fixture(scope="module")
def program():
    return release.binary()


@pytest.fixture
def released(tmp_path, program):
    servers = []

    def start(*options):
        servers.append(Server(tmp_path / f"data{len(servers)}", *options, program=program))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


def allow_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            pytest.skip(f"this system allows {hard} files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def test_thousands_of_idle_connections(released):
    """Each costs little, nobody waits for them, and all is given back."""
    count = 4000
    allow_files(count + 500)
    server = released()
    still_answers(server)
    request = f"GET /cse-in HTTP/1.1\r\n{HEADER}\r\n".encode()
    before = server.rss()
    peers = [connect(server) for _ in range(count)]
    for peer in peers[::2]:  # half of them have been served before they fall silent
        peer.sendall(request)
    for peer in peers[::2]:
        assert peer.recv(1 << 16).startswith(b"HTTP/1.1 200")
    each = (server.rss() - before) / count
    assert each < 4096, f"{each:.0f} bytes a connection"
    begun = time.monotonic()
    for _ in range(20):
        still_answers(server)
    assert time.monotonic() - begun < 5
    for peer in peers:
        peer.close()
    eventually(lambda: files(server) < 100, 10, "the end of the connections")


def test_limit_of_connections(own):
    server = own("--limit", "connections=50")
    peers = [connect(server) for _ in range(60)]
    refused = sum(raw_http.closes(peer, 0.03) for peer in peers)
    assert refused == 10
    peers[0].close()
    peers[1].close()
    eventually(lambda: answers_now(server), 10, "a free place")
    for peer in peers:
        peer.close()
    eventually(lambda: answers_now(server), 10, "free places")


def answers_now(server):
    try:
        still_answers(server)
        return True
    except OSError:
        return False


def test_clients_that_leave(released):
    """In the middle of their request, before the answer, in the middle of it: thousands."""
    server = released()
    admin = Client(server.url)
    assert admin.create("cse-in", "cnt", rn="big").rsc == 2001
    assert admin.create("cse-in/big", "cin", con="x" * 300_000).rsc == 2001
    get = f"GET /cse-in/big?rcn=4 HTTP/1.1\r\n{HEADER}\r\n".encode()
    body = json.dumps({"m2m:cnt": {}}).encode()
    post = (f"POST /cse-in/big HTTP/1.1\r\n{HEADER}Content-Type: application/json;ty=3\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    verify = json.dumps({"m2m:sub": {"nu": ["http://127.0.0.1:9/"]}}).encode()
    sub = (f"POST /cse-in/big HTTP/1.1\r\n{HEADER}Content-Type: application/json;ty=23\r\n"
           f"Content-Length: {len(verify)}\r\n\r\n").encode() + verify
    oet = get.replace(b"X-M2M-RI", b"X-M2M-OET: 200\r\nX-M2M-RI")
    kinds = [(get, 0), (get, 1000), (get * 5, 0), (post, 0), (post[:-3], 0), (get[:30], 0), (sub, 0),
             (oet, 0)]

    def leave(times):
        for i in range(times):
            data, read = kinds[i % len(kinds)]
            peer = connect(server)
            peer.sendall(data.replace(b"X-M2M-RI: 1", b"X-M2M-RI: %d" % i))
            if read:
                peer.recv(read)
            if i % 2:  # with a reset instead of an orderly end
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

    leave(800)
    eventually(lambda: files(server) < 60, 20, "the end of the connections")
    before = server.rss()
    leave(3200)
    eventually(lambda: files(server) < 60, 20, "the end of the connections")
    grown = server.rss() - before
    assert grown < 3_000_000, f"{grown} bytes more"
    still_answers(server)


# ---- nothing stays behind ----

REPEATED = {
    "broken JSON": ("PUT", "cse-in/t", b'{"m2m:cnt": {"lbl": ["a", "b"'),
    "bytes that are not UTF-8": ("PUT", "cse-in/t", b'{"m2m:cnt": {"lbl": ["\xff\xfe"]}}'),
    "deep nesting": ("PUT", "cse-in/t", b"[" * 50000),
    "many items": ("PUT", "cse-in/t", b'{"m2m:cnt": {"lbl": [' + b"1," * 30000 + b"1]}}"),
    "a wrong type": ("PUT", "cse-in/t", b'{"m2m:cnt": {"mni": "x"}}'),
    "an unknown attribute": ("PUT", "cse-in/t", b'{"m2m:cnt": {"nothing": 1}}'),
    "a conflict": ("POST", "cse-in", b'{"m2m:cnt": {"rn": "t"}}'),
    "a policy that is not there": ("POST", "cse-in", b'{"m2m:cnt": {"acpi": ["nowhere"]}}'),
    "nothing there": ("GET", "cse-in/nothing/at/all", None),
    "a bad query": ("GET", "cse-in?fu=1&lbq=(((((", None),
    "a bad originator": ("GET", "cse-in", None),
    "a discovery": ("GET", "cse-in?fu=1&lbl=x", None),
    "a create and a delete": ("POST", "cse-in/t", b'{"m2m:cin": {"con": "x"}}'),
    "an update": ("PUT", "cse-in/t", b'{"m2m:cnt": {"lbl": ["a", "b", "c"]}}'),
    "a large answer": ("GET", "cse-in/t/large", None),
}


class Repeater:
    """Sends the same request again and again over one connection."""

    def __init__(self, server, name):
        method, to, body = REPEATED[name]
        headers = HEADER
        if name == "a bad originator":
            headers = headers.replace("CAdmin", "Cnobody")
        if body is not None:
            ty = {"POST": ";ty=4" if b"cin" in body else ";ty=3"}.get(method, "")
            headers += f"Content-Type: application/json{ty}\r\nContent-Length: {len(body)}\r\n"
        self.message = f"{method} /{to} HTTP/1.1\r\n{headers}\r\n".encode() + (body or b"")
        self.peer = connect(server)

    def send(self, times):
        """In groups, so that it is fast; the statuses must all be the same."""
        statuses = set()
        left = times
        while left:
            group = min(left, 20 if len(self.message) < 10000 else 1)
            self.peer.sendall(self.message * group)
            received, answers = b"", []
            while len(answers) < group:
                piece = self.peer.recv(1 << 20)
                assert piece, "the server closed"
                received += piece
                answers = raw_http.parse_answers(received)[0]
            statuses |= {a.status for a in answers}
            left -= group
        assert len(statuses) == 1, statuses
        return statuses.pop()


@pytest.fixture(scope="module")
def bombed(tmp_path_factory, program):
    """A released server that all kinds are sent to."""
    with Server(tmp_path_factory.mktemp("bombed") / "data", program=program) as server:
        admin = Client(server.url)
        assert admin.create("cse-in", "cnt", rn="t", mni=5).rsc == 2001
        assert admin.create("cse-in/t", "cnt", rn="large", lbl=["x" * 100] * 1000).rsc == 2001
        yield server


@pytest.mark.parametrize("name", REPEATED)
def test_a_thousand_times(bombed, name):
    repeater = Repeater(bombed, name)
    status = repeater.send(300)
    before = bombed.rss()
    assert repeater.send(1000) == status
    grown = bombed.rss() - before
    repeater.peer.close()
    assert grown < 1_000_000, f"{grown} bytes more"
    still_answers(bombed)


# ---- mixed load ----


def work(server, number, stopping, failures):
    """A reader and writer of its own, and a look at what others do."""
    try:
        ae = Client(server.url).register(f"Cmix{number}", name=f"mix{number}")
        path = f"cse-in/mix{number}"
        assert ae.create(path, "cnt", rn="c", mni=10).rsc == 2001
        assert ae.create(f"{path}/c", "sub", nu=[f"Cmix{number}"], enc={"net": [3]}).rsc == 2001
        count = 0
        while not stopping.is_set():
            assert ae.create(f"{path}/c", "cin", con=f"{number} {count}").rsc == 2001
            assert ae.retrieve(f"{path}/c/la")["con"] == f"{number} {count}"
            count += 1
            assert ae.retrieve(f"{path}/c")["cni"] == min(count, 10)
            assert ae.update(path, "ae", lbl=[str(count)]).rsc == 2004
            assert f"{path}/c" in ae.discover("cse-in", ty=3)
            assert ae.create(path, "cnt", rn="short").rsc == 2001
            assert ae.create("cse-in/shared", "cin", con=f"{number}").rsc == 2001
            assert ae.retrieve(path, query={"rcn": 4}).rsc == 2000
            assert ae.delete(f"{path}/short").rsc == 2002
        server.written[number] = count
    except Exception as failure:  # pylint: disable=broad-except
        failures.append((number, failure))
        stopping.set()


def test_schedules(own):
    """Limits schedules and schedule_entries."""
    admin = Client(own("--limit", "schedules=2", "--limit", "schedule-entries=2").url)
    assert admin.create("cse-in", "nod", rn="n", ni="x").rsc == 2001
    entries = ["* * * * * * *", "0 * * * * * *", "1 * * * * * *"]
    assert admin.create("cse-in/n", "sch", se={"sce": entries}).rsc == 4000
    for name, rsc in (("s1", 2001), ("s2", 2001), ("s3", 4000)):
        assert admin.create("cse-in/n", "sch", rn=name, se={"sce": entries[:2]}).rsc == rsc
    assert admin.update("cse-in/n/s1", "sch", se={"sce": entries}).rsc == 4000
    assert admin.delete("cse-in/n/s1").rsc == 2002
    assert admin.create("cse-in/n", "sch", rn="s3", se={"sce": entries[:1]}).rsc == 2001


def test_missing_data(own):
    """Limit missing_data: of a list, whatever missingDataMaxNr says, and of a window."""
    admin = Client(own("--limit", "missing-data=3", "--verify-subscriptions", "none").url)
    assert admin.create("cse-in", "ts", rn="t", pei=1000, mdd=True, mdt=900, mdn=50).rsc == 2001
    for number, rsc in ((4, 4000), (3, 2001)):
        criteria = {"net": [8], "md": {"num": number, "dur": "PT1H"}}
        assert admin.create("cse-in/t", "sub", nu=["http://127.0.0.1:9"], enc=criteria).rsc == rsc
    assert admin.create("cse-in/t", "tsi", dgt="20200101T000000", con="x").rsc == 2001
    eventually(lambda: admin.retrieve("cse-in/t")["mdc"] == 3)
    assert len(admin.retrieve("cse-in/t")["mdlt"]) == 3


def test_definitions(tmp_path):
    """Limit definitions: one more, and the server does not start."""
    (tmp_path / "a.flex").write_text("flexContainer x:a a a\nflexContainer x:b b b\n", encoding="utf-8")
    options = ["--flex-definitions", str(tmp_path), "--limit"]
    with Server(tmp_path / "data", *options, "definitions=2") as server:
        assert Client(server.url).create("cse-in", 28, {"x:b": {"cnd": "b"}}).rsc == 2001
    with pytest.raises(AssertionError) as told:
        Server(tmp_path / "data", *options, "definitions=1").start()
    assert "a.flex:2:" in str(told.value)


@pytest.mark.threads
def test_readers_and_writers_at_once(own, receiver):
    """For the build with ThreadSanitizer: some seconds of everything, on several threads."""
    server = own()
    admin = Client(server.url)
    everybody = {"acr": [{"acor": ["all"], "acop": 63}]}
    acp = admin.create("cse-in", "acp", pv=everybody, pvs=everybody)
    assert admin.create("cse-in", "cnt", rn="shared", mni=20, acpi=[acp["ri"]]).rsc == 2001
    assert admin.create("cse-in/shared", "sub", nu=[receiver.url], enc={"net": [3, 4]}).rsc == 2001
    server.written = {}
    stopping, failures = threading.Event(), []
    threads = [threading.Thread(target=work, args=(server, n, stopping, failures)) for n in range(8)]
    for thread in threads:
        thread.start()
    stopping.wait(4)
    stopping.set()
    for thread in threads:
        thread.join(60)
    assert not failures, failures
    assert len(server.written) == 8 and all(server.written.values())
    total = sum(server.written.values())
    shared = admin.retrieve("cse-in/shared")
    assert shared["st"] == total and shared["cni"] == min(total, 20)
    # nothing that was accepted is left untold
    eventually(lambda: receiver.all.qsize() >= total, 60, "the last notification")
    server.restart()
    assert Client(server.url).retrieve("cse-in/shared")["st"] == total
