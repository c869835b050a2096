"""Discovery and filtered retrieval, criterion by criterion.
spec: TS-0004 7.3.3.14, 7.3.3.17; TS-0001 8.1.2, 10.2.6, annex J; TS-0009 6.2.2.2
"""

import pytest
from lib.onem2m import Client, grant, header_spelling, timestamp
from lib.server import eventually

FUTURE, PAST = "20990101T000000", "20200101T000000"


class Tree:
    """Resources below an AE of their own; `at` maps short names to paths, `ri` to identifiers."""

    def __init__(self, client, stem):
        self.ae = client.register(stem, name=stem, lbl=["root", "zoo"])
        self.root = f"cse-in/{stem}"
        self.at = {}
        self.ri = {}

    def add(self, parent, kind, name, **attributes):
        made = self.ae.create(self.at.get(parent, self.root), kind, rn=name, **attributes)
        assert made.rsc == 2001, made
        self.at[name] = f"{self.at.get(parent, self.root)}/{name}"
        self.ri[name] = made["ri"]
        return made

    def found(self, query="", client=None, to=None, **more):
        """Names that a discovery finds below the root; the order does not matter here."""
        names = {path: name for name, path in self.at.items()}
        parts = dict(p.split("=", 1) for p in query.split("&") if p)
        answer = (client or self.ae).retrieve(to or self.root, query={"fu": 1, **parts, **more})
        assert answer.rsc == 2000, answer
        listed = answer.pc["m2m:uril"]
        assert len(listed) == len(set(listed)), "found twice"
        return sorted(names[path] for path in listed)

    def refused(self, query="", **more):
        parts = dict(p.split("=", 1) for p in query.split("&") if p)
        return self.ae.retrieve(self.root, query={"fu": 1, **parts, **more}).rsc


@pytest.fixture(scope="module")
def zoo(cse):
    """root: a (cnt) {a1 a2 a3 (cin), aa (cnt) {x (cin)}, s (sub)}, b (cnt) {y z (cin)}, g (grp),
    p (acp)"""
    tree = Tree(Client(cse.url), "Czoo")
    tree.add("", "acp", "p", pv={}, pvs={"acr": [{"acor": ["Czoo"], "acop": 63}]}, lbl=["policy"])
    tree.add("", "cnt", "a", lbl=["red", "floor:1", "color:red"], mni=50)
    tree.add("a", "cin", "a1", con="12345", cnf="text/plain:0", lbl=["hot", "color:green"])
    tree.add("a", "cin", "a2", con='{"t": 21.5, "room": {"air temp": [5, -3]}, "s": "on"}',
             cnf="application/json:0", lbl=["color"])
    tree.add("a", "cin", "a3", con='{"t": 30, "s": "off now", "n": null, "b": true}',
             cnf="application/json:0:0")
    tree.add("a", "cnt", "aa", lbl=["green", "floor:2", "color:red", "color:blue"], mni=5)
    tree.add("aa", "cin", "x", con="1234567890", cnf="text/html:0", lbl=["hot"])
    tree.add("a", "sub", "s", nu=["Czoo"], exc=50, lbl=["watch"])
    tree.add("", "cnt", "b", lbl=["blue", "floor:2"], mni=500)
    tree.add("b", "cin", "y", con="", cnf="text/plain:0")
    tree.add("b", "cin", "z", con='{"t": 5}')
    tree.add("", "grp", "g", mnm=5, mid=[tree.root], lbl=["red"])
    yield tree
    Client(cse.url).delete(tree.root)


EVERYTHING = sorted("p a a1 a2 a3 aa x s b y z g".split())


def test_everything_below_the_root(zoo):
    """spec: TS-0001 10.2.6.1: children and descendants, not the root, no virtual resources"""
    assert zoo.found() == EVERYTHING
    assert zoo.found(to=zoo.at["a"]) == sorted("a1 a2 a3 aa x s".split())
    assert zoo.found(to=zoo.at["aa"]) == ["x"]
    for leaf in ("x", "s", "p", "g"):
        assert zoo.found(to=zoo.at[leaf]) == []


@pytest.mark.parametrize("spelling", ["{root}", "-/Czoo", "Czoo", "/id-in/Czoo", "/id-in/{root}",
                                      "//merlon.example/id-in/Czoo", "{ri}"])
