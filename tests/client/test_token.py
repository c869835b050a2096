"""`merlon token`, held against two implementations of JOSE that are not ours: the command `jose`
(libjose by its own front) and python3-jwcrypto. spec: TS-0003 7.3.2.4 to 7.3.2.6"""

import base64
import json
import time

import pytest
from jwcrypto import jwe, jwk, jws, jwt
from lib.jose import ENCRYPTIONS, SIGNATURES, WRAPS, jose, new_key, public, wrap_key

ISSUER = "//sp.example/Sdas"
HOLDER = "//sp.example/Sdevice"
PERMISSIONS = {"pm": [{"ris": ["cse-in/ae1/data"],
                       "pv": {"acr": [{"acor": ["all"], "acop": 2}]}},
                      {"rids": ["operator@sp.example"]}]}
REFUSED = FAILED = 1
USAGE = 2


def claims(**changes):
    now = int(time.time())
    made = {"tkvr": "1.0.0", "jti": "t1@das.sp.example", "azp": HOLDER, "iss": ISSUER,
            "nbf": now - 10, "exp": now + 3600, "aud": ["//sp.example/id-in"], "tkps": PERMISSIONS}
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


class Tokens:
    """The command with files of its own."""

    def __init__(self, merlon, folder):
        self.merlon = merlon
        self.folder = folder

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def key_file(self, name, key):
        return self.file(name, key.export(private_key=key.has_private or key.is_symmetric))

    def record(self, rules, *keys, **more):
        return {"id": ISSUER, "fqdn": "das.sp.example", "allow": rules,
                "keys": [json.loads(k.export(private_key=k.has_private or k.is_symmetric))
                         for k in keys]} | more

    def verify(self, token, record, *words, code=0):
        path = self.file("record.json", record)
        done = self.merlon("token", "verify", "--issuer-file", path, *words, "-", stdin=token,
                           code=code)
        return json.loads(done.stdout) if code == 0 else done.stderr

    def issue(self, *words, code=0, made=None):
        path = self.file("claims.json", made or claims())
        return self.merlon("token", "issue", "--claims", path, *words, code=code).stdout.strip()


@pytest.fixture
def tokens(alone, tmp_path):
    return Tokens(alone, tmp_path)


# ---- python3-jwcrypto, both directions ----


@pytest.mark.parametrize("sig", SIGNATURES)
def test_signed_in_both_directions(tokens, sig):
    """SEC-TOK-01, SEC-TOK-02, SEC-ESD-01"""
    key = new_key(SIGNATURES[sig], "s")
    made = tokens.issue("--key-file", tokens.key_file("key", key), "--protect", sig)
    opened = jwt.JWT(algs=[sig], check_claims={"iss": ISSUER})
    opened.deserialize(made, public(key))
    assert json.loads(opened.header) == {"alg": sig, "typ": "JWT", "kid": "s"}
    assert json.loads(opened.claims)["tkps"] == PERMISSIONS
    theirs = jwt.JWT(header={"alg": sig, "typ": "JWT", "kid": "s"}, claims=claims())
    theirs.make_signed_token(key)
    said = tokens.verify(theirs.serialize(), tokens.record([{"sig": sig}], public(key)))
    assert said["tkps"] == PERMISSIONS and said["tkhd"] == HOLDER


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("wrap", ["dir", "A128KW", "A192KW", "A256KW"])
def test_encrypted_in_both_directions(tokens, wrap, enc):
    """SEC-TOK-04, SEC-ESD-01"""
    key = wrap_key(wrap, enc)
    rules = [{"alg": wrap, "enc": enc}]
    made = tokens.issue("--recipient-key", tokens.key_file("key", key), "--protect",
                        f"{wrap}/{enc}")
    opened = jwe.JWE()
    opened.deserialize(made, key)
    assert json.loads(opened.payload)["jti"] == "t1@das.sp.example"
    theirs = jwt.JWT(header={"alg": wrap, "enc": enc, "typ": "JWT", "kid": "w"}, claims=claims())
    theirs.make_encrypted_token(key)
    assert tokens.verify(theirs.serialize(), tokens.record(rules, key))["tkhd"] == HOLDER


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("wrap", WRAPS)
def test_nested_in_both_directions(tokens, wrap, enc):
    """SEC-TOK-05, SEC-ESD-01, SEC-ESD-06"""
    signer = new_key(SIGNATURES["ES256"], "s")
    key = wrap_key(wrap, enc)
    record = tokens.record([{"sig": "ES256", "alg": wrap, "enc": enc}], public(signer), key)
    made = tokens.issue("--key-file", tokens.key_file("signer", signer), "--recipient-key",
                        tokens.key_file("recipient", public(key)), "--protect",
                        f"ES256/{wrap}/{enc}")
    outer = jwe.JWE()
    outer.deserialize(made, key)
    assert outer.jose_header["cty"] == outer.jose_header["typ"] == "JWT"
    inner = jws.JWS()
    inner.deserialize(outer.payload.decode(), public(signer))
    assert json.loads(inner.payload)["azp"] == HOLDER
    assert tokens.verify(made, record)["tkhd"] == HOLDER
    theirs = jwt.JWT(header={"alg": "ES256", "typ": "JWT", "kid": "s"}, claims=claims())
    theirs.make_signed_token(signer)
    header = {"alg": wrap, "enc": enc, "typ": "JWT", "cty": "JWT", "kid": "w"}
    wrapped = jwe.JWE(theirs.serialize().encode(), json.dumps(header))
    wrapped.add_recipient(public(key))
    assert tokens.verify(wrapped.serialize(compact=True), record)["tkhd"] == HOLDER


