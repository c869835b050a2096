"""OCSP responses in handshakes: stapled to ours, asked for and looked at in those of others.

TS-0003 8.1.2.2, security.md 15. The responses are made by `openssl ocsp`, the handshakes by `openssl s_client` and
`s_server`. What can be wrong with a response itself is in tests/client/test_cert.py.
"""

import signal

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from lib.onem2m import Client
from lib.server import run
from lib.tls import KeyedReceiver, Lab, Shaken, cert_maker, logged

VERSIONS = ["-tls1_2", "-tls1_3"]
KEY = ("nobody@sp.example", "00" * 32)


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.second = made.issue("second", cert_maker.dns("second.sp.example"))
    yield made
    made.close()


@pytest.fixture
def start(lab):
    servers = []

    def begin(*more, certificates=None, plain=False):
        servers.append(lab.start("none", certificates, more=["--tls-anchor", str(lab.anchor), *map(str, more)],
                                 listen=["http://127.0.0.1:0"] if plain else []))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def status(server, *words):
    """What a client is told: "good", "revoked", or "none"."""
    out = Shaken(server, "-status", *words).out
    if "OCSP response: no response sent" in out:
        return "none"
    assert "OCSP Response Status: successful" in out, out
    return out.split("Cert Status: ")[1].split()[0]


def old(lab, pair):
    """A response whose next one is overdue."""
    leaf = cert_maker.x509.load_pem_x509_certificate(pair[0].read_bytes())
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf, issuer=lab.root.cert, algorithm=hashes.SHA256(), cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=cert_maker.NOW - 3 * cert_maker.DAY, next_update=cert_maker.NOW - cert_maker.DAY,
        revocation_time=None, revocation_reason=None)
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, lab.root.cert).sign(lab.root.key, hashes.SHA256())
    return lab.write("old.der", answer.public_bytes(serialization.Encoding.DER))


# ---- ours ----


@pytest.mark.parametrize("version", VERSIONS)
def test_who_asks_gets_it(lab, start, version):
    """SEC-CRT-10"""
    server = start("--tls-ocsp-response", lab.ocsp("cse.ocsp", lab.cse))
    assert status(server, version) == "good"
    unasked = Shaken(server, version, "-msg")
    assert unasked.is_answered and "CertificateStatus" not in unasked.out and "OCSP" not in unasked.out


def test_each_certificate_has_its_own(lab, start):
    """By the name that the client asks for; the order of the files says nothing."""
    both = [lab.cse, lab.second]
    server = start("--tls-ocsp-response", lab.ocsp("second.ocsp", lab.second, "revoked"), certificates=both)
    assert status(server, "-servername", "second.sp.example") == "revoked"
    assert status(server, "-servername", "localhost") == "none"
    server.stop()
    server = start("--tls-ocsp-response", lab.folder / "second.ocsp",
                   "--tls-ocsp-response", lab.ocsp("cse.ocsp", lab.cse), certificates=both)
    assert status(server, "-servername", "second.sp.example") == "revoked"
    assert status(server, "-servername", "localhost") == "good"


def test_it_is_read_again(lab, start):
    """SIGHUP; a file that has gone bad changes nothing."""
    server = start("--tls-ocsp-response", lab.ocsp("cse.ocsp", lab.cse))
    assert status(server) == "good"
    lab.ocsp("cse.ocsp", lab.cse, "revoked")
    server.process.send_signal(signal.SIGHUP)
    assert logged(server, "are reloaded")
    assert status(server) == "revoked"
    lab.write("cse.ocsp", b"no response\n")
    server.process.send_signal(signal.SIGHUP)
    assert logged(server, "OCSP response 1")
    assert status(server) == "revoked"


def test_an_old_one_is_kept_back(lab, start):
    """Clients would refuse it, and most do without."""
    server = start("--tls-ocsp-response", old(lab, lab.cse))
    assert logged(server, "too old")
    assert status(server) == "none"


