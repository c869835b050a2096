"""`merlon access explain`: what it says is what the request gets. docs/decisions/0016"""

import json
import os
import subprocess

import pytest
from lib.onem2m import Client, timestamp
from lib.server import binary, eventually

NOW = "* * * * * * *"
NEVER = "* * * * * * 2000-2001"
HERE = {"acip": {"ipv4": ["127.0.0.0/8"]}}
ELSEWHERE = {"acip": {"ipv4": ["192.0.2.0/24"]}}
CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY, DISCOVER, ALL = 1, 2, 4, 8, 16, 32, 63
FACTS = {"address": "127.0.0.1", "time": "now", "authenticated": "true"}  # of our real requests


def rule(who, operations=ALL, **more):
    return {"acor": [who], "acop": operations, **more}


def ask(client, to, originator, operation, query=None, check=True, **more):
    """The answer of the CSE to the question."""
    question = {"originator": originator, "operation": operation, **more}
    text = "; ".join(f"{name}={value}" for name, value in question.items())
    answer = client.request("GET", to, headers={"Merlon-Explain": text}, query=query, check=False)
    assert not check or answer.rsc == 2000, answer
    return answer


def explain(client, to, originator, operation, query=None, **more):
    answer = ask(client, to, originator, operation, query, **{**FACTS, **more})
    assert answer.root == "mln:explanation"
    return answer.res


def rules_of(explanation):
    return [step for step in explanation["steps"] if step["step"] == "rule"]


def sources_of(explanation):
    return [step["source"] for step in explanation["steps"] if step["step"] == "source"]


class Stage:
    """A box of `ae` under a policy, and somebody else who wants something of it."""

    def __init__(self, admin, ae, other, pv, pvs):
        self.admin, self.ae, self.other = admin, ae, other
        answer = admin.create("cse-in", "acp", pv=pv, pvs=pvs)
        assert answer.rsc == 2001, answer
        self.acp, self.box = answer["ri"], f"{ae.path}/box"
        assert admin.create(ae.path, "cnt", rn="box", acpi=[self.acp]).rsc == 2001
        assert admin.create(self.box, "cin", rn="i", con="x").rsc == 2001
        assert ae.create(ae.path, "cnt", rn="bare").rsc == 2001
        assert admin.create(ae.path, "grp", rn="g", mnm=5, mid=[self.box]).rsc == 2001
        assert admin.create(ae.path, "grp", rn="h", mnm=5, mid=[self.box], macp=[self.acp]).rsc == 2001

    def target(self, name):
        return {"box": self.box, "acp": self.acp, "cse": "cse-in", "ae": self.ae.path,
                "none": f"{self.ae.path}/none"}.get(name, f"{self.ae.path}/{name}")

    def really(self, client, operation, name):
        """Response Status Code of the request itself."""
        to = self.target(name)
        kind, _, what = operation.partition(":")
        if kind == "discover":
            found = client.discover(self.ae.path)
            return 2000 if to in found else 4103
        if kind == "create":
            body = {"cnt": {}, "cin": {"con": "y"}, "acp": {"pv": {}, "pvs": {"acr": [rule("all")]}},
                    "sub": {"nu": ["http://127.0.0.1:9/x"]}}[what]
            if what == "sub":
                body = {"nu": [client.stem], "enc": {"net": [1]}}
            return client.create(to, what, **body).rsc
        if kind == "update":
            if name == "acp":
                return client.update(to, "acp", lbl=["x"]).rsc
            value = [self.acp] if what == "acpi" else ["x"]
            return client.update(to, "cnt", **{what or "lbl": value}).rsc
        if kind == "notify":
            return client.notify(to, {"m2m:sgn": {"sur": "x"}}).rsc
        return {"retrieve": client.retrieve, "delete": client.delete}[kind](to).rsc

    def thought(self, originator, operation, name):
        kind, _, what = operation.partition(":")
        types = {"cnt": 3, "cin": 4, "acp": 1, "sub": 23}
        more = {"type": types[what]} if kind == "create" else {}
        if kind == "update" and what:
            more = {"attributes": what}
        return explain(self.admin, self.target(name), originator, kind, **more)


