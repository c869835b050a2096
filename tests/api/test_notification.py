"""What is notified: events, criteria, and the content of notifications.
spec: TS-0004 7.5.1.2.2, 7.5.1.2.4; TS-0001 9.6.8
"""

import itertools

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver

FUTURE, PAST = "20990101T000000", "20200101T000000"


@pytest.fixture
def cnt(ae):
    """Path of a container of the AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


def subscribe(client, parent, receiver, path="", **attributes):
    """A subscription whose verification has been taken off the receiver's queue."""
    answer = client.create(parent, "sub", nu=[receiver.url + path], **attributes)
    assert answer.rsc == 2001, answer
    assert receiver.verification().is_verification
    return answer


def events(receiver, count):
    return [receiver.next() for _ in range(count)]


# ---- event types and content types ----


def test_update_all_attributes(ae, cnt, receiver):
    """SEC-IMP-07 spec: TS-0004 7.5.1.2.2 step 2.1, 6.3.5.13, 6.3.5.62: From is the hosting CSE"""
    sub = subscribe(ae, cnt, receiver, "/x", enc={"net": [1]}, nct=1)
    updated = ae.update(cnt, "cnt", lbl=["a"], mni=7)
    n = receiver.next()
    assert n.path == "/x"
    assert n.headers["X-M2M-Origin"] == "/id-in"
    assert n.headers["X-M2M-RI"] and n.headers["X-M2M-RVI"] in ("2a", "3", "4")
    kind = n.headers["Content-Type"].split(";")
    assert kind[0] in ("application/json", "application/vnd.onem2m-ntfy+json")
    assert not any(p.strip().startswith("ty=") for p in kind[1:])
    assert n.sgn == {"nev": {"rep": {"m2m:cnt": updated.res}, "net": 1},
                     "sur": f"/id-in/{sub['ri']}", "cr": ae.stem}
    assert updated.res == ae.retrieve(cnt).res


def test_update_modified_attributes(ae, cnt, receiver):
    """spec: TS-0004 7.5.1.2.2: the modified attributes only; the CSE's own changes are some too"""
    assert ae.update(cnt, "cnt", lbl=["old"], mni=3).rsc == 2004
    subscribe(ae, cnt, receiver, nct=2)
    assert ae.update(cnt, "cnt", mbs=1000, lbl=["new"]).rsc == 2004
    rep = receiver.next().rep["m2m:cnt"]
    assert {"mbs": 1000, "lbl": ["new"]}.items() <= rep.items()
    assert set(rep) <= {"mbs", "lbl", "lt", "st"} and "mni" not in rep
    assert rep["lt"] == ae.retrieve(cnt)["lt"] and rep["st"] == ae.retrieve(cnt)["st"]
    # what is deleted is told by null. spec: TS-0004 7.3.3.12
    assert ae.update(cnt, "cnt", lbl=None).rsc == 2004
    rep = receiver.next().rep["m2m:cnt"]
    assert rep["lbl"] is None and "mbs" not in rep


def test_update_resource_id(ae, cnt, receiver):
    subscribe(ae, cnt, receiver, nct=3)
    assert ae.update(cnt, "cnt", lbl=["new"]).rsc == 2004
    n = receiver.next()
    assert n.rep == {"m2m:uri": ae.retrieve(cnt)["ri"]} and n.sgn["nev"]["net"] == 1


@pytest.mark.parametrize("nct", [1, 3])
def test_delete(ae, cnt, receiver, nct):
    """spec: TS-0001 9.6.8: Deletion of the subscribed-to resource"""
    assert ae.update(cnt, "cnt", lbl=["doomed"]).rsc == 2004
    last = ae.retrieve(cnt).res
    sub = subscribe(ae, cnt, receiver, enc={"net": [2]}, nct=nct)
    assert ae.delete(cnt).rsc == 2002
    n = receiver.next()
    assert n.rep == ({"m2m:cnt": last} if nct == 1 else {"m2m:uri": last["ri"]})
    assert n.sgn["nev"]["net"] == 2 and n.sgn["sur"] == f"/id-in/{sub['ri']}"
    assert receiver.nothing(0.1)


