"""The command against CSEs that behave otherwise than ours, or badly."""

import json
import subprocess

import pytest
from lib.program import binary
from fake_cse import answer

OK, FAILED, USAGE, NO_ANSWER, REFUSED, RECEIVER, NOT_FOUND, DENIED, CONFLICT = range(9)


@pytest.fixture
def other(alone, fake):
    """The command, speaking to the stand-in."""
    alone.set(MERLON_URL=fake.url, MERLON_ORIGINATOR="Cme")
    return alone


# ---- exit codes for every class ----


@pytest.mark.parametrize("rsc, code", [
    (1000, OK), (2000, OK), (2002, OK), (4000, REFUSED), (4001, REFUSED), (4005, REFUSED),
    (4004, NOT_FOUND), (4101, DENIED), (4103, DENIED), (4106, DENIED), (4107, DENIED),
    (4126, DENIED), (5105, DENIED), (5205, DENIED), (4105, CONFLICT), (4117, CONFLICT),
    (5000, RECEIVER), (5103, RECEIVER), (6010, RECEIVER), (4999, REFUSED),
])
def test_exit_codes(other, fake, rsc, code):
    fake.answers = [answer(rsc, {"m2m:dbg": "said so"} if rsc >= 4000 else None)]
    done = other("delete", "x", code=code)
    if code != OK:
        assert done.stderr.startswith(f"merlon: {rsc} ") and done.stderr.endswith(": said so\n")


def test_a_refusal_without_a_reason_says_so(other, fake):
    fake.answers = [answer(4005)]
    assert "OPERATION_NOT_ALLOWED: the CSE gives no reason" in other("delete", "x").stderr


def test_control_characters_of_a_cse_do_not_reach_the_terminal(other, fake):
    fake.answers = [answer(4000, {"m2m:dbg": "a\x1b[31mred\nline\x07"})]
    done = other("delete", "x", code=REFUSED)
    assert done.stderr == "merlon: 4000 BAD_REQUEST: a?[31mred line?\n"
    fake.answers = [answer(2000, {"m2m:cin": {"con": "\x1b[31m\x07"}})]
    assert "\x1b" not in other("retrieve", "x", code=OK).stdout
    fake.answers = [answer(2000, {"m2m:uril": ["a\x1b[31m/b\n"]})]
    assert other("discover", "x", code=OK).stdout == "a?[31m/b?\n"


def test_eight_bit_control_characters_do_not_reach_the_terminal_either(other, fake):
    """U+009B begins a control sequence as ESC [ does; U+2028 ends a line."""
    wild, text = "\x1b[1m\x7f\x9b2J\u2028\u00a0\u00e9", json.dumps
    fake.answers = [answer(4000, {"m2m:dbg": wild})]
    assert other("delete", "x", code=REFUSED).stderr.endswith(": ?[1m??2J?\u00a0\u00e9\n")
    fake.answers = [answer(2000, text({"m2m:cnt": {"rn": wild}}, ensure_ascii=False).encode())]
    for form in ("json", "pretty"):
        shown = other("retrieve", "x", "--format", form, code=OK).stdout
        assert "\\u001b[1m\\u007f\\u009b2J\\u2028\u00a0\u00e9" in shown
        assert json.loads(shown)["m2m:cnt"]["rn"] == wild
    assert other("tree", "x", code=OK).stdout.startswith("?[1m??2J?\u00a0\u00e9 (container)")
    trace = other("retrieve", "x", "--verbose", code=OK).stderr
    assert "\x9b" not in trace and "\x7f" not in trace
    fake.answers = [answer(2000, text({"m2m:uril": [wild + '"\\\n']}, ensure_ascii=False).encode())]
    assert json.loads(other("discover", "x", "--json", code=OK).stdout) == [wild + '"\\\n']
    assert "\x9b" not in other("discover", "x", "--json", code=OK).stdout


# ---- answers that are none ----


