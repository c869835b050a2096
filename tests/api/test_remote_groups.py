"""Groups that other CSEs host, in accessControlOriginators: two Merlon servers, and hosts that are not what they should
be. spec: TS-0001 9.6.2.1; security.md 1.2, 3.3"""

import contextlib
import itertools
import json
import subprocess
import time

import pytest
from lib.keeper import HUGE, Keeper, endless, send, slowly
from lib.onem2m import Client, grant
from lib.receiver import RawReceiver, Receiver, closed_port
from lib.server import Server, binary, eventually
from lib.tls import Lab, cert_maker

GROUP = "/keeper/base/g"
JSON = {"X-M2M-RSC": "2000", "Content-Type": "application/json"}
_numbers = itertools.count(1)


def grp(*members, **more):
    return {"m2m:grp": {"rn": "g", "ty": 9, "ri": "grp1", "mt": 0, "mnm": 10, "cnm": len(members), "mid": list(members),
                        **more}}


def limits(cache_ms=0, absent_ms=0):
    return ["--limit", f"group-cache-ms={cache_ms}", "--limit", f"group-absent-ms={absent_ms}"]


# ---- plain HTTP ----


class Host(Receiver):
    """Another CSE as far as the retrieval of groups is concerned."""

    def __init__(self):
        super().__init__()
        self.content = grp()
        self.asked = []
        self.answer = self.show

    def show(self, received):
        self.asked.append(received)
        return 200, JSON, json.dumps(self.content).encode()


@pytest.fixture
def host():
    with Host() as h:
        yield h


def node(own, url, *options, entries=(GROUP,), operations=63, **more):
    """A CSE that finds /keeper at that URL; the administrator, Cholder, and cse-in/c for the members of the group."""
    server = own("--group-host", f"/keeper={url}", *(options or limits()), **more)
    admin = Client(server.url)
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, (entries, operations))]).rsc == 2001
    return admin, admin.register("Cholder")


def test_a_group_is_retrieved(own, host):
    """SEC-ACP-16: from the CSE that its address names, and by that address"""
    admin, holder = node(own, host.url + "/mca/")
    host.content = grp("/id-in/Cholder")
    assert holder.retrieve("cse-in/c").rsc == 2000
    (asked,) = host.asked
    assert asked.path == f"/mca/~{GROUP}"
    assert asked.headers["X-M2M-Origin"] == "/id-in" and asked.headers["X-M2M-RI"]
    assert admin.register("Cother").retrieve("cse-in/c").rsc == 4103


def test_a_group_of_another_service_provider(own, host):
    """SEC-ACP-16: that SP is told our name in full"""
    far = "//far.example/x/grp1"
    server = own("--group-host", f"//far.example/x={host.url}", *limits())
    admin = Client(server.url)
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([far], 63))]).rsc == 2001
    holder = admin.register("Cholder")
    host.content = grp("/id-in/Cholder")
    assert holder.retrieve("cse-in/c").rsc == 4103, "an AE of theirs"
    host.content = grp("//merlon.example/id-in/Cholder")
    assert holder.retrieve("cse-in/c").rsc == 2000
    assert {a.path for a in host.asked} == {"/_/far.example/x/grp1"}
    assert host.asked[0].headers["X-M2M-Origin"] == "//merlon.example/id-in"


@pytest.mark.parametrize("member", [
    "Cholder", "/keeper/Cholder", "cse-in/Cholder", "-", "*", "all", "/id-in", "/id-in/C*", "/id-in/Cother",
    "//other.example/id-in/Cholder", "//merlon.example", ""])
def test_others_are_no_members(own, host, member):
    """SEC-ACP-16 SEC-ACP-15: a bare stem is one of the other CSE; wildcards are none"""
    _, holder = node(own, host.url)
    host.content = grp(member)
    assert holder.retrieve("cse-in/c").rsc == 4103
    host.content = grp(member, "/id-in/Cholder")
    assert holder.retrieve("cse-in/c").rsc == 2000


