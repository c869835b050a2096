"""Announcing our resources at other CSEs: a fleet of real servers on loopback.

What a CSE that holds copies takes and refuses is in test_announced.py.
spec: TS-0001 9.6.26, 10.2.13; TS-0004 7.3.3.10, 7.3.3.11
"""

import contextlib
import threading
import time

import pytest
import requests
from lib.fleet import Fleet
from lib.onem2m import grant
from lib.server import eventually


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("announce")) as made:
        made.aes = made.add_aes()
        yield made


def copy_of(fleet, at, made, index=0):
    """The copy at a CSE, as the CSE that announces it sees it."""
    address = made["at"][index]
    host = address.split("/")[1]
    return fleet.client(host, f"/{at}").retrieve(address)


def synced(fleet, at, made, what, index=0):
    """Waits until the copy has these values; None: not there."""
    def check():
        copy = copy_of(fleet, at, made, index)
        return copy.rsc == 2000 and all(copy.res.get(name) == value for name, value in what.items())
    eventually(check, 20, f"{what} at {made['at'][index]}")


def gone(fleet, at, address):
    host = address.split("/")[1]
    eventually(lambda: fleet.client(host, f"/{at}").retrieve(address).rsc == 4004, 20, f"the end of {address}")


# ---- copies come ----


def test_create_with_announce_to(fleet):
    """TS-0004 7.3.3.10: the answer has the address of the copy; that stands below a <CSEBaseAnnc>"""
    ae = fleet.aes["mn1"]
    made = ae.create("base/ae", "cnt", rn="first", lbl=["a", "b"], mni=7, mbs=1000, at=["/in"], aa=["mni"])
    assert made.rsc == 2001 and len(made["at"]) == 1 and made["at"][0].startswith("/in/"), made
    copy = copy_of(fleet, "mn1", made)
    assert copy.root == "m2m:cntA" and copy["ty"] == 10003
    assert copy["lnk"] == f"/mn1/{made['ri']}" and copy["lbl"] == ["a", "b"] and copy["mni"] == 7
    assert copy["et"] <= made["et"] and "mbs" not in copy.res and "acpi" not in copy.res
    base = fleet.client("in", "/mn1").retrieve(copy["pi"])
    assert base.root == "m2m:cbA" and base["lnk"].startswith("/mn1/")
    assert fleet.client("mn1").retrieve(base["lnk"])["ty"] == 5
    assert "3" in base["srv"]
    again = ae.create("base/ae", "cnt", rn="firstagain", at=["/in"])
    assert copy_of(fleet, "mn1", again)["pi"] == base["ri"], "one <CSEBaseAnnc> for all"
    for name in ("first", "firstagain"):
        assert ae.delete(f"base/ae/{name}").rsc == 2002


