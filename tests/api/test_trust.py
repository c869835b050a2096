"""The administrator, and the listeners on which it is believed.

What this server decides beside the standard: docs/guide/security, security.md 0 and 4.1.
"""

import socket

import pytest
from lib.onem2m import Client
from lib.server import run


def foreign_address():
    """An address of this machine that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address = s.getsockname()[0]
    return None if address.startswith("127.") or address == "0.0.0.0" else address


FOREIGN = foreign_address()
# who is believed where anybody may speak; without this nobody may: test_impersonation.py
OPEN = ("--unauthenticated", "open")


def has_all_rights(client, name):
    """Whether the administrator's rights are there: it is no registered AE."""
    answer = client.create("cse-in", "cnt", rn=name)
    if answer.rsc == 2001:
        assert client.retrieve(f"cse-in/{name}").rsc == 2000
        assert client.delete(f"cse-in/{name}").rsc == 2002
        return True
    assert answer.rsc == 4106, answer
    assert client.retrieve("cse-in").rsc == 4106
    return False


def test_the_administrator_may_do_everything(admin, ae, other):
    """docs/guide/security: every right on a trusted listener"""
    assert ae.create(ae.path, "cnt", rn="c").rsc == 2001
    assert other.retrieve(f"{ae.path}/c").rsc == 4103
    assert admin.retrieve(f"{ae.path}/c").rsc == 2000
    assert admin.update(f"{ae.path}/c", "cnt", lbl=["x"]).rsc == 2004
    assert admin.create(f"{ae.path}/c", "cin", con="x").rsc == 2001
    assert admin.discover(f"{ae.path}/c") == [f"{ae.path}/c/" + admin.retrieve(
        f"{ae.path}/c/la")["rn"]]
    assert admin.delete(f"{ae.path}/c").rsc == 2002


def test_the_administrator_is_bound_by_the_model(admin, ae):
    """Rights are no licence to break rules."""
    assert admin.update("cse-in", "cb", lbl=["x"]).rsc == 4005
    assert admin.delete("cse-in").rsc == 4005
    assert admin.create(ae.path, "cin", con="x").rsc == 4108
    assert admin.create(ae.path, "cnt", foo=1).rsc == 4000
    assert admin.update(ae.path, "ae", acpi=["none"]).rsc == 4000


@pytest.mark.parametrize("name", ["CAdmin"])
def test_nobody_registers_under_its_name(admin, name):
    """spec: TS-0004 7.4.5.2.1: 4117, as if it were registered"""
    assert admin.As(name).create("cse-in", "ae", api="Nx", rr=False, srv=["3"]).rsc == 4117


@pytest.mark.parametrize("spelling, rsc", [
    ("cadmin", 4000), ("CADMIN", 4106), ("CAdmin2", 4106), ("CAdmi", 4106), ("Cadmin", 4106),
    ("SAdmin", 4106), ("/id-in/CAdmin", 4000), ("//merlon.example/id-in/CAdmin", 4000),
    ("-/CAdmin", 4000), ("CAdmin,CAdmin", 4000), ("CAdmin%20", 4000)])
def test_only_its_exact_name(admin, spelling, rsc):
    """The comparison is exact; other spellings are other originators."""
    assert admin.As(spelling).create("cse-in", "cnt", rn="x").rsc == rsc


def test_listeners_and_trust(own):
    """Loopback is trusted unless it is said otherwise; one server may have both."""
    server = own(*OPEN, listen=("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted",
                                "http://127.0.0.1:0,trusted"))
    assert server.trusted == [True, False, True]
    assert [has_all_rights(Client(url), "x") for url in server.urls] == [True, False, True]
    ae = Client(server.urls[1]).register("Cae", name="ae")
    assert ae.create("cse-in/ae", "cnt", rn="c").rsc == 2001
    assert Client(server.urls[0]).delete("cse-in/ae/c").rsc == 2002
    assert Client(server.urls[1]).delete("cse-in/ae").rsc == 4106


def test_headers_do_not_make_a_request_trusted(own):
    """What a message says about its way is no proof of where it came from."""
    server = own(*OPEN, listen=("http://127.0.0.1:0,untrusted",))
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto", "Via",
                 "X-M2M-Trusted", "X-Forwarded-Host"):
        answer = Client(server.url).retrieve("cse-in", headers={name: "127.0.0.1"})
        assert answer.rsc == 4106, name


@pytest.mark.parametrize("host, is_ours", [
    ("127.0.0.1", True), ("localhost:8080", True), ("LOCALHOST", True), ("[::1]:80", True),
    (socket.gethostname(), True), ("evil.example", False), ("evil.example:8080", False),
    ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("127.1", False)])
def test_names_that_a_web_page_can_point_here(own, host, is_ours):
    """A page makes its own name lead to loopback and lets the browser of a trusted person send:
    that is not the administrator, whatever else the request says."""
    server = own()
    answer = Client(server.url).create("cse-in", "cnt", rn="x", headers={"Host": host})
    assert answer.rsc == (2001 if is_ours else 4107)
    assert has_all_rights(Client(server.url), "y"), "others are not concerned"