def test_nobody_is_asked_without_need(own, host):
    """SEC-ACP-16 SEC-DEC-06: neither for what is permitted anyway, nor for what the group could not permit"""
    admin, holder = node(own, host.url, entries=(GROUP, "Cfriend"), operations=2)
    friend = admin.register("Cfriend")
    assert friend.retrieve("cse-in/c").rsc == 2000
    assert admin.retrieve("cse-in/c").rsc == 2000
    assert holder.delete("cse-in/c").rsc == 4103
    assert holder.retrieve("cse-in/nothing").rsc == 4004
    assert host.asked == []
    assert holder.retrieve("cse-in/c").rsc == 4103
    assert len(host.asked) == 1


def test_without_a_setting(own, host):
    """SEC-ACP-16: a CSE that nobody has told us of is not asked"""
    _, holder = node(own, host.url, entries=["/other/base/g", "//far.example/keeper/base/g", f"{GROUP}/fopt"])
    assert holder.retrieve("cse-in/c").rsc == 4103
    assert host.asked == []


def test_each_kind_of_request(own, host):
    """SEC-ACP-16: each waits for the group, and no write before"""
    admin, holder = node(own, host.url)
    host.content = grp("/id-in/Cholder")
    assert holder.create("cse-in/c", "cin", con="1").rsc == 2001
    assert holder.retrieve("cse-in/c/la")["con"] == "1"
    assert holder.update("cse-in/c", "cnt", lbl=["x"]).rsc == 2004
    assert holder.create("cse-in/c", "sub", nu=["Cholder"]).rsc == 2001
    assert holder.request("GET", "cse-in?fu=1&ty=3").pc["m2m:uril"] == ["cse-in/c"]
    group = admin.create("cse-in", "grp", rn="g", mt=3, mnm=2, mid=["cse-in/c"], macp=[grant(admin, (["all"], 63))])
    assert group.rsc == 2001
    for send_one in (lambda: holder.retrieve("cse-in/g/fopt"), lambda: holder.create("cse-in/g/fopt", "cin", con="2")):
        (answer,) = send_one().pc["m2m:agr"]["m2m:rsp"]
        assert answer["rsc"] in (2000, 2001), answer
    host.content = grp()
    other = admin.register("Cother")
    (answer,) = other.create("cse-in/g/fopt", "cin", con="3").pc["m2m:agr"]["m2m:rsp"]
    assert answer["rsc"] == 4103
    assert other.request("GET", "cse-in?fu=1&ty=3").pc["m2m:uril"] == []
    assert holder.delete("cse-in/c").rsc == 4103
    host.content = grp("/id-in/Cholder")
    assert holder.delete("cse-in/c").rsc == 2002


def test_a_member_that_leaves(own, host):
    """SEC-ACP-16: is refused when the time of the memory is over, and not later"""
    _, holder = node(own, host.url, *limits(cache_ms=1500), threads=1)
    host.content = grp("/id-in/Cholder")
    assert holder.retrieve("cse-in/c").rsc == 2000
    host.content = grp()
    begin = time.monotonic()
    assert holder.retrieve("cse-in/c").rsc == 2000
    assert len(host.asked) == 1
    eventually(lambda: holder.retrieve("cse-in/c").rsc == 4103, seconds=4)
    assert time.monotonic() - begin > 1


def test_a_member_that_comes(own, host):
    """SEC-ACP-16: likewise; until then the other CSE is left in peace"""
    _, holder = node(own, host.url, *limits(absent_ms=1000), threads=1)
    for _ in range(20):
        assert holder.retrieve("cse-in/c").rsc == 4103
    assert len(host.asked) <= 2
    host.content = grp("/id-in/Cholder")
    eventually(lambda: holder.retrieve("cse-in/c").rsc == 2000, seconds=4)


