"""NOTIFY requests: to an AE and back, and to the CSEBase.
spec: TS-0004 7.3.3.9, 7.5.1.2.3
"""

import concurrent.futures
import itertools
import threading
import time

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.receiver import RawReceiver, Receiver, closed_port
from lib.server import eventually
from lib.together import together

_targets = itertools.count(1)

EVENT = {"m2m:sgn": {"sur": "/id-other/sub1", "nev": {"net": 3, "rep": {"m2m:cin": {"con": "x"}}}}}


@pytest.fixture
def target(admin, ae, other):
    """An AE that `ae` may notify: reach(url, ...) sets its points of access."""
    acp = grant(admin, ([ae.stem], 16), ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[acp]).rsc == 2004

    def reach(*urls, **attributes):
        answer = other.update(other.path, "ae", poa=list(urls) or None, **attributes)
        assert answer.rsc == 2004, answer
        return other

    return reach


def names_of(ae):
    """spec: TS-0001 7.2: identifiers of an <AE>"""
    name = ae.path.split("/")[1]
    return [ae.path, f"-/{name}", ae.stem, f"/id-in/{ae.stem}", f"/id-in/{ae.path}",
            f"//merlon.example/id-in/{ae.stem}", f"//merlon.example/id-in/-/{name}"]


# ---- to an AE ----


def test_to_an_ae_and_back(ae, target, receiver):
    """spec: TS-0004 7.3.3.9.1: the request as it came, to the point of access; its answer back"""
    to = target(receiver.url)
    for name in names_of(to):
        answer = ae.notify(name, EVENT)
        assert answer.rsc == 2000 and answer.pc is None, (name, answer)
        came = receiver.all.get(timeout=5)
        assert came.pc == EVENT
        assert came.headers["X-M2M-Origin"] == ae.stem
        assert came.headers["X-M2M-RVI"] == "3" and came.headers["X-M2M-RI"]
        assert "ty=" not in came.headers["Content-Type"]
        assert came.headers["X-M2M-RI"] == answer.headers["X-M2M-RI"]
        assert came.path in ("/" + to.path, "/" + to.stem)


@pytest.mark.parametrize("rsc, status", [(2000, 200), (2004, 200), (4000, 400), (4004, 404),
                                         (4103, 403), (4101, 403), (5205, 403), (5000, 500),
                                         (5001, 501), (5103, 404)])
def test_status_comes_back(ae, target, rsc, status):
    with Receiver(answer=lambda _: (status, {"X-M2M-RSC": str(rsc)}, b"")) as receiver:
        answer = ae.request("POST", target(receiver.url).path, EVENT, check=False)
        assert answer.rsc == rsc and answer.status == status


def test_content_comes_back(ae, target):
    body = b'{"m2m:dbg":"no thanks"}'
    said = (400, {"X-M2M-RSC": "4000", "Content-Type": "application/json"}, body)
    with Receiver(answer=lambda _: said) as receiver:
        answer = ae.notify(target(receiver.url).path, EVENT)
        assert answer.rsc == 4000 and answer.pc == {"m2m:dbg": "no thanks"}
    seci = b'{"m2m:seci":{"sit":2}}'
    said = (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, seci)
    with Receiver(answer=lambda _: said) as receiver:
        answer = ae.notify(target(receiver.url).path, EVENT)
        assert answer.rsc == 2000 and answer.pc == {"m2m:seci": {"sit": 2}}


@pytest.mark.parametrize("status, rsc", [(200, 2000), (204, 2000), (500, 5103), (404, 5103)])
def test_receiver_without_status_codes(ae, target, status, rsc):
    """A receiver that does not speak oneM2M: its status decides."""
    with Receiver(answer=lambda _: (status, {}, b"")) as receiver:
        assert ae.notify(target(receiver.url).path, EVENT).rsc == rsc


def test_points_of_access_in_order(ae, target, receiver):
    """spec: TS-0004 7.3.3.9.1: the next address when one cannot be reached"""
    with Receiver() as last, RawReceiver(b"") as mute:
        to = target(f"http://127.0.0.1:{closed_port()}", "mqtt://broker", "coap://127.0.0.1",
                    mute.url, receiver.url, last.url)
        assert ae.notify(to.path, EVENT).rsc == 2000
        assert receiver.all.get(timeout=5).pc == EVENT and last.nothing(0.1)


