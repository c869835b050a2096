"""<group>: what may be a member, and what becomes of those that do not fit.

spec: TS-0004 7.4.13; TS-0001 9.6.13
"""

import pytest
from lib.onem2m import Client, grant

SP = "//merlon.example"


@pytest.fixture
def things(ae):
    """Resources of several types below `ae`: a name to address table."""
    assert ae.create(ae.path, "cnt", rn="c1").rsc == 2001
    assert ae.create(ae.path, "cnt", rn="c2").rsc == 2001
    assert ae.create(f"{ae.path}/c1", "cin", rn="i", con="x").rsc == 2001
    assert ae.create(ae.path, "grp", rn="cnts", mt=3, mnm=9, mid=[f"{ae.path}/c1"]).rsc == 2001
    assert ae.create(ae.path, "grp", rn="mixed", mnm=9, mid=[]).rsc == 2001
    acp = ae.create(ae.path, "acp", rn="p", pv={}, pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})
    assert acp.rsc == 2001
    names = ("c1", "c2", "c1/i", "c1/la", "c1/ol", "c2/la", "cnts", "cnts/fopt", "mixed",
             "mixed/fopt", "p", "none", "none/la", "c1/none", "la", "fopt", "c1/fopt", "cnts/la",
             "c1/la/x", "cnts/fopt/x")
    return {**{name: f"{ae.path}/{name}" for name in names}, "ae": ae.path, "base": "cse-in"}


def members(*names, of):
    return [of[name] for name in names]


# ---- attributes ----


def test_what_a_group_shows(ae, things):
    """spec: TS-0004 tables 7.4.13.1-2 and -3"""
    mid = members("c1", "p", of=things)
    created = ae.create(ae.path, "grp", rn="g", mnm=5, mid=mid, gn="a name", lbl=["x"])
    assert created.rsc == 2001
    for res in (created.res, ae.retrieve(f"{ae.path}/g").res):
        assert res["mt"] == 0 and res["csy"] == 1, "the defaults: mixed, ABANDON_MEMBER"
        assert res["cnm"] == 2 and res["mnm"] == 5 and res["mid"] == mid
        assert res["gn"] == "a name" and res["ty"] == 9
        assert res["ssi"] is True, "spec: TS-0001 10.2.7.2"
        assert "macp" not in res and "spty" not in res and "nar" not in res


@pytest.mark.parametrize("attributes", [
    {}, {"mnm": 5}, {"mid": []}, {"mnm": 0, "mid": []}, {"mnm": -1, "mid": []},
    {"mnm": "5", "mid": []}, {"mnm": 1.5, "mid": []}, {"mnm": None, "mid": []},
    {"mnm": 5, "mid": None}, {"mnm": 5, "mid": "cse-in"}, {"mnm": 5, "mid": [1]},
    {"mnm": 5, "mid": [None]}, {"mnm": 5, "mid": {}}, {"mnm": 5, "mid": [["cse-in"]]},
    {"mnm": 5, "mid": [], "mt": 45}, {"mnm": 5, "mid": [], "mt": -1}, {"mnm": 5, "mid": [], "mt": "3"},
    {"mnm": 5, "mid": [], "mt": 99}, {"mnm": 5, "mid": [], "csy": 0}, {"mnm": 5, "mid": [], "csy": 4},
    {"mnm": 5, "mid": [], "cnm": 0}, {"mnm": 5, "mid": [], "mtv": True},
    {"mnm": 5, "mid": [], "ssi": True}, {"mnm": 5, "mid": [], "st": 1},
    {"mnm": 5, "mid": [], "gn": 5}, {"mnm": 5, "mid": [], "foo": 1},
], ids=str)
def test_attributes_of_a_creation(admin, ae, attributes):
    """spec: TS-0004 table 7.4.13.1-3"""
    assert ae.create(ae.path, "grp", rn="g", **attributes).rsc == 4000
    assert admin.retrieve(f"{ae.path}/g").rsc == 4004


