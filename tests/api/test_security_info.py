"""NOTIFY with m2m:securityInfo: what it may carry, and AEs as targets of end-to-end security, wherever they are.
spec: TS-0004 6.3.5.48, 7.3.3.9, 7.5.1.2.11 to 7.5.1.2.13; security.md 25, 34
"""

import base64
import concurrent.futures
import functools
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from lib import serial
from lib.fleet import Fleet
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.server import eventually

RANDOM = {"esri": "Uabc", "esrv": "R00112233445566778899aabbccddeeff", "esrx": "20301231T235959", "esks": [1],
          "espa": [10, 12]}
OBJECT = "eyJhbGciOiJkaXIifQ..AAECAwQFBgcICQoL.Nkz72xN0XgJvUD-Tg-46w9JNfvYVdFg2LBgufEWeXEg3lq6v.ldkuqsQ25uNDfKFeybunoA"
FITTING = [  # what is asked, and what may be answered
    ({"sit": 3}, {"sit": 4, "ero": RANDOM}),
    ({"sit": 5, "epo": OBJECT}, {"sit": 5, "epo": OBJECT.replace("AAEC", "AQEC")}),
    ({"sit": 6, "eckm": "FgMBAAA="}, {"sit": 6, "eckm": "FgMDAAA="}),
]
UNFIT = [
    {}, {"sit": 0}, {"sit": 9}, {"sit": "3"}, {"sit": 3, "epo": OBJECT}, {"sit": 3, "ero": RANDOM},
    {"sit": 3, "eckm": "FgMBAAA="}, {"sit": 4}, {"sit": 4, "epo": OBJECT}, {"sit": 4, "ero": {"esri": "U"}},
    {"sit": 4, "ero": RANDOM, "epo": OBJECT}, {"sit": 5}, {"sit": 5, "ero": RANDOM}, {"sit": 5, "epo": None},
    {"sit": 5, "epo": 5}, {"sit": 5, "epo": OBJECT, "eckm": "FgMBAAA="}, {"sit": 5, "epo": OBJECT, "sur": "x"},
    {"sit": 6}, {"sit": 6, "epo": OBJECT}, {"sit": 6, "eckm": "not base64"}, {"sit": 1, "epo": OBJECT},
    {"sit": 2, "eckm": "FgMBAAA="}, {"sit": 7, "ero": RANDOM}, {"sit": 8, "epo": OBJECT}, {"epo": OBJECT},
]


def kind(content):
    return f"sit{content['sit']}"


@pytest.fixture
def target(admin, ae, other):
    """An AE that `ae` may notify; reach(url) sets its point of access and gives its path."""
    acp = grant(admin, ([ae.stem], 16), ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[acp]).rsc == 2004

    def reach(url):
        assert other.update(other.path, "ae", poa=[url]).rsc == 2004
        return other.path

    return reach


# ---- what it may carry ----


@pytest.mark.parametrize("content", UNFIT, ids=str)
def test_what_does_not_fit(admin, ae, target, receiver, content):
    """SEC-GEN-01, SEC-EPR-23 the type missing or unknown, its element missing, elements of others: BAD_REQUEST, at the
    CSEBase and before an AE hears of it"""
    for who, to in ((admin, "cse-in"), (admin, "/id-in/-"), (ae, target(receiver.url))):
        assert who.notify(to, {"m2m:seci": content}).rsc == 4000, to
    assert receiver.nothing(0.02)


@pytest.mark.parametrize("sit", [1, 2, 7, 8])
def test_what_the_csebase_does_not_do(admin, sit):
    """SEC-GEN-01: dynamic authorization and relation mapping are not built"""
    assert admin.notify("cse-in", {"m2m:seci": {"sit": sit}}).rsc == 5001


def test_an_answer_is_no_request(admin):
    """SEC-GEN-01: nobody has asked for a random object"""
    assert admin.notify("cse-in", {"m2m:seci": {"sit": 4, "ero": RANDOM}}).rsc == 4000


@pytest.mark.parametrize("asked", [asked for asked, _ in FITTING], ids=kind)
def test_without_credentials(admin, ae, asked):
    """A CSE that has no keys for it: NOT_IMPLEMENTED"""
    for client in (admin, ae):
        assert client.notify("cse-in", {"m2m:seci": asked}).rsc == 5001


