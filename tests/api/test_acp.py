"""Access control policies: what may be stored, whom a rule names, and what it grants.

spec: TS-0004 7.4.2, 7.3.3.15; TS-0001 9.6.2
"""

import pytest
from lib.onem2m import Client, grant

SP = "//merlon.example"
BITS = {"create": 1, "retrieve": 2, "update": 4, "delete": 8, "notify": 16, "discover": 32}
SGN = {"m2m:sgn": {"sur": "/id-in/none", "sud": True}}


def rule(originators, operations=63, **more):
    return {"acor": list(originators), "acop": operations, **more}


def policy(pv=(), pvs=None):
    """Content of an <accessControlPolicy>; pv and pvs are lists of rules."""
    return {"pv": {"acr": list(pv)}, "pvs": {"acr": list(pvs or [rule(["CAdmin"])])}}


@pytest.fixture
def box(admin, ae):
    """A container of `ae` whose policy is changed by box.allow(rules...)."""

    class Box:
        name = "box"
        path = f"{ae.path}/box"

        def allow(self, *rules):
            answer = admin.update(self.acp, "acp", pv={"acr": list(rules)})
            assert answer.rsc == 2004, answer

    box = Box()
    box.acp = grant(admin)
    assert ae.create(ae.path, "cnt", rn="box", acpi=[box.acp]).rsc == 2001
    yield box
    admin.delete(box.acp)


def admits(box, originator, entry, client):
    box.allow(rule([entry], 2))
    answer = client.retrieve(box.path)
    assert answer.rsc in (2000, 4103), answer
    return answer.rsc == 2000


# ---- what may be stored ----


@pytest.mark.parametrize("content, rsc", [
    ({"pv": {"acr": [rule(["all"], 2)]}}, 4000),
    ({**policy([rule(["all"], 2)]), "pvs": {}}, 4000),
    ({**policy([rule(["all"], 2)]), "pvs": {"acr": []}}, 4000),
    ({**policy([rule(["all"], 2)]), "pvs": None}, 4000),
    ({"pvs": {"acr": [rule(["all"])]}}, 4000),
    ({"pv": None, "pvs": {"acr": [rule(["all"])]}}, 4000),
    ({"pv": {}, "pvs": {"acr": [rule(["all"])]}}, 2001),
    ({"pv": {"acr": []}, "pvs": {"acr": [rule(["all"])]}}, 2001),
], ids=["no pvs", "empty pvs", "pvs without rules", "null pvs", "no pv", "null pv", "empty pv",
        "pv without rules"])
def test_what_a_policy_must_have(admin, ae, content, rsc):
    """SEC-ACP-01 spec: TS-0004 7.4.2.2.1"""
    answer = admin.create(ae.path, "acp", rn="p", **content)
    assert answer.rsc == rsc, answer
    stored = admin.retrieve(f"{ae.path}/p")
    assert stored.rsc == (2000 if rsc == 2001 else 4004)
    if rsc == 2001:
        assert stored["pv"] == {}, "an empty set of rules has one form"


def test_rules_are_kept_in_order(admin, ae):
    """SEC-ACP-02 spec: TS-0001 9.6.2"""
    pv = [rule(["Cx", "all", "/id-in/Cy"], 1 + i) for i in range(20)] + [rule(["all"], 63)]
    pvs = [rule(["CAdmin"], 63), rule(["Cb", "Ca"], 6), rule(["Ca"], 2)]
    created = admin.create(ae.path, "acp", rn="p", **policy(pv, pvs))
    assert created.rsc == 2001, created
    read = admin.retrieve(f"{ae.path}/p")
    assert read["pv"] == {"acr": pv} and read["pvs"] == {"acr": pvs}
    assert all(type(r["acop"]) is int for r in read["pv"]["acr"] + read["pvs"]["acr"])


