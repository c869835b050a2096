"""<mgmtObj>: what is seen of specialisations from outside. Their rules are in tests/cases/mgmtObj and,
made from the tables, in test_attributes.py and test_type_rules.py.

spec: TS-0001 9.6.15, annex D; TS-0004 7.4.15, annex D
"""

import pytest
from lxml import etree

from lib import schema

BATTERY = {"mgd": 1006, "btl": 50, "bts": 1}
MEMORY = {"mgd": 1003, "mma": 1000, "mmt": 2000}


@pytest.fixture
def nod(admin, ae):
    path = f"cse-in/node{ae.stem}"
    assert admin.create("cse-in", "nod", rn=path.rsplit("/", 1)[1], ni="urn:node:1").rsc == 2001
    yield path
    admin.delete(path)


def make(client, parent, root, body, **more):
    answer = client.create(parent, 13, {f"m2m:{root}": {**body, **more}})
    assert answer.rsc == 2001, answer
    return answer


def test_discovery(admin, nod):
    """They are found by type and by the attributes of their specialisation. TS-0004 7.3.3.17"""
    make(admin, nod, "bat", BATTERY, rn="b1")
    make(admin, nod, "bat", BATTERY, rn="b2", btl=9)
    make(admin, nod, "mem", MEMORY, rn="m")
    assert sorted(admin.discover(nod, ty=13)) == [f"{nod}/b1", f"{nod}/b2", f"{nod}/m"]
    assert sorted(admin.discover(nod, mgd=1006)) == [f"{nod}/b1", f"{nod}/b2"]
    assert admin.discover(nod, ty=13, btl=9) == [f"{nod}/b2"]


def test_all_siblings_in_one_array(admin, nod):
    """spec: TS-0004 8.4.3: a name stands once in an object, however the siblings were made"""
    for i in range(30):
        root, body = (("bat", BATTERY), ("ani", {"mgd": 1004, "ant": "x"}),
                      ("dvc", {"mgd": 1008, "can": "c", "att": True, "cas": {}, "cus": True}))[i % 3]
        make(admin, nod, root, body, rn=f"o{i}")
    assert admin.create(nod, "sub", rn="s", nu=["http://127.0.0.1:1/x"]).rsc in (2001, 5204)
    text = admin.retrieve(nod, query={"rcn": 4}).text
    seen = admin.retrieve(nod, query={"rcn": 4})
    for root, first in (("bat", 0), ("ani", 1), ("dvc", 2)):
        assert text.count(f'"m2m:{root}"') == 1
        names = [r["rn"] for r in seen.res[f"m2m:{root}"]]
        assert names == [f"o{i}" for i in range(first, 30, 3)]


def test_names_of_another_namespace(admin, nod):
    """TS-0022 has dcfg: its names with m2m are none, and nothing of m2m is there"""
    body = {"mgd": 1021, "cntp": "cse-in/x"}
    for wrong in ("m2m:datc", "dcfg:bat", "dcfg:mgmtObj", "datc", "x:datc"):
        assert admin.create(nod, 13, {wrong: body}).rsc == 4000, wrong
    made = admin.create(nod, 13, {"dcfg:datc": body})
    assert made.rsc == 2001 and made.root == "dcfg:datc", made
    assert admin.update(made["ri"], 13, {"m2m:datc": {"meil": 5}}).rsc == 4000
    assert admin.update(made["ri"], 13, {"dcfg:datc": {"meil": 5, "mesc": {"sce": ["* * * * * * *"]}}}).rsc == 2004
    assert admin.retrieve(nod, query={"rcn": 4}).res["dcfg:datc"][0]["meil"] == 5
    assert admin.discover(nod, mgd=1021, meil=5) == [f"{nod}/{made['rn']}"]
    assert admin.create(nod, 13, {"m2m:registration": {"mgd": 1020}}).rsc == 5001
    other = admin.create(nod, 13, {"m2m:mgmtObj": {"mgd": 1027}})
    assert other.rsc == 5001 and other.pc["m2m:dbg"] == "mgmtObj of this definition is not implemented"


