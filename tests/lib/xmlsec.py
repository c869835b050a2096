"""Envelopes of XML security made and opened by python3-lxml and python3-cryptography: what the command
xmlsec1 of Debian 12 cannot do (RSA-OAEP of XMLEnc 1.1, ECDH-ES), and what should be seen without it.

Written from XMLDSig 1.1, XMLEnc 1.1 and TS-0003 8.5.3; nothing of the server's code is used. Keys are
bytes, or private keys of python3-cryptography.
"""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
NAMES = {"ds": DS, "dsig11": DS11, "xenc": XENC, "xenc11": XENC11}

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
ENCS = {"A128GCM": ("aes128-gcm", 16), "A192GCM": ("aes192-gcm", 24), "A256GCM": ("aes256-gcm", 32)}
WRAPS = {"A128KW": 16, "A192KW": 24, "A256KW": 32}
CURVES = {
    "secp256r1": "urn:oid:1.2.840.10045.3.1.7",
    "secp384r1": "urn:oid:1.3.132.0.34",
    "secp521r1": "urn:oid:1.3.132.0.35",
}


def b64(data):
    return base64.b64encode(data).decode()


def canonical(element):
    """Exclusive canonical form. A copy by itself: its namespaces go with it."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def find(element, path):
    found = element.find(path, NAMES)
    assert found is not None, f"no {path}"
    return found


def octets(element, path):
    return base64.b64decode("".join(find(element, path).itertext()))


# ---- signatures ----


def signature_uri(algorithm):
    """Of an algorithm by its name in JOSE."""
    return MORE + {"HS": "hmac", "RS": "rsa", "ES": "ecdsa"}[algorithm[:2]] + "-sha" + algorithm[2:]


def signature_value(algorithm, key, data):
    digest = HASHES[algorithm[2:]]
    if algorithm.startswith("HS"):
        return hmac.new(key, data, "sha" + algorithm[2:]).digest()
    if algorithm.startswith("RS"):
        return key.sign(data, padding.PKCS1v15(), digest)
    size = (key.key_size + 7) // 8
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def check_signature(algorithm, key, data, value):
    """Raises when it does not fit."""
    digest = HASHES[algorithm[2:]]
    if algorithm.startswith("HS"):
        assert hmac.compare_digest(signature_value(algorithm, key, data), value)
    elif algorithm.startswith("RS"):
        key.public_key().verify(value, data, padding.PKCS1v15(), digest)
    else:
        size = (key.key_size + 7) // 8
        assert len(value) == 2 * size, "R and S side by side"
        der = utils.encode_dss_signature(
            int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
        )
        key.public_key().verify(der, data, ec.ECDSA(digest))


def sign(payload, algorithm, key, name=None, chain=(), identifier="payload", content=None):
    """An enveloping signature. `content`: XML for the Object in the place of base64."""
    inner = b64(payload) if content is None else content
    encoding = f' Encoding="{DS}base64"' if content is None else ""
    info = f"<ds:KeyName>{name}</ds:KeyName>" if name else ""
    if chain:
        info += "<ds:X509Data>"
        info += "".join(f"<ds:X509Certificate>\n{b64(der)}\n</ds:X509Certificate>" for der in chain)
        info += "</ds:X509Data>"
    root = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}">\n<ds:SignedInfo>\n'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>\n'
        f'<ds:SignatureMethod Algorithm="{signature_uri(algorithm)}"/>\n'
        f'<ds:Reference URI="#{identifier}"><ds:Transforms><ds:Transform Algorithm="{EXC_C14N}"/>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue/></ds:Reference>\n'
        f"</ds:SignedInfo>\n<ds:SignatureValue/>\n" + (f"<ds:KeyInfo>{info}</ds:KeyInfo>" if info else "")
        + f'<ds:Object Id="{identifier}"{encoding}>{inner}</ds:Object></ds:Signature>'
    )
    digest = hashlib.sha256(canonical(find(root, "ds:Object"))).digest()
    find(root, ".//ds:DigestValue").text = b64(digest)
    value = signature_value(algorithm, key, canonical(find(root, "ds:SignedInfo")))
    find(root, "ds:SignatureValue").text = "\n" + b64(value) + "\n"
    return etree.tostring(root)


def verify(text, algorithm, key):
    """The Object of a signature that fits."""
    root = etree.fromstring(text)
    info = find(root, "ds:SignedInfo")
    assert find(info, "ds:SignatureMethod").get("Algorithm") == signature_uri(algorithm)
    assert find(info, "ds:Reference").get("URI") == "#" + find(root, "ds:Object").get("Id")
    digest = hashlib.sha256(canonical(find(root, "ds:Object"))).digest()
    assert octets(info, ".//ds:DigestValue") == digest
    check_signature(algorithm, key, canonical(info), octets(root, "ds:SignatureValue"))
    return find(root, "ds:Object")


def payload_of(obj):
    assert obj.get("Encoding") == DS + "base64"
    return base64.b64decode(obj.text)


# ---- encryption ----


def concat_kdf(secret, info, size):
    return hashlib.sha256(b"\0\0\0\1" + secret + info).digest()[:size]


def oaep():
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def key_info(name):
    return f"<ds:KeyName>{name}</ds:KeyName>"


def agreement(key, size, name, info=b"anything", fresh=None, point=None):
    """AgreementMethod as XML, and the key that comes of it."""
    fresh = fresh or ec.generate_private_key(key.curve)
    point = point or fresh.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    kek = concat_kdf(fresh.exchange(ec.ECDH(), key.public_key()), info + b"PQ", size)
    return (
        f'<xenc:AgreementMethod Algorithm="{XENC11}ECDH-ES">'
        f'<xenc11:KeyDerivationMethod Algorithm="{XENC11}ConcatKDF"><xenc11:ConcatKDFParams'
        f' PartyVInfo="0051" PartyUInfo="0050" AlgorithmID="00{info.hex().upper()}">'
        f'<ds:DigestMethod Algorithm="{XENC}sha256"/></xenc11:ConcatKDFParams>'
        f"</xenc11:KeyDerivationMethod><xenc:OriginatorKeyInfo><ds:KeyValue><dsig11:ECKeyValue>"
        f'<dsig11:NamedCurve URI="{CURVES[key.curve.name]}"/><dsig11:PublicKey>{b64(point)}'
        f"</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue></xenc:OriginatorKeyInfo>"
        f"<xenc:RecipientKeyInfo>{key_info(name)}</xenc:RecipientKeyInfo></xenc:AgreementMethod>",
        kek,
    )


def encrypted_key(cek, wrap, key, name, **more):
    inner, info = "", key_info(name)
    if wrap == "RSA-OAEP-256":
        uri = XENC11 + "rsa-oaep"
        inner = (
            f'<xenc11:MGF Algorithm="{XENC11}mgf1sha256"/><ds:DigestMethod Algorithm="{XENC}sha256"/>'
        )
        wrapped = key.public_key().encrypt(cek, oaep())
    else:
        size = WRAPS[wrap.split("+")[-1]]
        uri = f"{XENC}kw-aes{size * 8}"
        if wrap.startswith("ECDH-ES"):
            info, key = agreement(key, size, name, **more)
        wrapped = keywrap.aes_key_wrap(key, cek)
    return (
        f'<xenc:EncryptedKey Recipient="{name}"><xenc:EncryptionMethod Algorithm="{uri}">{inner}'
        f"</xenc:EncryptionMethod><ds:KeyInfo>{info}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>\n"
        f"{b64(wrapped)}\n</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    )


def encrypt(payload, enc, recipients, **more):
    """recipients: (wrap, key, name), or one ("dir", key, name)."""
    uri, size = ENCS[enc]
    if recipients[0][0] == "dir":
        cek, info = recipients[0][1], key_info(recipients[0][2])
    else:
        cek = os.urandom(size)
        info = "".join(encrypted_key(cek, *r, **more) for r in recipients)
    iv = os.urandom(12)
    spaces = " ".join(f'xmlns:{prefix}="{uri_}"' for prefix, uri_ in NAMES.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<xenc:EncryptedData {spaces}>\n'
        f'<xenc:EncryptionMethod Algorithm="{XENC11}{uri}"/>\n<ds:KeyInfo>{info}</ds:KeyInfo>\n'
        f"<xenc:CipherData><xenc:CipherValue>{b64(iv + AESGCM(cek).encrypt(iv, payload, None))}"
        f"</xenc:CipherValue></xenc:CipherData>\n</xenc:EncryptedData>\n"
    ).encode()


def bits(text):
    """hexBinary of ConcatKDFParams: whole bytes."""
    assert text is None or text == "" or text.startswith("00")
    return bytes.fromhex((text or "")[2:])


def agreed_key(node, key, size):
    said = find(node, "ds:KeyInfo/xenc:AgreementMethod")
    assert said.get("Algorithm") == XENC11 + "ECDH-ES"
    params = find(said, "xenc11:KeyDerivationMethod/xenc11:ConcatKDFParams")
    assert find(params, "ds:DigestMethod").get("Algorithm") == XENC + "sha256"
    names = ("AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo")
    info = b"".join(bits(params.get(name)) for name in names)
    value = find(said, "xenc:OriginatorKeyInfo/ds:KeyValue/dsig11:ECKeyValue")
    assert find(value, "dsig11:NamedCurve").get("URI") == CURVES[key.curve.name]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, octets(value, "dsig11:PublicKey"))
    return concat_kdf(key.exchange(ec.ECDH(), theirs), info, size)


def unwrapped(node, key):
    """The content key in an EncryptedKey."""
    method = find(node, "xenc:EncryptionMethod")
    wrapped = octets(node, "xenc:CipherData/xenc:CipherValue")
    if isinstance(key, RSAPrivateKey):
        assert method.get("Algorithm") == XENC11 + "rsa-oaep"
        assert find(method, "xenc11:MGF").get("Algorithm") == XENC11 + "mgf1sha256"
        assert find(method, "ds:DigestMethod").get("Algorithm") == XENC + "sha256"
        return key.decrypt(wrapped, oaep())
    size = int(method.get("Algorithm").removeprefix(XENC + "kw-aes")) // 8
    kek = key if isinstance(key, bytes) else agreed_key(node, key, size)
    assert len(kek) == size
    return keywrap.aes_key_unwrap(kek, wrapped)


def decrypt(text, key, recipient=None):
    """The text in EncryptedData; `recipient`: which EncryptedKey is ours, None: the key is the content's."""
    root = etree.fromstring(text)
    keys = root.findall("ds:KeyInfo/xenc:EncryptedKey", NAMES)
    cek = key if recipient is None else unwrapped(keys[recipient], key)
    uri = find(root, "xenc:EncryptionMethod").get("Algorithm")
    assert uri == f"{XENC11}aes{len(cek) * 8}-gcm"
    sealed = octets(root, "xenc:CipherData/xenc:CipherValue")
    return AESGCM(cek).decrypt(sealed[:12], sealed[12:], None)