def test_root_in_any_spelling(zoo, spelling):
    """spec: TS-0001 10.2.6: results are structured and CSE-relative whatever To looks like"""
    to = spelling.format(root=zoo.root, ri=zoo.ri["a"])
    found = zoo.found(to=to)
    assert found == (EVERYTHING if "{ri}" not in spelling else sorted("a1 a2 a3 aa x s".split()))


def test_virtual_roots(zoo):
    """la stands for the newest instance, which has nothing below; fopt fans out."""
    assert zoo.found(to=zoo.at["a"] + "/la") == []
    assert zoo.ae.retrieve(zoo.root + "/none", query={"fu": 1}).rsc == 4004


# ---- matching conditions ----

# names None: everything. spec: TS-0004 7.3.3.17.5 to .9, .13, .16; filter-criteria.tsv
MATCHES = [
    # labels
    ("lbl=red", "a g"), ("lbl=hot", "a1 x"), ("lbl=none", ""), ("lbl=re", ""), ("lbl=RED", ""),
    ("lbl=red blue", "a b g"), ("lbl=floor:2", "aa b"), ("lbl=floor", ""), ("lbl=root", ""),
    ("lbl=color", "a2"), ("lbl=red red", "a g"),
    # childLabels, parentLabels
    ("clbl=hot", "a aa"), ("clbl=watch", "a"), ("clbl=red", ""), ("clbl=green watch", "a"),
    ("clbl=none", ""), ("palb=red", "a1 a2 a3 aa s"), ("palb=blue", "y z"),
    ("palb=zoo", "a b g p"), ("palb=green blue", "x y z"), ("palb=none", ""),
    # labelsQuery
    ("lbq=color", "a a1 a2 aa"), ("lbq=floor", "a aa b"), ("lbq=NT color", "a3 b g p s x y z"),
    ("lbq=color EQ red", "a aa"), ("lbq=color:red", "a aa"), ("lbq=color EQ green", "a1"),
    ("lbq=color NE red", "a1"), ("lbq=color NE blue", "a a1"), ("lbq=color IN (red, green)", "a a1 aa"),
    ("lbq=color IN (blue)", "aa"), ("lbq=color NI (red, green)", ""), ("lbq=color NI (blue)", "a a1"),
    ("lbq=floor NI (1)", "aa b"), ("lbq=red", "a g"), ("lbq=floor:1,color EQ green", "a a1"),
    # resourceType and those of parent and child
    ("ty=3", "a aa b"), ("ty=4", "a1 a2 a3 x y z"), ("ty=9 23", "g s"), ("ty=2", ""), ("ty=1", "p"),
    ("ty=5", ""), ("ty=3 4 9 23 1", " ".join(EVERYTHING)),
    ("chty=4", "a aa b"), ("chty=23", "a"), ("chty=3", "a"), ("chty=23 3", "a"), ("chty=9", ""),
    ("pty=2", "a b g p"), ("pty=3", "a1 a2 a3 aa s x y z"), ("pty=5", ""), ("pty=2 3", None),
    # sizes: contentSize of instances only
    ("sza=5&szb=6", "a1"), ("szb=1", "y"), ("sza=0", "a1 a2 a3 x y z"), ("sza=10&szb=11", "x"),
    ("sza=11&szb=10", ""), ("szb=6", "a1 y"), ("sza=1000000", ""),
    # contentType
    ("cty=text/plain", "a1 y"), ("cty=text/html", "x"), ("cty=text/plain text/html", "a1 x y"),
    ("cty=application/json", "a2 a3"), ("cty=text/xml", ""),
    # state tags
    ("stb=0&ty=3", "a aa b"), ("stb=99999", ""),
    # attributes
    ("mni=50", "a"), ("mni=5", "aa"), ("mni=5*", "a aa b"), ("mni=*0", "a b"), ("mni=*", "a aa b"),
    ("mni=5*0", "a b"), ("mni=05", ""), ("rn=a", "a"), ("rn=a*", "a a1 a2 a3 aa"), ("rn=*a", "a aa"),
    ("rn=*", None), ("rn=a*a", "aa"), ("rn=b&mni=5", "aa b"), ("mnm=5", "g"), ("exc=50", "s"),
    ("con=12345", "a1"), ("con=123*", "a1 x"), ("con=*9*", "x"), ("nu=Czoo", "s"),
    ("nu=C*", "s"), ("cbs=10", "aa"), ("cni=3", "a"), ("mt=3", ""), ("pi={a}", "a1 a2 a3 aa s"),
    ("ri={x}", "x"), ("rn=none", ""), ("mid={root}", "g"), ("mni=50&mnm=5", "a g"),
    ("c.rn=a1", "a"), ("c.rn=*", "a aa b"), ("c.con=12345*", "a aa"), ("c.mni=5", "a"),
    ("c.exc=50", "a"), ("c.rn=none", ""), ("p.mni=50", "a1 a2 a3 aa s"), ("p.mni=5*", "a1 a2 a3 aa s x y z"),
    ("p.rn=aa", "x"), ("p.rn=none", ""), ("p.api=Ntest", "a b g p"), ("c.rn=x&p.rn=aa", ""),
    ("c.rn=x&p.rn=a", "aa"),
    # contentFilterQuery. spec: TS-0001 J.2
    ('cfs=1&cfq=$.t GT 21', "a2 a3"), ('cfs=1&cfq=$.t EQ 21.5', "a2"), ('cfs=1&cfq=$.t NE 30', "a2"),
    ('cfs=1&cfq=$.t LT 30', "a2"), ('cfs=1&cfq=$.t LE 30', "a2 a3"), ('cfs=1&cfq=$.t GE 30', "a3"),
    ('cfs=1&cfq=$.t GT 30', ""), ('cfs=1&cfq=$.s EQ on', "a2"), ('cfs=1&cfq=$.s EQ "off now"', "a3"),
    ('cfs=1&cfq=$.s MATCH ff', "a3"), ('cfs=1&cfq=$.s MATCH o', "a2 a3"),
    ('cfs=1&cfq=$.room."air temp"[1] EQ -3', "a2"), ('cfs=1&cfq=$.room."air temp"[2] EQ -3', ""),
    ('cfs=1&cfq=$.t GT 21 AND $.s EQ on', "a2"), ('cfs=1&cfq=$.t EQ 30 OR $.s EQ on', "a2 a3"),
    ('cfs=1&cfq=$.none EQ 1', ""), ('cfs=1&cfq=$.t EQ 30.0', "a3"), ('cfs=1&cfq=$.t EQ "30"', ""),
    ('cfs=1&cfq=$.t LT 6', ""),  # z says nothing of JSON
    # times
    ("crb=" + FUTURE, None), ("crb=" + PAST, ""), ("cra=" + PAST, None), ("cra=" + FUTURE, ""),
    ("ms=" + PAST, None), ("ms=" + FUTURE, ""), ("us=" + FUTURE, None), ("us=" + PAST, ""),
    ("exb=" + FUTURE, None), ("exb=" + PAST, ""), ("exa=" + PAST, None), ("exa=" + FUTURE, ""),
]


