"""Requests for other CSEs, passed on by a fleet of real servers on loopback (lib/fleet.py). spec: TS-0004 7.3.2.6

Who may speak for whom over a security association is tested beside the code, too: src/cse/access/identify_test.c,
src/cse/remote/transit_test.c.
"""

import concurrent.futures
import threading
import time

import pytest
from lib.fleet import Fleet, free_port, remote_cse
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.server import Server, eventually

ALL = ("in", "mn1", "mn2", "asn")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), options={"in": ("--limit", "transits=4")}) as made:
        made.aes = made.add_aes()
        yield made


def test_registration_through_another_cse(fleet):
    """SEC-REG-12: an AE or a CSE registers at its own registrar only"""
    ae = {"api": "Ntest", "rr": False, "srv": ["3"]}
    assert fleet.aes["mn1"].create("/in/base", "ae", **ae).rsc == 4000
    assert fleet.client("mn1", "/asn").create("/in/base", "csr", **remote_cse("asn")).rsc == 4000


@pytest.mark.parametrize("here, there", [(a, b) for a in ALL for b in ALL if a != b])
def test_each_reaches_each(fleet, here, there):
    """TS-0004 7.3.2.6: all operations, SP-relative and absolute, up and down the tree"""
    ae = fleet.aes[here]
    target = f"/{there}/base/ae/open"
    made = ae.create(target, "cnt", rn=f"from-{here}", lbl=["l1"])
    assert made.rsc == 2001, made
    assert made.headers["Content-Location"] == f"/~/{there}/base/ae/open/from-{here}"
    target = f"//merlon.example{target}/from-{here}"
    assert ae.create(target, "cin", con="hello").rsc == 2001
    assert ae.retrieve(f"{target}/la")["con"] == "hello"
    assert ae.retrieve(f"{target}?atrl=lbl").pc == {"m2m:cnt": {"lbl": ["l1"]}}
    assert ae.update(target, "cnt", lbl=["l2"], mni=3)["mni"] == 3
    assert ae.retrieve(target, query={"rcn": 4}).res["m2m:cin"][0]["con"] == "hello"
    assert f"base/ae/open/from-{here}" in ae.discover(f"/{there}/base", lbl="l2")
    assert ae.retrieve(f"{target}/none").rsc == 4004
    assert ae.create(target, "cnt", nonsense=1).rsc == 4000
    assert ae.delete(target).rsc == 2002
    assert ae.retrieve(target).rsc == 4004


def test_who_it_is_there(fleet):
    """SEC-IMP-05, SEC-ACP-12: the registrar writes the AE-ID SP-relative, and policies know it so"""
    admin = fleet.client("in")
    acp = grant(admin, (["/asn/Cae"], 63), parent="base")
    made = admin.As("Cae").create("base/ae", "cnt", rn="asn-only", acpi=[acp])
    assert made.rsc == 2001, made
    made = fleet.aes["asn"].create("/in/base/ae/asn-only", "cin", con="x", cr=None)
    assert made.rsc == 2001 and made["cr"] == "/asn/Cae", made
    for other in ("mn1", "mn2"):
        assert fleet.aes[other].retrieve("/in/base/ae/asn-only").rsc == 4103, "SEC-ACP-14: nor is it its CSE"
    assert fleet.client("in", "/mn1").retrieve("base/ae/asn-only").rsc == 4103
    assert fleet.client("mn1", "/asn/Cae").retrieve("/in/base/ae/asn-only").rsc == 2000
    assert admin.delete("base/ae/asn-only").rsc == 2002


