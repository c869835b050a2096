"""TLS as clients see it that are not ours: which versions and suites, which names, which keys.

security.md 14; TS-0003 10.2
"""

import re

import pytest
from lib.tls import LAST_GET, Lab, Shaken, cert_maker, credentials_of, logged

VERSIONS = ["-tls1_2", "-tls1_3"]
PSK_SUITE = "PSK-AES128-CBC-SHA256"
CERTIFICATE_SUITE = "ECDHE-ECDSA-AES128-SHA256"
WEAKEST = "@SECLEVEL=0"


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.add_key("k1", "--ae-id", "Sone")
    made.add_key("prim", "--credential-id", "13-prim@sp.example", "--suid", "33", "--ae-id", "Sprim",
                 identity="prim@sp.example")
    made.add_key("late", "--ae-id", "Slate", "--not-after", "20200101T000000")
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("optional")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_of_the_server(lab, server, version):
    """SEC-TLS-01: verified by openssl, against the anchor and the name."""
    done = Shaken(server, version, "-CAfile", lab.anchor, "-verify_return_error", "-verify_hostname", "localhost")
    assert done.is_answered, done
    assert "Verify return code: 0 (ok)" in done.out
    assert "Compression: NONE" in done.out
    if version == "-tls1_2":
        assert "Extended master secret: yes" in done.out
        assert "Secure Renegotiation IS supported" in done.out


@pytest.mark.parametrize("version", VERSIONS)
def test_a_pre_shared_key(lab, server, version):
    """SEC-SAE-01, SEC-IDN-07"""
    before = credentials_of(server).count("12-k1@sp.example")
    done = Shaken(server, version, *lab.psk("k1"))
    assert done.is_answered, done
    assert credentials_of(server).count("12-k1@sp.example") == before + 1


def test_the_mandatory_suites_alone(lab, server):
    """SEC-TLS-01"""
    key = Shaken(server, "-tls1_2", "-cipher", PSK_SUITE, *lab.psk("k1"))
    assert key.is_answered and f"Cipher    : {PSK_SUITE}" in key.out, key
    certificate = Shaken(server, "-tls1_2", "-cipher", CERTIFICATE_SUITE)
    assert certificate.is_answered and f"Cipher    : {CERTIFICATE_SUITE}" in certificate.out, certificate


@pytest.mark.parametrize("words", [
    ("-tls1_1", "-cipher", "ALL" + WEAKEST),
    ("-tls1", "-cipher", "ALL" + WEAKEST),
    ("-tls1_2", "-cipher", "eNULL:" + WEAKEST),
    ("-tls1_2", "-cipher", "aNULL:" + WEAKEST),
    ("-tls1_2", "-cipher", "kRSA:" + WEAKEST),
    ("-tls1_2", "-cipher", "DHE:" + WEAKEST),
    ("-tls1_2", "-cipher", "SHA1:" + WEAKEST),
    ("-tls1_2", "-cipher", "kRSAPSK:" + WEAKEST, "-psk_identity", "k1@sp.example", "-psk", "00" * 32),
], ids=lambda words: " ".join(words[:3]))
def test_old_versions_and_weak_suites(server, words):
    """SEC-TLS-02, SEC-TLS-04"""
    done = Shaken(server, *words)
    assert not done.is_answered
    assert done.alert in (40, 70), done


def test_a_downgrade_is_noticed(lab, server):
    """RFC 8446 4.1.3, RFC 7507: a client that could do better and says so is refused."""
    done = Shaken(server, "-tls1_2", "-fallback_scsv")
    assert not done.is_answered
    assert done.alert == 86, done


@pytest.mark.parametrize("least, greatest, good, bad", [("1.2", "1.2", "-tls1_2", "-tls1_3"),
                                                         ("1.3", "1.3", "-tls1_3", "-tls1_2")])
def test_versions_can_be_narrowed(least, greatest, good, bad):
    """docs/decisions/0012"""
    lab = Lab()
    try:
        server = lab.start("none", more=["--tls-min", least, "--tls-max", greatest])
        assert Shaken(server, good).is_answered
        assert Shaken(server, bad).alert == 70
    finally:
        lab.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_unknown_identity_and_wrong_key(lab, server, version):
    """SEC-IDN-02, SEC-TLS-05: the same alert, the same words in the log, nothing of the request is looked at."""
    identity, _ = lab.keys["k1"]
    wrong = Shaken(server, version, "-psk_identity", identity, "-psk", "00" * 32)
    unknown = Shaken(server, version, "-psk_identity", "nobody@sp.example", "-psk", "00" * 32)
    assert not wrong.is_answered and not unknown.is_answered
    assert wrong.alert == unknown.alert and wrong.alert is not None, (wrong, unknown)
    reasons = re.findall(r"handshake failed: (.*)", server.log())[-2:]
    assert set(reasons) == {"the pre-shared key is wrong, or its identity unknown"}, reasons


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_of_keys_only_says_so(version, tmp_path):
    lab = Lab()
    try:
        lab.add_key("k1", "--ae-id", "Sone")
        server = lab.start("none", certificates=[])
        assert not Shaken(server, version).is_answered
        logged(server, "the client has no pre-shared key, and we have no certificate")
        assert Shaken(server, version, *lab.psk("k1")).is_answered
    finally:
        lab.close()


