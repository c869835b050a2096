"""`merlon cert`: certificates by the profile of TS-0003 10.1, judged against those that python3-cryptography and
openssl make. Each row of a table is a certificate and what must become of it."""

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from lib.cert_maker import (DAY, NOW, PROVIDER, Authority, address, der, device, device_relative, dns, hardware_module,
                            key_pem, network, oid, openssl, p256, p384, pem, raw_dns, raw_names, raw_uri, rsa2048, uri,
                            usage, with_openssl_key)

PERMITS = [dns("sp.example"), dns("localhost"), uri("sp.example"), uri("urn:dev:ops:32473"), oid("1.3.6.1.4.1.32473"),
           device("100"), network("127.0.0.0/8")]


@pytest.fixture(scope="module")
def root():
    return Authority("root", permits=PERMITS, path_length=0)


class Verifier:
    def __init__(self, command, folder):
        self.command = command
        self.folder = folder

    def write(self, name, *things):
        path = self.folder / name
        path.write_bytes(pem(*things))
        return path

    def __call__(self, leaf, *anchors, chain=(), crls=(), words=(), code=None):
        """(name of the reason, everything it said)"""
        options = ["--anchor", self.write("anchors.pem", *[a.cert for a in anchors])]
        if chain:
            options += ["--chain", self.write("chain.pem", *[c.cert for c in chain])]
        if crls:
            options += ["--crl", self.write("crls.pem", *crls)]
        done = self.command("cert", "verify", self.write("leaf.pem", leaf), *options, *PROVIDER, *words)
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
            return None, done.stderr
        assert done.returncode in (0, 1), done.stderr
        reason = done.stdout.split(":")[0].strip()
        assert (reason == "OK") == (done.returncode == 0), done.stdout + done.stderr
        return reason, done.stdout

    def show(self, leaf):
        done = self.command("cert", "show", self.write("leaf.pem", leaf), *PROVIDER, code=0)
        return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.fixture
def verify(alone, tmp_path):
    return Verifier(alone, tmp_path)


# ---- whom a certificate names ----

IDENTITIES = [  # names, flavour, member, value, Credential-ID
    ([uri("m2m://sp.example/S123")], "AE-ID", "ae-id", "//sp.example/S123", "33-//sp.example/S123"),
    ([uri("//sp.example/S123")], "AE-ID", "ae-id", "//sp.example/S123", "33-//sp.example/S123"),
    ([uri("https://sp.example/S123")], "AE-ID", "ae-id", "//sp.example/S123", "33-//sp.example/S123"),
    ([uri("m2m://SP.Example/S123")], "AE-ID", "ae-id", "//sp.example/S123", "33-//sp.example/S123"),
    ([uri("m2m://sp.example/in-cse/Cab1")], "AE-ID", "ae-id", "//sp.example/in-cse/Cab1",
     "33-//sp.example/in-cse/Cab1"),
    ([dns("in-cse.sp.example")], "CSE-ID", "cse-id", "//sp.example/in-cse", "32-//sp.example/in-cse"),
    ([dns("mn-1.in-cse.sp.example")], "CSE-ID", "cse-id", "//sp.example/mn-1", "32-//sp.example/mn-1"),
    ([dns("IN-CSE.SP.example")], "CSE-ID", "cse-id", "//sp.example/in-cse", "32-//sp.example/in-cse"),
    ([dns("in-cse.sp.example"), dns("localhost"), address("127.0.0.1")], "CSE-ID", "cse-id",
     "//sp.example/in-cse", "32-//sp.example/in-cse"),
    ([uri("urn:dev:ops:32473:1")], "Node-ID", "node-id", "urn:dev:ops:32473:1", "34-urn:dev:ops:32473:1"),
    ([oid("1.3.6.1.4.1.32473.7")], "Node-ID", "node-id", "1.3.6.1.4.1.32473.7", "34-1.3.6.1.4.1.32473.7"),
    ([device("100.3030.10011")], "device", "device", "0.2.481.1.100.3030.10011", "31-0.2.481.1.100.3030.10011"),
    ([device_relative(100, 3030, 10011)], "device", "device", "0.2.481.1.100.3030.10011",
     "31-0.2.481.1.100.3030.10011"),
    ([device_relative(100, 3030, 10011, 5)], "device", "device", "0.2.481.1.100.3030.10011.5",
     "31-0.2.481.1.100.3030.10011.5"),
    ([dns("maf.sp.example")], "FQDN", "domain", "maf.sp.example", None),
    ([dns("maf.sp.example"), dns("mef.sp.example")], "FQDN", "domain", "maf.sp.example", None),
    ([dns("a.mn-1.in-cse.sp.example")], "FQDN", "domain", "a.mn-1.in-cse.sp.example", None),
    ([dns("mn-1.other.sp.example")], "FQDN", "domain", "mn-1.other.sp.example", None),
    ([x509.RFC822Name("a@sp.example"), uri("m2m://sp.example/S1")], "AE-ID", "ae-id", "//sp.example/S1",
     "33-//sp.example/S1"),
]


@pytest.mark.parametrize("row", IDENTITIES, ids=lambda r: f"{r[1]}-{r[3]}")
def test_identities_and_credential_ids(verify, root, row):
    """SEC-CRT-01, SEC-CRT-08, SEC-CRT-09, SEC-IDN-07"""
    names, flavour, member, value, credential = row
    leaf = root.leaf(*names)
    assert verify(leaf, root) == ("OK", "OK\n")
    shown = verify.show(leaf)
    assert (shown["flavour"], shown[member], shown.get("credential-id")) == (flavour, value, credential)


def test_a_device_may_have_several_identifiers(verify):
    """SEC-CRT-09: the first is that of the Credential-ID; each is a match."""
    maker = Authority("devices")
    leaf = maker.leaf(device("100.3030.1"), device("100.3030.2"))
    assert verify.show(leaf)["credential-id"] == "31-0.2.481.1.100.3030.1"
    for arcs, reason in (("1", "OK"), ("2", "OK"), ("3", "MISMATCH")):
        assert verify(leaf, maker, words=["--device", f"0.2.481.1:100.3030.{arcs}"])[0] == reason


