"""Random trees and random filters: the server finds what an independent implementation finds.
spec: TS-0004 7.3.3.14, 7.3.3.17
"""

import itertools
import json
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from lib.filter_model import Node, expected, to_query
from lib.onem2m import TYPES, Client
from lib.together import together

FEW = settings(max_examples=60, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
MANY = settings(FEW, max_examples=150)

LABELS = ["red", "green", "color:red", "color:green", "color", "floor:1", "floor:2", "floor"]
KEYS = ["color", "floor", "red", "none"]
VALUES = ["red", "green", "1", "2", "3"]
KINDS = [1, 3, 4, 9, 23]
_roots = itertools.count(1)

labels = st.lists(st.sampled_from(LABELS), max_size=3, unique=True)
contents = st.one_of(
    st.sampled_from(["", "x", "12345", "ünï", "{", "[1]", "5"]),
    st.dictionaries(st.sampled_from(["t", "s"]),
                    st.one_of(st.integers(-3, 3), st.sampled_from(["on", "off", "1"]),
                              st.sampled_from([0.5, 1.5]), st.booleans(), st.none()),
                    max_size=2).map(json.dumps))
infos = st.sampled_from([None, "text/plain:0", "application/json:0", "application/json:1",
                         "application/json:0:0", "application/json:0:1"])


@st.composite
def resource(draw):
    """(how far up the chain of open containers to attach it, kind, attributes)"""
    kind = draw(st.sampled_from(["cnt", "cnt", "cin", "cin", "cin", "sub"]))
    attributes = {}
    own = draw(labels)
    if own:
        attributes["lbl"] = own
    if kind == "cnt":
        for name in ("mni", "mbs"):
            if draw(st.booleans()):
                attributes[name] = draw(st.sampled_from([5, 50, 500, 55]))
    elif kind == "cin":
        attributes["con"] = draw(contents)
        info = draw(infos)
        if info and attributes["con"] is not None:
            attributes["cnf"] = info
    else:
        attributes["nu"] = ["Cgrower"]
        attributes["exc"] = draw(st.integers(1, 60))
    return draw(st.integers(0, 4)), kind, attributes


@st.composite
def bound(draw):
    """A time: of a resource of the tree, by its index, or far away."""
    return draw(st.one_of(st.integers(0, 30), st.sampled_from(["20200101T000000,000000",
                                                               "20990101T000000,000000"])))


some_labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3)
some_types = st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)
patterns = st.sampled_from(["5", "50", "5*", "*5", "*", "5*5", "0", "c*", "x*", "*1*", "12345", "r*1",
                            "C*", "", "**"])
some_attributes = st.lists(
    st.tuples(st.sampled_from(["mni", "mbs", "rn", "con", "cni", "cbs", "exc", "mnm", "nu"]),
              patterns.filter(bool)), min_size=1, max_size=2)
expression = st.one_of(
    st.tuples(st.just("key"), st.sampled_from(KEYS)), st.tuples(st.just("NT"), st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(["EQ", "NE"]), st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.tuples(st.sampled_from(["IN", "NI"]), st.sampled_from(KEYS),
              st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)))
compare = st.one_of(
    st.tuples(st.sampled_from("ts"), st.sampled_from(["EQ", "NE", "GT", "LT", "GE", "LE"]),
              st.one_of(st.integers(-2, 2), st.sampled_from([0.5, 1.5]))),
    st.tuples(st.sampled_from("ts"), st.sampled_from(["EQ", "NE", "MATCH"]),
              st.sampled_from(["on", "o", "off", "1"])))
CRITERIA = {
    "crb": bound(), "cra": bound(), "us": bound(), "ms": bound(), "exb": bound(), "exa": bound(),
    "sts": st.integers(1, 6), "stb": st.integers(0, 6), "sza": st.integers(0, 12),
    "szb": st.integers(1, 12), "lbl": some_labels, "clbl": some_labels, "palb": some_labels,
    "lbq": st.lists(expression, min_size=1, max_size=2), "ty": some_types, "chty": some_types,
    "pty": some_types, "cty": st.lists(st.sampled_from(["text/plain", "application/json"]),
                                       min_size=1, max_size=2),
    "atr": some_attributes, "catr": some_attributes, "patr": some_attributes,
    "cfq": st.lists(st.lists(compare, min_size=1, max_size=2), min_size=1, max_size=2),
    "fo": st.integers(1, 3), "lvl": st.integers(1, 4),
}


