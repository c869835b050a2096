"""What somebody tries who has a credential and wants to be somebody else, or has none.

That a certificate names one entity is looked at in tests/client/test_cert.py, what may shake hands in
test_tls_certificates.py; here it is what the requests of such a connection may do. spec: security.md 4.1, 13, 16
"""

import json
import re

import pytest
from lib.onem2m import Client
from lib.secure_client import by_certificate, by_key
from lib.server import eventually
from lib.tls import Lab, Shaken, cert_maker, credentials_of
from test_attack import DISGUISES, message

VERSIONS = ["-tls1_2", "-tls1_3"]


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.add_key("one", "--ae-id", "Cone")
    made.add_key("many", "--ae-id", "Cmany-*")
    made.add_key("any", "--ae-id", "C*", "--ae-id", "*")
    made.add_key("boss", "--ae-id", "CAdmin")
    made.liar = made.issue("liar", cert_maker.uri("m2m://sp.example/Sdev"), name="m2m://sp.example/Sother")
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    """With what everybody tries to get at: an AE of each name, and a container of Cvictim."""
    server = lab.start("optional", listen=["http://127.0.0.1:0"], more=["--limit", "handshake-failures=100000"])
    admin = Client(server.urls[1])
    for stem in ("Cone", "Sdev", "Cvictim", "Sother"):
        admin.register(stem, name=f"ae-{stem}")
    body = json.dumps({"m2m:ae": {"rn": "ae-Cmany-1", "api": "N1", "rr": False, "srv": ["3"]}}).encode()
    head = [b"POST /cse-in HTTP/1.1", b"Host: localhost", b"X-M2M-Origin: Cmany-1", b"X-M2M-RI: r", b"X-M2M-RVI: 3",
            b"Content-Type: application/json;ty=2", b"Connection: close", b"Content-Length: %d" % len(body)]
    made = Shaken(server, *lab.psk("many"), send=b"\r\n".join(head) + b"\r\n\r\n" + body)
    assert "X-M2M-RSC: 2001" in made.out, made
    assert admin.As("Cvictim").create("cse-in/ae-Cvictim", "cnt", rn="box").rsc == 2001
    yield server
    assert server.process.poll() is None
    assert admin.retrieve("cse-in/ae-Cvictim/box").rsc == 2000, "which nobody has deleted"


