"""JSON Schemas (draft 2020-12) of what answers and notifications carry, from the model.

For each resource type NAME.json accepts a representation in which attributes may be absent
(partial retrieve, modified attributes) or null where they may be deleted, and NAME.full.json one
with all its mandatory attributes. Elements that are no resources (m2m:uril, m2m:sgn, ...) have
one file each. Every file stands alone.
"""

from specjson import pretty
from specmodel import PATTERNS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
OTHER_NAMESPACE = "^(?!m2m:)[A-Za-z][A-Za-z0-9]*:[A-Za-z0-9]+$"


class Builder:
    """One schema file: collects the definitions that it uses."""

    def __init__(self, model):
        self.model = model
        self.definitions = {}

    def reference(self, name):
        t = self.model.datatypes[name]
        key = t.constant.lower()
        if key not in self.definitions:
            self.definitions[key] = {}  # a placeholder keeps the order of first use
            self.definitions[key] = self.definition(t)
        return {"$ref": "#/$defs/" + key}

    def definition(self, t):
        out = {"title": t.name}
        if t.form == "text":
            out["type"] = "string"
            if t.pattern and PATTERNS[t.pattern][1]:
                out["pattern"] = PATTERNS[t.pattern][1]
        elif t.form in ("boolean", "number"):
            out["type"] = t.form
        elif t.form == "integer":
            out.update({"type": "integer", "minimum": t.min, "maximum": t.max})
        elif t.form == "enum":
            out["enum"] = list(t.values)
        elif t.form == "list":
            out.update({"type": "array", "items": self.reference(t.item)})
            out.update(self.counts(t.least, t.most))
        elif t.form == "union":
            out["anyOf"] = [self.reference(p) for p in t.of]
        elif t.form == "complex":
            out.update(self.members(t))
        return out

    @staticmethod
    def counts(least, most):
        out = {"minItems": least} if least else {}
        if most:
            out["maxItems"] = most
        return out

    def value(self, row):
        """The schema of an attribute or member."""
        inner = self.reference(row.type)
        if not row.is_many:
            return inner
        return {"type": "array", "items": inner, **self.counts(row.least, row.most)}

    def members(self, t):
        out = {"type": "object", "properties": {m.short: self.value(m) for m in t.members}}
        required = [m.short for m in t.members if m.least]
        if required:
            out["required"] = required
        if t.is_choice:
            out.update({"minProperties": 1, "maxProperties": 1})
        if t.open:
            out["patternProperties"] = {"^[A-Za-z][A-Za-z0-9]*:[A-Za-z0-9]+$": {"type": "object"}}
        out["additionalProperties"] = False
        return out

    def file(self, title, body):
        out = {"$schema": DRAFT, "title": title, **body}
        if self.definitions:
            out["$defs"] = {k: self.definitions[k] for k in sorted(self.definitions)}
        return pretty(out)


def child_roots(model, t):
    """Member names under which nested children may stand, and whether other namespaces may."""
    roots, has_other = [], False
    for child in t.child_names:
        c = model.by_short[child]
        roots.append(c.root)
        special = [s for s in model.types if s.base == original_name(c) and s.is_announced == c.is_announced]
        roots += [s.root for s in special]
        has_other = has_other or original_name(c) == "flexContainer"
    return sorted(set(roots)), has_other


def original_name(t):
    return t.original.long if t.is_announced else t.long


def resource(builder, t, is_full):
    """The object below the root member."""
    properties = {}
    for a in t.attributes:
        value = builder.value(a)
        if not is_full and a.least == 0:
            value = {"anyOf": [value, {"type": "null"}]}
        properties[a.short] = value
    properties["ch"] = {"type": "array", "items": builder.reference("m2m:childResourceRef")}
    roots, has_other = child_roots(builder.model, t)
    for root in roots:
        properties[root] = {"type": "array", "items": {"type": "object"}}
    out = {"type": "object", "properties": properties}
    if has_other:
        out["patternProperties"] = {OTHER_NAMESPACE: {"type": "array", "items": {"type": "object"}}}
    required = [a.short for a in t.attributes if a.least]
    if is_full and required:
        out["required"] = required
    if t.open is None:
        out["additionalProperties"] = False
    return out


def wrapped(root, inner):
    return {"type": "object", "properties": {root: inner}, "required": [root],
            "additionalProperties": False}


def schemas(model):
    """File name -> text."""
    out = {}
    for t in model.types:
        if not t.root:
            continue
        for suffix, is_full in ((".json", False), (".full.json", True)):
            builder = Builder(model)
            body = wrapped(t.root, resource(builder, t, is_full))
            title = f"{t.root}: {t.long}, {'complete' if is_full else 'possibly partial'} representation"
            out[t.short + suffix] = builder.file(title, body)
    for element in model.content["elements"]:
        short = element.get("short")
        if short and short + ".json" not in out:
            builder = Builder(model)
            body = wrapped("m2m:" + short, builder.reference(element["type"]))
            out[short + ".json"] = builder.file("m2m:" + short + ": " + element["element"], body)
    return out
