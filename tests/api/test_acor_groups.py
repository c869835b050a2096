"""Groups among the originators of a rule: membership as it is at the moment of the request.

spec: TS-0001 9.6.2.1; TS-0004 table 7.3.3.15-1
"""

import pytest
from lib.onem2m import Client, grant

SP = "//merlon.example"


@pytest.fixture
def box(admin, ae):
    """A container of `ae` and its policy; box.admits(client, entry...) tries the entries."""

    class Box:
        path = f"{ae.path}/box"

        def allow(self, *entries):
            pv = {"acr": [{"acor": list(entries), "acop": 2}]} if entries else {}
            assert admin.update(self.acp, "acp", pv=pv).rsc == 2004

        def admits(self, client, *entries):
            if entries:
                self.allow(*entries)
            answer = client.retrieve(self.path)
            assert answer.rsc in (2000, 4103), answer
            return answer.rsc == 2000

    box = Box()
    box.acp = grant(admin)
    assert ae.create(ae.path, "cnt", rn="box", acpi=[box.acp]).rsc == 2001
    yield box
    admin.delete(box.acp)


def group(client, parent, name, *members, **more):
    answer = client.create(parent, "grp", rn=name, mnm=1000, mid=list(members), **more)
    assert answer.rsc == 2001, answer
    return answer["ri"]


@pytest.mark.parametrize("spelling", [
    "{ri}", "cse-in/{ae}/g", "-/{ae}/g", "/id-in/{ri}", "/id-in/cse-in/{ae}/g", "/id-in/-/{ae}/g",
    SP + "/id-in/{ri}", SP + "/id-in/cse-in/{ae}/g", SP + "/id-in/-/{ae}/g"])
def test_every_spelling_of_a_group(ae, other, box, spelling):
    """SEC-ACP-15 spec: TS-0001 7.2"""
    ri = group(ae, ae.path, "g", other.stem)
    entry = spelling.format(ri=ri, ae=ae.path.split("/")[1])
    assert box.admits(other, entry)
    assert not box.admits(ae, entry)


@pytest.mark.parametrize("spelling", [
    "{stem}", "/id-in/{stem}", SP + "/id-in/{stem}", "cse-in/{name}", "-/{name}",
    "/id-in/cse-in/{name}", "/id-in/-/{name}", SP + "/id-in/cse-in/{name}", SP + "/id-in/-/{name}"])
def test_every_spelling_of_a_member(ae, other, box, spelling):
    """SEC-ACP-15 spec: TS-0001 7.2: memberIDs name the <AE> in any form"""
    name = other.path.split("/")[1]
    ri = group(ae, ae.path, "g", "cse-in", spelling.format(stem=other.stem, name=name))
    assert box.admits(other, ri)
    assert not box.admits(ae, ri)


@pytest.mark.parametrize("spelling", ["Sgrouped", "/id-in/Sgrouped", SP + "/id-in/Sgrouped",
                                      "cse-in/{name}", "/id-in/cse-in/{name}"])
def test_sp_assigned_members(admin, ae, box, spelling):
    """SEC-ACP-15 spec: TS-0001 7.2: the resource of an S-type AE has its stem as identifier"""
    name = f"s{ae.stem}"
    client = admin.register("Sgrouped", name=name)
    try:
        ri = group(ae, ae.path, "g", spelling.format(name=name))
        assert box.admits(client, ri)
        assert not box.admits(ae, ri)
    finally:
        admin.delete(f"cse-in/{name}")


@pytest.mark.parametrize("member", [
    "{path}/box", "cse-in", "{path}", "{stem}x", "cse-in/{stem}", "C*", "{otherpath}/x",
    "{otherpath}/la", "all"])
def test_what_is_no_member(ae, other, box, member):
    """SEC-ACP-15: exactly the AEs in memberIDs; wildcards and keywords have no meaning there"""
    member = member.format(path=ae.path, stem=other.stem, otherpath=other.path)
    answer = ae.create(ae.path, "grp", rn="g", mnm=9, mid=[member])
    if answer.rsc == 4000:
        assert "*" in member, answer  # no resource identifier
        return
    assert answer.rsc == 2001, answer
    assert not box.admits(other, answer["ri"])


@pytest.mark.parametrize("entry", ["{ri}*", "grp*", "cse-in/*/g", "cse-in/{ae}/*", "{ri}/fopt",
                                   "cse-in/{ae}/g/fopt", "{ri}/mid", "/id-in/{ri}x", "{ri}x"])