@pytest.mark.parametrize("answer", [
    4004, 4103, 5000, None, (200, JSON, b"{"), (200, JSON, b"[]"), (200, JSON, b'{"m2m:grp":[]}'),
    (200, JSON, b'{"m2m:grp":{"mid":7}}'), (200, JSON, b'{"m2m:grp":{"mid":"/id-in/Cholder"}}'),
    (200, JSON, b'{"m2m:cnt":{"mid":["/id-in/Cholder"]}}'),
    (200, JSON, b'{"m2m:grp":{"mid":["/id-in/Cholder"],"et":"20200101T000000"}}'),
    (200, JSON, json.dumps(grp(*["x"] * 100, "/id-in/Cholder")).encode()),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "text/plain"}, b"group"), (200, {"X-M2M-RSC": "2000"}, b"")],
    ids=lambda a: str(a)[:60])
def test_what_a_host_may_answer(own, host, answer):
    """SEC-ACP-16: anything but a group of reasonable size with the originator in it means that it is no member"""
    _, holder = node(own, host.url, *limits(), "--limit", "group-members=100")
    host.answer = lambda received: answer
    assert holder.retrieve("cse-in/c").rsc == 4103
    host.answer = host.show
    host.content = grp("/id-in/Cholder", *["x"] * 99)
    assert holder.retrieve("cse-in/c").rsc == 2000


def test_a_host_that_is_down(own):
    """SEC-ACP-16: 4103 at once, for reads and writes"""
    _, holder = node(own, f"http://127.0.0.1:{closed_port()}")
    begin = time.monotonic()
    assert holder.retrieve("cse-in/c").rsc == 4103
    assert holder.delete("cse-in/c").rsc == 4103
    assert time.monotonic() - begin < 5


def test_a_host_that_is_silent(own):
    """SEC-ACP-16: not longer than the request lives, by its own word or by the limit; nobody else is held up"""
    with RawReceiver(None) as silent:
        admin, holder = node(own, silent.url, *limits(), "--limit", "request-ms=1500", threads=1)
        for headers, least, most in ((None, 1.2, 5), ({"X-M2M-RET": "700"}, 0.5, 1.4)):
            for method in ("GET", "DELETE"):
                begin = time.monotonic()
                answer = holder.request(method, "cse-in/c", headers=headers)
                took = time.monotonic() - begin
                assert answer.rsc in (4103, 4008), answer
                assert least < took < most, took
        with contextlib.ExitStack() as stack:
            waiting = [stack.enter_context(subprocess.Popen(
                ["curl", "-s", "-o", "/dev/null", "-X", method, "-H", "X-M2M-Origin: Cholder", "-H", "X-M2M-RVI: 3",
                 "-H", f"X-M2M-RI: w{i}", f"{admin.url}/cse-in/c"])) for i, method in enumerate(["GET", "DELETE"] * 4)]
            begin = time.monotonic()
            for _ in range(20):
                assert admin.create("cse-in/c", "cin", con="x").rsc == 2001
            assert time.monotonic() - begin < 1.2
            assert any(w.poll() is None for w in waiting)


def test_one_asks_for_much(own, host):
    """SEC-ACP-16: a policy that names many groups does not become as many requests"""
    _, holder = node(own, host.url, *limits(absent_ms=60000), entries=[f"{GROUP}{i}" for i in range(200)], threads=1)
    for _ in range(5):
        assert holder.retrieve("cse-in/c").rsc == 4103
    assert len(host.asked) == 16


def test_an_explanation_names_the_group(own, host):
    """SEC-ACP-16: and why it does not count"""
    admin, _ = node(own, host.url)
    facts = {"Merlon-Explain": "originator=Cholder; operation=retrieve; time=now; authenticated=true"}

    def states():
        answer = admin.request("GET", "cse-in/c", headers=facts, check=False)
        assert answer.rsc == 2000, answer
        return [(s["id"], s["state"]) for s in answer.res["steps"] if s["step"] == "group"]

    assert states() == [(GROUP, "no member")]
    host.content = grp("/id-in/Cholder")
    assert states() == [(GROUP, "member")]
    host.answer = lambda received: 4004
    assert states() == [(GROUP, "refused")]
    host.answer = lambda received: None
    assert states() == [(GROUP, "not retrieved")]
    told = subprocess.run([binary(), "access", "explain", "--url", admin.url, "--originator", "Cholder", "--operation",
                           "retrieve", "--to", "cse-in/c"], capture_output=True, text=True, check=False)
    assert f"group {GROUP}: not retrieved" in told.stdout, told


