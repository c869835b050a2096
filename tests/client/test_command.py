"""The client commands against the real server: each command, each option, each exit code."""

import json
import re

import pytest
from fake_cse import unused_port

OK, FAILED, USAGE, NO_ANSWER, REFUSED, RECEIVER, NOT_FOUND, DENIED, CONFLICT = range(9)


def content(done):
    """The one member of a printed representation."""
    (value,) = json.loads(done.stdout).values()
    return value


# ---- create ----


def test_create_takes_short_and_long_names(merlon, ae, admin):
    made = content(merlon("create", ae, "container", "rn=c1", "maxNrOfInstances=10", code=OK))
    assert made["rn"] == "c1" and made["mni"] == 10
    made = content(merlon("create", ae, "cnt", "resourceName=c2", "mni=10", "lbl=a,b", code=OK))
    assert made["rn"] == "c2" and made["mni"] == 10 and made["lbl"] == ["a", "b"]
    made = content(merlon("create", ae, "3", "rn=c3", code=OK))
    assert admin.retrieve(f"{ae}/c3").res["ri"] == made["ri"]


def test_create_registers_an_ae_as_in_the_readme(merlon, admin):
    made = content(merlon("create", "-o", "Cfirst", "cse-in", "ae", "api=Nexample", "rr=true",
                          'srv=["3"]', "rn=first", code=OK))
    assert made["aei"] == "Cfirst" and made["srv"] == ["3"] and made["rr"] is True
    admin.delete("cse-in/first")


def test_create_sends_text_that_looks_like_something_else(merlon, ae):
    merlon("create", ae, "cnt", "rn=c1", code=OK)
    for text in ["21.5", "true", "{}", "[1]", "a=b", "", " x ", "\u00e9\u4e2d", "-"]:
        made = content(merlon("create", f"{ae}/c1", "cin", f"con={text}", code=OK))
        assert made["con"] == text
    made = content(merlon("create", f"{ae}/c1", "cin", 'con:={"t": 21.5, "n": [1]}', code=OK))
    assert made["con"] == {"t": 21.5, "n": [1]}


def test_create_reads_content_from_a_file_and_from_standard_input(merlon, ae, tmp_path):
    file = tmp_path / "c.json"
    file.write_text('{"m2m:cnt": {"rn": "c1", "maxNrOfInstances": 3}}', encoding="utf-8")
    assert content(merlon("create", ae, "--json", file, code=OK))["mni"] == 3
    made = content(merlon("create", ae, "cnt", "--json", "-", "rn=c2", "mbs=7", code=OK,
                          stdin='{"mni": 4, "rn": "other"}'))
    assert (made["rn"], made["mni"], made["mbs"]) == ("c2", 4, 7)


@pytest.mark.parametrize("stdin, words, why", [
    ('{"mni": 4}', [], "content has no root"),
    ('{"m2m:ae": {}}', ["cnt"], "content is m2m:ae, must be m2m:cnt"),
    ("nonsense", ["cnt"], "value expected"),
    ("[]", ["cnt"], "must be a JSON object"),
    ("", ["cnt"], ""),
])
def test_create_refuses_bad_files(merlon, ae, stdin, words, why):
    done = merlon("create", ae, *words, "--json", "-", stdin=stdin, code=USAGE)
    assert why in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [["rn=a", "rn=b"], ["mni=1", "mni:=2"]])
def test_one_attribute_with_two_values_is_a_mistake(merlon, ae, words):
    done = merlon("create", ae, "cnt", *words, code=USAGE)
    assert f"'{words[0]}' and '{words[1]}' give one attribute two values" in done.stderr


def test_a_file_that_cannot_be_read_is_told(merlon, ae, tmp_path):
    assert "No such file" in merlon("create", ae, "cnt", "-j", tmp_path / "no", code=FAILED).stderr
    assert "directory" in merlon("create", ae, "cnt", "-j", tmp_path, code=FAILED).stderr


def test_an_originator_that_cannot_be_sent_is_named(merlon):
    done = merlon("retrieve", "-o", "a b", "cse-in", code=USAGE)
    assert done.stderr == ("merlon: originator: must be printable ASCII without blanks, at most "
                           "1024, not 'a b'\n")


