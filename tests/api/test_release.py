"""The program as it is released: the filter of system calls, hardening, and what it may use."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from lib import release
from lib.onem2m import Client
from lib.server import Server, eventually


@pytest.fixture(scope="session")
def program():
    return release.binary()


@pytest.fixture
def own_release(tmp_path, program):
    """As `own`, with the released program."""
    servers = []

    def start(*options, **more):
        servers.append(Server(tmp_path / f"data{len(servers)}", *options, program=program, **more))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()


def threads(server):
    """/proc/PID/task/*/status as dictionaries."""
    for task in Path(f"/proc/{server.pid}/task").iterdir():
        lines = (task / "status").read_text(encoding="ascii").splitlines()
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def scenario(server, receiver_url):
    """Everything once: what needs files, threads, timers, the resolver, connections."""
    admin = Client(server.url)
    ae = admin.register("Crel", name="rel", poa=[receiver_url + "/ae"])
    assert ae.create("cse-in/rel", "cnt", rn="c", mni=3).rsc == 2001
    sub = ae.create("cse-in/rel/c", "sub", nu=[receiver_url + "/url", "Crel"], enc={"net": [3]})
    assert sub.rsc == 2001, sub
    for i in range(5):
        assert ae.create("cse-in/rel/c", "cin", con="x" * 1000 * i).rsc == 2001
    assert ae.create("cse-in/rel", "grp", rn="g", mnm=3, mid=["cse-in/rel/c"]).rsc == 2001
    assert ae.create("cse-in/rel/g/fopt", "cin", con="fanned").rsc == 2000
    assert ae.retrieve("cse-in/rel/c/la")["con"] == "fanned"
    assert "cse-in/rel/g" in ae.discover("cse-in/rel", ty=9)
    assert ae.notify("cse-in/rel", {"m2m:sgn": {"sur": "/id-in/x"}}).rsc == 2000
    made = ae.create("cse-in/rel", "cnt", rn="late", headers={"X-M2M-OET": "100"})
    assert made.rsc == 2001, made
    assert ae.create("cse-in/rel", "cnt", content={"m2m:cnt": {"rn": "c"}}).rsc == 4105
    assert ae.update("cse-in/rel/c", "cnt", mbs=10000).rsc == 2004


def test_scenario_under_the_filter(own_release, receiver):
    """By address and by name: the resolver opens files and makes a thread."""
    for host in ("127.0.0.1", "localhost"):
        server = own_release()
        url = f"http://{host}:{receiver.url.rsplit(':', 1)[1]}"
        receiver.drain()
        scenario(server, url)
        told = [receiver.next() for _ in range(13)]
        assert {t.path for t in told} >= {"/url", "/ae"}, told
        for status in threads(server):
            assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status
        server.restart()
        assert Client(server.url, "Crel").delete("cse-in/rel").rsc == 2002
        assert server.process.poll() is None
        assert "Bad system call" not in server.log()


def test_without_the_filter(own_release, receiver):
    server = own_release("--seccomp", "off")
    scenario(server, receiver.url)
    for status in threads(server):
        assert status["Seccomp"] == "0" and status["NoNewPrivs"] == "1", status


def test_expiry_under_the_filter(own_release):
    server = own_release()
    ae = Client(server.url).register("Crel", name="rel")
    answer = ae.create("cse-in/rel", "cnt", rn="c", content={"m2m:cnt": {"rn": "c", "mia": 1}})
    assert answer.rsc == 2001, answer
    assert ae.create("cse-in/rel/c", "cin", con="x").rsc == 2001
    eventually(lambda: ae.retrieve("cse-in/rel/c")["cni"] == 0, 10, "the expiry")


def test_no_debugger_and_no_core(own_release):
    server = own_release()
    # who is not dumpable belongs to root below /proc, whoever it runs as
    assert os.stat(f"/proc/{server.pid}/mem").st_uid == 0
    limits = Path(f"/proc/{server.pid}/limits").read_text(encoding="ascii")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)


def test_hardening_of_the_program(program):
    def readelf(*words):
        return subprocess.run(["readelf", "-W", *words, program], capture_output=True, text=True,
                              check=True).stdout

    assert re.search(r"Type: +DYN", readelf("-h")), "position independent"
    assert re.search(r"BIND_NOW|FLAGS_1.*NOW", readelf("-d")), "symbols are bound at the start"
    segments = readelf("-l")
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK.* RW +0x", segments), "no code on the stack"
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk@", symbols), "checked forms of the C library's calls"


def test_small_memory(own_release):
    """Under 30 MB when small."""
    server = own_release()
    ae = Client(server.url).register("Crel", name="rel")
    assert ae.create("cse-in/rel", "cnt", rn="c").rsc == 2001
    for _ in range(200):
        ae.create("cse-in/rel/c", "cin", con="x" * 100)
        ae.retrieve("cse-in/rel/c/la")
    assert server.rss() < 30 * 1000 * 1000, server.rss()