def test_what_is_no_group(ae, other, box, entry):
    """spec: TS-0004 table 7.3.3.15-1: no wildcards for groups"""
    ri = group(ae, ae.path, "g", other.stem)
    assert not box.admits(other, entry.format(ri=ri, ae=ae.path.split("/")[1]))


def test_other_resources_are_no_groups(ae, other, box):
    """SEC-ACP-15: an AE does not stand for what is below it, nor does a container"""
    assert other.create(other.path, "cnt", rn="c").rsc == 2001
    assert not box.admits(ae, other.path)
    assert not box.admits(other, other.path, f"{other.path}/c", "cse-in", "-")


def test_membership_counts_at_once(ae, other, box):
    """SEC-ACP-15 spec: TS-0001 9.6.2.1"""
    ri = group(ae, ae.path, "g")
    assert not box.admits(other, ri)
    for _ in range(5):
        assert ae.update(ri, "grp", mid=[other.stem]).rsc == 2004
        assert box.admits(other)
        assert ae.update(ri, "grp", mid=[ae.stem]).rsc == 2004
        assert not box.admits(other)
    assert ae.update(ri, "grp", mid=[other.stem]).rsc == 2004
    assert box.admits(other)
    assert ae.delete(ri).rsc == 2002
    assert not box.admits(other)
    again = group(ae, ae.path, "g", other.stem)
    assert not box.admits(other), "the identifier of the old group leads nowhere"
    assert box.admits(other, again)


def test_a_group_by_path_that_is_made_again(ae, other, box):
    """SEC-ACP-15: a path names what stands there now"""
    group(ae, ae.path, "g", other.stem)
    assert box.admits(other, f"{ae.path}/g")
    assert ae.delete(f"{ae.path}/g").rsc == 2002
    assert not box.admits(other)
    assert ae.create(ae.path, "cnt", rn="g").rsc == 2001
    assert not box.admits(other)
    assert ae.delete(f"{ae.path}/g").rsc == 2002
    group(ae, ae.path, "g", other.stem)
    assert box.admits(other)


def test_a_group_below_a_deleted_resource(admin, ae, other, box):
    """SEC-ACP-15: what is deleted with its parent is gone as well"""
    third = admin.register(f"Cthird{ae.stem}", name=f"third{ae.stem}")
    ri = group(third, f"cse-in/third{ae.stem}", "g", other.stem)
    assert box.admits(other, ri)
    assert admin.delete(f"cse-in/third{ae.stem}").rsc == 2002
    assert not box.admits(other)


def test_members_that_are_groups(ae, other, box):
    """spec: TS-0004 7.4.13.2.1: only with /fopt a group stands for its members"""
    inner = group(ae, ae.path, "inner", other.stem)
    outer = group(ae, ae.path, "outer", f"{inner}/fopt")
    flat = group(ae, ae.path, "flat", inner)
    assert box.admits(other, outer)
    assert not box.admits(ae, outer)
    assert not box.admits(other, flat)
    assert ae.update(inner, "grp", mid=[]).rsc == 2004
    assert not box.admits(other, outer)


@pytest.mark.parametrize("spelling", ["{ri}/fopt", "cse-in/{ae}/g0/fopt", "-/{ae}/g0/fopt",
                                      "/id-in/{ri}/fopt", SP + "/id-in/cse-in/{ae}/g0/fopt"])
def test_every_spelling_of_a_group_within(ae, other, box, spelling):
    """spec: TS-0001 7.2"""
    ri = group(ae, ae.path, "g0", other.stem)
    outer = group(ae, ae.path, "g1", spelling.format(ri=ri, ae=ae.path.split("/")[1]))
    assert box.admits(other, outer)


def test_depth_of_groups(ae, other, box):
    """SEC-DEC-12: eight groups within each other are followed, by default, and no more"""
    last = group(ae, ae.path, "g1", other.stem)
    chain = [last]
    for depth in range(2, 12):
        last = group(ae, ae.path, f"g{depth}", f"{last}/fopt")
        chain.append(last)
    for depth, ri in enumerate(chain, 1):
        assert box.admits(other, ri) == (depth <= 8), depth


