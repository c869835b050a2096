"""Whom a CSE that is registered here may speak for over TLS, when the AE is ours.

The neighbours are played: certificates of CSEs in the hands of `requests`, and a receiver as point of access.
spec: TS-0004 7.3.2.1, 7.4.14.2.4; TS-0001 10.2.7; SEC-IMP-04; docs/decisions/0034
"""

import pytest
from lib.fleet import remote_cse
from lib.onem2m import Client, grant, timestamp
from lib.receiver import Receiver
from lib.secure_client import by_certificate, by_key
from lib.tls import Lab, cert_maker

NAMES = ("mn1", "mn2")
MORE = ("mn3",)
OURS = ("/in/Cae", "//sp.example/in/Cae", "/Sae", "//sp.example/Sae")


class Neighbours:
    """Two registered CSEs. What reaches the first is kept, and `meanwhile` runs before it answers."""

    def __init__(self, lab, *more):
        self.lab = lab
        self.pairs = {name: lab.issue(name, cert_maker.dns(f"{name}.in.sp.example")) for name in NAMES + MORE}
        lab.add_key("any", "--ae-id", "S*")
        self.server = lab.start("optional", more=more, listen=["http://127.0.0.1:0"])
        self.admin = Client(self.server.urls[1])
        self.meanwhile = lambda: None
        self.learned = None
        self.place = Receiver(self.answer)

    def answer(self, _):
        self.learned = self.meanwhile()
        return 2000

    def asks(self, name, originator):
        """The neighbour, which says that it asks for that originator."""
        return by_certificate(self.lab, self.server, self.pairs[name], originator)

    def register(self, name, url):
        answer = self.asks(name, f"/{name}").create("cse-in", "csr", rn=name, **remote_cse(name, poa=[url]))
        assert answer.rsc == 2001, answer

    def enrols(self, name, stem, credential="", link=None, **more):
        """The neighbour, which says that it registers that AE of its own."""
        said = {"lnk": link or f"/{name}/{stem}", "api": "Ntest", "srv": ["3"], "et": "20991231T000000",
                "lbl": [f"Credential-ID:{credential}"], **more}
        return self.asks(name, f"/{name}/{stem}").create("cse-in", "aeA", **said)

    def claims(self, name, stem, credential="", link=None, **more):
        """The same of one that is known."""
        said = {"lnk": link or f"/{name}/{stem}", "lbl": [f"Credential-ID:{credential}"], **more}
        return self.asks(name, f"/{name}/{stem}").update(stem, "aeA", **said)

    def leaves(self, name, stem):
        return self.asks(name, f"/{name}").update(stem, "aeA", lnk="INACTIVE")

    def during(self, meanwhile, ask):
        """What comes of `meanwhile` while what is asked waits for the neighbour."""
        self.meanwhile, self.learned = meanwhile, None
        assert ask().rsc == 2000
        return self.learned


@pytest.fixture(scope="module")
def around():
    lab = Lab()
    try:
        made = Neighbours(lab)
        with made.place as place:
            for name in NAMES:
                made.register(name, place.url)
            for stem in ("Cae", "Cother", "Sae"):
                ae = made.admin.As(stem).create("cse-in", "ae", rn=stem, api="Ntest", rr=False, srv=["3"])
                assert ae.rsc == 2001, ae
            yield made
    finally:
        lab.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("originator", OURS)
def test_nobody_is_our_ae_without_its_request(around, name, originator):
    """SEC-IMP-04: our AEs speak to us themselves"""
    before = around.admin.retrieve("cse-in/Cae").res
    stem = originator.rsplit("/", 1)[1]
    neighbour = around.asks(name, originator)
    assert neighbour.retrieve(f"cse-in/{stem}").rsc == 4106
    assert neighbour.create(f"cse-in/{stem}", "cnt", rn="x").rsc == 4106
    assert neighbour.update(f"cse-in/{stem}", "ae", lbl=["x"]).rsc == 4106
    assert neighbour.delete(f"cse-in/{stem}").rsc == 4106
    assert around.admin.retrieve("cse-in/Cae").res == before


