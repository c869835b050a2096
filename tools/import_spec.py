#!/usr/bin/python3
"""Writes spec/ from the tables of facts taken from the oneM2M specifications.

Usage: import_spec.py TABLES OUT [--force]

TABLES is a directory of tab-separated files (resource-types.tsv, attributes.tsv, ...), OUT the
directory to write. This was done once: since then the JSON files in spec/ are the source and
people edit them. So the program refuses to write into a directory that holds type files already,
unless --force says that later edits may be lost. What the tables do not say (what is built, which
additions of later releases are accepted, corrections) stands in spec/support.json, written by
hand and never touched here.

The output depends on the tables only, and is the same each time.
"""

import argparse
import collections
import csv
import json
import os
import re
import sys

sys.dont_write_bytecode = True

from specjson import pretty

# Rules for the characters of atomic types. The tables give them as prose; tools/gen_model.py
# lists the patterns, src/model/pattern.c implements them.
PATTERNS = {
    "xs:string": None,
    "xs:normalizedString": "normalizedString",
    "xs:token": "token",
    "xs:NCName": "NCName",
    "xs:anyURI": "anyURI",
    "xs:duration": "duration",
    "xs:hexBinary": "hexBinary",
    "xs:base64Binary": "base64",
    "m2m:resourceName": "resourceName",
    "m2m:ID": "ID",
    "m2m:nodeID": "anyURI",
    "m2m:deviceID": "URN",
    "m2m:externalID": "externalID",
    "m2m:requestID": "requestID",
    "m2m:nhURI": "nhURI",
    "m2m:ipv4": "ipv4",
    "m2m:ipv6": "ipv6",
    "m2m:countryCode": "countryCode",
    "m2m:pointOfAccess": "pointOfAccess",
    "m2m:timestamp": "timestamp",
    "m2m:typeOfContent": "mediaType",
    "m2m:contentInfo": "contentInfo",
    "m2m:scheduleEntry": "scheduleEntry",
    "m2m:roleID": "roleID",
    "m2m:sparql": None,
    "m2m:tokenID": "roleID",
    "m2m:e2eCompactJWS": "compactJWS",
    "m2m:e2eCompactJWE": "compactJWE",
    "m2m:releaseVersion": "releaseVersion",
    "m2m:TMGI": "TMGI",
    "m2m:sessionDescription": None,
    "sec:relKeyID": "relKeyID",
    "sec:credentialID": "credentialID",
    "sec:deviceConfigURI": "anyURI",
}

# Types that the tables describe only in words: form and parts.
SPECIAL = {
    "xs:anyType": {"form": "any"},
    "xs:anySimpleType": {"form": "union", "of": ["xs:string", "xs:boolean", "xs:double"]},
    "xs:boolean": {"form": "boolean"},
    "xs:decimal": {"form": "number"},
    "xs:float": {"form": "number"},
    "xs:double": {"form": "number"},
    "m2m:eventCat": {"form": "union", "of": ["m2m:stdEventCats", "m2m:userEventCat"]},
    "m2m:eventCatWithDef": {"form": "union", "of": ["m2m:eventCat", "m2m:defaultEventCat"]},
    "m2m:locationTargetID": {"form": "union", "of": ["m2m:nodeID", "m2m:externalID", "m2m:MSISDN"]},
    "m2m:triggerRecipientID": {"form": "integer", "min": 0, "max": 65535},
}