def test_a_forwarded_originator_is_not_authenticated(fleet):
    """SEC-ACP-11, SEC-ACP-28: "all" admits it, acaf does not"""
    admin = fleet.client("in")
    acp = admin.create("base", "acp", pv={"acr": [{"acor": ["all"], "acop": 2, "acaf": True}]},
                       pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})
    assert acp.rsc == 2001, acp
    assert admin.As("Cae").create("base/ae", "cnt", rn="authn", acpi=[acp["ri"]]).rsc == 2001
    assert fleet.aes["mn1"].retrieve("/in/base/ae/authn").rsc == 4103
    assert fleet.aes["mn1"].retrieve("/in/base/ae/open").rsc == 2000
    assert fleet.client("in", "/mn1").retrieve("base/ae/authn").rsc == 2000, "the CSE itself is"
    assert admin.delete("base/ae/authn").rsc == 2002


def test_only_the_registered_ask(fleet):
    """SEC-IMP-01, SEC-IMP-03: nothing is forwarded for who is not known, or somebody else"""
    for originator, code in (("Cnobody", 4106), ("/mn1/Cae", 4000), ("/in/Cae", 4004), ("/asn/Cae", 2000)):
        assert fleet.client("mn1", originator).retrieve("/mn2/base/ae/open").rsc == code, originator
    assert fleet.client("in", "/nowhere/Cae").retrieve("/mn2/base/ae/open").rsc == 4000


def test_no_way(fleet):
    """TS-0004 7.3.2.6: 4004 by the IN-CSE; what comes from the registrar does not go back there"""
    for name in ALL:
        assert fleet.aes[name].retrieve("/nowhere/base").rsc == 4004, name
        assert fleet.aes[name].retrieve("//far.example/cse/base").rsc == 4004, name
    assert "no route" in fleet.aes["asn"].retrieve("/nowhere/base").debug
    assert fleet.client("mn1", "/far/Cx").retrieve("/nowhere/base").rsc == 4004


def test_releases_are_for_the_host_to_judge(fleet):
    """TS-0004 7.3.2.1: a transit CSE passes on what it does not know; the host refuses it"""
    ae = fleet.aes["asn"]
    assert ae.retrieve("/in/base/ae/open", headers={"X-M2M-RVI": "9"}).rsc == 4001
    assert ae.retrieve("/nowhere/base", headers={"X-M2M-RVI": "9"}).rsc == 4004
    assert ae.retrieve("/in/base/ae/open", headers={"X-M2M-RVI": "4"}).rsc == 2000


def test_delivery_parameters(fleet):
    """TS-0004 7.3.2.1, H.1: what a CSE on the way is asked for and cannot do is refused by it"""
    with Receiver() as host:
        fleet.pretend("fake", host.url)
        ae = fleet.aes["in"]
        assert ae.retrieve("/fake/base", query={"da": "true"}).rsc == 5001
        assert ae.retrieve("/fake/base", headers={"X-M2M-EC": "5"}).rsc == 4000
        host.nothing(0.1)
        assert ae.retrieve("/fake/base", query={"da": "false"}, headers={"X-M2M-EC": "100"}).rsc == 2000
        seen = host.next()
        assert seen.headers["X-M2M-EC"] == "100" and seen.path == "/~/fake/base?da=false"
        fleet.drop("fake")


@pytest.mark.parametrize("rt, code", [("3", 2000), ("4", 2000), ("5", 5001), ("6", 4000)])
def test_response_types(fleet, rt, code):
    """TS-0001 8.1.2: flexBlocking is answered as blocking; noResponse is for the host to judge"""
    assert fleet.aes["asn"].retrieve("/in/base/ae/open", query={"rt": rt}).rsc == code


# ---- non-blocking requests ----


def leave(client, method, to, body=None, ty=None, rt=1, headers=None):
    answer = client.request(method, to, body, ty=ty, headers=headers, query={"rt": rt})
    assert answer.rsc == {1: 1001, 2: 1002}[rt], answer
    return answer.pc["m2m:uri"]


def result(client, address):
    eventually(lambda: client.retrieve(address)["rs"] in (1, 2), 20, "the result")
    return client.retrieve(address).res


