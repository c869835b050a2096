#!/usr/bin/python3
"""Builds with sanitizers, runs every suite, and sums up: the engine of `make test`.

What runs is the table SUITES, plus each folder of tests/ that holds test_*.py. Every single case
is counted. A suite that crashes, hangs, reports nothing or cannot be built counts as failed. A
report of a sanitizer counts as failed even when no test looked at it. The last line is
`N passed, N failed`; build-test/summary.json says the same for programs.

usage: run_tests.py [--only SUITE]... [--include FILE]... [--list]
--include adds the counts of tools/check.py.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORES = os.cpu_count() or 1
BUDGET_SECONDS = 1500  # all suites together, on two cores
PYTHON = "/usr/bin/python3"

BUILDS = {  # folder: options of meson setup
    "build-test": ["-Db_sanitize=address,undefined", "-Dtests=true", "-Dtorture=true"],
    "build-tsan": ["-Db_sanitize=thread", "-Dtests=true"],
}
COMMON = ["-Doptimization=1", "-Ddebug=true", "-Db_lundef=false"]
# What runs under ThreadSanitizer too: the threaded folders.
THREADED = re.compile(r"^(io|store|server|bind)/|:threads$")
MARKED_THREADED = "threads"


@dataclass
class Suite:
    name: str
    kind: str  # meson, meson-threaded, pytest, pytest-threaded
    build: str
    seconds: int
    folder: str = ""  # pytest: below tests/
    is_serial: bool = False  # pytest: not on several cores


# Seconds are the limit of the whole suite, with room for a slow machine.
SUITES = [
    Suite("unit", "meson", "build-test", 900),
    Suite("unit-tsan", "meson-threaded", "build-tsan", 600),
    Suite("tools", "pytest", "", 300, "tools"),
]
PYTEST_SECONDS = 1200  # of a folder without a row of its own


@dataclass
class Result:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list = field(default_factory=list)  # (what, detail)

    def fail(self, what, detail=""):
        self.failed += 1
        self.failures.append((what, detail))


# ---- running ----


def run(command, log, seconds, env=None):
    """Exit status, or None when the time was up; then its whole process group is ended."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        child = subprocess.Popen([str(c) for c in command], cwd=ROOT, stdout=out,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                 env=os.environ | (env or {}), start_new_session=True)
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end_group(child)


