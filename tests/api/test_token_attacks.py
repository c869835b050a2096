"""Forged tokens against the real server: each is refused by the code of the standard and has no effect.

Signed or sealed by python3-cryptography and python3-jwcrypto over any bytes, so that what is wrong is the only thing
that is wrong. What is no m2m:dynAuthJWT is answered by 4000, all else by 4103. spec: TS-0003 7.3.2.6; security.md 6
"""

import base64
import json
import random
import re
import socket
import time

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwcrypto import jwk
from lib.server import Server, run
from lib.tokens import Issuer, carry, encrypt, may, symmetric

ALL, SYNTAX, REFUSED = 63, 4000, 4103
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the points of P-256
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Cast:
    def __init__(self, folder):
        self.data = folder / "data"
        self.signer = Issuer(folder)
        self.rsa = Issuer(folder, "//merlon.example/Srsa", "rsa.merlon.example", ("RS256",),
                          [jwk.JWK.generate(kty="RSA", size=2048, kid="k1")])
        self.both = Issuer(folder, "//merlon.example/Sboth", "both.merlon.example", ("ES256", "HS256"),
                           [jwk.JWK.generate(kty="EC", crv="P-256", kid="e1"), symmetric(32, "h1")])
        self.sealer = Issuer(folder, "//merlon.example/Sseal", "seal.merlon.example", ("dir/A256GCM",),
                             [symmetric(32, "d1")])
        self.second = Issuer(folder, "//merlon.example/Sseal2", "seal2.merlon.example", ("dir/A256GCM",),
                             [symmetric(32, "d1")])
        self.agreeing = Issuer(folder, "//merlon.example/Sagree", "agree.merlon.example",
                               ("ES256/ECDH-ES+A128KW/A128GCM",), [jwk.JWK.generate(kty="EC", crv="P-256", kid="s1")])
        self.opener = jwk.JWK.generate(kty="EC", crv="P-256", kid="w1")
        for issuer in (self.signer, self.rsa, self.both, self.sealer, self.second):
            issuer.add(self.data)
        self.add_private(folder)

    def add_private(self, folder):
        """The recipient's key of ECDH-ES is the CSE's own."""
        words = ["issuer", "--data", str(self.data), "--fqdn", self.agreeing.domain, "--allow", self.agreeing.allow[0]]
        for name, text in (("s1", self.agreeing.key.export_public()), ("w1", self.opener.export())):
            path = folder / f"agree-{name}.jwk"
            path.write_text(text)
            path.chmod(0o600)
            words += ["--key-file", str(path)]
        done = run(*words, "add", self.agreeing.name)
        assert done.returncode == 0, done


@pytest.fixture(scope="module")
def cast(tmp_path_factory):
    return Cast(tmp_path_factory.mktemp("cast"))


@pytest.fixture(scope="module")
def cse(cast):
    with Server(cast.data, "--limit", "header-bytes=400000") as server:
        yield server


@pytest.fixture
def box(ae):
    answer = ae.create(ae.path, "cnt", rn="box")
    assert answer.rsc == 2001, answer
    return answer["ri"]


@pytest.fixture
def refused(cast, ae, other, box, request):
    """refused(token, code): nothing can be read, changed or deleted with it. At the end the honest token works."""
    def check(token, code=REFUSED):
        headers = carry(token)
        for answer in (other.retrieve(box, headers=headers), other.delete(box, headers=headers)):
            assert answer.rsc == code, (token[:200], answer)

    yield check
    assert ae.retrieve(box).rsc == 2000
    good = cast.signer.token(other.stem, may(ALL, box))
    assert other.retrieve(box, headers=carry(good)).rsc == 2000, request.node.name


class Forger:
    """Signs any header and any claims."""

    def __init__(self, issuer, holder, resource):
        self.issuer = issuer
        self.secret = issuer.key.get_op_key("sign")
        self.good_head = json.dumps({"alg": "ES256", "typ": "JWT", "kid": issuer.key["kid"]})
        self.good_claims = json.dumps(issuer.claims(holder, may(ALL, resource)))

    def numbers(self, signed):
        return decode_dss_signature(self.secret.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))

    def signature(self, signed):
        r, s = self.numbers(signed)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, head=None, claims=None, signature=None):
        signed = f"{b64(head or self.good_head)}.{b64(claims or self.good_claims)}"
        return f"{signed}.{b64(signature(signed) if signature else self.signature(signed))}"

    def with_header(self, **members):
        header = {**json.loads(self.good_head), **members}
        return self.token(json.dumps({name: value for name, value in header.items() if value is not None}))

    def with_claims(self, **members):
        claims = {**json.loads(self.good_claims), **members}
        return self.token(claims=json.dumps({name: value for name, value in claims.items() if value is not None}))