@pytest.fixture
def stage(admin, ae, other):
    stages = []

    def make(*rules, self_rules=()):
        def named(one):
            return {**one, "acor": [{"other": other.stem, "ae": ae.stem}.get(w, w) for w in one["acor"]]}

        stages.append(Stage(admin, ae, other, {"acr": [named(r) for r in rules]} if rules else {},
                            {"acr": [named(r) for r in self_rules] or [rule("CAdmin")]}))
        return stages[-1]

    yield make
    for one in stages:
        admin.delete(one.acp)


CASES = [
    # rules, operation, target, does it permit?
    ([rule("other")], "retrieve", "box", True),
    ([rule("all")], "retrieve", "box", True),
    ([rule("Cnobody")], "retrieve", "box", False),
    ([rule("C*")], "delete", "box", True),
    ([rule("//merlon.example")], "update", "box", True),
    ([rule("//other.example")], "update", "box", False),
    ([rule("/id-in")], "retrieve", "box", False),
    ([], "retrieve", "box", False),
    ([rule("other", RETRIEVE)], "update", "box", False),
    ([rule("other", UPDATE)], "retrieve", "box", False),
    ([rule("other", CREATE)], "create:cnt", "box", True),
    ([rule("other", CREATE)], "create:sub", "box", False),
    ([rule("other", CREATE | RETRIEVE)], "create:sub", "box", True),
    ([rule("other", acod=[{"chty": [3]}])], "create:cnt", "box", True),
    ([rule("other", acod=[{"chty": [3]}])], "create:cin", "box", False),
    ([rule("other", acod=[{"chty": [3]}])], "retrieve", "box", True),
    ([rule("other", acod=[{"ty": 2, "chty": [3]}])], "create:cnt", "box", False),
    ([rule("other", acco=[{"actw": [NOW]}])], "retrieve", "box", True),
    ([rule("other", acco=[{"actw": [NEVER]}])], "retrieve", "box", False),
    ([rule("other", acco=[{"actw": [NEVER]}, {"actw": [NOW]}])], "retrieve", "box", True),
    ([rule("other", acco=[HERE])], "retrieve", "box", True),
    ([rule("other", acco=[ELSEWHERE])], "retrieve", "box", False),
    ([rule("other", acco=[{**HERE, "actw": [NEVER]}])], "retrieve", "box", False),
    ([rule("other", acco=[{"aclr": {"accc": ["DE"]}}])], "retrieve", "box", False),
    ([rule("other", acaf=True)], "retrieve", "box", True),
    ([rule("Cnobody"), rule("other", DELETE), rule("other", RETRIEVE)], "retrieve", "box", True),
    ([rule("role@merlon.example")], "retrieve", "box", False),
    ([rule("other")], "retrieve", "box/i", True),
    ([rule("Cnobody")], "retrieve", "box/la", False),
    ([rule("other", DISCOVER)], "discover", "box", True),
    ([rule("other", RETRIEVE)], "discover", "box", False),
    ([rule("other")], "retrieve", "bare", False),
    ([rule("other")], "retrieve", "none", False),
    ([rule("other")], "notify", "box", False),
    ([rule("other")], "update:acpi", "box", False),
    ([rule("other")], "retrieve", "acp", False),
    ([rule("other")], "retrieve", "cse", True),
    ([rule("other")], "update", "cse", False),
    ([rule("other")], "retrieve", "h/fopt", True),
    ([rule("Cnobody")], "retrieve", "h/fopt", False),
    ([rule("other")], "retrieve", "g/fopt", False),
]


