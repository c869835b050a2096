"""`merlon esdata`, held against two implementations of JOSE that are not ours: the command `jose`
(libjose) and python3-jwcrypto. spec: TS-0003 8.5, RFC 7515, RFC 7516"""

import base64
import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from jwcrypto import jwe, jwk, jws
from lib.guide import Shell, blocks, commands
from lib.jose import ENCRYPTIONS, SIGNATURES, WRAPS, jose, new_key, public, wrap_key
from lib.program import binary
from lib.server import eventually

PAYLOAD = '{"temperature":21.5,"unit":"°C"}'
FORMS = ["compact", "json", "json-base64"]
REFUSED = 1
USAGE = 2
SECONDS = 20
AE = "//merlon.example/Ssensor"
APP = "//merlon.example/Sapp"


class Data:
    """The command with files of its own."""

    def __init__(self, merlon, folder):
        self.merlon = merlon
        self.folder = folder

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def key(self, name, key):
        return self.file(name, key.export(private_key=key.has_private or key.is_symmetric))

    def run(self, verb, *words, stdin=PAYLOAD, code=0):
        done = self.merlon("esdata", verb, *words, stdin=stdin, code=code)
        if code:
            assert done.stdout == "" and done.stderr.count("\n") == 1, done
            return done.stderr
        return done.stdout


@pytest.fixture
def data(alone, tmp_path):
    return Data(alone, tmp_path)


def plain(envelope, form):
    """As the RFCs have it."""
    return base64.b64decode(envelope, validate=True).decode() if form == "json-base64" else envelope


def decrypt(envelope, key):
    token = jwe.JWE()
    token.allowed_algs = [*WRAPS, *ENCRYPTIONS]
    token.deserialize(envelope, key)
    return token.payload.decode()


def encrypt(payload, *recipients, enc, compact=False, protected=None):
    """recipients: pairs of algorithm and key"""
    head = {"enc": enc} | (protected or {})
    if compact:
        head["alg"] = recipients[0][0]
    token = jwe.JWE(payload.encode(), json.dumps(head), algs=[*WRAPS, *ENCRYPTIONS])
    for alg, key in recipients:
        own = None if compact else json.dumps({"alg": alg, "kid": key["kid"]})
        token.add_recipient(key, own)
    return token.serialize(compact=compact)


def verify(envelope, key, algs=None):
    token = jws.JWS()
    token.allowed_algs = algs or list(SIGNATURES)
    token.deserialize(envelope, key)
    return token.payload.decode()


def sign(payload, *signers, compact=False):
    token = jws.JWS(payload.encode())
    for alg, key in signers:
        token.add_signature(key, alg=alg, protected=json.dumps({"alg": alg, "kid": key["kid"]}))
    return token.serialize(compact=compact)


# ---- python3-jwcrypto, both directions ----


@pytest.mark.parametrize("wrap", WRAPS)
def test_encrypted_in_both_directions(data, wrap):
    """SEC-ESD-01, SEC-ESD-02: with each content encryption, in each form"""
    for enc, form in zip(ENCRYPTIONS, FORMS):
        key = wrap_key(wrap, enc)
        own, theirs = data.key("own", key), data.key("theirs", public(key))
        made = data.run("protect", "--to", theirs, "--alg", wrap, "--enc", enc, "--form", form)
        assert PAYLOAD not in made
        assert decrypt(plain(made, form), key) == PAYLOAD
        envelope = encrypt(PAYLOAD, (wrap, public(key)), enc=enc, compact=form == "compact")
        if form == "json-base64":
            envelope = base64.b64encode(envelope.encode()).decode()
        form = ["--form", form] if wrap.startswith("A") else []
        assert data.run("open", "--key", own, *form, stdin=envelope + "\n") == PAYLOAD


@pytest.mark.parametrize("sig", SIGNATURES)
def test_signed_in_both_directions(data, sig):
    """SEC-ESD-05: with P-521, and RSA of 2048 and 3072 bits; R and S side by side"""
    key = new_key(SIGNATURES[sig], "s")
    own, theirs = data.key("own", key), data.key("theirs", public(key))
    form = FORMS[list(SIGNATURES).index(sig) % len(FORMS)]
    made = data.run("sign", "--sign-key", own, "--sig", sig, "--form", form)
    assert verify(plain(made, form), public(key), [sig]) == PAYLOAD
    envelope = sign(PAYLOAD, (sig, key), compact=form == "compact")
    assert data.run("verify", "--from", theirs, stdin=envelope) == PAYLOAD


