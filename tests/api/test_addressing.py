"""The To parameter in every spelling, and what is no address at all.

spec: TS-0001 7.2, 9.3.1; TS-0004 6.2.3, 7.3.2.8, 7.3.3.1; TS-0009 6.2.2.1
"""

import http.client
import json

import pytest
from lib.onem2m import HTTP_OF, path_of


@pytest.fixture
def cin(ae):
    """The resource that all the spellings name: an instance `i` in container `c`."""
    ae.create(ae.path, "cnt", rn="c")
    return ae.create(f"{ae.path}/c", "cin", rn="i", con="here").res


def target(client, path, method="GET", body=None, originator=None, ty=None):
    """A request whose target stands on the wire exactly as given; (rsc, content)."""
    connection = http.client.HTTPConnection("127.0.0.1", int(client.url.rsplit(":", 1)[1]), timeout=30)
    headers = {"X-M2M-Origin": originator or client.originator, "X-M2M-RI": "target", "X-M2M-RVI": "3"}
    if body is not None:
        headers["Content-Type"] = "application/json" + (f";ty={ty}" if ty else "")
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    sent = json.dumps(body).encode() if body is not None else b""
    connection.putheader("Content-Length", str(len(sent)))
    connection.endheaders(sent)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    rsc = int(response.headers["X-M2M-RSC"])
    assert response.status == HTTP_OF[rsc]
    return rsc, json.loads(content) if content else None


# ---- spellings ----


def spellings(ae, cin):
    """Every address of the instance, as To has it."""
    name = ae.path.split("/")[1]
    local = []
    for base in ("cse-in", "-", "."):
        local.append(f"{base}/{name}/c/i")
    local += [f"{ae.stem}/c/i", f"{cin['pi']}/i", cin["ri"], f"{cin['pi']}/la", f"{ae.stem}/c/ol",
              f"cse-in/{name}/c/la"]
    return local + [f"/id-in/{to}" for to in local] + [f"//merlon.example/id-in/{to}" for to in local] + \
        [f"//MERLON.Example/id-in/{to}" for to in local[:1]]


def test_all_spellings(ae, cin):
    """Structured, unstructured, hybrid; CSE-relative, SP-relative, absolute; the shortcuts"""
    for to in spellings(ae, cin):
        assert target(ae, path_of(to)) == (2000, {"m2m:cin": cin}), to
        assert target(ae, path_of(to) + "/") == (2000, {"m2m:cin": cin}), "a slash at the end is forgiven"


def test_spellings_of_the_base(ae):
    base = ae.retrieve("cse-in").res
    for to in ("cse-in", "cse-in/", "-", "-/", ".", "id-in", "/id-in", "/id-in/", "/id-in/cse-in", "/id-in/-",
               "/id-in/id-in", "/id-in/.", "//merlon.example/id-in", "//merlon.example/id-in/",
               "//merlon.example/id-in/-", "//merlon.example/id-in/cse-in"):
        assert target(ae, path_of(to)) == (2000, {"m2m:cb": base}), to


def test_every_operation_knows_them(ae):
    """CREATE below, UPDATE and DELETE of what another spelling named"""
    for i, to in enumerate([ae.path, ae.stem, f"-/{ae.path.split('/')[1]}", f"/id-in/{ae.stem}",
                            f"//merlon.example/id-in/{ae.path}"]):
        created = ae.create(to, "cnt", rn=f"n{i}")
        assert created.rsc == 2001
        assert created["pi"] == ae.stem
        assert ae.update(f"{to}/n{i}", "cnt", lbl=[str(i)]).rsc == 2004
        assert ae.retrieve(created["ri"])["lbl"] == [str(i)]
        assert ae.delete(f"{to}/n{i}").rsc == 2002
        assert ae.retrieve(created["ri"]).rsc == 4004


def test_content_location(ae):
    """spec: TS-0009 6.4.4: an address that leads to the new resource"""
    for to in (ae.path, ae.stem, f"/id-in/{ae.stem}"):
        created = ae.create(to, "cnt")
        rsc, content = target(ae, created.headers["Content-Location"])
        assert rsc == 2000
        assert content["m2m:cnt"] == created.res


def test_two_aes_do_not_mix(ae, other):
    ae.create(ae.path, "cnt", rn="same")
    theirs = other.create(other.path, "cnt", rn="same")
    assert other.retrieve(f"{other.stem}/same")["ri"] == theirs["ri"]
    assert ae.retrieve(f"{ae.stem}/same")["ri"] != theirs["ri"]
    assert ae.retrieve(f"{other.stem}/same").rsc == 4103


# ---- not there ----


