"""Attacks on ESPrim objects: whoever is between originator and target changes, repeats, mixes and makes up objects. All
are refused with the code of the standard, and nothing inside happens.

spec: TS-0003 8.4, TS-0004 7.5.1.2.13, TS-0001 11.4.2; security.md 25
"""

import concurrent.futures
import http.client
import itertools
import json
import secrets
import subprocess

import pytest
from lib import esprim
from lib.clock import seconds_until, stamp
from lib.onem2m import Client
from lib.server import Server, eventually

AE, OTHER = "Cfield", "Cother"
KIDS = {"field": AE, "other": OTHER}  # who they stand for
SUID = {"field": 13, "other": 13, "link": 12}
_numbers = itertools.count(1)


def kid(name):
    return f"{name}@sp.example"


class Field:
    """A CSE with keys for ESPrim, and a container of AE where each inner request that is carried out leaves a mark."""

    def __init__(self, folder, *options):
        self.data = folder / "data"
        self.keys = {name: esprim.add_key(self.data, kid(name), "--ae-id", KIDS.get(name, AE), suid=suid)[1]
                     for name, suid in SUID.items()}
        self.server = Server(self.data, *options)

    def __enter__(self):
        self.server.start()
        for stem in KIDS.values():
            self.admin.register(stem, name=stem)
            assert self.admin.As(stem).create(f"cse-in/{stem}", "cnt", rn="c").rsc == 2001
        return self

    def __exit__(self, *why):
        self.server.__exit__(*why)

    @property
    def admin(self):
        return Client(self.server.url)

    def originator(self, name="field", **how):
        """One that counts the marks that it should leave."""
        how = {"client": self.admin, "fr": KIDS.get(name, AE), **how}
        own = esprim.Originator(to="/id-in/-", kid=kid(name), pairwise=self.keys[name], **how)
        own.marks = 0
        return own

    @property
    def marks(self):
        """How many inner requests were carried out."""
        return self.admin.retrieve("cse-in/Cfield/c")["st"]


def marking(own, **parameters):
    """An inner request that leaves a mark."""
    return own.request(1, f"/id-in/cse-in/{own.fr}/c", ty=4, pc={"m2m:cin": {"con": "mark"}}, **parameters)


class Line:
    """One HTTP connection that is kept, for many objects; it says no more than it has to."""

    def __init__(self, field):
        self.http = http.client.HTTPConnection("127.0.0.1", field.server.port, timeout=20)

    def notify(self, content):
        """Gives the code and what the answer holds."""
        self.http.request("POST", "/~/id-in/-", json.dumps(content), {
            "X-M2M-Origin": "CAdmin", "X-M2M-RI": f"a{next(_numbers)}", "X-M2M-RVI": "3",
            "Content-Type": "application/json"})
        answer = self.http.getresponse()
        return int(answer.headers["X-M2M-RSC"]), answer.read()

    def send(self, sealed):
        return self.notify(esprim.seci(esprim.OBJECT, epo=sealed))

    def code(self, sealed):
        return self.send(sealed)[0]


@pytest.fixture(name="field", scope="module")
def fixture_field(tmp_path_factory):
    with Field(tmp_path_factory.mktemp("attack"), "--log", "debug") as field:
        yield field


@pytest.fixture(name="line")
def fixture_line(field):
    line = Line(field)
    yield line
    line.http.close()


@pytest.fixture(name="own")
def fixture_own(field):
    """An originator; what is done in its test leaves no mark but those that the test counts in own.marks."""
    own = field.originator()
    before = field.marks
    yield own
    assert field.marks == before + own.marks


def takes(own, line, **header):
    """A good object still goes through: nothing was harmed."""
    rsc, body = line.send(own.seal(marking(own), **header))
    assert rsc == 2000, body
    assert own.open(json.loads(body)["m2m:seci"]["epo"])["rsc"] == 2001
    own.marks += 1


# ---- flipped bits ----


