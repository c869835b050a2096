"""The guide to end-to-end security, docs/guide/end-to-end.md: its commands as they are printed, from an empty
directory, with ears on every wire of the gateway."""

import base64
import time
from urllib.parse import quote

import pytest
from lib.fleet import free_port
from lib.guide import ROOT, SECONDS, Shell, blocks, commands
from lib.tap import Tap

GUIDE = "docs/guide/end-to-end.md"
SECRETS = ["it is 21.5 degrees", "panel/readings"]  # what the gateway may not see
SECRET = "it is 19.5 degrees"  # what the house may not see either
LATER = "it is 18.5 degrees"  # under a key made by certificates
OPEN = "it is 99 degrees"  # what goes in the clear


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ears(shell):
    """On both sides of the gateway."""
    gateway = free_port()
    shell.ports[":8081"] = f":{gateway}"
    with Tap(gateway) as below, Tap(shell.plain) as above:
        yield below, above


def typed(number, title):
    return [(kind, line) for kind, text in blocks(GUIDE, f"{number}. {title}") for line in commands(text)]


def spellings(text):
    """How a text may stand in a message or file."""
    plain = text.encode()
    coded = (base64.b64encode(b"x" * shift + plain)[4 if shift else 0:-4] for shift in range(3))
    return {plain, plain.hex().encode(), quote(text).encode(), *coded}


def is_in(text, octets):
    return any(spelling in octets for spelling in spellings(text))


def everything(*places):
    """All bytes of files, and of what is below folders."""
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*"))]
    return b"\n".join(file.read_bytes() for file in files if file.is_file())


def test_the_guide(shell, ears):
    """SEC-EPR-16: what the sensor says arrives; the gateway with its log, store and wires has nothing of it."""
    below, above = ears
    folder = shell.folder

    def run(line, code=0):
        line = line.replace("-u http://127.0.0.1:8081", f"-u http://127.0.0.1:{below.port}")
        return shell(line.replace("--registrar http://127.0.0.1:8080", f"--registrar http://127.0.0.1:{above.port}"),
                     code)

    for number, title in ((1, "A key for two"), (2, "House and gateway")):
        for _, line in typed(number, title):
            run(line)
    wait_for_registration(shell)
    for _, line in typed(3, "Who may do what"):
        run(line)
    for _, line in typed(4, "The reading"):
        done = run(line)
    assert "21.5 degrees" in done.stdout
    for _, line in typed(5, "What the gateway has seen"):
        run(line)
    seen = below.all() + above.all() + everything(folder / "gateway", folder / "gateway.log")
    for secret in SECRETS:
        assert not is_in(secret, seen), secret
    ((kind, line),) = typed(6, "Without protection")
    assert kind == "refused" and "4103" in run(line, 7).stderr
    assert is_in(OPEN, below.all()) and is_in(OPEN, above.all())  # the ears hear
    for _, line in typed(7, "A house you don't trust either"):
        done = run(line)
    assert done.stdout == SECRET + "\n"
    for _, line in typed(8, "Certificates in the place of a key"):
        if line.startswith("kill"):
            shell.stop(0)
        else:
            done = run(line)
    assert LATER in done.stdout
    shell.close()
    gateway = below.all() + above.all() + everything(folder / "gateway", folder / "gateway.log")
    house = everything(folder / "house", folder / "house.log", folder / "house-2.log")
    assert not is_in(SECRET, house)
    for secret in (*SECRETS[:1], SECRET, LATER):
        assert not is_in(secret, gateway), secret
    assert is_in(SECRETS[0], house) and is_in(LATER, house)  # the search finds
    for key in ("thermo.key", "reading.key"):
        assert not is_in((folder / key).read_text().strip(), gateway + house)


def wait_for_registration(shell):
    end = time.monotonic() + SECONDS
    while shell("merlon retrieve -o CAdmin base --rcn 6").stdout.count("gw") == 0:
        assert time.monotonic() < end, "the gateway does not register"
        time.sleep(0.1)


def test_readme_leads_to_it():
    assert GUIDE in (ROOT / "README.md").read_text(encoding="utf-8")