@pytest.fixture
def forger(cast, other, box):
    return Forger(cast.signer, other.stem, box)


def test_the_forger_can_sign(forger, other, box):
    """What the others refuse is refused for what is wrong with it, not for the tool."""
    assert other.retrieve(box, headers=carry(forger.token())).rsc == 2000


# ---- algorithms ----


def mac(secret, head, claims, digest=None):
    signed = f"{b64(head)}.{b64(claims)}"
    made = hmac.HMAC(secret, digest or hashes.SHA256())
    made.update(signed.encode())
    return f"{signed}.{b64(made.finalize())}"


@pytest.mark.parametrize("alg,digest", [("HS256", hashes.SHA256()), ("HS384", hashes.SHA384()),
                                        ("HS512", hashes.SHA512())])
def test_public_keys_as_secrets(cast, forger, other, box, refused, alg, digest):
    """SEC-TOK-02: of an EC and an RSA issuer, and of one that does use HMAC; in all forms that a key has"""
    for issuer in (cast.signer, cast.rsa, cast.both):
        claims = json.dumps(issuer.claims(other.stem, may(ALL, box)))
        pem = issuer.key.export_to_pem()
        body = b"".join(pem.splitlines()[1:-1])
        numbers = [base64.urlsafe_b64decode(issuer.key[n] + "==") for n in ("x", "y", "n", "e") if issuer.key.get(n)]
        for secret in (pem, pem.strip(), base64.b64decode(body), issuer.key.export_public().encode(),
                       issuer.key.thumbprint().encode(), b"".join(numbers), b"\4" + b"".join(numbers), b"", b"\0" * 32):
            for kid in (issuer.key["kid"], None, "h1"):
                head = json.dumps({"alg": alg, "typ": "JWT", **({"kid": kid} if kid else {})})
                token = mac(secret or b"\0", head, claims, digest)
                assert other.retrieve(box, headers=carry(token)).rsc == REFUSED
    refused(forger.with_header(alg="HS256"))


@pytest.mark.parametrize("alg", [
    "none", "None", "", "es256", "ES256 ", " ES256", "ES256K", "ES384", "ES512", "EdDSA", "RS256", "PS256", "RS1",
    "HS1", "dir", "A256GCM", "ES256\u0000", "\uff25\uff33256", None, 1, True, ["ES256"], {}])
def test_names_of_algorithms(forger, refused, alg):
    """SEC-TOK-03, SEC-TOK-09: one spelling; a signature of ES256 is good for no other name"""
    refused(forger.with_header(alg=alg))


def test_key_for_one_algorithm(cast, other, box, refused):
    """SEC-TOK-09: what an issuer may do with one key it may not do with another"""
    claims = json.dumps(cast.both.claims(other.stem, may(ALL, box)))
    secret = base64.urlsafe_b64decode(cast.both.keys[1]["k"] + "==")
    assert other.retrieve(box, headers=carry(mac(secret, '{"alg":"HS256","typ":"JWT","kid":"h1"}', claims))).rsc == 2000
    for kid in ("e1", "h2", "H1", "h1 ", "", "h1\u0000", "../h1", "h1' OR '1'='1", "%s%n", "h" * 3000, 1, None, ["h1"]):
        head = json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid})
        if kid != "":
            refused(mac(secret, head, claims))
    refused(mac(secret, '{"alg":"HS384","typ":"JWT","kid":"h1"}', claims, hashes.SHA384()))
    refused(Forger(cast.both, other.stem, box).with_header(kid="h1"))


