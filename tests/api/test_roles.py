"""Roles: the resource, the parameter Role IDs, roles kept by other CSEs.
spec: TS-0001 9.6.38, TS-0003 7.4, security.md 5"""

import itertools
import json
import time

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.receiver import RawReceiver, Receiver, closed_port
from lib.server import eventually

DOMAIN = "merlon.example"
ELSEWHERE = "roles.other.example"
ISSUER = "//other.example/id-other/CAuthority"
_roles = itertools.count(1)


def role_id(domain=DOMAIN):
    return f"role{next(_roles)}.Test-x_y@{domain}"


def a_role(named, holder, issuer="CAdmin", **changed):
    role = {"rlid": named, "tkis": issuer, "tkhd": holder, "tknb": timestamp(-60), "tkna": timestamp(600)}
    return {name: value for name, value in {**role, **changed}.items() if value is not None}


def assign(client, rlid, holder, **changed):
    answer = client.create("cse-in", "rol", **a_role(rlid, holder, **changed))
    assert answer.rsc == 2001, answer
    return answer


def guarded(admin, ae, *originators, operations=63):
    """A container of the AE that only these originators may use."""
    policy = grant(admin, (originators, operations))
    answer = ae.create(ae.path, "cnt", acpi=[policy])
    assert answer.rsc == 2001, answer
    return answer["ri"]


def sent(client, to, *ids, query=None):
    """RETRIEVE with Role IDs; '+' between them as TS-0009 writes it."""
    fields = "&".join([f"rids={'+'.join(ids)}", *(query or [])])
    return client.request("GET", f"{to}?{fields}")


# ---- the resource ----

MANDATORY = ["rlid", "tkis", "tkhd", "tknb", "tkna"]


def test_a_role_is_stored(admin, ae):
    """SEC-ROL-01 spec: TS-0004 7.4.40"""
    rlid = role_id()
    answer = assign(admin, rlid, ae.stem, rlnm="the operator", lbl=["duty"])
    shown = admin.retrieve(answer["ri"])
    for name, value in {"ty": 31, "rlid": rlid, "tkis": "CAdmin", "tkhd": ae.stem, "rlnm": "the operator"}.items():
        assert shown[name] == value
    assert admin.delete(answer["ri"]).rsc == 2002
    assert admin.retrieve(answer["ri"]).rsc == 4004


@pytest.mark.parametrize("missing", MANDATORY)
def test_mandatory_attributes(admin, ae, missing):
    """SEC-ROL-01 spec: TS-0004 table 7.4.40.1-3"""
    assert admin.create("cse-in", "rol", **a_role(role_id(), ae.stem, **{missing: None})).rsc == 4000


def test_what_does_not_change(admin, ae):
    """SEC-ROL-01 spec: TS-0004 table 7.4.40.1-3"""
    role = assign(admin, role_id(), ae.stem)
    values = {**a_role(role_id(), ae.stem), "rlnm": "x"}
    for name, value in values.items():
        assert admin.update(role["ri"], "rol", **{name: value}).rsc == 4000, name
    for name in MANDATORY:
        assert admin.update(role["ri"], "rol", **{name: None}).rsc == 4000, name
    assert admin.update(role["ri"], "rol", rltl="cse-in/token1", lbl=["x"]).rsc == 2004
    assert admin.update(role["ri"], "rol", rltl=None).rsc == 2004


@pytest.mark.parametrize("rlid", ["operator", "operator@", "@merlon.example", "op erator@merlon.example",
                                  "operator@Merlon.Example", "operator@merlon.example ", "a@b@merlon.example",
                                  "op/erator@merlon.example", "öperator@merlon.example", "operator@-x.example",
                                  "operator@merlon..example", "", "operator\u0000@merlon.example", 7])
