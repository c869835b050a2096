"""The CSE as target of ESPrim: requests inside ESPrim objects, by an originator that is not ours (lib/esprim.py).
spec: TS-0003 8.4, TS-0004 7.5.1.2.11, 7.5.1.2.13, 7.6.2, TS-0001 11.4.2; security.md 25
"""

import base64
import concurrent.futures
import http.client
import json
import secrets
import signal

import pytest
from lib import serial
from lib.clock import moment, seconds_until, stamp
from lib.esprim import (OBJECT, Originator, Refused, Target, add_key, compact, forge, header_of, make_random, offered,
                        seci, shared)
from lib.fleet import Fleet, remote_cse
from lib.onem2m import Client, grant
from lib.receiver import Receiver
from lib.server import Server, eventually, own_data, run
from lib.tls import Lab, Shaken, cert_maker
from lib.together import together

CREATE, RETRIEVE, UPDATE, DELETE, NOTIFY = 1, 2, 3, 4, 5


class Scene:
    """A CSE with keys, and AEs that have some of them."""

    def __init__(self, data, *options, **more):
        self.keys = {name: add_key(data, f"{name}@merlon.example", *words, suid=suid) for name, suid, words in (
            ("ae", 13, ["--ae-id", "Cae"]), ("other", 23, ["--ae-id", "Cother"]), ("far", 33, ["--ae-id", "/mn/Cfar"]),
            ("cse", 13, ["--cse-id", "//merlon.example/mn"]), ("admin", 13, ["--ae-id", "CAdmin"]),
            ("fleet", 13, ["--ae-id", "C*"]), ("nobody", 13, []),
            ("old", 13, ["--ae-id", "Cae", "--not-before", "20200101T000000", "--not-after", "20210101T000000"]),
            ("early", 13, ["--ae-id", "Cae", "--not-before", "P1D"]),
            ("association", 12, ["--ae-id", "Cae"]), ("remote", 32, ["--ae-id", "Cae"]),
            ("data", 14, ["--ae-id", "Cae"]))}
        self.data = data
        self.server = Server(data, *options, **more)

    def __enter__(self):
        self.server.start()
        self.admin = Client(self.server.url)
        for stem in ("Cae", "Cother", "Cplain"):
            self.admin.register(stem, stem)
        self.ae = self.admin.As("Cae")
        self.plain = self.admin.As("Cplain")  # who hands things over
        return self

    def __exit__(self, kind, value, trace):
        self.server.__exit__(kind, value, trace)

    def originator(self, key="ae", fr=None, form="json", by=None, **more):
        fr = fr or {"ae": "Cae", "other": "Cother", "far": "/mn/Cfar", "cse": "/mn", "admin": "CAdmin"}.get(key, "Cae")
        return Originator(by or self.plain, "cse-in", *self.keys[key], fr=fr, form=form, **more)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with Scene(tmp_path_factory.mktemp("esprim") / "data") as made:
        yield made


@pytest.fixture
def box(scene):
    """A container of Cae, that nobody else may see; its name is told by nobody."""
    name = f"box{secrets.token_hex(8)}"
    assert scene.ae.create("cse-in/Cae", "cnt", rn=name).rsc == 2001
    return f"cse-in/Cae/{name}"


def refused(originator, request=None, **header):
    """The outer Response Status Code; `header` changes members of the header."""
    text = compact(request or originator.request(RETRIEVE, "cse-in/Cae"))
    more = {"oro": None if originator.is_known else originator.originator, **header}
    return originator.send(forge(originator.key, originator.header(**more), text)).rsc


# ---- inner requests ----


@pytest.mark.threads
def test_each_operation(scene, box):
    """Create, retrieve, update, delete and notify as in the clear, errors too"""
    o = scene.originator()
    made = o.ask(CREATE, box, ty=3, pc={"m2m:cnt": {"rn": "c", "lbl": ["x"]}})
    assert made["rsc"] == 2001 and made["pc"]["m2m:cnt"]["lbl"] == ["x"] and made["rvi"] == "3"
    assert o.ask(RETRIEVE, f"{box}/c")["pc"]["m2m:cnt"]["rn"] == "c"
    assert o.ask(UPDATE, f"{box}/c", pc={"m2m:cnt": {"lbl": ["y"]}})["rsc"] == 2004
    assert o.ask(RETRIEVE, f"{box}/c", atrl=["lbl"])["pc"] == {"m2m:cnt": {"lbl": ["y"]}}
    assert o.ask(RETRIEVE, box, fc={"fu": 1, "ty": [3]}, rcn=11)["pc"] == {"m2m:uril": [f"{box}/c"]}
    assert o.ask(DELETE, f"{box}/c")["rsc"] == 2002
    assert o.ask(RETRIEVE, f"{box}/c")["rsc"] == 4004
    assert o.ask(CREATE, box, ty=3, pc={"m2m:cnt": {"nonsense": 1}})["rsc"] == 4000
    assert o.ask(NOTIFY, box, pc={"m2m:sgn": {"sur": "x"}})["rsc"] == 4005
    assert scene.originator("admin").ask(NOTIFY, "cse-in", pc={"m2m:sgn": {"sur": "x", "vrq": True}})["rsc"] == 2000