def test_circles_of_groups(ae, other, box):
    """SEC-DEC-12: they end, and hide nobody"""
    for name in ("a", "b", "c"):
        group(ae, ae.path, name)
    assert ae.update(f"{ae.path}/a", "grp", mid=[f"{ae.path}/a/fopt", f"{ae.path}/b/fopt"]).rsc == 2004
    assert ae.update(f"{ae.path}/b", "grp", mid=[f"{ae.path}/c/fopt"]).rsc == 2004
    assert ae.update(f"{ae.path}/c", "grp", mid=[f"{ae.path}/a/fopt", f"{ae.path}/b/fopt"]).rsc == 2004
    for name in ("a", "b", "c"):
        assert not box.admits(other, f"{ae.path}/{name}")
    assert ae.update(f"{ae.path}/c", "grp",
                     mid=[f"{ae.path}/a/fopt", f"{ae.path}/b/fopt", other.stem]).rsc == 2004
    for name in ("a", "b", "c"):
        assert box.admits(other, f"{ae.path}/{name}")
        assert not box.admits(ae, f"{ae.path}/{name}")


def test_groups_that_branch(own):
    """SEC-DEC-12: many ways to the same groups cost no more than one; 40^7 ways would not end"""
    admin = Client(own().url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    acp = grant(admin, (["cse-in/ae/g7-0"], 2))
    assert ae.create("cse-in/ae", "cnt", rn="box", acpi=[acp]).rsc == 2001
    width = 40
    for level in range(8):
        below = [f"cse-in/ae/g{level - 1}-{i}/fopt" for i in range(width)] if level else ["Cnobody"]
        for i in range(width if level < 7 else 1):
            group(ae, "cse-in/ae", f"g{level}-{i}", *below)
    assert other.retrieve("cse-in/ae/box").rsc == 4103
    assert ae.update(f"cse-in/ae/g0-{width - 1}", "grp", mid=["Cother"]).rsc == 2004
    assert other.retrieve("cse-in/ae/box").rsc == 2000


def test_members_looked_at_are_bounded(own):
    """SEC-DEC-12: beyond the limit a rule does not match; the work for one decision is bounded"""
    admin = Client(own("--limit", "membership=100").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    acp = grant(admin, (["cse-in/ae/g"], 2))
    assert ae.create("cse-in/ae", "cnt", rn="box", acpi=[acp]).rsc == 2001
    group(ae, "cse-in/ae", "g", *[f"Cnobody{i}" for i in range(99)], "Cother")
    assert other.retrieve("cse-in/ae/box").rsc == 2000
    mid = [f"Cnobody{i}" for i in range(100)] + ["Cother"]
    assert ae.update("cse-in/ae/g", "grp", mid=mid).rsc == 2004
    assert other.retrieve("cse-in/ae/box").rsc == 4103
    assert admin.update(acp, "acp", pv={"acr": [{"acor": ["cse-in/ae/g", "Cother"], "acop": 2}]}).rsc == 2004
    assert other.retrieve("cse-in/ae/box").rsc == 2000, "other entries are looked at all the same"


def test_a_large_group(ae, other, box):
    """SEC-ACP-15"""
    ri = ae.create(ae.path, "grp", rn="g", mnm=10000,
                   mid=[f"/id-in/Cnobody{i}" for i in range(5000)])["ri"]
    assert not box.admits(other, ri)
    mid = [f"/id-in/Cnobody{i}" for i in range(5000)] + [f"/id-in/{other.stem}"]
    assert ae.update(ri, "grp", mid=mid).rsc == 2004
    assert box.admits(other, ri)


def test_membership_in_self_privileges(admin, ae, other):
    """SEC-ACP-15: groups count in every set of rules"""
    ri = group(ae, ae.path, "g", other.stem)
    acp = grant(admin, self_rules=[([ri], 2)])
    assert other.retrieve(acp).rsc == 2000
    assert ae.retrieve(acp).rsc == 4103


def test_the_group_itself_stays_closed(ae, other, box):
    """spec: TS-0001 9.6.2.1: being named in a group is no right on the group"""
    ri = group(ae, ae.path, "g", other.stem)
    assert box.admits(other, ri)
    assert other.retrieve(ri).rsc == 4103
    assert other.update(ri, "grp", mid=[]).rsc == 4103


def test_an_ae_that_comes_back(admin, ae, box):
    """SEC-ACP-15: a member is named, not known: the same AE-ID registered again is a member"""
    stem, name = f"Cback{ae.stem}", f"back{ae.stem}"
    ri = group(ae, ae.path, "g", stem)
    path = group(ae, ae.path, "h", f"cse-in/{name}")
    back = admin.register(stem, name=name)
    assert box.admits(back, ri) and box.admits(back, path)
    assert admin.delete(f"cse-in/{name}").rsc == 2002
    assert back.retrieve(box.path).rsc == 4106
    back = admin.register(stem, name=f"{name}2")
    assert box.admits(back, ri)
    assert not box.admits(back, path), "another resource name"
    assert admin.delete(f"cse-in/{name}2").rsc == 2002
