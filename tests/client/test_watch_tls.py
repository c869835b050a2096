"""`merlon watch` with a receiver under TLS: the CSE alone gets in, and nothing private comes in plain text.

security.md 14 to 16; TS-0003 10.2
"""

import re
import signal

import pytest
from lib.command import Command
from lib.onem2m import Client
from lib.tls import SP, Lab, Shaken, cert_maker, logged

OK, USAGE, REFUSED, FAILED_THERE = 0, 2, 4, 5


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Lab()
    made.add_key("k1", "--ae-id", "Cwatch")
    made.key = tmp_path_factory.mktemp("keys") / "k1.psk"
    made.key.write_text(made.keys["k1"][1])
    made.key.chmod(0o600)
    made.panel = made.issue("panel", cert_maker.dns("localhost"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    running = lab.start("optional", listen=["http://127.0.0.1:0"])
    ae = Client(running.urls[1]).register("Cwatch", name="watched")
    assert ae.create("cse-in/watched", "cnt", rn="c1").rsc == 2001
    running.ae = ae
    return running


@pytest.fixture
def merlon(lab, server, tmp_path):
    made = Command(tmp_path, f"https://localhost:{server.port}")
    made.set(MERLON_ORIGINATOR="Cwatch", MERLON_PSK_ID=lab.keys["k1"][0], MERLON_PSK_FILE=str(lab.key))
    return made


class Receiver:
    """For Shaken: what a watch listens on."""

    def __init__(self, said):
        self.host, self.port = re.fullmatch(r"merlon: watching \S+ at https://(.*):(\d+)/[0-9a-f]{32}", said).groups()


def secured(lab, listen="https://localhost:0"):
    return ["--listen", listen, "--anchor", lab.anchor, "--listen-certificate", lab.panel[0], "--listen-key",
            lab.panel[1]]


def watch(merlon, *words):
    return merlon.start("watch", "cse-in/watched/c1", *words)


def is_watched(server):
    return server.ae.discover("cse-in/watched/c1", ty=23)


def test_notifications_under_tls(lab, server, merlon):
    """SEC-SAE-02: by the name that its certificate holds; the subscription is verified the same way."""
    with watch(merlon, *secured(lab), "-n", "2") as running:
        assert Receiver(running.message()).host == "localhost"
        for i in range(2):
            server.ae.create("cse-in/watched/c1", "cin", con=f"warm{i}")
        assert 'con="warm0"' in running.line()
        assert 'con="warm1"' in running.line()
        assert running.end() == (OK, "", "")
    assert not is_watched(server)


def test_one_certificate_for_both_ends(lab, server, merlon, tmp_path):
    """An AE-ID for the CSE as it is registered with, and the address where it receives."""
    pair = lab.issue("both", cert_maker.uri(f"m2m:{SP}/Sboth"), cert_maker.address("127.0.0.1"))
    merlon.set(MERLON_PSK_ID=None, MERLON_PSK_FILE=None, MERLON_ORIGINATOR="Sboth")
    words = ["--anchor", lab.anchor, "--certificate", pair[0], "--key", pair[1]]
    merlon("create", "cse-in", "ae", "rn=both", "api=Nexample", "rr=false", "srv=3", *words, code=OK)
    merlon("create", "cse-in/both", "cnt", "rn=c1", *words, code=OK)
    with merlon.start("watch", "cse-in/both/c1", "--listen", "https://127.0.0.1:0", *words) as running:
        assert Receiver(running.message()).host == "127.0.0.1"
        merlon("create", "cse-in/both/c1", "cin", "con=warm", *words, code=OK)
        assert 'con="warm"' in running.line()
        assert running.end(signal.SIGINT) == (OK, "", "")
    merlon("delete", "cse-in/both", *words, code=OK)


def test_nobody_else_gets_in(lab, server, merlon):
    """SEC-IMP-07 SEC-SAE-08: no certificate, that of somebody else under the same authority, one of another."""
    strange = lab.issue("strange", cert_maker.dns("localhost"), authority=cert_maker.Authority("strange"))
    with watch(merlon, *secured(lab)) as running:
        receiver = Receiver(running.message())
        for who in ([], lab.cert(lab.ae), lab.cert(strange), ["-psk", "00" * 32]):
            done = Shaken(receiver, *who)
            assert "HTTP/1.1" not in done.out and done.alert is not None, done
        assert "HTTP/1.1" in Shaken(receiver, *lab.cert(lab.cse)).out
        running.process.send_signal(signal.SIGINT)
        _, out, errors = running.end()
        assert out == "" and errors.count("handshake failed") == 4, errors


def test_another_cse_gets_not_in(lab, server, merlon):
    """SEC-IMP-07 SEC-SAE-08: --cse-id says which; the CSE cannot verify the subscription then, and the log says why."""
    code, out, errors = watch(merlon, *secured(lab), "--cse-id", f"{SP}/other").end()
    assert code in (REFUSED, FAILED_THERE) and out == ""
    assert "does not name the expected entity" in errors and "5204" in errors, errors
    assert not is_watched(server)


def test_a_receiver_that_the_cse_does_not_believe(lab, server, merlon):
    """Its certificate names another host than the URL."""
    code, _, errors = watch(merlon, *secured(lab, "https://127.0.0.1:0")).end()
    assert code in (REFUSED, FAILED_THERE) and "5204" in errors, errors
    assert "the client does not believe our certificate" in errors
    logged(server, "does not name the expected entity: 127.0.0.1")


def test_no_plain_text_by_accident(lab, server, merlon):
    """SEC-SAE-10: loopback is fine; beyond it plain text is asked for by name."""
    with watch(merlon) as running:
        assert " at http://127.0.0.1:" in running.message()
        running.end(signal.SIGINT)
    gateway = ["--callback-url", "http://gateway.example:9000"]
    code, _, errors = watch(merlon, *gateway).end()
    assert code == USAGE and "--insecure-listen" in errors and "--listen https://" in errors, errors
    code, _, errors = watch(merlon, *gateway, "--insecure-listen", "127.0.0.1:0").end()
    assert code in (REFUSED, FAILED_THERE) and "5204" in errors, errors


@pytest.mark.parametrize("words, why", [
    (["--listen", "https://localhost:0"], "needs a certificate, its key, and a trust anchor"),
    (["--listen", "https://localhost:0", "--listen-certificate", "nothing.pem"], "needs a certificate"),
    (["--listen", "https://localhost:0", "--anchor", "no.pem", "--listen-certificate", "no.pem", "--listen-key",
      "no.key"], "no.pem: No such file"),
    (["--listen-certificate", "no.pem"], "--listen https://"),
    (["--listen", "ftp://localhost:0"], "no address to listen on"),
])
def test_mistakes(merlon, words, why):
    code, _, errors = watch(merlon, *words).end()
    assert code == USAGE and why in errors, errors
