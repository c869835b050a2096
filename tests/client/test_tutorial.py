"""The tutorial, docs/guide/tutorial.md: its commands as they are printed, from an empty directory."""

import time

import pytest
from lib.guide import ROOT, Shell, blocks, commands, finished

GUIDE = "docs/guide/tutorial.md"
SECONDS = 60


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    (tmp_path / "dist").symlink_to(ROOT / "dist")
    yield made
    made.close()


def section(number, title):
    return blocks(GUIDE, f"{number}. {title}")


def retrieved(shell, what):
    return shell(f"merlon retrieve -o Cheating {what}").stdout


def wait_for(shell, what, text):
    end = time.monotonic() + SECONDS
    while text not in retrieved(shell, what):
        assert time.monotonic() < end, f"{what}: no {text}"
        time.sleep(0.1)


def test_the_tutorial(shell):
    ((_, gateway),) = section(1, "The gateway")
    shell(gateway.strip() + " &")
    for number, title in ((2, "Who takes part"), (3, "The rooms")):
        for kind, block in section(number, title):
            for line in commands(block):
                done = shell(line, 7 if kind == "refused" else 0)
                assert kind != "refused" or "4103" in done.stderr
    ((_, group),) = section(4, "All rooms at once")
    made = [shell(line) for line in commands(group)]
    assert made[-1].stdout.splitlines() == ["cse-in/house/kitchen 20.5", "cse-in/house/bath 22.0"]
    the_heating(shell)
    ((_, clean),) = blocks(GUIDE, "Clean up")
    shell(clean.strip())


def the_heating(shell):
    (_, valve), (kind, watch), (_, cold), (_, look), (_, warm) = section(5, "The heating")
    shell(*commands(valve))
    assert kind == "background"
    heating = shell.start(watch)
    wait_for(shell, "cse-in/house/kitchen --rcn 6", '"typ":23')
    shell(*commands(cold))
    assert look.strip() == commands(warm)[-1]
    wait_for(shell, "cse-in/heating/valve --attributes powSe", "true")
    shell(commands(warm)[0])
    wait_for(shell, "cse-in/heating/valve --attributes powSe", "false")
    finished(heating, "the heating")


def test_what_went_wrong(shell):
    """The messages of the table are those that come."""
    ((_, gateway),) = section(1, "The gateway")
    register, other = commands(section(2, "Who takes part")[0][1])[:2]
    said = [shell(register, 3).stderr]
    shell(gateway.strip() + " &")
    shell(register)
    shell(other)
    attic = "merlon create -o Chouse cse-in/house container rn=attic"
    shell(attic)
    said += [shell(line, code).stderr for line, code in (
        ("merlon retrieve -o Cnobody cse-in/house", 7), ("merlon retrieve -o Ckitchen cse-in/house", 7),
        ("merlon retrieve -o Chouse cse-in/house/cellar", 6), (register, 8), (attic, 8))]
    table = (ROOT / GUIDE).read_text(encoding="utf-8").split("| message | why |\n|---|---|\n")[1].split("\n\n")[0]
    told = [row.split("`")[1] for row in table.splitlines()]
    assert len(told) == len(said)
    for message, text in zip(told, said, strict=True):
        assert message in text


def test_readme_leads_to_it():
    assert GUIDE in (ROOT / "README.md").read_text(encoding="utf-8")
