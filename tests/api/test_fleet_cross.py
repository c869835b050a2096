"""crossResourceSubscriptions whose targets are at other CSEs, by a fleet of real servers on loopback (lib/fleet.py).

spec: TS-0004 7.4.58, 7.5.1.2.4, 7.5.1.2.18; docs/decisions/0045
"""

import threading

import pytest
from lib.fleet import Fleet
from lib.onem2m import timestamp
from lib.receiver import Receiver
from lib.server import eventually

NEW = {"encn": [{"net": [3]}]}
FAR = "/mn1/base/ae/open"
FURTHER = "/asn/base/ae/open"
HERE = "base/ae/open"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet")) as made:
        made.aes = made.add_aes()
        yield made


def cross(ae, url, **attributes):
    ae.delete("base/ae/x")
    return ae.create("base/ae", "crs", **{"rn": "x", "nu": [url], "twt": 2, "tws": "PT1H", **attributes})


def subscriptions(ae):
    found = ae.As("CAdmin").retrieve("base/ae/open", query={"rcn": 4})
    assert found.rsc == 2000, found
    return found.res.get("m2m:sub", [])


def fill(ae, at="base/ae/open"):
    assert ae.create(at, "cin", con="x").rsc == 2001


def asked(receiver):
    """Without the questions for consent."""
    told = receiver.next(20)
    return asked(receiver) if told.sgn.get("vrq") else told


def test_targets_everywhere(fleet):
    """TS-0004 7.4.58.2.1, 7.5.1.2.18, 7.4.58.2.4: subscriptions are made, notify, count together, and go"""
    home = fleet.aes["in"]
    with Receiver() as receiver:
        made = cross(home, receiver.url, rrat=[FAR, HERE, FURTHER], encs=NEW, nec=3)
        assert made.rsc == 2001, made
        names = made["rrats"]
        assert [n.split("/")[1] if n[0] == "/" else "" for n in names] == ["mn1", "", "asn"]
        for name, at in ((names[0], "mn1"), (names[2], "asn")):
            (sub,) = subscriptions(fleet.aes[at])
            us = [f"/in/{made['ri']}"]
            assert name == f"/{at}/{sub['ri']}" and sub["nu"] == us and sub["acrs"] == us
            assert sub["et"] == made["et"] and sub["nec"] == 3 and sub["enc"] == {"net": [3]}
            assert sub["cr"] == "/in/Cae"
        fill(fleet.aes["asn"])
        fill(home)
        fill(fleet.aes["asn"])
        fill(fleet.aes["mn1"])
        assert asked(receiver).pc == {"m2m:sgn": {"sur": f"/in/{made['ri']}"}}
        fill(fleet.aes["mn1"])
        fill(home)
        fill(fleet.aes["asn"])
        assert asked(receiver).pc == {"m2m:sgn": {"sur": f"/in/{made['ri']}"}}
        assert home.delete("base/ae/x").rsc == 2002
        for at in ("in", "mn1", "asn"):
            eventually(lambda at=at: not subscriptions(fleet.aes[at]), 20)


def test_subscriptions_are_joined(fleet):
    """TS-0004 7.4.58.2.1 b), 7.4.58.2.4 d): nu and acrs get the crossResourceSubscription, and lose it"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    admin = fleet.client("mn1")
    with Receiver() as receiver:
        assert admin.create("base/ae/open", "sub", rn="s", nu=[receiver.url], enc={"net": [3]},
                            acpi=["base/all"]).rsc == 2001
        made = cross(home, receiver.url, rrat=[HERE], encs=NEW, srat=[f"{FAR}/s"])
        assert made.rsc == 2001, made
        us = f"/in/{made['ri']}"
        (sub,) = subscriptions(far)
        assert sub["nu"] == [receiver.url, us] and sub["acrs"] == [us]
        assert made["srat"] == [f"/mn1/{sub['ri']}"], "as its host calls it, so that it is known when it notifies"
        fill(far)
        assert "nev" in asked(receiver).sgn, "its own target is told as before"
        fill(home)
        assert asked(receiver).pc == {"m2m:sgn": {"sur": us}}
        assert home.delete("base/ae/x").rsc == 2002

        def is_left():
            (left,) = subscriptions(far)
            return left["nu"] == [receiver.url] and "acrs" not in left

        eventually(is_left, 20)
        assert admin.delete("base/ae/open/s").rsc == 2002


def test_a_result_for_later(fleet):
    """TS-0004 7.2.2.2 Recv-3.0: the result of a non-blocking request is that of all targets"""
    home = fleet.aes["in"]
    home.delete("base/ae/x")
    for target, rsc in ((FAR, 2001), ("/mn1/base/none", 5221)):
        got = home.request("POST", "base/ae", {"m2m:crs": {"rn": "x", "nu": ["base/ae"], "twt": 2, "tws": "PT1H",
                                                          "rrat": [target], "encs": NEW}},
                           ty=48, query={"rt": 1})
        assert got.rsc in (1001, 1002), got
        to = got.pc["m2m:uri"]
        eventually(lambda to=to: home.retrieve(to)["rs"] in (1, 2), 20)
        assert home.retrieve(to)["ors"]["rsc"] == rsc
        assert home.delete("base/ae/x").rsc == (2002 if rsc == 2001 else 4004)
    eventually(lambda: not subscriptions(fleet.aes["mn1"]), 20)


@pytest.mark.parametrize("bad", ["/mn1/base/none", "/mn1/base/ae/closed", "/nowhere/base/x", f"{FAR}/la",
                                 "base/none", f"{FAR}/fopt", "//other.example/mn/x"])
def test_one_refuses(fleet, bad):
    """TS-0004 7.4.58.2.1 iii): CROSS_RESOURCE_OPERATION_FAILURE, and nothing is left"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    far.create("base/ae", "cnt", rn="closed")
    with Receiver() as receiver:
        made = cross(home, receiver.url, rrat=[HERE, FAR, bad], encs=NEW)
        assert made.rsc == 5221, made
        made = cross(home, receiver.url, rrat=[FAR, HERE], encs=NEW, srat=[bad])
        assert made.rsc == 5221, made
    eventually(lambda: not subscriptions(far) and not subscriptions(home), 20)
    assert home.retrieve("base/ae/x").rsc == 4004
    assert far.delete("base/ae/closed").rsc == 2002


