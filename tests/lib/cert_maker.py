"""Certificates of every kind, good and bad, made with python3-cryptography and openssl: not with our own code."""

import datetime
import ipaddress
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, ObjectIdentifier

NOW = datetime.datetime.utcnow().replace(microsecond=0)
DAY = datetime.timedelta(days=1)
DEVICE = ObjectIdentifier("0.2.481.1")
HARDWARE_MODULE = ObjectIdentifier("1.3.6.1.5.5.7.8.4")
SAN_OID = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
PROVIDER = ["--sp-id", "//sp.example", "--in-cse-id", "/in-cse"]


# ---- DER, for what the library refuses to write ----


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def raw_dns(name):
    return der(0x82, name)


def raw_uri(uri):
    return der(0x86, uri)


def raw_names(*names):
    """A subjectAltName whose names are given as bytes."""
    return x509.UnrecognizedExtension(SAN_OID, der(0x30, b"".join(names)))


def dns(name):
    return x509.DNSName(name)


def uri(text):
    return x509.UniformResourceIdentifier(text)


def oid(dotted):
    return x509.RegisteredID(ObjectIdentifier(dotted))


def address(text):
    return x509.IPAddress(ipaddress.ip_address(text))


def network(text):
    return x509.IPAddress(ipaddress.ip_network(text))


def device(arcs, kind=DEVICE):
    """otherName with the arcs as UTF8String."""
    return x509.OtherName(kind, der(0x0C, arcs.encode()))


def device_relative(*arcs):
    """The same as RELATIVE-OID."""
    content = b""
    for arc in arcs:
        digits = [arc & 127]
        while arc := arc >> 7:
            digits.append(arc & 127 | 128)
        content += bytes(reversed(digits))
    return x509.OtherName(DEVICE, der(13, content))


def hardware_module(kind, serial):
    """RFC 4108. kind: the contents of an object identifier."""
    return x509.OtherName(HARDWARE_MODULE, der(0x30, der(6, kind) + der(4, serial)))


# ---- keys ----


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def p384():
    return ec.generate_private_key(ec.SECP384R1())


def rsa2048():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def usage(*bits):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in bits for name in names})


CA_USAGE = usage("digital_signature", "key_cert_sign", "crl_sign")
LEAF_USAGE = usage("digital_signature")
BOTH = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)


def pem(*things):
    return b"".join(t if isinstance(t, bytes) else t.public_bytes(serialization.Encoding.PEM) for t in things)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """A certification authority of which anything can be wrong."""

    def __init__(self, name="root", issuer=None, permits=None, excluded=None, *, key=None, path_length=None,
                 key_usage=CA_USAGE, is_ca=True, **how):
        self.key = key or p256()
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions = [(x509.BasicConstraints(ca=is_ca, path_length=path_length if is_ca else None), True)]
        if key_usage:
            extensions.append((key_usage, True))
        if permits or excluded:
            extensions.append((x509.NameConstraints(permits or None, excluded or None), True))
        signer = issuer or self
        self.cert = signer.sign(self.subject, self.key.public_key(), extensions, **how)

    def sign(self, subject, public, extensions, *, start=None, end=None, digest=None, identifiers=True):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
                   .public_key(public).serial_number(x509.random_serial_number())
                   .not_valid_before(start or NOW - DAY).not_valid_after(end or NOW + 30 * DAY))
        if identifiers:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, digest or hashes.SHA256())

    def leaf(self, *names, san=None, key=None, key_usage=LEAF_USAGE, purposes=BOTH, name="leaf", is_ca=False,
             more=(), **how):
        """A certificate of an entity; `san` instead of names writes any bytes."""
        extensions = [(x509.BasicConstraints(ca=is_ca, path_length=None), True)]
        if key_usage:
            extensions.append((key_usage, True))
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        if san or names:
            extensions.append((san or x509.SubjectAlternativeName(names), False))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
        public = (key or p256()).public_key()
        return self.sign(subject, public, [*extensions, *more], **how)

    def crl(self, *revoked, start=None, end=None, digest=None, key=None):
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.subject)
                   .last_update(start or NOW - DAY).next_update(end or NOW + DAY)
                   .add_extension(x509.CRLNumber(1), critical=False))
        for cert in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(cert.serial_number)
                .revocation_date(NOW - DAY).build())
        return builder.sign(key or self.key, digest or hashes.SHA256())


def openssl(*words, stdin=None, code=0):
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, timeout=60, check=False)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done.stdout.decode() + done.stderr.decode()


def with_openssl_key(folder, authority, names, *options):
    """A certificate for a key that openssl writes in another form: compressed, or with explicit parameters."""
    (folder / "ca.pem").write_bytes(pem(authority.cert))
    (folder / "ca.key").write_bytes(key_pem(authority.key))
    (folder / "plain.key").write_bytes(key_pem(p256()))
    (folder / "ext").write_text("basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
                                f"subjectAltName={names}\n")
    openssl("ec", "-in", folder / "plain.key", *options, "-out", folder / "odd.key")
    openssl("req", "-new", "-key", folder / "odd.key", "-subj", "/CN=odd", "-out", folder / "odd.csr")
    openssl("x509", "-req", "-in", folder / "odd.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-extfile", folder / "ext", "-days", "30", "-sha256", "-out", folder / "odd.pem")
    return (folder / "odd.pem").read_bytes()
