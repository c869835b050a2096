"""Roles that another CSE keeps, under TLS: two Merlon servers, and repositories that are not what they should be.

What is asked and how answers are checked is in test_roles.py. spec: TS-0003 7.4.2; security.md 5.2, 16
"""

import contextlib
import itertools
import json
import time

import pytest
from lib.keeper import HUGE, Keeper, endless, send, slowly
from lib.onem2m import Client, grant, timestamp
from lib.server import Server
from lib.tls import Lab, cert_maker

DOMAIN = "roles.sp.example"
RLID = f"operator@{DOMAIN}"
HOLDER = "//sp.example/in/Cholder"
ISSUER = "//sp.example/keeper/CAuthority"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    made.keeper = made.issue("keeper", cert_maker.dns("keeper.in.sp.example"), cert_maker.dns("localhost"))
    yield made
    made.close()


def node(lab, url, *options, certificates=None):
    """A CSE that looks for the roles at that URL: the holder, and a container for those with the role."""
    more = ["--role-repository", f"{DOMAIN}={url}", "--role-issuer", f"{DOMAIN}={ISSUER}", "--limit",
            "role-absent-ms=0", "--limit", "role-cache-ms=0", *options]
    server = Server(lab.folder / f"node{next(_numbers)}", *lab.options("optional", certificates, more),
                    listen=("https://127.0.0.1:0", "http://127.0.0.1:0")).start()
    admin = Client(server.urls[1])
    assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([RLID], 2))]).rsc == 2001
    return admin.register("Cholder"), server


@contextlib.contextmanager
def stopped(server):
    try:
        yield server
    finally:
        server.stop()


def ask(holder, headers=None):
    return holder.request("GET", f"cse-in/c?rids={RLID}", headers=headers)


def a_role(**changed):
    return {"rlid": RLID, "tkis": ISSUER, "tkhd": HOLDER, "tknb": timestamp(-60), "tkna": timestamp(600), **changed}


def test_two_servers(lab, tmp_path):
    """SEC-ROL-10 SEC-SAE-08: the repository knows the CSE by its certificate, and shows it what policies let it see"""
    trusted = "http://127.0.0.1:0"
    keeper = Server(tmp_path / "keeper", "--tls-certificate", str(lab.keeper[0]), "--tls-key", str(lab.keeper[1]),
                    "--tls-anchor", str(lab.anchor), "--tls-client", "required", "--sp-id", "//sp.example", "--cse-id",
                    "/keeper", "--cse-name", "base", "--admin", "CAuthority", "--log", "debug",
                    listen=("https://127.0.0.1:0", trusted))
    with keeper:
        authority = Client(keeper.urls[1], "CAuthority")
        assert authority.create("base", "acp", rn="p", pv={"acr": [{"acor": ["/in"], "acop": 2}]},
                                pvs={"acr": [{"acor": ["CAuthority"], "acop": 63}]}).rsc == 2001
        role = authority.create("base", "rol", **a_role())
        assert role.rsc == 2001, role
        holder, server = node(lab, f"https://localhost:{keeper.port}/base", certificates=[lab.issue(
            "node", cert_maker.dns("in.keeper.sp.example"))])  # the SP of the repository has its own IN-CSE
        with stopped(server):
            assert ask(holder).rsc == 4103, "no policy shows it the role"
            assert authority.update(role["ri"], "rol", acpi=["base/p"]).rsc == 2004
            assert ask(holder).rsc == 2000, keeper.log() + server.log()
            assert ask(holder.As("CAdmin").register("Cother")).rsc == 4103
            assert authority.delete(role["ri"]).rsc == 2002
            assert ask(holder).rsc == 4103


def roles(*each, root="m2m:cb"):
    return json.dumps({root: {"m2m:rol": list(each)}}).encode()


@pytest.fixture(scope="module")
def changing(lab):
    """A keeper that answers as `changing.say` wants, and a node that asks it."""
    class Now:
        say = None

    with Keeper(lab.keeper, lambda handler: Now.say(handler)) as keeper:  # pylint: disable=unnecessary-lambda
        holder, server = node(lab, keeper.url, "--limit", "request-ms=2000", "--limit", "body-bytes=65536")
        Now.keeper, Now.holder, Now.server = keeper, holder, server
        with stopped(server):
            yield Now


def cut(handler):
    send(handler, roles(a_role())[:50], length=400)
    handler.connection.close()