def test_groups_inside(scene, box):
    """A group makes requests of one as always, for who is proved by the key"""
    o = scene.originator()
    members = []
    for name in "ab":
        assert o.ask(CREATE, box, ty=3, pc={"m2m:cnt": {"rn": name}})["rsc"] == 2001
        members.append(f"{box}/{name}")
    group = {"m2m:grp": {"rn": "g", "mnm": 5, "mid": members}}
    assert o.ask(CREATE, "cse-in/Cae", ty=9, pc=group)["rsc"] == 2001
    answer = o.ask(RETRIEVE, "cse-in/Cae/g/fopt")
    assert sorted(r["pc"]["m2m:cnt"]["rn"] for r in answer["pc"]["m2m:agr"]["m2m:rsp"]) == ["a", "b"], answer
    assert scene.originator("other").ask(RETRIEVE, "cse-in/Cae/g/fopt")["rsc"] == 4103


def test_members_elsewhere(scene, box):
    """What was protected does not leave in the clear for members of a group at another CSE: decision 0051"""
    name, secret = f"far{secrets.token_hex(4)}", secrets.token_hex(8)
    with Receiver(lambda received: 2001) as elsewhere:
        assert scene.admin.As(f"/{name}").create("cse-in", "csr", **remote_cse(name, poa=[elsewhere.url])).rsc == 2001
        o = scene.originator()
        group = {"rn": secrets.token_hex(4), "mnm": 5, "mid": [f"/{name}/x", box]}
        assert scene.ae.create("cse-in/Cae", "grp", **group).rsc == 2001
        fan_out = f"cse-in/Cae/{group['rn']}/fopt"
        answer = o.ask(CREATE, fan_out, ty=4, pc={"m2m:cin": {"con": secret}})
        assert sorted(r["rsc"] for r in answer["pc"]["m2m:agr"]["m2m:rsp"]) == [2001, 5001], answer
        assert scene.ae.create(fan_out, "cin", con="in the clear").rsc == 2000
        assert secret.encode() not in elsewhere.all.get(timeout=20).body and elsewhere.all.empty()


def test_an_original_elsewhere(scene):
    """Nor is the original of an announced resource there asked for, with what the request says of tokens"""
    name = f"far{secrets.token_hex(4)}"
    absent = 404, {"X-M2M-RSC": "4004", "Content-Type": "application/json"}, b'{"m2m:dbg":"absent"}'
    with Receiver(lambda received: absent) as elsewhere:
        there = scene.admin.As(f"/{name}")
        assert there.create("cse-in", "csr", **remote_cse(name, poa=[elsewhere.url])).rsc == 2001
        acp = grant(scene.admin, (["all"], 2), parent="cse-in", name=name + "acp")
        base = there.create("cse-in", 10005, {"m2m:cbA": {"et": stamp(900)[:15], "lnk": f"/{name}/b", "srv": ["3"]}})
        annc = {"et": stamp(900)[:15], "lnk": f"/{name}/b/c", "acpi": [acp]}
        copy = there.create(base["ri"], 10003, {"m2m:cntA": annc})
        o = scene.originator()
        assert o.ask(RETRIEVE, copy["ri"])["rsc"] == 2000
        assert o.ask(RETRIEVE, copy["ri"], rcn=7)["rsc"] == 5001 and elsewhere.all.empty()
        assert scene.ae.retrieve(copy["ri"], query={"rcn": 7}).rsc == 4004 and not elsewhere.all.empty()


@pytest.mark.threads
def test_many_at_once(scene, box):
    """Sessions of several originators under one receiver object, while credentials are read again"""
    receiver = shared(scene.plain, "cse-in")

    def ask(i):
        o = scene.originator(by=Client(scene.server.url, "Cplain"), receiver=receiver, alg=10 + i % 3)
        for _ in range(10):
            scene.server.process.send_signal(signal.SIGHUP)
            assert o.ask(RETRIEVE, box)["rsc"] == 2000
            assert o.ask(CREATE, box, ty=4, pc={"m2m:cin": {"con": "x"}})["rsc"] == 2001

    together(8, ask)
    assert scene.ae.retrieve(box)["cni"] == 80


def test_denied_inside(scene, box):
    """SEC-EPR-09, SEC-DEC-11, SEC-IMP-09: the originator inside counts, whoever hands it over, and the answer to it
    stays inside"""
    for key, by, rsc in (("other", "Cae", 4103), ("other", "CAdmin", 4103), ("ae", "Cplain", 2000),
                         ("ae", "Cae", 2000)):
        assert scene.originator(key, by=scene.admin.As(by)).ask(RETRIEVE, box)["rsc"] == rsc, (key, by)
    assert scene.plain.retrieve(box).rsc == 4103


@pytest.mark.parametrize("key, fr", [
    ("ae", "Cother"), ("ae", "Cplain"), ("ae", "CAdmin"), ("ae", ""), ("ae", "C"), ("ae", "/mn/Cae"), ("ae", "Cae "),
    ("ae", None), ("ae", 5), ("ae", "//far.example/id-in/Cae"), ("far", "Cfar"), ("far", "/mn"), ("cse", "/mn/Cfar"),
    ("cse", "/mn2"), ("fleet", "CAdmin"), ("nobody", "Cae"), ("other", "Cae"),
])
def test_another_originator_inside(scene, box, key, fr):
    """SEC-EPR-07, SEC-IMP-09: ESPRIM_IMPERSONATION_ERROR, and nothing is carried out"""
    o = scene.originator(key, by=scene.ae)
    request = {**o.request(CREATE, box, ty=3, pc={"m2m:cnt": {"rn": "made"}}), "fr": fr}
    request = {name: value for name, value in request.items() if value is not None}
    assert refused(o, request) == 4116
    assert scene.ae.retrieve(f"{box}/made").rsc == 4004


