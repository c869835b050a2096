"""Conditions on parents and children tell nothing of those that the originator may not know.
spec: TS-0004 7.3.3.17.9 to 7.3.3.17.16; docs/decisions/0009-filter-readings.md
"""

import pytest
from lib.onem2m import Client, grant

DISCOVER, RETRIEVE = 32, 2


@pytest.fixture(scope="module")
def place(cse):
    """shown {hidden (cnt, mni=77, lbl=secret) {shown2 (cnt)}}: Cspy sees the shown ones only."""
    admin = Client(cse.url)
    spy = admin.register("Cspy", name="Cspy")
    open_to_spy = grant(admin, (["Cspy"], DISCOVER | RETRIEVE), name="spyacp")
    closed = grant(admin, (["CAdmin"], 63), name="closedacp")
    made = [admin.create("cse-in", "cnt", rn="shown", acpi=[open_to_spy]),
            admin.create("cse-in/shown", "cnt", rn="hidden", mni=77, lbl=["secret"],
                         acpi=[closed]),
            admin.create("cse-in/shown/hidden", "cnt", rn="shown2", acpi=[open_to_spy])]
    assert [m.rsc for m in made] == [2001] * 3
    yield admin, spy
    for path in ("shown", "Cspy", "spyacp", "closedacp"):
        admin.delete(f"cse-in/{path}")


@pytest.mark.parametrize("query,found", [
    ({"clbl": "secret"}, "shown"), ({"chty": 3}, "shown"), ({"c.mni": 77}, "shown"),
    ({"palb": "secret"}, "shown/hidden/shown2"), ({"p.mni": 77}, "shown/hidden/shown2"),
])
def test_conditions_on_hidden_relatives(place, query, found):
    admin, spy = place
    assert f"cse-in/{found}" in admin.discover("cse-in", **query)
    assert spy.discover("cse-in", **query) == []
    assert sorted(spy.discover("cse-in", ty=3)) == ["cse-in/shown", "cse-in/shown/hidden/shown2"]
    one = spy.retrieve(f"cse-in/{found}", query=query)
    assert one.rsc == 4004, "a conditional retrieval tells it"


@pytest.mark.parametrize("more", [{}, {"rcn": 6}, {"rcn": 11}])
def test_a_discovery_tells_no_attributes(place, more):
    """A discovery needs no RETRIEVE on its root: it must not show any of it. SEC-ACP-24"""
    admin, spy = place
    hidden = "cse-in/shown/hidden"
    assert spy.retrieve(hidden, query={"atrl": "mni"}).rsc == 4103
    for client in (spy, admin):
        assert client.retrieve(hidden, query={"fu": 1, "atrl": "mni", **more}).rsc == 4000
        asked = client.request("GET", hidden, {"m2m:atrl": ["mni"]}, query={"fu": 1, **more})
        assert asked.rsc == 4000
    group = spy.create("cse-in/Cspy", "grp", mnm=1, mid=[hidden])["ri"]
    by_fan_out = spy.retrieve(f"{group}/fopt", query={"fu": 1, "atrl": "mni", **more})
    assert by_fan_out.rsc == 4000 and "77" not in by_fan_out.text
    assert spy.delete(group).rsc == 2002


def test_events_that_are_hidden(own):
    """--hide-unauthorised: a statsCollect does not tell which eventConfigs there are"""
    admin = Client(own("--hide-unauthorised", "on").url)
    spy = admin.register("Cspy", name="spy")
    acp = grant(admin, (["Cspy"], 6), (["CAdmin"], 63))
    assert admin.create("cse-in", "stcg", rn="events").rsc == 2001
    hidden = admin.create("cse-in/events", "evcg", evt=1)["evi"]
    shown = admin.create("cse-in/events", "evcg", evt=1, acpi=[acp])["evi"]
    assert admin.create("cse-in", "stcl", rn="rule", cei="/id-in", srs=2, sm=1, evi=shown, acpi=[acp]).rsc == 2001
    answers = [spy.update("cse-in/rule", "stcl", evi=evi) for evi in (hidden, "evcgnothing")]
    assert [a.rsc for a in answers] == [4000, 4000] and answers[0].text == answers[1].text
    assert spy.update("cse-in/rule", "stcl", evi=shown).rsc == 2004
    assert admin.update("cse-in/rule", "stcl", evi=hidden).rsc == 2004
