"""The CSE as originator of ESPrim: notifications to entities that the settings name leave inside ESPrim objects, or not
at all. The subscriptions are at mn1; "in" and mn2 pass on what they must not read.

spec: TS-0004 7.6.2, TS-0003 8.4.2; security.md 25; docs/decisions/0057
"""

import re
import secrets
import signal
import threading

import pytest
from lib.esprim import OBJECT, RANDOM_REQUEST, Target, add_key
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.server import Server, eventually, own_data, run
from lib.wires import Tapped

NOTIFY = 5
KID, CSE_KID = "lamp@sp.example", "mn2@sp.example"
LAMP = "/mn2/Clamp"
TO_LAMP = ("--esprim-to", f"{LAMP}={KID}")


class Lamp:
    """The AE that is told, behind two CSEs. It can forget everything, and have another key."""

    def __init__(self, key, fr="/mn1"):
        self.key = key
        self.fr = fr
        self.rsc = 2000  # what it says inside
        self.taken = []  # inner requests of all its lives
        self.asked = []  # securityInfoTypes
        self.outcome = []  # what was refused
        self.target = None
        self.receiver = Receiver(self.answer)
        self.restart()

    def restart(self, key=None):
        self.target = Target({KID: (key or self.key, self.fr)}, self.handle)

    def handle(self, request):
        self.taken.append(request)
        return {"rsc": self.rsc}

    def answer(self, received):
        self.asked.append(received.pc["m2m:seci"]["sit"])
        said = self.target.answer(received)
        if isinstance(said, int):
            self.outcome.append(said)
        return said

    def verified(self):
        return [taken for taken in self.taken if taken["pc"].get("m2m:sgn", {}).get("vrq")]

    def told(self):
        """The contents that it was notified of."""
        events = [taken["pc"]["m2m:sgn"].get("nev") for taken in self.taken if "m2m:sgn" in taken["pc"]]
        return [event["rep"]["m2m:cin"]["con"] for event in events if event and "m2m:cin" in event["rep"]]


@pytest.fixture(name="fleet", scope="module")
def fixture_fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originator")
    _, key = add_key(folder / "mn1", KID, "--ae-id", LAMP)
    _, between = add_key(folder / "mn1", CSE_KID, "--cse-id", "//merlon.example/mn2")
    add_key(folder / "mn2", CSE_KID, "--cse-id", "//merlon.example/mn1", key=between)
    options = {"mn1": (*TO_LAMP, "--esprim-to", f"/mn2={CSE_KID}"), "mn2": ("--security-info", "open")}
    with Tapped(folder, names=("in", "mn1", "mn2"), options=options) as fleet:
        fleet.key = key
        acp = grant(fleet.client("mn2"), (["/mn1", "/mn1/CAdmin"], 18), (["Clamp", "Cplain"], 63), parent="base")
        for stem in ("Clamp", "Cplain"):
            made = fleet.client("mn2", stem).create("base", "ae", rn=stem[1:], api="Ntest", rr=False, srv=["3"],
                                                    acpi=[acp])
            assert made.rsc == 2001, made
        yield fleet


def attach(fleet, receiver, name="lamp", **more):
    changed = fleet.client("mn2", f"C{name}").update(f"base/{name}", "ae", rr=True, poa=[receiver.url], **more)
    assert changed.rsc == 2004, changed


@pytest.fixture(name="lamp")
def fixture_lamp(fleet):
    lamp = Lamp(fleet.key)
    with lamp.receiver as receiver:
        attach(fleet, receiver, esi=lamp.target.esi)
        yield lamp


def new_box(fleet, lamp=None, nu=LAMP):
    """A container at mn1 whose instances the target is told of."""
    admin, name = fleet.client("mn1"), f"b{secrets.token_hex(8)}"
    assert admin.create("base", "cnt", rn=name).rsc == 2001
    made = admin.create(f"base/{name}", "sub", rn="s", nu=[nu], nct=1, enc={"net": [3]})
    assert made.rsc == 2001, made
    assert not lamp or len(lamp.verified()) == 1
    return f"base/{name}"


def put(fleet, box):
    planted = f"p{secrets.token_hex(16)}"
    assert fleet.client("mn1").create(box, "cin", con=planted).rsc == 2001
    return planted


def is_unheard(fleet, *texts):
    heard = fleet.heard() + fleet.known("in", "mn2")
    return not any(text.encode() in heard for text in texts)