def test_names_that_a_key_proves(scene, box):
    """Canonical comparison; an AE of this CSE writes its stem here as everywhere"""
    assert scene.originator("ae", "Cae").ask(RETRIEVE, box)["rsc"] == 2000
    assert scene.originator("ae", "/id-in/Cae").ask(RETRIEVE, box)["rsc"] == 4000
    assert scene.originator("fleet", "Cae").ask(RETRIEVE, box)["rsc"] == 2000
    assert scene.originator("fleet", "Cnew").ask(RETRIEVE, box)["rsc"] == 4106
    assert scene.originator("far", "//merlon.example/mn/Cfar").ask(RETRIEVE, box)["rsc"] == 4103
    assert scene.originator("cse", "/mn").ask(RETRIEVE, "cse-in")["rsc"] == 2000
    assert scene.originator("admin").ask(RETRIEVE, box)["rsc"] == 2000


def test_authenticated_from_afar(scene):
    """SEC-EPR-16: a rule with accessControlAuthenticationFlag lets a remote AE in by ESPrim, and not without"""
    body = {"pv": {"acr": [{"acor": ["/mn/Cfar", "/mn"], "acop": 63, "acaf": True}]},
            "pvs": {"acr": [{"acor": ["CAdmin"], "acop": 63}]}}
    acp = scene.admin.create("cse-in", "acp", **body)
    assert scene.ae.create("cse-in/Cae", "cnt", rn="flagged", acpi=[acp["ri"]]).rsc == 2001
    registree = scene.admin.As("/mn")
    assert registree.create("cse-in", "csr", cb="/mn/base", rr=False, srv=["3"]).rsc == 2001
    assert scene.admin.As("/mn/Cfar").retrieve("cse-in/Cae/flagged").rsc == 4103
    assert scene.originator("far").ask(RETRIEVE, "cse-in/Cae/flagged")["rsc"] == 2000
    assert scene.originator("other").ask(RETRIEVE, "cse-in/Cae/flagged")["rsc"] == 4103
    assert registree.delete("cse-in/mn").rsc == 2002


@pytest.mark.parametrize("more", [
    {"rt": {"rtv": 1}}, {"rt": {"rtv": 2, "nu": ["http://127.0.0.1:1"]}}, {"rt": {"rtv": 5}}, {"rt": "nonsense"},
    {"ec": 3}, {"ec": "x"}, {"da": True}, {"da": 7}, {"rt": {"rtv": 1}, "ec": 4, "da": True},
], ids=str)
def test_what_an_inner_request_does_not_have(scene, box, more):
    """SEC-EPR-19: rt, ec and da are ignored"""
    answer = scene.originator().ask(RETRIEVE, box, **more)
    assert answer["rsc"] == 2000 and answer["pc"]["m2m:cnt"]["rn"] in box, answer


def test_what_an_inner_request_may_not(scene):
    """Registration, polling, what is for other CSEs, and ESPrim in itself"""
    o = scene.originator()
    ae = {"m2m:ae": {"api": "Nx", "rr": False, "srv": ["3"]}}
    assert o.ask(CREATE, "cse-in", ty=2, pc=ae)["rsc"] == 4005
    csr = {"m2m:csr": {"cb": "/mn/base", "rr": False, "srv": ["3"]}}
    assert scene.originator("cse").ask(CREATE, "cse-in", ty=16, pc=csr)["rsc"] == 4005
    assert scene.ae.create("cse-in/Cae", "pch", rn="p").rsc == 2001
    assert o.ask(RETRIEVE, "cse-in/Cae/p/pcu")["rsc"] == 5001
    assert scene.ae.delete("cse-in/Cae/p").rsc == 2002
    assert o.ask(RETRIEVE, "/other/base")["rsc"] == 5001
    for content in ({"sit": 3}, {"sit": 5, "epo": o.seal(o.request(RETRIEVE, "cse-in"))}):
        assert scene.originator("admin").ask(NOTIFY, "cse-in", pc={"m2m:seci": content})["rsc"] == 4005


@pytest.mark.parametrize("inner", ["json", "xml", "cbor"])
@pytest.mark.parametrize("outer", ["json", "xml", "cbor"])
def test_serialisations(scene, box, inner, outer):
    """SEC-EPR-20: inside as cty says, outside as the binding says"""
    by = Client(scene.server.url, "Cplain", form=outer)
    o = scene.originator(form=inner, by=by)
    assert o.ask(CREATE, box, ty=4, pc={"m2m:cin": {"con": "inside"}})["rsc"] == 2001
    answer = by.notify("cse-in", seci(OBJECT, epo=o.seal(o.request(RETRIEVE, f"{box}/la"))))
    assert answer.headers["Content-Type"] == serial.MEDIA[outer]
    assert header_of(answer["epo"])["cty"] == f"application/{inner}"
    assert o.open(answer["epo"])["pc"]["m2m:cin"]["con"] == "inside"


# ---- random objects and algorithms ----


@pytest.mark.parametrize("alg", [10, 11, 12])
def test_algorithms(scene, box, alg):
    """SEC-EPR-03"""
    assert scene.originator(alg=alg).ask(RETRIEVE, box)["rsc"] == 2000


def test_other_algorithms(scene):
    """SEC-EPR-03: outside of what both objects say: ESPRIM_UNSUPPORTED_OPTION"""
    for enc in ("A256GCM", "A192GCM", "A128CBC-HS256", "XC20P", "none"):
        assert refused(scene.originator(alg=10), enc=enc) == 4111, enc
    o = scene.originator()
    for changed in ({"esk": 2}, {"espa": [9]}, {"espa": [13]}):
        assert refused(o, oro={**o.originator, **changed}) in (4000, 4111), changed
    assert refused(scene.originator(), alg="A128KW") == 4111


