"""Contents in the three serialisations, by tools that are not ours: json, python3-cbor2 and the XML
parser of Python's library. What a name means in XML is read from spec/ alone. spec: TS-0004 8"""

import functools
import json
import re
import xml.etree.ElementTree as ET

import cbor2

from .model import SPEC, announced, rows, table
from .model import root as member_name
from .schema import M2M

DOMAINS = {"hd": "home", "cid": "city", "cod": "common", "hed": "health", "hod": "home", "ved": "vehicular"}
SPACES = {"m2m": M2M, "dcfg": f"{M2M}/dcfg",
          **{prefix: f"{M2M}/{domain}domain" for prefix, domain in DOMAINS.items()}}
NAMES = ("json", "cbor", "xml")
MEDIA = {name: f"application/{name}" for name in NAMES}
for _prefix, _uri in SPACES.items():
    ET.register_namespace(_prefix, _uri)


# ---- the tables ----


@functools.lru_cache(maxsize=None)
def data_types():
    types = {n: dict(f) for n, f in table("datatypes.json").items()}
    types.update({n: {"form": "integer"} for n in table("enums.json")})
    types.update({n: {"form": "complex", **f} for n, f in table("complex.json").items()})
    for row in table("support.json")["corrections"]:
        if "datatype" in row:
            types.setdefault(row["datatype"], {}).update(row["set"])
        elif "complex" in row and "member" in row:
            members = types[row["complex"]]["members"]
            members[row["member"]] = {**members[row["member"]], **row["set"]}
    return types


@functools.lru_cache(maxsize=None)
def roots():
    """Root element -> ('resource', attributes) or ('type', data type)."""
    found = {"m2m:" + e["short"]: ("type", e["type"]) for e in table("content.json")["elements"] if "short" in e}
    for path in (SPEC / "types").glob("*.json"):
        found[member_name(path.stem)] = ("resource", rows(path.stem))
    found.update((member_name(short), ("resource", rows(short))) for short in announced())
    for path in (SPEC.parent / "dist" / "definitions").glob("*.flex"):
        found.update(defined(path, {suffix: found[f"m2m:{short}"][1] for suffix, short in
                                    (("", "flexContainer"), ("Annc", "flexContainerAnnc"), ("Inst", "fcin"))}))
    return found


