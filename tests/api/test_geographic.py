"""Geographic queries: attribute location, and the criteria gmty, geom, gsf of Release 4.

docs/decisions/0038-geographic-queries.md
"""

import json
import math

import pytest
from lib import serial
from lib.onem2m import Client, grant

POINT, LINE, POLYGON, POINTS, POLYGONS = 1, 2, 3, 4, 6
WITHIN, CONTAINS, INTERSECTS = 1, 2, 3
CITY = [[[13.0, 52.0], [14.0, 52.0], [14.0, 53.0], [13.0, 53.0], [13.0, 52.0]]]


def at(typ, crd):
    return {"typ": typ, "crd": json.dumps(crd)}


def find(client, root, typ, geom, gsf, **more):
    found = client.discover(root, gmty=typ, geom=json.dumps(geom), gsf=gsf, **more)
    return sorted(path.rsplit("/", 1)[1] for path in found)


@pytest.fixture
def places(ae):
    for name, loc in (("inside", at(POINT, [13.4, 52.5])), ("edge", at(POINT, [13.0, 52.5])),
                      ("outside", at(POINT, [11.6, 48.1])), ("road", at(LINE, [[13.5, 52.5], [15.0, 52.5]])),
                      ("land", at(POLYGON, [[[10, 50], [20, 50], [20, 55], [10, 55], [10, 50]]])),
                      ("none", None)):
        answer = ae.create(ae.path, "cnt", rn=name, **({"loc": loc} if loc else {}))
        assert answer.rsc == 2001 and answer.res.get("loc") == loc, answer
    return ae


def test_what_lies_where(places):
    assert find(places, places.path, POLYGON, CITY, WITHIN) == ["edge", "inside"]
    assert find(places, places.path, POLYGON, CITY, CONTAINS) == ["land"]
    assert find(places, places.path, POLYGON, CITY, INTERSECTS) == ["edge", "inside", "land", "road"]
    assert find(places, places.path, POINT, [13.4, 52.5], INTERSECTS) == ["inside", "land"]
    assert find(places, places.path, POINTS, [[11.6, 48.1], [0, 0]], WITHIN) == ["outside"]
    assert find(places, places.path, POLYGON, CITY, INTERSECTS, rn="r*") == ["road"], "with other criteria"
    assert "none" not in find(places, places.path, POLYGON, CITY, INTERSECTS, fo=2, rn="inside")


def test_each_part_of_an_area_counts(places):
    """an area within a hole is not within what is around it, wherever its other parts are"""
    hole = [[13.4, 52.4], [13.6, 52.4], [13.6, 52.6], [13.4, 52.6], [13.4, 52.4]]
    part = [[13.1, 52.1], [13.2, 52.1], [13.2, 52.2], [13.1, 52.1]]
    assert places.create(places.path, "cnt", rn="parts", loc=at(POLYGONS, [[part], [hole]])).rsc == 2001
    assert "parts" in find(places, places.path, POLYGON, CITY, WITHIN)
    assert "parts" not in find(places, places.path, POLYGON, [*CITY, hole], WITHIN)
    assert "parts" in find(places, places.path, POLYGON, [*CITY, hole], INTERSECTS)


def test_comparisons_are_effort(own):
    """Limit scan: large geometries count as many resources"""
    admin = Client(own("--limit", "scan=1000").url)
    assert admin.create("cse-in", "ae", rn="a", api="Nx", rr=False, srv=["3"],
                        headers={"X-M2M-Origin": "Ca"}).rsc == 2001
    ring = [[round(9 * math.cos(i * math.tau / 99), 6), round(9 * math.sin(i * math.tau / 99), 6)] for i in range(99)]
    zigzag = [[(-1) ** i, round(i / 100, 2)] for i in range(100)]
    for i in range(20):
        assert admin.create("cse-in/a", "cnt", rn=f"c{i}", loc=at(LINE, zigzag)).rsc == 2001
    asked = {"fu": 1, "gmty": POLYGON, "gsf": WITHIN}
    small = admin.retrieve("cse-in/a", query={**asked, "geom": json.dumps(CITY)})
    assert small.rsc == 2000 and "X-M2M-CTS" not in small.http.headers
    large = admin.retrieve("cse-in/a", query={**asked, "geom": json.dumps([ring + ring[:1]])})
    assert large.http.headers.get("X-M2M-CTS") == "1" and 0 < len(large.pc["m2m:uril"]) < 20


