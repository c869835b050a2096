"""Tokens made by python3-jwcrypto and the command jose, in access decisions.
spec: TS-0003 7.3.2, TS-0001 9.6.39, TS-0009 6.4.19; security.md 6"""

import base64
import itertools
import json
import os
import signal
import subprocess
import time

import pytest
from jwcrypto import jwk
from lib.onem2m import Client, grant, timestamp
from lib.server import Server, eventually
from lib.tokens import (AUDIENCE, DOMAIN, ISSUER, Issuer, absolute, carry, encrypt, may, plays, rules, symmetric)

_names = itertools.count(1)
RETRIEVE, ALL = 2, 63


class Cast:
    """A server that knows four issuers."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.signer = Issuer(folder)
        self.mac = Issuer(folder, "//merlon.example/Smac", "mac.merlon.example", ("HS256",),
                          [symmetric(32, "m1")])
        self.sealer = Issuer(folder, "//merlon.example/Sseal", "seal.merlon.example",
                             ("dir/A256GCM", "A128KW/A128GCM"), [symmetric(32, "d1"), symmetric(16, "w1")])
        self.nester = Issuer(folder, "//merlon.example/Snest", "nest.merlon.example", ("ES256/dir/A256GCM",),
                             [jwk.JWK.generate(kty="EC", crv="P-256", kid="n1"), symmetric(32, "n2")])
        for issuer in (self.signer, self.mac, self.sealer, self.nester):
            issuer.add(self.data)


@pytest.fixture(scope="module")
def cast(tmp_path_factory):
    return Cast(tmp_path_factory.mktemp("cast"))


@pytest.fixture(scope="module")
def cse(cast):
    """In the place of the server that all tests share."""
    with Server(cast.data, "--limit", "header-bytes=400000") as server:
        yield server


@pytest.fixture
def issuer(cast):
    return cast.signer


@pytest.fixture
def box(ae):
    """A container that nobody but its creator may use."""
    answer = ae.create(ae.path, "cnt", rn="box")
    assert answer.rsc == 2001, answer
    return answer["ri"]


def show(client, to, *tokens, **more):
    return client.retrieve(to, headers=carry(*tokens), **more)


# ---- signed ----


def test_a_signed_token_opens(issuer, other, box):
    """SEC-TOK-01 spec: TS-0003 7.3.2.5"""
    token = issuer.token(other.stem, may(RETRIEVE, box))
    assert other.retrieve(box).rsc == 4103
    assert show(other, box, token).rsc == 2000
    assert other.retrieve(box).rsc == 4103
    assert other.delete(box, headers=carry(token)).rsc == 4103


def test_every_operation(issuer, ae, other, box):
    """SEC-TOK-01 SEC-DEC-09: reads and writes"""
    headers = carry(issuer.token(other.stem, may(ALL, box)))
    assert other.create(box, "cin", con="1", headers=headers).rsc == 2001
    assert other.update(box, "cnt", lbl=["x"], headers=headers).rsc == 2004
    assert other.retrieve(box, headers=headers)["lbl"] == ["x"]
    assert other.delete(box, headers=headers).rsc == 2002
    assert ae.retrieve(box).rsc == 4004


@pytest.mark.parametrize("part", [0, 1, 2])
def test_tampered(issuer, other, box, part):
    """SEC-TOK-01: each bit of header, payload and signature counts"""
    parts = issuer.token(other.stem, may(RETRIEVE, box)).split(".")
    raw = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
    raw[len(raw) // 2] ^= 1
    changed = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    answer = show(other, box, ".".join([*parts[:part], changed, *parts[part + 1:]]))
    assert answer.rsc == 4103, answer


def test_parts_of_two_tokens(issuer, other, box):
    """SEC-TOK-01"""
    one = issuer.token(other.stem, may(RETRIEVE, box)).split(".")
    two = issuer.token(other.stem, may(ALL, box)).split(".")
    assert show(other, box, ".".join([one[0], two[1], one[2]])).rsc == 4103
    assert show(other, box, ".".join([one[0], one[1], two[2]])).rsc == 4103


def test_signature_of_a_stranger(issuer, other, box):
    """SEC-TOK-01: the right name of the key and the wrong key"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    stranger = jwk.JWK.generate(kty="EC", crv="P-256", kid=issuer.key["kid"])
    assert show(other, box, issuer.sign(claims, key=stranger)).rsc == 4103
    assert show(other, box, issuer.sign(claims, key=stranger, jwk=json.loads(stranger.export_public()))).rsc == 4103


def test_by_the_command_jose(issuer, other, box, tmp_path):
    """SEC-TOK-01: another implementation, from Debian's package jose"""
    key, claims = tmp_path / "key.jwk", tmp_path / "claims"
    key.write_text(issuer.key.export())
    claims.write_text(json.dumps(issuer.claims(other.stem, may(RETRIEVE, box))))
    head = json.dumps({"protected": {"alg": "ES256", "typ": "JWT", "kid": issuer.key["kid"]}})
    made = subprocess.run(["jose", "jws", "sig", "-I", claims, "-k", key, "-s", head, "-c"], capture_output=True,
                          text=True, check=True)
    assert show(other, box, made.stdout.strip()).rsc == 2000


