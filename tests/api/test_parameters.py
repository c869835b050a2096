"""Request parameters: what is mandatory, what their values mean, and what is refused.

spec: TS-0001 8.1.2; TS-0004 6.4.1, 7.2.1.1, 7.3.2.1; TS-0009 6.2.2.2, 6.4
"""

import http.client
import json
import threading
import time

import pytest
from lib import model
from lib.clock import stamp
from lib.onem2m import Client, header_spelling
from lib.receiver import RawReceiver
from lib.server import eventually
from lib.sockets import has_read_all


@pytest.fixture
def cnt(ae):
    """Path of a container of this test's AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


def raw(url, method, path, headers, body=b""):
    """A request with exactly these header lines; (HTTP status, header, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", int(url.rsplit(":", 1)[1]), timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def each_operation(ae, **more):
    """The five operations on a container of the AE, with the same headers or query."""
    to = ae.create(ae.path, "cnt")["ri"]
    yield "create", ae.create(to, "cnt", **more)
    yield "retrieve", ae.retrieve(to, **more)
    yield "update", ae.update(to, "cnt", lbl=["x"], **more)
    yield "delete", ae.delete(to, **more)


# ---- Request Identifier ----


@pytest.mark.parametrize("rqi", ["1", "a-b_c.d~e", "0002bf63", "{}[]<>\"'\\|^`", "with blanks  inside", "/id/x?y=z#",
                                 "x" * 255, "€äß", ";,=:@", "-1"])
def test_request_identifier_comes_back(ae, rqi):
    """letter by letter, with success and with failure"""
    for to, rsc in ((ae.path, "2000"), ("cse-in/nobody", "4004")):
        _, answer, _ = raw(ae.url, "GET", f"/{to}", [
            ("X-M2M-Origin", ae.stem), ("X-M2M-RI", rqi.encode()), ("X-M2M-RVI", "3")])
        assert answer["X-M2M-RI"].encode("latin-1").decode() == rqi
        assert answer["X-M2M-RSC"] == rsc


@pytest.mark.parametrize("headers", [{"X-M2M-RI": None}, {"X-M2M-RI": ""}, {"X-M2M-RI": "x" * 256},
                                     {"X-M2M-RI": "x" * 5000}])
def test_request_identifier_is_mandatory(ae, headers):
    """spec: TS-0004 7.2.1.1"""
    for name, answer in (("r", ae.request("GET", ae.path, headers=headers, check=False)),
                         ("d", ae.request("DELETE", ae.path, headers=headers, check=False))):
        assert (name, answer.rsc, answer.status) == (name, 4000, 400)
    assert ae.retrieve(ae.path).rsc == 2000


# ---- Release Version Indicator ----


@pytest.mark.parametrize("rvi", ["2a", "3", "4"])
def test_releases_that_are_served(ae, rvi):
    """spec: TS-0004 7.3.2.1; the answer carries the same"""
    client = Client(ae.url, ae.stem, rvi=rvi)
    client.path = ae.path
    for name, answer in each_operation(client):
        assert answer.rsc in (2000, 2001, 2002, 2004), name
        assert answer.headers["X-M2M-RVI"] == rvi


@pytest.mark.parametrize("rvi", [None, "1", "2", "5", "x", "2A", "3.0", "03", "0", "-3", "2a,3", "2a;", ""])
def test_releases_that_are_not(ae, rvi):
    """spec: TS-0004 7.3.2.1: without it the request is one of Release 1"""
    for method, body, ty in (("GET", None, None), ("POST", {"m2m:cnt": {"rn": "release"}}, 3),
                             ("PUT", {"m2m:ae": {"lbl": ["x"]}}, None), ("DELETE", None, None)):
        answer = ae.request(method, ae.path, body, ty=ty, headers={"X-M2M-RVI": rvi}, check=rvi != "")
        assert (answer.rsc, answer.status) == (4001, 501)
    assert ae.retrieve(f"{ae.path}/release").rsc == 4004
    assert "lbl" not in ae.retrieve(ae.path).res


def test_release_before_the_rest(ae):
    """What another release may have defined is no error of ours to judge."""
    answer = ae.retrieve(ae.path, query={"unheard": "of"}, headers={"X-M2M-RVI": "5"})
    assert answer.rsc == 4001
    assert answer.headers["X-M2M-RI"]


# ---- From ----


def test_from_is_mandatory(ae):
    """SEC-IMP-06. spec: TS-0004 7.3.2.1"""
    nobody = ae.As(None)
    nobody.path = ae.path
    for method, body, ty in (("GET", None, None), ("POST", {"m2m:cnt": {}}, 3), ("PUT", {"m2m:ae": {}}, None),
                             ("DELETE", None, None), ("POST", {"m2m:sgn": {"vrq": True}}, None)):
        assert nobody.request(method, ae.path, body, ty=ty).rsc == 4000
        assert nobody.request(method, ae.path, body, ty=ty, headers={"X-M2M-Origin": ""}).rsc == 4000


# ---- times ----


@pytest.mark.parametrize("header", ["X-M2M-OT", "X-M2M-RET", "X-M2M-RST", "X-M2M-OET"])
@pytest.mark.parametrize("value", ["", "x", "2030-01-01T00:00:00", "20301301T000000", "20300230T000000",
                                   "20300101T000000Z", "20300101T250000", "1.5", "5s", "PT5S", "0x10",
                                   "99999999999999999999", "20300101T000000,1234567"])
def test_malformed_times(ae, header, value):
    """spec: TS-0004 6.3.3 m2m:timestamp, m2m:absRelTimestamp"""
    for name, answer in each_operation(ae, headers={header: value}):
        assert (name, answer.rsc) == (name, 4000)


@pytest.mark.parametrize("header", ["X-M2M-RET", "X-M2M-RST"])
@pytest.mark.parametrize("value,rsc", [
    ("20200101T000000", 4008), ("19700101T000000", 4008), ("-1", 4000), ("0", 4008), ("-100000", 4000),
    ("60000", 2000), ("20991231T235959", 2000), ("now+60", 2000), ("now-1", 4008),
])
def test_expired_requests(ae, header, value, rsc):
    """spec: TS-0004 7.3.2.1, 7.3.3.1: REQUEST_TIMEOUT, and nothing is done"""
    if value.startswith("now"):
        value = stamp(float(value[3:]))
    answer = ae.retrieve(ae.path, headers={header: value})
    assert answer.rsc == rsc
    if rsc == 4008:
        assert answer.status == 504
        for method, body, ty in (("POST", {"m2m:cnt": {"rn": "late"}}, 3), ("PUT", {"m2m:ae": {"lbl": ["x"]}}, None),
                                 ("DELETE", None, None)):
            assert ae.request(method, ae.path, body, ty=ty, headers={header: value}).rsc == 4008
        assert ae.retrieve(f"{ae.path}/late").rsc == 4004
        assert "lbl" not in ae.retrieve(ae.path).res


def test_result_expires_after_the_request(ae):
    """spec: TS-0004 6.4.1"""
    both = {"X-M2M-RET": "60000", "X-M2M-RST": "60000"}
    assert ae.retrieve(ae.path, headers=both).rsc == 4000
    assert ae.retrieve(ae.path, headers={**both, "X-M2M-RST": "30000"}).rsc == 4000
    assert ae.retrieve(ae.path, headers={**both, "X-M2M-RST": "90000"}).rsc == 2000


@pytest.mark.parametrize("ot", ["20200101T000000", "20991231T235959,123456"])
def test_originating_timestamp(ae, ot):
    """It says when the message was made, and decides nothing."""
    assert ae.retrieve(ae.path, headers={"X-M2M-OT": ot}).rsc == 2000


@pytest.mark.threads
@pytest.mark.parametrize("is_relative", [True, False])
def test_execution_time(ae, cnt, is_relative):
    """spec: TS-0001 8.1.2, TS-0004 7.3.3.5: not before the time; the answer comes then"""
    began = time.monotonic()
    when = "400" if is_relative else stamp(0.4)
    answers = []

    def late():
        client = Client(ae.url, ae.stem)
        answers.append(client.create(cnt, "cin", con="late", headers={"X-M2M-OET": when}))
        answers.append(time.monotonic() - began)

    waiting = threading.Thread(target=late)
    waiting.start()
    while waiting.is_alive():
        rsc = ae.retrieve(f"{cnt}/la").rsc
        assert rsc == 4004 or time.monotonic() - began >= 0.38, "too early"
    waiting.join()
    assert answers[0].rsc == 2001
    assert 0.38 <= answers[1] < 5
    assert ae.retrieve(f"{cnt}/la")["con"] == "late"


@pytest.mark.parametrize("operation", ["retrieve", "update", "delete"])
def test_execution_time_of_others(ae, cnt, operation):
    began = time.monotonic()
    headers = {"X-M2M-OET": "200"}
    answer = {"retrieve": lambda: ae.retrieve(cnt, headers=headers),
              "update": lambda: ae.update(cnt, "cnt", lbl=["x"], headers=headers),
              "delete": lambda: ae.delete(cnt, headers=headers)}[operation]()
    assert answer.rsc in (2000, 2004, 2002)
    assert 0.19 <= time.monotonic() - began < 5


@pytest.mark.parametrize("when", ["0", "20200101T000000"])
def test_execution_time_in_the_past(ae, when):
    """spec: TS-0001 8.1.2: then at once"""
    began = time.monotonic()
    assert ae.retrieve(ae.path, headers={"X-M2M-OET": when}).rsc == 2000
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("limit", ["X-M2M-RET", "X-M2M-RST"])
def test_execution_after_the_end(ae, cnt, limit):
    """The request expires before its execution time: that is known at once."""
    began = time.monotonic()
    answer = ae.create(cnt, "cin", con="x", headers={"X-M2M-OET": "60000", limit: "30000"})
    assert answer.rsc == 4008
    assert time.monotonic() - began < 5
    assert ae.retrieve(cnt)["cni"] == 0


@pytest.mark.threads
def test_rights_count_when_it_is_executed(ae, other, admin):
    """SEC-ACP-39: the decision is made at execution time"""
    policy = admin.create("cse-in", "acp", pv={"acr": [{"acor": [other.stem], "acop": 2}]},
                          pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
    assert ae.create(ae.path, "cnt", rn="p", acpi=[policy]).rsc == 2001
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        Client(ae.url, other.stem).retrieve(f"{ae.path}/p", headers={"X-M2M-OET": "1000"})))
    waiting.start()
    assert other.retrieve(f"{ae.path}/p").rsc == 2000
    assert admin.update(policy, "acp", pv={"acr": []}).rsc == 2004
    waiting.join()
    assert answers[0].rsc == 4103
    admin.delete(policy)


