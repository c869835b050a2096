"""Announced variants of specialisations of <flexContainer>, which files define.

At the CSE that holds copies, the one that announces is played by the test; then a fleet of two.
spec: TS-0001 9.6.26, 9.6.35; TS-0004 6.3.5.39, 7.3.3.10, 7.4.26
"""

import pytest
from lib import serial
from lib.fleet import Fleet, registrees, remote_cse
from lib.onem2m import Client
from lib.server import USE_HOME, Server, eventually

FLEX = 28
COPY = 10028
TEMPERATURE = "org.onem2m.home.moduleclass.temperature"
SWITCH = "org.onem2m.home.moduleclass.binarySwitch"
LIGHT = "org.onem2m.home.device.deviceLight"
LATER = "20300101T000000"


# ---- the CSE that holds copies ----


class Host:
    """A CSE with two registrees, and the <CSEBaseAnnc> of the first."""

    def __init__(self, url):
        self.admin = Client(url)
        self.cse, self.other = registrees(self.admin)
        base = self.cse.create("cse-in", 10005, {"m2m:cbA": {"et": LATER, "lnk": "/mn1/base", "srv": ["3"]}})
        assert base.rsc == 2001, base
        self.base = base["ri"]

    def create(self, root, cnd, client=None, parent=None, **more):
        body = {"et": LATER, "lnk": "/mn1/base/x", **({"cnd": cnd} if cnd else {}), **more}
        return (client or self.cse).create(parent or self.base, COPY, {root: body})


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("flex") / "data", *USE_HOME, store="mem") as server:
        yield Host(server.url)


@pytest.mark.parametrize("form", serial.NAMES)
def test_a_copy_has_the_attributes_of_its_definition(host, form):
    """None of its own must be there: announcedAttribute says which are"""
    cse = Client(host.admin.url, "/mn1", form=form)
    made = host.create("hd:tempeAnnc", TEMPERATURE, cse, lbl=["a"], curT0=21.5)
    assert made.rsc == 2001, made
    copy = cse.retrieve(made["ri"])
    assert copy.root == "hd:tempeAnnc" and copy["ty"] == COPY and copy["cnd"] == TEMPERATURE
    assert copy["curT0"] == 21.5 and copy["lbl"] == ["a"] and copy["lnk"] == "/mn1/base/x"
    assert not {"tarTe", "cs", "st", "cr"} & set(copy.res)
    assert cse.update(made["ri"], COPY, {"hd:tempeAnnc": {"curT0": None, "tarTe": 20}}).rsc == 2004
    assert "curT0" not in cse.retrieve(made["ri"]).res and cse.retrieve(made["ri"])["tarTe"] == 20
    assert host.admin.discover("cse-in", ty=COPY, cnd=TEMPERATURE) != []
    assert cse.delete(made["ri"]).rsc == 2002
    empty = host.create("hd:tempeAnnc", TEMPERATURE, cse)
    assert empty.rsc == 2001 and cse.delete(empty["ri"]).rsc == 2002


def test_short_names_of_m2m_end_otherwise(host):
    """TS-0004 8.2.4: allJoynAppAnnc is ajapA"""
    made = host.create("m2m:ajapA", "org.onem2m.allJoynApp", dir=1)
    assert made.rsc == 2001 and made.root == "m2m:ajapA" and made["dir"] == 1, made
    assert host.cse.update(made["ri"], COPY, {"m2m:ajapA": {"dir": 2}}).rsc == 2004
    assert host.create("m2m:ajsoA", "org.onem2m.allJoynSvcObject", parent=made["ri"]).rsc == 2001
    assert host.create("m2m:gisA", "org.onem2m.genericInterworkingService", parent=made["ri"]).rsc == 4108
    assert host.cse.delete(made["ri"]).rsc == 2002


@pytest.mark.parametrize("root,cnd,more,rsc", [
    ("hd:tempeAnnc", None, {}, 4000),
    ("hd:tempe", TEMPERATURE, {"curT0": 1}, 4000),
    ("hd:binShAnnc", TEMPERATURE, {}, 4000),
    ("m2m:flexContainerAnnc", TEMPERATURE, {}, 4000),
    ("hd:tempeAnnc", TEMPERATURE, {"curT0": "warm"}, 4000),
    ("hd:tempeAnnc", TEMPERATURE, {"powSe": True}, 4000),
    ("hd:tempeAnnc", TEMPERATURE, {"cs": 1}, 4000),
    ("hd:tempeAnnc", TEMPERATURE, {"at": ["/mn2"]}, 4000),
    ("hd:tempeAnnc", TEMPERATURE, {"lnk": "/mn2/base/x"}, 4103),
    ("m2m:ajapAnnc", "org.onem2m.allJoynApp", {}, 4000),
    ("m2m:ajapA", "org.onem2m.allJoynApp", {"dir": 9}, 4000),
    ("m2m:ajapA", TEMPERATURE, {}, 4000),
    ("hd:nothingAnnc", "org.example.nothing", {}, 4125),
    ("hd:nothingAnnc", None, {}, 4125)])