def test_mac(cast, issuer, other, box):
    """SEC-TOK-02: HS256 with a shared key; a public key is no secret that a MAC could be made with"""
    claims = cast.mac.claims(other.stem, may(RETRIEVE, box))
    assert show(other, box, cast.mac.sign(claims, alg="HS256")).rsc == 2000
    for secret in (issuer.key.export_to_pem(), issuer.key.export_public().encode()):
        forged = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(secret).rstrip(b"=").decode(), kid=issuer.key["kid"])
        claims = issuer.claims(other.stem, may(RETRIEVE, box))
        assert show(other, box, issuer.sign(claims, alg="HS256", key=forged)).rsc == 4103
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    assert show(other, box, issuer.sign(claims, alg="HS256", key=cast.mac.key)).rsc == 4103


def unsecured(claims, signature=""):
    def text(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{text({'alg': 'none', 'typ': 'JWT'})}.{text(claims)}.{signature}"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
def test_none(issuer, other, box, alg):
    """SEC-TOK-03: without a signature it is no m2m:dynAuthJWT, with one it is refused"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    token = unsecured(claims).replace("none", alg)
    assert show(other, box, token).rsc == 4000
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "typ": "JWT"}).encode()).rstrip(b"=").decode()
    parts = issuer.sign(claims).split(".")
    assert show(other, box, ".".join([head, parts[1], parts[2]])).rsc == 4103


# ---- encrypted, nested ----


def test_encrypted(cast, other, box):
    """SEC-TOK-04"""
    direct, wrapping = cast.sealer.keys
    claims = cast.sealer.claims(other.stem, may(RETRIEVE, box))
    assert show(other, box, encrypt(claims, direct)).rsc == 2000
    claims = cast.sealer.claims(other.stem, may(RETRIEVE, box))
    assert show(other, box, encrypt(claims, wrapping, "A128KW", "A128GCM")).rsc == 2000


def test_encrypted_otherwise(cast, other, box):
    """SEC-TOK-04: unknown key, algorithms that the issuer does not use or that are not of the profile"""
    direct, wrapping = cast.sealer.keys
    claims = cast.sealer.claims(other.stem, may(RETRIEVE, box))
    stranger = symmetric(32, "d1")
    for token in (encrypt(claims, direct, kid="d2"), encrypt(claims, direct, kid="w1"), encrypt(claims, stranger),
                  encrypt(claims, symmetric(64, "d1"), "dir", "A256CBC-HS512"),
                  encrypt(claims, wrapping, "A128KW", "A256GCM"), encrypt(claims, wrapping, "A128GCMKW", "A128GCM"),
                  encrypt(claims, symmetric(16, "d1"), "dir", "A128GCM"),
                  encrypt(claims, direct, zip="DEF")):
        assert show(other, box, token).rsc == 4103
    for at in range(5):
        parts = encrypt(claims, wrapping, "A128KW", "A128GCM").split(".")
        raw = bytearray(base64.urlsafe_b64decode(parts[at] + "=="))
        raw[-1] ^= 1
        parts[at] = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        assert show(other, box, ".".join(parts)).rsc == 4103, at


def test_nested(cast, other, box):
    """SEC-TOK-05: typ JWT in both headers, cty JWT in the outer one and nowhere else"""
    nester = cast.nester
    outer = nester.keys[1]

    def nested(inner_header=None, **outer_header):
        inner = nester.sign(nester.claims(other.stem, may(RETRIEVE, box)), **(inner_header or {}))
        return encrypt(inner, outer, **outer_header)

    assert show(other, box, nested(cty="JWT")).rsc == 2000
    for token in (nested(), nested(cty="JWS"), nested(cty="JWT", typ=None), nested(cty="JWT", typ="JOSE"),
                  nested({"cty": "JWT"}, cty="JWT"), nested({"typ": None}, cty="JWT"),
                  encrypt(nested(cty="JWT"), outer, cty="JWT"),
                  nester.sign(nester.claims(other.stem, may(RETRIEVE, box)))):
        assert show(other, box, token).rsc == 4103


def test_content_type_of_a_signed_token(issuer, other, box):
    """SEC-TOK-05"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    for header in ({"cty": "JWT"}, {"typ": None}, {"typ": "at+jwt"}):
        assert show(other, box, issuer.sign(claims, **header)).rsc == 4103
    assert show(other, box, issuer.sign(claims)).rsc == 2000


# ---- claims ----


@pytest.mark.parametrize("changed", [
    {"nbf": 60}, {"exp": -1}, {"exp": 0}, {"nbf": 600, "exp": 700}, {"nbf": 10, "exp": 5}])
def test_out_of_time(issuer, other, box, changed):
    """SEC-TOK-06"""
    now = int(time.time())
    times = {name: now + seconds for name, seconds in changed.items()}
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), **times)).rsc == 4103


