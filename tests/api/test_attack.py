"""What somebody tries from outside who may do little and wants more: in names, in header fields, in framing.

Each attempt gets its code, and afterwards the tree is what it was. What reads a single field is tested beside it
(test_impersonation.py, test_acp.py, test_roles.py, raw_http.py); attempts under TLS are in test_attack_tls.py.
"""

import itertools
import json
import re
import socket
from urllib.parse import quote, urlsplit

import pytest
from lib.onem2m import Client, grant, timestamp
from lib.server import Server
from lib.tokens import DOMAIN as TOKENS

ROLES = "merlon.example"
_numbers = itertools.count(1)
RI = b"X-M2M-RI: r1\r\nX-M2M-RVI: 3\r\n"


def send(url, data):
    """Sends bytes as they are; gives [(status, X-M2M-RSC, body)] of all that comes until the server closes."""
    parts = urlsplit(url)
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                received += piece
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed before all was sent
    answers = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        fields = dict(re.findall(rb"([^\r\n:]+): ?([^\r\n]*)", head.partition(b"\r\n")[2]))
        length = int(fields.get(b"Content-Length", 0))
        answers.append((int(head.split(b" ")[1]), int(fields.get(b"X-M2M-RSC", 0)), received[:length]))
        received = received[length:]
    return answers


def message(method, path, *fields, body=b""):
    lines = [f"{method} /{path} HTTP/1.1".encode(), b"Host: localhost", *fields]
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n" + RI + b"\r\n" + body


class Yard:
    """What an AE has: a container with an instance, a policy that gives `other` the right to read."""

    def __init__(self, cse, admin, ae, other):
        self.cse, self.admin, self.ae, self.other = cse, admin, ae, other
        self.acp = grant(admin, ([ae.stem], 63), ([other.stem], 2))
        self.path = f"{ae.path}/box"
        assert ae.create(ae.path, "cnt", rn="box", acpi=[self.acp], lbl=["kept"]).rsc == 2001
        assert ae.create(self.path, "cin", rn="i", con="kept").rsc == 2001

    def look(self):
        """All of it, and the names of everything at the CSE."""
        query = {"rcn": 4}
        return (self.admin.retrieve(self.ae.path, query=query).pc, self.admin.retrieve(self.acp).pc,
                self.admin.retrieve("cse-in")["lt"], sorted(self.admin.discover()))


@pytest.fixture
def yard(cse, admin, ae, other):
    """Must be left as it was, by a server that still runs."""
    made = Yard(cse, admin, ae, other)
    before = made.look()
    yield made
    assert made.look() == before
    assert cse.process.poll() is None
    assert admin.delete(made.acp).rsc == 2002


# ---- names ----


def fullwidth(text):
    return "".join(chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in text)


def overlong(text):
    """The first character in two bytes, which UTF-8 forbids."""
    return bytes([0xc0 | ord(text[0]) >> 6, 0x80 | ord(text[0]) & 63]) + text[1:].encode()


