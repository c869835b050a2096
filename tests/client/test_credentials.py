"""`merlon key` and `merlon issuer`: credentials of a data directory, sealed, without a server."""

import base64
import hashlib
import json
import os
import random
import secrets
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from lib import cert_maker
from lib.command import to_be_killed
from lib.program import binary
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "00112233445566778899aabbccddeeff" * 2
NOT_FOUND = CONFLICT = FAILED = 1
USAGE = 2
DAMAGED = 4


class Data:
    """The command on one data directory."""

    def __init__(self, merlon, folder):
        self.merlon = merlon
        self.folder = folder

    def key(self, verb, *words, **options):
        return self.merlon("key", verb, "--data", self.folder, *words, **options)

    def add(self, name, *words, key=KEY, code=0):
        return self.key("add", "--id", name, "--key-file", "-", *words, stdin=key, code=code)

    def issuer(self, verb, *words, **options):
        return self.merlon("issuer", verb, "--data", self.folder, *words, **options)

    def rows(self):
        return json.loads(self.key("list", "--json", code=0).stdout)

    def ids(self):
        return [row["id"] for row in self.rows()]


@pytest.fixture
def data(alone, tmp_path):
    return Data(alone, tmp_path / "data")


def unseal(folder):
    """Opens the file with another implementation of AES-GCM than ours."""
    master = (folder / "master.key").read_bytes()
    sealed = (folder / "credentials").read_bytes()
    head, rest = sealed[:32], sealed[32:]
    assert head[:7] == b"MLNSEAL" and head[7] == 1 and head[28:] == bytes(4)
    assert head[8:16] == hashlib.sha256(b"merlon master key id\0" + master).digest()[:8]
    purpose = b"merlon credentials"
    return AESGCM(master).decrypt(head[16:28], rest, head + purpose)


# ---- add, list, remove ----


def test_a_key_is_added_listed_and_removed(data):
    data.add("k1@SP.Example", "--ae-id", "C1*", "--ae-id", "//sp.example/cse1/Cx", "--app-id",
             "R01.com.acme.*", "--role", "reader@sp.example", "--label", "in the kitchen",
             "--not-before", "20260101T000000", "--not-after", "20991231T235959")
    assert data.rows() == [{
        "id": "12-k1@sp.example", "suid": 12, "label": "in the kitchen",
        "aeIds": ["C1*", "//sp.example/cse1/Cx"], "appIds": ["R01.com.acme.*"],
        "roleIds": ["reader@sp.example"], "notBefore": "20260101T000000",
        "notAfter": "20991231T235959"}]
    shown = data.key("list", code=0).stdout
    assert shown.startswith("12-k1@sp.example suid 12, ends 20991231T235959, AE C1* //sp.exa")
    data.key("remove", "k1@sp.example", code=0)
    assert data.rows() == []


@pytest.mark.parametrize("words, found", [
    (["--id", "k@a", "--suid", "10"], ("10-k@a", 10)),
    (["--id", "K@A", "--suid", "21"], ("11-k@a", 21)),
    (["--id", "k@a", "--suid", "22"], ("12-k@a", 22)),
    (["--id", "k@a", "--suid", "33"], ("13-k@a", 33)),
    (["--credential-id", "15-k@a"], ("15-k@a", 14)),
    (["--id", "ABCDEF0123456789abcdef0123456789@a"],
     ("12-abcdef0123456789abcdef0123456789@a", 12)),
])
def test_the_suid_says_what_a_key_is_for(data, words, found):
    """SEC-IDN-05 SEC-IDN-07 spec: TS-0003 12.3.2.1"""
    data.key("add", *words, "--key-file", "-", stdin=KEY, code=0)
    assert [(row["id"], row["suid"]) for row in data.rows()] == [found]
    data.key("remove", found[0], code=0)
    assert data.rows() == []


@pytest.mark.parametrize("credential_id", [
    "30-sha-256-128;f4OxZX_x_FO5LcGBSKHWXQ", "31-0.2.481.1.100", "32-//sp.example/mn1",
    "33-//sp.example/S1", "34-urn:node:1"])
def test_certificates_and_raw_keys_have_no_secret(data, credential_id):
    """SEC-IDN-07"""
    anchor = hashlib.sha256(b"a certificate").hexdigest()
    data.key("add", "--credential-id", credential_id, "--anchor", anchor, code=0)
    assert data.rows() == [{"id": credential_id, "suid": 42, "anchor": anchor}]
    said = data.key("add", "--credential-id", credential_id, "--key-file", "-", stdin=KEY,
                    code=USAGE).stderr
    assert "no secret key" in said


