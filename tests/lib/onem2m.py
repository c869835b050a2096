"""A oneM2M client for tests: says exactly what a test wants, and checks every answer.

Every answer is held against TS-0009 (headers) and the JSON Schema of its content.
"""

import datetime
import itertools
from urllib.parse import urlsplit

import requests

from . import schema, serial

TYPES = {"acp": 1, "ae": 2, "cnt": 3, "cin": 4, "cb": 5, "dlv": 6, "evcg": 7, "grp": 9, "mssp": 11, "mgc": 12,
         "nod": 14, "pch": 15, "csr": 16, "req": 17, "sch": 18, "asar": 19, "svsn": 20, "stcl": 21, "stcg": 22,
         "sub": 23, "smd": 24, "ntpr": 25, "ntp": 26, "pdr": 27, "fcnt": 28, "ts": 29, "tsi": 30, "rol": 31,
         "tk": 32, "tgr": 47, "crs": 48, "tsb": 60, "actr": 65, "depr": 66, "aeA": 10002}
HTTP_OF = {1001: 202, 1002: 202, 2000: 200, 2001: 201, 2002: 200, 2004: 200, 4000: 400, 4001: 501, 4004: 404,
           4005: 405, 4008: 504, 4015: 415, 4101: 403, 4102: 400, 4103: 403, 4104: 409, 4105: 409, 4106: 403,
           4107: 403, 4108: 403, 4109: 403, 4110: 400, 4111: 403, 4112: 403, 4113: 403, 4114: 403, 4115: 403,
           4116: 403, 4117: 403, 4124: 409, 4125: 501, 4126: 403, 4127: 403, 4128: 403, 4143: 400, 5000: 500,
           5001: 501, 5103: 404, 5105: 403, 5107: 404, 5203: 403, 5204: 500, 5205: 403, 5206: 501, 5207: 406,
           5209: 500, 5210: 500, 5211: 500, 5212: 500, 5219: 409, 5220: 409, 5221: 500, 6003: 404, 6010: 400,
           6020: 500, 6022: 400, 6023: 400, 6024: 400, 6028: 409}
_numbers = itertools.count(1)


class Answer:
    """A response primitive."""

    def __init__(self, response):
        self.http = response
        self.status = response.status_code
        self.headers = response.headers
        self.rsc = int(response.headers.get("X-M2M-RSC", 0))
        self.text = response.text
        self.pc = serial.decode(response.content, self.headers.get("Content-Type")) \
            if response.content else None

    @property
    def root(self):
        """Name of the member of the content: 'm2m:cnt'."""
        (name,) = self.pc
        return name

    @property
    def res(self):
        """Value of the member of the content."""
        return self.pc[self.root]

    @property
    def debug(self):
        return self.pc.get("m2m:dbg", "") if isinstance(self.pc, dict) else ""

    def __getitem__(self, attribute):
        return self.res[attribute]

    def __repr__(self):
        return f"<{self.status} {self.rsc} {self.text[:500]}>"


