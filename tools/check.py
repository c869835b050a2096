#!/usr/bin/python3
"""Everything that is checked without running a test: `make lint` and the first half of .ci/run.

Each check is a row of CHECKS below. A check without findings counts as one passed; each finding
counts as one failed. All checks run, also after one has failed; the findings are repeated at the
end.

usage: check.py lint|ci [--only NAME]... [--summary FILE]
"""

import argparse
import concurrent.futures
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lint

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-ci"
CORES = os.cpu_count() or 1

# The look is what this version makes of .clang-format; other versions differ in small things.
FORMAT_VERSION = 14
TIDY_SECONDS = 300  # for one file
GENERATED = ("docs/reference", "docs/conformance.md", "docs/threats.md", "dist/man", "dist/completion",
             "dist/merlon.conf")


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True,
                          check=False, **more)


def from_root(line):
    """A message of a compiler run in a folder of build-ci/, with the path as the tree has it."""
    return re.sub(r"^(build-ci/[^/]+/)?(\.\./)+", "", line.removeprefix(f"{ROOT}/"))


def check_rules():
    return [str(f) for f in lint.check(ROOT)]


def c_paths():
    return [ROOT / p for p in lint.c_files(lint.Tree(ROOT))]


def check_format():
    version = re.search(r"version (\d+)", run("clang-format", "--version").stdout)
    if not version:
        return ["clang-format is missing"]
    if int(version[1]) != FORMAT_VERSION:
        print(f"    left out: clang-format {version[1]} is here, {FORMAT_VERSION} decides")
        return []

    def one(path):
        wanted = run("clang-format", "--style=file", path).stdout
        have = path.read_text(encoding="utf-8")
        if wanted == have:
            return None
        pairs = zip(have.split("\n"), wanted.split("\n"))
        line = next((i for i, (a, b) in enumerate(pairs, 1) if a != b), 1)
        return f"{path.relative_to(ROOT)}:{line}: format: run clang-format -i on it"

    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        return [f for f in pool.map(one, c_paths()) if f]


def component_options():
    """Names of the options that switch a binding or a store."""
    text = (ROOT / "meson_options.txt").read_text(encoding="utf-8")
    return re.findall(r"option\('((?:binding|store)_\w+)'", text)


def build(name, compiler, *options):
    folder = BUILDS / name
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    done = run("meson", "setup", *again, folder, "--werror", *options, cwd=ROOT,
               env=os.environ | {"CC": compiler})
    if done.returncode:
        lines = done.stdout.strip().splitlines()
        return [f"{name}: meson: {line}" for line in lines if "ERROR" in line] or [
            f"{name}: meson: {line}" for line in lines[-5:]]
    done = run("ninja", "-C", folder, "-k", "0", "-j", CORES)
    if done.returncode == 0:
        return []
    lines = done.stdout.splitlines()
    found = [line for line in lines if re.search(r": (fatal )?error: |undefined reference", line)]
    return [f"{name}: {from_root(line)}" for line in dict.fromkeys(
        found or [line for line in lines if line.startswith("FAILED: ")] or lines[-5:])]


def check_build_gcc():
    return build("gcc", "gcc", "-Dtests=true", "-Dtorture=true", "-Dbench=true")


def check_build_clang():
    return build("clang", "clang", "-Dtests=true", "-Dtorture=true")


def check_build_bare():
    return build("bare", "gcc", *(f"-D{name}=false" for name in component_options()))


