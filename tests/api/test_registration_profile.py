"""Registration by rules of the service subscription, at the real server.

All rows of the decision are tested beside the code: src/cse/access/admit_test.c.
spec: TS-0004 7.3.2.7, TS-0001 9.6.19, 9.6.20, 9.6.29; security.md 4.4
"""

import pytest
from lib.onem2m import Client

ENFORCED = ("--profile-enforcement", "on")


def register(client, originator, api="Ntest", **attributes):
    return client.As(originator).create("cse-in", "ae", api=api, rr=False, srv=["3"], **attributes)


@pytest.fixture
def admin(own):
    return Client(own(*ENFORCED).url)


def subscribe(admin, links=("cse-in/rule",), csi="/id-in"):
    assert admin.create("cse-in", "mssp", rn="profile").rsc == 2001
    answer = admin.create("cse-in/profile", "svsn", rn="node", ni="urn:n:1", csi=csi,
                          rlk=list(links))
    assert answer.rsc == 2001, answer


def rule(admin, name="rule", **lists):
    assert admin.create("cse-in", "asar", rn=name, **lists).rsc == 2001


def test_off_by_default(own):
    """A CSE that stands alone has no subscriptions."""
    admin = Client(own(store="mem").url)
    subscribe(admin, links=[])
    assert register(admin, "Cany").rsc == 2001


def test_without_a_subscription(admin):
    """SEC-REG-06"""
    assert register(admin, "Cany").rsc == 4128
    subscribe(admin, csi="/id-other")
    assert register(admin, "Cany").rsc == 4128
    assert admin.retrieve("Cany").rsc == 4004


def test_without_rules(admin):
    """SEC-REG-06: an empty list of links means that nobody may register"""
    subscribe(admin, links=[])
    assert register(admin, "Cany").rsc == 4126
    assert admin.update("cse-in/profile/node", "svsn", rlk=["cse-in/none"]).rsc == 2004
    assert register(admin, "Cany").rsc == 4126


@pytest.mark.parametrize("lists, stem, api, rsc", [
    ({"aae": ["C123*X"]}, "C123abcX", "N1", 2001), ({"aae": ["C123*X"]}, "C123abc", "N1", 4126),
    ({"aae": ["S*"]}, "C1", "N1", 4126), ({"aae": ["S*"]}, "S1", "N1", 2001),
    ({"aae": ["*"]}, "C1", "N1", 2001), ({"aai": ["N1"]}, "C1", "N2", 4126),
    ({"aai": ["N1"]}, "C1", "N1", 2001), ({"apci": ["*"]}, "C1", "N1", 4126),
    ({"aai": ["R01.com.acme.*"]}, "C1", "R01.com.acme.app", 2001)])
def test_a_rule(admin, lists, stem, api, rsc):
    """SEC-REG-06, SEC-REG-07"""
    rule(admin, **lists)
    subscribe(admin)
    assert register(admin, stem, api=api).rsc == rsc
    assert admin.retrieve(stem).rsc == (2000 if rsc == 2001 else 4004)


def test_rules_are_not_mixed(admin):
    """SEC-REG-08"""
    rule(admin, "one", aai=["N1"], aae=["C1"])
    rule(admin, "two", aai=["N2"], aae=["C2"])
    subscribe(admin, links=["cse-in/one", "cse-in/two"])
    assert register(admin, "C1", api="N2").rsc == 4126
    assert register(admin, "C2", api="N1").rsc == 4126
    assert register(admin, "C1", api="N1").rsc == 2001
    assert register(admin, "C2", api="N2").rsc == 2001


def test_an_assigned_name_is_one_of_the_rule(admin):
    """SEC-REG-01, SEC-REG-02"""
    rule(admin, aae=["Cfirst", "Clamp*"])
    subscribe(admin)
    assert register(admin, "C")["aei"] == "Cfirst"
    second = register(admin, None)["aei"]
    assert second.startswith("Clamp") and len(second) == 21
    assert register(admin, "S").rsc == 4126


def test_changes_count_at_once_for_the_next(admin):
    """SEC-REG-17"""
    rule(admin, aae=["C1", "C2"])
    subscribe(admin)
    assert register(admin, "C1").rsc == 2001
    assert admin.update("cse-in/rule", "asar", aae=["C3"]).rsc == 2004
    assert register(admin, "C2").rsc == 4126
    assert admin.As("C1").retrieve("C1").rsc == 2000
    assert register(admin, "C3").rsc == 2001
    assert admin.delete("cse-in/profile").rsc == 2002
    assert register(admin, "C3x").rsc == 4128


def test_after_a_restart(own):
    """SEC-REG-06: found again without a search"""
    server = own(*ENFORCED)
    admin = Client(server.url)
    rule(admin, aae=["C1"])
    subscribe(admin)
    server.restart()
    admin = Client(server.url)
    assert register(admin, "C1").rsc == 2001
    assert register(admin, "C2").rsc == 4126


def test_release_2(own):
    """SEC-REG-06: its only code is 4103"""
    admin = Client(own(*ENFORCED, "--profile", "r2", store="mem").url, rvi="2a")
    assert register(admin, "C1").rsc == 4103
    subscribe(admin, links=[])
    assert register(admin, "C1").rsc == 4103


@pytest.mark.parametrize("kind", ["mn", "asn"])
def test_at_another_cse(own, kind):
    """SEC-REG-06: the IN-CSE, which holds the profile, cannot be asked yet"""
    admin = Client(own(*ENFORCED, "--cse-type", kind, store="mem").url)
    assert register(admin, "C1").rsc == 4128
    for name in ("mssp", "asar"):
        assert admin.create("cse-in", name, rn="x").rsc == 4005


def test_order_of_refusals(admin):
    """SEC-REG-12: another CSE's business first, then the subscription, then the content"""
    ae = {"api": "Xabc", "rr": False, "srv": ["3"]}
    assert admin.As("C1").create("/other/cse-other", "ae", **ae).rsc == 4000
    assert admin.As("C1").create("cse-in", "ae", **ae).rsc == 4128
    rule(admin)
    subscribe(admin)
    assert admin.As("C1").create("cse-in", "ae", **ae).rsc == 4000
