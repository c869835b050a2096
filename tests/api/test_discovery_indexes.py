"""Discovery that goes by indexes: with more resources than are gathered at first, the results and
their order are those of the plain search. docs/internals/discover.md
"""

import pytest
from lib.onem2m import Client

COUNT = 700


@pytest.fixture(scope="module")
def many(cse):
    """700 instances in two containers in turn, labelled by what divides their number, and beside
    them another AE's resources with the same labels. The names found below, by creation."""
    client = Client(cse.url).register("Cmany", name="many")
    noise = Client(cse.url).register("Cnoise", name="noise")
    for name in ("a", "b"):
        assert client.create("cse-in/many", "cnt", rn=name).rsc == 2001
    for i in range(COUNT):
        lbl = ["all"] + [f"by{n}" for n in (2, 7, 150) if i % n == 0]
        made = client.create(f"cse-in/many/{'ab'[i % 2]}", "cin", rn=f"i{i}", con=str(i), lbl=lbl)
        assert made.rsc == 2001
        if i % 3 == 0:
            assert noise.create("cse-in/noise", "cnt", rn=f"n{i}", lbl=["by7", "rare"]).rsc == 2001
    assert client.create("cse-in/many/a", "sub", rn="s", nu=["Cmany"], lbl=["by150"]).rsc == 2001
    return client


def expected(n=1):
    return [f"cse-in/many/{'ab'[i % 2]}/i{i}" for i in range(COUNT) if i % n == 0]


QUERIES = {
    "type": ({"ty": 4}, expected()),
    "label of all": ({"lbl": "all"}, expected()),
    "label of some": ({"lbl": "by2", "ty": 4}, expected(2)),
    "label of others too": ({"lbl": "by7"}, expected(7)),
    "rare label": ({"lbl": "by150"}, [*expected(150), "cse-in/many/a/s"]),
    "common label and rare type": ({"lbl": "by150", "ty": 23}, ["cse-in/many/a/s"]),
    "label of others only": ({"lbl": "rare"}, []),
    "rare type": ({"ty": 23}, ["cse-in/many/a/s"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_all_results_in_order(many, name):
    query, want = QUERIES[name]
    answer = many.retrieve("cse-in/many", query={"fu": 1, **query})
    assert answer.rsc == 2000 and answer.pc["m2m:uril"] == want


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("size", [1, 99, 100, 101, 400])
def test_pages(many, name, size):
    """Pages of any size, one after the other, are the whole."""
    query, want = QUERIES[name]
    first = {1: 20}.get(size)  # of single ones only the first twenty
    found = []
    for start in range(0, min(len(want), first or len(want)), size):
        page = many.retrieve("cse-in/many", query={"fu": 1, "lim": size, "ofst": start + 1, **query})
        assert page.rsc == 2000
        found += page.pc["m2m:uril"]
        assert page.headers.get("X-M2M-CTS") == ("1" if start + size < len(want) else None)
    assert found == want[:first and min(first, len(want))]