# ---- an AE as target ----


@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
@pytest.mark.parametrize("asked, said", FITTING, ids=[kind(asked) for asked, _ in FITTING])
def test_to_a_point_of_access(cse, ae, target, form, asked, said):
    """spec: TS-0004 7.3.3.9.1: to the AE as it came, and its answer back"""
    answer = (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"},
              serial.encode({"m2m:seci": said}, "json"))
    with Receiver(answer=lambda _: answer) as receiver:
        heard = Client(cse.url, ae.stem, form=form).notify(target(receiver.url), {"m2m:seci": asked})
        assert heard.rsc == 2000 and heard.pc == {"m2m:seci": said}, heard
        assert heard.headers["Content-Type"] == serial.MEDIA[form]
        assert receiver.all.get(timeout=20).pc == {"m2m:seci": asked}


def test_refusals_of_the_ae(ae, target):
    """Errors of end-to-end security are the AE's to say: security.md 25.4"""
    for rsc in (4111, 4112, 4113, 4114, 4115, 4116, 5210, 5211):
        status = 403 if rsc < 5000 else 500
        with Receiver(answer=lambda _, s=status, r=rsc: (s, {"X-M2M-RSC": str(r)}, b"")) as receiver:
            heard = ae.request("POST", target(receiver.url), {"m2m:seci": {"sit": 5, "epo": OBJECT}}, check=False)
            assert (heard.rsc, heard.status) == (rsc, status)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), store="mem") as made:
        made.aes = made.add_aes("in", "mn2", "asn")
        acp = grant(made.client("asn"), (["all"], 16), (["Cae"], 63), parent="base", self_rules=[(["Cae"], 63)])
        assert made.aes["asn"].update("base/ae", "ae", acpi=[acp]).rsc == 2004
        yield made


@pytest.mark.parametrize("asked, said", FITTING, ids=[kind(asked) for asked, _ in FITTING])
def test_through_other_cses(fleet, asked, said):
    """From the AE of an MN over its IN and another MN to the AE of an ASN"""
    answer = (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"},
              serial.encode({"m2m:seci": said}, "json"))
    with Receiver(answer=lambda _: answer) as receiver:
        assert fleet.aes["asn"].update("base/ae", "ae", poa=[receiver.url], rr=True).rsc == 2004
        for to in ("/asn/Cae", "//merlon.example/asn/base/ae"):
            heard = fleet.aes["mn2"].notify(to, {"m2m:seci": asked})
            assert heard.rsc == 2000 and heard.pc == {"m2m:seci": said}, heard
            came = receiver.all.get(timeout=20)
            assert came.pc == {"m2m:seci": asked} and came.headers["X-M2M-Origin"] == "/mn2/Cae"
    assert fleet.aes["asn"].update("base/ae", "ae", poa=None, rr=False).rsc == 2004


@pytest.mark.parametrize("asked, said", FITTING, ids=[kind(asked) for asked, _ in FITTING])
def test_to_an_ae_that_polls(fleet, asked, said):
    """SEC-EPR-17: an AE behind a polling channel, over other CSEs"""
    me = fleet.aes["asn"]
    assert me.create("base/ae", "pch", rn="p").rsc == 2001
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(fleet.aes["mn2"].notify, "/asn/Cae", {"m2m:seci": asked})
        polled = fleet.client("asn", "Cae").retrieve("base/ae/p/pcu", headers={"X-M2M-RET": timestamp(20)})
        assert polled.rsc == 2000 and polled["pc"] == {"m2m:seci": asked}, polled
        response = {"rsc": 2000, "rqi": polled["rqi"], "rvi": "3", "pc": {"m2m:seci": said}}
        assert me.notify("base/ae/p/pcu", {"m2m:rsp": response}).rsc == 2000
        heard = asking.result()
        assert heard.rsc == 2000 and heard.pc == {"m2m:seci": said}, heard
    assert me.delete("base/ae/p").rsc == 2002


# ---- what AEs and CSEs say of themselves ----


def esi(**changed):
    """e2eSecInfo; None takes a member out."""
    full = {"esf": [13, 43, 44], "escert": [certificate()], "esro": RANDOM, **changed}
    return {name: value for name, value in full.items() if value is not None}


