"""Groups with members at other CSEs, by a fleet of real servers on loopback (lib/fleet.py).

spec: TS-0004 7.4.13.2.1, 7.4.14.2; docs/decisions/0034
"""

import base64
import json
import threading
import time

import pytest
from lib.fleet import Fleet
from lib.onem2m import grant, timestamp
from lib.receiver import Receiver
from lib.server import eventually
from lib.tokens import Issuer

ALL = ("in", "mn1", "mn2", "asn")
OPEN = [f"/{name}/base/ae/open" for name in ALL]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), options={"in": ("--limit", "asked-together=3")}) as made:
        made.aes = made.add_aes()
        yield made


def make_group(ae, members, name="g", **attributes):
    """A fresh one below the AE."""
    ae.delete(f"base/ae/{name}")
    made = ae.create("base/ae", "grp", rn=name, mid=members, **{"mnm": 100, **attributes})
    assert made.rsc == 2001, made
    return made


def answers(answer, rsc=2000):
    """(From, Response Status Code) of each member that answered."""
    assert answer.rsc == rsc, answer
    return [(one["fr"], one["rsc"]) for one in answer.pc["m2m:agr"]["m2m:rsp"]]


# ---- members ----


@pytest.mark.parametrize("at", ALL)
def test_members_everywhere(fleet, at):
    """TS-0004 7.4.14.2: each operation, each member's answer in the order of memberIDs, the originator is the one who
    asks"""
    ae = fleet.aes[at]
    made = make_group(ae, OPEN, mt=3)
    assert made["mtv"] is True and made["cnm"] == 4 and made["mid"] == OPEN
    got = ae.create("base/ae/g/fopt", "cnt", rn=f"by-{at}", lbl=["l"], cr=None)
    assert answers(got) == [(to, 2001) for to in OPEN]
    for one, name in zip(got.pc["m2m:agr"]["m2m:rsp"], ALL):
        assert one["pc"]["m2m:cnt"]["cr"] == ("Cae" if name == at else f"/{at}/Cae")
    to = f"base/ae/g/fopt/by-{at}"
    assert answers(ae.create(to, "cin", con="x")) == [(to, 2001) for to in OPEN]
    got = ae.retrieve(f"{to}/la")
    assert [one["pc"]["m2m:cin"]["con"] for one in got.pc["m2m:agr"]["m2m:rsp"]] == ["x"] * 4
    assert answers(ae.update(to, "cnt", lbl=["m"])) == [(to, 2004) for to in OPEN]
    got = ae.retrieve(f"{to}?atrl=lbl")
    assert [one["pc"]["m2m:cnt"] for one in got.pc["m2m:agr"]["m2m:rsp"]] == [{"lbl": ["m"]}] * 4
    assert answers(ae.delete(to)) == [(to, 2002) for to in OPEN]
    assert answers(ae.retrieve(to)) == [(to, 4004) for to in OPEN]
    assert ae.retrieve("base/ae/g")["cnm"] == 4, "what is below a member does not leave the group"


def test_each_member_answers_for_itself(fleet):
    """TS-0004 7.4.14.2.5: one that is not there, one that refuses, one without a way"""
    admin = fleet.client("mn2")
    acp = grant(admin, (["/mn2/Cae"], 63), parent="base")
    assert admin.As("Cae").create("base/ae", "cnt", rn="closed", acpi=[acp]).rsc == 2001
    members = ["base/ae/open", "/mn1/base/none", "/mn2/base/ae/closed", "/nowhere/base/x", "/mn2/base/ae/open"]
    make_group(fleet.aes["in"], members)
    got = fleet.aes["in"].retrieve("base/ae/g/fopt")
    assert [code for _, code in answers(got)] == [2000, 4004, 4103, 4004, 2000]
    assert [member for member, _ in answers(got)] == members
    assert admin.delete("base/ae/closed").rsc == 2002


def told(receiver):
    """What the instances say that an aggregated notification tells of, without questions for consent."""
    got = receiver.next(20)
    if "m2m:agn" not in got.pc:
        return told(receiver)
    return sorted(n["nev"]["rep"]["m2m:cin"]["con"] for n in got.pc["m2m:agn"]["sgn"])