@pytest.mark.parametrize("pvs", [{}, {"acr": []}, None], ids=["empty", "no rules", "null"])
def test_the_last_rule_of_self_privileges_stays(admin, ae, other, pvs):
    """SEC-ACP-03 spec: TS-0004 7.4.2.2.3"""
    acp = grant(admin, self_rules=[(["CAdmin"], 63), ([other.stem], 2)])
    answer = admin.update(acp, "acp", pvs=pvs)
    assert answer.rsc == 4000, answer
    assert other.retrieve(acp).rsc == 2000, "the old rules stay effective"
    assert ae.retrieve(acp).rsc == 4103
    assert admin.update(acp, "acp", pv=None).rsc == 4000, "privileges cannot be removed"


def test_an_update_of_acpi_is_no_way_around_self_privileges(ae, other):
    """A policy has no accessControlPolicyIDs, whose change is decided otherwise: strangers are
    refused as strangers. TS-0001 9.6.2.0"""
    own = {"acr": [{"acor": [ae.stem], "acop": 63}]}
    policy = ae.create(ae.path, "acp", pv=own, pvs=own)["ri"]
    assert other.update(policy, "acp", acpi=[policy]).rsc == 4103
    assert ae.update(policy, "acp", acpi=[policy]).rsc == 4000


def test_self_privileges_alone_protect_the_policy(admin, ae, other):
    """SEC-ACP-04 spec: TS-0001 9.6.2.0"""
    acp = grant(admin, ([other.stem], 63), self_rules=[([ae.stem], 2)])
    for answer in (other.retrieve(acp), other.update(acp, "acp", lbl=["x"]), other.delete(acp)):
        assert answer.rsc == 4103, answer
    assert ae.retrieve(acp).rsc == 2000
    assert ae.update(acp, "acp", lbl=["x"]).rsc == 4103
    assert ae.delete(acp).rsc == 4103


def test_the_creator_of_a_policy_has_no_hidden_rights(ae, other):
    """SEC-ACP-04 spec: TS-0001 9.6.2.0"""
    created = ae.create(ae.path, "acp", **policy([rule(["all"])], [rule([other.stem])]))
    assert created.rsc == 2001
    assert ae.retrieve(created["ri"]).rsc == 4103
    assert ae.delete(created["ri"]).rsc == 4103
    assert other.delete(created["ri"]).rsc == 2002


@pytest.mark.parametrize("operation, bit, allowed", [
    ("retrieve", 2, "retrieve"), ("update", 4, "update"), ("delete", 8, "delete")])
def test_each_bit_of_self_privileges(admin, other, operation, bit, allowed):
    """SEC-ACP-04 SEC-ACP-08 spec: TS-0001 9.6.2.3"""
    acp = grant(admin, self_rules=[([other.stem], bit)])
    assert other.retrieve(acp).rsc == (2000 if allowed == "retrieve" else 4103)
    assert other.update(acp, "acp", lbl=["x"]).rsc == (2004 if allowed == "update" else 4103)
    assert other.delete(acp).rsc == (2002 if allowed == "delete" else 4103)


@pytest.mark.parametrize("acop", [0, 64, 65, 127, 255, 256, -1, -63, 2**32 + 2, 2**63, 2**64 - 1,
                                  2**64 + 2, "2", 2.5, True, None, [2], {}])
@pytest.mark.parametrize("where", ["pv", "pvs"])
def test_operations_out_of_range(admin, ae, where, acop):
    """SEC-ACP-09 spec: TS-0004 6.3.4.2.29"""
    content = policy()
    content[where]["acr"] = [rule(["all"], acop)]
    assert admin.create(ae.path, "acp", rn="p", **content).rsc == 4000
    assert admin.retrieve(f"{ae.path}/p").rsc == 4004


