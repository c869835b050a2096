"""<AE>: registration, what it keeps, and de-registration.

spec: TS-0001 9.6.5, 10.2.2.2; TS-0004 7.4.5, 7.3.2.1
"""

import json
import re

import pytest
from lib.onem2m import Client
from lib.server import eventually, run
from lib.together import together

MINIMAL = {"api": "Ntest", "rr": True, "srv": ["3"]}


def register(client, originator, **attributes):
    return client.As(originator).create("cse-in", "ae", **{**MINIMAL, **attributes})


def paths_below(client, root):
    answer = client.retrieve(root, query={"rcn": 6})
    assert answer.rsc == 2000, answer
    return [r["val"] for r in answer.res["rrf"]]


# ---- the From parameter ----


@pytest.mark.parametrize("originator,pattern", [
    (None, r"C[\w.~-]{10,}"),           # SEC-REG-01
    ("", r"C[\w.~-]{10,}"),             # an empty field is no field
    ("C", r"C[\w.~-]{10,}"),            # SEC-REG-02
    ("S", r"S[\w.~-]{10,}"),            # SEC-REG-03: at the IN-CSE no AEAnnc is involved
    ("Cfull-stem_1.2", "Cfull-stem_1.2"),
    ("Sfull", "Sfull"),
])
def test_identity(admin, originator, pattern):
    """SEC-REG-01, SEC-REG-02, SEC-REG-03. spec: TS-0001 10.2.2.2"""
    answer = register(admin, originator)
    assert answer.rsc == 2001
    stem = answer["aei"]
    assert re.fullmatch(pattern, stem)
    assert answer["ri"] == stem, "the resourceID is the stem"
    assert answer["rn"] == stem, "without a name it is called like that too"
    assert answer["pi"] == "id-in"
    me = admin.As(stem)
    assert me.retrieve(f"cse-in/{stem}").res == answer.res
    assert me.retrieve(stem).res == answer.res
    assert me.retrieve(f"/id-in/{stem}").res == answer.res
    assert me.delete(stem).rsc == 2002
    assert me.retrieve("cse-in").rsc == 4106


def test_identity_that_is_no_name(admin):
    """spec: TS-0004 6.3.3: '~' may stand in an AE-ID-Stem, not in a resourceName"""
    answer = register(admin, "Ctilde~1")
    assert (answer.rsc, answer["aei"], answer["ri"]) == (2001, "Ctilde~1", "Ctilde~1")
    assert "~" not in answer["rn"]
    assert admin.As("Ctilde~1").retrieve(f"cse-in/{answer['rn']}").res == answer.res
    assert admin.delete("Ctilde~1").rsc == 2002


def test_assigned_identities_differ(admin):
    stems = [register(admin, letter)["aei"] for letter in "CCCSSS"]
    assert len(set(stems)) == 6
    for stem in stems:
        admin.As(stem).delete(stem)


@pytest.mark.parametrize("originator", [
    "Z12", "c12", "s12", "X", "0C", "-C1", "//", "C/1", "Cab/c", "/id-in/Cx", "/Sx",
    "//merlon.example/id-in/Cx", "C 1", "C%41", "C$", "Cä", "C*", "C:1", "C@x", "C" * 300,
])
def test_refused_originators(admin, originator):
    """SEC-REG-11. spec: TS-0004 7.3.2.1: the From of an AE is an AE-ID-Stem"""
    assert register(admin, originator.encode() if not originator.isascii() else originator,
                    rn="refused").rsc == 4000
    assert admin.retrieve("cse-in/refused").rsc == 4004


@pytest.mark.parametrize("originator", ["/id-in", "/id-other", "//merlon.example/id-other", "//other.example/x"])
def test_a_cse_registers_no_ae(admin, originator):
    """SEC-REG-15, SEC-IMP-03: without an association no CSE is even heard: TS-0004 7.3.2.1"""
    assert register(admin, originator, rn="of-a-cse").rsc == 4107
    assert admin.retrieve("cse-in/of-a-cse").rsc == 4004


def test_taken_identity(admin):
    """SEC-REG-04"""
    assert register(admin, "Ctaken", rn="taken1").rsc == 2001
    assert register(admin, "Ctaken", rn="taken2").rsc == 4117
    assert register(admin, "Ctaken", rn="taken1").rsc == 4117
    assert register(admin, "Ctaken").rsc == 4117
    assert admin.retrieve("cse-in/taken2").rsc == 4004
    assert admin.As("Ctaken").delete("cse-in/taken1").rsc == 2002
    assert register(admin, "Ctaken", rn="taken2").rsc == 2001
    assert admin.As("Ctaken").delete("Ctaken").rsc == 2002