@pytest.mark.threads
def test_many_wait(ae, cnt):
    """Waiting requests hold nobody up, and are all executed."""
    def late(i):
        client = Client(ae.url, ae.stem)
        assert client.create(cnt, "cin", con=i, headers={"X-M2M-OET": when}).rsc == 2001

    when = stamp(1.2)
    threads = [threading.Thread(target=late, args=(i,)) for i in range(40)]
    for t in threads:
        t.start()
    assert ae.create(cnt, "cnt", rn="at-once").rsc == 2001
    assert stamp() < when, "nobody else had to wait"
    for t in threads:
        t.join()
    assert ae.retrieve(cnt)["cni"] == 40


def test_waiting_is_bounded(own, receiver):
    """Limits execution_ms and parked: who parks requests and leaves keeps nobody from waiting for
    the consent of notification targets."""
    server = own("--limit", "parked=16", "--limit", "execution_ms=60000")
    ae = Client(server.url).register("Cx", name="x")
    assert ae.retrieve("cse-in/x", headers={"X-M2M-OET": "61000"}).rsc == 5207
    for i in range(100):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/Cx", headers={
            "X-M2M-Origin": "Cx", "X-M2M-RI": f"left{i}", "X-M2M-RVI": "3", "X-M2M-OET": "59000"})
        eventually(lambda: has_read_all(connection.sock), what="the server to read the request")
        connection.close()
    for i in range(6):
        assert Client(server.url, "Cx").create("cse-in/x", "sub", rn=f"s{i}",
                                               nu=[receiver.url]).rsc == 2001