def test_typos_in_names_are_met_with_the_nearest(merlon, ae):
    done = merlon("create", ae, "cnt", "maxNrOfInstance=1", code=USAGE)
    assert "container has no attribute 'maxNrOfInstance'; nearest: mni (maxNrOfInstances)" \
        in done.stderr
    assert "did you mean container?" in merlon("create", ae, "contaner", code=USAGE).stderr
    done = merlon("crete", ae, "cnt", code=USAGE)
    assert done.stderr == "merlon: no command 'crete', did you mean 'create'?\n"
    done = merlon("create", ae, "cnt", "--orginator", "x", code=USAGE)
    assert "unknown option --orginator, did you mean --originator?" in done.stderr
    done = merlon("retrieve", ae, "--param", "resultContnet=1", code=USAGE)
    assert "no request parameter 'resultContnet', did you mean resultContent?" in done.stderr


def test_values_of_the_wrong_type_are_not_sent(merlon, ae):
    for operand, why in [("mni=ten", "mni: must be an integer of at least 0, not 'ten'"),
                         ("mni=-1", "mni"), ("et=tomorrow", "et: must be"),
                         ("lbl=[1]", "lbl[0]"), ("mni:={", "mni: no JSON")]:
        done = merlon("create", ae, "cnt", operand, code=USAGE)
        assert why in done.stderr and done.stdout == ""
    assert "must be an object" in merlon("create", ae, "sub", "nu=http://a/", "enc=1",
                                         code=USAGE).stderr


@pytest.mark.parametrize("words, why", [
    ([], "where to create it"),
    (["cse-in"], "resource type is missing"),
    (["cse-in", "rn=x"], "resource type is missing"),
    (["cse-in", "cnt", "rn"], "'rn' is not of the form NAME=VALUE"),
    (["cse-in", "cnt", "=x"], "'=x' is not of the form NAME=VALUE"),
    (["cse-in", "cnt", "--json"], "option --json needs a value"),
    (["cse-in", "cnt", "--verbose=1"], "takes no value"),
    (["cse-in", "cnt", "-o", "a", "-o", "b"], "option --originator given twice"),
])
def test_wrong_use_is_told_with_a_way_to_help(merlon, words, why):
    done = merlon("create", *words, code=USAGE)
    assert why in done.stderr and "merlon create --help" in done.stderr


# ---- retrieve, update, delete ----


def test_retrieve_shows_resources_in_three_formats(merlon, ae):
    merlon("create", ae, "cnt", "rn=c1", "mni=5", code=OK)
    line = merlon("retrieve", f"{ae}/c1", "-f", "json", code=OK).stdout
    pretty = merlon("retrieve", f"{ae}/c1", "--format=pretty", code=OK).stdout
    raw = merlon("retrieve", f"{ae}/c1", "--format", "raw", code=OK).stdout
    assert line.count("\n") == 1 and pretty.startswith('{\n  "m2m:cnt": {\n    "')
    assert json.loads(line) == json.loads(pretty) == json.loads(raw)
    assert merlon("retrieve", f"{ae}/c1", code=OK).stdout == line  # no terminal


def test_retrieve_takes_every_way_to_name_the_target(merlon, cse, ae):
    merlon("create", ae, "cnt", "rn=c1", code=OK)
    ri = content(merlon("retrieve", f"{ae}/c1", code=OK))["ri"]
    for words in [[ri], ["--to", f"{ae}/c1"], [f"/id-in/{ae}/c1"], [f"/id-in/{ri}"],
                  [f"//merlon.example/id-in/{ae}/c1"], [f"-/{ae.split('/')[1]}/c1"],
                  [f"{cse.url}/{ae}/c1"], [f"{cse.url}/~/id-in/{ae}/c1"],
                  [f"{cse.url}/_/merlon.example/id-in/{ae}/c1"]]:
        assert content(merlon("retrieve", *words, code=OK))["ri"] == ri, words
    assert list(content(merlon("retrieve", f"{ae}/c1#rn", code=OK))) == ["rn"]