def flipped(octets):
    for bit in range(8 * len(octets)):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def unique(pairs):
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


# What a change of the value of one member may be answered with.
CODES = {"alg": {4111}, "enc": {4111}, "kid": {4112}, "rri": {4114}, "ori": {4113}, "cty": {4115}, "oro": {4113}}
# Members of the originator object; the key of the session is made of them all.
OWN = {"esri": {4113, 4115}, "esrv": {4115}, "esrx": {4113, 4115}, "esk": {4111}, "espa": {4111}}


def codes_of(before, octets):
    """What may be said of a header that was `before`: what is no name or no timestamp is no header either."""
    try:
        after = json.loads(octets.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, AssertionError):
        return {4000}
    if not isinstance(after, dict) or after.keys() != before.keys():
        return {4000}
    (changed,) = (name for name in before if after[name] != before[name])
    if changed == "kid" and after["kid"] == f"field@{after['kid'][6:]}" and after["kid"].lower() == kid("field"):
        return {4113, 4115}  # domain names are alike in capitals
    if changed == "oro" and after["oro"].keys() == before["oro"].keys():
        (changed,) = (name for name in OWN if after["oro"][name] != before["oro"][name])
        return {4000} | OWN[changed]
    return {4000} | CODES[changed]


@pytest.mark.parametrize("is_known", [False, True], ids=["first", "later"])
def test_flipped_bits(own, line, is_known):
    """SEC-EPR-06: each bit of the header, the initialization vector, the ciphertext and the tag"""
    if is_known:
        takes(own, line)
    sealed = own.seal(marking(own))
    first, _, iv, text, tag = sealed.split(".")
    header = esprim.header_of(sealed)
    for octets in flipped(esprim.decode(first)):
        rsc = line.code(".".join((esprim.encode(octets), "", iv, text, tag)))
        assert rsc in codes_of(header, octets), octets
    for place, part in ((2, iv), (3, text), (4, tag)):
        parts = [first, "", iv, text, tag]
        for octets in flipped(esprim.decode(part)):
            parts[place] = esprim.encode(octets)
            assert line.code(".".join(parts)) == 4115, (place, octets)
    assert line.code(sealed) == 2000
    own.marks += 1


def test_flipped_bits_of_the_text(own, line):
    """The object as it is written: the characters, and the dots between the parts"""
    sealed = own.seal(marking(own))
    for i, octet in enumerate(sealed.encode()):
        for bit in range(7):
            changed = sealed[:i] + chr(octet ^ 1 << bit) + sealed[i + 1:]
            assert line.code(changed) in {4000, 4111, 4112, 4113, 4114, 4115}, changed
    takes(own, line)


# ---- lengths and forms ----


def test_wrong_lengths(own, line):
    """An initialization vector of 96 bits, a tag of 128 bits, and nothing else"""
    takes(own, line)
    request = own.seal(marking(own)).split(".")
    iv, tag = esprim.decode(request[2]), esprim.decode(request[4])
    for size in (0, 1, 4, 8, 11, 13, 16, 32):
        made = esprim.forge(own.key, own.header(), json.dumps(marking(own)), secrets.token_bytes(size) if size >= 8
                            else iv[:size] + bytes(8 - size)).split(".")
        made[2] = esprim.encode(esprim.decode(made[2])[:size])
        assert line.code(".".join(made)) == 4000, size
    for size in range(16):
        assert line.code(".".join((*request[:4], esprim.encode(tag[:size])))) == 4000, size
    for more in (b"\0", tag, bytes(4096)):
        assert line.code(".".join((*request[:4], esprim.encode(tag + more)))) == 4000
        assert line.code(".".join((*request[:3], esprim.encode(esprim.decode(request[3]) + more), request[4]))) == 4115
    assert line.code(".".join((*request[:3], "", request[4]))) == 4000
    assert line.code(esprim.forge(own.key, own.header(), b"")) == 4000  # an empty primitive
    takes(own, line)


