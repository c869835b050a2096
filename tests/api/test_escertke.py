"""Keys by certificate (ESCertKE): the CSE as terminating end, of initiators that are not ours (lib/escertke.py).
spec: TS-0003 8.7, 10.3.1; TS-0004 7.5.1.2.12; TS-0001 11.4.3; security.md 28
"""

import base64
import signal

import pytest
from lib.escertke import ALERT, Command, End, establish, message_of, seci
from lib.esprim import Originator
from lib.fleet import Fleet
from lib.onem2m import Client, grant
from lib.server import Server, eventually
from lib.tls import Lab, cert_maker

RETRIEVE = 2
PLAIN = "http://127.0.0.1:0"
ACCESS_DENIED, BAD_CERTIFICATE, EXPIRED, UNKNOWN_CA = 49, 42, 45, 48


@pytest.fixture(scope="module", name="lab")
def fixture_lab():
    lab = Lab()
    lab.pairs = {name: lab.issue(name, cert_maker.uri(f"m2m://sp.example/in/{name}"))
                 for name in ("Cae", "Cother", *(f"Cae{i}" for i in range(6)))}
    yield lab
    lab.close()


@pytest.fixture(scope="module", name="server")
def fixture_server(lab):
    server = lab.start(listen=[PLAIN])
    admin = Client(server.urls[1])
    for stem in lab.pairs:
        admin.register(stem, stem)
    return server


@pytest.fixture(name="admin")
def fixture_admin(server):
    return Client(server.urls[1])


def end_of(lab, name="Cae", **more):
    return End(lab.pairs[name], lab.anchor, True, **more)


def ask(client, end, op, to, **parameters):
    """An inner request under the key of the end."""
    return Originator(client, "cse-in", *end.key, fr=client.originator).ask(op, to, **parameters)


def second(client, end):
    """The answer to message 1, as the initiating end takes it: message 3."""
    answer = client.notify("cse-in", seci(end.step()))
    assert answer.rsc == 2000, answer
    message = end.step(message_of(answer.pc))
    assert end.error is None, end.error
    return message


def refused(client, message):
    """4000; gives the description of the alert, or None."""
    answer = client.notify("cse-in", seci(message))
    assert answer.rsc == 4000, answer
    if "m2m:seci" not in answer.pc:
        return None
    alert = message_of(answer.pc)
    assert len(alert) == 7 and alert[0] == ALERT and alert[5] == 2
    return alert[6]


# ---- what goes well ----


@pytest.mark.threads
@pytest.mark.parametrize("form", ["json", "xml", "cbor"])
def test_a_key_and_what_it_is_for(lab, admin, form):
    """SEC-CKE-01, SEC-CKE-05: the key works for ESPrim, for the originator of the certificate only"""
    end = end_of(lab)
    client = admin.As("Cae")
    client.form = form
    establish(client, "cse-in", end)
    originator = Originator(client, "cse-in", *end.key, fr="Cae")
    assert originator.ask(RETRIEVE, "cse-in/Cae")["pc"]["m2m:ae"]["aei"] == "Cae"
    assert originator.ask(RETRIEVE, "cse-in/Cother")["rsc"] == 4103
    for other in ("Cother", "CAdmin", "/in"):
        foreign = Originator(client, "cse-in", *end.key, fr=other)
        assert foreign.send(foreign.seal(foreign.request(RETRIEVE, "cse-in/Cother"))).rsc == 4116
    wrong = Originator(client, "cse-in", end.key[0], bytes(32), fr="Cae")
    assert wrong.send(wrong.seal(wrong.request(RETRIEVE, "cse-in/Cae"))).rsc == 4115


def test_with_the_command_of_openssl(lab, admin):
    """SEC-CKE-09, SEC-TLS-08: what `openssl s_client` exports and says of the session"""
    with Command(lab.pairs["Cae"], lab.anchor, True) as end:
        establish(admin.As("Cae"), "cse-in", end)
        assert ask(admin.As("Cae"), end, RETRIEVE, "cse-in/Cae")["rsc"] == 2000
        end.printed(rb"Extended master secret: (yes)")
        assert b"New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256" in end.said
        assert b"TLS session ticket" not in end.said and b"Session-ID: \n" in end.said


