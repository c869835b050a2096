"""Both ends of ESCertKE by tools that are not ours: the handshake of TLS 1.2 by python3-openssl, or by the commands
`openssl s_client` and `s_server`, in notifications.

spec: TS-0003 8.7, 10.3.1; TS-0004 7.5.1.2.12; TS-0001 11.4.3
"""

import base64
import re
import socket
import subprocess

from OpenSSL import SSL

LABEL = b"EXPORTER-oneM2M-ESCertKE"
LENGTH = 48
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE = 20, 21, 22  # types of records
SERVER_HELLO_DONE = b"\x0e\0\0\0"
MESSAGE = 6  # m2m:securityInfoType
SUITES = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-CCM"
CHUNK = 1 << 16


def parts(exported):
    """The identifier, which is a kid, and the pairwise key."""
    return exported[:16].hex(), exported[16:]


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
        assert self.is_done
        return parts(self.tls.export_keying_material(LABEL, LENGTH))

    @property
    def peer(self):
        """The certificate of the other."""
        return self.tls.get_peer_certificate().to_cryptography()


class Command:
    """One end like End, which is `openssl s_client` or `s_server`. Use as a context manager."""

    def __init__(self, pair, anchor, initiates):
        self.initiates = initiates
        self.is_done = False
        self.error = None
        self.said = b""
        listener = socket.create_server(("127.0.0.1", 0))
        place = f"127.0.0.1:{listener.getsockname()[1] if initiates else 0}"
        words = ["s_client", "-connect", place, "-verify_return_error"] if initiates else \
            ["s_server", "-accept", place, "-Verify", "3", "-verify_return_error"]
        self.process = subprocess.Popen(
            ["openssl", *words, "-tls1_2", "-no_ticket", "-cert", str(pair[0]), "-key", str(pair[1]), "-CAfile",
             str(anchor), "-keymatexport", LABEL.decode(), "-keymatexportlen", str(LENGTH)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if initiates:
            listener.settimeout(20)
            self.socket, _ = listener.accept()
        else:
            self.socket = socket.create_connection(("127.0.0.1", int(self.printed(rb"ACCEPT \S*:(\d+)\n"))))
        listener.close()
        self.socket.settimeout(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def printed(self, pattern):
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return found[1]

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            assert part, "openssl has closed the connection"
            data += part
        return data

    def step(self, message=b""):
        self.socket.sendall(message)
        if self.is_done:
            return b""
        out, is_last, is_first = b"", False, message == b"" or not self.initiates and message[5] == 1
        while True:
            head = self.read(5)
            out += head + self.read(int.from_bytes(head[3:], "big"))
            if head[0] == ALERT:
                self.error = f"alert {out[-1]}"
            if self.error or is_last or is_first and (self.initiates or out.endswith(SERVER_HELLO_DONE)):
                self.is_done = not self.error and is_last
                return out
            is_last = head[0] == CHANGE_CIPHER_SPEC  # then comes Finished

    @property
    def key(self):
        return parts(bytes.fromhex(self.printed(rb"Keying material: ([0-9A-F]{%d})\n" % (2 * LENGTH)).decode()))


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
        is_first = message[:1] == bytes([HANDSHAKE]) and message[5:6] == b"\x01"  # ClientHello
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