# Types without a row of their own that the special ones and the columns are made of.
HELPERS = {
    "m2m:userEventCat": {"form": "integer", "min": 100, "max": 999, "clause": "TS-0004 6.3.3",
                         "rule": "the user-defined part of m2m:eventCat"},
    "m2m:defaultEventCat": {"form": "integer", "min": 0, "max": 0, "clause": "TS-0004 6.3.3",
                            "rule": "the value 0 of m2m:eventCatWithDef"},
    "m2m:MSISDN": {"form": "text", "pattern": "MSISDN", "clause": "TS-0004 6.3.3",
                   "rule": "the telephone number of m2m:locationTargetID"},
    "m2m:label": {"form": "text", "pattern": "label", "clause": "TS-0004 6.3.3",
                  "rule": "an element of m2m:labels"},
    "m2m:serialization": {"form": "text", "pattern": "serialization", "clause": "TS-0004 6.3.3",
                          "rule": "an element of m2m:serializations"},
    "m2m:protocol": {"form": "text", "pattern": "mediaType", "clause": "TS-0004 6.3.3",
                     "rule": "an element of m2m:protocolList"},
    "m2m:sessionCapability": {"form": "text", "pattern": "sessionCapability",
                              "clause": "TS-0004 6.3.3",
                              "rule": "an element of m2m:sessionCapabilities"},
    "m2m:signature": {"form": "text", "pattern": "base64url", "clause": "TS-0004 6.3.3",
                      "rule": "an element of m2m:signatureList"},
    "m2m:anyReleaseVersion": {"form": "text", "pattern": "anyReleaseVersion",
                              "clause": "TS-0004 6.3.3",
                              "rule": "an element of m2m:supportedReleaseVersions"},
    "sec:certSubjectID": {"form": "union", "of": ["m2m:nodeID", "m2m:ID"],
                          "clause": "TS-0003 12.4.7", "rule": "union of m2m:nodeID and m2m:ID"},
}

# Element types of lists where the column names a plainer one than the text.
ITEMS = {
    "m2m:labels": "m2m:label",
    "m2m:serializations": "m2m:serialization",
    "m2m:protocolList": "m2m:protocol",
    "m2m:sessionCapabilities": "m2m:sessionCapability",
    "m2m:signatureList": "m2m:signature",
    "m2m:supportedReleaseVersions": "m2m:anyReleaseVersion",
}

INTEGERS = {
    "xs:integer": (-(2**63), 2**64 - 1),  # without bound in XSD: what 64 bits hold
    "xs:nonNegativeInteger": (0, 2**64 - 1),
    "xs:positiveInteger": (1, 2**64 - 1),
    "xs:unsignedLong": (0, 2**64 - 1),
    "xs:unsignedInt": (0, 2**32 - 1),
    "xs:unsignedShort": (0, 65535),
    "xs:unsignedByte": (0, 255),
    "xs:long": (-(2**63), 2**63 - 1),
}

# Complex types that only repeat attributes of resource types.
REPEATED = {
    "m2m:mgmtResource", "m2m:announcedMgmtResource",
    "m2m:flexContainerResource", "m2m:announcedFlexContainerResource",
}

# (L) in the multiplicity although the type is no list: only these occur several times.
REPEATING = {"m2m:mgmtLinkRef"}

# References to other tables, as they read in spec/.
SEE = {
    "see=event-content-types.tsv": "see=eventContentTypes in filter.json",
    "see=formats.tsv scheduleEntry": "see=m2m:scheduleEntry",
    "7 fields, see formats.tsv": "7 fields, TS-0004 7.4.9.1",
}


class ImportFailed(Exception):
    """The tables hold something this program does not know how to read."""