def test_role_id_syntax(admin, ae, rlid):
    """SEC-ROL-02 spec: TS-0001 7.1.14"""
    assert admin.create("cse-in", "rol", **a_role(rlid, ae.stem)).rsc == 4000
    policy = {"acr": [{"acor": [rlid], "acop": 63}]}
    if isinstance(rlid, str) and "@" in rlid and "/" not in rlid:
        own = {"acr": [{"acor": ["CAdmin"], "acop": 63}]}
        assert admin.create("cse-in", "acp", pv=policy, pvs=own).rsc == 4000
    if isinstance(rlid, str) and "\0" not in rlid and rlid:
        query = {"rids": rlid.replace(" ", "%20")}
        assert ae.retrieve(ae.path, query=query).rsc == 4000 or " " in rlid


@pytest.mark.parametrize("changed", [{"tkhd": "thing"}, {"tkhd": "cse-in/ae1"}, {"tkis": "thing"},
                                     {"tknb": "20300101T000000", "tkna": "20300101T000000"},
                                     {"tknb": timestamp(60), "tkna": timestamp(30)},
                                     {"tkna": "tomorrow"}, {"tknb": "2030-01-01T00:00:00Z"}])
def test_bad_values(admin, ae, changed):
    """SEC-ROL-02 spec: security.md 5.1: holder and issuer are entities, the end follows the beginning"""
    assert admin.create("cse-in", "rol", **a_role(role_id(), ae.stem, **changed)).rsc == 4000


def test_where_a_role_may_stand(admin, ae):
    """spec: TS-0001 9.6.3: a child of the CSEBase"""
    rlid = role_id()
    assert ae.create(ae.path, "rol", **a_role(rlid, ae.stem, issuer=ae.stem)).rsc == 4108


def test_only_the_issuer_assigns(admin, ae, other):
    """SEC-ROL-13: otherwise whoever may create a role could give himself any"""
    rlid = role_id()
    target = guarded(admin, other, rlid)
    for client, issuer in ((ae, "CAdmin"), (ae, ae.stem), (admin, other.stem), (admin, "/id-mn/CAdmin"),
                           (admin, "//other.example/id-in/CAdmin"), (admin, "Cadmin")):
        assert client.create("cse-in", "rol", **a_role(rlid, ae.stem, issuer=issuer)).rsc == 4103, issuer
    assert sent(ae, target, rlid).rsc == 4103
    for spelling in ("CAdmin", "/id-in/CAdmin", "//merlon.example/id-in/CAdmin"):
        answer = admin.create("cse-in", "rol", **a_role(role_id(), ae.stem, issuer=spelling))
        assert answer.rsc == 2001 and answer["tkis"] == spelling


# ---- use ----


def test_a_role_opens(admin, ae, other):
    """SEC-ROL-03 spec: TS-0003 7.4.2; SEC-ACP-18"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem)
    assert sent(other, target, rlid).rsc == 2000
    assert other.retrieve(target).rsc == 4103
    assert other.create(target, "cin", con="1").rsc == 4103
    assert other.create(f"{target}?rids={rlid}", "cin", con="1").rsc == 2001
    assert other.update(f"{target}?rids={rlid}", "cnt", lbl=["x"]).rsc == 2004
    assert other.delete(f"{target}?rids={rlid}").rsc == 2002


def test_the_operations_of_the_rule_count(admin, ae, other):
    """SEC-ROL-03: the role is an originator of the rule, nothing more"""
    rlid = role_id()
    target = guarded(admin, ae, rlid, operations=2)
    assign(admin, rlid, other.stem)
    assert sent(other, target, rlid).rsc == 2000
    assert other.delete(f"{target}?rids={rlid}").rsc == 4103


@pytest.mark.parametrize("spelling", ["{}", "/id-in/{}", "//merlon.example/id-in/{}"])
def test_holder_in_every_spelling(admin, ae, other, spelling):
    """SEC-ROL-03 spec: TS-0001 7.2"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, spelling.format(other.stem))
    assert sent(other, target, rlid).rsc == 2000