@pytest.mark.parametrize("query, names", MATCHES, ids=[q for q, _ in MATCHES])
def test_matching_conditions(zoo, query, names):
    """spec: TS-0004 table 7.3.3.17.0-1"""
    query = query.format(a=zoo.ri["a"], x=zoo.ri["x"], root=zoo.root) if "{" in query \
        and "cfq" not in query else query
    assert zoo.found(query) == (EVERYTHING if names is None else sorted(names.split()))


TIMES = [("crb", "ct", "before"), ("cra", "ct", "after"), ("us", "lt", "before"),
         ("ms", "lt", "after"), ("exb", "et", "before"), ("exa", "et", "after")]


@pytest.mark.parametrize("tag, attribute, side", TIMES)
def test_time_boundaries(zoo, tag, attribute, side):
    """spec: TS-0004 7.3.3.17.1, .2, .4: upper bounds exclude, lower bounds include"""
    resources = {n: zoo.ae.retrieve(zoo.at[n]).res for n in EVERYTHING}
    for name in ("a", "x", "g"):
        bound = resources[name][attribute]
        holds = (lambda t: t < bound) if side == "before" else (lambda t: t >= bound)
        expected = [n for n in EVERYTHING if holds(resources[n][attribute])]
        assert (name in expected) == (side == "after")
        assert zoo.found(**{tag: bound}) == expected
    both = {"cra": resources["a"]["ct"], "crb": resources["g"]["ct"]}
    assert zoo.found(**both) == [n for n in EVERYTHING
                                 if both["cra"] <= resources[n]["ct"] < both["crb"]]


