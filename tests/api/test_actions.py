"""<action> and <dependency>: requests that the CSE makes in the name of their creator.

An action that is the last by actionPriority tells when those before it have had their turn, so that no test waits for
what does not happen.

spec: TS-0001 9.6.61, 9.6.62, 10.2.21 of Release 4; docs/decisions/0044
"""

import pytest
from lib import serial
from lib.onem2m import grant
from lib.server import eventually

EQ, NE, GT, LT, GE, LE = 1, 2, 3, 4, 5, 6
OFF, ONCE, PERIODIC, CONTINUOUS = 0, 1, 2, 3


def soon(check):
    return eventually(check, seconds=20)


def primitive(client, to, **more):
    """A request that creates an instance."""
    return {"op": 1, "to": to, "fr": client.originator, "rqi": "act", "rvi": "3", "ty": 4,
            "pc": {"m2m:cin": {"con": "done"}}, **more}


def criteria(subject="mni", op=GT, threshold=10):
    return {"sbjt": subject, "optr": op, "thld": threshold}


def action(client, subject, to, parent=None, **more):
    """An action of the AE, whose subject and object are containers."""
    content = {"evm": CONTINUOUS, "sri": subject, "evc": criteria(), "orc": to, "apv": primitive(client, to), **more}
    content = {name: value for name, value in content.items() if value is not None}
    return client.create(parent or client.path, "actr", **content)


class Place:
    """Two containers of an AE: what is watched, and what actions write to."""

    def __init__(self, ae):
        self.ae = ae
        self.subject = self.container("subject")
        self.object = self.container("object")
        self.probe = self.container("probe")

    def container(self, name):
        assert self.ae.create(self.ae.path, "cnt", rn=name).rsc == 2001
        return f"{self.ae.path}/{name}"

    def count(self, what=None):
        return self.ae.retrieve(what or self.object)["cni"]

    def set(self, value, client=None):
        assert (client or self.ae).update(self.subject, "cnt", mni=value).rsc == 2004

    def watch(self):
        """Counts changes of the subject after all other actions."""
        answer = action(self.ae, self.subject, self.probe, rn="watch", apy=1000000, evc=criteria("mni", GE, 0))
        assert answer.rsc == 2001, answer

    def set_and_wait(self, value, client=None):
        before = self.count(self.probe)
        self.set(value, client)
        soon(lambda: self.count(self.probe) == before + 1)


@pytest.fixture
def place(ae):
    return Place(ae)


def own_place(server, stem="Cone"):
    from lib.onem2m import Client

    admin = Client(server.url)
    ae = admin.register(stem, name=stem)
    ae.path = f"cse-in/{stem}"
    return Place(ae)


# ---- modes ----


def test_continuous(place):
    """Each change for which the criteria hold; the result can be read."""
    place.watch()
    made = action(place.ae, place.subject, place.object, rn="a")
    assert made.rsc == 2001 and "air" not in made.res
    place.set_and_wait(5)
    assert place.count() == 0
    place.set_and_wait(11)
    place.set_and_wait(12)
    place.set_and_wait(10)
    assert place.count() == 2
    result = place.ae.retrieve(f"{place.ae.path}/a")["air"]
    assert result["rsc"] == 2001 and result["rqi"] == "act" and result["pc"]["m2m:cin"]["con"] == "done"
    assert place.ae.retrieve(f"{place.object}/la").rsc == 2000


def test_a_number_of_times(place):
    """evalControlParam in continuous mode; an UPDATE of it begins anew"""
    place.watch()
    assert action(place.ae, place.subject, place.object, rn="a", ecp=2).rsc == 2001
    for value in (11, 12, 13):
        place.set_and_wait(value)
    assert place.count() == 2
    assert place.ae.update(f"{place.ae.path}/a", "actr", lbl=["x"]).rsc == 2004
    place.set_and_wait(14)
    assert place.count() == 2
    assert place.ae.update(f"{place.ae.path}/a", "actr", ecp=1).rsc == 2004
    place.set_and_wait(15)
    place.set_and_wait(16)
    assert place.count() == 3


