"""<delivery>: requests that a CSE hands over together. The test plays the CSE that hands them over.

spec: TS-0001 9.6.11, 10.2.5.7 to 10.2.5.11; TS-0004 7.4.11
"""

import threading

import pytest
from lib.fleet import Fleet, free_port
from lib.onem2m import timestamp
from lib.receiver import Receiver
from lib.server import eventually

CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY = range(1, 6)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    limits = ("--limit", "delivery_requests=5", "--limit", "delivery_resources=60", "--limit", "delivery_share=20")
    with Fleet(tmp_path_factory.mktemp("fleet"), names=("in", "mn1"), options={"in": limits}) as made:
        made.aes = made.add_aes()
        yield made


@pytest.fixture
def fake(fleet):
    """A neighbour of the IN-CSE that the test plays."""
    with Receiver() as receiver:
        fleet.pretend("fake", receiver.url)
        receiver.client = fleet.client("in", "/fake")
        yield receiver
        fleet.drop("fake")


def request(op, to, fr="/fake/Cae", rqi="r1", mi=None, **more):
    return {"op": op, "to": to, "fr": fr, "rqi": rqi, "mi": {"rvi": "3", **(mi or {})}, **more}


def cin(con, to="/in/base/ae/open", mi=None, **more):
    return request(CREATE, to, pc={"m2m:cin": {"con": con}}, mi={"ty": 4, **(mi or {})}, **more)


def delivery(*requests, target="/in", **more):
    made = {"sr": "/fake", "tg": target, "ls": timestamp(60), "ec": 3, "dmd": {"tcop": True}}
    if requests:
        made["arq"] = {"req": list(requests)}
    return {**made, **more}


def hand_over(client, *requests, **more):
    return client.create("base", "dlv", **delivery(*requests, **more))


def latest(fleet, where="open"):
    answer = fleet.aes["in"].retrieve(f"base/ae/{where}/la")
    return answer["con"] if answer.rsc == 2000 else None


def is_done(fleet, made):
    return "arq" not in fleet.client("in", "/fake").retrieve(made["ri"]).res


def test_carried_out(fleet, fake):
    """10.2.5.7: in their order, by the target; then the requests are gone, and the delivery stays for its lifespan"""
    made = hand_over(fake.client, *(cin(f"c{i}", rqi=f"r{i}") for i in range(3)))
    assert made.rsc == 2001, made
    eventually(lambda: latest(fleet) == "c2", 20, "the last request")
    eventually(lambda: is_done(fleet, made), 20, "the end of the delivery")
    found = fleet.aes["in"].retrieve("base/ae/open", query={"rcn": 4}).res["m2m:cin"]
    assert [c["con"] for c in found][-3:] == ["c0", "c1", "c2"]
    assert made["et"] <= made["ls"]


def test_result(fleet, fake):
    """TS-0004 7.5.1.2.5: results go to the source, those of failures too"""
    rt = {"rt": {"rtv": 2, "nu": ["/fake/base/result"]}}
    made = hand_over(fake.client, cin("told", mi=rt, rqi="r7"),
                     request(DELETE, "/in/base/ae/none", mi=rt, rqi="r8"),
                     request(RETRIEVE, "/in/base/ae/open", mi={"rt": {"rtv": 2}}, rqi="r9"))
    assert made.rsc == 2001, made
    seen = {}
    while len(seen) < 3:
        got = fake.next()
        said = got.pc["m2m:rsp"]
        seen[said["rqi"]] = (said["rsc"], got.path.split("?")[0])
    assert seen == {"r7": (2001, "/~/fake/base/result"), "r8": (4004, "/~/fake/base/result"),
                    "r9": (2000, "/~/fake/Cae")}, seen


def test_who_asks(fleet, fake):
    """Each request may do what it might by itself: by the policies, and for who the CSE may speak for"""
    rt = {"rt": {"rtv": 2, "nu": ["/fake/r"]}}
    closed = fleet.aes["in"].create("base/ae", "cnt", rn="closed")
    assert closed.rsc == 2001, closed
    assert hand_over(fake.client, cin("no", to="/in/base/ae/closed", mi=rt)).rsc == 2001
    assert fake.next().pc["m2m:rsp"]["rsc"] == 4103
    assert latest(fleet, "closed") is None
    for who in ("CAdmin", "Cae", "/mn1/Cae", "/in", "/mn1"):
        answer = hand_over(fake.client, cin("no", fr=who))
        assert answer.rsc in (4000, 4106), (who, answer)
    for source in ("/mn1", "/in"):
        answer = hand_over(fake.client, cin("no"), sr=source)
        assert answer.rsc == 4000 and "does not speak" in answer.debug, answer


