"""What resources of every type have in common: names, labels, expiration, creator, times.

spec: TS-0001 9.6.1.3; TS-0004 7.3.3.3 to 7.3.3.8
"""

import pytest
from lib.clock import moment, seconds_until, stamp
from lib.onem2m import Client
from lib.server import eventually
from lib.together import together

POLICY = {"acr": [{"acor": ["all"], "acop": 63}]}
BODIES = {"acp": {"pv": POLICY, "pvs": POLICY}, "cnt": {}, "grp": {"mnm": 5, "mid": []},
          "cin": {"con": "x"}, "nod": {"ni": "urn:n:1"},
          "ae": {"api": "Nx", "rr": False, "srv": ["3"]}}


def body(kind, ae):
    """What the type needs; a subscription of the AE to itself, which verifies nothing."""
    return {"nu": [ae.stem]} if kind == "sub" else BODIES[kind]


@pytest.fixture
def cnt(ae):
    """Path of a container of this test's AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


# ---- resourceName ----


@pytest.mark.parametrize("name", ["a", "0", "A-b.c_d", "123Sensor", "myLightBulb", "a" * 128, "x..y", "a.",
                                  "la", "ol", "fopt", "cse-in", "null", "a--b"])
def test_good_names(ae, name):
    """spec: TS-0004 6.3.3 m2m:resourceName"""
    answer = ae.create(ae.path, "cnt", rn=name)
    assert answer.rsc == 2001
    assert answer["rn"] == name
    assert ae.retrieve(f"{ae.path}/{name}").res == answer.res


@pytest.mark.parametrize("name", ["", "-", ".", "..", "-a", ".a", "_a", "~a", "a~", "a/b", "/a", "a/", "a b",
                                  " a", "a ", "a%20", "a:b", "a*", "a#b", "a?b", "ä", "a\u0000", "a\nb", "a" * 129,
                                  "a" * 5000, 5, True, [], ["a"], {}, None])
def test_bad_names(ae, name):
    before = ae.retrieve(ae.path, query={"rcn": 6}).res
    assert ae.create(ae.path, "cnt", rn=name).rsc == 4000
    assert ae.retrieve(ae.path, query={"rcn": 6}).res == before


def test_name_limit(own):
    client = Client(own("--limit", "name_bytes=16", store="mem").url).register("Cx", name="x")
    assert client.create("Cx", "cnt", rn="a" * 16).rsc == 2001
    assert client.create("Cx", "cnt", rn="a" * 17).rsc == 4000


def test_names_are_unique_among_siblings(ae):
    """spec: TS-0004 7.3.3.5: CONFLICT, whatever the type; letter case counts"""
    assert ae.create(ae.path, "cnt", rn="n").rsc == 2001
    for kind in ("cnt", "grp", "acp", "sub"):
        assert ae.create(ae.path, kind, rn="n", **body(kind, ae)).rsc == 4105, kind
    assert ae.create(ae.path, "cnt", rn="N").rsc == 2001
    assert ae.create(f"{ae.path}/n", "cnt", rn="n").rsc == 2001
    assert ae.create(f"{ae.path}/n", "cin", rn="n", con="x").rsc == 4105
    assert ae.delete(f"{ae.path}/n").rsc == 2002
    assert ae.create(ae.path, "grp", rn="n", **BODIES["grp"]).rsc == 2001


@pytest.mark.parametrize("name", ["la", "ol"])
def test_names_of_virtual_children(ae, cnt, name):
    """spec: TS-0004 7.4.6.1: the names are taken"""
    assert ae.create(cnt, "cnt", rn=name).rsc == 4105
    assert ae.create(cnt, "cin", rn=name, con="x").rsc == 4105
    assert ae.retrieve(cnt)["cni"] == 0
    assert ae.retrieve(f"{cnt}/{name}").rsc == 4004
    assert ae.create(cnt, "cnt", rn=name.upper()).rsc == 2001
    assert ae.create(cnt, "cnt", rn="fopt").rsc == 2001


def test_name_of_the_fan_out_point(ae):
    """spec: TS-0004 7.4.13.1"""
    ae.create(ae.path, "grp", rn="g", mnm=1, mid=[])
    assert ae.create(f"{ae.path}/g", "sub", rn="fopt", nu=[ae.stem]).rsc == 4105
    assert ae.create(f"{ae.path}/g", "sub", rn="la", nu=[ae.stem]).rsc == 2001


@pytest.mark.threads
def test_generated_names(cse, ae, cnt):
    """1000 at the same time without a name: all different, all to be found"""
    def work(i):
        client = Client(cse.url, ae.stem)
        if i % 2:
            return [client.create(ae.path, "cnt").res for _ in range(125)]
        return [client.create(cnt, "cin", con="x").res for _ in range(125)]

    made = [resource for part in together(8, work) for resource in part]
    assert len(made) == 1000
    assert len({r["ri"] for r in made}) == 1000
    assert len({r["rn"] for r in made}) == 1000
    for r in made[::50]:
        parent = ae.path if r["ty"] == 3 else cnt
        assert ae.retrieve(f"{parent}/{r['rn']}")["ri"] == r["ri"]


@pytest.mark.threads
def test_racing_for_a_name(cse, ae):
    def work(i):
        return Client(cse.url, ae.stem).create(ae.path, "cnt", rn="prize", lbl=[f"from{i}"])

    answers = together(8, work)
    assert sorted(a.rsc for a in answers) == [2001] + [4105] * 7
    (winner,) = [a for a in answers if a.rsc == 2001]
    assert ae.retrieve(f"{ae.path}/prize").res == winner.res


def test_name_cannot_change(ae, cnt):
    assert ae.update(cnt, "cnt", rn="d").rsc == 4000
    assert ae.update(cnt, "cnt", rn="c").rsc == 4000
    assert ae.retrieve(cnt)["rn"] == "c"


# ---- labels ----


@pytest.mark.parametrize("labels", [["a"], ["a", "b"], ["key:value"], ["key:", "k:v:w"], ["ä€😀"], ["two words"],
                                    ["http://x/y?z"], ["a" * 1000], [f"l{i}" for i in range(200)], ["%41", "a*"]])
def test_good_labels(ae, labels):
    """spec: TS-0004 6.3.3 m2m:labels"""
    answer = ae.create(ae.path, "cnt", rn="c", lbl=labels)
    assert answer.rsc == 2001
    assert answer["lbl"] == labels
    assert ae.update(f"{ae.path}/c", "cnt", lbl=["other"])["lbl"] == ["other"]
    assert ae.update(f"{ae.path}/c", "cnt", lbl=labels)["lbl"] == labels
    assert "lbl" not in ae.update(f"{ae.path}/c", "cnt", lbl=None).res


@pytest.mark.parametrize("labels", [[], "a", {}, {"a": "b"}, [5], [None], [["a"]], [""], [":v"], ["a\u0000"],
                                    ["a\nb"], ["a\tb"], [" a"], ["a "], ["a", ""], True, 5])
def test_bad_labels(ae, cnt, labels):
    assert ae.create(ae.path, "cnt", lbl=labels).rsc == 4000
    assert ae.update(cnt, "cnt", lbl=labels).rsc == 4000
    assert "lbl" not in ae.retrieve(cnt).res


# ---- creator ----


@pytest.mark.parametrize("kind", ["cnt", "grp", "sub", "cin"])
def test_creator(ae, other, admin, cnt, kind):
    """spec: TS-0004 7.3.3.3, 7.3.3.5: NULL asks for it, a value is refused, nothing shows nothing"""
    parent = cnt if kind == "cin" else ae.path
    asked = ae.create(parent, kind, cr=None, **body(kind, ae))
    assert asked.rsc == 2001
    assert asked["cr"] == ae.stem
    assert ae.retrieve(asked["ri"])["cr"] == ae.stem
    if kind != "sub":
        assert admin.create(parent, kind, cr=None, **body(kind, ae))["cr"] == "CAdmin"
    assert "cr" not in ae.create(parent, kind, **body(kind, ae)).res
    for value in (ae.stem, other.stem, "", "x", [], {}, 5, True):
        assert ae.create(parent, kind, cr=value, **body(kind, ae)).rsc == 4000
    if kind != "cin":
        for value in (None, ae.stem, "x"):
            assert ae.update(asked["ri"], kind, cr=value).rsc == 4000
    assert ae.retrieve(asked["ri"])["cr"] == ae.stem


@pytest.mark.parametrize("kind", ["acp", "nod", "ae"])
def test_types_without_a_creator(ae, admin, kind):
    """spec: TS-0004 7.3.3.3"""
    client = {"acp": ae, "nod": admin, "ae": admin.As("Ccreator")}[kind]
    parent = ae.path if kind == "acp" else "cse-in"
    for value in (None, "Ccreator", ae.stem):
        assert client.create(parent, kind, cr=value, **body(kind, ae)).rsc == 4000


# ---- times and stateTag ----


@pytest.mark.parametrize("kind", ["ae", "acp", "cnt", "grp", "sub"])
def test_times_of_change(ae, kind):
    """spec: TS-0004 7.3.3.5, 7.3.3.7"""
    if kind == "ae":
        target, created = ae.path, ae.retrieve(ae.path)
    else:
        created = ae.create(ae.path, kind, rn="t", **body(kind, ae))
        target = f"{ae.path}/t"
    assert created["ct"] == created["lt"]
    assert -5 < seconds_until(created["ct"]) <= 0
    ae.retrieve(target, query={"rcn": 4})
    assert ae.update(target, kind, lbl=5).rsc == 4000
    assert ae.retrieve(target)["lt"] == created["lt"], "neither looking nor failing is a change"
    first = ae.update(target, kind, lbl=["x"])
    second = ae.update(target, kind, lbl=["x"])
    assert created["lt"] < first["lt"] < second["lt"]
    assert created["ct"] == first["ct"] == second["ct"]
    if "st" in created.res:
        assert [r["st"] for r in (created, first, second)] == [0, 1, 2]


@pytest.mark.threads
def test_state_tag_under_concurrency(cse, ae, cnt):
    """Each change has a value of its own."""
    def work(i):
        client = Client(cse.url, ae.stem)
        return [client.update(cnt, "cnt", lbl=[f"{i}"])["st"] for _ in range(25)]

    tags = [tag for part in together(8, work) for tag in part]
    assert sorted(tags) == list(range(1, 201))
    assert ae.retrieve(cnt)["st"] == 200


# ---- expirationTime: what it becomes ----


def test_default_expiration(ae, cnt):
    """spec: TS-0004 7.3.3.3: at most the parent's"""
    parent = ae.retrieve(ae.path)["et"]
    assert seconds_until(parent) == pytest.approx(157680000, abs=60)
    for kind in ("acp", "cnt", "grp", "sub"):
        assert ae.create(ae.path, kind, **body(kind, ae))["et"] == parent
    assert ae.create(cnt, "cin", con="x")["et"] == parent


