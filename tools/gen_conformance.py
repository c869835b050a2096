#!/usr/bin/python3
"""Writes docs/conformance.md: what of the standard and of our security reading is built and tested. And, by
gen_threats.py, docs/threats.md: what stands against which threat.

Taken from the tree alone: spec/requirements.tsv, `spec:` comments, and the tests. A requirement
counts as tested when a test function or case carries its ID: in its name, its docstring, a
comment in or right above it, its data. Mentions elsewhere do not count. What open ones, and
those that are tested in part, wait for is in spec/open.tsv.

usage: gen_conformance.py [--root DIR] [--check]
--check writes nothing and fails when a committed file is stale.
"""

import argparse
import ast
import fnmatch
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import gen_threats
import lint
import lint_c

OUTPUT = "docs/conformance.md"
OPEN = "spec/open.tsv"
TYPE_TABLE = "src/cse/types/types.def"
_ID = re.compile(r"(?<![A-Za-z0-9])SEC[-_][A-Z0-9]{3}[-_]\d+(?![A-Za-z0-9])", re.I)
_CLAUSE = r"(?:[A-Z](?:\.[\dx]+)*|\d+(?:\.[\dx]+)*)(?![\w.]*\w)"
_CITED = re.compile(rf"TS-(\d{{4}}) (?:table )?({_CLAUSE}(?:(?:,| and| to) {_CLAUSE})*)")


def ids(text):
    return {found.upper().replace("_", "-") for found in _ID.findall(text)}


def clauses(text):
    """{("TS-0004", "7.4.7.2.1")} of a text; comment stars and line ends do not matter."""
    flat = re.sub(r"\s+(?:\*\s+)?", " ", text)
    found = set()
    for document, listed in _CITED.findall(flat):
        for clause in re.split(r", | and | to ", listed):
            found.add((f"TS-{document}", clause))
    return found


def spec_comments(text):
    """What follows `spec:` in a comment, up to the end of the comment."""
    at = re.search(r"\bspec:", text)
    return text[at.end():] if at else ""


# ---- tests: (reference, text that belongs to the test) ----