@pytest.mark.parametrize("rules, operation, target, permits", CASES, ids=repr)
def test_as_the_request_itself(stage, other, rules, operation, target, permits):
    """The explanation walks the same steps: design.md 6"""
    s = stage(*rules)
    before = s.admin.retrieve(s.box, query={"rcn": 4}).res
    told = s.thought(other.stem, operation, target)
    assert s.admin.retrieve(s.box, query={"rcn": 4}).res == before, "the question changed something"
    rsc = s.really(other, operation, target)
    assert told["permits"] == (rsc < 4000) == permits, (told, rsc)
    assert permits or told["rsc"] == rsc, told
    assert not told.get("unknown"), told


SELF_CASES = [
    ([rule("other")], "retrieve", "acp", True),
    ([rule("other", RETRIEVE)], "update", "acp", False),
    ([rule("other", UPDATE)], "update:acpi", "box", True),
    ([rule("other", UPDATE)], "update", "box", False),
    ([rule("Cnobody")], "delete", "acp", False),
]


@pytest.mark.parametrize("rules, operation, target, permits", SELF_CASES, ids=repr)
def test_self_privileges(stage, other, rules, operation, target, permits):
    """spec: TS-0001 9.6.2.0"""
    s = stage(rule("Cnobody"), self_rules=[rule("CAdmin"), *rules])
    told = s.thought(other.stem, operation, target)
    rsc = s.really(other, operation, target)
    assert told["permits"] == (rsc < 4000) == permits, (told, rsc)
    assert permits or told["rsc"] == rsc
    wanted = "pvs" if target == "acp" else "acpi pvs" if operation == "update:acpi" else "acpi"
    assert sources_of(told) == [wanted]


def test_who_is_nobody_or_somebody_special(stage, ae):
    s = stage(rule("all"))
    for originator, rsc in [("Cunknown", 4106), ("/id-in", 4106), (f"/id-in/{ae.stem}", 4000), ("a b", 4000),
                            ("C", 4000)]:
        assert explain(s.admin, s.box, originator, "retrieve")["rsc"] == rsc, originator
    assert explain(s.admin, s.box, "CAdmin", "delete")["permits"]
    assert sources_of(explain(s.admin, s.box, "CAdmin", "delete")) == ["administrator"]
    assert explain(s.admin, s.box, "//far.example/id-far/Cx", "retrieve")["permits"]
    assert sources_of(explain(s.admin, "cse-in", "Cnew", "create", type=2)) == ["registration"]


@pytest.mark.parametrize("rules, fails", [
    (rule("other", DELETE), ["operation"]), (rule("Cx"), ["originator"]),
    (rule("other", acod=[{"chty": [4]}]), ["details"]), (rule("other", acaf=True), ["authentication"]),
    (rule("other", acco=[{"actw": [NEVER]}]), ["window"]), (rule("other", acco=[ELSEWHERE]), ["address"]),
    (rule("other", acco=[{"aclr": {"accc": ["DE"]}}]), ["region"]),
    (rule("other", acco=[ELSEWHERE, {"actw": [NEVER]}]), ["window", "address"])], ids=repr)
def test_the_reason_of_each_rule(stage, other, rules, fails):
    s = stage(rule("Cfirst"), rules)
    more = {"address": "127.0.0.1", "time": "20300101T000000"}
    told = ask(s.admin, s.box, other.stem, "create", type=3, **more).res
    first = {"step": "rule", "number": 1, "permits": False, "fails": ["originator"]}
    assert rules_of(told) == [first, {"step": "rule", "number": 2, "permits": False, "fails": fails}]
    assert told["unknown"] == (["authenticated"] if fails == ["authentication"] else [])
    assert not told["permits"] and told["rsc"] == 4103 and told["why"]


