"""Contents in JSON, XML and CBOR over HTTP: negotiation, notifications, bad input.

What is sent and what comes back is made and read by tools that are not ours: lib/serial.py.
"""

import subprocess

import cbor2
import pytest
from lib import schema, serial
from lib.onem2m import Client
from lib.server import USE_HOME, Server

NS = f'xmlns:m2m="{schema.M2M}"'
FULL = {"rn": "full", "lbl": ["a", "b:c", "C++"], "mni": 10, "mbs": 1000, "disr": False}


def in_form(client, form):
    other = client.As(client.originator)
    other.form = form
    return other


@pytest.fixture(params=serial.NAMES)
def form(request):
    return request.param


@pytest.fixture
def cnt(ae):
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    return f"{ae.path}/c"


# ---- round trips and negotiation ----


def test_operations(ae, form):
    """spec: TS-0004 8: the same tree, whatever the serialisation"""
    me = in_form(ae, form)
    made = me.create(ae.path, "cnt", **FULL)
    assert made.rsc == 2001
    assert made.headers["Content-Type"] == serial.MEDIA[form]
    assert {n: made.res[n] for n in FULL} == FULL
    for other in serial.NAMES:
        assert in_form(ae, other).retrieve(f"{ae.path}/full").res == made.res
    assert me.update(f"{ae.path}/full", "cnt", mni=None, mbs=700).rsc == 2004
    assert me.create(f"{ae.path}/full", "cin", con="a<b>&\"' \u00e4\U0001f600\n").rsc == 2001
    assert me.retrieve(f"{ae.path}/full/la")["con"] == "a<b>&\"' \u00e4\U0001f600\n"
    now = me.retrieve(f"{ae.path}/full")
    assert "mni" not in now.res and now["mbs"] == 700 and now["cni"] == 1
    assert me.delete(f"{ae.path}/full").rsc == 2002


def test_lists_and_trees(ae, form):
    """spec: TS-0004 7.5.2: other roots than resources"""
    me = in_form(ae, form)
    assert me.create(ae.path, "cnt", rn="c").rsc == 2001
    for con in ("1", "2"):
        assert me.create(f"{ae.path}/c", "cin", con=con).rsc == 2001
    plain = ae.discover(ae.path, ty=4)
    assert len(plain) == 2 and me.discover(ae.path, ty=4) == plain
    for rcn in (1, 4, 5, 6, 8):
        query = {"rcn": rcn}
        assert me.retrieve(f"{ae.path}/c", query=query).pc == ae.retrieve(f"{ae.path}/c", query=query).pc
    refused = me.retrieve(f"{ae.path}/nothing")
    assert refused.rsc == 4004 and refused.headers["Content-Type"] == serial.MEDIA[form]


def test_policies(admin, ae, form):
    """SEC-ACP-38: the same policy, lists of originators included, and the same decisions"""
    me = in_form(ae, form)
    rules = {"acr": [{"acor": ["Cfirst", "Csecond"], "acop": 2}, {"acor": [ae.stem], "acop": 63,
             "acco": [{"actw": ["* * 0-23 * * * *", "* * * * * * *"], "acip": {"ipv4": ["127.0.0.0/8", "10.0.0.1"]}}]}]}
    acp = me.create(ae.path, "acp", rn="p", pv=rules, pvs={"acr": [{"acor": [ae.stem], "acop": 63}]})
    assert acp.rsc == 2001 and acp["pv"] == rules
    assert ae.retrieve(f"{ae.path}/p").res == acp.res
    assert me.create(ae.path, "cnt", rn="c", acpi=[acp["ri"]]).rsc == 2001
    for name, rsc in (("Cfirst", 2000), ("Csecond", 2000), ("Cthird", 4103)):
        other = in_form(admin.register(name, name=name), form)
        assert other.retrieve(f"{ae.path}/c").rsc == rsc
        assert other.delete(f"{ae.path}/c").rsc == 4103
        assert admin.delete(f"cse-in/{name}").rsc == 2002
    assert me.retrieve(f"{ae.path}/c").rsc == 2000


