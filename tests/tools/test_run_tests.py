"""tools/run_tests.py counts every case and loses no suite, whatever happens to it."""

import json
import textwrap

import pytest
import run_tests

CMOCKA = """\
[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[  FAILED  ] two
[ RUN      ] three: with a colon
[  SKIPPED ] three: with a colon
[==========] 3 test(s) run.
"""
LISTED = """\
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] two
"""


def counted(**row):
    result = run_tests.Result("x")
    run_tests.count_cases({"name": "merlon:unit / base/a", "result": "OK"} | row, result)
    return (result.passed, result.failed, result.skipped), [what for what, _ in result.failures]


def test_each_cmocka_case_counts_once():
    assert counted(stdout=CMOCKA, stderr=LISTED, result="FAIL") == ((1, 1, 1), ["base/a: two"])


def test_a_crash_fails_the_running_case_and_the_rest():
    cut = CMOCKA[: CMOCKA.index("[  FAILED")]
    assert counted(stdout=cut, result="FAIL") == ((1, 2, 0), ["base/a: two gave no verdict"])


def test_a_crash_after_the_last_verdict_counts():
    good = "[==========] Running 1 test(s).\n[ RUN      ] one\n[       OK ] one\n"
    assert counted(stdout=good, result="FAIL") == ((1, 1, 0), ["base/a: fail"])
    assert counted(stdout=good, result="TIMEOUT") == ((1, 1, 0), ["base/a: timeout"])
    assert counted(stdout=good) == ((1, 0, 0), [])


def test_groups_of_one_program_add_up():
    group = "[==========] group: Running 1 test(s).\n[ RUN      ] one\n[       OK ] one\n"
    assert counted(stdout=group + group) == ((2, 0, 0), [])


def test_a_program_without_cases_is_one():
    assert counted(stdout="12 inputs replayed\n") == ((1, 0, 0), [])
    assert counted(stdout="", result="FAIL") == ((0, 1, 0), ["base/a: fail"])
    assert counted(stdout="", result="SKIP") == ((0, 0, 1), [])


def test_tap():
    text = "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no disk\nok 4\n"
    assert counted(stdout=text, result="FAIL") == ((2, 1, 1), ["base/a: b"])