def test_by_which_entry(stage, other, ae, admin):
    """An entry, a group, and a policy that is not there"""
    s = stage(rule("Cnobody"), rule("other"), rule("all"))
    assert rules_of(explain(admin, s.box, other.stem, "retrieve"))[1:] == [
        {"step": "rule", "number": 2, "permits": True, "by": other.stem}]
    group = admin.create(ae.path, "grp", rn="who", mnm=3, mid=[other.stem])["ri"]
    second = admin.create("cse-in", "acp", pv={"acr": [rule(group)]}, pvs={"acr": [rule("CAdmin")]})["ri"]
    assert admin.update(s.box, "cnt", acpi=[s.acp, second]).rsc == 2004
    assert admin.delete(s.acp).rsc == 2002
    told = explain(admin, s.box, other.stem, "retrieve")
    states = [(p["id"], p["state"]) for p in told["steps"] if p["step"] == "policy"]
    assert states == [(s.acp, "missing"), (second, "found")]
    assert rules_of(told)[-1]["by"] == group and told["permits"]
    assert admin.delete(group).rsc == 2002
    assert not explain(admin, s.box, other.stem, "retrieve")["permits"]
    admin.delete(second)


def test_where_rules_come_from(stage, other, ae):
    s = stage(rule("other"))
    assert sources_of(explain(s.admin, f"{s.box}/i", other.stem, "retrieve")) == ["parent", "acpi"]
    told = explain(s.admin, f"{ae.path}/bare", other.stem, "retrieve")
    assert [(x["source"], x["creator"], x["permits"]) for x in told["steps"]] == [("creator", ae.stem, False)]
    assert explain(s.admin, f"{ae.path}/bare", ae.stem, "retrieve")["permits"]
    assert sources_of(explain(s.admin, f"{ae.path}/h/fopt", other.stem, "retrieve")) == ["macp"]
    assert sources_of(explain(s.admin, "cse-in", other.stem, "retrieve")) == ["base"]