@pytest.mark.parametrize("attributes", [
    {"mt": 3}, {"mt": 0}, {"csy": 1}, {"csy": 2}, {"cnm": 1}, {"mtv": True}, {"spty": "x"},
    {"mnm": None}, {"mid": None}, {"mnm": 0}, {"mid": "cse-in"}, {"mid": [1]}, {"rn": "h"},
    {"ssi": True}, {"foo": 1}], ids=str)
def test_attributes_of_an_update(ae, things, attributes):
    """spec: TS-0004 table 7.4.13.1-3: memberType and consistencyStrategy are written once"""
    assert ae.create(ae.path, "grp", rn="g", mnm=5, mid=[things["c1"]]).rsc == 2001
    before = ae.retrieve(f"{ae.path}/g").res
    assert ae.update(f"{ae.path}/g", "grp", **attributes).rsc == 4000
    assert ae.retrieve(f"{ae.path}/g").res == before


@pytest.mark.parametrize("mt, spty, rsc", [
    (13, {"mgd": 1001}, 2001), (28, {"cnd": "org.example.x"}, 2001), (3, {"mgd": 1001}, 4000),
    (0, {"mgd": 1001}, 4000), (None, {"cnd": "x"}, 4000), (9, {"cnd": "x"}, 4000),
    (13, 1001, 4000), (28, "x", 4000), (13, {}, 4000), (13, {"mgd": 1001, "cnd": "x"}, 4000)])
def test_specialisation_is_for_two_types(ae, mt, spty, rsc):
    """spec: TS-0001 table 9.6.13-2: specializationType with mgmtObj and flexContainer only"""
    attributes = {"mnm": 5, "mid": [], "spty": spty, **({} if mt is None else {"mt": mt})}
    answer = ae.create(ae.path, "grp", rn="g", **attributes)
    assert answer.rsc == rsc, answer
    assert ae.retrieve(f"{ae.path}/g").rsc == (2000 if rsc == 2001 else 4004)
    if rsc == 2001:
        assert answer["spty"] == spty


@pytest.mark.parametrize("attribute", ["daci"])
def test_what_is_not_built_is_refused(ae, attribute):
    """Consultation: 5001, nothing stored"""
    value = {"daci": ["-/d"]}[attribute]
    assert ae.create(ae.path, "grp", rn="g", mnm=5, mid=[], **{attribute: value}).rsc == 5001
    assert ae.retrieve(f"{ae.path}/g").rsc == 4004


# ---- the number of members ----


def test_more_members_than_the_maximum(ae, things):
    """spec: TS-0004 7.4.13.2.1: MAX_NUMBER_OF_MEMBER_EXCEEDED"""
    mid = members("c1", "c2", "p", of=things)
    assert ae.create(ae.path, "grp", rn="g", mnm=2, mid=mid).rsc == 6010
    assert ae.retrieve(f"{ae.path}/g").rsc == 4004
    assert ae.create(ae.path, "grp", rn="g", mnm=3, mid=mid).rsc == 2001


def test_the_maximum_on_update(ae, things):
    """spec: TS-0004 7.4.13.2.3"""
    mid = members("c1", "c2", "p", of=things)
    assert ae.create(ae.path, "grp", rn="g", mnm=2, mid=mid[:2]).rsc == 2001
    before = ae.retrieve(f"{ae.path}/g").res
    assert ae.update(f"{ae.path}/g", "grp", mid=mid).rsc == 6010
    assert ae.update(f"{ae.path}/g", "grp", mnm=1).rsc == 6010
    assert ae.update(f"{ae.path}/g", "grp", mnm=2, mid=mid).rsc == 6010
    assert ae.retrieve(f"{ae.path}/g").res == before
    assert ae.update(f"{ae.path}/g", "grp", mnm=3, mid=mid).rsc == 2004
    assert ae.retrieve(f"{ae.path}/g")["cnm"] == 3
    assert ae.update(f"{ae.path}/g", "grp", mid=[]).rsc == 2004
    assert ae.update(f"{ae.path}/g", "grp", mnm=1).rsc == 2004
    shown = ae.retrieve(f"{ae.path}/g")
    assert (shown["cnm"], shown["mnm"], shown["mid"]) == (0, 1, [])


