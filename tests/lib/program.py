"""Which command the tests of the client run."""

import os

from lib import server


def binary():
    """The command to test: MERLON_BIN, else what the other suites test."""
    path = os.environ.get("MERLON_BIN") or server.binary()
    assert os.access(path, os.X_OK), f"no program to test at {path}: build it, or set MERLON_BIN"
    return path