def test_once_and_off(place):
    place.watch()
    assert action(place.ae, place.subject, place.object, rn="a", evm=ONCE).rsc == 2001
    assert action(place.ae, place.subject, place.object, rn="b", evm=OFF).rsc == 2001
    place.set_and_wait(1)
    assert place.count() == 0
    place.set_and_wait(11)
    place.set_and_wait(12)
    assert place.count() == 1
    assert place.ae.update(f"{place.ae.path}/a", "actr", evm=ONCE).rsc == 2004
    assert place.ae.update(f"{place.ae.path}/b", "actr", evm=CONTINUOUS).rsc == 2004
    place.set_and_wait(13)
    assert place.count() == 3
    assert place.ae.update(f"{place.ae.path}/b", "actr", evm=OFF).rsc == 2004
    place.set_and_wait(14)
    assert place.count() == 3


def test_periodic(own):
    """The criteria are evaluated by time alone, and a restart changes nothing about it."""
    server = own("--limit", "action_period_ms=50")
    place = own_place(server)
    assert action(place.ae, place.subject, place.object, rn="a", evm=PERIODIC, ecp=49).rsc == 5207
    assert action(place.ae, place.subject, place.object, rn="a", evm=PERIODIC, ecp=100).rsc == 2001
    assert action(place.ae, place.subject, place.probe, rn="b", evm=PERIODIC, ecp=100,
                  evc=criteria(op=LE)).rsc == 2001
    place.set(1)
    soon(lambda: place.count(place.probe) >= 2)
    assert place.count() == 0
    place.set(11)
    soon(lambda: place.count() >= 2)
    server.kill()
    server.start()
    place.ae.url = server.url
    now = place.count()
    soon(lambda: place.count() >= now + 2)
    assert place.ae.update(f"{place.ae.path}/a", "actr", evm=OFF).rsc == 2004
    now, probed = place.count(), place.count(place.probe)
    place.set(1)
    soon(lambda: place.count(place.probe) >= probed + 2)
    assert place.count() == now


def test_parent_is_the_subject(place):
    """Without subjectResourceID; instances that come change what is counted."""
    assert action(place.ae, None, place.object, parent=place.subject, evc=criteria("cni", GE, 2)).rsc == 2001
    for _ in range(2):
        assert place.ae.create(place.subject, "cin", con="x").rsc == 2001
    soon(lambda: place.count() == 1)
    assert place.ae.delete(f"{place.subject}/la").rsc == 2002
    assert place.ae.create(place.subject, "cin", con="x").rsc == 2001
    soon(lambda: place.count() == 2)


@pytest.mark.parametrize("op, to, more, rsc", [
    (2, "object", {}, 2000),
    (3, "object", {"pc": {"m2m:cnt": {"mni": 7}}}, 2004),
    (3, "object", {"pc": {"m2m:cnt": {"mni": "seven"}}}, 4000),
    (4, "object", {}, 2002),
    (4, "object/la", {}, 4004),
])
def test_operations(place, op, to, more, rsc):
    """spec: TS-0001 8.1.2: whatever the request answers is the result"""
    asked = {"op": op, "to": f"{place.ae.path}/{to}", "fr": place.ae.originator, "rqi": "x", "rvi": "4", **more}
    made = action(place.ae, place.subject, asked["to"], rn="a", apv=asked, evm=ONCE)
    assert made.rsc == 2001, made
    place.set(11)
    assert soon(lambda: place.ae.retrieve(f"{place.ae.path}/a").res.get("air"))["rsc"] == rsc


def test_it_deletes_itself(place):
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    to = f"{place.ae.path}/a"
    asked = {"op": 4, "to": to, "fr": place.ae.originator, "rqi": "x", "rvi": "4"}
    assert place.ae.update(to, "actr", orc=to, apv=asked).rsc == 2004
    place.set(11)
    soon(lambda: place.ae.retrieve(to).rsc == 4004)
    place.set(12)


