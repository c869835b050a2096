"""Non-blocking requests that wait when the server ends. docs/decisions/0019

spec: TS-0004 7.3.2.2 to 7.3.2.5; TS-0001 8.2.2, 9.6.12
"""

import datetime
import threading
import time

import pytest
from lib.cmdh import NEVER, provision
from lib.fleet import free_port, remote_cse
from lib.onem2m import Client, timestamp
from lib.receiver import Receiver
from lib.server import eventually

ENDS = pytest.mark.parametrize("end", ["stop", "kill"])


def leave(client, method, to, body=None, ty=None, rt=1, **headers):
    sent = {"X-M2M-" + name.upper(): value for name, value in headers.items()}
    answer = client.request(method, to, body, ty=ty, headers=sent, query={"rt": rt})
    assert answer.rsc == {1: 1001, 2: 1002}[rt], answer
    return answer.pc["m2m:uri"]


def result(client, address, seconds=20):
    eventually(lambda: client.retrieve(address)["rs"] != 3, seconds, "the result")
    return client.retrieve(address).res


def again(server, end, *clients):
    """The server ends and runs again; clients of it."""
    getattr(server, end)()
    server.start()
    return [Client(server.url, client.originator) for client in clients]


def cin(con):
    return {"m2m:cin": {"con": con}}


@pytest.fixture(name="served")
def fixture_served(own):
    server = own("--cse-id", "/mn", "--cse-name", "base", "--cse-type", "mn")
    ae = Client(server.url, "CAdmin").As("Cae")
    assert ae.create("base", "ae", api="Nexample", rr=False, srv=["3"], rn="ae").rsc == 2001
    assert ae.create("base/ae", "cnt", rn="c").rsc == 2001
    return server, ae


@ENDS
def test_each_is_carried_out_once(served, end):
    """Those that wait for their time are carried out at it, what is done is not done again"""
    server, ae = served
    done = leave(ae, "POST", "base/ae/c", cin("done"), 4)
    assert result(ae, done)["rs"] == 1
    when = timestamp(4)
    waiting = [leave(ae, "POST", "base/ae/c", cin(str(i)), 4, oet=when) for i in range(30)]
    fails = leave(ae, "DELETE", "base/ae/none", oet=when)
    reads = leave(ae, "GET", "base/ae", oet=when)
    off = leave(ae, "POST", "base/ae/c", cin("off"), 4, oet=when)
    later = leave(ae, "POST", "base/ae/c", cin("later"), 4, oet=timestamp(600))
    assert ae.delete(off).rsc == 2002
    ae, = again(server, end, ae)
    ae, = again(server, end, ae)
    for address in waiting:
        found = result(ae, address)
        assert (found["rs"], found["ors"]["rsc"]) == (1, 2001), found
    assert result(ae, fails)["ors"]["rsc"] == 4004
    assert result(ae, reads)["ors"]["pc"]["m2m:ae"]["rn"] == "ae"
    assert ae.retrieve(later)["rs"] == 3 and ae.delete(later).rsc == 2002
    found = ae.retrieve("base/ae/c", query={"rcn": 4}).res["m2m:cin"]
    assert sorted(c["con"] for c in found) == sorted(["done", *(str(i) for i in range(30))])
    ae, = again(server, end, ae)
    assert ae.retrieve("base/ae/c")["cni"] == 31


def test_rights_count_when_it_is_carried_out(served):
    """And its end, as it was said when it came"""
    server, ae = served
    ends = time.monotonic() + 4
    gone = leave(ae, "POST", "base/ae/c", cin("x"), 4, oet=timestamp(2), ret=timestamp(3))
    told = leave(ae, "POST", "base/ae/c", cin("x"), 4, oet=timestamp(2))
    assert ae.delete("base/ae/c").rsc == 2002
    server.kill()
    time.sleep(max(0, ends - time.monotonic()))  # until the first has expired
    server.start()
    ae = Client(server.url, "Cae")
    assert result(ae, told)["ors"]["rsc"] == 4004
    assert result(ae, gone)["ors"]["rsc"] == 4008


def notified(served, receiver, **headers):
    server, ae = served
    assert ae.update("base/ae", "ae", rr=True, poa=[receiver.url]).rsc == 2004
    return server, ae, leave(ae, "POST", "base/ae", {"m2m:sgn": {"sur": "/mn/x"}}, rt=1, **headers)