def defined(path, common):
    """The specialisations of <flexContainer> in a file of definitions, announced variants, and instances:
    suffix of the name -> attributes that all have."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[:1] == ["flexContainer"] and not words[1].startswith("m2m:"):  # which the tables have
            own = {suffix: dict(rows_of_all) for suffix, rows_of_all in common.items()}
            found.update((words[1] + suffix, ("resource", one)) for suffix, one in own.items())
        elif words[:1] == ["attribute"]:
            kind = words[3].removesuffix("[]")
            most = "1" if kind == words[3] else "n"
            for one in own.values():
                one[words[1]] = {"type": kind, "card": f"0..{most}"}
            if words[4:] == ["mandatory"]:
                own[""][words[1]] = {"type": kind, "card": most if most == "1" else "1..n"}
    return found


CHILD = {"type": "m2m:childResourceRef", "card": "0..n"}
ANY = {"type": "xs:anyType", "card": "0..1"}


def row_of(parent, name):
    """The row of a member of what `parent` describes: ('resource', rows) or ('type', data type)."""
    kind, what = parent
    if kind == "resource":
        if name in what:
            return what[name]
        if name == "ch":
            return CHILD
        return {"root": name, "card": "0..n"} if name in roots() else ANY
    members = data_types().get(what, {}).get("members", {})
    if name in members:
        return members[name]
    return {"root": name, "card": "1"} if name in roots() else ANY


def inside(row):
    return roots()[row["root"]] if "root" in row else ("type", row["type"])


def is_many(row):
    return not re.fullmatch(r"[01]|0\.\.1", row["card"])


def form_of(name):
    """(form, type of the elements of a list)"""
    hit = re.fullmatch(r"list of (?:\S+\.\.\S+ )?(\S+)", name)
    if hit:
        return "list", hit[1]
    facts = data_types().get(name.split(" ")[0], {"form": "text"})
    return facts["form"], facts.get("item")


def is_numeric(name):
    """Are digits a number? Not where any text is accepted before."""
    form, _ = form_of(name)
    if form == "union":
        parts = data_types()[name]["of"]
        return "xs:string" not in parts and any(is_numeric(part) for part in parts)
    return form in ("integer", "number")


# ---- XML ----


def scalar(name, text):
    form, item = form_of(name)
    if form == "list":
        return [scalar(item, part) for part in text.split()]
    if form == "boolean" and text.strip() in ("true", "false", "1", "0"):
        return text.strip() in ("true", "1")
    if is_numeric(name):
        try:
            return json.loads(text.strip())
        except ValueError:
            return text
    return text.strip(" \t\r\n") if data_types().get(name, {}).get("pattern") else text


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def put(element, parent, value):
    """Fills an element with a value."""
    if isinstance(value, dict):
        members = [(row_of(parent, n), n, v) for n, v in value.items()]
        for row, name, v in members:
            if row.get("xml") == "attribute":
                element.set(name, text_of(v))
            elif row.get("xml") == "base":
                element.text = text_of(v)
            else:
                for one in v if isinstance(v, list) and (is_many(row) or not is_list(row)) else [v]:
                    put(ET.SubElement(element, tag(name)), inside(row), one)
    elif isinstance(value, list):
        element.text = " ".join(text_of(v) for v in value)
    else:
        element.text = text_of(value)


def is_list(row):
    return "type" in row and form_of(row["type"])[0] == "list"


def tag(name):
    prefix, _, local = name.rpartition(":")
    return f"{{{SPACES[prefix]}}}{local}" if prefix else name


def name_of(element):
    uri, _, local = element.tag.lstrip("{").rpartition("}")
    names = [f"{prefix}:{local}" for prefix, space in SPACES.items() if space == uri]
    return next((name for name in names if name in roots()), names[0]) if uri else local


def take(element, parent, row):
    """The value of an element."""
    kind, what = parent
    if kind == "type" and form_of(what)[0] not in ("complex", "any"):
        return empty(row, what) if not element.text else scalar(what, element.text)
    value = {}
    members = [(n, None, t) for n, t in element.attrib.items()] + [(name_of(e), e, None) for e in element]
    base = next((n for n, r in data_types().get(what if kind == "type" else "", {}).get("members", {}).items()
                 if r.get("xml") == "base"), None)
    if base and (element.text or members):
        value[base] = element.text or ""
    for name, below, text in members:
        inner = row_of(parent, name)
        one = scalar(inner["type"], text) if below is None else take(below, inside(inner), inner)
        if is_many(inner) and one is not None:
            value.setdefault(name, []).append(one)
        elif inner is ANY and name in value:
            value[name] = (value[name] if isinstance(value[name], list) else [value[name]]) + [one]
        else:
            assert name not in value, f"{name} twice"
            value[name] = one
    if value:
        return value
    if kind == "type" and element.text and not (form_of(what)[0] == "complex" and element.text.isspace()):
        return element.text
    return empty(row, what)


def empty(row, what):
    """An element without content: NULL where there may be none, and where creator is asked for.
    spec: TS-0004 8.3.1, 7.3.3.3"""
    may_be_none = row and (row["card"].startswith("0") or row.get("long") == "creator")
    if may_be_none and "root" not in row:
        return None
    if row is None or "root" in row:
        return {} if isinstance(what, dict) or form_of(what)[0] == "complex" else \
            [] if form_of(what)[0] == "list" else ""
    form = form_of(what)[0]
    return {"complex": {}, "list": [], "text": "", "any": "", "union": ""}.get(form)


def to_xml(pc):
    (name, value), = pc.items()
    parent = roots().get(name, ("type", "xs:anyType"))
    root = ET.Element(tag(name))
    put(root, parent, value)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def from_xml(body):
    root = ET.fromstring(body)
    name = name_of(root)
    return {name: take(root, roots().get(name, ("type", "xs:anyType")), None)}


# ---- the face ----


def encode(pc, form="json"):
    if form == "json":
        return json.dumps(pc, ensure_ascii=False).encode()
    return cbor2.dumps(pc) if form == "cbor" else to_xml(pc)


def decode(body, media_type):
    """By the Content-Type; JSON when it says nothing."""
    form = re.search(r"(json|cbor|xml)$", (media_type or "json").split(";")[0].strip().lower())
    if form and form[1] != "json":
        return cbor2.loads(body) if form[1] == "cbor" else from_xml(body)
    return json.loads(body)


def can_say(pc, form):
    """Does the serialisation say just this, and nothing else?"""
    try:
        return pc is None or decode(encode(pc, form), MEDIA[form]) == pc
    except (ET.ParseError, KeyError, ValueError, TypeError, AttributeError, AssertionError):
        return False
