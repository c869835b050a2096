"""`merlon key derive` against hashlib, hmac and unicodedata alone. spec: TS-0003 10.3"""

import hashlib
import hmac
import json
import random
import unicodedata

import pytest
from lib import cert_maker, escertke

FAILED = 1
USAGE = 2
ENROLMENT = bytes(range(0x50, 0x70))

# SHA-256 of each label and its length, as security.md 21A has them: a slip of the keyboard here
# would be one there too.
LABELS = {
    "master-credential":
        (b"oneM2M Enrolment Key to Master Credential derivation", 52, "d9995d1974c046ab"),
    "connection-key":
        (b"oneM2M Enrolment Key to Provisioned Secure Connection Key derivation", 68,
         "77162bcbd1bb535a"),
    "usage-key":
        (b"oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation", 66,
         "60899a3ac47e8694"),
    "message-authenticity": (b"E2E Message Authentication Key", 30, "c688d40e5d670405"),
    "message-confidentiality": (b"E2E Message Confidentiality Key", 31, "a01de5975946224c"),
    "attribute-authenticity": (b"E2E Attribute Authenticity Key", 30, "1c72bc4ca2cdb89a"),
    "attribute-confidentiality": (b"E2E Attribute Confidentiality Key", 33, "aff2cece3a3b9d3b"),
}
CHAIN = ["message-authenticity", "message-confidentiality", "attribute-authenticity",
         "attribute-confidentiality"]


def label(kind):
    text, length, digest = LABELS[kind]
    assert len(text) == length and hashlib.sha256(text).hexdigest()[:16] == digest
    return text


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def normal(text):
    return unicodedata.normalize("NFKC", text).encode()


@pytest.fixture
def derive(alone):
    """Runs the command; a key goes in by standard input and comes out by standard output."""
    def run(kind, key, *words, code=0):
        done = alone("key", "derive", kind, "--key-file", "-", "--show", *words, stdin=key.hex(),
                     code=code)
        return bytes.fromhex(done.stdout) if code == 0 else done.stderr
    return run


@pytest.mark.parametrize("kind, words, key", [
    ("master-credential", ["--peer", "maf.example.com"],
     "aad213145b9709f6a54faa1e779864a950b046fe4372646e8a615b6f25b61307"),
    ("connection-key", ["--peer", "//sp.example.com/cse1"],
     "96d2579418bd4307830f92dee5dbd0cc5cd44ac308f2a677cb7d404e3c632e75"),
    ("usage-key", ["--suid", "21", "--peer", "maf.example.com"],
     "3d29f0d655fe3baa46d2986886de8254cf641de4ffebe10071f397f26ea5e9cb"),
    ("usage-key", ["--suid", "25", "--peer", "s123.sp.example.com"],
     "46141657df03b4bf78cba2aff0915d8fb83855a428d72ba5bc48d705848b69bf"),
])
def test_the_vectors_of_the_project(derive, kind, words, key):
    """SEC-KDF-01 and what they are made of."""
    assert derive(kind, ENROLMENT, *words).hex() == key
    suid = words[1].encode() if kind == "usage-key" else b""
    assert mac(ENROLMENT, label(kind), suid, words[-1].encode()).hex() == key


def test_the_end_to_end_keys_form_a_chain(derive, tmp_path):
    """SEC-KDF-01 SEC-KDF-06: each key alone is what the whole chain gives."""
    source, salt = random.randbytes(32), random.randbytes(20)
    (tmp_path / "salt").write_text(salt.hex() + "\n")
    assert derive("end-to-end-master", source) == mac(bytes(32), source)
    master = derive("end-to-end-master", source, "--salt-file", tmp_path / "salt")
    assert master == mac(salt, source)
    block = b""
    for number, kind in enumerate(CHAIN, 1):
        block = mac(master, block, label(kind), bytes([number]))
        assert derive(kind, master) == block


@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_exact(derive, kind):
    """SEC-KDF-02: what each derivation is made of has the length and the hash of the standard's text"""
    if kind in CHAIN:
        at = CHAIN.index(kind)
        before = derive(CHAIN[at - 1], ENROLMENT) if at else b""
        assert derive(kind, ENROLMENT) == mac(ENROLMENT, before, label(kind), bytes([at + 1]))
    else:
        suid = ["--suid", "23"] if kind == "usage-key" else []
        made = derive(kind, ENROLMENT, "--peer", "a.example", *suid)
        assert made == mac(ENROLMENT, label(kind), "".join(suid[1:]).encode(), b"a.example")


