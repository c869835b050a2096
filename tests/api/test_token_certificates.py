"""Tokens that bring the certificates of their signer (x5c): chains made by python3-cryptography, tokens by jwcrypto.
spec: TS-0003 7.3.2.6.3, TS-0003 10.1; security.md 6.2, 15"""

import base64
import datetime
import itertools
import json
import os
import signal
import time

import pytest
from jwcrypto import jwk, jws
from lib.onem2m import Client
from lib.server import Server, eventually, run
from lib.tls import cert_maker
from lib.tokens import Issuer, carry, encrypt, may, symmetric

RETRIEVE = 2
NAME = "//merlon.example/Scert"
OTHER = "//merlon.example/Sothercert"
MIDDLE_NODE = "//merlon.example/id-mn"
_domains = itertools.count(1)


def der_text(*certificates):
    """The member x5c. RFC 7515 4.1.6"""
    encoding = cert_maker.serialization.Encoding.DER
    return [base64.b64encode(c if isinstance(c, bytes) else c.public_bytes(encoding)).decode() for c in certificates]


class Signer(Issuer):
    """An issuer that is known by trust anchors, and the authority above its certificates."""

    def __init__(self, folder, name, *names, allow=("ES256",), keys=None, root=None, **how):
        super().__init__(folder, name, f"d{next(_domains)}.merlon.example", allow, keys)
        self.root = root or cert_maker.Authority(f"root of {name}", permits=[
            cert_maker.uri("merlon.example"), cert_maker.uri("elsewhere.example"),
            cert_maker.dns("merlon.example")])
        self.secret = cert_maker.p256()
        self.names = names
        self.leaf = self.root.leaf(*names, key=self.secret, **how)

    def add(self, data, *words):
        anchor = self.folder / f"{self.domain}.pem"
        anchor.write_bytes(cert_maker.pem(self.root.cert))
        done = run("issuer", "--data", str(data), "--fqdn", self.domain, "--anchor", str(anchor),
                   *(word for a in self.allow for word in ("--allow", a)), *map(str, words), "add", self.name)
        assert done.returncode == 0, done

    def signed(self, claims, *chain, secret=None, alg="ES256", **header):
        """A token with a chain instead of a key's name."""
        key = jwk.JWK.from_pem(cert_maker.key_pem(secret or self.secret))
        return self.sign(claims, alg, key, kid=None, **({"x5c": der_text(*chain)} | header))

    def speaks(self, holder, resource, *chain, secret=None, header=None, **changed):
        claims = self.claims(holder, may(RETRIEVE, resource), **changed)
        return self.signed(claims, *(chain or [self.leaf]), secret=secret, **(header or {}))


class Cast:
    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.ae = Signer(folder, NAME, cert_maker.uri(f"m2m:{NAME}"))
        self.bare = Signer(folder, OTHER, cert_maker.uri(OTHER))
        self.cse = Signer(folder, MIDDLE_NODE, cert_maker.dns("id-mn.id-in.merlon.example"))
        self.outer = symmetric(32, "o1")
        outer_file = folder / "outer.jwk"
        outer_file.write_text(self.outer.export())
        outer_file.chmod(0o600)
        self.nested = Signer(folder, "//merlon.example/Snested", cert_maker.uri("m2m://merlon.example/Snested"),
                             allow=("ES256/dir/A256GCM",))
        for signer in (self.ae, self.bare, self.cse):
            signer.add(self.data)
        self.nested.add(self.data, "--key-file", outer_file)
        self.keyed = Issuer(folder)
        self.keyed.add(self.data)


@pytest.fixture(scope="module")
def cast(tmp_path_factory):
    return Cast(tmp_path_factory.mktemp("cast"))


@pytest.fixture(scope="module")
def cse(cast):
    with Server(cast.data) as server:
        yield server


@pytest.fixture
def box(ae):
    answer = ae.create(ae.path, "cnt", rn="box")
    assert answer.rsc == 2001, answer
    return answer["ri"]


@pytest.fixture
def refused(other, box):
    """refused(token, why): no rights by it, and the reason."""
    def check(token, why, code=4103):
        answer = other.retrieve(box, headers=carry(token))
        assert answer.rsc == code, answer
        assert why in answer.debug, answer.debug
    return check