def test_specialisations_of_files(tmp_path, form):
    """spec: TS-0004 7.4.37: data types of what a definition file defines"""
    with Server(tmp_path / "data", *USE_HOME, store="mem") as server:
        plain = Client(server.url)
        me = in_form(plain, form)
        content = {"hd:tempe": {"rn": "t", "cnd": "org.onem2m.home.moduleclass.temperature", "curT0": 21.5}}
        made = me.create("cse-in", 28, content)
        assert made.rsc == 2001 and made.headers["Content-Type"] == serial.MEDIA[form]
        assert me.update("cse-in/t", 28, {"hd:tempe": {"tarTe": 20}}).rsc == 2004
        assert me.update("cse-in/t", 28, {"hd:tempe": {"tarTe": "warm"}}).rsc == 4000
        found = me.retrieve("cse-in/t")
        assert found.root == "hd:tempe" and found.pc == plain.retrieve("cse-in/t").pc
        assert (found["curT0"], found["tarTe"]) == (21.5, 20)
        assert me.retrieve("cse-in", query={"rcn": 4}).res["hd:tempe"] == [found.res]


@pytest.mark.parametrize("kind", ["res", "ntfy", "preq", "prsp"])
def test_media_types(ae, form, kind):
    """spec: TS-0004 6.7"""
    media = f"application/vnd.onem2m-{kind}+{form}"
    answer = ae.request("PUT", ae.path, serial.encode({"m2m:ae": {"lbl": [kind]}}, form),
                        headers={"Content-Type": media})
    assert answer.rsc == 2004 and answer["lbl"] == [kind]


@pytest.mark.parametrize("wanted", serial.NAMES)
def test_accept_is_independent(ae, form, wanted):
    """spec: TS-0009 6.4.2, 6.4.3; without Accept as the request was"""
    headers = {"Content-Type": serial.MEDIA[form], "Accept": serial.MEDIA[wanted]}
    body = serial.encode({"m2m:ae": {"lbl": ["x"]}}, form)
    assert ae.request("PUT", ae.path, body, headers=headers).headers["Content-Type"] == serial.MEDIA[wanted]
    bad = ae.request("PUT", ae.path, serial.encode({"m2m:ae": {"zz": "x"}}, form), headers=headers)
    assert bad.rsc == 4000 and bad.headers["Content-Type"] == serial.MEDIA[wanted]
    headers["Accept"] = "*/*"
    assert ae.request("PUT", ae.path, body, headers=headers).headers["Content-Type"] == serial.MEDIA[form]


@pytest.mark.parametrize("accept", [None, "*/*"])
def test_preference_of_the_originator(ae, form, accept):
    """spec: TS-0004 7.3.3.12, 7.3.3.13: where the request says nothing"""
    ae.session.headers["Accept"] = accept
    assert ae.update(ae.path, "ae", csz=[form, "json"]).rsc == 2004
    assert ae.retrieve(ae.path).headers["Content-Type"] == serial.MEDIA[form]
    assert ae.retrieve("cse-in/nothing").headers["Content-Type"] == serial.MEDIA[form]
    told = ae.update(ae.path, "ae", lbl=["x"])
    assert told.headers["Content-Type"] == "application/json", "the request's content tells"
    other = ae.retrieve(ae.path, headers={"Accept": "application/cbor"})
    assert other.headers["Content-Type"] == "application/cbor"


@pytest.fixture
def xmllint(tmp_path):
    """Does xmllint accept a document by the schema that is made from spec/?"""
    def accepts(body):
        path = tmp_path / "content.xml"
        path.write_bytes(body)
        command = ["xmllint", "--noout", "--nonet", "--schema", str(schema.XSD[schema.M2M]), str(path)]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0

    return accepts