# what → (how a name is written, whether it could be the name of an AE: 4106; else 4000)
DISGUISES = {
    "lower case": (lambda n: n[0] + n[1:].swapcase(), True),
    "the first letter small": (lambda n: n[0].lower() + n[1:], False),
    "fullwidth": (fullwidth, False),
    "a fullwidth letter": (lambda n: n[0] + fullwidth(n[1]) + n[2:], False),
    "Cyrillic": (lambda n: "\u0421" + n[1:], False),
    "mathematical": (lambda n: "\U0001d402" + n[1:], False),
    "small capital": (lambda n: n[0] + "\u1d00" + n[2:], False),
    "a combining accent": (lambda n: n + "\u0301", False),
    "a combining joiner": (lambda n: n[0] + "\u034f" + n[1:], False),
    "a joiner of no width": (lambda n: n[0] + "\u200d" + n[1:], False),
    "a blank of no width": (lambda n: "\u200b" + n, False),
    "a byte order mark": (lambda n: "\ufeff" + n, False),
    "right to left": (lambda n: "\u202e" + n[::-1], False),
    "a soft hyphen": (lambda n: n[:2] + "\u00ad" + n[2:], False),
    "a selector of variation": (lambda n: n + "\ufe0f", False),
    "a blank of no break": (lambda n: n + "\u00a0", False),
    "a tag": (lambda n: n + "\U000e0041", False),
    "overlong UTF-8": (overlong, False),
    "a cut character": (lambda n: n.encode() + b"\xe2\x82", False),
    "a surrogate": (lambda n: n.encode() + b"\xed\xa0\x80", False),
    "latin-1": (lambda n: n.encode() + b"\xe9", False),
    "NUL": (lambda n: n.encode() + b"\0", False),
    "NUL and more": (lambda n: n.encode() + b"\0x", False),
    "a tabulator": (lambda n: n + "\tx", False),
    "%00": (lambda n: n + "%00", False),
    "escaped": (lambda n: "".join(f"%{ord(c):02x}" for c in n), False),
    "a letter escaped": (lambda n: n[:1] + f"%{ord(n[1]):02x}" + n[2:], False),
    "%2F": (lambda n: "%2Fid-in%2F" + n, False),
    "%252F": (lambda n: "%252Fid-in%252F" + n, False),
    "backslashes": (lambda n: "\\id-in\\" + n, False),
    "dots": (lambda n: f"Cx/../{n}", False),
    "a dot": (lambda n: f"./{n}", False),
    "a slash behind": (lambda n: n + "/", False),
    "a fragment": (lambda n: n + "#x", False),
    "a query": (lambda n: n + "?x", False),
    "a list": (lambda n: f"Cx,{n}", False),
    "a list with blanks": (lambda n: f"{n} CAdmin", False),
    "a word of RFC 2047": (lambda n: f"=?utf-8?q?{n}?=", False),
    "a value of RFC 8187": (lambda n: f"utf-8''{n}", False),
    "quotes": (lambda n: f'"{n}"', False),
    "an entity of HTML": (lambda n: f"&#{ord(n[0])};{n[1:]}", False),
    "an escape of JSON": (lambda n: f"\\u{ord(n[0]):04x}{n[1:]}", False),
    "any text": (lambda n: ".*", False),
    "anchors": (lambda n: f"^{n}$", False),
    "a class": (lambda n: f"{n[0]}[a-zA-Z0-9]+", False),
    "an alternative": (lambda n: f"{n}|CAdmin", False),
    "a group": (lambda n: f"({n})", False),
    "a pattern that is slow": (lambda n: f"({n[0]}+)+$" + n * 10, False),
    "a star": (lambda n: n[:-1] + "*", False),
    "a star alone": (lambda n: "*", False),
    "a question mark": (lambda n: n[:-1] + "?", False),
    "braces": (lambda n: f"{{{n},Cx}}", False),
    "SQL": (lambda n: f"{n}'--", False),
    "LIKE": (lambda n: n[:-1] + "%", False),
    "a format": (lambda n: n + "%n%s", False),
    "LDAP": (lambda n: f"{n})(uid=*", False),
    "a template": (lambda n: f"${{{n}}}", False),
    "a longer one": (lambda n: n + "x", True),
    "a shorter one": (lambda n: n[:-1], True),
    "another CSE": (lambda n: f"/id-other/{n}", None),
    "the CSE in capitals": (lambda n: f"/ID-IN/{n}", None),
    "another provider": (lambda n: f"//other.example/id-in/{n}", None),
}
REFUSED = {True: (4106,), False: (4000,), None: (4000, 4106, 4107)}


def attempts(yard, name):
    """Codes of everything that somebody of this name tries."""
    name = name if isinstance(name, bytes) else name.encode()
    field = b"X-M2M-Origin: " + name
    update = json.dumps({"m2m:cnt": {"lbl": ["taken"]}}).encode()
    policy = json.dumps({"m2m:acp": {"pv": {"acr": [{"acor": ["all"], "acop": 63}]}}}).encode()
    tried = [message("GET", yard.path, field), message("PUT", yard.path, field, body=update),
             message("DELETE", yard.ae.path, field), message("PUT", yard.acp, field, body=policy),
             message("DELETE", "cse-in", field)]
    return [answers[0][1] for answers in (send(yard.cse.url, data) for data in tried)]


