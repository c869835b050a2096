"""How notifications are delivered: order, retries, limits, restarts.
Issue 2, section 3; design.md 4. spec: TS-0004 7.5.1.2.2
"""

import collections
import json
import queue
import threading
import time

import pytest
from lib.onem2m import Client
from lib.receiver import RawReceiver, Receiver, closed_port
from lib.server import Server, eventually
from lib.together import together

NOT_ASKED = ("--verify-subscriptions", "none")


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """A server that asks no target for consent: targets may be down when subscribed."""
    with Server(tmp_path_factory.mktemp("trusting") / "data", *NOT_ASKED) as server:
        yield server


@pytest.fixture
def client(trusting):
    return Client(trusting.url)


@pytest.fixture
def cnt(client, request):
    """Path of a container of this test."""
    made = client.create("cse-in", "cnt")
    yield f"cse-in/{made['rn']}"
    client.delete(f"cse-in/{made['rn']}")


def subscribe(client, parent, *urls, **attributes):
    answer = client.create(parent, "sub", nu=list(urls), **{"enc": {"net": [3], "chty": [4]},
                                                            **attributes})
    assert answer.rsc == 2001, answer
    return answer


def fill(client, parent, contents):
    for content in contents:
        assert client.create(parent, "cin", con=content).rsc == 2001


def contents(receiver, count, seconds=10):
    """What the next notifications tell."""
    return [receiver.next(seconds).rep["m2m:cin"]["con"] for _ in range(count)]


def numbers(count, start=0):
    return [str(i) for i in range(start, start + count)]


# ---- order and connections ----


def test_thousand_in_order(client, cnt, receiver):
    """In order per subscription, each once, over few connections."""
    subscribe(client, cnt, receiver.url)
    speakers = [Client(client.url) for _ in range(4)]

    def speak(i):
        for j in range(250):
            assert speakers[i].create(cnt, "cin", con=f"{i}/{j}").rsc == 2001

    together(4, speak)
    got = contents(receiver, 1000, 30)
    children = client.retrieve(cnt, query={"rcn": 4, "lim": 2000, "ty": 4})["m2m:cin"]
    assert got == [c["con"] for c in children]
    assert receiver.nothing(0.2)
    assert receiver.connections <= 4


def test_many_subscriptions_share_connections(client, cnt, receiver):
    for i in range(20):
        subscribe(client, cnt, f"{receiver.url}/{i}")
    fill(client, cnt, numbers(30))
    at = collections.defaultdict(list)
    for _ in range(600):
        n = receiver.next()
        at[n.path].append(n.rep["m2m:cin"]["con"])
    assert len(at) == 20 and all(got == numbers(30) for got in at.values())
    assert receiver.nothing(0.2)
    assert receiver.connections <= 70


