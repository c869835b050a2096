"""What an answer shows: Result Content, nesting, order, partial results, single attributes.

spec: TS-0001 8.1.2, 8.1.3; TS-0004 7.3.3.6, 7.3.3.12, 7.3.3.17, 7.5.2, 8.4; TS-0009 6.2.2.2, 6.4.20, 6.4.21
"""

import http.client
import json

import pytest
from lib.clock import stamp
from lib.onem2m import TYPES, Client, header_spelling

NUMBER = {f"m2m:{short}": ty for short, ty in TYPES.items()}
POLICY = {"acr": [{"acor": ["all"], "acop": 63}]}


@pytest.fixture
def tree(ae):
    """A container `t` with something of everything below."""
    top = f"{ae.path}/t"
    ae.create(ae.path, "cnt", rn="t", lbl=["top"])
    ae.create(top, "cin", rn="i1", con="one")
    ae.create(top, "cnt", rn="c1", lbl=["inner"])
    ae.create(top, "sub", rn="s1", nu=[ae.stem])
    ae.create(top, "cin", rn="i2", con={"two": 2})
    ae.create(f"{top}/c1", "cnt", rn="c2")
    ae.create(f"{top}/c1", "cin", rn="i3", con="three")
    ae.create(f"{top}/c1/c2", "cin", rn="i4", con="four")
    ae.create(f"{top}/c1/c2", "cnt", rn="c3")
    ae.create(top, "cnt", rn="c4")
    assert ae.create(f"{top}/c4", "cin", rn="i5", con="five").rsc == 2001
    return top


BELOW = ["c1", "c1/c2", "c1/c2/c3", "c1/c2/i4", "c1/i3", "c4", "c4/i5", "i1", "i2", "s1"]


def children_of(client, path):
    """Direct children: [(root, name)], by type and creation."""
    refs = client.retrieve(path, query={"rcn": 6, "lvl": 1}).res["rrf"]
    roots = {ty: root for root, ty in NUMBER.items()}
    return [(roots[r["typ"]], r["nm"]) for r in refs]


def nested(client, path, depth=99):
    """What rcn=4 must show, put together from single retrieves."""
    resource = dict(client.retrieve(path).res)
    for root, name in children_of(client, path) if depth else []:
        resource.setdefault(root, []).append(nested(client, f"{path}/{name}", depth - 1))
    return resource


def only_children(resource):
    return {name: value for name, value in resource.items() if name.startswith("m2m:")}


def names(resource, prefix=""):
    """Names of all nested resources, relative to the outermost."""
    found = []
    for value in only_children(resource).values():
        for child in value:
            found.append(prefix + child["rn"])
            found += names(child, prefix + child["rn"] + "/")
    return found


def references(answer, top):
    return [r["val"].removeprefix(f"{top}/") for r in answer]


# ---- CREATE ----


def test_create_nothing(ae):
    answer = ae.create(ae.path, "cnt", rn="c", query={"rcn": 0})
    assert (answer.rsc, answer.text) == (2001, "")
    assert "Content-Type" not in answer.headers
    assert ae.retrieve(f"{ae.path}/c").rsc == 2000


@pytest.mark.parametrize("rcn", [None, 1])
def test_create_attributes(ae, rcn):
    answer = ae.create(ae.path, "cnt", rn="c", lbl=["x"], query={"rcn": rcn} if rcn else {})
    assert answer.rsc == 2001
    assert answer.res == ae.retrieve(f"{ae.path}/c").res