def test_taken_name(admin):
    """spec: TS-0004 7.3.3.5: CONFLICT; and the loser is not registered"""
    assert register(admin, "Cname1", rn="sharedname").rsc == 2001
    for originator in ("Cname2", "C", None):
        assert register(admin, originator, rn="sharedname").rsc == 4105
    assert admin.As("Cname2").retrieve("cse-in").rsc == 4106
    assert admin.delete("cse-in/sharedname").rsc == 2002


def test_name_of_another_as_stem(admin):
    """A resource name that looks like a stem is no identity, and does not hinder it."""
    assert register(admin, "Cfirst", rn="Csecond").rsc == 2001
    assert admin.As("Csecond").retrieve("cse-in").rsc == 4106
    answer = register(admin, "Csecond")
    assert answer.rsc == 2001
    assert answer["ri"] == "Csecond"
    assert answer["rn"] != "Csecond"
    assert admin.retrieve("cse-in/Csecond")["ri"] == "Cfirst"
    assert admin.retrieve("Csecond")["ri"] == "Csecond"
    admin.delete("Cfirst")
    admin.delete("Csecond")


@pytest.mark.parametrize("store", ["lmdb", "mem"])
def test_the_names_of_the_cse_are_taken(own, store):
    server = own("--admin", "CBoss", "--cse-name", "Cbase", "--cse-id", "/Sin", store=store)
    client = Client(server.url, "CBoss")
    for stem in ("CBoss", "Cbase", "Sin"):
        answer = client.As(stem).create("Cbase", "ae", rn="mine", **MINIMAL)
        assert answer.rsc in (4117, 4107), stem
    assert client.retrieve("Cbase/mine").rsc == 4004
    assert client.As("CAdmin").create("Cbase", "ae", **MINIMAL).rsc == 2001


def test_admin_cannot_be_registered(admin):
    assert register(admin, "CAdmin", rn="mine").rsc == 4117
    assert register(admin, "CAdmin").rsc == 4117
    assert admin.retrieve("cse-in/mine").rsc == 4004


@pytest.mark.threads
def test_racing_for_an_identity(admin, cse):
    answers = together(8, lambda i: register(Client(cse.url), "Crace", rn=f"race{i}"))
    assert sorted(a.rsc for a in answers) == [2001] + [4117] * 7
    there = [i for i in range(8) if admin.retrieve(f"cse-in/race{i}").rsc == 2000]
    assert [a.rsc for i, a in enumerate(answers) if i in there] == [2001]
    assert admin.delete("Crace").rsc == 2002


@pytest.mark.threads
def test_racing_for_a_name(admin, cse):
    answers = together(8, lambda i: register(Client(cse.url), f"Cracer{i}", rn="therace"))
    assert sorted(a.rsc for a in answers) == [2001] + [4105] * 7
    for i, answer in enumerate(answers):
        known = admin.As(f"Cracer{i}").retrieve("cse-in").rsc
        assert known == (2000 if answer.rsc == 2001 else 4106)
    assert admin.delete("cse-in/therace").rsc == 2002


# ---- where ----


@pytest.mark.parametrize("to", ["/id-other", "/id-other/base", "//other.example/id-in",
                                "//merlon.example/id-other/-"])
def test_not_through_another_cse(admin, to):
    """SEC-REG-12. spec: TS-0004 7.3.2.8"""
    assert admin.As("Cfar").create(to, "ae", **MINIMAL).rsc == 4000
    assert admin.As("Cfar").retrieve("cse-in").rsc == 4106


def test_needs_no_privilege(admin, ae):
    """SEC-REG-14: nobody but the admin may CREATE below the CSEBase, yet all may register"""
    assert ae.create("cse-in", "cnt").rsc == 4103
    assert register(admin, "Cnewcomer").rsc == 2001
    assert admin.As("Cnewcomer").create("cse-in", "cnt").rsc == 4103
    assert admin.delete("Cnewcomer").rsc == 2002


@pytest.mark.parametrize("kind", ["mn", "asn"])
def test_sp_wide_identities_need_the_in_cse(own, kind):
    """spec: TS-0004 7.4.5.2.1: asking the IN-CSE needs CSE registration, which is not built"""
    admin = Client(own("--cse-type", kind, store="mem").url)
    assert register(admin, "S").rsc == 5001
    assert register(admin, "Sabc").rsc == 5001
    assert register(admin, "C")["aei"].startswith("C")
    assert admin.As("Sabc").retrieve("cse-in").rsc == 4106