def test_another_holder(admin, ae, other):
    """SEC-ROL-04: holder and originator must be one"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    third = admin.register(f"Cthird{next(_roles)}")
    assign(admin, rlid, other.stem)
    assign(admin, rlid, f"/id-mn/{third.originator}")  # an AE of another CSE
    assert sent(third, target, rlid).rsc == 4103
    assert sent(other, target, rlid).rsc == 2000


@pytest.mark.parametrize("begin,end", [(60, 600), (-600, -60)])
def test_out_of_time(admin, ae, other, begin, end):
    """SEC-ROL-05"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem, tknb=timestamp(begin), tkna=timestamp(end))
    assert sent(other, target, rlid).rsc == 4103


def test_time_passes(admin, ae, other):
    """SEC-ROL-05: the end takes effect by itself"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem, tkna=timestamp(1.5))
    assert sent(other, target, rlid).rsc == 2000
    eventually(lambda: sent(other, target, rlid).rsc == 4103)


def test_deleted(admin, ae, other):
    """SEC-ROL-06"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    role = assign(admin, rlid, other.stem)
    assert sent(other, target, rlid).rsc == 2000
    assert admin.delete(role["ri"]).rsc == 2002
    assert sent(other, target, rlid).rsc == 4103
    assign(admin, rlid, other.stem)
    assert sent(other, target, rlid).rsc == 2000


def test_expired(admin, ae, other):
    """SEC-ROL-06 SEC-GEN-07: expirationTime of the resource"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem, et=timestamp(1.5))
    assert sent(other, target, rlid).rsc == 2000
    eventually(lambda: sent(other, target, rlid).rsc == 4103)


def test_many_roles_of_one_name(admin, ae, other):
    """SEC-ROL-05 SEC-ROL-08: expired ones of the same Role-ID do not hide the one that counts"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem, tknb=timestamp(-600), tkna=timestamp(-60))
    for _ in range(3):
        assign(admin, rlid, ae.stem)
    assert sent(other, target, rlid).rsc == 4103
    assign(admin, rlid, other.stem)
    assert sent(other, target, rlid).rsc == 2000


@pytest.mark.parametrize("options,accepted", [
    ((), {DOMAIN: 2000, "a.example": 4103}),
    ((f"{DOMAIN}=Cright", "a.example=/id-in/CAdmin"), {DOMAIN: 4103, "a.example": 2000, "b.example": 4103}),
    (("a.example=Cright", "a.example=CAdmin"), {DOMAIN: 2000, "a.example": 2000}),
    (("a.example=//other.example/id-in/CAdmin", "b.example=/id-mn/CAdmin"), {"a.example": 4103, "b.example": 4103})])
def test_issuer_not_accepted(own, options, accepted):
    """SEC-ROL-07: the issuers of a domain are configured; by default the administrator for that of the SP"""
    server = own(*[word for option in options for word in ("--role-issuer", option)])
    admin = Client(server.url)
    holder = admin.register("Cholder")
    for domain, rsc in accepted.items():
        target = admin.create("cse-in", "cnt", acpi=[grant(admin, ([f"r@{domain}"], 63))])
        assign(admin, f"r@{domain}", "Cholder")
        assert sent(holder, target["ri"], f"r@{domain}").rsc == rsc, domain


def test_roles_of_the_service_subscription(own):
    """SEC-ROL-09 spec: TS-0001 9.6.29 allowedRole-IDs: of the rule that admitted the AE"""
    admin = Client(own("--profile-enforcement", "on").url)
    inside, outside = f"inside@{DOMAIN}", f"outside@{DOMAIN}"
    assert admin.create("cse-in", "mssp", rn="profile").rsc == 2001
    assert admin.create("cse-in/profile", "svsn", rn="node", ni="urn:n:1", csi="/id-in",
                        rlk=["cse-in/some", "cse-in/any"]).rsc == 2001
    assert admin.create("cse-in", "asar", rn="some", aae=["Csome"], ari=[inside]).rsc == 2001
    assert admin.create("cse-in", "asar", rn="any", aae=["Cany"]).rsc == 2001
    targets = {}
    for role in (inside, outside):
        targets[role] = admin.create("cse-in", "cnt", acpi=[grant(admin, ([role], 63))])["ri"]
    for stem, codes in (("Csome", (2000, 4103)), ("Cany", (2000, 2000))):
        holder = admin.register(stem)
        for role, rsc in zip((inside, outside), codes):
            assign(admin, role, stem)
            assert sent(holder, targets[role], inside, outside).rsc == rsc, (stem, role)
    holder = Client(admin.url, "Csome")
    assert sent(holder, targets[outside], outside).rsc == 4103