@pytest.mark.parametrize("text", ["20300101T000000", "20300101T000000,5", "20300229T120000,123456",
                                  "20301231T235959,000001"])
def test_wanted_expiration(ae, text):
    if text.startswith("20300229"):
        assert ae.create(ae.path, "cnt", et=text).rsc == 4000, "2030 has no such day"
        text = text.replace("20300229", "20280229")
    answer = ae.create(ae.path, "cnt", rn="c", et=text)
    assert answer.rsc == 2001
    assert moment(answer["et"]) == moment(text)
    assert "et" not in ae.create(ae.path, "cnt", et=text, query={"rcn": 9}).res


@pytest.mark.parametrize("kind", ["acp", "cnt", "grp", "sub", "cin"])
def test_past_expiration(ae, cnt, kind):
    """spec: TS-0004 7.3.3.3, 7.3.3.4"""
    parent = cnt if kind == "cin" else ae.path
    before = ae.retrieve(ae.path, query={"rcn": 4}).text
    for past in ("19700101T000000", "20200101T000000", stamp(-1), "00010101T000000"):
        assert ae.create(parent, kind, et=past, **body(kind, ae)).rsc == 4000, past
    assert ae.retrieve(ae.path, query={"rcn": 4}).text == before
    if kind == "cnt":
        assert ae.update(cnt, "cnt", et=stamp(-1)).rsc == 4000
        assert ae.retrieve(ae.path, query={"rcn": 4}).text == before


