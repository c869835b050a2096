"""Where each implemented resource type may stand, and what may be done to it.

The cases are made from spec/types: every pair of parent and child, and every operation. What the
tables do not have is refused with the right code and changes nothing. spec: TS-0004 7.3.3.3,
7.3.3.2, 7.4.x.2; TS-0001 9.6
"""

import pytest
from lib import model
from lib.onem2m import Client
from lib.place import BUILT, CREATABLE, PRIMITIVE, REGISTERING, Place, definition
from lib.server import Server

# which need a registration or a test of their own
CHILDREN = [t for t in CREATABLE if t not in REGISTERING]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("rules") / "data", "--verify-subscriptions", "none",
                store="mem") as server:
        found = Place(Client(server.url))
        found.targets["cb"] = "cse-in"
        policy = found.admin.create(found.targets["nod"], 13, {"m2m:cmp": found.least("cmp")})
        assert policy.rsc == 2001, policy
        found.policy_of_node = policy["ri"]
        yield found


def may_hold(parent, child):
    """Do the tables of the parent have the child, or its base type?"""
    names = model.table(f"types/{parent}.json")["children"]
    return child in names or model.table(f"types/{child}.json").get("of") in names


def is_single(parent, child):
    facts = model.table(f"types/{parent}.json")
    return facts.get("child_limits", {}).get(child, {}).get("card") == "0..1"


def own_rules(place, parent, child):
    """Attributes that a child needs below some parents only."""
    return {("sub", parent): {"nu": ["http://127.0.0.1:1/x"]},
            ("actr", parent): {"apv": {**PRIMITIVE, "fr": place.admin.originator}},
            ("acmp", "nod"): {"acmlk": place.policy_of_node}}.get((child, parent), {})


@pytest.mark.parametrize("parent", BUILT)
@pytest.mark.parametrize("child", CHILDREN)
def test_parents(place, parent, child):
    before = place.everything()
    target = place.targets[parent]
    number = model.table(f"types/{child}.json")["type"]
    body = {**place.least(child), **own_rules(place, parent, child)}
    # whose action it is, decides on its dependencies
    who = place.ae if (parent, child) == ("actr", "depr") else place.admin
    answer = who.create(target, number, {model.root(child): body})
    if may_hold(parent, child):
        assert answer.rsc == 2001 or (is_single(parent, child) and answer.rsc == 4105), answer
        if answer.rsc == 2001 and is_single(parent, child):
            assert place.admin.create(target, number, {model.root(child): body}).rsc == 4105
        if answer.rsc == 2001:
            place.forget(answer)
        return
    assert answer.rsc == (5203 if child == "sub" else 4108), answer
    assert place.everything() == before


@pytest.mark.parametrize("short", BUILT)
def test_operations(place, short):
    """What the table of a type does not allow is OPERATION_NOT_ALLOWED."""
    allowed = model.table(f"types/{short}.json")["operations"]
    target = place.targets[short]
    before = place.everything()
    assert "retrieve" in allowed and place.admin.retrieve(target).rsc == 2000
    if "update" not in allowed:
        assert place.admin.update(target, short, lbl=["x"]).rsc == 4005
    if "delete" not in allowed:
        assert place.admin.delete(target).rsc == 4005
    if "notify" not in allowed:
        content = {"m2m:sgn": {"sur": "cse-in/x"}}
        # TS-0004 7.5.1.2.4, 7.5.1.2.6, 7.5.1.2.18: only who hosts targets or members notifies them
        assert place.admin.notify(target, content).rsc == (4103 if short in ("crs", "grp") else 4005)
    assert place.everything() == before


@pytest.mark.parametrize("short", [t for t in CREATABLE if definition(t)])
def test_specialisations_among_each_other(place, short):
    """The attributes of one are not those of another, whatever the root says. TS-0004 7.4.15"""
    before = place.everything()
    for other in (t for t in CREATABLE if definition(t) and t != short):
        body = {**place.least(short), "mgd": definition(other)}
        assert place.create(short, {model.root(short): body}).rsc == 4000
        assert place.create(other, {model.root(other): {**place.least(short)}}).rsc == 4000
        assert place.client(short).update(place.targets[short], other, {model.root(other): {}}).rsc == 4000
    assert place.everything() == before