def test_several_roles(admin, ae, other):
    """SEC-ROL-08: one valid one among several is enough; '+' separates them"""
    good, bad, foreign = role_id(), role_id(), role_id("unknown.example")
    target = guarded(admin, ae, good)
    assign(admin, good, other.stem)
    assert sent(other, target, bad, good, foreign).rsc == 2000
    assert sent(other, target, bad, foreign).rsc == 4103
    assert other.request("GET", f"{target}?rids={bad}&rids={good}").rsc == 2000
    assert sent(other, target, *[role_id() for _ in range(33)]).rsc == 4000
    assert sent(other, target, bad, "no-role").rsc == 4000


def test_rights_add_up(admin, ae, other):
    """SEC-ROL-08 SEC-DEC-01"""
    reader, writer = role_id(), role_id()
    policy = grant(admin, ([reader], 2), ([writer], 4))
    target = ae.create(ae.path, "cnt", acpi=[policy])["ri"]
    assign(admin, reader, other.stem)
    assign(admin, writer, other.stem)
    assert sent(other, target, reader, writer).rsc == 2000
    assert sent(other, target, writer).rsc == 4103
    assert other.update(f"{target}?rids={reader}+{writer}", "cnt", lbl=["x"]).rsc == 2004


def test_roles_are_never_implied(admin, ae, other):
    """SEC-ROL-03: without the parameter no role counts, and a role is no originator"""
    rlid = role_id()
    target = guarded(admin, ae, rlid)
    assign(admin, rlid, other.stem)
    assert other.retrieve(target).rsc == 4103
    assert other.As(rlid).retrieve(target).rsc in (4000, 4106)


def test_policy_administration_by_role(admin, ae, other):
    """SEC-ROL-03 SEC-ACP-04: selfPrivileges may name a role"""
    rlid = role_id()
    policy = grant(admin, (["all"], 2), self_rules=[([rlid], 63)])
    assign(admin, rlid, other.stem)
    assert other.retrieve(policy).rsc == 4103
    assert sent(other, policy, rlid).rsc == 2000
    rule = {"acr": [{"acor": [other.stem], "acop": 63}]}
    assert other.update(f"{policy}?rids={rlid}", "acp", pv=rule).rsc == 2004
    target = ae.create(ae.path, "cnt", acpi=[policy])["ri"]
    mine = grant(admin, ([other.stem], 63), self_rules=[([other.stem], 63)])
    assert other.update(target, "cnt", acpi=[mine]).rsc == 4103
    assert other.update(f"{target}?rids={rlid}", "cnt", acpi=[mine]).rsc == 2004


# ---- more than one resource ----


def test_discovery_with_roles(admin, ae, other):
    """SEC-ROL-03 SEC-DEC-09: candidates are decided on with the roles of the request"""
    rlid = role_id()
    label = f"l{rlid.replace('@', '.')}"
    policy = grant(admin, ([rlid], 34))
    for name in ("a", "b"):
        assert ae.create(ae.path, "cnt", rn=name, acpi=[policy], lbl=[label]).rsc == 2001
    assert ae.create(ae.path, "cnt", rn="c", lbl=[label]).rsc == 2001
    assign(admin, rlid, other.stem)
    assert other.discover(lbl=label) == []
    found = sent(other, "cse-in", rlid, query=["fu=1", f"lbl={label}"])
    assert sorted(found.pc["m2m:uril"]) == [f"{ae.path}/a", f"{ae.path}/b"]
    shown = admin.update(ae.path, "ae", acpi=[grant(admin, (["all"], 2))])
    assert shown.rsc == 2004
    children = sent(other, ae.path, rlid, query=["rcn=8"])
    assert sorted(c["rn"] for c in children.res["m2m:cnt"]) == ["a", "b"]