def test_the_base_goes_with_the_last(tmp_path):
    """TS-0001 10.2.13.2, 10.2.13.4: a <CSEBaseAnnc> is made for copies, and taken away with them"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        ae, there = fleet.add_aes("mn1")["mn1"], fleet.client("in", "/mn1")
        for _ in range(5):  # while the one before goes
            for name in ("one", "two"):
                made = ae.create("base/ae", "cnt", rn=name, at=["/in"])
                assert made.rsc == 2001 and copy_of(fleet, "mn1", made).rsc == 2000, made
            assert ae.delete("base/ae/one").rsc == 2002
            assert copy_of(fleet, "mn1", made).rsc == 2000
            assert ae.delete("base/ae/two").rsc == 2002
        eventually(lambda: not there.discover("base", ty=[10003, 10005]), 20, "the end of the <CSEBaseAnnc>")


def test_update_with_announce_to(fleet):
    """TS-0001 10.2.13.2, 10.2.13.4: what is added is announced, what is left out is taken away"""
    ae = fleet.aes["mn1"]
    made = ae.create("base/ae", "cnt", rn="moved")
    assert "at" not in made.res
    one = ae.update("base/ae/moved", "cnt", at=["/in"])
    assert one.rsc == 2004 and len(one["at"]) == 1
    two = ae.update("base/ae/moved", "cnt", at=[*one["at"], "/asn"])
    assert two.rsc == 2004 and two["at"][0] == one["at"][0] and two["at"][1].startswith("/asn/")
    same = ae.update("base/ae/moved", "cnt", at=["/in", "/asn"])
    assert same["at"] == two["at"], "a CSE-ID stands for the copy that is there"
    assert copy_of(fleet, "mn1", two, 1)["lnk"] == f"/mn1/{made['ri']}"
    less = ae.update("base/ae/moved", "cnt", at=two["at"][1:])
    assert less["at"] == two["at"][1:]
    gone(fleet, "mn1", two["at"][0])
    assert copy_of(fleet, "mn1", less).rsc == 2000
    none = ae.update("base/ae/moved", "cnt", at=None)
    assert none.rsc == 2004 and "at" not in none.res
    gone(fleet, "mn1", two["at"][1])
    assert ae.delete("base/ae/moved").rsc == 2002


def test_over_two_hops(fleet):
    """To a CSE that is neither registrar nor registree"""
    made = fleet.aes["asn"].create("base/ae", "cnt", rn="far", lbl=["x"], at=["/mn2"])
    assert made.rsc == 2001 and made["at"][0].startswith("/mn2/"), made
    copy = copy_of(fleet, "asn", made)
    assert copy["lbl"] == ["x"] and copy["lnk"] == f"/asn/{made['ri']}"
    assert fleet.aes["asn"].delete("base/ae/far").rsc == 2002
    gone(fleet, "asn", made["at"][0])


def test_to_an_address(fleet):
    """TS-0004 7.3.3.10: not a CSE-ID: the parent of the copy"""
    first = fleet.aes["mn1"].create("base/ae", "cnt", rn="above", at=["/in"])
    made = fleet.aes["mn1"].create("base/ae", "cnt", rn="placed", at=first["at"])
    assert made.rsc == 2001, made
    assert f"/in/{copy_of(fleet, 'mn1', made)['pi']}" == first["at"][0]
    bad = fleet.aes["mn1"].create("base/ae", "cnt", rn="nowhere", at=["/in/base/nosuch"])
    assert bad.rsc == 2001 and "at" not in bad.res, "only successful ones"
    for name in ("above", "placed", "nowhere"):
        assert fleet.aes["mn1"].delete(f"base/ae/{name}").rsc == 2002


def test_children(fleet):
    """TS-0001 9.6.26.1: below the announced parent; an instance nowhere else"""
    ae = fleet.aes["mn1"]
    assert ae.create("base/ae", "cnt", rn="parent").rsc == 2001
    assert ae.create("base/ae/parent", "cin", con="1", at=["/in"]).rsc == 4005
    above = ae.update("base/ae/parent", "cnt", at=["/in"])
    made = ae.create("base/ae/parent", "cin", con="21.5", lbl=["x"], at=["/in"], aa=["con"])
    assert made.rsc == 2001 and made["at"], made
    copy = copy_of(fleet, "mn1", made)
    assert copy.root == "m2m:cinA" and copy["con"] == "21.5" and f"/in/{copy['pi']}" == above["at"][0]
    assert ae.update("base/ae/parent", "cnt", mni=1).rsc == 2004
    later = ae.create("base/ae/parent", "cin", con="22", at=["/in"])
    gone(fleet, "mn1", made["at"][0])
    inner = ae.create("base/ae/parent", "cnt", rn="inner", at=["/in"])
    assert f"/in/{copy_of(fleet, 'mn1', inner)['pi']}" == above["at"][0]
    assert ae.delete("base/ae/parent").rsc == 2002
    for address in (above["at"][0], later["at"][0], inner["at"][0]):
        gone(fleet, "mn1", address)


@pytest.mark.parametrize("short,root,parent,more", [
    ("acp", "acpA", "base/ae", {"pv": {"acr": [{"acor": ["all"], "acop": 2}]},
                                "pvs": {"acr": [{"acor": ["Cae"], "acop": 63}]}}),
    ("grp", "grpA", "base/ae", {"mnm": 3, "mid": ["base/ae"], "aa": ["mid"]}),
    ("ts", "tsA", "base/ae", {"pei": 1000, "aa": ["pei"]}),
    ("nod", "nodA", "base", {"ni": "urn:node:a"}),
    ("lcp", "lcpA", "base", {"los": 2, "aa": ["los"]}),
])
def test_types(fleet, short, root, parent, more):
    """Each by its tables"""
    who = fleet.client("mn1") if parent == "base" else fleet.aes["mn1"]
    kind = {"lcp": 10}.get(short, short)
    made = who.create(parent, kind, {f"m2m:{short}": {"at": ["/in"], **more}})
    assert made.rsc == 2001 and made["at"], made
    copy = copy_of(fleet, "mn1", made)
    assert copy.root == f"m2m:{root}" and copy["lnk"].startswith("/mn1/")
    if short == "grp":
        assert copy["mid"] == ["/mn1/base/ae"]
    assert who.delete(made["ri"]).rsc == 2002
    gone(fleet, "mn1", made["at"][0])


def test_an_ae(fleet):
    """AE-IDs are told in a form that means the same there"""
    made = fleet.client("mn1", "Cnew").create("base", "ae", api="Ntest", rr=False, srv=["3"], at=["/in"],
                                              aa=["aei", "apn", "api"])
    assert made.rsc == 2001 and made["at"], made
    copy = copy_of(fleet, "mn1", made)
    assert copy["aei"] == "/mn1/Cnew" and copy["api"] == "Ntest" and copy["srv"] == ["3"] and "apn" not in copy.res
    assert fleet.client("mn1", "Cnew").delete("base/" + made["rn"]).rsc == 2002
    gone(fleet, "mn1", made["at"][0])


def test_management_object(fleet):
    admin = fleet.client("mn1")
    node = admin.create("base", "nod", rn="device", ni="urn:node:b", at=["/in"])
    made = admin.create("base/device", 13, {"m2m:bat": {"mgd": 1006, "btl": 5, "bts": 1, "at": ["/in"], "aa": ["btl"]}})
    assert made.rsc == 2001 and made["at"], made
    copy = copy_of(fleet, "mn1", made)
    assert copy.root == "m2m:batA" and copy["btl"] == 5 and f"/in/{copy['pi']}" == node["at"][0]
    assert admin.delete("base/device").rsc == 2002
    gone(fleet, "mn1", made["at"][0])


# ---- what cannot be announced ----


@pytest.mark.parametrize("at", [["/mn1"], ["/mn1/base/x"], ["base"], ["Cae"], ["http://x.example/y"], ["/in", "/in"],
                                ["/"], ["//"], ["-/x"], ["//merlon.example/mn1"], ["/in", 5], "x", []])
def test_bad_targets(fleet, at):
    """Not to itself; nothing that names no other CSE"""
    ae = fleet.aes["mn1"]
    assert ae.create("base/ae", "cnt", rn="bad", at=at).rsc in ((2001,) if at == [] else (4000,))
    assert ae.update("base/ae/open", "cnt", at=at).rsc in ((2004,) if at == [] else (4000,))
    if at == []:
        ae.delete("base/ae/bad")
    assert ae.retrieve("base/ae/bad").rsc == 4004


@pytest.mark.parametrize("aa", [["lbl"], ["cni"], ["nosuch"], ["at"], ["ty"], ["mni", "con"], "mni", [5], ["et"]])
def test_bad_attributes(fleet, aa):
    """TS-0001 10.2.13.7: what is not marked OA, and what the type does not have, is invalid"""
    assert fleet.aes["mn1"].create("base/ae", "cnt", rn="bad", aa=aa).rsc == 4000
    assert fleet.aes["mn1"].update("base/ae/open", "cnt", aa=aa).rsc == 4000


def test_too_many(fleet):
    many = [f"/x{n}" for n in range(17)]
    assert fleet.aes["mn1"].create("base/ae", "cnt", rn="bad", at=many).rsc == 4000
    assert fleet.aes["mn1"].update("base/ae/open", "cnt", at=many).rsc == 4000


def test_copies_are_not_announced(fleet):
    """Circles of announcements end: a copy has no announceTo"""
    made = fleet.aes["mn1"].create("base/ae", "cnt", rn="once", at=["/in"])
    address = made["at"][0]
    assert fleet.client("in", "/mn1").update(address, "cntA", at=["/mn1"]).rsc == 4000
    assert fleet.client("in").update(address, "cntA", at=["/mn1"]).rsc == 4103
    assert fleet.aes["mn1"].delete("base/ae/once").rsc == 2002


def test_no_such_cse(fleet):
    """The IN knows nobody behind it: announceTo has only what succeeded, and nothing is tried for ever"""
    made = fleet.aes["in"].create("base/ae", "cnt", rn="lonely", at=["/nobody", "/mn2"])
    assert made.rsc == 2001 and len(made["at"]) == 1 and made["at"][0].startswith("/mn2/"), made
    assert fleet.aes["in"].delete("base/ae/lonely").rsc == 2002


# ---- copies are kept ----


def test_attributes_follow(fleet):
    """TS-0004 7.3.3.10, 7.3.3.11: MA always, OA while announcedAttribute names them"""
    ae = fleet.aes["mn1"]
    made = ae.create("base/ae", "cnt", rn="kept", lbl=["a"], mni=5, at=["/in", "/mn2"])
    assert len(made["at"]) == 2, made
    for change, what in (({"lbl": ["b", "c"]}, {"lbl": ["b", "c"]}), ({"mni": 6}, {"mni": None}),
                         ({"aa": ["mni", "mbs"]}, {"mni": 6, "mbs": None}),
                         ({"mni": 8, "mbs": 9}, {"mni": 8, "mbs": 9}),
                         ({"aa": ["mbs"]}, {"mni": None, "mbs": 9}), ({"mbs": None}, {"mbs": None}),
                         ({"lbl": None}, {"lbl": None}), ({"aa": None, "lbl": ["z"]}, {"lbl": ["z"]})):
        assert ae.update("base/ae/kept", "cnt", **change).rsc == 2004, change
        for index in range(2):
            synced(fleet, "mn1", made, what, index)
    assert ae.delete("base/ae/kept").rsc == 2002
    for address in made["at"]:
        gone(fleet, "mn1", address)


def test_many_changes(fleet):
    """The last state counts, however many there were"""
    ae = fleet.aes["mn1"]
    made = ae.create("base/ae", "cnt", rn="busy", at=["/in"])
    for n in range(50):
        assert ae.update("base/ae/busy", "cnt", lbl=[f"n{n}"]).rsc == 2004
    synced(fleet, "mn1", made, {"lbl": ["n49"]})
    assert ae.delete("base/ae/busy").rsc == 2002


def test_policies_follow(fleet):
    """SEC-GEN-04: access to the copy is no wider than to the original; a policy that is announced there governs it,
    with names that mean the same there"""
    ae, there = fleet.aes["mn1"], fleet.aes["in"]
    admin = fleet.client("mn1")
    local = grant(admin, (["Cae", "/in/Cae"], 63), parent="base", name="both")
    made = ae.create("base/ae", "cnt", rn="guarded", at=["/in"])
    address = made["at"][0]
    assert there.retrieve(address).rsc == 4103, "no policy: the announcing CSE only"
    assert ae.update("base/ae/guarded", "cnt", acpi=[local]).rsc == 2004
    synced(fleet, "mn1", made, {"acpi": [f"/mn1/{local}"]})
    assert there.retrieve(address).rsc == 4103, "a policy elsewhere permits nothing"
    announced = admin.update(local, "acp", at=["/in"])
    assert announced.rsc == 2004 and announced["at"], announced
    rules = fleet.client("in", "/mn1").retrieve(announced["at"][0])["pv"]["acr"]
    assert rules[0]["acor"] == ["/mn1/Cae", "/in/Cae"]
    assert admin.update("base/ae/guarded", "cnt", lbl=["x"]).rsc in (2004, 4103)
    assert ae.update("base/ae/guarded", "cnt", lbl=["y"]).rsc == 2004
    synced(fleet, "mn1", made, {"acpi": announced["at"], "lbl": ["y"]})
    assert there.retrieve(address).rsc == 2000
    narrower = {"acr": [{"acor": ["Cae", "all@x.example", "C*", "S1", "//far.example"], "acop": 63}]}
    assert admin.update(local, "acp", pv=narrower).rsc == 2004
    eventually(lambda: there.retrieve(address).rsc == 4103, 20, "the end of the right")
    rules = fleet.client("in", "/mn1").retrieve(announced["at"][0])["pv"]["acr"]
    assert rules[0]["acor"] == ["/mn1/Cae", "all@x.example", "/mn1/C*", "/S1", "//far.example"]
    assert ae.delete("base/ae/guarded").rsc == 2002
    assert admin.delete(local).rsc == 2002


def test_the_copy_was_lost(tmp_path):
    """The other CSE does not have it any more: soon after, it is given up"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        ae = fleet.add_aes("mn1")["mn1"]
        made = ae.create("base/ae", "cnt", rn="lost", at=["/in"])
        assert fleet.client("in").delete(made["at"][0]).rsc == 2002
        assert ae.update("base/ae/lost", "cnt", lbl=["x"]).rsc == 2004
        eventually(lambda: "at" not in ae.retrieve("base/ae/lost").res, 20, "announceTo without it")
        again = ae.update("base/ae/lost", "cnt", at=["/in"])
        assert again["at"] and again["at"] != made["at"]
        synced(fleet, "mn1", again, {"lbl": ["x"]})