def test_left_at_the_first_cse(fleet):
    """TS-0004 7.3.2.2, 7.3.2.5: the <request> is at the receiver, and holds what the host answered"""
    ae = fleet.aes["asn"]
    cnt = {"m2m:cnt": {"rn": "left"}}
    found = result(ae, leave(ae, "POST", "/in/base/ae/open", cnt, 3))
    assert (found["rs"], found["tg"], found["pc"], found["op"]) == (1, "/in/base/ae/open", cnt, 1)
    assert found["ors"]["rsc"] == 2001 and found["ors"]["pc"]["m2m:cnt"]["rn"] == "left"
    assert found["ors"]["rqi"] == found["rid"] and found["mi"]["rt"] == {"rtv": 1} and found["org"] == "Cae"
    assert result(ae, leave(ae, "DELETE", "/in/base/ae/open/left"))["ors"]["rsc"] == 2002
    for to in ("/in/base/ae/open/left", "/nowhere/base"):
        found = result(ae, leave(ae, "GET", to))
        assert (found["rs"], found["ors"]["rsc"]) == (2, 4004)


def test_told_of_the_result(fleet):
    """TS-0004 7.5.1.2.5 nonBlockingRequestAsynch"""
    with Receiver() as told:
        leave(fleet.aes["mn1"], "GET", "/mn2/base/ae/open", rt=2, headers={"X-M2M-RTU": told.url})
        response = told.next().pc["m2m:rsp"]
        assert response["rsc"] == 2000 and response["pc"]["m2m:cnt"]["rn"] == "open"


def test_what_is_not_accepted(fleet):
    """Only who is registered here leaves requests; registrations and what could not be shown are refused"""
    get = {"rt": 1}
    assert fleet.client("mn1", "/asn/Cae").retrieve("/in/base/ae/open", query=get).rsc == 4103
    ae = fleet.aes["mn1"]
    new = {"m2m:ae": {"api": "Ntest", "rr": False, "srv": ["3"]}}
    assert ae.request("POST", "/in/base", new, 2, query=get).rsc == 4000
    assert ae.retrieve("/in/base/ae/open", query={"rt": 1, "rcn": 9}).rsc == 4000


def test_called_off(fleet):
    """TS-0004 7.4.12.2.4: what may be on its way is not"""
    with Receiver(lambda received: None, delay=2) as slow:
        fleet.pretend("fake", slow.url)
        ae = fleet.aes["in"]
        address = leave(ae, "DELETE", "/fake/base/x")
        assert ae.delete(address).rsc == 5220
        found = result(ae, address)
        assert (found["rs"], found["ors"]["rsc"]) == (2, 5103)
        assert ae.delete(address).rsc == 2002
        fleet.drop("fake")


def test_left_at_one_that_crashes(tmp_path):
    """kill -9: a request that was on its way has failed, as far as is known here; a RETRIEVE is sent again"""
    seen, ended = [], threading.Event()

    def answer(got):
        seen.append(got.path)
        ended.wait(60)
        return 2000

    with Receiver(answer) as slow, Fleet(tmp_path, names=("in",)) as fleet:
        ae = fleet.add_aes()["in"]
        fleet.pretend("fake", slow.url)
        left = [leave(ae, "DELETE", "/fake/base/x"), leave(ae, "GET", "/fake/base/y")]
        eventually(lambda: len(seen) == 2, 20, "both requests")
        fleet.kill("in")
        ended.set()
        fleet.start("in")
        found = [result(fleet.client("in", "Cae"), address) for address in left]
        assert [(f["rs"], f["ors"]["rsc"]) for f in found] == [(2, 5000), (1, 2000)]
        assert [path.split("?")[0][-1] for path in seen[2:]] == ["y"]


# ---- other CSEs that are not as they should be ----