def test_time_passes(issuer, other, box):
    """SEC-TOK-06 SEC-TOK-16: a fraction of a second counts, also for a token that is remembered"""
    end = time.time() + 1.25
    token = issuer.token(other.stem, may(RETRIEVE, box), nbf=time.time() - 0.5, exp=end)
    assert show(other, box, token).rsc == 2000
    eventually(lambda: show(other, box, token).rsc == 4103)
    assert time.time() >= end - 0.05


def test_clocks_that_differ(own, cast, tmp_path):
    """SEC-TOK-06: no tolerance unless one is configured"""
    cast.signer.add(tmp_path / "data0")
    admin = Client(own("--token-skew", "30").url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    now = time.time()
    for times, rsc in (({"nbf": now + 20}, 2000), ({"nbf": now + 40}, 4103), ({"exp": now - 20}, 2000),
                       ({"exp": now - 40}, 4103)):
        times = {"nbf": now - 100, "exp": now + 100, **times}
        token = cast.signer.token("Cholder", may(RETRIEVE, "cse-in/c"), **times)
        assert show(holder, "cse-in/c", token).rsc == rsc, times


def test_numbers_of_dates(issuer, other, box):
    """SEC-TOK-16: NumericDate in all its spellings"""
    now = int(time.time())
    for value in (f"{now}.5", f"{now}.000001", f"{now / 1e9:.12f}e9", f"{now}0e-1"):
        claims = json.dumps(issuer.claims(other.stem, may(RETRIEVE, box), nbf=now - 5, exp=7777))
        token = issuer.sign(claims.replace("7777", str(now + 60)).replace(str(now - 5), value))
        time.sleep(0 if float(value) <= time.time() else 0.6)
        assert show(other, box, token).rsc == 2000, value
    for value in ('"1"', "true", "null", "-1", "1e99", "[]"):
        claims = json.dumps(issuer.claims(other.stem, may(RETRIEVE, box), nbf=7777))
        assert show(other, box, issuer.sign(claims.replace("7777", value))).rsc == 4103, value


def test_holder(issuer, ae, other, box):
    """SEC-TOK-07: what is issued to one AE serves no other, not on the same connection either"""
    token = issuer.token(other.stem, may(RETRIEVE, box))
    third = other.As(ae.stem)
    assert show(other, box, token).rsc == 2000
    policy = ae.create(ae.path, "cnt", acpi=[grant(Client(ae.url), (["Cnobody1"], 63))])["ri"]
    again = issuer.token(other.stem, may(RETRIEVE, policy))
    assert show(third, policy, again).rsc == 4103
    assert show(other, policy, again).rsc == 2000


@pytest.mark.parametrize("holder", ["//merlon.example/id-in", "//merlon.example/id-mn/{}", "//other.example/id-in/{}",
                                    "//merlon.example/{}", "/id-in/{}", "{}", "//merlon.example/id-in/{}x",
                                    "//merlon.example/id-in/*", "*", "all"])
def test_holder_is_absolute(issuer, other, box, holder):
    """SEC-TOK-07 spec: TS-0003 7.3.2.5"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box), azp=holder.format(other.stem))
    assert show(other, box, issuer.sign(claims)).rsc == 4103


@pytest.mark.parametrize("audience,rsc", [
    (None, 2000), ([AUDIENCE], 2000), (AUDIENCE, 2000), (["//merlon.example/id-mn", AUDIENCE], 2000),
    (["//merlon.example/id-*"], 2000), (["//*/id-in"], 2000), ([], 2000),
    (["//merlon.example/id-mn"], 4103), (["//merlon.example/mn*"], 4103), (["//other.example/id-in"], 4103),
    (["/id-in"], 4103), (["*"], 4103), (["//merlon.example"], 4103), (["//merlon.example/id-in/C1"], 4103)])
def test_audience(issuer, other, box, audience, rsc):
    """SEC-TOK-08"""
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), aud=audience)).rsc == rsc


def test_issuer(cast, issuer, other, box):
    """SEC-TOK-09: unknown, another one's, or with an algorithm that it does not use"""
    for claimed in ("//merlon.example/Snobody", "//merlon.example/Smac", "Sissuer", "/Sissuer", ""):
        assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), iss=claimed)).rsc == 4103, claimed
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    p384 = jwk.JWK.generate(kty="EC", crv="P-384", kid="k1")
    rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="k1")
    for alg, key in (("ES384", p384), ("RS256", rsa), ("PS256", rsa)):
        assert show(other, box, issuer.sign(claims, alg=alg, key=key)).rsc == 4103, alg
    assert show(other, box, cast.mac.sign(claims, alg="HS256")).rsc == 4103
    domain = issuer.token(other.stem, may(RETRIEVE, box), jti=f"t{next(_names)}@mac.merlon.example")
    assert show(other, box, domain).rsc == 4103