@pytest.mark.parametrize("is_shared", [True, False])
def test_notifications_are_protected(fleet, lamp, is_shared):
    """Verification and notifications, with the receiver object of e2eSecInfo or one that was asked for; nobody between
    reads along"""
    if not is_shared:
        attach(fleet, lamp.receiver, esi={"esf": [13]})
    box = new_box(fleet, lamp)
    planted = [put(fleet, box) for _ in range(3)]
    eventually(lambda: lamp.told() == planted, 20, "the notifications")
    assert is_unheard(fleet, *planted, box)
    assert set(lamp.asked) <= {RANDOM_REQUEST, OBJECT} and (RANDOM_REQUEST in lamp.asked) == (not is_shared)
    assert {(taken["op"], taken["to"], taken["fr"]) for taken in lamp.taken} == {(NOTIFY, LAMP, "/mn1")}


def test_all_kinds(fleet, lamp):
    """Batches, and the deletion of the subscription"""
    admin, box = fleet.client("mn1"), new_box(fleet, lamp)
    made = admin.create(box, "sub", rn="many", nu=[LAMP], nct=1, enc={"net": [3]}, su=LAMP,
                        bn={"num": 2, "dur": "PT20S"})
    assert made.rsc == 2001, made
    assert admin.delete(f"{box}/s").rsc == 2002
    planted = [put(fleet, box) for _ in range(2)]
    eventually(lambda: any("m2m:agn" in taken["pc"] for taken in lamp.taken), 20, "the batch")
    batch = next(taken["pc"]["m2m:agn"] for taken in lamp.taken if "m2m:agn" in taken["pc"])
    assert [sgn["nev"]["rep"]["m2m:cin"]["con"] for sgn in batch["sgn"]] == planted
    assert admin.delete(f"{box}/many").rsc == 2002
    eventually(lambda: any(taken["pc"].get("m2m:sgn", {}).get("sud") for taken in lamp.taken), 20, "the deletion")
    assert is_unheard(fleet, *planted, box)


def test_what_it_says_inside_decides(fleet, lamp):
    """A verification that is refused; a notification that is not wanted, which is not sent again"""
    admin, box = fleet.client("mn1"), new_box(fleet, lamp)
    lamp.rsc = 4005
    assert admin.create(box, "sub", rn="more", nu=[LAMP], nct=1).rsc == 5204
    first = put(fleet, box)
    eventually(lambda: lamp.told() == [first], 20, "the notification")
    lamp.rsc = 2000
    second = put(fleet, box)
    eventually(lambda: second in lamp.told(), 20, "the next one")
    assert lamp.told() == [first, second] and is_unheard(fleet, first, second)


def test_target_restarts(fleet, lamp):
    """4114: another receiver object is got, and the notification comes once; e2eSecInfo is not up to date"""
    box = new_box(fleet, lamp)
    first = put(fleet, box)
    eventually(lambda: lamp.told() == [first], 20, "the first one")
    lamp.outcome.clear()
    lamp.restart()
    planted = put(fleet, box)
    eventually(lambda: planted in lamp.told(), 20, "the next one")
    assert lamp.told() == [first, planted]
    assert lamp.outcome == [4114] and RANDOM_REQUEST in lamp.asked


def test_wrong_key(fleet, lamp):
    """Nothing is delivered, nothing leaves in the clear, nothing is lost"""
    box = new_box(fleet, lamp)
    lamp.restart(key=secrets.token_bytes(32))
    planted = put(fleet, box)
    eventually(lambda: lamp.outcome.count(4115) >= 2, 20, "tries")
    assert not lamp.told()
    refused = fleet.client("mn1").create(box, "sub", nu=[LAMP], nct=1)
    assert refused.rsc == 5204, refused
    lamp.restart()
    eventually(lambda: lamp.told() == [planted], 20, "the notification")
    assert is_unheard(fleet, planted)


@pytest.mark.parametrize("form", ["xml", "cbor"])
def test_other_serialisations(fleet, lamp, form):
    """As nu says"""
    box = new_box(fleet, lamp, nu=f"{LAMP}?ct={form}")
    planted = put(fleet, box)
    eventually(lambda: lamp.told() == [planted], 20, "the notification")
    assert is_unheard(fleet, planted)


