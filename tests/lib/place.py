"""One resource of each implemented type on a server of its own, and what a CREATE of each needs.

minimal("cnt") is the least content, good("cnt", row) an acceptable value of an attribute; Place
makes the resources and knows who may change them. New types need nothing here unless a value that
its data type alone allows is refused for another reason.
"""

from . import model

# virtual resources have no attributes; specialisations, polling channels, and the requests that only
# the CSE makes have tests of their own
BUILT = [t for t in model.table("support.json")["built"]["types"]
         if t not in ("la", "ol", "fopt", "sfop", "pcu", "ntsr", "mgmtObj", "flexContainer", "pch", "req",
                      "mgc", "exin", "alst", "alpc", "tgr", "dlv", "fcin")
         and model.table(f"types/{t}.json").get("of") != "flexContainer"]
CREATABLE = [t for t in BUILT if t != "cb"]
CRITERIA = {"sbjt": "rn", "optr": 1, "thld": "x"}  # does not hold: what is made stays as it is
PRIMITIVE = {"op": 2, "to": "Chome/cnt0", "fr": "Chome", "rqi": "r", "rvi": "4"}
POLICY = {"acr": [{"acor": ["all"], "acop": 63}]}
MINIMAL = {
    "acp": {"pv": {}, "pvs": POLICY},
    "ae": {"api": "Ntest", "rr": True, "srv": ["3"]},
    "csr": {"cb": "/mn2/cse", "rr": True, "srv": ["3"]},
    "cnt": {},
    "cin": {"con": "x"},
    "ts": {},
    "tsi": {"dgt": "20260101T000000", "con": "x"},
    "grp": {"mnm": 5, "mid": []},
    "lcp": {"los": 2},
    "mssp": {},
    "smd": {"dcrp": 5, "dsp": "PHU6YT4gPHU6Yj4gMSAu"},
    "nod": {"ni": "urn:node:1"},
    "asar": {},
    "svsn": {"ni": "urn:node:1", "csi": "/mn1"},
    "sub": {"nu": ["http://127.0.0.1:1/x"]},
    "ntpr": {"ntu": ["http://127.0.0.1:1/x"]},
    "ntp": {"acn": 1, "plbl": "x"},
    "pdr": {},
    "crs": {"nu": ["http://127.0.0.1:1/x"], "twt": 1, "tws": "PT1M", "rrat": ["Chome/cnt0"],
            "encs": {"encn": [{"net": [3]}]}},
    "rol": {"rlid": "r@merlon.example", "tkis": "CAdmin", "tkhd": "Chome", "tknb": "20260101T000000",
            "tkna": "20800101T000000"},
    "tk": {"tkid": "t@merlon.example", "tkob": "aa.bb.cc"},
    "actr": {"evm": 3, "sri": "Chome/cnt0", "evc": CRITERIA, "orc": "Chome/cnt0", "apv": PRIMITIVE},
    "depr": {"sfc": True, "rri": "Chome/cnt0", "evc": CRITERIA},
    "tsb": {"bcnu": ["Chome"], "bcnc": 1},
}
GOOD = {  # a value of each attribute that an originator may give
    "rn": "other", "lbl": ["a", "k:v"], "et": "20300101T000000", "acpi": None, "cr": None,
    "pv": POLICY, "pvs": POLICY, "apn": "name", "api": "Nother", "poa": ["http://one.example"],
    "or": "http://ontology.example/x", "rr": False, "nl": "cse-in/node", "csz": ["json"],
    "srv": ["2a", "3"], "mni": 10, "mbs": 100, "mia": 100, "disr": False, "cnf": "text/plain:0",
    "conr": {"urir": [{"nm": "a", "uri": "http://x.example"}]}, "con": "y", "mnm": 6, "mid": [],
    "mt": 0, "spty": {"mgd": 1001}, "macp": None, "csy": 1, "gn": "name", "ni": "urn:node:2",
    "hcl": "/id-in", "hael": ["/id-in/C1"], "hsl": ["/id-in/x"], "mgca": "address",
    "pei": 1000, "peid": 0, "mdd": False, "mdn": 5, "mdt": 700, "dgt": "20260101T000001", "snr": 1,
    "enc": {"net": [1]}, "exc": 3, "nu": ["http://127.0.0.1:1/y"], "gpi": "cse-in/g", "nct": 1,
    "acrs": ["/other/crs1"], "nse": True,
    "su": "http://127.0.0.1:1/z", "apci": ["12-*@sp.example"], "aai": ["N1*"], "aae": ["C*"],
    "ari": ["a@sp.example"], "csi": "/mn2", "di": ["urn:imei:490154203237518"],
    "rlk": ["cse-in/asar1"], "los": 2, "lit": 1, "lou": ["PT1H"], "lon": "where",
    "dcrp": 5, "dsp": "PHU6YT4gPHU6Yj4gMiAu", "rels": ["cse-in/x"],
    "rlid": "q@merlon.example", "tkis": "/id-in/CAdmin", "tkhd": "Cplain", "tknb": "20250101T000000",
    "tkna": "20900101T000000", "rlnm": "name", "rltl": "cse-in/token", "tkid": "u@merlon.example",
    "tkob": "aa.bb.cc.dd.ee", "vr": "1.0.0", "tkau": ["//merlon.example/id-in"], "tknm": "name",
    "bn": {"num": 2, "dur": "PT5S"}, "rl": {"mnn": 3, "tww": "PT5S"}, "psn": 2, "pn": 1, "ln": True,
    "nec": 3, "ntu": ["http://127.0.0.1:1/y"], "npi": "cse-in/ntp0", "acn": 2, "plbl": "y", "rrs": 2,
    "dr": {"tod": ["* * * * * * *"]}, "drr": 1, "cst": 2, "cb": "/mn2/other", "dcse": ["/behind"],
    "twt": 2, "tws": "PT2M", "rrat": ["Chome/cnt0"], "srat": ["Chome/sub0"],
    "encs": {"encn": [{"net": [1]}]},
    "tkps": {"pm": [{"rids": ["r@merlon.example"]}]}, "tkex": "more",
    "bcnu": ["Chome"], "bcnc": 1, "bcni": "PT2H",
    "loc": {"typ": 1, "crd": "[13.4, 52.5]"},
    "evm": 3, "ecp": 7, "apy": 2, "sri": "cse-in/home/cnt0", "evc": {"sbjt": "rn", "optr": 1, "thld": "y"},
    "orc": "cse-in/home/cnt0", "apv": {**PRIMITIVE, "rcn": 1}, "sfc": False, "rri": "cse-in/home/cnt0",
    "vlde": False, "regs": 1, "trps": False, "dda": False, "mrv": 0, "nco": False, "nsp": 2,
    "nar": {"num": 2, "dur": "PT5S"},
    "esi": {"esf": [13], "esro": {"esri": "S1", "esrv": "R1", "esrx": "20300101T000000", "esks": [1], "espa": [10]}},
}


