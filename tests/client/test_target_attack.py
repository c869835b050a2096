"""An AE that is the target of protected requests, behind a CSE, against whoever changes, repeats and makes up objects:
the lamp of examples/, asked by an originator that is not ours (lib/esprim.py).

spec: TS-0003 8.4, TS-0004 7.5.1.2.13; security.md 25
"""

import json
import secrets
import subprocess

import pytest
from lib import esprim
from lib.clock import stamp
from lib.command import to_be_killed
from lib.onem2m import Client
from lib.program import library

RETRIEVE, UPDATE, DELETE = 2, 3, 4
KID = "switch@sp.example"
ON, OFF = {"lmp:state": {"on": True}}, {"lmp:state": {"on": False}}


class Lamp:
    """The program, registered at a CSE."""

    def __init__(self, cse, mode, key_file):
        self.process = subprocess.Popen([library() / "lamp", cse.url, "cse-in", mode, "Cswitch", KID, key_file],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=to_be_killed())
        line = self.process.stdout.readline()
        assert line == "ready\n", line + self.process.stderr.read()

    def end(self):
        """What it has said."""
        out, err = self.process.communicate(timeout=20)
        assert (self.process.returncode, err) == (0, ""), err
        return out

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture(name="key")
def fixture_key(tmp_path):
    """(bytes, file)"""
    key, file = secrets.token_bytes(32), tmp_path / "switch.key"
    file.write_text(key.hex() + "\n")
    file.chmod(0o600)
    return key, file


@pytest.fixture(name="switch")
def fixture_switch(cse, admin):
    yield admin.register("Cswitch", "switch")
    for name in ("lamp", "switch"):
        admin.delete(f"cse-in/{name}")


def outcome(own, sealed):
    """The outer code; an AE gives no reason with it."""
    return own.client.request("POST", own.to, esprim.seci(esprim.OBJECT, epo=sealed), check=False).rsc


def flipped(sealed, step):
    """The object with single bits changed, `step` bits apart, in each of its parts."""
    parts = sealed.split(".")
    for place in (0, 2, 3, 4):
        octets = esprim.decode(parts[place])
        for bit in range(place % 3, 8 * len(octets), step):
            changed = bytearray(octets)
            changed[bit // 8] ^= 1 << bit % 8
            yield place, ".".join(parts[:place] + [esprim.encode(changed)] + parts[place + 1:])


@pytest.mark.parametrize("mode", ["listen", "poll"])
def test_a_target_under_attack(cse, switch, key, mode):
    """SEC-EPR-06, SEC-EPR-07, SEC-EPR-08, SEC-EPR-15, SEC-EPR-17: it does what its originator asks, once"""
    lamp = Lamp(cse, mode, key[1])
    own = esprim.Originator(switch, "cse-in/lamp", KID, key[0], receiver=esprim.shared(switch, "cse-in/lamp"))

    assert own.ask(UPDATE, "state", pc=ON)["rsc"] == 2004
    sealed = own.seal(own.request(UPDATE, "state", pc=OFF))
    for place, changed in flipped(sealed, 5):
        assert outcome(own, changed) in ({4115} if place else {4000, 4111, 4112, 4113, 4114, 4115}), changed
    for wrong in ("", "x", "....", sealed + ".", sealed.rpartition(".")[0], json.dumps({"ciphertext": sealed})):
        assert outcome(own, wrong) == 4000, wrong
    for more in ({"zip": "DEF"}, {"crit": ["x"], "x": 1}, {"x": 1}):
        made = esprim.forge(own.key, own.header(**more), json.dumps(own.request(UPDATE, "state", pc=OFF)))
        assert outcome(own, made) == 4000
    for fr in ("Clamp", "CAdmin", "/id-in/Cother", "Cswitch2", ""):
        assert outcome(own, own.seal(own.request(UPDATE, "state", pc=OFF, fr=fr))) == 4116, fr
    assert outcome(own, own.seal(own.request(UPDATE, "state", pc=OFF), kid="other@sp.example")) == 4112
    answer = own.send(own.seal(own.request(RETRIEVE, "state")))
    assert own.open(answer["epo"])["pc"] == ON
    assert outcome(own, answer["epo"]) == 4000  # an answer is no request
    again = own.seal(own.request(UPDATE, "state", pc=ON))
    assert [outcome(own, again) for _ in range(3)] == [2000, 4000, 4000]
    request = own.request(UPDATE, "state", pc=ON, ot=stamp(0))
    other = esprim.Originator(switch, "cse-in/lamp", KID, key[0])  # as after a false 4114
    assert [outcome(by, by.seal(request)) for by in (own, other, own)] == [2000, 4000, 4000]
    assert own.ask(DELETE, "state")["rsc"] == 2002
    assert lamp.end().endswith("the lamp is on\n")


def test_what_was_recorded(cse, switch, key):
    """SEC-EPR-12, SEC-EPR-15: it is of no use to a target that begins anew, even under the same key"""
    lamp = Lamp(cse, "listen", key[1])
    own = esprim.Originator(switch, "cse-in/lamp", KID, key[0], receiver=esprim.shared(switch, "cse-in/lamp"))
    first = own.seal(own.request(UPDATE, "state", pc=ON))
    unsent = own.seal(own.request(DELETE, "state"))
    assert own.send(first).rsc == 2000
    lamp.kill()
    assert Client(cse.url).delete("cse-in/lamp").rsc == 2002
    lamp = Lamp(cse, "listen", key[1])
    for sealed in (first, unsent):
        assert outcome(own, sealed) == 4114
    again = esprim.Originator(switch, "cse-in/lamp", KID, key[0], receiver=esprim.shared(switch, "cse-in/lamp"))
    assert again.ask(DELETE, "state")["rsc"] == 2002
    assert lamp.end().endswith("the lamp is off\n")
