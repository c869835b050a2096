"""JOSE by hands that are not ours: keys of python3-jwcrypto, and the command `jose`. The algorithms are
those that oneM2M permits. spec: TS-0003 8.5.3"""

import subprocess

from jwcrypto import jwk

# algorithm, key of whoever makes it
SIGNATURES = {
    "HS256": {"kty": "oct", "size": 256}, "HS384": {"kty": "oct", "size": 384},
    "HS512": {"kty": "oct", "size": 512}, "RS256": {"kty": "RSA", "size": 2048},
    "RS384": {"kty": "RSA", "size": 2048}, "RS512": {"kty": "RSA", "size": 3072},
    "ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"},
    "ES512": {"kty": "EC", "crv": "P-521"},
}
WRAPS = {
    "dir": None, "A128KW": {"kty": "oct", "size": 128}, "A192KW": {"kty": "oct", "size": 192},
    "A256KW": {"kty": "oct", "size": 256}, "RSA-OAEP-256": {"kty": "RSA", "size": 2048},
    "ECDH-ES+A128KW": {"kty": "EC", "crv": "P-256"},
    "ECDH-ES+A192KW": {"kty": "EC", "crv": "P-384"},
    "ECDH-ES+A256KW": {"kty": "EC", "crv": "P-521"},
}
ENCRYPTIONS = {"A128GCM": 128, "A192GCM": 192, "A256GCM": 256}


def new_key(kind, kid):
    return jwk.JWK.generate(kid=kid, **kind)


def wrap_key(wrap, enc, kid="w"):
    return new_key(WRAPS[wrap] or {"kty": "oct", "size": ENCRYPTIONS[enc]}, kid)


def public(key):
    return key if key["kty"] == "oct" else jwk.JWK(**key.export_public(as_dict=True))


def jose(*words, stdin=b""):
    done = subprocess.run(["jose", *words], input=stdin, capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