def test_who_left_while_waiting(ae, cnt):
    """The client goes away before the time: the server neither falls nor loses others."""
    for i in range(5):
        connection = http.client.HTTPConnection("127.0.0.1", int(ae.url.rsplit(":", 1)[1]), timeout=30)
        connection.request("POST", f"/{cnt}", json.dumps({"m2m:cin": {"con": "x"}}), {
            "X-M2M-Origin": ae.stem, "X-M2M-RI": f"left{i}", "X-M2M-RVI": "3", "X-M2M-OET": "150",
            "Content-Type": "application/json;ty=4"})
        connection.close()
    assert ae.create(cnt, "cin", con="stays", headers={"X-M2M-OET": "300"}).rsc == 2001
    assert ae.retrieve(f"{cnt}/la").rsc == 2000


@pytest.mark.parametrize("waits_for", ["time", "receiver"])
def test_an_identifier_that_is_pending(ae, other, cnt, waits_for):
    """SEC-IMP-08 spec: TS-0001 7.1.7: refused while the first waits; used once before is no fault"""
    with RawReceiver(None) as silent:
        answers = []

        def wait():
            headers = {"X-M2M-RI": "one", **({"X-M2M-OET": "1000"} if waits_for == "time" else {"X-M2M-RET": "1000"})}
            kind, more = ("cin", {"con": "x"}) if waits_for == "time" else ("sub", {"nu": [silent.url]})
            answers.append(ae.create(cnt, kind, headers=headers, **more))

        thread = threading.Thread(target=wait)
        thread.start()
        mine, theirs = Client(ae.url, ae.stem), Client(ae.url, other.stem)
        again = {"X-M2M-RI": "one"}
        eventually(lambda: mine.retrieve(cnt, headers=again).rsc == 4105, what="the first to wait")
        refused = mine.create(cnt, "cin", con="y", headers=again)
        assert refused.rsc == 4105 and "pending" in refused.debug, refused
        assert mine.retrieve(cnt).rsc == 2000
        assert theirs.retrieve(other.path, headers=again).rsc == 2000
        assert mine.As(None).create("cse-in", "ae", api="N1", rr=False, srv=["3"], headers=again).rsc == 2001
        thread.join()
    assert answers[0].rsc in ((2001,) if waits_for == "time" else (4008, 5204)), answers
    assert mine.retrieve(cnt, headers=again)["cni"] == (waits_for == "time"), "the one that was refused left no trace"


# ---- Event Category ----


@pytest.mark.parametrize("ec,rsc", [("2", 2000), ("3", 2000), ("4", 2000), ("100", 2000), ("999", 2000), ("0", 4000),
                                    ("1", 4000), ("5", 4000), ("99", 4000), ("1000", 4000), ("x", 4000), ("", 4000),
                                    ("-2", 4000), ("2.0", 4000)])
def test_event_category(ae, ec, rsc):
    """spec: TS-0004 6.3.3 m2m:eventCat"""
    assert ae.retrieve(ae.path, headers={"X-M2M-EC": ec}).rsc == rsc


# ---- Result Content ----