def codes_of(connection, *messages):
    """X-M2M-RSC of the answers to requests on one connection."""
    codes = []
    for data in messages:
        connection.sendall(data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        while len(body) < length:
            body += connection.recv(65536)
        codes.append(int(re.search(rb"X-M2M-RSC: (\d+)", head)[1]))
    return codes


def of(name, method="GET", path="cse-in", *more):
    return message(method, path, b"X-M2M-Origin: " + (name if isinstance(name, bytes) else name.encode()), *more)


# ---- another name than one's own ----


@pytest.mark.parametrize("what", DISGUISES)
def test_disguises_under_a_certificate(lab, server, what):
    """SEC-IMP-01: neither close to one's own name, nor to another's"""
    disguise, _ = DISGUISES[what]
    for name in ("Sdev", "Cvictim", "CAdmin"):
        with lab.connect(server, lab.ae) as connection:
            (code,) = codes_of(connection, of(disguise(name), "DELETE", "cse-in/ae-Cvictim/box"))
        assert code in (4000, 4106), (name, code)


@pytest.mark.parametrize("name, rsc", [
    ("Sother", 4106), ("Cvictim", 4106), ("Cone", 4106), ("CAdmin", 4106), ("/in", 4000), ("//sp.example/in", 4000),
    ("//sp.example/Sdev", 4000), ("/in/Sdev", 4000), ("/Sdev", 4000), ("//other.example/Sdev", 4000), ("all", 4000)])
def test_one_certificate_one_name(lab, server, name, rsc):
    """SEC-IMP-01 SEC-IMP-02: whatever is asked, and also after requests under the right name"""
    tried = [of(name), of(name, "DELETE", "cse-in/ae-Cvictim/box"), of(name, "DELETE", "cse-in/ae-Sother")]
    with lab.connect(server, lab.ae) as connection:
        assert codes_of(connection, *tried) == [rsc] * 3
        assert codes_of(connection, of("Sdev", path="cse-in/ae-Sdev"), *tried) == [2000] + [rsc] * 3


def test_a_subject_that_says_otherwise(lab, server):
    """SEC-CRT-02: the common name is Sother, the subjectAltName Sdev: which alone counts"""
    with lab.connect(server, lab.liar) as connection:
        assert codes_of(connection, of("Sother"), of("Sother", path="cse-in/ae-Sother"),
                        of("Sdev", path="cse-in/ae-Sdev")) == [4106, 4106, 2000]


def test_an_answer_comes_where_it_was_asked_for(lab, server):
    """SEC-IMP-10: who has gone gets none, and neither does another connection of the same AE that asks meanwhile"""

    def waits(name, milliseconds):
        asked = of("Sdev", "GET", "cse-in/ae-Sdev", b"X-M2M-OET: %d" % milliseconds)
        return re.sub(rb"X-M2M-RI: [^\r]*", b"X-M2M-RI: " + name, asked)

    with lab.connect(server, lab.ae) as stays:
        with lab.connect(server, lab.ae) as goes:
            goes.sendall(waits(b"gone", 300))
        stays.sendall(waits(b"first", 100) + waits(b"last", 600))
        came = b""
        while b"X-M2M-RI: last" not in came:
            piece = stays.recv(65536)
            assert piece, came
            came += piece
    assert re.findall(rb"X-M2M-RI: (\w+)", came) == [b"first", b"last"]


def test_a_result_waits_for_the_same_identity(lab, server):
    """SEC-SAE-13, SEC-GEN-06: the connection ends before the request is carried out; the result is for who proves the
    same as before"""
    with by_certificate(lab, server, lab.ae, "Sdev").session as session:
        first = Client(f"https://localhost:{server.port}", "Sdev")
        first.session = session
        answer = first.request("GET", "cse-in/ae-Sdev", query={"rt": 1}, headers={"X-M2M-OET": "300"})
    assert answer.rsc == 1001
    address = answer.pc["m2m:uri"]
    assert by_key(lab, server, "one", "Sdev").retrieve(address).rsc == 4106
    for method in ("GET", "DELETE"):
        assert by_key(lab, server, "one", "Cone").request(method, address).rsc == 4103
    again = by_certificate(lab, server, lab.ae, "Sdev")
    eventually(lambda: again.retrieve(address)["rs"] == 1, seconds=20)
    assert again.retrieve(address)["ors"]["pc"]["m2m:ae"]["aei"] == "Sdev"


@pytest.mark.parametrize("field", [
    "X-SSL-Client-S-DN: CN=Cvictim", "X-Client-Cert: x", "SSL_CLIENT_S_DN: CN=Cvictim", "X-Forwarded-Client-Cert: x",
    "X-Forwarded-Client-Cert: URI=m2m://sp.example/Sother", "X-SSL-Client-Verify: SUCCESS", "X-PSK-Identity: Cvictim",
    "Client-Cert: :MIIB:", "X-Forwarded-Proto: http", "X-Forwarded-For: 127.0.0.1"])
def test_fields_that_claim_a_certificate(lab, server, field):
    """SEC-IMP-01: for whoever has one, and for whoever has none"""
    for pair, codes in ((lab.ae, (4106, 4106, 2000)), (None, (4107, 4107, 4107))):
        with lab.connect(server, pair) as connection:
            tried = [of(name, "GET", "cse-in/ae-Sdev", field.encode()) for name in ("CAdmin", "Cvictim", "Sdev")]
            assert tuple(codes_of(connection, *tried)) == codes


BINDINGS = [("one", "Cone", 2000), ("one", "Cone-", 4106), ("one", "Con", 4106), ("one", "cone", 4000),
            ("one", "Cmany-1", 4106), ("one", "CAdmin", 4106), ("many", "Cmany-1", 2000), ("many", "Cmany-2", 4106),
            ("many", "Cmany", 4106), ("many", "Cmany-*", 4000), ("many", "Cmany-%2fx", 4000),
            ("many", "Cmany-/x", 4000),
            ("many", "CMANY-1", 4106), ("many", "xCmany-1", 4000)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key, name, rsc", BINDINGS)
def test_bindings_of_keys(lab, server, version, key, name, rsc):
    """SEC-IMP-01: the AE-IDs of the credential; '*' stands for no slash, and for nobody unregistered"""
    path = f"cse-in/ae-{name}" if rsc == 2000 else "cse-in"
    done = Shaken(server, version, *lab.psk(key), send=of(name, "GET", path, b"Connection: close"))
    assert f"X-M2M-RSC: {rsc}" in done.out, done


ADMINISTRATORS = [("boss", "CAdmin", 2000), ("any", "CAdmin", 4106), ("one", "CAdmin", 4106), ("any", "Cvictim", 4106),
                  ("boss", "Cvictim", 4106), ("boss", "cAdmin", 4000), ("boss", "/in/CAdmin", 4000)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key, name, rsc", ADMINISTRATORS)
def test_the_administrator_by_a_key(lab, server, version, key, name, rsc):
    """SEC-IMP-01: a credential that names it letter by letter, and no pattern; it makes the holder no other AE"""
    done = Shaken(server, version, *lab.psk(key), send=of(name, "GET", "cse-in/ae-Cvictim", b"Connection: close"))
    assert f"X-M2M-RSC: {rsc}" in done.out, done


# ---- identities of keys ----


def proved(server):
    return [name for name in credentials_of(server) if name != "no credential"]


IDENTITIES = [str.upper, str.swapcase, lambda i: i + " ", lambda i: " " + i, lambda i: i + ".", lambda i: i[:-1],
              lambda i: i + "\n", lambda i: "12-" + i, lambda i: "*", lambda i: "*@sp.example", lambda i: ".*",
              lambda i: i.replace("@", "%40"), lambda i: i.replace("@", "\uff20"), lambda i: i.replace("o", "\u043e"),
              lambda i: i + "\u0301", lambda i: i + "\u200b", lambda i: i.replace(".", "?"), lambda i: f"{i},{i}",
              lambda i: f"../{i}", lambda i: f"{i}/../{i}", lambda i: i + "@sp.example", lambda i: "x" * 100 + i,
              lambda i: "Cone", lambda i: "CAdmin", lambda i: "//sp.example/Sdev", lambda i: f"'; --{i}",
              lambda i: "%s%n"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("alike", IDENTITIES, ids=range(len(IDENTITIES)))
def test_identities_almost_right(lab, server, version, alike):
    """SEC-IDN-01 SEC-IDN-02: with the right key, even: it proves nobody. What has the form of an identity is told
    from a wrong key by nothing; in TLS 1.3 the rest may be a ticket, and the client is nobody with a certificate."""
    identity, digits = lab.keys["one"]
    before = proved(server)
    tried = Shaken(server, version, "-psk_identity", alike(identity), "-psk", digits,
                   send=of("Cone", "DELETE", "cse-in/ae-Cone", b"Connection: close"))
    assert proved(server) == before
    if "X-M2M-RSC" in tried.out:
        assert version == "-tls1_3" and not re.fullmatch(r"[\w.-]+@\w+(\.\w+)*", alike(identity), re.ASCII), tried
        assert "X-M2M-RSC: 4107" in tried.out, tried
        return
    wrong = Shaken(server, version, "-psk_identity", identity, "-psk", "00" * 32)
    assert tried.alert == wrong.alert is not None, tried
    said = re.findall(r"handshake failed: (.*)", server.log())[-2:]
    assert len(said) == 2 and len(set(said)) == 1, said


# ---- certificates of several ----

AE, CSE = cert_maker.uri("m2m://sp.example/Sdev"), cert_maker.dns("in.sp.example")
SEVERAL = {
    "two AEs": [AE, cert_maker.uri("m2m://sp.example/Sother")],
    "one AE in two spellings": [AE, cert_maker.uri("//sp.example/Sdev")],
    "AE and CSE": [AE, CSE], "CSE and AE": [CSE, AE],
    "two CSEs": [CSE, cert_maker.dns("mn.in.sp.example")],
    "AE and device": [AE, cert_maker.device("100.1.1")],
    "AE and any domain": [AE, cert_maker.dns("localhost")],
    "AE and node": [AE, cert_maker.uri("urn:dev:ops:32473-1")],
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", SEVERAL)
def test_several_identities(lab, server, version, what):
    """SEC-CRT-02: whose name should count? Nobody's: there is no connection"""
    before = proved(server)
    done = Shaken(server, version, *lab.cert(lab.issue("several", *SEVERAL[what])),
                  send=of("Sdev", "DELETE", "cse-in/ae-Cvictim/box", b"Connection: close"))
    assert done.alert is not None and "X-M2M-RSC" not in done.out, done
    assert proved(server) == before
