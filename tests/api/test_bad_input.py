"""Input that is wrong: each kind gets its code and a message that names the fault, and changes
nothing. Sizes and times are in test_limits.py, bytes that are not HTTP in raw_http.py."""

import json
import socket

import pytest
import raw_http
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lib import schema
from lib.onem2m import Answer, Client, path_of

# ---- what must not change ----


@pytest.fixture
def target(ae):
    """A container with an instance; the test must leave it as it was."""
    assert ae.create(ae.path, "cnt", rn="c", lbl=["a"]).rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", rn="i", con="kept").rsc == 2001
    before = ae.retrieve(ae.path, query={"rcn": 4}).pc
    yield f"{ae.path}/c"
    assert ae.retrieve(ae.path, query={"rcn": 4}).pc == before


def refused(answer, told=(), rsc=(4000,)):
    assert answer.rsc in rsc, answer
    assert len(answer.debug) <= 256 and answer.debug.isprintable()
    for word in [told] if isinstance(told, str) else told:
        assert word in answer.debug, answer


# ---- JSON that is none ----

DEEP = 200
BROKEN = {
    "nothing but blanks": (b"  \r\n ", "byte"),
    "cut off": (b'{"m2m:cnt": {"rn": "x"', "byte"),
    "cut off in a text": (b'{"m2m:cnt": {"rn": "x', "byte"),
    "cut off in an escape": (b'{"m2m:cnt": {"rn": "x\\', "byte"),
    "a comma at the end": (b'{"m2m:cnt": {"rn": "x",}}', "byte"),
    "a comma for a colon": (b'{"m2m:cnt", {}}', "byte"),
    "two colons": (b'{"m2m:cnt":: {}}', "byte"),
    "single quotes": (b"{'m2m:cnt': {}}", "byte"),
    "names without quotes": (b"{m2m:cnt: {}}", "byte"),
    "a comment": (b'{"m2m:cnt": {}} // x', "byte"),
    "something behind": (b'{"m2m:cnt": {}}{"m2m:cnt": {}}', "byte"),
    "a bracket too many": (b'{"m2m:cnt": {}}}', "byte"),
    "brackets that differ": (b'{"m2m:cnt": {"lbl": ["a"}]}', "byte"),
    "NaN": (b'{"m2m:cnt": {"mni": NaN}}', "byte"),
    "Infinity": (b'{"m2m:cnt": {"mni": Infinity}}', "byte"),
    "True": (b'{"m2m:cnt": {"disr": True}}', "byte"),
    "leading zero": (b'{"m2m:cnt": {"mni": 01}}', "byte"),
    "a plus": (b'{"m2m:cnt": {"mni": +1}}', "byte"),
    "hexadecimal": (b'{"m2m:cnt": {"mni": 0x10}}', "byte"),
    "a point without digits": (b'{"m2m:cnt": {"mni": 1.}}', "byte"),
    "an exponent without digits": (b'{"m2m:cnt": {"mni": 1e}}', "byte"),
    "a minus alone": (b'{"m2m:cnt": {"mni": -}}', "byte"),
    "a byte order mark": (b'\xef\xbb\xbf{"m2m:cnt": {}}', "byte"),
    "UTF-16": ('{"m2m:cnt": {}}'.encode("utf-16"), "byte"),
    "an unknown escape": (rb'{"m2m:cnt": {"lbl": ["\x41"]}}', "byte"),
    "an escape with too few digits": (rb'{"m2m:cnt": {"lbl": ["\u12"]}}', "byte"),
    "half a surrogate": (rb'{"m2m:cnt": {"lbl": ["\ud800"]}}', "surrogate"),
    "the second half first": (rb'{"m2m:cnt": {"lbl": ["\udc00\ud800"]}}', "surrogate"),
    "a line feed in a text": (b'{"m2m:cnt": {"lbl": ["a\nb"]}}', "byte"),
    "NUL": (b'{"m2m:cnt": {"lbl": ["a\0b"]}}', "byte"),
    "latin-1": (b'{"m2m:cnt": {"lbl": ["\xe4"]}}', "UTF-8"),
    "an overlong form": (b'{"m2m:cnt": {"lbl": ["\xc0\xaf"]}}', "UTF-8"),
    "a surrogate in UTF-8": (b'{"m2m:cnt": {"lbl": ["\xed\xa0\x80"]}}', "UTF-8"),
    "beyond U+10FFFF": (b'{"m2m:cnt": {"lbl": ["\xf4\x90\x80\x80"]}}', "UTF-8"),
    "a cut character": (b'{"m2m:cnt": {"lbl": ["\xe2\x82"]}}', "UTF-8"),
    "a name twice": (b'{"m2m:cnt": {"mni": 1, "mni": 2}}', "mni"),
    "a name twice, once escaped": (rb'{"m2m:cnt": {"mni": 1, "\u006dni": 2}}', "mni"),
    "a type twice": (b'{"m2m:cnt": {}, "m2m:cnt": {}}', "m2m:cnt"),
    "a name twice inside": (b'{"m2m:cnt": {"lbl": [], "x": {"a": 1, "a": 1}}}', "a"),
    "deep arrays": (b'{"m2m:cnt": {"lbl": ' + b"[" * DEEP + b"]" * DEEP + b"}}", "deep"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "deep"),
    "endless brackets": (b"[" * 100000, "deep"),
}

