"""Decisions: which rules protect a resource, in which order a request is judged, and how soon a
change counts.

spec: TS-0004 7.3.3.15, 7.2.2.2; TS-0001 9.6.1.3.2
"""

import json
import socket
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from lib.onem2m import Client, grant, parts
from lib.server import eventually
from lib.together import together
from raw_http import parse_answers

SGN = {"m2m:sgn": {"sur": "/id-in/none", "sud": True}}
VERIFICATION = {"m2m:sgn": {"sur": "/id-in/none", "vrq": True, "cr": "CAdmin"}}


def rules(*given):
    return {"acr": [{"acor": list(o), "acop": op} for o, op in given]}


def stamp(seconds):
    """m2m:timestamp that many seconds from now, and the same as Unix time."""
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return at.strftime("%Y%m%dT%H%M%S,%f"), at.timestamp()


# ---- who may change accessControlPolicyIDs ----


def test_self_privileges_govern_changes_of_acpi(admin, ae, other):
    """SEC-ACP-05 spec: TS-0001 9.6.1.3.2"""
    acp = grant(admin, ([other.stem], 63), self_rules=[(["CAdmin"], 63), ([ae.stem], 63)])
    new = grant(admin, (["all"], 63))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert other.update(f"{ae.path}/c", "cnt", lbl=["x"]).rsc == 2004
    for acpi in ([new], [acp, new], [acp], [], None):
        answer = other.update(f"{ae.path}/c", "cnt", acpi=acpi)
        assert answer.rsc == 4103, (acpi, answer)
    assert admin.retrieve(f"{ae.path}/c")["acpi"] == [acp]
    assert ae.update(f"{ae.path}/c", "cnt", lbl=["y"]).rsc == 4103, "pvs is not pv"
    assert ae.update(f"{ae.path}/c", "cnt", acpi=[acp, new]).rsc == 2004
    assert admin.retrieve(f"{ae.path}/c")["acpi"] == [acp, new]


