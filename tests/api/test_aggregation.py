"""A group aggregates the notifications of subscriptions made through it.

spec: TS-0004 7.4.14.2.3, 7.4.14.2.5, 7.5.1.2.6; TS-0001 9.6.8, 9.6.13, 10.2.7.10, 10.2.7.11
"""

import pytest
from lib.onem2m import Client
from lib.receiver import Receiver

NOT_ASKED = ("--verify-subscriptions", "none")


def codes(response):
    return [answer["rsc"] for answer in response.pc["m2m:agr"]["m2m:rsp"]]


def make_things(client, parent, count=2, **group):
    """Containers and a group g of them; gives their paths."""
    paths = [f"{parent}/c{i}" for i in range(count)]
    for path in paths:
        assert client.create(parent, "cnt", rn=path.rsplit("/", 1)[1]).rsc == 2001
    assert client.create(parent, "grp", rn="g", mnm=10, mid=paths, **group).rsc == 2001
    return paths


def subscribe(client, fopt, url, rn="s", **more):
    """A subscription of each member whose notifications are forwarded to that URL."""
    return client.create(fopt, "sub", rn=rn, nu=[url], nfu=url,
                         enc={"net": [3], "chty": [4]}, **more)


def contents(received):
    """What the instances say that an aggregated notification tells of."""
    assert set(received.pc) == {"m2m:agn"}, received
    return [n["nev"]["rep"]["m2m:cin"]["con"] for n in received.pc["m2m:agn"]["sgn"]]


def fill(client, path, *values):
    for value in values:
        assert client.create(path, "cin", con=value).rsc == 2001


# ---- what is made ----


def test_what_the_members_get(ae, receiver):
    """The group puts itself into notificationURI and groupID, whatever the request says there."""
    paths = make_things(ae, ae.path)
    group = ae.retrieve(f"{ae.path}/g")["ri"]
    assert codes(subscribe(ae, f"{ae.path}/g/fopt", receiver.url, gpi="else")) == [2001, 2001]
    receiver.verification()
    assert receiver.nothing(), "asked once for all"
    for path in paths:
        sub = ae.retrieve(f"{path}/s")
        assert sub["nu"] == [f"/id-in/{group}"] and sub["gpi"] == group
        assert sub["nfu"] == receiver.url


def test_without_forwarding(ae, receiver):
    """The group is told of, and has no part in the notifications."""
    paths = make_things(ae, ae.path)
    assert codes(ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[receiver.url],
                           enc={"net": [3], "chty": [4]})) == [2001, 2001]
    receiver.verification()
    assert ae.retrieve(f"{paths[0]}/s")["gpi"] == ae.retrieve(f"{ae.path}/g")["ri"]
    assert ae.retrieve(f"{paths[0]}/s")["nu"] == [receiver.url]
    fill(ae, paths[0], "1")
    assert set(receiver.next(20).pc) == {"m2m:sgn"}


# ---- what is sent ----


def test_as_many_as_members(ae, receiver):
    """Without notifyAggregation: currentNrOfMembers; from whichever members"""
    paths = make_things(ae, ae.path)
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    fill(ae, paths[0], "1")
    assert receiver.nothing()
    fill(ae, paths[1], "2")
    received = receiver.next(20)
    assert contents(received) == ["1", "2"]
    for path, note in zip(paths, received.pc["m2m:agn"]["sgn"]):
        assert note["nfu"] == receiver.url
        assert note["sur"] == f"/id-in/{ae.retrieve(path + '/s')['ri']}"
    fill(ae, paths[1], "3", "4", "5")
    assert contents(receiver.next(20)) == ["3", "4"]
    assert receiver.nothing()


def test_as_many_as_the_group_says(ae, receiver):
    paths = make_things(ae, ae.path, nar={"num": 3})
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    fill(ae, paths[0], "1", "2")
    assert receiver.nothing()
    fill(ae, paths[1], "3")
    assert contents(receiver.next(20)) == ["1", "2", "3"]


def test_as_long_as_the_group_says(ae, receiver):
    paths = make_things(ae, ae.path, nar={"dur": "PT2S"})
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    fill(ae, paths[0], "1", "2")
    fill(ae, paths[1], "3")
    told = contents(receiver.next(20))
    while len(told) < 3:  # when it took longer to say it
        told += contents(receiver.next(20))
    assert told == ["1", "2", "3"]