def test_group_members_see_the_roles(admin, ae, other):
    """SEC-ROL-03: fan-out goes on with the originator and its roles"""
    rlid = role_id()
    policy = grant(admin, ([rlid], 63))
    members = [ae.create(ae.path, "cnt", acpi=[policy])["ri"] for _ in range(2)]
    members.append(ae.create(ae.path, "cnt")["ri"])
    group = ae.create(ae.path, "grp", mt=3, mnm=5, mid=members, macp=[grant(admin, (["all"], 63))])
    assert group.rsc == 2001, group
    assign(admin, rlid, other.stem)

    def codes(answer):
        return [r["rsc"] for r in answer.pc["m2m:agr"]["m2m:rsp"]]

    assert codes(other.retrieve(f"{group['ri']}/fopt")) == [4103] * 3
    assert codes(sent(other, f"{group['ri']}/fopt", rlid)) == [2000, 2000, 4103]
    made = other.create(f"{group['ri']}/fopt?rids={rlid}", "cin", con="x")
    assert codes(made) == [2001, 2001, 4103]


def test_conditions_on_others_see_the_roles(admin, ae, other):
    """SEC-ROL-03 spec: TS-0004 7.3.3.17: a condition on a child that only a role may see"""
    rlid = role_id()
    box = guarded(admin, ae, other.stem)
    assert admin.create(box, "cnt", lbl=["in"], acpi=[grant(admin, ([rlid], 63))]).rsc == 2001
    assign(admin, rlid, other.stem)
    asked = {"fu": 2, "clbl": "in", "rcn": 1}
    assert other.retrieve(box, query=asked).rsc == 4004
    assert other.retrieve(box, query={**asked, "rids": rlid}).rsc == 2000


def test_group_itself_by_role(admin, ae, other):
    """SEC-ROL-03: membersAccessControlPolicyIDs may name a role"""
    rlid = role_id()
    member = ae.create(ae.path, "cnt", acpi=[grant(admin, ([rlid], 2))])["ri"]
    group = ae.create(ae.path, "grp", mt=3, mnm=5, mid=[member], macp=[grant(admin, ([rlid], 2))])
    assign(admin, rlid, other.stem)
    assert other.retrieve(f"{group['ri']}/fopt").rsc == 4103
    assert sent(other, f"{group['ri']}/fopt", rlid).rsc == 2000


def test_subscribing_by_role(admin, ae, other, receiver):
    """SEC-ROL-03 SEC-ACP-35: CREATE and RETRIEVE on what is subscribed to"""
    rlid = role_id()
    target = guarded(admin, ae, rlid, operations=3)
    assign(admin, rlid, other.stem)
    assert other.create(target, "sub", nu=[receiver.url]).rsc == 4103
    answer = other.create(f"{target}?rids={rlid}", "sub", nu=[receiver.url])
    assert answer.rsc == 2001, answer


def test_subscription_on_a_role(admin, ae, other, receiver):
    """SEC-ROL-11 spec: TS-0001 10.2.3.14: the holder learns of the token that describes its role"""
    rlid = role_id()
    policy = grant(admin, ([other.stem], 3))
    role = assign(admin, rlid, other.stem, acpi=[policy])
    made = other.create(role["ri"], "sub", nu=[receiver.url], nct=1)
    assert made.rsc == 2001, made
    receiver.drain()
    assert other.update(role["ri"], "rol", rltl="cse-in/token").rsc == 4103
    assert admin.update(role["ri"], "rol", rltl="cse-in/token").rsc == 2004
    told = receiver.next().pc["m2m:sgn"]["nev"]["rep"]["m2m:rol"]
    assert told["rltl"] == "cse-in/token" and told["rlid"] == rlid


def test_discovery_of_roles_is_private(admin, ae, other):
    """SEC-ROL-14"""
    mine = assign(admin, role_id(), ae.stem, acpi=[grant(admin, ([ae.stem], 34))])
    theirs = assign(admin, role_id(), other.stem, acpi=[grant(admin, ([other.stem], 34))])
    hidden = assign(admin, role_id(), other.stem)
    for client, own in ((ae, mine), (other, theirs)):
        assert client.discover(ty=31) == [f"cse-in/{own['rn']}"]
    everything = admin.discover(ty=31)
    assert {f"cse-in/{role['rn']}" for role in (mine, theirs, hidden)} <= set(everything)
    assert ae.retrieve(theirs["ri"]).rsc == 4103


