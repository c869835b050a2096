"""<flexContainerInstance>: what a <flexContainer> held, kept within the limits that it asks for.

spec: TS-0001 9.6.35, TS-0004 7.4.37, Release 4; docs/decisions/0043-instances-of-flexcontainers.md
"""

import pytest
from lib import schema, serial
from lib.onem2m import Client, grant
from lib.server import USE_HOME, Server, eventually, run

FLEX = 28
INSTANCE = 58
TEMPERATURE = "org.onem2m.home.moduleclass.temperature"


@pytest.fixture
def client(home):
    return Client(home.url)


@pytest.fixture
def make(client):
    """Makes cse-in/thermo, which goes afterwards."""
    def run(**attributes):
        body = {"rn": "thermo", "cnd": TEMPERATURE, "curT0": 1, **attributes}
        return client.create("cse-in", FLEX, {"hd:tempe": body})
    yield run
    client.delete("cse-in/thermo")


def change(client, **attributes):
    return client.update("cse-in/thermo", FLEX, {"hd:tempe": attributes})


def held(client):
    """curT0 of the instances, oldest first."""
    tree = client.retrieve("cse-in/thermo", query={"rcn": 8}).res
    return [r["curT0"] for r in sorted(tree.get("hd:tempeInst", []), key=lambda r: r["ri"])]


def test_each_content_makes_one(client, make):
    answer = make(mni=3, lbl=["a"], tarTe=20)
    assert answer.rsc == 2001, answer
    assert (answer["cni"], answer["cbs"], answer["cs"]) == (1, 3, 3)
    assert change(client, curT0=2.5).rsc == 2004
    latest = client.retrieve("cse-in/thermo/la")
    assert latest.root == "hd:tempeInst"
    assert (latest["ty"], latest["org"], latest["cs"], latest["cnd"]) == (INSTANCE, "CAdmin", 5, TEMPERATURE)
    assert (latest["curT0"], latest["tarTe"], latest["lbl"]) == (2.5, 20, ["a"])
    assert not {"mni", "cr", "acpi", "st"} & set(latest.res)
    whole = client.retrieve("cse-in/thermo").res
    assert latest["pi"] == whole["ri"] and latest["et"] == whole["et"] and latest["ct"] == whole["lt"]
    assert client.retrieve("cse-in/thermo/ol")["curT0"] == 1
    assert (whole["cni"], whole["cbs"], whole["cs"], whole["st"]) == (2, 8, 5, 1)
    # what is no content makes none
    assert change(client, lbl=["b"]).rsc == 2004
    assert client.retrieve("cse-in/thermo")["cni"] == 2
    for value in (3, 4):
        assert change(client, curT0=value).rsc == 2004
    assert held(client) == [2.5, 3, 4]
    # what an instance holds never changes
    assert client.retrieve("cse-in/thermo/ol")["lbl"] == ["a"]


def test_limits(client, make):
    assert make(mbs=4, mia=3600).rsc == 2001
    assert change(client, curT0=22).rsc == 2004
    assert change(client, curT0=333).rsc == 2004
    assert held(client) == [333]
    refused = change(client, curT0=44444)
    assert refused.rsc == 5207 and "maxByteSize" in refused.debug
    assert client.retrieve("cse-in/thermo")["curT0"] == 333 and held(client) == [333]
    latest = client.retrieve("cse-in/thermo/la")
    assert latest["et"] < client.retrieve("cse-in/thermo")["et"]
    # new ones take effect at once
    assert change(client, mbs=100).rsc == 2004
    for value in (4, 5, 6):
        assert change(client, curT0=value).rsc == 2004
    answer = change(client, mni=2)
    assert answer.rsc == 2004 and held(client) == [5, 6]
    assert client.retrieve("cse-in/thermo")["cni"] == 2
    assert change(client, mni=0).rsc == 2004
    assert held(client) == [] and client.retrieve("cse-in/thermo/la").rsc == 4004