NO_RESOURCE = {
    "an empty object": b"{}",
    "an array": b"[]",
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "a text": b'"m2m:cnt"',
    "two types": b'{"m2m:cnt": {}, "m2m:ae": {}}',
    "an array of attributes": b'{"m2m:cnt": []}',
    "a number for attributes": b'{"m2m:cnt": 1}',
    "a text for attributes": b'{"m2m:cnt": "rn"}',
    "null for attributes": b'{"m2m:cnt": null}',
    "no prefix": b'{"cnt": {}}',
    "the long name": b'{"m2m:container": {}}',
    "another type": b'{"m2m:ae": {"api": "N1", "rr": true, "srv": ["3"]}}',
    "an empty name": b'{"": {}}',
    "a NUL in the name": rb'{"m2m:cnt\u0000": {}}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json(ae, target, name):
    body, told = BROKEN[name]
    refused(ae.request("POST", target, body, ty=3), told)
    refused(ae.request("PUT", target, body), told)


@pytest.mark.parametrize("name", NO_RESOURCE)
def test_json_that_is_no_resource(ae, target, name):
    refused(ae.request("POST", target, NO_RESOURCE[name], ty=3))
    if name != "another type":
        refused(ae.request("PUT", target, NO_RESOURCE[name]))


@pytest.mark.parametrize("name", [n for n in NO_RESOURCE if n not in ("two types",)])
def test_notify_with_what_is_no_notification(ae, target, name):
    """To the AE itself, which has no point of access: the content is looked at first."""
    answer = ae.request("POST", target.rpartition("/")[0], NO_RESOURCE[name])
    assert answer.rsc in (4000, 5103), answer


# ---- wrong types everywhere ----

VALUES = [None, True, False, 0, -1, 1.5, 10**25, "", "x", "a b", [], [None], [1], [[]], [{}], ["x"],
          {}, {"x": 1}]
BASE = {
    "ae": {"api": "N1", "rr": True, "srv": ["3"]},
    "cnt": {},
    "cin": {"con": "x"},
    "acp": {"pv": {"acr": []}, "pvs": {"acr": [{"acor": ["Cx"], "acop": 63}]}},
    "grp": {"mnm": 5, "mid": []},
    "sub": {"nu": ["Cx"]},
    "nod": {"ni": "n"},
}


def wrong_values(kind):
    """(attribute, value) that the schema of the type refuses."""
    validator = schema.validator(kind)
    (definition,) = validator.schema["properties"].values()
    for attribute in definition["properties"]:
        for value in VALUES:
            body = {f"m2m:{kind}": {**BASE[kind], attribute: value}}
            if not attribute.startswith("m2m:") and not validator.is_valid(body):
                yield attribute, value


@pytest.mark.parametrize("kind", BASE)
def test_wrong_types_everywhere(ae, admin, target, kind):
    """Every attribute of every type, with every value that its data type does not have."""
    parent = {"ae": "cse-in", "nod": "cse-in", "cin": target, "sub": target}.get(kind, ae.path)
    count = 0
    for attribute, value in wrong_values(kind):
        body = {f"m2m:{kind}": {**BASE[kind], attribute: value}}
        client = admin.As("Cnew") if kind == "ae" else admin
        answer = client.create(parent, kind, content=body)
        if (attribute, value) == ("cr", None):
            assert answer.rsc in (2001, 4000), answer  # asks for the creator to be shown
            assert answer.rsc == 4000 or admin.delete(
                answer.headers["Content-Location"].lstrip("/")).rsc == 2002
            continue
        assert answer.rsc in (4000, 5001), (attribute, value, answer)
        assert attribute in answer.debug, (attribute, value, answer)
        count += 1
    assert count > 100, "hardly anything was tried"


@pytest.mark.parametrize("kind", ["cnt", "ae"])
def test_wrong_types_in_updates(ae, target, kind):
    to = target if kind == "cnt" else ae.path
    for attribute, value in wrong_values(kind):
        if value is None:
            continue  # deletes
        answer = ae.update(to, kind, **{attribute: value})
        assert answer.rsc in (4000, 5001), (attribute, value, answer)
        assert attribute in answer.debug, (attribute, value, answer)


# ---- numbers ----


@pytest.mark.parametrize("number", ["18446744073709551616", "1e400", "-1", "0.5", "1e-1",
                                    "99999999999999999999999999", "-9223372036854775809"])
def test_numbers_beyond_range(ae, target, number):
    body = b'{"m2m:cnt": {"mni": %s}}' % number.encode()
    refused(ae.request("POST", target, body, ty=3), "mni")
    refused(ae.request("PUT", target, body), "mni")


def test_largest_integer_of_an_attribute(ae):
    body = b'{"m2m:cnt": {"rn": "big", "mni": 18446744073709551615, "mbs": 9223372036854775808}}'
    answer = ae.request("POST", ae.path, body, ty=3)
    assert answer.rsc == 2001 and (answer["mni"], answer["mbs"]) == (2**64 - 1, 2**63)
    assert '"mni":18446744073709551615,"mbs":9223372036854775808' in ae.retrieve(f"{ae.path}/big").text


NUMBERS = ["0", "-0", "1", "9007199254740993", "9223372036854775807", "9223372036854775808",
           "18446744073709551615", "18446744073709551616", "-9223372036854775808",
           "-9223372036854775809", "123456789012345678901234567890", "0.1", "0.10", "1.0", "1E5",
           "1e+5", "-1.5e-300", "1e400", "3.141592653589793238462643383279"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_come_back_as_written(ae, number):
    """Of content nothing is lost, whatever a double could hold. spec: TS-0004 7.4.7.1"""
    assert ae.create(ae.path, "cnt", rn="n").rsc == 2001
    body = b'{"m2m:cin": {"con": {"n": %s}}}' % number.encode()
    assert ae.request("POST", f"{ae.path}/n", body, ty=4).rsc == 2001
    stored = ae.retrieve(f"{ae.path}/n/la")
    wanted = ("0", "-0") if number == "-0" else (number,)
    assert any(f'"con":{{"n":{n}}}' in stored.text for n in wanted), stored
    assert stored["cs"] in [len(f'{{"n":{n}}}') for n in wanted]


# ---- names and addresses ----

NAMES = {
    "empty": "", "a blank": "a b", "a slash": "a/b", "a quote": 'a"b', "an apostrophe": "a'b",
    "a backslash": "a\\b", "a line feed": "a\nb", "NUL": "a\0b", "an escape": "a\x1bb",
    "DEL": "a\x7fb", "a percent": "a%41", "a question": "a?b", "a hash": "a#b", "a star": "a*",
    "angle brackets": "<a>", "a plus": "a+b", "a colon": "a:b", "an umlaut": "ä", "an emoji": "😀",
    "a right-to-left mark": "a\u202eb", "a line separator": "a\u2028b", "a private character": "\ue000",
    "not composed": "a\u0301", "dots": "..", "a dot": ".", "a dash": "-",
}


@pytest.mark.parametrize("name", NAMES)
def test_names(ae, target, name):
    """spec: TS-0004 6.3.3"""
    refused(ae.create(target, "cnt", rn=NAMES[name]), "rn")


@pytest.mark.parametrize("rn", ["la", "ol"])
def test_names_of_virtual_resources(ae, target, rn):
    refused(ae.create(target, "cnt", rn=rn), "rn", rsc=(4105,))


@pytest.mark.parametrize("path", [
    "%00", "a%00b", "%0a", "%1b[31m", "%7f", "%22", "%27", "%5c", "%20", "%3c%3e", "%c3%a4",
    "%f0%9f%98%80", "%2e%2e", "%2e%2e/%2e%2e", "a%2fb", "%25", "%", "%4", "%zz", "%ff", "%c0%af",
    "a//b", "a;b", "a,b", "$x", "(x)", "@", "~", "_", "*", "la/la", "x" * 500])
def test_addresses(ae, target, path):
    """What is no resource identifier is refused; what could be one is not found."""
    for to in (f"{target}/{path}", path):
        answer = raw_get(ae, f"/{to}")
        assert answer.rsc in (4000, 4004, 4005), answer
        assert answer.debug.isprintable()


def raw_get(client, path):
    """As Client.request, with the path untouched by the library."""
    request = requests.Request("GET", client.url, headers=client.headers(None)).prepare()
    request.url = client.url + path
    return Answer(client.session.send(request, timeout=60))


@pytest.mark.parametrize("query", [
    "rcn=", "rcn=x", "rcn=-1", "rcn=1&rcn=1", "rcn=1.0", "rcn=99999999999999999999", "lim=-1",
    "fu=1&lim=x", "fu=9", "fu=1&ty=cnt", "fu=1&ty=", "fu=1&crb=yesterday", "fu=1&crb=20260230T000000",
    "fu=1&sza=-1", "fu=1&lvl=1.5", "fu=1&fo=9", "nothing=1", "fu", "=1", "fu=1&x%00y=1",
    "fu=1&lbl=%ff", "fu=1&lbl=a%00b", "drt=3", "rt=9", "atrl=", "fu=1&atr=x", "fu=1&ofst=0"])
def test_queries(ae, target, query):
    refused(raw_get(ae, f"/{target}?{query}"))


@pytest.mark.parametrize("name, value, told", [
    ("X-M2M-RI", "", "rqi"), ("X-M2M-RI", None, "rqi"), ("X-M2M-RI", "r" * 256, "long"),
    ("X-M2M-Origin", "C" * 256, "long"), ("X-M2M-Origin", "C a", "fr"), ("X-M2M-Origin", "", "fr"),
    ("X-M2M-RET", "soon", "rqet"), ("X-M2M-RET", "-5", "rqet"), ("X-M2M-RST", "20269999T000000", "rset"),
    ("X-M2M-OET", "x", "oet"), ("X-M2M-EC", "many", "ec"), ("X-M2M-OT", "now", "ot"),
])
def test_headers(ae, target, name, value, told):
    answer = ae.request("GET", target, headers={name: value}, check=False)
    refused(answer, name if name in answer.debug else told)


# ---- content is kept, whatever it is ----

VALUES_OF_CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12)


@pytest.fixture(scope="module")
def keeper(cse):
    """An AE with a container that all examples share."""
    client = Client(cse.url).register("Ckeeper", name="keeper")
    assert client.create("cse-in/keeper", "cnt", rn="c", mni=2).rsc == 2001
    yield client
    Client(cse.url).delete("cse-in/keeper")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=VALUES_OF_CONTENT)