@pytest.mark.parametrize("nct", [1, 3])
def test_child_created(ae, cnt, receiver, nct):
    """spec: TS-0001 9.6.8: Creation of a direct child of the subscribed-to resource"""
    subscribe(ae, cnt, receiver, enc={"net": [3]}, nct=nct)
    for kind, attributes in (("cin", {"con": "21.5"}), ("cnt", {"rn": "sub"})):
        child = ae.create(cnt, kind, **attributes)
        n = receiver.next()
        assert n.rep == ({f"m2m:{kind}": child.res} if nct == 1 else {"m2m:uri": child["ri"]})
        assert n.sgn["nev"]["net"] == 3
    assert ae.create(f"{cnt}/sub", "cin", con="grandchild").rsc == 2001
    assert receiver.nothing(0.1)


@pytest.mark.parametrize("nct", [1, 3])
def test_child_deleted(ae, cnt, receiver, nct):
    """spec: TS-0001 9.6.8: Deletion of a direct child; only a direct one"""
    children = [ae.create(cnt, "cin", con="x"), ae.create(cnt, "cnt", rn="sub")]
    assert ae.create(f"{cnt}/sub", "cin", rn="g", con="grandchild").rsc == 2001
    subscribe(ae, cnt, receiver, enc={"net": [4]}, nct=nct)
    assert ae.delete(f"{cnt}/sub/g").rsc == 2002
    assert ae.create(f"{cnt}/sub", "cin", con="goes with its parent").rsc == 2001
    for child in children:
        last = ae.retrieve(f"{cnt}/{child['rn']}").res
        assert ae.delete(f"{cnt}/{child['rn']}").rsc == 2002
        n = receiver.next()
        assert n.rep == ({child.root: last} if nct == 1 else {"m2m:uri": child["ri"]})
        assert n.sgn["nev"]["net"] == 4
    assert receiver.nothing(0.1)


def test_several_event_types(ae, cnt, receiver):
    subscribe(ae, cnt, receiver, enc={"net": [1, 2, 3, 4]})
    assert ae.create(cnt, "cin", rn="i", con="x").rsc == 2001
    assert ae.update(cnt, "cnt", lbl=["x"]).rsc == 2004
    assert ae.delete(f"{cnt}/i").rsc == 2002
    assert ae.delete(cnt).rsc == 2002
    assert [n.sgn["nev"]["net"] for n in events(receiver, 4)] == [3, 1, 4, 2]