def test_xmllint_accepts_answers(ae, xmllint):
    """spec: TS-0004 8.3.1"""
    me = in_form(ae, "xml")
    assert me.create(ae.path, "cnt", **FULL).rsc == 2001
    assert me.create(f"{ae.path}/full", "cin", con="5", cnf="text/plain:0").rsc == 2001
    answers = [me.retrieve(to) for to in ("cse-in", "cse-in/nothing", ae.path, f"{ae.path}/full/la")]
    answers += [me.retrieve(ae.path, query=query) for query in ({"rcn": 4}, {"rcn": 5}, {"rcn": 6}, {"fu": 1})]
    answers += [me.create(ae.path, "cnt", query={"rcn": rcn}) for rcn in (1, 2, 3)]
    for answer in answers:
        assert xmllint(answer.http.content), answer


@pytest.mark.parametrize("good, bad", [
    (b"<mni>10</mni><mbs>1000</mbs>", b"<mbs>1000</mbs><mni>10</mni>"), (b"<mni>10<", b"<mni>ten<"),
    (b"<mni>10</mni>", b"<mno>10</mno>"), (b' rn="full"', b' rn="a/b"'), (b' rn="full"', b' nr="full"'),
    (b"protocols", b"protocol"), (b"<lbl>", b"<lbl>:"), (b"m2m:cnt", b"m2m:cin"),
])
def test_xmllint_finds_faults(ae, xmllint, good, bad):
    """The schema tells order, names, data types and namespace."""
    body = in_form(ae, "xml").create(ae.path, "cnt", **FULL).http.content
    assert xmllint(body) and good in body
    assert not xmllint(body.replace(good, bad))


def test_order_of_xml(ae):
    """spec: TS-0004 6.5, 8.3.1: attributes of the base types first"""
    body = in_form(ae, "xml").create(ae.path, "cnt", **FULL).http.content
    places = [body.index(f"<{name}>".encode()) for name in ("ty", "ri", "pi", "ct", "lt", "lbl", "et", "st", "mni")]
    assert places == sorted(places)
    assert b' rn="full"' in body and b"<lbl>a b:c C++</lbl>" in body


def test_what_xml_cannot_say_leaves_as_json(ae):
    """A control character is fine in JSON and CBOR; XML 1.0 has no form for it."""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert ae.create(f"{ae.path}/c", "cin", con="\x01").rsc == 2001
    answer = in_form(ae, "xml").retrieve(f"{ae.path}/c/la")
    assert answer.rsc == 2000 and answer["con"] == "\x01"
    assert answer.headers["Content-Type"] == "application/json"
    assert in_form(ae, "cbor").retrieve(f"{ae.path}/c/la")["con"] == "\x01"


# ---- notifications ----


@pytest.mark.parametrize("indicator", serial.NAMES)
def test_indicator_of_a_target(ae, cnt, receiver, indicator):
    """spec: TS-0004 7.4.8.1 notificationURI"""
    assert ae.create(cnt, "sub", nu=[f"{receiver.url}/x?ct={indicator}"], enc={"net": [3]}).rsc == 2001
    asked = receiver.verification()
    assert asked.headers["Content-Type"] == serial.MEDIA[indicator]
    assert ae.create(cnt, "cin", con="7").rsc == 2001
    told = receiver.next()
    assert told.path == "/x" and told.headers["Content-Type"] == serial.MEDIA[indicator]
    assert told.rep["m2m:cin"]["con"] == "7" and told.sgn["nev"]["net"] == 3