@pytest.mark.parametrize("rcn", [2, 3])
def test_create_address(ae, rcn):
    """The structured address, however the parent was addressed"""
    ae.create(ae.path, "cnt", rn="p")
    ri = ae.retrieve(f"{ae.path}/p")["ri"]
    for i, to in enumerate((f"{ae.path}/p", f"{ae.stem}/p", ri, f"/id-in/{ri}", f"//merlon.example/id-in/{ri}")):
        answer = ae.create(to, "cnt", rn=f"c{i}", query={"rcn": rcn})
        assert answer.rsc == 2001
        if rcn == 2:
            assert answer.pc == {"m2m:uri": f"{ae.path}/p/c{i}"}
        else:
            created = ae.retrieve(f"{ae.path}/p/c{i}").res
            assert answer.pc == {"m2m:rce": {"m2m:cnt": created, "uri": f"{ae.path}/p/c{i}"}}
    unnamed = ae.create(ri, "cin", con="x", query={"rcn": 2}).pc["m2m:uri"]
    assert ae.retrieve(unnamed)["con"] == "x"


MODIFIED = [  # (kind, what is given, what is told)
    ("cnt", {"rn": "c"}, {"ty", "ri", "pi", "ct", "lt", "et", "st", "cni", "cbs"}),
    ("cnt", {}, {"ty", "ri", "rn", "pi", "ct", "lt", "et", "st", "cni", "cbs"}),
    ("cnt", {"rn": "c", "mni": 3, "lbl": ["x"], "cr": None},
     {"ty", "ri", "pi", "ct", "lt", "et", "st", "cni", "cbs", "cr"}),
    ("cnt", {"et": "20300101T000000"}, {"ty", "ri", "rn", "pi", "ct", "lt", "st", "cni", "cbs"}),
    ("cnt", {"et": "20300101T000000,0"}, {"ty", "ri", "rn", "pi", "ct", "lt", "st", "cni", "cbs"}),
    ("cnt", {"et": "99991231T000000"}, {"ty", "ri", "rn", "pi", "ct", "lt", "et", "st", "cni", "cbs"}),
    ("acp", {"pv": POLICY, "pvs": POLICY}, {"ty", "ri", "rn", "pi", "ct", "lt", "et"}),
    ("grp", {"mnm": 3, "mid": []}, {"ty", "ri", "rn", "pi", "ct", "lt", "et", "cnm", "mt", "csy", "mtv", "ssi"}),
]


@pytest.mark.parametrize("kind,given,told", MODIFIED, ids=[str(i) for i in range(len(MODIFIED))])
def test_create_modified(ae, kind, given, told):
    """What the originator does not know yet, exactly"""
    answer = ae.create(ae.path, kind, query={"rcn": 9}, **given)
    assert answer.rsc == 2001
    assert set(answer.res) == told
    whole = ae.retrieve(answer["ri"]).res
    assert answer.res == {name: whole[name] for name in told}


def test_create_modified_instance(ae):
    ae.create(ae.path, "cnt", rn="c", mia=60)
    answer = ae.create(f"{ae.path}/c", "cin", con=[1.50, {"a": None}], rn="i", query={"rcn": 9})
    assert set(answer.res) == {"ty", "ri", "pi", "ct", "lt", "et", "st", "cs"}
    answer = ae.create(f"{ae.path}/c", "cin", con="x", rn="j", et=stamp(30), query={"rcn": 9})
    assert set(answer.res) == {"ty", "ri", "pi", "ct", "lt", "st", "cs"}


def test_create_modified_ae(admin):
    answer = admin.As("C").create("cse-in", "ae", api="Nx", rr=True, srv=["3"], query={"rcn": 9})
    assert set(answer.res) == {"ty", "ri", "rn", "pi", "ct", "lt", "et", "aei"}
    assert admin.delete(answer["aei"]).rsc == 2002


# ---- UPDATE ----


def test_update_nothing(ae, tree):
    answer = ae.update(tree, "cnt", lbl=["new"], query={"rcn": 0})
    assert (answer.rsc, answer.text) == (2004, "")
    assert ae.retrieve(tree)["lbl"] == ["new"]


@pytest.mark.parametrize("rcn", [None, 1])
def test_update_attributes(ae, tree, rcn):
    answer = ae.update(tree, "cnt", lbl=["new"], query={"rcn": rcn} if rcn else {})
    assert answer.rsc == 2004
    assert answer.res == ae.retrieve(tree).res