def test_retrieve_passes_parameters_and_criteria_on(merlon, ae):
    for name in "c1", "c2":
        merlon("create", ae, "cnt", f"rn={name}", code=OK)
    done = merlon("retrieve", ae, "--attributes", "appName,resourceName", code=OK)
    assert list(content(done)) == ["rn"]
    children = content(merlon("retrieve", ae, "--rcn", 8, "--filter", "limit=1", code=OK))
    assert [c["rn"] for c in children["m2m:cnt"]] == ["c1"]
    children = content(merlon("retrieve", ae, "-p", "resultContent=8", code=OK))
    assert [c["rn"] for c in children["m2m:cnt"]] == ["c1", "c2"]
    done = merlon("retrieve", ae, "--rcn", "8", "--filter", "limit=1", code=OK)
    assert "only a part" in done.stderr


def test_update_learns_the_type_of_its_target(merlon, ae):
    merlon("create", ae, "cnt", "rn=c1", "mni=5", "lbl=a", code=OK)
    done = content(merlon("update", f"{ae}/c1", "maxNrOfInstances=6", "labels=null", code=OK))
    assert done["mni"] == 6 and "lbl" not in done
    done = content(merlon("update", f"{ae}/c1", "--type", "cnt", "mni=7", code=OK))
    assert done["mni"] == 7
    done = content(merlon("update", f"{ae}/c1", "--json", "-", stdin='{"m2m:cnt":{"mni":8}}',
                          code=OK))
    assert done["mni"] == 8
    done = merlon("update", ae, "mni=8", code=USAGE)
    assert "AE has no attribute 'mni'" in done.stderr
    merlon("update", f"{ae}/nothing", "mni=8", code=NOT_FOUND)
    assert "what to change" in merlon("update", ae, code=USAGE).stderr
    assert "target is missing" in merlon("update", code=USAGE).stderr


def test_delete_deletes(merlon, ae):
    merlon("create", ae, "cnt", "rn=c1", code=OK)
    assert merlon("delete", f"{ae}/c1", code=OK).stdout == ""
    merlon("retrieve", f"{ae}/c1", code=NOT_FOUND)
    assert "target is missing" in merlon("delete", code=USAGE).stderr
    assert "one operand too many" in merlon("delete", "a", "b", code=USAGE).stderr


# ---- notify ----


def test_notify_sends_members_and_json(alone, fake):
    from fake_cse import answer

    alone.set(MERLON_URL=fake.url)
    fake.answers = [answer(2000)]
    alone("notify", "cse-in/ae1", "sur=cse-in/s", "notificationEvent={\"net\":3}", code=OK)
    alone("notify", "cse-in/ae1", "-j", "-", "vrq=true", stdin='{"m2m:sgn":{"sur":"x"}}', code=OK)
    first, second = fake.requests
    assert first.method == "POST" and first.path == "/cse-in/ae1"
    assert first.headers["Content-Type"] == "application/json"
    assert first.pc == {"m2m:sgn": {"sur": "cse-in/s", "nev": {"net": 3}}}
    assert second.pc == {"m2m:sgn": {"sur": "x", "vrq": True}}
    assert "nearest: sur" in alone("notify", "x", "surr=1", code=USAGE).stderr
    assert "content is missing" in alone("notify", "x", code=USAGE).stderr
    assert "target is missing" in alone("notify", code=USAGE).stderr


# ---- discover ----


@pytest.fixture
def wood(merlon, ae):
    """Some resources to find, below the AE."""
    for words in [("cnt", "rn=c1", "lbl=red,big", "mni=5"), ("cnt", "rn=c2", "lbl=blue"),
                  ("grp", "rn=g1", "mnm=5", f"mid={ae}/c1", "lbl=red")]:
        merlon("create", ae, *words, code=OK)
    for text in "one", "three":
        merlon("create", f"{ae}/c1", "cin", f"rn={text}", f"con={text}", code=OK)
    return ae


def found(merlon, wood, *words):
    lines = merlon("discover", wood, *words, code=OK).stdout.splitlines()
    assert all(line.startswith(wood + "/") for line in lines)
    return [line[len(wood) + 1:] for line in lines]


def test_discover_prints_one_address_a_line(merlon, wood):
    assert found(merlon, wood) == ["c1", "c1/one", "c1/three", "c2", "g1"]


