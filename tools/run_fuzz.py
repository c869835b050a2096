#!/usr/bin/python3
"""Builds the libFuzzer targets and runs each for a while: the engine of `make fuzz`.

A target is a program x_fuzz of the build; its seeds are tests/corpus/x/, which are only read.
What fuzzing finds is kept in build-fuzz/found/x/ and is where the next run goes on. An input that
crashes is left in build-fuzz/crashes/: give it a name that tells the fault, put it into
tests/corpus/x/, and mend the code.

usage: run_fuzz.py [--seconds N] [TARGET]...
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"
CORES = os.cpu_count() or 1
OPTIONS = ["-Dfuzz=true", "-Dtests=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
           "-Doptimization=1", "-Ddebug=true"]


def build():
    again = ["--reconfigure"] if (BUILD / "build.ninja").exists() else []
    subprocess.run(["meson", "setup", *again, str(BUILD), *OPTIONS], cwd=ROOT, check=True,
                   env=os.environ | {"CC": "clang"})
    subprocess.run(["ninja", "-C", str(BUILD), "-j", str(CORES)], check=True)


def corpus_of(name):
    """The seeds of `json`, also when the program is called codec_json_fuzz. May not exist."""
    parts = name.split("_")
    for i in range(len(parts)):
        place = ROOT / "tests" / "corpus" / "_".join(parts[i:])
        if place.is_dir():
            return place
    return ROOT / "tests" / "corpus" / name


def targets():
    """{name: program}"""
    found = {}
    for path in sorted(BUILD.rglob("*_fuzz")):
        if path.is_file() and os.access(path, os.X_OK):
            found[path.name.removesuffix("_fuzz")] = path
    return found


def fuzz(name, program, seconds):
    """None, or what went wrong."""
    found = BUILD / "found" / name
    crashes = BUILD / "crashes"
    seeds = corpus_of(name)
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    if not seeds.is_dir():
        return f"there is no {seeds.relative_to(ROOT)}/"
    dictionary = seeds.with_suffix(".dict")
    extra = [f"-dict={dictionary}"] if dictionary.exists() else []
    done = subprocess.run(
        [str(program), str(found), str(seeds), f"-max_total_time={seconds}", "-timeout=10",
         "-rss_limit_mb=2048", f"-artifact_prefix={crashes}/{name}-", "-print_final_stats=1",
         *extra], capture_output=True, text=True, errors="replace", check=False)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"{name:20} {runs[1] if runs else '?':>10} inputs, status {done.returncode}", flush=True)
    if done.returncode == 0:
        return None
    return "\n".join(done.stderr.rstrip().split("\n")[-60:])


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("target", nargs="*")
    options = parser.parse_args(argv)
    try:
        build()
    except subprocess.CalledProcessError as error:
        print(f"the build failed: {error}\n0 passed, 1 failed")
        return 1
    chosen = {n: p for n, p in targets().items() if not options.target or n in options.target}
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        results = pool.map(lambda row: fuzz(*row, options.seconds), chosen.items())
        failures = {name: text for name, text in zip(chosen, results) if text}
    missing = set(options.target) - set(chosen)
    for name in sorted(missing):
        failures[name] = "there is no such target"
    for name, text in failures.items():
        print(f"\nFAILED {name}\n{text}")
    if not chosen and not missing:
        failures["fuzz"] = "no target was built"
    print(f"{len(set(chosen) - set(failures))} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
