"""A CSE that nobody can reach fetches from its polling channel what is sent to it and through it.
spec: TS-0001 9.6.21, 10.2.5.12 to 10.2.5.19; TS-0004 7.4.21, 7.4.22
"""

import threading

import pytest
from lib.fleet import Fleet, remote_cse
from lib.onem2m import timestamp
from lib.receiver import Receiver


class Hidden:
    """The CSE "/hidden", registered without a point of access, with its channel."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.client = fleet.client("in", "/hidden")
        assert self.client.create("base", "csr", **remote_cse("hidden", rr=False)).rsc == 2001
        assert self.client.create("base/hidden", "pch", rn="p").rsc == 2001

    def poll(self, seconds=20):
        other = self.fleet.client("in", "/hidden")  # a connection of its own
        return other.retrieve("base/hidden/p/pcu", headers={"X-M2M-RET": timestamp(seconds)})

    def respond(self, request, rsc, **more):
        response = {"rsc": rsc, "rqi": request["rqi"], "rvi": "3", **more}
        return self.client.notify("base/hidden/p/pcu", {"m2m:rsp": response})


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), names=("in", "mn1")) as made:
        made.aes = made.add_aes()
        yield made


@pytest.fixture
def hidden(fleet):
    made = Hidden(fleet)
    yield made
    fleet.drop("hidden")


def ask(hidden, call, rsc, **response):
    """What `call` sends, as the hidden CSE gets it, and what `call` hears."""
    heard = []
    thread = threading.Thread(target=lambda: heard.append(call()))
    thread.start()
    polled = hidden.poll()
    assert polled.rsc == 2000 and polled.root == "m2m:rqp", polled
    assert hidden.respond(polled.res, rsc, **response).rsc == 2000
    thread.join(timeout=60)
    return polled.res, heard[0]


# ---- requests ----


@pytest.mark.threads
@pytest.mark.parametrize("at", ["in", "mn1"])
def test_each_operation(fleet, hidden, at):
    """Parameters and content as they were sent, and the answer back"""
    ae = fleet.aes[at]
    origin = f"/{at}/Cae"
    got, heard = ask(hidden, lambda: ae.create("/hidden/base", "cnt", rn="c", lbl=["x"]), 2001,
                     pc={"m2m:cnt": {"rn": "c", "ri": "cnt1"}})
    assert (got["op"], got["to"], got["fr"], got["ty"]) == (1, "/hidden/base", origin, 3)
    assert got["pc"] == {"m2m:cnt": {"rn": "c", "lbl": ["x"]}} and "rt" not in got
    assert heard.rsc == 2001 and heard["ri"] == "cnt1"
    got, heard = ask(hidden, lambda: ae.retrieve("/hidden/base/c?rcn=4&lim=3&lbl=a&lbl=b"), 2000,
                     pc={"m2m:cnt": {"rn": "c"}}, cnst=1, cnot=7)
    assert (got["op"], got["rcn"], got["fc"]) == (2, 4, {"lim": 3, "lbl": ["a", "b"]})
    assert heard.rsc == 2000 and heard["rn"] == "c"
    assert (heard.headers["X-M2M-CTS"], heard.headers["X-M2M-CTO"]) == ("1", "7")
    got, heard = ask(hidden, lambda: ae.update("/hidden/base/c", "cnt", lbl=None), 4103,
                     pc={"m2m:dbg": "not this"})
    assert got["op"] == 3 and got["pc"] == {"m2m:cnt": {"lbl": None}} and heard.rsc == 4103
    got, heard = ask(hidden, lambda: ae.delete("/hidden/base/c"), 2002)
    assert got["op"] == 4 and heard.rsc == 2002
    got, heard = ask(hidden, lambda: ae.notify("/hidden/Cx", {"m2m:sgn": {"sur": "s"}}), 2000)
    assert got["op"] == 5 and got["pc"] == {"m2m:sgn": {"sur": "s"}} and heard.rsc == 2000


def test_nobody_polls(fleet, hidden):
    """The request waits as long as it lives, and no longer."""
    answer = fleet.aes["in"].retrieve("/hidden/base", headers={"X-M2M-RET": "300"})
    assert answer.rsc in (4008, 5103), answer
    assert hidden.poll(0.3).rsc == 4008


def test_no_answer_of_onem2m(fleet, hidden):
    _, heard = ask(hidden, lambda: fleet.aes["in"].retrieve("/hidden/base"), 1000)
    assert heard.rsc == 5103


def test_notifications(fleet, hidden):
    """of subscriptions to an AE behind it: they wait in the outbox"""
    ae = fleet.aes["in"]
    heard = []
    thread = threading.Thread(target=lambda: heard.append(ae.create(
        "base/ae/open", "sub", rn="s", nu=["/hidden/Cx"], enc={"net": [3], "chty": [4]})))
    thread.start()
    asked = hidden.poll().res
    assert asked["pc"]["m2m:sgn"]["vrq"] is True and asked["to"] == "/hidden/Cx"
    assert hidden.respond(asked, 2000).rsc == 2000
    thread.join(timeout=60)
    assert heard[0].rsc == 2001
    for content in "12":
        assert ae.create("base/ae/open", "cin", con=content).rsc == 2001
    for content in "12":
        told = hidden.poll().res
        assert told["pc"]["m2m:sgn"]["nev"]["rep"]["m2m:cin"]["con"] == content
        assert hidden.respond(told, 2000).rsc == 2000
    assert ae.delete("base/ae/open/s").rsc == 2002


def test_members_of_groups(fleet, hidden):
    ae = fleet.aes["in"]
    assert ae.create("base/ae", "grp", rn="g", mnm=5,
                     mid=["base/ae/open", "/hidden/base/c"]).rsc == 2001
    got, heard = ask(hidden, lambda: ae.retrieve("base/ae/g/fopt"), 2000,
                     pc={"m2m:cnt": {"rn": "c"}})
    assert got["op"] == 2 and got["to"] == "/hidden/base/c"
    assert [m["rsc"] for m in heard.pc["m2m:agr"]["m2m:rsp"]] == [2000, 2000]
    assert ae.delete("base/ae/g").rsc == 2002


def test_a_point_of_access_goes_first(fleet, hidden):
    """A CSE that says that it is reachable is sent what it asks for: docs/decisions/0018"""
    with Receiver() as host:
        assert hidden.client.update("base/hidden", "csr", poa=[host.url], rr=True).rsc == 2004
        assert fleet.aes["in"].retrieve("/hidden/base").rsc == 2000
        assert host.next(20).path.startswith("/")
    assert hidden.poll(0.3).rsc == 4008


# ---- whose it is ----


def test_nobody_else(fleet, hidden):
    """SEC-ACP-32: neither other CSEs nor AEs nor the administrator; TS-0004 7.4.21.2.1"""
    for client in (fleet.client("in", "/mn1"), fleet.aes["in"], fleet.client("in")):
        assert client.retrieve("base/hidden/p/pcu", headers={"X-M2M-RET": "200"}).rsc == 4103
        assert client.notify("base/hidden/p/pcu",
                             {"m2m:rsp": {"rsc": 2000, "rqi": "x", "rvi": "3"}}).rsc == 4103
    for client in (fleet.client("in", "/mn1"), fleet.aes["in"]):
        assert client.retrieve("base/hidden/p").rsc == 4103
        assert client.delete("base/hidden/p").rsc == 4103
    assert fleet.client("in", "/mn1").create("base/hidden", "pch").rsc in (4103, 4105)
    assert fleet.client("in", "/hidden").create("base/mn1", "pch").rsc == 4103


def test_when_the_registration_goes(fleet):
    """The channel goes with it, and a poll on it ends."""
    made = Hidden(fleet)
    heard = []
    thread = threading.Thread(target=lambda: heard.append(made.poll(60)))
    thread.start()
    fleet.drop("hidden")
    thread.join(timeout=60)
    assert heard[0].rsc in (4004, 4008)
    assert fleet.aes["in"].retrieve("/hidden/base").rsc == 4004
