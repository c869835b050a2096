"""Who is believed: the From parameter on plain listeners, trusted and not.

What a security association proves is tested beside the code (src/cse/access/identify_test.c) and,
over TLS, in the tests of that binding. spec: TS-0004 7.3.2.1, TS-0003 7.2; docs/decisions/0011
"""

import json
import socket
from urllib.parse import urlsplit

import pytest
from lib.onem2m import Client

BOTH = ("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted")
AE = {"api": "Ntest", "rr": False, "srv": ["3"]}
# what a message may say of its way, or of who sent it
HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host",
           "X-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-S-DN", "SSL_CLIENT_CERT",
           "X-ARR-ClientCert", "X-Remote-User", "X-Originator", "From", "Via"]


def raw(url, *fields, body=b"", method="GET", path="/cse-in"):
    """Sends header fields as they are; the X-M2M-RSC of the answer, or None without one."""
    parts = urlsplit(url)
    lines = [f"{method} {path} HTTP/1.1".encode(), f"Host: {parts.netloc}".encode(), *fields,
             b"Connection: close", f"Content-Length: {len(body)}".encode()]
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as s:
        s.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        answer = b""
        while chunk := s.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 "), answer
    for line in answer.split(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.lower().startswith(b"x-m2m-rsc:"):
            return int(line.split(b":")[1])
    return None


RI = (b"X-M2M-RI: r1", b"X-M2M-RVI: 3")


# ---- what an unproved request may do ----


def test_nothing_by_default(own):
    """SEC-SAE-10, SEC-IMP-03: 4107 for whatever is asked on a listener that is not trusted"""
    server = own(listen=BOTH)
    admin, outside = Client(server.urls[0]), Client(server.urls[1])
    ae = admin.register("Cae", name="ae")
    assert outside.As(None).retrieve("cse-in").rsc == 4000, "no request at all"
    assert outside.As(None).create("cse-in", "ae", **AE).rsc == 4107
    for originator in ("Cae", "CAdmin", "Cnobody", "/id-in", "/cse1", "Sx", "C", "all"):
        client = outside.As(originator)
        assert client.retrieve("cse-in").rsc == 4107, originator
        assert client.create("cse-in", "ae", **AE).rsc == 4107, originator
        assert client.create("cse-in/ae", "cnt", rn="x").rsc == 4107, originator
        assert client.delete("cse-in/ae").rsc == 4107, originator
        assert client.retrieve("cse-in/none").rsc == 4107, "nor does it learn what exists"
        assert client.notify("cse-in/ae", {"m2m:sgn": {"vrq": True, "sur": "/id-in/x"}}).rsc == 4107
    assert ae.retrieve("cse-in/ae").rsc == 2000
    assert admin.retrieve("cse-in/ae/x").rsc == 4004


def test_registered_only(own):
    """SEC-SAE-10: who is registered goes on; nobody registers"""
    server = own("--unauthenticated", "registered", listen=BOTH)
    admin, outside = Client(server.urls[0]), Client(server.urls[1])
    admin.register("Cae", name="ae")
    assert outside.As("Cae").create("cse-in/ae", "cnt", rn="x").rsc == 2001
    assert outside.As("Cnobody").retrieve("cse-in").rsc == 4106
    assert outside.As("/cse1").retrieve("cse-in").rsc == 4107
    for originator in ("Cnew", "C", "S", None, "Cae"):
        assert outside.As(originator).create("cse-in", "ae", **AE).rsc == 4107, originator
    assert outside.As("CAdmin").retrieve("cse-in").rsc == 4106


def test_open(own):
    """SEC-IMP-03, SEC-IMP-06: the rules of the standard without an association"""
    server = own("--unauthenticated", "open", listen=BOTH)
    outside = Client(server.urls[1])
    assert outside.register("Cae", name="ae").retrieve("cse-in/ae").rsc == 2000
    assert outside.As("Cnobody").retrieve("cse-in/ae").rsc == 4106
    for cse in ("/cse1", "/id-in", "//merlon.example/cse1", "//far.example/cse1"):
        assert outside.As(cse).retrieve("cse-in/ae").rsc == 4107, cse
    for missing in (None, ""):
        assert outside.As(missing).retrieve("cse-in/ae").rsc == 4000


# ---- forms of From ----


@pytest.mark.parametrize("form", ["/id-in/{}", "//merlon.example/id-in/{}", "./{}", "{}/", "-/{}",
                                  "cse-in/{}", "/cse1/{}", "id-in/{}"])
def test_an_ae_is_its_stem(ae, form):
    """SEC-IMP-02"""
    assert ae.As(form.format(ae.stem)).retrieve(ae.path).rsc == 4000


@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize("method, path", [("GET", "cse-in"), ("PUT", "cse-in"), ("DELETE", "cse-in")])
def test_from_is_needed(admin, missing, method, path):
    """SEC-IMP-06"""
    body = {"m2m:cb": {"lbl": ["x"]}} if method == "PUT" else None
    assert admin.As(missing).request(method, path, body).rsc == 4000


def test_from_is_needed_for_what_is_no_registration(admin, ae):
    """SEC-IMP-06"""
    assert admin.As(None).create(ae.path, "cnt", rn="x").rsc == 4000
    assert admin.retrieve(f"{ae.path}/x").rsc == 4004


LOOKALIKES = [
    "{lower}", "{upper}", "{stem}x", "{short}", "{stem}%00", "{stem}%20", ".*", "C.*", "^{stem}$",
    "({stem}|CAdmin)", "C[a-z0-9]+", "C?", "C*", "*", "{stem},CAdmin", "{stem};CAdmin",
    "CAdmin,{stem}", "\u0421est", "\uff23{tail}", "{stem}\u200b", "{stem}\u0301", "\u202e{stem}",
    "{stem}\u00ad", "C\u0430dmin", "CAdm\u0131n", "\u212aAdmin",
]


@pytest.mark.parametrize("trick", LOOKALIKES)
def test_names_that_look_alike(admin, ae, trick):
    """SEC-IMP-01, SEC-IMP-03: exact bytes count: letter case, Unicode and patterns do not help"""
    stem = ae.stem
    name = trick.format(stem=stem, lower=stem.lower(), upper=stem.upper(), short=stem[:-1],
                        tail=stem[1:])
    assert name != stem
    client = admin.As(name.encode() if not name.isascii() else name)
    assert client.retrieve(ae.path).rsc in (4000, 4106)
    assert client.delete(ae.path).rsc in (4000, 4106)
    assert ae.retrieve(ae.path).rsc == 2000


# ---- what a message says beside From ----


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_proves_anything(own, name):
    """SEC-IMP-03, SEC-CTX-12"""
    server = own(listen=BOTH, store="mem")
    outside = Client(server.urls[1])
    for value in ("127.0.0.1", "for=127.0.0.1", "CAdmin", "SUCCESS", "::1"):
        assert outside.retrieve("cse-in", headers={name: value}).rsc == 4107, value


@pytest.mark.parametrize("second", [b"CAdmin", b"Cnobody", b"{ae}", b""])
@pytest.mark.parametrize("name", [b"X-M2M-Origin", b"x-m2m-origin", b"X-m2m-ORIGIN"])
def test_two_originators(cse, ae, name, second):
    """SEC-IMP-01: two X-M2M-Origin are none: nobody may choose which one counts"""
    first = ae.stem.encode()
    second = second.replace(b"{ae}", first)
    for one, two in ((first, second), (second, first)):
        got = raw(cse.url, b"X-M2M-Origin: " + one, name + b": " + two, *RI,
                  path=f"/{ae.path}")
        assert got in (4000, None), got


@pytest.mark.parametrize("line", [
    b"X-M2M-Origin : {ae}", b"X-M2M-Origin\t: {ae}", b" X-M2M-Origin: {ae}", b"X-M2M-Origin:\x00{ae}",
    b"X-M2M-Origin: {ae}\x00", b"X-M2M-Origin: {ae}\x0bCAdmin", b"X-M2M-Origin: Cx\r\n {ae}",
    b"X_M2M_Origin: {ae}", b"X-M2M-Origin\x00: {ae}", b"X-M2M-Origin: {ae}\rX-M2M-Origin: CAdmin",
    b"X-M2M-Origin: {ae}\nX-M2M-Origin: CAdmin"])
def test_smuggled_originators(cse, ae, line):
    """SEC-IMP-01: a field that is not well formed names nobody"""
    got = raw(cse.url, line.replace(b"{ae}", ae.stem.encode()), *RI, path=f"/{ae.path}")
    assert got in (4000, None), got


def test_an_originator_elsewhere_does_not_count(cse, ae):
    """SEC-IMP-06: query, trailer or body are no place for From"""
    body = json.dumps({"m2m:cnt": {"rn": "x"}, "fr": ae.stem}).encode()
    fields = (b"Content-Type: application/json;ty=3", *RI)
    for path in (f"/{ae.path}", f"/{ae.path}?fr={ae.stem}", f"/{ae.path}?X-M2M-Origin={ae.stem}"):
        assert raw(cse.url, *fields, body=body, method="POST", path=path) == 4000, path
    assert ae.retrieve(f"{ae.path}/x").rsc == 4004