@st.composite
def criteria(draw, most=4):
    tags = draw(st.lists(st.sampled_from(sorted(CRITERIA)), max_size=most, unique=True))
    return {tag: draw(CRITERIA[tag]) for tag in tags}


class Grown:
    """A tree on the server, and the same as Nodes with what the server shows of them."""

    def __init__(self, client):
        self.client = client
        name = f"prop{next(_roots)}"
        made = client.create("cse-in/Cgrower", "cnt", rn=name, lbl=["root"])
        assert made.rsc == 2001, made
        self.root = Node(made.res, f"cse-in/Cgrower/{name}", None)
        self.open = [self.root]
        self.nodes = [self.root]

    def add(self, up, kind, attributes):
        parent = self.open[max(0, len(self.open) - 1 - up)]
        self.open = self.open[:max(0, len(self.open) - 1 - up) + 1]
        name = f"{kind[0]}{len(self.nodes)}"
        made = self.client.create(parent.path, kind, rn=name, query={"rcn": 0}, **attributes)
        if made.rsc == 5207 and kind == "cin":
            return  # larger than the container takes
        assert made.rsc == 2001, (kind, attributes, made)
        node = Node({"rn": name, "ty": TYPES[kind]}, f"{parent.path}/{name}", parent)
        self.nodes.append(node)
        if kind == "cnt":
            self.open.append(node)

    def look(self):
        """What the server made of it: attributes, counters, instances that were pushed out."""
        body = self.client.retrieve(self.root.path, query={"rcn": 4}).pc["m2m:cnt"]
        self.nodes = [self.root]

        def walk(node, body):
            node.res = {k: v for k, v in body.items() if not k.startswith("m2m:")}
            by_name = {c.res["rn"]: c for c in node.children}
            node.children = []
            for kind, members in body.items():
                for member in members if kind.startswith("m2m:") else []:
                    child = by_name[member["rn"]]
                    node.children.append(child)
                    self.nodes.append(child)
                    walk(child, member)

        walk(self.root, body)

    def fix(self, wanted):
        """Times given as index of a resource become the time of that resource."""
        tag_of = {"crb": "ct", "cra": "ct", "us": "lt", "ms": "lt", "exb": "et", "exa": "et"}
        return {tag: self.nodes[v % len(self.nodes)].res[tag_of[tag]]
                if tag in tag_of and isinstance(v, int) else v for tag, v in wanted.items()}

    def find(self, wanted, client=None, **more):
        answer = (client or self.client).retrieve(
            self.root.path, query=to_query(wanted) + list(more.items()))
        assert answer.rsc == 2000, (wanted, answer)
        return answer

    def check(self, wanted):
        wanted = self.fix(wanted)
        found = self.find(wanted).pc["m2m:uril"]
        assert len(found) == len(set(found)), "found twice"
        assert set(found) == expected(self.root, wanted), to_query(wanted)
        return found

    def remove(self):
        self.client.delete(self.root.path)


@pytest.fixture(scope="module")
def client(cse):
    yield Client(cse.url).register("Cgrower", name="Cgrower")
    Client(cse.url).delete("cse-in/Cgrower")


@FEW
@given(resources=st.lists(resource(), max_size=14),
       filters=st.lists(criteria(), min_size=8, max_size=8))
def test_small_trees(client, resources, filters):
    grown = Grown(client)
    try:
        for up, kind, attributes in resources:
            grown.add(up, kind, attributes)
        grown.look()
        for wanted in filters:
            grown.check(wanted)
    finally:
        grown.remove()


@FEW
@given(resources=st.lists(resource(), min_size=4, max_size=14), wanted=criteria(most=2),
       limit=st.integers(1, 6))
def test_pages_fit_together(client, resources, wanted, limit):
    """spec: TS-0004 7.3.3.17.10, .15; TS-0001 8.1.3 Content Offset: go on where the page ended"""
    grown = Grown(client)
    try:
        for up, kind, attributes in resources:
            grown.add(up, kind, attributes)
        grown.look()
        everything = grown.check(wanted)
        wanted = grown.fix(wanted)
        pages, offset = [], 1
        while offset:
            answer = grown.find({**wanted, "lim": limit, "ofst": offset})
            pages += answer.pc["m2m:uril"]
            assert len(answer.pc["m2m:uril"]) <= limit
            offset = int(answer.headers.get("X-M2M-CTO", 0))
            assert bool(offset) == (answer.headers.get("X-M2M-CTS") == "1")
        assert pages == everything
    finally:
        grown.remove()