def test_later_than_the_parent(ae):
    """spec: TS-0004 7.3.3.3: cut, and told"""
    parent = ae.create(ae.path, "cnt", rn="p", et=stamp(1000))["et"]
    child = ae.create(f"{ae.path}/p", "cnt", rn="c", et=stamp(2000))
    assert child.rsc == 2001
    assert child["et"] == parent
    told = ae.create(f"{ae.path}/p", "cnt", et="99991231T235959", query={"rcn": 9})
    assert told["et"] == parent
    assert ae.update(f"{ae.path}/p/c", "cnt", et=stamp(3000))["et"] == parent
    assert ae.update(f"{ae.path}/p/c", "cnt", et=stamp(3000), query={"rcn": 9})["et"] == parent
    earlier = ae.update(f"{ae.path}/p/c", "cnt", et=stamp(500))["et"]
    assert seconds_until(earlier) == pytest.approx(500, abs=10)


def test_longest_lifetime(own):
    """Beyond --max-lifetime it is cut."""
    client = Client(own("--max-lifetime", "3600", store="mem").url).register("Cx", name="x")
    assert seconds_until(client.retrieve("Cx")["et"]) == pytest.approx(3600, abs=20)
    wanted = client.create("Cx", "cnt", rn="c", et=stamp(7200))
    assert seconds_until(wanted["et"]) <= 3600
    assert client.update("Cx", "ae", et="20991231T000000").rsc == 2004
    assert seconds_until(client.retrieve("Cx")["et"]) == pytest.approx(3600, abs=20)
    assert client.create("Cx", "cnt", et=stamp(60))["et"] < wanted["et"]


