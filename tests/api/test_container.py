"""<container>: attributes, bounds and counters, nesting, latest and oldest, disableRetrieval.

spec: TS-0001 9.6.6; TS-0004 7.4.6, 7.4.7.2, 7.4.27, 7.4.28
"""

import json
import random

import pytest
from lib.onem2m import Client
from lib.server import eventually, run
from lib.together import together

OF_THE_CSE = {"ty", "ri", "rn", "pi", "et", "ct", "lt", "st", "cni", "cbs"}


@pytest.fixture
def cnt(ae):
    """Path of a container of this test's AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


def fill(client, container, contents):
    """Creates instances and gives their resourceIDs."""
    made = [client.create(container, "cin", con=con) for con in contents]
    assert [answer.rsc for answer in made] == [2001] * len(made)
    return [answer["ri"] for answer in made]


def instances(client, container):
    """Direct instances as they are shown with their container, in order."""
    answer = client.retrieve(container, query={"rcn": 4, "lvl": 1})
    assert answer.rsc == 2000, answer
    return answer.res.get("m2m:cin", [])


def check_counters(client, container):
    """The counters are those of what is there."""
    answer = client.retrieve(container, query={"rcn": 4, "lvl": 1}).res
    there = answer.get("m2m:cin", [])
    assert answer["cni"] == len(there)
    assert answer["cbs"] == sum(cin["cs"] for cin in there)
    return there


# ---- attributes ----


def test_as_created(ae):
    answer = ae.create(ae.path, "cnt")
    assert answer.rsc == 2001
    assert set(answer.res) == OF_THE_CSE
    assert (answer["ty"], answer["pi"], answer["st"], answer["cni"], answer["cbs"]) == \
           (3, ae.stem, 0, 0, 0)
    assert answer["ct"] == answer["lt"]
    assert ae.retrieve(answer["ri"]).res == answer.res


FULL = {"mni": 10, "mbs": 1000, "mia": 3600, "or": "http://ontology.example/o", "disr": False,
        "lbl": ["a", "k:v"]}


def test_all_attributes(ae):
    answer = ae.create(ae.path, "cnt", rn="c", cr=None, **FULL)
    assert answer.rsc == 2001
    assert set(answer.res) == OF_THE_CSE | set(FULL) | {"cr"}
    assert {k: answer[k] for k in FULL} == FULL
    assert answer["cr"] == ae.stem
    changed = {"mni": 5, "mbs": 500, "mia": 60, "or": "http://ontology.example/p", "disr": True,
               "lbl": ["b"]}
    update = ae.update(f"{ae.path}/c", "cnt", **changed)
    assert update.rsc == 2004
    assert {k: update[k] for k in changed} == changed
    assert update["st"] == 1
    gone = ae.update(f"{ae.path}/c", "cnt", **dict.fromkeys(changed))
    assert gone.rsc == 2004
    assert set(gone.res) == OF_THE_CSE | {"cr"}
    assert gone["st"] == 2
    assert ae.retrieve(f"{ae.path}/c").res == gone.res


@pytest.mark.parametrize("attribute", ["mni", "mbs", "mia"])
@pytest.mark.parametrize("value", [-1, "5", 1.5, True, [], {}, 2**64, 1e300])
def test_bad_bounds(ae, cnt, attribute, value):
    """spec: TS-0004 7.4.6.2.1"""
    assert ae.create(ae.path, "cnt", rn="bad", **{attribute: value}).rsc == 4000
    assert ae.retrieve(f"{ae.path}/bad").rsc == 4004
    before = ae.retrieve(cnt).res
    assert ae.update(cnt, "cnt", **{attribute: value}).rsc == 4000
    assert ae.retrieve(cnt).res == before


@pytest.mark.parametrize("attribute", ["mni", "mbs", "mia"])
@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
def test_bounds_keep_64_bits(ae, attribute, value):
    answer = ae.create(ae.path, "cnt", **{attribute: value})
    assert answer.rsc == 2001
    assert ae.retrieve(answer["ri"])[attribute] == value
    if value:
        assert ae.create(answer["ri"], "cin", con="x").rsc == 2001


@pytest.mark.parametrize("attribute,value", [("cni", 1), ("cbs", 1), ("li", "x"), ("st", 1), ("cr", "x")])
def test_not_the_originators(ae, cnt, attribute, value):
    """spec: TS-0004 7.4.6.1: NP"""
    assert ae.create(ae.path, "cnt", **{attribute: value}).rsc == 4000
    assert ae.update(cnt, "cnt", **{attribute: value}).rsc == 4000


# ---- bounds ----


def test_number_of_instances(ae):
    """spec: TS-0004 7.4.7.2.1: the oldest goes first"""
    ae.create(ae.path, "cnt", rn="c", mni=3)
    ids = fill(ae, f"{ae.path}/c", [str(i) for i in range(10)])
    assert [cin["ri"] for cin in check_counters(ae, f"{ae.path}/c")] == ids[-3:]
    for ri in ids[:-3]:
        assert ae.retrieve(ri).rsc == 4004


def test_number_of_bytes(ae):
    """spec: TS-0004 7.4.7.2.1: as many of the oldest go as must"""
    ae.create(ae.path, "cnt", rn="c", mbs=10)
    fill(ae, f"{ae.path}/c", ["111", "222", "333"])
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == ["111", "222", "333"]
    fill(ae, f"{ae.path}/c", ["4"])
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == ["111", "222", "333", "4"]
    fill(ae, f"{ae.path}/c", ["55555"])
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == ["333", "4", "55555"]
    fill(ae, f"{ae.path}/c", ["6666666666"])
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == ["6666666666"]
    fill(ae, f"{ae.path}/c", [""])
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == ["6666666666", ""]


def test_both_bounds(ae):
    ae.create(ae.path, "cnt", rn="c", mni=4, mbs=6)
    for i, con in enumerate(["1", "22", "333", "1", "1", "1", "666666", "1", "22"]):
        fill(ae, f"{ae.path}/c", [con])
        there = check_counters(ae, f"{ae.path}/c")
        assert there[-1]["con"] == con
        assert len(there) <= 4 and sum(cin["cs"] for cin in there) <= 6, i


@pytest.mark.parametrize("size,rsc", [(4, 2001), (5, 5207), (5000, 5207)])
def test_too_large_for_the_container(ae, size, rsc):
    """spec: TS-0004 7.4.7.2.1: NOT_ACCEPTABLE, and nothing goes to make room"""
    ae.create(ae.path, "cnt", rn="c", mbs=4)
    fill(ae, f"{ae.path}/c", ["ab"])
    before = ae.retrieve(f"{ae.path}/c", query={"rcn": 4}).res
    assert ae.create(f"{ae.path}/c", "cin", con="x" * size).rsc == rsc
    if rsc == 5207:
        assert ae.retrieve(f"{ae.path}/c", query={"rcn": 4}).res == before
    check_counters(ae, f"{ae.path}/c")


def test_size_counts_in_bytes(ae):
    ae.create(ae.path, "cnt", rn="c", mbs=3)
    assert ae.create(f"{ae.path}/c", "cin", con="€").rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", con="€€").rsc == 5207
    assert ae.create(f"{ae.path}/c", "cin", con="\U0001F600").rsc == 5207


def test_no_room_at_all(ae):
    """With maxNrOfInstances 0 nothing is accepted; with maxByteSize 0 only what is empty."""
    ae.create(ae.path, "cnt", rn="none", mni=0)
    assert ae.create(f"{ae.path}/none", "cin", con="x").rsc == 5207
    ae.create(ae.path, "cnt", rn="empty", mbs=0)
    assert ae.create(f"{ae.path}/empty", "cin", con="x").rsc == 5207
    assert ae.create(f"{ae.path}/empty", "cin", con="").rsc == 2001
    assert check_counters(ae, f"{ae.path}/none") == []
    assert len(check_counters(ae, f"{ae.path}/empty")) == 1


@pytest.mark.parametrize("change,left", [
    ({"mni": 2}, ["55555", "666666"]), ({"mbs": 12}, ["55555", "666666"]),
    ({"mbs": 10}, ["666666"]), ({"mni": 0}, []), ({"mbs": 5}, []), ({"mni": 3, "mbs": 6}, ["666666"]),
    ({"mni": 6, "mbs": 21}, ["1", "22", "333", "4444", "55555", "666666"]),
    ({"mni": None, "mbs": None}, ["1", "22", "333", "4444", "55555", "666666"]),
])
def test_new_bounds(ae, change, left):
    """They take effect at once, and the answer shows the container as it is then."""
    ae.create(ae.path, "cnt", rn="c", mni=100, mbs=1000)
    fill(ae, f"{ae.path}/c", ["1", "22", "333", "4444", "55555", "666666"])
    answer = ae.update(f"{ae.path}/c", "cnt", **change)
    assert answer.rsc == 2004
    assert [cin["con"] for cin in check_counters(ae, f"{ae.path}/c")] == left
    assert answer["cni"] == len(left)
    assert answer["cbs"] == sum(map(len, left))
    assert ae.retrieve(f"{ae.path}/c").res == answer.res
    modified = ae.update(f"{ae.path}/c", "cnt", mni=0, query={"rcn": 9})
    assert set(modified.res) == ({"cni", "cbs", "lt", "st"} if left else {"lt", "st"})
    if left:
        assert (modified["cni"], modified["cbs"]) == (0, 0)


def test_removed_bounds_bind_no_more(ae):
    ae.create(ae.path, "cnt", rn="c", mni=1, mbs=5)
    assert ae.update(f"{ae.path}/c", "cnt", mni=None, mbs=None).rsc == 2004
    fill(ae, f"{ae.path}/c", ["123456"] * 3)
    assert len(check_counters(ae, f"{ae.path}/c")) == 3


# ---- counters ----


def test_counters_follow_deletions(ae, cnt):
    ids = fill(ae, cnt, ["1", "22", "333", "4444"])
    assert ae.delete(ids[1]).rsc == 2002
    assert [cin["con"] for cin in check_counters(ae, cnt)] == ["1", "333", "4444"]
    assert ae.delete(f"{cnt}/la").rsc == 2002
    assert ae.delete(f"{cnt}/ol").rsc == 2002
    assert [cin["con"] for cin in check_counters(ae, cnt)] == ["333"]
    assert ae.delete(f"{cnt}/{ids[2]}").rsc == 2002
    assert check_counters(ae, cnt) == []


def test_only_instances_count(ae, cnt, receiver):
    fill(ae, cnt, ["1"])
    ae.create(cnt, "cnt", rn="sub")
    fill(ae, f"{cnt}/sub", ["1", "2"])
    ae.create(cnt, "sub", nu=[receiver.url], rn="s")
    assert (ae.retrieve(cnt)["cni"], ae.retrieve(cnt)["cbs"]) == (1, 1)
    ae.delete(f"{cnt}/sub")
    ae.delete(f"{cnt}/s")
    assert (ae.retrieve(cnt)["cni"], ae.retrieve(cnt)["cbs"]) == (1, 1)


def test_state_tag(ae, cnt):
    """spec: TS-0004 7.4.7.2.1: incremented for each instance, and copied into it"""
    assert ae.retrieve(cnt)["st"] == 0
    tags = [ae.create(cnt, "cin", con="x")["st"] for _ in range(5)]
    assert tags == [1, 2, 3, 4, 5]
    assert ae.retrieve(cnt)["st"] == 5
    assert ae.update(cnt, "cnt", lbl=["x"])["st"] == 6
    assert ae.create(cnt, "cin", con="x")["st"] == 7
    assert ae.create(cnt, "cin", con=None).rsc == 4000
    assert ae.update(cnt, "cnt", mni=-1).rsc == 4000
    assert ae.retrieve(cnt)["st"] == 7, "a refused request is no modification"


@pytest.mark.threads
@pytest.mark.parametrize("bounds", [{}, {"mni": 20}, {"mbs": 50}, {"mni": 10, "mbs": 40}],
                         ids=["none", "mni", "mbs", "both"])
def test_counters_under_concurrency(cse, ae, bounds):
    """Creating and deleting on eight connections: the counters stay those of what is there."""
    ae.create(ae.path, "cnt", rn="c", **bounds)
    container = f"{ae.path}/c"

    def work(i):
        client = Client(cse.url, ae.stem)
        tags, mine = [], []
        for n in range(40):
            answer = client.create(container, "cin", con="x" * (n % 7))
            assert answer.rsc == 2001
            tags.append(answer["st"])
            mine.append(answer["ri"])
            if n % 3 == i % 3:
                assert client.delete(mine.pop()).rsc in (2002, 4004)
            if n % 10 == 5:
                assert client.delete(f"{container}/{'la' if i % 2 else 'ol'}").rsc in (2002, 4004)
        return tags

    tags = together(8, work)
    for own in tags:
        assert own == sorted(own), "stateTag grows"
    everything = [tag for own in tags for tag in own]
    assert len(set(everything)) == len(everything) == 320
    there = check_counters(ae, container)
    assert ae.retrieve(container)["st"] >= 320
    assert [cin["st"] for cin in there] == sorted(cin["st"] for cin in there)
    assert len(there) <= bounds.get("mni", 320)
    assert sum(cin["cs"] for cin in there) <= bounds.get("mbs", 10**6)
    if there:
        assert ae.retrieve(f"{container}/la")["ri"] == there[-1]["ri"]
        assert ae.retrieve(f"{container}/ol")["ri"] == there[0]["ri"]


@pytest.mark.threads
def test_changing_bounds_under_concurrency(cse, ae, cnt):
    def work(i):
        client = Client(cse.url, ae.stem)
        for n in range(30):
            if i == 0:
                assert client.update(cnt, "cnt", mni=[3, 30, None][n % 3]).rsc == 2004
            else:
                assert client.create(cnt, "cin", con="abc").rsc == 2001

    together(8, work)
    assert ae.update(cnt, "cnt", mni=2)["cni"] == 2
    assert len(check_counters(ae, cnt)) == 2


@pytest.mark.threads
def test_readers_see_whole_changes(cse, ae):
    """Whoever looks while others write sees one state: counters and instances always agree, and
    a container that is full never looks empty."""
    ae.create(ae.path, "cnt", rn="c", mni=5)
    container = f"{ae.path}/c"
    fill(ae, container, ["x" * n for n in range(5)])

    def work(i):
        client = Client(cse.url, ae.stem)
        for n in range(40):
            if i < 4:
                assert client.create(container, "cin", con="x" * (n % 9)).rsc == 2001
            elif i < 6:
                assert len(check_counters(client, container)) == 5
            else:
                assert client.retrieve(f"{container}/{'la' if i == 6 else 'ol'}").rsc == 2000

    together(8, work)


@pytest.mark.threads
def test_creating_in_what_is_deleted(own):
    """No instance survives its container, and none gets lost in one that stays."""
    server = own("--limit", "delete_inline=5", store="lmdb")
    Client(server.url).register("Cx", name="x")

    def work(i):
        client = Client(server.url, "Cx")
        for _ in range(60):
            if i == 0:
                client.delete("Cx/c")
                assert client.create("Cx", "cnt", rn="c").rsc in (2001, 4105)
            else:
                assert client.create("Cx/c", "cin", con="x").rsc in (2001, 4004)

    together(8, work)
    client = Client(server.url, "Cx")
    left = check_counters(client, "Cx/c")
    assert len(client.retrieve("Cx", query={"rcn": 6}).res["rrf"]) == 1 + len(left)
    assert client.delete("Cx/c").rsc == 2002
    eventually(lambda: json.loads(run("store", "stats", "--json", "--data", str(server.data)).stdout)
               ["resources"] == 2, what="the end of the purge")
    server.stop()
    assert run("store", "check", "--data", str(server.data)).returncode == 0
    server.start()


# ---- latest and oldest ----


def test_latest_and_oldest(ae, cnt):
    """spec: TS-0004 7.4.27.2.2, 7.4.28.2.2"""
    ids = fill(ae, cnt, ["a", "b", "c"])
    for _ in range(3):
        assert ae.retrieve(f"{cnt}/la").res == ae.retrieve(ids[-1]).res
        assert ae.retrieve(f"{cnt}/ol").res == ae.retrieve(ids[0]).res
    ri = ae.retrieve(cnt)["ri"]
    assert ae.retrieve(f"{ri}/la")["con"] == "c"
    assert ae.retrieve(f"/id-in/{ri}/ol")["con"] == "a"
    assert ae.delete(f"{cnt}/la").rsc == 2002
    assert ae.retrieve(f"{cnt}/la")["con"] == "b"
    assert ae.delete(f"{cnt}/ol").rsc == 2002
    assert ae.retrieve(f"{cnt}/ol")["con"] == "b"
    assert ae.delete(f"{cnt}/ol", query={"rcn": 1})["con"] == "b"
    for which in ("la", "ol"):
        assert ae.retrieve(f"{cnt}/{which}").rsc == 4004
        assert ae.delete(f"{cnt}/{which}").rsc == 4004
    fill(ae, cnt, ["d"])
    assert ae.retrieve(f"{cnt}/la")["con"] == ae.retrieve(f"{cnt}/ol")["con"] == "d"


@pytest.mark.parametrize("is_empty", [True, False])
@pytest.mark.parametrize("which", ["la", "ol"])
def test_what_they_refuse(ae, cnt, which, is_empty):
    """spec: TS-0004 7.4.27.2.1, 7.4.27.2.3"""
    if not is_empty:
        fill(ae, cnt, ["x"])
    before = ae.retrieve(cnt, query={"rcn": 4}).res
    assert ae.update(f"{cnt}/{which}", "cin", con="y").rsc == 4005
    assert ae.update(f"{cnt}/{which}", "cin", lbl=["y"]).rsc == 4005
    assert ae.create(f"{cnt}/{which}", "cin", con="y").rsc == 4005
    assert ae.create(f"{cnt}/{which}", "cnt").rsc == 4005
    assert ae.notify(f"{cnt}/{which}", {"m2m:sgn": {"vrq": True}}).rsc == 4005
    assert ae.retrieve(cnt, query={"rcn": 4}).res == before


def test_only_containers_have_them(ae, cnt):
    ids = fill(ae, cnt, ["x"])
    for parent in (ae.path, "cse-in", ids[0]):
        for which in ("la", "ol"):
            assert ae.retrieve(f"{parent}/{which}").rsc == 4004
            assert ae.delete(f"{parent}/{which}").rsc == 4004
    for odd in ("LA", "La", "latest", "la/x", "la/la", "ol/la", "lax"):
        assert ae.retrieve(f"{cnt}/{odd}").rsc == 4004, odd


def test_they_look_at_direct_instances_only(ae, cnt):
    ae.create(cnt, "cnt", rn="inner")
    fill(ae, f"{cnt}/inner", ["deep"])
    assert ae.retrieve(f"{cnt}/la").rsc == 4004
    fill(ae, cnt, ["top"])
    fill(ae, f"{cnt}/inner", ["deep2"])
    assert ae.retrieve(f"{cnt}/la")["con"] == "top"
    assert ae.retrieve(f"{cnt}/inner/la")["con"] == "deep2"


# ---- disableRetrieval ----


def test_disabled_retrieval(ae):
    """spec: TS-0001 9.6.6; TS-0004 7.4.7.2.2, 7.4.7.2.4, 7.4.27.2.2: refused in every way"""
    container = f"{ae.path}/c"
    ae.create(ae.path, "cnt", rn="c", disr=True)
    ids = fill(ae, container, ["secret1", "secret2"])
    for to in (*ids, f"{container}/{ids[0]}", f"{container}/la", f"{container}/ol"):
        assert ae.retrieve(to).rsc == 4005, to
        assert ae.retrieve(to, query={"atrl": "con"}).rsc == 4005, to
        assert ae.retrieve(to, query={"rcn": 5}).rsc == 4005, to
        assert ae.delete(to).rsc == 4005, to
        assert ae.delete(to, query={"rcn": 1}).rsc == 4005, to
        assert ae.update(to, "cin", con="x").rsc == 4005, to
    for to in (container, ae.path):
        for rcn in (4, 8):
            assert "secret" not in ae.retrieve(to, query={"rcn": rcn}).text
    answer = ae.retrieve(container)
    assert (answer["cni"], answer["cbs"]) == (2, 14)
    assert ae.update(container, "cnt", lbl=["x"]).rsc == 2004
    assert ae.update(container, "cnt", disr=True).rsc == 2004
    assert ae.retrieve(container)["cni"] == 2


def test_other_children_stay_readable(ae):
    ae.create(ae.path, "cnt", rn="c", disr=True)
    ae.create(f"{ae.path}/c", "cnt", rn="inner")
    fill(ae, f"{ae.path}/c/inner", ["open"])
    assert ae.retrieve(f"{ae.path}/c/inner/la")["con"] == "open"
    shown = ae.retrieve(f"{ae.path}/c", query={"rcn": 4}).res
    assert shown["m2m:cnt"][0]["m2m:cin"][0]["con"] == "open"


@pytest.mark.parametrize("value", [False, None])
def test_enabling_removes_what_was_hidden(ae, value):
    """spec: TS-0001 9.6.6: from true to false all instances go; to delete the attribute is the same"""
    container = f"{ae.path}/c"
    ae.create(ae.path, "cnt", rn="c", disr=True)
    ids = fill(ae, container, [str(i) for i in range(30)])
    answer = ae.update(container, "cnt", disr=value)
    assert answer.rsc == 2004
    assert (answer["cni"], answer["cbs"]) == (0, 0)
    for ri in ids:
        assert ae.retrieve(ri).rsc == 4004
    assert check_counters(ae, container) == []
    fill(ae, container, ["new"])
    assert ae.retrieve(f"{container}/la")["con"] == "new"


def test_disabling_keeps_what_is_there(ae, cnt):
    ids = fill(ae, cnt, ["a", "b"])
    assert ae.update(cnt, "cnt", disr=True)["cni"] == 2
    assert ae.retrieve(ids[0]).rsc == 4005
    assert ae.update(cnt, "cnt", mni=1)["cni"] == 1, "the bounds still work"
    assert ae.delete(cnt).rsc == 2002, "the container itself can go"
    assert ae.retrieve(ids[1]).rsc == 4004


def test_false_to_false_keeps_all(ae):
    ae.create(ae.path, "cnt", rn="c", disr=False)
    fill(ae, f"{ae.path}/c", ["a"])
    assert ae.update(f"{ae.path}/c", "cnt", disr=False)["cni"] == 1
    assert ae.update(f"{ae.path}/c", "cnt", disr=None)["cni"] == 1
    assert ae.retrieve(f"{ae.path}/c/la")["con"] == "a"


# ---- nesting ----


def test_below_the_base(admin, ae):
    """spec: TS-0004 7.4.3.1"""
    created = admin.create("cse-in", "cnt", rn=f"base{ae.stem}")
    assert (created.rsc, created["pi"]) == (2001, "id-in")
    assert ae.create(created["ri"], "cin", con="x").rsc == 4103
    assert admin.create(created["ri"], "cin", con="x").rsc == 2001
    assert admin.retrieve(f"-/base{ae.stem}/la")["con"] == "x"
    assert admin.delete(created["ri"]).rsc == 2002



def test_nested_containers(ae, cnt):
    path = cnt
    parent = ae.retrieve(cnt)["ri"]
    for depth in range(10):
        answer = ae.create(path, "cnt", rn=f"n{depth}")
        assert (answer.rsc, answer["pi"]) == (2001, parent)
        path, parent = f"{path}/n{depth}", answer["ri"]
    assert ae.create(path, "cin", con="bottom").rsc == 2001
    assert ae.retrieve(f"{path}/la")["con"] == "bottom"
    assert ae.delete(cnt).rsc == 2002
    assert ae.retrieve(parent).rsc == 4004


@pytest.mark.parametrize("limit", [4, 9])
def test_depth_of_the_tree(own, limit):
    client = Client(own("--limit", f"tree_depth={limit}", store="mem").url).register("Cdeep", name="a")
    path = "cse-in/a"
    for depth in range(3, limit + 1):
        assert client.create(path, "cnt", rn="c").rsc == 2001, depth
        path += "/c"
    answer = client.create(path, "cnt", rn="c")
    assert answer.rsc == 4000
    assert "deep" in answer.debug
    assert client.retrieve(path + "/c").rsc == 4004
    assert client.create(path, "cin", con="leaves still hang").rsc == 2001
    assert client.create(path.removesuffix("/c"), "cnt", rn="beside").rsc == 2001


def test_deleting_a_large_container(own):
    """More than goes in one step."""
    client = Client(own("--limit", "delete_inline=10", store="mem").url).register("Clarge", name="a")
    client.create("Clarge", "cnt", rn="c")
    for i in range(8):
        client.create("Clarge/c", "cnt", rn=f"n{i}", lbl=["large"])
        fill(client, f"Clarge/c/n{i}", ["x"] * 12)
    assert client.delete("Clarge/c").rsc == 2002
    assert client.retrieve("Clarge", query={"rcn": 6}).res["rrf"] == []
    assert client.discover(lbl="large") == []
    assert client.create("Clarge", "cnt", rn="c").rsc == 2001
    assert check_counters(client, "Clarge/c") == []


# ---- anything, in any order ----


class Model:
    """What a container must be after each operation, in the plainest way."""

    def __init__(self):
        self.bounds = {}
        self.hidden = False
        self.instances = []  # contents, oldest first
        self.inner = {}      # name -> Model

    def evict(self):
        while len(self.instances) > self.bounds.get("mni", 10**9) or \
                sum(map(len, self.instances)) > self.bounds.get("mbs", 10**9):
            self.instances.pop(0)

    def create(self, con):
        if len(con) > self.bounds.get("mbs", 10**9) or self.bounds.get("mni") == 0:
            return 5207
        self.instances.append(con)
        self.evict()
        return 2001

    def delete(self, place):
        if not self.instances:
            return 4004
        if self.hidden:
            return 4005
        self.instances.pop(place)
        return 2002

    def update(self, change):
        if "disr" in change:
            if self.hidden and not change["disr"]:
                self.instances = []
            self.hidden = bool(change["disr"])
        self.bounds.update({k: v for k, v in change.items() if k != "disr"})
        self.bounds = {k: v for k, v in self.bounds.items() if v is not None}
        self.evict()

    def shown(self):
        return {"cni": len(self.instances), "cbs": sum(map(len, self.instances)),
                "cin": [] if self.hidden else list(self.instances),
                "cnt": {name: inner.shown() for name, inner in self.inner.items()}}


def as_model(resource):
    """An answer in the same form."""
    return {"cni": resource["cni"], "cbs": resource["cbs"],
            "cin": [cin["con"] for cin in resource.get("m2m:cin", [])],
            "cnt": {c["rn"]: as_model(c) for c in resource.get("m2m:cnt", [])}}


def step(dice, client, path, model):
    """One random operation on one random container below."""
    while model.inner and dice.random() < 0.6:
        name = dice.choice(list(model.inner))
        path, model = f"{path}/{name}", model.inner[name]
    action = dice.choice(["fill", "fill", "fill", "la", "ol", "update", "nest", "unnest"])
    if action == "fill":
        con = "x" * dice.randrange(6)
        assert client.create(path, "cin", con=con).rsc == model.create(con)
    elif action in ("la", "ol"):
        assert client.delete(f"{path}/{action}").rsc == model.delete(-1 if action == "la" else 0)
    elif action == "update":
        change = {dice.choice(["mni", "mbs"]): dice.choice([None, 0, 1, 3, 8])}
        if dice.random() < 0.3:
            change["disr"] = dice.choice([True, False, None])
        model.update(change)
        answer = client.update(path, "cnt", **change)
        assert (answer.rsc, answer["cni"]) == (2004, len(model.instances))
    elif action == "nest" and path.count("/") < 6:
        name = f"n{dice.randrange(3)}"
        assert client.create(path, "cnt", rn=name).rsc == (4105 if name in model.inner else 2001)
        model.inner.setdefault(name, Model())
    elif action == "unnest" and model.inner and dice.random() < 0.3:
        name = dice.choice(list(model.inner))
        del model.inner[name]
        assert client.delete(f"{path}/{name}").rsc == 2002


@pytest.mark.parametrize("seed", range(6))
def test_random_walk(ae, cnt, seed):
    dice = random.Random(seed)
    model = Model()
    for _ in range(120):
        step(dice, ae, cnt, model)
        assert as_model(ae.retrieve(cnt, query={"rcn": 4}).res) == model.shown()


# ---- surviving ----


def test_survives_a_restart(own):
    server = own(store="lmdb")
    client = Client(server.url).register("Clast", name="last")
    client.create("Clast", "cnt", rn="c", mni=3)
    fill(client, "Clast/c", ["1", "22", "333", "4444"])
    before = client.retrieve("Clast/c", query={"rcn": 4}).res
    server.restart()
    client = Client(server.url, "Clast")
    assert client.retrieve("Clast/c", query={"rcn": 4}).res == before
    fill(client, "Clast/c", ["55555"])
    assert [cin["con"] for cin in check_counters(client, "Clast/c")] == ["333", "4444", "55555"]
    assert client.retrieve("Clast/c")["st"] == before["st"] + 1