def test_two_sides_have_the_same_keys(alone, derive, tmp_path):
    """SEC-E2E-01: from a connection key and a salt; one key does for a cipher that authenticates."""
    connection, salt = random.randbytes(32), random.randbytes(32)
    (tmp_path / "salt").write_text(salt.hex())
    sides = []
    for name in ("source", "target"):
        master = derive("end-to-end-master", connection, "--salt-file", tmp_path / "salt")
        sides.append([derive(kind, master) for kind in CHAIN])
        key = tmp_path / f"{name}.key"
        key.write_text(sides[-1][1].hex())
        key.chmod(0o600)
    assert sides[0] == sides[1] and len(set(sides[0])) == 4
    sealed = alone("esdata", "protect", "--to", f"e2e@sp.example={tmp_path}/source.key", stdin="21.5", code=0).stdout
    assert alone("esdata", "open", "--key", f"e2e@sp.example={tmp_path}/target.key", stdin=sealed,
                 code=0).stdout == "21.5"


def test_the_key_of_a_session(derive, tmp_path):
    """SEC-KDF-01 SEC-KDF-07: white space and the order of members do not matter, all else does."""
    receiver = {"espa": [10, 12], "esrx": "20301231T235959", "esks": [1], "esri": "Uabc",
                "esrv": "R00112233445566778899aabbccddeeff"}
    originator = {"esri": "Odef", "esrv": "Rffeeddccbbaa99887766554433221100", "esrx": "20301231T235900", "esk": 1,
                  "espa": [10]}

    def of(receiver, originator):
        (tmp_path / "receiver").write_text(json.dumps(receiver, indent=2))
        (tmp_path / "originator").write_text(json.dumps(originator))
        return derive("session-key", bytes(range(0x80, 0xa0)), "--receiver", tmp_path / "receiver", "--originator",
                      tmp_path / "originator").hex()

    right = of(receiver, originator)
    assert right == "b3782ebbf8693fbbcebfff3d1570f5d65cc18593252c9a550dc9c06eac35452b"
    others = {of(receiver | changed, originator) for changed in (
        {"esri": "Uabd"}, {"esrv": "R00112233445566778899aabbccddeefe"}, {"esrx": "20301231T235958"},
        {"espa": [12, 10]})}
    others |= {of(receiver, originator | changed) for changed in (
        {"esri": "Odee"}, {"esrv": "Rffeeddccbbaa99887766554433221101"}, {"esrx": "20301231T235901"}, {"espa": [12]})}
    assert len(others | {right}) == 9
    (tmp_path / "receiver").write_text(json.dumps(originator))
    assert "no random object of a receiver" in derive(
        "session-key", ENROLMENT, "--receiver", tmp_path / "receiver", "--originator", tmp_path / "originator",
        code=USAGE)


@pytest.mark.parametrize("spellings", [
    ["//sp.example/S\u00c5", "//sp.example/SA\u030a", "//sp.example/S\u212b"],
    ["maf.sp", "\uff4d\uff41\uff46\uff0e\uff53\uff50"],
    ["\u1e9b\u0323", "\u017f\u0323\u0307", "\u1e69"],
    ["\uac00", "\u1100\u1161"],
    ["\ufdfa"],
    ["x\u0301\u0323\u0301"],
])
def test_spellings_of_an_identifier_give_one_key(derive, spellings):
    """SEC-KDF-03"""
    wanted = mac(ENROLMENT, label("connection-key"), normal(spellings[0]))
    for text in spellings:
        assert derive("connection-key", ENROLMENT, "--peer", text) == wanted


