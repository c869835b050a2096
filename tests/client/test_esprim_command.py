"""`--esprim`: requests inside ESPrim objects, against a target by python3-jwcrypto (lib/esprim.py).

spec: TS-0003 8.4, TS-0004 7.5.1.2.11, 7.5.1.2.13
"""

import json

import pytest
from lib import esprim
from lib.receiver import Receiver

UNPROTECTED, USAGE, DENIED, NOT_FOUND = 9, 2, 7, 6
KID = "thermo@sp.example"
KEY = bytes(range(32))
TARGET = "/in/base"
READING = "the reading is 21.5"
RESOURCE = {"m2m:cnt": {"rn": "c", "ty": 3, "lbl": [READING]}}
WRITES = (1, 3, 5)


def said(content):
    return 200, {"X-M2M-RSC": "2000", "Content-Type": "application/json"}, json.dumps(content).encode()


class Target:
    """A CSE that only has an ESPrim target. `say` changes what it answers."""

    def __init__(self):
        self.inner = {"rsc": 2000, "pc": RESOURCE}
        self.target = esprim.Target({KID: (KEY, "Cthermo")}, self.handle)
        self.esi = self.target.esi | {"esf": [13]}
        self.say = self.target.answer
        self.bodies = []
        self.receiver = Receiver(self.answer)

    def handle(self, request):
        return {"rsc": 2001 if request["op"] == 1 else 2000, **self.inner}

    def answer(self, received):
        self.bodies.append((received.path, str(received.headers), received.body))
        if received.pc is None and "esi" in received.path:  # RETRIEVE of e2eSecInfo
            return said({"m2m:cb": {"esi": self.esi} if self.esi is not None else {}})
        answer = self.say(received)
        if not isinstance(answer, int):
            self.bodies.append(answer)
        return answer

    @property
    def taken(self):
        return self.target.taken[-1]