@pytest.mark.parametrize("raw, code, why", [
    (b"", NO_ANSWER, ""),
    (b"garbage\r\n\r\n", FAILED, ""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", FAILED, "no oneM2M CSE"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", FAILED, "HTTP status 404 without"),
    (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", FAILED, "status 302"),
    (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: many\r\nContent-Length: 0\r\n\r\n", FAILED, "no number"),
    (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"
     b"Content-Length: 3\r\n\r\n{]}", FAILED, "no JSON"),
    (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nContent-Type: application/json\r\n"
     b"Content-Length: 6\r\n\r\n\"\xff\xfe\xfd\xfc\"", FAILED, "no JSON"),
    (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nContent-Length: 50\r\n\r\nhalf", FAILED, ""),
    (b"HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None, ""),
    (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 100000 + b"\r\n\r\n", FAILED, ""),
    (b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 5000 + b"\r\n", FAILED, ""),
])
def test_garbage_is_told_apart(other, fake, raw, code, why):
    fake.answers = [raw]
    done = other("retrieve", "x", code=code)
    assert done.returncode in (FAILED, NO_ANSWER)  # None: versions of libcurl differ
    assert done.stdout == "" and done.stderr.startswith("merlon: ") and why in done.stderr
    assert done.stderr.count("\n") == 1


def test_deep_and_endless_content_is_refused(other, fake):
    fake.answers = [answer(2000, b"[" * 100000)]
    assert "no JSON" in other("retrieve", "x", code=FAILED).stderr
    fake.answers = [answer(2000, b"[" * 100 + b"]" * 100)]
    other("retrieve", "x", code=OK)


def test_a_slow_cse_runs_into_the_time_out(other, fake):
    fake.answers = [None]
    done = other("retrieve", "x", "--timeout", 1, code=NO_ANSWER)
    assert fake.url in done.stderr


def test_other_serialisations_can_be_seen_raw(other, fake):
    fake.answers = [answer(2000, b"<m2m:cin/>", Content_Type="application/xml")]
    assert "use --format raw" in other("retrieve", "x", code=FAILED).stderr
    assert other("retrieve", "x", "-f", "raw", code=OK).stdout == "<m2m:cin/>"


def test_a_list_in_another_serialisation_is_not_an_empty_list(other, fake):
    fake.answers = [answer(2000, b"<m2m:uril>a b</m2m:uril>", Content_Type="application/xml")]
    for command in ("discover", "tree"):
        done = other(command, "x", code=FAILED)
        assert done.stdout == "" and "the list that the CSE gives is not JSON" in done.stderr
    fake.answers = [answer(2000)]
    assert other("discover", "x", code=OK).stdout == ""


def test_big_numbers_and_texts_come_through(other, fake):
    body = b'{"m2m:cin":{"a":18446744073709551615,"b":1.10,"c":"\\u0000\\ud83d\\ude00"}}'
    fake.answers = [answer(2000, body)]
    line = other("retrieve", "x", code=OK).stdout
    assert '"a":18446744073709551615,"b":1.10' in line
    assert json.loads(line)["m2m:cin"]["c"] == "\0\U0001f600"


def test_output_that_nobody_reads_ends_quietly(other, fake):
    fake.answers = [answer(2000, {"m2m:uril": [f"cse-in/a{i}" for i in range(20000)]})]
    with subprocess.Popen([binary(), "discover", "x"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=other.environment) as process:
        assert process.stdout.readline() == b"cse-in/a0\n"
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(30) == FAILED and errors == b""


def test_a_full_disk_is_told(other, fake):
    fake.answers = [answer(2000, {"m2m:cin": {}})]
    with open("/dev/full", "wb") as full:
        done = subprocess.run([binary(), "retrieve", "x"], stdout=full, stderr=subprocess.PIPE,
                              env=other.environment, check=False, timeout=60)
    assert done.returncode == FAILED and b"No space left" in done.stderr


# ---- forms of lists ----


@pytest.mark.parametrize("pc", [
    {"m2m:uril": ["cse/a", "cse/a/b"]},
    {"m2m:uril": "cse/a cse/a/b"},
    {"m2m:rrl": {"rrf": [{"nm": "a", "typ": 2, "val": "cse/a"}, {"nm": "b", "typ": 3,
                                                                   "val": "cse/a/b"}]}},
    {"m2m:rrl": [{"nm": "a", "typ": 2, "val": "cse/a"}, {"nm": "b", "typ": 3, "val": "cse/a/b"}]},
])
def test_discover_reads_every_form(other, fake, pc):
    fake.answers = [answer(2000, pc)]
    assert other("discover", "cse", code=OK).stdout == "cse/a\ncse/a/b\n"


def test_discover_asks_for_the_rest(other, fake):
    fake.answers = [
        answer(2000, {"m2m:uril": ["a", "b"]}, X_M2M_CTS="1", X_M2M_CTO="3"),
        answer(2000, {"m2m:uril": ["b", "c"]}, X_M2M_CTS="1"),
        answer(2000, {"m2m:uril": ["d"]}, X_M2M_CTS="2"),
    ]
    assert other("discover", "x", code=OK).stdout == "a\nb\nc\nd\n"
    assert [r.query.get("ofst") for r in fake.requests] == [None, "3", "4"]
    assert all(r.query["fu"] == "1" for r in fake.requests)


def test_discover_keeps_what_came_before_an_error(other, fake):
    fake.answers = [answer(2000, {"m2m:uril": ["a"]}, X_M2M_CTS="1", X_M2M_CTO="2"), answer(5000)]
    done = other("discover", "x", code=RECEIVER)
    assert done.stdout == "a\n" and "5000" in done.stderr


# ---- trees ----


def resource(root, **attributes):
    return answer(2000, {root: attributes})


def test_tree_retrieves_what_a_plain_list_does_not_tell(other, fake):
    kept = {"/cse": resource("m2m:cb", ty=5, rn="cse"), "/cse/a": resource("m2m:ae", ty=2, rn="a"),
            "/cse/a/b": resource("m2m:cnt", rn="b", mni=7)}

    def say(request):
        if "fu" in request.query:
            if "rcn" in request.query:
                return answer(4000, {"m2m:dbg": "not that rcn"})
            return answer(2000, {"m2m:uril": ["cse/a", "cse/a/b", "cse/a/hidden/c"]})
        return kept.get(request.path) or answer(4103)

    fake.answers = say
    lines = other("tree", "cse", "--attributes", "all", code=OK).stdout.splitlines()
    assert lines == ['cse (CSEBase) ty=5 rn="cse"', '└── a (AE) ty=2 rn="a"',
                     '    ├── b (container) rn="b" mni=7', "    └── hidden/c"]


def test_tree_puts_resource_ids_in_place(other, fake):
    kept = {"/cse": resource("m2m:cb", ty=5, rn="cse", ri="id0"),
            "/i1": resource("m2m:ae", ty=2, rn="a", ri="i1", pi="id0"),
            "/i2": resource("m2m:cnt", ty=3, rn="b", ri="i2", pi="i1"),
            "/~/id/i3": resource("m2m:cnt", ty=3, rn="c", ri="i3", pi="i2"),
            "/i4": resource("m2m:cnt", ty=3, rn="round", ri="i4", pi="i5"),
            "/i5": resource("m2m:cnt", ty=3, rn="about", ri="i5", pi="i4")}

    def say(request):
        if "fu" in request.query:
            return answer(2000, {"m2m:uril": ["i3", "i2", "/id/i3", "i1", "i4", "i5"][1:]})
        return kept.get(request.path) or answer(4004)

    fake.answers = say
    lines = other("tree", "cse", code=OK).stdout.splitlines()
    assert lines[:4] == ["cse (CSEBase)", "├── a (AE)", "│   └── b (container)",
                         "│       └── c (container)"]
    assert sorted(line.split(" (")[0].split()[-1] for line in lines[4:]) == ["about", "round"]


def test_tree_takes_child_references_where_there_is_no_discovery(other, fake):
    def say(request):
        if "fu" in request.query:
            return answer(4005)
        if request.query.get("rcn") == "6":
            return answer(4000)
        if request.query.get("rcn") == "5":
            return resource("m2m:cb", rn="cse", ch=[{"nm": "a", "typ": 3, "val": "cse/a"},
                                                    {"nm": "f", "typ": 28, "val": "cse/f"},
                                                    {"nm": "n", "typ": 9999, "val": "cse/n"}])
        return resource("m2m:cb", ty=5, rn="cse")

    fake.answers = say
    assert other("tree", "cse", code=OK).stdout.splitlines() == [
        "cse (CSEBase)", "├── a (container)", "├── f (flexContainer)", "└── n (type 9999)"]


def test_tree_keeps_to_the_level_where_the_cse_does_not(other, fake):
    fake.answers = lambda request: answer(2000, {"m2m:rrl": {"rrf": [
        {"nm": "a", "typ": 3, "val": "cse/a"}, {"nm": "b", "typ": 3, "val": "cse/a/b"}]}}) \
        if "fu" in request.query else resource("m2m:cb", ty=5, rn="cse")
    assert other("tree", "cse", "-L", 1, code=OK).stdout.splitlines() == [
        "cse (CSEBase)", "└── a (container)"]
    assert fake.requests[0].query["lvl"] == "1"


def test_tree_without_rights_ends_with_its_code(other, fake):
    fake.answers = [answer(4103, {"m2m:dbg": "no"})]
    assert "4103" in other("tree", "cse", code=DENIED).stderr
    assert len(fake.requests) == 1
    fake.answers = [answer(4005)]
    other("tree", "cse", code=REFUSED)


# ---- update without a type ----


@pytest.mark.parametrize("pc", [[1, 2], 5, {}, {"m2m:uril": ["a"]}, {"m2m:cnt": 7}])
def test_update_is_not_misled_by_what_is_no_resource(other, fake, pc):
    fake.answers = [answer(2000, pc)]
    done = other("update", "x", "lbl=a", code=FAILED)
    assert done.stderr == "merlon: x does not show of which type it is: use --type\n"


def test_update_says_how_to_do_without_retrieving(other, fake):
    fake.answers = [answer(4103, {"m2m:dbg": "no"})]
    done = other("update", "x", "mni=1", code=DENIED)
    assert "cannot learn the type of x, which --type would tell" in done.stderr
    fake.answers = [answer(2000)]
    assert "use --type" in other("update", "x", "mni=1", code=FAILED).stderr
    fake.answers = [answer(2004)]
    other("update", "x", "mni=1", "--type", "cnt", code=OK)
    assert fake.requests[-1].pc == {"m2m:cnt": {"mni": 1}}
    fake.answers = [answer(2000, {"cod:lamp": {"on": True}}), answer(2004)]
    other("update", "x", "on=false", code=OK)
    assert fake.requests[-1].pc == {"cod:lamp": {"on": False}}


def test_a_path_before_the_cse_is_kept(other, fake):
    fake.answers = [answer(2000)]
    other("delete", "/id-2/c1", "--url", fake.url + "/onem2m/", code=OK)
    assert fake.requests[-1].path == "/onem2m/~/id-2/c1"