def test_a_merlon_over_plain_http(own):
    """SEC-ACP-16 SEC-IMP-04: it does not believe who we are, so it shows no group"""
    keeper = own("--cse-id", "/keeper", "--cse-name", "base", "--admin", "CAuthority")
    authority = Client(keeper.url, "CAuthority")
    everybody = {"acr": [{"acor": ["all"], "acop": 63}]}
    assert authority.create("base", "acp", rn="p", pv=everybody, pvs=everybody).rsc == 2001
    assert authority.create("base", "grp", rn="g", mt=0, mnm=2, mid=["Sholder"], acpi=["base/p"]).rsc == 2001
    admin, _ = node(own, keeper.url)
    assert admin.register("Sholder").retrieve("cse-in/c").rsc == 4103


# ---- TLS ----


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.keeper = made.issue("keeper", cert_maker.dns("keeper.in.sp.example"), cert_maker.dns("localhost"))
    yield made
    made.close()


@contextlib.contextmanager
def tls_node(lab, url, *options, certificates=None):
    """The same under TLS: Sholder, an AE of the SP, and the server."""
    more = ["--group-host", f"/keeper={url}", *(options or limits())]
    with Server(lab.folder / f"node{next(_numbers)}", *lab.options("optional", certificates, more),
                listen=("https://127.0.0.1:0", "http://127.0.0.1:0")) as server:
        admin = Client(server.urls[1])
        assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([GROUP], 63))]).rsc == 2001
        yield admin.register("Sholder"), server


def test_two_servers(lab, tmp_path):
    """SEC-ACP-16 SEC-ACP-15 SEC-SAE-08: the host knows the CSE by its certificate; removing a member, and deleting the
    group, is effective when the memory ends"""
    keeper = Server(tmp_path / "keeper", "--tls-certificate", str(lab.keeper[0]), "--tls-key", str(lab.keeper[1]),
                    "--tls-anchor", str(lab.anchor), "--tls-client", "required", "--sp-id", "//sp.example", "--cse-id",
                    "/keeper", "--cse-name", "base", "--admin", "CAuthority", "--log", "debug",
                    listen=("https://127.0.0.1:0", "http://127.0.0.1:0"))
    with keeper:
        authority = Client(keeper.urls[1], "CAuthority")
        assert authority.create("base", "acp", rn="p", pv={"acr": [{"acor": ["/in"], "acop": 2}]},
                                pvs={"acr": [{"acor": ["CAuthority"], "acop": 63}]}).rsc == 2001
        assert authority.create("base", "grp", rn="g", mt=0, mnm=5, mid=["Cx", "Sholder"]).rsc == 2001
        certificates = [lab.issue("node", cert_maker.dns("in.keeper.sp.example"))]
        with tls_node(lab, f"https://localhost:{keeper.port}", *limits(cache_ms=500),
                      certificates=certificates) as (holder, server):
            assert holder.retrieve("cse-in/c").rsc == 4103, "no policy shows us the group"
            assert authority.update("base/g", "grp", acpi=["base/p"]).rsc == 2004
            assert holder.retrieve("cse-in/c").rsc == 2000, keeper.log() + server.log()
            assert holder.create("cse-in/c", "cin", con="1").rsc == 2001
            assert holder.As("CAdmin").register("Sother").retrieve("cse-in/c").rsc == 4103
            assert authority.update("base/g", "grp", mid=["Cx"]).rsc == 2004
            eventually(lambda: holder.retrieve("cse-in/c").rsc == 4103, seconds=5)
            assert authority.update("base/g", "grp", mid=["Cx", "Sholder"]).rsc == 2004
            eventually(lambda: holder.retrieve("cse-in/c").rsc == 2000, seconds=5)
            assert authority.delete("base/g").rsc == 2002
            eventually(lambda: holder.retrieve("cse-in/c").rsc == 4103, seconds=5)


