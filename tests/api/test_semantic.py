"""Semantic queries, <semanticFanOutPoint>, and what they tell to whom.

spec: TS-0004 7.3.3.18, 7.3.3.19, 7.4.35; TS-0001 9.6.14a, 9.6.30
"""

import base64
import json
import xml.etree.ElementTree as ElementTree

import pytest
from lib import serial
from lib.onem2m import Client, grant

DISCOVER, RETRIEVE = 32, 2
LAMP = "@prefix h: <http://h/> . h:lamp a h:Light ; h:in h:kitchen ; h:watts 40 ."
OVEN = "@prefix h: <http://h/> . h:oven a h:Heater ; h:in h:kitchen ; h:watts 2000 ."
ROOM = "@prefix h: <http://h/> . h:kitchen h:floor 2 ; h:name \"K\u00fcche\"@de ."
H = "PREFIX h: <http://h/> "
UPSTAIRS = H + "SELECT ?x { ?x h:in ?r . ?r h:floor 2 }"


def describe(client, parent, text, rn="d", **more):
    dsp = base64.b64encode(text.encode()).decode()
    answer = client.create(parent, "smd", rn=rn, dcrp=5, dsp=dsp, **more)
    assert answer.rsc == 2001, answer
    return f"{parent}/{rn}"


def query(client, to, text, **more):
    return client.retrieve(to, query={"sqi": "true", "rcn": 10, "smf": text, **more})


def table(answer):
    """The rows of an answer in JSON, as lists of the values in the order of the variables."""
    assert answer.rsc == 2000 and set(answer.pc) == {"m2m:qres"}, answer
    got = json.loads(answer.pc["m2m:qres"])
    names = got["head"]["vars"]
    return [[row[n]["value"] if n in row else None for n in names] for row in got["results"]["bindings"]]


def truth(answer):
    assert answer.rsc == 2000, answer
    return json.loads(answer.pc["m2m:qres"])["boolean"]


@pytest.fixture
def house(ae):
    """Containers lamp, oven, room of `ae` with a descriptor d each, and the group g of these."""
    for name, text in (("lamp", LAMP), ("oven", OVEN), ("room", ROOM)):
        assert ae.create(ae.path, "cnt", rn=name).rsc == 2001
        describe(ae, f"{ae.path}/{name}", text)
    members = [f"{ae.path}/{name}/d" for name in ("lamp", "oven", "room")]
    assert ae.create(ae.path, "grp", rn="g", mnm=9, mid=members).rsc == 2001
    return ae


# ---- queries below a resource ----


def test_a_query_joins_what_stands_below_its_target(house):
    """spec: TS-0004 7.3.3.19.1"""
    got = query(house, house.path, H + "SELECT ?x ?w { ?x h:in ?r ; h:watts ?w . ?r h:floor 2 }")
    assert sorted(table(got)) == [["http://h/lamp", "40"], ["http://h/oven", "2000"]]
    assert table(query(house, f"{house.path}/lamp", H + "SELECT ?x { ?x h:in ?r }")) == [["http://h/lamp"]]
    assert table(query(house, f"{house.path}/lamp", UPSTAIRS)) == [], "the room is not below the lamp"
    assert table(query(house, f"{house.path}/lamp/d", H + "SELECT ?w { ?x h:watts ?w }")) == [["40"]]
    assert table(query(house, f"{house.path}/g", "SELECT ?x { ?x ?y ?z }")) == []


def test_forms_of_results(house):
    """spec: TS-0004 7.3.3.19.0: W3C, JSON for JSON and CBOR, XML for XML"""
    text = H + "SELECT ?n { ?r h:name ?n }"
    want = {"head": {"vars": ["n"]},
            "results": {"bindings": [{"n": {"type": "literal", "value": "K\u00fcche", "xml:lang": "de"}}]}}
    for form in serial.NAMES:
        client = house.As(house.originator)
        client.form = form
        answer = query(client, house.path, text)
        assert answer.rsc == 2000, answer
        if form != "xml":
            assert json.loads(answer.pc["m2m:qres"]) == want
            continue
        root = ElementTree.fromstring(answer.pc["m2m:qres"])
        ns = "{http://www.w3.org/2005/sparql-results#}"
        assert root.tag == ns + "sparql"
        assert [v.get("name") for v in root.iter(ns + "variable")] == ["n"]
        assert [b.text for b in root.iter(ns + "literal")] == ["K\u00fcche"]
    accepting = house.retrieve(house.path, query={"sqi": 1, "rcn": 10, "smf": "ASK {}"},
                               headers={"Accept": "application/xml"})
    assert "<boolean>true" in accepting.pc["m2m:qres"]