@pytest.mark.parametrize("form", serial.NAMES)
def test_serialisations(place, form):
    """spec: TS-0004 8: thresholds and contents mean the same in all of them"""
    me = place.ae.As(place.ae.originator)
    me.form, me.path = form, place.ae.path
    made = action(me, place.subject, place.object, rn="a", lbl=["x"])
    assert made.rsc == 2001 and {name: str(value) for name, value in made["evc"].items()} \
        == {name: str(value) for name, value in criteria().items()}, made
    assert place.ae.retrieve(f"{place.ae.path}/a")["evc"] == criteria()
    place.set(11)
    soon(lambda: place.count() == 1)
    assert me.retrieve(f"{place.ae.path}/a")["air"]["rsc"] == 2001


def test_other_values(place):
    """Flags and points in time"""
    ae = place.ae
    assert ae.update(place.subject, "cnt", disr=False).rsc == 2004
    assert action(ae, place.subject, place.object, evc=criteria("disr", EQ, True)).rsc == 2001
    assert action(ae, place.subject, place.probe, evc=criteria("lt", GT, "20200101T000000")).rsc == 2001
    place.set(1)
    soon(lambda: place.count(place.probe) == 1)
    assert ae.update(place.subject, "cnt", disr=True).rsc == 2004
    soon(lambda: place.count(place.probe) == 2 and place.count() == 1)


# ---- what is refused ----


@pytest.mark.parametrize("change, rsc", [
    ({"apv": {"fr": "Csomebody"}}, 4000),
    ({"apv": {"fr": None}}, 4000),
    ({"apv": {"op": None}}, 4000),
    ({"apv": {"op": 6}}, 4000),
    ({"apv": {"ty": None}}, 4000),
    ({"apv": {"to": "cse-in"}}, 4000),
    ({"apv": {"op": 5, "ty": None}}, 5001),
    ({"apv": {"rt": {"rtv": 1}}}, 5001),
    ({"apv": {"gid": "g"}}, 5001),
    ({"apv": {"ltids": ["t"]}}, 5001),
    ({"apv": {"ty": 23, "pc": {"m2m:sub": {"nu": ["Cx"]}}}}, 5001),
    ({"orc": "nowhere", "apv": {"to": "nowhere"}}, 4000),
    ({"orc": "/id-else/cnt", "apv": {"to": "/id-else/cnt"}}, 4000),
    ({"evm": OFF, "ecp": 1}, 4000),
    ({"evm": ONCE, "ecp": 1}, 4000),
    ({"evm": 4}, 4000),
    ({"ecp": 0}, 4000),
    ({"evm": PERIODIC, "ecp": 1}, 5207),
    ({"evc": criteria("nothing")}, 4000),
    ({"evc": criteria("mni", GT, "ten")}, 4000),
    ({"evc": criteria("mni", GT, True)}, 4000),
    ({"evc": criteria("mni", 7)}, 4000),
    ({"evc": criteria("disr", GT, True)}, 4000),
    ({"evc": criteria("rn", LT, "x")}, 4000),
    ({"evc": criteria("lbl", EQ, "x")}, 4000),
    ({"evc": {"sbjt": "mni", "optr": GT}}, 4000),
    ({"sri": "nowhere"}, 4000),
    ({"sri": "/id-else/cnt"}, 4000),
    ({"dep": ["cse-in"]}, 4000),
    ({"air": {"rsc": 2000}}, 4000),
    ({"ipu": {"cstr": "x"}}, 5001),
    ({"evc": None}, 4000),
    ({"evm": None}, 4000),
    ({"orc": None}, 4000),
])
def test_refused(place, change, rsc):
    """spec: TS-0004 <action> Create 2) to 5) of Release 4"""
    change = dict(change)
    asked = {**primitive(place.ae, place.object), **change.pop("apv", {})}
    asked = {name: value for name, value in asked.items() if value is not None}
    answer = action(place.ae, place.subject, place.object, rn="a", **{"apv": asked, **change})
    assert answer.rsc == rsc, answer
    assert place.ae.retrieve(f"{place.ae.path}/a").rsc == 4004