@pytest.fixture(scope="module")
def changing(lab):
    """A host that answers as `changing.say` wants, and a node that asks it."""
    class Now:
        say = None

    with Keeper(lab.keeper, lambda handler: Now.say(handler)) as keeper:  # pylint: disable=unnecessary-lambda
        with tls_node(lab, keeper.point, *limits(), "--limit", "request-ms=2000", "--limit",
                      "body-bytes=65536") as (holder, server):
            Now.holder, Now.server = holder, server
            yield Now


def good(**more):
    return json.dumps(grp("Sholder", **more)).encode()


def cut(handler):
    send(handler, good()[:50], length=400)
    handler.connection.close()


HOSTILE = {
    "garbage": lambda h: send(h, b"\x16\x03\x01\xff\x00{"), "nothing": lambda h: send(h, b""),
    "no JSON": lambda h: send(h, b"<m2m:grp/>", headers={"Content-Type": "application/xml"}),
    "two roots": lambda h: send(h, good()[:-1] + b',"m2m:grp2":{}}'), "deep": lambda h: send(h, b"[" * 30000),
    "key twice": lambda h: send(h, good().replace(b'"mid"', b'"mid":["Cx"],"mid"', 1)),
    "another type": lambda h: send(h, good().replace(b"m2m:grp", b"m2m:cnt")),
    "huge": lambda h: send(h, b'{"m2m:grp":{"x":"' + b"x" * HUGE + b'"}}'),
    "said to be huge": lambda h: send(h, good(), length=1 << 50), "endless": endless, "slow": slowly, "cut": cut,
    "silent": lambda h: time.sleep(5), "gone": lambda h: h.connection.close(),
    "denied": lambda h: send(h, good(), headers={"X-M2M-RSC": "4103"}),
    "over": lambda h: send(h, good(et="20200101T000000")),
    "everybody": lambda h: send(h, json.dumps(grp("all", "*", "/*", "S*", "//sp.example", "/in")).encode()),
    "somewhere else": lambda h: (h.send_response(302), h.send_header("Location", "https://localhost:1/"),
                                 h.send_header("Content-Length", "0"), h.end_headers()),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_host(changing, what):
    """SEC-ACP-16: grants nothing, takes no longer than the request, and harms nobody"""
    changing.say = HOSTILE[what]
    before = changing.server.rss()
    begin = time.monotonic()
    assert changing.holder.retrieve("cse-in/c").rsc in (4103, 4008), what
    assert time.monotonic() - begin < 6
    assert changing.server.rss() - before < HUGE // 2
    changing.say = lambda h: send(h, good())
    assert changing.holder.retrieve("cse-in/c").rsc == 2000


@pytest.mark.parametrize("what", ["another authority", "another name", "an address", "plain text"])
def test_a_host_that_is_somebody_else(lab, what):
    """SEC-ACP-16 SEC-SAE-08: it is not even asked"""
    pair = {"another authority": lambda: lab.issue("r", cert_maker.dns("localhost"),
                                                   authority=cert_maker.Authority("free")),
            "another name": lambda: lab.issue("r", cert_maker.dns("other.sp.example"))}.get(what, lambda: lab.keeper)()
    with Keeper(pair, lambda h: send(h, good())) as keeper:
        url = {"an address": keeper.point.replace("localhost", "127.0.0.1"),
               "plain text": keeper.point.replace("https", "http")}.get(what, keeper.point)
        with tls_node(lab, url) as (holder, _):
            assert holder.retrieve("cse-in/c").rsc == 4103
            assert keeper.asked == []