def test_short_lives(tmp_path):
    """A copy that the other CSE gives less time is renewed; with the original it expires"""
    options = {"in": ("--max-lifetime", "4"), "mn1": ("--max-lifetime", "3600")}
    with Fleet(tmp_path, names=("in", "mn1"), options=options, lifetime=4) as fleet:
        ae = fleet.add_aes("mn1")["mn1"]
        made = ae.create("base/ae", "cnt", rn="long", at=["/in"])
        first = copy_of(fleet, "mn1", made)
        assert first["et"] < made["et"]
        eventually(lambda: copy_of(fleet, "mn1", made).res.get("et", "") > first["et"], 20, "a renewal")
        end = time.monotonic() + 6
        while time.monotonic() < end:
            assert copy_of(fleet, "mn1", made).rsc == 2000
            time.sleep(0.5)


# ---- others fail ----


def test_a_cse_that_is_away(tmp_path):
    """Nobody else waits for it; what it missed is told when it comes back, also after kill -9 of this side"""
    with Fleet(tmp_path, names=("in", "mn1", "mn2")) as fleet:
        ae = fleet.add_aes("mn1")["mn1"]
        made = ae.create("base/ae", "cnt", rn="kept", at=["/in", "/mn2"], lbl=["old"])
        away = ae.create("base/ae", "cnt", rn="away", at=["/mn2"])
        assert len(made["at"]) == 2 and len(away["at"]) == 1
        made.res["at"].sort()  # "/in/…" first
        fleet.kill("mn2")
        began = time.monotonic()
        late = ae.create("base/ae", "cnt", rn="late", at=["/in", "/mn2"])
        assert late.rsc == 2001 and len(late["at"]) == 1, late
        assert ae.update("base/ae/kept", "cnt", lbl=["new"]).rsc == 2004
        synced(fleet, "mn1", made, {"lbl": ["new"]})
        assert ae.delete("base/ae/away").rsc == 2002
        assert time.monotonic() - began < 20
        fleet.kill("mn1")
        fleet.start("mn1")
        fleet.start("mn2")
        synced(fleet, "mn1", made, {"lbl": ["new"]}, 1)
        gone(fleet, "mn1", away["at"][0])
        eventually(lambda: len(ae.retrieve("base/ae/late").res.get("at", [])) == 2, 30, "the late copy")