@pytest.mark.parametrize("csz, wanted", [
    (["xml"], "xml"), (["cbor"], "cbor"), (["cbor", "xml"], "cbor"), (["xml", "json"], "xml"),
    (["json", "xml"], "json"), (None, "json"),
])
def test_content_serialization(admin, ae, cnt, receiver, csz, wanted):
    """spec: TS-0001 9.6.5 contentSerialization: what the receiver reads decides"""
    more = {"csz": csz} if csz else {}
    assert ae.update(ae.path, "ae", poa=[receiver.url], **more).rsc == 2004
    assert ae.create(cnt, "sub", nu=[ae.path], enc={"net": [3]}).rsc == 2001
    assert ae.create(cnt, "cin", con="7").rsc == 2001
    told = receiver.next()
    assert told.headers["Content-Type"] == serial.MEDIA[wanted]
    assert told.rep["m2m:cin"]["con"] == "7"


@pytest.mark.parametrize("srv, wanted", [
    (["3"], "3"), (["2a"], "2a"), (["2a", "4", "3"], "4"), (["5"], "3"), (["1", "2a"], "2a"),
    (["1"], None), (["2", "1"], None),
])
def test_release_of_the_receiver(ae, cnt, receiver, srv, wanted):
    """spec: TS-0001 9.6.5 supportedReleaseVersions; TS-0004 7.3.2.6: none for Release 1"""
    assert ae.update(ae.path, "ae", poa=[receiver.url], srv=srv).rsc == 2004
    assert ae.create(cnt, "sub", nu=[ae.path], enc={"net": [3]}).rsc == 2001
    assert ae.create(cnt, "cin", con="7").rsc == 2001
    assert receiver.next().headers.get("X-M2M-RVI") == wanted


# ---- bad input ----

LAUGHS = "".join(f'<!ENTITY l{i + 1} "{("&l%d;" % i) * 10}">' for i in range(9))
XML = {
    "a text": "hello",
    "JSON": '{"m2m:ae":{"lbl":["x"]}}',
    "not closed": f"<m2m:ae {NS}><lbl>x</lbl>",
    "two roots": f"<m2m:ae {NS}/><m2m:ae {NS}/>",
    "no namespace declared": "<m2m:ae><lbl>x</lbl></m2m:ae>",
    "another namespace": '<m2m:ae xmlns:m2m="http://example.org/"><lbl>x</lbl></m2m:ae>',
    "without namespace": "<ae><lbl>x</lbl></ae>",
    "another namespace within": f'<m2m:ae {NS}><lbl xmlns="urn:x">x</lbl></m2m:ae>',
    "twice": f"<m2m:ae {NS}><lbl>x</lbl><lbl>y</lbl></m2m:ae>",
    "unknown": f"<m2m:ae {NS}><zzz>x</zzz></m2m:ae>",
    "unknown attribute": f'<m2m:ae {NS} zzz="x"><lbl>x</lbl></m2m:ae>',
    "attribute for element": f'<m2m:ae {NS} lbl="x"/>',
    "element for attribute": f"<m2m:ae {NS}><rn>x</rn></m2m:ae>",
    "wrong data type": f"<m2m:ae {NS}><rr>maybe</rr></m2m:ae>",
    "elements in a text": f"<m2m:ae {NS}><apn><b>x</b></apn></m2m:ae>",
    "text beside elements": f"<m2m:ae {NS}>x<lbl>x</lbl></m2m:ae>",
    "entities": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><m2m:ae {NS}><lbl>&l9;</lbl></m2m:ae>',
    "a file": f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><m2m:ae {NS}><lbl>&f;</lbl></m2m:ae>',
    "an entity": f"<m2m:ae {NS}><lbl>&x;</lbl></m2m:ae>",
    "a document type": f'<!DOCTYPE m2m:ae SYSTEM "x.dtd"><m2m:ae {NS}><lbl>x</lbl></m2m:ae>',
    "nesting": f"<m2m:ae {NS}><lbl>" + "<a>" * 20000 + "</a>" * 20000 + "</lbl></m2m:ae>",
    "attributes": f"<m2m:ae {NS} " + " ".join(f'a{i}=""' for i in range(50000)) + "/>",
    "elements": f"<m2m:ae {NS}>" + "".join(f"<a{i}/>" for i in range(100001)) + "</m2m:ae>",
    "UTF-8": f"<m2m:ae {NS}><lbl>".encode() + b"\xff</lbl></m2m:ae>",
    "UTF-16": f'<m2m:ae {NS}><lbl>x</lbl></m2m:ae>'.encode("utf-16"),
    "Latin 1": f'<?xml version="1.0" encoding="ISO-8859-1"?><m2m:ae {NS}><lbl>x</lbl></m2m:ae>',
}
AE = b"\xa1\x66m2m:ae\xa1\x63lbl\x81"
CBOR = {
    "JSON": b'{"m2m:ae":{"lbl":["x"]}}',
    "cut short": cbor2.dumps({"m2m:ae": {"lbl": ["x"]}})[:-1],
    "something behind": cbor2.dumps({"m2m:ae": {"lbl": ["x"]}}) + b"\0",
    "byte string": AE + b"\x41x",
    "tag": AE + b"\xd9\x4d\x49\x61x",
    "date": AE + b"\xc1\x1a\x51\x4b\x67\xb0",
    "undefined": AE + b"\xf7",
    "simple value": AE + b"\xf8\x20",
    "NaN": AE + b"\xf9\x7e\x00",
    "infinity": AE + b"\xfb\x7f\xf0\0\0\0\0\0\0",
    "not UTF-8": AE + b"\x61\xff",
    "twice": b"\xa1\x66m2m:ae\xa2\x63lbl\x81\x61x\x63lbl\x81\x61y",
    "key that is no text": b"\xa1\x66m2m:ae\xa1\x01\x02",
    "bytes as key": b"\xa1\x46m2m:ae\xa1\x63lbl\x81\x61x",
    "no break": b"\xbf\x66m2m:ae\xa1\x63lbl\x81\x61x",
    "break without begin": AE + b"\xff",
    "piece that is no text": AE + b"\x7f\x01\xff",
    "too long": AE + b"\x7b" + b"\xff" * 8,
    "too many": b"\xbb" + b"\xff" * 8,
    "nesting": b"\x9f" * 100000,
    "members": b"\xa1\x66m2m:ae\xbf" + b"".join(b"\x66%06d\0" % i for i in range(100001)) + b"\xff",
    "integer below 64 bits": AE + b"\x3b" + b"\xff" * 8,
}


