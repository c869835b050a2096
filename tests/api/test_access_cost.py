"""What policies cost those who meet them: no policy of one holds up or fails the others.
Issue 2, section 3; design.md 7
"""

import statistics
import time

from lib.onem2m import Client, grant


def test_policies_larger_than_the_memory_of_a_request(own):
    """They are read one after the other: nobody can make a search fail for others by them."""
    admin = Client(own("--limit", "request_arena_bytes=1048576").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    own_rules = {"acr": [{"acor": ["Cae"], "acop": 63}]}
    policies = [ae.create("cse-in/ae", "acp", pv={}, pvs=own_rules)["ri"] for _ in range(30)]
    assert ae.create("cse-in/ae", "cnt", rn="c", acpi=policies).rsc == 2001
    many = [{"acor": [f"Cnobody{i:060}" for i in range(700)], "acop": 63}]
    for policy in policies:
        assert ae.update(policy, "acp", pv={"acr": many}).rsc == 2004
    assert other.discover("cse-in", ty=3) == []
    assert other.retrieve("cse-in/ae/c").rsc == 4103
    assert ae.update(policies[-1], "acp", pv={"acr": [{"acor": ["Cother"], "acop": 63}]}).rsc == 2004
    assert other.discover("cse-in", ty=3) == ["cse-in/ae/c"]
    assert ae.create("cse-in/ae", "cnt", rn="d", acpi=policies).rsc == 2001


def costly(count):
    """A policy of about that many kilobytes, with rules that do not match."""
    return [{"acor": [f"Cnobody{i:0>93}" for i in range(count * 10)], "acop": 63}]


def test_one_decision_reads_so_much(own):
    """SEC-DEC-12: what would make it take longer permits nothing; what is small does, wherever it stands"""
    admin = Client(own("--limit", "decision_bytes=65536").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    mine = {"acr": [{"acor": ["Cae"], "acop": 63}]}
    ids = [ae.create("cse-in/ae", "acp", rn=f"p{i}", pv={}, pvs=mine)["ri"] for i in range(4)]
    assert ae.create("cse-in/ae", "cnt", rn="c", acpi=ids).rsc == 2001
    opens = {"acor": ["Cother"], "acop": 63}
    assert ae.update(ids[0], "acp", pv={"acr": costly(40)}).rsc == 2004
    assert ae.update(ids[1], "acp", pv={"acr": costly(40) + [opens]}).rsc == 2004
    assert other.retrieve("cse-in/ae/c").rsc == other.update("cse-in/ae/c", "cnt", lbl=["x"]).rsc == 4103
    assert other.discover("cse-in", ty=3) == []
    why = admin.request("GET", "cse-in/ae/c", check=False,
                        headers={"Merlon-Explain": "originator=Cother;operation=update"})
    states = [step["state"] for step in why.res["steps"] if step["step"] == "policy"]
    assert states == ["found", "too large", "found", "found"]
    assert ae.update(ids[2], "acp", pv={"acr": [opens]}).rsc == 2004
    assert other.retrieve("cse-in/ae/c").rsc == 2000
    assert ae.update(ids[0], "acp", pv={}).rsc == ae.update(ids[2], "acp", pv={}).rsc == 2004
    assert other.update("cse-in/ae/c", "cnt", lbl=["x"]).rsc == 2004


def test_members_of_a_group_together_read_so_much(own):
    """SEC-DEC-12: a group is no way around it"""
    admin = Client(own("--limit", "decision_bytes=65536", "--limit", "policy_bytes=65536").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    mine = {"acr": [{"acor": ["Cae"], "acop": 63}]}
    made = [ae.create("cse-in/ae", "acp", pv={"acr": costly(50)}, pvs=mine)["ri"] for _ in range(22)]
    members = [ae.create("cse-in/ae", "cnt", rn=f"c{i}", acpi=[policy])["ri"] for i, policy in enumerate(made)]
    group = ae.create("cse-in/ae", "grp", mt=3, mnm=30, mid=members[:20], macp=[grant(admin, (["all"], 63))])["ri"]
    assert {a["rsc"] for a in other.retrieve(f"{group}/fopt").pc["m2m:agr"]["m2m:rsp"]} == {4103}
    assert admin.update(group, "grp", mid=members).rsc == 2004
    for answer in (other.retrieve(f"{group}/fopt"), other.update(f"{group}/fopt", "cnt", lbl=["x"])):
        assert answer.rsc == 4000
        assert answer.pc == {"m2m:dbg": "the policies of the members together are too large"}


def test_looking_at_contexts_is_effort(own):
    """SEC-DEC-12: a search that meets many windows is cut, known as they may be"""
    admin = Client(own("--limit", "quick_scan=10", "--limit", "scan=1000").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    window = "* * * * * * " + ",".join(["2000"] * 195)
    many = [{"acor": ["all"], "acop": 63, "acco": [{"actw": [window] * 55}]}]
    for i in range(12):
        policy = grant(admin, (["Cother"], 63), name=f"p{i}")
        assert ae.create("cse-in/ae", "cnt", acpi=[policy]).rsc == 2001
        assert admin.update(policy, "acp", pv={"acr": many}).rsc == 2004
    assert ae.create("cse-in/ae", "cnt", acpi=[grant(admin, (["Cother"], 63))]).rsc == 2001
    for _ in range(3):
        found = other.retrieve("cse-in", query={"fu": 1, "ty": 3})
        assert found.res == [] and found.headers["X-M2M-CTS"] == "1"


def test_looking_up_groups_is_bounded(own):
    """SEC-DEC-12: groups that are none, more than there is memory for, neither fail a search of others nor take long"""
    admin = Client(own("--limit", "quick_scan=10", "--limit", "membership=10000").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    policies = [grant(admin, (["Cother"], 63)) for _ in range(4)]
    assert ae.create("cse-in/ae", "cnt", rn="c", acpi=policies).rsc == 2001
    assert ae.create("cse-in/ae", "cnt", rn="d", acpi=[grant(admin, (["Cother"], 63))]).rsc == 2001
    many = [f"./ae/{i % 7}" for i in range(85000)]
    for policy in policies:
        assert admin.update(policy, "acp", pv={"acr": [{"acor": many, "acop": 63}]}).rsc == 2004
    assert other.retrieve("cse-in/ae/c").rsc == other.update("cse-in/ae/c", "cnt", lbl=["x"]).rsc == 4103
    assert other.discover("cse-in", ty=3) == ["cse-in/ae/d"]
    assert admin.update(policies[3], "acp", pv={"acr": [{"acor": [*many, "Cother"], "acop": 63}]}).rsc == 2004
    assert other.retrieve("cse-in/ae/c").rsc == 2000, "other entries are looked at all the same"


def test_comparing_originators_is_effort(own):
    """A search that meets large policies is cut, instead of holding up others."""
    admin = Client(own("--limit", "quick_scan=10", "--limit", "scan=1000").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    many = [{"acor": [f"Cnobody{i}" for i in range(30000)], "acop": 63}]
    for i in range(4):
        policy = grant(admin, (["Cother"], 63), name=f"p{i}")
        assert admin.update(policy, "acp", pv={"acr": many}).rsc == 2004
        assert ae.create("cse-in/ae", "cnt", acpi=[policy]).rsc == 2001
    assert ae.create("cse-in/ae", "cnt", acpi=[grant(admin, (["Cother"], 63))]).rsc == 2001
    found = other.retrieve("cse-in", query={"fu": 1, "ty": 3})
    assert found.res == [] and found.headers["X-M2M-CTS"] == "1"


def test_the_time_of_a_denial_tells_nothing(own):
    """SEC-GEN-10, coarsely: whether a rule names the originator with other operations, names somebody else, or is not
    there at all"""
    admin = Client(own(store="mem").url)
    ae, other = admin.register("Cae", name="ae"), admin.register("Cother", name="other")
    rules = {"named": (["Cother"], 1), "others": (["Csomebody"], 63), "role": (["r@merlon.example"], 63)}
    for name, rule in rules.items():
        assert ae.create("cse-in/ae", "cnt", rn=name, acpi=[grant(admin, rule)]).rsc == 2001
    assert ae.create("cse-in/ae", "cnt", rn="without").rsc == 2001
    took = {name: [] for name in (*rules, "without")}
    for _ in range(250):
        for name, times in took.items():
            begin = time.perf_counter()
            assert other.retrieve(f"cse-in/ae/{name}").rsc == 4103
            times.append(time.perf_counter() - begin)
    medians = [statistics.median(times) for times in took.values()]
    assert max(medians) < 1.3 * min(medians), dict(zip(took, medians))