def test_nested_in_both_directions(data):
    """SEC-ESD-06"""
    signer, target = new_key(SIGNATURES["ES384"], "s"), wrap_key("ECDH-ES+A128KW", "A128GCM")
    words = ["--sign-key", data.key("signer", signer), "--to", data.key("target_pub", public(target))]
    opens = ["--key", data.key("target", target), "--from", data.key("signer_pub", public(signer))]
    for form in ("compact", "json"):
        made = data.run("protect", *words, "--form", form)
        head = made.split(".")[0] if form == "compact" else json.loads(made)["protected"]
        assert json.loads(base64.urlsafe_b64decode(head + "=="))["cty"] == "JOSE"
        assert verify(decrypt(made, target), public(signer)) == PAYLOAD
        assert data.run("open", "--signed", *opens, stdin=made) == PAYLOAD
    inner = sign(PAYLOAD, ("ES384", signer), compact=True)
    for cty, outer in (("JOSE", inner), ("JOSE+JSON", sign(PAYLOAD, ("ES384", signer)))):
        envelope = encrypt(outer, ("ECDH-ES+A128KW", public(target)), enc="A192GCM", protected={"cty": cty})
        assert data.run("open", "--signed", *opens, stdin=envelope) == PAYLOAD
        assert "known key" in data.run("open", *opens[:2], stdin=envelope, code=REFUSED)
    # unsigned, when a signature is demanded; without cty what is inside is not looked at
    for protected in ({}, {"cty": "JOSE"}):
        envelope = encrypt(PAYLOAD, ("ECDH-ES+A128KW", public(target)), enc="A192GCM", protected=protected)
        assert "signed" in data.run("open", "--signed", *opens, stdin=envelope, code=REFUSED)
    assert data.run("open", *opens, stdin=encrypt(inner, ("ECDH-ES+A128KW", public(target)), enc="A128GCM")) == inner


def test_three_targets(data):
    """SEC-ESD-04: each of three decrypts what either side made, others fail."""
    kinds = ["A128KW", "RSA-OAEP-256", "ECDH-ES+A256KW"]
    keys = [wrap_key(kind, "A256GCM", kind) for kind in kinds]
    other = wrap_key("A128KW", "A256GCM", "A128KW")
    words = [word for key in keys for word in ("--to", data.key(key["kid"], public(key)))]
    made = data.run("protect", *words)
    theirs = encrypt(PAYLOAD, *((kind, public(key)) for kind, key in zip(kinds, keys)), enc="A256GCM")
    assert len(json.loads(made)["recipients"]) == 3
    for key in keys:
        assert decrypt(made, key) == PAYLOAD
        done = data.merlon("esdata", "open", "--key", data.key("own", key), stdin=theirs, code=0)
        assert done.stdout == PAYLOAD
        assert f"readable by {key['kid']} (this key)" in done.stderr and done.stderr.count("this key") == 1
    for envelope in (made, theirs):
        assert "no key of ours" in data.run("open", "--key", data.key("own", other), stdin=envelope, code=REFUSED)


def test_several_signers(data):
    """Who signed is told; one of a known key is enough, one of a known key that is wrong refuses."""
    one, two = new_key(SIGNATURES["ES256"], "one"), new_key(SIGNATURES["RS256"], "two")
    impostor = new_key(SIGNATURES["ES256"], "one")
    envelope = sign(PAYLOAD, ("ES256", one), ("RS256", two))
    knows = ["--from", data.key("one", public(one)), "--from", data.key("two", public(two))]
    for words, names in ((knows[:2], ["one"]), (knows[2:], ["two"]), (knows, ["one", "two"])):
        done = data.merlon("esdata", "verify", *words, stdin=envelope, code=0)
        assert done.stdout == PAYLOAD
        assert [line.split()[2] for line in done.stderr.splitlines()] == names
    wrong = sign(PAYLOAD, ("ES256", impostor), ("RS256", two))
    assert "does not fit" in data.run("verify", *knows, stdin=wrong, code=REFUSED)
    assert data.run("verify", *knows[2:], stdin=wrong) == PAYLOAD
    made = data.run("sign", "--sign-key", data.key("o", one), "--sign-key", data.key("t", two))
    token = jws.JWS()
    token.deserialize(made)
    for key in (one, two):
        token.verify(public(key))


