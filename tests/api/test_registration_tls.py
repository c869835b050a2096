"""Registration, roles and forwarding with credentials: over TLS, with clients that we did not write.

All rows of the decisions are tested beside the code (src/cse/access/admit_test.c, identify_test.c, binding_test.c).
spec: TS-0004 7.3.2.1, 7.3.2.7, TS-0001 9.6.19, 9.6.20, 9.6.29; security.md 4
"""

import itertools
import signal

import pytest
import requests
from lib.onem2m import Client, grant, timestamp
from lib.secure_client import by_certificate, by_key
from lib.server import eventually
from lib.tls import Lab, cert_maker

AE = {"rr": False, "srv": ["3"]}
DOMAIN = "sp.example"
KEYS = {"thermo": ("--ae-id", "Cthermo*"), "any": (), "lamp": ("--ae-id", "Slamp*"),
        "acme": ("--ae-id", "C*", "--app-id", "R01.com.acme.*"), "both": ("--ae-id", "C*", "--ae-id", "S*"),
        "mine": ("--ae-id", "Cmine"), "second": ("--ae-id", "Cthermo*"),
        "roles": ("--ae-id", "Croles*", "--role", f"one@{DOMAIN}", "--role", f"two@{DOMAIN}")}
_names = itertools.count(1)


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    for name, words in KEYS.items():
        made.add_key(name, *words)
    made.mn = made.issue("mn", cert_maker.dns("mn.in.sp.example"))
    made.other = made.issue("other", cert_maker.uri("m2m://sp.example/Sother"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("optional", more=["--profile-enforcement", "on", "--hide-unauthorised", "off"],
                     listen=["http://127.0.0.1:0"])


@pytest.fixture
def admin(server):
    client = Client(server.urls[1])
    yield client
    for ty in (2, 11, 19, 31):  # AEs, profiles, rules, roles: each test begins without
        for path in client.discover(ty=ty):
            client.delete(path)


def rules(admin, *lists, csi="/in"):
    """A node of this CSE with these rules."""
    number = next(_names)
    links = []
    for at, entries in enumerate(lists):
        links.append(f"cse-in/rule{number}-{at}")
        assert admin.create("cse-in", "asar", rn=links[-1][7:], **entries).rsc == 2001
    assert admin.create("cse-in", "mssp", rn=f"profile{number}").rsc == 2001
    node = admin.create(f"cse-in/profile{number}", "svsn", rn="node", ni="urn:n:1", csi=csi, rlk=links)
    assert node.rsc == 2001, node


def register(client, api="Ntest", **more):
    return client.create("cse-in", "ae", api=api, **AE, **more)


def comes_in(client):
    """The response code of a registration; 0: the credential is not taken."""
    try:
        return register(client).rsc
    except requests.exceptions.SSLError:
        return 0


# ---- which credential ----


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("entries, rsc", [
    (["12-thermo@sp.example"], 2001), (["12-*"], 2001), (["*"], 2001), (["12-*@sp.example"], 2001),
    (["33-//sp.example/Sdev", "12-thermo@sp.example"], 2001), (["12-second@sp.example"], 4126), (["33-*"], 4126),
    (["12-thermo@sp.exampl"], 4126), (["12-Thermo@sp.example"], 4126), (["thermo@sp.example"], 4126), (None, 4126)],
    ids=str)
def test_a_key_and_the_credentials_of_a_rule(lab, server, admin, version, entries, rsc):
    """SEC-REG-06 SEC-REG-07: applicableCredIDs; an absent list is for those without an association"""
    rules(admin, {"apci": entries} if entries else {})
    answer = register(by_key(lab, server, "thermo", "Cthermo1", version))
    assert answer.rsc == rsc, answer
    assert admin.retrieve("Cthermo1").rsc == (2000 if rsc == 2001 else 4004)


@pytest.mark.parametrize("entries, rsc", [
    (["33-//sp.example/Sdev"], 2001), (["33-//sp.example/*"], 2001), (["*"], 2001), (["33-//sp.example/Sde"], 4126),
    (["33-/Sdev"], 4126), (["12-*"], 4126), (None, 4126)], ids=str)
def test_a_certificate_and_the_credentials_of_a_rule(lab, server, admin, entries, rsc):
    """SEC-REG-06 SEC-REG-07 SEC-REG-03: an S-type AE at the IN-CSE; no announced AE is made there"""
    rules(admin, {"apci": entries} if entries else {})
    device = by_certificate(lab, server, lab.ae, "Sdev")
    answer = register(device)
    assert answer.rsc == rsc, answer
    if rsc == 2001:
        assert (answer["aei"], answer["ri"]) == ("Sdev", "Sdev")
        assert device.retrieve("Sdev").rsc == 2000
        assert admin.discover(ty=10002) == []


def test_without_a_credential(lab, server, admin):
    """SEC-REG-06 SEC-IMP-03: '*' stands for any credential, not for none; and the listener takes nobody unproved"""
    rules(admin, {"apci": ["*"]})
    plain = Client(server.urls[1])
    assert register(plain.As("Cplain")).rsc == 4126
    assert register(by_certificate(lab, server, None, "Cplain")).rsc == 4107
    rules(admin, {"aae": ["Cplain"]})
    assert register(plain.As("Cplain")).rsc == 2001


def test_the_parts_of_a_rule_belong_together(lab, server, admin):
    """SEC-REG-08: credential, App-ID and AE-ID by the same rule"""
    rules(admin, {"apci": ["12-thermo@sp.example"], "aai": ["N1"], "aae": ["Cthermo1"]},
          {"apci": ["12-second@sp.example"], "aai": ["N2"], "aae": ["Cthermo2"]})
    for key, stem, api, rsc in (("thermo", "Cthermo2", "N2", 4126), ("second", "Cthermo1", "N1", 4126),
                                ("thermo", "Cthermo1", "N2", 4126), ("thermo", "Cthermo2", "N1", 4126),
                                ("thermo", "Cthermo1", "N1", 2001), ("second", "Cthermo2", "N2", 2001)):
        assert register(by_key(lab, server, key, stem), api).rsc == rsc, (key, stem, api)


def test_the_credential_and_the_rule_both_count(lab, server, admin):
    """SEC-REG-09 SEC-IMP-01: a rule for all does not widen what the credential is for"""
    rules(admin, {"apci": ["*"]})
    assert register(by_key(lab, server, "thermo", "Clamp")).rsc == 4106
    assert register(by_certificate(lab, server, lab.ae, "Sother")).rsc == 4106
    assert register(by_key(lab, server, "acme", "Cacme"), "N1").rsc == 4126
    assert register(by_key(lab, server, "acme", "Cacme"), "R01.com.acmeX").rsc == 4126
    assert register(by_key(lab, server, "acme", "Cacme"), "R01.com.acme.app").rsc == 2001
    assert admin.discover(ty=2) == ["cse-in/Cacme"]


def test_nodes_of_several_cses(lab, server, admin):
    """SEC-REG-06: rules for other CSEs do not count; several nodes and profiles of ours do, in each spelling"""
    thermo = by_key(lab, server, "thermo", "Cthermo1")
    assert register(thermo).rsc == 4128
    rules(admin, {"apci": ["*"]}, csi="/mn")
    rules(admin, {"apci": ["*"]}, csi="//other.example/in")
    assert register(thermo).rsc == 4128
    rules(admin, {"apci": ["33-*"]})
    assert register(thermo).rsc == 4126
    rules(admin, {"apci": ["12-thermo@sp.example"]}, csi="//sp.example/in")
    assert register(thermo).rsc == 2001


# ---- names that are assigned ----


@pytest.mark.parametrize("wish, entries, begin", [
    ("S", ["S*"], "S"), ("S", ["C*", "S*"], "S"), ("C", ["S*", "C*"], "C"), ("C", ["Cfix"], "Cfix"),
    (None, ["Sonly*"], "Sonly"), (None, ["*"], ("C", "S")), ("S", ["C*"], None), ("C", ["Slamp"], None)], ids=str)
def test_names_by_rule_and_wish(lab, server, admin, wish, entries, begin):
    """SEC-REG-01 SEC-REG-02 SEC-REG-03: an AE under TLS gets a name, and nobody else may use it"""
    rules(admin, {"apci": ["12-both@*"], "aae": entries})
    answer = register(by_key(lab, server, "both", wish))
    if not begin:
        assert answer.rsc == 4126, answer
        return
    assert answer.rsc == 2001, answer
    stem = answer["aei"]
    assert stem.startswith(begin) and answer["ri"] == stem
    assert "*" in "".join(entries) and len(stem) >= 14 or stem in entries
    assert by_key(lab, server, "both", stem).retrieve(stem).rsc == 2000
    assert by_key(lab, server, "any", stem).retrieve(stem).rsc == 4106
    assert admin.As(stem).retrieve(stem).rsc == 2000, "the trusted listener vouches for it"
    assert admin.discover(ty=10002) == []


def test_names_within_the_credential(lab, server, admin):
    """SEC-REG-03: the credential has one S-type pattern, the rule another"""
    rules(admin, {"apci": ["*"], "aae": ["S*", "C*"]})
    assert register(by_key(lab, server, "lamp", "S"))["aei"].startswith("Slamp")
    assert register(by_key(lab, server, "lamp", "C")).rsc in (4106, 4126)
    assert register(by_key(lab, server, "mine", "C"))["aei"] == "Cmine"
    again = register(by_key(lab, server, "mine", "C"))
    assert again.rsc in (4106, 4117, 4126), again


def test_an_s_type_in_policies(lab, server, admin):
    """SEC-REG-03 SEC-ACP-12: every spelling of an AE-ID of the SP, and no AE-ID-Stem of a CSE"""
    rules(admin, {"apci": ["*"]})
    device = by_certificate(lab, server, lab.ae, "Sdev")
    assert register(device).rsc == 2001
    for entry, rsc in (("Sdev", 2000), ("/Sdev", 2000), ("//sp.example/Sdev", 2000), ("/in/Sdev", 4103),
                       ("//other.example/Sdev", 4103), ("Sde", 4103), ("/Sd*", 2000)):
        to = admin.create("cse-in", "cnt", acpi=[grant(admin, ([entry], 2))])["ri"]
        assert device.retrieve(to).rsc == rsc, entry


# ---- registrations that end, and begin again ----


def test_an_ae_id_and_its_credential(lab, server, admin):
    """SEC-REG-04 SEC-IMP-01: another credential that may have it gets it by a rule, when it is free"""
    rules(admin, {"apci": ["12-thermo@*"]})
    first, second = (by_key(lab, server, key, "Cthermo7") for key in ("thermo", "second"))
    assert register(first).rsc == 2001
    assert register(first).rsc == 4117
    assert register(second).rsc == 4126
    assert second.retrieve("Cthermo7").rsc == 4106
    assert second.delete("Cthermo7").rsc == 4106
    assert first.delete("Cthermo7").rsc == 2002
    assert register(second).rsc == 4126
    rules(admin, {"apci": ["12-second@*"]})
    assert register(second).rsc == 2001
    assert first.retrieve("Cthermo7").rsc == 4106
    assert second.delete("Cthermo7").rsc == 2002


def test_an_ae_id_stays_with_its_credential():
    """SEC-REG-04 SEC-IMP-01: without a profile, also while nobody is registered with it"""
    lab = Lab()
    try:
        for name in ("first", "second"):
            lab.add_key(name, "--ae-id", "C*")
        lab.add_key("exact", "--ae-id", "Cone")
        server = lab.start()
        first, second, exact = (by_key(lab, server, key, "Cone") for key in ("first", "second", "exact"))
        assert register(first).rsc == 2001
        assert second.retrieve("Cone").rsc == 4106
        assert first.delete("Cone").rsc == 2002
        assert register(second).rsc == 4106
        assert register(first).rsc == 2001
        assert first.delete("Cone").rsc == 2002
        assert register(exact).rsc == 2001
        assert first.retrieve("Cone").rsc == 4106
    finally:
        lab.close()


def test_who_is_registered_stays(lab, server, admin):
    """SEC-REG-17: a rule that goes concerns the next registration"""
    rules(admin, {"apci": ["12-thermo@sp.example"]})
    client = by_key(lab, server, "thermo", "Cthermo3")
    assert register(client).rsc == 2001
    for ty in (19, 11):
        for path in admin.discover(ty=ty):
            assert admin.delete(path).rsc == 2002
    assert client.create("Cthermo3", "cnt", rn="c").rsc == 2001
    assert register(by_key(lab, server, "thermo", "Cthermo4")).rsc == 4128
    assert client.delete("Cthermo3").rsc == 2002
    assert register(client).rsc == 4128


def test_a_credential_that_is_removed(lab, server, admin):
    """SEC-REG-06 SEC-DEC-10: its AE stays, but nobody comes in for it"""
    rules(admin, {"apci": ["*"]})
    lab.add_key("gone", "--ae-id", "Cgone")
    server.process.send_signal(signal.SIGHUP)
    client = by_key(lab, server, "gone", "Cgone")
    eventually(lambda: comes_in(client) == 2001, what="the key")
    lab.merlon("key", "remove", "--data", lab.data, "12-gone@sp.example")
    lab.own_data()
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: comes_in(client) == 0, what="the end of the key")
    assert admin.retrieve("Cgone").rsc == 2000


@pytest.mark.parametrize("change", ["none", "removed", "changed"])
def test_what_a_credential_left(lab, server, change):
    """SEC-IDN-04: what was accepted and waits is carried out after a restart as whom it came from, but not when the
    credential was removed or changed meanwhile; docs/decisions/0019"""
    admin = Client(server.urls[1])
    rules(admin, {"apci": ["*"]})
    name, stem = f"left{change}", f"Cleft{change}"
    lab.add_key(name, "--ae-id", stem)
    server.process.send_signal(signal.SIGHUP)
    client = by_key(lab, server, name, stem)
    eventually(lambda: comes_in(client) == 2001, what="the key")
    assert admin.create(stem, "cnt", rn="c").rsc == 2001
    body = {"m2m:cnt": {"rn": "waited"}}
    headers = {"X-M2M-OET": timestamp(3)}
    answer = client.request("POST", stem, body, ty=3, headers=headers, query={"rt": 1})
    assert answer.rsc == 1001, answer
    server.kill()
    if change != "none":
        lab.merlon("key", "remove", "--data", lab.data, f"12-{name}@sp.example")
    if change == "changed":
        lab.add_key(name, "--ae-id", stem)
    lab.own_data()
    server.start()
    admin = Client(server.urls[1])
    uri = answer.pc["m2m:uri"]
    eventually(lambda: admin.retrieve(uri)["rs"] != 3, 20, "the result")
    assert admin.retrieve(uri)["ors"]["rsc"] == (2001 if change == "none" else 4106)
    assert admin.retrieve(f"{stem}/waited").rsc == (2000 if change == "none" else 4004)
    for ty in (2, 11, 19):
        for path in admin.discover(ty=ty):
            assert admin.delete(path).rsc == 2002


# ---- roles ----


def test_roles_of_rule_and_credential(lab, server, admin):
    """SEC-ROL-09 SEC-ROL-03 SEC-ROL-04: allowedRole-IDs of the rule and the roles of the credential, under TLS"""
    names = {n: f"{n}@{DOMAIN}" for n in ("one", "two", "three")}
    rules(admin, {"apci": ["12-roles@*"], "ari": [names["one"], names["three"]]}, {"apci": ["12-thermo@*"]})
    targets = {}
    for name, rlid in names.items():
        targets[name] = admin.create("cse-in", "cnt", acpi=[grant(admin, ([rlid], 2))])["ri"]
        for holder in ("Croles1", "Cthermo1"):
            made = admin.create("cse-in", "rol", rlid=rlid, tkis="CAdmin", tkhd=holder, tknb=timestamp(-60),
                                tkna=timestamp(600))
            assert made.rsc == 2001, made
    for key, stem, allowed in (("roles", "Croles1", {"one"}), ("thermo", "Cthermo1", {"one", "two", "three"})):
        client = by_key(lab, server, key, stem)
        assert register(client).rsc == 2001
        for name, rlid in names.items():
            answer = client.request("GET", f"{targets[name]}?rids={rlid}")
            assert answer.rsc == (2000 if name in allowed else 4103), (key, name)
            assert client.retrieve(targets[name]).rsc == 4103


# ---- what a CSE forwards ----


def test_an_ae_behind_a_cse(lab, server, admin):
    """SEC-ACP-14 SEC-ACP-29 SEC-IMP-04 SEC-CTX-06: not registered here, forwarded by a CSE under TLS"""
    far = by_certificate(lab, server, lab.mn, "/mn/Cfar")

    def under(client, **rule):
        policy = admin.create("cse-in", "acp", pv={"acr": [{"acop": 2, **rule}]},
                              pvs={"acr": [{"acor": ["CAdmin"], "acop": 63}]})
        return client.retrieve(admin.create("cse-in", "cnt", acpi=[policy["ri"]])["ri"]).rsc

    for originators, rsc in ((["all"], 2000), (["/mn/Cfar"], 2000), (["//sp.example/mn/Cfar"], 2000),
                             (["/mn/C*"], 2000), (["//sp.example"], 2000), (["/mn"], 4103), (["/in/Cfar"], 4103),
                             (["Cfar"], 4103), (["/mn2/Cfar"], 4103), (["//other.example"], 4103)):
        assert under(far, acor=originators) == rsc, originators
    assert under(far, acor=["all"], acaf=True) == 4103, "proved to the other CSE, not to us"
    assert under(far.As("/mn"), acor=["all"], acaf=True) == 2000
    assert under(far, acor=["all"], acco=[{"acip": {"ipv4": ["0.0.0.0/0"]}}]) == 4103
    assert far.As("/mn").retrieve("cse-in").rsc == 2000
    assert far.As("/mn").update("cse-in", "cb", lbl=["x"]).rsc in (4103, 4005)
    assert far.retrieve("cse-in").rsc == 4103
    for name in ("/in", "Cfar", "CAdmin", "C", "Sfar/x"):
        assert far.As(name).retrieve("cse-in").rsc in (4106, 4000), name
    assert far.As("CAdmin").retrieve("cse-in").rsc == 4106
    assert register(far).rsc == 4005
    assert register(far.As("/mn")).rsc == 4005


def test_a_cse_needs_its_credential(lab, server, admin):
    """SEC-IMP-03 SEC-IMP-01: 4107 for who only says to be one, 4106 for who is another"""
    for client in (Client(server.urls[1], "/mn"), by_certificate(lab, server, None, "/mn"),
                   by_key(lab, server, "any", "/mn")):
        assert client.retrieve("cse-in").rsc == 4107
    assert by_key(lab, server, "thermo", "/mn").retrieve("cse-in").rsc in (4000, 4106, 4107)
    assert by_certificate(lab, server, lab.ae, "/mn").retrieve("cse-in").rsc in (4000, 4106, 4107)
