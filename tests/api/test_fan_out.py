"""<fanOutPoint>: one request that becomes one for each member.

spec: TS-0004 7.4.14; TS-0001 9.6.14, 10.2.7
"""

import pytest
from lib.onem2m import Client, grant
from lib.receiver import Receiver
from lib.server import eventually


def answers(response):
    """The members' answers, in their order."""
    assert response.rsc == 2000 and response.status == 200, response
    assert set(response.pc) == {"m2m:agr"} and set(response.pc["m2m:agr"]) == {"m2m:rsp"}
    return response.pc["m2m:agr"]["m2m:rsp"]


def codes(response):
    return [answer["rsc"] for answer in answers(response)]


def make_group(client, parent, mid, rn="g", **more):
    answer = client.create(parent, "grp", rn=rn, mnm=max(len(mid), 1), mid=mid, **more)
    assert answer.rsc == 2001, answer
    return f"{parent}/{rn}"


@pytest.fixture
def two(ae):
    """Two containers c0 and c1 of `ae`, and the group g of both."""
    paths = [f"{ae.path}/c{i}" for i in range(2)]
    for path in paths:
        assert ae.create(ae.path, "cnt", rn=path.rsplit("/", 1)[1]).rsc == 2001
    make_group(ae, ae.path, paths)
    return paths


# ---- the operations ----


def test_retrieve(ae, two):
    """spec: TS-0004 7.4.14.3.3, 7.4.14.2.5"""
    response = ae.retrieve(f"{ae.path}/g/fopt", headers={"X-M2M-RI": "rq-17"})
    got = answers(response)
    assert [a["fr"] for a in got] == two, "From tells whose answer it is"
    for path, answer in zip(two, got):
        assert answer["rsc"] == 2000 and answer["rqi"] == "rq-17" and answer["rvi"] == "3"
        assert answer["pc"]["m2m:cnt"] == ae.retrieve(path).res


def test_create(ae, two):
    """spec: TS-0004 7.4.14.3.2"""
    response = ae.create(f"{ae.path}/g/fopt", "cin", rn="i", con="x")
    for path, answer in zip(two, answers(response)):
        assert answer["rsc"] == 2001 and answer["fr"] == path
        stored = ae.retrieve(f"{path}/i")
        assert answer["pc"]["m2m:cin"]["ri"] == stored["ri"] and stored["con"] == "x"
        assert ae.retrieve(path)["cni"] == 1


def test_created_names_differ(ae, two):
    """spec: TS-0004 7.4.14.3.2: as a request to each member would"""
    first, second = answers(ae.create(f"{ae.path}/g/fopt", "cnt"))
    assert first["pc"]["m2m:cnt"]["ri"] != second["pc"]["m2m:cnt"]["ri"]
    assert ae.retrieve(f"{two[0]}/{first['pc']['m2m:cnt']['rn']}").rsc == 2000


def test_update(ae, two):
    """spec: TS-0004 7.4.14.3.4"""
    assert codes(ae.update(f"{ae.path}/g/fopt", "cnt", lbl=["new"])) == [2004, 2004]
    assert [ae.retrieve(path)["lbl"] for path in two] == [["new"], ["new"]]


def test_delete(ae, two):
    """spec: TS-0004 7.4.14.3.5: and the members leave the group"""
    assert codes(ae.delete(f"{ae.path}/g/fopt")) == [2002, 2002]
    assert [ae.retrieve(path).rsc for path in two] == [4004, 4004]
    shown = ae.retrieve(f"{ae.path}/g")
    assert shown["mid"] == [] and shown["cnm"] == 0 and shown["mnm"] == 2
    assert ae.delete(f"{ae.path}/g/fopt").rsc == 4109


def test_notify(ae, two):
    """spec: TS-0004 7.4.14.3.6: not defined for a fanOutPoint; the group hears its members' hosts"""
    content = {"m2m:sgn": {"sur": "/id-in/x", "vrq": True}}
    assert ae.notify(f"{ae.path}/g/fopt", content).rsc == 4005
    assert ae.notify(f"{ae.path}/g", content).rsc == 5205


@pytest.mark.parametrize("address", ["{ri}/fopt", "-/{ae}/g/fopt", "/id-in/{ri}/fopt",
                                     "/id-in/cse-in/{ae}/g/fopt",
                                     "//merlon.example/id-in/{ri}/fopt",
                                     "//merlon.example/id-in/cse-in/{ae}/g/fopt"])