@pytest.mark.parametrize("what", DISGUISES)
def test_an_originator_in_disguise(yard, what):
    """SEC-IMP-01 SEC-IMP-03 SEC-IDN-01: of an AE with rights, and of the administrator"""
    disguise, could_be = DISGUISES[what]
    for name in (yard.ae.stem, "CAdmin"):
        if what == "a shorter one" and name != "CAdmin":
            continue  # might be the stem of another test's AE
        codes = attempts(yard, disguise(name))
        assert all(code in REFUSED[could_be] for code in codes), (name, codes)


@pytest.mark.parametrize("name", ["CADMIN", "Cadmin", "CAdmIn", "CAdmin-", "CAdmin.", "CAdmin0", "Cadm1n"])
def test_a_name_almost_the_administrators(admin, yard, name):
    """SEC-IMP-03: whoever registers it is an AE like any other"""
    client = admin.register(name)
    before = yard.look()
    assert client.originator == name
    assert client.retrieve(yard.path).rsc == 4103
    assert client.delete(yard.path).rsc == 4103
    assert client.delete("cse-in").rsc in (4005, 4103)
    assert client.create("cse-in", "rol", rlid=f"r@{ROLES}", tkis="CAdmin", tkhd=name, tknb=timestamp(-5),
                         tkna=timestamp(5)).rsc == 4103
    assert yard.look() == before
    assert admin.delete(name).rsc == 2002


@pytest.mark.parametrize("name", ["/id-in", "//merlon.example/id-in", "/ID-IN", "id-in", "/id-in/", "cse-in", "-",
                                  "/id-in/cse-in", "/id-in/-", "//merlon.example/id-in/CAdmin", "/id-in/CAdmin"])
def test_a_name_of_the_cse(yard, name):
    """SEC-IMP-03: nobody is the CSE by saying so, and the administrator has one spelling"""
    codes = attempts(yard, name)
    assert all(code in (4000, 4106, 4107) for code in codes), codes


@pytest.mark.parametrize("what", DISGUISES)
def test_a_disguise_registers_as_nobody_known(cse, admin, yard, what):
    """SEC-REG-04: CREATE of an AE under it is refused, or makes an AE without any right of the other's"""
    disguise, could_be = DISGUISES[what]
    name = disguise("CAdmin")
    raw = name if isinstance(name, bytes) else name.encode()
    body = json.dumps({"m2m:ae": {"api": "Nx", "rr": False, "srv": ["3"]}}).encode()
    data = (b"POST /cse-in HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: " + raw + b"\r\n" + RI +
            b"Content-Type: application/json;ty=2\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    ((_, rsc, text),) = send(cse.url, data)
    if could_be:
        aei = json.loads(text)["m2m:ae"]["aei"]
        assert rsc == 2001 and aei == name
        assert admin.As(aei).retrieve(yard.path).rsc == 4103
        assert admin.delete(aei).rsc == 2002
    else:
        assert rsc in (4000, 4107), (rsc, text)


# ---- names of roles, tokens, applications ----

NOT_EXACT = [lambda n: n.upper(), lambda n: n.swapcase(), fullwidth, lambda n: n.replace("e", "\u0435"),
             lambda n: n.replace("e", "e\u0301"), lambda n: n + "\u200b", lambda n: n + ".", lambda n: n + "\u00a0",
             lambda n: n + "\0", lambda n: n.replace("@", "%40"), lambda n: n.replace("@", "\uff20"),
             lambda n: "*" + n[n.index("@"):], lambda n: ".*", lambda n: n[:n.index("@")] + "@*",
             lambda n: n.replace(".", "?"), lambda n: n[1:], lambda n: n + "/x", lambda n: f"x@{n}", lambda n: f'"{n}"',
             lambda n: n.replace("@", "@xn--"), lambda n: n.replace(".example", "\u3002example")]


@pytest.mark.parametrize("alike", NOT_EXACT, ids=range(len(NOT_EXACT)))
def test_a_role_of_another_name(admin, ae, other, alike):
    """SEC-ROL-02 SEC-ROL-04 SEC-IDN-01: neither in the request, nor in a role that one holds, nor in a rule"""
    role = f"operator.e{next(_numbers)}@{ROLES}"
    looks = alike(role)
    term = {"tkis": "CAdmin", "tkhd": other.stem, "tknb": timestamp(-60), "tkna": timestamp(600)}
    box = ae.create(ae.path, "cnt", acpi=[grant(admin, ([role], 63))])["ri"]
    kept = ae.retrieve(box).pc
    assert admin.create("cse-in", "rol", rlid=looks, **term).rsc in (2001, 4000)
    wrong = f"rids={quote(looks, safe='')}"
    for query in (wrong, f"rids={role}", f"{wrong}+{role}"):
        assert other.request("DELETE", f"{box}?{query}").rsc in (4000, 4103), query
    assert admin.create("cse-in", "rol", rlid=role, **term).rsc == 2001
    assert other.request("DELETE", f"{box}?{wrong}").rsc in (4000, 4103)
    assert ae.retrieve(box).pc == kept
    assert other.request("GET", f"{box}?rids={role}").rsc == 2000
    rules = {"acr": [{"acor": [looks], "acop": 63}]}
    if admin.create("cse-in", "acp", pv=rules, pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]}).rsc == 2001:
        target = ae.create(ae.path, "cnt", acpi=[grant(admin, ([looks], 63))])["ri"]
        assert other.request("GET", f"{target}?rids={role}").rsc == 4103