@pytest.mark.parametrize("rsc", [2000, 4004, 4103])
def test_unprotected_answers_decide_nothing(fleet, lamp, rsc):
    """SEC-EPR-01: a CSE between says that the notification was taken, or that it is not wanted"""
    box = new_box(fleet, lamp)
    lies = []
    honest, lamp.receiver.answer = lamp.receiver.answer, lambda received: lies.append(1) or rsc
    planted = put(fleet, box)
    eventually(lambda: len(lies) >= 2, 20, "another try")
    lamp.receiver.answer = honest
    eventually(lambda: lamp.told() == [planted], 20, "the notification")


@pytest.mark.parametrize("rsc", [4113, 4114])
def test_a_false_refusal(fleet, lamp, rsc):
    """A CSE between says that the target has not carried out what it has: the same request comes again, and says
    when it was made, so a target that remembers does nothing"""
    box = new_box(fleet, lamp)
    honest = lamp.receiver.answer
    first = put(fleet, box)
    eventually(lambda: lamp.told() == [first], 20, "the first one, under a session that stands")

    def lie(received):
        lamp.receiver.answer = honest
        honest(received)
        return rsc

    lamp.receiver.answer = lie
    planted = put(fleet, box)
    eventually(lambda: lamp.told() == [first, planted, planted], 20, "the notification again")
    assert lamp.taken[-1] == lamp.taken[-2] and re.fullmatch(r"\d{8}T\d{6}(,\d+)?", lamp.taken[-1]["ot"])


def test_killed(fleet, lamp):
    """kill -9 of the host of the subscription while the target is away: delivered once after"""
    box = new_box(fleet, lamp)
    first = put(fleet, box)
    eventually(lambda: lamp.told() == [first], 20, "the first one")
    assert fleet.client("mn2", "Clamp").update("base/lamp", "ae", rr=False).rsc == 2004
    tries = fleet.log("mn1").count(f"no notification to {LAMP}")
    planted = put(fleet, box)
    eventually(lambda: fleet.log("mn1").count(f"no notification to {LAMP}") > tries, 20, "a try")
    fleet.kill("mn1")
    fleet.start("mn1")
    fleet.settle()
    attach(fleet, lamp.receiver)
    eventually(lambda: lamp.told() == [first, planted], 20, "the notification")
    last = put(fleet, box)
    eventually(lambda: last in lamp.told(), 20, "the last one")
    assert lamp.told() == [first, planted, last]
    assert is_unheard(fleet, first, planted, last)


def test_target_is_a_cse(fleet):
    """What a named CSE hosts is notified through it: it opens the object, and hands on what is inside to its AE"""
    with Receiver() as receiver:
        attach(fleet, receiver, "plain")
        box = new_box(fleet, nu="/mn2/Cplain")
        planted = put(fleet, box)
        assert receiver.next(20).rep["m2m:cin"]["con"] == planted
    assert planted.encode() not in fleet.heard() + fleet.known("in")


@pytest.fixture(name="alone", scope="module")
def fixture_alone(tmp_path_factory):
    """A CSE with the AE, which says its receiver object there."""
    data = tmp_path_factory.mktemp("alone") / "data"
    lamp = Lamp(add_key(data, KID, "--ae-id", "/id-in/Clamp")[1], fr="/id-in")
    with Server(data, "--esprim-to", f"/id-in/Clamp={KID}", "--log", "debug") as server, lamp.receiver as receiver:
        admin = Client(server.url)
        acp = grant(admin, (["/id-in"], 16), (["CAdmin", "Clamp"], 63))
        made = admin.As("Clamp").create("cse-in", "ae", rn="lamp", api="Ntest", rr=True, srv=["3"], acpi=[acp],
                                        poa=[receiver.url], esi=lamp.target.esi)
        assert made.rsc == 2001, made
        assert admin.create("cse-in", "cnt", rn="box", acpi=[acp]).rsc == 2001
        yield admin, lamp
        assert set(lamp.asked) == {OBJECT}


@pytest.mark.parametrize("nu", ["Clamp", "cse-in/lamp", "/id-in/Clamp", "/id-in/cse-in/lamp"])
def test_an_ae_of_this_cse(alone, nu):
    """In any spelling; its receiver object is at hand"""
    admin, lamp = alone
    lamp.taken.clear()
    assert admin.create("cse-in/box", "sub", rn="s", nu=[nu], nct=1, enc={"net": [3]}).rsc == 2001
    assert len(lamp.verified()) == 1
    assert admin.create("cse-in/box", "cin", con=nu).rsc == 2001
    eventually(lambda: lamp.told() == [nu], 20, "the notification")
    assert admin.delete("cse-in/box/s").rsc == 2002


