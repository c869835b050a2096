"""<contentInstance>: attributes, contents of every kind and their size, immutability.

spec: TS-0001 9.6.7; TS-0004 7.4.7
"""

import json

import pytest
from lib.onem2m import Client
from lib.together import together

OF_THE_CSE = {"ty", "ri", "rn", "pi", "et", "ct", "lt", "st", "cs"}


@pytest.fixture
def cnt(ae):
    """Path of a container of this test's AE."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


def raw(client, container, con):
    """Creates an instance from the JSON text of its content."""
    return client.create(container, "cin", b'{"m2m:cin":{"con":' + con.encode() + b"}}")


# ---- attributes ----


def test_as_created(ae, cnt):
    answer = ae.create(cnt, "cin", con="x")
    assert answer.rsc == 2001
    assert set(answer.res) == OF_THE_CSE | {"con"}
    assert (answer["ty"], answer["pi"], answer["cs"], answer["st"], answer["con"]) == \
           (4, ae.retrieve(cnt)["ri"], 1, 1, "x")
    assert answer["ct"] == answer["lt"]
    assert answer["et"] == ae.retrieve(cnt)["et"]
    for to in (answer["ri"], f"{cnt}/{answer['rn']}", f"{cnt}/la", f"{cnt}/ol"):
        assert ae.retrieve(to).res == answer.res


def test_all_attributes(ae, cnt):
    full = {"rn": "named", "lbl": ["a", "k:v"], "cnf": "application/json:0", "con": {"t": 21.5},
            "or": "http://ontology.example/x",
            "conr": {"urir": [{"nm": "picture", "uri": "http://files.example/1"},
                              {"nm": "sound", "uri": "http://files.example/2"}]}}
    answer = ae.create(cnt, "cin", cr=None, **full)
    assert answer.rsc == 2001
    assert set(answer.res) == OF_THE_CSE | set(full) | {"cr"}
    assert {k: answer[k] for k in full} == full
    assert answer["cr"] == ae.stem
    assert ae.retrieve(f"{cnt}/named").res == answer.res


@pytest.mark.parametrize("cnf", [
    "text/plain:0", "application/xml:1", "application/xml:1:0", "application/json:2:5",
    "application/vnd.onem2m-res+json:0:3", "text/plain;charset=utf-8:0",
])
def test_content_info(ae, cnt, cnf):
    """spec: TS-0004 6.3.3 m2m:contentInfo"""
    assert ae.create(cnt, "cin", con="x", cnf=cnf)["cnf"] == cnf


@pytest.mark.parametrize("cnf", [
    "", "text/plain", "text:0", "text/plain:3", "text/plain:0:6", "text/plain:", "text/plain:0:",
    ":0", "text/:0", "/plain:0", "text/plain:x", "text/plain:00", "te xt/plain:0", 0, ["text/plain:0"],
])
def test_bad_content_info(ae, cnt, cnf):
    assert ae.create(cnt, "cin", con="x", cnf=cnf).rsc == 4000
    assert ae.retrieve(cnt)["cni"] == 0


@pytest.mark.parametrize("conr", [
    {}, [], "http://x", {"urir": []}, {"urir": {"nm": "a", "uri": "http://x"}},
    {"urir": [{"nm": "a"}]}, {"urir": [{"uri": "http://x"}]}, {"urir": [{"nm": "a:b", "uri": "http://x"}]},
    {"urir": [{"nm": "a", "uri": "http://x"}, {"nm": "a", "uri": "http://y"}]},
    {"urir": [{"nm": "a", "uri": "http://x", "more": 1}]}, {"urir": [{"nm": "a", "uri": "http://x y"}]},
])
def test_bad_content_reference(ae, cnt, conr):
    """spec: TS-0004 6.3.5.36"""
    assert ae.create(cnt, "cin", con="x", conr=conr).rsc == 4000
    assert ae.retrieve(cnt)["cni"] == 0


@pytest.mark.parametrize("attributes", [
    {}, {"con": None}, {"con": "x", "cs": 1}, {"con": "x", "st": 1}, {"con": "x", "acpi": ["x"]},
    {"con": "x", "cr": "Cx"}, {"con": "x", "ri": "x"}, {"con": "x", "ct": "20300101T000000"},
    {"con": "x", "mni": 5}, {"con": "x", "nonsense": 5}, {"con": "x", "rn": "a/b"}, {"cnf": "text/plain:0"},
])
def test_refused(ae, cnt, attributes):
    """spec: TS-0004 7.4.7.1"""
    before = ae.retrieve(cnt).res
    assert ae.create(cnt, "cin", **attributes).rsc == 4000
    assert ae.retrieve(cnt).res == before


def test_name_in_use(ae, cnt):
    assert ae.create(cnt, "cin", rn="n", con="1").rsc == 2001
    before = ae.retrieve(cnt).res
    assert ae.create(cnt, "cin", rn="n", con="2").rsc == 4105
    assert ae.create(cnt, "cnt", rn="n").rsc == 4105
    assert ae.retrieve(cnt).res == before
    assert ae.delete(f"{cnt}/n").rsc == 2002
    assert ae.create(cnt, "cin", rn="n", con="3").rsc == 2001


# ---- contents ----

TEXTS = [
    "", "x", "21.5", "Grüße aus Köln", "Здравствуй", "こんにちは世界", "مرحبا بالعالم", "שלום",
    "नमस्ते", "สวัสดี", "안녕하세요", "😀👩‍👩‍👧 🇩🇪", "e\u0301 \u00e9", "\u202eright to left\u202c",
    "\ufeffwith a mark", "tab\tnew\nline\r\"quoted\" \\ /", "\u0000", "a\u0000b\u0000", "\u0001\u001f\u007f",
    "\u2028\u2029", "\ud7ff\ue000\uffff", "\U00010000\U0010ffff", "{\"looks\":\"like json\"}", "null",
    "  blanks  ", "%41%00", "<a>&amp;</a>", "x" * 10000, "€" * 30000,
]


@pytest.mark.parametrize("text", TEXTS, ids=[str(i) for i in range(len(TEXTS))])
def test_texts(ae, cnt, text):
    """Any text comes back as it went in; its size is that of its UTF-8 form."""
    answer = ae.create(cnt, "cin", con=text)
    assert answer.rsc == 2001
    assert answer["con"] == text
    assert answer["cs"] == len(text.encode())
    assert ae.retrieve(f"{cnt}/la")["con"] == text
    assert ae.retrieve(cnt)["cbs"] == len(text.encode())


@pytest.mark.parametrize("escaped,text", [
    (r'"\u0041"', "A"), (r'"\u0000"', "\0"), (r'"\ud83d\ude00"', "😀"), (r'"\/\b\f\n\r\t\"\\"', "/\b\f\n\r\t\"\\"),
    (r'"\u00e4\u00C4"', "äÄ"), ('"\\uFFFF"', "\uffff"),
])
def test_escapes(ae, cnt, escaped, text):
    answer = raw(ae, cnt, escaped)
    assert answer.rsc == 2001
    assert answer["con"] == text
    assert answer["cs"] == len(text.encode())


@pytest.mark.parametrize("con", [r'"\ud83d"', r'"\ude00"', r'"\ud83dx"', r'"\ud83d\u0041"'])
def test_half_a_character(ae, cnt, con):
    assert raw(ae, cnt, con).rsc == 4000
    assert ae.retrieve(cnt)["cni"] == 0


@pytest.mark.parametrize("number", [
    "0", "1", "-1", "2147483648", "4294967296", "9007199254740993", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "-9223372036854775809", "123456789012345678901234567890", "1.5", "-0.25", "1.10", "0.1", "1e5",
    "1E+5", "1.5e-300", "3.14159265358979323846264338327950288", "1e400", "-0", "0.0", "100.0",
])
def test_numbers_keep_their_text(ae, cnt, number):
    """Integers keep 64 bits, and what a client wrote is what others read."""
    answer = raw(ae, cnt, number)
    assert answer.rsc == 2001
    assert f'"con":{number}' in answer.text or f'"con":{number[1:]}' in answer.text and number == "-0"
    latest = ae.retrieve(f"{cnt}/la")
    assert answer.text[answer.text.index('"con"'):] == latest.text[latest.text.index('"con"'):]
    if number != "-0":
        assert answer["cs"] == len(number)


@pytest.mark.parametrize("con", [
    "true", "false", "{}", "[]", '{"a":1}', '["x",null,true]', '{"deep":{"er":[{"still":[[]]}]}}',
    '{"":""}', '{"ä":"€"}', '[1,2.50,-3e7,"\\""]', '{"b":1,"a":2}',
])
def test_other_contents(ae, cnt, con):
    """spec: TS-0004 7.4.7.1: content is xs:anyType; its size is that of its JSON form"""
    size = len(con.encode())
    answer = raw(ae, cnt, con)
    assert answer.rsc == 2001
    assert f'"con":{con}' in answer.text
    assert answer["cs"] == size
    assert answer["con"] == json.loads(con)
    assert raw(ae, cnt, con.replace(",", " ,\n ").replace(":", " : "))["cs"] == size
    assert ae.retrieve(cnt)["cbs"] == 2 * size


def test_members_that_look_like_ours(ae, cnt):
    """What stands in a content is not looked at."""
    con = {"m2m:cin": {"con": "x"}, "ri": "mine", "ty": 99, "m2m:dbg": None, "et": "never"}
    answer = ae.create(cnt, "cin", con=con)
    assert answer.rsc == 2001
    assert answer["con"] == con
    assert ae.retrieve(answer["ri"]).res == answer.res


@pytest.mark.parametrize("levels,rsc", [(1, 2001), (20, 2001), (29, 2001), (40, 4000), (100000, 4000)])
def test_nesting(ae, cnt, levels, rsc):
    """limits: value_depth"""
    answer = raw(ae, cnt, "[" * levels + "]" * levels)
    assert answer.rsc == rsc
    assert ae.retrieve(cnt)["cni"] == (rsc == 2001)


def test_a_large_one(ae, cnt):
    text = "0123456789abcdef" * 62500  # 1,000,000 bytes
    answer = ae.create(cnt, "cin", con=text, query={"rcn": 0})
    assert answer.rsc == 2001
    assert ae.retrieve(f"{cnt}/la")["con"] == text
    assert ae.retrieve(f"{cnt}/la", query={"atrl": "cs"}).res == {"cs": 1000000}


# ---- never changed ----


def test_no_update(ae, admin, cnt):
    """spec: TS-0004 7.4.7.2.3, whoever asks and whatever for"""
    created = ae.create(cnt, "cin", con="x", rn="n").res
    for client in (ae, admin):
        for to in (created["ri"], f"{cnt}/n"):
            assert client.update(to, "cin", con="y").rsc == 4005
            assert client.update(to, "cin", lbl=["y"]).rsc == 4005
            assert client.update(to, "cin", et=None).rsc == 4005
            assert client.update(to, "cin", content={"m2m:cin": {}}).rsc == 4005
            assert client.update(to, "cnt", nonsense=1).rsc == 4005
    assert ae.retrieve(f"{cnt}/n").res == created


def test_no_children(ae, cnt):
    assert ae.create(cnt, "cin", con="x", rn="n").rsc == 2001
    assert ae.create(f"{cnt}/n", "cin", con="x").rsc == 4108
    assert ae.create(f"{cnt}/n", "cnt").rsc == 4108
    assert ae.create(f"{cnt}/n", "sub", nu=[ae.stem]).rsc == 5203
    assert ae.retrieve(f"{cnt}/n/x").rsc == 4004


# ---- who ----


def test_rights_are_the_containers(admin, ae, other):
    """spec: TS-0001 9.6.7: no accessControlPolicyIDs of its own. SEC-ACP-19"""
    policy = admin.create("cse-in", "acp", pv={"acr": [{"acor": [other.stem], "acop": 1}]},
                          pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
    ae.create(ae.path, "cnt", rn="closed")
    ae.create(ae.path, "cnt", rn="writable", acpi=[policy])
    assert other.create(f"{ae.path}/closed", "cin", con="x").rsc == 4103
    made = other.create(f"{ae.path}/writable", "cin", con="x", cr=None)
    assert made.rsc == 2001
    assert made["cr"] == other.stem
    assert other.retrieve(made["ri"]).rsc == 4103, "not even its creator"
    assert other.delete(made["ri"]).rsc == 4103
    assert other.retrieve(f"{ae.path}/writable/la").rsc == 4103
    assert admin.retrieve(made["ri"]).rsc == 2000
    admin.delete(policy)


# ---- order ----


@pytest.mark.threads
def test_order_under_concurrency(cse, ae, cnt):
    """Latest is the newest, and the order of instances is that of their stateTag."""
    def work(i):
        client = Client(cse.url, ae.stem)
        for n in range(25):
            made = client.create(cnt, "cin", con=[i, n])
            seen = client.retrieve(f"{cnt}/la")
            assert seen["st"] >= made["st"], "an answered instance is seen at once"
            assert client.retrieve(made["ri"]).res == made.res

    together(8, work)
    there = ae.retrieve(cnt, query={"rcn": 8}).res["m2m:cin"]
    assert [cin["st"] for cin in there] == list(range(1, 201))
    for i in range(8):
        assert [cin["con"][1] for cin in there if cin["con"][0] == i] == list(range(25))
    assert all(a["ct"] <= b["ct"] for a, b in zip(there, there[1:]))