def test_each_forwarding_uri_by_itself(ae, receiver):
    paths = make_things(ae, ae.path)
    for name in "ab":
        subscribe(ae, f"{ae.path}/g/fopt", f"{receiver.url}/{name}", rn=name)
        receiver.verification()
    fill(ae, paths[0], "1", "2")
    got = [receiver.next(20), receiver.next(20)]
    assert sorted(r.path for r in got) == ["/a", "/b"]
    assert [contents(r) for r in got] == [["1", "2"], ["1", "2"]]


def test_to_an_ae(ae, receiver):
    assert ae.update(ae.path, "ae", poa=[receiver.url]).rsc == 2004
    paths = make_things(ae, ae.path)
    assert codes(subscribe(ae, f"{ae.path}/g/fopt", ae.stem)) == [2001, 2001]
    fill(ae, paths[0], "1", "2")
    assert contents(receiver.next(20)) == ["1", "2"]


def test_a_batch_is_not_nested(ae, receiver):
    """spec: 7.5.1.2.6: an aggregated notification of a member is taken apart"""
    paths = make_things(ae, ae.path, nar={"num": 4})
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url, bn={"num": 2})
    receiver.verification()
    fill(ae, paths[0], "1", "2")
    fill(ae, paths[1], "3")
    assert receiver.nothing()
    fill(ae, paths[1], "4")
    assert contents(receiver.next(20)) == ["1", "2", "3", "4"]


def test_groups_within_groups(ae, receiver):
    """spec: TS-0001 10.2.7.11: each aggregates by its own notifyAggregation, and none nests"""
    paths = make_things(ae, ae.path, nar={"num": 2})
    assert ae.create(ae.path, "cnt", rn="alone").rsc == 2001
    assert ae.create(ae.path, "grp", rn="outer", mnm=5, nar={"num": 3},
                     mid=[f"{ae.path}/g/fopt", f"{ae.path}/alone"]).rsc == 2001
    assert subscribe(ae, f"{ae.path}/outer/fopt", receiver.url).rsc == 2000
    receiver.verification()
    outer, inner = (ae.retrieve(f"{ae.path}/{g}")["ri"] for g in ("outer", "g"))
    assert ae.retrieve(f"{paths[0]}/s")["nu"] == [f"/id-in/{outer}/{inner}"]
    assert ae.retrieve(f"{ae.path}/alone/s")["nu"] == [f"/id-in/{outer}"]
    fill(ae, f"{ae.path}/alone", "1", "2")
    fill(ae, paths[0], "3")  # waits in the inner group
    assert receiver.nothing()
    fill(ae, paths[1], "4")
    assert contents(receiver.next(20)) == ["1", "2", "3"]
    fill(ae, f"{ae.path}/alone", "5", "6")
    assert contents(receiver.next(20)) == ["4", "5", "6"]


# ---- changes ----


def test_other_terms(ae, receiver):
    """What was kept under the old ones goes on."""
    paths = make_things(ae, ae.path, nar={"num": 10, "dur": "PT1H"})
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    fill(ae, paths[0], "1")
    assert receiver.nothing()
    assert ae.update(f"{ae.path}/g", "grp", nar={"num": 2}).rsc == 2004
    assert contents(receiver.next(20)) == ["1"]
    fill(ae, paths[0], "2", "3")
    assert contents(receiver.next(20)) == ["2", "3"]


def test_a_group_that_goes(ae, receiver):
    """It sends what it has; afterwards nobody is at the address."""
    paths = make_things(ae, ae.path, nar={"num": 10, "dur": "PT1H"})
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    fill(ae, paths[0], "1")
    assert ae.delete(f"{ae.path}/g").rsc == 2002
    assert contents(receiver.next(20)) == ["1"]
    fill(ae, paths[0], "2", "3")
    assert receiver.nothing()


def test_it_survives_a_crash(own):
    server = own(*NOT_ASKED)
    ae = Client(server.url).register("Cgroup")
    with Receiver() as receiver:
        paths = make_things(ae, "cse-in/Cgroup", nar={"num": 10, "dur": "PT5S"})
        subscribe(ae, "cse-in/Cgroup/g/fopt", receiver.url)
        fill(ae, paths[0], "1")
        fill(ae, paths[1], "2")
        server.kill()
        server.start()
        told = []
        while len(told) < 2:
            told += [x for x in contents(receiver.next(20)) if x not in told]
        assert told == ["1", "2"]


# ---- bounds ----


