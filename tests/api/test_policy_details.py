"""What access rules say of the objects of a CREATE, of proof of identity, and of points elsewhere.

spec: TS-0003 7.1.3, 7.1.5; TS-0001 9.6.2.0, 9.6.2.4, 9.6.2.5
"""

import itertools

import pytest
from lib import policy_model as model
from lib.onem2m import Client, grant
from lib.server import Server

CREATE, RETRIEVE = 1, 2


def rule(originators, operations=63, **more):
    return {"acor": list(originators), "acop": operations, **more}


@pytest.fixture
def box(admin, ae):
    """A container, and an AE, of `ae` under one policy that box.allow(rules...) changes."""

    class Box:
        path = f"{ae.path}/box"

        def allow(self, *rules):
            answer = admin.update(self.acp, "acp", pv={"acr": list(rules)})
            assert answer.rsc == 2004, answer

        def refuses(self, *rules):
            answer = admin.update(self.acp, "acp", pv={"acr": list(rules)})
            assert answer.rsc == 4000, answer

    box = Box()
    box.acp = grant(admin)
    assert ae.create(ae.path, "cnt", rn="box", acpi=[box.acp]).rsc == 2001
    assert ae.update(ae.path, "ae", acpi=[box.acp]).rsc == 2004
    yield box
    admin.delete(box.acp)


def kinds(client, parent):
    """The resource types that the client may create there."""
    contents = {"cnt": {}, "cin": {"con": "x"}, "grp": {"mnm": 1, "mid": []},
                "sub": {"nu": [client.originator]}}
    allowed = set()
    for kind, attributes in contents.items():
        answer = client.create(parent, kind, **attributes)
        if answer.rsc != 4103:
            assert answer.rsc in (2001, 4108), answer
            allowed.add(kind)
    return allowed


# ---- object details ----


def test_the_types_that_may_be_created(box, ae, other):
    """SEC-ACP-25: childResourceType is for CREATE, and other operations do not ask for it"""
    box.allow(rule([other.stem], 63, acod=[{"chty": [3]}]))
    assert kinds(other, box.path) == {"cnt"}
    assert other.create(box.path, "ae", api="Nx", rr=False).rsc == 4103
    assert other.retrieve(box.path).rsc == 2000
    assert other.update(box.path, "cnt", lbl=["x"]).rsc == 2004
    assert other.discover(ae.path, lbl="x") == [box.path]
    assert other.delete(box.path).rsc == 2002


@pytest.mark.parametrize("chty", [[4], [3, 4], [4, 23], [9, 9, 3], [2], [3, 4, 23]])
def test_lists_of_types(box, other, chty):
    """SEC-ACP-25"""
    names = {3: "cnt", 4: "cin", 9: "grp", 23: "sub"}
    box.allow(rule([other.stem], 63, acod=[{"chty": chty}]))
    assert kinds(other, box.path) == {names[ty] for ty in chty if ty in names}


def test_details_without_the_bit_grant_nothing(box, other):
    """SEC-ACP-25: they restrict a rule, they add nothing to it"""
    box.allow(rule([other.stem], 62, acod=[{"chty": [3, 4]}]))
    assert kinds(other, box.path) == set()
    box.allow(rule(["Cnobody"], 63, acod=[{"chty": [3, 4]}]), rule([other.stem], 2))
    assert kinds(other, box.path) == set()


def test_the_type_of_the_target(box, ae, other):
    """SEC-ACP-26: a rule about AEs does not let create below a container"""
    box.allow(rule([other.stem], 63, acod=[{"ty": 2, "chty": [3]}]))
    assert other.create(box.path, "cnt").rsc == 4103
    assert other.create(ae.path, "cnt").rsc == 2001
    assert other.create(ae.path, "grp", mnm=1, mid=[]).rsc == 4103
    box.allow(rule([other.stem], 63, acod=[{"ty": 3, "chty": [3]}]))
    assert other.create(box.path, "cnt").rsc == 2001
    assert other.create(ae.path, "cnt").rsc == 4103