@pytest.mark.parametrize("operations, rsc", [(4, 2004), (63, 2004), (59, 4103), (2, 4103)])
def test_only_the_update_bit_of_self_privileges_counts(admin, ae, other, operations, rsc):
    """SEC-ACP-05"""
    acp = grant(admin, self_rules=[([other.stem], operations)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert other.update(f"{ae.path}/c", "cnt", acpi=[acp]).rsc == rsc


@pytest.mark.parametrize("order", [0, 1])
def test_one_policy_of_several_is_enough_for_acpi(admin, ae, other, order):
    """SEC-ACP-06"""
    one = grant(admin, self_rules=[([other.stem], 4)])
    two = grant(admin, ([other.stem], 2), self_rules=[(["CAdmin"], 63)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[one, two] if order else [two, one]).rsc == 2001
    assert other.update(f"{ae.path}/c", "cnt", acpi=[two]).rsc == 2004
    assert other.update(f"{ae.path}/c", "cnt", acpi=[one]).rsc == 4103, "its rule is gone now"


@pytest.mark.parametrize("more", [{"lbl": ["x"]}, {"lbl": None}, {"mni": 5}, {"et": None}])
def test_acpi_stands_alone(admin, ae, more):
    """SEC-ACP-07 spec: TS-0001 9.6.1.3.2"""
    acp = grant(admin, ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp], lbl=["a"]).rsc == 2001
    before = ae.retrieve(f"{ae.path}/c").res
    for acpi in ([acp], [], None):
        answer = ae.update(f"{ae.path}/c", "cnt", acpi=acpi, **more)
        assert answer.rsc == 4000, answer
    assert ae.retrieve(f"{ae.path}/c").res == before


def test_acpi_with_others_in_release_2(own):
    """SEC-ACP-07 the other profile: both privileges are needed then."""
    admin = Client(own("--profile", "r2").url)
    ae, user, owner = (admin.register(f"C{name}", name=name) for name in ("ae", "user", "owner"))
    acp = grant(admin, (["Cuser"], 4), (["Cae"], 4), self_rules=[(["Cowner"], 4), (["Cae"], 4)])
    assert ae.create("cse-in/ae", "cnt", rn="c", acpi=[acp]).rsc == 2001
    change = {"acpi": [acp], "lbl": ["x"]}
    assert user.update("cse-in/ae/c", "cnt", **change).rsc == 4103
    assert owner.update("cse-in/ae/c", "cnt", **change).rsc == 4103
    assert owner.update("cse-in/ae/c", "cnt", acpi=[acp]).rsc == 2004
    assert ae.update("cse-in/ae/c", "cnt", **change).rsc == 2004


def test_first_acpi_of_a_resource(admin, ae, other):
    """SEC-DEC-13: while there is none, its creator sets it"""
    everything = grant(admin, (["all"], 63), self_rules=[(["all"], 63)])
    assert ae.update(ae.path, "ae", acpi=[everything]).rsc == 2004
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert other.update(f"{ae.path}/c", "cnt", acpi=[everything]).rsc == 4103
    assert ae.update(f"{ae.path}/c", "cnt", acpi=[everything]).rsc == 2004
    assert other.update(f"{ae.path}/c", "cnt", acpi=None).rsc == 2004, "pvs says all"
    assert other.retrieve(f"{ae.path}/c").rsc == 4103
    assert ae.retrieve(f"{ae.path}/c").rsc == 2000


def test_references_must_be_policies(admin, ae):
    """SEC-ACP-37"""
    acp = grant(admin, ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    wrong = [f"{ae.path}/c", ae.path, ae.stem, "cse-in", "-", f"{ae.path}/none", "acpnone",
             f"{ae.path}/c/la", f"/id-in/{ae.stem}"]
    for reference in wrong:
        for acpi in ([reference], [acp, reference], [reference, acp]):
            assert ae.create(ae.path, "cnt", rn="d", acpi=acpi).rsc == 4000, acpi
            assert ae.update(f"{ae.path}/c", "cnt", acpi=acpi).rsc == 4000, acpi
    assert ae.retrieve(f"{ae.path}/c")["acpi"] == [acp]
    assert admin.retrieve(f"{ae.path}/d").rsc == 4004


@pytest.mark.parametrize("reference", ["/id-other/acp1", "/id-other/cse/acp", "//far.example/x/acp"])
def test_policies_that_cannot_be_asked_for_are_refused(admin, ae, reference):
    """SEC-DEC-05: what could not be evaluated is not stored"""
    acp = grant(admin, (["all"], 63))
    for acpi in ([reference], [acp, reference]):
        assert ae.create(ae.path, "cnt", rn="c", acpi=acpi).rsc == 4000, acpi
        assert admin.retrieve(f"{ae.path}/c").rsc == 4004


@pytest.mark.parametrize("reference", ["", "//", "//x", "a b", "a//b", "\u00e4", "../acp", "a/../b",
                                       "acp?x", "acp#x", "http://127.0.0.1/acp"])
def test_references_that_are_no_identifiers(admin, ae, reference):
    """SEC-ACP-37"""
    assert ae.create(ae.path, "cnt", rn="c", acpi=[reference]).rsc == 4000
    assert admin.retrieve(f"{ae.path}/c").rsc == 4004


@pytest.mark.parametrize("spelling", ["{ri}", "-/{rn}", "cse-in/{rn}", "/id-in/{ri}",
                                      "/id-in/cse-in/{rn}", "/id-in/-/{rn}",
                                      "//merlon.example/id-in/{ri}",
                                      "//merlon.example/id-in/cse-in/{rn}"])
def test_every_spelling_of_a_reference(admin, ae, other, spelling):
    """spec: TS-0001 7.2: identifiers of resources"""
    acp = admin.retrieve(grant(admin, ([other.stem], 2))).res
    acpi = [spelling.format(**acp)]
    created = ae.create(ae.path, "cnt", rn="c", acpi=acpi)
    assert created.rsc == 2001 and created["acpi"] == acpi
    assert other.retrieve(f"{ae.path}/c").rsc == 2000
    assert other.update(f"{ae.path}/c", "cnt", lbl=[]).rsc == 4103
    assert admin.delete(acp["ri"]).rsc == 2002
    assert other.retrieve(f"{ae.path}/c").rsc == 4103


def test_references_that_lead_nowhere(admin, ae, other):
    """SEC-ACP-22: no policy left means nobody, not the default; the administrator repairs it"""
    acp = grant(admin, (["all"], 63), self_rules=[(["all"], 63)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", con="x").rsc == 2001
    assert other.retrieve(f"{ae.path}/c").rsc == 2000
    assert admin.delete(acp).rsc == 2002
    for client in (ae, other):
        assert client.retrieve(f"{ae.path}/c").rsc == 4103
        assert client.retrieve(f"{ae.path}/c/la").rsc == 4103
        assert client.create(f"{ae.path}/c", "cin", con="y").rsc == 4103
        assert client.update(f"{ae.path}/c", "cnt", lbl=["x"]).rsc == 4103
        assert client.update(f"{ae.path}/c", "cnt", acpi=None).rsc == 4103
        assert client.delete(f"{ae.path}/c").rsc == 4103
        assert client.discover(f"{ae.path}") == []
    assert admin.retrieve(f"{ae.path}/c")["acpi"] == [acp]
    assert admin.update(f"{ae.path}/c", "cnt", acpi=None).rsc == 2004
    assert ae.retrieve(f"{ae.path}/c/la").rsc == 2000


def test_an_ae_that_locks_itself_out(admin, ae):
    """spec: TS-0001 9.6.1.3.2: with acpi set no hidden rights are added, not even for the AE"""
    acp = grant(admin, (["Cnobody"], 63))
    assert ae.update(ae.path, "ae", acpi=[acp]).rsc == 2004
    assert ae.retrieve(ae.path).rsc == 4103
    assert ae.create(ae.path, "cnt").rsc == 4103
    assert ae.delete(ae.path).rsc == 4103


# ---- which rules protect a resource ----

KINDS = {
    "ae": lambda c, parent, **a: c.register(f"C{parent[-6:]}sub", name="x", **a),
    "cnt": lambda c, parent, **a: c.create(parent, "cnt", rn="x", **a),
    "grp": lambda c, parent, **a: c.create(parent, "grp", rn="x", mnm=3, mid=[], **a),
    "sub": lambda c, parent, **a: c.create(parent, "sub", rn="x", nu=[c.originator], **a),
}


@pytest.mark.parametrize("kind", ["cnt", "grp", "sub"])
def test_own_policy(admin, ae, other, kind):
    """spec: TS-0001 9.6.1.3.2: the policies that the resource refers to, not those around it"""
    around = grant(admin, ([ae.stem], 63), ([other.stem], 63), self_rules=[([ae.stem], 63)])
    acp = grant(admin, ([other.stem], 2))
    assert ae.update(ae.path, "ae", acpi=[around]).rsc == 2004
    created = KINDS[kind](ae, ae.path, acpi=[acp])
    assert created.rsc == 2001, created
    for address in (f"{ae.path}/x", created["ri"]):
        assert other.retrieve(address).rsc == 2000
        assert other.update(address, kind, lbl=["x"]).rsc == 4103
        assert other.delete(address).rsc == 4103
        assert ae.retrieve(address).rsc == 4103, "the creator has no rights beside the policy"


@pytest.mark.parametrize("kind", ["cnt", "grp", "sub"])
def test_without_a_policy_the_creator_alone(admin, ae, other, kind):
    """SEC-ACP-20 SEC-ACP-21 spec: TS-0001 9.6.1.3.2"""
    around = grant(admin, ([ae.stem], 63), ([other.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.update(ae.path, "ae", acpi=[around]).rsc == 2004
    assert KINDS[kind](other, ae.path).rsc == 2001
    for client, rsc in ((ae, 4103), (other, 0)):
        assert client.retrieve(f"{ae.path}/x").rsc == (rsc or 2000)
        assert client.update(f"{ae.path}/x", kind, lbl=["x"]).rsc == (rsc or 2004)
        found = client.discover(ae.path)
        assert (f"{ae.path}/x" in found) == (client is other)
        assert client.delete(f"{ae.path}/x").rsc == (rsc or 2002)


def test_an_ae_without_a_policy(ae, other):
    """SEC-ACP-20: the AE is its own creator"""
    assert ae.retrieve(ae.path).rsc == 2000
    assert ae.update(ae.path, "ae", lbl=["mine"]).rsc == 2004
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert other.retrieve(ae.path).rsc == 4103
    assert other.update(ae.path, "ae", lbl=["yours"]).rsc == 4103
    assert other.create(ae.path, "cnt").rsc == 4103
    assert other.delete(ae.path).rsc == 4103
    assert other.notify(ae.path, SGN).rsc == 4103


def test_an_empty_list_is_no_policy(ae):
    """spec: TS-0004 6.3.3, m2m:listOfURIs: at least one; what has no policy has no attribute"""
    assert ae.create(ae.path, "cnt", rn="c", acpi=[]).rsc == 4000
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.update(f"{ae.path}/c", "cnt", acpi=[]).rsc == 4000
    assert "acpi" not in ae.retrieve(f"{ae.path}/c").res


def test_nodes(admin, ae, other):
    """spec: TS-0001 9.6.18: <node> stands below the <CSEBase>, which the administrator provisions"""
    acp = grant(admin, ([other.stem], 2))
    name = f"n{ae.stem}"
    assert ae.create("cse-in", "nod", ni="urn:n").rsc == 4103
    assert admin.create("cse-in", "nod", rn=name, ni=f"urn:{name}", acpi=[acp]).rsc == 2001
    assert other.retrieve(f"cse-in/{name}").rsc == 2000
    assert ae.retrieve(f"cse-in/{name}").rsc == 4103
    assert admin.update(f"cse-in/{name}", "nod", acpi=None).rsc == 2004
    assert other.retrieve(f"cse-in/{name}").rsc == 4103
    assert admin.delete(f"cse-in/{name}").rsc == 2002


def test_instances_follow_their_container(admin, ae, other):
    """SEC-ACP-19 spec: TS-0001 9.6.7"""
    acp = grant(admin, ([other.stem], 1), ([ae.stem], 63))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    created = other.create(f"{ae.path}/c", "cin", rn="i", con="x")
    assert created.rsc == 2001
    addresses = [f"{ae.path}/c/i", f"{ae.path}/c/la", f"{ae.path}/c/ol", created["ri"],
                 f"/id-in/{created['ri']}"]
    for address in addresses:
        assert other.retrieve(address).rsc == 4103, "its creator is of no importance"
        assert other.delete(address).rsc == 4103
        assert ae.retrieve(address).rsc == 2000
    for operations in (2, 34, 8):
        admin.update(acp, "acp", pv=rules(([other.stem], operations)))
        for address in addresses:
            assert other.retrieve(address).rsc == (2000 if operations & 2 else 4103)
        assert other.discover(f"{ae.path}/c") == ([f"{ae.path}/c/i"] if operations & 32 else [])
    assert other.delete(f"{ae.path}/c/la").rsc == 2002


def test_instances_in_a_container_without_policy(ae, other):
    """SEC-ACP-19 SEC-ACP-20"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", rn="i", con="x").rsc == 2001
    for address in (f"{ae.path}/c/i", f"{ae.path}/c/la", f"{ae.path}/c/ol"):
        assert ae.retrieve(address).rsc == 2000
        assert other.retrieve(address).rsc == 4103


def test_no_rights_on_ancestors_are_needed(admin, ae, other):
    """spec: TS-0004 7.3.3.15: the policy of the target counts"""
    acp = grant(admin, ([other.stem], 63))
    path = ae.path
    for name in ("a", "b", "c"):
        assert ae.create(path, "cnt", rn=name).rsc == 2001
        path += f"/{name}"
    assert ae.create(path, "cnt", rn="open", acpi=[acp]).rsc == 2001
    assert other.retrieve(f"{path}/open").rsc == 2000
    assert other.create(f"{path}/open", "cin", con="x").rsc == 2001
    assert other.retrieve(path).rsc == 4103
    assert other.discover(ae.path) == [f"{path}/open", *other.discover(f"{path}/open")]


def test_the_base(ae, admin, other):
    """spec: TS-0001 9.6.3: without acpi, registered entities may look at it"""
    assert ae.retrieve("cse-in").rsc == 2000
    assert ae.create("cse-in", "cnt").rsc == 4103
    assert ae.create("cse-in", "grp", mnm=1, mid=[]).rsc == 4103
    assert ae.create("cse-in", "sub", nu=[ae.stem]).rsc == 4103
    assert ae.notify("cse-in", SGN).rsc == 4103
    assert admin.notify("cse-in", VERIFICATION).rsc == 2000
    assert ae.As("Cunknown").retrieve("cse-in").rsc == 4106
    assert ae.update("cse-in", "cb", lbl=["x"]).rsc == 4005
    assert ae.delete("cse-in").rsc == 4005


def test_creator_after_a_restart(own, receiver):
    """SEC-ACP-23: also for types that do not show a creator"""
    server = own()
    client = Client(server.url)
    ae, other = client.register("Cae", name="ae"), client.register("Cother", name="other")
    acp = grant(client, (["all"], 63), self_rules=[(["all"], 63)])
    assert ae.update("cse-in/ae", "ae", acpi=[acp]).rsc == 2004
    for kind, more in (("cnt", {}), ("grp", {"mnm": 1, "mid": []}), ("sub", {"nu": [receiver.url]})):
        assert other.create("cse-in/ae", kind, rn=kind, **more).rsc == 2001, kind
    assert other.create("cse-in/ae/cnt", "cin", rn="i", con="x").rsc == 2001
    server.restart()
    ae, other = Client(server.url, "Cae"), Client(server.url, "Cother")
    for path in ("cnt", "cnt/i", "cnt/la", "grp", "sub"):
        assert other.retrieve(f"cse-in/ae/{path}").rsc == 2000, path
        assert ae.retrieve(f"cse-in/ae/{path}").rsc == 4103, path
    assert other.delete("cse-in/ae/cnt").rsc == 2002


def test_release_2_inherits(own):
    """SEC-ACP-21 the profile of Release 2: the default is the policy of the parent"""
    admin = Client(own("--profile", "r2").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    third = admin.register("Cthird", name="third")
    acp = grant(admin, (["Cother"], 2), (["Cae"], 63), self_rules=[(["Cae"], 63)])
    own_acp = grant(admin, (["Cthird"], 2))
    assert ae.update("cse-in/ae", "ae", acpi=[acp]).rsc == 2004
    assert ae.create("cse-in/ae", "cnt", rn="a").rsc == 2001
    assert ae.create("cse-in/ae/a", "cnt", rn="b").rsc == 2001
    assert ae.create("cse-in/ae/a/b", "cin", rn="i", con="x").rsc == 2001
    assert ae.create("cse-in/ae/a", "cnt", rn="own", acpi=[own_acp]).rsc == 2001
    for path in ("a", "a/b", "a/b/i", "a/b/la"):
        assert other.retrieve(f"cse-in/ae/{path}").rsc == 2000, path
        assert other.delete(f"cse-in/ae/{path}").rsc == 4103, path
        assert third.retrieve(f"cse-in/ae/{path}").rsc == 4103, path
    assert other.retrieve("cse-in/ae/a/own").rsc == 4103
    assert third.retrieve("cse-in/ae/a/own").rsc == 2000
    assert other.update("cse-in/ae/a", "cnt", acpi=[own_acp]).rsc == 4103
    assert ae.update("cse-in/ae/a", "cnt", acpi=[own_acp]).rsc == 2004
    assert other.retrieve("cse-in/ae/a/b").rsc == 4103, "the chain goes through a now"
    assert third.retrieve("cse-in/ae/a/b").rsc == 2000


# ---- subscriptions, notifications, deletion ----


@pytest.mark.parametrize("operations, rsc", [(1, 4103), (2, 4103), (3, 2001), (62, 4103),
                                             (61, 4103), (63, 2001)])
def test_a_subscriber_must_be_able_to_read(admin, ae, other, operations, rsc):
    """SEC-ACP-35 spec: TS-0004 7.4.8.2.1"""
    acp = grant(admin, ([other.stem], operations))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert other.create(f"{ae.path}/c", "sub", rn="s", nu=[other.stem]).rsc == rsc
    assert admin.retrieve(f"{ae.path}/c/s").rsc == (2000 if rsc == 2001 else 4004)


@pytest.mark.parametrize("operations, rsc", [(1, 4103), (2, 4103), (3, 2001)])
def test_subscriptions_on_a_policy(admin, other, operations, rsc):
    """SEC-ACP-35: below a policy its selfPrivileges count, with both rights"""
    acp = grant(admin, ([other.stem], 63), self_rules=[([other.stem], operations)])
    assert other.create(acp, "sub", nu=[other.stem]).rsc == rsc


def test_deletion_takes_children_along(admin, ae, other):
    """SEC-ACP-30 spec: TS-0004 7.3.3.8"""
    closed = grant(admin, (["Cnobody"], 63))
    deletes = grant(admin, ([other.stem], 8))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[deletes]).rsc == 2001
    assert admin.create(f"{ae.path}/c", "cnt", rn="d", acpi=[closed]).rsc == 2001
    assert admin.create(f"{ae.path}/c/d", "cin", rn="i", con="x").rsc == 2001
    inner = admin.retrieve(f"{ae.path}/c/d/i")["ri"]
    assert other.delete(f"{ae.path}/c/d").rsc == 4103
    assert other.retrieve(f"{ae.path}/c").rsc == 4103
    assert other.delete(f"{ae.path}/c").rsc == 2002
    for address in (f"{ae.path}/c", f"{ae.path}/c/d", f"{ae.path}/c/d/i", inner):
        assert admin.retrieve(address).rsc == 4004, address


def test_notify_to_an_ae(admin, other, receiver):
    """SEC-ACP-42 spec: TS-0004 7.3.3.9.1"""
    stem = f"Cn{other.stem}"
    acp = grant(admin, ([other.stem], 63 - 16), ([stem], 63))
    target = admin.register(stem, name=stem, poa=[receiver.url], acpi=[acp])
    assert other.notify(f"cse-in/{stem}", SGN).rsc == 4103
    assert receiver.all.empty(), "the AE is not contacted"
    admin.update(acp, "acp", pv=rules(([other.stem], 16), ([stem], 63)))
    assert other.notify(f"cse-in/{stem}", SGN).rsc == 2000
    assert receiver.all.get(timeout=10).headers["X-M2M-Origin"] == other.stem
    assert target.delete(f"cse-in/{stem}").rsc == 2002


# ---- what lists show ----


@pytest.fixture
def family(admin, ae, other):
    """Containers below cse-in/<ae>/f whose policies give `other` what their names say."""
    rights = {"none": 61 - 32, "reads": 2, "finds": 32, "both": 34, "all": 63}
    acps = {name: grant(admin, ([other.stem], bits)) for name, bits in rights.items()}
    path = f"{ae.path}/f"
    assert ae.create(ae.path, "cnt", rn="f", acpi=[acps["both"]]).rsc == 2001
    for name in rights:
        assert admin.create(path, "cnt", rn=name, acpi=[acps[name]]).rsc == 2001
        assert admin.create(f"{path}/{name}", "cin", rn="i", con=name).rsc == 2001
        assert admin.create(f"{path}/{name}", "cnt", rn="deep", acpi=[acps["both"]]).rsc == 2001
    return path


def test_discovery_shows_what_may_be_discovered(other, family):
    """SEC-ACP-24 spec: TS-0001 10.2.6"""
    names = ("none", "reads", "finds", "both", "all")
    wanted = [f"{family}/{name}{rest}" for name in names
              for rest in ("", "/i", "/deep") if rest == "/deep" or name in names[2:]]
    assert sorted(other.discover(family)) == sorted(wanted)
    for name in names:
        readable = name in ("reads", "both", "all")
        assert other.retrieve(f"{family}/{name}").rsc == (2000 if readable else 4103)
    assert other.discover(family, ty=4) == [f"{family}/{n}/i" for n in names[2:]]
    assert other.discover(f"{family}/none") == [f"{family}/none/deep"], "no right on the root"


@pytest.mark.parametrize("usage", ["fu=1", "rcn=11"])
def test_discovery_of_nothing_is_no_error(admin, ae, other, usage):
    """SEC-ACP-24 spec: TS-0001 10.2.6: the result may be empty"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    query = {"fu": 1} if usage == "fu=1" else {"fu": 1, "rcn": 11}
    answer = other.retrieve(ae.path, query=query)
    assert answer.rsc == 2000 and answer.pc == {"m2m:uril": []}
    assert admin.discover(ae.path) == [f"{ae.path}/c"]


def names_in(nested):
    return {child["rn"]: child for child in nested.get("m2m:cnt", [])}


@pytest.mark.parametrize("rcn", [4, 8])
def test_nested_children_must_be_readable(other, family, rcn):
    """SEC-ACP-41 spec: TS-0001 8.1.2"""
    shown = other.retrieve(family, query={"rcn": rcn})
    assert shown.rsc == 2000
    children = names_in(shown.res)
    assert set(children) == {"reads", "both", "all"}
    for child in children.values():
        assert child["m2m:cin"][0]["rn"] == "i"
        assert set(names_in(child)) == {"deep"}
    assert "finds" not in shown.text and '"none"' not in shown.text


@pytest.mark.parametrize("rcn", [5, 6])
def test_references_must_be_readable(other, family, rcn):
    """SEC-ACP-41 spec: TS-0001 8.1.2"""
    shown = other.retrieve(family, query={"rcn": rcn})
    assert shown.rsc == 2000
    references = shown.res["ch"] if rcn == 5 else shown.res["rrf"]
    direct = {r["nm"] for r in references if r["typ"] == 3 and r["nm"] != "deep"}
    assert direct == {"reads", "both", "all"}
    assert {r["val"] for r in references if r["typ"] == 4} == {
        f"{family}/{name}/i" for name in ("reads", "both", "all")}


@pytest.mark.parametrize("rcn", [4, 5, 6, 8])
def test_what_a_deletion_shows(admin, ae, other, rcn):
    """SEC-ACP-41: the children in the answer to a DELETE are checked like those of a RETRIEVE"""
    opened, closed = grant(admin, ([other.stem], 63)), grant(admin, ([other.stem], 61))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[opened]).rsc == 2001
    assert admin.create(f"{ae.path}/c", "cnt", rn="open", acpi=[opened]).rsc == 2001
    assert admin.create(f"{ae.path}/c", "cnt", rn="closed", acpi=[closed]).rsc == 2001
    answer = other.delete(f"{ae.path}/c", query={"rcn": rcn})
    assert answer.rsc == 2002
    assert '"open"' in answer.text and "closed" not in answer.text


# ---- the order of checks ----


BROKEN = [{"m2m:cnt": {"foo": 1}}, {"m2m:cnt": {"mni": "x"}}, {"m2m:cnt": []}, {"m2m:cnt": None},
          {"m2m:cnt": {"rn": "a b"}}, {"m2m:cnt": {"acpi": ["none"]}}, {"m2m:foo": {}},
          {"m2m:cnt": {"et": "20000101T000000"}}, {"m2m:cnt": {"ty": 3}}]


@pytest.mark.parametrize("body", BROKEN, ids=str)
def test_rights_before_the_representation(admin, ae, other, body):
    """SEC-DEC-02 spec: TS-0004 7.2.2.2: Recv-6.3 before Recv-6.4"""
    acp = grant(admin, ([other.stem], 2), ([ae.stem], 63))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert other.create(f"{ae.path}/c", "cnt", content=body).rsc == 4103
    assert ae.create(f"{ae.path}/c", "cnt", content=body).rsc == 4000
    assert other.update(f"{ae.path}/c", "cnt", content=body).rsc == 4103
    if "acpi" not in str(body):
        assert ae.update(f"{ae.path}/c", "cnt", content=body).rsc == 4000


def test_existence_before_rights(ae, other):
    """SEC-DEC-03 spec: TS-0004 7.2.2.2: Recv-6.2 before Recv-6.3"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    for path in (f"{ae.path}/none", f"{ae.path}/c/none", f"{ae.path}/c/la", "cntnone"):
        assert other.retrieve(path).rsc == 4004, path
        assert other.delete(path).rsc == 4004, path
    for path in (f"{ae.path}/none", f"{ae.path}/c/none", "cntnone"):
        assert other.update(path, "cnt", lbl=["x"]).rsc == 4004, path
        assert other.create(path, "cnt").rsc == 4004, path
        assert other.notify(path, SGN).rsc == 4004, path
        assert other.retrieve(path, query={"fu": 1}).rsc == 4004, path


def test_rights_before_names(admin, ae, other):
    """SEC-DEC-04 spec: TS-0004 7.2.2.2"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert other.create(ae.path, "cnt", rn="c").rsc == 4103
    assert ae.create(ae.path, "cnt", rn="c").rsc == 4105
    assert ae.create(ae.path, "cnt", rn="c", foo=1).rsc == 4000, "the content comes before"
    assert admin.create("cse-in", "cnt", rn=ae.path.split("/")[1]).rsc == 4105


def test_identity_before_everything(ae):
    """spec: TS-0004 7.3.2.1: Recv-1.0 is first"""
    unknown = ae.As("Cunknown")
    assert unknown.retrieve("cse-in/none").rsc == 4106
    assert unknown.create(ae.path, "cnt", content={"m2m:cnt": {"foo": 1}}).rsc == 4106
    assert ae.As("/id-x").retrieve("cse-in/none").rsc == 4107
    assert ae.As(None).retrieve("cse-in/none").rsc == 4000


def test_rights_before_child_types(ae, other):
    """spec: TS-0004 7.2.2.2: Recv-6.3 before Recv-6.4"""
    assert other.create(ae.path, "cin", con="x").rsc == 4103
    assert ae.create(ae.path, "cin", con="x").rsc == 4108


def test_no_token_information(ae, other):
    """SEC-DEC-08: a denial carries a reason and nothing else: no authorization server is known that could be named"""
    answer = other.retrieve(ae.path)
    assert answer.rsc == 4103 and set(answer.pc) == {"m2m:dbg"}
    for tqi in ("false", "0", "true", "1"):
        answer = other.retrieve(ae.path, query={"tqi": tqi})
        assert answer.rsc == 4103 and set(answer.pc) == {"m2m:dbg"}


@pytest.mark.parametrize("name, value", [("rids", "admin@merlon.example"),
                                         ("tids", "t1@merlon.example"), ("ltids", "t1")])
def test_roles_and_tokens_that_nobody_gave(ae, other, name, value):
    """SEC-ACP-18: a Role-ID or a token's name in a request proves nothing by itself"""
    assert other.retrieve(ae.path, query={name: value}).rsc == 4103
    assert ae.retrieve(ae.path, query={name: value}).rsc == 2000


# ---- the option to hide ----


@pytest.fixture
def hidden(own):
    client = Client(own("--hide-unauthorised", "on").url)
    ae, other = client.register("Cae", name="ae"), client.register("Cother", name="other")
    assert ae.create("cse-in/ae", "cnt", rn="c").rsc == 2001
    assert ae.create("cse-in/ae/c", "cin", rn="i", con="x").rsc == 2001
    assert ae.create("cse-in/ae", "grp", rn="g", mnm=2, mid=["cse-in/ae/c"]).rsc == 2001
    return ae, other


def test_hidden_resources_look_absent(hidden):
    """security.md 1.6: 4004 for both, with the same words"""
    ae, other = hidden

    def ask(client, path):
        yield client.retrieve(path)
        yield client.retrieve(path, query={"rcn": 4})
        yield client.retrieve(path, query={"fu": 1})
        yield client.update(path, "cnt", lbl=["x"])
        yield client.update(path, "cnt", content={"m2m:cnt": {"foo": 1}})
        yield client.update(path, "cnt", acpi=[])
        yield client.delete(path)
        yield client.notify(path, SGN)
        yield client.create(path, "cnt")
        yield client.create(path, "cnt", content={"m2m:cnt": {"foo": 1}})
        yield client.create(path, "sub", nu=["Cother"])
        yield client.create(path, "ae", api="Nx", rr=False)
        yield client.create(path, 99, content={"m2m:x": {}})

    for absent, present in (("cse-in/ae/none", "cse-in/ae/c"), ("cse-in/ae/c/none", "cse-in/ae/c/i"),
                            ("cse-in/ae/d/la", "cse-in/ae/c/la"), ("cse-in/none", "cse-in/ae"),
                            ("cse-in/ae/h/fopt", "cse-in/ae/g/fopt")):
        for no, yes in zip(ask(other, absent), ask(other, present)):
            assert (no.rsc, no.pc, no.status) == (yes.rsc, yes.pc, yes.status), (present, no, yes)
    assert ae.retrieve("cse-in/ae/c/la").rsc == 2000
    assert ae.update("cse-in/ae/c/i", "cin", lbl=[]).rsc == 4005, "who may see it learns why"
    assert ae.create("cse-in/ae/c/la", "cnt").rsc == 4005


@pytest.mark.parametrize("attribute", ["nu", "su"])
def test_hidden_targets_of_a_subscription(hidden, attribute):
    """security.md 1.6: an <AE> that may not be notified is like one that is not there"""
    _, other = hidden

    def ask(target):
        targets = {"nu": ["Cother"], attribute: [target] if attribute == "nu" else target}
        answer = other.create("cse-in/other", "sub", **targets)
        return answer.rsc, answer.debug.replace(target, "X")

    assert ask("cse-in/ae") == ask("cse-in/none") == ask("cse-in/ae/c")
    assert ask("cse-in/ae")[0] == 4000


def test_hidden_members_of_a_group(hidden):
    """security.md 1.6: also within an aggregated answer"""
    ae, other = hidden
    assert other.create("cse-in/other", "grp", rn="g", mnm=3,
                        mid=["cse-in/ae/c", "cse-in/ae/none", "cse-in/ae/c/i"]).rsc == 2001
    answers = other.retrieve("cse-in/other/g/fopt").pc["m2m:agr"]["m2m:rsp"]
    assert [a["rsc"] for a in answers] == [4004, 4004, 4004]
    assert answers[0]["pc"] == answers[1]["pc"]


def test_discovery_below_hidden_resources(hidden):
    """security.md 1.6: an empty result must not tell that its root exists"""
    ae, other = hidden
    admin = ae.As("CAdmin")
    finds = grant(admin, (["Cother"], 32))
    assert other.retrieve("cse-in/ae/c", query={"fu": 1}).rsc == 4004
    assert ae.create("cse-in/ae/c", "cnt", rn="open", acpi=[finds]).rsc == 2001
    assert other.discover("cse-in/ae/c") == ["cse-in/ae/c/open"]
    assert other.discover("cse-in/ae/c/open") == [], "the root itself may be discovered"
    assert other.retrieve("cse-in/ae/c", query={"fu": 1, "lbl": "x"}).rsc == 4004


# ---- how soon a change counts ----


def test_a_policy_that_expires(admin, ae, other):
    """SEC-ACP-39: from that moment on it grants nothing"""
    acp = grant(admin, ([other.stem], 2))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    text, end = stamp(1.0)
    assert admin.update(acp, "acp", et=text).rsc == 2004
    answers = []
    while not answers or answers[-1][1] == 2000:
        begun = time.time()
        answers.append((begun, other.retrieve(f"{ae.path}/c").rsc))
        assert begun < end + 5
    assert answers[0][1] == 2000 and answers[-1][1] == 4103
    assert all(rsc == 4103 for begun, rsc in answers if begun >= end)
    assert all(rsc == 2000 for begun, rsc in answers[:-1])
    assert ae.retrieve(f"{ae.path}/c").rsc == 4103, "the reference is still set"


def test_the_next_request_is_decided_anew(admin, ae, other):
    """SEC-ACP-39"""
    acp = grant(admin)
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    for turn in range(40):
        admin.update(acp, "acp", pv=rules(([other.stem], 6)) if turn % 2 else {})
        assert other.retrieve(f"{ae.path}/c").rsc == (2000 if turn % 2 else 4103)
        assert other.update(f"{ae.path}/c", "cnt", lbl=[str(turn)]).rsc == (
            2004 if turn % 2 else 4103)


@pytest.mark.threads
def test_no_connection_keeps_an_old_policy(cse, admin, ae, other):
    """SEC-ACP-39: readers and writers on many connections while the policy is switched to and fro

    A request that begins after the answer to the UPDATE and ends before the next UPDATE begins
    must be decided by what that UPDATE said.
    """
    acp = grant(admin)
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    epochs = [(0, time.monotonic(), False)]  # (since, until, permitted)
    seen = []
    is_over = threading.Event()
    done = [threading.Semaphore(0) for _ in range(4)]

    def hammer(number):
        client = Client(cse.url, other.stem)
        while not is_over.is_set():
            begun = time.monotonic()
            answer = client.request(*(("GET", f"{ae.path}/c") if number else
                                      ("PUT", f"{ae.path}/c", {"m2m:cnt": {"lbl": ["x"]}})),
                                    check=False)
            seen.append((begun, time.monotonic(), answer.rsc))
            done[number].release()

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(60):
            permitted = turn % 2 == 0
            answer = admin.update(acp, "acp", pv=rules(([other.stem], 6)) if permitted else {})
            assert answer.rsc == 2004
            since = time.monotonic()
            for semaphore in done * 2:  # the second may have begun after the answer
                assert semaphore.acquire(timeout=30)
            epochs.append((since, time.monotonic(), permitted))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    judged = {True: 0, False: 0}
    for begun, ended, rsc in seen:
        for since, until, permitted in epochs:
            if since <= begun and ended <= until:
                judged[permitted] += 1
                assert (rsc in (2000, 2004)) == permitted, (rsc, permitted)
    assert min(judged.values()) > 20, "the test has seen something"
    assert {rsc for _, _, rsc in seen} == {2000, 2004, 4103}


def test_delayed_requests_are_decided_when_they_are_carried_out(admin, ae, other):
    """SEC-ACP-39: also what was accepted earlier. spec: TS-0001 8.1.2 Operation Execution Time"""
    acp = grant(admin, ([other.stem], 7))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    answers = {}

    def later(name, work):
        text, _ = stamp(1.0)
        answers[name] = work(Client(admin.url, other.stem), {"X-M2M-OET": text}).rsc

    works = {
        "retrieve": lambda c, h: c.retrieve(f"{ae.path}/c", headers=h),
        "create": lambda c, h: c.create(f"{ae.path}/c", "cin", con="x", headers=h),
        "update": lambda c, h: c.update(f"{ae.path}/c", "cnt", lbl=["x"], headers=h),
    }
    threads = [threading.Thread(target=later, args=w) for w in works.items()]
    for thread in threads:
        thread.start()
    time.sleep(0.3)  # they are on their way now; the execution time itself is under test
    assert not answers
    assert admin.update(acp, "acp", pv={}).rsc == 2004
    for thread in threads:
        thread.join()
    assert answers == {"retrieve": 4103, "create": 4103, "update": 4103}
    assert admin.retrieve(f"{ae.path}/c")["cni"] == 0


def policy(name):
    """A request that creates a policy, as bytes."""
    body = json.dumps({"m2m:acp": {"rn": name, "pv": rules((["all", "Cother"], 63)),
                                   "pvs": rules((["all"], 63))}})
    return (f"POST /cse-in?rcn=0 HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: CAdmin\r\nX-M2M-RI: {name}\r\n"
            f"X-M2M-RVI: 3\r\nContent-Type: application/json;ty=1\r\nContent-Length: {len(body)}\r\n\r\n"
            f"{body}").encode()


def fill(url, worker, count, batch=100):
    """Creates so many policies, with many requests on their way at once."""
    where = parts(url)
    with socket.create_connection((where.hostname, where.port), 60) as peer:
        for first in range(0, count, batch):
            peer.sendall(b"".join(policy(f"p{worker}-{i}") for i in range(first, first + batch)))
            received = b""
            while received.count(b"\r\n\r\n") < batch:  # the answers have no content
                piece = peer.recv(65536)
                assert piece, received
                received += piece
            answers, rest = parse_answers(received)
            assert not rest
            assert [a.fields["X-M2M-RSC"] for a in answers] == ["2001"] * batch


def test_many_policies_stored(own):
    """SEC-DEC-12: 100,000 policies change no decision"""
    admin = Client(own("--limit", "connections=1000").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    acp = grant(admin, (["Cother"], 2))
    closed = grant(admin, (["Cnobody"], 63))
    assert ae.create("cse-in/ae", "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert ae.create("cse-in/ae", "cnt", rn="d", acpi=[closed]).rsc == 2001

    together(40, lambda n: fill(admin.url, n, 2500))
    assert admin.retrieve("cse-in/p39-2499").rsc == 2000
    assert other.retrieve("cse-in/ae/c").rsc == 2000
    assert other.update("cse-in/ae/c", "cnt", lbl=["x"]).rsc == 4103
    assert other.retrieve("cse-in/ae/d").rsc == 4103
    assert ae.retrieve("cse-in/ae/c").rsc == 4103
    assert admin.update("cse-in/p0-0", "acp", pv={}).rsc == 2004
    assert admin.update("cse-in/ae/d", "cnt", acpi=["cse-in/p7-1"]).rsc == 2004
    assert other.retrieve("cse-in/ae/d").rsc == 2000
    assert admin.delete("cse-in/p7-1").rsc == 2002
    assert eventually(lambda: other.retrieve("cse-in/ae/d").rsc) == 4103