def test_baskets_are_bounded(own):
    """More forwarding URIs than a group keeps apart: what is for the others goes on alone."""
    ae = Client(own(*NOT_ASKED, store="mem").url).register("Cmany")
    with Receiver() as receiver:
        (path,) = make_things(ae, "cse-in/Cmany", count=1, nar={"num": 10, "dur": "PT1H"})
        for i in range(18):
            assert codes(subscribe(ae, "cse-in/Cmany/g/fopt", f"{receiver.url}/{i}",
                                   rn=f"s{i}")) == [2001]
        fill(ae, path, "1")
        assert {receiver.next(20).path for _ in range(2)} == {"/16", "/17"}
        assert receiver.nothing()


def test_baskets_are_bounded_in_bytes(own):
    ae = Client(own(*NOT_ASKED, "--limit", "batch_bytes=4096", store="mem").url).register("Cbig")
    with Receiver() as receiver:
        (path,) = make_things(ae, "cse-in/Cbig", count=1, nar={"dur": "PT1H"})
        subscribe(ae, "cse-in/Cbig/g/fopt", receiver.url)
        fill(ae, path, *[f"{i}" + "x" * 1000 for i in range(9)])
        told = []
        while len(told) < 6:
            told += [c[0] for c in contents(receiver.next(20))]
        assert told == [str(i) for i in range(len(told))]


# ---- what is refused ----


@pytest.mark.parametrize("more, rsc", [
    ({"nu": ["{url}", "{url}/b"]}, 4000), ({"nu": ["{url}/b"]}, 4000), ({"exc": 5}, 5001),
    ({"ln": True}, 5001),
], ids=str)
def test_what_is_not_aggregated(ae, receiver, more, rsc):
    """notificationForwardingURI is identical to notificationURI"""
    paths = make_things(ae, ae.path)
    if "nu" in more:
        more = {"nu": [u.format(url=receiver.url) for u in more["nu"]]}
    answer = ae.create(f"{ae.path}/g/fopt", "sub", rn="s",
                       **{"nu": [receiver.url], "nfu": receiver.url, **more})
    assert codes(answer) == [rsc, rsc]
    assert ae.retrieve(f"{paths[0]}/s").rsc == 4004 and receiver.nothing(0.05)


def test_only_through_a_group(ae, receiver):
    """With groupID it comes from a group elsewhere: then it is told of in each notification."""
    make_things(ae, ae.path)
    path = f"{ae.path}/c0"
    assert subscribe(ae, path, receiver.url).rsc == 4000
    assert ae.create(path, "sub", rn="s", nu=[receiver.url], nfu="http://h/x", gpi="/id-o/g",
                     enc={"net": [3], "chty": [4]}).rsc == 2001
    receiver.verification()
    fill(ae, path, "1")
    assert receiver.next(20).sgn["nfu"] == "http://h/x"
    assert ae.update(f"{path}/s", "sub", nfu="http://h/y").rsc == 5001
    assert ae.update(f"{path}/s", "sub", nfu=None).rsc == 2004
    fill(ae, path, "2")
    assert "nfu" not in receiver.next(20).sgn


@pytest.mark.parametrize("change", [{"nu": ["{url}"]}, {"nfu": "{url}"}, {"nfu": None},
                                    {"gpi": "x"}, {"gpi": None}, {"exc": 1}, {"ln": True}], ids=str)
def test_what_cannot_change(ae, receiver, change):
    """SEC: nobody who was not asked gets what the group forwards"""
    paths = make_things(ae, ae.path)
    subscribe(ae, f"{ae.path}/g/fopt", receiver.url)
    receiver.verification()
    with Receiver() as victim:
        value = next(iter(change.values()))
        if isinstance(value, str):
            value = value.format(url=victim.url)
        elif isinstance(value, list):
            value = [victim.url]
        before = ae.retrieve(f"{paths[0]}/s").res
        name = next(iter(change))
        assert ae.update(f"{paths[0]}/s", "sub", **{name: value}).rsc == 5001
        assert ae.retrieve(f"{paths[0]}/s").res == before
        fill(ae, paths[0], "1", "2")
        assert contents(receiver.next(20)) == ["1", "2"]
        assert not [r for r in iter(lambda: victim.nothing(0.05), True) if not r]


@pytest.mark.parametrize("nar, rsc", [({"num": 100000000}, 4000), ({"num": -1}, 4000),
                                      ({"dur": "soon"}, 4000), ({"num": 2, "dur": "PT1S"}, 2001),
                                      ({"x": 1}, 4000)], ids=str)
def test_terms(ae, nar, rsc):
    assert ae.create(ae.path, "grp", mnm=1, mid=[], nar=nar).rsc == rsc