# ---- the command jose, both directions ----


@pytest.mark.parametrize("sig", SIGNATURES)
def test_signed_with_the_command_jose(tokens, sig):
    path = str(tokens.folder / "key")
    jose("jwk", "gen", "-i", json.dumps({"alg": sig, "kid": "j"}), "-o", path)
    key = jwk.JWK.from_json((tokens.folder / "key").read_text())
    made = tokens.issue("--key-file", path)  # the key says which algorithm
    payload = jose("jws", "ver", "-i-", "-k", path, "-O-", stdin=made.encode())
    assert json.loads(payload)["iss"] == ISSUER
    theirs = jose("jws", "sig", "-c", "-I-", "-k", path, "-s",
                  json.dumps({"protected": {"alg": sig, "typ": "JWT", "kid": "j"}}),
                  stdin=json.dumps(claims()).encode()).decode()
    assert tokens.verify(theirs, tokens.record([{"sig": sig}], key))["tkis"] == ISSUER


@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("wrap", [w for w in WRAPS if w != "RSA-OAEP-256"])
def test_encrypted_with_the_command_jose(tokens, wrap, enc):
    """Debian's libjose 11 has no RSA-OAEP when built with OpenSSL 3."""
    signer = new_key(SIGNATURES["ES256"], "s")
    key = wrap_key(wrap, enc)
    path = tokens.key_file("key", key)
    record = tokens.record([{"sig": "ES256", "alg": wrap, "enc": enc}], public(signer), key)
    made = tokens.issue("--key-file", tokens.key_file("signer", signer), "--recipient-key", path,
                        "--protect", f"ES256/{wrap}/{enc}")
    inner = jose("jwe", "dec", "-i-", "-k", path, "-O-", stdin=made.encode()).decode()
    assert inner.count(".") == 2
    header = {"alg": wrap, "enc": enc, "typ": "JWT", "cty": "JWT", "kid": "w"}
    theirs = jose("jwe", "enc", "-c", "-I-", "-k", path, "-i", json.dumps({"protected": header}),
                  stdin=inner.encode()).decode()
    assert tokens.verify(theirs, record)["tkhd"] == HOLDER


# ---- attacks with tools of others ----


def signed(header, made, key):
    token = jws.JWS(json.dumps(made))
    token.add_signature(key, protected=json.dumps(header))
    return token.serialize(compact=True)


@pytest.fixture
def es256(tokens):
    key = new_key(SIGNATURES["ES256"], "s")
    return key, tokens.record([{"sig": "ES256"}, {"sig": "HS256"}], public(key))


def test_public_key_as_secret_is_refused(tokens, es256):
    """SEC-TOK-02: the verification key, in each form an attacker has it, as secret of HS256"""
    key, record = es256
    forms = [key.export_to_pem(), key.export_public().encode(),
             base64.urlsafe_b64decode(key.export_public(as_dict=True)["x"] + "==")]
    for form in forms:
        secret = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(form).decode().rstrip("="))
        token = signed({"alg": "HS256", "typ": "JWT", "kid": "s"}, claims(), secret)
        assert "no key" in tokens.verify(token, record, code=REFUSED)