@pytest.mark.parametrize("missing", ["jti", "azp", "iss", "nbf", "exp", "tkvr"])
def test_mandatory_claims(issuer, other, box, missing):
    """SEC-TOK-09 spec: TS-0004 6.3.5.42"""
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), **{missing: None})).rsc == 4103


def test_permissions_that_are_none(issuer, other, box):
    """SEC-TOK-10: they make the token invalid, and with it what else it permits"""
    good = may(RETRIEVE, box)
    for bad in ({"pv": rules((["all"], ALL))}, {"ris": [box]}, {}, {"ris": [], "pv": rules((["all"], ALL))},
                {"ris": [], "rids": [f"r@{DOMAIN}"]}, {"rids": []}, {"ris": [box], "rids": ["operator"]},
                {"ris": box, "pv": rules((["all"], ALL))}, {"ris": [box], "pv": [], "x": 1},
                {"ris": [box], "pv": {"acr": [{"acor": ["all"]}]}}):
        assert show(other, box, issuer.token(other.stem, good, bad)).rsc == 4103, bad
    for bad in ([], "all", {"pm": good}, {"pm": "all"}):
        assert show(other, box, issuer.token(other.stem, tkps=bad)).rsc == 4103, bad
    assert show(other, box, issuer.token(other.stem, good)).rsc == 2000


def test_without_permissions(issuer, other, box):
    """SEC-TOK-10: good, and good for nothing"""
    for tkps in (None, {}, {"pm": []}):
        assert show(other, box, issuer.token(other.stem, tkps=tkps)).rsc == 4103


@pytest.mark.parametrize("address,rsc", [
    ("{ri}", 2000), ("{path}", 2000), ("-/{name}/box", 2000), ("./{name}/box", 2000), ("/id-in/{ri}", 2000),
    ("/id-in/{path}", 2000), ("//merlon.example/id-in/{path}", 2000), ("{path}/", 4103),
    ("{parent}", 4103), ("{path}/below", 4103), ("/id-mn/{ri}", 4103), ("//other.example/id-in/{path}", 4103),
    ("cse-in", 4103), ("{path}x", 4103), ("*", 4103), ("{parent}/*", 4103), ("cnt0000", 4103)])
def test_resources(issuer, ae, other, box, address, rsc):
    """SEC-TOK-11: the target in any spelling; neither what is above nor what is below it"""
    ris = address.format(ri=box, path=f"{ae.path}/box", name=ae.path.split("/")[1], parent=ae.path)
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, ris))).rsc == rsc


def test_the_latest_instance(issuer, ae, other, box):
    """SEC-TOK-11: a virtual resource by its own address; the container does not stand for what it holds"""
    assert ae.create(box, "cin", con="7").rsc == 2001
    token = issuer.token(other.stem, may(RETRIEVE, f"{ae.path}/box/la"))
    assert show(other, f"{ae.path}/box/la", token)["con"] == "7"
    assert show(other, box, token).rsc == 4103
    above = issuer.token(other.stem, may(RETRIEVE, box))
    assert show(other, f"{ae.path}/box/la", above).rsc == 4103


def test_a_fan_out_point_is_not_its_group(issuer, ae, other, box):
    """SEC-TOK-11: who may speak to the members may not read or delete the group for it"""
    group = ae.create(ae.path, "grp", mt=3, mnm=2, mid=[box])
    there = issuer.token(other.stem, may(ALL, f"{group['ri']}/fopt", box), plays(f"r@{DOMAIN}", ris=[box]))
    assert [a["rsc"] for a in show(other, f"{group['ri']}/fopt", there).pc["m2m:agr"]["m2m:rsp"]] == [2000]
    assert show(other, group["ri"], there).rsc == 4103
    assert other.delete(group["ri"], headers=carry(there)).rsc == 4103
    above = issuer.token(other.stem, may(RETRIEVE, group["ri"]))
    assert show(other, group["ri"], above).rsc == 2000
    assert [a["rsc"] for a in show(other, f"{group['ri']}/fopt", above).pc["m2m:agr"]["m2m:rsp"]] == [4103]


def test_many_resources(issuer, ae, other):
    """SEC-TOK-11: each of the list, and no more"""
    made = [ae.create(ae.path, "cnt")["ri"] for _ in range(4)]
    token = issuer.token(other.stem, may(RETRIEVE, *made[:2]), may(ALL, made[2]))
    assert [show(other, ri, token).rsc for ri in made] == [2000, 2000, 2000, 4103]
    assert [other.delete(ri, headers=carry(token)).rsc for ri in made] == [4103, 4103, 2002, 4103]