def test_who_hands_over(fleet, fake):
    """7.4.11.2: no AE; and only a CSE that is registered here, which policies permit it"""
    assert hand_over(fleet.client("in"), cin("no")).rsc == 4005
    assert hand_over(fleet.aes["in"], cin("no")).rsc in (4103, 4005)
    assert hand_over(fleet.client("in", "/fake/Cae"), cin("no")).rsc in (4103, 4005)
    made = hand_over(fake.client)
    assert made.rsc == 2001
    for who in ("CAdmin", "Cae"):
        client = fleet.client("in", who)
        assert client.update(made["ri"], "dlv", ls=timestamp(90)).rsc in (4103, 4005), who
        assert client.delete(made["ri"]).rsc in (4103, 4005), who
    assert fake.client.delete(made["ri"]).rsc == 2002


def one(**more):
    return {"arq": {"req": [request(**{"op": RETRIEVE, "to": "/in/base", **more})]}}


@pytest.mark.parametrize("code, why, change", [
    (4000, "lifespan", {"ls": timestamp(-5)}),
    (4000, "CSE-IDs", {"sr": "Cae"}),
    (4000, "CSE-IDs", {"tg": "base"}),
    (4004, "no route", {"tg": "/nowhere"}),
    (4004, "no route", {"tg": "/fake"}),
    (5001, "service provider", {"tg": "//far.example/cse"}),
    (4000, "passed this CSE", {"dmd": {"tcop": True, "tcin": ["/fake", "/in"]}}),
    (4000, "too many CSEs", {"dmd": {"tcop": True, "tcin": ["/fake"] * 33}}),
    (4000, "tcop", {"dmd": {}}),
    (4000, "another CSE", one(to="/mn1/base")),
    (4000, "another CSE", one(to="base")),
    (4000, "not created", one(op=CREATE, fr="/fake", mi={"ty": 16})),
    (4000, "not created", one(op=CREATE, fr="/fake", mi={"ty": 2})),
    (4000, "not created", one(op=CREATE, fr="/fake", mi={"ty": 6})),
    (5001, "rids", one(mi={"rids": ["01@role.example"]})),
    (4000, "resources of the source", one(mi={"rt": {"rtv": 2, "nu": ["http://a.example/x"]}})),
    (4000, "resources of the source", one(mi={"rt": {"rtv": 2, "nu": ["/mn1/base/ae"]}})),
    (4000, "resources of the source", one(mi={"rt": {"rtv": 2, "nu": ["/in/base/ae"]}})),
    (4106, "does not speak", one(fr="/in/Cae")),
    (4000, "too many targets", one(mi={"rt": {"rtv": 2, "nu": ["/fake/x"] * 33}})),
    (4000, "too many requests", {"arq": {"req": one()["arq"]["req"] * 6}}),
])
def test_refused(fake, code, why, change):
    """9.6.11: what could not be delivered, or not safely"""
    answer = hand_over(fake.client, **{"target": "/in", **change})
    assert answer.rsc == code and why in answer.debug, answer


def test_blocking_only(fake):
    """7.4.11.2.1"""
    body = {"m2m:dlv": delivery(cin("no"))}
    assert fake.client.request("POST", "base", body, ty=6, query={"rt": 1}).rsc == 4000


def test_requests_later(fleet, fake):
    """10.2.5.8: they may come by UPDATE, once; 10.2.5.10: not after they were handed over"""
    made = hand_over(fake.client)
    assert made.rsc == 2001, made
    assert fake.client.update(made["ri"], "dlv", ls=timestamp(100), ec=4)["ec"] == 4
    assert fake.client.update(made["ri"], "dlv", arq={"req": [cin("later")]}).rsc == 2004
    eventually(lambda: latest(fleet) == "later", 20, "the request")
    eventually(lambda: is_done(fleet, made), 20, "the end")
    for change in ({"arq": {"req": [cin("again")]}}, {"ls": timestamp(200)}):
        assert fake.client.update(made["ri"], "dlv", **change).rsc == 5219, change
    assert latest(fleet) == "later"


def test_once_by_its_name(fleet, fake):
    """The same delivery once more is a conflict, also when it is done"""
    made = hand_over(fake.client, cin("once"), rn="mine")
    assert made.rsc == 2001, made
    eventually(lambda: is_done(fleet, made), 20, "the end")
    assert hand_over(fake.client, cin("twice"), rn="mine").rsc == 4105
    assert latest(fleet) == "once"