def test_a_random_key_is_shown_once_or_written_to_a_file(data, tmp_path):
    shown = data.key("add", "--id", "a@a", "--show", code=0).stdout.strip()
    file = tmp_path / "b.key"
    assert data.key("add", "--id", "b@a", "--key-out", file, code=0).stdout == ""
    written = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(shown) == len(written) == 64 and shown != written
    plain = unseal(data.folder)
    assert bytes.fromhex(shown) in plain and bytes.fromhex(written) in plain
    assert shown not in data.key("list", code=0).stdout
    # a file that is there is not overwritten, and then nothing is stored
    data.key("add", "--id", "c@a", "--key-out", file, code=CONFLICT)
    assert file.read_text().strip() == written
    assert data.ids() == ["12-a@a", "12-b@a"]


def test_a_key_is_read_as_digits_or_as_bytes(data, tmp_path):
    raw = tmp_path / "raw.key"
    raw.write_bytes(bytes(range(20)))
    data.key("add", "--id", "raw@a", "--key-file", raw, "--key-format", "raw", code=0)
    data.add("digits@a", key=" " + KEY.upper() + "\r\n")
    assert bytes(range(20)) in unseal(data.folder)
    assert bytes.fromhex(KEY) in unseal(data.folder)


@pytest.mark.parametrize("words, stdin, says", [
    (["--id", "k@a"], None, "--key-file FILE"),
    ([], None, "--id NAME@DOMAIN"),
    (["--id", "k@a", "--credential-id", "12-k@a", "--show"], None, "either"),
    (["--id", "k", "--show"], None, "no identifier of a key"),
    (["--id", "k@@a", "--show"], None, "no identifier of a key"),
    (["--id", "k@a\n", "--show"], None, "no identifier of a key"),
    (["--id", "k@a", "--suid", "42", "--show"], None, "no identifier of a key"),
    (["--id", "k@a", "--suid", "20", "--show"], None, "--suid"),
    (["--credential-id", "12-k@a", "--suid", "33", "--show"], None, "does not fit"),
    (["--credential-id", "99-k@a", "--show"], None, "no Credential-ID"),
    (["--id", "k@a", "--ae-id", "X1", "--show"], None, "'X1' is not an AE-ID"),
    (["--id", "k@a", "--ae-id", "C.+", "--show"], None, "is not an AE-ID"),
    (["--id", "k@a", "--cse-id", "/mn1", "--show"], None, "absolute CSE-ID"),
    (["--id", "k@a", "--cse-id", "//a/mn1", "--ae-id", "C1", "--show"], None, "not for both"),
    (["--id", "k@a", "--role", "reader@A", "--show"], None, "Role-ID"),
    (["--id", "k@a", "--app-id", "Xlight", "--show"], None, "App-ID"),
    (["--id", "k@a", "--not-after", "tomorrow", "--show"], None, "--not-after"),
    (["--id", "k@a", "--not-before", "20300101T000000", "--not-after", "20290101T000000",
      "--show"], None, "ends before it begins"),
    (["--id", "k@a", "--key-file", "-"], "0011", "16 to 64 bytes"),
    (["--id", "k@a", "--key-file", "-"], KEY + "0", "even number"),
    (["--id", "k@a", "--key-file", "-"], "zz" * 32, "hexadecimal"),
    (["--id", "k@a", "--key-file", "-"], "", "empty"),
    (["--id", "k@a", "--key-file", "-"], KEY * 100, "larger than"),
    (["--id", "k@a", "--key-file", "-", "--show"], KEY, "not shown again"),
    (["--credential-id", "33-//a/S1", "--anchor", "abc"], None, "64 hexadecimal digits"),
])
def test_what_makes_no_sense_is_refused(data, words, stdin, says):
    """SEC-IDN-01 SEC-IDN-03"""
    said = data.key("add", *words, stdin=stdin, code=USAGE).stderr
    assert says in said and said.startswith("merlon key: ")
    assert KEY[:32] not in said
    assert not (data.folder / "credentials").exists()


def test_the_same_twice_and_what_is_not_there(data):
    data.add("k@a")
    assert "12-k@a is there already" in data.add("k@A", code=CONFLICT).stderr
    assert "no credential 12-x@a" in data.key("remove", "x@a", code=NOT_FOUND).stderr
    assert "expected" in data.key("burn", code=USAGE).stderr
    assert "no directory" in data.merlon("key", "list", "--data", data.folder / "no",
                                         code=NOT_FOUND).stderr


