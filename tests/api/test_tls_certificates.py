"""Certificates of clients, and of servers that we send to: who is believed.

security.md 15 and 16; the certificates are made by python3-cryptography, not by us. What is wrong with a single
certificate is looked at in tests/client/test_cert.py; here it is that the handshake asks.
"""

import datetime
import json
import re
import subprocess

import pytest
from lib.onem2m import Client
from lib.server import eventually
from lib.tls import GET, Lab, SecureReceiver, Shaken, cert_maker, credentials_of, logged

DAY = datetime.timedelta(days=1)
NOW = cert_maker.NOW
AE = cert_maker.uri("m2m://sp.example/Sdev")
VERSIONS = ["-tls1_2", "-tls1_3"]


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.other = cert_maker.Authority("other", permits=[cert_maker.uri("sp.example")])
    made.middle = cert_maker.Authority("middle", issuer=made.root, permits=[cert_maker.uri("sp.example")])
    made.add_key("k1", "--ae-id", "Sone")
    made.merlon("key", "add", "--data", made.data, "--credential-id", "31-0.2.481.1.100.7.8", "--ae-id", "Stwo",
                "--ae-id", "Sthree")
    made.own_data()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("required", listen=["http://127.0.0.1:0"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("names, credential", [
    ((AE,), "33-//sp.example/Sdev"),
    ((cert_maker.dns("in.sp.example"),), "32-//sp.example/in"),
    ((cert_maker.dns("mn.in.sp.example"),), "32-//sp.example/mn"),
    ((cert_maker.device("100.7.8"),), "31-0.2.481.1.100.7.8"),
], ids=["AE-ID", "IN-CSE", "MN-CSE", "device"])
def test_each_flavour(lab, server, version, names, credential):
    """SEC-SAE-02, SEC-CRT-01, SEC-CRT-08, SEC-IDN-07"""
    pair = lab.issue("flavour", *names)
    done = Shaken(server, version, *lab.cert(pair))
    assert done.is_answered, done
    assert credentials_of(server)[-1] == credential


@pytest.mark.parametrize("version", VERSIONS)
def test_none_is_none(lab, server, version):
    """SEC-TLS-06: an empty certificate; but a pre-shared key is one's credential."""
    done = Shaken(server, version)
    assert not done.is_answered
    assert done.alert in (40, 116), done
    assert Shaken(server, version, *lab.psk("k1")).is_answered


BAD = {
    "expired": dict(names=[AE], start=NOW - 2 * DAY, end=NOW - DAY),
    "not yet valid": dict(names=[AE], start=NOW + DAY, end=NOW + 2 * DAY),
    "CN only": dict(names=[], name="m2m://sp.example/Sdev"),
    "wildcard": dict(names=[cert_maker.uri("m2m://sp.example/S*")]),
    "two identities": dict(names=[AE, cert_maker.uri("m2m://sp.example/Selse")]),
    "an AE and a CSE": dict(names=[AE, cert_maker.dns("in.sp.example")]),
    "an AE and a device": dict(names=[AE, cert_maker.device("100.7.8")]),
    "a name beyond the constraints": dict(names=[cert_maker.uri("m2m://evil.example/Sdev")]),
    "P-384": dict(names=[AE], key=cert_maker.p384()),
    "no digitalSignature": dict(names=[AE], key_usage=cert_maker.usage("key_agreement")),
    "a CA": dict(names=[AE], is_ca=True),
    "SHA-384": dict(names=[AE], digest=cert_maker.hashes.SHA384()),
    "for servers only": dict(names=[AE], purposes=[cert_maker.ExtendedKeyUsageOID.SERVER_AUTH]),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_certificates(lab, server, what):
    """SEC-CRT-02, SEC-CRT-03, SEC-CRT-05"""
    how = dict(BAD[what])
    names = how.pop("names")
    pair = lab.issue("bad", *names, **how)
    for version in VERSIONS:
        before, let_in = server.log().count("handshake failed"), len(credentials_of(server))
        done = Shaken(server, version, *lab.cert(pair))
        assert not done.is_answered, done
        logged(server, "handshake failed", before + 1)
        assert len(credentials_of(server)) == let_in


def test_anchors(lab, server):
    """SEC-CRT-06: another root, a missing intermediate, oneself; the system's store is not looked at."""
    for authority in (lab.other, lab.middle):
        pair = lab.issue("leaf", AE, authority=authority)
        assert not Shaken(server, *lab.cert(pair)).is_answered
    chain = lab.write("chain.pem", cert_maker.pem(lab.middle.cert))
    assert Shaken(server, *lab.cert(pair), "-cert_chain", chain).is_answered
    alone = cert_maker.Authority("alone", is_ca=False)
    own = (lab.write("own.pem", cert_maker.pem(alone.leaf(AE, key=alone.key))),
           lab.write("own.key", cert_maker.key_pem(alone.key), 0o600))
    assert not Shaken(server, *lab.cert(own)).is_answered


def register(tls, stem):
    """The Response Status Code of a registration over that connection."""
    body = json.dumps({"m2m:ae": {"api": "Napp", "rr": False, "srv": ["3"]}})
    tls.sendall((f"POST /cse-in HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: {stem}\r\nX-M2M-RI: r\r\n"
                 "X-M2M-RVI: 3\r\nContent-Type: application/json;ty=2\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
    return int(re.search(rb"X-M2M-RSC: (\d+)", tls.recv(65536))[1])


def test_a_device_has_several_aes(lab, server):
    """SEC-SAE-09, SEC-CRT-09: all over one association; who is not listed is not registered."""
    pair = lab.issue("node", cert_maker.device("100.7.8"))
    with lab.connect(server, pair) as tls:
        assert [register(tls, stem) for stem in ("Stwo", "Sfour", "Sthree", "Sdev")] == [2001, 4106, 2001, 4106]
    assert credentials_of(server)[-1] == "31-0.2.481.1.100.7.8"


def test_a_stolen_certificate_without_its_key(lab, server):
    stolen = (lab.ae[0], lab.cse[1])
    done = Shaken(server, *lab.cert(stolen))
    assert not done.is_answered


def test_rsa(lab, server):
    pair = lab.issue("rsa", AE, key=cert_maker.rsa2048())
    assert not Shaken(server, *lab.cert(pair)).is_answered


def curl(server, *words):
    headers = ["-H", "X-M2M-Origin: Sdev", "-H", "X-M2M-RI: tls", "-H", "X-M2M-RVI: 3"]
    return subprocess.run(["curl", "-sS", "-m", "20", "-i", *headers, *map(str, words),
                           f"https://localhost:{server.port}/cse-in"],
                          capture_output=True, text=True, timeout=60, check=False)


def test_curl(lab, server):
    """SEC-SAE-02 by another client"""
    for words in (["--tls-max", "1.2"], ["--tlsv1.3"]):
        done = curl(server, "--cacert", lab.anchor, "--cert", lab.ae[0], "--key", lab.ae[1], *words)
        assert "X-M2M-RI: tls" in done.stdout, done.stderr
    assert curl(server, "--cacert", lab.anchor).stdout == ""
    assert "certificate" in curl(server, "--cert", lab.ae[0], "--key", lab.ae[1]).stderr


# ---- revocation ----


def test_revoked(tmp_path):
    """SEC-CRT-05: the list is read at the start and at a reload; old sessions are no way around."""
    lab = Lab()
    try:
        second = lab.issue("second", cert_maker.uri("m2m://sp.example/Ssecond"))
        crl = lab.write("crl.pem", lab.root.crl(lab.certificate("second")).public_bytes(
            cert_maker.serialization.Encoding.PEM))
        server = lab.start("required", more=["--tls-crl", str(crl)])
        assert not Shaken(server, *lab.cert(second)).is_answered
        logged(server, "revoked")
        session = tmp_path / "session.pem"
        assert Shaken(server, *lab.cert(lab.ae), "-sess_out", session).is_answered
        with lab.connect(server, lab.ae) as tls:
            tls.sendall(GET)
            assert b"X-M2M-RI: tls" in tls.recv(4096)
            lab.write("crl.pem", lab.root.crl(lab.certificate("ae")).public_bytes(
                cert_maker.serialization.Encoding.PEM))
            server.process.send_signal(1)
            logged(server, "are reloaded")
            assert not Shaken(server, *lab.cert(lab.ae)).is_answered
            assert not Shaken(server, "-sess_in", session).is_answered
            assert Shaken(server, *lab.cert(second)).is_answered  # the new list does not have it
    finally:
        lab.close()


@pytest.mark.parametrize("check, is_answered", [("hard", False), ("soft", True)])
def test_an_old_list(check, is_answered):
    """SEC-CRT-10"""
    lab = Lab()
    try:
        crl = lab.write("crl.pem", lab.root.crl(start=NOW - 3 * DAY, end=NOW - DAY).public_bytes(
            cert_maker.serialization.Encoding.PEM))
        server = lab.start("required", more=["--tls-crl", str(crl), "--tls-crl-check", check])
        assert Shaken(server, *lab.cert(lab.ae)).is_answered == is_answered
    finally:
        lab.close()


@pytest.mark.parametrize("strict", ["on", "off"])
def test_authorities_without_constraints(strict):
    """SEC-CRT-04"""
    lab = Lab()
    try:
        free = cert_maker.Authority("free")
        anchors = lab.write("both.pem", lab.anchor.read_bytes() + cert_maker.pem(free.cert))
        pair = lab.issue("free", AE, authority=free)
        server = lab.start("required", more=["--tls-anchor", str(anchors), "--tls-strict", strict])
        assert Shaken(server, *lab.cert(pair)).is_answered == (strict == "off")
    finally:
        lab.close()


# ---- what we send ----


def subscribe(plain, name, target):
    """The answer to a subscription whose target has to confirm it, and so must be reached."""
    admin = Client(plain)
    ae = admin.register(f"C{name}", name=f"ae{name}")
    assert ae.create(f"cse-in/ae{name}", "cnt", rn="c").rsc == 2001
    return ae.create(f"cse-in/ae{name}/c", "sub", nu=[target], enc={"net": [3]})


@pytest.fixture
def receivers():
    made = []

    def make(*words):
        made.append(SecureReceiver(*words))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


def test_a_receiver_that_is_who_it_should_be(lab, server, receivers):
    """SEC-SAE-08: verified by the host of the URL; our own certificate is shown when it asks."""
    receiver = receivers(lab.cse, lab.anchor)
    target = f"https://localhost:{receiver.port}/n"
    answer = subscribe(server.urls[1], "good", target)
    assert answer.rsc == 2001, answer
    assert eventually(lambda: receiver.got)
    path, shown = receiver.got[0]
    assert path == "/n"
    assert ("DNS", "in.sp.example") in shown["subjectAltName"]


@pytest.mark.parametrize("what", ["another authority", "another name", "an address", "expired", "CN only"])
def test_a_receiver_that_is_somebody_else(lab, server, receivers, what):
    """SEC-SAE-08, SEC-CRT-02, SEC-CRT-06: nothing is delivered."""
    loopback = cert_maker.dns("localhost")
    free = cert_maker.Authority("free")
    pair = {
        "another authority": lambda: lab.issue("r", loopback, authority=free),
        "another name": lambda: lab.issue("r", cert_maker.dns("other.sp.example")),
        "an address": lambda: lab.cse,
        "expired": lambda: lab.issue("r", loopback, start=NOW - 2 * DAY, end=NOW - DAY),
        "CN only": lambda: lab.issue("r", name="localhost"),
    }[what]()
    receiver = receivers(pair)
    host = "127.0.0.1" if what == "an address" else "localhost"
    answer = subscribe(server.urls[1], what.replace(" ", "-"), f"https://{host}:{receiver.port}/n")
    assert answer.rsc in (5204, 5103), answer
    assert not receiver.got
    logged(server, f"https://{host}:{receiver.port} cannot be reached: certificate 0")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_receiver_with_an_address(lab, server, receivers, host):
    """SEC-SAE-08: an iPAddress of the certificate is what the host of the URL may be; a dNSName of that form is not."""
    text = host.strip("[]")
    family = "v6" if ":" in text else "v4"
    try:
        receiver = receivers(lab.issue("addressed", cert_maker.address(text)), None, text)
    except OSError:
        pytest.skip("this machine has no such address")
    answer = subscribe(server.urls[1], f"address-{family}", f"https://{host}:{receiver.port}/n")
    assert answer.rsc == 2001, answer
    other = receivers(lab.issue("dns", san=cert_maker.raw_names(cert_maker.raw_dns(text.encode()))), None, text)
    answer = subscribe(server.urls[1], f"dns-{family}", f"https://{host}:{other.port}/n")
    assert answer.rsc in (5204, 5103), answer
    assert not other.got


def test_without_an_anchor_nobody_is_believed(receivers):
    """SEC-CRT-06: the system's anchors, which would do, are never used."""
    lab = Lab()
    try:
        receiver = receivers(lab.cse)
        server = lab.start("none", listen=["http://127.0.0.1:0"])
        server.stop()
        server.environment = {"SSL_CERT_FILE": str(lab.anchor), "CURL_CA_BUNDLE": str(lab.anchor)}
        server.start()
        answer = subscribe(server.urls[1], "none", f"https://localhost:{receiver.port}/n")
        assert answer.rsc in (5204, 5103), answer
        assert not receiver.got
    finally:
        lab.close()
