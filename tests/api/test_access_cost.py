"""What policies cost those who meet them: no policy of one holds up or fails the others.
Issue 2, section 3; design.md 7
"""

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