# ---- the command jose, both directions ----


@pytest.mark.parametrize("wrap", [w for w in WRAPS if w != "RSA-OAEP-256"])
def test_encrypted_with_the_command_jose(data, wrap):
    """SEC-ESD-01. Debian's libjose 11 has no RSA-OAEP when built with OpenSSL 3."""
    enc = list(ENCRYPTIONS)[list(WRAPS).index(wrap) % len(ENCRYPTIONS)]
    key = wrap_key(wrap, enc)
    path = data.key("key", key)
    made = data.run("protect", "--to", path, "--alg", wrap, "--enc", enc, "--form", "json")
    assert jose("jwe", "dec", "-i-", "-k", path, "-O-", stdin=made.encode()).decode() == PAYLOAD
    theirs = jose("jwe", "enc", "-I-", "-k", path, "-i", json.dumps({"protected": {"alg": wrap, "enc": enc}}),
                  stdin=PAYLOAD.encode()).decode()
    assert "recipients" not in theirs  # flattened: SEC-ESD-02
    assert data.run("open", "--key", path, stdin=theirs) == PAYLOAD


@pytest.mark.parametrize("sig", SIGNATURES)
def test_signed_with_the_command_jose(data, sig):
    """SEC-ESD-05"""
    key = new_key(SIGNATURES[sig], "s")
    path = data.key("key", key)
    made = data.run("sign", "--sign-key", path, "--sig", sig, "--form", "json")
    assert jose("jws", "ver", "-i-", "-k", path, "-O-", stdin=made.encode()).decode() == PAYLOAD
    theirs = jose("jws", "sig", "-I-", "-k", path, "-s", json.dumps({"protected": {"alg": sig}}),
                  stdin=PAYLOAD.encode()).decode()
    assert data.run("verify", "--from", path, stdin=theirs) == PAYLOAD


# ---- attacks ----


def test_what_is_not_permitted(data):
    """SEC-ESD-01, SEC-ESD-07: other algorithms, compression, headers that are forbidden"""
    key = jwk.JWK.generate(kty="oct", size=256, kid="w")
    rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="w")
    ec = jwk.JWK.generate(kty="EC", crv="P-256", kid="w")
    for alg, enc, used in (("A256GCMKW", "A256GCM", key), ("A256KW", "A128CBC-HS256", key),
                           ("dir", "A128CBC-HS256", key), ("RSA-OAEP", "A256GCM", rsa), ("RSA1_5", "A256GCM", rsa),
                           ("ECDH-ES", "A256GCM", ec), ("PBES2-HS256+A128KW", "A256GCM", key)):
        token = jwe.JWE(PAYLOAD.encode(), json.dumps({"alg": alg, "enc": enc}), algs=[alg, enc])
        token.add_recipient(used)
        for compact in (True, False):
            data.run("open", "--key", data.key("k", used), stdin=token.serialize(compact=compact), code=REFUSED)
    token = jwe.JWE(PAYLOAD.encode(), json.dumps({"alg": "A256KW", "enc": "A256GCM", "zip": "DEF"}))
    token.add_recipient(key)
    assert "zip" in data.run("open", "--key", data.key("k", key), stdin=token.serialize(compact=True), code=REFUSED)
    token = jws.JWS(PAYLOAD.encode())
    token.allowed_algs = ["PS256"]
    token.add_signature(rsa, alg="PS256", protected=json.dumps({"alg": "PS256"}))
    data.run("verify", "--from", data.key("k", public(rsa)), stdin=token.serialize(compact=True), code=REFUSED)
    for word in ("--alg", "--enc", "--sig"):
        data.run("protect", "--to", data.key("k", key), word, "A256GCMKW", code=USAGE)


