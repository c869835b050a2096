"""<AEContactList>: the IN-CSE writes down which CSEs refer to which AEs. The CSEs are played by the test.

spec: TS-0001 9.6.45, 9.6.46; TS-0004 7.4.53, 7.4.54, 7.5.1.2.17; docs/decisions/0036
"""

from lib.fleet import registrees
from lib.onem2m import Client


def host(server):
    admin = Client(server.url)
    return admin, *registrees(admin)


def tell(client, before=None, after=None, to="/id-in", **more):
    content = {"aerid": True, "sur": "x", **more}
    content |= {"tid1": before} if before else {}
    content |= {"tid2": after} if after else {}
    return client.notify(to, {"m2m:sgn": content}).rsc


def contacts(admin):
    """{CSE-ID: AEs}, after a look at the count."""
    found = admin.retrieve("cse-in", query={"rcn": 4, "ty": 43}).res.get("m2m:alst", [])
    if not found:
        return None
    (whole,) = found
    lists = admin.retrieve(whole["ri"], query={"rcn": 8}).res.get("m2m:alpc", [])
    assert whole["nic"] == len(lists)
    return {one["csi"]: one["ail"] for one in lists}


def test_references_come_and_go(own):
    server = own()
    admin, one, two = host(server)
    assert contacts(admin) is None
    assert tell(one, before="/mn9/C1") == 2000 and contacts(admin) is None
    assert tell(one, after="/mn9/C1") == 2000
    assert tell(one, after="/mn9/C2", to="cse-in") == 2000
    assert tell(two, after="/mn9/C1") == 2000
    assert contacts(admin) == {"/mn1": ["/mn9/C1", "/mn9/C2"], "/mn2": ["/mn9/C1"]}
    assert tell(one, after="/mn9/C1") == 2000
    assert tell(one, before="/mn9/C2", after="/mn8/C2") == 2000
    assert contacts(admin) == {"/mn1": ["/mn9/C1", "/mn8/C2"], "/mn2": ["/mn9/C1"]}
    server.kill()
    server.start()
    admin = Client(server.url)
    assert contacts(admin) == {"/mn1": ["/mn9/C1", "/mn8/C2"], "/mn2": ["/mn9/C1"]}
    one, two = admin.As("/mn1"), admin.As("/mn2")
    assert tell(two, before="/mn9/C1") == 2000
    assert tell(one, before="/mn9/C1") == 2000 and tell(one, before="/mn8/C2") == 2000
    assert contacts(admin) == {}


def test_who_may(own):
    admin, one, _ = host(own())
    ae = admin.register("C1", name="one")
    assert tell(admin, after="/mn9/C1") == 4103
    assert tell(ae, after="/mn9/C1") == 4103
    assert tell(admin.As("/mn3"), after="/mn9/C1") in (4106, 4107)
    assert contacts(admin) is None
    assert one.notify("cse-in", {"m2m:sgn": {"aerid": True, "tid1": None, "tid2": "/mn9/C5", "sur": "x"}}).rsc == 2000
    assert tell(one, before="/mn9/C5") == 2000
    for wrong in ("C1", "/mn9", "/mn9/x/y", "//", "//sp.example/mn9/C1"):
        assert tell(one, after=wrong) == 4000, wrong
    assert tell(one) == 4000
    assert one.notify("cse-in", {"m2m:sgn": {"aerid": False, "tid2": "/mn9/C1", "sur": "x"}}).rsc == 4103
    assert tell(one, after="/mn9/C1") == 2000
    (whole,) = admin.retrieve("cse-in", query={"rcn": 4, "ty": 43})["m2m:alst"]
    for client in (one, ae):
        assert client.retrieve(whole["ri"]).rsc == 4103
    assert admin.create("cse-in", 43, {"m2m:alst": {}}).rsc == 4005
    assert admin.create(whole["ri"], 44, {"m2m:alpc": {}}).rsc == 4005
    assert admin.update(whole["ri"], "alst", lbl=["x"]).rsc == 4005
    assert admin.delete(whole["ri"]).rsc == 4005


def test_subscribers_hear(own, receiver):
    admin, one, two = host(own("--verify-subscriptions", "none"))
    assert tell(one, after="/mn9/C1") == 2000
    (whole,) = admin.retrieve("cse-in", query={"rcn": 4, "ty": 43})["m2m:alst"]
    assert admin.create(whole["ri"], "sub", nu=[receiver.url], enc={"net": [1, 3, 4]}, nct=1).rsc == 2001
    assert tell(two, after="/mn9/C1") == 2000
    assert receiver.next().rep["m2m:alpc"]["csi"] == "/mn2"
    assert receiver.next().rep["m2m:alst"]["nic"] == 2
    assert tell(two, before="/mn9/C1") == 2000
    assert {receiver.next().sgn["nev"]["net"] for _ in range(2)} == {1, 4}


def test_bounds(own):
    admin, one, two = host(own("--limit", "contacts=1", "--limit", "identifier-bytes=32"))
    assert tell(one, after="/mn9/C" + 27 * "x") == 4000 and contacts(admin) is None
    assert tell(one, after="/mn9/C" + 26 * "x") == 2000
    assert tell(one, before="/mn9/C" + 26 * "x") == 2000
    assert tell(one, after="/mn9/C1") == 2000
    assert tell(one, after="/mn9/C2") == 4000 and tell(two, after="/mn9/C1") == 4000
    assert tell(one, before="/mn9/C1", after="/mn9/C2") == 2000
    assert contacts(admin) == {"/mn1": ["/mn9/C2"]}


def test_elsewhere(own):
    """Only an IN-CSE keeps contacts."""
    admin, one, _ = host(own("--cse-type", "mn"))
    assert tell(one, after="/mn9/C1") == 4103 and tell(admin, after="/mn9/C1") == 5001