def test_called_off(fleet, fake):
    """10.2.5.11: a pending delivery is stopped; who wants results is told"""
    mi = {"oet": timestamp(40), "rt": {"rtv": 2, "nu": ["/fake/r"]}}
    made = hand_over(fake.client, cin("never", mi=mi))
    assert made.rsc == 2001, made
    assert fake.client.delete(made["ri"]).rsc == 2002
    assert fake.next().pc["m2m:rsp"]["rsc"] == 5103


def test_its_lifespan(fleet, fake):
    """9.6.11: after it nothing is tried any more"""
    mi = {"oet": timestamp(40), "rt": {"rtv": 2, "nu": ["/fake/r"]}}
    made = hand_over(fake.client, cin("never", mi=mi), ls=timestamp(1))
    assert made.rsc == 2001, made
    assert fake.next().pc["m2m:rsp"]["rsc"] == 4008
    eventually(lambda: fake.client.retrieve(made["ri"]).rsc == 4004, 20, "the end of the delivery")


def test_room(fleet, fake):
    """limit delivery_share: one neighbour takes no place of another; what is done gives way"""
    with Receiver() as receiver:
        fleet.pretend("second", receiver.url)
        second = fleet.client("in", "/second")
        for i in range(25):
            done = hand_over(fake.client, cin(f"room {i}"))
            assert done.rsc == 2001, done
            eventually(lambda made=done: is_done(fleet, made), 20, "the end of the delivery")
        made = []
        while (answer := hand_over(fake.client)).rsc == 2001:
            made.append(answer["ri"])
            assert len(made) <= 20
        assert answer.rsc == 5000 and len(made) == 20, answer
        assert fake.client.retrieve(done["ri"]).rsc == 4004, "it gave way"
        assert hand_over(second, sr="/second").rsc == 2001
        for ri in made:
            assert fake.client.delete(ri).rsc == 2002
        assert hand_over(fake.client).rsc == 2001
        fleet.drop("second")


def test_nobody_waits_for_another(fleet, fake):
    """Deliveries of one neighbour that take long do not hold up those of another"""
    go_on = threading.Event()

    def answer_late(_):
        go_on.wait(60)
        return 2000

    with Receiver(answer_late) as slow, Receiver() as receiver:
        fleet.pretend("second", receiver.url)
        admin = fleet.client("in")
        target = admin.As("Cslow").create("base", "ae", api="Ntest", rr=True, srv=["3"], poa=[slow.url], rn="slow",
                                          acpi=["base/all"])
        assert target.rsc == 2001, target
        try:
            for i in range(16):
                long = request(NOTIFY, "/in/base/slow", rqi=f"long {i}", pc={"m2m:sgn": {"sur": "/in/x"}})
                assert hand_over(fake.client, long).rsc == 2001
            made = hand_over(fleet.client("in", "/second"), cin("second", fr="/second/Cae"), sr="/second")
            assert made.rsc == 2001, made
            eventually(lambda: latest(fleet) == "second", 15, "what the second neighbour asked")
        finally:
            go_on.set()
            for _ in range(16):
                slow.next(30)
            assert admin.As("Cslow").delete("base/slow").rsc == 2002
            fleet.drop("second")


# ---- for another CSE ----


def test_handed_on(fleet, fake):
    """10.2.5.7 of two hops: by a <delivery> at the next CSE, which carries it out; the result comes back"""
    mi = {"rt": {"rtv": 2, "nu": ["/fake/r"]}}
    made = hand_over(fake.client, cin("two hops", to="/mn1/base/ae/open", mi=mi), target="/mn1")
    assert made.rsc == 2001, made
    assert fake.next().pc["m2m:rsp"]["rsc"] == 2001
    assert fleet.aes["mn1"].retrieve("base/ae/open/la")["con"] == "two hops"
    eventually(lambda: is_done(fleet, made), 20, "that it was handed on")
    assert fake.client.retrieve(made["ri"])["dmd"]["tcin"] == ["/mn1"]


def test_what_is_handed_on(fleet, fake):
    """9.6.11: the attributes as they came, traced; again when nobody answers; 4105: it is there already"""
    answers = [5000, 4105]
    with Receiver(lambda received: answers.pop(0)) as other:
        fleet.pretend("other", other.url)
        one = cin("x", to="/other/base/c", rqi="r5")
        made = hand_over(fake.client, one, target="/other")
        assert made.rsc == 2001, made
        got = other.next()
        sent = got.pc["m2m:dlv"]
        assert got.path.split("?")[0] == "/~/other/-" and got.headers["X-M2M-Origin"] == "/in"
        assert sent["arq"]["req"] == [one] and sent["dmd"] == {"tcop": True, "tcin": ["/in"]}
        assert (sent["sr"], sent["tg"], sent["ls"], sent["ec"]) == ("/fake", "/other", made["ls"], 3)
        eventually(lambda: is_done(fleet, made), 20, "that it was handed on")
        assert other.next().pc["m2m:dlv"] == sent and not answers
        fleet.drop("other")