def test_the_originator_is_who_asks(fleet):
    """TS-0004 7.4.58.2.1: From is that of the CREATE: its rights at the other CSE count"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    assert far.create("base/ae", "cnt", rn="own").rsc == 2001
    with Receiver() as receiver:
        made = cross(home, receiver.url, rrat=["/mn1/base/ae/own"], encs=NEW)
        assert made.rsc == 5221 and "4103" in made.debug, made
    assert far.delete("base/ae/own").rsc == 2002


def test_a_target_elsewhere_goes(fleet):
    """TS-0004 7.5.1.2.4: its host tells of the end of the subscription, and the rest follows"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    with Receiver() as receiver:
        assert cross(home, receiver.url, rrat=[FAR, HERE, FURTHER], encs=NEW, su=receiver.url).rsc == 2001
        (sub,) = subscriptions(far)
        assert fleet.client("mn1").delete(f"base/ae/open/{sub['rn']}").rsc == 2002
        eventually(lambda: home.retrieve("base/ae/x").rsc == 4004, 20)
        assert asked(receiver).sgn["sud"] is True
        for at in ("in", "asn"):
            eventually(lambda at=at: not subscriptions(fleet.aes[at]), 20)


def test_the_end_is_moved(fleet):
    """decision 0031: subscriptions that it made live as long as it does"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    with Receiver() as receiver:
        assert cross(home, receiver.url, rrat=[FAR], encs=NEW, et=timestamp(600)).rsc == 2001
        until = timestamp(900)
        assert home.update("base/ae/x", "crs", et=until).rsc == 2004
        eventually(lambda: subscriptions(far)[0]["et"] == until, 20)
        assert home.delete("base/ae/x").rsc == 2002
        eventually(lambda: not subscriptions(far), 20)


def test_its_own_end(fleet):
    """TS-0004 7.4.58.2.4: without a DELETE the creator is From"""
    home, far = fleet.aes["in"], fleet.aes["mn1"]
    with Receiver() as receiver:
        assert cross(home, receiver.url, rrat=[FAR], encs=NEW, et=timestamp(1.5)).rsc == 2001
        eventually(lambda: home.retrieve("base/ae/x").rsc == 4004 and not subscriptions(far), 20)


def test_strangers_are_not_heard(fleet):
    """Only the CSEs of its targets notify it, and of the subscriptions there only its own"""
    home = fleet.aes["in"]
    with Receiver() as receiver:
        made = cross(home, receiver.url, rrat=[FAR, HERE], encs=NEW)
        assert made.rsc == 2001, made
        fill(home)
        known = made["rrats"][0]
        to, end = f"/in/{made['ri']}", {"sud": True}
        for sender, content, rsc in (("/mn2", {"sur": known}, 4103), ("Cae", {"sur": known}, 4103),
                                     ("/mn2", {"sur": known, **end}, 4103), ("/mn1", {"sur": "/mn1/sub-0"}, 4000),
                                     ("/mn1", {"sur": "/mn1/sub-0", **end}, 4000), ("/mn1", {}, 4000),
                                     ("/mn1", {"sur": "/mn2" + known[4:]}, 4000),
                                     ("/mn1", {"sur": known, "vrq": True}, 2000),
                                     ("/mn1", {"sur": "/mn1/sub-0", "vrq": True}, 5205)):
            answer = fleet.client("in", sender).notify(to, {"m2m:sgn": content})
            assert answer.rsc == rsc, (sender, content, answer)
        assert home.retrieve("base/ae/x").rsc == 2000
        answer = fleet.client("in", "/mn1").notify(to, {"m2m:agn": {"sgn": [{"sur": known}, {"sur": known}]}})
        assert answer.rsc == 2000, answer
        assert asked(receiver).pc == {"m2m:sgn": {"sur": to}}
        answer = fleet.client("in", "/mn1").notify(to, {"m2m:sgn": {"sur": known, **end}})
        assert answer.rsc == 2000 and home.retrieve("base/ae/x").rsc == 4004
    (left,) = subscriptions(fleet.aes["mn1"])
    assert fleet.client("mn1").delete(f"base/ae/open/{left['rn']}").rsc == 2002


def test_associates_of_a_subscription(fleet):
    """TS-0004 7.4.8.1: who hosts a crossResourceSubscription elsewhere names it, and hears of the end"""
    ae = fleet.aes["in"]
    with Receiver() as receiver:
        fleet.pretend("fake", receiver.url)
        try:
            for acrs in (["base/ae/x"], ["/in/crs-1"]):
                assert ae.create("base/ae/open", "sub", rn="s", nu=[receiver.url], acrs=acrs).rsc == 4000
            got = ae.create("base/ae/open", "sub", rn="s", nu=["/fake/crs-1"], acrs=["/fake/crs-1", "/fake/crs-2"])
            assert got.rsc == 2001 and got["acrs"] == ["/fake/crs-1", "/fake/crs-2"], got
            receiver.all.queue.clear()
            sud = {"m2m:sgn": {"sud": True, "sur": f"/in/{got['ri']}"}}
            assert ae.update("base/ae/open/s", "sub", acrs=["/fake/crs-1"]).rsc == 2004
            told = receiver.next(20)
            assert told.pc == sud and told.path.endswith("/fake/crs-2")
            assert ae.delete("base/ae/open/s").rsc == 2002
            told = receiver.next(20)
            assert told.pc == sud and told.path.endswith("/fake/crs-1")
        finally:
            fleet.drop("fake")


def test_one_that_never_answers(fleet):
    """TS-0004 7.4.58.2.1: the time of the CREATE is over; what may have been made is taken back"""
    home = fleet.aes["in"]
    over = threading.Event()
    with Receiver(lambda received: over.wait(20) and None) as receiver:
        fleet.pretend("fake", receiver.url)
        home.delete("base/ae/x")
        try:
            got = home.request("POST", "base/ae", {"m2m:crs": {"rn": "x", "nu": ["base/ae"], "twt": 2, "tws": "PT1H",
                                                              "rrat": [FAR, "/fake/base/c"], "encs": NEW}},
                               ty=48, headers={"X-M2M-RET": "2000"})
            assert got.rsc == 5221, got
            assert home.retrieve("base/ae/x").rsc == 4004
            eventually(lambda: not subscriptions(fleet.aes["mn1"]), 20)
        finally:
            over.set()
            fleet.drop("fake")


@pytest.mark.parametrize("when", ["made", "asked", "gone"])
def test_a_crash(tmp_path, when):
    """What waits, and what is half made, survives kill -9 or is undone: no subscription is left for ever"""
    held = []
    with Fleet(tmp_path / "fleet", names=("in", "mn1")) as fleet, Receiver() as receiver:
        fleet.aes = fleet.add_aes()
        home, far = fleet.aes["in"], fleet.aes["mn1"]
        if when == "asked":
            with Receiver(lambda received: (held.append(received), fleet.kill("in")) and None) as fake:
                fleet.pretend("fake", fake.url)
                with pytest.raises(Exception):  # noqa: B017
                    home.request("POST", "base/ae", {"m2m:crs": {
                        "rn": "x", "nu": [receiver.url], "twt": 2, "tws": "PT1H", "rrat": [FAR, "/fake/base/c"],
                        "encs": NEW}}, ty=48, headers={"X-M2M-RET": "1000"})
        else:
            assert cross(home, receiver.url, rrat=[FAR, HERE], encs=NEW).rsc == 2001
            fill(far)
        if when == "gone":
            fleet.stop("mn1")
            assert home.delete("base/ae/x").rsc == 2002
        if when != "asked":
            fleet.kill("in")
        fleet.start("in")
        if when == "gone":
            fleet.start("mn1")
        if when == "made":
            eventually(lambda: home.create("base/ae/open", "cin", con="x").rsc == 2001, 20)
            assert asked(receiver).sgn["sur"].startswith("/in/crs")
            return
        eventually(lambda: home.retrieve("base/ae/x").rsc == 4004, 30)
        eventually(lambda: not subscriptions(far), 60)