# ---- trees that are larger than what is walked through without an index ----


def create_all(client, instances):
    """(parent, name, attributes) of instances; several speakers share a commit."""
    def speak(nth):
        own = Client(client.url, client.originator)
        for path, name, attributes in instances[nth::10]:
            answer = own.create(path, "cin", rn=name, query={"rcn": 0}, **attributes)
            assert answer.rsc == 2001, answer

    together(10, speak)


@pytest.fixture(scope="module")
def forest(client):
    """1,800 resources below one root; containers are filled in turns, so that the order of creation
    is not that of the tree."""
    dice = random.Random(7)
    grown = Grown(client)
    for _ in range(60):
        grown.add(dice.randrange(4), "cnt", {"lbl": dice.sample(LABELS, 2), "mni": 500,
                                             "mbs": 50000})
    containers = list(grown.nodes)
    instances = [(dice.choice(containers).path, f"i{i}", {
        "con": dice.choice(["", "x", "12345", '{"t": 1}', '{"t": 2, "s": "on"}']),
        "cnf": dice.choice(["text/plain:0", "application/json:0"]),
        "lbl": dice.sample(LABELS, 1)}) for i in range(1740)]
    create_all(client, instances)
    by_path = {n.path: n for n in containers}
    for path, name, _ in instances:
        Node({"rn": name}, f"{path}/{name}", by_path[path])
    grown.look()
    assert len(grown.nodes) == 1801
    yield grown
    grown.remove()


@MANY
@given(wanted=criteria())
def test_large_tree(forest, wanted):
    forest.check(wanted)


@MANY
@given(label=st.sampled_from(LABELS + ["root", "none"]), types=st.sampled_from([[3], [4], [3, 4], [23]]),
       more=criteria(most=2))
def test_large_tree_with_index(forest, label, types, more):
    """Criteria that an index can serve, joined with others: AND uses it, OR must not."""
    forest.check({**more, "lbl": [label]})
    forest.check({**more, "ty": types})
    forest.check({**more, "ty": types, "lbl": [label]})


@pytest.mark.parametrize("wanted", [{}, {"ty": [4]}, {"lbl": ["red"]}, {"lbl": ["red"], "ty": [4]},
                                    {"ty": [3]}, {"ty": [3, 4], "lvl": 2}, {"lbl": ["red"], "lvl": 3},
                                    {"ty": [4], "atr": [("con", "1*")]}], ids=str)
def test_pages_of_a_large_tree(forest, wanted):
    """Every page comes in the same order, whether the search ends early or not."""
    everything = forest.check(wanted)
    for limit in (7, 100, 333):
        pages, offset = [], 1
        while offset:
            answer = forest.find({**wanted, "lim": limit, "ofst": offset})
            pages += answer.pc["m2m:uril"]
            offset = int(answer.headers.get("X-M2M-CTO", 0)) if len(pages) < 700 else 0
        assert pages == everything[:len(pages)] and len(pages) >= min(len(everything), 700)


def test_index_and_tree_agree_below_another_root(forest):
    """The index knows of the whole CSE; only what is below the root counts."""
    dice = random.Random(11)
    containers = [n for n in forest.nodes if n.res["ty"] == TYPES["cnt"] and n.children]
    for root in dice.sample(containers, 12):
        for wanted in ({"ty": [4]}, {"lbl": ["red"]}, {"ty": [3], "lbl": ["floor:1"]}):
            answer = forest.client.retrieve(root.path, query=to_query(wanted))
            assert set(answer.pc["m2m:uril"]) == expected(root, wanted)


def test_five_thousand(client):
    """Paging through 5,000 resources gives each once."""
    grown = Grown(client)
    parents = []
    for i in range(10):
        made = client.create(grown.root.path, "cnt", rn=f"p{i}", mni=1000)
        assert made.rsc == 2001
        parents.append(f"{grown.root.path}/p{i}")
    made = set(parents) | {f"{parents[i % 10]}/i{i}" for i in range(4990)}
    create_all(client, [(parents[i % 10], f"i{i}", {"con": "x"}) for i in range(4990)])
    for wanted, all_of_it in (({}, made), ({"ty": [4]}, made - set(parents))):
        seen, offset = [], 1
        while offset:
            answer = grown.find({**wanted, "lim": 701, "ofst": offset})
            seen += answer.pc["m2m:uril"]
            offset = int(answer.headers.get("X-M2M-CTO", 0))
        assert len(seen) == len(all_of_it) and set(seen) == all_of_it
    grown.remove()


