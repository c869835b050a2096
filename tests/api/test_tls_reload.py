"""Files of TLS: which are taken, which are refused, and what a reload (SIGHUP) does with them.

docs/guide/operate.md, docs/internals/tls.md
"""

import datetime
import os
import socket
import ssl
import stat

import pytest
from lib.server import Server, run
from lib.tls import GET, Lab, Shaken, cert_maker, logged


@pytest.fixture
def lab():
    made = Lab()
    yield made
    made.close()


def certificate_seen(lab, server):
    with lab.connect(server) as tls:
        return tls.getpeercert(binary_form=True)


def reload(server, says, count=1):
    server.process.send_signal(1)
    logged(server, says, count)


def test_new_connections_see_the_new_certificate(lab):
    """The old connection goes on with what it has."""
    server = lab.start("none", more=["--tls-anchor", str(lab.anchor)])
    with lab.connect(server) as tls:
        first = tls.getpeercert(binary_form=True)
        lab.issue("cse", cert_maker.dns("in.sp.example"), cert_maker.dns("localhost"))
        reload(server, "are reloaded")
        assert certificate_seen(lab, server) != first
        tls.sendall(GET)
        assert b"X-M2M-RI: tls" in tls.recv(4096)


def test_bad_files_change_nothing(lab):
    server = lab.start("optional")
    first = certificate_seen(lab, server)
    good = {name: (lab.folder / name).read_bytes() for name in ("cse.pem", "cse.key", "anchor.pem")}
    bad = [("cse.pem", b"no certificate\n"), ("cse.pem", good["cse.pem"][:200]), ("cse.pem", b""),
           ("cse.key", b"no key\n"), ("cse.key", cert_maker.key_pem(cert_maker.p256())), ("anchor.pem", b"nothing\n")]
    for number, (name, content) in enumerate(bad, 1):
        lab.write(name, content, 0o600)
        reload(server, "certificates stay as they were", number)
        lab.write(name, good[name], 0o600)
        assert certificate_seen(lab, server) == first, name
    (lab.folder / "cse.key").unlink()
    reload(server, "certificates stay as they were", len(bad) + 1)
    assert certificate_seen(lab, server) == first
    lab.write("cse.key", good["cse.key"], 0o600)
    reload(server, "are reloaded")
    assert certificate_seen(lab, server) == first


def test_credentials_are_reloaded(lab):
    lab.add_key("k1", "--ae-id", "Sone")
    server = lab.start("none")
    lab.add_key("k2", "--ae-id", "Stwo")
    assert not Shaken(server, *lab.psk("k2")).is_answered
    reload(server, "are reloaded")
    assert Shaken(server, *lab.psk("k2")).is_answered
    assert Shaken(server, *lab.psk("k1")).is_answered
    (lab.data / "credentials").write_bytes(b"damaged")
    reload(server, "credentials stay as they were")
    assert Shaken(server, *lab.psk("k2")).is_answered


def test_a_connection_loses_its_credential(lab):
    """SEC-TLS-09, SEC-IDN-04: removed while the connection stands; the next byte ends it."""
    second = lab.issue("second", cert_maker.uri("m2m://sp.example/Ssecond"))
    lab.merlon("key", "add", "--data", lab.data, "--credential-id", "33-//sp.example/Ssecond", "--ae-id", "Ssecond")
    lab.own_data()
    server = lab.start("required")
    with lab.connect(server, second) as tls:
        tls.sendall(GET)
        assert b"X-M2M-RI: tls" in tls.recv(4096)
        lab.merlon("key", "remove", "--data", lab.data, "33-//sp.example/Ssecond")
        lab.own_data()
        reload(server, "are reloaded")
        tls.sendall(GET)
        try:
            assert tls.recv(4096) == b""
        except OSError:
            pass
    logged(server, "no longer valid")


