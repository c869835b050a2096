"""The attributes of resource types as the standard's tables have them, read from spec/ alone.

attributes("cnt") gives rows; wrong_values(data type) gives JSON values that it must not accept, and
good_value(data type) one that it must; of_row does both for an attribute with its multiplicity.
Deliberately not the reader of tools/: two readings of the same tables check each other.
"""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent.parent / "spec"


@functools.lru_cache(maxsize=None)
def table(name):
    """A file of spec/, with what support.json adds of later releases."""
    found = json.loads((SPEC / name).read_text(encoding="utf-8"))
    for row in [] if name == "support.json" else table("support.json")["additions"]:
        if name == "enums.json" and "values" in row:
            found[row["enum"]] = {"values": row["values"]}
        elif name == "complex.json" and "complex" in row:
            found.setdefault(row["complex"], {"members": {}})["members"].update(row["members"])
        elif name == "content.json" and "element" in row:
            found["elements"].append(row)
        elif name.startswith("types/") and found["short"] in row.get("types", []):
            for field in ("children", "virtual"):
                found[field] = found.get(field, []) + row.get(field, [])
            if "announced_children" in row:
                found["announced"]["children"] = found["announced"]["children"] + row["announced_children"]
            if "attribute" in row:
                found["attributes"][row["attribute"]] = {**row["set"], **row.get("but", {}).get(found["short"], {})}
    return found


@dataclass(frozen=True)
class Attribute:
    """A row of an attribute table."""

    short: str
    type: str
    create: str  # M, O or NP
    update: str  # O or NP
    is_mandatory: bool  # multiplicity 1
    is_unbuilt: bool
    is_many: bool = False  # an array of the type


def corrected(kind, key, name, facts):
    """Facts with what support.json corrects for them."""
    for row in table("support.json")["corrections"]:
        if row.get(kind) == key and row.get("attribute", row.get("member")) == name:
            facts = {**facts, **row["set"]}
    return facts


def is_unbuilt(short_type, name):
    return any(name in row.get("attributes", []) and {"*", short_type} & set(row["types"])
               for row in table("support.json")["unbuilt"])


@functools.lru_cache(maxsize=None)
def announced():
    """Announced variant -> what it is, with the short name of its original."""
    found = {}
    for path in sorted((SPEC / "types").glob("*.json")):
        facts = table(f"types/{path.name}")
        if "announced" in facts:
            more = {k: facts[k] for k in ("definition",) if k in facts}
            if "of" in facts:
                more["of"] = table(f"types/{facts['of']}.json")["announced"]["short"]
            found[facts["announced"]["short"]] = {**facts["announced"], **more, "original": facts["short"]}
    return found


def root(short_type):
    """The member name of representations: with the prefix of its namespace."""
    facts = table(f"types/{announced()[short_type]['original'] if short_type in announced() else short_type}.json")
    return f"{facts.get('prefix', 'm2m')}:{short_type}"


def children(short_type):
    """Short names of the types that may stand below."""
    copy = announced().get(short_type)
    if copy and not copy.get("children") and "of" in copy:
        copy = announced()[copy["of"]]
    return copy.get("children", []) if copy else table(f"types/{short_type}.json").get("children", [])


def decides(short_type):
    """The attribute that says what kind of its type a resource is, or None."""
    facts = table(f"types/{short_type}.json")
    return decides(facts["of"]) if "of" in facts else facts.get("specialised_by")


def rows_of_copy(original):
    """TS-0004 tables 7.4.26.1-2 and 7.4.26.1-3"""
    from_there = rows(original)
    found = {name: row for name, row in table("common.json")["announced"].items()
             if name in from_there or row.get("constraint") != "present-if-in-original"}
    for name, row in from_there.items():
        if row.get("announce", "NA") != "NA" and name not in found:
            is_sure = row["announce"] == "MA" and row["card"].startswith("1")
            card = row["card"] if is_sure else "0" + row["card"][1:] if row["card"] != "1" else "0..1"
            update = "NP" if name == decides(original) else "O"  # else it would be another kind
            found[name] = {**row, "card": card, "create": "M" if is_sure else "O", "update": update}
    return found


