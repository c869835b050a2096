"""`merlon escertke`, and `--esprim` by certificates, with python3-openssl and openssl's command at the other end.

spec: TS-0003 8.7, TS-0004 7.5.1.2.12
"""

import base64
import json

import pytest
from jwcrypto import jwe, jwk
from lib import cert_maker, escertke, esprim
from lib.receiver import Receiver

UNPROTECTED, USAGE, FAILED = 9, 2, 1
PEER = "//sp.example/Shouse"
TARGET = "/in/base/house"


class Lab:
    """Certificates of two ends under one anchor."""

    def __init__(self, folder):
        self.folder = folder
        self.root = cert_maker.Authority("root")
        self.anchor = folder / "anchor.pem"
        self.anchor.write_bytes(cert_maker.pem(self.root.cert))
        self.own = self.issue("Sthermo")
        self.house = self.issue("Shouse")

    def issue(self, name, authority=None):
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.pk.pem"
        key = cert_maker.p256()
        leaf = (authority or self.root).leaf(cert_maker.uri(f"m2m://sp.example/{name}"), key=key)
        paths[0].write_bytes(cert_maker.pem(leaf))
        paths[1].write_bytes(cert_maker.key_pem(key))
        paths[1].chmod(0o600)
        return paths


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


class House:
    """The other end: ESCertKE, and then ESPrim with the keys that were made."""

    def __init__(self, lab):
        self.terminator = escertke.Terminator(lambda: escertke.End(lab.house, lab.anchor, False))
        self.target = esprim.Target({}, lambda request: {"rsc": 2000, "pc": {"m2m:cnt": {"rn": "c"}}})
        self.take = self.terminator.answer
        self.bodies = []

    def answer(self, received):
        self.bodies.append(received.body)
        if received.pc is None:
            return 200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, json.dumps(
                {"m2m:ae": {"esi": self.target.esi | {"esf": [43, 44]}}}).encode()
        if received.pc["m2m:seci"]["sit"] == escertke.MESSAGE:
            said = self.take(received)
            for fr, (kid, key) in self.terminator.keys.items():
                self.target.keys[kid] = (key, fr)
            return said
        return self.target.answer(received)


@pytest.fixture
def house(lab):
    return House(lab)


@pytest.fixture
def run(alone, lab, house):
    """The command with the certificate, and what else the words say."""
    with Receiver(house.answer) as receiver:
        def runs(*words, code=0, peer=PEER, own=lab.own, anchor=lab.anchor):
            return alone(*words, "-u", receiver.url, "-o", "Sthermo", "--esprim-certificate", own[0],
                         "--esprim-private-key", own[1], "--esprim-anchor", anchor, "--esprim-peer", peer, code=code)
        yield runs


def test_both_ends_have_the_key(run, house, tmp_path):
    """SEC-CKE-01, of the command: with python3-openssl"""
    told = run("escertke", TARGET, "--key-out", tmp_path / "e2e.key").stdout.split()
    ((kid, key),) = house.terminator.keys.values()
    assert told[:3] == [kid, PEER, "until"] and len(told) == 4 and len(told[3]) == len("20300101T000000")
    assert (tmp_path / "e2e.key").read_text() == key.hex() + "\n"
    assert (tmp_path / "e2e.key").stat().st_mode & 0o777 == 0o600
    assert key.hex().encode() not in b"".join(house.bodies)


def test_the_key_is_shown_when_asked_for(run, house):
    first, second = run("escertke", TARGET, "--show").stdout.splitlines()
    ((kid, key),) = house.terminator.keys.values()
    assert first.startswith(kid) and second == key.hex()
    assert key.hex() not in run("escertke", TARGET).stdout


def test_with_the_command_of_openssl(run, house, lab):
    """SEC-CKE-01, of the command"""
    with escertke.Command(lab.house, lab.anchor, False) as end:
        house.terminator.make = lambda: end
        assert run("escertke", TARGET, "--show").stdout.splitlines()[1] == end.key[1].hex()


def test_requests_under_such_a_key(run, house):
    """SEC-CKE-05, of the command: the key is established, then used"""
    assert json.loads(run("retrieve", f"{TARGET}/c", "--esprim", TARGET).stdout) == {"m2m:cnt": {"rn": "c"}}
    ((kid, (_, fr)),) = house.target.keys.items()
    assert len(kid) == 32 and fr == "Sthermo" and house.target.taken[0]["to"] == f"{TARGET}/c"


def test_protected_data_under_such_a_key(run, house, alone, tmp_path):
    """What is protected by the key of one end, the other end opens"""
    run("escertke", TARGET, "--key-out", tmp_path / "e2e.key")
    ((kid, key),) = house.terminator.keys.values()
    made = alone("esdata", "protect", "--to", f"{kid}={tmp_path}/e2e.key", stdin="21.5", code=0).stdout
    token = jwe.JWE()
    token.deserialize(made, jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(key).decode().rstrip("=")))
    assert token.payload == b"21.5" and token.jose_header["kid"] == kid


@pytest.mark.parametrize("wrong", ["peer", "anchor", "own"])
def test_an_end_that_does_not_believe(run, house, lab, tmp_path, wrong):
    """SEC-CKE-02: no key at either side"""
    other = cert_maker.Authority("other")
    (tmp_path / "other.pem").write_bytes(cert_maker.pem(other.cert))
    changed = {"peer": "//sp.example/Sother"} if wrong == "peer" else \
        {"anchor": tmp_path / "other.pem"} if wrong == "anchor" else {"own": lab.issue("Sthermo", other)}
    said = run("escertke", TARGET, "--key-out", tmp_path / "e2e.key", code=UNPROTECTED, **changed)
    assert "no key could be established" in said.stderr and said.stdout == ""
    assert wrong != "own" or "the target must trust our certificate" in said.stderr
    assert not (tmp_path / "e2e.key").exists() and not house.terminator.keys


@pytest.mark.parametrize("answer", [{"m2m:seci": {"sit": 4, "eckm": "AAAA"}}, {"m2m:seci": {"sit": 6}},
                                    {"m2m:seci": {"sit": 6, "eckm": "AAAA"}}, {"m2m:cnt": {"rn": "x"}}])
def test_an_answer_of_another_kind(run, house, answer):
    """SEC-CKE-06"""
    house.take = lambda received: (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"},
                                   json.dumps(answer).encode())
    said = run("escertke", TARGET, "--show", code=UNPROTECTED)
    assert TARGET in said.stderr and said.stdout == ""


def test_a_file_that_is_there_stays(run, tmp_path):
    (tmp_path / "there").write_text("old")
    said = run("escertke", TARGET, "--key-out", tmp_path / "there", code=FAILED)
    assert "File exists" in said.stderr and said.stdout == "" and (tmp_path / "there").read_text() == "old"


@pytest.mark.parametrize("words, says", [
    ([], "A target is missing"), ([TARGET, "x"], "'x' is one operand too many"),
])
def test_misuse(run, house, words, says):
    assert says in run("escertke", *words, code=USAGE).stderr and not house.bodies


def test_it_needs_a_certificate(alone, house):
    assert "--esprim-certificate is missing" in alone("escertke", TARGET, code=USAGE).stderr