def python_tests(path, text):
    module = ast.parse(text)
    lines = text.split("\n")
    data = {target.id: ast.get_source_segment(text, node) or ""
            for node in module.body if isinstance(node, ast.Assign)
            for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(module):
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if not is_function or not node.name.startswith("test"):
            continue
        marks = [ast.unparse(d) for d in node.decorator_list]
        if any(re.match(r"pytest\.mark\.(skip|xfail)\b(?!if)", mark) for mark in marks):
            continue
        first = min([node.lineno] + [d.lineno for d in node.decorator_list])
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        used = {n.id for d in node.decorator_list for n in ast.walk(d) if isinstance(n, ast.Name)}
        texts = ["\n".join(lines[first - 1:node.end_lineno])]
        texts += [data[name] for name in sorted(used & data.keys())]
        yield f"{path}::{node.name}", "\n".join(texts)


def c_tests(path, source):
    tokens = source.code
    # `#define T(name) cmocka_unit_test_setup(name, up)` registers too
    short = {found[1] for _, text, _ in source.directives
             for found in [re.match(r"\s*#\s*define\s+(\w+)\(.*cmocka_unit_test", text, re.S)]
             if found}
    registered = {argument.text for at, token in lint_c.calls(tokens)
                  if token.text.startswith("cmocka_unit_test") or token.text in short
                  for argument in lint_c.arguments(tokens, at + 1)}
    ends = {c.line + c.text.count("\n"): c for c in source.comments}
    for function in source.functions():
        if function.name not in registered:
            continue
        last = function.body[-1].line
        texts = [function.name] + [t.text for t in function.body if t.kind == "text"]
        texts += [c.text for c in source.comments if function.line <= c.line <= last]
        if function.line - 1 in ends:
            texts.append(ends[function.line - 1].text)
        yield f"{path}::{function.name}", "\n".join(texts)


def case_tests(path, text):
    data = json.loads(text)
    cases = data if isinstance(data, list) else data.get("cases", [data])
    for case in cases:
        if isinstance(case, dict) and "expect" in case:
            yield f"{path}: {case.get('name', '?')}", json.dumps(case, ensure_ascii=False)


def tests(tree):
    for path in tree.match("tests/*.py", "tests/*.c", "src/*_test.c", "tests/cases/*.json"):
        if path.startswith("tests/tools/"):
            continue  # tests of this program
        if path.endswith(".py"):
            yield from python_tests(path, tree.text(path))
        elif path.endswith(".c"):
            yield from c_tests(path, tree.source(path))
        else:
            yield from case_tests(path, tree.text(path))


# ---- the parts of the page ----


def natural(text):
    return [(0, int(p)) if p.isdigit() else (1, p) for p in re.split(r"(\d+)", text) if p]


def escape(text):
    """For a cell of a table; what stands in backquotes is shown as it is."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    parts[::2] = [re.sub(r"([*_])", r"\\\1", p.replace("&", "&amp;").replace("<", "&lt;"))
                  for p in parts[::2]]
    return "".join(parts)


def places(references):
    return "<br>".join("`" + r.replace("|", "\\|") + "`" for r in sorted(references))


def read_requirements(tree):
    rows = (tree.text("spec/requirements.tsv") or "").splitlines()[1:]
    return [row.split("\t") for row in rows]


def read_needs(tree, requirements):
    """{requirement: what it, or a part of it, waits for}. Raises ValueError for a row about nothing."""
    needs = {}
    for line in (tree.text(OPEN).splitlines()[1:] if OPEN in tree.paths else []):
        pattern, _, need = line.partition("\t")
        names = fnmatch.filter([row[0] for row in requirements], pattern)
        if not names:
            raise ValueError(f"{OPEN}: {pattern} is no requirement")
        needs.update({name: (need, pattern == name) for name in names})
    return needs


def state_of(name, found, needs):
    """A test shows a requirement, but for what a row of its own says; rows for many are about those without one."""
    need, is_own = needs.get(name, ("", False))
    if found:
        return f"tested in part, needs {need}" if is_own else "tested"
    return f"open, needs {need}" if need else "open"


def security_part(requirements, carried, needs):
    tested = sum(row[0] in carried for row in requirements)
    yield "## Security requirements"
    yield ""
    yield (f"{tested} of {len(requirements)} are carried by a test; the others are open. "
           f"The requirements are in `spec/requirements.tsv`, what is missing in `{OPEN}`.")
    chapter = None
    for name, section, title, sentence in requirements:
        if title != chapter:
            chapter = title
            yield from ("", f"### {section.split('.')[0]} {title}", "",
                        "| ID | requirement | state | tests |", "|---|---|---|---|")
        found = carried.get(name, ())
        yield f"| {name} | {escape(sentence)} | {state_of(name, found, needs)} | {places(found)} |"


def clause_part(built, tested):
    cited = sorted(built.keys() | tested.keys(), key=lambda c: (c[0], natural(c[1])))
    both = sum(c in built and c in tested for c in cited)
    yield "## Clauses"
    yield ""
    yield (f"{len(cited)} clauses are cited; {both} of them by code and by a test. "
           "`x` stands for any number.")
    document = None
    for clause in cited:
        if clause[0] != document:
            document = clause[0]
            yield from ("", f"### {document}", "", "| clause | state | built in | tested by |",
                        "|---|---|---|---|")
        state = ("built, tested" if clause in built and clause in tested else
                 "built" if clause in built else "tested")
        yield (f"| {clause[1]} | {state} | {places(built.get(clause, ()))} "
               f"| {places(tested.get(clause, ()))} |")


def read_types(tree):
    """[(type, built)] of spec/types. What spec/support.json calls built is what types.def lists."""
    support = json.loads(tree.text("spec/support.json") or "{}")
    built = set(support.get("built", {}).get("types", []))
    rows = [json.loads(tree.text(p)) for p in tree.match("spec/types/*.json")]
    unknown = built - {row["short"] for row in rows}
    if unknown:
        raise ValueError(f"spec/support.json: no such types: {' '.join(sorted(unknown))}")
    if TYPE_TABLE in tree.paths:
        # virtual resources have an address but no record, and no number; specialisations share
        # the record of their base
        claimed = {row["short"].upper() for row in rows
                   if row["short"] in built and "type" in row and "of" not in row}
        listed = set(re.findall(r"^MLN_T\(MLN_TY_(\w+),", tree.text(TYPE_TABLE), re.M))
        if claimed != listed:
            raise ValueError(f"{TYPE_TABLE} and spec/support.json disagree about "
                             f"{' '.join(sorted(claimed ^ listed))}")
    return [(row, row["short"] in built) for row in rows]


OPERATIONS = ("create", "retrieve", "update", "delete", "notify")


def type_part(types):
    done = sum(is_built for _, is_built in types)
    yield "## Resource types"
    yield ""
    yield (f"{done} of {len(types)} are built. The others are refused with 5001 NOT_IMPLEMENTED "
           "and are absent from supportedResourceType. An empty cell: the standard defines no "
           "such operation.")
    yield from ("", f"| type | name | clause | {' | '.join(OPERATIONS)} |",
                "|---|---|---|" + "---|" * len(OPERATIONS))
    for row, is_built in sorted(types, key=lambda t: (t[0].get("type", 0), t[0]["short"])):
        state = "implemented" if is_built else "refused"
        cells = [state if o in row.get("operations", []) else "" for o in OPERATIONS]
        yield (f"| {row.get('type', '')} | {row['long']} (`{row['short']}`) "
               f"| {row.get('clause', '')} | {' | '.join(cells)} |")


def read_tests(tree, requirements):
    """({requirement: tests}, {clause: tests}). Raises ValueError for an ID that is no requirement."""
    known = {row[0] for row in requirements}
    carried, tested = defaultdict(set), defaultdict(set)
    for reference, text in tests(tree):
        for name in ids(text):
            if name not in known:
                raise ValueError(f"{reference}: {name} is no requirement")
            carried[name].add(reference)
        for clause in clauses(text):
            tested[clause].add(reference)
    return carried, tested


def page(tree, requirements, carried, tested):
    """The text of docs/conformance.md."""
    built = defaultdict(set)
    for path in lint.product_c(tree):
        for comment in tree.source(path).comments:
            for clause in clauses(spec_comments(comment.text)):
                built[clause].add(path)
    parts = [["# Conformance", "",
              "Generated by `tools/gen_conformance.py` from the tests and the citations in the "
              "code; `make docs` writes it again."]]
    needs = read_needs(tree, requirements)
    parts += [security_part(requirements, carried, needs), clause_part(built, tested)]
    parts.append(type_part(read_types(tree)))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def pages(tree):
    """{path: text}. Raises ValueError for what is named and is not there."""
    requirements = read_requirements(tree)
    carried, tested = read_tests(tree, requirements)
    threats = gen_threats.page(tree, requirements, carried, sys.modules[__name__])
    return {OUTPUT: page(tree, requirements, carried, tested), **({gen_threats.OUTPUT: threats} if threats else {})}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--check", action="store_true", help="fail when the file is stale")
    options = parser.parse_args(argv)
    try:
        made = pages(lint.Tree(options.root))
    except ValueError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    stale = 0
    for path, text in made.items():
        target = Path(options.root) / path
        if not options.check:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif not target.exists() or target.read_text(encoding="utf-8") != text:
            print(f"{path} is stale: run make docs", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