def test_keys_for_something_else(data):
    """SEC-ESD-10: a key that signs does not encrypt, and the other way round; SEC-ESD-09: dir with several keys, keys
    of the wrong length"""
    signs = data.key("signs", new_key({"kty": "oct", "size": 256, "use": "sig"}, "k"))
    encrypts = data.key("encrypts", new_key({"kty": "oct", "size": 256, "use": "enc"}, "k"))
    short = data.key("short", new_key({"kty": "oct", "size": 128}, "k"))
    data.run("protect", "--to", signs, code=USAGE)
    data.run("sign", "--sign-key", encrypts, code=USAGE)
    data.run("protect", "--to", encrypts, "--to", short, "--alg", "dir", code=USAGE)
    data.run("protect", "--to", short, "--alg", "A256KW", code=USAGE)
    data.run("protect", "--to", short, "--alg", "dir", "--enc", "A256GCM", code=USAGE)
    data.run("sign", "--sign-key", short, code=USAGE)
    data.run("protect", "--to", encrypts, "--to", short, "--form", "compact", code=USAGE)
    made = data.run("protect", "--to", encrypts)
    assert data.run("open", "--key", encrypts, stdin=made) == PAYLOAD
    data.run("open", "--key", signs, stdin=made, code=REFUSED)
    # as does what the file is given for: --from never decrypts, --key never verifies
    data.run("open", "--from", encrypts, stdin=made, code=REFUSED)
    signed = data.run("sign", "--sign-key", signs)
    data.run("verify", "--key", signs, stdin=signed, code=REFUSED)
    assert data.run("verify", "--from", signs, stdin=signed) == PAYLOAD
    data.run("open", "--from", signs, stdin=signed, code=REFUSED)  # it is not encrypted