ALLOWED = {  # spec: TS-0001 table 8.1.2-1
    "create": {0, 1, 2, 3, 9},
    "retrieve": {1, 4, 5, 6, 7, 8, 10},
    "update": {0, 1, 9},
    "delete": {0, 1, 4, 5, 6, 8},
    "discovery": {6, 11},  # 11 is the default, by its number of Release 4
}


@pytest.mark.parametrize("rcn", range(0, 14))
@pytest.mark.parametrize("operation", sorted(ALLOWED))
def test_result_content(ae, cnt, operation, rcn):
    """spec: TS-0001 table 8.1.2-1; TS-0004 7.3.2.1: BAD_REQUEST where it is not valid"""
    query = {"rcn": rcn}
    answer = {
        "create": lambda: ae.create(cnt, "cnt", rn="made", query=query),
        "retrieve": lambda: ae.retrieve(cnt, query=query),
        "update": lambda: ae.update(cnt, "cnt", lbl=["changed"], query=query),
        "delete": lambda: ae.delete(cnt, query=query),
        "discovery": lambda: ae.retrieve(cnt, query={"fu": 1, **query}),
    }[operation]()
    after = ae.retrieve(cnt, query={"rcn": 4})
    was_done = {"create": "m2m:cnt" in after.text and "made" in after.text, "update": "changed" in after.text,
                "delete": after.rsc == 4004}
    if rcn in ALLOWED[operation] and rcn not in (7, 10):
        assert answer.rsc == {"create": 2001, "update": 2004, "delete": 2002}.get(operation, 2000)
        assert was_done.get(operation, True)
        return
    # 7: the target is no announced resource; 10: no semantic query
    assert answer.rsc == 4000
    assert not was_done.get(operation, False)


@pytest.mark.parametrize("rcn", ["", "x", "-1", "1.0", "0x1", "1 2", "999999999999999999999", "1&rcn=1", "1;2"])
def test_malformed_result_content(ae, rcn):
    assert ae.request("GET", f"{ae.path}?rcn={rcn}").rsc == 4000


def test_notify_has_none(ae, admin):
    """spec: TS-0004 7.2.1.1: NP"""
    for query in ({"rcn": 1}, {"rp": "1000"}, {"drt": 1}, {"lbl": "x"}):
        assert admin.request("POST", ae.path, {"m2m:sgn": {"vrq": True}}, query=query).rsc == 4000


def test_the_table_is_that_of_the_standard():
    """The same facts as in spec/content.json"""
    rows = model.table("content.json")["resultContent"]
    for operation in ("create", "retrieve", "update", "delete"):
        assert ALLOWED[operation] == {int(value) for value, row in rows.items() if operation in row}
    assert ALLOWED["discovery"] - {11} == {int(value) for value, row in rows.items() if "retrieve_discovery" in row}


# ---- Desired Identifier Result Type ----


def test_identifier_type(ae, cnt):
    """spec: TS-0004 6.3.4.2.8: 1 structured, which is the default, 2 unstructured"""
    ri = ae.retrieve(cnt)["ri"]
    for query, wanted in (({}, cnt), ({"drt": 1}, cnt), ({"drt": 2}, ri)):
        assert ae.retrieve(ae.path, query={"fu": 1, **query}).pc["m2m:uril"] == [wanted]
        assert ae.retrieve(ae.path, query={"rcn": 6, **query}).res["rrf"] == [{"nm": "c", "typ": 3, "val": wanted}]
        assert ae.retrieve(ae.path, query={"rcn": 5, **query})["ch"] == [{"nm": "c", "typ": 3, "val": wanted}]


@pytest.mark.parametrize("drt", ["0", "3", "x", "", "1 2", "-1", "1.0"])
def test_bad_identifier_type(ae, drt):
    assert ae.retrieve(ae.path, query={"fu": 1, "drt": drt}).rsc == 4000


def test_identifier_type_is_for_retrieve(ae):
    """spec: TS-0004 7.2.1.1: NP"""
    for name, answer in each_operation(ae, query={"drt": 1}):
        assert answer.rsc == (2000 if name == "retrieve" else 4000), name


# ---- Response Type ----


@pytest.mark.parametrize("rt,rsc", [("3", None), ("4", None), ("5", 5001), ("0", 4000),
                                    ("6", 4000), ("9", 4000), ("x", 4000), ("", 4000), ("-1", 4000), ("3.0", 4000)])
def test_response_type(ae, rt, rsc):
    """spec: TS-0004 6.3.4.2.6; what does not block: test_nonblocking.py"""
    for name, answer in each_operation(ae, query={"rt": rt}):
        assert answer.rsc == (rsc or {"create": 2001, "retrieve": 2000, "update": 2004, "delete": 2002}[name]), name
    left = ae.retrieve(ae.path, query={"rcn": 6}).res["rrf"]
    assert len(left) == (1 if rsc else 0), "what is refused is not done"


def test_notification_targets_of_the_response(ae):
    """spec: TS-0009 6.4.11: X-M2M-RTU belongs to rt; blocking needs none"""
    headers = {"X-M2M-RTU": "http://one.example&http://two.example"}
    assert ae.retrieve(ae.path, query={"rt": 3}, headers=headers).rsc == 2000
    assert ae.retrieve(ae.path, query={"rt": 4}, headers=headers).rsc == 2000
    assert ae.retrieve(ae.path, headers=headers).rsc == 4000


