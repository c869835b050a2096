"""The examples of end-to-end security, against the real server: a lamp in C++ that is an AE and a target (SEC-EPR-17),
a switch in C that is a protected client, and notes that are sealed. The CSE learns nothing of what they say.
"""

import secrets
import subprocess

import pytest
from lib import server
from lib.onem2m import Client
from lib.program import binary, library

KEY_ID = "switch@home.example"


class Lamp:
    """The program, while it runs."""

    def __init__(self, url, way, key):
        self.process = subprocess.Popen([library() / "lamp", url, "cse-in", way, "Cswitch", KEY_ID, key],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        said = self.process.stdout.readline()
        assert said == "ready\n", said + self.process.stderr.read()
        return self

    def __exit__(self, kind, value, trace):
        self.process.kill()
        self.process.communicate()

    def end(self):
        """Waits for its end, and gives what it said."""
        out, err = self.process.communicate(timeout=20)
        assert (self.process.returncode, err) == (0, "")
        return out.splitlines()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A CSE with the AE of the switch."""
    data = tmp_path_factory.mktemp("home") / "data"
    with server.Server(data, "--log", "debug", *server.USE_HOME, store="mem", program=binary()) as running:
        Client(running.url).register("Cswitch", name="switch")
        yield running


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "switch.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    return path


def switch(home, key, word, key_id=KEY_ID):
    return subprocess.run([library() / "switch", home.url, "cse-in/lamp", "Cswitch", key_id, key, word],
                          capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("way", ["poll", "listen"])
def test_a_switch_and_a_lamp(home, key, way):
    """SEC-EPR-17: UPDATE, RETRIEVE, DELETE, several at once; each run of the switch begins a session"""
    with Lamp(home.url, way, key) as lamp:
        for word in ("on", "off", "on"):
            done = switch(home, key, word)
            assert (done.returncode, done.stdout, done.stderr) == (0, f"the lamp is {word}\n" * 2, "")
        done = switch(home, key, "stop")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        said = lamp.end()
    assert said == ["Cswitch sends operation 3", "Cswitch sends operation 2", "Cswitch sends operation 2"] * 3 + \
        ["Cswitch sends operation 4", "the lamp is on"]
    assert Client(home.url).retrieve("cse-in/lamp").rsc == 4004
    assert "lmp:state" not in home.log()


def test_a_switch_with_another_key_does_nothing(home, key, tmp_path):
    """SEC-EPR-04, SEC-EPR-06: an unknown identifier, and another key under a known one"""
    other = tmp_path / "other.key"
    other.write_text(secrets.token_hex(32))
    other.chmod(0o600)
    with Lamp(home.url, "listen", key) as lamp:
        for words, code in (((key, "on", "stranger@home.example"), 4112), ((other, "on"), 4115)):
            done = switch(home, *words)
            assert done.returncode == 1 and done.stderr.startswith(f"switching: {code} "), done.stderr
        assert switch(home, key, "stop").returncode == 0
        assert lamp.end() == ["Cswitch sends operation 4", "the lamp is off"]


def test_sealed_parts_of_what_is_stored(home, key):
    """SEC-ESD-15: a customAttribute of a <flexContainer>, and a member of a content, through the client library"""
    words = [home.url, "Cswitch", "cse-in/switch", "note@home.example", key]
    done = subprocess.run([library() / "sealed", *words], capture_output=True, text=True, check=False,
                          timeout=60)
    secret = "nobody is at home until Sunday"
    assert (done.returncode, done.stdout, done.stderr) == \
        (0, f"attribute: {secret}\nroom: kitchen\nnote: {secret}\n", "")
    reader = Client(home.url).As("Cswitch")
    stored = reader.retrieve("cse-in/switch/fault")["descn"], reader.retrieve("cse-in/switch/notes/la")["con"]
    assert stored[1] == {"room": "kitchen", "note": stored[0]} and stored[0].count(".") == 4
    opened = subprocess.run([binary(), "esdata", "open", "--key", f"note@home.example={key}", "-"], input=stored[0],
                            capture_output=True, text=True, check=False, timeout=60)
    assert opened.stdout == secret, opened.stderr
