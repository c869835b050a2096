"""tools/gen_conformance.py: what counts as carried by a test, and what does not."""

import gen_conformance
import import_requirements
import pytest

REQUIREMENTS = """\
id\tsection\tchapter\trequirement
SEC-AAA-01\t1.7\tFirst\tone | two <x> `a<b|c*` and *
SEC-AAA-02\t1.7\tFirst\tthree
SEC-BBB-01\t2.3\tSecond\tfour
"""
# IDs are put together, so that this file does not carry them
ONE, TWO, THREE = ("SEC-" + rest for rest in ("AAA-01", "AAA-02", "BBB-01"))


@pytest.fixture
def page(tmp_path):
    def make(files):
        files = {"spec/requirements.tsv": REQUIREMENTS,
                 "spec/support.json": '{"built": {"types": ["cnt"]}}',
                 "spec/types/cnt.json": '{"short": "cnt", "long": "container", "type": 3,'
                 ' "clause": "TS-0001 9.6.6", "operations": ["create", "delete"]}',
                 "spec/types/req.json": '{"short": "req", "long": "request", "type": 17,'
                 ' "clause": "TS-0001 9.6.12", "operations": ["retrieve"]}'} | files
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        made = gen_conformance.pages(gen_conformance.lint.Tree(tmp_path))
        make.threats = made.get("docs/threats.md")
        return made["docs/conformance.md"]

    return make


def row(text, start):
    rows = [line for line in text.splitlines() if line.startswith(f"| {start} |")]
    assert len(rows) == 1, rows
    return rows[0]


def test_all_is_open_without_tests(page):
    text = page({})
    assert "0 of 3 are carried by a test" in text
    assert row(text, ONE) == f"| {ONE} | one \\| two &lt;x> `a<b\\|c*` and \\* | open |  |"


def test_what_is_missing(page):
    """A row for many is about those without a test; one for a single requirement also about a part of it."""
    tests = {"tests/api/test_x.py": f"def test_a():\n    '''{ONE}'''\n"}
    rows = "requirements\tneed\nSEC-AAA-*\tmore time\n"
    text = page({"spec/open.tsv": rows, **tests})
    assert row(text, ONE).endswith("| tested | `tests/api/test_x.py::test_a` |")
    assert row(text, TWO).endswith("| open, needs more time |  |")
    assert row(text, THREE).endswith("| open |  |")
    text = page({"spec/open.tsv": rows + f"{ONE}\tless noise\n", **tests})
    assert row(text, ONE).endswith("| tested in part, needs less noise | `tests/api/test_x.py::test_a` |")


def test_nothing_is_missing_of_what_is_not_there(page):
    with pytest.raises(ValueError, match="is no requirement"):
        page({"spec/open.tsv": "requirements\tneed\nSEC-CCC-*\tmore time\n"})


@pytest.mark.parametrize("source", [
    f'def test_a():\n    """{ONE}: so it is"""\n',
    f"# {ONE}\ndef test_a():\n    pass\n",
    f"def test_a():\n    check('{ONE}')\n",
    f"@pytest.mark.parametrize('x', ['{ONE}'])\ndef test_a(x):\n    pass\n",
    f"ROWS = [('{ONE}', 1)]\n@pytest.mark.parametrize('n, x', ROWS)\ndef test_a(n, x):\n    pass\n",
    f"class TestX:\n    def test_a(self):\n        # {ONE}\n        pass\n",
])
def test_python_tests_carry_ids(page, source):
    text = page({"tests/api/test_x.py": source})
    assert row(text, ONE).endswith("| tested | `tests/api/test_x.py::test_a` |")
    assert row(text, TWO).endswith("| open |  |")


def test_python_names_carry_ids(page):
    name = "test_" + ONE.lower().replace("-", "_")
    assert "tested" in row(page({"tests/api/test_x.py": f"def {name}():\n    pass\n"}), ONE)


@pytest.mark.parametrize("source", [
    f'"""{ONE} is somewhere here"""\ndef test_a():\n    pass\n',
    f"# {ONE}\n\ndef test_a():\n    pass\n",
    f"def helper():\n    # {ONE}\n    pass\n",
    f"@pytest.mark.skip(reason='later')\ndef test_a():\n    '''{ONE}'''\n",
    f"@pytest.mark.xfail\ndef test_a():\n    '''{ONE}'''\n",
])
def test_other_mentions_in_python_do_not_count(page, source):
    assert "open" in row(page({"tests/api/test_x.py": source}), ONE)