def test_a_duration_counts_from_now(data):
    data.add("k@a", "--not-after", "P2D")
    row, = data.rows()
    assert len(row["notAfter"]) == len("20260101T000000") and row["notAfter"] > "2026"


# ---- the file ----


def test_the_file_is_what_it_says(data):
    """Sealed as written down: opened by another implementation; each bit counts."""
    data.add("k@a")
    plain = unseal(data.folder)
    assert plain[:4] == b"\0\0\0\1" and b"12-k@a" in plain and bytes.fromhex(KEY) in plain
    file = data.folder / "credentials"
    sealed = bytearray(file.read_bytes())
    sealed[40] ^= 1
    file.write_bytes(sealed)
    with pytest.raises(InvalidTag):
        unseal(data.folder)
    assert "damaged" in data.key("list", code=DAMAGED).stderr
    assert "damaged" in data.add("x@a", code=DAMAGED).stderr
    assert file.read_bytes() == sealed


def test_damaged_and_foreign_files_are_named(data):
    data.add("k@a")
    file, master = data.folder / "credentials", data.folder / "master.key"
    sealed = file.read_bytes()
    newer = bytearray(sealed)
    newer[7] = 9
    for content, code, says in ((b"", DAMAGED, "empty"), (b"{}" * 100, DAMAGED, "damaged"),
                                (sealed[:-1], DAMAGED, "damaged"), (bytes(newer), DAMAGED, "newer")):
        file.write_bytes(content)
        said = data.key("list", code=code).stderr
        assert says in said and str(file) in said
    file.write_bytes(sealed)
    master.chmod(0o644)
    assert "chmod 600" in data.key("list", code=USAGE).stderr
    master.chmod(0o600)
    kept = master.read_bytes()
    master.write_bytes(bytes(32))
    assert "another master key" in data.key("list", code=USAGE).stderr
    master.unlink()
    assert "is missing" in data.key("list", code=USAGE).stderr
    assert "is missing" in data.add("x@a", code=USAGE).stderr  # and none is made in its place
    assert not master.exists()
    master.write_bytes(kept)
    master.chmod(0o600)
    assert data.ids() == ["12-k@a"]


def test_the_master_key_may_lie_elsewhere(data, tmp_path):
    master = tmp_path / "elsewhere.key"
    data.add("k@a", "--master-key", master)
    assert master.stat().st_size == 32 and not (data.folder / "master.key").exists()
    data.key("list", "--master-key", master, code=0)
    data.key("list", code=USAGE)


def test_files_are_for_their_owner_only(data):
    data.add("k@a")
    for path in data.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert sorted(p.name for p in data.folder.iterdir()) == [
        "credentials", "credentials.lock", "master.key"]


def test_writers_at_once_lose_nothing(data):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: data.add(f"k{n}@a"), range(16)))
    assert sorted(data.ids()) == sorted(f"12-k{n}@a" for n in range(16))


def test_the_first_writers_at_once_make_the_directory(data):
    for number in range(20):
        data.folder = data.folder.with_name(f"data{number}")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: data.add(f"k{n}@a"), range(4)))
        assert sorted(data.ids()) == sorted(f"12-k{n}@a" for n in range(4))


def test_a_killed_writer_leaves_the_old_or_the_new(data):
    """kill -9 at any moment: the file is whole, and what was confirmed is there"""
    chance = random.Random(3)
    confirmed = set()
    data.add("first@a")
    for number in range(30):
        words = [binary(), "key", "add", "--data", data.folder, "--id", f"k{number}@a", "--show"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=to_be_killed(data.merlon.environment)) as process:
            try:
                process.communicate(timeout=chance.random() * 0.1)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
            if process.returncode == 0:
                confirmed.add(f"12-k{number}@a")
    found = data.ids()
    assert confirmed | {"12-first@a"} <= set(found) and len(found) == len(set(found))


def test_a_full_disk_keeps_the_old(data):
    """A write that fails is told, and changes nothing."""
    data.add("k@a")
    limited = ["prlimit", "--fsize=10", binary(), "key", "add", "--data", str(data.folder), "--id",
               "x@a", "--show"]
    done = subprocess.run(["env", "--ignore-signal=XFSZ", *limited], capture_output=True, text=True,
                          check=False, env=data.merlon.environment)
    assert done.returncode == FAILED and "cannot write" in done.stderr, done
    assert done.stdout == ""
    assert data.ids() == ["12-k@a"]