def test_a_refusal_is_an_answer(ae, target, receiver):
    """spec: TS-0004 7.3.3.9.1: only an address that is not reachable leads to the next"""
    with Receiver(answer=lambda _: 4103) as refusing:
        to = target(refusing.url, receiver.url)
        assert ae.request("POST", to.path, EVENT, check=False).rsc == 4103
        assert receiver.nothing(0.1)


def test_no_way_to_the_ae(ae, target, receiver):
    """spec: TS-0004 7.3.3.9.1: TARGET_NOT_REACHABLE"""
    closed = f"http://127.0.0.1:{closed_port()}"
    assert ae.notify(target().path, EVENT).rsc == 5103
    assert ae.notify(target(closed).path, EVENT).rsc == 5103
    assert ae.notify(target(closed, closed + "/2").path, EVENT).rsc == 5103
    assert ae.notify(target("mqtt://broker").path, EVENT).rsc == 5103
    # spec: TS-0001 9.6.5 requestReachability
    assert ae.notify(target(receiver.url, rr=False).path, EVENT).rsc == 5103
    assert receiver.nothing(0.05)
    assert ae.notify(target(receiver.url, rr=True).path, EVENT).rsc == 2000


@pytest.mark.parametrize("script", [b"\x00\x01", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
                                    b"HTTP/1.1 200 OK\r\nX-M2M-RSC: x\r\nContent-Length: 0\r\n\r\n"])
def test_garbage_for_an_answer(ae, target, script):
    with RawReceiver(script) as garbage:
        assert ae.notify(target(garbage.url).path, EVENT).rsc == 5103


@pytest.mark.parametrize("rsc", [9999, 1000, 1001, 1, 2999, 65536])
def test_codes_that_are_no_answer(ae, target, rsc):
    with Receiver(answer=lambda _: (200, {"X-M2M-RSC": str(rsc)}, b"")) as receiver:
        answer = ae.notify(target(receiver.url).path, EVENT)
        assert answer.rsc == 5103 and answer.status == 404


def test_answer_with_content_that_is_none(ae, target):
    said = (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b'{"m2m:')
    with Receiver(answer=lambda _: said) as receiver:
        assert ae.notify(target(receiver.url).path, EVENT).rsc == 2000


def test_request_expires(ae, target):
    """spec: TS-0004 7.3.2.1, 7.3.3.16: the answer comes by the Request Expiration Timestamp"""
    with RawReceiver(None) as silent:
        for ret in ("300", timestamp(0.3)):
            began = time.monotonic()
            answer = ae.notify(target(silent.url).path, EVENT, headers={"X-M2M-RET": ret})
            assert answer.rsc in (4008, 5103)
            assert time.monotonic() - began < 2


def test_all_points_of_access_share_the_time(ae, target):
    with RawReceiver(None) as first, RawReceiver(None) as second, RawReceiver(None) as third:
        to = target(first.url, second.url, third.url)
        began = time.monotonic()
        assert ae.notify(to.path, EVENT, headers={"X-M2M-RET": "400"}).rsc in (4008, 5103)
        assert time.monotonic() - began < 0.9


def test_in_a_circle(cse, ae, target):
    """A point of access that is ours: the request ends when it comes round, and does not become many."""
    to = target(cse.url)
    answer = ae.notify(to.path, EVENT)
    assert answer.rsc == 4105, answer


def test_many_at_once(admin, ae, target):
    """Waiting requests hold up nobody."""
    with Receiver(delay=0.3) as receiver:
        to = target(receiver.url)
        began = time.monotonic()
        answers = together(20, lambda i: Client(ae.url, ae.stem).notify(to.path, EVENT).rsc)
        assert answers == [2000] * 20
        assert time.monotonic() - began < 3


def test_an_ae_that_does_not_answer(own):
    """Requests that wait for it leave places to others: no more than `transits` wait for one AE and thread."""
    server = own("--limit", "transits=2", "--limit", "notify_ms=20000", store="mem", threads=1)
    admin, gate = Client(server.url), threading.Event()
    with Receiver(lambda _: gate.wait(20) and 2000) as slow, Receiver() as good:
        policy = grant(admin, (["Cae"], 63))
        for stem, to in (("Cae", good), ("Cslow", slow), ("Cgood", good)):
            admin.register(stem, poa=[to.url], acpi=[policy])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(lambda: Client(server.url, "Cae").notify("Cslow", EVENT).rsc) for _ in range(2)]
            eventually(lambda: slow.connections == 2)
            refused = Client(server.url, "Cae").notify("Cslow", EVENT)
            assert refused.rsc == 5103 and "too many" in refused.debug
            assert Client(server.url, "Cae").notify("Cgood", EVENT).rsc == 2000
            gate.set()
            assert [w.result() for w in waiting] == [2000, 2000]
        assert Client(server.url, "Cae").notify("Cslow", EVENT).rsc == 2000


