"""The security quick start, docs/guide/security.md: its commands as they are printed, from an empty directory."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from lib.command import Command
from lib.program import binary

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = ROOT / "docs" / "guide" / "security.md"
SECONDS = 60


def blocks(heading):
    section = GUIDE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\n(.*?)^```", section, re.M | re.S)


def commands(block):
    """What a person types one after the other. A quote may go on in the next line."""
    typed = [""]
    for line in block.replace("\\\n", " ").splitlines():
        typed[-1] += line + "\n"
        if typed[-1].count("'") % 2 == 0:
            typed.append("")
    return [line.strip() for line in typed if line.strip()]


def free_ports():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


class Shell:
    """Runs them with the program under test, on ports that are free."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "merlon").symlink_to(Path(binary()).resolve())
        self.plain, self.secure = free_ports()
        self.environment = Command(folder, f"http://127.0.0.1:{self.plain}").environment
        self.environment["PATH"] = f"{folder}/bin:{self.environment['PATH']}"
        self.server = None

    def __call__(self, line, code=0):
        line = line.replace(":8080", f":{self.plain}").replace(":8443", f":{self.secure}")
        if line.endswith("&"):
            return self.serve(line[:-1])
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], capture_output=True, text=True, check=False,
                              env=self.environment, cwd=self.folder, timeout=SECONDS)
        assert done.returncode == code and "Sanitizer" not in done.stderr, f"{line}\n{done.stdout}{done.stderr}"
        return done

    def serve(self, line):
        words = shlex.split(line)
        assert words[0] == "merlon"
        with open(self.folder / "log", "wb") as log:
            self.server = subprocess.Popen([binary(), *words[1:]], stdout=log, stderr=log, env=self.environment,
                                           cwd=self.folder)
        end = time.monotonic() + SECONDS
        while (self.folder / "log").read_text().count("listening on ") < line.count("--listen"):
            assert self.server.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)
        return None

    def close(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(SECONDS) == 0, (self.folder / "log").read_text()


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    made.close()


def test_the_quick_start(shell):
    """Two devices with credentials, a policy, a role, a token; then what that permits, and what it does not."""
    assert shutil.which("jose"), "the command jose is missing"
    (setup,) = blocks("Nine commands")
    typed = commands(setup)
    assert len(typed) == 9
    for line in typed:
        shell(line)
    assert os.stat(shell.folder / "issuer.jwk").st_mode & 0o077 == 0
    permitted, refused = blocks("What it does")
    for line in commands(permitted):
        done = shell(line)
    assert '"con":"21.5"' in done.stdout
    said = [shell(line, code).stderr for line, code in zip(commands(refused), (7, 7, 7, 3), strict=True)]
    assert [text[:13] for text in said[:3]] == ["merlon: 4103 ", "merlon: 4106 ", "merlon: 4103 "], said
    assert "no credential is set for this CSE" in said[3]
    given, explained = blocks("A role without a token")
    done = [shell(line) for line in commands(given)]
    assert '"con":"21.5"' in done[-1].stdout
    assert "permitted" in shell(*commands(explained)).stdout.splitlines()[-1]
    log = (shell.folder / "log").read_text()
    for name in ("thermo.key", "panel.key"):
        assert (shell.folder / name).read_text().strip() not in log


def test_readme_leads_to_it():
    assert "docs/guide/security.md" in (ROOT / "README.md").read_text(encoding="utf-8")