@pytest.mark.parametrize("object_of", [
    lambda parts: ".".join(parts[:4]), lambda parts: ".".join((*parts, "")), lambda parts: ".".join((*parts, parts[4])),
    lambda parts: ".".join((parts[0], parts[2], parts[3], parts[4])), lambda parts: "....", lambda parts: "",
    lambda parts: ".".join(("", *parts[1:])), lambda parts: ".".join((parts[0], "AAAA", *parts[2:])),
    lambda parts: ".".join((parts[0] + "=", *parts[1:])), lambda parts: ".".join((parts[0] + "A", *parts[1:])),
    lambda parts: ".".join((parts[0], "", parts[2][:-1] + "+", *parts[3:])),
    lambda parts: ".".join((parts[0], "", parts[2] + "\n", *parts[3:])), lambda parts: " " + ".".join(parts),
    lambda parts: ".".join((*parts[:4], parts[4] + " ")), lambda parts: parts[0] * 2000 + "." + ".".join(parts[1:]),
    lambda parts: json.dumps({"protected": parts[0], "iv": parts[2], "ciphertext": parts[3], "tag": parts[4]}),
], ids=itertools.count())
def test_what_is_no_object(own, line, object_of):
    """SEC-EPR-08: the number of parts, the alphabet, padding, white space, the other form of JWE"""
    assert line.code(object_of(own.seal(marking(own)).split("."))) == 4000
    takes(own, line)


HEADERS = ["", "x", "null", "[]", '"dir"', "1", "{", "{}", "\xff", "{}{}", "{},", '{"alg":"dir"', "[" * 5000, "\0",
           '{"alg":dir}', "\ufeff{}"]


@pytest.mark.parametrize("header", HEADERS, ids=itertools.count())
def test_what_is_no_header(own, line, header):
    """SEC-EPR-08"""
    assert line.code(esprim.forge(own.key, header, json.dumps(marking(own)))) == 4000


MISSING = {"alg": {4000, 4111}, "enc": {4000, 4111}, "kid": {4000, 4112}, "ori": {4000, 4113}, "rri": {4000, 4114}}


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("value", [None, 1, "", True, [], ["dir"], {}, "x" * 5000, "\0", "../../etc/passwd"],
                         ids=lambda value: repr(value)[:12])
def test_members_of_the_header(own, line, name, value):
    """Missing, of another kind, without end"""
    takes(own, line)
    header = own.header(**{name: value})
    assert line.code(esprim.forge(own.key, header, json.dumps(marking(own)))) in MISSING[name]
    takes(own, line)


def test_the_order_of_members_is_free(own, line):
    """SEC-EPR-02"""
    names = ["oro", *own.header()]
    for turned in (names, sorted(names), names[::-1]):
        header = {**own.header(), "oro": own.originator}
        spaced = json.dumps({name: header[name] for name in turned}, indent=1)
        assert line.code(esprim.forge(own.key, spaced, json.dumps(marking(own)))) == 2000
        own.marks += 1


@pytest.mark.parametrize("more", [
    {"zip": "DEF"}, {"zip": ""}, {"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": ["ori"]},
    {"b64": False, "crit": ["b64"]}, {"rro": {"esri": "Ux"}}, {"epk": {"kty": "EC"}}, {"jku": "http://127.0.0.1:1/"},
    {"p2c": 1 << 30, "p2s": "x"}, {"x": 1}, {"typ": "JWT"}, {"ALG": "dir"}, {"": ""}], ids=str)
def test_members_that_do_not_belong(own, line, more):
    """SEC-EPR-02: the tag fits, and still they are refused: compression, extensions, keys of other ways"""
    takes(own, line)
    assert line.code(esprim.forge(own.key, {**own.header(), **more}, json.dumps(marking(own)))) == 4000