# ---- Vendor Information ----


def test_vendor_information(ae):
    """It says nothing to us; the answer carries it back."""
    for to, rsc in ((ae.path, 2000), ("cse-in/nobody", 4004)):
        answer = ae.retrieve(to, headers={"X-M2M-VSI": "anything at all"})
        assert answer.rsc == rsc
        assert answer.headers["X-M2M-VSI"] == "anything at all"
        assert header_spelling(answer.http, "X-M2M-VSI") == "X-M2M-VSI"
    assert "X-M2M-VSI" not in ae.retrieve(ae.path).headers


# ---- Group Request Identifier ----


def test_group_request_identifier(ae, cnt):
    """spec: TS-0004 7.3.3.2: the same one twice at the same target is refused"""
    headers = {"X-M2M-GID": f"gid-{ae.stem}"}
    ri = ae.retrieve(cnt)["ri"]
    assert ae.retrieve(cnt, headers=headers).rsc == 2000
    again = ae.retrieve(cnt, headers=headers)
    assert (again.rsc, again.status) == (4104, 409)
    assert ae.retrieve(ri, headers=headers).rsc == 4104, "the same resource by another address"
    assert ae.retrieve(f"/id-in/{ri}", headers=headers).rsc == 4104
    assert ae.create(cnt, "cin", con="x", headers=headers).rsc == 4104
    assert ae.update(cnt, "cnt", lbl=["x"], headers=headers).rsc == 4104
    assert ae.delete(cnt, headers=headers).rsc == 4104
    assert ae.retrieve(cnt)["cni"] == 0
    assert ae.retrieve(ae.path, headers=headers).rsc == 2000, "another target"
    assert ae.retrieve(cnt, headers={"X-M2M-GID": f"gid2-{ae.stem}"}).rsc == 2000, "another identifier"
    assert ae.retrieve(cnt).rsc == 2000


def test_group_request_identifier_precedes_the_rights(ae, other, cnt):
    """spec: TS-0004 7.2.2.2: Recv-6.2.1 before Recv-6.3"""
    headers = {"X-M2M-GID": f"gid3-{ae.stem}"}
    assert ae.retrieve(cnt, headers=headers).rsc == 2000
    assert other.retrieve(cnt, headers=headers).rsc == 4104
    assert other.retrieve(cnt).rsc == 4103


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_group_request_identifier_of_writes(ae, cnt, operation):
    headers = {"X-M2M-GID": f"{operation}-{ae.stem}"}

    def one():
        if operation == "create":
            return ae.create(cnt, "cin", con="x", headers=headers).rsc
        if operation == "update":
            return ae.update(cnt, "cnt", lbl=["x"], headers=headers).rsc
        return ae.delete(cnt, headers=headers).rsc

    first = one()
    assert first in (2001, 2004, 2002)
    assert one() == (4004 if operation == "delete" else 4104)
    if operation == "create":
        assert ae.retrieve(cnt)["cni"] == 1


# ---- conditions of UPDATE and DELETE ----


def test_conditional_update(ae, cnt):
    """spec: TS-0001 10.1.4, TS-0004 7.3.3.1: NOT_FOUND when the target does not match"""
    assert ae.update(cnt, "cnt", lbl=["one"])["st"] == 1
    assert ae.update(cnt, "cnt", lbl=["two"], query={"sts": 1}).rsc == 4004
    assert ae.update(cnt, "cnt", lbl=["two"], query={"lbl": "other"}).rsc == 4004
    assert ae.update(cnt, "cnt", lbl=["two"], query={"ty": 2}).rsc == 4004
    assert (ae.retrieve(cnt)["lbl"], ae.retrieve(cnt)["st"]) == (["one"], 1)
    assert ae.update(cnt, "cnt", lbl=["two"], query={"stb": 1, "sts": 2}).rsc == 2004
    assert ae.update(cnt, "cnt", lbl=["three"], query={"stb": 1, "sts": 2}).rsc == 4004, "somebody was faster"
    assert ae.retrieve(cnt)["lbl"] == ["two"]
    assert ae.update(cnt, "cnt", lbl=["four"], query={"lbl": "two", "ty": 3, "fu": 2}).rsc == 2004
    assert ae.update(cnt, "cnt", lbl=["five"], query={"lbl": "none", "ty": 3, "fo": 2}).rsc == 2004


@pytest.mark.parametrize("rcn", [0, 1, 4, 5, 6, 8])
def test_conditional_delete(ae, cnt, rcn):
    """spec: TS-0001 10.1.5: whatever is to be shown, what does not match does not go"""
    ae.update(cnt, "cnt", lbl=["keep"])
    assert ae.delete(cnt, query={"lbl": "remove", "rcn": rcn}).rsc == 4004
    assert ae.delete(cnt, query={"us": "20200101T000000", "rcn": rcn}).rsc == 4004
    assert ae.retrieve(cnt).rsc == 2000
    assert ae.delete(cnt, query={"lbl": "keep", "rcn": rcn}).rsc == 2002
    assert ae.retrieve(cnt).rsc == 4004