def test_no_action_without_a_primitive(place):
    assert action(place.ae, place.subject, place.object, apv=None).rsc == 4000


def test_groups_are_not_addressed(place):
    group = place.ae.create(place.ae.path, "grp", rn="g", mnm=2, mid=[place.object])
    assert group.rsc == 2001
    to = f"{place.ae.path}/g/fopt"
    assert action(place.ae, place.subject, to).rsc == 5001


def test_updates_are_checked(place):
    """The state that an UPDATE leads to"""
    to = f"{place.ae.path}/a"
    assert action(place.ae, place.subject, place.object, rn="a", evm=OFF).rsc == 2001
    assert place.ae.update(to, "actr", ecp=1).rsc == 4000
    assert place.ae.update(to, "actr", evm=CONTINUOUS, ecp=1).rsc == 2004
    assert place.ae.update(to, "actr", evc=criteria("nothing")).rsc == 4000
    assert place.ae.update(to, "actr", sri=to).rsc == 4000
    assert place.ae.update(to, "actr", evc=None).rsc == 4000
    assert place.ae.update(to, "actr", orc=place.probe).rsc == 4000
    assert place.ae.update(to, "actr", orc=place.probe, apv=primitive(place.ae, place.probe)).rsc == 2004
    assert place.ae.update(to, "actr", dep=[place.subject]).rsc == 4000
    place.set(11)
    soon(lambda: place.count(place.probe) == 1)
    assert place.count() == 0


# ---- rights ----


def test_who_may_not_read_the_subject(admin, place):
    """What is hidden answers like what is not there, when the action is made and in what it does."""
    hidden = admin.create("cse-in", "cnt", rn=f"hidden{place.ae.stem}", acpi=[grant(admin, (["CAdmin"], 63))])
    path = f"cse-in/hidden{place.ae.stem}"
    try:
        refused = action(place.ae, path, place.object, rn="a")
        missing = action(place.ae, "cse-in/nothing", place.object)
        assert refused.rsc == missing.rsc == 4000 and refused.debug == missing.debug
        assert place.ae.retrieve(f"{place.ae.path}/a").rsc == 4004
    finally:
        admin.delete(hidden["ri"])


def test_objects_that_are_hidden(own):
    """Where the CSE hides what nobody may see, an object that is hidden is not there."""
    place = own_place(own("--hide-unauthorised", "on"))
    admin = place.ae.As("CAdmin")
    assert admin.create("cse-in", "cnt", rn="hidden", acpi=[grant(admin, (["CAdmin"], 63))]).rsc == 2001
    hidden = action(place.ae, place.subject, "cse-in/hidden")
    missing = action(place.ae, place.subject, "cse-in/nothing")
    assert hidden.rsc == missing.rsc == 4000 and hidden.debug == missing.debug


def test_rights_count_when_it_is_carried_out(admin, place):
    """A right that is withdrawn stops it: of the subject without a trace, of the object with 4103."""
    me = place.ae
    for name, rights in (("readable", 34), ("writable", 35)):
        assert admin.create("cse-in", "cnt", rn=name + me.stem,
                            acpi=[grant(admin, ([me.originator], rights), (["CAdmin"], 63))]).rsc == 2001
    subject, target = f"cse-in/readable{me.stem}", f"cse-in/writable{me.stem}"
    nothing = grant(admin, (["CAdmin"], 63))
    readable = admin.retrieve(subject)["acpi"]
    try:
        assert action(me, subject, target, rn="a").rsc == 2001
        assert action(admin_place(admin, place), subject, place.probe, rn="w", apy=9).rsc == 2001

        def change(**attributes):
            before = place.count(place.probe)
            assert admin.update(subject, "cnt", **attributes).rsc == 2004
            soon(lambda: place.count(place.probe) == before + 1)

        change(mni=11)
        assert admin.retrieve(target)["cni"] == 1
        change(acpi=[nothing])
        change(mni=12)
        assert admin.retrieve(target)["cni"] == 1 and me.retrieve(f"{me.path}/a")["air"]["rsc"] == 2001
        assert admin.update(target, "cnt", acpi=[nothing]).rsc == 2004
        change(acpi=readable)
        change(mni=13)
        assert admin.retrieve(target)["cni"] == 1 and me.retrieve(f"{me.path}/a")["air"]["rsc"] == 4103
    finally:
        for path in (subject, target, f"cse-in/of-admin{me.stem}"):
            admin.delete(path)