def test_any_content_comes_back(keeper, content):
    """Any language, NUL and other control characters, any nesting within the limits."""
    for ascii_only in (True, False):
        body = json.dumps({"m2m:cin": {"con": content}}, ensure_ascii=ascii_only).encode()
        made = keeper.request("POST", "cse-in/keeper/c", body, ty=4)
        if content is None:
            assert made.rsc == 4000, made
            return
        assert made.rsc == 2001, made
        back = keeper.retrieve("cse-in/keeper/c/la")
        assert back["con"] == content and type(back["con"]) is type(content)
        if isinstance(content, str):
            assert back["cs"] == len(content.encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40))
def test_any_label_comes_back(keeper, text):
    answer = keeper.update("cse-in/keeper/c", "cnt", lbl=[text])
    if answer.rsc == 2004:
        assert keeper.retrieve("cse-in/keeper/c")["lbl"] == [text]
    else:
        refused(answer, "lbl")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_answered(keeper, data):
    answer = keeper.request("PUT", "cse-in/keeper/c", data)
    assert answer.rsc in (4000, 2004), answer


# ---- raw bytes ----


@pytest.mark.parametrize("case", raw_http.CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("step", [None, 1], ids=["whole", "byte by byte"])
def test_raw_bytes(cse, target, case, step):
    if step and len(case.data) > 4000:
        step = 7
    raw_http.check(("127.0.0.1", cse.port), case, path_of(target), step)


def create_message(ae, path, name):
    body = json.dumps({"m2m:cnt": {"rn": name}}).encode()
    return (f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: {ae.stem}\r\nX-M2M-RI: {name}\r\n"
            f"X-M2M-RVI: 3\r\nContent-Type: application/json;ty=3\r\nContent-Length: {len(body)}\r\n"
            "\r\n").encode() + body


def test_request_cut_at_every_byte(cse, ae):
    """In two pieces, cut at each place: each makes its container, once."""
    length = len(create_message(ae, ae.path, "n0000"))
    with socket.create_connection(("127.0.0.1", cse.port), 10) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(1, length):
            message = create_message(ae, ae.path, f"n{at:04}")
            peer.sendall(message[:at])
            peer.sendall(message[at:])
            received = b""
            while not (done := raw_http.parse_answers(received)[0]):
                received += peer.recv(65536)
            assert done[0].status == 201 and done[0].fields["X-M2M-RI"] == f"n{at:04}", at
    names = {c["rn"] for c in ae.retrieve(ae.path, query={"rcn": 8}).res["m2m:cnt"]}
    assert names == {f"n{at:04}" for at in range(1, length)}


def test_pipelining(cse, ae):
    """A hundred changes at once: answers in their order, everything done."""
    count = 100
    messages = b"".join(create_message(ae, ae.path, f"p{i}") for i in range(count))
    answers, is_closed = raw_http.exchange(("127.0.0.1", cse.port), messages, count)
    assert not is_closed
    assert [a.fields["X-M2M-RI"] for a in answers] == [f"p{i}" for i in range(count)]
    assert {a.status for a in answers} == {201}
    assert len(ae.retrieve(ae.path, query={"rcn": 8}).res["m2m:cnt"]) == count


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_chunks(cse, ae, size):
    message = create_message(ae, ae.path, "chunked")
    head, _, body = message.partition(b"\r\n\r\n")
    head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size])
                      for i in range(0, len(body), size))
    answers, _ = raw_http.exchange(("127.0.0.1", cse.port),
                                   head + b"\r\n\r\n" + chunks + b"0\r\n\r\n", 1)
    assert answers[0].status == 201
    assert ae.retrieve(f"{ae.path}/chunked").rsc == 2000
