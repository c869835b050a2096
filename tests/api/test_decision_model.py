"""Whole decisions of the real server beside a model: which rules protect what, with roles, groups, contexts, object
details and authentication, in privileges and in selfPrivileges.

The model is written from the pseudocode (security.md 3.3, TS-0003 7.1.5, TS-0004 7.3.3.15), not from our code; that of
a single set of rules is lib/policy_model.py.
"""

import json
import random
from collections import Counter

import pytest
from lib import policy_model as model
from lib.onem2m import Client, timestamp

CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY, DISCOVER = (1 << n for n in range(6))
ROLE = "operator@merlon.example"
ENTRIES = ["Ca", "Cb", "/id-in/Ca", "//merlon.example/id-in/Cb", "C*", "all", "Cnobody", "/id-in", "//merlon.example",
           "//other.example", ROLE, "other@merlon.example", "cse-in/g", "cse-in/around", "cse-in/none"]
CONTEXTS = [{"acip": {"ipv4": ["127.0.0.0/8"]}}, {"acip": {"ipv4": ["10.0.0.0/8"]}}, {"actw": ["* * * * * * *"]},
            {"actw": ["* * * * * * 2000"]}, {"aclr": {"accc": ["DE"]}}, {}]
DETAILS = [{"chty": [3]}, {"chty": [4]}, {"ty": 3, "chty": [3, 4]}, {"ty": 1, "chty": [3]}]
KINDS = ["cnt", "cnt", "bare", "cin", "acp", "fopt"]
OPERATIONS = ["retrieve", "label", "policy", "create", "delete", "discover"]


class Stage:
    """A server with two AEs; each case stands on it anew."""

    def __init__(self, own, profile):
        self.server = own("--profile", profile, "--unauthenticated", "open", store="mem",
                          listen=("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted"))
        self.is_release_2 = profile == "r2"
        self.admin = Client(self.server.urls[0], rvi="2a" if self.is_release_2 else "3")
        for stem in ("Ca", "Cb"):
            self.admin.register(stem)
        self.make("cse-in", "grp", rn="g", mt=2, mnm=2, mid=["Ca"])
        self.make("cse-in", "grp", rn="around", mt=2, mnm=2, mid=["cse-in/g/fopt"])
        for holder in ("Ca", "Cb"):
            self.make("cse-in", "rol", rlid=ROLE, tkis="CAdmin", tkhd=holder, tknb=timestamp(-60), tkna=timestamp(3600))

    def make(self, parent, kind, by=None, **attributes):
        answer = (by or self.admin).create(parent, kind, **attributes)
        assert answer.rsc == 2001, answer
        return answer["ri"]

    def client(self, stem, is_trusted):
        return Client(self.server.urls[not is_trusted], stem, self.admin.rvi)