def opens(client, box, token):
    answer = client.retrieve(box, headers=carry(token))
    assert answer.rsc == 2000, answer


# ---- trusted ----


def test_certificates_of_an_ae(cast, other, box):
    """SEC-TOK-01: the URI with a scheme, and bare; further certificates in any order and beside the point"""
    opens(other, box, cast.ae.speaks(other.stem, box))
    opens(other, box, cast.bare.speaks(other.stem, box))
    opens(other, box, cast.ae.speaks(other.stem, box, cast.ae.leaf, cast.bare.leaf, cast.ae.root.cert))
    assert other.retrieve(box).rsc == 4103


def test_certificate_of_a_cse(cast, other, box):
    """SEC-TOK-01: by the public domain name of the CSE"""
    opens(other, box, cast.cse.speaks(other.stem, box))


def test_authorities_between(cast, other, box):
    """Three below the anchor; one that is missing leads nowhere. SEC-CRT-06"""
    above = cast.ae.root
    chain = []
    for i in range(3):
        above = cert_maker.Authority(f"sub{i}", above, permits=[cert_maker.uri("merlon.example")])
        chain.insert(0, above.cert)
    leaf = above.leaf(*cast.ae.names, key=cast.ae.secret)
    opens(other, box, cast.ae.speaks(other.stem, box, leaf, *chain))
    opens(other, box, cast.ae.speaks(other.stem, box, leaf, *reversed(chain)))
    answer = other.retrieve(box, headers=carry(cast.ae.speaks(other.stem, box, leaf, chain[0], chain[2])))
    assert answer.rsc == 4103 and "does not lead to a configured trust anchor" in answer.debug


def test_nested(cast, other, box, refused):
    """SEC-TOK-05: the certificates are in the inner header; those of the outer one name a recipient"""
    def made(inner, **outer):
        return encrypt(inner, cast.outer, cty="JWT", **outer)

    opens(other, box, made(cast.nested.speaks(other.stem, box)))
    opens(other, box, made(cast.nested.speaks(other.stem, box), x5c=der_text(cast.ae.leaf)))
    refused(made(cast.nested.speaks(other.stem, box, cast.ae.leaf, secret=cast.ae.secret)), "does not lead to")
    refused(cast.nested.speaks(other.stem, box), "does not use this protection")


def test_thumbprint(cast, other, box, refused):
    def print_of(certificate):
        digest = certificate.fingerprint(cert_maker.hashes.SHA256())
        return {"x5t#S256": base64.urlsafe_b64encode(digest).rstrip(b"=").decode()}

    opens(other, box, cast.ae.speaks(other.stem, box, header=print_of(cast.ae.leaf)))
    refused(cast.ae.speaks(other.stem, box, header=print_of(cast.bare.leaf)), "x5t#S256")


# ---- not trusted ----


def test_certificate_of_somebody_else(cast, other, box, refused):
    """SEC-TOK-09, SEC-CRT-02: under the right anchor, it must name the issuer"""
    ae = cast.ae
    for name in (OTHER, f"{NAME}x", NAME[:-1], "//elsewhere.example/Scert"):
        leaf = ae.root.leaf(cert_maker.uri(f"m2m:{name}"), key=ae.secret)
        refused(ae.speaks(other.stem, box, leaf), "does not name the expected entity")
    refused(ae.speaks(other.stem, box, ae.root.leaf(cert_maker.dns("scert.id-in.merlon.example"), key=ae.secret)),
            "of a flavour that is not accepted")
    refused(ae.speaks(other.stem, box, ae.root.leaf(cert_maker.dns(ae.domain), key=ae.secret)), "of a flavour")
    refused(ae.speaks(other.stem, box, ae.root.leaf(*ae.names, cert_maker.uri(f"m2m:{OTHER}"), key=ae.secret)),
            "several identities")
    refused(ae.speaks(other.stem, box, ae.root.leaf(name=NAME, key=ae.secret)), "no subjectAltName")
    cse = cast.cse
    refused(cse.speaks(other.stem, box, cse.root.leaf(cert_maker.dns("id-mm.id-in.merlon.example"), key=cse.secret)),
            "does not name the expected entity")


