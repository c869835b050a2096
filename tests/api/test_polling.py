"""Polling channels: an AE that nobody can reach fetches its requests.
spec: TS-0001 10.2.5.12 to 10.2.5.19; TS-0004 7.4.21, 7.4.22
"""

import http.client
import itertools
import json
import threading
import time

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.server import eventually
from lib.sockets import has_read_all
from lib.together import together

_stems = itertools.count(1)


class Poller:
    """An AE behind a NAT, with its channel."""

    def __init__(self, url):
        stem = f"Cpoll{next(_stems)}"
        self.stem = stem
        self.path = f"cse-in/{stem}"
        self.pcu = f"{self.path}/p/pcu"
        self.client = Client(url).register(stem, name=stem, rr=False)
        assert self.client.create(self.path, "pch", rn="p").rsc == 2001
        assert self.client.create(self.path, "cnt", rn="c").rsc == 2001

    def watch(self, name="s"):
        answer = self.client.create(f"{self.path}/c", "sub", rn=name, nu=[f"/id-in/{self.stem}"],
                                    enc={"net": [3]})
        assert answer.rsc == 2001, answer

    def happen(self, content):
        assert self.client.create(f"{self.path}/c", "cin", con=content).rsc == 2001

    def poll(self, seconds=10.0):
        """A connection of its own, as each poll would have."""
        other = Client(self.client.url, self.stem)
        return other.retrieve(self.pcu, headers={"X-M2M-RET": timestamp(seconds)})

    def begin_poll(self, seconds):
        """A connection on which the server has a poll that is not answered yet."""
        host = self.client.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", "/" + self.pcu, headers={
            "X-M2M-Origin": self.stem, "X-M2M-RI": "begun", "X-M2M-RVI": "3",
            "X-M2M-RET": timestamp(seconds)})
        eventually(lambda: has_read_all(connection.sock), what="the server to read the poll")
        return connection

    def respond(self, request, rsc=2000, **more):
        response = {"rsc": rsc, "rqi": request["rqi"], "rvi": "3", **more}
        return self.client.notify(self.pcu, {"m2m:rsp": response})

    def fetch(self):
        """The content of the next notification, responded to."""
        answer = self.poll()
        assert answer.rsc == 2000, answer
        assert self.respond(answer.res).rsc == 2000
        return answer.res["pc"]["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"]


@pytest.fixture
def poller(cse):
    return Poller(cse.url)


class Later:
    """A call in a thread of its own."""

    def __init__(self, call):
        self.result = None
        self.thread = threading.Thread(target=self.run, args=(call,))
        self.thread.start()

    def run(self, call):
        self.result = call()

    def get(self):
        self.thread.join(timeout=60)
        assert not self.thread.is_alive()
        return self.result


def test_long_polling(poller):
    """spec: TS-0004 7.4.22.2.2: the request comes as soon as there is one"""
    poller.watch()
    waiting = Later(poller.poll)
    poller.happen("one")
    answer = waiting.get()
    assert answer.rsc == 2000 and answer.status == 200
    assert answer.root == "m2m:rqp"
    assert answer["op"] == 5 and answer["fr"] == "/id-in" and answer["to"] == poller.path
    assert answer["pc"]["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"] == "one"
    assert poller.respond(answer.res).rsc == 2000
    assert poller.respond(answer.res).rsc == 4000, "its response came already"


def test_what_waits_comes_in_order(poller):
    poller.watch()
    for i in range(5):
        poller.happen(str(i))
    assert [poller.fetch() for _ in range(5)] == [str(i) for i in range(5)]
    assert poller.poll(0.5).rsc == 4008


def test_nothing_comes(poller):
    """spec: TS-0004 7.4.22.2.2: REQUEST_TIMEOUT"""
    began = time.monotonic()
    answer = poller.poll(1)
    assert answer.rsc == 4008 and answer.status == 504
    assert 0.5 < time.monotonic() - began < 10