def test_null_renews(ae):
    """spec: TS-0001 9.6.1.3.2: NULL in an UPDATE lets the CSE decide on a new value"""
    soon = ae.create(ae.path, "cnt", rn="c", et=stamp(100))["et"]
    answer = ae.update(f"{ae.path}/c", "cnt", et=None)
    assert answer.rsc == 2004
    assert answer["et"] == ae.retrieve(ae.path)["et"] > soon
    assert ae.update(f"{ae.path}/c", "cnt", et=stamp(100)).rsc == 2004
    told = ae.update(f"{ae.path}/c", "cnt", et=None, query={"rcn": 9})
    assert told["et"] == ae.retrieve(ae.path)["et"]
    assert ae.create(ae.path, "cnt", et=None).rsc == 4000


def test_not_shorter_than_a_childs(ae):
    """spec: TS-0004 7.3.3.4"""
    ae.create(ae.path, "cnt", rn="p", et=stamp(3000))
    ae.create(f"{ae.path}/p", "cnt", rn="early", et=stamp(500))
    ae.create(f"{ae.path}/p", "cnt", rn="late", et=stamp(2000))
    before = ae.retrieve(f"{ae.path}/p").res
    assert ae.update(f"{ae.path}/p", "cnt", et=stamp(1000)).rsc == 4000
    assert ae.update(f"{ae.path}/p", "cnt", et=stamp(1000), lbl=["x"]).rsc == 4000
    assert ae.retrieve(f"{ae.path}/p").res == before
    assert ae.update(f"{ae.path}/p", "cnt", et=stamp(2500)).rsc == 2004
    assert ae.delete(f"{ae.path}/p/late").rsc == 2002
    assert ae.update(f"{ae.path}/p", "cnt", et=stamp(1000)).rsc == 2004
    assert ae.update(f"{ae.path}/p", "cnt", et=stamp(400)).rsc == 4000