@functools.lru_cache(maxsize=None)
def rows(short_type):
    """Attribute -> its row, of a resource type."""
    if short_type in announced():
        return rows_of_copy(announced()[short_type]["original"])
    facts = table(f"types/{short_type}.json")
    common = table("common.json")["attributes"]
    found = {name: {**common[name], **change} for name, change in facts.get("common", {}).items()}
    if "of" in facts:
        base = table(f"types/{facts['of']}.json")["attributes"]
        found.update({name: {**base[name], **change} for name, change in facts["inherited"].items()})
    found.update(facts.get("attributes", {}))
    return {name: corrected("type", short_type, name, row) for name, row in found.items()}


def attributes(short_type):
    """All rows of a resource type."""
    return [Attribute(name, row["type"], row.get("create", "NP"), row.get("update", "NP"),
                      row["card"].startswith("1"), is_unbuilt(short_type, name), row["card"].endswith("n"))
            for name, row in rows(short_type).items()]


# ---- data types ----

WRONG_TEXTS = {  # by the name of the pattern; what breaks the rule of the data type
    None: [],
    "anyURI": ["", "a b", "a<b>", "a\\b", "\u0001"],
    "ID": ["", "a b", "a//b", "///a", "a\n"],
    "nhURI": ["a b"],
    "NCName": ["", "a:b", "1a", "a b", "-a"],
    "resourceName": ["", ".a", "-a", "_a", "a/b", "a b", "a~b", "ä", "a%41", "a:b"],
    "label": ["", ":v", " a", "a  b"],
    "token": ["a  b", "a\tb"],
    "roleID": ["", "r", "r@", "@x.example", "r@X.example", "r r@x.example", "r@x.example ", "r@@x.example",
               "a/b@sp.example"],
    "compactJWS": ["", "aa.bb", "aa.bb.", ".bb.cc", "aa.bb.cc.dd", "aa.b=.cc", "aa.b b.cc"],
    "compactJWE": ["", "aa.bb.cc.dd", "aa.bb.cc..ee", ".bb.cc.dd.ee", "aa.bb.cc.dd.ee.ff"],
    "URN": ["", "dev:ops:1", "urn:", "urn:dev:", "imei:490154203237518", "http://x.example", "urn:a b"],
    "timestamp": ["", "2030", "20301231", "20301231T", "20301231T2400", "20301331T000000",
                  "20300230T000000", "20301231T250000", "20301231T236000", "20301231T235960",
                  "20301231T235959,", "20301231T235959,1234567", "20301231T235959.1",
                  "20301231T235959Z", "2030-12-31T23:59:59", "20301231t235959", " 20301231T235959"],
    "relativeTime": ["", "1.5", " 5", "20301331T000000", "20301231T235959Z", "2030-12-31T23:59:59"],
    "pointOfAccess": ["", "one.example", "http://", "http://a b"],
    "serialization": ["", "JSON", "text", "application/json"],
    "anyReleaseVersion": ["", "6", "3.0", "2b", "R3"],
    "contentInfo": ["", "text/plain", "text/plain:9"],
    "duration": ["", "P", "PT", "5", "1D"],
    "externalID": ["", "x"],
    "MSISDN": ["", "a b", "a<b>", "a\\b", "\u0001", "1234", "1234567890123456"],
    "TMGI": ["", "a b"],
    "sessionCapability": ["", "audio", ":x"],
    "scheduleEntry": ["", "* * * * * *", "* * * * * * * *", "60 * * * * * *", "* * 24 * * * *", "* * * 0 * * *",
                      "* * * * 13 * *", "* * * * * 7 *", "* * * * * * 1999", "5/2 * * * * * *", "*  * * * * * *"],
    "mediaType": ["", "text", "text/", "/plain", "a b/c"],
    "requestID": [""], "releaseVersion": ["", "6", "3.0", "2b", "R3"],
    "base64": ["a", "=", "YQ", "YQ=", "Y Q==", "YQ==="],
}

GOOD_TEXTS = {  # by the name of the pattern
    None: "text", "anyURI": "http://x.example/y", "ID": "/id-in/C1", "nhURI": "x", "NCName": "name",
    "resourceName": "name", "URN": "urn:imei:490154203237518", "timestamp": "20300101T000000",
    "pointOfAccess": "http://one.example", "serialization": "json", "duration": "PT30S",
    "externalID": "x@y.example", "MSISDN": "491701234567", "TMGI": "00f110",
    "scheduleEntry": "* * 8-20 * * * *", "mediaType": "text/plain",
    "base64": "YQ==", "label": "a", "requestID": "r1", "releaseVersion": "3",
}