def test_conditions_do_not_tell_what_must_not_be_read(ae, other, cnt):
    for query in ({"ty": 3}, {"ty": 2}):
        assert other.update(cnt, "cnt", lbl=["x"], query=query).rsc == 4103
        assert other.delete(cnt, query=query).rsc == 4103
        assert other.retrieve(cnt, query=query).rsc == 4103


@pytest.mark.parametrize("query", [{"ty": 3}, {"lbl": "x"}, {"lim": 5}, {"fu": 1}, {"crb": "20300101T000000"},
                                   {"cr": "x"}, {"lvl": 1}])
def test_create_has_no_filter(ae, query):
    """spec: TS-0004 7.3.2.1"""
    assert ae.create(ae.path, "cnt", rn="filtered", query=query).rsc == 4000
    assert ae.retrieve(f"{ae.path}/filtered").rsc == 4004


# ---- not supported ----

UNSUPPORTED = [
    ("query", "asi", "true"), ("query", "auri", "true"), ("query", "da", "true"),
    ("headers", "X-M2M-AS", "c2lnbmF0dXJl"),
]

@pytest.mark.parametrize("place,name,value", UNSUPPORTED, ids=[f"{n}={v}" for _, n, v in UNSUPPORTED])
def test_unsupported_parameters(ae, place, name, value):
    """spec: TS-0004 7.3.2.1: NOT_IMPLEMENTED, and nothing is done"""
    for operation, answer in each_operation(ae, **{place: {name: value}}):
        assert (operation, answer.rsc) == (operation, 5001)


def test_semantic_queries(ae):
    query = {"rcn": 10, "smf": "SELECT ?x WHERE { ?x ?y ?z }"}
    assert ae.retrieve(ae.path, query={"sqi": "true", **query}).rsc == 2000
    for value in ("x", "2", "TRUE"):
        assert ae.retrieve(ae.path, query={"sqi": value, **query}).rsc == 4000
    for value in ("false", "0"):
        assert ae.retrieve(ae.path, query={"sqi": value}).rsc == 2000
    assert ae.update(ae.path, "ae", query={"sqi": "true"}, lbl=[]).rsc == 4000
    assert ae.retrieve(ae.path, query={"smf": "SELECT ?x WHERE { ?x ?y ?z }"}).rsc == 5001
    assert ae.retrieve(ae.path, query={"fu": 3}).rsc == 5001


@pytest.mark.parametrize("name", ["tqi", "asi", "auri", "da"])
def test_what_asks_for_nothing(ae, name):
    for value in ("false", "0"):
        assert ae.retrieve(ae.path, query={name: value}).rsc == 2000
    for value in ("", "x", "2", "TRUE", "yes"):
        assert ae.retrieve(ae.path, query={name: value}).rsc == 4000


@pytest.mark.parametrize("value", ["Bearer abc.def.ghi", "Basic dXNlcjpwYXNz", "oneM2M x", "Digest a=\"b\""])
def test_credentials_for_somebody_else(ae, value):
    """SEC-BND-08: they grant nothing and hinder nothing."""
    assert ae.retrieve(ae.path, headers={"Authorization": value}).rsc == 2000
    assert ae.As("Cnobody").retrieve(ae.path, headers={"Authorization": value}).rsc == 4106


@pytest.mark.parametrize("query", ["nonsense=1", "RCN=1", "rcn=1&nonsense=1", "=1", "rcn", "fu", "=", "&&=", "atr=x",
                                   "catr=x", "c.=1", "c.nonsense=1", "p.nonsense=x",
                                   "rqi=1", "rvi=3", "ot=20300101T000000", "rqet=5000", "oet=5000", "gid=x", "vsi=x",
                                   "rcn=1&rcn=4", "fu=1&fu=1", "lim=1&lim=2", "drt=1&drt=1", "grtm=x",
                                   "resultContent=1", "rcn%00=1", "rcn=%zz", "rcn=%", "rcn=1%", "lbl=%00",
                                   "lbl=%ff", "rcn=1#%zz"])
def test_unknown_and_malformed_query_fields(ae, query):
    """spec: TS-0009 6.2.2.2; each parameter has one place"""
    status, headers, content = raw(ae.url, "GET", f"/{ae.path}?{query}", [
        ("X-M2M-Origin", ae.stem), ("X-M2M-RI", "q"), ("X-M2M-RVI", "3")])
    assert (status, headers["X-M2M-RSC"]) == (400, "4000"), content


@pytest.mark.parametrize("query", ["", "&", "rcn=1&", "&rcn=1", "&&rcn=1&&", "rcn=%31", "%72cn=1"])
def test_harmless_queries(ae, query):
    status, headers, content = raw(ae.url, "GET", f"/{ae.path}?{query}", [
        ("X-M2M-Origin", ae.stem), ("X-M2M-RI", "q"), ("X-M2M-RVI", "3")])
    assert (status, headers["X-M2M-RSC"]) == (200, "2000"), content


# ---- header fields ----


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title, str.swapcase],
                         ids=["lower", "upper", "title", "swap"])