def test_tokens_and_roles_go_on(fleet):
    """SEC-GEN-05: a transit CSE passes them on, and does not look at them"""
    answer = (200, {"X-M2M-RSC": "2000", "X-M2M-ATI": "l1:t1"}, b"")
    with Receiver(lambda received: answer) as host:
        fleet.pretend("fake", host.url)
        got = fleet.aes["mn2"].retrieve("/fake/base", query={"rids": "r@x.example"}, headers={
            "Authorization": "a.b.c", "X-M2M-GID": "g1", "X-M2M-VSI": "v", "X-M2M-EC": "3"})
        assert got.rsc == 2000 and got.headers["X-M2M-ATI"] == "l1:t1", got
        seen = host.next()
        assert seen.path == "/~/fake/base?rids=r@x.example"
        for name, value in (("Authorization", "a.b.c"), ("X-M2M-Origin", "/mn2/Cae"), ("X-M2M-GID", "g1"),
                            ("X-M2M-VSI", "v"), ("X-M2M-EC", "3"), ("X-M2M-RVI", "3")):
            assert seen.headers[name] == value, name
        fleet.drop("fake")


def test_times_go_on(fleet):
    """TS-0004 7.3.2.6: relative times become points in time, and past ones end the request"""
    with Receiver() as host:
        fleet.pretend("fake", host.url)
        assert fleet.aes["in"].retrieve("/fake/base", headers={"X-M2M-RET": "20000"}).rsc == 2000
        assert "T" in host.next().headers["X-M2M-RET"]
        assert fleet.aes["in"].retrieve("/fake/base", headers={"X-M2M-RET": timestamp(-1)}).rsc == 4008
        host.nothing(0.1)
        fleet.drop("fake")


def test_the_first_point_of_access_that_works(fleet):
    """TS-0001 9.6.4 pointOfAccess: one after the other"""
    with Receiver() as host:
        fleet.pretend("fake", host.url)
        dead = f"http://127.0.0.1:{free_port()}"
        for poa, code in (([dead, host.url], 2000), (["coap://127.0.0.1", host.url], 2000), ([host.url, dead], 2000),
                          ([dead], 5103), (["coap://127.0.0.1"], 5103)):
            assert fleet.client("in", "/fake").update("base/fake", "csr", poa=poa).rsc == 2004
            for method in (fleet.aes["in"].retrieve, fleet.aes["mn1"].delete):
                assert method("/fake/base/x").rsc == code, poa
        fleet.drop("fake")


def test_nothing_is_done_twice(fleet):
    """A CREATE that may have arrived is not sent to the next point of access; a RETRIEVE is"""
    with Receiver(lambda received: None) as broken, Receiver() as good:
        fleet.pretend("fake", broken.url)
        assert fleet.client("in", "/fake").update("base/fake", "csr", poa=[broken.url, good.url]).rsc == 2004
        assert fleet.aes["in"].create("/fake/base", "cnt", rn="x").rsc == 5103
        good.nothing(0.2)
        assert fleet.aes["in"].retrieve("/fake/base").rsc == 2000
        fleet.drop("fake")


def test_nothing_is_sent_twice(fleet):
    """Nor is it sent again when the connection, kept from the one before, ends without an answer"""
    came = []

    def answer(received):
        came.append(received)
        return (201, {"X-M2M-RSC": "2001"}, b"") if len(came) % 2 else None

    with Receiver(answer) as host:
        fleet.pretend("fake", host.url)
        clients = [Client(fleet.url("in"), "Cae") for _ in range(4)]  # for both threads
        codes = [client.create("/fake/base", "cnt", rn="x").rsc for client in clients for _ in range(4)]
        assert len(came) == len(codes) and set(codes) == {2001, 5103}
        fleet.drop("fake")


@pytest.mark.parametrize("answer", [(200, {}, b""), (200, {"X-M2M-RSC": "nonsense"}, b""), (500, {}, b"oops"),
                                    (200, {"X-M2M-RSC": "1000"}, b""), (302, {"Location": "http://x"}, b""), None])