def test_several_details_are_alternatives(box, ae, other):
    """SEC-ACP-27"""
    box.allow(rule([other.stem], 63, acod=[{"ty": 2, "chty": [9]}, {"ty": 3, "chty": [4]},
                                           {"chty": [23]}]))
    assert kinds(other, ae.path) == {"grp", "sub"}
    assert kinds(other, box.path) == {"cin", "sub"}


def test_a_specialization_that_the_target_has_not(box, other):
    """SEC-ACP-27: a container is no mgmtObj, of whatever definition"""
    for spty in ({"mgd": 1001}, {"cnd": "org.onem2m.home.device"}):
        for more in ({}, {"ty": 3}, {"ty": 13}, {"ty": 28}):
            box.allow(rule([other.stem], 63, acod=[{"chty": [3], "spty": spty, **more}]))
            assert other.create(box.path, "cnt").rsc == 4103, (spty, more)
    box.allow(rule([other.stem], 63, acod=[{"chty": [3], "spty": {"mgd": 1001}}, {"chty": [3]}]))
    assert other.create(box.path, "cnt").rsc == 2001


def test_the_specialization_of_what_is_created(admin, other):
    """SEC-ACP-27: below a <node>, a rule about firmware says nothing about software"""
    acp = grant(admin)
    node = admin.create("cse-in", "nod", ni="urn:x:1", acpi=[acp])
    assert node.rsc == 2001, node
    try:
        admin.update(acp, "acp", pv={"acr": [
            rule([other.stem], 63, acod=[{"chty": [13], "spty": {"mgd": 1001}}])]})
        firmware = {"mgd": 1001, "vr": "1", "fwn": "x", "url": "http://x.example/f", "ud": False}
        software = {"mgd": 1002, "vr": "1", "swn": "x", "url": "http://x.example/s"}
        assert other.create(node["ri"], 13, content={"m2m:swr": software}).rsc == 4103
        made = other.create(node["ri"], 13, content={"m2m:fwr": firmware})
        assert made.rsc == 2001, made
        # the rule goes by mgmtDefinition, and so does what is created: a root cannot disguise it
        assert other.create(node["ri"], 13, content={"m2m:swr": {**software, "mgd": 1001}}).rsc == 4000
        assert other.create(node["ri"], 13, content={"m2m:fwr": {**firmware, "mgd": 1002}}).rsc == 4103
        assert other.create(node["ri"], "sub", nu=[other.stem]).rsc == 4103
    finally:
        admin.delete(node["ri"])
        admin.delete(acp)


def test_details_of_a_group(admin, ae, other, box):
    """SEC-ACP-25: on the fanOutPoint and on each member"""
    box.allow(rule([other.stem], 63, acod=[{"chty": [3]}]))
    assert admin.create(ae.path, "grp", rn="g", mnm=1, mid=[box.path], acpi=[box.acp]).rsc == 2001
    answer = other.create(f"{ae.path}/g/fopt", "cnt")
    assert answer.rsc == 2000 and answer.pc["m2m:agr"]["m2m:rsp"][0]["rsc"] == 2001
    assert other.create(f"{ae.path}/g/fopt", "cin", con="x").rsc == 4103
    box.allow(rule([other.stem], 63, acod=[{"ty": 9, "chty": [3]}]))
    answer = other.create(f"{ae.path}/g/fopt", "cnt")
    assert answer.rsc == 2000 and answer.pc["m2m:agr"]["m2m:rsp"][0]["rsc"] == 4103