@functools.cache
def certificate():
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1) \
        .public_key(key.public_key()).not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2060, 1, 1)) \
        .sign(key, None)
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
def test_support_of_an_ae(cse, ae, form):
    """spec: TS-0004 6.3.5.52: stored, retrieved alone, changed as a whole, deleted"""
    me = Client(cse.url, ae.stem, form=form)
    for value in (esi(), esi(esf=[13], escert=None), esi(esro=None), esi(escert=[certificate(), certificate()])):
        assert me.update(ae.path, "ae", esi=value).rsc == 2004
        assert me.retrieve(ae.path).res["esi"] == value
        assert me.retrieve(f"{ae.path}?atrl=esi").pc == {"m2m:ae": {"esi": value}}
    assert me.update(ae.path, "ae", esi=None).rsc == 2004
    assert "esi" not in me.retrieve(ae.path).res


def test_support_at_registration(cse, admin):
    admin.register("Csupport", "support", esi=esi())
    assert admin.retrieve("cse-in/support?atrl=esi").pc == {"m2m:ae": {"esi": esi()}}
    far = admin.As("/id-support")
    assert far.create("cse-in", "csr", cb="/id-support/base", rr=False, srv=["3"], esi=esi()).rsc == 2001
    assert far.retrieve("cse-in/id-support?atrl=esi").pc == {"m2m:csr": {"esi": esi()}}
    assert far.update("cse-in/id-support", "csr", esi=esi(esf=[33])).rsc == 2004
    assert far.update("cse-in/id-support", "csr", esi=esi(escert=["AAAA"])).rsc == 4000
    assert far.retrieve("cse-in/id-support?atrl=esi")["esi"] == esi(esf=[33])
    assert far.delete("cse-in/id-support").rsc == 2002


@pytest.mark.parametrize("value", [
    {}, {"escert": []}, esi(esf=13), esi(esf=[99]), esi(esf=["x"]), esi(escert="AAAA"), esi(escert=["AAAA"]),
    esi(escert=["not base64"]), esi(escert=["LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"]), esi(escert=[""]), esi(escert=[5]),
    esi(esro={}), esi(esro=dict(RANDOM, esk=1)), esi(esro=dict(RANDOM, esri="1abc")), esi(esro=dict(RANDOM, esrv="0")),
    esi(esro=dict(RANDOM, esrx="PT60S")), esi(esro=dict(RANDOM, esrx="60000")), esi(esro=dict(RANDOM, esrx="soon")),
    esi(esro=dict(RANDOM, esks=[2])), esi(esro=dict(RANDOM, espa=[9])), esi(other=1), "text", [],
], ids=str)
def test_what_is_no_support(ae, value):
    assert ae.update(ae.path, "ae", esi=value).rsc == 4000
    assert "esi" not in ae.retrieve(ae.path).res


def test_the_csebase_supports_nothing(admin):
    """Without credentials for it there is no e2eSecInfo, and nobody writes it"""
    assert "esi" not in admin.retrieve("cse-in").res
    assert admin.retrieve("cse-in?atrl=esi").res == {}
    assert admin.update("cse-in", "cb", esi=esi()).rsc == 4005


def test_support_is_announced(fleet):
    """spec: TS-0001 9.6.5: e2eSecInfo of an <AE> is announced, whatever announcedAttribute says"""
    me = fleet.aes["asn"]
    assert me.update("base/ae", "ae", esi=esi()).rsc == 2004
    announced = me.update("base/ae", "ae", at=["/mn1"])
    assert announced.rsc == 2004, announced
    (copy,) = [to for to in me.retrieve("base/ae").res["at"] if to != "/mn1"]
    held = fleet.client("mn1").retrieve(copy)
    assert held.rsc == 2000 and held.res["esi"] == esi(), held
    assert me.update("base/ae", "ae", esi=esi(esf=[13], escert=None)).rsc == 2004
    eventually(lambda: fleet.client("mn1").retrieve(copy).res["esi"] == esi(esf=[13], escert=None), 20)
    assert me.update("base/ae", "ae", esi=None, at=None).rsc == 2004
