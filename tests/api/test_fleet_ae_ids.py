"""AEs with AE-IDs of the service provider at MN-CSEs: the IN-CSE agrees first, and knows where each is.

A fleet of real servers on loopback (lib/fleet.py). spec: TS-0001 10.2.2.2; TS-0004 7.4.5.2.1, 7.4.5.2.4; SEC-REG-03,
SEC-REG-10, SEC-REG-16; docs/decisions/0042
"""

import subprocess

import pytest
from lib.fleet import Fleet, free_port
from lib.onem2m import Client, grant, timestamp
from lib.secure_client import PskAdapter
from lib.server import binary, eventually

AE = {"api": "Ntest", "rr": False, "srv": ["3"]}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet")) as made:
        yield made


def register(fleet, cse, stem, **more):
    return fleet.client(cse, stem).create("base", "ae", **AE, **more)


def known(fleet, stem):
    """The <AEAnnc> at the IN-CSE."""
    answer = fleet.client("in").retrieve(f"/in/{stem}")
    assert answer.rsc in (2000, 4004), answer
    return answer.res if answer.rsc == 2000 else None


def link(fleet, stem):
    found = known(fleet, stem)
    return found and found["lnk"]


def test_the_in_cse_chooses(fleet):
    """SEC-REG-03, case a: the <AEAnnc> has the AE-ID-Stem as resourceID"""
    ae = register(fleet, "mn1", "S", rn="chosen")
    assert ae.rsc == 2001, ae
    stem = ae["aei"]
    assert stem.startswith("S") and len(stem) > 10 and ae["ri"] == stem and "at" not in ae.res
    found = known(fleet, stem)
    assert (found["lnk"], found["api"], found["lbl"]) == (f"/mn1/{stem}", "Ntest", ["Credential-ID:"])
    assert found["ri"] == stem and found["ty"] == 10002
    assert register(fleet, "mn1", "S", rn="chosen").rsc == 4105, "nothing is made for what cannot be"
    assert len(fleet.client("in").discover("base", ty=10002)) == 1


def test_an_ae_that_has_one(fleet):
    """SEC-REG-03, case b; nobody else gets it while it is registered"""
    assert register(fleet, "mn1", "Sfix").rsc == 2001
    assert link(fleet, "Sfix") == "/mn1/Sfix"
    for at in ("mn1", "mn2", "in"):
        assert register(fleet, at, "Sfix").rsc == 4117, at
    assert link(fleet, "Sfix") == "/mn1/Sfix"
    assert register(fleet, "in", "Sthere").rsc == 2001
    assert register(fleet, "mn1", "Sthere").rsc == 4117


def test_what_it_is_elsewhere(fleet):
    """TS-0001 7.2: the same AE-ID at each CSE"""
    ae = fleet.client("mn1", "Sfar")
    assert register(fleet, "mn1", "Sfar").rsc == 2001
    for name in ("in", "mn2"):
        admin = fleet.client(name)
        acp = grant(admin, (["/Sfar"], 63), parent="base", name="for-sfar")
        assert admin.create("base", "cnt", rn="of-sfar", acpi=[acp]).rsc == 2001
        made = ae.create(f"/{name}/base/of-sfar", "cin", con="x", cr=None)
        assert made.rsc == 2001 and made["cr"] == "/Sfar", made
        assert fleet.client("mn1", "Schosen").retrieve(f"/{name}/base/of-sfar").rsc == 4106


def test_it_goes_and_comes_again(fleet):
    """SEC-REG-16, SEC-REG-04: INACTIVE; it stays whose it was"""
    ae = fleet.client("mn1", "Scomes")
    assert register(fleet, "mn1", "Scomes").rsc == 2001
    for _ in range(3):
        assert ae.delete("base/Scomes").rsc == 2002
        assert register(fleet, "mn1", "Scomes").rsc == 2001
    eventually(lambda: link(fleet, "Scomes") == "/mn1/Scomes", 20, "that it is there")
    assert ae.delete("base/Scomes").rsc == 2002
    eventually(lambda: link(fleet, "Scomes") == "INACTIVE", 20, "the news of it")
    assert register(fleet, "mn2", "Scomes").rsc == 4106
    assert register(fleet, "in", "Scomes").rsc == 4117
    assert link(fleet, "Scomes") == "INACTIVE"
    assert register(fleet, "mn1", "Scomes").rsc == 2001
    eventually(lambda: link(fleet, "Scomes") == "/mn1/Scomes", 20, "that it is there")


def test_it_expires(fleet):
    """SEC-REG-16: every end of an <AE> counts"""
    assert register(fleet, "mn2", "Sshort", et=timestamp(1)).rsc == 2001
    eventually(lambda: link(fleet, "Sshort") == "INACTIVE", 20, "the news of it")


def test_announceto_has_nothing_to_do_with_it(fleet):
    """What the AE announces is its own matter"""
    ae = fleet.client("mn1", "Sann")
    made = register(fleet, "mn1", "Sann", at=["/in"])
    assert made.rsc == 2001 and len(made["at"]) == 1 and made["at"] != ["/in/Sann"], made
    updated = ae.update("base/Sann", "ae", at=None)
    assert updated.rsc == 2004 and "at" not in updated.res
    assert link(fleet, "Sann") == "/mn1/Sann"