def test_update_modified(ae, tree):
    """Neither what was sent nor what stayed; what was set to another value than sent"""
    def told(**attributes):
        answer = ae.update(tree, "cnt", query={"rcn": 9}, **attributes)
        assert answer.rsc == 2004
        whole = ae.retrieve(tree).res
        assert answer.res == {name: whole[name] for name in answer.res}
        return set(answer.res)

    assert told(lbl=["new"]) == {"lt", "st"}
    assert told(lbl=["new"], mni=10) == {"lt", "st"}
    assert told(lbl=None, mni=None) == {"lt", "st"}
    assert told() == {"lt", "st"}
    assert told(mni=1) == {"lt", "st", "cni", "cbs"}
    assert told(et="99991231T000000") == {"lt", "st", "et"}
    assert told(et=None) == {"lt", "st", "et"}
    assert told(et=ae.retrieve(tree)["et"]) == {"lt", "st"}
    answer = ae.update(ae.path, "ae", apn="name", query={"rcn": 9})
    assert set(answer.res) == {"lt"}


# ---- DELETE ----


def test_delete(ae, tree):
    """spec: TS-0001 8.1.2: the default is nothing"""
    whole = nested(ae, tree)
    top = f"{ae.path}/"
    answer = ae.delete(f"{tree}/i1")
    assert (answer.rsc, answer.text) == (2002, "")
    answer = ae.delete(f"{tree}/i2", query={"rcn": 0})
    assert (answer.rsc, answer.text) == (2002, "")
    answer = ae.delete(f"{tree}/c1/i3", query={"rcn": 1})
    assert (answer.rsc, answer["con"]) == (2002, "three")
    inner = ae.retrieve(f"{tree}/c1", query={"rcn": 4}).res
    assert ae.delete(f"{tree}/c1", query={"rcn": 4}).res == inner
    assert ae.retrieve(inner["ri"]).rsc == 4004
    answer = ae.delete(f"{tree}/c4", query={"rcn": 6})
    assert answer.pc == {"m2m:rrl": {"rrf": [{"nm": "i5", "typ": 4, "val": f"{top}t/c4/i5"}]}}
    answer = ae.delete(tree, query={"rcn": 5})
    assert [r["nm"] for r in answer["ch"]] == ["s1"]
    assert answer["ri"] == whole["ri"]
    assert ae.retrieve(ae.path, query={"rcn": 6}).res["rrf"] == []


def test_delete_with_children(ae, tree):
    whole = ae.retrieve(tree, query={"rcn": 8}).res
    answer = ae.delete(tree, query={"rcn": 8})
    assert (answer.rsc, answer.res) == (2002, whole)
    assert ae.retrieve(tree).rsc == 4004


def test_delete_is_never_partial(ae, tree):
    """spec: TS-0004 table 7.2.1.2-1: Content Status and Content Offset are of RETRIEVE"""
    answer = ae.delete(tree, query={"rcn": 8, "lim": 1})
    assert answer.rsc == 2002
    assert len(names(answer.res)) == 1
    assert "X-M2M-CTS" not in answer.headers and "X-M2M-CTO" not in answer.headers
    assert ae.retrieve(ae.path, query={"rcn": 6}).res["rrf"] == []


# ---- RETRIEVE ----


@pytest.mark.parametrize("rcn", [None, 1])
def test_retrieve_attributes(ae, tree, rcn):
    answer = ae.retrieve(tree, query={"rcn": rcn} if rcn else {})
    assert answer.rsc == 2000
    assert only_children(answer.res) == {}
    assert "ch" not in answer.res


def test_retrieve_with_children(ae, tree):
    """spec: TS-0004 8.4.3: nested, under the names of their types, parents first"""
    answer = ae.retrieve(tree, query={"rcn": 4})
    assert answer.root == "m2m:cnt"
    assert answer.res == nested(ae, tree)
    assert sorted(names(answer.res)) == sorted(BELOW)
    assert [c["rn"] for c in answer["m2m:cnt"]] == ["c1", "c4"], "in the order of creation"
    assert [c["rn"] for c in answer["m2m:cin"]] == ["i1", "i2"]


