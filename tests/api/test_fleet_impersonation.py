"""Whom a CSE that is registered here may speak for over TLS, when the AE is ours.

The neighbours are played: certificates of CSEs in the hands of `requests`, and a receiver as point of access.
spec: TS-0004 7.3.2.1, 7.4.14.2.4; TS-0001 10.2.7; SEC-IMP-04; docs/decisions/0034
"""

import pytest
from lib.fleet import remote_cse
from lib.onem2m import Client, grant
from lib.receiver import Receiver
from lib.secure_client import by_certificate
from lib.tls import Lab, cert_maker

NAMES = ("mn1", "mn2")
OURS = ("/in/Cae", "//sp.example/in/Cae", "/Sae", "//sp.example/Sae")


class Neighbours:
    """Two registered CSEs. What reaches the first is kept, and `meanwhile` runs before it answers."""

    def __init__(self, lab):
        self.lab = lab
        self.pairs = {name: lab.issue(name, cert_maker.dns(f"{name}.in.sp.example")) for name in NAMES}
        self.server = lab.start("optional", listen=["http://127.0.0.1:0"])
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
                answer = made.asks(name, f"/{name}").create("cse-in", "csr", rn=name,
                                                            **remote_cse(name, poa=[place.url]))
                assert answer.rsc == 2001, answer
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
    """SEC-IMP-04: itself, its AEs, and AEs of the service provider that are not ours"""
    acp = grant(around.admin, (["/mn1", "/mn1/Cx", "/Selsewhere"], 2))
    to = around.admin.create("cse-in", "cnt", acpi=[acp])["ri"]
    for originator, rsc in (("/mn1", 2000), ("/mn1/Cx", 2000), ("/Selsewhere", 2000), ("/Sother", 4103),
                            ("/mn2/Cx", 4106), ("/in", 4106)):
        assert around.asks("mn1", originator).retrieve(to).rsc == rsc, originator