def test_every_spelling(ae, two, address):
    """spec: TS-0004 7.4.14.1: the identifier of the group and /fopt"""
    ri = ae.retrieve(f"{ae.path}/g")["ri"]
    address = address.format(ri=ri, ae=ae.path.split("/")[1])
    assert codes(ae.retrieve(address)) == [2000, 2000]
    assert codes(ae.create(f"{address}", "cin", con="x")) == [2001, 2001]
    assert codes(ae.retrieve(f"{address}/la")) == [2000, 2000]


@pytest.mark.parametrize("spelling", ["{ri}", "-/{ae}/c0", "/id-in/{ri}", "/id-in/cse-in/{ae}/c0",
                                      "//merlon.example/id-in/{ri}"])
def test_members_in_every_spelling(ae, two, spelling):
    """spec: TS-0004 7.4.14.2.5: From carries the member as memberIDs has it"""
    member = spelling.format(ri=ae.retrieve(two[0])["ri"], ae=ae.path.split("/")[1])
    make_group(ae, ae.path, [member], rn="h")
    assert ae.create(two[0], "cin", con="x").rsc == 2001
    (answer,) = answers(ae.retrieve(f"{ae.path}/h/fopt"))
    assert answer["rsc"] == 2000 and answer["fr"] == member
    (answer,) = answers(ae.retrieve(f"{ae.path}/h/fopt/la"))
    assert answer["rsc"] == 2000 and answer["pc"]["m2m:cin"]["con"] == "x"


# ---- paths behind fopt ----


def test_relative_paths(ae, two):
    """spec: TS-0004 7.4.14.1: additional path elements are appended to each member"""
    for path in two:
        assert ae.create(path, "cnt", rn="x").rsc == 2001
        assert ae.create(f"{path}/x", "cnt", rn="y").rsc == 2001
    assert ae.create(two[1], "cnt", rn="only").rsc == 2001
    fopt = f"{ae.path}/g/fopt"
    assert codes(ae.create(f"{fopt}/x/y", "cin", con="deep")) == [2001, 2001]
    got = answers(ae.retrieve(f"{fopt}/x/y/la"))
    assert [a["pc"]["m2m:cin"]["con"] for a in got] == ["deep", "deep"]
    assert [a["fr"] for a in got] == two, "the member, not what stands below it"
    assert codes(ae.retrieve(f"{fopt}/only")) == [4004, 2000]
    assert codes(ae.update(f"{fopt}/x", "cnt", lbl=["z"])) == [2004, 2004]
    assert codes(ae.delete(f"{fopt}/x/y/ol")) == [2002, 2002]
    assert codes(ae.delete(f"{fopt}/x")) == [2002, 2002]
    assert codes(ae.retrieve(f"{fopt}/x")) == [4004, 4004]
    assert ae.retrieve(f"{ae.path}/g")["mid"] == two, "the members themselves are still there"


def test_latest_of_empty_containers(ae, two):
    """spec: TS-0004 7.4.14.1, 7.4.27.2.2"""
    assert ae.create(two[0], "cin", con="x").rsc == 2001
    assert codes(ae.retrieve(f"{ae.path}/g/fopt/la")) == [2000, 4004]


def test_members_that_are_virtual(ae, two):
    """spec: TS-0001 9.6.13: latest as a member"""
    make_group(ae, ae.path, [f"{path}/la" for path in two], rn="h")
    for path in two:
        assert ae.create(path, "cin", con=path).rsc == 2001
        assert ae.create(path, "cin", con="newest").rsc == 2001
    got = answers(ae.retrieve(f"{ae.path}/h/fopt"))
    assert [a["pc"]["m2m:cin"]["con"] for a in got] == ["newest", "newest"]
    assert codes(ae.delete(f"{ae.path}/h/fopt")) == [2002, 2002]
    assert ae.retrieve(f"{ae.path}/h")["cnm"] == 2, "latest is another instance now"
    got = answers(ae.retrieve(f"{ae.path}/h/fopt"))
    assert [a["pc"]["m2m:cin"]["con"] for a in got] == two


@pytest.mark.parametrize("path", ["fopt//x", "fopt/x y", "fopt/\u00e4", "fopt/*", "fopt/x%2Fy", "fopt/x%00"])
def test_paths_that_are_none(ae, two, path):
    """spec: TS-0004 6.2.3"""
    response = ae.request("GET", f"{ae.path}/g/{path}", check=False)
    assert response.rsc in (4000, 4004), response


# ---- what the request says besides ----