@pytest.mark.parametrize("key", ["old", "early", "association", "remote", "data"])
def test_keys_that_do_not_count(scene, key):
    """SEC-EPR-04, SEC-IDN-03: expired, not valid yet, or for another use: ESPRIM_UNKNOWN_KEY_ID"""
    assert refused(scene.originator(key)) == 4112


def test_an_unknown_key(scene):
    """SEC-EPR-04"""
    o = scene.originator()
    for kid in ("nobody@else.example", "13-ae@merlon.example", "ae", "", "x" * 128, "0" * 32):
        assert refused(o, kid=kid) in (4000, 4112), kid
    assert refused(o, kid="nobody@else.example") == 4112


def test_unknown_random_objects(scene, box):
    """SEC-EPR-05: 4114 for the receiver's, 4113 for the originator's"""
    o = scene.originator()
    assert refused(scene.originator(receiver=make_random("U", esks=[1], espa=[10]))) == 4114
    assert refused(o, rri="S" + "0" * 32) == 4114
    assert refused(o, oro=None) == 4113
    assert o.ask(RETRIEVE, box)["rsc"] == 2000
    assert refused(o, ori="Onever") == 4113
    late = stamp(seconds_until(o.receiver["esrx"]) + 60)
    assert refused(scene.originator(esrx=late)) == 4113
    assert refused(scene.originator(esrx=stamp(-60))) == 4113


def test_fresh_random_objects(scene, box):
    """SEC-EPR-11: another one each time, with an ID that says it is not shared"""
    objects = [offered(scene.plain, to) for to in ("cse-in", "-", "/id-in", "/id-in/-", "//merlon.example/id-in/-")]
    for name in ("esri", "esrv"):
        assert len({o[name] for o in objects}) == len(objects)
    assert all(o["esri"].startswith("U") and o["esks"] == [1] and set(o["espa"]) == {10, 11, 12} for o in objects)
    assert all(0 < seconds_until(o["esrx"]) <= 3600 for o in objects)
    for o in objects:
        assert scene.originator(receiver=o).ask(RETRIEVE, box)["rsc"] == 2000


@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
def test_support(scene, box, form):
    """SEC-EPR-10, SEC-EPR-18: e2eSecInfo tells the SUIDs for which there are keys, and a shared object: nobody has to
    ask for one"""
    by = Client(scene.server.url, "Cplain", form=form)
    esi = by.retrieve("cse-in?atrl=esi").pc["m2m:cb"]["esi"]
    assert esi["esf"] == [13, 23, 33] and esi["esro"]["esri"].startswith("S") and "escert" not in esi
    assert by.retrieve("cse-in").res["esi"] == esi, "the same for all, until it is renewed"
    assert by.retrieve("cse-in?rcn=4&lim=1").res["esi"] == esi
    assert by.retrieve("cse-in?atrl=csi").res == {"csi": "/id-in"}
    o = scene.originator(by=by, receiver=shared(by, "cse-in"))
    assert o.ask(RETRIEVE, box)["rsc"] == 2000
    assert by.update("cse-in", "cb", esi=None).rsc == 4005


def test_certificates_in_support():
    """spec: TS-0004 6.3.5.52: those of the TLS certificate that ESCertKE is done with, DER, our own first; other ones
    after a reload, and none without a trust anchor"""
    lab = Lab()
    try:
        chain = lab.write("chain.pem", lab.cse[0].read_bytes() + lab.anchor.read_bytes())
        server = lab.start(certificates=[(chain, lab.cse[1])], listen=["http://127.0.0.1:0"])
        admin = Client(server.urls[1])
        own = [base64.b64encode(cert.public_bytes(cert_maker.serialization.Encoding.DER)).decode()
               for cert in (lab.certificate("cse"), lab.root.cert)]
        esi = admin.retrieve("cse-in?atrl=esi")["esi"]
        assert esi["esf"] == [43] and esi["escert"] == own and "esro" in esi
        for form in ("xml", "cbor"):
            assert Client(server.urls[1], form=form).retrieve("cse-in")["esi"] == esi
        lab.write("chain.pem", lab.cse[0].read_bytes())
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: admin.retrieve("cse-in")["esi"]["escert"] == own[:1], 20)
        server.stop()
        other = lab.start(client="none", listen=["http://127.0.0.1:0"])
        assert "esi" not in Client(other.urls[1]).retrieve("cse-in").res
    finally:
        lab.close()


def test_a_shared_object_is_renewed(folder):
    """SEC-EPR-10, SEC-EPR-05: before it expires; the old one counts until then, and 4114 follows"""
    with Scene(folder / "data", "--esprim-lifetime", "3") as scene:
        def begin(*old):
            """A session under an object that is not one of these; None: it came too late."""
            receiver = shared(scene.plain, "cse-in")
            o = scene.originator(receiver=receiver)
            return o if receiver not in old and refused(o) == 2000 else None

        one = eventually(begin, 20)
        two = eventually(lambda: begin(one.receiver), 20, "another object")
        assert moment(two.receiver["esrx"]) > moment(one.receiver["esrx"])
        eventually(lambda: refused(one) == 4114, 20, "the end of the receiver object")


def test_no_shared_object(folder):
    """SEC-EPR-10: without esro each originator asks for an object; and it is told how long it lives"""
    with Scene(folder / "data", "--esprim-shared", "off", "--esprim-lifetime", "60") as scene:
        assert scene.plain.retrieve("cse-in?atrl=esi")["esi"] == {"esf": [13, 23, 33]}
        made = offered(scene.plain, "cse-in")
        assert 0 < seconds_until(made["esrx"]) <= 60
        assert scene.originator(receiver=made).ask(RETRIEVE, "cse-in")["rsc"] == 2000


