"""<subscription>: creation, update, and the consent of notification targets.
spec: TS-0004 7.4.8, 7.5.1.2.3; TS-0001 9.6.8
"""

import threading
import time

import pytest
from lib.onem2m import TYPES, Client, grant
from lib.receiver import RawReceiver, Receiver, closed_port

SUB = "m2m:sub"
# url targets are asked for consent; these servers must not wait long for those that never answer
SHORT = ("--limit", "verify-ms=400")


@pytest.fixture
def cnt(ae):
    """Path of a container of the AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


def names_below(client, parent):
    """Names of the subscriptions there."""
    rrf = client.retrieve(parent, query={"rcn": 6, "lvl": 1}).pc["m2m:rrl"]["rrf"]
    return [r["nm"] for r in rrf if r["typ"] == TYPES["sub"]]


def make_reachable(target, receiver, admin=None, notifier=None):
    """Gives the AE a point of access, and `notifier` the right to notify it."""
    assert target.update(target.path, "ae", poa=[receiver.url]).rsc == 2004
    if notifier is not None:
        acp = grant(admin, ([notifier.stem], 16), ([target.stem], 63),
                    self_rules=[([target.stem], 63)])
        assert target.update(target.path, "ae", acpi=[acp]).rsc == 2004


def spellings(ae):
    """Every identifier of an <AE> that is registered here. spec: TS-0001 7.2, 9.6.8"""
    return [ae.stem, f"/id-in/{ae.stem}", f"//merlon.example/id-in/{ae.stem}",
            ae.path, "-/" + ae.path.split("/")[1], "/id-in/" + ae.path,
            "/id-in/-/" + ae.path.split("/")[1], "//merlon.example/id-in/" + ae.path,
            "//merlon.example/id-in/-/" + ae.path.split("/")[1]]


# ---- the representation ----


def test_create_with_defaults(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.2.1 Recv-6.5: nct is set to its default, cr to the originator"""
    sub = ae.create(cnt, "sub", rn="s", nu=[receiver.url])
    assert sub.rsc == 2001
    assert sub["nct"] == 1 and sub["nu"] == [receiver.url] and sub["cr"] == ae.stem
    assert sub["ty"] == 23 and sub["rn"] == "s" and sub["pi"] == ae.retrieve(cnt)["ri"]
    assert "enc" not in sub.res
    assert ae.retrieve(f"{cnt}/s").res == sub.res


def test_all_attributes_come_back(ae, cnt, receiver):
    enc = {"net": [1, 3, 4], "crb": "20990101T000000", "sts": 7, "stb": 0, "sza": 1, "szb": 9,
           "chty": [4, 3], "atr": ["lbl", "mni"], "fo": 2}
    more = {"enc": enc, "exc": 9, "nct": 3, "lbl": ["a", "b:c"], "su": receiver.url + "/gone",
            "gpi": "cse-in/g", "et": "20290101T000000"}
    sub = ae.create(cnt, "sub", nu=[receiver.url + "/x?q=1"], **more)
    assert sub.rsc == 2001, sub
    stored = ae.retrieve(f"{cnt}/{sub['rn']}").res
    for name, value in more.items():
        assert stored[name] == value or name == "et" and stored[name].startswith(value), name


@pytest.mark.parametrize("wrong", [
    {}, {"nu": []}, {"nu": "http://127.0.0.1:9/"}, {"nu": [7]}, {"nu": ["no uri"]}, {"nu": [""]},
    {"nu": None}, {"nu": ["U"], "exc": 0}, {"nu": ["U"], "exc": -1}, {"nu": ["U"], "exc": "1"},
    {"nu": ["U"], "enc": []}, {"nu": ["U"], "enc": {"net": 3}}, {"nu": ["U"], "enc": {"net": [0]}},
    {"nu": ["U"], "enc": {"net": [9]}}, {"nu": ["U"], "enc": {"net": [1, 2, 3, 4, 1, 2]}},
    {"nu": ["U"], "enc": {"foo": 1}}, {"nu": ["U"], "enc": {"crb": "yesterday"}},
    {"nu": ["U"], "enc": {"sts": 0}}, {"nu": ["U"], "enc": {"stb": -1}},
    {"nu": ["U"], "enc": {"szb": 0}}, {"nu": ["U"], "enc": {"fo": 4}},
    {"nu": ["U"], "enc": {"atr": "lbl"}}, {"nu": ["U"], "nct": 0}, {"nu": ["U"], "nct": 6},
    {"nu": ["U"], "unknown": 1}, {"nu": ["U"], "st": 1}, {"nu": ["U"], "rn": "a/b"},
], ids=str)
def test_malformed_is_refused(ae, cnt, receiver, wrong):
    """spec: TS-0004 7.4.8.1, 6.3.5.7; SEC: nothing is asked before the request is known good"""
    if "nu" in wrong and wrong["nu"] == ["U"]:
        wrong = {**wrong, "nu": [receiver.url]}
    assert ae.create(cnt, "sub", **wrong).rsc == 4000
    assert names_below(ae, cnt) == []
    assert receiver.nothing(0.05)


