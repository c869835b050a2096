"""Pages of the store overwritten: whoever reads it ends by itself, with a message, never by a signal.

LMDB has no checksums: a page may be read as it is (code 0), or be found damaged (4)."""

import os
import random
import re
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from lib.onem2m import Client
from lib.server import Server, binary, run

PAGE = 4096
BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8
HEAD = struct.Struct("<QHHHH")  # number, unused, flags, lower, upper


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a store with pages of every kind."""
    with Server(tmp_path_factory.mktemp("whole") / "data") as server:
        client = Client(server.url).register("Cfill", name="fill")
        for i in range(150):
            assert client.create("cse-in/fill", "cnt", rn=f"c{i}", lbl=[f"l{i}", "all"]).rsc == 2001
        assert client.create("cse-in/fill/c0", "cin", con="x" * 20000).rsc == 2001
    return (server.data / "store.mdb").read_bytes()


def pages_of(data, kind):
    return [at for at in range(0, len(data), PAGE)
            if HEAD.unpack_from(data, at)[2] & 0x0F == kind
            and (kind == META or HEAD.unpack_from(data, at)[0] == at // PAGE)]


def noise(count, seed):
    return random.Random(seed).randbytes(count)


def put(data, at, more):
    return data[:at] + more + data[at + len(more):]


def put_everywhere(data, kind, make):
    for seed, at in enumerate(pages_of(data, kind)):
        data = put(data, at, make(data[at:at + PAGE], seed))
    return data


def keep_head(page, seed):
    """Rows and where they stand are noise."""
    return page[:HEAD.size] + noise(PAGE - HEAD.size, seed)


def far_rows(page, _):
    """Each row says it stands at the end of its page and is as large as can be said."""
    lower = HEAD.unpack_from(page)[3]
    count = (min(lower, PAGE) - HEAD.size) // 2
    rows = struct.pack("<H", PAGE - 8) * count
    page = put(page, HEAD.size, rows)
    return put(page, PAGE - 8, b"\xff\xff\xff\x7f\x00\x00\x08\x00")


def many_rows(page, _):
    """More rows than a page can hold, all far behind it."""
    return HEAD.pack(*HEAD.unpack_from(page)[:3], 65534, 65534) + b"\xf8\xff" * ((PAGE - 16) // 2)


def children_beyond(page, _):
    """A branch that leads to pages that do not exist."""
    count = (HEAD.unpack_from(page)[3] - HEAD.size) // 2
    for i in range(count):
        at = struct.unpack_from("<H", page, HEAD.size + 2 * i)[0]
        page = put(page, at, b"\xff\xff\xff\x7f")
    return page


def circle(page, _):
    """A branch whose every child is itself."""
    number, count = HEAD.unpack_from(page)[0], (HEAD.unpack_from(page)[3] - HEAD.size) // 2
    for i in range(count):
        at = struct.unpack_from("<H", page, HEAD.size + 2 * i)[0]
        page = put(page, at, struct.pack("<I", number))
    return page


def metas(offset, value):
    return lambda data: put(put(data, offset, value), PAGE + offset, value)


def random_pages(seed, head):
    def damage(data):
        chance = random.Random(seed)
        for _ in range(4):
            at = chance.randrange(2, len(data) // PAGE) * PAGE + head
            data = put(data, at, noise(PAGE - head, chance.random()))
        return data
    return damage


DAMAGE = {
    "head": lambda data: noise(PAGE, 1) + data[PAGE:],
    "both heads": lambda data: noise(2 * PAGE, 2) + data[2 * PAGE:],
    "meta: map size": metas(32, b"\xff" * 8),
    "meta: map size a quarter": metas(32, struct.pack("<Q", 1 << 62)),
    "meta: page size 0": metas(40, b"\0" * 4),
    "meta: page size": metas(40, struct.pack("<I", 12345)),
    "meta: last page": metas(136, struct.pack("<Q", 1 << 40)),
    "meta: root": metas(128, struct.pack("<Q", 1 << 20)),
    "meta: root is itself": metas(128, struct.pack("<Q", 1)),
    "meta: tables": lambda data: put(put(data, 40 + 4, noise(92, 3)), PAGE + 40 + 4, noise(92, 4)),
    "meta: all but the head": lambda data: put(put(data, 32, noise(120, 5)), PAGE + 32, noise(120, 6)),
    "branch: noise": lambda data: put_everywhere(data, BRANCH, lambda p, s: noise(PAGE, s)),
    "branch: rows": lambda data: put_everywhere(data, BRANCH, keep_head),
    "branch: far": lambda data: put_everywhere(data, BRANCH, far_rows),
    "branch: many": lambda data: put_everywhere(data, BRANCH, many_rows),
    "branch: beyond": lambda data: put_everywhere(data, BRANCH, children_beyond),
    "branch: circle": lambda data: put_everywhere(data, BRANCH, circle),
    "leaf: noise": lambda data: put_everywhere(data, LEAF, lambda p, s: noise(PAGE, s)),
    "leaf: rows": lambda data: put_everywhere(data, LEAF, keep_head),
    "leaf: far": lambda data: put_everywhere(data, LEAF, far_rows),
    "leaf: many": lambda data: put_everywhere(data, LEAF, many_rows),
    "leaf: zeros": lambda data: put_everywhere(data, LEAF, lambda p, s: bytes(PAGE)),
    "overflow: noise": lambda data: put_everywhere(data, OVERFLOW, lambda p, s: noise(PAGE, s)),
    **{f"four pages of noise, {seed}": random_pages(seed, 0) for seed in range(12)},
    **{f"four pages of noise behind their heads, {seed}": random_pages(seed, HEAD.size)
       for seed in range(12)},
}


def accept(code, text, what):
    assert code in (0, 4), (what, code, text)
    assert code == 0 or text.strip(), what
    assert "Sanitizer" not in text and "out of memory" not in text, (what, text)


def serve(data):
    """A start, some reads, and the end."""
    server = subprocess.Popen(
        [binary(), "cse", "--data", str(data), "--listen", "http://127.0.0.1:0", "--store-max-size",
         "64G", "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    if line.startswith("listening"):
        client = Client(line.split()[2])
        try:
            for path in ("cse-in", "cse-in/fill", "cse-in/fill/c7", "cse-in/fill/c0/la"):
                client.request("GET", path, check=False)
            client.request("GET", "cse-in/fill", query={"fu": 1, "lbl": "all"}, check=False)
        except OSError:
            pass  # it ended
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
    _, text = server.communicate(timeout=60)
    return server.returncode, text


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_pages_end_with_a_message(whole, tmp_path, name):
    damaged = DAMAGE[name](whole)
    assert damaged != whole and len(damaged) == len(whole)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    for words in (["check"], ["stats"], ["backup", str(tmp_path / "backup")]):
        (data / "store.mdb").write_bytes(damaged)
        done = run("store", *words, "--data", str(data))
        accept(done.returncode, done.stdout + done.stderr, words)
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    (data / "store.mdb").write_bytes(damaged)
    os.chmod(data / "store.mdb", 0o600)
    code, text = serve(data)
    accept(code, text, "cse")


def forget_report(pid):
    """The sanitizer reports the fault that we have made, too; the run must not count it."""
    where = re.search(r"log_path=([^:]+)", os.environ.get("ASAN_OPTIONS", ""))
    if where:
        Path(f"{where[1]}.{pid}").unlink(missing_ok=True)


def test_other_faults_take_their_way(own):
    """A fault that is not the store's ends the process as it would without us."""
    server = own()
    server.process.send_signal(signal.SIGSEGV)
    code = server.process.wait(20)
    assert code == -signal.SIGSEGV or "AddressSanitizer" in server.log(), code
    assert "damaged" not in server.log()
    forget_report(server.process.pid)
    server.kill()


def test_whole_store_is_sound(whole, tmp_path):
    """The table above damages something that is in order."""
    (tmp_path / "store.mdb").write_bytes(whole)
    done = run("store", "check", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "the store is sound\n"), done
    for kind in (BRANCH, LEAF, OVERFLOW, META):
        assert pages_of(whole, kind), kind