@pytest.mark.parametrize("name", ["alg", "enc", "kid", "cty", "ori", "rri", "oro"])
@pytest.mark.parametrize("is_first", [True, False])
def test_members_twice(own, line, name, is_first):
    """RFC 7516 4: no name twice, whether the values are the same or not"""
    header = {**own.header(), "oro": own.originator}
    text = esprim.compact(header)
    for value in (header[name], "x"):
        again = f"{json.dumps(name)}:{esprim.compact(value)}"
        written = f"{{{again},{text[1:]}" if is_first else f"{text[:-1]},{again}}}"
        assert line.code(esprim.forge(own.key, written, json.dumps(marking(own)))) == 4000
        escaped = written.replace(f'"{name}"', f'"\\u{ord(name[0]):04x}{name[1:]}"', 1)
        assert line.code(esprim.forge(own.key, escaped, json.dumps(marking(own)))) == 4000


# ---- algorithms ----


@pytest.mark.parametrize("alg", ["none", "DIR", "dir ", "A128KW", "A256GCMKW", "RSA-OAEP", "ECDH-ES",
                                 "PBES2-HS256+A128KW", "HS256"])
def test_other_algorithms_for_keys(own, line, alg):
    header = {**own.header(alg=alg), "oro": own.originator}
    assert line.code(esprim.forge(own.key, header, json.dumps(marking(own)))) == 4111
    made = esprim.forge(own.key, header, json.dumps(marking(own))).split(".")
    made[1] = esprim.encode(secrets.token_bytes(24))
    assert line.code(".".join(made)) == 4000


@pytest.mark.parametrize("enc", ["A128CBC-HS256", "A256CBC-HS512", "a128gcm", "C20P", "none"])
def test_other_ciphers(own, line, enc):
    """SEC-EPR-03"""
    header = {**own.header(enc=enc), "oro": own.originator}
    assert line.code(esprim.forge(own.key, header, json.dumps(marking(own)))) == 4111


@pytest.mark.parametrize("alg", [10, 11, 12])
def test_a_cipher_that_was_not_agreed(field, own, line, alg):
    """SEC-EPR-03: each is taken, and no other than that of the originator object, whatever the key's length"""
    asked = field.originator(alg=alg)
    request = json.dumps(marking(asked))
    for other in esprim.ENC.values():
        if other != asked.enc:
            key = esprim.session_key(field.keys["field"], asked.receiver, asked.originator)[:esprim.KEY_BYTES[other]]
            header = {**asked.header(enc=other), "oro": asked.originator}
            assert line.code(esprim.forge(key, header, request)) == 4111
    takes(asked, line)
    own.marks += 1


@pytest.mark.parametrize("changed,code", [
    ({"esk": 2}, 4111), ({"esk": 0}, 4111), ({"espa": [10, 99]}, 4111), ({"espa": []}, 4000),
    ({"espa": [10] * 17}, 4000), ({"esrx": "20200101T000000"}, 4113), ({"esrx": "20991231T235959"}, 4113),
    ({"esrx": "never"}, 4000),
    ({"esrx": "60000"}, 4000), ({"esrv": "1 2"}, 4000), ({"esrv": "x" * 1000}, 4000), ({"esri": "0x"}, 4000),
    ({"esri": "Oother"}, 4113), ({"esks": [1]}, 4000), ({"x": 1}, 4000)], ids=lambda value: str(value)[:30])
def test_originator_objects(field, own, line, changed, code):
    """SEC-EPR-05: what outlives the receiver object, is over, or asks for what was not offered; though the tag fits"""
    made = field.originator(alg=10)
    header = made.header()
    made.originator.update(changed)
    key = esprim.session_key(field.keys["field"], made.receiver, made.originator)[:16]
    assert line.code(esprim.forge(key, {**header, "oro": made.originator}, json.dumps(marking(own)))) == code


# ---- keys and identities ----