@pytest.mark.parametrize("words, want", [
    (["--type", "container"], ["c1", "c2"]),
    (["--type", "cnt", "--type", "9"], ["c1", "c2", "g1"]),
    (["--type", "cnt,grp"], ["c1", "c2", "g1"]),
    (["--label", "red"], ["c1", "g1"]),
    (["-l", "red", "--type", "cnt"], ["c1"]),
    (["-l", "blue", "--type", "grp", "--or"], ["c2", "g1"]),
    (["--attr", "maxNrOfInstances=5"], ["c1"]),
    (["--attr", "rn=c*"], ["c1", "c2"]),
    (["--level", "1"], ["c1", "c2", "g1"]),
    (["--limit", "2"], ["c1", "c1/one"]),
    (["--offset", "4"], ["c2", "g1"]),
    (["--size-above", "4"], ["c1/three"]),
    (["--size-below", "4"], ["c1/one"]),
    (["--created-after", "2020-01-01"], ["c1", "c1/one", "c1/three", "c2", "g1"]),
    (["--created-before", "2020-01-01T00:00:00Z"], []),
    (["--modified-before", "20200101T000000"], []),
    (["--expires-after", "2020-01-01", "--type", "grp"], ["g1"]),
    (["--filter", "labels=blue"], ["c2"]),
])
def test_discover_takes_friendly_options(merlon, wood, words, want):
    assert found(merlon, wood, *words) == want


def test_discover_has_other_forms(merlon, wood):
    assert found(merlon, wood, "--long", "--type", "grp") == ["g1\tgrp"]
    assert json.loads(merlon("discover", wood, "--json", "--type", "cnt", code=OK).stdout) == \
        [f"{wood}/c1", f"{wood}/c2"]
    assert json.loads(merlon("discover", wood, "--json", "-l", "no", code=OK).stdout) == []
    (ri,) = merlon("discover", wood, "--type", "grp", "--unstructured", code=OK).stdout.split()
    assert content(merlon("retrieve", ri, code=OK))["rn"] == "g1"
    assert f"{wood}/g1" in merlon("discover", "-o", "CAdmin", "--type", "grp", code=OK).stdout


@pytest.mark.parametrize("words, why", [
    (["--type", "nonsense"], "ty"),
    (["--created-after", "noon"], "cra: must be"),
    (["--limit", "many"], "lim"),
    (["--attr", "zzzz=1"], "no resource type has an attribute 'zzzz'"),
    (["--attr", "mni"], "not of the form NAME=VALUE"),
    (["--filter", "labls=x"], "did you mean labels?"),
    (["a", "b"], "too many"),
])
def test_discover_refuses_what_makes_no_sense(merlon, words, why):
    assert why in merlon("discover", *words, code=USAGE).stderr


# ---- tree ----


def test_tree_draws_what_is_below(merlon, wood):
    name = wood.split("/")[1]
    lines = merlon("tree", wood, code=OK).stdout.splitlines()
    assert lines == [f"{name} (AE)", "├── c1 (container)", "│   ├── one (contentInstance)",
                     "│   └── three (contentInstance)", "├── c2 (container)", "└── g1 (group)"]


def test_tree_has_options(merlon, wood):
    name = wood.split("/")[1]
    lines = merlon("tree", wood, "--ascii", "--level", 1, code=OK).stdout.splitlines()
    assert lines == [f"{name} (AE)", "|-- c1 (container)", "|-- c2 (container)", "`-- g1 (group)"]
    lines = merlon("tree", wood, "-a", "labels,mni", "--level=1", code=OK).stdout.splitlines()
    assert lines[1].startswith("├── c1 (container) ")
    assert " mni=5" in lines[1] and ' lbl=["red","big"]' in lines[1] and "cni" not in lines[1]
    done = merlon("tree", wood, "-a", "labels,mni,colour,,maxNrOfInstances", "--level=1", code=OK)
    assert done.stdout.splitlines() == lines
    assert done.stderr == "merlon: no resource has an attribute 'colour'\n"
    lines = merlon("tree", wood, "--children", 1, code=OK).stdout.splitlines()
    assert lines == [f"{name} (AE)", "├── c1 (container)", "│   ├── one (contentInstance)",
                     "│   └── (1 more)", "└── (2 more)"]
    merlon.set(LC_ALL="C")
    assert "|-- c1" in merlon("tree", wood, code=OK).stdout
    assert "level: 'x' is no number" in merlon("tree", "--level", "x", code=USAGE).stderr
    assert "too many" in merlon("tree", "a", "b", code=USAGE).stderr


