"""`merlon cert` as a certification authority: what it issues is read and judged by python3-cryptography and openssl."""

import ipaddress
import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from lib.cert_maker import BOTH, PROVIDER, dns, key_pem, openssl, p256, p384, pem, rsa2048, uri
from lib.command import to_be_killed
from lib.program import binary

ROOT = Path(__file__).resolve().parent.parent.parent
AE = uri("m2m://sp.example/S1")


# ---- the authority ----


@pytest.fixture
def lab(alone, tmp_path):
    """Runs `merlon cert` for an authority in tmp_path/lab."""
    def run(word, *words, code=0):
        return alone("cert", word, "--ca", tmp_path / "lab", *words, code=code)
    run("ca", *PROVIDER, "--permit-node", "urn:dev:ops:32473", "--permit-node", "1.3.6.1.4.1.32473",
        "--permit-device", "0.2.481.1:100")
    return run


ISSUED = [
    (["--ae-id", "//sp.example/S1"], "ae-id"),
    (["--ae-id", "//sp.example/in-cse/Cab"], "ae-id"),
    (["--cse-id", "//sp.example/in-cse"], "cse-id"),
    (["--cse-id", "//sp.example/mn-1", "--in-cse-id", "/in-cse"], "cse-id"),
    (["--cse-id", "//sp.example/in-cse", "--server", "localhost", "--server", "127.0.0.1", "--server", "::1"],
     "cse-id"),
    (["--node-id", "urn:dev:ops:32473:1"], "node-id"),
    (["--node-id", "1.3.6.1.4.1.32473.1"], "node-id"),
    (["--device", "0.2.481.1:100.3030.10011"], "device"),
    (["--server", "maf.sp.example"], "fqdn"),
]