def test_answers_that_are_none(fleet, answer):
    """Garbage of another CSE becomes 5103"""
    with Receiver(lambda received: answer) as host:
        fleet.pretend("fake", host.url)
        assert fleet.aes["in"].retrieve("/fake/base").rsc == 5103
        fleet.drop("fake")


def test_one_that_is_slow_does_not_slow_others(fleet):
    """RequestExpiration ends the wait; no more than `transits` wait for one CSE and thread; others go on"""
    with Receiver(delay=3) as slow, concurrent.futures.ThreadPoolExecutor(40) as pool:
        fleet.pretend("fake", slow.url)

        def ask(_):
            began = time.monotonic()
            answer = Client(fleet.url("in"), "Cae").retrieve("/fake/base", headers={"X-M2M-RET": "1000"})
            return answer.rsc, time.monotonic() - began

        waiting = [pool.submit(ask, i) for i in range(40)]
        began = time.monotonic()
        for _ in range(20):
            assert fleet.aes["in"].retrieve("/mn1/base/ae/open").rsc == 2000
        assert time.monotonic() - began < 2
        results = [w.result() for w in waiting]
        assert {rsc for rsc, _ in results} == {4008, 5103}
        assert sum(rsc == 4008 for rsc, _ in results) <= 4 * 2, "two threads, four each"
        assert max(seconds for _, seconds in results) < 2.9, "not until it answers"
        fleet.drop("fake")


# ---- loops ----


def test_a_point_of_access_that_leads_back(fleet):
    """A registree whose point of access is the registrar itself: it ends at once"""
    fleet.pretend("fake", fleet.url("in"))
    began = time.monotonic()
    for name in ALL:
        answer = fleet.aes[name].retrieve("/fake/base")
        assert answer.rsc in (4000, 4105, 4106, 5103), answer
    assert time.monotonic() - began < 5
    fleet.drop("fake")


def test_two_that_lead_to_each_other(tmp_path):
    """Registrars in a circle, A at B and B at A: registration is refused one way, and requests end"""
    a, b = free_port(), free_port()
    words = {"a": ("b", b), "b": ("a", a)}
    servers = {}
    try:
        for name, port in (("a", a), ("b", b)):
            above, there = words[name]
            servers[name] = Server(tmp_path / name, "--cse-id", f"/{name}", "--cse-name", "base", "--cse-type", "mn",
                                   "--registrar", f"http://127.0.0.1:{there}", "--registrar-id", f"/{above}",
                                   listen=(f"http://127.0.0.1:{port}",)).start()
        clients = {}
        for name, server in servers.items():
            answer = Client(server.url, "Cae").create("base", "ae", api="Ntest", rr=False, srv=["3"], rn="ae")
            assert answer.rsc == 2001, answer
            clients[name] = Client(server.url, "Cae")
        eventually(lambda: any("registered at" in s.log() for s in servers.values()), what="a registration")
        began = time.monotonic()
        for client in clients.values():
            assert client.retrieve("/nowhere/base").rsc in (4000, 4004, 4105, 4106, 5103)
        assert time.monotonic() - began < 5
    finally:
        for server in servers.values():
            server.stop()


# ---- coming and going ----


def reaches(fleet, here, there):
    answer = fleet.client(here, "Cae").retrieve(f"/{there}/base/ae/open")
    return answer.rsc


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_of_the_middle(tmp_path, how):
    """The MN goes and comes again: requests fail meanwhile, registrations are taken up"""
    with Fleet(tmp_path, names=("in", "mn1", "asn")) as fleet:
        fleet.add_aes("in", "asn")
        assert reaches(fleet, "asn", "in") == 2000 and reaches(fleet, "in", "asn") == 2000
        getattr(fleet, how)("mn1")
        assert reaches(fleet, "asn", "in") == 5103 and reaches(fleet, "in", "asn") == 5103
        fleet.start("mn1")
        eventually(lambda: reaches(fleet, "asn", "in") == 2000, 20, "the way up")
        eventually(lambda: reaches(fleet, "in", "asn") == 2000, 20, "the way down")
        fleet.settle()