def test_ask_and_limits(house):
    assert truth(query(house, house.path, H + "ASK { ?x a h:Light }")) is True
    assert truth(query(house, house.path, H + "ASK { ?x a h:Pump }")) is False
    assert len(table(query(house, house.path, "SELECT ?x { ?x ?y ?z } LIMIT 2"))) == 2
    assert len(table(query(house, house.path, H + "SELECT DISTINCT ?r { ?x h:in ?r }"))) == 1


def test_pages_of_a_table(house):
    """SPARQL 1.1 15: ORDER BY, OFFSET and LIMIT"""
    watts = H + "SELECT ?w { ?x h:watts ?w } ORDER BY DESC(?w)"
    assert table(query(house, house.path, watts)) == [["2000"], ["40"]]
    assert table(query(house, house.path, watts + " LIMIT 1")) == [["2000"]]
    assert table(query(house, house.path, watts + " OFFSET 1 LIMIT 5")) == [["40"]]
    assert table(query(house, house.path, watts + " OFFSET 2")) == []


@pytest.mark.parametrize("parameters,rsc", [
    ({"sqi": "true", "rcn": 10}, 4000), ({"sqi": "true", "rcn": 10, "smf": "nonsense"}, 4143),
    ({"sqi": "true", "smf": "ASK {}"}, 4000), ({"sqi": "true", "rcn": 1, "smf": "ASK {}"}, 4000),
    ({"sqi": "true", "rcn": 4, "smf": "ASK {}"}, 4000), ({"rcn": 10, "smf": "ASK {}"}, 4000),
    ({"sqi": "false", "rcn": 10, "smf": "ASK {}"}, 4000), ({"rcn": 10}, 4000),
    ({"sqi": "true", "rcn": 10, "smf": ["ASK {}", "ASK {}"]}, 4000),
    ({"sqi": "true", "rcn": 10, "smf": "ASK {}", "atrl": "lbl"}, 4000),
    ({"sqi": "true", "rcn": 10, "smf": "SELECT (COUNT(?x) AS ?n) { ?x ?y ?z }"}, 5001),
    ({"fu": 1, "smf": "SELECT ?x { ?x ?y ?z } OFFSET 1"}, 5001),
    ({"fu": 1, "smf": "SELECT ?x { ?x ?y ?z } ORDER BY ?x"}, 2000),
    ({"sqi": "true", "rcn": 10, "smf": "INSERT DATA { <u:a> <u:b> 1 }"}, 4143),
    ({"smf": "ASK {}"}, 5001),
], ids=str)
def test_what_is_no_semantic_query(house, parameters, rsc):
    """spec: TS-0001 8.1.2, TS-0004 7.3.3.19.1"""
    assert house.retrieve(house.path, query=parameters).rsc == rsc


def test_other_criteria_are_ignored(house):
    """spec: TS-0001 8.1.2"""
    got = query(house, house.path, H + "SELECT ?x { ?x a h:Light }", lbl="none", fu=1, lim=1, ofst=5, lvl=1)
    assert table(got) == [["http://h/lamp"]]


