"""<flexContainer>: specialisations that files define, and what is refused without them.

spec: TS-0001 9.6.35; TS-0004 7.4.37
"""

import json

import pytest
from lib.onem2m import Client
from lib.server import USE_HOME, Server

FLEX = 28
TEMPERATURE = "org.onem2m.home.moduleclass.temperature"
LIGHT = "org.onem2m.home.device.deviceLight"
SWITCH = "org.onem2m.home.moduleclass.binarySwitch"


@pytest.fixture
def client(home):
    return Client(home.url)


def make(client, parent, root, **attributes):
    return client.create(parent, FLEX, {root: attributes})


@pytest.fixture
def thermo(client):
    answer = make(client, "cse-in", "hd:tempe", rn="thermo", cnd=TEMPERATURE, curT0=21.5)
    assert answer.rsc == 2001, answer
    yield "cse-in/thermo"
    client.delete("cse-in/thermo")


def test_as_created(client, thermo):
    answer = client.retrieve(thermo)
    assert answer.root == "hd:tempe"
    assert (answer["ty"], answer["cnd"], answer["curT0"], answer["cs"], answer["st"]) == \
           (FLEX, TEMPERATURE, 21.5, 4, 0)
    assert "tarTe" not in answer.res


def test_update(client, thermo):
    answer = client.update(thermo, FLEX, {"hd:tempe": {"tarTe": 20, "curT0": 9}})
    assert answer.rsc == 2004, answer
    assert client.retrieve(thermo)["cs"] == 3 and client.retrieve(thermo)["st"] == 1
    # spec: TS-0001 9.6.35: stateTag counts changes of custom attributes
    assert client.update(thermo, FLEX, {"hd:tempe": {"lbl": ["a"]}}).rsc == 2004
    assert client.retrieve(thermo)["st"] == 1
    assert client.update(thermo, FLEX, {"hd:tempe": {"tarTe": None}}).rsc == 2004
    assert "tarTe" not in client.retrieve(thermo).res
    for wrong in ({"hd:tempe": {"curT0": None}}, {"hd:tempe": {"curT0": "9"}},
                  {"hd:tempe": {"cnd": SWITCH}}, {"hd:tempe": {"powSe": True}},
                  {"hd:binSh": {"curT0": 1}}, {"m2m:flexContainer": {"curT0": 1}}):
        assert client.update(thermo, FLEX, wrong).rsc == 4000, wrong
    assert client.retrieve(thermo)["curT0"] == 9
    assert "hd:tempe is expected, by cnd" in client.update(thermo, FLEX, {"hd:binSh": {}}).debug


@pytest.mark.parametrize("root,attributes,rsc", [
    ("hd:tempe", {"cnd": TEMPERATURE}, 4000),
    ("hd:tempe", {"cnd": TEMPERATURE, "curT0": "x"}, 4000),
    ("hd:tempe", {"cnd": TEMPERATURE, "curT0": 1, "cs": 3}, 4000),
    ("hd:tempe", {"cnd": TEMPERATURE, "curT0": 1, "other": 3}, 4000),
    ("hd:tempe", {"curT0": 1}, 4000),
    ("hd:tempe", {"cnd": SWITCH, "curT0": 1}, 4000),
    ("hd:binSh", {"cnd": TEMPERATURE, "curT0": 1}, 4000),
    ("hd:tempe", {"cnd": "org.example.nothing", "curT0": 1}, 4125),
    ("hd:nothing", {"curT0": 1}, 4125),
    ("m2m:ajap", {"dir": 1}, 4000),
    ("m2m:ajap", {"cnd": "org.onem2m.allJoynProperty", "crv": "x"}, 4000),
    ("m2m:ajap", {"cnd": "org.example.nothing", "dir": 1}, 4125),
    ("m2m:flexContainer", {}, 4125)])
def test_refused(client, root, attributes, rsc):
    assert make(client, "cse-in", root, **attributes).rsc == rsc


def test_children(client):
    """A device takes the modules of its definition, and what any flexContainer takes."""
    assert make(client, "cse-in", "hd:devLt", rn="light", cnd=LIGHT).rsc == 2001
    assert make(client, "cse-in/light", "hd:binSh", rn="switch", cnd=SWITCH, powSe=True).rsc == 2001
    assert make(client, "cse-in/light", "hd:tempe", cnd=TEMPERATURE, curT0=1).rsc == 4108
    assert client.create("cse-in/light", "cnt", rn="c").rsc == 2001
    assert client.create("cse-in/light", "ts", rn="t").rsc == 2001
    assert client.create("cse-in/light", "ae", api="Nx", rr=True).rsc == 4108
    tree = client.retrieve("cse-in/light", query={"rcn": 4}).res
    assert [r["rn"] for r in tree["hd:binSh"]] == ["switch"]
    assert client.delete("cse-in/light").rsc == 2002