@pytest.mark.parametrize("rsc, at, stem", [(5001, "asn", "S"), (5001, "asn", "Sdeep"), (2001, "asn", "C")])
def test_behind_an_mn(fleet, rsc, at, stem):
    """Only the IN-CSE has AE-IDs to give; its registrees ask it"""
    assert register(fleet, at, stem).rsc == rsc


def test_not_as_a_member_of_a_group(fleet):
    """It cannot wait for the IN-CSE"""
    admin = fleet.client("mn1")
    acp = grant(admin, (["all"], 63), parent="base")
    group = admin.create("base", "grp", mnm=3, mid=["base"], macp=[acp])["ri"]
    answer = admin.create(f"{group}/fopt", "ae", **AE, headers={"X-M2M-Origin": "Sgroup"})
    member = answer.pc["m2m:agr"]["m2m:rsp"][0]["rsc"] if answer.rsc == 2000 else answer.rsc
    assert 4000 <= member < 6000, answer
    assert admin.retrieve("Sgroup").rsc == 4004 and link(fleet, "Sgroup") is None


def test_without_the_in_cse(tmp_path):
    """SEC-REG-10: no answer, no AE; what ends meanwhile is said later, also after kill -9"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        assert register(fleet, "mn1", "Sold").rsc == 2001
        fleet.kill("in")
        for stem in ("S", "Snew"):
            answer = register(fleet, "mn1", stem)
            assert answer.rsc == 5103, answer
        assert register(fleet, "mn1", "C").rsc == 2001
        assert fleet.client("mn1", "Sold").delete("base/Sold").rsc == 2002
        fleet.kill("mn1")
        fleet.start("in")
        fleet.start("mn1")
        fleet.settle()
        assert fleet.client("mn1").retrieve("base/Snew").rsc == 4004
        eventually(lambda: link(fleet, "Sold") == "INACTIVE", 20, "the news of it")
        assert register(fleet, "mn1", "Sold").rsc == 2001


def test_it_moves_with_its_credential(tmp_path):
    """SEC-REG-04, SEC-REG-09: registered at another MN-CSE by who holds the same key, and by nobody else"""
    ports = {cse: free_port() for cse in ("mn1", "mn2")}
    options = {cse: ("--sp-id", "//sp.example", "--listen", f"https://127.0.0.1:{port}") for cse, port in ports.items()}
    options["in"] = ("--sp-id", "//sp.example")
    tmp_path.chmod(0o777)
    for cse in ports:
        for key, digits in (("k1", "5a" * 32), ("k2", "a5" * 32)):
            subprocess.run([binary(), "key", "add", "--data", tmp_path / cse, "--id", f"{key}@sp.example", "--key-file",
                            "-", "--ae-id", "S*"], input=digits, text=True, check=True, capture_output=True, timeout=60)
    with Fleet(tmp_path, names=("in", "mn1", "mn2"), options=options) as fleet:
        def holder(cse, key, digits, stem):
            client = Client(f"https://localhost:{ports[cse]}", stem)
            words = ["-tls1_3", "-psk_identity", f"{key}@sp.example", "-psk", digits]
            client.session.mount("https://", PskAdapter(words))
            return client

        def first(cse, stem="Smoves"):
            return holder(cse, "k1", "5a" * 32, stem)

        assert first("mn1").create("base", "ae", **AE).rsc == 2001
        assert known(fleet, "Smoves")["lbl"] == ["Credential-ID:12-k1@sp.example"]
        assert first("mn2").create("base", "ae", **AE).rsc == 4117
        assert first("mn1").delete("base/Smoves").rsc == 2002
        eventually(lambda: link(fleet, "Smoves") == "INACTIVE", 20, "the news of it")
        assert holder("mn2", "k2", "a5" * 32, "Smoves").create("base", "ae", **AE).rsc == 4106
        assert register(fleet, "mn2", "Smoves").rsc == 4106
        assert first("mn2").create("base", "ae", **AE).rsc == 2001
        assert link(fleet, "Smoves") == "/mn2/Smoves"
        assert first("mn1").create("base", "ae", **AE).rsc == 4117
        made = first("mn1", "S").create("base", "ae", **AE)
        assert made.rsc == 2001 and link(fleet, made["aei"]) == f"/mn1/{made['aei']}", made


def test_what_the_in_cse_has_lost(tmp_path):
    """The registrar makes the <AEAnnc> of a registered AE anew when it says the next time that it is there"""
    with Fleet(tmp_path, names=("in", "mn1"), options={"in": ("--max-lifetime", "4")}) as fleet:
        assert register(fleet, "mn1", "Skept").rsc == 2001
        first = known(fleet, "Skept")["et"]
        eventually(lambda: known(fleet, "Skept")["et"] > first, 20, "the renewal")
        assert fleet.client("in").delete("/in/Skept").rsc == 2002
        eventually(lambda: link(fleet, "Skept") == "/mn1/Skept", 20, "the next one")
