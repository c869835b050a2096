"""What dist/definitions has, the modules and devices of TS-0023 and wrappers of interworking: each can be made, and
takes nothing else.

spec: TS-0001 9.6.35; TS-0004 7.4.37.2.1, annex J; TS-0023
"""

import pytest
from lib import model, serial
from lib.onem2m import Client
from lib.server import HOME, USE_HOME, Server

FLEX = 28

# What a home has most often; meters and the charger belong to other domains, most sensors to one device.
COMMONEST = """
    deviceAirConditioner deviceAirPurifier deviceAirQualityMonitor deviceCamera deviceClothesDryer deviceClothesWasher
    deviceCoffeeMachine deviceCookerHood deviceCooktop deviceDehumidifier deviceDishWasher deviceDoor deviceDoorLock
    deviceElectricVehicleCharger deviceFan deviceFreezer deviceGenericSensor deviceHumidifier deviceKettle deviceLight
    deviceMicrogeneration deviceOven deviceRefrigerator deviceRobotCleaner deviceSecurityPanel deviceSetTopBox
    deviceSmartElectricMeter deviceSmartGasMeter deviceSmartPlug deviceSmartWaterMeter deviceSmokeDetector
    deviceStorageBattery deviceSwitch deviceTelevision deviceThermometer deviceThermostat deviceWaterHeater
    deviceWaterValve deviceWindowShade
""".split()

# Data type: what it takes and what it does not.
VALUES = {
    "xs:anySimpleType[]": ([1, "a"], "a"),
    "xs:anyURI": ("urn:x", 5),
    "xs:boolean": (True, "yes"),
    "xs:float": (21.5, "warm"),
    "xs:integer": (-3, 1.5),
    "xs:nonNegativeInteger": (1, -1),
    "xs:string": ("a", 5),
    "m2m:allJoynDirection": (1, 9),
    "m2m:listOfDataLinks": ({"dle": [{"nm": "urn:x", "dcid": "a", "atn": "b"}]}, {"dle": [{"nm": "urn:x"}]}),
    "m2m:timestamp": ("20300101T000000", "tomorrow"),
}


class Definition:
    """What a file says of one specialisation."""

    def __init__(self, root, name, cnd):
        self.root, self.name, self.cnd = root, name, cnd
        self.attributes = {}
        self.mandatory = []
        self.fixed = []  # not by UPDATE
        self.children = []
        if root.startswith("m2m:"):  # the tables have the attributes
            self.take(root.removeprefix("m2m:"))

    def take(self, short):
        own = {name: row for name, row in model.rows(short).items() if name not in model.rows("flexContainer")}
        self.attributes = {name: row["type"] for name, row in own.items()}
        self.mandatory = [name for name, row in own.items() if row["create"] == "M"]
        self.fixed = [name for name, row in own.items() if row["update"] == "NP"]

    def content(self, names, **more):
        legal = {name: VALUES[self.attributes[name]][0] for name in names}
        return {self.root: {"cnd": self.cnd, **legal, **more}}


def read():
    found = {}
    for path in sorted(HOME.glob("*.flex")):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] == ["flexContainer"]:
                now = found[words[1]] = Definition(*words[1:])
            elif words[:1] == ["attribute"]:
                now.attributes[words[1]] = words[3]
                now.mandatory += words[1:2] if words[4:] == ["mandatory"] else []
            elif words[:1] == ["child"]:
                now.children.append(words[1])
    return found


ALL = read()
DEVICES = [d for d in ALL.values() if ".device." in d.cnd]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("devices") / "data", *USE_HOME, store="mem") as server:
        yield Client(server.url)


def create(client, parent, definition, names=None, **more):
    names = definition.attributes if names is None else names
    return client.create(parent, FLEX, definition.content(names, **more))


def fill(client, parent, definition):
    """With all that may stand below, as deep as the files say."""
    for root in definition.children:
        if root not in ALL:
            assert root == "cod:waFIo"  # no table at hand has it
            continue
        child = create(client, parent, ALL[root])
        assert child.rsc == 2001, (definition.root, root, child)
        fill(client, child["ri"], ALL[root])


