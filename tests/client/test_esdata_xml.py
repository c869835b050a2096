"""`merlon esdata` with the forms of XML, held against the command `xmlsec1` and against XML security
by python3-lxml and python3-cryptography (lib/xmlsec.py). spec: TS-0003 8.5.3; security.md 26.4"""

import base64
import hashlib
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto import jwk

from lib import xmlsec
from lib.program import binary

FAILED, USAGE = 1, 2
PAYLOAD = b'{"temperature":"21.5 \xc2\xb0C <&>"}\r\n\x00'
SECRETS = {"k16": 16, "k24": 24, "k32": 32, "k48": 48, "k64": 64}
SIGNATURES = [("HS256", "k32"), ("HS384", "k48"), ("HS512", "k64"), ("ES256", "p256"),
              ("ES384", "p384"), ("ES512", "p521"), ("RS256", "rsa2048"), ("RS384", "rsa3072"),
              ("RS512", "rsa2048")]
WRAPS = [("A128KW", "k16"), ("A192KW", "k24"), ("A256KW", "k32"), ("RSA-OAEP-256", "rsa2048"),
         ("RSA-OAEP-256", "rsa3072"), ("ECDH-ES+A128KW", "p256"), ("ECDH-ES+A192KW", "p384"),
         ("ECDH-ES+A256KW", "p521")]
DIRECT = {"A128GCM": "k16", "A192GCM": "k24", "A256GCM": "k32"}