def test_field_names_have_no_letter_case(ae, cnt, change):
    """spec: RFC9110 5.1; the answer's names are spelled as in TS-0009 all the same"""
    headers = [(change(name), value) for name, value in (
        ("X-M2M-Origin", ae.stem), ("X-M2M-RI", "case"), ("X-M2M-RVI", "3"), ("X-M2M-VSI", "v"), ("X-M2M-EC", "3"),
        ("X-M2M-OT", "20260101T000000"), ("X-M2M-RET", "60000"), ("X-M2M-GID", f"{change('x')}{ae.stem}"),
        ("Content-Type", "application/json;ty=4"), ("Accept", "application/json"))]
    status, answer, content = raw(ae.url, "POST", f"/{cnt}", headers, b'{"m2m:cin":{"con":"x"}}')
    assert status == 201, content
    names = list(answer)
    for name in ("X-M2M-RSC", "X-M2M-RI", "X-M2M-RVI", "X-M2M-VSI", "Content-Type", "Content-Location",
                 "Content-Length"):
        assert name in names, names
    assert answer["X-M2M-RI"] == "case"
    assert json.loads(content)["m2m:cin"]["con"] == "x"


def test_other_fields_are_ignored(ae):
    """spec: TS-0009 6.4.0"""
    assert ae.retrieve(ae.path, headers={"X-M2M-Unheard": "x", "X-Forwarded-For": "10.0.0.1", "Cookie": "a=b",
                                         "X-M2M-RSC": "5000", "User-Agent": "test", "X-M2M-NM": "name"}).rsc == 2000


@pytest.mark.parametrize("name,value", [("X-M2M-Origin", "Cx"), ("X-M2M-RI", "y"), ("X-M2M-RVI", "3"),
                                        ("X-M2M-GID", "g"), ("Content-Type", "application/json;ty=3")])
def test_fields_given_twice(ae, name, value):
    headers = [("X-M2M-Origin", ae.stem), ("X-M2M-RI", "x"), ("X-M2M-RVI", "3"), ("X-M2M-GID", f"t{ae.stem}"),
               ("Content-Type", "application/json;ty=3"), (name, value)]
    status, answer, _ = raw(ae.url, "POST", f"/{ae.path}", headers, b'{"m2m:cnt":{"rn":"twice"}}')
    assert (status, answer["X-M2M-RSC"]) == (400, "4000")
    assert ae.retrieve(f"{ae.path}/twice").rsc == 4004


def test_blanks_around_values(ae):
    status, answer, _ = raw(ae.url, "GET", f"/{ae.path}", [
        ("X-M2M-Origin", f"  {ae.stem}\t "), ("X-M2M-RI", "\t blank "), ("X-M2M-RVI", " 3 ")])
    assert (status, answer["X-M2M-RI"], answer["X-M2M-RVI"]) == (200, "blank", "3")


# ---- Content-Type and Accept ----


@pytest.mark.parametrize("content_type", [
    "application/json;ty=3", "application/json; ty=3", "application/json ; ty=3", "application/json;ty = 3",
    "APPLICATION/JSON;TY=3", "application/vnd.onem2m-res+json;ty=3", "application/vnd.onem2m-res+json; ty=3",
    "application/json;charset=utf-8;ty=3", "application/json; ty=3; charset=UTF-8", 'application/json;ty="3"',
    "application/json;;ty=3", "application/json;unheard=x;ty=3",
])
def test_content_types(ae, content_type):
    """spec: TS-0009 6.4.3"""
    answer = ae.request("POST", ae.path, {"m2m:cnt": {}}, headers={"Content-Type": content_type})
    assert answer.rsc == 2001
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("content_type,rsc", [
    ("application/yaml;ty=3", 4015), ("application/vnd.onem2m-res+yaml;ty=3", 4015), ("text/xml;ty=3", 4015),
    ("application/vnd.onem2m-res;ty=3", 4015), ("text/plain;ty=3", 4015), ("text/json;ty=3", 4015),
    ("application/x-www-form-urlencoded;ty=3", 4015), ("json;ty=3", 4015), (";ty=3", 4015),
    ("application/json;charset=iso-8859-1;ty=3", 4015), ("application/jsonx;ty=3", 4015),
    ("application/json;ty=", 4000), ("application/json;ty=x", 4000), ("application/json;ty=3;ty=3", 4000),
    ("application/json;ty=-3", 4000), ("application/json;ty=3.0", 4000), ("application/json;ty=3 4", 4000),
    ("application/json;ty", 4000), ("application/json;ty=99999999999999999999999", 4000),
])
def test_other_content_types(ae, content_type, rsc):
    """spec: TS-0004 7.3.2.1"""
    answer = ae.request("POST", ae.path, {"m2m:cnt": {"rn": "typed"}}, headers={"Content-Type": content_type})
    assert answer.rsc == rsc
    assert answer.status == (415 if rsc == 4015 else 400)
    assert ae.retrieve(f"{ae.path}/typed").rsc == 4004


