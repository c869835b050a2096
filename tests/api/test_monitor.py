"""operationMonitor: who asks what of a resource, and is told of it.
spec: TS-0001 9.6.8, TS-0004 6.3.5.13, 6.3.5.57, 7.4.8.2.1
"""

import pytest
from lib.onem2m import Client, grant

CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY = 1, 2, 3, 4, 5
EVERYTHING = [{"ops": 63}]


@pytest.fixture
def cnt(admin, ae, other):
    """Path of a container of `ae` that `other` may retrieve and create in, but not update."""
    policy = grant(admin, ([ae.stem], 63), ([other.stem], 3), self_rules=[([ae.stem], 63)])
    assert ae.create(ae.path, "cnt", rn="c", acpi=[policy]).rsc == 2001
    return f"{ae.path}/c"


def monitor(ae, cnt, receiver, om, **more):
    """A subscription, whose verification has been taken."""
    sub = ae.create(cnt, "sub", nu=[receiver.url], enc={"om": om}, **more)
    assert sub.rsc == 2001, sub
    receiver.verification()
    return sub


def seen(receiver):
    """Operation and originator of the next notification."""
    nev = receiver.next(20).sgn["nev"]
    return nev["om"]["op"], nev["om"]["or"]


# ---- what is told ----


@pytest.mark.threads
def test_operations_that_succeed(ae, other, cnt, receiver):
    monitor(ae, cnt, receiver, EVERYTHING)
    assert other.retrieve(cnt).rsc == 2000
    assert seen(receiver) == (RETRIEVE, other.stem)
    assert other.create(cnt, "cin", con="x").rsc == 2001
    assert seen(receiver) == (CREATE, other.stem)
    assert ae.update(cnt, "cnt", lbl=["a"]).rsc == 2004
    assert seen(receiver) == (UPDATE, ae.stem)
    assert ae.delete(cnt).rsc == 2002
    assert seen(receiver) == (DELETE, ae.stem)
    assert receiver.nothing()


def test_operations_that_fail(ae, other, cnt, receiver):
    """regardless of whether the operation is performed"""
    monitor(ae, cnt, receiver, EVERYTHING)
    assert other.update(cnt, "cnt", lbl=["a"]).rsc == 4103
    assert seen(receiver) == (UPDATE, other.stem)
    assert other.delete(cnt).rsc == 4103
    assert seen(receiver) == (DELETE, other.stem)
    assert ae.update(cnt, "cnt", mni="many").rsc == 4000
    assert seen(receiver) == (UPDATE, ae.stem)
    assert ae.create(cnt, "ae", api="Nx", rr=False, srv=["3"]).rsc in (4000, 4108)
    assert seen(receiver) == (CREATE, ae.stem)
    assert ae.notify(cnt, {"m2m:sgn": {"sur": "x"}}).rsc == 4005
    assert seen(receiver) == (NOTIFY, ae.stem)
    assert receiver.nothing()


def test_the_notification(ae, other, cnt, receiver):
    """The representation is that of the subscribed-to resource; the event type, which the table
    makes mandatory, is its default. docs/decisions/0032"""
    sub = monitor(ae, cnt, receiver, EVERYTHING, rn="s")
    assert sub["nct"] == 1
    assert other.create(cnt, "cin", con="x").rsc == 2001
    sgn = receiver.next(20).sgn
    assert sgn["sur"].endswith(sub["ri"]) and sgn["nev"]["net"] == 1
    assert sgn["nev"]["rep"]["m2m:cnt"]["cni"] == 1
    assert ae.update(f"{cnt}/s", "sub", nct=3).rsc == 2004
    assert other.retrieve(cnt).rsc == 2000
    assert receiver.next(20).sgn["nev"]["rep"] == {"m2m:uri": ae.retrieve(cnt)["ri"]}


def test_a_subscription_does_not_report_itself(ae, cnt, receiver):
    """neither the first of a resource, which begins to monitor it, nor those after it"""
    monitor(ae, cnt, receiver, EVERYTHING)
    assert receiver.nothing()
    second = monitor(ae, cnt, receiver, EVERYTHING)
    note = receiver.next(20)
    assert not note.sgn["sur"].endswith(second["ri"]) and note.sgn["nev"]["om"]["op"] == CREATE
    assert receiver.nothing()


# ---- what is wanted ----


@pytest.mark.parametrize("om", [[{"ops": 2}], [{"or": "{other}"}], [{"ops": 3, "or": "{other}"}],
                                [{"ops": 4, "or": "{other}"}, {"ops": 2}],
                                [{"or": "/id-in/{other}", "ops": 2}]], ids=str)
def test_what_is_wanted(ae, other, cnt, receiver, om):
    """Both within an entry, one of the entries; an absent part matches all."""
    monitor(ae, cnt, receiver,
            [{k: v.format(other=other.stem) if k == "or" else v for k, v in m.items()} for m in om])
    assert ae.update(cnt, "cnt", lbl=["a"]).rsc == 2004
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert other.retrieve(cnt).rsc == 2000
    assert seen(receiver) == (RETRIEVE, other.stem)