def test_no_registrar_at_all(tmp_path):
    """It is not there at the start: requests within go on, those to others end at once; then it comes"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        fleet.add_aes("in", "mn1")
        fleet.stop("in")
        fleet.stop("mn1")
        fleet.start("mn1")
        assert fleet.client("mn1", "Cae").retrieve("base/ae").rsc == 2000
        assert reaches(fleet, "mn1", "in") == 5103
        fleet.start("in")
        eventually(lambda: reaches(fleet, "mn1", "in") == 2000, 20, "the way up")


# ---- notifications ----


def test_a_subscriber_at_another_cse(fleet):
    """TS-0004 7.5.1.2.2: a target elsewhere is notified by the next CSE on the way, and asked for its consent"""
    with Receiver() as receiver:
        asn = fleet.client("asn")
        acp = grant(asn, (["/in", "/mn1/Cae"], 16), parent="base", name="notifiers")
        made = asn.As("Clistener").create("base", "ae", api="Ntest", rr=True, srv=["3"], rn="listener",
                                          poa=[receiver.url])
        assert made.rsc == 2001, made
        assert asn.update("base/listener", "ae", acpi=[acp]).rsc == 2004
        sub = fleet.aes["mn1"].create("/in/base/ae/open", "sub", nu=["/asn/base/listener"], nct=1,
                                       enc={"net": [3]})
        assert sub.rsc == 2001, sub
        receiver.verification()
        assert fleet.aes["in"].create("base/ae/open", "cin", con="news").rsc == 2001
        got = receiver.next(20)
        assert got.rep["m2m:cin"]["con"] == "news" and got.headers["X-M2M-Origin"] == "/in"
        refused = fleet.aes["mn1"].create("/in/base/ae/open", "sub", nu=["/mn2/base/ae"])
        assert refused.rsc == 5204, refused
        assert fleet.aes["mn1"].create("/in/base/ae/open", "sub", nu=["/nowhere/base/ae"]).rsc == 4000
        assert fleet.aes["mn1"].delete(sub.headers["Content-Location"][2:]).rsc == 2002
        assert asn.delete("base/listener").rsc == 2002


def test_the_creator_of_a_subscription(fleet):
    """TS-0004 7.5.1.2.3, SEC-GEN-03: it is the one of the CSE that hosts the subscription, not our AE of that name"""
    admin = fleet.client("in")
    with Receiver() as told:
        def target(*who):
            acp = grant(admin, (list(who), 16), parent="base")
            made = admin.As("Ctold").create("base", "ae", api="Ntest", rr=True, srv=["3"], poa=[told.url], acpi=[acp],
                                            rn="told")
            assert made.rsc == 2001, made
            return "/in/base/told"

        for who, code in ((("/mn1", "/mn1/Cae"), 2001), (("/mn1", "Cae"), 5204), (("/mn1", "/in/Cae"), 5204),
                          (("/mn1/Cae",), 5204)):
            made = fleet.aes["mn1"].create("base/ae/open", "sub", nu=[target(*who)], enc={"net": [3]})
            assert made.rsc == code, (who, made)
            if code == 2001:
                assert told.verification().sgn["cr"] == "/mn1/Cae"
                assert fleet.aes["mn1"].delete(f"base/ae/open/{made['rn']}").rsc == 2002
            assert told.nothing(0.05)
            assert admin.delete("base/told").rsc == 2002
        acp = grant(admin, (["/mn1", "Cae"], 16), parent="base")
        assert admin.As("Ctold").create("base", "ae", api="Ntest", rr=True, srv=["3"], poa=[told.url], acpi=[acp],
                                        rn="told").rsc == 2001
        content = {"m2m:sgn": {"vrq": True, "sur": "/mn1/sub", "cr": "Cae"}}
        assert fleet.client("in", "/mn1").notify("base/told", content).rsc == 4101
        assert admin.delete("base/told").rsc == 2002