def test_the_csebase_says_so(admin):
    """security.md 28.2: the indication is SUID 43"""
    answer = admin.retrieve("cse-in?atrl=esi")
    assert answer.rsc == 2000 and 43 in map(int, answer.res["esi"]["esf"])


def test_through_two_cses(tmp_path):
    """SEC-CKE-01, SEC-CKE-05: two CSEs on the way; neither can read what is then asked"""
    lab = Lab([cert_maker.dns("merlon.example"), cert_maker.uri("merlon.example")])
    certificate, key = lab.issue("asn", cert_maker.dns("asn.in.merlon.example"))
    pair = lab.issue("far", cert_maker.uri("m2m://merlon.example/mn2/Cae"))
    words = ["--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-anchor", str(lab.anchor),
             "--security-info", "open", "--in-cse-id", "/in"]
    try:
        with Fleet(tmp_path, options={"asn": words}) as fleet:
            client = fleet.add_aes("mn2")["mn2"]
            acp = grant(fleet.client("asn"), (["/mn2/Cae"], 63), parent="base", name="far")
            name = "unreadable-on-the-way"
            assert fleet.client("asn").create("base", "cnt", rn=name, acpi=[acp]).rsc == 2001
            other = End(lab.issue("other", cert_maker.uri("m2m://merlon.example/mn2/Cother")), lab.anchor, True)
            message = other.step(message_of(client.notify("/asn/base", seci(other.step())).pc))
            refusal = client.notify("/asn/base", seci(message))
            assert refusal.rsc == 4000 and message_of(refusal.pc)[6] == ACCESS_DENIED
            end = End(pair, lab.anchor, True)
            establish(client, "/asn/base", end)
            originator = Originator(client, "/asn/base", *end.key, fr="/mn2/Cae", receiver=None)
            assert originator.ask(RETRIEVE, f"base/{name}")["pc"]["m2m:cnt"]["rn"] == name
            for cse in ("mn2", "in", "mn1"):
                assert name not in fleet.log(cse) and end.key[1].hex() not in fleet.log(cse)
            assert end.key[1].hex() not in fleet.log("asn")
            assert name.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "in").rglob("*") if p.is_file())
    finally:
        lab.close()


# ---- who gets no key: SEC-CKE-02 ----


def test_another_originator_than_the_certificate(lab, admin):
    """SEC-CKE-02: the certificate of Cae is good, but is not that of Cother"""
    end = end_of(lab)
    message = second(admin.As("Cother"), end)
    assert refused(admin.As("Cother"), message) == ACCESS_DENIED


def test_certificates_that_are_not_believed(lab, admin):
    """SEC-CKE-02: of another authority, expired, of a wrong profile, none at all"""
    name = cert_maker.uri("m2m://sp.example/in/Cae")
    pairs = {
        "foreign": (lab.issue("foreign", name, authority=cert_maker.Authority("foreign")), UNKNOWN_CA),
        "expired": (lab.issue("expired", name, start=cert_maker.NOW - 9 * cert_maker.DAY,
                              end=cert_maker.NOW - cert_maker.DAY), EXPIRED),
        "wildcard": (lab.issue("wildcard", cert_maker.uri("m2m://sp.example/in/C*")), BAD_CERTIFICATE),
        "nothing": (None, 40),
    }
    for what, (pair, alert) in pairs.items():
        end = End(pair, lab.anchor, True)
        message = second(admin.As("Cae"), end)
        assert refused(admin.As("Cae"), message) == alert, what


def test_an_initiator_without_extended_master_secret(lab, admin):
    """SEC-CKE-09"""
    end = end_of(lab, options=1)  # SSL_OP_NO_EXTENDED_MASTER_SECRET
    assert refused(admin.As("Cae"), end.step()) == 40