def poll(client, lamp, end):
    """Fetches the requests on the polling channel of the AE, and responds."""
    while not end.is_set():
        got = client.retrieve("cse-in/lamp/pch/pcu", headers={"X-M2M-RET": timestamp(1)})
        if got.rsc == 2000:
            request = got.res
            said = {"rsc": 2000, "pc": lamp.target.take(request["pc"]["m2m:seci"])}
            client.notify("cse-in/lamp/pch/pcu", {"m2m:rsp": {"rqi": request["rqi"], "rvi": "3", **said}})


def test_it_polls(alone):
    """By its polling channel; several notifications are there at once"""
    admin, lamp = alone
    ae, end = admin.As("Clamp"), threading.Event()
    assert ae.create("cse-in/lamp", "pch", rn="pch").rsc == 2001
    assert ae.update("cse-in/lamp", "ae", rr=False).rsc == 2004
    lamp.taken.clear()
    poller = threading.Thread(target=poll, args=(admin.As("Clamp"), lamp, end))
    poller.start()
    try:
        assert admin.create("cse-in/box", "sub", rn="p", nu=["Clamp"], nct=1, enc={"net": [3]}).rsc == 2001
        for number in range(5):
            assert admin.create("cse-in/box", "cin", con=str(number)).rsc == 2001
        eventually(lambda: lamp.told() == list("01234"), 20, "the notifications")
    finally:
        end.set()
        poller.join()
    assert ae.delete("cse-in/lamp/pch").rsc == 2002 and ae.update("cse-in/lamp", "ae", rr=True).rsc == 2004
    assert admin.delete("cse-in/box/p").rsc == 2002


def test_it_is_asked(alone):
    """A blocking subscription: what is said inside decides"""
    admin, lamp = alone
    assert admin.create("cse-in/box", "sub", rn="b", nu=["Clamp"], enc={"net": [7]}).rsc == 2001
    assert admin.update("cse-in/box", "cnt", lbl=["good"]).rsc == 2004
    lamp.rsc = 4005
    assert admin.update("cse-in/box", "cnt", lbl=["bad"]).rsc == 4127
    lamp.rsc = 2000
    assert admin.delete("cse-in/box/b").rsc == 2002


def test_results(alone):
    """The result of a non-blocking request"""
    admin, lamp = alone
    asked = admin.request("POST", "cse-in", {"m2m:cnt": {"rn": "later"}}, ty=3, query={"rt": 2},
                          headers={"X-M2M-RTU": "Clamp"})
    assert asked.rsc == 1002, asked
    result = eventually(lambda: [taken["pc"]["m2m:rsp"] for taken in lamp.taken if "m2m:rsp" in taken["pc"]], 20)
    assert result[0]["rsc"] == 2001 and result[0]["pc"]["m2m:cnt"]["rn"] == "later"


def test_there_is_no_key(tmp_path):
    """Without a key that proves the entity the server does not start"""
    def start(*words):
        return run("cse", "--data", str(tmp_path / "d"), "--listen", "http://127.0.0.1:0", *words)

    refused = start(*TO_LAMP)
    assert refused.returncode != 0 and f"no credential '{KID}' for ESPrim" in refused.stderr, refused.stderr
    add_key(tmp_path / "d", KID, "--ae-id", "/mn2/C*")
    refused = start(*TO_LAMP)
    assert refused.returncode != 0 and "does not name exactly this entity" in refused.stderr, refused.stderr
    for wrong in ("/mn2/Clamp", "Clamp=a@sp.example", "/mn2/Clamp=none"):
        assert start("--esprim-to", wrong).returncode == 2
    add_key(tmp_path / "e", KID, "--ae-id", LAMP)
    twice = run("cse", "--data", str(tmp_path / "e"), "--listen", "http://127.0.0.1:0", *TO_LAMP, "--esprim-to",
                f"//merlon.example{LAMP}={KID}")
    assert twice.returncode == 2 and "named twice" in twice.stderr, twice.stderr


def test_key_is_removed(folder):
    """A reload tells, and nothing is sent to that entity"""
    data = folder / "d"
    add_key(data, KID, "--ae-id", LAMP)
    with Server(data, *TO_LAMP) as server:
        assert run("key", "remove", "--data", str(data), "--suid", "13", KID).returncode == 0
        own_data(data)
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "nothing is sent to it" in server.log(), 20, "the line of the log")