def test_another_ae_asks(cse, admin, poller, ae):
    """spec: TS-0001 figure 10.2.5.12-1: the request to the AE, its response back to who asked"""
    acp = grant(admin, ([ae.stem], 16), ([poller.stem], 63), self_rules=[([poller.stem], 63)])
    assert poller.client.update(poller.path, "ae", acpi=[acp]).rsc == 2004
    asking = Later(lambda: Client(cse.url, ae.stem).notify(poller.path, {"m2m:seci": {"sit": 2}}))
    answer = poller.poll()
    assert answer.rsc == 2000
    assert answer["fr"] == ae.stem and answer["pc"] == {"m2m:seci": {"sit": 2}}
    assert poller.respond(answer.res, 4000, pc={"m2m:dbg": "not now"}).rsc == 2000
    got = asking.get()
    assert got.rsc == 4000 and got.debug == "not now"


def test_nobody_else_polls(poller, ae, admin):
    """SEC-ACP-32, SEC-IMP-10: whatever the policies of the AE say"""
    acp = grant(admin, (["all"], 63), self_rules=[([poller.stem], 63)])
    assert poller.client.update(poller.path, "ae", acpi=[acp]).rsc == 2004
    assert ae.retrieve(poller.path).rsc == 2000
    for client in (ae, admin):
        assert client.retrieve(poller.pcu).rsc == 4103
        answer = client.notify(poller.pcu, {"m2m:rsp": {"rsc": 2000, "rqi": "x", "rvi": "3"}})
        assert answer.rsc == 4103
    assert ae.retrieve(f"{poller.path}/p").rsc == 4103
    assert poller.path + "/p" not in ae.discover(poller.path)


def test_restart_keeps_what_waits(own, tmp_path):
    """A notification that was fetched but not responded to comes again after a restart."""
    server = own()
    poller = Poller(server.url)
    poller.watch()
    poller.happen("one")
    poller.happen("two")
    answer = poller.poll()
    assert answer.rsc == 2000
    server.stop()
    server.start()
    poller.client = Client(server.url, poller.stem)
    assert poller.fetch() == "one"
    assert poller.fetch() == "two"


def test_a_stop_ends_polls(own):
    """The server does not wait for polls, nor they for it."""
    server = own()
    connection = Poller(server.url).begin_poll(50)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 20
    assert connection.getresponse().headers["X-M2M-RSC"] == "5000"
    connection.close()


def test_a_poller_that_goes_away(own):
    """What comes later goes to a poll whose client is still there, and at once: what nobody takes
    would be missed for notify_ms only after that time."""
    poller = Poller(own("--limit", "notify_ms=300000").url)
    poller.watch()
    connection = poller.begin_poll(50)
    for _ in range(3):
        poller.begin_poll(50).close()
    poller.happen("one")
    response = connection.getresponse()
    assert response.headers["X-M2M-RSC"] == "2000"
    request = json.loads(response.read())["m2m:rqp"]
    assert request["pc"]["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"] == "one"
    assert poller.respond(request).rsc == 2000
    connection.close()


