"""CSEs that register with each other over TLS: by certificate and by key, in both directions of Mcc.

spec: TS-0003 8.1, 8.2; security.md 16, SEC-SAE-12; what is passed on is in test_fleet.py
"""

import contextlib

import pytest
from lib.fleet import free_port
from lib.onem2m import Client, grant
from lib.server import Server, eventually
from lib.tls import Lab, cert_maker

PLAIN = "http://127.0.0.1:0"


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.pairs = {name: made.issue(name, cert_maker.dns(f"{name}.in.sp.example"), cert_maker.dns("localhost"))
                  for name in ("mn1", "mn2")}
    made.pairs["in"] = made.cse
    yield made
    made.close()


class Secured:
    """An IN and an MN; each listens on https, and in plain text for its own AEs."""

    def __init__(self, lab, folder, kind):
        self.lab, self.folder, self.kind = lab, folder, kind
        self.ports = {"in": free_port(), "mn1": free_port()}

    def key(self, at, cse):
        """The same key at both ends, each knowing whose it is there."""
        digits = "5a" * 32
        self.lab.merlon("key", "add", "--data", self.folder / at, "--id", "mcc@sp.example", "--key-file", "-",
                        "--cse-id", f"//sp.example/{cse}", stdin=digits)

    def options(self, name, *more):
        words = ["--sp-id", "//sp.example", "--cse-id", f"/{name}", "--cse-name", "base", "--log", "debug", "--poa",
                 f"https://localhost:{self.ports[name]}"]
        if self.kind == "certificate":
            certificate, key = self.lab.pairs[name]
            words += ["--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-anchor",
                      str(self.lab.anchor), "--tls-client", "required"]
        return [*words, *more]

    def registrar(self, credential=None):
        credential = credential or ("12-mcc@sp.example" if self.kind == "key" else None)
        url = f"https://localhost:{self.ports['in']}"
        return ["--cse-type", "mn", "--registrar-id", "/in", "--registrar",
                f"{url},credential={credential}" if credential else url]

    @contextlib.contextmanager
    def run(self, name, *more):
        server = Server(self.folder / name, *self.options(name, *more),
                        listen=(f"https://127.0.0.1:{self.ports[name]}", PLAIN))
        with server:
            yield server


@pytest.fixture(params=["certificate", "key"])
def secured(request, lab):
    folder = lab.folder / request.node.name
    folder.mkdir()
    folder.chmod(0o777)
    made = Secured(lab, folder, request.param)
    if request.param == "key":
        made.key("in", "mn1")
        made.key("mn1", "in")
    return made


def test_registration(secured):
    """SEC-SAE-12, SEC-REG-13: each proves who it is"""
    with secured.run("in") as top, secured.run("mn1", *secured.registrar()) as below:
        eventually(lambda: "registered at /in" in below.log(), what="the registration")
        found, = Client(top.urls[1]).retrieve("base?rcn=8&ty=16").res["m2m:csr"]
        assert found["csi"] == "/mn1", found


def with_ae(server):
    admin = Client(server.urls[1])
    acp = grant(admin, (["all"], 63), parent="base")
    ae = admin.As("Cae").create("base", "ae", api="Ntest", rr=False, srv=["3"], rn="ae")
    assert ae.rsc == 2001, ae
    ae = admin.As("Cae")
    assert ae.create("base/ae", "cnt", rn="open", acpi=[acp]).rsc == 2001
    return ae


def test_both_ways(secured):
    """SEC-SAE-12, SEC-IMP-05: requests up and down, with mutual proof"""
    with secured.run("in") as top, secured.run("mn1", *secured.registrar()) as below:
        eventually(lambda: "registered at /in" in below.log(), what="the registration")
        up, down = with_ae(below), with_ae(top)
        made = up.create("/in/base/ae/open", "cin", con="up", cr=None)
        assert made.rsc == 2001 and made["cr"] == "/mn1/Cae", (made, top.log()[-2000:])
        made = down.create("/mn1/base/ae/open", "cin", con="down", cr=None)
        assert made.rsc == 2001 and made["cr"] == "/in/Cae", (made, below.log()[-2000:])


def test_deliveries(secured):
    """SEC-SAE-12, TS-0001 10.2.5.7: of what comes in a <delivery> is believed what the CSE might forward by itself"""
    with secured.run("in") as top, secured.run("mn1", *secured.registrar()) as below:
        eventually(lambda: "registered at /in" in below.log(), what="the registration")
        for ae, there in ((with_ae(below), "in"), (with_ae(top), "mn1")):
            body = {"m2m:cin": {"con": "together", "cr": None}}
            answer = ae.request("POST", f"/{there}/base/ae/open", body, ty=4, query={"rt": 1, "da": "true"})
            assert answer.rsc == 1001, answer
            uri = answer.pc["m2m:uri"]
            eventually(lambda client=ae, uri=uri: client.retrieve(uri)["rs"] != 3, 30, "the result")
            found = ae.retrieve(uri).res
            assert found["ors"]["rsc"] == 2001, (found, top.log()[-1500:])
            assert found["ors"]["pc"]["m2m:cin"]["cr"] == f"/{'mn1' if there == 'in' else 'in'}/Cae"