def test_later_objects(scene, box):
    """SEC-EPR-12: only the first object carries the originator object"""
    o = scene.originator()
    for _ in range(3):
        assert o.ask(RETRIEVE, box)["rsc"] == 2000
        assert o.is_known and "oro" not in header_of(o.seal(o.request(RETRIEVE, box)))


def test_restart(folder):
    """SEC-EPR-12, SEC-EPR-15: nothing that was recorded counts after a restart; the originator begins anew"""
    with Scene(folder / "data") as scene:
        o = scene.originator()
        first = o.seal(o.request(CREATE, "cse-in/Cae", ty=3, pc={"m2m:cnt": {"rn": "once"}}))
        assert o.open(o.send(first)["epo"])["rsc"] == 2001
        later = o.seal(o.request(RETRIEVE, "cse-in"))
        assert scene.ae.delete("cse-in/Cae/once").rsc == 2002
        scene.server.restart()
        scene.admin = Client(scene.server.url)
        scene.plain = o.client = scene.admin.As("Cplain")
        for sealed in (first, later):
            assert o.send(sealed).rsc == 4114
        assert scene.admin.retrieve("cse-in/Cae/once").rsc == 4004
        assert scene.originator().ask(RETRIEVE, "cse-in")["rsc"] == 2000


# ---- objects ----


def test_flipped_bits(scene):
    """SEC-EPR-06: in IV, text and tag: ESPRIM_BAD_MAC; in the header whatever it breaks first, and never an answer"""
    o = scene.originator()
    sealed = o.seal(o.request(RETRIEVE, "cse-in"))
    for part, expected in ((2, {4115}), (3, {4115}), (4, {4115}), (0, {4000, 4111, 4112, 4113, 4114, 4115})):
        parts = sealed.split(".")
        text = parts[part]
        other = "A" if text[2] != "A" else "Q"
        parts[part] = text[:2] + other + text[3:]
        assert o.send(".".join(parts)).rsc in expected, part
    assert o.send(sealed).rsc == 2000, "nothing of that was remembered"


@pytest.mark.parametrize("broken", [
    "", "x", "a.b.c.d", "a.b.c.d.e", "a..c.d.e", "....", "a.b.c.d.e.f", "e30..AAAA.AAAA.AAAA", "W10..AAAA.AAAA.AAAA",
])
def test_no_object(scene, broken):
    """SEC-EPR-08"""
    assert scene.originator().send(broken).rsc == 4000


def test_parts_of_an_object(scene):
    """SEC-EPR-08, SEC-EPR-02: five parts, the second one empty"""
    o = scene.originator()
    first, _, iv, text, tag = o.seal(o.request(RETRIEVE, "cse-in")).split(".")
    for parts in ([first, "", iv, text], [first, "", iv, text, tag, ""], [first, "AAAA", iv, text, tag],
                  [first + "=", "", iv, text, tag], [first, "", iv[:-2], text, tag], [first, "", iv, text, tag[:-2]],
                  [first, "", iv, text + "\n", tag], ["", "", iv, text, tag]):
        assert o.send(".".join(parts)).rsc == 4000, parts


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"op":2}', '{"m2m:rqp":5}', "<a/>"])
def test_no_primitive_inside(scene, text):
    """Its originator has proved itself, if it is named at all; the answer is a plain one: security.md 25.4"""
    o = scene.originator()
    assert o.send(o.seal_text(text, oro=o.originator)).rsc in (4000, 4116)


def test_replay(scene, box):
    """SEC-EPR-15: the inner request is not carried out twice, also under another outer request"""
    o = scene.originator()
    sealed = o.seal(o.request(CREATE, box, ty=4, pc={"m2m:cin": {"con": "once"}}))
    assert o.open(o.send(sealed)["epo"])["rsc"] == 2001
    o.client = scene.ae
    for _ in range(3):
        assert o.send(sealed).rsc == 4000
    assert scene.ae.retrieve(box)["cni"] == 1


@pytest.mark.parametrize("key", ["ae", "fleet"])
def test_the_same_request_in_another_object(scene, box, key):
    """A false 4112, 4113 or 4114 on the way makes an originator send its request again: decision 0050"""
    first, second = scene.originator(), scene.originator(key, fr="Cae")
    request = first.request(CREATE, box, ty=4, pc={"m2m:cin": {"con": "once"}}, ot=stamp(0))
    assert first.open(first.send(first.seal(request))["epo"])["rsc"] == 2001
    for again in (second, first, second):
        assert again.send(again.seal(request)).rsc == 4000
    assert scene.ae.retrieve(box)["cni"] == 1
    # TS-0001 7.1.7: another request may have the same identifier; and what changes nothing may come again
    assert second.open(second.send(second.seal(request | {"ot": stamp(1)}))["epo"])["rsc"] == 2001
    asked = second.request(RETRIEVE, box, ot=stamp(0))
    for again in (first, second):
        assert again.open(again.send(again.seal(asked))["epo"])["pc"]["m2m:cnt"]["cni"] == 2


def test_answers_are_no_requests(scene, box):
    o = scene.originator()
    answer = o.send(o.seal(o.request(RETRIEVE, box)))
    assert o.open(answer["epo"])["rsc"] == 2000
    assert o.send(answer["epo"]).rsc in (4000, 4113)


