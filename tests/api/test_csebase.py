"""<CSEBase>: what it shows, what may be done to it, and which resource types exist at all.

spec: TS-0001 9.6.3; TS-0004 7.4.3, 7.3.3.3
"""

import json
import re
from pathlib import Path

import pytest
from lib.onem2m import Client

TYPES = Path(__file__).resolve().parent.parent.parent / "spec" / "types"
BUILT = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 43, 44, 47, 48, 58, 60,
    65, 66,
    10001, 10002, 10003, 10004, 10005, 10009, 10010, 10013, 10014, 10016, 10018, 10024, 10028, 10029, 10030,
    10060, 10065, 10066,
]
STAMP = re.compile(r"\d{8}T\d{6}(,\d{1,6})?")


def all_types():
    """(short name, number, is it for the IN-CSE only) of everything in spec/types."""
    found = {}
    for path in sorted(TYPES.glob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts.get("kind") == "virtual":
            continue
        found[facts["short"]] = (facts["type"], facts.get("in_cse_only", False))
        announced = facts.get("announced")
        if announced:
            found[announced["short"]] = (announced["type"], False)
    return found


UNBUILT = sorted((short, ty) for short, (ty, _) in all_types().items() if ty not in BUILT)
IN_ONLY = sorted((short, ty) for short, (ty, only) in all_types().items() if only)


# ---- attributes ----


def test_attributes(cse, ae):
    """spec: TS-0001 9.6.3: all of them, and nothing else"""
    base = ae.retrieve("cse-in").res
    assert set(base) == {"ty", "ri", "rn", "pi", "ct", "lt", "cst", "csi", "srt", "poa", "srv", "csz"}
    assert base["ty"] == 5
    assert base["rn"] == "cse-in"
    assert base["pi"] == ""
    assert base["csi"] == "/id-in"
    assert base["cst"] == 1
    assert base["srt"] == BUILT
    assert base["poa"] == [cse.url]
    assert base["srv"] == ["2a", "3", "4"]
    assert base["csz"] == ["json", "cbor", "xml"]
    assert STAMP.fullmatch(base["ct"]) and STAMP.fullmatch(base["lt"])
    assert ae.retrieve(base["ri"]).res == base, "its resourceID must be an address"


@pytest.mark.parametrize("kind,number", [("in", 1), ("mn", 2), ("asn", 3)])
def test_options_shape_it(own, kind, number):
    server = own("--cse-type", kind, "--cse-id", "/other-1", "--cse-name", "base.2", "--sp-id",
                 "//sp.example.org", "--poa", "http://one.example:8080", "--poa",
                 "coap://two.example", store="mem")
    base = Client(server.url).retrieve("base.2")
    assert base.rsc == 2000
    assert (base["cst"], base["csi"], base["rn"]) == (number, "/other-1", "base.2")
    assert base["poa"] == ["http://one.example:8080", "coap://two.example"]
    assert Client(server.url).retrieve("//sp.example.org/other-1").res == base.res


def test_survives_a_restart(own):
    server = own(store="lmdb")
    admin = Client(server.url)
    before = admin.retrieve("cse-in").res
    admin.register("Ckept", name="kept")
    url = server.url
    server.listen = [url]
    server.restart()
    after = Client(server.url).retrieve("cse-in").res
    assert after == before
    assert Client(server.url, "Ckept").retrieve("cse-in/kept").rsc == 2000


# ---- operations ----


def test_cannot_be_updated(admin):
    """spec: TS-0004 7.4.3.2.3"""
    assert admin.update("cse-in", "cb", lbl=["x"]).rsc == 4005
    assert "lbl" not in admin.retrieve("cse-in").res


def test_cannot_be_deleted(admin):
    """spec: TS-0004 7.4.3.2.4"""
    assert admin.delete("cse-in").rsc == 4005
    assert admin.retrieve("cse-in").rsc == 2000


def test_cannot_be_created(admin, ae):
    """spec: TS-0004 7.4.3.2.1: it is in no table of child resources"""
    assert admin.create("cse-in", 5, {"m2m:cb": {}}).rsc == 4108
    assert admin.create(ae.path, 5, {"m2m:cb": {}}).rsc == 4108


def test_ae_may_look_but_not_touch(ae):
    assert ae.retrieve("cse-in").rsc == 2000
    assert ae.create("cse-in", "cnt").rsc == 4103
    assert ae.create("cse-in", "acp", pv={"acr": []}, pvs={"acr": [{"acor": ["all"], "acop": 63}]}).rsc == 4103
    assert ae.update("cse-in", "cb", lbl=["x"]).rsc == 4005
    assert ae.delete("cse-in").rsc == 4005


# ---- resource types ----


def test_supported_types_can_be_created(admin, ae):
    """supportedResourceType promises what a CREATE keeps."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(ae.path, "ts", rn="t").rsc == 2001
    assert admin.create("cse-in", "mssp", rn="holder").rsc == 2001
    assert admin.create("cse-in", "nod", rn="place", ni="urn:node:2").rsc == 2001
    assert admin.create("cse-in", "stcg", rn="counts").rsc == 2001
    assert ae.create(ae.path, "sub", rn="told", nu=[ae.stem]).rsc == 2001
    assert admin.create("cse-in", "ntp", rn="leaving", acn=1, plbl="x").rsc == 2001
    event = admin.create("cse-in/counts", "evcg", evt=1)["evi"]
    action = {"evm": 0, "evc": {"sbjt": "rn", "optr": 1, "thld": "x"}, "orc": f"{ae.path}/c",
              "apv": {"op": 2, "to": f"{ae.path}/c", "fr": ae.originator, "rqi": "r", "rvi": "4"}}
    assert ae.create(ae.path, "actr", rn="act", **action).rsc == 2001
    examples = {  # type: (who creates it, where, root, what)
        1: (ae, ae.path, "acp", {"pv": {"acr": []}, "pvs": {"acr": [{"acor": ["all"], "acop": 63}]}}),
        3: (ae, ae.path, "cnt", {}),
        4: (ae, f"{ae.path}/c", "cin", {"con": "x"}),
        7: (admin, "cse-in/counts", "evcg", {"evt": 1}),
        9: (ae, ae.path, "grp", {"mnm": 1, "mid": []}),
        10: (admin, "cse-in", "lcp", {"los": 2}),
        11: (admin, "cse-in", "mssp", {}),
        12: (admin, "cse-in", "mgc", {"cmt": 1, "ext": "cse-in/place"}),
        13: (admin, "cse-in/place", "bat", {"mgd": 1006, "btl": 5, "bts": 1}),
        14: (admin, "cse-in", "nod", {"ni": "urn:node:1"}),
        15: (ae, ae.path, "pch", {}),
        18: (admin, "cse-in/place", "sch", {"se": {"sce": ["* * * * * * *"]}}),
        19: (admin, "cse-in", "asar", {}),
        20: (admin, "cse-in/holder", "svsn", {"ni": "urn:n:1"}),
        21: (admin, "cse-in", "stcl", {"cei": "/id-in", "srs": 2, "sm": 1, "evi": event}),
        22: (admin, "cse-in", "stcg", {}),
        23: (ae, ae.path, "sub", {"nu": [ae.stem]}),
        24: (ae, ae.path, "smd", {"dcrp": 5, "dsp": "PHU6YT4gPHU6Yj4gMSAu"}),
        25: (ae, f"{ae.path}/told", "ntpr", {"ntu": [ae.stem]}),
        26: (admin, "cse-in", "ntp", {"acn": 1, "plbl": "x"}),
        27: (admin, "cse-in/leaving", "pdr", {}),
        29: (ae, ae.path, "ts", {}),
        30: (ae, f"{ae.path}/t", "tsi", {"dgt": "20300101T000000", "con": "x"}),
        31: (admin, "cse-in", "rol", {"rlid": "r@merlon.example", "tkis": "CAdmin", "tkhd": ae.stem,
                                      "tknb": "20260101T000000", "tkna": "20800101T000000"}),
        32: (admin, "cse-in", "tk", {"tkid": "t@merlon.example", "tkob": "aa.bb.cc"}),
        47: (ae, ae.path, "tgr", {"mei": "d@net.example", "tri": 5, "tvt": "PT1H"}),
        60: (ae, ae.path, "tsb", {"bcnu": [ae.stem], "bcnc": 1}),
        48: (ae, ae.path, "crs", {"nu": [ae.stem], "twt": 1, "tws": "PT1M", "srat": [f"{ae.path}/told"]}),
        65: (ae, ae.path, "actr", action),
        66: (ae, f"{ae.path}/act", "depr", {"sfc": True, "rri": f"{ae.path}/c", "evc": action["evc"]}),
    }
    # made by all tests, by none, test_fleet.py, test_nonblocking.py, test_flexcontainer.py
    elsewhere = {2, 5, 6, 8, 16, 17, 28, 43, 44, 58}  # and test_management_command.py, test_contact_list.py,
    # test_aggregated_delivery.py
    copies = {ty for ty in BUILT if ty > 10000}  # test_announced.py
    assert set(BUILT) == examples.keys() | elsewhere | copies
    for ty, (who, parent, root, content) in examples.items():
        answer = who.create(parent, ty, {"m2m:" + root: content})
        assert answer.rsc == 2001, (ty, answer)
        assert answer.root == "m2m:" + root
        assert answer["ty"] == ty
        if who is admin:
            assert admin.delete(answer["ri"]).rsc == 2002
    for name in ("holder", "place", "counts", "leaving"):
        assert admin.delete(f"cse-in/{name}").rsc == 2002


@pytest.mark.parametrize("short,ty", UNBUILT)
def test_other_types_are_not_implemented(admin, ae, short, ty):
    """spec: TS-0004 7.3.3.3"""
    before = admin.retrieve(ae.path, query={"rcn": 5}).res
    assert admin.create("cse-in", ty, {"m2m:" + short: {}}).rsc == 5001
    assert ae.create(ae.path, ty, {"m2m:" + short: {"lbl": ["x"]}}).rsc == 5001
    assert admin.retrieve(ae.path, query={"rcn": 5}).res == before


@pytest.mark.parametrize("ty", [0, 52, 57, 99, 9999, 10001 - 2, 20001, 20002, 65535, 65536, 65539,
                                4294967299, 2**64 + 3])
def test_numbers_that_are_no_type(ae, ty):
    """spec: TS-0004 7.3.2.1: Resource Type invalid. Virtual ones are for memberType only."""
    assert ae.create(ae.path, ty, {"m2m:cnt": {}}).rsc == 4000


@pytest.mark.parametrize("kind", ["mn", "asn"])
def test_types_of_the_in_cse(own, kind):
    """spec: TS-0004 7.3.3.3: on other CSEs OPERATION_NOT_ALLOWED, whether implemented or not"""
    admin = Client(own("--cse-type", kind, store="mem").url)
    client = admin.register("Cx", name="x")
    assert [short for short, _ in IN_ONLY] == ["alpc", "alst", "asar", "evcg", "mssp", "stcg",
                                               "stcl", "svsn", "tgr"]
    for short, ty in IN_ONLY:
        assert admin.create("cse-in", ty, {"m2m:" + short: {}}).rsc == 4005, short
        assert client.create("cse-in/x", ty, {"m2m:" + short: {}}).rsc == 4005, short
    assert client.create("cse-in/x", "cnt", rn="c").rsc == 2001


CHILDREN = [  # spec: TS-0004 7.4.x tables of child resources, as far as both types are built
    ("ae", {"cnt": 2001, "grp": 2001, "acp": 2001, "sub": 2001, "ae": 4108, "cin": 4108, "nod": 4108}),
    ("cnt", {"cnt": 2001, "cin": 2001, "sub": 2001, "grp": 4108, "acp": 4108, "ae": 4108, "nod": 4108}),
    ("cin", {"cnt": 4108, "cin": 4108, "sub": 5203, "grp": 4108, "acp": 4108, "ae": 4108, "nod": 4108}),
    ("grp", {"cnt": 4108, "cin": 4108, "sub": 2001, "grp": 4108, "acp": 4108, "ae": 4108, "nod": 4108}),
    ("acp", {"cnt": 4108, "cin": 4108, "sub": 2001, "grp": 4108, "acp": 4108, "ae": 4108, "nod": 4108}),
    ("sub", {"cnt": 4108, "cin": 4108, "sub": 5203, "grp": 4108, "acp": 4108, "ae": 4108, "nod": 4108}),
]


@pytest.mark.parametrize("parent,children", CHILDREN, ids=[p for p, _ in CHILDREN])
def test_who_may_contain_whom(ae, parent, children):
    """spec: TS-0004 7.3.3.3"""
    bodies = {"cnt": {}, "cin": {"con": "x"}, "grp": {"mnm": 1, "mid": []}, "nod": {"ni": "urn:n:1"},
              "acp": {"pv": {"acr": []}, "pvs": {"acr": [{"acor": ["all"], "acop": 63}]}},
              "ae": {"api": "Nx", "rr": False, "srv": ["3"]}, "sub": {"nu": [ae.stem]}}
    above = ae.path
    if parent == "cin":
        ae.create(ae.path, "cnt", rn="holder")
        above = f"{ae.path}/holder"
    if parent != "ae":
        made = ae.create(above, parent, {"m2m:" + parent: {"rn": "parent", **bodies[parent]}})
        assert made.rsc == 2001, made
        above += "/parent"
    for child, rsc in children.items():
        answer = ae.create(above, child, {"m2m:" + child: bodies[child]})
        assert answer.rsc == rsc, (parent, child, answer)