def test_result_content(ae, two):
    """spec: TS-0004 7.4.14.2.4: the parameters go to each member"""
    fopt = f"{ae.path}/g/fopt"
    assert all("pc" not in a for a in answers(ae.create(fopt, "cin", con="x", query={"rcn": 0})))
    for path, answer in zip(two, answers(ae.create(fopt, "cin", rn="i", con="y", query={"rcn": 2}))):
        assert answer["pc"] == {"m2m:uri": f"{path}/i"}
    for answer in answers(ae.retrieve(fopt, query={"rcn": 4})):
        assert [c["con"] for c in answer["pc"]["m2m:cnt"]["m2m:cin"]] == ["x", "y"]
    for answer in answers(ae.retrieve(fopt, query={"atrl": "cni rn"})):
        assert set(answer["pc"]["m2m:cnt"]) == {"cni", "rn"}
    got = answers(ae.retrieve(fopt, query={"rcn": 4, "lim": 1}))
    assert [a.get("cnst") for a in got] == [1, 1], "each says that it is partial"


def test_invalid_content_for_the_members(ae, two):
    """spec: TS-0004 7.4.14.2.5: OK regardless of the members' codes"""
    fopt = f"{ae.path}/g/fopt"
    assert codes(ae.create(fopt, "cnt", foo=1)) == [4000, 4000]
    assert codes(ae.update(fopt, "cnt", mni="x")) == [4000, 4000]
    assert codes(ae.update(fopt, "ae", lbl=[])) == [4000, 4000]
    for answer in answers(ae.create(fopt, "cnt", foo=1)):
        assert "foo" in answer["pc"]["m2m:dbg"]


def test_types_that_do_not_fit(ae, two):
    """spec: TS-0004 7.4.14.2.1: the check before the fan-out is optional; each member makes it"""
    fopt = f"{ae.path}/g/fopt"
    assert codes(ae.create(fopt, "grp", mnm=1, mid=[])) == [4108, 4108]
    make_group(ae, ae.path, two, rn="h", mt=3)
    assert codes(ae.create(f"{ae.path}/h/fopt", "grp", mnm=1, mid=[])) == [4108, 4108]


def test_one_failure_does_not_stop_the_others(ae, two):
    """spec: TS-0004 7.4.14.2.5"""
    assert ae.create(two[0], "cnt", rn="x").rsc == 2001
    assert codes(ae.create(f"{ae.path}/g/fopt", "cnt", rn="x")) == [4105, 2001]
    assert codes(ae.create(f"{ae.path}/g/fopt", "cnt", rn="x")) == [4105, 4105]
    assert ae.update(two[1], "cnt", mbs=1).rsc == 2004
    assert codes(ae.create(f"{ae.path}/g/fopt", "cin", con="long")) == [2001, 5207]


def test_members_that_are_gone(ae, two):
    """spec: TS-0004 7.4.14.2.4"""
    assert ae.delete(two[0]).rsc == 2002
    assert codes(ae.retrieve(f"{ae.path}/g/fopt")) == [4004, 2000]
    assert codes(ae.create(f"{ae.path}/g/fopt", "cin", con="x")) == [4004, 2001]
    assert codes(ae.delete(f"{ae.path}/g/fopt")) == [4004, 2002]
    assert ae.retrieve(f"{ae.path}/g")["mid"] == two[:1], "what was not deleted stays a member"


def test_no_members(ae, receiver):
    """spec: TS-0004 7.4.14.2.4: NO_MEMBERS"""
    fopt = make_group(ae, ae.path, []) + "/fopt"
    assert ae.retrieve(fopt).rsc == 4109
    assert ae.create(fopt, "cin", con="x").rsc == 4109
    assert ae.update(fopt, "cnt", lbl=["x"]).rsc == 4109
    assert ae.delete(f"{fopt}/x").rsc == 4109
    assert ae.create(fopt, "sub", nu=[receiver.url]).rsc == 4109
    assert receiver.all.empty(), "nobody is asked for a subscription that cannot come"


def test_subgroups_without_members(ae):
    """spec: TS-0004 7.4.14.2.4: then it is the member that answers so"""
    inner = make_group(ae, ae.path, [], rn="inner")
    outer = make_group(ae, ae.path, [f"{inner}/fopt"], rn="outer")
    assert codes(ae.retrieve(f"{outer}/fopt")) == [4109]


def test_many_members(ae):
    """A thousand members in one request"""
    parent = f"{ae.path}/many"
    assert ae.create(ae.path, "cnt", rn="many").rsc == 2001
    mid = [f"{parent}/{i}" for i in range(1000)]
    make_group(ae, ae.path, [parent], rn="one")
    for i in range(1000):
        if i % 2:
            ae.request("POST", parent, {"m2m:cnt": {"rn": str(i)}}, ty=3, check=False)
    group = make_group(ae, ae.path, mid)
    for response in (ae.retrieve(f"{group}/fopt"), ae.create(f"{group}/fopt", "cin", con="x")):
        got = answers(response)
        assert [a["fr"] for a in got] == mid
        assert [a["rsc"] < 3000 for a in got] == [bool(i % 2) for i in range(1000)]
    assert len(answers(ae.delete(f"{group}/fopt"))) == 1000
    assert ae.retrieve(group)["mid"] == mid[::2]