def test_what_it_issues_is_of_the_profile(alone, lab, tmp_path):
    """SEC-CRT-11: by our linter, by openssl, and by what python3-cryptography reads"""
    files = []
    for number, (words, flavour) in enumerate(ISSUED):
        out = tmp_path / f"c{number}"
        serial = lab("issue", *words, "--out", out).stdout.split()[0]
        cert = x509.load_pem_x509_certificate((tmp_path / f"c{number}.pem").read_bytes())
        key = serialization.load_pem_private_key((tmp_path / f"c{number}.key").read_bytes(), None)
        assert f"{cert.serial_number:x}" == serial and cert.public_key().public_numbers() == \
            key.public_key().public_numbers()
        assert cert.signature_hash_algorithm.name == "sha256" and key.curve.name == "secp256r1"
        assert cert.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        assert set(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == set(BOTH)
        assert stat.S_IMODE(os.stat(tmp_path / f"c{number}.key").st_mode) == 0o600
        done = alone("cert", "verify", f"{out}.pem", "--anchor", tmp_path / "lab" / "ca.pem", "--strict",
                     "--flavour", flavour, *PROVIDER, code=0)
        assert done.stdout == "OK\n"
        files.append(f"{out}.pem")
    done = alone("cert", "lint", tmp_path / "lab" / "ca.pem", *files, *PROVIDER, code=0)
    assert done.stdout == "0 findings\n"
    for path, (_, flavour) in zip(files, ISSUED):
        said = openssl("verify", "-x509_strict", "-CAfile", tmp_path / "lab" / "ca.pem", path,
                       code=None if flavour in ("node-id", "device") else 0)
        # constraints on these names are beyond openssl, as it says itself
        assert said.endswith("OK\n") or "unsupported" in said


def test_openssl_shows_what_we_wrote(lab, tmp_path):
    lab("issue", "--ae-id", "//sp.example/S1", "--out", tmp_path / "ae")
    text = openssl("x509", "-in", tmp_path / "ae.pem", "-noout", "-text")
    for part in ("Version: 3 (0x2)", "ecdsa-with-SHA256", "ASN1 OID: prime256v1", "URI:m2m://sp.example/S1",
                 "X509v3 Key Usage: critical\n                Digital Signature\n", "CA:FALSE"):
        assert part in text
    text = openssl("x509", "-in", tmp_path / "lab" / "ca.pem", "-noout", "-text")
    for part in ("CA:TRUE, pathlen:0", "X509v3 Name Constraints: critical", "DNS:sp.example", "URI:sp.example"):
        assert part in text


def test_an_unconstrained_authority_is_told_by_lint(alone, tmp_path):
    """SEC-CRT-04, SEC-CRT-11"""
    alone("cert", "ca", "--ca", tmp_path / "free", "--unconstrained", code=0)
    done = alone("cert", "lint", tmp_path / "free" / "ca.pem", code=1)
    assert "UNCONSTRAINED" in done.stdout and done.stdout.endswith("1 findings\n")
    alone("cert", "issue", "--ca", tmp_path / "free", "--device", "0.2.481.1:1.2.3", "--out", tmp_path / "d", code=0)
    assert openssl("verify", "-x509_strict", "-CAfile", tmp_path / "free" / "ca.pem",
                   tmp_path / "d.pem").endswith("OK\n")


@pytest.mark.parametrize("words,said", [
    (["--ae-id", "//other.example/S1"], "may not certify"),
    (["--ae-id", "//sp.example/s1"], "is not absolute"),
    (["--ae-id", "S1"], "is not absolute"),
    (["--cse-id", "//sp.example/a_b"], "cannot stand in a domain name"),
    (["--cse-id", "/in-cse"], "is not absolute"),
    (["--cse-id", "//other.example/in-cse"], "may not certify"),
    (["--server", "*.sp.example"], "is no domain name"),
    (["--server", "10.0.0.1"], "may not certify"),
    (["--server", "other.example"], "may not certify"),
    (["--device", "0.2.481.1:7.1.2"], "may not certify"),
    (["--device", "0.2.481.1.100.3030"], "is no device identifier"),
    (["--node-id", "urn:dev:ops:9:1"], "may not certify"),
    (["--node-id", "1.2.3"], "may not certify"),
    (["--node-id", "x"], "is no object identifier"),
    (["--ae-id", "//sp.example/S1", "--device", "0.2.481.1:100.1.2"], "several identities"),
    ([], "say whom"),
])
def test_what_it_does_not_issue(lab, tmp_path, words, said):
    assert said in lab("issue", *words, "--out", tmp_path / "x", code=2).stderr
    assert not (tmp_path / "x.pem").exists() and not (tmp_path / "x.key").exists()
    assert (tmp_path / "lab" / "index").read_text() == "merlon-ca 1 0\n"


def request(key, *names, digest=None):
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anything")]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, digest or hashes.SHA256())


def test_signing_requests(lab, tmp_path):
    """TS-0003 10.1.4"""
    key = p256()
    path = tmp_path / "r"
    path.write_bytes(pem(request(key, AE)))
    lab("issue", "--request", path, "--out", tmp_path / "a")
    cert = x509.load_pem_x509_certificate((tmp_path / "a.pem").read_bytes())
    assert cert.public_key().public_numbers() == key.public_key().public_numbers()
    assert not (tmp_path / "a.key").exists()
    assert cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == \
        x509.SubjectAlternativeName([AE])
    path.write_bytes(request(key, AE).public_bytes(serialization.Encoding.DER))
    lab("issue", "--request", path, "--ae-id", "//sp.example/S77", "--out", tmp_path / "b")
    cert = x509.load_pem_x509_certificate((tmp_path / "b.pem").read_bytes())
    assert cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == \
        x509.SubjectAlternativeName([uri("m2m://sp.example/S77")])


@pytest.mark.parametrize("make,code,said", [
    (lambda: pem(request(p384(), AE)), 1, "P-256"),
    (lambda: pem(request(rsa2048(), AE)), 1, "P-256"),
    (lambda: pem(request(p256())), 1, "certificate refused"),
    (lambda: pem(request(p256(), dns("*.sp.example"))), 1, "certificate refused"),
    (lambda: pem(request(p256(), uri("m2m://other.example/S1"))), 2, "may not certify"),
    (lambda: pem(request(p256(), AE, digest=hashes.SHA384())), 1, "wrong signature"),
    (lambda: request(p256(), uri("m2m://sp.example/S12345")).public_bytes(serialization.Encoding.DER)
     .replace(b"S12345", b"S12346"), 1, "wrong signature"),
    (lambda: b"nothing", 1, "no certificate signing request"),
    (lambda: request(p256(), AE).public_bytes(serialization.Encoding.DER) + b"\0", 1, "no certificate signing request"),
    (lambda: b"", 1, ""),
    (lambda: pem(request(p256(), AE, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))), 2, "such as an address"),
    (lambda: pem(request(p256(), AE, x509.RFC822Name("a@sp.example"))), 2, "such as an address"),
], ids=range(12))
def test_signing_requests_that_are_refused(lab, tmp_path, make, code, said):
    path = tmp_path / "r"
    path.write_bytes(make())
    assert said in lab("issue", "--request", path, "--out", tmp_path / "a", code=code).stderr
    assert not (tmp_path / "a.pem").exists()