def test_release_2_goes_on_with_the_parent(own):
    admin = Client(own("--profile", "r2").url)
    one, two = admin.register("C1", name="one"), admin.register("C2", name="two")
    acp = admin.create("cse-in", "acp", pv={"acr": [rule("C2")]}, pvs={"acr": [rule("CAdmin")]})["ri"]
    assert admin.create("cse-in/one", "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert admin.create("cse-in/one/c", "cnt", rn="d").rsc == 2001
    told = explain(admin, "cse-in/one/c/d", "C2", "retrieve")
    assert sources_of(told) == ["creator", "parent", "acpi"] and told["permits"]
    assert two.retrieve("cse-in/one/c/d").rsc == 2000 and one.retrieve("cse-in/one/c/d").rsc == 4103
    assert not explain(admin, "cse-in/one/c/d", "C1", "retrieve")["permits"]


def test_what_is_hidden(own):
    """--hide-unauthorised: the result has the code that the request gets, and the reasons stay"""
    admin = Client(own("--hide-unauthorised", "on").url)
    one = admin.register("C1", name="one")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    told = explain(admin, "cse-in/c", "C1", "retrieve")
    assert one.retrieve("cse-in/c").rsc == told["rsc"] == 4004 and sources_of(told) == ["creator"]
    assert ask(one, "cse-in/c", "C1", "retrieve", check=False).rsc == 4004
    assert ask(one, "cse-in/one", "C1", "retrieve", check=False).rsc == 4004


def test_roles(stage, other, admin):
    """--role: valid, not assigned; the real request with Role IDs gets the same"""
    s = stage(rule("boss@merlon.example"))
    for held, permits in (("clerk@merlon.example", False), ("boss@merlon.example", True)):
        role = admin.create("cse-in", "rol", rlid=held, tkis="CAdmin", tkhd=other.stem, tknb=timestamp(-60),
                            tkna=timestamp(600))["ri"]
        query = {"rids": "boss@merlon.example"}
        told = explain(admin, s.box, other.stem, "retrieve", query=query)
        rsc = other.retrieve(s.box, query=query).rsc
        assert told["permits"] == permits == (rsc == 2000), (told, rsc)
        states = [(r["id"], r["state"]) for r in told["steps"] if r["step"] == "role"]
        assert states == [("boss@merlon.example", "valid" if permits else "not assigned")]
        assert ("roles" in sources_of(told)) == permits
        admin.delete(role)


def test_facts_that_are_not_given(stage, other, admin):
    """They hold in no rule, and the result says which were asked for"""
    s = stage(rule("other", acco=[{"actw": [NOW]}]), rule("other", acco=[HERE]), rule("other", acaf=True))
    told = ask(admin, s.box, other.stem, "retrieve").res
    assert not told["permits"] and told["unknown"] == ["time", "address", "authenticated"]
    for name, value in FACTS.items():
        told = ask(admin, s.box, other.stem, "retrieve", **{name: value}).res
        assert told["permits"] and "unknown" not in told, name
    six = {"acip": {"ipv6": ["2001:db8:1::/48"]}}
    t = stage_with(s, rule(other.stem, acco=[six]))
    assert ask(admin, t, other.stem, "retrieve", address="2001:db8:1::7").res["permits"]
    assert not ask(admin, t, other.stem, "retrieve", address="2001:db8:2::7").res["permits"]
    assert not ask(admin, t, other.stem, "retrieve", address="10.1.2.3").res["permits"]


def stage_with(stage, *rules):
    answer = stage.admin.update(stage.acp, "acp", pv={"acr": list(rules)})
    assert answer.rsc == 2004, answer
    return stage.box


def test_time_is_the_one_given(stage, other, admin):
    s = stage(rule("other", acco=[{"actw": ["* * 12 * * * *"]}]))
    assert ask(admin, s.box, other.stem, "retrieve", time="20300131T120500").res["permits"]
    assert not ask(admin, s.box, other.stem, "retrieve", time="20300131T130000").res["permits"]


# ---- for whom, and what is refused ----


def test_only_the_administrator(stage, ae, other, admin):
    """4103, whatever the target is: nothing is learnt"""
    s = stage(rule("all"))
    for to in (s.box, ae.path, "cse-in/none", "cse-in", s.acp, "/id-x/none"):
        for client in (ae, other):
            answer = ask(client, to, ae.stem, "retrieve", check=False)
            assert answer.rsc == 4103 and answer.root == "m2m:dbg", answer
            assert answer.debug == ask(client, "cse-in/none", ae.stem, "retrieve", check=False).debug
    assert ask(admin.As("Cnobody"), s.box, ae.stem, "retrieve", check=False).rsc == 4106
    assert ask(admin.As("/id-x"), s.box, ae.stem, "retrieve", check=False).rsc == 4107
    assert ask(ae, s.box, ae.stem, "retrieve", query={"rids": "a@merlon.example"}, check=False).rsc == 4103


def test_not_on_a_listener_that_is_not_trusted(own):
    server = own("--unauthenticated", "open", listen=["http://127.0.0.1:0,untrusted"])
    admin = Client(server.url)
    admin.register("C1", name="one")
    assert ask(admin, "cse-in", "C1", "retrieve", check=False).rsc == 4106
    assert ask(admin.As("C1"), "cse-in", "C1", "retrieve", check=False).rsc == 4103


@pytest.mark.parametrize("text", [
    "", ";", "originator=Cx", "operation=retrieve", "originator=;operation=retrieve",
    "originator=Cx;operation=fly", "originator=Cx;operation=", "originator=Cx;operation=2",
    "originator=Cx;operation=create", "originator=Cx;operation=create;type=x",
    "originator=Cx;operation=create;type=65539", "originator=Cx;operation=create;type=-3",
    "originator=Cx;operation=retrieve;type=3", "originator=Cx;operation=retrieve;attributes=lbl",
    "originator=Cx;operation=update;attributes=", "originator=Cx;operation=update;attributes=lbl,,acpi",
    "originator=Cx;operation=update;attributes=unknownattribute",
    "originator=Cx;operation=retrieve;address=10.0.0", "originator=Cx;operation=retrieve;address=10.0.0.0/8",
    "originator=Cx;operation=retrieve;address=", "originator=Cx;operation=retrieve;time=noon",
    "originator=Cx;operation=retrieve;time=20301331T000000", "originator=Cx;operation=retrieve;authenticated",
    "originator=Cx;operation=retrieve;authenticated=yes", "originator=Cx;operation=retrieve;authenticated=false",
    "originator=Cx;originator=Cx;operation=retrieve", "originator=Cx;operation=retrieve;colour=red",
    "originator=Cx;operation=retrieve;=", "originator=Cx;operation=retrieve;Time=now"])
def test_malformed_questions(admin, text):
    answer = admin.request("GET", "cse-in", headers={"Merlon-Explain": text}, check=False)
    assert answer.rsc == 4000, answer


def test_only_in_a_plain_retrieve(admin, ae):
    header = {"Merlon-Explain": f"originator={ae.stem}; operation=retrieve"}
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert admin.request("DELETE", f"{ae.path}/c", headers=header, check=False).rsc == 4000
    assert admin.request("PUT", f"{ae.path}/c", {"m2m:cnt": {"lbl": ["x"]}}, headers=header, check=False).rsc == 4000
    assert admin.request("POST", ae.path, {"m2m:cnt": {"rn": "d"}}, ty=3, headers=header, check=False).rsc == 4000
    for query in ({"rcn": 4}, {"fu": 1}, {"lbl": "x"}):
        assert admin.request("GET", ae.path, headers=header, query=query, check=False).rsc == 4000, query
    for gid in ("g1", "g1"):
        more = {**header, "X-M2M-GID": gid}
        assert admin.request("GET", ae.path, headers=more, check=False).rsc == 4000
    assert ae.retrieve(f"{ae.path}/c").rsc == 2000 and ae.retrieve(f"{ae.path}/d").rsc == 4004


def test_it_is_audited_as_the_administrators(own, tmp_path):
    log = tmp_path / "audit.jsonl"
    admin = Client(own("--audit", str(log)).url)
    admin.register("C1", name="one")
    assert explain(admin, "cse-in", "C1", "delete")["rsc"] == 4005
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["from"], last["operation"], last["rsc"], last["admin"]) == ("CAdmin", "retrieve", 2000, True)