def answered(tls):
    """Is the next request of a living connection answered?"""
    try:
        tls.sendall(GET)
        return b"X-M2M-RI: tls" in tls.recv(4096)
    except OSError:
        return False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_connection_loses_its_certificate(lab, version):
    """SEC-CRT-05: revoked, or without its anchor, while the connection stands; the next byte ends it."""
    def crl(*names):
        lab.write("crl.pem", lab.root.crl(*map(lab.certificate, names)).public_bytes(
            cert_maker.serialization.Encoding.PEM) + lab.middle.crl().public_bytes(
                cert_maker.serialization.Encoding.PEM))

    lab.middle = cert_maker.Authority("middle", issuer=lab.root, permits=[cert_maker.uri("sp.example")])
    second = lab.issue("second", cert_maker.uri("m2m://sp.example/Ssecond"))
    below = lab.issue("below", cert_maker.uri("m2m://sp.example/Sbelow"), authority=lab.middle)
    lab.write("below.pem", below[0].read_bytes() + cert_maker.pem(lab.middle.cert))
    crl()
    server = lab.start("required", more=["--tls-crl", str(lab.folder / "crl.pem")])
    with lab.connect(server, lab.ae, version) as tls, lab.connect(server, second, version) as bad, \
            lab.connect(server, below, version) as middle:
        assert answered(tls) and answered(bad) and answered(middle)
        crl("second")
        reload(server, "are reloaded")
        assert answered(tls) and answered(middle)
        assert not answered(bad)
        logged(server, "no longer valid")
        other = cert_maker.Authority("other", permits=[cert_maker.uri("sp.example")])
        lab.write("anchor.pem", cert_maker.pem(other.cert))
        reload(server, "are reloaded", 2)
        assert not answered(tls) and not answered(middle)


def test_a_bad_file_keeps_no_removed_key_alive(lab):
    """SEC-TLS-09, SEC-IDN-04: a credential that was removed goes, also when a certificate cannot be read."""
    lab.add_key("k1", "--ae-id", "Sone")
    server = lab.start("none")
    assert Shaken(server, *lab.psk("k1")).is_answered
    lab.merlon("key", "remove", "--data", lab.data, "k1@sp.example")
    lab.cse[1].unlink()
    reload(server, "certificates stay as they were")
    assert "credentials stay" not in server.log()
    assert not Shaken(server, *lab.psk("k1")).is_answered
    assert certificate_seen(lab, server)


def test_a_bad_credentials_file_keeps_no_certificate_back(lab):
    lab.add_key("k1", "--ae-id", "Sone")
    server = lab.start("none")
    first = certificate_seen(lab, server)
    (lab.data / "credentials").write_bytes(b"damaged")
    lab.issue("cse", cert_maker.dns("in.sp.example"), cert_maker.dns("localhost"))
    reload(server, "credentials stay as they were")
    assert certificate_seen(lab, server) != first


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_connection_goes_on(lab, version):
    """SEC-TLS-09: a resumed session knows its certificate, so a reload that changes nothing ends nothing."""
    server = lab.start("required")
    context = lab.context(lab.ae, version)

    def connect(session=None):
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        return context.wrap_socket(plain, server_hostname="localhost", session=session)

    with connect() as first:
        assert answered(first)
        session = first.session
    with connect(session) as tls:
        assert tls.session_reused and answered(tls)
        reload(server, "are reloaded")
        assert answered(tls)
        other = cert_maker.Authority("other", permits=[cert_maker.uri("sp.example")])
        lab.write("anchor.pem", cert_maker.pem(other.cert))
        reload(server, "are reloaded", 2)
        assert not answered(tls)


def test_many_reloads_under_load(lab):
    server = lab.start("optional")
    for number in range(20):
        server.process.send_signal(1)
        with lab.connect(server, lab.ae) as tls:
            tls.sendall(GET)
            assert b"X-M2M-RI: tls" in tls.recv(4096)
    logged(server, "are reloaded")


# ---- files that are of no use ----