def test_retrieve_children_only(ae, tree):
    answer = ae.retrieve(tree, query={"rcn": 8})
    assert answer.root == "m2m:cnt"
    assert answer.res == only_children(nested(ae, tree))
    assert ae.retrieve(f"{tree}/i1", query={"rcn": 8}).pc == {"m2m:cin": {}}
    assert ae.retrieve(f"{tree}/c1/c2/c3", query={"rcn": 8}).pc == {"m2m:cnt": {}}
    assert ae.retrieve(f"{tree}/i1", query={"rcn": 4}).res == ae.retrieve(f"{tree}/i1").res


def test_retrieve_references(ae, tree):
    """spec: TS-0004 6.3.5.29; virtual children are no children here"""
    with_attributes = ae.retrieve(tree, query={"rcn": 5})
    alone = ae.retrieve(tree, query={"rcn": 6})
    assert alone.root == "m2m:rrl"
    assert with_attributes["ch"] == alone.res["rrf"]
    assert {k: v for k, v in with_attributes.res.items() if k != "ch"} == ae.retrieve(tree).res
    assert sorted(references(alone.res["rrf"], tree)) == sorted(BELOW)
    for reference in alone.res["rrf"]:
        there = ae.retrieve(reference["val"])
        assert (there["rn"], there["ty"]) == (reference["nm"], reference["typ"])
    assert ae.retrieve(f"{tree}/c1/c2/c3", query={"rcn": 6}).pc == {"m2m:rrl": {"rrf": []}}
    assert ae.retrieve(f"{tree}/c1/c2/c3", query={"rcn": 5}).res.get("ch", []) == []


def test_results_are_in_stable_order(ae, tree):
    for query in ({"rcn": 4}, {"rcn": 5}, {"rcn": 6}, {"rcn": 8}, {"fu": 1}):
        first = ae.retrieve(tree, query=query).text
        assert all(ae.retrieve(tree, query=query).text == first for _ in range(3))


def test_references_by_resource_id(ae, tree):
    refs = ae.retrieve(tree, query={"rcn": 6, "drt": 2}).res["rrf"]
    assert [ae.retrieve(r["val"])["rn"] for r in refs] == [r["nm"] for r in refs]
    assert all("/" not in r["val"] for r in refs)


def test_original_resource(ae, tree):
    """rcn 7 is for announced resources"""
    assert ae.retrieve(tree, query={"rcn": 7}).rsc == 4000


def test_everything_below_the_base(admin, ae, tree):
    whole = admin.retrieve("cse-in", query={"rcn": 4})
    mine = [a for a in whole["m2m:ae"] if a["ri"] == ae.stem]
    assert mine == [nested(ae, ae.path)]
    assert "m2m:la" not in whole.text and "m2m:fopt" not in whole.text


