"""Reads spec/ and resolves it: what gen_model.py and its parts generate from.

Shared rows are filled in, the overlay spec/support.json is applied, announced variants are
derived, and every data type that is named becomes an object. Problems in the files are reported
as SpecError with the place.
"""

import json
import os
import re

OPERATIONS = ("create", "retrieve", "update", "delete", "notify")
FORMS = ("text", "boolean", "integer", "number", "enum", "list", "union", "complex", "any")
INT_MIN, INT_MAX = -(2**63), 2**64 - 1

SEGMENT = r"[!$%&'()*+,.0-9:;=@A-Z_a-z~\[\]-]+"  # of an identifier

# Rules for characters: name in spec/datatypes.json -> text for people, regular expression for
# JSON Schema (None: no simple one). src/model/pattern.c holds the full rule.
PATTERNS = {
    "normalizedString": ("a text without line breaks and tabs", r"^[^\r\n\t]*$"),
    "token": ("a text without control characters, and without blanks at the ends or in a row",
              r"^([^\x00-\x20\x7f]+( [^\x00-\x20\x7f]+)*)?$"),
    "NCName": ("an XML name without ':'",
               r"^[^\x00-\x20\x7f:!-,/;-@\[-^`{-~.0-9-][^\x00-\x20\x7f:!-,/;-@\[-^`{-~]*$"),
    "anyURI": ("a URI", r"^[^\x00-\x20\x7f<>\"{}|\\^`]+$"),
    "URN": ("a URN", r"^[Uu][Rr][Nn]:[^\x00-\x20\x7f<>\"{}|\\^`:]+:[^\x00-\x20\x7f<>\"{}|\\^`]+$"),
    "ID": ("an identifier", rf"^(//?)?{SEGMENT}(/{SEGMENT})*$"),
    "nhURI": ("an unstructured resource identifier or empty", rf"^((//?)?{SEGMENT}(/{SEGMENT})*)?$"),
    "resourceName": ("a resource name: letters, digits, '-', '.', '_', a letter or digit first",
                     r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    "externalID": ("an identifier local@domain", r"^[^\s@]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"),
    "requestID": ("a request identifier: printable characters", r"^[^\x00-\x1f\x7f]+$"),
    "ipv4": ("an IPv4 address with or without prefix length",
             r"^([0-9]{1,3}\.){3}[0-9]{1,3}(/([0-9]|[12][0-9]|3[0-2]))?$"),
    "ipv6": ("an IPv6 address with or without prefix length", r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"),
    "countryCode": ("a country code of two capital letters", r"^[A-Z]{2}$"),
    "pointOfAccess": ("a point of access: scheme://host[:port][/path]",
                      r"^[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#]+([/?#]\S*)?$"),
    "timestamp": ("a timestamp YYYYMMDDThhmmss[,ffffff]",
                  r"^[0-9]{8}T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9](,[0-9]{1,6})?$"),
    "relativeTime": ("a number of milliseconds", r"^-?[0-9]{1,19}$"),
    "duration": ("a duration such as PT30S",
                 r"^P([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$"),
    "mediaType": ("a media type", r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;.*)?$"),
    "contentInfo": ("media-type:encodingType[:contentSecurity]",
                    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;.*)?:[0-2](:[0-5])?$"),
    "scheduleEntry": ("a schedule of seven fields", r"^[0-9*,/-]+( [0-9*,/-]+){6}$"),
    "roleID": ("an identifier name@domain in lower case", r"^[A-Za-z0-9._-]+@[a-z0-9.-]+$"),
    "label": ("a label: key or key:value",
              r"^[^\x00-\x20\x7f:][^\x00-\x20\x7f]*( [^\x00-\x20\x7f]+)*$"),
    "serialization": ("xml, json or cbor", r"^(xml|json|cbor)$"),
    "sessionCapability": ("media:protocol", r"^[^\s:]+:[^\s:]+$"),
    "base64": ("base64 with padding", r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"),
    "base64url": ("base64url", r"^[A-Za-z0-9_-]+={0,2}$"),
    "hexBinary": ("an even number of hexadecimal digits", r"^([0-9A-Fa-f]{2})*$"),
    "compactJWS": ("a JWS in compact form", r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$"),
    "compactJWE": ("a JWE in compact form",
                   r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$"),
    "releaseVersion": ("a release version: 2, 2a, 3, 4 or 5", r"^(2|2a|3|4|5)$"),
    "anyReleaseVersion": ("a release version: 1, 2, 2a, 3, 4 or 5", r"^(1|2|2a|3|4|5)$"),
    "TMGI": ("letters and digits", r"^[0-9A-Za-z]+$"),
    "MSISDN": ("a telephone number of 5 to 15 digits", r"^[0-9]{5,15}$"),
    "relKeyID": ("letters, digits, '.', '_', '-'", r"^[A-Za-z0-9._-]+$"),
    "credentialID": ("two digits, '-', and a value", r"^[0-9]{2}-[^\x00-\x20\x7f]+$"),
}


class SpecError(Exception):
    """Something in spec/ is wrong; the text says where."""


def load(spec, name):
    path = os.path.join(spec, name)
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f, object_pairs_hook=unique_members)
    except ValueError as problem:
        raise SpecError(f"{path}: {problem}") from problem


def unique_members(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        names = [k for k, _ in pairs]
        raise ValueError("member occurs twice: " + ", ".join(sorted({n for n in names if names.count(n) > 1})))
    return out


def words(name):
    """Parts of a camel-case name: 'e2eCompactJWS' -> e2e, Compact, JWS."""
    return re.findall(r"M2M|ID\b|[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name)


def constant(name):
    """Name of a C constant, without prefix: 'list of xs:anyURI' -> LIST_ANY_URI."""
    name = re.sub(r"\b(m2m|xs|sec):", "", name).replace("list of ", "list_")
    return "_".join(w.upper() for part in re.split(r"[^A-Za-z0-9]+", name) for w in words(part))


class DataType:
    """A data type with everything resolved but the references, which stay names."""

    def __init__(self, name, form, **facts):
        self.name = name
        self.form = form
        self.pattern = facts.get("pattern")
        self.item = facts.get("item")
        self.of = facts.get("of", [])
        self.least = facts.get("least", 0)
        self.most = facts.get("most", 0)
        self.min = facts.get("min", INT_MIN)
        self.max = facts.get("max", INT_MAX)
        self.values = facts.get("values", {})  # enumeration, or names of the bits of a mask
        self.members = facts.get("members", [])
        self.is_choice = facts.get("is_choice", False)
        self.open = facts.get("open")
        self.clause = facts.get("clause", "")
        self.rule = facts.get("rule", "")
        self.releases = facts.get("releases", {})  # value -> release that added it
        self.constant = constant(name)


class Row:
    """An attribute, or a member of a complex type."""

    def __init__(self, short, facts, where):
        self.short = short
        self.long = facts["long"]
        self.type = facts["type"]
        self.card = facts["card"]
        self.create = facts.get("create", "NP")
        self.update = facts.get("update", "NP")
        self.announce = facts.get("announce", "NA")
        self.default = facts.get("default", "")
        self.constraint = facts.get("constraint", "")
        self.only = facts.get("only", "")
        self.unique = facts.get("unique", "")
        self.xml = facts.get("xml", "element")
        self.group = facts.get("group", "specific")
        self.slot = "ATTRS"
        self.is_identifier = False
        self.unbuilt = ""  # the reason, or empty
        if not re.fullmatch(r"([01]|\d+)(\.\.(\d+|n))?", self.card):
            raise SpecError(f"{where}: card {self.card!r}")
        for field, allowed in (("create", "M O NP"), ("update", "M O NP"), ("announce", "MA OA NA")):
            if getattr(self, field) not in allowed.split():
                raise SpecError(f"{where}: {field} {getattr(self, field)!r}")
        low, _, high = self.card.partition("..")
        self.least = int(low)
        high = high or low
        self.is_many = high not in ("0", "1")
        self.most = 0 if high in ("n", "0", "1") else int(high)


class Type:
    """A resource type, specialisation, virtual resource, or announced variant."""

    def __init__(self, facts):
        self.short = facts["short"]
        self.long = facts["long"]
        self.number = facts.get("type", 0)
        self.definition = facts.get("definition", 0)
        self.base = facts.get("of")
        self.clause = facts.get("clause", "")
        self.note = facts.get("note", "")
        self.is_virtual = facts.get("kind") == "virtual"
        self.in_cse_only = facts.get("in_cse_only", False)
        self.operations = facts.get("operations", [])
        self.child_names = list(facts.get("children", []))
        self.child_limits = facts.get("child_limits", {})
        self.virtual = facts.get("virtual", [])
        self.open = facts.get("open")
        self.specialised_by = facts.get("specialised_by", "")  # attribute that names the specialisation
        self.exclusive = facts.get("exclusive", [])  # pairs that an UPDATE cannot both set to true
        self.unbuilt = ""  # the reason, or empty
        self.original = None  # of an announced variant
        self.is_built = False
        self.instance = 0  # type number of the children that la and ol stand for
        self.attributes = []
        self.constant = self.short.upper()
        self.prefix = facts.get("prefix", "m2m")  # of the namespace
        self.root = "" if self.is_virtual else f"{self.prefix}:{self.short}"

    @property
    def is_announced(self):
        return self.original is not None

    def attribute(self, short):
        return next((a for a in self.attributes if a.short == short), None)


class Model:
    """Everything in spec/."""

    def __init__(self, spec):
        self.spec = spec
        self.files = ["common.json", "datatypes.json", "enums.json", "complex.json", "rsc.json",
                      "parameters.json", "filter.json", "content.json", "support.json"]
        self.support = load(spec, "support.json")
        self.common = load(spec, "common.json")
        self.filter = load(spec, "filter.json")
        self.content = load(spec, "content.json")
        self.rsc = load(spec, "rsc.json")
        self.datatypes = {}
        self.types = []
        self.parameters = []
        self.responses = load(spec, "parameters.json")["response"]
        self.read_datatypes()
        self.read_types()
        self.read_parameters()
        self.apply_unbuilt()
        self.apply_slots()
        self.apply_instances()
        self.apply_identifiers()
        self.apply_content_additions()
        self.finish_datatypes()

    # -- data types --

    def read_datatypes(self):
        raw = load(self.spec, "datatypes.json")
        enums = load(self.spec, "enums.json")
        complexes = load(self.spec, "complex.json")
        self.correct(raw, enums, complexes)
        for name, facts in raw.items():
            if facts["form"] not in FORMS:
                raise SpecError(f"datatypes.json {name}: form {facts['form']!r}")
            if facts.get("pattern") and facts["pattern"] not in PATTERNS:
                raise SpecError(f"datatypes.json {name}: pattern {facts['pattern']!r}")
            self.datatypes[name] = DataType(name, **facts)
        for name, facts in enums.items():
            self.datatypes[name] = self.enumeration(name, facts)
        for name, facts in complexes.items():
            rows = [Row(short, m, f"complex.json {name} {short}")
                    for short, m in facts["members"].items()]
            self.datatypes[name] = DataType(
                name, "complex", members=rows, clause=facts["clause"],
                is_choice=facts.get("model") == "choice", open=facts.get("open"))

    @staticmethod
    def enumeration(name, facts):
        values = {int(k): v for k, v in facts["values"].items()}
        values = {k: values[k] for k in sorted(values)}
        releases = facts.get("releases", {})
        if facts.get("mask"):
            return DataType(name, "integer", min=1, max=sum(values), values=values,
                            clause=facts["clause"], rule="a sum of the values", releases=releases)
        return DataType(name, "enum", values=values, clause=facts["clause"], releases=releases)

    def correct(self, raw, enums, complexes):
        """Additions and corrections of support.json that concern data types."""
        for row in self.support["additions"]:
            if "enum" in row and "values" in row:
                releases = {int(value): row["release"] for value in row["values"]}
                enums[row["enum"]] = {"values": dict(row["values"]), "clause": row["clause"], "releases": releases}
            elif "complex" in row:
                members = complexes.setdefault(row["complex"], {"clause": row["clause"], "members": {}})["members"]
                members.update(row["members"])
            elif "enum" in row:
                enums[row["enum"]]["values"][str(row["value"])] = row["name"]
                enums[row["enum"]].setdefault("releases", {})[row["value"]] = row["release"]
        for row in self.support["corrections"]:
            if "datatype" in row:
                raw.setdefault(row["datatype"], {}).update(row["set"])
            elif "enum" in row:
                enums[row["enum"]].update(row["set"])
            elif "complex" in row and "member" in row:
                self.find(complexes[row["complex"]]["members"], row["member"], row).update(row["set"])
            elif "complex" in row:
                complexes[row["complex"]].update(row["set"])

    @staticmethod
    def find(table, key, where):
        if key not in table:
            raise SpecError(f"support.json: {key!r} is not there: {where}")
        return table[key]

    def resolve(self, expression, where):
        """The data type of an expression; makes the list or the range that it names."""
        if expression in self.datatypes:
            return self.datatypes[expression]
        hit = re.fullmatch(r"list of (?:(\d+)\.\.(\d+|n) )?(\S+)", expression)
        if hit:
            self.resolve(hit.group(3), where)
            most = int(hit.group(2)) if hit.group(2) not in (None, "n") else 0
            made = DataType(expression, "list", item=hit.group(3), least=int(hit.group(1) or 0), most=most)
        else:
            if expression == "xs:boolean true":
                self.datatypes[expression] = DataType(expression, "boolean", min=1)
                return self.datatypes[expression]
            hit = re.fullmatch(r"(\S+) (\d+)\.\.(\d+)", expression)
            if not hit or self.resolve(hit.group(1), where).form != "integer":
                raise SpecError(f"{where}: data type {expression!r} is not defined")
            made = DataType(expression, "integer", min=int(hit.group(2)), max=int(hit.group(3)))
        self.datatypes[expression] = made
        return made

    def finish_datatypes(self):
        """Resolves what data types name, sorts them, gives numbers, refuses circles."""
        for name in list(self.datatypes):
            self.resolve_parts(self.datatypes[name])
        order = sorted(self.datatypes, key=lambda n: (n.split(":")[0], n))
        self.datatypes = {name: self.datatypes[name] for name in order}
        seen = {}
        for i, t in enumerate(self.datatypes.values()):
            t.index = i
            if t.constant in seen:
                raise SpecError(f"{t.name} and {seen[t.constant]} have the same C name {t.constant}")
            seen[t.constant] = t.name
        self.depths = {}
        for name in self.datatypes:
            self.depth(name, ())

    def resolve_parts(self, t):
        for part in ([t.item] if t.item else []) + list(t.of):
            if part not in self.datatypes:
                self.resolve_parts(self.resolve(part, t.name))
        for member in t.members:
            if member.type not in self.datatypes:
                self.resolve_parts(self.resolve(member.type, f"{t.name}.{member.short}"))
        if len(t.members) > 64:
            raise SpecError(f"{t.name}: more than 64 members")

    def depth(self, name, path):
        """Nesting of a data type: bounds the recursion of the validator."""
        if name in path:
            raise SpecError("data types contain each other: " + " > ".join(path + (name,)))
        if name not in self.depths:
            t = self.datatypes[name]
            parts = ([t.item] if t.item else []) + list(t.of) + [m.type for m in t.members]
            self.depths[name] = 1 + max((self.depth(p, path + (name,)) for p in parts), default=0)
        return self.depths[name]

    # -- resource types --

    def read_types(self):
        folder = os.path.join(self.spec, "types")
        raw = {}
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".json"):
                continue
            self.files.append(os.path.join("types", name))
            facts = load(self.spec, os.path.join("types", name))
            if facts["short"] + ".json" != name:
                raise SpecError(f"types/{name}: short is {facts['short']!r}")
            raw[facts["short"]] = facts
        self.correct_types(raw)
        by_long = {facts["long"]: facts for facts in raw.values()}
        types = [self.make_type(facts, by_long) for facts in raw.values()]
        types += [self.announced(t, raw, by_long) for t in list(types) if "announced" in raw[t.short]]
        for t in types:
            t.is_built = t.short in self.support["built"]["types"]
            self.check_type(t)
        self.types = sorted(types, key=lambda t: (t.is_announced, t.is_virtual, t.base is not None,
                                                  t.number, t.definition, t.short))
        self.check_names()

    def correct_types(self, raw):
        for row in self.support["additions"]:
            for short in row.get("types", []):
                facts = self.find(raw, short, row)
                for field in set(row) & {"children", "virtual"}:
                    facts[field] = facts.get(field, []) + row[field]
                if "announced_children" in row:
                    facts["announced"]["children"] = facts["announced"]["children"] + row["announced_children"]
                if "attribute" in row:
                    facts["attributes"][row["attribute"]] = {**row["set"], **row.get("but", {}).get(short, {})}
        for row in self.support["corrections"]:
            if "type" in row:
                facts = self.find(raw, row["type"], row)
                self.find(facts["attributes"], row["attribute"], row).update(row["set"])

    def make_type(self, facts, by_long):
        t = Type(facts)
        where = "types/" + t.short + ".json "
        base = by_long[t.base] if t.base else None
        for short, changes in facts.get("common", {}).items():
            shared = self.find(self.common["attributes"], short, where)
            t.attributes.append(Row(short, self.merge(shared, changes), where + short))
        for short, changes in facts.get("inherited", {}).items():
            shared = self.find(base["attributes"], short, where)
            t.attributes.append(Row(short, self.merge(shared, changes), where + short))
        for short, row in facts.get("attributes", {}).items():
            t.attributes.append(Row(short, row, where + short))
        if "announced" not in facts:
            for a in t.attributes:
                a.announce = "NA"
        return t

    @staticmethod
    def merge(shared, changes):
        out = {**shared, **changes}
        return {k: v for k, v in out.items() if v is not None}

    def announced(self, original, raw, by_long):
        """The ...Annc variant. spec: TS-0004 7.4.26.1, TS-0001 9.6.26"""
        facts = raw[original.short]["announced"]
        t = Type({**facts, "prefix": original.prefix, "definition": original.definition, "of": original.base,
                  "specialised_by": original.specialised_by,
                  "operations": ["create", "retrieve", "update", "delete"],
                  "clause": self.common["announced_clause"]})
        t.original = original
        decides = (by_long[original.base] if original.base else raw[original.short]).get("specialised_by")
        if not t.child_names and original.base:
            t.child_names = list(by_long[original.base]["announced"]["children"])
        for short, row in self.common["announced"].items():
            if row.get("constraint") == "present-if-in-original" and not original.attribute(short):
                continue
            t.attributes.append(Row(short, {"group": "common", **row}, t.short + " " + short))
        for a in original.attributes:
            if a.announce == "NA" or t.attribute(a.short):
                continue
            # an attribute that the original may lack cannot be mandatory in the copy
            is_sure = a.announce == "MA" and a.least == 1
            card = a.card if is_sure else re.sub(r"^1\.\.|^1$", "0..", a.card)
            t.attributes.append(Row(a.short, {
                "long": a.long, "type": a.type, "card": "0..1" if card == "0.." else card,
                "create": "M" if is_sure else "O",
                "update": "NP" if a.short == decides else "O",  # a copy stays what it is
                "announce": a.announce, "constraint": "copy of the original's"}, t.short))
        return t

    def check_type(self, t):
        names = [a.short for a in t.attributes]
        if len(set(names)) != len(names):
            raise SpecError(f"{t.short}: an attribute occurs twice")
        if len(names) > 64:
            raise SpecError(f"{t.short}: more than 64 attributes")
        for a in t.attributes:
            self.resolve(a.type, f"types/{t.short}.json {a.short}")
        for name in [n for pair in t.exclusive for n in pair] + [t.specialised_by] * bool(t.specialised_by):
            if name not in names:
                raise SpecError(f"{t.short}: {name!r} is no attribute of it")

    def check_names(self):
        self.by_short = {t.short: t for t in self.types}
        if len(self.by_short) != len(self.types):
            raise SpecError("two resource types have one short name")
        numbers = {}
        for t in self.types:
            if t.base is None and t.number and numbers.setdefault(t.number, t.short) != t.short:
                raise SpecError(f"{t.short} and {numbers[t.number]} have one number")
            for child in t.child_names + t.virtual:
                if child not in self.by_short:
                    raise SpecError(f"{t.short}: child {child!r} is no resource type")

    def schema_order(self, t):
        """Attributes as XML has them: those of the base types first. spec: TS-0004 6.5, 8.3.1"""
        order = self.common["xml_order"]
        return sorted(t.attributes,
                      key=lambda a: order.index(a.short) if a.short in order else len(order))

    def contents(self):
        """Root elements of contents that are no representations: name -> data type."""
        return {"m2m:" + e["short"]: e["type"] for e in self.content["elements"] if "short" in e}

    def children_of(self, t):
        """Numbers of the resource types that may be created below, ascending."""
        return sorted({self.by_short[c].number for c in t.child_names})

    def kinds_below(self, t):
        """Specialisations that may stand below, where not all of their base type may."""
        children = [self.by_short[c] for c in t.child_names]
        bases = {c.number for c in children if not c.base}
        return [c for c in children if c.base and c.number not in bases]

    def single_children(self, t):
        """Types and specialisations of which one at most may stand below."""
        return [self.by_short[c] for c in t.child_names
                if t.child_limits.get(c, {}).get("card") in ("0..1", "1")]

    def specialisations(self, t):
        """Those that t is the base of, by definition."""
        base = t.original.long if t.is_announced else t.long
        return [s for s in self.types if s.base == base and s.definition
                and s.is_announced == t.is_announced]

    # -- parameters and the overlay --

    def read_parameters(self):
        raw = load(self.spec, "parameters.json")["request"]
        for row in self.support["additions"]:
            if "parameter" in row:
                raw[row["parameter"]] = {k: v for k, v in row.items() if k != "parameter"}
        for short, facts in raw.items():
            p = Row(short, {**facts, "create": "NP", "update": "NP"}, "parameters.json " + short)
            p.presence = [facts.get(op, "NP") for op in OPERATIONS]
            p.name, p.http, p.coap = facts["name"], facts.get("http", {}), facts.get("coap", {})
            self.resolve(p.type, "parameters.json " + short)
            self.parameters.append(p)

    def apply_unbuilt(self):
        for row in self.support["unbuilt"]:
            hits = 0
            for target in self.unbuilt_rows(row):
                target.unbuilt = row["reason"]
                hits += 1
            if hits == 0:
                raise SpecError(f"support.json: matches nothing: {row}")

    def unbuilt_rows(self, row):
        if "kinds" in row:
            yield from (t for t in self.types if t.short in row["kinds"])
        elif "types" in row:
            for t in self.types:
                if row["types"] != ["*"] and t.short not in row["types"]:
                    continue
                yield from (a for a in t.attributes if a.short in row["attributes"])
        elif "complex" in row:
            members = self.find(self.datatypes, row["complex"], row).members
            yield from (m for m in members if m.short in row["members"])
        else:
            yield from (p for p in self.parameters if p.short in row["parameters"])

    def apply_slots(self):
        slots = self.support["slots"]
        for t in self.types:
            own = {} if t.is_announced else slots.get(t.short, {})
            for a in t.attributes:
                slot = own.get(a.short, slots["*"].get(a.short))
                if slot and not (t.is_announced and a.short in ("st", "cr")):
                    a.slot = slot

    def apply_instances(self):
        for short, child in self.support["instances"]["types"].items():
            t = self.find(self.by_short, short, "instances")
            if child not in t.child_names or "la" not in t.virtual:
                raise SpecError(f"support.json: instances: {child!r} of {short!r}")
            t.instance = self.by_short[child].number

    def apply_identifiers(self):
        for short in self.support["identifiers"]["attributes"]:
            hits = [a for t in self.types for a in t.attributes if a.short == short]
            if not hits:
                raise SpecError(f"support.json: identifiers: {short!r}")
            for a in hits:
                a.is_identifier = True

    def apply_content_additions(self):
        for row in self.support["additions"]:
            if "result_content" in row:
                rcn = row["result_content"]
                name = self.datatypes["m2m:resultContent"].values[rcn]
                uses = {k: row[k] for k in OPERATIONS + ("retrieve_discovery",) if k in row}
                self.content["resultContent"][str(rcn)] = {"name": name, **uses, "release": row["release"]}
            elif "element" in row:
                self.content["elements"].append({k: v for k, v in row.items() if k not in ("release", "reason")})