def test_its_name_on_untrusted_listeners_stays_reserved(own):
    """Nobody becomes the administrator by registering where it is not believed."""
    server = own(*OPEN, listen=("http://127.0.0.1:0", "http://127.0.0.1:0,untrusted"))
    answer = Client(server.urls[1]).create("cse-in", "ae", api="Nx", rr=False, srv=["3"])
    assert answer.rsc == 4117
    assert not has_all_rights(Client(server.urls[1]), "x")
    assert has_all_rights(Client(server.urls[0]), "x")


@pytest.mark.parametrize("address", [pytest.param(FOREIGN, marks=pytest.mark.skipif(
    FOREIGN is None, reason="this machine has no address beyond loopback"))])
def test_beyond_loopback(own, address):
    """A plain-text listener there must be asked for by name, and is never trusted."""
    server = own(*OPEN, "--insecure-listen", f"http://{address}:0")
    assert server.trusted == [True, False]
    beyond = Client(server.urls[1])
    assert not has_all_rights(beyond, "x")
    assert beyond.register("Cae", name="ae").retrieve("cse-in/ae").rsc == 2000
    assert has_all_rights(Client(server.urls[0]), "x")


@pytest.mark.parametrize("listen, works", [
    (["--insecure-listen", "http://0.0.0.0:0"], True),
    (["--insecure-listen", "http://127.0.0.1:0"], True),
    (["--listen", "http://0.0.0.0:0"], False),
    (["--listen", "http://0.0.0.0:0,trusted"], False),
    (["--listen", "http://[::]:0"], False),
    (["--insecure-listen", "http://0.0.0.0:0,trusted"], False),
    (["--insecure-listen", "http://127.0.0.1:0,trusted"], False),
    (["--listen", "http://127.0.0.1:0,believed"], False)])
def test_what_may_be_listened_on(own, tmp_path, listen, works):
    """design.md 3: beyond loopback without authentication only by the option that says so"""
    if works:
        server = own(*OPEN, *listen)
        assert server.trusted == [True, False]
        port = server.urls[1].rsplit(":", 1)[1]
        assert not has_all_rights(Client(f"http://127.0.0.1:{port}"), "x"), "over loopback too"
        return
    done = run("cse", "--data", str(tmp_path / "d"), *listen)
    assert done.returncode != 0 and done.stderr.strip(), done
    assert "listening" not in done.stdout


def test_other_loopback_addresses_are_trusted(own):
    """127.0.0.0/8 is loopback, and so is what is forwarded to it"""
    server = own(listen=("http://127.0.0.2:0",))
    assert server.trusted == [True]
    assert has_all_rights(Client(server.url), "x")


def test_no_administrator(own):
    """--admin none: nobody; the name is free for an AE like any other"""
    server = own("--admin", "none")
    client = Client(server.url)
    assert not has_all_rights(client, "x")
    assert client.As("none").create("cse-in", "cnt", rn="x").rsc == 4000
    ae = client.register("CAdmin", name="ae")
    assert ae.create("cse-in", "cnt", rn="x").rsc == 4103
    assert client.register("Cother", name="other").retrieve("cse-in/ae").rsc == 4103
    assert ae.delete("cse-in/other").rsc == 4103


@pytest.mark.parametrize("name", ["CBoss", "SBoss-1._~"])
def test_another_administrator(own, name):
    """--admin ORIGINATOR"""
    server = own("--admin", name)
    assert has_all_rights(Client(server.url, name), "x")
    assert not has_all_rights(Client(server.url, "CAdmin"), "x")
    ae = Client(server.url).register("CAdmin", name="ae")
    assert ae.create("cse-in", "cnt", rn="x").rsc == 4103
    taken = Client(server.url, name).create("cse-in", "ae", api="Nx", rr=False, srv=["3"])
    assert taken.rsc == 4117


@pytest.mark.parametrize("name", ["", "/id-in/CAdmin", "Admin", "admin", "C", "C*", "C a", "all",
                                  "C\u00e4"])
def test_names_that_cannot_be_the_administrators(tmp_path, name):
    """An AE-ID-Stem or 'none'"""
    done = run("cse", "--data", str(tmp_path / "d"), "--admin", name, "--check-config")
    assert done.returncode != 0 and "admin" in done.stderr, done


def test_an_ae_of_that_name_from_before(own):
    """An AE that was registered while it was an AE like any other does not block the option, and
    its identity is not lent to the administrator where that is not believed."""
    server = own(*OPEN, "--admin", "none", listen=("http://127.0.0.1:0,untrusted",))
    assert Client(server.url).register("CAdmin", name="ae").create("cse-in/ae", "cnt",
                                                                   rn="c").rsc == 2001
    server.options = list(OPEN)
    server.restart()
    client = Client(server.url)
    assert client.retrieve("cse-in/ae/c").rsc == 2000, "still the AE that it was"
    assert client.create("cse-in", "cnt", rn="x").rsc == 4103, "and no administrator here"
