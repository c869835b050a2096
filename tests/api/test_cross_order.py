"""crossResourceSubscriptions, targets and their parents come and go in any order, also through crashes: what is left
always belongs together. spec: TS-0004 7.4.58.2.4, 7.5.1.2.4
"""

import random

import pytest
from lib.onem2m import Client
from lib.server import Server, eventually

NOBODY = "http://127.0.0.1:9/"
AES = ("ae0", "ae1", "ae2")


def below(node, path):
    """[(type, path, attributes)] of all descendants."""
    found = []
    for name, children in node.items():
        if name.startswith("m2m:") and isinstance(children, list):
            for child in children:
                address = f"{path}/{child['rn']}"
                found += [(name[4:], address, child), *below(child, address)]
    return found


class Tree:
    def __init__(self, client):
        found = below(client.retrieve("cse-in", query={"rcn": 4}).res, "cse-in")
        self.paths = {short: [path for kind, path, _ in found if kind == short] for short in ("cnt", "sub", "crs")}
        self.ids = {path: r["ri"] for _, path, r in found}
        self.subs = {r["ri"]: r for kind, _, r in found if kind == "sub"}
        self.crss = {r["ri"]: r for kind, _, r in found if kind == "crs"}

    def faults(self):
        """What names something that is gone, or that does not name it."""
        wrong = []
        for ri, crs in self.crss.items():
            for target in crs.get("rrats", []) + [self.ids.get(path, path) for path in crs.get("srat", [])]:
                sub = self.subs.get(target, {"nu": []})
                if ri not in sub["nu"] or ri not in sub.get("acrs", []):
                    wrong.append((crs["rn"], target))
        for sub in self.subs.values():
            named = sub.get("acrs", []) + [target for target in sub["nu"] if target != NOBODY]
            wrong += [(sub["rn"], ri) for ri in named if ri not in self.crss]
        return wrong


def cross(rnd, tree):
    """Some targets, sometimes one that is not there."""
    new = {"encn": [{"net": [3]}]}
    regular = rnd.choices(tree.paths["cnt"] + [f"cse-in/{ae}" for ae in AES], k=rnd.randint(0, 3))
    more = {"rrat": regular, "encs": new} if regular else {}
    if tree.paths["sub"] and rnd.random() < 0.8:
        more["srat"] = rnd.choices(tree.paths["sub"], k=rnd.randint(1, 2))
    if rnd.random() < 0.1:
        more.update(rrat=[*regular, "cse-in/none"], encs=new)
    if rnd.random() < 0.2:
        more["exc"] = 1
    return {"nu": [NOBODY], "twt": rnd.randint(1, 2), "tws": "PT1H", **more}


def act(client, rnd, n):
    tree = Tree(client)
    what = rnd.choice(["cnt"] * 2 + ["sub"] * 2 + ["crs"] * 4 + ["cin"] * 2 + ["delete"] * 3 + ["register"])
    parent = rnd.choice(["cse-in", *(f"cse-in/{ae}" for ae in AES)])
    cnt = rnd.choice(tree.paths["cnt"] or [parent])
    if what == "cnt":
        client.create(rnd.choice([parent, cnt]), "cnt", rn=f"c{n}")
    elif what == "sub":
        client.create(cnt, "sub", rn=f"s{n}", nu=[NOBODY], enc={"net": [3]})
    elif what == "crs":
        client.create(parent, "crs", rn=f"x{n}", **cross(rnd, tree))
    elif what == "cin":
        client.create(cnt, "cin", con="x")
    elif what == "delete":
        client.delete(rnd.choice(sum(tree.paths.values(), []) or ["cse-in/none"]))
    else:
        ae = rnd.choice(AES)
        assert client.delete(f"cse-in/{ae}").rsc == 2002
        client.register(f"C{ae}", name=ae)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_left_belongs_together(tmp_path, seed):
    rnd = random.Random(seed)
    made = 0
    with Server(tmp_path / "data", "--verify-subscriptions", "none", "--limit", "delete_inline=5") as server:
        client = Client(server.url)
        for ae in AES:
            client.register(f"C{ae}", name=ae)
        for n in range(160):
            act(client, rnd, n)
            if n % 40 == 39:
                server.kill()
                server.start()
                client = Client(server.url)
            if n % 10 == 9:
                eventually(lambda client=client: Tree(client).faults() == [], 20)
                made = max(made, len(Tree(client).crss))
    assert made > 1