@pytest.mark.parametrize("alike", NOT_EXACT, ids=range(len(NOT_EXACT)))
def test_a_token_of_another_name(admin, ae, other, alike):
    """SEC-TOK-18 SEC-IDN-01: a Token-ID is compared as it is; here is no issuer, so that each attempt is refused"""
    tkid = f"token.e{next(_numbers)}@{TOKENS}"
    box = ae.create(ae.path, "cnt")["ri"]
    assert admin.create("cse-in", "tk", tkid=tkid, tkob="aa.bb.cc").rsc == 2001
    looks = alike(tkid)
    assert admin.create("cse-in", "tk", tkid=looks, tkob="aa.bb.cc").rsc in (2001, 4000)
    for name in ("tids", "ltids"):
        answer = other.request("DELETE", f"{box}?{name}={quote(looks, safe='')}")
        assert answer.rsc in (4000, 4103), (name, answer)
    assert ae.retrieve(box).rsc == 2000


APPLICATIONS = ["nexample", "example", "", "N exam", "N\0example", "N/example", "N\u0301", "\uff2eexample",
                "\u039dexample", "N%00", "Nexample\u200b", "N.*", "N*", "Nexample?", "Nexample|Nx", "N\U0001f600",
                "r01.com.example", "Nexample\n", "N\"", "N\\x"]


@pytest.mark.parametrize("api", APPLICATIONS)
def test_an_application_of_another_name(own_rule, api):
    """SEC-REG-06 SEC-REG-07 SEC-IDN-01: the rule admits Nexample, and no name that looks like it"""
    answer = own_rule.As("Cguest").create("cse-in", "ae", api=api, rr=False, srv=["3"])
    assert answer.rsc in (4000, 4126), answer
    assert own_rule.retrieve("Cguest").rsc == 4004


@pytest.mark.parametrize("stem", ["cGuest", "CGUEST", "CguestX", "Cgues", "C*", "C.*", "C%67uest", "\uff23guest",
                                  "\u0421guest", "Cguest\u0301", "Cguest*", "C?uest", "[C]guest"])
def test_an_ae_that_no_rule_names(own_rule, stem):
    """SEC-REG-07 SEC-IDN-01"""
    client = own_rule.As(stem.encode())
    answer = client.create("cse-in", "ae", api="Nexample", rr=False, srv=["3"])
    assert answer.rsc in (4000, 4106, 4126), answer