# ---- attributes ----


@pytest.mark.parametrize("api,rsc", [
    ("Nabc", 2001), ("N.any thing ä", 2001), ("R01.com.acme.app", 2001), ("r01.com.acme.app", 2001),
    ("Xabc", 4000), ("nabc", 4000), ("01.com", 4000), ("", 4000), (" Nabc", 4000), ("ÑABC", 4000),
    (5, 4000), (True, 4000), (["Nabc"], 4000), ({"v": "Nabc"}, 4000), (None, 4000),
])
def test_app_id(admin, api, rsc):
    """SEC-REG-05. spec: TS-0004 7.4.5.2.1"""
    answer = register(admin, "Capi", api=api)
    assert answer.rsc == rsc
    if rsc == 2001:
        assert answer["api"] == api
        assert admin.delete("Capi").rsc == 2002
    else:
        assert admin.As("Capi").retrieve("cse-in").rsc == 4106


def test_app_id_in_release_2(own):
    """SEC-REG-05: there 'r' is no first letter"""
    admin = Client(own("--profile", "r2", store="mem").url, rvi="2a")
    assert register(admin, "Cr", api="r01.com.acme.app").rsc == 4000
    assert register(admin, "Cr", api="R01.com.acme.app").rsc == 2001


@pytest.mark.parametrize("missing", ["api", "rr", "srv"])
@pytest.mark.parametrize("rvi", ["2a", "3", "4"])
def test_mandatory(admin, missing, rvi):
    """spec: TS-0004 7.4.5.1. supportedReleaseVersions came with Release 3."""
    attributes = {k: v for k, v in MINIMAL.items() if k != missing}
    client = Client(admin.url, "Cmissing", rvi=rvi)
    answer = client.create("cse-in", "ae", **attributes)
    if missing == "srv" and rvi == "2a":
        assert answer.rsc == 2001
        assert answer["srv"] == ["2a"]
        assert client.delete("Cmissing").rsc == 2002
    else:
        assert answer.rsc == 4000
        assert missing in answer.debug


FULL = {"apn": "an app", "poa": ["http://one.example:8080/in", "coap://[2001:db8::1]:5683"],
        "or": "http://ontology.example/x", "nl": "cse-in/node1", "csz": ["json", "cbor", "xml"],
        "lbl": ["tag", "key:value"], "rr": False, "srv": ["2a", "3", "4"]}


def test_keeps_its_attributes(admin):
    answer = register(admin, "Cfull", rn="full", **FULL)
    assert answer.rsc == 2001
    for name, value in {**FULL, "api": "Ntest", "rn": "full", "ty": 2, "aei": "Cfull"}.items():
        assert answer[name] == value
    assert set(answer.res) == {*FULL, "api", "rn", "ty", "aei", "ri", "pi", "ct", "lt", "et"}
    assert answer["ct"] == answer["lt"]
    assert admin.retrieve("cse-in/full").res == answer.res
    assert admin.delete("cse-in/full").rsc == 2002


@pytest.mark.parametrize("csz", [["xml"], ["cbor"], ["xml", "cbor"], ["json"]])
def test_serialisations(admin, ae, csz):
    """spec: TS-0001 9.6.5 contentSerialization"""
    assert ae.update(ae.path, "ae", csz=csz).rsc == 2004
    assert ae.retrieve(ae.path)["csz"] == csz
    for wrong in (["yaml"], [], "xml", ["xml", "yaml"]):
        assert ae.update(ae.path, "ae", csz=wrong).rsc == 4000
        assert register(admin, "Cother", csz=wrong).rsc == 4000


def test_update(ae):
    before = ae.retrieve(ae.path).res
    answer = ae.update(ae.path, "ae", **FULL)
    assert answer.rsc == 2004
    for name, value in FULL.items():
        assert answer[name] == value
    assert answer["lt"] > before["lt"]
    assert {k: answer[k] for k in ("ct", "ri", "pi", "rn", "aei", "api")} == \
           {k: before[k] for k in ("ct", "ri", "pi", "rn", "aei", "api")}
    gone = ae.update(ae.path, "ae", apn=None, poa=None, lbl=None, nl=None, csz=None)
    assert gone.rsc == 2004
    assert set(FULL) - set(gone.res) == {"apn", "poa", "lbl", "nl", "csz"}
    assert ae.retrieve(ae.path).res == gone.res