def test_not_shorter_than_an_instances(ae, cnt):
    ae.create(cnt, "cin", con="x", et=stamp(1000))
    assert ae.update(cnt, "cnt", et=stamp(500)).rsc == 4000
    assert ae.update(cnt, "cnt", et=stamp(1500)).rsc == 2004


def test_children_larger_than_the_memory_of_a_request(own):
    """They are looked at and removed one by one: a container can always be changed and deleted."""
    server = own("--limit", "request_arena_bytes=1048576")
    client = Client(server.url).register("Cmuch", name="much")
    assert client.create("cse-in/much", "cnt", rn="c", mia=1000).rsc == 2001
    for _ in range(60):
        assert client.create("cse-in/much/c", "cin", con="x" * 50000).rsc == 2001
    assert client.update("cse-in/much/c", "cnt", et=stamp(2000)).rsc == 2004
    assert client.delete("cse-in/much/c").rsc == 2002
    assert client.delete("cse-in/much").rsc == 2002


def test_age_of_instances(ae):
    """spec: TS-0004 7.4.7.2.1: no instance outlives maxInstanceAge"""
    ae.create(ae.path, "cnt", rn="c", mia=100)
    container = f"{ae.path}/c"
    assert seconds_until(ae.create(container, "cin", con="x")["et"]) == pytest.approx(100, abs=10)
    assert seconds_until(ae.create(container, "cin", con="x", et=stamp(500))["et"]) <= 100
    assert seconds_until(ae.create(container, "cin", con="x", et=stamp(50))["et"]) <= 50
    for big in (2**63, 2**64 - 1):
        assert ae.update(container, "cnt", mia=big).rsc == 2004
        assert ae.create(container, "cin", con="x")["et"] == ae.retrieve(container)["et"]


# ---- expirationTime: when it comes ----


def gone_on_time(client, target, et):
    """Waits until the resource is gone: never before its time, and soon after."""
    while True:
        left = seconds_until(et)
        rsc = client.retrieve(target).rsc
        if rsc != 2000:
            assert rsc == 4004
            assert seconds_until(et) <= 0, "too early"
            return
        assert left > 0, "still there when its time was over"


def test_expired(ae, admin, receiver):
    """spec: TS-0004 7.3.3.5: it goes with everything below. SEC-GEN-07"""
    et = stamp(1.2)
    ae.create(ae.path, "cnt", rn="p", et=et, lbl=[f"expires{ae.stem}"])
    inner = ae.create(f"{ae.path}/p", "cnt", rn="inner")["ri"]
    instance = ae.create(f"{ae.path}/p/inner", "cin", con="x")["ri"]
    ae.create(ae.path, "cnt", rn="stays")
    assert ae.discover(lbl=f"expires{ae.stem}") == [f"{ae.path}/p"]
    gone_on_time(ae, f"{ae.path}/p", et)
    for target in (inner, instance, f"{ae.path}/p/inner", f"{ae.path}/p/inner/la"):
        assert ae.retrieve(target).rsc == 4004
    assert ae.create(inner, "cin", con="x").rsc == 4004
    assert ae.update(f"{ae.path}/p", "cnt", et=None).rsc == 4004, "too late to renew"
    assert ae.delete(f"{ae.path}/p").rsc == 4004
    assert ae.discover(lbl=f"expires{ae.stem}") == []
    shown = ae.retrieve(ae.path, query={"rcn": 6}).res["rrf"]
    assert [r["val"] for r in shown] == [f"{ae.path}/stays"]
    assert "inner" not in ae.retrieve(ae.path, query={"rcn": 4}).text
    eventually(lambda: ae.create(ae.path, "cnt", rn="p").rsc == 2001, what="the name to be free")
    assert ae.retrieve(f"{ae.path}/p", query={"rcn": 6}).res["rrf"] == []


