"""Announced resources at the CSE that holds the copies.

The CSE that announces is played by the test, on a trusted listener; what a real one sends is in test_announce.py.
spec: TS-0001 9.6.26, 10.2.13; TS-0004 7.4.26
"""

import pytest
from lib import illegal, model, serial
from lib.fleet import Fleet, registrees
from lib.onem2m import Client, grant
from lib.server import Server

TYPES = model.announced()
BUILT = [short for short, facts in TYPES.items()
         if facts["original"] in model.table("support.json")["built"]["types"]
         and facts["type"] != 10028 and short != "mgmtObjAnnc"]
PARENT = {"cbA": "cse-in", "cinA": "cntA", "tsiA": "tsA", "schA": "nodA", "deprA": "actrA"}  # else the <CSEBaseAnnc>
LATER = "20300101T000000"


def minimal(short, **more):
    """What a CREATE must have."""
    body = {"et": LATER, "lnk": "/mn1/base/x"}
    for row in model.attributes(short):
        if row.create == "M" and row.short not in body:
            body[row.short] = good(short, row)
    return {**body, **more}


def good(short, row):
    if row.short == "mgd":
        return TYPES[short]["definition"]
    if row.type == "m2m:geoCoordinates":
        return {"typ": 1, "crd": "[1.5,2.5]"}
    return {"pv": {"acr": [{"acor": ["/mn1/C1"], "acop": 2}]}, "pvs": {"acr": [{"acor": ["/mn1"], "acop": 63}]},
            "srv": ["3"], "lnk": "/mn1/base/y", "cnf": "text/plain:0", "spty": {"mgd": 1001},
            "conr": {"urir": [{"nm": "a", "uri": "http://x.example"}]}}.get(row.short) or model.good_of_row(row)


class Host:
    """A CSE with a registree, a second one, and one copy of each type."""

    def __init__(self, url):
        self.admin = Client(url)
        self.cse, self.other = registrees(self.admin)
        self.ae = self.admin.register("Cwho", name="who")
        self.made = {}
        for short in sorted(BUILT, key=lambda s: (s != "cbA", s not in ("cntA", "tsA", "nodA", "actrA"))):
            answer = self.create(short)
            assert answer.rsc == 2001, (short, answer)
            self.made[short] = answer["ri"]

    def parent(self, short):
        where = PARENT.get(short, "nodA" if TYPES[short]["type"] == 10013 else "cbA")
        return self.made.get(where, where)

    def create(self, short, client=None, parent=None, drop=None, **attributes):
        body = {k: v for k, v in minimal(short, **attributes).items() if k != drop}
        content = {model.root(short): body}
        return (client or self.cse).create(parent or self.parent(short), TYPES[short]["type"], content)

    def everything(self):
        return self.admin.retrieve("cse-in", query={"rcn": 4}).text


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("annc") / "data", store="mem") as server:
        yield Host(server.url)


@pytest.fixture
def unchanged(host):
    before = host.everything()
    yield
    assert host.everything() == before


# ---- the tables ----


def test_they_are_told(host):
    """TS-0001 9.6.3 supportedResourceType"""
    assert {TYPES[short]["type"] for short in BUILT} <= set(host.admin.retrieve("cse-in")["srt"])


every = pytest.mark.parametrize("form", serial.NAMES)


def refused(answer, rsc, what):
    """The reader of the serialisation may have refused it before the attribute was looked at."""
    assert answer.rsc == rsc, (what, answer)


@every
@pytest.mark.parametrize("short", BUILT)
def test_illegal_creates(host, unchanged, form, short):
    """TS-0004 7.4.26.1: each attribute missing, forbidden, or of a wrong value; no announceTo, so nothing is announced
    twice"""
    cse = Client(host.admin.url, "/mn1", form=form)
    for row in model.attributes(short):
        if row.create == "M":
            refused(host.create(short, cse, drop=row.short), 4000, row.short)
        for value, rsc in illegal.values(short, row, row.create, form):
            refused(host.create(short, cse, **{row.short: value}), rsc, (row.short, value))
    for name, value in (("at", ["/mn2"]), ("aa", ["lbl"]), ("cr", "/mn1"), ("rn", "name")):
        refused(host.create(short, cse, **{name: value}), 4000, name)