def test_a_creator_that_does_not_answer(own):
    """No more than `transits` targets wait to leave one subscription, for each thread. spec: TS-0004 7.4.33.2.4"""
    server = own("--limit", "transits=2", "--limit", "notify_ms=20000", "--verify-subscriptions", "none", store="mem",
                 threads=1)
    admin, gate = Client(server.url), threading.Event()
    with Receiver(lambda _: gate.wait(20) and 2000) as slow:
        policy = grant(admin, (["all"], 63))
        admin.register("Cslow", name="slow", poa=[slow.url], acpi=[policy])
        for stem in ("C1", "C2", "C3"):
            admin.register(stem, acpi=[policy])
        assert admin.create("cse-in", "ntp", rn="p", acn=3, plbl="Default").rsc == 2001
        creator = Client(server.url, "Cslow")
        assert creator.create("cse-in/slow", "sub", rn="s", nu=["C1", "C2", "C3", slow.url]).rsc == 2001
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(lambda stem=stem: Client(server.url, stem).delete("cse-in/slow/s/ntsr").rsc)
                       for stem in ("C1", "C2")]
            eventually(lambda: slow.connections == 2)
            assert Client(server.url, "C3").delete("cse-in/slow/s/ntsr").rsc == 5000
            gate.set()
            assert [w.result() for w in waiting] == [2002, 2002]
        assert Client(server.url, "C3").delete("cse-in/slow/s/ntsr").rsc == 2002
        assert creator.retrieve("cse-in/slow/s")["nu"] == [slow.url]


@pytest.mark.parametrize("content", [
    {"m2m:sgn": {"sur": "x", "vrq": True}}, {"m2m:agn": {"sgn": [{"sur": "a"}]}},
    {"m2m:rsp": {"rsc": 2000, "rqi": "1", "rvi": "3"}}, {"m2m:seci": {"sit": 3}},
], ids=lambda c: next(iter(c)))
def test_kinds_of_notifications(ae, target, receiver, content):
    """spec: TS-0004 table 7.5.1.1-2"""
    assert ae.notify(target(receiver.url).path, content).rsc == 2000
    assert receiver.all.get(timeout=5).pc == content


@pytest.mark.parametrize("content", [
    {"m2m:cnt": {"mni": 1}}, {"m2m:xyz": {}}, {"m2m:sgn": 5}, {"m2m:sgn": {}},
    {"m2m:sgn": {"sur": 5}}, {"m2m:sgn": {"sur": "x", "vrq": "yes"}},
    {"m2m:sgn": {"sur": "x", "unknown": 1}}, {}, [], "text", 5,
    {"m2m:sgn": {"sur": "x"}, "m2m:agn": {}}, {"m2m:seci": {"sit": 3}, "m2m:sgn": {"sur": "x"}},
    {"m2m:seci": {"sit": 3, "sur": "x"}}, {"m2m:sgn": {"sur": "x", "sit": 3}}, {"m2m:seci": {"sit": 9}},
    {"m2m:seci": {"sit": 0}}, {"m2m:seci": {"sit": "3"}}, {"m2m:seci": {}},
], ids=str)
def test_content_that_is_no_notification(ae, target, receiver, content):
    """SEC-GEN-02 spec: TS-0004 7.3.2.1, table 7.5.1.1-2: BAD_REQUEST, and the AE is not contacted"""
    to = target(receiver.url)
    assert ae.request("POST", to.path, content if not isinstance(content, str) else '"text"',
                      ).rsc == 4000
    assert ae.request("POST", "cse-in", content if not isinstance(content, str) else '"text"',
                      ).rsc in (4000, 4103)
    assert receiver.nothing(0.05)


def test_without_content(ae, target, receiver):
    """spec: TS-0004 7.2.1.1: Content is mandatory"""
    to = target(receiver.url)
    assert ae.request("POST", to.path, None).rsc == 4000
    assert receiver.nothing(0.05)


# ---- access ----