def test_tree_draws_the_whole_cse_by_default(merlon, wood):
    lines = merlon("tree", "-o", "CAdmin", code=OK).stdout.splitlines()
    assert lines[0] == "cse-in (CSEBase)"
    assert any(line.endswith(f"{wood.split('/')[1]} (AE)") for line in lines)


def test_tree_tells_why_it_cannot(merlon, ae):
    assert "4004 NOT_FOUND" in merlon("tree", f"{ae}/nothing", code=NOT_FOUND).stderr


# ---- exit codes and messages ----


def test_each_class_of_error_has_its_exit_code(merlon, ae, admin):
    done = merlon("retrieve", f"{ae}/nothing", code=NOT_FOUND)
    assert re.fullmatch(r"merlon: 4004 NOT_FOUND: \S.*\n", done.stderr) and done.stdout == ""
    admin.create(ae, "cnt", rn="c1")
    done = merlon("retrieve", "-o", "Cstranger", f"{ae}/c1", code=DENIED)
    assert re.match(r"merlon: 410[36] ORIGINATOR_", done.stderr)
    admin.register("Cneighbour", name="neighbour")
    done = merlon("retrieve", "-o", "Cneighbour", f"{ae}/c1", code=DENIED)
    admin.delete("cse-in/neighbour")
    assert done.stderr.startswith("merlon: 4103 ORIGINATOR_HAS_NO_PRIVILEGE: ")
    done = merlon("create", ae, "cnt", "rn=c1", code=CONFLICT)
    assert done.stderr.startswith("merlon: 4105 CONFLICT: ")
    done = merlon("create", ae, "ae", "api=Nx", "rr=false", "srv=3", code=REFUSED)
    assert done.stderr.startswith("merlon: 4108 INVALID_CHILD_RESOURCE_TYPE: ")
    done = merlon("create", ae, "ontr", code=RECEIVER)
    assert done.stderr.startswith("merlon: 5001 NOT_IMPLEMENTED: ")
    done = merlon("retrieve", ae, "--url", f"http://127.0.0.1:{unused_port()}", code=NO_ANSWER)
    assert done.stderr.startswith("merlon: http://127.0.0.1:")
    merlon("retrieve", code=USAGE)


def test_a_missing_originator_is_hinted_at(merlon, ae):
    merlon.set(MERLON_ORIGINATOR=None)
    done = merlon("retrieve", ae)
    assert done.returncode in (REFUSED, DENIED)
    assert "no originator is set: see --originator and MERLON_ORIGINATOR" in done.stderr


def test_verbose_shows_the_exchange_on_standard_error(merlon, ae, cse):
    done = merlon("retrieve", ae, "-v", code=OK)
    assert f"> GET {cse.url}/{ae}\n" in done.stderr
    assert "> X-M2M-Origin: " in done.stderr and "< X-M2M-RSC: 2000\n" in done.stderr
    assert json.loads(done.stdout)


# ---- settings ----


def test_options_count_more_than_environment_more_than_file(alone, fake):
    from fake_cse import answer

    fake.answers = [answer(2000)]
    dead = f"http://127.0.0.1:{unused_port()}"
    alone.configure(f"# mine\n\nurl = {fake.url}\noriginator=Cfile\nrvi = 2a \ntimeout = 5\n")
    alone("delete", "x", code=OK)
    assert fake.requests[-1].headers["X-M2M-Origin"] == "Cfile"
    assert fake.requests[-1].headers["X-M2M-RVI"] == "2a"
    alone.set(MERLON_ORIGINATOR="Cenvironment")
    alone("delete", "x", code=OK)
    assert fake.requests[-1].headers["X-M2M-Origin"] == "Cenvironment"
    alone("delete", "x", "-o", "Coption", "--rvi", "4", code=OK)
    assert fake.requests[-1].headers["X-M2M-Origin"] == "Coption"
    assert fake.requests[-1].headers["X-M2M-RVI"] == "4"
    alone.set(MERLON_URL=dead)
    alone("delete", "x", code=NO_ANSWER)
    alone("delete", "x", "--url", fake.url, code=OK)