def test_roles_in_tokens(issuer, admin, ae, other):
    """SEC-TOK-12: they satisfy a rule that names the role, without a <role>, within ris"""
    role = f"operator{next(_names)}@{DOMAIN}"
    policy = grant(admin, ([role], RETRIEVE))
    one, two = (ae.create(ae.path, "cnt", acpi=[policy])["ri"] for _ in range(2))
    everywhere = issuer.token(other.stem, plays(role))
    here = issuer.token(other.stem, plays(role, ris=[one]))
    assert [show(other, ri, everywhere).rsc for ri in (one, two)] == [2000, 2000]
    assert [show(other, ri, here).rsc for ri in (one, two)] == [2000, 4103]
    assert [show(other, ri, here).rsc for ri in (two, one)] == [4103, 2000]
    assert other.delete(one, headers=carry(everywhere)).rsc == 4103
    assert show(other, one, issuer.token(other.stem, plays(f"x{role}"))).rsc == 4103


def test_roles_of_tokens_in_discovery(issuer, admin, ae, other):
    """SEC-TOK-12: ris bounds the role for each candidate, in whatever order they come"""
    role = f"operator{next(_names)}@{DOMAIN}"
    label = f"l{next(_names)}.{ae.stem}"
    policy = grant(admin, ([role], 34))
    made = [ae.create(ae.path, "cnt", rn=f"c{i}", acpi=[policy], lbl=[label])["ri"] for i in range(5)]
    token = issuer.token(other.stem, plays(role, ris=[made[1], made[3]]))

    def found(*tokens):
        answer = other.retrieve("cse-in", query={"fu": 1, "lbl": label}, headers=carry(*tokens))
        return sorted(path.rsplit("/", 1)[1] for path in answer.pc["m2m:uril"])

    assert found(token) == ["c1", "c3"]
    assert found(issuer.token(other.stem, may(32, made[4], made[0]))) == ["c0", "c4"]
    assert found(token, issuer.token(other.stem, may(32, made[0]))) == ["c0", "c1", "c3"]
    assert found(issuer.token(other.stem, plays(role))) == ["c0", "c1", "c2", "c3", "c4"]
    assert found(issuer.token(ae.stem, plays(role))) == []


def test_rules_name_roles(issuer, other, box):
    """SEC-TOK-12: a rule of a token may ask for a role of another permission"""
    role = f"operator{next(_names)}@{DOMAIN}"
    rule = may(RETRIEVE, box, acor=(role,))
    assert show(other, box, issuer.token(other.stem, rule)).rsc == 4103
    assert show(other, box, issuer.token(other.stem, rule, plays(role))).rsc == 2000


@pytest.mark.parametrize("contexts,rsc", [
    ([{"actw": ["* * * * * * *"]}], 2000), ([{"actw": ["* * * 1 1 * 2000"]}], 4103),
    ([{"acip": {"ipv4": ["127.0.0.0/8"]}}], 2000), ([{"acip": {"ipv4": ["192.0.2.1"]}}], 4103),
    ([{"acip": {"ipv4": ["192.0.2.1"]}}, {"actw": ["* * * * * * *"]}], 2000),
    ([{"acip": {"ipv4": ["192.0.2.1"]}, "actw": ["* * * * * * *"]}], 4103)])
def test_contexts(issuer, other, box, contexts, rsc):
    """SEC-TOK-13: time windows and addresses within the rules of a token"""
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box, acco=contexts))).rsc == rsc


def test_originators_of_rules(issuer, other, box):
    """SEC-TOK-13: accessControlOriginators is evaluated"""
    for acor, rsc in ((["all"], 2000), ([other.stem], 2000), ([absolute(other.stem)], 2000), (["Cnobody"], 4103),
                      (["//other.example"], 4103)):
        assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box, acor=acor))).rsc == rsc, acor


def test_objects_of_rules(issuer, other, box):
    """SEC-TOK-13: accessControlObjectDetails bounds what may be created"""
    headers = carry(issuer.token(other.stem, may(1, box, acod=[{"chty": [4]}])))
    assert other.create(box, "cin", con="1", headers=headers).rsc == 2001
    assert other.create(box, "cnt", headers=headers).rsc == 4103


def test_several_tokens(cast, issuer, other, box):
    """SEC-TOK-14: the rights add up; one that is bad spoils all"""
    reads = issuer.token(other.stem, may(RETRIEVE, box))
    writes = cast.mac.sign(cast.mac.claims(other.stem, may(4, box)), alg="HS256")
    stale = issuer.token(other.stem, may(ALL, box), exp=int(time.time()) - 1)
    assert show(other, box, reads, writes).rsc == 2000
    assert other.update(box, "cnt", lbl=["x"], headers=carry(reads, writes)).rsc == 2004
    assert other.update(box, "cnt", lbl=["x"], headers=carry(reads)).rsc == 4103
    for tokens in ((reads, stale), (stale, reads), (reads, writes, stale)):
        assert show(other, box, *tokens).rsc == 4103
    none = show(other, box, reads, "aa.bb.cc")
    assert none.rsc == 4000 and none.debug.startswith("tkns: token"), none
    assert show(other, box, *[reads] * 33).rsc == 4000