def test_nor_what_its_roles_and_tokens_allow(around):
    """SEC-IMP-04: a token or a role that a neighbour has seen does not make it the AE"""
    for query in ({"rids": "r@sp.example"}, {"tids": "t@sp.example"}):
        assert around.asks("mn1", "/in/Cae").retrieve("cse-in/Cae", query=query).rsc == 4106


@pytest.mark.parametrize("stem", ["Cae", "Sae"])
def test_a_group_host_asks_for_the_ae_that_asked_it(around, stem):
    """TS-0004 7.4.14.2.4: the same operation, by that neighbour, until it has answered"""
    ae = around.admin.As(stem)
    name = f"/in/{stem}" if stem[0] == "C" else f"/{stem}"
    to = f"cse-in/{stem}"

    def fan_out(*steps):
        return around.during(lambda: [step() for step in steps], lambda: ae.retrieve("/mn1/b/g/fopt"))

    host = around.asks("mn1", name)
    assert fan_out(lambda: host.retrieve(to).rsc) == [2000]
    assert fan_out(lambda: host.delete(to).rsc, lambda: host.create(to, "cnt", rn="x").rsc,
                   lambda: host.update(to, "ae", lbl=["x"]).rsc) == [4106] * 3
    assert fan_out(lambda: around.asks("mn2", name).retrieve(to).rsc) == [4106]
    assert fan_out(lambda: around.asks("mn1", "/in/Cother").retrieve("cse-in/Cother").rsc) == [4106]
    assert fan_out(lambda: around.asks("mn1", "/in/Cnobody").retrieve("cse-in").rsc) == [4106]
    assert host.retrieve(to).rsc == 4106, "it has answered"


def test_the_type_of_what_is_created(around):
    """TS-0004 7.4.14.2.4: a group host asks for what it was asked for"""
    ae = around.admin.As("Cae")
    host = around.asks("mn1", "/in/Cae")
    learned = around.during(
        lambda: [host.create("cse-in/Cae", "acp", pv={"acr": []}, pvs={"acr": []}).rsc,
                 host.create("cse-in/Cae", "cnt", rn="made").rsc],
        lambda: ae.create("/mn1/b/g/fopt", "cnt", rn="made"))
    assert learned == [4106, 2001]
    assert ae.delete("cse-in/Cae/made").rsc == 2002


@pytest.mark.parametrize("to", ["/mn1/b/x", "/mn1/b/fopts", "/mn1/b/x/la"])
def test_what_is_no_group_request(around, to):
    """Whoever is asked for something of its own has no reason to ask us"""
    ae = around.admin.As("Cae")
    host = around.asks("mn1", "/in/Cae")
    assert around.during(lambda: host.retrieve("cse-in/Cae").rsc, lambda: ae.retrieve(to)) == 4106


def test_a_group_of_ours_that_leads_there(around):
    """TS-0004 7.4.14.2: sub-groups; the group's request is the AE's"""
    ae = around.admin.As("Cae")
    host = around.asks("mn1", "/in/Cae")
    made = ae.create("cse-in/Cae", "grp", rn="g", mnm=9, mid=["/mn1/b/g/fopt", "cse-in/Cae"])
    assert made.rsc == 2001, made
    ask = lambda: ae.retrieve("cse-in/Cae/g/fopt")
    assert around.during(lambda: [host.retrieve("cse-in/Cae").rsc, host.delete("cse-in/Cae").rsc], ask) == [2000, 4106]
    assert ae.update("cse-in/Cae/g", "grp", mid=["/mn1/b/g"]).rsc == 2004
    assert around.during(lambda: [host.retrieve("cse-in/Cae").rsc, host.delete("cse-in/Cae").rsc], ask) == [4106, 4106]
    assert ae.delete("cse-in/Cae/g").rsc == 2002