def checked(lab, *words):
    done = run("cse", "--check-config", "--data", str(lab.data), "--listen", "https://127.0.0.1:0", "--sp-id",
               "//sp.example", "--cse-id", "/in", *map(str, words))
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_certificates_that_clients_will_refuse_are_told(lab):
    day = datetime.timedelta(days=1)
    localhost = cert_maker.dns("localhost")
    for pair, why in ((lab.cse, None),
                      (lab.issue("old", localhost, start=cert_maker.NOW - 2 * day, end=cert_maker.NOW - day),
                       "expired"),
                      (lab.issue("client", localhost, purposes=[cert_maker.BOTH[0]]), "extendedKeyUsage"),
                      (lab.issue("other", localhost, authority=cert_maker.Authority("other")), None)):
        told = checked(lab, "--tls-certificate", pair[0], "--tls-key", pair[1], "--tls-anchor", lab.anchor)
        if why:
            assert f"{pair[0]}: clients will refuse it: certificate 0" in told and why in told
        else:
            assert not told


def test_a_listener_that_nobody_can_use_is_told(lab):
    assert "nobody can connect under TLS yet" in checked(lab)
    lab.add_key("k1", "--ae-id", "Sone")
    assert not checked(lab)


def test_the_file_is_named(lab):
    """Of several"""
    pair = lab.issue("second", cert_maker.dns("second.sp.example"))
    for name, content, why in (("second.pem", b"none", "holds no certificates"),
                               ("second.key", b"none", "holds no private key"),
                               ("second.key", lab.cse[1].read_bytes(), "does not belong")):
        good = (lab.folder / name).read_bytes()
        lab.write(name, content, 0o600)
        done = run("cse", "--check-config", "--data", str(lab.data), *lab.options("none", [lab.cse, pair]))
        assert done.returncode == 2 and f"{lab.folder / name}: " in done.stderr and why in done.stderr, done.stderr
        lab.write(name, good, 0o600)


# ---- files that are refused ----


@pytest.mark.parametrize("mode, is_fine", [(0o600, True), (0o400, True), (0o640, True), (0o644, False), (0o604, False),
                                           (0o660, False), (0o602, False)])
def test_a_private_key_is_private(lab, mode, is_fine):
    (lab.folder / "cse.key").chmod(mode)
    done = run("cse", "--check-config", "--data", str(lab.data), *lab.options("none"))
    assert (done.returncode == 0) == is_fine, done.stderr
    if not is_fine:
        assert done.returncode == 2
        assert "cse.key" in done.stderr and "private key" in done.stderr
        assert stat.S_IMODE(os.stat(lab.folder / "cse.key").st_mode) == mode


CHECKS = {
    "no key": (lambda lab: ["--tls-certificate", lab.cse[0]], "pairs"),
    "no certificate": (lambda lab: ["--tls-key", lab.cse[1]], "pairs"),
    "not there": (lambda lab: ["--tls-anchor", lab.folder / "missing.pem"], "missing.pem"),
    "a directory": (lambda lab: ["--tls-anchor", lab.folder], "no file"),
    "not its key": (lambda lab: ["--tls-certificate", lab.cse[0], "--tls-key", lab.ae[1]], "does not belong"),
    "a key as certificate": (lambda lab: ["--tls-certificate", lab.cse[1], "--tls-key", lab.cse[1]], "certificate"),
    "required without anchor": (lambda lab: ["--tls-client", "required"], "tls-anchor"),
    "a list that is none": (lambda lab: ["--tls-anchor", lab.anchor, "--tls-crl", lab.anchor], "tls-crl"),
    "versions": (lambda lab: ["--tls-min", "1.3", "--tls-max", "1.2"], "version"),
    "a version": (lambda lab: ["--tls-min", "1.1"], "1.2 or 1.3"),
    "an authority": (lambda lab: ["--authority", "*.sp.example"], "domain name"),
    "insecure": (lambda lab: ["--insecure-listen", "https://127.0.0.1:0"], "plain text"),
    "trusted beyond loopback": (lambda lab: ["--listen", "https://192.0.2.1:8443,trusted"], "trusted"),
}


