"""tools/run_fuzz.py with programs that stand in for fuzz targets."""

import pytest
import run_fuzz


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """add(name, script, corpus) puts a target into the build."""
    monkeypatch.setattr(run_fuzz, "ROOT", tmp_path)
    monkeypatch.setattr(run_fuzz, "BUILD", tmp_path / "build-fuzz")
    monkeypatch.setattr(run_fuzz, "build", lambda: None)
    (tmp_path / "build-fuzz" / "src").mkdir(parents=True)

    def add(name, script, corpus):
        place = tmp_path / "build-fuzz" / "src" / f"{name}_fuzz"
        place.write_text(f"#!/bin/sh\necho \"$@\" >>{tmp_path}/log\n{script}\n")
        place.chmod(0o755)
        if corpus:
            (tmp_path / "tests" / "corpus" / corpus).mkdir(parents=True)

    return add


def test_targets_run_on_their_seeds(tree, tmp_path, capsys):
    tree("codec_json", "echo 'stat::number_of_executed_units: 42' >&2", "json")
    assert run_fuzz.main(["--seconds", "7"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["codec_json", "42", "inputs,", "status", "0"]
    assert out[-1] == "1 passed, 0 failed"
    arguments = (tmp_path / "log").read_text().split()
    assert arguments[:3] == [f"{tmp_path}/build-fuzz/found/codec_json",
                             f"{tmp_path}/tests/corpus/json", "-max_total_time=7"]


def test_a_crash_is_shown_and_counted(tree, capsys):
    tree("good", "", "good")
    tree("bad", "echo 'ERROR: AddressSanitizer: something' >&2; exit 77", "bad")
    assert run_fuzz.main([]) == 1
    out = capsys.readouterr().out
    assert "FAILED bad\nERROR: AddressSanitizer: something" in out
    assert out.splitlines()[-1] == "1 passed, 1 failed"


def test_a_target_without_seeds_fails(tree, capsys):
    tree("ident", "", None)
    assert run_fuzz.main([]) == 1
    assert "there is no tests/corpus/ident/" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["json"]])
def test_nothing_to_run_is_no_success(tree, capsys, arguments):
    assert run_fuzz.main(arguments) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"
