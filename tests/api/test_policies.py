"""Notification policies over HTTP: categories, batches through a restart, receivers that are wrong.
The rules and their times are in tests/cases/sub/policies.json. spec: TS-0001 9.6.8, 10.2.10.7
"""

import pytest
from lib.onem2m import Client
from lib.receiver import RawReceiver, Receiver
from lib.server import Server, eventually

NOT_ASKED = ("--verify-subscriptions", "none")


@pytest.fixture
def server(own):
    return own(*NOT_ASKED)


@pytest.fixture
def client(server):
    return Client(server.url)


def subscribe(client, name, url, **policies):
    """A container with a subscription to its instances."""
    assert client.create("cse-in", "cnt", rn=name).rsc == 2001
    answer = client.create(f"cse-in/{name}", "sub", rn="s", nu=[url],
                           enc={"net": [3], "chty": [4]}, **policies)
    assert answer.rsc == 2001, answer
    return f"cse-in/{name}"


def fill(client, cnt, contents):
    for content in contents:
        assert client.create(cnt, "cin", con=content).rsc == 2001


def batch(received):
    """What a batch tells."""
    return [sgn["nev"]["rep"]["m2m:cin"]["con"] for sgn in received.pc["m2m:agn"]["sgn"]]


@pytest.mark.parametrize("policies, category", [
    ({}, None), ({"nec": 3}, "3"), ({"nec": 120}, "120"), ({"ln": True}, "4"),
    ({"ln": True, "nec": 3}, "4"), ({"nec": 2, "rl": {"mnn": 5, "tww": "PT1S"}}, "2"),
    ({"nec": 3, "bn": {"num": 1}}, "3"),
], ids=str)
def test_event_category(client, policies, category):
    """spec: TS-0004 7.5.1.2.2 steps 2.2 and 2.3"""
    with Receiver() as receiver:
        cnt = subscribe(client, "c", receiver.url, **policies)
        fill(client, cnt, ["x"])
        assert receiver.next().headers.get("X-M2M-EC") == category


@pytest.mark.parametrize("nec", [0, 1, 5, 99, 1000, "x"])
def test_no_event_category(client, nec):
    """spec: TS-0004 6.3.3 m2m:eventCat"""
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    assert client.create("cse-in/c", "sub", nu=["http://127.0.0.1:9/"], nec=nec).rsc == 4000


def test_what_waits_survives_a_restart(tmp_path):
    """A batch, a window and what a schedule holds are kept in the store, with their times."""
    with Receiver() as receiver, Server(tmp_path / "data", *NOT_ASKED) as server:
        client = Client(server.url)
        batched = subscribe(client, "b", receiver.url + "/b", bn={"num": 3, "dur": "PT1H"})
        short = subscribe(client, "d", receiver.url + "/d", bn={"dur": "PT2S"})
        limited = subscribe(client, "r", receiver.url + "/r", rl={"mnn": 1, "tww": "PT3S"})
        closed = subscribe(client, "p", receiver.url + "/p", pn=2)
        assert client.create(f"{closed}/s", "sch",
                             se={"sce": ["* * * * * * 2001"]}).rsc == 2001
        for cnt in (batched, short, limited, closed):
            fill(client, cnt, ["1", "2"])
        server.kill()
        server.start()
        client = Client(server.url)
        fill(client, batched, ["3"])
        assert client.update(f"{closed}/s/notificationSchedule", "sch",
                             se={"sce": ["* * * * * * *"]}).rsc == 2004
        got = {}
        while sum(map(len, got.values())) < 9:
            received = receiver.next(20)
            new = batch(received) if "m2m:agn" in received.pc else [received.rep["m2m:cin"]["con"]]
            # what was under way when the server was killed may come twice
            got.setdefault(received.path, []).extend(x for x in new
                                                     if x not in got.get(received.path, []))
        assert got == {"/b": ["1", "2", "3"], "/d": ["1", "2"], "/r": ["1", "2"], "/p": ["1", "2"]}


def test_batches_are_bounded_in_bytes(own):
    """A batch that is full in bytes leaves early, in order."""
    client = Client(own(*NOT_ASKED, "--limit", "batch_bytes=4096").url)
    with Receiver() as receiver:
        cnt = subscribe(client, "c", receiver.url, bn={"dur": "PT1H"})
        fill(client, cnt, [f"{i}" + "x" * 1000 for i in range(12)])
        told = []
        while len(told) < 9:
            told += batch(receiver.next(20))
        assert [t[:-1000] for t in told] == [str(i) for i in range(len(told))]


def test_a_full_queue_drops_the_oldest(own):
    """spec: design.md 3.13: what a peer can make grow has a limit"""
    client = Client(own(*NOT_ASKED, "--limit", "outbox_lane=3").url)
    with Receiver() as receiver:
        cnt = subscribe(client, "c", receiver.url, rl={"mnn": 0, "tww": "PT1S"})
        fill(client, cnt, "123456")
        assert client.update(f"{cnt}/s", "sub", rl=None).rsc == 2004
        assert [receiver.next(20).rep["m2m:cin"]["con"] for _ in range(3)] == ["4", "5", "6"]


@pytest.mark.parametrize("script", [None, b"\x00\xff garbage\r\n\r\n"], ids=["silent", "garbage"])
def test_wrong_receivers_do_not_slow_others(client, script):
    """Batches for a target that never answers well, beside one that does."""
    with RawReceiver(script) as wrong, Receiver() as receiver:
        bad = subscribe(client, "w", wrong.url, bn={"num": 1})
        good = subscribe(client, "g", receiver.url, bn={"num": 2})
        for i in range(20):
            fill(client, bad, ["x"])
            fill(client, good, [str(i)])
        told = []
        while len(told) < 20:
            told += batch(receiver.next(20))
        assert told == [str(i) for i in range(20)]
        eventually(lambda: wrong.connections)
