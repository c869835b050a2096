"""Every attribute of every implemented resource type against every rule of its table.

The cases are made from spec/types, spec/common.json and spec/support.json: what is missing,
forbidden, unknown, of the wrong data type, out of range, or not built must be refused with the
right code, and must change nothing. spec: TS-0004 7.3.3.3, 7.3.3.4, 7.3.3.7
"""

import pytest
from lib import model
from lib.onem2m import Client
from lib.server import Server

BUILT = [t for t in model.table("support.json")["built"]["types"] if t not in ("la", "ol", "fopt")]
CREATABLE = [t for t in BUILT if t != "cb"]
POLICY = {"acr": [{"acor": ["all"], "acop": 63}]}
MINIMAL = {
    "acp": {"pv": {}, "pvs": POLICY},
    "ae": {"api": "Ntest", "rr": True, "srv": ["3"]},
    "cnt": {},
    "cin": {"con": "x"},
    "grp": {"mnm": 5, "mid": []},
    "mssp": {},
    "nod": {"ni": "urn:node:1"},
    "asar": {},
    "svsn": {"ni": "urn:node:1", "csi": "/mn1"},
    "sub": {"nu": ["http://127.0.0.1:1/x"]},
    "ts": {},
    "tsi": {"dgt": "20260101T000000", "con": "x"},
    "rol": {"rlid": "r@merlon.example", "tkis": "CAdmin", "tkhd": "Chome", "tknb": "20260101T000000",
            "tkna": "20800101T000000"},
    "tk": {"tkid": "t@merlon.example", "tkob": "aa.bb.cc"},
}
GOOD = {  # a value of each attribute that an originator may give
    "rn": "other", "lbl": ["a", "k:v"], "et": "20300101T000000", "acpi": None, "cr": None,
    "pv": POLICY, "pvs": POLICY, "apn": "name", "api": "Nother", "poa": ["http://one.example"],
    "or": "http://ontology.example/x", "rr": False, "nl": "cse-in/node", "csz": ["json"],
    "srv": ["2a", "3"], "mni": 10, "mbs": 100, "mia": 100, "disr": False, "cnf": "text/plain:0",
    "conr": {"urir": [{"nm": "a", "uri": "http://x.example"}]}, "con": "y", "mnm": 6, "mid": [],
    "mt": 0, "spty": {"mgd": 1001}, "macp": None, "csy": 1, "gn": "name", "ni": "urn:node:2",
    "hcl": "/id-in", "hael": ["/id-in/C1"], "hsl": ["/id-in/x"], "mgca": "address",
    "enc": {"net": [1]}, "exc": 3, "nu": ["http://127.0.0.1:1/y"], "gpi": "cse-in/g", "nct": 1,
    "su": "http://127.0.0.1:1/z", "apci": ["12-*@sp.example"], "aai": ["N1*"], "aae": ["C*"],
    "ari": ["a@sp.example"], "csi": "/mn2", "di": ["urn:imei:490154203237518"],
    "rlk": ["cse-in/asar1"], "nrq": True,
    "rlid": "q@merlon.example", "tkis": "/id-in/CAdmin", "tkhd": "Cplain", "tknb": "20250101T000000",
    "tkna": "20900101T000000", "rlnm": "name", "rltl": "cse-in/token", "tkid": "u@merlon.example",
    "tkob": "aa.bb.cc.dd.ee", "vr": "1.0.0", "tkau": ["//merlon.example/id-in"], "tknm": "name",
    "pei": 1000, "peid": 0, "mdd": False, "mdn": 5, "mdt": 700, "dgt": "20260101T000001", "snr": 1,
    "tkps": {"pm": [{"rids": ["r@merlon.example"]}]}, "tkex": "more",
}
OF_ADMIN = {"ae": "cse-in", "nod": "cse-in", "mssp": "cse-in", "asar": "cse-in",
            "svsn": "cse-in/mssp0", "rol": "cse-in", "tk": "cse-in"}  # and where they stand
