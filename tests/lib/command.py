"""The command `merlon`, run by tests."""

import os
import signal
import subprocess
from pathlib import Path

from lib.program import binary

SECONDS = 60


def to_be_killed(environment=None):
    """The environment of a process that is killed at any moment. The search for leaks at the end of
    a sanitized one reports it when it is killed meanwhile."""
    environment = dict(os.environ if environment is None else environment)
    options = environment.get("ASAN_OPTIONS", "")
    return environment | {"ASAN_OPTIONS": f"{options}:detect_leaks=0".lstrip(":")}


class Command:
    """`merlon` with a home directory of its own and no settings from outside."""

    def __init__(self, home, url):
        self.home = Path(home)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("MERLON", "XDG_", "LC_")) and name != "LANG"}
        self.environment |= {"HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        if url:
            self.environment["MERLON_URL"] = url

    def set(self, **variables):
        """Environment variables; None removes one."""
        for name, value in variables.items():
            if value is None:
                self.environment.pop(name, None)
            else:
                self.environment[name] = value

    def configure(self, text, path=".config/merlon/client.conf"):
        """Writes the configuration file, and gives its path."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def __call__(self, *words, stdin=None, code=None):
        """Runs to the end. `code`: the exit code that must come."""
        done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True,
                              input=stdin, timeout=SECONDS, check=False, env=self.environment)
        assert done.returncode >= 0 and "Sanitizer" not in done.stderr, done.stderr
        if code is not None:
            assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *words, **options):
        """Starts and gives the process; see also `Running`."""
        return Running(subprocess.Popen([binary(), *map(str, words)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=self.environment, **options))


class Running:
    """A command that runs until somebody ends it."""

    def __init__(self, process):
        self.process = process

    def line(self):
        """The next line of standard output."""
        return self.process.stdout.readline().rstrip("\n")

    def message(self):
        """The next line of standard error."""
        return self.process.stderr.readline().rstrip("\n")

    def end(self, number=None):
        """Sends a signal if one is given, and waits: (exit code, rest of stdout, rest of stderr)"""
        if number:
            self.process.send_signal(number)
        try:
            out, errors = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, errors = self.process.communicate()
            raise AssertionError(f"it did not end:\n{out}{errors}") from None
        assert "Sanitizer" not in errors, errors
        return self.process.returncode, out, errors

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