def test_a_query_needs_no_more_than_the_descriptors(house, admin, other):
    """spec: TS-0004 7.3.3.19.1: RETRIEVE on each descriptor, none on the target"""
    readable = grant(admin, ([other.stem], RETRIEVE), ([house.stem], 63))
    findable = grant(admin, ([other.stem], DISCOVER), ([house.stem], 63))
    describe(house, f"{house.path}/lamp", "<u:secret> <u:p> 1 .", rn="e", acpi=[findable])
    describe(house, f"{house.path}/lamp", "<u:shown> <u:p> 2 .", rn="f", acpi=[readable])
    assert table(query(house, house.path, "SELECT ?x { ?x <u:p> ?n }")) == [["u:secret"], ["u:shown"]]
    assert other.retrieve(house.path).rsc == 4103
    assert table(query(other, house.path, "SELECT ?x { ?x ?y ?z }")) == [["u:shown"]]
    assert truth(query(other, house.path, "ASK { <u:secret> ?p ?o }")) is False
    assert table(query(other, f"{house.path}/lamp/f", "SELECT ?x { ?x ?y ?z }")) == [["u:shown"]]
    assert table(query(other, f"{house.path}/lamp/e", "SELECT ?x { ?x ?y ?z }")) == []


def test_a_hidden_target(own):
    """--hide-unauthorised: as one that does not exist"""
    admin = Client(own("--hide-unauthorised", "on").url)
    spy = admin.register("Cspy", name="spy")
    closed = grant(admin, (["CAdmin"], 63))
    assert admin.create("cse-in", "ae", rn="a", api="Nx", rr=False, srv=["3"], acpi=[closed],
                        headers={"X-M2M-Origin": "Ca"}).rsc == 2001
    assert admin.create("cse-in/a", "cnt", rn="c", acpi=[closed]).rsc == 2001
    for target in ("cse-in/a/c", "cse-in/a/none", "cse-in/a"):
        assert query(spy, target, "ASK {}").rsc == 4004, target


def test_answers_are_bounded(own):
    """Limits sparql_steps and descriptor_triples: a part, and marked so; no truth is guessed"""
    server = own("--limit", "sparql_steps=1000", "--limit", "descriptor_triples=20")
    admin = Client(server.url)
    assert admin.create("cse-in", "ae", rn="a", api="Nx", rr=False, srv=["3"],
                        headers={"X-M2M-Origin": "Ca"}).rsc == 2001
    describe(admin, "cse-in/a", "<u:a> <u:b> " + ",".join(map(str, range(19))) + " .")
    cross = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
    answer = query(admin, "cse-in/a", f"SELECT ?c {{ {cross} }}")
    assert answer.rsc == 2000 and answer.http.headers.get("X-M2M-CTS") == "1"
    assert 0 < len(table(answer)) < 1000
    assert query(admin, "cse-in/a", f"ASK {{ {cross} FILTER(?a = <u:none>) }}").rsc == 4000
    few = query(admin, "cse-in/a", "SELECT ?c { ?a ?b ?c }")
    assert few.http.headers.get("X-M2M-CTS") is None and len(table(few)) == 19
    describe(admin, "cse-in/a", "<u:c> <u:d> 1 , 2 .", rn="e")
    more = query(admin, "cse-in/a", "SELECT ?c { ?a ?b ?c }")
    assert more.http.headers.get("X-M2M-CTS") == "1" and len(table(more)) == 20


# ---- over the members of a group ----


def test_discovery_by_a_group(house):
    """spec: TS-0004 7.4.35.2.2: one graph of all members"""
    found = house.discover(f"{house.path}/g/sfop", smf=UPSTAIRS)
    assert found == [f"{house.path}/{name}" for name in ("lamp", "oven", "room")]
    lamps = H + "ASK { ?x a h:Light ; h:in ?r . ?r h:floor ?f }"
    assert house.discover(f"{house.path}/g/sfop", smf=lamps) == [f"{house.path}/{n}" for n in ("lamp", "room")]
    assert house.discover(house.path, smf=lamps) == [], "each resource by itself"
    assert house.retrieve(f"{house.path}/g/sfop", query={"smf": lamps}).pc == \
        {"m2m:uril": [f"{house.path}/{n}" for n in ("lamp", "room")]}
    first = house.retrieve(f"{house.path}/g/sfop", query={"fu": 1, "smf": UPSTAIRS, "lim": 1, "ofst": 2})
    assert first.pc == {"m2m:uril": [f"{house.path}/oven"]} and first.http.headers["X-M2M-CTS"] == "1"
    assert first.http.headers["X-M2M-CTO"] == "3", "where the next page begins"
    rest = house.retrieve(f"{house.path}/g/sfop", query={"fu": 1, "smf": UPSTAIRS, "ofst": 3})
    assert rest.pc == {"m2m:uril": [f"{house.path}/room"]} and "X-M2M-CTS" not in rest.http.headers
    ids = house.discover(f"{house.path}/g/sfop", smf=lamps, drt=2)
    assert ids == [house.retrieve(f"{house.path}/{n}")["ri"] for n in ("lamp", "room")]


