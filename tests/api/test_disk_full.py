"""A disk without room: writes are refused with 5xx, reads go on, and with room writing does too."""

import os
import resource
import subprocess

import pytest
from lib.onem2m import Client
from lib.server import Server, eventually, run

PIECE = "x" * 50_000


def can_mount():
    try:
        return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                              capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class SmallDisk:
    """A server whose data lie on a tmpfs that nobody else sees. What fills it is a file."""

    def __init__(self, tmp_path):
        self.place = tmp_path / "disk"
        self.place.mkdir()
        self.server = Server(self.place / "data", wrapper=(
            "unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"',
            str(self.place)))

    @property
    def filler(self):
        return f"/proc/{self.server.pid}/root{self.place}/filler"

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            block = b"x" * 65536
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[:len(block) // 2]

    def make_room(self):
        os.unlink(self.filler)


class SmallFiles:
    """A server whose files must not grow."""

    def __init__(self, tmp_path):
        # the signal that tells of the limit is ignored, as a service manager does
        # and the process stays ours, so that we may change its limits
        options = ("--user", "root") if os.geteuid() == 0 else ()
        self.server = Server(tmp_path / "data", *options, wrapper=(
            "sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"))

    def set(self, size):
        _, hard = resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (size, hard))

    def fill(self):
        (data,) = self.server.data.glob("*.mdb")
        self.set(data.stat().st_size)

    def make_room(self):
        self.set(resource.RLIM_INFINITY)


@pytest.fixture(params=["disk", "files"])
def small(request, tmp_path):
    if request.param == "disk" and not can_mount():
        pytest.skip("no private mounts here")
    made = (SmallDisk if request.param == "disk" else SmallFiles)(tmp_path)
    with made.server:
        yield made


def write_until_refused(client, known):
    """Writes until a write is refused; what was acknowledged is added to `known`."""
    for i in range(1000):
        name = f"i{len(known)}-{i}"
        answer = client.create("cse-in/a/c", "cin", rn=name, con=PIECE)
        if answer.rsc != 2001:
            return answer
        known.append(name)
    raise AssertionError("the disk does not fill")


def check_reading(client, known):
    container = client.retrieve("cse-in/a/c")
    assert (container["cni"], container["cbs"]) == (len(known), len(known) * len(PIECE))
    for name in known[-3:]:
        assert client.retrieve(f"cse-in/a/c/{name}")["con"] == PIECE
    assert len(client.discover("cse-in/a/c", ty=4)) == len(known)


def test_writes_are_refused_and_reads_go_on(small):
    server = small.server
    client = Client(server.url).register("Cfull", name="a")
    assert client.create("cse-in/a", "cnt", rn="c").rsc == 2001
    known = []
    for _ in range(3):  # not only once
        small.fill()
        answer = write_until_refused(client, known)
        assert (answer.rsc, answer.status) == (5000, 500) and answer.debug, answer
        for _ in range(20):
            answer = client.create("cse-in/a/c", "cin", con=PIECE)
            assert answer.rsc == 5000, answer
            check_reading(client, known)
        small.make_room()
        eventually(lambda: client.create("cse-in/a/c", "cin", rn=f"room{len(known)}", con=PIECE).rsc
                   == 2001, 20, "writing after there was room")
        known.append(f"room{len(known)}")
        check_reading(client, known)
    assert client.delete("cse-in/a/c").rsc == 2002
    assert client.create("cse-in/a", "cnt", rn="c").rsc == 2001
    assert server.process.poll() is None


def test_starts_on_a_full_disk(tmp_path):
    """It reads, it refuses to write, and it writes when there is room."""
    small = SmallFiles(tmp_path)
    server = small.server
    server.start()
    client = Client(server.url).register("Cfull", name="a")
    assert client.create("cse-in/a", "cnt", rn="c").rsc == 2001
    known = []
    small.fill()
    write_until_refused(client, known)
    size = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)[0]
    server.stop()
    server.wrapper = ["prlimit", f"--fsize={size}:", *server.wrapper]
    try:
        server.start()
        client = Client(server.url, "Cfull")
        check_reading(client, known)
        assert client.create("cse-in/a/c", "cin", con=PIECE).rsc == 5000
        small.make_room()
        eventually(lambda: client.create("cse-in/a/c", "cin", con=PIECE).rsc == 2001, 20, "writing")
    finally:
        server.stop()
    assert run("store", "check", "--data", str(server.data)).returncode == 0


def test_store_that_is_full(own):
    """The bound of --store-max-size: deleting makes room, and stays possible."""
    server = own("--store-max-size", "2M")
    client = Client(server.url).register("Cfull", name="a")
    assert client.create("cse-in/a", "cnt", rn="c").rsc == 2001
    known = []
    answer = write_until_refused(client, known)
    assert answer.rsc == 5000 and "full" in answer.debug, answer
    check_reading(client, known)
    for name in known[:5]:
        assert client.delete(f"cse-in/a/c/{name}").rsc == 2002
    del known[:5]
    eventually(lambda: client.create("cse-in/a/c", "cin", rn="after", con=PIECE).rsc == 2001, 10,
               "writing after deleting")
    known.append("after")
    check_reading(client, known)
    server.stop()
    assert run("store", "check", "--data", str(server.data)).returncode == 0