# ---- access ----


def test_members_policies_or_the_groups_own(admin, ae, other, two):
    """SEC-ACP-33 spec: TS-0004 7.4.14.3.3"""
    opened = grant(admin, ([other.stem], 63), ([ae.stem], 63))
    closed = grant(admin, ([ae.stem], 63))
    for path in two:
        assert ae.update(path, "cnt", acpi=[opened]).rsc == 2004
    table = [({}, 4103), ({"acpi": [opened]}, 2000), ({"acpi": [closed]}, 4103),
             ({"acpi": [opened], "macp": [closed]}, 4103),
             ({"acpi": [closed], "macp": [opened]}, 2000), ({"macp": [opened]}, 2000),
             ({"macp": [closed]}, 4103), ({"acpi": [closed], "macp": [closed, opened]}, 2000)]
    for number, (policies, rsc) in enumerate(table):
        group = make_group(ae, ae.path, two, rn=f"g{number}", **policies)
        assert other.retrieve(f"{group}/fopt").rsc == rsc, policies
        assert other.retrieve(f"{group}/fopt/none").rsc == rsc, policies
        assert other.retrieve(group).rsc == (2000 if policies.get("acpi") == [opened] else 4103)


def test_members_policies_do_not_open_the_group(admin, ae, other, two):
    """SEC-ACP-33: macp is for the fanOutPoint only"""
    opened = grant(admin, ([other.stem], 63))
    group = make_group(ae, ae.path, two, rn="h", macp=[opened])
    assert other.retrieve(group).rsc == 4103
    assert other.update(group, "grp", mid=[]).rsc == 4103
    assert other.delete(group).rsc == 4103
    assert other.discover(ae.path, ty=9) == []


OPERATIONS = {
    1: lambda c, fopt: c.create(fopt, "cin", con="x"),
    2: lambda c, fopt: c.retrieve(fopt),
    4: lambda c, fopt: c.update(fopt, "cnt", lbl=["x"]),
    32: lambda c, fopt: c.retrieve(fopt, query={"fu": 1}),
    8: lambda c, fopt: c.delete(fopt),
}


@pytest.mark.parametrize("bit", [1, 2, 4, 8, 16, 32])
def test_the_bit_of_the_operation(admin, ae, other, two, bit):
    """SEC-ACP-33 SEC-ACP-08 spec: TS-0001 10.2.7: CREATE, RETRIEVE, UPDATE, DELETE on the members"""
    opened = grant(admin, ([other.stem], 63))
    macp = grant(admin, ([other.stem], bit))
    for path in two:
        assert ae.update(path, "cnt", acpi=[opened]).rsc == 2004
    group = make_group(ae, ae.path, two, rn="h", macp=[macp])
    for needed, work in OPERATIONS.items():
        assert work(other, f"{group}/fopt").rsc == (2000 if needed == bit else 4103), needed


def test_each_member_decides_by_itself(admin, ae, other, two):
    """SEC-ACP-33: 4103 inside, 2000 outside"""
    macp = grant(admin, ([other.stem], 63))
    reads = grant(admin, ([other.stem], 2))
    assert ae.update(two[1], "cnt", acpi=[reads]).rsc == 2004
    group = make_group(ae, ae.path, two, rn="h", macp=[macp])
    assert codes(other.retrieve(f"{group}/fopt")) == [4103, 2000]
    assert codes(other.create(f"{group}/fopt", "cin", con="x")) == [4103, 4103]
    assert codes(other.delete(f"{group}/fopt")) == [4103, 4103]
    assert [admin.retrieve(path).rsc for path in two] == [2000, 2000]
    got = answers(other.retrieve(f"{group}/fopt"))
    assert "cni" not in str(got[0]), "a denial shows nothing"


def test_the_originator_is_kept(admin, ae, other, two):
    """SEC-ACP-34 spec: TS-0004 7.4.14.2.4: From is used directly"""
    macp = grant(admin, (["all"], 63))
    host = grant(admin, (["/id-in", "//merlon.example/id-in", "id-in"], 63))
    named = grant(admin, ([other.stem], 63))
    assert ae.update(two[0], "cnt", acpi=[host]).rsc == 2004
    assert ae.update(two[1], "cnt", acpi=[named]).rsc == 2004
    group = make_group(ae, ae.path, two, rn="h", macp=[macp])
    for work in (OPERATIONS[1], OPERATIONS[2], OPERATIONS[4]):
        first, second = codes(work(other, f"{group}/fopt"))
        assert first == 4103 and second < 3000
    assert codes(other.create(f"{group}/fopt", "cnt", rn="x")) == [4103, 2001]
    assert other.update(f"{two[1]}/x", "cnt", lbl=["mine"]).rsc == 2004
    assert ae.retrieve(f"{two[1]}/x").rsc == 4103, "its creator is the Originator"