def test_issuer_of_another_key(cast, other, box, refused):
    """SEC-TOK-09: two issuers may both call a key "k1"; neither speaks for the other"""
    claims = cast.rsa.claims(other.stem, may(ALL, box))
    refused(cast.signer.sign(claims))
    refused(cast.signer.sign({**claims, "iss": cast.signer.name}))  # the Token-ID is of the other's domain
    refused(cast.signer.sign(claims, iss=cast.signer.name))
    refused(cast.rsa.sign(cast.signer.claims(other.stem, may(ALL, box)), alg="RS256"))
    claims = cast.second.claims(other.stem, may(ALL, box))
    refused(encrypt(claims, cast.sealer.key))
    refused(encrypt(claims, cast.sealer.key, iss=cast.sealer.name))
    assert other.retrieve(box, headers=carry(encrypt(claims, cast.second.key))).rsc == 2000


def test_keys_and_references_in_the_header(forger, refused):
    """SEC-TOK-01: a token brings no key, and makes the CSE fetch none"""
    own = jwk.JWK.generate(kty="EC", crv="P-256", kid="k1")
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/keys"
        for member in ({"jwk": json.loads(own.export_public())}, {"jku": url}, {"x5u": url}, {"jwk": None},
                       {"jwk": {}}, {"jku": ""}):
            head = json.dumps({**json.loads(forger.good_head), **member})
            refused(forger.token(head))
        with pytest.raises(TimeoutError):
            trap.accept()


# ---- headers ----


def test_headers_that_must_be_understood(forger, refused):
    """SEC-TOK-21"""
    for member in ({"crit": ["kid"]}, {"crit": ["x"], "x": 1}, {"crit": []}, {"crit": "kid"},
                   {"crit": None, "b64": False}, {"crit": [["x"]]}, {"crit": {}},
                   {"crit": ["b64"], "b64": True}, {"b64": False}, {"zip": "DEF"}, {"zip": "none"}, {"zip": None}):
        head = json.dumps({**json.loads(forger.good_head), **member})
        refused(forger.token(head))


def test_members_said_twice(forger, refused):
    """RFC 7515 4: either could be meant; also when a name is escaped, and in the claims"""
    head, claims = forger.good_head, forger.good_claims
    for twice in ('"alg":"ES256"', '"alg":"none"', '"\\u0061lg":"ES256"', '"kid":"k1"', '"typ":"JWT"'):
        refused(forger.token(head[:-1] + f",{twice}" + "}"))
        refused(forger.token("{" + twice + "," + head[1:]))
    for twice in ('"exp":9999999999', '"azp":"//merlon.example/id-in/Cx"', '"\\u0061zp":"x"', '"iss":"x"',
                  '"tkps":{"pm":[]}'):
        refused(forger.token(claims=claims[:-1] + f",{twice}" + "}"))
        refused(forger.token(claims="{" + twice + "," + claims[1:]))


@pytest.mark.parametrize("text", [
    "", "{", "{}x", "[]", '"ES256"', "1", "null", "\ufeff{head}", "{head}\u0000", "{head}{head}", "/**/{head}",
    "{head},", '{"alg":"ES256",}', "{'alg':'ES256'}", '{"alg":"ES256"', "\x00"])
def test_headers_that_are_no_object(forger, refused, text):
    text = text.replace("{head}", forger.good_head)
    token = forger.token(text or " ")
    refused(token if text else token[token.index("."):], REFUSED if text else SYNTAX)


def test_bytes_that_are_no_text(forger, refused):
    """UTF-8 only: neither Latin-1, overlong forms, surrogates nor UTF-16"""
    head, claims = forger.good_head.encode(), forger.good_claims.encode()
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"):
        refused(forger.token(head[:-1] + b',"x":"' + bad + b'"}'))
        refused(forger.token(claims=claims[:-1] + b',"x":"' + bad + b'"}'))
    refused(forger.token(forger.good_head.encode("utf-16")))
    refused(forger.token(claims=forger.good_claims.encode("utf-16-le")))
    refused(forger.token(claims=forger.good_claims[:-1] + ',"x":"\\ud800"}'))


def test_types(forger, refused):
    """SEC-TOK-05"""
    for member in ({"typ": "jwt"}, {"typ": "application/jwt"}, {"typ": ["JWT"]}, {"typ": None}, {"typ": ""},
                   {"cty": "JWT"}, {"cty": "json"}, {"cty": ""}, {"enc": "A256GCM"}, {"enc": 1}, {"kid": ["k1"]},
                   {"iss": 1}, {"iss": "//merlon.example/Sother"}):
        refused(forger.token(json.dumps({**json.loads(forger.good_head), **member})))


