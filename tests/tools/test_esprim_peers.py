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


@pytest.fixture(name="issue")
def fixture_issue(tmp_path):
    """issue(name, authority) gives the paths of a certificate and its key."""
    def run(name, authority):
        paths = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        key = cert_maker.p256()
        leaf = authority.leaf(cert_maker.uri(f"m2m://sp.example/{name}"), key=key)
        paths[0].write_bytes(cert_maker.pem(leaf))
        paths[1].write_bytes(cert_maker.key_pem(key))
        return paths
    return run


@pytest.fixture(name="root")
def fixture_root():
    return cert_maker.Authority("root")


@pytest.fixture(name="anchor")
def fixture_anchor(tmp_path, root):
    path = tmp_path / "root.pem"
    path.write_bytes(cert_maker.pem(root.cert))
    return path


def run_both(own, take):
    """Four messages."""
    second = take(own.step())
    fourth = take(own.step(second))
    assert own.step(fourth) == b""


def test_a_key_is_established(issue, root, anchor):
    terminator = escertke.Terminator(lambda: escertke.End(issue("S2", root), anchor, False))
    own = escertke.End(issue("S1", root), anchor, True)
    run_both(own, lambda message: terminator.take("S1", message)[0])
    assert own.key == terminator.keys["S1"]
    assert len(own.key[0]) == 32 and len(own.key[1]) == 32
    assert terminator.take("S1", b"\x16\3\3\0\4\x14\0\0\0") == (b"", False)
    foreign = escertke.End(issue("S3", cert_maker.Authority("other")), anchor, True)
    second, _ = terminator.take("S3", foreign.step())
    alert, is_well = terminator.take("S3", foreign.step(second))
    assert not is_well and alert[0] == escertke.ALERT and "S3" not in terminator.keys


def test_with_the_commands(issue, root, anchor):
    pairs = issue("S1", root), issue("S2", root)
    with escertke.Command(pairs[0], anchor, True) as own:
        other = escertke.End(pairs[1], anchor, False)
        run_both(own, other.step)
        assert own.key == other.key
    with escertke.Command(pairs[1], anchor, False) as other:
        own = escertke.End(pairs[0], anchor, True)
        run_both(own, other.step)
        assert own.key == other.key
    with escertke.Command(pairs[1], anchor, False) as other:
        foreign = escertke.End(issue("S3", cert_maker.Authority("other")), anchor, True)
        assert other.step(foreign.step(other.step(foreign.step())))[0] == escertke.ALERT