def test_hidden(own):
    """SEC-ROL-03: --hide-unauthorised does not hide from a role"""
    admin = Client(own("--hide-unauthorised", "on").url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([f"r@{DOMAIN}"], 2))]).rsc == 2001
    assign(admin, f"r@{DOMAIN}", "Cholder")
    assert holder.retrieve("cse-in/c").rsc == 4004
    assert sent(holder, "cse-in/c", f"r@{DOMAIN}").rsc == 2000
    assert holder.delete(f"cse-in/c?rids=r@{DOMAIN}").rsc == 4004


def test_roles_survive_a_restart(own):
    """SEC-ROL-03: they are resources"""
    server = own()
    admin = Client(server.url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([f"r@{DOMAIN}"], 2))]).rsc == 2001
    role = assign(admin, f"r@{DOMAIN}", "Cholder")
    server.restart()
    admin, holder = Client(server.url), Client(server.url, "Cholder")
    assert sent(holder, "cse-in/c", f"r@{DOMAIN}").rsc == 2000
    assert admin.delete(role["ri"]).rsc == 2002
    assert sent(holder, "cse-in/c", f"r@{DOMAIN}").rsc == 4103


# ---- roles that another CSE keeps ----


class Repository(Receiver):
    """The CSEBase of another CSE as far as the retrieval of roles is concerned."""

    def __init__(self, port=0):
        super().__init__(port=port)
        self.roles = []
        self.asked = []
        self.answer = self.show

    def show(self, received):
        """RETRIEVE with Result Content 8: child resources that match."""
        self.asked.append(received)
        content = {"m2m:cb": {"m2m:rol": self.roles}} if self.roles else {"m2m:cb": {}}
        return 200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, json.dumps(content).encode()


@pytest.fixture
def repository():
    with Repository() as r:
        yield r


def node(own, url, *options, absent_ms=0, **more):
    """A CSE that finds the roles of ELSEWHERE at that URL; the holder, and a role with its container."""
    server = own("--limit", f"role-absent-ms={absent_ms}",
                 "--role-repository", f"{ELSEWHERE}={url}", "--role-issuer", f"{ELSEWHERE}={ISSUER}", *options,
                 **more)
    admin = Client(server.url)
    holder = admin.register("Cholder")
    rlid = role_id(ELSEWHERE)
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([rlid], 63))]).rsc == 2001
    return admin, holder, rlid


def remote(rlid, **changed):
    return a_role(rlid, "//merlon.example/id-in/Cholder", issuer=ISSUER, ty=31, rn="r1", ri="rol1",
                  **changed)


def test_a_role_is_retrieved(own, repository):
    """SEC-ROL-10 spec: TS-0003 7.4.2"""
    _, holder, rlid = node(own, repository.url + "/cse-other")
    repository.roles = [remote(role_id(ELSEWHERE)), remote(rlid)]
    assert sent(holder, "cse-in/c", rlid).rsc == 2000
    (asked,) = repository.asked
    assert asked.path == f"/cse-other?rcn=8&ty=31&rlid={rlid}"
    assert asked.headers["X-M2M-Origin"] == "/id-in" and asked.headers["X-M2M-RI"]
    assert sent(holder, "cse-in/c", rlid).rsc == 2000  # known by now, to one thread at least
    assert len(repository.asked) <= 2


def test_nobody_is_asked_without_need(own, repository):
    """SEC-ROL-10 SEC-DEC-06: neither for a permit without roles, nor for other domains, nor without Role IDs"""
    admin, holder, rlid = node(own, repository.url)
    assert admin.create("cse-in", "cnt", rn="open", acpi=[grant(admin, (["all"], 2))]).rsc == 2001
    assert sent(holder, "cse-in/open", rlid).rsc == 2000
    assert sent(holder, "cse-in/nothing", rlid).rsc == 4004
    assert sent(holder, "cse-in/c", role_id()).rsc == 4103
    assert holder.retrieve("cse-in/c").rsc == 4103
    assert sent(admin, "cse-in/c", rlid).rsc == 2000
    assert repository.asked == []