def test_a_location_changes(places):
    path = f"{places.path}/outside"
    assert places.update(path, "cnt", loc=at(POINT, [13.5, 52.5])).rsc == 2004
    assert "outside" in find(places, places.path, POLYGON, CITY, WITHIN)
    assert places.update(path, "cnt", loc=None).rsc == 2004
    assert "loc" not in places.retrieve(path).res
    assert "outside" not in find(places, places.path, POLYGON, CITY, WITHIN)


def test_serialisations(places):
    for form in serial.NAMES:
        client = places.As(places.originator)
        client.form = form
        loc = at(LINE, [[1, 2], [3, 4]])
        made = client.create(places.path, "cnt", loc=loc)
        assert made.rsc == 2001 and client.retrieve(made["ri"])["loc"] == loc


def test_types_with_a_location(ae):
    """loc is a common attribute of these"""
    loc = at(POINT, [13.4, 52.5])
    assert ae.update(ae.path, "ae", loc=loc).rsc == 2004
    assert ae.create(ae.path, "ts", rn="t", pei=1000, loc=loc).rsc == 2001
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", rn="i", con="x", loc=loc).rsc == 2001
    assert ae.create(ae.path, "grp", mnm=1, mid=[], loc=loc).rsc == 4000
    assert find(ae, "cse-in", POLYGON, CITY, WITHIN, cr=ae.originator) == ["i", "t"] or \
        {"i", "t"} <= set(find(ae, "cse-in", POLYGON, CITY, WITHIN))


@pytest.mark.parametrize("loc", [
    {}, {"typ": 1}, {"crd": "[1,2]"}, {"typ": 0, "crd": "[1,2]"}, {"typ": 7, "crd": "[1,2]"},
    {"typ": 1, "crd": [1, 2]}, {"typ": 1, "crd": "1,2"}, {"typ": 1, "crd": "[1]"}, {"typ": 2, "crd": "[1,2]"},
    {"typ": 1, "crd": "[\"1\",2]"}, {"typ": 1, "crd": "[1,2] "*2}, {"typ": 3, "crd": "[[[0,0],[1,0],[1,1]]]"},
    {"typ": 4, "crd": json.dumps([[i, 0] for i in range(101)])}, {"typ": 1, "crd": "[1,2]", "x": 1}, "[1,2]",
    {"typ": 1, "crd": "[361,0]"}, {"typ": 1, "crd": "[0,1e300]"}, {"typ": 1, "crd": "[0,01]"},
], ids=str)
def test_what_is_no_location(ae, loc):
    assert ae.create(ae.path, "cnt", loc=loc).rsc == 4000
    assert ae.update(ae.path, "ae", loc=loc).rsc == 4000


def test_only_what_may_be_discovered_is_found(places, admin, other):
    assert find(other, places.path, POLYGON, CITY, INTERSECTS) == []
    may = grant(admin, ([other.stem], 32), ([places.stem], 63))
    assert places.update(f"{places.path}/road", "cnt", acpi=[may]).rsc == 2004
    assert find(other, places.path, POLYGON, CITY, INTERSECTS) == ["road"]


def test_a_conditional_retrieve(places):
    """spec: TS-0004 7.3.3.1"""
    asked = {"gmty": POLYGON, "gsf": WITHIN, "geom": json.dumps(CITY)}
    assert places.retrieve(f"{places.path}/inside", query=asked).rsc == 2000
    assert places.retrieve(f"{places.path}/outside", query=asked).rsc == 4004
    assert places.retrieve(f"{places.path}/none", query=asked).rsc == 4004
