"""crossResourceSubscriptions over HTTP: what a crash and a restart must not lose, and who is told of what.
The rules are in tests/cases/crs. spec: TS-0004 7.4.58, 7.5.1.2.18; TS-0001 9.6.58
"""

import json

import pytest
from lib.onem2m import Client
from lib.receiver import Receiver
from lib.server import Server, eventually

NOT_ASKED = ("--verify-subscriptions", "none")
NEW = {"encn": [{"net": [3]}]}


def containers(client, parent, *names):
    made = []
    for name in names:
        assert client.create(parent, "cnt", rn=name).rsc == 2001
        made.append(f"{parent}/{name}")
    return made


def cross(client, parent, url, targets, **more):
    answer = client.create(parent, "crs", **{"rn": "x", "nu": [url], "twt": 2, "tws": "PT1H", "rrat": targets,
                                             "encs": NEW, **more})
    assert answer.rsc == 2001, answer
    return answer


def fill(client, cnt):
    assert client.create(cnt, "cin", con="x").rsc == 2001


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("kind", [1, 2])
def test_windows_survive_a_restart(tmp_path, how, kind):
    """What was notified before is counted after. spec: TS-0004 7.4.58.2.1"""
    with Receiver() as receiver, Server(tmp_path / "data", *NOT_ASKED) as server:
        client = Client(server.url)
        one, two, three = containers(client, "cse-in", "one", "two", "three")
        made = cross(client, "cse-in", receiver.url, [one, two, three], twt=kind)
        fill(client, three)
        fill(client, one)
        getattr(server, how)()
        server.start()
        client = Client(server.url)
        fill(client, two)
        told = receiver.next(20)
        assert told.pc == {"m2m:sgn": {"sur": f"/id-in/{made['ri']}"}}
        assert client.delete("cse-in/x").rsc == 2002
        for cnt in (one, two, three):
            assert "m2m:sub" not in client.retrieve(cnt, query={"rcn": 4}).res


def test_a_crash_does_not_part_what_goes_together(tmp_path):
    """An AE goes with its crossResourceSubscriptions; the subscriptions elsewhere follow, whatever happens.
    spec: TS-0004 7.4.58.2.4"""
    with Receiver() as receiver, Server(tmp_path / "data", *NOT_ASKED) as server:
        client = Client(server.url)
        one, two = containers(client, "cse-in", "one", "two")
        assert client.create(one, "sub", rn="s", nu=[receiver.url], enc=NEW["encn"][0]).rsc == 2001
        client.register("Chome", name="home")
        for i in range(20):
            cross(client, "cse-in/home", receiver.url, [one, two], rn=f"x{i}", srat=[f"{one}/s"])
        assert len(client.retrieve(f"{one}/s")["nu"]) == 21
        assert client.delete("cse-in/home").rsc == 2002
        server.kill()
        server.start()
        client = Client(server.url)
        eventually(lambda: [s["rn"] for s in client.retrieve(one, query={"rcn": 4})["m2m:sub"]] == ["s"], 20)
        eventually(lambda: client.retrieve(f"{one}/s")["nu"] == [receiver.url], 20)
        eventually(lambda: "m2m:sub" not in client.retrieve(two, query={"rcn": 4}).res, 20)
        assert "acrs" not in client.retrieve(f"{one}/s").res


def test_targets_go_in_any_order(own):
    """Targets and what counts them, with one parent, in one DELETE."""
    client = Client(own(*NOT_ASKED, "--limit", "delete_inline=3").url)
    with Receiver() as receiver:
        client.register("Chome", name="home")
        kept, = containers(client, "cse-in", "kept")
        one, = containers(client, "cse-in/home", "one")
        for i in range(10):
            cross(client, "cse-in/home", receiver.url, [one, "cse-in/home", kept], rn=f"x{i}")
        assert client.delete("cse-in/home").rsc == 2002
        eventually(lambda: "m2m:sub" not in client.retrieve(kept, query={"rcn": 4}).res, 20)


def test_a_denied_target_is_audited(own, tmp_path):
    """SEC-GEN-08: what is asked in the originator's name is denied in it"""
    log = tmp_path / "audit.jsonl"
    admin = Client(own(*NOT_ASKED, "--audit", str(log)).url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    mine, = containers(one, "cse-in/one", "mine")
    theirs, = containers(two, "cse-in/two", "theirs")
    log.write_bytes(b"")
    answer = one.create("cse-in/one", "crs", nu=["C1"], twt=1, tws="PT1M", rrat=[mine, theirs], encs=NEW)
    assert answer.rsc == 5221
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(e["from"], e["to"], e["operation"], e["rsc"], e["denied"]) for e in told] == [
        ("C1", theirs, "create", 4103, True)]
    assert "m2m:sub" not in one.retrieve(mine, query={"rcn": 4}).res


def test_many_targets_cost_one_window(own):
    """The greatest number of targets, in the reverse order, twice."""
    client = Client(own(*NOT_ASKED).url)
    with Receiver() as receiver:
        all_of_them = containers(client, "cse-in", *(f"c{i}" for i in range(32)))
        cross(client, "cse-in", receiver.url, all_of_them)
        for _ in range(2):
            for cnt in reversed(all_of_them):
                fill(client, cnt)
        assert [sorted(receiver.next(20).pc["m2m:sgn"]) for _ in range(2)] == [["sur"]] * 2
        refused = client.create("cse-in", "crs", nu=[receiver.url], twt=1, tws="PT1M", encs=NEW,
                                rrat=[*all_of_them, "cse-in"])
        assert refused.rsc == 4000 and "cross_targets" in refused.debug


@pytest.mark.parametrize("target", [
    {"rrat": ["cse-in/home"], "encs": NEW},
    {"rrat": ["cse-in/home"], "encs": {"encn": [{"om": [{"ops": 1}]}]}},
    {"srat": ["cse-in/home/s"], "rrat": None, "encs": None},
], ids=["made", "monitoring", "joined"])
def test_its_own_creation_does_not_count(own, target):
    """Windows begin when it has been created. spec: TS-0004 7.4.58.2.1 d)"""
    client = Client(own(*NOT_ASKED).url)
    with Receiver() as receiver, Receiver() as other:
        client.register("Chome", name="home")
        for name, enc in ("s", NEW["encn"][0]), ("m", {"om": [{"ops": 1}]}):
            assert client.create("cse-in/home", "sub", rn=name, nu=[other.url], enc=enc).rsc == 2001
        made = client.create("cse-in/home", "crs", nu=[receiver.url], twt=1, tws="PT1H",
                             **{k: v for k, v in target.items() if v})
        assert made.rsc == 2001
        while "m2m:crs" not in other.next(20).rep:
            pass  # others hear of it
        assert receiver.nothing()
        containers(client, "cse-in/home", "c")
        assert receiver.next(20).pc == {"m2m:sgn": {"sur": f"/id-in/{made['ri']}"}}
        assert receiver.nothing()