def test_without_criteria_updates_are_reported(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.1: the default is Update_of_Resource"""
    subscribe(ae, cnt, receiver)
    subscribe(ae, cnt, receiver, enc={"fo": 2})
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert ae.update(cnt, "cnt", lbl=["x"]).rsc == 2004
    assert [n.sgn["nev"]["net"] for n in events(receiver, 2)] == [1, 1]
    assert receiver.nothing(0.1)


def test_counters_are_no_update(ae, cnt, receiver):
    """An instance changes counters and state tag of its container: no UPDATE was requested."""
    subscribe(ae, cnt, receiver, enc={"net": [1]})
    assert ae.create(cnt, "cin", rn="i", con="x").rsc == 2001
    assert ae.delete(f"{cnt}/i").rsc == 2002
    assert receiver.nothing(0.1)


def test_failed_requests_are_no_events(ae, other, cnt, receiver):
    subscribe(ae, cnt, receiver, enc={"net": [1, 3, 4]})
    assert ae.create(cnt, "cin", con="x", foo=1).rsc == 4000
    assert other.create(cnt, "cin", con="x").rsc == 4103
    assert ae.update(cnt, "cnt", cni=4).rsc == 4000
    assert ae.delete(f"{cnt}/none").rsc == 4004
    assert receiver.nothing(0.1)


def test_a_subscription_does_not_report_itself(ae, cnt, receiver):
    """Lead's reading; the deletion of another subscription is a deleted child."""
    subscribe(ae, cnt, receiver, rn="s", enc={"net": [3, 4]})
    with Receiver() as second:
        subscribe(ae, cnt, second, rn="t", enc={"net": [1]})
        assert receiver.next().rep["m2m:sub"]["rn"] == "t"
        assert ae.delete(f"{cnt}/t").rsc == 2002
        n = receiver.next()
        assert n.sgn["nev"]["net"] == 4 and n.rep["m2m:sub"]["rn"] == "t"
    assert ae.delete(f"{cnt}/s").rsc == 2002
    assert receiver.nothing(0.1)


def test_creator_in_notifications(ae, cnt, receiver):
    """spec: TS-0004 6.3.5.13, 7.4.8.2.1: the creator, where the subscription has one"""
    assert ae.update(ae.path, "ae", poa=[receiver.url]).rsc == 2004
    assert ae.create(cnt, "sub", nu=[ae.stem]).rsc == 2001
    subscribe(ae, cnt, receiver)
    assert ae.update(cnt, "cnt", lbl=["x"]).rsc == 2004
    assert sorted(n.sgn.get("cr", "") for n in events(receiver, 2)) == ["", ae.stem]


# ---- criteria ----


@pytest.mark.parametrize("atr, updates, reported", [
    (["lbl"], [{"lbl": ["1"]}], 1),
    (["lbl"], [{"mni": 1}], 0),
    (["lbl", "mni"], [{"mni": 1}, {"lbl": ["1"]}, {"mbs": 9}, {"mbs": 8, "lbl": ["2"]}], 3),
    (["mni"], [{"mni": 5}, {"mni": None}], 2),
    (["cni"], [{"mni": 5}], 0),
])
def test_attribute_filter(ae, cnt, receiver, atr, updates, reported):
    """spec: TS-0001 table 9.6.8-3 attribute"""
    subscribe(ae, cnt, receiver, enc={"net": [1], "atr": atr})
    for update in updates:
        assert ae.update(cnt, "cnt", **update).rsc == 2004
    for n in events(receiver, reported):
        assert n.sgn["nev"]["net"] == 1
    assert receiver.nothing(0.1)


def test_attribute_filter_is_for_updates_only(ae, cnt, receiver):
    """spec: TS-0001 table 9.6.8-3 attribute: only applicable to updates"""
    subscribe(ae, cnt, receiver, enc={"net": [1, 3], "atr": ["mni"]})
    assert ae.update(cnt, "cnt", lbl=["x"]).rsc == 2004
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.next().sgn["nev"]["net"] == 3


def test_child_type_filter(ae, cnt, receiver):
    """spec: TS-0001 table 9.6.8-3 childResourceType"""
    subscribe(ae, cnt, receiver, enc={"net": [1, 3, 4], "chty": [3, 23]})
    assert ae.create(cnt, "cin", rn="i", con="x").rsc == 2001
    assert ae.create(cnt, "cnt", rn="k").rsc == 2001
    assert ae.delete(f"{cnt}/i").rsc == 2002
    assert ae.delete(f"{cnt}/k").rsc == 2002
    assert ae.update(cnt, "cnt", lbl=["not a child"]).rsc == 2004
    got = [(n.sgn["nev"]["net"], n.rep["m2m:cnt"]["rn"]) for n in events(receiver, 3)]
    assert got == [(3, "k"), (4, "k"), (1, "c")]
    assert receiver.nothing(0.1)


# Conditions on the child that is created: enc, and does an instance of 5 bytes satisfy it.
# spec: TS-0001 table 9.6.8-3, TS-0004 7.3.3.17.1 to .7
CONDITIONS = [
    ({"crb": FUTURE}, True), ({"crb": PAST}, False), ({"cra": PAST}, True), ({"cra": FUTURE}, False),
    ({"ms": PAST}, True), ({"ms": FUTURE}, False), ({"us": FUTURE}, True), ({"us": PAST}, False),
    ({"exb": FUTURE}, True), ({"exb": PAST}, False), ({"exa": PAST}, True), ({"exa": FUTURE}, False),
    ({"sza": 5}, True), ({"sza": 6}, False), ({"szb": 6}, True), ({"szb": 5}, False),
    ({"sza": 4, "szb": 6}, True), ({"sza": 6, "szb": 9}, False),
    ({"crb": FUTURE, "sza": 6}, False), ({"crb": FUTURE, "sza": 6, "fo": 1}, False),
    ({"crb": FUTURE, "sza": 6, "fo": 2}, True), ({"crb": PAST, "sza": 6, "fo": 2}, False),
    ({"sza": 5, "fo": 2}, True), ({"sza": 6, "fo": 2}, False), ({"fo": 2}, True),
]


@pytest.mark.parametrize("conditions, holds", CONDITIONS, ids=str)
def test_conditions_on_the_child(ae, cnt, receiver, conditions, holds):
    """spec: TS-0001 table 9.6.8-3: they apply to the direct child in events about children"""
    subscribe(ae, cnt, receiver, enc={"net": [3], **conditions})
    assert ae.create(cnt, "cin", con="12345").rsc == 2001
    if holds:
        assert receiver.next().sgn["nev"]["net"] == 3
    else:
        assert receiver.nothing(0.1)


@pytest.mark.parametrize("conditions, stored", [
    ({"stb": 2}, [2, 3]), ({"sts": 2}, [1]), ({"stb": 2, "sts": 3}, [2]),
    ({"stb": 3, "sts": 2}, []), ({"stb": 3, "sts": 2, "fo": 2}, [1, 3]), ({"stb": 0}, [1, 2, 3]),
    ({"sza": 1}, []),
], ids=str)
def test_conditions_on_the_subject(ae, cnt, receiver, conditions, stored):
    """spec: TS-0001 table 9.6.8-3, for updates: the resource as it is after the update"""
    assert ae.retrieve(cnt)["st"] == 0
    subscribe(ae, cnt, receiver, enc={"net": [1], **conditions})
    for i in range(3):
        assert ae.update(cnt, "cnt", lbl=[str(i)]).rsc == 2004
    assert [n.rep["m2m:cnt"]["st"] for n in events(receiver, len(stored))] == stored
    assert receiver.nothing(0.1)


# ---- several targets and subscriptions ----


def test_every_target_gets_it(ae, cnt, receiver):
    """spec: TS-0004 7.5.1.2.2 step 2.5: a request for each target"""
    with Receiver() as second:
        nu = [receiver.url + "/a", second.url + "/b", receiver.url + "/c"]
        assert ae.create(cnt, "sub", nu=nu, enc={"net": [3]}).rsc == 2001
        for r, count in ((receiver, 2), (second, 1)):
            for _ in range(count):
                r.verification()
        for i in range(3):
            assert ae.create(cnt, "cin", con=str(i)).rsc == 2001
        at = {"/a": [], "/b": [], "/c": []}
        for n in events(receiver, 6) + events(second, 3):
            at[n.path].append(n.rep["m2m:cin"]["con"])
        assert at == {p: ["0", "1", "2"] for p in at}


def test_every_subscription_gets_it(ae, cnt, receiver):
    subs = [subscribe(ae, cnt, receiver, enc={"net": [3], "chty": [4]}, nct=nct)
            for nct in (1, 3, 1)]
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    got = {n.sgn["sur"] for n in events(receiver, 3)}
    assert got == {f"/id-in/{s['ri']}" for s in subs} and receiver.nothing(0.1)


def test_removed_subscription_is_silent(ae, cnt, receiver):
    subscribe(ae, cnt, receiver, rn="s", enc={"net": [3]})
    assert ae.create(cnt, "cin", con="1").rsc == 2001
    assert receiver.next()
    assert ae.delete(f"{cnt}/s").rsc == 2002
    assert ae.create(cnt, "cin", con="2").rsc == 2001
    assert receiver.nothing(0.1)


def test_no_notification_for_eviction(ae, receiver):
    """Lead's reading: instances that leave by mni, mbs were not deleted by a request."""
    assert ae.create(ae.path, "cnt", rn="m", mni=2).rsc == 2001
    assert ae.create(ae.path, "cnt", rn="b", mbs=10).rsc == 2001
    for name in ("m", "b"):
        subscribe(ae, f"{ae.path}/{name}", receiver, enc={"net": [2, 4]})
        for i in range(5):
            assert ae.create(f"{ae.path}/{name}", "cin", con="12345").rsc == 2001
        assert ae.retrieve(f"{ae.path}/{name}")["cni"] == 2
    assert ae.update(f"{ae.path}/m", "cnt", mni=1).rsc == 2004
    assert receiver.nothing(0.1)


# ---- deletion of what is subscribed to, and of subscriptions ----


def test_deletion_notice(ae, cnt, receiver):
    """spec: TS-0004 7.5.1.2.4: sud and sur, to the subscriberURI"""
    sub = ae.create(cnt, "sub", rn="s", nu=[receiver.url + "/n"], su=receiver.url + "/gone")
    assert sub.rsc == 2001 and receiver.verification().path == "/n"
    assert receiver.nothing(0.05)  # the subscriber is not asked
    assert ae.delete(f"{cnt}/s").rsc == 2002
    n = receiver.next()
    assert n.path == "/gone" and n.headers["X-M2M-Origin"] == "/id-in"
    assert n.sgn == {"sud": True, "sur": f"/id-in/{sub['ri']}"}
    assert receiver.nothing(0.1)


def test_deletion_notice_to_an_ae(ae, cnt, receiver):
    assert ae.update(ae.path, "ae", poa=[receiver.url]).rsc == 2004
    sub = ae.create(cnt, "sub", rn="s", nu=[ae.stem], su=ae.stem)
    assert ae.delete(f"{cnt}/s").rsc == 2002
    n = receiver.next()
    assert n.path == "/" + ae.path and n.sgn == {"sud": True, "sur": f"/id-in/{sub['ri']}"}


@pytest.mark.parametrize("ancestor", ["subject", "parent", "ae"])
def test_deletion_notice_when_an_ancestor_goes(admin, receiver, ancestor):
    """spec: TS-0001 9.6.8: deleted with the subscribed-to resource; TS-0004 7.5.1.2.4"""
    owner = admin.register("C", name=None)
    path = "cse-in/" + owner.retrieve(owner.originator)["rn"]
    assert owner.create(path, "cnt", rn="p").rsc == 2001
    assert owner.create(f"{path}/p", "cnt", rn="c").rsc == 2001
    sub = owner.create(f"{path}/p/c", "sub", nu=[receiver.url], su=receiver.url + "/gone",
                       enc={"net": [2]})
    receiver.verification()
    assert admin.delete({"subject": f"{path}/p/c", "parent": f"{path}/p", "ae": path}[ancestor]
                        ).rsc == 2002
    got = {n.path: n.sgn for n in events(receiver, 2)}
    assert got["/gone"] == {"sud": True, "sur": f"/id-in/{sub['ri']}"}
    assert got["/"]["nev"]["net"] == 2 and got["/"]["nev"]["rep"]["m2m:cnt"]["rn"] == "c"
    assert receiver.nothing(0.1)
    if ancestor != "ae":
        admin.delete(path)


def test_deleting_a_subtree(ae, cnt, receiver):
    """Each deleted resource tells its own subscriptions; a parent that goes too is not told of its
    children one by one, the one that stays is told of the root alone."""
    paths = [cnt, f"{cnt}/k1", f"{cnt}/k1/k2", f"{cnt}/k1/k2/k3"]
    for path in paths[1:]:
        assert ae.create(path.rsplit("/", 1)[0], "cnt", rn=path.rsplit("/", 1)[1]).rsc == 2001
    for path in paths:
        subscribe(ae, path, receiver, path.replace(cnt, "/at"), enc={"net": [2, 4], "chty": [3]})
    subscribe(ae, ae.path, receiver, "/above", enc={"net": [4]})
    assert ae.delete(f"{cnt}/k1").rsc == 2002
    got = sorted((n.path, n.sgn["nev"]["net"], n.rep["m2m:cnt"]["rn"]) for n in events(receiver, 4))
    assert got == [("/at", 4, "k1"), ("/at/k1", 2, "k1"), ("/at/k1/k2", 2, "k2"),
                   ("/at/k1/k2/k3", 2, "k3")]
    assert receiver.nothing(0.2)


def test_expiry_is_a_deletion(ae, cnt, receiver):
    """spec: TS-0001 9.6.1.3.2: an expired resource is deleted; 9.6.8 events 2 and 4"""
    child = ae.create(cnt, "cnt", rn="k", et=timestamp(1.0))
    assert child.rsc == 2001
    subscribe(ae, f"{cnt}/k", receiver, "/at", enc={"net": [2]}, su=receiver.url + "/gone")
    subscribe(ae, cnt, receiver, "/above", enc={"net": [4], "chty": [3]})
    got = {n.path: n.sgn for n in events(receiver, 3)}
    assert got["/at"]["nev"]["net"] == 2 and got["/above"]["nev"]["net"] == 4
    assert got["/above"]["nev"]["rep"]["m2m:cnt"]["ri"] == child["ri"]
    assert got["/gone"]["sud"] is True
    assert ae.retrieve(f"{cnt}/k").rsc == 4004


def test_expired_subscription(ae, cnt, receiver):
    """It is removed, its subscriber told, and it reports nothing after its time."""
    sub = subscribe(ae, cnt, receiver, rn="s", enc={"net": [3]}, et=timestamp(1.0),
                    su=receiver.url + "/gone")
    n = receiver.next()
    assert n.path == "/gone" and n.sgn == {"sud": True, "sur": f"/id-in/{sub['ri']}"}
    assert ae.retrieve(f"{cnt}/s").rsc == 4004
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.nothing(0.1)


def test_large_subtree_purged_in_background(own, receiver):
    """Limit delete_inline: what is removed later tells its subscriptions too, each once."""
    admin = Client(own("--limit", "delete-inline=20", "--verify-subscriptions", "none").url)
    assert admin.create("cse-in", "cnt", rn="top").rsc == 2001
    expected = set()
    for i in range(15):
        assert admin.create("cse-in/top", "cnt", rn=f"m{i}").rsc == 2001
        for j in range(6):
            assert admin.create(f"cse-in/top/m{i}", "cin", con=str(j)).rsc == 2001
        for j in range(2):
            leaf = admin.create(f"cse-in/top/m{i}", "cnt", rn=f"l{j}")
            assert admin.create(f"cse-in/top/m{i}/l{j}", "sub", nu=[receiver.url],
                                enc={"net": [2]}, su=f"{receiver.url}/gone").rsc == 2001
            expected.add(leaf["ri"])
    assert admin.create("cse-in", "sub", nu=[receiver.url], enc={"net": [4]}).rsc == 2001
    top = admin.retrieve("cse-in/top")["ri"]
    assert admin.delete("cse-in/top").rsc == 2002
    assert admin.retrieve("cse-in/top/m3/l1").rsc == 4004
    got = events(receiver, 61)
    deleted = [n.rep["m2m:cnt"]["ri"] for n in got if "nev" in n.sgn and n.sgn["nev"]["net"] == 2]
    assert len(deleted) == 30 and set(deleted) == expected
    assert [n.rep["m2m:cnt"]["ri"] for n in got if n.sgn.get("nev", {}).get("net") == 4] == [top]
    gone = [n.sgn["sur"] for n in got if n.sgn.get("sud")]
    assert len(gone) == len(set(gone)) == 30
    assert receiver.nothing(0.2)


# ---- other ways to change resources ----


def test_changes_by_fan_out(ae, receiver):
    """spec: TS-0004 7.4.14.3: members' requests make the events of ordinary ones"""
    members = [f"{ae.path}/m{i}" for i in range(4)]
    for i, path in enumerate(members):
        assert ae.create(ae.path, "cnt", rn=f"m{i}").rsc == 2001
        subscribe(ae, path, receiver, f"/{i}", enc={"net": [1, 2, 3]})
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mid=members).rsc == 2001
    fopt = f"{ae.path}/g/fopt"
    assert ae.create(fopt, "cin", con="to all").rsc == 2000
    assert ae.update(fopt, "cnt", lbl=["x"]).rsc == 2000
    assert ae.delete(fopt).rsc == 2000
    got = [(n.path, n.sgn["nev"]["net"]) for n in events(receiver, 12)]
    for i in range(4):
        assert [net for path, net in got if path == f"/{i}"] == [3, 1, 2]