def test_an_instance_ends(client, make):
    assert make(mia=1).rsc == 2001
    eventually(lambda: client.retrieve("cse-in/thermo").res["cni"] == 0)
    assert client.retrieve("cse-in/thermo/la").rsc == 4004
    assert client.retrieve("cse-in/thermo")["cbs"] == 0


def test_only_when_asked_for(client, make):
    answer = make()
    assert answer.rsc == 2001 and not {"cni", "cbs"} & set(answer.res)
    assert change(client, curT0=2).rsc == 2004
    assert client.retrieve("cse-in/thermo/la").rsc == 4004
    # who asks later begins with what is there
    assert change(client, fcied=True).rsc == 2004
    assert held(client) == [2]
    assert change(client, curT0=3).rsc == 2004 and held(client) == [2, 3]
    # who asks no more keeps what there was
    assert change(client, fcied=False, mni=5).rsc == 2004
    assert change(client, curT0=4).rsc == 2004
    assert held(client) == [2, 3] and client.retrieve("cse-in/thermo")["cni"] == 2
    assert change(client, fcied=None, mni=None).rsc == 2004
    assert change(client, curT0=5).rsc == 2004 and held(client) == [2, 3]
    assert client.retrieve("cse-in/thermo")["cni"] == 2


def test_only_the_cse_makes_them(client, make):
    assert make(mni=5).rsc == 2001
    body = {"m2m:fcin": {"cnd": TEMPERATURE, "curT0": 9}}
    assert client.create("cse-in/thermo", INSTANCE, body).rsc == 4005
    assert client.create("cse-in", INSTANCE, body).rsc == 4108
    for to in ("cse-in/thermo/la", client.retrieve("cse-in/thermo/la")["ri"]):
        assert client.update(to, "fcin", lbl=["x"]).rsc == 4005
        assert client.create(to, "sub", nu=["http://127.0.0.1:1/x"]).rsc in (4005, 5203)
    for wrong in ({"cni": 1}, {"cbs": 1}, {"mni": -1}, {"mni": "1"}, {"mbs": 1.5}, {"mia": True}, {"fcied": 1}):
        assert change(client, **wrong).rsc == 4000, wrong
    assert client.create("cse-in/thermo", "cnt", rn="la").rsc == 4105
    assert held(client) == [1]


def test_deleted(client, make):
    assert make(mni=5).rsc == 2001
    for value in (2, 3):
        assert change(client, curT0=value).rsc == 2004
    assert client.delete("cse-in/thermo/la").rsc == 2002
    assert held(client) == [1, 2]
    assert client.delete(client.retrieve("cse-in/thermo/ol")["ri"]).rsc == 2002
    whole = client.retrieve("cse-in/thermo").res
    assert held(client) == [2] and (whole["cni"], whole["cbs"], whole["curT0"]) == (1, 1, 3)
    ri = client.retrieve("cse-in/thermo/la")["ri"]
    assert client.delete("cse-in/thermo").rsc == 2002
    assert client.retrieve(ri).rsc == 4004


def test_found(client, make):
    assert make(mni=5).rsc == 2001
    assert change(client, curT0=77).rsc == 2004
    found = client.discover("cse-in", ty=INSTANCE)
    assert len(found) == 2 and all(to.startswith("cse-in/thermo/fcin") for to in found)
    assert len(client.discover("cse-in/thermo", ty=INSTANCE, curT0="77")) == 1
    assert client.discover("cse-in", cni="2") == ["cse-in/thermo"]
    assert client.retrieve("cse-in/thermo/la?atrl=curT0").res == {"curT0": 77}


def test_subscribers_are_told(client, make, receiver):
    assert make(mni=1).rsc == 2001
    assert client.create("cse-in/thermo", "sub", nu=[receiver.url], enc={"net": [3, 4], "chty": [INSTANCE]}).rsc == 2001
    assert change(client, curT0=2).rsc == 2004
    assert receiver.next().rep["hd:tempeInst"]["curT0"] == 2
    assert change(client, lbl=["x"]).rsc == 2004
    receiver.nothing()