def end_group(child):
    """Ends what the suite left behind: servers that a crashed test did not stop."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def tail(path, lines=40):
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return "\n".join(text.rstrip().split("\n")[-lines:])


def without_randomised_addresses(command):
    """ThreadSanitizer of gcc 12 refuses the address spaces that new kernels lay out."""
    wrapper = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(wrapper + ["true"], capture_output=True, check=False)
    except FileNotFoundError:
        return command
    return wrapper + command if works.returncode == 0 else command


def sanitizer_environment(folder):
    """Reports of servers go to files, one per process: no test needs to look for them."""
    reports = folder / "sanitizer"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    reports.chmod(0o1777)  # a server that has dropped its privileges writes there too
    common = f"log_path={reports}/report:print_stacktrace=1"
    return {
        "ASAN_OPTIONS": f"{common}:detect_leaks=1:abort_on_error=0:halt_on_error=1",
        "UBSAN_OPTIONS": f"{common}:halt_on_error=1",
        "TSAN_OPTIONS": f"{common}:halt_on_error=1:second_deadlock_stack=1",
        "LSAN_OPTIONS": "print_suppressions=0",
    }


def add_reports(result, folder):
    for report in sorted((folder / "sanitizer").glob("report*")):
        result.fail(f"sanitizer report {report.name}", tail(report, 60))


# ---- building ----


def build(name, result):
    """True when the build stands; else the result holds why."""
    folder = ROOT / name
    log = folder / "logs" / "build.log"
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    log.parent.mkdir(parents=True, exist_ok=True)
    setup = ["meson", "setup", *again, folder, *COMMON, *BUILDS[name]]
    for command in (setup, ["ninja", "-C", folder, "-k", "0", "-j", CORES]):
        if run(command, log, 1800) != 0:
            result.fail(f"{command[0]} in {name}", build_errors(log))
            return False
    if (folder / "src/cli/merlon").exists():
        link = folder / "merlon"
        link.unlink(missing_ok=True)
        link.symlink_to("src/cli/merlon")
    result.passed += 1
    return True


def build_errors(log):
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    errors = [line for line in lines if re.search(r"error|undefined reference|^FAILED", line, re.I)]
    return "\n".join(errors[:30]) or tail(log)


# ---- cmocka and other programs under meson ----

_CASE = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] (\S.*)$|^(ok|not ok) \d+(?: - | )?(.*)$")
_PLANNED = re.compile(r"^\[=+\] (?:.*: )?Running (\d+) test\(s\)")
_TAP_VERDICTS = {"ok": "OK", "not ok": "FAILED"}


def read_cases(output):
    """([(case, verdict)], planned, the case that was running at the end or None)"""
    cases, planned, running = [], 0, None
    for line in output.split("\n"):
        plan, case = _PLANNED.match(line), _CASE.match(line)
        if plan:
            planned += int(plan[1])
        elif case and case[1] == "RUN":
            running = case[2]
        elif case and case[1]:
            cases.append((case[2], case[1]))
            running = None
        elif case:
            is_skip = re.search(r"# *SKIP", case[4], re.I)
            cases.append((case[4] or line, "SKIPPED" if is_skip else _TAP_VERDICTS[case[3]]))
    return cases, planned, running


def short_name(row):
    """Meson writes `project:suite / name`, later versions `project:suite - name`."""
    return re.split(r" [/-] ", row["name"], maxsplit=1)[-1]


_PYTEST_END = re.compile(r"^(?:=+ )?((?:\d+ \w+,? )+)in [\d.]+s", re.M)


def read_pytest(output):
    """Cases of a pytest run under meson, by its last line; the failed ones by name."""
    ends = _PYTEST_END.findall(output)
    counts = dict((word, int(n)) for n, word in re.findall(r"(\d+) (\w+)", ends[-1] if ends else ""))
    named = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.M)
    bad = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    cases = [("", "OK")] * counts.get("passed", 0) + [("", "SKIPPED")] * counts.get("skipped", 0)
    return cases + [(named[i] if i < len(named) else "a case", "FAILED") for i in range(bad)]


def count_cases(row, result):
    """Cases that a test program printed; a program that prints none is one case."""
    name = short_name(row)
    # cmocka's verdicts are on stdout, its list of what failed is on stderr
    cases, planned, running = read_cases(row.get("stdout") or "")
    cases = cases or read_pytest(row.get("stdout") or "")
    verdicts = [verdict for _, verdict in cases]
    result.passed += verdicts.count("OK")
    result.skipped += verdicts.count("SKIPPED")
    output = f"{row.get('stdout') or ''}\n{row.get('stderr') or ''}".strip()
    details = ["\n".join(output.split("\n")[-60:])]  # shown once
    for case, verdict in cases:
        if verdict == "FAILED":
            result.fail(f"{name}: {case}", details.pop() if details else "")
    lost = planned - len(cases)
    if lost > 0:
        result.fail(f"{name}: {running or 'a case'} gave no verdict",
                    details.pop() if details else "")
        result.failed += lost - 1
    elif row["result"] == "SKIP" and not cases:
        result.skipped += 1
    elif row["result"] not in ("OK", "EXPECTEDFAIL", "SKIP") and "FAILED" not in verdicts:
        result.fail(f"{name}: {row['result'].lower()}", details.pop())
    elif not cases:
        result.passed += 1


def meson_tests(build_folder, is_threaded):
    """Names of the tests, as meson test takes them."""
    done = subprocess.run(["meson", "introspect", "--tests", str(build_folder)],
                          capture_output=True, text=True, check=True)
    names = []
    for row in json.loads(done.stdout):
        labels = [row["name"], *row["suite"]]
        if not is_threaded or any(THREADED.search(label) for label in labels):
            names.append(row["name"])
    return names


def run_meson(suite, result):
    folder = ROOT / suite.build
    log = folder / "logs" / f"{suite.name}.log"
    is_threaded = suite.kind == "meson-threaded"
    names = meson_tests(folder, is_threaded)
    if not names:
        result.fail("no test is registered")
        return
    record = folder / "meson-logs" / "testlog.json"
    record.unlink(missing_ok=True)
    command = ["meson", "test", "-C", folder, "--no-rebuild", "--num-processes", CORES,
               "--timeout-multiplier", 4, "--print-errorlogs", *(names if is_threaded else [])]
    env = {"ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1:abort_on_error=1",
           "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
           "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
    if is_threaded:
        command = without_randomised_addresses(command)
    status = run(command, log, suite.seconds, env)
    rows = []
    if record.exists():
        for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
            rows.append(json.loads(line))
    for row in rows:
        count_cases(row, result)
    seen = {short_name(row) for row in rows}
    for name in sorted(set(names) - seen):
        result.fail(f"{name}: did not run")
    if status is None:
        result.fail(f"not finished after {suite.seconds} s", tail(log))
    elif status != 0 and not result.failed:
        result.fail(f"meson test ended with {status}", tail(log))


# ---- pytest ----


def has_module(name):
    if sys.executable == PYTHON:
        return importlib.util.find_spec(name) is not None
    return subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True,
                          check=False).returncode == 0


def run_pytest(suite, result):
    home = ROOT / (suite.build or "build-test")
    log = home / "logs" / f"{suite.name}.log"
    report = home / "logs" / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pytest", f"tests/{suite.folder}", "-v", "--tb=short",
               f"--junitxml={report}", "-o", f"cache_dir={home / 'pytest'}"]
    command += [f"--ignore={path}" for path in sorted(run_by_meson())]
    if suite.kind == "pytest-threaded":
        command = without_randomised_addresses([*command, "-m", MARKED_THREADED])
    elif not suite.is_serial and CORES > 1 and has_module("xdist"):
        command += ["-n", min(CORES, 4)]
    env = {"PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(home / "hypothesis")}
    if suite.build:
        env |= sanitizer_environment(home)
        env |= {"MERLON": str(home / "merlon"), "MERLON_BUILD": str(home)}
    status = run(command, log, suite.seconds, env)
    if report.exists() and status is not None:
        count_junit(report, result)
    else:
        count_verbose(log, result)
    if status is None:
        result.fail(f"not finished after {suite.seconds} s", tail(log))
    elif status == 5 or not result.passed + result.failed + result.skipped:
        result.fail("no test was collected", tail(log))
    elif status != 0 and not result.failed:
        result.fail(f"pytest ended with {status}", tail(log))
    if suite.build:
        add_reports(result, home)


def count_junit(report, result):
    try:
        cases = ElementTree.parse(report).iter("testcase")
    except ElementTree.ParseError as error:
        result.fail(f"unreadable report: {error}")
        return
    for case in cases:
        bad = [e for e in case if e.tag in ("failure", "error")]
        if bad:
            result.fail(f"{case.get('classname')}.{case.get('name')}", bad[0].text or "")
        elif case.find("skipped") is not None:
            result.skipped += 1
        else:
            result.passed += 1


_VERBOSE = re.compile(
    r"^(?:(\S+::.*?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b"  # on one core
    r"|\[gw\d+\] \[ *\d+%\] (PASSED|FAILED|ERROR|SKIPPED|XFAIL) (\S+::.*\S))", re.M)


def count_verbose(log, result):
    """The run was cut off: what its log says up to there."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    for match in _VERBOSE.finditer(text):
        verdict = match[2] or match[3]
        if verdict == "PASSED":
            result.passed += 1
        elif verdict in ("SKIPPED", "XFAIL"):
            result.skipped += 1
        else:
            result.fail(match[1] or match[4])