def test_state_tag_boundaries(cse):
    """spec: TS-0004 7.3.3.17.3; resources without state tag do not match"""
    tree = Tree(Client(cse.url), "Cstates")
    for i in range(4):
        tree.add("", "cnt", f"c{i}")
        for _ in range(i):
            assert tree.ae.update(tree.at[f"c{i}"], "cnt", lbl=["x"]).rsc == 2004
    tree.add("", "grp", "g", mnm=2, mid=[])
    assert tree.found(sts=2) == ["c0", "c1"] and tree.found(stb=2) == ["c2", "c3"]
    assert tree.found(stb=1, sts=3) == ["c1", "c2"] and tree.found(stb=3, sts=1) == []
    assert tree.found(stb=3, sts=1, fo=2) == ["c0", "c3"]
    assert tree.found(sts=1) == ["c0"] and tree.found(stb=0) == ["c0", "c1", "c2", "c3"]
    Client(cse.url).delete(tree.root)


# ---- combinations ----

COMBINED = [
    ("lbl=red&ty=3", "a"), ("lbl=red&ty=3&fo=1", "a"), ("lbl=red&ty=3&fo=2", "a aa b g"),
    ("lbl=red&ty=3&fo=3", "aa b g"), ("lbl=red floor:2&ty=3&fo=1", "a aa b"),
    ("ty=3 9&lbl=red", "a g"), ("ty=4&palb=red&szb=6", "a1"), ("ty=4&palb=red&szb=6&fo=3", None),
    ("lbl=hot&fo=3", "a1 x"), ("lbl=hot&fo=2", "a1 x"), ("fo=2", None), ("fo=3", None),
    ("mni=5*&rn=b", None), ("mni=50&rn=b&ty=3", "a b"), ("mni=50&rn=b&ty=4&fo=2", "a a1 a2 a3 b x y z"),
    ("clbl=hot&palb=red", "aa"), ("clbl=hot&palb=red&fo=2", "a a1 a2 a3 aa s"),
    ("lbq=floor&ty=3&mni=5", "aa"), ("cfs=1&cfq=$.t GT 1&lbl=color", "a2"),
    ("cfs=1&cfq=$.t GT 1&lbl=hot&fo=2", "a1 a2 a3 x"), ("cfs=1&cfq=$.t GT 1&ty=4&fo=3", "a1 x y z"),
    ("lbl=red&lbq=NT floor&fo=3", None),
]


@pytest.mark.parametrize("query, names", COMBINED, ids=[q for q, _ in COMBINED])
def test_filter_operation(zoo, query, names):
    """spec: TS-0004 7.3.3.17.0, .12: OR within a condition, AND, OR, XOR between conditions"""
    if query == "ty=4&palb=red&szb=6&fo=3":
        # instances: a1 a2 a3 x y z; below red: a1 a2 a3 aa s; small: a1 y
        names = "a1 aa s x z"
    elif query == "mni=5*&rn=b":
        names = "a aa b"
    elif query == "lbl=red&lbq=NT floor&fo=3":
        # red: a g; without floor: a1 a2 a3 x s y z g p
        names = "a a1 a2 a3 x s y z p"
    assert zoo.found(query) == (EVERYTHING if names is None else sorted(names.split()))