def test_answers_belong_to_a_session(scene, box):
    """SEC-EPR-13: that of another session is none for us"""
    one, two = scene.originator(), scene.originator()
    answer = one.send(one.seal(one.request(RETRIEVE, box)))["epo"]
    with pytest.raises(Refused):
        two.open(answer)
    assert one.open(answer)["rsc"] == 2000


# ---- who may hand them over ----


def test_who_may_notify(scene):
    """Registered AEs and CSEs that prove who they are: by default nobody else"""
    registree = scene.admin.As("/mn")
    assert registree.create("cse-in", "csr", cb="/mn/base", rr=False, srv=["3"]).rsc == 2001
    for who, rsc in (("Cplain", 2000), ("/mn", 2000), ("CAdmin", 2000), ("/mn/Cx", 4103), ("Cnew", 4106)):
        client = scene.admin.As(who)
        assert client.notify("cse-in", seci(3)).rsc == rsc, who
    assert scene.admin.As("/mn/Cx").retrieve("cse-in?atrl=esi").rsc == 4103
    assert registree.delete("cse-in/mn").rsc == 2002


def test_who_may_notify_in_the_open(folder):
    """--security-info open: also originators that CSEs speak for; but nobody whose From does not count"""
    with Scene(folder / "data", "--security-info", "open") as scene:
        registree = scene.admin.As("/mn")
        assert registree.create("cse-in", "csr", cb="/mn/base", rr=False, srv=["3"]).rsc == 2001
        far = scene.admin.As("/mn/Cfar")
        assert far.retrieve("cse-in?atrl=esi")["esi"]["esf"] == [13, 23, 33]
        assert scene.originator("far", by=far, receiver=shared(far, "cse-in")).ask(RETRIEVE, "cse-in")["rsc"] == 4103
        assert far.notify("cse-in", seci(3)).rsc == 2000
        for query in ("", "?atrl=esi+csi", "?atrl=csi", "?rcn=4", "?fu=1"):
            answer = far.retrieve(f"cse-in{query}")
            assert answer.rsc == 4103 or answer.pc == {"m2m:uril": []}, query
        assert far.notify("cse-in", {"m2m:sgn": {"sur": "x", "vrq": True}}).rsc == 5205
        assert far.notify("cse-in", seci(1)).rsc == 4103 and far.notify("cse-in/Cae", seci(3)).rsc == 4103
        assert scene.admin.As("Cnew").notify("cse-in", seci(3)).rsc == 4106


def test_not_for_members_of_groups(scene):
    """Nor through a group: security.md 25.4 F"""
    acp = grant(scene.admin, (["Cae"], 63))
    made = scene.admin.create("cse-in", "grp", mnm=2, mid=["cse-in"], acpi=[acp], macp=[acp])
    assert made.rsc == 2001, made
    o = scene.originator()
    answer = scene.ae.notify(f"cse-in/{made['rn']}/fopt", seci(OBJECT, epo=o.seal(o.request(RETRIEVE, "cse-in"))))
    assert answer.rsc in (4005, 4103) or all(r["rsc"] in (4005, 4103) for r in answer.res["rsp"]), answer
    assert scene.admin.delete(f"cse-in/{made['rn']}").rsc == 2002


# ---- keys that come and go ----


def test_keys_come_and_go(folder):
    """SEC-EPR-18, SEC-EPR-04: with the credentials, and sessions end with their key"""
    data = folder / "data"
    with Server(data) as server:
        admin = Client(server.url)
        assert "esi" not in admin.retrieve("cse-in").res
        key = add_key(data, "k@merlon.example", "--ae-id", "CAdmin")
        server.process.send_signal(signal.SIGHUP)
        esi = eventually(lambda: admin.retrieve("cse-in").res.get("esi"), 20)
        assert esi["esf"] == [13]
        o = Originator(admin, "cse-in", *key)
        assert o.ask(RETRIEVE, "cse-in")["rsc"] == 2000
        other = add_key(data, "l@merlon.example", "--ae-id", "CAdmin")
        assert run("key", "remove", "--data", str(data), "--suid", "13", key[0]).returncode == 0
        own_data(data)
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: refused(o, o.request(RETRIEVE, "cse-in")) == 4112, 20, "the end of the key")
        o = Originator(admin, "cse-in", *other)
        assert o.ask(RETRIEVE, "cse-in")["rsc"] == 2000


# ---- faults, clients that leave, and the end ----


def test_faults(folder):
    """SEC-EPR-25: without memory to open an object 5210, to protect an answer 5211; and it goes on"""
    with Scene(folder / "data", "--limit", "request_arena_bytes=1048576") as scene:
        o = scene.originator()
        assert o.ask(RETRIEVE, "cse-in")["rsc"] == 2000
        assert scene.ae.create("cse-in/Cae", "cnt", rn="c", mbs=10**7).rsc == 2001

        def ask(op, to, **more):
            sealed = seci(OBJECT, epo=o.seal(o.request(op, to, **more)))
            answer = scene.plain.request("POST", "cse-in", sealed, check=False)
            return answer.rsc if answer.rsc != 2000 else o.open(answer["epo"])["rsc"]

        opened, protected = set(), set()
        for i in range(1, 11):
            opened.add(ask(UPDATE, "cse-in/Cae/c", pc={"m2m:cnt": {"lbl": ["x" * 40_000 * i]}}))
            assert scene.ae.create("cse-in/Cae/c", "cin", con="x" * 40_000).rsc == 2001
            protected.add(ask(RETRIEVE, "cse-in/Cae/c", rcn=4))
        assert {5210} <= opened <= {2004, 5000, 5210, 5211}, opened
        assert {2000, 5211} <= protected <= {2000, 5000, 5211}, protected
        assert o.ask(RETRIEVE, "cse-in")["rsc"] == 2000