# ---- all together ----


def run_by_meson():
    """Python tests that a meson.build runs, because they need a program of the build."""
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("meson.build")]
    return set(re.findall(r"tests/\w+/test_\w+\.py", "\n".join(texts)))


def all_suites():
    """The table, and the folders of Python tests that have no row in it."""
    suites = list(SUITES)
    known = {s.folder for s in suites}
    elsewhere = {ROOT / path for path in run_by_meson()}
    threaded = False
    for folder in sorted((ROOT / "tests").iterdir()):
        files = set(folder.rglob("test_*.py")) - elsewhere if folder.is_dir() else ()
        if files and folder.name not in known:
            suites.append(Suite(folder.name, "pytest", "build-test", PYTEST_SECONDS, folder.name))
        threaded |= any(f"mark.{MARKED_THREADED}" in f.read_text(encoding="utf-8")
                        for f in files if folder.name != "tools")
    if threaded:
        suites.append(Suite("black-box-tsan", "pytest-threaded", "build-tsan", PYTEST_SECONDS))
    return suites


RUNNERS = {"meson": run_meson, "meson-threaded": run_meson,
           "pytest": run_pytest, "pytest-threaded": run_pytest}


def show(result):
    skipped = f", {result.skipped} skipped" if result.skipped else ""
    print(f"{result.name:16} {result.passed:6} passed, {result.failed:4} failed{skipped}"
          f"   {result.seconds:7.1f} s", flush=True)