# ---- the command ----


def command(cse, *words, code=0):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MERLON_")}
    done = subprocess.run([binary(), "access", *words], capture_output=True, text=True, timeout=60, check=False,
                          env={**environment, "MERLON_URL": cse.url, "HOME": "/nonexistent"})
    assert done.returncode == code and "Sanitizer" not in done.stderr, done
    return done


def test_the_command(cse, stage, other, ae):
    s = stage(rule("Cx"), rule("other", RETRIEVE, acco=[{"actw": [NOW]}]))
    words = ["explain", "--originator", other.stem, "--operation", "retrieve", "--to", f"{s.box}/i"]
    told = command(cse, *words).stdout.splitlines()
    assert told[-2].startswith("refused with 4103 ORIGINATOR_HAS_NO_PRIVILEGE: ") and told[-1].endswith(": time")
    assert f"  policy {s.acp}: found" in told and "    rule 1: does not permit: originator" in told
    assert "    rule 2: does not permit: window" in told and "parent" in told[0]
    told = command(cse, *words, "--time", "now").stdout.splitlines()
    assert told[-2:] == [f"    rule 2: permits, by the originator entry {other.stem}", "permitted"]
    told = json.loads(command(cse, *words, "--time", "now", "--json").stdout)
    assert told["permits"] and told["originator"] == other.stem and sources_of(told) == ["parent", "acpi"]
    told = command(cse, *words, "--role", "x@merlon.example").stdout
    assert "  role x@merlon.example: not assigned\n" in told
    told = command(cse, "explain", "-o", ae.stem, "--operation", "create", "--ty", "contentInstance", "--to",
                   f"{ae.path}/bare", "--address", "127.0.0.1", "--authenticated").stdout
    assert told.endswith("permitted\n") and f"its creator, which is {ae.stem}: permits" in told