def commands():
    """Our C files with their compile commands, as the clang build knows them."""
    listed = json.loads((BUILDS / "clang" / "compile_commands.json").read_text(encoding="utf-8"))
    rows = {}
    for row in listed:
        path = Path(row["directory"], row["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(BUILDS):
            rows[path] = row["command"]
    return rows


def headers_digest():
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    digest.update(run("clang-tidy", "--version").stdout.encode())
    places = [ROOT / "src", ROOT / "include", ROOT / "tests", BUILDS / "clang"]
    for place in places:
        for path in sorted(place.rglob("*.h")) + sorted(place.rglob("*.def")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def tidy_one(path, key):
    """Findings of one file; kept under a key made of all that they depend on."""
    kept = BUILDS / "tidy" / hashlib.sha256(key.encode() + path.read_bytes()).hexdigest()
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    try:
        done = run("clang-tidy", "--quiet", "-p", BUILDS / "clang", path, timeout=TIDY_SECONDS)
    except subprocess.TimeoutExpired:
        return [f"{path.relative_to(ROOT)}:1: clang-tidy took over {TIDY_SECONDS} seconds"]
    found = [from_root(line) for line in done.stdout.splitlines()
             if re.search(r":\d+:\d+: (warning|error): ", line)]
    if done.returncode and not found:
        found = [f"{path.relative_to(ROOT)}:1: clang-tidy: {line}"
                 for line in (done.stdout + done.stderr).strip().splitlines()[-3:]]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def check_tidy():
    if not (BUILDS / "clang" / "compile_commands.json").exists():
        return ["clang-tidy: there is no clang build to take the commands from"]
    headers = headers_digest()
    rows = commands()
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        results = pool.map(lambda row: tidy_one(row[0], headers + row[1]), rows.items())
        found = {}
        for path, lines in zip(rows, results):
            name = str(path.relative_to(ROOT))
            for line in lines:  # one in a header is told once, with the file it was seen from
                found.setdefault(line, "" if line.startswith(name) else f" (seen from {name})")
    return [line + seen for line, seen in found.items()]


def check_cppcheck():
    if not (BUILDS / "clang" / "compile_commands.json").exists():
        return ["cppcheck: there is no clang build to take the commands from"]
    folder = BUILDS / "cppcheck"
    folder.mkdir(parents=True, exist_ok=True)
    done = run("cppcheck", f"--project={BUILDS / 'clang' / 'compile_commands.json'}",
               f"--cppcheck-build-dir={folder}", "--enable=warning,portability", "--quiet",
               "--suppress=missingInclude",
               "--suppress=varFuncNullUB",  # NULL is a pointer in the C library we build for
               # without the headers of OpenSSL, those of xmlsec1 take it for a very old one
               "--suppress=preprocessorErrorDirective:/usr/include/*",
               f"--suppress=*:{BUILDS}/*", f"-j{CORES}",
               "--template={file}:{line}: cppcheck: {message} [{id}]", "--error-exitcode=1",
               cwd=ROOT)
    found = [from_root(line) for line in (done.stderr + done.stdout).splitlines()
             if ": cppcheck: " in line]
    return list(dict.fromkeys(found)) or (["cppcheck failed"] if done.returncode else [])


def differences(have, want):
    """Names below `want` that `have` lacks or holds otherwise, and the reverse."""
    for name in GENERATED:
        paths = set()
        for place in (have, want):
            if (place / name).is_file():
                paths.add(name)
            paths |= {str(p.relative_to(place)) for p in (place / name).rglob("*")
                      if p.is_file()}
        for path in sorted(paths):
            if not (have / path).exists():
                yield f"{path}:1: generated: is not in the tree; run make docs"
            elif not (want / path).exists():
                yield f"{path}:1: generated: nothing makes it any more"
            elif not filecmp.cmp(have / path, want / path, shallow=False):
                yield f"{path}:1: generated: stale; run make docs"


def check_generated():
    """Generates everything in a copy of the tree, and compares."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in lint.Tree(ROOT).paths:
            target = Path(scratch) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target)
        for name in GENERATED:
            if (Path(scratch) / name).is_dir():
                shutil.rmtree(Path(scratch) / name)
        program = BUILDS / "clang" / "src/cli/merlon"
        if not program.exists():
            return ["generated: there is no clang build to take the program from: run this with "
                    "--only build-clang first, or both in one run"]
        done = run("make", "docs", f"PROGRAM={program}", cwd=scratch)
        if done.returncode:
            return [f"generated: make docs: {line}"
                    for line in (done.stdout + done.stderr).strip().splitlines()[-5:]]
        return list(differences(ROOT, Path(scratch)))


CHECKS = {  # name: (what to run, part of `make lint` too)
    "rules": (check_rules, True),
    "format": (check_format, True),
    "build-clang": (check_build_clang, True),
    "build-gcc": (check_build_gcc, False),
    "build-bare": (check_build_bare, False),
    "tidy": (check_tidy, True),
    "cppcheck": (check_cppcheck, True),
    "generated": (check_generated, True),
}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=["lint", "ci"])
    parser.add_argument("--only", action="append", choices=sorted(CHECKS))
    parser.add_argument("--summary", help="write counts as JSON to this file")
    options = parser.parse_args(argv)
    passed, failures = 0, []
    started = time.monotonic()
    for name, (function, in_lint) in CHECKS.items():
        if options.only and name not in options.only or options.what == "lint" and not in_lint:
            continue
        at = time.monotonic()
        found = function()
        print(f"{name:12} {len(found):5} findings {time.monotonic() - at:7.1f} s", flush=True)
        passed += not found
        failures += found
    for line in failures:
        print(line)
    print(f"checks: {passed} passed, {len(failures)} failed, "
          f"{time.monotonic() - started:.0f} s", flush=True)
    if options.summary:
        place = Path(options.summary)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"name": "checks", "passed": passed,
                                     "failed": len(failures), "failures": failures}) + "\n",
                         encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