def subscribe(ae, url, to="base/ae/g/fopt", **more):
    return ae.create(to, "sub", **{"rn": "agg", "nu": [url], "nfu": url, "enc": {"net": [3]}, **more})


def fill(fleet, name, con):
    assert fleet.aes[name].create("base/ae/open", "cin", con=con).rsc == 2001


def clear(fleet, *names):
    for name in names:
        assert fleet.client(name).delete("base/ae/open/agg").rsc == 2002


def test_subscriptions_are_aggregated(fleet):
    """TS-0004 7.4.14.2.3, 7.5.1.2.6: the group is their target, hears them, and tells the subscriber"""
    ae = fleet.aes["in"]
    members = ["/mn1/base/ae/open", "base/ae/open", "/asn/base/ae/open"]
    group = make_group(ae, members, nar={"num": 3, "dur": "PT1H"})["ri"]
    with Receiver() as receiver:
        assert answers(subscribe(ae, receiver.url)) == [(to, 2001) for to in members]
        made = fleet.client("mn1").retrieve("base/ae/open/agg")
        assert made["nu"] == [f"/in/{group}"] and made["gpi"] == f"/in/{group}" and made["nfu"] == receiver.url
        for name in ("mn1", "in", "asn"):
            fill(fleet, name, name)
        assert told(receiver) == ["asn", "in", "mn1"]
        for con in "123":
            fill(fleet, "mn1", con)
        assert told(receiver) == ["1", "2", "3"]
        clear(fleet, "mn1", "in", "asn")


def test_groups_within_groups_aggregate_what_comes_from_elsewhere(fleet):
    """TS-0004 7.5.1.2.6: the mapping of the two groups is kept; a group elsewhere is refused"""
    ae = fleet.aes["in"]
    make_group(ae, ["/mn1/base/ae/open", "/mn2/base/ae/open"], name="inner", nar={"num": 2, "dur": "PT1H"})
    make_group(fleet.aes["mn1"], ["/mn1/base/ae/open"], name="there")
    members = ["base/ae/inner/fopt", "base/ae/open", "/mn1/base/ae/there/fopt"]
    make_group(ae, members, nar={"num": 3, "dur": "PT1H"})
    with Receiver() as receiver:
        assert [code for _, code in answers(subscribe(ae, receiver.url))] == [2000, 2001, 5001]
        fill(fleet, "in", "0")
        fill(fleet, "mn1", "1")
        fill(fleet, "mn2", "2")
        assert told(receiver) == ["0", "1", "2"]
        clear(fleet, "mn1", "in", "mn2")


def test_only_what_was_made_through_the_group_is_heard(fleet):
    """TS-0004 7.5.1.2.6: ORIGINATOR_HAS_NO_PRIVILEGE; else it would send anything anywhere"""
    ae = fleet.aes["in"]
    group = make_group(ae, ["/mn1/base/ae/open"], nar={"num": 1})["ri"]
    with Receiver() as receiver, Receiver() as victim:
        assert answers(subscribe(ae, receiver.url)) == [("/mn1/base/ae/open", 2001)]
        sub = f"/mn1/{fleet.client('mn1').retrieve('base/ae/open/agg')['ri']}"
        good = {"sur": sub, "nfu": receiver.url}
        for sender, content, rsc in (("/mn2", good, 4103), ("Cae", good, 4103), ("CAdmin", good, 4103),
                                     ("/mn1", {**good, "nfu": victim.url}, 4103), ("/mn1", {"sur": sub}, 4103),
                                     ("/mn1", {**good, "sur": "/mn1/sub-0"}, 4103),
                                     ("/mn1", {"nfu": receiver.url}, 4000),
                                     ("/mn1", {**good, "sur": "/mn2" + sub[4:]}, 4000), ("/mn1", good, 2000)):
            answer = fleet.client("in", sender).notify(f"/in/{group}", {"m2m:sgn": content})
            assert answer.rsc == rsc, (sender, content, answer)
        assert receiver.next(20).pc and victim.all.empty()
        make_group(ae, ["//other.example/mn/base/c"], name="abroad")
        assert answers(subscribe(ae, receiver.url, "base/ae/abroad/fopt")) == [("//other.example/mn/base/c", 5001)]
        bad = subscribe(ae, receiver.url, rn="bad", nu=[victim.url])
        assert answers(bad) == [("/mn1/base/ae/open", 4000)]
        assert answers(subscribe(ae, receiver.url, rn="bad", exc=3)) == [("/mn1/base/ae/open", 5001)]
        assert answers(subscribe(ae, receiver.url, "base/ae/g/fopt?rcn=0", rn="bad")) == [("/mn1/base/ae/open", 5001)]
        clear(fleet, "mn1")