class Busy:
    """Makes, changes and deletes announced containers until it is told to stop; whatever fails is tried no more."""

    def __init__(self, ae, name):
        self.ae = ae
        self.name = name
        self.count = 0
        self.is_over = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over:
            with contextlib.suppress(requests.RequestException):
                self.step(f"{self.name}-{self.count}")
            self.count += 1

    def step(self, name):
        self.ae.request("POST", "base/ae", {"m2m:cnt": {"rn": name, "at": ["/in"], "lbl": ["old"]}}, ty=3)
        if self.count % 2:
            self.ae.update(f"base/ae/{name}", "cnt", lbl=["new"])
        if self.count % 3 == 0:
            self.ae.delete(f"base/ae/{name}")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


def agree(fleet):
    """The copies at the IN are those that the containers at the MN tell of."""
    ae = fleet.client("mn1", "Cae")
    here = {r["ri"]: r for r in ae.retrieve("base/ae?rcn=8&ty=3").res.get("m2m:cnt", []) if r["rn"] != "open"}
    cse = fleet.client("in", "/mn1")
    found = [cse.retrieve(address) for address in cse.discover("base", ty=10003)]
    if any(copy.rsc != 2000 for copy in found):
        return False
    originals = [here.get(copy["lnk"].removeprefix("/mn1/"), {}) for copy in found]
    told = sum(len(r.get("at", [])) for r in here.values())
    return told == len(found) and all(
        original.get("lbl") == copy["lbl"] and [a.rsplit("/", 1)[1] for a in original.get("at", ())] == [copy["ri"]]
        for original, copy in zip(originals, found))


@pytest.mark.parametrize("victim", ["in", "mn1"])
def test_kill_in_between(tmp_path, victim):
    """kill -9 of either side while copies come, change and go: in the end both sides agree, nothing is there twice"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        fleet.add_aes("mn1")
        for n in range(4):
            with Busy(fleet.client("mn1", "Cae"), f"c{n}") as busy:
                eventually(lambda seen=busy: seen.count > 5 + n, 20, "some requests")
                fleet.kill(victim)
            fleet.start(victim)
        fleet.settle()
        eventually(lambda: agree(fleet), 60, "both sides to agree")
        for name in fleet.client("mn1", "Cae").discover("base/ae", ty=3):
            assert fleet.client("mn1", "Cae").delete(name).rsc == 2002
        eventually(lambda: not fleet.client("in", "/mn1").discover("base", ty=[10003, 10005]), 60, "the end of all")