@pytest.mark.parametrize("url", ["http://user:planted@127.0.0.1:9/x", "http://planted@127.0.0.1:9",
                                 "https://a@b:planted@127.0.0.1:9?x"])
def test_targets_with_a_user_name(ae, cnt, url):
    """Nobody would get it (RFC 9110 4.2.4), and it would only stand about in logs."""
    answer = ae.create(cnt, "sub", nu=[url])
    assert answer.rsc == 4000 and "planted" not in answer.debug
    assert names_below(ae, cnt) == []


def test_what_a_refusal_tells(admin, ae, cnt, other):
    """Neither the query of a target, which may be secret, nor where somebody else's AE is reached"""
    silent = f"http://127.0.0.1:{closed_port()}"
    answer = ae.create(cnt, "sub", nu=[f"{silent}/x?key=planted"])
    assert answer.rsc == 5204 and f"{silent}/x did not confirm" in answer.debug, answer
    assert other.update(other.path, "ae", poa=[f"{silent}/planted"]).rsc == 2004
    policy = grant(admin, ([ae.stem], 63), ([other.stem], 63))
    assert admin.update(other.path, "ae", acpi=[policy]).rsc == 2004
    answer = ae.create(cnt, "sub", nu=[other.path])
    assert answer.rsc == 5204 and f"{other.path} did not confirm" in answer.debug, answer
    assert admin.delete(policy).rsc == 2002


@pytest.mark.parametrize("parent", ["cb", "ae", "acp", "cnt", "grp", "nod"])
def test_every_subscribable_type(admin, ae, receiver, parent):
    """spec: TS-0001 9.6: types that list <subscription> among their children"""
    made = {
        "cb": lambda: "cse-in",
        "ae": lambda: ae.path,
        "acp": lambda: "cse-in/" + admin.retrieve(grant(admin, (["all"], 63)))["rn"],
        "cnt": lambda: f"{ae.path}/" + ae.create(ae.path, "cnt")["rn"],
        "grp": lambda: f"{ae.path}/" + ae.create(ae.path, "grp", mnm=3, mid=[ae.path])["rn"],
        "nod": lambda: "cse-in/" + admin.create("cse-in", "nod", ni="urn:n")["rn"],
    }[parent]()
    sub = admin.create(made, "sub", nu=[receiver.url], enc={"net": [1]})
    assert sub.rsc == 2001
    path = f"{made}/{sub['rn']}"
    assert receiver.verification().sgn["sur"] == f"/id-in/{path}"
    if parent != "cb":
        assert admin.update(made, parent, lbl=["x"]).rsc == 2004
        assert receiver.next().rep[f"m2m:{parent}"]["lbl"] == ["x"]
    assert admin.delete(path).rsc == 2002