def test_aggregation_survives_a_restart(tmp_path):
    with Fleet(tmp_path / "fleet", names=("in", "mn1")) as fleet, Receiver() as receiver:
        fleet.aes = fleet.add_aes()
        make_group(fleet.aes["in"], ["/mn1/base/ae/open"], nar={"num": 2, "dur": "PT1H"})
        assert answers(subscribe(fleet.aes["in"], receiver.url)) == [("/mn1/base/ae/open", 2001)]
        fill(fleet, "mn1", "1")
        fleet.kill("in")
        fleet.start("in")
        fill(fleet, "mn1", "2")
        assert told(receiver) == ["1", "2"]
        assert fleet.aes["in"].delete("base/ae/g").rsc == 2002


def test_as_many_as_the_limit_allows(tmp_path):
    """limits.def: aggregated; those of groups that are gone, and that have expired, do not count"""
    with Fleet(tmp_path / "fleet", names=("in", "mn1"), options={"in": ("--limit", "aggregated=1")}) as fleet, \
            Receiver() as receiver:
        fleet.aes = fleet.add_aes()
        ae = fleet.aes["in"]
        make_group(ae, ["/mn1/base/ae/open"])
        assert answers(subscribe(ae, receiver.url, et=timestamp(5))) == [("/mn1/base/ae/open", 2001)]
        assert answers(subscribe(ae, receiver.url, rn="more")) == [("/mn1/base/ae/open", 4000)]
        assert fleet.client("mn1").retrieve("base/ae/open/more").rsc == 4004
        eventually(lambda: fleet.client("mn1").retrieve("base/ae/open/agg").rsc == 4004, 20)
        eventually(lambda: answers(subscribe(ae, receiver.url, rn="later")) !=
                   [("/mn1/base/ae/open", 4000)], 20)
        assert fleet.client("mn1").retrieve("base/ae/open/later").rsc == 2000
        assert answers(subscribe(ae, receiver.url, rn="more")) == [("/mn1/base/ae/open", 4000)]
        assert answers(ae.delete("base/ae/g/fopt/later")) == [("/mn1/base/ae/open", 2002)]
        assert answers(subscribe(ae, receiver.url, rn="more")) == [("/mn1/base/ae/open", 2001)]
        make_group(ae, ["/mn1/base/ae/open"])
        assert answers(subscribe(ae, receiver.url, rn="last")) == [("/mn1/base/ae/open", 2001)]
        make_group(ae, ["/mn1/base/ae"])
        for _ in range(2):
            assert answers(subscribe(ae, receiver.url, "base/ae/g/fopt/open")) == [("/mn1/base/ae", 2001)]
            assert answers(subscribe(ae, receiver.url, "base/ae/g/fopt/open", rn="b")) == [("/mn1/base/ae", 4000)]
            assert answers(ae.delete("base/ae/g/fopt/open")) == [("/mn1/base/ae", 2002)]
            assert fleet.aes["mn1"].create("base/ae", "cnt", rn="open", acpi=["base/all"]).rsc == 2001


def test_a_subscription_that_is_prolonged_is_heard(fleet):
    """Its host knows its expirationTime: what it notifies behind the first one is not lost"""
    ae = fleet.aes["in"]
    make_group(ae, ["/mn1/base/ae/open"], nar={"num": 1})
    with Receiver() as receiver:
        made = subscribe(ae, receiver.url, et=timestamp(3), enc={"net": [3], "chty": [4]})
        assert answers(made) == [("/mn1/base/ae/open", 2001)]
        over = time.monotonic() + 3.5
        assert answers(ae.update("base/ae/g/fopt/agg", "sub", et=timestamp(600))) == [("/mn1/base/ae/open", 2004)]
        eventually(lambda: time.monotonic() > over, 20)
        assert answers(subscribe(ae, receiver.url, rn="other", enc={"net": [2]})) == [("/mn1/base/ae/open", 2001)]
        fill(fleet, "mn1", "late")
        assert told(receiver) == ["late"]
        assert answers(ae.delete("base/ae/g/fopt/other")) == [("/mn1/base/ae/open", 2002)]
        clear(fleet, "mn1")