def admin_place(admin, place):
    """The administrator with a container of its own to put actions into."""
    me = admin.As(admin.originator)
    me.path = f"cse-in/of-admin{place.ae.stem}"
    assert me.create("cse-in", "cnt", rn=f"of-admin{place.ae.stem}").rsc == 2001
    return me


def test_only_the_creator_says_what_is_done(admin, place, other):
    """Others may switch it, where policies let them; its rights are not lent."""
    acp = grant(admin, ([place.ae.originator, other.originator], 63), (["CAdmin"], 63))
    assert action(place.ae, place.subject, place.object, rn="a", evm=OFF, acpi=[acp]).rsc == 2001
    to = f"{place.ae.path}/a"
    for attributes in ({"orc": place.probe}, {"apv": primitive(other, place.object)},
                       {"apv": primitive(place.ae, place.object)}, {"evc": criteria(threshold=1)},
                       {"sri": place.probe}, {"dep": []}, {"dep": None}, {"ecp": 1}):
        assert other.update(to, "actr", **attributes).rsc in (4000, 4103), attributes
        assert admin.update(to, "actr", **attributes).rsc in (4000, 4103), attributes
    assert other.create(to, "depr", sfc=True, rri=place.probe, evc=criteria()).rsc == 4103
    made = place.ae.create(to, "depr", rn="d", sfc=True, rri=place.probe, evc=criteria(), acpi=[acp])
    assert made.rsc == 2001
    assert other.update(f"{to}/d", "depr", sfc=False).rsc == 4103
    assert other.update(f"{to}/d", "depr", lbl=["x"]).rsc == 2004
    assert other.update(to, "actr", evm=ONCE).rsc == 2004
    place.set(11)
    soon(lambda: place.count() == 1)
    assert place.ae.retrieve(f"{place.object}/la").rsc == 2000


def test_a_creator_that_has_gone(admin, place):
    """Who is registered no more has no rights, and nothing is done in its name."""
    gone = admin.register(f"Cgone{place.ae.stem}", name=f"gone{place.ae.stem}")
    gone.path = place.ae.path
    acp = grant(admin, ([gone.originator, place.ae.originator], 63), (["CAdmin"], 63))
    for path in (place.subject, place.object, place.ae.path):
        kind = "ae" if path == place.ae.path else "cnt"
        assert admin.update(path, kind, acpi=[acp]).rsc == 2004
    place.watch()
    assert action(gone, place.subject, place.object, rn="a").rsc == 2001
    place.set_and_wait(11)
    assert place.count() == 1
    assert admin.delete(f"cse-in/gone{place.ae.stem}").rsc == 2002
    place.set_and_wait(12)
    assert place.count() == 1
    admin.register(gone.originator, name=f"gone{place.ae.stem}")  # somebody else under that name
    place.set_and_wait(13)
    assert place.count() == 1
    to = f"{place.ae.path}/a"
    assert gone.update(to, "actr", apv=primitive(gone, place.object)).rsc == 4103
    assert gone.create(to, "depr", sfc=True, rri=place.probe, evc=criteria()).rsc == 4103
    assert admin.delete(f"cse-in/gone{place.ae.stem}").rsc == 2002


def test_a_creator_whose_cse_has_gone(own):
    """A name of another CSE says nothing when that CSE is registered here no more."""
    place = own_place(own())
    admin = place.ae.As("CAdmin")
    csr = admin.As("/mn1").create("cse-in", "csr", cb="/mn1/cse", rr=True, srv=["3"])
    assert csr.rsc == 2001
    far = admin.As("/mn1/Cfar")
    far.path = place.ae.path
    acp = grant(admin, ([far.originator, place.ae.originator], 63), (["CAdmin"], 63))
    for path, kind in ((place.subject, "cnt"), (place.object, "cnt"), (place.ae.path, "ae")):
        assert admin.update(path, kind, acpi=[acp]).rsc == 2004
    place.watch()
    assert action(far, place.subject, place.object, rn="a").rsc == 2001
    place.set_and_wait(11)
    assert place.count() == 1
    assert admin.delete(csr["ri"]).rsc == 2002
    place.set_and_wait(12)
    assert place.count() == 1