def test_discovery_has_a_bit_of_its_own(ae, other, cnt, receiver):
    """spec: TS-0004 6.3.4.2.29; it is a RETRIEVE in the notification"""
    monitor(ae, cnt, receiver, [{"ops": 32}])
    assert other.retrieve(cnt).rsc == 2000
    assert other.discover(cnt, ty=4) == []
    assert seen(receiver) == (RETRIEVE, other.stem)
    assert receiver.nothing()


def test_other_conditions_hold_too(ae, cnt, receiver):
    """spec: TS-0001 9.6.8: different condition tags go together"""
    sub = ae.create(cnt, "sub", nu=[receiver.url], enc={"om": EVERYTHING, "stb": 1})
    assert sub.rsc == 2001
    receiver.verification()
    assert ae.retrieve(cnt).rsc == 2000
    assert ae.update(cnt, "cnt", lbl=["a"]).rsc == 2004
    assert ae.update(cnt, "cnt", lbl=["b"]).rsc == 2004
    assert seen(receiver) == (UPDATE, ae.stem)
    assert ae.retrieve(cnt)["st"] == 2


def test_events_are_not_told_to_monitors(ae, cnt, receiver):
    """The default event type holds only without operationMonitor."""
    monitor(ae, cnt, receiver, [{"ops": 16}])
    assert ae.update(cnt, "cnt", lbl=["a"]).rsc == 2004
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.nothing()


def test_criteria_that_are_updated(ae, other, cnt, receiver):
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    receiver.verification()
    assert ae.update(f"{cnt}/s", "sub", enc={"om": [{"ops": 2}]}).rsc == 2004
    assert other.retrieve(cnt).rsc == 2000
    assert seen(receiver) == (RETRIEVE, other.stem)
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [1]}).rsc == 2004
    assert other.retrieve(cnt).rsc == 2000
    assert ae.update(cnt, "cnt", lbl=["a"]).rsc == 2004
    assert "om" not in receiver.next(20).sgn["nev"]
    assert receiver.nothing()


# ---- through a group ----


@pytest.mark.threads
def test_members_are_monitored(admin, ae, other, cnt, receiver):
    """A group is no way around it: reads, writes, and what fails."""
    group = admin.create("cse-in", "grp", mid=[cnt], mnm=5)
    assert group.rsc == 2001
    path = f"cse-in/{group['rn']}/fopt"
    policy = grant(admin, ([other.stem, ae.stem], 63))
    assert admin.update(f"cse-in/{group['rn']}", "grp", macp=[policy]).rsc == 2004
    monitor(ae, cnt, receiver, EVERYTHING)
    assert other.retrieve(path).rsc == 2000
    assert seen(receiver) == (RETRIEVE, other.stem)
    assert other.create(path, "cin", con="x").rsc == 2000
    assert seen(receiver) == (CREATE, other.stem)
    assert other.update(path, "cnt", lbl=["a"]).rsc == 2000
    assert seen(receiver) == (UPDATE, other.stem)
    assert receiver.nothing()
    assert admin.delete(f"cse-in/{group['rn']}").rsc == 2002


# ---- what is refused ----


@pytest.mark.parametrize("enc, rsc", [
    ({"om": [{"ops": 2}], "net": [1]}, 4000), ({"om": [{}]}, 4000), ({"om": [{"ops": 0}]}, 4000),
    ({"om": [{"ops": 64}]}, 4000), ({"om": [{"or": "not an id"}]}, 4000), ({"om": []}, 4000),
    ({"om": {"ops": 2}}, 4000), ({"om": [{"ops": 2, "x": 1}]}, 4000),
], ids=str)
def test_malformed_is_refused(ae, cnt, receiver, enc, rsc):
    """spec: TS-0004 6.3.5.57, 7.4.8.2.1, 7.4.8.2.3"""
    assert ae.create(cnt, "sub", nu=[receiver.url], enc=enc).rsc == rsc
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    assert ae.update(f"{cnt}/s", "sub", enc=enc).rsc == rsc
    assert "enc" not in ae.retrieve(f"{cnt}/s").res


@pytest.mark.parametrize("nct, rsc", [(1, 2001), (2, 4000), (3, 2001), (4, 4000), (5, 4000)])
def test_content_types(ae, cnt, receiver, nct, rsc):
    assert ae.create(cnt, "sub", nu=[receiver.url], enc={"om": EVERYTHING}, nct=nct).rsc == rsc


def test_entries_are_bounded(own, receiver):
    ae = Client(own("--limit", "monitors=2", store="mem").url).register("Cmany")
    for count, rsc in ((2, 2001), (3, 4000)):
        enc = {"om": [{"ops": 1}] * count}
        assert ae.create("cse-in/Cmany", "sub", nu=[receiver.url], enc=enc).rsc == rsc