class Hidden:
    """An AE that nobody can reach but by its polling channel."""

    def __init__(self, scene, stem):
        self.client = scene.admin.register(stem, stem, rr=False)
        self.path = f"cse-in/{stem}"
        acp = grant(scene.admin, (["Cae"], 16), ([stem], 63), self_rules=[([stem], 63)])
        assert self.client.update(self.path, "ae", acpi=[acp]).rsc == 2004
        assert self.client.create(self.path, "pch", rn="p").rsc == 2001

    def poll(self, seconds=20):
        got = self.client.As(self.client.originator).retrieve(f"{self.path}/p/pcu",
                                                              headers={"X-M2M-RET": stamp(seconds)})
        assert got.rsc == 2000, got
        return got.res

    def respond(self, request, rsc=2000, **more):
        response = {"rsc": rsc, "rqi": request["rqi"], "rvi": "3", **more}
        return self.client.notify(f"{self.path}/p/pcu", {"m2m:rsp": response})


def test_an_inner_request_that_waits(scene):
    """for the AE that it notifies: who polls answers it, and the answer goes back inside"""
    hidden = Hidden(scene, "Chidden")
    o = scene.originator()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(o.ask, NOTIFY, hidden.path, pc={"m2m:sgn": {"sur": "x"}})
        polled = hidden.poll()
        assert polled["fr"] == "Cae" and polled["pc"] == {"m2m:sgn": {"sur": "x"}}
        assert hidden.respond(polled, 4103, pc={"m2m:dbg": "not now"}).rsc == 2000
        assert asking.result()["rsc"] == 4103


def test_an_ae_that_polls_as_target(scene):
    """SEC-EPR-17: an AE behind a polling channel opens and answers ESPrim objects itself"""
    hidden = Hidden(scene, "Ctarget")
    key = secrets.token_bytes(32)
    target = Target({"pair@merlon.example": (key, "Cae")}, lambda request: {"rsc": 2000, "pc": {"said": request["to"]}})
    assert hidden.client.update(hidden.path, "ae", esi={"esf": [13], "esro": target.shared}).rsc == 2004

    def serve():
        polled = hidden.poll()
        assert hidden.respond(polled, pc=target.take(polled["pc"]["m2m:seci"])).rsc == 2000

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        serving = pool.submit(lambda: [serve() for _ in range(2)])
        o = Originator(scene.ae, hidden.path, "pair@merlon.example", key, receiver=None)
        assert o.ask(RETRIEVE, "Ctarget/thing")["pc"] == {"said": "Ctarget/thing"}
        serving.result()
    assert [request["to"] for request in target.taken] == ["Ctarget/thing"]


def begin_notify(scene, o, hidden):
    """A connection whose NOTIFY the server carries out; nobody polls for what is inside."""
    connection = http.client.HTTPConnection("127.0.0.1", scene.server.port, timeout=60)
    body = compact(seci(OBJECT, epo=o.seal(o.request(NOTIFY, hidden.path, pc={"m2m:sgn": {"sur": "x"}}))))
    connection.request("POST", "/cse-in", body, {
        "X-M2M-Origin": "Cplain", "X-M2M-RI": f"begun{secrets.token_hex(4)}", "X-M2M-RVI": "3",
        "Content-Type": "application/json"})
    return connection


def test_clients_that_leave(folder):
    """and take nothing along: their places are free again, for others and for the end of the server"""
    with Scene(folder / "data", "--limit", "parked=16", threads=1) as scene:
        hidden = Hidden(scene, "Chidden")
        o = scene.originator()
        for _ in range(3):
            waiting = [begin_notify(scene, o, hidden) for _ in range(4)]
            polled = [hidden.poll() for _ in waiting]
            for connection in waiting:
                connection.close()
            assert all(hidden.respond(request).rsc in (2000, 4000) for request in polled)
        assert o.ask(RETRIEVE, "cse-in")["rsc"] == 2000


def test_the_end_while_requests_wait(folder):
    """Who waits inside gets an answer, or the connection ends; the server ends in time and with 0"""
    with Scene(folder / "data", "--stop-time", "2000") as scene:
        hidden = Hidden(scene, "Chidden")
        o = scene.originator()
        waiting = [begin_notify(scene, o, hidden) for _ in range(4)]
        hidden.poll()
        scene.server.stop()
        for connection in waiting:
            connection.close()


def test_keys_of_others_do_not_connect():
    """SEC-IDN-03: a key for ESPrim is none for a security association"""
    lab = Lab()
    try:
        for suid in ("13", "23", "33"):
            lab.add_key(f"sealed{suid}", "--suid", suid, "--ae-id", "Csealed")
        lab.add_key("open", "--ae-id", "Copen")
        server = lab.start(client="none")
        assert Shaken(server, "-no_tls1_3", *lab.psk("open")).is_answered
        for suid in ("13", "23", "33"):
            assert not Shaken(server, "-no_tls1_3", *lab.psk(f"sealed{suid}")).is_answered
    finally:
        lab.close()