def test_hardware_modules_of_802_1ar(verify):
    """SEC-IDN-07"""
    maker = Authority("devices")
    leaf = maker.leaf(hardware_module(b"\x2b\x06\x01\x04\x01\x81\xfd\x59", b"\x0b\xad\xf0\x0d"))
    assert verify(leaf, maker)[0] == "OK"
    assert verify.show(leaf)["credential-id"] == "31-1.3.6.1.4.1.32473-0badf00d"


BAD_NAMES = [  # what, subjectAltName, reason
    ("common name only", None, "NO_SAN"),
    ("nothing known", [x509.RFC822Name("a@sp.example")], "NO_IDENTITY"),
    ("address only", [address("127.0.0.1")], "NO_IDENTITY"),
    ("empty list", raw_names(), "NO_IDENTITY"),
    ("wildcard domain", [dns("*.sp.example")], "WILDCARD"),
    ("wildcard within", [dns("in-*.sp.example")], "WILDCARD"),
    ("wildcard AE", [uri("m2m://sp.example/S*")], "WILDCARD"),
    ("wildcard host", [uri("m2m://*.sp.example/S1")], "WILDCARD"),
    ("wildcard node", [uri("urn:dev:ops:32473:*")], "WILDCARD"),
    ("AE and CSE", [uri("m2m://sp.example/S1"), dns("in-cse.sp.example")], "SEVERAL_IDENTITIES"),
    ("AE and server", [uri("m2m://sp.example/S1"), dns("localhost")], "SEVERAL_IDENTITIES"),
    ("two AEs", [uri("m2m://sp.example/S1"), uri("m2m://sp.example/S2")], "SEVERAL_IDENTITIES"),
    ("one AE twice", [uri("m2m://sp.example/S1"), uri("//sp.example/S1")], "SEVERAL_IDENTITIES"),
    ("two CSEs", [dns("in-cse.sp.example"), dns("mn.in-cse.sp.example")], "SEVERAL_IDENTITIES"),
    ("AE and node", [uri("m2m://sp.example/S1"), uri("urn:dev:ops:32473:1")], "SEVERAL_IDENTITIES"),
    ("AE and device", [uri("m2m://sp.example/S1"), device("100.1.1")], "SEVERAL_IDENTITIES"),
    ("node and device", [oid("1.3.6.1.4.1.32473.1"), device("100.1.1")], "SEVERAL_IDENTITIES"),
    ("two nodes", [oid("1.3.6.1.4.1.32473.1"), oid("1.3.6.1.4.1.32473.2")], "SEVERAL_IDENTITIES"),
    ("nine device identifiers", [device(f"100.1.{n}") for n in range(9)], "SEVERAL_IDENTITIES"),
    ("65 names", [dns(f"a{n}.sp.example") for n in range(65)], "SEVERAL_IDENTITIES"),
    ("NUL in domain", raw_names(raw_dns(b"in-cse.sp.example\0.evil.example")), "NAME_SYNTAX"),
    ("NUL at the end", raw_names(raw_dns(b"in-cse.sp.example\0")), "NAME_SYNTAX"),
    ("NUL in AE-ID", raw_names(raw_uri(b"m2m://sp.example/S1\0x")), "NAME_SYNTAX"),
    ("NUL in host", raw_names(raw_uri(b"m2m://sp.example\0.evil.example/S1")), "NAME_SYNTAX"),
    ("NUL in URN", raw_names(raw_uri(b"urn:dev:ops:32473:\0x")), "NAME_SYNTAX"),
    ("UTF-8 in domain", raw_names(raw_dns("in-c\u0455e.sp.example".encode())), "NAME_SYNTAX"),
    ("Kelvin sign", raw_names(raw_uri("m2m://sp.example/S\u212a".encode())), "NAME_SYNTAX"),
    ("Latin-1 in domain", raw_names(raw_dns(b"in-cs\xe9.sp.example")), "NAME_SYNTAX"),
    ("full stop of Unicode", raw_names(raw_dns("in-cse\u3002sp.example".encode())), "NAME_SYNTAX"),
    ("trailing dot", raw_names(raw_dns(b"in-cse.sp.example.")), "NAME_SYNTAX"),
    ("trailing dot in host", raw_names(raw_uri(b"m2m://sp.example./S1")), "NAME_SYNTAX"),
    ("leading dot", raw_names(raw_dns(b".sp.example")), "NAME_SYNTAX"),
    ("empty label", raw_names(raw_dns(b"in-cse..sp.example")), "NAME_SYNTAX"),
    ("empty domain", raw_names(raw_dns(b"")), "NAME_SYNTAX"),
    ("blank in domain", raw_names(raw_dns(b"in-cse.sp.example ")), "NAME_SYNTAX"),
    ("line break in domain", raw_names(raw_dns(b"in-cse.sp.example\n")), "NAME_SYNTAX"),
    ("long label", [dns("a" * 64 + ".sp.example")], "NAME_SYNTAX"),
    ("long domain", [dns("abcdefg." * 32 + "sp.example")], "NAME_SYNTAX"),
    ("hyphen first", [dns("-a.sp.example")], "NAME_SYNTAX"),
    ("underscore", [dns("a_b.sp.example")], "NAME_SYNTAX"),
    ("address as domain", [dns("127.0.0.1")], "NAME_SYNTAX"),
    ("percent in AE-ID", [uri("m2m://sp.example/S%31")], "NAME_SYNTAX"),
    ("user in AE-ID", [uri("m2m://x@sp.example/S1")], "NAME_SYNTAX"),
    ("port in AE-ID", [uri("m2m://sp.example:443/S1")], "NAME_SYNTAX"),
    ("query in AE-ID", [uri("m2m://sp.example/S1?x")], "NAME_SYNTAX"),
    ("fragment in AE-ID", [uri("m2m://sp.example/S1#x")], "NAME_SYNTAX"),
    ("address in AE-ID", [uri("m2m://127.0.0.1/S1")], "NAME_SYNTAX"),
    ("slash at the end", [uri("m2m://sp.example/S1/")], "NAME_SYNTAX"),
    ("dots in AE-ID", [uri("m2m://sp.example/../S1")], "NAME_SYNTAX"),
    ("S below a CSE", [uri("m2m://sp.example/in-cse/S1")], "NAME_SYNTAX"),
    ("C without a CSE", [uri("m2m://sp.example/C1")], "NAME_SYNTAX"),
    ("small stem", [uri("m2m://sp.example/s1")], "NAME_SYNTAX"),
    ("stem of one letter", [uri("m2m://sp.example/S")], "NAME_SYNTAX"),
    ("no stem", [uri("m2m://sp.example/")], "NAME_SYNTAX"),
    ("relative AE-ID", [uri("/S123")], "NAME_SYNTAX"),
    ("no authority", [uri("m2m:sp.example/S1")], "NAME_SYNTAX"),
    ("bad scheme", [uri("1m://sp.example/S1")], "NAME_SYNTAX"),
    ("locator", [uri("http://sp.example/index.html")], "NAME_SYNTAX"),
    ("capital URN", [uri("URN:dev:ops:32473:1")], "NAME_SYNTAX"),
    ("capital space of URN", [uri("urn:DEV:ops:32473:1")], "NAME_SYNTAX"),
    ("URN without a name", [uri("urn:dev:")], "NAME_SYNTAX"),
    ("two arcs of a device", [device("100.3030")], "NO_IDENTITY"),
    ("leading zero in an arc", [device("100.3030.010")], "NO_IDENTITY"),
    ("letters in an arc", [device("100.3030.x")], "NO_IDENTITY"),
    ("33 arcs", [device(".".join(["1"] * 33))], "NO_IDENTITY"),
    ("superfluous digit", [x509.OtherName(ObjectIdentifier("0.2.481.1"), der(13, b"\x80\x64\x01\x01"))],
     "NO_IDENTITY"),
    ("cut arc", [x509.OtherName(ObjectIdentifier("0.2.481.1"), der(13, b"\x64\x01\x81"))], "NO_IDENTITY"),
    ("user principal name", [x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), der(12, b"a@b.example"))],
     "NO_IDENTITY"),
    ("bytes behind the names", x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid,
                                                          der(0x30, raw_dns(b"in-cse.sp.example")) + b"\0"),
     "EXTENSION"),
    ("no list", x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"in-cse.sp.example"), "EXTENSION"),
]


