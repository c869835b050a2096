"""<node>: describes the hardware below AEs and CSEs. spec: TS-0001 9.6.18; TS-0004 7.4.18"""

import pytest

OF_THE_CSE = {"ty", "ri", "rn", "pi", "et", "ct", "lt"}
FULL = {"ni": "urn:gsma:imei:90420156-025763-0;svn=42", "hcl": "/id-in", "hael": ["/id-in/C1", "/S2"],
        "hsl": ["/id-in/service1"], "mgca": "coap://10.0.0.1", "lbl": ["a", "k:v"]}


@pytest.fixture
def nod(admin, ae):
    """Path of a node for this test."""
    path = f"cse-in/node{ae.stem}"
    assert admin.create("cse-in", "nod", rn=path.rsplit("/", 1)[1], ni="urn:node:1").rsc == 2001
    yield path
    admin.delete(path)


def test_as_created(admin):
    answer = admin.create("cse-in", "nod", ni="urn:node:1")
    assert answer.rsc == 2001
    assert set(answer.res) == OF_THE_CSE | {"ni"}
    assert (answer["ty"], answer["pi"], answer["ni"]) == (14, "id-in", "urn:node:1")
    assert admin.retrieve(answer["ri"]).res == answer.res
    assert admin.delete(answer["ri"]).rsc == 2002
    assert admin.retrieve(answer["ri"]).rsc == 4004


def test_all_attributes(admin, nod):
    answer = admin.update(nod, "nod", **FULL)
    assert answer.rsc == 2004
    assert {k: answer[k] for k in FULL} == FULL
    gone = admin.update(nod, "nod", **dict.fromkeys(set(FULL) - {"ni"}))
    assert gone.rsc == 2004
    assert set(gone.res) == OF_THE_CSE | {"ni"}
    created = admin.create("cse-in", "nod", **FULL)
    assert {k: created[k] for k in FULL} == FULL
    assert admin.delete(created["ri"]).rsc == 2002


def test_needs_its_id(admin, nod):
    assert admin.create("cse-in", "nod").rsc == 4000
    assert admin.create("cse-in", "nod", ni=None).rsc == 4000
    assert admin.update(nod, "nod", ni=None).rsc == 4000
    assert admin.retrieve(nod)["ni"] == "urn:node:1"


@pytest.mark.parametrize("attribute", ["rms", "nid"])
def test_only_the_cse_knows(admin, nod, attribute):
    """spec: TS-0004 7.4.18.1: NP"""
    for value in (True, "x"):
        assert admin.create("cse-in", "nod", ni="urn:node:2", **{attribute: value}).rsc == 4000
        assert admin.update(nod, "nod", **{attribute: value}).rsc == 4000


def test_children(admin, nod, receiver):
    """spec: TS-0004 7.4.18.1"""
    assert admin.create(nod, "sub", nu=[receiver.url]).rsc == 2001
    assert admin.create(nod, 13, {"m2m:bat": {"mgd": 1006, "btl": 50, "bts": 1}}).rsc == 2001
    assert admin.create(nod, "sch", se={"sce": ["* * * * * * *"]}).rsc == 2001
    for ty, root in ((3, "cnt"), (9, "grp"), (14, "nod"), (2, "ae"), (4, "cin"), (1, "acp")):
        assert admin.create(nod, ty, {f"m2m:{root}": {}}).rsc == 4108


def test_only_below_the_base(ae, admin):
    assert ae.create(ae.path, "nod", ni="urn:node:1").rsc == 4108
    assert ae.create("cse-in", "nod", ni="urn:node:1").rsc == 4103


def test_default_rights(admin, ae, nod):
    """Without a policy it is its creator's."""
    assert ae.retrieve(nod).rsc == 4103
    assert ae.update(nod, "nod", lbl=["x"]).rsc == 4103
    assert ae.delete(nod).rsc == 4103
    assert admin.retrieve(nod).rsc == 2000


def test_shared_by_policy(admin, ae, nod):
    policy = admin.create("cse-in", "acp", pv={"acr": [{"acor": [ae.stem], "acop": 6}]},
                          pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
    assert admin.update(nod, "nod", acpi=[policy]).rsc == 2004
    assert ae.update(nod, "nod", mgca="mine").rsc == 2004
    assert ae.retrieve(nod)["mgca"] == "mine"
    assert ae.delete(nod).rsc == 4103
    admin.delete(policy)


def test_linked_from_an_ae(admin, ae, nod):
    assert ae.update(ae.path, "ae", nl=nod)["nl"] == nod
    assert admin.update(nod, "nod", hael=[ae.stem])["hael"] == [ae.stem]