@pytest.fixture(scope="module")
def own_rule(tmp_path_factory):
    """The administrator of a server that admits one AE of one application."""
    with Server(tmp_path_factory.mktemp("rule") / "data", "--profile-enforcement", "on") as server:
        client = Client(server.url)
        assert client.create("cse-in", "asar", rn="rule", aae=["Cguest"], aai=["Nexample"]).rsc == 2001
        assert client.create("cse-in", "mssp", rn="profile").rsc == 2001
        assert client.create("cse-in/profile", "svsn", ni="urn:n:1", csi="/id-in", rlk=["cse-in/rule"]).rsc == 2001
        yield client
        assert client.register("Cguest", api="Nexample").originator == "Cguest", "what the rule does admit"


# ---- header fields ----

ADMIN, OTHER = b"X-M2M-Origin: CAdmin", b"X-M2M-Origin: {other}"
SINGLE = [b"X-M2M-Origin: {other}", b"X-M2M-RI: r9", b"X-M2M-RVI: 3", b"X-M2M-OT: 20260101T000000", b"X-M2M-EC: 4",
          b"X-M2M-GID: g", b"X-M2M-RTU: 3", b"X-M2M-RST: 20300101T000000", b"X-M2M-RET: 5000", b"X-M2M-OET: 10",
          b"X-M2M-VSI: x", b"X-M2M-AS: x", b"Content-Type: application/json", b"Authorization: a.b.c",
          b"Merlon-Explain: originator=Cx", b"Host: localhost", b"Content-Length: 0"]


@pytest.mark.parametrize("field", SINGLE)
def test_repeated_fields(yard, field):
    """SEC-IMP-01: which of two counts is nobody's choice; small or capital letters make no second field"""
    name, _, value = field.partition(b": ")
    field = field.replace(b"{other}", yard.other.stem.encode())
    others = {b"X-M2M-RI": b"r2", b"Host": b"evil.example", b"X-M2M-Origin": b"CAdmin"}
    for spelled in (name, name.lower(), name.swapcase()):
        for second in (value.replace(b"{other}", yard.other.stem.encode()), others.get(name, value), b""):
            fields = [] if name == b"X-M2M-Origin" else [OTHER.replace(b"{other}", yard.other.stem.encode())]
            data = message("DELETE", yard.path, *fields, field, spelled + b": " + second)
            answers = send(yard.cse.url, data)
            assert [(status, rsc) for status, rsc, _ in answers] == [(400, 4000)], (spelled, second, answers)


LIKE_FROM = [b"X_M2M_Origin", b"X-M2M_Origin", b"X-M2M-0rigin", b"X-M2M-Origin-", b"X--M2M-Origin", b"-X-M2M-Origin",
             b"X-M2M-Origi", b"X-M2M-Originn", b"M2M-Origin", b"X%2DM2M%2DOrigin", b"X-M2M-Orig%69n", b"XM2MOrigin",
             b"X-Forwarded-X-M2M-Origin", b"Fr", b"fr", b"From", b"X-Originator", b"HTTP_X_M2M_ORIGIN",
             b"X.M2M.Origin", b"X-M2M-Origin*", b"X-M2M-Origin'"]
NO_NAME = [b"X-M2M-Origin ", b" X-M2M-Origin", b"X-M2M-Origin\t", b"X-M2M-Origin\0", b"X-M2M-Origin\x0b",
           b"X-M2M-Origin\xa0", b"X-M2M\xe2\x80\x90Origin", b"X-M2M-Or\xc4\xb1gin", b"X-M2M-Origin\x7f",
           b'"X-M2M-Origin"', b"X-M2M-Origin:", b"(X-M2M-Origin)", b"X-M2M-Origin;", b"X-M2M-Origin=", b"@X-M2M-Origin"]


@pytest.mark.parametrize("name", LIKE_FROM)
def test_names_almost_like_from(yard, name):
    """SEC-IMP-01: such a field is somebody else's: alone it names nobody, beside From nothing else"""
    spoof = name + b": CAdmin"
    real = OTHER.replace(b"{other}", yard.other.stem.encode())
    for fields, rsc in (([spoof], 4000), ([real, spoof], 4103), ([spoof, real], 4103)):
        answers = send(yard.cse.url, message("DELETE", yard.path, *fields))
        assert [a[1] for a in answers] == [rsc], (fields, answers)