def test_revoking(alone, lab, tmp_path):
    """SEC-CRT-05: through our list, and what openssl says of it"""
    anchor = tmp_path / "lab" / "ca.pem"
    serial = lab("issue", "--ae-id", "//sp.example/S1", "--out", tmp_path / "a").stdout.split()[0]
    lab("issue", "--ae-id", "//sp.example/S2", "--out", tmp_path / "b")
    lab("crl", "--out", tmp_path / "crl0.pem")
    lab("revoke", serial.upper())
    lab("revoke", tmp_path / "a.pem")  # once more is no error
    assert "no certificate" in lab("revoke", "1234", code=1).stderr
    assert lab("crl", "--days", "3").stdout == (tmp_path / "lab" / "crl.pem").read_text()
    lab("crl", "--out", tmp_path / "crl.pem")
    text = openssl("crl", "-in", tmp_path / "crl.pem", "-CAfile", anchor, "-text", "-noout")
    assert "verify OK" in text and serial.upper() in text and "CRL Number: \n                3\n" in text
    for name, before, after in (("a", "OK", "REVOKED"), ("b", "OK", "OK")):
        for crl, reason in (("crl0.pem", before), ("crl.pem", after)):
            done = alone("cert", "verify", tmp_path / f"{name}.pem", "--anchor", anchor, "--crl", tmp_path / crl,
                         "--status", "hard")
            assert done.stdout.split(":")[0].strip() == reason
            (tmp_path / "all.pem").write_bytes(anchor.read_bytes() + (tmp_path / crl).read_bytes())
            said = openssl("verify", "-crl_check", "-CAfile", tmp_path / "all.pem", tmp_path / f"{name}.pem", code=None)
            assert ("revoked" in said) == (reason == "REVOKED")


def test_pass_phrases(alone, tmp_path):
    (tmp_path / "p").write_text("correct horse\nsecond line\n")
    (tmp_path / "q").write_text("wrong\n")
    (tmp_path / "empty").write_text("\n")
    ca = ["--ca", tmp_path / "lab"]
    alone("cert", "ca", *ca, *PROVIDER, "--passphrase-file", tmp_path / "p", code=0)
    key = (tmp_path / "lab" / "ca.key").read_bytes()
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in key
    assert serialization.load_pem_private_key(key, b"correct horse").curve.name == "secp256r1"
    assert "PBES2" in openssl("asn1parse", "-in", tmp_path / "lab" / "ca.key")
    issue = ["cert", "issue", *ca, "--ae-id", "//sp.example/S1", "--out"]
    assert "needs a pass phrase" in alone(*issue, tmp_path / "a", code=2).stderr
    assert "does not open" in alone(*issue, tmp_path / "a", "--passphrase-file", tmp_path / "q", code=2).stderr
    assert "is a line of" in alone(*issue, tmp_path / "a", "--passphrase-file", tmp_path / "empty", code=2).stderr
    alone(*issue, tmp_path / "a", "--passphrase-file", "-", "--key-passphrase-file", tmp_path / "q",
          stdin="correct horse\n", code=0)
    assert serialization.load_pem_private_key((tmp_path / "a.key").read_bytes(), b"wrong")


def test_nothing_is_overwritten(alone, lab, tmp_path):
    assert "is there already" in lab("ca", *PROVIDER, code=1).stderr
    (tmp_path / "a.key").write_text("mine")
    assert "is there already" in lab("issue", "--ae-id", "//sp.example/S1", "--out", tmp_path / "a", code=1).stderr
    assert (tmp_path / "a.key").read_text() == "mine"
    assert "No such file" in alone("cert", "crl", "--ca", tmp_path / "none", code=1).stderr


def test_files_of_the_authority(lab, tmp_path):
    folder = tmp_path / "lab"
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    for name in ("ca.key", "index"):
        assert stat.S_IMODE(os.stat(folder / name).st_mode) == 0o600
    serials = {lab("issue", "--ae-id", f"//sp.example/S{n}x", "--out", tmp_path / f"c{n}").stdout.split()[0]
               for n in range(3)}
    assert len(serials) == 3
    lines = (folder / "index").read_text().splitlines()
    assert lines[0] == "merlon-ca 1 0" and {line.split()[0] for line in lines[1:]} == serials
    assert {p.stem for p in (folder / "certs").iterdir()} == serials