@pytest.mark.parametrize("broken", [
    {"acop": 63}, {"acor": ["all"]}, {"acor": [], "acop": 63}, {"acor": None, "acop": 63},
    {"acor": "all", "acop": 63}, {"acor": [1], "acop": 63}, {"acor": [None], "acop": 63},
    {"acor": [["all"]], "acop": 63}, {"acor": {"all": 1}, "acop": 63}, {"acor": [""], "acop": 63},
    {"acor": ["all", ""], "acop": 63}, {"acor": ["C 1"], "acop": 63},
    {"acor": ["C\n1"], "acop": 63}, {"acor": ["C\u00001"], "acop": 63}, [], "all", None, 1, True,
    {"acor": ["all"], "acop": 63, "acox": 1},
])
def test_broken_rules_are_refused(admin, ae, broken):
    """spec: TS-0004 6.3.5.27: a rule needs originators and operations"""
    for where in ("pv", "pvs"):
        content = policy()
        content[where]["acr"] = [rule(["CAdmin"]), broken]
        answer = admin.create(ae.path, "acp", rn="p", **content)
        assert answer.rsc == 4000, (where, broken, answer)
        assert admin.retrieve(f"{ae.path}/p").rsc == 4004


@pytest.mark.parametrize("entry,rsc", [
    ("role1@example.com", 2001), ("A-b_c.9@merlon.example", 2001), ("role1@Example.com", 4000), ("role1@", 4000),
    ("@example.com", 4000), ("ro le@example.com", 4000), ("a@b@example.com", 4000), ("role*@example.com", 4000)])
def test_roles_as_originators(admin, ae, entry, rsc):
    """SEC-ACP-18 SEC-ROL-02: what has an '@' is a Role-ID, or nothing"""
    content = policy([rule(["Cnobody1", entry], 2)])
    assert admin.create(ae.path, "acp", rn="p", **content).rsc == rsc
    assert admin.retrieve(f"{ae.path}/p").rsc == (2000 if rsc == 2001 else 4004)


@pytest.mark.parametrize("attribute", ["acpi", "daci", "cr", "st", "foo"])
def test_a_policy_has_no_policy(admin, ae, attribute):
    """spec: TS-0004 table 7.4.2.1-2"""
    value = {"acpi": ["-"], "daci": ["-"], "cr": None, "st": 1, "foo": 1}[attribute]
    assert admin.create(ae.path, "acp", **policy(), **{attribute: value}).rsc == 4000
    acp = grant(admin)
    assert admin.update(acp, "acp", **{attribute: value}).rsc == 4000
    assert admin.delete(acp).rsc == 2002