@pytest.mark.parametrize("query, rsc", [
    ("smf=SELECT ?x WHERE", 4143), ("gmty=1", 4000), ("gsf=1", 4000), ("geom=[1,2]", 4000),
    ("gmty=1&gsf=1&geom=[1]", 4000), ("gmty=2&gsf=1&geom=[1,2]", 4000), ("gmty=7&gsf=1&geom=[1,2]", 4000),
    ("gmty=1&gsf=4&geom=[1,2]", 4000), ("gmty=0&gsf=1&geom=[1,2]", 4000), ("gmty=1&geom=[1,2]", 4000),
    ("fo=4", 4000), ("fo=0", 4000), ("fo=x", 4000), ("lim=-1", 4000), ("lim=x", 4000),
    ("ofst=0", 4000), ("ofst=-1", 4000), ("lvl=0", 4000), ("lvl=1.5", 4000), ("ty=x", 4000),
    ("ty=77777", 4000), ("ty=", 4000), ("lbl=", 4000), ("crb=yesterday", 4000), ("crb=", 4000),
    ("crb=20201301T000000", 4000), ("sts=0", 4000), ("stb=-1", 4000), ("sza=-1", 4000),
    ("szb=0", 4000), ("lbq=", 4000), ("lbq=a EQ", 4000), ("lbq=a IN red", 4000),
    ("lbq=a IN (red", 4000), ("cfq=$.t EQ 1", 4000), ("cfs=1", 4000), ("cfs=2&cfq=$.t EQ 1", 4000),
    ("cfs=1&cfq=t EQ 1", 4000), ("cfs=1&cfq=$.t", 4000), ("cfs=1&cfq=$.t GT x", 4000),
    ("cfs=1&cfq=$.t BIGGER 1", 4000), ("cfs=1&cfq=$[x EQ 1", 4000), ("unknown=1", 4000),
    ("ct=20200101T000000", 4000), ("lt=x", 4000), ("st=1", 4000), ("et=x", 4000), ("cnf=x", 4000), ("cty=text", 4000),
    ("cty=text/plain:0", 4000),
    ("arp=", 4000), ("arp=a//b", 4000), ("arp=/abs", 4000), ("fu=2&fu=1", None), ("drt=3", 4000),
    ("drt=0", 4000), ("cs=5", 4000), ("atr=mni", 4000), ("c.unknown=1", 4000), ("p.ct=x", 4000),
    ("rcn=0", 4000), ("rcn=1", 4000), ("rcn=2", 4000), ("rcn=3", 4000), ("rcn=4", 4000),
    ("rcn=5", 4000), ("rcn=7", 4000), ("rcn=8", 4000), ("rcn=9", 4000), ("rcn=10", 4000),
    ("rcn=12", 4000), ("fu=3", 5001), ("fu=0", 4000), ("fu=4", 4000),
])
def test_refused_criteria(zoo, query, rsc):
    """spec: TS-0004 6.3.5.8, 6.3.4.2.31, table 8.1.2-1 of TS-0001"""
    if query == "fu=2&fu=1":
        answer = zoo.ae.retrieve(zoo.root, query=[("fu", 2), ("fu", 1)])
        assert answer.rsc == 4000
        return
    assert zoo.refused(query) == rsc


@pytest.mark.parametrize("name", ["crb", "cra", "ms", "us", "exb", "exa", "sts", "stb", "sza", "szb",
                                  "lim", "lvl", "ofst", "fo", "lbq", "cfq", "arp"])
def test_given_twice(zoo, name):
    """spec: TS-0009 table 6.2.2.2-1: multiplicity 0..1"""
    value = {"crb": FUTURE, "cra": PAST, "ms": PAST, "us": FUTURE, "exb": FUTURE, "exa": PAST,
             "lbq": "color", "cfq": "$.t EQ 1", "arp": "la"}.get(name, 1)
    more = [("cfs", 1)] if name == "cfq" else []
    one = zoo.ae.retrieve(zoo.root, query=[("fu", 1), (name, value), *more])
    assert one.rsc == 2000
    assert zoo.ae.retrieve(zoo.root, query=[("fu", 1), (name, value), (name, value), *more]).rsc == 4000


@pytest.mark.parametrize("name, values, names", [
    ("lbl", ["red", "blue"], "a b g"), ("ty", [9, 23], "g s"), ("cty", ["text/plain", "text/html"], "a1 x y"),
    ("clbl", ["hot", "green"], "a aa"), ("palb", ["blue", "green"], "x y z"), ("chty", [23, 3], "a"),
    ("pty", [2, 3], " ".join(EVERYTHING)), ("mni", [5, 50], "a aa"), ("c.rn", ["a1", "x"], "a aa"),
    ("p.rn", ["b", "aa"], "x y z"),
])
def test_given_several_times(zoo, name, values, names):
    """spec: TS-0009 6.2.2.2: ty=2+3 and ty=2&ty=3 are the same; TS-0004 7.3.3.17.0: OR"""
    query = [("fu", 1)] + [(name, v) for v in values]
    answer = zoo.ae.retrieve(zoo.root, query=query)
    assert sorted(p.rsplit("/", 1)[1] for p in answer.pc["m2m:uril"]) == sorted(names.split())


# ---- handling conditions ----