def test_nobody_is_admitted_by_a_member(admin, ae, other, two):
    """SEC-ACP-33: rights on all members are none on the fanOutPoint"""
    opened = grant(admin, ([other.stem], 63))
    for path in two:
        assert ae.update(path, "cnt", acpi=[opened]).rsc == 2004
    for work in OPERATIONS.values():
        assert work(other, f"{ae.path}/g/fopt").rsc == 4103
    empty = make_group(ae, ae.path, [], rn="empty")
    assert other.retrieve(f"{empty}/fopt").rsc == 4103, "4103 before 4109"


def test_members_policies_that_are_gone(admin, ae, two):
    """SEC-ACP-22 for macp: dangling references grant nothing, not even to the creator"""
    macp = grant(admin, (["all"], 63))
    group = make_group(ae, ae.path, two, rn="h", macp=[macp])
    assert ae.retrieve(f"{group}/fopt").rsc == 2000
    assert admin.delete(macp).rsc == 2002
    assert ae.retrieve(f"{group}/fopt").rsc == 4103
    assert ae.update(group, "grp", macp=None).rsc == 2004
    assert ae.retrieve(f"{group}/fopt").rsc == 2000


def test_discovery_through_a_group(admin, ae, other, two):
    """spec: TS-0001 10.2.6: each member is the root of a discovery"""
    finds = grant(admin, ([other.stem], 32))
    for path in two:
        assert ae.create(path, "cnt", rn="open", acpi=[finds]).rsc == 2001
        assert ae.create(path, "cnt", rn="closed").rsc == 2001
    group = make_group(ae, ae.path, two, rn="h", macp=[finds])
    got = answers(other.retrieve(f"{group}/fopt", query={"fu": 1}))
    assert [a["pc"] for a in got] == [{"m2m:uril": [f"{path}/open"]} for path in two]


# ---- groups within groups ----