def test_refused(host, root, cnd, more, rsc):
    answer = host.create(root, cnd, **more)
    assert answer.rsc == rsc, answer


def test_what_a_copy_is_does_not_change(host):
    """Its attributes were checked by its containerDefinition"""
    made = host.create("hd:tempeAnnc", TEMPERATURE, curT0=1)
    for wrong in ({"hd:tempeAnnc": {"cnd": SWITCH}}, {"hd:tempeAnnc": {"cnd": TEMPERATURE}},
                  {"hd:tempe": {"curT0": 2}}, {"hd:tempeAnnc": {"curT0": "x"}}):
        assert host.cse.update(made["ri"], COPY, wrong).rsc == 4000, wrong
    assert host.cse.retrieve(made["ri"])["curT0"] == 1
    assert host.cse.delete(made["ri"]).rsc == 2002


def test_only_by_the_host_of_the_original(host):
    """SEC-ACP-31"""
    made = host.create("hd:tempeAnnc", TEMPERATURE)
    assert host.create("hd:tempeAnnc", TEMPERATURE, host.other).rsc == 4103
    assert host.other.retrieve(made["ri"]).rsc == 4103
    assert host.other.update(made["ri"], COPY, {"hd:tempeAnnc": {"curT0": 2}}).rsc == 4103
    assert host.other.delete(made["ri"]).rsc == 4103
    assert host.cse.delete(made["ri"]).rsc == 2002


def test_children(host):
    """A copy takes what its original takes: originals of others, and copies"""
    light = host.create("hd:devLtAnnc", LIGHT)
    assert light.rsc == 2001, light
    assert host.create("hd:binShAnnc", SWITCH, parent=light["ri"]).rsc == 2001
    assert host.create("hd:tempeAnnc", TEMPERATURE, parent=light["ri"]).rsc == 4108
    for root, cnd, attribute, rsc in (("hd:binSh", SWITCH, {"powSe": True}, 2001),
                                      ("hd:tempe", TEMPERATURE, {"curT0": 1}, 4108)):
        assert host.admin.create(light["ri"], FLEX, {root: {"cnd": cnd, **attribute}}).rsc == rsc, root
    body = {"et": LATER, "lnk": "/mn1/base/y"}
    assert host.cse.create(light["ri"], 10003, {"m2m:cntA": body}).rsc == 2001
    assert host.cse.create(light["ri"], 10014, {"m2m:nodA": {**body, "ni": "urn:x:y"}}).rsc == 4108
    assert host.cse.delete(light["ri"]).rsc == 2002


def test_without_definitions(cse):
    """TS-0004 7.4.37.2.1: without the schema it cannot be checked"""
    admin = Client(cse.url)
    name = "flexhost"
    assert admin.As(f"/{name}").create("cse-in", "csr", **remote_cse(name)).rsc == 2001
    answer = admin.As(f"/{name}").create("cse-in", 10005,
                                         {"m2m:cbA": {"et": LATER, "lnk": f"/{name}/base", "srv": ["3"]}})
    body = {"et": LATER, "lnk": f"/{name}/base/x", "cnd": TEMPERATURE}
    assert admin.As(f"/{name}").create(answer["ri"], COPY, {"hd:tempeAnnc": body}).rsc == 4125
    assert admin.As(f"/{name}").delete(answer["ri"]).rsc == 2002
    assert admin.As(f"/{name}").delete(f"cse-in/{name}").rsc == 2002


# ---- the CSE that announces ----


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), ("in", "mn1", "mn2"),
               {"in": USE_HOME, "mn1": USE_HOME}) as made:
        made.ae = made.add_aes("mn1")["mn1"]
        yield made


def copy_of(fleet, made):
    return fleet.client("in", "/mn1").retrieve(made["at"][0])


def gone(fleet, address):
    eventually(lambda: fleet.client("in", "/mn1").retrieve(address).rsc == 4004, 20, f"the end of {address}")


def make(fleet, root, cnd, parent="base/ae", **more):
    return fleet.ae.create(parent, FLEX, {root: {"cnd": cnd, **more}})


def test_announced(fleet):
    """TS-0004 7.3.3.10: containerDefinition always, its own attributes as announcedAttribute says"""
    made = make(fleet, "hd:tempe", TEMPERATURE, curT0=21.5, tarTe=20, lbl=["a"], at=["/in"], aa=["curT0"])
    assert made.rsc == 2001 and len(made["at"]) == 1, made
    copy = copy_of(fleet, made)
    assert copy.root == "hd:tempeAnnc" and copy["ty"] == COPY and copy["cnd"] == TEMPERATURE
    assert copy["curT0"] == 21.5 and copy["lbl"] == ["a"] and copy["lnk"] == f"/mn1/{made['ri']}"
    assert not {"tarTe", "cs", "st"} & set(copy.res)
    assert fleet.ae.update(made["ri"], FLEX, {"hd:tempe": {"curT0": 3, "aa": ["curT0", "tarTe"]}}).rsc == 2004
    eventually(lambda: (copy_of(fleet, made).res.get("curT0"), copy_of(fleet, made).res.get("tarTe")) == (3, 20), 20,
               "the new values")
    assert fleet.ae.update(made["ri"], FLEX, {"hd:tempe": {"aa": None}}).rsc == 2004
    eventually(lambda: not {"curT0", "tarTe"} & set(copy_of(fleet, made).res), 20, "the end of the values")
    assert fleet.ae.delete(made["ri"]).rsc == 2002
    gone(fleet, made["at"][0])