def test_where_policies_may_stand(admin, ae):
    """spec: TS-0001 9.6.1.1: below <CSEBase> and <AE>, not below containers and groups"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(ae.path, "grp", rn="g", mnm=1, mid=[]).rsc == 2001
    acp = grant(admin)
    for parent in (f"{ae.path}/c", f"{ae.path}/g", acp):
        assert admin.create(parent, "acp", **policy()).rsc == 4108, parent
    assert ae.create(ae.path, "acp", **policy()).rsc == 2001
    assert ae.create("cse-in", "acp", **policy()).rsc == 4103


def test_many_rules(own):
    """SEC-DEC-12: the number of rules and references is bounded, and up to the bound it works."""
    server = own("--limit", "acp_rules=50", "--limit", "acp_references=5")
    admin = Client(server.url)
    ae = admin.register("Cmany", name="many")
    filler = [rule([f"Cnobody{i}"], 63) for i in range(49)]
    assert admin.create("cse-in", "acp", **policy(filler + [rule(["x"])] * 2)).rsc == 4000
    last = admin.create("cse-in", "acp", **policy(filler + [rule(["Cmany"], 2)]))
    assert last.rsc == 2001, last
    ids = [admin.create("cse-in", "acp", **policy(filler))["ri"] for _ in range(4)] + [last["ri"]]
    assert admin.create("cse-in", "cnt", rn="c", acpi=ids + ids[:1]).rsc == 4000
    assert admin.create("cse-in", "cnt", rn="c", acpi=ids).rsc == 2001
    assert ae.retrieve("cse-in/c").rsc == 2000
    assert ae.update("cse-in/c", "cnt", lbl=["x"]).rsc == 4103


# ---- the operations ----


def attempt(client, operation, target, label):
    """Tries one of the six operations on an <AE>; True when it was done."""
    if operation == "discover":
        found = client.discover("cse-in", lbl=label)
        assert found in ([], [target])
        return bool(found)
    answer = {
        "create": lambda: client.create(target, "cnt"),
        "retrieve": lambda: client.retrieve(target),
        "update": lambda: client.update(target, "ae", lbl=[label, "new"]),
        "delete": lambda: client.delete(target),
        "notify": lambda: client.notify(target, SGN),
    }[operation]()
    assert answer.rsc == 4103 or answer.rsc < 3000, answer
    return answer.rsc != 4103


@pytest.fixture
def target(admin, receiver, ae):
    """An <AE> that is reached through the receiver, with a label of its own."""
    acp = grant(admin)
    client = admin.register(f"Ctarget{ae.stem}", name=f"t{ae.stem}", poa=[receiver.url], acpi=[acp],
                            lbl=[f"label-{ae.stem}"])
    client.path, client.acp, client.label = f"cse-in/t{ae.stem}", acp, f"label-{ae.stem}"
    yield client
    admin.delete(client.path)
    admin.delete(acp)


@pytest.mark.parametrize("bit", BITS)
@pytest.mark.parametrize("operation", BITS)
def test_each_bit_grants_its_operation_only(admin, other, target, receiver, bit, operation):
    """SEC-ACP-08 SEC-ACP-42 SEC-ACP-24 spec: TS-0001 9.6.2.3"""
    admin.update(target.acp, "acp", pv={"acr": [rule([other.stem], BITS[bit])]})
    before = admin.retrieve(target.path).res
    done = attempt(other, operation, target.path, target.label)
    assert done == (bit == operation)
    assert receiver.all.qsize() == (1 if bit == operation == "notify" else 0)
    if not done:
        assert admin.retrieve(target.path).res == before
        assert admin.retrieve(target.path, query={"rcn": 6}).pc["m2m:rrl"]["rrf"] == []


@pytest.mark.parametrize("mask", [63 - b for b in BITS.values()] + [3, 20, 40])
def test_masks_of_several_bits(admin, other, target, mask):
    """SEC-ACP-08 spec: TS-0004 6.3.4.2.29: the sum of the operations"""
    admin.update(target.acp, "acp", pv={"acr": [rule([other.stem], mask)]})
    for operation in ("create", "retrieve", "update", "notify", "discover", "delete"):
        done = attempt(other, operation, target.path, target.label)
        assert done == bool(mask & BITS[operation]), operation


def test_operations_of_several_rules_add_up(admin, other, target):
    """SEC-ACP-10 spec: TS-0004 7.3.3.15: any rule that satisfies all conditions"""
    rules = [rule(["Cnobody"], 63), rule([other.stem], 2), rule(["all"], 32)]
    admin.update(target.acp, "acp", pv={"acr": rules})
    done = {o for o in BITS if attempt(other, o, target.path, target.label)}
    assert done == {"retrieve", "discover"}


@pytest.mark.parametrize("order", [0, 1])
def test_several_policies(admin, ae, other, order):
    """SEC-ACP-10 SEC-DEC-01: one policy that permits is enough, in any order."""
    silent = grant(admin, ([other.stem], 61), (["Cnobody"], 63))
    speaking = grant(admin, ([other.stem], 2))
    acpi = [silent, speaking] if order else [speaking, silent]
    assert ae.create(ae.path, "cnt", rn="c", acpi=acpi).rsc == 2001
    assert other.retrieve(f"{ae.path}/c").rsc == 2000
    assert other.update(f"{ae.path}/c", "cnt", lbl=["x"]).rsc == 2004
    assert admin.delete(speaking).rsc == 2002
    assert other.retrieve(f"{ae.path}/c").rsc == 4103, "a rule that is gone grants nothing"
    assert other.update(f"{ae.path}/c", "cnt", lbl=["y"]).rsc == 2004


# ---- whom an entry names ----


def spellings(stem):
    return [stem, f"/id-in/{stem}", f"{SP}/id-in/{stem}"]


@pytest.mark.parametrize("at", range(3), ids=["stem", "SP-relative", "absolute"])
def test_every_spelling_of_an_ae(ae, other, box, at):
    """SEC-ACP-12 spec: TS-0001 7.2"""
    assert admits(box, other, spellings(other.stem)[at], other)
    assert not admits(box, ae, spellings(other.stem)[at], ae)


@pytest.mark.parametrize("entry", ["Sdevice1", "/Sdevice1", f"{SP}/Sdevice1", "S*", "/Sdev*",
                                   f"{SP}/S*", "//*/Sdevice1", "//MERLON.Example/Sdevice1"])
def test_every_spelling_of_an_sp_assigned_ae(admin, ae, box, entry):
    """SEC-ACP-12 spec: TS-0001 7.2: an S-type AE-ID has no CSE-ID in it"""
    client = admin.register("Sdevice1", name=f"s{ae.stem}")
    try:
        assert admits(box, client, entry, client)
        assert not admits(box, ae, entry, ae)
    finally:
        admin.delete(f"cse-in/s{ae.stem}")


@pytest.mark.parametrize("entry", ["/id-in/Sdevice2", "/id-other/Sdevice2", f"{SP}/id-in/Sdevice2",
                                   "//other.example/Sdevice2", "Sdevice", "Sdevice22", "sdevice2",
                                   "/id-in/S*", "C*"])
def test_what_is_no_spelling_of_an_sp_assigned_ae(admin, ae, box, entry):
    """SEC-ACP-12 spec: TS-0001 7.2"""
    client = admin.register("Sdevice2", name=f"s{ae.stem}")
    try:
        assert not admits(box, client, entry, client)
    finally:
        admin.delete(f"cse-in/s{ae.stem}")


@pytest.mark.parametrize("entry", [
    "*", "C*", "Cother*", "C*ther{n}", "C*o*t*h*e*r*{n}", "Cother{n}*", "*{n}", "**", "/id-in/*",
    "/id-in/Cother*", "/id-in/*{n}", "/*/Cother{n}", "/id-*/Cother{n}", "/*in/C*", "//*/id-in/C*",
    "//*/*/*", "//merlon.*/id-in/Cother{n}", "//*.example/id-in/Cother{n}",
    "//merlon.example/id-in/Cother{n}*", "//merlon.example*/id-in/Cother{n}",
    "//MERLON.EXAMPLE/id-in/Cother{n}"])
def test_wildcards_match(other, box, entry):
    """SEC-ACP-13 spec: TS-0004 table 7.3.3.15-1: '*' at any level of AE-IDs, CSE-IDs, domains"""
    number = other.stem.removeprefix("Cother")
    assert admits(box, other, entry.replace("{n}", number), other)


@pytest.mark.parametrize("entry", [
    "c*", "S*", "Cother", "Cother*x", "*x", "C*/*", "/*", "/id-in/*/*", "/id-in/*/x", "/id-in/C*/x",
    "/id-in*", "/id-other/*", "/id-in/x*", "//*/id-other/*", "//*/C*", "//*/id-in",
    "//other.*/id-in/*", "//*/*", "//merlon.example/id-in/", "/id-in/", "id-in/*", "*/*",
    "cse-in/*", "/id-in/cse-in/*", "-/*", "/", "//", "///", "/*/*/*", "//*/*/*/*", "~*", "./*",
    "/ID-IN/*", "//merlon.example//id-in/*", "//merlon.example/id-in/C*/"])
def test_wildcards_do_not_match(other, box, entry):
    """SEC-ACP-13 SEC-ACP-14 spec: TS-0004 table 7.3.3.15-1: a wildcard stays in its segment"""
    assert not admits(box, other, entry, other)


@pytest.mark.parametrize("entry", ["/id-in", f"{SP}/id-in", "/id-*", "/*", "//*/*", "//*/id-in"])
def test_a_cse_does_not_stand_for_its_aes(other, box, entry):
    """SEC-ACP-14"""
    assert not admits(box, other, entry, other)


@pytest.mark.parametrize("entry", [SP, "//MERLON.example", "//*", "//*.example", "//merlon.*",
                                   "//m*n.e*e", "//merlon.example*"])
def test_domains_match(other, box, entry):
    """SEC-ACP-17 spec: TS-0001 9.6.2.1: an SP domain"""
    assert admits(box, other, entry, other)


@pytest.mark.parametrize("entry", [
    "//example", "//other.example", "//sub.merlon.example", "//merlon.example.com", "//merlon",
    "//erlon.example", "//xmerlon.example", "//*.merlon.example", "//merlon*example*x", "//",
    "//merlon.example/", "merlon.example", "/merlon.example", "///merlon.example", "//other.*"])
def test_domains_do_not_match(other, box, entry):
    """SEC-ACP-17: neither a part of the domain nor a domain above or below it"""
    assert not admits(box, other, entry, other)


@pytest.mark.parametrize("entry", [
    ".*", "C.*", "C.+", "Cother.", "C?ther{n}", "C[a-z]*[0-9]*", "^Cother{n}$", "(Cother{n})",
    "Cother{n}|x", "C%", "Cothe_{n}", "\\*", "C\\w*", "Cother{n}\\", "Cother{n}%00", "Cother%7Bn}",
    "%43other{n}", "Cother{n}#", "Cother{n}?", "Cother{n},all", "'Cother{n}'", '"Cother{n}"',
    "all*", "a*", "*all", "All", "ALL", "any", "all/", "/all", "//all", "Cother{n}/", "/Cother{n}",
    "//id-in/Cother{n}", "id-in/Cother{n}", "~/id-in/Cother{n}", "/~/id-in/Cother{n}",
    "\u0421other{n}", "\uff23other{n}", "C\u043ether{n}", "Cother\u200b{n}", "\u202eCother{n}",
    "Cother{n}\u0301", "a\u217cl", "\uff0a", "C\u2217", "\u2215id-in\u2215Cother{n}", "\u00adall"])
def test_look_alikes_do_not_match(admin, other, box, entry):
    """SEC-ACP-13: entries are no regular expressions, and bytes are compared"""
    number = other.stem.removeprefix("Cother")
    entry = entry.replace("{n}", number)
    answer = admin.update(box.acp, "acp", pv={"acr": [rule([entry], 63)]})
    assert answer.rsc in (2004, 4000), "stored as it is, or no URI"
    assert other.retrieve(box.path).rsc == 4103, entry


def test_all_admits_everybody_registered(ae, other, box):
    """Unregistered AEs and CSEs fail before any policy. spec: TS-0001 9.6.2.1"""
    box.allow(rule(["all"], 2))
    for client in (ae, other):
        assert client.retrieve(box.path).rsc == 2000
    assert other.As("Cunknown").retrieve(box.path).rsc == 4106
    assert other.As("/id-other").retrieve(box.path).rsc == 4107
    assert other.As(f"/id-in/{other.stem}").retrieve(box.path).rsc == 4000


def test_an_entry_of_another_cse_admits_nobody(ae, other, box):
    """SEC-ACP-16 SEC-DEC-05: a group that cannot be reached does not match, and costs no time"""
    box.allow(rule(["/id-other/cse-other/g", "/id-other/grp1", "//far.example/id-x/grp1",
                    f"/id-other/{other.stem}", f"//far.example/id-in/{other.stem}"], 63),
              rule([ae.stem], 2))
    assert other.retrieve(box.path).rsc == 4103
    assert ae.retrieve(box.path).rsc == 2000, "the rules that remain are looked at"


def test_many_entries(ae, other, box):
    """spec: TS-0004 7.3.3.15: the list is searched to its end"""
    entries = [f"Cnobody{i}" for i in range(500)] + [f"/id-in/Cnobody{i}" for i in range(500)]
    box.allow(rule(entries + [other.stem], 2))
    assert other.retrieve(box.path).rsc == 2000
    assert ae.retrieve(box.path).rsc == 4103