def test_the_place_of_the_file_follows_xdg(alone, fake, tmp_path):
    from fake_cse import answer

    fake.answers = [answer(2000)]
    alone.configure("nonsense")
    alone.configure(f"url = {fake.url}\n", "elsewhere/merlon/client.conf")
    alone("delete", "x", code=USAGE)
    alone.set(XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    alone("delete", "x", code=OK)
    alone.set(XDG_CONFIG_HOME=str(tmp_path / "nowhere"), MERLON_URL=fake.url)
    alone("delete", "x", code=OK)
    alone.set(XDG_CONFIG_HOME=None, HOME=None)
    alone("delete", "x", code=OK)


@pytest.mark.parametrize("text, why", [
    ("url = a\noriginatr = b\n", ":2: unknown key 'originatr', did you mean originator?"),
    ("zzzzzzzzz = b\n", ":1: unknown key 'zzzzzzzzz'"),
    ("\n\nurl\n", ":3: no 'key = value'"),
    ("url = http://a\nurl = http://b\n", ":2: url is set twice"),
    ("format = xml\n", ":1: format: 'xml' is none of json, pretty, raw"),
    ("timeout = 0\n", ":1: timeout: '0' is no number of seconds from 1 to 86400"),
    ("url = nonsense\n", "'nonsense' is no URL of a CSE"),
])
def test_mistakes_in_the_file_are_told_with_their_line(alone, text, why):
    file = alone.configure(text)
    done = alone("delete", "x", code=USAGE)
    assert why in done.stderr
    assert not why.startswith(":") or f"merlon: {file}{why}" in done.stderr


def test_a_file_that_is_too_large_or_unreadable_is_an_error(alone, tmp_path):
    alone.configure("# " + "x" * 200000)
    assert "too large" in alone("delete", "x", code=USAGE).stderr
    (tmp_path / ".config/merlon/client.conf").unlink()
    (tmp_path / ".config/merlon/client.conf").mkdir()
    assert "directory" in alone("delete", "x", code=USAGE).stderr


@pytest.mark.parametrize("words, why", [
    (["--timeout", "soon"], "timeout: 'soon'"),
    (["--format", "xml"], "format: 'xml'"),
    (["--url", "ftp://x"], "is no URL of a CSE"),
    (["--rcn", "many"], "rcn"),
    (["--param", "x"], "not of the form NAME=VALUE"),
    (["--originator", "a b"], "printable ASCII"),
    (["--param", "x=1"] * 70, "more than 64 parameters"),
])
def test_bad_settings_are_refused(alone, words, why):
    done = alone("delete", "x", *words, code=USAGE)
    assert why in done.stderr


# ---- help ----


COMMANDS = ["create", "retrieve", "update", "delete", "notify", "discover", "tree", "watch", "cse",
            "store", "help"]


def test_help_lists_commands_and_topics(alone):
    text = alone("--help", code=OK).stdout
    assert alone("-h", code=OK).stdout == alone("help", code=OK).stdout == text
    for name in COMMANDS + ["exit-codes", "attributes", "settings"]:
        assert re.search(rf"^  {name} +\S", text, re.M)
    assert "__docs" not in text
    done = alone(code=USAGE)
    assert done.stdout == "" and done.stderr == text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_within_80_columns(alone, name):
    text = alone(name, "--help", code=OK).stdout
    assert alone("help", name, code=OK).stdout == text
    assert text.startswith(f"Usage: merlon {name}")
    prose = text.split("\nExamples:\n")[0]
    assert all(len(line) <= 80 for line in prose.splitlines() if not line.startswith("       "))
    assert max(len(line) for line in prose.splitlines()) <= 90


def test_topics_tell(alone):
    text = alone("help", "exit-codes", code=OK).stdout
    for code in range(9):
        assert f"  - {code}: " in text
    assert "client.conf" in alone("help", "settings", code=OK).stdout
    assert "NAME:=JSON" in alone("help", "attributes", code=OK).stdout
    assert "no command 'nonsense'" in alone("help", "nonsense", code=USAGE).stderr


def test_version(alone):
    assert re.fullmatch(r"merlon \d+\.\d+\.\d+\n", alone("--version", code=OK).stdout)


def test_examples_of_the_help_work(merlon, admin):
    """What the help of create, update, retrieve and delete shows is what it does."""
    for command in ("create", "retrieve", "update"):
        lines = merlon(command, "--help", code=OK).stdout.split("Examples:\n")[1].splitlines()
        for line in lines:
            words = line.split()
            if words[0] == "merlon":
                merlon.set(MERLON_ORIGINATOR="Cthermo")
                merlon(*words[1:], code=OK)
    admin.delete("cse-in/thermo")