def test_below_an_announced_parent(fleet):
    """TS-0001 9.6.26.1; and with announceTo by UPDATE"""
    light = make(fleet, "hd:devLt", LIGHT, rn="light")
    assert light.rsc == 2001 and "at" not in light.res
    light = fleet.ae.update("base/ae/light", FLEX, {"hd:devLt": {"at": ["/in"]}})
    assert light.rsc == 2004 and len(light["at"]) == 1, light
    switch = make(fleet, "hd:binSh", SWITCH, "base/ae/light", powSe=True, at=["/in"], aa=["powSe"])
    assert switch.rsc == 2001 and switch["at"], switch
    copy = copy_of(fleet, switch)
    assert copy.root == "hd:binShAnnc" and copy["powSe"] is True and f"/in/{copy['pi']}" == light["at"][0]
    assert fleet.ae.delete("base/ae/light").rsc == 2002
    gone(fleet, switch["at"][0])
    gone(fleet, light["at"][0])


def test_announced_of_m2m(fleet):
    made = make(fleet, "m2m:ajap", "org.onem2m.allJoynApp", dir=1, at=["/in"], aa=["dir"])
    assert made.rsc == 2001 and len(made["at"]) == 1, made
    assert copy_of(fleet, made).root == "m2m:ajapA" and copy_of(fleet, made)["dir"] == 1
    assert fleet.ae.delete(made["ri"]).rsc == 2002
    gone(fleet, made["at"][0])


@pytest.mark.parametrize("aa", [["cnd"], ["cs"], ["powSe"], ["curT1"], ["st"]])
def test_bad_attributes(fleet, aa):
    assert make(fleet, "hd:tempe", TEMPERATURE, curT0=1, at=["/in"], aa=aa).rsc == 4000


def test_where_the_definition_is_not_known(fleet):
    """That CSE refuses the copy with 4125; announceTo lists what succeeded"""
    made = make(fleet, "hd:tempe", TEMPERATURE, curT0=1, at=["/mn2", "/in"])
    assert made.rsc == 2001 and [a.split("/")[1] for a in made["at"]] == ["in"], made
    assert fleet.ae.delete(made["ri"]).rsc == 2002
    gone(fleet, made["at"][0])


def test_a_definition_that_is_gone(tmp_path):
    """What was announced is readable at both; a change cannot be told, so the copy leaves"""
    with Fleet(tmp_path, ("in", "mn1"), {"in": USE_HOME, "mn1": USE_HOME}) as fleet:
        fleet.ae = fleet.add_aes("mn1")["mn1"]
        kept = make(fleet, "hd:tempe", TEMPERATURE, rn="kept", curT0=3, at=["/in"], aa=["curT0"])
        changed = make(fleet, "hd:tempe", TEMPERATURE, rn="changed", curT0=4, at=["/in"], aa=["curT0"])
        fleet.stop("mn1")
        fleet.more = {"in": USE_HOME}
        fleet.start("mn1")
        fleet.settle()
        assert copy_of(fleet, kept)["curT0"] == 3
        labelled = fleet.ae.request("PUT", "base/ae/changed", {"m2m:flexContainer": {"lbl": ["a"]}}, check=False)
        assert labelled.rsc == 2004, labelled
        gone(fleet, changed["at"][0])
        assert fleet.ae.delete("base/ae/kept").rsc == 2002
        gone(fleet, kept["at"][0])


def test_a_definition_that_is_gone_at_the_copy(tmp_path):
    """It stays readable under the name of its type; what it cannot check it refuses, and so the copy leaves"""
    with Fleet(tmp_path, ("in", "mn1"), {"in": USE_HOME, "mn1": USE_HOME}) as fleet:
        fleet.ae = fleet.add_aes("mn1")["mn1"]
        made = make(fleet, "hd:tempe", TEMPERATURE, rn="t", curT0=3, at=["/in"], aa=["curT0"])
        fleet.stop("in")
        fleet.more = {"mn1": USE_HOME}
        fleet.start("in")
        fleet.settle()

        def look():
            return fleet.client("in", "/mn1").request("GET", made["at"][0], check=False)

        copy = look()
        assert copy.root == "m2m:flexContainerAnnc" and copy["curT0"] == 3
        assert fleet.ae.update("base/ae/t", FLEX, {"hd:tempe": {"curT0": 4}}).rsc == 2004
        eventually(lambda: look().rsc == 4004, 20, "the end of the copy")
        eventually(lambda: "at" not in fleet.ae.retrieve("base/ae/t").res, 20, "announceTo without it")