C_TEST = """\
/* Tests. */
{before}
static void test_a(void **state)
{{
    {inside}
}}

int main(void)
{{
    const struct CMUnitTest tests[] = {{ {registered} }};
    return cmocka_run_group_tests(tests, NULL, NULL);
}}
"""


@pytest.mark.parametrize("before, inside", [
    (f"/* {ONE} */", ""), (f"/* it is long\n * {ONE} */", ""), ("", f"/* {ONE} */"),
    ("", f'show("{ONE}");')])
def test_c_tests_carry_ids(page, before, inside):
    source = C_TEST.format(before=before, inside=inside,
                           registered="cmocka_unit_test_setup(test_a, up)")
    assert "`src/cse/x_test.c::test_a`" in row(page({"src/cse/x_test.c": source}), ONE)


def test_a_macro_of_the_file_registers_too(page):
    source = "#define T(name) \\\n    cmocka_unit_test_setup(name, up)\n" + C_TEST.format(
        before=f"/* {ONE} */", inside="", registered="T(test_a)")
    assert "`src/cse/x_test.c::test_a`" in row(page({"src/cse/x_test.c": source}), ONE)


def test_c_functions_that_are_not_registered_do_not_count(page):
    source = C_TEST.format(before=f"/* {ONE} */", inside="", registered="")
    assert "open" in row(page({"src/cse/x_test.c": source}), ONE)


def test_code_that_is_no_test_does_not_count(page):
    files = {"src/cse/x.c": f"/* Purpose: {ONE} */\nint x;\n", "docs/x.md": ONE + "\n"}
    assert "open" in row(page(files), ONE)


def test_cases_carry_ids(page):
    case = f'[{{"name": "n", "spec": "{ONE}", "expect": {{}}}}, {{"note": "{TWO}"}}]'
    text = page({"tests/cases/acp/a.json": case})
    assert "`tests/cases/acp/a.json: n`" in row(text, ONE)
    assert "open" in row(text, TWO)


def test_an_unknown_id_is_an_error(page):
    with pytest.raises(ValueError, match="is no requirement"):
        page({"tests/api/test_x.py": "def test_a():\n    '''SEC-" + "AAA-09'''\n"})


def test_clauses(page):
    text = page({
        "src/cse/a.c": "/* Purpose.\n * spec: TS-0004 7.3.2.1,\n * 7.3.10 and 7.4.x.2; TS-0001 J.2:"
                       " why */\n/* TS-0004 9.9 without the word */\n",
        "src/cse/a_test.c": C_TEST.format(before="/* TS-0004 7.3.2.1 */", inside="",
                                          registered="cmocka_unit_test(test_a)"),
        "tests/api/test_x.py": "def test_b():\n    '''TS-0004 8.1'''\n"})
    part = text[text.index("## Clauses"):]
    assert "5 clauses are cited; 1 of them by code and by a test" in part
    assert row(part, "7.3.2.1") == ("| 7.3.2.1 | built, tested | `src/cse/a.c` "
                                    "| `src/cse/a_test.c::test_a` |")
    assert row(part, "J.2") == "| J.2 | built | `src/cse/a.c` |  |"
    assert row(part, "8.1") == "| 8.1 | tested |  | `tests/api/test_x.py::test_b` |"
    assert "9.9" not in part
    assert part.index("7.3.2.1") < part.index("7.3.10") < part.index("7.4.x.2")


def test_types(page):
    text = page({})
    assert "1 of 2 are built" in text
    assert row(text, "3") == ("| 3 | container (`cnt`) | TS-0001 9.6.6 | implemented |  |  "
                              "| implemented |  |")
    assert "| refused |" in row(text, "17")


def test_a_type_that_is_not_there_cannot_be_built(page):
    with pytest.raises(ValueError, match="no such types: nix"):
        page({"spec/support.json": '{"built": {"types": ["nix"]}}'})