def test_xml_of_another_namespace(admin, nod):
    """spec: TS-0004 8.3.1: by the schema of that namespace"""
    content = {"mgd": 1021, "cntp": "cse-in/x", "meil": 5}
    made = admin.create(nod, 13, {"dcfg:datc": content})["ri"]
    text = admin.retrieve(made, headers={"Accept": "application/xml"}).http.content
    valid = schema.xml_schema(f"{schema.M2M}/dcfg")
    assert valid.validate(etree.fromstring(text)), valid.error_log
    for old, new in ((b"<meil>5", b"<meil>five"), (b"<meil>5</meil>", b"<mail>5</mail>"),
                     (b"<mgd>", b"<meil>5</meil><mgd>")):
        assert old in text and not valid.validate(etree.fromstring(text.replace(old, new))), (old, new)


@pytest.mark.parametrize("limit", [1, 4, 7, 29])
def test_going_on_at_the_offset(admin, nod, limit):
    """spec: TS-0004 7.3.3.17.15: with specialisations among the siblings nothing is lost or twice"""
    for i in range(24):
        root, body = (("bat", BATTERY), ("ani", {"mgd": 1004, "ant": "x"}))[i % 2]
        make(admin, nod, root, body, rn=f"o{i}")
    names, offset = [], 1
    while True:
        answer = admin.retrieve(nod, query={"rcn": 8, "lim": limit, "ofst": offset})
        assert answer.rsc == 2000
        names += [r["rn"] for children in answer.res.values() if isinstance(children, list)
                  for r in children if isinstance(r, dict)]
        if "X-M2M-CTO" not in answer.headers:
            break
        assert int(answer.headers["X-M2M-CTO"]) > offset
        offset = int(answer.headers["X-M2M-CTO"])
    assert sorted(names) == sorted(f"o{i}" for i in range(24))
    assert len(names) == len(set(names))


def test_partial_retrieve(admin, nod):
    make(admin, nod, "bat", BATTERY, rn="b")
    answer = admin.retrieve(f"{nod}/b", query={"atrl": "btl"})
    assert answer.pc == {"m2m:bat": {"btl": 50}}


def test_the_managed_entity_hears_of_an_order(admin, nod, receiver):
    """Execution by UPDATE: whoever manages the device subscribes. TS-0004 D.10.2.2"""
    make(admin, nod, "rbo", {"mgd": 1009}, rn="r")
    assert admin.create(f"{nod}/r", "sub", nu=[receiver.url], nct=2,
                        enc={"net": [1], "atr": ["rbo"]}).rsc == 2001
    assert admin.update(f"{nod}/r", "rbo", rbo=True).rsc == 2004
    note = receiver.next().rep["m2m:rbo"]
    assert note["rbo"] is True and "far" not in note


def test_a_group_of_one_specialisation(admin, nod):
    """spec: TS-0004 7.4.13.2.1: specializationType"""
    for name in ("b1", "b2"):
        make(admin, nod, "bat", BATTERY, rn=name)
    make(admin, nod, "mem", MEMORY, rn="m")
    members = [f"{nod}/b1", f"{nod}/m", f"{nod}/b2"]
    mixed = admin.create("cse-in", "grp", mnm=5, mt=13, mid=members)
    assert mixed["mid"] == members
    batteries = admin.create("cse-in", "grp", mnm=5, mt=13, spty={"mgd": 1006}, mid=members)
    assert batteries["mid"] == [f"{nod}/b1", f"{nod}/b2"]
    assert admin.create("cse-in", "grp", mnm=5, mt=13, spty={"mgd": 1006}, csy=2, mid=members).rsc == 4110
    answer = admin.update(f"{batteries['ri']}/fopt", "bat", btl=77)
    assert [r["pc"]["m2m:bat"]["btl"] for r in answer.pc["m2m:agr"]["m2m:rsp"]] == [77, 77]
    admin.delete(mixed["ri"])
    admin.delete(batteries["ri"])


def test_who_may_change_it(admin, ae, nod):
    """Without a policy of its own it is protected as its node is. TS-0001 9.6.1.3.2"""
    make(admin, nod, "bat", BATTERY, rn="b")
    assert ae.retrieve(f"{nod}/b").rsc == 4103
    assert ae.update(f"{nod}/b", "bat", btl=1).rsc == 4103
    assert ae.create(nod, 13, {"m2m:bat": BATTERY}).rsc == 4103
    assert ae.delete(f"{nod}/b").rsc == 4103