def test_the_limit_of_the_cse(own):
    """A group cannot grow beyond the limit group_members, whatever its maximum says."""
    client = Client(own("--limit", "group_members=5").url)
    ae = client.register("Cae", name="ae")
    mid = [f"cse-in/ae/{i}" for i in range(6)]
    assert ae.create("cse-in/ae", "grp", rn="g", mnm=1000, mid=mid).rsc == 6010
    assert ae.create("cse-in/ae", "grp", rn="g", mnm=1000, mid=mid[:5]).rsc == 2001
    assert ae.update("cse-in/ae/g", "grp", mid=mid).rsc == 6010
    assert ae.retrieve("cse-in/ae/g")["cnm"] == 5


# ---- duplicates ----


def test_duplicates_are_removed(ae, things):
    """spec: TS-0004 7.4.13.2.1, 7.4.13.2.3"""
    mid = members("c1", "c2", "c1", "p", "c2", "c1", of=things)
    wanted = members("c1", "c2", "p", of=things)
    created = ae.create(ae.path, "grp", rn="g", mnm=9, mid=mid)
    assert created["mid"] == wanted and created["cnm"] == 3
    assert ae.update(f"{ae.path}/g", "grp", mid=mid[::-1]).rsc == 2004
    shown = ae.retrieve(f"{ae.path}/g")
    assert sorted(shown["mid"]) == sorted(wanted) and shown["cnm"] == 3
    twice = [f"{ae.path}/none"] * 2
    assert ae.create(ae.path, "grp", mnm=9, mid=twice)["mid"] == twice[:1]


@pytest.mark.parametrize("mt", [0, 3])
def test_duplicates_in_other_spellings(ae, things, mt):
    """spec: TS-0004 7.4.13.2.1: one resource is one member, however it is written"""
    ri = ae.retrieve(things["c1"])["ri"]
    spelled = [ri, things["c1"], things["c1"].replace("cse-in", "-"), f"/id-in/{ri}",
               f"/id-in/{things['c1']}", f"{SP}/id-in/{ri}", f"{SP}/id-in/{things['c1']}"]
    for turn in range(len(spelled)):
        mid = spelled[turn:] + spelled[:turn] + [things["c2"]]
        created = ae.create(ae.path, "grp", mnm=9, mt=mt, mid=mid)
        assert created["mid"] == [mid[0], things["c2"]] and created["cnm"] == 2


def test_virtual_resources_are_members_of_their_own(ae, things):
    """spec: TS-0001 9.6.13: a group, its fanOutPoint, a container and its latest differ"""
    mid = members("c1", "c1/la", "c1/ol", "cnts", "cnts/fopt", "c2/la", of=things)
    created = ae.create(ae.path, "grp", mnm=9, mid=mid)
    assert created["mid"] == mid and created["cnm"] == 6
    ri = ae.retrieve(things["c1"])["ri"]
    again = ae.create(ae.path, "grp", mnm=9, mid=[f"{ri}/la", things["c1/la"], ri, things["c1"]])
    assert again["mid"] == [f"{ri}/la", ri]


# ---- member types ----

OF_TYPE = {  # memberType: what fits
    1: {"p"}, 2: {"ae"}, 3: {"c1", "c2", "cnts/fopt"}, 5: {"base"}, 9: {"cnts", "mixed"},
    4: {"c1/i", "c1/la", "c1/ol", "c2/la"}, 20002: {"c1/la", "c2/la"}, 20001: {"c1/ol"}, 23: set(),
}


@pytest.mark.parametrize("mt", OF_TYPE)
def test_members_of_one_type(ae, things, mt):
    """spec: TS-0004 7.4.13.2.1: ABANDON_MEMBER keeps what conforms; also virtual resources"""
    created = ae.create(ae.path, "grp", mnm=99, mt=mt, mid=list(things.values()))
    assert created.rsc == 2001, created
    assert set(created["mid"]) == {things[name] for name in OF_TYPE[mt]}
    assert created["cnm"] == len(OF_TYPE[mt]) and created["mt"] == mt and created["mtv"] is True


@pytest.mark.parametrize("wrong", ["p", "none", "c1/i", "mixed", "mixed/fopt", "c1/la", "la",
                                   "c1/la/x", "cnts/fopt/x", "c1/fopt", "none/la"])
