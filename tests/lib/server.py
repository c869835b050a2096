"""The real server on free ports of loopback, in a directory of its own."""

import os
import pwd
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / "dist" / "definitions"
USE_HOME = ("--flex-definitions", str(HOME))
LISTENING = re.compile(r"listening on (\S+)( \(trusted\))?")


def binary():
    """The merlon to test: MERLON as tools/run_tests.py sets it, else the test build."""
    path = os.environ.get("MERLON") or str(ROOT / "build-test" / "merlon")
    assert os.access(path, os.X_OK), f"no program to test at {path}: build it, or set MERLON"
    return path


class Server:
    """One `merlon cse`. Use as a context manager, or start() and stop()."""

    def __init__(self, data, *options, store="lmdb", listen=("http://127.0.0.1:0",), program=None,
                 environment=None, wrapper=(), threads=2):
        self.data = Path(data)
        self.options = list(options)
        self.store = store
        self.listen = list(listen)
        self.program = program or binary()
        self.environment = environment or {}
        self.wrapper = list(wrapper)
        self.threads = threads
        self.process = None
        self.urls = []
        self.trusted = []
        self.output = []
        self._errors = None

    # ---- life ----

    def command(self):
        listen = [word for url in self.listen for word in ("--listen", url)]
        # ThreadSanitizer leaves no room for the default of a terabyte
        says_size = {"--store-max-size", "--config"} & set(self.options)
        size = [] if says_size else ["--store-max-size", "64G"]
        return [*self.wrapper, self.program, "cse", "--data", str(self.data), "--store", self.store,
                "--threads", str(self.threads), *size, *listen, *self.options]

    def start(self, seconds=30):
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self._errors = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE,
                                        stderr=self._errors, text=True,
                                        env={**os.environ, **self.environment})
        self.urls, self.trusted, self.output = [], [], []
        wanted = len(self.listen) + sum(o == "--insecure-listen" for o in self.options)
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            while len(self.urls) < wanted:
                line = self.process.stdout.readline()
                if not line:
                    code = self.process.wait()
                    raise AssertionError(f"the server ended with {code}:\n{self.log()}")
                self.output.append(line.rstrip("\n"))
                found = LISTENING.match(line)
                if found:
                    self.urls.append(found[1])
                    self.trusted.append(bool(found[2]))
        finally:
            timer.cancel()
        return self

    def stop(self, seconds=30):
        """SIGTERM; the server must end by itself, with 0."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not stop in {seconds} s:\n{self.log()}") from None
        finally:
            process.stdout.close()
            self._errors.close()
        assert code == 0, f"the server ended with {code}:\n{self.log()}"

    def kill(self):
        """kill -9, and gone."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        process.stdout.close()
        self._errors.close()

    def restart(self):
        self.stop()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        elif self.process is not None:
            self.kill()

    # ---- looking at it ----

    @property
    def url(self):
        return self.urls[0]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def pid(self):
        return self.process.pid

    @property
    def log_path(self):
        return self.data.parent / (self.data.name + ".log")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def rss(self):
        """Resident memory in bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


def own_data(data):
    """As the server does at its start: for a reload its user must be able to read them."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in [Path(data), *Path(data).iterdir()]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def run(*words, **options):
    """One run of the program to its end."""
    return subprocess.run([binary(), *words], capture_output=True, text=True, timeout=60,
                          check=False, **options)


def eventually(check, seconds=10, what="the condition"):
    """Waits for something that comes by itself, and gives its value."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.01)