def test_the_commonest_are_there():
    assert set(COMMONEST) <= {device.name for device in DEVICES}


@pytest.mark.parametrize("device", DEVICES, ids=lambda d: d.root)
def test_device(client, device):
    """It holds its modules, with their actions, and no others"""
    made = create(client, "cse-in", device)
    assert made.rsc == 2001 and made.root == device.root and made["cnd"] == device.cnd, made
    fill(client, made["ri"], device)
    tree = client.retrieve(made["ri"], query={"rcn": 4}).res
    assert set(device.children) - {"cod:waFIo"} <= set(tree)
    stranger = next(d for d in ALL.values() if d.root not in device.children)
    assert create(client, made["ri"], stranger).rsc == 4108
    assert client.delete(made["ri"]).rsc == 2002


@pytest.mark.parametrize("definition", ALL.values(), ids=lambda d: d.root)
def test_values(client, definition):
    """Each attribute takes what its data type has; none is missing, none is more"""
    made = create(client, "cse-in", definition, definition.mandatory + definition.fixed)
    assert made.rsc == 2001, made
    for name, kind in definition.attributes.items():
        legal, illegal = VALUES[kind]
        changed = client.update(made["ri"], FLEX, {definition.root: {name: legal}})
        assert changed.rsc == (4000 if name in definition.fixed else 2004), (name, changed)
        assert create(client, "cse-in", definition, **{name: illegal}).rsc == 4000, name
        for wrong in (illegal, {"a": 1}, [{"a": 1}]):
            assert client.update(made["ri"], FLEX, {definition.root: {name: wrong}}).rsc == 4000, (name, wrong)
    kept = client.retrieve(made["ri"]).res
    assert {n: kept[n] for n in definition.attributes} == {n: VALUES[k][0] for n, k in definition.attributes.items()}
    for name in definition.mandatory:
        rest = [n for n in definition.mandatory if n != name]
        assert create(client, "cse-in", definition, rest).rsc == 4000, name
    assert create(client, "cse-in", definition, other=1).rsc == 4000
    assert client.delete(made["ri"]).rsc == 2002


def test_interworking(client):
    """TS-0001 9.6.1.2.2: what stands below what"""
    parent = "cse-in"
    for short in ("ajsw", "ajap", "ajso", "ajif", "ajmd", "ajmc"):
        made = create(client, parent, ALL[f"m2m:{short}"])
        assert made.rsc == 2001 and made.root == f"m2m:{short}", made
        parent = made["ri"]
        for other in ("ajsw", "ajfw", "gio"):
            assert create(client, parent, ALL[f"m2m:{other}"]).rsc == 4108, (short, other)
    service = create(client, "cse-in", ALL["m2m:gis"])
    assert create(client, service["ri"], ALL["m2m:gis"]).rsc == 2001
    assert create(client, service["ri"], ALL["m2m:gio"]).rsc == 2001
    assert create(client, service["ri"], ALL["cod:bat"]).rsc == 4108


@pytest.mark.parametrize("form", serial.NAMES)
@pytest.mark.parametrize("root", [
    "cod:devTr", "hod:deWSe", "cid:dSEMr", "hed:dBPMr", "hd:devLt", "m2m:ajap", "m2m:gis"])
def test_serialisations(client, form, root):
    """The domains have names of their own in XML; the home domain had hd before hod"""
    device = ALL[root]
    me = Client(client.url, form=form)
    made = create(me, "cse-in", device)
    assert made.rsc == 2001 and made.root == root, made
    module = ALL[device.children[-1]]
    assert create(me, made["ri"], module).rsc == 2001
    tree = me.retrieve(made["ri"], query={"rcn": 4})
    assert tree.pc == client.retrieve(made["ri"], query={"rcn": 4}).pc
    assert tree.res[module.root][0]["cnd"] == module.cnd
    assert me.delete(made["ri"]).rsc == 2002