# ---- secrets ----


def traces(folder, *needles):
    """Files below the folder in which one of the texts stands."""
    return [path for path in folder.rglob("*") if path.is_file() and any(
        needle in path.read_bytes() for needle in needles)]


def test_a_planted_secret_is_nowhere_to_be_found(data):
    """SEC-IDN-08: not in files, listings, messages; nor the argument list, where it never was"""
    planted = secrets.token_bytes(32)
    digits = planted.hex()
    done = [data.add("k@a", key=digits), data.add("k@a", key=digits, code=CONFLICT),
            data.add("x@a", key=digits + "0", code=USAGE), data.add("x@a", "--ae-id", "?",
                                                                    key=digits, code=USAGE),
            data.add("x@a", key=digits[:30] + "zz" + digits[32:], code=USAGE),
            data.key("list", code=0), data.key("list", "--json", code=0)]
    jwk = json.dumps({"kty": "oct", "k": digits, "kid": "k1"})
    done += [data.issuer("add", "i", "--fqdn", "i.example", "--allow", "HS256", "--key-file", "-",
                         stdin=jwk, code=0),
             data.issuer("add", "j", "--fqdn", "i.example", "--allow", "HS256", "--key-file", "-",
                         stdin=jwk[:-1], code=USAGE),
             data.issuer("list", code=0), data.issuer("list", "--json", code=0)]
    assert planted in unseal(data.folder) and digits.encode() in unseal(data.folder)
    (data.folder / "credentials").write_bytes(b"broken")
    done += [data.key("list", code=DAMAGED)]
    for result in done:
        assert digits[:16] not in result.stdout + result.stderr
    assert traces(data.folder, planted[:8], digits[:16].encode()) == []


def test_nothing_of_the_process_would_be_dumped(data):
    """SEC-IDN-08: while a key is being read, the process allows no core dump"""
    words = [binary(), "key", "add", "--data", data.folder, "--id", "k@a", "--key-file", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=data.merlon.environment) as process:
        process.stdin.write(KEY[:32].encode())
        process.stdin.flush()
        row = []
        while process.poll() is None and row[4:6] != ["0", "0"]:  # until it has begun
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
                row = next(line for line in limits if line.startswith("Max core")).split()
        assert row[4:6] == ["0", "0"]
        process.stdin.write(KEY[32:].encode())
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("words", [
    ["token", "issue", "--key-file", "-"],
    ["cert", "issue", "--ca", "nowhere", "--ae-id", "//sp.example/S1", "--out", "out", "--key-passphrase-file", "-"],
    ["cert", "ca", "--ca", "lab", "--unconstrained", "--passphrase-file", "-"]])