# ---- dependencies ----


def depend(client, to, name, sufficient, referenced, threshold=10, op=GT):
    answer = client.create(to, "depr", rn=name, sfc=sufficient, rri=referenced, evc=criteria("mni", op, threshold))
    assert answer.rsc == 2001, answer
    return answer["ri"]


@pytest.mark.parametrize("rules, expected", [
    ([(True, True)], True),
    ([(True, False)], False),
    ([(False, True)], True),
    ([(False, False)], False),
    ([(False, True), (False, True)], True),
    ([(False, True), (False, False)], False),
    ([(True, False), (True, True)], True),
    ([(True, False), (True, False)], False),
    ([(True, True), (False, False)], True),
    ([(False, False), (True, True)], False),
    ([(True, False), (False, True)], True),
    ([(False, True), (True, False)], True),
])
def test_dependencies(place, rules, expected):
    """(sufficient, holds) in the order of the list"""
    to = f"{place.ae.path}/a"
    place.watch()
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    assert place.ae.update(place.probe, "cnt", mbs=100000).rsc == 2004
    names = []
    for i, (sufficient, holds) in enumerate(rules):
        evc = criteria("mbs", GT if holds else LT, 5)
        made = place.ae.create(to, "depr", rn=f"d{i}", sfc=sufficient, rri=place.probe, evc=evc)
        assert made.rsc == 2001, made
        names.append(made["ri"] if i else f"{to}/d0")
    assert place.ae.update(to, "actr", dep=names).rsc == 2004
    place.set_and_wait(11)
    assert place.count() == expected


def test_dependencies_change(place):
    """One that is not listed does not count, one that has gone does not hold."""
    to = f"{place.ae.path}/a"
    place.watch()
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    depend(place.ae, to, "d", False, place.object)
    place.set_and_wait(11)
    assert place.count() == 1
    assert place.ae.update(to, "actr", dep=[f"{to}/d"]).rsc == 2004
    place.set_and_wait(12)
    assert place.count() == 1
    assert place.ae.update(place.object, "cnt", mni=11).rsc == 2004
    place.set_and_wait(13)
    assert place.count() == 2
    assert place.ae.update(f"{to}/d", "depr", evc=criteria("mni", LT, 11)).rsc == 2004
    place.set_and_wait(14)
    assert place.count() == 2
    assert place.ae.delete(f"{to}/d").rsc == 2002
    place.set_and_wait(15)
    assert place.count() == 2
    assert place.ae.update(to, "actr", dep=None).rsc == 2004
    place.set_and_wait(16)
    assert place.count() == 3


@pytest.mark.parametrize("change", [{"rri": "cse-in/nothing"}, {"evc": criteria("nothing")}, {"rri": None},
                                    {"sfc": None}, {"evc": criteria("mni", GT, "x")}])
def test_dependencies_that_are_refused(place, change):
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    content = {"sfc": True, "rri": place.object, "evc": criteria(), **change}
    content = {name: value for name, value in content.items() if value is not None}
    assert place.ae.create(f"{place.ae.path}/a", "depr", **content).rsc == 4000


# ---- order, loops, limits ----


def test_priority(place):
    """The smallest number is the first."""
    for number in (None, 30, 2, 7):
        asked = primitive(place.ae, place.object, pc={"m2m:cin": {"con": str(number)}})
        assert action(place.ae, place.subject, place.object, apy=number, apv=asked).rsc == 2001
    place.set(11)
    soon(lambda: place.count() == 4)
    instances = place.ae.retrieve(place.object, query={"rcn": 4}).res["m2m:cin"]
    assert [i["con"] for i in sorted(instances, key=lambda i: i["st"])] == ["2", "7", "30", "None"]