def transcript(server, version, identity, digits):
    """Which records of which length go in which direction, and how it ends."""
    done = Shaken(server, version, "-msg", "-psk_identity", identity, "-psk", digits)
    assert not done.is_answered
    lines = re.findall(r"^(?:<<<|>>>) .*", done.out, re.M)
    assert any("Alert" in line for line in lines), done
    return lines, done.alert


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["k1", "prim", "late"])
def test_identities_cannot_be_guessed(lab, server, version, name):
    """SEC-IDN-02: with a wrong key, for another use, or expired: record by record as with one that nobody has."""
    identity, _ = lab.keys[name]
    nobody = "q" * identity.index("@") + identity[identity.index("@"):]
    expected = transcript(server, version, nobody, "00" * 32)
    assert transcript(server, version, identity, "00" * 32) == expected
    if name != "k1":
        assert transcript(server, version, *lab.keys[name]) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["prim", "late"])
def test_keys_for_something_else_or_expired(lab, server, version, name):
    """SEC-IDN-03, SEC-SAE-05, SEC-IDN-04"""
    done = Shaken(server, version, *lab.psk(name))
    assert not done.is_answered
    assert done.alert is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_names(version):
    """SEC-TLS-03: the name selects the certificate, and others are refused."""
    lab = Lab()
    other = lab.issue("other", cert_maker.dns("other.sp.example"))
    lab.add_key("k1", "--ae-id", "Sone")
    try:
        server = lab.start("none", certificates=[lab.cse, other])
        for name in ("in.sp.example", "localhost", "other.sp.example"):
            done = Shaken(server, version, "-servername", name, "-CAfile", lab.anchor, "-verify_return_error",
                          "-verify_hostname", name)
            assert done.is_answered, done
        for words in ((), lab.psk("k1")):
            done = Shaken(server, version, "-servername", "third.sp.example", *words)
            assert not done.is_answered
            assert done.alert == 112, done
        assert Shaken(server, version, "-noservername").is_answered
    finally:
        lab.close()


def test_authorities_can_be_listed(lab):
    """SEC-TLS-03: a server of keys only has no certificate to tell its names."""
    only_keys = Lab()
    identity, digits = only_keys.add_key("k1", "--ae-id", "Sone")
    try:
        server = only_keys.start("none", certificates=[], more=["--authority", "in.sp.example"])
        words = ["-psk_identity", identity, "-psk", digits]
        assert Shaken(server, *words, "-servername", "IN.sp.example").is_answered
        assert Shaken(server, *words, "-servername", "localhost").alert == 112
        assert not Shaken(server, "-servername", "in.sp.example").is_answered
    finally:
        only_keys.close()


def test_renegotiation_is_refused(server):
    """security.md 14: the client asks for it, and the connection ends."""
    done = Shaken(server, "-tls1_2", "-msg", send=b"R\n", waits="")
    assert "RENEGOTIATING" in done.err
    assert done.out.count(", ClientHello") == 2, done
    assert done.out.count(", ServerHello\n") == 1, done
    assert "no renegotiation" in done.err


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_as_the_same(lab, server, version, tmp_path):
    """SEC-TLS-09"""
    session = tmp_path / "session.pem"
    first = Shaken(server, version, *lab.cert(lab.ae), "-sess_out", session)
    assert first.is_answered and "New, " in first.out, first
    again = Shaken(server, version, "-sess_in", session)  # without the certificate
    assert again.is_answered and "Reused, " in again.out, again
    assert credentials_of(server)[-2:] == ["33-//sp.example/Sdev"] * 2


def test_a_key_needs_no_session(lab, server):
    """docs/decisions/0012: in TLS 1.3 a ticket would save nothing."""
    done = Shaken(server, "-tls1_3", "-msg", *lab.psk("k1"))
    assert done.is_answered and "NewSessionTicket" not in done.out, done
    assert "NewSessionTicket" in Shaken(server, "-tls1_3", "-msg", *lab.cert(lab.ae)).out


def test_a_session_ends_with_its_key(tmp_path):
    """SEC-TLS-09: removed, and the server told."""
    lab = Lab()
    lab.add_key("k1", "--ae-id", "Sone")
    session = tmp_path / "session.pem"
    try:
        server = lab.start("none")
        words = ["-tls1_2", "-cipher", "PSK"]
        wrong = ["-psk_identity", "k1@sp.example", "-psk", "00" * 32]
        assert Shaken(server, *words, *lab.psk("k1"), "-sess_out", session).is_answered
        again = Shaken(server, *words, *wrong, "-sess_in", session)
        assert again.is_answered and "Reused, " in again.out, again
        assert credentials_of(server) == ["12-k1@sp.example"] * 2
        lab.merlon("key", "remove", "--data", lab.data, "k1@sp.example")
        lab.own_data()
        server.process.send_signal(1)
        logged(server, "are reloaded")
        last = Shaken(server, *words, *wrong, "-sess_in", session)
        assert not last.is_answered, last
        assert credentials_of(server) == ["12-k1@sp.example"] * 2
    finally:
        lab.close()


def test_secrets_are_in_no_log(lab, server):
    """SEC-IDN-08, at the most talkative level"""
    Shaken(server, *lab.psk("k1"))
    log = server.log()
    for _, digits in lab.keys.values():
        assert digits not in log.lower()
    assert "PRIVATE KEY" not in log
