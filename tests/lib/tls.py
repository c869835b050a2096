"""TLS for tests: certificates and keys in files, and clients that are not ours.

A Lab has a folder that the server's user can read, with an authority made by python3-cryptography, the server's
certificate, a device's certificate, and pre-shared keys put in by `merlon key`. `openssl s_client` shakes hands.
"""

import os
import pwd
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import cert_maker
from .server import Server, binary, eventually, own_data

SP = "//sp.example"
CSE = "in.sp.example"  # public domain name of //sp.example/in
REQUEST = ("GET /cse-in HTTP/1.1\r\nHost: localhost\r\nX-M2M-Origin: Cnobody\r\nX-M2M-RI: tls\r\nX-M2M-RVI: 3\r\n"
           "Connection: {connection}\r\n\r\n")
GET = REQUEST.format(connection="keep-alive").encode()
LAST_GET = REQUEST.format(connection="close").encode()
ANSWER = b"X-M2M-RI: tls\r\n"


class Lab:
    def __init__(self, permits=None):
        self.folder = Path(tempfile.mkdtemp(prefix="merlon-tls-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.keys = {}
        self.servers = []
        self.root = cert_maker.Authority("root", permits=permits or [
            cert_maker.dns("sp.example"), cert_maker.dns("localhost"), cert_maker.uri("sp.example"),
            cert_maker.device("100")])
        self.anchor = self.write("anchor.pem", cert_maker.pem(self.root.cert))
        self.cse = self.issue("cse", cert_maker.dns(CSE), cert_maker.dns("localhost"))
        self.ae = self.issue("ae", cert_maker.uri(f"m2m:{SP}/Sdev"))

    # ---- files ----

    def write(self, name, content, mode=0o644):
        path = self.folder / name
        fresh = self.folder / f"{name}.new"
        fresh.write_bytes(content)
        fresh.chmod(mode)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(fresh, nobody.pw_uid, nobody.pw_gid)
        fresh.rename(path)
        return path

    def issue(self, file, *names, authority=None, key=None, **how):
        """Files FILE.pem and FILE.key; gives (certificate, key) as paths."""
        key = key or cert_maker.p256()
        leaf = (authority or self.root).leaf(*names, key=key, **how)
        return (self.write(f"{file}.pem", cert_maker.pem(leaf)),
                self.write(f"{file}.key", cert_maker.key_pem(key), 0o600))

    def certificate(self, name):
        return cert_maker.x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def ocsp(self, file, pair, status="good"):
        """An OCSP response about that certificate, by `openssl ocsp`; gives its path."""
        key = self.write("root.key", cert_maker.key_pem(self.root.key), 0o600)
        serial = f"{cert_maker.x509.load_pem_x509_certificate(pair[0].read_bytes()).serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        row = {"good": "V\t991231000000Z\t", "revoked": "R\t991231000000Z\t200101000000Z"}.get(status)
        index = self.write("index.txt", f"{row}\t{serial}\tunknown\t/CN=leaf\n".encode() if row else b"")
        cert_maker.openssl("ocsp", "-issuer", self.anchor, "-cert", pair[0], "-no_nonce", "-reqout",
                           self.folder / "ocsp.req")
        cert_maker.openssl("ocsp", "-index", index, "-CA", self.anchor, "-rsigner", self.anchor, "-rkey", key,
                           "-reqin", self.folder / "ocsp.req", "-ndays", "1", "-respout", self.folder / "ocsp.out")
        return self.write(file, (self.folder / "ocsp.out").read_bytes())

    def add_key(self, name, *words, identity=None):
        """A pre-shared key; gives (identity, hex digits)."""
        identity = identity or f"{name}@sp.example"
        digits = secrets.token_hex(32)
        given = () if "--credential-id" in words else ("--id", identity)
        self.merlon("key", "add", "--data", self.data, *given, "--key-file", "-", *words, stdin=digits)
        self.own_data()
        self.keys[name] = (identity, digits)
        return self.keys[name]

    def own_data(self):
        own_data(self.data)

    def merlon(self, *words, stdin=None, code=0):
        done = subprocess.run([binary(), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60,
                              check=False)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    # ---- the server ----

    def options(self, client=None, certificates=None, more=()):
        words = []
        for certificate, key in certificates if certificates is not None else [self.cse]:
            words += ["--tls-certificate", str(certificate), "--tls-key", str(key)]
        if client != "none":
            words += ["--tls-anchor", str(self.anchor)]
        if client:
            words += ["--tls-client", client]
        return [*words, "--sp-id", SP, "--cse-id", "/in", "--log", "debug", *more]

    def start(self, client="optional", certificates=None, more=(), listen=()):
        server = Server(self.data, *self.options(client, certificates, more),
                        listen=("https://127.0.0.1:0", *listen))
        self.servers.append(server)
        server.start()
        return server

    def close(self):
        try:
            for server in self.servers:
                server.stop()
        finally:
            shutil.rmtree(self.folder)

    # ---- clients ----

    def psk(self, name):
        identity, digits = self.keys[name]
        return ["-psk_identity", identity, "-psk", digits]

    def cert(self, pair):
        return ["-cert", str(pair[0]), "-key", str(pair[1])]

    def context(self, pair=None, version=None):
        """For Python's ssl."""
        context = ssl.create_default_context(cafile=str(self.anchor))
        if version:
            context.minimum_version = context.maximum_version = version
        if pair:
            context.load_cert_chain(*map(str, pair))
        return context

    def connect(self, server, pair=None, version=None, name="localhost"):
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        return self.context(pair, version).wrap_socket(plain, server_hostname=name)


class Shaken:
    """What `openssl s_client` has seen."""

    def __init__(self, server, *words, send=LAST_GET, waits="-ign_eof", seconds=20):
        """waits="-nocommands" leaves at the end of `send`; "" also takes "R" and "Q" in it as commands."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *waits.split(), *map(str, words)]
        done = subprocess.run(command, input=send, capture_output=True, timeout=seconds, check=False)
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")
        self.code = done.returncode

    @property
    def is_answered(self):
        return "X-M2M-RI: tls" in self.out

    @property
    def alert(self):
        found = re.search(r"SSL alert number (\d+)", self.err)
        return int(found[1]) if found else None

    def __repr__(self):
        return self.out[-3000:] + self.err


def credentials_of(server):
    """Who has come in so far, by the log."""
    return re.findall(r"secured, (.*)", server.log())


def logged(server, text, count=1):
    return eventually(lambda: server.log().count(text) >= count, what=f"'{text}' in the log")


class SecureReceiver:
    """A receiver of notifications under TLS; says OK to all and keeps the paths."""

    def __init__(self, pair, ask=None, host="127.0.0.1"):
        got = self.got = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                got.append((self.path, self.connection.getpeercert()))
                self.send_response(200)
                for field in (("X-M2M-RSC", "2000"), ("X-M2M-RI", self.headers.get("X-M2M-RI", "")),
                              ("X-M2M-RVI", "3"), ("Content-Length", "0")):
                    self.send_header(*field)
                self.end_headers()

            def log_message(self, *words):
                pass

        class Quiet(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def handle_error(self, request, address):  # a client that refuses us is what some tests want
                pass

        self.server = Quiet((host, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, pair))
        if ask:
            context.load_verify_locations(str(ask))
            context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class KeyedReceiver:
    """A receiver of notifications by pre-shared key: `openssl s_server`, one connection after the other. It says OK to
    all and keeps what has come. `words` are more options; a certificate can be among them."""

    def __init__(self, identity, digits, *words):
        certificate = () if "-cert" in words else ("-nocert",)
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-psk_identity", identity, "-psk", digits, *certificate,
             *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.got = []
        self.seen = b""
        self.port = int(self.read_until(rb"ACCEPT \S*:(\d+)\n")[1])
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def read_until(self, pattern):
        while not (found := re.search(pattern, self.seen, re.S)):
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                return None
            self.seen += part
        self.seen = self.seen[found.end():]
        return found

    def serve(self):
        while head := self.read_until(rb"(POST|GET) (\S*) HTTP/1.1\r\n(.*?)\r\n\r\n"):
            fields = dict(line.lower().split(b": ", 1) for line in head[3].split(b"\r\n"))
            size = int(fields.get(b"content-length", b"0"))
            body = self.read_until(rb".{%d}" % size)[0] if size else b""
            self.got.append((head[2].decode(), body))
            rsc, content = self.answer(head[2].decode())
            self.process.stdin.write(b"HTTP/1.1 200 OK\r\nX-M2M-RSC: %d\r\nX-M2M-RVI: 3\r\nX-M2M-RI: %s\r\n"
                                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                                     % (rsc, fields[b"x-m2m-ri"], len(content), content))
            self.process.stdin.flush()

    def answer(self, path):  # pylint: disable=unused-argument
        return 2000, b""

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdin.close()
        self.process.stdout.close()