@pytest.mark.parametrize("what", ["of another certificate", "of another authority", "an error", "cut", "text"])
def test_bad_files(lab, what):
    stranger = Lab()
    try:
        good = lab.ocsp("good.ocsp", lab.cse).read_bytes()
        answer = {
            "of another certificate": lambda: lab.ocsp("x", lab.second).read_bytes(),
            "of another authority": lambda: stranger.ocsp("x", stranger.cse).read_bytes(),
            "an error": lambda: ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(serialization.Encoding.DER),
            "cut": lambda: good[:-1],
            "text": lambda: b"no response\n",
        }[what]()
        path = lab.write("bad.ocsp", answer)
        done = run("cse", "--check-config", "--data", str(lab.data), *lab.options("none", more=[
            "--tls-ocsp-response", str(path)]))
        assert done.returncode == 2, done.stdout + done.stderr
        assert "OCSP response 1" in done.stderr
    finally:
        stranger.close()


# ---- those of others ----


def retrieve(lab, server, *words):
    done = lab.merlon("retrieve", "-u", f"https://localhost:{server.port}", "--anchor", lab.anchor, "-o", "CAdmin",
                      *words, "cse-in", code=None)
    return done.returncode, done.stderr


def test_the_client_command(lab, start):
    """0 would be success, 3 is no answer; refused for another reason than its credential."""
    refused = 3
    server = start("--tls-ocsp-response", lab.ocsp("cse.ocsp", lab.cse))
    answered = retrieve(lab, server)[0]
    assert answered != refused
    assert retrieve(lab, server, "--ocsp", "required")[0] == answered
    lab.ocsp("cse.ocsp", lab.cse, "revoked")
    server.process.send_signal(signal.SIGHUP)
    assert logged(server, "are reloaded")
    for words in ([], ["--ocsp", "asked"], ["--ocsp", "required"]):
        code, said = retrieve(lab, server, *words)
        assert code == refused and "revoked" in said, said
    server.stop()
    server = start()
    assert retrieve(lab, server)[0] == answered
    code, said = retrieve(lab, server, "--ocsp", "required")
    assert code == refused and "OCSP" in said, said


def test_revocation_lists_of_the_client_command(lab, start):
    """SEC-CRT-05 SEC-CRT-10: hard: there must be a list, it must be recent, and not name the certificate."""
    server = start()
    leaf = lab.certificate("cse")
    crl = lab.write("lists.pem", cert_maker.pem(lab.root.crl()))
    answered = retrieve(lab, server, "--crl", crl)[0]
    assert answered != 3
    for lists, why in ((lab.root.crl(leaf), "revoked"),
                       (lab.root.crl(start=cert_maker.NOW - 3 * cert_maker.DAY,
                                     end=cert_maker.NOW - cert_maker.DAY), "revocation list"),
                       (cert_maker.Authority("else").crl(), "revocation list")):
        lab.write("lists.pem", cert_maker.pem(lists))
        code, said = retrieve(lab, server, "--crl", crl)
        assert code == 3 and why in said, said
    assert lab.merlon("retrieve", "-u", f"https://localhost:{server.port}", "--crl", crl, "cse-in", code=2)


@pytest.mark.parametrize("setting, stapled, is_good", [
    ("asked", "good", True), ("asked", None, True), ("asked", "revoked", False), ("asked", "unknown", False),
    ("required", "good", True), ("required", None, False), ("required", "revoked", False)])
@pytest.mark.parametrize("version", VERSIONS)
def test_receivers_of_notifications(lab, start, setting, stapled, is_good, version):
    receiver_pair = lab.issue("receiver", cert_maker.dns("localhost"))
    words = ["-status_file", lab.ocsp("receiver.ocsp", receiver_pair, stapled)] if stapled else []
    receiver = KeyedReceiver(*KEY, *lab.cert(receiver_pair), version, *words)
    server = start("--tls-ocsp", setting, plain=True)
    name = f"c{version[-1]}-{setting}-{stapled}"
    try:
        admin = Client(server.urls[1])
        assert admin.create("cse-in", "cnt", rn=name).rsc == 2001
        answer = admin.create(f"cse-in/{name}", "sub", nu=[f"https://localhost:{receiver.port}/n"], enc={"net": [3]})
        assert answer.rsc == (2001 if is_good else 5204), answer
        assert bool(receiver.got) == is_good
    finally:
        receiver.close()