@pytest.mark.parametrize("attribute,value", [
    ("api", "Nother"), ("api", "Ntest"), ("api", None), ("aei", "Cx"), ("ri", "Cx"), ("rn", "x"),
    ("pi", "x"), ("ty", 2), ("ct", "20200101T000000"), ("lt", "20200101T000000"), ("rr", None),
    ("cr", None), ("st", 1),
])
def test_update_of_what_is_fixed(ae, attribute, value):
    before = ae.retrieve(ae.path).res
    assert ae.update(ae.path, "ae", **{attribute: value}).rsc == 4000
    assert ae.update(ae.path, "ae", lbl=["x"], **{attribute: value}).rsc == 4000
    assert ae.retrieve(ae.path).res == before


@pytest.mark.parametrize("poa", [
    ["http://one.example"], ["http://one.example:8080/a/b?c=d"], ["https://10.0.0.1:443"],
    ["coap://[::1]:5683"], ["mqtt://broker:1883"], ["ws://x.example/y", "http://z.example"],
])
def test_point_of_access(ae, poa):
    assert ae.update(ae.path, "ae", poa=poa)["poa"] == poa


@pytest.mark.parametrize("poa", [
    [], "http://one.example", ["one.example"], ["http//one"], ["http://"], ["://one"], [""],
    ["http://one two"], [" http://one"], ["http:one"], [5], [["http://one"]], [{"u": "http://one"}],
    {"p": "http://one"}, ["http://one.example", "x"], ["1http://one"],
])
def test_bad_point_of_access(ae, poa):
    """spec: TS-0004 6.3.3 m2m:pointOfAccess"""
    before = ae.retrieve(ae.path).res
    assert ae.update(ae.path, "ae", poa=poa).rsc == 4000
    assert ae.retrieve(ae.path).res == before


# ---- de-registration ----


@pytest.mark.parametrize("by", ["structured", "unstructured"])
def test_deregistration_takes_everything(admin, ae, by, receiver):
    """spec: TS-0004 7.3.3.8"""
    me = admin.register("Cleaving", name="leaving")
    ids = ["Cleaving"]
    for i in range(3):
        ids.append(me.create("Cleaving", "cnt", rn=f"c{i}", lbl=["leavinglabel"])["ri"])
        ids.append(me.create(f"cse-in/leaving/c{i}", "cnt", rn="deep")["ri"])
        ids += [me.create(f"cse-in/leaving/c{i}/deep", "cin", con=str(n))["ri"] for n in range(5)]
    ids.append(me.create("Cleaving", "sub", rn="s", nu=[receiver.url])["ri"])
    ids.append(me.create("Cleaving", "grp", rn="g", mnm=5, mid=ids[:2])["ri"])
    ids.append(me.create("Cleaving", "acp", rn="a", pv={"acr": []},
                         pvs={"acr": [{"acor": ["Cleaving"], "acop": 63}]})["ri"])
    assert len(paths_below(me, "Cleaving")) == len(ids) - 1
    assert me.delete("Cleaving" if by == "unstructured" else "cse-in/leaving").rsc == 2002
    for ri in ids:
        assert admin.retrieve(ri).rsc == 4004, ri
    assert admin.retrieve("cse-in/leaving").rsc == 4004
    assert admin.retrieve("cse-in/leaving/c0/deep/la").rsc == 4004
    assert not [p for p in paths_below(admin, "cse-in") if "leaving" in p]
    assert admin.discover(lbl="leavinglabel") == []
    assert me.retrieve("cse-in").rsc == 4106
    assert ae.retrieve(ae.path).rsc == 2000, "others stay"


def test_others_cannot_deregister(ae, other):
    assert other.delete(ae.path).rsc == 4103
    assert other.delete(ae.stem).rsc == 4103
    assert other.update(ae.path, "ae", apn="mine").rsc == 4103
    assert other.retrieve(ae.path).rsc == 4103
    assert ae.retrieve(ae.path).rsc == 2000


def test_comes_back_empty_handed(admin):
    """Children of the former registration must not come back with the name."""
    me = admin.register("Cback", name="back")
    policy = me.create("Cback", "acp", pv={"acr": [{"acor": ["all"], "acop": 2}]},
                       pvs={"acr": [{"acor": ["Cback"], "acop": 63}]})["ri"]
    old = me.create("Cback", "cnt", rn="c", lbl=["backlabel"], acpi=[policy])["ri"]
    assert me.delete("Cback").rsc == 2002
    again = admin.register("Cback", name="back")
    assert paths_below(again, "Cback") == []
    assert again.retrieve("cse-in/back/c").rsc == 4004
    assert again.retrieve("Cback/c").rsc == 4004
    assert again.retrieve(old).rsc == 4004
    assert again.discover(lbl="backlabel") == []
    assert again.create("Cback", "cnt", rn="d", acpi=[policy]).rsc == 4000
    new = again.create("Cback", "cnt", rn="c")
    assert new.rsc == 2001
    assert new["ri"] != old
    assert "acpi" not in again.retrieve("Cback").res
    assert again.delete("Cback").rsc == 2002