@pytest.mark.parametrize("csy", [1, 2, 3])
def test_a_member_that_does_not_fit(ae, things, csy, wrong):
    """spec: TS-0004 7.4.13.2.1: the three consistency strategies"""
    mid = members("c1", wrong, "c2", of=things)
    created = ae.create(ae.path, "grp", rn="g", mnm=9, mt=3, csy=csy, mid=mid)
    if csy == 2:
        assert created.rsc == 4110
        assert ae.retrieve(f"{ae.path}/g").rsc == 4004
        return
    assert created.rsc == 2001
    shown = ae.retrieve(f"{ae.path}/g")
    assert shown["csy"] == csy and shown["mtv"] is True
    if csy == 1:
        assert (shown["mid"], shown["cnm"], shown["mt"]) == (mid[::2], 2, 3)
    else:
        assert (shown["mid"], shown["cnm"], shown["mt"]) == (mid, 3, 0)


@pytest.mark.parametrize("csy", [1, 2, 3])
def test_an_update_with_a_member_that_does_not_fit(ae, things, csy):
    """spec: TS-0004 7.4.13.2.3"""
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mt=3, csy=csy, mid=[things["c1"]]).rsc == 2001
    before = ae.retrieve(f"{ae.path}/g").res
    mid = members("p", "c2", of=things)
    answer = ae.update(f"{ae.path}/g", "grp", mid=mid, gn="new")
    shown = ae.retrieve(f"{ae.path}/g").res
    if csy == 2:
        assert answer.rsc == 4110 and shown == before
        return
    assert answer.rsc == 2004 and shown["gn"] == "new"
    assert (shown["mid"], shown["cnm"], shown["mt"]) == (
        (mid[1:], 1, 3) if csy == 1 else (mid, 2, 0))


def test_the_strategy_does_not_touch_those_that_fit(ae, things):
    """spec: TS-0004 7.4.13.2.1"""
    for csy in (1, 2, 3):
        created = ae.create(ae.path, "grp", mnm=9, mt=3, csy=csy,
                            mid=members("c1", "cnts/fopt", of=things))
        assert created.rsc == 2001 and created["cnm"] == 2 and created["mt"] == 3


def test_mixed_groups_take_what_is_not_there(ae, things):
    """spec: TS-0004 7.4.13.2.1: only a memberType other than mixed is verified"""
    mid = list(things.values())
    created = ae.create(ae.path, "grp", mnm=99, mid=mid, csy=2)
    assert created.rsc == 2001 and created["mid"] == mid and created["cnm"] == len(mid)


def test_members_need_no_rights(ae, other, things):
    """spec: TS-0004 7.4.13.2.1: the Hosting CSE looks, not the Originator"""
    mid = members("c1", "c2", of=things)
    created = other.create(other.path, "grp", mnm=9, mt=3, csy=2, mid=mid)
    assert created.rsc == 2001 and created["mid"] == mid
    assert [a["rsc"] for a in other.retrieve(f"{created['ri']}/fopt").pc["m2m:agr"]["m2m:rsp"]] == [
        4103, 4103]


def test_members_that_are_hidden(own):
    """--hide-unauthorised: no group tells what exists, nor of which type it is"""
    admin = Client(own("--hide-unauthorised", "on").url)
    spy = admin.register("Cspy", name="spy")
    assert admin.create("cse-in", "cnt", rn="hidden").rsc == 2001
    assert spy.create("cse-in/spy", "cnt", rn="own").rsc == 2001
    for member in ("cse-in/hidden", "cse-in/nothing", "cse-in/hidden/la"):
        wanted = {"mnm": 9, "mt": 3, "mid": [member, "cse-in/spy/own"]}
        assert spy.create("cse-in/spy", "grp", csy=2, **wanted).rsc == 4110, member
        assert spy.create("cse-in/spy", "grp", csy=1, **wanted)["mid"] == ["cse-in/spy/own"]
        assert spy.create("cse-in/spy", "grp", csy=3, **wanted)["mt"] == 0
    two_names = ["cse-in/hidden", "/id-in/cse-in/hidden"]
    assert spy.create("cse-in/spy", "grp", mnm=9, mid=two_names)["mid"] == two_names