@pytest.mark.parametrize("ri", [None, 3, "", "/in/sub-1", "x" * 5000])
def test_a_subscription_without_a_name_is_none(fleet, ri):
    """What is not known by name would not be heard: the subscriber learns it at once"""
    def answer(received):
        headers = {"X-M2M-RSC": "2001", "X-M2M-RI": received.headers["X-M2M-RI"], "Content-Type": "application/json"}
        return 201, headers, json.dumps({"m2m:sub": {} if ri is None else {"ri": ri}}).encode()

    ae = fleet.aes["in"]
    with Receiver(answer) as host, Receiver() as receiver:
        fleet.pretend("fake", host.url)
        try:
            make_group(ae, ["/fake/base/c", "/mn1/base/ae/open"])
            got = subscribe(ae, receiver.url)
            assert answers(got) == [("/fake/base/c", 5103), ("/mn1/base/ae/open", 2001)]
            clear(fleet, "mn1")
        finally:
            fleet.drop("fake")


def test_deleted_members_leave(fleet):
    """TS-0004 7.4.14.3.5: those that were deleted, also from a group within the group"""
    ae = fleet.aes["in"]
    for name in ("mn1", "mn2"):
        assert fleet.aes[name].create("base/ae/open", "cnt", rn="gone", acpi=["base/all"]).rsc == 2001
    make_group(ae, ["/mn1/base/ae/open/gone", "/mn1/base/none"], name="inner")
    make_group(ae, ["base/ae/inner/fopt", "/mn2/base/ae/open/gone", "/mn2/base/none"])
    got = ae.delete("base/ae/g/fopt")
    assert answers(got) == [("base/ae/inner/fopt", 2000), ("/mn2/base/ae/open/gone", 2002), ("/mn2/base/none", 4004)]
    inner = got.pc["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"]
    assert [(one["fr"], one["rsc"]) for one in inner] == [("/mn1/base/ae/open/gone", 2002), ("/mn1/base/none", 4004)]
    assert ae.retrieve("base/ae/inner")["mid"] == ["/mn1/base/none"]
    left = ae.retrieve("base/ae/g")
    assert left["mid"] == ["base/ae/inner/fopt", "/mn2/base/none"] and left["cnm"] == 2


# ---- verification of types ----


def test_types_are_verified(fleet):
    """TS-0004 7.4.13.2.1: the members are retrieved; ABANDON_MEMBER, ABANDON_GROUP, SET_MIXED"""
    ae = fleet.aes["in"]
    members = ["/mn1/base/ae/open", "/mn2/base/all", "/mn2/base/none", "base/ae/open"]
    acp = fleet.client("mn2").update("base/all", "acp", pvs={"acr": [{"acor": ["all"], "acop": 63}]})
    assert acp.rsc == 2004, acp
    made = make_group(ae, members, mt=3)
    assert made["mid"] == [members[0], members[3]] and made["mtv"] is True and made["mt"] == 3
    ae.delete("base/ae/g")
    assert ae.create("base/ae", "grp", rn="g", mnm=9, mt=3, csy=2, mid=members).rsc == 4110
    made = make_group(ae, members, mt=3, csy=3)
    assert made["mid"] == members and made["mt"] == 0 and made["mtv"] is True
    made = make_group(ae, members[:1], mt=3)
    updated = ae.update("base/ae/g", "grp", mid=members)
    assert updated["mid"] == [members[0], members[3]], updated
    made = make_group(ae, [members[1]], mt=1)
    assert made["mid"] == [members[1]]