def test_unsubscribable_targets(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.2.1 Recv-6.4: TARGET_NOT_SUBSCRIBABLE, not INVALID_CHILD_RESOURCE_TYPE"""
    assert ae.create(cnt, "cin", rn="i", con="x").rsc == 2001
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    for target in ("i", "s"):
        assert ae.create(f"{cnt}/{target}", "sub", nu=[receiver.url]).rsc == 5203, target
    for target in ("la", "ol"):
        assert ae.create(f"{cnt}/{target}", "sub", nu=[receiver.url]).rsc == 4005, target
    assert ae.create(f"{cnt}/none", "sub", nu=[receiver.url]).rsc == 4004


# ---- criteria ----


@pytest.mark.parametrize("subject, chty, rsc", [
    ("cnt", [3], 2001), ("cnt", [4], 2001), ("cnt", [23], 2001), ("cnt", [3, 4, 23], 2001),
    ("cnt", [2], 4000), ("cnt", [9], 4000), ("cnt", [4, 2], 4000), ("cnt", [1], 4000),
    ("cnt", [5], 4000), ("cnt", [77], 4000),
    ("ae", [3], 2001), ("ae", [1, 9, 23], 2001), ("ae", [4], 4000), ("ae", [2], 4000),
])
def test_child_types(ae, cnt, receiver, subject, chty, rsc):
    """spec: TS-0004 7.4.8.2.1: a childResourceType that is no valid child: BAD_REQUEST"""
    parent = cnt if subject == "cnt" else ae.path
    assert ae.create(parent, "sub", nu=[receiver.url], enc={"net": [3], "chty": chty}).rsc == rsc


# spec: TS-0001 table 9.6.8-4
NCT = [(net, nct, nct in ((1, 2, 3) if net == 1 else (1, 3))) for net in (1, 2, 3, 4, 5)
       for nct in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("net, nct, valid", NCT)
def test_content_types(ae, cnt, receiver, net, nct, valid):
    """spec: TS-0001 table 9.6.8-4, TS-0004 7.4.8.2.1"""
    sub = ae.create(cnt, "sub", nu=[receiver.url], nct=nct, enc={"net": [net]})
    assert sub.rsc == (2001 if valid else 4000), sub
    if valid:
        assert sub["nct"] == nct


def test_content_type_must_fit_all_event_types(ae, cnt, receiver):
    """spec: TS-0001 table 9.6.8-4"""
    nu = [receiver.url]
    assert ae.create(cnt, "sub", nu=nu, nct=2, enc={"net": [1, 3]}).rsc == 4000
    assert ae.create(cnt, "sub", nu=nu, nct=2, enc={"net": [1]}).rsc == 2001
    assert ae.create(cnt, "sub", nu=nu, nct=2).rsc == 2001  # without criteria: updates
    assert ae.create(cnt, "sub", nu=nu, nct=2, enc={"atr": ["lbl"]}).rsc == 2001
    assert ae.create(cnt, "sub", nu=nu, nct=3, enc={"net": [1, 2, 3, 4]}).rsc == 2001


def test_update_must_leave_a_fitting_content_type(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.2.3"""
    nu = [receiver.url]
    assert ae.create(cnt, "sub", rn="s", nu=nu, nct=2, enc={"net": [1]}).rsc == 2001
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [3]}).rsc == 4000
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [3]}, nct=2).rsc == 4000
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [3]}, nct=1).rsc == 2004
    assert ae.update(f"{cnt}/s", "sub", nct=2).rsc == 4000
    assert ae.update(f"{cnt}/s", "sub", nct=4).rsc == 4000
    assert ae.update(f"{cnt}/s", "sub", nct=2, enc=None).rsc == 2004  # updates are left
    assert ae.update(f"{cnt}/s", "sub", enc={"chty": [2]}).rsc == 4000
    assert ae.retrieve(f"{cnt}/s")["nct"] == 2
    assert "enc" not in ae.retrieve(f"{cnt}/s").res


def test_triggers_are_not_implemented(ae, cnt, receiver):
    """Event type 6 needs an underlying network."""
    assert ae.create(ae.path, "sub", nu=[receiver.url], enc={"net": [6]}).rsc == 5001
    assert ae.create(cnt, "sub", nu=[receiver.url], enc={"net": [1, 6]}).rsc == 5001
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [6]}).rsc == 5001
    assert "enc" not in ae.retrieve(f"{cnt}/s").res


@pytest.mark.parametrize("unbuilt", [
    {"daci": ["cse-in/d"]},
], ids=lambda u: next(iter(u)) + str(next(iter(u.values()))))
def test_unbuilt_attributes_are_refused(ae, cnt, receiver, unbuilt):
    """Issue 2, section 3: refused, not ignored."""
    assert ae.create(cnt, "sub", nu=[receiver.url], **unbuilt).rsc == 5001
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    assert ae.update(f"{cnt}/s", "sub", **unbuilt).rsc == 5001
    assert not set(unbuilt) & set(ae.retrieve(f"{cnt}/s").res)


# ---- targets ----