def test_what_a_neighbour_may_say(around):
    """SEC-IMP-04: itself, its AEs, and AEs of the service provider that are registered there"""
    assert around.enrols("mn1", "Selsewhere").rsc == 2001
    assert around.enrols("mn2", "Sother").rsc == 2001
    acp = grant(around.admin, (["/mn1", "/mn1/Cx", "/Selsewhere"], 2))
    to = around.admin.create("cse-in", "cnt", acpi=[acp])["ri"]
    for originator, rsc in (("/mn1", 2000), ("/mn1/Cx", 2000), ("/Selsewhere", 2000), ("/Sother", 4106),
                            ("/Snowhere", 4106), ("/mn2/Cx", 4106), ("/in", 4106)):
        assert around.asks("mn1", originator).retrieve(to).rsc == rsc, originator
    assert around.asks("mn2", "/Sother").retrieve(to).rsc == 4103


# ---- AEs with AE-IDs of the service provider that neighbours register: docs/decisions/0042 ----


def is_believed(around, name, stem):
    answer = around.asks(name, f"/{stem}").retrieve("cse-in/none")
    assert answer.rsc in (4004, 4103, 4106), answer
    return answer.rsc != 4106


def test_an_ae_id_is_not_stolen(around):
    """TS-0001 10.2.2.2: while it is registered by nobody else, and then by its credential only"""
    assert around.enrols("mn1", "Smine", "12-k1@x").rsc == 2001
    assert (is_believed(around, "mn1", "Smine"), is_believed(around, "mn2", "Smine")) == (True, False)
    for credential in ("12-k1@x", "12-k2@x", ""):
        assert around.claims("mn2", "Smine", credential).rsc == 4117
        assert around.enrols("mn2", "Smine", credential).rsc == 4117
    assert around.leaves("mn2", "Smine").rsc in (4103, 4004)
    assert around.asks("mn2", "/mn2").delete("Smine").rsc in (4103, 4004)
    assert around.admin.retrieve("Smine")["lnk"] == "/mn1/Smine"
    assert around.leaves("mn1", "Smine").rsc == 2004
    assert (is_believed(around, "mn1", "Smine"), is_believed(around, "mn2", "Smine")) == (False, False)
    for credential in ("12-k2@x", "12-k1@", ""):
        assert around.claims("mn2", "Smine", credential).rsc == 4106
    assert around.enrols("mn2", "Smine", "12-k1@x").rsc == 4117
    assert around.claims("mn2", "Smine", "12-k1@x").rsc == 2004
    assert around.admin.retrieve("Smine")["lnk"] == "/mn2/Smine"
    assert (is_believed(around, "mn1", "Smine"), is_believed(around, "mn2", "Smine")) == (False, True)
    assert around.leaves("mn1", "Smine").rsc in (4103, 4004)
    for name, rsc in (("mn1", 4103), ("mn2", 2004)):
        answer = around.asks(name, f"/{name}/Smine").update("Smine", "aeA", lnk="INACTIVE")
        assert answer.rsc == rsc, answer
    assert around.claims("mn1", "Smine", "12-k1@x").rsc == 2004, "INACTIVE changes nothing of whose it is"


def test_how_long_it_is_kept(around):
    """A registrar asks for an hour until the <AE> is written; that takes no time from one that is written"""
    soon, late = timestamp(3600), timestamp(7200)
    made = around.enrols("mn1", "Stime", et=soon)
    assert made["et"][:15] == soon[:15], made
    assert around.claims("mn1", "Stime", et=late).rsc == 2004
    assert around.claims("mn1", "Stime", et=soon).rsc == 2004
    assert around.admin.retrieve("Stime")["et"][:15] == late[:15]
    assert around.leaves("mn1", "Stime").rsc == 2004
    assert around.claims("mn1", "Stime", et=soon).rsc == 2004
    assert around.admin.retrieve("Stime")["et"][:15] == soon[:15]
    assert around.leaves("mn1", "Stime").rsc == 2004
    assert around.claims("mn1", "Stime").rsc == 2004
    assert around.admin.retrieve("Stime")["et"] > timestamp(31 * 24 * 3600), "not that of what is INACTIVE"