@pytest.mark.parametrize("changed", [
    {"tkhd": "//merlon.example/id-in/Cother"}, {"tkhd": "Cholder"}, {"tkhd": "/id-other/Cholder"},
    {"tkis": "//other.example/id-other/CImpostor"}, {"tkis": "CAuthority"}, {"rlid": "other@roles.other.example"},
    {"tknb": "20900101T000000"}, {"tkna": timestamp(-1), "tknb": timestamp(-60)}, {"et": timestamp(-1)},
    {"tkhd": None}, {"tkis": None}, {"tknb": None}, {"tkna": None}, {"rlid": None}, {"tkna": 7}, {"rlid": []},
    {"tkhd": {"x": 1}}])
def test_retrieved_roles_are_checked(own, repository, changed):
    """SEC-ROL-10 SEC-ROL-04 SEC-ROL-05 SEC-ROL-07: what another CSE says is not believed blindly"""
    _, holder, rlid = node(own, repository.url)
    repository.roles = [{name: value for name, value in {**remote(rlid), **changed}.items() if value is not None}]
    assert sent(holder, "cse-in/c", rlid).rsc == 4103
    assert len(repository.asked) == 1
    repository.roles.append(remote(rlid))
    assert sent(holder, "cse-in/c", rlid).rsc == 2000


@pytest.mark.parametrize("answer", [
    4004, 4103, 5000, None, (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b"{"),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b"[]"),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b'{"m2m:cb":[]}'),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b'{"m2m:cb":{"m2m:rol":7}}'),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, b'{"m2m:cb":{"m2m:rol":[7,null,[],"x"]}}'),
    (200, {"X-M2M-RSC": "2000", "Content-Type": "text/plain"}, b"roles"),
    (200, {"X-M2M-RSC": "2000"}, b"")], ids=str)
def test_what_a_repository_may_answer(own, repository, answer):
    """SEC-ROL-10: anything but the role means that there is none"""
    _, holder, rlid = node(own, repository.url)
    repository.answer = lambda received: answer
    assert sent(holder, "cse-in/c", rlid).rsc == 4103
    repository.answer = repository.show
    repository.roles = [remote(rlid)]
    assert sent(holder, "cse-in/c", rlid).rsc == 2000


def test_the_role_itself(own, repository):
    """SEC-ROL-10: a repository may answer with the one role"""
    _, holder, rlid = node(own, repository.url + "/roles")
    body = json.dumps({"m2m:rol": remote(rlid)}).encode()
    repository.answer = lambda received: (200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, body)
    assert sent(holder, "cse-in/c", rlid).rsc == 2000


def test_repository_is_down(own):
    """SEC-ROL-10: at once when nobody listens"""
    _, holder, rlid = node(own, f"http://127.0.0.1:{closed_port()}")
    begin = time.monotonic()
    assert sent(holder, "cse-in/c", rlid).rsc == 4103
    assert time.monotonic() - begin < 5


def test_repository_is_silent(own):
    """SEC-ROL-10: not longer than the request lives, by its own word or by the limit"""
    with RawReceiver(None) as silent:
        _, holder, rlid = node(own, silent.url, "--limit", "request-ms=1500")
        for headers, least, most in ((None, 1.2, 5), ({"X-M2M-RET": "700"}, 0.5, 1.4)):
            begin = time.monotonic()
            answer = holder.request("GET", f"cse-in/c?rids={rlid}", headers=headers)
            took = time.monotonic() - begin
            assert answer.rsc in (4103, 4008), answer
            assert least < took < most, took
        assert holder.retrieve("cse-in/c").rsc == 4103  # the worker is not held up


