"""Illegal requests of every type in every serialisation: the right code, a proper answer, and a tree
that has not changed.

The requests are made from spec/ (lib/illegal.py); each answer is held against its schema. What the
attributes' values are in JSON has test_attributes.py. spec: TS-0004 7.3.3, 8
"""

import pytest
from lib import illegal, model, serial
from lib.onem2m import Client
from lib.place import BUILT, CREATABLE, OWN_RULES, Place
from lib.server import Server

CHANGED = [short for short in CREATABLE if short not in illegal.FIXED]
others = pytest.mark.parametrize("form", [form for form in serial.NAMES if form != "json"])
every = pytest.mark.parametrize("form", serial.NAMES)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A server whose subscriptions verify nothing, with one AE and one of each type."""
    with Server(tmp_path_factory.mktemp("illegal") / "data", "--verify-subscriptions", "none",
                store="mem") as server:
        yield Place(Client(server.url))


@pytest.fixture
def place(one, form):
    """The same, spoken to in the serialisation of the test."""
    one.admin.form = one.ae.form = form
    return one


@pytest.fixture
def unchanged(place):
    """Whatever the test does must leave everything as it was."""
    before = place.everything()
    yield
    assert place.everything() == before


def refused(answer, rsc, name="", value=None):
    """The reader of the serialisation may have refused it before the attribute was looked at."""
    assert answer.rsc == rsc, (name, value, answer)
    assert name in answer.debug or answer.debug.startswith("CBOR: "), (name, value, answer)


@others
@pytest.mark.parametrize("short", CREATABLE)
def test_create(place, unchanged, form, short):
    for row in model.attributes(short):
        if row.create == "M":
            refused(place.create(short, drop=row.short), 4000, row.short)
        for value, rsc in illegal.values(short, row, row.create, form):
            if (row.short, value) != ("cr", None):  # spec: TS-0004 7.3.3.3: a wish for the attribute
                refused(place.create(short, **{row.short: value}), rsc, row.short, value)


@others
@pytest.mark.parametrize("short", CHANGED)
def test_update(place, unchanged, form, short):
    for row in model.attributes(short):
        for value, rsc in illegal.values(short, row, row.update, form):
            refused(place.update(short, **{row.short: value}), rsc, row.short, value)


@others
@pytest.mark.parametrize("short", CREATABLE)
def test_good_values(place, form, short):
    """The legal ones are understood: what JSON tells of the resource is what was said."""
    for row in model.attributes(short):
        if row.create == "NP" or row.is_unbuilt or (short, row.short) in OWN_RULES:
            continue
        value = place.good(short, row)
        more = {"mt": 13} if row.short == "spty" else {}
        answer = place.create(short, **{**more, row.short: value})
        assert answer.rsc == 2001, answer
        assert answer.headers["Content-Type"] == serial.MEDIA[form]
        plain = place.admin.retrieve(answer["ri"], headers={"Accept": "application/json"})
        assert plain.res == answer.res
        assert row.short == "cr" or plain[row.short] == value
        place.forget(answer)


@every
@pytest.mark.parametrize("parent", BUILT)
def test_wrong_parents(place, unchanged, form, parent):
    """spec: TS-0004 7.3.3.3 INVALID_CHILD_RESOURCE_TYPE, TARGET_NOT_SUBSCRIBABLE"""
    target = "cse-in" if parent == "cb" else place.targets[parent]
    for short in CREATABLE:
        if illegal.may_contain(parent, short):
            continue
        facts = model.table(f"types/{short}.json")
        answer = place.admin.create(target, facts["type"], {model.root(short): place.least(short)})
        refused(answer, 5203 if short == "sub" else 4108)


@every
@pytest.mark.parametrize("short", BUILT)
def test_forbidden_operations(place, unchanged, form, short):
    """spec: TS-0004 7.4: operations that the type does not have"""
    target = "cse-in" if short == "cb" else place.targets[short]
    operations = model.table(f"types/{short}.json")["operations"]
    if "update" not in operations:
        refused(place.admin.update(target, short, lbl=["x"]), 4005)
    if "delete" not in operations:
        refused(place.admin.delete(target), 4005)
    if "notify" not in operations:
        # TS-0004 7.5.1.2.4, 7.5.1.2.6: only who hosts targets or members notifies them
        expected = 5205 if short in ("crs", "grp") else 4005
        refused(place.admin.request("POST", target, {"m2m:sgn": {"vrq": True, "sur": "x"}}), expected)
