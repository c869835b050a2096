"""Man pages and completion are what the table of commands says, and they work."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lib.program import binary

ROOT = Path(__file__).resolve().parent.parent.parent
MADE_BY = "merlon __docs {} dist/{}"


@pytest.mark.parametrize("kind", ["man", "completion"])
def test_committed_files_are_not_stale(alone, tmp_path, kind):
    made = tmp_path / kind
    made.mkdir()
    alone("__docs", kind, made, code=0)
    kept = ROOT / "dist" / kind
    assert sorted(p.name for p in made.iterdir()) == sorted(p.name for p in kept.iterdir())
    for path in made.iterdir():
        assert path.read_text() == (kept / path.name).read_text(), \
            f"{path.name} is stale: {MADE_BY.format(kind, kind)}"


def test_docs_tell_what_went_wrong(alone, tmp_path):
    assert "No such file" in alone("__docs", "man", tmp_path / "no", code=1).stderr
    assert "usage" in alone("__docs", "man", code=2).stderr
    assert "usage" in alone("__docs", "music", tmp_path, code=2).stderr


def test_each_command_has_a_page_with_its_options(alone):
    for name in re.findall(r"^  ([a-z]+) ", alone("--help").stdout.split("tells more")[0], re.M):
        page = (ROOT / "dist" / "man" / f"merlon-{name}.1").read_text()
        shown = re.findall(r"^  (?:-\w, |    )--([a-z-]+)", alone(name, "--help").stdout, re.M)
        paged = re.findall(r"\\fB\\-\\-(.*?)\\fR", page)
        assert [p.replace("\\-", "-") for p in paged] == shown
        assert shown or name == "help"


def test_pages_are_sound_roff():
    """Lines that begin with a dot are known requests; every dash and backslash is escaped."""
    known = re.compile(r"\.(TH|SH|PP|TP|IP|BR|br|nf|fi|\\\")( |$)|\.(PP|TP|nf|fi|br)$")
    for page in (ROOT / "dist" / "man").iterdir():
        for number, line in enumerate(page.read_text().splitlines(), 1):
            if line.startswith((".", "'")):
                assert known.match(line), f"{page.name}:{number}: {line}"
            else:
                assert not re.search(r"(?<!\\)-", line), f"{page.name}:{number}: {line}"
            assert line.isascii(), f"{page.name}:{number}: troff reads ASCII: {line}"


# ---- completion ----


def complete(line):
    """What bash offers for the last word."""
    words = line.split(" ")
    script = (f"source '{ROOT}/dist/completion/merlon.bash'; COMP_WORDS=(\"$@\"); "
              f"COMP_CWORD=$(($# - 1)); _merlon; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                          check=True, cwd=ROOT)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_values():
    assert complete("merlon ret") == ["retrieve"]
    assert set(complete("merlon c")) == {"cert", "create", "cse"}
    assert complete("merlon retrieve --orig") == ["--originator"]
    assert complete("merlon retrieve --format p") == ["pretty"]
    assert complete("merlon retrieve -f r") == ["raw"]
    assert "cnt" in complete("merlon create cse-in c")
    assert complete("merlon discover --type gr") == ["grp", "group"]
    assert "container" in complete("merlon create cse-in cont")
    assert "container" not in complete("merlon create cse-in ")
    assert complete("merlon store ") == ["check", "backup", "restore", "stats"]
    assert complete("merlon store --data build b") == ["backup"]
    assert complete("merlon store backup meson.b") == ["meson.build"]
    assert {"watch", "exit-codes"} <= set(complete("merlon help "))
    for command in ("create", "cse", "help"):
        assert complete(f"merlon {command} --h").count("--help") == 1
    assert "--insecure-listen" in complete("merlon cse --inse")
    assert complete("merlon cse --cse-type m") == ["mn"]
    assert "meson.build" in complete("merlon create x --json me")
    assert complete("merlon __d") == []


def test_zsh_accepts_its_completion():
    text = (ROOT / "dist" / "completion" / "_merlon").read_text()
    assert text.startswith("#compdef merlon\n")
    text = text.replace("'\\''", "")
    assert text.count("'") % 2 == 0
    for quoted in re.findall(r"'([^']*)'", text):
        assert len(re.findall(r"(?<!\\)\[", quoted)) == len(re.findall(r"(?<!\\)\]", quoted))
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n", ROOT / "dist/completion/_merlon"], check=True)


def test_the_binary_is_the_one_under_test(alone):
    assert alone("--version").stdout.startswith("merlon ") and Path(binary()).is_file()