def test_virtual_members(fleet):
    """TS-0004 7.4.13.2.1: the type of their parent; a sub-group counts as its memberType"""
    ae = fleet.aes["in"]
    make_group(fleet.aes["mn1"], ["base/ae/open"], mt=3)
    acp = grant(fleet.client("mn1"), (["all"], 63), parent="base")
    assert fleet.aes["mn1"].update("base/ae/g", "grp", acpi=[acp]).rsc == 2004
    rows = (("/mn1/base/ae/open/la", 20002, True), ("/mn1/base/ae/open/la", 4, True),
            ("/mn1/base/ae/open/ol", 20002, False), ("/mn1/base/ae/open/ol", 20001, True),
            ("/mn1/base/ae/open/la", 3, False), ("/mn1/base/ae/g/la", 20002, False),
            ("/mn1/base/ae/g/fopt", 3, True), ("/mn1/base/ae/g/fopt", 9, False), ("/mn1/base/ae/g", 9, True),
            ("/mn1/base/ae/open/fopt", 3, False), ("/mn1/base/ae/g/fopt/x/fopt", 3, False))
    for member, mt, fits in rows:
        assert make_group(ae, [member], mt=mt)["cnm"] == (1 if fits else 0), (member, mt)


def test_a_type_that_may_not_be_seen(fleet):
    """TS-0004 7.4.13.2.1: RECEIVER_HAS_NO_PRIVILEGE; of MIXED nothing is asked"""
    ae = fleet.aes["in"]
    made = {"rn": "h", "mnm": 9, "mid": ["/mn1/base/ae"]}
    assert ae.create("base/ae", "grp", mt=2, **made).rsc == 5105
    assert ae.create("base/ae", "grp", mt=3, **made).rsc == 5105
    assert ae.create("base/ae", "grp", **made).rsc == 2001
    assert ae.delete("base/ae/h").rsc == 2002


def test_a_type_that_cannot_be_known(fleet):
    """A member's CSE is away: no group that promises what nobody has looked at"""
    ae = fleet.aes["in"]
    with Receiver(lambda received: None) as host:
        fleet.pretend("fake", host.url)
        assert ae.create("base/ae", "grp", rn="h", mnm=9, mt=3, mid=["/fake/base/x"]).rsc == 5103
        fleet.drop("fake")
    assert ae.retrieve("base/ae/h").rsc == 4004


def test_where_nobody_learns_what_is_there(tmp_path):
    """--hide-unauthorised: the originator's own privileges decide what it learns of members elsewhere"""
    with Fleet(tmp_path, names=("in", "mn1"), options={"in": ("--hide-unauthorised", "on")}) as fleet:
        aes = fleet.add_aes()
        acp = grant(fleet.client("mn1"), (["/in"], 63), parent="base")
        assert aes["mn1"].create("base/ae", "cnt", rn="for-in", acpi=[acp]).rsc == 2001
        made = {"rn": "g", "mnm": 9, "mt": 3}
        assert aes["in"].create("base/ae", "grp", mid=["/mn1/base/ae/for-in"], **made).rsc == 5105
        assert aes["in"].create("base/ae", "grp", mid=["/mn1/base/ae/open"], **made)["cnm"] == 1


# ---- groups within groups ----


def test_sub_groups_elsewhere(fleet):
    """TS-0004 7.4.14.2: a group at another CSE, whose members are anywhere"""
    for name, members in (("mn1", ["base/ae/open", "/asn/base/ae/open"]), ("mn2", ["base/ae/open"])):
        make_group(fleet.aes[name], members, name="sub", macp=[grant(fleet.client(name), (["all"], 63), parent="base")])
    make_group(fleet.aes["in"], ["/mn1/base/ae/sub/fopt", "base/ae/open", "/mn2/base/ae/sub/fopt"])
    got = fleet.aes["in"].retrieve("base/ae/g/fopt")
    assert [code for _, code in answers(got)] == [2000] * 3
    inner = got.pc["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"]
    assert [(one["fr"], one["rsc"]) for one in inner] == [("base/ae/open", 2000), ("/asn/base/ae/open", 2000)]