def test_members_of_different_types(admin, ae, other, box):
    """SEC-ACP-26: the type of each member counts, though they share their policy"""
    assert admin.create(ae.path, "cnt", rn="second", acpi=[box.acp]).rsc == 2001
    members = [box.path, ae.path, f"{ae.path}/second"]
    free = grant(admin, ([other.stem], 63))
    assert admin.create(ae.path, "grp", rn="g", mnm=3, mid=members, acpi=[free]).rsc == 2001
    for ty, codes in ((2, [4103, 2001, 4103]), (3, [2001, 4103, 2001])):
        box.allow(rule([other.stem], 63, acod=[{"ty": ty, "chty": [3]}]))
        answer = other.create(f"{ae.path}/g/fopt", "cnt")
        assert answer.rsc == 2000, answer
        assert [r["rsc"] for r in answer.pc["m2m:agr"]["m2m:rsp"]] == codes
    admin.delete(free)


def test_details_in_self_privileges(admin, other):
    """SEC-ACP-25: below a policy its own rules count"""
    for chty, rsc in (([23], 2001), ([3], 4103)):
        pvs = {"acr": [rule(["CAdmin"]), rule([other.stem], 63, acod=[{"chty": chty}])]}
        acp = admin.create("cse-in", "acp", pv={}, pvs=pvs)["ri"]
        assert other.create(acp, "sub", nu=[other.stem]).rsc == rsc
        admin.delete(acp)


@pytest.mark.parametrize("acod", [
    [], {}, None, "x", [{}], [1], [None], [{"chty": []}], [{"chty": None}], [{"chty": 3}],
    [{"chty": ["3"]}], [{"chty": [0]}], [{"chty": [-3]}], [{"chty": [3.0]}], [{"chty": [999999]}],
    [{"ty": 3}], [{"ty": "3", "chty": [3]}], [{"ty": None, "chty": [3]}], [{"chty": [3], "x": 1}],
    [{"chty": [3], "spty": {}}], [{"chty": [3], "spty": 1001}], [{"chty": [3], "spty": {"mgd": 0}}],
    [{"chty": [3], "spty": {"mgd": 1001, "cnd": "x"}}], [{"chty": [3]}, {"ty": 2}]], ids=repr)
def test_what_is_no_object_detail(box, acod):
    """spec: TS-0004 6.3.5.27: childResourceType is mandatory"""
    box.refuses(rule(["all"], 63, acod=acod))


# ---- proof of identity ----


@pytest.fixture(scope="module")
def two_doors(tmp_path_factory):
    """A server with a listener that is trusted and one that is not: no other proof is built."""
    with Server(tmp_path_factory.mktemp("doors") / "data", "--unauthenticated", "open", store="mem",
                listen=("http://127.0.0.1:0,trusted", "http://127.0.0.1:0,untrusted")) as server:
        yield server


def test_proof_of_identity(two_doors):
    """SEC-ACP-28: the same request is refused where nothing proves who sends it"""
    admin = Client(two_doors.urls[0])
    admin.register("Cae", name="ae")
    for number, (acaf, admitted) in enumerate(((True, False), (False, True), (None, True))):
        more = {} if acaf is None else {"acaf": acaf}
        acp = admin.create("cse-in", "acp", pv={"acr": [rule(["Cae"], 63, **more)]},
                           pvs={"acr": [rule(["CAdmin"]), rule(["Cae"], 2, **more)]})
        assert acp.rsc == 2001, acp
        path = f"cse-in/c{number}"
        assert admin.create("cse-in", "cnt", rn=f"c{number}", acpi=[acp["ri"]]).rsc == 2001
        trusted, untrusted = [Client(url, "Cae") for url in two_doors.urls]
        assert trusted.retrieve(path).rsc == 2000
        assert trusted.retrieve(acp["ri"]).rsc == 2000
        for _ in range(2):
            assert untrusted.retrieve(path).rsc == (2000 if admitted else 4103)
            assert untrusted.retrieve(acp["ri"]).rsc == (2000 if admitted else 4103)
            assert untrusted.create(path, "cin", con="x").rsc == (2001 if admitted else 4103)
            assert untrusted.update(path, "cnt", lbl=["x"]).rsc == (2004 if admitted else 4103)
            assert (path in untrusted.discover("cse-in")) == admitted
            assert trusted.retrieve(path).rsc == 2000