def test_what_is_built_is_what_the_code_lists(page):
    assert page({"src/cse/types/types.def": "/* T. */\nMLN_T(MLN_TY_CNT, cnt)\n"})
    with pytest.raises(ValueError, match="disagree about CNT REQ$"):
        page({"src/cse/types/types.def": "/* T. */\nMLN_T(MLN_TY_REQ, req)\n"})


def test_check_says_when_the_page_is_stale(page, tmp_path, capsys):
    page({})
    (tmp_path / "docs").mkdir()
    arguments = ["--root", str(tmp_path)]
    assert gen_conformance.main([*arguments, "--check"]) == 1
    assert gen_conformance.main(arguments) == 0
    assert gen_conformance.main([*arguments, "--check"]) == 0
    (tmp_path / "spec" / "requirements.tsv").write_text(REQUIREMENTS.replace("three", "3"))
    assert gen_conformance.main([*arguments, "--check"]) == 1
    assert "stale" in capsys.readouterr().err


def threats_of(page, *rows, tests=""):
    text = "\n".join(["threat\tanswer\trequirements\tevidence", *("\t".join(r) for r in rows)])
    page({"spec/threats.tsv": text, "tests/api/test_x.py": tests})
    return page.threats.splitlines()


def test_threats_name_their_tests(page):
    lines = threats_of(page, ("keys are read", "they are sealed", f"{ONE} {THREE}", ""),
                       ("bad input", "it is checked", TWO, ""), ("nothing yet", "later", THREE, ""),
                       ("scripts", "no portal", "", ""), ("overflow", "tests", "", "tests/api/test_x.py"),
                       tests=f'def test_a():\n    """{ONE} {TWO}"""\n')
    states = [line.split(" | ")[2:] for line in lines if line.startswith("| ") and "(#threat-" in line]
    assert states == [["in part", "1 of 2 |"], ["answered", "1 of 1 |"], ["open", "0 of 1 |"], ["open", "0 of 0 |"],
                      ["answered", "0 of 0 |"]]
    assert f"| {ONE} | `tests/api/test_x.py::test_a` |" in lines and f"| {THREE} | open |" in lines
    assert "Shown by `tests/api/test_x.py`." in lines


def test_threats_by_families_of_requirements(page):
    lines = threats_of(page, ("all", "-", ONE[:-2] + "*", ""))
    assert [line for line in lines if line.startswith("| SEC")] == [f"| {ONE} | open |", f"| {TWO} | open |"]


@pytest.mark.parametrize("row, why", [(("a", "b", TWO + "9", ""), "is no requirement"),
                                      (("a", "b", "", "src/none.c"), "there is no src/none.c")])
def test_threats_name_what_is_there(page, row, why):
    with pytest.raises(ValueError, match=why):
        threats_of(page, row)


def test_a_stale_page_of_threats(page, tmp_path):
    threats_of(page, ("a", "b", ONE, ""))
    arguments = ["--root", str(tmp_path)]
    assert gen_conformance.main(arguments) == 0
    assert gen_conformance.main([*arguments, "--check"]) == 0
    (tmp_path / "docs" / "threats.md").write_text("older")
    assert gen_conformance.main([*arguments, "--check"]) == 1


DOCUMENT = """\
# 1 First thing
## 1.7 Checklist
| Id | Testable requirement |
|---|---|
| SEC-AAA-01 | one   with `a|b` and a\\|c  |
# 2. Second
| {two} | needs SEC-AAA-01 |
| other | SEC-AAA-03 |
"""


def test_import_of_requirements():
    rows = list(import_requirements.requirements(DOCUMENT.format(two=THREE)))
    assert rows == [("SEC-AAA-01", "1.7", "First thing", "one with `a|b` and a|c"),
                    (THREE, "2", "Second", "needs SEC-AAA-01")]


def test_import_refuses_an_id_that_stands_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(import_requirements, "TARGET", tmp_path / "out.tsv")
    source = tmp_path / "in.md"
    source.write_text(DOCUMENT.format(two="SEC-AAA-01"))
    assert import_requirements.main([str(source)]) == 1
    assert "twice: SEC-AAA-01" in capsys.readouterr().err
    source.write_text(DOCUMENT.format(two=THREE))
    assert import_requirements.main([str(source)]) == 0
    assert len((tmp_path / "out.tsv").read_text().splitlines()) == 3