def test_memory_of_retrieved_roles(own, repository):
    """SEC-ROL-10: not asked for again within a short while, never beyond notAfter"""
    admin, holder, rlid = node(own, repository.url, threads=1)
    repository.roles = [remote(rlid, tkna=timestamp(1.5))]
    for _ in range(3):
        assert sent(holder, "cse-in/c", rlid).rsc == 2000
    assert len(repository.asked) == 1
    other = admin.register("Cother")
    assert sent(other, "cse-in/c", rlid).rsc == 4103  # remembered for the holder alone
    eventually(lambda: sent(holder, "cse-in/c", rlid).rsc == 4103)
    assert len(repository.asked) >= 3


def test_memory_is_short(own, repository):
    """SEC-ROL-10: what is taken back elsewhere counts no longer than the limit says"""
    _, holder, rlid = node(own, repository.url, "--limit", "role-cache-ms=300", threads=1)
    repository.roles = [remote(rlid)]
    assert sent(holder, "cse-in/c", rlid).rsc == 2000
    repository.roles = []
    eventually(lambda: sent(holder, "cse-in/c", rlid).rsc == 4103, seconds=3)


def test_memory_is_bounded(own, repository):
    """SEC-ROL-10: the oldest goes first"""
    admin, holder, rlid = node(own, repository.url, "--limit", "role-cache=16", threads=1)
    others = [role_id(ELSEWHERE) for _ in range(20)]
    assert admin.create("cse-in", "cnt", rn="d", acpi=[grant(admin, (others, 2))]).rsc == 2001
    repository.roles = [remote(r) for r in [rlid, *others]]
    assert sent(holder, "cse-in/c", rlid).rsc == 2000
    assert sent(holder, "cse-in/d", *others).rsc == 2000
    before = len(repository.asked)
    assert sent(holder, "cse-in/d", others[-1]).rsc == 2000
    assert len(repository.asked) == before
    assert sent(holder, "cse-in/c", rlid).rsc == 2000
    assert len(repository.asked) == before + 1


def test_writes_and_discovery_with_retrieved_roles(own, repository):
    """SEC-ROL-10: each kind of request waits for the repository"""
    admin, holder, rlid = node(own, repository.url, "--limit", "role-cache-ms=0")
    repository.roles = [remote(rlid)]
    assert holder.create(f"cse-in/c?rids={rlid}", "cin", con="1").rsc == 2001
    assert sent(holder, "cse-in/c/la", rlid)["con"] == "1"
    found = sent(holder, "cse-in", rlid, query=["fu=1", "ty=3"])
    assert found.pc["m2m:uril"] == ["cse-in/c"]
    group = admin.create("cse-in", "grp", rn="g", mt=3, mnm=2, mid=["cse-in/c"], macp=[grant(admin, (["all"], 63))])
    assert group.rsc == 2001
    answers = sent(holder, "cse-in/g/fopt", rlid).pc["m2m:agr"]["m2m:rsp"]
    assert [a["rsc"] for a in answers] == [2000]
    assert holder.delete(f"cse-in/c?rids={rlid}").rsc == 2002


def test_a_real_repository(own):
    """SEC-ROL-10: another Merlon keeps the role; a role that it does not show is none"""
    keeper = own("--cse-id", "/id-other", "--cse-name", "cse-other", "--sp-id", "//other.example",
                 "--admin", "CAuthority")
    authority = Client(keeper.url, "CAuthority")
    answer = authority.request("GET", "cse-other?rcn=8&ty=31&rlid=nobody@x.example")
    assert answer.rsc == 2000, answer
    _, holder, rlid = node(own, keeper.url + "/cse-other")
    made = authority.create("cse-other", "rol", **a_role(rlid, "//merlon.example/id-in/Cholder", issuer=ISSUER))
    assert made.rsc == 2001, made
    # over plain text the repository does not believe who we are: security.md 4.1 row 8
    assert sent(holder, "cse-in/c", rlid).rsc == 4103
    shown = authority.request("GET", f"cse-other?rcn=8&ty=31&rlid={rlid}").res["m2m:rol"]
    assert [r["rlid"] for r in shown] == [rlid]