# ---- signatures and tags ----


def test_signatures_that_are_cut(forger, refused):
    """SEC-TOK-01: no prefix of it, nothing behind it, and no other form of the same numbers"""
    for size in (1, 16, 31, 32, 33, 63):
        refused(forger.token(signature=lambda signed, n=size: forger.signature(signed)[:n]))
    for more in (b"\0", b"\0" * 64, b"x" * 4000):
        refused(forger.token(signature=lambda signed, m=more: forger.signature(signed) + m))
    refused(forger.token(signature=lambda signed: b"\0" + forger.signature(signed)))
    refused(forger.token(signature=lambda signed: forger.secret.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))))
    refused(forger.token(signature=lambda signed: forger.signature(signed)[::-1]))
    refused(forger.token()[:-86], SYNTAX)


def test_numbers_that_fit_everything(forger, refused):
    """CVE-2022-21449 and its kin: r and s are between 1 and the order"""
    for r, s in ((0, 0), (0, 1), (1, 0), (1, 1), (ORDER, ORDER), (ORDER, 0), (ORDER - 1, ORDER - 1),
                 (2 ** 256 - 1, 2 ** 256 - 1), (ORDER + 1, 1)):
        refused(forger.token(signature=lambda _, r=r, s=s: r.to_bytes(32, "big") + s.to_bytes(32, "big")))

    def shifted(signed):
        r, s = forger.numbers(signed)
        return r.to_bytes(32, "big") + ((s + ORDER) % 2 ** 256).to_bytes(32, "big")

    refused(forger.token(signature=shifted))


def test_macs_that_are_cut(cast, other, box, refused):
    """SEC-TOK-02"""
    claims = json.dumps(cast.both.claims(other.stem, may(ALL, box)))
    secret = base64.urlsafe_b64decode(cast.both.keys[1]["k"] + "==")
    good = mac(secret, '{"alg":"HS256","typ":"JWT","kid":"h1"}', claims)
    signed, tag = good.rsplit(".", 1)
    raw = base64.urlsafe_b64decode(tag + "==")
    for bad in (raw[:1], raw[:16], raw[:31], raw + b"\0", b"\0" * 32, raw * 2, raw[::-1]):
        refused(f"{signed}.{b64(bad)}")
    refused(f"{signed}.", SYNTAX)


def sealed(key, claims, head=None, tag_bytes=16, iv=b"0" * 12, encrypted_key=b""):
    """A JWE with alg dir, its parts as one likes."""
    header = b64(head or json.dumps({"alg": "dir", "enc": "A256GCM", "typ": "JWT", "kid": "d1"}))
    raw = AESGCM(base64.urlsafe_b64decode(key["k"] + "==")).encrypt(iv, claims.encode(), header.encode())
    return ".".join([header, b64(encrypted_key), b64(iv), b64(raw[:-16]), b64(raw[-16:][:tag_bytes])])


def test_tags_that_are_cut(cast, other, box, refused):
    """SEC-TOK-04: GCM with a shorter tag, an empty one, another length of the IV; a key beside dir"""
    def claims():
        return json.dumps(cast.sealer.claims(other.stem, may(ALL, box)))

    key = cast.sealer.key
    assert other.retrieve(box, headers=carry(sealed(key, claims()))).rsc == 2000
    for size in (0, 1, 4, 8, 12, 15):
        refused(sealed(key, claims(), tag_bytes=size))
    for iv in (b"1" * 8, b"1" * 16, b"1" * 128):
        refused(sealed(key, claims(), iv=iv))
    refused(sealed(key, claims(), encrypted_key=b"0" * 40))
    refused(sealed(key, ""), SYNTAX)
    for enc, alg in (("A128GCM", "dir"), ("A256GCM", "A256KW"), ("A256GCM", "RSA1_5"), ("A256CBC-HS512", "dir"),
                     ("A256GCM", "PBES2-HS256+A128KW"), ("A256GCM", "none"), ("none", "dir")):
        head = json.dumps({"alg": alg, "enc": enc, "typ": "JWT", "kid": "d1", "p2c": 2 ** 31 - 1, "p2s": "AAAA"})
        began = time.monotonic()
        refused(sealed(key, claims(), head))
        assert time.monotonic() - began < 2


