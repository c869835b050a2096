"""Non-blocking requests and <request> resources.
spec: TS-0004 7.3.2.2 to 7.3.2.5, 7.4.12, 7.5.1.2.5; TS-0001 8.2.2, 9.6.12
"""

import time

import pytest
from lib.fleet import remote_cse
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.server import eventually
from lib.together import together


def until(client, address, wanted=(1, 2), seconds=10):
    """The <request> when its requestStatus is one of these."""
    end = time.monotonic() + seconds
    while True:
        answer = client.retrieve(address)
        assert answer.rsc == 2000, answer
        if answer["rs"] in wanted:
            return answer.res
        assert time.monotonic() < end, answer
        time.sleep(0.02)


def leave(client, method, to, body=None, ty=None, rt=1, headers=None, **query):
    answer = client.request(method, to, body, ty=ty, headers=headers, query={"rt": rt, **query})
    assert answer.rsc == {1: 1001, 2: 1002}[rt] and answer.status == 202, answer
    return answer.pc["m2m:uri"]


def test_each_operation(ae):
    """spec: TS-0004 7.3.2.3: accepted, and the result is in the <request>"""
    cnt = {"m2m:cnt": {"rn": "c"}}
    address = leave(ae, "POST", ae.path, cnt, 3)
    found = until(ae, address)
    assert found["rs"] == 1 and found["op"] == 1 and found["tg"] == ae.path
    assert found["org"] == ae.stem and found["pc"] == cnt
    assert found["mi"]["rt"] == {"rtv": 1} and found["mi"]["ty"] == 3
    assert found["ors"]["rsc"] == 2001 and found["ors"]["rqi"] == found["rid"]
    assert found["ors"]["pc"]["m2m:cnt"]["rn"] == "c"
    assert until(ae, leave(ae, "GET", f"{ae.path}/c"))["ors"]["pc"]["m2m:cnt"]["rn"] == "c"
    changed = until(ae, leave(ae, "PUT", f"{ae.path}/c", {"m2m:cnt": {"lbl": ["x"]}}))
    assert changed["ors"]["rsc"] == 2004
    gone = until(ae, leave(ae, "DELETE", f"{ae.path}/c"))
    assert gone["ors"]["rsc"] == 2002
    failed = until(ae, leave(ae, "DELETE", f"{ae.path}/c"))
    assert failed["rs"] == 2 and failed["ors"]["rsc"] == 4004


def test_asynchronous(ae, receiver):
    """spec: TS-0004 7.5.1.2.5"""
    address = leave(ae, "GET", ae.path, rt=2,
                    headers={"X-M2M-RTU": f"{receiver.url}/a&{receiver.url}/b"})
    got = [receiver.all.get(timeout=10) for _ in range(2)]
    assert {g.path for g in got} == {"/a", "/b"}
    rid = ae.retrieve(address)["rid"]
    for g in got:
        response = g.pc["m2m:rsp"]
        assert response["rsc"] == 2000 and response["rqi"] == rid and response["rvi"] == "3"
        assert response["pc"]["m2m:ae"]["aei"] == ae.stem


def test_owner_only(ae, other):
    """SEC-ACP-40, SEC-GEN-06: by others 4103"""
    address = leave(ae, "GET", ae.path)
    for method in ("GET", "DELETE"):
        assert other.request(method, address).rsc == 4103
    assert until(ae, address)["rs"] == 1
    assert ae.delete(address).rsc == 2002
    assert ae.retrieve(address).rsc == 4004


def test_release_2_owner_only(own):
    """The profile's default, what the parent permits, is not for what others ask and are answered."""
    admin = Client(own("--profile", "r2", store="mem").url)
    ae, other = admin.register("Cone"), admin.register("Cother")
    address = leave(ae, "GET", "Cone")
    assert until(ae, address)["ors"]["pc"]["m2m:ae"]["aei"] == "Cone"
    for method in ("GET", "DELETE"):
        assert other.request(method, address).rsc == 4103
    assert other.discover("cse-in", ty=17) == []


def test_the_decision_is_that_of_blocking(ae, other, admin, receiver):
    """SEC-DEC-09: whatever the Response Type is"""
    acp = grant(admin, ([other.stem], 2), ([ae.stem], 63))
    assert ae.create(ae.path, "cnt", rn="c", acpi=[acp]).rsc == 2001
    asked = [("GET", None, None, 2000), ("PUT", {"m2m:cnt": {"lbl": ["x"]}}, None, 4103),
             ("POST", {"m2m:cin": {"con": "1"}}, 4, 4103), ("DELETE", None, None, 4103)]
    for method, body, ty, rsc in asked:
        assert other.request(method, f"{ae.path}/c", body, ty=ty).rsc == rsc, method
        for rt in (1, 2):
            address = leave(other, method, f"{ae.path}/c", body, ty, rt=rt,
                            headers={"X-M2M-RTU": receiver.url})
            assert until(other, address)["ors"]["rsc"] == rsc, (method, rt)