@pytest.mark.parametrize("what", CHECKS)
def test_check_config(lab, what):
    words, says = CHECKS[what]
    done = run("cse", "--check-config", "--data", str(lab.data), *map(str, words(lab)))
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr


def test_beyond_loopback(lab):
    """SEC-TLS-11, SEC-SAE-10: TLS needs no word for it, plain text does."""
    words = ["cse", "--check-config", "--data", str(lab.data), *lab.options("none"), "--listen"]
    done = run(*words, "https://192.0.2.1:8443")
    assert done.returncode == 0, done.stderr
    done = run(*words, "http://192.0.2.1:8080")
    assert done.returncode == 2
    assert "--insecure-listen" in done.stderr


def test_a_configuration_file(lab):
    """Lists of the file are replaced by those of the line."""
    config = lab.write("merlon.conf", f"""
tls-certificate = {lab.cse[0]}
tls-key = {lab.cse[1]}
tls-anchor = {lab.anchor}
authority = in.sp.example
authority = third.sp.example
""".encode())
    server = Server(lab.data, "--config", str(config), "--sp-id", "//sp.example", "--store-max-size", "64G",
                    listen=("https://127.0.0.1:0",))
    lab.servers.append(server)
    server.start()
    assert not Shaken(server).is_answered  # an anchor alone makes certificates of clients a must
    assert Shaken(server, *lab.cert(lab.ae), "-servername", "third.sp.example").is_answered
    assert not Shaken(server, *lab.cert(lab.ae), "-servername", "localhost").is_answered
    server.stop()
    server.options += ["--authority", "localhost"]
    server.start()
    assert Shaken(server, *lab.cert(lab.ae), "-servername", "localhost").is_answered
    assert not Shaken(server, *lab.cert(lab.ae), "-servername", "third.sp.example").is_answered


def test_trust_comes_from_credentials(lab):
    """Under TLS the place says nothing: no administrator by name, unless the listener is said to be trusted."""
    server = lab.start("none", listen=["https://127.0.0.1:0,trusted"])
    assert server.trusted == [False, True]


def test_files_that_a_reload_could_not_read(lab):
    """Started as root, the server says at once what would go wrong later."""
    if os.geteuid() != 0:
        pytest.skip("only root can start with files that the server's user cannot read")
    os.chown(lab.cse[1], 0, 0)
    server = lab.start("none")
    logged(server, "cse.key cannot be read by the server's user")
    assert certificate_seen(lab, server)
    reload(server, "certificates stay as they were")
    assert certificate_seen(lab, server)


def test_a_master_key_that_a_reload_could_not_read(lab):
    """It may stand outside the data directory, which is all that the server's user is given."""
    if os.geteuid() != 0:
        pytest.skip("only root can start with files that the server's user cannot read")
    outside = lab.folder / "master"
    lab.merlon("key", "add", "--data", lab.data, "--master-key", outside, "--id", "k1@sp.example", "--ae-id", "Sone",
               "--key-file", "-", stdin="5a" * 32)
    os.chown(outside, 0, 0)
    server = lab.start("none", more=["--master-key", str(outside)])
    logged(server, "master cannot be read by the server's user")
    reload(server, "credentials stay as they were")


@pytest.mark.parametrize("store, is_told", [("lmdb", False), ("mem", True)])
def test_credentials_that_a_reload_could_not_read(lab, store, is_told):
    """Without a store the data directory stays with whom it belongs to."""
    if os.geteuid() != 0:
        pytest.skip("only root can start with files that the server's user cannot read")
    lab.merlon("key", "add", "--data", lab.data, "--id", "k1@sp.example", "--ae-id", "Sone", "--key-file", "-",
               stdin="5a" * 32)
    server = Server(lab.data, *lab.options("none"), store=store, listen=("https://127.0.0.1:0",))
    lab.servers.append(server)
    server.start()
    reload(server, "credentials stay as they were" if is_told else "are reloaded")
    assert ("data/credentials cannot be read by the server's user" in server.log()) == is_told