def test_anchor_of_somebody_else(cast, other, box, refused):
    """SEC-TOK-09, SEC-CRT-06: each issuer has its own anchors, and a root that comes along is none"""
    ae, bare = cast.ae, cast.bare
    strange = cert_maker.Authority(f"root of {NAME}", permits=[cert_maker.uri("merlon.example")])
    leaf = strange.leaf(*ae.names, key=ae.secret)
    for chain in ([leaf], [leaf, strange.cert], [leaf, ae.root.cert, strange.cert]):
        refused(ae.speaks(other.stem, box, *chain), "does not lead to a configured trust anchor")
    refused(ae.speaks(other.stem, box, bare.root.leaf(*ae.names, key=ae.secret), bare.root.cert), "does not lead to")
    refused(ae.speaks(other.stem, box, bare.leaf, secret=bare.secret), "does not lead to")
    token = cast.keyed.token(other.stem, may(RETRIEVE, box))
    opens(other, box, token)
    claims = cast.keyed.claims(other.stem, may(RETRIEVE, box))
    refused(ae.signed(claims, ae.leaf), "no trust anchor")
    # a known key's signature gains nothing by a chain, and loses by it
    refused(cast.keyed.sign(claims, x5c=der_text(ae.leaf)), "no trust anchor")


def test_profile(cast, other, box, refused):
    """SEC-CRT-05: usage, time, curve, names, authority"""
    ae, names = cast.ae, cast.ae.names
    now, day = cert_maker.NOW, cert_maker.DAY
    leaf = ae.root.leaf
    p384 = cert_maker.p384()
    bad = [
        (leaf(*names, key=ae.secret, end=now - datetime.timedelta(hours=1)), "has expired"),
        (leaf(*names, key=ae.secret, start=now + day), "not valid yet"),
        (leaf(*names, key=ae.secret, key_usage=cert_maker.usage("key_agreement")), "keyUsage"),
        (leaf(*names, key=ae.secret, key_usage=None), "keyUsage"),
        (leaf(*names, key=ae.secret, purposes=[cert_maker.ExtendedKeyUsageOID.CODE_SIGNING]), "extendedKeyUsage"),
        (leaf(*names, key=ae.secret, is_ca=True), "certification authority"),
        (leaf(*names, key=ae.secret, digest=cert_maker.hashes.SHA384()), "SHA-256"),
        (leaf(cert_maker.uri("m2m://merlon.example/S*"), key=ae.secret), "wildcard"),
        (leaf(cert_maker.uri("m2m://third.example/Scert"), key=ae.secret), "may not certify"),
    ]
    for certificate, why in bad:
        refused(ae.speaks(other.stem, box, certificate), why)
    claims = ae.claims(other.stem, may(RETRIEVE, box))
    refused(ae.signed(claims, leaf(*names, key=p384), secret=p384, alg="ES384"), "does not use this protection")
    # an end entity is no authority
    child = cert_maker.Authority("sub", cast.ae.root, is_ca=False, key=ae.secret)
    refused(ae.speaks(other.stem, box, child.leaf(*names, key=ae.secret), child.cert),
            "without being a certification authority")


def test_signature_by_another_key(cast, other, box, refused):
    """SEC-TOK-01: the certificate is public, its key is not"""
    ae = cast.ae
    stranger = cert_maker.p256()
    refused(ae.speaks(other.stem, box, secret=stranger), "does not fit")
    refused(ae.speaks(other.stem, box, ae.root.leaf(*ae.names), secret=ae.secret), "does not fit")
    # the key that came along in other ways
    own = jwk.JWK.from_pem(cert_maker.key_pem(stranger))
    refused(ae.speaks(other.stem, box, secret=stranger, header={"jwk": json.loads(own.export_public())}), "jwk")
    head, claims, signature = ae.speaks(other.stem, box).split(".")
    changed = bytearray(base64.urlsafe_b64decode(claims + "=="))
    changed[changed.index(b'"azp"') + 10] ^= 1
    refused(".".join([head, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature]), "does not fit")


def test_algorithm_of_the_certificate(cast, other, box, refused):
    """SEC-TOK-02: what the certificate says publicly is no secret of an HMAC"""
    ae = cast.ae
    public = ae.leaf.public_bytes(cert_maker.serialization.Encoding.DER)
    forged = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(public).rstrip(b"=").decode())
    claims = ae.claims(other.stem, may(RETRIEVE, box))
    refused(ae.sign(claims, "HS256", forged, x5c=der_text(ae.leaf)), "does not use this protection")


