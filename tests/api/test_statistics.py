"""Statistics of the real server: the file of records, restarts, groups, reads on other threads.

spec: TS-0001 9.6.24, 9.6.25, 10.2.11.14; TS-0004 7.4.24, 7.4.25; docs/decisions/0036
"""

import json
import signal

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.server import eventually

ACTIVE, INACTIVE = 1, 2


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def collect(admin, name, event, **rule):
    assert admin.create("cse-in", "stcg", rn=f"g{name}").rsc == 2001
    config = admin.create(f"cse-in/g{name}", "evcg", rn="e", **event)
    assert config.rsc == 2001, config
    created = admin.create("cse-in", "stcl", rn=name, cei="CBilling", srs=ACTIVE, sm=1, evi=config["evi"], **rule)
    assert created.rsc == 2001, created
    return created["sci"]


def test_a_record(own, tmp_path):
    """TS-0001 10.2.11.1, 10.2.11.14: the informative example"""
    file = tmp_path / "statistics.jsonl"
    admin = Client(own("--statistics", str(file)).url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    acp = grant(admin, (["C1"], 63), (["C2"], 34))
    data = one.create("cse-in/one", "cnt", rn="data", acpi=[acp])["ri"]
    rule = collect(admin, "rule", {"evt": 1, "opt": [2], "eris": [data]})
    assert two.retrieve("cse-in/one/data").rsc == 2000
    assert two.delete("cse-in/one/data").rsc == 4103
    (record,) = records(file)
    assert record.pop("eventStart") <= record.pop("eventEnd")
    assert record == {"statsCollectID": rule, "collectingEntityID": "CBilling", "collectedEntityID": "C2", "event": 1,
                      "transactionType": 2, "dataSize": 0, "resourceID": data, "resourceType": 3, "byteSize": 0}
    assert one.create("cse-in/one/data", "cin", con="x" * 1025).rsc == 2001
    assert two.retrieve("cse-in/one/data").rsc == 2000
    last = records(file)[-1]
    assert (last["dataSize"], last["byteSize"]) == (2, 1025)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_rules_survive(own, tmp_path, how):
    """What was answered has been recorded, and the rule goes on."""
    file = tmp_path / "statistics.jsonl"
    server = own("--statistics", str(file))
    admin = Client(server.url)
    collect(admin, "rule", {"evt": 1, "opt": [1], "erts": [3]}, cdi=["CAdmin"])
    for i in range(20):
        assert admin.create("cse-in", "cnt", rn=f"c{i}").rsc == 2001
    getattr(server, how)()
    assert len(records(file)) == 20
    server.start()
    admin = Client(server.url)
    assert admin.create("cse-in", "cnt", rn="more").rsc == 2001
    assert len(records(file)) == 21
    assert admin.delete("cse-in/rule").rsc == 2002
    assert admin.create("cse-in", "cnt", rn="other").rsc == 2001
    assert len(records(file)) == 21


def test_a_time_survives(own, tmp_path):
    file = tmp_path / "statistics.jsonl"
    server = own("--statistics", str(file))
    admin = Client(server.url)
    data = admin.create("cse-in", "cnt", rn="data")["ri"]
    assert admin.create("cse-in/data", "cin", con="four").rsc == 2001
    end = timestamp(2)
    rule = collect(admin, "rule", {"evt": 3, "evs": timestamp(0), "eve": end, "eris": [data]})
    server.kill()
    server.start()
    (record,) = eventually(lambda: records(file))
    assert (record["statsCollectID"], record["event"], record["resourceID"], record["byteSize"]) == (rule, 3, data, 4)
    assert record["collectedEntityID"] == "CAdmin" and record["eventEnd"] >= end
    assert "transactionType" not in record


def test_a_rule_that_expires(own, tmp_path):
    file = tmp_path / "statistics.jsonl"
    admin = Client(own("--statistics", str(file)).url)
    collect(admin, "rule", {"evt": 1, "opt": [2], "erts": [5]}, et=timestamp(1))
    eventually(lambda: admin.retrieve("cse-in/rule").rsc == 4004)

    def is_over():
        before = len(records(file))
        return admin.retrieve("cse-in").rsc == 2000 and len(records(file)) == before
    eventually(is_over)


@pytest.mark.threads
def test_members_and_long_reads(own, tmp_path):
    """A read that moves to another thread half-way is one event for each member."""
    file = tmp_path / "statistics.jsonl"
    admin = Client(own("--statistics", str(file), "--limit", "quick-scan=10").url)
    members = [admin.create("cse-in", "cnt", rn=f"c{i}")["ri"] for i in range(30)]
    assert admin.create("cse-in", "grp", rn="g", mt=3, mnm=30, mid=members).rsc == 2001
    collect(admin, "rule", {"evt": 1, "opt": [2]})
    assert admin.retrieve("cse-in/g/fopt").rsc == 2000
    assert sorted(r["resourceID"] for r in records(file)) == sorted(members)


def test_without_a_file(own, tmp_path):
    """Nothing is collected, so nothing can be active; what is says so in the log."""
    server = own()
    admin = Client(server.url)
    assert admin.create("cse-in", "stcg", rn="g").rsc == 2001
    event = admin.create("cse-in/g", "evcg", evt=1)["evi"]
    assert admin.create("cse-in", "stcl", cei="C1", srs=ACTIVE, sm=1, evi=event).rsc == 5001
    assert admin.create("cse-in", "stcl", rn="c", cei="C1", srs=INACTIVE, sm=1, evi=event).rsc == 2001
    assert admin.update("cse-in/c", "stcl", srs=ACTIVE).rsc == 5001
    server.stop()
    plain, server.options = server.options, [*server.options, "--statistics", str(tmp_path / "file")]
    admin = Client(server.start().url)
    assert admin.update("cse-in/c", "stcl", srs=ACTIVE).rsc == 2004
    server.stop()
    server.options = plain
    server.start()
    assert "1 statsCollect are ACTIVE" in server.log()


def test_rotation_and_bounds(own, folder):
    file = folder / "statistics.jsonl"
    server = own("--statistics", str(file), "--limit", "statistics=2", "--limit", "statistics-entries=2")
    admin = Client(server.url)
    collect(admin, "a", {"evt": 1, "opt": [2], "erts": [5]})
    collect(admin, "b", {"evt": 1, "opt": [3]})
    event = admin.retrieve("cse-in/ga/e")["evi"]
    many = {"cei": "C1", "srs": INACTIVE, "sm": 1, "evi": event}
    assert admin.create("cse-in", "stcl", **many).rsc == 4000
    assert admin.delete("cse-in/b").rsc == 2002
    assert admin.create("cse-in", "stcl", cdi=["C1", "C2", "C3"], **many).rsc == 4000
    assert admin.create("cse-in", "stcl", cp={"sce": ["* * 99 * * * *"]}, **many).rsc == 4000
    assert admin.create("cse-in/ga", "evcg", evt=1, opt=[1, 2, 3]).rsc == 4000
    moved = folder / "old"
    assert admin.retrieve("cse-in").rsc == 2000
    file.rename(moved)
    server.process.send_signal(signal.SIGHUP)
    eventually(file.exists)
    assert admin.retrieve("cse-in").rsc == 2000
    assert [len(records(f)) for f in (moved, file)] == [1, 1]


def test_large_rules(own, tmp_path):
    """Nobody fills the memory for rules, so that they could not be read any more."""
    server = own("--statistics", str(tmp_path / "file"))
    admin = Client(server.url)
    assert admin.create("cse-in", "stcg", rn="g").rsc == 2001
    event = admin.create("cse-in/g", "evcg", evt=1, opt=[2], erts=[5])["evi"]
    rule = {"srs": ACTIVE, "sm": 1, "evi": event}
    long = "C" + 256 * "x"
    assert admin.create("cse-in", "stcl", cei=long, **rule).rsc == 4000
    assert admin.create("cse-in", "stcl", cei="C1", cdi=["C1", long], **rule).rsc == 4000
    assert admin.create("cse-in/g", "evcg", evt=1, eris=[long]).rsc == 4000
    for _ in range(80):
        assert admin.create("cse-in", "stcl", cei="C1", lbl=[1000000 * "x"], **rule).rsc == 2001
    server.stop()
    admin = Client(server.start().url)
    assert admin.retrieve("cse-in").rsc == 2000
    assert len(records(tmp_path / "file")) == 80