def test_group_result(ae):
    """The result of a fan-out is that of the group."""
    for name in ("a", "b"):
        assert ae.create(ae.path, "cnt", rn=name).rsc == 2001
    members = [f"{ae.path}/a", f"{ae.path}/b"]
    assert ae.create(ae.path, "grp", rn="g", mid=members, mnm=5).rsc == 2001
    found = until(ae, leave(ae, "POST", f"{ae.path}/g/fopt", {"m2m:cin": {"con": "1"}}, 4))
    responses = found["ors"]["pc"]["m2m:agr"]["m2m:rsp"]
    assert [r["rsc"] for r in responses] == [2001, 2001]


def test_a_cse_is_told(own, receiver):
    """spec: TS-0004 7.5.1.2.5 b): without notificationURI the originator, here a CSE that is registered"""
    cse = Client(own(store="mem").url, "/mnx")
    assert cse.create("cse-in", "csr", **remote_cse("mnx", poa=[receiver.url])).rsc == 2001
    address = leave(cse, "GET", "cse-in", rt=2)
    came = receiver.all.get(timeout=20)
    assert came.path == "/~/mnx" and came.headers["X-M2M-Origin"] == "/id-in"
    assert came.pc["m2m:rsp"]["rsc"] == 2000
    assert until(cse, address)["rid"] == came.pc["m2m:rsp"]["rqi"]


def test_others_do_not_learn_of_it(own):
    """--hide-unauthorised: a request left for a <request> or a polling channel of others tells no more"""
    admin = Client(own("--hide-unauthorised", "on", store="mem").url)
    ae, other = admin.register("Cone"), admin.register("Cother")
    assert ae.create("Cone", "pch", rn="p").rsc == 2001
    for there in (leave(ae, "GET", "Cone"), "cse-in/Cone/p/pcu"):
        assert ae.request("GET", there, query={"rt": 1}).rsc == 4000
        told = [until(other, leave(other, "GET", to))["ors"] for to in (there, "cse-in/none")]
        assert [t["rsc"] for t in told] == [4004, 4004] and told[0]["pc"] == told[1]["pc"]


@pytest.mark.parametrize("stop", ["stop", "kill"])
def test_restart(own, stop):
    """docs/decisions/0019: what was accepted was carried out, or will be: test_nonblocking_restart.py"""
    server = own()
    client = Client(server.url).register("Crestart", name="r")
    assert client.create("cse-in/r", "cnt", rn="c").rsc == 2001
    cin = {"m2m:cin": {"con": "1"}}
    done = leave(client, "POST", "cse-in/r/c", cin, 4)
    assert until(client, done)["rs"] == 1
    waits = leave(client, "POST", "cse-in/r/c", cin, 4,
                  headers={"X-M2M-OET": timestamp(600)})
    assert client.retrieve(waits)["rs"] == 3
    getattr(server, stop)()
    server.start()
    client = Client(server.url, "Crestart")
    assert client.retrieve(done)["rs"] == 1
    assert client.retrieve(waits)["rs"] == 3
    assert client.retrieve("cse-in/r/c")["cni"] == 1


def test_a_full_store_does_not_keep_the_server_from_starting(own):
    """What cannot be carried out any more fails also where there is room for few changes at a time."""
    server = own("--store-max-size", "4M")
    with Receiver(delay=30) as slow:
        ae = Client(server.url).register("Cae", rr=True, poa=[slow.url])
        assert ae.create("Cae", "cnt", rn="c").rsc == 2001
        large = {"m2m:sgn": {"sur": "x" * 20000}}
        under_way = [leave(ae, "POST", "Cae", large) for _ in range(30)]
        eventually(lambda: slow.connections >= 8, 20, "the notifications")
        codes = {ae.create("Cae/c", "cin", con="y" * 2000).rsc for _ in range(1000)}
        assert codes == {2001, 5000}
        server.kill()
        server.start()
        ae = Client(server.url, "Cae")
        assert 2 in {ae.retrieve(address)["rs"] for address in under_way}


def test_those_with_a_time_leave_places(own):
    """Who lets requests wait for hours takes no more than half of the places for them."""
    ae = Client(own("--limit", "accepted=4", store="mem", threads=1).url).register("Cae")
    later = {"X-M2M-OET": timestamp(600)}
    waiting = [leave(ae, "GET", "Cae", headers=later) for _ in range(2)]
    answer = ae.request("GET", "Cae", headers=later, query={"rt": 1})
    assert (answer.rsc, answer.status) == (5000, 500), answer
    for _ in range(8):
        assert until(ae, leave(ae, "GET", "Cae"))["rs"] == 1
    assert ae.delete(waiting[0]).rsc == 2002


@pytest.mark.threads
def test_many_at_once(ae):
    """Each is carried out once."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001

    def work(_):
        client = Client(ae.url, ae.originator)
        return [leave(client, "POST", f"{ae.path}/c", {"m2m:cin": {"con": "x"}}, 4)
                for _ in range(20)]

    addresses = [a for some in together(8, work) for a in some]
    assert len(set(addresses)) == 160
    for address in addresses:
        assert until(ae, address)["rs"] == 1
    assert ae.retrieve(f"{ae.path}/c")["cni"] == 160