def test_points_that_are_on_no_curve(cast, other, box, refused):
    """The recipient's key would leak by them: invalid curve, other curve, private or missing epk"""
    inner = cast.agreeing.token(other.stem, may(ALL, box))
    good = encrypt(inner, cast.opener, "ECDH-ES+A128KW", "A128GCM", cty="JWT")
    assert other.retrieve(box, headers=carry(good)).rsc == 2000
    parts = encrypt(cast.agreeing.token(other.stem, may(ALL, box)), cast.opener, "ECDH-ES+A128KW", "A128GCM",
                    cty="JWT").split(".")
    head = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    epk = head["epk"]
    zero = b64(b"\0" * 32)
    for bad in ({**epk, "x": epk["y"], "y": epk["x"]}, {**epk, "y": zero}, {**epk, "x": zero, "y": zero}, {},
                {**epk, "x": b64(b"\xff" * 32)}, {**epk, "crv": "P-384"}, {**epk, "kty": "oct", "k": zero}, None, "x",
                [epk], {**epk, "d": zero}, {**epk, "x": epk["x"][:-4]}, {"kty": "OKP", "crv": "X25519", "x": zero}):
        refused(".".join([b64(json.dumps({**head, "epk": bad})), *parts[1:]]))
    del head["epk"]
    refused(".".join([b64(json.dumps(head)), *parts[1:]]))


# ---- form ----


def test_nesting(cast, other, box, refused):
    """SEC-TOK-24: what is inside a token is a signed one, once"""
    token = cast.agreeing.token(other.stem, may(ALL, box))
    token = encrypt(token, cast.opener, "ECDH-ES+A128KW", "A128GCM", cty="JWT")
    for _ in range(2):
        token = encrypt(token, cast.opener, "ECDH-ES+A128KW", "A128GCM", cty="JWT")
        refused(token)
    refused(encrypt(token[:-1] + "!", cast.opener, "ECDH-ES+A128KW", "A128GCM", cty="JWT"))
    refused(encrypt("", cast.opener, "ECDH-ES+A128KW", "A128GCM", cty="JWT"), SYNTAX)
    signed = Forger(cast.signer, other.stem, box)
    refused(signed.token(claims=signed.token()))