def test_query_by_a_group(house):
    """spec: TS-0004 7.3.3.19.2, 7.4.35"""
    assert sorted(table(query(house, f"{house.path}/g/sfop", UPSTAIRS))) == [["http://h/lamp"], ["http://h/oven"]]
    assert truth(query(house, f"{house.path}/g/sfop", H + "ASK { ?x a h:Pump }")) is False


def test_members_of_a_semantic_fan_out(house):
    """spec: TS-0001 9.6.14a: descriptors, instances with semantic content, latest; others do not count"""
    assert house.create(house.path, "cnt", rn="news").rsc == 2001
    plain, encoded = "<u:x> <u:p> 1 .", base64.b64encode(b"<u:y> <u:p> 2 .").decode()
    for con, cnf in (("<u:z> <u:p> 3 .", "text/plain:0"), (plain, "text/turtle:0")):
        assert house.create(f"{house.path}/news", "cin", con=con, cnf=cnf).rsc == 2001
    oldest = house.retrieve(f"{house.path}/news/ol")["ri"]
    inner = [f"{house.path}/lamp/d", f"{house.path}/room/d"]
    assert house.create(house.path, "grp", rn="inner", mnm=2, mid=inner).rsc == 2001
    members = [f"{house.path}/news/la", oldest, house.path, f"{house.path}/none", f"{house.path}/inner/fopt"]
    assert house.create(house.path, "grp", rn="many", mnm=9, mid=members).rsc == 2001
    numbers = "SELECT ?x { ?x <u:p> ?n }"
    assert table(query(house, f"{house.path}/many/sfop", numbers)) == [["u:x"]]
    assert table(query(house, f"{house.path}/many/sfop", UPSTAIRS)) == [["http://h/lamp"]], "of the sub-group"
    new = house.create(f"{house.path}/news", "cin", con=encoded, cnf="text/turtle:1")
    assert table(query(house, f"{house.path}/many/sfop", numbers)) == [["u:y"]]
    assert house.discover(f"{house.path}/many/sfop", smf=numbers) == [f"{house.path}/news/{new['rn']}"]


def test_each_member_is_asked_for_its_consent(house, admin, other):
    """spec: TS-0004 7.4.35.2.2: the originator's own privileges, on the group and on each member"""
    assert other.retrieve(f"{house.path}/g/sfop", query={"smf": UPSTAIRS}).rsc == 4103
    may = grant(admin, ([other.stem], DISCOVER | RETRIEVE), ([house.stem], 63))
    only_found = grant(admin, ([other.stem], DISCOVER), ([house.stem], 63))
    assert house.update(f"{house.path}/g", "grp", macp=[may]).rsc == 2004
    assert table(query(other, f"{house.path}/g/sfop", UPSTAIRS)) == []
    for name in ("lamp/d", "room/d"):
        assert house.update(f"{house.path}/{name}", "smd", acpi=[may]).rsc == 2004
    assert house.update(f"{house.path}/oven/d", "smd", acpi=[only_found]).rsc == 2004
    assert table(query(other, f"{house.path}/g/sfop", UPSTAIRS)) == [["http://h/lamp"]]
    assert truth(query(other, f"{house.path}/g/sfop", H + "ASK { ?x a h:Heater }")) is False
    assert other.discover(f"{house.path}/g/sfop", smf=UPSTAIRS) == [], "the containers are not its to find"
    assert house.update(f"{house.path}/lamp", "cnt", acpi=[only_found]).rsc == 2004
    assert other.discover(f"{house.path}/g/sfop", smf=UPSTAIRS) == [f"{house.path}/lamp"]
    assert house.update(f"{house.path}/g", "grp", macp=[only_found]).rsc == 2004
    assert query(other, f"{house.path}/g/sfop", UPSTAIRS, fu=1).rsc == 4103, "a query is no discovery"