# ---- certificates ----


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority and what it issues: name -> path without ending."""
    folder = tmp_path_factory.mktemp("ca")

    def run(*words):
        done = subprocess.run([binary(), "cert", *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done

    made = {}
    for name in ("ca", "stranger"):
        run("ca", "--ca", folder / name, "--sp-id", "//merlon.example")
        made[name] = folder / name / "ca.pem"
    for name, ca, entity, more in (("sensor", "ca", AE, []), ("app", "ca", APP, ["--key-agreement"]),
                                   ("forged", "stranger", AE, ["--key-agreement"])):
        run("issue", "--ca", folder / ca, "--ae-id", entity, "--out", folder / name, *more)
        made[name] = folder / name
    return made


def test_certificates(data, authority):
    """SEC-ESD-11: a certificate counts with the right anchor and the right name, whoever sent it"""
    app, sensor, anchor = (authority[name] for name in ("app", "sensor", "ca"))
    trust = ["--anchor", anchor]
    made = data.run("protect", "--to", f"{APP}={app}.pem", *trust,
                    "--sign-key", f"{sensor}.key", "--chain", f"{sensor}.pem")
    head = json.loads(base64.urlsafe_b64decode(made.split(".")[0] + "=="))
    assert head["kid"] == f"44-{APP}" and "x5t#S256" in head
    own = ["--key", f"{app}.key"]
    done = data.merlon("esdata", "open", "--signed", *own, *trust, "--signer", AE, stdin=made, code=0)
    assert done.stdout == PAYLOAD and f"signed by {AE} with ES256" in done.stderr
    inner = decrypt(made, jwk.JWK.from_pem(Path(f"{app}.key").read_bytes()))
    token = jws.JWS()
    token.deserialize(inner)
    assert token.jose_header["kid"] == f"54-{AE}" and len(token.jose_header["x5c"]) == 1
    token.verify(jwk.JWK.from_pem(Path(f"{sensor}.pem").read_bytes()))
    # the wrong anchor, the wrong signer, no anchor
    for words in (["--signed", "--anchor", authority["stranger"]], [*trust, "--signer", "//merlon.example/Sother"]):
        assert "known key" in data.run("open", *own, *words, stdin=made, code=REFUSED)
    data.run("open", "--signed", *own, stdin=made, code=REFUSED)
    # a recipient's certificate of another authority, in another name, or only for signatures
    for name, path, why in ((AE, authority["forged"], "anchor"), (AE, app, "expected entity"),
                            (AE, sensor, "keyUsage")):
        assert why in data.run("protect", "--to", f"{name}={path}.pem", *trust, code=REFUSED)
    assert "--anchor" in data.run("protect", "--to", f"{app}.pem", code=USAGE)
    # forged in the name of the sensor, with its own certificate along
    forged = data.run("sign", "--sign-key", f"{authority['forged']}.key", "--chain", f"{authority['forged']}.pem")
    data.run("verify", *trust, "--signer", AE, stdin=forged, code=REFUSED)
    assert data.run("verify", "--anchor", authority["stranger"], "--signer", AE, stdin=forged) == PAYLOAD
    # nor does a key beside it make a certificate of somebody else true
    own = Path(f"{authority['forged']}.key").read_text()
    known = jwk.JWK.from_pem(own.encode()).export_to_pem().decode()
    for text in (own, known):
        both = data.file("both", text + Path(f"{authority['forged']}.pem").read_text())
        data.run("verify", "--from", both, "--signer", AE, stdin=forged, code=USAGE)
        assert "anchor" in data.run("verify", "--from", both, *trust, "--signer", AE, stdin=forged, code=REFUSED)
    # known beforehand, as e2eSecInfo would tell it
    signed = data.run("sign", "--sign-key", f"{sensor}.key")
    assert data.run("verify", "--from", f"{AE}={sensor}.pem", *trust, stdin=signed) == PAYLOAD
    data.run("verify", *trust, stdin=signed, code=REFUSED)


def test_in_a_resource(data, ae, admin):
    """What a CSE has stored is opened as it was made, in each form: SEC-ESD-02."""
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    assert admin.create(ae, "cnt", rn="readings").rsc == 2001
    for number, form in enumerate(FORMS, 1):
        made = data.run("protect", "--to", key, "--form", form)
        assert admin.create(f"{ae}/readings", "cin", con=made, cnf=f"application/json:0:{number}").rsc == 2001
        found = admin.retrieve(f"{ae}/readings/la").res
        assert data.run("open", "--key", key, "--form", form, stdin=found["con"]) == PAYLOAD


def test_certificates_from_a_cse(data, authority, ae, admin):
    """SEC-ESD-11: e2eSecInfo is a directory and no proof. What it holds encrypts only for who is expected."""

    def published(*paths):
        ders = [Path(f"{path}.pem").read_text().split("-----")[2].replace("\n", "") for path in paths]
        assert admin.update(ae, "ae", esi={"esf": [44, 45], "escert": ders}).rsc == 2004
        found = admin.retrieve(ae).res["esi"]["escert"]
        return [data.file(f"published{i}", f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n")
                for i, der in enumerate(found)]

    good, forged, other = published(authority["app"], authority["forged"], authority["sensor"])
    trust = ["--anchor", authority["ca"]]
    made = data.run("protect", "--to", f"{APP}={good}", *trust)
    assert data.run("open", "--key", f"{authority['app']}.key", stdin=made) == PAYLOAD
    for name, path, why in ((APP, other, "expected entity"), (AE, good, "expected entity"), (AE, forged, "anchor")):
        assert why in data.run("protect", "--to", f"{name}={path}", *trust, code=REFUSED)


# ---- files and pipes ----


def test_keys_in_digits(data):
    """As `merlon key add` writes them; the name comes with the option."""
    path = data.file("k1.key", "00112233445566778899aabbccddeeff" * 2 + "\n")
    key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(bytes.fromhex("00112233445566778899aabbccddeeff" * 2)).decode())
    made = data.run("protect", "--to", f"k1@sp.example={path}", "--alg", "dir")
    head = json.loads(base64.urlsafe_b64decode(made.split(".")[0] + "=="))
    assert head == {"alg": "dir", "enc": "A256GCM", "kid": "k1@sp.example"}
    assert decrypt(made, key) == PAYLOAD
    assert data.run("open", "--key", f"k1@SP.example={path}", stdin=made) == PAYLOAD
    data.run("open", "--key", f"k2@sp.example={path}", stdin=made, code=REFUSED)
    mic = data.run("sign", "--sign-key", f"k1@sp.example={path}")
    assert verify(mic, key) == PAYLOAD
    assert data.run("verify", "--from", f"k1@sp.example={path}", stdin=mic) == PAYLOAD
    said = data.run("protect", "--to", data.file("bad.key", "00112233zz\n"), code=USAGE)
    assert "00112233" not in said


@pytest.mark.parametrize("words, code, says", [
    (["protect", "--to", "KEY", "--signed"], USAGE, "protect takes no --signed"),
    (["protect", "--to", "KEY", "--signer", AE], USAGE, "protect takes no --signer"),
    (["protect", "--to", "KEY", "--key", "KEY"], USAGE, "protect takes no --key"),
    (["sign", "--sign-key", "KEY", "--to", "KEY"], USAGE, "sign takes no --to"),
    (["sign", "--sign-key", "KEY", "--enc", "A256GCM"], USAGE, "sign takes no --enc"),
    (["open", "--key", "KEY", "--to", "KEY"], USAGE, "open takes no --to"),
    (["verify", "--from", "KEY", "--sign-key", "KEY"], USAGE, "verify takes no --sign-key"),
    (["sign"], USAGE, "sign needs --sign-key"),
    (["protect", "--to", "KEY", "--form", "yaml"], USAGE, "none of compact, json, json-base64, xml, xml-base64"),
    (["open", "--key", "KEY", "--most", "much"], USAGE, "'much' is no number of bytes"),
    (["protect", "--to", "KEY", "/no/such/file"], REFUSED, "esdata: cannot open /no/such/file: "),
    (["protect", "--to", "KEY", "--out", "/no/such/file"], REFUSED, "esdata: cannot write /no/such/file.part: "),
])
def test_mistakes(data, words, code, says):
    """What a verb does not heed is refused: who asks for a signer relies on it."""
    key = data.file("k1.key", "00112233445566778899aabbccddeeff" * 2 + "\n")
    said = data.run(*(key if word == "KEY" else word for word in words), code=code)
    assert says in said and "00112233" not in said


def test_keys_of_a_cse(data, tmp_path):
    """SEC-ESD-10: a key of the credentials knows its SUID, and is used for nothing else."""
    place, path = tmp_path / "data", data.file("k.key", "00112233445566778899aabbccddeeff" * 2)
    for suid, name in ((14, "e@sp.example"), (25, "s@sp.example"), (13, "p@sp.example")):
        data.merlon("key", "add", "--data", place, "--id", name, "--suid", suid, "--key-file", path, code=0)
    words = ["--data", place]
    made = data.run("protect", *words, "--to", "e@sp.example")
    assert data.run("open", *words, "--key", "e@sp.example", stdin=made) == PAYLOAD
    assert data.run("open", "--key", f"e@sp.example={path}", stdin=made) == PAYLOAD
    signed = data.run("sign", *words, "--sign-key", "s@sp.example")
    assert data.run("verify", *words, "--from", "s@sp.example", stdin=signed) == PAYLOAD
    for verb, option, name in (("protect", "--to", "s"), ("protect", "--to", "p"), ("protect", "--to", "none"),
                               ("sign", "--sign-key", "e"), ("sign", "--sign-key", "p"), ("open", "--key", "s"),
                               ("verify", "--from", "e")):
        assert "for this use" in data.run(verb, *words, option, f"{name}@sp.example", stdin=made, code=USAGE)


def test_what_is_no_file_is_not_replaced(data, tmp_path):
    """A device, a link and a folder stay what they are: --out /dev/null, and somebody is root."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "folder").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    key = data.file("k1.key", "00112233445566778899aabbccddeeff")
    for name in ("pipe", "link", "folder"):
        assert "is no file" in data.run("protect", "--to", key, "--out", tmp_path / name, code=USAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "k1.key"])
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()