def test_deep_claims(forger, refused):
    """SEC-TOK-24"""
    for depth in (64, 10000):
        refused(forger.token(claims=forger.good_claims[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"))
        inner = min(depth, 2000)
        refused(forger.token(forger.good_head[:-1] + ',"x":' + '{"a":' * inner + "1" + "}" * inner + "}"))
    refused(forger.token(claims="[" * 30000))


def test_huge(forger, other, box, refused):
    """SEC-TOK-24: in each part; many members; many tokens"""
    wide = ",".join(f'"x{i}":{i}' for i in range(3000))
    refused(forger.token(forger.good_head[:-1] + f",{wide}" + "}"))
    refused(forger.token(forger.good_head[:-1] + f',"x":"{"y" * 30000}"' + "}"))
    refused(forger.token(claims=forger.good_claims[:-1] + f',"x":"{"y" * 60000}"' + "}"), SYNTAX)
    refused(forger.token(signature=lambda _: b"x" * 60000), SYNTAX)
    refused("a" * 70000 + ".b.c", SYNTAX)
    refused("." * 60000, SYNTAX)
    bad = forger.token(signature=lambda signed: forger.signature(signed)[::-1])
    answer = other.retrieve(box, headers=carry(*[bad] * 150))
    assert answer.rsc in (SYNTAX, REFUSED), answer


def test_base64_that_is_odd(forger, other, box, refused):
    """RFC 7515 2: the alphabet for URLs, without padding, blanks, or bits that stand for nothing"""
    head, claims, signature = forger.token().split(".")
    good = f"{head}.{claims}.{signature}"
    assert signature[-1] in "AQgw"
    loose = ALPHABET[ALPHABET.index(signature[-1]) + 1]
    refused(f"{head}.{claims}.{signature[:-1]}{loose}", REFUSED)
    for bad in (f"{good}==", f"{head}=.{claims}.{signature}", f"{head}.{claims}=.{signature}", f"{good}A=",
                f"{head}.{claims}.{signature[:-2]}/{signature[-1]}", f"{head}.{claims[:-1]}!.{signature}",
                f"{head}..{signature}" + ".", f".{claims}.{signature}", f"{head}.{claims}.", f"{head}.{claims}",
                f"{good}.", f".{good}", f"{good}.{good}", head, f"{good}.a", "a.b.c.d.e.f", "....", "..", "a..b",
                f"{head}%2E{claims}.{signature}", f"{head}.\t{claims}.{signature}"):
        answer = other.retrieve(box, headers={"Authorization": bad})
        assert answer.rsc in (SYNTAX, REFUSED), (bad, answer)
    for bad in (f"{good}\x0b", f"{head}\x0c.{claims}.a", f"{head}.{claims}\x7f.{signature}"):  # no field of HTTP
        assert other.request("GET", box, headers={"Authorization": bad}, check=False).status == 400


def test_json_serialization(forger, refused):
    """SEC-TOK-01: compact form only"""
    head, claims, signature = forger.token().split(".")
    for made in ({"payload": claims, "protected": head, "signature": signature},
                 {"payload": claims, "signatures": [{"protected": head, "signature": signature}]}):
        text = json.dumps(made)
        refused(b64(text) + ".e30.AA")
        refused(f"{b64(text)}.{claims}.{signature}")


# ---- claims ----


@pytest.mark.parametrize("claim", ["tkvr", "jti", "azp", "iss", "nbf", "exp", "tknm", "aud", "tkps", "tkex"])
def test_types_of_claims(forger, refused, claim):
    """SEC-TOK-09, SEC-TOK-10"""
    good = json.loads(forger.good_claims)
    wrong = [[], {}, True, False, None, [None], {"x": 1}, [["x"]], -1, 1.5e300, "", "\u0000", "x" * 5000]
    if claim in ("nbf", "exp"):
        wrong += ["1", str(good[claim]), "20990101T000000", [good[claim]], -0.5, 2 ** 63, 2 ** 64, 10 ** 40]
        wrong.remove(1.5e300)
    if claim == "aud":
        wrong = [w for w in wrong if w not in ([], None)]
    for value in wrong:
        claims = {**good, claim: value}
        if claim in ("tknm", "tkex") and isinstance(value, str):
            continue
        refused(forger.token(claims=json.dumps(claims)))


def test_holders_that_look_alike(forger, refused):
    """SEC-TOK-07: case, Unicode, escapes and dots make another holder"""
    holder = json.loads(forger.good_claims)["azp"]
    stem = holder.rsplit("/", 1)[1]
    for other_holder in (holder.replace("/C", "/c"), holder.replace("/id-in/", "/ID-IN/"), holder + "\u0000",
                         holder + "\u200b", holder.replace("C", "\u0421"), holder + "/", holder.replace("//", "///"),
                         f"//merlon.example/id-in/{stem}/x",
                         f"//merlon.example/id-in/../id-in/{stem}", f"//merlon.example./id-in/{stem}", f"m2m:{holder}",
                         holder.replace(".", "%2e"), f"{holder} ", f" {holder}", [holder], f"{holder},{holder}"):
        refused(forger.with_claims(azp=other_holder))


def test_tokens_of_a_crowd(cast, cse, other, box):
    """Random changes of honest tokens, a few hundred: no answer but 4000, 4103 and, where a change is none, 2000"""
    chance = random.Random(1)
    honest = [cast.signer.token(other.stem, may(2, box)),
              encrypt(cast.sealer.claims(other.stem, may(2, box)), cast.sealer.key),
              encrypt(cast.agreeing.token(other.stem, may(2, box)), cast.opener, "ECDH-ES+A128KW", "A128GCM",
                      cty="JWT")]
    for _ in range(400):
        token = list(chance.choice(honest))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(token))
            token[at:at + chance.randint(0, 4)] = chance.choices(ALPHABET + ".", k=chance.randint(0, 4))
        token = "".join(token)
        answer = other.retrieve(box, headers=carry(token))
        assert answer.rsc in ((SYNTAX, REFUSED) if token not in honest else (2000,)), (token, answer)
    assert not re.search(r"ERROR|panic|Sanitizer", cse.log())