def definition(short):
    """mgmtDefinition of a specialisation, or None."""
    return model.table(f"types/{short}.json").get("definition")


def minimal(short):
    """What a CREATE must have: told above, or by the table."""
    if short in MINIMAL:
        return MINIMAL[short]
    rows = [row for row in model.attributes(short) if row.create == "M"]
    return {row.short: good(short, row) for row in rows}


def good(short, row):
    if row.short == "mgd":
        return definition(short)
    return GOOD[row.short] if short in MINIMAL or row.short in EVERYWHERE else model.good_of_row(row)


EVERYWHERE = ("rn", "lbl", "et", "cr", "dda", "mrv", "nco")  # good values of these stand in GOOD for all types
OF_ADMIN = {  # and where they stand
    "ae": "cse-in", "nod": "cse-in", "mssp": "cse-in", "asar": "cse-in", "svsn": "cse-in/mssp0",
    "rol": "cse-in", "tk": "cse-in", "stcg": "cse-in", "evcg": "cse-in/stcg0", "stcl": "cse-in",
    "lcp": "cse-in", "csr": "cse-in", "ntp": "cse-in", "pdr": "cse-in/ntp0",
}
OF_ADMIN.update({t: "cse-in/node0" for t in BUILT if definition(t) or t == "sch"})
STEM = "Chome"
REGISTERING = {"ae": "Cother", "csr": "/mn2"}  # who makes one for a test
OWN_RULES = {  # attributes whose good values depend on others: tests/cases or tests/api has them
    ("evcg", "ds"), ("evcg", "opt"), ("evcg", "erts"), ("evcg", "eris"), ("stcl", "evi"),
    ("acmp", "acmlk"), ("sub", "nfu"), ("actr", "dep"), ("smd", "soe"),
    *((t, a) for t in BUILT for a in ("at", "aa")),
}