def test_a_bad_token_beside_a_role(issuer, admin, ae, other):
    """SEC-TOK-14: the roles of the repository are not those of the token"""
    role = f"keeper{next(_names)}@merlon.example"
    target = ae.create(ae.path, "cnt", acpi=[grant(admin, ([role], RETRIEVE))])["ri"]
    assert admin.create("cse-in", "rol", rlid=role, tkis="CAdmin", tkhd=other.stem, tknb=timestamp(-5),
                        tkna=timestamp(60)).rsc == 2001
    stale = issuer.token(other.stem, may(ALL, target), exp=int(time.time()) - 1)
    assert other.retrieve(f"{target}?rids={role}", headers=carry(stale)).rsc == 2000


def test_static_permit_first(issuer, ae, box):
    """SEC-DEC-06 spec: TS-0001 10.2.3.1: a token is not looked at where the policies permit"""
    stale = issuer.token(ae.stem, exp=int(time.time()) - 1)
    assert show(ae, box, stale).rsc == 2000
    assert "X-M2M-ATI" not in show(ae, box, issuer.token(ae.stem, may(ALL, box))).headers


def test_static_denial_and_a_bad_token(issuer, other, box):
    """SEC-DEC-07 SEC-DEC-08: a reason, nothing secret, no token request information"""
    stale = issuer.token(other.stem, may(ALL, box), exp=int(time.time()) - 1)
    answer = show(other, box, stale, query={"tqi": "true"})
    assert answer.rsc == 4103 and set(answer.pc) == {"m2m:dbg"}
    assert stale not in answer.text and stale.split(".")[2] not in answer.text


def test_existence_comes_first(issuer, other, box):
    """SEC-DEC-03: whatever the token says"""
    assert show(other, f"{box}/nothing", issuer.token(other.stem, may(ALL, box))).rsc == 4004


# ---- the resource ----


def stored(issuer, admin, token, tkid, **changed):
    return admin.create("cse-in", "tk", **{"tkid": tkid, "tkob": token, **changed})


def test_a_token_is_stored(issuer, admin, other, box):
    """SEC-TOK-17 spec: TS-0004 7.4.41"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    token = issuer.sign(claims)
    answer = stored(issuer, admin, token, claims["jti"], vr="1.0.0", tkis=ISSUER, tkhd=absolute(other.stem),
                    tknb=timestamp(-5), tkna=timestamp(60), tknm="x", tkau=[AUDIENCE], tkps={"pm": []}, tkex="y")
    assert answer.rsc == 2001, answer
    assert admin.retrieve(answer["ri"])["tkob"] == token
    for name, value in {"tkob": token, "tkid": "x@y.example", "tkis": ISSUER, "tknm": "z", "tkex": "z",
                        "tkps": {"pm": []}, "tkhd": ISSUER, "vr": "2", "tkob ": 1}.items():
        assert admin.update(answer["ri"], "tk", **{name: value}).rsc == 4000, name
    assert admin.update(answer["ri"], "tk", lbl=["x"]).rsc == 2004


@pytest.mark.parametrize("tkob,rsc", [
    ("aa.bb.cc", 2001), ("aa..cc", 2001), ("aa.bb.cc.dd.ee", 2001), ("aa...dd.", 2001),
    ("aa.bb.", 4000), (".bb.cc", 4000), ("aa.bb", 4000), ("aa.bb.cc.dd", 4000), ("aa.bb.cc.dd.ee.ff", 4000),
    (".bb.cc.dd.ee", 4000), ("aa.bb.cc..ee", 4000), ("aa.b=.cc", 4000), ("aa.b b.cc", 4000), ("aa.b+.cc", 4000),
    ("", 4000), ("..", 4000), ("....", 4000), (7, 4000)])
def test_form_of_token_objects(admin, issuer, tkob, rsc):
    """SEC-TOK-17 spec: TS-0004 6.3.3 m2m:dynAuthJWT"""
    assert stored(issuer, admin, tkob, f"t{next(_names)}@{DOMAIN}").rsc == rsc


@pytest.mark.parametrize("missing", ["tkid", "tkob"])
def test_mandatory_attributes(admin, missing):
    """SEC-TOK-17"""
    attributes = {"tkid": f"t{next(_names)}@{DOMAIN}", "tkob": "aa.bb.cc"}
    del attributes[missing]
    assert admin.create("cse-in", "tk", **attributes).rsc == 4000
    assert admin.create("cse-in", "tk", tkid="no token id", tkob="aa.bb.cc").rsc == 4000


def test_by_token_id(issuer, admin, other, box):
    """SEC-TOK-18 spec: TS-0003 7.3.2.3: a token of this CSE by its Token-ID; tkob alone has authority"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    everything = {"pm": [may(ALL, box)]}
    query = {"tids": claims["jti"]}
    assert other.retrieve(box, query=query).rsc == 4103
    made = stored(issuer, admin, issuer.sign(claims), claims["jti"], tkps=everything)
    assert made.rsc == 2001, made
    assert other.retrieve(box, query=query).rsc == 2000
    assert other.delete(box, query=query).rsc == 4103
    assert admin.retrieve(box, query=query).rsc == 2000


