"""Filter Criteria once more, in Python, from the text of the standard: what should be found.

Criteria are a dict by short name; lists are lists, `atr`, `catr` and `patr` lists of (name,
pattern). Nodes carry the representation that the server shows of the resource.
spec: TS-0004 7.3.3.17; TS-0001 annex J
"""

import json
import re

OWN_CONDITION = ("fo", "lim", "lvl", "ofst", "arp", "fu", "cfs")


class Node:
    """A resource: `res` are its attributes."""

    def __init__(self, res, path, parent):
        self.res = res
        self.path = path
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)

    def below(self, level=None):
        """Descendants, down to a level."""
        if level == 0:
            return
        for child in self.children:
            yield child
            yield from child.below(None if level is None else level - 1)


def as_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def attribute_matches(node, name, pattern):
    """'*' stands for 0 or more characters; of a list one element is enough."""
    if node is None or name not in node.res:
        return False
    wanted = ".*".join(re.escape(part) for part in pattern.split("*"))
    values = node.res[name] if isinstance(node.res[name], list) else [node.res[name]]
    return any(re.fullmatch(wanted, as_text(v), re.DOTALL) for v in values
               if isinstance(v, (str, int, float)))


def labels(node):
    return node.res.get("lbl", []) if node is not None else []


def label_expression(expression, own):
    """One expression as a tuple: ("key", k), ("NT", k), ("EQ"/"NE", k, v), ("IN"/"NI", k, [v])."""
    operator, key = expression[0], expression[1]
    pairs = [label.split(":", 1)[1] for label in own if ":" in label and label.split(":", 1)[0] == key]
    has = bool(pairs) or key in own
    if operator in ("key", "NT"):
        return has == (operator == "key")
    values = expression[2] if isinstance(expression[2], list) else [expression[2]]
    hit = any(v in values for v in pairs)
    return hit if operator in ("EQ", "IN") else bool(pairs) and not hit


def label_query_text(expressions):
    """The expressions as they are sent."""
    out = []
    for e in expressions:
        if e[0] == "key":
            out.append(e[1])
        elif e[0] == "NT":
            out.append("NT " + e[1])
        elif isinstance(e[2], list):
            out.append(f"{e[1]} {e[0]} ({', '.join(e[2])})")
        else:
            out.append(f"{e[1]} {e[0]} {e[2]}")
    return " ".join(out)


def content_of(node):
    """The JSON value of an instance that contentInfo says to be JSON."""
    info = node.res.get("cnf", "").split(":")
    if node.res["ty"] != 4 or info[0] != "application/json" or set(info[1:]) != {"0"}:
        return None
    try:
        return json.loads(node.res.get("con", ""))
    except (ValueError, TypeError):
        return None


def comparison(c, content):
    """One comparison (member, operator, value) of a flat JSON object."""
    member, operator, wanted = c
    if not isinstance(content, dict) or member not in content:
        return False
    value = content[member]
    if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
        return False
    if operator == "MATCH":
        return isinstance(value, str) and wanted in value
    if isinstance(value, str) and not isinstance(wanted, str):
        wanted = str(wanted)  # docs/decisions/0009-filter-readings.md: by its text
    if isinstance(value, str) != isinstance(wanted, str):
        return operator == "NE"
    if isinstance(value, str) and operator not in ("EQ", "NE"):
        return False
    if operator in ("EQ", "NE"):
        return (value == wanted) == (operator == "EQ")
    return {"GT": value > wanted, "LT": value < wanted, "GE": value >= wanted,
            "LE": value <= wanted}[operator]


def content_query_text(query):
    """query: list of AND-lists of comparisons, joined by OR."""
    def one(c):
        wanted = f'"{c[2]}"' if isinstance(c[2], str) else str(c[2])
        return f"$.{c[0]} {c[1]} {wanted}"

    return " OR ".join(" AND ".join(one(c) for c in part) for part in query)


def content_matches(node, query):
    content = content_of(node)
    return any(all(comparison(c, content) for c in part) for part in query)


def has(node, name):
    return name in node.res


CONDITIONS = {
    "crb": lambda n, v: has(n, "ct") and n.res["ct"] < v,
    "cra": lambda n, v: has(n, "ct") and v <= n.res["ct"],
    "us": lambda n, v: has(n, "lt") and n.res["lt"] < v,
    "ms": lambda n, v: has(n, "lt") and v <= n.res["lt"],
    "exb": lambda n, v: has(n, "et") and n.res["et"] < v,
    "exa": lambda n, v: has(n, "et") and v <= n.res["et"],
    "sts": lambda n, v: has(n, "st") and n.res["st"] < v,
    "stb": lambda n, v: has(n, "st") and v <= n.res["st"],
    "szb": lambda n, v: has(n, "cs") and n.res["cs"] < v,
    "sza": lambda n, v: has(n, "cs") and v <= n.res["cs"],
    "lbl": lambda n, v: bool(set(v) & set(labels(n))),
    "clbl": lambda n, v: any(set(v) & set(labels(c)) for c in n.children),
    "palb": lambda n, v: bool(set(v) & set(labels(n.parent))),
    "lbq": lambda n, v: any(label_expression(e, labels(n)) for e in v),
    "ty": lambda n, v: n.res["ty"] in v,
    "chty": lambda n, v: any(c.res["ty"] in v for c in n.children),
    "pty": lambda n, v: n.parent is not None and n.parent.res["ty"] in v,
    "cty": lambda n, v: has(n, "cnf") and n.res["cnf"].split(":")[0] in v,
    "atr": lambda n, v: any(attribute_matches(n, *a) for a in v),
    "catr": lambda n, v: any(attribute_matches(c, *a) for c in n.children for a in v),
    "patr": lambda n, v: any(attribute_matches(n.parent, *a) for a in v),
    "cfq": content_matches,
}


def matches(node, criteria):
    """spec: TS-0004 7.3.3.17.0: alternatives within a condition; filterOperation between them"""
    results = [CONDITIONS[tag](node, value) for tag, value in criteria.items()
               if tag not in OWN_CONDITION]
    if not results:
        return True
    return {1: all(results), 2: any(results), 3: sum(results) % 2 == 1}[criteria.get("fo", 1)]


def expected(root, criteria):
    """Paths of all matches below the root, down to the level."""
    return {n.path for n in root.below(criteria.get("lvl")) if matches(n, criteria)}


def to_query(criteria):
    """The fields of an HTTP query. spec: TS-0009 6.2.2.2"""
    fields = [("fu", 1)]
    for tag, value in criteria.items():
        if tag in ("atr", "catr", "patr"):
            prefix = {"atr": "", "catr": "c.", "patr": "p."}[tag]
            fields += [(prefix + name, pattern) for name, pattern in value]
        elif tag == "lbq":
            fields.append((tag, label_query_text(value)))
        elif tag == "cfq":
            fields += [("cfs", 1), (tag, content_query_text(value))]
        elif isinstance(value, list):
            fields.append((tag, " ".join(map(str, value))))
        else:
            fields.append((tag, value))
    return fields