def test_nested_groups(ae, two):
    """spec: TS-0004 7.4.14.1"""
    outer = make_group(ae, ae.path, [f"{ae.path}/g/fopt", ae.path], rn="outer")
    inner, plain = answers(ae.retrieve(f"{outer}/fopt"))
    assert inner["rsc"] == 2000 and inner["fr"] == f"{ae.path}/g/fopt"
    assert [a["fr"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == two
    assert plain["pc"]["m2m:ae"]["rn"] == ae.path.split("/")[1]
    inner, plain = answers(ae.create(f"{outer}/fopt", "cnt", rn="x"))
    assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [2001, 2001]
    assert plain["rsc"] == 2001
    inner, plain = answers(ae.retrieve(f"{outer}/fopt/x"))
    assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [2000, 2000]


def test_a_group_as_a_plain_member(ae, two):
    """spec: TS-0004 7.4.13.2.1: without /fopt it is the group itself; the rest may lead on"""
    outer = make_group(ae, ae.path, [f"{ae.path}/g"], rn="outer")
    (answer,) = answers(ae.retrieve(f"{outer}/fopt"))
    assert answer["pc"]["m2m:grp"]["mid"] == two
    (answer,) = answers(ae.retrieve(f"{outer}/fopt/fopt"))
    assert [a["rsc"] for a in answer["pc"]["m2m:agr"]["m2m:rsp"]] == [2000, 2000]


def test_circles_end(ae, two):
    """spec: TS-0004 7.3.3.2, 7.4.14.2.4: GROUP_REQUEST_IDENTIFIER_EXISTS for the member"""
    one = make_group(ae, ae.path, [f"{ae.path}/two/fopt", two[0]], rn="one")
    make_group(ae, ae.path, [f"{ae.path}/one/fopt", f"{ae.path}/two/fopt", two[1]], rn="two")
    inner, plain = answers(ae.create(f"{one}/fopt", "cin", con="x"))
    assert plain["rsc"] == 2001
    assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [4104, 4104, 2001]
    assert [ae.retrieve(path)["cni"] for path in two] == [1, 1]


def test_a_group_that_holds_itself(ae):
    """spec: TS-0004 7.3.3.2"""
    group = make_group(ae, ae.path, [])
    assert ae.update(group, "grp", mid=[f"{group}/fopt"]).rsc == 2004
    assert codes(ae.retrieve(f"{group}/fopt")) == [4104]
    assert codes(ae.delete(f"{group}/fopt")) == [4104]
    assert ae.retrieve(group)["cnm"] == 1


def test_a_member_reached_twice(ae, two):
    """spec: TS-0004 7.3.3.2: the same request to the same target is carried out once"""
    for name in ("a", "b"):
        make_group(ae, ae.path, two, rn=name)
    outer = make_group(ae, ae.path, [f"{ae.path}/a/fopt", f"{ae.path}/b/fopt"], rn="outer")
    first, second = answers(ae.create(f"{outer}/fopt", "cin", con="x"))
    assert [a["rsc"] for a in first["pc"]["m2m:agr"]["m2m:rsp"]] == [2001, 2001]
    assert [a["rsc"] for a in second["pc"]["m2m:agr"]["m2m:rsp"]] == [4104, 4104]
    assert [ae.retrieve(path)["cni"] for path in two] == [1, 1]


def test_group_request_identifiers(ae, two):
    """spec: TS-0004 7.3.3.2: the same identifier for the same target is refused"""
    fopt, headers = f"{ae.path}/g/fopt", {"X-M2M-GID": f"gid-{ae.stem}"}
    assert codes(ae.create(fopt, "cin", con="x", headers=headers)) == [2001, 2001]
    assert ae.create(fopt, "cin", con="x", headers=headers).rsc == 4104
    assert ae.retrieve(fopt, headers=headers).rsc == 4104
    assert ae.create(two[0], "cin", con="x", headers=headers).rsc == 4104, "it was a target too"
    assert ae.retrieve(f"{ae.path}/g", headers=headers).rsc == 2000, "another target"
    assert ae.retrieve(f"{ae.path}/g", headers=headers).rsc == 4104
    assert codes(ae.retrieve(fopt, headers={"X-M2M-GID": f"other-{ae.stem}"})) == [2000, 2000]
    assert [ae.retrieve(path)["cni"] for path in two] == [1, 1]
    assert codes(ae.retrieve(fopt)) == [2000, 2000], "without one there is nothing to compare"


def test_depth_is_limited(own):
    """Groups within groups deeper than the limit group_depth answer with an error."""
    client = Client(own("--limit", "group_depth=3").url)
    ae = client.register("Cae", name="ae")
    assert ae.create("cse-in/ae", "cnt", rn="c").rsc == 2001
    last = make_group(ae, "cse-in/ae", ["cse-in/ae/c"], rn="g1")
    for depth in (2, 3, 4):
        last = make_group(ae, "cse-in/ae", [f"{last}/fopt"], rn=f"g{depth}")
    at = answers(ae.retrieve("cse-in/ae/g3/fopt"))[0]
    assert at["pc"]["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"][0]["rsc"] == 2000
    at = answers(ae.create("cse-in/ae/g4/fopt", "cin", con="x"))[0]
    at = at["pc"]["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"][0]
    assert at["rsc"] == 4000
    assert ae.retrieve("cse-in/ae/c")["cni"] == 0


def test_width_is_limited(own):
    """A request that would become more than the limit fan_out changes nothing."""
    client = Client(own("--limit", "fan_out=10").url)
    ae = client.register("Cae", name="ae")
    for i in range(11):
        assert ae.create("cse-in/ae", "cnt", rn=f"c{i}").rsc == 2001
    paths = [f"cse-in/ae/c{i}" for i in range(11)]
    ten = make_group(ae, "cse-in/ae", paths[:10], rn="ten")
    eleven = make_group(ae, "cse-in/ae", paths, rn="eleven")
    nested = make_group(ae, "cse-in/ae", [f"{ten}/fopt"], rn="nested")
    assert codes(ae.create(f"{ten}/fopt", "cin", con="x")) == [2001] * 10
    for group in (eleven, nested):
        for work in (OPERATIONS[1], OPERATIONS[2], OPERATIONS[4], OPERATIONS[8]):
            assert work(ae, f"{group}/fopt").rsc == 4000, group
    assert [ae.retrieve(path)["cni"] for path in paths] == [1] * 10 + [0]


# ---- deletions that reach the group ----


def test_a_group_among_its_own_members(ae, two):
    """spec: TS-0004 7.4.14.3.5: DELETE of the members may take the group along"""
    assert ae.update(f"{ae.path}/g", "grp", mnm=3, mid=[two[0], f"{ae.path}/g", two[1]]).rsc == 2004
    assert codes(ae.delete(f"{ae.path}/g/fopt")) == [2002, 2002, 2002]
    for path in (f"{ae.path}/g", *two):
        assert ae.retrieve(path).rsc == 4004


def test_the_parent_among_the_members(admin, ae, two):
    """spec: TS-0004 7.4.14.3.5"""
    stem = f"Cp{ae.stem}"
    parent = admin.register(stem, name=stem)
    assert parent.create(f"cse-in/{stem}", "cnt", rn="c").rsc == 2001
    group = make_group(parent, f"cse-in/{stem}", [f"cse-in/{stem}", f"cse-in/{stem}/c"])
    assert codes(admin.delete(f"{group}/fopt")) == [2002, 4004]
    assert admin.retrieve(f"cse-in/{stem}").rsc == 4004
    assert admin.retrieve(group).rsc == 4004


def test_a_member_below_another(ae, two):
    """spec: TS-0004 7.4.14.3.5"""
    assert ae.create(two[0], "cnt", rn="x").rsc == 2001
    group = make_group(ae, ae.path, [two[0], f"{two[0]}/x", two[1]], rn="h")
    assert codes(ae.delete(f"{group}/fopt")) == [2002, 4004, 2002]
    assert ae.retrieve(group)["mid"] == [f"{two[0]}/x"]
    assert ae.retrieve(group)["cnm"] == 1


def test_deletion_through_two_groups(ae, two):
    """spec: TS-0004 7.4.14.3.5: members leave the group through which they were deleted"""
    outer = make_group(ae, ae.path, [f"{ae.path}/g/fopt", f"{ae.path}/h"], rn="outer")
    make_group(ae, ae.path, [], rn="h")
    inner, plain = answers(ae.delete(f"{outer}/fopt"))
    assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [2002, 2002]
    assert plain["rsc"] == 2002
    assert ae.retrieve(f"{ae.path}/g")["mid"] == []
    assert ae.retrieve(outer)["mid"] == [f"{ae.path}/g/fopt"]


# ---- subscriptions ----


def test_subscriptions_through_a_group(ae, two, receiver):
    """spec: TS-0001 10.2.7.10: each member gets one; the target is asked once"""
    response = ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[receiver.url], enc={"net": [3]})
    assert codes(response) == [2001, 2001]
    asked = receiver.verification()
    assert asked.sgn["cr"] == ae.stem and asked.sgn["sur"] == f"/id-in/{ae.path}/g/fopt/s"
    assert receiver.all.empty()
    for path in two:
        stored = ae.retrieve(f"{path}/s")
        assert stored["nu"] == [receiver.url] and stored["cr"] == ae.stem
        assert ae.create(path, "cin", con=path).rsc == 2001
        received = receiver.next()
        assert received.rep["m2m:cin"]["con"] == path
        assert received.sgn["sur"] == f"/id-in/{stored['ri']}"


@pytest.mark.parametrize("name", [None, "s"])
@pytest.mark.parametrize("said", [4101, 5205, 4004, 5000, (500, {}, b""), (404, {}, b""), None])
def test_a_target_that_refuses(ae, two, said, name):
    """spec: TS-0004 7.4.8.2.1: then nothing is created, below no member"""
    named = {"rn": name} if name else {}
    with Receiver(lambda _: said) as no, Receiver() as yes:
        for nu in ([no.url], [yes.url, no.url]):
            response = ae.create(f"{ae.path}/g/fopt", "sub", nu=nu, **named)
            assert codes(response) == [5204, 5204]
            assert no.verification()
    for path in two:
        assert ae.retrieve(path, query={"rcn": 6}).pc["m2m:rrl"]["rrf"] == []


def test_a_target_that_cannot_be_reached(ae, two):
    """spec: TS-0004 7.4.8.2.1: SUBSCRIPTION_VERIFICATION_INITIATION_FAILED"""
    with Receiver() as gone:
        url = gone.url
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[url])) == [5204, 5204]
    assert codes(ae.retrieve(f"{ae.path}/g/fopt/s")) == [4004, 4004]