def read_table(folder, name):
    """All rows of a table as dictionaries."""
    with open(os.path.join(folder, name + ".tsv"), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def write(out, name, value):
    path = os.path.join(out, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write(pretty(value))


def drop_empty(row):
    return {k: v for k, v in row.items() if v not in ("", None)}


# ---- data types ----


def type_expression(text, clause_text=""):
    """Normal form of a data type cell: a name, or 'list of [counts] name'."""
    text = re.sub(r"^list of 3 ", "list of 3..3 ", text.strip())
    if text == "xs:union of m2m:nodeID and m2m:ID":
        return "sec:certSubjectID"
    if text == "" or text.startswith("("):
        return "xs:anyType"
    if not re.fullmatch(r"(list of (\d+\.\.(\d+|n) )?)?[a-z0-9]+:[A-Za-z0-9]+", text):
        raise ImportFailed(f"data type {text!r} {clause_text}")
    return text


def simple_type(row):
    name = row["type"]
    entry = {}
    if name in SPECIAL:
        entry = dict(SPECIAL[name])
    elif name in INTEGERS:
        entry = {"form": "integer", "min": INTEGERS[name][0], "max": INTEGERS[name][1]}
    elif name == "m2m:listOfMinMax":
        entry = {"form": "list", "item": row["member_type"], "least": 2, "most": 2}
    elif row["kind"] == "list":
        least = 1 if "min=1" in row["restriction"] else 0
        entry = {"form": "list", "item": ITEMS.get(name, row["member_type"]), "least": least}
    elif row["kind"] == "union":
        least = "1..n " if "min=1" in row["restriction"] else ""
        entry = {"form": "union",
                 "of": [p.replace("list of ", "list of " + least) for p in row["member_type"].split("|")]}
    elif name in PATTERNS:
        entry = drop_empty({"form": "text", "pattern": PATTERNS[name]})
    else:
        raise ImportFailed(f"simple type {name}")
    entry["clause"] = (row["document"] + " " + row["clause"]).strip() or "TS-0004 6.3.2"
    if row["restriction"]:
        entry["rule"] = SEE.get(row["restriction"], row["restriction"])
    return entry


def simple_types(tables):
    out = {row["type"]: simple_type(row) for row in tables["simple-types"]}
    for name, entry in HELPERS.items():
        out[name] = entry
    return {name: out[name] for name in sorted(out)}


def enums(tables):
    out = {}
    for row in tables["enums"]:
        e = out.setdefault(row["enum"], {"clause": f"{row['document']} {row['clause']}"})
        if row["enum"] == "m2m:accessControlOperations":
            e["mask"] = True
        if "void" in row["flags"]:
            continue
        if "default" in row["flags"]:
            e["default"] = int(row["value"])
        e.setdefault("values", {})[row["value"]] = row["meaning"]
    codes = {row["code"]: row["name"] for row in tables["status-codes"]}
    out["m2m:responseStatusCode"] = {"clause": "TS-0004 6.3.4.2.9", "values": codes}
    for e in out.values():
        e["values"] = {k: e["values"][k] for k in sorted(e["values"], key=int)}
    return {name: out[name] for name in sorted(out)}


def complex_types(tables):
    out = {}
    for row in tables["complex-types"]:
        if row["type"] in REPEATED or row["path"] == "(global element)":
            continue
        parts = row["path"].split("/")
        owner = "/".join([row["type"]] + parts[:-1])
        t = out.setdefault(owner, {"clause": f"{row['document']} {row['clause']}"})
        if row["model"] == "choice" and len(parts) == 1:
            t["model"] = "choice"
        path = row["type"] + "/" + row["path"]
        is_anonymous = row["element_type"] == "(anonymous)" and "{" not in row["path"]
        name = row["short"] or row["element"]
        if row["kind"] == "global-element":
            name = "m2m:" + name.split(":")[-1]
        t.setdefault("members", {})[name] = drop_empty({
            "long": row["element"].split(":")[-1] or "value",
            "type": path if is_anonymous else type_expression(row["element_type"], path),
            "card": row["multiplicity"],
            "xml": "" if row["kind"] == "element" else row["kind"],
        })
    out.update(primitive_types(tables))
    out["m2m:triggerPayload"] = trigger_payload(tables)
    wrapper = out["m2m:resourceWrapper"]
    wrapper["open"] = "the resource, under its own member name"
    wrapper["members"] = {k: v for k, v in wrapper["members"].items() if "{" not in k}
    return {name: out[name] for name in sorted(out)}


def primitive_types(tables):
    """m2m:requestPrimitive and m2m:responsePrimitive are the tables of parameters."""
    out = {}
    for name, table, clause in (("m2m:requestPrimitive", "request-parameters", "TS-0004 6.4.1"),
                                ("m2m:responsePrimitive", "response-parameters", "TS-0004 6.4.2")):
        members = {row["short"]: {"long": row["xsd_name"],
                                  "type": type_expression(row["data_type"]),
                                  "card": row["multiplicity"]} for row in tables[table]}
        out[name] = {"clause": clause, "members": members}
    return out


def trigger_payload(tables):
    return {"clause": "TS-0004 9.2.1", "members": {
        row["short"]: {"long": row["field"], "type": type_expression(row["data_type"]),
                       "card": "1" if row["establishConnection"] == "M" else "0..1"}
        for row in tables["trigger-payload"]}}


# ---- resource types ----


def presence(row, column, operations):
    """M, O or NP; from the access column where TS-0004 has no row."""
    cell = row[column]
    if cell in ("M", "O", "NP"):
        return cell
    if cell == "-" or row["access"] == "" or column not in operations:
        return "NP"
    return "O" if row["access"] == "RW" or (row["access"] == "WO" and column == "create") else "NP"


def card(row, data_type, create):
    """Multiplicity of the JSON member."""
    text = row["multiplicity"]
    if text == "":
        return "1" if create == "M" else "0..1"
    is_many = text.endswith("(L)") and data_type in REPEATING
    text = text.replace("(L)", "")
    return {"0..1": "0..n", "1": "1..n"}[text] if is_many else text


def with_range(data_type, constraint):
    """Ranges in the constraint column become part of the type."""
    hit = re.search(r"(?:^|;)range=(\d+)\.\.(\d+)", constraint)
    return f"{data_type} {hit.group(1)}..{hit.group(2)}" if hit else data_type


def attribute(row, operations):
    """One row of attributes.tsv in the form of spec/."""
    data_type = type_expression(row["data_type"], row["attribute"])
    create = presence(row, "create", operations)
    update = presence(row, "update", operations)
    constraint = SEE.get(row["constraint"], row["constraint"])
    origin = row["origin"].split("+")[0]
    return drop_empty({
        "long": row["attribute"],
        "type": with_range(data_type, constraint),
        "card": card(row, data_type, create),
        "create": create,
        "update": update,
        "announce": row["announced"],
        "default": row["default"],
        "constraint": constraint,
        "only": {"ts0001": "TS-0001", "ts0004": "TS-0004"}.get(origin, "")
                if "inherited" not in row["origin"] else "",
    })


class Types:
    """Builds the files of spec/types/ and spec/common.json."""

    def __init__(self, tables):
        self.tables = tables
        self.rows = collections.defaultdict(dict)  # resource -> short -> row
        self.shared = set()
        self.skipped = []
        self.types = {row["name"]: row for row in tables["resource-types"]}
        self.announced = {row["announced_name"]: row["name"] for row in tables["resource-types"]
                          if row["announced_name"]}
        self.read_attributes()
        self.common = self.common_rows()

    def key(self, name):
        """Short name of a type where it has one; the fixed name of a virtual resource."""
        row = self.types[name]
        return row["short"] or row["fixed_name"] or name

    def read_attributes(self):
        for row in self.tables["attributes"]:
            if row["resource"] == "*":
                self.shared.add(row["short"])
            elif row["attribute"].startswith("["):
                continue
            elif not row["short"]:
                self.skipped.append({"resource": row["resource"], "attribute": row["attribute"],
                                     "reason": "no short name in TS-0004 8.2"})
            elif row["resource"] == "*Annc" and row["group"] == "specific":
                self.skipped.append({"resource": row["resource"], "attribute": row["attribute"],
                                     "reason": "comes from the original resource type"})
            else:
                self.rows[row["resource"]][row["short"]] = row

    def common_rows(self):
        """For each shared attribute the row that most types have."""
        out = {}
        definitions = [r for r in self.tables["attributes"] if r["resource"] == "*"]
        for d in definitions:
            votes = collections.Counter()
            for name, rows in self.rows.items():
                if name in self.types and d["short"] in rows:
                    entry = self.attribute(name, d["short"])
                    entry.pop("only", None)
                    if self.types[name]["announced_name"]:
                        votes[json.dumps(entry)] += 1
            best = sorted(votes.items(), key=lambda kv: (-kv[1], kv[0]))
            entry = json.loads(best[0][0]) if best else {
                "long": d["attribute"], "type": type_expression(d["data_type"]), "card": "0..1",
                "create": "NP", "update": "NP"}
            out[d["short"]] = {"group": d["group"], **entry}
        return out

    def differences(self, name, row, default):
        """Only what differs from the shared row."""
        entry = self.attribute(name, row["short"])
        if not self.types[name]["announced_name"]:
            entry.pop("announce", None)
        out = {k: v for k, v in entry.items() if default.get(k) != v}
        for k in default:
            is_silent = k == "announce" and not self.types[name]["announced_name"]
            if k not in entry and k != "group" and not is_silent:
                out[k] = None
        return out

    def attributes_of(self, name):
        """The three blocks of a type file: common, inherited, own."""
        base = self.types[name]["specialisation_of"]
        common, inherited, own = {}, {}, {}
        for short, row in self.rows[name].items():
            if short in self.common:
                common[short] = self.differences(name, row, self.common[short])
            elif base and short in self.rows[base]:
                inherited[short] = self.differences(name, row, self.attribute(base, short))
            else:
                own[short] = self.attribute(name, short)
                if not self.types[name]["announced_name"]:
                    own[short].pop("announce", None)
        return common, inherited, own

    def base_only(self, base):
        """The blocks of a specialisation without rows: as its base."""
        common, _, own = self.attributes_of(base)
        return common, {short: {} for short in own}

    def attribute(self, name, short):
        return attribute(self.rows[name][short], self.operations_of(name))

    def children_of(self, name):
        """Ordinary and virtual children, and limits where they are not any number."""
        children, virtual, limits = [], [], {}
        for row in self.tables["child-resources"]:
            if row["parent"] != name:
                continue
            child = self.announced_key(row["child"])
            if child is None:
                self.skipped.append({"resource": name, "child": row["child"],
                                     "reason": "no such resource type"})
                continue
            is_virtual = row["child"] in self.types and self.types[row["child"]]["virtual"] == "yes"
            into = virtual if is_virtual else children
            if child not in into:
                into.append(child)
            number = row["multiplicity_ts0001"] or row["multiplicity_ts0004"]
            limit = drop_empty({"card": "" if number == "0..n" else number,
                                "name": row["name_ts0004"]})
            if limit and not is_virtual:
                limits[child] = limit
        if not children and not virtual:
            children = self.summary_children(name)
        return children, virtual, limits

    def summary_children(self, name):
        """Specialisations whose children stand in a summary table only."""
        if name not in self.types:
            return []
        cells = [c.split(":")[0] for c in self.types[name]["children"].split(",") if c]
        return [self.key(c) for c in cells]

    def announced_key(self, name):
        if name in self.types:
            return self.key(name)
        if name in self.announced:
            row = self.types[self.announced[name]]
            return row["announced_short"] or row["announced_name"]
        return None

    def operations_of(self, name):
        base = self.types[name]["specialisation_of"]
        for row in self.tables["operations"]:
            if row["resource"] == (base or name):
                return [op for op in ("create", "retrieve", "update", "delete", "notify")
                        if row[op] == "yes"]
        raise ImportFailed(f"no operations for {name}")

    def clauses(self, row):
        out = []
        for doc, column in (("TS-0001", "clause_ts0001"), ("TS-0004", "clause_ts0004")):
            if row[column]:
                out.append(f"{doc} {row[column]}")
        if not out and row["specialisation_of"]:
            return self.clauses(self.types[row["specialisation_of"]])
        return ", ".join(out)

    def head(self, row):
        out = {"short": self.key(row["name"]), "long": row["name"]}
        if row["number"]:
            out["type"] = int(row["number"])
        if row["virtual"] == "yes":
            out["kind"] = "virtual"
        if row["specialisation_of"]:
            out["of"] = row["specialisation_of"]
        if row["mgmt_definition"]:
            out["definition"] = int(row["mgmt_definition"])
        out["clause"] = self.clauses(row)
        if row["in_cse_only"] == "yes":
            out["in_cse_only"] = True
        if row["member_type_number"] and row["member_type_number"] != row["number"]:
            out["member_type"] = int(row["member_type_number"])
        out["operations"] = self.operations_of(row["name"])
        return out

    def announcement(self, row):
        children, _, _ = self.children_of(row["announced_name"])
        return {"short": row["announced_short"] or row["announced_name"],
                "long": row["announced_name"], "type": int(row["announced_number"]),
                "children": children}

    def open_attribute(self, name):
        for row in self.tables["attributes"]:
            if row["resource"] == name and row["attribute"].startswith("["):
                return {"long": row["attribute"], "create": row["create"], "update": row["update"],
                        "announce": row["announced"]}
        return None

    def file_of(self, row):
        name = row["name"]
        out = self.head(row)
        if row["virtual"] == "yes":
            return out
        children, virtual, limits = self.children_of(name)
        out["children"] = children
        if limits:
            out["child_limits"] = limits
        if virtual:
            out["virtual"] = virtual
        if row["announced_name"]:
            out["announced"] = self.announcement(row)
        common, inherited, own = self.attributes_of(name)
        if row["specialisation_of"] and not common:
            common, inherited = self.base_only(row["specialisation_of"])
            out["note"] = "the attributes of its own are defined in a document that was not at hand"
        out["common"] = common
        if row["specialisation_of"]:
            out["inherited"] = inherited
        out["attributes"] = own
        placeholder = self.open_attribute(name)
        if placeholder:
            out["open"] = placeholder
        return out

    def common_file(self):
        announced = {}
        for short, row in self.rows["*Annc"].items():
            entry = attribute(row, ("create", "update"))
            entry["card"] = row["multiplicity"].replace("(L)", "") or "0..1"
            announced[short] = entry
        # TS-0004 has no row for it; like the others it is kept equal to the original's
        announced["st"]["create"] = announced["st"]["update"] = "O"
        return {"clause": "TS-0004 6.3.6, TS-0001 9.6.1.3", "attributes": self.common,
                "announced_clause": "TS-0004 7.4.26, TS-0001 9.6.26", "announced": announced}


# ---- the rest ----


def status_codes(tables):
    out = {}
    for row in tables["status-codes"]:
        entry = {"name": constant_name(row["name"]), "class": row["class"]}
        http, coap = row["http_status"], row["coap_code"]
        if row["code"] == "4128":
            http, coap, entry["choice"] = "403", "4.03", "absent from both mapping tables"
        if row["code"] == "1000":
            coap, entry["choice"] = "2.04", "absent from the CoAP mapping table"
        entry["http"] = int(http)
        options = re.split(r"[;|]", coap)
        entry["coap"] = options[0].split("(")[0]
        if len(options) > 1:
            entry["coap_other"] = coap
        entry["clause"] = "TS-0004 " + row["clause"]
        out[row["code"]] = entry
    return out


def constant_name(text):
    """'ACCEPTED for nonBlockingRequestSynch' -> ACCEPTED_NON_BLOCKING_REQUEST_SYNCH."""
    text = text.replace(" for ", " ")
    text = re.sub(r"([a-z])([A-Z])", r"\1_\2", text)
    return re.sub(r"[^A-Za-z0-9]+", "_", text).upper()


def parameters(tables):
    out = {"request": {}, "response": {}}
    for side, table, columns in (
            ("request", "request-parameters",
             ("create", "retrieve", "update", "delete", "notify")),
            ("response", "response-parameters",
             ("ack", "create", "retrieve", "update", "delete", "notify", "error"))):
        for row in tables[table]:
            entry = {"long": row["xsd_name"], "name": row["parameter"],
                     "type": type_expression(row["data_type"]), "card": row["multiplicity"]}
            entry.update({c: row[c] for c in columns})
            if row.get("default"):
                entry["default"] = row["default"]
            entry["http"] = drop_empty({"carrier": row["http_carrier"], "name": row["http_name"]})
            entry["coap"] = drop_empty({"carrier": row["coap_carrier"], "name": row["coap_name"],
                                        "option": row["coap_option_number"],
                                        "format": row["coap_format"],
                                        "length": row["coap_length"],
                                        "flags": row["coap_flags"]})
            if "option" in entry["coap"]:
                entry["coap"]["option"] = int(entry["coap"]["option"])
            out[side][row["short"]] = entry
    return out


def filters(tables):
    criteria = {row["short"]: drop_empty({
        "long": row["element"], "category": row["category"], "target": row["target_attribute"],
        "relation": row["relation"], "query": row["http_query"],
    }) for row in tables["filter-criteria"]}
    events = {row["short"]: drop_empty({
        "long": row["element"], "category": row["category"], "target": row["target_attribute"],
    }) for row in tables["event-notification-criteria"]}
    contents = {}
    for row in tables["event-content-types"]:
        entry = contents.setdefault(row["event_type"], {"event": row["event_name"], "allowed": []})
        entry["allowed"].append(int(row["content_type"]))
        if row["use"] == "default":
            entry["default"] = int(row["content_type"])
    return {"clause": "TS-0004 7.3.3.17, TS-0001 8.1.2, 9.6.8", "filterCriteria": criteria,
            "eventNotificationCriteria": events, "eventContentTypes": contents}


def contents(tables):
    columns = ("create", "retrieve", "update", "delete", "retrieve_discovery")
    result = {row["rcn"]: {"name": row["name"], **drop_empty({c: row[c] for c in columns})}
              for row in tables["result-content"]}
    elements = [drop_empty({"direction": row["direction"], "element": row["element"],
                            "short": row["short"], "operations": row["operations"],
                            "type": row["data_type"], "clause": "TS-0004 " + row["clause"]})
                for row in tables["content-elements"]]
    return {"clause": "TS-0001 8.1.2, TS-0004 7.5.2", "resultContent": result,
            "elements": elements}


def check_types(types, simple, enum, complex_):
    """Every data type that is named must be defined."""
    known = set(simple) | set(enum) | set(complex_) | {"m2m:primitiveContent", "m2m:representation"}
    for where, expression in types:
        name = re.sub(r"^list of (\d+\.\.(\d+|n) )?", "", expression).split(" ")[0]
        if name not in known:
            raise ImportFailed(f"{where}: data type {name} is not defined")


def named_types(types, common, complex_, params):
    for file in types.values():
        for block in ("common", "inherited", "attributes"):
            for short, entry in file.get(block, {}).items():
                if "type" in entry:
                    yield f"{file['short']}.{short}", entry["type"]
    for short, entry in common["attributes"].items():
        yield short, entry["type"]
    for name, entry in complex_.items():
        for short, member in entry["members"].items():
            yield f"{name}.{short}", member["type"]
    for side in params.values():
        for short, entry in side.items():
            yield short, entry["type"]


def counts(tables, builder, files):
    """What was there to import, for the tests: nothing may get lost later unseen."""
    per_type = {}
    for file in files.values():
        blocks = [len(file.get(b, {})) for b in ("common", "inherited", "attributes")]
        per_type[file["short"]] = {"attributes": sum(blocks),
                                   "children": len(file.get("children", []))}
    return {
        "note": "Written by tools/import_spec.py: how much the tables held.",
        "rows": {name: len(rows) for name, rows in sorted(tables.items())},
        "types": per_type,
        "skipped": builder.skipped,
    }


TABLES = (
    "attributes", "child-resources", "complex-types", "content-elements", "enums",
    "event-content-types", "event-notification-criteria", "filter-criteria", "operations",
    "request-parameters", "resource-types", "response-parameters", "result-content",
    "simple-types", "status-codes", "trigger-payload",
)


def run(folder, out):
    tables = {name: read_table(folder, name) for name in TABLES}
    builder = Types(tables)
    files = {row["name"]: builder.file_of(row) for row in tables["resource-types"]}
    simple, enum, complex_ = simple_types(tables), enums(tables), complex_types(tables)
    simple["m2m:primitiveContent"] = {"form": "any", "clause": "TS-0004 6.3.5.5"}
    simple["m2m:representation"] = {"form": "any", "clause": "TS-0004 6.3.5.62"}
    params = parameters(tables)
    common = builder.common_file()
    check_types(named_types(files, common, complex_, params), simple, enum, complex_)
    for file in files.values():
        write(out, os.path.join("types", file["short"] + ".json"), file)
    write(out, "common.json", common)
    write(out, "datatypes.json", {name: simple[name] for name in sorted(simple)})
    write(out, "enums.json", enum)
    write(out, "complex.json", complex_)
    write(out, "rsc.json", status_codes(tables))
    write(out, "parameters.json", params)
    write(out, "filter.json", filters(tables))
    write(out, "content.json", contents(tables))
    write(out, "counts.json", counts(tables, builder, files))
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("tables", help="directory of the tables")
    parser.add_argument("out", help="directory to write")
    parser.add_argument("--force", action="store_true", help="overwrite files edited by people")
    args = parser.parse_args()
    existing = os.path.join(args.out, "types")
    if not args.force and os.path.isdir(existing) and os.listdir(existing):
        print(f"{existing} holds files already; they are the source now. --force overwrites them.",
              file=sys.stderr)
        return 1
    try:
        files = run(args.tables, args.out)
    except (ImportFailed, OSError, KeyError) as problem:
        print(f"import failed: {problem}", file=sys.stderr)
        return 1
    print(f"{len(files)} resource types written to {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