def test_limit_of_results(own):
    """Limit results: a longer answer is cut and says so, with the offset to go on at."""
    admin = Client(own("--limit", "results=10").url)
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    for i in range(25):
        assert admin.create("cse-in/c", "cin", rn=f"i{i}", con="x").rsc == 2001
    for query in ({}, {"ty": 4}, {"lim": 20}):
        seen, offset = [], 1
        while offset:
            answer = admin.retrieve("cse-in/c", query={"fu": 1, "ofst": offset, **query})
            assert len(answer.pc["m2m:uril"]) == min(10, 25 - len(seen))
            seen += answer.pc["m2m:uril"]
            offset = int(answer.headers.get("X-M2M-CTO", 0))
        assert seen == [f"cse-in/c/i{i}" for i in range(25)]


def test_limit_of_a_search(own):
    """Limit scan: a search that looks at too much is cut and says so."""
    admin = Client(own("--limit", "scan=1000", store="mem").url)
    assert admin.create("cse-in", "cnt", rn="c", mni=5000).rsc == 2001
    create_all(admin, [("cse-in/c", f"i{i}", {"con": "x", "lbl": ["l"]}) for i in range(1100)])
    for query in ({}, {"lbl": "l"}, {"rn": "i*"}):
        answer = admin.retrieve("cse-in", query={"fu": 1, **query})
        assert answer.rsc == 2000 and answer.headers["X-M2M-CTS"] == "1"
        assert 900 < len(answer.pc["m2m:uril"]) <= 1000
    whole = admin.retrieve("cse-in/c", query={"fu": 1, "lim": 5})
    assert len(whole.pc["m2m:uril"]) == 5


def test_relative_paths_are_part_of_the_effort(own):
    """Steps of a path count like resources; many results of a path are told apart quickly."""
    admin = Client(own("--limit", "scan=20000", store="mem").url)
    assert admin.create("cse-in", "cnt", rn="c", mni=5000).rsc == 2001
    create_all(admin, [("cse-in/c", f"i{i}", {"con": "x"}) for i in range(3000)])
    began = time.monotonic()
    answer = admin.retrieve("cse-in/c", query={"fu": 1, "ty": 4, "arp": ".", "ofst": 2999})
    assert len(answer.pc["m2m:uril"]) == 2
    long_way = "/".join(["..", "c"] * 500)
    answer = admin.retrieve("cse-in/c", query={"fu": 1, "ty": 4, "arp": f"../{long_way}"})
    assert answer.rsc == 2000 and answer.headers["X-M2M-CTS"] == "1"
    assert time.monotonic() - began < 10


def test_the_shorter_way_is_taken(own):
    """A small subtree in a CSE with many of the type, and a rare label in a large subtree: both are
    found completely, though the other way would be too long."""
    admin = Client(own("--limit", "scan=1000", store="mem").url)
    for name in ("many", "few"):
        assert admin.create("cse-in", "cnt", rn=name, mni=5000, lbl=["l"]).rsc == 2001
    create_all(admin, [("cse-in/many", f"i{i}", {"con": "x", "lbl": ["l"]}) for i in range(1100)])
    create_all(admin, [("cse-in/few", f"i{i}", {"con": "x", "lbl": ["l"]}) for i in range(20)])
    create_all(admin, [("cse-in/many", f"r{i}", {"con": "x", "lbl": ["rare"]}) for i in range(5)])
    for root, query, count in (("cse-in/few", {"ty": 4}, 20), ("cse-in/few", {"lbl": "l"}, 20),
                               ("cse-in", {"lbl": "rare"}, 5), ("cse-in/many", {"lbl": "rare"}, 5),
                               ("cse-in", {"ty": 3}, 2), ("cse-in", {"ty": 4, "lbl": "rare"}, 5),
                               ("cse-in", {"ty": 3, "lbl": "l"}, 2)):
        answer = admin.retrieve(root, query={"fu": 1, **query})
        assert len(answer.pc["m2m:uril"]) == count, (root, query)
        assert "X-M2M-CTO" not in answer.headers