def test_the_command_refuses(cse, ae):
    good = ["explain", "--originator", ae.stem, "--operation", "retrieve", "--to", ae.path]
    assert "4103" in command(cse, *good, "--as", ae.stem, code=7).stderr
    command(cse, *good[1:], code=2)
    command(cse, *good[:-2], code=2)
    command(cse, *good, "more", code=2)
    command(cse, *good, "--ty", "nothing", code=2)
    command(cse, "explain", "--to", ae.path, code=2)
    command(cse, *good, "--time", "now;authenticated=true", code=2)
    assert "4000" in command(cse, *good, "--time", "noon", code=4).stderr


# ---- subscribers are asked again ----


def subscribed(admin, receiver):
    """Two AEs: what the first has, the second has subscribed to."""
    admin.register("C1", name="one")
    two = admin.register("C2", name="two")
    acp = admin.create("cse-in", "acp", pv={"acr": [rule("C2")]}, pvs={"acr": [rule("CAdmin")]})["ri"]
    assert admin.create("cse-in/one", "cnt", rn="c", acpi=[acp]).rsc == 2001
    assert two.create("cse-in/one/c", "sub", nu=[receiver.url], enc={"net": [1, 2, 3]}).rsc == 2001
    return two, acp


@pytest.mark.parametrize("setting", ["on", "off"])
def test_subscribers_are_asked_again(own, receiver, setting):
    """security.md 1.5: --recheck-subscribers"""
    admin = Client(own("--recheck-subscribers", setting, "--verify-subscriptions", "none").url)
    _, acp = subscribed(admin, receiver)
    assert admin.create("cse-in/one/c", "cin", con="first").rsc == 2001
    assert receiver.next().rep["m2m:cin"]["con"] == "first"
    assert admin.update(acp, "acp", pv={"acr": [rule("C2", ALL - RETRIEVE)]}).rsc == 2004
    assert admin.create("cse-in/one/c", "cin", con="second").rsc == 2001
    assert admin.update("cse-in/one/c", "cnt", lbl=["x"]).rsc == 2004
    assert admin.update(acp, "acp", pv={"acr": [rule("C2", RETRIEVE)]}).rsc == 2004
    assert admin.create("cse-in/one/c", "cin", con="third").rsc == 2001
    seen = [receiver.next().rep for _ in range(1 if setting == "on" else 3)]
    assert seen[-1]["m2m:cin"]["con"] == "third"
    assert receiver.nothing(0.1)


def test_what_is_reported_counts(own, receiver):
    """Not the subscribed-to resource but the child that is reported; and who has gone hears nothing"""
    admin = Client(own("--recheck-subscribers", "on", "--verify-subscriptions", "none").url)
    subscribed(admin, receiver)
    secret = admin.create("cse-in", "acp", pv={"acr": [rule("Cx")]}, pvs={"acr": [rule("CAdmin")]})["ri"]
    assert admin.create("cse-in/one/c", "cnt", rn="secret", acpi=[secret]).rsc == 2001
    assert admin.create("cse-in/one/c", "cin", rn="i", con="open").rsc == 2001
    assert receiver.next().rep["m2m:cin"]["con"] == "open"
    assert receiver.nothing(0.1)
    assert admin.delete("cse-in/two").rsc == 2002
    assert admin.create("cse-in/one/c", "cin", con="later").rsc == 2001
    assert receiver.nothing(0.1)


def test_a_deletion_is_reported_to_who_could_read(own, receiver):
    admin = Client(own("--recheck-subscribers", "on", "--verify-subscriptions", "none").url)
    subscribed(admin, receiver)
    assert admin.delete("cse-in/one/c").rsc == 2002
    assert eventually(receiver.next).sgn["nev"]["net"] == 2