def test_none_is_refused(tokens, es256):
    """SEC-TOK-03"""
    key, record = es256
    good = signed({"alg": "ES256", "typ": "JWT", "kid": "s"}, claims(), key)
    assert tokens.verify(good, record)["tkhd"] == HOLDER
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    body = good.split(".")[1]
    assert "dynAuthJWT" in tokens.verify(f"{header}.{body}.", record, code=REFUSED)
    assert "algorithm" in tokens.verify(f"{header}.{body}.{good.split('.')[2]}", record,
                                        code=REFUSED)


def test_critical_header_is_refused(tokens, es256):
    """SEC-TOK-21"""
    key, record = es256
    token = jws.JWS(json.dumps(claims()), header_registry={"ext": jws.JWSEHeaderParameter(
        "an extension", True, True, lambda _: True)})
    token.add_signature(key, protected=json.dumps(
        {"alg": "ES256", "typ": "JWT", "kid": "s", "crit": ["ext"], "ext": 1}))
    assert "crit" in tokens.verify(token.serialize(compact=True), record, code=REFUSED)


def test_compressed_content_is_refused(tokens):
    key = wrap_key("dir", "A128GCM")
    header = {"alg": "dir", "enc": "A128GCM", "typ": "JWT", "zip": "DEF", "kid": "w"}
    bomb = jwe.JWE(json.dumps(claims(tkex="A" * 1000000)).encode(), json.dumps(header))
    bomb.add_recipient(key)
    said = tokens.verify(bomb.serialize(compact=True),
                         tokens.record([{"alg": "dir", "enc": "A128GCM"}], key), code=REFUSED)
    assert "zip" in said


def test_encryption_for_anybody_is_no_proof(tokens):
    """A token that is only encrypted to a public key could be anybody's: no such rule is taken."""
    key = wrap_key("ECDH-ES+A128KW", "A128GCM")
    record = tokens.record([{"alg": "ECDH-ES+A128KW", "enc": "A128GCM"}], key)
    made = tokens.issue("--recipient-key", tokens.key_file("key", key), "--protect",
                        "ECDH-ES+A128KW/A128GCM")
    assert "signature" in tokens.verify(made, record, code=USAGE)


# ---- the command ----


def test_claims_from_options(tokens):
    key = new_key(SIGNATURES["ES256"], "s")
    record = tokens.record([{"sig": "ES256"}], public(key))
    made = tokens.merlon("token", "issue", "--key-file", tokens.key_file("key", key), "--id",
                         "@das.sp.example", "--issuer", ISSUER, "--holder", HOLDER, "--not-before",
                         "20240228T235959", "--valid", "P2D", "--audience", "//sp.example/a",
                         "--audience", "//sp.example/b*", "--name", "näme", "--extension", "x",
                         "--role", "r@sp.example", "--permissions", json.dumps(PERMISSIONS),
                         code=0).stdout
    said = tokens.verify(made, record, "--at", "20240301T000000")
    assert said.pop("tkid").endswith("@das.sp.example")
    assert said == {"vr": "1.0.0", "tkhd": HOLDER, "tkis": ISSUER, "tknb": "20240228T235959",
                    "tkna": "20240301T235959", "tkau": ["//sp.example/a", "//sp.example/b*"],
                    "tknm": "näme", "tkex": "x",
                    "tkps": {"pm": PERMISSIONS["pm"] + [{"rids": ["r@sp.example"]}]}}
    for where, fits in [("//sp.example/a", 0), ("//sp.example/b7", 0), ("//sp.example/c", REFUSED)]:
        tokens.verify(made, record, "--at", "20240301T000000", "--cse-id", where, code=fits)
    for when, fits in [("20240228T235958", REFUSED), ("20240301T235959", REFUSED)]:
        tokens.verify(made, record, "--at", when, code=fits)


