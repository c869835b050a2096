"""The data in spec/, what is generated from it, and the importer that wrote it once."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys

import jsonschema
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(ROOT, "spec")
TOOLS = os.path.join(ROOT, "tools")
SCHEMAS = os.path.join(ROOT, "docs", "reference", "schema")
FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables")

sys.path.insert(0, TOOLS)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import answers  # noqa: E402
import specmodel  # noqa: E402


@pytest.fixture(name="model", scope="module")
def fixture_model():
    return specmodel.Model(SPEC)


def load(*parts):
    with open(os.path.join(SPEC, *parts), encoding="utf-8") as f:
        return json.load(f)


def tool(name, *args):
    return subprocess.run([sys.executable, os.path.join(TOOLS, name), *args],
                          capture_output=True, text=True, check=False)


def type_files():
    return sorted(n[:-5] for n in os.listdir(os.path.join(SPEC, "types")))


# ---- spec/ ----


@pytest.mark.parametrize("name", type_files())
def test_type_file_has_its_parts(name):
    facts = load("types", name + ".json")
    assert facts["short"] == name
    assert facts["long"] and facts["clause"].startswith("TS-")
    assert set(facts["operations"]) <= {"create", "retrieve", "update", "delete", "notify"}
    if facts.get("kind") == "virtual":
        assert "attributes" not in facts
        return
    blocks = [set(facts.get(b, {})) for b in ("common", "inherited", "attributes")]
    assert sum(len(b) for b in blocks) == len(set().union(*blocks)), "an attribute stands twice"


def test_every_data_type_exists(model):
    for t in model.types:
        for a in t.attributes:
            assert a.type in model.datatypes, (t.short, a.short)
    for d in model.datatypes.values():
        for name in ([d.item] if d.item else []) + list(d.of) + [m.type for m in d.members]:
            assert name in model.datatypes, d.name


def test_every_child_exists_and_knows_its_number(model):
    for t in model.types:
        for child in t.child_names:
            assert model.by_short[child].number > 0, (t.short, child)
            assert not model.by_short[child].is_virtual
        for child in t.virtual:
            assert model.by_short[child].is_virtual


def test_no_short_name_means_two_things_in_a_type(model):
    for t in model.types:
        names = [a.short for a in t.attributes]
        assert len(names) == len(set(names)), t.short


def test_universal_attributes_are_everywhere(model):
    for t in model.types:
        if not t.is_virtual:
            assert {"ty", "ri", "rn", "pi", "ct", "lt"} <= {a.short for a in t.attributes}, t.short


def test_nothing_of_the_import_got_lost(model):
    counts = load("counts.json")
    assert len(counts["types"]) == counts["rows"]["resource-types"]
    for short, expected in counts["types"].items():
        t = model.by_short[short]
        assert len(t.attributes) >= expected["attributes"], short
        assert len(t.child_names) >= expected["children"], short
    own = sum(len(t.attributes) for t in model.types if not t.is_announced)
    definitions = 16 + 13  # rows that define common attributes, not one of a type
    placeholders = 2  # [objectAttribute], [customAttribute]
    lost = [s for s in counts["skipped"] if "attribute" in s and s["resource"] != "*Annc"]
    assert own >= counts["rows"]["attributes"] - definitions - placeholders - len(lost)
    assert len(model.rsc) >= counts["rows"]["status-codes"]
    assert len(model.parameters) > counts["rows"]["request-parameters"]
    assert sum(len(d.values) for d in model.datatypes.values() if d.values) >= counts["rows"]["enums"] - 3


def test_announced_variants_copy_what_may_be_announced(model):
    for t in model.types:
        if not t.is_announced:
            continue
        mine = {a.short for a in t.attributes}
        assert {a.short for a in t.original.attributes if a.announce != "NA"} <= mine, t.short
        assert "lnk" in mine and "cr" not in mine
        assert t.attribute("lnk").create == "M"
        assert t.number == t.original.number + 10000


def test_overlay_rows_have_reasons():
    support = load("support.json")
    for row in support["unbuilt"] + support["additions"] + support["corrections"]:
        assert row["reason"], row
    for row in support["additions"] + support["corrections"]:
        assert row["clause"].startswith("TS-"), row


def test_overlay_is_applied(model):
    sub = model.by_short["sub"]
    assert sub.attribute("daci").unbuilt and not sub.attribute("nu").unbuilt
    assert sub.attribute("nu").type == "list of 1..n xs:anyURI"
    assert all(t.attribute("daci").unbuilt for t in model.types if t.attribute("daci"))
    assert model.datatypes["m2m:filterOperation"].values[3]
    assert model.content["resultContent"]["11"]["retrieve_discovery"] == "default"
    assert {t.short for t in model.types if t.is_built} == set(model.support["built"]["types"])


def test_members_can_be_unbuilt(tmp_path):
    spec = changed(tmp_path, "support.json", lambda d: d["unbuilt"].append(
        {"complex": "m2m:batchNotify", "members": ["dur"], "reason": "x"}))
    members = {m.short: m for m in specmodel.Model(spec).datatypes["m2m:batchNotify"].members}
    assert members["dur"].unbuilt and not members["num"].unbuilt


def test_status_codes_have_values_for_both_bindings(model):
    for code, row in model.rsc.items():
        assert 200 <= row["http"] < 600, code
        assert re.fullmatch(r"[245]\.\d\d", row["coap"]), code


# ---- what is generated ----


def test_generated_pages_and_schemas_are_up_to_date():
    result = tool("gen_model.py", "check", SPEC, os.path.join(ROOT, "docs", "reference"))
    assert result.returncode == 0, result.stderr


def test_stale_pages_are_found(tmp_path):
    docs = tmp_path / "reference"
    shutil.copytree(os.path.join(ROOT, "docs", "reference"), docs)
    (docs / "cnt.md").write_text("old", encoding="utf-8")
    (docs / "gone.md").write_text("old", encoding="utf-8")
    os.remove(docs / "schema" / "cnt.json")
    result = tool("gen_model.py", "check", SPEC, str(docs))
    assert result.returncode == 1
    for name in ("cnt.md: stale", "gone.md: not generated any more", "cnt.json: stale"):
        assert name in result.stderr


def generate(spec, folder):
    header, source = os.path.join(folder, "model_gen.h"), os.path.join(folder, "model_gen.c")
    result = tool("gen_model.py", "model", spec, header, source)
    if result.returncode:
        return result.stderr
    with open(header, encoding="utf-8") as f, open(source, encoding="utf-8") as g:
        return f.read() + g.read()


def test_c_tables_are_the_same_each_time(tmp_path):
    first = generate(SPEC, str(tmp_path))
    assert first == generate(SPEC, str(tmp_path))
    assert "MLN_TY_CNT = 3" in first


def changed(tmp_path, name, change):
    """A copy of spec/ with one file changed."""
    spec = str(tmp_path / "spec")
    shutil.copytree(SPEC, spec)
    path = os.path.join(spec, name)
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    change(data)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f)
    return spec


def test_an_attribute_is_added_by_one_line(tmp_path):
    row = {"long": "aNewThing", "type": "xs:string", "card": "0..1", "create": "O", "update": "O",
           "announce": "OA"}
    spec = changed(tmp_path, "types/cnt.json", lambda d: d["attributes"].update(ant1=row))
    text = generate(spec, str(tmp_path))
    assert "MLN_AT_ANT1" in text and '{ "ant1", 4 }, "aNewThing"' in text
    model = specmodel.Model(spec)
    assert model.by_short["cntA"].attribute("ant1").create == "O"


@pytest.mark.parametrize("name, change, message", [
    ("types/cnt.json", lambda d: d["attributes"]["mni"].update(type="m2m:nothing"), "m2m:nothing"),
    ("types/cnt.json", lambda d: d["attributes"]["mni"].update(card="many"), "card 'many'"),
    ("types/cnt.json", lambda d: d["attributes"]["mni"].update(create="X"), "create 'X'"),
    ("types/cnt.json", lambda d: d["children"].append("xyz"), "'xyz'"),
    ("types/cnt.json", lambda d: d.update(short="cnx"), "short is 'cnx'"),
    ("types/cnt.json", lambda d: d["common"].update(xx={}), "'xx'"),
    ("types/cnt.json", lambda d: d["attributes"].update(lbl=dict(d["attributes"]["mni"])), "occurs twice"),
    ("types/cnt.json", lambda d: d.update(type=4), "one number"),
    ("datatypes.json", lambda d: d["m2m:timestamp"].update(pattern="nonsense"), "nonsense"),
    ("datatypes.json", lambda d: d["m2m:timestamp"].update(form="nonsense"), "nonsense"),
    ("datatypes.json", lambda d: d["m2m:eventCat"]["of"].append("m2m:eventCatWithDef"), "contain each other"),
    ("complex.json", lambda d: d["m2m:batchNotify"]["members"]["num"].update(type="m2m:nothing"), "m2m:nothing"),
    ("support.json", lambda d: d["unbuilt"].append(
        {"types": ["cnt"], "attributes": ["nothing"], "reason": "x"}), "matches nothing"),
    ("support.json", lambda d: d["corrections"].append(
        {"type": "cnt", "attribute": "nothing", "set": {}, "clause": "TS", "reason": "x"}), "nothing"),
])
def test_mistakes_are_told(tmp_path, name, change, message):
    text = generate(changed(tmp_path, name, change), str(tmp_path))
    assert text.startswith("gen_model.py: SpecError"), text[:200]
    assert message in text


def test_a_member_that_stands_twice_is_told(tmp_path):
    spec = str(tmp_path / "spec")
    shutil.copytree(SPEC, spec)
    path = os.path.join(spec, "types", "cnt.json")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace('"mbs": {', '"mni": {'))
    assert "occurs twice: mni" in generate(spec, str(tmp_path))


# ---- schemas ----


def schema_names():
    return sorted(n[:-5] for n in os.listdir(SCHEMAS) if n.endswith(".json"))


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_a_schema(name):
    with open(os.path.join(SCHEMAS, name + ".json"), encoding="utf-8") as f:
        jsonschema.Draft202012Validator.check_schema(json.load(f))


def test_every_type_has_schemas(model):
    names = set(schema_names())
    for t in model.types:
        if t.root:
            assert {t.short, t.short + ".full"} <= names
    assert {"uril", "rrl", "rce", "uri", "agr", "rsp", "sgn", "agn", "dbg"} <= names


CONTAINER = {
    "ty": 3, "ri": "cnt0000000000001", "rn": "c1", "pi": "Cae1", "ct": "20240101T000000,000000",
    "lt": "20240101T000000,000000", "et": "20250101T000000,000000", "st": 0, "cni": 0, "cbs": 0,
}


def test_full_container():
    answers.check({"m2m:cnt": CONTAINER}, full=True)
    answers.check({"m2m:cnt": {**CONTAINER, "lbl": ["a:b"], "mni": 5, "cr": "/id-in/Cae1"}}, full=True)


@pytest.mark.parametrize("change", [
    {"cni": "0"}, {"cni": -1}, {"cni": 1.5}, {"ct": "2024-01-01"}, {"rn": "a/b"}, {"foo": 1},
    {"lbl": []}, {"lbl": "a"}, {"ty": 99}, {"et": None}, {"lbl": None}, {"m2m:ae": []}, {"acpi": ["a b"]},
])
def test_full_container_refuses(change):
    with pytest.raises(jsonschema.ValidationError):
        answers.check({"m2m:cnt": {**CONTAINER, **change}}, full=True)


def test_full_needs_all_mandatory_attributes():
    for name in CONTAINER:
        part = {k: v for k, v in CONTAINER.items() if k != name}
        with pytest.raises(jsonschema.ValidationError):
            answers.check({"m2m:cnt": part}, full=True)
        answers.check({"m2m:cnt": part})


def test_partial_may_hold_deleted_attributes():
    answers.check({"m2m:cnt": {"mni": None, "lt": "20240101T000000,000000"}})
    with pytest.raises(jsonschema.ValidationError):
        answers.check({"m2m:cnt": {"st": None}})


def test_nested_children_are_checked():
    instance = {"ty": 4, "ri": "cin1", "rn": "i", "pi": "cnt1", "con": "x", "cs": 1}
    tree = {"m2m:cnt": {**CONTAINER, "m2m:cin": [instance], "ch": [
        {"nm": "s", "typ": 23, "val": "cse-in/ae/c1/s"}]}}
    answers.check(tree)
    broken = copy.deepcopy(tree)
    broken["m2m:cnt"]["m2m:cin"][0]["cs"] = "1"
    with pytest.raises(jsonschema.ValidationError):
        answers.check(broken)
    broken = copy.deepcopy(tree)
    broken["m2m:cnt"]["ch"][0]["typ"] = "23"
    with pytest.raises(jsonschema.ValidationError):
        answers.check(broken)


@pytest.mark.parametrize("answer", [
    {"m2m:uril": ["cse-in/ae1", "cse-in/ae1/c1"]},
    {"m2m:uril": []},
    {"m2m:rrl": {"rrf": [{"nm": "c1", "typ": 3, "val": "cse-in/c1"}]}},
    {"m2m:uri": "cse-in/ae1/c1"},
    {"m2m:rce": {"uri": "cse-in/ae1/c1", "m2m:cnt": CONTAINER}},
    {"m2m:dbg": "no such resource"},
    {"m2m:agr": {"m2m:rsp": [{"rsc": 2000, "rqi": "1", "rvi": "3", "to": "/id-in/c1",
                              "pc": {"m2m:cnt": CONTAINER}}]}},
    {"m2m:sgn": {"sur": "/id-in/sub1", "nev": {"net": 1, "rep": {"m2m:cnt": CONTAINER}}}},
    {"m2m:sgn": {"sur": "/id-in/sub1", "vrq": True, "cr": "/id-in/Cae1"}},
    {"m2m:sgn": {"sur": "/id-in/sub1", "sud": True}},
])
def test_other_elements(answer):
    answers.check(answer)


@pytest.mark.parametrize("answer", [
    {}, {"m2m:cnt": {}, "m2m:cin": {}}, {"m2m:nothing": {}}, {"cnt": {}}, [], None, "x",
    {"m2m:uril": "a"}, {"m2m:uril": ["a b"]}, {"m2m:uri": ["a"]}, {"m2m:dbg": 5},
    {"m2m:rce": {"m2m:cnt": CONTAINER}}, {"m2m:rce": {"uri": "a", "m2m:cnt": {"st": "0"}}},
    {"m2m:agr": {"m2m:rsp": [{"rsc": 9999, "rqi": "1", "rvi": "3"}]}},
    {"m2m:agr": {"m2m:rsp": [{"rsc": 2000, "rqi": "1", "rvi": "3", "pc": {"m2m:cnt": {"st": "x"}}}]}},
    {"m2m:sgn": {"nev": {"net": 1}}},
    {"m2m:sgn": {"sur": "s", "nev": {"net": 1, "rep": {"m2m:cnt": {"st": "x"}}}}},
])
def test_other_elements_refuse(answer):
    with pytest.raises(jsonschema.ValidationError):
        answers.check(answer)


def samples_of_the_validator():
    """The texts of src/model/pattern_test.c: (C name of the pattern, good texts)."""
    with open(os.path.join(ROOT, "src", "model", "pattern_test.c"), encoding="utf-8") as f:
        source = f.read()
    table = source[source.index("samples[] = {"):source.index("SAMPLES =")]
    for name, good in re.findall(r"MLN_PATTERN_(\w+),\s*\{(.*?)\},\s*\{", table, re.DOTALL):
        texts = re.findall(r'"((?:[^"\\]|\\.)*)"', good)
        yield name, [t.encode().decode("unicode_escape").encode("latin-1").decode("utf-8") for t in texts]


def test_schemas_accept_what_the_validator_accepts():
    rows = {specmodel.constant(k): pattern for k, (_, pattern) in specmodel.PATTERNS.items()}
    seen = set()
    for name, texts in samples_of_the_validator():
        seen.add(name)
        for text in texts:
            assert name == "NONE" or re.search(rows[name], text), (name, text)
    assert seen == set(rows) | {"NONE"}


# ---- the importer, on tables made for this test ----


def read_tree(folder):
    out = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, encoding="utf-8") as f:
                out[os.path.relpath(path, folder)] = f.read()
    return out


def test_importer_is_deterministic(tmp_path):
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    for out in (first, second):
        result = tool("import_spec.py", FIXTURE, out)
        assert result.returncode == 0, result.stderr
    assert read_tree(first) == read_tree(second)


def test_importer_keeps_the_facts(tmp_path):
    out = str(tmp_path)
    assert tool("import_spec.py", FIXTURE, out).returncode == 0
    files = {name: json.loads(text) for name, text in read_tree(out).items()}
    box = files["types/box.json"]
    assert box["children"] == ["thg"] and box["virtual"] == ["nw"]
    assert box["child_limits"] == {"thg": {"card": "0..2", "name": "inside"}}
    assert box["announced"] == {"short": "boxA", "long": "boxAnnc", "type": 10061, "children": ["thg"]}
    shared = files["common.json"]["attributes"]["lbl"]
    assert (shared["update"], box["common"]["lbl"]) == ("NP", {})
    assert box["attributes"]["sz"] == {
        "long": "size", "type": "xs:unsignedInt 0..9", "card": "0..1", "create": "O", "update": "O",
        "announce": "OA", "constraint": "range=0..9"}
    assert box["attributes"]["cl"]["only"] == "TS-0001"
    assert (box["attributes"]["cl"]["create"], box["attributes"]["cl"]["update"]) == ("O", "NP")
    small = files["types/sbx.json"]
    assert small["common"] == {"ri": {}, "lbl": {"update": "O"}}
    assert small["of"] == "box" and small["inherited"] == {"sz": {"card": "1"}}
    assert "announce" not in files["types/thg.json"]["attributes"]["co"]
    assert files["types/nw.json"]["kind"] == "virtual"
    assert files["rsc.json"]["1001"]["name"] == "ACCEPTED_NON_BLOCKING_REQUEST_SYNCH"
    assert files["rsc.json"]["2000"] == {
        "name": "OK", "class": "Success", "http": 200, "coap": "2.05", "coap_other": "2.05(R);2.04(N)",
        "clause": "TS-0004 6.6.3.3"}
    assert "33" not in files["enums.json"]["m2m:colour"]["values"]
    assert files["complex.json"]["m2m:outer/inner"]["members"]["a"]["type"] == "xs:string"
    assert files["counts.json"]["skipped"] == [
        {"resource": "box", "attribute": "nameless", "reason": "no short name in TS-0004 8.2"}]


def test_importer_does_not_overwrite(tmp_path):
    out = str(tmp_path)
    assert tool("import_spec.py", FIXTURE, out).returncode == 0
    path = tmp_path / "types" / "box.json"
    path.write_text("edited", encoding="utf-8")
    result = tool("import_spec.py", FIXTURE, out)
    assert result.returncode == 1 and "--force" in result.stderr
    assert path.read_text(encoding="utf-8") == "edited"
    assert tool("import_spec.py", FIXTURE, out, "--force").returncode == 0
    assert path.read_text(encoding="utf-8") != "edited"


@pytest.mark.parametrize("table, old, new, message", [
    ("attributes", "xs:unsignedInt", "xs:unknown", "xs:unknown"),
    ("simple-types", "xs:string\tbuiltin", "xs:strange\tbuiltin", "xs:strange"),
    ("attributes", "xs:unsignedInt", "several words", "several words"),
])
def test_importer_tells_what_it_cannot_read(tmp_path, table, old, new, message):
    tables = str(tmp_path / "tables")
    shutil.copytree(FIXTURE, tables)
    path = os.path.join(tables, table + ".tsv")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert old in text
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))
    result = tool("import_spec.py", tables, str(tmp_path / "out"))
    assert result.returncode == 1
    assert "import failed" in result.stderr and message in result.stderr


def test_importer_without_tables(tmp_path):
    result = tool("import_spec.py", str(tmp_path / "nothing"), str(tmp_path / "out"))
    assert result.returncode == 1 and "import failed" in result.stderr
