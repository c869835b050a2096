"""CSEs that register with each other. spec: TS-0001 10.2.2.7; TS-0004 7.4.4

A fleet of real servers on loopback (lib/fleet.py). Who may speak for whom over a security association is tested beside
the code, too: src/cse/access/identify_test.c, src/cse/remote/*_test.c.
"""

import subprocess
import time

import pytest
from lib.fleet import Fleet, remote_cse
from lib.onem2m import Client
from lib.server import binary, eventually


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet")) as made:
        made.add_aes()
        yield made


# ---- registration ----


def test_the_registrar_shows_its_registrees(fleet):
    """TS-0001 9.6.4: what a registree says of itself, and what lies behind it"""
    for at, name, cst, behind in (("in", "mn1", 2, ["/asn"]), ("in", "mn2", 2, None), ("mn1", "asn", 3, None)):
        found = fleet.remote(at, name)
        assert (found["cst"], found["poa"], found["rr"]) == (cst, [fleet.url(name)], True)
        assert found["cb"] == f"/{name}/base" and found["rn"] == name and "3" in found["srv"] and "cbor" in found["csz"]
        assert found.get("dcse") == behind
    assert 16 in fleet.client("in").retrieve("base")["srt"]


def test_the_registree_shows_its_registrar(fleet):
    """TS-0004 7.4.4.2.1: the originator creates a <remoteCSE> locally"""
    for at, name in (("mn1", "in"), ("mn2", "in"), ("asn", "mn1")):
        found = fleet.remote(at, name)
        assert found["poa"] == [fleet.url(name)] and found["cb"] == f"/{name}/-" and "dcse" not in found


def test_who_may_register(fleet):
    """SEC-REG-13: 4107 without association, 4005 for an AE, at an ASN 4005, the second time 4117"""
    assert fleet.client("in", "Cae").create("base", "csr", **remote_cse("x")).rsc == 4005
    assert fleet.client("in").create("base", "csr", **remote_cse("x")).rsc == 4005
    assert fleet.client("in", "Cnobody").create("base", "csr", **remote_cse("x")).rsc == 4106
    assert fleet.client("asn", "/x").create("base", "csr", **remote_cse("x")).rsc == 4005
    assert fleet.client("in", "/mn2").create("base", "csr", **remote_cse("mn2")).rsc == 4117
    assert fleet.client("in", "/in").create("base", "csr", **remote_cse("in")).rsc == 4107
    assert fleet.client("mn1", "/in").create("base", "csr", **remote_cse("in")).rsc == 4117


def test_not_without_association(own):
    """SEC-REG-13, SEC-SAE-10: a CSE-ID on a listener that is not trusted is nobody's"""
    server = own("--unauthenticated", "open", listen=("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted"))
    outside = Client(server.urls[1], "/mn1")
    assert outside.create("cse-in", "csr", **remote_cse("mn1")).rsc == 4107
    assert outside.retrieve("cse-in").rsc == 4107


def test_a_cse_is_no_ae(fleet):
    """SEC-REG-15: a CSE does not register an AE; it may do what policies give it"""
    cse = fleet.client("in", "/mn2")
    assert cse.create("base", "ae", api="Ntest", rr=False, srv=["3"]).rsc == 4005
    assert cse.retrieve("base/ae/open").rsc == 2000
    assert cse.retrieve("base/ae").rsc == 4103


@pytest.mark.parametrize("dcse", [["asn"], ["/in"], ["/x/Cae"], ["/x y"], ["base/x"], ["Cae"],
                                  ["//far.example/x"]])
def test_descendants_are_other_cses(fleet, dcse):
    """TS-0001 9.6.4: neither this CSE, nor what is no CSE, nor one of another service provider"""
    answer = fleet.client("in", "/fake").create("base", "csr", **remote_cse("fake", dcse=dcse))
    assert answer.rsc == 4000, answer


