"""Planted secrets: recognisable bytes go in wherever secrets go in, everything is exercised, mistakes too, and then
they are looked for in each form and in every place where somebody could find them.

Where single parts keep them is tested beside the parts: src/crypto/credentials_leak_test.c,
tests/client/test_credentials.py, test_token.py, test_cert_authority.py.
"""

import base64
import json
import os
import re
import resource
import secrets
import signal
import subprocess

import pytest
import requests
from jwcrypto import jwk
from lib.onem2m import Client
from lib.server import binary, eventually
from lib.tls import Lab, Shaken, cert_maker
from lib.tokens import Issuer, carry, encrypt, may

SP = "//sp.example"
LEAST = 12  # bytes of a secret that are recognised
SANITIZERS_OWN = 1 << 30  # mappings from that size on
OPEN = "not-secret-5be0"
NO_SECRET = {"psk-id", "esprim-key-id", "token-id", "local-token-id", "key-format", "token-skew"}


def text_of(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Planted:
    """A secret by name, and all needles that show it, or a part of it."""

    def __init__(self):
        self.needles = {}

    def add(self, name, raw):
        raw = raw if isinstance(raw, bytes) else raw.encode()
        forms = {"raw": raw, "backwards": raw[::-1], "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
        for shift in range(3):  # base64 of a text that begins somewhere before
            rest = raw[shift:]
            rest = rest[:len(rest) // 3 * 3]
            forms[f"base64+{shift}"] = base64.b64encode(rest)
            forms[f"base64url+{shift}"] = base64.urlsafe_b64encode(rest)
        self.needles[name] = {form: needle[:max(LEAST, len(needle) // 2)] for form, needle in forms.items()}
        self.needles[name]["raw, the end"] = raw[-LEAST:]
        return raw

    def found_in(self, data, but=()):
        """[(secret, form)]"""
        return [(name, form) for name, forms in self.needles.items() if name not in but
                for form, needle in forms.items() if needle in data]


def private_number(path):
    key = cert_maker.serialization.load_pem_private_key(path.read_bytes(), None)
    return key.private_numbers().private_value.to_bytes(32, "big")


class Scene:
    """A server under TLS with secrets of every kind, and all that was said by anybody."""

    def __init__(self):
        self.planted = Planted()
        self.said = []
        self.lab = lab = Lab()
        for name in ("one", "two", "gone"):
            lab.add_key(name, "--ae-id", f"C{name}")
            self.planted.add(f"key {name}", bytes.fromhex(lab.keys[name][1]))
        self.planted.add("master key", (lab.data / "master.key").read_bytes())
        self.planted.add("private key of the CSE", private_number(lab.cse[1]))
        self.planted.add("private key of the AE", private_number(lab.ae[1]))
        (lab.folder / "issuers").mkdir()
        mac, seal = secrets.token_bytes(32), secrets.token_bytes(32)
        self.planted.add("key of the MAC", mac)
        self.planted.add("key of the seal", seal)
        self.mac = self.issuer("mac", "HS256", mac)
        self.seal = self.issuer("seal", "dir/A256GCM", seal)
        lab.own_data()
        self.inside = self.planted.add("inside of a sealed token", f"planted{secrets.token_hex(16)}").decode()
        self.password = self.planted.add("password of a receiver", f"pass{secrets.token_hex(16)}").decode()

    def issuer(self, name, allow, raw):
        made = Issuer(self.lab.folder / "issuers", f"{SP}/S{name}", f"{name}.sp.example", (allow,),
                      [jwk.JWK(kty="oct", k=text_of(raw), kid=name)])
        made.add(self.lab.data)
        return made

    # ---- what happens ----

    def run(self, *words, stdin=None, code=None):
        done = subprocess.run([binary(), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60,
                              check=False)
        assert code is None or done.returncode == code, done
        self.said += [done.stdout, done.stderr]
        return done

    def request(self, client, *words, **more):
        answer = client.request(*words, **more, check=False)
        self.said += [answer.text, str(answer.headers)]
        return answer

    def close(self):
        self.lab.close()


@pytest.fixture(scope="module", params=["text", "json"])
def scene(request):
    made = Scene()
    try:
        more = ["--audit", str(made.lab.data / "audit.jsonl"), "--audit-all", "on", "--log-format", request.param]
        made.server = made.lab.start("optional", listen=["http://127.0.0.1:0"], more=more)
        play(made)
        yield made
    finally:
        made.close()


def play(scene):
    requests_and_tokens(scene)
    handshakes(scene)
    commands(scene)
    reloads(scene)


def sealed(scene, holder, *rules, **more):
    return encrypt(scene.seal.claims(f"{SP}/in/{holder}", *rules, tkex=scene.inside, **more), scene.seal.key)


def requests_and_tokens(scene):
    admin = Client(scene.server.urls[1])
    one, two = admin.register("Cone", name="one"), admin.register("Ctwo", name="two")
    box = one.create("cse-in/one", "cnt", rn="box")["ri"]
    good = sealed(scene, "Ctwo", may(2, box))
    signed = scene.mac.sign(scene.mac.claims(f"{SP}/in/Ctwo", may(2, box)), alg="HS256")
    codes = []
    for token in (good, signed, good[:-4] + "AAAA", good[:-40], sealed(scene, "Cone", may(2, box)),
                  sealed(scene, "Ctwo", exp=1), sealed(scene, "Ctwo", tkps={"pm": 7}), sealed(scene, "Ctwo", azp="x"),
                  encrypt(f'{{"tkex": "{scene.inside}"', scene.seal.key)):
        codes.append(scene.request(two, "GET", box, headers=carry(token)).rsc)
        scene.request(two, "GET", box, headers={**carry(token), "Merlon-Explain": "originator=Ctwo"})
        explained = {"Merlon-Explain": "originator=Ctwo; operation=retrieve", **carry(token)}
        scene.request(admin, "GET", box, headers=explained)
    assert codes[:2] == [2000, 2000] and 2000 not in codes[2:], codes
    stored = admin.create("cse-in", "tk", tkid=f"stored@{scene.seal.domain}", tkob=good)
    assert stored.rsc == 2001
    scene.request(two, "GET", f"{box}?tids=stored@{scene.seal.domain}")
    for body in (f'{{"m2m:tk": {{"tkid": 7, "tkob": "{good}"}}}}', '{"m2m:tk": {}}', good):
        scene.request(admin, "POST", "cse-in", body, ty=32)
    for receiver in (f"http://user:{scene.password}@127.0.0.1:1/x", f"http://127.0.0.1:1/x?key={scene.password}"):
        refused = scene.request(one, "POST", "cse-in/one", {"m2m:sub": {"nu": [receiver]}}, ty=23)
        assert refused.rsc in (4000, 5204), refused


def handshakes(scene):
    lab, server = scene.lab, scene.server
    for version in ("-tls1_2", "-tls1_3"):
        assert Shaken(server, version, *lab.psk("one")).is_answered
        assert Shaken(server, version, *lab.cert(lab.ae)).is_answered
        identity, digits = lab.keys["two"]
        for name, key in ((identity, "00" * 32), ("nobody@x.example", digits)):
            words = ["-psk_identity", name, "-psk", key]
            assert Shaken(server, version, *words).alert is not None
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(server.urls[0].replace("https", "http"), timeout=20)


def commands(scene):
    """Of the client and the administrator, with and without mistakes. No secret is ever an argument."""
    lab, url = scene.lab, scene.server.urls[0]
    keys = {}
    for name in ("one", "gone"):
        keys[name] = lab.write(f"{name}.psk", lab.keys[name][1].encode(), 0o600)
    client = ["retrieve", "-u", url, "-o", "Cone", "-v"]
    psk = ["--psk-id", lab.keys["one"][0], "--psk-file"]
    scene.run(*client, *psk, keys["one"], "cse-in/one", code=0)
    scene.run(*client, *psk, keys["gone"], "cse-in/one", code=3)
    bad = lab.write("bad.psk", (lab.keys["one"][1] + "x").encode(), 0o600)
    scene.run(*client, *psk, bad, "cse-in/one")
    scene.run(*client, "--certificate", lab.ae[0], "--key", lab.cse[1], "--anchor", lab.anchor, "cse-in/one")
    scene.run(*client, "--certificate", lab.ae[0], "--key", lab.ae[0], "--anchor", lab.anchor, "cse-in/one")
    token = lab.write("token", sealed(scene, "Cone").encode(), 0o600)
    scene.run(*client, *psk, keys["one"], "--token", token, "cse-in/one", code=0)
    scene.run("access", "explain", "-u", scene.server.urls[1], "--originator", "Ctwo", "--operation", "retrieve",
              "--token", token, "--to", "cse-in/one/box")
    for words in (["key", "list"], ["key", "list", "--json"], ["issuer", "list"], ["issuer", "list", "--json"],
                  ["key", "remove", "nobody@x"], ["token", "verify", "-", "--master-key", keys["one"]]):
        scene.run(words[0], "--data", lab.data, *words[1:], stdin=sealed(scene, "Cone")[:-2])
    scene.run("key", "add", "--data", lab.data, "--id", "x@y", "--key-file", "-", stdin=lab.keys["one"][1] + "zz")
    broken = json.dumps({"kty": "oct", "k": text_of(bytes.fromhex(lab.keys["two"][1])) + "?", "kid": "k"})
    scene.run("issuer", "--data", lab.data, "--fqdn", "x.example", "--allow", "HS256", "--key-file", "-", "add",
              "//x.example/Sx", stdin=broken)
    settings = ["cse", "--data", lab.data, "--listen", "https://127.0.0.1:0", "--check-config"]
    scene.run(*settings, "--tls-certificate", lab.cse[0], "--tls-key", lab.cse[1])
    scene.run(*settings, "--tls-certificate", lab.cse[0], "--tls-key", lab.ae[1])
    scene.run(*settings, "--tls-certificate", lab.cse[1], "--tls-key", lab.cse[1])
    scene.run("token", "issue", "--key-file", lab.cse[1], "--issuer", f"{SP}/Sx", "--holder", f"{SP}/in/Cx")
    authority = lab.folder / "authority"
    words = scene.planted.add("pass phrase", f"phrase{secrets.token_hex(12)}").decode()
    ca = ["--ca", authority, "--passphrase-file", "-"]
    scene.run("cert", "ca", *ca, "--sp-id", SP, stdin=words + "\n", code=0)
    scene.run("cert", "issue", *ca, "--ae-id", f"{SP}/Sx", "--out", lab.folder / "x", stdin="x" + words + "\n")


def reloads(scene):
    """Good ones and bad ones."""
    lab, server = scene.lab, scene.server
    lab.merlon("key", "remove", "--data", lab.data, lab.keys["gone"][0])
    lab.own_data()
    for count, content in enumerate((lab.cse[1].read_bytes(), b"x" + lab.cse[1].read_bytes(), None)):
        if content is None:
            lab.write("cse.key", lab.ae[1].read_bytes(), 0o600)
        else:
            lab.write("cse.key", content, 0o600)
        before = server.log().count("reload")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda n=before: server.log().count("reload") > n, what=f"reload {count}")
    assert Shaken(server, *lab.psk("one")).is_answered


# ---- where they could be ----


def test_in_no_output(scene):
    """SEC-IDN-08 SEC-BND-09: log at its most talkative, audit log of all requests, answers, messages of commands"""
    lab = scene.lab
    places = {"log": scene.server.log_path.read_bytes(), "audit log": (lab.data / "audit.jsonl").read_bytes(),
              "standard output": "\n".join(scene.server.output).encode(), "answers": "\n".join(scene.said).encode()}
    for place, data in places.items():
        assert len(data) > 20, f"nothing in {place}"
        shown = [line for line in data.splitlines() if scene.planted.found_in(line)]
        assert shown == [], place
        assert b"PRIVATE KEY" not in data, place


def test_in_no_file(scene):
    """SEC-IDN-08: the data directory with the store has none in clear; the master key is in its own file alone"""
    lab = scene.lab
    looked_at = 0
    for path in lab.data.rglob("*"):
        if path.is_file():
            looked_at += 1
            but = ["master key"] if path.name == "master.key" else []
            assert scene.planted.found_in(path.read_bytes(), but) == [], path
            assert path.name != "master.key" or path.stat().st_mode & 0o077 == 0
    assert looked_at >= 4, "store, credentials, master key, audit log"
    assert (lab.data / "credentials").stat().st_mode & 0o077 == 0


def test_in_no_list_of_processes(scene):
    """SEC-IDN-08: neither arguments nor environment of the server"""
    for name in ("cmdline", "environ"):
        with open(f"/proc/{scene.server.pid}/{name}", "rb") as file:
            data = file.read()
        assert data and scene.planted.found_in(data) == [], name


# ---- core dumps ----

OF_OPENSSL = ("private key of the CSE", "private key of the AE")  # in its memory, which no dump is made of
NO_KEYS = ("inside of a sealed token", "password of a receiver")  # what peers have sent


def is_sanitized():
    """The sanitizers need to look into the process themselves, so it stays open to that."""
    with open(binary(), "rb") as file:
        return b"__asan_init" in file.read()


def dumped(pid):
    """Content of the mappings that a core dump would hold."""
    with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        begin, end, is_readable = 0, 0, False
        for line in smaps:
            words = line.split()
            if not words[0].endswith(":"):
                begin, end = (int(n, 16) for n in words[0].split("-"))
                is_readable = words[1].startswith("rw")
            elif words[0] == "VmFlags:" and is_readable and "dd" not in words and end - begin < SANITIZERS_OWN:
                memory.seek(begin)
                yield memory.read(end - begin)


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root cannot read the memory of another user's process")
def test_in_no_memory_that_would_be_dumped(scene):
    """SEC-IDN-08: keys of the credentials and their master key, after everything was done with them"""
    assert Client(scene.server.urls[1], "Cone").create("cse-in/one", "cnt", rn=OPEN).rsc == 2001
    seen, total = 0, 0
    for data in dumped(scene.server.pid):
        total += len(data)
        seen += OPEN.encode() in data
        assert scene.planted.found_in(data, OF_OPENSSL + NO_KEYS) == []
    assert total > 1 << 20 and seen, "what is no secret is there"


def test_no_core_dump(own, tmp_path):
    """SEC-IDN-08: whatever the limits were before, and whoever asks for one"""
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    most = "unlimited" if most < 0 else most // 512
    server = own(wrapper=["sh", "-c", f"cd {tmp_path} && ulimit -c {most} && exec \"$@\"", "sh"], store="mem")
    with open(f"/proc/{server.pid}/limits", encoding="ascii") as limits:
        row = next(line for line in limits if line.startswith("Max core")).split()
    assert row[4:6] == ["0", "0"]
    if os.geteuid() == 0 and not is_sanitized():
        # its files belong to root, not to the user it has become: PR_SET_DUMPABLE is off, and no helper gets a dump
        assert os.stat(f"/proc/{server.pid}/mem").st_uid == 0
        with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
            assert "Uid:\t0\t" not in status.read()
    process, server.process = server.process, None
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -signal.SIGABRT
    process.stdout.close()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)
    assert not [path for path in tmp_path.rglob("*core*")]


def test_no_option_takes_a_secret():
    """Arguments are seen by everybody on the machine: secrets come from files and standard input."""
    for command in ("cse", "key", "issuer", "token", "cert", "access", "create", "retrieve", "watch"):
        done = subprocess.run([binary(), command, "--help"], capture_output=True, text=True, check=True)
        for option, value in re.findall(r"--([a-z-]+)(?: ([A-Z]\S*))?", done.stdout):
            if re.search(r"key|psk|pass|secret|token", option) and value:
                assert value == "FILE" or option in NO_SECRET, (command, option)