def test_semantics_of_members_elsewhere(fleet):
    """TS-0004 7.4.35.2.2: one graph of descriptors at several CSEs, also of a group there"""
    said = {"in": "<u:lamp> <u:in> <u:hall> .", "mn1": "<u:oven> <u:in> <u:hall> .",
            "asn": "<u:hall> <u:floor> 2 .", "mn2": "<u:other> <u:floor> 2 ."}
    for name, text in said.items():
        fleet.aes[name].delete("base/ae/open/d")
        described = {"dcrp": 5, "dsp": base64.b64encode(text.encode()).decode()}
        acpi = fleet.aes[name].retrieve("base/ae/open")["acpi"]
        assert fleet.aes[name].create("base/ae/open", "smd", rn="d", acpi=acpi, **described).rsc == 2001
    make_group(fleet.aes["mn1"], ["base/ae/open/d", "/asn/base/ae/open/d"], name="sub",
               macp=[grant(fleet.client("mn1"), (["all"], 63), parent="base")])
    make_group(fleet.aes["in"], ["base/ae/open/d", "/mn1/base/ae/sub/fopt", "/mn2/base/ae/open/d", "/mn1/base/none"])
    upstairs = "SELECT ?x { ?x <u:in> ?r . ?r <u:floor> 2 }"
    answer = fleet.aes["in"].retrieve("base/ae/g/sfop", query={"sqi": 1, "rcn": 10, "smf": upstairs})
    assert answer.rsc == 2000, answer
    rows = json.loads(answer.pc["m2m:qres"])["results"]["bindings"]
    assert [row["x"]["value"] for row in rows] == ["u:lamp", "u:oven"]
    ids = {name: fleet.aes[name].retrieve("base/ae/open")["ri"] for name in ("mn1", "asn")}
    found = fleet.aes["in"].retrieve("base/ae/g/sfop", query={"fu": 1, "smf": upstairs})
    assert found.pc == {"m2m:uril": ["base/ae/open", f"/mn1/{ids['mn1']}", f"/asn/{ids['asn']}"]}
    for address in found.pc["m2m:uril"]:
        assert fleet.aes["in"].retrieve(address).rsc == 2000
    cross = " . ".join(f"?a{i} ?b{i} ?c{i}" for i in range(10))
    costly = f"SELECT ?a0 {{ {cross} FILTER(?a0 = <u:none>) }}"
    cut = fleet.aes["in"].retrieve("base/ae/g/sfop", query={"fu": 1, "smf": [costly, upstairs]})
    assert cut.rsc == 2000 and cut.http.headers.get("X-M2M-CTS") == "1", cut


@pytest.mark.parametrize("method", ["retrieve", "create"])
def test_circles_end(fleet, method):
    """TS-0004 7.3.3.2, 7.4.14.2.4: the Group Request Identifier tells a request that comes round"""
    for name, above in (("in", "mn1"), ("mn1", "in")):
        make_group(fleet.aes[name], [f"/{above}/base/ae/ring/fopt", "base/ae/open"], name="ring",
                   macp=[grant(fleet.client(name), (["all"], 63), parent="base")])
    ae = fleet.aes["mn2"]
    to = "/in/base/ae/ring/fopt"
    got = ae.retrieve(to) if method == "retrieve" else ae.create(to, "cin", con="x")
    done = 2000 if method == "retrieve" else 2001
    assert answers(got) == [("/mn1/base/ae/ring/fopt", 2000), ("base/ae/open", done)]
    inner = got.pc["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"]
    assert [(one["fr"], one["rsc"]) for one in inner] == [("/in/base/ae/ring/fopt", 4104), ("base/ae/open", done)]


# ---- those that do not answer ----


def test_one_that_never_answers(fleet):
    """TS-0004 7.4.14.2.5: a partial result before the Result Expiration Timestamp; without any answer an error"""
    stop = threading.Event()

    def wait(received):
        stop.wait(30)

    with Receiver(wait) as silent:
        fleet.pretend("fake", silent.url)
        ae = fleet.aes["in"]
        make_group(ae, ["base/ae/open", "/fake/base/x", "/mn1/base/ae/open"])
        began = time.monotonic()
        got = ae.retrieve("base/ae/g/fopt", headers={"X-M2M-RST": "6000"})
        assert time.monotonic() - began < 20
        assert answers(got) == [("base/ae/open", 2000), ("/mn1/base/ae/open", 2000)]
        make_group(ae, ["/fake/base/x"])
        assert ae.retrieve("base/ae/g/fopt", headers={"X-M2M-RST": "2000"}).rsc == 5209
        stop.set()
        fleet.drop("fake")


