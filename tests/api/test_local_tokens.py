"""Local token identifiers: short names that the CSE gives to tokens.
spec: TS-0001 7.1.16, TS-0003 7.3.2.3, TS-0004 6.3.5.43, TS-0009 6.4.18; security.md 7"""

import re
import time

import pytest
from lib.onem2m import Client, grant
from lib.server import Server, eventually, run
from lib.tokens import Issuer, carry, local_ids, may, plays

RETRIEVE, ALL = 2, 63
NC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    issuer = Issuer(folder)
    issuer.add(folder / "data")
    return folder / "data", issuer


@pytest.fixture(scope="module")
def cse(place):
    """In the place of the server that all tests share."""
    with Server(place[0]) as server:
        yield server


@pytest.fixture
def issuer(place):
    return place[1]


@pytest.fixture
def box(ae):
    return ae.create(ae.path, "cnt", rn="box")["ri"]


def first(client, to, token):
    """Presents the token, and gives the name that it gets."""
    answer = client.retrieve(to, headers=carry(token))
    assert answer.rsc == 2000, answer
    (name,) = local_ids(answer).values()
    return name


def test_a_name_is_given(issuer, other, box):
    """SEC-LTI-01 SEC-LTI-05 spec: TS-0009 6.4.18"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    answer = other.retrieve(box, headers=carry(issuer.sign(claims)))
    assert answer.rsc == 2000
    name, token_id = answer.headers["X-M2M-ATI"].split(":")
    assert token_id == claims["jti"] and NC_NAME.fullmatch(name)
    assert other.retrieve(box, query={"ltids": name}).rsc == 2000
    assert other.retrieve(box).rsc == 4103
    assert other.delete(box, query={"ltids": name}).rsc == 4103


def test_writes_get_names_too(issuer, other, box):
    """SEC-LTI-01: CREATE, UPDATE, DELETE, discovery, fan-out"""
    token = issuer.token(other.stem, may(ALL, box))
    names = {tuple(local_ids(answer).values()) for answer in (
        other.create(box, "cin", con="1", headers=carry(token)),
        other.update(box, "cnt", lbl=["l"], headers=carry(token)),
        other.retrieve("cse-in", query={"fu": 1, "ty": 3}, headers=carry(token)),
        other.delete(box, headers=carry(token)))}
    assert len(names) == 1 and len(names.pop()) == 1


def test_group_requests(issuer, admin, ae, other, box):
    """SEC-LTI-01 SEC-TOK-01: the members are decided on with the tokens of the group request"""
    group = ae.create(ae.path, "grp", mt=3, mnm=2, mid=[box], macp=[grant(admin, (["all"], ALL))])
    token = issuer.token(other.stem, may(RETRIEVE, box))
    answer = other.retrieve(f"{group['ri']}/fopt", headers=carry(token))
    assert [r["rsc"] for r in answer.pc["m2m:agr"]["m2m:rsp"]] == [2000]
    (name,) = local_ids(answer).values()
    again = other.retrieve(f"{group['ri']}/fopt", query={"ltids": name})
    assert [r["rsc"] for r in again.pc["m2m:agr"]["m2m:rsp"]] == [2000]


def test_no_name_without_need(issuer, ae, other, box):
    """SEC-LTI-01: only for tokens that a permit rested on"""
    denied = other.delete(box, headers=carry(issuer.token(other.stem, may(RETRIEVE, box))))
    assert denied.rsc == 4103 and "X-M2M-ATI" not in denied.headers
    permitted = ae.retrieve(box, headers=carry(issuer.token(ae.stem, may(RETRIEVE, box))))
    assert permitted.rsc == 2000 and "X-M2M-ATI" not in permitted.headers
    assert "X-M2M-ATI" not in ae.retrieve(box).headers


def test_bound_to_the_holder(issuer, ae, other, box):
    """SEC-LTI-02"""
    name = first(other, box, issuer.token(other.stem, may(RETRIEVE, box), plays("r@das.merlon.example")))
    third = Client(other.url).register(f"C{name}")
    assert third.retrieve(box, query={"ltids": name}).rsc == 4103
    assert other.retrieve(box, query={"ltids": name}).rsc == 2000
    assert ae.retrieve(box, query={"ltids": name}).rsc == 2000  # by its own right


@pytest.mark.parametrize("name,rsc", [("tunknown", 4103), ("_", 4103), ("1", 4000), ("a:b", 4000), ("a b", 4103),
                                      ("%00", 4000), ("-x", 4000), ("", 4000)])
def test_unknown_names(other, box, name, rsc):
    """SEC-LTI-03 SEC-LTI-05 spec: TS-0004 6.3.3: xs:NCName"""
    assert other.retrieve(f"{box}?ltids={name.replace(' ', '+')}").rsc == rsc


def test_recovery(issuer, other, box):
    """SEC-LTI-03: the token itself always helps"""
    token = issuer.token(other.stem, may(RETRIEVE, box))
    assert other.retrieve(box, query={"ltids": "tforgotten"}).rsc == 4103
    assert other.retrieve(box, query={"ltids": first(other, box, token)}).rsc == 2000


def test_the_end_of_the_token(issuer, other, box):
    """SEC-LTI-04: its name goes with it"""
    token = issuer.token(other.stem, may(RETRIEVE, box), exp=time.time() + 1.5)
    name = first(other, box, token)
    assert other.retrieve(box, query={"ltids": name}).rsc == 2000
    eventually(lambda: other.retrieve(box, query={"ltids": name}).rsc == 4103)


def test_restart(own, issuer, tmp_path):
    """SEC-LTI-04: refused cleanly, or still valid; the token works as before"""
    issuer.add(tmp_path / "data0")
    server = own()
    admin = Client(server.url)
    holder = admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    token = issuer.token("Cholder", may(RETRIEVE, "cse-in/c"))
    name = first(holder, "cse-in/c", token)
    server.restart()
    holder = Client(server.url, "Cholder")
    assert holder.retrieve("cse-in/c", query={"ltids": name}).rsc in (2000, 4103)
    assert holder.retrieve("cse-in/c", query={"ltids": first(holder, "cse-in/c", token)}).rsc == 2000


def test_one_name_for_one_token(issuer, other, box):
    """SEC-LTI-06"""
    claims = issuer.claims(other.stem, may(RETRIEVE, box))
    token = issuer.sign(claims)
    assert len({first(other, box, t) for t in [token] * 5 + [issuer.sign(claims)]}) == 1
    assert first(other, box, issuer.token(other.stem, may(RETRIEVE, box))) != first(other, box, token)


def test_names_and_tokens_together(issuer, other, box):
    """SEC-LTI-07: both count, and one that is bad spoils both"""
    reads = issuer.token(other.stem, may(RETRIEVE, box))
    writes = issuer.token(other.stem, may(4, box))
    name = first(other, box, reads)
    answer = other.update(f"{box}?ltids={name}", "cnt", lbl=["x"], headers=carry(writes))
    assert answer.rsc == 2004 and len(local_ids(answer)) == 2
    both = "+".join(local_ids(answer).values())
    assert other.request("PUT", f"{box}?ltids={both}", {"m2m:cnt": {"lbl": ["y"]}}).rsc == 2004
    assert other.request("GET", f"{box}?ltids={both}").rsc == 2000
    assert other.request("PUT", f"{box}?ltids={name}", {"m2m:cnt": {"lbl": ["z"]}}).rsc == 4103
    stale = issuer.token(other.stem, may(4, box), exp=int(time.time()) - 1)
    assert other.retrieve(f"{box}?ltids={name}", headers=carry(stale)).rsc == 4103
    assert other.request("GET", f"{box}?ltids={name}+tunknown").rsc == 4103


def test_every_worker_knows_them(own, issuer, tmp_path):
    """SEC-LTI-01: whichever connection brings the token, and whichever the name"""
    issuer.add(tmp_path / "data0")
    server = own(threads=4)
    admin = Client(server.url)
    admin.register("Cholder")
    assert admin.create("cse-in", "cnt", rn="c").rsc == 2001
    token = issuer.token("Cholder", may(RETRIEVE, "cse-in/c"))
    name = first(Client(server.url, "Cholder"), "cse-in/c", token)
    for _ in range(20):
        assert Client(server.url, "Cholder").retrieve("cse-in/c", query={"ltids": name}).rsc == 2000


# ---- by the command ----


def test_the_command_sends_them(cse, issuer, other, box, tmp_path):
    """SEC-LTI-01 SEC-TOK-19: --token, --local-token-id, --verbose; the token itself is not shown"""
    token = issuer.token(other.stem, may(ALL, box))
    (tmp_path / "t").write_text(token + "\n")
    words = ["--url", cse.url, "--originator", other.stem]
    assert run("retrieve", box, *words).returncode != 0
    quiet = run("retrieve", box, *words, "--token", tmp_path / "t")
    assert quiet.returncode == 0 and quiet.stderr == "", quiet
    told = run("retrieve", box, *words, "--verbose", "--token", "-", input=token)
    assert told.returncode == 0 and token not in told.stderr + told.stdout
    name = re.search(r"can now be named by --local-token-id (\S+)$", told.stderr, re.M)[1]
    assert run("retrieve", box, *words, "--local-token-id", name).returncode == 0
    assert run("create", box, "cin", "con=1", *words, "--local-token-id", name).returncode == 0
    assert run("update", box, "lbl=x", *words, "--token", tmp_path / "t").returncode == 0
    found = run("discover", "cse-in", *words, "--local-token-id", name, "--type", "cin")
    assert found.returncode == 0, found
    assert run("delete", box, *words, "--token-request", "--local-token-id", name).returncode == 0
    bad = run("retrieve", "cse-in", *words, "--token", tmp_path / "nothing")
    assert bad.returncode == 2 and "nothing" in bad.stderr


def test_the_command_sends_roles(cse, issuer, admin, ae, other, tmp_path):
    """SEC-ROL-03 SEC-TOK-18: --role, --token-id"""
    role = "keeper.of.boxes@das.merlon.example"
    target = ae.create(ae.path, "cnt", acpi=[grant(admin, ([role], ALL))])["ri"]
    claims = issuer.claims(other.stem, plays(role))
    assert admin.create("cse-in", "tk", tkid=claims["jti"], tkob=issuer.sign(claims)).rsc == 2001
    words = ["--url", cse.url, "--originator", other.stem]
    assert run("retrieve", target, *words, "--role", role).returncode == 7
    assert run("retrieve", target, *words, "--role", role, "--token-id", claims["jti"]).returncode == 0
    for option, value in (("--role", "keeper"), ("--token-id", "x"), ("--local-token-id", "a:b")):
        done = run("retrieve", target, *words, option, value)
        assert done.returncode == 2, done
    (tmp_path / "t").write_text("not a token")
    assert run("retrieve", target, *words, "--token", tmp_path / "t").returncode == 2
