"""tools/setup.sh against a Debian that the test makes up: which commands it runs, and when."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"

TABLE = """\
# package | for | provides | reason
gcc             | run       | - | compiles
libfoo-14 libfoo-19 | test  | - | named after its version
pylint          | lint      | - | looks
"""

PROGRAMS = {
    # what is installed and known stands in files of the scratch folder
    "dpkg-query": '''for last; do :; done
grep -qx "$last" "$STATE/installed" && printf installed''',
    "apt-cache": '''grep -qx "$2" "$STATE/known"''',
    "apt-get": '''echo "apt-get $*" >>"$STATE/log"
[ "${DEBIAN_FRONTEND:-}" = noninteractive ] || exit 9
[ ! -e "$STATE/broken-once" ] || { rm "$STATE/broken-once"; exit 100; }
[ ! -e "$STATE/broken" ] || exit 100
for word; do case $word in -* | install | update | -q) ;; *) echo "$word" >>"$STATE/installed" ;;
esac; done''',
    "id": 'echo "${FAKE_UID:-0}"',
    "sudo": '''echo "sudo" >>"$STATE/log"
while [ "$1" = -n ]; do shift; done
exec "$@"''',
}


@pytest.fixture
def machine(tmp_path):
    """machine(job, installed, known, sudo=True, uid=0, broken=None) -> (status, log, stderr)"""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "setup.sh").write_text((TOOLS / "setup.sh").read_text())
    (tmp_path / "tools" / "packages.txt").write_text(TABLE)
    (tmp_path / "bin").mkdir()

    def start(job, installed, known=(), sudo=True, uid=0, broken=None, dpkg=True):
        for name, body in PROGRAMS.items():
            if name == "sudo" and not sudo or name == "dpkg-query" and not dpkg:
                continue
            place = tmp_path / "bin" / name
            place.write_text("#!/bin/sh\n" + body + "\n")
            place.chmod(0o755)
        for name in ("sh", "grep", "sed", "tr", "env", "sort", "dirname", "sleep", "rm"):
            (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
        (tmp_path / "installed").write_text("".join(f"{n}\n" for n in installed))
        (tmp_path / "known").write_text("".join(f"{n}\n" for n in known))
        (tmp_path / "log").write_text("")
        if broken:
            (tmp_path / broken).touch()
        done = subprocess.run(
            ["/bin/sh", str(tmp_path / "tools" / "setup.sh"), job], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
            env={"PATH": str(tmp_path / "bin"), "STATE": str(tmp_path), "FAKE_UID": str(uid),
                 "SETUP_RETRY_SECONDS": "0"})
        return done.returncode, (tmp_path / "log").read_text().splitlines(), done.stderr

    return start


def test_nothing_missing_runs_nothing(machine):
    assert machine("run", ["gcc"]) == (0, [], "")


def test_other_jobs_do_not_matter(machine):
    assert machine("lint", ["gcc", "pylint"]) == (0, [], "")


def test_missing_packages_are_installed_after_an_update(machine):
    status, log, _ = machine("lint", [], ["gcc", "pylint"])
    assert status == 0
    assert log == ["apt-get -q update",
                   "apt-get -q -y install --no-install-recommends gcc pylint"]


def test_only_what_is_missing_is_installed(machine):
    _, log, _ = machine("lint", ["gcc"], ["gcc", "pylint"])
    assert log[-1] == "apt-get -q -y install --no-install-recommends pylint"


def test_the_name_this_debian_knows_is_taken(machine):
    _, log, _ = machine("test", ["gcc"], ["gcc", "libfoo-19"])
    assert log[-1] == "apt-get -q -y install --no-install-recommends libfoo-19"


def test_any_installed_name_will_do(machine):
    assert machine("test", ["gcc", "libfoo-19"], ["libfoo-14"]) == (0, [], "")


def test_all_means_every_row(machine):
    _, log, _ = machine("all", [], ["gcc", "libfoo-14", "pylint"])
    assert log[-1].split()[5:] == ["gcc", "libfoo-14", "pylint"]


def test_a_failure_is_tried_once_more(machine):
    status, log, _ = machine("run", [], ["gcc"], broken="broken-once")
    assert status == 0
    assert log[:2] == ["apt-get -q update", "apt-get -q update"]


def test_a_lasting_failure_ends_it(machine):
    status, log, _ = machine("run", [], ["gcc"], broken="broken")
    assert status != 0
    assert log == ["apt-get -q update", "apt-get -q update"]


def test_without_root_sudo_is_used(machine):
    status, log, _ = machine("run", [], ["gcc"], uid=1000)
    assert status == 0
    assert log[:2] == ["sudo", "apt-get -q update"]


def test_without_root_and_sudo_it_says_what_to_install(machine):
    status, log, said = machine("run", [], ["gcc"], uid=1000, sudo=False)
    assert (status, log) == (1, [])
    assert "neither root nor sudo" in said
    assert "install --no-install-recommends gcc" in said


def test_without_root_nothing_is_needed_when_nothing_is_missing(machine):
    assert machine("run", ["gcc"], uid=1000, sudo=False) == (0, [], "")


def test_another_system_is_left_alone(machine):
    status, log, said = machine("run", [], dpkg=False)
    assert (status, log) == (0, [])
    assert "not Debian" in said


@pytest.mark.parametrize("job", ["", "tests", "-h"])
def test_a_wrong_job_is_refused(machine, job):
    status, log, said = machine(job, [])
    assert (status, log) == (2, [])
    assert said.startswith("usage:")


def test_the_real_table_has_four_columns_and_known_jobs():
    for line in (TOOLS / "packages.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        package, jobs, provides, reason = (cell.strip() for cell in line.split("|"))
        assert package and provides and reason
        assert set(jobs.split()) <= {"run", "test", "lint", "fuzz", "bench"}, line


@pytest.mark.skipif(not Path("/usr/bin/dpkg-query").exists(), reason="not Debian")
def test_this_machine_has_what_its_tests_need():
    """The suite runs, so the table must agree that nothing is missing for it."""
    done = subprocess.run([str(TOOLS / "setup.sh"), "test"], capture_output=True, text=True,
                          check=False, env=os.environ | {"PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