def test_any_text_in_its_normal_form(derive):
    """SEC-KDF-03: letters of all of Unicode, against another implementation of the form"""
    dice = random.Random(20261122)
    letters = [chr(code) for code in range(0x20, 0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    changing = [letter for letter in letters if not unicodedata.is_normalized("NFKC", letter)]
    marks = [letter for letter in letters if unicodedata.combining(letter)]
    for _ in range(20):
        text = "".join(dice.choice(dice.choice((letters, changing, marks))) for _ in range(40))
        assert derive("connection-key", ENROLMENT, "--peer", text) == \
            mac(ENROLMENT, label("connection-key"), normal(text)), text.encode("unicode_escape")


def test_uses_and_targets_do_not_collide(derive):
    """SEC-KDF-04"""
    keys = {derive("usage-key", ENROLMENT, "--suid", suid, "--peer", target)
            for suid in ["22", "23"] for target in ["3.example", "33.example"]}
    assert len(keys) == 4


def handshake(folder):
    """Both ends of TLS 1.2 in memory, of a library that is not ours."""
    authority, key = cert_maker.Authority(), cert_maker.p256()
    pair = folder / "leaf.pem", folder / "leaf.key"
    pair[0].write_bytes(cert_maker.pem(authority.leaf(cert_maker.dns("e.example"), key=key)))
    pair[1].write_bytes(cert_maker.key_pem(key))
    anchor = folder / "anchor.pem"
    anchor.write_bytes(cert_maker.pem(authority.cert))
    client = escertke.End(pair, anchor, True)
    server = escertke.End(pair, anchor, False)
    client.step(server.step(client.step(server.step(client.step()))))
    assert client.is_done and server.is_done
    assert client.tls.get_protocol_version_name() == "TLSv1.2"
    return client.tls, server.tls


@pytest.mark.parametrize("name", [b"Bootstrap", b"Connection", b"ESCertKE"])
def test_exported_bytes_are_identifier_and_key(alone, tmp_path, name):
    """SEC-KDF-05: what two ends of TLS 1.2 export; the identifier goes first."""
    client, server = handshake(tmp_path)
    exported = client.export_keying_material(b"EXPORTER-oneM2M-" + name, 48)
    assert exported == server.export_keying_material(b"EXPORTER-oneM2M-" + name, 48)
    (tmp_path / "exported").write_bytes(exported)
    out = alone("key", "derive", "exported", "--key-file", tmp_path / "exported", "--key-format",
                "raw", "--domain", "MEF.example", "--key-out", tmp_path / "key", code=0).stdout
    assert out == exported[:16].hex() + "@mef.example\n"
    assert (tmp_path / "key").read_text() == exported[16:].hex() + "\n"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    shown = alone("key", "derive", "exported", "--key-file", "-", "--show", stdin=exported.hex(),
                  code=0).stdout
    assert shown == f"{exported[:16].hex()}\n{exported[16:].hex()}\n"


def test_a_derived_key_goes_on_to_the_credentials(alone, derive, tmp_path):
    key = derive("usage-key", ENROLMENT, "--suid", "23", "--peer", "s1.sp.example")
    alone("key", "add", "--data", tmp_path / "data", "--id", "k@mef.example", "--suid", "23",
          "--key-file", "-", stdin=key.hex(), code=0)


@pytest.mark.parametrize("kind, words, says", [
    ("master", [], "'master' is no key that can be derived"),
    ("master-credential", [], "needs --peer"),
    ("usage-key", ["--peer", "a.example"], "needs --suid"),
    ("usage-key", ["--peer", "a.example", "--suid", "13"], "21 to 25"),
    ("connection-key", ["--peer", "//a/b", "--suid", "22"], "takes no --suid"),
    ("connection-key", ["--peer", "\u0378"], "Unicode has not assigned"),
    ("connection-key", ["--peer", "a" * 1025], "more than 1024"),
    ("exported", [], "exported bytes are 48, here are 32"),
    ("message-authenticity", ["--salt-file", "x"], "takes no --salt-file"),
    ("end-to-end-master", ["--salt-file", "/no/such/file"], "cannot open /no/such/file"),
])
def test_what_makes_no_sense_is_refused(derive, kind, words, says):
    code = FAILED if "/no/such/file" in words else USAGE
    said = derive(kind, ENROLMENT, *words, code=code)
    assert says in said and said.startswith("merlon key: ") and said.count("\n") == 1
    assert ENROLMENT.hex()[:16] not in said


def test_a_key_needs_a_place_and_a_source(alone, tmp_path):
    words = ["key", "derive", "message-authenticity"]
    assert "needs --key-out FILE or --show" in alone(
        *words, "--key-file", "-", stdin=ENROLMENT.hex(), code=USAGE).stderr
    assert "needs --key-file" in alone(*words, "--show", code=USAGE).stderr
    assert "16 to 64 bytes, here are 2" in alone(
        *words, "--key-file", "-", "--show", stdin="0011", code=USAGE).stderr
    (tmp_path / "there").write_text("old")
    alone(*words, "--key-file", "-", "--key-out", tmp_path / "there", stdin=ENROLMENT.hex(),
          code=FAILED)
    assert (tmp_path / "there").read_text() == "old"