@pytest.mark.parametrize("acaf", [None, 1, 0, "true", "false", [], {}], ids=repr)
def test_what_is_no_flag(box, acaf):
    """spec: TS-0004 6.3.5.27: a boolean"""
    box.refuses(rule(["all"], 63, acaf=acaf))


# ---- points elsewhere ----

POINTS = ["/id-in/cse-in/x"]
EMPTY, SOME = {}, {"acr": [rule(["all"], 2)]}


@pytest.mark.parametrize("given, pv, rsc", [
    (("adri", "apri"), EMPTY, 4000), (("adri", "apri"), SOME, 4000),
    (("adri", "apri", "airi"), EMPTY, 4000), (("adri",), SOME, 4000), (("apri",), SOME, 4000),
    (("adri", "airi"), SOME, 4000), (("adri",), EMPTY, 5001), (("apri",), EMPTY, 5001),
    (("airi",), EMPTY, 5001), (("airi",), SOME, 5001)], ids=repr)
def test_points_of_distributed_authorisation(admin, ae, given, pv, rsc):
    """SEC-ACP-36 spec: TS-0001 9.6.2.0: not both, and not beside rules; the rest is not built, and
    what is not enforced is not stored"""
    points = {name: POINTS for name in given}
    pvs = {"acr": [rule(["CAdmin"])]}
    assert admin.create(ae.path, "acp", rn="p", pv=pv, pvs=pvs, **points).rsc == rsc
    assert admin.retrieve(f"{ae.path}/p").rsc == 4004
    assert admin.create(ae.path, "acp", rn="p", pv=pv, pvs=pvs).rsc == 2001
    before = admin.retrieve(f"{ae.path}/p").res
    assert admin.update(f"{ae.path}/p", "acp", **points).rsc == rsc, "beside the rules as stored"
    assert admin.update(f"{ae.path}/p", "acp", pv=pv, **points).rsc == rsc
    assert admin.retrieve(f"{ae.path}/p").res == before


# ---- everything together ----

CONTEXTS = [None, [{"acip": {"ipv4": ["127.0.0.0/8"]}}], [{"acip": {"ipv4": ["10.0.0.0/8"]}}],
            [{"actw": ["* * * * * * 2000"]}, {"actw": ["* * * * * * 2020-9999"]}],
            [{"actw": ["* * * * * * *"], "aclr": {"accc": ["DE"]}}]]
DETAILS = [None, [{"chty": [3]}], [{"chty": [4]}, {"ty": 2, "chty": [3]}], [{"ty": 3, "chty": [3, 4]}]]


def test_all_combinations(box, other):
    """SEC-CTX-07 SEC-ACP-27 SEC-ACP-28: what the server grants is what the model grants"""
    us = int((model.datetime.now(model.timezone.utc) - model.EPOCH).total_seconds() * 1e6)
    outcomes = set()
    for acco, acod, acaf, entry in itertools.product(CONTEXTS, DETAILS, (None, True),
                                                     (other.stem, "Cnobody", "/id-in/Cother*")):
        one = rule([entry], CREATE | RETRIEVE, **{name: value for name, value in (
            ("acco", acco), ("acod", acod), ("acaf", acaf)) if value is not None})
        box.allow(one)
        for privilege, created, answer in (
                (RETRIEVE, 0, other.retrieve(box.path)), (CREATE, 3, other.create(box.path, "cnt")),
                (CREATE, 4, other.create(box.path, "cin", con="x"))):
            want = model.permits([one], model.Request(
                privilege, fr=other.stem, us=us, ip="127.0.0.1", authenticated=True, target=3,
                created=created))
            assert answer.rsc == ({0: 2000}.get(created, 2001) if want else 4103), (one, answer)
            outcomes.add((privilege, created, want))
    assert len(outcomes) == 6