def test_a_group_that_leads_back(secured):
    """TS-0004 7.4.14.2.4, decision 0020: the one who asks comes back as an AE of ours; a circle ends where it began"""
    with secured.run("in") as top, secured.run("mn1", *secured.registrar()) as below:
        eventually(lambda: "registered at /in" in below.log(), what="the registration")
        ae, other = with_ae(top), with_ae(below)
        members = ["/in/base/ae/open", "base/ae/open"]
        acp = grant(Client(below.urls[1]), (["all"], 63), parent="base")
        made = other.create("base/ae", "grp", rn="g", mnm=9, mt=3, mid=members, macp=[acp])
        assert made["mid"] == members, made
        answer = ae.create("/mn1/base/ae/g/fopt", "cin", con="x", cr=None)
        found = answer.pc["m2m:agr"]["m2m:rsp"]
        assert [(one["fr"], one["rsc"]) for one in found] == [(member, 2001) for member in members], below.log()[-2000:]
        assert [one["pc"]["m2m:cin"]["cr"] for one in found] == ["/in/Cae", "/in/Cae"]
        assert ae.create("base/ae", "grp", rn="r", mnm=9, mid=["/mn1/base/ae/r/fopt"]).rsc == 2001
        assert other.create("base/ae", "grp", rn="r", mnm=9, mid=["/in/base/ae/r/fopt"], macp=[acp]).rsc == 2001
        answer = ae.retrieve("base/ae/r/fopt").pc["m2m:agr"]["m2m:rsp"][0]["pc"]["m2m:agr"]["m2m:rsp"]
        assert [(one["fr"], one["rsc"]) for one in answer] == [("/in/base/ae/r/fopt", 4104)]


def test_a_registrar_that_is_another(secured, lab):
    """SEC-SAE-08: a registrar that does not prove the credential gets no registration"""
    wrong = "12-other@sp.example" if secured.kind == "key" else "32-//sp.example/other"
    with secured.run("in") as top, secured.run("mn1", *secured.registrar(wrong)) as below:
        eventually(lambda: "does not answer" in below.log(), what="the refusal")
        assert "registered at" not in below.log()
        assert with_ae(below).retrieve("/in/base").rsc == 5103
        assert Client(top.urls[1]).retrieve("base?rcn=8&ty=16").res.get("m2m:csr", []) == []


def test_a_certificate_of_another_cse(lab):
    """SEC-IMP-04, SEC-REG-13: From must be the CSE of the certificate: 4106, and nothing is made"""
    folder = lab.folder / "another"
    folder.mkdir()
    folder.chmod(0o777)
    made = Secured(lab, folder, "certificate")
    lab.pairs["mn1"], keep = lab.pairs["mn2"], lab.pairs["mn1"]
    try:
        with made.run("in") as top, made.run("mn1", *made.registrar()) as below:
            eventually(lambda: "refuses the registration (4106)" in below.log(), what="the refusal")
            assert Client(top.urls[1]).retrieve("base?rcn=8&ty=16").res.get("m2m:csr", []) == []
    finally:
        lab.pairs["mn1"] = keep


# ---- Mcc' ----


@pytest.fixture(scope="module")
def providers():
    """Certificates of INs of two service providers, and of another CSE of the second"""
    made = Lab(permits=[cert_maker.dns("sp.example"), cert_maker.dns("two.example"), cert_maker.dns("localhost")])
    made.pairs = {name: made.issue(name, cert_maker.dns(domain), cert_maker.dns("localhost"))
                  for name, domain in (("sp", "in.sp.example"), ("two", "in.two.example"), ("mn", "mn.in.two.example"))}
    yield made
    made.close()


@contextlib.contextmanager
def provider(lab, name, ports, certificate=None):
    """An IN of that service provider, with the other one as its peer"""
    folder = lab.folder / f"{name}-{ports[name]}"
    folder.mkdir()
    folder.chmod(0o777)
    crt, key = lab.pairs[certificate or name]
    peer, = ports.keys() - {name}
    with Server(folder, "--sp-id", f"//{name}.example", "--cse-id", "/in", "--cse-name", "base", "--log", "debug",
                "--tls-certificate", str(crt), "--tls-key", str(key), "--tls-anchor", str(lab.anchor), "--tls-client",
                "required", "--peer", f"//{peer}.example/in=https://localhost:{ports[peer]}",
                listen=(f"https://127.0.0.1:{ports[name]}", PLAIN)) as server:
        yield server


def test_two_service_providers(providers):
    """SEC-SAE-12, SEC-IMP-05: each IN proves who it is, in both directions"""
    ports = {"sp": free_port(), "two": free_port()}
    with provider(providers, "sp", ports) as here, provider(providers, "two", ports) as there:
        one, two = with_ae(here), with_ae(there)
        made = one.create("//two.example/in/base/ae/open", "cin", con="x", cr=None)
        assert made.rsc == 2001 and made["cr"] == "//sp.example/in/Cae", (made, there.log()[-2000:])
        made = two.create("//sp.example/in/base/ae/open", "cin", con="x", cr=None)
        assert made.rsc == 2001 and made["cr"] == "//two.example/in/Cae", made


def test_a_peer_that_is_another(providers):
    """SEC-SAE-08, SEC-IMP-04: another CSE of the service provider is not its IN: neither asked nor believed"""
    ports = {"sp": free_port(), "two": free_port()}
    with provider(providers, "sp", ports) as here, provider(providers, "two", ports, "mn") as there:
        one, two = with_ae(here), with_ae(there)
        assert one.retrieve("//two.example/in/base/ae/open").rsc == 5103
        assert two.retrieve("//sp.example/in/base/ae/open").rsc == 4106