@every
@pytest.mark.parametrize("short", BUILT)
def test_illegal_updates(host, unchanged, form, short):
    cse = Client(host.admin.url, "/mn1", form=form)
    for row in model.attributes(short):
        for value, rsc in illegal.values(short, row, row.update, form):
            content = {model.root(short): {row.short: value}}
            refused(cse.update(host.made[short], short, content), rsc, (row.short, value))
    refused(cse.update(host.made[short], short, {model.root(short): {"at": ["/mn2"]}}), 4000, "at")


@every
@pytest.mark.parametrize("short", BUILT)
def test_legal_values(host, form, short):
    """Every attribute that may be announced is kept as it came"""
    client = Client(host.admin.url, "/mn1", form=form)
    values = {row.short: good(short, row) for row in model.attributes(short)
              if row.create != "NP" and not row.is_unbuilt and row.short not in ("et", "acpi", "scp")}
    values = {name: value for name, value in values.items() if value != {}}  # in XML an element without content is null
    answer = host.create(short, client, **values)
    assert answer.rsc == 2001, answer
    plain = host.cse.retrieve(answer["ri"])
    for name, value in values.items():
        assert plain[name] == value, name
    assert plain["ty"] == TYPES[short]["type"]
    assert host.cse.delete(answer["ri"]).rsc == 2002


@pytest.mark.parametrize("parent", BUILT)
def test_wrong_parents(host, unchanged, parent):
    """TS-0001 table 9.6.26.1-1"""
    allowed = model.children(parent)
    for short in BUILT:
        if short in allowed or TYPES[short].get("of", short) in allowed:
            continue
        assert host.create(short, parent=host.made[parent]).rsc == 4108, short
    assert host.admin.create(host.made[parent], "ae", api="Nx", rr=True, srv=["3"]).rsc in (4108, 4103)


def test_what_is_not_built(host, unchanged):
    """Without a schema at hand there is nothing that a copy could be checked by"""
    body = {"et": LATER, "lnk": "/mn1/base/x", "mgd": 0, "mgs": "http://x.example/y"}
    assert host.cse.create(host.made["nodA"], 10013, {"m2m:mgmtObjAnnc": body}).rsc == 5001


# ---- who may ----


@pytest.mark.parametrize("short", BUILT)
def test_only_by_the_host_of_the_original(host, unchanged, short):
    """SEC-ACP-31: others get 4103, whatever policies say; TS-0004 7.4.26.2.4, 7.4.26.2.5"""
    for client in (host.other, host.ae):
        assert host.create(short, client).rsc in (4103, 4105), client.originator
        assert client.update(host.made[short], short, lbl=["x"]).rsc == 4103
        assert client.delete(host.made[short]).rsc == 4103
    assert host.admin.update(host.made[short], short, lbl=["x"]).rsc == 4103
    assert host.create(short, host.admin).rsc == 4103


def test_rights_do_not_count(host):
    """SEC-ACP-31"""
    acp = grant(host.admin, (["all"], 63), parent="cse-in", name="allrights")
    made = host.create("cntA", acpi=[acp])
    assert made.rsc == 2001 and made["acpi"] == [acp]
    for client in (host.other, host.ae, host.admin):
        assert client.retrieve(made["ri"]).rsc == 2000
        assert client.update(made["ri"], "cntA", lbl=["x"]).rsc == 4103
    assert host.ae.delete(made["ri"]).rsc == 4103
    assert host.cse.update(made["ri"], "cntA", lbl=["x"], acpi=[acp]).rsc == 2004
    assert host.admin.delete(made["ri"]).rsc == 2002, "what a CSE that is gone has left"