def test_only_itself_changes_it(fleet):
    """security.md 4.5: the registree, by the rule of the creator"""
    fleet.pretend("fake", "http://127.0.0.1:1")
    for other in ("/mn2", "Cae"):
        assert fleet.client("in", other).update("base/fake", "csr", lbl=["x"]).rsc == 4103
        assert fleet.client("in", other).delete("base/fake").rsc == 4103
    assert fleet.client("in", "/fake").update("base/fake", "csr", csi="/other").rsc == 4000
    fleet.drop("fake")


# ---- coming and going ----


def test_a_registrar_that_forgot(tmp_path):
    """It lost its store: the registrees register again; with another registration there they take it up"""
    with Fleet(tmp_path, names=("in", "mn1"), lifetime=4, store="mem") as fleet:
        fleet.stop("in")
        fleet.start("in")
        fleet.settle()
        fleet.stop("mn1")  # it forgets, the registrar does not
        fleet.start("mn1")
        fleet.settle()
        assert "registered at /in" in fleet.log("mn1")


def test_one_that_does_not_come_again(tmp_path):
    """Heart-beat by renewal: without it the registration ends by its expirationTime; what was behind it, too"""
    with Fleet(tmp_path, names=("in", "mn1", "asn"), lifetime=4) as fleet:
        first = fleet.remote("in", "mn1")["et"]
        eventually(lambda: (fleet.remote("in", "mn1") or {"et": ""})["et"] > first, 20, "a renewal")
        fleet.kill("asn")
        eventually(lambda: fleet.remote("mn1", "asn") is None, 20, "the end of the registration")
        eventually(lambda: fleet.behind("mn1") == [], 20, "the news of it")
        fleet.kill("in")
        eventually(lambda: fleet.remote("mn1", "in") is None, 20, "the end of it here")


def test_one_that_crashes(tmp_path):
    """kill -9 of the one in the middle: it takes its registration up, and knows what is behind it"""
    with Fleet(tmp_path, names=("in", "mn1", "asn")) as fleet:
        before = fleet.remote("in", "mn1")["ri"], fleet.remote("mn1", "asn")["ri"]
        fleet.kill("mn1")
        fleet.start("mn1")
        eventually(lambda: fleet.log("mn1").count("registered at /in") == 2, 20, "the registration")
        assert (fleet.remote("in", "mn1")["ri"], fleet.remote("mn1", "asn")["ri"]) == before
        fleet.settle()


def test_giving_it_up(tmp_path):
    """--deregister on: the registration goes with the server, here and there"""
    with Fleet(tmp_path, names=("in", "mn1", "asn"), options={"asn": ("--deregister", "on")}) as fleet:
        fleet.stop("asn")
        assert fleet.remote("mn1", "asn") is None
        eventually(lambda: fleet.behind("mn1") == [], 20, "the news of it")
        fleet.stop("mn1")
        assert fleet.remote("in", "mn1"), "the default is to stay"
        began = time.monotonic()
        fleet.start("asn")
        fleet.stop("asn")
        assert time.monotonic() - began < 20, "nor does it wait for a registrar that is gone"



@pytest.mark.parametrize("words", [
    ("--registrar", "http://127.0.0.1:1"), ("--registrar-id", "/in"),
    ("--registrar", "http://127.0.0.1:1", "--registrar-id", "/in", "--cse-type", "in"),
    ("--registrar", "http://127.0.0.1:1", "--registrar-id", "/x", "--cse-id", "/x"),
    ("--registrar", "gopher://x", "--registrar-id", "/in"), ("--registrar", "http://x,credential=12-k@x.example"),
    ("--registrar", "https://x,credential=nonsense"), ("--registrar-id", "in"), ("--registration-lifetime", "1"),
    ("--deregister", "maybe")])
def test_settings_that_do_not_fit(words, tmp_path):
    """Told at the start, and by --check-config"""
    kind = () if "--cse-type" in words else ("--cse-type", "mn")
    for more in ((), ("--check-config",)):
        done = subprocess.run([binary(), "cse", "--store", "mem", "--data", str(tmp_path), "--listen",
                               "http://127.0.0.1:0", *kind, *words, *more], capture_output=True, text=True, timeout=30,
                              check=False)
        assert done.returncode != 0, done
        assert "regist" in done.stderr, done