def test_token_ids_that_lead_nowhere(issuer, admin, ae, other, box):
    """SEC-TOK-18 SEC-TOK-07: another holder's, another Token-ID's, unreadable, expired"""
    target = ae.create(ae.path, "cnt", acpi=[grant(admin, (["Cnobody1"], 63))])["ri"]
    theirs = issuer.claims(other.stem, may(RETRIEVE, target))
    assert stored(issuer, admin, issuer.sign(theirs), theirs["jti"]).rsc == 2001
    assert ae.retrieve(target, query={"tids": theirs["jti"]}).rsc == 4103
    alias = f"alias{next(_names)}@{DOMAIN}"
    assert stored(issuer, admin, issuer.sign(issuer.claims(other.stem, may(RETRIEVE, target))), alias).rsc == 2001
    assert other.retrieve(target, query={"tids": alias}).rsc == 4103
    junk = f"junk{next(_names)}@{DOMAIN}"
    assert stored(issuer, admin, "aa.bb.cc", junk).rsc == 2001
    assert other.retrieve(target, query={"tids": junk}).rsc == 4103
    assert other.retrieve(target, query={"tids": f"{theirs['jti']}+{junk}"}).rsc in (4000, 4103)
    assert other.request("GET", f"{target}?tids={theirs['jti']}+{junk}").rsc == 4103
    assert other.retrieve(target, query={"tids": theirs["jti"]}).rsc == 2000


def test_the_good_one_of_several(issuer, admin, other, box):
    """SEC-TOK-18: who stores something else under a Token-ID hides nothing"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    for _ in range(3):
        assert stored(issuer, admin, "aa.bb.cc", claims["jti"]).rsc == 2001
    assert stored(issuer, admin, issuer.sign(claims), claims["jti"]).rsc == 2001
    assert other.retrieve(box, query={"tids": claims["jti"]}).rsc == 2000


def test_deleted_tokens(issuer, admin, other, box):
    """SEC-TOK-18: what was never used is gone with its resource"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    made = stored(issuer, admin, issuer.sign(claims), claims["jti"])
    assert admin.delete(made["ri"]).rsc == 2002
    assert other.retrieve(box, query={"tids": claims["jti"]}).rsc == 4103


# ---- carrying them ----


def test_authorization_header(cast, issuer, other, box):
    """SEC-TOK-19 spec: TS-0009 6.4.19: joined by '+', blanks around it do not count"""
    one = issuer.token(other.stem, may(RETRIEVE, box))
    two = cast.mac.sign(cast.mac.claims(other.stem, may(4, box)), alg="HS256")
    for text in (one, f"{one}+{two}", f"{two} + {one}", f"{two}+ {one}"):
        answer = other.retrieve(box, headers={"Authorization": text})
        assert answer.rsc == 2000, text
        assert answer.root == "m2m:cnt"
    for text in (f"{one} {two}", f"{one},{two}", f"Bearer {one}", f"bearer {one}", f"oneM2M {one}", f"Basic {one}",
                 f"JWT {one}", f'"{one}"'):
        assert other.retrieve(box, headers={"Authorization": text}).rsc == 4103, text
    assert other.retrieve(box, headers={"Proxy-Authorization": one}).rsc == 4103
    assert other.retrieve(f"{box}?tkns={one}").rsc == 4103  # a filter criterion, perhaps: no token


def test_bearer_beside_a_right(ae, box, issuer):
    """SEC-BND-08: it neither helps nor hurts"""
    for text in ("Bearer x.y.z", "Bearer", "Bearer ", "Negotiate", "a b c"):
        assert ae.retrieve(box, headers={"Authorization": text}).rsc == 2000, text


def test_tokens_switched_off(own):
    """SEC-TOK-20"""
    admin = Client(own("--tokens", "off").url)
    for fields in ({"headers": carry("aa.bb.cc")}, {"query": {"tids": "t@x.example"}}, {"query": {"ltids": "t1"}}):
        assert admin.retrieve("cse-in", **fields).rsc == 5001, fields
    assert admin.retrieve("cse-in", query={"rids": "r@x.example"}).rsc == 2000
    assert admin.retrieve("cse-in", query={"tqi": "true"}).rsc == 2000
    assert admin.retrieve("cse-in", headers={"Authorization": "Bearer aa.bb.cc"}).rsc == 2000