class Case:
    """Policies, a target below a room, and what is asked of it."""

    def __init__(self, stage, dice):
        self.stage, self.dice = stage, dice
        self.kind, self.operation = dice.choice(KINDS), dice.choice(OPERATIONS)
        self.policies = [{"pv": self.rules(0, 3), "pvs": self.rules(1, 2)} for _ in range(3)]
        self.listed = dice.sample(range(3), dice.choice([0, 1, 1, 2, 3]))
        self.members_listed = dice.sample(range(3), dice.choice([0, 1, 2]))
        self.has_dangling = dice.random() < 0.2
        self.creator = dice.choice(["Ca", "Cb"])
        self.originator = dice.choice(["Ca", "Cb"])
        self.is_trusted = dice.random() < 0.7
        self.rids = dice.choice([[], [ROLE], ["other@merlon.example"], [ROLE, "other@merlon.example"]])

    def rules(self, least, most):
        dice = self.dice

        def rule():
            made = {"acor": dice.sample(ENTRIES, dice.choice([1, 1, 2])),
                    "acop": dice.choice([63, dice.randint(1, 63), 1 << dice.randint(0, 5)])}
            if dice.random() < 0.25:
                made["acco"] = dice.sample(CONTEXTS, dice.choice([1, 2]))
            if dice.random() < 0.2:
                made["acod"] = dice.sample(DETAILS, dice.choice([1, 2]))
            if dice.random() < 0.25:
                made["acaf"] = True
            return made

        return [rule() for _ in range(dice.randint(least, most))]

    # ---- the server ----

    def build(self):
        stage = self.stage
        self.ids = [stage.make("cse-in", "acp", pv={"acr": p["pv"]}, pvs={"acr": p["pvs"]}) for p in self.policies]
        dangling = stage.make("cse-in", "acp", pv={"acr": []}, pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})
        opened = stage.make("cse-in", "acp", pv={"acr": [{"acor": ["all"], "acop": 1}]},
                            pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})
        self.room = stage.make("cse-in", "cnt", acpi=[opened])
        self.extra = [opened, dangling]
        acpi = [self.ids[i] for i in self.listed] + ([dangling] if self.has_dangling else [])
        given = {"acpi": acpi} if acpi and self.kind != "bare" else {}
        by = stage.client(self.creator, True)
        self.label = f"l{self.room}"
        if self.kind == "acp":
            self.target = self.ids[0]
        elif self.kind == "fopt":
            macp = {"macp": [self.ids[i] for i in self.members_listed]} if self.members_listed else {}
            self.extra.append(stage.make(self.creator, "grp", by=by, mt=3, mnm=1, mid=[self.room], **given, **macp))
            self.target = self.extra[-1] + "/fopt"
        else:
            self.target = stage.make(self.room, "cnt", by=by, lbl=[self.label], **given)
            if self.kind == "cin":
                self.target = stage.make(self.target, "cin", con="x", lbl=[self.label])
        assert stage.admin.delete(dangling).rsc == 2002

    def ask(self):
        """Does the server permit it? What comes behind the decision does not matter."""
        client = self.stage.client(self.originator, self.is_trusted)
        to = self.target + (f"?rids={'+'.join(self.rids)}" if self.rids else "")
        if self.operation == "discover":
            found = client.request("GET", f"{self.room}{'?' if '?' not in to else to[to.index('?'):] + '&'}"
                                          f"fu=1&lbl={self.label}")
            assert found.rsc == 2000, found
            wanted = {"cnt": 3, "bare": 3, "cin": 4}[self.kind]
            shown = [self.stage.admin.retrieve(path) for path in found.pc["m2m:uril"]]
            return any(s["ty"] == wanted for s in shown)
        root = "acp" if self.kind == "acp" else "cin" if self.kind == "cin" else "cnt"
        answer = {"retrieve": lambda: client.retrieve(to), "delete": lambda: client.delete(to),
                  "label": lambda: client.update(to, root, lbl=["x"]),
                  "policy": lambda: client.update(to, root, acpi=[self.extra[0]]),
                  "create": lambda: client.create(to, "cnt")}[self.operation]()
        assert answer.rsc not in (4004, 4106, 5000), answer
        return answer.rsc != 4103

    def clear(self):
        for path in [self.room, *self.ids, *self.extra]:
            self.stage.admin.delete(path)

    # ---- the model ----

    def makes_sense(self):
        if self.operation == "policy":
            return self.kind in ("cnt", "bare")
        if self.operation == "label" and self.kind == "cin" or self.operation == "create" and self.kind == "cin":
            return False
        if self.kind in ("acp", "fopt") and self.operation == "discover":
            return False
        return not (self.kind == "fopt" and self.operation in ("label", "create", "delete"))

    def permits(self, rules):
        privilege = {"retrieve": RETRIEVE, "label": UPDATE, "policy": UPDATE, "create": CREATE, "delete": DELETE,
                     "discover": DISCOVER}[self.operation]
        if self.kind == "fopt":
            privilege = RETRIEVE
        now = int((model.datetime.now(model.timezone.utc) - model.EPOCH).total_seconds() * 1e6)
        return model.permits(rules, model.Request(
            privilege, fr=self.originator, us=now, ip="127.0.0.1", authenticated=self.is_trusted,
            roles=[ROLE] if ROLE in self.rids else [],
            groups=["cse-in/g", "cse-in/around"] if self.originator == "Ca" else [],
            target=1 if self.kind == "acp" else 9 if self.kind == "fopt" else 3, created=3))

    def union(self, places, which):
        return [rule for i in places for rule in self.policies[i][which]]

    def expected(self):
        is_listed = bool(self.listed or self.has_dangling) and self.kind != "bare"
        is_creator = self.originator == self.creator
        # what lies above without a policy: the room, or the AE and the CSEBase, which its AEs may look at
        above = [{"acor": ["all"], "acop": RETRIEVE if self.kind == "fopt" else CREATE}]
        if self.kind == "acp":
            return self.permits(self.policies[0]["pvs"])
        if self.operation == "policy":
            return self.permits(self.union(self.listed, "pvs")) if is_listed else is_creator
        if self.kind == "fopt" and self.members_listed:
            return self.permits(self.union(self.members_listed, "pv"))
        if is_listed:
            return self.permits(self.union(self.listed, "pv"))
        return is_creator or (self.stage.is_release_2 and self.permits(above))


@pytest.mark.parametrize("profile", ["r3", "r2"])
def test_decisions(own, profile):
    """SEC-ACP-04 SEC-ACP-05 SEC-ACP-06 SEC-ACP-10 SEC-ACP-18 SEC-ACP-20 SEC-ACP-21 SEC-ACP-22 SEC-ACP-28 SEC-ACP-33
    SEC-CTX-13 SEC-DEC-01 SEC-DEC-13 SEC-ROL-03: for every kind of target and operation both outcomes come, and are
    those of the model"""
    stage = Stage(own, profile)
    dice = random.Random(20260 + len(profile))
    seen = Counter()
    for number in range(500):
        case = Case(stage, dice)
        if not case.makes_sense():
            continue
        case.build()
        got, want = case.ask(), case.expected()
        assert got == want, json.dumps({k: v for k, v in vars(case).items() if k not in ("stage", "dice")})
        seen[case.kind, case.operation, want] += 1
        case.clear()
    kinds = {(kind, operation) for kind, operation, _ in seen}
    one_sided = [pair for pair in kinds if not (seen[(*pair, True)] and seen[(*pair, False)])]
    # in Release 2 the room, in which all may create, lets them create below it
    assert len(kinds) >= 15 and one_sided == ([("bare", "create")] if stage.is_release_2 else []), (one_sided, seen)