def test_the_registrar_shows_it(folder):
    """SEC-EPR-10: e2eSecInfo in the <remoteCSE> of a CSE at its registrar, renewed before its random object expires;
    and it goes with the last key"""
    data = folder / "mn1"
    key = add_key(data, "k@merlon.example", "--ae-id", "/in/Cae")
    options = ("--esprim-lifetime", "4", "--security-info", "open")
    with Fleet(folder, names=("in", "mn1"), options={"mn1": options}) as fleet:
        ae = fleet.add_aes("in")["in"]

        def begin(*old):
            esi = fleet.remote("in", "mn1")["esi"]
            o = Originator(ae, "/mn1/-", *key, fr="/in/Cae", receiver=esi["esro"])
            return esi if esi not in old and refused(o, o.request(RETRIEVE, "base")) == 2000 else None

        first = eventually(begin, 20)
        assert first["esf"] == [13] and fleet.client("mn1").retrieve("base?atrl=esi")["esi"]["esf"] == [13]
        second = eventually(lambda: begin(first), 20, "another object")
        assert moment(second["esro"]["esrx"]) > moment(first["esro"]["esrx"])
        assert run("key", "remove", "--data", str(data), "--suid", "13", key[0]).returncode == 0
        own_data(data)
        fleet.servers["mn1"].process.send_signal(signal.SIGHUP)
        eventually(lambda: "esi" not in fleet.remote("in", "mn1"), 20, "the end of e2eSecInfo")


def test_a_registrar_that_takes_no_support(folder):
    """It does not know the attribute: the registration stands without it"""
    def answer(received):
        if "esi" in received.pc["m2m:csr"]:
            return 501, {"X-M2M-RSC": "5001"}, b""
        body = compact({"m2m:csr": {**received.pc["m2m:csr"], "ri": "csr1"}}).encode()
        return 201, {"X-M2M-RSC": "2001", "Content-Type": "application/json"}, body

    add_key(folder / "data", "k@merlon.example", "--ae-id", "Cae")
    with Receiver(answer) as registrar, Server(folder / "data", "--cse-id", "/mn", "--cse-type", "mn", "--registrar",
                                               registrar.url, "--registrar-id", "/in") as server:
        assert "esi" in registrar.all.get(timeout=20).pc["m2m:csr"]
        assert "esi" not in registrar.all.get(timeout=20).pc["m2m:csr"]
        eventually(lambda: "registered at /in" in server.log(), 20)


def test_a_registrar_that_refuses_for_another_reason(folder):
    """Then e2eSecInfo was not it, and comes with the next registration"""
    registrations = []

    def answer(received):
        registrations.append("esi" in received.pc["m2m:csr"])
        if len(registrations) <= 2:
            return 400, {"X-M2M-RSC": "4000"}, b""
        body = compact({"m2m:csr": {**received.pc["m2m:csr"], "ri": "csr1"}}).encode()
        return 201, {"X-M2M-RSC": "2001", "Content-Type": "application/json"}, body

    add_key(folder / "data", "k@merlon.example", "--ae-id", "Cae")
    with Receiver(answer) as registrar, Server(folder / "data", "--cse-id", "/mn", "--cse-type", "mn", "--registrar",
                                               registrar.url, "--registrar-id", "/in") as server:
        eventually(lambda: "registered at /in" in server.log(), 20)
        assert registrations[:3] == [True, False, True]


@pytest.mark.parametrize("rt", [1, 3])
def test_response_types_of_the_notify(scene, box, rt):
    """security.md 25.6: what carries an object may be non-blocking; its result is kept"""
    o = scene.originator()
    sealed = o.seal(o.request(CREATE, box, ty=4, pc={"m2m:cin": {"con": "later"}}))
    answer = scene.plain.request("POST", f"cse-in?rt={rt}", seci(OBJECT, epo=sealed))
    if rt == 1:
        assert answer.rsc == 1001, answer
        done = eventually(lambda: (r := scene.plain.retrieve(answer.pc["m2m:uri"]).res)["rs"] == 1 and r, 20)
        answer = done["ors"]["pc"]["m2m:seci"]
    assert o.open(answer["epo"])["rsc"] == 2001
    assert scene.ae.retrieve(box)["cni"] == 1


def test_logs_and_audit_lines(folder):
    """SEC-BND-09: neither objects, nor messages of ESCertKE, nor what is inside; the audit line of an inner request
    says that it came end to end, and by which credential"""
    with Scene(folder / "data", "--log", "debug", "--audit", str(folder / "audit"), "--audit-all", "on") as scene:
        planted = f"p{secrets.token_hex(8)}"
        sealed = []
        for key, pc in (("ae", {"m2m:cnt": {"rn": planted}}), ("ae", {"m2m:cnt": {planted: 1}}),
                        ("other", {"m2m:cnt": {"lbl": [planted]}})):
            o = scene.originator(key)
            sealed.append(o.seal(o.request(CREATE, "cse-in/Cae", ty=3, pc=pc)))
            answer = o.send(sealed[-1])
            sealed.append(answer["epo"])
            assert o.open(answer["epo"])["rsc"] in (2001, 4000, 4103)
        assert scene.plain.notify("cse-in", seci(6, eckm="cGxhbnRlZG1lc3NhZ2U=")).rsc in (4000, 5001)
        lines = [json.loads(line) for line in (folder / "audit").read_text().splitlines()]
        inner = [line for line in lines if line.get("end_to_end")]
        assert [(line["from"], line["credential"], line["rsc"]) for line in inner] == [
            ("Cae", "13-ae@merlon.example", 2001), ("Cae", "13-ae@merlon.example", 4000),
            ("Cother", "13-other@merlon.example", 4103)]
        assert inner[2]["denied"] and inner[2]["error"] == "NO_PRIVILEGE" and inner[2]["to"] == "cse-in/Cae"
        written = (folder / "audit").read_text() + scene.server.log()
        assert "NO_PRIVILEGE" in scene.server.log()
        for secret in (planted, "cGxhbnRlZG1lc3NhZ2U", "plantedmessage", *(s.split(".")[3] for s in sealed)):
            assert secret not in written