def data_type(expression):
    """(form, facts) of a data type; lists and ranges that have no name of their own included."""
    types, enums, complexes = (table(f"{n}.json") for n in ("datatypes", "enums", "complex"))
    facts = corrected("datatype", expression, None, types.get(expression, {}))
    if facts:
        return facts["form"], facts
    if expression in enums:
        values = [int(v) for v in enums[expression]["values"]]
        for row in table("support.json")["additions"]:
            if row.get("enum") == expression and "value" in row:
                values.append(row["value"])
        if enums[expression].get("mask"):
            return "integer", {"min": 1, "max": sum(values)}
        return "enum", {"values": values}
    if expression in complexes:
        return "complex", complexes[expression]
    if expression == "xs:boolean true":
        return "true", {}
    ranged = re.fullmatch(r"(\S+) (\d+)\.\.(\d+)", expression)
    if ranged and not expression.startswith("list of "):
        return "integer", {"min": int(ranged[2]), "max": int(ranged[3])}
    listed = re.fullmatch(r"list of (?:(\d+)\.\.\S+ )?(\S+)", expression)
    return "list", {"item": listed[2], "least": int(listed[1] or 0)}


def wrong_values(expression):
    """JSON values that are not of the data type."""
    form, facts = data_type(expression)
    return {"text": wrong_text, "boolean": wrong_boolean, "true": wrong_true, "integer": wrong_integer,
            "number": wrong_number, "enum": wrong_enum, "list": wrong_list, "union": wrong_union,
            "complex": wrong_complex, "any": lambda _: []}[form](facts)


def good_value(expression):
    """A JSON value of the data type, the same each time."""
    form, facts = data_type(expression)
    if form == "text":
        return GOOD_TEXTS[facts.get("pattern")]
    if form == "integer":
        return max(facts["min"], min(facts["max"], 5))
    if form == "enum":
        return facts["values"][-1]
    if form == "list":
        return [good_value(facts["item"])] * max(1, facts.get("least", 0))
    if form == "union":
        return good_value(facts["of"][0])
    if form == "complex":
        required = {n: m for n, m in facts["members"].items() if m["card"].startswith("1")}
        return {n: [good_value(m["type"])] if m["card"].endswith("n") else good_value(m["type"])
                for n, m in required.items()}
    return {"boolean": True, "true": True, "number": 1.5, "any": "anything"}[form]


def good_of_row(row):
    """A value of the attribute."""
    return [good_value(row.type)] if row.is_many else good_value(row.type)


def wrong_of_row(row):
    """JSON values that are not of the attribute."""
    if not row.is_many:
        return wrong_values(row.type)
    wrong = ["x", 5, True, {}, good_value(row.type), *[[value] for value in wrong_values(row.type)]]
    return wrong + ([[]] if row.is_mandatory else [])


def wrong_text(facts):
    return [5, 1.5, True, [], ["x"], {}, {"val": "x"}, *WRONG_TEXTS[facts.get("pattern")]]


def wrong_boolean(_):
    return ["true", "false", "", 0, 1, [], [True], {}]


def wrong_true(_):
    return [False, *wrong_boolean(None)]


def wrong_integer(facts):
    return ["5", "", 1.5, True, [], [5], {}, facts["min"] - 1, facts["max"] + 1, 1e30]


def wrong_number(_):
    return ["5", True, [], {}]


def wrong_enum(facts):
    values = facts["values"]
    return ["1", "", 1.5, True, [], values[:1], {}, min(values) - 1, max(values) + 1, -1, 2**40, 2**64]


def wrong_list(facts):
    wrong = ["x", "", 5, True, {}, {"0": "x"}, [None], [[]]]
    wrong += [[value] for value in wrong_values(facts["item"])]
    return wrong + ([[]] if facts.get("least") else [])


def wrong_union(facts):
    sets = [wrong_values(part) for part in facts["of"]]
    sets = [[json.dumps(value) for value in part] for part in sets]  # True and 1 differ
    return [json.loads(value) for value in sets[0] if all(value in other for other in sets[1:])]


def wrong_complex(facts):
    wrong = ["x", "", 5, True, [], [{}], {"nonsense": 1}, {"": 1}]
    if any(row["card"].startswith("1") for row in facts["members"].values()):
        wrong.append({})
    return wrong
