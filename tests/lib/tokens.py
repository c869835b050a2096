"""oneM2M tokens made by a JOSE implementation that is not ours: python3-jwcrypto."""

import json
import time

from jwcrypto import jwe, jwk, jws

from .server import binary, run

ISSUER = "//merlon.example/Sissuer"
DOMAIN = "das.merlon.example"
AUDIENCE = "//merlon.example/id-in"


class Issuer:
    """An issuer with its keys, and tokens of it."""

    def __init__(self, folder, name=ISSUER, domain=DOMAIN, allow=("ES256",), keys=None):
        self.folder = folder
        self.name = name
        self.domain = domain
        self.allow = allow
        self.keys = keys or [jwk.JWK.generate(kty="EC", crv="P-256", kid="k1")]
        self.count = 0

    @property
    def key(self):
        return self.keys[0]

    def add(self, data):
        """Makes the issuer known to the CSE with that data directory."""
        words = ["issuer", "--data", str(data), "--fqdn", self.domain]
        for combination in self.allow:
            words += ["--allow", combination]
        for i, key in enumerate(self.keys):
            path = self.folder / f"{self.domain}-{i}.jwk"
            path.write_text(key.export_public() if key["kty"] != "oct" else key.export())
            path.chmod(0o600)
            words += ["--key-file", str(path)]
        done = run(*words, "add", self.name)
        assert done.returncode == 0, (binary(), done)

    def remove(self, data):
        done = run("issuer", "--data", str(data), "remove", self.name)
        assert done.returncode == 0, done

    # ---- tokens ----

    def claims(self, holder, *permissions, **changed):
        """Claims of a token with a Token-ID of its own; None takes a claim out."""
        self.count += 1
        now = time.time()
        claims = {"tkvr": "1.0.0", "jti": f"t{self.count}@{self.domain}", "azp": absolute(holder),
                  "iss": self.name, "nbf": int(now) - 60, "exp": int(now) + 600,
                  "tkps": {"pm": list(permissions)}, **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims, alg="ES256", key=None, **header):
        """`header` adds members; None takes one out."""
        key = key or self.key
        protected = {"alg": alg, "typ": "JWT", "kid": key.get("kid"), **header}
        protected = {name: value for name, value in protected.items() if value is not None}
        token = jws.JWS(text_of(claims))
        token.allowed_algs = [alg]
        token.add_signature(key, None, json.dumps(protected), None)
        return token.serialize(compact=True)

    def token(self, holder, *permissions, **changed):
        return self.sign(self.claims(holder, *permissions, **changed))


def text_of(claims):
    return claims if isinstance(claims, (str, bytes)) else json.dumps(claims)


def encrypt(content, key, alg="dir", enc="A256GCM", **header):
    """JWE in compact form; for a nested token the content is the signed one and cty is JWT."""
    protected = {"alg": alg, "enc": enc, "typ": "JWT", "kid": key.get("kid"), **header}
    protected = {name: value for name, value in protected.items() if value is not None}
    token = jwe.JWE(text_of(content).encode(), json.dumps(protected))
    token.allowed_algs = [alg, enc]
    token.add_recipient(key)
    return token.serialize(compact=True)


def symmetric(size, kid="s1"):
    return jwk.JWK.generate(kty="oct", size=size * 8, kid=kid)


def absolute(stem):
    """The absolute AE-ID of an AE-ID-Stem of the CSE under test."""
    if stem.startswith("/"):
        return stem
    return f"{AUDIENCE}/{stem}" if stem.startswith("C") else f"//merlon.example/{stem}"


def rules(*given):
    """{"acr": ...} of (originators, operations) or of whole rules."""
    return {"acr": [g if isinstance(g, dict) else {"acor": list(g[0]), "acop": g[1]}
                    for g in given]}


def may(operations, *resources, acor=("all",), **more):
    """A permission with privileges."""
    return {"ris": list(resources),
            "pv": rules({"acor": list(acor), "acop": operations, **more})}


def plays(*roles, ris=None):
    """A permission with roles."""
    return {**({"ris": list(ris)} if ris else {}), "rids": list(roles)}


def carry(*tokens):
    """Header of a request with these tokens."""
    return {"Authorization": "+".join(tokens)}


def local_ids(answer):
    """{tkid: lti} of an answer."""
    text = answer.headers.get("X-M2M-ATI", "")
    return {pair.split(":")[1]: pair.split(":")[0] for pair in text.split("+") if pair}
