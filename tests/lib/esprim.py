"""Both ends of ESPrim by a JOSE implementation that is not ours, python3-jwcrypto, and from the specification alone.

spec: TS-0003 8.4, 10.3.8; TS-0004 6.3.5.48 to 6.3.5.52, 7.5.1.2.11, 7.5.1.2.13; TS-0001 11.4.2
"""

import base64
import hashlib
import hmac
import itertools
import json
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwcrypto import jwe, jwk
from jwcrypto.common import JWException

from . import serial
from .clock import moment, seconds_until, stamp
from .server import own_data, run

LABEL = b"oneM2M HMAC-SHA256 sessionESPrimKey derivation algorithm"
ENC = {10: "A128GCM", 11: "A192GCM", 12: "A256GCM"}  # m2m:esprimProtocolAndAlgID
KEY_BYTES = {"A128GCM": 16, "A192GCM": 24, "A256GCM": 32}
MEMBERS = ("esri", "esrv", "esrx", "esks", "esk", "espa")  # of a random object, in the order of the schema
RANDOM_REQUEST, RANDOM_RESPONSE, OBJECT = 3, 4, 5  # m2m:securityInfoType
_numbers = itertools.count(1)


class Refused(Exception):
    """An end does not take an object; `rsc` says why."""

    def __init__(self, rsc, why):
        super().__init__(f"{rsc}: {why}")
        self.rsc = rsc


# ---- objects and keys ----


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def canonical(random):
    """The text of a random object that the session key is derived from."""
    return compact({name: random[name] for name in MEMBERS if name in random})


def make_random(initial, seconds=60, **members):
    """Its ID and value are names, which do not begin with a digit."""
    return {"esri": initial + secrets.token_hex(16), "esrv": "R" + secrets.token_hex(16), "esrx": stamp(seconds),
            **members}


def session_key(pairwise, receiver, originator):
    text = canonical(receiver).encode() + canonical(originator).encode() + LABEL
    return hmac.new(pairwise, text, hashlib.sha256).digest()


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(sealed):
    return json.loads(decode(sealed.split(".")[0]))


def forge(key, header, text, iv=None, tag_bytes=16):
    """An object whose tag fits, whatever its header says: a text is sent as it is. `key` has the length of the key."""
    first = encode((header if isinstance(header, str) else compact(header)).encode())
    iv = iv if iv is not None else secrets.token_bytes(12)
    text = text if isinstance(text, bytes) else text.encode()
    sealed = AESGCM(key).encrypt(iv, text, first.encode())
    return ".".join((first, "", encode(iv), encode(sealed[:-16]), encode(sealed[-16:][:tag_bytes])))


def seci(sit, **members):
    return {"m2m:seci": {"sit": sit, **members}}


def add_key(data, identity, *words, suid=13, key=None):
    """A pairwise key in the credentials of a CSE, a new one unless it is given; gives (identifier, bytes)."""
    key = key or secrets.token_bytes(32)
    done = run("key", "add", "--data", str(data), "--id", identity, "--suid", str(suid), "--key-file", "-", *words,
               input=key.hex())
    assert done.returncode == 0, done.stderr
    own_data(data)
    return identity, key


class Session:
    """What two ends share: objects are sealed and opened."""

    def __init__(self, kid, pairwise, receiver, originator, enc=None):
        self.kid = kid
        self.receiver = receiver
        self.originator = originator
        self.enc = enc or ENC[originator["espa"][0]]
        self.key = session_key(pairwise, receiver, originator)[:KEY_BYTES[self.enc]]

    def header(self, form="json", **more):
        """`more` adds members; None takes one out."""
        header = {"alg": "dir", "enc": self.enc, "kid": self.kid, "cty": serial.MEDIA[form],
                  "ori": self.originator["esri"], "rri": self.receiver["esri"], **more}
        return {name: value for name, value in header.items() if value is not None}

    def seal_text(self, text, form="json", **more):
        sealed = jwe.JWE(text if isinstance(text, bytes) else text.encode(), compact(self.header(form, **more)))
        sealed.add_recipient(jwk.JWK(kty="oct", k=encode(self.key)))
        return sealed.serialize(compact=True)

    def open_text(self, sealed):
        opened = jwe.JWE(algs=["dir", self.enc])
        try:
            opened.deserialize(sealed, jwk.JWK(kty="oct", k=encode(self.key)))
        except JWException as error:
            raise Refused(4115, "the tag does not fit") from error
        return opened.payload

    def names(self, header):
        """Does that object belong to this session?"""
        return all(header.get(name) == value for name, value in self.header(cty=None).items())


def write_primitive(primitive, form, root):
    """JSON as the parameters alone; the others under the name of the primitive."""
    return compact(primitive).encode() if form == "json" else serial.encode({root: primitive}, form)


def read_primitive(text, media):
    primitive = serial.decode(text, media)
    return next(iter(primitive.values())) if primitive.keys() & {"m2m:rqp", "m2m:rsp"} else primitive


# ---- the originator ----


def shared(client, resource):
    """The shared receiver object that a <CSEBase>, <AE> or <remoteCSE> publishes, or None."""
    answer = client.retrieve(resource, query={"atrl": "esi"})
    assert answer.rsc == 2000, answer
    return answer.res["esi"].get("esro")


def offered(client, to):
    """A receiver object that the target makes when it is asked."""
    answer = client.notify(to, seci(RANDOM_REQUEST))
    assert answer.rsc == 2000 and answer["sit"] == RANDOM_RESPONSE, answer
    return answer["ero"]