def test_loops_end(own):
    """One that triggers itself, and two that trigger each other"""
    place = own_place(own("--limit", "action_chain=5"))
    assert action(place.ae, place.subject, place.subject, rn="a", evc=criteria("cni", GT, 0)).rsc == 2001
    assert place.ae.create(place.subject, "cin", con="x").rsc == 2001
    soon(lambda: place.count(place.subject) >= 6)
    assert action(place.ae, place.object, place.probe, rn="b", evc=criteria("cni", GT, 0)).rsc == 2001
    assert action(place.ae, place.probe, place.object, rn="c", evc=criteria("cni", GT, 0)).rsc == 2001
    assert place.ae.create(place.object, "cin", con="x").rsc == 2001
    soon(lambda: place.count(place.object) + place.count(place.probe) >= 6)
    assert place.ae.create(place.object, "cin", con="x").rsc == 2001
    soon(lambda: place.count(place.object) + place.count(place.probe) >= 12)
    assert place.count(place.object) + place.count(place.probe) == 12
    assert place.count(place.subject) == 6


def failing(own, *options):
    """A place, and a primitive that fails when it has written something."""
    place = own_place(own("--limit", "announced_cses=1", *options))
    ae = place.ae
    for cse in ("/mn1", "/mn2"):
        assert ae.As(cse).create("cse-in", "csr", rn=cse[1:], cb=f"{cse}/cse", rr=False, srv=["3"]).rsc == 2001
    return place, {"op": 1, "to": ae.path, "fr": ae.originator, "rqi": "x", "rvi": "4", "ty": 3,
                   "pc": {"m2m:cnt": {"rn": "made", "at": ["/mn1", "/mn2"]}}}


@pytest.mark.parametrize("mode,goes_on", [({"evm": ONCE}, False), ({"ecp": 1}, False), ({"ecp": 2}, True),
                                          ({"evm": PERIODIC, "ecp": 500}, True)])
def test_what_has_written_and_fails_has_a_result(own, mode, goes_on):
    """It is undone and told, and counts as carried out."""
    place, asked = failing(own, "--limit", "action_period_ms=100")
    ae = place.ae
    assert action(ae, place.subject, ae.path, rn="a", apv=asked, **mode).rsc == 2001
    place.set(11)
    result = soon(lambda: ae.retrieve(f"{ae.path}/a").res.get("air"))
    assert (result["rsc"], result["rqi"], result["rvi"]) == (4000, "x", "4")
    assert ae.retrieve(f"{ae.path}/made").rsc == 4004
    asked["pc"] = {"m2m:cnt": {"rn": "made"}}
    assert ae.update(f"{ae.path}/a", "actr", apv=asked).rsc == 2004
    place.watch()
    place.set_and_wait(12)
    if goes_on:
        soon(lambda: ae.retrieve(f"{ae.path}/made").rsc == 2000)
    else:
        assert ae.retrieve(f"{ae.path}/made").rsc == 4004


def test_those_that_fail_hold_up_no_others(own):
    """A request that fails when it has written something undoes the step that it is part of."""
    place, asked = failing(own)
    ae = place.ae
    for number in range(40):
        assert action(ae, place.subject, ae.path, rn=f"a{number}", apy=1, apv=asked).rsc == 2001
    assert action(ae, place.subject, place.object, rn="last", apy=2).rsc == 2001
    place.set(11)
    soon(lambda: place.count() == 1)


def test_what_expires_triggers_nothing(own):
    """Else an action whose instances expire would begin anew with each of them."""
    place = own_place(own("--limit", "action_chain=5"))
    assert place.ae.update(place.subject, "cnt", mia=1).rsc == 2004
    assert action(place.ae, place.subject, place.subject, rn="a", evc=criteria("cni", GE, 0)).rsc == 2001
    assert place.ae.create(place.subject, "cin", con="x").rsc == 2001
    soon(lambda: place.ae.retrieve(place.subject)["st"] == 7)
    soon(lambda: place.count(place.subject) == 0)
    assert action(place.ae, place.object, place.probe, rn="last", evm=ONCE).rsc == 2001
    assert place.ae.update(place.object, "cnt", mni=11).rsc == 2004
    soon(lambda: place.count(place.probe) == 1)  # and all that waited before
    assert place.ae.retrieve(place.subject)["st"] == 7