def test_claims_of_either_form_make_the_same_token(tokens):
    """SEC-TOK-16"""
    key = new_key(SIGNATURES["HS256"], "s")
    record = tokens.record([{"sig": "HS256"}], key)
    path = tokens.key_file("key", key)
    form = {"vr": "1.0.0", "tkid": "t1@das.sp.example", "tkhd": HOLDER, "tkis": ISSUER,
            "tknb": "20240229T120000,250000", "tkna": "20990101T000000",
            "tkau": ["//sp.example/id-in"], "tkps": PERMISSIONS}
    made = tokens.issue("--key-file", path, made=form)
    assert tokens.verify(made, record) == form
    same = tokens.verify(made, record, "--jwt")
    assert same["nbf"] == 1709208000.25
    assert tokens.issue("--key-file", path, made=same) == made


def test_show_verifies_nothing(tokens):
    key = new_key(SIGNATURES["ES256"], "s")
    made = tokens.issue("--key-file", tokens.key_file("key", key))
    changed = made[:-4] + ("AAAA" if made[-4:] != "AAAA" else "BBBB")
    said = json.loads(tokens.merlon("token", "show", changed, code=0).stdout)
    assert said["header"]["kid"] == "s" and said["claims"]["jti"] == "t1@das.sp.example"
    assert said["verified"] is False
    sealed = tokens.issue("--recipient-key", tokens.key_file("w", wrap_key("dir", "A128GCM")),
                          "--protect", "dir/A128GCM")
    assert "claims" not in json.loads(tokens.merlon("token", "show", "-", stdin=sealed,
                                                    code=0).stdout)
    tokens.merlon("token", "show", "no token", code=FAILED)


def test_issuers_of_a_data_directory(tokens):
    key = new_key(SIGNATURES["ES256"], "s")
    data = str(tokens.folder / "data")
    made = tokens.issue("--key-file", tokens.key_file("key", key))
    tokens.merlon("issuer", "add", ISSUER, "--data", data, "--fqdn", "das.sp.example", "--allow",
                  "ES256", "--key-file", tokens.key_file("pub", public(key)), code=0)
    tokens.merlon("token", "verify", "--data", data, "-", stdin=made, code=0)
    tokens.merlon("token", "verify", "--data", data, "--holder", "//sp.example/Sother", "-",
                  stdin=made, code=REFUSED)
    tokens.merlon("issuer", "remove", "--data", data, ISSUER, code=0)
    tokens.merlon("token", "verify", "--data", data, "-", stdin=made, code=USAGE)


@pytest.mark.parametrize(("words", "what"), [
    (["--protect", "none"], "none"), (["--protect", "HS256"], "HS256"),
    (["--protect", "ES256/A128KW"], "A128KW"), (["--protect", "ES256/dir/A128GCM"], "recipient"),
    (["--valid", "soon"], "valid"), (["--not-after", "2024"], "2024"),
    (["--permissions", "{"], "permissions"), (["--claims", "/nonexistent"], "/nonexistent"),
    (["--holder", "Cpanel"], "must be absolute"), (["--holder", "/id-in/Cpanel"], "must be absolute"),
    (["--audience", "//sp.example/in", "--audience", "/id-in"], "must be absolute"),
])
def test_what_issue_does_not_do(tokens, words, what):
    key = tokens.key_file("key", new_key(SIGNATURES["ES256"], "s"))
    words = [*words] if "--claims" in words else ["--claims", tokens.file("c", claims()), *words]
    done = tokens.merlon("token", "issue", "--key-file", key, *words)
    assert done.returncode in (FAILED, USAGE) and what in done.stderr and not done.stdout


def test_no_secret_is_told(tokens):
    """Neither a wrong key nor a wrong token brings key material into a message."""
    key = new_key(SIGNATURES["HS256"], "s")
    secret = key.export(as_dict=True)["k"]
    path = tokens.file("bad", {"kty": "oct", "k": secret + "=="})
    done = tokens.merlon("token", "issue", "--key-file", path)
    assert done.returncode != 0 and secret not in done.stderr
    path = tokens.file("bad", '{"kty":"oct","k":"' + secret + '"')
    done = tokens.merlon("token", "issue", "--key-file", path)
    assert done.returncode != 0 and secret not in done.stderr
    made = tokens.issue("--key-file", tokens.key_file("key", key))
    record = tokens.record([{"sig": "HS256"}], new_key(SIGNATURES["HS256"], "s"))
    said = tokens.verify(made, record, code=REFUSED)
    assert "does not fit" in said and record["keys"][0]["k"] not in said