@pytest.mark.parametrize("parameters,rsc", [
    ({}, 4000), ({"fu": 1}, 4000), ({"smf": "nonsense"}, 4143), ({"smf": UPSTAIRS, "rcn": 4}, 4000),
    ({"smf": UPSTAIRS, "rcn": 10}, 4000), ({"fu": 1, "smf": UPSTAIRS, "rcn": 6}, 4000),
    ({"smf": UPSTAIRS, "lbl": "x"}, 5001), ({"smf": UPSTAIRS, "arp": "la"}, 5001),
    ({"sqi": "true", "smf": UPSTAIRS}, 4000), ({"smf": UPSTAIRS, "atrl": "lbl"}, 4000),
], ids=str)
def test_what_a_semantic_fan_out_is_not_asked(house, parameters, rsc):
    """spec: TS-0004 7.4.35.2.2"""
    assert house.retrieve(f"{house.path}/g/sfop", query=parameters).rsc == rsc


def test_only_retrieved(house):
    """spec: TS-0004 7.4.35.2"""
    sfop = f"{house.path}/g/sfop"
    assert house.create(sfop, "cnt").rsc == 4005
    assert house.update(sfop, "grp", gn="x").rsc == 4005
    assert house.delete(sfop).rsc == 4005
    assert house.notify(sfop, {"m2m:sgn": {}}).rsc == 4005
    assert house.retrieve(f"{sfop}/lamp", query={"smf": UPSTAIRS}).rsc == 4004
    assert house.retrieve(f"{house.path}/lamp/sfop").rsc == 4004
    assert house.create(house.path, "grp", rn="empty", mnm=1, mid=[]).rsc == 2001
    assert house.retrieve(f"{house.path}/empty/sfop", query={"smf": UPSTAIRS}).rsc == 4109
    nested = house.create(house.path, "grp", rn="n", mnm=1, mid=[sfop])
    assert nested.rsc == 2001
    answers = house.retrieve(f"{house.path}/n/fopt", query={"fu": 1, "smf": UPSTAIRS})
    assert [a["rsc"] for a in answers.pc["m2m:agr"]["m2m:rsp"]] == [4005], "no circles"
    assert table(query(house, f"{house.path}/n/sfop", UPSTAIRS)) == []


# ---- related descriptors ----


def test_related_groups_and_instances(house, admin, other):
    """spec: TS-0001 9.6.30, TS-0004 7.3.3.18.2: as far as the originator may know them"""
    may = grant(admin, ([other.stem], DISCOVER), ([house.stem], 63))
    assert house.create(house.path, "cnt", rn="pump", acpi=[may]).rsc == 2001
    describe(house, f"{house.path}/pump", "<http://h/pump> <http://h/in> <http://h/kitchen> .", acpi=[may],
             rels=[f"{house.path}/g", f"{house.path}/room/la"])
    assert f"{house.path}/pump" in house.discover(house.path, smf=UPSTAIRS)
    assert other.discover(house.path, smf=UPSTAIRS) == []
    assert house.update(f"{house.path}/room/d", "smd", acpi=[may]).rsc == 2004
    assert other.discover(house.path, smf=UPSTAIRS) == [], "whose members must not tell"
    assert house.update(f"{house.path}/g", "grp", acpi=[may]).rsc == 2004
    assert other.discover(house.path, smf=UPSTAIRS) == [f"{house.path}/pump"]
    named = H + "ASK { ?x h:in ?r . <u:news> <u:p> ?r }"
    assert house.discover(house.path, smf=named) == []
    assert house.create(f"{house.path}/room", "cin", cnf="text/turtle:0",
                        con="<u:news> <u:p> <http://h/kitchen> .").rsc == 2001
    assert house.discover(house.path, smf=named) == [f"{house.path}/pump"]