FIXED = ("cin", "tsi")  # what has no UPDATE
ROWS = [(short, row) for short in CREATABLE for row in model.attributes(short)]
IDS = [f"{short}-{row.short}" for short, row in ROWS]
STEM = "Chome"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A server whose subscriptions verify nothing, with one AE and one of each type."""
    with Server(tmp_path_factory.mktemp("attributes") / "data", "--verify-subscriptions", "none",
                store="mem") as server:
        yield Place(Client(server.url))


class Place:
    """Where the resources of this file live."""

    def __init__(self, admin):
        self.admin = admin
        self.ae = admin.register(STEM, name="home")
        self.policy = self.ae.create(STEM, "acp", rn="acp0", pv=POLICY, pvs=POLICY)["ri"]
        assert self.ae.create(STEM, "cnt", rn="cnt0").rsc == 2001
        assert self.ae.create(STEM, "ts", rn="ts0").rsc == 2001
        assert admin.create("cse-in", "mssp", rn="mssp0").rsc == 2001
        assert admin.register("Cplain", name="plain").retrieve("Cplain").rsc == 2000
        self.targets = {"ae": "Cplain"}
        for short in CREATABLE:
            if short not in self.targets:
                more = {"dgt": "20250101T000000"} if short == "tsi" else {}
                self.targets[short] = self.create(short, rn=f"{short}1", **more).res["ri"]

    def client(self, short):
        return self.admin if short in OF_ADMIN else self.ae

    def parent(self, short):
        return {**OF_ADMIN, "cin": f"{STEM}/cnt0", "tsi": f"{STEM}/ts0"}.get(short, STEM)

    def create(self, short, content=None, drop=None, **attributes):
        body = {k: v for k, v in {**MINIMAL[short], **attributes}.items() if k != drop}
        client = self.admin.As("Cother") if short == "ae" else self.client(short)
        content = content if content is not None else {f"m2m:{short}": body}
        return client.create(self.parent(short), model.table(f"types/{short}.json")["type"], content)

    def update(self, short, **attributes):
        return self.client(short).update(self.targets[short], short, **attributes)

    def good(self, name):
        if name in ("acpi", "macp"):
            return [self.policy]
        return GOOD[name]

    def everything(self):
        return self.admin.retrieve("cse-in", query={"rcn": 4}).text

    def forget(self, answer):
        """Takes back what was created well."""
        assert self.admin.delete(answer["ri"]).rsc == 2002


def code_for(row, presence):
    """What any unacceptable value of the attribute must get."""
    return 5001 if row.is_unbuilt and presence != "NP" else 4000


@pytest.fixture
def unchanged(place):
    """Whatever the test does must leave everything as it was."""
    before = place.everything()
    yield
    assert place.everything() == before


def sample(row):
    """Some value for an attribute nobody may give."""
    return GOOD.get(row.short) or {"st": 1, "ty": 3, "ct": "20200101T000000", "lt": "20200101T000000",
                                   "cni": 0, "cbs": 0, "cs": 1, "cnm": 0, "mtv": True, "ssi": True,
                                   "rms": True}.get(row.short, "x")


# ---- CREATE ----


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_a_wrong_value(place, unchanged, short, row):
    if row.create == "NP":
        assert place.create(short, **{row.short: sample(row)}).rsc == 4000
        return
    for value in model.wrong_values(row.type):
        answer = place.create(short, **{row.short: value})
        assert answer.rsc == code_for(row, row.create), (row.short, value)
        assert row.short in answer.debug


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_null(place, short, row):
    """spec: TS-0004 7.3.3.3: null is a value of creator only"""
    before = place.everything()
    answer = place.create(short, **{row.short: None})
    if row.short == "cr":
        assert answer.rsc == 2001
        place.forget(answer)
        return
    assert answer.rsc == code_for(row, row.create)
    assert place.everything() == before


@pytest.mark.parametrize("short,row", ROWS, ids=IDS)
def test_create_with_a_good_value(place, short, row):
    if row.create == "NP":
        return
    before = place.everything()
    if row.is_unbuilt:
        assert place.create(short, **{row.short: "x"}).rsc == 5001
        assert place.everything() == before
        return
    value = place.good(row.short)
    with_it = {"mt": 13} if row.short == "spty" else {}
    answer = place.create(short, **{**with_it, row.short: value})
    assert answer.rsc == 2001, answer
    assert row.short == "cr" or answer[row.short] == value
    place.forget(answer)


@pytest.mark.parametrize("short,row", [r for r in ROWS if r[1].create == "M"],
                         ids=[i for i, r in zip(IDS, ROWS) if r[1].create == "M"])
def test_create_without_what_is_mandatory(place, unchanged, short, row):
    answer = place.create(short, drop=row.short)
    assert answer.rsc == 4000
    assert row.short in answer.debug


# ---- UPDATE ----

UPDATES = [(short, row) for short, row in ROWS if short not in FIXED]
UPDATE_IDS = [i for i, r in zip(IDS, ROWS) if r[0] not in FIXED]


@pytest.mark.parametrize("short,row", UPDATES, ids=UPDATE_IDS)
def test_update_with_a_wrong_value(place, unchanged, short, row):
    if row.update == "NP":
        assert place.update(short, **{row.short: sample(row)}).rsc == 4000
        assert place.update(short, **{row.short: None}).rsc == 4000
        return
    for value in model.wrong_values(row.type):
        answer = place.update(short, **{row.short: value})
        assert answer.rsc == code_for(row, row.update), (row.short, value)
        if row.short != "acpi":
            mixed = {"lbl": ["fine"], row.short: value}
            assert place.update(short, **mixed).rsc == code_for(row, row.update), (row.short, value)


@pytest.mark.parametrize("short,row", UPDATES, ids=UPDATE_IDS)
def test_update_and_delete(place, short, row):
    """spec: TS-0004 7.3.3.7: null deletes what has multiplicity 0..1, and nothing else"""
    if row.update == "NP" or row.is_unbuilt:
        return
    value = place.good(row.short)
    answer = place.update(short, **{row.short: value})
    assert answer.rsc == 2004, answer
    assert answer[row.short] == value
    before = place.everything()
    answer = place.update(short, **{row.short: None})
    if row.short == "et":
        assert answer.rsc == 2004  # spec: TS-0001 9.6.1.3.2: the CSE decides on a new value
        assert answer["et"] > value
    elif row.is_mandatory:
        assert answer.rsc == 4000
        assert row.short in answer.debug
        assert place.everything() == before
    else:
        assert answer.rsc == 2004
        assert row.short not in answer.res
        assert row.short not in place.client(short).retrieve(place.targets[short]).res
        again = place.update(short, **{row.short: None})
        assert again.rsc == 2004, "what is not there can be deleted"


# ---- the representation as a whole ----


@pytest.mark.parametrize("short", CREATABLE)
@pytest.mark.parametrize("name", ["nonsense", "", "CNI", "maxNrOfInstances", "resourceName", "m2m:cnt",
                                  "m2m:rn", " lbl", "lbl ", "ch", "lnk", "@rn", "é", "x" * 300])
def test_unknown_attribute(place, unchanged, short, name):
    assert place.create(short, **{name: "x"}).rsc == 4000
    assert place.create(short, **{name: None}).rsc == 4000
    expected = 4005 if short in FIXED else 4000
    assert place.update(short, **{name: "x"}).rsc == expected
    assert place.update(short, **{name: None}).rsc == expected


@pytest.mark.parametrize("short", CREATABLE)
def test_attributes_of_other_types(place, unchanged, short):
    mine = {row.short for row in model.attributes(short)}
    others = sorted({row.short for other in BUILT for row in model.attributes(other)} - mine)
    for name in others:
        assert place.create(short, **{name: GOOD.get(name, "x")}).rsc == 4000, name
        if short not in FIXED:
            assert place.update(short, **{name: GOOD.get(name, "x")}).rsc == 4000, name


@pytest.mark.parametrize("short", CREATABLE)
def test_wrong_roots(place, unchanged, short):
    """spec: TS-0004 7.3.3.3: content that is not of the Resource Type"""
    body = MINIMAL[short]
    other = "cnt" if short != "cnt" else "ae"
    for content in ({short: body}, {f"m2m:{other}": body}, {f"M2M:{short}": body}, {f"m2m:{short} ": body},
                    {"": body}, {f"m2m:{short}A": body}, {}, [], [{f"m2m:{short}": body}], body or {"lbl": ["x"]},
                    {f"m2m:{short}": body, f"m2m:{other}": {}}, {f"m2m:{short}": [body]},
                    {f"m2m:{short}": None}, {f"m2m:{short}": "x"}, {f"m2m:{short}": 5},
                    {f"m2m:{short}": True}, b"", b"5", b'"x"', b"null", b"true"):
        assert place.create(short, content).rsc == 4000, content
        if short in FIXED:
            continue
        client = place.client(short)
        assert client.update(place.targets[short], short, content).rsc == 4000, content


@pytest.mark.parametrize("short", [s for s in CREATABLE if s not in FIXED])
def test_update_of_nothing(place, short):
    """An empty representation changes nothing but the time of modification."""
    target = place.targets[short]
    before = place.admin.retrieve(target).res
    assert place.update(short).rsc == 2004
    after = place.admin.retrieve(target).res
    assert {k: v for k, v in after.items() if k not in ("lt", "st")} == \
           {k: v for k, v in before.items() if k not in ("lt", "st")}
    assert after["lt"] > before["lt"]
    assert after.get("st", 1) == before.get("st", 0) + 1


def test_the_tables_are_covered():
    """Every attribute that an originator may give has a good value here."""
    wanted = {row.short for _, row in ROWS if not row.is_unbuilt and "NP" not in (row.create, row.update)}
    assert wanted <= set(GOOD)
    assert len(ROWS) > 120