class Client:
    """Speaks for one originator."""

    def __init__(self, url, originator="CAdmin", rvi="3", form="json"):
        self.url = url
        self.originator = originator
        self.rvi = rvi
        self.form = form  # serialisation of requests, and wanted of answers
        self.session = requests.Session()
        self.session.trust_env = False

    def As(self, originator):  # pylint: disable=invalid-name
        """The same connection for another originator."""
        other = Client(self.url, originator, self.rvi, self.form)
        other.session = self.session
        return other

    def headers(self, more):
        headers = {"X-M2M-RI": f"r{next(_numbers)}", "X-M2M-RVI": self.rvi}
        if self.originator is not None:
            headers["X-M2M-Origin"] = self.originator
        headers.update(more or {})
        return {name: value for name, value in headers.items() if value is not None}

    def request(self, method, to, body=None, ty=None, headers=None, query=None, check=True):
        """`to` as in the primitive; `body` an object, or bytes sent as they are."""
        sent = self.headers(headers)
        if body is not None and not isinstance(body, (bytes, str)):
            body = serial.encode(body, self.form)
        if isinstance(body, str):
            body = body.encode()
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = serial.MEDIA[self.form] + (f";ty={ty}" if ty is not None else "")
        if self.form != "json":
            sent.setdefault("Accept", serial.MEDIA[self.form])
        response = self.session.request(method, self.url + path_of(to), data=body, headers=sent,
                                        params=query, timeout=60)
        answer = Answer(response)
        if check:
            check_answer(answer, sent)
        return answer

    # ---- operations ----

    def create(self, parent, kind, content=None, **attributes):
        """kind: short name ('cnt') or resource type number."""
        extra = {k: attributes.pop(k) for k in ("headers", "query") if k in attributes}
        ty = TYPES.get(kind, kind)
        name = kind if isinstance(kind, str) else {v: k for k, v in TYPES.items()}.get(kind, "x")
        body = content if content is not None else {f"m2m:{name}": attributes}
        return self.request("POST", parent, body, ty=ty, **extra)

    def retrieve(self, to, query=None, headers=None):
        return self.request("GET", to, query=query, headers=headers)

    def update(self, to, kind, content=None, **attributes):
        extra = {k: attributes.pop(k) for k in ("headers", "query") if k in attributes}
        return self.request("PUT", to, content if content is not None else {f"m2m:{kind}": attributes},
                            **extra)

    def delete(self, to, query=None, headers=None):
        return self.request("DELETE", to, query=query, headers=headers)

    def notify(self, to, content, headers=None):
        return self.request("POST", to, content, headers=headers)

    def discover(self, to="cse-in", **criteria):
        """List of addresses."""
        answer = self.retrieve(to, query={"fu": 1, **criteria})
        assert answer.rsc == 2000, answer
        return answer.pc["m2m:uril"]

    # ---- shortcuts ----

    def register(self, stem, name=None, **attributes):
        """Registers an AE and gives a client that speaks for it."""
        ae = {"api": "Ntest", "rr": True, "srv": ["3"], **attributes}
        if name:
            ae["rn"] = name
        answer = self.As(stem).create("cse-in", "ae", **ae)
        assert answer.rsc == 2001, answer
        return self.As(answer["aei"])


def timestamp(seconds=0.0):
    """m2m:timestamp of so many seconds from now. spec: TS-0004 6.3.3"""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y%m%dT%H%M%S,%f")


def path_of(to):
    """spec: TS-0009 6.2.2.1"""
    if to.startswith("//"):
        return "/_/" + to[2:]
    if to.startswith("/"):
        return "/~" + to
    return "/" + to


def header_spelling(response, name):
    """The name as the server wrote it."""
    for spelled, _ in response.raw.headers.items():
        if spelled.lower() == name.lower():
            return spelled
    return None


def check_answer(answer, sent):
    """What must hold for every answer to a well-formed request."""
    assert answer.rsc, f"no X-M2M-RSC: {answer}"
    assert answer.status == HTTP_OF[answer.rsc], answer
    for name in ("X-M2M-RSC", "X-M2M-RI", "X-M2M-RVI"):
        if name in sent or name == "X-M2M-RSC":
            assert header_spelling(answer.http, name) == name, f"{name} is spelled otherwise"
    if "X-M2M-RI" in sent:
        assert answer.headers.get("X-M2M-RI") == sent["X-M2M-RI"], answer
    if answer.pc is not None:
        media = answer.headers["Content-Type"].split(";")[0]
        assert media.endswith(serial.NAMES), answer
        if media.endswith("xml"):
            schema.check_xml(answer.http.content)
        assert isinstance(answer.pc, dict) and len(answer.pc) == 1, answer
        schema.check(answer.pc)
    if answer.rsc >= 4000:
        assert answer.debug or answer.root == "m2m:seci", f"an error without a reason: {answer}"


def parts(url):
    return urlsplit(url)


def grant(admin, *rules, self_rules=None, parent="cse-in", name=None):
    """Creates an ACP; rules are (originators, operations). Gives its resourceID."""
    def acrs(given):
        return {"acr": [{"acor": list(o), "acop": op} for o, op in given]}

    body = {"pv": acrs(rules), "pvs": acrs(self_rules or [(["CAdmin"], 63)])}
    if name:
        body["rn"] = name
    answer = admin.create(parent, "acp", **body)
    assert answer.rsc == 2001, answer
    return answer["ri"]
