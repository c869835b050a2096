"""What the rows of `make bench` share: programs, load, and the figures said."""

import atexit
import functools
import json
import os
import re
import shutil
import signal
import ssl
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = {"X-M2M-Origin": "Cbench", "X-M2M-RI": "r1", "X-M2M-RVI": "3"}
ROUNDS = 3
SECONDS = 3
rows = []


def say(name, value, target, met):
    rows.append((name, value, target, met))
    print(f"{name:58} {value:>26}  {target:>10}  {'ok' if met else 'MISSED'}", flush=True)


# ---- programs ----


class Program:
    """A program that serves until it is stopped."""

    def __init__(self, command, pattern, scheme="http"):
        self.scheme = scheme
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # nothing goes on when a row fails
        self.port = None
        while self.port is None:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"{command[0]} did not start")
            found = re.search(pattern, line)
            if found:
                self.port = int(found[1])

    @property
    def url(self):
        host = "localhost" if self.scheme == "https" else "127.0.0.1"  # the name in the certificate
        return f"{self.scheme}://{host}:{self.port}"

    def cpu(self):
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Private and shared-anonymous memory in bytes: without pages of the store's file."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", text)[1]) * 1024

    def rss(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process.stdout.close()


class Bench:
    def __init__(self, build, scratch):
        self.build = Path(build)
        self.scratch = Path(scratch)

    def merlon(self, data, *options):
        return Program([str(self.build / "merlon"), "cse", "--data", str(self.scratch / data),
                        "--listen", "http://127.0.0.1:0", "--threads", "2", "--log", "error",
                        *options], r"listening on http://127\.0\.0\.1:(\d+)")

    def secured(self, data, *options):
        """The same under TLS, with a certificate and the key k1@sp.example of 32 bytes 01."""
        words = ["--tls-certificate", f"{self.certificate}.pem", "--tls-key", f"{self.certificate}.key"]
        self.command("key", "add", "--data", self.scratch / data, "--id", "k1@sp.example", "--key-file", "-",
                     stdin="01" * 32)
        return Program([str(self.build / "merlon"), "cse", "--data", str(self.scratch / data),
                        "--listen", "https://127.0.0.1:0,trusted", "--threads", "2", "--log", "error",
                        *words, *options], r"listening on https://127\.0\.0\.1:(\d+)", "https")

    def bare_http(self, threads=2):
        return Program([str(self.build / "tests/bench/bare_http"), str(threads)], r"^(\d+)$")

    def bare_https(self, threads=2):
        return Program([str(self.build / "tests/bench/bare_http"), str(threads), f"{self.certificate}.pem",
                        f"{self.certificate}.key"], r"^(\d+)$", "https")

    def command(self, *words, stdin=None):
        subprocess.run([str(self.build / "merlon"), *map(str, words)], input=stdin, capture_output=True, text=True,
                       check=True)

    @functools.cached_property
    def certificate(self):
        """FILE of FILE.pem and FILE.key."""
        self.command("cert", "ca", "--ca", self.scratch / "ca", "--sp-id", "//sp.example", "--in-cse-id", "/in")
        self.command("cert", "issue", "--ca", self.scratch / "ca", "--cse-id", "//sp.example/in", "--sp-id",
                     "//sp.example", "--in-cse-id", "/in", "--server", "localhost", "--out",
                     self.scratch / "cse")
        return self.scratch / "cse"

    def handshakes(self, port, *words):
        """Of TLS 1.3, per second."""
        out = subprocess.run([str(self.build / "tests/bench/handshakes"), str(port), str(SECONDS), *words],
                             capture_output=True, text=True, check=True)
        return float(out.stdout)

    def refusals(self, port, identity, other):
        """Median microseconds to refuse each identity with a wrong key."""
        out = subprocess.run([str(self.build / "tests/bench/handshakes"), str(port), str(SECONDS), identity, "02" * 32,
                              other], capture_output=True, text=True, check=True)
        return tuple(map(float, out.stdout.split()))

    def commits(self, data):
        """How many transactions have been committed to the store of a server."""
        out = subprocess.run([str(self.build / "tests/bench/bare_lmdb"),
                              str(self.scratch / data / "store.mdb")],
                             capture_output=True, text=True, check=True)
        return int(out.stdout)

    def bare_lmdb(self, batch):
        directory = tempfile.mkdtemp(dir=self.scratch)
        out = subprocess.run([str(self.build / "tests/bench/bare_lmdb"), directory, str(batch),
                              str(SECONDS)], capture_output=True, text=True, check=True)
        shutil.rmtree(directory)
        return float(out.stdout)


def call(url, body=None, ty=None, method=None, headers=None):
    sent = {**HEADERS, **(headers or {})}
    if body is not None:
        sent["Content-Type"] = "application/json" + (f";ty={ty}" if ty else "")
    request = urllib.request.Request(url, json.dumps(body).encode() if body is not None else None,
                                     sent, method=method)
    believing = ssl.create_default_context()
    believing.check_hostname, believing.verify_mode = False, ssl.CERT_NONE  # our own server, on loopback
    with urllib.request.urlopen(request, timeout=60, context=believing) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def prepare(server, containers=("c1",)):
    call(server.url + "/cse-in", {"m2m:ae": {"rn": "bench", "api": "Nbench", "rr": True,
                                             "srv": ["3"]}}, ty=2)
    for name in containers:
        call(server.url + "/cse-in/bench", {"m2m:cnt": {"rn": name}}, ty=3)
        call(f"{server.url}/cse-in/bench/{name}", {"m2m:cin": {"con": "first"}}, ty=4)


def wrk(url, *args, connections=16, seconds=SECONDS):
    """Requests per second; every one must have succeeded."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
                          str(HERE / "load.lua"), url, "--", *args],
                         capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"requests failed:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def processor_us(server, path, *args):
    """Microseconds of processor time that a request costs the server."""
    used, start = server.cpu(), time.monotonic()
    rate = wrk(server.url + path, *args)
    return (server.cpu() - used) / (rate * (time.monotonic() - start)) * 1e6


def paired(ours, theirs, rounds=ROUNDS):
    """Both in turn; (median of ours, median of theirs, median of the ratios)."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return (statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs),
            statistics.median(p[0] / p[1] for p in pairs))