def run_all(suites):
    results, stands = [], {}
    for suite in suites:
        if suite.build and suite.build not in stands:
            built = Result(f"({suite.build})")
            at = time.monotonic()
            stands[suite.build] = build(suite.build, built)
            built.seconds = time.monotonic() - at
            show(built)
            results.append(built)
        result = Result(suite.name)
        at = time.monotonic()
        if suite.build and not stands[suite.build]:
            result.fail(f"not run: {suite.build} does not stand")
        else:
            try:
                RUNNERS[suite.kind](suite, result)
            except Exception as error:  # a fault in here must not lose the suite
                result.fail(f"could not be run: {error!r}")
        result.seconds = time.monotonic() - at
        show(result)
        results.append(result)
    return results


def included(paths):
    for path in paths:
        result = Result(Path(path).stem)
        try:
            row = json.loads(Path(path).read_text(encoding="utf-8"))
            result.passed = row["passed"]
            for line in row["failures"]:
                result.fail(line)
        except (OSError, ValueError, KeyError) as error:
            result.fail(f"unreadable: {error!r}")
        yield result


def close(results, seconds):
    """Repeats the failures, writes the summary, prints the last line."""
    for result in results:
        for what, detail in result.failures:
            print(f"FAILED {result.name}: {what}")
            if detail:
                print("    " + detail.strip().replace("\n", "\n    ") + "\n")
    passed = sum(r.passed for r in results)
    failed = sum(r.failed for r in results)
    skipped = sum(r.skipped for r in results)
    summary = {"passed": passed, "failed": failed, "skipped": skipped, "seconds": round(seconds, 1),
               "suites": [{"name": r.name, "passed": r.passed, "failed": r.failed,
                           "skipped": r.skipped, "seconds": round(r.seconds, 1),
                           "failures": [what for what, _ in r.failures]} for r in results]}
    place = ROOT / "build-test" / "summary.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"\ntime {seconds:.0f} s of {BUDGET_SECONDS} s")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""),
          flush=True)
    return 1 if failed or not passed else 0


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    suites = all_suites()
    parser.add_argument("--only", action="append", choices=[s.name for s in suites])
    parser.add_argument("--include", action="append", default=[], help="summary of check.py")
    parser.add_argument("--list", action="store_true", help="names of the suites")
    options = parser.parse_args(argv)
    if options.list:
        for suite in suites:
            print(f"{suite.name:16} {suite.kind:16} {suite.build:12} {suite.seconds} s")
        return 0
    at = time.monotonic()
    results = list(included(options.include))
    for result in results:
        show(result)
    results += run_all([s for s in suites if not options.only or s.name in options.only])
    return close(results, time.monotonic() - at)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