def test_only_so_many_at_a_time(fleet):
    """The limit asked_together: the others wait for their turn, and all are asked"""
    now = []
    most = []
    lock = threading.Lock()

    def answer(received):
        with lock:
            now.append(1)
            most.append(len(now))
        time.sleep(0.05)
        with lock:
            now.pop()
        return 2000

    with Receiver(answer) as host:
        fleet.pretend("fake", host.url)
        ae = fleet.aes["in"]
        members = [f"/fake/base/x{i}" for i in range(20)]
        make_group(ae, members)
        assert answers(ae.retrieve("base/ae/g/fopt")) == [(member, 2000) for member in members]
        assert 1 < max(most) <= 3, "so many, and together"
        fleet.drop("fake")


def test_what_a_member_is_asked(fleet):
    """TS-0004 7.4.14.2.4: From, the identifier of the group request, and the times of the request"""
    with Receiver() as host:
        fleet.pretend("fake", host.url)
        make_group(fleet.aes["in"], ["/fake/base/x", "/fake/base/x/fopt"])
        until = timestamp(20)
        got = fleet.aes["in"].retrieve("base/ae/g/fopt", headers={"X-M2M-RST": until, "X-M2M-RET": "15000"},
                                       query={"rids": "r@x.example"})
        assert [code for _, code in answers(got)] == [2000, 2000]
        seen = [host.next(), host.next()]
        assert {one.path for one in seen} == {"/~/fake/base/x?rids=r@x.example", "/~/fake/base/x/fopt?rids=r@x.example"}
        assert len({one.headers["X-M2M-GID"] for one in seen}) == 1
        assert len({one.headers["X-M2M-RI"] for one in seen}) == 2, "each is a request of its own"
        for one in seen:
            assert one.headers["X-M2M-Origin"] == "/in/Cae" and one.headers["X-M2M-RST"] < until
            assert "X-M2M-RTU" not in one.headers
        fleet.drop("fake")


def test_what_a_member_need_not_know(tmp_path):
    """TS-0001 7.1.16: names that this CSE gave to tokens mean nothing elsewhere; TS-0004 7.3.2.6: release 1 has no
    Release Version Indicator"""
    Issuer(tmp_path).add(tmp_path / "in")
    with Fleet(tmp_path, names=("in",)) as fleet, Receiver() as host:
        ae = fleet.add_aes()["in"]
        fleet.pretend("old", host.url, srv=["1"])
        make_group(ae, ["/old/base/x"])
        got = ae.retrieve("base/ae/g/fopt", query={"ltids": "l1"})
        assert answers(got) == [("/old/base/x", 2000)]
        seen = host.next()
        assert seen.path == "/~/old/base/x" and "X-M2M-RVI" not in seen.headers


def test_answers_that_are_none(fleet):
    """What is no answer of oneM2M counts as nobody there"""
    with Receiver(lambda received: (200, {}, b"hello")) as host:
        fleet.pretend("fake", host.url)
        make_group(fleet.aes["in"], ["/fake/base/x", "base/ae/open"])
        assert answers(fleet.aes["in"].retrieve("base/ae/g/fopt")) == [("/fake/base/x", 5103), ("base/ae/open", 2000)]
        fleet.drop("fake")