HOSTILE = {
    "garbage": lambda h: send(h, b"\x16\x03\x01\xff\x00{"), "nothing": lambda h: send(h, b""),
    "no JSON": lambda h: send(h, b"<m2m:rol/>", headers={"Content-Type": "application/xml"}),
    "no list": lambda h: send(h, json.dumps({"m2m:cb": {"m2m:rol": a_role()}}).encode()),
    "another type": lambda h: send(h, roles(a_role()).replace(b"m2m:rol", b"m2m:tk")),
    "two roots": lambda h: send(h, roles(a_role())[:-1] + b',"m2m:rol":{}}'),
    "deep": lambda h: send(h, b"[" * 30000), "key twice": lambda h: send(
        h, roles(a_role(tkhd="//sp.example/in/Cx")).replace(b'"tkhd"', f'"tkhd":"{HOLDER}","tkhd"'.encode(), 1)),
    "huge": lambda h: send(h, b'{"m2m:cb":{"x":"' + b"x" * HUGE + b'"}}'),
    "said to be huge": lambda h: send(h, roles(a_role()), length=1 << 50), "endless": endless, "slow": slowly,
    "cut": cut, "silent": lambda h: time.sleep(5), "gone": lambda h: h.connection.close(),
    "another holder": lambda h: send(h, roles(a_role(tkhd="//sp.example/in/Cother"))),
    "a holder of its own": lambda h: send(h, roles(a_role(tkhd="Cholder"))),
    "every holder": lambda h: send(h, roles(a_role(tkhd="*"), a_role(tkhd="all"), a_role(tkhd="//sp.example/in/C*"))),
    "another issuer": lambda h: send(h, roles(a_role(tkis="//sp.example/keeper/COther"))),
    "another role": lambda h: send(h, roles(a_role(rlid=f"other@{DOMAIN}"))),
    "over": lambda h: send(h, roles(a_role(tkna=timestamp(-1)))),
    "denied": lambda h: send(h, roles(a_role()), headers={"X-M2M-RSC": "4103"}),
    "somewhere else": lambda h: (h.send_response(302), h.send_header("Location", "https://localhost:1/"),
                                 h.send_header("Content-Length", "0"), h.end_headers()),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_repository(changing, what):
    """SEC-ROL-10 SEC-ROL-04 SEC-ROL-07: grants nothing, takes no longer than the request, and harms nobody"""
    changing.say = HOSTILE[what]
    before = changing.server.rss()
    begin = time.monotonic()
    assert ask(changing.holder).rsc in (4103, 4008), what
    assert time.monotonic() - begin < 6
    assert changing.server.rss() - before < HUGE // 2
    changing.say = lambda h: send(h, roles(a_role(tkhd="Cx"), a_role()))
    assert ask(changing.holder).rsc == 2000
    assert ask(changing.holder.As("CAdmin")).rsc == 2000


@pytest.mark.parametrize("what", ["another authority", "another name", "an address", "plain text"])
def test_a_repository_that_is_somebody_else(lab, what):
    """SEC-ROL-10 SEC-SAE-08: it is not even asked"""
    pair = {"another authority": lambda: lab.issue("r", cert_maker.dns("localhost"),
                                                   authority=cert_maker.Authority("free")),
            "another name": lambda: lab.issue("r", cert_maker.dns("other.sp.example"))}.get(what, lambda: lab.keeper)()
    with Keeper(pair, lambda h: send(h, roles(a_role()))) as keeper:
        url = {"an address": keeper.url.replace("localhost", "127.0.0.1"),
               "plain text": keeper.url.replace("https", "http")}.get(what, keeper.url)
        holder, server = node(lab, url)
        with stopped(server):
            assert ask(holder).rsc == 4103
            assert keeper.asked == []


def test_a_flood_of_roles_that_nobody_knows(lab):
    """SEC-ROL-10: does not become a flood of requests to the repository"""
    with Keeper(lab.keeper, lambda h: send(h, roles(a_role()))) as keeper:
        holder, server = node(lab, keeper.url, "--limit", "role-absent-ms=60000", "--limit", "role-cache-ms=60000")
        with stopped(server):
            unknown = "+".join(f"r{i}@{DOMAIN}" for i in range(20))
            for _ in range(20):
                assert holder.request("GET", f"cse-in/c?rids={unknown}").rsc == 4103
            assert len(keeper.asked) <= 20 * 2, "once for each thread"
            assert ask(holder).rsc == 2000, keeper.log() + server.log()
            assert ask(holder.As("Cholder")).rsc == 2000


def test_a_repository_that_is_down(lab):
    """SEC-ROL-10: is left alone for a while, then found again"""
    with Keeper(lab.keeper, lambda h: send(h, roles(a_role()))) as keeper:
        url = keeper.url
    holder, server = node(lab, url, "--limit", "role-absent-ms=300")
    with stopped(server):
        begin = time.monotonic()
        for i in range(50):
            assert holder.request("GET", f"cse-in/c?rids=r{i}@{DOMAIN}").rsc == 4103
        assert time.monotonic() - begin < 10