@pytest.mark.parametrize("to", [
    "cse-in/nobody", "nobody", "cnt0000000000000", "Cnobody", "cse-in/cse-in", "-/-", "cse-in/-",
    "/id-in/nobody", "/id-in/cse-in/nobody", "//merlon.example/id-in/nobody", "cse-in2", "cse-i", "la", "ol",
    "fopt", "cse-in/la", "cse-in/fopt", "~", "_", "id-in/id-in", "x" * 2000, "/".join(["a"] * 500),
])
def test_not_found(ae, to):
    """spec: TS-0004 7.3.3.1"""
    assert ae.retrieve(to).rsc == 4004
    assert ae.delete(to).rsc == 4004
    assert ae.update(to, "cnt", lbl=["x"]).rsc == 4004
    assert ae.create(to, "cnt").rsc == 4004


def test_letter_case_counts(ae, cin):
    name = ae.path.split("/")[1]
    for to in (f"CSE-IN/{name}/c/i", f"Cse-in/{name}", f"cse-in/{name.upper()}", f"cse-in/{name}/C", f"{ae.stem}/c/I",
               cin["ri"].upper(), ae.stem.lower(), ae.stem.upper(), "/ID-IN", f"/Id-in/{ae.stem}",
               f"//merlon.example/ID-IN/{ae.stem}"):
        assert ae.retrieve(to).rsc == 4004, to


def test_below_what_has_no_children(ae, cin):
    for to in (f"{ae.path}/c/i/x", f"{cin['ri']}/x", f"{ae.path}/c/la/x", f"{cin['ri']}/la", f"{ae.path}/c/i/i"):
        assert ae.retrieve(to).rsc == 4004, to


# ---- other CSEs ----

ELSEWHERE = ["/id-other", "/id-other/cse", "/id-other/Cx/c", "/id-in2/cse-in", "//merlon.example/id-other/x",
             "//other.example/id-in", "//other.example/id-in/cse-in", "//merlon.example.org/id-in"]


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_route(ae, to):
    """spec: TS-0004 7.3.2.6: no registered CSE matches"""
    assert ae.retrieve(to).rsc == 4004
    assert ae.create(to, "cnt").rsc == 4004
    assert ae.update(to, "cnt", lbl=["x"]).rsc == 4004
    assert ae.delete(to).rsc == 4004
    assert ae.notify(to, {"m2m:sgn": {"vrq": True}}).rsc == 4004


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_registration_in_transit(ae, admin, to):
    """SEC-REG-12. spec: TS-0004 7.3.2.8"""
    assert admin.As("Cfar").create(to, "ae", api="Nx", rr=True, srv=["3"]).rsc == 4000
    assert admin.create(to, 16, {"m2m:csr": {}}).rsc == 4000


# ---- as it stands in the message ----


def test_percent_encoding(ae, cin):
    """spec: RFC3986 2.4: decoded once; what needs no encoding may have it"""
    name = ae.path.split("/")[1]
    for path in (f"/cse-in/{name}/c/i", f"/%63se-in/{name}/c/i", f"/cse%2Din/{name}/%63/%69", f"/%2D/{name}/c/i",
                 f"/cse%2din/{name}/c/%6c%61", f"/%7E/id-in/{ae.stem}/c/i", f"/~/id%2Din/{cin['ri']}",
                 f"/_/merlon%2Eexample/id-in/{ae.stem}/c/i", f"/%5F/merlon.example/id-in/{ae.stem}/c/i"):
        rsc, content = target(ae, path)
        assert (rsc, content.get("m2m:cin")) == (2000, cin), path


@pytest.mark.parametrize("path", [
    "/cse-in/{name}%2Fc", "/cse-in%2f{name}", "/cse-in/{name}/c%2Fi", "/~%2Fid-in", "/~/id-in%2F{stem}",
    "/cse-in/{name}%00", "/cse-in/%00", "/cse-in/{name}%0a", "/cse-in/%7f", "/cse-in/%1b[0m",
    "/cse-in/%", "/cse-in/%4", "/cse-in/%zz", "/cse-in/%4g", "/cse-in/%-1", "/%", "/cse-in/%%41",
    "/cse-in/%ff", "/cse-in/%c0%af", "/cse-in/%ed%a0%80", "/cse-in/%e2%82",
])
def test_encodings_that_are_refused(ae, path):
    """An encoded slash is no separator, and control characters are in no name."""
    path = path.format(name=ae.path.split("/")[1], stem=ae.stem)
    assert target(ae, path)[0] == 4000
    assert target(ae, path, "DELETE")[0] == 4000