def test_targets_that_may_not_be_notified(admin, ae, other, two, receiver):
    """spec: TS-0004 7.5.1.2.3"""
    stem = f"Cq{ae.stem}"
    target = admin.register(stem, name=stem, poa=[receiver.url])
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[f"cse-in/{stem}"])) == [5204, 5204]
    assert receiver.all.empty()
    acp = grant(admin, ([ae.stem], 16))
    assert target.update(f"cse-in/{stem}", "ae", acpi=[acp]).rsc == 2004
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[f"cse-in/{stem}"])) == [2001, 2001]
    assert receiver.verification()
    admin.delete(f"cse-in/{stem}")


@pytest.mark.parametrize("nu", ["http://127.0.0.1:9/x", 5, {}, {"a": "b"}, [5], [None], [["x"]], [],
                                None, True, [""], ["cse-in/none"], ["-"], ["foo://bar"],
                                ["http://127.0.0.1:9/"] * 33, [{"nu": "x"}]], ids=str)
def test_targets_that_are_none(ae, two, nu):
    """spec: TS-0004 7.3.3.3: content that no member can take is sent to nobody"""
    response = ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=nu)
    assert set(codes(response)) <= {4000, 5001}, response
    assert codes(ae.retrieve(f"{ae.path}/g/fopt/s")) == [4004, 4004]
    response = ae.update(f"{ae.path}/g/fopt/s", "sub", nu=nu)
    assert set(codes(response)) <= {4004, 4000, 5001}, response