def test_keys_of_others(field, own, line):
    """SEC-EPR-04, SEC-EPR-06, SEC-IDN-03: the identifier of one key with an object of another"""
    takes(own, line)
    other = field.originator("other", fr=AE)
    assert line.code(own.seal(marking(own), kid=kid("other"), oro=own.originator)) == 4115
    assert line.code(other.seal(marking(other), kid=kid("field"), oro=other.originator)) == 4115
    assert line.code(own.seal(marking(own), kid=kid("link"))) == 4112
    assert line.code(own.seal(marking(own), kid=kid("nobody"))) == 4112
    link = field.originator("link")
    assert line.code(link.seal(marking(link))) == 4112
    takes(own, line)


@pytest.mark.parametrize("fr", [OTHER, "Cfield2", "cfield", "/id-in/Cother", "/id-in", "//merlon.example/id-in/Cother",
                                "CAdmin", "/id-in/CAdmin", "",
                                "/id-in/*", "/id-in/C*", "//other.example/id-in/Cfield", None])
def test_who_it_says_to_be(own, line, fr):
    """SEC-EPR-07: a key is for its holder; nothing is carried out for others"""
    assert line.code(own.seal(marking(own, fr=fr))) == 4116
    takes(own, line)


# ---- again ----


@pytest.mark.threads
def test_replays(field, own, line):
    """SEC-EPR-15: once is once, also over other connections, at the same time, and under the name of others"""
    takes(own, line)
    sealed = own.seal(marking(own))
    assert line.code(sealed) == 2000
    own.marks += 1
    for _ in range(3):
        assert line.code(sealed) == 4000
    for who in ("CAdmin", "Cfield"):
        assert field.admin.As(who).notify("/id-in/-", esprim.seci(esprim.OBJECT, epo=sealed)).rsc == 4000
    fresh = own.seal(marking(own))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        lines = [Line(field) for _ in range(8)]
        codes = list(pool.map(lambda each: each.code(fresh), lines))
    own.marks += 1
    assert sorted(codes) == [2000] + [4000] * 7, codes
    for each in lines:
        each.http.close()
    takes(own, line)


@pytest.mark.threads
def test_first_objects_at_the_same_time(field, own):
    """SEC-EPR-15: the object that begins a session too"""
    for _ in range(10):
        begins = field.originator()
        sealed = begins.seal(marking(begins))
        lines = [Line(field) for _ in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda each, it=sealed: each.code(it), lines))
        for each in lines:
            each.http.close()
        own.marks += 1
        assert sorted(codes) == [2000] + [4000] * 7, codes


def test_answers_as_requests(own, line):
    """An answer that is sent back is no request"""
    rsc, body = line.send(own.seal(marking(own)))
    own.marks += 1
    assert rsc == 2000
    assert line.code(json.loads(body)["m2m:seci"]["epo"]) == 4000
    takes(own, line)


def test_the_same_vector_for_another_text(own, line):
    """Who uses an initialization vector twice is refused, before the text is looked at"""
    iv = secrets.token_bytes(12)
    takes(own, line)
    assert line.code(esprim.forge(own.key, own.header(), json.dumps(marking(own)), iv)) == 2000
    own.marks += 1
    assert line.code(esprim.forge(own.key, own.header(), json.dumps(marking(own)), iv)) == 4000


@pytest.mark.parametrize("ends", ["stop", "kill"])
def test_replays_after_a_restart(tmp_path, ends):
    """What was recorded before is of no use afterwards; an originator begins anew"""
    with Field(tmp_path) as field:
        line, own = Line(field), field.originator()
        begins = own.seal(marking(own))
        assert line.code(begins) == 2000
        follows = own.seal(marking(own), oro=own.originator)
        assert line.code(follows) == 2000
        unsent = own.seal(marking(own), oro=own.originator)
        before = field.marks
        getattr(field.server, ends)()
        field.server.start()
        line = Line(field)
        for sealed in (begins, follows, unsent):
            assert line.code(sealed) == 4114
        assert field.marks == before
        takes(field.originator(), line)