@pytest.mark.threads
def test_many_poll_at_once(cse):
    """Each gets what is its own, in order, while all poll and are written to."""
    count, events = 8, 10
    pollers = [Poller(cse.url) for _ in range(count)]
    for p in pollers:
        p.watch()

    def work(i):
        p = pollers[i // 2]
        if i % 2:
            for n in range(events):
                p.happen(f"{p.stem} {n}")
            return None
        return [p.fetch() for _ in range(events)]

    results = together(count * 2, work)
    for i, p in enumerate(pollers):
        assert results[2 * i] == [f"{p.stem} {n}" for n in range(events)]


@pytest.fixture
def gatherer(cse):
    """A poller that takes several requests at once."""
    poller = Poller(cse.url)
    assert poller.client.update(f"{poller.path}/p", "pch", rqag=True).rsc == 2004
    poller.watch()
    return poller


def contents(answer):
    assert answer.rsc == 2000, answer
    assert answer.root == "m2m:agrp"
    return [r["pc"]["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"] for r in answer.res["m2m:rqp"]]


def test_several_in_one_answer(gatherer):
    """requestAggregation; each request gets a response of its own"""
    for i in range(5):
        gatherer.happen(str(i))
    answer = gatherer.poll()
    assert contents(answer) == ["0", "1", "2", "3", "4"]
    requests = answer.res["m2m:rqp"]
    assert len({r["rqi"] for r in requests}) == 5
    for request in reversed(requests):
        assert gatherer.respond(request).rsc == 2000
    assert gatherer.respond(requests[0]).rsc == 4000, "its response came already"
    gatherer.happen("5")
    answer = gatherer.poll()
    assert contents(answer) == ["5"], "one alone looks the same"
    assert gatherer.respond(answer.res["m2m:rqp"][0]).rsc == 2000
    assert gatherer.poll(0.5).rsc == 4008


@pytest.mark.parametrize("form", ["xml", "cbor"])
@pytest.mark.parametrize("count", [1, 3])
def test_several_in_other_serialisations(gatherer, form, count):
    for i in range(count):
        gatherer.happen(str(i))
    answer = Client(gatherer.client.url, gatherer.stem, form=form).retrieve(gatherer.pcu)
    assert contents(answer) == [str(i) for i in range(count)]


def test_requests_of_others_come_together(cse, admin, gatherer, ae):
    """A request of another AE and notifications; each sender gets its own answer."""
    acp = grant(admin, ([ae.stem], 16), ([gatherer.stem], 63), self_rules=[([gatherer.stem], 63)])
    assert gatherer.client.update(gatherer.path, "ae", acpi=[acp]).rsc == 2004
    asking = [Later(lambda n=n: Client(cse.url, ae.stem).notify(
        gatherer.path, {"m2m:seci": {"sit": 2}}, headers={"X-M2M-RI": f"ask{n}"})) for n in range(2)]
    got = []
    while len(got) < 2:
        answer = gatherer.poll()
        assert answer.rsc == 2000 and answer.root == "m2m:agrp"
        got += answer.res["m2m:rqp"]
    for n, request in enumerate(got):
        assert request["fr"] == ae.stem
        assert gatherer.respond(request, 4000, pc={"m2m:dbg": str(n)}).rsc == 2000
    assert {a.get().debug for a in asking} == {"0", "1"}


def test_a_kill_loses_nothing_of_several(own):
    """Those without a response come again, in order; those with one do not."""
    server = own()
    poller = Poller(server.url)
    assert poller.client.update(f"{poller.path}/p", "pch", rqag=True).rsc == 2004
    poller.watch()
    for i in range(4):
        poller.happen(str(i))
    requests = poller.poll().res["m2m:rqp"]
    assert len(requests) == 4
    assert poller.respond(requests[1]).rsc == 2000
    server.kill()
    server.start()
    poller.client = Client(server.url, poller.stem)
    answer = poller.poll()
    got = contents(answer)
    assert got in (["0", "2", "3"], ["0", "1", "2", "3"]), "a removal may not have been stored yet"
    for request in answer.res["m2m:rqp"]:
        assert poller.respond(request).rsc == 2000
    assert poller.poll(0.5).rsc == 4008


def test_several_are_counted_each(gatherer):
    """notificationStatsInfo and expirationCounter"""
    sub = f"{gatherer.path}/c/s"
    assert gatherer.client.update(sub, "sub", nse=True, exc=5).rsc == 2004
    for i in range(3):
        gatherer.happen(str(i))
    for request in gatherer.poll().res["m2m:rqp"]:
        assert gatherer.respond(request).rsc == 2000

    def is_counted():
        found = gatherer.client.retrieve(sub).res
        row = found["nsi"][0]
        return (row["rqs"], row["rsr"], row["noec"], found["exc"]) == (3, 3, 3, 2)

    eventually(is_counted, what="the removal of what was taken")


def test_what_several_were_for_is_gone(own):
    """Their subscription is deleted before they are responded to: nothing is left to deliver, and the server lives"""
    server = own("--limit", "notify-ms=200")
    poller = Poller(server.url)
    assert poller.client.update(f"{poller.path}/p", "pch", rqag=True).rsc == 2004
    poller.watch()
    for i in range(3):
        poller.happen(str(i))
    assert len(poller.poll().res["m2m:rqp"]) == 3
    assert poller.client.delete(f"{poller.path}/c/s").rsc == 2002
    assert poller.poll(1.0).rsc == 4008, "the others are too old by then"
    poller.watch()
    poller.happen("3")
    assert contents(poller.poll()) == ["3"]
