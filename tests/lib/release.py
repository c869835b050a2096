"""The program as it is released: without sanitizers, whose memory and system calls are their own.

MERLON_RELEASE names one that is built already; else Meson builds one beside the test build, once.
"""

import fcntl
import os
import subprocess
from pathlib import Path

from .server import ROOT


def binary():
    given = os.environ.get("MERLON_RELEASE")
    if given:
        return given
    folder = Path(os.environ.get("MERLON_BUILD", ROOT / "build-test")) / "release"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the test processes wait for the first one
        if not (folder / "build.ninja").exists():
            build("meson", "setup", str(folder), str(ROOT), "-Dbuildtype=debugoptimized")
        build("ninja", "-C", str(folder), "src/cli/merlon")
    return str(folder / "src" / "cli" / "merlon")


def build(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