@pytest.mark.parametrize("name", NO_NAME)
def test_names_that_are_none(yard, name):
    """SEC-IMP-01: not HTTP, whatever stands beside it"""
    spoof = name + b": CAdmin"
    real = OTHER.replace(b"{other}", yard.other.stem.encode())
    for fields in ([spoof], [real, spoof], [spoof, real]):
        answers = send(yard.cse.url, message("DELETE", yard.path, *fields))
        assert len(answers) == 1 and answers[0][:2] == (400, 4000), (fields, answers)


IGNORED = [b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method: DELETE", b"X-Method-Override: DELETE",
           b"X-Original-URL: /{path}", b"X-Rewrite-URL: /{path}", b"X-M2M-OP: 4", b"X-M2M-To: {path}",
           b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-User: CAdmin", b"X-Forwarded-Host: localhost",
           b"X-Client-Cert: x", b"Cookie: originator=CAdmin", b"Proxy-Authorization: Basic Q0FkbWluOg==",
           b"Authorization: Basic Q0FkbWluOg==", b"Authorization: Bearer CAdmin", b"Upgrade: h2c",
           b"Connection: X-M2M-Origin", b"Connection: close, X-M2M-Origin", b"Trailer: X-M2M-Origin",
           b"Forwarded: for=127.0.0.1;by=CAdmin", b"Prefer: respond-async"]


@pytest.mark.parametrize("field", IGNORED)
def test_fields_of_others(yard, field):
    """SEC-IMP-01 SEC-BND-01: they change neither the operation, nor the target, nor who asks"""
    real = OTHER.replace(b"{other}", yard.other.stem.encode())
    field = field.replace(b"{path}", yard.path.encode())
    for method, path, rsc in (("GET", yard.path, 2000), ("DELETE", yard.path, 4103), ("GET", yard.ae.path, 4103)):
        answers = send(yard.cse.url, message(method, path, real, field))
        assert [a[1] for a in answers] == [rsc], (method, answers)


@pytest.mark.parametrize("query", ["_method=DELETE", "X-M2M-Origin=CAdmin", "x-m2m-origin=CAdmin", "rqi=x", "From=x",
                                   "mln-explain=originator=CAdmin", "rids=r@merlon.example&rids", "ty=3&_=4"])
def test_parameters_that_no_query_has(yard, query):
    """SEC-IMP-06 SEC-BND-01"""
    origin = OTHER.replace(b"{other}", yard.other.stem.encode())
    for method in ("GET", "DELETE"):
        answers = send(yard.cse.url, message(method, f"{yard.path}?{query}", origin))
        assert [a[1] for a in answers] == [4000], answers


@pytest.mark.parametrize("query", ["fr=CAdmin", "op=4", "to=cse-in", "or=CAdmin", "tkns=a.b.c", "pc=x", "aei=CAdmin"])
def test_parameters_as_conditions(yard, query):
    """SEC-IMP-06: a query may name attributes, those of requests too: as conditions, which the target does not meet;
    and who may not ask learns nothing of them"""
    origin = OTHER.replace(b"{other}", yard.other.stem.encode())
    tried = [("GET", yard.path, origin, 4004), ("DELETE", yard.path, origin, 4103),
             ("GET", yard.ae.path, origin, 4103), ("DELETE", yard.path, b"X-Nothing: x", 4000)]
    for method, path, field, rsc in tried:
        answers = send(yard.cse.url, message(method, f"{path}?{query}", field))
        assert [a[1] for a in answers] == [rsc], (method, path, answers)


# ---- where a request comes from ----