def test_malformed(cast, other, box, refused):
    """What is no list of certificates in base64 of DER; PEM is not taken for it"""
    ae = cast.ae
    good = ae.leaf.public_bytes(cert_maker.serialization.Encoding.DER)
    claims = ae.claims(other.stem, may(RETRIEVE, box))
    text = der_text(ae.leaf)[0]
    for value in ([], text, [1], {"0": text}, [text[:-4] + "_-=="], [text + "\n"],
                  [base64.b64encode(good).decode().rstrip("=") + "*"], [text] * 6):
        refused(ae.signed(claims, x5c=value), "x5c must be")
    for certificate in (b"", good[:-1], good + b"\0", good[1:], b"0", cert_maker.pem(ae.leaf), b"\x30\x80" + good[2:]):
        refused(ae.signed(claims, certificate), "certificate 0 is not sound DER")
    refused(ae.signed(claims, ae.leaf, good[:-1]), "certificate 1 is not sound DER")


def test_chain_in_a_circle(cast, other, box, refused):
    """Authorities that certify each other lead nowhere, each time"""
    ae = cast.ae
    a = cert_maker.Authority("a")
    b = cert_maker.Authority("b", a)
    again = cert_maker.Authority("a", b, key=a.key)
    leaf = b.leaf(*ae.names, key=ae.secret)
    token = ae.speaks(other.stem, box, leaf, b.cert, again.cert, a.cert)
    for _ in range(20):
        refused(token, "does not lead to")


# ---- as time passes ----


def test_certificates_end(cast, other, box):
    """SEC-TOK-06: a token that is remembered dies with the certificate that proved it"""
    ae = cast.ae
    end = cert_maker.datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=2)
    token = ae.speaks(other.stem, box, ae.root.leaf(*ae.names, key=ae.secret, end=end))
    opens(other, box, token)
    eventually(lambda: other.retrieve(box, headers=carry(token)).rsc == 4103)
    assert "has expired" in other.retrieve(box, headers=carry(token)).debug


# who may read the credentials again
READER = ("--user", "root") if os.geteuid() == 0 else ()


def test_revocation(tmp_path):
    """SEC-CRT-05: a list that names the certificate ends tokens at once, remembered or not; and without a list of its
    authority nobody is believed"""
    signer = Signer(tmp_path, NAME, cert_maker.uri(f"m2m:{NAME}"))
    stranger = Signer(tmp_path, OTHER, cert_maker.uri(f"m2m:{OTHER}"))
    anchor, crl = tmp_path / "anchor.pem", tmp_path / "list.crl"
    anchor.write_bytes(cert_maker.pem(signer.root.cert))
    crl.write_bytes(cert_maker.pem(signer.root.crl()))
    for each in (signer, stranger):
        each.add(tmp_path / "data")
    with Server(tmp_path / "data", "--tls-anchor", str(anchor), "--tls-crl", str(crl), *READER) as server:
        admin = Client(server.url)
        other = admin.register("Cother")
        box = admin.create("cse-in", "cnt", rn="box")["ri"]
        token = signer.speaks("Cother", box)
        opens(other, box, token)
        second = signer.root.leaf(*signer.names, key=signer.secret)
        opens(other, box, signer.speaks("Cother", box, second))
        answer = other.retrieve(box, headers=carry(stranger.speaks("Cother", box)))
        assert answer.rsc == 4103 and "no certificate revocation list" in answer.debug

        def reload(*revoked, count, **how):
            crl.write_bytes(cert_maker.pem(signer.root.crl(*revoked, **how)))
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda: server.log().count("are reloaded") == count)

        reload(signer.leaf, count=1)
        for again in (token, signer.speaks("Cother", box)):
            answer = other.retrieve(box, headers=carry(again))
            assert answer.rsc == 4103 and "is revoked" in answer.debug, answer.debug
        opens(other, box, signer.speaks("Cother", box, second))
        reload(count=2, start=cert_maker.NOW - 3 * cert_maker.DAY, end=cert_maker.NOW - cert_maker.DAY)
        answer = other.retrieve(box, headers=carry(signer.speaks("Cother", box, second)))
        assert answer.rsc == 4103 and "out of date" in answer.debug