class Originator(Session):
    """Asks a target, which `client` reaches by notifications to `to`, for `fr`."""

    def __init__(self, client, to, kid, pairwise, fr=None, form="json", receiver=None, alg=None, **changed):
        """`changed`: members of the originator object."""
        receiver = receiver or offered(client, to)
        alg = alg or receiver["espa"][0]
        own = make_random("O", **{"esrx": receiver["esrx"], "esk": receiver["esks"][0], "espa": [alg], **changed})
        super().__init__(kid, pairwise, receiver, own)
        self.client = client
        self.to = to
        self.fr = fr or client.originator
        self.form = form
        self.is_known = False  # the target has the originator object

    def request(self, op, to, **parameters):
        """An inner request; None takes a parameter out."""
        request = {"op": op, "to": to, "fr": self.fr, "rqi": f"inner{next(_numbers)}", "rvi": "3", **parameters}
        return {name: value for name, value in request.items() if value is not None}

    def seal(self, request, **header):
        header = header if self.is_known else {"oro": self.originator, **header}
        return self.seal_text(write_primitive(request, self.form, "m2m:rqp"), self.form, **header)

    def send(self, sealed):
        """Gives the outer response."""
        return self.client.notify(self.to, seci(OBJECT, epo=sealed))

    def open(self, sealed):
        """The inner response."""
        header = header_of(sealed)
        if not self.names(header) or "oro" in header or not sealed.split(".")[1] == "":
            raise Refused(4000, f"another object was expected than {header}")
        response = read_primitive(self.open_text(sealed), header.get("cty", serial.MEDIA[self.form]))
        self.is_known = True
        return response

    def ask(self, op, to, **parameters):
        """Gives the inner response; the outer one must be a success."""
        request = self.request(op, to, **parameters)
        answer = self.send(self.seal(request))
        assert answer.rsc == 2000 and answer["sit"] == OBJECT, answer
        response = self.open(answer["epo"])
        assert response["rqi"] == request["rqi"], response
        return response


# ---- the target ----


class Target:
    """Answers what comes in ESPrim objects by a function of the inner request that gives an inner response. `keys`
    holds {kid: (key, the From that it proves)}. `answer` is for a Receiver."""

    def __init__(self, keys, handle, algs=(10, 11, 12), seconds=60):
        self.keys = keys
        self.handle = handle
        self.algs = list(algs)
        self.shared = make_random("S", seconds, esks=[1], espa=self.algs)
        self.seconds = seconds
        self.receivers = {self.shared["esri"]: self.shared}
        self.sessions = {}
        self.seen = set()
        self.taken = []  # the inner requests

    @property
    def esi(self):
        """e2eSecInfo of the <AE> that it is."""
        return {"esf": [13], "esro": self.shared}

    def offer(self):
        made = make_random("U", self.seconds, esks=[1], espa=self.algs)
        self.receivers[made["esri"]] = made
        return made

    def session_of(self, header):
        """In the order of the checks of TS-0004 7.5.1.2.13."""
        if header.get("alg") != "dir" or header.get("enc") not in {ENC[alg] for alg in self.algs}:
            raise Refused(4111, "algorithm")
        if header["kid"] not in self.keys:
            raise Refused(4112, "key")
        receiver = self.receivers.get(header["rri"])
        if not receiver or seconds_until(receiver["esrx"]) < 0:
            raise Refused(4114, "receiver object")
        name = (header["kid"], header["ori"], header["rri"])
        session = self.sessions.get(name)
        if not session or seconds_until(session.originator["esrx"]) <= 0:
            if header.get("oro", {}).get("esri") != header["ori"]:
                raise Refused(4113, "originator object")
            session = self.begin(header, receiver)
        elif header.get("oro", {"esri": header["ori"]})["esri"] != header["ori"]:  # for those that follow
            self.sessions[(header["kid"], header["oro"]["esri"], header["rri"])] = self.begin(header, receiver)
        return name, session

    def begin(self, header, receiver):
        own = header["oro"]
        is_over = seconds_until(own["esrx"]) <= 0 or moment(own["esrx"]) > moment(receiver["esrx"])
        if is_over:
            raise Refused(4113, "originator object")
        if own["esk"] not in receiver["esks"] or not set(own["espa"]) <= set(receiver["espa"]) or \
                header["enc"] not in {ENC[alg] for alg in own["espa"]}:
            raise Refused(4111, "algorithm")
        return Session(header["kid"], self.keys[header["kid"]][0], receiver, own, header["enc"])

    def open(self, sealed):
        """Gives the session, the header and the inner request."""
        try:
            header = header_of(sealed)
            (first, second, iv, *rest) = sealed.split(".")
            assert first and not second and len(rest) == 2
        except (ValueError, AssertionError) as error:
            raise Refused(4000, "no ESPrim object") from error
        name, session = self.session_of(header)
        request = read_primitive(session.open_text(sealed), header["cty"])
        if (name, iv) in self.seen:
            raise Refused(4000, "a replay")
        self.seen.add((name, iv))
        self.sessions[name] = session
        if request["fr"] != self.keys[header["kid"]][1]:
            raise Refused(4116, "From")
        return session, header, request

    def take(self, info, **header):
        """Gives the m2m:seci of the answer to one. Raises Refused."""
        if info["sit"] == RANDOM_REQUEST:
            return seci(RANDOM_RESPONSE, ero=self.offer())
        if info["sit"] != OBJECT or not isinstance(info.get("epo"), str):
            raise Refused(4000, "securityInfo")
        session, asked, request = self.open(info["epo"])
        self.taken.append(request)
        response = {"rqi": request["rqi"], "rvi": "3", **self.handle(request)}
        form = asked["cty"].rpartition("/")[2]
        text = write_primitive(response, form, "m2m:rsp")
        return seci(OBJECT, epo=session.seal_text(text, form, **header))

    def answer(self, received):
        try:
            content = self.take(received.pc["m2m:seci"])
        except Refused as refused:
            return refused.rsc
        return 200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, compact(content).encode()