def test_only_what_may_be_read(admin, ae, other, tree):
    """SEC-ACP-41: a child that must not be read is left out with everything below"""
    policy = admin.create("cse-in", "acp", pv={"acr": [{"acor": [other.stem], "acop": 2}]},
                          pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
    for path in (tree, f"{tree}/c1/c2"):
        assert ae.update(path, "cnt", acpi=[policy]).rsc == 2004
    for rcn in (4, 8):
        assert sorted(names(other.retrieve(tree, query={"rcn": rcn}).res)) == ["i1", "i2"]
    assert sorted(references(other.retrieve(tree, query={"rcn": 5})["ch"], tree)) == \
        ["c1/c2", "c1/c2/i4", "i1", "i2"]
    assert sorted(references(other.retrieve(tree, query={"rcn": 6}).res["rrf"], tree)) == \
        ["c1/c2", "c1/c2/i4", "i1", "i2"]
    assert other.retrieve(f"{tree}/c1", query={"rcn": 4}).rsc == 4103
    admin.delete(policy)


def test_children_by_conditions(ae, tree):
    """spec: TS-0001 8.1.2: the conditions choose among the children, not the target"""
    assert names(ae.retrieve(tree, query={"rcn": 4, "ty": 4}).res) == ["i1", "i2"]
    assert names(ae.retrieve(tree, query={"rcn": 8, "ty": 3}).res) == ["c1", "c1/c2", "c1/c2/c3", "c4"]
    assert names(ae.retrieve(tree, query={"rcn": 8, "lbl": "inner"}).res) == ["c1"]
    refs = ae.retrieve(tree, query={"rcn": 6, "ty": 4}).res["rrf"]
    assert sorted(references(refs, tree)) == ["c1/c2/i4", "c1/i3", "c4/i5", "i1", "i2"]
    assert ae.retrieve(tree, query={"rcn": 4, "lbl": "nobody"}).res == ae.retrieve(tree).res


def test_conditional_retrieve(ae, tree):
    """spec: TS-0004 7.3.3.1: without children in the result they concern the target"""
    assert ae.retrieve(tree, query={"lbl": "top"}).rsc == 2000
    assert ae.retrieve(tree, query={"lbl": "bottom"}).rsc == 4004
    assert ae.retrieve(tree, query={"ms": stamp(60)}).rsc == 4004
    assert ae.retrieve(tree, query={"ms": ae.retrieve(tree)["lt"]}).rsc == 2000


# ---- levels ----


@pytest.mark.parametrize("level,below", [
    (1, ["c1", "c4", "i1", "i2", "s1"]), (2, ["c1", "c1/c2", "c1/i3", "c4", "c4/i5", "i1", "i2", "s1"]),
    (3, BELOW), (4, BELOW), (2**64 - 1, BELOW),
])
def test_level(ae, tree, level, below):
    """spec: TS-0004 7.3.3.17.14: 1 is the direct children; deeper ones are not missing, but not asked for"""
    for rcn in (4, 8):
        answer = ae.retrieve(tree, query={"rcn": rcn, "lvl": level})
        assert sorted(names(answer.res)) == below
        assert "X-M2M-CTO" not in answer.headers
    assert ae.retrieve(tree, query={"rcn": 4, "lvl": level}).res == nested(ae, tree, min(level, 99))
    for answer in (ae.retrieve(tree, query={"rcn": 5, "lvl": level})["ch"],
                   ae.retrieve(tree, query={"rcn": 6, "lvl": level}).res["rrf"]):
        assert sorted(references(answer, tree)) == below
    found = ae.retrieve(tree, query={"fu": 1, "lvl": level}).pc["m2m:uril"]
    assert sorted(path.removeprefix(f"{tree}/") for path in found) == below


@pytest.mark.parametrize("name", ["lvl", "ofst"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.0", "1e1", "18446744073709551616", "1 2", "+1x"])
def test_bad_levels_and_offsets(ae, name, value):
    """spec: TS-0004 6.3.5.8: xs:positiveInteger"""
    assert ae.retrieve(ae.path, query={"rcn": 4, name: value}).rsc == 4000


@pytest.mark.parametrize("value", ["-1", "x", "", "1.5", "18446744073709551616"])
def test_bad_limits(ae, value):
    assert ae.retrieve(ae.path, query={"rcn": 4, "lim": value}).rsc == 4000


# ---- partial results ----


def is_partial(answer):
    """The next offset of a partial answer, 0 of a complete one. spec: TS-0009 6.4.20, 6.4.21"""
    if answer.headers.get("X-M2M-CTS") == "1":
        for name in ("X-M2M-CTS", "X-M2M-CTO"):
            assert header_spelling(answer.http, name) == name
        return int(answer.headers["X-M2M-CTO"])
    assert answer.headers.get("X-M2M-CTS") in (None, "2")
    assert "X-M2M-CTO" not in answer.headers
    return 0


def found_in(answer, rcn, top):
    """What an answer shows, as paths below `top`."""
    if rcn in (4, 8):
        return names(answer.res)
    if rcn == 5:
        return references(answer.res.get("ch", []), top)
    if rcn == 6:
        return references(answer.res["rrf"], top)
    return [path.removeprefix(f"{top}/") for path in answer.pc["m2m:uril"]]


def read_on(client, top, rcn, **query):
    """Follows the offsets to the end and gives all that was shown, part by part."""
    query = {**({"fu": 1} if rcn == 11 else {"rcn": rcn}), **query}
    parts = []
    offset = 1
    while offset:
        answer = client.retrieve(top, query={**query, "ofst": offset})
        assert answer.rsc == 2000, answer
        parts.append(found_in(answer, rcn, top))
        following = is_partial(answer)
        assert following == 0 or following > offset, "it must go on"
        offset = following
        assert len(parts) < 1000
    return parts


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 19, 20, 21, 1000])
@pytest.mark.parametrize("rcn", [4, 5, 6, 8, 11])
def test_continuing(ae, rcn, limit):
    """Going on at each offset gives exactly everything, once, in order."""
    ae.create(ae.path, "cnt", rn="c")
    for i in range(20):
        ae.create(f"{ae.path}/c", "cin", rn=f"i{i:02}", con=i)
    parts = read_on(ae, f"{ae.path}/c", rcn, lim=limit)
    assert [name for part in parts for name in part] == [f"i{i:02}" for i in range(20)]
    assert all(len(part) == limit for part in parts[:-1])
    assert 0 < len(parts[-1]) <= limit


@pytest.mark.parametrize("limit", [5, 6, 7, 9, 10, 11])
@pytest.mark.parametrize("rcn", [4, 5, 6, 8, 11])
def test_continuing_through_a_tree(ae, tree, rcn, limit):
    """A direct child comes with all of its descendants or not at all, so that none comes twice."""
    parts = read_on(ae, tree, rcn, lim=limit)
    assert sorted(name for part in parts for name in part) == BELOW
    assert all(len(part) <= limit for part in parts)


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_child_larger_than_the_limit(ae, tree, limit):
    """The first child alone is more than wanted: a part of it is shown, and said to be one."""
    answer = ae.retrieve(tree, query={"rcn": 4, "lim": limit})
    assert len(names(answer.res)) == limit
    assert names(answer.res)[0] == "c1"
    assert is_partial(answer) == 1
    deeper = ae.retrieve(f"{tree}/c1", query={"rcn": 4, "lim": 10})
    assert is_partial(deeper) == 0


def test_limit_of_nothing(ae, tree):
    for query in ({"rcn": 4}, {"rcn": 6}, {"fu": 1}):
        answer = ae.retrieve(tree, query={**query, "lim": 0})
        assert answer.rsc == 2000
        assert is_partial(answer) == 1
    assert names(ae.retrieve(tree, query={"rcn": 4, "lim": 0}).res) == []
    assert is_partial(ae.retrieve(f"{tree}/c1/c2/c3", query={"rcn": 4, "lim": 0})) == 0


def test_offset(ae, tree):
    """spec: TS-0001 8.1.2: of nested children the direct ones count; of references all"""
    assert [n for n in names(ae.retrieve(tree, query={"rcn": 8, "ofst": 2}).res) if "/" not in n] == \
        ["c4", "i1", "i2", "s1"]
    assert names(ae.retrieve(tree, query={"rcn": 8, "ofst": 4}).res) == ["i2", "s1"]
    everything = ae.retrieve(tree, query={"rcn": 6}).res["rrf"]
    for offset in range(1, 13):
        assert ae.retrieve(tree, query={"rcn": 6, "ofst": offset}).res["rrf"] == everything[offset - 1:]
    for rcn in (4, 8):
        answer = ae.retrieve(tree, query={"rcn": rcn, "ofst": 6})
        assert names(answer.res) == []
        assert is_partial(answer) == 0
    assert ae.retrieve(tree, query={"rcn": 6, "ofst": 2**64 - 1}).res["rrf"] == []


def test_offset_counts_what_is_shown(admin, ae, other):
    """What must not be read, or does not match, takes no place."""
    policy = admin.create("cse-in", "acp", pv={"acr": [{"acor": [other.stem], "acop": 2},
                                                       {"acor": [ae.stem], "acop": 63}]},
                          pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
    ae.create(ae.path, "cnt", rn="p", acpi=[policy])
    for i in range(10):
        rights = {"acpi": [policy]} if i % 3 else {}
        assert ae.create(f"{ae.path}/p", "cnt", rn=f"c{i}", lbl=[f"l{i % 2}"], **rights).rsc == 2001
    readable = [f"c{i}" for i in range(10) if i % 3]
    for rcn in (4, 5, 6, 8):
        parts = read_on(other, f"{ae.path}/p", rcn, lim=2)
        assert [name for part in parts for name in part] == readable
        parts = read_on(ae, f"{ae.path}/p", rcn, lim=2, lbl="l1")
        assert [name for part in parts for name in part] == [f"c{i}" for i in range(1, 10, 2)]
    admin.delete(policy)


@pytest.mark.parametrize("rcn", [4, 5, 6, 8, 11])
def test_limits_of_the_server(own, rcn):
    """limits: results. Nobody asked for it, all the same the answer says that it is partial."""
    client = Client(own("--limit", "results=10", store="mem").url).register("Cx", name="x")
    client.create("Cx", "cnt", rn="c")
    for i in range(25):
        client.create("Cx/c", "cin", rn=f"i{i:02}", con=i)
    for query in ({}, {"lim": 1000}):
        parts = read_on(client, "cse-in/x/c", rcn, **query)
        assert [len(part) for part in parts] == [10, 10, 5]
        assert [name for part in parts for name in part] == [f"i{i:02}" for i in range(25)]


@pytest.mark.parametrize("rcn", [4, 8])
def test_large_results(own, rcn):
    """limits: response_bytes. A child that does not fit comes with the next part."""
    client = Client(own("--limit", "response_bytes=65536", store="mem").url).register("Cx", name="x")
    client.create("Cx", "cnt", rn="c")
    for i in range(12):
        client.create("Cx/c", "cnt", rn=f"c{i:02}")
        for n in range(3):
            client.create(f"Cx/c/c{i:02}", "cin", rn=f"i{n}", con="x" * 5000)
    parts = read_on(client, "cse-in/x/c", rcn)
    assert len(parts) == 3
    assert [name for part in parts for name in part] == \
        [f"c{i:02}{inner}" for i in range(12) for inner in ("", "/i0", "/i1", "/i2")]


@pytest.mark.parametrize("rcn", [5, 6, 11])
def test_long_lists(own, rcn):
    client = Client(own("--limit", "response_bytes=65536", store="mem").url).register("Cx", name="x")
    client.create("Cx", "cnt", rn="c" * 128)
    for i in range(400):
        client.create("Cx/" + "c" * 128, "cin", rn=f"{i:0128}", con=i)
    parts = read_on(client, "cse-in/x/" + "c" * 128, rcn)
    assert len(parts) > 1
    assert [name for part in parts for name in part] == [f"{i:0128}" for i in range(400)]


# ---- single attributes ----


def test_attribute_list(ae, tree):
    """spec: TS-0004 7.3.3.6; TS-0009 6.2.2.2"""
    whole = ae.retrieve(tree).res
    for wanted in (["ri"], ["lbl"], ["ri", "ct"], ["st", "cni", "ty", "lbl"], sorted(whole)):
        answer = ae.request("GET", f"{tree}?atrl={'+'.join(wanted)}")
        assert answer.rsc == 2000
        assert answer.root == "m2m:cnt"
        assert answer.res == {name: whole[name] for name in wanted}
    assert ae.retrieve(tree, query={"atrl": "ri"}).res == {"ri": whole["ri"]}
    assert ae.request("GET", f"{tree}?atrl=ri+ri+ri").res == {"ri": whole["ri"]}
    assert ae.request("GET", f"{tree}?rcn=1&atrl=ri").res == {"ri": whole["ri"]}


def test_absent_attribute(ae, tree):
    """Known for the type, but not there: nothing is shown of it"""
    for query, shown in (("mni", {}), ("acpi", {}), ("mni+rn", {"rn": "t"}), ("cr", {})):
        answer = ae.request("GET", f"{tree}?atrl={query}")
        assert (answer.rsc, answer.res) == (2000, shown)


@pytest.mark.parametrize("wanted", ["nonsense", "con", "ri+nonsense", "RI", "resourceID", "m2m:cnt", "api", "ri/x",
                                    "", "+", "%20", "%00", "1a", "ri,ct", "ri&atrl=ct", "a%2Bb"])
def test_unknown_attribute(ae, tree, wanted):
    assert ae.request("GET", f"{tree}?atrl={wanted}").rsc == 4000


def test_attributes_of_every_type(admin, ae, tree):
    for to, name, value in (("cse-in", "csi", "/id-in"), (ae.path, "aei", ae.stem), (f"{tree}/i1", "con", "one"),
                            (f"{tree}/la", "con", {"two": 2}), (f"{tree}/ol", "cs", 3), (f"{tree}/s1", "nu", [ae.stem]),
                            (f"{tree}/c1", "lbl", ["inner"])):
        assert ae.retrieve(to, query={"atrl": name}).res == {name: value}


def test_attributes_in_the_content(ae, tree):
    """spec: TS-0004 7.2.1.1: m2m:atrl is the one content that a RETRIEVE may have"""
    assert ae.request("GET", tree, {"m2m:atrl": ["ri", "rn"]}).res == \
        {name: ae.retrieve(tree)[name] for name in ("ri", "rn")}
    for content in ({"m2m:atrl": []}, {"m2m:atrl": "ri"}, {"m2m:atrl": [5]}, {"m2m:atrl": ["nonsense"]},
                    {"m2m:atrl": ["ri"], "m2m:cnt": {}}, {"m2m:uril": ["ri"]}, {}, [], ["ri"]):
        assert ae.request("GET", tree, content).rsc == 4000, content
    assert ae.request("GET", f"{tree}?atrl=ri", {"m2m:atrl": ["ri"]}).rsc == 4000, "said twice"


def test_attribute_list_is_for_retrieve(ae, tree):
    assert ae.update(tree, "cnt", lbl=["x"], query={"atrl": "lbl"}).rsc == 4000
    assert ae.create(tree, "cnt", query={"atrl": "ri"}).rsc == 4000
    assert ae.delete(tree, query={"atrl": "ri"}).rsc == 4000
    assert ae.retrieve(tree)["lbl"] == ["top"]


def test_attribute_as_fragment(ae, tree):
    """TS-0009 6.2.2.2 speaks of the fragment, which clients never send; who does is understood."""
    connection = http.client.HTTPConnection("127.0.0.1", int(ae.url.rsplit(":", 1)[1]), timeout=30)
    for target, wanted in ((f"/{tree}#rn", {"rn": "t"}), (f"/{tree}?rcn=1#lbl+rn", {"lbl": ["top"], "rn": "t"})):
        connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in (("X-M2M-Origin", ae.stem), ("X-M2M-RI", "fragment"), ("X-M2M-RVI", "3")):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        assert json.loads(response.read()) == {"m2m:cnt": wanted}
    connection.close()


def test_attributes_need_the_right_to_read(ae, other, tree):
    assert other.retrieve(tree, query={"atrl": "ri"}).rsc == 4103
    assert other.retrieve(tree, query={"atrl": "nonsense"}).rsc == 4103