def test_a_member_that_crashes(tmp_path):
    """kill -9 of a member's CSE while it is asked, and of the one that hosts the group: what is there stays right"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        ae = fleet.add_aes()["in"]
        make_group(ae, ["/mn1/base/ae/open", "base/ae/open"], mt=3)
        fleet.kill("mn1")
        assert answers(ae.create("base/ae/g/fopt", "cin", con="x"))[1] == ("base/ae/open", 2001)
        fleet.start("mn1")
        fleet.settle()
        fleet.kill("in")
        fleet.start("in")
        fleet.settle()
        ae = fleet.client("in", "Cae")
        eventually(lambda: answers(ae.create("base/ae/g/fopt", "cin", con="y")) ==
                   [("/mn1/base/ae/open", 2001), ("base/ae/open", 2001)], 20, "all members")


def test_a_result_for_later(fleet):
    """TS-0004 7.4.14.2.5 nonBlockingRequestSynch: the result has the members elsewhere, too"""
    ae = fleet.aes["in"]
    make_group(ae, OPEN)
    accepted = ae.request("POST", "base/ae/g/fopt", {"m2m:cin": {"con": "x"}}, 4, query={"rt": "1"})
    assert accepted.rsc == 1001, accepted
    to = accepted.pc["m2m:uri"]
    eventually(lambda: ae.retrieve(to)["rs"] == 1, 20, "the result")
    result = ae.retrieve(to)["ors"]
    assert [(one["fr"], one["rsc"]) for one in result["pc"]["m2m:agr"]["m2m:rsp"]] == [(to, 2001) for to in OPEN]


# ---- groups of other CSEs in policies ----


def make_policy_group(fleet, at, members, name="trusted"):
    """A group of AEs that every CSE may retrieve."""
    acp = grant(fleet.client(at), (["all"], 2), (["Cae"], 63), parent="base")
    make_group(fleet.client(at, "Cae"), members, name=name, acpi=[acp])


def test_policies_name_groups_elsewhere(tmp_path):
    """SEC-ACP-13: found by the registration, without a setting; the first request of all, each operation, each way"""
    for operation in ("retrieve", "create", "fan out", "subscribe", "notify", "update", "delete"):
        with Fleet(tmp_path / operation.replace(" ", "-"), names=("in", "mn1", "asn")) as fleet:
            aes = fleet.add_aes()
            make_policy_group(fleet, "asn", ["/in/Cfriend", "/mn1/Cae"])
            admin = fleet.client("in")
            acp = grant(admin, (["/asn/base/ae/trusted"], 63), parent="base")
            for name in ("c1", "c2"):
                assert aes["in"].create("base/ae", "cnt", rn=name, acpi=[acp]).rsc == 2001
            all_of = grant(admin, (["all"], 63), parent="base")
            made = aes["in"].create("base/ae", "grp", rn="g", mnm=9, mid=["base/ae/c1", "base/ae/c2"], macp=[all_of])
            assert made.rsc == 2001
            with Receiver() as told:
                made = admin.As("Ctold").create("base", "ae", api="Ntest", rr=True, srv=["3"], poa=[told.url],
                                                acpi=[acp], rn="told")
                assert made.rsc == 2001
                for stem in ("Cfriend", "Cstranger"):
                    assert admin.As(stem).create("base", "ae", api="Ntest", rr=False, srv=["3"]).rsc == 2001
                do = {"retrieve": lambda ae: ae.retrieve("base/ae/c1").rsc,
                      "create": lambda ae: ae.create("base/ae/c1", "cin", con="x").rsc,
                      "fan out": lambda ae: {one["rsc"] for one in ae.create("base/ae/g/fopt", "cin", con="x").pc[
                          "m2m:agr"]["m2m:rsp"]},
                      "subscribe": lambda ae: ae.create("base/ae/c1", "sub", nu=[told.url]).rsc,
                      "notify": lambda ae: ae.notify("base/told", {"m2m:sgn": {"sur": "x"}}).rsc,
                      "update": lambda ae: ae.update("base/ae/c1", "cnt", lbl=["x"]).rsc,
                      "delete": lambda ae: ae.delete("base/ae/c1").rsc}[operation]
                done = {"retrieve": 2000, "create": 2001, "fan out": {2001}, "subscribe": 2001, "notify": 2000,
                        "update": 2004, "delete": 2002}[operation]
                denied = {4103} if operation == "fan out" else 4103
                assert do(admin.As("Cfriend")) == done, operation
                denied = 4004 if operation == "delete" else denied
                assert do(admin.As("Cstranger")) == denied, operation


def test_a_group_that_does_not_come(fleet):
    """Its CSE is away, there is no way to it, or it does not let us see it: nobody is a member"""
    admin = fleet.client("in")
    make_policy_group(fleet, "mn1", ["/in/Cae"], name="policy")
    make_group(fleet.aes["mn2"], ["/in/Cae"], name="closed")
    with Receiver(lambda received: None) as away:
        fleet.pretend("fake", away.url)
        for name, code in (("/mn1/base/ae/policy", 2000), ("/mn2/base/ae/closed", 4103), ("/fake/base/g", 4103),
                           ("/nowhere/base/g", 4103), ("/mn1/base/ae/policy/fopt", 4103)):
            acp = grant(admin, ([name], 63), parent="base")
            made = admin.create("base", "cnt", acpi=[acp])
            assert made.rsc == 2001, made
            assert fleet.aes["in"].retrieve(made["ri"]).rsc == code, name
            assert admin.delete(made["ri"]).rsc in (2002, 4103)
        fleet.drop("fake")