def test_streams(data, tmp_path):
    """What is larger than a piece goes through; what is opened is bounded, and a refused file leaves nothing."""
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    signer = data.key("s", new_key(SIGNATURES["ES256"], "s"))
    large = tmp_path / "large"
    content = os.urandom(1 << 20) * 5 + b"end"
    large.write_bytes(content)
    sealed, back = tmp_path / "sealed", tmp_path / "back"
    data.run("protect", "--to", key, "--sign-key", signer, "--form", "json", large, "--out", sealed, stdin="")
    opens = ["--key", key, "--from", signer]
    data.run("open", *opens, sealed, "--out", back, stdin="")
    assert back.read_bytes() == content
    theirs = jws.JWS()
    theirs.deserialize(decrypt(sealed.read_text(), jwk.JWK.from_json(Path(key).read_text())),
                       jwk.JWK.from_json(Path(signer).read_text()))
    assert theirs.payload == content
    back.unlink()
    assert "--most" in data.run("open", *opens, "--most", "1000000", sealed, "--out", back, code=REFUSED)
    text = sealed.read_text()
    at = len(text) // 2
    sealed.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
    data.run("open", *opens, sealed, "--out", back, code=REFUSED)
    assert not back.exists() and sorted(p.name for p in tmp_path.iterdir()) == ["k", "large", "s", "sealed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing(data, alone, tmp_path, number):
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    part = tmp_path / "sealed.part"
    with subprocess.Popen([binary(), "esdata", "protect", "--to", key, "--out", tmp_path / "sealed"],
                          stdin=subprocess.PIPE, env=alone.environment) as running:
        eventually(part.exists, SECONDS)
        running.stdin.write(bytes(4 << 20))
        eventually(lambda: part.stat().st_size > 0, SECONDS)
        running.send_signal(number)
        assert running.wait(SECONDS) == -number
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_progress(data, alone):
    """Somebody who looks sees how far a long stream is; what goes to a file is not disturbed."""
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    seen, shown = pty.openpty()
    end = time.monotonic() + SECONDS
    with subprocess.Popen([binary(), "esdata", "protect", "--to", key], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=shown, env=alone.environment) as running:
        os.close(shown)
        text = b""
        while b" MB" not in text and time.monotonic() < end:
            running.stdin.write(bytes(1 << 20))
            running.stdin.flush()
            text += os.read(seen, 1000) if select.select([seen], [], [], 0.05)[0] else b""
        running.stdin.close()
        assert running.wait(SECONDS) == 0 and text.startswith(b"\rmerlon esdata: ")
    os.close(seen)


@pytest.mark.parametrize("payload, code", [("21.5 °C\n", 0), ("\x1b]0;owned\x07", USAGE)])
def test_terminal(data, alone, payload, code):
    """What could give a terminal orders does not reach it."""
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    made = data.run("protect", "--to", key, stdin=payload)
    assert data.run("open", "--key", key, stdin=made) == payload
    seen, shown = pty.openpty()
    done = subprocess.run([binary(), "esdata", "open", "--key", key], input=made.encode(), stdout=shown,
                          stderr=subprocess.PIPE, env=alone.environment, timeout=SECONDS, check=False)
    os.write(shown, b".")
    text = os.read(seen, 1000)
    assert done.returncode == code and (payload.encode().rstrip() in text) == (code == 0), (done, text)
    os.close(shown)
    os.close(seen)


def test_usage(data, tmp_path):
    key = data.key("k", new_key({"kty": "oct", "size": 256}, "k"))
    for words in (["protect"], ["sign"], ["open"], ["verify"], ["unfold"], ["protect", "--to", key, "a", "b"],
                  ["protect", "--to", key, "--form", "cbor"], ["sign", "--sign-key", key, "--to", key],
                  ["open", "--key", key, "--most", "many"], ["open", "--key", key, "--anchor", key]):
        data.run(*words, code=USAGE)
    assert "nothing" in data.run("open", "--key", tmp_path / "nothing", code=REFUSED)
    for words, what in ((["none"], "open"), (["--out", "none/x"], "write"), ([tmp_path], "read")):
        done = data.merlon("esdata", "protect", "--to", key, *words, code=REFUSED)
        assert done.stderr.startswith(f"merlon esdata: cannot {what} ")
    for envelope in ("", "{}", "[]", "{\"payload\":1}", "a.b.c", "....", "AAAA", "<a/>", "\x00", "{" * 1000):
        data.run("open", "--key", key, stdin=envelope, code=REFUSED)


def test_guide(tmp_path):
    """docs/guide/protected-data.md, as it is printed"""
    shell = Shell(tmp_path)
    opened = []
    for kind, text in blocks("docs/guide/protected-data.md"):
        for line in commands(text):
            done = shell(line, code=REFUSED if kind == "refused" else 0)
            if " open " in line or " verify " in line:
                opened.append(done.stdout)
    assert opened == ['{"temperature":21.5}\n', '{"temperature":21.5}\n', "", '{"temperature":21.5}\n',
                      '{"temperature":21.5}\n']