@pytest.mark.parametrize("what,san,reason", BAD_NAMES, ids=[r[0] for r in BAD_NAMES])
def test_names_that_are_refused(verify, what, san, reason):
    """SEC-CRT-02; the authority may certify anything, so that only the names are at fault."""
    anybody = Authority("anybody")
    leaf = anybody.leaf(*san) if isinstance(san, list) else anybody.leaf(san=san, name="in-cse.sp.example")
    said, text = verify(leaf, anybody)
    assert said == reason, f"{what}: {text}"
    lint = verify.command("cert", "lint", verify.folder / "leaf.pem", *PROVIDER, code=1).stdout
    assert f": {reason}: " in lint


EXPECTED = [  # names, options, reason
    ([uri("m2m://sp.example/S1")], ["--ae-id", "//sp.example/S1"], "OK"),
    ([uri("m2m://sp.example/S1")], ["--ae-id", "//SP.EXAMPLE/S1"], "OK"),
    ([uri("m2m://sp.example/S1")], ["--ae-id", "//sp.example/S11"], "MISMATCH"),
    ([uri("m2m://sp.example/Sab")], ["--ae-id", "//sp.example/SAB"], "MISMATCH"),
    ([uri("m2m://sp.example/S1")], ["--flavour", "cse-id"], "FLAVOUR"),
    ([uri("m2m://sp.example/S1")], ["--flavour", "cse-id", "--flavour", "device"], "FLAVOUR"),
    ([uri("m2m://sp.example/S1")], ["--flavour", "ae-id"], "OK"),
    ([uri("m2m://sp.example/S1")], ["--cse-id", "//sp.example/S1"], "MISMATCH"),
    ([dns("in-cse.sp.example")], ["--cse-id", "//sp.example/in-cse"], "OK"),
    ([dns("in-cse.sp.example")], ["--cse-id", "//sp.example/mn-1"], "MISMATCH"),
    ([dns("mn-1.in-cse.sp.example")], ["--cse-id", "//sp.example/mn-1"], "OK"),
    ([dns("in-cse.sp.example")], ["--cse-id", "//sp.example/a_b"], "MISMATCH"),
    ([dns("in-cse.sp.example")], ["--flavour", "fqdn"], "FLAVOUR"),
    ([dns("in-cse.sp.example"), dns("localhost")], ["--server", "localhost"], "OK"),
    ([dns("in-cse.sp.example"), dns("localhost")], ["--server", "sp.example"], "MISMATCH"),
    ([dns("maf.sp.example")], ["--server", "maf.sp.example", "--flavour", "fqdn"], "OK"),
    ([dns("maf.sp.example")], ["--server", "MAF.sp.example"], "OK"),
    ([dns("maf.sp.example")], ["--server", "maf.sp.example."], "MISMATCH"),
    ([dns("maf.sp.example")], ["--server", "mef.sp.example"], "MISMATCH"),
    ([dns("maf.sp.example")], ["--flavour", "cse-id"], "FLAVOUR"),
    ([address("127.0.0.1")], ["--server", "127.0.0.1"], "OK"),
    ([address("127.0.0.1")], ["--server", "127.0.0.2"], "NO_IDENTITY"),
    ([address("127.0.0.1")], ["--server", "127.0.0.1", "--flavour", "cse-id"], "NO_IDENTITY"),
    ([uri("urn:dev:ops:32473:1")], ["--node-id", "urn:dev:ops:32473:1"], "OK"),
    ([uri("urn:dev:ops:32473:a")], ["--node-id", "urn:dev:ops:32473:A"], "MISMATCH"),
    ([oid("1.3.6.1.4.1.32473.7")], ["--node-id", "1.3.6.1.4.1.32473.7"], "OK"),
    ([oid("1.3.6.1.4.1.32473.7")], ["--node-id", "1.3.6.1.4.1.32473.70"], "MISMATCH"),
    ([device("100.1.2")], ["--device", "0.2.481.1:100.1.2"], "OK"),
    ([device("100.1.2")], ["--device", "0.2.481.1:100.1.20"], "MISMATCH"),
    ([device("100.1.2")], ["--ae-id", "//sp.example/S1"], "MISMATCH"),
]