@ENDS
def test_a_notification_that_waits(served, receiver, end):
    """It is sent once, by the run in which its time comes"""
    server, ae, address = notified(served, receiver, oet=timestamp(3))
    ae, = again(server, end, ae)
    assert receiver.next().sgn["sur"] == "/mn/x"
    assert result(ae, address)["rs"] == 1
    ae, = again(server, end, ae)
    receiver.nothing(0.5)


def test_what_was_under_way(served):
    """Nobody knows whether a notification has arrived: it has failed, and is not sent again"""
    seen, ended = [], threading.Event()

    def answer(received):
        seen.append(received)
        ended.wait(60)

    with Receiver(answer) as receiver:
        server, ae, address = notified(served, receiver)
        eventually(lambda: seen, 20, "the notification")
        ae, = again(server, "kill", ae)
        ended.set()
        found = ae.retrieve(address).res
        assert (found["rs"], found["ors"]["rsc"]) == (2, 5000), found
        receiver.next(20)
        receiver.nothing(0.5)
        assert len(seen) == 1


def close_network(admin, receiver):
    """The way to /far, which may be used a minute from now on."""
    assert admin.As("/far").create("base", "csr", **remote_cse("far", poa=[receiver.url])).rsc == 2001
    provision(admin, NEVER)
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=70)
    minutes = ",".join(str((soon.minute + i) % 60) for i in range(10))
    assert admin.update("base/n/s", "sch", se={"sce": [f"* {minutes} * * * * *"]}).rsc == 2004


def test_the_network_may_not_be_used_yet(served, receiver):
    """TS-0004 H.2.4: what the CMDH policy holds is passed on by the next run, when the schedule opens"""
    server, ae = served
    admin = ae.As("CAdmin")
    close_network(admin, receiver)
    address = leave(ae, "POST", "/far/base/c", cin("held"), 4, ec="3")
    eventually(lambda: ae.retrieve(address).rsc == 2000, 20, "the request")
    receiver.nothing(0.5)
    ae, admin = again(server, "kill", ae, admin)
    assert ae.retrieve(address)["rs"] == 3
    assert admin.delete("base/n/a").rsc == 2002  # nothing is judged any more
    ae, = again(server, "kill", ae)
    got = receiver.next()
    assert got.path.split("?")[0] == "/~/far/base/c" and got.pc == cin("held")
    assert result(ae, address)["rs"] == 1
    receiver.nothing(0.3)


def test_a_cse_that_is_not_reached(served):
    """H.2.4: what certainly did not arrive waits for the next attempt, also that of the next run"""
    server, ae = served
    admin, port = ae.As("CAdmin"), free_port()
    poa = [f"http://127.0.0.1:{port}"]
    assert admin.As("/far").create("base", "csr", **remote_cse("far", poa=poa)).rsc == 2001
    provision(admin)
    pause = {"bops": [{"ibt": 30000, "abt": 1, "mbt": 30000}]}
    assert admin.update("base/n/p/n/r", "cmwr", bop=pause).rsc == 2004
    address = leave(ae, "POST", "/far/base/c", cin("held"), 4, ec="3")
    time.sleep(1)  # by then there was an attempt; the next one comes after the end
    assert ae.retrieve(address)["rs"] == 3
    server.kill()
    with Receiver(port=port) as far:
        server.start()
        ae = Client(server.url, "Cae")
        assert far.next(30).pc == cin("held")
        assert result(ae, address)["rs"] == 1
        far.nothing(0.5)


def test_what_waits_holds_up_nobody(served, receiver):
    """Those that the CMDH policy holds take no place from others, however many they are"""
    server, ae = served
    close_network(ae.As("CAdmin"), receiver)
    held = [leave(ae, "POST", "/far/base/c", cin(str(i)), 4, ec="3") for i in range(80)]
    own = leave(ae, "POST", "base/ae/c", cin("own"), 4, oet=timestamp(3))
    ae, = again(server, "kill", ae)
    assert result(ae, own)["rs"] == 1
    assert {ae.retrieve(address)["rs"] for address in held} == {3}
    receiver.nothing(0.3)