def test_without_a_content_type(ae):
    """spec: TS-0009 6.4.3: shall be there with a body"""
    for method in ("POST", "PUT"):
        status, answer, _ = raw(ae.url, method, f"/{ae.path}", [
            ("X-M2M-Origin", ae.stem), ("X-M2M-RI", "x"), ("X-M2M-RVI", "3")], b'{"m2m:ae":{"lbl":["x"]}}')
        assert (status, answer["X-M2M-RSC"]) in ((400, "4000"), (415, "4015"))
    assert "lbl" not in ae.retrieve(ae.path).res


def test_resource_type_is_for_create(ae):
    """spec: TS-0004 7.2.1.1: NP"""
    for method in ("PUT", "DELETE", "GET"):
        body = {"m2m:ae": {"lbl": ["x"]}}
        assert ae.request(method, ae.path, body, headers={"Content-Type": "application/json;ty=2"}).rsc == 4000
    assert "lbl" not in ae.retrieve(ae.path).res


@pytest.mark.parametrize("accept,wanted", [
    ("application/json", "application/json"), ("*/*", "application/json"), ("application/*", "application/json"),
    ("application/vnd.onem2m-res+json", "application/vnd.onem2m-res+json"),
    ("application/xml, application/json", "application/json"), ("APPLICATION/JSON", "application/json"),
    ("application/xml;q=1.0, */*;q=0.1", "application/xml"), ("application/cbor", "application/cbor"),
    ("application/vnd.onem2m-res+xml", "application/vnd.onem2m-res+xml"),
    ("application/vnd.onem2m-res+cbor;q=0.4, application/json;q=0.3", "application/vnd.onem2m-res+cbor"),
    ("text/html,application/json;q=0.001", "application/json"),
    ("application/json;q=0.5, application/vnd.onem2m-res+json;q=0.9", "application/vnd.onem2m-res+json"),
    ("application/vnd.onem2m-res+json;q=0.5, application/json;q=0.9", "application/json"),
    ("application/json; charset=utf-8", "application/json"), ("", "application/json"),
])
def test_accept(ae, accept, wanted):
    """spec: TS-0009 6.4.2, RFC9110 12.5.1"""
    answer = ae.retrieve(ae.path, headers={"Accept": accept})
    if accept == "":
        assert answer.rsc in (2000, 5207)
        return
    assert answer.rsc == 2000
    assert answer.headers["Content-Type"] == wanted
    assert answer["ri"] == ae.stem


@pytest.mark.parametrize("accept", [
    "application/yaml", "application/vnd.onem2m-ntfy+xml", "text/xml", "text/html", "text/*",
    "application/json;q=0", "*/*;q=0", "application/json;q=0, text/html", "application/*;q=0, text/plain;q=1",
])
def test_nothing_acceptable(ae, accept):
    """spec: TS-0004 7.3.3.1: NOT_ACCEPTABLE, and nothing is done"""
    answer = ae.retrieve(ae.path, headers={"Accept": accept})
    assert (answer.rsc, answer.status) == (5207, 406)
    assert ae.create(ae.path, "cnt", rn="unacceptable", headers={"Accept": accept}).rsc == 5207
    assert ae.retrieve(f"{ae.path}/unacceptable").rsc == 4004
    assert ae.delete(ae.path, headers={"Accept": accept}).rsc == 5207


# ---- content where there should be none, and none where there should be ----


def test_content_and_operation(ae, cnt):
    """spec: TS-0004 7.2.1.1"""
    body = {"m2m:cnt": {"lbl": ["x"]}}
    assert ae.request("DELETE", cnt, body).rsc == 4000
    assert ae.request("GET", cnt, body).rsc == 4000
    assert ae.retrieve(cnt).rsc == 2000
    for method, ty in (("PUT", None), ("POST", 3), ("POST", None)):
        answer = ae.request(method, cnt, b"", ty=ty)
        assert answer.rsc == 4000, method
    assert ae.retrieve(ae.path, query={"rcn": 6}).res["rrf"] == [{"nm": "c", "typ": 3, "val": cnt}]


@pytest.mark.parametrize("method,status", [("PATCH", 405), ("OPTIONS", 405), ("TRACE", 405), ("FOO", 501),
                                           ("get", 501)])
def test_other_methods(ae, method, status):
    """spec: TS-0009 6.2.1"""
    got, headers, _ = raw(ae.url, method, f"/{ae.path}", [
        ("X-M2M-Origin", ae.stem), ("X-M2M-RI", "method"), ("X-M2M-RVI", "3")])
    assert got == status
    assert headers["X-M2M-RI"] == "method"
    assert headers["X-M2M-RSC"] in ("4005", "5001")


# ---- what waits when the server stops ----


def test_waiting_when_the_server_stops(own):
    """It is told, not forgotten."""
    server = own(store="mem")
    Client(server.url).register("Cx", name="x")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/Cx", '{"m2m:cnt":{}}', {
        "X-M2M-Origin": "Cx", "X-M2M-RI": "stop", "X-M2M-RVI": "3", "X-M2M-OET": "60000",
        "Content-Type": "application/json;ty=3"})
    eventually(lambda: has_read_all(connection.sock), what="the server to read the request")
    server.stop()
    response = connection.getresponse()
    assert response.headers["X-M2M-RSC"] == "5000"
    assert "stop" in json.loads(response.read())["m2m:dbg"]
    connection.close()