def test_no_issuer(own, issuer):
    """SEC-TOK-09: a CSE that knows no issuer believes nobody"""
    admin = Client(own().url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    assert show(holder, "cse-in/c", issuer.token("Cholder", may(RETRIEVE, "cse-in/c"))).rsc == 4103


def test_extra_claims_and_critical_headers(issuer, other, box):
    """SEC-TOK-21"""
    more = issuer.token(other.stem, may(RETRIEVE, box), sub="x", iat=1, scope={"a": [1]}, tkex="z", tknm="name")
    assert show(other, box, more).rsc == 2000
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    token = issuer.sign(claims).split(".")
    key = issuer.key

    def with_header(header):
        from jwcrypto import jwa  # pylint: disable=import-outside-toplevel
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        raw = jwa.JWA.signing_alg("ES256").sign(key, f"{head}.{token[1]}".encode())
        return f"{head}.{token[1]}." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    good = {"alg": "ES256", "typ": "JWT", "kid": key["kid"]}
    assert show(other, box, with_header({**good, "x": 1})).rsc == 2000
    for header in ({"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"crit": []}, {"crit": ["x"]}):
        assert show(other, box, with_header({**good, **header})).rsc == 4103, header


def test_token_id_used_again(issuer, other, box):
    """SEC-TOK-22: one Token-ID, one content, as long as the first is valid"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    assert show(other, box, issuer.sign(claims)).rsc == 2000
    assert show(other, box, issuer.sign(claims)).rsc == 2000  # signed anew, the same content
    changed = {**claims, "tkps": {"pm": [may(ALL, box)]}}
    assert other.delete(box, headers=carry(issuer.sign(changed))).rsc == 4103
    assert show(other, box, issuer.sign(claims)).rsc == 2000


def test_removing_an_issuer(own, cast, tmp_path):
    """SEC-TOK-23: its tokens are worth nothing from then on, remembered or not, under any name"""
    data = tmp_path / "data0"
    cast.signer.add(data)
    cast.mac.add(data)
    server = own(*(("--user", "root") if os.geteuid() == 0 else ()))  # who may read the credentials again
    admin = Client(server.url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    token = cast.signer.token("Cholder", may(RETRIEVE, "cse-in/c"))
    mac = cast.mac.sign(cast.mac.claims("Cholder", may(RETRIEVE, "cse-in/c")), alg="HS256")
    answer = show(holder, "cse-in/c", token)
    assert answer.rsc == 2000
    local = {"ltids": answer.headers["X-M2M-ATI"].split(":")[0]}
    assert holder.retrieve("cse-in/c", query=local).rsc == 2000
    cast.signer.remove(data)
    assert show(holder, "cse-in/c", token).rsc == 2000  # not before the server is told
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: "are reloaded" in server.log())
    assert show(holder, "cse-in/c", token).rsc == 4103
    assert holder.retrieve("cse-in/c", query=local).rsc == 4103
    assert show(holder, "cse-in/c", mac).rsc == 2000


def test_huge_tokens(issuer, other, box):
    """SEC-TOK-24 spec: limit token_bytes"""
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), tkex="x" * 40000)).rsc == 2000
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), tkex="x" * 50000)).rsc == 4000
    deep = 1
    for _ in range(60):
        deep = [deep]
    assert show(other, box, issuer.token(other.stem, may(RETRIEVE, box), x=deep)).rsc == 4103


def test_a_header_that_is_too_long(cast, issuer, own, tmp_path):
    """SEC-TOK-24: the default limits refuse it before it is read"""
    issuer.add(tmp_path / "data0")
    admin = Client(own().url)
    answer = admin.request("GET", "cse-in", headers=carry("a" * 20000 + ".b.c"), check=False)
    assert answer.status == 431 or answer.rsc == 4000, answer


# ---- silence ----


def test_nothing_of_a_token_is_logged(own, cast, tmp_path):
    """SEC-BND-09: neither the token nor what is in it, at any level"""
    cast.signer.add(tmp_path / "data0")
    server = own("--log", "debug")
    admin = Client(server.url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    secret = f"planted{next(_names)}secret"
    good = cast.signer.token("Cholder", may(RETRIEVE, "cse-in/c"), tkex=secret)
    bad = cast.signer.token("Cholder", may(RETRIEVE, "cse-in/c"), tkex=secret, exp=1)
    assert show(holder, "cse-in/c", good).rsc == 2000
    assert show(holder, "cse-in/c", bad).rsc == 4103
    assert show(holder, "cse-in/c", good + "=").rsc in (4000, 4103)
    assert show(holder, "cse-in/c", good[:-4] + "AAAA").rsc == 4103
    server.stop()
    log = server.log()
    for text in (good, bad, good.split(".")[1], good.split(".")[2], bad.split(".")[2], secret):
        assert text not in log
