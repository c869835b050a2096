"""The ends of ESPrim and ESCertKE that the tests use: against vectors of an independent script, and one another."""

import pytest
from lib import cert_maker, escertke, esprim

PAIRWISE = bytes(range(0x80, 0xA0))
RECEIVER = {"esri": "Uabc", "esrv": "R00112233445566778899aabbccddeeff", "esrx": "20301231T235959", "esks": [1],
            "espa": [10, 12]}
ORIGINATOR = {"esri": "Odef", "esrv": "Rffeeddccbbaa99887766554433221100", "esrx": "20301231T235900", "esk": 1,
              "espa": [10]}
HEADER = {"alg": "dir", "enc": "A128GCM", "kid": "key1@sp.example.com", "cty": "application/json", "ori": "Odef",
          "rri": "Uabc", "oro": ORIGINATOR}
REQUEST = '{"op":2,"to":"/cse1/-","fr":"/cse2/C1","rqi":"r1","rvi":"3"}'
CIPHERTEXT = "Nkz72xN0XgJvUD-Tg-46w9JNfvYVdFg2LBgufEWeXEg3lq6v_-Jl5ItAaOlTQxPJzX6x1nI78RCAmHfq"
TAG = "ldkuqsQ25uNDfKFeybunoA"


@pytest.fixture(name="session")
def fixture_session():
    return esprim.Session("key1@sp.example.com", PAIRWISE, RECEIVER, ORIGINATOR)


def test_the_session_key(session):
    assert session.key.hex() == "b3782ebbf8693fbbcebfff3d1570f5d6"
    assert esprim.session_key(PAIRWISE, RECEIVER, ORIGINATOR)[16:].hex() == "5cc18593252c9a550dc9c06eac35452b"
    turned = dict(reversed(RECEIVER.items()))
    assert esprim.canonical(turned) == esprim.canonical(RECEIVER)


def test_the_object(session):
    sealed = esprim.forge(session.key, HEADER, REQUEST, bytes(range(12)))
    assert sealed.split(".") == [esprim.encode(esprim.compact(HEADER).encode()), "",
                                 esprim.encode(bytes(range(12))), CIPHERTEXT, TAG]
    assert session.open_text(sealed) == REQUEST.encode()
    assert session.open_text(session.seal_text(REQUEST)) == REQUEST.encode()
    with pytest.raises(esprim.Refused):
        session.open_text(esprim.forge(session.key, HEADER, REQUEST, tag_bytes=12))


class Direct:
    """Leads what an Originator sends to a Target."""

    def __init__(self, target, originator):
        self.target = target
        self.originator = originator

    def notify(self, _to, content):
        class Answer(dict):
            rsc = 2000
        return Answer(self.target.take(content["m2m:seci"])["m2m:seci"])


@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
def test_one_asks_the_other(form):
    target = esprim.Target({"k": (PAIRWISE, "/in/C1")}, lambda request: {"rsc": 2000, "pc": {"m2m:cnt": {"rn": "x"}}})
    own = esprim.Originator(Direct(target, "/in/C1"), "t", "k", PAIRWISE, form=form)
    for _ in range(2):
        assert own.ask(2, "/in/x")["pc"] == {"m2m:cnt": {"rn": "x"}}
    sealed = own.seal(own.request(2, "/in/x"))
    target.open(sealed)
    for wrong, rsc in ((sealed, 4000), (sealed[:-2], 4115), ("a.b", 4000),
                       (own.seal(own.request(2, "x"), kid="z"), 4112),
                       (own.seal(own.request(2, "x"), rri="z"), 4114), (own.seal(own.request(2, "x"), ori="z"), 4113),
                       (own.seal(own.request(2, "x", fr="/in/C2")), 4116)):
        with pytest.raises(esprim.Refused) as refused:
            target.open(wrong)
        assert refused.value.rsc == rsc, wrong


def test_a_key_is_established(tmp_path):
    root, other = cert_maker.Authority("root"), cert_maker.Authority("other")

    def issue(name, authority):
        paths = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        key = cert_maker.p256()
        leaf = authority.leaf(cert_maker.uri(f"m2m://sp.example/{name}"), key=key)
        paths[0].write_bytes(cert_maker.pem(leaf))
        paths[1].write_bytes(cert_maker.key_pem(key))
        return paths

    anchor = tmp_path / "root.pem"
    anchor.write_bytes(cert_maker.pem(root.cert))
    terminator = escertke.Terminator(lambda: escertke.End(issue("S2", root), anchor, False))
    own = escertke.End(issue("S1", root), anchor, True)
    second, _ = terminator.take("S1", own.step())
    fourth, _ = terminator.take("S1", own.step(second))
    assert own.step(fourth) == b"" and own.key == terminator.keys["S1"]
    assert len(own.key[0]) == 32 and len(own.key[1]) == 32
    assert terminator.take("S1", fourth) == (b"", False)
    foreign = escertke.End(issue("S3", other), anchor, True)
    second, _ = terminator.take("S3", foreign.step())
    alert, is_well = terminator.take("S3", foreign.step(second))
    assert not is_well and alert[0] == 21 and "S3" not in terminator.keys