@pytest.mark.parametrize("more", [{"foo": 1}, {"enc": {"net": [9]}}, {"exc": 0}, {"nct": 9},
                                  {"enc": 5}, {"bn": {"num": 3, "dur": 5}}], ids=str)
def test_invalid_subscriptions_are_shown_to_nobody(ae, two, receiver, more):
    """spec: TS-0004 7.2.2.2: what is wrong by itself is found before anybody is asked"""
    response = ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[receiver.url], **more)
    assert set(codes(response)) <= {4000, 5001}, response
    assert receiver.all.empty()


def test_rights_come_before_the_question(admin, ae, other, two, receiver):
    """SEC-ACP-33 SEC-ACP-35: 4103 on the group means that nobody is asked"""
    macp = grant(admin, ([other.stem], 1))
    both, creates = grant(admin, ([other.stem], 3)), grant(admin, ([other.stem], 1))
    assert other.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[receiver.url]).rsc == 4103
    assert receiver.all.empty()
    group = make_group(ae, ae.path, two, rn="h", macp=[macp])
    assert ae.update(two[0], "cnt", acpi=[both]).rsc == 2004
    assert ae.update(two[1], "cnt", acpi=[creates]).rsc == 2004
    assert codes(other.create(f"{group}/fopt", "sub", rn="s", nu=[receiver.url])) == [2001, 4103]


def test_new_targets_through_a_group(ae, two, receiver):
    """spec: TS-0004 7.4.8.2.3: an UPDATE with new targets needs their consent as well"""
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[ae.stem])) == [2001, 2001]
    with Receiver(lambda _: 4103) as no:
        response = ae.update(f"{ae.path}/g/fopt/s", "sub", nu=[no.url])
        assert codes(response) == [5204, 5204]
        assert no.verification()
    for path in two:
        assert ae.retrieve(f"{path}/s")["nu"] == [ae.stem]
    assert codes(ae.update(f"{ae.path}/g/fopt/s", "sub", nu=[receiver.url])) == [2004, 2004]
    assert receiver.verification()
    for path in two:
        assert ae.retrieve(f"{path}/s")["nu"] == [receiver.url]


def test_subscriptions_through_nested_groups(ae, two, receiver):
    """spec: TS-0001 10.2.7.10"""
    outer = make_group(ae, ae.path, [f"{ae.path}/g/fopt"], rn="outer")
    with Receiver(lambda _: 4103) as no:
        (inner,) = answers(ae.create(f"{outer}/fopt", "sub", rn="s", nu=[no.url]))
        assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [5204, 5204]
    (inner,) = answers(ae.create(f"{outer}/fopt", "sub", rn="s", nu=[receiver.url]))
    assert [a["rsc"] for a in inner["pc"]["m2m:agr"]["m2m:rsp"]] == [2001, 2001]
    assert receiver.verification() and receiver.all.empty()


def test_unsubscribing_through_a_group(ae, two, receiver):
    """spec: TS-0001 10.2.7.10: with DELETE to the fanOutPoint"""
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[ae.stem])) == [2001, 2001]
    assert codes(ae.delete(f"{ae.path}/g/fopt/s")) == [2002, 2002]
    assert codes(ae.retrieve(f"{ae.path}/g/fopt/s")) == [4004, 4004]
    assert ae.retrieve(f"{ae.path}/g")["mid"] == two


def test_events_of_members(ae, two, receiver):
    """spec: TS-0004 7.4.14.2.4: a member's change is a change like any other"""
    for path in two:
        answer = ae.create(path, "sub", rn="s", nu=[receiver.url], enc={"net": [1, 3]})
        assert answer.rsc == 2001 and receiver.verification()
    assert codes(ae.update(f"{ae.path}/g/fopt", "cnt", lbl=["x"])) == [2004, 2004]
    assert codes(ae.create(f"{ae.path}/g/fopt", "cin", con="x")) == [2001, 2001]
    got = [receiver.next() for _ in range(4)]
    assert sorted(next(iter(n.rep)) for n in got) == ["m2m:cin", "m2m:cin", "m2m:cnt", "m2m:cnt"]
    assert eventually(lambda: receiver.all.empty())