@pytest.mark.threads
@pytest.mark.parametrize("store", ["lmdb", "mem"])
def test_comes_back_while_the_past_is_cleared(own, store):
    """A big subtree is removed in steps after the answer; nothing of it may be seen meanwhile,
    and it is all gone in the end."""
    server = own("--limit", "delete_inline=2", store=store)
    admin = Client(server.url)
    me = admin.register("Cbig", name="big")
    for c in range(8):
        assert me.create("Cbig", "cnt", rn=f"c{c}", lbl=["biglabel"]).rsc == 2001

    def fill(c):
        client = Client(server.url, "Cbig")
        return [client.create(f"Cbig/c{c}", "cin", con=str(n), lbl=["bigcin"])["ri"] for n in range(130)]

    instances = [ri for part in together(8, fill) for ri in part]
    containers = [me.retrieve(f"Cbig/c{c}")["ri"] for c in range(8)]
    assert len(paths_below(me, "Cbig")) == 8 + 8 * 130
    assert me.delete("cse-in/big").rsc == 2002
    again = admin.register("Cbig", name="big")
    for _ in range(20):
        assert paths_below(again, "Cbig") == []
        assert again.retrieve("Cbig/c7").rsc == 4004
        assert again.retrieve("cse-in/big/c0/la").rsc == 4004
        assert again.retrieve(containers[7]).rsc == 4004
        assert again.retrieve(containers[3] + "/ol").rsc == 4004
        assert again.retrieve(instances[-1]).rsc == 4004
        assert again.update(containers[5], "cnt", lbl=["x"]).rsc == 4004
        assert again.delete(instances[700]).rsc == 4004
        assert again.create(containers[6], "cin", con="x").rsc == 4004
        assert admin.discover(lbl="biglabel") == []
        assert admin.discover(lbl="bigcin") == []
        assert admin.discover(ty=4) == []
    mine = again.create("Cbig", "cnt", rn="c7", lbl=["biglabel"])
    assert mine.rsc == 2001
    assert again.create("Cbig/c7", "cin", con="new").rsc == 2001
    assert admin.discover(lbl="biglabel") == ["cse-in/big/c7"]
    assert len(paths_below(again, "Cbig")) == 2
    if store == "lmdb":
        eventually(lambda: resources_in(server) == 4, what="the end of the purge")  # cb, ae, cnt, cin
        assert run("store", "check", "--data", str(server.data)).returncode == 0


def resources_in(server):
    """Number of resources that the store holds, seen or unseen."""
    out = run("store", "stats", "--json", "--data", str(server.data)).stdout
    return json.loads(out)["resources"]


@pytest.mark.threads
def test_deregistering_all_at_once(own):
    """Many at the same time, each with children: all gone, nobody else hurt."""
    server = own(store="mem")
    admin = Client(server.url)
    stays = admin.register("Cstays", name="stays")
    stays.create("Cstays", "cnt", rn="c")

    def live(i):
        client = Client(server.url).register(f"Clive{i}", name=f"live{i}")
        for n in range(5):
            client.create(f"Clive{i}", "cnt", rn=f"c{n}")
        return client.delete(f"Clive{i}").rsc

    assert together(8, live) == [2002] * 8
    assert sorted(paths_below(admin, "cse-in")) == ["cse-in/stays", "cse-in/stays/c"]


def test_nobody_follows_an_ae(ae):
    """spec: TS-0001 9.6.5 registrationStatus, trackRegistrationPoints: what is so may be said"""
    answer = ae.update(ae.path, "ae", regs=1, trps=False)
    assert answer.rsc == 2004 and answer["regs"] == 1 and answer["trps"] is False
    assert ae.update(ae.path, "ae", regs=2).rsc == 5001
    assert ae.update(ae.path, "ae", trps=True).rsc == 5001
    before = ae.retrieve(ae.path)
    assert before["regs"] == 1 and before["trps"] is False
    assert ae.update(ae.path, "ae", regs=None, trps=None).rsc == 2004