def test_removed_members_stay_named(ae, things):
    """spec: TS-0001 9.6.13: members are identifiers; what is deleted otherwise is not looked for"""
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mt=3, mid=members("c1", "c2", of=things)).rsc == 2001
    assert ae.delete(things["c1"]).rsc == 2002
    assert ae.retrieve(f"{ae.path}/g")["cnm"] == 2
    assert ae.update(f"{ae.path}/g", "grp", gn="x").rsc == 2004
    assert ae.retrieve(f"{ae.path}/g")["cnm"] == 2


@pytest.mark.parametrize("member", ["/id-other/x", "/id-other", "/id-other/cse/x/fopt",
                                    "//far.example/id/x", "//far.example/id-in/x"])
def test_members_of_other_cses_without_a_way(ae, things, member):
    """spec: TS-0004 7.4.13.2.1: what cannot be looked at is of no type; of MIXED nothing is asked"""
    mid = [things["c1"], member]
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mt=3, csy=2, mid=mid).rsc == 4110
    assert ae.retrieve(f"{ae.path}/g").rsc == 4004
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mt=3, mid=mid)["mid"] == mid[:1]
    assert ae.update(f"{ae.path}/g", "grp", mid=[member])["mid"] == []
    assert ae.create(ae.path, "grp", rn="h", mnm=9, mid=mid)["mid"] == mid
    answers = ae.retrieve(f"{ae.path}/h/fopt").pc["m2m:agr"]["m2m:rsp"]
    assert [(one["fr"], one["rsc"]) for one in answers] == [(mid[0], 2000), (member, 4004)]


@pytest.mark.parametrize("member", ["", "/", "//", "a b", "a//b", "../x", "a/../b", "*", "cse-in/*",
                                    "\u00e4", "a\u0000b", "x?y", "x#y", "http://127.0.0.1/x"])
def test_members_that_are_no_identifiers(ae, member):
    """spec: TS-0004 6.2.3"""
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mid=[member]).rsc == 4000
    assert ae.retrieve(f"{ae.path}/g").rsc == 4004


# ---- membersAccessControlPolicyIDs ----


@pytest.mark.parametrize("wrong, rsc", [
    ("{path}", 4000), ("{path}/none", 4000), ("a b", 4000), ("cse-in", 4000), ("//", 4000),
    ("/id-other/acp", 4000), ("//far.example/x/acp", 4000)])
def test_policies_for_members_must_exist(admin, ae, wrong, rsc):
    """SEC-ACP-37 spec: TS-0001 table 9.6.13-2"""
    acp = grant(admin)
    wrong = wrong.format(path=ae.path)
    for macp in ([wrong], [acp, wrong]):
        assert ae.create(ae.path, "grp", rn="g", mnm=1, mid=[], macp=macp).rsc == rsc
    assert ae.create(ae.path, "grp", rn="g", mnm=1, mid=[], macp=[acp]).rsc == 2001
    assert ae.update(f"{ae.path}/g", "grp", macp=[wrong]).rsc == rsc
    assert ae.retrieve(f"{ae.path}/g")["macp"] == [acp]
    assert ae.update(f"{ae.path}/g", "grp", macp=None).rsc == 2004
    assert "macp" not in ae.retrieve(f"{ae.path}/g").res


def test_where_groups_may_stand(admin, ae, things):
    """spec: TS-0001 9.6.1.1: below <CSEBase> and <AE>"""
    for parent in (things["c1"], things["cnts"]):
        assert ae.create(parent, "grp", mnm=1, mid=[]).rsc == 4108
    created = admin.create("cse-in", "grp", mnm=1, mid=[])
    assert created.rsc == 2001
    assert admin.delete(created["ri"]).rsc == 2002


@pytest.mark.parametrize("name", ["fopt", "sfop"])
def test_names_of_virtual_children_are_taken(ae, things, name):
    """spec: TS-0001 9.6.13"""
    assert ae.create(things["cnts"], "sub", rn=name, nu=[ae.stem]).rsc == 4105