def test_access_goes_by_the_holder(client, make):
    acp = grant(client, (["Creader"], 2), parent="cse-in")
    assert make(mni=5, acpi=[acp]).rsc == 2001
    client.register("Creader", name="reader")
    assert client.As("Creader").retrieve("cse-in/thermo/la").rsc == 2000
    assert client.As("Creader").delete("cse-in/thermo/la").rsc == 4103
    client.register("Cstranger", name="stranger")
    ri = client.retrieve("cse-in/thermo/la")["ri"]
    for to in ("cse-in/thermo/la", ri):
        assert client.As("Cstranger").retrieve(to).rsc == 4103


@pytest.mark.parametrize("form", serial.NAMES)
def test_serialisations(home, make, form):
    assert make(mni=5).rsc == 2001
    body = {"cnd": "org.onem2m.common.moduleclass.airConJobMode", "mni": 2, "rn": "m", "jobMs": ["a", "b"],
            "cuJMe": 1}
    answer = Client(home.url).create("cse-in/thermo", FLEX, {"cod:aCJMe": body})
    assert answer.rsc == 2001, answer
    client = Client(home.url, form=form)
    latest = client.retrieve("cse-in/thermo/la")
    assert latest.root == "hd:tempeInst" and latest["curT0"] == 1
    assert (latest["ty"], latest["org"], latest["cs"]) == (INSTANCE, "CAdmin", 1)
    latest = client.retrieve("cse-in/thermo/m/la")
    assert latest.root == "cod:aCJMeInst" and latest["jobMs"] == ["a", "b"]


def test_groups_reach_them(client, make):
    assert make(mni=5).rsc == 2001
    group = client.create("cse-in", "grp", mnm=2, mid=["cse-in/thermo/la"], rn="history")
    assert group.rsc == 2001, group
    answer = client.retrieve("cse-in/history/fopt")
    assert answer.rsc == 2000 and answer.res["m2m:rsp"][0]["pc"]["hd:tempeInst"]["curT0"] == 1
    assert client.delete("cse-in/history").rsc == 2002


def test_when_the_definition_is_gone(tmp_path):
    """Instances stay, under the name that all have, and can be deleted."""
    server = Server(tmp_path / "data", *USE_HOME)
    with server:
        client = Client(server.url)
        assert client.create("cse-in", FLEX, {"hd:tempe": {"rn": "thermo", "cnd": TEMPERATURE, "curT0": 7,
                                                           "mni": 2}}).rsc == 2001
        server.stop()
        server.options = [o for o in server.options if o not in USE_HOME]
        server.start()
        client = Client(server.url)
        latest = client.request("GET", "cse-in/thermo/la", check=False)
        assert latest.root == "m2m:fcin" and latest["curT0"] == 7
        plain = client.request("GET", "cse-in/thermo/la", headers={"Accept": "application/xml"}, check=False)
        schema.check_xml(plain.http.content)
        assert client.delete("cse-in/thermo/la").rsc == 2002
        whole = client.request("GET", "cse-in/thermo", check=False).res
        assert (whole["cni"], whole["cbs"], whole["cs"]) == (0, 0, 1)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_keeps_both_or_none(tmp_path, how):
    """The instance is in the transaction of the UPDATE."""
    server = Server(tmp_path / "data", *USE_HOME)
    with server:
        client = Client(server.url)
        assert client.create("cse-in", FLEX, {"hd:tempe": {"rn": "thermo", "cnd": TEMPERATURE, "curT0": 0,
                                                           "mni": 10}}).rsc == 2001
        for value in range(1, 20):
            assert change(client, curT0=value).rsc == 2004
        getattr(server, how)()
        server.start()
        client = Client(server.url)
        assert held(client) == list(range(10, 20))
        whole = client.retrieve("cse-in/thermo").res
        assert (whole["curT0"], whole["cni"], whole["cbs"]) == (19, 10, 20)
        assert change(client, curT0=20).rsc == 2004 and held(client)[-1] == 20
        server.stop()
        assert run("store", "check", "--data", str(tmp_path / "data")).returncode == 0