def test_announced_sessions(field, own, line):
    """SEC-EPR-22: the originator object of the next session counts when its object was taken, and not before"""
    takes(own, line)
    other = field.originator(receiver=own.receiver)
    sealed = own.seal(marking(own), oro=other.originator)
    first, _, iv, text, tag = sealed.split(".")
    assert line.code(".".join((first, "", iv, text, esprim.encode(bytes(16))))) == 4115
    assert line.code(other.seal(marking(other), oro=None)) == 4113
    assert line.code(sealed) == 2000
    own.marks += 1
    other.is_known = True
    takes(other, line)
    own.marks += 1
    takes(own, line)


# ---- time ----


def refused_at_last(own, line):
    """What is said when the objects of `own` do not count any more."""
    def refusal():
        code = line.code(own.seal(own.request(2, "/id-in/-"), oro=own.originator))
        return code if code != 2000 else None
    return eventually(refusal, 40, "the end")


def test_what_is_over(tmp_path):
    """SEC-EPR-05, SEC-EPR-10: an object ends with its originator object, and that with its receiver object"""
    with Field(tmp_path, "--esprim-lifetime", "4") as field:
        line, long = Line(field), field.originator()
        short = field.originator(receiver=long.receiver, esrx=stamp(2))
        takes(short, line)
        takes(long, line)
        assert refused_at_last(short, line) == 4113
        assert line.code(short.seal(marking(short))) == 4113
        takes(long, line)
        assert refused_at_last(long, line) == 4114
        assert field.marks == 3
        takes(field.originator(), line)


@pytest.mark.parametrize("skew", [0, 30])
def test_clocks_that_differ(tmp_path, skew):
    """SEC-EPR-05: originators whose clock is late, within what is allowed; no object outlives the receiver's"""
    with Field(tmp_path, "--esprim-skew", str(skew)) as field:
        line = Line(field)
        for late, code in ((10, 2000 if skew else 4113), (31, 4113), (3600, 4113)):
            own = field.originator(esrx=stamp(-late))
            assert line.code(own.seal(marking(own))) == code, late
        receiver = esprim.offered(field.admin, "/id-in/-")
        own = field.originator(receiver=receiver, esrx=stamp(seconds_until(receiver["esrx"]) + 2))
        assert line.code(own.seal(marking(own))) == 4113


# ---- bounds ----


def test_receiver_objects_without_end(field, own, line):
    """Memory stays as it is, and what others were offered counts"""
    waiting = field.originator(client=field.admin.As("Cother"))
    for _ in range(500):
        assert line.notify(esprim.seci(esprim.RANDOM_REQUEST))[0] == 2000
    before = field.server.rss()
    for _ in range(3000):
        assert line.notify(esprim.seci(esprim.RANDOM_REQUEST))[0] == 2000
    assert field.server.rss() < before + (8 << 20)
    takes(waiting, line)
    own.marks += 1


def test_sessions_without_end(tmp_path):
    """Each key has its share; what lives is not dropped for what is new, and what others do goes on"""
    with Field(tmp_path, "--limit", "esprim_sessions_per_key=8", "--esprim-lifetime", "20") as field:
        line, first = Line(field), field.originator()
        takes(first, line)
        codes = []
        for _ in range(300):
            own = field.originator(receiver=first.receiver)
            codes.append(line.code(own.seal(marking(own))))
        assert codes == [2000] * 7 + [codes[7]] * 293 and codes[7] >= 4000, set(codes)
        assert field.marks == 8
        takes(first, line)
        takes(field.originator("other", receiver=first.receiver), line)


def test_objects_without_end(tmp_path):
    """A session takes so many objects; then the originator begins another"""
    with Field(tmp_path, "--limit", "esprim_session_objects=64") as field:
        line, own = Line(field), field.originator()
        codes = [line.code(own.seal(marking(own))) for _ in range(100)]
        taken = codes.count(2000)
        assert 0 < taken <= 64 and codes == [2000] * taken + [4113] * (100 - taken)
        assert field.marks == taken
        takes(field.originator(receiver=own.receiver), line)


# ---- what is told ----


