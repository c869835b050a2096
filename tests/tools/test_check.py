"""tools/check.py: findings of the heavier checks, on a small project of its own.

Left out where the programs of `make lint` are not installed; .ci/run installs them.
"""

import json
import shutil
import subprocess

import check
import pytest

BUILD = """\
project('x', 'c', default_options: ['warning_level=3', 'c_std=gnu2x'])
executable('a', 'src/base/a.c', include_directories: 'src')
"""
GOOD = """\
/* What it is for. */
#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
"""
OPTIONS = """\
option('binding_http', type: 'boolean', value: true)
option('store_mem', type: 'boolean', value: true)
option('tests', type: 'boolean', value: false)
option('torture', type: 'boolean', value: false)
option('bench', type: 'boolean', value: false)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    for program in ("clang", "clang-format", "clang-tidy", "cppcheck"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    monkeypatch.setattr(check, "BUILDS", tmp_path / "build-ci")
    (tmp_path / "src" / "base").mkdir(parents=True)
    for name in (".clang-format", ".clang-tidy"):
        (tmp_path / name).write_text((check.ROOT / name).read_text())
    monkeypatch.setattr(check, "ROOT", tmp_path)
    (tmp_path / "meson.build").write_text(BUILD)
    (tmp_path / "meson_options.txt").write_text(OPTIONS)

    def write(text):
        (tmp_path / "src" / "base" / "a.c").write_text(text)

    write(GOOD)
    return write


def test_a_good_project_has_no_findings(project):
    for name in ("format", "build-clang", "build-gcc", "build-bare", "tidy", "cppcheck"):
        assert check.CHECKS[name][0]() == [], name


def test_format(project):
    project(GOOD.replace("    return", "  return"))
    assert check.check_format() == ["src/base/a.c:6: format: run clang-format -i on it"]


@pytest.mark.parametrize("build", ["build-clang", "build-gcc", "build-bare"])
def test_warnings_are_fatal(project, build):
    project(GOOD.replace("    return", "    int unused;\n    return"))
    found = check.CHECKS[build][0]()
    assert any("src/base/a.c:6:9: error:" in line for line in found), found


def test_a_build_that_cannot_be_set_up(project, tmp_path):
    (tmp_path / "meson.build").write_text("project('x', 'c')\nerror('not today')\n")
    assert any("not today" in line for line in check.check_build_gcc())


def test_the_bare_build_has_every_component_off(project):
    assert check.component_options() == ["binding_http", "store_mem"]


TOO_MANY = "int f(int a, int b, int c, int d, int e, int g, int h);\n" \
    "int f(int a, int b, int c, int d, int e, int g, int h)\n{\n" \
    "    return a + b + c + d + e + g + h;\n}\n"


def test_tidy(project):
    long = "".join(f"    (void)puts(\"{n}\");\n" for n in range(61))
    text = GOOD.replace("    return", long + "    return")
    project(text.replace("int main", TOO_MANY + "int main"))
    assert check.check_build_clang() == []
    found = check.check_tidy()
    assert len(found) == 2, found
    assert all("[readability-function-size]" in line for line in found)
    assert found[0].startswith("src/base/a.c:5:5: warning: function 'f'")
    assert check.check_tidy() == found  # as remembered
    project(GOOD)
    assert check.check_tidy() == []


def test_macros_do_not_make_a_function_complex(project):
    macro = ("#define TRY(x) \\\n    do { \\\n        if (x) { \\\n            return 1; \\\n"
             "        } \\\n    } while (0)\n")
    tries = "    TRY(puts(\"x\") < 0);\n" * 30
    text = GOOD.replace("    return", tries + "    return")
    project(text.replace("int main", macro + "\nint main"))
    assert check.check_build_clang() == []
    assert check.check_tidy() == []


def test_cppcheck(project):
    project(GOOD.replace("    return", "    char a[4] = \"abc\";\n\n    (void)puts(&a[5]);\n"
                                       "    a[9] = 'x';\n    return"))
    check.check_build_clang()
    found = check.check_cppcheck()
    assert any(line.startswith("src/base/a.c:9: cppcheck:") for line in found), found


def test_without_a_build_tidy_and_cppcheck_say_so(project):
    assert len(check.check_tidy()) == len(check.check_cppcheck()) == 1


def test_generated_files(project, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    program = tmp_path / "build-ci/clang/src/cli/merlon"
    program.parent.mkdir(parents=True)
    program.touch()
    docs = tmp_path / "docs"
    (docs / "reference").mkdir(parents=True)
    (tmp_path / "Makefile").write_text(
        ".PHONY: docs\ndocs:\n\tmkdir -p docs/reference\n\tcp meson.build docs/reference/a.md\n"
        "\tcp meson.build docs/conformance.md\n")
    (docs / "reference" / "a.md").write_text(BUILD)
    (docs / "reference" / "old.md").write_text("x\n")
    (docs / "conformance.md").write_text("older\n")
    assert check.check_generated() == [
        "docs/reference/old.md:1: generated: nothing makes it any more",
        "docs/conformance.md:1: generated: stale; run make docs"]
    assert (docs / "conformance.md").read_text() == "older\n"
    (docs / "conformance.md").unlink()
    assert "is not in the tree" in check.check_generated()[1]
    (tmp_path / "Makefile").write_text(".PHONY: docs\ndocs:\n\tfalse\n")
    assert check.check_generated()[0].startswith("generated: make docs:")


def test_without_a_build_generated_says_what_comes_first(project, monkeypatch, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(check, "BUILDS", tmp_path / "no-builds")
    (found,) = check.check_generated()
    assert "--only build-clang first" in found


def test_counts_and_summary(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(check, "CHECKS", {
        "rules": (lambda: [], True), "format": (lambda: ["a.c:1: x", "a.c:2: y"], True),
        "build-gcc": (lambda: ["never in lint"], False)})
    place = tmp_path / "out" / "checks.json"
    assert check.main(["lint", "--summary", str(place)]) == 1
    summary = json.loads(place.read_text())
    assert (summary["passed"], summary["failed"]) == (1, 2)
    assert "checks: 1 passed, 2 failed" in capsys.readouterr().out
    assert check.main(["ci", "--only", "rules"]) == 0