def test_lists_end(tmp_path):
    """SEC-CRT-05: a token that is remembered does not outlive the list that spoke for its certificate"""
    signer = Signer(tmp_path, NAME, cert_maker.uri(f"m2m:{NAME}"))
    signer.add(tmp_path / "data")
    crl = tmp_path / "list.crl"
    end = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=4)
    stale = cert_maker.Authority("another").crl(start=cert_maker.NOW - 3 * cert_maker.DAY,
                                                end=cert_maker.NOW - cert_maker.DAY)
    crl.write_bytes(cert_maker.pem(signer.root.crl(end=end), stale))
    with Server(tmp_path / "data", "--tls-crl", str(crl)) as server:
        admin = Client(server.url)
        other = admin.register("Cother")
        box = admin.create("cse-in", "cnt", rn="box")["ri"]
        token = signer.speaks("Cother", box)
        opens(other, box, token)
        eventually(lambda: other.retrieve(box, headers=carry(token)).rsc == 4103)
        assert "out of date" in other.retrieve(box, headers=carry(token)).debug


def test_a_list_that_cannot_be_read(tmp_path):
    """Without anchors of TLS only issuers have a use for it: they stay as they were, and the log says just that"""
    signer = Signer(tmp_path, NAME, cert_maker.uri(f"m2m:{NAME}"))
    signer.add(tmp_path / "data")
    crl = tmp_path / "list.crl"
    crl.write_bytes(b"no list\n")
    broken = Server(tmp_path / "data", "--tls-crl", str(crl))
    with pytest.raises(AssertionError, match="certificate revocation list 1 cannot be read"):
        broken.start()
    broken.kill()
    crl.write_bytes(cert_maker.pem(signer.root.crl()))
    with Server(tmp_path / "data", "--tls-crl", str(crl), *READER) as server:
        admin = Client(server.url)
        other = admin.register("Cother")
        box = admin.create("cse-in", "cnt", rn="box")["ri"]
        opens(other, box, signer.speaks("Cother", box))
        crl.write_bytes(b"no list\n")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "issuers of tokens stay as they were" in server.log())
        assert "nothing is reloaded" not in server.log() and "are reloaded" not in server.log()
        opens(other, box, signer.speaks("Cother", box))


def test_another_anchor(tmp_path):
    """SEC-TOK-23: an issuer that is removed, and comes back with other anchors"""
    signer = Signer(tmp_path, NAME, cert_maker.uri(f"m2m:{NAME}"))
    signer.add(tmp_path / "data")
    with Server(tmp_path / "data", *READER) as server:
        admin = Client(server.url)
        other = admin.register("Cother")
        box = admin.create("cse-in", "cnt", rn="box")["ri"]
        token = signer.speaks("Cother", box)
        opens(other, box, token)
        signer.remove(tmp_path / "data")
        signer.root = cert_maker.Authority("root", permits=[cert_maker.uri("merlon.example")])
        signer.add(tmp_path / "data")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "are reloaded" in server.log())
        answer = other.retrieve(box, headers=carry(token))
        assert answer.rsc == 4103 and "does not lead to" in answer.debug
        opens(other, box, signer.speaks("Cother", box, signer.root.leaf(*signer.names, key=signer.secret)))


# ---- commands ----


def test_anchors_that_are_none(tmp_path):
    """`issuer add` looks at them at once"""
    leaf = cert_maker.Authority("root").leaf(cert_maker.uri(f"m2m:{NAME}"))
    p384 = cert_maker.Authority("root", key=cert_maker.p384())
    anchor = tmp_path / "anchor.pem"
    words = ["issuer", "--data", str(tmp_path / "data"), "--fqdn", "d.merlon.example", "--anchor", str(anchor),
             "--allow", "ES256", "add"]
    for content, name, why in [(leaf, NAME, "trust anchor 1"), (p384.cert, NAME, "trust anchor 1"),
                               (cert_maker.Authority("root").cert, "Scert", "absolute")]:
        anchor.write_bytes(cert_maker.pem(content))
        done = run(*words, name)
        assert done.returncode == 2 and why in done.stderr, done
    anchor.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    done = run(*words, NAME)
    assert done.returncode == 2 and "not sound DER" in done.stderr, done