def test_known_objects(own, line, tmp_path):
    """SEC-EPR-24: an object by the command jose"""
    key = tmp_path / "key.jwk"
    key.write_text(json.dumps({"kty": "oct", "k": esprim.encode(own.key)}))
    header = {"protected": {**own.header(), "oro": own.originator}}
    done = subprocess.run(["jose", "jwe", "enc", "-I-", "-c", "-k", str(key), "-i", json.dumps(header)],
                          input=json.dumps(marking(own)), capture_output=True, text=True, check=True, timeout=20)
    rsc, body = line.send(done.stdout.strip())
    own.marks += 1
    assert rsc == 2000, body
    sealed = json.loads(body)["m2m:seci"]["epo"]
    done = subprocess.run(["jose", "jwe", "dec", "-i-", "-k", str(key)], input=sealed, capture_output=True, text=True,
                          check=True, timeout=20)
    assert json.loads(done.stdout)["rsc"] == 2001


@pytest.mark.parametrize("content", [
    {"sit": 5}, {"sit": 5, "epo": None}, {"sit": 5, "epo": 1}, {"sit": 5, "epo": ["x"]}, {"sit": 5, "eckm": "AAAA"},
    {"sit": 3, "epo": "x"}, {"sit": 4}, {"sit": "5", "epo": "x"}, {"sit": 5, "epo": "x", "foreign": 1},
    {"sit": 3, "foreign": 1}, {"sit": 55, "epo": "x"}, {"epo": "x"}, {}], ids=str)
def test_security_info(line, content):
    """SEC-EPR-23"""
    assert line.notify({"m2m:seci": content})[0] == 4000


def test_errors_tell_no_more(own, line):
    """Wherever a bit is flipped, the same is said"""
    takes(own, line)
    first, _, iv, text, tag = own.seal(marking(own)).split(".")
    said = {line.send(".".join((first, "", *changed)))[1]
            for changed in ((esprim.encode(bytes(12)), text, tag), (iv, esprim.encode(bytes(99)), tag),
                            (iv, text, esprim.encode(bytes(16))))}
    assert len(said) == 1, said


def test_logs_tell_nothing(tmp_path):
    """SEC-BND-09, SEC-IDN-08: neither the log, at its most talkative, nor the audit file, nor the store hold objects,
    what is in them, tokens, or keys"""
    audit = tmp_path / "audit"
    with Field(tmp_path, "--log", "debug", "--audit", str(audit), "--audit-all", "on") as field:
        line, own = Line(field), field.originator()
        takes(own, line)
        secret = "s" + secrets.token_hex(16)
        asked = own.request(1, "/id-in/cse-in/Cfield/none", ty=4, pc={"m2m:cin": {"con": secret}})
        rsc, body = line.send(own.seal(asked))
        answer = json.loads(body)["m2m:seci"]["epo"]
        assert rsc == 2000 and own.open(answer)["rsc"] == 4004
        wrong = own.seal(marking(own))[:-4] + "AAAA"
        assert line.code(wrong) == 4115
        assert line.notify({"m2m:seci": {"sit": 6, "eckm": "FgMBAAUB" + "A" * 40}})[0] >= 4000
        tokens = [".".join(secrets.token_hex(8) for _ in range(3)) for _ in range(2)]
        for value in (tokens[0], f"Bearer {tokens[1]}", "+".join(tokens)):
            assert field.admin.As("Cfield").retrieve("cse-in/Cother", headers={"Authorization": value}).rsc >= 4000
        field.server.stop()
        told = field.server.log() + audit.read_text()
        stored = b"".join(path.read_bytes() for path in field.data.rglob("*") if path.is_file())
        for text in (*tokens, secret, wrong.split(".")[3][:40], answer.split(".")[3][:40], "A" * 40,
                     own.receiver["esrv"], own.originator["esrv"], own.key.hex(), field.keys["field"].hex()):
            assert text not in told and text.encode() not in stored, text
        assert kid("field") in told  # it does tell whose they were
        assert field.keys["field"] not in stored and own.key not in stored