# ---- the end of a run ----


def test_survives_a_crash(tmp_path):
    """kill -9 while a delivery waits: the next run goes on with what is not done, and does nothing twice"""
    with Receiver() as receiver, Fleet(tmp_path, names=("in",)) as fleet:
        fleet.aes = fleet.add_aes()
        fleet.pretend("fake", receiver.url)
        client = fleet.client("in", "/fake")
        made = hand_over(client, cin("before"), cin("after", mi={"oet": timestamp(4)}))
        assert made.rsc == 2001, made
        eventually(lambda: latest(fleet) == "before", 20, "the first request")
        fleet.kill("in")
        fleet.start("in")
        eventually(lambda: latest(fleet) == "after", 30, "the second request")
        found = fleet.aes["in"].retrieve("base/ae/open", query={"rcn": 4}).res["m2m:cin"]
        assert [c["con"] for c in found] == ["before", "after"]


def test_survives_an_orderly_stop(tmp_path):
    """The same when the server is stopped: what waits for its time has not failed"""
    with Receiver() as receiver, Fleet(tmp_path, names=("in",)) as fleet:
        fleet.aes = fleet.add_aes()
        fleet.pretend("fake", receiver.url)
        mi = {"oet": timestamp(5), "rt": {"rtv": 2, "nu": ["/fake/r"]}}
        made = hand_over(fleet.client("in", "/fake"), cin("before"), cin("after", mi=mi))
        assert made.rsc == 2001, made
        eventually(lambda: latest(fleet) == "before", 20, "the first request")
        fleet.stop("in")
        fleet.start("in")
        assert receiver.next().pc["m2m:rsp"]["rsc"] == 2001
        assert latest(fleet) == "after"


# ---- what our AEs leave for other CSEs ----


def leave(client, method, to, body=None, ty=None, rt=1, headers=None):
    answer = client.request(method, to, body, ty=ty, headers=headers, query={"rt": rt, "da": "true"})
    assert answer.rsc == {1: 1001, 2: 1002}[rt], answer
    return answer.pc["m2m:uri"]


def result(client, address):
    eventually(lambda: client.retrieve(address)["rs"] in (1, 2), 20, "the result")
    return client.retrieve(address).res


def test_together(fleet, fake):
    """H.2.4: what goes to one CSE goes in one <delivery>, in its order; the result goes to the <request>"""
    with Receiver() as other:
        fleet.pretend("other", other.url)
        ae = fleet.aes["in"]
        left = [leave(ae, "POST", f"/other/base/c{i}", {"m2m:cin": {"con": str(i)}}, 4) for i in range(3)]
        sent = other.next().pc["m2m:dlv"]
        assert (sent["sr"], sent["tg"], sent["ec"], sent["dmd"]["tcin"]) == ("/in", "/other", 3, ["/in"])
        requests = sent["arq"]["req"]
        assert [r["to"] for r in requests] == [f"/other/base/c{i}" for i in range(3)]
        assert all(r["fr"] == "/in/Cae" and r["op"] == CREATE and r["mi"]["ty"] == 4 for r in requests)
        for address, r in zip(left, requests):
            assert r["mi"]["rt"] == {"rtv": 2, "nu": [f"/in/{ae.retrieve(address)['ri']}"]}
        assert ae.retrieve(left[0])["rs"] == 3
        rsp = {"m2m:rsp": {"rsc": 2001, "rqi": requests[0]["rqi"], "rvi": "3", "pc": {"m2m:cin": {"con": "0"}}}}
        where = requests[0]["mi"]["rt"]["nu"][0]
        assert fake.client.notify(where, rsp).rsc == 4103, "another CSE cannot"
        assert ae.notify(where, rsp).rsc == 4103, "nor who asked"
        told = fleet.client("in", "/other")
        for wrong in ({"m2m:rsp": {**rsp["m2m:rsp"], "rqi": "x"}}, {"m2m:sgn": {"sur": "/other/x"}}):
            assert told.notify(where, wrong).rsc == 4000
        assert told.request("POST", where, None).rsc == 4000
        assert told.notify(where, rsp).rsc == 2000
        found = ae.retrieve(left[0]).res
        assert (found["rs"], found["ors"]["rsc"], found["ors"]["pc"]) == (1, 2001, {"m2m:cin": {"con": "0"}})
        assert told.notify(where, rsp).rsc == 4103, "once only"
        fleet.drop("other")


