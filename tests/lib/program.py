"""Which command and which library the tests of the client use."""

import os
import subprocess
from pathlib import Path

from lib import server

INCLUDE = Path(__file__).resolve().parent.parent.parent / "include"


def binary():
    """The command to test: MERLON_BIN, else what the other suites test."""
    path = os.environ.get("MERLON_BIN") or server.binary()
    assert os.access(path, os.X_OK), f"no program to test at {path}: build it, or set MERLON_BIN"
    return path


def library():
    """Folder of the library that was built with it."""
    folder = os.environ.get("MERLON_BUILD")
    folder = (Path(folder) if folder else Path(binary()).resolve().parent.parent.parent) / "src/client"
    assert (folder / "libmerlon.so").exists(), f"no library in {folder}"
    return folder


def is_sanitized(folder):
    done = subprocess.run(["nm", "-D", folder / "libmerlon.so"], capture_output=True, text=True, check=True)
    return "__asan_init" in done.stdout


def compile_with_library(compiler, options, source, program):
    """Links a program with the shared library; warnings are errors."""
    folder = library()
    sanitizers = ["-fsanitize=address,undefined"] if is_sanitized(folder) else []
    subprocess.run([compiler, *options, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizers, f"-I{INCLUDE}",
                    source, f"-L{folder}", "-lmerlon", f"-Wl,-rpath,{folder}", "-o", program], check=True, timeout=120)
