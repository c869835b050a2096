"""Updates that a subscription blocks until its target agrees: slow, silent and wrong targets.
spec: TS-0004 7.5.1.2.19, 7.3.2.9; TS-0001 10.2.10.7
"""

import threading

import pytest
import requests
from lib.onem2m import Client
from lib.receiver import RawReceiver, Receiver
from lib.server import eventually
from lib.together import together

DEADLINE = 20


NOT_ASKED = ("--verify-subscriptions", "none")


@pytest.fixture
def server(own):
    """A server with several network threads that waits for receivers as long as a test may take."""
    return own(*NOT_ASKED, "--limit", "notify_ms=20000", threads=3)


@pytest.fixture
def client(server):
    return Client(server.url)


def block(client, url, name="c", **criteria):
    """A container whose updates the AE at that URL is asked about."""
    target = client.register(f"C{name}", name=f"ae{name}", poa=[url])
    assert target
    assert client.create("cse-in", "cnt", rn=name).rsc == 2001
    assert client.create("cse-in", "acp", rn=f"p{name}",
                         pv={"acr": [{"acor": [f"C{name}"], "acop": 63}]},
                         pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]}).rsc == 2001
    assert client.update(f"cse-in/{name}", "cnt", acpi=[f"cse-in/p{name}"]).rsc == 2004
    answer = client.create(f"cse-in/{name}", "sub", nu=[f"C{name}"], enc={"net": [7], **criteria})
    assert answer.rsc == 2001, answer
    return f"cse-in/{name}"


def test_agreed_and_refused(client):
    """What the target says decides; it sees the attributes of the request and their values."""
    def answer(received):
        return 4005 if received.rep["m2m:cnt"].get("lbl") == ["bad"] else 2000

    with Receiver(answer) as receiver:
        cnt = block(client, receiver.url)
        assert client.update(cnt, "cnt", lbl=["good"]).rsc == 2004
        assert receiver.next().rep == {"m2m:cnt": {"lbl": ["good"]}}
        refused = client.update(cnt, "cnt", lbl=["bad"])
        assert refused.rsc == 4127 and refused.status == 403
        assert receiver.next().sgn["nev"]["net"] == 7
        assert client.retrieve(cnt)["lbl"] == ["good"]


def test_others_are_not_held_up(server, client):
    """While a target thinks, the same container takes instances, and others take updates."""
    gate = threading.Event()

    def answer(_):
        gate.wait(DEADLINE)
        return 2000

    with Receiver(answer) as receiver:
        cnt = block(client, receiver.url)
        assert client.create("cse-in", "cnt", rn="free").rsc == 2001
        done = []
        thread = threading.Thread(
            target=lambda: done.append(Client(server.url).update(cnt, "cnt", lbl=["x"])))
        thread.start()
        eventually(lambda: receiver.connections)
        for i in range(20):
            assert client.create(cnt, "cin", con=str(i)).rsc == 2001
            assert client.update("cse-in/free", "cnt", lbl=[str(i)]).rsc == 2004
        assert "lbl" not in client.retrieve(cnt).res and not done
        gate.set()
        thread.join(DEADLINE)
        assert done[0].rsc == 2004


def test_behind_one_that_takes_too_long(own):
    """An update whose life is over when its turn comes is not carried out: nobody waits for it any more."""
    server = own(*NOT_ASKED, "--limit", "notify_ms=20000", "--limit", "request_ms=100", "--log", "debug", threads=3)
    client = Client(server.url)
    gate = threading.Event()
    with Receiver(lambda _: gate.wait(DEADLINE) and 2000) as receiver:
        cnt = block(client, receiver.url)

        def begin(label):
            """Sends an update, and waits until it has arrived."""
            requests_before = server.log().count("-> WORK")
            thread = threading.Thread(
                target=lambda: done.update({label: Client(server.url).update(cnt, "cnt", lbl=[label]).rsc}))
            thread.start()
            eventually(lambda: server.log().count("-> WORK") > requests_before)
            return thread

        done = {}
        threads = [begin("first")]
        eventually(lambda: receiver.connections)
        threads.append(begin("second"))
        assert not threading.Event().wait(0.3)
        gate.set()
        for thread in threads:
            thread.join(DEADLINE)
        assert done == {"first": 2004, "second": 4008}
        assert client.retrieve(cnt)["lbl"] == ["first"]
        assert client.update(cnt, "cnt", lbl=["third"]).rsc == 2004


@pytest.mark.threads
def test_one_at_a_time(server, client):
    """Updates of one resource over many connections and threads: each is asked about by itself."""
    lock = threading.Lock()
    asked = []

    def answer(received):
        assert lock.acquire(blocking=False)  # pylint: disable=consider-using-with
        asked.append(received.rep)
        threading.Event().wait(0.002)
        lock.release()
        return 2000

    with Receiver(answer) as receiver:
        cnt = block(client, receiver.url)

        def speak(i):
            mine = Client(server.url)
            return [mine.update(cnt, "cnt", lbl=[f"{i}-{j}"]).rsc for j in range(8)]

        assert together(6, speak) == [[2004] * 8] * 6
        assert len(asked) == 48
        assert client.retrieve(cnt)["st"] == 49  # and the one of acpi


@pytest.mark.parametrize("script", [
    None, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", b"\x00\xff garbage\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 4005\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
], ids=["silent", "closed", "half", "garbage", "code", "500"])
def test_wrong_targets(own, script):
    """The update is refused in time, and nothing is left behind it."""
    client = Client(own(*NOT_ASKED, "--limit", "notify_ms=500").url)
    with RawReceiver(script) as receiver:
        cnt = block(client, receiver.url)
        assert client.update(cnt, "cnt", lbl=["x"]).rsc in (5107, 4127)
        assert "lbl" not in client.retrieve(cnt).res
    assert client.delete(cnt).rsc == 2002


def test_the_server_stops_while_updates_wait(server, client):
    """Those that wait behind the first one, on other threads, do not keep it from stopping."""
    def speak(_):
        try:
            return Client(server.url).update("cse-in/c", "cnt", lbl=["x"]).rsc
        except requests.RequestException:
            return None

    with RawReceiver(None) as receiver:
        block(client, receiver.url)
        waiting = threading.Thread(target=together, args=(6, speak))
        waiting.start()
        eventually(lambda: receiver.connections)
        server.stop()
        waiting.join(DEADLINE)
        assert not waiting.is_alive()