def test_it_stays_whose_it_was(around):
    """What is remembered outlives the <AEAnnc>; nor may an AE here have it"""
    assert around.enrols("mn1", "Sgone", "12-k1@x").rsc == 2001
    assert around.admin.delete("Sgone").rsc == 2002
    assert around.enrols("mn2", "Sgone", "12-k2@x").rsc == 4106
    here = by_key(around.lab, around.server, "any", "Sgone")
    assert here.create("cse-in", "ae", api="Ntest", rr=False, srv=["3"]).rsc == 4106
    assert around.enrols("mn2", "Sgone", "12-k1@x").rsc == 2001
    for stem in ("Cae", "Sae", "in", "cse-in"):
        assert around.enrols("mn1", stem).rsc in (4000, 4103, 4117), stem


def test_an_ae_at_a_cse_that_is_gone(around):
    """A registrar that is not registered itself keeps nobody from registering"""
    around.register("mn3", "http://127.0.0.1:1")
    assert around.enrols("mn3", "Slost", "12-k1@x").rsc == 2001
    assert around.asks("mn3", "/mn3").delete("cse-in/mn3").rsc == 2002
    assert around.claims("mn1", "Slost").rsc == 4106
    assert around.claims("mn1", "Slost", "12-k1@x").rsc == 2004


def test_what_a_registration_must_say(around):
    """The link is that of From, and From that of the neighbour"""
    for link in ("/mn2/Sodd", "/mn1/Sother", "/in/Sodd", "/mn1/base/Sodd", "INACTIVE", "/Sodd",
                 "//far.example/mn1/Sodd"):
        assert around.enrols("mn1", "Sodd", link=link).rsc == 4000, link
    assert around.enrols("mn1", "Sodd", api=None).rsc == 4000
    said = {"lnk": "/mn2/Sodd", "api": "Ntest", "srv": ["3"], "et": "20991231T000000"}
    assert around.asks("mn1", "/mn2/Sodd").create("cse-in", "aeA", **said).rsc == 4106
    said["lnk"] = "/mn1/Sodd"
    assert around.asks("mn1", "/mn1").create("cse-in", "aeA", **said).rsc == 4108
    assert around.asks("mn1", "/mn1/Cx").create("cse-in", "aeA", **said).rsc in (4103, 4108)
    assert around.asks("mn1", "/mn1/Sodd").create("cse-in/mn1", "aeA", **said).rsc == 4108
    assert around.asks("mn1", "/mn1/S*").create("cse-in", "aeA", **said).rsc == 4000
    assert around.admin.As("Cae").create("cse-in", "aeA", **said).rsc in (4103, 4108)
    assert around.admin.retrieve("Sodd").rsc == 4004
    assert around.enrols("mn1", "Sodd").rsc == 2001
    assert around.asks("mn1", "/mn1").update("Sodd", "aeA", lnk="/mn1/Sother").rsc == 4000
    assert around.asks("mn1", "/mn1/Sx").update("Sodd", "aeA", lnk="/mn1/Sx").rsc == 4000
    assert around.asks("mn1", "/mn1/Sodd").update("Sodd", "aeA", lnk="/mn2/Sodd").rsc == 4000


