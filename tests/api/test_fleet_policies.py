"""Policies that other CSEs host, by a fleet of real servers on loopback (lib/fleet.py).

spec: TS-0001 9.6.1.3.2, 9.6.2; TS-0004 7.3.3.15; docs/decisions/0039
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from lib.fleet import Fleet
from lib.onem2m import grant
from lib.receiver import Receiver
from lib.server import eventually

READERS = [(["/in", "/mn1", "/asn"], 2), (["CAdmin"], 63)]
FAST = ("--limit", "group-cache-ms=300", "--limit", "group-absent-ms=50")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), names=("in", "mn1", "asn"), options={"in": FAST}) as made:
        made.aes = made.add_aes()
        add_friends(made)
        yield made


def make_policy(fleet, at, *rules, readers=READERS):
    """At another CSE; its address for everybody. `readers`: its selfPrivileges."""
    return f"/{at}/{grant(fleet.client(at), *rules, self_rules=readers, parent='base')}"


def make_guarded(fleet, *policies, **attributes):
    made = fleet.aes["in"].create("base/ae", "cnt", acpi=list(policies), **attributes)
    assert made.rsc == 2001, made
    assert made["acpi"] == list(policies)
    return made["ri"]


def add_friends(fleet):
    for stem in ("Cfriend", "Cstranger"):
        made = fleet.client("in", stem).create("base", "ae", api="Ntest", rr=False, srv=["3"], rn=stem.lower())
        assert made.rsc == 2001, made


def make_cross(ae):
    """A crossResourceSubscription of its own to something that the policy protects."""
    return ae.create(f"base/{ae.originator.lower()}", "crs", nu=[ae.originator], twt=1, tws="PT1M",
                     rrat=["base/ae/c1"], encs={"encn": [{"net": [3]}]}).rsc


def ask_later(ae):
    """Non-blocking; what the <request> says."""
    accepted = ae.retrieve("base/ae/c1", query={"rt": 1})
    assert accepted.rsc == 1001, accepted
    request = accepted.pc["m2m:uri"]
    eventually(lambda: ae.retrieve(request)["rs"] in (1, 2), 20, "the result")
    return ae.retrieve(request)["ors"]["rsc"]


OPERATIONS = {
    "retrieve": (lambda ae: ae.retrieve("base/ae/c1").rsc, 2000),
    "create": (lambda ae: ae.create("base/ae/c1", "cin", con="x").rsc, 2001),
    "fan out": (lambda ae: {one["rsc"] for one in ae.create("base/ae/g/fopt", "cin", con="x").pc["m2m:agr"]["m2m:rsp"]},
                {2001}),
    "subscribe": (lambda ae: ae.create("base/ae/c1", "sub", nu=[ae.originator]).rsc, 2001),
    "update": (lambda ae: ae.update("base/ae/c1", "cnt", lbl=["x"]).rsc, 2004),
    "acpi": (lambda ae: ae.update("base/ae/c1", "cnt", acpi=["/mn1/base/all"]).rsc, 2004),
    "cross": (make_cross, 2001),
    "non-blocking": (ask_later, 2000),
    "delete": (lambda ae: ae.delete("base/ae/c1").rsc, 2002),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation(tmp_path, operation):
    """TS-0004 7.3.3.15: the first request of all that needs it, at two hops; who it does not name is denied"""
    do, done = OPERATIONS[operation]
    with Fleet(tmp_path, names=("in", "mn1", "asn")) as fleet:
        fleet.aes = fleet.add_aes()
        add_friends(fleet)
        acp = make_policy(fleet, "asn", (["/in/Cfriend", "Cstranger"], 63),
                          readers=[(["/in"], 2), (["/in/Cfriend"], 4)])
        for name in ("c1", "c2"):
            make_guarded(fleet, acp, rn=name)
        everybody = grant(fleet.client("in"), (["all"], 63), parent="base")
        made = fleet.aes["in"].create("base/ae", "grp", rn="g", mnm=9, mid=["base/ae/c1", "base/ae/c2"],
                                      macp=[everybody])
        assert made.rsc == 2001, made
        denied = {"fan out": {4103}, "cross": 5221}.get(operation, 4103)
        assert do(fleet.client("in", "Cstranger")) == denied
        assert do(fleet.client("in", "Cfriend")) == done


def test_discovery(fleet):
    """What it lets somebody see is found, also where several policies have to be asked for"""
    made = [make_guarded(fleet, make_policy(fleet, at, (["/in/Cfriend"], 32)), lbl=["far"]) for at in ("mn1", "asn")]
    assert len(fleet.client("in", "Cfriend").discover("base/ae", ty=3, lbl="far")) == 2
    assert fleet.aes["in"].discover("base/ae", ty=3, lbl="far") == []
    for name in made:
        assert fleet.client("in").delete(name).rsc == 2002


def test_its_host_must_let_us_see_it(fleet):
    """In the name of this CSE, not of whoever asks"""
    closed = make_guarded(fleet, make_policy(fleet, "mn1", (["all"], 63), readers=[(["all"], 4), (["/in/Cae"], 63)]))
    assert fleet.aes["in"].retrieve(closed).rsc == 4103
    assert fleet.client("in").retrieve(closed).rsc == 2000, "the administrator"


def test_what_it_says_now(fleet):
    """A change counts when the memory of it is too old; so does its end"""
    acp = make_policy(fleet, "mn1", (["/in/Cae"], 63))
    guarded = make_guarded(fleet, acp)
    ae, friend, host = fleet.aes["in"], fleet.client("in", "Cfriend"), fleet.client("mn1")
    assert ae.retrieve(guarded).rsc == 2000
    assert friend.retrieve(guarded).rsc == 4103
    local = acp.rpartition("/")[2]
    assert host.update(local, "acp", pv={"acr": [{"acor": ["/in/Cfriend"], "acop": 63}]}).rsc == 2004
    eventually(lambda: friend.retrieve(guarded).rsc == 2000, 20, "the change")
    assert ae.retrieve(guarded).rsc == 4103
    assert host.delete(local).rsc == 2002
    eventually(lambda: friend.retrieve(guarded).rsc == 4103, 20, "its end")


def test_a_host_that_is_away(tmp_path):
    """SEC-DEC-05: nothing is granted by what is too old, other policies still do; when its CSE is back all is as
    before"""
    with Fleet(tmp_path, names=("in", "mn1"), options={"in": FAST}) as fleet:
        fleet.aes = fleet.add_aes("in")
        acp = make_policy(fleet, "mn1", (["/in/Cae"], 63))
        guarded = make_guarded(fleet, acp)
        both = make_guarded(fleet, acp, grant(fleet.client("in"), (["Cae"], 63), parent="base"))
        assert fleet.aes["in"].retrieve(guarded).rsc == 2000
        fleet.kill("mn1")
        eventually(lambda: fleet.aes["in"].retrieve(guarded).rsc == 4103, 20, "the end of group-cache-ms")
        assert fleet.aes["in"].create(guarded, "cin", con="x").rsc == 4103
        assert fleet.aes["in"].create(both, "cin", con="x").rsc == 2001
        fleet.start("mn1")
        eventually(lambda: fleet.aes["in"].retrieve(guarded).rsc == 2000, 20, "its return")


def test_changes_of_the_list(fleet):
    """TS-0001 9.6.1.3.2: UPDATE in the selfPrivileges of a policy that is named now, wherever that is"""
    acp = make_policy(fleet, "asn", (["/in/Cae", "/in/Cfriend"], 63), readers=[(["/in"], 2), (["/in/Cfriend"], 4)])
    guarded = make_guarded(fleet, acp)
    mine = grant(fleet.client("in"), (["Cae"], 63), parent="base")
    assert fleet.aes["in"].update(guarded, "cnt", acpi=[mine]).rsc == 4103
    assert fleet.aes["in"].update(guarded, "cnt", lbl=["x"]).rsc == 2004
    assert fleet.client("in", "Cfriend").update(guarded, "cnt", acpi=[mine]).rsc == 2004
    assert fleet.client("in", "Cfriend").retrieve(guarded).rsc == 4103


def test_what_cannot_be_asked(fleet):
    """No way to its CSE, or one without a point of access: it is refused when it is named"""
    ae = fleet.aes["in"]
    assert ae.create("base/ae", "cnt", acpi=["/nowhere/base/acp"]).rsc == 4000
    assert ae.create("base/ae", "cnt", acpi=["//other.example/in/base/acp"]).rsc == 4000
    assert ae.create("base/ae", "grp", mnm=1, mid=[], macp=["/nowhere/base/acp"]).rsc == 4000
    answer = fleet.client("in", "/hidden").create("base", "csr", cb="/hidden/base", rr=False, srv=["3"])
    assert answer.rsc == 2001, answer
    assert ae.create("base/ae", "cnt", acpi=["/hidden/base/acp"]).rsc == 5103
    fleet.drop("hidden")


def test_what_is_no_policy(fleet):
    """Another resource, an answer that makes no sense, none at all"""
    ae = fleet.aes["in"]
    assert ae.retrieve(make_guarded(fleet, "/mn1/base/ae/open")).rsc == 4103
    with Receiver(lambda received: None) as fake:
        fleet.pretend("fake", fake.url)
        guarded = make_guarded(fleet, "/fake/base/acp")
        assert ae.retrieve(guarded).rsc == 4103
        fleet.drop("fake")
    assert ae.retrieve(guarded).rsc == 4103, "no way any more"


def test_copies(fleet):
    """A copy is governed by the policy of its original, if the CSE that holds the copy may see that"""
    acp = make_policy(fleet, "mn1", (["/in/Cfriend"], 2), (["Cae"], 63)).rpartition("/")[2]
    made = fleet.aes["mn1"].create("base/ae", "cnt", at=["/in"], acpi=[acp])
    assert made.rsc == 2001, made
    copy = made["at"][0]
    assert fleet.client("in", "Cfriend").retrieve(copy).rsc == 2000
    assert fleet.aes["in"].retrieve(copy).rsc == 4103, "what is Cae there is another here"
    assert fleet.aes["mn1"].delete(made["ri"]).rsc == 2002


def test_a_host_that_is_silent(fleet):
    """SEC-DEC-05: a request waits no longer than it lives"""
    with Receiver(delay=5) as slow:
        fleet.pretend("slow", slow.url)
        guarded = make_guarded(fleet, "/slow/base/acp")
        before = time.monotonic()
        assert fleet.aes["in"].retrieve(guarded, headers={"X-M2M-RET": "500"}).rsc in (4008, 4103)
        assert time.monotonic() - before < 4
        fleet.drop("slow")


def test_nobody_waits_for_others(fleet):
    """A CSE that is silent holds up only what needs its policy; all that need it wait for one answer"""
    stop = threading.Event()

    def wait(received):
        stop.wait(30)

    with Receiver(wait) as silent, ThreadPoolExecutor(40) as pool:
        fleet.pretend("slow", silent.url)
        ae = fleet.aes["in"]
        guarded = make_guarded(fleet, "/slow/base/acp")
        waiting = [pool.submit(ae.As(ae.originator).retrieve, guarded) for _ in range(40)]
        eventually(lambda: silent.connections > 0, 20, "the question")
        before = time.monotonic()
        for _ in range(50):
            assert ae.retrieve("base/ae/open").rsc == 2000
        assert ae.create("base/ae/open", "cin", con="x").rsc == 2001
        assert time.monotonic() - before < 10
        assert not any(one.done() for one in waiting)
        stop.set()
        assert {one.result().rsc for one in waiting} == {4103}
        fleet.drop("slow")


def test_members_of_a_group(fleet):
    """membersAccessControlPolicyIDs, too"""
    acp = make_policy(fleet, "mn1", (["/in/Cfriend"], 63))
    made = fleet.aes["in"].create("base/ae", "grp", mnm=1, mid=["base/ae/open"], macp=[acp])
    assert made.rsc == 2001, made
    to = f"{made['ri']}/fopt"
    assert fleet.client("in", "Cfriend").retrieve(to).rsc == 2000
    assert fleet.client("in", "Cfriend").retrieve(made["ri"]).rsc == 4103
    assert fleet.aes["in"].retrieve(to).rsc == 4103


def test_who_may_be_notified(fleet):
    """NOTIFY on an AE of this CSE by a policy elsewhere, in a subscription and in a request"""
    acp = make_policy(fleet, "mn1", (["/in/Cfriend"], 16))
    with Receiver() as target:
        made = fleet.client("in", "Cheard").create("base", "ae", api="Ntest", rr=True, poa=[target.url], srv=["3"],
                                                   acpi=[acp])
        assert made.rsc == 2001, made
        for stem, rsc in (("Cstranger", {5204, 4101}), ("Cfriend", {2001})):
            answer = fleet.client("in", stem).create(f"base/{stem.lower()}", "sub", nu=[made["ri"]])
            assert answer.rsc in rsc, answer
            told = fleet.client("in", stem).notify(made["ri"], {"m2m:sgn": {"sur": "/in/x", "vrq": False}})
            assert (told.rsc == 2000) == (stem == "Cfriend"), told


def test_circles_end(fleet):
    """A policy that we may see if we are in a group of ours that this policy protects, likewise with a container for a
    policy: nobody is permitted anything, nobody waits, and the two CSEs go on talking"""
    admin = fleet.client("in")
    acp = make_policy(fleet, "mn1", (["all"], 63), readers=[(["/in/base/circle"], 63), (["CAdmin"], 63)])
    assert admin.create("base", "grp", rn="circle", mnm=9, mid=["/in"], acpi=[acp]).rsc == 2001
    assert admin.create("base", "cnt", rn="round", acpi=["/mn1/base/round"]).rsc == 2001
    assert fleet.client("mn1").create("base", "cnt", rn="round", acpi=["/in/base/round"]).rsc == 2001
    for to in ("base/circle", "base/round"):
        before = time.monotonic()
        assert fleet.aes["in"].retrieve(to).rsc in (4103, 5000)
        assert fleet.aes["in"].retrieve("/mn1/base/ae/open").rsc == 2000
        assert time.monotonic() - before < 10