@pytest.mark.parametrize("link", ["/mn2/base/x", "//far.example/mn1/base/x", "cnt1", "base/x", "/in/x", "/id-in/cse-in",
                                  "http://mn1/base/x", "/", "//", "///", "/mn10/x"])
def test_links_of_others(host, unchanged, link):
    """The link says whose copy it is; it stays there"""
    assert host.create("cntA", lnk=link).rsc in (4103, 4000)
    assert host.cse.update(host.made["cntA"], "cntA", lnk=link).rsc in (4103, 4000)
    assert host.cse.update(host.made["cntA"], "cntA", lnk=None).rsc == 4000


def test_an_ae_does_not_announce(host, unchanged):
    link = f"/id-in/{host.ae.originator}"
    assert host.create("cntA", host.ae, lnk=link).rsc == 4103
    assert host.ae.create("cse-in/who", 10003, {"m2m:cntA": minimal("cntA", lnk=link)}).rsc == 4108


def test_without_policies_nobody_sees_it(host):
    """A copy is no wider than what the original's host says: nothing said, nothing given"""
    made = host.made["cntA"]
    for client in (host.ae, host.other):
        assert client.retrieve(made).rsc == 4103
        assert made not in str(client.discover("cse-in"))
        assert client.create(made, "cnt").rsc == 4103
    assert host.cse.retrieve(made).rsc == 2000


def test_without_policies_nobody_sees_it_in_release_2(own):
    """There the parent's policies count where a resource has none: those of the CSEBase here are not the original's"""
    host = Host(own("--profile", "r2", store="mem").url)
    for short in ("cbA", "cntA", "cinA"):
        assert host.cse.retrieve(host.made[short]).rsc == 2000
        for client in (host.ae, host.other):
            assert client.retrieve(host.made[short]).rsc == 4103, short
            assert host.made[short] not in str(client.discover("cse-in"))


def test_policies_of_the_original(host):
    """acpi may name policies that are not here: those permit nothing where their CSE cannot be asked"""
    far = host.create("cntA", acpi=["/mn1/base/acp1"])
    assert far.rsc == 2001 and far["acpi"] == ["/mn1/base/acp1"]
    assert host.ae.retrieve(far["ri"]).rsc == 4103
    assert host.cse.retrieve(far["ri"]).rsc == 2000
    rules = {"acr": [{"acor": [host.ae.originator], "acop": 34}]}
    policy = host.create("acpA", pv=rules)
    assert host.cse.update(far["ri"], "cntA", acpi=[policy["ri"]]).rsc == 2004
    assert host.ae.retrieve(far["ri"]).rsc == 2000
    assert host.ae.update(far["ri"], "cntA", lbl=["x"]).rsc == 4103
    assert host.cse.update(policy["ri"], "acpA", pv={"acr": [{"acor": ["/mn1/C1"], "acop": 34}]}).rsc == 2004
    assert host.ae.retrieve(far["ri"]).rsc == 4103
    assert host.ae.retrieve(policy["ri"]).rsc == 4103
    assert host.create("cntA", acpi=["nosuch"]).rsc == 4000
    assert host.ae.create("cse-in/who", "cnt", acpi=[policy["ri"]]).rsc == 4000, "for copies only"
    for made in (far, policy):
        assert host.cse.delete(made["ri"]).rsc == 2002


def test_announced_policies_protect_themselves(host):
    """TS-0001 9.6.2.0: who may see what stands above a policy does not see its rules, at the copy as at the original"""
    acp = grant(host.admin, (["all"], 63), parent="cse-in", name="allabovepolicy")
    base = host.create("cbA", acpi=[acp])["ri"]
    assert host.ae.retrieve(base).rsc == 2000
    policy = host.create("acpA", parent=base)["ri"]
    for client in (host.ae, host.other):
        assert client.retrieve(policy).rsc == 4103
        assert policy not in str(client.discover(base))
        assert client.create(policy, "sub", nu=[client.originator]).rsc == 4103
    assert host.cse.update(policy, "acpA", pvs={"acr": [{"acor": [host.ae.originator], "acop": 2}]}).rsc == 2004
    assert host.ae.retrieve(policy).rsc == 2000
    assert host.cse.retrieve(policy).rsc == 2000
    assert host.cse.delete(base).rsc == 2002