def test_who_may_not_notify(lab, admin):
    """security.md 28.2: lack of the right is 4103, as for any NOTIFY; unknown originators are refused before"""
    registree = admin.As("/mn")
    assert registree.create("cse-in", "csr", cb="/mn/base", rr=False, srv=["3"]).rsc == 2001
    assert admin.As("/mn/Cx").notify("cse-in", seci(end_of(lab).step())).rsc == 4103
    assert registree.delete("cse-in/mn").rsc == 2002
    assert admin.As("Cnobody").notify("cse-in", seci(end_of(lab).step())).rsc == 4106


def test_without_certificates(tmp_path, lab):
    """security.md 28.2: unsupported is 5001, and nothing says that it is there"""
    with Server(tmp_path / "data") as server:
        client = Client(server.url).register("Cae", "ae")
        assert client.notify("cse-in", seci(end_of(lab).step())).rsc == 5001
        assert "esi" not in Client(server.url).retrieve("cse-in").res


# ---- what comes out of turn: SEC-CKE-03 ----


def test_out_of_turn(lab, admin):
    """SEC-CKE-03: foreign, twice, without the first; what is under way is not harmed"""
    client, other = admin.As("Cae"), admin.As("Cother")
    end = end_of(lab)
    message = second(client, end)
    assert refused(other, message) is None
    for broken in (b"", b"x", message[:-1], message[:100], message + message, b"\x17\3\3\0\1x"):
        assert refused(client, broken) is None
    answer = client.notify("cse-in", seci(message))
    assert answer.rsc == 2000
    assert refused(client, message) is None
    assert end.step(message_of(answer.pc)) == b"" and end.is_done
    assert ask(client, end, RETRIEVE, "cse-in/Cae")["rsc"] == 2000
    assert refused(client, message) is None


def test_a_changed_byte(lab, admin):
    """SEC-CKE-07: in message 3 on its way; all bytes of all messages: crypto/tls_tunnel_attack"""
    client = admin.As("Cae")
    for at in (0, 1, 3, 9, 60, -60, -42, -20, -1):
        end = end_of(lab)
        message = bytearray(second(client, end))
        message[at] ^= 0x10
        refused(client, bytes(message))
        answer = client.notify("cse-in", seci(b"\x15\3\3\0\2\2\x5a"))  # the originator gives up
        assert answer.rsc == 4000
    assert ask_anew(lab, client)


def ask_anew(lab, client):
    end = end_of(lab, client.originator)
    establish(client, "cse-in", end)
    return ask(client, end, RETRIEVE, f"cse-in/{client.originator}")["rsc"] == 2000


def test_an_older_handshake(lab, admin):
    """SEC-CKE-03: the newer message 1 counts"""
    client = admin.As("Cae")
    old, new = end_of(lab), end_of(lab)
    of_old, of_new = second(client, old), second(client, new)
    answer = client.notify("cse-in", seci(of_new))
    assert answer.rsc == 2000 and new.step(message_of(answer.pc)) == b""
    assert refused(client, of_old) is None
    assert ask(client, new, RETRIEVE, "cse-in/Cae")["rsc"] == 2000


@pytest.mark.parametrize("content", [
    {"sit": 6}, {"sit": 6, "eckm": 5}, {"sit": 6, "epo": "x"}, {"sit": 6, "eckm": "*"}, {"sit": 6, "eckm": ""},
    {"sit": 6, "eckm": base64.b64encode(bytes(100)).decode()}, {"sit": 6, "eckm": "QUJD", "ero": {}},
    {"sit": 5, "eckm": "QUJD"}, {"sit": 6, "eckm": "A" * 70000}, {"sit": 6, "eckm": "QUJ"},
], ids=lambda content: str(content)[:40])
def test_what_is_no_message(admin, content):
    """4000, whatever it is"""
    assert admin.As("Cae").notify("cse-in", {"m2m:seci": content}).rsc == 4000


# ---- several, and too many: SEC-CKE-04, SEC-CKE-08 ----


