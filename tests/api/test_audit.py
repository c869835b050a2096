"""The audit log of the real server. Its lines are tested byte by byte in src/server/line_file_test.c."""

import json
import os
import signal
import stat
import threading

import pytest
from lib.onem2m import Client, grant
from lib.server import eventually, run

SECRET = "planted-secret-5f2c"


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_denied_and_administrative_requests(own, tmp_path):
    """SEC-GEN-08: originator, target, operation, code; no contents"""
    log = tmp_path / "audit.jsonl"
    server = own("--audit", str(log))
    admin = Client(server.url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    assert one.create("cse-in/one", "cnt", rn="c", lbl=[SECRET]).rsc == 2001
    assert one.retrieve("cse-in/one/none").rsc == 4004
    assert lines(log) == []
    assert two.create("cse-in/one/c", "cin", con=SECRET).rsc == 4103
    assert two.As("Cnobody").delete("cse-in/one").rsc == 4106
    assert two.As("/cse1").retrieve("cse-in").rsc == 4107
    assert admin.update("cse-in/one/c", "cnt", lbl=[SECRET + "2"]).rsc == 2004
    told = lines(log)
    assert [(e["from"], e["to"], e["operation"], e["rsc"]) for e in told] == [
        ("C2", "cse-in/one/c", "create", 4103), ("Cnobody", "cse-in/one", "delete", 4106),
        ("/cse1", "cse-in", "retrieve", 4107), ("CAdmin", "cse-in/one/c", "update", 2004)]
    assert told[0]["type"] == 4 and told[0]["error"] == "NO_PRIVILEGE" and told[0]["reason"]
    assert [e.get("denied", False) for e in told] == [True, True, True, False]
    assert [e.get("admin", False) for e in told] == [False, False, False, True]
    assert all(e["peer"].startswith("127.0.0.1:") and e["request"] for e in told)
    assert SECRET not in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(os.stat(log).st_mode) == 0o600


@pytest.mark.parametrize("operation", ["retrieve", "delete"])
def test_each_member_is_told_of_once(own, tmp_path, operation):
    """SEC-GEN-08: a read that moves to another thread half-way is one request, and so is one in the middle of others"""
    log = tmp_path / "audit.jsonl"
    server = own("--audit", str(log), "--limit", "quick-scan=10")
    admin = Client(server.url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    members = [one.create("cse-in/one", "cnt", rn=f"c{i}")["ri"] for i in range(30)]
    group = admin.create("cse-in", "grp", mt=3, mnm=30, mid=members, macp=[grant(admin, (["all"], 63))])
    log.write_bytes(b"")
    answer = two.request({"retrieve": "GET", "delete": "DELETE"}[operation], f"{group['ri']}/fopt")
    assert [r["rsc"] for r in answer.pc["m2m:agr"]["m2m:rsp"]] == [4103] * 30
    told = lines(log)
    assert [e["to"] for e in told] == members
    assert all(e["from"] == "C2" and e["member"] and e["denied"] and e["rsc"] == 4103 and e["reason"] for e in told)
    server.stop()
    assert "no_privilege 30 " in [line for line in server.log().splitlines() if "decisions:" in line][-1]


def test_all_requests(own, tmp_path):
    """--audit-all"""
    log = tmp_path / "audit.jsonl"
    admin = Client(own("--audit", str(log), "--audit-all", "on").url)
    admin.register("C1", name="one").retrieve("cse-in/one")
    assert [(e["operation"], e["rsc"]) for e in lines(log)] == [("create", 2001), ("retrieve", 2000)]


def test_what_a_peer_says_stays_in_its_place(own, tmp_path):
    """SEC-GEN-08: no line can be forged"""
    log = tmp_path / "audit.jsonl"
    admin = Client(own("--audit", str(log)).url)
    for name in ('Cx","rsc":2000', "Cx\\", "C" + "x" * 250, 'Cx"}'):
        admin.As(name).retrieve("cse-in")
    admin.As("Cx").retrieve("cse-in/%22%7D%0A%7B%22a%22:1%7D")
    told = lines(log)
    assert told and all(e["rsc"] in (4000, 4106) for e in told)
    assert all(len(line) < 4096 for line in log.read_bytes().splitlines())


def test_goes_on_after_a_restart(own, tmp_path):
    log = tmp_path / "audit.jsonl"
    server = own("--audit", str(log))
    assert Client(server.url, "Cx").retrieve("cse-in").rsc == 4106
    server.restart()
    assert Client(server.url, "Cx").retrieve("cse-in").rsc == 4106
    assert len(lines(log)) == 2


def reload(server):
    """SIGHUP; returns when it has been worked on."""
    before = server.log().count("reloaded")  # the data directory may be out of reach; that does not matter here
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.log().count("reloaded") > before, what="the reload")


def test_rotation_loses_nothing(own, folder):
    """SEC-GEN-08: each denial stands in one of the files, whole and once, whatever happens to their names"""
    log = folder / "audit.jsonl"
    server = own("--audit", str(log), store="mem")
    done, sent = threading.Event(), [[] for _ in range(3)]

    def denied(number):
        client = Client(server.url, "Cnobody")
        while not done.is_set():
            to = f"cse-in/x{number}-{len(sent[number])}"
            assert client.retrieve(to).rsc == 4106
            sent[number].append(to)

    threads = [threading.Thread(target=denied, args=(number,)) for number in range(len(sent))]
    for thread in threads:
        thread.start()
    for turn in range(5):
        goal = [len(s) + 20 for s in sent]
        eventually(lambda g=tuple(goal): all(len(s) >= n for s, n in zip(sent, g)), what="requests")
        log.rename(folder / f"audit.{turn}")
        reload(server)
    done.set()
    for thread in threads:
        thread.join()
    files = sorted(folder.iterdir())
    assert len(files) == 6 and log in files
    told = [e["to"] for file in files for e in lines(file)]
    assert sorted(told) == sorted(to for s in sent for to in s)
    assert sum(1 for file in files if lines(file)) >= 5
    assert stat.S_IMODE(os.stat(log).st_mode) == 0o600


def test_rotation_that_fails(own, folder):
    """SEC-GEN-08: then the file that is open goes on"""
    log = folder / "audit.jsonl"
    server = own("--audit", str(log), store="mem")
    client = Client(server.url, "Cnobody")
    reload(server)  # without a rename: the same file
    assert client.retrieve("cse-in/1").rsc == 4106
    log.rename(folder / "old")
    log.mkdir()
    reload(server)
    assert f"audit: {log}: " in server.log()
    assert client.retrieve("cse-in/2").rsc == 4106
    log.rmdir()
    log.symlink_to(folder / "old2")
    reload(server)
    assert client.retrieve("cse-in/3").rsc == 4106
    log.unlink()
    reload(server)
    assert client.retrieve("cse-in/4").rsc == 4106
    assert [e["to"] for e in lines(folder / "old")] == ["cse-in/1", "cse-in/2", "cse-in/3"]
    assert [e["to"] for e in lines(log)] == ["cse-in/4"]
    assert not (folder / "old2").exists()


@pytest.mark.parametrize("name", ["missing/audit", "."])
def test_no_start_without_the_log(tmp_path, name):
    """A server that was told to keep an audit log does not run without."""
    done = run("cse", "--data", str(tmp_path / "d"), "--store", "mem", "--listen",
               "http://127.0.0.1:0", "--audit", str(tmp_path / name))
    assert done.returncode == 2 and "audit" in done.stderr and not done.stdout, done


def test_counters_at_the_end(own):
    """Decisions by outcome, in the log of the server"""
    server = own(store="mem")
    admin = Client(server.url)
    admin.register("C1", name="one").retrieve("cse-in/one")
    admin.register("C2", name="two").retrieve("cse-in/one")
    admin.As("Cx").retrieve("cse-in")
    server.process.send_signal(signal.SIGHUP)  # at each reload, too: without an audit log as well
    eventually(lambda: "decisions: permitted 3 no_privilege 1 not_authenticated 1 " in server.log())
    assert server.log().count("decisions:") == 1
    server.stop()
    assert server.log().count("decisions:") == 2
    line = next(line for line in server.log().splitlines() if "decisions:" in line)
    assert "permitted 3 no_privilege 1 not_authenticated 1 needs_association 0" in line, line