def test_level(zoo):
    """spec: TS-0004 7.3.3.17.14: 1 are the direct children"""
    assert zoo.found(lvl=1) == ["a", "b", "g", "p"]
    assert zoo.found(lvl=2) == [n for n in EVERYTHING if n != "x"]
    assert zoo.found(lvl=3) == zoo.found(lvl=99) == EVERYTHING
    assert zoo.found(lvl=1, to=zoo.at["a"]) == ["a1", "a2", "a3", "aa", "s"]
    assert zoo.found(lvl=2, ty=4) == ["a1", "a2", "a3", "y", "z"]


def ordered(zoo, **criteria):
    answer = zoo.ae.retrieve(zoo.root, query={"fu": 1, **criteria})
    return answer, answer.pc["m2m:uril"]


@pytest.mark.parametrize("criteria", [{}, {"ty": 4}, {"lbl": "hot"}, {"ty": "3 4"}], ids=str)
def test_limit_and_offset(zoo, criteria):
    """spec: TS-0004 7.3.3.17.10, .15; TS-0001 8.1.3: Content Status and Content Offset"""
    full, everything = ordered(zoo, **criteria)
    assert "X-M2M-CTS" not in full.headers or full.headers["X-M2M-CTS"] == "2"
    assert "X-M2M-CTO" not in full.headers
    for limit in range(len(everything) + 2):
        for offset in range(1, len(everything) + 3):
            answer, part = ordered(zoo, lim=limit, ofst=offset, **criteria)
            assert part == everything[offset - 1:offset - 1 + limit]
            if offset - 1 + limit < len(everything):
                assert header_spelling(answer.http, "X-M2M-CTS") == "X-M2M-CTS"
                assert answer.headers["X-M2M-CTS"] == "1"
                assert answer.headers["X-M2M-CTO"] == str(offset + limit)
            else:
                assert "X-M2M-CTO" not in answer.headers


def test_order_is_stable(zoo):
    for criteria in ({}, {"ty": 4}, {"lbl": "floor:2"}, {"fo": 2, "ty": 3, "lbl": "hot"}):
        first = ordered(zoo, **criteria)[1]
        assert all(ordered(zoo, **criteria)[1] == first for _ in range(5))


@pytest.mark.parametrize("path, query, names", [
    ("la", "rn=a", "a3"), ("ol", "rn=a", "a1"), ("la", "ty=3", "a3 x z"), ("ol", "ty=3", "a1 x y"),
    ("aa", "rn=a", "aa"), ("aa/x", "rn=a", "x"), ("aa/la", "rn=a", "x"), ("none", "rn=a", ""),
    ("la", "ty=4", ""), ("..", "rn=x", "aa"), ("..", "ty=4", "a aa b"), ("../..", "rn=x", "a"),
    ("../la", "rn=x", "x"), ("../../la", "rn=x", "a3"), ("../a1", "ty=4", "a1"), (".", "rn=b", "b"),
    ("./y", "rn=b", "y"), ("../b/y", "rn=a", "y"), ("aa/../a2", "rn=a", "a2"),
    ("../../../../../..", "rn=x", None), ("a1/x", "rn=a", ""), ("fopt", "rn=g", ""),
])
def test_relative_path(zoo, path, query, names):
    """spec: TS-0004 7.3.3.17.17: each result once; a path to nowhere is no match"""
    if names is None:  # beyond the CSEBase there is nothing; the names of ancestors are not ours
        parts = dict(p.split("=", 1) for p in query.split("&"))
        answer = zoo.ae.retrieve(zoo.root, query={"fu": 1, "arp": path, **parts})
        assert answer.rsc == 2000 and answer.pc["m2m:uril"] in ([], ["cse-in"])
        return
    assert zoo.found(query, arp=path) == sorted(names.split())


def test_relative_path_with_limits(zoo):
    """Limit and offset count results after the path has been applied."""
    everything = ordered(zoo, ty=3, arp="la")[1]
    assert len(everything) == 3
    pages = [ordered(zoo, ty=3, arp="la", lim=1, ofst=i) for i in (1, 2, 3, 4)]
    assert [p[1] for p in pages] == [[e] for e in everything] + [[]]
    assert [p[0].headers.get("X-M2M-CTS") == "1" for p in pages] == [True, True, False, False]


# ---- the form of results ----