def test_several_at_once(lab, admin):
    """SEC-CKE-04: messages of several initiators in any order"""
    names = ("Cae", "Cother", "Cae0", "Cae1")
    ends = {name: end_of(lab, name) for name in names}
    messages = {name: second(admin.As(name), end) for name, end in ends.items()}
    assert refused(admin.As("Cother"), messages["Cae"]) is not None  # and the one of Cother is over
    for name in ("Cae1", "Cae", "Cae0"):
        answer = admin.As(name).notify("cse-in", seci(messages[name]))
        assert answer.rsc == 2000 and ends[name].step(message_of(answer.pc)) == b""
    assert refused(admin.As("Cother"), messages["Cother"]) is None
    keys = {ends[name].key for name in ("Cae", "Cae0", "Cae1")}
    assert len(keys) == 3
    for name in ("Cae", "Cae0", "Cae1"):
        assert ask(admin.As(name), ends[name], RETRIEVE, f"cse-in/{name}")["rsc"] == 2000


def test_no_more_than_the_limit(tmp_path, lab):
    """SEC-CKE-08: --limit escertke-pending; who has one begins anew, and what takes too long makes room"""
    words = [*lab.options(), "--limit", "escertke-pending=2", "--limit", "escertke-ms=2000"]
    with Server(tmp_path / "data", *words) as server:
        clients = [Client(server.url).register(f"Cae{i}", f"Cae{i}") for i in range(3)]
        messages = [second(client, end_of(lab, client.originator)) for client in clients[:2]]
        first = end_of(lab, "Cae2").step()
        assert refused(clients[2], first) is None
        assert clients[0].notify("cse-in", seci(end_of(lab, "Cae0").step())).rsc == 2000
        eventually(lambda: clients[2].notify("cse-in", seci(first)).rsc == 2000, 20, "a place")
        assert refused(clients[1], messages[1]) is None


# ---- the end of keys ----


def test_a_fifth_key_of_one_originator(lab, admin):
    """security.md 28.2, decision 0052: four keys; the oldest goes, and nobody else's"""
    client = admin.As("Cother")
    ends = [end_of(lab, "Cother") for _ in range(5)]
    kept = end_of(lab)
    establish(admin.As("Cae"), "cse-in", kept)
    originators = []
    for end in ends:
        establish(client, "cse-in", end)
        originators.append(Originator(client, "cse-in", *end.key, fr="Cother"))
        assert originators[-1].ask(RETRIEVE, "cse-in/Cother")["rsc"] == 2000
    first = originators[0]
    assert first.send(first.seal(first.request(RETRIEVE, "cse-in/Cother"))).rsc == 4112  # its session, too
    for originator in originators[1:]:
        assert originator.ask(RETRIEVE, "cse-in/Cother")["rsc"] == 2000
    assert ask(admin.As("Cae"), kept, RETRIEVE, "cse-in/Cae")["rsc"] == 2000


def test_after_a_reload(lab, server, admin):
    """decision 0052: certificates were exchanged: keys and sessions end, and new ones are made"""
    client = admin.As("Cae")
    end = end_of(lab)
    establish(client, "cse-in", end)
    originator = Originator(client, "cse-in", *end.key, fr="Cae")
    assert originator.ask(RETRIEVE, "cse-in/Cae")["rsc"] == 2000
    count = server.log().count("certificates and credentials are reloaded")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.log().count("certificates and credentials are reloaded") > count, 20, "the reload")
    assert originator.send(originator.seal(originator.request(RETRIEVE, "cse-in/Cae"))).rsc == 4112
    assert ask_anew(lab, client)


def test_the_log_tells_nothing(lab, server, admin):
    """SEC-BND-09: at its most talkative it holds neither the messages nor what was made of them"""
    end, client, sent = end_of(lab), admin.As("Cae"), []
    message = end.step()
    for _ in range(2):
        answer = client.notify("cse-in", seci(message))
        sent += [message, message_of(answer.pc)]
        message = end.step(sent[-1])
    assert ask(client, end, RETRIEVE, "cse-in/Cae")["rsc"] == 2000
    told = server.log()
    assert " debug " in told
    for text in [base64.b64encode(each).decode()[:40] for each in sent] + [each.hex()[:40] for each in sent]:
        assert text not in told
    assert end.key[1].hex() not in told and base64.b64encode(end.key[1]).decode() not in told
