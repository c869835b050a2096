"""Whom we send to: an AE that registered with a credential must prove the same one as a receiver (SA2).

security.md 16.3. Receivers by key are `openssl s_server`, those by certificate Python's; their certificates are made by
python3-cryptography.
"""

import json
import re
import secrets

import pytest
from lib.onem2m import Client, grant
from lib.server import Server, eventually
from lib.tls import KeyedReceiver, Lab, SecureReceiver, Shaken, cert_maker

ROLES = "roles.other.example"
VERSIONS = ["-tls1_2", "-tls1_3"]


@pytest.fixture(scope="module")
def lab():
    made = Lab()
    for name in ("k1", "k2", "kgone"):
        made.add_key(name, "--ae-id", f"S{name}*")
    made.add_key("kcse", "--cse-id", "//sp.example/mn")
    made.add_key("kother", "--cse-id", "//sp.example/other")
    for serial in ("7", "8"):
        made.merlon("key", "add", "--data", made.data, "--credential-id", f"31-0.2.481.1.100.7.{serial}", "--ae-id",
                    f"Sdevice{serial}*")
    made.own_data()
    made.device7 = made.issue("device7", cert_maker.device("100.7.7"))
    made.device8 = made.issue("device8", cert_maker.device("100.7.8"))
    made.host = made.issue("host", cert_maker.dns("localhost"))
    made.ae2 = made.issue("ae2", cert_maker.uri("m2m://sp.example/Selse"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(lab):
    return lab.start("optional", listen=["http://127.0.0.1:0"])


@pytest.fixture
def receivers():
    made = []

    def keep(receiver):
        made.append(receiver)
        return receiver

    yield keep
    for receiver in made:
        receiver.close()


def send(server, stem, words, line, more="", **attributes):
    """A request of an AE with that credential; gives the Response Status Code."""
    body = json.dumps({"m2m:ae": attributes})
    done = Shaken(server, *words, send=(
        f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-M2M-RI: tls\r\nX-M2M-RVI: 3\r\n"
        f"X-M2M-Origin: {stem}\r\nContent-Type: application/json{more}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode())
    return int(re.search(r"X-M2M-RSC: (\d+)", done.out)[1])


def register(server, stem, port, words):
    """Its point of access is where the receiver is."""
    assert send(server, stem, words, "POST /cse-in", ";ty=2", rn=f"ae-{stem}", api="Napp", rr=True, srv=["3"],
                poa=[f"https://localhost:{port}"]) == 2001


def is_notified(server, receiver, stem):
    """Is the AE asked for its consent to a subscription, and told of what happens then?"""
    admin = Client(server.urls[1])
    assert admin.create("cse-in", "cnt", rn=f"c-{stem}").rsc == 2001
    answer = admin.create(f"cse-in/c-{stem}", "sub", nu=[stem], nct=1, enc={"net": [3]})
    if answer.rsc != 2001:
        assert answer.rsc == 5204, answer
        assert not receiver.got
        return False
    count = len(receiver.got)
    assert count == 1
    assert admin.create(f"cse-in/c-{stem}", "cin", con="news").rsc == 2001
    return eventually(lambda: len(receiver.got) > count, what="the notification")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_key_that_it_registered_with(lab, server, receivers, version):
    """SEC-SAE-07"""
    receiver = receivers(KeyedReceiver(*lab.keys["k1"], version))
    stem = f"Sk1good{version[-1]}"
    register(server, stem, receiver.port, lab.psk("k1"))
    assert is_notified(server, receiver, stem)
    assert b"news" in receiver.got[-1][1]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", ["another key", "the key of another", "the certificate of the host"])
def test_a_receiver_without_its_key(lab, server, receivers, what, version):
    """SEC-SAE-07: nothing is delivered to whoever has taken the place."""
    identity, _ = lab.keys["k1"]
    words = {
        "another key": lambda: (identity, secrets.token_hex(32)),
        "the key of another": lambda: lab.keys["k2"],
        "the certificate of the host": lambda: (*lab.keys["k2"], *lab.cert(lab.host)),
    }[what]()
    receiver = receivers(KeyedReceiver(*words, version))
    stem = f"Sk1bad{what.replace(' ', '')}{version[-1]}"
    register(server, stem, receiver.port, lab.psk("k1"))
    assert not is_notified(server, receiver, stem)


def test_keys_are_changed(lab, server, receivers):
    """SEC-MCA-06: both serve for a while; who says anew where it is reached is expected with the new one."""
    lab.add_key("kfirst", "--ae-id", "Sroll")
    lab.add_key("ksecond", "--ae-id", "Sroll")
    server.process.send_signal(1)
    eventually(lambda: Shaken(server, *lab.psk("ksecond")).is_answered, what="the reload")
    first = receivers(KeyedReceiver(*lab.keys["kfirst"]))
    second = receivers(KeyedReceiver(*lab.keys["ksecond"]))
    register(server, "Sroll", first.port, lab.psk("kfirst"))
    assert is_notified(server, first, "Sroll")
    count = len(first.got)
    admin = Client(server.urls[1])
    assert send(server, "Sroll", lab.psk("ksecond"), "PUT /cse-in/ae-Sroll",
                poa=[f"https://localhost:{second.port}"]) == 2004
    lab.merlon("key", "remove", "--data", lab.data, f"12-{lab.keys['kfirst'][0]}")
    lab.own_data()
    server.process.send_signal(1)
    assert admin.create("cse-in/c-Sroll", "cin", con="more").rsc == 2001
    assert eventually(lambda: second.got, what="the notification")
    assert len(first.got) == count


def test_a_key_that_was_removed(lab, server, receivers):
    """SEC-SAE-07: what the receiver would prove counts no longer."""
    identity, _ = lab.keys["kgone"]
    receiver = receivers(KeyedReceiver(*lab.keys["kgone"]))
    register(server, "Skgone", receiver.port, lab.psk("kgone"))
    lab.merlon("key", "remove", "--data", lab.data, f"12-{identity}")
    lab.own_data()
    server.process.send_signal(1)
    eventually(lambda: not Shaken(server, *lab.psk("kgone")).is_answered, what="the reload")
    assert not is_notified(server, receiver, "Skgone")


@pytest.mark.parametrize("stem, own, shown, is_good", [
    ("Sdev", "ae", "ae", True), ("Selse", "ae2", "ae", False), ("Selse", "ae2", "host", False),
    ("Sdevice7a", "device7", "device7", True), ("Sdevice7b", "device7", "device8", False),
    ("Sdevice7c", "device7", "host", False),
], ids=["AE-ID", "another AE-ID", "the host", "device", "another device", "the host for a device"])
def test_the_certificate_that_it_registered_with(lab, server, receivers, stem, own, shown, is_good):
    """SEC-SAE-07, SEC-SAE-08: with the roles of client and server exchanged"""
    receiver = receivers(SecureReceiver(getattr(lab, shown), lab.anchor))
    register(server, stem, receiver.port, lab.cert(getattr(lab, own)))
    try:
        assert is_notified(server, receiver, stem) == is_good
    finally:
        admin = Client(server.urls[1])
        assert admin.delete(f"cse-in/ae-{stem}").rsc == 2002
        assert admin.delete(f"cse-in/c-{stem}").rsc == 2002


# ---- roles that another CSE keeps ----


class KeyedRepository(KeyedReceiver):
    role = None

    def answer(self, path):
        return 2000, json.dumps({"m2m:cb": {"m2m:rol": [self.role]}}).encode()


@pytest.mark.parametrize("name, is_good", [("kcse", True), ("kother", False)])
def test_a_repository_of_roles_by_key(lab, receivers, name, is_good):
    """SEC-SAE-08, SEC-ROL-10: the credential that is configured for it, and no other"""
    repository = receivers(KeyedRepository(*lab.keys[name]))
    role_id = f"r@{ROLES}"
    repository.role = {"rn": "r1", "ty": 31, "ri": "rol1", "rlid": role_id, "tkhd": "//sp.example/in/Cholder",
                       "tkis": "//other.example/mn/CAuthority", "tknb": "20200101T000000", "tkna": "20900101T000000",
                       "et": "20900101T000000", "ct": "20200101T000000", "lt": "20200101T000000", "pi": "x"}
    options = lab.options("none", more=[
        "--role-issuer", f"{ROLES}=//other.example/mn/CAuthority", "--role-repository",
        f"{ROLES}=https://127.0.0.1:{repository.port}/cse-mn,credential=12-{lab.keys['kcse'][0]}"])
    with Server(lab.data, *options, store="mem") as server:
        admin = Client(server.url)
        holder = admin.register("Cholder")
        assert admin.create("cse-in", "cnt", rn="c", acpi=[grant(admin, ([role_id], 63))]).rsc == 2001
        assert holder.retrieve(f"cse-in/c?rids={role_id}").rsc == (2000 if is_good else 4103)
        assert len(repository.got) == (1 if is_good else 0)