V4 = {"acip": {"ipv4": ["10.1.2.3", "192.0.2.0/24"]}}
CLAIMS = [b"X-Forwarded-For: {a}", b"x-forwarded-for: {a}, 127.0.0.1", b"X-Forwarded-For: 127.0.0.1, {a}",
          b"X-Forwarded-For: {a}\r\nX-Forwarded-For: {a}", b"Forwarded: for={a}", b'Forwarded: for="{a}:1234"',
          b'Forwarded: for="[::ffff:{a}]"', b"X-Real-IP: {a}", b"X-Client-IP: {a}", b"Client-IP: {a}",
          b"True-Client-IP: {a}", b"CF-Connecting-IP: {a}", b"Fastly-Client-IP: {a}", b"X-Cluster-Client-IP: {a}",
          b"X-Remote-Addr: {a}", b"REMOTE_ADDR: {a}", b"X-Originating-IP: {a}", b"Via: 1.1 {a}",
          b"X-ProxyUser-Ip: {a}", b"X-Envoy-External-Address: {a}", b"X-M2M-UIP: {a}", b"X-M2M-AIP: {a}"]


@pytest.mark.parametrize("claim", CLAIMS)
def test_addresses_in_fields(admin, ae, other, claim):
    """SEC-CTX-12: an address is what the packets say; neither inside nor outside of a range by a field"""
    inside, outside = [admin.create("cse-in", "acp", pv={"acr": [
        {"acor": [other.stem], "acop": 63, "acco": [context]}]}, pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})["ri"]
        for context in ({"acip": {"ipv4": ["127.0.0.0/8"]}}, V4)]
    boxes = [ae.create(ae.path, "cnt", acpi=[policy])["ri"] for policy in (inside, outside)]
    origin = OTHER.replace(b"{other}", other.stem.encode())
    for address in (b"10.1.2.3", b"192.0.2.7"):
        field = claim.replace(b"{a}", address)
        codes = [send(other.url, message("GET", box, origin, field))[0][1] for box in boxes]
        assert codes == [2000, 4103], (field, codes)
    assert send(other.url, message("DELETE", boxes[1], origin, claim.replace(b"{a}", b"10.1.2.3")))[0][1] == 4103
    assert admin.retrieve(boxes[1]).rsc == 2000


@pytest.mark.parametrize("preamble", [
    b"PROXY TCP4 10.1.2.3 127.0.0.1 1234 80\r\n", b"PROXY UNKNOWN\r\n", b"PROXY TCP6 ::1 ::1 1 2\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\1\2\3\x7f\0\0\1\4\xd2\0\x50"], ids=range(4))
def test_addresses_before_the_request(yard, preamble):
    """SEC-CTX-12: what a balancer would put in front is no HTTP, and the request behind it is not done"""
    answers = send(yard.cse.url, preamble + message("DELETE", yard.path, ADMIN))
    assert [a[:2] for a in answers] == [(400, 4000)], answers


# ---- a request within a request ----

CHUNK = b"0\r\n\r\n"


def framings(hidden):
    """(what, header fields, body): two readers could see its end at different places. `hidden` is in the body, or
    behind it for those who count otherwise."""
    size = len(CHUNK + hidden)
    length = b"Content-Length: %d" % size
    both = CHUNK + hidden
    return [
        ("length and chunks", [length, b"Transfer-Encoding: chunked"], both),
        ("chunks and length", [b"Transfer-Encoding: chunked", length], both),
        ("chunks, length of none", [b"Content-Length: 0", b"Transfer-Encoding: chunked"], both),
        ("a blank before the colon", [length, b"Transfer-Encoding : chunked"], both),
        ("folded", [length, b"Transfer-Encoding:\r\n chunked"], both),
        ("folded name", [length, b"X: y\r\n Transfer-Encoding: chunked"], both),
        ("a vertical tabulator", [length, b"Transfer-Encoding:\x0bchunked"], both),
        ("NUL", [length, b"Transfer-Encoding: chunked\0"], both),
        ("a line feed alone", [length, b"X: y\nTransfer-Encoding: chunked"], both),
        ("a carriage return alone", [length, b"X: y\rTransfer-Encoding: chunked"], both),
        ("chunked twice", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], both),
        ("a list", [b"Transfer-Encoding: chunked, identity"], both),
        ("identity", [length, b"Transfer-Encoding: identity"], both),
        ("an unknown coding", [length, b"Transfer-Encoding: xchunked"], both),
        ("quoted", [length, b'Transfer-Encoding: "chunked"'], both),
        ("escaped", [length, b"Transfer-Encoding: %63hunked"], both),
        ("two lengths", [b"Content-Length: 0", length], both),
        ("two lengths otherwise", [length, b"Content-Length: 0"], both),
        ("a list of lengths", [b"Content-Length: 0, %d" % size], both),
        ("a sign", [b"Content-Length: +0"], both),
        ("hexadecimal", [b"Content-Length: 0x0"], both),
        ("a blank in it", [b"Content-Length: 0 0"], both),
        ("a chunk's size with a sign", [b"Transfer-Encoding: chunked"], b"+0\r\n\r\n" + hidden),
        ("a chunk's size that overflows", [b"Transfer-Encoding: chunked"], b"10000000000000000\r\n\r\n" + hidden),
        ("a chunk with line feeds", [b"Transfer-Encoding: chunked"], b"0\n\n" + hidden),
        ("an extension with a line feed", [b"Transfer-Encoding: chunked"], b"0;\nx\r\n\r\n" + hidden),
        ("a trailer that is a request", [b"Transfer-Encoding: chunked"], b"0\r\n" + hidden),
        ("a trailer with From", [b"Transfer-Encoding: chunked"], b"0\r\nX-M2M-Origin : CAdmin\r\n\r\n" + hidden),
    ]


