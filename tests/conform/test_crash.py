"""kill -9 at any moment: what was acknowledged is there, nothing is there by half.

MERLON_CRASH_ROUNDS sets how often; the default suits every run of the tests.
"""

import os
import random
import subprocess
import time

from lib.receiver import Receiver
from lib.server import Server, eventually, run
from lib.writers import Writer

ROUNDS = int(os.environ.get("MERLON_CRASH_ROUNDS", "100"))
WRITERS = 4


def check_store(server):
    done = run("store", "check", "--data", str(server.data))
    assert done.returncode == 0, done.stdout + done.stderr


def told(receiver):
    """Contents that each writer's subscription has reported, first time each, in their order."""
    contents = {}
    for received in list(receiver.all.queue):
        if not received.is_verification:
            writer = received.path.lstrip("/")
            contents.setdefault(writer, []).append(received.rep["m2m:cin"]["con"])
    return {writer: list(dict.fromkeys(given)) for writer, given in contents.items()}


def all_told(receiver, writers):
    have = told(receiver)
    return all(set(w.told) <= set(have.get(f"w{w.number}", [])) for w in writers)


def one_round(server, writers, seconds):
    """Lets the writers work for a while, then kills the server."""
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    server.kill()
    for writer in writers:
        writer.join(60)
        assert not writer.is_alive(), "a writer does not end"
        if writer.failure:
            raise writer.failure
    check_store(server)
    server.start()
    for writer in writers:
        writer.verify(server.url)
    return [writer.again(server.url) for writer in writers]


def test_nothing_acknowledged_is_lost(tmp_path):
    """An answer that says done is durable, and so is what follows from it."""
    seed = int(os.environ.get("MERLON_CRASH_SEED", random.randrange(1 << 30)))
    print(f"MERLON_CRASH_SEED={seed}")
    dice = random.Random(seed)
    with Receiver() as receiver, Server(tmp_path / "data") as server:
        writers = [Writer(n, server.url, dice.random()) for n in range(WRITERS)]
        for writer in writers:
            writer.setup(receiver.url)
        for _ in range(ROUNDS):
            writers = one_round(server, writers, dice.uniform(0.002, 0.15))
        assert sum(w.acknowledged for w in writers) > 5 * ROUNDS, "the writers hardly wrote"
        # what was committed is also told, across all the deaths of the server, and in order
        eventually(lambda: all_told(receiver, writers), 60, "the last notification")
        for writer in writers:
            given = [c for c in told(receiver)[f"w{writer.number}"] if c in set(writer.told)]
            assert given == writer.told


def test_second_server_is_refused(tmp_path):
    """One data directory, one process; the running one does not notice."""
    with Server(tmp_path / "data") as server:
        second = subprocess.run(Server(server.data).command(), capture_output=True, text=True,
                                timeout=60, check=False)
        assert second.returncode == 3, second
        assert "in use" in second.stderr and not second.stdout, second
        writer = Writer(0, server.url, 1)
        writer.setup(None)
        writer.verify(server.url)
    check_store(server)


def test_killed_while_starting(tmp_path):
    """A server that is killed during its first steps leaves a directory that the next can use."""
    server = Server(tmp_path / "data")
    for pause in (0, 0.005, 0.01, 0.02, 0.04, 0.08):
        with subprocess.Popen(server.command(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            time.sleep(pause)
            process.kill()
    with server:
        writer = Writer(0, server.url, 1)
        writer.setup(None)
        writer.verify(server.url)
    check_store(server)