def test_few_places_for_many_targets(own):
    """Limit deliveries: what has to wait is delivered all the same."""
    client = Client(own(*NOT_ASKED, "--limit", "deliveries=2").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    with Receiver(delay=0.01) as receiver:
        for i in range(12):
            subscribe(client, "cse-in/c", f"{receiver.url}/{i}")
        fill(client, "cse-in/c", numbers(10))
        at = collections.defaultdict(list)
        for _ in range(120):
            n = receiver.next()
            at[n.path].append(n.rep["m2m:cin"]["con"])
        assert len(at) == 12 and all(got == numbers(10) for got in at.values())
        assert receiver.connections <= 20


OK = b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("script", [
    OK,  # and the connection is closed without a word of it
    OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    b"HTTP/1.1 200 OK\r\nx-m2m-rsc: 2000\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
], ids=range(6))
def test_receivers_that_close(client, cnt, script):
    """A receiver that serves one request a connection gets every notification, in order."""
    with RawReceiver(script) as receiver:
        subscribe(client, cnt, receiver.url)
        fill(client, cnt, numbers(15))
        eventually(lambda: len(receiver.bodies) >= 15)
        got = [json.loads(b)["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"] for b in receiver.bodies]
        assert list(dict.fromkeys(got)) == numbers(15)


def test_large_notifications(client, cnt, receiver):
    """Nothing waits for a "100 Continue" that does not come."""
    subscribe(client, cnt, receiver.url)
    began = time.monotonic()
    for size in (900000, 1000000):
        fill(client, cnt, ["x" * size])
        assert contents(receiver, 1) == ["x" * size]
    assert time.monotonic() - began < 5


# ---- receivers that fail ----


def test_receiver_comes_back(client, cnt):
    port = closed_port()
    subscribe(client, cnt, f"http://127.0.0.1:{port}")
    fill(client, cnt, numbers(10))
    with Receiver(port=port) as receiver:
        assert contents(receiver, 10) == numbers(10)
        fill(client, cnt, numbers(5, 10))
        assert contents(receiver, 5) == numbers(5, 10)
    fill(client, cnt, numbers(5, 15))
    with Receiver(port=port) as receiver:
        assert contents(receiver, 5) == numbers(5, 15)
        assert receiver.nothing(0.2)


@pytest.mark.parametrize("failure", [
    (503, {}, b""), (500, {}, b""), (429, {}, b""), (408, {}, b""), (504, {}, b""),
    (500, {"X-M2M-RSC": "5000"}, b""), (404, {"X-M2M-RSC": "5103"}, b""), None,
    (200, {"X-M2M-RSC": "banana"}, b""), (200, {"Content-Type": "application/json"}, b"{"),
], ids=str)
def test_temporary_failures_are_repeated(client, cnt, failure):
    """Nothing is lost, nothing overtakes; an unreadable body behind a good status is taken."""
    answers = [failure, failure]

    def answer(received):
        return answers.pop() if answers else 2000

    with Receiver(answer=answer) as receiver:
        subscribe(client, cnt, receiver.url)
        fill(client, cnt, ["a", "b", "c"])
        got = contents(receiver, 3)
        while got[-1] != "c":
            got += contents(receiver, 1)
        assert got == (["a", "b", "c"] if failure[1:] and failure[2] == b"{"
                       else ["a", "a", "a", "b", "c"]) if failure else got[-3:] == ["a", "b", "c"]
        assert receiver.nothing(0.2)


@pytest.mark.parametrize("refusal", [
    4000, 4004, 4103, (400, {}, b""), (404, {}, b""), (410, {}, b""), (415, {}, b""),
    (403, {"X-M2M-RSC": "4103"}, b'{"m2m:dbg": "no"}'),
], ids=str)
def test_refusals_are_final(client, cnt, refusal):
    """Repeating would not help: the notification is dropped, the next one sent."""
    with Receiver(answer=lambda n: refusal if n.rep["m2m:cin"]["con"] == "1" else 2000) as receiver:
        subscribe(client, cnt, receiver.url)
        fill(client, cnt, numbers(3))
        assert contents(receiver, 3) == numbers(3)
        assert receiver.nothing(0.4)


def test_pauses_grow(client, cnt):
    """Back-off: a receiver that is down is not hammered."""
    times = []

    def answer(received):
        times.append(time.monotonic())
        return (503, {}, b"") if len(times) < 5 else 2000

    with Receiver(answer=answer) as receiver:
        subscribe(client, cnt, receiver.url)
        fill(client, cnt, ["x"])
        assert contents(receiver, 5, 20) == ["x"] * 5
    pauses = [b - a for a, b in zip(times, times[1:])]
    assert all(later > earlier * 1.3 for earlier, later in zip(pauses, pauses[1:])), pauses
    assert 0.05 < pauses[0] < 1


@pytest.mark.parametrize("script", [b"\x00\xff\x00\xff", b"HTTP/1.1 200", b"SSH-2.0-x\r\n", b"",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
                                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_garbage_is_no_answer(client, cnt, script):
    """The notification is repeated until somebody answers in HTTP."""
    port = closed_port()
    subscribe(client, cnt, f"http://127.0.0.1:{port}")
    with RawReceiver(script, port=port) as garbage:
        fill(client, cnt, numbers(3))
        eventually(lambda: garbage.connections >= 2)
    with Receiver(port=port) as receiver:
        assert contents(receiver, 3) == numbers(3)


def test_huge_answer_is_no_answer(own):
    """A receiver cannot make the server take in more than the limits say."""
    client = Client(own(*NOT_ASKED, "--limit", "body-bytes=2048").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    big = [(200, {}, b"x" * 100000)]
    with Receiver(answer=lambda n: big.pop() if big else 2000) as receiver:
        subscribe(client, "cse-in/c", receiver.url)
        fill(client, "cse-in/c", numbers(2))
        assert contents(receiver, 3) == ["0", "0", "1"]


def test_slow_receiver_delays_nobody(client, cnt, receiver):
    release = threading.Event()

    def wait(_):
        release.wait(20)
        return 2000

    with Receiver(answer=wait) as slow, RawReceiver(None) as silent:
        for url in (slow.url, silent.url, f"http://127.0.0.1:{closed_port()}", receiver.url):
            subscribe(client, cnt, url)
        subscribe(client, cnt, slow.url, receiver.url + "/second", silent.url)
        fill(client, cnt, numbers(20))
        at = collections.defaultdict(list)
        for _ in range(40):
            n = receiver.next(3)
            at[n.path].append(n.rep["m2m:cin"]["con"])
        assert at == {"/": numbers(20), "/second": numbers(20)}
        release.set()
        got = [contents(slow, 1)[0] for _ in range(40)]
        assert sorted(got) == sorted(numbers(20) * 2)


def test_silent_receiver(own):
    """Limit notify_ms: without an answer in time the attempt has failed."""
    client = Client(own(*NOT_ASKED, "--limit", "notify-ms=300").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    port = closed_port()
    subscribe(client, "cse-in/c", f"http://127.0.0.1:{port}")
    with RawReceiver(None, port=port) as silent:
        fill(client, "cse-in/c", numbers(2))
        eventually(lambda: silent.connections >= 2)
    with Receiver(port=port) as receiver:
        assert contents(receiver, 2) == numbers(2)
        assert receiver.nothing(0.1)


# ---- bounds ----


def test_bounded_queue(own):
    """Limit outbox_lane: the oldest goes; other lanes are their own."""
    client = Client(own(*NOT_ASKED, "--limit", "outbox-lane=5").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    port = closed_port()
    with Receiver() as healthy:
        subscribe(client, "cse-in/c", f"http://127.0.0.1:{port}", healthy.url)
        fill(client, "cse-in/c", numbers(17))
        assert contents(healthy, 17) == numbers(17)
    with Receiver(port=port) as receiver:
        assert contents(receiver, 5) == numbers(5, 12)
        fill(client, "cse-in/c", ["after"])
        assert contents(receiver, 1) == ["after"]


def test_bytes_of_one_event(own):
    """Limit event_bytes: many subscriptions on a large instance do not keep it from being stored,
    nor from expiring; those beyond the limit are not told."""
    client = Client(own(*NOT_ASKED, "--limit", "request_arena_bytes=1048576",
                        "--limit", "event_bytes=100000").url)
    assert client.create("cse-in", "cnt", rn="c", mia=1).rsc == 2001
    with Receiver() as receiver:
        for _ in range(40):
            subscribe(client, "cse-in/c", receiver.url, enc={"net": [3, 4], "chty": [4]})
        fill(client, "cse-in/c", ["x" * 40000])
        told = [receiver.next(10).sgn["nev"]["net"] for _ in range(4)]
        assert sorted(told) == [3, 3, 4, 4] and receiver.nothing(0.05)
    assert client.retrieve("cse-in/c")["cni"] == 0


def test_addresses_count_in_the_bytes_of_one_event(own):
    """Limit event_bytes: what is queued is addresses, too, one with each notification."""
    client = Client(own(*NOT_ASKED, "--limit", "event_bytes=65536").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    with Receiver() as receiver:
        subscribe(client, "cse-in/c", *[f"{receiver.url}/{i}{'x' * 30000}" for i in range(3)])
        fill(client, "cse-in/c", ["a"])
        assert {receiver.next(10).path[:2] for _ in range(2)} == {"/0", "/1"}
        assert receiver.nothing(0.05)


def test_too_old(own):
    """Limit outbox_ms: an undelivered notification is given up."""
    client = Client(own(*NOT_ASKED, "--limit", "outbox-ms=1000").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    port = closed_port()
    subscribe(client, "cse-in/c", f"http://127.0.0.1:{port}")
    fill(client, "cse-in/c", ["old", "old too"])
    threading.Event().wait(1.1)
    fill(client, "cse-in/c", ["new"])
    with Receiver(port=port) as receiver:
        assert contents(receiver, 1) == ["new"]
        assert receiver.nothing(0.2)


# ---- expirationCounter ----


def test_expiration_counter(client, cnt, receiver):
    """spec: TS-0004 7.5.1.2.2 step 5.0: down by one with each success; at zero it is deleted"""
    sub = subscribe(client, cnt, receiver.url, rn="s", exc=3, su=receiver.url + "/gone")
    for left in (2, 1):
        fill(client, cnt, ["x"])
        assert receiver.next().path == "/"
        eventually(lambda left=left: client.retrieve(f"{cnt}/s")["exc"] == left)
    fill(client, cnt, ["x"])
    got = [receiver.next(), receiver.next()]
    assert [n.path for n in got] == ["/", "/gone"]
    assert got[1].sgn == {"sud": True, "sur": f"/id-in/{sub['ri']}"}
    assert client.retrieve(f"{cnt}/s").rsc == 4004
    fill(client, cnt, ["x"])
    assert receiver.nothing(0.2)


@pytest.mark.parametrize("targets", [1, 3])
def test_expiration_counter_in_a_burst(client, cnt, receiver, targets):
    """Exactly so many, however fast the events come, at each target."""
    urls = [f"{receiver.url}/{i}" for i in range(targets)]
    subscribe(client, cnt, *urls, rn="s", exc=7)
    speakers = [Client(client.url) for _ in range(4)]
    together(4, lambda i: fill(speakers[i], cnt, numbers(10)))
    at = collections.Counter(receiver.next().path for _ in range(7 * targets))
    assert at == {f"/{i}": 7 for i in range(targets)}
    assert receiver.nothing(0.3)
    assert client.retrieve(f"{cnt}/s").rsc == 4004


def test_expiration_counter_counts_successes(client, cnt):
    """Failed attempts and refused notifications do not count."""
    said = collections.deque([(503, {}, b""), 2000, 4000, (503, {}, b""), 2000])

    with Receiver(answer=lambda n: said.popleft()) as receiver:
        subscribe(client, cnt, receiver.url, rn="s", exc=2)
        fill(client, cnt, ["a"])
        assert contents(receiver, 2) == ["a", "a"]
        eventually(lambda: client.retrieve(f"{cnt}/s")["exc"] == 1)
        fill(client, cnt, ["b"])
        assert contents(receiver, 1) == ["b"]
        eventually(lambda: client.create(cnt, "cin", con="c").rsc == 2001 and not receiver.all.empty())
        got = contents(receiver, 2)
        assert got == ["c", "c"]
        eventually(lambda: client.retrieve(f"{cnt}/s").rsc == 4004)
        assert receiver.nothing(0.2)


def test_expiration_counter_can_be_changed(client, cnt, receiver):
    subscribe(client, cnt, receiver.url, rn="s", exc=1)
    assert client.update(f"{cnt}/s", "sub", exc=None).rsc == 2004
    fill(client, cnt, numbers(3))
    assert contents(receiver, 3) == numbers(3)
    assert client.update(f"{cnt}/s", "sub", exc=2).rsc == 2004
    fill(client, cnt, numbers(4))
    assert contents(receiver, 2) == numbers(2)
    assert receiver.nothing(0.2) and client.retrieve(f"{cnt}/s").rsc == 4004


def test_counter_set_in_the_midst_of_deliveries(client, cnt, receiver):
    """What was delivered a moment before the change does not count."""
    for round_ in range(10):
        subscribe(client, cnt, receiver.url, rn="s")
        fill(client, cnt, ["before"])
        assert contents(receiver, 1) == ["before"]
        assert client.update(f"{cnt}/s", "sub", exc=2).rsc == 2004
        fill(client, cnt, numbers(3, round_))
        assert contents(receiver, 2) == numbers(2, round_)
        eventually(lambda: client.retrieve(f"{cnt}/s").rsc == 4004)
        assert receiver.nothing(0.02)


def test_counter_set_while_notifications_wait(client, cnt):
    """It counts what is reported after it was set, not what waits already."""
    port = closed_port()
    subscribe(client, cnt, f"http://127.0.0.1:{port}", rn="s")
    fill(client, cnt, numbers(2))
    assert client.update(f"{cnt}/s", "sub", exc=4).rsc == 2004
    fill(client, cnt, numbers(5, 2))
    with Receiver(port=port) as receiver:
        assert contents(receiver, 6) == numbers(6)
        assert receiver.nothing(0.3)
    assert client.retrieve(f"{cnt}/s").rsc == 4004


# ---- deletion and waiting notifications ----


def test_deletion_drops_what_waits(client, cnt):
    """spec: TS-0004 7.4.8.2.4: cached notifications are removed; the notice is sent"""
    port = closed_port()
    sub = subscribe(client, cnt, f"http://127.0.0.1:{port}", rn="s",
                    su=f"http://127.0.0.1:{port}/gone")
    fill(client, cnt, numbers(3))
    assert client.delete(f"{cnt}/s").rsc == 2002
    with Receiver(port=port) as receiver:
        assert receiver.next().sgn == {"sud": True, "sur": f"/id-in/{sub['ri']}"}
        assert receiver.nothing(0.3)


def test_deletion_drops_more_than_the_memory_of_a_request(own):
    """What waits is removed without being read."""
    client = Client(own(*NOT_ASKED, "--limit", "request_arena_bytes=1048576").url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    subscribe(client, "cse-in/c", f"http://127.0.0.1:{closed_port()}", rn="s")
    fill(client, "cse-in/c", ["x" * 50000] * 40)
    assert client.delete("cse-in/c/s").rsc == 2002


def test_deletion_of_the_subject_drops_nothing(client, cnt):
    """What happened before, and the deletion itself, are still told."""
    port = closed_port()
    subscribe(client, cnt, f"http://127.0.0.1:{port}", enc={"net": [2, 3], "chty": [4]})
    fill(client, cnt, numbers(2))
    assert client.delete(cnt).rsc == 2002
    with Receiver(port=port) as receiver:
        assert [receiver.next().sgn["nev"]["net"] for _ in range(3)] == [3, 3, 2]


def test_target_changes_while_notifications_wait(client, cnt, receiver):
    """What waits keeps its target; what comes goes to the new one."""
    port = closed_port()
    subscribe(client, cnt, f"http://127.0.0.1:{port}", rn="s")
    fill(client, cnt, ["old"])
    assert client.update(f"{cnt}/s", "sub", nu=[receiver.url]).rsc == 2004
    fill(client, cnt, ["new"])
    with Receiver(port=port) as first:
        assert contents(first, 1) == ["old"]
        assert contents(receiver, 1) == ["new"]
        assert first.nothing(0.1)


# ---- restarts ----


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_restart_continues(own, how):
    """Every notification at least once and in order, over a kill -9 with a full outbox."""
    server = own(*NOT_ASKED)
    client = Client(server.url)
    port = closed_port()
    for name in ("a", "b"):
        assert client.create("cse-in", "cnt", rn=name).rsc == 2001
        subscribe(client, f"cse-in/{name}", f"http://127.0.0.1:{port}/{name}",
                  f"http://127.0.0.1:{port}/{name}2", su=f"http://127.0.0.1:{port}/{name}-gone")
        fill(client, f"cse-in/{name}", numbers(25))
    assert client.delete("cse-in/b").rsc == 2002
    getattr(server, how)()
    server.start()
    client = Client(server.url)
    fill(client, "cse-in/a", numbers(5, 25))
    with Receiver(port=port) as receiver:
        at = collections.defaultdict(list)
        for _ in range(30 + 30 + 25 + 25 + 1):
            n = receiver.next(20)
            at[n.path].append(n.rep["m2m:cin"]["con"] if "nev" in n.sgn else n.sgn["sud"])
        assert at == {"/a": numbers(30), "/a2": numbers(30), "/b": numbers(25),
                      "/b2": numbers(25), "/b-gone": [True]}
        assert receiver.nothing(0.2)


def test_kill_while_delivering(own):
    """Killed in the midst of deliveries, several times: at least once, in order."""
    server = own(*NOT_ASKED)
    client = Client(server.url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    with Receiver(delay=0.002) as receiver:
        subscribe(client, "cse-in/c", receiver.url)
        for round_ in range(4):
            fill(client, "cse-in/c", numbers(50, round_ * 50))
            got = contents(receiver, 5)
            server.kill()
            server.start()
            client = Client(server.url)
        del got
        seen = []
        receiver_end = time.monotonic() + 20
        while (not seen or seen[-1] != "199") and time.monotonic() < receiver_end:
            try:
                seen.append(receiver.next(10).rep["m2m:cin"]["con"])
            except queue.Empty:
                break
        assert seen and seen[-1] == "199"
        values = [int(s) for s in seen]
        firsts = list(dict.fromkeys(values))
        assert firsts == sorted(firsts) and firsts == list(range(firsts[0], 200))


def test_counter_survives_a_kill(own):
    """No more notifications than expirationCounter says, but for what a crash repeats."""
    server = own(*NOT_ASKED)
    client = Client(server.url)
    assert client.create("cse-in", "cnt", rn="c").rsc == 2001
    port = closed_port()
    subscribe(client, "cse-in/c", f"http://127.0.0.1:{port}", rn="s", exc=5)
    fill(client, "cse-in/c", numbers(3))
    server.kill()
    server.start()
    client = Client(server.url)
    fill(client, "cse-in/c", numbers(9, 3))
    with Receiver(port=port) as receiver:
        assert contents(receiver, 5) == numbers(5)
        assert receiver.nothing(0.3)
    assert client.retrieve("cse-in/c/s").rsc == 4004


def about(server, target):
    return [line for line in server.log().splitlines() if target in line]


def test_a_target_that_fails_is_told_once(own):
    """By the address of the subscription and the target's, without what its query may hide."""
    server = own(*NOT_ASKED, "--log", "debug")
    admin = Client(server.url)
    target = f"http://127.0.0.1:{closed_port()}/n"
    admin.create("cse-in", "cnt", rn="c")
    assert subscribe(admin, "cse-in/c", f"{target}?key=secret", rn="s").rsc == 2001
    fill(admin, "cse-in/c", numbers(3))
    told = f"cse-in/c/s to {target}: network error"
    eventually(lambda: len(about(server, told)) >= 3, 10, "more attempts")
    first, *more = about(server, told)
    assert " info " in first and all(" debug " in line for line in more), (first, more)
    assert "secret" not in server.log()


def test_a_target_that_recovers_is_told(own):
    codes = iter([5000, 5000])
    with Receiver(lambda _: next(codes, 2000)) as receiver:
        server = own(*NOT_ASKED, "--log", "debug")
        admin = Client(server.url)
        admin.create("cse-in", "cnt", rn="c")
        assert subscribe(admin, "cse-in/c", receiver.url, rn="s").rsc == 2001
        fill(admin, "cse-in/c", ["1"])
        eventually(lambda: "delivered again" in server.log(), 10, "the success")
        first, second, third = about(server, f"cse-in/c/s to {receiver.url}")
        assert " info " in first and "refused" in first
        assert " debug " in second and "refused" in second
        assert " info " in third