def test_result_forms(zoo):
    """spec: TS-0001 table 8.1.2-1, TS-0004 7.5.2, 6.3.4.2.8"""
    get = lambda **q: zoo.ae.retrieve(zoo.root, query={"fu": 1, "ty": 3, **q}).pc
    structured = [zoo.at["a"], zoo.at["aa"], zoo.at["b"]]
    unstructured = [zoo.ri["a"], zoo.ri["aa"], zoo.ri["b"]]
    assert get() == get(rcn=11) == get(drt=1) == {"m2m:uril": structured}
    assert get(drt=2) == {"m2m:uril": unstructured}
    references = get(rcn=6)["m2m:rrl"]["rrf"]
    assert references == [{"nm": n, "typ": 3, "val": zoo.at[n]} for n in ("a", "aa", "b")]
    assert get(rcn=6, drt=2)["m2m:rrl"]["rrf"] == [{"nm": n, "typ": 3, "val": zoo.ri[n]}
                                                   for n in ("a", "aa", "b")]
    assert get(lbl="none") == {"m2m:uril": []} and get(lbl="none", rcn=6) == {"m2m:rrl": {"rrf": []}}


def test_results_can_be_retrieved(zoo):
    for drt in (1, 2):
        found = zoo.ae.retrieve(zoo.root, query={"fu": 1, "drt": drt}).pc["m2m:uril"]
        assert len(found) > 5
        for address in found:
            assert zoo.ae.retrieve(address).rsc == 2000, address


# ---- conditional retrieval ----


def test_conditional_retrieval(zoo):
    """spec: TS-0004 6.3.4.2.31, 7.3.3.1: usage 2, the default: the conditions concern the target"""
    for more in ({"fu": 2}, {}):
        assert zoo.ae.retrieve(zoo.at["a"], query={"lbl": "red", **more})["rn"] == "a"
        assert zoo.ae.retrieve(zoo.at["a"], query={"lbl": "blue", **more}).rsc == 4004
        assert zoo.ae.retrieve(zoo.at["a"], query={"ms": PAST, **more}).rsc == 2000
        assert zoo.ae.retrieve(zoo.at["a"], query={"ms": FUTURE, **more}).rsc == 4004
        assert zoo.ae.retrieve(zoo.at["a1"], query={"p.rn": "a", **more}).rsc == 2000
        assert zoo.ae.retrieve(zoo.at["b"], query={"c.rn": "a1", **more}).rsc == 4004


@pytest.mark.parametrize("rcn, where", [(4, "m2m:cnt"), (8, "m2m:cnt")])
def test_filtered_children(zoo, rcn, where):
    """spec: TS-0001 8.1.2: the children that are returned are subject to the criteria"""
    body = zoo.ae.retrieve(zoo.at["a"], query={"rcn": rcn, "ty": 4}).pc[where]
    assert sorted(c["rn"] for c in body["m2m:cin"]) == ["a1", "a2", "a3"] and "m2m:sub" not in body
    body = zoo.ae.retrieve(zoo.at["a"], query={"rcn": rcn, "lbl": "hot"}).pc[where]
    assert [c["rn"] for c in body["m2m:cin"]] == ["a1"] and "m2m:cnt" not in body


@pytest.mark.parametrize("rcn", [5, 6])
def test_filtered_references(zoo, rcn):
    """spec: TS-0001 10.2.6.2; TS-0004 7.3.3.17"""
    def names(**query):
        body = zoo.ae.retrieve(zoo.at["a"], query={"rcn": rcn, **query}).pc
        listed = body["m2m:rrl"]["rrf"] if rcn == 6 else body["m2m:cnt"]["ch"]
        return sorted(r["nm"] for r in listed)

    assert names() == sorted("a1 a2 a3 aa x s".split())
    assert names(lbl="hot") == ["a1", "x"] and names(ty="3 23") == ["aa", "s"]
    assert names(lvl=1, lbl="hot") == ["a1"] and names(lim=2) == names()[:0] + names(lim=2)
    assert len(names(lim=2)) == 2 and names(lbl="none") == []


# ---- who finds what, and when ----