@pytest.mark.parametrize("rules", [{"acr": []}, {"acr": [{"acor": [], "acop": 1}]},
                                   {"acr": [{"acor": ["a b"], "acop": 1}]}, {"acr": [{"acor": ["all"], "acop": 64}]}])
def test_policies_that_cannot_be_evaluated(host, unchanged, rules):
    """As for <accessControlPolicy>"""
    assert host.create("acpA", pvs=rules).rsc == 4000
    assert host.cse.update(host.made["acpA"], "acpA", pvs=rules).rsc == 4000


def test_children(host):
    """TS-0001 9.2.3: others create normal resources below it, where policies let them; the host of the original its
    announced ones, even if the policies do not name it"""
    acp = grant(host.admin, ([host.ae.originator], 63), parent="cse-in", name="foraecopy")
    made = host.create("cntA", acpi=[acp])["ri"]
    assert host.ae.create(made, "cnt").rsc == 2001
    assert host.create("cntA", parent=made).rsc == 2001
    assert host.create("cntA", host.other, parent=made, lnk="/mn2/base/z").rsc == 4103
    assert host.create("cntA", host.ae, parent=made).rsc == 4103
    assert host.cse.delete(made).rsc == 2002


def test_expiration(host):
    """TS-0001 table 9.6.26.2-1: not beyond what the host of the original says"""
    made = host.create("cntA", et="20270101T000000")
    assert made["et"].startswith("20270101T000000") or made["et"] < "20270101T000000"
    assert host.create("cntA", et="20200101T000000").rsc == 4000
    assert host.cse.delete(made["ri"]).rsc == 2002


# ---- the original ----


def test_original_resource(tmp_path):
    """TS-0004 7.4.26.2.3, TS-0001 10.2.13.3: rcn=7 gives the original, asked for in the name of the retriever"""
    with Fleet(tmp_path, names=("in", "mn1")) as fleet:
        fleet.add_aes("in", "mn1")
        there = fleet.client("mn1", "Cae").retrieve("base/ae/open").res
        cse = fleet.client("in", "/mn1")
        acp = grant(fleet.client("in"), (["all"], 2), parent="base", name="readers")
        copies = {}
        base = cse.create("base", 10005, {"m2m:cbA": {"et": LATER, "lnk": "/mn1/base", "srv": ["3"]}})["ri"]
        for name in ("open", "gone"):
            body = {"et": LATER, "lnk": f"/mn1/base/ae/{name}", "acpi": [acp]}
            copies[name] = cse.create(base, 10003, {"m2m:cntA": body})["ri"]
        ae = fleet.client("in", "Cae")
        found = ae.retrieve(copies["open"], query={"rcn": 7})
        assert found.rsc == 2000 and found.res == there, found
        assert ae.retrieve(copies["gone"], query={"rcn": 7}).rsc == 4004
        member = ae.retrieve(copies["open"], query={"rcn": 7}, headers={"X-M2M-GID": "g1"})
        assert member.rsc == 5001, "a member of a group of another CSE, as one of ours"
        secret = fleet.client("mn1", "Cae").create("base/ae", "cnt", rn="secret")
        assert secret.rsc == 2001
        assert cse.update(copies["gone"], "cntA", lnk="/mn1/base/ae/secret").rsc == 2004
        assert ae.retrieve(copies["gone"], query={"rcn": 7}).rsc == 4103, "it is the host of the original that decides"
        assert ae.retrieve("base/ae", query={"rcn": 7}).rsc == 4000, "no announced resource"
        fleet.kill("mn1")
        assert ae.retrieve(copies["open"], query={"rcn": 7}).rsc == 5103
        assert ae.retrieve(copies["open"]).rsc == 2000