def test_the_command_verifies(cast, tmp_path):
    """`token verify`: as of a time, with lists, certificates of CSEs below the IN-CSE"""
    def verify(token, *words):
        done = run("token", "verify", "--data", str(cast.data), *map(str, words), token)
        return done.returncode, done.stderr

    box = "Cbox"
    token = cast.ae.speaks("Cx", box, exp=int(time.time()) + 90 * 86400)
    assert verify(token) == (0, "")
    code, said = verify(token, "--at", (cert_maker.NOW + 31 * cert_maker.DAY).strftime("%Y%m%dT%H%M%S"))
    assert code == 1 and "has expired" in said
    crl = tmp_path / "list"
    crl.write_bytes(cert_maker.pem(cast.ae.root.crl()))
    assert verify(token, "--crl", crl) == (0, "")
    crl.write_bytes(cert_maker.pem(cast.ae.root.crl(cast.ae.leaf)))
    code, said = verify(token, "--crl", crl)
    assert code == 1 and "is revoked" in said
    token = cast.cse.speaks("Cx", box)
    assert verify(token, "--in-cse-id", "//merlon.example/id-in") == (0, "")
    code, said = verify(token)
    assert code == 1 and "flavour" in said


def test_issued_and_verified(tmp_path):
    """A token by `token issue --chain`, with a certificate and a key of the small authority"""
    data, ca, das = (str(tmp_path / name) for name in ("data", "ca", "das"))
    holder = "//merlon.example/id-in/Cx"
    issue = ["token", "issue", "--key-file", das + ".key", "--chain", das + ".pem", "--id", "@das.merlon.example",
             "--issuer", NAME, "--holder", holder, "--role", "r@merlon.example"]
    for words in (["cert", "ca", "--ca", ca, "--sp-id", "//merlon.example"],
                  ["cert", "issue", "--ca", ca, "--ae-id", NAME, "--out", das],
                  ["issuer", "add", NAME, "--data", data, "--fqdn", "das.merlon.example", "--allow", "ES256",
                   "--anchor", ca + "/ca.pem"]):
        done = run(*words)
        assert done.returncode == 0, done
    done = run(*issue)
    assert done.returncode == 0, done
    token = done.stdout.strip()
    head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert head["alg"] == "ES256" and len(head["x5c"]) >= 1
    leaf = cert_maker.x509.load_der_x509_certificate(base64.b64decode(head["x5c"][0]))
    opened = jws.JWS()
    opened.deserialize(token, jwk.JWK.from_pyca(leaf.public_key()))
    assert json.loads(opened.payload)["azp"] == holder
    done = run("token", "verify", "--data", data, token)
    assert done.returncode == 0 and json.loads(done.stdout)["tkis"] == NAME, done


def test_keys_in_pem(tmp_path):
    """Those that sign, on a curve or of RSA; others are refused and shown nowhere"""
    path = tmp_path / "key.pem"

    def issue(content):
        path.write_bytes(content)
        path.chmod(0o600)
        done = run("token", "issue", "--key-file", str(path), "--id", "@das.merlon.example", "--issuer", NAME,
                   "--holder", "//merlon.example/Sx", "--role", "r@merlon.example")
        assert content.splitlines()[1].decode() not in done.stdout + done.stderr
        return done

    curves = cert_maker.ec
    for curve, alg in ((curves.SECP256R1(), "ES256"), (curves.SECP384R1(), "ES384"), (curves.SECP521R1(), "ES512")):
        for _ in range(10):  # numbers that begin with zeros, sooner or later
            key = curves.generate_private_key(curve)
            done = issue(cert_maker.key_pem(key))
            assert done.returncode == 0, done
            opened = jws.JWS()
            opened.allowed_algs = [alg]
            opened.deserialize(done.stdout.strip(), jwk.JWK.from_pyca(key.public_key()))
    form = cert_maker.serialization
    sealed = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"pass"))
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    rsa = cert_maker.rsa2048()
    done = issue(cert_maker.key_pem(rsa))
    assert done.returncode == 0, done
    jws.JWS().deserialize(done.stdout.strip(), jwk.JWK.from_pyca(rsa.public_key()))
    for content, why in ((sealed, "no key on P-256"), (public, "does not sign"),
                         (b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n", "no key on P-256"),
                         (cert_maker.key_pem(curves.generate_private_key(curves.SECP256K1())), "no key on P-256")):
        done = issue(content)
        assert done.returncode == 2 and why in done.stderr, done