def test_needs_the_privilege(admin, ae, other, receiver):
    """SEC-ACP-42: without N: 4103, and the AE is not contacted"""
    assert other.update(other.path, "ae", poa=[receiver.url]).rsc == 2004
    assert ae.notify(other.path, EVENT).rsc == 4103
    without = grant(admin, ([ae.stem], 63 - 16), ([other.stem], 63),
                    self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[without]).rsc == 2004
    assert ae.notify(other.path, EVENT).rsc == 4103
    assert receiver.nothing(0.05)
    # SEC-ACP-08: the bit of NOTIFY alone is enough
    only = grant(admin, ([ae.stem], 16), ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[only]).rsc == 2004
    assert ae.notify(other.path, EVENT).rsc == 2000
    assert ae.retrieve(other.path).rsc == 4103
    assert other.notify(other.path, EVENT).rsc == 2000  # itself


def test_other_resources_take_no_notifications(admin, ae):
    """spec: operations of TS-0004 7.4: OPERATION_NOT_ALLOWED"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", rn="i", con="x").rsc == 2001
    for to in ("c", "c/i", "c/la"):
        assert ae.notify(f"{ae.path}/{to}", EVENT).rsc == 4005, to
    assert ae.notify(f"{ae.path}/none", EVENT).rsc == 4004
    assert ae.notify("/id-elsewhere/C1", EVENT).rsc == 4004


# ---- to the CSEBase ----


def test_to_the_base(admin, ae):
    """spec: TS-0004 7.5.1.2.3: verification is answered; the other contents are not built"""
    vrq = {"m2m:sgn": {"vrq": True, "sur": "/id-x/sub", "cr": "CAdmin"}}
    for to in ("cse-in", "-", "/id-in", "/id-in/cse-in", "//merlon.example/id-in"):
        assert admin.notify(to, vrq).rsc == 2000, to
    for content in (EVENT, {"m2m:sgn": {"sur": "x", "vrq": False}}, {"m2m:sgn": {"sud": True, "sur": "x"}},
                    {"m2m:agn": {"sgn": [{"sur": "a"}]}}, {"m2m:seci": {"sit": 3}}):
        assert admin.notify("cse-in", content).rsc == 5001, content
    assert ae.notify("cse-in", vrq).rsc == 5205  # no policy lets it
    assert ae.notify("cse-in", EVENT).rsc == 4103


def test_verification_for_others(admin, ae, other, receiver):
    """SEC-GEN-03 spec: TS-0004 7.5.1.2.3: host and creator of the subscription need NOTIFY on the target"""
    far = "/id-x/Ca"
    policies = {name: grant(admin, (who, 16)) for name, who in {
        "host": [ae.stem], "creator": [other.stem, far], "both": [ae.stem, other.stem, far], "all": ["all"]}.items()}

    def asked(policy, creator):
        target = admin.register(f"Cvrq{next(_targets)}", acpi=[policies[policy]], poa=[receiver.url])
        content = {"vrq": True, "sur": "/id-x/sub", **({"cr": creator} if creator else {})}
        rsc = ae.notify(target.originator, {"m2m:sgn": content}).rsc
        assert rsc == 2000 or receiver.nothing(0.02), "the AE is not contacted"
        if rsc == 2000:
            assert receiver.all.get(timeout=5).sgn == content
        admin.delete(target.originator)
        return rsc

    spellings = (other.stem, f"/id-in/{other.stem}", f"//merlon.example/id-in/{other.stem}", far,
                 f"//merlon.example{far}")
    for creator in spellings:
        assert asked("both", creator) == asked("all", creator) == 2000, creator
        assert asked("host", creator) == 4101, creator
        assert asked("creator", creator) == 5205, creator
    assert asked("host", ae.stem) == asked("host", None) == asked("both", "CAdmin") == 2000
    for creator in ("Cnobody", "/id-in/Cnobody", "/id-in", "nobody", "C", "*", "all", "/id-x"):
        assert asked("both", creator) == 4101, creator


def test_verification_for_others_is_hidden(own):
    """SEC-GEN-03: --hide-unauthorised does not tell host and creator apart from nothing"""
    admin = Client(own("--hide-unauthorised", "on", store="mem").url)
    ae = admin.register("Cae")
    admin.register("Ctarget", acpi=[grant(admin, (["Cae"], 16))], poa=["http://127.0.0.1:9"])
    for creator, to in (("Cother", "Ctarget"), ("Cae", "Cadm"), ("CAdmin", "cse-in")):
        answer = ae.notify(to, {"m2m:sgn": {"vrq": True, "sur": "/id-x/sub", "cr": creator}})
        assert (answer.rsc, answer.debug) == (4004, "no such resource"), answer
