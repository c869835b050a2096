"""Contents that end points have protected: the CSE keeps them byte for byte and looks into none.

Envelopes are made and opened with python3-jwcrypto. spec: TS-0003 8.5, TS-0004 6.3.3, 6.3.4.2.38
"""

import base64
import json

import pytest
from jwcrypto import jwe, jwk
from lib import serial
from lib.onem2m import Client

SECRET = "the door code is 4711"
KEY = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("="), kid="data@sp.example")
HEADER = {"alg": "dir", "enc": "A256GCM", "kid": "data@sp.example"}
XML = ('<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">\n\t<xenc:CipherData>'
       '<xenc:CipherValue>AAECAwQFBgc=</xenc:CipherValue></xenc:CipherData>\n</xenc:EncryptedData>\n')


def envelope(text, compact):
    made = jwe.JWE(text.encode(), json.dumps(HEADER), recipient=KEY)
    return made.serialize(compact=compact)


def opened(text):
    made = jwe.JWE()
    made.deserialize(text, key=KEY)
    return made.payload.decode()


COMPACT = envelope(SECRET, True)
# members in no order, with white space: a reader that wrote it anew would change it
LOOSE = json.dumps(dict(reversed(json.loads(envelope(SECRET, False)).items())), indent=3) + "\n"
ENVELOPES = {
    "text/plain:0:1": COMPACT,
    "text/plain:0:2": LOOSE,
    "application/json:0:3": base64.b64encode(LOOSE.encode()).decode(),
    "application/octet-stream:2:1": COMPACT,
    "application/xml:0:4": XML,
    "application/xml:1:5": base64.b64encode(XML.encode()).decode(),
}


@pytest.fixture
def cnt(ae):
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


@pytest.mark.parametrize("form", serial.NAMES)
@pytest.mark.parametrize("cnf", ENVELOPES)
def test_an_envelope_stays_as_it_is(ae, cnt, receiver, cnf, form):
    """SEC-ESD-03: by itself, as latest and oldest, in a notification; in every serialisation."""
    ae.form = form
    envelope_ = ENVELOPES[cnf]
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url], nct=1, enc={"net": [3]}).rsc == 2001
    answer = ae.create(cnt, "cin", rn="i", con=envelope_, cnf=cnf)
    assert answer.rsc == 2001 and answer["con"] == envelope_
    for to in ("i", "la", "ol"):
        got = ae.retrieve(f"{cnt}/{to}")
        assert (got["con"], got["cnf"], got["cs"]) == (envelope_, cnf, len(envelope_))
    told = receiver.next().rep["m2m:cin"]
    assert (told["con"], told["cnf"]) == (envelope_, cnf)


def test_the_json_of_an_answer_holds_the_same_bytes(ae, cnt):
    """SEC-ESD-03: an envelope that is JSON in the place of a text keeps its members and numbers."""
    parts = json.loads(envelope(SECRET, False)) | {"unprotected": {"n": 1.50, "big": 12345678901234567890}}
    assert ae.create(cnt, "cin", rn="i", con=parts, cnf="text/plain:0:2").rsc == 2001
    assert ae.retrieve(f"{cnt}/i")["con"] == parts


def test_the_cse_looks_into_no_envelope(ae, cnt):
    """What contentInfo says is protected is neither searched nor refused: also what is no envelope."""
    for number, (con, cnf) in enumerate([('{"t": 21}', "application/json:0"), ('{"t": 21}', "application/json:0:1"),
                                         ("no envelope", "application/json:0:1")]):
        assert ae.create(cnt, "cin", rn=f"i{number}", con=con, cnf=cnf).rsc == 2001
    assert len(ae.discover(cnt, cty="application/json")) == 3
    assert [uri.rsplit("/", 1)[1] for uri in ae.discover(cnt, cfs=1, cfq="$.t EQ 21")] == ["i0"]


@pytest.mark.parametrize("cnf", ["text/plain:0:6", "text/plain:0:1:0", "text/plain:0:0:0", "text/plain:0:-1",
                                 "text/plain:0:01", "text/plain:0:1:", "text/plain::1", "text/plain:3:1"])
@pytest.mark.parametrize("form", serial.NAMES)
def test_what_contentinfo_cannot_be(ae, cnt, cnf, form):
    """SEC-ESD-13"""
    ae.form = form
    assert ae.create(cnt, "cin", con=COMPACT, cnf=cnf).rsc == 4000
    assert ae.create(ae.path, "ts", cnf=cnf).rsc == 4000
    assert ae.retrieve(cnt)["cni"] == 0


def test_one_part_of_a_content(ae, cnt):
    """What is open stays open, what is protected stays protected."""
    con = {"room": "hall", "code": COMPACT, "list": [1, COMPACT]}
    assert ae.create(cnt, "cin", rn="i", con=con, cnf="application/json:0").rsc == 2001
    got = ae.retrieve(f"{cnt}/la")["con"]
    assert got == con and opened(got["code"]) == opened(got["list"][1]) == SECRET


def test_an_attribute_of_a_flexcontainer(own, folder, receiver):
    """customAttribute, also in notifications"""
    (folder / "lock.flex").write_text("flexContainer ex:lock lock org.example.lock\nattribute code code xs:string\n")
    client = Client(own("--flex-definitions", str(folder), "--verify-subscriptions", "none").url)
    made = client.create("cse-in", 28, {"ex:lock": {"rn": "lock", "cnd": "org.example.lock", "code": COMPACT}})
    assert made.rsc == 2001 and made["code"] == COMPACT, made
    assert client.create("cse-in/lock", "sub", rn="s", nu=[receiver.url], nct=1).rsc == 2001
    again = envelope(SECRET, True)
    assert client.update("cse-in/lock", 28, {"ex:lock": {"code": again}}).rsc == 2004
    assert client.retrieve("cse-in/lock")["code"] == receiver.next().rep["ex:lock"]["code"] == again
    assert opened(again) == SECRET