@pytest.mark.parametrize("text", ["", "merlon-ca 2 0\n", "merlon-ca 1 x\n", "merlon-ca 1 0\nzz 1 2 0 x\n",
                                  "merlon-ca 1 0\nab 1 2 0 x", "merlon-ca 1 0\nab 1 2 x\n"])
def test_a_damaged_index_is_told(lab, tmp_path, text):
    (tmp_path / "lab" / "index").write_text(text)
    assert "index" in lab("crl", code=1).stderr


def test_a_foreign_key_is_told(lab, tmp_path):
    (tmp_path / "lab" / "ca.key").write_bytes(key_pem(p256()))
    assert "do not belong together" in lab("crl", code=1).stderr
    (tmp_path / "lab" / "ca.key").write_bytes(key_pem(p384()))
    assert "P-256" in lab("crl", code=2).stderr


def test_an_interrupted_start_can_be_repeated(alone, lab, tmp_path):
    """What comes last is the certificate: without it there is no authority yet."""
    (tmp_path / "lab" / "ca.pem").unlink()
    lab("ca", *PROVIDER)
    lab("issue", "--ae-id", "//sp.example/S1", "--out", tmp_path / "a")


def test_killed_while_it_issues(lab, tmp_path, alone):
    """Whatever was handed out stands in the index, and the authority still works."""
    folder = tmp_path / "lab"
    for n in range(12):
        process = subprocess.Popen([binary(), "cert", "issue", "--ca", folder, "--ae-id", f"//sp.example/Sk{n}",
                                    "--out", tmp_path / f"k{n}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=to_be_killed())
        try:
            process.wait(0.01 * (n + 1))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    lab("issue", "--ae-id", "//sp.example/Slast", "--out", tmp_path / "last")
    index = (folder / "index").read_text()
    given = [x509.load_pem_x509_certificate(p.read_bytes()) for p in tmp_path.glob("*.pem") if p.read_bytes()]
    assert given
    for cert in given:
        assert f"\n{cert.serial_number:x} " in index


def test_two_at_once(lab, tmp_path):
    folder = tmp_path / "lab"
    running = [subprocess.Popen([binary(), "cert", "issue", "--ca", folder, "--ae-id", f"//sp.example/Sp{n}", "--out",
                                 tmp_path / f"p{n}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(4)]
    for process in running:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, out + errors
    assert len((folder / "index").read_text().splitlines()) == 5


def test_the_guide(alone, tmp_path):
    """Every command of docs/guide/certificates.md, in order, as it is printed; the last one shows a revoked one."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "merlon").symlink_to(os.path.abspath(binary()))
    alone.set(PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    lines = [line[4:] for line in (ROOT / "docs" / "guide" / "certificates.md").read_text().splitlines()
             if line.startswith("    ")]
    assert len(lines) > 8
    for line in lines:
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=alone.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == (1 if line is lines[-1] else 0), f"{line}\n{done.stdout}{done.stderr}"
    assert done.stdout.startswith("REVOKED: ")


# ---- the command ----


@pytest.mark.parametrize("words", [[], ["hum"], ["show"], ["revoke"], ["show", "a", "b"], ["verify"], ["lint"],
                                   ["ca"], ["crl"], ["ca", "--ca", "x", "--sp-id", "sp.example"],
                                   ["crl", "--ca", "x", "--days", "0"], ["crl", "--ca", "x", "--days", "36501"],
                                   ["verify", "x", "--status", "maybe"], ["verify", "x", "--flavour", "raw"]])
def test_misuse(alone, words):
    assert alone("cert", *words, code=2).stderr.startswith("merlon cert: configuration error: ")


def test_files_that_are_no_certificates(alone, tmp_path):
    for content in (b"", b"hello", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                    b"\x30" * 70000):
        (tmp_path / "x").write_bytes(content)
        alone("cert", "show", tmp_path / "x", code=1)
    assert "No such file" in alone("cert", "show", tmp_path / "no", code=1).stderr
    locked = b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABB" \
             b"CCDDEEFF\n\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "x").write_bytes(locked)
    assert "pass phrase" not in alone("cert", "show", tmp_path / "x", code=1).stderr