def test_limits(own):
    server = own(*(word for name in ("actions=3", "own_actions=2", "action_watchers=1", "dependencies=1")
                   for word in ("--limit", name)))
    one, two = own_place(server), own_place(server, "Ctwo")
    assert action(one.ae, one.subject, one.object, rn="a").rsc == 2001
    assert action(one.ae, one.subject, one.object).rsc == 4000
    assert action(one.ae, one.probe, one.object).rsc == 2001
    assert action(one.ae, one.object, one.object).rsc == 4000
    assert action(two.ae, two.subject, two.object, rn="a").rsc == 2001
    assert action(two.ae, two.probe, two.object).rsc == 4000
    to = f"{one.ae.path}/a"
    assert one.ae.update(to, "actr", evm=CONTINUOUS).rsc == 2004
    assert one.ae.create(to, "depr", rn="d", sfc=True, rri=one.object, evc=criteria()).rsc == 2001
    assert one.ae.create(to, "depr", sfc=True, rri=one.object, evc=criteria()).rsc == 4000
    assert one.ae.update(to, "actr", dep=[f"{to}/d", f"{to}/d"]).rsc == 4000
    assert one.ae.delete(to).rsc == 2002
    assert action(one.ae, one.subject, one.object).rsc == 2001


def test_large_actions(own):
    place = own_place(own("--limit", "action_bytes=1024"))
    large = primitive(place.ae, place.object, pc={"m2m:cin": {"con": "x" * 1024}})
    assert action(place.ae, place.subject, place.object, apv=large).rsc == 4000
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    assert place.ae.update(f"{place.ae.path}/a", "actr", lbl=["x" * 1024]).rsc == 4000
    place.set(11)
    soon(lambda: place.count() == 1)
    assert place.ae.update(f"{place.ae.path}/a", "actr", lbl=["x"]).rsc == 2004
    assert place.ae.retrieve(f"{place.ae.path}/a")["air"]["rsc"] == 2001


def test_a_result_that_is_too_long_is_left_out(own):
    place = own_place(own("--limit", "action_result_bytes=20"))
    assert action(place.ae, place.subject, place.object, rn="a").rsc == 2001
    place.set(11)
    result = soon(lambda: place.ae.retrieve(f"{place.ae.path}/a").res.get("air"))
    assert result["rsc"] == 2001 and "pc" not in result


# ---- crashes ----


def test_what_was_triggered_is_carried_out_once(own):
    """The change is acknowledged, then the server is killed, many times: each action runs once."""
    server = own()
    place = own_place(server)
    for i in range(5):
        assert action(place.ae, place.subject, place.object, rn=f"a{i}", evm=ONCE, evc=criteria("mni", EQ, i)).rsc \
            == 2001
    for i in range(5):
        place.set(i)
        server.kill()
        server.start()
        place.ae.url = server.url
        soon(lambda: place.count() == i + 1)  # noqa: B023
    assert [place.ae.retrieve(f"{place.ae.path}/a{i}")["air"]["rsc"] for i in range(5)] == [2001] * 5


def test_subjects_go(place):
    """An action whose subject was deleted does nothing more, whatever has its name later."""
    place.watch()
    other = place.container("other")
    assert action(place.ae, other, place.object, rn="a").rsc == 2001
    assert place.ae.delete(other).rsc == 2002
    place.container("other")
    assert place.ae.update(other, "cnt", mni=20).rsc == 2004
    place.set_and_wait(11)
    assert place.count() == 0
    assert place.ae.update(f"{place.ae.path}/a", "actr", sri=other).rsc == 2004
    assert place.ae.update(other, "cnt", mni=21).rsc == 2004
    soon(lambda: place.count() == 1)