@pytest.mark.parametrize("names,words,reason", EXPECTED, ids=lambda v: str(v[-1]) if isinstance(v, list) else v)
def test_the_expected_entity(verify, root, names, words, reason):
    """SEC-CRT-01, SEC-CRT-02: exact match with the configured identity, and only flavours that are accepted."""
    said, text = verify(root.leaf(*names), root, words=words)
    assert said == reason, text


# ---- the profile ----

AE = uri("m2m://sp.example/S1")

PROFILE = [  # what, how the leaf is made, reason
    ("in order", {}, "OK"),
    ("P-384", {"key": p384}, "KEY_TYPE"),
    ("RSA", {"key": rsa2048}, "KEY_TYPE"),
    ("SHA-384", {"digest": hashes.SHA384()}, "SIGNATURE_TYPE"),
    ("no keyUsage", {"key_usage": None}, "KEY_USAGE"),
    ("keyAgreement only", {"key_usage": usage("key_agreement")}, "KEY_USAGE"),
    ("expired", {"start": NOW - 3 * DAY, "end": NOW - DAY}, "EXPIRED"),
    ("not yet valid", {"start": NOW + DAY}, "NOT_YET_VALID"),
    ("code signing only", {"purposes": [ExtendedKeyUsageOID.CODE_SIGNING]}, "EXTENDED_KEY_USAGE"),
    ("server only, as client", {"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, "EXTENDED_KEY_USAGE"),
    ("client only", {"purposes": [ExtendedKeyUsageOID.CLIENT_AUTH]}, "OK"),
    ("no extendedKeyUsage", {"purposes": None}, "OK"),
    ("a CA", {"is_ca": True, "key_usage": usage("digital_signature", "key_cert_sign")}, "LEAF_IS_CA"),
    ("unknown critical extension",
     {"more": [(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0"), True)]}, "EXTENSION"),
    ("unknown extension",
     {"more": [(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0"), False)]}, "OK"),
    ("33 extensions",
     {"more": [(x509.UnrecognizedExtension(ObjectIdentifier(f"1.3.6.1.4.1.32473.{n}"), b"\5\0"), False)
               for n in range(30)]}, "EXTENSION"),
]


@pytest.mark.parametrize("what,how,reason", PROFILE, ids=[r[0] for r in PROFILE])
def test_the_profile(verify, root, what, how, reason):
    """SEC-CRT-05"""
    how = {name: value() if name == "key" else value for name, value in how.items()}
    said, text = verify(root.leaf(AE, **how), root)
    assert said == reason, f"{what}: {text}"
    lint = verify.command("cert", "lint", verify.folder / "leaf.pem")
    on_its_own = reason not in ("OK", "EXPIRED", "NOT_YET_VALID", "LEAF_IS_CA") and what != "server only, as client"
    assert lint.returncode == (1 if on_its_own or reason == "LEAF_IS_CA" else 0), lint.stdout


def test_sha1_signature(verify, tmp_path, root):
    """SEC-CRT-05; python3-cryptography signs no more with SHA-1, openssl does"""
    good = with_openssl_key(tmp_path, root, "URI:m2m://sp.example/S1")
    assert verify(good, root)[0] == "OK"
    openssl("x509", "-req", "-in", tmp_path / "odd.csr", "-CA", tmp_path / "ca.pem", "-CAkey", tmp_path / "ca.key",
            "-extfile", tmp_path / "ext", "-sha1", "-out", tmp_path / "sha1.pem")
    assert verify((tmp_path / "sha1.pem").read_bytes(), root)[0] == "SIGNATURE_TYPE"


@pytest.mark.parametrize("form,reason", [("-conv_form=compressed", "KEY_POINT"), ("-conv_form=hybrid", "KEY_POINT"),
                                         ("-param_enc=explicit", "KEY_TYPE")])
def test_other_forms_of_the_key(verify, tmp_path, root, form, reason):
    """SEC-CRT-05: uncompressed point, curve by name"""
    odd = with_openssl_key(tmp_path, root, "URI:m2m://sp.example/S1", *form.split("="))
    assert verify(odd, root)[0] == reason


def test_version_1(verify, tmp_path, root):
    (tmp_path / "k").write_bytes(key_pem(p256()))
    (tmp_path / "ca.pem").write_bytes(pem(root.cert))
    (tmp_path / "ca.key").write_bytes(key_pem(root.key))
    csr = openssl("req", "-new", "-key", tmp_path / "k", "-subj", "/CN=in-cse.sp.example")
    openssl("x509", "-req", "-CA", tmp_path / "ca.pem", "-CAkey", tmp_path / "ca.key", "-out", tmp_path / "v1.pem",
            stdin=csr.encode())
    assert verify((tmp_path / "v1.pem").read_bytes(), root)[0] == "VERSION"


def test_repeated_extension(verify, root):
    """Two subjectAltNames: which one counts would depend on the reader."""
    leaf = root.leaf(AE, dns("in-cse.sp.example"))
    raw = leaf.public_bytes(serialization.Encoding.DER)
    # a keyUsage extension of the same bytes takes the place of basicConstraints: 2.5.29.19 -> 2.5.29.15
    changed = raw.replace(b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x0f")
    assert changed != raw
    path = verify.folder / "double.der"
    path.write_bytes(changed)
    done = verify.command("cert", "verify", path, "--anchor", verify.write("a.pem", root.cert), code=1)
    assert done.stdout.startswith("EXTENSION: ")


# ---- the path ----


def test_paths(verify):
    """SEC-CRT-05, SEC-CRT-06"""
    top = Authority("top", permits=PERMITS)
    middle = Authority("middle", top, permits=PERMITS)
    low = Authority("low", middle, permits=PERMITS)
    stranger = Authority("top", permits=PERMITS)
    leaf = low.leaf(AE)
    assert verify(leaf, top, chain=[low, middle])[0] == "OK"
    assert verify(leaf, top, chain=[middle, low])[0] == "OK"
    assert verify(leaf, stranger, top, chain=[low, middle])[0] == "OK"
    assert verify(leaf, top, chain=[middle])[0] == "NO_ANCHOR"
    assert verify(leaf, top)[0] == "NO_ANCHOR"
    assert verify(leaf, stranger, chain=[low, middle])[0] in ("NO_ANCHOR", "SIGNATURE")
    assert verify(leaf, low)[0] == "OK"  # an anchor need not be signed by itself
    assert verify(leaf, stranger, chain=[low, middle, top])[0] in ("NO_ANCHOR", "SIGNATURE")


def test_the_leaf_is_no_anchor(verify, root):
    leaf = root.leaf(AE)
    done = verify.command("cert", "verify", verify.write("leaf.pem", leaf), "--anchor", verify.write("a.pem", leaf),
                          code=2)
    assert "trust anchor 1" in done.stderr


def test_the_systems_store_is_not_consulted(verify, root):
    """SEC-CRT-06"""
    stranger = Authority("root", permits=PERMITS)
    verify.command.set(SSL_CERT_FILE=str(verify.write("system.pem", root.cert)))
    assert verify(root.leaf(AE), stranger)[0] in ("NO_ANCHOR", "SIGNATURE")
    done = verify.command("cert", "verify", verify.folder / "leaf.pem", code=2)
    assert "nobody is trusted otherwise" in done.stderr


AUTHORITIES = [  # what, how the middle one is made, reason
    ("in order", {}, "OK"),
    ("P-384", {"key": p384}, "KEY_TYPE"),
    ("not a CA", {"is_ca": False}, "NOT_A_CA"),
    ("no keyUsage", {"key_usage": None}, "NOT_A_CA"),
    ("no keyCertSign", {"key_usage": usage("digital_signature", "crl_sign")}, "NOT_A_CA"),
    ("no digitalSignature", {"key_usage": usage("key_cert_sign", "crl_sign")}, "OK"),
    ("expired", {"start": NOW - 3 * DAY, "end": NOW - DAY}, "EXPIRED"),
    ("not yet valid", {"start": NOW + DAY}, "NOT_YET_VALID"),
    ("SHA-512", {"digest": hashes.SHA512()}, "SIGNATURE_TYPE"),
]


@pytest.mark.parametrize("what,how,reason", AUTHORITIES, ids=[r[0] for r in AUTHORITIES])
def test_authorities_on_the_path(verify, what, how, reason):
    """SEC-CRT-05: the profile holds for all certificates of the chain"""
    how = {name: value() if name == "key" else value for name, value in how.items()}
    top = Authority("top", permits=PERMITS)
    middle = Authority("middle", top, permits=PERMITS, **how)
    said, text = verify(middle.leaf(AE), top, chain=[middle])
    assert said == reason, f"{what}: {text}"
    if reason != "OK":
        assert "certificate 1 (CN=middle)" in text


def test_strict_asks_for_digital_signature_of_authorities(verify):
    top = Authority("top", permits=PERMITS, key_usage=usage("key_cert_sign", "crl_sign"))
    assert verify(top.leaf(AE), top)[0] == "OK"
    assert verify(top.leaf(AE), top, words=["--strict"])[0] == "KEY_USAGE"


def test_path_lengths(verify):
    top = Authority("top", permits=PERMITS, path_length=0)
    middle = Authority("middle", top, permits=PERMITS)
    assert verify(middle.leaf(AE), top, chain=[middle])[0] == "PATH_LENGTH"
    chain = [Authority("a0", permits=PERMITS)]
    for n in range(5):
        chain.append(Authority(f"a{n + 1}", chain[-1], permits=PERMITS))
    assert verify(chain[4].leaf(AE), chain[0], chain=chain[1:5])[0] == "OK"
    assert verify(chain[5].leaf(AE), chain[0], chain=chain[1:])[0] in ("CHAIN_LENGTH", "NO_ANCHOR")


POLICIES = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.3.6.1.4.1.32473.1"), None)])


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize("of_authority, of_leaf, reason", [
    ([], [], "OK"),
    ([POLICIES], [], "OK"),
    ([], [POLICIES], "OK"),
    ([POLICIES, x509.InhibitAnyPolicy(0)], [POLICIES], "OK"),
    ([POLICIES, x509.PolicyConstraints(0, None)], [POLICIES], "POLICIES"),
    ([x509.PolicyConstraints(0, None)], [], "POLICIES"),
    ([], [x509.PolicyConstraints(None, 0)], "POLICIES"),
])
def test_policies_of_the_path(verify, of_authority, of_leaf, reason, critical):
    """RFC 5280 6.1: whether the path has the policies that it must have is not looked at, so none may be demanded."""
    top = Authority("top")
    middle = Authority("middle", issuer=top, permits=PERMITS)
    usages = [(x509.BasicConstraints(ca=True, path_length=0), True),
              (usage("digital_signature", "key_cert_sign", "crl_sign"), True)]
    middle.cert = top.sign(middle.subject, middle.key.public_key(), usages + [(e, critical) for e in of_authority])
    leaf = middle.leaf(uri("m2m://sp.example/S1"), more=[(e, critical) for e in of_leaf])
    assert verify(leaf, top, chain=[middle])[0] == reason


def test_a_leaf_issues_nothing(verify, root):
    key = p256()
    fake = Authority.__new__(Authority)
    fake.key, fake.cert = key, root.leaf(AE, key=key)
    fake.subject = fake.cert.subject
    said, _ = verify(fake.leaf(uri("m2m://sp.example/S2")), root, chain=[fake])
    assert said == "NOT_A_CA"


def test_a_changed_byte(verify, root):
    raw = bytearray(root.leaf(uri("m2m://sp.example/S12345")).public_bytes(serialization.Encoding.DER))
    at = raw.index(b"S12345")
    raw[at + 3] ^= 1
    path = verify.folder / "x.der"
    path.write_bytes(bytes(raw))
    done = verify.command("cert", "verify", path, "--anchor", verify.write("a.pem", root.cert), code=1)
    assert done.stdout.startswith("SIGNATURE: ")


# ---- name constraints ----

CONSTRAINTS = [  # permitted, excluded, names of the leaf, reason
    ([dns("sp.example")], [], [dns("in-cse.sp.example")], "OK"),
    ([dns("sp.example")], [], [dns("in-cse.other.example")], "NAME_CONSTRAINTS"),
    ([dns("sp.example")], [], [dns("in-cse.evilsp.example")], "NAME_CONSTRAINTS"),
    ([dns("sp.example")], [], [dns("in-cse.sp.example"), dns("other.example")], "NAME_CONSTRAINTS"),
    ([], [dns("in-cse.sp.example")], [dns("mn.in-cse.sp.example")], "NAME_CONSTRAINTS"),
    ([uri("sp.example")], [], [uri("m2m://sp.example/S1")], "OK"),
    ([uri("sp.example")], [], [uri("//sp.example/S1")], "OK"),
    ([uri("sp.example")], [], [uri("//SP.Example/S1")], "OK"),
    ([uri("sp.example")], [], [uri("//other.example/S1")], "NAME_CONSTRAINTS"),
    ([uri("sp.example")], [], [uri("m2m://other.example/S1")], "NAME_CONSTRAINTS"),
    ([uri("sp.example")], [], [uri("m2m://a.sp.example/S1")], "NAME_CONSTRAINTS"),
    ([uri(".sp.example")], [], [uri("m2m://a.sp.example/S1")], "OK"),
    ([uri(".sp.example")], [], [uri("m2m://sp.example/S1")], "NAME_CONSTRAINTS"),
    ([uri("sp.example")], [], [uri("urn:dev:ops:32473:1")], "NAME_CONSTRAINTS"),
    ([], [uri("sp.example")], [uri("//sp.example/S1")], "NAME_CONSTRAINTS"),
    ([], [uri("sp.example")], [uri("//other.example/S1")], "OK"),
    ([uri("urn:dev:ops:32473")], [], [uri("urn:dev:ops:32473:1")], "OK"),
    ([uri("urn:dev:ops:32473:")], [], [uri("urn:dev:ops:32473:1")], "OK"),
    ([uri("urn:dev:ops:32473")], [], [uri("urn:dev:ops:324735:1")], "NAME_CONSTRAINTS"),
    ([uri("urn:dev:ops:32473")], [], [uri("m2m://sp.example/S1")], "NAME_CONSTRAINTS"),
    ([oid("1.3.6.1.4.1.32473")], [], [oid("1.3.6.1.4.1.32473.1")], "OK"),
    ([oid("1.3.6.1.4.1.32473")], [], [oid("1.3.6.1.4.1.324735.1")], "NAME_CONSTRAINTS"),
    ([device("100")], [], [device("100.1.2")], "OK"),
    ([device("100")], [], [device_relative(100, 1, 2)], "OK"),
    ([device_relative(100)], [], [device("100.1.2")], "OK"),
    ([device("")], [], [device("7.1.2")], "OK"),
    ([device("100")], [], [device("1000.1.2")], "NAME_CONSTRAINTS"),
    ([device("100")], [], [device("7.1.2")], "NAME_CONSTRAINTS"),
    ([device("100")], [], [device("100.1.2"), device("7.1.2")], "NAME_CONSTRAINTS"),
    ([device("100", ObjectIdentifier("0.2.481.2"))], [], [device("100.1.2")], "NAME_CONSTRAINTS"),
    ([], [device("100.1")], [device("100.1.2")], "NAME_CONSTRAINTS"),
    ([], [device("100.1")], [device("100.2.2")], "OK"),
    ([device("x.y")], [], [device("100.1.2")], "NAME_CONSTRAINTS"),
    ([network("127.0.0.0/8")], [], [address("127.0.0.1"), dns("maf.sp.example")], "OK"),
    ([network("127.0.0.0/8")], [], [address("10.0.0.1"), dns("maf.sp.example")], "NAME_CONSTRAINTS"),
    # what OpenSSL cannot judge hides nothing that it can
    ([device("100"), dns("sp.example")], [], [uri("//sp.example/S1"), x509.RFC822Name("a@b.example")], "OK"),
    ([uri("sp.example"), network("127.0.0.0/8")], [], [uri("//sp.example/S1"), address("10.0.0.1")],
     "NAME_CONSTRAINTS"),
    ([uri("sp.example")], [x509.RFC822Name("b.example")], [uri("//sp.example/S1"), x509.RFC822Name("a@b.example")],
     "NAME_CONSTRAINTS"),
]


@pytest.mark.parametrize("permitted,excluded,names,reason", CONSTRAINTS, ids=range(len(CONSTRAINTS)))
@pytest.mark.parametrize("depth", [1, 2])
def test_name_constraints(verify, permitted, excluded, names, reason, depth):
    """SEC-CRT-03: of the issuer, and of an authority further up"""
    top = Authority("top", permits=permitted, excluded=excluded)
    issuer = Authority("middle", top) if depth == 2 else top
    said, text = verify(issuer.leaf(*names), top, chain=[issuer] if depth == 2 else [])
    assert said == reason, text


def test_constraints_hold_for_authorities_too(verify):
    """SEC-CRT-03: the subjectAltName of an intermediate authority lies outside."""
    top = Authority("top", permits=[dns("sp.example")])
    middle = Authority("middle", top)
    san = x509.SubjectAlternativeName([dns("ca.other.example")])
    middle.cert = top.sign(middle.subject, middle.key.public_key(),
                           [(x509.BasicConstraints(True, None), True), (usage("key_cert_sign"), True), (san, False)])
    said, text = verify(middle.leaf(dns("in-cse.sp.example")), top, chain=[middle])
    assert said == "NAME_CONSTRAINTS" and "certificate 1" in text


STRICT = [  # permits of the authority, names, reason in strict mode
    (None, [AE], "UNCONSTRAINED"),
    ([dns("sp.example")], [AE], "UNCONSTRAINED"),
    ([uri("sp.example")], [AE], "OK"),
    (None, [dns("in-cse.sp.example")], "UNCONSTRAINED"),
    ([uri("sp.example")], [dns("in-cse.sp.example")], "UNCONSTRAINED"),
    ([dns("sp.example")], [dns("in-cse.sp.example")], "OK"),
    ([dns("sp.example")], [dns("maf.sp.example")], "OK"),
    (None, [oid("1.3.6.1.4.1.32473.1")], "UNCONSTRAINED"),
    ([oid("1.3.6.1.4.1.32473")], [oid("1.3.6.1.4.1.32473.1")], "OK"),
    ([uri("urn:dev:ops:32473")], [uri("urn:dev:ops:32473:1")], "OK"),
    (None, [device("100.1.2")], "OK"),
    ([device("100")], [device("100.1.2")], "OK"),
]


@pytest.mark.parametrize("permits,names,reason", STRICT, ids=range(len(STRICT)))
def test_strict_mode_demands_constraints(verify, permits, names, reason):
    """SEC-CRT-04"""
    top = Authority("top", permits=permits)
    assert verify(top.leaf(*names), top)[0] == "OK"
    assert verify(top.leaf(*names), top, words=["--strict"])[0] == reason
    above = Authority("above")
    issuer = Authority("issuer", above, permits=permits)
    assert verify(issuer.leaf(*names), above, chain=[issuer], words=["--strict"])[0] == reason


# ---- revocation ----


def test_revocation_lists(verify, root):
    """SEC-CRT-05, SEC-CRT-10"""
    leaf, other = root.leaf(AE), root.leaf(AE)
    fresh, old = root.crl(other), root.crl(other, start=NOW - 3 * DAY, end=NOW - DAY)
    future = root.crl(start=NOW + DAY, end=NOW + 2 * DAY)
    stranger = Authority("root", permits=PERMITS)
    unknown = "OK: not revoked as far as is known\n"
    rows = [  # lists, hard, soft
        ([fresh], ("OK", "OK\n"), "OK\n"),
        ([root.crl(leaf)], ("REVOKED", None), None),
        ([old], ("STALE_CRL", None), unknown),
        ([future], ("STALE_CRL", None), unknown),
        ([], ("NO_CRL", None), unknown),
        ([Authority("elsewhere").crl()], ("NO_CRL", None), unknown),
        ([root.crl(leaf, start=NOW - 3 * DAY, end=NOW - DAY)], None, None),
        ([root.crl(key=stranger.key)], ("BAD_CRL", None), None),
        ([old, fresh], ("OK", "OK\n"), "OK\n"),
    ]
    for lists, hard, soft in rows:
        said, text = verify(leaf, root, crls=lists, words=["--status", "hard"])
        assert said == (hard or ("STALE_CRL",))[0], text
        said, text = verify(leaf, root, crls=lists, words=["--status", "soft"])
        assert text == soft if soft else said in ("REVOKED", "BAD_CRL"), text
        assert verify(leaf, root, crls=lists)[0] == "OK"


def test_revocation_within_the_path(verify):
    """SEC-CRT-05: an authority below the anchor is revoked; the anchor's own status is not asked."""
    top = Authority("top", permits=PERMITS)
    middle = Authority("middle", top, permits=PERMITS)
    leaf = middle.leaf(AE)
    hard = {"chain": [middle], "words": ["--status", "hard"]}
    assert verify(leaf, top, crls=[top.crl(), middle.crl()], **hard)[0] == "OK"
    assert verify(leaf, top, crls=[top.crl(middle.cert), middle.crl()], **hard)[0] == "REVOKED"
    assert verify(leaf, top, crls=[top.crl()], **hard)[0] == "NO_CRL"
    assert verify(leaf, top, crls=[middle.crl()], **hard)[0] == "NO_CRL"
    assert verify(leaf, middle, crls=[middle.crl()], words=["--status", "hard"])[0] == "OK"


def test_lists_that_cannot_be_used(verify, root):
    leaf = root.leaf(AE)
    for lists, said in (([b"nothing of a list\n"], "list 1 cannot be read"),
                        ([root.crl(digest=hashes.SHA384())], "SHA-256"),
                        ([root.crl(), root.cert], "list 2 cannot be read"),
                        ([root.cert, root.crl()], "list 1 cannot be read"),
                        ([root.crl(), b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"], "list 2")):
        assert said in verify(leaf, root, crls=lists, words=["--status", "hard"], code=2)[1]


def endless_crl(root):
    """A list without nextUpdate, which python3-cryptography refuses to write."""
    algorithm = der(0x30, der(6, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"))
    start = der(0x17, (NOW - DAY).strftime("%y%m%d%H%M%SZ").encode())
    tbs = der(0x30, der(2, b"\1") + algorithm + root.subject.public_bytes() + start)
    signature = root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    bare = der(0x30, tbs + algorithm + der(3, b"\0" + signature))
    return b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(bare) + b"-----END X509 CRL-----\n"


@pytest.mark.parametrize("status", ["hard", "soft"])
def test_a_list_says_until_when_it_holds(verify, root, status):
    """RFC 5280 5.1.2.5: else an old one would do for ever."""
    leaf = root.leaf(AE)
    assert "nextUpdate" in verify(leaf, root, crls=[endless_crl(root)], words=["--status", status], code=2)[1]


def test_lists_in_der(verify, root):
    leaf = root.leaf(AE)
    path = verify.folder / "crl.der"
    path.write_bytes(root.crl(leaf).public_bytes(serialization.Encoding.DER))
    assert verify(leaf, root, words=["--crl", path, "--status", "hard"])[0] == "REVOKED"


def test_lists_in_both_forms_together(verify, root):
    """As a server has them that is given several files."""
    other = Authority("other", permits=PERMITS)
    forms = [root.crl().public_bytes(serialization.Encoding.DER), other.crl().public_bytes(serialization.Encoding.PEM)]
    path = verify.folder / "crl"
    for first, second in (forms, reversed(forms)):
        path.write_bytes(b"\n".join([first, second, b""]))
        words = ["--crl", path, "--status", "hard"]
        assert verify(root.leaf(AE), root, other, words=words)[0] == "OK"
        assert verify(other.leaf(AE), root, other, words=words)[0] == "OK"
        path.write_bytes(b"\n".join([first, second, b"0\x82\1"]))
        assert "list 3 cannot be read" in verify(root.leaf(AE), root, code=2, words=words)[1]


# ---- OCSP ----


def ocsp_answer(root, leaf, *, status=None, this=None, next_update=DAY, signer=None, digest=None, about=None):
    cert, key = signer or (root.cert, root.key)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about or leaf, issuer=root.cert, algorithm=hashes.SHA256(), cert_status=status or ocsp.OCSPCertStatus.GOOD,
        this_update=this or NOW - DAY, next_update=(this or NOW) + next_update if next_update else None,
        revocation_time=NOW - DAY if status == ocsp.OCSPCertStatus.REVOKED else None, revocation_reason=None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, cert)
    if signer:
        builder = builder.certificates([cert])
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_stapled_answers(verify, root):
    leaf, other = root.leaf(AE), root.leaf(AE)
    delegate_key, false_key = p256(), p256()
    delegate = root.leaf(dns("ocsp.sp.example"), key=delegate_key, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    no_delegate = root.leaf(dns("ocsp.sp.example"), key=false_key)
    stranger = Authority("root", permits=PERMITS)
    far = stranger.leaf(dns("ocsp.sp.example"), key=false_key, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    past = root.leaf(dns("ocsp.sp.example"), key=false_key, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING],
                     start=NOW - 3 * DAY, end=NOW - DAY)
    good = ocsp_answer(root, leaf)
    rows = [
        ("by the issuer", good, "OK"),
        ("by a delegate", ocsp_answer(root, leaf, signer=(delegate, delegate_key)), "OK"),
        ("revoked", ocsp_answer(root, leaf, status=ocsp.OCSPCertStatus.REVOKED), "REVOKED"),
        ("unknown", ocsp_answer(root, leaf, status=ocsp.OCSPCertStatus.UNKNOWN), "STAPLE"),
        ("of another certificate", ocsp_answer(root, leaf, about=other), "STAPLE"),
        ("old", ocsp_answer(root, leaf, this=NOW - 3 * DAY), "STAPLE"),
        ("of the future", ocsp_answer(root, leaf, this=NOW + DAY), "STAPLE"),
        ("without an end, two days old", ocsp_answer(root, leaf, this=NOW - 2 * DAY, next_update=None), "STAPLE"),
        ("without an end, new", ocsp_answer(root, leaf, this=NOW - DAY / 4, next_update=None), "OK"),
        ("by one without the purpose", ocsp_answer(root, leaf, signer=(no_delegate, false_key)), "STAPLE"),
        ("by somebody of another root", ocsp_answer(root, leaf, signer=(far, false_key)), "STAPLE"),
        ("by an expired delegate", ocsp_answer(root, leaf, signer=(past, false_key)), "STAPLE"),
        ("with SHA-384", ocsp_answer(root, leaf, digest=hashes.SHA384()), "STAPLE"),
        ("none", b"", "STAPLE"),
        ("cut", good[:-1], "STAPLE"),
        ("with more behind", good + b"\0", "STAPLE"),
        ("an error", ocsp.OCSPResponseBuilder.build_unsuccessful(
            ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(serialization.Encoding.DER), "STAPLE"),
    ]
    path = verify.folder / "staple"
    for what, answer, reason in rows:
        path.write_bytes(answer)
        said, text = verify(leaf, root, words=["--staple", path])
        assert said == reason, f"{what}: {text}"


# ---- the command ----


def test_show(verify, root):
    key = p256()
    leaf = root.leaf(AE, key=key)
    shown = verify.show(leaf)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = base64.urlsafe_b64encode(hashlib.sha256(spki).digest()).decode().rstrip("=")
    assert shown["public-key"] == f"ni:///sha-256;{digest}"
    assert shown["fingerprint"] == leaf.fingerprint(hashes.SHA256()).hex()
    assert int(shown["serial"], 16) == leaf.serial_number
    assert shown["not-after"] == leaf.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert verify.show(root.cert)["flavour"] == "certification authority"


def test_text_of_a_certificate_cannot_move_the_cursor(verify, root):
    shown = verify.command("cert", "show", verify.write("x.pem", root.leaf(AE, name="a\x1b[2Jb\nc: d")), code=0).stdout
    assert "\x1b" not in shown and "c: d" not in [line[:4] for line in shown.splitlines()]