def test_the_profile_of_the_registrar(tmp_path):
    """SEC-REG-10, TS-0001 10.2.2.2 step 006a: credential, App-ID, AE-ID and CSE by one rule"""
    lab = Lab()
    try:
        around = Neighbours(lab, "--profile-enforcement", "on")
        for name in NAMES:
            around.register(name, "http://127.0.0.1:1")
        assert around.enrols("mn1", "Sa", "12-k1@x").rsc == 4128
        admin = around.admin
        assert admin.create("cse-in", "asar", rn="rule", apci=["12-k1@x"], aae=["Sa*"], aai=["Ntest"]).rsc == 2001
        assert admin.create("cse-in", "mssp", rn="profile").rsc == 2001
        node = admin.create("cse-in/profile", "svsn", ni="urn:n:1", csi="/mn1", rlk=["cse-in/rule"])
        assert node.rsc == 2001, node
        for stem, credential, api, rsc in (("Sa", "12-k1@x", "Ntest", 2001), ("Sb", "12-k1@x", "Ntest", 4126),
                                           ("Sa2", "12-k2@x", "Ntest", 4126), ("Sa2", "", "Ntest", 4126),
                                           ("Sa2", "12-k1@x", "Nother", 4126)):
            assert around.enrols("mn1", stem, credential, api=api).rsc == rsc, (stem, credential, api)
        assert around.enrols("mn2", "Sa2", "12-k1@x").rsc == 4128
        chosen = around.enrols("mn1", "S", "12-k1@x")
        assert chosen.rsc == 2001 and chosen["ri"].startswith("Sa") and chosen["lnk"] == f"/mn1/{chosen['ri']}"
        assert around.claims("mn1", "Sa", "12-k2@x").rsc == 4126
    finally:
        lab.close()


def test_roles_of_the_service_subscription(tmp_path):
    """SEC-ROL-09 spec: TS-0001 9.6.29 allowedRole-IDs: of the rule for the registrar, too"""
    lab = Lab()
    try:
        around = Neighbours(lab, "--profile-enforcement", "on")
        around.register("mn1", "http://127.0.0.1:1")
        admin, inside, outside = around.admin, "inside@sp.example", "outside@sp.example"
        assert admin.create("cse-in", "asar", rn="rule", apci=["12-k1@x"], aae=["Sa"], ari=[inside]).rsc == 2001
        assert admin.create("cse-in", "mssp", rn="profile").rsc == 2001
        node = admin.create("cse-in/profile", "svsn", ni="urn:n:1", csi="/mn1", rlk=["cse-in/rule"])
        assert node.rsc == 2001, node
        assert around.enrols("mn1", "Sa", "12-k1@x").rsc == 2001
        for role, rsc in ((inside, 2000), (outside, 4103)):
            given = admin.create("cse-in", "rol", rlid=role, tkis="CAdmin", tkhd="/Sa", tknb=timestamp(-60),
                                 tkna=timestamp(600))
            assert given.rsc == 2001, given
            to = admin.create("cse-in", "cnt", acpi=[grant(admin, ([role], 63))])["ri"]
            answer = around.asks("mn1", "/Sa").request("GET", f"{to}?rids={role}")
            assert answer.rsc == rsc, (role, answer)
    finally:
        lab.close()


def test_an_ae_id_is_not_a_descendant(around):
    """TS-0001 9.6.4: descendantCSEs names CSEs. Who lists an AE-ID there does not speak for the AE"""
    assert around.enrols("mn1", "Schild", "12-k1@x").rsc == 2001
    listed = around.asks("mn2", "/mn2").update("cse-in/mn2", "csr", dcse=["/Schild", "/Sunknown"])
    assert listed.rsc == 2004, listed
    assert (is_believed(around, "mn1", "Schild"), is_believed(around, "mn2", "Schild")) == (True, False)
    assert around.leaves("mn1", "Schild").rsc == 2004
    assert not is_believed(around, "mn2", "Schild")
    assert around.claims("mn1", "Schild", "12-k1@x").rsc == 2004
    assert around.enrols("mn1", "Sunknown").rsc == 4117, "a CSE behind mn2 is called so"
    assert around.asks("mn2", "/mn2").update("cse-in/mn2", "csr", dcse=None).rsc == 2004


def test_who_registers_aes_is_registered(around):
    """TS-0001 10.2.2.2: mn3 has a certificate, and is not registered"""
    answer = around.enrols("mn3", "Sfree", "12-k3@x")
    assert answer.rsc == 4103, answer
    assert around.admin.retrieve("Sfree").rsc == 4004