class Place:
    """Where the resources of this file live."""

    def __init__(self, admin):
        self.admin = admin
        self.node = "cse-in/node0"
        self.ae = admin.register(STEM, name="home")
        self.policy = self.ae.create(STEM, "acp", rn="acp0", pv=POLICY, pvs=POLICY)["ri"]
        assert self.ae.create(STEM, "cnt", rn="cnt0").rsc == 2001
        assert self.ae.create(STEM, "ts", rn="ts0").rsc == 2001
        assert admin.create("cse-in", "mssp", rn="mssp0").rsc == 2001
        assert admin.create("cse-in", "stcg", rn="stcg0").rsc == 2001
        assert admin.create("cse-in", "ntp", rn="ntp0", acn=2, plbl="x", rrs=1).rsc == 2001
        assert self.ae.create(STEM, "sub", rn="sub0", nu=["http://127.0.0.1:1/x"]).rsc == 2001
        assert self.create("actr", rn="actr0").rsc == 2001
        assert admin.register("Cplain", name="plain").retrieve("Cplain").rsc == 2000
        self.targets = {"ae": "Cplain", "csr": self.registree("/mn1")}
        assert admin.create("cse-in", "nod", rn="node0", ni="urn:node:0").rsc == 2001
        for short in CREATABLE:
            if short not in self.targets:
                more = {"tsi": {"dgt": "20250101T000000"},
                        "ntpr": {"ntu": ["http://127.0.0.1:1/z"]}}.get(short, {})
                answer = self.create(short, rn=f"{short}1", **more)
                assert answer.rsc == 2001, (short, answer)
                self.targets[short] = answer.res["ri"]
        # a node has one of some kinds: those of the tests stand elsewhere
        assert admin.create("cse-in", "nod", rn="node1", ni="urn:node:1").rsc == 2001
        self.node = "cse-in/node1"
        assert self.create("cmp", rn="cmp1").rsc == 2001

    def registree(self, cse_id):
        answer = self.admin.As(cse_id).create("cse-in", "csr", **MINIMAL["csr"])
        assert answer.rsc == 2001, answer
        return answer["ri"]

    def least(self, short):
        more = {"stcl": lambda: {"evi": self.targets["evcg"]}, "evcg": lambda: {"eris": ["cnt0"]},
                "acmp": lambda: {"acmlk": f"{self.node}/cmp1"}}.get(short, dict)()
        return {**minimal(short), **more}

    def client(self, short):
        return self.admin if short in OF_ADMIN else self.ae

    def parent(self, short):
        parent = {**OF_ADMIN, "cin": f"{STEM}/cnt0", "tsi": f"{STEM}/ts0",
                  "ntpr": f"{STEM}/sub0", "depr": f"{STEM}/actr0"}.get(short, STEM)
        return self.node if parent == "cse-in/node0" else parent

    def create(self, short, content=None, drop=None, **attributes):
        body = {k: v for k, v in {**self.least(short), **attributes}.items() if k != drop}
        client = self.admin.As(REGISTERING[short]) if short in REGISTERING else self.client(short)
        content = content if content is not None else {model.root(short): body}
        return client.create(self.parent(short), model.table(f"types/{short}.json")["type"], content)

    def update(self, short, **attributes):
        return self.client(short).update(self.targets[short], short, {model.root(short): attributes})

    def good(self, short, row):
        if row.short in ("acpi", "macp"):
            return [self.policy]
        return good(short, row)

    def everything(self):
        return self.admin.retrieve("cse-in", query={"rcn": 4}).text

    def forget(self, answer):
        """Takes back what was created well."""
        assert self.admin.delete(answer["ri"]).rsc == 2002