def refused(ae, form, body):
    before = ae.retrieve(ae.path).res
    answer = ae.request("PUT", ae.path, body, headers={"Content-Type": serial.MEDIA[form]})
    assert answer.rsc == 4000 and answer.debug
    assert answer.headers["Content-Type"] == serial.MEDIA[form]
    assert ae.retrieve(ae.path).res == before


@pytest.mark.parametrize("name", XML)
def test_bad_xml(ae, name):
    """spec: TS-0004 8.3.1"""
    refused(ae, "xml", XML[name])


@pytest.mark.parametrize("name", CBOR)
def test_bad_cbor(ae, name):
    """spec: TS-0004 8.5.1"""
    refused(ae, "cbor", CBOR[name])


def test_indefinite_lengths(ae):
    """spec: TS-0004 8.5.1, RFC 8949 3.2: part of CBOR, so they are read"""
    body = b"\xbf\x66m2m:ae\xbf\x7f\x62lb\x61l\xff\x9f\x7f\x61a\x61b\xff\xff\xff\xff"
    answer = ae.request("PUT", ae.path, body, headers={"Content-Type": "application/cbor"})
    assert answer.rsc == 2004 and answer["lbl"] == ["ab"]


def test_broken_content_does_not_end_the_connection(cse):
    """The next request on the same connection is answered."""
    client = Client(cse.url)
    for form, body in (("xml", "<"), ("cbor", b"\xff"), ("xml", XML["entities"])):
        bad = client.request("PUT", "cse-in", body, headers={"Content-Type": serial.MEDIA[form]})
        assert bad.rsc == 4000
        assert client.retrieve("cse-in").rsc == 2000