def test_registration_is_a_created_child(admin, receiver):
    subscribe(admin, "cse-in", receiver, rn="watch-registrations", enc={"net": [3, 4], "chty": [2]})
    client = admin.register("CregisteredLater", name="later")
    while (n := receiver.next()).rep["m2m:ae"]["aei"] != "CregisteredLater":
        pass
    assert n.sgn["nev"]["net"] == 3 and n.rep["m2m:ae"]["api"] == "Ntest"
    assert client.delete("cse-in/later").rsc == 2002
    while (n := receiver.next()).rep["m2m:ae"]["aei"] != "CregisteredLater":
        pass
    assert n.sgn["nev"]["net"] == 4
    admin.delete("cse-in/watch-registrations")


def test_subscription_outlives_the_privilege(admin, ae, other, cnt, receiver):
    """security.md 1.5: privileges are not checked again when a notification is sent"""
    shared = grant(admin, ([other.stem], 3), ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.update(cnt, "cnt", acpi=[shared]).rsc == 2004
    subscribe(other, cnt, receiver, enc={"net": [3]})
    mine = grant(admin, ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.update(cnt, "cnt", acpi=[mine]).rsc == 2004
    assert other.retrieve(cnt).rsc == 4103
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.next().sgn["cr"] == other.stem


def test_change_of_policies_is_an_update(admin, ae, cnt, receiver):
    subscribe(ae, cnt, receiver, enc={"net": [1], "atr": ["acpi"]})
    acp = grant(admin, ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    assert ae.update(cnt, "cnt", acpi=[acp]).rsc == 2004
    assert receiver.next().rep["m2m:cnt"]["acpi"] == [acp]


def test_updates_without_a_change(ae, cnt, receiver):
    """spec: TS-0004 7.5.1.2.2: "has been updated": writing the same value is an update"""
    assert ae.update(cnt, "cnt", mni=5).rsc == 2004
    subscribe(ae, cnt, receiver, enc={"net": [1], "atr": ["mni"]})
    assert ae.update(cnt, "cnt", mni=5).rsc == 2004
    assert receiver.next().rep["m2m:cnt"]["mni"] == 5


@pytest.mark.parametrize("content", [
    "plain", "", "ünïcode \u4f60\u597d \U0001f600", 'quotes " and \\ backslashes', "a\u0000b",
    "line\r\nbreaks\ttabs", "x" * 100000,
], ids=lambda c: repr(c[:12]))
def test_contents_arrive_as_written(ae, cnt, receiver, content):
    subscribe(ae, cnt, receiver, enc={"net": [3]})
    made = ae.create(cnt, "cin", con=content)
    assert made.rsc == 2001
    rep = receiver.next().rep["m2m:cin"]
    assert rep["con"] == content and rep == made.res


def test_big_numbers_arrive_as_written(ae, cnt, receiver):
    """Integers keep 64 bits."""
    subscribe(ae, cnt, receiver)
    for mbs in (2**53 + 1, 2**63 - 1):
        assert ae.update(cnt, "cnt", mbs=mbs).rsc == 2004
        assert receiver.next().rep["m2m:cnt"]["mbs"] == mbs


def test_order_per_subscription(ae, cnt, receiver):
    """Events of several kinds, told in the order in which they happened."""
    subscribe(ae, cnt, receiver, enc={"net": [1, 3, 4]}, nct=1)
    expected = []
    for i, what in zip(range(60), itertools.cycle("cud")):
        if what == "c":
            assert ae.create(cnt, "cin", rn=f"i{i}", con="x").rsc == 2001
            expected.append((3, f"i{i}"))
        elif what == "u":
            assert ae.update(cnt, "cnt", lbl=[str(i)]).rsc == 2004
            expected.append((1, "c"))
        else:
            assert ae.delete(f"{cnt}/i{i - 2}").rsc == 2002
            expected.append((4, f"i{i - 2}"))
    got = [(n.sgn["nev"]["net"], next(iter(n.rep.values()))["rn"]) for n in events(receiver, 60)]
    assert got == expected
