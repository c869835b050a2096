"""The security quick start, docs/guide/security.md: its commands as they are printed, from an empty directory."""

import os
import shutil

import pytest
from lib.guide import ROOT, Shell, blocks, commands

GUIDE = "docs/guide/security.md"


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    made.close()


def test_the_quick_start(shell):
    """Two devices with credentials, a policy, a role, a token; then what that permits, and what it does not."""
    assert shutil.which("jose"), "the command jose is missing"
    ((_, setup),) = blocks(GUIDE, "Nine commands")
    typed = commands(setup)
    assert len(typed) == 9
    for line in typed:
        shell(line)
    assert os.stat(shell.folder / "issuer.jwk").st_mode & 0o077 == 0
    (_, permitted), (_, refused) = blocks(GUIDE, "What it does")
    for line in commands(permitted):
        done = shell(line)
    assert '"con":"21.5"' in done.stdout
    said = [shell(line, code).stderr for line, code in zip(commands(refused), (7, 7, 7, 3), strict=True)]
    assert [text[:13] for text in said[:3]] == ["merlon: 4103 ", "merlon: 4106 ", "merlon: 4103 "], said
    assert "no credential is set for this CSE" in said[3]
    (_, given), (_, explained) = blocks(GUIDE, "A role without a token")
    done = [shell(line) for line in commands(given)]
    assert '"con":"21.5"' in done[-1].stdout
    assert "permitted" in shell(*commands(explained)).stdout.splitlines()[-1]
    log = (shell.folder / "log").read_text()
    for name in ("thermo.key", "panel.key"):
        assert (shell.folder / name).read_text().strip() not in log


def test_readme_leads_to_it():
    assert GUIDE in (ROOT / "README.md").read_text(encoding="utf-8")