class Keys:
    """One of each kind, made once: for python by name, for commands as files."""

    def __init__(self, home):
        self.home = home
        self.made = {name: bytes((7 * i + size) % 256 for i in range(size))
                     for name, size in SECRETS.items()}
        self.made |= {"rsa2048": rsa.generate_private_key(65537, 2048),
                      "rsa3072": rsa.generate_private_key(65537, 3072),
                      "p256": ec.generate_private_key(ec.SECP256R1()),
                      "p384": ec.generate_private_key(ec.SECP384R1()),
                      "p521": ec.generate_private_key(ec.SECP521R1()),
                      "other": ec.generate_private_key(ec.SECP256R1())}
        for name, key in self.made.items():
            self.write(name, key)

    def write(self, name, key):
        if isinstance(key, bytes):
            made = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(key).decode().rstrip("="))
            (self.home / f"{name}.bin").write_bytes(key)
        else:
            made = jwk.JWK.from_pyca(key)
            public = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            (self.home / f"{name}.pub.pem").write_bytes(public)
            (self.home / f"{name}.pem").write_bytes(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
            (self.home / f"{name}.pub.jwk").write_text(made.export_public())
        file = self.home / f"{name}.jwk"
        file.write_text(made.export())
        file.chmod(0o600)

    def __getitem__(self, name):
        return self.made[name]

    def own(self, name):
        return f"{name}={self.home / name}.jwk"

    def public(self, name):
        """What others have of it: of a secret the same."""
        return f"{name}={self.home / name}{'' if name in SECRETS else '.pub'}.jwk"

    def for_xmlsec1(self, name, is_private):
        if name in SECRETS:
            return ["--hmackey:" + name, str(self.home / f"{name}.bin")]
        kind = "--privkey-pem:" if is_private else "--pubkey-pem:"
        return [kind + name, str(self.home / f"{name}{'' if is_private else '.pub'}.pem")]


@pytest.fixture(scope="module", name="keys")
def _keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


class Esdata:
    """The command on bytes."""

    def __init__(self, run, home):
        self.run, self.home = run, home
        self.file = home / "in"

    def __call__(self, verb, data, *words, code=0):
        out = self.home / "out"
        self.file.write_bytes(data)
        done = self.run("esdata", verb, self.file, "--out", out, *words, code=code)
        if code:
            assert not out.exists(), "nothing is given out that was refused"
            return done
        data = out.read_bytes()
        out.unlink()
        return data

    def refused(self, data, *words, verb="open"):
        return self(verb, data, *words, code=FAILED)


@pytest.fixture(name="esdata")
def _esdata(alone, tmp_path):
    return Esdata(alone, tmp_path)


def xmlsec1(tmp_path, data, *words):
    file = tmp_path / "xmlsec1.xml"
    file.write_bytes(data)
    done = subprocess.run(["xmlsec1", *words, "--id-attr:Id", "Object", str(file)],
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def template(signed):
    """Of a signature: its values taken out."""
    for name in (b"DigestValue", b"SignatureValue", b"KeyName"):
        signed = re.sub(rb"<ds:%b>.*?</ds:%b>" % (name, name), b"<ds:%b/>" % name, signed, flags=re.S)
    return signed


# ---- signatures ----


@pytest.mark.parametrize("algorithm, name", SIGNATURES)
def test_signatures(esdata, keys, tmp_path, algorithm, name):
    """SEC-ESD-05, SEC-ESD-08: each algorithm, made here and verified by two others, and the other
    way round; R and S of ECDSA stand side by side."""
    ours = esdata("sign", PAYLOAD, "--form", "xml", "--sig", algorithm, "--sign-key", keys.own(name))
    assert xmlsec.payload_of(xmlsec.verify(ours, algorithm, keys[name])) == PAYLOAD
    xmlsec1(tmp_path, ours, "--verify", *keys.for_xmlsec1(name, False))
    theirs = xmlsec.sign(PAYLOAD, algorithm, keys[name], name)
    assert esdata("verify", theirs, "--from", keys.public(name)) == PAYLOAD
    theirs = xmlsec1(tmp_path, template(theirs), "--sign", *keys.for_xmlsec1(name, True))
    assert esdata("verify", theirs, "--from", keys.public(name)) == PAYLOAD


def test_signature_of_another_key(esdata, keys):
    signed = xmlsec.sign(PAYLOAD, "ES256", keys["other"], "p256")
    esdata.refused(signed, "--from", keys.public("p256"), verb="verify")
    unnamed = xmlsec.sign(PAYLOAD, "ES256", keys["other"])
    esdata.refused(unnamed, "--from", keys.public("p256"), verb="verify")


def test_signature_by_the_public_key_as_secret(esdata, keys):
    """SEC-ESD-07: what everybody knows is no key of an HMAC."""
    public = (keys.home / "p256.pub.pem").read_bytes()
    signed = xmlsec.sign(PAYLOAD, "HS256", public, "p256")
    esdata.refused(signed, "--from", keys.public("p256"), verb="verify")


def test_several_signatures(esdata, keys):
    """One around the other; each signs its Object and nothing else."""
    signed = esdata("sign", PAYLOAD, "--form", "xml", "--sign-key", keys.own("p256"), "--sign-key",
                    keys.own("rsa2048"))
    outer = xmlsec.verify(signed, "RS256", keys["rsa2048"])
    inner = xmlsec.verify(xmlsec.canonical(outer[0]), "ES256", keys["p256"])
    assert xmlsec.payload_of(inner) == PAYLOAD
    for name in ("p256", "rsa2048"):
        assert esdata("verify", signed, "--from", keys.public(name)) == PAYLOAD
    esdata.refused(signed, "--from", keys.public("other"), verb="verify")
    # of two that are known both must fit
    esdata.refused(signed, "--from", keys.public("p256"), "--from",
                   f"rsa2048={keys.home / 'rsa3072.pub.jwk'}", verb="verify")


def test_a_payload_that_is_xml(esdata, keys):
    """Others may put it into the Object as it is: its canonical form comes out."""
    content = '<c:cin xmlns:c="urn:c"  b="2" a="1"><con>21.5</con></c:cin>'
    signed = xmlsec.sign(None, "HS256", keys["k32"], "k32", content=content)
    assert esdata("verify", signed, "--from", keys.public("k32")) == (
        b'<c:cin xmlns:c="urn:c" a="1" b="2"><con>21.5</con></c:cin>')


# ---- encryption ----


@pytest.mark.parametrize("enc", xmlsec.ENCS)
def test_encryption(esdata, keys, enc):
    """SEC-ESD-02, SEC-ESD-04, SEC-ESD-08: each way to the content key, several recipients at once;
    made here and opened there, and the other way round; forms 4 and 5."""
    to = [word for _, name in WRAPS for word in ("--to", keys.public(name))]
    ours = esdata("protect", PAYLOAD, "--form", "xml", "--enc", enc, *to)
    for i, (_, name) in enumerate(WRAPS):
        assert xmlsec.decrypt(ours, keys[name], i) == PAYLOAD
    theirs = xmlsec.encrypt(PAYLOAD, enc, [(wrap, keys[name], name) for wrap, name in WRAPS])
    for _, name in WRAPS:
        assert esdata("open", theirs, "--key", keys.own(name)) == PAYLOAD
    around = base64.b64encode(theirs)
    assert esdata("open", around, "--form", "xml-base64", "--key", keys.own("k16")) == PAYLOAD
    esdata.refused(theirs, "--key", keys.own("other"))


@pytest.mark.parametrize("enc", xmlsec.ENCS)
def test_direct(esdata, keys, tmp_path, enc):
    """SEC-ESD-08, SEC-ESD-09: the key itself, for one only, and of the right length."""
    name = DIRECT[enc]
    ours = esdata("protect", PAYLOAD, "--form", "xml-base64", "--alg", "dir", "--to",
                  keys.public(name))
    ours = base64.b64decode(ours)
    assert xmlsec.decrypt(ours, keys[name]) == PAYLOAD
    key = ["--aeskey:" + name, str(keys.home / f"{name}.bin")]
    assert xmlsec1(tmp_path, ours, "--decrypt", *key) == PAYLOAD
    theirs = xmlsec.encrypt(PAYLOAD, enc, [("dir", keys[name], name)])
    assert esdata("open", theirs, "--key", keys.own(name)) == PAYLOAD
    other = "k32" if name != "k32" else "k16"
    esdata.refused(theirs, "--key", f"{name}={keys.home / other}.jwk")
    done = esdata("protect", PAYLOAD, "--form", "xml", "--alg", "dir", "--to", keys.public(name),
                  "--to", keys.public(other), code=USAGE)
    assert "one recipient" in done.stderr


@pytest.mark.parametrize("wrap, name", WRAPS[:3])
def test_key_wrap_by_xmlsec1(esdata, keys, tmp_path, wrap, name):
    """SEC-ESD-08: made by xmlsec1 and opened here, and the other way round."""
    key = ["--aeskey:" + name, str(keys.home / f"{name}.bin")]
    ours = esdata("protect", PAYLOAD, "--form", "xml", "--to", keys.public(name))
    assert xmlsec1(tmp_path, ours, "--decrypt", *key) == PAYLOAD
    draft = xmlsec.encrypt(b"", "A256GCM", [(wrap, keys[name], name)])
    draft = re.sub(rb"<xenc:CipherValue>.*?</xenc:CipherValue>", b"<xenc:CipherValue/>", draft,
                   flags=re.S)
    payload = tmp_path / "payload"
    payload.write_bytes(PAYLOAD)
    theirs = xmlsec1(tmp_path, draft, "--encrypt", *key, "--session-key", "aes-256",
                     "--binary-data", str(payload))
    assert esdata("open", theirs, "--key", keys.own(name)) == PAYLOAD


def test_parties(esdata, keys):
    """What the sender says of both goes into the key."""
    ours = esdata("protect", PAYLOAD, "--form", "xml", "--apu", "Sensor", "--apv", "App", "--to",
                  keys.public("p256"))
    assert b'PartyUInfo="00' + b"Sensor".hex().encode() in ours
    assert xmlsec.decrypt(ours, keys["p256"], 0) == PAYLOAD
    assert esdata("open", ours, "--key", keys.own("p256")) == PAYLOAD
    esdata.refused(ours.replace(b"Sensor".hex().encode(), b"Sens0r".hex().encode()), "--key",
                   keys.own("p256"))


def test_agreement_is_fresh_each_time(esdata, keys):
    """SEC-ESD-12"""
    seen = set()
    for _ in range(3):
        made = esdata("protect", PAYLOAD, "--form", "xml", "--to", keys.public("p256"))
        seen.add(re.search(rb"PublicKey>(.*?)<", made).group(1))
    assert len(seen) == 3


@pytest.mark.parametrize("point", [
    b"\x04" + bytes(64), b"\x04" + bytes(63) + b"\x01", b"\x00", b"\x02" + bytes(32),
    # of the curve with another b, of small order in the attack that this is about
    b"\x04" + bytes(31) + b"\x05" + bytes(31) + b"\x01"], ids=range(5))
def test_points_beside_the_curve(esdata, keys, point):
    """SEC-ESD-12: nothing is computed with them."""
    sealed = xmlsec.encrypt(PAYLOAD, "A128GCM", [("ECDH-ES+A128KW", keys["p256"], "p256")],
                            point=point)
    esdata.refused(sealed, "--key", keys.own("p256"))


# ---- both ----


def test_nested(esdata, keys):
    """SEC-ESD-06: signed, then encrypted; unsigned is refused where a signature is demanded."""
    ours = esdata("protect", PAYLOAD, "--form", "xml", "--sign-key", keys.own("p521"), "--to",
                  keys.public("rsa3072"))
    inner = xmlsec.decrypt(ours, keys["rsa3072"], 0)
    assert xmlsec.payload_of(xmlsec.verify(inner, "ES512", keys["p521"])) == PAYLOAD
    theirs = xmlsec.encrypt(xmlsec.sign(PAYLOAD, "RS512", keys["rsa2048"], "rsa2048"), "A192GCM",
                            [("ECDH-ES+A192KW", keys["p384"], "p384")])
    opened = ["--key", keys.own("p384"), "--signed"]
    assert esdata("open", theirs, *opened, "--from", keys.public("rsa2048")) == PAYLOAD
    esdata.refused(theirs, *opened)
    esdata.refused(theirs, *opened, "--from", f"rsa2048={keys.home / 'rsa3072.pub.jwk'}")
    plain = xmlsec.encrypt(PAYLOAD, "A192GCM", [("ECDH-ES+A192KW", keys["p384"], "p384")])
    assert esdata("open", plain, "--key", keys.own("p384")) == PAYLOAD
    esdata.refused(plain, *opened, "--from", keys.public("rsa2048"))
    mac = xmlsec.encrypt(xmlsec.sign(PAYLOAD, "HS256", keys["k32"], "k32"), "A192GCM",
                         [("ECDH-ES+A192KW", keys["p384"], "p384")])
    esdata.refused(mac, *opened, "--from", keys.public("k32"))


# ---- certificates ----

SENSOR, APP = "//merlon.example/Ssensor", "//merlon.example/Sapp"


@pytest.fixture(scope="module", name="authority")
def _authority(tmp_path_factory):
    """Two authorities, and a certificate of each in the sensor's name."""
    folder = tmp_path_factory.mktemp("ca")

    def cert(*words):
        subprocess.run([binary(), "cert", *map(str, words)], capture_output=True, timeout=60, check=True)

    for name in ("ca", "stranger"):
        cert("ca", "--ca", folder / name, "--sp-id", "//merlon.example")
    cert("issue", "--ca", folder / "ca", "--ae-id", SENSOR, "--out", folder / "sensor")
    cert("issue", "--ca", folder / "stranger", "--ae-id", SENSOR, "--out", folder / "forged")
    cert("issue", "--ca", folder / "ca", "--ae-id", APP, "--out", folder / "app", "--key-agreement")
    return folder


def private_key(path):
    return serialization.load_pem_private_key(path.read_bytes(), None)


def der_of(path):
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)


def test_signatures_with_certificates(esdata, authority, tmp_path):
    """SEC-ESD-11: a certificate that comes along counts with the right anchor and the right name."""
    folder = authority
    trust = ["--anchor", folder / "ca" / "ca.pem", "--signer", SENSOR]
    ours = esdata("sign", PAYLOAD, "--form", "xml", "--sign-key", folder / "sensor.key", "--chain",
                  folder / "sensor.pem")
    xmlsec1(tmp_path, ours, "--verify", "--trusted-pem", str(folder / "ca" / "ca.pem"))
    assert esdata("verify", ours, *trust) == PAYLOAD
    chain = [der_of(folder / "sensor.pem")]
    theirs = xmlsec.sign(PAYLOAD, "ES256", private_key(folder / "sensor.key"), chain=chain)
    assert esdata("verify", theirs, *trust) == PAYLOAD
    esdata.refused(theirs, "--anchor", folder / "stranger" / "ca.pem", verb="verify")
    esdata.refused(theirs, "--anchor", folder / "ca" / "ca.pem", "--signer", APP, verb="verify")
    forged = private_key(folder / "forged.key")
    for chain in ([der_of(folder / "forged.pem")], [der_of(folder / "sensor.pem")]):
        esdata.refused(xmlsec.sign(PAYLOAD, "ES256", forged, chain=chain), *trust, verb="verify")


def test_encryption_for_a_certificate(esdata, authority):
    """SEC-ESD-11: which certificate was used stands in the envelope, as its digest."""
    folder = authority
    anchor = ["--anchor", folder / "ca" / "ca.pem"]
    ours = esdata("protect", PAYLOAD, "--form", "xml", "--to", f"{APP}={folder / 'app.pem'}", *anchor)
    digest = base64.b64encode(hashlib.sha256(der_of(folder / "app.pem")).digest())
    assert b"X509Digest" in ours and digest in ours
    assert xmlsec.decrypt(ours, private_key(folder / "app.key"), 0) == PAYLOAD
    assert esdata("open", ours, "--key", folder / "app.key") == PAYLOAD
    done = esdata.refused(PAYLOAD, "--form", "xml", "--to", f"{SENSOR}={folder / 'app.pem'}", *anchor,
                          verb="protect")
    assert "entity" in done.stderr


# ---- attacks ----


def signed_with(keys, *changes):
    text = xmlsec.sign(PAYLOAD, "HS256", keys["k32"], "k32")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


EVIL = b"<ds:Object%b>ZXZpbA==</ds:Object>"
TRANSFORM = b'<ds:Transform Algorithm="%b"/>' % xmlsec.EXC_C14N.encode()


@pytest.mark.parametrize("old, new", [
    (b"<ds:Signature ", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ds:Signature '),
    (b"<ds:Signature ", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><ds:Signature '),
    (b"<ds:Object", EVIL % b"" + b"<ds:Object"),
    (b"<ds:Object", EVIL % b' Id="payload"' + b"<ds:Object"),
    (b"</ds:Signature>", EVIL % b' Id="payload"' + b"</ds:Signature>"),
    (b"</ds:Object>", b'<x xml:id="payload"/></ds:Object>'),
    (b'URI="#payload"', b'URI=""'),
    (b'URI="#payload"', b'URI="file:///etc/passwd"'),
    (b'URI="#payload"', b'URI="#xpointer(/)"'),
    (TRANSFORM, b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>'
                b"0</ds:XPath></ds:Transform>" + TRANSFORM),
    (TRANSFORM, b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
    (TRANSFORM, b""),
    (xmlsec.EXC_C14N.encode(), xmlsec.EXC_C14N.encode() + b"WithComments"),
    (b"<ds:KeyInfo>", b"<ds:KeyInfo><!-- x -->"),
    (b"hmac-sha256", b"hmac-sha384"),
    (b"<ds:KeyName>k32", b"<ds:KeyName>k48"),
    (b"<ds:KeyInfo>", b'<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/"/>'),
    (base64.b64encode(PAYLOAD), b"ZXZpbA=="),
], ids=range(18))
def test_signatures_that_mean_two_things(esdata, keys, old, new):
    """SEC-ESD-07, SEC-ESD-08; the whole list is that of src/crypto/xmlsec_attack_test.c."""
    assert esdata("verify", signed_with(keys), "--from", keys.public("k32")) == PAYLOAD
    esdata.refused(signed_with(keys, (old, new)), "--from", keys.public("k32"), verb="verify")


def test_wrapped_in_another_document(esdata, keys):
    """SEC-ESD-08: a sound signature somewhere in it is not what the document says."""
    signed = signed_with(keys).decode()
    for text in (f"<x><evil/>{signed}</x>",
                 f'<ds:Object xmlns:ds="{xmlsec.DS}">{signed}</ds:Object>',
                 signed.replace("<ds:KeyInfo>", f"<ds:KeyInfo>{signed}")):
        esdata.refused(text.encode(), "--from", keys.public("k32"), verb="verify")


def test_each_part_counts(esdata, keys):
    """SEC-ESD-07: tags, keys and cipher texts cut short or exchanged."""
    one = xmlsec.encrypt(PAYLOAD, "A256GCM", [("A256KW", keys["k32"], "k32")]).decode()
    two = xmlsec.encrypt(PAYLOAD, "A256GCM", [("A256KW", keys["k32"], "k32")]).decode()
    values = re.compile(r"<xenc:CipherValue>(.*?)</xenc:CipherValue>", re.S)
    wrapped, sealed = values.findall(one)
    others, _ = values.findall(two)
    cut = base64.b64encode(base64.b64decode(sealed)[:-1]).decode()
    for text in (one.replace(wrapped, others), one.replace(sealed, cut), one.replace(sealed, ""),
                 one.replace(sealed, sealed[:20]), one.replace(wrapped, ""),
                 one.replace("kw-aes256", "kw-aes128"), one.replace("aes256-gcm", "aes128-gcm"),
                 one.replace("aes256-gcm", "aes256-cbc"),
                 one.replace("<ds:KeyName>k32", "<ds:KeyName>k16")):
        assert text != one
        esdata.refused(text.encode(), "--key", keys.own("k32"), "--key", keys.own("k16"))
