"""Both ends of ESCertKE by Python's own way to OpenSSL, python3-openssl: the handshake of TLS 1.2 in notifications.

spec: TS-0003 8.7, 10.3.1; TS-0004 7.5.1.2.12; TS-0001 11.4.3
"""

import base64

from OpenSSL import SSL

LABEL = b"EXPORTER-oneM2M-ESCertKE"
MESSAGE = 6  # m2m:securityInfoType
SUITES = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-CCM"
CHUNK = 1 << 16


class End:
    """One end; `pair` holds the paths of its certificate and key, `anchor` what the other's must lead to."""

    def __init__(self, pair, anchor, initiates, suites=SUITES, options=0):
        context = SSL.Context(SSL.TLSv1_2_METHOD)
        context.set_options(SSL.OP_NO_TICKET | options)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_cipher_list(suites)
        if pair:
            context.use_certificate_chain_file(str(pair[0]))
            context.use_privatekey_file(str(pair[1]))
        if anchor:
            context.load_verify_locations(str(anchor))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
                           lambda tls, certificate, error, depth, fits: bool(fits))
        self.tls = SSL.Connection(context, None)
        (self.tls.set_connect_state if initiates else self.tls.set_accept_state)()
        self.is_done = False
        self.error = None

    def step(self, message=b""):
        """Takes a message, and gives the next: an alert when self.error is set, and b"" when nothing is left to say."""
        if message:
            self.tls.bio_write(message)
        try:
            self.tls.do_handshake()
            self.is_done = True
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            self.error = error
        return self.said()

    def said(self):
        out = b""
        while True:
            try:
                out += self.tls.bio_read(CHUNK)
            except SSL.WantReadError:
                return out

    @property
    def key(self):
        """The identifier, which is a kid, and the pairwise key."""
        assert self.is_done
        exported = self.tls.export_keying_material(LABEL, 48)
        return exported[:16].hex(), exported[16:]

    @property
    def peer(self):
        """The certificate of the other."""
        return self.tls.get_peer_certificate().to_cryptography()


def seci(message):
    return {"m2m:seci": {"sit": MESSAGE, "eckm": base64.b64encode(message).decode()}}


def message_of(content):
    info = content["m2m:seci"]
    assert info["sit"] == MESSAGE, info
    return base64.b64decode(info["eckm"], validate=True)


def establish(client, to, end):
    """Two notifications to `to`; gives the identifier and the key."""
    message = end.step()
    for _ in range(2):
        answer = client.notify(to, seci(message))
        assert answer.rsc == 2000, answer
        message = end.step(message_of(answer.pc))
        assert end.error is None, end.error
    assert end.is_done and message == b""
    return end.key


class Terminator:
    """Takes the messages of initiators, one handshake for each From; `keys` holds what was made. `make` gives a new
    End; `answer` is for a Receiver."""

    def __init__(self, make):
        self.make = make
        self.pending = {}
        self.keys = {}

    def take(self, fr, message):
        """Gives the next message, and whether it goes on well."""
        is_first = message[5:6] == b"\x01" and message[:1] == b"\x16"  # a handshake record with a ClientHello
        end = self.make() if is_first else self.pending.pop(fr, None)
        if not end:
            return b"", False
        said = end.step(message)
        if end.is_done:
            self.keys[fr] = end.key
        elif not end.error:
            self.pending[fr] = end
        return said, end.error is None

    def answer(self, received):
        said, is_well = self.take(received.headers["X-M2M-Origin"], message_of(received.pc))
        rsc = "2000" if is_well else "4000"
        content = f'{{"m2m:seci":{{"sit":{MESSAGE},"eckm":"{base64.b64encode(said).decode()}"}}}}' if said else ""
        return (200 if is_well else 400), {"X-M2M-RSC": rsc, "Content-Type": "application/json"}, content.encode()