def test_expired_instances(ae, cnt):
    """Latest and oldest skip them, and the counters follow."""
    et = stamp(1.2)
    ae.create(cnt, "cin", con="first", et=et)
    ae.create(cnt, "cin", con="stays")
    ae.create(cnt, "cin", con="last!", et=et)
    assert ae.retrieve(f"{cnt}/la")["con"] == "last!"
    assert ae.retrieve(f"{cnt}/ol")["con"] == "first"
    while seconds_until(et) > 0:
        assert ae.retrieve(f"{cnt}/la").rsc == 2000
    for _ in range(5):
        assert ae.retrieve(f"{cnt}/la")["con"] == "stays"
        assert ae.retrieve(f"{cnt}/ol")["con"] == "stays"
        assert len(ae.retrieve(cnt, query={"rcn": 8}).res["m2m:cin"]) == 1
    counters = eventually(lambda: ae.retrieve(cnt)["cni"] == 1 and ae.retrieve(cnt))
    assert (counters["cni"], counters["cbs"]) == (1, 5)


def test_old_instances(ae):
    """maxInstanceAge: all of them, also more than go in one step."""
    ae.create(ae.path, "cnt", rn="c", mia=1)
    for _ in range(250):
        last = ae.create(f"{ae.path}/c", "cin", con="x")
    assert ae.retrieve(f"{ae.path}/c")["cni"] > 0
    gone_on_time(ae, f"{ae.path}/c/la", last["et"])
    eventually(lambda: ae.retrieve(f"{ae.path}/c")["cni"] == 0)
    answer = ae.retrieve(f"{ae.path}/c", query={"rcn": 4})
    assert (answer["cbs"], answer["st"]) == (0, 250)
    assert "m2m:cin" not in answer.res


def test_expired_ae(admin, ae):
    """It cannot act any more, and can come again."""
    me = admin.register("Cexpiring", name="expiring", et=stamp(1.2))
    et = me.retrieve("Cexpiring")["et"]
    me.create("Cexpiring", "cnt", rn="c")
    while seconds_until(et) > 0:
        assert me.retrieve("cse-in").rsc == 2000 or seconds_until(et) <= 0
    assert me.retrieve("cse-in").rsc == 4106
    assert me.update("Cexpiring", "ae", et=None).rsc == 4106
    assert me.create("Cexpiring/c", "cin", con="x").rsc == 4106
    assert admin.retrieve("cse-in/expiring").rsc == 4004
    eventually(lambda: me.create("cse-in", "ae", rn="expiring", **BODIES["ae"]).rsc == 2001)
    assert me.retrieve("Cexpiring/c").rsc == 4004
    assert admin.delete("Cexpiring").rsc == 2002


def test_renewed_in_time(ae):
    """The later time counts, and the earlier one does nothing any more."""
    early = stamp(1.2)
    ae.create(ae.path, "cnt", rn="c", et=early)
    ae.create(ae.path, "cnt", rn="d", et=early)
    assert ae.update(f"{ae.path}/c", "cnt", et=stamp(100)).rsc == 2004
    gone_on_time(ae, f"{ae.path}/d", early)
    assert ae.retrieve(f"{ae.path}/c").rsc == 2000
    soon = ae.update(f"{ae.path}/c", "cnt", et=stamp(0.8))["et"]
    gone_on_time(ae, f"{ae.path}/c", soon)


def test_expired_while_stopped(own):
    server = own(store="lmdb")
    client = Client(server.url).register("Cx", name="x")
    et = client.create("Cx", "cnt", rn="c", et=stamp(1.2))["et"]
    client.create("Cx", "cnt", rn="d")
    client.create("Cx/d", "cin", con="x", et=et)
    client.create("Cx/d", "cin", con="yy")
    server.stop()
    eventually(lambda: seconds_until(et) < 0)
    server.start()
    client = Client(server.url, "Cx")
    assert client.retrieve("Cx/c").rsc == 4004
    eventually(lambda: client.retrieve("Cx/d")["cni"] == 1)
    assert client.retrieve("Cx/d")["cbs"] == 2