def test_serialisation_indicator(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.1 notificationURI: it is taken off before sending"""
    nu = [receiver.url + "/a?ct=json", receiver.url + "/b?q=true&ct=json", receiver.url + "/c?x=1"]
    assert ae.create(cnt, "sub", rn="s", nu=nu, enc={"net": [3]}).rsc == 2001
    assert {receiver.verification().path for _ in nu} == {"/a", "/b?q=true", "/c?x=1"}
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert {receiver.next().path for _ in nu} == {"/a", "/b?q=true", "/c?x=1"}
    assert ae.retrieve(f"{cnt}/s")["nu"] == nu


@pytest.mark.parametrize("target, rsc", [
    ("{url}/?ct=yaml", 4000), ("{url}/?q=1&ct=text", 4000),
    ("mqtt://127.0.0.1/topic", 5001), ("coap://127.0.0.1/x", 5001),
    ("ws://127.0.0.1/x", 5001), ("ftp://127.0.0.1/x", 5001),
    ("/id-other/Cx", 4000), ("//other.example/id-x/Cx", 5001), ("cse-in/nobody", 4000),
    ("Cnobody", 4000), ("{cnt}", 4000), ("cse-in/../x", 4000),
])
def test_unusable_targets(ae, cnt, receiver, target, rsc):
    """spec: TS-0001 9.6.8 notificationURI: a URL of a supported binding, or an <AE>"""
    target = target.format(url=receiver.url, cnt=cnt)
    assert ae.create(cnt, "sub", nu=[receiver.url, target]).rsc == rsc
    assert names_below(ae, cnt) == [] and receiver.nothing(0.05)
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    receiver.verification()
    assert ae.update(f"{cnt}/s", "sub", nu=[target]).rsc == rsc
    assert ae.retrieve(f"{cnt}/s")["nu"] == [receiver.url]


@pytest.mark.parametrize("su, rsc", [("mqtt://h/t", 5001), ("cse-in/nobody", 4000),
                                     ("no uri", 4000), (["http://h/"], 4000)])
def test_unusable_subscriber(ae, cnt, receiver, su, rsc):
    assert ae.create(cnt, "sub", nu=[receiver.url], su=su).rsc == rsc
    assert names_below(ae, cnt) == []


def test_subscriber_without_privilege(admin, ae, other, cnt, receiver):
    """spec: TS-0004 7.5.1.2.3: the creator needs NOTIFY on an <AE> that is told of the deletion"""
    assert ae.create(cnt, "sub", nu=[receiver.url], su=other.path).rsc == 4101
    assert names_below(ae, cnt) == [] and receiver.nothing(0.05)
    acp = grant(admin, ([ae.stem], 16), ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[acp]).rsc == 2004
    assert ae.create(cnt, "sub", nu=[receiver.url], su=other.path).rsc == 2001


def test_what_cannot_be_updated(ae, cnt, receiver):
    """spec: TS-0004 table 7.4.8.1-3, 7.3.3.7: attributes of multiplicity 1 stay"""
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url], su=receiver.url, exc=5).rsc == 2001
    before = ae.retrieve(f"{cnt}/s").res
    for wrong in ({"su": receiver.url}, {"su": None}, {"nu": None}, {"nu": []}, {"nct": None},
                  {"cr": "CAdmin"}, {"rn": "t"}, {"exc": 0}, {"ty": 23}):
        assert ae.update(f"{cnt}/s", "sub", **wrong).rsc == 4000, wrong
    assert ae.retrieve(f"{cnt}/s").res == before
    assert ae.update(f"{cnt}/s", "sub", exc=None).rsc == 2004
    assert "exc" not in ae.retrieve(f"{cnt}/s").res


def test_limits(own, receiver, tmp_path):
    """Limits notification_targets and subscriptions."""
    server = own("--limit", "notification-targets=3", "--limit", "subscriptions=2")
    admin = Client(server.url)
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    three = [f"{receiver.url}/{i}" for i in range(3)]
    assert admin.create("cse-in/c", "sub", nu=three + [receiver.url]).rsc == 4000
    assert receiver.nothing(0.05)
    assert admin.create("cse-in/c", "sub", rn="s1", nu=three).rsc == 2001
    assert admin.update("cse-in/c/s1", "sub", nu=three + [receiver.url]).rsc == 4000
    assert admin.create("cse-in/c", "sub", rn="s2", nu=three).rsc == 2001
    assert admin.create("cse-in/c", "sub", rn="s3", nu=three).rsc == 4000
    assert admin.delete("cse-in/c/s1").rsc == 2002
    assert admin.create("cse-in/c", "sub", rn="s3", nu=three).rsc == 2001


# ---- privileges ----


def test_subscriber_needs_retrieve(admin, ae, other, cnt, receiver):
    """SEC-ACP-35. spec: TS-0004 7.4.8.2.1 Recv-6.3"""
    creates = grant(admin, ([other.stem], 1), ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    both = grant(admin, ([other.stem], 3), ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    reads = grant(admin, ([other.stem], 2), ([ae.stem], 63), self_rules=[([ae.stem], 63)])
    for acp, rsc in ((creates, 4103), (reads, 4103), (both, 2001)):
        assert ae.update(cnt, "cnt", acpi=[acp]).rsc == 2004
        assert other.create(cnt, "sub", nu=[receiver.url]).rsc == rsc
        if rsc != 2001:
            assert receiver.nothing(0.05)


def test_subscription_belongs_to_its_creator(ae, other, cnt, receiver):
    """SEC-ACP-20. spec: TS-0001 9.6.1.3.2"""
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001
    assert other.retrieve(f"{cnt}/s").rsc == 4103
    assert other.update(f"{cnt}/s", "sub", exc=1).rsc == 4103
    assert other.delete(f"{cnt}/s").rsc == 4103


# ---- consent ----


def test_verification_request(ae, cnt, receiver):
    """spec: TS-0004 7.5.1.2.3; TS-0009 6.4: headers"""
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url + "/hook"]).rsc == 2001
    asked = receiver.verification()
    assert asked.pc == {"m2m:sgn": {"vrq": True, "sur": f"/id-in/{cnt}/s", "cr": ae.stem}}
    assert asked.path == "/hook"
    assert asked.headers["X-M2M-Origin"] == "/id-in"
    assert asked.headers["X-M2M-RI"] and asked.headers["X-M2M-RVI"] in ("2a", "3", "4")
    kind = asked.headers["Content-Type"].split(";")
    assert kind[0] in ("application/json", "application/vnd.onem2m-ntfy+json")
    assert not any(part.strip().startswith("ty=") for part in kind[1:])
    assert receiver.nothing(0.1)


def test_name_told_is_the_name_given(ae, cnt, receiver):
    """A subscription without resourceName: the reference in the verification request holds."""
    sub = ae.create(cnt, "sub", nu=[receiver.url])
    assert receiver.verification().sgn["sur"] == f"/id-in/{cnt}/{sub['rn']}"


def test_each_target_is_asked(ae, cnt, receiver):
    nu = [f"{receiver.url}/{i}" for i in range(5)]
    assert ae.create(cnt, "sub", nu=nu).rsc == 2001
    asked = [receiver.verification() for _ in nu]
    assert sorted(a.path for a in asked) == [f"/{i}" for i in range(5)]
    assert len({a.headers["X-M2M-RI"] for a in asked}) == 5


@pytest.mark.parametrize("says", [
    4101, 5205, 4000, 4103, 5001, 5204,
    (403, {}, b""), (500, {}, b""), (404, {}, b""), (302, {"Location": "http://127.0.0.1:9/"}, b""),
    (200, {"X-M2M-RSC": "4101"}, b""), (200, {"X-M2M-RSC": "5205"}, b'{"m2m:dbg":"no"}'),
    None,
], ids=str)
def test_refusals(ae, cnt, says):
    """spec: TS-0004 7.4.8.2.1 b): anything but OK refuses the subscription"""
    with Receiver(answer=lambda _: says) as receiver:
        assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 5204
        assert receiver.verification()
        assert ae.retrieve(f"{cnt}/s").rsc == 4004 and names_below(ae, cnt) == []
        assert ae.create(cnt, "cin", con="x").rsc == 2001
        assert receiver.nothing(0.05)


@pytest.mark.parametrize("says", [2000, 2001, 2004, (200, {}, b""), (204, {}, b""),
                                  (200, {"X-M2M-RSC": "2000"}, b"thanks")], ids=str)
def test_consents(ae, cnt, says):
    """Receivers that do not speak oneM2M consent by their status."""
    with Receiver(answer=lambda _: says) as receiver:
        assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 2001


def test_one_refusal_is_enough(ae, cnt, receiver):
    with Receiver(answer=lambda _: 4101) as unwilling:
        answer = ae.create(cnt, "sub", rn="s", nu=[receiver.url, unwilling.url, receiver.url + "/2"])
        assert answer.rsc == 5204 and names_below(ae, cnt) == []


def test_nobody_listens(ae, cnt, receiver):
    url = f"http://127.0.0.1:{closed_port()}/"
    began = time.monotonic()
    assert ae.create(cnt, "sub", rn="s", nu=[url]).rsc == 5204
    assert time.monotonic() - began < 3
    assert ae.create(cnt, "sub", rn="s", nu=["http://no-such-host.invalid/"]).rsc == 5204
    assert names_below(ae, cnt) == []


@pytest.mark.parametrize("script", [b"", b"\x00\x01\x02\x03", b"HTTP/1.1 200", b"hello\r\n\r\n",
                                    b"HTTP/1.1 999999 OK\r\n\r\n",
                                    b"HTTP/1.1 200 OK\r\nX-M2M-RSC: apples\r\n"
                                    b"Content-Length: 0\r\n\r\n",
                                    b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"])
def test_garbage_is_no_consent(ae, cnt, script):
    with RawReceiver(script) as receiver:
        assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == 5204
        assert names_below(ae, cnt) == []


def test_silence_is_no_consent(own):
    """Limit verify_ms."""
    admin = Client(own(*SHORT).url)
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    with RawReceiver(None) as silent:
        began = time.monotonic()
        assert admin.create("cse-in/c", "sub", rn="s", nu=[silent.url]).rsc == 5204
        assert 0.3 < time.monotonic() - began < 3
        assert admin.retrieve("cse-in/c/s").rsc == 4004
        # others are not held up meanwhile
        slow = threading.Thread(target=admin.As("CAdmin").create,
                                args=("cse-in/c", "sub", {SUB: {"nu": [silent.url]}}))
        slow.start()
        began = time.monotonic()
        assert Client(admin.url).create("cse-in/c", "cin", con="x").rsc == 2001
        assert time.monotonic() - began < 0.3
        slow.join()


def test_request_expires_while_targets_think(ae, cnt):
    """spec: TS-0004 7.3.2.1: the request is over when its expiration time has come"""
    with RawReceiver(None) as silent:
        began = time.monotonic()
        answer = ae.create(cnt, "sub", nu=[silent.url], headers={"X-M2M-RET": "300"})
        assert answer.rsc in (4008, 5204)
        assert time.monotonic() - began < 3
    assert names_below(ae, cnt) == []


def test_nothing_exists_before_consent(ae, admin, cnt):
    """Events while the target is asked are not reported, and the subscription cannot be seen."""
    seen = []

    def ask(received):
        if received.is_verification:
            seen.append(admin.retrieve(f"{cnt}/s").rsc)
            seen.append(admin.create(cnt, "cin", con="early").rsc)
        return 2000

    with Receiver(answer=ask) as receiver:
        assert ae.create(cnt, "sub", rn="s", nu=[receiver.url], enc={"net": [3]}).rsc == 2001
        assert seen == [4004, 2001]
        assert ae.create(cnt, "cin", con="late").rsc == 2001
        assert receiver.next().rep["m2m:cin"]["con"] == "late"


@pytest.mark.parametrize("change, rsc", [
    (lambda admin, cnt: admin.create(cnt, "cnt", rn="s"), 4105),
    (lambda admin, cnt: admin.delete(cnt), 4004),
])
def test_the_world_changes_while_targets_think(ae, admin, cnt, change, rsc):
    """After the consent the request is checked anew."""
    def ask(received):
        if received.is_verification:
            assert change(admin, cnt).rsc < 3000
        return 2000

    with Receiver(answer=ask) as receiver:
        assert ae.create(cnt, "sub", rn="s", nu=[receiver.url]).rsc == rsc


def test_the_originator_itself_is_not_asked(ae, cnt, receiver):
    """spec: TS-0004 7.4.8.2.1: targets that are not the Originator; the creator is not set then"""
    make_reachable(ae, receiver)
    for i, name in enumerate(spellings(ae)):
        sub = ae.create(cnt, "sub", rn=f"s{i}", nu=[name], enc={"net": [3], "chty": [4]})
        assert sub.rsc == 2001, (name, sub)
        assert "cr" not in sub.res, name
    assert receiver.nothing(0.05)
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    for _ in spellings(ae):
        assert "cr" not in receiver.next().sgn


def test_own_target_needs_no_point_of_access(ae, cnt):
    """The originator may become reachable later."""
    assert ae.create(cnt, "sub", nu=[ae.stem]).rsc == 2001


def test_ae_targets_in_every_spelling(admin, ae, other, cnt, receiver):
    """spec: TS-0001 9.6.8 notificationURI: the pointOfAccess of the <AE> is used"""
    make_reachable(other, receiver, admin, ae)
    names = spellings(other) + [other.stem + "?ct=json", other.path + "?ct=json"]
    for i, name in enumerate(names):
        assert ae.create(cnt, "sub", rn=f"s{i}", nu=[name],
                         enc={"net": [3], "chty": [4]}).rsc == 2001, name
        asked = receiver.verification()
        assert asked.sgn == {"vrq": True, "sur": f"/id-in/{cnt}/s{i}", "cr": ae.stem}
        assert asked.headers["X-M2M-Origin"] == "/id-in"
        # spec: TS-0009 6.2.2.1: the path is the To parameter
        assert asked.path in ("/" + other.path, "/" + other.stem), asked.path
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert len({receiver.next().sgn["sur"] for _ in names}) == len(names)


def test_ae_target_without_privilege(admin, ae, other, cnt, receiver):
    """spec: TS-0004 7.5.1.2.3: the creator needs NOTIFY on the target; the AE is not contacted"""
    make_reachable(other, receiver)
    assert ae.create(cnt, "sub", nu=[other.stem]).rsc == 5204
    assert receiver.nothing(0.05)
    acp = grant(admin, ([ae.stem], 63 - 16), ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(other.path, "ae", acpi=[acp]).rsc == 2004
    assert ae.create(cnt, "sub", nu=[other.stem]).rsc == 5204
    assert receiver.nothing(0.05) and names_below(ae, cnt) == []


@pytest.mark.parametrize("attributes", [{"poa": None}, {"rr": False}, {"poa": ["mqtt://h"]},
                                        {"poa": ["coap://127.0.0.1"]}], ids=str)
def test_unreachable_ae_target(admin, ae, other, cnt, receiver, attributes):
    """spec: TS-0004 7.4.8.2.1 a): the request cannot be sent"""
    make_reachable(other, receiver, admin, ae)
    assert other.update(other.path, "ae", **attributes).rsc == 2004
    assert ae.create(cnt, "sub", nu=[other.stem]).rsc == 5204
    assert receiver.nothing(0.05) and names_below(ae, cnt) == []


def test_next_point_of_access(admin, ae, other, cnt, receiver):
    """spec: TS-0004 7.3.3.9.1: points of access are tried in their order"""
    make_reachable(other, receiver, admin, ae)
    closed = f"http://127.0.0.1:{closed_port()}"
    assert other.update(other.path, "ae", poa=[closed, "mqtt://h", receiver.url]).rsc == 2004
    assert ae.create(cnt, "sub", nu=[other.stem], enc={"net": [3]}).rsc == 2001
    assert receiver.verification().sgn["cr"] == ae.stem
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.next().rep["m2m:cin"]["con"] == "x"


@pytest.mark.parametrize("suffix, path", [("", None), ("/", None), ("/hook", "/hook"),
                                          ("/a/b?c=d", "/a/b?c=d")])
def test_path_of_a_point_of_access(admin, ae, other, cnt, receiver, suffix, path):
    """spec: TS-0009 6.2.2.1: the path is To; a point of access with a path is taken as it is"""
    make_reachable(other, receiver, admin, ae)
    assert other.update(other.path, "ae", poa=[receiver.url + suffix]).rsc == 2004
    assert ae.create(cnt, "sub", nu=[other.stem]).rsc == 2001
    assert receiver.verification().path == (path or "/" + other.path)


def test_verify_option_resources(own, receiver):
    """--verify-subscriptions resources: TS-0004 7.4.8.2.1 to the letter"""
    admin = Client(own("--verify-subscriptions", "resources").url)
    admin.create("cse-in", "cnt", rn="c")
    target = admin.register("Ctarget", name="t", poa=[receiver.url])
    acp = grant(admin, (["Cae"], 63), (["Ctarget"], 63), self_rules=[(["Ctarget"], 63)])
    assert target.update("cse-in/t", "ae", acpi=[acp]).rsc == 2004
    ae = admin.register("Cae", name="a")
    assert ae.create("cse-in/a", "sub", nu=[receiver.url],
                     enc={"net": [3], "chty": [3]}).rsc == 2001
    assert receiver.nothing(0.05)
    assert ae.create("cse-in/a", "sub", nu=["Ctarget"]).rsc == 2001
    assert receiver.verification().sgn["cr"] == "Cae"
    assert ae.create("cse-in/a", "cnt", rn="x").rsc == 2001
    assert receiver.next().rep["m2m:cnt"]["rn"] == "x"


def test_verify_option_none(own, receiver):
    admin = Client(own("--verify-subscriptions", "none").url)
    target = admin.register("Ctarget", name="t", poa=[receiver.url])
    ae = admin.register("Cae", name="a")
    assert ae.create("cse-in/a", "sub", nu=["Ctarget"]).rsc == 4101, "nobody permitted that"
    acp = grant(admin, (["Cae"], 16), (["Ctarget"], 63), self_rules=[(["Ctarget"], 63)])
    assert target.update("cse-in/t", "ae", acpi=[acp]).rsc == 2004
    closed = f"http://127.0.0.1:{closed_port()}/"
    assert ae.create("cse-in/a", "sub", nu=[receiver.url, closed, "Ctarget"],
                     enc={"net": [3]}).rsc == 2001
    assert ae.create("cse-in/a", "cnt", rn="x").rsc == 2001
    assert not receiver.all.get(timeout=10).is_verification


def test_fan_out_asks_once(ae, receiver):
    """A subscription on all members of a group. spec: TS-0004 7.4.14.3"""
    for name in ("m1", "m2"):
        assert ae.create(ae.path, "cnt", rn=name).rsc == 2001
    assert ae.create(ae.path, "grp", rn="g", mnm=5,
                     mid=[f"{ae.path}/m1", f"{ae.path}/m2"]).rsc == 2001
    made = ae.create(f"{ae.path}/g/fopt", "sub", rn="s", nu=[receiver.url], enc={"net": [3]})
    assert made.rsc == 2000 and [r["rsc"] for r in made.pc["m2m:agr"]["m2m:rsp"]] == [2001, 2001]
    assert receiver.verification().sgn["cr"] == ae.stem
    for name in ("m1", "m2"):
        assert ae.create(f"{ae.path}/{name}", "cin", con=name).rsc == 2001
        assert receiver.next().rep["m2m:cin"]["con"] == name
    with Receiver(answer=lambda _: 4101) as unwilling:
        refused = ae.create(f"{ae.path}/g/fopt", "sub", rn="t", nu=[unwilling.url])
        assert [r["rsc"] for r in refused.pc["m2m:agr"]["m2m:rsp"]] == [5204, 5204]
    assert ae.retrieve(f"{ae.path}/m1/t").rsc == 4004


@pytest.mark.parametrize("nu, rsc", [(5, 4000), ("x", 4000), ([5], 4000), ([], 4000), ({}, 4000),
                                     ([[1]], 4000), (["mqtt://h"], 5001), (["Cnobody"], 4000)],
                         ids=str)
def test_malformed_by_fan_out(ae, receiver, nu, rsc):
    """Consent is sought before the members look at the request: it must be known good by then."""
    assert ae.create(ae.path, "cnt", rn="m").rsc == 2001
    assert ae.create(ae.path, "grp", rn="g", mnm=5, mid=[f"{ae.path}/m"]).rsc == 2001
    for given in (nu, nu + [receiver.url] if isinstance(nu, list) and nu else nu):
        made = ae.create(f"{ae.path}/g/fopt", "sub", nu=given)
        assert [r["rsc"] for r in made.pc["m2m:agr"]["m2m:rsp"]] == [rsc]
    assert receiver.nothing(0.05)


# ---- UPDATE ----


def test_update_asks_new_targets_only(ae, cnt, receiver):
    """docs/decisions/0005-subscription-verification.md"""
    a, b = receiver.url + "/a", receiver.url + "/b"
    assert ae.create(cnt, "sub", rn="s", nu=[a], enc={"net": [3]}).rsc == 2001
    assert receiver.verification().path == "/a"
    assert ae.update(f"{cnt}/s", "sub", nu=[a, b]).rsc == 2004
    asked = receiver.verification()
    assert asked.path == "/b"
    assert asked.sgn == {"vrq": True, "sur": f"/id-in/{cnt}/s", "cr": ae.stem}
    assert ae.update(f"{cnt}/s", "sub", nu=[b]).rsc == 2004
    assert ae.update(f"{cnt}/s", "sub", exc=100).rsc == 2004
    assert receiver.nothing(0.05)
    with Receiver(answer=lambda _: 4101) as unwilling:
        assert ae.update(f"{cnt}/s", "sub", nu=[b, unwilling.url], lbl=["x"]).rsc == 5204
    stored = ae.retrieve(f"{cnt}/s").res
    assert stored["nu"] == [b] and "lbl" not in stored
    assert ae.create(cnt, "cin", con="x").rsc == 2001
    assert receiver.next().path == "/b" and receiver.nothing(0.05)


def test_criteria_change_with_the_next_event(ae, cnt, receiver):
    assert ae.create(cnt, "sub", rn="s", nu=[receiver.url], enc={"net": [3]}).rsc == 2001

    def provoke():
        assert ae.create(cnt, "cin", con="x").rsc == 2001
        assert ae.update(cnt, "cnt", lbl=["y"]).rsc == 2004

    provoke()
    assert receiver.next().sgn["nev"]["net"] == 3
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [1]}).rsc == 2004
    provoke()
    assert receiver.next().sgn["nev"]["net"] == 1
    assert ae.update(f"{cnt}/s", "sub", enc={"net": [4]}).rsc == 2004
    provoke()
    assert ae.update(f"{cnt}/s", "sub", enc=None).rsc == 2004
    provoke()
    assert receiver.next().sgn["nev"]["net"] == 1
    assert ae.update(f"{cnt}/s", "sub", nct=3).rsc == 2004
    provoke()
    assert set(receiver.next().rep) == {"m2m:uri"}
    assert receiver.nothing(0.1)