@pytest.fixture
def target():
    made = Target()
    with made.receiver:
        yield made


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "thermo.key"
    file.write_text(KEY.hex() + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def protected(alone, target, key):
    """The command with --esprim for that target."""
    def run(verb, *words, code=0, **options):
        return alone(verb, "-u", target.receiver.url, "-o", "Cthermo", "--esprim", TARGET, "--esprim-key-id", KID,
                     "--esprim-key-file", key, *words, code=code, **options)
    return run


@pytest.mark.parametrize("words, inner", [
    (["create", "/in/base/c", "cnt", f"lbl={READING}"], {"op": 1, "ty": 3, "to": "/in/base/c"}),
    (["retrieve", "/in/base/c"], {"op": 2, "to": "/in/base/c"}),
    (["update", "/in/base/c", f"lbl={READING}"], {"op": 3, "to": "/in/base/c"}),
    (["delete", "/in/base/c"], {"op": 4, "to": "/in/base/c"}),
    (["notify", "/in/base/c", 'nev={"net": 3, "rep": {"m2m:cnt": {"lbl": ["%s"]}}}' % READING],
     {"op": 5, "to": "/in/base/c"}),
])
def test_each_operation(target, protected, words, inner):
    """SEC-EPR-01, of the command: what is inside is seen by the target alone."""
    done = protected(*words)
    assert {name: target.taken[name] for name in inner} == inner
    assert target.taken["fr"] == "Cthermo"
    assert inner["op"] not in WRITES or READING in json.dumps(target.taken["pc"])
    assert json.loads(done.stdout) == RESOURCE
    outside = repr(target.bodies)
    assert KID.encode().hex() not in outside and READING not in outside and "/in/base/c" not in outside


def test_a_list(target, protected):
    target.inner = {"rsc": 2000, "pc": {"m2m:uril": ["/in/base/c", "/in/base/d"]}}
    assert protected("discover", "/in/base").stdout.split() == ["/in/base/c", "/in/base/d"]
    assert target.taken["op"] == 2 and "/in/base/c" not in repr(target.bodies)


@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
def test_serialisations_of_what_is_inside(target, protected, form):
    """SEC-EPR-20"""
    done = protected("create", "/in/base/c", "cnt", f"lbl={READING}", "--esprim-format", form)
    assert json.loads(done.stdout)["m2m:cnt"]["lbl"] == [READING]
    assert target.taken["pc"]["m2m:cnt"]["lbl"] == [READING]


def test_the_originator_inside(target, protected):
    """Its whole name, for the target; around it the registrar's AE."""
    target.target.keys[KID] = (KEY, "/gw/Cthermo")
    protected("retrieve", "/in/base/c", "--esprim-originator", "/gw/Cthermo")
    assert target.taken["fr"] == "/gw/Cthermo"
    assert "/gw/" not in repr(target.bodies) and "Cthermo" in repr(target.bodies)


def test_a_refusal_inside_is_one_as_ever(target, protected):
    """SEC-EPR-09"""
    target.inner = {"rsc": 4103, "pc": {"m2m:dbg": "no rule"}}
    assert "4103" in protected("retrieve", "/in/base/c", code=DENIED).stderr
    target.inner = {"rsc": 4004}
    assert "4004" in protected("retrieve", "/in/base/c", code=NOT_FOUND).stderr


@pytest.mark.parametrize("change, rsc, remedy", [
    (["--esprim-key-id", "other@sp.example"], 4112, "--esprim-key-id"),
    (["-o", "Cother"], 4116, "--esprim-originator"),
    (["--esprim-key-file", None], 4115, "--esprim-key-file"),
])
def test_protection_that_the_target_does_not_take(alone, target, key, change, rsc, remedy):
    """The message says what is wrong and what to do, and nothing of the key."""
    words = {"-u": target.receiver.url, "-o": "Cthermo", "--esprim": TARGET, "--esprim-key-id": KID,
             "--esprim-key-file": key}
    if rsc == 4115:
        key.write_text("ab" * 32)
    else:
        words[change[0]] = change[1]
    said = alone("retrieve", "/in/base/c", *[w for pair in words.items() for w in pair], code=UNPROTECTED)
    assert str(rsc) in said.stderr and remedy in said.stderr and said.stdout == ""
    assert "abab" not in said.stderr and KEY.hex()[:8] not in said.stderr and not target.target.taken


@pytest.mark.parametrize("rsc, remedy", [
    (4004, "no such target"), (4103, "--security-info"), (4106, "--originator"), (4111, "algorithm"),
    (4113, "clocks"), (4114, "clocks"), (5001, "end-to-end security")])
def test_what_a_cse_on_the_way_says(target, protected, rsc, remedy):
    target.say = lambda received: rsc
    said = protected("retrieve", "/in/base/c", code=UNPROTECTED)
    assert str(rsc) in said.stderr and remedy in said.stderr and said.stdout == ""


def test_a_missing_originator_is_hinted_at(alone, target, key):
    target.say = lambda received: 4103
    said = alone("retrieve", "-u", target.receiver.url, "/in/base/c", "--esprim", TARGET, "--esprim-key-id", KID,
                 "--esprim-key-file", key, code=UNPROTECTED)
    assert "no originator is set" in said.stderr


def plain(received):
    """An answer of somebody on the way: the resource, in the clear."""
    return said(RESOURCE)


def test_what_is_not_protected_is_no_answer(target, protected):
    """SEC-EPR-13"""
    target.say = plain
    said = protected("retrieve", "/in/base/c", code=UNPROTECTED)
    assert said.stdout == "" and READING not in said.stderr


def test_a_changed_answer_is_none(target, protected):
    """SEC-EPR-13"""
    def change(received):
        status, headers, body = target.target.answer(received)
        return status, headers, body.replace(b'"}}', b'A"}}') if b"epo" in body else body
    target.say = change
    said = protected("retrieve", "/in/base/c", code=UNPROTECTED)
    assert said.stdout == "" and target.target.taken


def test_settings_of_the_environment(alone, target, key):
    alone.set(MERLON_URL=target.receiver.url, MERLON_ORIGINATOR="Cthermo", MERLON_ESPRIM=TARGET,
              MERLON_ESPRIM_KEY_ID=KID, MERLON_ESPRIM_KEY_FILE=str(key))
    alone("retrieve", "/in/base/c", code=0)
    assert target.taken["to"] == "/in/base/c"


def test_settings_of_a_file(alone, target, key, tmp_path):
    folder = tmp_path / "config" / "merlon"
    folder.mkdir(parents=True)
    (folder / "client.conf").write_text(
        f"[{target.receiver.url.split('//')[1]}]\noriginator = Cthermo\nesprim = {TARGET}\n"
        f"esprim-key-id = {KID}\nesprim-key-file = {key}\n")
    alone.set(XDG_CONFIG_HOME=str(tmp_path / "config"))
    alone("retrieve", "/in/base/c", "-u", target.receiver.url, code=0)
    assert target.taken["to"] == "/in/base/c"


def test_an_option_takes_the_setting_back(alone, target, key):
    """What is open is open because somebody said so."""
    target.say = plain
    alone.set(MERLON_URL=target.receiver.url, MERLON_ORIGINATOR="Cthermo", MERLON_ESPRIM=TARGET)
    assert "--esprim needs a key" in alone("retrieve", "/in/base/c", code=USAGE).stderr and not target.bodies
    alone("retrieve", "/in/base/c", "--esprim", "", code=0)
    assert len(target.bodies) == 2 and "esri" not in repr(target.bodies)


def test_what_would_come_in_the_clear_is_not_watched(target, protected):
    assert "in the clear" in protected("watch", "/in/base/c", code=USAGE).stderr and not target.bodies


@pytest.mark.parametrize("words, says", [
    ([], "--esprim needs a key"),
    (["--esprim-key-id", KID], "go together"),
    (["--esprim-key-id", "no identifier", "--esprim-key-file", "x"], "is no identifier of a key"),
    (["--esprim-key-id", KID, "--esprim-key-file", "/no/such/file"], "/no/such/file"),
])
def test_what_goes_together(alone, target, words, says):
    """Nothing is sent, least of all in the clear."""
    said = alone("retrieve", "-u", target.receiver.url, "-o", "Cthermo", "/in/base/c", "--esprim", TARGET, *words,
                 code=USAGE)
    assert says in said.stderr and not target.bodies


@pytest.mark.parametrize("more", [[], ["--esprim", ""]])
@pytest.mark.parametrize("words", [["--esprim-key-id", KID, "--esprim-key-file", "x"], ["--esprim-certificate", "x"]])
def test_a_key_without_a_target(alone, target, words, more):
    """is no request in the clear."""
    said = alone("retrieve", "-u", target.receiver.url, "-o", "Cthermo", "/in/base/c", *more, *words, code=USAGE)
    assert "--esprim is missing" in said.stderr and not target.bodies


def test_a_key_that_others_can_read_is_refused(alone, target, key, protected):
    key.chmod(0o644)
    assert "others" in protected("retrieve", "/in/base/c", code=USAGE).stderr and not target.bodies


# ---- a target, or somebody between, that lies ----


LIES = {  # the object instead of the answer; s: the session, r: the inner response, asked: the object of the request
    "of another request": lambda s, r, asked: s.seal_text(json.dumps(r | {"rqi": "another"})),
    "of no request": lambda s, r, asked: s.seal_text(json.dumps({"rsc": 2000, "pc": RESOURCE})),
    "without a code": lambda s, r, asked: s.seal_text(json.dumps({"rqi": r["rqi"], "pc": RESOURCE})),
    "with a word for a code": lambda s, r, asked: s.seal_text(json.dumps(r | {"rsc": READING})),
    "a list": lambda s, r, asked: s.seal_text(json.dumps([r])),
    "no text": lambda s, r, asked: esprim.forge(s.key, s.header(), b""),
    "no JSON": lambda s, r, asked: s.seal_text(READING),
    "without an end": lambda s, r, asked: s.seal_text("[" * 100000),
    "of another form": lambda s, r, asked: s.seal_text(json.dumps(r), "xml"),
    "the request": lambda s, r, asked: asked,
    "a request": lambda s, r, asked: s.seal_text(json.dumps({"op": 2, "to": READING, "fr": "x", "rqi": r["rqi"]})),
    "with oro": lambda s, r, asked: s.seal_text(json.dumps(r), oro=s.originator),
    "with a foreign member": lambda s, r, asked: s.seal_text(json.dumps(r), x=READING),
    "compressed": lambda s, r, asked: esprim.forge(s.key, s.header(zip="DEF"), json.dumps(r)),
    "critical": lambda s, r, asked: esprim.forge(s.key, s.header(crit=["x"], x=1), json.dumps(r)),
    "of another key": lambda s, r, asked: s.seal_text(json.dumps(r), kid="other@sp.example"),
    "of another originator": lambda s, r, asked: s.seal_text(json.dumps(r), ori="Oother"),
    "of another receiver": lambda s, r, asked: s.seal_text(json.dumps(r), rri="Uother"),
    "of another cipher": lambda s, r, asked: esprim.forge(s.key[:16], s.header(enc="A128GCM"), json.dumps(r)),
    "of another algorithm": lambda s, r, asked: esprim.forge(s.key, s.header(alg="none"), json.dumps(r)),
    "under another key": lambda s, r, asked: esprim.forge(bytes(len(s.key)), s.header(), json.dumps(r)),
    "with half a tag": lambda s, r, asked: esprim.forge(s.key, s.header(), json.dumps(r), tag_bytes=8),
    "with a long vector": lambda s, r, asked: esprim.forge(s.key, s.header(), json.dumps(r), bytes(16)),
    "twice": lambda s, r, asked: ".".join([s.seal_text(json.dumps(r))] * 2),
    "in parts": lambda s, r, asked: s.seal_text(json.dumps(r)).rpartition(".")[0],
    "nothing": lambda s, r, asked: "",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_false_answers(target, protected, lie):
    """SEC-EPR-13, SEC-EPR-02: the request was carried out, perhaps; but nobody is told what the target has not said"""
    def say(received):
        asked = received.pc["m2m:seci"]["epo"]
        session, _, request = target.target.open(asked)
        return said(esprim.seci(esprim.OBJECT, epo=lie(
            session, {"rqi": request["rqi"], "rvi": "3", "rsc": 2000, "pc": RESOURCE}, asked)))

    target.say = say
    done = protected("retrieve", "/in/base/c", code=UNPROTECTED)
    assert done.stdout == "" and READING not in done.stderr


@pytest.mark.parametrize("rsc", [4111, 4112, 4113, 4114, 4115, 4116, 5210, 5211])
def test_a_false_refusal(target, protected, rsc):
    """Who is between has the target carry it out, and says that it has not: that helps once at most (decision 0050)"""
    def say(received):
        answer = target.target.answer(received)
        return rsc if b"epo" in received.body else answer

    target.say = say
    assert protected("create", "/in/base/c", "cnt", code=UNPROTECTED).stdout == ""
    taken = target.target.taken
    assert len(taken) == (2 if rsc in (4113, 4114) else 1)
    assert "ot" in taken[0] and taken[0] == taken[-1], "so that a target can tell that it is the same"


OBJECTS = [{"esks": [2]}, {"esks": []}, {"espa": [99]}, {"espa": []}, {"esri": 'U","x":"'}, {"esrv": "1 2"},
           {"esrv": ""}, {"esrx": "20200101T000000"}, {"esrx": "soon"}, {"espa": [10] * 1000},
           {"esri": "U" * 5000}, {"x": 1}]


@pytest.mark.parametrize("changed", OBJECTS, ids=lambda changed: str(changed)[:30])
def test_false_receiver_objects(target, protected, changed):
    """SEC-EPR-18: nothing is sent under what cannot be used, be it shared or not"""
    false = target.target.shared | changed
    target.say = lambda received: said(esprim.seci(esprim.RANDOM_RESPONSE, ero=false))
    target.esi = {"esf": [13], **({"esro": false} if OBJECTS.index(changed) % 2 else {})}
    done = protected("retrieve", "/in/base/c", code=UNPROTECTED)
    assert done.stdout == "" and "epo" not in repr(target.bodies)


@pytest.mark.parametrize("esi", [None, {}, {"esf": []}, {"esf": [12, 14, 15, 24]}, {"esf": "13"}, 13], ids=str)
def test_targets_without_support(target, protected, esi):
    """SEC-EPR-18: the originator ends it by itself"""
    target.esi = esi
    assert protected("retrieve", "/in/base/c", code=UNPROTECTED).stdout == ""
    assert "m2m:seci" not in repr(target.bodies)
