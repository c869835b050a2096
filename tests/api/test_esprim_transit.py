"""ESPrim through CSEs that must not read along: what is planted in inner primitives is looked for in their logs and
stores, and on the wires between them.

spec: TS-0003 8.4, TS-0001 11.4.2; security.md 25
"""

import secrets

import pytest
from lib.esprim import OBJECT, Originator, add_key, seci
from lib.onem2m import Client, grant
from lib.receiver import Receiver
from lib.server import eventually
from lib.wires import Tapped

CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY = 1, 2, 3, 4, 5
TRANSIT = ("asn", "mn1", "in")
TARGET = "/mn2/-"


@pytest.fixture(name="fleet", scope="module")
def fixture_fleet(tmp_path_factory):
    """Cae at asn has a key for mn2, which the CSEs between do not have; Cother another."""
    folder = tmp_path_factory.mktemp("transit")
    keys = {stem: add_key(folder / "mn2", f"{stem}@sp.example", "--ae-id", f"/asn/{stem}")
            for stem in ("Cae", "Cother")}
    with Tapped(folder, options={"mn2": ("--security-info", "open")}) as fleet:
        fleet.keys = keys
        fleet.aes = fleet.add_aes("asn", "mn2")
        other = fleet.client("asn", "Cother").create("base", "ae", api="Ntest", rr=False, srv=["3"], rn="other")
        assert other.rsc == 2001, other
        acp = grant(fleet.client("mn2"), (["/asn/Cae"], 16), (["Cae"], 63), parent="base")
        assert fleet.aes["mn2"].update("base/ae", "ae", acpi=[acp]).rsc == 2004
        yield fleet


def originator(fleet, outer="json", inner="json", stem="Cae"):
    carrier = Client(fleet.wires["asn"].url, stem, form=outer)
    return Originator(carrier, TARGET, *fleet.keys[stem], fr=f"/asn/{stem}", form=inner)


@pytest.mark.parametrize("outer,inner", [("json", "json"), ("xml", "cbor"), ("cbor", "xml")])
def test_nobody_reads_along(fleet, outer, inner):
    """SEC-EPR-01, SEC-EPR-20: each operation through CSEs whose logs, stores and wires do not have what is inside"""
    own, planted = originator(fleet, outer, inner), f"p{secrets.token_hex(16)}"
    box = "/mn2/base/ae/open"
    made = own.ask(CREATE, box, ty=3, pc={"m2m:cnt": {"rn": f"n{planted}", "lbl": [f"l{planted}"]}})
    assert made["rsc"] == 2001, made
    assert own.ask(CREATE, f"{box}/n{planted}", ty=4, pc={"m2m:cin": {"con": f"c{planted}"}})["rsc"] == 2001
    got = own.ask(RETRIEVE, f"{box}/n{planted}/la")
    assert got["pc"]["m2m:cin"]["con"] == f"c{planted}"
    assert own.ask(UPDATE, f"{box}/n{planted}", pc={"m2m:cnt": {"lbl": [f"u{planted}"]}})["rsc"] == 2004
    with Receiver() as receiver:
        assert fleet.aes["mn2"].update("base/ae", "ae", rr=True, poa=[receiver.url]).rsc == 2004
        assert own.ask(NOTIFY, "/mn2/base/ae", pc={"m2m:sgn": {"sur": f"s{planted}"}})["rsc"] == 2000
        assert receiver.next().sgn["sur"] == f"s{planted}"
    assert own.ask(DELETE, f"{box}/n{planted}")["rsc"] == 2002
    assert own.ask(RETRIEVE, f"{box}/n{planted}")["rsc"] == 4004
    assert planted.encode() not in fleet.heard() and planted.encode() not in fleet.known(*TRANSIT)


def test_what_is_in_the_clear_is_found(fleet):
    """The search above does find what is there"""
    planted = f"p{secrets.token_hex(16)}"
    carrier = Client(fleet.wires["asn"].url, "Cae")
    assert carrier.create("/mn2/base/ae/open", "cnt", lbl=[planted]).rsc == 2001
    assert fleet.heard().count(planted.encode()) >= 3
    assert carrier.create("base/ae/open", "cnt", lbl=[planted]).rsc == 2001
    assert planted.encode() in fleet.known(*TRANSIT)


def test_outside_it_need_not_wait(fleet):
    """TS-0004 7.3.2: the outer request may be non-blocking; what is stored of it is the objects"""
    own, planted = originator(fleet), f"p{secrets.token_hex(16)}"
    asked = own.request(CREATE, "/mn2/base/ae/open", ty=4, pc={"m2m:cin": {"con": planted}})
    answer = own.client.request("POST", TARGET, seci(OBJECT, epo=own.seal(asked)), query={"rt": 1})
    assert answer.rsc == 1001, answer
    eventually(lambda: own.client.retrieve(answer.pc["m2m:uri"])["rs"] != 3, 20, "the result")
    stored = own.client.retrieve(answer.pc["m2m:uri"])["ors"]
    assert stored["rsc"] == 2000, stored
    assert own.open(stored["pc"]["m2m:seci"]["epo"])["rsc"] == 2001
    assert fleet.client("mn2").retrieve("base/ae/open/la")["con"] == planted
    assert planted.encode() not in fleet.heard() and planted.encode() not in fleet.known(*TRANSIT)


def test_who_carries_it_cannot_take_its_place(fleet):
    """SEC-EPR-07, SEC-EPR-15: a CSE between sends an object again, or with another's From"""
    own = originator(fleet)
    sealed = own.seal(own.request(CREATE, "/mn2/base/ae/open", ty=4, pc={"m2m:cin": {"con": "once"}}))
    before = fleet.client("mn2").retrieve("base/ae/open")["st"]
    assert own.send(sealed).rsc == 2000
    for name in TRANSIT:
        assert fleet.client(name, "CAdmin").notify(TARGET, seci(OBJECT, epo=sealed)).rsc == 4000
    other = originator(fleet, stem="Cother")
    for fr in ("/asn/Cae", "/mn1", "/in", "/mn2/Cae", "CAdmin"):
        stolen = other.seal(other.request(CREATE, "/mn2/base/ae/open", ty=4, pc={"m2m:cin": {"con": "x"}}, fr=fr))
        assert other.send(stolen).rsc == 4116, fr
    assert fleet.client("mn2").retrieve("base/ae/open")["st"] == before + 1
