"""Every attribute of every implemented resource type against every rule of its table.

The cases are made from spec/types, spec/common.json and spec/support.json: what is missing,
forbidden, unknown, of the wrong data type, out of range, or not built must be refused with the
right code, and must change nothing. spec: TS-0004 7.3.3.3, 7.3.3.4, 7.3.3.7
"""

import pytest
from lib import model
from lib.illegal import FIXED, code_for, sample
from lib.onem2m import Client
from lib.place import BUILT, CREATABLE, GOOD, MINIMAL, OWN_RULES, Place, minimal
from lib.server import Server

ROWS = [(short, row) for short in CREATABLE for row in model.attributes(short)]
IDS = [f"{short}-{row.short}" for short, row in ROWS]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server whose subscriptions verify nothing, with one AE and one of each type."""
    with Server(tmp_path_factory.mktemp("attributes") / "data", "--verify-subscriptions", "none",
                store="mem") as server:
        yield Place(Client(server.url))


@pytest.fixture
def unchanged(place):
    """Whatever the test does must leave everything as it was."""
    before = place.everything()
    yield
    assert place.everything() == before


# ---- CREATE ----


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_a_wrong_value(place, unchanged, short, row):
    if row.create == "NP":
        assert place.create(short, **{row.short: sample(row)}).rsc == 4000
        return
    for value in model.wrong_of_row(row):
        answer = place.create(short, **{row.short: value})
        assert answer.rsc == code_for(row, row.create), (row.short, value)
        assert row.short in answer.debug


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_null(place, short, row):
    """spec: TS-0004 7.3.3.3: null is a value of creator only"""
    before = place.everything()
    answer = place.create(short, **{row.short: None})
    if row.short == "cr":
        assert answer.rsc == 2001
        place.forget(answer)
        return
    assert answer.rsc == code_for(row, row.create)
    assert place.everything() == before


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_a_good_value(place, short, row):
    if row.create == "NP" or (short, row.short) in OWN_RULES:
        return
    before = place.everything()
    if row.is_unbuilt:
        assert place.create(short, **{row.short: "x"}).rsc == 5001
        assert place.everything() == before
        return
    value = place.good(short, row)
    with_it = {"mt": 13} if row.short == "spty" else {}
    answer = place.create(short, **{**with_it, row.short: value})
    assert answer.rsc == 2001, answer
    assert row.short == "cr" or answer[row.short] == value
    place.forget(answer)


@pytest.mark.parametrize("short,row", [r for r in ROWS if r[1].create == "M"],
                         ids=[i for i, r in zip(IDS, ROWS) if r[1].create == "M"])
def test_create_without_what_is_mandatory(place, unchanged, short, row):
    answer = place.create(short, drop=row.short)
    assert answer.rsc == 4000
    assert row.short in answer.debug


# ---- UPDATE ----

UPDATES = [(short, row) for short, row in ROWS if short not in FIXED]
UPDATE_IDS = [i for i, r in zip(IDS, ROWS) if r[0] not in FIXED]


@pytest.mark.parametrize("short,row", UPDATES, ids=UPDATE_IDS)
def test_update_with_a_wrong_value(place, unchanged, short, row):
    if row.update == "NP":
        assert place.update(short, **{row.short: sample(row)}).rsc == 4000
        assert place.update(short, **{row.short: None}).rsc == 4000
        return
    for value in model.wrong_of_row(row):
        answer = place.update(short, **{row.short: value})
        assert answer.rsc == code_for(row, row.update), (row.short, value)
        if row.short != "acpi":
            mixed = {"lbl": ["fine"], row.short: value}
            assert place.update(short, **mixed).rsc == code_for(row, row.update), (row.short, value)


@pytest.mark.parametrize("short,row", UPDATES, ids=UPDATE_IDS)
def test_update_and_delete(place, short, row):
    """spec: TS-0004 7.3.3.7: null deletes what has multiplicity 0..1, and nothing else"""
    if row.update == "NP" or row.is_unbuilt or (short, row.short) in OWN_RULES:
        return
    value = place.good(short, row)
    answer = place.update(short, **{row.short: value})
    assert answer.rsc == 2004, answer
    assert answer[row.short] == value
    before = place.everything()
    answer = place.update(short, **{row.short: None})
    if row.short == "et":
        assert answer.rsc == 2004  # spec: TS-0001 9.6.1.3.2: the CSE decides on a new value
        assert answer["et"] > value
    elif row.is_mandatory:
        assert answer.rsc == 4000
        assert row.short in answer.debug
        assert place.everything() == before
    else:
        assert answer.rsc == 2004
        assert row.short not in answer.res
        assert row.short not in place.client(short).retrieve(place.targets[short]).res
        again = place.update(short, **{row.short: None})
        assert again.rsc == 2004, "what is not there can be deleted"


# ---- the representation as a whole ----


@pytest.mark.parametrize("short", CREATABLE)
@pytest.mark.parametrize("name", ["nonsense", "", "CNI", "maxNrOfInstances", "resourceName", "m2m:cnt",
                                  "m2m:rn", " lbl", "lbl ", "ch", "lnk", "@rn", "é", "x" * 300])
def test_unknown_attribute(place, unchanged, short, name):
    assert place.create(short, **{name: "x"}).rsc == 4000
    assert place.create(short, **{name: None}).rsc == 4000
    expected = 4005 if short in FIXED else 4000
    assert place.update(short, **{name: "x"}).rsc == expected
    assert place.update(short, **{name: None}).rsc == expected


@pytest.mark.parametrize("short", CREATABLE)
def test_attributes_of_other_types(place, unchanged, short):
    mine = {row.short for row in model.attributes(short)}
    others = sorted({row.short for other in BUILT for row in model.attributes(other)} - mine)
    for name in others:
        assert place.create(short, **{name: GOOD.get(name, "x")}).rsc == 4000, name
        if short not in FIXED:
            assert place.update(short, **{name: GOOD.get(name, "x")}).rsc == 4000, name


@pytest.mark.parametrize("short", CREATABLE)
def test_wrong_roots(place, unchanged, short):
    """spec: TS-0004 7.3.3.3: content that is not of the Resource Type"""
    body = minimal(short)
    root = model.root(short)
    other = "cnt" if short != "cnt" else "ae"
    for content in ({short: body}, {f"m2m:{other}": body}, {f"M2M:{short}": body}, {f"{root} ": body},
                    {"": body}, {f"{root}A": body}, {}, [], [{root: body}], body or {"lbl": ["x"]},
                    {root: body, f"m2m:{other}": {}}, {root: [body]},
                    {root: None}, {root: "x"}, {root: 5},
                    {root: True}, b"", b"5", b'"x"', b"null", b"true"):
        assert place.create(short, content).rsc == 4000, content
        if short in FIXED:
            continue
        client = place.client(short)
        assert client.update(place.targets[short], short, content).rsc == 4000, content


@pytest.mark.parametrize("short", [s for s in CREATABLE if s not in FIXED])
def test_update_of_nothing(place, short):
    """An empty representation changes nothing but the time of modification."""
    target = place.targets[short]
    before = place.admin.retrieve(target).res
    assert place.update(short).rsc == 2004
    after = place.admin.retrieve(target).res
    assert {k: v for k, v in after.items() if k not in ("lt", "st")} == \
           {k: v for k, v in before.items() if k not in ("lt", "st")}
    assert after["lt"] > before["lt"]
    assert after.get("st", 1) == before.get("st", 0) + 1


def test_the_tables_are_covered():
    """Every attribute that an originator may give has a good value here."""
    wanted = {row.short for short, row in ROWS
              if short in MINIMAL and not row.is_unbuilt and "NP" not in (row.create, row.update)
              and (short, row.short) not in OWN_RULES}
    assert wanted <= set(GOOD)
    assert len(ROWS) > 400