def test_decoded_only_once(ae, cin):
    """%2563 is the text %63 and never the letter c; no name contains a percent sign."""
    name = ae.path.split("/")[1]
    for path in (f"/cse-in/{name}/%2563/i", f"/cse-in/{name}/c/%2569", f"/cse-in/{name}/c%252Fi",
                 f"/cse%252Din/{name}", "/%252D"):
        assert target(ae, path)[0] == 4000, path


@pytest.mark.parametrize("path", [
    "/", "//", "//cse-in", "/cse-in//", "/cse-in//{name}", "/cse-in/{name}//c", "/~", "/~/", "/~//", "/_", "/_/",
    "/_/merlon.example", "/_/merlon.example/", "/_//id-in", "/~//id-in", "/_/-bad.example/id-in",
    "/_/merlon..example/id-in", "/cse-in/..", "/cse-in/{name}/..", "/cse-in/{name}/../{name}", "/../cse-in",
    "/cse-in/./{name}", "/cse-in/{name}/.", "/./.", "/-/.", "/./-", "/cse-in/%2e%2e",
    "/cse-in/{name}/a b", "/cse-in/{name}/a%20b",
    "/cse-in/{name}/a:b", "/cse-in/{name}/a@b", "/cse-in/{name}/*", "/cse-in/{name}/a;b=c", "/cse-in/{name}/a,b",
    "/cse-in/{name}/%c3%a4", "/cse-in/{name}/a+b", "/~/id in", "/cse-in/{name}/'", "/cse-in/{name}/%22", "/*",
    "/~/{stem}/a!",
])
def test_no_address(ae, path):
    """What cannot be an identifier gets BAD_REQUEST or NOT_FOUND, and harms nobody."""
    path = path.format(name=ae.path.split("/")[1], stem=ae.stem)
    if " " in path:
        path = path.replace(" ", "%20")
    for method, body, ty in (("GET", None, None), ("DELETE", None, None), ("PUT", {"m2m:cnt": {}}, None),
                             ("POST", {"m2m:cnt": {}}, 3)):
        rsc, content = target(ae, path, method, body, ty=ty)
        assert rsc in (4000, 4004), (method, path)
        assert content["m2m:dbg"]
    assert ae.retrieve(ae.path).rsc == 2000


def test_long_targets(ae):
    """Up to the limit they are looked up; beyond, HTTP has its own word for them."""
    assert ae.retrieve("cse-in/" + "a" * 8000).rsc == 4004
    assert ae.retrieve("/".join(["cse-in"] + ["a"] * 4000)).rsc == 4004
    connection = http.client.HTTPConnection("127.0.0.1", int(ae.url.rsplit(":", 1)[1]), timeout=30)
    connection.request("GET", "/cse-in/" + "a" * 9000, headers={
        "X-M2M-Origin": ae.originator, "X-M2M-RI": "long", "X-M2M-RVI": "3"})
    response = connection.getresponse()
    assert response.status == 414
    assert response.headers["X-M2M-RSC"] == "4000"
    connection.close()
    assert ae.retrieve(ae.path).rsc == 2000


def test_absolute_form(ae, cin):
    """spec: RFC9112 3.2.2: as a proxy is asked; scheme and authority do not matter"""
    for start in (ae.url, "http://h", "http://localhost:9999", "HTTP://[::1]"):
        rsc, content = target(ae, f"{start}/{cin['ri']}")
        assert (rsc, content["m2m:cin"]) == (2000, cin)
        rsc, content = target(ae, f"{start}/~/id-in/{cin['ri']}?rcn=1")
        assert (rsc, content["m2m:cin"]) == (2000, cin)


def test_resource_ids_are_no_names(ae, cin):
    """An unstructured identifier stands in front only."""
    assert ae.retrieve(f"cse-in/{cin['ri']}").rsc == 4004
    assert ae.retrieve(f"{ae.path}/{cin['ri']}").rsc == 4004
    assert ae.retrieve(f"cse-in/{ae.stem}").rsc == 4004
    assert ae.retrieve(f"{ae.path}/c/{cin['ri']}").rsc == 4004
    unnamed = ae.create(f"{ae.path}/c", "cin", con="x").res
    assert unnamed["rn"] == unnamed["ri"]
    assert ae.retrieve(f"{ae.path}/c/{unnamed['ri']}").res == unnamed


def test_names_are_no_resource_ids(admin, ae):
    """A resource called like the identifier of another is never taken for it."""
    victim = ae.create(ae.path, "cnt").res
    double = ae.create(f"{ae.path}/{victim['rn']}", "cnt", rn=victim["ri"]).res
    assert ae.retrieve(victim["ri"])["ri"] == victim["ri"]
    assert ae.retrieve(f"{victim['ri']}/{victim['ri']}")["ri"] == double["ri"]
    assert admin.retrieve(victim["ri"])["ri"] == victim["ri"]