@pytest.mark.parametrize("number", range(len(framings(b""))), ids=[what for what, _, _ in framings(b"")])
def test_requests_hidden_in_the_framing(yard, number):
    """SEC-BND-07: one refusal, the end of the connection, and nothing of what is behind is done"""
    _, fields, body = framings(message("DELETE", yard.path, ADMIN))[number]
    origin = OTHER.replace(b"{other}", yard.other.stem.encode())
    head = [b"PUT /%s HTTP/1.1" % yard.path.encode(), b"Host: localhost", origin, b"Content-Type: application/json",
            *fields]
    answers = send(yard.cse.url, b"\r\n".join(head) + b"\r\n" + RI + b"\r\n" + body)
    assert len(answers) == 1 and answers[0][0] in (400, 413, 501), answers


@pytest.mark.parametrize("field", [b"Transfer_Encoding: chunked", b"X-Transfer-Encoding: chunked", b"TE: chunked",
                                   b"Content_Length: 0", b"Content-Length-: 0", b"X-Content-Length: 0"])
def test_requests_in_a_body(yard, field):
    """SEC-BND-07: fields that only look like framing; the body is the body, and no JSON"""
    hidden = CHUNK + message("DELETE", yard.path, ADMIN)
    origin = OTHER.replace(b"{other}", yard.other.stem.encode())
    answers = send(yard.cse.url, message("PUT", yard.path, origin, field, body=hidden))
    assert [a[:2] for a in answers] == [(400, 4000)], answers


def test_values_that_would_split_an_answer(yard):
    """SEC-BND-07: what comes back to the sender stays one header field"""
    for value in ("r1%0d%0aX-M2M-RSC: 2000", "r1\\r\\nX: y", "r1\u2028X: y", "r1\u0085X", "r1\u00adX"):
        answer = yard.other.request("DELETE", yard.path, headers={"X-M2M-RI": value.encode()}, check=False)
        assert answer.rsc in (4000, 4103), answer
        assert "X" not in answer.headers
        assert answer.headers.get("X-M2M-RI", value).encode("latin-1").decode() == value


# ---- what only the CSE writes ----


@pytest.mark.parametrize("attribute, value", [
    ("ri", "x"), ("pi", "x"), ("ct", "20200101T000000"), ("lt", "20200101T000000"), ("ty", 2), ("cr", "CAdmin"),
    ("aei", "CAdmin"), ("st", 7), ("cni", 7), ("cbs", 7), ("csi", "/id-in"), ("ast", 1), ("ch", [])])
def test_attributes_that_are_given(yard, attribute, value):
    """SEC-ACP-20: nobody takes a place, a creator or a name in the body of a request"""
    for content in ({attribute: value}, {"rn": "new", attribute: value}):
        assert yard.ae.create(yard.ae.path, "cnt", **content).rsc == 4000
    assert yard.ae.update(yard.path, "cnt", **{attribute: value}).rsc == 4000
