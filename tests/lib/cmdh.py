"""A CMDH policy of the CSE "/mn" for AEs with the App-ID Nexample. spec: TS-0001 D.12"""

NEVER = "0 0 0 1 1 * 2099"


def link(path):
    return {"nm": "x", "typ": 1011, "val": f"base/n/{path}"}


def parts(schedule):
    """(parent, resource type, root, attributes), in the order of creation."""
    return [
        ("base", 14, "nod", {"rn": "n", "ni": "n1", "hcl": "/mn"}),
        ("base/n", 18, "sch", {"rn": "s", "se": {"sce": [schedule]}}),
        ("base/n", 13, "cmp", {"rn": "p", "mgd": 1011, "cpn": "p", "cmlk": [link(f"p/{x}") for x in "dlnb"]}),
        ("base/n/p", 13, "cmdf", {"rn": "d", "mgd": 1013, "cmlk": [link("p/d/e"), link("p/d/v")]}),
        ("base/n/p/d", 13, "cmdv", {"rn": "e", "mgd": 1014, "od": 1, "dev": 100, "ror": ["Nexample"]}),
        ("base/n/p/d", 13, "cmpv", {"rn": "v", "mgd": 1015, "aec": [0], "dqet": 20000, "dset": 40000, "doet": 0,
                                    "drp": 0, "dda": False}),
        ("base/n/p", 13, "cml", {"rn": "l", "mgd": 1016, "od": 1, "ror": ["localAE"], "lec": [2, 3, 100],
                                 "lqet": [0, -1], "lset": [0, -1], "loet": [0, -1], "lrp": [0, -1], "lda": [False]}),
        ("base/n/p", 13, "cmnr", {"rn": "n", "mgd": 1017, "aecs": [0], "cmlk": [link("p/n/r")]}),
        ("base/n/p/n", 13, "cmwr", {"rn": "r", "mgd": 1018, "ttn": ["default"], "mrv": 0, "swt": 0, "cmlk": link("s"),
                                    "bop": {"bops": [{"ibt": 200, "abt": 200, "mbt": 1000}]}}),
        ("base/n/p", 13, "cmbf", {"rn": "b", "mgd": 1019, "aec": [0], "mbfs": 4000, "sgp": 1}),
        ("base/n", 13, "acmp", {"rn": "a", "mgd": 1012, "acmlk": "base/n/p"}),
    ]


def provision(admin, schedule="* * * * * * *"):
    for parent, ty, root, attributes in parts(schedule):
        answer = admin.create(parent, ty, content={f"m2m:{root}": attributes})
        assert answer.rsc == 2001, (root, answer)