def test_pytest_under_meson():
    text = ("..F.s\nFAILED tests/a/test_b.py::test_c - assert 1\n"
            "1 failed, 3 passed, 1 skipped in 0.12s\n")
    assert counted(stdout=text, result="FAIL") == (
        (3, 1, 1), ["base/a: tests/a/test_b.py::test_c"])
    assert counted(stdout="....\n=== 4 passed in 1.02s ===\n") == ((4, 0, 0), [])
    assert counted(stdout="1 error in 0.1s\n", result="FAIL") == ((0, 1, 0), ["base/a: a case"])


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A root of its own with tests/things/test_a.py."""
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)

    def write(text, folder="things"):
        place = tmp_path / "tests" / folder / "test_a.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))

    return write


def run_folder(folder="things", seconds=60, build="", serial=True):
    result = run_tests.Result(folder)
    suite = run_tests.Suite(folder, "pytest", build, seconds, folder, serial)
    run_tests.run_pytest(suite, result)
    return (result.passed, result.failed, result.skipped), result.failures


def test_pytest_cases_are_counted(tree):
    tree("""
        import pytest
        @pytest.mark.parametrize("n", range(3))
        def test_many(n): pass
        def test_bad(): assert 1 == 2
        @pytest.mark.skip(reason="no")
        def test_not(): pass
        @pytest.fixture
        def broken(): raise RuntimeError("in the fixture")
        def test_fixture(broken): pass
        """)
    counts, failures = run_folder()
    assert counts == (3, 2, 1)
    assert "assert 1 == 2" in failures[0][1]
    assert "in the fixture" in failures[1][1]


def test_pytest_on_two_cores_counts_the_same(tree):
    tree("""
        import pytest
        @pytest.mark.parametrize("n", range(8))
        def test_many(n): assert n != 5
        """)
    assert run_folder(serial=False)[0] == (7, 1, 0)


@pytest.mark.parametrize("serial", [True, False])
def test_a_hanging_suite_is_ended_and_counted(tree, serial):
    tree("""
        import time
        def test_good(): pass
        def test_hangs():
            while True: time.sleep(1)
        """)
    counts, failures = run_folder(seconds=5, serial=serial)
    assert counts == (1, 1, 0)
    assert failures[0][0] == "not finished after 5 s"


def test_a_dying_suite_is_counted(tree):
    tree("""
        import os
        def test_good(): pass
        def test_dies(): os.kill(os.getpid(), 9)
        """)
    counts, failures = run_folder()
    assert counts == (1, 1, 0)
    assert failures[0][0] == "pytest ended with -9"


def test_a_suite_that_cannot_be_read_is_counted(tree):
    tree("import nothing_of_this_name\n")
    assert run_folder()[0] == (0, 1, 0)


def test_an_empty_suite_fails(tree):
    tree("x = 1\n")
    counts, failures = run_folder()
    assert counts == (0, 1, 0)
    assert failures[0][0] == "no test was collected"


def test_sanitizer_reports_count_though_no_test_looked(tree, tmp_path):
    tree("""
        import os
        def test_good():
            options = dict(o.split("=") for o in os.environ["ASAN_OPTIONS"].split(":"))
            open(options["log_path"] + ".77", "w").write("ERROR: AddressSanitizer")
        """)
    counts, failures = run_folder(build="build-test")
    assert counts == (1, 1, 0)
    assert failures[0] == ("sanitizer report report.77", "ERROR: AddressSanitizer")


def test_folders_without_a_row_are_found(tree, tmp_path):
    tree("def test_a(): pass\n", "new")
    tree("import pytest\n@pytest.mark.threads\ndef test_a(): pass\n", "mixed")
    tree("def test_a(): pass\n", "wired")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "meson.build").write_text("test('w', py, args: 'tests/wired/test_a.py')\n")
    names = [s.name for s in run_tests.all_suites()]
    assert "wired" not in names
    assert names[-3:] == ["mixed", "new", "black-box-tsan"]


def test_a_build_that_fails_fails_its_suites(tree, tmp_path):
    tree("def test_a(): pass\n")
    (tmp_path / "meson.build").write_text("project('x', 'c')\nerror('not today')\n")
    results = run_tests.run_all([run_tests.Suite("unit", "meson", "build-test", 60),
                                 run_tests.Suite("things", "pytest", "", 60, "things")])
    by_name = {r.name: r for r in results}
    assert by_name["(build-test)"].failed == 1
    assert by_name["unit"].failures[0][0] == "not run: build-test does not stand"
    assert by_name["things"].passed == 1


PROJECT = """
project('x', 'c')
cmocka = dependency('cmocka')
test('base/a', executable('a', 'a.c', dependencies: cmocka), suite: 'unit')
test('io/b', executable('b', 'a.c', dependencies: cmocka, c_args: '-DBAD'), suite: 'unit')
"""
PROGRAM = """
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>
static void good(void **state) { (void)state; }
static void crash(void **state) { (void)state; (void)raise(SIGKILL); }
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
#ifdef BAD
        cmocka_unit_test(crash),
#endif
        cmocka_unit_test(good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
"""


def test_meson_suites_end_to_end(tree, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run_tests, "BUILDS", {"build-test": []})
    tree("def test_a(): pass\n")
    (tmp_path / "meson.build").write_text(PROJECT)
    (tmp_path / "a.c").write_text(PROGRAM)
    suites = [run_tests.Suite("unit", "meson", "build-test", 60),
              run_tests.Suite("threaded", "meson-threaded", "build-test", 60)]
    status = run_tests.close(run_tests.run_all(suites), 1.0)
    # the build; then good, good and good of base/a and io/b; then good of io/b alone
    assert status == 1
    assert capsys.readouterr().out.splitlines()[-1] == "5 passed, 4 failed"
    summary = json.loads((tmp_path / "build-test" / "summary.json").read_text())
    assert [s["failed"] for s in summary["suites"]] == [0, 2, 2]
    assert summary["suites"][1]["failures"] == ["io/b: crash gave no verdict"]


def test_counts_of_the_checks_are_added(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    good = tmp_path / "checks.json"
    good.write_text(json.dumps({"passed": 3, "failed": 1, "failures": ["a.c:1: bad"]}))
    results = list(run_tests.included([good, tmp_path / "missing.json"]))
    assert run_tests.close(results, 0.0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 2 failed"


def test_nothing_run_is_no_success(tmp_path, monkeypatch):
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    assert run_tests.close([], 0.0) == 1