def test_nothing_of_a_maker_of_keys_would_be_dumped(data, tmp_path, words):
    """SEC-IDN-08: OpenSSL keeps copies of a private key where ours are not looked after"""
    with subprocess.Popen([binary(), *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, cwd=tmp_path, env=data.merlon.environment) as process:
        row = []
        for _ in range(2000):  # until it has begun
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
                row = next(line for line in limits if line.startswith("Max core")).split()
            if row[4:6] == ["0", "0"]:
                break
            time.sleep(0.005)
        assert process.poll() is None and row[4:6] == ["0", "0"]
        process.stdin.close()


# ---- issuers ----


RFC7515_A3 = {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}


@pytest.mark.parametrize("key, why", [
    ({**RFC7515_A3, "x": "AAAA"}, "x is not a number of the right size"),
    ({**RFC7515_A3, "y": RFC7515_A3["x"]}, "do not make a key"),
    ({**RFC7515_A3, "crv": "P-192"}, "crv")])
def test_an_issuer_with_a_key_that_is_none(data, tmp_path, key, why):
    """It is refused when it is added, not when the server reads it."""
    jwk = tmp_path / "das.jwk"
    jwk.write_text(json.dumps(key))
    said = data.issuer("add", "//sp.example/Sdas", "--fqdn", "das.example", "--allow", "ES256",
                       "--key-file", jwk, code=USAGE).stderr
    assert why in said
    assert data.issuer("list", "--json", code=0).stdout.strip() in ("", "[]")


def test_an_issuer_is_added_listed_and_removed(data, tmp_path):
    jwk = tmp_path / "das.jwk"
    jwk.write_text(json.dumps(RFC7515_A3))
    pem = tmp_path / "anchor.pem"
    pem.write_bytes(cert_maker.pem(cert_maker.Authority("anchor").cert))
    data.issuer("add", "//sp.example/Sdas", "--fqdn", "das.example", "--contact",
                "https://das.example/t", "--allow", "ES256", "--allow", "dir/A256GCM", "--allow",
                "ES256/A128KW/A128GCM", "--key-file", jwk, "--anchor", pem, code=0)
    rows = json.loads(data.issuer("list", "--json", code=0).stdout)
    assert rows == [{"id": "//sp.example/Sdas", "fqdn": "das.example",
                     "contact": "https://das.example/t", "keys": 1, "anchors": 1,
                     "allow": [{"sig": "ES256"}, {"alg": "dir", "enc": "A256GCM"},
                               {"sig": "ES256", "alg": "A128KW", "enc": "A128GCM"}]}]
    der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], check=True,
                         capture_output=True).stdout
    assert base64.b64encode(der) in unseal(data.folder)
    assert data.issuer("list", code=0).stdout == (
        "//sp.example/Sdas fqdn das.example, 1 keys, 1 anchors, allows ES256 dir/A256GCM "
        "ES256/A128KW/A128GCM\n")
    said = data.issuer("add", "//sp.example/Sdas", "--fqdn", "x.example", "--allow", "ES256",
                       "--key-file", jwk, code=CONFLICT).stderr
    assert "there already" in said
    data.issuer("remove", "//sp.example/Sdas", code=0)
    data.issuer("remove", "//sp.example/Sdas", code=NOT_FOUND)
    assert json.loads(data.issuer("list", "--json", code=0).stdout) == []


def test_two_issuers_share_no_domain(data):
    """SEC-TOK-23: a server would neither start with both nor take a removal at its next reload."""
    words = ["--fqdn", "das.example", "--allow", "ES256", "--key-file", "-"]
    data.issuer("add", "//sp.example/Sa", *words, stdin=json.dumps(RFC7515_A3), code=0)
    said = data.issuer("add", "//sp.example/Sb", *words, stdin=json.dumps(RFC7515_A3), code=USAGE).stderr
    assert "//sp.example/Sb: fqdn: belongs to another issuer" in said
    assert [row["id"] for row in json.loads(data.issuer("list", "--json", code=0).stdout)] == ["//sp.example/Sa"]


@pytest.mark.parametrize("words, stdin, says", [
    (["i"], None, "--fqdn DOMAIN is missing"),
    (["i", "--fqdn", "a"], None, "--allow ALGORITHMS is missing"),
    (["i", "--fqdn", "a", "--allow", "ES256"], None, "--key-file FILE or --anchor FILE"),
    (["i", "--fqdn", "A", "--allow", "ES256", "-k", "-"], "{}", "lower case"),
    (["i", "--fqdn", "a", "--allow", "ES256/", "-k", "-"], "{}", "SIGNATURE"),
    (["i", "--fqdn", "a", "--allow", "a/b/c/d", "-k", "-"], "{}", "SIGNATURE"),
    (["i", "--fqdn", "a", "--allow", 'E"', "-k", "-"], '{"kty":"oct"}', "SIGNATURE"),
    (["i", "--fqdn", "a", "--allow", "ES256", "-k", "-"], "{}", "no JWK"),
    (["i", "--fqdn", "a", "--allow", "ES256", "-k", "-"], "[]", "no JWK"),
    (["i", "--fqdn", "a", "--allow", "ES256", "-k", "-"], '{"kty":"oct"},{"kty":"oct"}', "no JWK"),
    (["i", "--fqdn", "a", "--allow", "ES256", "--anchor", "-"], "no PEM", "certificate in PEM"),
    (['i"', "--fqdn", "a", "--allow", "ES256", "-k", "-"], '{"kty":"oct"}', "cannot be the"),
    (["i", "--fqdn", "a", "--allow", "ES256", "--anchor", "-"],
     "-----BEGIN CERTIFICATE-----\n\"],\"x\":[\"\n-----END CERTIFICATE-----\n", "not base64"),
])
def test_an_issuer_that_makes_no_sense_is_refused(data, words, stdin, says):
    said = data.issuer("add", *words, stdin=stdin, code=USAGE).stderr
    assert says in said and said.startswith("merlon issuer: ")
    assert not (data.folder / "credentials").exists()