def test_access(cse):
    """SEC-ACP-24. spec: TS-0001 10.2.6.1: results need DISCOVER; what is hidden does not hide its
    descendants"""
    admin = Client(cse.url)
    tree = Tree(admin, "Chider")
    seeker = admin.register("Cseeker", name="Cseeker")
    everything = [(["Chider"], 63)]
    acps = {what: grant(admin, (["Cseeker"], what), (["Chider"], 63), self_rules=everything)
            for what in (2, 32, 34)}
    tree.add("", "cnt", "hidden")
    tree.add("hidden", "cnt", "shown", acpi=[acps[34]], lbl=["k"])
    tree.add("", "cnt", "readable", acpi=[acps[2]], lbl=["k"])
    tree.add("", "cnt", "listed", acpi=[acps[32]], lbl=["k"])
    tree.add("listed", "cin", "i", con="inherits its container's policies")
    tree.add("readable", "cin", "j", con="as above")
    tree.add("shown", "cnt", "inner")
    assert tree.found(client=seeker) == ["i", "listed", "shown"]
    assert tree.found(client=seeker, lbl="k") == ["listed", "shown"]
    assert tree.found(client=seeker, ty=4) == ["i"]
    assert tree.found() == sorted(tree.at)
    assert seeker.retrieve(tree.at["listed"]).rsc == 4103
    assert seeker.retrieve(tree.at["readable"]).rsc == 2000
    # a relative path leads to what may be discovered only
    assert tree.found(client=seeker, rn="shown", arp="..") == []
    assert tree.found(client=seeker, rn="shown", arp="../../listed") == ["listed"]
    # references of a retrieval need RETRIEVE. SEC-ACP-41
    names = {r["nm"] for r in seeker.retrieve(tree.at["readable"], query={"rcn": 6})
             .pc["m2m:rrl"]["rrf"]}
    assert names == {"j"}
    # offsets and limits count what the originator may see
    assert len(tree.found(client=seeker, ofst=2)) == 2 and len(tree.found(client=seeker, lim=2)) == 2
    for name in ("Chider", "Cseeker"):
        admin.delete(f"cse-in/{name}")


def test_unregistered_originators_discover_nothing(cse, zoo):
    """SEC-DEC-01: default deny"""
    assert Client(cse.url, "Cstranger").retrieve(zoo.root, query={"fu": 1}).rsc == 4106


def test_expired_resources_are_absent(cse):
    """spec: TS-0001 9.6.1.3.2; with what is below them"""
    tree = Tree(Client(cse.url), "Cmortal")
    tree.add("", "cnt", "stays")
    tree.add("", "cnt", "goes", et=timestamp(1.0), lbl=["k"])
    tree.add("goes", "cin", "with", con="x")
    assert tree.found() == ["goes", "stays", "with"]
    found = eventually(lambda: (n := tree.found()) != ["goes", "stays", "with"] and n)
    assert found == ["stays"] and tree.found(lbl="k") == [] and tree.found(ty=4) == []
    Client(cse.url).delete(tree.root)


def test_changes_show_at_once(cse):
    """Indexes follow the resources."""
    tree = Tree(Client(cse.url), "Cchanger")
    tree.add("", "cnt", "c", lbl=["old"])
    assert tree.ae.update(tree.at["c"], "cnt", lbl=["new", "newer"]).rsc == 2004
    assert tree.found(lbl="old") == [] and tree.found(lbl="new") == tree.found(lbl="newer") == ["c"]
    assert tree.ae.update(tree.at["c"], "cnt", lbl=None).rsc == 2004
    assert tree.found(lbl="new") == [] and tree.found(lbq="NT new") == ["c"]
    assert tree.ae.delete(tree.at["c"]).rsc == 2002
    assert tree.found() == []
    Client(cse.url).delete(tree.root)


def test_labels_of_any_kind(cse):
    """Text in any language, and labels longer than what an index keeps."""
    tree = Tree(Client(cse.url), "Clabels")
    long = "x" * 500
    labels = {"c1": ["küche", "\u6e29\u5ea6"], "c2": [long + "a"], "c3": [long + "b"],
              "c4": [long + "a", long + "b", long], "c5": ["a:b:c", "a+b", "a%20b", "a*"]}
    for name, lbl in labels.items():
        tree.add("", "cnt", name, lbl=lbl)
    for wanted in sorted({label for lbl in labels.values() for label in lbl}):
        found = tree.found(lbl=wanted.replace(" ", "%20"))
        assert found == [n for n, lbl in labels.items() if wanted in lbl], wanted[:10]
    assert tree.found(lbl="a") == []  # no wildcards in labels
    Client(cse.url).delete(tree.root)