def test_there_and_back(fleet):
    """10.2.5.7: from CSE to CSE, both ways"""
    for here, there in (("in", "mn1"), ("mn1", "in")):
        ae = fleet.aes[here]
        address = leave(ae, "POST", f"/{there}/base/ae/open", {"m2m:cin": {"con": f"from {here}"}}, 4)
        found = result(ae, address)
        assert (found["rs"], found["ors"]["rsc"]) == (1, 2001), found
        assert fleet.aes[there].retrieve("base/ae/open/la")["con"] == f"from {here}"
        found = result(ae, leave(ae, "GET", f"/{there}/base/ae/none"))
        assert (found["rs"], found["ors"]["rsc"]) == (2, 4004), found


def test_lives_that_differ(fleet, fake):
    """9.6.11 lifespan: whose request ends soon takes nobody else's with it"""
    with Receiver() as other:
        fleet.pretend("other", other.url)
        ae = fleet.aes["in"]
        for name, seconds in (("long", 60), ("short", 4), ("again", 62)):
            leave(ae, "DELETE", f"/other/base/{name}", headers={"X-M2M-RET": timestamp(seconds)})
        sent = [[r["to"] for r in other.next().pc["m2m:dlv"]["arq"]["req"]] for _ in range(3)]
        assert sorted(sent) == [["/other/base/again"], ["/other/base/long"], ["/other/base/short"]]
        fleet.drop("other")


def test_room_of_an_ae(fleet, fake):
    """limit delivery_share: one AE does not take the places of all; what has left counts no more"""
    port = free_port()
    fleet.pretend("other", f"http://127.0.0.1:{port}")
    one, two = fleet.aes["in"], fleet.client("in", "Ctwo")
    assert two.create("base", "ae", api="Ntest", rr=False, srv=["3"], rn="two").rsc == 2001
    for i in range(20):
        leave(one, "DELETE", f"/other/base/{i}")
    assert one.request("DELETE", "/other/base/x", query={"rt": 1, "da": "true"}).rsc == 5000
    leave(two, "DELETE", "/other/base/two")
    with Receiver(port=port) as other:
        seen = set()
        while len(seen) < 21:
            seen |= {r["to"] for r in other.next(90).pc["m2m:dlv"]["arq"]["req"]}

        def is_taken():
            answer = one.request("DELETE", "/other/base/y", query={"rt": 1, "da": "true"})
            return answer.rsc == 1001

        eventually(is_taken, 20, "room")
        assert other.next(30).pc["m2m:dlv"]["arq"]["req"][0]["to"] == "/other/base/y"
    assert two.delete("base/two").rsc == 2002
    fleet.drop("other")


def test_aggregation_refused(fleet, fake):
    """What nobody could be told, or a delivery has no place for"""
    ae = fleet.aes["in"]
    assert ae.retrieve("/fake/base", query={"da": "true"}).rsc == 5001
    assert ae.retrieve("/fake/base", query={"da": "true", "rt": 1, "rids": "01@role.example"}).rsc == 5001
    fake.nothing(1.5)


def test_refused_by_the_next(fleet):
    """10.2.5.8: the requests have failed"""
    with Receiver(lambda received: 4103) as other:
        fleet.pretend("other", other.url)
        ae = fleet.aes["in"]
        found = result(ae, leave(ae, "DELETE", "/other/base/x"))
        assert (found["rs"], found["ors"]["rsc"]) == (2, 5103), found
        fleet.drop("other")


def test_what_is_left_survives_a_crash(tmp_path):
    """kill -9: the <request> stays pending, and its delivery leaves later; one more goes by itself"""
    port = free_port()
    with Fleet(tmp_path, names=("in",)) as fleet:
        ae = fleet.add_aes()["in"]
        fleet.pretend("other", f"http://127.0.0.1:{port}")
        first = leave(ae, "DELETE", "/other/base/x")
        eventually(lambda: ae.retrieve(first).rsc == 2000, 20, "the request")
        fleet.kill("in")
        fleet.start("in")
        assert fleet.client("in", "Cae").retrieve(first)["rs"] == 3
        with Receiver(port=port) as other:
            sent = other.next(60).pc["m2m:dlv"]
            assert [r["to"] for r in sent["arq"]["req"]] == ["/other/base/x"]
            leave(ae, "DELETE", "/other/base/y")
            again = other.next(60).pc["m2m:dlv"]
            assert [r["to"] for r in again["arq"]["req"]] == ["/other/base/y"] and again["rn"] != sent["rn"]