def test_siblings_of_one_definition_stand_together(client):
    """However they were created: a name twice in an object would hide the first. TS-0004 8.4.3"""
    assert client.create("cse-in", "cnt", rn="mixed").rsc == 2001
    for rn, on in (("s1", True), ("s2", False)):
        assert make(client, "cse-in/mixed", "hd:binSh", rn=rn, cnd=SWITCH, powSe=on).rsc == 2001
        assert make(client, "cse-in/mixed", "hd:tempe", rn="t" + rn, cnd=TEMPERATURE, curT0=1).rsc == 2001
    text = client.retrieve("cse-in/mixed", query={"rcn": 8}).text
    members = json.loads(text, object_pairs_hook=list)[0][1]
    assert [name for name, _ in members] == ["hd:binSh", "hd:tempe"]
    seen = []
    for offset in range(1, 5):
        res = client.retrieve("cse-in/mixed", query={"rcn": 8, "lim": 1, "ofst": offset}).res
        seen += [r["rn"] for siblings in res.values() for r in siblings]
    assert seen == ["s1", "s2", "ts1", "ts2"]
    assert client.delete("cse-in/mixed").rsc == 2002


def test_found_by_type_and_attribute(client, thermo):
    found = client.discover("cse-in", ty=FLEX)
    assert any(to.endswith("thermo") for to in found), found
    assert client.discover("cse-in", ty=FLEX, cnd=SWITCH) == []
    # spec: TS-0004 7.3.3.17.9: any attribute is a condition, those of definitions as well
    assert client.discover("cse-in", curT0="21*") == [thermo]
    assert client.discover("cse-in", curT0="20*") == []
    assert client.retrieve("cse-in", query={"fu": 1, "curT1": "21"}).rsc == 4000


def test_subscribers_are_told(client, thermo, receiver):
    assert client.create(thermo, "sub", nu=[receiver.url], nct=2, enc={"net": [1], "atr": ["curT0"]}).rsc == 2001
    assert client.update(thermo, FLEX, {"hd:tempe": {"tarTe": 3}}).rsc == 2004
    assert client.update(thermo, FLEX, {"hd:tempe": {"curT0": 4}}).rsc == 2004
    assert receiver.next().rep["hd:tempe"]["curT0"] == 4
    receiver.nothing()


def test_access_by_definition(client):
    """Object details name the specialisation that may be created. SEC-ACP-25"""
    rule = {"acor": ["Cguest"], "acop": 1, "acod": [{"chty": [FLEX], "ty": FLEX, "spty": {"cnd": LIGHT}}]}
    admin = {"acr": [{"acor": ["CAdmin"], "acop": 63}]}
    acp = client.create("cse-in", "acp", pv={"acr": [rule, *admin["acr"]]}, pvs=admin)["ri"]
    client.register("Cguest", name="guest")
    assert make(client, "cse-in", "hd:devLt", rn="mine", cnd=LIGHT, acpi=[acp]).rsc == 2001
    assert make(client, "cse-in", "hd:tempe", rn="other", cnd=TEMPERATURE, curT0=1, acpi=[acp]).rsc == 2001
    guest = client.As("Cguest")
    assert make(guest, "cse-in/mine", "hd:binSh", cnd=SWITCH, powSe=True).rsc == 2001
    assert make(guest, "cse-in/other", "hd:binSh", cnd=SWITCH, powSe=True).rsc == 4103


def test_without_definitions(cse):
    for root, content in (("hd:tempe", {"cnd": TEMPERATURE, "curT0": 1}),
                          ("m2m:ajap", {"cnd": "org.onem2m.allJoynApp", "dir": 1}), ("m2m:ajap", {"dir": 1})):
        assert make(Client(cse.url), "cse-in", root, **content).rsc == 4125, root


def test_a_bad_file_is_told_with_its_line(tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "a.flex").write_text("flexContainer x:a a a\n", encoding="utf-8")
    (folder / "b.flex").write_text("flexContainer x:b b b\nattribute c d xs:nothing\n", encoding="utf-8")
    (folder / "c.txt").write_text("not looked at", encoding="utf-8")
    server = Server(tmp_path / "data", "--flex-definitions", str(folder))
    with pytest.raises(AssertionError) as told:
        server.start()
    assert "b.flex:2: no such data type: xs:nothing" in str(told.value)


def test_a_definition_that_is_gone(tmp_path):
    """What is stored stays readable when its definition is not there any more, and can be deleted."""
    server = Server(tmp_path / "data", *USE_HOME)
    with server:
        client = Client(server.url)
        assert make(client, "cse-in", "hd:tempe", rn="t", cnd=TEMPERATURE, curT0=3).rsc == 2001
        server.stop()
        server.options = [o for o in server.options if o not in USE_HOME]
        server.start()
        client = Client(server.url)
        assert client.request("GET", "cse-in/t", check=False).res["curT0"] == 3
        for root in ("hd:tempe", "m2m:flexContainer"):
            assert client.update("cse-in/t", FLEX, {root: {"curT0": 4}}).rsc == 4000
        labelled = client.request("PUT", "cse-in/t", {"m2m:flexContainer": {"lbl": ["a"]}}, check=False)
        assert labelled.rsc == 2004 and (labelled["cs"], labelled["st"]) == (1, 0)
        assert client.delete("cse-in/t").rsc == 2002