def updated(house, text):
    return house.update(f"{house.path}/lamp/d", "smd", soe=text)


def test_an_update_changes_triples(house):
    """spec: TS-0004 7.4.34.2.3: semanticOpExec; it is not kept"""
    answer = updated(house, H + "DELETE { ?x h:watts ?w } INSERT { ?x h:watts 60 ; h:dim [ h:to 5 ] } "
                                "WHERE { ?x h:watts ?w FILTER(?w = 40) }")
    assert answer.rsc == 2004, answer
    assert "soe" not in answer.res and "soe" not in house.retrieve(f"{house.path}/lamp/d").res
    got = query(house, f"{house.path}/lamp", H + "SELECT ?w ?d { ?x h:watts ?w ; h:dim ?b . ?b h:to ?d }")
    assert table(got) == [["60", "5"]]
    assert house.path + "/lamp" in house.discover(house.path, smf=H + "ASK { ?x h:watts 60 }")
    assert house.retrieve(f"{house.path}/lamp/d", query={"atrl": "soe"}).rsc != 5000


@pytest.mark.parametrize("soe,rsc", [
    ("nonsense", 4143), ("SELECT ?x { ?x ?y ?z }", 4143), ("INSERT DATA { ?x <u:p> 1 }", 4143),
    ("CLEAR ALL", 5001), ("LOAD <http://127.0.0.1:1/x>", 5001),
    ("INSERT { ?a ?b ?f } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r . "
     "?s ?t ?u . ?v ?w ?x . ?y ?z ?A . ?B ?C ?D . ?E ?F ?G . ?H ?I ?J }", 5212),
], ids=str)
def test_an_update_that_is_refused_changes_nothing(house, soe, rsc):
    """spec: TS-0004 7.4.34.2.3"""
    before = house.retrieve(f"{house.path}/lamp/d").res
    answer = updated(house, soe)
    assert answer.rsc == rsc, answer
    assert house.retrieve(f"{house.path}/lamp/d").res == before
    assert house.update(f"{house.path}/lamp/d", "smd", soe="INSERT DATA {}", dsp="").rsc == 4000


def test_updates_of_a_group_have_one_effort(house):
    """No request holds up those of others: large descriptors that are behind are left alone"""
    text = "<u:a> <u:p> " + ", ".join(f'"{n:026}"' for n in range(1500)) + " ."
    members = []
    for name in ("l1", "l2", "l3"):
        house.create(house.path, "cnt", rn=name)
        members.append(describe(house, f"{house.path}/{name}", text))
    house.create(house.path, "grp", rn="large", mnm=3, mid=members)
    answer = house.update(f"{house.path}/large/fopt", "smd", soe=" ; ".join(["INSERT DATA {}"] * 16))
    assert [member["rsc"] for member in answer.pc["m2m:agr"]["m2m:rsp"]] == [2004, 5212, 5212], answer
    answer = house.update(f"{house.path}/large/fopt", "smd", soe="INSERT DATA { <u:a> <u:p> 1 }")
    assert [member["rsc"] for member in answer.pc["m2m:agr"]["m2m:rsp"]] == [2004] * 3, answer


def test_an_update_is_told_as_a_change_of_the_descriptor(house, receiver):
    """What is told of is descriptor, not semanticOpExec."""
    answer = house.create(f"{house.path}/lamp/d", "sub", nu=[receiver.url], nct=2,
                          enc={"net": [1], "atr": ["dsp"]})
    assert answer.rsc == 2001, answer
    assert updated(house, "INSERT DATA { <u:a> <u:b> 1 }").rsc == 2004
    representation = receiver.next().rep["m2m:smd"]
    assert "dsp" in representation and "soe" not in representation


def test_validation_is_not_offered(house):
    """spec: TS-0004 7.4.34.2.1: validationEnable"""
    assert house.update(f"{house.path}/lamp/d", "smd", vlde=True).rsc == 5001
    answer = house.update(f"{house.path}/lamp/d", "smd", vlde=False)
    assert answer.rsc == 2004 and answer.res["vlde"] is False and "svd" not in answer.res
